package bounds

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// At equal weights of the columns (1, 0) and (0, 2) the sum has length sqrt(5)/2 and the columns' parts along it are 1 and 4 over sqrt 5.
func TestCertificatesOfWeights(t *testing.T) {
	s := newNormSum([]*mat.Dense{mat.NewDense(2, 2, []float64{1, 0, 0, 2})})
	lower, upper := s.certificates(0)
	if !(math.Abs(upper-math.Sqrt(5)/2) <= 1e-15) || !(math.Abs(lower-1/math.Sqrt(5)) <= 1e-15) {
		t.Errorf("certificates %v and %v, want 1/sqrt 5 and sqrt(5)/2", lower, upper)
	}
	if s.q[0] != 0.5 || s.q[1] != 0.5 {
		t.Errorf("weights %v at the start, want 1/2 each", s.q)
	}
}
