package du2019

import (
	"math"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
)

// flowTheorem is Theorem 3.2.
//
// Setting: gradient flow on W, followed by Euler steps of size h = 0.02/S^2; w_r ~ N(0, I), a_r = +-1, |y_i| <= C, S = ||X||_2.
//
// Hypotheses: lambda_0 > 0 and m >= 4401 (C^2 + 1/2) n^6/(lambda_0^4 delta^3); also the width of gram-concentration at delta/3, which is smaller.
// It is met for one and two inputs; for ten on a sphere it is of the order of 1e15. flow-antisymmetric is met for more.
//
// Conclusion: with probability at least 1 - delta, ||u(t) - y||^2 <= exp(-lambda_0 t) ||u(0) - y||^2 for all t. Measured is the rate: the least
// -log(||u(t) - y||^2/||u(0) - y||^2)/t over the steps, times 1 - h S^2, which for a constant Gram matrix the flow has at least.
//
// Constants: the theorem reads m = Omega(n^6/(lambda_0^4 delta^3)). 4401 = 163 * 27 follows its proof step by step (three events at
// delta/3, E||u(0) - y||^2 = ||y||^2 + n/2, for which the paper prints the larger sum_i (y_i^2 + 1) with an equals sign), with the constant of
// Lemma 3.3 corrected as in flow-movement.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Theorem 3.2; constants derived here.
//
// Control: four times the rate.
//
// Loose: at a width that keeps lambda_min(H) above lambda_0/2 with such certainty it stays near lambda_0, so that the rate is 2 lambda_0, twice
// the claimed one. The width is that of union bounds: for one input a start fails from a single neuron on, which half of all
// draws leave inactive.
func flowTheorem() checks.Claim[theorem] {
	law := law{
		width: bounds.LiteralFlowWidth, published: bounds.LiteralFlowWidth, flow: true,
		step:   flowStep,
		factor: func(eta, lambda0 float64) float64 { return math.Exp(-eta * lambda0) },
		extra:  gramExtra,
	}
	small := theorem{Data: one(0.1), Delta: 0.4, Steps: 100}
	return checks.Claim[theorem]{
		ID: "du2019/flow-theorem", Title: "gradient flow converges linearly", Reference: "Theorem 3.2",
		Formula:    `m \ge \frac{4401 (C^2+1/2) n^6}{\lambda_0^4 \delta^3} \Rightarrow \Pr[\|u(t)-y\|^2 \le e^{-\lambda_0 t}\|u(0)-y\|^2\ \forall t] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2, Outside: true,
		Grid: []theorem{
			small, {Data: one(1), Delta: 0.8, Steps: 100},
			{Data: data.Spec{Kind: data.Basis, N: 2, D: 2, LabelScale: 0.1}, Delta: 0.5, Steps: 100},
			{Data: one(0.1), Delta: 0.1, Steps: 100},
			{Data: smallSphere(), Delta: 0.3, M: 400, Steps: 100},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, Delta: 0.1, M: 2000, Steps: 100},
		},
		Cost: func(p theorem) checks.Cost { return p.cost(law) }, Setup: law.setup,
		Controls:  []checks.Control[theorem]{law.faster(small, 4, "the linear theory gives twice the rate of the theorem")},
		Constants: law.constants(small, []float64{3e5, 6e5}, nil),
		Detects:   map[string]float64{"rate": 2.2, "width": 6e5},
	}
}

func flowStep(q *problem) float64 { return 0.02 / (q.s * q.s) }

// flowAntisymmetric is Theorem 3.2 for an antisymmetric start, which ordinary widths meet.
//
// Setting: as in flow-theorem, but m even, w_{r+m/2}(0) = w_r(0) and a_{r+m/2} = -a_r, so that u(0) = 0; labels small. With fit, they
// are scaled so that both requirements agree; with slow, they lie along the eigenvector of lambda_0.
//
// Hypotheses: lambda_0 > 0 and m >= max(475.2 S^2 ln(2n/delta)/lambda_0, 15970 S^6 ||y||^2/lambda_0^4).
//
// Conclusion: with probability at least 1 - delta, ||u(t) - y||^2 <= exp(-lambda_0 t) ||y||^2 for all t; measured as in flow-theorem.
//
// Constants: derived in bounds.AntisymmetricFlowWidth: the Gram matrix at the start and the share of fragile neurons at delta/2 each, over m/2
// independent pairs, and gram-half with flow-movement.
//
// Convention: NTK scaling, sum loss, only W trained, antisymmetric start.
//
// Reference: derived here; the version of Du et al. (2019), Theorem 3.2, that is met on a desk and on real data.
//
// Control: four times the rate.
//
// Loose: as in flow-theorem: the rate is 2 lambda_0, attained along the eigenvector of lambda_0. The width has 475.2 where matrix Chernoff
// alone has 58.4, for the flip budget 0.025255 lambda_0/S^2 of gram-half, ten times too small for one input.
func flowAntisymmetric() checks.Claim[theorem] {
	law := law{
		width: bounds.AntisymmetricFlowWidth, published: bounds.LiteralFlowWidth, flow: true, antisymmetric: true, step: flowStep,
		factor: func(eta, lambda0 float64) float64 { return math.Exp(-eta * lambda0) },
	}
	slow := theorem{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, Delta: 0.2, Fit: true, Slow: true, Steps: 100}
	four := theorem{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, Delta: 0.2, Fit: true, Steps: 220}
	grid := []theorem{slow, four, {Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, Delta: 0.3, Fit: true, Slow: true, Steps: 100}}
	for _, s := range pictures(4, 49) {
		grid = append(grid, theorem{Data: s, Delta: 0.5, Fit: true, Slow: true, Steps: 100})
	}
	return checks.Claim[theorem]{
		ID: "du2019/flow-antisymmetric", Title: "gradient flow converges, antisymmetric start", Reference: "Theorem 3.2, improved here",
		Formula:    `m \ge \max\left(\frac{475.2\|X\|_2^2\ln(2n/\delta)}{\lambda_0}, \frac{15970\|X\|_2^6\|y\|^2}{\lambda_0^4}\right) \Rightarrow \Pr[\|u(t)-y\|^2 \le e^{-\lambda_0 t}\|y\|^2\ \forall t] \ge 1-\delta`,
		Convention: convention + "; antisymmetric start", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: orthonormalSpace(60), Grid: grid,
		OnData: func(f checks.DataFile) []theorem {
			return []theorem{{Data: file(f, 4), Delta: 0.3, Fit: true, Steps: 100}}
		},
		Cost: func(p theorem) checks.Cost { return p.cost(law) }, Setup: law.setup,
		Controls:  []checks.Control[theorem]{law.faster(slow, 4, "the linear theory gives twice the rate of the theorem")},
		Constants: law.constants(four, []float64{300, 600, 900}, nil),
		Detects:   map[string]float64{"rate": 2.2, "width": 600},
	}
}

// descentTheorem is Theorem 4.1.
//
// Setting: gradient descent with eta = lambda_0/(4 n^2) on W; w_r ~ N(0, I), a_r = +-1, |y_i| <= C.
//
// Hypotheses: lambda_0 > 0 and m >= 70416 (C^2 + 1/2) n^6/(lambda_0^4 delta^3); also the width of gram-concentration at delta/3, which is smaller.
// It is met for a single input; for ten on a sphere it is of the order of 1e16. descent-antisymmetric is met for more.
//
// Conclusion: with probability at least 1 - delta, ||u(k) - y||^2 <= (1 - eta lambda_0/2)^k ||u(0) - y||^2 for all k. Measured is the rate, the
// least -log(||u(k) - y||^2/||u(0) - y||^2)/k over the steps.
//
// Constants: the theorem reads m = Omega(n^6/(lambda_0^4 delta^3)) and eta = O(lambda_0/n^2). 70416 = 2608 * 27 and 1/4 follow its proof step by
// step: lambda_0/8 for each of two flip terms and eta n^2 = lambda_0/4. Section 4.1 prints the radius c lambda_0/n^2 without the delta that
// its contraction needs.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Theorem 4.1; constants derived here.
//
// Control: eight times the rate.
//
// Loose: the linear theory contracts by (1 - eta lambda_0)^2, four times the rate: lambda_0/2 for lambda_0 costs a factor 2, and the flips and
// eta^2 ||H e||^2 another. The step size may grow by 24 on one input, whose ||H|| is 1/2, before (1 - eta/2)^2 exceeds 1 - eta/4. The width is
// that of union bounds: for one input a start fails from a single neuron on.
func descentTheorem() checks.Claim[theorem] {
	law := law{
		width: bounds.LiteralDescentWidth, published: bounds.LiteralDescentWidth,
		step:   func(q *problem) float64 { return q.lambda0.Value / (4 * float64(q.n*q.n)) },
		factor: descentFactor, extra: gramExtra,
	}
	quick, narrow := theorem{Data: one(0.01), Delta: 0.5, Steps: 40}, theorem{Data: one(0.1), Delta: 0.4, Steps: 60}
	return checks.Claim[theorem]{
		ID: "du2019/descent-theorem", Title: "gradient descent converges linearly", Reference: "Theorem 4.1",
		Formula:    `m \ge \frac{70416 (C^2+1/2) n^6}{\lambda_0^4 \delta^3} \Rightarrow \Pr[\|u(k)-y\|^2 \le (1-\tfrac{\eta\lambda_0}{2})^k\|u(0)-y\|^2\ \forall k] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2, Outside: true,
		Grid: []theorem{
			quick, narrow, {Data: one(1), Delta: 0.5, Steps: 60},
			{Data: smallSphere(), Delta: 0.3, M: 400, Steps: 60},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, Delta: 0.1, M: 2000, Steps: 60},
		},
		Cost: func(p theorem) checks.Cost { return p.cost(law) }, Setup: law.setup,
		Controls:  []checks.Control[theorem]{law.faster(quick, 8, "the linear theory gives four times the rate of the theorem")},
		Constants: append(law.constants(narrow, []float64{4.6e6, 9.5e6}, nil), law.constants(theorem{Data: one(0.1), Delta: 0.4, M: 500, Steps: 20}, nil, []float64{20, 28})[1]),
		Detects:   map[string]float64{"rate": 4.5, "width": 9.5e6, "step": 28},
	}
}

// descentDerived is Theorem 4.1 with better exponents.
//
// Setting: gradient descent with eta = 0.55/S^2 on W; w_r ~ N(0, I), a_r = +-1; S = ||X||_2, B = ||y|| + sqrt(2n ln(6n/delta)).
//
// Hypotheses: lambda_0 > 0 and m >= max(237.6 S^2 ln(3n/delta)/lambda_0, 63880 S^6 B^2/lambda_0^4).
//
// Conclusion: with probability at least 1 - delta, ||u(k) - y||^2 <= (1 - eta lambda_0/2)^k ||u(0) - y||^2 for all k, measured as in descent-theorem.
// Neurons too far from a boundary to flip are followed through their Gram matrix, exactly.
//
// Constants: derived; matrix Chernoff for lambda_min(H(0)), flip-doubling and a residual of at most B (output-tail) at delta/3 each make the certificate at the rate of the
// paper apply. Width n^4 log(n/delta)/lambda_0^4 in place of n^6/(lambda_0^4 delta^3), step size 0.55/S^2 in place of lambda_0/(4 n^2).
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: derived here; improves Du et al. (2019), Theorem 4.1.
//
// Control: nine times the rate.
//
// Loose: the linear theory contracts by (1 - eta lambda_0)^2, 4.35 times the rate for one input at this step size. The step size
// may grow by 5.5 there, where lambda_max(H) is S^2/2, not S^2. The width has kappa_*^{-4} = 1568 for a flip budget that is ten times too small for one input, and a
// residual of 2.4 where its mean square is 1/2; a start fails from a single neuron on.
func descentDerived() checks.Claim[theorem] {
	law := law{width: bounds.ImprovedWidth, published: bounds.LiteralDescentWidth, step: derivedStep, factor: descentFactor}
	quick, narrow := theorem{Data: one(0.01), Delta: 0.5, Steps: 40}, theorem{Data: one(0.1), Delta: 0.4, Steps: 60}
	return checks.Claim[theorem]{
		ID: "du2019/descent-derived", Title: "gradient descent converges, explicit width", Reference: "Theorem 4.1, improved here",
		Formula:    `m \ge \max\left(\frac{237.6\|X\|_2^2\ln(3n/\delta)}{\lambda_0}, \frac{63880\|X\|_2^6 B^2}{\lambda_0^4}\right) \Rightarrow \Pr[\|e_k\|^2 \le (1-\tfrac{\eta\lambda_0}{2})^k\|e_0\|^2\ \forall k] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2, Outside: true,
		Grid: []theorem{
			quick, narrow, {Data: one(1), Delta: 0.1, Steps: 60},
			{Data: data.Spec{Kind: data.Basis, N: 2, D: 2, LabelScale: 0.1}, Delta: 0.5, Steps: 60},
			{Data: smallSphere(), Delta: 0.3, M: 400, Steps: 60},
		},
		Cost: func(p theorem) checks.Cost { return p.cost(law) }, Setup: law.setup,
		Controls:  []checks.Control[theorem]{law.faster(quick, 9, "the linear theory gives 4.35 times the rate of the theorem")},
		Constants: append(law.constants(narrow, []float64{3e6, 6.3e6}, nil), law.constants(theorem{Data: one(0.1), Delta: 0.4, M: 500, Steps: 20}, nil, []float64{4, 6, 6.8})[1]),
		Detects:   map[string]float64{"rate": 4.5, "width": 6.3e6, "step": 6},
	}
}

// descentAntisymmetric is the explicit theorem for an antisymmetric start, which ordinary widths meet.
//
// Setting: as in descent-derived, but m even, w_{r+m/2}(0) = w_r(0) and a_{r+m/2} = -a_r, so that u(0) = 0; labels small. With fit, they
// are scaled so that both requirements agree; with slow, they lie along the eigenvector of lambda_0.
//
// Hypotheses: lambda_0 > 0 and m >= max(475.2 S^2 ln(2n/delta)/lambda_0, 63880 S^6 ||y||^2/lambda_0^4).
//
// Conclusion: with probability at least 1 - delta, ||u(k) - y||^2 <= (1 - eta lambda_0/2)^k ||y||^2 for all k, eta = 0.55/S^2, measured as in descent-theorem.
//
// Constants: derived; as descent-derived with m/2 independent pairs and no random residual, two events at delta/2 (bounds.AntisymmetricWidth).
//
// Convention: NTK scaling, sum loss, only W trained, antisymmetric start.
//
// Reference: derived here; the version of Du et al. (2019), Theorem 4.1, that is met on a desk and on real data.
//
// Control: nine times the rate.
//
// Loose: as in descent-derived: along the eigenvector of lambda_0 the rate is 4.35 times the claimed one, for orthonormal inputs the step size may grow by 5.5, and
// the width is that of the flip budget of gram-half; a start fails when a sample is inactive on all of a few pairs.
func descentAntisymmetric() checks.Claim[theorem] {
	law := law{width: bounds.AntisymmetricWidth, published: bounds.LiteralDescentWidth, step: derivedStep, factor: descentFactor, antisymmetric: true}
	slow := theorem{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, Delta: 0.2, Fit: true, Slow: true, Steps: 60}
	four := theorem{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, Delta: 0.2, Fit: true, Steps: 60}
	grid := []theorem{
		slow, four, {Data: one(0.1), Delta: 0.2, Steps: 60}, {Data: data.Spec{Kind: data.Basis, N: 4, D: 4, LabelScale: 0.03}, Delta: 0.2, Steps: 60},
		{Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, Delta: 0.3, Fit: true, Slow: true, Steps: 60},
		{Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, Delta: 0.1, Steps: 60}, // labels +-1
	}
	for _, s := range pictures(4, 49) {
		grid = append(grid, theorem{Data: s, Delta: 0.5, Fit: true, Slow: true, Steps: 60})
	}
	return checks.Claim[theorem]{
		ID: "du2019/descent-antisymmetric", Title: "gradient descent converges, antisymmetric start", Reference: "Theorem 4.1, improved here",
		Formula:    `m \ge \max\left(\frac{475.2\|X\|_2^2\ln(2n/\delta)}{\lambda_0}, \frac{63880\|X\|_2^6\|y\|^2}{\lambda_0^4}\right) \Rightarrow \Pr[\|e_k\|^2 \le (1-\tfrac{\eta\lambda_0}{2})^k\|y\|^2\ \forall k] \ge 1-\delta`,
		Convention: convention + "; antisymmetric start", Basis: checks.Derived, Form: checks.Probably{}, Version: 2,
		Space: orthonormalSpace(30), Grid: grid,
		OnData: func(f checks.DataFile) []theorem {
			return []theorem{{Data: file(f, 4), Delta: 0.3, Fit: true, Steps: 60}}
		},
		Cost: func(p theorem) checks.Cost { return p.cost(law) }, Setup: law.setup,
		Controls:  []checks.Control[theorem]{law.faster(slow, 9, "the linear theory gives 4.35 times the rate of the theorem")},
		Constants: law.constants(four, []float64{300, 600, 900}, []float64{4, 6, 6.8}),
		Detects:   map[string]float64{"rate": 4.5, "width": 600, "step": 6},
	}
}

func orthonormalSpace(steps int) *rapid.Generator[theorem] {
	return rapid.Custom(func(t *rapid.T) theorem {
		n := rapid.IntRange(1, 4).Draw(t, "n")
		return theorem{
			Data: data.Spec{Kind: data.Orthonormal, N: n, D: rapid.IntRange(n, 6).Draw(t, "d"), Seed: rapid.Uint64Range(0, 1<<16).Draw(t, "seed"),
				Labels: rapid.SampledFrom([]string{data.Alternate, data.Normal}).Draw(t, "labels"), LabelScale: rapid.SampledFrom([]float64{0.03, 0.003}).Draw(t, "label scale")},
			Delta: rapid.SampledFrom([]float64{0.3, 0.6}).Draw(t, "delta"), Slow: rapid.Bool().Draw(t, "slow"), Steps: steps,
		}
	})
}
