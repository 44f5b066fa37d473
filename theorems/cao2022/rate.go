package cao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/checks"
	"convergo/nets/signalnoise"
)

// lossRate is the speed of the second stage, in both regimes.
//
// Setting: as in the paper; t_0 the first step with L_S <= 0.05.
//
// Hypotheses: on the draw, t_0 <= 600: all samples are fitted by then.
//
// Conclusion: L_S(t) log(1/L_S(t))^{2-2/q} has log-log slope -1 in t, on 4 (t_0 + 200) <= t <= 16 (t_0 + 200): both signal and noise are fitted at the rate
// 1/(eta t) up to the logarithm.
//
// Constants: derived. With z the largest product, y f = z^q/m, L = exp(-z^q/m) and z' = (eta q c) z^{q-1} L, so that d/dt (1/L) is proportional to
// z^{2q-2}, and z^q = m log(1/L). As recalled, 1/(eta t) alone: the slope of L_S itself is -1/(1 - (2-2/q)/log(1/L)), about -1.12 here.
// Other filters and the logarithm's own slope leave some hundredths, whence the resolution of 0.05.
//
// Convention: sigma_p sqrt d = 1; eta = 4/max(|mu|^2, 1).
//
// Reference: second stage of the proof (recalled: order 1/(eta t)), derived here.
//
// Control: L_S without the logarithm; a weight decay of 3e-5 a step; a sample that is there with both labels.
func lossRate() checks.Claim[setting] {
	setup := func(power, decay float64, contradiction bool) func(setting) (checks.Instance, error) {
		return func(p setting) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Exponent: -1, Relation: checks.Equal, Resolution: 0.05},
				Trial: func(r *rand.Rand) checks.Measurement { return p.decline(power, decay, contradiction, r) },
			}, nil
		}
	}
	grid := []setting{
		{N: 3, M: 4, D: 1000, Q: 3, C: 8, Scale: 0.1, Step: 4},
		{N: 3, M: 4, D: 1000, Q: 3, C: 0.01, Scale: 0.1, Step: 4},
		{N: 2, M: 3, D: 1000, Q: 2.5, C: 8, Scale: 0.1, Step: 4},
	}
	return checks.Claim[setting]{
		ID: "cao2022/loss-rate", Title: "training loss in the second stage", Reference: "second stage of the proof (recalled), derived here",
		Formula:    `L_S(t)\,\bigl(\log\tfrac{1}{L_S(t)}\bigr)^{2-2/q} \propto \frac{1}{t}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1, Grid: grid,
		Cost: func(p setting) checks.Cost {
			return checks.Cost{Trial: p.cost(16 * 300), Size: fmt.Sprintf("n=%d m=%d", p.N, p.M)}
		},
		Setup: setup(1, 0, false),
		Controls: []checks.Control[setting]{
			{Name: "no-logarithm", Why: "the loss itself falls faster than 1/t", At: grid[:1], Setup: setup(0, 0, false)},
			{Name: "weight-decay", Why: "decay and the falling gradient meet at a positive loss", At: grid[:2], Setup: setup(1, 3e-5, false)},
			{Name: "both-labels", Why: "a sample with both labels keeps the loss at 2 log 2/n", At: grid[1:2], Setup: setup(1, 0, true)},
		},
	}
}

// decline trains and returns the loss along a ladder of times.
func (p setting) decline(power, decay float64, contradiction bool, r *rand.Rand) checks.Measurement {
	s, net, err := p.start(r)
	if err != nil {
		return checks.Failed(err)
	}
	if contradiction {
		s.Xi.SetRow(1, s.Xi.RawRowView(0))
		s.Y[1] = -s.Y[0]
	}
	d, err := signalnoise.NewDescent(net, s, p.eta())
	if err != nil {
		return checks.Failed(err)
	}
	d.Decay = decay
	const most = 600
	first := d.Run(trained, most)
	m := checks.Measurement{Hypotheses: []checks.Hypothesis{checks.Require("first step of loss 0.05", float64(first), checks.AtMost, most)}}
	if contradiction {
		first, m.Hypotheses = most, nil
	}
	t := first
	for _, size := range []float64{4, 8, 16} {
		if first > most {
			m.Ladder = append(m.Ladder, checks.Rung{Size: size, Value: 1}) // not heard
			continue
		}
		for ; t < int(size)*(first+200); t++ {
			d.Step()
		}
		loss := d.Loss()
		m.Ladder = append(m.Ladder, checks.Rung{Size: size, Value: loss * math.Pow(math.Log(1/loss), power*(2-2/p.Q))})
	}
	return m
}
