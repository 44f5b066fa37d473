package flow_test

import (
	"math"
	"testing"

	"convergo/nets/flow"
)

func solve(t *testing.T, field flow.Field, y []float64, rel float64, times ...float64) []float64 {
	t.Helper()
	in, err := flow.New(field, y, rel, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range times {
		if err := in.To(at); err != nil {
			t.Fatal(err)
		}
		if in.T != at {
			t.Fatalf("stands at time %v, asked for %v", in.T, at)
		}
	}
	return in.Y
}

// A rotation, a growth and a pole that is approached, with known solutions.
func TestKnownSolutions(t *testing.T) {
	turn := func(dst, y []float64) { dst[0], dst[1] = -y[1], y[0] }
	y := solve(t, turn, []float64{1, 0}, 1e-12, 0.3, 0.3, 10)
	if e := math.Hypot(y[0]-math.Cos(10), y[1]-math.Sin(10)); e > 1e-10 {
		t.Errorf("rotation: error %v", e)
	}
	square := func(dst, y []float64) { dst[0] = y[0] * y[0] }
	if got, want := solve(t, square, []float64{1}, 1e-12, 0.99)[0], 100.0; !(math.Abs(got/want-1) <= 1e-8) {
		t.Errorf("y' = y^2 at 0.99: %v, want %v", got, want)
	}
	decay := flow.Descending(func(dst, y []float64) { dst[0] = 3 * y[0] })
	if got, want := solve(t, decay, []float64{2}, 1e-12, 5)[0], 2*math.Exp(-15); !(math.Abs(got/want-1) <= 1e-9) {
		t.Errorf("decay: %v, want %v", got, want)
	}
	if got := solve(t, func(dst, y []float64) { dst[0] = 0 }, []float64{7}, 1e-9, 4)[0]; got != 7 {
		t.Errorf("rest: %v", got)
	}
}

// TestOrder: the error falls with the tolerance about in proportion, over eight decades.
func TestOrder(t *testing.T) {
	lotka := func(dst, y []float64) { dst[0], dst[1] = y[0]*(1-y[1]), y[1]*(y[0]-1) }
	start := []float64{2, 1}
	conserved := func(y []float64) float64 { return y[0] - math.Log(y[0]) + y[1] - math.Log(y[1]) }
	last := math.Inf(1)
	for _, rel := range []float64{1e-4, 1e-6, 1e-8, 1e-10, 1e-12} {
		e := math.Abs(conserved(solve(t, lotka, start, rel, 7)) - conserved(start))
		if e > 100*rel || e > last/5 {
			t.Errorf("tolerance %v: the invariant moves by %v, %v before", rel, e, last)
		}
		last = e
	}
}

func TestRefuses(t *testing.T) {
	field := func(dst, y []float64) { dst[0] = y[0] * y[0] }
	for _, tt := range []struct {
		y        []float64
		rel, abs float64
	}{{nil, 1e-9, 0}, {[]float64{1}, 0, 0}, {[]float64{1}, -1, 0}, {[]float64{1}, math.NaN(), 1}, {[]float64{1}, 1e-17, 0}} {
		if _, err := flow.New(field, tt.y, tt.rel, tt.abs); err == nil {
			t.Errorf("start %v with tolerances %v, %v is accepted", tt.y, tt.rel, tt.abs)
		}
	}
	in, err := flow.New(field, []float64{1}, 1e-9, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.To(2); err == nil {
		t.Error("it passes through a pole")
	}
	if err := in.To(-1); err == nil {
		t.Error("it goes back in time")
	}
}

func TestStep(t *testing.T) {
	y, g := []float64{3, -1}, make([]float64, 2)
	flow.Step(y, g, 0.1, func(dst, y []float64) { dst[0], dst[1] = y[0], 4*y[1] })
	if y[0] != 2.7 || !(math.Abs(y[1]+0.6) <= 1e-15) {
		t.Errorf("step to %v, want 2.7 and -0.6", y)
	}
}
