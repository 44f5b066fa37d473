package du2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
)

// theorem are the parameters of a convergence theorem with width.
type theorem struct {
	Data  data.Spec `json:"data"`
	Delta float64   `json:"delta"`
	// M is the width; 0 is what the theorem asks for.
	M int `json:"m,omitempty"`
	// Fit scales the labels so that both parts of the required width are the same (antisymmetric start only).
	Fit bool `json:"fit,omitempty"`
	// Slow puts labels of that size along the eigenvector of the smallest eigenvalue of H^inf.
	Slow  bool `json:"slow,omitempty"`
	Steps int  `json:"steps"`
}

// A law is what distinguishes the convergence theorems.
type law struct {
	width         func(bounds.Problem) float64
	published     func(bounds.Problem) float64 // the width of the paper's theorem, with the constants of its proof
	step          func(q *problem) float64
	factor        func(eta, lambda0 float64) float64 // on the squared residual, for one step
	flow          bool                               // the steps stand for gradient flow
	antisymmetric bool
	extra         func(q *problem, delta float64) float64 // a further width that the proof needs
}

// A sabotage makes a constant of a theorem stronger: the width is divided, the step size multiplied. Zeros leave them.
type sabotage struct{ narrow, stride float64 }

func (p theorem) problem(law law) (*problem, []float64, bounds.Problem, int, error) {
	q, err := build(p.Data)
	if err != nil {
		return nil, nil, bounds.Problem{}, 0, err
	}
	b := q.bounds(p.Delta)
	y := q.set.Y
	if p.Fit {
		b.LabelNorm = 1
		radius := law.width(b) // dominated by the labels, of which it is quadratic
		b.LabelNorm = 0
		b.LabelNorm = math.Sqrt(law.width(b) / radius)
		y = q.labels(b.LabelNorm)
	}
	if p.Slow {
		y = slowest(q.limit)
		for i := range y {
			y[i] *= b.LabelNorm
		}
	}
	b.LabelBound = mat.Norm(mat.NewVecDense(q.n, y), math.Inf(1))
	return q, y, b, p.wide(law, b, 1), nil
}

// wide is the width that is run: the theorem's, divided by a factor, or the one in the parameters.
func (p theorem) wide(law law, b bounds.Problem, factor float64) int {
	if p.M > 0 {
		return p.M
	}
	m := ceil(law.width(b) / factor)
	if law.antisymmetric {
		m += m % 2
	}
	return m
}

func (p theorem) cost(law law) checks.Cost { return p.costOf(law, 1) }

func (p theorem) costOf(law law, narrow float64) checks.Cost {
	q, _, b, _, err := p.problem(law)
	if err != nil || !q.distinct().Met() { // for Setup to report
		return checks.Cost{}
	}
	m := p.wide(law, b, narrow)
	n, k := float64(q.n), float64(q.k)
	draws := float64(m)
	if law.antisymmetric {
		draws /= 2
	}
	c := checks.Cost{Setup: 60 * n * n * n, Trial: draws * (10*k + 2*n*k + n*n + 6), Bytes: 100 * n * n, Size: fmt.Sprintf("m=%d", m)}
	if p.M > 0 || narrow > 1 { // every neuron is followed
		c.Trial += float64(p.Steps) * float64(m) * (n*n + 3*n + 10)
	}
	return c
}

// setup makes an instance of a convergence theorem.
func (p theorem) setup(law law, s sabotage) (checks.Instance, error) {
	q, y, b, m, err := p.problem(law)
	if err != nil {
		return checks.Instance{}, err
	}
	if err := b.Check(); err != nil { // a singular kernel: no width is enough
		return checks.Instance{Hypotheses: []checks.Hypothesis{q.distinct()}, Facts: q.facts()}, nil
	}
	required, published := law.width(b), law.published(b)
	hypotheses := []checks.Hypothesis{q.distinct(), checks.Require("width", float64(m), checks.AtLeast, required)}
	if law.extra != nil {
		hypotheses = append(hypotheses, checks.Require("width for the Gram matrix", float64(m), checks.AtLeast, law.extra(q, p.Delta)))
	}
	eta, lambda0 := law.step(q), q.lambda0.Lower()
	claimed := -math.Log(law.factor(eta, lambda0))
	run := p.Steps
	radius := math.Inf(1)
	if p.M == 0 && s == (sabotage{}) {
		radius = 1.5 * bounds.GDMovement(q.s, bounds.ResidualBound(b.LabelNorm, q.n, p.Delta/3), lambda0, m)
		if law.antisymmetric {
			radius = 1.5 * bounds.GDMovement(q.s, b.LabelNorm, lambda0, m)
		}
	}
	if s.narrow > 1 {
		m = p.wide(law, b, s.narrow)
	}
	if s.stride > 1 {
		eta *= s.stride
		claimed = -math.Log(law.factor(eta, lambda0))
	}
	share := 1.0
	if law.flow { // 1 - x >= exp(-x/(1-x)): so much of the steps' rate is the flow's at least
		share = 1 - eta*q.s*q.s
	}
	facts := q.facts(checks.NewFact("label norm", b.LabelNorm), checks.NewFact("required width (published)", published))
	if required != published {
		facts = append(facts, checks.NewFact("required width (derived)", required))
	}
	return checks.Instance{
		Hypotheses: hypotheses,
		Facts: append(facts, checks.NewFact("width run", float64(m)), checks.NewFact("step size", eta),
			checks.NewFact("rate of the theorem", claimed), checks.NewFact("rate of the linear theory", -2*math.Log(math.Abs(1-eta*q.lambda0.Value)))),
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			return rateOf(newLazy(q, m, y, radius, law.antisymmetric, r), eta, claimed, share, run)
		},
	}, nil
}

// rateOf compares the rate -log(||e_k||^2/||e_0||^2)/k of descent, the least over the steps, with the one claimed.
func rateOf(l *lazy, eta, claimed, share float64, steps int) checks.Measurement {
	e0 := l.norm
	at, loss, bound := []float64{0}, []float64{e0 * e0}, []float64{e0 * e0}
	m := checks.Measurement{Observed: math.Inf(1), Predicted: claimed, Relation: checks.AtLeast, Tolerance: 1e-9 * math.Abs(claimed), Part: "rate"}
	for k := 1; k <= steps && l.norm > 1e-6*e0; k++ { // below, rounding is all there is to see
		l.step(eta)
		if math.IsNaN(l.norm) || math.IsInf(l.norm, 0) {
			m.Observed = math.Inf(-1)
			break
		}
		m.Observed = min(m.Observed, -2*share*math.Log(l.norm/e0)/float64(k))
		at, loss, bound = append(at, float64(k)), append(loss, l.norm*l.norm), append(bound, e0*e0*math.Exp(-claimed*float64(k)))
	}
	m.Series = lossSeries("step", at, loss, bound)
	if l.lost && m.Status() == checks.Held {
		return checks.Failed(fmt.Errorf("neurons moved by up to %g, beyond the %g within which they are followed", l.moved, l.radius))
	}
	return m
}

// setup is that of the claim.
func (l law) setup(p theorem) (checks.Instance, error) { return p.setup(l, sabotage{}) }

func descentFactor(eta, lambda0 float64) float64 { return 1 - eta*lambda0/2 }

func derivedStep(q *problem) float64 { return 0.55 / (q.s * q.s) }

func gramExtra(q *problem, delta float64) float64 {
	return bounds.PrintedGramWidth(q.n, q.lambda0.Lower(), delta/3)
}

func smallSphere() data.Spec { return data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1} }

func one(label float64) data.Spec {
	return data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const, LabelScale: label}
}

// constants of a convergence theorem: its width, and its step size if it is descent.
func (l law) constants(at theorem, narrow, stride []float64) []checks.Constant[theorem] {
	c := []checks.Constant[theorem]{{
		Name: "width", Why: "so few neurons may all be inactive on a sample", At: []theorem{at}, Factors: narrow,
		Scaled: func(p theorem, f float64) (checks.Instance, error) { return p.setup(l, sabotage{narrow: f}) },
		Cost:   func(p theorem, f float64) checks.Cost { return p.costOf(l, f) },
	}}
	if len(stride) > 0 {
		c = append(c, checks.Constant[theorem]{
			Name: "step", Why: "a step that long amplifies the residual", At: []theorem{at}, Factors: stride,
			Scaled: func(p theorem, f float64) (checks.Instance, error) { return p.setup(l, sabotage{stride: f}) },
			Cost:   func(p theorem, f float64) checks.Cost { return p.costOf(l, 2) },
		})
	}
	return c
}

// faster is the control of the convergence theorems on the rate: a multiple of the claimed one.
func (l law) faster(at theorem, times float64, why string) checks.Control[theorem] {
	boast := l
	boast.factor = func(eta, lambda0 float64) float64 { return math.Pow(l.factor(eta, lambda0), times) }
	if at.M == 0 && !l.antisymmetric {
		at.M = 2000 // millions of neurons show no more: a control asks for no hypothesis
	}
	return checks.Control[theorem]{
		Name: "faster-rate", Why: why, At: []theorem{at},
		Setup: func(p theorem) (checks.Instance, error) { return p.setup(boast, sabotage{}) },
	}
}
