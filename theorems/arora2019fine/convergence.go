package arora2019fine

import (
	"gonum.org/v1/gonum/floats"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"

	"pgregory.net/rapid"
)

// linearConvergence is the linear rate that the paper restates with the scale kappa.
//
// Setting: as for trajectory.
//
// Hypotheses: lambda_0 > 0; m = Omega(n^6/(lambda_0^4 kappa^2 delta^3)); eta = O(lambda_0/n^2). Hidden constants are set
// to 1 and the step is allowed up to 1/lambda_max. The width is out of reach (1e8 for six points), so the
// conclusion is measured outside it.
//
// Conclusion: with probability at least 1 - delta, L(k+1) <= (1 - eta lambda_0/2) L(k) for all k.
//
// Constants: recalled. linear-convergence-certified is a derived form that can be met.
//
// Convention: 1/sqrt(m) scaling, loss a sum.
//
// Reference: Theorem 3.1 (after Du et al. 2018).
//
// Control: eta = 2.5/lambda_max: the loss grows at first. It need not diverge: it often settles again, so the ratio of
// steps is what is measured.
func linearConvergence() checks.Claim[convergeP] {
	grid := convergeP{run{data.Spec{Kind: data.Sphere, N: 6, D: 8, Seed: 1}, 1000, 1, 1, 25}, 0.2}
	images := convergeP{run{images.Easy(data.MNIST, 15, 196), 2000, 1, 1, 100}, 0.2}
	large := convergeP{run{data.Spec{Kind: data.Sphere, N: 6, D: 8, Seed: 1, Labels: data.Const}, 400, 1, 2.5, 10}, 0.2}
	return checks.Claim[convergeP]{
		ID: "arora2019fine/linear-convergence", Title: "linear rate of the loss", Reference: "Theorem 3.1",
		Formula:    `L(k+1) \le (1-\eta\lambda_0/2) \, L(k)`,
		Convention: convention, Basis: checks.Recalled, Form: checks.Probably{}, Version: 1,
		Grid: []convergeP{grid, images}, Outside: true,
		Cost:  func(p convergeP) checks.Cost { return p.cost() },
		Setup: convergeSetup,
		Controls: []checks.Control[convergeP]{{
			Name: "large-step", Why: "eta = 2.5/lambda_max: the top direction of the residual grows", At: []convergeP{large},
		}},
	}
}

type convergeP struct {
	run
	Delta float64 `json:"delta"`
}

func convergeSetup(p convergeP) (checks.Instance, error) {
	f, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	eta := f.step(p.Step)
	width := bounds.PrintedScaledDescentWidth(f.n(), f.low.Lower(), p.Kappa, p.Delta)
	rate := 1 - eta*f.low.Value/2
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{f.certified(), checks.Require("width (order)", float64(p.M), checks.AtLeast, width)},
		Facts:      []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("required width (published)", width), checks.NewFact("width run", float64(p.M))},
		Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			d, err := f.descent(f.network(p.M, p.Kappa, nets.Independent, r), eta)
			if err != nil {
				return checks.Failed(err)
			}
			s := d.State()
			start := s.Loss()
			loss, bound, worst := []float64{start}, []float64{start}, 0.0
			for k := 0; k < p.T && s.Loss() > 1e-20*start; k++ {
				d.Step()
				loss, bound = append(loss, s.Loss()), append(bound, rate*bound[k])
				worst = math.Max(worst, loss[k+1]/loss[k])
			}
			return checks.Measurement{Observed: worst, Predicted: rate, Tolerance: 1e-10, Error: eta * f.low.Err,
				Series: []checks.Series{steps("network", "measured", "loss", loss), steps("rate lambda_0/2", "bound", "loss", bound)}}
		},
	}, nil
}

// certifiedConvergence is the linear rate for networks whose own certificate holds.
//
// Setting: antisymmetric start of any scale kappa, so that e(0) = y; gradient descent with eta = c/||X||^2, c <= 0.55.
//
// Hypotheses: lambda_0 certified positive; on the draw: lambda_min(H(0)) >= (3/4) lambda_0, and at most a share
// kappa_*^2 lambda_0/||X||^2 of the neurons have |w_r(0) . x_i| <= R = 4 ||X|| ||y||/(sqrt m lambda_0) on any sample.
//
// Conclusion: L(k+1) <= (1 - eta lambda_0/2) L(k) for all k, and lambda_min(H(k)) >= lambda_0/2.
//
// Constants: derived, see bounds.CertifyPaper. Small labels or a large kappa meet the hypotheses at a few
// thousand neurons, where the published width asks for more than 1e8.
//
// Convention: 1/sqrt(m) scaling, loss a sum, neurons in antisymmetric pairs.
//
// Reference: derived form of Theorem 3.1.
//
// Control: eight times the rate. On orthonormal inputs the residual decays at eta/2 in every direction, which is less.
func certifiedConvergence() checks.Claim[run] {
	small := run{data.Spec{Kind: data.Orthonormal, N: 3, D: 4, Seed: 1, LabelScale: 0.02}, 3000, 1, 0.55, 30}
	return checks.Claim[run]{
		ID: "arora2019fine/linear-convergence-certified", Title: "linear rate under a certificate", Reference: "Theorem 3.1",
		Formula:    `L(k+1) \le (1-\eta\lambda_0/2) \, L(k), \quad \lambda_{\min}(H(k)) \ge \lambda_0/2`,
		Convention: convention + ", antisymmetric pairs", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) run {
			spec := gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 6}).Draw(t, "data")
			spec.LabelScale = rapid.SampledFrom([]float64{0.01, 1e-3, 0.05}).Draw(t, "label scale")
			return run{spec, 2 * rapid.IntRange(1, 600).Draw(t, "half the width"), rapid.SampledFrom([]float64{1, 10, 100}).Draw(t, "kappa"),
				rapid.Float64Range(0.05, 0.55).Draw(t, "step"), rapid.IntRange(1, 10).Draw(t, "steps")}
		}),
		Grid: []run{
			small,
			{data.Spec{Kind: data.Sphere, N: 4, D: 8, Seed: 2}, 1000, 1e4, 0.55, 30},
			{images.Easy(data.MNIST, 6, 196), 3000, 1e6, 0.55, 30},
			{images.Easy(data.Fashion, 6, 196), 3000, 1e6, 0.55, 30},
		},
		OnData: func(f checks.DataFile) []run { return fileRun(f, 6, 3000, 1e6, 0.55, 30) },
		Cost:   run.measuredCost,
		Setup:  func(p run) (checks.Instance, error) { return certifiedSetup(p, 1) },
		Controls: []checks.Control[run]{{
			Name: "eight-times-the-rate", Why: "no direction decays that fast on orthonormal inputs", At: []run{small},
			Setup: func(p run) (checks.Instance, error) { return certifiedSetup(p, 8) },
		}},
	}
}

func certifiedSetup(p run, faster float64) (checks.Instance, error) {
	f, err := withLabels(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	lambda := f.floor()
	eta := p.Step / (f.s * f.s)
	if lambda == 0 {
		return checks.Instance{Hypotheses: []checks.Hypothesis{f.certified()}}, nil
	}
	cert, err := bounds.CertifyPaper(bounds.Instance{Width: p.M, S: f.s, LambdaMin0: 0.75 * lambda, Residual0: floats.Norm(f.y, 2), Step: eta}, lambda)
	if err != nil {
		return checks.Instance{}, err
	}
	rate := 1 - faster*eta*lambda/2
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{f.certified()},
		Facts:      []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("radius R", cert.Radius), checks.NewFact("flip budget", cert.FlipBudget), checks.NewFact("width run", float64(p.M))},
		Trial: func(r *rand.Rand) checks.Measurement {
			net := f.network(p.M, p.Kappa, nets.Antisymmetric, r)
			d, err := f.descent(net, eta)
			if err != nil {
				return checks.Failed(err)
			}
			s, n := d.State(), f.n()
			low, err := eig.Min(s.Gram())
			if err != nil {
				return checks.Failed(err)
			}
			phat := float64(s.Batch.Fragile(make([]int, n), net, cert.Radius*(1+1e-9))) / float64(p.M)
			draw := []checks.Hypothesis{
				checks.Require("lambda_min(H(0))", low.Lower(), checks.AtLeast, 0.75*lambda),
				checks.Require("fragile share", phat, checks.AtMost, cert.FlipBudget),
			}
			// Rounding of the outputs, sums over m terms of size kappa/sqrt m whose large parts cancel in pairs.
			noise := 0x1p-51 * outputScale(s.Batch) * math.Sqrt(float64(n))
			var w worst
			for k := 0; k < p.T; k++ {
				before := s.Norm
				d.Step()
				if s.Norm < 1e4*noise {
					break
				}
				w.add(checks.Measurement{Observed: s.Norm * s.Norm, Predicted: rate * before * before, Tolerance: 10 * noise * s.Norm})
			}
			end, err := eig.Min(s.Gram())
			if err != nil {
				return checks.Failed(err)
			}
			m := checks.All(w.result("rate"), checks.Measurement{Part: "lambda_min", Observed: end.Value, Predicted: lambda / 2, Relation: checks.AtLeast, Error: end.Err + 1e-13*float64(n)})
			m.Hypotheses = draw
			return m
		},
	}, nil
}
