package nets_test

import (
	"math"
	"testing"

	"convergo/nets"
)

func TestGELU(t *testing.T) {
	g := nets.GELU()
	for z, want := range map[float64]float64{0: 0, 1: 0.8413447460685429, -1: -0.15865525393145707, 3: 2.9959503059051097} {
		if got := g.Value(z); !(math.Abs(got-want) <= 1e-14) {
			t.Errorf("gelu(%v) = %v, want %v", z, got, want)
		}
	}
	const h = 1e-5
	for z := -6.0; z <= 6; z += 0.25 {
		if slope := (g.Value(z+h) - g.Value(z-h)) / (2 * h); !(math.Abs(slope-g.Deriv(z)) <= 1e-9) {
			t.Errorf("gelu'(%v) = %v, differences give %v", z, g.Deriv(z), slope)
		}
	}
}
