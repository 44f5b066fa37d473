package liao2022

import (
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/twolayer"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// displacement returns (1/m) sum_r ||w_r - v_r||^2.
func displacement(w, v *mat.Dense) float64 {
	m, _ := w.Dims()
	_, frobenius := nets.Movement(w, v)
	return frobenius * frobenius / float64(m)
}

// How far masks carry the weights: exact at every width and horizon.
//
// Setting: as liao2022/error-region, or a partition; the mean squared
// displacement MSD(K) = (1/m) sum_r ||w_r(K) - w_r(0)||^2 from the start.
//
// Hypotheses: no preactivation changes its sign in the K rounds (asked of every draw); tau = 1, or one sub-network.
//
// Conclusion: E MSD(K) = (1/m) sum_i E sum_r (c_r - c_r(0))^2, the sum over the inputs of the displacement of bounds.MaskedMoments. It grows
// at first, since the noise of each round is fresh, and does not grow for ever: the drift of liao2022/mean-update takes the preactivations, and the
// noise that they make, to the size of the labels, at the rate 1/m.
//
// Constants: derived, see bounds.MaskedMoments. That the weights move in every round is why the width of the published theorem grows with the
// number of rounds.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here.
//
// Control: the same masks in every round, under which the weights converge; the prediction for one round more, and for one sub-network more.
func displacementClaim() checks.Claim[training] {
	setup := func(p training, scheme func(bounds.MaskScheme) bounds.MaskScheme, rounds int) (checks.Instance, error) {
		f, err := p.frozen()
		if err != nil {
			return checks.Instance{}, err
		}
		longer := *f
		run := *f.lab
		run.Rounds += rounds
		longer.lab = &run
		path, err := longer.predict(scheme(f.law), (*bounds.MaskedMoments).Displacement)
		if err != nil {
			return checks.Instance{}, err
		}
		want := path[len(path)-1] / float64(p.M)
		return checks.Instance{
			Facts: append(f.facts(), f.published()...),
			Terms: checks.Terms{Trials: 200, Resolution: 0.08},
			Trial: func(rng *rand.Rand) checks.Measurement {
				seen, still, err := f.average(func() (moved float64, still checks.Hypothesis, err error) {
					still, err = f.rounds(f.y, rng, func(round int, s *train.State) {
						if round == p.Rounds {
							moved = displacement(s.Net.W, f.start.W)
						}
					})
					return moved, still, err
				})
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{
					Observed: seen, Predicted: want, Relation: checks.Equal, Tolerance: 1e-9 * want, Hypotheses: []checks.Hypothesis{still},
				}
			},
		}, nil
	}
	run := func(scheme string, xi float64, p, m, rounds int) training {
		return training{Data: orthonormals(4, 0.1), Scheme: scheme, Xi: xi, P: p, Tau: 1, Eta: 0.8, M: m, Rounds: rounds, Runs: 20}
	}
	long := run(schemeDropout, 0.5, 1, 16, 120)
	long.Eta, long.Runs = 0.1, 4
	reuse := run(schemeDropout, 0.5, 1, 64, 24)
	reuse.Reuse = true
	own := func(s bounds.MaskScheme) bounds.MaskScheme { return s }
	return checks.Claim[training]{
		ID: "liao2022/displacement", Title: "how far masks carry the weights", Reference: "derived here",
		Formula:    `\mathbb{E}\, \frac{1}{m} \sum_r \|w_r(K) - w_r(0)\|^2 = \frac{1}{m} \sum_i \left( \mathbb{E} Q_i - 2\, \mathbb{E} P_i + Q_i(0) \right)`,
		Convention: fixed, Basis: checks.Derived, Form: checks.Mean{}, Version: 2,
		Grid: []training{
			run(schemeDropout, 0.5, 1, 64, 5), run(schemeMulti, 0.5, 4, 64, 5), run(schemePartition, 0.25, 4, 96, 5), long,
		},
		Cost: training.cost, Setup: func(p training) (checks.Instance, error) { return setup(p, own, 0) },
		Controls: []checks.Control[training]{
			{Name: "same-masks", Why: "without fresh masks training is gradient descent on one loss and converges", At: []training{reuse}},
			{
				Name: "one-round-more", Why: "after six rounds the weights have moved farther than after five",
				At:    []training{run(schemeDropout, 0.5, 1, 64, 5)},
				Setup: func(p training) (checks.Instance, error) { return setup(p, own, 1) },
			},
			{
				Name: "one-model-more", Why: "more sub-networks move more neurons, each by a mean with less noise",
				At: []training{run(schemeDropout, 0.5, 1, 64, 5)},
				Setup: func(p training) (checks.Instance, error) {
					return setup(p, func(s bounds.MaskScheme) bounds.MaskScheme { s.Models++; return s }, 0)
				},
			},
		},
	}
}

// restP are the parameters of the displacement without masks.
type restP struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Eta   float64   `json:"eta"` // in units of 1/lambda_max(H(0))
	Kappa float64   `json:"kappa"`
	From  int       `json:"from"` // k0
	To    int       `json:"to"`   // k
	Xi    float64   `json:"xi"`
}

// Without masks the weights come to rest at the rate of the error.
//
// Setting: any inputs of unit norm, an antisymmetric start w_r ~ N(0, kappa^2 I), full masks (xi = 1), eta lambda_max(H(0)) < 2.
//
// Hypotheses: xi = 1; lambda_min(H(0)) >= lambda_max(H(0))/1000; no preactivation changes its sign (asked of every draw; large kappa makes it likely).
//
// Conclusion: MSD = (1/m) sum_r ||w_r(k) - w_r(k0)||^2 = (1/m) sum_i <v_i, y>^2 ((1 - eta h_i)^k0 - (1 - eta h_i)^k)^2/h_i, with the eigenvalues h_i
// and eigenvectors v_i of H(0): it vanishes as k0 grows, where masks keep the weights moving.
//
// Constants: derived: with fixed activations w moves along the rows of the Jacobian J, J J^T = H(0), and e_k = -(I - eta H(0))^k y, so
// that W_k - W_k0 = J^T H(0)^{-1} (e_k - e_k0). Tolerance: the rounding of weights of size kappa in each step, over the smallest eigenvalue.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here.
//
// Control: masks of nine neurons of ten; a step longer by a twentieth; k0 earlier by one round; kappa so small that activations change.
func noDisplacement() checks.Claim[restP] {
	setup := func(p restP, speed float64, earlier int) (checks.Instance, error) {
		g, err := groundOn(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.Require("xi", p.Xi, checks.AtLeast, 1)},
			Facts:      []checks.Fact{checks.NewFact("lambda_0", g.lambda0.Value), checks.NewFact("width run", float64(p.M))},
			Trial: func(rng *rand.Rand) checks.Measurement {
				return p.rest(g, rng, speed, earlier)
			},
		}, nil
	}
	grid := func(n, d int, from, to int) restP {
		return restP{Data: data.Spec{Kind: data.Sphere, N: n, D: d, Seed: 1, Labels: data.Sign}, M: 200, Eta: 0.9, Kappa: 1e6, From: from, To: to, Xi: 1}
	}
	small := grid(5, 10, 4, 12)
	small.Kappa = 0.1
	masked := grid(5, 10, 4, 12)
	masked.Xi = 0.9
	return checks.Claim[restP]{
		ID: "liao2022/no-displacement", Title: "weights come to rest without masks", Reference: "derived here",
		Formula:    `\xi = 1 \implies \frac{1}{m} \sum_r \|w_r(k) - w_r(k_0)\|^2 = \frac{1}{m} \sum_i \frac{\langle v_i, y\rangle^2 \left((1 - \eta h_i)^{k_0} - (1 - \eta h_i)^k\right)^2}{h_i}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 3,
		Space: rapid.Custom(func(t *rapid.T) restP {
			p := restP{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 5}).Draw(t, "data"),
				M:    2 * rapid.IntRange(10, 60).Draw(t, "pairs"), Eta: rapid.Float64Range(0.1, 1.9).Draw(t, "eta"),
				Kappa: math.Pow(10, rapid.Float64Range(-1, 6).Draw(t, "log kappa")), Xi: 1, From: rapid.IntRange(0, 4).Draw(t, "from"),
			}
			p.To = p.From + rapid.IntRange(1, 10).Draw(t, "rounds")
			return p
		}),
		Grid: []restP{grid(5, 10, 4, 12), grid(8, 12, 0, 20), grid(1, 3, 2, 5)},
		Cost: func(p restP) checks.Cost {
			n, _ := twolayer.Size(p.Data)
			return checks.Cost{Setup: 100 * n * n * n, Trial: float64(p.M*p.To) * (4*n*n + 60)}
		},
		Setup: func(p restP) (checks.Instance, error) { return setup(p, 1, 0) },
		Controls: []checks.Control[restP]{
			{Name: "changing-activations", Why: "with kappa = 0.1 the labels push neurons across zero", At: []restP{small}},
			{Name: "nine-of-ten", Why: "a neuron that is left out does not move", At: []restP{masked}},
			{
				Name: "longer-steps", Why: "steps longer by a twentieth reach farther",
				At:    []restP{grid(5, 10, 4, 12)},
				Setup: func(p restP) (checks.Instance, error) { return setup(p, 1.05, 0) },
			},
			{
				Name: "one-round-earlier", Why: "the weights move farthest in the first rounds",
				At:    []restP{grid(5, 10, 4, 12)},
				Setup: func(p restP) (checks.Instance, error) { return setup(p, 1, 1) },
			},
		},
	}
}

// rest trains with masks of probability Xi and compares the displacement between two rounds.
func (p restP) rest(g *ground, rng *rand.Rand, speed float64, earlier int) checks.Measurement {
	net := g.start(p.M, p.Kappa, rng)
	batch, h := nets.NewBatch(g.x, p.M), mat.NewSymDense(g.n, nil)
	batch.Forward(net)
	batch.Gram(h, net, nets.FirstLayer)
	var eigen mat.EigenSym
	if !eigen.Factorize(h, true) {
		return checks.Measurement{Hypotheses: []checks.Hypothesis{checks.RequireThat("eigenvalues of H(0)", false)}}
	}
	values, vectors := eigen.Values(nil), new(mat.Dense)
	eigen.VectorsTo(vectors)
	eta := p.Eta / values[g.n-1]
	regular := checks.Require("lambda_min(H(0))/lambda_max(H(0))", values[0]/values[g.n-1], checks.AtLeast, 1e-3)
	if !regular.Met() {
		return checks.Measurement{Hypotheses: []checks.Hypothesis{regular}}
	}
	k, err := train.NewMasked(net, g.x, g.y, train.Masking{Law: train.Bernoulli{Keep: p.Xi}, Models: 1, LocalSteps: 1}, train.Options{Step: eta}, rng)
	if err != nil {
		return checks.Failed(err)
	}
	s := k.State()
	from, flips := mat.DenseCopyOf(s.Net.W), 0
	for round := 1; round <= p.To; round++ {
		k.Round()
		_, now := s.Flips()
		flips = max(flips, now) // a sign may change back
		if round == p.From {
			from.Copy(s.Net.W)
		}
	}
	var want float64
	for i, h := range values {
		c := mat.Dot(vectors.ColView(i), mat.NewVecDense(g.n, g.y))
		gone := math.Pow(1-eta*speed*h, float64(p.From-earlier)) - math.Pow(1-eta*speed*h, float64(p.To))
		want += c * c * gone * gone / h / float64(p.M)
	}
	seen := displacement(s.Net.W, from)
	// A weight is off by its rounding in each step, and by that of the outputs, which the gradients spread.
	off := 8 * epsilon * float64(p.To) * mat.Norm(s.Net.W, 2) * g.s / (math.Sqrt(values[0]) * math.Sqrt(float64(p.M)))
	return checks.Measurement{
		Observed: seen, Predicted: want, Relation: checks.Equal, Tolerance: off * (2*math.Sqrt(want) + off),
		Hypotheses: []checks.Hypothesis{regular, checks.Require("activations that changed", float64(flips), checks.AtMost, 0)},
	}
}
