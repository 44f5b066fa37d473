package quadratic

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// A Point is where a way down stands.
type Point struct {
	Net       *nets.Network
	Steps     int       // that were taken
	Loss      float64   // at the point
	Gradient  float64   // Euclidean norm of the gradient
	Curvature float64   // smallest eigenvalue of the Hessian
	Largest   float64   // largest eigenvalue of the Hessian in absolute value
	Losses    []float64 // of all points so far
}

// Options say how far down to go, and from which weights.
type Options struct {
	Layers nets.Layers // that move; 0 is nets.FirstLayer
	Steps  int         // at most
	// Enough ends the way at a point that is good enough; nil goes on for all steps.
	Enough func(Point) bool
	// GradientOnly leaves the directions of negative curvature out, so that the way may end at a saddle.
	GradientOnly bool
}

// Minimise goes down from net by damped Newton steps in which the absolute values of the eigenvalues of the Hessian stand for
// them, with a push along the most negative one: no step raises the loss by more than rounding, and saddles are left. It returns the last point.
func (l *Landscape) Minimise(net *nets.Network, opt Options) (Point, error) {
	if opt.Layers == 0 {
		opt.Layers = nets.FirstLayer
	}
	at := Point{Net: net.Clone(), Loss: l.Loss(net)}
	damping, push := 0.0, 0.1
	for {
		var es mat.EigenSym
		if !es.Factorize(l.Hessian(at.Net, opt.Layers), true) {
			return at, errors.New("quadratic: the eigenvalues of the Hessian did not converge")
		}
		m := newModel(&es, l.Gradient(at.Net, opt.Layers))
		at.Gradient, at.Curvature, at.Largest = m.gradient, m.values[0], m.largest()
		at.Losses = append(at.Losses, at.Loss)
		if opt.Enough != nil && opt.Enough(at) || at.Steps == opt.Steps || at.Largest == 0 {
			return at, nil
		}
		size := 1 + mat.Norm(at.Net.W, 2)
		// Networks of equal outputs lie on curves, along which the Hessian is of the order of the gradient over the
		// weights: no step should trust a curvature below that.
		slope := at.Gradient / size
		for try := 0; ; try++ {
			kick := push * size
			if opt.GradientOnly || -at.Curvature < 4*slope {
				kick = 0
			}
			next := Moved(at.Net, opt.Layers, m.step(slope+damping*at.Largest, kick))
			loss := l.Loss(next)
			// Near the end the loss is flat to rounding, and the gradient alone shows progress.
			if loss < at.Loss || loss <= at.Loss*(1+1e-14) && floats.Norm(l.Gradient(next, opt.Layers), 2) < at.Gradient/2 {
				at.Net, at.Loss = next, loss
				damping, push = damping/8, min(2*push, 1)
				break
			}
			if try == 60 {
				return at, nil // rounding leaves nothing to gain
			}
			damping, push = max(4*damping, 1e-6), push/3
		}
		at.Steps++
	}
}

// A model is the gradient in the eigenvectors of the Hessian.
type model struct {
	values, along []float64
	vectors       mat.Dense
	gradient      float64
}

func newModel(es *mat.EigenSym, gradient []float64) *model {
	m := &model{values: es.Values(nil), gradient: floats.Norm(gradient, 2)}
	es.VectorsTo(&m.vectors)
	along := mat.NewVecDense(len(gradient), nil)
	along.MulVec(m.vectors.T(), mat.NewVecDense(len(gradient), gradient))
	m.along = along.RawVector().Data
	return m
}

func (m *model) largest() float64 {
	return max(math.Abs(m.values[0]), math.Abs(m.values[len(m.values)-1]))
}

// step solves (|H| + damping) p = -g and adds a push of the given length along the eigenvector of the smallest eigenvalue where that is
// negative. Where neither the gradient nor the damped Hessian has anything to say, there is no step.
func (m *model) step(damping, push float64) []float64 {
	p := mat.NewVecDense(len(m.values), nil)
	floor := 1e-14 * m.largest()
	for i, v := range m.values {
		if scale := math.Abs(v) + damping; scale > floor {
			p.SetVec(i, -m.along[i]/scale)
		}
	}
	if m.values[0] < -floor && math.Abs(p.AtVec(0)) < push {
		p.SetVec(0, math.Copysign(push, p.AtVec(0)))
	}
	step := mat.NewVecDense(len(m.values), nil)
	step.MulVec(&m.vectors, p)
	return step.RawVector().Data
}
