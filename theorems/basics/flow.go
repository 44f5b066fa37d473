package basics

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
)

// flowInherited says which bounds for gradient flow carry over to
// descent.
//
// Setting: gradient descent with step eta on a quadratic with eigenvalues
// lambda_i; flow at time t = eta k.
//
// Hypotheses: eta lmax <= 1 (FlowStepLimit = 1.2785 is enough; the claim is
// checked up to there).
//
// Conclusion: |1 - eta lambda_i|^k <= exp(-eta lambda_i k) for every mode, so
// that ||e_k|| <= exp(-lmin eta k) ||e_0||: every upper bound exp(-lambda t) for
// flow holds for descent at t = eta k.
//
// Constants: sharp; 1 - u <= exp(-u), with equality as u tends to 0, and for
// 1 < u <= 1.2785 the other side u - 1 <= exp(-u).
//
// Convention: lmax = 1.
//
// Reference: derived here.
//
// Control: at eta lmax = 1.5 the top mode shrinks by 0.5, flow by 0.22.
func flowInherited() checks.Claim[quadratic] {
	setup := func(guard bool) func(quadratic) (checks.Instance, error) {
		return func(p quadratic) (checks.Instance, error) {
			d, err := p.open()
			if err != nil {
				return checks.Instance{}, err
			}
			inst := checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				basis, h, e0, err := d.draw(r)
				if err != nil {
					return checks.Failed(err)
				}
				path := train.Linearised(h, e0, d.eta, steps)
				modes := func(k int) *mat.VecDense {
					var c mat.VecDense
					c.MulVec(basis.T(), mat.NewVecDense(d.N, path[k]))
					return &c
				}
				start := modes(0)
				var parts []checks.Measurement
				for k := 1; k <= steps; k++ {
					c := modes(k)
					t := d.eta * float64(k)
					for i, l := range d.values {
						parts = append(parts, checks.Measurement{Part: "mode", Observed: math.Abs(c.AtVec(i)),
							Predicted: math.Exp(-l*t) * math.Abs(start.AtVec(i)), Tolerance: d.tolerance(k) + d.delta()})
					}
					parts = append(parts, checks.Measurement{Part: "norm", Observed: floats.Norm(path[k], 2), Predicted: math.Exp(-d.values[0] * t), Tolerance: d.tolerance(k) + d.delta()})
				}
				return checks.Each(parts...)
			}}
			if guard {
				inst.Hypotheses = []checks.Hypothesis{checks.Require("eta lambda_max", d.eta, checks.AtMost, bounds.FlowStepLimit())}
			}
			return inst, nil
		}
	}
	return checks.Claim[quadratic]{
		ID: "basics/flow-bound-inherited", Title: "bounds for gradient flow hold for descent",
		Reference:  "derived here",
		Formula:    `|1-\eta\lambda|^k \le e^{-\eta\lambda k} \quad (\eta\lambda \le 1)`,
		Convention: "lambda_max = 1",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: quadratics(12, bounds.FlowStepLimit()),
		Grid: []quadratic{
			{spectrum{1, 1, "linear"}, 1e-4, "top"},
			{spectrum{1, 1, "linear"}, 1.278, "top"},
			{spectrum{10, 100, "geometric"}, 1, "random"},
			{spectrum{20, 1e4, "linear"}, 0.5, "random"},
		},
		Cost:  quadraticCost,
		Setup: setup(true),
		Controls: []checks.Control[quadratic]{{
			Name: "step-one-and-a-half", Why: "0.5 > exp(-1.5)",
			At:    []quadratic{{spectrum{5, 10, "linear"}, 1.5, "top"}},
			Setup: setup(false),
		}},
	}
}

// flowThreshold locates the step from which flow bounds fail for descent.
//
// Setting: gradient descent with step eta on lambda x^2/2, against flow over the
// same time.
//
// Hypotheses: none.
//
// Conclusion: descent shrinks less than flow, |1 - u|^k > exp(-u k) with
// u = eta lambda, iff u exceeds the root 1.2784645 of u - 1 = exp(-u).
//
// Constants: FlowStepLimit. u - 1 - exp(-u) is increasing.
//
// Convention: lambda = 1; k steps from a Gaussian start.
//
// Reference: derived here.
//
// Control: a crossing claimed at 1 must be refuted.
func flowThreshold() checks.Claim[flowRun] {
	rungs := []float64{0.5, 0.9, 1.1, 1.2, 1.27, 1.278, 1.279, 1.29, 1.5, 1.9}
	setup := func(location float64) func(flowRun) (checks.Instance, error) {
		return func(p flowRun) (checks.Instance, error) {
			if p.Steps < 1 {
				return checks.Instance{}, fmt.Errorf("%d steps: give at least one", p.Steps)
			}
			return checks.Instance{
				Terms: checks.Terms{Location: checks.Float(location), Resolution: 0.001, Trials: 40},
				Trial: func(r *rand.Rand) checks.Measurement {
					x0 := r.NormFloat64()
					var ladder []checks.Rung
					for _, u := range rungs {
						x := x0
						for range p.Steps {
							x -= u * x
						}
						slower := 0.0
						if math.Abs(x) > math.Exp(-u*float64(p.Steps))*math.Abs(x0) {
							slower = 1
						}
						ladder = append(ladder, checks.Rung{Size: u, Value: slower})
					}
					return checks.Measurement{Ladder: ladder}
				},
			}, nil
		}
	}
	return checks.Claim[flowRun]{
		ID: "basics/flow-bound-threshold", Title: "flow bounds fail for descent from ηλ = 1.2785",
		Reference:  "derived here",
		Formula:    `|1-u| > e^{-u} \iff u > 1.27846\ldots`,
		Convention: "lambda = 1",
		Basis:      checks.Derived, Form: checks.Threshold{}, Version: 1,
		Grid:  []flowRun{{1}, {10}},
		Setup: setup(bounds.FlowStepLimit()),
		Controls: []checks.Control[flowRun]{{
			Name: "crossing-at-one", Why: "between 1 and 1.2785 the bound still holds",
			At: []flowRun{{1}}, Setup: setup(1),
		}},
	}
}

type flowRun struct {
	Steps int `json:"steps"`
}

// flowGap bounds the distance of descent from flow, uniformly in time.
//
// Setting: descent r_{k+1} = (I - eta H) r_k and flow r(t) = exp(-H t) r_0 on
// the same quadratic.
//
// Hypotheses: eta lmax <= 1.
//
// Conclusion: ||r_k - r(k eta)|| <= (x/2) e^{x-1} ||r_0|| <= (eta lmax/2) ||r_0||
// for all k, x = eta lmax: first-order accurate at all times.
//
// Constants: per mode 0 <= e^{-xk} - (1-x)^k <= k (e^{-x} - 1 + x) e^{-x(k-1)}
// <= (x/2) (xk e^{-xk}) e^x <= (x/2) e^{x-1}; attained to 99 % at x = 0.01 and
// 74 % at x = 1.
//
// Convention: lmax = 1.
//
// Reference: derived here.
//
// Control: half the bound is exceeded from the top eigenvector.
func flowGap() checks.Claim[quadratic] {
	setup := func(share float64) func(quadratic) (checks.Instance, error) {
		return func(p quadratic) (checks.Instance, error) {
			d, err := p.open()
			if err != nil {
				return checks.Instance{}, err
			}
			steps := int(math.Min(1000, 2/d.eta)) + 3
			predicted := share * bounds.FlowGap(d.eta, 1, 1)
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("eta lambda_max", d.eta, checks.AtMost, 1)},
				Trial: func(r *rand.Rand) checks.Measurement {
					basis, h, e0, err := d.draw(r)
					if err != nil {
						return checks.Failed(err)
					}
					start := mat.NewVecDense(d.N, nil)
					start.MulVec(basis.T(), mat.NewVecDense(d.N, e0))
					path := train.Linearised(h, e0, d.eta, steps)
					var worst float64
					var xs, ys, cap []float64
					for k := 1; k <= steps; k++ {
						var c mat.VecDense
						c.MulVec(basis.T(), mat.NewVecDense(d.N, path[k]))
						for i, l := range d.values {
							c.SetVec(i, c.AtVec(i)-math.Exp(-l*d.eta*float64(k))*start.AtVec(i))
						}
						gap := mat.Norm(&c, 2)
						worst = math.Max(worst, gap)
						if every := steps/50 + 1; k%every == 0 {
							xs, ys, cap = append(xs, float64(k)), append(ys, gap), append(cap, predicted)
						}
					}
					return checks.Measurement{Observed: worst, Predicted: predicted, Tolerance: float64(steps) * d.delta(), Series: []checks.Series{
						curve.Axes{X: "step", Y: "distance", LogY: true}.Measured("gap to flow", xs, ys),
						curve.Axes{X: "step", Y: "distance", LogY: true}.Bound("bound", xs, cap),
					}}
				},
			}, nil
		}
	}
	one := spectrum{1, 1, "linear"}
	return checks.Claim[quadratic]{
		ID: "basics/flow-gap", Title: "descent stays near flow at all times",
		Reference:  "derived here",
		Formula:    `\|r_k - r(k\eta)\| \le \frac{x}{2} e^{x-1} \|r_0\|,\quad x = \eta\lambda_{\max} \le 1`,
		Convention: "lambda_max = 1",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: quadratics(12, 1),
		Grid: []quadratic{
			{one, 0.002, "top"}, {one, 0.01, "top"}, {one, 0.1, "top"}, {one, 1, "top"},
			{spectrum{20, 100, "geometric"}, 0.05, "random"}, {spectrum{30, 10, "linear"}, 0.5, "ends"},
		},
		Cost: func(p quadratic) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Trial: 8*n*n*n + (4*n*n+20*n)*math.Min(1000, 2/p.Step)}
		},
		Setup: setup(1),
		Controls: []checks.Control[quadratic]{{
			Name: "half-the-bound", Why: "at x = 0.05 the bound is attained to more than 90 %",
			At: []quadratic{{one, 0.05, "top"}}, Setup: setup(0.5),
		}},
	}
}
