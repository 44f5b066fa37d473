package autoencoder

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
)

// Coordinates in an orthonormal basis keep inner products of vectors of sum zero.
func TestHyperplaneKeepsInnerProducts(t *testing.T) {
	a, b := []float64{1, -2, 3, -2}, []float64{0.5, 0.5, -4, 3}
	u, v := hyperplane(a), hyperplane(b)
	for _, p := range [][4][]float64{{a, a, u, u}, {b, b, v, v}, {a, b, u, v}} {
		if want, got := floats.Dot(p[0], p[1]), floats.Dot(p[2], p[3]); !(math.Abs(got-want) <= 1e-14*math.Abs(want)) {
			t.Errorf("inner product %v, want %v", got, want)
		}
	}
}
