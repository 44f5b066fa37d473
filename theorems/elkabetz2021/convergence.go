package elkabetz2021

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/flow"
	"convergo/nets/homogeneous"
)

// descentTime carries the convergence of the flow over to descent.
//
// Setting: as in balanced-flow; descent with step eta; K(eta) is when its loss has fallen to eps L^2, between two steps by a straight line in the
// logarithm of the loss.
//
// Hypotheses: d >= 2, -1 < c_0 < 1, sigma_0 > 0, eps L^2 below the loss at the start; steps eta and eta/2 with eta = 1/(Share n L^{2-2/n}) in the run.
//
// Conclusion: descent with small steps reaches the level for every such start, and eta K(eta) tends to the time of the flow, which
// balanced-flow gives in closed form, as eta -> 0. A balanced start in a direction from a continuous law satisfies the hypotheses
// with probability one; as c_0 -> -1 the time goes to infinity, and no step or number of steps is good for all starts.
//
// Constants: derived here: flow reaches the level with a positive slope, and descent follows it up to that time as eta -> 0 (tracking). The
// limit is taken by extrapolation from two steps, which leaves terms of order eta^2; the tolerance of 2e-4 of the time is for them.
// The polynomials in the theorem, which we only recall, are hidden there and not claimed here. At d = 1, which the theorem as we recall it
// admits, it is false: half of the starts have c_0 = -1.
//
// Convention: whitened squares.
//
// Reference: descent on deep linear networks with scalar output (Theorem 3 of the authors' summary), limit derived here.
//
// Control: the start -lambda, which stays at zero, with d = 3 and with d = 1; W_1 times 1.03 and W_2 divided by it, at the same product; a
// step of 2.05/(n L^{2-2/n}), which cannot settle at the minimum; 1.001 times the time.
func descentTime() checks.Claim[reach] {
	setup := func(factor float64, blind bool) func(reach) (checks.Instance, error) {
		return func(p reach) (checks.Instance, error) {
			inst := checks.Instance{Hypotheses: []checks.Hypothesis{p.angle()}}
			if !inst.Hypotheses[0].Met() && !blind {
				return inst, nil
			}
			if blind {
				inst.Hypotheses = nil
			}
			time, err := p.law().TimeTo(p.Level * p.Target * p.Target)
			if err != nil {
				return checks.Instance{}, err
			}
			if time == 0 {
				inst.Trivial = "the loss is there from the start"
				return inst, nil
			}
			eta := 1 / (p.Share * bounds.BalancedSharpness(p.depth(), p.Target))
			inst.Facts = []checks.Fact{checks.NewFact("time of the flow", time), checks.NewFact("step", eta), checks.NewFact("steps", time/eta)}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				net, theta, _, err := p.draw(r)
				if err != nil {
					return checks.Failed(err)
				}
				wide, ok := p.run(net, theta, eta, 2*time)
				narrow, fine := p.run(net, theta, eta/2, 2*time)
				observed := 2*narrow - wide
				if !ok || !fine {
					observed = 2 * time // not by then
				}
				return checks.Measurement{Observed: observed, Predicted: factor * time, Relation: checks.Equal, Tolerance: 2e-4 * time}
			}
			return inst, nil
		}
	}
	two := reach{balanced{D: 3, Hidden: []int{4}, Target: 1, Norm: 0.01, Cosine: 0.3, Level: 1e-6}, 16}
	three := reach{balanced{D: 3, Hidden: []int{2, 3}, Target: 1, Norm: 0.1, Cosine: -0.6, Level: 1e-6}, 16}
	with := func(change func(*reach)) []reach {
		p := two
		change(&p)
		return []reach{p}
	}
	return checks.Claim[reach]{
		ID: "elkabetz2021/descent-time", Title: "descent converges in the time of the flow", Reference: "Theorem 3 of the authors' summary, limit derived here",
		Formula:    `\eta\, K(\eta) \to \frac1L \int_{u_0}^{u(\epsilon)} \|w\|^{2/n-1}\,ds \quad (\eta \to 0)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []reach{
			two, three,
			{balanced{D: 2, Hidden: []int{1}, Target: 2, Norm: 0.001, Cosine: -0.9, Level: 1e-4}, 16},
			{balanced{D: 4, Hidden: []int{2, 2, 2}, Target: 1.5, Norm: 0.05, Cosine: 0.5, Level: 1e-6}, 16},
		},
		Cost:  func(p reach) checks.Cost { return p.cost(30 * p.Share * float64(p.depth()) * 10) },
		Setup: setup(1, false),
		Controls: []checks.Control[reach]{
			{Name: "in-line", Why: "from -lambda descent goes to the saddle at zero and stays there", At: with(func(p *reach) { p.Cosine, p.Opposite = -0.9, true })},
			{Name: "one-input", Why: "at d = 1 a product of the wrong sign cannot cross zero", At: with(func(p *reach) { p.D, p.Cosine, p.Opposite = 1, -0.9, true }), Setup: setup(1, true)},
			{Name: "unbalanced", Why: "a first layer 1.06 times as long as the second moves the time by some thousandths", At: with(func(p *reach) { p.Tilt = 0.03 })},
			{Name: "long-step", Why: "beyond 2/(n L^{2-2/n}) the minimum is not stable", At: with(func(p *reach) { p.Share = 1 / 2.05 })},
			{Name: "near-time", Why: "the limit is known to a fiftieth of a per cent", At: []reach{two, three}, Setup: setup(1.001, false)},
		},
	}
}

// reach is a balanced start with a step.
type reach struct {
	balanced
	Share float64 `json:"share"` // the inverse sharpness over the step
}

// run descends until the loss is at the level, and returns the time of that; false when it is not there by the time most.
func (p reach) run(net *homogeneous.Objective, start []float64, eta, most float64) (float64, bool) {
	theta, g := append([]float64(nil), start...), make([]float64, len(start))
	level, before := p.Level*p.Target*p.Target, 0.0
	for k := 0; float64(k)*eta <= most; k++ {
		loss := net.Gradient(g, theta)
		if loss <= level {
			return eta * (float64(k-1) + math.Log(before/level)/math.Log(before/loss)), true
		}
		if math.IsNaN(loss) || loss > 1e6*p.Target*p.Target {
			return 0, false
		}
		before = loss
		floats.AddScaled(theta, -eta, g)
	}
	return 0, false
}

// minimumSharpness is the step at which descent ceases to settle.
//
// Setting: a deep linear network of n layers with one output, f = (1/2)||w - lambda||^2, at a balanced minimum w = lambda != 0; any hidden widths.
//
// Hypotheses: none.
//
// Conclusion: lambda_max(Hess f) = n L^{2-2/n}, L = ||lambda|| (part sharpness). So descent near it contracts for steps below
// 2/(n L^{2-2/n}) and none above: from a start off the minimum by a factor 1 + 1e-9 of all weights, the distance to it changes by |1 - eta n L^{2-2/n}|
// a step, at eta = 1.95/(n L^{2-2/n}) (part below) and 2.05/(n L^{2-2/n}) (part above).
//
// Constants: derived here: the Hessian is that of the squared change of w; the change by U_j of layer j reaches L^{1-1/n} ||U_j||, by all layers in the
// direction of lambda, for which U_j is a multiple of W_j. The tolerance of 1e-5 of the rates is for rounding, beside 1e-9, and the next order.
//
// Convention: whitened squares.
//
// Reference: descent on deep linear networks with scalar output, sharp step derived here.
//
// Control: the exponent 2 - 1/n; W_1 times 1.1 and W_2 divided by it, a sharper minimum of the same product; the rates at steps longer by 1e-4.
func minimumSharpness() checks.Claim[minimum] {
	type sabotage struct {
		exponent float64
		stretch  float64
	}
	setup := func(s sabotage) func(minimum) (checks.Instance, error) {
		return func(p minimum) (checks.Instance, error) {
			n := len(p.Hidden) + 1
			sharp := bounds.BalancedSharpness(n, p.Target)
			if s.exponent != 0 {
				sharp *= math.Pow(p.Target, s.exponent/float64(n))
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				b := balanced{D: p.D, Hidden: p.Hidden, Target: p.Target, Norm: p.Target, Cosine: 1, Tilt: p.Tilt}
				net, theta, _, err := b.draw(r)
				if err != nil {
					return checks.Failed(err)
				}
				d, err := look(net, theta)
				if err != nil {
					return checks.Failed(err)
				}
				top, err := eig.Max(net.Hessian(theta))
				if err != nil {
					return checks.Failed(err)
				}
				parts := []checks.Measurement{{
					Part: "sharpness", Observed: top.Value, Predicted: sharp, Relation: checks.Equal, Tolerance: top.Err + d.err + 1e-14*sharp,
				}}
				for _, side := range []struct {
					part  string
					share float64
				}{{"below", 1.95}, {"above", 2.05}} {
					eta := side.share / bounds.BalancedSharpness(n, p.Target)
					parts = append(parts, checks.Measurement{
						Part: side.part, Observed: settle(net, theta, eta), Predicted: math.Abs(1 - eta*s.stretch*sharp), Relation: checks.Equal, Tolerance: 1e-5,
					})
				}
				return checks.All(parts...)
			}}, nil
		}
	}
	three := minimum{D: 3, Hidden: []int{2, 4}, Target: 2}
	tilted := minimum{D: 3, Hidden: []int{4}, Target: 1, Tilt: 0.1}
	return checks.Claim[minimum]{
		ID: "elkabetz2021/minimum-sharpness", Title: "the longest step at a balanced minimum", Reference: "sharp step of the convergence theorem, derived here",
		Formula:    `\lambda_{\max}(\nabla^2 f) = n L^{2-2/n}, \quad \eta < \frac{2}{n L^{2-2/n}}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) minimum {
			p := minimum{D: rapid.IntRange(1, 5).Draw(t, "d"), Target: rapid.SampledFrom([]float64{0.1, 1, 7}).Draw(t, "target")}
			for range rapid.IntRange(1, 4).Draw(t, "hidden") {
				p.Hidden = append(p.Hidden, rapid.IntRange(1, 4).Draw(t, "width"))
			}
			return p
		}),
		Grid:  []minimum{three, {D: 1, Hidden: []int{1}, Target: 1}, {D: 6, Hidden: []int{5}, Target: 0.3}, {D: 2, Hidden: []int{2, 1, 3, 2}, Target: 1.7}},
		Cost:  func(p minimum) checks.Cost { return point{Sizes: balanced{D: p.D, Hidden: p.Hidden}.sizes()}.cost() },
		Setup: setup(sabotage{stretch: 1}),
		Controls: []checks.Control[minimum]{
			{Name: "exponent", Why: "at a target of 2 the exponents 2 - 2/n and 2 - 1/n are a factor of 1.26 apart", At: []minimum{three}, Setup: setup(sabotage{1, 1})},
			{Name: "unbalanced", Why: "1.21 + 0.83 is more than 2", At: []minimum{tilted}},
			{Name: "other-rate", Why: "the rates are known to 1e-5", At: []minimum{three}, Setup: setup(sabotage{0, 1.0001})},
		},
	}
}

// minimum is a balanced minimum.
type minimum struct {
	D      int     `json:"d"`
	Hidden []int   `json:"hidden"`
	Target float64 `json:"target"`
	Tilt   float64 `json:"tilt,omitempty"` // control
}

// settle returns by which factor a step changes the distance to a minimum, from 1e-9 of its weights away, over six steps.
func settle(net *homogeneous.Objective, theta []float64, eta float64) float64 {
	const off, steps = 1e-9, 6
	x, g := append([]float64(nil), theta...), make([]float64, len(theta))
	floats.AddScaled(x, off, theta)
	first := floats.Distance(x, theta, 2)
	for range steps {
		flow.Step(x, g, eta, func(dst, x []float64) { net.Gradient(dst, x) })
	}
	return math.Pow(floats.Distance(x, theta, 2)/first, 1./steps)
}
