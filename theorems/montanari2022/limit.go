package montanari2022

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// bracket is a data set on which the smallest eigenvalue of K is bounded from both sides.
type bracket struct {
	Data       data.Spec `json:"data"`
	Activation string    `json:"activation,omitempty"`
	Terms      int       `json:"terms"` // of the power series
}

// limitSeries bounds the smallest eigenvalue of the limit kernel.
//
// Setting: any n inputs of length one in R^d, with cosines r_ij; K_ij = kappa(r_ij) = sum_k a_k r_ij^k the limit kernel of the ReLU (a_1 = 1/4, a_2 =
// 1/(2 pi), kappa(1) = 1/2) or of erf.
//
// Hypotheses: none for the lower bound; n > d for the upper one.
//
// Conclusion: lambda_min(K) >= sum_{k<=p} a_k lambda_min(R^{o k}) + t (1 - max_i sum_{j != i} |r_ij|^{p+1})_+ for every p, with t =
// kappa(1) - sum_{k<=p} a_k; and lambda_min(K) <= (kappa(1) - a_1) n/(n-d), that is n/(4(n-d)) for the ReLU. For random inputs with d << n << d^2
// both tend to v(sigma) = 1/4.
//
// Constants: ours. The entrywise powers of R are positive semidefinite; what is left of the series has t on its diagonal and at most t |r_ij|^{p+1} off
// it (Gershgorin), with equality at orthonormal inputs. Where R has its null space, of dimension n - d at least, only K - a_1 R
// acts, of trace (kappa(1) - a_1) n; equality at the inputs +-e_i for the ReLU.
//
// Convention: unit inputs; kernel of the first layer.
//
// Reference: derived here, for the smallest eigenvalue in Montanari and Zhong (2022).
//
// Control: each bound a tenth stronger where it is attained.
func limitSeries() checks.Checkable {
	setup := func(low, high float64) func(bracket) (checks.Instance, error) {
		return func(p bracket) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			_, limit, _, err := activation(p.Activation)
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := limit.Lambda0(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			var r mat.SymDense
			r.SymOuterK(1, set.X)
			lower, err := bounds.SeriesLower(limit, &r, p.Terms)
			if err != nil {
				return checks.Instance{}, err
			}
			n, d := set.X.Dims()
			rounding := lambda.Err + 64*float64(n*(n+d+p.Terms))*unit // of the powers and their eigenvalues
			parts := []checks.Measurement{{Part: "lower", Observed: lambda.Value, Predicted: low * lower, Relation: checks.AtLeast, Tolerance: rounding}}
			facts := []checks.Fact{checks.NewFact("lambda_min(K)", lambda.Value), checks.NewFact("lower", lower)}
			if n > d {
				upper := bounds.NullSpaceUpper(limit.At(1)-limit.Coefficient(1), n, d)
				parts = append(parts, checks.Measurement{Part: "upper", Observed: lambda.Value, Predicted: high * upper, Tolerance: rounding})
				facts = append(facts, checks.NewFact("upper", upper))
			}
			return checks.Instance{Facts: facts, Trial: func(*rand.Rand) checks.Measurement { return checks.All(parts...) }}, nil
		}
	}
	frame := bracket{Data: data.Spec{Kind: data.Orthonormal, N: 6, D: 8, Seed: 1}, Terms: 6}
	opposite := bracket{Data: data.Spec{Kind: data.Lattice, Points: [][]int{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}}}, Terms: 6}
	return checks.Claim[bracket]{
		ID: "montanari2022/limit-series", Title: "smallest eigenvalue of the limit kernel", Reference: "derived here",
		Formula:    `\sum_{k \le p} a_k \lambda_{\min}(R^{\circ k}) \le \lambda_{\min}(K) \le \frac{n}{4(n-d)}`,
		Convention: "unit inputs; kernel of the first layer", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) bracket {
			return bracket{
				Data:       gen.Specs(gen.Range{MinN: 1, MaxN: 12, MinD: 1, MaxD: 6}).Draw(t, "data"),
				Activation: rapid.SampledFrom([]string{"relu", "erf"}).Draw(t, "activation"),
				Terms:      rapid.IntRange(0, 9).Draw(t, "terms"),
			}
		}),
		Grid: []bracket{
			frame, opposite,
			{Data: data.Spec{Kind: data.Sphere, N: 40, D: 20, Seed: 1}, Terms: 6},
			{Data: data.Spec{Kind: data.Sphere, N: 40, D: 20, Seed: 1}, Activation: "erf", Terms: 6},
			{Data: images.Hard(data.MNIST, 60, 49), Terms: 6},
			{Data: images.Hard(data.Fashion, 40, 49), Terms: 6},
		},
		OnData: func(f checks.DataFile) []bracket { return []bracket{{Data: userfile.Rows(f, 100), Terms: 6}} },
		Cost: func(p bracket) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Setup: 3*costs.Eigenvalue(n)*float64(p.Terms+2) + float64(n*n*(2*d+60)), Size: fmt.Sprintf("n=%d", n)}
		},
		Setup: setup(1, 1),
		Controls: []checks.Control[bracket]{
			{Name: "lower-larger", Why: "orthonormal inputs attain the lower bound", At: []bracket{frame}, Setup: setup(1.1, 1)},
			{Name: "upper-smaller", Why: "opposite pairs attain the upper bound", At: []bracket{opposite}, Setup: setup(1, 0.9)},
		},
	}
}

// limitEdge is where the smallest eigenvalue of the limit kernel is at finite sizes.
//
// Setting: n inputs uniform on the sphere of R^d; ReLU.
//
// Hypotheses: d = 26, n = 104, a size at which the law is two per cent off.
//
// Conclusion: for at least half of the draws lambda_min(K) lies within 4.5 % of b_2 ((1-s)^2 + 1.2065 (1-s)(1/s-1)^{1/3} D^{-2/3}) + b, where D =
// (d+2)(d-1)/2 is the number of harmonics of degree two, s = sqrt((n-d)/D), b_2 = 0.159 the part of kappa(1) = 1/2 on them and b = 0.085 that on
// the higher ones. It tends to v(sigma) = b_2 + b = 1/4 only for n << d^2: here v(sigma) is twice what it is.
//
// Constants: ours, to leading order: orthogonal to the linear part the kernel is b_2 times the Gram matrix of n-d unit vectors in R^D, like independent
// ones (Marchenko-Pastur edge with the mean of the Tracy-Widom law), plus b I. A law of random matrices, not a bound: its distance was measured,
// 2.4, 1.9, 0.8 and 0.4 % too large in mean at (n, d) = (100, 20), (120, 40), (180, 60), (400, 80).
//
// Convention: unit inputs; kernel of the first layer.
//
// Reference: derived here; the limit v(sigma) as in the survey of Bartlett, Montanari and Rakhlin (2021), Section 6.
//
// Control: n in place of n - d; and inputs in 22 of the 26 dimensions.
func limitEdge() checks.Checkable {
	const allowance = 0.045
	setup := func(shift int) func(model) (checks.Instance, error) {
		return func(p model) (checks.Instance, error) {
			parts := bounds.NewIsotropic(kernel.ReLU(), p.D)
			edge := parts.Edge(p.N + shift)
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("d = 26, n = 104", p.D == 26 && p.N == 104)},
				Facts: []checks.Fact{
					checks.NewFact("edge", edge), checks.NewFact("v(sigma) of degree two and more", parts.Induced()),
					checks.NewFact("v(sigma) of degree three and more", parts.Rest),
				},
				Terms: checks.Terms{Delta: 0.5},
				Trial: func(r *rand.Rand) checks.Measurement {
					k, err := kernel.ReLU().Gram(p.inputs(r))
					if err != nil {
						return checks.Failed(err)
					}
					values, err := spectrum(k)
					if err != nil {
						return checks.Failed(err)
					}
					return checks.Measurement{Observed: values[0], Predicted: edge, Relation: checks.Equal, Tolerance: allowance * edge}
				},
			}, nil
		}
	}
	p := model{N: 104, D: 26}
	return checks.Claim[model]{
		ID: "montanari2022/limit-edge", Title: "smallest eigenvalue on random inputs", Reference: "derived here; limit in a survey",
		Formula:    `\lambda_{\min}(K) \approx b_2 \left(1 - \sqrt{2(n-d)/d^2}\right)^2 + b \to v(\sigma)`,
		Convention: "unit inputs; kernel of the first layer", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: []model{p},
		Cost: func(p model) checks.Cost {
			return checks.Cost{Trial: float64(p.N*p.N*(p.D+60)) + costs.Eigenvalue(p.N), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: setup(0),
		Controls: []checks.Control[model]{
			{Name: "linear-part-kept", Why: "the linear part does not fill the directions of degree two", At: []model{p}, Setup: setup(p.D)},
			{Name: "subspace", Why: "fewer dimensions have fewer harmonics", At: []model{{N: 104, D: 26, Subspace: 22}}},
		},
	}
}
