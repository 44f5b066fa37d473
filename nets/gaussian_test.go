package nets_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"convergo/nets"
)

// TestGaussian compares the moments of 10^5 entries with those of N(0, 1), within five standard deviations, and the
// order of the draws with that of a loop over rows.
func TestGaussian(t *testing.T) {
	const rows, cols = 1000, 100
	a := nets.Gaussian(rows, cols, rand.New(rand.NewPCG(1, 2)))
	if n, d := a.Dims(); n != rows || d != cols {
		t.Fatalf("%d x %d, want %d x %d", n, d, rows, cols)
	}
	mean, variance := stat.MeanVariance(a.RawMatrix().Data, nil)
	if !(math.Abs(mean) <= 5/math.Sqrt(rows*cols)) || !(math.Abs(variance-1) <= 5*math.Sqrt(2./(rows*cols))) {
		t.Errorf("mean %v and variance %v of %d draws", mean, variance, rows*cols)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range cols + 3 {
		r.NormFloat64()
	}
	if got, want := a.At(1, 3), r.NormFloat64(); got != want {
		t.Errorf("entry (1, 3) is %v, the draw after row 0 and three entries is %v", got, want)
	}
	if mat.Equal(a.Slice(0, 1, 0, cols), a.Slice(1, 2, 0, cols)) {
		t.Error("two rows are equal")
	}
}
