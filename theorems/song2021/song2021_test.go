package song2021

import (
	"math"
	"testing"

	"convergo/checks"
)

// TestClaims checks every claim; run one with -run 'TestClaims/song2021/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// The constants of every activation are what a fine grid finds: no smaller, and no larger than by rounding and the grid.
func TestActivationConstants(t *testing.T) {
	const step, end = 1e-4, 40.0
	for _, name := range append([]string{"huber", "gate"}, smoothNames...) {
		act, err := smoothNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		var value, slope, bend float64
		for z := -end; z <= end; z += step {
			value = math.Max(value, math.Abs(act.Value(z)))
			slope = math.Max(slope, math.Abs(act.Deriv(z)))
			bend = math.Max(bend, math.Abs(act.Deriv(z+step)-act.Deriv(z))/step)
		}
		if math.IsInf(act.b0, 1) {
			value = math.Inf(1)
		}
		for what, c := range map[string][2]float64{"|phi|": {value, act.b0}, "|phi'|": {slope, act.b1}, "slope of phi'": {bend, act.b2}} {
			if found, bound := c[0], c[1]; !(found <= bound*(1+1e-6)+1e-9 && found >= 0.999*bound) {
				t.Errorf("%s: %s is %v at most, the constant is %v", name, what, found, bound)
			}
		}
	}
	if _, err := smoothNamed("relu"); err == nil {
		t.Error("the ReLU passes for smooth")
	}
}
