package liao2022

import (
	"fmt"
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
// Conclusion: sum_l f_{M^l} = f, at every width and every draw, so that the noise (1/p) sum_l (f_{M^l} - xi f) is 0.
//
// Constants: derived: sum_l M^l_r = 1, so that sum_l f_{M^l} = f. Tolerance: rounding of sums of m
// terms. The entries are compared one by one.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here.
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
			return entries("", sum, net.Output(g.x), float64(2*p.M+p.P+4)*epsilon*g.size(g.terms(net)))
		}}, nil
	}
	return checks.Claim[noiseP]{
		ID: "liao2022/partition-noise", Title: "the mask noise of a partition cancels", Reference: "derived here",
		Formula:    `\sum_l f_{M^l} = f`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
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

// The error region of a partition: exact at every width, of order 1/m.
//
// Setting: as liao2022/rate, a partition into p >= 2 sub-networks, one local step (tau = 1), labels of a
// hundredth.
//
// Hypotheses: no preactivation changes its sign (asked of every draw); tau = 1.
//
// Conclusion: E||e_k||^2, averaged over the last rounds, is the sum over the inputs of the second moment of bounds.MaskedMoments. To
// leading order, in the limit m -> infinity of m E||e_k||^2 and then k -> infinity, it is eta^2 (p-1) kappa^2 n/(4 p^4 (1-a^2)),
// a = 1 - eta/(2p); independent masks leave a region that does not shrink with m.
//
// Constants: derived, see bounds.MaskedMoments, and bounds.PartitionFloor for the leading order. The error term of Theorem 7 of the first arXiv version,
// of the order tau (p-1)^2 n^3 d/(lambda_0^2 m), vanishes like 1/m too. The interval assumes that the deviation of a run is at most
// its mean. The noise of a round is a product of two nearly Gaussian variables, whose square has a deviation of sqrt 8 times its mean, and the mean over rounds and
// inputs less: 0.67 to 0.83 in 4000 runs of each instance.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi; error of xi f.
//
// Reference: derived here; sharpens the error term of Theorem 7 (arXiv v1).
//
// Control: independent masks of the same xi; two local steps; the prediction for a width smaller by a third, and for kappa larger by a quarter.
func partitionFloor() checks.Claim[training] {
	setup := func(p, predicted training) (checks.Instance, error) {
		f, err := p.frozen()
		if err != nil {
			return checks.Instance{}, err
		}
		predicted.Tau = 1
		g, err := predicted.frozen()
		if err != nil {
			return checks.Instance{}, err
		}
		want, _, err := g.expectedTail(bounds.MaskScheme{Keep: 1 / float64(p.P), Models: p.P, LocalSteps: 1, Partition: true})
		if err != nil {
			return checks.Instance{}, err
		}
		spread := want // of what is run: another scheme, in a control, may spread more
		if own, _, err := f.expectedTail(f.law); err == nil && own > want {
			spread = own
		}
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.Require("tau", float64(p.Tau), checks.AtMost, 1)},
			Facts:      append(f.facts(), checks.NewFact("predicted floor", want), checks.NewFact("leading order in 1/m", bounds.PartitionFloor(p.P, p.M, f.n, f.eta, f.kappa()))),
			Terms:      f.regionTerms(spread),
			Trial: func(rng *rand.Rand) checks.Measurement {
				seen, _, still, err := f.tail(rng)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{
					Observed: seen, Predicted: want, Relation: checks.Equal, Tolerance: 1e-9 * want, Hypotheses: []checks.Hypothesis{still},
				}
			},
		}, nil
	}
	run := func(scheme string, p, m, rounds int) training {
		return training{
			Data: orthonormals(4, 0.01), Scheme: scheme, Xi: 1 / float64(p), P: p, Tau: 1, Eta: 0.5, M: m, Rounds: rounds, Tail: 3, Runs: 50,
		}
	}
	longer := run(schemePartition, 2, 48, 8)
	longer.Tau = 2
	own := func(p training) (checks.Instance, error) { return setup(p, p) }
	return checks.Claim[training]{
		ID: "liao2022/partition-floor", Title: "error region of a partition", Reference: "derived here; sharpens Theorem 7 (arXiv v1)",
		Formula:    `\lim_k \lim_m m\, \mathbb{E}\|e_k\|^2 = \frac{\eta^2 (p-1) \kappa^2 n}{4 p^4 (1 - a^2)}, \quad a = 1 - \frac{\eta}{2p}`,
		Convention: fixed, Basis: checks.Derived, Form: checks.Mean{}, Version: 3,
		Grid: []training{run(schemePartition, 2, 48, 8), run(schemePartition, 2, 96, 8), run(schemePartition, 4, 60, 10)},
		Cost: training.cost, Setup: own,
		Controls: []checks.Control[training]{
			{
				Name: "independent-masks", Why: "their noise does not cancel: the region is larger by a factor of order m",
				At: []training{run(schemeBernoulli, 2, 48, 8)},
			},
			{
				Name: "two-local-steps", Why: "two local steps take in more of the noise of their sub-network",
				At: []training{longer},
			},
			{
				Name: "smaller-width", Why: "the region is inversely proportional to the width",
				At: []training{run(schemePartition, 2, 48, 8)},
				Setup: func(p training) (checks.Instance, error) {
					q := p
					q.M = p.M * 2 / 3 / 2 * 2
					return setup(p, q)
				},
			},
			{
				Name: "larger-scale", Why: "the region is quadratic in kappa",
				At: []training{run(schemePartition, 2, 48, 8)},
				Setup: func(p training) (checks.Instance, error) {
					q := p
					q.Kappa = 1.25
					return setup(p, q)
				},
			},
		},
	}
}
