package arora2019fine

import (
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/theorems/internal/images"
)

// linearConvergence is the linear rate that the paper restates with the scale kappa.
//
// Setting: as for trajectory.
//
// Hypotheses: lambda_0 > 0; m = Omega(n^6/(lambda_0^4 kappa^2 delta^3)); eta = O(lambda_0/n^2). Hidden constants are set
// to 1. The width is out of reach (1e8 for six points), and steps so small show little, so that the conclusion is
// measured outside both.
//
// Conclusion: with probability at least 1 - delta, L(0) = O(n/delta), which is not checked, and
// L(k+1) <= (1 - eta lambda_0/2) L(k) for all k.
//
// Constants: those of the orders are recalled as 1, since the source hides them. linear-convergence-certified is a derived
// form that can be met.
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
		Convention: convention, Basis: checks.Recalled, Form: checks.Probably{}, Version: 2,
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
		Hypotheses: []checks.Hypothesis{
			f.certified(), checks.Require("width (order)", float64(p.M), checks.AtLeast, width),
			checks.Require("step (order)", eta, checks.AtMost, f.low.Lower()/float64(f.n()*f.n())),
		},
		Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("required width (published)", width), checks.NewFact("width run", float64(p.M))},
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
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
