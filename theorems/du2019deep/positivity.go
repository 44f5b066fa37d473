package du2019deep

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

const limitConvention = "limit of infinite width, N(0,1) weights; K^(H) belongs to the gradients of the last hidden layer"

// limitSpace draws inputs of which no two are parallel, and a network.
func limitSpace(activations []string, cRes ...float64) *rapid.Generator[model] {
	return rapid.Custom(func(t *rapid.T) model {
		p := model{
			Data:       gen.Separated(gen.Range{MinN: 1, MaxN: 6, MinD: 2, MaxD: 6}).Draw(t, "data"),
			Activation: rapid.SampledFrom(activations).Draw(t, "activation"), Layers: rapid.IntRange(2, 12).Draw(t, "layers"),
		}
		if len(cRes) > 0 {
			p.CRes = rapid.SampledFrom(cRes).Draw(t, "cres")
		}
		return p
	})
}

func limitCost(p model) checks.Cost {
	n, d := p.Data.Size()
	return checks.Cost{Setup: 3e6 + float64(p.Layers)*(1e5+300*float64(n*n)) + float64(n*n*d), Trial: 1000 * float64(n*n*n+10)}
}

func orthonormal(n int) data.Spec { return data.Spec{Kind: data.Orthonormal, N: n, D: n, Seed: 1} }

// The limit kernel of a fully connected network is positive definite, with an explicit bound.
//
// Setting: n unit inputs; a fully connected network of H >= 2 hidden layers.
//
// Hypotheses: none. The bound is positive when all |<x_i,x_j>| <= rho < 1, i != j (no two inputs parallel), and
// infinitely many Hermite coefficients c_k of sigma do not vanish, as for an analytic sigma that is no polynomial
// (Condition 3.2).
//
// Conclusion: lambda_min(K^(H)) >= chi (1 - c_sigma c_0^2)^{H-2} sum_{k >= 1} c_sigma c_k^2 (1 - (n-1) rho^k)_+,
// chi = c_sigma E[sigma'(z)^2]; the sum takes the first 109 terms.
//
// Constants: derived; the paper says that it is positive. The first layer is sum_k c_sigma c_k^2 (X X^T)^{o k}, whose
// terms Gershgorin bounds. On unit diagonals lambda_min(R^{o k}) >= lambda_min(R) for k >= 1 (Schur), so each further
// layer keeps the share 1 - c_sigma c_0^2, and the last one, a Hadamard product with the diagonal chi, the factor
// chi. Attained by erf (c_0 = 0) on orthonormal inputs at every depth, and by softplus there at H = 2 in the sum.
// Allowance: 1e-12 and the rounding of the eigenvalue.
//
// Convention: K^(H) as in Definition 5.1, with the matrices of layer H-1 under the last expectation.
//
// Reference: Proposition F.1; the bound is derived here.
//
// Control: the bound larger by a fiftieth; one layer fewer in its power; and a linear network on more inputs than
// dimensions against the bound of softplus, which Condition 3.2 forbids.
func plainSpectrum() checks.Checkable {
	setup := func(factor float64, fewer int, network string) func(model) (checks.Instance, error) {
		return func(p model) (checks.Instance, error) {
			g, err := p.ground()
			if err != nil {
				return checks.Instance{}, err
			}
			coefficients, c := g.limits.Coefficients(), g.limits.Normaliser()
			chi, rho := c*g.limits.SlopeSquare(1), data.MaxCoherence(g.x)
			bound := factor * bounds.PlainSpectrum(coefficients, c, chi, g.n, p.Layers-fewer, rho)
			if network != "" {
				p.Activation = network
				if g, err = p.ground(); err != nil {
					return checks.Instance{}, err
				}
			}
			limit, err := g.limit(p.Layers)
			if err != nil {
				return checks.Instance{}, err
			}
			least, err := eig.Min(limit.Last)
			inst := checks.Instance{
				Facts: []checks.Fact{checks.NewFact("lambda_min(K^(H))", least.Value), checks.NewFact("rho", rho), checks.NewFact("chi", chi)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.Measurement{
						Observed: least.Value, Predicted: bound, Relation: checks.AtLeast, Tolerance: 1e-12 + least.Err + float64(g.n)*limit.Error, Err: err,
					}
				},
			}
			if !(bound > 1e-11) {
				inst.Trivial = "the inputs are too close to parallel for the first terms of the series"
			}
			return inst, nil
		}
	}
	three := model{Data: data.Spec{Kind: data.HalfCircle, N: 3, D: 2}, Activation: "softplus", Layers: 2}
	attained := model{Data: orthonormal(5), Activation: "erf", Layers: 6}
	return checks.Claim[model]{
		ID: "du2019deep/plain-spectrum", Title: "fully connected limit kernel", Reference: "Proposition F.1; bound derived here",
		Formula:    `\lambda_{\min}(K^{(H)}) \ge \chi (1 - c_\sigma c_0^2)^{H-2} \sum_{k\ge1} c_\sigma c_k^2 (1 - (n-1)\rho^k)_+`,
		Convention: limitConvention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: limitSpace([]string{"erf", "softplus", "tanh", "sigmoid"}),
		Grid: []model{
			attained, {Data: orthonormal(4), Activation: "softplus", Layers: 2}, three,
			{Data: data.Spec{Kind: data.Sphere, N: 6, D: 20, Seed: 1}, Activation: "tanh", Layers: 4},
			{Data: images.Easy(data.MNIST, 2, 49), Activation: "softplus", Layers: 2},
		},
		OnData: func(f checks.DataFile) []model {
			return []model{{Data: userfile.Signed(f, 4), Activation: "softplus", Layers: 2}}
		},
		Cost: limitCost, Setup: setup(1, 0, ""),
		Controls: []checks.Control[model]{
			{Name: "larger-bound", Why: "erf on orthonormal inputs attains it", At: []model{attained}, Setup: setup(1.02, 0, "")},
			{
				Name: "one-layer-fewer", Why: "the constant part of softplus is lost once more in each layer",
				At: []model{{Data: data.Spec{Kind: data.Sphere, N: 2, D: 30, Seed: 1}, Activation: "softplus", Layers: 3}}, Setup: setup(1, 1, ""),
			},
			{Name: "polynomial", Why: "a linear network has K^(H) = X X^T, singular for three inputs in the plane", At: []model{three}, Setup: setup(1, 0, "identity")},
		},
	}
}

// covariance is K^(h) - b^(h) b^(h)T.
func covariance(l *kernel.SmoothLimit, h int) *mat.SymDense {
	n := l.Last.SymmetricDim()
	c := mat.NewSymDense(n, nil)
	c.SymRankOne(l.Hidden[h], -1, mat.NewVecDense(n, l.Means[h]))
	return c
}

// excess is the largest s with A >= s C in the Loewner order, for a positive definite C; 0 if C is not.
func excess(a, c *mat.SymDense) (float64, error) {
	var chol mat.Cholesky
	if !chol.Factorize(c) {
		return 0, nil
	}
	var l mat.TriDense
	chol.LTo(&l)
	var half, whole mat.Dense
	if half.Solve(&l, a) != nil || whole.Solve(&l, half.T()) != nil {
		return 0, nil // a covariance that is singular to rounding says nothing
	}
	n := a.SymmetricDim()
	sym := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			sym.SetSym(i, j, (whole.At(i, j)+whole.At(j, i))/2)
		}
	}
	least, err := eig.Min(sym)
	return least.Value, err
}

// The limit kernel of a residual network is positive definite, and of order 1/H^2 at every depth.
//
// Setting: n unit inputs; a residual network of H >= 2 hidden layers with branches c_res/H.
//
// Hypotheses: Cov^(1) = K^(1) - b^(1) b^(1)T has lambda_min above 1e-6, so that rounding does not decide.
//
// Conclusion: (Loewner) K^(h) - b^(h) b^(h)T >= Cov^(1) for h = 1..H-1 as matrices; (bound) H^2 lambda_min(K^(H)) >=
// c_res^2 lambda_min(Cov^(1)) min_i E[sigma'(u)^2], u ~ N(0, K_ii^(H-1)), which does not fall with H.
//
// Constants: derived. A layer adds the covariance matrix (c_res/H)^2 Cov(sigma(u_i), sigma(u_j)) >= 0 to K - b b^T;
// the bound is Schur's for the Hadamard product. Proposition F.2 says c_H kappa with c_H of order 1/H^2. Lemma F.3 as
// printed, that no 2 x 2 block of K^(h) has a smaller eigenvalue than that of K^(0), is false for residual networks
// whose first layer is not residual (softplus, n = 4, d = 6, H = 16: 0.170 against 0.555). Allowance: 1e-12, the
// truncated series, and for the Loewner order 1e-13 n/lambda_min(Cov^(1)).
//
// Convention: the cross terms of K^(h) are paired as in equation (16) of the appendix; Definition 6.1 prints another
// pairing, the same for inputs of one norm.
//
// Reference: Proposition F.2, Lemma F.3; mended and derived here.
//
// Control: each part larger by a fiftieth where it is attained to 1e-4 (erf, orthonormal, c_res = 0.05); the printed
// Lemma F.3 at softplus; the branch c_res/H^1.25.
func residualSpectrum() checks.Checkable {
	setup := func(order, bound float64, printed bool, power float64) func(model) (checks.Instance, error) {
		return func(p model) (checks.Instance, error) {
			g, err := p.ground()
			if err != nil {
				return checks.Instance{}, err
			}
			depth := float64(p.Layers)
			limit, err := g.limits.Residual(g.x, p.Layers, p.CRes/math.Pow(depth, power))
			if err != nil {
				return checks.Instance{}, err
			}
			first := covariance(limit, 1)
			spread, err := eig.Min(first)
			if err != nil {
				return checks.Instance{}, err
			}
			if !(spread.Value >= 1e-6) {
				return checks.Instance{Hypotheses: []checks.Hypothesis{checks.Require("lambda_min(Cov^(1))", spread.Value, checks.AtLeast, 1e-6)}}, nil
			}
			least, err := eig.Min(limit.Last)
			if err != nil {
				return checks.Instance{}, err
			}
			slope, loewner := math.Inf(1), math.Inf(1)
			top := limit.Hidden[p.Layers-1]
			for i := range g.n {
				slope = min(slope, g.limits.SlopeSquare(top.At(i, i)))
			}
			for h := 2; h < p.Layers; h++ {
				s, err := excess(covariance(limit, h), first)
				if err != nil {
					return checks.Instance{}, err
				}
				loewner = min(loewner, s)
			}
			n, slack := float64(g.n), 1e-12+depth*depth*least.Err+float64(g.n)*limit.Error
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("lambda_min(Cov^(1))", spread.Value, checks.AtLeast, 1e-6)},
				Facts:      []checks.Fact{checks.NewFact("lambda_min(K^(H))", least.Value), checks.NewFact("lambda_min(Cov^(1))", spread.Value)},
				Trial: func(*rand.Rand) checks.Measurement {
					parts := []checks.Measurement{{
						Part: "bound", Observed: depth * depth * least.Value, Predicted: bound * p.CRes * p.CRes * spread.Value * slope,
						Relation: checks.AtLeast, Tolerance: slack,
					}}
					if p.Layers > 2 {
						parts = append(parts, checks.Measurement{Part: "Loewner", Observed: loewner, Predicted: order, Relation: checks.AtLeast, Tolerance: 1e-13 * n / spread.Value})
					}
					if printed {
						parts = append(parts, checks.Measurement{Part: "printed", Observed: leastBlock(top), Predicted: leastBlock(limit.Hidden[0]), Relation: checks.AtLeast})
					}
					return checks.All(parts...)
				},
			}, nil
		}
	}
	sharp := model{Data: orthonormal(8), Activation: "erf", Layers: 64, CRes: 0.05}
	generic := model{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Activation: "softplus", Layers: 16, CRes: 0.5}
	return checks.Claim[model]{
		ID: "du2019deep/residual-spectrum", Title: "residual limit kernel", Reference: "Proposition F.2, Lemma F.3; mended and derived here",
		Formula:    `H^2 \lambda_{\min}(K^{(H)}) \ge c_{res}^2 \lambda_{\min}(K^{(1)} - b^{(1)} b^{(1)\top}) \min_i \mathbb{E}\,\sigma'(u_i)^2`,
		Convention: limitConvention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: limitSpace([]string{"erf", "softplus", "tanh", "sigmoid"}, 0.01, 0.1, 0.5, 0.99),
		Grid: []model{
			sharp, generic, {Data: orthonormal(4), Activation: "erf", Layers: 2, CRes: 0.99},
			{Data: data.Spec{Kind: data.Sphere, N: 1, D: 2, Seed: 1}, Activation: "tanh", Layers: 5, CRes: 0.5},
			{Data: images.Hard(data.Fashion, 6, 196), Activation: "softplus", Layers: 8, CRes: 0.5},
		},
		OnData: func(f checks.DataFile) []model {
			return []model{{Data: userfile.Signed(f, 20), Activation: "softplus", Layers: 8, CRes: 0.5}}
		},
		Cost: limitCost, Setup: setup(1, 1, false, 1),
		Controls: []checks.Control[model]{
			{Name: "larger-bound", Why: "nearly attained", At: []model{sharp}, Setup: setup(1, 1.02, false, 1)},
			{Name: "larger-order", Why: "the covariances of all layers nearly are that of the first", At: []model{sharp}, Setup: setup(1.02, 1, false, 1)},
			{Name: "printed-blocks", Printed: `Lemma F.3, used for residual networks: no $2\times2$ block of $K^{(h)}$ has a smaller eigenvalue than that of $K^{(0)}$`, Why: "the first layer brings inputs closer, and no later one takes that back", At: []model{generic}, Setup: setup(1, 1, true, 1)},
			{Name: "smaller-branch", Why: "the kernel has the square of the branch", At: []model{sharp, generic}, Setup: setup(1, 1, false, 1.25)},
		},
	}
}

// leastBlock is the smallest eigenvalue of all 2 x 2 blocks.
func leastBlock(k *mat.SymDense) float64 {
	least := math.Inf(1)
	n := k.SymmetricDim()
	for i := range n {
		for j := range i {
			a, b, c := k.At(i, i), k.At(j, j), k.At(i, j)
			least = min(least, (a+b)/2-math.Hypot((a-b)/2, c))
		}
	}
	return least
}

// depths is a ladder of depths on random inputs.
type depths struct {
	N          int     `json:"n"`
	D          int     `json:"d"`
	Activation string  `json:"activation"`
	CRes       float64 `json:"cres"`
	H          []int   `json:"h"`
	Power      float64 `json:"power,omitempty"` // of 1/H in the branch (control)
}

// The smallest eigenvalue of the limit kernel of a residual network falls like 1/H^2.
//
// Setting: n random inputs on the unit sphere of R^d; residual networks of H = 8..32 layers with branches c_res/H.
//
// Hypotheses: none.
//
// Conclusion: the log-log slope of lambda_min(K^(H)) in H is -2, to within 0.05.
//
// Constants: derived: from below by residual-spectrum, from above because K^(H-1) and E[sigma' sigma'] tend to limits, at the
// relative rate 1/H: a finite ladder is off by that much. The fully connected network of the same depths, drawn
// beside it, collapses instead.
//
// Convention: as in Definition 6.1.
//
// Reference: Proposition F.2, which has c_H of order 1/H^2 in a lower bound; derived here as an equality.
//
// Control: branches c_res/H^{1.1}, which give -2.2.
func residualDepth() checks.Checkable {
	setup := func(p depths) (checks.Instance, error) {
		act, err := activationNamed(p.Activation)
		if err != nil {
			return checks.Instance{}, err
		}
		s, power := act.limits(), p.Power
		if power == 0 {
			power = 1
		}
		return checks.Instance{
			Terms: checks.Terms{Exponent: -2, Relation: checks.Equal, Resolution: 0.05},
			Trial: func(r *rand.Rand) checks.Measurement {
				set, err := data.Spec{Kind: data.Sphere, N: p.N, D: p.D, Seed: r.Uint64() >> 16}.Build()
				if err != nil {
					return checks.Failed(err)
				}
				var m checks.Measurement
				var sizes, skip, shallow, straight []float64
				for _, h := range p.H {
					residual, err := s.Residual(set.X, h, p.CRes/math.Pow(float64(h), power))
					if err != nil {
						return checks.Failed(err)
					}
					least, err := eig.Min(residual.Last)
					if err != nil {
						return checks.Failed(err)
					}
					m.Ladder = append(m.Ladder, checks.Rung{Size: float64(h), Value: least.Value})
					plain, err := s.Plain(set.X, h)
					if err != nil {
						return checks.Failed(err)
					}
					low, err := eig.Min(plain.Last)
					if err != nil {
						return checks.Failed(err)
					}
					sizes, skip = append(sizes, float64(h)), append(skip, least.Value)
					if low.OK { // below rounding there is nothing to draw
						shallow, straight = append(shallow, float64(h)), append(straight, low.Value)
					}
				}
				axes := curve.Axes{X: "depth H", Y: "lambda_min(K^(H))", LogX: true, LogY: true}
				m.Series = []checks.Series{axes.Measured("residual", sizes, skip), axes.Measured("fully connected", shallow, straight)}
				return m
			},
		}, nil
	}
	soft := depths{N: 4, D: 8, Activation: "softplus", CRes: 0.5, H: []int{8, 16, 32}}
	steep := soft
	steep.Power = 1.1
	return checks.Claim[depths]{
		ID: "du2019deep/residual-depth", Title: "residual kernel against depth", Reference: "Proposition F.2; derived here as an equality",
		Formula:    `\lambda_{\min}(K^{(H)}) \propto H^{-2}`,
		Convention: limitConvention, Basis: checks.Derived, Form: checks.Scaling{}, Along: "depth $H$", Version: 1,
		Grid: []depths{soft, {N: 5, D: 5, Activation: "erf", CRes: 0.2, H: []int{8, 16, 32}}},
		Cost: func(p depths) checks.Cost {
			total := 0
			for _, h := range p.H {
				total += h
			}
			return checks.Cost{Setup: 3e6, Trial: 2 * float64(total) * (1e5 + 300*float64(p.N*p.N))}
		},
		Setup:    setup,
		Controls: []checks.Control[depths]{{Name: "smaller-branch", Why: "the square of the branch falls like H^{-2.2}", At: []depths{steep}}},
	}
}
