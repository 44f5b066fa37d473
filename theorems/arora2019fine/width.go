package arora2019fine

import (
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// explicitTrajectory is the main theorem on optimisation with an explicit eps, before anything is drawn.
//
// Setting: n unit inputs, antisymmetric start of m neurons and any scale kappa, so that e(0) = y; gradient descent with
// 0 < eta <= 1/||X||^2.
//
// Hypotheses: lambda_0 certified positive; with D the quantile of ||H(0) - H^inf||_F that m/2 independent neurons exceed with
// probability at most 0.95 delta, some lambda > 0 and the numbers F that 2 Binomial(m/2, erf(R/(kappa sqrt 2))) exceeds
// with probability at most 0.05 delta/n, R = ||X|| ||y||/(sqrt m lambda):
// lambda <= (((lambda_0 - D)^{1/2} - (n F/m)^{1/2})_+)^2 - ||X|| n^{1/2} F/m.
//
// Conclusion: with probability at least 1 - delta, for all k, ||e(k) - (I - eta H^inf)^k y|| <= eps, where eps is the largest
// over k of sum_{j<k} (1 - eta lambda_0)^{k-1-j} eta (D + s) (1 - eta lambda)^j ||y|| and
// s = 2 ||X|| (nF/m)^{1/2} + nF/m + ||X|| n^{1/2} F/m.
//
// Constants: derived: trajectory-certified with the exact laws of its random terms, see bounds.GramQuantile and
// bounds.BinomialFlips. A large kappa makes F = 0, where the width is that for which D is below lambda_0: thousands
// of neurons for three inputs where the orders of Theorem 4.1 with kappa <= 1 ask for 1e10. Neither its kappa nor its
// independent signs are those of the theorem: they keep u(0) small, which is 0 here.
//
// Loose: for one input eps is the exact quantile of what is observed, so that it is as tight as can be; but a share of
// violations near delta takes thousands of draws to tell from delta, and a few hundred tell it from the share at a smaller
// eps only where that is a half more than delta. trajectory-certified, which holds on every draw, is attained.
//
// Convention: 1/sqrt(m) scaling, loss a sum, neurons in antisymmetric pairs.
//
// Reference: derived here, after Theorem 4.1. Tolerance: the rounding of outputs whose large parts cancel.
//
// Control: half of eps; and a network of a small scale, against the eps of a large one. Constant: the width, of which a half has a larger eps than is claimed.
func explicitTrajectory() checks.Claim[widthP] {
	one := widthP{run{data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}, 200, 1e6, 0.5, 12}, 0.2}
	three := widthP{run{data.Spec{Kind: data.Sphere, N: 3, D: 5, Seed: 1}, 2048, 1e6, 1, 8}, 0.1}
	return checks.Claim[widthP]{
		ID: "arora2019fine/trajectory-explicit", Title: "training curve at an explicit width", Reference: "derived here, after Theorem 4.1",
		Formula:    `\max_k \lVert e(k) - (I-\eta H^\infty)^k y \rVert \le \max_k \sum_{j<k} (1-\eta\lambda_0)^{k-1-j} \eta (D+s) (1-\eta\lambda)^j \lVert y \rVert`,
		Convention: convention + ", antisymmetric pairs", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Detects: map[string]float64{"": 1.6},
		Grid:    []widthP{one, {run{data.Spec{Kind: data.Orthonormal, N: 2, D: 3, Seed: 1}, 400, 1e6, 0.5, 12}, 0.2}, three},
		Cost:    func(p widthP) checks.Cost { return p.cost() },
		Setup:   func(p widthP) (checks.Instance, error) { return explicitSetup(p, p.run, 1) },
		Controls: []checks.Control[widthP]{{
			Name: "half", Why: "one input attains the bound when H(0) lies at its quantile", At: []widthP{one},
			Setup: func(p widthP) (checks.Instance, error) { return explicitSetup(p, p.run, 0.5) },
		}, {
			Name: "small-scale", Why: "at kappa = 0.01 most neurons that move towards their hyperplane cross it", At: []widthP{one},
			Setup: func(p widthP) (checks.Instance, error) {
				small := p.run
				small.Kappa = 0.01
				return explicitSetup(p, small, 1)
			},
		}},
		Constants: []checks.Constant[widthP]{{
			Name: "width", Why: "a narrower network has the deviation of its own width", At: []widthP{one}, Factors: []float64{2, 3},
			Scaled: func(p widthP, factor float64) (checks.Instance, error) {
				narrow := p.run
				narrow.M = 2 * int(math.Round(float64(p.M)/(2*factor)))
				return explicitSetup(p, narrow, 1)
			},
		}},
	}
}

type widthP struct {
	run
	Delta float64 `json:"delta"`
}

// explicitSetup runs the network that is told, which differs from the claimed one in controls.
func explicitSetup(p widthP, runs run, share float64) (checks.Instance, error) {
	f, err := withLabels(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	lin, err := train.NewLinear(f.h)
	if err != nil {
		return checks.Instance{}, err
	}
	var inner mat.SymDense
	inner.SymOuterK(1, f.span)
	gap := bounds.GramQuantile(f.h, &inner, p.M/2, 0.95*p.Delta)
	eta, norm := f.small(p.run), floats.Norm(f.y, 2)
	c := f.foresee(p, f.floor()-gap, norm)
	eps := 0.0
	for _, b := range bounds.TrajectoryDeviation(eta, f.floor(), c.lambda, gap, c.shift, norm, p.T) {
		eps = math.Max(eps, b)
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{f.certified(), checks.RequireThat("few fragile neurons at this width and scale", c.ok)},
		Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("quantile of ||H(0)-H^inf||", gap),
			checks.NewFact("eps", eps), checks.NewFact("width run", float64(runs.M))},
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			d, err := f.descent(f.network(runs.M, runs.Kappa, nets.Antisymmetric, r), eta)
			if err != nil {
				return checks.Failed(err)
			}
			s := d.State()
			noise := 0x1p-51 * outputScale(s.Batch) * math.Sqrt(float64(f.n()))
			start, off := append([]float64(nil), s.Residual...), 0.0
			for k := 1; k <= p.T; k++ {
				d.Step()
				off = math.Max(off, floats.Distance(s.Residual, lin.Descent(start, eta, k), 2))
			}
			return checks.Measurement{Observed: off, Predicted: share * eps, Tolerance: float64(p.T) * noise}
		},
	}, nil
}

// foresee is certify before the draw, for lambda_min(H(0)) >= low and quantiles in the place of the numbers of fragile neurons.
func (f problem) foresee(p widthP, low, norm float64) certificate {
	n, fragile := f.n(), make([]int, f.n())
	for _, share := range []float64{1, 0.9, 0.75, 0.5, 0.25} {
		lambda := share * low * (1 - 1e-12)
		if lambda <= 0 {
			break
		}
		radius := bounds.GradientNorm(f.s, norm, p.M) / lambda
		pairs := bounds.BinomialFlips(bounds.FlipProbability(radius/p.Kappa), n, p.M/2, 0.05*p.Delta)
		for i := range fragile {
			fragile[i] = 2 * int(math.Round(pairs*float64(p.M/2)))
		}
		if bounds.FragileContraction(low, f.s, fragile, p.M) >= lambda {
			return certificate{true, lambda, radius, bounds.FragileGram(low, fragile, p.M), bounds.FragileShift(f.s, fragile, p.M)}
		}
	}
	return certificate{}
}
