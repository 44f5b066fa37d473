package cao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/signalnoise"
)

// The experiments on Theorems 4.3 and 4.4.
const (
	trained    = 0.05 // epsilon, the training loss to be reached
	freshPairs = 100  // fresh noise patches, each with both labels
	share      = 0.2  // of the draws that may fail: n and m are far from polylog(d)
)

// condition are the hypotheses of both theorems with their hidden constants and logarithms set to 1.
func (p setting) condition() []checks.Hypothesis {
	least, most := bounds.BenignScale(p.N, p.M, p.D, p.Q, p.snr())
	return []checks.Hypothesis{
		checks.Require("dimension", float64(p.D), checks.AtLeast, bounds.BenignDimension(p.N, p.M, p.Q)),
		checks.Require("sigma_0 sigma_p sqrt d from below", p.Scale, checks.AtLeast, least),
		checks.Require("sigma_0 sigma_p sqrt d from above", p.Scale, checks.AtMost, most),
	}
}

// outcome is a network trained to the loss, or for the steps of the theorem, and its test.
type outcome struct {
	descent *signalnoise.Descent
	sample  *signalnoise.Sample
	test    signalnoise.Test
	steps   int
}

func (p setting) train(most float64, r *rand.Rand) (outcome, error) {
	s, net, err := p.start(r)
	if err != nil {
		return outcome{}, err
	}
	d, err := signalnoise.NewDescent(net, s, p.eta())
	if err != nil {
		return outcome{}, err
	}
	steps := d.Run(trained, int(most))
	return outcome{d, s, d.Network().Fresh(s.Mu, p.law().SigmaP, freshPairs, r), steps}, nil
}

// memorised are the largest |rho| of all, and the least over the samples of max_r rho_{y_i,r,i}.
func (o outcome) memorised(m int) (largest, least float64) {
	least = math.Inf(1)
	for i, y := range o.sample.Y {
		xi := o.sample.Xi.RawRowView(i)
		square, own := 0.0, 0.0
		for _, v := range xi {
			square += v * v
		}
		for k := range 2 * m {
			rho := o.descent.Coefficient(k, i+1) * square
			largest = math.Max(largest, math.Abs(rho))
			if sign(k, 2*m) == y {
				own = math.Max(own, rho)
			}
		}
		least = math.Min(least, own)
	}
	return largest, least
}

// benign is Theorem 4.3 with its hidden constants set to 1, as an experiment.
//
// Setting: as in the paper, q = 3; sigma_p sqrt d = 1, sigma_0 in the allowed range, eta = 8/max(|mu|^2, sigma_p^2 d), epsilon = 0.05.
//
// Hypotheses: d >= m^max(2,4/(q-2)) n^max(4,(2q-2)/(q-2)); n d^{-1/2} <= sigma_0 sigma_p sqrt d max(1, SNR) <= m^{-2/(q-2)} n^{-max(1/(q-2),1)};
// n SNR^q >= 8. All constants and logarithms that the paper hides are 1; n, m >= polylog(d) is not met.
//
// Conclusion: with probability at least 0.8, in 4 (eta^{-1} m sigma_0^{-(q-2)} |mu|^{-q} + eta^{-1} epsilon^{-1} m^3 |mu|^{-2}) steps: L_S <= epsilon (training likelihood e^{-L_S}); L_D <= 6 epsilon
// (recalled: 6 epsilon + exp(-n^2)), here 4 epsilon (test likelihood e^{-L_D}); test accuracy >= 0.95; max_r gamma_{j,r} >= 1.5 for both j (signal); gamma is at least 0.95 of gamma and
// the largest |rho| together (share of the signal).
//
// Constants: the form is recalled, the numbers are seen in runs and not proved. Dimensions of 1e7 cost nothing: the draw is made
// in coordinates of the span of the n + 2m vectors, in which it has the same law.
//
// Convention: sigma_p sqrt d = 1; loss and error on 100 fresh noise patches with both labels.
//
// Reference: Theorem 4.3 (number and n SNR^q = Omega(1) confirmed by later papers; the rest recalled).
//
// Control: n SNR^q = 1.
//
// Loose: how far a class is trained when the mean loss is at epsilon differs from draw to draw.
func benign() checks.Claim[setting] {
	setup := func(free bool) func(setting) (checks.Instance, error) {
		return func(p setting) (checks.Instance, error) {
			mu, eta, m := p.snr(), p.eta(), float64(p.M)
			most := 4 * (m/(eta*math.Pow(p.Scale, p.Q-2)*math.Pow(mu, p.Q)) + m*m*m/(eta*trained*mu*mu))
			inst := checks.Instance{
				Facts: []checks.Fact{checks.NewFact("steps of the theorem, constant 4", most), checks.NewFact("SNR", mu)},
				Terms: checks.Terms{Delta: share},
				Trial: func(r *rand.Rand) checks.Measurement {
					o, err := p.train(most, r)
					if err != nil {
						return checks.Failed(err)
					}
					learned := math.Min(gamma(o.descent, p.M, mu, 1), gamma(o.descent, p.M, mu, -1))
					rho, _ := o.memorised(p.M)
					return checks.All(
						checks.Measurement{Part: "training likelihood", Observed: math.Exp(-o.descent.Loss()), Predicted: math.Exp(-trained), Relation: checks.AtLeast},
						checks.Measurement{Part: "test likelihood", Observed: math.Exp(-o.test.Loss), Predicted: math.Exp(-4 * trained), Relation: checks.AtLeast},
						checks.Measurement{Part: "test accuracy", Observed: 1 - o.test.Error(), Predicted: 0.95, Relation: checks.AtLeast},
						checks.Measurement{Part: "signal", Observed: learned, Predicted: 1.5, Relation: checks.AtLeast},
						checks.Measurement{Part: "share of the signal", Observed: learned / (learned + rho), Predicted: 0.95, Relation: checks.AtLeast},
					)
				},
			}
			if !free {
				inst.Hypotheses = append(p.condition(), checks.Require("n SNR^q", p.C, checks.AtLeast, 8))
			}
			return inst, nil
		}
	}
	p := setting{N: 6, M: 6, D: 22000000, Q: 3, C: 17, Scale: 0.003, Step: 8}
	weak := p
	weak.C = 1
	return checks.Claim[setting]{
		ID: "cao2022/benign", Title: "benign overfitting", Reference: "Theorem 4.3 (form recalled)",
		Formula:    `n\,\mathrm{SNR}^q \ge 8: \quad L_S \le \epsilon, \quad L_D \le 6\epsilon + e^{-n^2}`,
		Convention: convention, Basis: checks.Recalled, Form: checks.Probably{}, Version: 1,
		Detects: map[string]float64{"signal": 2.3},
		Grid:    []setting{p},
		Cost: func(p setting) checks.Cost {
			return checks.Cost{Trial: p.cost(900) + freshPairs*float64(p.N+2*p.M)*float64(4*p.M+12), Size: fmt.Sprintf("n=%d m=%d", p.N, p.M)}
		},
		Setup: setup(false),
		Controls: []checks.Control[setting]{
			{Name: "weak-signal", Why: "at n SNR^q = 1 the noise is memorised in most draws", At: []setting{weak}, Setup: setup(true)},
		},
	}
}

// harmful is Theorem 4.4 with its hidden constants set to 1, as an experiment.
//
// Setting: as in benign, eta = 8/(sigma_p^2 d).
//
// Hypotheses: those of benign, with n SNR^q <= 0.1.
//
// Conclusion: with probability at least 0.8, in eta^{-1} n m sigma_0^{-(q-2)} + eta^{-1} epsilon^{-1} n m^3 steps (sigma_p sqrt d = 1): L_S <= epsilon (training loss); L_D >= 0.1
// as recalled, here L_D >= 0.69, log 2 being 0.693 (test loss); test error >= 0.42 (test error); max_r rho_{y_i,r,i} >= 2 for every i (noise); gamma is at most 0.05 of
// gamma and the least of these together: its complement is at least 0.95 (share of the noise).
//
// Constants: as in benign; the bound on the loss is population-loss.
//
// Convention: as in benign.
//
// Reference: Theorem 4.4 (recalled).
//
// Control: n SNR^q = 2, and 10.
//
// Loose: the loss depends on where the last step ends, and with it how far the last sample is memorised.
func harmful() checks.Claim[setting] {
	setup := func(free bool) func(setting) (checks.Instance, error) {
		return func(p setting) (checks.Instance, error) {
			mu, eta, n, m := p.snr(), p.eta(), float64(p.N), float64(p.M)
			most := n*m/(eta*math.Pow(p.Scale, p.Q-2)) + n*m*m*m/(eta*trained)
			inst := checks.Instance{
				Facts: []checks.Fact{checks.NewFact("steps of the theorem, constants 1", most), checks.NewFact("SNR", mu)},
				Terms: checks.Terms{Delta: share},
				Trial: func(r *rand.Rand) checks.Measurement {
					o, err := p.train(most, r)
					if err != nil {
						return checks.Failed(err)
					}
					learned := math.Max(gamma(o.descent, p.M, mu, 1), gamma(o.descent, p.M, mu, -1))
					_, rho := o.memorised(p.M)
					return checks.All(
						checks.Measurement{Part: "training loss", Observed: o.descent.Loss(), Predicted: trained},
						checks.Measurement{Part: "test loss", Observed: o.test.Loss, Predicted: 0.69, Relation: checks.AtLeast},
						checks.Measurement{Part: "test error", Observed: o.test.Error(), Predicted: 0.42, Relation: checks.AtLeast},
						checks.Measurement{Part: "noise", Observed: rho, Predicted: 2, Relation: checks.AtLeast},
						checks.Measurement{Part: "share of the noise", Observed: rho / (rho + learned), Predicted: 0.95, Relation: checks.AtLeast},
					)
				},
			}
			if !free {
				inst.Hypotheses = append(p.condition(), checks.Require("n SNR^q", p.C, checks.AtMost, 0.1))
			}
			return inst, nil
		}
	}
	p := setting{N: 4, M: 8, D: 4200000, Q: 3, C: 0.05, Scale: 0.003, Step: 8}
	two, ten := p, p
	two.C, ten.C = 2, 10
	return checks.Claim[setting]{
		ID: "cao2022/harmful", Title: "harmful overfitting", Reference: "Theorem 4.4 (form recalled)",
		Formula:    `n\,\mathrm{SNR}^q \le 0.1: \quad L_S \le \epsilon, \quad L_D \ge 0.1`,
		Convention: convention, Basis: checks.Recalled, Form: checks.Probably{}, Version: 1,
		Detects: map[string]float64{"training loss": 2, "noise": 1.5},
		Grid:    []setting{p},
		Cost: func(p setting) checks.Cost {
			return checks.Cost{Trial: p.cost(900) + freshPairs*float64(p.N+2*p.M)*float64(4*p.M+12), Size: fmt.Sprintf("n=%d m=%d", p.N, p.M)}
		},
		Setup: setup(false),
		Controls: []checks.Control[setting]{
			{Name: "stronger-signal", Why: "at n SNR^q = 2 the signal is learned in most draws", At: []setting{two}, Setup: setup(true)},
			{Name: "strong-signal", Why: "at n SNR^q = 10 the test loss is below 0.1", At: []setting{ten}, Setup: setup(true)},
		},
	}
}
