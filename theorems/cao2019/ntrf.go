package cao2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
)

// pool is a law of samples, uniform on labelled data, and one pass over n of them.
type pool struct {
	Data    data.Spec `json:"data"`
	N       int       `json:"n"`
	Delta   float64   `json:"delta"`
	L       int       `json:"l"`
	M       int       `json:"m"`
	D       float64   `json:"distance"`
	Network bool      `json:"network,omitempty"` // train the network itself
	Eta     float64   `json:"eta,omitempty"`     // with this step times m
	Passes  int       `json:"passes,omitempty"`  // over the same samples before the one that counts (control)
}

func (p pool) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	c := checks.Cost{Trial: netCost(n, d, p.L, p.M) + 4*float64(p.N*n), Size: fmt.Sprintf("m=%d, n=%d", p.M, p.N)}
	switch {
	case p.Network:
		weights := float64(p.M*d + p.M*p.M*(p.L-2))
		c.Trial += float64(p.N) * (3*float64(n)*weights + float64(1+p.Passes)*(12*weights+2000))
	case p.D == 0:
		c.Trial = 20 * float64(p.N)
	}
	return c
}

// An account is what one pass gave.
type account struct {
	errors float64 // mean over the iterates of the population error
	losses float64 // mean of the losses of the bound: the iterates' own, or those of the comparator
	regret float64 // what is added to them, per sample
	series []checks.Series
}

// ntrfBound is Theorem 3.3 with every constant explicit, for the random feature model; and the same step for the network itself.
//
// Setting: n independent samples of a law on labelled unit inputs, here uniform on a finite set, so that population errors are exact. The NTRF
// model <grad f_{W^(1)}(x), W - W^(1)> of a network with L layers at the initialisation, trained by one pass of stochastic gradient descent on the logistic
// loss from W^(1) with eta = D/(m sqrt(n G)), where |grad f_{W^(1)}(x)|_F^2 <= m G on all inputs. Or, where Network is set, the network itself with any step.
//
// Hypotheses: delta in (0, 1); no sample is met before.
//
// Conclusion: with probability at least 1 - delta over the samples, for every F = <grad f_{W^(1)}, W* - W^(1)> with |W* - W^(1)|_F <= D/sqrt m,
// (1/n) sum_i L_D^{0-1}(W^(i)) <= (1/log 2) [ (1/n) sum_i log(1 + exp(-y_i F(x_i))) + D sqrt(G/n) ] + sqrt(log(1/delta)/(2n)). For the network the bracket is
// (1/n) sum_i L_i(W^(i)).
//
// Constants: derived: the 0-1 loss, with ties as errors, is at most the logistic loss over log 2; then linear-regret, then online-to-batch. The theorem has
// a factor 4 for 1/log 2 = 1.44, a ball with R/sqrt m for each layer, O(L R/sqrt n + sqrt(log(1/delta)/n)) for the rest, and m >= m* = O~(poly(R, L)) n^7 log(1/delta).
// That width is beside each instance; none can be run, which is why the network enters through its own losses. As printed its probability is over W^(1)
// alone; its proof needs the samples too. The start of the paper is not zero; here the initial function is taken off, as by a
// doubled network with opposite signs. Attained by D = 0, where all outputs are ties; how sharp the two other
// terms are, linear-regret and online-to-batch tell.
//
// Convention: 0-1 loss with ties as errors; the norm of all layers together.
//
// Reference: derived here, after Cao, Gu (2019), Theorem 3.3.
//
// Control: 1/log 2 times 0.9, on outputs that are all ties; the regret times 0.2; no deviation; and samples that have been met in 60 passes before, with random labels.
func ntrfBound() checks.Checkable {
	setup := func(factor, added, deviation float64, again bool) func(pool) (checks.Instance, error) {
		return func(p pool) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("no sample is met before", again || p.Passes == 0)},
				Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
				Facts: []checks.Fact{
					checks.NewFact("width run", float64(p.M)),
					checks.NewFact("n^7 log(1/delta), order of the width (published)", bounds.NTRFWidth(p.N, p.Delta)),
				},
				Trial: func(r *rand.Rand) checks.Measurement {
					a, err := p.run(set, r)
					if err != nil {
						return checks.Failed(err)
					}
					losses := factor * a.losses / math.Ln2
					return checks.Measurement{
						Observed: a.errors, Predicted: losses + added*a.regret/math.Ln2 + deviation*bounds.OnlineDeviation(p.N, p.Delta), Term: losses,
						Tolerance: 1e-12, Series: a.series,
					}
				},
			}, nil
		}
	}
	ties := pool{Data: data.Spec{Kind: data.Basis, N: 2, D: 2, Labels: data.Alternate}, N: 40000, Delta: 0.3, L: 2, M: 10}
	// One sample: W^(1) ties, and the comparator gains less than half of what the regret allows.
	first := pool{Data: data.Spec{Kind: data.Basis, N: 1, D: 2, Labels: data.Const}, N: 1, Delta: 0.95, L: 2, M: 100, D: 0.8}
	// Two equal inputs with unlike labels: half of them are errors, and the sample that is met may be the other half.
	unlike := pool{
		Data: data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 0}, {1, 0}}, Labels: data.Alternate}, N: 1, Delta: 0.05, L: 2, M: 10, Network: true, Eta: 1,
	}
	random := data.Spec{Kind: data.Sphere, N: 80, D: 30, Seed: 1, Labels: data.Sign}
	return checks.Claim[pool]{
		ID: "cao2019/ntrf-bound", Title: "error of one pass on random features", Reference: "derived here, after Theorem 3.3",
		Formula:    `\frac1n\sum_i L_{\mathcal D}^{0\text{-}1}(W^{(i)}) \le \frac{1}{\log 2}\left[\frac1n\sum_i \ell(y_i F(x_i)) + D\sqrt{\frac Gn}\right] + \sqrt{\frac{\log(1/\delta)}{2n}}`,
		Convention: convention + "; logistic loss; initial function taken off", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) pool {
			s := gen.Specs(gen.Range{MinN: 1, MaxN: 6, MinD: 1, MaxD: 4}).Draw(t, "data")
			s.Labels = rapid.SampledFrom([]string{data.Const, data.Alternate, data.Sign}).Draw(t, "labels")
			return pool{
				Data: s, N: rapid.IntRange(1, 30).Draw(t, "n"), Delta: rapid.SampledFrom([]float64{0.1, 0.5, 0.95}).Draw(t, "delta"),
				L: rapid.IntRange(2, 3).Draw(t, "L"), M: rapid.IntRange(1, 12).Draw(t, "m"), D: rapid.SampledFrom([]float64{0, 0.1, 3, 100}).Draw(t, "D"),
				Network: rapid.Bool().Draw(t, "network"), Eta: rapid.SampledFrom([]float64{0.1, 1, 4}).Draw(t, "eta"),
			}
		}),
		Grid: []pool{
			ties, // attained
			{Data: data.Spec{Kind: data.Sphere, N: 40, D: 5, Seed: 1, Labels: data.Sign}, N: 60, Delta: 0.3, L: 2, M: 32, D: 5},
			{Data: images.Easy(data.MNIST, 60, 49), N: 2500, Delta: 0.1, L: 2, M: 50, D: 6}, // a bound well below 1
			{Data: images.Easy(data.MNIST, 40, 49), N: 60, Delta: 0.3, L: 3, M: 16, Network: true, Eta: 0.5},
		},
		OnData: func(f checks.DataFile) []pool {
			return []pool{{Data: signs(f, 60), N: 200, Delta: 0.1, L: 3, M: 32, D: 5}}
		},
		Cost: pool.cost, Setup: setup(1, 1, 1, false),
		Controls: []checks.Control[pool]{
			{Name: "tie-factor", Why: "outputs that are all ties attain 1/log 2", At: []pool{ties}, Setup: setup(0.9, 1, 1, false)},
			{Name: "regret", Why: "the losses of the comparator alone are below those of the start", At: []pool{first}, Setup: setup(1, 0.2, 1, false)},
			{Name: "deviation", Why: "a network that gets the sample right may err on half of the law", At: []pool{unlike}, Setup: setup(1, 1, 0, false)},
			{
				Name: "met-before", Why: "after 60 passes over its samples the network has learnt random labels by heart",
				At: []pool{{Data: random, N: 20, Delta: 0.3, L: 2, M: 20, Network: true, Eta: 2, Passes: 60}}, Setup: setup(1, 1, 1, true),
			},
		},
	}
}

// run draws network and samples.
func (p pool) run(set *data.Set, r *rand.Rand) (account, error) {
	seen := make([]int, p.N)
	for i := range seen {
		seen[i] = r.IntN(set.N())
	}
	switch {
	case p.Network:
		return p.train(set, seen, r)
	case p.D == 0:
		return account{errors: 1, losses: logistic(0)}, nil // all outputs stay zero
	}
	k, err := tangent(set.X, p.L, p.M, r)
	if err != nil {
		return account{}, err
	}
	return p.features(set, k, seen), nil
}

// features follows the outputs of the linear model on all inputs; k is J J^T/m.
func (p pool) features(set *data.Set, k *mat.SymDense, seen []int) account {
	n, largest := float64(p.N), 0.0
	for i := range set.N() {
		largest = math.Max(largest, k.At(i, i))
	}
	best := mat.NewVecDense(set.N(), nil)
	best.MulVec(k, mat.NewVecDense(set.N(), set.Y))
	if square := floats.Dot(set.Y, best.RawVector().Data); square > 0 {
		best.ScaleVec(p.D/math.Sqrt(square), best)
	}
	var a account
	a.regret = bounds.RegretBound(p.D, largest, p.N) / n
	out := make([]float64, set.N())
	eta := 0.0
	if largest > 0 {
		eta = bounds.RegretStep(p.D, largest, p.N, 1) // the kernel is divided by m
	}
	var samples, errors []float64
	for i, s := range seen {
		wrong := share(out, set.Y)
		a.errors += wrong / n
		a.losses += logistic(set.Y[s]*best.AtVec(s)) / n
		samples, errors = append(samples, float64(i+1)), append(errors, wrong)
		slope := set.Y[s] * logisticSlope(set.Y[s]*out[s])
		for j := range out {
			out[j] -= eta * slope * k.At(s, j)
		}
	}
	a.series = p.curves(samples, errors, a)
	return a
}

// curves draws a hundred of the iterates or so.
func (p pool) curves(samples, errors []float64, a account) []checks.Series {
	every := 1 + len(samples)/100
	n := 0
	for i := 0; i < len(samples); i += every {
		samples[n], errors[n] = samples[i], errors[i]
		n++
	}
	samples, errors = samples[:n], errors[:n]
	bound := make([]float64, len(samples))
	for i := range bound {
		bound[i] = (a.losses+a.regret)/math.Ln2 + bounds.OnlineDeviation(p.N, p.Delta)
	}
	axes := curve.Axes{X: "sample", Y: "population error"}
	return axes.Against("iterates", samples, errors, bound)
}

// train trains the network itself.
func (p pool) train(set *data.Set, seen []int, r *rand.Rand) (account, error) {
	net, err := deep.New(network(set.D(), p.L, p.M), r)
	if err != nil {
		return account{}, err
	}
	all, err := net.NewPass(set.X)
	if err != nil {
		return account{}, err
	}
	x, y := mat.NewDense(p.N, set.D(), nil), make([]float64, p.N)
	for i, s := range seen {
		x.SetRow(i, set.X.RawRowView(s))
		y[i] = set.Y[s]
	}
	pass := deep.OnePass{Step: p.Eta / float64(p.M), Loss: nets.Logistic{}}
	for range p.Passes {
		if _, err := pass.Run(net, x, y); err != nil {
			return account{}, err
		}
	}
	var a account
	var samples, errors []float64
	pass.Observe = func(v *deep.Visit) bool {
		all.Forward()
		wrong := share(all.Output(), set.Y)
		a.errors += wrong / float64(p.N)
		a.losses += v.Loss / float64(p.N)
		samples, errors = append(samples, float64(v.Sample+1)), append(errors, wrong)
		return true
	}
	_, err = pass.Run(net, x, y)
	a.series = p.curves(samples, errors, a)
	return a, err
}

// share is that of the outputs with the wrong sign, or none.
func share(out, y []float64) float64 { return 1 - nets.Accuracy(out, y, 0) }
