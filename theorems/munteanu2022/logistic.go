package munteanu2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// logistic is a classification problem with the accuracy eps to be reached. Margin overrides the
// margin, Steps the share of the steps (controls); Network trains the network itself beside its linear model.
type logistic struct {
	Data    data.Spec `json:"data"`
	Eps     float64   `json:"eps"`
	Eta     float64   `json:"eta"`
	Delta   float64   `json:"delta"`
	Kernel  bool      `json:"kernel,omitempty"`
	Network bool      `json:"network,omitempty"`
	Margin  float64   `json:"margin,omitempty"`
	Steps   float64   `json:"steps,omitempty"`
	Beta    float64   `json:"beta,omitempty"` // overrides the scale (control)
}

// A logisticPlan holds all that the theorem fixes beforehand.
type logisticPlan struct {
	x        *mat.Dense
	y, norms []float64
	margin   float64
	m, steps int
	rho      float64
	beta     float64
}

func (p logistic) plan() (logisticPlan, error) {
	v, err := newSeparator(p.Data, p.Kernel)
	if err != nil {
		return logisticPlan{}, err
	}
	plan := logisticPlan{x: v.x, y: v.y, norms: data.RowNorms(v.x), margin: v.margin}
	if p.Margin > 0 {
		plan.margin = p.Margin
	}
	if !(plan.margin >= 1e-6) {
		return plan, nil
	}
	n := len(v.y)
	plan.m = bounds.EvenWidth(bounds.CoupledMarginWidth(n, plan.margin, p.Delta))
	steps := bounds.CoupledMarginSteps(plan.margin, p.Eta, p.Eps)
	if !(steps < 1e9) { // nothing that any profile affords
		plan.m = 0
		return plan, nil
	}
	plan.steps = int(steps)
	plan.rho = bounds.LogisticMovement(p.Eta, plan.steps, plan.m)
	plan.beta = math.Max(1, bounds.NoFlipScale(n, plan.m, plan.rho, p.Delta))
	if p.Beta > 0 {
		plan.beta = p.Beta
	}
	if p.Steps > 0 {
		plan.steps = int(math.Ceil(steps * p.Steps))
	}
	return plan, nil
}

func (p logistic) cost() checks.Cost {
	plan, err := p.plan()
	if err != nil || plan.m == 0 {
		return checks.Cost{}
	}
	n, d := float64(len(plan.y)), float64(plan.x.RawMatrix().Cols)
	m, t := float64(plan.m), float64(plan.steps)
	c := checks.Cost{
		Setup: 1e3 * n * n * n, Trial: m*(60+10*d+4*n*d+n*n/16) + t*(n*(2*n+150)+60), Bytes: 8 * m * (n + d),
		Size: fmt.Sprintf("m=%d, T=%d", plan.m, plan.steps),
	}
	if p.Network {
		c.Trial += 6 * t * m * n * d
		c.Bytes *= 3
	}
	return c
}

// logisticDescent is the main theorem for classification, with explicit constants.
//
// Setting: n labelled samples of unit norm, gamma the margin of a separator (as in finite-margin: the
// tangent-kernel margin in the plane, gamma_2^2 in other dimensions); a coupled network of width m at scale beta,
// the mean logistic loss R, gradient descent on the first layer with constant step eta.
//
// Hypotheses: gamma > 0 (here at least 1e-6), 0 < eta <= 4, 0 < eps < 1,
// m >= 16 gamma^{-2} ln(2n/delta), beta >= max(1, 2 n m rho/(sqrt(2 pi) delta)) with rho = T eta/sqrt(m) and
// T = ceil(4 ln^2(2/eps)/(gamma^2 eta eps)).
//
// Conclusion: with probability at least 1 - delta no pattern on the data ever changes in T steps, no neuron moves
// farther than rho, R never increases, R(W(t)) <= eps/2 + 2 ln^2(2/eps)/(gamma^2 eta t) for every t, and so
// R(W(T)) <= eps.
//
// Constants: derived (bounds.CoupledMarginWidth, LogisticBound, NoFlipScale). While no pattern changes the
// network is logistic regression on features of norm at most 1, whose loss is 1/4-smooth and convex; compare
// with (2 ln(2/eps)/gamma) U of finite-margin. The paper states m = O~(gamma^{-2}) in place of gamma^{-8}
// (abstract); its inner constants are not known to us. The loss is followed in function space, u <- u - eta H(0) g,
// which is exact as long as no pattern changes; each trial proves that none does, because the length of the path
// of every neuron, at most eta/sqrt(m) sum_t sum_i |g_i(t)|, stays below its least |<w_s(0),x_i>|. With
// Network set the network itself is trained too, and must agree up to rounding: 2 u (m+n+d+8) times the largest
// output, once a step (errors of a step do not grow under gradient descent on a convex smooth loss).
//
// Convention: mean logistic loss log(1 + exp(-y f)); NTK scaling.
//
// Reference: main theorem on logistic loss, derived here.
//
// Control: circles with margin zero, whose loss stays at ln 2; equal points with opposite labels; a sixtieth
// of the steps; the scale beta = 1.
//
// Loose: the number of steps is that of the worst separable data, about 14 times what alternating circles need; a
// neuron moves at most eta/sqrt(m) a step however small the gradient has become; and the scale keeps the nearest boundary
// away for every draw but a share delta.
func logisticDescent() checks.Claim[logistic] {
	setup := func(p logistic) (checks.Instance, error) {
		plan, err := p.plan()
		if err != nil {
			return checks.Instance{}, err
		}
		inst := checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.Require("margin gamma", plan.margin, checks.AtLeast, 1e-6), checks.Require("eta", p.Eta, checks.AtMost, 4), checks.RequireThat("fewer than 1e9 steps", plan.m > 0)},
			Facts:      []checks.Fact{checks.NewFact("gamma", plan.margin)},
			Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
		}
		if plan.m == 0 {
			return inst, nil
		}
		inst.Facts = append(inst.Facts,
			checks.NewFact("width run", float64(plan.m)), checks.NewFact("steps", float64(plan.steps)),
			checks.NewFact("beta", plan.beta),
			checks.NewFact("gamma^{-2}, order of the width (published)", math.Pow(plan.margin, -2)),
			checks.NewFact("gamma^{-8}, order of the width before", math.Pow(plan.margin, -8)))
		inst.Trial = func(r *rand.Rand) checks.Measurement { return p.trial(plan, r) }
		return inst, nil
	}
	circle := func(n int, eps, delta float64) logistic {
		return logistic{Data: circle(n), Eps: eps, Eta: 4, Delta: delta}
	}
	pictures := func(s data.Spec) logistic {
		return logistic{Data: s, Eps: 0.3, Eta: 4, Delta: 0.3, Kernel: true}
	}
	with := func(p logistic, change func(*logistic)) logistic {
		change(&p)
		return p
	}
	conflict := data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 0}, {1, 0}}, Labels: data.Alternate}
	return checks.Claim[logistic]{
		ID: "munteanu2022/logistic-descent", Title: "logistic loss at width 16 ln(2n/delta)/gamma^2", Reference: "derived here",
		Formula: `m \ge \frac{16}{\gamma^2} \ln\frac{2n}{\delta}, \ T = \left\lceil \frac{4 \ln^2(2/\epsilon)}{\gamma^2 \eta \epsilon} \right\rceil \ \Rightarrow\ R(W(T)) \le \epsilon`, Convention: convention + "; mean logistic loss",
		Basis: checks.Derived, Form: checks.Probably{}, Version: 3, Detects: map[string]float64{"loss after T steps": 16, "loss at every step": 9, "movement": 14, "path of a neuron against the nearest boundary": 140},
		Space: rapid.Custom(func(t *rapid.T) logistic {
			s := gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 4}).Draw(t, "data")
			s.Labels = rapid.SampledFrom([]string{data.Const, data.Alternate, data.Sign}).Draw(t, "signs")
			return logistic{
				Data: s, Eps: rapid.SampledFrom([]float64{0.9, 0.5, 0.2}).Draw(t, "eps"), Eta: rapid.SampledFrom([]float64{4, 1, 0.3}).Draw(t, "eta"),
				Delta: 0.8, Kernel: true,
			}
		}),
		Grid: []logistic{
			with(circle(4, 0.3, 0.3), func(p *logistic) { p.Network = true }), circle(4, 0.1, 0.1), circle(8, 0.3, 0.3),
			{Data: data.Spec{Kind: data.Sphere, N: 5, D: 2, Seed: 4, Labels: data.Sign}, Eps: 0.3, Eta: 4, Delta: 0.3},
			pictures(images.Classes(data.Fashion, 8, 49, 0, 9)), pictures(images.Easy(data.MNIST, 6, 49)),
			pictures(images.Easy(data.MNIST, 20, 784)), circle(16, 0.1, 0.1), circle(32, 0.3, 0.1),
		},
		Cost: logistic.cost, Setup: setup,
		Controls: []checks.Control[logistic]{
			{
				Name: "no-margin", Why: "on 6 or 10 alternating points the loss cannot fall below ln 2, whatever is assumed of the margin",
				At: []logistic{
					with(circle(6, 0.3, 0.3), func(p *logistic) { p.Margin = bounds.CircleMargin(4) }),
					with(circle(10, 0.3, 0.3), func(p *logistic) { p.Margin = bounds.CircleMargin(8) }),
				},
			},
			{
				Name: "opposite-labels", Why: "equal points with opposite labels keep the loss at ln 2",
				At: []logistic{{Data: conflict, Eps: 0.3, Eta: 4, Delta: 0.3, Margin: 0.35}},
			},
			{
				Name: "unit-scale", Why: "at beta = 1 patterns change, and the network leaves its linear model",
				At: []logistic{with(circle(4, 0.3, 0.3), func(p *logistic) { p.Network, p.Beta = true, 1 })},
			},
			{
				Name: "fewer-steps", Why: "the number of steps is about 35 times what is needed on 4 points, not 60 times",
				At: []logistic{with(circle(4, 0.1, 0.3), func(p *logistic) { p.Steps = 1. / 60 })},
			},
		},
	}
}

// trial trains one draw.
func (p logistic) trial(plan logisticPlan, r *rand.Rand) checks.Measurement {
	n, d := plan.x.Dims()
	net, batch := net(plan.m, d, plan.beta).Draw(r), nets.NewBatch(plan.x, plan.m)
	batch.Forward(net)
	h := mat.NewSymDense(n, nil)
	batch.Gram(h, net, nets.FirstLayer)
	var off *offsets
	if p.Network {
		off = newOffsets(plan.x, batch.Z)
	}
	loss := nets.Logistic{}
	u, g := make([]float64, n), make([]float64, n)
	now := loss.Value(u, plan.y)
	first := now
	rise, path, apart, size, flips := math.Inf(-1), 0.0, 0.0, 0.0, 0
	curve := checks.Measurement{Part: "loss at every step", Observed: 0, Predicted: 1}
	var steps, losses, limits []float64
	for t := 1; t <= plan.steps; t++ {
		loss.Gradient(g, u, plan.y)
		path += farthest(p.Eta*net.Scale, g, plan.norms)
		train.LinearStep(u, h, p.Eta, g)
		if off != nil {
			loss.Gradient(g, off.u, plan.y)
			off.step(p.Eta, g)
			flips = max(flips, off.flips)
			for i, v := range off.u {
				apart, size = math.Max(apart, math.Abs(v-u[i])), math.Max(size, math.Abs(v))
			}
		}
		next := loss.Value(u, plan.y)
		rise, now = math.Max(rise, next-now), next
		limit := bounds.LogisticBound(plan.margin, p.Eta, p.Eps, t)
		if now*curve.Predicted > curve.Observed*limit {
			curve.Observed, curve.Predicted = now, limit
		}
		if len(steps) == 0 || float64(t) >= 1.15*steps[len(steps)-1] || t == plan.steps {
			steps, losses, limits = append(steps, float64(t)), append(losses, now), append(limits, limit)
		}
	}
	parts := []checks.Measurement{
		{Part: "loss after T steps", Observed: now, Predicted: p.Eps, Series: curves(steps, losses, limits, "mean logistic loss")},
		curve,
		{Part: "rise of the loss", Observed: rise, Predicted: 0, Term: first, Tolerance: float64(8*n) * unit},
		{Part: "path of a neuron against the nearest boundary", Observed: path, Predicted: closest(batch.Z, plan.norms)},
		{Part: "movement", Observed: path, Predicted: plan.rho},
	}
	if off != nil {
		parts = append(parts,
			checks.Measurement{Part: "flips of the network", Observed: float64(flips), Predicted: 0},
			checks.Measurement{Part: "network against its linear model", Observed: apart, Predicted: 0, Tolerance: float64(plan.steps) * off.rounding() * (size + p.Eta)})
	}
	return checks.Each(parts...)
}

// farthest is how far a step moves a neuron that is active on all samples in one direction, and so any at most; g is the
// derivative of the loss in the outputs.
func farthest(step float64, g, norms []float64) float64 {
	sum := 0.0
	for i, v := range g {
		sum += step * math.Abs(v) * norms[i]
	}
	return sum
}

// curves is an observation with its bound against the step.
func curves(steps, observed, limits []float64, name string) []checks.Series {
	return curve.Axes{X: "step", Y: name, LogX: true, LogY: true}.Against(name, steps, observed, limits)
}

// ladder are sizes of circles at one accuracy, or accuracies on one circle.
type ladder struct {
	Sizes []int     `json:"sizes"`
	Eps   []float64 `json:"eps"`
	Delta float64   `json:"delta"`
}

// logisticSteps is how the number of steps scales.
//
// Setting: n alternating points on the circle, 4 | n, at the width of logistic-descent and a scale at which no
// pattern changes; gradient descent on the mean logistic loss with eta = 1; T(eps) is the first step with
// R <= eps.
//
// Hypotheses: none.
//
// Conclusion: T grows like (z + e^z - 1)/gamma^2, z = -ln(e^eps - 1), along a ladder of gamma at fixed eps and along one
// of eps at fixed gamma: exponent 1 in that time. It is gamma^{-2} eps^{-1} to first order.
//
// Constants: derived. At infinite width and for small steps T = (z + e^z - 1)/(eta gamma^2), because the labels are an
// eigenvector of H^inf with eigenvalue n gamma^2 (bounds.LogisticCircleTime): so the form O~(gamma^{-2} eps^{-1}) of
// the theorem is attained, without its logarithm squared. Resolution 0.02: steps are whole, and the width is finite.
//
// Convention: mean logistic loss, NTK scaling.
//
// Reference: O~(gamma^{-2} eps^{-1}) steps, exponents recalled.
//
// Control: the exponents 0.95 and 1.05 in that time.
func logisticSteps() checks.Claim[ladder] {
	setup := func(exponent float64) func(ladder) (checks.Instance, error) {
		return func(p ladder) (checks.Instance, error) {
			type rung struct {
				law logisticPlan
				eps []float64
			}
			var rungs []rung
			for _, n := range p.Sizes {
				plan, err := logistic{Data: circle(n), Eps: 0.5, Eta: circleEta, Delta: p.Delta}.plan()
				if err != nil {
					return checks.Instance{}, err
				}
				rungs = append(rungs, rung{plan, p.Eps})
			}
			inst := checks.Instance{Terms: checks.Terms{Trials: 24, Exponent: checks.Float(exponent), Resolution: 0.02}}
			for _, k := range rungs {
				inst.Facts = append(inst.Facts, checks.NewFact(
					fmt.Sprintf("steps at infinite width, n=%d, eps=%g", len(k.law.y), p.Eps[len(p.Eps)-1]),
					bounds.LogisticCircleTime(k.law.margin, circleEta, p.Eps[len(p.Eps)-1])))
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				var ladder []checks.Rung
				for _, k := range rungs {
					for i, t := range stepsTo(k.law, k.eps, r) {
						if t < 0 {
							return checks.Failed(fmt.Errorf("the loss on %d points does not reach %v", len(k.law.y), k.eps[i]))
						}
						ladder = append(ladder, checks.Rung{Size: bounds.LogisticCircleTime(k.law.margin, 1, k.eps[i]), Value: float64(t)})
					}
				}
				return checks.Measurement{Ladder: ladder}
			}
			return inst, nil
		}
	}
	gammas := ladder{Sizes: []int{4, 8, 12, 16}, Eps: []float64{0.1}, Delta: 0.1}
	epsilons := ladder{Sizes: []int{4}, Eps: []float64{0.04, 0.02, 0.01, 0.005, 0.0025}, Delta: 0.1}
	return checks.Claim[ladder]{
		ID: "munteanu2022/logistic-steps", Title: "steps to a small logistic loss", Reference: "derived here",
		Formula: `T(\epsilon) \propto \frac{z + e^z - 1}{\gamma^2} \sim \gamma^{-2} \epsilon^{-1}, \quad z = -\ln(e^\epsilon - 1)`, Convention: convention + "; mean logistic loss, eta = 1",
		Basis: checks.Derived, Form: checks.Scaling{}, Along: `time $\gamma^{-2}(z + e^z - 1)$, $z = -\ln(e^\epsilon - 1)$`, Version: 3,
		Grid: []ladder{epsilons, gammas},
		Cost: func(p ladder) checks.Cost {
			work := 0.0
			for _, n := range p.Sizes {
				gamma := bounds.CircleMargin(n)
				work += 20*float64(n)*bounds.CoupledMarginWidth(n, gamma, p.Delta) + float64(n*(2*n+40))*bounds.LogisticCircleTime(gamma, circleEta, p.Eps[len(p.Eps)-1])
			}
			return checks.Cost{Trial: work, Size: fmt.Sprintf("n=%d", p.Sizes[len(p.Sizes)-1])}
		},
		Setup: setup(1),
		Controls: []checks.Control[ladder]{
			{Name: "smaller-exponent", Why: "neither margin nor accuracy comes cheaper", At: []ladder{epsilons, gammas}, Setup: setup(0.95)},
			{Name: "larger-exponent", Why: "the theorem's order is attained, not exceeded", At: []ladder{epsilons, gammas}, Setup: setup(1.05)},
		},
	}
}

// circleEta is the step size of logistic-steps: small enough that whole steps count little.
const circleEta = 1

// stepsTo returns the first steps at which the loss of the linear model is at most each eps
// (descending), or -1 where a hundred times the expected number is not enough.
func stepsTo(plan logisticPlan, eps []float64, r *rand.Rand) []int {
	n, d := plan.x.Dims()
	net, batch := net(plan.m, d, 1).Draw(r), nets.NewBatch(plan.x, plan.m) // only directions matter
	batch.Forward(net)
	h := mat.NewSymDense(n, nil)
	batch.Gram(h, net, nets.FirstLayer)
	u, g := make([]float64, n), make([]float64, n)
	out := make([]int, len(eps))
	limit := int(100 * bounds.LogisticCircleTime(plan.margin, circleEta, eps[len(eps)-1]))
	t := 0
	for i, e := range eps {
		for (nets.Logistic{}).Value(u, plan.y) > e {
			if t++; t > limit {
				out[i] = -1
				return out
			}
			nets.Logistic{}.Gradient(g, u, plan.y)
			train.LinearStep(u, h, circleEta, g)
		}
		out[i] = t
	}
	return out
}
