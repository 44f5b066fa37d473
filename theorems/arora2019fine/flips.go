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
	"convergo/nets/train"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// flipSet says which activations can change, and what that does to the Gram matrix and the features.
//
// Setting: any unit inputs, labels and initial network, gradient descent. R_k = max_r ||w_r(k) - w_r(0)|| and
// F_i = #{r: |w_r(0) . x_i| <= R_k}.
//
// Hypotheses: none.
//
// Conclusion: at every step k, no neuron outside the set that F_i counts is active on x_i at one of the two times only;
// |H_ij(k) - H_ij(0)| <= |x_i . x_j| (F_i + F_j)/m for i != j and |H_ii(k) - H_ii(0)| <= F_i/m; ||Z(k) - Z(0)||_F^2 <= sum_i F_i/m.
//
// Constants: derived, with the factor |x_i . x_j| <= 1.
//
// Convention: 1/sqrt(m) scaling, loss a sum, any kappa.
//
// Reference: derived here, after the proof of Lemma C.2. Tolerance: R_k is enlarged by 1e-9 of itself and by the rounding of w . x.
//
// Control: half of R_k: flips fall outside; and nine tenths of the two bounds, on one neuron.
func flipSet() checks.Claim[run] {
	sphere := data.Spec{Kind: data.Sphere, N: 8, D: 4, Seed: 1}
	// One neuron on two opposite inputs of one label: in half of the draws it crosses zero, and nothing else is fragile.
	one := run{data.Spec{Kind: data.Antipodal, N: 2, D: 1, Labels: data.Const}, 1, 0.1, 0.5, 20}
	return checks.Claim[run]{
		ID: "arora2019fine/flip-set", Title: "which activations can change", Reference: "derived here, after Lemma C.2",
		Formula:    `|H_{ij}(k)-H_{ij}(0)| \le |x_i^\top x_j| \frac{F_i+F_j}{m}, \quad \lVert Z(k)-Z(0) \rVert_F^2 \le \sum_i F_i/m`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: runs(gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 6}), 80, 20),
		Grid: []run{
			{sphere, 300, 0.1, 1, 40},
			{sphere, 300, 1, 1, 40},
			{images.Classes(data.MNIST, 20, 49, 3, 5), 300, 0.1, 1, 40},
			{images.Classes(data.Fashion, 20, 49, 2, 4), 300, 0.1, 1, 40}, one,
		},
		OnData: func(f checks.DataFile) []run { return fileRun(f, 20, 300, 0.1, 1, 40) },
		Cost:   run.measuredCost,
		Setup:  func(p run) (checks.Instance, error) { return flipSetup(p, 1, 1) },
		Controls: []checks.Control[run]{{
			Name: "half-radius", Why: "neurons move up to R, not R/2", At: []run{{sphere, 300, 0.1, 1, 40}},
			Setup: func(p run) (checks.Instance, error) { return flipSetup(p, 0.5, 1) },
		}, {
			Name: "nine-tenths", Why: "all that is fragile flips in some draws", At: []run{one},
			Setup: func(p run) (checks.Instance, error) { return flipSetup(p, 1, 0.9) },
		}},
	}
}

// flipSetup takes a part of the radius, or a share of the bounds, in controls.
func flipSetup(p run, part, share float64) (checks.Instance, error) {
	f, err := withLabels(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	eta, n := f.step(p.Step), f.n()
	terms := checks.Terms{}
	if p.M == 1 {
		terms.Trials = 32 // one neuron costs nothing, and not every draw of it flips
	}
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value)}, Terms: terms,
		Trial: func(r *rand.Rand) checks.Measurement {
			d, err := f.descent(f.network(p.M, p.Kappa, nets.Independent, r), eta)
			if err != nil {
				return checks.Failed(err)
			}
			s := d.State()
			z0 := mat.DenseCopyOf(s.Batch.Z)
			h0 := mat.NewSymDense(n, nil)
			h0.CopySym(s.Gram())
			fragile := make([]int, n)
			var out, gram, features worst
			for range p.T {
				d.Step()
				radius, _ := s.Movement()
				radius *= part * (1 + 1e-9)
				radius += part * 1e-14 * (1 + p.Kappa) * float64(p.T)
				outside, flips := flips(fragile, z0, s.Batch.Z, radius)
				out.add(checks.Measurement{Observed: float64(outside), Predicted: 0})
				total := 0
				h := s.Gram()
				for i, c := range fragile {
					total += c
					for j := 0; j <= i; j++ {
						other := fragile[j]
						if i == j { // one activation alone
							other = 0
						}
						gram.add(checks.Measurement{Part: "Gram entries", Observed: math.Abs(h.At(i, j) - h0.At(i, j)),
							Predicted: share * bounds.GramEntryShift(s.Batch.K.At(i, j), c, other, p.M), Tolerance: 1e-14})
					}
				}
				m := float64(p.M)
				features.add(checks.Measurement{Observed: float64(flips) / m, Predicted: share * float64(total) / m, Tolerance: 1e-13 * float64(n)})
			}
			return checks.All(gram.result("Gram entries"), features.result("features"), out.result("flips outside the set"))
		},
	}, nil
}

// flips counts the neurons within radius of each sample's hyperplane at the start, the activations that differ
// between the two times, and those among them that the first count leaves out.
func flips(fragile []int, z0, z *mat.Dense, radius float64) (outside, flips int) {
	clear(fragile)
	m, n := z.Dims()
	for r := range m {
		a, b := z0.RawRowView(r), z.RawRowView(r)
		for i := range n {
			near := math.Abs(a[i]) <= radius
			if near {
				fragile[i]++
			}
			if (a[i] >= 0) != (b[i] >= 0) {
				flips++
				if !near {
					outside++
				}
			}
		}
	}
	return outside, flips
}

// flipLaw is the number of neurons near a hyperplane at initialisation.
//
// Setting: n unit inputs, w_r(0) ~ N(0, kappa^2 I) independent, a radius R fixed beforehand.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta, max_i F_i/m <= p + sqrt(log(n/delta)/(2m)), where F_i is
// Binomial(m, p) with p = erf(R/(kappa sqrt 2)) exactly.
//
// Constants: derived: Hoeffding and a union over n samples.
//
// Convention: any scaling of the outputs.
//
// Reference: derived here, after the proof of Lemma C.2.
//
// Control: weights drawn at half of the scale that the bound is told.
func flipLaw() checks.Claim[flipP] {
	sphere := flipP{draw{data.Spec{Kind: data.Sphere, N: 10, D: 5, Seed: 1}, 1000, 0.1}, 0.1, 1}
	return checks.Claim[flipP]{
		ID: "arora2019fine/flip-law", Title: "neurons near a hyperplane", Reference: "derived here, after Lemma C.2",
		Formula:    `\max_i \frac{F_i}{m} \le \mathrm{erf}\!\left( \frac{R}{\kappa\sqrt{2}} \right) + \sqrt{\frac{\log(n/\delta)}{2m}}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) flipP {
			return flipP{draws(gen.Range{MinN: 1, MaxN: 8, MinD: 2, MaxD: 5}, 300).Draw(t, "draw"),
				rapid.Float64Range(0, 2).Draw(t, "radius"), rapid.SampledFrom([]float64{1, 0.1, 3}).Draw(t, "kappa")}
		}),
		Grid: []flipP{
			sphere,
			{draw{data.Spec{Kind: data.Sphere, N: 1, D: 3, Seed: 1}, 100, 0.1}, 0.5, 0.5},
			{draw{images.Easy(data.Fashion, 20, 49), 500, 0.2}, 0.1, 1},
		},
		OnData: func(f checks.DataFile) []flipP {
			return []flipP{{draw{userfile.Rows(f, 20), 500, 0.2}, 0.1, 1}}
		},
		Cost:  func(p flipP) checks.Cost { return p.cost() },
		Setup: func(p flipP) (checks.Instance, error) { return flipLawSetup(p, 1) },
		Controls: []checks.Control[flipP]{{
			Name: "half-scale", Why: "at kappa/2 twice as many neurons are near", At: []flipP{sphere},
			Setup: func(p flipP) (checks.Instance, error) { return flipLawSetup(p, 0.5) },
		}},
	}
}

type flipP struct {
	draw
	R     float64 `json:"r"`
	Kappa float64 `json:"kappa"`
}

func flipLawSetup(p flipP, scale float64) (checks.Instance, error) {
	f, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	share := bounds.FlipProbability(p.R / p.Kappa)
	bound := bounds.HoeffdingFlips(share, f.n(), p.M, p.Delta)
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("p", share), checks.NewFact("exact quantile", bounds.BinomialFlips(share, f.n(), p.M, p.Delta))},
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			net := f.network(p.M, scale*p.Kappa, nets.Independent, r)
			most := f.initial(net).Fragile(make([]int, f.n()), net, p.R)
			return checks.Measurement{Observed: float64(most) / float64(p.M), Predicted: bound, Tolerance: 1e-12}
		},
	}, nil
}

// gramStability is how the Gram matrix stays put as the width grows.
//
// Setting: n unit inputs, labels, independent start of scale kappa, gradient descent with eta <= 1/lambda_max.
//
// Hypotheses: lambda_0 certified positive; data, kappa, eta and the number of steps fixed as m grows.
//
// Conclusion: ||H(k) - H(0)||_F = O(m^{-1/2}), and on orthonormal inputs with an antisymmetric start it behaves like m^{-1/2}.
//
// Constants: derived from flip-set and flip-law, the movement being O(m^{-1/2}). The source states the order
// O(n^3/(sqrt m lambda_0 kappa delta^{3/2})), with probability at least 1 - 4 delta. It is attained: on orthonormal inputs
// activations are lost alone, since an inactive neuron is not moved along x_i, and a share O(m^{-1/2}) of them is.
//
// Convention: 1/sqrt(m) scaling, loss a sum.
//
// Reference: derived here, after Lemma C.2.
//
// Control: labels of order sqrt m: neurons move by O(1), and as many flip at any width.
func gramStability() checks.Claim[ladder] {
	return stability(checks.Claim[ladder]{
		ID: "arora2019fine/gram-stability-rate", Title: "Gram matrix stays put", Reference: "derived here, after Lemma C.2",
		Formula: `\lVert H(k)-H(0) \rVert_F = O(m^{-1/2})`,
	}, -0.5, []ladder{
		{Data: data.Spec{Kind: data.Orthonormal, N: 3, D: 3, Seed: 1}, Widths: []int{64, 256, 1024, 4096}, Kappa: 0.5, Step: 1, T: 4, Trials: 90, Pairs: true, Resolution: 0.05},
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 5, Seed: 1}, Widths: []int{64, 256, 1024}, Kappa: 0.5, Step: 1, T: 6, Trials: 80, Resolution: 0.1},
	}, func(s *train.State, h0 *mat.SymDense) float64 {
		return eig.Distance(s.Gram(), h0)
	})
}

// featureStability is how the features stay put as the width grows.
//
// Setting: as for gram-stability-rate. Z(k) has the columns (a_r 1{w_r(k) . x_i >= 0} x_i)_r/sqrt m, so that
// ||Z(k) - Z(0)||_F^2 is the number of activations that differ, over m.
//
// Hypotheses: as for gram-stability-rate.
//
// Conclusion: ||Z(k) - Z(0)||_F behaves like m^{-1/4}.
//
// Constants: derived: a neuron moves by O(m^{-1/2}) and flips when its hyperplane is that near, so the share of flips is of
// exact order m^{-1/2}. Only the exponent in m is checked.
//
// Convention: 1/sqrt(m) scaling, loss a sum.
//
// Reference: derived here, after Lemma C.2, which states O(n/(m^{1/2} lambda_0 kappa delta^{3/2})^{1/2}).
//
// Control: labels of order sqrt m, as for gram-stability-rate.
func featureStability() checks.Claim[ladder] {
	return stability(checks.Claim[ladder]{
		ID: "arora2019fine/feature-stability-rate", Title: "features stay put", Reference: "derived here, after Lemma C.2",
		Formula: `\lVert Z(k)-Z(0) \rVert_F \sim m^{-1/4}`,
	}, -0.25, []ladder{
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 5, Seed: 1}, Widths: []int{64, 256, 1024, 4096}, Kappa: 0.5, Step: 1, T: 4, Trials: 64, Resolution: 0.05},
	}, func(s *train.State, _ *mat.SymDense) float64 {
		_, flips := s.Flips()
		return math.Sqrt(float64(flips) / float64(s.Net.Width()))
	})
}

// stability completes a claim on how far something is from its start after T steps, on a ladder of widths. Of the Gram
// matrix the exponent is an upper bound alone where activations lost and gained may balance.
func stability(c checks.Claim[ladder], exponent float64, grid []ladder, value func(s *train.State, h0 *mat.SymDense) float64) checks.Claim[ladder] {
	images := ladder{Data: images.Easy(data.MNIST, 15, 49), Widths: []int{256, 1024, 4096, 16384}, Kappa: 0.5, Step: 1, T: 28, Trials: 32, Resolution: 0.2}
	control := grid[0]
	control.Widths, control.Trials, control.Growth = []int{64, 256, 1024}, 24, 0.5
	c.Setup = func(p ladder) (checks.Instance, error) {
		f, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		start := nets.Independent
		terms := checks.Terms{Trials: p.Trials, Exponent: checks.Float(exponent), Relation: checks.Equal, Resolution: checks.Float(p.Resolution)}
		if p.Pairs {
			start = nets.Antisymmetric
		} else if exponent == -0.5 {
			terms.Relation = checks.AtMost
		}
		trial := p.climb(f, start, func(d *train.Descent, _ int) float64 {
			s := d.State()
			h0 := mat.NewSymDense(f.n(), nil)
			h0.CopySym(s.Gram())
			for range p.T {
				d.Step()
			}
			return value(s, h0)
		})
		return checks.Instance{Hypotheses: []checks.Hypothesis{f.certified()}, Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value)}, Terms: terms, Trial: trial}, nil
	}
	c.Convention, c.Basis, c.Form, c.Version = convention, checks.Derived, checks.Scaling{}, 2
	c.Along = "width $m$"
	c.Grid, c.Cost = append(grid, images), ladder.cost
	c.Controls = []checks.Control[ladder]{{
		Name: "large-labels", Why: "labels of order sqrt m move the neurons by a constant", At: []ladder{control},
	}}
	return c
}

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
