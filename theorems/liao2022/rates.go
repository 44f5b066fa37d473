package liao2022

import (
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/theorems/internal/curve"
)

// Mean error per round: the rates of dropout, multi-sample dropout and
// independent subnet training, exact at every width.
//
// Setting: n orthonormal inputs; weights W_0 with all preactivations +kappa or -kappa, in pairs of equal
// weights and opposite output weights, so that the start has zero output; K rounds of p masked
// sub-networks with tau local steps. e_k = xi f - y (f - y for inverted dropout). The expectation is over the masks.
//
// Hypotheses: no preactivation changes its sign in the K rounds (asked of every draw).
//
// Conclusion: E e_K on input i is u - y_i after K rounds of the recursion u' = (1 - theta E b_k) u + theta xi n_i y_i E(b_k/k) from u = 0, n_i the
// neurons active on it, k ~ 1 + Bin(n_i - 1, xi), b_k = 1 - (1 - eta k/m)^tau (eta/xi^2 in place of eta for inverted dropout). E<e_K, e_0>/|e_0|^2 is compared.
// As m -> infinity each round multiplies the mean error along an eigenvector of H^inf with eigenvalue h by
// f = 1 - theta(1 - (1 - eta xi h)^tau): 1 - eta h for gradient descent, 1 - eta (1-q)^2 h for dropout at rate
// q, 1 - eta (1-q)(1-q^p) h with p samples, (1 - eta h/p)^tau for a partition, and 1 - theta(1 - (1 - eta h/xi)^tau)
// for inverted dropout.
//
// Constants: derived, see bounds.MaskedMoments, and bounds.MaskScheme.Factor for the limit. What an error of the
// constant scales is the progress 1 - E<e_K, e_0>/|e_0|^2. The masks of a trial are used twice, with the labels y and -y; half of the
// difference has the same mean and no noise from the weights, and for one sub-network or one local step an exact deviation, on which the interval rests. The paper proves 1 - eta theta tau lambda/4 on the squared error with lambda = xi lambda_0
// (its H^inf carries the factor xi), which is slower than f^2, and so no contradiction.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi; labels as stated.
//
// Reference: derived here; sharpens the rate of Theorem 3, Corollaries 4 to 6 and Theorem 7 of the first arXiv version.
//
// Control: the rate without the factor xi in eta xi h; one sub-network more; one local step more; a step longer by a tenth;
// labels so large that activations change.
func rate() checks.Claim[training] {
	setup := func(p training, sabotage func(s bounds.MaskScheme) bounds.MaskScheme, speed float64) (checks.Instance, error) {
		f, err := p.frozen()
		if err != nil {
			return checks.Instance{}, err
		}
		predicting := *f
		predicting.lab = &lab{training: p, ground: f.ground, law: f.law, eta: f.eta * speed}
		k, err := predicting.moments(sabotage(f.law), f.y, 0)
		if err != nil {
			return checks.Instance{}, err
		}
		var want, norm, deviation float64
		for i, m := range k {
			for range p.Rounds {
				m.Round()
			}
			want -= m.MeanError() * f.y[i]
			norm += f.y[i] * f.y[i]
			deviation += math.Abs(f.y[i]) * math.Sqrt(math.Max(0, m.SquaredError()-m.MeanError()*m.MeanError()))
		}
		terms := checks.Terms{Trials: 300, Resolution: 0.06}
		if f.law.Models == 1 || f.law.LocalSteps == 1 { // else the deviation is not known
			terms.Deviation = checks.Float(1.0001 * deviation / norm / math.Sqrt(float64(f.runs())))
		}
		return checks.Instance{
			Facts: append(f.facts(), checks.NewFact("predicted rate", math.Pow(want/norm, 1/float64(p.Rounds)))),
			Terms: terms,
			Trial: func(rng *rand.Rand) checks.Measurement {
				left, still, err := f.average(func() (float64, checks.Hypothesis, error) { return f.response(rng) })
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{
					Observed: left, Predicted: want / norm, Term: want/norm - 1, Relation: checks.Equal, Tolerance: 1e-9,
					Hypotheses: []checks.Hypothesis{still},
				}
			},
		}, nil
	}
	run := func(scheme string, xi float64, p, tau, m, rounds int) training {
		return training{Data: orthonormals(4, 1), Scheme: scheme, Xi: xi, P: p, Tau: tau, Eta: 1, M: m, Rounds: rounds, Runs: 2}
	}
	subnets := run(schemeBernoulli, 0.5, 2, 3, 128, 3)
	subnets.Eta, subnets.Runs = 0.3, 6
	long := run(schemePartition, 0.25, 4, 3, 128, 4)
	long.Eta, long.Runs = 0.3, 10
	inverted := run(schemeInverted, 0.5, 2, 1, 128, 3)
	inverted.Eta = 0.3
	crossing := run(schemeDropout, 0.5, 1, 1, 128, 4)
	crossing.Data.LabelScale = 20
	own := func(s bounds.MaskScheme) bounds.MaskScheme { return s }
	more := func(models, steps int) func(p training) (checks.Instance, error) {
		return func(p training) (checks.Instance, error) {
			return setup(p, func(s bounds.MaskScheme) bounds.MaskScheme {
				s.Models, s.LocalSteps = s.Models+models, s.LocalSteps+steps
				return s
			}, 1)
		}
	}
	return checks.Claim[training]{
		ID: "liao2022/rate", Title: "rate of the mean error per round", Reference: "derived here; sharpens Theorems 3 and 7 (arXiv v1)",
		Formula:    `\frac{\mathbb{E}\langle e_K, e_0\rangle}{\|e_0\|^2} \to \left(1 - \theta\left(1 - (1 - \eta\xi h)^\tau\right)\right)^K \quad (m \to \infty)`,
		Convention: fixed, Basis: checks.Derived, Form: checks.Mean{}, Version: 2,
		Grid: []training{
			run(schemeDropout, 0.5, 1, 1, 128, 4),
			run(schemeMulti, 0.5, 4, 1, 128, 2),
			subnets,
			run(schemePartition, 0.25, 4, 1, 256, 5),
			long,
			inverted,
		},
		Cost:  training.cost,
		Setup: func(p training) (checks.Instance, error) { return setup(p, own, 1) },
		Controls: []checks.Control[training]{
			{
				Name: "changing-activations", Why: "labels of 20 push half of the active neurons across zero, and the network learns more slowly",
				At: []training{crossing},
			},
			{
				Name: "no-xi", Why: "a sub-network sees xi H^inf, not H^inf: without xi the predicted rate is too fast",
				At:    []training{run(schemeDropout, 0.8, 1, 1, 128, 4), run(schemePartition, 0.25, 4, 1, 256, 5)},
				Setup: func(p training) (checks.Instance, error) { return setup(p, own, 1/p.Xi) },
			},
			{
				Name: "one-model-more", Why: "theta = 1 - (1-xi)^p would be 0.58 in place of 0.51",
				At: []training{run(schemeMulti, 0.16, 4, 1, 128, 4)}, Setup: more(1, 0),
			},
			{
				Name: "one-step-more", Why: "a round of four local steps in place of three goes farther by a quarter",
				At: []training{subnets}, Setup: more(0, 1),
			},
			{
				Name: "step-longer-by-a-tenth", Why: "the rate is linear in the step size to first order",
				At:    []training{run(schemePartition, 0.25, 4, 1, 256, 5)},
				Setup: func(p training) (checks.Instance, error) { return setup(p, own, 1.1) },
			},
		},
	}
}

// Error region of random masks: the mean squared error, exact at every width.
//
// Setting: as liao2022/rate; independent masks redrawn in every round, of one sub-network with any tau or several with tau
// = 1.
//
// Hypotheses: no preactivation changes its sign (asked of every draw).
//
// Conclusion: E||e_k||^2 is the sum over the inputs of the second moment of bounds.MaskedMoments; its mean over
// the last rounds is compared. As m -> infinity at fixed k it becomes tr Sigma_k, Sigma_{k+1} = A Sigma_k A + theta^2 B C B with B = I -
// (I - eta xi H^inf)^tau, A = I - theta B, C = (xi(1-xi) kappa^2/p) C1, and its limit as then k -> infinity is the floor
// sum_i theta b_i/(2 - theta b_i) v_i^T C v_i. In the other order the limit is smaller: at fixed m the drift of liao2022/mean-update
// shrinks the preactivations that make the noise, at the rate 1/m, and the region with them (the grid's long run). More
// sub-networks make the region smaller and more local steps larger (the abstract of the first arXiv version says so; that of the
// published one only that the size depends on both): the grid has one and four of the first, one and three of the second.
//
// Constants: derived, see bounds.MaskedMoments. The interval assumes that the deviation of a run is at most its mean. As m grows the
// errors become Gaussian variables with the covariance of the noise, whose sum of squares has the deviation sqrt 2 |C|_F/tr C = 0.94 times its mean on four inputs that share half
// of their active neurons, and the mean over the last rounds less: 0.52 to 0.70 in 4000 runs of each instance.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi; error of xi f.
//
// Reference: derived here; sharpens the error term B_1 of Theorem 3 (arXiv v1).
//
// Control: the prediction for one sub-network more; for one local step more; for the limit m -> infinity after so
// many rounds that the region has shrunk; with kappa larger by a quarter; and where activations change.
func errorRegion() checks.Claim[training] {
	setup := func(p training, predict func(f *frozen) (float64, []float64, error)) (checks.Instance, error) {
		f, err := p.frozen()
		if err != nil {
			return checks.Instance{}, err
		}
		want, path, err := predict(f)
		if err != nil {
			return checks.Instance{}, err
		}
		rounds := make([]float64, p.Rounds)
		for k := range rounds {
			rounds[k] = float64(k + 1)
		}
		return checks.Instance{
			Facts: append(append(f.facts(), f.published()...),
				checks.NewFact("predicted floor", want), checks.NewFact("floor as m, and then k, grows", f.limit.Floor(f.law, f.eta, f.kappa()))),
			Terms: f.regionTerms(want),
			Trial: func(rng *rand.Rand) checks.Measurement {
				tail, seen, still, err := f.tail(rng)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{
					Observed: tail, Predicted: want, Relation: checks.Equal, Tolerance: 1e-9 * want,
					Hypotheses: []checks.Hypothesis{still}, Series: curves(rounds, seen, path),
				}
			},
		}, nil
	}
	under := func(change func(s bounds.MaskScheme) bounds.MaskScheme) func(training) (checks.Instance, error) {
		return func(p training) (checks.Instance, error) {
			return setup(p, func(f *frozen) (float64, []float64, error) { return f.expectedTail(change(f.law)) })
		}
	}
	run := func(scheme string, xi float64, p, tau, m, rounds, tail int) training {
		return training{Data: orthonormals(4, 0.1), Scheme: scheme, Xi: xi, P: p, Tau: tau, Eta: 1, M: m, Rounds: rounds, Tail: tail, Runs: 30}
	}
	one, multi := run(schemeDropout, 0.5, 1, 1, 64, 6, 3), run(schemeMulti, 0.5, 4, 1, 48, 4, 2)
	local := run(schemeBernoulli, 0.5, 1, 3, 80, 4, 2)
	local.Eta = 0.6
	inverted := run(schemeInverted, 0.5, 2, 1, 80, 6, 3)
	inverted.Eta = 0.2
	long := run(schemeDropout, 0.5, 1, 1, 16, 120, 40)
	long.Eta, long.Runs = 0.1, 12
	crossing := run(schemeDropout, 0.5, 1, 1, 64, 6, 3)
	crossing.Data.LabelScale = 20
	return checks.Claim[training]{
		ID: "liao2022/error-region", Title: "size of the error region", Reference: "derived here; sharpens Theorem 3 (arXiv v1)",
		Formula:    `\lim_k \lim_m \mathbb{E}\|e_k\|^2 = \sum_i \frac{\theta b_i}{2 - \theta b_i}\, v_i^\top C v_i, \quad C = \frac{\xi(1-\xi)\kappa^2}{p} C_1`,
		Convention: fixed, Basis: checks.Derived, Form: checks.Mean{}, Version: 3,
		Grid: []training{one, multi, local, inverted, long},
		Cost: training.cost, Setup: under(func(s bounds.MaskScheme) bounds.MaskScheme { return s }),
		Controls: []checks.Control[training]{
			{
				Name: "one-model-more", Why: "five sub-networks have four fifths of the noise",
				At: []training{multi}, Setup: under(func(s bounds.MaskScheme) bounds.MaskScheme { s.Models++; return s }),
			},
			{
				Name: "one-step-more", Why: "four local steps in place of three take in more of the noise",
				At: []training{local}, Setup: under(func(s bounds.MaskScheme) bounds.MaskScheme { s.LocalSteps++; return s }),
			},
			{
				Name: "changing-activations", Why: "labels of 20 push half of the active neurons across zero, and the network learns more slowly",
				At: []training{crossing},
			},
			{
				Name: "limit-of-width", Why: "after 120 rounds at m = 16 the preactivations, and the noise with them, have shrunk",
				At: []training{long},
				Setup: func(p training) (checks.Instance, error) {
					return setup(p, func(f *frozen) (float64, []float64, error) {
						want, path := f.lab.expectedTail()
						return want, path, nil
					})
				},
			},
			{
				Name: "larger-scale", Why: "the region is quadratic in kappa: larger by half for a quarter more",
				At: []training{one},
				Setup: func(p training) (checks.Instance, error) {
					larger := p
					larger.Kappa = 1.25
					g, err := larger.frozen()
					if err != nil {
						return checks.Instance{}, err
					}
					return setup(p, func(*frozen) (float64, []float64, error) { return g.expectedTail(g.law) })
				},
			},
		},
	}
}

// curves shows the squared error of one run beside its expectation, at most
// 60 points a curve.
func curves(x, seen, expected []float64) []checks.Series {
	pick := func(v []float64) []float64 {
		var out []float64
		for i := 0; i < len(v); i += 1 + (len(v)-1)/60 {
			out = append(out, v[i])
		}
		return out
	}
	axes := curve.Axes{X: "round", Y: "squared error", LogY: true}
	return []checks.Series{axes.Measured("one run", pick(x), pick(seen)), axes.Bound("expected", pick(x), pick(expected))}
}
