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

func memoryHypotheses(m memo) []checks.Hypothesis {
	return []checks.Hypothesis{checks.RequireThat("lambda_min(J J^T) > 0", m.lambda.Lower() > 0)}
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
// Constants: none; the resolution is 0.1. Between flips f is a polynomial in e with derivative J v = Y at e = 0, and its
// second-order term sets the error until rounding of order 1e-16/e takes over.
//
// Convention: standard parametrisation, He's initialisation, all layers moved.
//
// Reference: derived here, after the construction behind Corollary 4.2.
//
// Control: two equal inputs with different labels, and fewer weights than samples: no v exists, and the error stays.
//
// Loose: the slope is told to a tenth.
func memoriseLinear() checks.Checkable {
	return checks.Claim[memory]{
		ID: "nguyen2021/memorise-linear", Title: "memorisation by a difference of networks", Reference: "derived here, after Corollary 4.2",
		Formula:    `\left\|\tfrac{1}{\epsilon}\left(f(\theta_0+\epsilon v) - f(\theta_0)\right) - Y\right\| = \Theta(\epsilon),\quad Jv = Y`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 2, Detects: map[string]float64{"": 0.11},
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
				Terms: checks.Terms{Exponent: 1, Relation: checks.Equal, Resolution: 0.1, Trials: 24},
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
// Setting: as in memorise-linear.
//
// Hypotheses: on the draw, lambda_min(J J^T) > 0 (certified).
//
// Conclusion: ||v||^2 = Y^T (J J^T)^{-1} Y <= ||Y||^2 / lambda_min(J J^T), and the best of the steps e = 0.1, 0.01, ..., 1e-9
// has ||h_e - Y|| <= 1e-3 ||Y||.
//
// Constants: the first is exact. The second stands for "for every eps > 0": rounding leaves about 1e-16 ||f||/e, and the curvature
// C e, so that the best error in double precision is about sqrt(1e-16 C ||f||). The error of ||v||^2
// is that of the eigenvalue and 1e-9 of it, for the solution of a system of condition up to 1e6.
//
// Convention: as in memorise-linear.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Corollary 4.2.
//
// Control: two equal inputs with different labels, and fewer weights than samples: the labels are not met.
//
// Loose: the norm has a term for the worst labels, and the error is bounded by what rounding leaves.
func memoriseNorm() checks.Checkable {
	return checks.Claim[memory]{
		ID: "nguyen2021/memorise-norm", Title: "distance to memorising weights", Reference: "Corollary 4.2",
		Formula:    `\|v\|^2 = Y^{\top}(JJ^{\top})^{-1}Y \le \frac{\|Y\|^2}{\lambda_{\min}(JJ^{\top})}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1, Detects: map[string]float64{"error": 30000, "norm": 3},
		Grid: []memory{
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3}, Hidden: []int{20, 20}},
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
		Cost: memory.cost,
		Setup: func(p memory) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.memorise(set, r) }}, nil
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

func (p memory) memorise(set *data.Set, r *rand.Rand) checks.Measurement {
	memo, err := p.draw(set, r)
	if err != nil {
		return checks.Failed(err)
	}
	best := math.Inf(1)
	var steps, errors []float64
	for k := 9; k >= 1; k-- {
		e := math.Pow(10, -float64(k))
		missing, _ := memo.quotient(e)
		best = min(best, missing)
		steps, errors = append(steps, e), append(errors, missing)
	}
	parts := []checks.Measurement{{Part: "error", Observed: best, Predicted: 1e-3}}
	if low := memo.lambda.Lower(); low > 0 {
		square := floats.Dot(memo.v, memo.v)
		labels := floats.Dot(memo.y, memo.y)
		parts = append(parts, checks.Measurement{
			Part: "norm", Observed: square, Predicted: labels / memo.lambda.Value, Error: labels/low - labels/memo.lambda.Value + 1e-9*square,
		})
	}
	m := checks.Each(parts...)
	m.Hypotheses = memoryHypotheses(memo)
	axes := curve.Axes{X: "step e", Y: "error over ||Y||", LogX: true, LogY: true}
	m.Series = []checks.Series{axes.Measured("relative error of the difference quotient", steps, errors)}
	return m
}
