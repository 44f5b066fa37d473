package elkabetz2021

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/nets/flow"
	"convergo/nets/homogeneous"
)

// An objective is a function whose flow is known, with what it is like around it.
type objective struct {
	gradient func(dst, x []float64)
	start    []float64
	unstable []float64 // unit direction in which an offset grows most
	// flow returns a function that follows the flow through rising times.
	flow func() (func(t float64) ([]float64, error), error)
	// tube bounds the function within eps of the flow between two times.
	tube    func(from, to, eps float64) (bounds.TubeCell, error)
	inexact float64 // relative error of the flow
}

// path is an objective with a start and a time.
type path struct {
	Kind  string    `json:"kind"`            // quadratic, circle, ledge or deep
	Eigen []float64 `json:"eigen,omitempty"` // quadratic: eigenvalues
	Start []float64 `json:"start,omitempty"`
	Sizes []int     `json:"sizes,omitempty"` // deep: layers, Lambda = e_1 e_1^T and weights as a wave
	Scale float64   `json:"scale,omitempty"` // deep: of the weights
	Time  float64   `json:"time"`
	Eps   float64   `json:"eps"`
}

func (p path) objective() (objective, error) {
	switch p.Kind {
	case "quadratic":
		return p.quadratic()
	case "circle":
		return circle(), nil
	case "ledge":
		return p.ledge(), nil
	case "deep":
		return p.deep()
	}
	return objective{}, fmt.Errorf("kind %q: use quadratic, circle, ledge or deep", p.Kind)
}

// exact wraps a closed form.
func exact(at func(t float64) []float64) func() (func(float64) ([]float64, error), error) {
	return func() (func(float64) ([]float64, error), error) {
		return func(t float64) ([]float64, error) { return at(t), nil }, nil
	}
}

// quadratic is sum_i lambda_i x_i^2/2.
func (p path) quadratic() (objective, error) {
	if len(p.Eigen) == 0 || len(p.Eigen) != len(p.Start) {
		return objective{}, fmt.Errorf("a quadratic of eigenvalues %v from %v: give as many numbers of either", p.Eigen, p.Start)
	}
	at := func(t float64) []float64 {
		x := make([]float64, len(p.Start))
		for i, l := range p.Eigen {
			x[i] = p.Start[i] * math.Exp(-l*t)
		}
		return x
	}
	smooth, unstable := 0.0, make([]float64, len(p.Start))
	for _, l := range p.Eigen {
		smooth = max(smooth, math.Abs(l))
	}
	unstable[floats.MinIdx(p.Eigen)] = 1
	return objective{
		gradient: func(dst, x []float64) { floats.MulTo(dst, p.Eigen, x) },
		start:    p.Start, unstable: unstable, flow: exact(at),
		tube: func(from, to, eps float64) (bounds.TubeCell, error) {
			a, b, sum := at(from), at(to), 0.0 // every coordinate is monotone in between
			for i, l := range p.Eigen {
				g := l * max(math.Abs(a[i]), math.Abs(b[i]))
				sum += g * g
			}
			return bounds.TubeCell{Smoothness: smooth, Gradient: math.Sqrt(sum) + smooth*eps, Curvature: -floats.Min(p.Eigen)}, nil
		},
	}, nil
}

// circle is -(r-1)^2/2 + phi in polar coordinates, phi unwrapped: its flow from (1, 0) runs along the ridge r = 1 at the angle -t.
// In the polar frame the Hessian is [[-1, -1/r^2], [-1/r^2, -(r-1)/r]].
func circle() objective {
	return objective{
		gradient: func(dst, x []float64) {
			r := math.Hypot(x[0], x[1])
			c, s := x[0]/r, x[1]/r
			dst[0], dst[1] = -(r-1)*c-s/r, -(r-1)*s+c/r
		},
		start: []float64{1, 0}, unstable: []float64{1, 0},
		flow: exact(func(t float64) []float64 { return []float64{math.Cos(t), -math.Sin(t)} }),
		tube: func(_, _, eps float64) (bounds.TubeCell, error) {
			if eps >= 1 {
				return bounds.TubeCell{}, fmt.Errorf("a tube of width %v reaches the centre of the circle: stay below 1", eps)
			}
			cross := 1 / ((1 - eps) * (1 - eps)) // the largest 1/r^2
			low, high := -eps/(1-eps), eps/(1+eps)
			// -(r-1)/r lies between -high and -low: eigenvalues are monotone in it and in the cross term.
			edge := func(d float64) float64 { return math.Hypot((1+d)/2, cross) }
			m := (1+high)/2 + edge(-high)
			top := (-1-low)/2 + edge(-low)
			return bounds.TubeCell{Smoothness: max(m, top), Gradient: math.Hypot(eps, 1/(1-eps)), Curvature: m}, nil
		},
	}
}

// ledge is -x_1 within eps of its flow and falls off on either side, as -(|x_2| - eps)^2 times 200.
func (p path) ledge() objective {
	return objective{
		gradient: func(dst, x []float64) {
			dst[0], dst[1] = -1, 0
			if out := math.Abs(x[1]) - p.Eps; out > 0 {
				dst[1] = -400 * math.Copysign(out, x[1])
			}
		},
		start: []float64{0, 0}, unstable: []float64{0, 1},
		flow: exact(func(t float64) []float64 { return []float64{t, 0} }),
		tube: func(_, _, _ float64) (bounds.TubeCell, error) { return bounds.TubeCell{Gradient: 1}, nil },
	}
}

// deep is (1/2)||W_n ... W_1 - e_1 e_1^T||_F^2 from weights that look random and are the same for ever.
func (p path) deep() (objective, error) {
	d, k := p.Sizes[0], p.Sizes[len(p.Sizes)-1]
	lambda := mat.NewDense(k, d, nil)
	lambda.Set(0, 0, 1)
	net, err := homogeneous.New(homogeneous.Whitened(p.Sizes, lambda))
	if err != nil {
		return objective{}, err
	}
	start := make([]float64, net.Dim())
	for i := range start {
		start[i] = p.Scale * math.Sin(float64(3*i*i+i+1))
	}
	gradient := func(dst, x []float64) { net.Gradient(dst, x) }
	const tolerance = 1e-12
	run := func() (func(float64) ([]float64, error), error) {
		in, err := flow.New(flow.Descending(gradient), start, tolerance, 0)
		if err != nil {
			return nil, err
		}
		return func(t float64) ([]float64, error) { err := in.To(t); return in.Y, err }, nil
	}
	unstable := make([]float64, len(start))
	unstable[0] = 1
	here, err := run()
	if err != nil {
		return objective{}, err
	}
	return objective{
		gradient: gradient, start: start, unstable: unstable, flow: run, inexact: 1e-9,
		tube: func(from, to, eps float64) (bounds.TubeCell, error) {
			x, err := here(from) // cells are asked for in the order of time
			if err != nil {
				return bounds.TubeCell{}, err
			}
			var norms []float64
			for j := 1; j <= net.Depth(); j++ {
				norms = append(norms, operatorNorm(net.Layer(x, j)))
			}
			residual := math.Sqrt(2 * net.Value(x))
			near, err := bounds.DeepTube(norms, residual, eps)
			if err != nil {
				return near, err
			}
			travel := near.Gradient * (to - from) // as long as it is within eps, the flow is no faster
			if travel > eps {
				return near, fmt.Errorf("the flow may leave its tube of width %v in a step of %v: take shorter steps", eps, to-from)
			}
			return bounds.DeepTube(norms, residual, eps+travel)
		},
	}, nil
}

// descend runs descent from an offset start; each hears of the distance to the flow after every step.
func (o objective) descend(eta, offset float64, steps int, each func(k int, distance float64)) error {
	follow, err := o.flow()
	if err != nil {
		return err
	}
	x, g := append([]float64(nil), o.start...), make([]float64, len(o.start))
	floats.AddScaled(x, offset, o.unstable)
	for k := 0; ; k++ {
		y, err := follow(float64(k) * eta)
		if err != nil {
			return err
		}
		each(k, floats.Distance(x, y, 2))
		if k == steps {
			return nil
		}
		flow.Step(x, g, eta, o.gradient)
	}
}
