package bounds_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"convergo/bounds"

	"gonum.org/v1/gonum/mat"
)

// Against the margin by a central path, the value of the primal at the machine's values, and the conditions of optimality.
func TestHardMarginIsOptimal(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for range 40 {
		n := 1 + r.IntN(12)
		x := mat.NewDense(n, n+2, nil)
		x.Apply(func(_, _ int, _ float64) float64 { return r.NormFloat64() }, x)
		k := mat.NewSymDense(n, nil)
		k.SymOuterK(1, x)
		y := make([]float64, n)
		for i := range y {
			y[i] = float64(2*r.IntN(2) - 1)
		}
		h, err := bounds.NewHardMargin(k, y)
		if err != nil {
			t.Fatal(err)
		}
		margin, err := bounds.KernelMargin(k, y)
		if err != nil {
			t.Fatal(err)
		}
		within(t, "inverse squared margin", h.Q, 1/(margin.Value()*margin.Value()), 1e-6)
		for i, a := range h.Alpha {
			if short := 1 - y[i]*h.Values[i]; a < 0 || short > 1e-9 || a > 1e-9 && !(math.Abs(short) <= 1e-9) {
				t.Fatalf("sample %d: weight %v, short of its margin by %v", i, a, short)
			}
			f := h.Predict(mat.Row(nil, i, k), y)
			within(t, "prediction", f, h.Values[i], 1e-9)
		}
	}
	h, err := bounds.NewHardMargin(mat.NewSymDense(2, []float64{2, 0.5, 0.5, 1}), []float64{1, -1})
	if err != nil {
		t.Fatal(err)
	}
	within(t, "two samples", h.Q, (2+1+2*0.5)/(2-0.25), 1e-13) // 1^T (Y K Y)^{-1} 1
	_, err = bounds.NewHardMargin(mat.NewSymDense(2, []float64{1, 1, 1, 1}), []float64{1, -1})
	if err == nil || !strings.Contains(err.Error(), "singular") {
		t.Errorf("equal samples with different labels: error %v", err)
	}
}
