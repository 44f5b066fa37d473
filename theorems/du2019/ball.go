package du2019

import (
	"math"
	"math/rand/v2"

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
	// Active neurons of a planted start, of them Fragile ones at half the radius; 0 is a Gaussian start.
	Active  int `json:"active,omitempty"`
	Fragile int `json:"fragile,omitempty"`
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
		{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 1, Radius: 3}, // where most bounds are attained
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

// A worst keeps, of each conclusion, the comparison that is least in its favour.
type worst []checks.Measurement

func (w *worst) add(m checks.Measurement) {
	for i, old := range *w {
		if old.Part == m.Part {
			if m.Slack() < old.Slack() {
				(*w)[i] = m
			}
			return
		}
	}
	*w = append(*w, m)
}

// setupBall measures conclusions about all weights in the ball: what says how, at attacked weights, given the
// counts N_i(R) of fragile neurons at the start, here within the share counted of the radius.
func setupBall(p ball, counted float64, what func(q *problem, a *attack, fragile []int) []checks.Measurement) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	terms := checks.Terms{}
	if p.Active > 0 {
		terms.Trials = 1 // only the attacks are drawn
	}
	return checks.Instance{
		Facts: q.facts(checks.NewFact("width run", float64(p.M)), checks.NewFact("radius", p.Radius)), Terms: terms,
		Trial: func(r *rand.Rand) checks.Measurement {
			net, b := q.draw(r, nets.NTK(p.M, q.k))
			if p.Active > 0 {
				net = q.planted(p.M, p.Active, p.Fragile, 1, 0.9*p.Radius)
				b.Forward(net)
			}
			fragile := make([]int, q.n)
			reach := inflate(counted * p.Radius)
			b.Fragile(fragile, net, reach)
			touched := touchedShare(b, reach)
			var parts worst
			var hypotheses []checks.Hypothesis
			q.attacks(r, net, b, p.Radius, func(a *attack) {
				a.touched = touched
				for _, m := range what(q, a, fragile) {
					if hypotheses == nil {
						hypotheses = m.Hypotheses
					}
					parts.add(m)
				}
			})
			m := checks.Each(parts...)
			m.Hypotheses = hypotheses
			return m
		},
	}, nil
}

// touchedShare is the share of neurons within the reach of a boundary of at least one sample.
func touchedShare(b *nets.Batch, reach float64) float64 {
	m, n := b.Z.Dims()
	touched := 0
	for r := range m {
		for _, z := range b.Z.RawRowView(r)[:n] {
			if math.Abs(z) <= reach {
				touched++
				break
			}
		}
	}
	return float64(touched) / float64(m)
}

// halfControl is the control of the claims about the ball: neurons are counted within half of the radius.
func halfControl(what func(q *problem, a *attack, fragile []int) []checks.Measurement, at ...ball) checks.Control[ball] {
	return checks.Control[ball]{
		Name: "half-of-the-radius", Why: "weights that move by R flip more than the neurons within R/2 of a boundary",
		At:    at,
		Setup: func(p ball) (checks.Instance, error) { return setupBall(p, 0.5, what) },
	}
}

// gramEntries bounds the change of the Gram matrix entry by entry.
//
// Setting: weights W(0) and any W with ||w_r - w_r(0)|| <= R for every neuron; N_i(R) = #{r : |w_r(0).x_i| <= R}, which is at least the number of
// patterns that differ on sample i (basics/flip-inclusion); H(W)_ij = (x_i.x_j/m) #{r active on both}, phat = max_i N_i(R)/m. W is attacked: random
// directions, all neurons against one sample, against their nearest boundary, against the majority, and all switched off on one sample.
//
// Hypotheses: none: any unit inputs, width and radius.
//
// Conclusion: |H_ij(W) - H_ij(0)| <= |x_i.x_j| (N_i + N_j)/m for i != j, N_i/m for i = j, and ||H(W) - H(0)||_F <= phat sqrt(n (4n - 3)).
//
// Constants: derived; a product of two patterns changes only where one of them does, a square only where its own does. Attained by one input. N_i is
// counted with R(1 + 1e-12) + 1e-12, for the rounding of the inner products.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: inside the proof of Lemma 3.2 of Du et al. (2019), where the sum of all entries is at most 2 n sum_i N_i/m; derived here.
//
// Control: neurons counted within R/2.
func gramEntries() checks.Claim[ball] {
	what := func(q *problem, a *attack, fragile []int) []checks.Measurement {
		var parts worst
		m, phat := a.width(), 0.0
		for i, f := range fragile {
			phat = max(phat, float64(f)/float64(m))
			for j, g := range fragile[:i+1] {
				if i == j {
					g = 0
				}
				parts.add(checks.Measurement{
					Observed:  math.Abs(a.gram.At(i, j) - a.start.At(i, j)),
					Predicted: bounds.GramEntryShift(math.Abs(a.inner.At(i, j)), f, g, m),
					// Counts are exact and inner products equal on both sides: a few units of rounding of an entry.
					Tolerance: 1e-14, Part: "entries",
				})
			}
		}
		return append(parts, checks.Measurement{
			Observed: eig.Distance(a.gram, a.start), Predicted: bounds.GramFrobeniusShift(q.n, phat), Tolerance: 1e-14 * float64(q.n), Part: "norm",
		})
	}
	single := ball{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 20, Radius: 0.3, Active: 10, Fragile: 10}
	return checks.Claim[ball]{
		ID: "du2019/gram-entries", Title: "change of the Gram matrix within a ball", Reference: "proof of Lemma 3.2",
		Formula:    `|H_{ij}(W)-H_{ij}(0)| \le |x_i \cdot x_j| \frac{N_i+N_j}{m},\quad \|H(W)-H(0)\|_F \le \hat p(R)\sqrt{n(4n-3)}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: ballSpace(), Grid: append([]ball{single}, ballGrid()...), OnData: ballOnData, Cost: ballCost,
		Setup:    func(p ball) (checks.Instance, error) { return setupBall(p, 1, what) },
		Controls: []checks.Control[ball]{halfControl(what, single)},
	}
}

// jacobianChange bounds the change of the Jacobian in the spectral norm.
//
// Setting: as in gram-entries; J is the n x md Jacobian of the outputs in W, S = ||X||_2, phat = max_i N_i(R)/m. W is
// compared with W(0) and with another attacked point of the ball.
//
// Hypotheses: none.
//
// Conclusion: ||J(W) - J(W')||_2 <= S sqrt(phat(R)) for any two points of the ball.
//
// Constants: derived. The difference is m^{-1/2} times the Khatri-Rao product of D, with entries 0 and +-1 and at most
// N_i of them in row i, and X; its Gram matrix is (1/m)(D D^T) o (X X^T), and ||A o B|| <= max_i A_ii ||B|| for
// positive semidefinite A, B. A neuron outside N_i has its initial sign on x_i at both points. Attained by equal inputs.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: derived here; improves Lemma 3.2 of Du et al. (2019).
//
// Control: without the factor S, on a tight cluster, where S^2 is nearly n and all rows flip together; neurons counted within R/2.
func jacobianChange() checks.Claim[ball] {
	what := func(useS bool) func(q *problem, a *attack, fragile []int) []checks.Measurement {
		return func(q *problem, a *attack, fragile []int) []checks.Measurement {
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
			return []checks.Measurement{
				{Observed: a.jacobianChange(a.patterns, a.startPatterns), Predicted: bound, Tolerance: tolerance, Part: "from the start"},
				{Observed: a.jacobianChange(a.patterns, a.otherPatterns), Predicted: bound, Tolerance: tolerance, Part: "between two points"},
			}
		}
	}
	single := ball{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 20, Radius: 0.3, Active: 10, Fragile: 10}
	return checks.Claim[ball]{
		ID: "du2019/jacobian-change", Title: "change of the Jacobian within a ball", Reference: "Lemma 3.2, improved here",
		Formula:    `\|J(W)-J(W')\|_2 \le \|X\|_2 \sqrt{\hat p(R)}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: ballSpace(), Grid: append([]ball{single}, ballGrid()...), OnData: ballOnData,
		Cost: func(p ball) checks.Cost {
			c, n := ballCost(p), 0.0
			n, _ = dims(p.Data)
			c.Trial += attackCount * 6 * float64(p.M) * n * n
			return c
		},
		Setup: func(p ball) (checks.Instance, error) { return setupBall(p, 1, what(true)) },
		Controls: []checks.Control[ball]{
			{
				Name: "without-the-data-norm", Why: "inputs of a tight cluster flip together, and the norm of the data is what that costs",
				At:    []ball{{Data: data.Spec{Kind: data.Cluster, N: 8, D: 10, Spread: 0.01, Seed: 1}, M: 400, Radius: 0.3}},
				Setup: func(p ball) (checks.Instance, error) { return setupBall(p, 1, what(false)) },
			},
			halfControl(what(true), single),
		},
	}
}

// gramEigenvalue bounds the smallest eigenvalue in the ball.
//
// Setting: as in gram-entries; s0 = lambda_min(H(0)), S = ||X||_2, phat = max_i N_i(R)/m.
//
// Hypotheses: none.
//
// Conclusion: sqrt(lambda_min(H(W))) >= sqrt(s0) - S sqrt(phat(R)) for every W in the ball. Measured is the loss of the smallest singular
// value of the Jacobian, sqrt(s0) - sqrt(lambda_min(H(W))), against S sqrt(phat).
//
// Constants: derived; Weyl's inequality for the singular values of the Jacobian and jacobian-change. Attained by one input whose active neurons are all
// fragile, the others not.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: derived here; improves Lemma 3.2 of Du et al. (2019).
//
// Control: neurons counted within R/2.
func gramEigenvalue() checks.Claim[ball] {
	what := func(q *problem, a *attack, fragile []int) []checks.Measurement {
		after, err := eig.Min(a.gram)
		if err != nil {
			return []checks.Measurement{checks.Failed(err)}
		}
		return []checks.Measurement{{
			Observed:  math.Sqrt(max(0, a.least.Value)) - math.Sqrt(max(0, after.Value)),
			Predicted: bounds.JacobianShift(q.s, phat(fragile, a.width())),
			Tolerance: rootError(a.least) + rootError(after) + 1e-14*float64(q.n),
		}}
	}
	single := ball{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 20, Radius: 0.3, Active: 10, Fragile: 10}
	grid := []ball{
		single,
		{Data: data.Spec{Kind: data.Sphere, N: 6, D: 20, Seed: 1}, M: 2000, Radius: 0.01},
		{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 1000, Radius: 0.05},
	}
	for _, s := range pictures(8, 49) {
		grid = append(grid, ball{Data: s, M: 2000, Radius: 0.001})
	}
	return checks.Claim[ball]{
		ID: "du2019/gram-eigenvalue", Title: "smallest eigenvalue within a ball", Reference: "Lemma 3.2, improved here",
		Formula:    `\sqrt{\lambda_{\min}(H(W))} \ge \sqrt{\lambda_{\min}(H(0))} - \|X\|_2\sqrt{\hat p(R)}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: ballSpace(), Grid: grid, Cost: ballCost,
		OnData: func(f checks.DataFile) []ball {
			return []ball{{Data: file(f, 6), M: 2000, Radius: 0.001}}
		},
		Setup:    func(p ball) (checks.Instance, error) { return setupBall(p, 1, what) },
		Controls: []checks.Control[ball]{halfControl(what, single)},
	}
}

// rootError bounds the error of the root of an eigenvalue.
func rootError(v eig.Certified) float64 {
	e := math.Sqrt(v.Err)
	if v.Value > 0 {
		e = min(e, v.Err/math.Sqrt(v.Value))
	}
	return e
}

// gramLoss bounds the smallest eigenvalue in the ball by the neurons that it may lose.
//
// Setting: as in gram-eigenvalue; q(R) is the share of neurons that are fragile for at least one input, |w_r(0).x_i| <= R for some i.
//
// Hypotheses: none.
//
// Conclusion: lambda_min(H(W)) >= lambda_min(H(0)) - S^2 q(R) for every W in the ball. Measured is the loss lambda_min(H(0)) - lambda_min(H(W)) against S^2 q.
//
// Constants: derived. H is the mean over neurons of D_r XX^T D_r, each positive semidefinite with norm at most S^2; those of neurons that are fragile
// for no input stay. Attained by one input whose fragile neurons are all active. For few inputs it is far sharper than gram-eigenvalue, whose loss of the root
// is quadratic: q may be lambda_0/(4 S^2) where there phat must be lambda_0/(40 S^2); but q may be n phat.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: derived here.
//
// Control: neurons counted within R/2.
func gramLoss() checks.Claim[ball] {
	what := func(q *problem, a *attack, _ []int) []checks.Measurement {
		after, err := eig.Min(a.gram)
		if err != nil {
			return []checks.Measurement{checks.Failed(err)}
		}
		s0 := max(0, a.least.Value)
		return []checks.Measurement{{
			Observed: s0 - after.Value, Predicted: s0 - bounds.LambdaMinAfterLoss(s0, q.s, a.touched),
			Tolerance: a.least.Err + after.Err + 1e-14*float64(q.n),
		}}
	}
	single := ball{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 20, Radius: 0.3, Active: 12, Fragile: 5}
	return checks.Claim[ball]{
		ID: "du2019/gram-loss", Title: "smallest eigenvalue within a ball, by neurons", Reference: "Lemma 3.2, improved here",
		Formula:    `\lambda_{\min}(H(W)) \ge \lambda_{\min}(H(0)) - \|X\|_2^2\, q(R)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: ballSpace(), Grid: append([]ball{single}, ballGrid()...), OnData: ballOnData, Cost: ballCost,
		Setup:    func(p ball) (checks.Instance, error) { return setupBall(p, 1, what) },
		Controls: []checks.Control[ball]{halfControl(what, single)},
	}
}
