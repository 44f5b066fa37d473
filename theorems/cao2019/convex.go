package cao2019

import (
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
)

// labelled is a move with the label that the loss is taken at.
type labelled struct {
	Move  moved `json:"move"`
	Wrong bool  `json:"wrong"` // the label that the network misses, else the one that it meets
}

// nearConvexity is Lemma 4.2 with explicit constants, at every depth and width.
//
// Setting: any L >= 2; any weights W and W', any input and label y = +-1; L(W) = log(1 + exp(-y f_W(x))), with slope
// l' = -1/(1 + exp(y f_W(x))); NL = f_{W'}(x) - f_W(x) - <grad f_W(x), W'-W>.
//
// Hypotheses: none.
//
// Conclusion: L(W) + <grad L(W), W'-W> - L(W') <= |l'| y NL, and this is at most |l'| times the bound of
// near-linearity: the loss is convex up to the error of the linearisation.
//
// Constants: derived. The loss is convex in the output, l(y f') >= l(y f) + l'(y f) y (f' - f), and grad L = l' y grad f. The paper
// has L(W') >= L(W) + <grad L(W), W'-W> - eps for W, W' in B(W^(1), omega), omega <= kappa L^{-6} m^{-3/8} (log m)^{-3/2} eps^{3/4},
// with probability 1 - O(n L^2) exp(-Omega(m omega^{2/3} L)) and kappa hidden. Both parts are attained where the network is far
// on the wrong side, since the loss is linear there.
//
// Convention: logistic loss of one sample.
//
// Reference: derived here, after Cao, Gu (2019), Lemma 4.2.
//
// Control: each part times 0.8; and the error of the linearisation left out, as if the loss were convex in the weights.
func nearConvexity() checks.Checkable {
	setup := func(signed, explicit float64) func(labelled) (checks.Instance, error) {
		return func(p labelled) (checks.Instance, error) {
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.trial(signed, explicit, r) }}, nil
		}
	}
	// Output weights 300 times as large put the outputs at about 300.
	wide := labelled{Move: moved{M: 16384, D: 1, First: 0.3, Way: "cross", Output: 300}, Wrong: true}
	small := labelled{Move: moved{M: 64, D: 3, First: 0.3, Way: "cross", Output: 300}, Wrong: true}
	return checks.Claim[labelled]{
		ID: "cao2019/near-convexity", Title: "the loss is nearly convex in the weights", Reference: "derived here, after Lemma 4.2",
		Formula:    `L(W) + \langle\nabla L(W), W'-W\rangle - L(W') \le |\ell'|\,y\,\mathrm{NL} \le |\ell'| \left(\sum_k \|b_k\|\,\omega_k R_{k-1} + \sum_{k<L} S_k\right)`,
		Convention: convention + "; logistic loss", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) labelled {
			return labelled{Wrong: rapid.Bool().Draw(t, "wrong"), Move: moved{
				L: rapid.IntRange(2, 4).Draw(t, "L"), M: rapid.IntRange(1, 40).Draw(t, "m"), D: rapid.IntRange(1, 4).Draw(t, "d"),
				First: rapid.SampledFrom([]float64{0, 1e-3, 0.3, 3, 100}).Draw(t, "first"), Second: rapid.SampledFrom([]float64{0, 0.1, 3}).Draw(t, "second"),
				Lower: rapid.SampledFrom([]float64{0, 0.1, 3}).Draw(t, "lower"),
				Way:   rapid.SampledFrom([]string{"cross", "gradient", "gaussian"}).Draw(t, "way"), Output: rapid.SampledFrom([]float64{1, 0, 30}).Draw(t, "output"),
			}}
		}),
		Grid: []labelled{
			small,
			{Move: moved{M: 64, D: 5, First: 1, Second: 1, Way: "gradient", Output: 1}},
			{Move: moved{M: 256, D: 5, First: 3, Second: 3, Way: "gaussian", Output: 1}, Wrong: true},
			{Move: moved{L: 3, M: 100, D: 2, First: 1, Second: 1, Lower: 1, Way: "gradient", Output: 1}},
			wide, // both parts are attained
		},
		Cost:  func(p labelled) checks.Cost { return p.Move.cost() },
		Setup: setup(1, 1),
		Controls: []checks.Control[labelled]{
			{Name: "signed", Why: "far on the wrong side the loss is linear", At: []labelled{small, wide}, Setup: setup(0.8, 1)},
			{Name: "explicit", Why: "neurons moved through zero attain it", At: []labelled{wide}, Setup: setup(1, 0.8)},
			{Name: "convex", Why: "the loss of a network is not convex in its weights", At: []labelled{small, wide}, Setup: setup(0, 1)},
		},
	}
}

func (p labelled) trial(signed, explicit float64, r *rand.Rand) checks.Measurement {
	y := 1.0
	s, err := p.Move.draw(func(f float64) float64 {
		y = math.Copysign(1, f)
		if p.Wrong {
			y = -y
		}
		return y // neurons with weights of this sign raise y f
	}, r)
	if err != nil {
		return checks.Failed(err)
	}
	if p.Move.Way != "cross" { // the sign was not asked for
		y = math.Copysign(1, s.before)
		if p.Wrong {
			y = -y
		}
	}
	slope := logisticSlope(y * s.before)
	falls := logistic(y*s.before) + slope*y*s.linear - logistic(y*s.after)
	size := -slope
	tolerance := 2*s.tolerance() + 16*unit*(math.Abs(y*s.before)+math.Abs(y*s.after)+1)
	products, crossings := bounds.LinearisationError(s.layers)
	return checks.All(
		checks.Measurement{Part: "signed error of the linearisation", Observed: falls, Predicted: signed * size * y * s.nonlinear(), Term: size * y * s.nonlinear(), Tolerance: tolerance},
		checks.Measurement{Part: "explicit", Observed: falls, Predicted: explicit * size * (products + crossings), Tolerance: tolerance},
	)
}
