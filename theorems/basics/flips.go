package basics

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/integrate/quad"
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

// A ball is the distance that a neuron may move.
type ball struct {
	R float64 `json:"r"`
}

// antiConcentration is the probability that a neuron is fragile.
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
// Reference: derived here.
//
// Control: 0.9 of the bound fails at R = 0.01.
func antiConcentration() checks.Claim[ball] {
	setup := func(share float64) func(ball) (checks.Instance, error) {
		return func(p ball) (checks.Instance, error) {
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
	return checks.Claim[ball]{
		ID: "basics/anti-concentration", Title: "probability that a neuron is fragile",
		Reference:  "derived here",
		Formula:    `P(|w^T x| \le R) = \operatorname{erf}(R/\sqrt2) \le R\sqrt{2/\pi}`,
		Convention: "w ~ N(0, I), unit input",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) ball {
			return ball{math.Pow(10, rapid.Float64Range(-8, 1).Draw(t, "log10 r"))}
		}),
		Grid:  []ball{{1e-6}, {0.01}, {0.3}, {1}, {5}},
		Setup: setup(1),
		Controls: []checks.Control[ball]{{
			Name: "nine-tenths", Why: "at small R the bound is attained",
			At: []ball{{0.01}}, Setup: setup(0.9),
		}},
	}
}

// flipInclusion says which neurons can flip.
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
// Reference: derived here.
//
// Control: weights that move by 3R flip about three times as many. (Random
// directions of that length do not.)
func flipInclusion() checks.Claim[attack] {
	setup := func(multiple float64) func(attack) (checks.Instance, error) {
		return func(p attack) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("mean of S_i/m", bounds.FlipProbability(p.R))},
				Trial: func(r *rand.Rand) checks.Measurement {
					moved, err := p.run(set, multiple, r)
					if err != nil {
						return checks.Failed(err)
					}
					var parts []checks.Measurement
					for i, s := range moved.fragile {
						parts = append(parts, checks.Measurement{Observed: float64(moved.flips[i]), Predicted: float64(s)})
					}
					return checks.Each(parts...)
				},
			}, nil
		}
	}
	grid := []attack{
		{data.Spec{Kind: data.Sphere, N: 5, D: 5}, 2000, 0.03, "across"}, {data.Spec{Kind: data.Sphere, N: 10, D: 20}, 2000, 0.1, "fragile"},
		{data.Spec{Kind: data.Circle, N: 8}, 1000, 0.3, "across"}, {data.Spec{Kind: data.Sphere, N: 10, D: 20}, 1000, 0.1, "random"},
	}
	for _, s := range pictures(20, 49) {
		grid = append(grid, attack{s, 1000, 0.02, "across"})
	}
	return checks.Claim[attack]{
		ID: "basics/flip-inclusion", Title: "which activations can flip",
		Reference:  "derived here",
		Formula:    `\#\{r : \text{flipped on } x_i\} \le S_i = \#\{r : |w_r(0)^T x_i| \le R\}`,
		Convention: "unit inputs, ||w_r - w_r(0)|| <= R",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: attacked(attacks()...),
		Grid:  grid,
		OnData: func(f checks.DataFile) []attack {
			return []attack{{userfile.Signed(f, 10), 500, 0.02, "across"}}
		},
		Cost:  attack.cost,
		Setup: setup(1),
		Controls: []checks.Control[attack]{{
			Name: "three-times-the-radius", Why: "about 3 S_i neurons lie within 3R of the boundary",
			At: []attack{{data.Spec{Kind: data.Sphere, N: 5, D: 5}, 2000, 0.03, "across"}}, Setup: setup(3),
		}},
	}
}

// A fragile counts fragile neurons of random networks.
type fragile struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`
	R     float64   `json:"r"`
	Delta float64   `json:"delta,omitempty"`
}

func (p fragile) cost() checks.Cost {
	n, d := size(p.Data)
	return checks.Cost{Setup: n*d + 1e4, Trial: float64(p.Width) * (12*d + 2*n*d + 4*n), Size: fmt.Sprintf("m=%d", p.Width)}
}

// counts draws a network and returns S_i for every input.
func (p fragile) counts(set *data.Set, r *rand.Rand) []int {
	net, batch := nets.NTK(p.Width, set.D()).Draw(r), nets.NewBatch(set.X, p.Width)
	batch.Forward(net)
	s := make([]int, set.N())
	batch.Fragile(s, net, p.R)
	return s
}

// flipMean is the mean number of fragile neurons.
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
// Reference: derived here.
//
// Control: the probability for half of the radius.
func flipMean() checks.Claim[fragile] {
	setup := func(share float64) func(fragile) (checks.Instance, error) {
		return func(p fragile) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			predicted := bounds.FlipProbability(share * p.R)
			chance := bounds.FlipProbability(p.R)
			return checks.Instance{
				// The counts of the inputs are binomial, and their deviations at most add up.
				Terms: checks.Terms{Resolution: 0.05, Deviation: checks.Float(1.0001 * math.Sqrt(chance*(1-chance)/float64(p.Width)))},
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
	sphere := func(n, d, m int, r float64) fragile {
		return fragile{Data: data.Spec{Kind: data.Sphere, N: n, D: d}, Width: m, R: r}
	}
	grid := []fragile{sphere(5, 5, 4000, 0.03), sphere(5, 5, 1000, 0.3), sphere(10, 20, 4, 1.5)}
	for _, s := range pictures(20, 49) {
		grid = append(grid, fragile{Data: s, Width: 1000, R: 0.3})
	}
	return checks.Claim[fragile]{
		ID: "basics/flip-mean", Title: "mean number of fragile neurons",
		Reference:  "derived here",
		Formula:    `\mathbb{E}\, S_i = m \operatorname{erf}(R/\sqrt2)`,
		Convention: "w ~ N(0, I), unit inputs",
		Basis:      checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid,
		OnData: func(f checks.DataFile) []fragile {
			return []fragile{{Data: userfile.Signed(f, 10), Width: 200, R: 0.3}}
		},
		Cost:  fragile.cost,
		Setup: setup(1),
		Controls: []checks.Control[fragile]{{
			Name: "half-the-radius", Why: "half as many neurons are that close to the boundary",
			At: []fragile{sphere(5, 5, 2000, 0.1)}, Setup: setup(0.5),
		}},
	}
}

// flipCount bounds the number of fragile neurons on every input.
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
// Reference: Du et al. (2019), Lemma 3.2, for the form; derived here.
//
// Control: half of the bound fails when the mean is the larger part of it.
func flipCount() checks.Claim[fragile] {
	setup := func(share float64) func(fragile) (checks.Instance, error) {
		return func(p fragile) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			most := share * float64(p.Width) * bounds.HoeffdingFlips(bounds.FlipProbabilityBound(p.R), set.N(), p.Width, p.Delta)
			inst := checks.Instance{
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Facts: []checks.Fact{
					checks.NewFact("mean of S_i", float64(p.Width)*bounds.FlipProbability(p.R)),
					checks.NewFact("Bernstein's bound", float64(p.Width)*bounds.BernsteinFlips(bounds.FlipProbability(p.R), set.N(), p.Width, p.Delta)),
					checks.NewFact("Markov's bound on the sum", bounds.MarkovFlips(set.N(), p.Width, p.R, p.Delta)),
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
	sphere := func(n, d, m int, r float64) fragile {
		return fragile{data.Spec{Kind: data.Sphere, N: n, D: d}, m, r, 0.2}
	}
	grid := []fragile{sphere(1, 1, 100, 0.2), sphere(10, 20, 1000, 0.003), sphere(10, 20, 1000, 0.2), sphere(5, 5, 4000, 0.03)}
	for _, s := range pictures(20, 49) {
		grid = append(grid, fragile{s, 1000, 0.1, 0.2})
	}
	return checks.Claim[fragile]{
		ID: "basics/flip-count", Title: "number of fragile neurons on every input",
		Reference:  "Du et al. (2019), Lemma 3.2, for the form; derived here",
		Formula:    `\max_i S_i \le mR\sqrt{2/\pi} + \sqrt{\frac{m}{2}\ln\frac{n}{\delta}}`,
		Convention: "w ~ N(0, I), unit inputs",
		Basis:      checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) fragile {
			return fragile{
				Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 8}).Draw(t, "data"),
				Width: rapid.IntRange(1, 500).Draw(t, "m"),
				R:     math.Pow(10, rapid.Float64Range(-4, 0).Draw(t, "log10 r")),
				Delta: rapid.SampledFrom([]float64{0.2, 0.5}).Draw(t, "delta"),
			}
		}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []fragile { return []fragile{{userfile.Signed(f, 10), 200, 0.1, 0.2}} },
		Cost:   fragile.cost,
		Setup:  setup(1),
		Controls: []checks.Control[fragile]{{
			Name: "half-the-bound", Why: "the mean alone exceeds it",
			At: []fragile{sphere(10, 20, 4000, 0.3)}, Setup: setup(0.5),
		}},
	}
}

// gramStability bounds how far the Gram matrix moves with the weights.
//
// Setting: as in basics/flip-inclusion; H(W) the Gram matrix at the moved
// weights.
//
// Hypotheses: none.
//
// Conclusion: for every W in the ball, |H_ij(W) - H_ij(0)| <= |x_i.x_j| (S_i +
// S_j)/m and ||H(W) - H(0)||_F <= 2 n max_i S_i/m. Deterministic given W(0).
//
// Constants: an entry changes only at neurons that flip on one of its inputs. Both are sharp in W(0):
// with equal inner products near 1, and neurons that are active on all inputs and fragile on one alone, m/n on
// each, every such neuron can be switched off there: the entries attain their bound, the norm all but a share of 3/(8n).
// Gaussian weights stay below half of the norm's bound: two inputs that are close share their neurons.
//
// Convention: 1/sqrt(m) scaling, first layer trained, unit inputs.
//
// Reference: Du et al. (2019), Lemma 3.2, for the form; derived here.
//
// Control: weights that move by 2R, from that start.
func gramStability() checks.Claim[attack] {
	setup := func(multiple float64) func(attack) (checks.Instance, error) {
		return func(p attack) (checks.Instance, error) {
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
				parts = append(parts, checks.Measurement{Part: "Frobenius norm", Observed: eig.Distance(moved.after, moved.before),
					Predicted: bounds.GramShift(n, float64(most)/float64(p.Width)), Tolerance: tol * float64(n)})
				return checks.Each(parts...)
			}}, nil
		}
	}
	worst := attack{data.Spec{Kind: data.Equicorrelated, N: 10, D: 10, Rho: 0.999}, 500, 0.01, planted}
	grid := []attack{
		worst, {data.Spec{Kind: data.Sphere, N: 5, D: 5}, 2000, 0.03, "off"}, {data.Spec{Kind: data.Sphere, N: 10, D: 20}, 2000, 0.1, "fragile"},
		{data.Spec{Kind: data.Circle, N: 8}, 1000, 0.1, "across"}, {data.Spec{Kind: data.Orthonormal, N: 6, D: 10}, 1000, 0.2, "off"},
	}
	for _, s := range pictures(20, 49) {
		grid = append(grid, attack{s, 1000, 0.02, "off"})
	}
	return checks.Claim[attack]{
		ID: "basics/gram-stability", Title: "the Gram matrix under movement of the weights",
		Reference:  "Du et al. (2019), Lemma 3.2, for the form; derived here",
		Formula:    `\|H(W)-H(0)\|_F \le \frac{2n}{m} \max_i S_i,\quad |H_{ij}(W)-H_{ij}(0)| \le |x_i^T x_j| \frac{S_i+S_j}{m}`,
		Convention: "1/sqrt(m) scaling, unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 2,
		Space: attacked(attacks()...),
		Grid:  grid,
		OnData: func(f checks.DataFile) []attack {
			return []attack{{userfile.Signed(f, 10), 500, 0.02, "off"}}
		},
		Cost:  attack.cost,
		Setup: setup(1),
		Controls: []checks.Control[attack]{{
			Name: "twice-the-radius", Why: "neurons up to 2R from the kink are switched off, but only those up to R are counted",
			At: []attack{worst}, Setup: setup(2),
		}},
	}
}
