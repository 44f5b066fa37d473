package bounds

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
)

// TestJointTangent integrates over the angle of the Gaussian vector (z, z')/sqrt 2, whose squared radius has moments 2 and 8.
func TestJointTangent(t *testing.T) {
	for _, u := range []float64{-1, -0.7, 0, 0.4, 0.95, 1} {
		angle := math.Acos((1 + u) / 2)
		mean := func(f func(c float64) float64) float64 { // both are positive for directions in (angle - pi/2, pi/2)
			return quad.Fixed(func(a float64) float64 { return f(math.Cos(a) * math.Cos(a-angle)) }, angle-math.Pi/2, math.Pi/2, 60, quad.Legendre{}, 1) / (2 * math.Pi)
		}
		both := mean(func(float64) float64 { return 1 })
		product, square := 2*2*mean(func(c float64) float64 { return c }), 4*8*mean(func(c float64) float64 { return c * c })
		for _, fourth := range []float64{1, 3} {
			want := (1+u)*both + product
			spread := fourth*(1+u)*(1+u)*both + 2*(1+u)*product + square - want*want
			m, v := JointTangent(u, fourth)
			if !(math.Abs(m-want) <= 1e-9) || !(math.Abs(v-spread) <= 1e-9) {
				t.Errorf("u=%v: %v and %v, want %v and %v", u, m, v, want, spread)
			}
		}
	}
}

// TestTails solves the tail bounds back for the probability.
func TestTails(t *testing.T) {
	const n, m, delta = 3, 50, 0.2
	share := PairsTail(n, m, delta) / 2
	if got := 2 * 6 * math.Exp(-2*(m/2)*share*share); !(math.Abs(got-delta) <= 1e-12) {
		t.Errorf("the tail of all pairs is %v, want %v", got, delta)
	}
	const kappa2, trace = 0.7, 0.1
	beyond := OperatorTail(kappa2, trace, n, delta) - math.Sqrt((kappa2*kappa2-trace)/n)
	if got := math.Exp(-2 * beyond * beyond / (n * math.Pow(math.Sqrt2*kappa2/n, 2))); !(math.Abs(got-delta) <= 1e-12) {
		t.Errorf("the tail of an operator is %v, want %v", got, delta)
	}
}
