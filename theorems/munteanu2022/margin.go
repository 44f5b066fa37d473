package munteanu2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"

	"pgregory.net/rapid"
)

// turned are n alternating points on the circle, turned by an angle.
type turned struct {
	N    int     `json:"n"`
	Turn float64 `json:"turn,omitempty"`
}

// circleMargin is the margin of the hard instance.
//
// Setting: n points at equal angles on the unit circle, n even and at least 4, with alternating labels, turned
// by any angle; gamma is the tangent-kernel margin
// max_{|v(z)| <= 1} min_i y_i E[ <v(z),x_i> 1{<x_i,z> > 0} ], z ~ N(0, I).
//
// Hypotheses: n >= 4 is even.
//
// Conclusion: gamma = 1/(n cos(pi/n)) if 4 divides n, and gamma = 0 otherwise.
//
// Constants: derived, exact. Uniform weights are optimal in the dual min_q E|S_q(z)| by symmetry, and
// |sum_{k < n/2} (-1)^k e^{2 pi i k/n}| = |1 + (-1)^{n/2}|/(2 cos(pi/n)) for every generic z. The observation
// comes from a solver for any planar set, which knows nothing of the symmetry and returns a weighting and a
// separator that enclose gamma; their gap (below 1e-13 here) is the tolerance, with 8 n units of rounding.
//
// Convention: unit norms, labels +-1.
//
// Reference: a Theta(1/n) margin of this instance is recalled from the paper.
//
// Control: one label flipped (n >= 8), one point turned by 0.1. Taking a point away is no control: for n >= 8 it
// leaves gamma as it is, because the optimal weights are not unique.
func circleMargin() checks.Claim[turned] {
	setup := func(sabotage func(at, y []float64)) func(turned) (checks.Instance, error) {
		return func(p turned) (checks.Instance, error) {
			at, y := make([]float64, p.N), make([]float64, p.N)
			for i := range at {
				at[i], y[i] = p.Turn+2*math.Pi*float64(i)/float64(p.N), float64(1-2*(i%2))
			}
			sabotage(at, y)
			set, err := data.Spec{Kind: data.Angles, Angles: at}.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			want := bounds.CircleMargin(p.N)
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("n >= 4 is even", p.N >= 4 && p.N%2 == 0)},
				Facts:      []checks.Fact{checks.NewFact("gamma", want)},
				Terms:      checks.Terms{Trials: 1}, // nothing is random
				Trial: func(*rand.Rand) checks.Measurement {
					m, err := bounds.PlanarMargin(set.X, y)
					if err != nil {
						return checks.Failed(err)
					}
					return checks.Measurement{
						Observed: m.Value(), Predicted: want, Relation: checks.Equal,
						Tolerance: m.Gap() + 8*float64(p.N)*unit*(1+math.Abs(p.Turn)),
					}
				},
			}, nil
		}
	}
	return checks.Claim[turned]{
		ID: "munteanu2022/circle-margin", Title: "margin of alternating points on the circle", Reference: "derived here",
		Formula: `\gamma = \frac{1}{n \cos(\pi/n)} \ \text{if } 4 \mid n, \quad \gamma = 0 \text{ otherwise}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) turned {
			return turned{2 * rapid.IntRange(2, 20).Draw(t, "n/2"), float64(rapid.IntRange(0, 63).Draw(t, "turn")) / 10}
		}),
		Grid: []turned{{N: 4}, {N: 6}, {N: 8}, {N: 10}, {N: 12}, {N: 16}, {N: 20}, {N: 32}, {N: 64}},
		Cost: func(p turned) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Trial: 400 * n * n * n, Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: setup(func([]float64, []float64) {}),
		Controls: []checks.Control[turned]{
			{
				Name: "flipped-label", Why: "one flipped label lowers the margin, to 0.103 for n = 8",
				At: []turned{{N: 8}, {N: 12}, {N: 16}}, Setup: setup(func(_, y []float64) { y[0] = -y[0] }),
			},
			{
				Name: "turned-point", Why: "the formula is that of equal angles", At: []turned{{N: 4}, {N: 8}, {N: 16}},
				Setup: setup(func(at, _ []float64) { at[0] += 0.1 }),
			},
		},
	}
}

// anyNet is a network without pairs on n alternating points, trained for some steps.
type anyNet struct {
	N     int     `json:"n"`
	M     int     `json:"m"`
	Kappa float64 `json:"kappa"`
	Steps int     `json:"steps"`
}

// circleCancels is why the margin vanishes when 4 does not divide n.
//
// Setting: n = 6, 10, 14, ... alternating points on the circle, any two-layer ReLU network without biases, of
// any width, any weights, before or after training (here: independent weights of scale kappa, then gradient
// descent on the logistic loss with step size 1).
//
// Hypotheses: n is even and at least 6, n/2 is odd.
//
// Conclusion: sum_i y_i f(x_i) = 0, and so min_i y_i f(x_i) <= 0: no such network classifies all points, the mean
// logistic loss stays at or above ln 2 (Jensen), and at a coupled start the gradient of it vanishes for almost
// every draw.
//
// Constants: derived. Opposite points have opposite labels and f(x) - f(-x) = sum_s c_s <w_s,x> is linear, so that
// the sum is <c, sum_{k<n/2} y_k x_k> = 0. Tolerance: 4(m+d+n) units of rounding of the sum of |c_s <w_s,x_i>| over s and i.
//
// Convention: NTK scaling; the identity does not depend on it.
//
// Reference: derived here.
//
// Control: n = 8, where the sum is not zero.
func circleCancels() checks.Claim[anyNet] {
	setup := func(p anyNet) (checks.Instance, error) {
		set, err := circle(p.N).Build()
		if err != nil {
			return checks.Instance{}, err
		}
		law := nets.NTK(p.M, 2)
		law.Kappa, law.Output = p.Kappa, nets.GaussianOutput
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.RequireThat("n >= 6 and n = 2 mod 4", p.N >= 6 && p.N%4 == 2)},
			Trial: func(r *rand.Rand) checks.Measurement {
				net := law.Draw(r)
				run, err := train.NewDescent(net, set.X, set.Y, train.Options{Step: 1, Steps: p.Steps, Loss: nets.Logistic{}})
				if err != nil {
					return checks.Failed(err)
				}
				for range p.Steps {
					run.Step()
				}
				size := 0.0
				z := run.State().Batch.Z
				for s := range p.M {
					for i := range p.N {
						size += math.Abs(net.Scale * net.A[s] * z.At(s, i))
					}
				}
				tol := 4 * float64(p.M+p.N+2) * unit * size
				sum, least := 0.0, math.Inf(1)
				for i, u := range run.State().U {
					sum += set.Y[i] * u
					least = math.Min(least, set.Y[i]*u)
				}
				return checks.All(
					checks.Measurement{Part: "sum of y f", Observed: sum, Predicted: 0, Term: size, Relation: checks.Equal, Tolerance: tol},
					checks.Measurement{Part: "least y f", Observed: least, Predicted: 0, Term: size, Tolerance: tol},
				)
			},
		}, nil
	}
	return checks.Claim[anyNet]{
		ID: "munteanu2022/circle-cancels", Title: "circles that no network without biases classifies", Reference: "derived here",
		Formula: `\sum_i y_i f(W,x_i) = 0 \quad \text{for all } W, \text{ if } n = 6, 10, 14, \ldots`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) anyNet {
			return anyNet{
				N: 4*rapid.IntRange(1, 8).Draw(t, "k") + 2, M: rapid.IntRange(1, 60).Draw(t, "m"),
				Kappa: math.Pow(10, rapid.Float64Range(-3, 3).Draw(t, "log10 kappa")), Steps: rapid.IntRange(0, 50).Draw(t, "steps"),
			}
		}),
		Grid: []anyNet{{6, 20, 1, 200}, {10, 100, 1, 200}, {30, 200, 10, 100}},
		Cost: func(p anyNet) checks.Cost {
			return checks.Cost{Trial: float64(p.M*p.N) * (20 + 16*float64(p.Steps)), Size: fmt.Sprintf("m=%d", p.M)}
		},
		Setup: setup,
		Controls: []checks.Control[anyNet]{{
			Name: "four-divides-n", Why: "opposite points then have equal labels, and nothing cancels",
			At: []anyNet{{8, 100, 1, 0}, {16, 100, 1, 100}}, Setup: setup,
		}},
	}
}

type planar struct {
	Data data.Spec `json:"data"`
}

// marginKernel ties the margin to the eigenvalues of other theories.
//
// Setting: samples of unit norm in the plane, labels +-1; gamma as in circle-margin,
// gamma_2^2 = min_{q in simplex} q^T Y H^inf Y q with Y = diag(y), lambda = lambda_min(H^inf). Points may be
// equal or opposite.
//
// Hypotheses: unit norms.
//
// Conclusion: gamma_2^2 <= gamma <= gamma_2, and gamma >= lambda/n.
//
// Constants: derived, sharp. E|S_q|^2 = q^T Y H^inf Y q; Jensen gives gamma <= gamma_2, |S_q| <= 1 gives
// gamma >= gamma_2^2, and |q|^2 >= 1/n the last. Equality holds on the alternating circle (|S_q| is constant
// there: gamma = gamma_2) and for one point (gamma = gamma_2^2 = 1/2), so that the tolerance is needed: the gaps
// of the two certificates (at most about 1e-8 of gamma), the certified error of lambda, and 16 n units of
// rounding (of H^inf, hence its root for a vanishing gamma_2).
//
// Convention: unit norms; H^inf of the first layer.
//
// Reference: derived here.
//
// Control: the reverse inequality gamma >= gamma_2 on random points.
func marginKernel() checks.Claim[planar] {
	setup := func(reverse bool) func(planar) (checks.Instance, error) {
		return func(p planar) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			y := make([]float64, len(set.Y)) // labels of any law, as signs
			for i, v := range set.Y {
				y[i] = math.Copysign(1, v)
			}
			h, err := kernel.ReLU().Gram(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			gamma, err := bounds.PlanarMargin(set.X, y)
			if err != nil {
				return checks.Instance{}, err
			}
			gamma2, err := bounds.KernelMargin(h, y)
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := kernel.ReLU().Lambda0(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			n, g, g2 := float64(len(y)), gamma.Value(), gamma2.Value()
			tol := gamma.Gap() + gamma2.Gap() + 16*n*unit
			upper := checks.Measurement{
				Part: "gamma at most gamma_2", Observed: g, Predicted: g2,
				Tolerance: tol + math.Min(math.Sqrt(16*n*unit), 16*n*unit/math.Max(g2, 1e-300)),
			}
			if reverse {
				upper.Relation = checks.AtLeast
			}
			return checks.Instance{
				Facts: []checks.Fact{
					checks.NewFact("gamma", g), checks.NewFact("gamma_2", g2),
					checks.NewFact("lambda_0", lambda.Value),
				},
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.All(upper,
						checks.Measurement{Part: "gamma at least gamma_2^2", Observed: g, Predicted: g2 * g2, Relation: checks.AtLeast, Tolerance: tol},
						checks.Measurement{Part: "gamma at least lambda/n", Observed: g, Predicted: lambda.Value / n, Relation: checks.AtLeast, Tolerance: tol + lambda.Err/n},
					)
				},
			}, nil
		}
	}
	random := func(n int, seed uint64) planar {
		return planar{data.Spec{Kind: data.Sphere, N: n, D: 2, Seed: seed, Labels: data.Sign}}
	}
	return checks.Claim[planar]{
		ID: "munteanu2022/margin-kernel", Title: "margin between kernel quantities", Reference: "derived here",
		Formula: `\gamma_2^2 \le \gamma \le \gamma_2, \quad \gamma \ge \frac{\lambda}{n}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Map(gen.Specs(gen.Range{MinN: 1, MaxN: 12, MinD: 2, MaxD: 2}), func(s data.Spec) planar { return planar{s} }),
		Grid: []planar{
			{circle(4)}, {circle(8)}, {circle(16)}, random(1, 1), random(6, 2), random(12, 3),
			{data.Spec{Kind: data.Antipodal, N: 8, D: 2, Seed: 4, Labels: data.Sign}}, {data.Spec{Kind: data.HalfCircle, N: 10, D: 2, Labels: data.Alternate}},
			{data.Spec{Kind: data.Duplicate, N: 5, D: 2, Seed: 5, Labels: data.Alternate}},
		},
		Setup: setup(false),
		Controls: []checks.Control[planar]{{
			Name: "reversed", Why: "gamma is smaller than gamma_2 unless |S_q| is constant", At: []planar{random(6, 2), random(8, 6), random(12, 3)},
			Setup: setup(true),
		}},
	}
}
