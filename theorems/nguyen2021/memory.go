package nguyen2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/ladder"
	"convergo/theorems/internal/userfile"
)

// memory is labelled data with a network.
type memory struct {
	Data   data.Spec `json:"data"`
	Hidden []int     `json:"hidden"`
	Tanh   bool      `json:"tanh,omitempty"`
	Least  bool      `json:"least,omitempty"` // labels along the eigenvector of lambda_min(J J^T), of norm 1
}

func (p memory) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	return checks.Cost{Trial: 12*netCost(n, d, p.Hidden) + 4*costs.Eigenvalue(n) + 25*math.Pow(float64(n), 3), Size: fmt.Sprintf("N=%d", n)}
}

// memo is one network with the direction v along which its outputs move towards the labels.
type memo struct {
	y, start     []float64
	v            []float64
	lambda       eig.Certified
	condition    float64 // of J J^T
	pass, moved  *deep.Pass
	net, shifted *deep.Network
	relu         bool
}

// draw draws a network and solves J v = Y in least squares with the least norm.
func (p memory) draw(set *data.Set, r *rand.Rand) (m memo, err error) {
	config := deep.Config{Inputs: set.D(), Hidden: p.Hidden, Std: deep.HeStd(set.D(), p.Hidden)}
	if p.Tanh {
		config.Activation = deep.Tanh()
	}
	m.y, m.relu = set.Y, !p.Tanh
	if m.net, err = deep.New(config, r); err != nil {
		return m, err
	}
	if m.pass, err = m.net.NewPass(set.X); err != nil {
		return m, err
	}
	m.shifted = m.net.Clone()
	if m.moved, err = m.shifted.NewPass(set.X); err != nil {
		return m, err
	}
	m.start = m.pass.Output()
	k := m.pass.Gram(nil)
	if m.lambda, err = eig.Min(k); err != nil {
		return m, err
	}
	var es mat.EigenSym
	if !es.Factorize(k, true) {
		return m, fmt.Errorf("the eigenvalues of the tangent kernel did not converge")
	}
	var u mat.Dense
	es.VectorsTo(&u)
	values := es.Values(nil)
	n := len(values)
	m.condition = math.Inf(1)
	if low := m.lambda.Lower(); low > 0 {
		m.condition = values[n-1] / low
	}
	if p.Least {
		m.y = mat.Col(nil, 0, &u)
	}
	coefficient := mat.NewVecDense(n, nil)
	coefficient.MulVec(u.T(), mat.NewVecDense(n, m.y))
	for i, lambda := range values {
		c := 0.0
		if lambda > 1e-12*values[n-1] {
			c = coefficient.AtVec(i) / lambda
		}
		coefficient.SetVec(i, c)
	}
	coefficient.MulVec(&u, mat.VecDenseCopyOf(coefficient))
	m.v = m.pass.JTMul(nil, coefficient.RawVector().Data)
	return m, nil
}

// quotient returns ||h_e - Y|| / ||Y|| for the difference quotient h_e of the outputs along v, and whether a gate flipped.
func (m memo) quotient(e float64) (missing float64, flipped bool) {
	floats.AddScaledTo(m.shifted.Params(), m.net.Params(), e, m.v)
	m.moved.Forward()
	for i, f := range m.moved.Output() {
		missing = math.Hypot(missing, (f-m.start[i])/e-m.y[i])
	}
	return missing / floats.Norm(m.y, 2), m.relu && m.pass.Flips(m.moved) > 0
}

// reach returns a step without gate flips, found by halving.
func (m memo) reach() float64 {
	e := 0.1 / max(1, floats.Norm(m.v, 2))
	for range 40 {
		if _, flipped := m.quotient(e); !flipped {
			break
		}
		e /= 2
	}
	return e
}

// worstCondition is up to which condition of J J^T the solution of J v = Y is good to eight digits.
const worstCondition = 1e6

func memoryHypotheses(m memo) []checks.Hypothesis {
	return []checks.Hypothesis{
		checks.RequireThat("lambda_min(J J^T) > 0", m.lambda.Lower() > 0),
		checks.Require("condition of J J^T", m.condition, checks.AtMost, worstCondition),
	}
}

// expansion returns the coefficients p_0..p_L of f(x_i, theta_0 + e v) = sum_k p_k[i] e^k while no gate flips.
func (m memo) expansion(x *mat.Dense) [][]float64 {
	n, _ := x.Dims()
	powers := []*mat.Dense{x} // of the features of the layer
	for l := 1; l <= m.net.Depth(); l++ {
		w := m.net.Weight(l)
		rows, cols := w.Dims()
		step := mat.NewDense(rows, cols, m.net.LayerParams(m.v, l))
		next := make([]*mat.Dense, len(powers)+1)
		for k := range next {
			next[k] = mat.NewDense(n, rows, nil)
			var part mat.Dense
			if k < len(powers) {
				next[k].Mul(powers[k], w.T())
			}
			if k > 0 {
				part.Mul(powers[k-1], step.T())
				next[k].Add(next[k], &part)
			}
			if l < m.net.Depth() {
				next[k].MulElem(next[k], m.pass.Slope(l))
			}
		}
		powers = next
	}
	out := make([][]float64, len(powers))
	for k, p := range powers {
		out[k] = mat.Col(nil, 0, p)
	}
	return out
}

// memoriseLinear is the order of the construction behind Corollary 4.2.
//
// Setting: N labelled inputs; a ReLU (or tanh) network with He's initialisation; J the Jacobian of its outputs
// at theta_0, v = J^T (J J^T)^{-1} Y; h_e(x) = [f(theta_0 + e v, x) - f(theta_0, x)]/e, which is a network of the same depth with
// twice the neurons in each hidden layer.
//
// Hypotheses: on the draw, lambda_min(J J^T) > 0, and no gate flips between theta_0 and the steps used (for ReLU).
//
// Conclusion: ||h_e - Y|| is of order e: log-log slope 1 along e = e*, e*/2, ..., e*/16, with e* a step found without flips.
//
// Constants: none; the resolution is 0.05. Between flips f is a polynomial in e with derivative J v = Y at e = 0, and its
// second-order term sets the error until rounding of order 1e-16/e takes over.
//
// Convention: standard parametrisation, He's initialisation, all layers moved.
//
// Reference: derived here, after the construction behind Corollary 4.2.
//
// Control: two equal inputs with different labels, and fewer weights than samples: no v exists, and the error stays.
func memoriseLinear() checks.Checkable {
	return checks.Claim[memory]{
		ID: "nguyen2021/memorise-linear", Title: "memorisation by a difference of networks", Reference: "derived here, after Corollary 4.2",
		Formula:    `\left\|\tfrac{1}{\epsilon}\left(f(\theta_0+\epsilon v) - f(\theta_0)\right) - Y\right\| = \Theta(\epsilon),\quad Jv = Y`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Along: `step $\epsilon$ over the largest without a flip`, Version: 3,
		Grid: []memory{
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3}, Hidden: []int{20, 20}},
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3}, Hidden: []int{20, 20}, Tanh: true},
			{Data: images.Hard(data.MNIST, 16, 49), Hidden: []int{30, 20}},
			{Data: data.Spec{Kind: data.Sphere, N: 60, D: 10, Seed: 1, RowNorm: 3}, Hidden: []int{40, 40}},
		},
		Cost: memory.cost,
		Setup: func(p memory) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Exponent: 1, Relation: checks.Equal, Resolution: 0.05, Trials: 24},
				Trial: func(r *rand.Rand) checks.Measurement {
					memo, err := p.draw(set, r)
					if err != nil {
						return checks.Failed(err)
					}
					e, smooth := memo.reach(), true
					m := ladder.Pass(5, func(i int) (size, value float64, err error) {
						size = math.Ldexp(1, i-4)
						missing, flipped := memo.quotient(e * size)
						smooth = smooth && !flipped
						return size, missing, nil
					})
					m.Hypotheses = append(memoryHypotheses(memo), checks.RequireThat("no gate flips", smooth))
					return m
				},
			}, nil
		},
		Controls: []checks.Control[memory]{
			{
				Name: "contradiction", Why: "equal inputs with different labels cannot be memorised",
				At: []memory{{Data: data.Spec{Kind: data.Duplicate, N: 10, D: 8, Seed: 1, RowNorm: 3, Labels: data.Alternate}, Hidden: []int{20, 20}}},
			},
			{
				Name: "too-few-weights", Why: "seven weights cannot fit thirty labels to first order",
				At: []memory{{Data: data.Spec{Kind: data.Sphere, N: 30, D: 2, Seed: 1, RowNorm: 3}, Hidden: []int{1, 4}}},
			},
		},
	}
}

// memoriseNorm is how far the weights must move, and how well the labels are met.
//
// Setting: as in memorise-linear; in part of the instances Y is the eigenvector of lambda_min(J J^T).
//
// Hypotheses: Y != 0; on the draw, lambda_min(J J^T) > 0 (certified), and a condition of J J^T of at most 1e6.
//
// Conclusion: ||v||^2 = Y^T (J J^T)^{-1} Y <= ||Y||^2 / lambda_min(J J^T). And while no gate of the ReLU network flips,
//
//	||h_e - Y|| = e ||p_2 + e p_3 + ... + e^{L-2} p_L||,   f(x_i, theta_0 + e v) = sum_k p_k[i] e^k,
//
// so that for every Y and eps > 0 a small e has ||h_e - Y|| <= eps: the labels are memorised.
//
// Constants: ours. The first is attained by the eigenvector. With fixed gates f is linear in each weight matrix, hence a polynomial
// of degree L in e, and p_1 = J v = Y; the p_k come from products of theta_0 and v layer by layer, without a difference quotient. The step is
// the largest of 0.1/max(1, ||v||), half of it, ... without a flip. Tolerances: for J v = Y, 8 N ulp of ||Y|| times the condition; for h_e,
// an ulp of the outputs of the network of the magnitudes for each of its terms, over e.
//
// Convention: as in memorise-linear.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Corollary 4.2.
//
// Control: 0.95 of the norm on the eigenvector; 1.05 times the polynomial; two equal inputs with different labels, and fewer
// weights than samples: the labels are not met.
func memoriseNorm() checks.Checkable {
	setup := func(norm, curvature float64) func(memory) (checks.Instance, error) {
		return func(p memory) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			nonzero := checks.RequireThat("labels not all zero", floats.Norm(set.Y, math.Inf(1)) > 0)
			return checks.Instance{Hypotheses: []checks.Hypothesis{nonzero}, Trial: func(r *rand.Rand) checks.Measurement {
				m, err := p.draw(set, r)
				if err != nil {
					return checks.Failed(err)
				}
				return m.memorised(set.X, norm, curvature)
			}}, nil
		}
	}
	least := memory{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3}, Hidden: []int{20, 20}, Least: true}
	return checks.Claim[memory]{
		ID: "nguyen2021/memorise-norm", Title: "distance to memorising weights", Reference: "Corollary 4.2",
		Formula:    `\|v\|^2 = Y^{\top}(JJ^{\top})^{-1}Y \le \frac{\|Y\|^2}{\lambda_{\min}(JJ^{\top})},\quad \|h_\epsilon - Y\| = \epsilon\,\Bigl\|\sum_{k\ge2}\epsilon^{k-2}p_k\Bigr\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Grid: []memory{
			least,
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3}, Hidden: []int{20, 20}},
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3, Labels: data.Normal, LabelScale: 1e6}, Hidden: []int{12, 9, 12}},
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3, Labels: data.Normal}, Hidden: []int{20, 20}, Tanh: true},
			{Data: images.Hard(data.MNIST, 30, 49), Hidden: []int{30, 20}},
			{Data: images.Hard(data.Fashion, 30, 49), Hidden: []int{60}},
		},
		OnData: func(f checks.DataFile) []memory {
			if f.Label == "" {
				return nil // nothing to memorise
			}
			return []memory{{Data: userfile.Rows(f, 40), Hidden: []int{60, 40}}}
		},
		Cost:  memory.cost,
		Setup: setup(1, 1),
		Controls: []checks.Control[memory]{
			{Name: "shorter-norm", Why: "the labels along the eigenvector of lambda_min need the whole norm", At: []memory{least}, Setup: setup(0.95, 1)},
			{Name: "more-curvature", Why: "the error is the polynomial and nothing else", At: []memory{least}, Setup: setup(1, 1.05)},
			{
				Name: "contradiction", Why: "equal inputs with different labels cannot be memorised",
				At: []memory{{Data: data.Spec{Kind: data.Duplicate, N: 10, D: 8, Seed: 1, RowNorm: 3, Labels: data.Alternate}, Hidden: []int{20, 20}}},
			},
			{
				Name: "too-few-weights", Why: "seven weights cannot fit thirty labels to first order",
				At: []memory{{Data: data.Spec{Kind: data.Sphere, N: 30, D: 2, Seed: 1, RowNorm: 3}, Hidden: []int{1, 4}}},
			},
		},
	}
}

// memorised compares the norm of v and the error of h_e with what is claimed, times the factors.
func (m memo) memorised(x *mat.Dense, norm, curvature float64) checks.Measurement {
	labels := floats.Norm(m.y, 2)
	solved := 8 * float64(len(m.y)) * unit * math.Min(m.condition, worstCondition)
	var parts []checks.Measurement
	if low := m.lambda.Lower(); low > 0 {
		parts = append(parts, checks.Measurement{
			Part: "norm", Observed: floats.Dot(m.v, m.v), Predicted: norm * labels * labels / m.lambda.Value,
			Tolerance: labels * labels / low * ((m.lambda.Value-low)/m.lambda.Value + solved),
		})
	}
	var series []checks.Series
	if m.relu {
		e, p := m.reach(), m.expansion(x)
		rounding := m.rounding(x)
		predicted := func(e float64) float64 {
			rest := make([]float64, len(m.y))
			for k := len(p) - 1; k >= 2; k-- {
				floats.Scale(e, rest)
				floats.Add(rest, p[k])
			}
			return e * floats.Norm(rest, 2)
		}
		missing, flipped := m.quotient(e)
		part := checks.Measurement{
			Part: "error", Observed: missing * labels, Predicted: curvature * predicted(e), Relation: checks.Equal, Tolerance: solved*labels + rounding/e,
			Hypotheses: []checks.Hypothesis{checks.RequireThat("no gate flips", !flipped)},
		}
		parts = append(parts, part)
		series = m.errorCurves(e, predicted)
	}
	out := checks.All(parts...)
	out.Hypotheses, out.Series = append(memoryHypotheses(m), out.Hypotheses...), series
	return out
}

// rounding bounds what rounding does to the norm of the outputs: an ulp of the network of the magnitudes for each term.
func (m memo) rounding(x *mat.Dense) float64 {
	size := m.net.Clone()
	terms := size.Width(0)
	for l := 1; l <= size.Depth(); l++ {
		terms += size.Width(l)
	}
	for i, w := range size.Params() {
		size.Params()[i] = math.Abs(w) + math.Abs(m.shifted.Params()[i])
	}
	var positive mat.Dense
	positive.Apply(func(_, _ int, v float64) float64 { return math.Abs(v) }, x)
	out, err := size.Output(&positive)
	if err != nil {
		return math.Inf(1)
	}
	return float64(terms) * unit * floats.Norm(out, 2)
}

// errorCurves are the error of h_e and the polynomial below e, and beyond it, where gates flip.
func (m memo) errorCurves(e float64, predicted func(float64) float64) []checks.Series {
	labels := floats.Norm(m.y, 2)
	var steps, errors, polynomial []float64
	for k := -8; k <= 6; k++ {
		at := math.Ldexp(e, 2*k)
		missing, _ := m.quotient(at)
		steps, errors, polynomial = append(steps, at), append(errors, missing), append(polynomial, predicted(at)/labels)
	}
	axes := curve.Axes{X: "step e", Y: "error over ||Y||", LogX: true, LogY: true}
	return []checks.Series{axes.Measured("error of the difference quotient", steps, errors), axes.Bound("without flips", steps, polynomial)}
}
