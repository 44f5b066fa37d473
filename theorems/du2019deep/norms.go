package du2019deep

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/residual"
	"convergo/theorems/internal/images"
)

// drawn is a network with weights drawn or planted, and one number that the claim gives its meaning.
type drawn struct {
	model
	Plant string  `json:"plant,omitempty"`
	Scale float64 `json:"scale,omitempty"`
}

// normRange bounds the features of a residual network by the norms of its weights.
//
// Setting: one unit input; a residual network of one position with any weights; c_w >= ||W_h||_2/sqrt m, h = 2..H.
//
// Hypotheses: none.
//
// Conclusion: (upper) ||x^(h)|| <= u_h, (lower) ||x^(h)|| >= l_h, h = 1..H, with u_1 = l_1 = ||x^(1)||, u_{h+1} = (1
// + b L c_w) u_h + b |sigma(0)| and l_{h+1} = max(0, (1 - b L c_w) l_h - b |sigma(0)|), b = c_res/H. So ||x^(h)|| <=
// e^{c_res L c_w} (||x^(1)|| + |sigma(0)|/(L c_w)) for every depth.
//
// Constants: derived: ||sigma(v)|| <= L ||v|| + |sigma(0)| sqrt m and the triangle inequality. The proof of Lemma C.1
// leaves out sigma(0), and its constant 2 exp(c_res c_w L) fails for softplus + 10 (H = 16, m = 400: 6.4 against
// 5.5); its lower bound, a product of 1 - a/H >= e^{-a}, fails for few layers (H = 2, a = c_res c_w L >= 1.6).
// Attained by a linear network whose weights are +-c_w sqrt m u u^T. Allowance: 1e-11.
//
// Convention: as in the paper; c_w is the norm drawn, near 2 for Gaussian weights.
//
// Reference: Lemma C.1, mended here.
//
// Control: the growth b L c_w smaller or the loss larger by a fiftieth; without sigma(0), on a nearly constant activation.
func normRange() checks.Checkable {
	setup := func(up, down float64, noZero bool) func(drawn) (checks.Instance, error) {
		return func(p drawn) (checks.Instance, error) {
			g, err := p.ground()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				net, err := p.network(g, r)
				if err != nil {
					return checks.Failed(err)
				}
				pass, err := net.NewPass(g.x)
				if err != nil {
					return checks.Failed(err)
				}
				l := g.layered(weightNorm(net, 2), 0)
				if noZero {
					l.AtZero = 0
				}
				var ms []checks.Measurement
				for i := range g.n {
					first := pass.Norm(1, i)
					for h := 2; h <= p.Layers; h++ {
						norm := pass.Norm(h, i)
						lower, upper := l.NormRange(h, first)
						ms = append(ms,
							checks.Measurement{Part: "upper", Observed: norm, Predicted: first + up*(upper-first), Term: up * (upper - first), Tolerance: 1e-11 * (1 + upper)},
							checks.Measurement{Part: "lower", Observed: norm, Predicted: first - down*(first-lower), Term: -down * (first - lower), Relation: checks.AtLeast, Tolerance: 1e-11 * (1 + upper)},
						)
					}
				}
				return checks.Each(ms...)
			}}, nil
		}
	}
	line := model{Data: orthonormal(1), Activation: "identity", Layers: 6, Width: 8, CRes: 0.9}
	rising, falling := drawn{model: line, Plant: "rising"}, drawn{model: line, Plant: "falling"}
	flat := drawn{model: model{Data: orthonormal(1), Activation: "nearly", Layers: 4, Width: 30, CRes: 0.9}}
	return checks.Claim[drawn]{
		ID: "du2019deep/norm-range", Title: "norms of the features", Reference: "Lemma C.1, mended here",
		Formula:    `u_{h+1} = (1 + \tfrac{c_{res}}{H} L c_w) u_h + \tfrac{c_{res}}{H} |\sigma(0)|, \quad \|x^{(h)}\| \le u_h`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) drawn {
			return drawn{model: model{
				Data:       gen.Specs(gen.Range{MinN: 1, MaxN: 3, MinD: 1, MaxD: 4}).Draw(t, "data"),
				Activation: rapid.SampledFrom([]string{"softplus", "erf", "tanh", "identity", "nearly"}).Draw(t, "activation"),
				Layers:     rapid.IntRange(2, 8).Draw(t, "layers"), Width: rapid.SampledFrom([]int{1, 2, 7, 20}).Draw(t, "m"),
				CRes: rapid.SampledFrom([]float64{0.01, 0.3, 0.99}).Draw(t, "cres"),
			}}
		}),
		Grid: []drawn{
			rising, falling, flat,
			{model: model{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Activation: "softplus", Layers: 8, Width: 64, CRes: 0.5}},
			{model: model{Data: images.Hard(data.MNIST, 4, 49), Activation: "softplus", Layers: 4, Width: 64, CRes: 0.5}},
		},
		Cost: func(p drawn) checks.Cost { return p.cost(2) }, Setup: setup(1, 1, false),
		Controls: []checks.Control[drawn]{
			{Name: "slower-growth", Why: "rising weights attain the upper bound", At: []drawn{rising}, Setup: setup(0.98, 1, false)},
			{Name: "smaller-loss", Why: "falling weights attain the lower bound", At: []drawn{falling}, Setup: setup(1, 0.98, false)},
			{Name: "without-sigma-zero", Why: "the branches of a nearly constant activation add sigma(0)", At: []drawn{flat}, Setup: setup(1, 1, true)},
		},
	}
}

// network draws the weights, or plants those on which a bound is attained: all of norm sqrt m along the constant unit
// vector u, so that a linear network is a chain of numbers. Rising: W_h = sqrt m u u^T; falling: the same with the
// opposite sign beyond the first layer; still: rising, with the last hidden layer 0, where the curvature of softplus
// is largest.
func (p drawn) network(g *ground, r *rand.Rand) (*residual.Network, error) {
	if p.Plant == "" {
		return residual.New(g.config, r)
	}
	net, err := residual.Zero(g.config)
	if err != nil {
		return nil, err
	}
	m := float64(p.Width)
	for h, w := range net.W {
		in := float64(w.RawMatrix().Cols)
		v := math.Sqrt(m) / math.Sqrt(m*in)
		if p.Plant == "falling" && h > 0 {
			v = -v
		}
		w.Apply(func(_, _ int, _ float64) float64 { return v }, w)
	}
	if p.Plant == "still" {
		net.Weight(p.Layers).Zero()
	}
	net.A.Apply(func(_, _ int, _ float64) float64 { return 1 }, net.A)
	return net, nil
}

// depth is a residual limit of one input.
type depth struct {
	Activation string  `json:"activation"`
	Layers     int     `json:"layers"`
	CRes       float64 `json:"cres"`
	Power      float64 `json:"power,omitempty"` // of 1/H in the branch; 0 means 1
}

// The features of a wide residual network have a norm that does not grow with depth.
//
// Setting: a unit input; the limit K^(h) of a residual network of H layers with branches c_res/H.
//
// Hypotheses: none.
//
// Conclusion: sqrt(K^(h)_ii) <= (1 + |sigma(0)|/L) e^{c_res L} - |sigma(0)|/L for h = 1..H-1.
//
// Constants: derived: |sigma(z)| <= |sigma(0)| + L |z|, Minkowski, and (1 + c_res L/H)^H <= e^{c_res L}. The limit of
// Lemma C.1, whose constant is hidden. Nearly attained, to 1.010, by the nearly constant activation 1 + erf(z)/100 at
// H = 64. Allowance: 1e-12.
//
// Convention: as in Definition 6.1.
//
// Reference: Lemma C.1; derived here.
//
// Control: the bound smaller by a fiftieth; branches c_res/H^{0.75} and c_res/sqrt H, whose norms grow with depth.
func normCap() checks.Checkable {
	setup := func(factor float64) func(depth) (checks.Instance, error) {
		return func(p depth) (checks.Instance, error) {
			act, err := activationNamed(p.Activation)
			if err != nil {
				return checks.Instance{}, err
			}
			power := p.Power
			if power == 0 {
				power = 1
			}
			limit, err := act.limits().Residual(mat.NewDense(1, 1, []float64{1}), p.Layers, p.CRes/math.Pow(float64(p.Layers), power))
			if err != nil {
				return checks.Instance{}, err
			}
			largest := 0.0
			for _, k := range limit.Hidden {
				largest = max(largest, math.Sqrt(k.At(0, 0)))
			}
			limitCap := factor * bounds.ResidualNormCap(p.CRes, act.lipschitz, act.atZero)
			return checks.Instance{Trial: func(*rand.Rand) checks.Measurement {
				return checks.Measurement{Observed: largest, Predicted: limitCap, Tolerance: 1e-12 * limitCap}
			}}, nil
		}
	}
	flat := depth{Activation: "nearly", Layers: 64, CRes: 0.5}
	return checks.Claim[depth]{
		ID: "du2019deep/norm-cap", Title: "limit norm at every depth", Reference: "Lemma C.1; derived here",
		Formula:    `\sqrt{K^{(h)}_{ii}} \le (1 + |\sigma(0)|/L) e^{c_{res} L} - |\sigma(0)|/L`,
		Convention: limitConvention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) depth {
			return depth{
				Activation: rapid.SampledFrom([]string{"nearly", "softplus", "erf", "tanh", "identity", "sigmoid"}).Draw(t, "activation"),
				Layers:     rapid.IntRange(2, 64).Draw(t, "layers"), CRes: rapid.Float64Range(0.001, 0.999).Draw(t, "cres"),
			}
		}),
		Grid: []depth{
			flat, {Activation: "nearly", Layers: 64, CRes: 0.99}, {Activation: "softplus", Layers: 64, CRes: 0.5}, {Activation: "erf", Layers: 32, CRes: 0.5},
		},
		Cost: func(p depth) checks.Cost { return checks.Cost{Setup: 3e6 + 1e5*float64(p.Layers), Trial: 10} }, Setup: setup(1),
		Controls: []checks.Control[depth]{
			{Name: "smaller-cap", Why: "a nearly constant activation comes within 1.01 of it", At: []depth{flat}, Setup: setup(0.98)},
			{Name: "larger-branch", Why: "c_res/H^{0.75} at H = 64: 2.23 against 2.10", At: []depth{{Activation: "softplus", Layers: 64, CRes: 0.5, Power: 0.75}}},
			{Name: "square-root-branch", Why: "c_res/sqrt H at H = 16: 2.8 against 2.10", At: []depth{{Activation: "softplus", Layers: 16, CRes: 0.5, Power: 0.5}}},
		},
	}
}
