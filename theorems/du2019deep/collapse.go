package du2019deep

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// correlation are the derivatives at 1 of f(r) = c_sigma E[sigma(u) sigma(v)], the map of cosines from layer to
// layer, which has f(1) = 1.
type correlation struct{ first, second, third float64 }

func (g *ground) correlation() correlation {
	var d correlation
	c := g.limits.Normaliser()
	for i, v := range g.limits.Coefficients() {
		k, a := float64(i), c*v*v
		d.first += k * a
		d.second += k * (k - 1) * a
		d.third += k * (k - 1) * (k - 2) * a
	}
	return d
}

// The limit kernel of a fully connected network collapses at the rate chi a layer.
//
// Setting: n >= 2 unit inputs, no two parallel; a fully connected network; r_ij^(h) = K^(h)_ij, the cosines of the
// features; f(r) = c_sigma E[sigma(u) sigma(v)] takes them from layer to layer, with derivatives chi = c_sigma
// E[sigma'(z)^2], F_2 = c_sigma E[D^2] (D the second derivative of sigma) and F_3 at r = 1.
//
// Hypotheses: n >= 2: for one input lambda_min(K^(H)) = chi at every depth. Pairs whose 1 - r^(h) is below 1e-11 are
// left out, where rounding decides.
//
// Conclusion: (cosines) |(1 - r_ij^(h+1))/(1 - r_ij^(h)) - chi| <= F_2 (1 - r_ij^(h))/2 for all pairs, 0 <= h <= H-2;
// (eigenvalue) for n = 2, d = 1 - r^(H-1) and r^(H-1) >= 0, lambda_min(K^(H+1))/lambda_min(K^(H)) lies between chi -
// F_2 d/2 and chi (1 + F_2 d/(2 chi))/(1 - k d), k = (2 F_2 + F_3)/(2 (chi + F_2)); the larger of the two distances
// to chi is allowed on both sides. If chi < 1, as for softplus (0.3185), d falls like chi^H and lambda_min(K^(H))
// with it: the exponential depth in the theorem is there. If chi > 1, as for erf (1.2257), close inputs are driven
// apart at that rate and nothing collapses.
//
// Constants: derived: f is a power series with coefficients c_sigma c_k^2 >= 0 of sum 1, so its second derivative is
// at most F_2 on [-1,1], and Taylor gives the first; K^(H) has chi on its diagonal and g(r) = r f'(r) off it, g is
// convex on [0,1], and the ratio is that of the d times that of the secants of g at 1. Allowance: 4e-15/(1 - r).
//
// Convention: as in Definition 5.1.
//
// Reference: derived here, for the depth in Theorem 5.1 (2^{O(H)}).
//
// Control: chi larger and smaller by a hundredth; chi without c_sigma; and one input.
func plainCollapse() checks.Checkable {
	setup := func(factor float64, bare, hypotheses bool) func(model) (checks.Instance, error) {
		return func(p model) (checks.Instance, error) {
			g, err := p.ground()
			if err != nil {
				return checks.Instance{}, err
			}
			limit, err := g.limit(p.Layers)
			if err != nil {
				return checks.Instance{}, err
			}
			deeper, err := g.limit(p.Layers + 1)
			if err != nil {
				return checks.Instance{}, err
			}
			least, err := eig.Min(limit.Last)
			if err != nil {
				return checks.Instance{}, err
			}
			next, err := eig.Min(deeper.Last)
			if err != nil {
				return checks.Instance{}, err
			}
			f := g.correlation()
			chi := g.limits.Normaliser() * g.limits.SlopeSquare(1)
			claimed := factor * chi
			if bare {
				claimed = g.limits.SlopeSquare(1)
			}
			inst := checks.Instance{Facts: []checks.Fact{checks.NewFact("chi", chi), checks.NewFact("lambda_min(K^(H))", least.Value)}}
			if hypotheses {
				inst.Hypotheses = []checks.Hypothesis{
					checks.Require("n", float64(g.n), checks.AtLeast, 2),
					checks.Require("cosine", data.MaxCoherence(g.x), checks.AtMost, 1-1e-9),
				}
			}
			inst.Trial = func(*rand.Rand) checks.Measurement {
				var ms []checks.Measurement
				var layers, gaps, slope []float64
				for h := range p.Layers - 1 {
					largest := 0.0
					for i := range g.n {
						for j := range i {
							d, after := 1-limit.Hidden[h].At(i, j), 1-limit.Hidden[h+1].At(i, j)
							if largest = max(largest, d); d < 1e-11 {
								continue
							}
							ms = append(ms, checks.Measurement{
								Part: "cosines", Observed: after / d, Predicted: claimed, Relation: checks.Equal, Tolerance: f.second*d/2 + 4e-15/d,
							})
						}
					}
					layers, gaps, slope = append(layers, float64(h)), append(gaps, max(largest, 1e-16)), append(slope, 2*math.Pow(chi, float64(h)))
				}
				if m, ok := collapseRatio(f, chi, claimed, next.Value/least.Value, 1-limit.Hidden[p.Layers-1].At(0, g.n-1)); ok && g.n <= 2 {
					ms = append(ms, m)
				}
				if len(ms) == 0 {
					return checks.Failed(fmt.Errorf("all pairs are parallel to rounding"))
				}
				all := checks.Each(ms...)
				all.Series = curve.Axes{X: "layer", Y: "1 - cosine", LogY: true}.Against("largest of all pairs", layers, gaps, slope)
				return all
			}
			return inst, nil
		}
	}
	pair := func(kind data.Spec) model { return model{Data: kind, Activation: "softplus", Layers: 14} }
	near := pair(data.Spec{Kind: data.Angles, Angles: []float64{0, 0.02}})
	right := pair(orthonormal(2))
	one := model{Data: orthonormal(1), Activation: "softplus", Layers: 8}
	erf := near
	erf.Activation, erf.Layers = "erf", 6
	return checks.Claim[model]{
		ID: "du2019deep/plain-collapse", Title: "fully connected kernel against depth", Reference: "derived here, for Theorem 5.1",
		Formula:    `\bigl|\frac{1 - r^{(h+1)}}{1 - r^{(h)}} - \chi\bigr| \le \tfrac12 f''(1) (1 - r^{(h)}), \quad \chi = c_\sigma \mathbb{E}\,\sigma'(z)^2`,
		Convention: limitConvention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) model {
			return model{
				Data:       gen.Separated(gen.Range{MinN: 2, MaxN: 5, MinD: 2, MaxD: 5}).Draw(t, "data"),
				Activation: rapid.SampledFrom([]string{"softplus", "sigmoid", "erf", "tanh"}).Draw(t, "activation"), Layers: rapid.IntRange(2, 12).Draw(t, "layers"),
			}
		}),
		Grid: []model{
			right, near, erf, pair(data.Spec{Kind: data.Antipodal, N: 2, D: 3, Sep: 0.01, Seed: 1}),
			{Data: data.Spec{Kind: data.Sphere, N: 6, D: 3, Seed: 1}, Activation: "softplus", Layers: 12},
			{Data: orthonormal(2), Activation: "sigmoid", Layers: 4},
			{Data: images.Hard(data.MNIST, 8, 49), Activation: "softplus", Layers: 12},
		},
		OnData: func(f checks.DataFile) []model {
			return []model{{Data: userfile.Signed(f, 20), Activation: "softplus", Layers: 12}}
		},
		Cost: limitCost, Setup: setup(1, false, true),
		Controls: []checks.Control[model]{
			{Name: "larger-chi", Why: "the rate is known to 1e-4 at 14 layers", At: []model{right, near}, Setup: setup(1.01, false, true)},
			{Name: "smaller-chi", Why: "likewise", At: []model{right, near}, Setup: setup(0.99, false, true)},
			{Name: "without-c-sigma", Why: "c_sigma of softplus is 1.0855", At: []model{right}, Setup: setup(1, true, true)},
			{Name: "one-input", Why: "its eigenvalue is chi at every depth", At: []model{one}, Setup: setup(1, false, false)},
		},
	}
}

// collapseRatio compares the ratio of two eigenvalues with chi, for a cosine of 1-d; ok is false where the bounds say
// nothing.
func collapseRatio(f correlation, chi, claimed, ratio, d float64) (m checks.Measurement, ok bool) {
	k := (2*f.second + f.third) / (2 * (f.first + f.second))
	if d > 1 || k*d >= 1 || d > 0 && d < 1e-9 {
		return m, false
	}
	lower, upper := f.second*d/2, chi*((1+f.second*d/(2*chi))/(1-k*d)-1)
	rounding := 0.0
	if d > 0 {
		rounding = 1e-14 / d
	}
	return checks.Measurement{Part: "eigenvalue", Observed: ratio, Predicted: claimed, Relation: checks.Equal, Tolerance: max(lower, upper) + rounding}, true
}
