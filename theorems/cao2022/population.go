package cao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/signalnoise"
	"convergo/theorems/internal/curve"
)

// trajectory is a setting with the steps at which the network is tested.
type trajectory struct {
	setting
	Every  int `json:"every"`
	Points int `json:"points"`
}

// populationLoss is why memorised noise does not help: a lower bound on the test loss by the signal alone.
//
// Setting: any network of the paper's form at any time of its training; fresh noise patches, each with both labels.
//
// Hypotheses: none; labels are fair signs independent of the noise.
//
// Conclusion: L_D >= log(1 + exp(-(S_+ + S_-)/2)), S_y = (y/m) sum_{j,r} j sigma(<w_{j,r}, y mu>) the margin that the signal alone gives.
//
// Constants: ours, exact: y f(x) = S_y + y g(xi), and the logistic loss is convex, so that the two labels of one noise patch cost at least twice the loss
// at the mean (S_+ + S_-)/2. It holds for the mean over any patches, hence without an interval. With S small it is log 2 - (S_+ + S_-)/4: the
// L_D >= 0.1 of Theorem 4.4 is a factor of 7 below that. Attained while g is small, as in the harmful regime.
//
// Convention: sigma_p sqrt d = 1.
//
// Reference: derived here, after Theorem 4.4.
//
// Control: a bound 1.02 times as large; the training samples in place of fresh ones, whose labels the filters have seen.
func populationLoss() checks.Claim[trajectory] {
	setup := func(factor float64, training bool) func(trajectory) (checks.Instance, error) {
		return func(p trajectory) (checks.Instance, error) {
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.test(factor, training, r) }}, nil
		}
	}
	lost := trajectory{setting{N: 4, M: 8, D: 4200000, Q: 3, C: 0.05, Scale: 0.02, Step: 16}, 40, 12}
	won := trajectory{setting{N: 6, M: 8, D: 1000, Q: 3, C: 17, Scale: 0.02, Step: 8}, 20, 10}
	between := trajectory{setting{N: 6, M: 6, D: 20, Q: 2.5, C: 1, Scale: 0.3, Step: 4}, 10, 8} // noise patches overlap, and fresh ones move the output
	return checks.Claim[trajectory]{
		ID: "cao2022/population-loss", Title: "test loss by the signal alone", Reference: "derived here, after Theorem 4.4",
		Formula:    `L_D \ge \log\bigl(1 + e^{-(S_+ + S_-)/2}\bigr), \quad S_y = \frac{y}{m}\sum_{j,r} j\,\sigma(\langle w_{j,r}, y\mu\rangle)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []trajectory{between, won, lost},
		Cost: func(p trajectory) checks.Cost {
			fresh := 60 * float64(p.N+2*p.M) * float64(4*p.M+12)
			return checks.Cost{Trial: p.setting.cost(float64(p.Every*p.Points)) + float64(p.Points)*fresh, Size: fmt.Sprintf("n=%d m=%d", p.N, p.M)}
		},
		Setup: setup(1, false),
		Controls: []checks.Control[trajectory]{
			{Name: "larger", Why: "while the noise of fresh patches is small the bound is attained", At: []trajectory{lost}, Setup: setup(1.02, false)},
			{Name: "training-samples", Why: "their labels are not independent of what was learned of their noise", At: []trajectory{lost}, Setup: setup(1, true)},
		},
	}
}

// test follows training and compares the losses at each point.
func (p trajectory) test(factor float64, training bool, r *rand.Rand) checks.Measurement {
	s, net, err := p.start(r)
	if err != nil {
		return checks.Failed(err)
	}
	d, err := signalnoise.NewDescent(net, s, p.eta())
	if err != nil {
		return checks.Failed(err)
	}
	var steps, seen, fresh, bound []float64
	var points []checks.Measurement
	for t := range p.Points {
		plus, minus := p.margins(d)
		test := d.Network().Fresh(s.Mu, p.law().SigmaP, 60, r)
		steps, seen, fresh = append(steps, float64(t*p.Every)), append(seen, d.Loss()), append(fresh, test.Loss)
		bound = append(bound, bounds.PairedLoss(plus, minus))
		observed := test.Loss
		if training {
			observed = d.Loss()
		}
		points = append(points, checks.Measurement{Observed: observed, Predicted: factor * bound[t], Relation: checks.AtLeast, Tolerance: 1e-12})
		for range p.Every {
			d.Step()
		}
	}
	m := checks.Worst(points...)
	axes := curve.Axes{X: "step", Y: "loss"}
	m.Series = []checks.Series{axes.Measured("training", steps, seen), axes.Measured("test", steps, fresh), axes.Bound("lower bound on the test loss", steps, bound)}
	return m
}

// margins are S_+ and S_-.
func (p trajectory) margins(d *signalnoise.Descent) (plus, minus float64) {
	for k := range 2 * p.M {
		j, z := sign(k, 2*p.M), d.Signal(k)
		plus += j * math.Pow(math.Max(z, 0), p.Q) / float64(p.M)
		minus -= j * math.Pow(math.Max(-z, 0), p.Q) / float64(p.M)
	}
	return plus, minus
}
