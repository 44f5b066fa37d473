package arora2019exact

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// limit is a data set with a depth.
type limit struct {
	Data  data.Spec `json:"data"`
	L     int       `json:"l"`
	Scale float64   `json:"scale,omitempty"` // factor on the first row; 0 means 1
}

// moments are E sigma sigma, E sigma' sigma' of a pair of unit Gaussians by quadrature, and what keeps their angle.
type moments struct{ product, slopes, below, above float64 } // below is 1 - product, above 1 + product, all times c_sigma

// expect integrates over the polar angle t of the pair (R cos t, R cos(t - angle)), E R^2 = 2. The pieces are where both are
// positive and where one is. 1 - product is E (sigma(u) - sigma(v))^2, without cancellation.
func expect(cSigma, angle float64) moments {
	const half = math.Pi / 2
	over := func(from, to float64, f func(t float64) float64) float64 {
		if !(to > from) {
			return 0
		}
		return quad.Fixed(f, from, to, 24, nil, 0)
	}
	other := func(t float64) float64 { return math.Cos(t - angle) }
	square := func(f func(float64) float64) func(float64) float64 {
		return func(t float64) float64 { v := f(t); return v * v }
	}
	m := moments{
		product: cSigma / math.Pi * over(angle-half, half, func(t float64) float64 { return math.Cos(t) * other(t) }),
		slopes:  cSigma / (2 * math.Pi) * over(angle-half, half, func(float64) float64 { return 1 }),
	}
	difference := over(angle-half, half, square(func(t float64) float64 { return 2 * math.Sin(t-angle/2) * math.Sin(angle/2) })) +
		over(-half, angle-half, square(math.Cos)) + over(half, angle+half, square(other))
	m.below, m.above = difference/math.Pi, 1+m.product*2/cSigma
	return m
}

// theta evaluates equation 9, the sum over layers of products of expectations.
func theta(p kernel.Pair, hidden int, cSigma float64) float64 {
	norms := p.NormX * p.NormY
	sigma, slopes := []float64{norms * p.Cos}, []float64{}
	angle, scale := p.Angle, norms
	for range hidden {
		m := expect(cSigma, angle)
		scale *= cSigma / 2 // what the variances have become
		sigma, slopes = append(sigma, scale*m.product*2/cSigma), append(slopes, m.slopes)
		angle = 2 * math.Atan2(math.Sqrt(m.below), math.Sqrt(m.above))
	}
	sum := 0.0
	for h := range sigma {
		term := sigma[h]
		for _, s := range slopes[h:] {
			term *= s
		}
		sum += term
	}
	return sum
}

// The closed recursion of ReLU networks is what the definition says.
//
// Setting: inputs x_i with nonzero rows, of any norms; L hidden layers; c_sigma = 2.
//
// Hypotheses: none beyond nonzero rows.
//
// Conclusion: with the expectations of equation 7, Sigma^(h) = c_sigma E sigma(u) sigma(v) and Sigdot^(h) = c_sigma E sigma'(u)
// sigma'(v), the sum of equation 9, Theta^(L) = sum_{h=1}^{L+1} Sigma^(h-1) prod_{h'=h}^{L+1} Sigdot^(h'), Sigdot^(L+1) = 1, is
// what Theta^(h) = Theta^(h-1) Sigdot^(h) + Sigma^(h) gives with Sigma^(h) = |x| |x'| k1(angle), Sigdot^(h) = k0(angle); on
// the diagonal it is (L+1) |x|^2.
//
// Constants: none. The expectations are integrals over the polar angle by Gauss-Legendre quadrature; the angle of the
// next layer comes from E (sigma(u) - sigma(v))^2. Allowance 1e-12 (L+1) |x| |x'|.
//
// Convention: the paper's.
//
// Reference: equations 7, 9, 12, 13 and Fact B.1.
//
// Control: c_sigma = 1, with which the diagonal decays; a product of slopes that starts one layer late.
func kernelDefinition() checks.Checkable {
	setup := func(cSigma float64, late bool) func(limit) (checks.Instance, error) {
		return func(p limit) (checks.Instance, error) {
			x, err := p.rows()
			if err != nil {
				return checks.Instance{}, err
			}
			k, err := kernel.NTK(p.L).Gram(x)
			if err != nil {
				return checks.Instance{}, err
			}
			pair, err := kernel.Pairs(x)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(*rand.Rand) checks.Measurement {
				n, _ := x.Dims()
				var all []checks.Measurement
				for i := range n {
					for j := i; j < n; j++ {
						q := pair(i, j)
						scale := float64(p.L+1) * q.NormX * q.NormY
						value := theta(q, p.L, cSigma)
						if late { // the outermost slope is forgotten: Theta of one layer less, and Sigma
							value += theta(q, p.L-1, cSigma) * (1 - expect(cSigma, deepAngle(q, p.L-1)).slopes)
						}
						m := checks.Measurement{Part: "recursion", Observed: value, Predicted: k.At(i, j), Relation: checks.Equal, Tolerance: 1e-12 * scale}
						all = append(all, m)
						if i == j {
							m.Part, m.Predicted = "diagonal", scale
							all = append(all, m)
						}
					}
				}
				return checks.Each(all...)
			}}, nil
		}
	}
	sphere := limit{Data: data.Spec{Kind: data.Sphere, N: 6, D: 4, Seed: 1}, L: 3}
	return checks.Claim[limit]{
		ID: "arora2019exact/kernel-definition", Title: "recursion for the limit kernel", Reference: "Equations 7, 9, 12, 13",
		Formula:    `\Theta^{(L)} = \sum_{h=1}^{L+1} \Sigma^{(h-1)} \prod_{h'=h}^{L} \dot\Sigma^{(h')}, \quad \Theta^{(L)}(x,x) = (L+1)\|x\|^2`,
		Convention: convention, Basis: checks.Stated, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) limit {
			return limit{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 4, MinD: 1, MaxD: 4}).Draw(t, "data"), L: rapid.IntRange(1, 8).Draw(t, "l"),
				Scale: rapid.SampledFrom([]float64{0, 1e-3, 100}).Draw(t, "scale"),
			}
		}),
		Grid: []limit{
			sphere, {Data: data.Spec{Kind: data.Antipodal, N: 4, D: 3, Seed: 2}, L: 2},
			{Data: data.Spec{Kind: data.Duplicate, N: 3, D: 3, Seed: 3, Sep: 1e-6}, L: 6, Scale: 7}, {Data: images.Hard(data.MNIST, 8, 49), L: 10},
		},
		OnData: func(f checks.DataFile) []limit {
			return []limit{{Data: userfile.Rows(f, 20), L: 1}, {Data: userfile.Rows(f, 20), L: 4}}
		},
		Cost: func(p limit) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Setup: float64(n * n * d), Trial: 4000 * float64(n*n*p.L)}
		},
		Setup: setup(2, false),
		Controls: []checks.Control[limit]{
			{Name: "constant-one", Why: "c_sigma = 1: the diagonal halves from layer to layer", At: []limit{sphere}, Setup: setup(1, false)},
			{Name: "slopes-from-next-layer", Why: "the last of the slopes left out", At: []limit{sphere}, Setup: setup(2, true)},
		},
	}
}

// deepAngle is the angle of a pair after the given number of layers.
func deepAngle(p kernel.Pair, layers int) float64 {
	angle := p.Angle
	for range layers {
		m := expect(2, angle)
		angle = 2 * math.Atan2(math.Sqrt(m.below), math.Sqrt(m.above))
	}
	return angle
}

func (p limit) rows() (*mat.Dense, error) {
	set, err := p.Data.Build()
	if err != nil {
		return nil, err
	}
	if p.Scale != 0 {
		first := set.X.RawRowView(0)
		for k := range first {
			first[k] *= p.Scale
		}
	}
	return set.X, nil
}

// near is a pair of unit inputs at an angle.
type near struct {
	L     int     `json:"l"`
	Angle float64 `json:"angle"`
}

// The limit kernel of two inputs that are close is as large as their angle.
//
// Setting: two unit inputs at an angle t in (0, pi/2]; L >= 1 hidden layers; lambda_min of the 2 x 2 matrix of Theta^(L).
//
// Hypotheses: none beyond the setting.
//
// Conclusion: L(L+1) t/(2 pi) (1 - (4L-1) t/(6 pi)) <= lambda_min <= L(L+1) t/(2 pi) + (L+1)(1 - cos t). As t falls to 0
// both tend to L(L+1) t/(2 pi): depth makes close points as L^2 times as easy to tell apart.
//
// Constants: derived: lambda_min = L + 1 - Theta^(L)(x,x'), Theta^(L) = sum_h cos t_{h-1} prod_{i=h-1}^{L-1} (1 - t_i/pi) with angles
// t_i that fall, so that 1 - prod (1 - a_i) <= sum a_i gives the upper bound, and 1 - prod (1 - a_i) >= s - s^2/2, s = sum a_i,
// with t_{i+1} >= t_i - t_i^2/(2 pi) the lower one; see bounds.PairTangentGap.
//
// Convention: the paper's.
//
// Reference: derived here, from equations 12 and 13.
//
// Control: either bound stronger by 2 %.
func kernelPair() checks.Checkable {
	setup := func(stronger, weaker float64) func(near) (checks.Instance, error) {
		return func(p near) (checks.Instance, error) {
			sin, cos := math.Sincos(p.Angle)
			lambda, err := kernel.NTK(p.L).Lambda0(unitPair(cos, sin))
			if err != nil {
				return checks.Instance{}, err
			}
			lower, upper := bounds.PairTangentGap(p.L, p.Angle)
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("lambda_min over angle", lambda.Value/p.Angle), checks.NewFact("L(L+1)/(2 pi)", float64(p.L*(p.L+1))/(2*math.Pi))},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.All(
						checks.Measurement{Part: "lower", Observed: lambda.Value, Predicted: stronger * lower, Relation: checks.AtLeast, Error: lambda.Err},
						checks.Measurement{Part: "upper", Observed: lambda.Value, Predicted: upper / weaker, Error: lambda.Err},
					)
				},
			}, nil
		}
	}
	close := []near{{L: 1, Angle: 1e-3}, {L: 2, Angle: 1e-4}, {L: 5, Angle: 1e-5}}
	return checks.Claim[near]{
		ID: "arora2019exact/kernel-pair", Title: "limit kernel of a close pair", Reference: "derived here",
		Formula:    `\lambda_{\min}(\Theta^{(L)}) \approx \frac{L(L+1)}{2\pi}\, t`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) near {
			return near{L: rapid.IntRange(1, 9).Draw(t, "l"), Angle: math.Pi / 2 * math.Pow(10, -rapid.Float64Range(0, 5).Draw(t, "decades"))}
		}),
		Grid:  append(close, near{L: 3, Angle: 0.3}, near{L: 4, Angle: math.Pi / 2}),
		Cost:  func(near) checks.Cost { return checks.Cost{Setup: costs.Eigenvalue(2)} },
		Setup: setup(1, 1),
		Controls: []checks.Control[near]{
			{Name: "larger-lower-bound", Why: "the lower bound is attained as the angle falls: 1.02 times it is too much", At: close, Setup: setup(1.02, 1)},
			{Name: "smaller-upper-bound", Why: "so is the upper bound", At: close, Setup: setup(1, 1.02)},
		},
	}
}

// lines are pairs of opposite inputs in a subspace.
type lines struct {
	P     int    `json:"p"`    // pairs
	Span  int    `json:"span"` // dimension of the subspace that they lie in
	D     int    `json:"d"`    // and of the space
	L     int    `json:"l"`
	Seed  uint64 `json:"seed"`
	Apart bool   `json:"apart,omitempty"` // without the opposite inputs
}

// Opposite inputs make the limit kernel singular, with one hidden layer only.
//
// Setting: p inputs x_i on different lines through 0, with their opposites -x_i or without.
//
// Hypotheses: the lines are 0.05 apart, so that a rank can be told in double precision: eigenvalues below 1e-9 of the
// largest count as zero.
//
// Conclusion: with the opposites the 2p x 2p matrix of Theta^(1) has rank p + rank(x_1, ..., x_p), and that of Theta^(L), L >= 2,
// rank 2p. Without them the rank is p.
//
// Constants: derived: on vectors that are odd under x -> -x all even powers of the cosine vanish, and Theta^(1) has no odd
// power but the first, whose Gram matrix has the rank of the lines; on even vectors an even power of high order is
// positive definite, as its Gram matrix tends to the identity (Schur). For L >= 2 all powers are there. With p > rank the paper's
// lambda_0 > 0, which Theorem 3.2 supposes, fails for distinct inputs.
//
// Convention: the paper's.
//
// Reference: derived here; lambda_0 is that of Theorem 3.2.
//
// Control: the dimension of the space for the rank of the lines; full rank with one hidden layer; the rank of one
// hidden layer with two.
func kernelAntipodal() checks.Checkable {
	setup := func(claimed func(p lines, rank int) int) func(lines) (checks.Instance, error) {
		return func(p lines) (checks.Instance, error) { return p.instance(claimed) }
	}
	truth := func(p lines, rank int) int {
		switch {
		case p.Apart:
			return p.P
		case p.L == 1:
			return p.P + rank
		}
		return 2 * p.P
	}
	plane := lines{P: 4, Span: 2, D: 3, L: 1, Seed: 1}
	space := lines{P: 5, Span: 3, D: 3, L: 1, Seed: 5}
	deeper := lines{P: 4, Span: 2, D: 2, L: 2, Seed: 1}
	return checks.Claim[lines]{
		ID: "arora2019exact/kernel-antipodal", Title: "opposite inputs", Reference: "derived here",
		Formula:    `\operatorname{rank} \Theta^{(1)}(\pm x_1,\dots,\pm x_p) = p + \operatorname{rank}(x_1,\dots,x_p)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) lines {
			span := rapid.IntRange(1, 4).Draw(t, "span")
			return lines{
				P: rapid.IntRange(1, 5).Draw(t, "p"), Span: span, D: rapid.IntRange(span, 5).Draw(t, "d"), L: rapid.IntRange(1, 3).Draw(t, "l"),
				Seed: rapid.Uint64Range(0, 1000).Draw(t, "seed"), Apart: rapid.Bool().Draw(t, "apart"),
			}
		}),
		Grid:  []lines{plane, space, deeper, {P: 2, Span: 2, D: 3, L: 1, Seed: 2}, {P: 5, Span: 2, D: 2, L: 1, Seed: 5, Apart: true}},
		Cost:  func(p lines) checks.Cost { return checks.Cost{Setup: costs.Eigenvalue(2 * p.P)} },
		Setup: setup(truth),
		Controls: []checks.Control[lines]{
			{Name: "dimension-for-rank", Why: "four lines of a plane in R^3 have nullity 2, not p - d = 1", At: []lines{plane}, Setup: setup(func(p lines, _ int) int { return p.P + p.D })},
			{Name: "full-rank", Why: "five lines in R^3 with their opposites: one hidden layer has nullity 2", At: []lines{space}, Setup: setup(func(p lines, _ int) int { return 2 * p.P })},
			{Name: "deep-as-shallow", Why: "two hidden layers tell the opposites apart", At: []lines{deeper}, Setup: setup(func(p lines, rank int) int { return p.P + rank })},
		},
	}
}

func (p lines) instance(claimed func(p lines, rank int) int) (checks.Instance, error) {
	rng := rand.New(rand.NewPCG(p.Seed, 1))
	rows := 2 * p.P
	if p.Apart {
		rows = p.P
	}
	all, first := mat.NewDense(rows, p.D, nil), mat.NewDense(p.P, p.D, nil)
	for i := range p.P {
		row := first.RawRowView(i)
		for k := range p.Span {
			row[k] = rng.NormFloat64()
		}
		row[0] += math.Copysign(1e-3, row[0]) // never a row of zeros
	}
	first, err := data.NormalizeRows(first)
	if err != nil {
		return checks.Instance{}, err
	}
	for i := range rows {
		sign := 1.0
		if i >= p.P {
			sign = -1
		}
		for k, v := range first.RawRowView(i % p.P) {
			all.Set(i, k, sign*v)
		}
	}
	gram, err := kernel.NTK(p.L).Gram(all)
	if err != nil {
		return checks.Instance{}, err
	}
	spectrum, err := eig.All(gram)
	if err != nil {
		return checks.Instance{}, err
	}
	zero := 1e-9 * spectrum.Values[rows-1]
	if spectrum.Err > zero {
		return checks.Instance{}, fmt.Errorf("eigenvalues are known to %v only: ask for fewer lines", spectrum.Err)
	}
	rank := 0
	for _, v := range spectrum.Values {
		if v > zero {
			rank++
		}
	}
	var svd mat.SVD
	if !svd.Factorize(first, mat.SVDNone) {
		return checks.Instance{}, fmt.Errorf("no singular values of the lines")
	}
	apart := 2.0
	if p.P > 1 {
		apart = data.Separation(first)
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.Require("distance of the lines", apart, checks.AtLeast, 0.05)},
		Trial: func(*rand.Rand) checks.Measurement {
			return checks.Measurement{Observed: float64(rank), Predicted: float64(claimed(p, svd.Rank(1e-9))), Relation: checks.Equal}
		},
	}, nil
}
