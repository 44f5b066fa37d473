package basics

import (
	"fmt"
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

// A wide is a random network of some width on a data set.
type wide struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`
	Delta float64   `json:"delta,omitempty"`
}

func gramCost(n, d, m float64) checks.Cost {
	return checks.Cost{Setup: n*n*(4*d+60) + 60*n*n*n, Trial: m*(12*d+2*n*d+6*n) + n*n*m/16 + 40*n*n*n, Size: fmt.Sprintf("m=%.0f", m)}
}

func (p wide) cost() checks.Cost {
	n, d := size(p.Data)
	return gramCost(n, d, float64(p.Width))
}

// A law draws initial networks; the sabotaged ones belong to controls.
type law func(m, d int, r *rand.Rand) *nets.Network

func gaussianLaw(m, d int, r *rand.Rand) *nets.Network { return nets.NTK(m, d).Draw(r) }

// orthantLaw has |g| in place of Gaussian entries g.
func orthantLaw(m, d int, r *rand.Rand) *nets.Network {
	net := nets.NTK(m, d).Draw(r)
	net.W.Apply(func(_, _ int, v float64) float64 { return math.Abs(v) }, net.W)
	return net
}

// pairedLaw has every neuron twice.
func pairedLaw(m, d int, r *rand.Rand) *nets.Network {
	net := nets.NTK(m, d).Draw(r)
	for i := 1; i < m; i += 2 {
		copy(net.W.RawRowView(i), net.W.RawRowView(i-1))
	}
	return net
}

// oneLaw has a single neuron, m times.
func oneLaw(m, d int, r *rand.Rand) *nets.Network {
	net := nets.NTK(m, d).Draw(r)
	for i := 1; i < m; i++ {
		copy(net.W.RawRowView(i), net.W.RawRowView(0))
	}
	return net
}

// initialGram draws a network and returns H(0).
func initialGram(law law, x *mat.Dense, m int, r *rand.Rand) *mat.SymDense {
	n, d := x.Dims()
	net, batch := law(m, d, r), nets.NewBatch(x, m)
	batch.Forward(net)
	h := mat.NewSymDense(n, nil)
	batch.Gram(h, net, nets.FirstLayer)
	return h
}

// gramProblem is what the claims on H(0) need of a data set.
type gramProblem struct {
	set      *data.Set
	limit    *mat.SymDense // H^inf
	lambda   eig.Certified // its smallest eigenvalue
	spectral eig.Certified // ||X||_2
	gram     float64       // ||X X^T||_F
}

func gramOf(spec data.Spec, k kernel.Kernel) (*gramProblem, error) {
	set, lambda, err := spectrumOn(spec, k)
	if err != nil {
		return nil, err
	}
	p := &gramProblem{set: set, lambda: lambda}
	if p.limit, err = k.Gram(set.X); err != nil {
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
func (p *gramProblem) positive() checks.Hypothesis {
	return checks.RequireThat("lambda_0 > 0, certified", p.lambda.OK && p.lambda.Value > 0)
}

func (p *gramProblem) facts(delta float64) []checks.Fact {
	n, s := p.set.N(), p.spectral.Value
	return []checks.Fact{
		checks.NewFact("lambda_0", p.lambda.Value), checks.NewFact("||X||^2", s*s),
		checks.NewFact("width for 3/4 lambda_0, matrix Chernoff", bounds.ChernoffWidth(n, 0.25, p.lambda.Value, s, delta)),
		checks.NewFact("width for 3/4 lambda_0, Hoeffding", bounds.HoeffdingWidth(n, p.gram, p.lambda.Value, delta)),
		checks.NewFact("width for 3/4 lambda_0, printed", bounds.PrintedGramWidth(n, p.lambda.Value, delta)),
	}
}

// gramVariance is the exact mean square deviation of the Gram matrix.
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
// variables. Judged is the mean over initialisations, to a resolution of 20 %;
// a trial averages 40 of them, because on images all entries move together and the
// square has a long tail.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: derived here.
//
// Control: with every neuron drawn twice the mean doubles; weights in the
// positive orthant put it off by orders of magnitude.
func gramVariance() checks.Claim[wide] {
	setup := func(law law) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			g, err := gramOf(p.Data, kernel.ReLU())
			if err != nil {
				return checks.Instance{}, err
			}
			predicted, err := bounds.GramSecondMoment(g.set.X, p.Width)
			if err != nil {
				return checks.Instance{}, err
			}
			deviation, err := squareDeviation(g.set.X, predicted, p.Width)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.2, Deviation: checks.Float(1.0001 * deviation / math.Sqrt(draws))},
				Facts: []checks.Fact{checks.NewFact("root mean square deviation", math.Sqrt(predicted))},
				Trial: func(r *rand.Rand) checks.Measurement {
					var sum float64
					for range draws {
						f := eig.Distance(initialGram(law, g.set.X, p.Width, r), g.limit)
						sum += f * f
					}
					return checks.Measurement{Observed: sum / draws, Predicted: predicted, Relation: checks.Equal, Tolerance: 1e-12 * predicted}
				},
			}, nil
		}
	}
	sphere := func(n, d, m int) wide {
		return wide{Data: data.Spec{Kind: data.Sphere, N: n, D: d}, Width: m}
	}
	grid := []wide{sphere(20, 30, 50), sphere(20, 30, 120), sphere(30, 30, 1)}
	for _, s := range pictures(10, 49) {
		grid = append(grid, wide{Data: s, Width: 40})
	}
	return checks.Claim[wide]{
		ID: "basics/gram-variance", Title: "mean square deviation of the Gram matrix at initialisation",
		Reference:  "derived here",
		Formula:    `\mathbb{E}\|H(0)-H^\infty\|_F^2 = \frac1m \sum_{ij} (x_i^T x_j)^2 p_{ij}(1-p_{ij})`,
		Convention: "1/sqrt(m) scaling, first layer trained",
		Basis:      checks.Derived, Form: checks.Mean{}, Version: 2,
		Grid:   grid,
		OnData: func(f checks.DataFile) []wide { return []wide{{Data: userfile.Signed(f, 10), Width: 40}} },
		Cost: func(p wide) checks.Cost {
			n, d := size(p.Data)
			c := p.cost()
			c.Trial = draws * float64(p.Width) * (12*d + 2*n*d + 6*n + n*n/16) // no eigenvalues
			return c
		},
		Setup: setup(gaussianLaw),
		Controls: []checks.Control[wide]{{
			Name: "every-neuron-twice", Why: "the effective width is half, the mean twice as large",
			At: []wide{sphere(20, 30, 100)}, Setup: setup(pairedLaw),
		}, {
			Name: "positive-orthant", Why: "the patterns have another law",
			At: []wide{sphere(20, 30, 100)}, Setup: setup(orthantLaw),
		}},
	}
}

// draws is how many initialisations a trial of a mean square averages.
const draws = 40

// squareDeviation bounds the standard deviation of ||H(0) - H^inf||_F^2, whose mean is v/m. H(0) - H^inf is
// the mean of m independent centred matrices A with E||A||^2 = v and ||A||^2 <= B^2 = sum_ij (x_i.x_j)^2
// (1-p_ij)^2, so that its second moment is at most (m B^2 v + 3 m(m-1) v^2)/m^4, as
// E<A, A'>^2 <= v^2 for independent A, A'.
func squareDeviation(x *mat.Dense, mean float64, width int) (float64, error) {
	pair, err := kernel.Pairs(x)
	if err != nil {
		return 0, err
	}
	n, _ := x.Dims()
	largest, m := 0.0, float64(width)
	for i := range n {
		for j := range n {
			p := pair(i, j)
			off := p.Dot() * (0.5 + p.Angle/(2*math.Pi)) // x_i.x_j (1 - p_ij), as p_ij <= 1/2
			largest += off * off
		}
	}
	return math.Sqrt(mean*mean*max(0, 2-3/m) + largest*mean/(m*m)), nil
}

// gramHoeffding bounds the deviation of the Gram matrix.
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
// Reference: Hoeffding (1963), Theorem 2; Du et al. (2019), Lemma 3.1, for the form.
//
// Control: half of the bound.
//
// Loose: the union bound over n(n+1)/2 dependent entries and the step from the
// largest entry to the Frobenius norm cost a factor near 2 where n > 1; for n = 1
// Hoeffding's inequality alone costs 1.3 against the normal law.
func gramHoeffding() checks.Claim[wide] {
	setup := func(share float64) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			g, err := gramOf(p.Data, kernel.ReLU())
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
					h := initialGram(gaussianLaw, g.set.X, p.Width, r)
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
						checks.Measurement{Part: "Frobenius norm", Observed: eig.Distance(h, g.limit), Predicted: most, Tolerance: 1e-13 * float64(n)},
						checks.Measurement{Part: "every entry", Observed: worst, Predicted: entry, Tolerance: 1e-6 * entry},
					)
				},
			}, nil
		}
	}
	sphere := func(n, d, m int) wide {
		return wide{data.Spec{Kind: data.Sphere, N: n, D: d}, m, 0.2}
	}
	one := wide{data.Spec{Kind: data.Basis, N: 1, D: 1}, 100, 0.02}
	grid := []wide{one, sphere(10, 20, 100), sphere(10, 20, 3000), sphere(20, 10, 500)}
	for _, s := range pictures(20, 49) {
		grid = append(grid, wide{s, 400, 0.2})
	}
	return checks.Claim[wide]{
		ID: "basics/gram-hoeffding", Title: "deviation of the Gram matrix at initialisation",
		Reference:  "Hoeffding (1963), Theorem 2; Du et al. (2019), Lemma 3.1, for the form",
		Formula:    `\|H(0)-H^\infty\|_F \le \|XX^T\|_F \sqrt{\frac{\ln(n(n+1)/\delta)}{2m}}`,
		Convention: "1/sqrt(m) scaling, first layer trained",
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) wide {
			return wide{
				Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 8}).Draw(t, "data"),
				Width: rapid.IntRange(1, 300).Draw(t, "m"),
				Delta: rapid.SampledFrom([]float64{0.2, 0.5}).Draw(t, "delta"),
			}
		}),
		Grid:    grid,
		OnData:  func(f checks.DataFile) []wide { return []wide{{userfile.Signed(f, 10), 200, 0.2}} },
		Cost:    wide.cost,
		Setup:   setup(1),
		Detects: map[string]float64{"Frobenius norm": 1.65, "every entry": 1.65},
		Controls: []checks.Control[wide]{{
			Name: "half-the-bound", Why: "one of 55 entries exceeds half of the bound on all of them nearly always",
			At: []wide{sphere(10, 20, 100)}, Setup: setup(0.5),
		}, {
			Name: "half-for-one-input", Why: "its one entry is the norm, and normal: it exceeds 1.5 standard deviations in 13 % of the draws",
			At: []wide{one}, Setup: setup(0.5),
		}},
	}
}

// gramScaling finds how the deviation shrinks with the width.
//
// Setting: as in basics/gram-variance, m doubled from rung to rung.
//
// Hypotheses: none.
//
// Conclusion: ||H(0) - H^inf||_F falls like m^{-1/2}.
//
// Constants: the exponent is exact for the root mean square
// (basics/gram-variance); the ladder is judged to 0.07.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: derived here.
//
// Control: the exponent -1.
func gramScaling() checks.Claim[gramLadder] {
	setup := func(exponent float64) func(gramLadder) (checks.Instance, error) {
		return func(p gramLadder) (checks.Instance, error) {
			g, err := gramOf(p.Data, kernel.ReLU())
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Exponent: checks.Float(exponent), Resolution: 0.07, Trials: 320},
				Trial: func(r *rand.Rand) checks.Measurement {
					var ladder []checks.Rung
					for k := range p.Rungs {
						m := p.From << k
						ladder = append(ladder, checks.Rung{Size: float64(m), Value: eig.Distance(initialGram(gaussianLaw, g.set.X, m, r), g.limit)})
					}
					return checks.Measurement{Ladder: ladder}
				},
			}, nil
		}
	}
	sphere := gramLadder{data.Spec{Kind: data.Sphere, N: 20, D: 20}, 12, 7}
	grid := []gramLadder{sphere, {pictures(10, 49)[0], 12, 7}}
	return checks.Claim[gramLadder]{
		ID: "basics/gram-scaling", Title: "the Gram deviation falls like m^(-1/2)",
		Reference:  "derived here",
		Formula:    `\|H(0)-H^\infty\|_F \propto m^{-1/2}`,
		Convention: "1/sqrt(m) scaling, first layer trained",
		Basis:      checks.Derived, Form: checks.Scaling{}, Along: "width $m$", Version: 2,
		Grid:   grid,
		OnData: func(f checks.DataFile) []gramLadder { return []gramLadder{{userfile.Signed(f, 10), 12, 5}} },
		Cost: func(p gramLadder) checks.Cost {
			n, d := size(p.Data)
			return gramCost(n, d, float64(p.From<<max(0, p.Rungs)))
		},
		Setup: setup(-0.5),
		Controls: []checks.Control[gramLadder]{{
			Name: "exponent-minus-one", Why: "means of m terms do not converge that fast",
			At: []gramLadder{sphere}, Setup: setup(-1),
		}},
	}
}

type gramLadder struct {
	Data  data.Spec `json:"data"`
	From  int       `json:"from"` // width of the first rung
	Rungs int       `json:"rungs"`
}
