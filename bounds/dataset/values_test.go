package dataset_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
)

// The errors are those of the eigenvalues, widened by the rounding of the Gram matrix: n times that of an entry.
func TestErrorsOfFacts(t *testing.T) {
	x, y := mat.NewDense(3, 2, []float64{1, 0, 0.6, 0.8, -0.8, 0.6}), []float64{1, -1, 1}
	f := facts(t, x, y)
	s, err := eig.SpectralNorm(x)
	if err != nil {
		t.Fatal(err)
	}
	if f.Spectral != s {
		t.Errorf("spectral norm %v, want %v", f.Spectral, s)
	}
	biased := mat.NewDense(3, 3, nil)
	for i := range 3 {
		biased.SetRow(i, []float64{x.At(i, 0) / math.Sqrt2, x.At(i, 1) / math.Sqrt2, 1 / math.Sqrt2})
	}
	kernels := []kernel.Kernel{kernel.ReLU(), kernel.ReLUFeature(), kernel.NTK(1), kernel.NTK(2), kernel.NTK(3), kernel.ReLU()}
	for i, k := range kernels {
		inputs, d := x, 2
		if i == 5 {
			inputs, d = biased, 3
		}
		g, err := k.Gram(inputs)
		if err != nil {
			t.Fatal(err)
		}
		low, _ := eig.Min(g)
		top, _ := eig.Max(g)
		rounding := 3 * k.EntryError(d, 1)
		for what, e := range map[string]struct{ got, plain eig.Certified }{
			"lambda_0": {f.Kernels[i].Lambda0, low}, "largest": {f.Kernels[i].Top, top},
		} {
			if want := e.plain.Err + rounding; !(math.Abs(e.got.Err/want-1) <= 1e-6) {
				t.Errorf("%s, %s: error %v, want %v", f.Kernels[i].Name, what, e.got.Err, want)
			}
		}
		if i > 0 {
			continue
		}
		inverse, err := eig.NewInverse(g, rounding)
		if err != nil {
			t.Fatal(err)
		}
		if want := inverse.Form(y); !(math.Abs(f.Labels.Form.Err/want.Err-1) <= 1e-6) {
			t.Errorf("error of y'H^{-1}y: %v, want %v", f.Labels.Form.Err, want.Err)
		}
	}
}

// The spectrum of the labels gives y'H^{-1}y, and the weights of the margin attain it.
func TestLabelsOfFacts(t *testing.T) {
	x, y := mat.NewDense(3, 2, []float64{1, 0, 0.6, 0.8, -0.8, 0.6}), []float64{1, -1, 1}
	f := facts(t, x, y)
	form, trace, square := 0.0, 0.0, 0.0
	for i, lambda := range f.Labels.Spectrum.Lambda {
		c := f.Labels.Spectrum.Coef[i]
		form += c * c / lambda
		trace += lambda
		square += c * c
	}
	for what, v := range map[string][2]float64{"y'H^{-1}y": {form, f.Labels.Form.Value}, "trace": {trace, 1.5}, "|y|^2": {square, 3}} {
		if !(math.Abs(v[0]/v[1]-1) <= 1e-12) {
			t.Errorf("%s by the spectrum is %v, want %v", what, v[0], v[1])
		}
	}
	h, err := kernel.ReLU().Gram(x)
	if err != nil {
		t.Fatal(err)
	}
	m := *f.Labels.Margin
	sum, norm := 0.0, 0.0
	for i, p := range m.Weights {
		sum += p
		for j, q := range m.Weights {
			norm += p * q * y[i] * y[j] * h.At(i, j)
		}
	}
	if !(math.Abs(sum-1) <= 1e-12) || !(math.Abs(math.Sqrt(norm)/m.Upper-1) <= 1e-9) {
		t.Errorf("weights of sum %v have the norm %v, want %v", sum, math.Sqrt(norm), m.Upper)
	}
}
