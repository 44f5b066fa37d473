package elkabetz2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/flow"
	"convergo/nets/homogeneous"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// convexRun is a convex function with descent on it.
type convexRun struct {
	Kind  string     `json:"kind"`            // quadratic, squares or softmax
	Eigen []float64  `json:"eigen,omitempty"` // quadratic
	Data  *data.Spec `json:"data,omitempty"`  // squares: linear regression on its labels; softmax: a linear classifier of its two classes
	Share float64    `json:"share"`           // eta beta
	Steps int        `json:"steps"`
}

// A convexFunction has its gradient, a flow from a start, and a bound on its Hessian.
type convexFunction struct {
	gradient func(dst, x []float64)
	flow     func(start []float64) (func(t float64) ([]float64, error), error)
	dim      int
	smooth   float64
	inexact  float64
}

func (p convexRun) function(set *data.Set) (convexFunction, error) {
	switch p.Kind {
	case "quadratic":
		smooth := 0.0
		for _, l := range p.Eigen {
			smooth = max(smooth, math.Abs(l))
		}
		return convexFunction{
			dim: len(p.Eigen), smooth: smooth,
			gradient: func(dst, x []float64) { floats.MulTo(dst, p.Eigen, x) },
			flow: func(start []float64) (func(float64) ([]float64, error), error) {
				y := make([]float64, len(start))
				return func(t float64) ([]float64, error) {
					for i, l := range p.Eigen {
						y[i] = start[i] * math.Exp(-l*t)
					}
					return y, nil
				}, nil
			},
		}, nil
	case "squares":
		return squares(set)
	case "softmax":
		return softmax(set)
	}
	return convexFunction{}, fmt.Errorf("kind %q: use quadratic, squares or softmax", p.Kind)
}

// squares is ||Xw - y||^2/(2n): its Hessian is X^T X/n.
func squares(set *data.Set) (convexFunction, error) {
	n, d := set.X.Dims()
	h := mat.NewSymDense(d, nil)
	h.SymOuterK(1/float64(n), set.X.T())
	top, err := eig.Max(h)
	if err != nil {
		return convexFunction{}, err
	}
	linear, err := train.NewLinear(h)
	if err != nil {
		return convexFunction{}, err
	}
	gradient := func(dst, w []float64) {
		clear(dst)
		for i := range n {
			x := set.X.RawRowView(i)
			floats.AddScaled(dst, (floats.Dot(x, w)-set.Y[i])/float64(n), x)
		}
	}
	return convexFunction{
		dim: d, smooth: top.Upper(), gradient: gradient, inexact: 1e-12,
		flow: func(start []float64) (func(float64) ([]float64, error), error) {
			g := make([]float64, d)
			gradient(g, start)
			return func(t float64) ([]float64, error) { // w(t) = w(0) - H^{-1}(1 - e^{-Ht}) g(0), the limit t where H vanishes
				move := linear.Apply(g, func(l float64) float64 {
					if math.Abs(l*t) < 1e-12 {
						return t
					}
					return -math.Expm1(-l*t) / l
				})
				return floats.SubTo(move, start, move), nil
			}, nil
		},
	}, nil
}

// softmax is the mean cross-entropy of a linear classifier: the Hessian of log-sum-exp is at most 1/2.
func softmax(set *data.Set) (convexFunction, error) {
	n, d := set.X.Dims()
	y := mat.NewDense(n, 2, nil)
	for i, v := range set.Y {
		class := 0
		if v < 0 {
			class = 1
		}
		y.Set(i, class, 1)
	}
	problem := homogeneous.Problem{Sizes: []int{d, 2}, X: set.X, Y: y, Loss: homogeneous.CrossEntropy, Mean: true}
	net, err := homogeneous.New(problem)
	if err != nil {
		return convexFunction{}, err
	}
	norm, err := eig.SpectralNorm(set.X)
	if err != nil {
		return convexFunction{}, err
	}
	gradient := func(dst, w []float64) { net.Gradient(dst, w) }
	return convexFunction{
		dim: net.Dim(), smooth: norm.Upper() * norm.Upper() / (2 * float64(n)), gradient: gradient, inexact: 1e-9,
		flow: func(start []float64) (func(float64) ([]float64, error), error) {
			in, err := flow.New(flow.Descending(gradient), start, 1e-12, 0)
			if err != nil {
				return nil, err
			}
			return func(t float64) ([]float64, error) { err := in.To(t); return in.Y, err }, nil
		},
	}, nil
}

// convex is the simplified theorem for convex functions.
//
// Setting: f convex and beta-smooth; flow and descent with step eta from the same start.
//
// Hypotheses: eta <= 2/beta for the first bound, none for the second.
//
// Conclusion: for all k, ||theta_k - theta(k eta)|| <= (1/2) beta ||grad f(theta_0)|| eta (k eta) (part start), and <= (1/2) beta eta times
// the length of the path of descent up to k (part length).
//
// Constants: derived here: tracking-cells with m = 0 and the gradients at the iterates, of which none is larger than the first if eta <=
// 2/beta. The simplified form has beta gamma eta t, without 1/2. Both are attained by one step on a parabola as eta beta goes to zero.
//
// Convention: sums or means alike.
//
// Reference: simplified form for convex functions (Theorem 1 of the authors' summary with lambda_- = 0), constant derived here.
//
// Control: 0.97 of either constant; a hill; eta = 2.1/beta over 60 steps, where the gradients grow.
func convex() checks.Claim[convexRun] {
	type sabotage struct {
		constant float64
		blind    bool
	}
	setup := func(s sabotage) func(convexRun) (checks.Instance, error) {
		return func(p convexRun) (checks.Instance, error) {
			var set *data.Set
			if p.Data != nil {
				var err error
				if set, err = p.Data.Build(); err != nil {
					return checks.Instance{}, err
				}
			}
			if _, err := p.function(set); err != nil {
				return checks.Instance{}, err
			}
			inst := checks.Instance{}
			if !s.blind {
				inst.Hypotheses = []checks.Hypothesis{checks.Require("eta beta", p.Share, checks.AtMost, 2)}
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement { return p.trial(set, s.constant, r) }
			return inst, nil
		}
	}
	line := func(curvature, share float64, steps int) convexRun {
		return convexRun{Kind: "quadratic", Eigen: []float64{curvature}, Share: share, Steps: steps}
	}
	mnist, fashion := images.Hard(data.MNIST, 12, 49), images.Easy(data.Fashion, 10, 49)
	return checks.Claim[convexRun]{
		ID: "elkabetz2021/convex", Title: "descent follows flow on convex functions", Reference: "simplified form, constant derived here",
		Formula:    `\|\theta_k - \theta(k\eta)\| \le \tfrac12\, \beta\, \|\nabla f(\theta_0)\|\, \eta\, (k\eta)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) convexRun {
			p := convexRun{Kind: "quadratic", Share: rapid.SampledFrom([]float64{1e-3, 0.1, 1, 1.9, 2}).Draw(t, "share"), Steps: rapid.IntRange(1, 60).Draw(t, "steps")}
			for range rapid.IntRange(1, 5).Draw(t, "dimension") {
				p.Eigen = append(p.Eigen, rapid.SampledFrom([]float64{0, 1e-3, 0.2, 1, 7}).Draw(t, "eigenvalue"))
			}
			p.Eigen = append(p.Eigen, 7)
			return p
		}),
		Grid: []convexRun{
			line(1, 0.01, 1), // attains both
			line(1, 0.01, 100), line(3, 2, 20),
			{Kind: "quadratic", Eigen: []float64{4, 1, 0.1, 0}, Share: 0.5, Steps: 30},
			{Kind: "squares", Data: &mnist, Share: 1, Steps: 60}, {Kind: "softmax", Data: &fashion, Share: 1, Steps: 40},
		},
		OnData: func(f checks.DataFile) []convexRun {
			rows := userfile.Labelled(f, 60)
			return []convexRun{{Kind: "squares", Data: &rows, Share: 1, Steps: 60}}
		},
		Cost:  func(p convexRun) checks.Cost { return p.cost() },
		Setup: setup(sabotage{constant: 1}),
		Controls: []checks.Control[convexRun]{
			{Name: "smaller-constant", Why: "one small step on a parabola is a third of a per cent below the bound", At: []convexRun{line(1, 0.01, 1)}, Setup: setup(sabotage{constant: 0.97})},
			{Name: "hill", Why: "on a hill the distance grows like e^t", At: []convexRun{line(-1, 0.1, 30)}},
			{Name: "long-step", Why: "at eta = 2.1/beta the gradients grow by 1.1 a step: after 60 the distance is twice the bound", At: []convexRun{line(1, 2.1, 60)}, Setup: setup(sabotage{constant: 1, blind: true})},
		},
	}
}

func (p convexRun) cost() checks.Cost {
	n, d := len(p.Eigen), len(p.Eigen)
	if p.Data != nil {
		n, d = p.Data.Size()
	}
	size := float64(n) * float64(d)
	return checks.Cost{Setup: 30 * float64(d) * float64(d) * float64(d), Trial: float64(p.Steps) * (100*size + 4*float64(d)*float64(d)), Size: fmt.Sprintf("n=%d, d=%d", n, d)}
}

// trial runs descent from a Gaussian start.
func (p convexRun) trial(set *data.Set, constant float64, r *rand.Rand) checks.Measurement {
	f, err := p.function(set)
	if err != nil {
		return checks.Failed(err)
	}
	x := nets.Gaussian(1, f.dim, r).RawRowView(0)
	follow, err := f.flow(append([]float64(nil), x...))
	if err != nil {
		return checks.Failed(err)
	}
	eta, g, length := p.Share/f.smooth, make([]float64, f.dim), 0.0
	f.gradient(g, x)
	first, size := floats.Norm(g, 2), floats.Norm(x, 2)
	var parts []checks.Measurement
	var steps, distances, limits []float64
	for k := 1; k <= p.Steps; k++ {
		flow.Step(x, g, eta, f.gradient)
		length += eta * floats.Norm(g, 2)
		y, err := follow(float64(k) * eta)
		if err != nil {
			return checks.Failed(err)
		}
		distance := floats.Distance(x, y, 2)
		tolerance := (f.inexact + float64(16*(k+f.dim))*unit) * (size + length)
		byStart, byLength := constant*bounds.ConvexTracking(f.smooth, first, eta, k), constant*f.smooth*eta*length/2
		parts = append(parts,
			checks.Measurement{Part: "start", Observed: distance, Predicted: byStart, Tolerance: tolerance},
			checks.Measurement{Part: "length", Observed: distance, Predicted: byLength, Tolerance: tolerance})
		steps, distances, limits = append(steps, float64(k)), append(distances, distance), append(limits, byStart)
	}
	m := checks.Each(parts...)
	m.Series = curve.Axes{X: "step", Y: "distance of descent and flow"}.Against("descent", steps, distances, limits)
	return m
}
