package yang2023

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
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// startGram draws a network and returns its tangent kernel in weights and biases.
func startGram(in *inputs, m int, symmetry nets.Symmetry, r *rand.Rand) *mat.SymDense {
	net, batch, h := in.law(m, symmetry).Draw(r), nets.NewBatch(in.x, m), mat.NewSymDense(in.n(), nil)
	batch.Forward(net)
	batch.Gram(h, net, nets.FirstLayer)
	return h
}

func gramCost(p wide) checks.Cost {
	c, n := p.cost(), float64(p.Data.N)
	c.Trial += float64(p.M) * n * n / 4
	return c
}

// kernelEntry is the mean of the tangent kernel.
//
// Setting: two unit inputs x, x' with inner product rho; a network of width m at its start, all biases B >= 0.
//
// Hypotheses: none.
//
// Conclusion: E H(0)(x, x') = H^inf(x, x') = (rho + 1) p, p = P(w.x >= B, w.x' >= B).
//
// Constants: none. p is (1/pi) int_0^{(pi-angle)/2} exp(-B^2/(2 sin^2 phi)) dphi (derived here). The standard deviation of a
// trial is (1+rho) sqrt(p(1-p)/m). Judged to 3 %.
//
// Convention: 1/sqrt(m) scaling, weights and biases trained.
//
// Reference: Yang et al., Section 2 (limit kernel).
//
// Control: fixed biases (rho p); the kernel at 1.05 B; biases of the other sign.
func kernelEntry() checks.Checkable {
	setup := func(limit func(bias float64) kernel.Kernel) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			h, err := limit(p.Bias).Gram(in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			i := in.n() - 1
			k, mean := in.gram.At(0, i), in.limit.At(0, i)
			chance := mean / k
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("rho", k-1), checks.NewFact("p", chance)},
				Terms: checks.Terms{Resolution: 0.03, Deviation: checks.Float(k * math.Sqrt(chance*(1-chance)/float64(p.M)))},
				Trial: func(r *rand.Rand) checks.Measurement {
					return checks.Measurement{Observed: startGram(in, p.M, nets.Independent, r).At(0, i), Predicted: h.At(0, i), Relation: checks.Equal}
				},
			}, nil
		}
	}
	angles := func(a float64) data.Spec { return data.Spec{Kind: data.Angles, D: 2, N: 2, Angles: []float64{0, a}} }
	grid := []wide{
		{Data: angles(1), Bias: 0, M: 2000}, {Data: angles(0.5), Bias: 1, M: 6000}, {Data: angles(2), Bias: 0.5, M: 10000},
		{Data: orthonormal(1), Bias: 2, M: 8000}, {Data: images.Hard(data.MNIST, 2, 49), Bias: 1, M: 6000},
	}
	return checks.Claim[wide]{
		ID: "yang2023/kernel-entry", Title: "mean of the tangent kernel with biases", Reference: "Section 2, limit kernel",
		Formula: `\mathbb{E}\,H_{ij}(0) = (x_i^{\top} x_j + 1)\,\mathbb{P}[\langle w,x_i\rangle \ge B,\ \langle w,x_j\rangle \ge B]`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid, Cost: gramCost, Setup: setup(kernel.BiasedReLU),
		Controls: []checks.Control[wide]{
			{Name: "fixed-biases", Why: "trained biases add p to every entry", At: grid[:2], Setup: setup(kernel.ThresholdReLU)},
			{Name: "larger-bias", Why: "the tail at 1.05 B is 8 % smaller at B = 1", At: grid[1:2], Setup: setup(func(b float64) kernel.Kernel { return kernel.BiasedReLU(1.05 * b) })},
			{Name: "other-sign", Why: "biases are subtracted", At: grid[1:2], Setup: setup(func(b float64) kernel.Kernel { return kernel.BiasedReLU(-b) })},
		},
	}
}

// gramEntries is the concentration of the tangent kernel, entry by entry.
//
// Setting: n unit inputs; a network of m independent neurons at its start, all biases B >= 0.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1-delta, for all i <= j, |H_ij(0) - H^inf_ij(B)| <= (1 + rho_ij) q_ij, where m q_ij is
// the distance from m p_ij of the quantiles of Binomial(m, p_ij) at delta/(n(n+1)) on either side.
//
// Constants: derived. m H_ij(0)/(1+rho_ij) is exactly binomial; n(n+1)/2 entries share delta. With Bernstein's inequality
// q_ij <= sqrt(2 p_ij l/m) + 2 l/(3m), l = log(n(n+1)/delta), of order exp(-B^2/4) m^{-1/2}, as in Lemma 16, whose
// ||H(0) - H^inf||_F <= 4 n exp(-B^2/4) sqrt(log(n^2/delta)/m) has a hidden condition on m. Two orthonormal inputs lose little.
//
// Convention: 1/sqrt(m) scaling, weights and biases trained.
//
// Reference: Yang et al., Lemma 16; derived here.
//
// Control: the limit at 1.15 B; neurons in pairs; 0.6 of the width of the interval.
func gramEntries() checks.Checkable {
	setup := func(bias float64, symmetry nets.Symmetry, factor float64) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			joint, err := kernel.Threshold(bias * p.Bias).Gram(in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			n := in.n()
			width := mat.NewSymDense(n, nil)
			for i := range n {
				for j := i; j < n; j++ {
					q := math.Min(joint.At(i, j), 1)
					off := math.Max(bounds.BinomialFlips(q, n*(n+1), p.M, p.Delta)-q, bounds.BinomialFlips(1-q, n*(n+1), p.M, p.Delta)-(1-q))
					width.SetSym(i, j, factor*in.gram.At(i, j)*off)
				}
			}
			return checks.Instance{
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					h := startGram(in, p.M, symmetry, r)
					var all []checks.Measurement
					for i := range n {
						for j := i; j < n; j++ {
							k := in.gram.At(i, j)
							all = append(all, checks.Measurement{Observed: math.Abs(h.At(i, j) - k*joint.At(i, j)), Predicted: width.At(i, j), Tolerance: 1e-12})
						}
					}
					return checks.Worst(all...)
				},
			}, nil
		}
	}
	grid := []wide{
		{Data: orthonormal(2), Bias: 1, M: 2000, Delta: 0.7}, {Data: orthonormal(3), Bias: 2, M: 3000, Delta: 0.7},
		{Data: data.Spec{Kind: data.Sphere, N: 6, D: 6, Seed: 1}, Bias: 1.5, M: 1500, Delta: 0.2},
		{Data: images.All(data.MNIST, 6, 49), Bias: 1, M: 1000, Delta: 0.3}, {Data: images.All(data.Fashion, 6, 49), Bias: 0.5, M: 1000, Delta: 0.3},
	}
	return checks.Claim[wide]{
		ID: "yang2023/gram-entries", Title: "concentration of the tangent kernel at the start", Reference: "Lemma 16, derived here",
		Formula: `|H_{ij}(0) - H^{\infty}_{ij}(B)| \le (1+\rho_{ij})\, q_{ij} \le (1+\rho_{ij})\left[\sqrt{\frac{2p_{ij}\ell}{m}} + \frac{2\ell}{3m}\right]`, Convention: convention,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) wide {
			return wide{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 4, MinD: 1, MaxD: 4}).Draw(t, "data"), Bias: biasOf(t),
				M: rapid.IntRange(1, 60).Draw(t, "m"), Delta: rapid.SampledFrom([]float64{0.2, 0.5, 0.9}).Draw(t, "delta"),
			}
		}),
		Grid: grid,
		OnData: func(f checks.DataFile) []wide {
			return []wide{{Data: userfile.Signed(f, 6), Bias: 1, M: 1000, Delta: 0.3}}
		},
		Cost: gramCost, Setup: setup(1, nets.Independent, 1),
		Controls: []checks.Control[wide]{
			{Name: "larger-bias", Why: "the limit at 1.15 B is out of reach of the deviations", At: grid[2:3], Setup: setup(1.15, nets.Independent, 1)},
			{Name: "pairs", Why: "equal neurons in pairs double the variance", At: []wide{{Data: orthonormal(1), Bias: 1, M: 2000, Delta: 0.2}}, Setup: setup(1, nets.Coupled, 1)},
			{Name: "narrower", Why: "quantiles are sharp: a share above delta lies outside 0.6 of the interval", At: grid[:1], Setup: setup(1, nets.Independent, 0.6)},
		},
	}
}

// enough is a problem for which the width is computed.
type enough struct {
	Data  data.Spec `json:"data"`
	Bias  float64   `json:"bias"`
	Eps   float64   `json:"eps"`
	Delta float64   `json:"delta"`
}

func (p enough) width(in *inputs) float64 {
	return math.Ceil(bounds.ChernoffWidth(in.n(), p.Eps, in.lambda.Lower(), math.Sqrt(in.top), p.Delta))
}

// gramChernoff is the smallest eigenvalue of the tangent kernel at the start.
//
// Setting: n unit inputs; a network of m independent neurons at its start, all biases B >= 0; eps in (0, 1).
//
// Hypotheses: lambda(B) > 0; m >= Lambda ln(n/delta)/(c(eps) lambda(B)), c(eps) = eps + (1-eps) ln(1-eps); the width is chosen so.
//
// Conclusion: with probability at least 1-delta, lambda_min(H(0)) > (1-eps) lambda(B).
//
// Constants: matrix Chernoff (Tropp 2012, Theorem 1.1) for summands of norm at most Lambda/m (derived). At eps = 1/4 it is
// m >= 29.21 Lambda ln(n/delta)/lambda(B), where Lemma 15 has n exp(-lambda m/(64 n)): Lambda <= 2n, so that the printed bound
// follows. For n = 1, eps near 1 and large B it is sharp: (1-Q)^m is the chance that no neuron is active, exp(-mQ) the
// bound.
//
// Convention: 1/sqrt(m) scaling, weights and biases trained.
//
// Reference: Yang et al., Lemma 15; derived here.
//
// Control: the limit kernel at 0.8 B, whose eigenvalue is larger; neurons in pairs.
func gramChernoff() checks.Checkable {
	setup := func(bias, less float64, symmetry nets.Symmetry) func(enough) (checks.Instance, error) {
		return func(p enough) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			target, err := kernel.BiasedReLU(bias * p.Bias).Lambda0(in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			inst := checks.Instance{Hypotheses: []checks.Hypothesis{in.positive()}, Terms: checks.Terms{Delta: checks.Float(p.Delta)}}
			if !inst.Hypotheses[0].Met() {
				return inst, nil
			}
			m := max(1, int(math.Ceil(p.width(in)/less)))
			if symmetry != nets.Independent {
				m += m % 2
			}
			const widest = 20000
			inst.Hypotheses = append(inst.Hypotheses, checks.Require("neurons needed", float64(m), checks.AtMost, widest))
			if m > widest {
				return inst, nil
			}
			inst.Facts = []checks.Fact{checks.NewFact("lambda(B)", in.lambda.Value), checks.NewFact("Lambda", in.top), checks.NewFact("width run", float64(m))}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				low, err := eig.Min(startGram(in, m, symmetry, r))
				return checks.Measurement{Observed: low.Value, Predicted: (1 - p.Eps) * target.Value, Relation: checks.AtLeast, Error: low.Err + target.Err, Err: err}
			}
			return inst, nil
		}
	}
	cross := data.Spec{Kind: data.Circle, N: 4, D: 2}
	grid := []enough{
		{Data: orthonormal(1), Bias: 1, Eps: 0.999, Delta: 0.45}, {Data: orthonormal(1), Bias: 0.5, Eps: 0.1, Delta: 0.2}, {Data: cross, Bias: 1, Eps: 0.5, Delta: 0.2},
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, Bias: 0.5, Eps: 0.5, Delta: 0.2},
		{Data: images.Hard(data.Fashion, 4, 49), Bias: 0.5, Eps: 0.7, Delta: 0.3},
	}
	return checks.Claim[enough]{
		ID: "yang2023/gram-chernoff", Title: "smallest eigenvalue of the tangent kernel at the start", Reference: "Lemma 15, derived here",
		Formula: `m \ge \frac{\Lambda \ln(n/\delta)}{c(\epsilon)\lambda(B)} \Rightarrow \lambda_{\min}(H(0)) > (1-\epsilon)\lambda(B)`, Convention: convention,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) enough {
			return enough{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 3, MinD: 2, MaxD: 4}).Draw(t, "data"), Bias: rapid.Float64Range(0, 1.5).Draw(t, "bias"),
				Eps: rapid.SampledFrom([]float64{0.5, 0.9, 0.999}).Draw(t, "eps"), Delta: rapid.SampledFrom([]float64{0.3, 0.9}).Draw(t, "delta"),
			}
		}),
		Grid: grid,
		Cost: func(p enough) checks.Cost {
			in, err := load(p.Data, p.Bias)
			if err != nil || !in.positive().Met() {
				return checks.Cost{}
			}
			return gramCost(wide{Data: p.Data, M: int(math.Min(1e9, p.width(in)))})
		},
		Setup: setup(1, 1, nets.Independent),
		Controls: []checks.Control[enough]{
			{Name: "smaller-bias", Why: "lambda at 0.8 B is half as large again: half of it is missed at B = 1", At: []enough{{Data: cross, Bias: 2, Eps: 0.25, Delta: 0.2}}, Setup: setup(0.8, 1, nets.Independent)},
			{Name: "pairs", Why: "equal neurons in pairs halve the width", At: grid[:1], Setup: setup(1, 1, nets.Coupled)},
		},
		Constants: []checks.Constant[enough]{{
			Name: "width", Why: "the width divided by the factor: more than delta of the networks have no active neuron", At: []enough{{Data: orthonormal(1), Bias: 2.5, Eps: 0.999, Delta: 0.45}}, Factors: []float64{1.3, 1.5, 2},
			Scaled: func(p enough, f float64) (checks.Instance, error) { return setup(1, f, nets.Independent)(p) },
		}},
	}
}
