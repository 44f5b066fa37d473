package soltanolkotabi2019

import (
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/quadratic"
	"convergo/theorems/internal/curve"
)

// A descent is a scene with a way down.
type descent struct {
	scene
	GradientOnly bool `json:"gradient_only,omitempty"` // leave the negative curvature out
}

func (p descent) cost() checks.Cost {
	c := p.scene.cost()
	c.Trial *= 25
	return c
}

const (
	mostSteps = 120
	// settled is the gap to the global minimum that may be left where a way down ends, relative to the loss at its start and
	// at W = 0.
	settled = 1e-8
)

// proved bounds the gap to the least loss at a point whose gradient and curvature are known: ||S||_2 ||M - M*||_nuc/(2n).
func (s *setting) proved(p quadratic.Point, fourth float64) float64 {
	at := bounds.QuadraticPoint{N: s.n, V: p.Net.A, W: p.Net.W, Gradient: p.Gradient, Curvature: p.Curvature, FourthPower: fourth}
	size, err := nuclear(quadratic.Form(p.Net), s.fit.Form)
	if err != nil {
		return math.NaN()
	}
	return bounds.QuadraticDuality(s.n, at.Residual(), size)
}

// goDown goes down from net until what is proved of the gap is below the tolerance, which it returns.
func (s *setting) goDown(net *nets.Network, opt quadratic.Options) (at quadratic.Point, gap, tolerance float64, err error) {
	l, err := quadratic.NewLandscape(s.x, s.y, net.Width())
	if err != nil {
		return at, 0, 0, err
	}
	tolerance = settled * max(s.energy, s.loss(net))
	fourth := fourthPower(s.x)
	opt.Steps = mostSteps
	opt.Enough = func(p quadratic.Point) bool { return s.proved(p, fourth) <= tolerance }
	at, err = l.Minimise(net, opt)
	return at, s.proved(at, fourth), tolerance, err
}

// secondOrder is the hypothesis that a point is stationary and without negative curvature, up to what would move its loss by the tolerance.
func secondOrder(gap, tolerance float64) checks.Hypothesis {
	return checks.Require("||S||_2 ||M - M*||_nuc/(2n) by gradient and curvature", gap, checks.AtMost, tolerance)
}

// lossCurve is the loss on a way down beside the least loss of all.
func lossCurve(at quadratic.Point, least float64) []checks.Series {
	steps, bound := make([]float64, len(at.Losses)), make([]float64, len(at.Losses))
	for i := range steps {
		steps[i], bound[i] = float64(i), least
	}
	axes := curve.Axes{X: "step", Y: "loss", LogY: true}
	series := []checks.Series{axes.Measured("loss of the network", steps, at.Losses)}
	if least > 1e-14*at.Losses[0] { // zero has no place on a logarithmic axis
		series = append(series, axes.Bound("least squares over all quadratic forms", steps, bound))
	}
	return series
}

// benignLandscape is that all second-order points of the loss are global minima.
//
// Setting: any inputs x_i in R^d with any labels; f(x) = sum_l v_l <w_l, x>^2 with v fixed. Points are found
// by steps down from hidden weights scale N(0, 1), also from W = 0.
//
// Hypotheses: at least d of the v_l are positive and at least d negative. On the draw, W is a second-order stationary point: the
// gradient vanishes and the Hessian is positive semidefinite, up to gradient norm g and curvature -h for which the
// bound under Constants is at most 1e-8 of the larger of the losses at W = 0 and at the start.
//
// Conclusion: L(W) = min over symmetric M of (1/2n) sum_i (x_i^T M x_i - y_i)^2, least squares in d(d+1)/2 unknowns. So every local
// minimum is global, and every other stationary point has a direction of negative curvature.
//
// Constants: none in the paper, which does not give the value of the minimum; M = W^T D_v W takes every symmetric value (see
// minimum-attained). For a computed point the statement needs a modulus, which is ours: L(W) - L* <= ||S||_2 ||M - M*||_nuc/(2n), see
// exact-gap, and with s the d-th singular value of the neurons of a sign, W_- say,
//
//	||S||_2 <= n g/(2 vmin s)   and   lmax(S) <= (n h/2 + 2 s^2 vmax^2 sum_i ||x_i||^4)/vmin,
//
// the first because grad = (2/n) D_v W S, the second by the direction U = D_v^{-1} a b^T, with a the combination of neurons of norm s (zero
// where there are more than d) and b the top eigenvector of S. Likewise W_+ bounds lmin(S).
//
// Convention: mean loss, v fixed.
//
// Reference: Soltanolkotabi, Javanmard, Lee (2019), Theorem 2.1, first part; the value and the moduli derived here.
//
// Control: one negative (or positive) neuron short, or all of one sign: local minima with a gap appear; and steps without
// negative curvature never leave W = 0.
func benignLandscape() checks.Checkable {
	repeated := data.Spec{Kind: data.Lattice, Points: [][]int{{1, 2}, {1, 2}, {2, 4}, {0, 1}, {3, -1}, {1, 1}}, Raw: true, Labels: data.Normal, Seed: 2}
	return checks.Claim[descent]{
		ID: "soltanolkotabi2019/benign-landscape", Title: "second-order points are global minima", Reference: "Theorem 2.1, first part",
		Formula:    `\nabla L(W) = 0,\ \nabla^2 L(W) \succeq 0 \ \Rightarrow\ L(W) = \min_{M = M^{\top}} \tfrac{1}{2n}\sum_i (x_i^{\top} M x_i - y_i)^2`,
		Convention: convention, Basis: checks.Stated, Form: checks.Always{}, Version: 1,
		Grid: []descent{
			{scene: scene{Data: gaussian(9, 3), V: signs(3, 3, 0.5), Scale: 1}},
			{scene: scene{Data: gaussian(1, 1), V: signs(1, 1, 0), Scale: 1}},
			{scene: scene{Data: gaussian(6, 2), V: signs(2, 2, 0)}}, // from the saddle at zero
			{scene: scene{Data: gaussian(6, 2), V: append(signs(3, 2, 3), 0), Scale: 3}},
			{scene: scene{Data: repeated, V: signs(2, 2, 0), Scale: 0.3}},
			{scene: scene{Data: steep(3, -1), V: signs(3, 3, 0), Scale: 1}},
			{scene: scene{Data: gaussian(16, 4), V: signs(4, 4, 1), Scale: 1}},
		},
		Space: rapid.Custom(func(t *rapid.T) descent { return descent{scene: scenes(8, 2, 0).Draw(t, "scene")} }),
		Cost:  descent.cost, Setup: descent.landscape,
		Controls: []checks.Control[descent]{
			{
				Name: "one-negative-short", Why: "labels of the form -||x||^2 need d negative directions; with d - 1 negative neurons the way ends at W S = 0 with S != 0",
				At: []descent{
					{scene: scene{Data: data.Spec{Kind: data.Sphere, N: 9, D: 3, Seed: 1, Labels: data.Const, LabelScale: -1}, V: signs(3, 2, 0), Scale: 1}},
					{scene: scene{Data: data.Spec{Kind: data.Sphere, N: 5, D: 2, Seed: 1, Labels: data.Const, LabelScale: -1}, V: signs(2, 1, 0), Scale: 1}},
				},
			},
			{
				Name: "one-positive-short", Why: "the mirror image: labels ||x||^2 and d - 1 positive neurons",
				At: []descent{{scene: scene{Data: data.Spec{Kind: data.Sphere, N: 9, D: 3, Seed: 1, Labels: data.Const}, V: signs(2, 3, 0), Scale: 1}}},
			},
			{
				Name: "one-sign", Why: "positive neurons alone reach the minimum over positive semidefinite forms, which is above that over all",
				At: []descent{{scene: scene{Data: gaussian(9, 3), V: signs(6, 0, 0), Scale: 1}}},
			},
			{
				Name: "saddle", Why: "W = 0 is stationary, and gradient steps alone stay there: the second-order condition is needed",
				At: []descent{{scene: scene{Data: gaussian(9, 3), V: signs(3, 3, 0)}, GradientOnly: true}},
			},
		},
	}
}

func (p descent) landscape() (checks.Instance, error) {
	s, err := newSetting(p.Data, p.V)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{
		Hypotheses: enough(p.V, s.d),
		Facts:      []checks.Fact{checks.NewFact("least loss over all forms", s.fit.Loss), checks.NewFact("neurons", float64(len(p.V)))},
		Trial: func(r *rand.Rand) checks.Measurement {
			at, gap, tolerance, err := s.goDown(s.draw(p.Scale, r), quadratic.Options{GradientOnly: p.GradientOnly})
			if err != nil {
				return checks.Failed(err)
			}
			return checks.Measurement{
				Observed: at.Loss, Predicted: s.fit.Loss, Relation: checks.Equal, Tolerance: tolerance,
				Hypotheses: []checks.Hypothesis{secondOrder(gap, tolerance)}, Series: lossCurve(at, s.fit.Loss),
			}
		},
	}, nil
}
