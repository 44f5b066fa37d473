package flow

import (
	"math"
	"testing"
)

// On y' = y a step multiplies by the polynomial of each method; the error is the difference of those of order five and four
// (Dormand and Prince 1980), whose coefficients beyond h^4 are 1/120, 1/600 and 1097/120000, 161/120000, 1/24000.
func TestErrorOfOneStep(t *testing.T) {
	growth := func(dst, y []float64) { copy(dst, y) }
	const h = 0.5
	in, err := New(growth, []float64{2}, 0, 0.25)
	if err != nil {
		t.Fatal(err)
	}
	difference := math.Abs(math.Pow(h, 5)*(1./120-1097./120000) + math.Pow(h, 6)*(1./600-161./120000) - math.Pow(h, 7)/24000)
	if got, want := in.try(h), 2*difference/0.25; !(math.Abs(got/want-1) <= 1e-10) {
		t.Errorf("error over tolerance is %v, want %v", got, want)
	}
	fifth := 1 + h + h*h/2 + h*h*h/6 + math.Pow(h, 4)/24 + math.Pow(h, 5)/120 + math.Pow(h, 6)/600
	if got := in.next[0]; !(math.Abs(got/(2*fifth)-1) <= 1e-15) {
		t.Errorf("after the step %v, want %v", got, 2*fifth)
	}
	// A relative tolerance is of the larger end.
	in, err = New(growth, []float64{2}, 0.125, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := in.try(h), difference/(0.125*fifth); !(math.Abs(got/want-1) <= 1e-10) {
		t.Errorf("relative: error over tolerance is %v, want %v", got, want)
	}
}

// The first step is a thousandth of size over speed, with 1e-3 for the size of a solution that starts at rest.
func TestFirstStep(t *testing.T) {
	for _, tt := range []struct{ y, speed, want float64 }{{-4, 2, 2e-3}, {0, -5, 1e-6 / 5}, {3, 0, 1}} {
		in, err := New(func(dst, _ []float64) { dst[0], dst[1] = tt.speed, tt.speed/2 }, []float64{tt.y, tt.y / 2}, 1e-6, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := in.first(); !(math.Abs(got/tt.want-1) <= 1e-15) {
			t.Errorf("from %v at speed %v the first step is %v, want %v", tt.y, tt.speed, got, tt.want)
		}
	}
}
