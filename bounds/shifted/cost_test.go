package shifted_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds/shifted"
)

func TestCost(t *testing.T) {
	step := shifted.Step{N: 3, M: 50, Below: 12, Above: 9, Stored: 7, PairsBelow: 20, PairsAbove: 11}
	want := shifted.Cost{Dense: 600, LowRank: 7 * (12 + 150), Gram: 31, Solve: 27, Stored: 21}
	if got := step.Cost(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestDenseExponent compares with the exponents of single widths, and with its limit.
func TestDenseExponent(t *testing.T) {
	for _, want := range []struct {
		m        int
		exponent float64
	}{{256, 1.741}, {1024, 1.750}, {4096, 1.757}, {16384, 1.762}} {
		if got := shifted.DenseExponent(0.4, []int{want.m - want.m/64, want.m + want.m/64}); !(math.Abs(got-want.exponent) <= 1e-3) {
			t.Errorf("at m = %d the exponent is %.4f, want %.3f", want.m, got, want.exponent)
		}
	}
	if got := shifted.DenseExponent(0, []int{10, 100, 1000}); !(math.Abs(got-2) <= 1e-12) {
		t.Errorf("without a shift it is %v, want 2", got)
	}
	// Three points by hand: the slope of y at x = -1, 0, 1 is (y_2 - y_0)/2.
	value := func(m float64) float64 { return 2*math.Log(m) + math.Log(math.Erfc(math.Sqrt(0.2*math.Log(m)))/2) }
	if got, want := shifted.DenseExponent(0.4, []int{100, 200, 400}), (value(400)-value(100))/math.Log(4); !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("over three widths %v, want %v", got, want)
	}
}

// TestRestartCost counts restarts one by one.
func TestRestartCost(t *testing.T) {
	for _, c := range [][4]int{{10, 4, 12, 30}, {7, 3, 0, 5}, {5, 2, 100, 10}, {6, 5, 4, 9}} {
		m, n, limit, steps := c[0], c[1], c[2], c[3]
		rank, cost := 0, 0
		for range steps {
			if rank += n; rank > limit {
				cost += rank * m * m
				rank = 0
			}
		}
		if got := shifted.RestartCost(m, n, limit, steps); got != float64(cost) {
			t.Errorf("%v: %v, want %d", c, got, cost)
		}
	}
}

// TestSearchVisits takes the largest number of visits over all sets of leaves.
func TestSearchVisits(t *testing.T) {
	const depth = 3
	most := map[int]int{}
	for set := range 1 << (1 << depth) {
		k := 0
		active := map[int]bool{}
		for leaf := range 1 << depth {
			if set>>leaf&1 == 1 {
				k++
				for node := 1<<depth + leaf; node >= 1; node >>= 1 {
					active[node] = true
				}
			}
		}
		visits := 1
		for node := range active {
			if node < 1<<depth {
				visits += 2
			}
		}
		most[k] = max(most[k], visits)
	}
	for k, want := range most {
		if got := shifted.SearchVisits(depth, k); got != want {
			t.Errorf("k = %d: %d, want %d", k, got, want)
		}
	}
}

// TestSketchVariance draws tensor sketches by their definition, entry by entry.
func TestSketchVariance(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	u, h, v, k := []float64{1, -0.5, 2}, []float64{0.3, 1}, []float64{0.5, 1, 1}, []float64{1, -2}
	for _, s := range []int{1, 2, 3, 4} {
		const draws = 200000
		var sum, square float64
		for range draws {
			a, b := make([]float64, s), make([]float64, s)
			var h1, h2 [3]int
			var s1, s2 [3]float64
			for i := range 3 {
				h1[i], h2[i], s1[i], s2[i] = r.IntN(s), r.IntN(s), float64(2*r.IntN(2)-1), float64(2*r.IntN(2)-1)
			}
			for i := range u {
				for j := range h {
					place := (h1[i] + h2[j]) % s
					a[place] += s1[i] * s2[j] * u[i] * h[j]
					b[place] += s1[i] * s2[j] * v[i] * k[j]
				}
			}
			dot := 0.0
			for i := range a {
				dot += a[i] * b[i]
			}
			sum += dot
			square += dot * dot
		}
		mean := sum / draws
		near(t, "variance", shifted.SketchVariance(u, h, v, k, s), square/draws-mean*mean, 0.03)
	}
	for s, want := range map[int]float64{1: 8, 2: 4, 3: (6 + 2./3) / 3, 4: 7. / 4, 1000: 6.004 / 1000} {
		near(t, "moment", shifted.SketchMoment(s), want, 1e-14)
	}
	flat := make([]float64, 400)
	for i := range flat {
		flat[i] = 1. / 20
	}
	near(t, "flat vectors attain it", shifted.SketchVariance(flat, flat, flat, flat, 2), shifted.SketchMoment(2), 0.02)
	near(t, "size", shifted.SketchSize(5, 0.5, 0.1), 8*25/(0.25*0.1), 1e-14)
}

func TestConditioning(t *testing.T) {
	near(t, "half", shifted.PreconditionedCondition(0.5), math.Sqrt(3), 1e-14)
	near(t, "nothing lost", shifted.PreconditionedCondition(0), 1, 1e-14)
	for _, c := range []struct{ kappa, accuracy, want float64 }{{5, 1e-6, 37}, {5, 1e-10, 60}, {1.732, 1e-10, 21}} {
		if got := shifted.ConjugateSteps(c.kappa, c.accuracy); got != c.want {
			t.Errorf("%v steps for %v, %v; want %v", got, c.kappa, c.accuracy, c.want)
		}
		// The Chebyshev bound itself must be met after them.
		if rho := (c.kappa - 1) / (c.kappa + 1); 2*math.Pow(rho, c.want) > c.accuracy {
			t.Errorf("%v steps are too few for %v", c.want, c)
		}
	}
}
