package du2019

import (
	"fmt"
	"math/rand/v2"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
)

// experiment are the parameters of the experiment of Section 5.
type experiment struct {
	N         int     `json:"n"` // points, and their dimension
	M         int     `json:"m"` // the narrower width
	Times     int     `json:"times"`
	Steps     int     `json:"steps"`
	Delta     float64 `json:"delta"`
	MeanField bool    `json:"mean_field,omitempty"`
	Ones      bool    `json:"ones,omitempty"`
}

// A trained is a run at its last epoch, with its curves.
type trained struct {
	flips, moved, loss   float64
	steps, losses, share []float64
}

// widthExperiment is Figure 1.
//
// Setting: n = d points uniform on the sphere, labels N(0, 1), gradient descent for a fixed number of epochs of size 1/(2 lambda_max(H^inf)); the paper has
// n = 1000, 100 epochs and m = 500, 1000, 2000, 4000, 8000. Two networks of width m and 8m are drawn independently and trained. The curves are recorded.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta, at the last epoch the wider network has a smaller share of changed signs (Figure 1 (b)), a smaller largest
// movement max_r ||w_r(K) - w_r(0)|| (Figure 1 (c)) and a smaller training error (Figure 1 (a)).
//
// Constants: none; the figure shows the order of the curves. What theory has of it is in flip-rate and movement-rate.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Section 5, Figure 1; the small version and its probability are ours.
//
// Control: mean-field scaling, where flips and movement do not fall with the width; output weights all +1, with which the error grows.
//
// Loose: an order of curves is not a number. Eight times the width divides the signs and the movement by nearly 3 on the mean, and the error by more; the quantiles of the
// ratios are what is detected.
func widthExperiment() checks.Claim[experiment] {
	small := experiment{N: 8, M: 32, Times: 8, Steps: 40, Delta: 0.4}
	meanField, ones := small, small
	meanField.MeanField, ones.Ones, ones.Steps = true, true, 2
	return checks.Claim[experiment]{
		ID: "du2019/experiment", Title: "wider networks flip, move and err less", Reference: "Section 5, Figure 1",
		Formula:    `\Pr[\text{signs, movement and error at } 8m \text{ below those at } m] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: []experiment{
			small, {N: 50, M: 50, Times: 8, Steps: 100, Delta: 0.4},
		},
		Cost: func(p experiment) checks.Cost {
			n, m := float64(p.N), float64(p.M*(1+p.Times))
			return checks.Cost{Setup: 100 * n * n * n, Trial: m * (14*n + float64(p.Steps)*(4*n*n+20*n+60)), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: func(p experiment) (checks.Instance, error) { return p.setup() },
		Controls: []checks.Control[experiment]{
			{Name: "mean-field-scaling", Why: "the features move by the same amount at every width", At: []experiment{meanField}},
			{Name: "ones", Why: onesWhy, At: []experiment{ones}},
		},
		Detects: map[string]float64{"changed signs": 4, "movement": 5.5, "error": 2000},
	}
}

func (p experiment) setup() (checks.Instance, error) {
	q, err := build(data.Spec{Kind: data.Sphere, N: p.N, D: p.N, Seed: 1, Labels: data.Normal})
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{
		Facts: q.facts(checks.NewFact("width run (largest)", float64(p.M*p.Times))), Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			narrow, err := p.train(q, p.M, r)
			if err != nil {
				return checks.Failed(err)
			}
			wide, err := p.train(q, p.M*p.Times, r)
			if err != nil {
				return checks.Failed(err)
			}
			m := checks.All(
				checks.Measurement{Observed: wide.flips, Predicted: narrow.flips, Part: "changed signs"},
				checks.Measurement{Observed: wide.moved, Predicted: narrow.moved, Part: "movement"},
				checks.Measurement{Observed: wide.loss, Predicted: narrow.loss, Part: "error"},
			)
			for _, o := range []struct {
				width int
				run   trained
			}{{p.M, narrow}, {p.M * p.Times, wide}} {
				name := fmt.Sprintf("m = %d", o.width)
				m.Series = append(m.Series, curve.Axes{X: "epoch", Y: "training error", LogY: true}.Measured(name, o.run.steps, o.run.losses),
					curve.Axes{X: "epoch", Y: "share of changed signs"}.Measured(name, o.run.steps, o.run.share))
			}
			return m
		},
	}, nil
}

func (p experiment) train(q *problem, m int, r *rand.Rand) (o trained, err error) {
	in, eta := nets.NTK(m, q.k), 0.5/q.top
	if p.MeanField {
		in.Scale = nets.MeanFieldScale(m)
		eta *= float64(m)
	}
	if p.Ones {
		in.Output = nets.Ones
	}
	err = q.descend(in.Draw(r), q.set.Y, eta, p.Steps, func(s *train.State) bool {
		if s.Step%max(1, p.Steps/20) == 0 || s.Step == p.Steps {
			_, flips := s.Flips()
			o.flips, o.loss = float64(flips)/float64(q.n*m), s.Loss()
			o.steps, o.losses, o.share = append(o.steps, float64(s.Step)), append(o.losses, o.loss), append(o.share, o.flips)
		}
		if s.Step == p.Steps {
			o.moved, _ = s.Movement()
		}
		return true
	})
	return o, err
}
