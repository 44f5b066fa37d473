package soltanolkotabi2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/quadratic"
)

// planted are labels of a quadratic form M* that is positive semidefinite, on normal inputs.
type planted struct {
	N     int       `json:"n"`
	D     int       `json:"d"`
	Rank  int       `json:"rank"`           // of M* = B B^T, B of N(0, 1) entries
	Off   float64   `json:"off,omitempty"`  // size of what is added to the labels without moving the best form; needs n >= d(d+1)/2
	Axes  bool      `json:"axes,omitempty"` // inputs e_i with M* = Level I, n = d
	Level float64   `json:"level,omitempty"`
	V     []float64 `json:"v"`
	Scale float64   `json:"scale"` // of the hidden weights; with Axes they are the first d rows of Scale I
}

func (p planted) check() error {
	switch {
	case p.N < 1 || p.D < 1 || p.Rank < 0 || p.Rank > p.D:
		return fmt.Errorf("n = %d, d = %d, rank %d: sizes must be positive and the rank at most d", p.N, p.D, p.Rank)
	case p.Off != 0 && p.N < p.D*(p.D+1)/2:
		return fmt.Errorf("n = %d: labels off the form need n >= %d", p.N, p.D*(p.D+1)/2)
	case p.Axes && p.N != p.D:
		return fmt.Errorf("n = %d, d = %d: the axes are d inputs", p.N, p.D)
	}
	return nil
}

func (p planted) cost() checks.Cost {
	size := float64(len(p.V) * p.D)
	return checks.Cost{Trial: 8*size*size*size + float64(p.N)*size*size + fitCost(p.N, p.D) + 2e4}
}

// A plant is a drawn problem: the form M*, and what the labels are off it at the best positive semidefinite form.
type plant struct {
	*setting
	form *mat.SymDense
	off  []float64 // f(x_i) - y_i at M*
}

// draw draws inputs and M*, and labels y_i = x_i^T M* x_i - r_i for which M* is best among positive semidefinite forms: sum_i r_i x_i x_i^T is
// positive semidefinite and zero on the range of M*.
func (p planted) draw(r *rand.Rand) (plant, error) {
	x, form := nets.Gaussian(p.N, p.D, r), mat.NewSymDense(p.D, nil)
	if p.Axes {
		x.Zero()
		for i := range p.D {
			x.Set(i, i, 1)
			form.SetSym(i, i, p.Level)
		}
	}
	b := nets.Gaussian(p.D, p.D, r)
	for k := range p.Rank {
		form.SymRankOne(form, 1, b.ColView(k))
	}
	off := make([]float64, p.N)
	if p.Off != 0 {
		var err error
		if off, err = p.misses(x, b, r); err != nil {
			return plant{}, err
		}
	}
	y := make([]float64, p.N)
	for i := range y {
		y[i] = mat.Inner(x.RowView(i), form, x.RowView(i)) - off[i]
	}
	s, err := labelled(x, y, p.V)
	return plant{s, form, off}, err
}

// misses draws r with sum_i r_i x_i x_i^T = Z for a positive semidefinite Z whose null space is the span of the first columns of b.
func (p planted) misses(x, b *mat.Dense, r *rand.Rand) ([]float64, error) {
	var qr mat.QR
	qr.Factorize(b)
	var q mat.Dense
	qr.QTo(&q)
	z := mat.NewDense(p.D*(p.D+1)/2, 1, nil)
	for k := p.Rank; k < p.D; k++ {
		direction := mat.NewDense(1, p.D, mat.Col(nil, k, &q))
		z.Add(z, bounds.QuadraticFeatures(direction).T())
	}
	a := bounds.QuadraticFeatures(x)
	g := nets.Gaussian(p.N, 1, r)
	var least, explained, coefficient mat.Dense
	if err := least.Solve(a.T(), z); err != nil {
		return nil, err
	}
	if err := coefficient.Solve(a, g); err != nil {
		return nil, err
	}
	explained.Mul(a, &coefficient)
	g.Sub(g, &explained)
	g.Add(g, &least)
	g.Scale(p.Off, g)
	return g.RawMatrix().Data, nil
}

// sameSignLandscape is the landscape of networks whose output weights are all positive.
//
// Setting: inputs N(0, I_d); M* positive semidefinite of some rank, and labels y_i = x_i^T M* x_i, as a network with positive output
// weights plants them; or these labels less r_i, where sum_i r_i x_i x_i^T is positive semidefinite and zero on the range of M*, which
// makes M* best among positive semidefinite forms. Points are found as in benign-landscape.
//
// Hypotheses: all v_l > 0 and k >= d. On the draw, W is a second-order stationary point, up to gradient norm g and curvature -h for
// which the bound under Constants is at most 1e-8 of the larger of the losses at W = 0 and at the start.
//
// Conclusion: L(W) = min over positive semidefinite M of (1/2n) sum_i (x_i^T M x_i - y_i)^2, which is (1/2n) sum_i r_i^2, and 0 for planted labels.
//
// Constants: none. Theorem 2.2 has planted labels, n <= c d^2 and almost every input; neither of the last two is needed. At a stationary point W S = 0, so
// that <S, M> = 0, and either W has rank d and S = 0, or some a^T W = 0 makes the second derivative along D_v^{-1} a b^T a
// positive multiple of b^T S b: S is positive semidefinite, and L(M') >= L(M) + <S, M' - M>/n >= L(M). For a computed point
// L - min <= ||W||_F g/2 + tr(M*) s/n, s the bound on -lmin(S) as in benign-landscape.
//
// Convention: mean loss, v fixed and positive (for negative ones turn the labels).
//
// Reference: Soltanolkotabi, Javanmard, Lee (2019), Theorem 2.2, first half; for all labels derived here.
//
// Control: one neuron short of d for a form of rank d; one negative neuron, which goes below; and a minimum of 1.02 times its size.
func sameSignLandscape() checks.Checkable {
	setup := func(factor float64) func(planted) (checks.Instance, error) {
		return func(p planted) (checks.Instance, error) { return p.landscape(factor) }
	}
	noisy := planted{N: 9, D: 3, Rank: 1, Off: 1, V: signs(3, 0, 1), Scale: 1}
	return checks.Claim[planted]{
		ID: "soltanolkotabi2019/same-sign-landscape", Title: "second-order points with one sign", Reference: "Theorem 2.2, first half",
		Formula:    `v > 0,\ \nabla L(W) = 0,\ \nabla^2 L(W) \succeq 0 \ \Rightarrow\ L(W) = \min_{M \succeq 0} \tfrac{1}{2n}\sum_i (x_i^{\top} M x_i - y_i)^2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []planted{
			noisy,
			{N: 6, D: 3, Rank: 3, V: signs(3, 0, 0), Scale: 1}, {N: 1, D: 1, Rank: 1, V: signs(1, 0, 0), Scale: 1},
			{N: 5, D: 2, Rank: 0, Off: 2, V: signs(2, 0, 0), Scale: 0.3}, {N: 7, D: 2, Rank: 1, Off: 0.3, V: signs(3, 0, 9), Scale: 1},
		},
		Space: rapid.Custom(func(t *rapid.T) planted {
			d := rapid.IntRange(1, 2).Draw(t, "d")
			p := planted{N: rapid.IntRange(1, 7).Draw(t, "n"), D: d, Rank: rapid.IntRange(0, d).Draw(t, "rank"), V: signs(d+rapid.IntRange(0, 1).Draw(t, "more"), 0, 1), Scale: 1}
			if p.N > d*(d+1)/2 {
				p.Off = rapid.SampledFrom([]float64{0, 0.1, 3}).Draw(t, "off")
			}
			return p
		}),
		Cost:  func(p planted) checks.Cost { c := p.cost(); c.Trial *= 25; return c },
		Setup: setup(1),
		Controls: []checks.Control[planted]{
			{Name: "one-short", Why: "d - 1 neurons have no form of rank d", At: []planted{{N: 8, D: 3, Rank: 3, V: signs(2, 0, 0), Scale: 1}}},
			{Name: "one-negative", Why: "forms that are not positive semidefinite go below", At: []planted{{N: 9, D: 3, Rank: 1, Off: 1, V: signs(3, 1, 0), Scale: 1}}},
			{Name: "larger-minimum", Why: "a minimum of 1.02 times its size", At: []planted{noisy}, Setup: setup(1.02)},
		},
	}
}

func (p planted) landscape(factor float64) (checks.Instance, error) {
	if err := p.check(); err != nil {
		return checks.Instance{}, err
	}
	positive, negative := count(p.V)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{
			checks.Require("k+", float64(positive), checks.AtLeast, float64(p.D)),
			checks.Require("k-", float64(negative), checks.AtMost, 0),
		},
		Trial: func(r *rand.Rand) checks.Measurement {
			s, err := p.draw(r)
			if err != nil {
				return checks.Failed(err)
			}
			net := s.draw(p.Scale, r)
			l, err := quadratic.NewLandscape(s.x, s.y, net.Width())
			if err != nil {
				return checks.Failed(err)
			}
			tolerance, fourth := settled*max(s.energy, s.loss(net)), fourthPower(s.x)
			proved := func(at quadratic.Point) float64 {
				point := bounds.QuadraticPoint{N: s.n, V: at.Net.A, W: at.Net.W, Gradient: at.Gradient, Curvature: at.Curvature, FourthPower: fourth}
				return mat.Norm(at.Net.W, 2)*at.Gradient/2 + mat.Trace(s.form)*point.NegativePart()/float64(s.n)
			}
			at, err := l.Minimise(net, quadratic.Options{Steps: mostSteps, Enough: func(at quadratic.Point) bool { return proved(at) <= tolerance }})
			least := 0.0
			for _, off := range s.off {
				least += off * off / (2 * float64(s.n))
			}
			return checks.Measurement{
				Observed: at.Loss, Predicted: factor * least, Relation: checks.Equal, Tolerance: tolerance, Err: err,
				Hypotheses: []checks.Hypothesis{checks.Require("||W||_F ||grad||/2 + tr(M*) s/n", proved(at), checks.AtMost, tolerance)},
			}
		},
	}, nil
}

// plantedLoss bounds the loss at every point by its gradient and curvature.
//
// Setting: any inputs, here N(0, I_d) or the axes; labels y_i = x_i^T M* x_i with M* positive semidefinite; any hidden weights W. eps_g is
// the norm of the gradient of L in W and eps_H = max(0, -lambda_min) of its Hessian.
//
// Hypotheses: at least d+1 of the v_l are positive; nu is the least of them. The others may have any sign.
//
// Conclusion: L(W) <= ||W||_F eps_g/4 + eps_H tr(M*)/(4 nu).
//
// Constants: ours, and deterministic. Theorem 2.2 has eps_H tr(M*)/(2 nu), and bounds the size of W by eps_g and tr(M*) for normal inputs, with
// c d log d <= n <= C d^2 and high probability. L = <S, M - M*>/(2n), <S, M> = (n/2) <W, grad>, and S is at least
// -n eps_H/(2 nu) by the positive neurons, as in saddle-everywhere. Both terms are attained on the axes: M* = 0 and W = c I; W = 0 and M* = I.
//
// Convention: mean loss, v fixed.
//
// Reference: derived here, after Theorem 2.2, second half, of Soltanolkotabi, Javanmard, Lee (2019).
//
// Control: four fifths of either constant; and k = d, at 1/3 of the planted form, where the curvature has just gone.
func plantedLoss() checks.Checkable {
	setup := func(factor float64) func(planted) (checks.Instance, error) {
		return func(p planted) (checks.Instance, error) { return p.lossBound(factor) }
	}
	slope := planted{N: 3, D: 3, Axes: true, V: signs(4, 0, 0), Scale: 0.7}
	curve := planted{N: 3, D: 3, Axes: true, Level: 2, V: signs(4, 0, 0)}
	return checks.Claim[planted]{
		ID: "soltanolkotabi2019/planted-loss", Title: "loss by gradient and curvature", Reference: "derived here, after Theorem 2.2",
		Formula:    `L(W) \le \tfrac14\|W\|_F\,\|\nabla L(W)\|_F + \tfrac{1}{4\nu}\,\epsilon_H \operatorname{tr} M^*`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []planted{
			slope, curve, // attain a term each
			{N: 6, D: 3, Rank: 2, V: signs(4, 0, 0), Scale: 0.3}, {N: 1, D: 1, Rank: 1, V: signs(2, 0, 0), Scale: 1}, {N: 12, D: 3, Rank: 1, V: signs(5, 2, 2), Scale: 1},
		},
		Space: rapid.Custom(func(t *rapid.T) planted {
			d := rapid.IntRange(1, 3).Draw(t, "d")
			return planted{
				N: rapid.IntRange(1, 8).Draw(t, "n"), D: d, Rank: rapid.IntRange(0, d).Draw(t, "rank"), V: signs(d+1+rapid.IntRange(0, 2).Draw(t, "more"), rapid.IntRange(0, 2).Draw(t, "negative"), rapid.SampledFrom([]float64{0, 1, 9}).Draw(t, "spread")),
				Scale: rapid.SampledFrom([]float64{0, 0.1, 1, 3}).Draw(t, "scale"),
			}
		}),
		Cost: planted.cost, Setup: setup(1),
		Controls: []checks.Control[planted]{
			{Name: "smaller-slope-term", Why: "four fifths of the first term where it is attained", At: []planted{slope}, Setup: setup(0.8)},
			{Name: "smaller-curvature-term", Why: "four fifths of the second term where it is attained", At: []planted{curve}, Setup: setup(0.8)},
			{Name: "full-rank", Why: "one neuron in one dimension at w^2 = 0.34 y has positive curvature, and twice the loss that its gradient allows", At: []planted{{N: 1, D: 1, Axes: true, Level: 1 / 0.34, V: signs(1, 0, 0), Scale: 1}}},
		},
	}
}

func (p planted) lossBound(factor float64) (checks.Instance, error) {
	if err := p.check(); err != nil {
		return checks.Instance{}, err
	}
	positive, _ := count(p.V)
	nu, _ := bounds.SignedLeast(p.V)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.Require("k+", float64(positive), checks.AtLeast, float64(p.D+1))},
		Trial: func(r *rand.Rand) checks.Measurement {
			s, err := p.draw(r)
			if err != nil {
				return checks.Failed(err)
			}
			net := s.draw(p.Scale, r)
			if p.Axes {
				net.W.Apply(func(l, k int, _ float64) float64 {
					if l == k {
						return p.Scale
					}
					return 0
				}, net.W)
			}
			c, err := s.curvatureAt(net)
			if err != nil {
				return checks.Failed(err)
			}
			l, err := quadratic.NewLandscape(s.x, s.y, net.Width())
			if err != nil {
				return checks.Failed(err)
			}
			gradient := mat.Norm(mat.NewVecDense(len(p.V)*s.d, l.Gradient(net, nets.FirstLayer)), 2)
			predicted := factor * bounds.PlantedQuadraticLoss(mat.Norm(net.W, 2), gradient, max(0, -c.hessian), mat.Trace(s.form), nu)
			return checks.Measurement{
				Observed: c.loss, Predicted: predicted, Tolerance: 1e-10*(c.loss+s.energy) + c.rounding*math.Abs(mat.Trace(s.form))/(4*nu),
			}
		},
	}, nil
}
