package du2019

import (
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
)

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
// Reference: derived here, for Du et al. (2019), Theorem 4.1.
//
// Control: two neurons as the sufficient width.
//
// Loose: a few neurons for each input are enough; see descent-derived for what its width spends.
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
				checks.NewFact("width run (largest)", float64(p.widths()[p.Rungs-1]))),
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
	orthonormal := ladder{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, From: 1, Times: 2, Rungs: 8, Trials: 70, Steps: 40, Delta: 0.2}
	grid := []ladder{orthonormal, {Data: smallSphere(), From: 1, Times: 2, Rungs: 8, Trials: 70, Steps: 40, Delta: 0.2},
		{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, From: 8, Times: 2, Rungs: 8, Trials: 60, Steps: 100, Delta: 0.3}}
	return checks.Claim[ladder]{
		ID: "du2019/critical-width", Title: "width that convergence needs", Reference: "Theorem 4.1, improved here",
		Formula:    `m_*(\delta) \le \max\left(\frac{237.6\|X\|_2^2\ln(3n/\delta)}{\lambda_0}, \frac{63880\|X\|_2^6 B^2}{\lambda_0^4}\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Threshold{}, Version: 2,
		Detects: map[string]float64{"": 2e7},
		Grid:    append(grid, ladderImages(ladder{From: 1, Times: 2, Rungs: 7, Trials: 70, Steps: 40, Delta: 0.2}, 5)...),
		Cost:    func(p ladder) checks.Cost { return p.cost(true) },
		Setup:   func(p ladder) (checks.Instance, error) { return setup(p, bounds.ImprovedWidth) },
		Controls: []checks.Control[ladder]{{
			Name: "two-neurons", Why: "two neurons leave some sample without an active one",
			At: []ladder{orthonormal},
			Setup: func(p ladder) (checks.Instance, error) {
				return setup(p, func(bounds.Problem) float64 { return 2 })
			},
		}},
	}
}
