package kernel_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
)

// The closed forms on rows of several norms, near-parallel and antipodal ones among them.
func TestFeatureGram(t *testing.T) {
	x := mat.NewDense(5, 2, []float64{1, 0, 0.6, 0.8, 1.2, 0.05, -1, 0, 0.3, -0.4})
	for _, test := range []struct {
		phi func(float64) float64
		k   kernel.Kernel
	}{
		{math.Erf, kernel.ErfFeature()},
		{math.Sin, kernel.SineFeature()},
		{func(z float64) float64 { return z * z }, kernel.SquareFeature()},
		{func(z float64) float64 { return z }, kernel.Identity()},
	} {
		want, err := test.k.Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		got, err := kernel.FeatureGram(test.phi, x, 0.25)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			for j := range 5 {
				if !(math.Abs(got.At(i, j)-want.At(i, j)) <= 1e-13) {
					t.Errorf("%s: entry (%d, %d) is %v, want %v", test.k.Name(), i, j, got.At(i, j), want.At(i, j))
				}
			}
		}
	}
}

// tanh by its Hermite series, which another quadrature gives.
func TestFeatureGramTanh(t *testing.T) {
	x := mat.NewDense(2, 2, []float64{1, 0, 0.28, 0.96})
	got, err := kernel.FeatureGram(math.Tanh, x, 0.25)
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for k, c := range kernel.HermiteCoefficients(math.Tanh, 30) {
		want += c * c * math.Pow(0.28, float64(k))
	}
	if !(math.Abs(got.At(0, 1)-want) <= 1e-13) {
		t.Errorf("E tanh tanh = %.16g, want %.16g", got.At(0, 1), want)
	}
}

func TestFeatureGramRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		x    *mat.Dense
		step float64
	}{"zero row": {mat.NewDense(1, 2, nil), 0.1}, "no step": {mat.NewDense(1, 1, []float64{1}), 0}} {
		if _, err := kernel.FeatureGram(math.Tanh, c.x, c.step); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
