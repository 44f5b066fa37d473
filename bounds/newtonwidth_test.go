package bounds_test

import (
	"math"
	"testing"

	"convergo/bounds"
)

// TestNewtonWidth walks the proof at the width that it gives: each event within its budget, and one of them exactly.
func TestNewtonWidth(t *testing.T) {
	for _, c := range []struct {
		n                         int
		s, lambda, r0, eps, delta float64
	}{{1, 1, 0.5, 0.002, 0.3, 0.2}, {2, 1, 0.5, 1, 0.1, 0.5}, {20, 2, 0.01, 4, 0, 0.05}, {5, 1.5, 0.2, 1e-9, 0.2, 0.1}} {
		m := bounds.NewtonWidth(c.n, c.s, c.lambda, c.r0, c.eps, c.delta)
		share := bounds.NewtonShare(c.n, c.s, c.lambda, c.eps)
		step := c.eps + (1+c.eps)*c.s*math.Sqrt(float64(c.n))*share/(c.lambda/2)
		root := math.Sqrt(0.75*c.lambda) - c.s*math.Sqrt(share)
		if least := root * root / (c.lambda / 2); step > 1./3+1e-12 || least < 1-1e-9 || step < 1./3-1e-12 && least > 1+1e-9 {
			t.Errorf("%v: a step leaves %v, lambda falls to %v of its half; one should be exact", c, step, least)
		}
		moved := 0.0
		for k := range 60 {
			moved += c.s * (1 + c.eps) * c.r0 * math.Pow(3, -float64(k)) / (math.Sqrt(m) * c.lambda / 2)
		}
		if got := bounds.NewtonRadius(int(m), c.s, c.lambda, c.r0, c.eps); !(math.Abs(got/moved-1) <= 1/math.Sqrt(m)) {
			t.Errorf("%v: radius %v, movements add up to %v", c, got, moved)
		}
		pairs := m / 2
		events := []float64{
			float64(c.n) * math.Exp(-pairs*bounds.ChernoffRate(0.25)*c.lambda/(c.s*c.s)) / (c.delta / 2),
			float64(c.n) * math.Exp(-pairs*(share/2)/3) / (c.delta / 2),
			2 * moved / math.Sqrt(2*math.Pi) / (share / 2),
		}
		largest := math.Max(events[0], math.Max(events[1], events[2]))
		if !(math.Abs(largest-1) <= 1e-9) {
			t.Errorf("%v: at m = %v the events take %v of their budgets, want 1 for the largest", c, m, events)
		}
	}
	for _, eps := range []float64{-0.1, 1. / 3, 1} {
		if !math.IsNaN(bounds.NewtonWidth(1, 1, 0.5, 1, eps, 0.1)) {
			t.Errorf("accuracy %v has no width", eps)
		}
	}
}
