package liao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/twolayer"

	"pgregory.net/rapid"
)

// noiseP are the parameters of the cancellation of partition noise.
type noiseP struct {
	Data data.Spec `json:"data"`
	M    int       `json:"m"`
	P    int       `json:"p"`
	Law  string    `json:"law"`
}

// The mask noise of a partition cancels exactly.
//
// Setting: any inputs and weights, masks that partition the neurons into p
// sub-networks, xi = 1/p.
//
// Hypotheses: none.
//
// Conclusion: (1/p) sum_l (f_{M^l} - xi f) = 0, at every width and every draw.
//
// Constants: derived: sum_l M^l_r = 1, so that sum_l f_{M^l} = f. Tolerance: rounding of sums of m
// terms.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: card 02.6.
//
// Control: independent masks of the same xi.
func partitionNoise() checks.Claim[noiseP] {
	setup := func(p noiseP) (checks.Instance, error) {
		g, err := groundOn(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		law, err := maskLaw(p.Law, 1/float64(p.P))
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{Trial: func(rng *rand.Rand) checks.Measurement {
			net := nets.NTK(p.M, g.dim()).Draw(rng)
			masks := maskBuffers(p.P, p.M)
			law.Draw(rng, masks)
			sum := make([]float64, g.n)
			for _, mask := range masks {
				for i, v := range net.Masked(mask).Output(g.x) {
					sum[i] += v
				}
			}
			var off float64
			for i, v := range net.Output(g.x) {
				off = math.Max(off, math.Abs(sum[i]-v)/float64(p.P))
			}
			return checks.Measurement{Observed: off, Predicted: 0, Tolerance: float64(2*p.M+p.P+4) * epsilon * g.size(g.terms(net))}
		}}, nil
	}
	return checks.Claim[noiseP]{
		ID: "liao2022/partition-noise", Title: "the mask noise of a partition cancels", Reference: "card 02.6",
		Formula:    `\frac{1}{p} \sum_l \left( f_{M^l} - \frac{1}{p} f \right) = 0`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) noiseP {
			return noiseP{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 5, MinD: 1, MaxD: 5}).Draw(t, "data"),
				M:    rapid.IntRange(1, 200).Draw(t, "m"), P: rapid.IntRange(1, 8).Draw(t, "p"), Law: "partition",
			}
		}),
		Grid: []noiseP{
			{Data: data.Spec{Kind: data.Sphere, N: 5, D: 8, Seed: 1}, M: 1000, P: 4, Law: "partition"},
			{Data: images.All(data.Fashion, 10, 49), M: 300, P: 10, Law: "partition"},
		},
		Cost: func(p noiseP) checks.Cost {
			n, _ := twolayer.Size(p.Data)
			return checks.Cost{Trial: float64(p.M*(p.P+3)) * (2*n*n + 30), Size: fmt.Sprintf("m=%d", p.M)}
		},
		Setup: setup,
		Controls: []checks.Control[noiseP]{{
			Name: "independent-masks", Why: "some neurons are in no sub-network and some in several",
			At: []noiseP{{Data: data.Spec{Kind: data.Sphere, N: 5, D: 8, Seed: 1}, M: 200, P: 4, Law: "bernoulli"}},
		}},
	}
}

// What is left of the region under a partition, to leading order.
//
// Setting: n orthonormal inputs, w_r ~ N(0, kappa^2 I) in pairs of opposite output
// weight, a partition into p >= 2 sub-networks, one local step (tau = 1), small labels (a
// hundredth).
//
// Hypotheses: eta xi lambda_max(H^inf) <= 1; orthonormal inputs; tau = 1.
//
// Conclusion: the mean of ||e_k||^2 tends to eta^2 (p-1) kappa^2 n/(4 p^4 m (1-a^2)), a = 1 - eta/(2p): of
// order 1/m, where independent masks leave a floor of order 1.
//
// Constants: derived, see bounds.PartitionFloor. HOLDS means that the interval lies within
// 35 % of the prediction; REFUTED that it excludes it by more than the first-order
// allowance of bounds.FloorError for drift and diffusion over the run.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi; error of xi f.
//
// Reference: sharpens the corollary on independent subnet training; card 02.6 has the
// order in m, the constant is ours.
//
// Control: independent masks of the same xi.
func partitionFloor() checks.Claim[training] {
	setup := func(p training) (checks.Instance, error) {
		l, err := p.lab()
		if err != nil {
			return checks.Instance{}, err
		}
		want := bounds.PartitionFloor(p.P, p.M, l.n, l.eta, l.kappa())
		tail := l.law
		tail.Partition = true
		allowed := want * tail.FloorError(l.finite(), p.Rounds)
		return checks.Instance{
			Hypotheses: append(l.hypotheses(), checks.Require("row sum of |X X^T|", l.rowSum, checks.AtMost, 1+1e-9),
				checks.Require("tau", float64(p.Tau), checks.AtMost, 1)),
			Facts: append(l.facts(), checks.NewFact("predicted floor to order 1/m", want)),
			Terms: checks.Terms{Trials: 160, Resolution: 0.35},
			Trial: func(rng *rand.Rand) checks.Measurement {
				seen, _, err := l.tail(rng)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{Observed: seen, Predicted: want, Relation: checks.Equal, Error: allowed}
			},
		}, nil
	}
	run := training{Data: orthonormal(0.001), Scheme: schemePartition, Xi: 0.5, P: 2, Tau: 1, Eta: 1, M: 500, Rounds: 30, Tail: 26}
	four := training{Data: orthonormal(0.001), Scheme: schemePartition, Xi: 0.25, P: 4, Tau: 1, Eta: 1, M: 20000, Rounds: 60, Tail: 45}
	independent := run
	independent.Scheme = schemeBernoulli
	return checks.Claim[training]{
		ID: "liao2022/partition-floor", Title: "error region of a partition to order 1/m", Reference: "corollary on IST; card 02.6",
		Formula:    `\lim_k \mathbb{E}\|e_k\|^2 = \frac{\eta^2 (p-1) \kappa^2 n}{4 p^4 m (1 - a^2)} + o(1/m), \quad a = 1 - \frac{\eta}{2p}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []training{run, four}, Cost: training.cost, Setup: setup,
		Controls: []checks.Control[training]{{
			Name: "independent-masks", Why: "their noise does not cancel: the floor is larger by a factor of order m",
			At: []training{independent},
		}},
	}
}

// Gradient descent and partitions have no leading-order floor.
//
// Setting: as liao2022/error-region, with full masks (xi = 1) or a partition (xi = 1/p).
//
// Hypotheses: eta xi lambda_max(H^inf) <= 1, lambda_0 > 0.
//
// Conclusion: the mean of ||e_k||^2 over the last rounds is, for a partition, below a
// tenth of the floor that independent masks of the same xi, p and tau leave, and for full masks at most
// 1e-12.
//
// Constants: derived: the limit of both is 0, since the noise (1/p) sum_l (f_{M^l} - xi f) vanishes; what
// is left is O(1/m) (liao2022/partition-floor). A tenth is room for it at the widths run.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi; error of xi f.
//
// Reference: corollary on independent subnet training, sharpened; card 02.6.
//
// Control: independent masks of the same xi, p and tau.
func vanishingFloor() checks.Claim[training] {
	setup := func(p training) (checks.Instance, error) {
		l, err := p.lab()
		if err != nil {
			return checks.Instance{}, err
		}
		independent := l.law
		independent.Partition = false
		limit := l.limit.Floor(independent, l.eta, l.kappa()) / 10
		if p.Xi == 1 {
			limit = 1e-12
		}
		return checks.Instance{
			Hypotheses: l.hypotheses(), Facts: l.facts(), Terms: checks.Terms{Trials: 40},
			Trial: func(rng *rand.Rand) checks.Measurement {
				seen, _, err := l.tail(rng)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{Observed: seen, Predicted: limit, Relation: checks.AtMost}
			},
		}, nil
	}
	run := func(scheme string, xi float64, p, tau, rounds, tail int) training {
		return training{Data: orthonormal(0.1), Scheme: scheme, Xi: xi, P: p, Tau: tau, Eta: 1, M: 600, Rounds: rounds, Tail: tail}
	}
	descent := run(schemeDescent, 1, 1, 1, 60, 10)
	descent.Eta = 0.5
	return checks.Claim[training]{
		ID: "liao2022/vanishing-floor", Title: "no leading-order error region without independent masks", Reference: "corollary on IST; card 02.6",
		Formula:    `\lim_{m} \lim_k \mathbb{E}\|e_k\|^2 = 0`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []training{
			descent,
			run(schemePartition, 0.25, 4, 1, 25, 10),
			run(schemePartition, 0.25, 4, 3, 12, 8),
		},
		Cost: training.cost, Setup: setup,
		Controls: []checks.Control[training]{{
			Name: "independent-masks", Why: "their floor is ten times the limit",
			At: []training{run(schemeBernoulli, 0.25, 4, 1, 25, 10)},
		}},
	}
}

// ladderP are the parameters of the claims along a ladder of widths.
type ladderP struct {
	Run    training `json:"run"` // its width is that of the last rung
	Widths []int    `json:"widths"`
}

// The error region of a partition vanishes like 1/m.
//
// Setting: as liao2022/partition-floor, any tau, along a ladder of widths m.
//
// Hypotheses: eta xi lambda_max(H^inf) <= 1.
//
// Conclusion: the mean of ||e_k||^2 over the last rounds falls at least like 1/m: the slope of its
// logarithm against ln m is at most -1, up to 0.15.
//
// Constants: derived: the noise of a round is -(eta/p) sum_l (H_{M^l} - H/p) zeta^l = O(m^{-1/2}); terms
// outside the lazy regime fall faster (card 02.6 fitted -1.4 to -1.7 at labels of size 1).
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi; error of xi f.
//
// Reference: corollary on independent subnet training, sharpened; card 02.6.
//
// Control: independent masks of the same xi, whose region does not shrink.
func partitionWidth() checks.Claim[ladderP] {
	setup := func(p ladderP) (checks.Instance, error) {
		labs := make([]*lab, len(p.Widths))
		for i, m := range p.Widths {
			run := p.Run
			run.M = m
			var err error
			if labs[i], err = run.lab(); err != nil {
				return checks.Instance{}, err
			}
		}
		return checks.Instance{
			Hypotheses: labs[0].hypotheses(), Facts: labs[0].facts(),
			Terms: checks.Terms{Trials: 24, Exponent: -1, Relation: checks.AtMost, Resolution: 0.15},
			Trial: func(rng *rand.Rand) checks.Measurement {
				rungs := make([]checks.Rung, len(labs))
				for i, l := range labs {
					seen, _, err := l.tail(rng)
					if err != nil {
						return checks.Failed(err)
					}
					rungs[i] = checks.Rung{Size: float64(l.M), Value: seen}
				}
				return checks.Measurement{Ladder: rungs}
			},
		}, nil
	}
	ladder := func(scheme string, tau int, widths ...int) ladderP {
		run := training{Data: orthonormal(0.3), Scheme: scheme, Xi: 0.25, P: 4, Tau: tau, Eta: 1, M: widths[len(widths)-1], Rounds: 24, Tail: 12}
		return ladderP{Run: run, Widths: widths}
	}
	return checks.Claim[ladderP]{
		ID: "liao2022/partition-width", Title: "the error region of a partition against the width", Reference: "corollary on IST; card 02.6",
		Formula:    `\mathbb{E}\|e_\infty\|^2 = O(1/m)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: []ladderP{ladder(schemePartition, 1, 50, 100, 200, 400), ladder(schemePartition, 3, 50, 100, 200, 400)},
		Cost: func(p ladderP) checks.Cost {
			var sum checks.Cost
			for _, m := range p.Widths {
				run := p.Run
				run.M = m
				sum.Trial += run.cost().Trial
			}
			sum.Size = p.Run.cost().Size
			return sum
		},
		Setup: setup,
		Controls: []checks.Control[ladderP]{{
			Name: "independent-masks", Why: "their region has a limit above 0: the slope is near 0",
			At: []ladderP{ladder(schemeBernoulli, 1, 50, 100, 200, 400)},
		}},
	}
}
