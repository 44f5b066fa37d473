package arora2019exact

import (
	"fmt"
	"math"
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

// shallow is a pair of unit inputs and networks with one hidden layer.
type shallow struct {
	Rho   float64 `json:"rho"`
	Width int     `json:"width"`
	Batch int     `json:"batch"` // networks of a trial
}

func (p shallow) cost() checks.Cost {
	return checks.Cost{Trial: float64(p.Batch) * netCost(2, 2, []int{p.Width})}
}

// moments of the average of a batch: its mean, and the standard deviations of the entry and of its squared deviation.
func (p shallow) moments() (mean, variance, ofMean, ofSquare float64) {
	_, pair := pairAt(p.Rho)
	mean, one, fourth := bounds.NeuronTangentMoments(pair.Angle)
	variance, fourth = bounds.NeuronAverage(one, fourth, p.Width)
	batch := float64(p.Batch)
	return mean, variance, math.Sqrt(variance / batch), math.Sqrt((fourth - variance*variance) / batch)
}

// averaged averages a function of the entry over the batch.
func (p shallow) averaged(of func(k *mat.SymDense) float64, network func(x *mat.Dense, rng *rand.Rand) (*mat.SymDense, error), rng *rand.Rand) (float64, error) {
	x, _ := pairAt(p.Rho)
	sum := 0.0
	for range p.Batch {
		k, err := network(x, rng)
		if err != nil {
			return 0, err
		}
		sum += of(k)
	}
	return sum / float64(p.Batch), nil
}

func (p shallow) draw(x *mat.Dense, rng *rand.Rand) (*mat.SymDense, error) {
	return start(x, []int{p.Width}, rng)
}

// signed has random signs for output weights, as two-layer theories do.
func (p shallow) signed(x *mat.Dense, rng *rand.Rand) (*mat.SymDense, error) {
	net, err := draw(2, []int{p.Width}, 1, rng)
	if err != nil {
		return nil, err
	}
	for i, v := range net.LayerParams(net.Params(), 2) {
		net.LayerParams(net.Params(), 2)[i] = math.Copysign(1, v)
	}
	return net.Gram(x)
}

// The kernel of one hidden layer has its limit for mean, at every width.
//
// Setting: a pair of unit inputs with cosine rho; one hidden layer of any width m at its start. A trial averages a batch.
//
// Hypotheses: none.
//
// Conclusion: E Theta_hat(x,x') = Theta^(1)(x,x') = k1(rho) + rho k0(rho).
//
// Constants: derived: Theta_hat is an average of m independent copies of 2 sigma(u) sigma(v) + 2 rho a^2 1{u>0} 1{v>0}. Its standard
// deviation is known exactly, see shallow-variance, which is what the interval of the mean rests on. With two layers or more
// entries off the diagonal are biased at finite width.
//
// Convention: the paper's.
//
// Reference: equations 7 and 9 with L = 1; derived here.
//
// Control: the prediction 8 % larger; the kernel of the first layer alone.
func shallowMean() checks.Checkable {
	setup := func(change func(p shallow, mean float64) float64) func(shallow) (checks.Instance, error) {
		return func(p shallow) (checks.Instance, error) {
			_, pair := pairAt(p.Rho)
			limit := kernel.NTK(1).Of(pair)
			_, _, deviation, _ := p.moments()
			return checks.Instance{
				Terms: checks.Terms{Trials: 400, Resolution: 0.075, Deviation: checks.Float(deviation)},
				Trial: func(rng *rand.Rand) checks.Measurement {
					v, err := p.averaged(func(k *mat.SymDense) float64 { return k.At(0, 1) }, p.draw, rng)
					if err != nil {
						return checks.Failed(err)
					}
					return checks.Measurement{Observed: v, Predicted: change(p, limit), Relation: checks.Equal}
				},
			}, nil
		}
	}
	same := func(_ shallow, mean float64) float64 { return mean }
	half := shallow{Rho: 0.5, Width: 64, Batch: 6}
	return checks.Claim[shallow]{
		ID: "arora2019exact/shallow-mean", Title: "mean of the kernel, one hidden layer", Reference: "Equations 7, 9; derived here",
		Formula: `E\,\hat\Theta(x,x') = k_1(\rho) + \rho\,k_0(\rho)`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []shallow{half, {Rho: 1, Width: 64, Batch: 5}, {Rho: 0, Width: 16, Batch: 24}, {Rho: 0.9, Width: 1, Batch: 110}},
		Cost: shallow.cost, Setup: setup(same),
		Controls: []checks.Control[shallow]{
			{Name: "larger-mean", Why: "1.08 times the limit, twice what the interval resolves", At: []shallow{half}, Setup: setup(func(_ shallow, mean float64) float64 { return 1.08 * mean })},
			{Name: "first-layer-alone", Why: "rho k0, the kernel that belongs to the first layer", At: []shallow{half}, Setup: setup(func(p shallow, _ float64) float64 {
				_, pair := pairAt(p.Rho)
				return kernel.NTKTerm(1, 1).Of(pair)
			})},
		},
	}
}

// How much the kernel of one hidden layer varies at the start.
//
// Setting: as in shallow-mean.
//
// Hypotheses: none.
//
// Conclusion: Var Theta_hat(x,x') = (1/m) [2 J2/pi + 4 rho k1 + 6 rho^2 k0 - (k1 + rho k0)^2], with J2 = 3 sin cos + (pi - angle)
// (1 + 2 cos^2): 12/m at rho = 1, 0 at rho = -1.
//
// Constants: derived, by E 2 sigma(u)^2 sigma(v)^2 = J2/pi, E sigma(u) sigma(v) = k1/2, E 1 1 = k0/2, E a^4 = 3. The trial averages the squared
// deviation from the exact mean over a batch; the standard deviation of that average follows from the fourth moment of a
// neuron, which is exact too (bounds.NeuronTangentMoments).
//
// Convention: the paper's.
//
// Reference: Theorem 3.1 with L = 1; derived here.
//
// Control: output weights that are random signs, with which E a^4 = 1: 8/m in place of 12/m at rho = 1; the variance 25 % larger.
func shallowVariance() checks.Checkable {
	setup := func(factor float64, signs bool) func(shallow) (checks.Instance, error) {
		return func(p shallow) (checks.Instance, error) {
			mean, variance, _, deviation := p.moments()
			network := p.draw
			if signs {
				network = p.signed
			}
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("m times the variance", float64(p.Width)*variance)},
				Terms: checks.Terms{Trials: 400, Resolution: 0.17, Deviation: checks.Float(deviation)},
				Trial: func(rng *rand.Rand) checks.Measurement {
					v, err := p.averaged(func(k *mat.SymDense) float64 { return square(k.At(0, 1) - mean) }, network, rng)
					if err != nil {
						return checks.Failed(err)
					}
					return checks.Measurement{Observed: v, Predicted: factor * variance, Relation: checks.Equal}
				},
			}, nil
		}
	}
	same := shallow{Rho: 1, Width: 16, Batch: 40}
	return checks.Claim[shallow]{
		ID: "arora2019exact/shallow-variance", Title: "variance of the kernel, one hidden layer", Reference: "Theorem 3.1; derived here",
		Formula:    `\operatorname{Var}\hat\Theta = \frac1m\left[\frac{2J_2}{\pi} + 4\rho k_1 + 6\rho^2 k_0 - (k_1+\rho k_0)^2\right]`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []shallow{same, {Rho: 0.7, Width: 32, Batch: 30}},
		Cost: shallow.cost, Setup: setup(1, false),
		Controls: []checks.Control[shallow]{
			{Name: "random-signs", Why: "output weights of +1 and -1 have no fourth moment of 3: two thirds of the variance at rho = 1", At: []shallow{same}, Setup: setup(1, true)},
			{Name: "larger-variance", Why: "1.25 times the variance, twice what the interval resolves", At: []shallow{same}, Setup: setup(1.25, false)},
		},
	}
}

// The law of the diagonal, with one hidden layer.
//
// Setting: one unit input; one hidden layer of m neurons at its start. A trial is the share, among a batch of networks, of
// those with Theta_hat(x,x) <= 2.
//
// Hypotheses: none.
//
// Conclusion: Theta_hat(x,x) is (4/m) Gamma(K), K ~ Binomial(m, 1/2); so the share has the mean sum_k P(K = k) P(Gamma(k) <= m/2).
//
// Constants: derived: a neuron that is open along x adds (2/m)(g^2 + a^2), exponential of mean 4/m.
//
// Convention: the paper's.
//
// Reference: Theorem 3.1 with L = 1, x = x'; derived here.
//
// Control: all neurons open; the law of a network half as wide, at m = 2.
func shallowDiagonal() checks.Checkable {
	setup := func(law func(m int) float64) func(shallow) (checks.Instance, error) {
		return func(p shallow) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Trials: 400, Resolution: 0.1, Range: &[2]checks.Float{0, 1}},
				Trial: func(rng *rand.Rand) checks.Measurement {
					v, err := p.averaged(func(k *mat.SymDense) float64 {
						if k.At(0, 0) <= 2 {
							return 1
						}
						return 0
					}, p.draw, rng)
					if err != nil {
						return checks.Failed(err)
					}
					return checks.Measurement{Observed: v, Predicted: law(p.Width), Relation: checks.Equal}
				},
			}, nil
		}
	}
	exact := func(m int) float64 { return bounds.ShallowDiagonal(2, m) }
	two := shallow{Rho: 1, Width: 2, Batch: 40}
	return checks.Claim[shallow]{
		ID: "arora2019exact/shallow-diagonal", Title: "law of the diagonal, one hidden layer", Reference: "Theorem 3.1; derived here",
		Formula:    `\hat\Theta(x,x) \sim \frac4m\,\Gamma(K), \quad K \sim \mathrm{Bin}(m,\tfrac12)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []shallow{two, {Rho: 1, Width: 1, Batch: 25}, {Rho: 1, Width: 9, Batch: 25}},
		Cost: shallow.cost, Setup: setup(exact),
		Controls: []checks.Control[shallow]{
			{Name: "all-open", Why: "Gamma(m) for Gamma(K): networks whose neurons are all open", At: []shallow{two}, Setup: setup(func(m int) float64 {
				half := float64(m) / 2
				sum, term := 0.0, math.Exp(-half) // P(Gamma(m) > m/2), as a Poisson sum
				for k := range m {
					sum += term
					term *= half / float64(k+1)
				}
				return 1 - sum
			})},
			{Name: "half-as-wide", Why: "the law at m = 1 for that at m = 2: a tenth more", At: []shallow{two}, Setup: setup(func(m int) float64 { return exact(m / 2) })},
		},
	}
}

// spread is a data set with networks of one hidden layer.
type spread struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"width"`
	Delta float64   `json:"delta"`
}

// Theorem 3.1 for one hidden layer, with its constants, for all pairs at once.
//
// Setting: n inputs of norm at most 1; one hidden layer of any width m at its start; t = log(n(n+1)/delta).
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta, max_{ij} |Theta_hat_ij - Theta^(1)_ij| <= sqrt(32 t/m) + 4t/m. So a width of
// about 32 t/eps^2 makes it eps; the paper asks for eps^{-4}.
//
// Constants: derived: the summand Z of a neuron has |Z| <= (Z_1 + Z_1')/2, Z_1 = 4 Exp(1) with probability 1/2, so E |Z|^k <= (k!/2)
// 16 4^{k-2}; Bernstein's inequality for moments, two sides, n(n+1)/2 pairs.
//
// Convention: the paper's.
//
// Reference: Theorem 3.1 with L = 1; derived here.
//
// Control: neurons in groups of twelve copies, which is a network of a twelfth of the width.
//
// Loose: Bernstein's inequality has 16 for the variance 12, a Gaussian tail has no factor before the exponential, and a run
// refutes only what fails clearly more often than delta: together 2 and more at n = 1.
func shallowTail() checks.Checkable {
	setup := func(copies int) func(spread) (checks.Instance, error) {
		return func(p spread) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			limit, err := kernel.NTK(1).Gram(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			n := set.N()
			bound := bounds.ShallowTangentTail(math.Log(float64(n*(n+1))/p.Delta), p.Width)
			return checks.Instance{
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Facts: []checks.Fact{checks.NewFact("width for 0.1", bounds.ShallowTangentWidth(n, 0.1, p.Delta))},
				Trial: func(rng *rand.Rand) checks.Measurement {
					k, err := start(set.X, []int{p.Width / copies}, rng)
					if err != nil {
						return checks.Failed(err)
					}
					return checks.Measurement{Observed: largestDifference(k, limit), Predicted: bound}
				},
			}, nil
		}
	}
	one := spread{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, Width: 600, Delta: 0.05}
	return checks.Claim[spread]{
		ID: "arora2019exact/shallow-tail", Title: "kernel at the start, one hidden layer", Reference: "Theorem 3.1 with L = 1; derived here",
		Formula: `\max_{ij}|\hat\Theta_{ij}-\Theta_{ij}| \le \sqrt{32t/m} + 4t/m`, Convention: convention,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) spread {
			return spread{
				Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 4, MinD: 1, MaxD: 3}).Draw(t, "data"),
				Width: rapid.IntRange(1, 60).Draw(t, "width"), Delta: rapid.SampledFrom([]float64{0.1, 0.5, 0.999}).Draw(t, "delta"),
			}
		}),
		Grid: []spread{one, {Data: data.Spec{Kind: data.Sphere, N: 4, D: 3, Seed: 1}, Width: 200, Delta: 0.1}, {Data: images.Hard(data.Fashion, 4, 49), Width: 100, Delta: 0.2}},
		OnData: func(f checks.DataFile) []spread {
			return []spread{{Data: userfile.Rows(f, 20), Width: 256, Delta: 0.1}}
		},
		Cost: func(p spread) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Setup: 300 * float64(n*n), Trial: netCost(n, d, []int{p.Width}), Size: fmt.Sprintf("m=%d", p.Width)}
		},
		Setup:    setup(1),
		Detects:  map[string]float64{"": 2.4},
		Controls: []checks.Control[spread]{{Name: "copies", Why: "twelve copies of each neuron: the deviation is that of a twelfth of the width", At: []spread{one}, Setup: setup(12)}},
	}
}

func largestDifference(a, b mat.Symmetric) float64 {
	worst, n := 0.0, a.SymmetricDim()
	for i := range n {
		for j := i; j < n; j++ {
			worst = math.Max(worst, math.Abs(a.At(i, j)-b.At(i, j)))
		}
	}
	return worst
}
