package basics

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
)

// sinePL is a PL constant of x^2 + 3 sin^2 x: the infimum of f'^2/(2f) is
// 0.1755310, at |x| = 2.2017. (The often quoted 1/32 is valid and smaller.)
const sinePL = 0.17553

// A smooth is a smooth function with certified constants, minimal at 0
// with value 0: gap is f - f*, evaluated without a difference of losses.
type smooth struct {
	l, mu float64
	gap   func(x []float64) float64
	grad  func(dst, x []float64)
	start []float64
}

// A function names a smooth function and a step.
type function struct {
	Kind  string  `json:"kind"`  // quadratic (with two flat directions), sine, sines (rotated), last-layer
	N     int     `json:"n"`     // quadratic: rank; sines: dimension; last-layer: samples
	Kappa float64 `json:"kappa"` // quadratic: lmax over the smallest nonzero eigenvalue
	Step  float64 `json:"step"`  // eta L
}

func functionKinds() []string { return []string{"quadratic", "sine", "sines", "last-layer"} }

func (p function) draw(r *rand.Rand) (*smooth, error) {
	if p.N < 1 {
		return nil, fmt.Errorf("n = %d: give at least 1", p.N)
	}
	switch p.Kind {
	case "quadratic":
		values, err := spectrum{p.N, p.Kappa, "geometric"}.values()
		if err != nil {
			return nil, err
		}
		flat := 2
		if p.N == 1 {
			flat = 0 // the equality cases live in one dimension
		}
		return quadraticGap(rotation(r, p.N+flat), append(values, make([]float64, flat)...), values[0], r), nil
	case "sine":
		return sines(mat.NewDense(1, 1, []float64{1}), r), nil
	case "sines":
		return sines(rotation(r, p.N), r), nil
	case "last-layer":
		return p.lastLayer(r)
	}
	return nil, fmt.Errorf("unknown function %q: use one of %v", p.Kind, functionKinds())
}

// quadraticGap is sum_i values_i <q_i, x>^2/2 with columns q_i.
func quadraticGap(q *mat.Dense, values []float64, mu float64, r *rand.Rand) *smooth {
	n, rank := q.Dims()
	coords := func(x []float64) *mat.VecDense {
		var c mat.VecDense
		c.MulVec(q.T(), mat.NewVecDense(n, x))
		return &c
	}
	top := 0.0
	for _, v := range values {
		top = math.Max(top, v)
	}
	return &smooth{
		l: top, mu: mu,
		gap: func(x []float64) float64 {
			c := coords(x)
			var sum float64
			for i, v := range values {
				sum += v * c.AtVec(i) * c.AtVec(i)
			}
			return sum / 2
		},
		grad: func(dst, x []float64) {
			c := coords(x)
			for i := range rank {
				c.SetVec(i, values[i]*c.AtVec(i))
			}
			mat.NewVecDense(n, dst).MulVec(q, c)
		},
		start: scaled(math.Pow(10, 2*r.Float64()-1), vector(r, n)),
	}
}

// sines is sum_i f(<q_i, x>) with f(t) = t^2 + 3 sin^2 t.
func sines(q *mat.Dense, r *rand.Rand) *smooth {
	n, _ := q.Dims()
	coords := func(x []float64) *mat.VecDense {
		var c mat.VecDense
		c.MulVec(q.T(), mat.NewVecDense(n, x))
		return &c
	}
	return &smooth{
		l: 8, mu: sinePL,
		gap: func(x []float64) float64 {
			c := coords(x)
			var sum float64
			for i := range n {
				sum += sine(c.AtVec(i))
			}
			return sum
		},
		grad: func(dst, x []float64) {
			c := coords(x)
			for i := range n {
				c.SetVec(i, sineSlope(c.AtVec(i)))
			}
			mat.NewVecDense(n, dst).MulVec(q, c)
		},
		start: scaled(math.Pow(10, 2*r.Float64()-1), vector(r, n)),
	}
}

func sine(x float64) float64 {
	s := math.Sin(x)
	return x*x + 3*s*s
}

func sineSlope(x float64) float64 { return 2*x + 3*math.Sin(2*x) }

// lastLayer trains the output weights of a network alone: a quadratic with the
// feature Gram matrix, seen from one of its minimisers. Leaky ReLU features are
// never all zero, as those of a few ReLU neurons may be.
func (p function) lastLayer(r *rand.Rand) (*smooth, error) {
	width := 4*p.N + 8
	set, err := data.Spec{Kind: data.Gaussian, N: p.N, D: p.N + 2, Seed: r.Uint64()}.Build()
	if err != nil {
		return nil, err
	}
	batch := nets.NewBatch(set.X, width)
	batch.Forward(nets.NTK(width, set.D()).Draw(r))
	features := mat.NewDense(width, p.N, nil) // columns are samples
	phi := nets.LeakyReLU(0.1).Value
	features.Apply(func(_, _ int, z float64) float64 { return phi(z) * nets.NTKScale(width) }, batch.Z)
	var svd mat.SVD
	if !svd.Factorize(features, mat.SVDThin) {
		return nil, fmt.Errorf("the singular values of the features did not converge")
	}
	var u mat.Dense
	svd.UTo(&u)
	values := svd.Values(nil)
	for i, s := range values {
		values[i] = s * s
	}
	return quadraticGap(&u, values, values[len(values)-1], r), nil
}

// rounding is what an error of the given number of evaluations in the position
// adds to a gap: each carries e = 16 n u |x|, |x| the largest norm so far, also
// from the flat directions, so that sqrt(gap) moves by at most sqrt(L/2) e.
func (f *smooth) rounding(norm, gap, evaluations float64) float64 {
	e := evaluations * 16 * float64(len(f.start)+4) * unit * norm * math.Sqrt(f.l/2)
	return (2*math.Sqrt(gap)+e)*e + underflow
}

func functions(maxStep float64) *rapid.Generator[function] {
	return rapid.Custom(func(t *rapid.T) function {
		return function{
			Kind:  rapid.SampledFrom(functionKinds()).Draw(t, "kind"),
			N:     rapid.IntRange(1, 6).Draw(t, "n"),
			Kappa: math.Pow(10, rapid.Float64Range(0, 3).Draw(t, "log10 kappa")),
			Step:  rapid.Float64Range(1e-3, maxStep).Draw(t, "step"),
		}
	})
}

func functionCost(steps float64) func(function) checks.Cost {
	return func(p function) checks.Cost {
		n := float64(p.N + 4)
		return checks.Cost{Trial: 100*n*n*n + 12*n*n*steps + 100*steps}
	}
}

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
// Conclusion: f'(x)^2 >= 2 * 0.17553 (f(x) - f*), and |f”| <= 8.
//
// Constants: the infimum of f'^2/(2f) is 0.1755310, at |x| = 2.2017 (numerical;
// the often quoted 1/32 is valid and smaller). f” = 2 + 6 cos 2x.
//
// Convention: PL constant mu in ||f'||^2 >= 2 mu (f - f*).
//
// Reference: Karimi, Nutini and Schmidt 2016; card 90.5.
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
		Reference:  "card 90.5",
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
// Reference: classical; card 90.5.
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
				return checks.All(parts...)
			}}, nil
		}
	}
	return checks.Claim[function]{
		ID: "basics/descent-lemma", Title: "decrease of one gradient step",
		Reference:  "card 90.5",
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
// Hypotheses: 0 < eta <= 2/L. (The card asks for eta <= 1/L; the derivation does
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
// Reference: Polyak 1963; card 90.5.
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
		Reference:  "card 90.5",
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
	m := checks.All(parts...)
	m.Series = []checks.Series{
		curve("f - f*", "measured", "step", "gap", false, true, ks, gaps),
		curve("PL bound", "bound", "step", "gap", false, true, ks, caps),
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
// Reference: Polyak 1963; card 90.5.
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
				return checks.All(parts...)
			}}, nil
		}
	}
	return checks.Claim[function]{
		ID: "basics/pl-flow", Title: "gradient flow under the PL condition",
		Reference:  "card 90.5",
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
// at most twice as long.
//
// Constants: flow: d/dt sqrt(f - f*) <= -sqrt(mu/2) |dx/dt|, equality for f =
// mu x^2/2. Descent: sqrt f_k - sqrt f_{k+1} >= (f_k - f_{k+1})/(2 sqrt f_k) >=
// eta ||g||^2/(4 sqrt f_k) >= (eta/4) sqrt(2 mu) ||g||. Observed paths of
// descent keep half of the bound.
//
// Convention: mu in ||g||^2 >= 2 mu (f - f*); 500 steps of each.
//
// Reference: card 90.5.
//
// Control: half the bound for flow fails for f = mu x^2/2.
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
						checks.Measurement{Part: "descent", Observed: descent, Predicted: bounds.PLDescentPath(gap0, f.mu), Tolerance: 1e-11 * most},
					)
				},
			}, nil
		}
	}
	return checks.Claim[function]{
		ID: "basics/pl-path", Title: "length of the path to a minimum",
		Reference:  "card 90.5",
		Formula:    `\int \|\dot x\|\,dt \le \sqrt{2(f_0-f^*)/\mu},\quad \sum_k \eta\|g_k\| \le 2\sqrt{2(f_0-f^*)/\mu}`,
		Convention: "mu in ||g||^2 >= 2 mu (f - f*)",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: functions(1),
		Grid:  []function{{"quadratic", 1, 1, 0.5}, {"quadratic", 8, 50, 1}, {"sine", 1, 1, 1}, {"sines", 5, 1, 0.3}, {"last-layer", 6, 1, 1}},
		Cost:  functionCost(6 * flowSteps),
		Setup: setup(1),
		Controls: []checks.Control[function]{{
			Name: "half-the-path", Why: "f = mu x^2/2 attains the bound for flow",
			At: []function{{"quadratic", 1, 1, 0.5}}, Setup: setup(0.5),
		}},
	}
}

// A smoothNet is a tanh network on a data set, trained by descent.
type smoothNet struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`     // even: the initial output is zero
	Step  float64   `json:"step"`  // share of the largest certified step
	Steps int       `json:"steps"` // steps of descent
}

// gaussNewton certifies descent on a nonlinear least-squares problem.
//
// Setting: residual r of a two-layer tanh network, first layer trained, zero
// initial output (tied pairs of neurons); Jacobian J (n x md).
//
// Hypotheses: on the ball of radius 2||r_0||/alpha around the initial weights
// sigma_min(J) >= alpha, ||J|| <= beta and J is Lam-Lipschitz; eta <= min(1/(2
// beta^2), 1/(2 Lam ||r_0||)). Checked on the draw: beta = ||X||, Lam = (4/(3
// sqrt 3)) ||X|| max|x_i|/sqrt m, and alpha the larger root of alpha^2 -
// sigma_0 alpha + 2 Lam ||r_0||, which is real iff sigma_0^2 >= 8 Lam ||r_0||
// (sigma_0 = sigma_min(J(0)), Weyl).
//
// Conclusion: for all t, ||r_{t+1}||^2 <= (1 - eta alpha^2) ||r_t||^2, the path is
// at most 2||r_0||/alpha and sigma_min(J(t)) >= alpha.
//
// Constants: with v = J^T r and Jbar the mean Jacobian of a step, ||Jbar - J|| <=
// Lam eta ||v||/2, so ||r_+||^2 <= ||r||^2 - eta (2 - eta Lam ||r|| - eta beta^2)
// ||v||^2; the path follows as ||r_t|| - ||r_{t+1}|| >= eta alpha ||v||/2.
// ||J(W) - J(W')|| <= ||X|| max_i ||phi'(z_i) - phi'(z'_i)||/sqrt m (Khatri-Rao),
// with |tanh”| <= 4/(3 sqrt 3).
//
// Convention: 1/sqrt(m) scaling, loss ||r||^2/2.
//
// Reference: cards 90.6, 10.7, 19.4.
//
// Control: a rate four times as fast is refuted; at step 0.5/beta^2 it would
// exceed what the smallest singular direction does.
func gaussNewton() checks.Claim[smoothNet] {
	setup := func(speed float64) func(smoothNet) (checks.Instance, error) {
		return func(p smoothNet) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			spectral, err := eig.SpectralNorm(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			var longest float64
			for _, v := range data.RowNorms(set.X) {
				longest = math.Max(longest, v)
			}
			lip := 4 / (3 * math.Sqrt(3)) * spectral.Upper() * longest / math.Sqrt(float64(p.Width))
			law := nets.Init{Width: p.Width, Dim: set.D(), Act: nets.Tanh(), Kappa: 1, Symmetry: nets.Antisymmetric}
			if err := law.Validate(); err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Facts: []checks.Fact{fact("beta", spectral.Upper()), fact("Lipschitz constant of J", lip), fact("||r_0||", floats.Norm(set.Y, 2))},
				Trial: func(r *rand.Rand) checks.Measurement {
					return p.certified(set, law.Draw(r), spectral.Upper(), lip, speed)
				},
			}, nil
		}
	}
	net := func(kind string, n, d int, labels float64, m int, step float64) smoothNet {
		return smoothNet{data.Spec{Kind: kind, N: n, D: d, LabelScale: labels}, m, step, 40}
	}
	return checks.Claim[smoothNet]{
		ID: "basics/gauss-newton", Title: "a certificate for nonlinear least squares",
		Reference:  "card 90.6",
		Formula:    `\|r_{t+1}\|^2 \le (1-\eta\alpha^2)\|r_t\|^2,\quad \sum_t \|\theta_{t+1}-\theta_t\| \le \frac{2\|r_0\|}{\alpha}`,
		Convention: "1/sqrt(m) scaling; loss ||r||^2/2",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) smoothNet {
			s := gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 4, MaxD: 8}).Draw(t, "data")
			s.LabelScale = math.Pow(10, rapid.Float64Range(-3, -1).Draw(t, "log10 labels"))
			return smoothNet{s, 2 * rapid.IntRange(10, 150).Draw(t, "half of m"), rapid.Float64Range(0.1, 1).Draw(t, "step"), 20}
		}),
		Grid: []smoothNet{
			net(data.Basis, 1, 1, 0.2, 200, 1), net(data.Orthonormal, 4, 8, 0.2, 400, 1),
			net(data.Sphere, 4, 16, 0.1, 400, 0.5), net(data.Sphere, 8, 32, 0.05, 600, 1),
		},
		Cost: func(p smoothNet) checks.Cost {
			n, d := size(p.Data)
			m := float64(p.Width)
			return checks.Cost{Trial: float64(p.Steps) * (n*m*(4*d+60) + 2*n*n*m + 20*n*n*n), Size: fmt.Sprintf("m=%d", p.Width)}
		},
		Setup: setup(1),
		Controls: []checks.Control[smoothNet]{{
			Name: "four-times-the-rate", Why: "the residual shrinks by about 1 - 2 eta lambda_i per mode, and lambda_min is near alpha^2",
			At: []smoothNet{net(data.Orthonormal, 4, 8, 0.01, 400, 1)}, Setup: setup(4),
		}},
	}
}

// certified runs descent under the certificate, or reports on the draw that its
// hypothesis fails.
func (p smoothNet) certified(set *data.Set, net *nets.Network, beta, lip, speed float64) checks.Measurement {
	r0 := floats.Norm(set.Y, 2)
	run, err := train.NewDescent(net, set.X, set.Y, train.Options{Step: 1, Steps: p.Steps})
	if err != nil {
		return checks.Failed(err)
	}
	sigma := func() (float64, error) {
		c, err := eig.Min(run.State().Gram())
		return math.Sqrt(math.Max(0, c.Lower())), err
	}
	s0, err := sigma()
	if err != nil {
		return checks.Failed(err)
	}
	hyp := []checks.Hypothesis{checks.Require("sigma_min(J(0))^2", s0*s0, checks.AtLeast, 8*lip*r0)}
	if !hyp[0].Met() || s0 == 0 {
		return checks.Measurement{Hypotheses: append(hyp, checks.RequireThat("sigma_min(J(0)) > 0", s0 > 0))}
	}
	alpha := (s0 + math.Sqrt(s0*s0-8*lip*r0)) / 2
	cert := bounds.NewGaussNewton(alpha, beta, lip, r0)
	eta := p.Step * cert.MaxStep
	if run, err = train.NewDescent(net, set.X, set.Y, train.Options{Step: eta, Steps: p.Steps}); err != nil {
		return checks.Failed(err)
	}
	factor := 1 - speed*(1-cert.Rate(eta))
	parts := []checks.Measurement{}
	before := mat.DenseCopyOf(net.W)
	var path float64
	for range p.Steps {
		old := run.State().Norm
		run.Step()
		norm := run.State().Norm
		_, moved := nets.Movement(net.W, before)
		before.Copy(net.W)
		path += moved
		s, err := sigma()
		if err != nil {
			return checks.Failed(err)
		}
		// The outputs carry an absolute rounding of about sqrt(m) d u.
		tol := 1e-14 * math.Sqrt(float64(p.Width)) * (old + 1e-14)
		parts = append(parts,
			checks.Measurement{Part: "rate", Observed: norm * norm, Predicted: factor * old * old, Tolerance: tol},
			checks.Measurement{Part: "path", Observed: path, Predicted: cert.Path, Tolerance: 1e-12 * cert.Path},
			checks.Measurement{Part: "sigma_min(J)", Observed: s, Predicted: alpha, Relation: checks.AtLeast, Tolerance: 1e-12 * beta})
	}
	m := checks.All(parts...)
	m.Hypotheses = hyp
	return m
}
