package arora2019exact

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// moved is a pair of unit inputs and a covariance near theirs: shares of e by which its entries are off.
type moved struct {
	Rho   float64    `json:"rho"`
	E     float64    `json:"e"`
	Shift [3]float64 `json:"shift"` // of x x, x' x', x x', in [-1, 1]
}

// entries are the covariance, and what a hypothesis asks of it.
func (p moved) entries() (a, b, c float64, h []checks.Hypothesis) {
	a, b, c = 1+p.E*p.Shift[0], 1+p.E*p.Shift[1], p.Rho+p.E*p.Shift[2]
	if over := math.Abs(c) - math.Sqrt(math.Max(0, a*b)); over > 0 && over < 1e-12 {
		c = math.Copysign(math.Sqrt(a*b), c) // an exactly singular covariance is rounded
	}
	return a, b, c, []checks.Hypothesis{
		checks.RequireThat("positive variances", a > 0 && b > 0),
		checks.Require("covariance", math.Abs(c), checks.AtMost, math.Sqrt(math.Max(0, a*b))),
	}
}

// angles are those of the moved covariance and of the inputs.
func (p moved) angles() (now, before float64) {
	a, b, c, _ := p.entries()
	return math.Acos(math.Max(-1, math.Min(1, c/math.Sqrt(a*b)))), kernel.UnitPair(p.Rho).Angle
}

func movedSpace() *rapid.Generator[moved] {
	return rapid.Custom(func(t *rapid.T) moved {
		p := moved{E: math.Pow(10, -rapid.Float64Range(0, 4).Draw(t, "decades"))}
		p.Rho = 1 - 2*rapid.Float64Range(0, 1).Draw(t, "rho")
		signs := rapid.SampledFrom([]float64{1, -1, 0, 0.5, -0.5})
		p.Shift = [3]float64{signs.Draw(t, "a"), signs.Draw(t, "b"), signs.Draw(t, "c")}
		if a, b, c, _ := p.entries(); a > 0 && b > 0 && c*c > a*b { // pull it back to the nearest covariance, which is no farther off
			c = math.Copysign(math.Sqrt(a*b), c)
			p.Shift[2] = math.Max(-1, math.Min(1, (c-p.Rho)/p.E))
		}
		return p
	})
}

// What a layer makes of errors in the covariance.
//
// Setting: unit inputs with covariance Sigma, and a covariance K of two variables within e of Sigma in each entry, 0 <= e < 1.
//
// Hypotheses: K is positive semidefinite with positive diagonal.
//
// Conclusion: the images of K and Sigma under c_sigma E sigma(u) sigma(v) are within e + (arcsin(e) - e)/pi of each other in each entry: a
// layer hands errors on, and adds to second order only. Errors of L layers add up, so that the width grows like L^2.
//
// Constants: derived: the derivatives of sqrt(S11 S22) k1 add up to k0 + sin(angle)(r + 1/r)/(2 pi), r^2 = S22/S11, at most 1 + (1/sqrt(1-s^2)
// - 1)/pi at distance s; integrate. Attained, up to e^3, by (1+e) times the matrix of ones. Allowance 1e-13.
//
// Convention: the paper's.
//
// Reference: Theorem B.1 and its source, Daniely, Frostig and Singer (2016); derived here.
//
// Control: a bound smaller by a hundredth; c_sigma = 2.05, with which errors grow.
func covarianceMap() checks.Checkable {
	setup := func(weaker, cSigma float64) func(moved) (checks.Instance, error) {
		return func(p moved) (checks.Instance, error) {
			a, b, c, hypotheses := p.entries()
			now, before := p.angles()
			image, _ := kernel.NNGPStep(now)
			limit, _ := kernel.NNGPStep(before)
			off := math.Abs(cSigma/2*math.Sqrt(a*b)*image - limit)
			_ = c
			return checks.Instance{
				Hypotheses: append(hypotheses, checks.Require("e", p.E, checks.AtMost, 1)),
				Trial: func(*rand.Rand) checks.Measurement {
					bound := bounds.CovarianceStep(p.E) / weaker
					return checks.Worst(
						checks.Measurement{Observed: off, Predicted: bound, Tolerance: 1e-13},
						checks.Measurement{Observed: math.Abs(cSigma/2*a - 1), Predicted: bound, Tolerance: 1e-13},
						checks.Measurement{Observed: math.Abs(cSigma/2*b - 1), Predicted: bound, Tolerance: 1e-13},
					)
				},
			}, nil
		}
	}
	ones := moved{Rho: 1, E: 0.05, Shift: [3]float64{1, 1, 1}} // attained
	return checks.Claim[moved]{
		ID: "arora2019exact/covariance-map", Title: "a layer hands errors on", Reference: "Theorem B.1; derived here",
		Formula: `\|\Sigma'(K) - \Sigma'(\Sigma)\|_{\max} \le e + \frac{\arcsin e - e}{\pi}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: movedSpace(),
		Grid:  []moved{ones, {Rho: 0.3, E: 0.2, Shift: [3]float64{1, -1, 1}}, {Rho: 0.9, E: 0.8, Shift: [3]float64{-1, 1, -1}}},
		Setup: setup(1, 2),
		Controls: []checks.Control[moved]{
			{Name: "smaller-bound", Why: "the bound divided by 1.01", At: []moved{ones}, Setup: setup(1.01, 2)},
			{Name: "larger-constant", Why: "c_sigma = 2.05 adds 2.5 % of the variance to each layer", At: []moved{ones}, Setup: setup(1, 2.05)},
		},
	}
}

// passing is a data set on its way through random layers.
type passing struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"width"`
	L     int       `json:"l"`
	Delta float64   `json:"delta"`
	Curve bool      `json:"curve,omitempty"`
}

// The features of all layers have the covariance of the limit.
//
// Setting: n unit inputs; L hidden layers of any widths d_h at their start; e_h the largest entry of |G^(h) - Sigma^(h)|, G^(h) the Gram
// matrix of the features of layer h.
//
// Hypotheses: none; from the layer on where the bound reaches 1 it says nothing.
//
// Conclusion: with probability at least 1 - delta, for all h = 1..L,
//
//	e_h <= E_h,  E_0 = 0,  E_h = E_{h-1} + (arcsin(E_{h-1}) - E_{h-1})/pi + (1 + E_{h-1})(sqrt(12 t/d_h) + 4t/d_h),
//
// t = log(n(n+1)L/delta). That is Theorem B.1, whose width is c_1 L^2 log(8L/delta)/eps^2, with all constants.
//
// Constants: derived: given a layer, an entry of the next Gram matrix is an average of d_h copies of 2 sigma(u) sigma(v), E Y^k <= (k!/2) 6 4^{k-2}
// for unit variances (Bernstein), about the image of the covariance, which covariance-map bounds; n(n+1)/2 entries, two
// sides, L layers. Features are drawn layer by layer from the Gram matrix below, which has the law of the network. The
// curve follows e_h and E_h.
//
// Convention: the paper's.
//
// Reference: Theorem B.1; derived here.
//
// Control: c_sigma = 2.1, with which covariances grow; a third of the bound.
//
// Loose: Bernstein's inequality has 6 for a variance of 5, a Gaussian tail has no factor before the exponential, errors of
// layers are added where chance makes them cancel, and a run refutes only what fails clearly more often than delta.
func forwardCovariance() checks.Checkable {
	setup := func(weaker, cSigma float64) func(passing) (checks.Instance, error) {
		return func(p passing) (checks.Instance, error) { return p.forward(weaker, cSigma) }
	}
	one := passing{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, Width: 1000, L: 1, Delta: 0.05}
	wide := passing{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, Width: 20000, L: 2, Delta: 0.2}
	return checks.Claim[passing]{
		ID: "arora2019exact/forward-covariance", Title: "covariance of the features", Reference: "Theorem B.1; derived here",
		Formula:    `e_h \le e_{h-1} + \frac{\arcsin e_{h-1} - e_{h-1}}{\pi} + (1+e_{h-1})\left(\sqrt{12t/d_h} + 4t/d_h\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: []passing{
			one, {Data: data.Spec{Kind: data.Sphere, N: 3, D: 3, Seed: 1}, Width: 1500, L: 4, Delta: 0.3, Curve: true},
			{Data: images.Hard(data.MNIST, 3, 49), Width: 600, L: 2, Delta: 0.3},
		},
		OnData: func(f checks.DataFile) []passing {
			return []passing{{Data: userfile.Rows(f, 20), Width: 2000, L: 3, Delta: 0.1}}
		},
		Cost: func(p passing) checks.Cost {
			n, _ := costs.Size(p.Data)
			return checks.Cost{Trial: float64(p.L*p.Width) * (20*float64(n) + float64(n*n)), Size: fmt.Sprintf("m=%d", p.Width)}
		},
		Setup:   setup(1, 2),
		Detects: map[string]float64{"": 2.5},
		Controls: []checks.Control[passing]{
			{Name: "larger-constant", Why: "c_sigma = 2.1: the norms grow by 5 % a layer", At: []passing{wide}, Setup: setup(1, 2.1)},
			{Name: "third-of-the-bound", Why: "a third of the bound: one standard deviation", At: []passing{one}, Setup: setup(3, 2)},
		},
	}
}

func (p passing) forward(weaker, cSigma float64) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	widths := make([]int, p.L)
	for h := range widths {
		widths[h] = p.Width
	}
	bound := bounds.ForwardCovariance(set.N(), widths, p.Delta)
	inst := checks.Instance{Terms: checks.Terms{Delta: checks.Float(p.Delta)}}
	if math.IsInf(bound[0], 1) {
		inst.Trivial = "the bound is over 1 at the first layer: take wider layers"
		return inst, nil
	}
	inst.Trial = func(rng *rand.Rand) checks.Measurement {
		walk := deep.NewForward(set.X, p.Width, cSigma/float64(p.Width))
		var layers, seen, allowed []float64
		var parts []checks.Measurement
		for h := range p.L {
			if math.IsInf(bound[h], 1) {
				break
			}
			walk.Next(rng)
			limit, err := kernel.NNGP(h + 1).Gram(set.X)
			if err != nil {
				return checks.Failed(err)
			}
			off := largestDifference(walk.Gram(), limit)
			parts = append(parts, checks.Measurement{Observed: off, Predicted: bound[h] / weaker})
			layers, seen, allowed = append(layers, float64(h+1)), append(seen, off), append(allowed, bound[h])
		}
		m := checks.Worst(parts...)
		if p.Curve {
			m.Series = curve.Axes{X: "hidden layer h", Y: "largest error of the covariance"}.Against("e_h", layers, seen, allowed)
		}
		return m
	}
	return inst, nil
}
