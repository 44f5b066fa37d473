package bounds

import (
	"math"
	"testing"
)

// pair integrates the two equations of the norm and the cosine by Runge and Kutta's method.
func (f BalancedFlow) pair(t float64, steps int) (s, c float64) {
	n, l := float64(f.Depth), f.Target
	slope := func(s, c float64) (float64, float64) {
		return n * math.Pow(s, 2-2/n) * (l*c - s), math.Pow(s, 1-2/n) * l * (1 - c*c)
	}
	s, c = f.Norm, f.Cosine
	h := t / float64(steps)
	for range steps {
		a1, b1 := slope(s, c)
		a2, b2 := slope(s+h/2*a1, c+h/2*b1)
		a3, b3 := slope(s+h/2*a2, c+h/2*b2)
		a4, b4 := slope(s+h*a3, c+h*b3)
		s, c = s+h/6*(a1+2*a2+2*a3+a4), c+h/6*(b1+2*b2+2*b3+b4)
	}
	return s, c
}

func TestBalancedFlow(t *testing.T) {
	for _, f := range []BalancedFlow{{2, 1, 0.1, 0.3}, {2, 2.5, 3, -0.8}, {3, 1, 0.05, -0.5}, {4, 0.7, 0.2, 0.9}, {5, 1.3, 0.5, 0}, {9, 1, 0.8, -0.3}} {
		for _, at := range []float64{0, 0.4, 3, 8} {
			s, c := f.pair(at, 20000)
			norm, u, err := f.At(at)
			if err != nil {
				t.Fatal(err)
			}
			if !(math.Abs(norm/s-1) <= 1e-9) || !(math.Abs(math.Tanh(u)-c) <= 1e-9) {
				t.Errorf("%+v at %v: norm %v and cosine %v, want %v and %v", f, at, norm, math.Tanh(u), s, c)
			}
			loss := (s*s - 2*s*f.Target*c + f.Target*f.Target) / 2
			if got := f.LossAt(u); !(math.Abs(got-loss) <= 1e-9*(1+loss)) {
				t.Errorf("%+v at %v: loss %v, want %v", f, at, got, loss)
			}
			if back, err := f.TimeTo(loss); err != nil || at < 8 && !(math.Abs(back-at) <= 1e-6*(1+at)) {
				t.Errorf("%+v: loss %v at time %v, want %v: %v", f, loss, back, at, err)
			}
		}
	}
	for _, f := range []BalancedFlow{{1, 1, 1, 0}, {2, 0, 1, 0}, {2, 1, 0, 0}, {2, 1, 1, 1}, {3, 1, 1, -1}, {2, 1, 1, math.NaN()}, {60, 1, 1, 1 - 1e-12}} {
		if _, err := f.TimeTo(1e-3); err == nil {
			t.Errorf("%+v is accepted", f)
		}
	}
}

func TestCoshIntegral(t *testing.T) {
	for n := range 7 {
		const u, steps = -1.3, 20000
		sum := 0.0
		for i := range steps {
			sum += math.Pow(math.Cosh(u*(float64(i)+0.5)/steps), float64(n)) * u / steps
		}
		if got := coshIntegral(n, u); !(math.Abs(got/sum-1) <= 1e-8) {
			t.Errorf("int cosh^%d: %v, want %v", n, got, sum)
		}
	}
}

func TestBalancedSharpness(t *testing.T) {
	for _, tt := range []struct {
		n            int
		target, want float64
	}{{2, 3, 6}, {3, 8, 3 * 16}, {1, 5, 1}} {
		if got := BalancedSharpness(tt.n, tt.target); !(math.Abs(got-tt.want) <= 1e-9) {
			t.Errorf("%d layers, %v: %v, want %v", tt.n, tt.target, got, tt.want)
		}
	}
}
