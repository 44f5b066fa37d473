package flow

import (
	"errors"
	"fmt"
	"math"
)

// A Field is the right side of y' = F(y): it stores F(y) in dst.
type Field func(dst, y []float64)

// Descending is the field of gradient flow: minus the gradient that f stores in its first argument.
func Descending(gradient func(dst, y []float64)) Field {
	return func(dst, y []float64) {
		gradient(dst, y)
		for i := range dst {
			dst[i] = -dst[i]
		}
	}
}

// An Integrator solves y' = F(y) from time 0 on.
type Integrator struct {
	Y []float64 // the solution at T
	T float64

	field    Field
	rel, abs float64
	h        float64 // next step to try
	k        [stages][]float64
	next     []float64
	fresh    bool // k[0] is F(Y)
}

const (
	stages   = 7
	mostWork = 2_000_000 // steps between two times
	safety   = 0.9
)

// The tableau of Dormand and Prince; the last row of lower is also the weights of order five.
var (
	lower = [stages - 1][stages - 1]float64{
		{1. / 5},
		{3. / 40, 9. / 40},
		{44. / 45, -56. / 15, 32. / 9},
		{19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
		{9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
		{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
	}
	// defect is the weights of order five less those of order four.
	defect = [stages]float64{71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40}
)

// New starts at y, which it copies. The error of each step is kept below abs + rel max_i |y_i|, in the largest entry.
func New(field Field, y []float64, rel, abs float64) (*Integrator, error) {
	switch {
	case len(y) == 0:
		return nil, errors.New("flow: no start: give at least one number")
	case !(rel >= 0) || !(abs >= 0) || rel+abs == 0 || rel != 0 && rel < 1e-15:
		return nil, fmt.Errorf("flow: tolerances %v and %v: give a relative one of 1e-15 or more, or an absolute one", rel, abs)
	}
	in := &Integrator{Y: append([]float64(nil), y...), field: field, rel: rel, abs: abs, next: make([]float64, len(y))}
	for s := range in.k {
		in.k[s] = make([]float64, len(y))
	}
	return in, nil
}

// To moves on to the time t.
func (in *Integrator) To(t float64) error {
	if !(t >= in.T) {
		return fmt.Errorf("flow: asked back from time %v to %v: start anew", in.T, t)
	}
	if in.h == 0 {
		in.h = in.first()
	}
	for range mostWork {
		left := t - in.T
		if left <= 0 {
			return nil
		}
		h, last := in.h, false
		if h >= left {
			h, last = left, true
		}
		if in.T+h == in.T && !last {
			return fmt.Errorf("flow: the step has shrunk to %v at time %v: the solution is not smooth there, or the tolerance too small", h, in.T)
		}
		failed := in.try(h)
		if !(failed <= 1) {
			in.h = h * max(0.1, safety*math.Pow(failed, -0.2))
			if math.IsNaN(in.h) {
				in.h = h / 10
			}
			continue
		}
		in.Y, in.next = in.next, in.Y
		in.k[0], in.k[stages-1] = in.k[stages-1], in.k[0]
		if in.T += h; last {
			in.T = t
		}
		if grown := h * min(5, safety*math.Pow(max(failed, 1e-10), -0.2)); !last || grown > in.h {
			in.h = grown // a step that was cut short says nothing against the one that it replaced
		}
	}
	return fmt.Errorf("flow: %d steps do not lead from to time %v: loosen the tolerance, or the problem is stiff", mostWork, t)
}

// first is a cautious first step: a thousandth of the time in which the solution changes by itself.
func (in *Integrator) first() float64 {
	in.evaluate()
	size, speed := largest(in.Y), largest(in.k[0])
	if speed == 0 {
		return 1
	}
	return 1e-3 * max(size, 1e-3) / speed
}

func (in *Integrator) evaluate() {
	if !in.fresh {
		in.field(in.k[0], in.Y)
		in.fresh = true
	}
}

// try stores the solution after h in next, with its field in the last stage, and returns the estimated error over what is
// allowed.
func (in *Integrator) try(h float64) float64 {
	in.evaluate()
	for s, row := range lower {
		for i, v := range in.Y {
			sum := 0.0
			for l := 0; l <= s; l++ {
				sum += row[l] * in.k[l][i]
			}
			in.next[i] = v + h*sum
		}
		in.field(in.k[s+1], in.next)
	}
	worst := 0.0
	for i := range in.Y {
		sum := 0.0
		for s, w := range defect {
			sum += w * in.k[s][i]
		}
		if e := math.Abs(h * sum); !(e <= worst) {
			worst = e
		}
	}
	return worst / (in.abs + in.rel*max(largest(in.Y), largest(in.next)))
}

func largest(v []float64) float64 {
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(x))
	}
	return most
}

// Step moves y by one step of gradient descent; g holds the gradient afterwards.
func Step(y, g []float64, eta float64, gradient func(dst, y []float64)) {
	gradient(g, y)
	for i, v := range g {
		y[i] -= eta * v
	}
}
