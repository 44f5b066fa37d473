package elkabetz2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/flow"
	"convergo/nets/homogeneous"
	"convergo/theorems/internal/images"
)

// training is a deep linear network with data, and descent on it up to a time.
type training struct {
	Sizes   []int      `json:"sizes"`
	Std     float64    `json:"std"`             // of the weights; 0: all weights are Equal
	Equal   float64    `json:"equal,omitempty"` // every weight
	Data    *data.Spec `json:"data,omitempty"`  // mean loss on its labels; none: whitened, Lambda Gaussian, or 1 under equal weights
	Softmax bool       `json:"softmax,omitempty"`
	Time    float64    `json:"time"`
	Steps   int        `json:"steps"`
	Growth  bool       `json:"growth,omitempty"` // follow the curvature too
	Curve   bool       `json:"curve,omitempty"`  // draw the distances against the time
	Relu    bool       `json:"relu,omitempty"`   // control
}

func (p training) weights() int { return point{Sizes: p.Sizes}.weights() }

func (p training) cost() checks.Cost {
	n := p.Sizes[0]
	if p.Data != nil {
		n, _ = p.Data.Size()
	}
	step := 12 * float64(n) * float64(p.weights())
	return checks.Cost{Trial: step * float64(8*p.Steps+1500), Size: fmt.Sprintf("%d weights, %d steps", p.weights(), p.Steps)}
}

// draw makes the network and a start.
func (p training) draw(set *data.Set, r *rand.Rand) (*homogeneous.Objective, []float64, error) {
	d, k := p.Sizes[0], p.Sizes[len(p.Sizes)-1]
	var q homogeneous.Problem
	switch {
	case set != nil:
		y := mat.NewDense(set.N(), k, nil)
		for i, v := range set.Y {
			if !p.Softmax {
				y.Set(i, 0, v)
				continue
			}
			class := 0
			if v < 0 {
				class = 1
			}
			y.Set(i, class, 1)
		}
		q = homogeneous.Problem{Sizes: p.Sizes, X: set.X, Y: y, Mean: true}
		if p.Softmax {
			q.Loss = homogeneous.CrossEntropy
		}
	case p.Std == 0:
		lambda := mat.NewDense(k, d, nil)
		lambda.Set(0, 0, 1)
		q = homogeneous.Whitened(p.Sizes, lambda)
	default:
		q = homogeneous.Whitened(p.Sizes, nets.Gaussian(k, d, r))
	}
	if p.Relu {
		q.Plus, q.Minus = 1, 0
	}
	net, err := homogeneous.New(q)
	if err != nil {
		return nil, nil, err
	}
	theta := homogeneous.Gaussian(p.Sizes, p.Std, r)
	for i := range theta {
		theta[i] += p.Equal
	}
	return net, theta, nil
}

// descend takes steps of descent up to a time.
func descend(net *homogeneous.Objective, start []float64, time float64, steps int) []float64 {
	x, g := append([]float64(nil), start...), make([]float64, len(start))
	gradient := func(dst, x []float64) { net.Gradient(dst, x) }
	for range steps {
		flow.Step(x, g, time/float64(steps), gradient)
	}
	return x
}

// A firstOrder is a flow with the first-order term of descent beside it.
type firstOrder struct {
	theta  []float64 // the flow at the time
	drift  []float64 // e: descent is at theta + eta e + O(eta^2)
	growth float64   // (1/2) int e^{int_s^T -lambda_min} ||Hess grad||, or NaN
}

// expand solves theta' = -g, e' = -H (e + g/2), and, where wanted, b' = -lambda_min(H) b + ||H g||/2.
func expand(net *homogeneous.Objective, start []float64, time float64, growth bool) (firstOrder, error) {
	p := len(start)
	y := make([]float64, 2*p, 2*p+1)
	copy(y, start)
	rel := 1e-12
	if growth {
		y, rel = append(y, 0), 1e-9
	}
	v, hv := make([]float64, p), make([]float64, p)
	var failed error
	in, err := flow.New(func(dst, y []float64) {
		theta, e, g := y[:p], y[p:2*p], dst[:p]
		net.Gradient(g, theta)
		floats.AddScaledTo(v, e, 0.5, g)
		net.HessianVector(dst[p:2*p], theta, v)
		if growth {
			net.HessianVector(hv, theta, g)
			low, err := eig.Min(net.Hessian(theta))
			if err != nil {
				failed = err
			}
			dst[2*p] = -low.Value*y[2*p] + floats.Norm(hv, 2)/2
		}
		floats.Scale(-1, dst[:2*p])
	}, y, rel, 1e-14)
	if err != nil {
		return firstOrder{}, err
	}
	if err := in.To(time); err != nil {
		return firstOrder{}, err
	}
	out := firstOrder{theta: in.Y[:p], drift: in.Y[p : 2*p], growth: math.NaN()}
	if growth {
		out.growth = in.Y[2*p]
	}
	return out, failed
}

// build makes the data, if there are any.
func (p training) build() (*data.Set, error) { return point{Data: p.Data}.build() }

// firstOrderLaw is the limit of the distance of descent and flow over the step.
//
// Setting: f three times differentiable near its flow on [0, T] (here deep linear networks, squares and cross-entropy); descent with
// step eta = T/K from the same start.
//
// Hypotheses: none beside; three step sizes T/K, T/(2K), T/(4K) in the run.
//
// Conclusion: (theta_K - theta(T))/eta tends to e(T) as eta -> 0, where e' = -Hess f(theta(t)) (e + grad f(theta(t))/2), e(0) = 0 (part
// coefficient). So
//
//	lim ||theta_K - theta(T)||/eta <= (1/2) int_0^T e^{-int_s^T lambda_min} ||Hess f grad f|| ds,
//
// with lambda_min(Hess f(theta(t))) on the flow alone (part growth); it is at most (1/2) beta gamma T e^{-int_0^T lambda_-}, lambda_- =
// min(lambda_min, 0), the order of the simplified theorem.
//
// Constants: derived here: the local error of a step is eta^2 theta”/2 = eta^2 Hess f grad f/2, and errors are carried along by the
// linearised flow. The limit is taken by extrapolation from three steps, which leaves a term of order eta^3; the tolerance of 2e-4 is for
// that. Growth is attained by two scalar weights that are equal, while their product is less than half of the target.
//
// Convention: sums of squares, or means on data.
//
// Reference: simplified form (Theorem 1 of the authors' summary), explicit limit derived here.
//
// Control: the coefficient without the factor 1/2 of the local error; with the local error of the end of the step, -1/2; 0.99 of
// the growth; ReLU, whose kinks leave other errors.
func firstOrderLaw() checks.Claim[training] {
	type sabotage struct{ coefficient, growth float64 }
	setup := func(s sabotage) func(training) (checks.Instance, error) {
		return func(p training) (checks.Instance, error) {
			set, err := p.build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				net, start, err := p.draw(set, r)
				if err != nil {
					return checks.Failed(err)
				}
				law, err := expand(net, start, p.Time, p.Growth)
				if err != nil {
					return checks.Failed(err)
				}
				limit := make([]float64, len(start))
				for i, w := range []float64{1. / 3, -2, 8. / 3} { // of the quotients at eta, eta/2, eta/4
					steps := p.Steps << i
					x := descend(net, start, p.Time, steps)
					floats.Sub(x, law.theta)
					floats.AddScaled(limit, w*float64(steps)/p.Time, x)
				}
				size := floats.Norm(law.drift, 2)
				tolerance := 2e-4 * floats.Norm(limit, 2)
				parts := []checks.Measurement{
					checks.Worst(
						checks.Measurement{Part: "coefficient", Observed: floats.Dot(limit, law.drift) / size, Predicted: s.coefficient * size, Relation: checks.Equal, Tolerance: tolerance},
						checks.Measurement{Part: "coefficient", Observed: floats.Norm(limit, 2), Predicted: math.Abs(s.coefficient) * size, Relation: checks.Equal, Tolerance: tolerance}),
				}
				if p.Growth {
					parts = append(parts, checks.Measurement{Part: "growth", Observed: floats.Norm(limit, 2), Predicted: s.growth * law.growth, Tolerance: tolerance})
				}
				return checks.All(parts...)
			}}, nil
		}
	}
	equal := training{Sizes: []int{1, 1, 1}, Equal: 0.1, Time: 1.7, Steps: 120, Growth: true} // w^2 stays below 1/2
	deep := training{Sizes: []int{3, 2, 2, 2}, Std: 0.5, Time: 1, Steps: 120, Growth: true}
	mnist := images.Hard(data.MNIST, 12, 49)
	relu := training{Sizes: []int{2, 4, 1}, Std: 1, Time: 3, Steps: 40, Relu: true}
	return checks.Claim[training]{
		ID: "elkabetz2021/first-order", Title: "distance of descent and flow to first order", Reference: "simplified form, explicit limit derived here",
		Formula:    `\lim_{\eta\to 0} \frac{\theta_{T/\eta}-\theta(T)}{\eta} = e(T), \quad e' = -\nabla^2 f(\theta(t))\left(e + \tfrac12 \nabla f(\theta(t))\right)`,
		Convention: convention + "; means on data", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []training{
			equal, deep,
			{Sizes: []int{4, 3, 1}, Std: 0.4, Time: 2, Steps: 150},
			{Sizes: []int{49, 3, 2}, Std: 0.15, Data: &mnist, Softmax: true, Time: 5, Steps: 60},
		},
		Cost:  training.cost,
		Setup: setup(sabotage{1, 1}),
		Controls: []checks.Control[training]{
			{Name: "twice", Why: "the local error is half of the second derivative", At: []training{deep}, Setup: setup(sabotage{2, 1})},
			{Name: "implicit", Why: "Euler's method with the gradient of the end of a step errs to the other side", At: []training{deep}, Setup: setup(sabotage{-1, 1})},
			{Name: "near-coefficient", Why: "0.998 of the coefficient is ten times the tolerance away", At: []training{equal, deep}, Setup: setup(sabotage{0.998, 1})},
			{Name: "less-growth", Why: "two equal weights attain it", At: []training{equal}, Setup: setup(sabotage{1, 0.99})},
			{Name: "relu", Why: "where a sample crosses a kink the flow has no second derivative", At: []training{relu}},
		},
	}
}
