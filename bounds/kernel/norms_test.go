package kernel

import (
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestNorms(t *testing.T) {
	norms, err := Norms(mat.NewDense(3, 2, []float64{3, 4, 0, -2, 1e200, 0}))
	if err != nil || norms[0] != 5 || norms[1] != 2 || norms[2] != 1e200 {
		t.Errorf("norms %v (%v), want 5, 2 and 1e200", norms, err)
	}
}
