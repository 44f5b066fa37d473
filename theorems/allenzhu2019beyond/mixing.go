package allenzhu2019beyond

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/pseudo"
)

// mixed are the sizes of a bilinear pseudo-network and the share s of the second pair of weights.
type mixed struct {
	M1 int     `json:"m1"`
	M2 int     `json:"m2"`
	D  int     `json:"d"`
	S  float64 `json:"s"`
}

func (p mixed) cost() checks.Cost {
	return checks.Cost{Trial: float64(int(1)<<p.M1) * float64(p.M1*(p.D+p.M2)) * 6}
}

// paths is q(V, W) as a sum over pairs of neurons, input by input.
func paths(q pseudo.Bilinear, v, w *mat.Dense) float64 {
	sum := 0.0
	for k, x := range q.X {
		for i, second := range q.Second {
			for j, first := range q.First {
				if second && first {
					sum += x * q.A[i] * v.At(i, j) * w.At(j, k)
				}
			}
		}
	}
	return sum
}

// signMixing is why three layers have no bad stationary point.
//
// Setting: q(V, W) = a^T D_2 V D_1 W x, the part of a three-layer pseudo-network that is bilinear in the movements; any V, W, V*, W*, any
// patterns D_1, D_2; Sigma a diagonal matrix of independent random signs.
//
// Hypotheses: 0 <= s <= 1.
//
// Conclusion: E_Sigma q(sqrt(1-s) V + sqrt(s) V* Sigma, sqrt(1-s) W + sqrt(s) Sigma W*) = (1-s) q(V, W) + s q(V*, W*): on average over
// the signs the output moves along the straight line to the target, so that a convex loss above the target's has a direction of decrease.
//
// Constants: exact. E Sigma = 0 removes the mixed terms, and Sigma D_1 Sigma = D_1. All 2^{m1} signs are enumerated. Rounding: 1e-13 of the
// sizes of the terms.
//
// Convention: one output; the smoothing noise and the regulariser of the paper play no part.
//
// Reference: derived here, after Allen-Zhu, Li, Liang (2019), Lemma 6.7.
//
// Control: signs on W* alone, for which the second term vanishes; either term times 1.02; s for sqrt(s).
func signMixing() checks.Checkable {
	setup := func(first, second float64, both bool) func(mixed) (checks.Instance, error) {
		return func(p mixed) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("s", p.S, checks.AtLeast, 0), checks.Require("s, above", p.S, checks.AtMost, 1)},
				Trial: func(r *rand.Rand) checks.Measurement {
					v, vStar := nets.Gaussian(p.M2, p.M1, r), nets.Gaussian(p.M2, p.M1, r)
					w, wStar := nets.Gaussian(p.M1, p.D, r), nets.Gaussian(p.M1, p.D, r)
					q := pseudo.Bilinear{A: nets.Gaussian(1, p.M2, r).RawRowView(0), X: nets.Gaussian(1, p.D, r).RawRowView(0)}
					for i := range max(p.M1, p.M2) { // the first neurons are on: with none the identity says nothing
						if on := i == 0 || r.IntN(2) == 0; i < p.M1 {
							q.First = append(q.First, on)
						}
						if on := i == 0 || r.IntN(2) == 0; i < p.M2 {
							q.Second = append(q.Second, on)
						}
					}
					seen, err := q.Mix(v, vStar, w, wStar, p.S, both)
					here, there := (1-p.S)*paths(q, v, w), p.S*paths(q, vStar, wStar)
					size := mat.Norm(v, 2)*mat.Norm(w, 2) + mat.Norm(vStar, 2)*mat.Norm(wStar, 2)
					m := checks.Measurement{
						Part: "here", Relation: checks.Equal, Observed: seen, Predicted: first*here + second*there, Term: here,
						Tolerance: 1e-13 * size * norm(q.A) * norm(q.X), Err: err,
					}
					if here == 0 || there == 0 { // s = 0 or 1: one term alone, by which the error of the other is not told
						m.Part, m.Term = "one term", 0
						return m
					}
					other := m
					other.Part, other.Term = "there", there
					return checks.All(m, other)
				},
			}, nil
		}
	}
	at := []mixed{{5, 4, 3, 0.3}, {6, 6, 2, 0.5}}
	return checks.Claim[mixed]{
		ID: "allenzhu2019beyond/sign-mixing", Title: "random signs mix three-layer networks linearly", Reference: "derived here, after Lemma 6.7",
		Formula:    `\mathbb{E}_\Sigma\, q\big(\sqrt{1-s}\,V+\sqrt{s}\,V^*\Sigma,\ \sqrt{1-s}\,W+\sqrt{s}\,\Sigma W^*\big) = (1-s)\,q(V,W)+s\,q(V^*,W^*)`,
		Convention: "one output", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) mixed {
			return mixed{rapid.IntRange(1, 7).Draw(t, "m1"), rapid.IntRange(1, 6).Draw(t, "m2"), rapid.IntRange(1, 4).Draw(t, "d"), rapid.Float64Range(0, 1).Draw(t, "s")}
		}),
		Grid: []mixed{at[0], at[1], {1, 1, 1, 0.5}, {8, 3, 4, 0.01}, {3, 8, 4, 0.99}},
		Cost: mixed.cost, Setup: setup(1, 1, true),
		Controls: []checks.Control[mixed]{
			{Name: "one-sided", Why: "signs on W* alone remove the target too", At: at, Setup: setup(1, 1, false)},
			{Name: "here", Why: "an identity has no room", At: at, Setup: setup(1.02, 1, true)},
			{Name: "there", Why: "an identity has no room", At: at, Setup: setup(1, 1.02, true)},
			{Name: "weights", Why: "weights s and 1-s of the matrices give squares of the output's", At: at, Setup: setup(0.7, 0.3, true)},
		},
	}
}
