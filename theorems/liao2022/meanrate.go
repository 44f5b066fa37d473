package liao2022

import (
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/theorems/internal/images"

	"gonum.org/v1/gonum/mat"
)

// Mean error on correlated inputs: the rate belongs to an eigenvector of H^inf.
//
// Setting: n independent inputs of unit norm; weights with all preactivations +kappa or -kappa, in pairs of equal weights
// and opposite output weights; labels along the eigenvector v of H^inf that belongs to lambda_0; independent masks or a partition, one local step (tau =
// 1).
//
// Hypotheses: no preactivation changes its sign in the K rounds (asked of every draw).
//
// Conclusion: the mean of the weights over the masks follows the mean update of liao2022/mean-update, applied to the mean weights, exactly at every width, and
// E e_K is the error of these. As m -> infinity E<v, e_K>/<v, e_0> becomes (1 - eta theta xi lambda_0)^K (a fact; at the width of the grid the eigenvalue of the
// network's own Gram matrix differs from lambda_0 by an amount of order m^{-1/2}).
//
// Constants: derived: with fixed activations the update is affine in the weights, and the masks of a round are independent of them. What an error of the
// constant scales is the progress 1 - E<v, e_K>/<v, e_0>, of half the difference of two runs with the same masks and opposite labels.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi; labels as stated.
//
// Reference: derived here; sharpens the rate of Theorem 3 (arXiv v1), whose lambda_0 is xi times that of the whole network.
//
// Control: a step longer by a tenth; theta of two sub-networks more; a quarter of the rate, as published for the squared error; two local steps.
func meanRate() checks.Claim[training] {
	setup := func(p training, speed float64, sabotage func(s bounds.MaskScheme) bounds.MaskScheme) (checks.Instance, error) {
		l, err := p.lab()
		if err != nil {
			return checks.Instance{}, err
		}
		f, err := l.freeze()
		if err != nil {
			return checks.Instance{}, err
		}
		v, size := l.limit.Vectors.ColView(0), mat.Norm(mat.NewVecDense(l.n, l.y), 2)
		f.y = make([]float64, l.n)
		for i := range f.y {
			f.y[i] = size * v.AtVec(i)
		}
		want := f.meanLeft(sabotage(f.law), speed*f.eta)
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.Require("tau", float64(p.Tau), checks.AtMost, 1)},
			Facts: append(f.facts(), checks.NewFact("ratio predicted", want),
				checks.NewFact("ratio as m grows", math.Pow(f.law.Factor(f.eta, l.limit.Values[0]), float64(p.Rounds)))),
			Terms: checks.Terms{Trials: 300, Resolution: 0.02},
			Trial: func(rng *rand.Rand) checks.Measurement {
				left, still, err := f.average(func() (float64, checks.Hypothesis, error) { return f.response(rng) })
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{
					Observed: left, Predicted: want, Term: want - 1, Relation: checks.Equal, Tolerance: 1e-9,
					Hypotheses: []checks.Hypothesis{still},
				}
			},
		}, nil
	}
	run := func(d data.Spec, scheme string, xi float64, p, rounds int) training {
		d.LabelScale = 0.5
		return training{Data: d, Scheme: scheme, Xi: xi, P: p, Tau: 1, Eta: 1, M: 80, Rounds: rounds, Runs: 8}
	}
	pair := data.Spec{Kind: data.Equicorrelated, N: 2, D: 2, Rho: 0.5, Labels: data.Alternate}
	six := data.Spec{Kind: data.Sphere, N: 6, D: 10, Seed: 1, Labels: data.Sign}
	twice := run(six, schemeBernoulli, 0.5, 3, 6)
	twice.Tau = 2
	own := func(s bounds.MaskScheme) bounds.MaskScheme { return s }
	return checks.Claim[training]{
		ID: "liao2022/mean-rate", Title: "mean error on correlated inputs", Reference: "derived here; sharpens Theorem 3 (arXiv v1)",
		Formula:    `\frac{\mathbb{E}\langle v, e_K\rangle}{\langle v, e_0\rangle} \to \left(1 - \eta\theta\xi\lambda_0\right)^K \quad (m \to \infty)`,
		Convention: fixed, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []training{
			run(pair, schemeDropout, 0.5, 1, 6), run(six, schemeBernoulli, 0.5, 3, 6),
			run(images.Classes(data.Fashion, 4, 49, 0, 9), schemeDropout, 0.8, 1, 6),
		},
		OnData: func(f checks.DataFile) []training {
			return []training{run(file(f, 6, 1), schemeBernoulli, 0.5, 2, 4)}
		},
		Cost: training.cost, Setup: func(p training) (checks.Instance, error) { return setup(p, 1, own) },
		Controls: []checks.Control[training]{
			{Name: "two-local-steps", Why: "a round of two local steps goes nearly twice as far", At: []training{twice}},
			{
				Name: "longer-steps", Why: "the rate is linear in the step size to first order",
				At:    []training{run(six, schemeBernoulli, 0.5, 3, 6)},
				Setup: func(p training) (checks.Instance, error) { return setup(p, 1.1, own) },
			},
			{
				Name: "two-models-more", Why: "theta = 0.97 in place of 0.875",
				At: []training{run(six, schemeBernoulli, 0.5, 3, 6)},
				Setup: func(p training) (checks.Instance, error) {
					return setup(p, 1, func(s bounds.MaskScheme) bounds.MaskScheme { s.Models += 2; return s })
				},
			},
			{
				Name: "a-quarter", Why: "the published factor 1 - eta theta xi lambda_0/4 is not attained",
				At:    []training{run(pair, schemeDropout, 0.5, 1, 6)},
				Setup: func(p training) (checks.Instance, error) { return setup(p, 0.25, own) },
			},
		},
	}
}

// meanLeft iterates the mean update on the mean preactivations and returns <e_K, e_0>/|e_0|^2.
func (f *frozen) meanLeft(s bounds.MaskScheme, eta float64) float64 {
	n, root, theta := f.n, math.Sqrt(float64(f.M)), s.Theta()
	var k, z mat.Dense
	k.Mul(f.x, f.x.T())
	z.Scale(f.kappa(), f.signs)
	output := func() []float64 {
		u := make([]float64, n)
		for r := range f.M {
			for i := range u {
				if f.signs.At(r, i) > 0 {
					u[i] += f.start.A[r] * z.At(r, i) / root
				}
			}
		}
		return u
	}
	for range f.Rounds {
		u := output()
		step := mat.NewDense(f.M, n, nil)
		for r := range f.M {
			for i, v := range u {
				if a := f.start.A[r]; f.signs.At(r, i) > 0 {
					step.Set(r, i, -eta*theta*a/root*(s.Keep*v-f.y[i]+(1-s.Keep)*a*z.At(r, i)/root))
				}
			}
		}
		var moved mat.Dense
		moved.Mul(step, &k)
		z.Add(&z, &moved)
	}
	var left, norm float64
	for i, v := range output() {
		left -= f.y[i] * (s.Keep*v - f.y[i])
		norm += f.y[i] * f.y[i]
	}
	return left / norm
}
