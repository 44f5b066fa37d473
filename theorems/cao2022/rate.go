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
// Hypotheses: on the draw, t_0 <= 100 and L_S(t_0) >= 0.02, no step having jumped far; at t_0 + 800 every margin is at least 0.7 of the largest, and one patch of one filter holds at least 0.95 of each: the
// late ones, which q > 2 leaves behind, move the slope while they catch up.
//
// Conclusion: L_S(t) log(1/L_S(t))^{2-2/q} has log-log slope -1 in t - t_0, on 800 <= t - t_0 <= 3200: both signal and noise are fitted at the rate
// 1/(eta t) up to the logarithm.
//
// Constants: derived. With z the largest product, y f = z^q/m, L = exp(-z^q/m) and z' = (eta q c) z^{q-1} L, so that d/dt (1/L) is proportional to
// z^{2q-2}, and z^q = m log(1/L). As recalled, 1/(eta t) alone: the slope of L_S itself is -1/(1 - (2-2/q)/log(1/L)), about -1.12 here.
// Other filters and the logarithm's own slope leave some hundredths, whence the resolution of 0.04.
//
// Convention: sigma_p sqrt d = 1; eta = 2/max(|mu|^2, 1).
//
// Reference: second stage of the proof (recalled: order 1/(eta t)), derived here.
//
// Control: L_S without the logarithm; a weight decay of 3e-5 a step.
func lossRate() checks.Claim[setting] {
	setup := func(power, decay float64) func(setting) (checks.Instance, error) {
		return func(p setting) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Exponent: -1, Relation: checks.Equal, Resolution: 0.04, Trials: 40},
				Trial: func(r *rand.Rand) checks.Measurement { return p.decline(power, decay, r) },
			}, nil
		}
	}
	grid := []setting{
		{N: 3, M: 3, D: 1000, Q: 3, C: 8, Scale: 0.1, Step: 2},
		{N: 2, M: 3, D: 1000, Q: 3, C: 0.01, Scale: 0.1, Step: 2},
		{N: 2, M: 3, D: 1000, Q: 2.5, C: 8, Scale: 0.1, Step: 2},
	}
	return checks.Claim[setting]{
		ID: "cao2022/loss-rate", Title: "training loss in the second stage", Reference: "second stage of the proof (recalled), derived here",
		Formula:    `L_S(t)\,\bigl(\log\tfrac{1}{L_S(t)}\bigr)^{2-2/q} \propto \frac{1}{t}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1, Grid: grid,
		Cost: func(p setting) checks.Cost {
			return checks.Cost{Trial: p.cost(3300), Size: fmt.Sprintf("n=%d m=%d", p.N, p.M)}
		},
		Setup: setup(1, 0),
		Controls: []checks.Control[setting]{
			{Name: "no-logarithm", Why: "the loss itself falls faster than 1/t", At: grid[:1], Setup: setup(0, 0)},
			{Name: "weight-decay", Why: "decay and the falling gradient meet at a positive loss", At: grid[:2], Setup: setup(1, 3e-5)},
		},
	}
}

// decline trains and returns the loss along a ladder of times.
func (p setting) decline(power, decay float64, r *rand.Rand) checks.Measurement {
	s, net, err := p.start(r)
	if err != nil {
		return checks.Failed(err)
	}
	d, err := signalnoise.NewDescent(net, s, p.eta())
	if err != nil {
		return checks.Failed(err)
	}
	d.Decay = decay
	const most = 100
	first := d.Run(trained, most)
	m := checks.Measurement{Hypotheses: []checks.Hypothesis{checks.Require("first step of loss 0.05", float64(first), checks.AtMost, most), checks.Require("loss there", d.Loss(), checks.AtLeast, 0.02)}}
	t := first
	for _, size := range []float64{1, 2, 4} {
		if first > most {
			m.Ladder = append(m.Ladder, checks.Rung{Size: size, Value: 1}) // not heard
			continue
		}
		for ; t < first+int(800*size); t++ {
			d.Step()
		}
		if size == 1 {
			margin, carried := p.settled(d, s)
			m.Hypotheses = append(m.Hypotheses, checks.Require("least margin over the largest", margin, checks.AtLeast, 0.7), checks.Require("share of one filter", carried, checks.AtLeast, 0.95))
		}
		loss := d.Loss()
		m.Ladder = append(m.Ladder, checks.Rung{Size: size, Value: loss * math.Pow(math.Log(1/loss), power*(2-2/p.Q))})
	}
	return m
}

// settled returns the least margin over the largest, and the least share that one patch of one filter has in its sample's margin.
func (p setting) settled(d *signalnoise.Descent, s *signalnoise.Sample) (margin, carried float64) {
	least, most := math.Inf(1), 0.0
	carried = 1
	for i, y := range s.Y {
		f := y * d.Outputs()[i]
		least, most = math.Min(least, f), math.Max(most, f)
		largest := 0.0
		for k := range 2 * p.M {
			if sign(k, 2*p.M) == y {
				largest = math.Max(largest, math.Max(y*d.Signal(k), d.Noise(k, i)))
			}
		}
		carried = math.Min(carried, math.Pow(largest, p.Q)/(float64(p.M)*f))
	}
	return least / most, carried
}
