package arora2019exact

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
)

// initial is a data set with a network at its start.
type initial struct {
	Data   data.Spec `json:"data"`
	Hidden []int     `json:"hidden"`
	Kappa  float64   `json:"kappa"`
	Delta  float64   `json:"delta,omitempty"`
	Batch  int       `json:"batch,omitempty"`
}

func (p initial) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	return checks.Cost{Trial: float64(max(p.Batch, 1)) * netCost(n, d, p.Hidden)}
}

// drawn are the outputs of a network and the norms of its last features.
func (p initial) drawn(x *mat.Dense, rng *rand.Rand) (pass *deep.Pass, norms []float64, err error) {
	n, d := x.Dims()
	net, err := draw(d, p.Hidden, p.Kappa, rng)
	if err != nil {
		return nil, nil, err
	}
	if pass, err = net.NewPass(x); err != nil {
		return nil, nil, err
	}
	for i := range n {
		norms = append(norms, floats.Norm(pass.Feature(len(p.Hidden)).RawRowView(i), 2))
	}
	return pass, norms, nil
}

// How large the outputs are at the start.
//
// Setting: n inputs of any norm; any depth and widths; multiplier kappa; the network at its start.
//
// Hypotheses: (on the draw) max_i |g^(L)(x_i)|^2 <= 3/2. Where it fails the lemma says nothing.
//
// Conclusion: with probability at least 1 - delta over the output weights, max_i |kappa f(x_i)| <= kappa G sqrt(2 log(n/delta)), G = max_i
// |g^(L)(x_i)| (derived). For two inputs that is below 2 kappa sqrt(log(4/delta)) on the event, which is printed (printed).
//
// Constants: (printed) stated, 4 exp(-s^2/3) <= delta at s = 2 sqrt(log(4/delta)); (derived) f(x_i) is normal of variance
// |g^(L)(x_i)|^2, P(|N(0,1)| > s) <= exp(-s^2/2), n inputs.
//
// Convention: the paper's.
//
// Reference: Lemma B.4; derived here.
//
// Control: half of each bound; kappa left out of the size of the outputs.
//
// Loose: a Gaussian tail has no factor before the exponential, and a run refutes only what fails clearly more often than delta.
// The printed constant leaves room for a squared norm of 3/2 where it is about 1.
func initialOutput() checks.Checkable {
	setup := func(derived, printed float64, scaled bool) func(initial) (checks.Instance, error) {
		return func(p initial) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			n := float64(set.N())
			return checks.Instance{
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(rng *rand.Rand) checks.Measurement {
					pass, norms, err := p.drawn(set.X, rng)
					if err != nil {
						return checks.Failed(err)
					}
					largest, kappa := 0.0, p.Kappa
					for _, u := range pass.Output() {
						largest = math.Max(largest, math.Abs(u))
					}
					if !scaled {
						kappa = p.Kappa * p.Kappa
					}
					g := floats.Max(norms)
					parts := []checks.Measurement{{Part: "derived", Observed: largest, Predicted: kappa * g * math.Sqrt(2*math.Log(n/p.Delta)) / derived}}
					if set.N() <= 2 {
						parts = append(parts, checks.Measurement{Part: "printed", Observed: largest, Predicted: 2 * kappa * math.Sqrt(math.Log(4/p.Delta)) / printed})
					}
					m := checks.All(parts...)
					m.Hypotheses = []checks.Hypothesis{checks.Require("largest squared norm of the features", g*g, checks.AtMost, 1.5)}
					return m
				},
			}, nil
		}
	}
	// Rows of squared norm 1.3 bring the event to its edge, and the printed constant to its best.
	two := initial{Data: data.Spec{Kind: data.Basis, N: 2, D: 2, RowNorm: 1.14}, Hidden: []int{300}, Kappa: 0.3, Delta: 0.1}
	return checks.Claim[initial]{
		ID: "arora2019exact/initial-output", Title: "outputs at the start", Reference: "Lemma B.4",
		Formula: `\max(|f(x)|, |f(x')|) \le 2\kappa\sqrt{\log(4/\delta)}`, Convention: convention,
		Basis: checks.Stated, Form: checks.Probably{}, Version: 1,
		Grid: []initial{
			two, {Data: data.Spec{Kind: data.Sphere, N: 1, D: 2, Seed: 1}, Hidden: []int{40, 40}, Kappa: 1, Delta: 0.2},
			{Data: images.Hard(data.MNIST, 6, 49), Hidden: []int{60}, Kappa: 0.1, Delta: 0.2},
		},
		Cost: initial.cost, Setup: setup(1, 1, true),
		Detects: map[string]float64{"derived": 1.8, "printed": 2.5},
		Controls: []checks.Control[initial]{
			{Name: "half-the-derived", Why: "half of the derived bound fails in a fifth of the draws", At: []initial{two}, Setup: setup(2, 1, true)},
			{Name: "fraction-of-the-printed", Why: "the printed bound divided by 2.6, what outputs of squared norm 1.3 reach in a sixth of the draws", At: []initial{two}, Setup: setup(1, 2.6, true)},
			{Name: "kappa-squared", Why: "kappa^2 for kappa at kappa = 0.3", At: []initial{two}, Setup: setup(1, 1, false)},
		},
	}
}

// The outputs at the start are Gaussian of the size of the last features.
//
// Setting: one input of any norm; any depth and widths; multiplier kappa. A trial averages over a batch of networks.
//
// Hypotheses: on the draw: the last features of no network of the batch vanish, which narrow networks' do.
//
// Conclusion: E (kappa f(x))^2/(kappa^2 |g^(L)(x)|^2) = 1, as f(x)/|g^(L)(x)| is N(0,1) given the features: the part of |f_nn(x)| at the start that
// Theorem 3.2 makes small by kappa.
//
// Constants: derived; the standard deviation of the average of B squares of normals is sqrt(2/B), which is what the interval
// rests on.
//
// Convention: the paper's.
//
// Reference: proof of Lemma B.4; derived here.
//
// Control: the mean 12 % larger; kappa for kappa^2.
func outputVariance() checks.Checkable {
	setup := func(mean float64, power float64) func(initial) (checks.Instance, error) {
		return func(p initial) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: 300, Resolution: 0.09, Deviation: checks.Float(math.Sqrt(2 / float64(p.Batch)))},
				Trial: func(rng *rand.Rand) checks.Measurement {
					sum, least := 0.0, math.Inf(1)
					for range p.Batch {
						pass, norms, err := p.drawn(set.X, rng)
						if err != nil {
							return checks.Failed(err)
						}
						least = math.Min(least, norms[0])
						sum += square(pass.Output()[0]/norms[0]) / math.Pow(p.Kappa, power)
					}
					if least == 0 {
						sum = 0
					}
					return checks.Measurement{
						Observed: sum / float64(p.Batch), Predicted: mean, Relation: checks.Equal,
						Hypotheses: []checks.Hypothesis{checks.RequireThat("features", least > 0)},
					}
				},
			}, nil
		}
	}
	one := initial{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, Hidden: []int{11}, Kappa: 0.5, Batch: 50}
	return checks.Claim[initial]{
		ID: "arora2019exact/output-variance", Title: "variance of the output at the start", Reference: "Lemma B.4; derived here",
		Formula: `E\,f(x)^2/\|g^{(L)}(x)\|^2 = 1`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []initial{one},
		Cost: initial.cost, Setup: setup(1, 2),
		Controls: []checks.Control[initial]{
			{Name: "larger-mean", Why: "1.12, twice what the interval resolves", At: []initial{one}, Setup: setup(1.12, 2)},
			{Name: "kappa-not-squared", Why: "kappa for kappa^2 at kappa = 1/2", At: []initial{one}, Setup: setup(1, 1)},
		},
	}
}
