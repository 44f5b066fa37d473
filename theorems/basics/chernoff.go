package basics

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/userfile"
)

// A chernoff asks for the width at which a matrix Chernoff bound reaches a
// failure probability.
type chernoff struct {
	Data  data.Spec `json:"data"`
	Eps   float64   `json:"eps"` // relative deviation of the eigenvalue
	Delta float64   `json:"delta"`
}

// chernoffCost takes S^2/lambda_0 at most 40, as on the grid; the search
// pays for its own small sets.
func chernoffCost(p chernoff) checks.Cost {
	n, d := size(p.Data)
	return gramCost(n, d, 40*math.Log(n/p.Delta)/bounds.ChernoffRate(math.Min(p.Eps, 1)))
}

// mostWidth caps the width of a drawn instance: ill-conditioned data ask
// for more than a search can pay.
const mostWidth = 4000

func chernoffs() *rapid.Generator[chernoff] {
	return rapid.Custom(func(t *rapid.T) chernoff {
		return chernoff{
			Data:  gen.Separated(gen.Range{MinN: 1, MaxN: 6, MinD: 2, MaxD: 8}).Draw(t, "data"),
			Eps:   rapid.Float64Range(0.2, 1).Draw(t, "eps"),
			Delta: rapid.SampledFrom([]float64{0.2, 0.5}).Draw(t, "delta"),
		}
	})
}

// gramChernoff bounds the smallest eigenvalue of the Gram matrix.
//
// Setting: as in basics/gram-variance; lambda_0 = lambda_min(H^inf).
//
// Hypotheses: lambda_0 > 0 and m >= ||X||^2 ln(n/delta)/(c(eps) lambda_0), c(eps)
// = eps + (1-eps) ln(1-eps) (at eps = 1/4, 29.21 ||X||^2 ln(n/delta)/lambda_0).
// The width is chosen so; instances that need more than 4000 neurons count as
// outside.
//
// Conclusion: with probability at least 1 - delta, lambda_min(H(0)) >= (1 - eps)
// lambda_0.
//
// Constants: matrix Chernoff (Tropp 2012, Theorem 1.1) for the summands D_r X X^T
// D_r/m, which are positive semidefinite with norm at most ||X||^2/m.
// Often eps^2/2 <= c(eps) stands in its place. Linear in 1/lambda_0, where Hoeffding is
// quadratic; the facts compare the widths.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: Tropp (2012), Theorem 1.1; derived here.
//
// Control: m copies of one neuron, and weights in the positive orthant.
//
// The width is sharp to a factor ln 4 = 1.39 for one or orthonormal inputs as eps tends to 1, where an eigenvalue falls short
// when no neuron is active: with probability 2^{-m}, for which the bound has e^{-m/2}. For smaller eps a third of it is
// enough there, and an eighth for other inputs, as each summand is given the norm ||X||^2/m in all directions.
func gramChernoff() checks.Claim[chernoff] {
	setup := func(law law, less float64) func(chernoff) (checks.Instance, error) {
		return func(p chernoff) (checks.Instance, error) {
			return chernoffInstance(p, kernel.ReLU(), 1, less, func(x *mat.Dense, m int, r *rand.Rand) *mat.SymDense {
				return initialGram(law, x, m, r)
			})
		}
	}
	sphere := func(n, d int, eps float64) chernoff {
		return chernoff{data.Spec{Kind: data.Sphere, N: n, D: d}, eps, 0.2}
	}
	grid := []chernoff{
		{data.Spec{Kind: data.Orthonormal, N: 4, D: 4}, 0.5, 0.2}, {data.Spec{Kind: data.Orthonormal, N: 24, D: 24}, 0.99, 0.1}, sphere(6, 20, 0.15), sphere(10, 20, 0.5), sphere(10, 10, 0.5),
	}
	for _, s := range pictures(10, 49) {
		grid = append(grid, chernoff{s, 0.7, 0.3})
	}
	return checks.Claim[chernoff]{
		ID: "basics/gram-chernoff", Title: "smallest eigenvalue of the Gram matrix at initialisation",
		Reference:  "Tropp (2012), Theorem 1.1; derived here",
		Formula:    `m \ge \frac{\|X\|^2 \ln(n/\delta)}{c(\epsilon)\lambda_0} \Rightarrow \lambda_{\min}(H(0)) \ge (1-\epsilon)\lambda_0`,
		Convention: "1/sqrt(m) scaling, first layer trained",
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 2,
		Space:  chernoffs(),
		Grid:   grid,
		OnData: func(f checks.DataFile) []chernoff { return []chernoff{{userfile.Signed(f, 10), 0.7, 0.3}} },
		Cost:   chernoffCost,
		Setup:  setup(gaussianLaw, 1),
		Controls: []checks.Control[chernoff]{{
			Name: "one-neuron-copied", Why: "the effective width is 1 and H(0) singular",
			At: []chernoff{sphere(10, 20, 0.5)}, Setup: setup(oneLaw, 1),
		}, {
			Name: "positive-orthant", Why: "weights in one orthant see inputs from one side",
			At: []chernoff{sphere(10, 20, 0.25)}, Setup: setup(orthantLaw, 1),
		}},
		Constants: []checks.Constant[chernoff]{{
			Name: "width", Why: "the width divided by the factor: an eigenvalue falls short in more than delta of the draws",
			At: grid[1:2], Factors: []float64{1.5, 2, 3, 4},
			Scaled: func(p chernoff, f float64) (checks.Instance, error) { return setup(gaussianLaw, f)(p) },
		}},
	}
}

// chernoffInstance checks the lower Chernoff bound at its own width, divided by
// less, for |phi'| <= slope.
func chernoffInstance(p chernoff, k kernel.Kernel, slope, less float64, gram func(x *mat.Dense, m int, r *rand.Rand) *mat.SymDense) (checks.Instance, error) {
	g, err := gramOf(p.Data, k)
	if err != nil {
		return checks.Instance{}, err
	}
	n := g.set.N()
	inst := checks.Instance{Hypotheses: []checks.Hypothesis{g.positive()}, Terms: checks.Terms{Delta: checks.Float(p.Delta)}}
	if !inst.Hypotheses[0].Met() {
		return inst, nil
	}
	// The proved ends of lambda_0 and ||X|| make the width safe.
	width := math.Ceil(bounds.ChernoffWidth(n, p.Eps, g.lambda.Lower(), slope*g.spectral.Upper(), p.Delta) / less)
	inst.Hypotheses = append(inst.Hypotheses, checks.Require("neurons needed", width, checks.AtMost, mostWidth))
	inst.Facts = append(g.facts(p.Delta), checks.NewFact("width run", width))
	inst.Trial = func(r *rand.Rand) checks.Measurement {
		c, err := eig.Min(gram(g.set.X, int(width), r))
		if err != nil {
			return checks.Failed(err)
		}
		return checks.Measurement{Observed: c.Value, Predicted: (1 - p.Eps) * g.lambda.Value, Relation: checks.AtLeast, Error: c.Err + g.lambda.Err}
	}
	return inst, nil
}

// gramChernoffMax bounds the largest eigenvalue of the Gram matrix.
//
// Setting: as in basics/gram-variance.
//
// Hypotheses: m >= ||X||^2 ln(n/delta)/(c(eps) lambda_max(H^inf)), c(eps) =
// (1+eps) ln(1+eps) - eps; the width is chosen so.
//
// Conclusion: with probability at least 1 - delta, lambda_max(H(0)) <= (1 + eps)
// lambda_max(H^inf).
//
// Constants: matrix Chernoff as in basics/gram-chernoff; eps^2/3 <= c(eps) for
// eps <= 1, which is often asked for. A few dozen neurons are enough.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: Tropp (2012), Theorem 1.1; derived here.
//
// Control: a twentieth of the deviation is exceeded half of the time.
func gramChernoffMax() checks.Claim[chernoff] {
	setup := func(share float64) func(chernoff) (checks.Instance, error) {
		return func(p chernoff) (checks.Instance, error) {
			g, err := gramOf(p.Data, kernel.ReLU())
			if err != nil {
				return checks.Instance{}, err
			}
			top, err := eig.Max(g.limit)
			if err != nil {
				return checks.Instance{}, err
			}
			s := g.spectral.Upper()
			width := math.Ceil(s * s * math.Log(float64(g.set.N())/p.Delta) / (bounds.ChernoffUpperRate(p.Eps) * top.Lower()))
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("neurons needed", width, checks.AtMost, mostWidth)},
				Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
				Facts: []checks.Fact{
					checks.NewFact("lambda_max", top.Value), checks.NewFact("width run", width),
					checks.NewFact("failure probability bound", bounds.ChernoffUpperFailure(g.set.N(), int(width), p.Eps, top.Value, s)),
				},
				Trial: func(r *rand.Rand) checks.Measurement {
					c, err := eig.Max(initialGram(gaussianLaw, g.set.X, int(width), r))
					if err != nil {
						return checks.Failed(err)
					}
					return checks.Measurement{Observed: c.Value, Predicted: (1 + share*p.Eps) * top.Value, Error: c.Err + 2*top.Err}
				},
			}, nil
		}
	}
	sphere := func(n, d int, eps float64) chernoff {
		return chernoff{data.Spec{Kind: data.Sphere, N: n, D: d}, eps, 0.2}
	}
	grid := []chernoff{sphere(1, 1, 1), sphere(10, 20, 1), sphere(10, 20, 0.25), sphere(20, 10, 0.5)}
	for _, s := range pictures(20, 49) {
		grid = append(grid, chernoff{s, 0.5, 0.2})
	}
	return checks.Claim[chernoff]{
		ID: "basics/gram-chernoff-max", Title: "largest eigenvalue of the Gram matrix at initialisation",
		Reference:  "Tropp (2012), Theorem 1.1; derived here",
		Formula:    `P\left(\lambda_{\max}(H(0)) > (1+\epsilon)\lambda_{\max}(H^\infty)\right) \le n e^{-m c(\epsilon)\lambda_{\max}(H^\infty)/\|X\|^2}`,
		Convention: "1/sqrt(m) scaling, first layer trained",
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 1,
		Space:  chernoffs(),
		Grid:   grid,
		OnData: func(f checks.DataFile) []chernoff { return []chernoff{{userfile.Signed(f, 10), 1, 0.2}} },
		Cost: func(p chernoff) checks.Cost {
			n, d := size(p.Data)
			return gramCost(n, d, 2*n*math.Log(n/p.Delta)/bounds.ChernoffUpperRate(p.Eps))
		},
		Setup: setup(1),
		Controls: []checks.Control[chernoff]{{
			Name: "a-twentieth-of-the-deviation", Why: "lambda_max(H(0)) lies above lambda_max(H^inf) most of the time",
			At: []chernoff{sphere(10, 20, 1)}, Setup: setup(0.05),
		}},
	}
}

// gramChernoffSmooth is the smallest eigenvalue for a smooth activation.
//
// Setting: a two-layer network with phi = erf, m neurons w_r ~ N(0, I), |a_r| =
// 1; H^inf the derivative kernel of erf.
//
// Hypotheses: lambda_0 > 0 and m >= B^2 ||X||^2 ln(n/delta)/(c(eps) lambda_0) with
// B = sup|phi'| = 2/sqrt(pi); the width is chosen so.
//
// Conclusion: with probability at least 1 - delta, lambda_min(H(0)) >= (1 - eps)
// lambda_0.
//
// Constants: as in basics/gram-chernoff; the summands D_r X X^T D_r/m now have a
// diagonal of entries at most B.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: Tropp (2012), Theorem 1.1; derived here.
//
// Control: as many copies of one neuron.
//
// Loose: phi' is B at one point and small elsewhere, so that the summands are far
// below the norm that the bound gives them. The nearest case are long inputs and eps near 1, where few neurons count
// and the sum is almost one of rare equal terms: there a fourth of the width is too little; for unit inputs and
// eps = 1/2 it takes a sixteenth.
func gramChernoffSmooth() checks.Claim[chernoff] {
	gram := func(copies bool) func(x *mat.Dense, m int, r *rand.Rand) *mat.SymDense {
		return func(x *mat.Dense, m int, r *rand.Rand) *mat.SymDense {
			return initialGram(func(m, d int, r *rand.Rand) *nets.Network {
				law := gaussianLaw
				if copies {
					law = oneLaw
				}
				net := law(m, d, r)
				net.Act = nets.Erf()
				return net
			}, x, m, r)
		}
	}
	setup := func(copies bool, less float64) func(chernoff) (checks.Instance, error) {
		return func(p chernoff) (checks.Instance, error) {
			return chernoffInstance(p, kernel.Erf(), 2/math.SqrtPi, less, gram(copies))
		}
	}
	at := func(kind string, n, d int) chernoff {
		return chernoff{data.Spec{Kind: kind, N: n, D: d}, 0.5, 0.3}
	}
	long := chernoff{data.Spec{Kind: data.Basis, N: 1, D: 1, RowNorm: 10}, 0.97, 0.05}
	return checks.Claim[chernoff]{
		ID: "basics/gram-chernoff-smooth", Title: "smallest eigenvalue at initialisation, smooth activation",
		Reference:  "Tropp (2012), Theorem 1.1; derived here",
		Formula:    `m \ge \frac{B^2\|X\|^2 \ln(n/\delta)}{c(\epsilon)\lambda_0} \Rightarrow \lambda_{\min}(H(0)) \ge (1-\epsilon)\lambda_0`,
		Convention: "1/sqrt(m) scaling, first layer trained, phi = erf",
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 2,
		Grid: []chernoff{long, at(data.Orthonormal, 4, 4), {data.Spec{Kind: data.Sphere, N: 6, D: 12}, 0.15, 0.3}, at(data.Sphere, 10, 20)},
		Cost: func(p chernoff) checks.Cost {
			c := chernoffCost(p)
			c.Trial *= 2 // transcendental functions and rank updates
			return c
		},
		Setup: setup(false, 1),
		Controls: []checks.Control[chernoff]{{
			Name: "one-neuron-copied", Why: "a single neuron is saturated on some input, where phi' is nearly 0",
			At: []chernoff{at(data.Sphere, 10, 20)}, Setup: setup(true, 1),
		}},
		Detects: map[string]float64{"width": 4},
		Constants: []checks.Constant[chernoff]{{
			Name: "width", Why: "the width divided by the factor: an eigenvalue falls short in more than delta of the draws",
			At: []chernoff{long}, Factors: []float64{1.5, 2, 3, 4, 6},
			Scaled: func(p chernoff, f float64) (checks.Instance, error) { return setup(false, f)(p) },
		}},
	}
}
