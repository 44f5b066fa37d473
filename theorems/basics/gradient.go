package basics

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/theorems/internal/curve"
)

// scalar is a point of the real line.
type scalar struct {
	X float64 `json:"x"`
}

// plConstant gives a non-convex function with a known PL constant.
//
// Setting: f(x) = x^2 + 3 sin^2 x on the real line, minimal at 0.
//
// Hypotheses: none.
//
// Conclusion: f'(x)^2 >= 2 * 0.17553 (f(x) - f*), and |f″| <= 8.
//
// Constants: the infimum of f'^2/(2f) is 0.1755310, at |x| = 2.2017 (numerical;
// the often quoted 1/32 is valid and smaller). f″ = 2 + 6 cos 2x.
//
// Convention: PL constant mu in ||f'||^2 >= 2 mu (f - f*).
//
// Reference: Karimi, Nutini and Schmidt (2016); the constant is derived here.
//
// Control: the constant 0.18 is refuted at x = 2.2017.
func plConstant() checks.Claim[scalar] {
	setup := func(mu float64) func(scalar) (checks.Instance, error) {
		return func(p scalar) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Trial: func(*rand.Rand) checks.Measurement {
					slope, f := sineSlope(p.X), sine(p.X)
					// Rounding of the argument 2x moves the sine by up to |x| u.
					scale := 8 * unit * (1 + math.Abs(p.X))
					return checks.All(
						checks.Measurement{Part: "PL", Observed: slope * slope, Predicted: 2 * mu * f, Relation: checks.AtLeast, Tolerance: scale * (slope*slope + f)},
						checks.Measurement{Part: "curvature", Observed: math.Abs(2 + 6*math.Cos(2*p.X)), Predicted: 8, Tolerance: scale},
					)
				},
			}, nil
		}
	}
	return checks.Claim[scalar]{
		ID: "basics/pl-constant", Title: "a non-convex function with PL constant 0.17553",
		Reference:  "Karimi, Nutini and Schmidt (2016); the constant is derived here",
		Formula:    `f'(x)^2 \ge 2\mu (f(x) - f^*),\quad f = x^2 + 3\sin^2 x,\ \mu = 0.17553`,
		Convention: "mu in |f'|^2 >= 2 mu (f - f*)",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) scalar {
			return scalar{rapid.Float64Range(-30, 30).Draw(t, "x")}
		}),
		Grid:  []scalar{{1e-6}, {2.2017}, {-2.2017}, {5.2}, {100}},
		Setup: setup(sinePL),
		Controls: []checks.Control[scalar]{{
			Name: "larger-constant", Why: "0.18 is above the infimum 0.17553",
			At: []scalar{{2.2017}}, Setup: setup(0.18),
		}},
	}
}

// descentLemma is the decrease of one gradient step.
//
// Setting: an L-smooth function f and a step x - eta g, g = grad f(x), along 20
// steps of descent.
//
// Hypotheses: none; eta may be any positive number.
//
// Conclusion: f(x - eta g) <= f(x) - eta (1 - eta L/2) ||g||^2.
//
// Constants: sharp: equality for f = L x^2/2 (the quadratic with n = 1). The
// functions are a quadratic with two flat directions, x^2 + 3 sin^2 x (L = 8),
// its rotated sums, and the output layer of a network. f - f* is evaluated as a
// sum of squares, since differences of losses make false violations of 1e-4.
//
// Convention: L bounds the Hessian; the gap f - f* is compared.
//
// Reference: Nesterov (2018), Lemma 1.2.3.
//
// Control: that a step of 2.1/L does not increase f is refuted; so is the lemma
// with L/2.
func descentLemma() checks.Claim[function] {
	setup := func(decrease func(eta, l, g float64) float64) func(function) (checks.Instance, error) {
		return func(p function) (checks.Instance, error) {
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				f, err := p.draw(r)
				if err != nil {
					return checks.Failed(err)
				}
				eta := p.Step / f.l
				x := append([]float64(nil), f.start...)
				g := make([]float64, len(x))
				var parts []checks.Measurement
				for range 20 {
					before, norm := f.gap(x), floats.Norm(x, 2)
					f.grad(g, x)
					for i := range x {
						x[i] -= eta * g[i]
					}
					after := f.gap(x)
					parts = append(parts, checks.Measurement{Observed: after, Predicted: before - decrease(eta, f.l, floats.Norm(g, 2)),
						Tolerance: f.rounding(math.Max(norm, floats.Norm(x, 2)), math.Max(before, after), 1+p.Step)})
				}
				return checks.Each(parts...)
			}}, nil
		}
	}
	return checks.Claim[function]{
		ID: "basics/descent-lemma", Title: "decrease of one gradient step",
		Reference:  "Nesterov (2018), Lemma 1.2.3",
		Formula:    `f(x - \eta g) \le f(x) - \eta\left(1 - \frac{\eta L}{2}\right) \|g\|^2`,
		Convention: "L bounds the Hessian",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: functions(2.5),
		Grid: []function{
			{"quadratic", 1, 1, 0.7}, {"quadratic", 1, 1, 2.2}, {"quadratic", 10, 100, 1}, {"sine", 1, 1, 0.5},
			{"sines", 6, 1, 1}, {"sines", 3, 1, 1.9}, {"last-layer", 8, 1, 1},
		},
		Cost:  functionCost(20),
		Setup: setup(bounds.DescentDecrease),
		Controls: []checks.Control[function]{{
			Name: "no-increase-past-the-limit", Why: "past 2/L a quadratic grows, and x^2 + 3 sin^2 x leaves its minimum",
			At:    []function{{"quadratic", 1, 1, 2.1}, {"quadratic", 5, 10, 2.1}},
			Setup: setup(func(float64, float64, float64) float64 { return 0 }),
		}, {
			Name: "half-the-smoothness", Why: "with L/2 the promised decrease is more than f = Lx^2/2 gives",
			At:    []function{{"quadratic", 1, 1, 1}},
			Setup: setup(func(eta, l, g float64) float64 { return bounds.DescentDecrease(eta, l/2, g) }),
		}},
	}
}

// plRate is the linear rate of descent under the PL condition.
//
// Setting: an L-smooth function with ||grad f||^2 >= 2 mu (f - f*), convex or
// not.
//
// Hypotheses: 0 < eta <= 2/L. (The usual hypothesis is eta <= 1/L; the derivation does
// not.)
//
// Conclusion: f_k - f* <= (1 - eta mu (2 - eta L))^k (f_0 - f*); at eta = 1/L the
// factor is 1 - mu/L.
//
// Constants: the descent lemma and the PL condition. Equality for f = L x^2/2,
// mu = L. For the rank-deficient quadratic mu is the smallest nonzero
// eigenvalue.
//
// Convention: as in basics/descent-lemma; 200 steps.
//
// Reference: Polyak (1963); derived here.
//
// Control: f = x^4 is not PL: from x = 1 with eta = 0.05, L = 12, its factor
// tends to 1, whatever mu > 0 is claimed.
func plRate() checks.Claim[function] {
	const steps = 200
	setup := func(draw func(function, *rand.Rand) (*smooth, error)) func(function) (checks.Instance, error) {
		return func(p function) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("eta L", p.Step, checks.AtMost, 2)},
				Trial: func(r *rand.Rand) checks.Measurement {
					f, err := draw(p, r)
					if err != nil {
						return checks.Failed(err)
					}
					return f.rate(p.Step/f.l, steps)
				},
			}, nil
		}
	}
	return checks.Claim[function]{
		ID: "basics/pl-rate", Title: "linear rate under the PL condition",
		Reference:  "Polyak (1963); derived here",
		Formula:    `f_k - f^* \le (1 - \eta\mu(2-\eta L))^k (f_0 - f^*)`,
		Convention: "mu in ||g||^2 >= 2 mu (f - f*)",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: functions(2),
		Grid: []function{
			{"quadratic", 1, 1, 0.3}, {"quadratic", 1, 1, 1.8}, {"quadratic", 10, 100, 1}, {"sine", 1, 1, 1},
			{"sines", 6, 1, 0.5}, {"last-layer", 8, 1, 1},
		},
		Cost:  functionCost(steps),
		Setup: setup(function.draw),
		Controls: []checks.Control[function]{{
			Name: "not-pl", Why: "x^4 is flat at its minimum: no factor below 1 lasts",
			At: []function{{"quadratic", 1, 1, 0.6}},
			Setup: setup(func(function, *rand.Rand) (*smooth, error) {
				return &smooth{
					l: 12, mu: 1, // |f''| <= 12 on [-1, 1]
					gap:   func(x []float64) float64 { return math.Pow(x[0], 4) },
					grad:  func(dst, x []float64) { dst[0] = 4 * x[0] * x[0] * x[0] },
					start: []float64{1},
				}, nil
			}),
		}},
	}
}

func (f *smooth) rate(eta float64, steps int) checks.Measurement {
	x := append([]float64(nil), f.start...)
	g := make([]float64, len(x))
	gap0 := f.gap(x)
	factor := bounds.PLRate(eta, f.mu, f.l)
	var parts []checks.Measurement
	var ks, gaps, caps []float64
	for k := 1; k <= steps; k++ {
		f.grad(g, x)
		for i := range x {
			x[i] -= eta * g[i]
		}
		bound := math.Pow(factor, float64(k)) * gap0
		parts = append(parts, checks.Measurement{Observed: f.gap(x), Predicted: bound, Tolerance: f.rounding(floats.Norm(f.start, 2), bound, float64(k)*(1+eta*f.l))})
		if k%4 == 0 && bound > 1e-25*gap0 {
			ks, gaps, caps = append(ks, float64(k)), append(gaps, f.gap(x)), append(caps, bound)
		}
	}
	m := checks.Each(parts...)
	m.Series = []checks.Series{
		curve.Axes{X: "step", Y: "gap", LogY: true}.Measured("f - f*", ks, gaps),
		curve.Axes{X: "step", Y: "gap", LogY: true}.Bound("PL bound", ks, caps),
	}
	return m
}

// Gradient flow is followed by Runge-Kutta steps of flowStep/L.
const (
	flowStep  = 0.02
	flowSteps = 500
)

// flowError is the relative error allowed for the integration: the
// truncation error h^5/120 per step of a linear problem, eightfold for the
// curvature of the non-convex functions.
const flowError = flowSteps * flowStep * flowStep * flowStep * flowStep * flowStep / 15

// follow integrates gradient flow and calls visit after every step with the
// time and the length of the path so far.
func (f *smooth) follow(visit func(t, path float64, x []float64)) {
	n := len(f.start)
	h := flowStep / f.l
	x, at := append([]float64(nil), f.start...), make([]float64, n)
	var k [4][]float64
	for i := range k {
		k[i] = make([]float64, n)
	}
	var path float64
	for step := 1; step <= flowSteps; step++ {
		f.grad(k[0], x)
		for s, w := range []float64{h / 2, h / 2, h} {
			for i := range at {
				at[i] = x[i] - w*k[s][i]
			}
			f.grad(k[s+1], at)
		}
		var move float64
		for i := range x {
			d := h / 6 * (k[0][i] + 2*k[1][i] + 2*k[2][i] + k[3][i])
			x[i] -= d
			move = math.Hypot(move, d)
		}
		path += move
		visit(h*float64(step), path, x)
	}
}

// plFlow is the linear rate of gradient flow under the PL condition.
//
// Setting: as in basics/pl-rate with gradient flow dx/dt = -grad f.
//
// Hypotheses: the PL condition with constant mu.
//
// Conclusion: f(t) - f* <= exp(-2 mu t) (f_0 - f*).
//
// Constants: d/dt (f - f*) = -||grad f||^2. Equality for f = mu x^2/2. Flow is
// integrated by Runge-Kutta steps of 0.02/L; the tolerance is 1e-7 of the bound
// (eight times the truncation error of 500 steps on a linear problem).
//
// Convention: mu in ||g||^2 >= 2 mu (f - f*).
//
// Reference: Polyak (1963); derived here.
//
// Control: exp(-4 mu t) fails for f = mu x^2/2.
func plFlow() checks.Claim[function] {
	setup := func(factor float64) func(function) (checks.Instance, error) {
		return func(p function) (checks.Instance, error) {
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				f, err := p.draw(r)
				if err != nil {
					return checks.Failed(err)
				}
				gap0 := f.gap(f.start)
				var parts []checks.Measurement
				f.follow(func(t, _ float64, x []float64) {
					bound := math.Exp(-factor*f.mu*t) * gap0
					parts = append(parts, checks.Measurement{Observed: f.gap(x), Predicted: bound, Tolerance: flowError*bound + f.rounding(floats.Norm(f.start, 2), bound, flowSteps)})
				})
				return checks.Each(parts...)
			}}, nil
		}
	}
	return checks.Claim[function]{
		ID: "basics/pl-flow", Title: "gradient flow under the PL condition",
		Reference:  "Polyak (1963); derived here",
		Formula:    `f(t) - f^* \le e^{-2\mu t} (f_0 - f^*)`,
		Convention: "mu in ||g||^2 >= 2 mu (f - f*)",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: functions(1),
		Grid:  []function{{"quadratic", 1, 1, 1}, {"quadratic", 8, 50, 1}, {"sine", 1, 1, 1}, {"sines", 5, 1, 1}, {"last-layer", 6, 1, 1}},
		Cost:  functionCost(5 * flowSteps),
		Setup: setup(2),
		Controls: []checks.Control[function]{{
			Name: "twice-the-rate", Why: "f = mu x^2/2 attains the rate 2 mu",
			At: []function{{"quadratic", 1, 1, 1}}, Setup: setup(4),
		}},
	}
}

// plPath bounds the length of the path to a minimum.
//
// Setting: as in basics/pl-rate; gradient flow, and descent with step eta.
//
// Hypotheses: the PL condition with constant mu; for descent eta <= 1/L.
//
// Conclusion: the path of flow is at most sqrt(2 (f_0 - f*)/mu), that of descent
// at most 1/(1 - eta L/2) times as long, and so at most twice.
//
// Constants: flow: d/dt sqrt(f - f*) <= -sqrt(mu/2) |dx/dt|, equality for f =
// mu x^2/2. Descent: sqrt f_k - sqrt f_{k+1} >= (f_k - f_{k+1})/(2 sqrt f_k) >=
// (1 - eta L/2) eta ||g||^2/(2 sqrt f_k) >= (1 - eta L/2) sqrt(mu/2) eta ||g||,
// by the descent lemma; f = mu x^2/2 comes as near as its steps are short.
//
// Convention: mu in ||g||^2 >= 2 mu (f - f*); 500 steps of each.
//
// Reference: derived here.
//
// Control: nine tenths of both bounds fail for f = mu x^2/2.
func plPath() checks.Claim[function] {
	setup := func(share float64) func(function) (checks.Instance, error) {
		return func(p function) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("eta L", p.Step, checks.AtMost, 1)},
				Trial: func(r *rand.Rand) checks.Measurement {
					f, err := p.draw(r)
					if err != nil {
						return checks.Failed(err)
					}
					gap0 := f.gap(f.start)
					var flow, descent float64
					f.follow(func(_, path float64, _ []float64) { flow = path })
					eta := p.Step / f.l
					x, g := append([]float64(nil), f.start...), make([]float64, len(f.start))
					for range flowSteps {
						f.grad(g, x)
						for i := range x {
							x[i] -= eta * g[i]
						}
						descent += eta * floats.Norm(g, 2)
					}
					most := bounds.PLFlowPath(gap0, f.mu)
					return checks.All(
						checks.Measurement{Part: "flow", Observed: flow, Predicted: share * most, Tolerance: flowError * most},
						checks.Measurement{Part: "descent", Observed: descent, Predicted: share * bounds.PLDescentPath(gap0, f.mu, p.Step), Tolerance: 1e-11 * most},
					)
				},
			}, nil
		}
	}
	return checks.Claim[function]{
		ID: "basics/pl-path", Title: "length of the path to a minimum",
		Reference:  "derived here",
		Formula:    `\int \|\dot x\|\,dt \le \sqrt{2(f_0-f^*)/\mu},\quad \sum_k \eta\|g_k\| \le \frac{1}{1-\eta L/2}\sqrt{2(f_0-f^*)/\mu}`,
		Convention: "mu in ||g||^2 >= 2 mu (f - f*)",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: functions(1),
		Grid:  []function{{"quadratic", 1, 1, 0.05}, {"quadratic", 1, 1, 0.5}, {"quadratic", 8, 50, 1}, {"sine", 1, 1, 1}, {"sines", 5, 1, 0.3}, {"last-layer", 6, 1, 1}},
		Cost:  functionCost(6 * flowSteps),
		Setup: setup(1),
		Controls: []checks.Control[function]{{
			Name: "nine-tenths-of-the-path", Why: "f = mu x^2/2 attains the bound for flow, and nearly that for descent with short steps",
			At: []function{{"quadratic", 1, 1, 0.05}}, Setup: setup(0.9),
		}},
	}
}
