package bounds

import (
	"math"
	"testing"
)

func TestDamped(t *testing.T) {
	drift := []float64{3, 1, 4, 1, 5}
	for _, lambda := range []float64{0, 0.3, 2, 3} {
		const eta = 0.5
		want, ones := 0.0, 0.0
		for s, v := range drift {
			power := math.Pow(1-eta*lambda, float64(len(drift)-1-s))
			want, ones = want+power*v, ones+power*eta
		}
		if got := Damped(eta, lambda, drift); !(math.Abs(got-want) <= 1e-13) {
			t.Errorf("lambda %v: %v, want %v", lambda, got, want)
		}
		if got := DampedSteps(eta, lambda, len(drift)); !(math.Abs(got-ones) <= 1e-13) {
			t.Errorf("lambda %v: %v steps, want %v", lambda, got, ones)
		}
	}
	if got := DampedSteps(1e-3, 1e-12, 1000); !(math.Abs(got-1) <= 1e-9) {
		t.Errorf("a tiny eigenvalue gives %v, want 1", got)
	}
}
