package flow

import (
	"math"
	"testing"
)

// TestOrderOfAStep: one step has an error of order h^6 and an estimate of it of order h^5, which no wrong entry of the
// tableau leaves.
func TestOrderOfAStep(t *testing.T) {
	field := func(dst, y []float64) { dst[0], dst[1] = y[1], -math.Sin(y[0]) }
	start := []float64{1, 0.5}
	try := func(h float64) (off, estimate float64) {
		exact, err := New(field, start, 1e-14, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := exact.To(h); err != nil {
			t.Fatal(err)
		}
		one, err := New(field, start, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		estimate = one.try(h)
		return math.Hypot(one.next[0]-exact.Y[0], one.next[1]-exact.Y[1]), estimate
	}
	off, estimate := try(0.4)
	halfOff, halfEstimate := try(0.2)
	if slope := math.Log2(off / halfOff); slope < 5.6 || slope > 6.6 {
		t.Errorf("the error of a step has order %v, want 6", slope)
	}
	if slope := math.Log2(estimate / halfEstimate); slope < 4.6 || slope > 5.6 {
		t.Errorf("its estimate has order %v, want 5", slope)
	}
	if ratio := halfEstimate / halfOff; ratio < 1 || ratio > 100 {
		t.Errorf("the estimate is %v times the error, want more than it and not far more", ratio)
	}
}
