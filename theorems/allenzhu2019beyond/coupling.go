package allenzhu2019beyond

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/pseudo"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// ball is a learner whose rows move by at most Tau/sqrt m.
type ball struct {
	Data data.Spec `json:"data"`
	start
	Tau  float64 `json:"tau"` // radius times sqrt m
	Step bool    `json:"step,omitempty"`
}

func (p ball) radius() float64 { return p.Tau / math.Sqrt(float64(p.M)) }

func (p ball) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	return checks.Cost{Trial: float64(p.M) * float64(20*(d+2)+40*n*(d+4)), Size: fmt.Sprintf("m=%d", p.M)}
}

// attack moves every neuron whose output weight has the sign, by its radius straight against its preactivation at x; others not.
func attack(net *pseudo.Learner, z, x []float64, radius, sign float64) *mat.Dense {
	m, d := net.W.Dims()
	move := mat.NewDense(m, d, nil)
	for i, a := range net.A {
		if a*sign > 0 {
			way := radius
			if z[i] >= 0 {
				way = -radius
			}
			for k, v := range x {
				move.Set(i, k, way*v)
			}
		}
	}
	return move
}

// scatter moves every neuron by its radius in a random direction.
func scatter(m, d int, radius float64, r *rand.Rand) *mat.Dense {
	move := mat.NewDense(m, d, nil)
	for i := range m {
		row := move.RawRowView(i)
		for k := range row {
			row[k] = r.NormFloat64()
		}
		scale := radius / norm(row)
		for k := range row {
			row[k] *= scale
		}
	}
	return move
}

// gap is |f - g|; the step network has jumps, for a control.
func (p ball) gap(net *pseudo.Learner, x []float64, move *mat.Dense) float64 {
	if !p.Step {
		return math.Abs(net.Output(x, move) - net.Pseudo(x, move))
	}
	sum := 0.0
	still, moved := net.Slopes(x, move, true), net.Slopes(x, move, false)
	for i := range still {
		sum += moved[i] - still[i]
	}
	return math.Abs(sum)
}

// coupling is Lemma B.3(b, c) for any movement: the network is near its pseudo-network.
//
// Setting: any network of this form; all W' whose rows are at most tau long; an input x of unit norm. W' is tried that goes straight for the
// kinks, on the neurons of either sign of a, and at random.
//
// Hypotheses: |x| = 1.
//
// Conclusion: the largest |f(x; W') - g(x; W')| is max over the signs of sum of |a_i| (tau - |z_i|)_+ over the a_i of that sign, and the
// attack attains it; it is at most tau sum |a_i| over |z_i| <= tau. And the largest |grad f - grad g|_F^2 is
// sum a_i^2 over |z_i| <= tau, attained by the attack on both signs.
//
// Constants: 1, derived: where the sign stays the difference is 0, and where it changes it is |z_i + <w'_i, x>| <= tau - |z_i|, with the
// sign of a_i. As printed |f - g| is of order eps_a k tau^2 m^{3/2} along SGD, up to logarithms (there tau is eps_a eta t). Equalities
// where all |z_i| are small; rounding 1e-13 of the sizes of the terms, and the gradient is told at a radius longer by 1e-11.
//
// Convention: rows in Euclidean norm, one output.
//
// Reference: derived here, after Allen-Zhu, Li, Liang (2019), Lemma B.3(b, c).
//
// Control: each bound with 0.8 times its constant, the supremum with 1.02 times; a step in place of the ReLU, for which one flip costs
// |a_i| whatever tau is.
func coupling() checks.Checkable {
	setup := func(core, supremum, gradient float64) func(ball) (checks.Instance, error) {
		return func(p ball) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			off := 0.0
			for _, v := range data.RowNorms(set.X) {
				off = math.Max(off, math.Abs(v-1))
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("largest ||x| - 1|", off, checks.AtMost, 1e-12)},
				Trial: func(r *rand.Rand) checks.Measurement {
					net, radius := p.draw(set.D(), r), p.radius()
					radii := make([]float64, p.M)
					for i := range radii {
						radii[i] = radius
					}
					var parts []checks.Measurement
					for i := range set.N() {
						parts = append(parts, p.compare(net, set.X.RawRowView(i), radii, [3]float64{core, supremum, gradient}, r)...)
					}
					return checks.Each(parts...)
				},
			}, nil
		}
	}
	sphere := data.Spec{Kind: data.Sphere, N: 3, D: 4, Seed: 1}
	closeBy := start{M: 30, Output: 1, Planted: true, Gate: 1e-4, Sign: 1}
	tight := ball{Data: sphere, start: closeBy, Tau: 0.5}
	drawn := ball{Data: sphere, start: start{M: 200, Output: 0.3}, Tau: 0.3}
	step := drawn
	step.Step, step.Tau = true, 0.05
	return checks.Claim[ball]{
		ID: "allenzhu2019beyond/coupling", Title: "the network and its pseudo-network, in a ball of rows", Reference: "derived here, after Lemma B.3(b, c)",
		Formula:    `\max_{\|W'\|_{2,\infty}\le\tau}|f(x;W')-g(x;W')| = \max_{\pm}\sum_{\pm a_i>0}|a_i|\,(\tau-|z_i|)_+ \le \tau\sum_{|z_i|\le\tau}|a_i|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) ball {
			return ball{
				Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 2, MinD: 1, MaxD: 4}).Draw(t, "data"),
				start: start{M: rapid.IntRange(1, 40).Draw(t, "m"), Output: rapid.SampledFrom([]float64{1, 0.01, 100}).Draw(t, "output")},
				Tau:   rapid.SampledFrom([]float64{1e-3, 0.3, 5}).Draw(t, "tau"),
			}
		}),
		Grid: []ball{
			tight, drawn,
			{Data: sphere, start: start{M: 1, Output: 1}, Tau: 4},
			{Data: images.All(data.MNIST, 4, 49), start: start{M: 200, Output: 0.3}, Tau: 0.5},
		},
		OnData: func(f checks.DataFile) []ball {
			return []ball{{Data: userfile.Rows(f, 5), start: start{M: 200, Output: 0.3}, Tau: 0.3}}
		},
		Cost: ball.cost, Setup: setup(1, 1, 1),
		Controls: []checks.Control[ball]{
			{Name: "core", Why: "attained where all neurons are near a kink", At: []ball{tight}, Setup: setup(0.8, 1, 1)},
			{Name: "supremum", Why: "the attack attains it", At: []ball{tight, drawn}, Setup: setup(1, 1.02, 1)},
			{Name: "gradient", Why: "the attack changes every pattern within reach", At: []ball{drawn}, Setup: setup(1, 1, 0.8)},
			{Name: "step", Why: "every flip of a step costs |a_i|", At: []ball{step}, Setup: setup(1, 1, 1)},
		},
	}
}

// compare takes the two attacks and a random movement at one input.
func (p ball) compare(net *pseudo.Learner, x, radii []float64, scale [3]float64, r *rand.Rand) []checks.Measurement {
	m, d := net.W.Dims()
	z, radius := net.Start(x), radii[0]
	most, slope := 0.0, 0.0
	moves := []*mat.Dense{attack(net, z, x, radius, 1), attack(net, z, x, radius, -1), scatter(m, d, radius, r)}
	both := mat.NewDense(m, d, nil)
	both.Add(moves[0], moves[1])
	for _, move := range append(moves, both) {
		most = math.Max(most, p.gap(net, x, move))
		still, moved := net.Slopes(x, move, true), net.Slopes(x, move, false)
		for i := range still {
			still[i] -= moved[i]
		}
		slope = math.Max(slope, norm(still))
	}
	size, near := 0.0, 0.0
	for i, a := range net.A {
		size += math.Abs(a) * (math.Abs(z[i]) + radius)
		if math.Abs(z[i]) <= radius*(1+1e-11) {
			near += a * a
		}
	}
	tolerance := 1e-13 * size
	return []checks.Measurement{
		{Part: "core", Observed: most, Predicted: scale[0] * bounds.CouplingCore(z, net.A, radii), Tolerance: tolerance},
		{Part: "supremum", Observed: most, Predicted: scale[1] * bounds.CouplingSupremum(z, net.A, radii), Relation: checks.Equal, Tolerance: tolerance},
		{Part: "gradient", Observed: slope, Predicted: scale[2] * math.Sqrt(near), Relation: checks.Equal, Tolerance: 1e-13 * norm(net.A)},
	}
}

// batchOf is a ball with many networks a trial.
type batchOf struct {
	M      int     `json:"m"`
	D      int     `json:"d"`
	Output float64 `json:"output"`
	Tau    float64 `json:"tau"`
	Batch  int     `json:"batch"`
}

// couplingMean is the largest difference, on average over the start.
//
// Setting: a learner at its start, an input of unit norm, movements with rows of at most tau on the neurons with a_i > 0, straight for the
// kinks.
//
// Hypotheses: none.
//
// Conclusion: with c = tau sqrt(m)/2, E |f - g| = (m eps_a/sqrt(2 pi)) (tau erf(c) - (2/sqrt(pi m)) (1 - e^{-c^2})), which for small c is
// eps_a tau^2 m^{3/2}/(2 pi sqrt 2): the order eps_a tau^2 m^{3/2} of the lemma, with its constant 0.1125 and no logarithm.
//
// Constants: exact, derived: E a 1{a > 0} = eps_a/sqrt(2 pi), and E (tau - |z|)_+ for z ~ N(0, 2/m). The deviation of a trial is exact.
//
// Convention: one output.
//
// Reference: derived here, after Allen-Zhu, Li, Liang (2019), Lemma B.3(b).
//
// Control: 0.9 and 1.1 times; variance 1/m for that of z.
func couplingMean() checks.Checkable {
	setup := func(scale, variance float64) func(batchOf) (checks.Instance, error) {
		return func(p batchOf) (checks.Instance, error) {
			radius := p.Tau / math.Sqrt(float64(p.M))
			_, deviation := bounds.CouplingMoments(p.M, p.Output, radius)
			// A learner of m/variance neurons has that variance of z in each; m of them count.
			mean, _ := bounds.CouplingMoments(int(float64(p.M)/variance), p.Output, radius)
			mean *= variance
			x := make([]float64, p.D)
			x[0] = 1
			return checks.Instance{
				Terms: checks.Terms{Deviation: checks.Float(1.0001 * deviation / math.Sqrt(float64(p.Batch))), Resolution: 0.08, Trials: 200},
				Trial: func(r *rand.Rand) checks.Measurement {
					sum := 0.0
					for range p.Batch {
						net := pseudo.Law{Width: p.M, Dim: p.D, Output: p.Output}.Draw(r)
						move := attack(net, net.Start(x), x, radius, 1)
						sum += math.Abs(net.Output(x, move) - net.Pseudo(x, move))
					}
					return checks.Measurement{Observed: sum / float64(p.Batch), Predicted: scale * mean, Relation: checks.Equal}
				},
			}, nil
		}
	}
	grid := []batchOf{{M: 1000, D: 1, Output: 0.3, Tau: 2, Batch: 1}, {M: 400, D: 2, Output: 1, Tau: 0.5, Batch: 8}, {M: 1, D: 1, Output: 1, Tau: 3, Batch: 400}}
	return checks.Claim[batchOf]{
		ID: "allenzhu2019beyond/coupling-mean", Title: "the largest difference on average", Reference: "derived here, after Lemma B.3(b)",
		Formula:    `\mathbb{E}\sum_{a_i>0} a_i(\tau-|z_i|)_+ = \tfrac{m\varepsilon_a}{\sqrt{2\pi}}\Big(\tau\,\mathrm{erf}(c)-\tfrac{2}{\sqrt{\pi m}}\big(1-e^{-c^2}\big)\Big),\quad c = \tfrac{\tau\sqrt m}{2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid:  grid,
		Cost:  func(p batchOf) checks.Cost { return checks.Cost{Trial: float64(p.M*p.Batch) * float64(60+50*p.D)} },
		Setup: setup(1, 1),
		Controls: []checks.Control[batchOf]{
			{Name: "smaller", Why: "the mean is exact", At: grid[:1], Setup: setup(0.9, 1)},
			{Name: "larger", Why: "the mean is exact", At: grid[:1], Setup: setup(1.1, 1)},
			{Name: "no-bias", Why: "without the bias z has half the variance", At: grid[:2], Setup: setup(1, 0.5)},
		},
	}
}

// sgdCoupling is Lemma B.3(b) along SGD.
//
// Setting: any network of this form, samples of norm at most 1 with any labels, t steps of SGD with step eta on a 1-Lipschitz loss.
//
// Hypotheses: |x| <= 1.
//
// Conclusion: after t steps |f(x) - g(x)| at every x of the data is at most the larger of the sums, over either sign of a_i, of
// |a_i| (eta t |a_i| - |z_i|)_+.
//
// Constants: 1, derived: row-movement and the supremum of coupling with radii eta t |a_i|. Attained after one step on a far sample whose
// neurons are all active and go out; rounding 1e-12 of the sizes of the terms.
//
// Convention: one output.
//
// Reference: Allen-Zhu, Li, Liang (2019), Lemma B.3(b); this bound derived here.
//
// Control: 0.8 times the bound; radii 0.8 times as long.
func sgdCoupling() checks.Checkable {
	setup := func(scale, reach float64) func(training) (checks.Instance, error) {
		return func(p training) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			longest := 0.0
			for _, v := range data.RowNorms(set.X) {
				longest = math.Max(longest, v)
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("longest input", longest, checks.AtMost, 1+1e-12)},
				Trial: func(r *rand.Rand) checks.Measurement {
					net, time := p.draw(set.D(), r), p.eta()*float64(p.T)
					move, err := pseudo.Pass{Step: p.eta(), Order: p.order(set.N(), r)}.Run(net, set.X, set.Y)
					if err != nil {
						return checks.Failed(err)
					}
					radii := make([]float64, p.M)
					for i, a := range net.A {
						radii[i] = reach * time * math.Abs(a)
					}
					var parts []checks.Measurement
					for i := range set.N() {
						x := set.X.RawRowView(i)
						z, size := net.Start(x), 0.0
						for j, a := range net.A {
							size += math.Abs(a) * (math.Abs(z[j]) + radii[j])
						}
						parts = append(parts, checks.Measurement{
							Observed: math.Abs(net.Output(x, move) - net.Pseudo(x, move)), Predicted: scale * bounds.CouplingSupremum(z, net.A, radii), Tolerance: 1e-12 * size,
						})
					}
					return checks.Worst(parts...)
				},
			}, nil
		}
	}
	tight := training{Data: far(1e6), start: start{M: 20, Output: 1, Planted: true, Gate: 0.002, Sign: -1}, Eta: 0.5, T: 1}
	return checks.Claim[training]{
		ID: "allenzhu2019beyond/sgd-coupling", Title: "the network near its pseudo-network along SGD", Reference: "Lemma B.3(b); this bound derived here",
		Formula:    `|f(x;W_t)-g(x;W_t)| \le \max_{\pm}\sum_{\pm a_i>0}|a_i|\,\big(\eta t|a_i|-|z_i|\big)_+`,
		Convention: convention + lossOf, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: trainings(12),
		Grid: []training{
			tight,
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 4, Seed: 1}, start: start{M: 200, Output: 0.3}, Eta: 0.5, T: 30},
			{Data: images.Hard(data.Fashion, 12, 49), start: start{M: 100, Output: 0.3}, Eta: 0.5, T: 30},
		},
		OnData: func(f checks.DataFile) []training {
			return []training{{Data: userfile.Signed(f, 20), start: start{M: 100, Output: 0.3}, Eta: 0.5, T: 30}}
		},
		Cost: training.cost, Setup: setup(1, 1),
		Controls: []checks.Control[training]{
			{Name: "constant", Why: "one step on a far sample attains it", At: []training{tight}, Setup: setup(0.8, 1)},
			{Name: "radii", Why: "rows move the whole way on a far sample", At: []training{tight}, Setup: setup(1, 0.8)},
		},
	}
}
