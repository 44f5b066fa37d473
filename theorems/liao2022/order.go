package liao2022

import (
	"convergo/checks"
	"math/rand/v2"
)

// orderP are the parameters of the comparison of two error regions.
type orderP struct {
	Small training `json:"small"` // the run with the smaller region
	Large training `json:"large"`
}

// The error region shrinks with more sub-networks and grows with more local
// steps, by the amount that theory gives.
//
// Setting: as liao2022/error-region; two runs on independent masks that differ only
// in p, or only in tau.
//
// Hypotheses: no preactivation changes its sign (asked of every draw).
//
// Conclusion: E[tail of the larger] - E[tail of the smaller] is the difference of the exact second moments, which is
// positive: the larger region is that of fewer sub-networks at the same tau, or of more local steps at the same p.
//
// Constants: derived, see bounds.MaskedMoments. The abstract of the first arXiv version has the order, without constants; that of the
// published version says only that the region depends on both numbers. Which of two limits is larger is liao2022/floor-formula.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi; error of xi f.
//
// Reference: derived here; sharpens the abstract of the first arXiv version.
//
// Control: the two runs exchanged; the difference for a step longer by three tenths.
func regionOrder() checks.Claim[orderP] {
	setup := func(p orderP, speed float64) (checks.Instance, error) {
		small, a, err := p.Small.region(speed)
		if err != nil {
			return checks.Instance{}, err
		}
		large, b, err := p.Large.region(speed)
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Facts: []checks.Fact{
				checks.NewFact("predicted tail of the smaller", a), checks.NewFact("predicted tail of the larger", b),
			},
			Terms: checks.Terms{Trials: 700, Resolution: 0.12},
			Trial: func(rng *rand.Rand) checks.Measurement {
				less, _, still, err := small.tail(rng)
				if err != nil {
					return checks.Failed(err)
				}
				more, _, too, err := large.tail(rng)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{
					Observed: more - less, Predicted: b - a, Relation: checks.Equal, Tolerance: 1e-9 * (a + b),
					Hypotheses: []checks.Hypothesis{still, too},
				}
			},
		}, nil
	}
	run := func(p, tau, rounds int) training {
		return training{Data: orthonormals(4, 0.1), Scheme: schemeBernoulli, Xi: 0.5, P: p, Tau: tau, Eta: 1, M: 128, Rounds: rounds, Tail: rounds * 3 / 4}
	}
	exchange := func(p orderP) (checks.Instance, error) {
		in, err := setup(p, 1)
		if err != nil {
			return in, err
		}
		trial := in.Trial
		in.Trial = func(rng *rand.Rand) checks.Measurement {
			m := trial(rng)
			m.Observed = -m.Observed
			return m
		}
		return in, nil
	}
	models := orderP{Small: run(4, 1, 24), Large: run(1, 1, 24)}
	return checks.Claim[orderP]{
		ID: "liao2022/region-order", Title: "more sub-networks shrink the region, more local steps grow it", Reference: "derived here; sharpens the abstract (arXiv v1)",
		Formula:    `\mathbb{E}\|e\|^2 \text{ decreases in } p, \text{ increases in } \tau`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 2,
		Grid: []orderP{models, {Small: run(1, 1, 24), Large: run(1, 3, 18)}},
		Cost: func(p orderP) checks.Cost {
			a, b := p.Small.cost(), p.Large.cost()
			return checks.Cost{Setup: a.Setup + b.Setup, Trial: a.Trial + b.Trial, Size: b.Size}
		},
		Setup: func(p orderP) (checks.Instance, error) { return setup(p, 1) },
		Controls: []checks.Control[orderP]{
			{Name: "exchanged", Why: "the region of four sub-networks is not the larger one", At: []orderP{models}, Setup: exchange},
			{
				Name: "longer-steps", Why: "the difference grows with the step size",
				At:    []orderP{models},
				Setup: func(p orderP) (checks.Instance, error) { return setup(p, 1.3) },
			},
		},
	}
}

// region is the run with its exact mean tail for a step size scaled by speed.
func (p training) region(speed float64) (*frozen, float64, error) {
	f, err := p.frozen()
	if err != nil {
		return nil, 0, err
	}
	predicting := *f
	predicting.lab = &lab{training: p, ground: f.ground, law: f.law, eta: f.eta * speed}
	mean, _, err := predicting.expectedTail(f.law)
	return f, mean, err
}
