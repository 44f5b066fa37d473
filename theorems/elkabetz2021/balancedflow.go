package elkabetz2021

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
	"convergo/nets/flow"
	"convergo/nets/homogeneous"
	"convergo/theorems/internal/curve"
)

// balanced is a deep linear network with one output and balanced weights, of which the product and its target are given by their norms
// and their angle.
type balanced struct {
	D        int     `json:"d"`
	Hidden   []int   `json:"hidden"`
	Target   float64 `json:"target"`             // L
	Norm     float64 `json:"norm"`               // sigma_0
	Cosine   float64 `json:"cosine"`             // c_0
	Time     float64 `json:"time,omitempty"`     // of the flow
	Level    float64 `json:"level,omitempty"`    // of the loss over L^2
	Tilt     float64 `json:"tilt,omitempty"`     // control: W_1 times 1 + tilt, W_2 divided by it
	Stretch  float64 `json:"stretch,omitempty"`  // control: W_1 times 1 + stretch
	Opposite bool    `json:"opposite,omitempty"` // control: the cosine of the start is -1 whatever is declared
}

func (p balanced) depth() int { return len(p.Hidden) + 1 }

func (p balanced) law() bounds.BalancedFlow {
	return bounds.BalancedFlow{Depth: p.depth(), Target: p.Target, Norm: p.Norm, Cosine: p.Cosine}
}

func (p balanced) sizes() []int {
	return append(append([]int{p.D}, p.Hidden...), 1)
}

func (p balanced) cost(steps float64) checks.Cost {
	w := float64(point{Sizes: p.sizes()}.weights())
	return checks.Cost{Setup: 1e4, Trial: 12 * w * float64(p.D) * steps, Size: fmt.Sprintf("n=%d, d=%d", p.depth(), p.D)}
}

// draw makes a target and weights at random angles but for the one between the product and the target.
func (p balanced) draw(r *rand.Rand) (net *homogeneous.Objective, theta, target []float64, err error) {
	target = nets.Gaussian(1, p.D, r).RawRowView(0)
	floats.Scale(1/floats.Norm(target, 2), target)
	cosine, across := p.Cosine, make([]float64, p.D)
	if p.Opposite {
		cosine = -1
	}
	if p.D > 1 {
		across = nets.Gaussian(1, p.D, r).RawRowView(0)
		for range 2 { // once more for what rounding left
			floats.AddScaled(across, -floats.Dot(across, target), target)
			floats.Scale(1/floats.Norm(across, 2), across)
		}
	}
	w := make([]float64, p.D)
	floats.AddScaled(w, p.Norm*cosine, target)
	floats.AddScaled(w, p.Norm*math.Sqrt(1-cosine*cosine), across)
	floats.Scale(p.Target, target)
	if net, err = homogeneous.New(homogeneous.Whitened(p.sizes(), mat.NewDense(1, p.D, target))); err != nil {
		return nil, nil, nil, err
	}
	theta = homogeneous.Balanced(p.Hidden, w, r)
	first, second := net.Layer(theta, 1), net.Layer(theta, 2)
	first.Scale((1+p.Tilt)*(1+p.Stretch), first)
	second.Scale(1/(1+p.Tilt), second)
	return net, theta, target, nil
}

// angle asks for a start that is not in line with the target.
func (p balanced) angle() checks.Hypothesis {
	return checks.RequireThat("d >= 2 and -1 < c_0 < 1", p.D >= 2 && math.Abs(p.Cosine) < 1)
}

// balancedFlow is the exact gradient flow of a balanced deep linear network with one output.
//
// Setting: f = (1/2)||w - lambda||^2, w^T = W_n ... W_1 a row of d numbers, any hidden widths; L = ||lambda||; gradient flow of the weights
// from a balanced start with ||w|| = sigma_0 and <w, lambda> = c_0 sigma_0 L.
//
// Hypotheses: d >= 2, -1 < c_0 < 1, sigma_0 > 0.
//
// Conclusion: with u = artanh of the cosine at time t and u_0 = artanh c_0,
//
//	1/||w|| = [cosh^n(u_0)/sigma_0 + (n/L) int_{u_0}^u cosh^n]/cosh^n(u),  t = (1/L) int_{u_0}^u ||w||^{2/n-1} ds
//
// (parts norm and cosine; t = (u - u_0)/L at n = 2). So the cosine rises to 1, the loss falls to 0 for every such start, and the time at which it
// has fallen to a level is explicit (part level, at 1e-6 L^2).
//
// Constants: derived here from w' = -||w||^{2-2/n} (grad + (n-1) P_w grad), which keeps balanced weights balanced: the pair sigma' = n
// sigma^{2-2/n} (L c - sigma), c' = sigma^{1-2/n} L (1 - c^2), a Bernoulli equation for 1/sigma in u. At c_0 = -1 the flow ends in the saddle
// at zero; a direction from a continuous law has c_0 = -1 with probability zero, if d >= 2. At d = 1 it has it with probability 1/2, so that almost
// sure convergence fails there: the summary, as we read it, does not ask for d >= 2. Tolerances of 1e-8, and 1e-5 for the level, are
// for the flow of the weights, followed to 1e-12 a step.
//
// Convention: whitened squares.
//
// Reference: gradient flow of deep linear networks with scalar output (Proposition 2 of the authors' summary), closed form derived here.
//
// Control: W_1 scaled by 1.0001, so that the start is not balanced; the next depth; a target longer by a millionth; a start in line with -lambda,
// which the formula is told to be at a cosine of -0.99.
func balancedFlow() checks.Claim[balanced] {
	setup := func(sabotage func(*bounds.BalancedFlow)) func(balanced) (checks.Instance, error) {
		return func(p balanced) (checks.Instance, error) {
			inst := checks.Instance{Hypotheses: []checks.Hypothesis{p.angle(), checks.Require("sigma_0 over L", p.Norm/p.Target, checks.AtLeast, 1e-12)}}
			if !inst.Hypotheses[0].Met() || !inst.Hypotheses[1].Met() {
				return inst, nil
			}
			law := p.law()
			if sabotage != nil {
				sabotage(&law)
			}
			level := p.Level * p.Target * p.Target
			end, err := law.TimeTo(level)
			if err != nil {
				return checks.Instance{}, err
			}
			inst.Facts = []checks.Fact{checks.NewFact(fmt.Sprintf("time to %g L^2", p.Level), end)}
			inst.Trial = func(r *rand.Rand) checks.Measurement { return p.follow(law, end, level, r) }
			return inst, nil
		}
	}
	three := balanced{D: 3, Hidden: []int{2, 2}, Target: 1, Norm: 0.1, Cosine: -0.5, Time: 3, Level: 1e-6}
	with := func(change func(*balanced)) []balanced {
		p := three
		change(&p)
		return []balanced{p}
	}
	return checks.Claim[balanced]{
		ID: "elkabetz2021/balanced-flow", Title: "exact flow of balanced linear networks", Reference: "Proposition 2 of the authors' summary, derived here",
		Formula:    `\frac{1}{\|w\|} = \frac{1}{\cosh^n u}\left(\frac{\cosh^n u_0}{\sigma_0} + \frac{n}{L}\int_{u_0}^u \cosh^n s\,ds\right), \quad t = \frac1L \int_{u_0}^u \|w\|^{2/n-1}\,ds`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) balanced {
			p := balanced{
				D: rapid.IntRange(2, 4).Draw(t, "d"), Target: rapid.SampledFrom([]float64{0.5, 1, 3}).Draw(t, "target"), Norm: rapid.SampledFrom([]float64{0.01, 0.3, 2}).Draw(t, "norm"),
				Cosine: rapid.Float64Range(-0.9, 0.9).Draw(t, "cosine"), Time: 2, Level: 1e-2,
			}
			for range rapid.IntRange(1, 3).Draw(t, "hidden") {
				p.Hidden = append(p.Hidden, rapid.IntRange(1, 3).Draw(t, "width"))
			}
			return p
		}),
		Grid: []balanced{
			three,
			{D: 2, Hidden: []int{1}, Target: 1, Norm: 0.001, Cosine: 0, Time: 8, Level: 1e-6},
			{D: 5, Hidden: []int{4}, Target: 2, Norm: 3, Cosine: -0.9, Time: 1, Level: 1e-6},
			{D: 3, Hidden: []int{3, 1, 2}, Target: 0.8, Norm: 0.2, Cosine: 0.7, Time: 5, Level: 1e-6},
			{D: 2, Hidden: []int{2, 2, 2, 2}, Target: 1.2, Norm: 0.5, Cosine: 0.2, Time: 2, Level: 1e-6},
		},
		Cost:  func(p balanced) checks.Cost { return p.cost(4000) },
		Setup: setup(nil),
		Controls: []checks.Control[balanced]{
			{Name: "unbalanced", Why: "a first layer longer by 1e-4 moves norm and cosine by 1e-5 or more", At: with(func(p *balanced) { p.Stretch = 1e-4 })},
			{Name: "next-depth", Why: "the exponents tell depth 3 from depth 4", At: with(func(*balanced) {}), Setup: setup(func(f *bounds.BalancedFlow) { f.Depth++ })},
			{Name: "longer-target", Why: "norm and cosine are known to 1e-8", At: with(func(*balanced) {}), Setup: setup(func(f *bounds.BalancedFlow) { f.Target *= 1 + 1e-6 })},
			{Name: "in-line", Why: "from -lambda the flow ends in the saddle at zero", At: with(func(p *balanced) { p.Cosine, p.Opposite = -0.99, true })},
		},
	}
}

// follow runs the flow of the weights through its time and on to the level.
func (p balanced) follow(law bounds.BalancedFlow, end, level float64, r *rand.Rand) checks.Measurement {
	net, theta, target, err := p.draw(r)
	if err != nil {
		return checks.Failed(err)
	}
	in, err := flow.New(flow.Descending(func(dst, x []float64) { net.Gradient(dst, x) }), theta, 1e-12, 1e-15)
	if err != nil {
		return checks.Failed(err)
	}
	var parts []checks.Measurement
	var times, norms, formula []float64
	const looks = 8
	for i := 1; i <= looks; i++ {
		t := p.Time * float64(i) / looks
		if err := in.To(t); err != nil {
			return checks.Failed(err)
		}
		w := net.Product(in.Y, net.Depth(), 1).RawRowView(0)
		norm, u, err := law.At(t)
		if err != nil {
			return checks.Failed(err)
		}
		size := floats.Norm(w, 2)
		parts = append(parts,
			checks.Measurement{Part: "norm", Observed: size, Predicted: norm, Relation: checks.Equal, Tolerance: 1e-8 * (p.Target + p.Norm)},
			checks.Measurement{Part: "cosine", Observed: floats.Dot(w, target) / size / p.Target, Predicted: math.Tanh(u), Relation: checks.Equal, Tolerance: 1e-8})
		times, norms, formula = append(times, t), append(norms, size), append(formula, norm)
	}
	if end > p.Time {
		if err := in.To(end); err != nil {
			return checks.Failed(err)
		}
		parts = append(parts, checks.Measurement{Part: "level", Observed: net.Value(in.Y), Predicted: level, Relation: checks.Equal, Tolerance: 1e-5 * level})
	}
	m := checks.Each(parts...)
	axes := curve.Axes{X: "time", Y: "norm of the product"}
	m.Series = []checks.Series{axes.Measured("flow of the weights", times, norms), axes.Bound("closed form", times, formula)}
	return m
}

// accumulated bounds the negative curvature that the flow passes on its whole way.
//
// Setting: as in balanced-flow, up to a time T; c_T the cosine there.
//
// Hypotheses: d >= 2, -1 < c_0 < 1, sigma_0 > 0; balanced weights.
//
// Conclusion: -int_0^T lambda_min(Hess f(theta(t))) dt <= (n-1) (||w_0 - lambda||/L) (artanh c_T - artanh c_0). So e^{int m}, by which the step
// of tracking must fall, is at most a power of (1 + c_T)(1 - c_0)/((1 - c_T)(1 + c_0)), with exponent (n-1) ||w_0 - lambda||/(2L): along the flow
// from small weights the accumulated negative curvature costs a polynomial, whatever sigma_0 is, where elsewhere it costs
// an exponential (ridge-step, negative-curvature).
//
// Constants: derived here: hessian-linear on balanced weights, -lambda_min <= (n-1) ||w - lambda|| ||w||^{1-2/n}; the loss does not
// increase; and L ||w||^{1-2/n} is the derivative of artanh c. Attained from small weights while they are small, at n = 2 in
// any direction, at n = 3 near that of lambda. The integral is
// carried along with the flow, to 1e-8 a step.
//
// Convention: whitened squares.
//
// Reference: almost no negative curvature along flows from near zero (Theorem 2 of the authors' summary), explicit form derived here.
//
// Control: 0.99 (n-1); three layers of which the first is six times as long as balanced, at the same product.
func accumulated() checks.Claim[balanced] {
	setup := func(constant float64) func(balanced) (checks.Instance, error) {
		return func(p balanced) (checks.Instance, error) {
			inst := checks.Instance{Hypotheses: []checks.Hypothesis{p.angle()}}
			if !inst.Hypotheses[0].Met() {
				return inst, nil
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				net, theta, target, err := p.draw(r)
				if err != nil {
					return checks.Failed(err)
				}
				m, err := p.accumulate(net, theta, target)
				if err != nil {
					return checks.Failed(err)
				}
				m.Predicted *= constant
				return m
			}
			return inst, nil
		}
	}
	early := balanced{D: 3, Hidden: []int{2}, Target: 1, Norm: 1e-3, Cosine: 0.2, Time: 1.5}
	three := balanced{D: 2, Hidden: []int{2, 2}, Target: 1, Norm: 1e-3, Cosine: 0.999, Time: 2}
	tilted := balanced{D: 3, Hidden: []int{2, 2}, Target: 1, Norm: 0.01, Cosine: 0.9, Time: 3, Tilt: 5}
	return checks.Claim[balanced]{
		ID: "elkabetz2021/accumulated-curvature", Title: "negative curvature along the flow", Reference: "Theorem 2 of the authors' summary, derived here",
		Formula:    `-\int_0^T \lambda_{\min}(\nabla^2 f(\theta(t)))\,dt \le (n-1) \frac{\|w_0-\lambda\|}{L} \left(\operatorname{artanh} c_T - \operatorname{artanh} c_0\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []balanced{
			early, three, // attain it
			{D: 2, Hidden: []int{2, 2}, Target: 1, Norm: 1e-3, Cosine: 0.95, Time: 15}, {D: 2, Hidden: []int{1, 2}, Target: 1, Norm: 0.1, Cosine: -0.6, Time: 6},
			{D: 2, Hidden: []int{2, 1, 2}, Target: 1.5, Norm: 0.1, Cosine: 0.3, Time: 4},
		},
		Cost:  func(p balanced) checks.Cost { return p.cost(20000) },
		Setup: setup(1),
		Controls: []checks.Control[balanced]{
			{Name: "smaller-constant", Why: "two layers from small weights have a curvature of -||w - lambda|| for as long as they are small", At: []balanced{early}, Setup: setup(0.99)},
			{Name: "unbalanced", Why: "a long first layer makes the largest norm, not the product's root, count", At: []balanced{tilted}},
		},
	}
}

// accumulate integrates -lambda_min along the flow.
func (p balanced) accumulate(net *homogeneous.Objective, theta, target []float64) (checks.Measurement, error) {
	var failed error
	n := len(theta)
	in, err := flow.New(func(dst, y []float64) {
		net.Gradient(dst[:n], y[:n])
		floats.Scale(-1, dst[:n])
		low, err := eig.Min(net.Hessian(y[:n]))
		if err != nil {
			failed = err
		}
		dst[n] = -low.Value
	}, append(append([]float64(nil), theta...), 0), 1e-8, 1e-12)
	if err != nil {
		return checks.Measurement{}, err
	}
	first := floats.Distance(net.Product(theta, net.Depth(), 1).RawRowView(0), target, 2)
	if err := in.To(p.Time); err != nil {
		return checks.Measurement{}, err
	}
	w := net.Product(in.Y[:n], net.Depth(), 1).RawRowView(0)
	end := floats.Dot(w, target) / floats.Norm(w, 2) / p.Target
	rise := math.Atanh(end) - math.Atanh(p.Cosine)
	if failed == nil && !(end < 1) {
		failed = fmt.Errorf("the cosine is 1 to rounding at the time %v: shorten it", p.Time)
	}
	return checks.Measurement{
		Observed: in.Y[n], Predicted: float64(net.Depth()-1) * first / p.Target * rise, Tolerance: 1e-5 * (1 + math.Abs(in.Y[n])),
	}, failed
}
