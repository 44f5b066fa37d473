package bombari2022

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/ladder"
	"convergo/theorems/internal/userfile"
)

// memory is a network that is to memorise labels.
type memory struct {
	blocks
	Step  float64 `json:"step,omitempty"`  // e; 0 means 1e-3
	Least bool    `json:"least,omitempty"` // labels along the eigenvector of lambda_min, of norm 1
	Drop  bool    `json:"drop,omitempty"`  // the solution ignores the last sample
}

// memo is a network with the direction v = J^T K^{-1} Y along which its outputs move towards the labels.
type memo struct {
	x       *mat.Dense
	net     *deep.Network
	smooth  bounds.Smooth
	y, v    []float64
	start   []float64
	k       *mat.SymDense
	lambda  eig.Certified
	solved  float64 // bound on ||K^{-1} Y - c|| of the computed c
	missing float64 // bound on ||J v - Y|| by the error of the solution, but for a sample left out
	scale   float64 // no partial sum of an output is larger
}

// memorise draws the network and the direction.
func (p memory) memorise(set *data.Set, r *rand.Rand) (m memo, err error) {
	m = memo{x: set.X, y: set.Y, smooth: p.smooth()}
	if m.net, err = p.start(set.D(), r); err != nil {
		return m, err
	}
	pass, err := m.net.NewPass(set.X)
	if err != nil {
		return m, err
	}
	m.start, m.k = append(m.start, pass.Output()...), pass.Gram(nil)
	if p.Least {
		if m.y, err = decomposed(m.k, 0); err != nil {
			return m, err
		}
	}
	inverse, err := eig.NewInverse(m.k, 0)
	if err != nil {
		return m, err
	}
	m.lambda = inverse.Min()
	c := make([]float64, len(m.y))
	if m.solved = inverse.Solve(c, m.y); math.IsInf(m.solved, 1) {
		return m, nil // the hypothesis fails
	}
	m.missing = mat.Trace(m.k)*m.solved + gramRounding(m.k, set.D(), p.Hidden)*floats.Norm(c, 2)
	if p.Drop {
		c[len(c)-1] = 0
	}
	m.v = pass.JTMul(nil, c)
	m.scale = floats.Norm(m.net.LayerParams(m.net.Params(), m.net.Depth()), 1)
	return m, nil
}

// hypotheses of the draw.
func (m memo) hypotheses() []checks.Hypothesis {
	return []checks.Hypothesis{checks.RequireThat("lambda_min(K) > 0, certified", m.lambda.OK && m.v != nil)}
}

// quotient is ||h_e - Y|| of the difference quotient, with its rounding.
func (m memo) quotient(e float64) (distance, rounding float64, err error) {
	moved := m.net.Clone()
	floats.AddScaled(moved.Params(), e, m.v)
	out, err := moved.Output(m.x)
	if err != nil {
		return 0, 0, err
	}
	last := floats.Norm(moved.LayerParams(moved.Params(), moved.Depth()), 1)
	for i := range out {
		out[i] = (out[i]-m.start[i])/e - m.y[i]
	}
	terms := float64(20 + moved.Width(moved.Depth()-1))
	return floats.Norm(out, 2), m.missing + terms*unit*(m.scale+last)*math.Sqrt(float64(len(out)))/e, nil
}

// curvature is the largest norm of the second derivative of the outputs along v over weights theta + s v, 0 <= s <= e, at
// equally spaced s, with the largest difference between neighbours.
func (m memo) curvature(e float64) (largest, change float64, err error) {
	const intervals = 8
	direction, last := matrices(m.net, m.v), 0.0
	for k := range intervals + 1 {
		moved := m.net.Clone()
		floats.AddScaled(moved.Params(), e*float64(k)/intervals, m.v)
		_, _, second, err := bounds.SecondOrder(m.smooth, m.x, matrices(moved, moved.Params()), direction)
		if err != nil {
			return 0, 0, err
		}
		norm := floats.Norm(second, 2)
		if largest = max(largest, norm); k > 0 {
			change = max(change, math.Abs(norm-last))
		}
		last = norm
	}
	return largest, change, nil
}

func (p memory) step() float64 {
	if p.Step == 0 {
		return 1e-3
	}
	return p.Step
}

// instance is what the claims on memorisation share.
func (p memory) instance(measure func(memo) checks.Measurement) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	if err := deepEnough(p.Hidden); err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		m, err := p.memorise(set, r)
		if err != nil {
			return checks.Failed(err)
		}
		if hs := m.hypotheses(); !hs[0].Met() {
			return checks.Measurement{Hypotheses: hs}
		}
		out := measure(m)
		out.Hypotheses = append(m.hypotheses(), out.Hypotheses...)
		return out
	}}, nil
}

func (p memory) cost() checks.Cost { return p.network.cost(25, 4) }

// anyMemory draws a network wide enough for its samples to be memorised, and labels of any size.
func anyMemory(t *rapid.T) memory {
	p := memory{blocks: blocks{network: anyNetwork(t)}, Step: rapid.SampledFrom([]float64{1e-1, 1e-2, 1e-3, 1e-4}).Draw(t, "step")}
	p.Hidden = []int{rapid.IntRange(4, 10).Draw(t, "n1"), rapid.IntRange(4, 10).Draw(t, "n2")}
	p.Data.LabelScale = rapid.SampledFrom([]float64{0.01, 1, 10}).Draw(t, "labels")
	p.Least = rapid.Bool().Draw(t, "least")
	return p
}

// memoriseError is the constructive step from the smallest eigenvalue to memorisation.
//
// Setting: any inputs and labels Y; a smooth network of any shape with the weights of the paper; v = J^T K^{-1} Y with the
// Jacobian J at the start, F(theta) the outputs, h_e = (F(theta + e v) - F(theta))/e.
//
// Hypotheses: on the draw, lambda_min(K) > 0 (certified), and e small enough for nine s in [0, e] to resolve the second derivative
// below: it changes by a tenth of its maximum at most between neighbours.
//
// Conclusion: ||h_e - Y|| <= (e/2) max_{0 <= s <= e} ||d^2/ds^2 F(theta + s v)||. So for every Y and eps > 0 a small e has
// ||h_e - Y|| <= eps, and h_e is a network of twice the widths: the labels are memorised.
//
// Constants: ours: J v = Y and Taylor's formula; sharp as e falls, where the left side is e/2 times the second derivative. That is carried
// forward through the layers, and taken at nine s, with half e times the largest difference between neighbours as the tolerance. The
// rounding of h_e, about 1e-16 ||W_L||_1/e, is added to it, and a bound on ||J v - Y|| by the proved error of K^{-1} Y.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: derived here, for the memorisation capacity of Bombari, Amani, Mondelli (2022); its number was not found.
//
// Control: four fifths of the bound; and a direction that leaves one sample out, as fewer weights than samples must.
func memoriseError() checks.Checkable {
	setup := func(factor float64) func(memory) (checks.Instance, error) {
		return func(p memory) (checks.Instance, error) {
			return p.instance(func(m memo) checks.Measurement {
				at := m.taylor(p.step(), factor)
				var es, missing, bound []float64
				for k := 1; k <= 6; k++ {
					e := math.Pow(10, -float64(k))
					t := m.taylor(e, factor)
					es, missing, bound = append(es, e), append(missing, t.Observed), append(bound, t.Predicted)
				}
				at.Series = curve.Axes{X: "step e", Y: "distance from the labels", LogX: true, LogY: true}.Against("measured", es, missing, bound)
				return at
			})
		}
	}
	sharp := memory{blocks: blocks{network: network{Data: sphere(10, 8, 1), Hidden: []int{12, 12}}}}
	dropped := sharp
	dropped.Drop = true
	return checks.Claim[memory]{
		ID: "bombari2022/memorise-error", Title: "memorisation by a difference quotient", Reference: "derived here, for memorisation capacity",
		Formula:    `\|h_e - Y\| \le \frac{e}{2} \max_{0\le s\le e} \Big\|\frac{d^2}{ds^2}F(\theta_0+sv)\Big\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(anyMemory),
		Grid: []memory{
			sharp,
			{blocks: blocks{network: network{Data: pictures(images.Hard(data.MNIST, 15, 49)), Hidden: []int{12, 12}}}, Step: 1e-4},
			{blocks: blocks{network: network{Data: sphere(10, 8, 1), Hidden: []int{12, 12}, Sigmoid: true}}, Step: 1e-5},
		},
		OnData: func(f checks.DataFile) []memory {
			return []memory{{blocks: blocks{network: network{Data: userfile.Labelled(f, 20), Hidden: []int{16, 16}}}, Step: 1e-4}}
		},
		Cost: func(p memory) checks.Cost {
			c := p.cost()
			c.Trial *= 4
			return c
		},
		Setup: setup(1),
		Controls: []checks.Control[memory]{
			{Name: "smaller-bound", Why: "as e falls the bound is attained", At: []memory{sharp}, Setup: setup(0.8)},
			{Name: "one-sample-less", Why: "a direction that solves for the other samples leaves this one", At: []memory{dropped}},
		},
	}
}

// taylor compares h_e with its bound.
func (m memo) taylor(e, factor float64) checks.Measurement {
	distance, rounding, err := m.quotient(e)
	if err != nil {
		return checks.Failed(err)
	}
	largest, change, err := m.curvature(e)
	if err != nil {
		return checks.Failed(err)
	}
	resolved := checks.Require("change of the second derivative between neighbouring s", change, checks.AtMost, 0.1*largest)
	return checks.Measurement{
		Observed: distance, Predicted: factor * e / 2 * largest, Tolerance: e/2*change + rounding,
		Hypotheses: []checks.Hypothesis{resolved},
	}
}

// memoriseNorm is how far the weights must move.
//
// Setting: as in memorise-error.
//
// Hypotheses: on the draw, lambda_min(K) > 0, certified with the rounding of K.
//
// Conclusion: ||v||^2 = Y^T K^{-1} Y <= ||Y||^2/lambda_min(K).
//
// Constants: ours and sharp: labels along the eigenvector of the least eigenvalue attain it. The tolerance is the proved error
// of the solution and of the eigenvalue.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: derived here, for the memorisation capacity of Bombari, Amani, Mondelli (2022); its number was not found.
//
// Control: four fifths of the bound for those labels.
func memoriseNorm() checks.Checkable {
	setup := func(factor float64) func(memory) (checks.Instance, error) {
		return func(p memory) (checks.Instance, error) {
			return p.instance(func(m memo) checks.Measurement {
				labels := floats.Dot(m.y, m.y)
				rounding := gramRounding(m.k, m.net.Width(0), p.Hidden)
				low := m.lambda.Widen(rounding).Lower()
				if positive := checks.RequireThat("lambda_min(K) > 0, rounding of K included", low > 0); !positive.Met() {
					return checks.Measurement{Hypotheses: []checks.Hypothesis{positive}}
				}
				square := floats.Dot(m.v, m.v)
				return checks.Measurement{
					Observed: square, Predicted: factor * labels / m.lambda.Value,
					Tolerance: 3*labels*(1/low-1/m.lambda.Value) + 2*m.solved*math.Sqrt(labels) + 1e-12*square,
				}
			})
		}
	}
	sharp := memory{blocks: blocks{network: network{Data: sphere(10, 8, 1), Hidden: []int{12, 12}}}, Least: true}
	return checks.Claim[memory]{
		ID: "bombari2022/memorise-norm", Title: "distance to memorising weights", Reference: "derived here, for memorisation capacity",
		Formula:    `\|v\|^2 = Y^{\top}K^{-1}Y \le \frac{\|Y\|^2}{\lambda_{\min}(K)}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(anyMemory),
		Grid: []memory{
			sharp, // attained
			{blocks: blocks{network: network{Data: pictures(images.Easy(data.Fashion, 15, 49)), Hidden: []int{12, 12}}}},
		},
		OnData: func(f checks.DataFile) []memory {
			return []memory{{blocks: blocks{network: network{Data: userfile.Labelled(f, 20), Hidden: []int{16, 16}}}}}
		},
		Cost: memory.cost, Setup: setup(1),
		Controls: []checks.Control[memory]{{
			Name: "smaller-bound", Why: "labels along the least eigenvector attain the bound", At: []memory{sharp}, Setup: setup(0.8),
		}},
	}
}

// order is a ladder of three steps e.
type order struct {
	memory
	Exponent float64 `json:"exponent"`
	From     float64 `json:"from"` // the smallest e; it grows fourfold
}

func (p order) step(i int) float64 { return p.From * math.Pow(4, float64(i)) }

// memoriseOrder is how the error of the construction falls with the step.
//
// Setting: as in memorise-error; at a random start, or at an antisymmetric one, where F(theta) = 0.
//
// Hypotheses: on the draw, lambda_min(K) > 0 (certified), and e ||v|| <= 0.03 for the largest e, so that e v moves no
// preactivation far: at 0.1 slopes of single draws are off by 0.02, at 0.3 by 0.06.
//
// Conclusion: ||h_e - Y|| is of order e at a random start and of order e^2 at an antisymmetric one.
//
// Constants: ours. The first is Taylor's term. At an antisymmetric start v is antisymmetric too, so that exchanging the halves of the
// last hidden layer takes theta + s v to theta - s v with the output's sign changed: F(theta + s v) is odd in s, and its second
// derivative at 0 vanishes. The resolution is 0.02.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1), times gamma at the antisymmetric start.
//
// Reference: derived here, for the memorisation capacity of Bombari, Amani, Mondelli (2022); its number was not found.
//
// Control: each exponent off by 0.05: 1.05 for the random start, 1.95 for the antisymmetric one.
func memoriseOrder() checks.Checkable {
	labels := sphere(8, 8, 1)
	labels.LabelScale = 0.3
	random := memory{blocks: blocks{network: network{Data: labels, Hidden: []int{12, 12}}}}
	odd := memory{blocks: blocks{network: network{Data: labels, Hidden: []int{12, 24}}, Gamma: 4}}
	return checks.Claim[order]{
		ID: "bombari2022/memorise-order", Title: "order of the error in the step", Reference: "derived here, for memorisation capacity",
		Formula:    `\|h_e - Y\| = \Theta(e) \text{ at a random start, } \Theta(e^2) \text{ at an antisymmetric one}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Along: "step $e$", Version: 1,
		Grid: []order{{random, 1, 2e-4}, {odd, 2, 5e-3}},
		Cost: func(p order) checks.Cost { return p.network.cost(12, 4) },
		Setup: func(p order) (checks.Instance, error) {
			inst, err := p.instance(func(m memo) checks.Measurement {
				out := ladder.Pass(3, func(i int) (float64, float64, error) {
					e := p.step(i)
					distance, _, err := m.quotient(e)
					return e, distance, err
				})
				out.Hypotheses = []checks.Hypothesis{checks.Require("e ||v||", p.step(2)*floats.Norm(m.v, 2), checks.AtMost, 0.03)}
				return out
			})
			inst.Terms = checks.Terms{Exponent: checks.Float(p.Exponent), Resolution: 0.02, Trials: 20}
			return inst, err
		},
		Controls: []checks.Control[order]{
			{Name: "random-start-faster", Why: "Taylor's second-order term does not vanish", At: []order{{random, 1.05, 2e-4}}},
			{Name: "antisymmetric-start-slower", Why: "the second-order term vanishes by symmetry", At: []order{{odd, 1.95, 5e-3}}},
		},
	}
}
