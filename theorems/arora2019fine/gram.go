package arora2019fine

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// draw are the parameters of a claim on the network at initialisation.
type draw struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Delta float64   `json:"delta"`
}

func (p draw) cost() checks.Cost {
	n, d := size(p.Data)
	m := float64(p.M)
	return checks.Cost{Setup: setupWork(p.Data), Trial: m*(2*n*d+15*d+3*n+n*n/32) + 20*n*n*n, Bytes: 8 * m * (d + n), Size: fmt.Sprintf("m=%d", p.M)}
}

func draws(r gen.Range, maxM int) *rapid.Generator[draw] {
	return rapid.Custom(func(t *rapid.T) draw {
		return draw{gen.Separated(r).Draw(t, "data"), rapid.IntRange(1, maxM).Draw(t, "m"), rapid.SampledFrom([]float64{0.3, 0.2}).Draw(t, "delta")}
	})
}

// gramHoeffding bounds how far the Gram matrix of a finite network is from its limit.
//
// Setting: n unit inputs, w_1, ..., w_m independent N(0, I) (the scale kappa does not matter), H(0) the Gram matrix.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta, ||H(0) - H^inf||_F <= ||X X^T||_F sqrt(log(n(n+1)/delta)/(2m)), and
// ||X X^T||_F <= n gives the order n sqrt(log(n/delta))/sqrt m of the source.
//
// Constants: derived. H_ij(0) is x_i . x_j times a mean of m independent indicators: Hoeffding, two-sided, and a union
// over n(n+1)/2 entries. The paper has n in place of ||X X^T||_F.
//
// Convention: 1/sqrt(m) scaling.
//
// Reference: Lemma C.3 (number recalled).
//
// Control: weights whose coordinates are scaled by 1, ..., d: the mean of H(0) is not H^inf, and the distance
// stays while the bound shrinks.
func gramHoeffding() checks.Claim[draw] {
	aniso := draw{data.Spec{Kind: data.Sphere, N: 10, D: 5, Seed: 1}, 6000, 0.1}
	return checks.Claim[draw]{
		ID: "arora2019fine/gram-hoeffding", Title: "Gram matrix at initialisation", Reference: "Lemma C.3",
		Formula:    `\lVert H(0)-H^\infty \rVert_F \le \lVert X X^\top \rVert_F \sqrt{\frac{\log(n(n+1)/\delta)}{2m}}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: draws(gen.Range{MinN: 1, MaxN: 8, MinD: 2, MaxD: 6}, 300),
		Grid: []draw{
			{data.Spec{Kind: data.Sphere, N: 2, D: 2, Seed: 1}, 50, 0.1},
			{data.Spec{Kind: data.Sphere, N: 10, D: 5, Seed: 1}, 1000, 0.1},
			{images.Easy(data.MNIST, 20, 49), 1000, 0.2},
			{images.Easy(data.Fashion, 20, 196), 1000, 0.2},
		},
		OnData: func(f checks.DataFile) []draw { return []draw{{userfile.Rows(f, 20), 1000, 0.2}} },
		Cost:   draw.cost,
		Setup:  func(p draw) (checks.Instance, error) { return gramSetup(p, false) },
		Controls: []checks.Control[draw]{{
			Name: "anisotropic", Why: "weights that are not rotation invariant have another mean Gram matrix", At: []draw{aniso},
			Setup: func(p draw) (checks.Instance, error) { return gramSetup(p, true) },
		}},
	}
}

func gramSetup(p draw, stretch bool) (checks.Instance, error) {
	f, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	var k mat.SymDense
	k.SymOuterK(1, f.span)
	gram := mat.Norm(&k, 2)
	second, err := bounds.GramSecondMoment(f.x, p.M)
	if err != nil {
		return checks.Instance{}, err
	}
	bound := bounds.HoeffdingDeviation(f.n(), p.M, gram, p.Delta)
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("root mean square (exact)", math.Sqrt(second)), checks.NewFact("bound with n for ||XX'||_F", bound*float64(f.n())/gram)},
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			net := f.network(p.M, 1, nets.Independent, r)
			if stretch {
				net.W.Apply(func(_, j int, v float64) float64 { return v * float64(j+1) }, net.W)
			}
			h := mat.NewSymDense(f.n(), nil)
			f.initial(net).Gram(h, net, nets.FirstLayer)
			return checks.Measurement{Observed: eig.Distance(h, f.h), Predicted: bound, Tolerance: 1e-12 * float64(f.n())}
		},
	}, nil
}

// gramChernoff keeps half of the smallest eigenvalue at a width linear in log n.
//
// Setting: as for gram-hoeffding.
//
// Hypotheses: lambda_0 > 0 certified; m >= ||X||^2 log(n/delta)/(c(1/2) lambda_0), c(1/2) = 0.1534.
//
// Conclusion: lambda_min(H(0)) >= lambda_0/2 with probability at least 1 - delta.
//
// Constants: derived: matrix Chernoff for the mean of D_r X X^T D_r, positive semidefinite of norm at most ||X||^2;
// 1/c(1/2) = 6.52.
//
// Convention: 1/sqrt(m) scaling.
//
// Reference: sharper form of Lemma C.3.
//
// Control: one neuron: its Gram matrix has the rank of the active inputs at most, and is singular unless all are
// active and independent.
func gramChernoff() checks.Claim[draw] {
	one := draw{data.Spec{Kind: data.Sphere, N: 8, D: 4, Seed: 1}, 1, 0.2}
	return checks.Claim[draw]{
		ID: "arora2019fine/gram-chernoff", Title: "half of lambda_0 at initialisation", Reference: "Lemma C.3",
		Formula:    `m \ge \frac{\lVert X \rVert^2 \log(n/\delta)}{c(1/2) \lambda_0} \implies \lambda_{\min}(H(0)) \ge \lambda_0/2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: draws(gen.Range{MinN: 1, MaxN: 5, MinD: 2, MaxD: 6}, 800),
		Grid: []draw{
			{data.Spec{Kind: data.Orthonormal, N: 5, D: 6, Seed: 1}, 60, 0.2},
			{data.Spec{Kind: data.Sphere, N: 8, D: 8, Seed: 2}, 1000, 0.2},
			{images.Easy(data.MNIST, 8, 196), 2000, 0.2},
			{images.Easy(data.Fashion, 6, 784), 4000, 0.2},
		},
		OnData: func(f checks.DataFile) []draw { return []draw{{userfile.Rows(f, 8), 4000, 0.2}} },
		Cost:   draw.cost,
		Setup:  chernoffSetup,
		Controls: []checks.Control[draw]{{
			Name: "one-neuron", Why: "the Gram matrix of one neuron on eight inputs in four dimensions is singular", At: []draw{one},
		}},
	}
}

func chernoffSetup(p draw) (checks.Instance, error) {
	f, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	width := bounds.ChernoffWidth(f.n(), 0.5, f.low.Lower(), f.s, p.Delta)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{f.certified(), checks.Require("width", float64(p.M), checks.AtLeast, width)},
		Facts:      []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("required width (derived)", width), checks.NewFact("width run", float64(p.M))},
		Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			net := f.network(p.M, 1, nets.Independent, r)
			h := mat.NewSymDense(f.n(), nil)
			f.initial(net).Gram(h, net, nets.FirstLayer)
			low, err := eig.Min(h)
			if err != nil {
				return checks.Failed(err)
			}
			// Beside the eigenvalues' errors, H(0) itself is rounded by a few units an entry.
			return checks.Measurement{Observed: low.Value, Predicted: f.low.Value / 2, Relation: checks.AtLeast,
				Error: low.Err + f.low.Err/2 + float64(f.n())*1e-13}
		},
	}, nil
}
