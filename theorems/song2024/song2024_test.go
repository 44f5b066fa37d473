package song2024

import (
	"math"
	"testing"

	"convergo/checks"
)

// TestClaims checks every claim; run one with -run 'TestClaims/song2024/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// TestFirstStepLimit holds the factor of first-step to networks of 16384 neurons, of which a hundred flip on each input.
func TestFirstStepLimit(t *testing.T) {
	for _, b := range []float64{0, 0.7} {
		p := ladder{N: 8, B: b, Low: 1 << 14, Up: 1}
		set, err := orthonormal(p.N).Build()
		if err != nil {
			t.Fatal(err)
		}
		const draws = 6
		left, r := 0.0, fixed(1)
		for range draws {
			left += p.climb(set, r).Ladder[0].Value / draws
		}
		q := math.Erfc(b/math.Sqrt2) / 2
		limit := 3 * math.Exp(-b*b/2) / math.Sqrt(2*math.Pi) / (4 * q * q * math.Sqrt(1<<14))
		series := p.climb(set, r).Series
		drawn := series[len(series)-1]
		if !(math.Abs(left/limit-1) <= 0.08) || !(math.Abs(float64(drawn.Y[0])/limit-1) <= 1e-12) {
			t.Errorf("b = %v: the first step leaves %v, the curve shows %v, the limit is %v", b, left, drawn.Y[0], limit)
		}
	}
}
