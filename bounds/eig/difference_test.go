package eig_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
)

func TestDifference(t *testing.T) {
	a, b := mat.NewSymDense(2, []float64{4, 1, 0, 2}), mat.NewSymDense(2, []float64{1, 3, 0, 2})
	if d := eig.Difference(a, b); !mat.Equal(d, mat.NewSymDense(2, []float64{3, -2, 0, 0})) {
		t.Errorf("the difference is\n%v", mat.Formatted(d))
	}
	// Both entries off the diagonal count.
	if got, want := eig.Distance(a, b), math.Sqrt(17); !(math.Abs(got-want) <= 1e-15*want) {
		t.Errorf("the distance is %v, want %v", got, want)
	}
	if b.At(0, 1) != 3 || a.At(0, 0) != 4 {
		t.Error("the arguments were changed")
	}
}
