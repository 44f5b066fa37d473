package bounds_test

import (
	"math"
	"testing"

	"convergo/bounds"
)

// The step minimises D^2/(2 eta m) + eta n m G/2, and the bound is the minimum.
func TestRegretStepIsTheBest(t *testing.T) {
	const d, g, n, m = 3.0, 1.7, 25, 40
	total := func(eta float64) float64 { return d*d/(2*eta*m) + eta*n*m*g/2 }
	best := math.Inf(1)
	at := 0.0
	for k := range 200000 {
		eta := 1e-7 * float64(k+1)
		if v := total(eta); v < best {
			best, at = v, eta
		}
	}
	within(t, "bound", bounds.RegretBound(d, g, n), best, 1e-6)
	within(t, "step", bounds.RegretStep(d, g, n, m), at, 1e-4)
}

// exp(-2 n t^2) is Hoeffding's tail of a mean of n variables in [0, 1].
func TestOnlineDeviation(t *testing.T) {
	for _, n := range []int{1, 7, 1000} {
		dev := bounds.OnlineDeviation(n, 0.05)
		within(t, "tail", math.Exp(-2*float64(n)*dev*dev), 0.05, 1e-12)
	}
	within(t, "width", bounds.NTRFWidth(10, 1/math.E), 1e7, 1e-12)
	isNaN(t, map[string]float64{"deviation": bounds.OnlineDeviation(0, 0.1), "delta": bounds.OnlineDeviation(3, 1), "width": bounds.NTRFWidth(3, 0)})
}
