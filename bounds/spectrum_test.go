package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
)

func TestStructuredSpectra(t *testing.T) {
	//
	for n, want := range map[int][2]float64{3: {0.33333, 0.58333}, 5: {0.290215, 0.552446}, 10: {0.267720, 0.525809}} {
		bulk, top := bounds.Equicorrelated(kernel.ReLU(), n, -1/float64(n-1))
		within(t, "simplex, smallest", top, want[0], 2e-5)
		within(t, "simplex, largest", bulk, want[1], 2e-5)
	}
	for _, test := range []struct {
		k         kernel.Kernel
		bulk, top float64
	}{
		{kernel.ReLU(), 0.5, 0.5}, {kernel.ReLUFeature(), 0.5 - 1/(2*math.Pi), 0.5 + 3/(2*math.Pi)},
		{kernel.ErfFeature(), 0.464559, 0.464559}, {kernel.SquareFeature(), 2, 6}, {kernel.Square(), 4, 4}, {kernel.Identity(), 1, 1},
	} {
		bulk, top := bounds.Equicorrelated(test.k, 4, 0)
		within(t, test.k.Name(), bulk, test.bulk, 1e-6)
		within(t, test.k.Name(), top, test.top, 1e-6)
	}
	if bulk, top := bounds.Equicorrelated(kernel.ReLU(), 1, 0.3); bulk != 0.5 || top != 0.5 {
		t.Error("one point has an eigenvalue other than k(1)")
	}
	// Against the Gram matrices themselves.
	for _, k := range kernel.All() {
		x := mat.NewDense(4, 4, nil) // equicorrelated with r = 0.3: rows sqrt(.7) e_i + c 1
		c := (math.Sqrt(0.7+4*0.3) - math.Sqrt(0.7)) / 4
		for i := range 4 {
			for j := range 4 {
				x.Set(i, j, c)
			}
			x.Set(i, i, c+math.Sqrt(0.7))
		}
		g, err := k.Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		lo, hi := extremes(g)
		bulk, top := bounds.Equicorrelated(k, 4, 0.3)
		if !(math.Abs(lo-min(bulk, top)) <= 1e-12*top) || !(math.Abs(hi-max(bulk, top)) <= 1e-12*top) {
			t.Errorf("%s: [%v, %v], closed form %v, %v", k.Name(), lo, hi, bulk, top)
		}
	}
	for n := 3; n <= 12; n++ {
		x := mat.NewDense(n, 2, nil)
		for i := range n {
			s, c := math.Sincos(2 * math.Pi * float64(i) / float64(n))
			x.SetRow(i, []float64{c, s})
		}
		g, err := kernel.ReLU().Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		var es mat.EigenSym
		es.Factorize(g, false)
		values := bounds.CircleSpectrum(kernel.ReLU(), n)
		for i, v := range es.Values(nil) {
			if !(math.Abs(v-values[i]) <= 1e-12) {
				t.Errorf("n=%d: eigenvalue %d is %v, Fourier gives %v", n, i, v, values[i])
			}
		}
		if singular := math.Abs(values[0]) < 1e-14; singular != (n%2 == 0 && n >= 6) {
			t.Errorf("n=%d: smallest eigenvalue %g", n, values[0])
		}
	}
	if v := bounds.Circulant([]float64{1, 2, 3}); !math.IsNaN(v[0]) {
		t.Error("a non-symmetric circulant has real eigenvalues")
	}
	if bounds.Circulant(nil) != nil {
		t.Error("an empty row has eigenvalues")
	}
	for _, bad := range []struct {
		n int
		r float64
	}{{0, 0}, {3, -0.6}, {3, 1.1}} {
		if bulk, top := bounds.Equicorrelated(kernel.ReLU(), bad.n, bad.r); !math.IsNaN(bulk) || !math.IsNaN(top) {
			t.Errorf("n=%d, r=%g: %v, %v", bad.n, bad.r, bulk, top)
		}
	}
}

func TestEigenvalueInequalities(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 3))
		n := 1 + rng.IntN(8)
		a, b := wishart(n, 1+rng.IntN(10), rng), wishart(n, 1+rng.IntN(10), rng)
		alo, ahi := extremes(a)
		lower, upper := bounds.Gershgorin(a)
		if alo < lower-1e-12 || ahi > upper+1e-12 {
			t.Errorf("spectrum [%v, %v] outside Gershgorin's [%v, %v]", alo, ahi, lower, upper)
		}
		diag := make([]float64, n)
		h := mat.NewSymDense(n, nil)
		for i := range n {
			diag[i] = b.At(i, i)
			for j := range n {
				h.SetSym(i, j, a.At(i, j)*b.At(i, j))
			}
		}
		hlo, hhi := extremes(h)
		lower, upper = bounds.SchurBounds(max(0, alo), ahi, diag)
		if hlo < lower-1e-12 || hhi > upper+1e-12 {
			t.Errorf("Hadamard product [%v, %v] outside [%v, %v]", hlo, hhi, lower, upper)
		}
		var sum mat.SymDense
		b.ScaleSym(-1, b) // the direction that lowers the eigenvalue
		sum.AddSym(a, b)
		bNorm := mat.Norm(b, 2)
		slo, _ := extremes(&sum)
		if slo < bounds.Weyl(alo, bNorm)-1e-12 {
			t.Errorf("Weyl: %v below %v", slo, bounds.Weyl(alo, bNorm))
		}
	}
	lower, upper := bounds.Gershgorin(mat.NewSymDense(2, []float64{1, 1, 1, 1}))
	if lower != 0 || upper != 2 {
		t.Errorf("Gershgorin of 11^T: [%v, %v], want [0, 2]", lower, upper)
	}
	lo, hi := bounds.SchurBounds(-1, 1, []float64{1})
	isNaN(t, map[string]float64{"schur": lo, "schur upper": hi, "weyl": bounds.Weyl(1, -1)})
}

// The vertices of a regular simplex.
func ExampleEquicorrelated() {
	bulk, top := bounds.Equicorrelated(kernel.ReLU(), 5, -1./4)
	fmt.Printf("%.6f (4 times), %.6f\n", bulk, top)
	// Output: 0.552446 (4 times), 0.290215
}
