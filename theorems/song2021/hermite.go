package song2021

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// hermite is a data set with an activation.
type hermite struct {
	Data data.Spec `json:"data"`
	Act  string    `json:"act"`
}

const hermiteTerms = 40 // of the series

// hermiteSum is the limit of the features through Hermite polynomials.
//
// Setting: unit rows x_i of X; w ~ N(0, I); phi tanh, sin, erf, GELU, softplus, the square or the identity; c_k = E[phi(g) h_k(g)] its coefficients on
// the orthonormal Hermite polynomials, c_k^2 = (coefficient on He_k)^2/k! in the paper's convention; Sigma = E[phi(X w) phi(X w)^T], G = X X^T.
//
// Hypotheses: unit rows; for the last part n >= 2.
//
// Conclusion: (i) lambda_min(Sigma) >= lambda_min(sum_{k in S} c_k^2 G^{o k}) for every set S of degrees, here {0..39};
// (ii) >= max_r c_r^2 lambda_min(G^{o r}) = max_r c_r^2 sigma_min(X^{*r})^2, here over r <= 8; (iii) >= sum_{k in S} c_k^2
// lambda_min(G^{o k}), S = {0..39}; (iv) >= sum_{k in S} c_k^2 max(0, 1 - (n-1) rho^k), rho the largest |x_i.x_j|.
//
// Constants: derived: E[h_j(w.x) h_k(w.x')] = (x.x')^k [j = k] for unit x, x' (Mehler), so that Sigma = sum_k c_k^2 G^{o k}, and every G^{o k} is positive
// semidefinite by Schur's product theorem; lambda_min is superadditive; Gershgorin gives (iv). (i) is nearly an equality for all data, (ii) one for the
// square and the identity on orthonormal rows, (iii) on orthonormal rows, (iv) there and for two rows. Sigma comes from closed forms or,
// for tanh, GELU and softplus, from the trapezoidal rule in the plane; the coefficients from Gauss-Hermite quadrature. Tolerance: 1e-12 n, and the
// certificates of the eigenvalues.
//
// Convention: orthonormal Hermite polynomials, unit rows.
//
// Reference: Song et al. (2021), Definition 4 and Assumption 2; derived here.
//
// Control: rows of norm 1.02, whose coefficients are others; 1.02 c_1^2 and c_2^2, part by part; the power
// sums without squares, c_k for c_k^2; 0.95 rho.
func hermiteSum() checks.Checkable {
	type sabotage struct {
		scale float64 // on c_1^2 and c_2^2
		root  bool    // |c_k| for c_k^2
		rho   float64 // factor on rho
		norm  bool    // rows of any norm
		only  string  // the part that is looked at; all if empty
	}
	setup := func(s sabotage) func(hermite) (checks.Instance, error) {
		return func(p hermite) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, c2, err := p.limit(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			for k := range c2 {
				if s.root {
					c2[k] = math.Sqrt(c2[k])
				}
				if k == 1 || k == 2 {
					c2[k] *= s.scale
				}
			}
			b, err := hermiteBounds(set.X, c2, s.rho)
			if err != nil {
				return checks.Instance{}, err
			}
			tolerance := lambda.Err + b.err + 1e-12*float64(set.N())
			part := func(name string, bound float64) checks.Measurement {
				return checks.Measurement{Part: name, Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast, Tolerance: tolerance}
			}
			hypotheses := []checks.Hypothesis{checks.Require("distance of the norms from 1", offUnit(set.X), checks.AtMost, 1e-12)}
			if s.norm {
				hypotheses = nil
			}
			return checks.Instance{
				Hypotheses: hypotheses,
				Terms:      checks.Terms{Trials: 1}, // nothing is random
				Facts:      []checks.Fact{checks.NewFact("lambda_min", lambda.Value), checks.NewFact("best degree", float64(b.best))},
				Trial: func(*rand.Rand) checks.Measurement {
					parts := []checks.Measurement{part("series", b.series), part("single power", b.single), part("sum of powers", b.sum)}
					if set.N() > 1 {
						parts = append(parts, part("coherence", b.coherence))
					}
					return checks.All(slices.DeleteFunc(parts, func(m checks.Measurement) bool { return s.only != "" && m.Part != s.only })...)
				},
			}, nil
		}
	}
	frame := data.Spec{Kind: data.Orthonormal, N: 5, D: 7, Seed: 1}
	couple := data.Spec{Kind: data.Equicorrelated, N: 2, D: 2, Rho: 0.6}
	sphere := func(n, d int) data.Spec { return data.Spec{Kind: data.Sphere, N: n, D: d, Seed: 1} }
	long := frame
	long.RowNorm = 1.02
	more := func(part, why string, acts ...string) checks.Control[hermite] {
		c := checks.Control[hermite]{
			Name: "two-per-cent-more-" + strings.ReplaceAll(part, " ", "-"), Why: why, Setup: setup(sabotage{scale: 1.02, rho: 1, only: part}),
		}
		for _, act := range acts {
			c.At = append(c.At, hermite{frame, act})
		}
		return c
	}
	return checks.Claim[hermite]{
		ID: "song2021/hermite", Title: "feature kernel from entrywise powers of the Gram matrix", Reference: "Definition 4, Assumption 2; derived here",
		Formula:    `\lambda_{\min}\left(\mathbb{E}\,\phi(Xw)\phi(Xw)^{\top}\right) \ge \lambda_{\min}\left(\sum_{k \in S} c_k^2 (XX^{\top})^{\circ k}\right) \ge \sum_{k \in S} c_k^2\, \sigma_{\min}(X^{*k})^2`,
		Convention: "unit rows, orthonormal Hermite polynomials", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) hermite {
			return hermite{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 7, MinD: 1, MaxD: 6}).Draw(t, "data"),
				Act:  rapid.SampledFrom(hermiteActs).Draw(t, "act"),
			}
		}),
		Grid: []hermite{
			{frame, "tanh"}, {frame, "sin"}, {frame, "erf"}, // equality in (i), (iii), (iv)
			{frame, "square"}, {frame, "identity"}, // in (ii) and, with k = 2 and 1 alone, in (iii)
			{couple, "tanh"}, {couple, "erf"}, // rho > 0
			{frame, "gelu"}, {frame, "softplus"},
			{sphere(4, 8), "tanh"}, {sphere(8, 4), "sin"}, {sphere(12, 5), "gelu"}, {sphere(8, 3), "softplus"},
			{images.Hard(data.MNIST, 12, 49), "erf"}, {images.Hard(data.Fashion, 12, 196), "sin"},
		},
		OnData: func(f checks.DataFile) []hermite {
			return []hermite{{userfile.Rows(f, 60), "erf"}, {userfile.Rows(f, 60), "sin"}}
		},
		Cost: func(p hermite) checks.Cost {
			n, _ := p.Data.Size()
			size, pair := float64(max(n, 1)), 100.0
			if slices.Contains([]string{"tanh", "gelu", "softplus"}, p.Act) {
				pair = 2e5
			}
			return checks.Cost{Setup: hermiteTerms*40*size*size*size + pair*size*size, Trial: 1, Size: fmt.Sprintf("n=%d", n)}
		},
		Setup: setup(sabotage{scale: 1, rho: 1}),
		Controls: []checks.Control[hermite]{
			{Name: "rows-of-another-norm", Why: "the coefficients of rows of norm 1.02 are others", At: []hermite{{long, "tanh"}, {long, "sin"}}, Setup: setup(sabotage{scale: 1, rho: 1, norm: true})},
			more("series", "the series is the limit itself", "tanh", "square"),
			more("sum of powers", "on orthonormal rows the powers have the same weakest directions", "tanh", "square"),
			more("single power", "the square and the identity have one power without a constant on orthonormal rows", "square", "identity"),
			more("coherence", "orthonormal rows have none", "tanh"),
			{Name: "coefficients-not-squared", Why: "below one the square is smaller", At: []hermite{{frame, "tanh"}, {sphere(4, 8), "tanh"}}, Setup: setup(sabotage{scale: 1, rho: 1, root: true})},
			{Name: "smaller-coherence", Why: "two rows attain (iv)", At: []hermite{{couple, "tanh"}, {couple, "erf"}}, Setup: setup(sabotage{scale: 1, rho: 0.95})},
		},
	}
}

var hermiteActs = []string{"tanh", "sin", "erf", "gelu", "softplus", "square", "identity"}

// offUnit is how far the norm of a row is from 1 at most.
func offUnit(x *mat.Dense) float64 {
	off := 0.0
	for _, v := range data.RowNorms(x) {
		off = math.Max(off, math.Abs(v-1))
	}
	return off
}

// limit returns lambda_min(Sigma) and the squared coefficients.
func (p hermite) limit(x *mat.Dense) (eig.Certified, []float64, error) {
	closed := map[string]kernel.Kernel{"sin": kernel.SineFeature(), "erf": kernel.ErfFeature(), "square": kernel.SquareFeature(), "identity": kernel.Identity()}
	phi := func(z float64) float64 { return z * z }
	if p.Act != "square" {
		act, err := smoothNamed(p.Act)
		if err != nil {
			return eig.Certified{}, nil, err
		}
		phi = act.Value
	}
	c2 := kernel.HermiteCoefficients(phi, hermiteTerms)
	floats.Mul(c2, c2)
	if k, ok := closed[p.Act]; ok {
		lambda, err := k.Lambda0(x)
		return lambda, c2, err
	}
	g, err := kernel.FeatureGram(phi, x, 0.2)
	if err != nil {
		return eig.Certified{}, nil, err
	}
	lambda, err := eig.Min(g)
	return lambda, c2, err
}

// powerBounds are the four lower bounds.
type powerBounds struct {
	series, single, sum, coherence float64
	best                           int
	err                            float64 // of the eigenvalues behind them
}

func hermiteBounds(x *mat.Dense, c2 []float64, coherence float64) (powerBounds, error) {
	n, d := x.Dims()
	g, err := kernel.Identity().Gram(x)
	if err != nil {
		return powerBounds{}, err
	}
	b := powerBounds{coherence: bounds.PowerSeriesLowerBound(c2, n, coherence*data.MaxCoherence(x))}
	series := mat.NewSymDense(n, nil)
	power := mat.NewSymDense(n, nil)
	for k, c := range c2 {
		for i := range n {
			for j := i; j < n; j++ {
				power.SetSym(i, j, math.Pow(g.At(i, j), float64(k)))
				series.SetSym(i, j, series.At(i, j)+c*power.At(i, j))
			}
		}
		low, err := eig.Min(power)
		if err != nil {
			return b, err
		}
		term := c * math.Max(0, low.Value)
		b.sum += term
		b.err += c * (low.Err + float64(n*(k+1)*(d+2))*unit)
		if k <= 8 && term > b.single {
			b.single, b.best = term, k
		}
	}
	low, err := eig.Min(series)
	b.series = math.Max(0, low.Value)
	b.err += low.Err
	return b, err
}
