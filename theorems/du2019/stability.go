package du2019

import (
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
)

// gramHalf is the deterministic core of Lemma 3.2.
//
// Setting: as in gram-eigenvalue.
//
// Hypotheses: on the draw, lambda_min(H(0)) >= (3/4) lambda_0, and q(R) <= lambda_0/(4 S^2), q the share of neurons that are fragile for at least one
// input, or phat(R) <= kappa_*^2 lambda_0/S^2 = 0.025255 lambda_0/S^2, kappa_* = (sqrt 3 - sqrt 2)/2. Draws that miss both are skipped and counted.
//
// Conclusion: lambda_min(H(W)) >= lambda_0/2 for every W with max_r ||w_r - w_r(0)|| <= R.
//
// Constants: derived; 3/4 - 1/2 = 1/4 in gram-loss, attained by one input, and sqrt(3/4) - sqrt(1/2) = kappa_* in gram-eigenvalue, for many inputs, where
// q may be n phat.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: derived here; the second conclusion of Lemma 3.2 of Du et al. (2019).
//
// Control: a tenth more than the budget of q, where lambda_min(H(0)) is (3/4) lambda_0 and every fragile neuron is switched off; and lambda_min(H(0)) of
// half of lambda_0 alone.
func gramHalf() checks.Claim[ball] {
	setup := func(p ball, asked bool) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		samples, neurons := bounds.FlipBudget(q.lambda0.Lower(), q.s), bounds.NeuronBudget(q.lambda0.Lower(), q.s)
		inst, err := setupBall(p, 1, func(q *problem, a *attack, fragile []int) []checks.Measurement {
			m := eigenMeasurement(a.gram, q.lambda0.Value/2)
			m.Error += q.lambda0.Err
			if asked {
				m.Hypotheses = []checks.Hypothesis{
					checks.Require("lambda_min(H(0))", a.least.Lower(), checks.AtLeast, 0.75*q.lambda0.Upper()),
					checks.Require("fragile neurons over their budget", min(phat(fragile, a.width())/samples, a.touched/neurons), checks.AtMost, 1),
				}
			}
			return []checks.Measurement{m}
		})
		inst.Hypotheses = []checks.Hypothesis{q.distinct()}
		inst.Facts = append(inst.Facts, checks.NewFact("allowed share of fragile neurons", neurons))
		return inst, err
	}
	// 1501 of 4000 neurons active: just above (3/4) lambda_0. The budget is a third of them.
	planted := ball{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 4000, Radius: 0.1, Active: 1501, Fragile: 499}
	four := planted
	four.Data = data.Spec{Kind: data.Basis, N: 4, D: 4}
	low := planted
	low.Active, low.Fragile = 1049, 50
	grid := []ball{
		planted, four, {Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 1500, Radius: 0.007},
		{Data: data.Spec{Kind: data.Sphere, N: 6, D: 30, Seed: 1}, M: 3000, Radius: 0.0012},
	}
	for _, s := range pictures(4, 49) {
		grid = append(grid, ball{Data: s, M: 4000, Radius: 0.0002})
	}
	scaled := func(p ball, f float64) (checks.Instance, error) {
		p.Fragile = int(float64(p.Fragile) * f)
		return setup(p, false)
	}
	return checks.Claim[ball]{
		ID: "du2019/gram-half", Title: "half of lambda_0 survives in the ball", Reference: "Lemma 3.2, second part, improved here",
		Formula:    `\lambda_{\min}(H(0)) \ge \tfrac34\lambda_0,\ q(R) \le \frac{\lambda_0}{4\|X\|_2^2} \text{ or } \hat p(R) \le \frac{0.025255\lambda_0}{\|X\|_2^2} \Rightarrow \lambda_{\min}(H(W)) \ge \lambda_0/2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 3,
		Space: rapid.Custom(func(t *rapid.T) ball {
			n := rapid.IntRange(1, 4).Draw(t, "n")
			return ball{
				Data: data.Spec{Kind: data.Orthonormal, N: n, D: rapid.IntRange(n, 8).Draw(t, "d"), Seed: rapid.Uint64Range(0, 1<<16).Draw(t, "seed")},
				M:    rapid.IntRange(400, 2000).Draw(t, "m"), Radius: rapid.Float64Range(0.0005, 0.012).Draw(t, "radius"),
			}
		}),
		Grid: grid, OnData: func(f checks.DataFile) []ball {
			return []ball{{Data: file(f, 4), M: 4000, Radius: 0.0002}}
		},
		Cost: ballCost, Setup: func(p ball) (checks.Instance, error) { return setup(p, true) },
		Controls: []checks.Control[ball]{
			{
				Name: "more-fragile-neurons", Why: "less than lambda_0/2 is left", At: []ball{planted},
				Setup: func(p ball) (checks.Instance, error) { return scaled(p, 1.1) },
			},
			{
				Name: "half-at-the-start", Why: "a start just above lambda_0/2 has nothing to lose", At: []ball{low},
				Setup: func(p ball) (checks.Instance, error) { return setup(p, false) },
			},
		},
		Constants: []checks.Constant[ball]{{
			Name: "flip-budget", Why: "so many active neurons may go that less than lambda_0/2 is left", At: []ball{planted},
			Factors: []float64{1.02, 1.1, 1.3}, Scaled: scaled,
		}},
	}
}

// stability are the parameters of Lemma 3.2.
type stability struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Delta float64   `json:"delta"`
}

// gramStability is Lemma 3.2.
//
// Setting: w_r(0) ~ N(0, I) independent; R = c delta lambda_0/n^2 with c = sqrt(2 pi)/16 = 0.1567.
//
// Hypotheses: lambda_0 > 0. Any width.
//
// Conclusion: with probability at least 1 - delta over W(0), for all W with max_r ||w_r - w_r(0)|| <= R at once,
// ||H(W) - H(0)||_2 <= lambda_0/4. "For all W" is covered twice: from above by gram-entries, which bounds the whole ball from the counts N_i(R),
// and from below by attacks. The lemma also has lambda_min(H(W)) > lambda_0/2 without a hypothesis on the width. As printed that is false:
// a single neuron leaves one of two orthonormal inputs inactive with probability 3/4, and lambda_min(H(0)) = 0. It follows where
// lambda_min(H(0)) >= (3/4) lambda_0, the conclusion of Lemma 3.1.
//
// Constants: the lemma hides c; its proof gives 2R/sqrt(2 pi) for the probability of a fragile neuron and Markov's inequality,
// sum_ij |H_ij(W) - H_ij(0)| <= 4 n^2 R/(sqrt(2 pi) delta), which is lambda_0/4 at this c.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: Du et al. (2019), Lemma 3.2, repaired here.
//
// Control: sixteen times the radius; a third of the bound; and the second conclusion as printed, at width 1.
//
// Loose: Markov's inequality loses 1/delta for many neurons, 2 at delta = 1/2; for one input at most half of the fragile neurons can change H to one side, and they are
// counted twice in N_i + N_i, another 4.
func gramStability() checks.Claim[stability] {
	setup := func(p stability, share float64, printed bool) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		radius := share * bounds.PrintedRadius(q.n, q.lambda0.Lower(), p.Delta)
		inst, err := setupBall(ball{Data: p.Data, M: p.M, Radius: radius}, 1,
			func(q *problem, a *attack, fragile []int) []checks.Measurement {
				quarter := q.lambda0.Value / 4
				if printed {
					return []checks.Measurement{q.smallest(a.gram, q.lambda0.Value/2)}
				}
				parts := []checks.Measurement{{
					Observed: spectral(a.gram, a.start), Predicted: quarter, Tolerance: 1e-13 * float64(q.n), Error: q.lambda0.Err, Part: "attack",
				}}
				if share == 1 { // beyond, a bound from above shows nothing
					parts = append(parts, checks.Measurement{Observed: ballBound(a, fragile), Predicted: quarter, Error: q.lambda0.Err, Part: "whole ball"})
				}
				return parts
			})
		inst.Hypotheses = []checks.Hypothesis{q.distinct()}
		inst.Terms = checks.Terms{Delta: checks.Float(p.Delta)}
		return inst, err
	}
	// Where Markov's inequality is nearly sharp: many neurons.
	single := stability{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 8000, Delta: 0.5}
	two := data.Spec{Kind: data.Basis, N: 2, D: 2}
	grid := []stability{
		single, {Data: two, M: 400, Delta: 0.3}, {Data: two, M: 1, Delta: 0.3},
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 300, Delta: 0.3},
	}
	for _, s := range pictures(4, 49) {
		grid = append(grid, stability{Data: s, M: 300, Delta: 0.3})
	}
	return checks.Claim[stability]{
		ID: "du2019/gram-stability", Title: "the Gram matrix is stable in a ball", Reference: "Lemma 3.2, repaired",
		Formula:    `\Pr\left[\sup_{\max_r\|w_r-w_r(0)\| \le R} \|H(W)-H(0)\|_2 \le \lambda_0/4\right] \ge 1-\delta,\quad R = \frac{\sqrt{2\pi}\delta\lambda_0}{16 n^2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) stability {
			return stability{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 4}).Draw(t, "data"),
				M:    rapid.IntRange(1, 60).Draw(t, "m"), Delta: rapid.SampledFrom([]float64{0.3, 0.6}).Draw(t, "delta"),
			}
		}),
		Grid: grid, OnData: func(f checks.DataFile) []stability {
			return []stability{{Data: file(f, 4), M: 300, Delta: 0.3}}
		},
		Cost:  func(p stability) checks.Cost { return ballCost(ball{Data: p.Data, M: p.M}) },
		Setup: func(p stability) (checks.Instance, error) { return setup(p, 1, false) },
		Controls: []checks.Control[stability]{
			{
				Name: "sixteen-radii", Why: "more than a quarter of the active neurons can be switched off",
				At:    []stability{single},
				Setup: func(p stability) (checks.Instance, error) { return setup(p, 16, false) },
			},
			{
				Name: "printed-without-a-width", Printed: `Lemma 3.2: $\lambda_{\min}(H) > \lambda_0/2$ near the start, at any width`, Why: "a single neuron leaves one of two inputs inactive",
				At:    []stability{{Data: two, M: 1, Delta: 0.3}},
				Setup: func(p stability) (checks.Instance, error) { return setup(p, 1, true) },
			},
			{
				Name: "third-of-the-bound", Why: "twice the share of fragile neurons exceeds lambda_0/12",
				At: []stability{single},
				Setup: func(p stability) (checks.Instance, error) {
					q, err := build(p.Data)
					if err != nil {
						return checks.Instance{}, err
					}
					inst, err := setupBall(ball{Data: p.Data, M: p.M, Radius: bounds.PrintedRadius(q.n, q.lambda0.Lower(), p.Delta)}, 1,
						func(q *problem, a *attack, fragile []int) []checks.Measurement {
							return []checks.Measurement{{Observed: ballBound(a, fragile), Predicted: q.lambda0.Value / 12, Part: "whole ball"}}
						})
					inst.Terms = checks.Terms{Delta: checks.Float(p.Delta)}
					return inst, err
				},
			},
		},
		Constants: []checks.Constant[stability]{{
			Name: "radius", Why: "an attack switches more than a quarter of the active neurons off", At: []stability{single}, Factors: []float64{6, 9, 12},
			Scaled: func(p stability, f float64) (checks.Instance, error) { return setup(p, f, false) },
		}},
		Detects: map[string]float64{"attack": 14, "whole ball": 2.8, "radius": 9},
	}
}
