package du2019

import (
	"convergo/checks"
	"convergo/nets/data"
)

// linearised is the limit of infinite width.
//
// Setting: gradient descent for K steps of size 1/(2 lambda_max(H^inf)) on fixed data with labels of a fixed size.
//
// Hypotheses: none.
//
// Conclusion: max_{k <= K} ||(u(k) - y) - (I - eta H^inf)^k (u(0) - y)||/||u(0) - y|| behaves like m^{-1/2}: slope -1/2 to within 0.2 over the ladder.
//
// Constants: none; ||H(0) - H^inf|| and sup_k ||H(k) - H(0)|| are O(m^{-1/2}) (gram-rate, drift-rate).
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Remark 3.1; card 00.10.
//
// Control: mean-field scaling, where features are learned and the deviation stays.
func linearised() checks.Claim[ladder] {
	setup := func(p ladder) (checks.Instance, error) {
		return p.setup(checks.Terms{Exponent: -0.5, Relation: checks.Equal, Resolution: 0.2},
			func(o ladderResult) float64 { return o.deviation }, nil, "")
	}
	return checks.Claim[ladder]{
		ID: "du2019/linearised", Title: "wide networks follow the linear dynamics", Reference: "Remark 3.1 (card 00.10)",
		Formula:    `\max_{k \le K} \frac{\|(u(k)-y) - (I-\eta H^\infty)^k(u(0)-y)\|}{\|u(0)-y\|} \sim m^{-1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: ladderGrid(), Cost: func(p ladder) checks.Cost { return p.cost() }, Setup: setup,
		Controls: []checks.Control[ladder]{{Name: "mean-field-scaling", Why: meanFieldWhy, At: meanField()}},
	}
}

// The experiment of Section 5: n = d points on the sphere, labels N(0, 1), widths from n/2 to 8n, 100 epochs; n = 1000 there.
func experimentGrid() []ladder {
	return []ladder{
		{Data: data.Spec{Kind: data.Sphere, N: 8, D: 8, Seed: 1, Labels: data.Normal}, From: 32, Rungs: 5, Trials: 32, Steps: 40},
		{Data: data.Spec{Kind: data.Sphere, N: 16, D: 16, Seed: 1, Labels: data.Normal}, From: 32, Rungs: 5, Trials: 32, Steps: 30},
		{Data: data.Spec{Kind: data.Sphere, N: 50, D: 50, Seed: 1, Labels: data.Normal}, From: 50, Rungs: 5, Trials: 16, Steps: 60},
		{Data: data.Spec{Kind: data.Sphere, N: 100, D: 100, Seed: 1, Labels: data.Normal}, From: 50, Rungs: 6, Trials: 16, Steps: 100},
	}
}

func experimentMeanField() []ladder {
	p := experimentGrid()[0]
	p.MeanField = true
	return []ladder{p}
}

// experimentFlips is Figure 1 (b).
//
// Setting: n = d points uniform on the sphere, labels N(0, 1), gradient descent for a fixed number of epochs of size 1/(2 lambda_max(H^inf)), widths
// doubling; the paper has n = 1000 and m = 500..8000. The curves are recorded.
//
// Hypotheses: none.
//
// Conclusion: the share of changed signs at the end decreases with m, as the paper shows, at the rate m^{-1/2} of the theory: slope -1/2 to within 0.25.
//
// Constants: the figure has no number; the exponent is that of flip-rate.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Section 5, Figure 1 (b); card 00, experiments.
//
// Control: mean-field scaling, slope 0.
func experimentFlips() checks.Claim[ladder] {
	setup := func(p ladder) (checks.Instance, error) {
		return p.setup(checks.Terms{Exponent: -0.5, Relation: checks.Equal, Resolution: 0.25},
			func(o ladderResult) float64 { return o.flips },
			func(o ladderResult) []float64 { return o.flipped }, "share of changed signs")
	}
	return checks.Claim[ladder]{
		ID: "du2019/experiment-flips", Title: "changed signs against the width", Reference: "Section 5, Figure 1 (b)",
		Formula:    `\frac{1}{mn}\sum_{i,r} 1\{\operatorname{sign}(w_r(0) \cdot x_i) \ne \operatorname{sign}(w_r(k) \cdot x_i)\} \sim m^{-1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: experimentGrid(), Cost: func(p ladder) checks.Cost { return p.cost() }, Setup: setup,
		Controls: []checks.Control[ladder]{{Name: "mean-field-scaling", Why: meanFieldWhy, At: experimentMeanField()}},
	}
}

// experimentMovement is Figure 1 (c).
//
// Setting: as in experiment-flips.
//
// Hypotheses: none.
//
// Conclusion: the largest movement max_r ||w_r(k) - w_r(0)|| at the end decreases with m, as the paper shows, at the rate m^{-1/2} of the theory: slope -1/2 to within 0.25.
//
// Constants: the figure has no number; the exponent is that of movement-rate.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Section 5, Figure 1 (c); card 00, experiments.
//
// Control: mean-field scaling, slope 0.
func experimentMovement() checks.Claim[ladder] {
	setup := func(p ladder) (checks.Instance, error) {
		return p.setup(checks.Terms{Exponent: -0.5, Relation: checks.Equal, Resolution: 0.25},
			func(o ladderResult) float64 { return o.moved }, nil, "")
	}
	return checks.Claim[ladder]{
		ID: "du2019/experiment-movement", Title: "largest movement against the width", Reference: "Section 5, Figure 1 (c)",
		Formula:    `\max_r \|w_r(k)-w_r(0)\| \sim m^{-1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: experimentGrid(), Cost: func(p ladder) checks.Cost { return p.cost() }, Setup: setup,
		Controls: []checks.Control[ladder]{{Name: "mean-field-scaling", Why: meanFieldWhy, At: experimentMeanField()}},
	}
}

// experimentLoss is Figure 1 (a).
//
// Setting: as in experiment-flips.
//
// Hypotheses: none.
//
// Conclusion: the training error at the end does not grow with m, as the paper shows: its slope in m is at most 0, to within 0.1. The curves are recorded.
//
// Constants: none; the figure shows wider networks converging faster.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Section 5, Figure 1 (a); card 00, experiments.
//
// Control: output weights all +1, with which the outputs at the start grow like sqrt m and the error with them.
func experimentLoss() checks.Claim[ladder] {
	ones := experimentGrid()[0]
	ones.Ones, ones.Steps = true, 2
	setup := func(p ladder) (checks.Instance, error) {
		return p.setup(checks.Terms{Exponent: 0, Relation: checks.AtMost, Resolution: 0.1},
			func(o ladderResult) float64 { return o.loss },
			func(o ladderResult) []float64 { return o.losses }, "training error")
	}
	return checks.Claim[ladder]{
		ID: "du2019/experiment-loss", Title: "training error against the width", Reference: "Section 5, Figure 1 (a)",
		Formula:    `L(W(k)) \lesssim m^0`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: experimentGrid(), Cost: func(p ladder) checks.Cost { return p.cost() }, Setup: setup,
		Controls: []checks.Control[ladder]{{Name: "ones", Why: onesWhy, At: []ladder{ones}}},
	}
}
