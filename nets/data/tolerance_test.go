package data

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Rows that are multiples of one another but for rounding are parallel. The tolerance is not far beyond what rounding does: rows
// turned by ten times as much are not.
func TestParallelTolerance(t *testing.T) {
	if got := parallelTolerance(3); got != 13*0x1p-52 {
		t.Errorf("tolerance %v, want 13 units of 2^-52", got)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	for range 2000 {
		a := make([]float64, 3)
		drawNormal(a, rng)
		b, c := make([]float64, 3), make([]float64, 3)
		factor := math.Exp(10 * rng.NormFloat64())
		for k, v := range a {
			b[k], c[k] = factor*v, v
		}
		normalize(c)
		turned := append([]float64(nil), c...)
		turned[0] -= 10 * parallelTolerance(3) * c[1]
		turned[1] += 10 * parallelTolerance(3) * c[0]
		if !parallel(a, b) {
			t.Fatalf("a row and %v times it are not parallel", factor)
		}
		if side := math.Hypot(c[0], c[1]); side > 0.5 && parallel(c, turned) {
			t.Fatal("rows turned by ten times the tolerance are parallel")
		}
	}
}
