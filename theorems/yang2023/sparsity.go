package yang2023

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/biased"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// wide is a network of width M with bias Bias on data. Delta is the allowed failure, Reach a radius R.
type wide struct {
	Data  data.Spec `json:"data"`
	Bias  float64   `json:"bias"`
	M     int       `json:"m"`
	Delta float64   `json:"delta,omitempty"`
	Reach float64   `json:"reach,omitempty"`
	Norm  float64   `json:"norm,omitempty"` // of the inputs, in controls; 0 means 1
}

func (p wide) cost() checks.Cost {
	return checks.Cost{Setup: limitCost(p.Data), Trial: drawCost(p.Data, p.M), Bytes: 8 * float64(p.M) * 20}
}

func orthonormal(n int) data.Spec { return data.Spec{Kind: data.Orthonormal, N: n, D: n, Seed: 1} }

// activeShare is the share of active neurons at the start.
//
// Setting: n unit inputs; a network of width m at its start, all biases B >= 0.
//
// Hypotheses: none.
//
// Conclusion: E (1/(nm)) sum_i |S_on(i, 0)| = Q(B), the tail P(N(0, 1) >= B), which is at most exp(-B^2/2)/2.
//
// Constants: none; w_r.x_i is standard normal. The deviation of a trial is known exactly:
// (1/(n^2 m)) sum_ij (p_ij - Q^2). Judged to 2 %. The printed orders O(m exp(-B^2/2)) and, at B = sqrt(0.4 log m), m^{4/5}
// follow from Q(B) <= exp(-B^2/2)/2.
//
// Convention: a neuron is active where w.x - b >= 0.
//
// Reference: Yang et al., Lemma 33; the exact mean is derived here.
//
// Control: inputs of norm 1.04, where the rate is Q(B/1.04); the rate at B + 0.05; exp(-B^2/2)/2 for Q(B).
func activeShare() checks.Checkable {
	setup := func(rate func(float64) float64) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			n, q := in.n(), kernel.UpperTail(p.Bias)
			joint, err := kernel.Threshold(p.Bias).Gram(in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			variance := (mat.Sum(joint) - float64(n*n)*q*q) / float64(n*n*p.M)
			x := mat.DenseCopyOf(in.x)
			if p.Norm > 0 {
				_, d := x.Dims()
				for i := range n {
					for k := range d - 1 {
						x.Set(i, k, p.Norm*x.At(i, k))
					}
				}
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.02, Deviation: checks.Float(math.Sqrt(variance))},
				Trial: func(r *rand.Rand) checks.Measurement {
					batch, counts, sum := nets.NewBatch(x, p.M), make([]int, n), 0
					batch.Forward(in.law(p.M, nets.Independent).Draw(r))
					biased.Active(counts, batch)
					for _, c := range counts {
						sum += c
					}
					return checks.Measurement{Observed: float64(sum) / float64(n*p.M), Predicted: rate(p.Bias), Relation: checks.Equal}
				},
			}, nil
		}
	}
	return checks.Claim[wide]{
		ID: "yang2023/active-share", Title: "share of active neurons at the start", Reference: "Lemma 33, exact mean derived here",
		Formula: `\mathbb{E}\,\frac{1}{nm}\sum_i |S_{\mathrm{on}}(i,0)| = Q(B)`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []wide{
			{Data: orthonormal(8), Bias: 0, M: 500}, {Data: orthonormal(8), Bias: 1, M: 1000}, {Data: orthonormal(8), Bias: 2, M: 3000},
			{Data: images.All(data.MNIST, 6, 49), Bias: 0.5, M: 1500},
		},
		Cost: wide.cost, Setup: setup(kernel.UpperTail),
		Controls: []checks.Control[wide]{
			{Name: "longer-inputs", Why: "the rate on inputs of norm 1.04 is Q(B/1.04)", At: []wide{{Data: orthonormal(8), Bias: 2, M: 3000, Norm: 1.04}}},
			{
				Name: "larger-bias", Why: "the rate at B + 0.05 is smaller by 5 to 12 %", At: []wide{{Data: orthonormal(8), Bias: 1, M: 1000}, {Data: orthonormal(8), Bias: 2, M: 3000}},
				Setup: setup(func(b float64) float64 { return kernel.UpperTail(b + 0.05) }),
			},
			{
				Name: "bound-for-tail", Why: "exp(-B^2/2)/2 is attained at B = 0 alone", At: []wide{{Data: orthonormal(8), Bias: 1, M: 1000}},
				Setup: setup(func(b float64) float64 { return math.Exp(-b*b/2) / 2 }),
			},
		},
	}
}

// activeCounts is the law of the number of active neurons at the start.
//
// Setting: as in active-share.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1-delta, for all i: k_- <= |S_on(i, 0)| <= k_+, the delta/(2n)-quantiles of
// Binomial(m, Q(B)) from below and from above.
//
// Constants: derived; the count is exactly binomial, and n inputs share delta. For orthonormal inputs the counts are
// independent and little is lost. The printed event, |S_on(i, 0)| <= 2 m exp(-B^2/2) with probability
// 1 - n exp(-m exp(-B^2/2)/4), follows: 2 exp(-B^2/2) is at least 4 Q(B), and P(Bin(m, q) >= a) <= exp(-a (ln 4 - 1)) for
// a >= 4mq.
// It holds for neurons drawn independently: pairs of equal neurons double the variance.
//
// Convention: as in active-share.
//
// Reference: Yang et al., Lemma 33; exact law derived here.
//
// Control: neurons in pairs; the quantiles of a rate 6 % smaller or larger.
func activeCounts() checks.Checkable {
	setup := func(symmetry nets.Symmetry, factor float64) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			n, q := in.n(), factor*kernel.UpperTail(p.Bias)
			most, least := bounds.BinomialFlips(q, 2*n, p.M, p.Delta), 1-bounds.BinomialFlips(1-q, 2*n, p.M, p.Delta)
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("Q(B)", q), checks.NewFact("exp(-B^2/2)", math.Exp(-p.Bias*p.Bias/2))},
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					batch, counts := nets.NewBatch(in.x, p.M), make([]int, n)
					batch.Forward(in.law(p.M, symmetry).Draw(r))
					high := biased.Active(counts, batch)
					low := high
					for _, c := range counts {
						low = min(low, c)
					}
					return checks.All(
						checks.Measurement{Part: "most", Observed: float64(high) / float64(p.M), Predicted: most, Tolerance: 1e-12},
						checks.Measurement{Part: "least", Observed: float64(low) / float64(p.M), Predicted: least, Relation: checks.AtLeast, Tolerance: 1e-12},
					)
				},
			}, nil
		}
	}
	grid := []wide{
		{Data: orthonormal(8), Bias: 1, M: 1500, Delta: 0.7}, {Data: orthonormal(8), Bias: 0, M: 500, Delta: 0.7},
		{Data: orthonormal(6), Bias: 2, M: 3000, Delta: 0.7}, {Data: images.All(data.MNIST, 6, 49), Bias: 1, M: 1000, Delta: 0.3},
		{Data: images.All(data.Fashion, 6, 49), Bias: 1.5, M: 1000, Delta: 0.3},
	}
	return checks.Claim[wide]{
		ID: "yang2023/active-counts", Title: "numbers of active neurons at the start", Reference: "Lemma 33, exact law derived here",
		Formula: `k_- \le |S_{\mathrm{on}}(i,0)| \le k_+,\quad |S_{\mathrm{on}}(i,0)| \sim \mathrm{Bin}(m, Q(B))`, Convention: convention,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) wide {
			return wide{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 5, MinD: 1, MaxD: 4}).Draw(t, "data"), Bias: biasOf(t),
				M: rapid.IntRange(1, 60).Draw(t, "m"), Delta: rapid.SampledFrom([]float64{0.2, 0.5, 0.9}).Draw(t, "delta"),
			}
		}),
		Grid: grid,
		OnData: func(f checks.DataFile) []wide {
			return []wide{{Data: userfile.Signed(f, 6), Bias: 1, M: 1000, Delta: 0.3}}
		},
		Cost: wide.cost, Setup: setup(nets.Independent, 1),
		Controls: []checks.Control[wide]{
			{Name: "pairs", Why: "equal neurons in pairs double the variance of a count", At: grid[:1], Setup: setup(nets.Coupled, 1)},
			{Name: "smaller-rate", Why: "counts rise above the quantile of a rate 6 % smaller", At: grid[:1], Setup: setup(nets.Independent, 0.94)},
			{Name: "larger-rate", Why: "counts fall below the quantile of a rate 6 % larger", At: grid[:1], Setup: setup(nets.Independent, 1.06)},
		},
	}
}

// movedCounts is sparsity throughout training.
//
// Setting: as in active-share; then any weights and biases for which no preactivation on the inputs has moved by more
// than R, fixed before the draw. The adversary here moves, for each input in turn, every neuron by R x~_i/|x~_i|^2.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1-delta over the start, |S_on(i)| <= k for all i and all such weights, k the
// delta/n-quantile of Binomial(m, Q(B-R)). In particular for all t, where R bounds the movement in training, as in
// certificate and convergence.
//
// Constants: derived. An active neuron has w_r(0).x_i - B >= -R, which has probability Q(B-R); the adversary attains it.
// By Chernoff k is at most min(m, 2mQ(B-R)) when delta >= n exp(-m Q(B-R)/3), and 2Q(B-R) <= exp(-((B-R)_+)^2/2) only for
// R <= B: beyond, 2Q exceeds 1.
//
// Convention: as in active-share.
//
// Reference: Yang et al., Lemmas 6 and 34, which hide the constant; derived here.
//
// Control: nine tenths of the reach.
func movedCounts() checks.Checkable {
	setup := func(factor float64) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			bound := bounds.BinomialFlips(kernel.UpperTail(p.Bias-factor*p.Reach), in.n(), p.M, p.Delta)
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("Q(B)", kernel.UpperTail(p.Bias)), checks.NewFact("Q(B-R)", kernel.UpperTail(p.Bias-p.Reach))},
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					most := mostAfterMoves(in, in.law(p.M, nets.Independent).Draw(r), p.Reach)
					return checks.Measurement{Observed: float64(most) / float64(p.M), Predicted: bound, Tolerance: 1e-12}
				},
			}, nil
		}
	}
	grid := []wide{
		{Data: orthonormal(4), Bias: 1, M: 2000, Delta: 0.7, Reach: 0.5}, {Data: orthonormal(4), Bias: 2, M: 2000, Delta: 0.7, Reach: 0.3},
		{Data: orthonormal(4), Bias: 0.5, M: 500, Delta: 0.7, Reach: 1}, {Data: images.Hard(data.MNIST, 4, 49), Bias: 1, M: 800, Delta: 0.3, Reach: 0.25},
	}
	return checks.Claim[wide]{
		ID: "yang2023/moved-counts", Title: "numbers of active neurons after any movement up to R", Reference: "Lemmas 6 and 34, derived here",
		Formula: `|z_{r,i} - z_{r,i}(0)| \le R \Rightarrow |S_{\mathrm{on}}(i)| \le k,\quad \mathbb{P}[\mathrm{Bin}(m, Q(B-R)) > k] \le \delta/n`, Convention: convention,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) wide {
			return wide{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 4, MinD: 1, MaxD: 4}).Draw(t, "data"), Bias: biasOf(t), M: rapid.IntRange(1, 60).Draw(t, "m"),
				Delta: rapid.SampledFrom([]float64{0.2, 0.5, 0.9}).Draw(t, "delta"), Reach: rapid.Float64Range(0, 3).Draw(t, "reach"),
			}
		}),
		Grid: grid,
		Cost: func(p wide) checks.Cost {
			c, n := p.cost(), float64(p.Data.N)
			c.Trial *= n + 1
			return c
		},
		Setup: setup(1),
		Controls: []checks.Control[wide]{
			{Name: "shorter-reach", Why: "the adversary goes the whole way: Q(B - 0.9 R) is 7 to 10 % smaller", At: grid[:1], Setup: setup(0.9)},
		},
	}
}

// mostAfterMoves moves every neuron so that its preactivation on one input rises by the reach, input by input, and returns the
// largest number of neurons that are then active on it. The other preactivations rise by at most as much.
func mostAfterMoves(in *inputs, net *nets.Network, reach float64) int {
	n, d := in.x.Dims()
	count, start, most := make([]int, 1), mat.DenseCopyOf(net.W), 0
	for i := range n {
		target := in.x.RawRowView(i)
		scale := reach / in.gram.At(i, i)
		for r := range net.Width() {
			row, from := net.W.RawRowView(r), start.RawRowView(r)
			for k := range d {
				row[k] = from[k] + scale*target[k]
			}
		}
		batch := nets.NewBatch(mat.NewDense(1, d, target), net.Width()) // this input alone
		batch.Forward(net)
		most = max(most, biased.Active(count, batch))
	}
	return most
}
