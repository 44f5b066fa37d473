package du2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

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
	Fit   bool    `json:"fit,omitempty"`
	Steps int     `json:"steps"`
	Step  float64 `json:"step,omitempty"` // a sabotaged step size, as a multiple of 1/S^2; 0 is the theorem's
}

// A law is what distinguishes the convergence theorems.
type law struct {
	width         func(bounds.Problem) float64
	step          func(q *problem) float64
	factor        func(eta, lambda0 float64) float64 // on the squared residual, for one step
	antisymmetric bool
	extra         func(q *problem, delta float64) float64 // a further width that the proof needs
}

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
		b.LabelBound = mat.Norm(mat.NewVecDense(q.n, y), math.Inf(1))
	}
	if p.M > 0 {
		return q, y, b, p.M, nil
	}
	m := ceil(law.width(b))
	if law.antisymmetric {
		m += m % 2
	}
	return q, y, b, m, nil
}

func (p theorem) cost(law law) checks.Cost {
	q, _, _, m, err := p.problem(law)
	if err != nil || !q.distinct().Met() { // for Setup to report
		return checks.Cost{}
	}
	n, k := float64(q.n), float64(q.k)
	draws := float64(m)
	if law.antisymmetric {
		draws /= 2
	}
	c := checks.Cost{Setup: 60 * n * n * n, Trial: draws * (12*k + 2*n*k + n*n + 12), Bytes: 100 * n * n, Size: fmt.Sprintf("m=%d", m)}
	if p.M > 0 { // every neuron is followed
		c.Trial += float64(p.Steps) * float64(m) * (n*n + 3*n + 10)
	}
	return c
}

// setup makes an instance of a convergence theorem.
func (p theorem) setup(law law) (checks.Instance, error) {
	q, y, b, m, err := p.problem(law)
	if err != nil {
		return checks.Instance{}, err
	}
	if err := b.Check(); err != nil { // a singular kernel: no width is enough
		return checks.Instance{Hypotheses: []checks.Hypothesis{q.distinct()}, Facts: q.facts()}, nil
	}
	required := law.width(b)
	hypotheses := []checks.Hypothesis{q.distinct(), checks.Require("width", float64(m), checks.AtLeast, required)}
	if law.extra != nil {
		hypotheses = append(hypotheses, checks.Require("width for the Gram matrix", float64(m), checks.AtLeast, law.extra(q, p.Delta)))
	}
	eta := law.step(q)
	if p.Step > 0 {
		eta = p.Step / (q.s * q.s)
	}
	lambda0 := q.lambda0.Lower()
	radius := math.Inf(1)
	if p.M == 0 {
		radius = 1.5 * bounds.GDMovement(q.s, bounds.ResidualBound(b.LabelNorm, q.n, p.Delta/3), lambda0, m)
		if law.antisymmetric {
			radius = 1.5 * bounds.GDMovement(q.s, b.LabelNorm, lambda0, m)
		}
	}
	shrink := law.factor(eta, lambda0)
	return checks.Instance{
		Hypotheses: hypotheses,
		Facts: q.facts(checks.NewFact("label norm", b.LabelNorm),
			checks.NewFact("required width (published, flow)", bounds.LiteralFlowWidth(b)), checks.NewFact("required width (published, descent)", bounds.LiteralDescentWidth(b)),
			checks.NewFact("required width (derived)", bounds.ImprovedWidth(b)), checks.NewFact("width run", float64(m)), checks.NewFact("step size", eta),
			checks.NewFact("rate of the theorem", shrink), checks.NewFact("rate of the linear theory", math.Pow(1-eta*q.lambda0.Value, 2))),
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			l := newLazy(q, m, y, radius, law.antisymmetric, r)
			e0 := l.norm
			at, loss, bound := []float64{0}, []float64{e0 * e0}, []float64{e0 * e0}
			worst := checks.Measurement{Predicted: 1, Tolerance: 1e-9, Part: "rate"}
			allowed := 1.0
			for k := 1; k <= p.Steps && !math.IsInf(l.norm, 0) && !math.IsNaN(l.norm); k++ {
				l.step(eta)
				allowed *= shrink
				// An allowed loss of 0 asks for no residual beyond rounding.
				worst.Observed = max(worst.Observed, (l.norm/e0)*(l.norm/e0)/allowed)
				at, loss, bound = append(at, float64(k)), append(loss, l.norm*l.norm), append(bound, allowed*e0*e0)
			}
			worst.Series = lossSeries("step", at, loss, bound)
			if l.lost && worst.Status() == checks.Held {
				return checks.Failed(fmt.Errorf("neurons moved by up to %g, beyond the %g within which they are followed", l.moved, radius))
			}
			return worst
		},
	}, nil
}

func descentFactor(eta, lambda0 float64) float64 { return 1 - eta*lambda0/2 }

func gramExtra(q *problem, delta float64) float64 {
	return bounds.PrintedGramWidth(q.n, q.lambda0.Lower(), delta/3)
}

func smallSphere() data.Spec { return data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1} }

func one(label float64) data.Spec {
	return data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const, LabelScale: label}
}

// unstable is the control of the convergence theorems: for one input lambda_max(H(0)) is the share of active
// neurons, about 1/2.
func unstable(setup func(theorem) (checks.Instance, error)) checks.Control[theorem] {
	return checks.Control[theorem]{
		Name: "step-beyond-two-over-lambda-max", Why: "a step of about 2.5/lambda_max(H(0)) amplifies the residual by half",
		At:    []theorem{{Data: one(0.1), Delta: 0.5, M: 1000, Steps: 5, Step: 5}},
		Setup: setup,
	}
}

// flowTheorem is Theorem 3.2.
//
// Setting: gradient flow on W, followed by Euler steps of size 0.1/S^2; w_r ~ N(0, I), a_r = +-1, |y_i| <= C.
//
// Hypotheses: lambda_0 > 0 and m >= 4401 (C^2 + 1/2) n^6/(lambda_0^4 delta^3); also the width of gram-concentration at delta/3, which is smaller.
// It is met for a single input; for ten on a sphere it is of the order of 1e15.
//
// Conclusion: with probability at least 1 - delta, ||u(t) - y||^2 <= exp(-lambda_0 t) ||u(0) - y||^2 for all t, here over 60 steps.
//
// Constants: the theorem reads m = Omega(n^6/(lambda_0^4 delta^3)). 4401 = 163 * 27 follows its proof step by step (three events at
// delta/3, E||u(0) - y||^2 = ||y||^2 + n/2), with the constant of Lemma 3.3 corrected as in flow-movement.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Theorem 3.2; card 00.7.
//
// Control: a step of 2.5/lambda_max, which is no flow.
func flowTheorem() checks.Claim[theorem] {
	law := law{
		width:  bounds.LiteralFlowWidth,
		step:   func(q *problem) float64 { return 0.1 / (q.s * q.s) },
		factor: func(eta, lambda0 float64) float64 { return math.Exp(-eta * lambda0) },
		extra:  gramExtra,
	}
	setup := func(p theorem) (checks.Instance, error) { return p.setup(law) }
	return checks.Claim[theorem]{
		ID: "du2019/flow-theorem", Title: "gradient flow converges linearly", Reference: "Theorem 3.2 (card 00.7)",
		Formula:    `m \ge \frac{4401 (C^2+1/2) n^6}{\lambda_0^4 \delta^3} \Rightarrow \Pr[\|u(t)-y\|^2 \le e^{-\lambda_0 t}\|u(0)-y\|^2\ \forall t] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1, Outside: true,
		Grid: []theorem{
			{Data: one(0.1), Delta: 0.6, Steps: 60}, {Data: one(1), Delta: 0.8, Steps: 60}, {Data: one(0.1), Delta: 0.1, Steps: 60},
			{Data: data.Spec{Kind: data.Basis, N: 2, D: 2, LabelScale: 0.1}, Delta: 0.6, Steps: 60},
			{Data: smallSphere(), Delta: 0.3, M: 400, Steps: 60},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, Delta: 0.1, M: 2000, Steps: 60},
		},
		Cost: func(p theorem) checks.Cost { return p.cost(law) }, Setup: setup,
		Controls: []checks.Control[theorem]{unstable(setup)},
	}
}

// descentTheorem is Theorem 4.1.
//
// Setting: gradient descent with eta = lambda_0/(4 n^2) on W; w_r ~ N(0, I), a_r = +-1, |y_i| <= C.
//
// Hypotheses: lambda_0 > 0 and m >= 70416 (C^2 + 1/2) n^6/(lambda_0^4 delta^3); also the width of gram-concentration at delta/3, which is smaller.
// It is met for a single input; for ten on a sphere it is of the order of 1e16.
//
// Conclusion: with probability at least 1 - delta, ||u(k) - y||^2 <= (1 - eta lambda_0/2)^k ||u(0) - y||^2 for all k, here over 60 steps.
//
// Constants: the theorem reads m = Omega(n^6/(lambda_0^4 delta^3)) and eta = O(lambda_0/n^2). 70416 = 2608 * 27 and 1/4 follow its proof step by
// step: lambda_0/8 for each of two flip terms and eta n^2 = lambda_0/4.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Theorem 4.1; card 00.7.
//
// Control: a step of 2.5/lambda_max.
func descentTheorem() checks.Claim[theorem] {
	law := law{
		width:  bounds.LiteralDescentWidth,
		step:   func(q *problem) float64 { return q.lambda0.Value / (4 * float64(q.n*q.n)) },
		factor: descentFactor, extra: gramExtra,
	}
	setup := func(p theorem) (checks.Instance, error) { return p.setup(law) }
	return checks.Claim[theorem]{
		ID: "du2019/descent-theorem", Title: "gradient descent converges linearly", Reference: "Theorem 4.1 (card 00.7)",
		Formula:    `m \ge \frac{70416 (C^2+1/2) n^6}{\lambda_0^4 \delta^3} \Rightarrow \Pr[\|u(k)-y\|^2 \le (1-\tfrac{\eta\lambda_0}{2})^k\|u(0)-y\|^2\ \forall k] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1, Outside: true,
		Grid: []theorem{
			{Data: one(0.1), Delta: 0.9, Steps: 60}, {Data: one(0.1), Delta: 0.5, Steps: 60}, {Data: one(1), Delta: 0.5, Steps: 60},
			{Data: smallSphere(), Delta: 0.3, M: 400, Steps: 60},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, Delta: 0.1, M: 2000, Steps: 60},
		},
		Cost: func(p theorem) checks.Cost { return p.cost(law) }, Setup: setup,
		Controls: []checks.Control[theorem]{unstable(setup)},
	}
}

// descentDerived is Theorem 4.1 with better exponents.
//
// Setting: gradient descent with eta = 0.55/S^2 on W; w_r ~ N(0, I), a_r = +-1; S = ||X||_2, B = ||y|| + sqrt(2n ln(6n/delta)).
//
// Hypotheses: lambda_0 > 0 and m >= max(238 S^2 ln(3n/delta)/lambda_0, 63880 S^6 B^2/lambda_0^4). For n = d = 1, y = 0.1 that is 5.5e6 at delta = 0.5 (the
// standard profile) and 4.3e6 at delta = 0.9 (the quick one).
//
// Conclusion: with probability at least 1 - delta, ||u(k) - y||^2 <= (1 - eta lambda_0/2)^k ||u(0) - y||^2 for all k, here over 60 steps. Neurons too far
// from a boundary to flip are followed through their Gram matrix, exactly.
//
// Constants: derived; gram-chernoff, flip-doubling and output-norm at delta/3 each make the certificate at the rate of the paper apply. Width
// n^4 log(n/delta)/lambda_0^4 in place of n^6/(lambda_0^4 delta^3), step size 0.55/S^2 in place of lambda_0/(4 n^2).
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: card 00.7, derived; improves Du et al. (2019), Theorem 4.1.
//
// Control: a step of 2.5/lambda_max.
func descentDerived() checks.Claim[theorem] {
	law := law{width: bounds.ImprovedWidth, step: derivedStep, factor: descentFactor}
	setup := func(p theorem) (checks.Instance, error) { return p.setup(law) }
	return checks.Claim[theorem]{
		ID: "du2019/descent-derived", Title: "gradient descent converges, explicit width", Reference: "improves Theorem 4.1 (card 00.7)",
		Formula:    `m \ge \max\left(\frac{238\|X\|_2^2\ln(3n/\delta)}{\lambda_0}, \frac{63880\|X\|_2^6 B^2}{\lambda_0^4}\right) \Rightarrow \Pr[\|e_k\|^2 \le (1-\tfrac{\eta\lambda_0}{2})^k\|e_0\|^2\ \forall k] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1, Outside: true,
		Grid: []theorem{
			{Data: one(0.1), Delta: 0.9, Steps: 60}, {Data: one(0.1), Delta: 0.5, Steps: 60}, {Data: one(1), Delta: 0.1, Steps: 60},
			{Data: data.Spec{Kind: data.Basis, N: 2, D: 2, LabelScale: 0.1}, Delta: 0.1, Steps: 60},
			{Data: smallSphere(), Delta: 0.3, M: 400, Steps: 60},
		},
		Cost: func(p theorem) checks.Cost { return p.cost(law) }, Setup: setup,
		Controls: []checks.Control[theorem]{unstable(setup)},
	}
}

func derivedStep(q *problem) float64 { return 0.55 / (q.s * q.s) }

// descentAntisymmetric is the explicit theorem for an antisymmetric start, which ordinary widths meet.
//
// Setting: as in descent-derived, but m even, w_{r+m/2}(0) = w_r(0) and a_{r+m/2} = -a_r, so that u(0) = 0; labels small. With fit, the labels
// are scaled so that both requirements agree.
//
// Hypotheses: lambda_0 > 0 and m >= max(475.2 S^2 ln(2n/delta)/lambda_0, 63880 S^6 ||y||^2/lambda_0^4).
//
// Conclusion: with probability at least 1 - delta, ||u(k) - y||^2 <= (1 - eta lambda_0/2)^k ||y||^2 for all k, here over 60 steps, eta = 0.55/S^2.
//
// Constants: derived; as descent-derived with m/2 independent pairs and no random residual, two events at delta/2 (bounds.AntisymmetricWidth).
//
// Convention: NTK scaling, sum loss, only W trained, antisymmetric start.
//
// Reference: card 00.7, derived; the version of Du et al. (2019), Theorem 4.1, that is met on a desk and on real data.
//
// Control: a step of 2.5/lambda_max.
func descentAntisymmetric() checks.Claim[theorem] {
	law := law{width: bounds.AntisymmetricWidth, step: derivedStep, factor: descentFactor, antisymmetric: true}
	setup := func(p theorem) (checks.Instance, error) { return p.setup(law) }
	grid := []theorem{
		{Data: one(0.1), Delta: 0.2, Steps: 60}, {Data: data.Spec{Kind: data.Basis, N: 4, D: 4, LabelScale: 0.03}, Delta: 0.2, Steps: 60},
		{Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, Delta: 0.3, Fit: true, Steps: 60},
		{Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, Delta: 0.1, Steps: 60}, // labels +-1
	}
	for _, s := range pictures(4, 49) {
		grid = append(grid, theorem{Data: s, Delta: 0.5, Fit: true, Steps: 60})
	}
	return checks.Claim[theorem]{
		ID: "du2019/descent-antisymmetric", Title: "gradient descent converges, antisymmetric start", Reference: "improves Theorem 4.1 (card 00.7)",
		Formula:    `m \ge \max\left(\frac{475.2\|X\|_2^2\ln(2n/\delta)}{\lambda_0}, \frac{63880\|X\|_2^6\|y\|^2}{\lambda_0^4}\right) \Rightarrow \Pr[\|e_k\|^2 \le (1-\tfrac{\eta\lambda_0}{2})^k\|y\|^2\ \forall k] \ge 1-\delta`,
		Convention: convention + "; antisymmetric start", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) theorem {
			n := rapid.IntRange(1, 4).Draw(t, "n")
			return theorem{
				Data: data.Spec{Kind: data.Orthonormal, N: n, D: rapid.IntRange(n, 6).Draw(t, "d"), Seed: rapid.Uint64Range(0, 1<<16).Draw(t, "seed"),
					Labels: rapid.SampledFrom([]string{data.Alternate, data.Normal}).Draw(t, "labels"), LabelScale: rapid.SampledFrom([]float64{0.03, 0.003}).Draw(t, "label scale")},
				Delta: rapid.SampledFrom([]float64{0.3, 0.6}).Draw(t, "delta"), Steps: 30,
			}
		}),
		Grid: grid,
		OnData: func(f checks.DataFile) []theorem {
			return []theorem{{Data: file(f, 4), Delta: 0.3, Fit: true, Steps: 60}}
		},
		Cost: func(p theorem) checks.Cost { return p.cost(law) }, Setup: setup,
		Controls: []checks.Control[theorem]{unstable(setup)},
	}
}

// converges reports whether gradient descent at one width obeys the rate of Theorem 4.1 for the given number of steps.
func (q *problem) converges(m, steps int, r *rand.Rand) bool {
	l := newLazy(q, m, q.set.Y, math.Inf(1), false, r)
	eta, e0, allowed := derivedStep(q), l.norm, 1.0
	for range steps {
		l.step(eta)
		allowed *= descentFactor(eta, q.lambda0.Value)
		if !(l.norm*l.norm <= allowed*e0*e0*(1+1e-9)) {
			return false
		}
	}
	return true
}

// criticalWidth locates the width from which on gradient descent converges as claimed.
//
// Setting: gradient descent with eta = 0.55/S^2 on W for a fixed number of steps, labels +-1, widths m = 1, 2, 4, ...
//
// Hypotheses: lambda_0 > 0.
//
// Conclusion: the width at which ||u(k) - y||^2 <= (1 - eta lambda_0/2)^k ||u(0) - y||^2 for all those k holds with probability 1 - delta is at most that of
// descent-derived. The estimate is the width that is empirically enough, beside the derived and the published ones.
//
// Constants: derived, as in descent-derived. The bracket supposes that success is monotone in the width.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Theorem 4.1; card 00.7, test (2).
//
// Control: two neurons as the sufficient width.
func criticalWidth() checks.Claim[ladder] {
	setup := func(p ladder, location func(bounds.Problem) float64) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		b := q.bounds(p.Delta)
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{q.distinct()},
			Facts: q.facts(checks.NewFact("required width (published)", bounds.LiteralDescentWidth(b)), checks.NewFact("required width (derived)", bounds.ImprovedWidth(b)),
				checks.NewFact("width run (largest)", float64(p.From<<(p.Rungs-1)))),
			Terms: checks.Terms{Trials: p.Trials, Level: checks.Float(1 - p.Delta), Location: checks.Float(location(b)), Relation: checks.AtMost},
			Trial: func(r *rand.Rand) checks.Measurement {
				var m checks.Measurement
				for _, width := range p.widths() {
					good := 0.0
					if q.converges(width, p.Steps, r) {
						good = 1
					}
					m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: good})
				}
				return m
			},
		}, nil
	}
	orthonormal := ladder{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, From: 1, Rungs: 8, Trials: 70, Steps: 40, Delta: 0.2}
	grid := []ladder{orthonormal, {Data: smallSphere(), From: 1, Rungs: 8, Trials: 70, Steps: 40, Delta: 0.2},
		{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, From: 8, Rungs: 10, Trials: 60, Steps: 100, Delta: 0.3}}
	return checks.Claim[ladder]{
		ID: "du2019/critical-width", Title: "width that convergence needs", Reference: "Theorem 4.1 (card 00.7)",
		Formula:    `m_*(\delta) \le \max\left(\frac{238\|X\|_2^2\ln(3n/\delta)}{\lambda_0}, \frac{63880\|X\|_2^6 B^2}{\lambda_0^4}\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Threshold{}, Version: 1,
		Grid:  append(grid, ladderImages(ladder{From: 1, Rungs: 7, Trials: 70, Steps: 40, Delta: 0.2}, 5)...),
		Cost:  func(p ladder) checks.Cost { return p.cost() },
		Setup: func(p ladder) (checks.Instance, error) { return setup(p, bounds.ImprovedWidth) },
		Controls: []checks.Control[ladder]{{
			Name: "two-neurons", Why: "two neurons leave some sample without an active one",
			At: []ladder{orthonormal},
			Setup: func(p ladder) (checks.Instance, error) {
				return setup(p, func(bounds.Problem) float64 { return 2 })
			},
		}},
	}
}

// growth are the parameters of the growth of the critical width with n.
type growth struct {
	From   int     `json:"from"` // smallest n
	Rungs  int     `json:"rungs"`
	Trials int     `json:"trials"`
	Steps  int     `json:"steps"`
	Delta  float64 `json:"delta"`
}

// criticalGrowth compares the exponent of n in the width that convergence needs with that of the theory.
//
// Setting: n = d orthonormal inputs, labels +-1, eta = 0.55; for every draw the smallest of the widths 1, 2, 4, ... at which gradient descent
// obeys the rate of Theorem 4.1 for a fixed number of steps; n = 2, 4, 8, 16, ...
//
// Hypotheses: none.
//
// Conclusion: its slope in n is at most the slope of the sufficient width of descent-derived over the same ladder, 1.2 for orthonormal inputs
// (S = 1, lambda_0 = 1/2, B^2 of order n log(n/delta)). The published width has the slope 6.
//
// Constants: the exponent of the derived width. An upper bound on the width holds if the fitted exponent is not larger; that of the constants shows
// in critical-width.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Theorem 4.1; card 00.7, test (2).
//
// Control: a width that does not grow with the number of inputs, a slope of at most 0.
func criticalGrowth() checks.Claim[growth] {
	spec := func(n int) data.Spec { return data.Spec{Kind: data.Basis, N: n, D: n, Labels: data.Alternate} }
	setup := func(p growth, exponent func(derived float64) float64) (checks.Instance, error) {
		var problems []*problem
		for i := range p.Rungs {
			q, err := build(spec(p.From << i))
			if err != nil {
				return checks.Instance{}, err
			}
			problems = append(problems, q)
		}
		first, last := problems[0].bounds(p.Delta), problems[p.Rungs-1].bounds(p.Delta)
		span := math.Log(float64(last.N) / float64(first.N))
		published := math.Log(bounds.LiteralDescentWidth(last)/bounds.LiteralDescentWidth(first)) / span
		derived := math.Log(bounds.ImprovedWidth(last)/bounds.ImprovedWidth(first)) / span
		return checks.Instance{
			Facts: []checks.Fact{checks.NewFact("exponent of n (published)", published), checks.NewFact("exponent of n (derived)", derived)},
			Terms: checks.Terms{Trials: p.Trials, Exponent: checks.Float(exponent(derived)), Relation: checks.AtMost, Resolution: 0.1},
			Trial: func(r *rand.Rand) checks.Measurement {
				var m checks.Measurement
				for _, q := range problems {
					width := 1
					for !q.converges(width, p.Steps, r) && width < 1<<14 {
						width *= 2
					}
					m.Ladder = append(m.Ladder, checks.Rung{Size: float64(q.n), Value: float64(width)})
				}
				return m
			},
		}, nil
	}
	quick := growth{From: 2, Rungs: 4, Trials: 60, Steps: 20, Delta: 0.5}
	return checks.Claim[growth]{
		ID: "du2019/critical-growth", Title: "growth of the necessary width with n", Reference: "Theorem 4.1 (card 00.7)",
		Formula:    `m_*(n) \lesssim n^{p},\quad p \le 1.2 < 6`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: []growth{quick, {From: 2, Rungs: 6, Trials: 60, Steps: 40, Delta: 0.5}},
		Cost: func(p growth) checks.Cost {
			n := float64(p.From << (p.Rungs - 1))
			// Networks of about 8n neurons, drawn and followed once or twice; narrower ones fail at once.
			return checks.Cost{Trial: 16*n*(14*n+2*n*n) + 8*n*float64(p.Steps)*(n*n+3*n), Size: fmt.Sprintf("n=%g", n)}
		},
		Setup: func(p growth) (checks.Instance, error) {
			return setup(p, func(derived float64) float64 { return derived })
		},
		Controls: []checks.Control[growth]{{
			Name: "no-growth", Why: "every further input needs further neurons",
			At: []growth{quick},
			Setup: func(p growth) (checks.Instance, error) {
				// Within the resolution of 0.1 that is a slope of at most 0.
				return setup(p, func(float64) float64 { return -0.1 })
			},
		}},
	}
}
