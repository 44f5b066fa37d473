package allenzhu2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// A normRange asks for the norms of all features of some inputs.
type normRange struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	L     int       `json:"l"`
	Below bool      `json:"below,omitempty"` // the lower bound
	Delta float64   `json:"delta"`
	Gain  float64   `json:"gain,omitempty"` // variance of the weights over 2/m (controls)
}

// forwardRange is Lemma 7.1 with its constants.
//
// Setting: n inputs of unit norm, and the network at its start.
//
// Hypotheses: for the lower bound, m so large that (L+1) P(Bin(m, 1/2) < m/4) <= delta/(4n): every layer has enough open
// gates (m >= 40 is enough at n = 1, L = 8 and delta = 0.1).
//
// Conclusion: with probability at least 1 - delta, |h_{i,l}|^2 <= high for all i and l = 0..L, where
// high = min_{p >= 1} (E[X^p]^{L+1} n/delta)^{1/p}; and with probability at least 1 - delta, |h_{i,l}|^2 >= low, with
// negative powers of X on the open layers in place of p; X is that of forward-norm. As m/L grows they are
// 1 +- sqrt(10 (L+1) ln(n/delta)/m), so that eps costs exp(-m eps^2/(10(L+1))), the lemma's exp(-Omega(m eps^2/L)) with its
// constant; Chebyshev's inequality with the variance of forward-norm gives 1 +- sqrt(5 (L+1) n/(m delta)).
//
// Constants: derived. |h_l|^{2p}/E[X^p]^{l+1} is a martingale over the layers; Ville's inequality bounds its maximum. The union over
// the inputs takes delta/n for each.
//
// Convention: weights N(0, 2/m).
//
// Reference: Allen-Zhu, Li, Song (2019), Lemma 7.1, with hidden constants; derived here.
//
// Control: weights of variance 2.2/m and 1.8/m, and the bounds of delta = 0.999 where 0.4 is allowed.
//
// Loose: an exponential bound on a nearly normal maximum: at delta = 0.05 it lies 2.4 deviations off, where the quantile is
// 2, and a share above delta must show in a thousand trials.
func forwardRange() checks.Claim[normRange] {
	wide := func(below bool) []normRange {
		return []normRange{
			one(100, 8, 0.05, below), one(64, 0, 0.1, below), one(200, 3, 0.05, below), // one input: no union
			{Data: images.All(data.MNIST, 4, 49), M: 100, L: 4, Below: below, Delta: 0.2},
		}
	}
	return checks.Claim[normRange]{
		ID: "allenzhu2019/forward-range", Title: "norm of all features", Reference: "Lemma 7.1; derived here",
		Formula:    `\forall i, l\colon\; \|h_{i,l}\|^2 \le \min_{p \ge 1} \left(\frac{n}{\delta}\, (\mathbb{E}X^p)^{L+1}\right)^{1/p}`,
		Convention: convention,
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 1, Detects: map[string]float64{"high": 2.6, "low": 1.8},
		Space: rapid.Custom(func(t *rapid.T) normRange {
			return normRange{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 3, MinD: 1, MaxD: 3}).Draw(t, "data"),
				M:    rapid.IntRange(40, 80).Draw(t, "m"), L: rapid.IntRange(0, 3).Draw(t, "L"),
				Below: rapid.Bool().Draw(t, "below"), Delta: 0.9,
			}
		}),
		Grid: append(wide(false), wide(true)...),
		OnData: func(f checks.DataFile) []normRange {
			return []normRange{{Data: userfile.Rows(f, 4), M: 100, L: 4, Delta: 0.2}, {Data: userfile.Rows(f, 4), M: 100, L: 4, Below: true, Delta: 0.2}}
		},
		Cost: func(p normRange) checks.Cost {
			n, d := p.Data.Size()
			m := float64(p.M)
			return checks.Cost{
				Setup: 2e3*m + 1e5, Trial: float64(p.L+1)*m*float64(6*n*n+40*n) + float64(40*n*n*d),
				Bytes: 16 * m * float64(n), Size: fmt.Sprintf("m=%d", p.M),
			}
		},
		Setup: func(p normRange) (checks.Instance, error) { return p.instance(p.Delta) },
		Controls: []checks.Control[normRange]{
			{Name: "variance", Why: "at 2.2/m the norm grows by 1.1 a layer, at 1.8/m it shrinks by 0.9", At: []normRange{
				{Data: one(0, 0, 0, false).Data, M: 100, L: 8, Delta: 0.1, Gain: 1.1}, {Data: one(0, 0, 0, false).Data, M: 100, L: 8, Delta: 0.1, Gain: 0.9, Below: true},
			}},
			{Name: "delta", Why: "the bounds of delta = 0.999 are left in more than 0.4 of the draws", At: []normRange{one(400, 3, 0.4, false), one(400, 3, 0.4, true)},
				Setup: func(p normRange) (checks.Instance, error) { return p.instance(0.999) }},
		},
	}
}

// one is a single input.
func one(m, l int, delta float64, below bool) normRange {
	return normRange{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: m, L: l, Delta: delta, Below: below}
}

// instance compares with the bound of a failure probability that may be another than that of the test.
func (p normRange) instance(delta float64) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	n, gain := set.N(), 2/float64(p.M)
	bound, name, relation := bounds.ForwardNormHigh(p.M, p.L+1, delta/float64(n)), "high", checks.AtMost
	if p.Below {
		bound, name, relation = bounds.ForwardNormLow(p.M, p.L+1, delta/float64(n)), "low", checks.AtLeast
	}
	if p.Gain > 0 {
		gain *= p.Gain
	}
	inst := checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.RequireThat("m leaves every layer a quarter of its gates", !math.IsNaN(bound))},
		Facts: []checks.Fact{
			checks.NewFact(name, bound),
			checks.NewFact("eps by Chebyshev", math.Sqrt((math.Pow(1+5/float64(p.M), float64(p.L+1))-1)*float64(n)/delta)),
		},
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
	}
	if math.IsNaN(bound) {
		return inst, nil
	}
	inst.Trial = func(r *rand.Rand) checks.Measurement {
		walk := deep.NewForward(set.X, p.M, gain)
		extreme := walk.Gram().At(0, 0)
		var layers, norms []float64
		for l := range p.L + 1 {
			walk.Next(r)
			for i := range n {
				norm := walk.Gram().At(i, i)
				if l+i == 0 || (norm < extreme) == p.Below {
					extreme = norm
				}
			}
			layers, norms = append(layers, float64(l)), append(norms, walk.Gram().At(0, 0))
		}
		axes := curve.Axes{X: "layer", Y: "squared norm of the features"}
		return checks.Measurement{
			Part: name, Observed: extreme, Predicted: bound, Relation: relation, Term: bound - 1,
			Series: []checks.Series{axes.Measured("first input", layers, norms), axes.Bound(name, layers, constant(bound, layers))},
		}
	}
	return inst, nil
}

// constant repeats a value.
func constant(v float64, at []float64) []float64 {
	out := make([]float64, len(at))
	for i := range out {
		out[i] = v
	}
	return out
}

// A tail asks for the chance that one layer changes the norm.
type tail struct {
	M   int     `json:"m"`
	Eps float64 `json:"eps"`
}

// forwardTail is the large deviation of one layer.
//
// Setting: one layer of m neurons, weights N(0, 2/m), on a unit input: |h|^2 = X as in forward-norm.
//
// Hypotheses: eps >= 0, and eps < 1 for the lower tail.
//
// Conclusion: P(X >= 1+eps) <= exp(-(5m/16)(1 + 0.8 eps - sqrt(1 + 1.6 eps))), which is at most exp(-m eps^2/(10 + 8 eps)), and
// P(X <= 1-eps) <= exp(-m eps^2/10). What is compared is -log P, from the exact law, with the exponents.
//
// Constants: derived: X - 1 is sub-gamma with variance factor 5/m and scale 4/m, and sub-Gaussian with 5/m below.
// The exact law is the mixture of chi-squares over the number of open gates, Bin(m, 1/2).
//
// Convention: weights N(0, 2/m).
//
// Reference: Allen-Zhu, Li, Song (2019), Lemma 7.1, exp(-Omega(m eps^2)); derived here.
//
// Control: 5 replaced by 4 in both, where 5 is the variance.
func forwardTail() checks.Claim[tail] {
	setup := func(scale float64) func(tail) (checks.Instance, error) {
		return func(p tail) (checks.Instance, error) {
			up, down := scale*bounds.ReLUNormUpper(p.M, p.Eps), scale*bounds.ReLUNormLower(p.M, p.Eps)
			above, _ := bounds.ReLUNormTail(p.M, 1+p.Eps)
			_, below := bounds.ReLUNormTail(p.M, 1-p.Eps)
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{
					checks.Require("eps", p.Eps, checks.AtLeast, 0), checks.Require("eps below 1", p.Eps, checks.AtMost, 0.9999),
				},
				Trial: func(*rand.Rand) checks.Measurement {
					compare := func(part string, p, exponent float64) checks.Measurement {
						// The incomplete gamma functions are good to 1e-10 of themselves or better.
						return checks.Measurement{Part: part, Observed: -math.Log(p), Predicted: exponent, Relation: checks.AtLeast, Tolerance: 1e-9 * (1 + exponent)}
					}
					return checks.All(compare("above", above, up), compare("below", below, down))
				},
			}, nil
		}
	}
	return checks.Claim[tail]{
		ID: "allenzhu2019/forward-tail", Title: "tails of the norm of one layer", Reference: "Lemma 7.1; derived here",
		Formula:    `P(X \ge 1+\epsilon) \le e^{-\frac{5m}{16}(1 + 0.8\epsilon - \sqrt{1 + 1.6\epsilon})},\quad P(X \le 1-\epsilon) \le e^{-m\epsilon^2/10}`,
		Convention: convention,
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) tail {
			return tail{M: rapid.IntRange(1, 3000).Draw(t, "m"), Eps: rapid.Float64Range(0, 0.99).Draw(t, "eps")}
		}),
		// Many neurons and a small eps with m eps^2/10 = 60: the prefactor and the third moment count for little.
		Grid: []tail{{1, 0.5}, {2, 0.9}, {64, 0.3}, {4096, 0.23}, {60000, 0.1}},
		Cost: func(p tail) checks.Cost {
			return checks.Cost{Setup: 4e3*math.Min(float64(p.M), 40*math.Sqrt(float64(p.M))) + 50*float64(p.M)}
		},
		Setup: setup(1),
		Controls: []checks.Control[tail]{{
			Name: "variance", Why: "both exponents by 5/4: the variance factor 4 in place of 5", At: []tail{{60000, 0.1}}, Setup: setup(1.25),
		}},
	}
}
