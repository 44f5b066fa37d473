package yang2023

import (
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/theorems/internal/images"
)

// stripChance is the share of neurons near a boundary.
//
// Setting: n unit inputs; a network of width m at its start, all biases B >= 0; a radius R >= 0.
//
// Hypotheses: none.
//
// Conclusion: the expected share, over neurons and inputs, of |w_r.x_i - B| <= R is Phi(B+R) - Phi(B-R). No other neuron
// changes its pattern while preactivations move by at most R.
//
// Constants: none. The standard deviation of a trial is at most sqrt(q(1-q)/m), q the share. Judged to 3 %.
//
// Convention: as in active-share.
//
// Reference: Yang et al., Lemmas 3, 18 and 46; exact value derived here.
//
// Control: the bound of Lemma 46 for the value; the share at B = 0, which has no factor exp(-B^2/2).
func stripChance() checks.Checkable {
	setup := func(chance func(b, r float64) float64) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			q := bounds.StripProbability(p.Bias, p.Reach)
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.03, Deviation: checks.Float(math.Sqrt(q * (1 - q) / float64(p.M)))},
				Trial: func(r *rand.Rand) checks.Measurement {
					net := in.law(p.M, nets.Independent).Draw(r)
					batch, counts, sum := nets.NewBatch(in.x, p.M), make([]int, in.n()), 0
					batch.Forward(net)
					batch.Fragile(counts, net, p.Reach)
					for _, c := range counts {
						sum += c
					}
					return checks.Measurement{Observed: float64(sum) / float64(in.n()*p.M), Predicted: chance(p.Bias, p.Reach), Relation: checks.Equal}
				},
			}, nil
		}
	}
	grid := []wide{
		{Data: orthonormal(1), Bias: 0, M: 3000, Reach: 0.5}, {Data: orthonormal(1), Bias: 1, M: 5000, Reach: 0.3},
		{Data: images.All(data.Fashion, 1, 49), Bias: 2, M: 8000, Reach: 0.5},
	}
	return checks.Claim[wide]{
		ID: "yang2023/strip-chance", Title: "share of neurons near a boundary", Reference: "Lemmas 3 and 46, exact value derived here",
		Formula: `\mathbb{P}[|\langle w, x\rangle - B| \le R] = \Phi(B+R) - \Phi(B-R)`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid, Cost: wide.cost, Setup: setup(bounds.StripProbability),
		Controls: []checks.Control[wide]{
			{Name: "bound-for-value", Why: "at R = 0.3, B = 1 the bound is 1.26 times the share", At: grid[1:2], Setup: setup(bounds.StripBound)},
			{Name: "no-bias", Why: "at B = 1 the density is exp(-1/2) times that at 0", At: grid[1:2], Setup: setup(func(_, r float64) float64 { return bounds.StripProbability(0, r) })},
			{Name: "longer-reach", Why: "the share grows with R", At: grid[1:2], Setup: setup(func(b, r float64) float64 { return bounds.StripProbability(b, 1.1*r) })},
		},
	}
}

// strip is a bias and a radius.
type strip struct {
	Bias  float64 `json:"bias"`
	Reach float64 `json:"reach"`
}

// stripBound is the bound on the share of neurons near a boundary.
//
// Setting: g ~ N(0, 1), B >= 0, R >= 0.
//
// Hypotheses: none for density and hyperbolic; R <= 2 min(1, 1/B) for constant, which says nothing otherwise.
//
// Conclusion: P(|g - B| <= R) is at most
//
//	density:     (2R/sqrt(2 pi)) exp(-((B-R)_+)^2/2),
//	hyperbolic:  sqrt(2/pi) exp(-B^2/2) sinh(BR)/B  (R sqrt(2/pi) at B = 0),
//	constant:    1.4469 R exp(-B^2/2), 1.4469 = sinh(2)/sqrt(2 pi).
//
// Constants: derived. Lemma 3 has c (R_w + R_b) exp(-B^2/2) for R_w, R_b <= min(1/B, 1), c hidden; with R = R_w + R_b its
// least c is 1.4469. The sketch of its proof has exp(-(B-R)^2), and its appendix a factor 2 less: both false, as Lemma 46,
// which is density, has it right. The first bound is attained for small R, the second for large B at any BR, the last
// for large B at R = 2/B. The probability is taken as a difference of tails, exact to 4 u Q(B-R), u = 2^-53.
//
// Convention: none.
//
// Reference: Yang et al., Lemmas 3 and 46; hyperbolic and constant derived here.
//
// Control: exp(-(B-R)^2) as in the sketch of the proof; half of the density bound, as in its appendix; exp(-(B+R)^2/2); R for
// sinh(BR)/B; nine tenths of 1.4469.
func stripBound() checks.Checkable {
	setup := func(density, hyperbolic func(b, r float64) float64, constant float64) func(strip) (checks.Instance, error) {
		return func(p strip) (checks.Instance, error) {
			return checks.Instance{Trial: func(*rand.Rand) checks.Measurement {
				low := kernel.UpperTail(p.Bias - p.Reach)
				share := low - kernel.UpperTail(p.Bias+p.Reach)
				at := func(part string, bound float64) checks.Measurement {
					return checks.Measurement{Part: part, Observed: share, Predicted: bound, Tolerance: 8*unit*low + 1e-300}
				}
				parts := []checks.Measurement{at("density", density(p.Bias, p.Reach)), at("hyperbolic", hyperbolic(p.Bias, p.Reach))}
				if p.Reach <= 2*math.Min(1, 1/p.Bias) {
					parts = append(parts, at("constant", constant*p.Reach*math.Exp(-p.Bias*p.Bias/2)))
				}
				return checks.All(parts...)
			}}, nil
		}
	}
	grid := []strip{{0, 0.01}, {1, 0.01}, {1, 0.1}, {2, 0.5}, {3, 0.05}, {0, 2}, {20, 0.1}, {12, 2.0 / 12}}
	return checks.Claim[strip]{
		ID: "yang2023/strip-bound", Title: "bounds on the share of neurons near a boundary", Reference: "Lemmas 3 and 46",
		Formula: `\mathbb{P}[|g - B| \le R] \le \min\left\{\frac{2R}{\sqrt{2\pi}} e^{-(B-R)_+^2/2},\ \sqrt{\tfrac{2}{\pi}}\, e^{-B^2/2}\,\frac{\sinh BR}{B}\right\}`, Convention: "g ~ N(0, 1)",
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) strip {
			return strip{Bias: biasOf(t), Reach: math.Pow(10, rapid.Float64Range(-4, 1).Draw(t, "log10 reach"))}
		}),
		Grid: grid, Setup: setup(bounds.StripBound, bounds.StripHyperbolic, bounds.StripConstant),
		Controls: []checks.Control[strip]{
			{
				Name: "no-half-in-exponent", Why: "exp(-(B-R)^2) is below the density for B > R", At: []strip{{1, 0.1}, {2, 0.5}},
				Setup: setup(func(b, r float64) float64 {
					near := math.Max(b-r, 0)
					return 2 * r / math.Sqrt(2*math.Pi) * math.Exp(-near*near)
				}, bounds.StripHyperbolic, bounds.StripConstant),
			},
			{Name: "half-the-strip", Why: "the strip has length 2R", At: []strip{{0, 0.01}, {1, 0.01}}, Setup: setup(func(b, r float64) float64 { return bounds.StripBound(b, r) / 2 }, bounds.StripHyperbolic, bounds.StripConstant)},
			{
				Name: "far-end", Why: "the density is largest at the near end, not at B + R", At: []strip{{1, 0.1}, {3, 0.05}},
				Setup: setup(func(b, r float64) float64 { return 2 * r / math.Sqrt(2*math.Pi) * math.Exp(-(b+r)*(b+r)/2) }, bounds.StripHyperbolic, bounds.StripConstant),
			},
			{
				Name: "linear-for-hyperbolic", Why: "sinh(BR)/(BR) is 1.8 at BR = 2, and the strip holds nearly as much", At: []strip{{12, 2.0 / 12}, {20, 0.1}},
				Setup: setup(bounds.StripBound, func(b, r float64) float64 { return math.Sqrt(2/math.Pi) * math.Exp(-b*b/2) * r }, bounds.StripConstant),
			},
			{Name: "smaller-constant", Why: "nine tenths of 1.4469 is exceeded for large B", At: []strip{{12, 2.0 / 12}, {20, 0.1}}, Setup: setup(bounds.StripBound, bounds.StripHyperbolic, 0.9*bounds.StripConstant)},
		},
	}
}
