package du2019

import (
	"math"
	"math/rand/v2"
	"strings"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
)

// ball are the parameters of a claim about all weights within a radius of the start.
type ball struct {
	Data   data.Spec `json:"data"`
	M      int       `json:"m"`
	Radius float64   `json:"radius"`
	Delta  float64   `json:"delta,omitempty"`
}

func ballSpace() *rapid.Generator[ball] {
	return rapid.Custom(func(t *rapid.T) ball {
		return ball{
			Data:   gen.Specs(gen.Range{MinN: 1, MaxN: 7, MinD: 1, MaxD: 6}).Draw(t, "data"),
			M:      rapid.IntRange(1, 300).Draw(t, "m"),
			Radius: math.Pow(10, rapid.Float64Range(-3, 0.3).Draw(t, "log radius")),
		}
	})
}

func ballGrid() []ball {
	grid := []ball{
		{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, M: 500, Radius: 0.1},
		{Data: data.Spec{Kind: data.Antipodal, N: 6, D: 4, Seed: 2}, M: 300, Radius: 0.3},
		{Data: data.Spec{Kind: data.Duplicate, N: 5, D: 3, Seed: 3}, M: 300, Radius: 0.01},
	}
	for _, s := range pictures(10, 49) {
		grid = append(grid, ball{Data: s, M: 500, Radius: 0.05})
	}
	return grid
}

func ballOnData(f checks.DataFile) []ball {
	return []ball{{Data: file(f, 20), M: 500, Radius: 0.05}}
}

func ballCost(p ball) checks.Cost {
	c := gramCost(p.Data, p.M)
	c.Trial *= 2 * attackCount
	return c
}

// ballClaim measures one conclusion about all weights in the ball: what says how, at attacked weights, given the
// counts N_i(radius) of fragile neurons at the start.
func setupBall(p ball, counted float64, what func(q *problem, a *attack, fragile []int) checks.Measurement) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{
		Facts: q.facts(checks.NewFact("width run", float64(p.M)), checks.NewFact("radius", p.Radius)),
		Trial: func(r *rand.Rand) checks.Measurement {
			net, b := q.draw(r, nets.NTK(p.M, q.k))
			fragile := make([]int, q.n)
			b.Fragile(fragile, net, inflate(counted*p.Radius))
			var parts []checks.Measurement
			q.attacks(r, net, b, p.Radius, func(a *attack) {
				m := what(q, a, fragile)
				m.Part = strings.TrimSpace(m.Part + " " + a.name)
				parts = append(parts, m)
			})
			return checks.Each(parts...)
		},
	}, nil
}

// tenthControl is the control of the claims about the ball: neurons are counted within a tenth of the radius.
func tenthControl(what func(q *problem, a *attack, fragile []int) checks.Measurement) checks.Control[ball] {
	return checks.Control[ball]{
		Name: "tenth-of-the-radius", Why: "weights that move by R flip more than the neurons within R/10 of a boundary",
		At:    []ball{{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, M: 500, Radius: 0.5}},
		Setup: func(p ball) (checks.Instance, error) { return setupBall(p, 0.1, what) },
	}
}

// signFlips is the deterministic count of sign flips.
//
// Setting: weights W(0) and any W with ||w_r - w_r(0)|| <= R for every neuron; N_i(R) = #{r : |w_r(0).x_i| <= R}.
//
// Hypotheses: none: any unit inputs, width and radius. W is attacked: random directions, all neurons against one
// sample, against their nearest boundary, against the majority, and all switched off on one sample.
//
// Conclusion: at most N_i(R) activation patterns differ from W(0) on sample i.
//
// Constants: derived, and attained: w_r - sign(w_r.x_i) R x_i flips exactly N_i neurons. N_i is counted with
// R(1 + 1e-12) + 1e-12, for the rounding of the inner products.
//
// Convention: 1{z >= 0}.
//
// Reference: inside the proof of Lemma 3.2 of Du et al. (2019); card 00.4 (a).
//
// Control: neurons counted within R/10.
func signFlips() checks.Claim[ball] {
	what := func(_ *problem, a *attack, fragile []int) checks.Measurement {
		m := checks.Measurement{Observed: 0, Predicted: float64(fragile[0])}
		for i, f := range a.flips {
			if f*max(int(m.Predicted), 0) >= int(m.Observed)*fragile[i] {
				m.Observed, m.Predicted = float64(f), float64(fragile[i])
			}
			if f > fragile[i] {
				return checks.Measurement{Observed: float64(f), Predicted: float64(fragile[i])}
			}
		}
		return m
	}
	return checks.Claim[ball]{
		ID: "du2019/sign-flips", Title: "sign flips within a ball", Reference: "proof of Lemma 3.2 (card 00.4a)",
		Formula:    `\max_r \|w_r-w_r(0)\| \le R \Rightarrow \#\{r : \text{sign on } x_i \text{ differs}\} \le N_i(R)`,
		Convention: "1{z >= 0}, unit inputs", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: ballSpace(), Grid: ballGrid(), OnData: ballOnData, Cost: ballCost,
		Setup:    func(p ball) (checks.Instance, error) { return setupBall(p, 1, what) },
		Controls: []checks.Control[ball]{tenthControl(what)},
	}
}

// gramEntries bounds the change of the Gram matrix entry by entry.
//
// Setting: as in sign-flips, H(W)_ij = (x_i.x_j/m) #{r active on both}, phat = max_i N_i(R)/m.
//
// Hypotheses: none.
//
// Conclusion: |H_ij(W) - H_ij(0)| <= |x_i.x_j| (N_i + N_j)/m for all i, j, and ||H(W) - H(0)||_F <= 2 n phat.
//
// Constants: derived; a product of two patterns changes only where one of them does.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: inside the proof of Lemma 3.2 of Du et al. (2019); card 00.4 (b).
//
// Control: neurons counted within R/10.
func gramEntries() checks.Claim[ball] {
	what := func(q *problem, a *attack, fragile []int) checks.Measurement {
		// Counts are exact and inner products equal on both sides: a few units of rounding of an entry.
		worst := checks.Measurement{Predicted: 1, Tolerance: 1e-14, Part: "entries"}
		m, phat := a.width(), 0.0
		for i, f := range fragile {
			phat = max(phat, float64(f)/float64(m))
			for j, g := range fragile[:i+1] {
				e := checks.Measurement{
					Observed:  math.Abs(a.gram.At(i, j) - a.start.At(i, j)),
					Predicted: bounds.GramEntryShift(math.Abs(a.inner.At(i, j)), f, g, m), Tolerance: 1e-14, Part: "entries",
				}
				if e.Slack() < worst.Slack() || i == 0 {
					worst = e
				}
			}
		}
		return checks.All(worst, checks.Measurement{
			Observed: eig.Distance(a.gram, a.start), Predicted: bounds.GramShift(q.n, phat), Tolerance: 1e-14 * float64(q.n), Part: "norm",
		})
	}
	return checks.Claim[ball]{
		ID: "du2019/gram-entries", Title: "change of the Gram matrix within a ball", Reference: "proof of Lemma 3.2 (card 00.4b)",
		Formula:    `|H_{ij}(W)-H_{ij}(0)| \le |x_i \cdot x_j| \frac{N_i+N_j}{m},\quad \|H(W)-H(0)\|_F \le 2n\hat p(R)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: ballSpace(), Grid: ballGrid(), OnData: ballOnData, Cost: ballCost,
		Setup:    func(p ball) (checks.Instance, error) { return setupBall(p, 1, what) },
		Controls: []checks.Control[ball]{tenthControl(what)},
	}
}

// jacobianChange bounds the change of the Jacobian in the spectral norm.
//
// Setting: as in sign-flips; J is the n x md Jacobian of the outputs in W, S = ||X||_2, phat = max_i N_i(R)/m. W is
// compared with W(0) and with another attacked point of the ball.
//
// Hypotheses: none.
//
// Conclusion: ||J(W) - J(W')||_2 <= S sqrt(phat(R)) for any two points of the ball.
//
// Constants: derived. The difference is m^{-1/2} times the Khatri-Rao product of D, with entries 0 and +-1 and at most
// N_i of them in row i, and X; its Gram matrix is (1/m)(D D^T) o (X X^T), and ||A o B|| <= max_i A_ii ||B|| for
// positive semidefinite A, B. A neuron outside N_i has its initial sign on x_i at both points.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: card 00.4 (c), derived.
//
// Control: without the factor S, on a tight cluster, where S^2 is nearly n and all rows flip together.
func jacobianChange() checks.Claim[ball] {
	what := func(useS bool) func(q *problem, a *attack, fragile []int) checks.Measurement {
		return func(q *problem, a *attack, fragile []int) checks.Measurement {
			s := 1.0
			if useS {
				s = q.s
			}
			bound := bounds.JacobianShift(s, phat(fragile, a.width()))
			// The norm is the root of a computed eigenvalue, whose rounding of 1e-13 n at most it divides by its own size.
			tolerance := 0.0
			if bound > 0 {
				tolerance = 1e-13 * float64(q.n) / bound
			}
			return checks.All(
				checks.Measurement{Observed: a.jacobianChange(a.patterns, a.startPatterns), Predicted: bound, Tolerance: tolerance, Part: "from the start"},
				checks.Measurement{Observed: a.jacobianChange(a.patterns, a.otherPatterns), Predicted: bound, Tolerance: tolerance, Part: "between two points"},
			)
		}
	}
	return checks.Claim[ball]{
		ID: "du2019/jacobian-change", Title: "change of the Jacobian within a ball", Reference: "improves Lemma 3.2 (card 00.4c)",
		Formula:    `\|J(W)-J(W')\|_2 \le \|X\|_2 \sqrt{\hat p(R)}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: ballSpace(), Grid: ballGrid(), OnData: ballOnData,
		Cost: func(p ball) checks.Cost {
			c, n := ballCost(p), 0.0
			n, _ = dims(p.Data)
			c.Trial += attackCount * 6 * float64(p.M) * n * n
			return c
		},
		Setup: func(p ball) (checks.Instance, error) { return setupBall(p, 1, what(true)) },
		Controls: []checks.Control[ball]{{
			Name: "without-the-data-norm", Why: "inputs of a tight cluster flip together, and the norm of the data is what that costs",
			At:    []ball{{Data: data.Spec{Kind: data.Cluster, N: 8, D: 10, Spread: 0.01, Seed: 1}, M: 400, Radius: 0.3}},
			Setup: func(p ball) (checks.Instance, error) { return setupBall(p, 1, what(false)) },
		}},
	}
}

// gramEigenvalue bounds the smallest eigenvalue in the ball.
//
// Setting: as in sign-flips; s0 = lambda_min(H(0)), S = ||X||_2, phat = max_i N_i(R)/m.
//
// Hypotheses: none; where S sqrt(phat) >= sqrt(s0) the bound is 0 and says nothing.
//
// Conclusion: lambda_min(H(W)) >= (sqrt(s0) - S sqrt(phat(R)))_+^2 for every W in the ball.
//
// Constants: derived; Weyl's inequality for the singular values of the Jacobian and jacobian-change.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: card 00.4 (c), derived.
//
// Control: neurons counted within R/1000, at a radius at which the attacks do make the Gram matrix singular.
func gramEigenvalue() checks.Claim[ball] {
	what := func(q *problem, a *attack, fragile []int) checks.Measurement {
		m := eigenMeasurement(a.gram, bounds.LambdaMinAfterFlips(max(0, a.least.Lower()), q.s, phat(fragile, a.width())))
		// Equality is attained where nothing flips: the errors of the two eigenvalues are the tolerance.
		m.Tolerance, m.Error = m.Error+1e-14*float64(q.n), 0
		return m
	}
	grid := []ball{
		{Data: data.Spec{Kind: data.Sphere, N: 6, D: 20, Seed: 1}, M: 2000, Radius: 0.01},
		{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 1000, Radius: 0.05},
	}
	for _, s := range pictures(8, 49) {
		grid = append(grid, ball{Data: s, M: 2000, Radius: 0.001})
	}
	return checks.Claim[ball]{
		ID: "du2019/gram-eigenvalue", Title: "smallest eigenvalue within a ball", Reference: "improves Lemma 3.2 (card 00.4c)",
		Formula:    `\lambda_{\min}(H(W)) \ge \left(\sqrt{\lambda_{\min}(H(0))} - \|X\|_2\sqrt{\hat p(R)}\right)_+^2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: ballSpace(), Grid: grid, Cost: ballCost,
		OnData: func(f checks.DataFile) []ball {
			return []ball{{Data: file(f, 6), M: 2000, Radius: 0.001}}
		},
		Setup: func(p ball) (checks.Instance, error) { return setupBall(p, 1, what) },
		Controls: []checks.Control[ball]{{
			Name: "thousandth-of-the-radius", Why: "weights that move by R switch off far more than the neurons within R/1000",
			At:    []ball{{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 1000, Radius: 3}},
			Setup: func(p ball) (checks.Instance, error) { return setupBall(p, 0.001, what) },
		}},
	}
}

// gramHalf is the deterministic core of Lemma 3.2.
//
// Setting: as in gram-eigenvalue.
//
// Hypotheses: on the draw, lambda_min(H(0)) >= (3/4) lambda_0 and phat(R) <= kappa_*^2 lambda_0/S^2 = 0.025255 lambda_0/S^2 with
// kappa_* = (sqrt 3 - sqrt 2)/2. Draws that miss one are skipped and counted.
//
// Conclusion: lambda_min(H(W)) >= lambda_0/2 for every W with max_r ||w_r - w_r(0)|| <= R.
//
// Constants: derived; sqrt(3/4) - sqrt(1/2) = kappa_* in gram-eigenvalue.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: card 00.4 (d), derived; the second conclusion of Lemma 3.2 of Du et al. (2019).
//
// Control: a radius of 3, where the hypothesis on phat fails and the attacks make the Gram matrix singular.
func gramHalf() checks.Claim[ball] {
	setup := func(p ball) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		budget := bounds.FlipBudget(q.lambda0.Lower(), q.s)
		inst, err := setupBall(p, 1, func(q *problem, a *attack, fragile []int) checks.Measurement {
			m := eigenMeasurement(a.gram, q.lambda0.Value/2)
			m.Error += q.lambda0.Err
			m.Hypotheses = []checks.Hypothesis{
				checks.Require("lambda_min(H(0))", a.least.Lower(), checks.AtLeast, 0.75*q.lambda0.Upper()),
				checks.Require("share of fragile neurons", phat(fragile, a.width()), checks.AtMost, budget),
			}
			return m
		})
		inst.Hypotheses = []checks.Hypothesis{q.distinct()}
		inst.Facts = append(inst.Facts, checks.NewFact("allowed share of fragile neurons", budget))
		return inst, err
	}
	grid := []ball{
		{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 1500, Radius: 0.007},
		{Data: data.Spec{Kind: data.Sphere, N: 6, D: 30, Seed: 1}, M: 3000, Radius: 0.0012},
	}
	for _, s := range pictures(4, 49) {
		grid = append(grid, ball{Data: s, M: 4000, Radius: 0.0002})
	}
	return checks.Claim[ball]{
		ID: "du2019/gram-half", Title: "half of lambda_0 survives in the ball", Reference: "Lemma 3.2, second part (card 00.4d)",
		Formula:    `\lambda_{\min}(H(0)) \ge \tfrac34\lambda_0,\ \hat p(R) \le \frac{0.025255\lambda_0}{\|X\|_2^2} \Rightarrow \lambda_{\min}(H(W)) \ge \lambda_0/2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
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
		Cost: ballCost, Setup: setup,
		Controls: []checks.Control[ball]{{
			Name: "radius-three", Why: "weights that move by 3 may switch off nearly every neuron on a sample",
			At: []ball{{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 1000, Radius: 3}},
		}},
	}
}

// stability are the parameters of Lemma 3.2.
type stability struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Delta float64   `json:"delta"`
	Share float64   `json:"share,omitempty"` // of the radius of the lemma; 0 is all of it
}

// gramStability is Lemma 3.2.
//
// Setting: w_r(0) ~ N(0, I) independent; R = c delta lambda_0/n^2 with c = sqrt(2 pi)/16 = 0.1567.
//
// Hypotheses: lambda_0 > 0. Any width.
//
// Conclusion: with probability at least 1 - delta over W(0), for all W with max_r ||w_r - w_r(0)|| <= R at once,
// ||H(W) - H(0)||_2 <= lambda_0/4, and hence lambda_min(H(W)) >= lambda_0/2 if lambda_min(H(0)) >= (3/4) lambda_0. "For all W" is
// covered twice: by gram-entries, which bounds the whole ball from the counts N_i(R), and by attacks.
//
// Constants: the lemma hides c; its proof gives 2R/sqrt(2 pi) for the probability of a fragile neuron and Markov's inequality,
// sum_ij |H_ij(W) - H_ij(0)| <= 4 n^2 R/(sqrt(2 pi) delta), which is lambda_0/4 at this c.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: Du et al. (2019), Lemma 3.2; card 00.4.
//
// Control: a radius of several units, at which the attacks alone (not the bound on the ball) break it.
func gramStability() checks.Claim[stability] {
	setup := func(p stability, wholeBall bool) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		radius := bounds.PrintedRadius(q.n, q.lambda0.Lower(), p.Delta)
		if p.Share > 0 {
			radius *= p.Share
		}
		inst, err := setupBall(ball{Data: p.Data, M: p.M, Radius: radius}, 1,
			func(q *problem, a *attack, fragile []int) checks.Measurement {
				quarter := q.lambda0.Value / 4
				parts := []checks.Measurement{{
					Observed: spectral(a.gram, a.start), Predicted: quarter, Tolerance: 1e-13 * float64(q.n), Error: q.lambda0.Err, Part: "attack",
				}}
				if wholeBall {
					parts = append(parts, checks.Measurement{
						Observed: ballBound(a, fragile), Predicted: quarter, Error: q.lambda0.Err, Part: "whole ball",
					})
				}
				if a.least.Lower() >= 0.75*q.lambda0.Upper() {
					m := eigenMeasurement(a.gram, q.lambda0.Value/2)
					m.Error += q.lambda0.Err
					m.Part = "eigenvalue"
					parts = append(parts, m)
				}
				return checks.Each(parts...)
			})
		inst.Hypotheses = []checks.Hypothesis{q.distinct()}
		inst.Terms = checks.Terms{Delta: checks.Float(p.Delta)}
		return inst, err
	}
	grid := []stability{
		{Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, M: 400, Delta: 0.3},
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 300, Delta: 0.3},
	}
	for _, s := range pictures(4, 49) {
		grid = append(grid, stability{Data: s, M: 300, Delta: 0.3})
	}
	return checks.Claim[stability]{
		ID: "du2019/gram-stability", Title: "the Gram matrix is stable in a ball", Reference: "Lemma 3.2 (card 00.4)",
		Formula:    `\Pr\left[\sup_{\max_r\|w_r-w_r(0)\| \le R} \|H(W)-H(0)\|_2 \le \lambda_0/4\right] \ge 1-\delta,\quad R = \frac{\sqrt{2\pi}\delta\lambda_0}{16 n^2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) stability {
			return stability{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 4}).Draw(t, "data"),
				M:    rapid.IntRange(1, 60).Draw(t, "m"), Delta: rapid.SampledFrom([]float64{0.3, 0.6}).Draw(t, "delta"),
			}
		}),
		Grid: grid, OnData: func(f checks.DataFile) []stability {
			return []stability{{Data: file(f, 4), M: 300, Delta: 0.3}}
		},
		Cost: func(p stability) checks.Cost {
			return ballCost(ball{Data: p.Data, M: p.M})
		},
		Setup: func(p stability) (checks.Instance, error) { return setup(p, true) },
		Controls: []checks.Control[stability]{{
			Name: "radius-of-several-units", Why: "weights that move by more than their size flip at will",
			At:    []stability{{Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, M: 400, Delta: 0.3, Share: 1000}},
			Setup: func(p stability) (checks.Instance, error) { return setup(p, false) },
		}},
	}
}
