package arora2019exact

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/deep"
)

// How the share of neurons that are open for both of a pair moves with the covariance.
//
// Setting: as in covariance-map; k0 = (pi - angle)/pi is c_sigma E sigma'(u) sigma'(v).
//
// Hypotheses: as there. Unit inputs only: for short ones an absolute error of the covariance bounds no angle, and the printed
// lemma is false.
//
// Conclusion: (covariance) |k0(K) - k0(Sigma)| <= (2/pi) arcsin sqrt(e) <= sqrt(e), where Lemma B.5 has sqrt(2e).
// (correlation) for correlations z, z' alone |k0(z) - k0(z')| <= (2/pi) arcsin sqrt(|z-z'|/2). (printed) that is at most
// sqrt(|z-z'|/2): if |z - z'| < 2 eps^2 then the gap is below eps, which is attained at z = 1, z' = -1 alone.
//
// Constants: (printed) stated, the others derived. With h the difference of the angles and tau the tangent or cotangent of half the
// new one, whichever is at most 1, what the off-diagonal entry allows reads e >= (1 - tau^2) sin^2(h/2) + tau sin h or a mirror image, and
// as no angle leaves [0, pi] that is at least sin^2(h/2). Attained by Sigma_12 = 1 - 2e and K = (1-e) times ones. Allowance 1e-7:
// an arccosine loses half the digits.
//
// Convention: the paper's.
//
// Reference: Lemma B.1(4) and proof of Lemma B.5; derived here.
//
// Control: the derived constants stronger by a hundredth, at the pairs that attain them; the printed one by a half.
//
// Loose: (printed) is attained between z = 1 and z' = -1 alone, farther apart than e <= 1 lets an entry move: sqrt 2 remains.
func overlapModulus() checks.Checkable {
	setup := func(covariance, correlation, printed float64) func(moved) (checks.Instance, error) {
		return func(p moved) (checks.Instance, error) {
			_, _, _, hypotheses := p.entries()
			now, before := p.angles()
			gap := math.Abs(now-before) / math.Pi
			other := math.Max(-1, math.Min(1, p.Rho+p.E*p.Shift[2]))
			flat := math.Abs(math.Acos(other)-before) / math.Pi
			apart := math.Abs(other - p.Rho)
			return checks.Instance{
				Hypotheses: append(hypotheses, checks.Require("e", p.E, checks.AtMost, 1)),
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.All(
						checks.Measurement{Part: "covariance", Observed: gap, Predicted: bounds.OverlapModulus(p.E) / covariance, Tolerance: 1e-7},
						checks.Measurement{Part: "correlation", Observed: flat, Predicted: bounds.OverlapModulus(apart/2) / correlation, Tolerance: 1e-7},
						checks.Measurement{Part: "printed", Observed: flat, Predicted: math.Sqrt(apart/2) / printed, Tolerance: 1e-7},
					)
				},
			}, nil
		}
	}
	shrunk := moved{Rho: 0.8, E: 0.1, Shift: [3]float64{-1, -1, 1}}   // (1-e) ones against 1-2e
	opposite := moved{Rho: -1, E: 1, Shift: [3]float64{0, 0, 1}}      // z' = 0
	same := moved{Rho: 1, E: 0.3, Shift: [3]float64{0, 0, -1}}        // z = 1
	whole := moved{Rho: 1, E: 1, Shift: [3]float64{0.999, 0.999, -1}} // z' = 0, large variances
	return checks.Claim[moved]{
		ID: "arora2019exact/overlap-modulus", Title: "overlap of activations", Reference: "Lemma B.1(4); derived here",
		Formula: `|k_0(K) - k_0(\Sigma)| \le \tfrac{2}{\pi}\arcsin\sqrt{e}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space:   movedSpace(),
		Grid:    []moved{shrunk, same, opposite, whole, {Rho: 0.2, E: 0.05, Shift: [3]float64{1, -1, 1}}},
		Setup:   setup(1, 1, 1),
		Detects: map[string]float64{"printed": 1.5},
		Controls: []checks.Control[moved]{
			{Name: "smaller-for-covariances", Why: "the bound divided by 1.01 at Sigma_12 = 1 - 2e, K = (1-e) ones", At: []moved{shrunk}, Setup: setup(1.01, 1, 1)},
			{Name: "smaller-for-correlations", Why: "the same from z = 1", At: []moved{same}, Setup: setup(1, 1.01, 1)},
			{Name: "root-with-four", Why: "4 eps^2 for 2 eps^2: the gap between z = 1 and 0 is 1/2, sqrt(1/4) is no more", At: []moved{opposite}, Setup: setup(1, 1, 1.5)},
		},
	}
}

// overlapping is a pair of unit inputs below the layer whose open neurons are counted.
type overlapping struct {
	Rho   float64 `json:"rho"`
	H     int     `json:"h"` // hidden layers below
	Width int     `json:"width"`
	Delta float64 `json:"delta"`
}

// The share of neurons that are open for both of a pair concentrates.
//
// Setting: a pair of unit inputs; hidden layers of width d at their start; e the largest error of the three covariances at layer h, 0
// for the inputs.
//
// Hypotheses: e <= 1 on the draw.
//
// Conclusion: with probability at least 1 - delta over the next layer, for the three pairs of x and x' at once,
// |(2/d) #{open for both} - Sigdot^(h+1)| <= (2/pi) arcsin sqrt(e) + sqrt(2 log(6/delta)/d).
//
// Constants: Hoeffding's inequality for shares, twice, three pairs, two sides, is the paper's; the first term is overlap-modulus,
// where the paper has sqrt(2e). The printed lemma has covariances of one layer bound the slopes of the same layer: its
// indices are off by one, and repaired here.
//
// Convention: the paper's.
//
// Reference: Lemma B.5; the first term is derived here.
//
// Control: the root divided by 2.2 at the inputs, where it is all; without the first term, for near inputs behind a narrow layer.
//
// Loose: Hoeffding's inequality has no factor before the exponential, the sides of three dependent counts are added, and a run
// refutes only what fails clearly more often than delta.
func overlapCount() checks.Checkable {
	setup := func(weaker float64) func(overlapping) (checks.Instance, error) {
		return func(p overlapping) (checks.Instance, error) { return p.count(weaker) }
	}
	inputs := overlapping{Rho: 0, H: 0, Width: 301, Delta: 0.05}
	return checks.Claim[overlapping]{
		ID: "arora2019exact/overlap-count", Title: "open neurons of a pair", Reference: "Lemma B.5",
		Formula:    `\left|\tfrac{2}{d}\#\{\text{both open}\} - \dot\Sigma\right| \le \tfrac{2}{\pi}\arcsin\sqrt{e} + \sqrt{2\log(6/\delta)/d}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid:    []overlapping{inputs, {Rho: 0.9, H: 0, Width: 100, Delta: 0.2}, {Rho: 0.8, H: 1, Width: 200, Delta: 0.2}, {Rho: -1, H: 0, Width: 50, Delta: 0.2}},
		Cost:    func(p overlapping) checks.Cost { return checks.Cost{Trial: float64(60 * (p.H + 1) * p.Width)} },
		Setup:   setup(1),
		Detects: map[string]float64{"": 1.8},
		Controls: []checks.Control[overlapping]{
			{Name: "smaller-root", Why: "the root divided by 2.2 fails for a fifth of the draws", At: []overlapping{inputs}, Setup: setup(2.2)},
		},
	}
}

func (p overlapping) count(weaker float64) (checks.Instance, error) {
	x, pair := pairAt(p.Rho)
	d := float64(p.Width)
	root := math.Sqrt(2*math.Log(6/p.Delta)/d) / weaker
	sigma, err := kernel.NNGP(p.H).Gram(x)
	if err != nil {
		return checks.Instance{}, err
	}
	angle := pair.Angle
	for range p.H {
		_, angle = kernel.NNGPStep(angle)
	}
	slope := 1 - angle/math.Pi
	return checks.Instance{
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(rng *rand.Rand) checks.Measurement {
			walk := deep.NewForward(x, p.Width, 2/d)
			e := 0.0
			for range p.H {
				walk.Next(rng)
				e = largestDifference(walk.Gram(), sigma)
			}
			walk.Next(rng)
			first, second, both := open(walk.Preactivation())
			worst := math.Max(math.Abs(2*both/d-slope), math.Max(math.Abs(2*first/d-1), math.Abs(2*second/d-1)))
			return checks.Measurement{
				Observed: worst, Predicted: bounds.OverlapModulus(math.Min(e, 1)) + root, Term: root,
				Hypotheses: []checks.Hypothesis{checks.Require("e", e, checks.AtMost, 1)},
			}
		},
	}, nil
}

// open counts the neurons that are open for the first input, for the second, and for both.
func open(z *mat.Dense) (first, second, both float64) {
	_, m := z.Dims()
	for r := range m {
		a, b := z.At(0, r) > 0, z.At(1, r) > 0
		if a {
			first++
		}
		if b {
			second++
		}
		if a && b {
			both++
		}
	}
	return first, second, both
}
