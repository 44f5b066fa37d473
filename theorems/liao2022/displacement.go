package liao2022

import (
	"math"
	"math/rand/v2"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/train"

	"gonum.org/v1/gonum/mat"
)

// displacement returns (1/m) sum_r ||w_r - v_r||^2.
func displacement(w, v *mat.Dense) float64 {
	m, _ := w.Dims()
	_, frobenius := nets.Movement(w, v)
	return frobenius * frobenius / float64(m)
}

// recalledWidth is the published width with constant 1, for the record.
func (l *lab) recalledWidth(delta float64) checks.Fact {
	n, k := float64(l.n), float64(l.Rounds)
	return checks.Fact{
		Name:  "required width (recalled, constant 1, delta = 0.1)",
		Value: checks.Float(math.Pow(n, 4) * k * k / (math.Pow(l.lambda0.Value, 4) * delta * delta) * math.Max(n, float64(l.dim()))),
	}
}

// Under masks the weights never come to rest.
//
// Setting: as liao2022/error-region; after k0 rounds, when the transient is over, the mean squared
// displacement MSD(k) = (1/m) sum_r ||w_r(k) - w_r(k0)||^2 is followed over a geometric
// ladder of k - k0. Independent masks or a partition, xi < 1.
//
// Hypotheses: eta xi lambda_max(H^inf) <= 1, xi < 1.
//
// Conclusion: MSD grows at least linearly: the slope of ln MSD against ln(k - k0) is at least 1, up to
// 0.2.
//
// Constants: derived: the noise of each round is fresh, so that the displacements of a neuron
// in different rounds are uncorrelated to leading order and their squares add up; the drift of
// card 02.3 adds a part that grows faster. This is why the published width grows with the
// number of rounds K (recalled, n^4 K^2 max(n,d)/(lambda_0^4 delta^2); shown as a fact with constant 1, not
// tested).
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: consequence of the main theorem as recalled; card 02.8.
//
// Control: the same masks in every round, under which the weights converge.
func displacementClaim() checks.Claim[training] {
	const transient = 30
	setup := func(p training) (checks.Instance, error) {
		l, err := p.lab()
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Hypotheses: append(l.hypotheses(), checks.Require("xi", p.Xi, checks.AtMost, 0.99)),
			Facts:      append(l.facts(), l.recalledWidth(0.1)),
			Terms:      checks.Terms{Trials: 40, Exponent: 1, Relation: checks.AtLeast, Resolution: 0.2},
			Trial: func(rng *rand.Rand) checks.Measurement {
				var start *mat.Dense
				var rungs []checks.Rung
				next := 10
				err := l.run(l.y, rng, func(round int, s *train.State) {
					switch {
					case round == transient:
						start = mat.DenseCopyOf(s.Net.W)
					case round == transient+next:
						rungs = append(rungs, checks.Rung{Size: float64(next), Value: displacement(s.Net.W, start)})
						next *= 2
					}
				})
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{Ladder: rungs}
			},
		}, nil
	}
	run := func(scheme string, xi float64, p int) training {
		return training{Data: orthonormal(0.1), Scheme: scheme, Xi: xi, P: p, Tau: 1, Eta: 0.8, M: 160, Rounds: transient + 80}
	}
	reuse := run(schemeDropout, 0.5, 1)
	reuse.Reuse, reuse.Rounds = true, transient+160
	return checks.Claim[training]{
		ID: "liao2022/displacement", Title: "weights diffuse under masks", Reference: "main theorem; card 02.8",
		Formula:    `\frac{1}{m} \sum_r \|w_r(k) - w_r(k_0)\|^2 = \Omega(k - k_0)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: []training{run(schemeDropout, 0.5, 1), run(schemePartition, 0.25, 4)},
		Cost: training.cost, Setup: setup,
		Controls: []checks.Control[training]{{
			Name: "same-masks", Why: "without fresh masks training is gradient descent on one loss and converges",
			At: []training{reuse},
		}},
	}
}

// Without masks the weights come to rest.
//
// Setting: as liao2022/displacement with xi = 1, from round k0 = 80 to round 160.
//
// Hypotheses: xi = 1; (1 - eta lambda_0)^k0 below the rounding unit.
//
// Conclusion: MSD = (1/m) sum_r ||w_r(k) - w_r(k0)||^2 <= 1e-20 kappa^2 d, d the dimension of the span.
//
// Constants: derived: the error is a rounding error by then, and each further step moves a weight by a few
// rounding units of it: 80 steps of 1e-16 give 1e-28. (The slope of this random walk of
// rounding errors says nothing, which is why none is asserted.)
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: card 02.8.
//
// Control: masks of half of the neurons.
func noDisplacement() checks.Claim[training] {
	const rest = 80
	setup := func(p training) (checks.Instance, error) {
		l, err := p.lab()
		if err != nil {
			return checks.Instance{}, err
		}
		left := math.Pow(math.Abs(1-l.eta*l.lambda0.Value), rest)
		return checks.Instance{
			Hypotheses: append(l.hypotheses(), checks.Require("xi", p.Xi, checks.AtLeast, 1), checks.Require("(1 - eta lambda_0)^k0", left, checks.AtMost, epsilon)),
			Facts:      append(l.facts(), l.recalledWidth(0.1)),
			Trial: func(rng *rand.Rand) checks.Measurement {
				var start *mat.Dense
				var seen float64
				err := l.run(l.y, rng, func(round int, s *train.State) {
					switch round {
					case rest:
						start = mat.DenseCopyOf(s.Net.W)
					case p.Rounds:
						seen = displacement(s.Net.W, start)
					}
				})
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{Observed: seen, Predicted: 1e-20 * l.kappa() * l.kappa() * float64(l.dim())}
			},
		}, nil
	}
	run := func(xi float64) training {
		return training{Data: orthonormal(1), Scheme: schemeDescent, Xi: xi, P: 1, Tau: 1, Eta: 0.6, M: 600, Rounds: 2 * rest}
	}
	return checks.Claim[training]{
		ID: "liao2022/no-displacement", Title: "weights come to rest without masks", Reference: "main theorem; card 02.8",
		Formula:    `\xi = 1 \implies \frac{1}{m} \sum_r \|w_r(k) - w_r(k_0)\|^2 \le 10^{-20} \kappa^2 d`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []training{run(1)}, Cost: training.cost, Setup: setup,
		Controls: []checks.Control[training]{{
			Name: "half-masks", Why: "fresh masks move the weights in every round",
			At: []training{run(0.5)},
		}},
	}
}
