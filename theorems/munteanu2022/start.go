package munteanu2022

import (
	"math"
	"math/rand/v2"

	"convergo/checks"
	"convergo/nets"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// zero are a width, a dimension and a scale.
type zero struct {
	M    int     `json:"m"`
	D    int     `json:"d"`
	Beta float64 `json:"beta"`
}

// zeroOutput is the point of coupled initialisation.
//
// Setting: a coupled network: pairs of neurons with equal hidden weights beta g_i, g_i ~ N(0, I_d), and output
// weights +1 and -1, any width m (even), dimension and scale.
//
// Hypotheses: none.
//
// Conclusion: f(x) = 0 for every x, and so the initial residual is -y, of norm |y|, with no randomness. Exactly
// so in floating point when each pair is summed on its own.
//
// Constants: none. Tested on 100 Gaussian inputs a draw, of norms from 1e-3 to 1e3.
//
// Convention: output scale 1/sqrt(m).
//
// Reference: derived here; the coupled start is the one that the paper is about.
//
// Control: the sign of one output weight is turned, and one hidden weight moves by one part in 10^6.
func zeroOutput() checks.Claim[zero] {
	setup := func(sabotage func(*nets.Network)) func(zero) (checks.Instance, error) {
		return func(p zero) (checks.Instance, error) {
			law := net(p.M, p.D, p.Beta)
			if err := law.Validate(); err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				net := law.Draw(r)
				sabotage(net)
				const samples = 100
				x := mat.NewDense(samples, p.D, nil)
				for i := range samples {
					size := math.Pow(10, 6*r.Float64()-3)
					for k := range p.D {
						x.Set(i, k, size*r.NormFloat64())
					}
				}
				worst := 0.0
				for _, u := range net.Output(x) {
					worst = math.Max(worst, math.Abs(u))
				}
				return checks.Measurement{Observed: worst, Predicted: 0, Relation: checks.Equal}
			}}, nil
		}
	}
	return checks.Claim[zero]{
		ID: "munteanu2022/zero-output", Title: "a coupled network starts at zero", Reference: "derived here",
		Formula: `f(W(0),x) = 0, \quad \|y - u(0)\| = \|y\|`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) zero {
			return zero{
				M: 2 * rapid.IntRange(1, 100).Draw(t, "pairs"), D: rapid.IntRange(1, 10).Draw(t, "d"),
				Beta: math.Pow(10, rapid.Float64Range(-8, 12).Draw(t, "log10 beta")),
			}
		}),
		Grid:  []zero{{2, 1, 1}, {100, 5, 1e3}, {1000, 20, 1e8}},
		Cost:  func(p zero) checks.Cost { return checks.Cost{Trial: 300 * float64(p.M*p.D)} },
		Setup: setup(func(*nets.Network) {}),
		Controls: []checks.Control[zero]{
			{
				Name: "equal-signs", Why: "one output weight with the wrong sign leaves an output of order beta/sqrt(m)",
				At: []zero{{100, 5, 1e3}}, Setup: setup(func(net *nets.Network) { net.A[1] = 1 }),
			},
			{
				Name: "untied-weight", Why: "pairs must be equal to the last digit",
				At: []zero{{100, 5, 1e3}}, Setup: setup(func(net *nets.Network) { net.W.Set(1, 0, net.W.At(1, 0)*(1+1e-6)) }),
			},
		},
	}
}

type pairs struct {
	Pairs int `json:"pairs"`
	D     int `json:"d"`
}

// draws is how many draws of an event a trial averages, so that few
// trials tell its probability sharply.
const draws = 100

// share is the share of that many draws in which an event happens.
func share(happens func() bool) float64 {
	n := 0
	for range draws {
		if happens() {
			n++
		}
	}
	return float64(n) / draws
}

// silentGradient says how likely a coupled network is to be stuck at its start.
//
// Setting: a coupled network of P pairs, one sample x of unit norm with label y = 1, the squared loss
// (1/2)(f(x) - y)^2.
//
// Hypotheses: none.
//
// Conclusion: the gradient at the start vanishes with probability exactly 2^{-P}. A trial is the share of 100
// draws.
//
// Constants: derived. The gradient of f is zero at W(0) iff no g_i is active on x, which each of the P
// independent pairs is with probability 1/2. That it does not vanish is true only with the
// complementary probability, and on several samples not even then: see circle-cancels.
//
// Convention: coupled pairs; the derivative of the ReLU at 0 does not matter (probability zero).
//
// Reference: derived here.
//
// Control: the probability 2^{-m} of m = 2P independent neurons.
func silentGradient() checks.Claim[pairs] {
	setup := func(independent int) func(pairs) (checks.Instance, error) {
		return func(p pairs) (checks.Instance, error) {
			law := net(2*p.Pairs, p.D, 1)
			if err := law.Validate(); err != nil {
				return checks.Instance{}, err
			}
			x := mat.NewDense(1, p.D, nil)
			x.Set(0, 0, 1)
			return checks.Instance{
				Terms: checks.Terms{Range: &[2]checks.Float{0, 1}, Resolution: 0.1},
				Trial: func(r *rand.Rand) checks.Measurement {
					batch, dw, g := nets.NewBatch(x, 2*p.Pairs), mat.NewDense(2*p.Pairs, p.D, nil), []float64{0}
					share := share(func() bool {
						net := law.Draw(r)
						batch.Forward(net)
						nets.Square{}.Gradient(g, batch.U, []float64{1})
						batch.Gradient(dw, nil, net, g)
						return mat.Norm(dw, 2) == 0
					})
					return checks.Measurement{Observed: share, Predicted: math.Pow(2, -float64(independent*p.Pairs)), Relation: checks.Equal}
				},
			}, nil
		}
	}
	return checks.Claim[pairs]{
		ID: "munteanu2022/silent-gradient", Title: "chance of a vanishing first gradient", Reference: "derived here",
		Formula: `\mathbb{P}[\nabla L(W(0)) = 0] = 2^{-m/2} \quad (n = 1)`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []pairs{{1, 3}, {2, 5}},
		Cost: func(p pairs) checks.Cost {
			return checks.Cost{Trial: draws * float64(2*p.Pairs*p.D) * 60}
		},
		Setup: setup(1),
		Controls: []checks.Control[pairs]{{
			Name: "independent-neurons", Why: "the partner of a silent neuron is silent too, so that only half of the neurons count",
			At: []pairs{{1, 3}, {2, 5}}, Setup: setup(2),
		}},
	}
}
