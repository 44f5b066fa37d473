package bombari2022

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/ladder"
)

// descentRate is the convergence of gradient descent.
//
// Setting: as in step-identity.
//
// Hypotheses: 0 < eta <= 2/(lambda_max(K_0) + lambda_min(K_0)); and on the draw ||Jbar_s J_s^T - K_0|| <= theta lambda_min(K_0) for
// all steps s < T, 0 < theta < 1, which a large gamma brings about: the drift over lambda_min falls like gamma^{-2} (lazy-limit).
//
// Conclusion: ||r_t|| <= (1 - (1-theta) eta lambda_min(K_0))^t ||r_0|| for t <= T. With lambda_min(K_0) of order gamma^2 n_{L-2} n_{L-1}
// (spectrum-order for the block that antisymmetric-start gives) this is a rate of that order, as the paper's theorem is recalled to have.
//
// Constants: ours, from descent-step. Both sides are compared as rates, -log(||r_t||/||r_0||)/t, as long as ||r_t|| is 1e5 times
// the rounding of the outputs: below it the residual stalls, and the bound does not. Without a hypothesis on the drift it is false.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights gamma times N(0, 1); sum loss.
//
// Reference: derived here, in the place of the descent theorem of Bombari, Amani, Mondelli (2022); its number was not found.
//
// Control: 1.2 times the rate, labels along the eigenvector of lambda_min; and 1.1 times the largest step, labels along that of
// lambda_max; and twice the allowed drift, at one sample whose kernel falls.
func descentRate() checks.Checkable {
	setup := func(rate, step, allowance float64) func(descent) (checks.Instance, error) {
		return func(p descent) (checks.Instance, error) {
			if p.Step == 0 {
				p.Step = 0.5
			}
			allowed := p.Step
			p.Step *= step
			inst, err := p.instance(func(u run) checks.Measurement { return u.rates(rate, allowance) })
			inst.Hypotheses = []checks.Hypothesis{checks.Require("eta (lambda_max + lambda_min)/2", allowed, checks.AtMost, 1)}
			if p.Data.N == 1 { // cheap, and some of the draws fail the hypothesis on the drift
				inst.Terms.Trials = 40
			}
			return inst, err
		}
	}
	sharp := lazy4(256, 40)
	sharp.Along, sharp.Theta = "least", 0.05
	half := lazy8(32, 24)
	half.Theta = 0.5
	falls := single(1)
	falls.Theta, falls.Norm = 0.1, 4
	edge := lazy4(256, 3)
	edge.Along, edge.Step, edge.Norm, edge.Theta = "most", 1, 1e-2, 0.05
	return checks.Claim[descent]{
		ID: "bombari2022/descent-rate", Title: "linear convergence of gradient descent", Reference: "derived here, for the descent theorem",
		Formula:    `\|r_t\| \le \big(1 - (1-\theta)\,\eta\lambda_{\min}(K_0)\big)^t\,\|r_0\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []descent{
			sharp, half, edge, falls,
			{network: network{Data: pictures(images.Easy(data.MNIST, 6, 49)), Hidden: []int{12, 16}}, Gamma: 256, Norm: 1, Steps: 12, Theta: 0.5},
		},
		Cost: descent.cost, Setup: setup(1, 1, 1),
		Constants: []checks.Constant[descent]{{
			Name: "largest-step", Why: "a larger step overshoots along the eigenvector of lambda_max", At: []descent{edge},
			Factors: []float64{1.01, 1.05, 1.1, 1.2},
			Scaled:  func(p descent, f float64) (checks.Instance, error) { return setup(1, f, 1)(p) },
		}, {
			Name: "allowed-drift", Why: "a kernel that falls by more than theta lambda_min is slower than the rate", At: []descent{falls},
			Factors: []float64{1.1, 1.25, 1.5, 2, 3},
			Scaled:  func(p descent, f float64) (checks.Instance, error) { return setup(1, 1, f)(p) },
		}},
		Controls: []checks.Control[descent]{
			{Name: "faster", Why: "labels along the least eigenvector contract at this rate alone", At: []descent{sharp}, Setup: setup(1.2, 1, 1)},
			{Name: "larger-step", Why: "beyond 2/(lambda_max + lambda_min) the largest eigenvalue overshoots", At: []descent{edge}, Setup: setup(1, 1.1, 1)},
			{Name: "more-drift", Why: "with twice the drift allowed a kernel may fall by more than the rate leaves", At: []descent{falls}, Setup: setup(1, 1, 2)},
		},
	}
}

// rates compares the rate up to each step with that of the bound.
func (u run) rates(factor, allowance float64) checks.Measurement {
	worst := 0.0
	for _, s := range u.stages {
		worst = max(worst, s.drift)
	}
	start := floats.Norm(u.stages[0].before, 2)
	bound := -math.Log1p(-(1 - u.p.Theta) * u.eta * u.lmin.Value)
	var ms []checks.Measurement
	var t, measured, curveBound []float64
	for i, s := range u.stages {
		norm, steps := floats.Norm(s.after, 2), float64(i+1)
		if norm < 1e5*u.rounding {
			break
		}
		t, measured, curveBound = append(t, steps), append(measured, norm/start), append(curveBound, math.Exp(-steps*bound))
		ms = append(ms, checks.Measurement{
			Observed: -math.Log(norm/start) / steps, Predicted: factor * bound, Relation: checks.AtLeast,
			Tolerance: u.eta*u.lmin.Err + u.rounding/norm/steps,
		})
	}
	m := checks.Worst(ms...)
	m.Hypotheses = []checks.Hypothesis{u.accurate(), checks.Require("drift of the kernel over lambda_min", worst/u.lmin.Lower(), checks.AtMost, allowance*u.p.Theta)}
	m.Series = curve.Axes{X: "step", Y: "residual over its start", LogY: true}.Against("measured", t, measured, curveBound)
	return m
}

// scales is a ladder in the scale of the output weights, with the same draw on every rung.
type scales struct {
	network
	Gammas []float64 `json:"gammas"`
	Steps  int       `json:"steps"`
	Norm   float64   `json:"norm"`             // of the labels
	Drift  bool      `json:"drift,omitempty"`  // of the kernel; else the distance from the linear run
	Plain  bool      `json:"plain,omitempty"`  // no antisymmetry: labels shifted by F(theta_0)
	Slower float64   `json:"slower,omitempty"` // added to the exponent that is claimed
}

// lazyLimit is the approach to linear dynamics as the scale grows.
//
// Setting: any inputs and labels; gradient descent from an antisymmetric start of scale gamma, eta = 1/lambda_max(K_0), a fixed number
// of steps; A, w and the lower layers the same for every gamma.
//
// Hypotheses: gamma large: on the draw ||Y||/sqrt(lambda_min(K_0)), how far the weights must move, is at most 0.3 on every rung.
//
// Conclusion: sup_t ||r_t - (I - eta K_0)^t r_0|| and sup_t ||K_t - K_0||/lambda_min(K_0) fall like gamma^{-2}.
//
// Constants: the exponent is ours. Hidden weights move by 1/gamma and the output weights, relative to gamma, by gamma^{-2}; what is of
// first order in the kernel is odd under the exchange of the two halves, under which the kernel is even. The resolution is 0.02.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights gamma times N(0, 1); sum loss.
//
// Reference: derived here, for the descent theorem of Bombari, Amani, Mondelli (2022); its number was not found.
//
// Control: a start without the antisymmetry and labels shifted by its outputs: the first order stays, and the exponent is -1; and
// an exponent of -1.95.
func lazyLimit() checks.Checkable {
	base := scales{network: network{Data: sphere(6, 6, 1), Hidden: []int{10, 16}}, Gammas: []float64{16, 32, 64}, Steps: 10, Norm: 1}
	drift, plain := base, base
	drift.Drift, plain.Plain = true, true
	plainDrift := plain
	plainDrift.Drift = true
	slower := base
	slower.Slower = 0.05
	return checks.Claim[scales]{
		ID: "bombari2022/lazy-limit", Title: "linear dynamics at large scale", Reference: "derived here, for the descent theorem",
		Formula:    `\sup_t \|r_t - (I-\eta K_0)^t r_0\|,\ \sup_t \frac{\|K_t - K_0\|}{\lambda_{\min}(K_0)} = \Theta(\gamma^{-2})`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Along: `output scale $\gamma$`, Version: 1,
		Grid: []scales{base, drift},
		Cost: func(p scales) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Trial: float64(len(p.Gammas)) * (float64(p.Steps+2)*1.5*netCost(n, d, p.Hidden) + 3*costs.Eigenvalue(n))}
		},
		Setup: func(p scales) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Exponent: checks.Float(-2 + p.Slower), Resolution: 0.02, Trials: 20},
				Trial: func(r *rand.Rand) checks.Measurement {
					seed, reach := r.Uint64(), 0.0
					m := ladder.Pass(len(p.Gammas), func(i int) (float64, float64, error) {
						v, move, err := p.distance(set, p.Gammas[i], rand.New(rand.NewPCG(seed, 2)))
						reach = max(reach, move)
						return p.Gammas[i], v, err
					})
					m.Hypotheses = []checks.Hypothesis{checks.Require("||Y|| over the root of lambda_min(K_0)", reach, checks.AtMost, 0.3)}
					return m
				},
			}, nil
		},
		Controls: []checks.Control[scales]{
			{Name: "no-antisymmetry", Why: "the kernel moves in first order, like 1/gamma", At: []scales{plain, plainDrift}},
			{Name: "slower", Why: "the second order is resolved to 0.02", At: []scales{slower}},
		},
	}
}

// distance trains at one scale and returns the largest distance of the run from the linear one, or of the kernel from K_0, and
// ||Y||/sqrt(lambda_min(K_0)).
func (p scales) distance(set *data.Set, gamma float64, r *rand.Rand) (largest, reach float64, err error) {
	net, err := p.start(set, gamma, r)
	if err != nil {
		return 0, 0, err
	}
	pass, err := net.NewPass(set.X)
	if err != nil {
		return 0, 0, err
	}
	k := pass.Gram(nil)
	low, err := eig.Min(k)
	if err != nil {
		return 0, 0, err
	}
	high, err := eig.Max(k)
	if err != nil {
		return 0, 0, err
	}
	y := append([]float64(nil), set.Y...)
	norm := floats.Norm(y, 2)
	if !(norm > 0) {
		return 0, 0, fmt.Errorf("the labels are zero: nothing is learned")
	}
	floats.Scale(p.Norm/norm, y)
	r0 := make([]float64, len(y))
	floats.AddScaled(r0, -1, y)
	floats.Add(y, pass.Output()) // zero, but for a start without antisymmetry
	modes, err := bounds.NewModes(k, r0)
	if err != nil {
		return 0, 0, err
	}
	eta := 1 / high.Value
	var failed error
	_, err = deep.Descent{Step: eta, Steps: p.Steps, Observe: func(s *deep.State) bool {
		if p.Drift {
			var moved eig.Certified
			moved, failed = eig.Norm(eig.Difference(s.Pass.Gram(nil), k))
			largest = max(largest, moved.Value/low.Value)
		} else {
			largest = max(largest, floats.Distance(s.Residual, modes.GD(eta, s.Step), 2))
		}
		return failed == nil
	}}.Run(net, set.X, y)
	return largest, p.Norm / math.Sqrt(low.Value), errors.Join(err, failed)
}

// start draws the network.
func (p scales) start(set *data.Set, gamma float64, r *rand.Rand) (*deep.Network, error) {
	if !p.Plain {
		return deep.Antisymmetric(p.config(set.D()), gamma, r)
	}
	config := p.config(set.D())
	config.Std[len(config.Std)-1] *= gamma
	return deep.New(config, r)
}
