package bounds

import (
	"math"
	"testing"

	"convergo/bounds/kernel"
)

func TestLocalDescent(t *testing.T) {
	// One layer: the kernel is constant, and the rate is that of the eigenvalues.
	one := LocalDescent{Norms: []float64{3}, Output: 2, Inputs: []float64{1, 0.5}, Least: 2, Most: 10}
	q, omega := one.Rate(0.1, 0.01)
	if want := 0.1 * math.Sqrt(10) * 0.01 / 0.2; !(math.Abs(q-0.8) <= 1e-15) || omega < want || omega > 1.02*want {
		t.Errorf("rate %v, movement %v; want 0.8 and %v to 1.02 of it", q, omega, want)
	}
	if q, _ := one.Rate(0.19, 0.01); !(math.Abs(q-0.9) <= 1e-12) {
		t.Errorf("rate %v at 1.9/lambda_max, want 0.9", q)
	}
	if q, _ := one.Rate(0.21, 0.01); !math.IsNaN(q) {
		t.Errorf("rate %v beyond 2/lambda_max, want none", q)
	}
	if got := one.GateShift(0.2, 1, 1); !(math.Abs(got-0.5*0.2) <= 1e-15) {
		t.Errorf("gates move by %v, want 0.1", got)
	}
	// Three layers: products written out.
	c := LocalDescent{Norms: []float64{3, 2, 5}, Output: 2, Inputs: []float64{1, 0.5}, Least: 2, Most: 10}
	const w = 0.1
	d := []float64{2.1*5.1 - 10, 3.1*5.1 - 15, 3.1*2.1 - 6}
	want := 2 * math.Sqrt(1.25*(d[0]*d[0]+d[1]*d[1]+d[2]*d[2]))
	if got := c.drift(w); !(math.Abs(got/want-1) <= 1e-12) {
		t.Errorf("drift %v, want %v", got, want)
	}
	if got, want := c.GateShift(w, 1, 2), 0.5*(3.1*2.1-6); !(math.Abs(got/want-1) <= 1e-12) {
		t.Errorf("gates of layer 2 move by %v, want %v", got, want)
	}
	q, omega = c.Rate(0.1, 1e-6)
	drift := c.drift(omega)
	low, high := math.Sqrt(2)-drift, math.Sqrt(10)+drift
	if want := 1 - 0.1*low*low + 2*0.1*drift*high; !(math.Abs(q-want) <= 1e-14) || 0.1*high*1e-6/(1-q) > omega {
		t.Errorf("rate %v, want %v, within %v", q, want, omega)
	}
	if q, _ := c.Rate(0.1, 10); !math.IsNaN(q) {
		t.Errorf("rate %v from a residual of 10, want none", q)
	}
}

func TestPairSteps(t *testing.T) {
	for _, layers := range []int{1, 2, 5} {
		// Small angles: 2 pi ln(1/eps)/((L+1) theta).
		const theta, eps = 1e-5, 1e-3
		if got, want := PairSteps(layers, theta, eps), 2*math.Pi*math.Log(1e3)/(float64(layers+1)*theta); !(math.Abs(got/want-1) <= 1e-4) {
			t.Errorf("L=%d: %v, want %v", layers, got, want)
		}
		// The exact time from the eigenvalues of the limit kernel, at any angle.
		weights := make([]float64, layers+2)
		for l := 1; l <= layers; l++ {
			weights[l] = 1
		}
		k := kernel.NTKWeighted(weights)
		for _, theta := range []float64{0.01, 0.3, 1, math.Pi / 2} {
			c := k.At(math.Cos(theta)) / k.At(1)
			x := (1 - c) / (1 + c)
			exact := math.Log(1/eps) / (-2 * math.Log1p(-x))
			if got := PairSteps(layers, theta, eps); got < exact || theta < 0.02 && got > 1.1*exact {
				t.Errorf("L=%d, theta=%v: bound %v, exact %v", layers, theta, got, exact)
			}
		}
	}
}

func TestAllenZhuWidth(t *testing.T) {
	m := AllenZhuWidth(3, 2, 0.5, 1)
	if want := math.Pow(3, 24) * math.Pow(2, 12) / math.Pow(0.5, 8) * math.Pow(math.Log(m), 5); !(math.Abs(m/want-1) <= 1e-9) {
		t.Errorf("m = %v, want the solution of m = %v", m, want)
	}
	if m := AllenZhuWidth(1, 1, 2, 1); !(m >= math.E) {
		t.Errorf("m = %v", m)
	}
}

func TestClosestPair(t *testing.T) {
	for _, angle := range []float64{1e-4, 0.1, 1, 1.5} {
		h := kernel.ReLU()

		lambda := h.At(1) - h.At(math.Cos(angle))
		if got, want := ClosestPair(lambda), 2*math.Sin(angle/2); !(math.Abs(got/want-1) <= 1e-5) {
			t.Errorf("angle %v: distance %v, want %v", angle, got, want)
		}
	}
	if !math.IsNaN(ClosestPair(0.6)) || !math.IsNaN(ClosestPair(0)) {
		t.Error("no pair has such an eigenvalue")
	}
}

// The increase of the inverse angle is monotone on a grid, with the ends that the constants say.
func TestCollapse(t *testing.T) {
	const points = 200000
	last := SlowestCollapse
	for i := 1; i <= points; i++ {
		angle := math.Pi * float64(i) / points
		_, next := kernel.NNGPStep(angle)
		step := 1/next - 1/angle
		// Rounding of the two inverses.
		if noise := 4e-16 / angle; step < last-noise-1e-13 {
			t.Fatalf("the increase falls at %v: %v after %v", angle, step, last)
		}
		last = step
		if step < SlowestCollapse-1e-11 || step > FastestCollapse(angle)+1e-12 {
			t.Fatalf("angle %v: %v outside [%v, %v]", angle, step, SlowestCollapse, FastestCollapse(angle))
		}
	}
	for angle, want := range map[float64]float64{math.Pi / 2: 0.165401, math.Pi: 0.318310} {
		if got := FastestCollapse(angle); !(math.Abs(got-want) <= 1e-6) {
			t.Errorf("fastest collapse up to %v: %v, want %v", angle, got, want)
		}
	}
	if got := HalvingDepth(1); !(math.Abs(got-6.0459) <= 1e-3) {
		t.Errorf("halving depth of 1: %v", got)
	}
}
