package song2024

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/bounds/shifted"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/subquadratic"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// points are a data set with a shift.
type points struct {
	Data data.Spec `json:"data"`
	B    float64   `json:"b"`
}

// limitBounds is that the shift leaves the limit kernel positive.
//
// Setting: n inputs of unit norm, rows of X; H^b_ij = <x_i,x_j> P(w.x_i > b, w.x_j > b), w ~ N(0, I), b >= 0.
//
// Hypotheses: none.
//
// Conclusion: Q(b) lambda_min(X X^T) <= lambda_min(H^b) <= Q(b) <= exp(-b^2/2)/2.
//
// Constants: derived: H^b is the entrywise product of X X^T with the matrix of joint tails, positive semidefinite with diagonal Q(b), so
// that Schur's bound applies; the diagonal of H^b bounds its smallest eigenvalue; Q(b) exp(b^2/2) decreases from 1/2. Orthonormal inputs attain the
// first two, b = 0 the third, and b = 12 tells its exponent. As recalled for two layers, lambda_min(H^b) >= delta exp(-b^2/2)/(100 n^2) for delta-separated
// inputs, also where n > d; that is 27 times too small where it is nearest (orthonormal pairs, b = 4), and false for b >
// 100 n^2/(delta sqrt(2 pi)). Eigenvalues carry their certified errors, and 1e-13 n those of the entries; the tail is compared to 1e-13 of itself.
//
// Convention: |x_i| = 1; kernel of the first layer.
//
// Reference: positive Gram matrix (recalled); derived here.
//
// Control: 1.1 times the lower and 0.9 times the upper sides, at orthonormal inputs, and a tail of exp(-0.55 b^2)/2.
func limitBounds() checks.Claim[points] {
	setup := func(lower, upper, rate float64) func(points) (checks.Instance, error) {
		return func(p points) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			h, err := shifted.Gram(set.X, p.B)
			if err != nil {
				return checks.Instance{}, err
			}
			var inner mat.SymDense
			inner.SymOuterK(1, set.X)
			low, err := eig.Min(h)
			if err != nil {
				return checks.Instance{}, err
			}
			plain, err := eig.Min(&inner)
			if err != nil {
				return checks.Instance{}, err
			}
			share, entries := shifted.Tail(p.B), 1e-13*float64(set.N())
			m := checks.All(
				checks.Measurement{Part: "lower", Observed: low.Value, Predicted: lower * share * plain.Value, Relation: checks.AtLeast, Tolerance: low.Err + plain.Err + entries},
				checks.Measurement{Part: "upper", Observed: low.Value, Predicted: upper * share, Tolerance: low.Err + entries},
				checks.Measurement{Part: "tail", Observed: share, Predicted: upper * math.Exp(-rate*p.B*p.B) / 2, Tolerance: 1e-13 * share},
			)
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("lambda_min(H^b)", low.Value), checks.NewFact("delta exp(-b^2/2)/(100 n^2)", shifted.SeparationBound(set.N(), data.Separation(set.X), p.B))},
				Trial: func(*rand.Rand) checks.Measurement { return m },
			}, nil
		}
	}
	basis := data.Spec{Kind: data.Basis, N: 6, D: 8}
	return checks.Claim[points]{
		ID: "song2024/limit-bounds", Title: "smallest eigenvalue under the shift", Reference: "positive Gram matrix (recalled); derived here",
		Formula: `Q(b)\,\lambda_{\min}(XX^{\top}) \le \lambda_{\min}(H^b) \le Q(b) \le \tfrac12 e^{-b^2/2}`, Convention: twoLayer,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) points {
			return points{gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 8}).Draw(t, "data"), rapid.Float64Range(0, 4).Draw(t, "b")}
		}),
		Grid: []points{
			{basis, 0}, {basis, 1.665}, {basis, 12}, {data.Spec{Kind: data.Sphere, N: 6, D: 8, Seed: 1}, 1}, {data.Spec{Kind: data.Sphere, N: 20, D: 5, Seed: 1}, 1},
			{images.Hard(data.MNIST, 20, 49), 1.665}, {images.All(data.Fashion, 20, 49), 1},
		},
		OnData: func(f checks.DataFile) []points {
			return []points{{userfile.Rows(f, 60), 0}, {userfile.Rows(f, 60), 1.665}}
		},
		Cost: func(p points) checks.Cost {
			n, _ := p.Data.Size()
			return checks.Cost{Setup: float64(n*n)*8000 + 30*float64(n*n*n)}
		},
		Setup: setup(1, 1, 0.5),
		Controls: []checks.Control[points]{
			{Name: "larger-lower", Why: "orthonormal inputs attain it", At: []points{{basis, 1.665}}, Setup: setup(1.1, 1, 0.5)},
			{Name: "smaller-upper", Why: "orthonormal inputs attain it, also at b = 0 the tail", At: []points{{basis, 1.665}, {basis, 0}}, Setup: setup(1, 0.9, 0.5)},
			{Name: "faster-tail", Why: "Q(b) exp(b^2/2) falls like 1/b only", At: []points{{basis, 12}}, Setup: setup(1, 1, 0.55)},
		},
	}
}

// sampled is a two-layer network at the start.
type sampled struct {
	Data  data.Spec `json:"data"`
	B     float64   `json:"b"`
	M     int       `json:"m"`
	Delta float64   `json:"delta"`
}

// start is the law of a two-layer network with the soft threshold b.
func start(m, d int, b float64, symmetry nets.Symmetry) nets.Init {
	return nets.Init{Width: m, Dim: d, Act: subquadratic.Activation{Shift: b, Gain: 1}.Plain(), Kappa: 1, Symmetry: symmetry}
}

// gramConcentration is the Gram matrix at finite width.
//
// Setting: n inputs of unit norm, a two-layer network of width m with shift b >= 0; G_ij = <x_i,x_j> k_ij/m, k_ij the neurons active on both.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta, for all i <= j, k_ij lies between the solutions lo and hi of m KL(k/m || P_ij) = ln(n (n+1)/delta),
// P_ij the joint tail; so |G_ij - H^b_ij| <= sqrt(ln(n (n+1)/delta)/(2 m)).
//
// Constants: derived: k_ij is Binomial(m, P_ij); Chernoff's bound on both sides, and a union over n (n+1)/2 entries. By Pinsker it implies the
// bound of Hoeffding. Observed is the largest deviation as a share of what its side allows; entries with |<x_i,x_j>| < 1e-3 are left to their bound.
//
// Convention: kernel of the first layer; see khatri-rao for deeper layers.
//
// Reference: concentration of the Gram matrix (recalled); derived here.
//
// Control: three quarters of the deviation, and a shift of 0.9 b.
//
// Loose: Chernoff's bound and a union over entries that are not independent leave a quarter of the deviation unused, more where one input is alone.
func gramConcentration() checks.Claim[sampled] {
	setup := func(shrink, shift float64) func(sampled) (checks.Instance, error) {
		return func(p sampled) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			h, err := shifted.Gram(set.X, p.B)
			if err != nil {
				return checks.Instance{}, err
			}
			n := set.N()
			span, _ := nets.InSpan(set.X)
			var inner mat.SymDense
			inner.SymOuterK(1, set.X)
			lo, hi := mat.NewDense(n, n, nil), mat.NewDense(n, n, nil)
			for i := range n {
				for j := i; j < n; j++ {
					chance := h.At(i, j) / inner.At(i, j)
					if math.Abs(inner.At(i, j)) < 1e-3 {
						continue
					}
					a, b := shifted.CountBounds(math.Min(1, math.Max(0, chance)), p.M, p.Delta/float64(n*(n+1)))
					lo.Set(i, j, a/float64(p.M))
					hi.Set(i, j, b/float64(p.M))
				}
			}
			_, d := span.Dims()
			law := start(p.M, d, shift*p.B, nets.Independent)
			return checks.Instance{
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					net, batch, g := law.Draw(r), nets.NewBatch(span, p.M), mat.NewSymDense(n, nil)
					batch.Forward(net)
					batch.Gram(g, net, nets.FirstLayer)
					worst := 0.0
					for i := range n {
						for j := i; j < n; j++ {
							if hi.At(i, j) == 0 {
								continue
							}
							share, mean := g.At(i, j)/inner.At(i, j), h.At(i, j)/inner.At(i, j)
							room := hi.At(i, j) - mean
							if share < mean {
								room = mean - lo.At(i, j)
							}
							if off := math.Abs(share - mean); off > 1e-12 { // a chance of 0 or 1 leaves no room and needs none
								worst = math.Max(worst, off/math.Max(room, 1e-300))
							}
						}
					}
					return checks.Measurement{Observed: worst, Predicted: shrink, Tolerance: 1e-9}
				},
			}, nil
		}
	}
	many := sampled{data.Spec{Kind: data.Sphere, N: 24, D: 12, Seed: 1}, 0, 200, 0.03}
	shift := sampled{data.Spec{Kind: data.Sphere, N: 6, D: 6, Seed: 1}, 1.5, 8000, 0.2}
	return checks.Claim[sampled]{
		ID: "song2024/gram-concentration", Title: "Gram matrix at finite width", Reference: "concentration of the Gram matrix (recalled); derived here",
		Formula: `m\,\mathrm{KL}\!\left(\tfrac{k_{ij}}{m}\,\middle\|\,P_{ij}\right) \le \ln\tfrac{n(n+1)}{\delta}`, Convention: twoLayer,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1, Detects: map[string]float64{"": 1.35},
		Grid:   []sampled{{data.Spec{Kind: data.Sphere, N: 1, D: 3, Seed: 1}, 1, 500, 0.2}, many, shift, {images.Hard(data.MNIST, 10, 49), 1, 500, 0.2}},
		OnData: func(f checks.DataFile) []sampled { return []sampled{{userfile.Rows(f, 20), 1, 1000, 0.2}} },
		Cost: func(p sampled) checks.Cost {
			n, d := p.Data.Size()
			if d == 0 {
				d = n
			}
			return checks.Cost{Setup: float64(n*n) * 8000, Trial: float64(p.M) * (float64(12*min(n, d)) + 3*float64(n*n))}
		},
		Setup: setup(1, 1),
		Controls: []checks.Control[sampled]{
			{Name: "less-deviation", Why: "of 300 entries one often goes beyond three quarters", At: []sampled{many}, Setup: setup(0.75, 1)},
			{Name: "smaller-shift", Why: "0.9 b makes a third more neurons active", At: []sampled{shift}, Setup: setup(1, 0.9)},
		},
	}
}
