package theorems

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
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
)

// A basicsWide is a random network of some width on a data set.
type basicsWide struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`
	Delta float64   `json:"delta,omitempty"`
}

func basicsGramCost(n, d, m float64) checks.Cost {
	return checks.Cost{Setup: n*n*(4*d+60) + 60*n*n*n, Trial: m*(12*d+2*n*d+6*n) + n*n*m/16 + 40*n*n*n, Size: fmt.Sprintf("m=%.0f", m)}
}

func (p basicsWide) cost() checks.Cost {
	n, d := basicsSize(p.Data)
	return basicsGramCost(n, d, float64(p.Width))
}

// A basicsLaw draws initial networks; the sabotaged ones belong to controls.
type basicsLaw func(m, d int, r *rand.Rand) *nets.Network

func basicsGaussianLaw(m, d int, r *rand.Rand) *nets.Network { return nets.NTK(m, d).Draw(r) }

// basicsOrthantLaw has |g| in place of Gaussian entries g.
func basicsOrthantLaw(m, d int, r *rand.Rand) *nets.Network {
	net := nets.NTK(m, d).Draw(r)
	net.W.Apply(func(_, _ int, v float64) float64 { return math.Abs(v) }, net.W)
	return net
}

// basicsPairedLaw has every neuron twice.
func basicsPairedLaw(m, d int, r *rand.Rand) *nets.Network {
	net := nets.NTK(m, d).Draw(r)
	for i := 1; i < m; i += 2 {
		copy(net.W.RawRowView(i), net.W.RawRowView(i-1))
	}
	return net
}

// basicsOneLaw has a single neuron, m times.
func basicsOneLaw(m, d int, r *rand.Rand) *nets.Network {
	net := nets.NTK(m, d).Draw(r)
	for i := 1; i < m; i++ {
		copy(net.W.RawRowView(i), net.W.RawRowView(0))
	}
	return net
}

// basicsInitialGram draws a network and returns H(0).
func basicsInitialGram(law basicsLaw, x *mat.Dense, m int, r *rand.Rand) *mat.SymDense {
	n, d := x.Dims()
	net, batch := law(m, d, r), nets.NewBatch(x, m)
	batch.Forward(net)
	h := mat.NewSymDense(n, nil)
	batch.Gram(h, net, nets.FirstLayer)
	return h
}

// basicsGramProblem is what the claims on H(0) need of a data set.
type basicsGramProblem struct {
	set      *data.Set
	limit    *mat.SymDense // H^inf
	lambda   eig.Certified // its smallest eigenvalue
	spectral eig.Certified // ||X||_2
	gram     float64       // ||X X^T||_F
}

func basicsGramOf(spec data.Spec, k kernel.Kernel) (*basicsGramProblem, error) {
	set, err := spec.Build()
	if err != nil {
		return nil, err
	}
	p := &basicsGramProblem{set: set}
	if p.limit, err = k.Gram(set.X); err != nil {
		return nil, err
	}
	if p.lambda, err = k.Lambda0(set.X); err != nil {
		return nil, err
	}
	if p.spectral, err = eig.SpectralNorm(set.X); err != nil {
		return nil, err
	}
	var g mat.Dense
	g.Mul(set.X, set.X.T())
	p.gram = mat.Norm(&g, 2)
	return p, nil
}

// positive is the hypothesis lambda_0 > 0, proved beyond rounding.
func (p *basicsGramProblem) positive() checks.Hypothesis {
	return checks.RequireThat("lambda_0 > 0, certified", p.lambda.OK && p.lambda.Value > 0)
}

func (p *basicsGramProblem) facts(delta float64) []checks.Fact {
	n, s := p.set.N(), p.spectral.Value
	return []checks.Fact{
		basicsFact("lambda_0", p.lambda.Value), basicsFact("||X||^2", s*s),
		basicsFact("width for 3/4 lambda_0, matrix Chernoff", bounds.ChernoffWidth(n, 0.25, p.lambda.Value, s, delta)),
		basicsFact("width for 3/4 lambda_0, Hoeffding", bounds.HoeffdingWidth(n, p.gram, p.lambda.Value, delta)),
		basicsFact("width for 3/4 lambda_0, printed", bounds.PrintedGramWidth(n, p.lambda.Value, delta)),
	}
}

// basicsGramVariance is the exact mean square deviation of the Gram matrix.
//
// Setting: H(0) of a two-layer ReLU network with m neurons w_r ~ N(0, I) and
// |a_r| = 1 on n inputs.
//
// Hypotheses: none; any width.
//
// Conclusion: E||H(0) - H^inf||_F^2 = (1/m) sum_ij (x_i.x_j)^2 p_ij (1 - p_ij),
// p_ij = (pi - angle_ij)/(2 pi).
//
// Constants: exact; every entry is x_i.x_j times a mean of m Bernoulli(p_ij)
// variables. Judged is the mean over initialisations, to a resolution of 25 %;
// a trial averages 6 of them, because on images all entries move together and the
// square has a long tail.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: cards 90.13 (a) and 00.3.
//
// Control: with every neuron drawn twice the mean doubles; weights in the
// positive orthant put it off by orders of magnitude.
func basicsGramVariance() checks.Claim[basicsWide] {
	setup := func(law basicsLaw) func(basicsWide) (checks.Instance, error) {
		return func(p basicsWide) (checks.Instance, error) {
			g, err := basicsGramOf(p.Data, kernel.ReLU())
			if err != nil {
				return checks.Instance{}, err
			}
			predicted, err := bounds.GramSecondMoment(g.set.X, p.Width)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.25},
				Facts: []checks.Fact{basicsFact("root mean square deviation", math.Sqrt(predicted))},
				Trial: func(r *rand.Rand) checks.Measurement {
					var sum float64
					for range basicsDraws {
						f := basicsDeviation(basicsInitialGram(law, g.set.X, p.Width, r), g.limit)
						sum += f * f
					}
					return checks.Measurement{Observed: sum / basicsDraws, Predicted: predicted, Relation: checks.Equal, Tolerance: 1e-12 * predicted}
				},
			}, nil
		}
	}
	sphere := func(n, d, m int) basicsWide {
		return basicsWide{Data: data.Spec{Kind: data.Sphere, N: n, D: d}, Width: m}
	}
	grid := []basicsWide{sphere(20, 30, 50), sphere(20, 30, 400), sphere(30, 30, 1)}
	for _, s := range basicsImages(10, 49) {
		grid = append(grid, basicsWide{Data: s, Width: 40})
	}
	return checks.Claim[basicsWide]{
		ID: "basics/gram-variance", Title: "mean square deviation of the Gram matrix at initialisation",
		Reference:  "card 90.13 (a)",
		Formula:    `\mathbb{E}\|H(0)-H^\infty\|_F^2 = \frac1m \sum_{ij} (x_i^T x_j)^2 p_{ij}(1-p_{ij})`,
		Convention: "1/sqrt(m) scaling, first layer trained",
		Basis:      checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid:   grid,
		OnData: func(f checks.DataFile) []basicsWide { return []basicsWide{{Data: basicsFile(f, 10), Width: 40}} },
		Cost: func(p basicsWide) checks.Cost {
			n, d := basicsSize(p.Data)
			c := p.cost()
			c.Trial = basicsDraws * float64(p.Width) * (12*d + 2*n*d + 6*n + n*n/16) // no eigenvalues
			return c
		},
		Setup: setup(basicsGaussianLaw),
		Controls: []checks.Control[basicsWide]{{
			Name: "every-neuron-twice", Why: "the effective width is half, the mean twice as large",
			At: []basicsWide{sphere(20, 30, 100)}, Setup: setup(basicsPairedLaw),
		}, {
			Name: "positive-orthant", Why: "the patterns have another law",
			At: []basicsWide{sphere(20, 30, 100)}, Setup: setup(basicsOrthantLaw),
		}},
	}
}

// basicsDraws is how many initialisations a trial of a mean square averages.
const basicsDraws = 6

// basicsDeviation is ||A - B||_F.
func basicsDeviation(a, b *mat.SymDense) float64 {
	var d mat.Dense
	d.Sub(a, b)
	return mat.Norm(&d, 2)
}

// basicsGramHoeffding bounds the deviation of the Gram matrix.
//
// Setting: as in basics/gram-variance.
//
// Hypotheses: none; any width.
//
// Conclusion: with probability at least 1 - delta, |H_ij(0) - H^inf_ij| <=
// |x_i.x_j| sqrt(ln(n(n+1)/delta)/(2m)) for all i, j, and hence ||H(0) -
// H^inf||_F <= ||X X^T||_F sqrt(ln(n(n+1)/delta)/(2m)). The width 8 ||X X^T||_F^2
// ln(n(n+1)/delta)/lambda_0^2 makes this lambda_0/4.
//
// Constants: Hoeffding for n(n+1)/2 means of m variables with range |x_i.x_j|,
// two-sided. The root mean square deviation is near a quarter of the bound.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: Du et al. 2019, Lemma 3.1, for the form; cards 90.13 (b) and 00.3.
//
// Control: 0.15 of the bound.
func basicsGramHoeffding() checks.Claim[basicsWide] {
	setup := func(share float64) func(basicsWide) (checks.Instance, error) {
		return func(p basicsWide) (checks.Instance, error) {
			g, err := basicsGramOf(p.Data, kernel.ReLU())
			if err != nil {
				return checks.Instance{}, err
			}
			n := g.set.N()
			entry := share * bounds.HoeffdingEntry(n, p.Width, p.Delta)
			most := share * bounds.HoeffdingDeviation(n, p.Width, g.gram, p.Delta)
			dots, err := kernel.Identity().Gram(g.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Facts: g.facts(p.Delta),
				Trial: func(r *rand.Rand) checks.Measurement {
					h := basicsInitialGram(basicsGaussianLaw, g.set.X, p.Width, r)
					var worst float64 // largest deviation in units of |x_i . x_j|
					for i := range n {
						for j := i; j < n; j++ {
							// Nearly orthogonal inputs leave nothing but rounding.
							if dot := math.Abs(dots.At(i, j)); dot > 1e-9 {
								worst = math.Max(worst, math.Abs(h.At(i, j)-g.limit.At(i, j))/dot)
							}
						}
					}
					return checks.All(
						checks.Measurement{Part: "Frobenius norm", Observed: basicsDeviation(h, g.limit), Predicted: most, Tolerance: 1e-13 * float64(n)},
						checks.Measurement{Part: "every entry", Observed: worst, Predicted: entry, Tolerance: 1e-6 * entry},
					)
				},
			}, nil
		}
	}
	sphere := func(n, d, m int) basicsWide {
		return basicsWide{data.Spec{Kind: data.Sphere, N: n, D: d}, m, 0.2}
	}
	grid := []basicsWide{sphere(1, 1, 20), sphere(10, 20, 100), sphere(10, 20, 3000), sphere(20, 10, 500)}
	for _, s := range basicsImages(20, 49) {
		grid = append(grid, basicsWide{s, 400, 0.2})
	}
	return checks.Claim[basicsWide]{
		ID: "basics/gram-hoeffding", Title: "deviation of the Gram matrix at initialisation",
		Reference:  "card 90.13 (b)",
		Formula:    `\|H(0)-H^\infty\|_F \le \|XX^T\|_F \sqrt{\frac{\ln(n(n+1)/\delta)}{2m}}`,
		Convention: "1/sqrt(m) scaling, first layer trained",
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsWide {
			return basicsWide{
				Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 8}).Draw(t, "data"),
				Width: rapid.IntRange(1, 300).Draw(t, "m"),
				Delta: rapid.SampledFrom([]float64{0.2, 0.5}).Draw(t, "delta"),
			}
		}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []basicsWide { return []basicsWide{{basicsFile(f, 20), 400, 0.2}} },
		Cost:   basicsWide.cost,
		Setup:  setup(1),
		Controls: []checks.Control[basicsWide]{{
			Name: "small-share-of-the-bound", Why: "the typical deviation is about 0.28 of the bound",
			At: []basicsWide{sphere(10, 20, 1000)}, Setup: setup(0.15),
		}},
	}
}

// A basicsChernoff asks for the width at which a matrix Chernoff bound reaches a
// failure probability.
type basicsChernoff struct {
	Data  data.Spec `json:"data"`
	Eps   float64   `json:"eps"` // relative deviation of the eigenvalue
	Delta float64   `json:"delta"`
}

// basicsChernoffCost takes S^2/lambda_0 at most 40, as on the grid; the search
// pays for its own small sets.
func basicsChernoffCost(p basicsChernoff) checks.Cost {
	n, d := basicsSize(p.Data)
	return basicsGramCost(n, d, 40*math.Log(n/p.Delta)/bounds.ChernoffRate(math.Min(p.Eps, 1)))
}

// basicsMostWidth caps the width of a drawn instance: ill-conditioned data ask
// for more than a search can pay.
const basicsMostWidth = 4000

func basicsChernoffs() *rapid.Generator[basicsChernoff] {
	return rapid.Custom(func(t *rapid.T) basicsChernoff {
		return basicsChernoff{
			Data:  gen.Separated(gen.Range{MinN: 1, MaxN: 6, MinD: 2, MaxD: 8}).Draw(t, "data"),
			Eps:   rapid.Float64Range(0.2, 1).Draw(t, "eps"),
			Delta: rapid.SampledFrom([]float64{0.2, 0.5}).Draw(t, "delta"),
		}
	})
}

// basicsGramChernoff bounds the smallest eigenvalue of the Gram matrix.
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
// D_r/m, which are positive semidefinite with norm at most ||X||^2/m. The card
// has eps^2/2 <= c(eps) in its place. Linear in 1/lambda_0, where Hoeffding is
// quadratic; the facts compare the widths.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: cards 90.13 (c) and 00.3.
//
// Control: m copies of one neuron, and weights in the positive orthant.
func basicsGramChernoff() checks.Claim[basicsChernoff] {
	setup := func(law basicsLaw) func(basicsChernoff) (checks.Instance, error) {
		return func(p basicsChernoff) (checks.Instance, error) {
			return basicsChernoffInstance(p, kernel.ReLU(), 1, func(x *mat.Dense, m int, r *rand.Rand) *mat.SymDense {
				return basicsInitialGram(law, x, m, r)
			})
		}
	}
	sphere := func(n, d int, eps float64) basicsChernoff {
		return basicsChernoff{data.Spec{Kind: data.Sphere, N: n, D: d}, eps, 0.2}
	}
	grid := []basicsChernoff{
		{data.Spec{Kind: data.Orthonormal, N: 4, D: 4}, 0.5, 0.2}, sphere(10, 20, 0.25), sphere(10, 20, 0.5), sphere(10, 10, 0.5),
	}
	for _, s := range basicsImages(10, 49) {
		grid = append(grid, basicsChernoff{s, 0.7, 0.3})
	}
	return checks.Claim[basicsChernoff]{
		ID: "basics/gram-chernoff", Title: "smallest eigenvalue of the Gram matrix at initialisation",
		Reference:  "card 90.13 (c)",
		Formula:    `m \ge \frac{\|X\|^2 \ln(n/\delta)}{c(\epsilon)\lambda_0} \Rightarrow \lambda_{\min}(H(0)) \ge (1-\epsilon)\lambda_0`,
		Convention: "1/sqrt(m) scaling, first layer trained",
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 1,
		Space:  basicsChernoffs(),
		Grid:   grid,
		OnData: func(f checks.DataFile) []basicsChernoff { return []basicsChernoff{{basicsFile(f, 10), 0.7, 0.3}} },
		Cost:   basicsChernoffCost,
		Setup:  setup(basicsGaussianLaw),
		Controls: []checks.Control[basicsChernoff]{{
			Name: "one-neuron-copied", Why: "the effective width is 1 and H(0) singular",
			At: []basicsChernoff{sphere(10, 20, 0.5)}, Setup: setup(basicsOneLaw),
		}, {
			Name: "positive-orthant", Why: "weights in one orthant see inputs from one side",
			At: []basicsChernoff{sphere(10, 20, 0.25)}, Setup: setup(basicsOrthantLaw),
		}},
	}
}

// basicsChernoffInstance checks the lower Chernoff bound at its own width, for
// |phi'| <= slope.
func basicsChernoffInstance(p basicsChernoff, k kernel.Kernel, slope float64, gram func(x *mat.Dense, m int, r *rand.Rand) *mat.SymDense) (checks.Instance, error) {
	g, err := basicsGramOf(p.Data, k)
	if err != nil {
		return checks.Instance{}, err
	}
	n := g.set.N()
	inst := checks.Instance{Hypotheses: []checks.Hypothesis{g.positive()}, Terms: checks.Terms{Delta: checks.Float(p.Delta)}}
	if !inst.Hypotheses[0].Met() {
		return inst, nil
	}
	// The proved ends of lambda_0 and ||X|| make the width safe.
	width := math.Ceil(bounds.ChernoffWidth(n, p.Eps, g.lambda.Lower(), slope*g.spectral.Upper(), p.Delta))
	inst.Hypotheses = append(inst.Hypotheses, checks.Require("neurons needed", width, checks.AtMost, basicsMostWidth))
	inst.Facts = append(g.facts(p.Delta), basicsFact("width run", width))
	inst.Trial = func(r *rand.Rand) checks.Measurement {
		c, err := eig.Min(gram(g.set.X, int(width), r))
		if err != nil {
			return checks.Failed(err)
		}
		return checks.Measurement{Observed: c.Value, Predicted: (1 - p.Eps) * g.lambda.Value, Relation: checks.AtLeast, Error: c.Err + g.lambda.Err}
	}
	return inst, nil
}

// basicsGramChernoffMax bounds the largest eigenvalue of the Gram matrix.
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
// eps <= 1, which the card has. A few dozen neurons are enough.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: card 90.13 (c).
//
// Control: a twentieth of the deviation is exceeded half of the time.
func basicsGramChernoffMax() checks.Claim[basicsChernoff] {
	setup := func(share float64) func(basicsChernoff) (checks.Instance, error) {
		return func(p basicsChernoff) (checks.Instance, error) {
			g, err := basicsGramOf(p.Data, kernel.ReLU())
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
				Hypotheses: []checks.Hypothesis{checks.Require("neurons needed", width, checks.AtMost, basicsMostWidth)},
				Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
				Facts: []checks.Fact{
					basicsFact("lambda_max", top.Value), basicsFact("width run", width),
					basicsFact("failure probability bound", bounds.ChernoffUpperFailure(g.set.N(), int(width), p.Eps, top.Value, s)),
				},
				Trial: func(r *rand.Rand) checks.Measurement {
					c, err := eig.Max(basicsInitialGram(basicsGaussianLaw, g.set.X, int(width), r))
					if err != nil {
						return checks.Failed(err)
					}
					return checks.Measurement{Observed: c.Value, Predicted: (1 + share*p.Eps) * top.Value, Error: c.Err + 2*top.Err}
				},
			}, nil
		}
	}
	sphere := func(n, d int, eps float64) basicsChernoff {
		return basicsChernoff{data.Spec{Kind: data.Sphere, N: n, D: d}, eps, 0.2}
	}
	grid := []basicsChernoff{sphere(1, 1, 1), sphere(10, 20, 1), sphere(10, 20, 0.25), sphere(20, 10, 0.5)}
	for _, s := range basicsImages(20, 49) {
		grid = append(grid, basicsChernoff{s, 0.5, 0.2})
	}
	return checks.Claim[basicsChernoff]{
		ID: "basics/gram-chernoff-max", Title: "largest eigenvalue of the Gram matrix at initialisation",
		Reference:  "card 90.13 (c)",
		Formula:    `P\left(\lambda_{\max}(H(0)) > (1+\epsilon)\lambda_{\max}(H^\infty)\right) \le n e^{-m c(\epsilon)\lambda_{\max}(H^\infty)/\|X\|^2}`,
		Convention: "1/sqrt(m) scaling, first layer trained",
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 1,
		Space:  basicsChernoffs(),
		Grid:   grid,
		OnData: func(f checks.DataFile) []basicsChernoff { return []basicsChernoff{{basicsFile(f, 20), 0.5, 0.2}} },
		Cost: func(p basicsChernoff) checks.Cost {
			n, d := basicsSize(p.Data)
			return basicsGramCost(n, d, 2*n*math.Log(n/p.Delta)/bounds.ChernoffUpperRate(p.Eps))
		},
		Setup: setup(1),
		Controls: []checks.Control[basicsChernoff]{{
			Name: "a-twentieth-of-the-deviation", Why: "lambda_max(H(0)) lies above lambda_max(H^inf) most of the time",
			At: []basicsChernoff{sphere(10, 20, 1)}, Setup: setup(0.05),
		}},
	}
}

// basicsGramChernoffSmooth is the smallest eigenvalue for a smooth activation.
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
// Reference: card 90.13 (d).
//
// Control: as many copies of one neuron.
func basicsGramChernoffSmooth() checks.Claim[basicsChernoff] {
	gram := func(copies bool) func(x *mat.Dense, m int, r *rand.Rand) *mat.SymDense {
		return func(x *mat.Dense, m int, r *rand.Rand) *mat.SymDense {
			return basicsInitialGram(func(m, d int, r *rand.Rand) *nets.Network {
				law := basicsGaussianLaw
				if copies {
					law = basicsOneLaw
				}
				net := law(m, d, r)
				net.Act = nets.Erf()
				return net
			}, x, m, r)
		}
	}
	setup := func(copies bool) func(basicsChernoff) (checks.Instance, error) {
		return func(p basicsChernoff) (checks.Instance, error) {
			return basicsChernoffInstance(p, kernel.Erf(), 2/math.SqrtPi, gram(copies))
		}
	}
	at := func(kind string, n, d int) basicsChernoff {
		return basicsChernoff{data.Spec{Kind: kind, N: n, D: d}, 0.5, 0.3}
	}
	return checks.Claim[basicsChernoff]{
		ID: "basics/gram-chernoff-smooth", Title: "smallest eigenvalue at initialisation, smooth activation",
		Reference:  "card 90.13 (d)",
		Formula:    `m \ge \frac{B^2\|X\|^2 \ln(n/\delta)}{c(\epsilon)\lambda_0} \Rightarrow \lambda_{\min}(H(0)) \ge (1-\epsilon)\lambda_0`,
		Convention: "1/sqrt(m) scaling, first layer trained, phi = erf",
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: []basicsChernoff{at(data.Orthonormal, 4, 4), at(data.Sphere, 6, 12), at(data.Sphere, 10, 20)},
		Cost: func(p basicsChernoff) checks.Cost {
			c := basicsChernoffCost(p)
			c.Trial *= 2 // transcendental functions and rank updates
			return c
		},
		Setup: setup(false),
		Controls: []checks.Control[basicsChernoff]{{
			Name: "one-neuron-copied", Why: "one neuron sees n inputs through d < n directions or through one saturated weight",
			At: []basicsChernoff{at(data.Sphere, 10, 20)}, Setup: setup(true),
		}},
	}
}

// basicsGramScaling finds how the deviation shrinks with the width.
//
// Setting: as in basics/gram-variance, m doubled from rung to rung.
//
// Hypotheses: none.
//
// Conclusion: ||H(0) - H^inf||_F falls like m^{-1/2}.
//
// Constants: the exponent is exact for the root mean square
// (basics/gram-variance); the ladder is judged to 0.12.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: cards 90.13 and 00.3.
//
// Control: the exponent -1.
func basicsGramScaling() checks.Claim[basicsGramLadder] {
	setup := func(exponent float64) func(basicsGramLadder) (checks.Instance, error) {
		return func(p basicsGramLadder) (checks.Instance, error) {
			g, err := basicsGramOf(p.Data, kernel.ReLU())
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Exponent: checks.Float(exponent), Resolution: 0.12, Trials: 60},
				Trial: func(r *rand.Rand) checks.Measurement {
					var ladder []checks.Rung
					for k := range p.Rungs {
						m := p.From << k
						ladder = append(ladder, checks.Rung{Size: float64(m), Value: basicsDeviation(basicsInitialGram(basicsGaussianLaw, g.set.X, m, r), g.limit)})
					}
					return checks.Measurement{Ladder: ladder}
				},
			}, nil
		}
	}
	sphere := basicsGramLadder{data.Spec{Kind: data.Sphere, N: 20, D: 20}, 12, 7}
	grid := []basicsGramLadder{sphere}
	for _, s := range basicsImages(10, 49) {
		grid = append(grid, basicsGramLadder{s, 12, 7})
	}
	return checks.Claim[basicsGramLadder]{
		ID: "basics/gram-scaling", Title: "the Gram deviation falls like m^(-1/2)",
		Reference:  "card 90.13, table C",
		Formula:    `\|H(0)-H^\infty\|_F \propto m^{-1/2}`,
		Convention: "1/sqrt(m) scaling, first layer trained",
		Basis:      checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid:   grid,
		OnData: func(f checks.DataFile) []basicsGramLadder { return []basicsGramLadder{{basicsFile(f, 10), 12, 7}} },
		Cost: func(p basicsGramLadder) checks.Cost {
			n, d := basicsSize(p.Data)
			return basicsGramCost(n, d, float64(p.From<<max(0, p.Rungs)))
		},
		Setup: setup(-0.5),
		Controls: []checks.Control[basicsGramLadder]{{
			Name: "exponent-minus-one", Why: "means of m terms do not converge that fast",
			At: []basicsGramLadder{sphere}, Setup: setup(-1),
		}},
	}
}

type basicsGramLadder struct {
	Data  data.Spec `json:"data"`
	From  int       `json:"from"` // width of the first rung
	Rungs int       `json:"rungs"`
}

// A basicsRadius is a distance that a neuron moves.
type basicsBall struct {
	R float64 `json:"r"`
}

// basicsAntiConcentration is the probability that a neuron is fragile.
//
// Setting: w ~ N(0, I), a unit input x, R > 0.
//
// Hypotheses: none.
//
// Conclusion: P(|w.x| <= R) = erf(R/sqrt 2) <= R sqrt(2/pi).
//
// Constants: sharp as R tends to 0: the density of w.x is at most 1/sqrt(2 pi).
// Measured is the integral of the density by a Gauss-Legendre rule.
//
// Convention: w of unit variance; for N(0, k^2 I) read R/k.
//
// Reference: cards 90.14 and 00.4.
//
// Control: 0.9 of the bound fails at R = 0.01.
func basicsAntiConcentration() checks.Claim[basicsBall] {
	setup := func(share float64) func(basicsBall) (checks.Instance, error) {
		return func(p basicsBall) (checks.Instance, error) {
			if !(p.R > 0 && p.R <= 10) {
				return checks.Instance{}, fmt.Errorf("r = %v: give 0 < r <= 10", p.R)
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Trial: func(*rand.Rand) checks.Measurement {
					density := func(z float64) float64 { return 2 * math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }
					mass := quad.Fixed(density, 0, p.R, 60, quad.Legendre{}, 0)
					return checks.All(
						checks.Measurement{Part: "erf", Observed: mass, Predicted: bounds.FlipProbability(p.R), Relation: checks.Equal, Tolerance: 1e-13 * mass},
						checks.Measurement{Part: "bound", Observed: mass, Predicted: share * bounds.FlipProbabilityBound(p.R), Tolerance: 1e-13 * mass},
					)
				},
			}, nil
		}
	}
	return checks.Claim[basicsBall]{
		ID: "basics/anti-concentration", Title: "probability that a neuron is fragile",
		Reference:  "card 90.14",
		Formula:    `P(|w^T x| \le R) = \operatorname{erf}(R/\sqrt2) \le R\sqrt{2/\pi}`,
		Convention: "w ~ N(0, I), unit input",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsBall {
			return basicsBall{math.Pow(10, rapid.Float64Range(-8, 1).Draw(t, "log10 r"))}
		}),
		Grid:  []basicsBall{{1e-6}, {0.01}, {0.3}, {1}, {5}},
		Setup: setup(1),
		Controls: []checks.Control[basicsBall]{{
			Name: "nine-tenths", Why: "at small R the bound is attained",
			At: []basicsBall{{0.01}}, Setup: setup(0.9),
		}},
	}
}

// A basicsAttack moves every neuron by at most R from its start.
type basicsAttack struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`
	R     float64   `json:"r"`
	How   string    `json:"how"` // see basicsAttacks
}

// basicsAttacks: across flips every neuron it can on the first input, off only
// switches off, fragile moves each neuron across its nearest input, random goes
// anywhere.
func basicsAttacks() []string { return []string{"across", "off", "fragile", "random"} }

func (p basicsAttack) cost() checks.Cost {
	n, d := basicsSize(p.Data)
	m := float64(p.Width)
	return checks.Cost{Setup: n*n*d + 1e4, Trial: m*(12*d+6*n*d+20*n) + n*n*m/8, Size: fmt.Sprintf("m=%d", p.Width)}
}

func basicsAttacked(how ...string) *rapid.Generator[basicsAttack] {
	return rapid.Custom(func(t *rapid.T) basicsAttack {
		return basicsAttack{
			Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 6}).Draw(t, "data"),
			Width: rapid.IntRange(1, 200).Draw(t, "m"),
			R:     math.Pow(10, rapid.Float64Range(-3, 0.5).Draw(t, "log10 r")),
			How:   rapid.SampledFrom(how).Draw(t, "how"),
		}
	})
}

// move returns a copy of the network with every neuron moved by at most radius.
func (p basicsAttack) move(net *nets.Network, batch *nets.Batch, radius float64, r *rand.Rand) (*nets.Network, error) {
	moved := net.Clone()
	n, d := batch.X.Dims()
	for k := range net.Width() {
		z, target := batch.Z.RawRowView(k), 0
		step := make([]float64, d)
		switch p.How {
		case "random":
			step = basicsVector(r, d)
			step = basicsScaled(radius/basicsNorm(step), step)
		case "fragile":
			for i := range n {
				if math.Abs(z[i]) < math.Abs(z[target]) {
					target = i
				}
			}
			fallthrough
		case "across", "off":
			if p.How != "off" || z[target] > 0 {
				step = basicsScaled(-math.Copysign(radius, z[target]), batch.X.RawRowView(target))
			}
		default:
			return nil, fmt.Errorf("unknown attack %q: use one of %v", p.How, basicsAttacks())
		}
		row := moved.W.RawRowView(k)
		for i := range row {
			row[i] += step[i]
		}
	}
	return moved, nil
}

// A basicsMoved is a network before and after an attack.
type basicsMoved struct {
	fragile []int // S_i: neurons within R of the kink on input i, before
	flips   []int // neurons whose pattern on input i differs
	before  *mat.SymDense
	after   *mat.SymDense
}

// run draws a network and attacks it with the given multiple of R.
func (p basicsAttack) run(set *data.Set, multiple float64, r *rand.Rand) (*basicsMoved, error) {
	n := set.N()
	net, batch := nets.NTK(p.Width, set.D()).Draw(r), nets.NewBatch(set.X, p.Width)
	batch.Forward(net)
	out := &basicsMoved{fragile: make([]int, n), flips: make([]int, n), before: mat.NewSymDense(n, nil), after: mat.NewSymDense(n, nil)}
	batch.Fragile(out.fragile, net, p.R*(1+1e-12))
	start, end := nets.NewPatterns(n, p.Width), nets.NewPatterns(n, p.Width)
	batch.Patterns(start)
	batch.Gram(out.before, net, nets.FirstLayer)
	moved, err := p.move(net, batch, multiple*p.R, r)
	if err != nil {
		return nil, err
	}
	batch.Forward(moved)
	batch.Patterns(end)
	batch.Gram(out.after, moved, nets.FirstLayer)
	start.Flips(out.flips, end)
	return out, nil
}

// basicsFlipInclusion says which neurons can flip.
//
// Setting: m neurons w_r(0) ~ N(0, I), unit inputs; weights W with ||w_r -
// w_r(0)|| <= R for every r, chosen against the initial weights.
//
// Hypotheses: none.
//
// Conclusion: on every input x_i at most S_i = #{r : |w_r(0).x_i| <= R} patterns
// flip.
//
// Constants: |w_r.x_i - w_r(0).x_i| <= R. Attained by moving every neuron across
// the boundary of one input. S_i is counted with R(1 + 1e-12).
//
// Convention: pattern 1{w.x >= 0}.
//
// Reference: cards 90.14 and 00.4.
//
// Control: weights that move by 3R flip about three times as many. (Random
// directions of that length do not.)
func basicsFlipInclusion() checks.Claim[basicsAttack] {
	setup := func(multiple float64) func(basicsAttack) (checks.Instance, error) {
		return func(p basicsAttack) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Facts: []checks.Fact{basicsFact("mean of S_i/m", bounds.FlipProbability(p.R))},
				Trial: func(r *rand.Rand) checks.Measurement {
					moved, err := p.run(set, multiple, r)
					if err != nil {
						return checks.Failed(err)
					}
					var parts []checks.Measurement
					for i, s := range moved.fragile {
						parts = append(parts, checks.Measurement{Part: fmt.Sprintf("input %d", i), Observed: float64(moved.flips[i]), Predicted: float64(s)})
					}
					return checks.All(parts...)
				},
			}, nil
		}
	}
	grid := []basicsAttack{
		{data.Spec{Kind: data.Sphere, N: 5, D: 5}, 2000, 0.03, "across"}, {data.Spec{Kind: data.Sphere, N: 10, D: 20}, 2000, 0.1, "fragile"},
		{data.Spec{Kind: data.Circle, N: 8}, 1000, 0.3, "across"}, {data.Spec{Kind: data.Sphere, N: 10, D: 20}, 1000, 0.1, "random"},
	}
	for _, s := range basicsImages(20, 49) {
		grid = append(grid, basicsAttack{s, 1000, 0.02, "across"})
	}
	return checks.Claim[basicsAttack]{
		ID: "basics/flip-inclusion", Title: "which activations can flip",
		Reference:  "card 90.14",
		Formula:    `\#\{r : \text{flipped on } x_i\} \le S_i = \#\{r : |w_r(0)^T x_i| \le R\}`,
		Convention: "unit inputs, ||w_r - w_r(0)|| <= R",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: basicsAttacked(basicsAttacks()...),
		Grid:  grid,
		OnData: func(f checks.DataFile) []basicsAttack {
			return []basicsAttack{{basicsFile(f, 20), 1000, 0.02, "across"}}
		},
		Cost:  basicsAttack.cost,
		Setup: setup(1),
		Controls: []checks.Control[basicsAttack]{{
			Name: "three-times-the-radius", Why: "about 3 S_i neurons lie within 3R of the boundary",
			At: []basicsAttack{{data.Spec{Kind: data.Sphere, N: 5, D: 5}, 2000, 0.03, "across"}}, Setup: setup(3),
		}},
	}
}

// A basicsFragile counts fragile neurons of random networks.
type basicsFragile struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`
	R     float64   `json:"r"`
	Delta float64   `json:"delta,omitempty"`
}

func (p basicsFragile) cost() checks.Cost {
	n, d := basicsSize(p.Data)
	return checks.Cost{Setup: n*d + 1e4, Trial: float64(p.Width) * (12*d + 2*n*d + 4*n), Size: fmt.Sprintf("m=%d", p.Width)}
}

// counts draws a network and returns S_i for every input.
func (p basicsFragile) counts(set *data.Set, r *rand.Rand) []int {
	net, batch := nets.NTK(p.Width, set.D()).Draw(r), nets.NewBatch(set.X, p.Width)
	batch.Forward(net)
	s := make([]int, set.N())
	batch.Fragile(s, net, p.R)
	return s
}

// basicsFlipMean is the mean number of fragile neurons.
//
// Setting: m neurons w_r ~ N(0, I), unit inputs, S_i = #{r : |w_r.x_i| <= R}.
//
// Hypotheses: none; any width.
//
// Conclusion: E S_i = m erf(R/sqrt 2).
//
// Constants: exact. Judged is the mean over inputs and initialisations, to 5 %.
//
// Convention: w of unit variance.
//
// Reference: cards 90.14 and 00.4.
//
// Control: the probability for half of the radius.
func basicsFlipMean() checks.Claim[basicsFragile] {
	setup := func(share float64) func(basicsFragile) (checks.Instance, error) {
		return func(p basicsFragile) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			predicted := bounds.FlipProbability(share * p.R)
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.05},
				Trial: func(r *rand.Rand) checks.Measurement {
					var sum float64
					for _, s := range p.counts(set, r) {
						sum += float64(s)
					}
					return checks.Measurement{Observed: sum / float64(set.N()*p.Width), Predicted: predicted, Relation: checks.Equal, Tolerance: 1e-13 * predicted}
				},
			}, nil
		}
	}
	sphere := func(n, d, m int, r float64) basicsFragile {
		return basicsFragile{Data: data.Spec{Kind: data.Sphere, N: n, D: d}, Width: m, R: r}
	}
	grid := []basicsFragile{sphere(5, 5, 4000, 0.03), sphere(5, 5, 1000, 0.3), sphere(10, 20, 1, 1.5)}
	for _, s := range basicsImages(20, 49) {
		grid = append(grid, basicsFragile{Data: s, Width: 1000, R: 0.3})
	}
	return checks.Claim[basicsFragile]{
		ID: "basics/flip-mean", Title: "mean number of fragile neurons",
		Reference:  "card 90.14",
		Formula:    `\mathbb{E}\, S_i = m \operatorname{erf}(R/\sqrt2)`,
		Convention: "w ~ N(0, I), unit inputs",
		Basis:      checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid,
		OnData: func(f checks.DataFile) []basicsFragile {
			return []basicsFragile{{Data: basicsFile(f, 20), Width: 1000, R: 0.3}}
		},
		Cost:  basicsFragile.cost,
		Setup: setup(1),
		Controls: []checks.Control[basicsFragile]{{
			Name: "half-the-radius", Why: "half as many neurons are that close to the boundary",
			At: []basicsFragile{sphere(5, 5, 2000, 0.1)}, Setup: setup(0.5),
		}},
	}
}

// basicsFlipCount bounds the number of fragile neurons on every input.
//
// Setting: as in basics/flip-mean.
//
// Hypotheses: none; any width.
//
// Conclusion: with probability at least 1 - delta, for all i, S_i <= m R
// sqrt(2/pi) + sqrt(m ln(n/delta)/2).
//
// Constants: Hoeffding for n binomials, and basics/anti-concentration. (The
// commonly quoted 2R/sqrt(2 pi) and 4 n^2 R/(sqrt(2 pi) delta) follow with Markov
// in place of Hoeffding.)
//
// Convention: w of unit variance.
//
// Reference: Du et al. 2019, Lemma 3.2, for the form; cards 90.14 and 00.4.
//
// Control: half of the bound fails when the mean is the larger part of it.
func basicsFlipCount() checks.Claim[basicsFragile] {
	setup := func(share float64) func(basicsFragile) (checks.Instance, error) {
		return func(p basicsFragile) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			most := share * float64(p.Width) * bounds.HoeffdingFlips(bounds.FlipProbabilityBound(p.R), set.N(), p.Width, p.Delta)
			inst := checks.Instance{
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Facts: []checks.Fact{
					basicsFact("mean of S_i", float64(p.Width)*bounds.FlipProbability(p.R)),
					basicsFact("Bernstein's bound", float64(p.Width)*bounds.BernsteinFlips(bounds.FlipProbability(p.R), set.N(), p.Width, p.Delta)),
					basicsFact("Markov's bound on the sum", bounds.MarkovFlips(set.N(), p.Width, p.R, p.Delta)),
				},
				Trial: func(r *rand.Rand) checks.Measurement {
					largest := 0
					for _, s := range p.counts(set, r) {
						largest = max(largest, s)
					}
					return checks.Measurement{Observed: float64(largest), Predicted: most}
				},
			}
			if most >= float64(p.Width) {
				inst.Trivial = "the bound exceeds the number of neurons"
			}
			return inst, nil
		}
	}
	sphere := func(n, d, m int, r float64) basicsFragile {
		return basicsFragile{data.Spec{Kind: data.Sphere, N: n, D: d}, m, r, 0.2}
	}
	grid := []basicsFragile{sphere(1, 1, 100, 0.2), sphere(10, 20, 1000, 0.003), sphere(10, 20, 1000, 0.2), sphere(5, 5, 4000, 0.03)}
	for _, s := range basicsImages(20, 49) {
		grid = append(grid, basicsFragile{s, 1000, 0.1, 0.2})
	}
	return checks.Claim[basicsFragile]{
		ID: "basics/flip-count", Title: "number of fragile neurons on every input",
		Reference:  "card 90.14",
		Formula:    `\max_i S_i \le mR\sqrt{2/\pi} + \sqrt{\frac{m}{2}\ln\frac{n}{\delta}}`,
		Convention: "w ~ N(0, I), unit inputs",
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsFragile {
			return basicsFragile{
				Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 8}).Draw(t, "data"),
				Width: rapid.IntRange(1, 500).Draw(t, "m"),
				R:     math.Pow(10, rapid.Float64Range(-4, 0).Draw(t, "log10 r")),
				Delta: rapid.SampledFrom([]float64{0.2, 0.5}).Draw(t, "delta"),
			}
		}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []basicsFragile { return []basicsFragile{{basicsFile(f, 20), 1000, 0.1, 0.2}} },
		Cost:   basicsFragile.cost,
		Setup:  setup(1),
		Controls: []checks.Control[basicsFragile]{{
			Name: "half-the-bound", Why: "the mean alone exceeds it",
			At: []basicsFragile{sphere(10, 20, 4000, 0.3)}, Setup: setup(0.5),
		}},
	}
}

// basicsGramStability bounds how far the Gram matrix moves with the weights.
//
// Setting: as in basics/flip-inclusion; H(W) the Gram matrix at the moved
// weights.
//
// Hypotheses: none.
//
// Conclusion: for every W in the ball, |H_ij(W) - H_ij(0)| <= |x_i.x_j| (S_i +
// S_j)/m and ||H(W) - H(0)||_F <= 2 n max_i S_i/m. Deterministic given W(0).
//
// Constants: an entry changes only at neurons that flip on one of its inputs.
//
// Convention: 1/sqrt(m) scaling, first layer trained, unit inputs.
//
// Reference: Du et al. 2019, Lemma 3.2, for the form; cards 90.14 and 00.4.
//
// Control: weights that move by 10R and switch off one input.
func basicsGramStability() checks.Claim[basicsAttack] {
	setup := func(multiple float64) func(basicsAttack) (checks.Instance, error) {
		return func(p basicsAttack) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			dots, err := kernel.Identity().Gram(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			n := set.N()
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				moved, err := p.run(set, multiple, r)
				if err != nil {
					return checks.Failed(err)
				}
				const tol = 1e-14 // of inner products of unit inputs
				most := 0
				var parts []checks.Measurement
				for i := range n {
					most = max(most, moved.fragile[i])
					for j := i; j < n; j++ {
						if math.Abs(dots.At(i, j)) < 1e-12 {
							continue // orthogonal inputs leave nothing but rounding
						}
						parts = append(parts, checks.Measurement{Part: "entry", Observed: math.Abs(moved.after.At(i, j) - moved.before.At(i, j)),
							Predicted: bounds.GramEntryShift(dots.At(i, j), moved.fragile[i], moved.fragile[j], p.Width), Tolerance: tol})
					}
				}
				parts = append(parts, checks.Measurement{Part: "Frobenius norm", Observed: basicsDeviation(moved.after, moved.before),
					Predicted: bounds.GramShift(n, float64(most)/float64(p.Width)), Tolerance: tol * float64(n)})
				return checks.All(parts...)
			}}, nil
		}
	}
	grid := []basicsAttack{
		{data.Spec{Kind: data.Sphere, N: 5, D: 5}, 2000, 0.03, "off"}, {data.Spec{Kind: data.Sphere, N: 10, D: 20}, 2000, 0.1, "fragile"},
		{data.Spec{Kind: data.Circle, N: 8}, 1000, 0.1, "across"}, {data.Spec{Kind: data.Orthonormal, N: 6, D: 10}, 1000, 0.2, "off"},
	}
	for _, s := range basicsImages(20, 49) {
		grid = append(grid, basicsAttack{s, 1000, 0.02, "off"})
	}
	return checks.Claim[basicsAttack]{
		ID: "basics/gram-stability", Title: "the Gram matrix under movement of the weights",
		Reference:  "card 90.14",
		Formula:    `\|H(W)-H(0)\|_F \le \frac{2n}{m} \max_i S_i,\quad |H_{ij}(W)-H_{ij}(0)| \le |x_i^T x_j| \frac{S_i+S_j}{m}`,
		Convention: "1/sqrt(m) scaling, unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: basicsAttacked(basicsAttacks()...),
		Grid:  grid,
		OnData: func(f checks.DataFile) []basicsAttack {
			return []basicsAttack{{basicsFile(f, 20), 1000, 0.02, "off"}}
		},
		Cost:  basicsAttack.cost,
		Setup: setup(1),
		Controls: []checks.Control[basicsAttack]{{
			Name: "ten-times-the-radius", Why: "5 S_i neurons are switched off, where the bound allows 2 S_i",
			At: []basicsAttack{{data.Spec{Kind: data.Sphere, N: 3, D: 5}, 4000, 0.02, "off"}}, Setup: setup(10),
		}},
	}
}

// A basicsStep is one gradient step of a small network.
type basicsStep struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`
	Eta   float64   `json:"eta"`
	Act   string    `json:"act"` // relu, leaky, identity; tanh for controls
	Loss  string    `json:"loss,omitempty"`
}

func (p basicsStep) parts() (*data.Set, nets.Activation, nets.Loss, error) {
	set, err := p.Data.Build()
	if err != nil {
		return nil, nets.Activation{}, nil, err
	}
	act := nets.LeakyReLU(0.3)
	if p.Act != "leaky" {
		if act, err = nets.ActivationNamed(p.Act); err != nil {
			return nil, act, nil, err
		}
	}
	var loss nets.Loss = nets.Square{}
	if p.Loss == "logistic" {
		loss = nets.Logistic{}
		for i, y := range set.Y { // labels -1 and +1
			set.Y[i] = math.Copysign(1, y)
		}
	}
	return set, act, loss, nil
}

func basicsStepSpace(acts ...string) *rapid.Generator[basicsStep] {
	return rapid.Custom(func(t *rapid.T) basicsStep {
		s := gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 6}).Draw(t, "data")
		s.RowNorm = rapid.SampledFrom([]float64{1, 0.3, 3}).Draw(t, "row norm")
		return basicsStep{
			Data:  s,
			Width: rapid.IntRange(1, 60).Draw(t, "m"),
			Eta:   math.Pow(10, rapid.Float64Range(-3, 0.5).Draw(t, "log10 eta")),
			Act:   rapid.SampledFrom(acts).Draw(t, "act"),
			Loss:  rapid.SampledFrom([]string{"", "logistic"}).Draw(t, "loss"),
		}
	})
}

func basicsStepCost(p basicsStep) checks.Cost {
	n, d := basicsSize(p.Data)
	return checks.Cost{Trial: float64(p.Width)*(20*d+16*n*d+60*n) + 1e4}
}

func basicsStepGrid() []basicsStep {
	sphere := data.Spec{Kind: data.Sphere, N: 6, D: 4}
	grid := []basicsStep{
		{data.Spec{Kind: data.Basis, N: 1, D: 1}, 1, 0.5, "relu", ""}, {sphere, 50, 0.3, "relu", ""}, {sphere, 50, 1, "relu", "logistic"},
		{sphere, 20, 0.3, "leaky", ""}, {sphere, 20, 0.3, "identity", ""}, {data.Spec{Kind: data.Gaussian, N: 8, D: 5, Raw: true}, 30, 0.1, "relu", ""},
	}
	for _, s := range basicsImages(20, 49) {
		grid = append(grid, basicsStep{s, 100, 0.1, "relu", ""})
	}
	return grid
}

func basicsStepOnData(f checks.DataFile) []basicsStep {
	return []basicsStep{{basicsLabelled(basicsFile(f, 20)), 100, 0.1, "relu", ""}}
}

// A basicsGradients is a network with the gradients of its loss.
type basicsGradients struct {
	net   *nets.Network
	batch *nets.Batch
	e     []float64  // derivative of the loss in the outputs
	dw    *mat.Dense // m x d
	da    []float64
}

func basicsGradientsAt(set *data.Set, m int, act nets.Activation, loss nets.Loss, r *rand.Rand) *basicsGradients {
	g := &basicsGradients{
		net:   nets.Init{Width: m, Dim: set.D(), Act: act, Kappa: 1, Output: nets.GaussianOutput}.Draw(r),
		batch: nets.NewBatch(set.X, m), e: make([]float64, set.N()), dw: mat.NewDense(m, set.D(), nil), da: make([]float64, m),
	}
	g.batch.Forward(g.net)
	loss.Gradient(g.e, g.batch.U, set.Y)
	g.batch.Gradient(g.dw, g.da, g.net, g.e)
	return g
}

// size bounds the terms of <w_r, grad F>: |a_r| ||w_r|| s sum_i |e_i| ||x_i||.
func (g *basicsGradients) size(r int) float64 {
	var sum float64
	for i, norm := range data.RowNorms(g.batch.X) {
		sum += math.Abs(g.e[i]) * norm
	}
	return math.Abs(g.net.A[r]) * basicsNorm(g.net.W.RawRowView(r)) * g.net.Scale * sum
}

func basicsDot(a, b []float64) float64 {
	var sum float64
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// basicsEuler is Euler's identity for homogeneous activations.
//
// Setting: f(x) = s sum_r a_r phi(w_r.x) with phi positively homogeneous (ReLU,
// leaky ReLU, identity) and any differentiable loss F of the outputs.
//
// Hypotheses: none; any inputs and labels.
//
// Conclusion: <w_r, grad_{w_r} F> = a_r dF/da_r for every neuron, so that a_r^2 -
// ||w_r||^2 is constant along gradient flow.
//
// Constants: identity: phi'(z) z = phi(z). The tolerance is the rounding of the
// sums.
//
// Convention: any output scale s, Gaussian output weights.
//
// Reference: card 90.15.
//
// Control: tanh is not homogeneous.
func basicsEuler() checks.Claim[basicsStep] {
	return checks.Claim[basicsStep]{
		ID: "basics/euler", Title: "Euler's identity for homogeneous activations",
		Reference:  "card 90.15",
		Formula:    `\langle w_r, \nabla_{w_r} F \rangle = a_r \frac{\partial F}{\partial a_r}`,
		Convention: "phi(cz) = c phi(z) for c >= 0",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  basicsStepSpace("relu", "leaky", "identity"),
		Grid:   basicsStepGrid(),
		OnData: basicsStepOnData,
		Cost:   basicsStepCost,
		Setup: func(p basicsStep) (checks.Instance, error) {
			set, act, loss, err := p.parts()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				g := basicsGradientsAt(set, p.Width, act, loss, r)
				var parts []checks.Measurement
				for k := range p.Width {
					parts = append(parts, checks.Measurement{
						Observed: basicsDot(g.net.W.RawRowView(k), g.dw.RawRowView(k)), Predicted: g.net.A[k] * g.da[k], Relation: checks.Equal,
						Tolerance: 8 * float64(set.D()+set.N()+4) * basicsUnit * g.size(k),
					})
				}
				return basicsFarthest(parts)
			}}, nil
		},
		Controls: []checks.Control[basicsStep]{{
			Name: "tanh", Why: "tanh'(z) z is not tanh(z)",
			At: []basicsStep{{data.Spec{Kind: data.Sphere, N: 6, D: 4}, 50, 0.3, "tanh", ""}},
		}},
	}
}

// basicsFarthest joins identities: the one that is farthest off its tolerance.
func basicsFarthest(parts []checks.Measurement) checks.Measurement {
	off := func(m checks.Measurement) float64 {
		return math.Abs(m.Observed-m.Predicted) / (m.Tolerance + 1e-300)
	}
	worst := parts[0]
	for _, m := range parts[1:] {
		if off(m) > off(worst) || math.IsNaN(m.Observed) {
			worst = m
		}
	}
	return worst
}

// basicsBalanceDrift is the exact drift of the balance of a neuron in a step.
//
// Setting: as in basics/euler; one gradient step with step size eta on both
// layers.
//
// Hypotheses: none.
//
// Conclusion: a_r^2 - ||w_r||^2 changes by exactly eta^2 ((dF/da_r)^2 -
// ||grad_{w_r} F||^2).
//
// Constants: identity; Euler's identity cancels the terms of first order.
//
// Convention: any output scale, Gaussian output weights.
//
// Reference: card 90.15.
//
// Control: tanh.
func basicsBalanceDrift() checks.Claim[basicsStep] {
	return checks.Claim[basicsStep]{
		ID: "basics/balance-drift", Title: "drift of a_r² - ||w_r||² in a gradient step",
		Reference:  "card 90.15",
		Formula:    `\Delta\left(a_r^2 - \|w_r\|^2\right) = \eta^2 \left((\partial F/\partial a_r)^2 - \|\nabla_{w_r} F\|^2\right)`,
		Convention: "phi(cz) = c phi(z) for c >= 0; both layers trained",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  basicsStepSpace("relu", "leaky", "identity"),
		Grid:   basicsStepGrid(),
		OnData: basicsStepOnData,
		Cost:   basicsStepCost,
		Setup: func(p basicsStep) (checks.Instance, error) {
			set, act, loss, err := p.parts()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				g := basicsGradientsAt(set, p.Width, act, loss, r)
				before := g.net.Clone()
				g.batch.Update(g.net, p.Eta, g.e, nets.BothLayers)
				var parts []checks.Measurement
				for k := range p.Width {
					// Differences of squares, factored: (b-c)(b+c) keeps their accuracy.
					w, v := before.W.RawRowView(k), g.net.W.RawRowView(k)
					drift := (g.net.A[k] - before.A[k]) * (g.net.A[k] + before.A[k])
					scale := g.net.A[k]*g.net.A[k] + before.A[k]*before.A[k]
					for i := range w {
						drift -= (v[i] - w[i]) * (v[i] + w[i])
						scale += v[i]*v[i] + w[i]*w[i]
					}
					parts = append(parts, checks.Measurement{
						Observed: drift, Predicted: p.Eta * p.Eta * (g.da[k]*g.da[k] - basicsDot(g.dw.RawRowView(k), g.dw.RawRowView(k))), Relation: checks.Equal,
						Tolerance: 8 * float64(set.D()+set.N()+4) * basicsUnit * (scale + p.Eta*g.size(k)),
					})
				}
				return basicsFarthest(parts)
			}}, nil
		},
		Controls: []checks.Control[basicsStep]{{
			Name: "tanh", Why: "terms of first order in eta remain",
			At: []basicsStep{{data.Spec{Kind: data.Sphere, N: 6, D: 4}, 50, 0.3, "tanh", ""}},
		}},
	}
}

// basicsFlipCorrection is the exact change of the residual in a step.
//
// Setting: a two-layer ReLU network, first layer trained on the squared loss, one
// gradient step of size eta; xi the residual, H its Gram matrix.
//
// Hypotheses: none; any inputs, output weights and step.
//
// Conclusion: xi_i(t+1) = xi_i(t) - eta (H xi)_i + s sum_r a_r |w_r(t+1).x_i| over
// the neurons that flip on x_i in the step, with s the output scale. There is no
// remainder.
//
// Constants: identity: phi(z') - 1{z >= 0} z' is 0 for a neuron that keeps its
// pattern and |z'| for one that flips, either way.
//
// Convention: s = 1/sqrt(m); H_ij = s^2 x_i.x_j sum_r a_r^2 1{...}1{...}.
//
// Reference: card 90.15.
//
// Control: without the correction, on a step large enough to flip.
func basicsFlipCorrection() checks.Claim[basicsStep] {
	setup := func(correct bool) func(basicsStep) (checks.Instance, error) {
		return func(p basicsStep) (checks.Instance, error) {
			set, act, _, err := p.parts()
			if err != nil {
				return checks.Instance{}, err
			}
			n := set.N()
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("ReLU", p.Act == "relu")},
				Trial: func(r *rand.Rand) checks.Measurement {
					g := basicsGradientsAt(set, p.Width, act, nets.Square{}, r)
					h, before, after := mat.NewSymDense(n, nil), nets.NewPatterns(n, p.Width), nets.NewPatterns(n, p.Width)
					g.batch.Gram(h, g.net, nets.FirstLayer)
					g.batch.Patterns(before)
					change := mat.NewVecDense(n, nil)
					change.MulVec(h, mat.NewVecDense(n, g.e))
					g.batch.Update(g.net, p.Eta, g.e, nets.FirstLayer)
					g.batch.Patterns(after)
					var parts []checks.Measurement
					for i := range n {
						predicted := g.e[i] - p.Eta*change.AtVec(i)
						scale := math.Abs(g.e[i]) + math.Abs(set.Y[i]) + p.Eta*basicsNorm(g.e)*math.Abs(mat.Trace(h))
						for k := range p.Width {
							term := g.net.Scale * g.net.A[k] * math.Abs(g.batch.Z.At(k, i))
							scale += math.Abs(term)
							if correct && before.Active(i, k) != after.Active(i, k) {
								predicted += term
							}
						}
						parts = append(parts, checks.Measurement{Observed: g.batch.U[i] - set.Y[i], Predicted: predicted, Relation: checks.Equal,
							Tolerance: 8 * float64(set.D()+n+p.Width) * basicsUnit * scale})
					}
					return basicsFarthest(parts)
				},
			}, nil
		}
	}
	var grid []basicsStep
	for _, p := range basicsStepGrid() {
		if p.Act == "relu" && p.Loss == "" {
			grid = append(grid, p)
		}
	}
	return checks.Claim[basicsStep]{
		ID: "basics/flip-correction", Title: "the residual after a step, exactly",
		Reference:  "card 90.15",
		Formula:    `\xi_i^+ = \xi_i - \eta (H\xi)_i + \frac{1}{\sqrt m} \sum_{r \text{ flipped on } x_i} a_r |w_r^{+T} x_i|`,
		Convention: "1/sqrt(m) scaling, loss ||xi||^2/2, first layer trained",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  basicsStepSpace("relu"),
		Grid:   grid,
		OnData: basicsStepOnData,
		Cost:   basicsStepCost,
		Setup:  setup(true),
		Controls: []checks.Control[basicsStep]{{
			Name: "without-correction", Why: "a large step flips activations",
			At: []basicsStep{{data.Spec{Kind: data.Sphere, N: 6, D: 4, LabelScale: 5}, 50, 1, "relu", ""}}, Setup: setup(false),
		}},
	}
}
