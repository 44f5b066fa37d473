package yang2023

import (
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// eigenvalueBounds are bounds on lambda(B) without a region.
//
// Setting: n unit inputs, K = X X^T, P = [p_ij], B >= 0.
//
// Hypotheses: none.
//
// Conclusion: lambda(B) is at least Q(B) lambda_min(K) + lambda_min(P) (schur) and 2Q(B) - max_i sum_{j != i} (1+rho_ij) p_ij
// (gershgorin), and at most 2Q(B) <= e^{-B^2/2} (diagonal).
//
// Constants: derived: lambda_min(K o P) >= Q lambda_min(K) by Schur's product theorem, P having the diagonal Q; Gershgorin's
// discs; the least diagonal entry. Orthonormal inputs attain the first, two inputs the second, antipodes the last.
//
// Convention: H^inf_ij = (x_i.x_j + 1) p_ij.
//
// Reference: derived here.
//
// Control: each bound five per cent better where it is attained.
func eigenvalueBounds() checks.Checkable {
	setup := func(schur, gershgorin, diagonal float64) func(site) (checks.Instance, error) {
		return func(p site) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			k, err := kernel.Identity().Lambda0(in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			joint, err := kernel.Threshold(p.Bias).Lambda0(in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			q := kernel.UpperTail(p.Bias)
			discs, _ := bounds.Gershgorin(in.limit)
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("lambda(B)", in.lambda.Value), checks.NewFact("Q(B)", q)},
				Trial: func(*rand.Rand) checks.Measurement {
					at := func(part string, predicted float64, relation checks.Relation, err float64) checks.Measurement {
						return checks.Measurement{Part: part, Observed: in.lambda.Value, Predicted: predicted, Relation: relation, Tolerance: 2 * (in.lambda.Err + err + 1e-14)}
					}
					parts := []checks.Measurement{
						at("schur", schur*(q*k.Value+joint.Value), checks.AtLeast, q*k.Err+joint.Err), at("diagonal", diagonal*2*q, checks.AtMost, 0),
					}
					if discs > 0 {
						parts = append(parts, at("gershgorin", gershgorin*discs, checks.AtLeast, 0))
					}
					return checks.All(parts...)
				},
			}, nil
		}
	}
	antipodes := data.Spec{Kind: data.Antipodal, N: 2, D: 3, Seed: 1}
	grid := []site{
		{Data: orthonormal(4), Bias: 1}, {Data: data.Spec{Kind: data.Sphere, N: 2, D: 3, Seed: 1}, Bias: 0.5}, {Data: antipodes, Bias: 2},
		{Data: data.Spec{Kind: data.Sphere, N: 12, D: 8, Seed: 1}, Bias: 1}, {Data: images.All(data.MNIST, 15, 49), Bias: 1}, {Data: images.All(data.Fashion, 15, 49), Bias: 2},
	}
	return checks.Claim[site]{
		ID: "yang2023/eigenvalue-bounds", Title: "bounds on lambda(B) on all of R^n", Reference: "derived here",
		Formula:    `\max\{Q\lambda_{\min}(K) + \lambda_{\min}(P),\ 2Q - \max_i \sum_{j\ne i}(1+\rho_{ij})p_{ij}\} \le \lambda(B) \le 2Q(B)`,
		Convention: "H^inf_ij = (x_i.x_j + 1) p_ij; |x_i| = 1", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  sites(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 5}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []site { return []site{{Data: userfile.Signed(f, 30), Bias: 1}} },
		Cost:   site.cost,
		Setup:  setup(1, 1, 1),
		Controls: []checks.Control[site]{
			{Name: "larger-schur", Why: "orthonormal inputs attain it", At: grid[:1], Setup: setup(1.05, 1, 1)},
			{Name: "larger-gershgorin", Why: "two inputs attain it", At: grid[1:2], Setup: setup(1, 1.05, 1)},
			{Name: "smaller-diagonal", Why: "antipodes attain it", At: grid[2:3], Setup: setup(1, 1, 0.95)},
		},
	}
}

// fixedThreshold is the smallest eigenvalue when the biases are not trained.
//
// Setting: n unit inputs with sin(angle) >= s between any two; the kernel x.x' P(w.x >= B, w.x' >= B) of the ReLU with a
// fixed threshold B >= 0.
//
// Hypotheses: none.
//
// Conclusion: its smallest eigenvalue is at most Q(B) <= e^{-B^2/2}/2 and at least, for every tau > 0,
// A C/(A+C) (1 - (n-1) 4 tau/(sqrt(2 pi) s)), A = Q(B) - Q(B+tau), C = Q(B-tau) - Q(B); with
// tau = sqrt(2 pi) s/(8(n-1)), n >= 2, this is at least s e^{-(B+tau)^2/2}/(32(n-1)).
//
// Constants: derived, with the proof at bounds.ThresholdFloor. The paper compares its theorem with the bounds of Song,
// Yang and Zhang, e^{-B^2/2} above and of order e^{-B^2/2} delta/n^2 below, recalled with the constant 1/100: as such false
// for large B, since Q(B) e^{B^2/2} < 1/(B sqrt(2 pi)) (two orthonormal inputs: from B = 113 on). What is proved here is
// of order delta/n, and has Q for the exponential. One input attains it as B grows, where it is Q(1-Q); two orthonormal
// inputs lose a factor of 3 at B = 5, and pairs that nearly coincide 5.
//
// Convention: thresholds fixed, first layer trained.
//
// Reference: Song, Yang and Zhang (2021), Theorem F.1, with which Yang et al. compare; derived here.
//
// Control: nine tenths of Q; the lower bound at one input times 1.1; a bound that decays like e^{-0.4 B^2}.
func fixedThreshold() checks.Checkable {
	setup := func(upper float64, lower func(b float64) float64) func(site) (checks.Instance, error) {
		return func(p site) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			k, sine := kernel.ThresholdReLU(p.Bias), 1.0
			pair, err := kernel.Pairs(in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			for i := range in.n() {
				for j := range i {
					sine = math.Min(sine, pair(i, j).Sin)
				}
			}
			lambda, err := k.Lambda0(in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			floor := bounds.ThresholdFloor(in.n(), sine, p.Bias)
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("smallest eigenvalue", lambda.Value), checks.NewFact("e^{-B^2/2} s/(100 n^2)", math.Exp(-p.Bias*p.Bias/2)*sine/(100*math.Pow(float64(in.n()), 2)))},
				Trial: func(*rand.Rand) checks.Measurement {
					at := func(part string, predicted float64, relation checks.Relation) checks.Measurement {
						return checks.Measurement{Part: part, Observed: lambda.Value, Predicted: predicted, Relation: relation, Tolerance: 2 * lambda.Err}
					}
					return checks.All(at("upper", upper*kernel.UpperTail(p.Bias), checks.AtMost), at("lower", lower(p.Bias)*floor, checks.AtLeast))
				},
			}, nil
		}
	}
	one := func(float64) float64 { return 1 }
	grid := []site{
		{Data: orthonormal(1), Bias: 2}, {Data: orthonormal(2), Bias: 5}, {Data: orthonormal(4), Bias: 1}, {Data: data.Spec{Kind: data.Angles, N: 2, D: 2, Angles: []float64{0, 0.05}}, Bias: 1},
		{Data: data.Spec{Kind: data.Sphere, N: 8, D: 5, Seed: 1}, Bias: 0.5}, {Data: images.All(data.MNIST, 10, 49), Bias: 1},
	}
	return checks.Claim[site]{
		ID: "yang2023/fixed-threshold", Title: "smallest eigenvalue with fixed thresholds", Reference: "comparison with Song, Yang and Zhang (2021); derived here",
		Formula:    `\frac{s\, e^{-(B+\tau)^2/2}}{32(n-1)} \le \lambda_{\min}\big(X X^{\top} \circ P\big) \le Q(B),\quad \tau = \frac{\sqrt{2\pi}\, s}{8(n-1)}`,
		Convention: "thresholds B fixed; |x_i| = 1", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  sites(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 5}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []site { return []site{{Data: userfile.Signed(f, 20), Bias: 1}} },
		Cost:   site.cost,
		Setup:  setup(1, one),
		Controls: []checks.Control[site]{
			{Name: "smaller-upper", Why: "orthonormal inputs attain Q", At: grid[2:3], Setup: setup(0.9, one)},
			{Name: "larger-lower", Why: "one input has Q where Q(1-Q) is claimed", At: grid[:1], Setup: setup(1, func(float64) float64 { return 1.1 })},
			{Name: "slower-decay", Why: "the eigenvalue is at most Q(B), which decays like e^{-B^2/2}", At: grid[1:2], Setup: setup(1, func(b float64) float64 { return math.Exp(0.1 * b * b) })},
		},
	}
}
