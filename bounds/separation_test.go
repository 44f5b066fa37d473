package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
)

// clustered draws n points, each a mixture of a shared centre and noise, with possible near-antipodes.
func clustered(n, d int, spread float64, rng *rand.Rand) *mat.Dense {
	c := sphere(1, d, rng).RawRowView(0)
	x := mat.NewDense(n, d, nil)
	for i := range n {
		v := mat.NewVecDense(d, nil)
		sign := 1.0
		if rng.IntN(2) == 0 {
			sign = -1
		}
		for j := range d {
			v.SetVec(j, sign*(c[j]+spread*rng.NormFloat64()))
		}
		v.ScaleVec(1/mat.Norm(v, 2), v)
		x.SetRow(i, v.RawVector().Data)
	}
	return x
}

func TestLambda0Bounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(2, 20).Draw(t, "n"), rapid.IntRange(2, 30).Draw(t, "d")
		spread := rapid.SampledFrom([]float64{0.01, 0.1, 1, 10}).Draw(t, "spread")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		x := clustered(n, d, spread, rng)
		lambda, err := kernel.ReLU().Lambda0(x)
		if err != nil {
			t.Fatal(err)
		}
		s, err := kernel.Separate(x)
		if err != nil {
			t.Fatal(err)
		}
		lminG, _ := extremes(gram(x))
		slack := lambda.Err + 1e-12*float64(n)
		for what, lower := range map[string]float64{
			"series":            bounds.SeriesLowerBound(n, min(1, s.Rho), lminG),
			"closed":            bounds.ClosedLowerBound(n, min(s.Both, math.Sqrt2)),
			"separation":        bounds.SeparationLowerBound(n, min(s.Both, math.Sqrt2)),
			"simple separation": bounds.SimpleSeparationLowerBound(n, min(s.Both, math.Sqrt2)),
			"power series":      bounds.PowerSeriesLowerBound(kernel.ReLU().Coefficients(50), n, min(1, s.Rho)),
		} {
			if !(lower <= lambda.Value+slack) {
				t.Fatalf("%s lower bound %v exceeds lambda_0 = %v", what, lower, lambda)
			}
		}
		pair, err := kernel.Pairs(x)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for j := range i {
				if upper := bounds.PairUpperBound(pair(i, j).Angle); !(upper >= lambda.Value-slack) {
					t.Fatalf("pair upper bound %v below lambda_0 = %v", upper, lambda)
				}
			}
		}
	})
}

// The control of Du et al. (2019): with rho/2 in place of rho the series bound fails on every clustered draw.
func TestSeriesControl(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		c := sphere(1, 5, rng).RawRowView(0)
		x := mat.NewDense(20, 5, nil)
		for i := range 20 {
			v := mat.NewVecDense(5, nil)
			for j := range 5 {
				v.SetVec(j, c[j]+0.1*rng.NormFloat64())
			}
			v.ScaleVec(1/mat.Norm(v, 2), v)
			x.SetRow(i, v.RawVector().Data)
		}
		lambda, err := kernel.ReLU().Lambda0(x)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := kernel.Separate(x)
		if bounds.SeriesLowerBound(20, s.Rho/2, 0) <= lambda.Value {
			t.Errorf("seed %d: the sabotaged bound was not violated", seed)
		}
	}
}

func TestSeparationValues(t *testing.T) {
	// Orthonormal data: every term counts, so the series bound is lambda_0 = 1/2 itself.
	within(t, "series, orthonormal", bounds.SeriesLowerBound(7, 0, 1), 0.5, 1e-14)
	within(t, "closed, orthogonal", bounds.ClosedLowerBound(7, math.Sqrt2), 0.12698727186848194, 1e-14)
	within(t, "closed, nearly orthogonal", bounds.ClosedLowerBound(7, math.Sqrt(2-2e-9)), 0.12698727186848, 0.08)
	// Two inputs at rho = 1/e: e sqrt 2 erfc(1)/(2 pi).
	within(t, "closed, two inputs", bounds.ClosedLowerBound(2, math.Sqrt(2-2/math.E)), 0.09624011753346941, 1e-12)
	for _, c := range []struct {
		n int
		s float64
	}{{2, 0.3}, {3, 1}, {11, 0.2}, {200, 1.2}} {
		// The integral of the proof, by the midpoint rule in e^{-Lx}.
		l := -math.Log1p(-c.s * c.s / 2)
		var sum float64
		const pieces = 200000
		for i := range pieces {
			x := -math.Log((float64(i)+0.5)/pieces/float64(c.n-1)) / l
			sum += math.Sqrt(2/(x+1)) / (2 * math.Pow(math.Pi, 1.5)) / pieces
		}
		within(t, "closed, integral", bounds.ClosedLowerBound(c.n, c.s), sum, 1e-4)
		if series := bounds.SeriesLowerBound(c.n, bounds.RhoOf(c.s), 0); bounds.ClosedLowerBound(c.n, c.s) > series {
			t.Errorf("n=%d s=%g: the closed form exceeds the series %v", c.n, c.s, series)
		}
	}
	// Attained by two inputs as they approach, down to where rho rounds to 1.
	for _, s := range []float64{1e-3, 1e-6, 1e-9, 1e-12} {
		within(t, "closed, close pair", bounds.ClosedLowerBound(2, s), bounds.PairUpperBound(2*math.Asin(s/2)), 3*s+1e-15)
	}
	if bounds.ClosedLowerBound(3, 0) != 0 || bounds.SeriesLowerBound(3, 1, 0) != 0 {
		t.Error("repeated inputs do not give the bound 0")
	}
	// Th = .1 gives .01833, .01 gives .001616, and pi - .05 gives .49205.
	within(t, "pair .1", bounds.PairUpperBound(0.1), 0.01833, 3e-4)
	within(t, "pair .01", bounds.PairUpperBound(0.01), 0.001616, 3e-4)
	within(t, "pair antipodal", bounds.PairUpperBound(math.Pi-0.05), 0.49205, 1e-5)
	if bounds.PairUpperBound(0) != 0 {
		t.Error("a repeated point does not force lambda_0 = 0")
	}
	for _, a := range []float64{0.3, 1, 1.5707, 2, 3} { // against the defining formula
		within(t, "pair", bounds.PairUpperBound(a), 0.5-math.Abs(math.Cos(a))*(math.Pi-a)/(2*math.Pi), 1e-13)
	}
	within(t, "rho", bounds.RhoOf(math.Sqrt2/2), 0.75, 1e-15)
	// The sharper form stays above the simple one, for every n and separation.
	for n := 2; n < 200; n += 3 {
		for _, delta := range []float64{1e-6, 0.1, 1, math.Sqrt2} {
			if bounds.SeparationLowerBound(n, delta) < bounds.SimpleSeparationLowerBound(n, delta) {
				t.Errorf("n=%d, delta=%g: sharper bound below the simple one", n, delta)
			}
		}
	}
	// For orthonormal rows: equality with sum_{k>=1} a_k; doubling a_2 claims .659 > .5.
	tail := 1 / (2 * math.Pow(math.Pi, 1.5) * math.Sqrt(1999.5)) // of the degrees from 4000 on
	a := kernel.ReLU().Coefficients(4000)
	within(t, "power series", bounds.PowerSeriesLowerBound(a, 5, 0), 0.5-tail, 1e-5)
	a[2] *= 2
	within(t, "sabotaged power series", bounds.PowerSeriesLowerBound(a, 5, 0), 0.659155-tail, 1e-5)
	isNaN(t, map[string]float64{
		"series n": bounds.SeriesLowerBound(0, 0.5, 0), "series rho": bounds.SeriesLowerBound(2, 1.5, 0),
		"closed n": bounds.ClosedLowerBound(1, 0.5), "closed separation": bounds.ClosedLowerBound(2, -1), "closed far": bounds.ClosedLowerBound(2, 1.5),
		"separation": bounds.SeparationLowerBound(3, 1.5), "simple": bounds.SimpleSeparationLowerBound(1, 1),
		"pair":         bounds.PairUpperBound(-1),
		"power series": bounds.PowerSeriesLowerBound([]float64{-1}, 2, 0), "power series rho": bounds.PowerSeriesLowerBound(nil, 2, 2),
	})
}

// Near-antipodal pairs violate the bound when antipodes are left out of the separation.
func TestAntipodesCount(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	x := sphere(4, 3, rng)
	both := mat.NewDense(8, 3, nil)
	for i := range 4 {
		both.SetRow(i, x.RawRowView(i))
		v := mat.NewVecDense(3, nil)
		for j := range 3 {
			v.SetVec(j, -x.At(i, j)+1e-3*rng.NormFloat64())
		}
		v.ScaleVec(1/mat.Norm(v, 2), v)
		both.SetRow(4+i, v.RawVector().Data)
	}
	lambda, err := kernel.ReLU().Lambda0(both)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := kernel.Separate(both)
	if lambda.Value < bounds.SeparationLowerBound(8, s.Both) {
		t.Errorf("lambda_0 = %v below the bound at separation %v", lambda, s.Both)
	}
	if lambda.Value > bounds.SimpleSeparationLowerBound(8, s.Chord) {
		t.Errorf("lambda_0 = %v does not refute the bound with chords only, %v", lambda, s.Chord)
	}
}

func ExampleSeparationLowerBound() {
	x := mat.NewDense(3, 2, []float64{1, 0, 0, 1, 0.6, 0.8})
	s, _ := kernel.Separate(x)
	lambda, _ := kernel.ReLU().Lambda0(x)
	fmt.Printf("%.4f <= %.4f <= %.4f\n",
		bounds.SeparationLowerBound(3, s.Both), lambda.Value, bounds.PairUpperBound(2*math.Asin(s.Chord/2)))
	// Output: 0.0065 <= 0.1181 <= 0.1819
}
