package allenzhu2019beyond

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/pseudo"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// contest is a run of SGD and the weights U that it is compared with.
type contest struct {
	training
	Versus string `json:"versus"` // zero, last (W_T) or gaussian (as far as T steps may go)
	Uphill bool   `json:"uphill,omitempty"`
}

// account is what the regret of a run is made of.
type account struct {
	regret             float64 // sum_t L_t(W_t) - L_t(U)
	start, end         float64 // |U|^2/(2 eta) and |W_T-U|^2/(2 eta)
	gradients          float64 // (eta/2) sum_t |G_t|^2
	flips              float64 // sum_t |sum_i a_i (D_t - D_0)_i (z_i + <u_i, x_t>)|
	size               float64 // of the terms, for rounding
	steepest           float64 // the largest |G_t| over |a| |x_t|
	steps, so, allowed []float64
}

// run trains from the start, first to find U and then beside it.
func (p contest) run(net *pseudo.Learner, set *data.Set, frozen bool, r *rand.Rand) (a account, err error) {
	pass := pseudo.Pass{Step: p.eta(), Frozen: frozen, Uphill: p.Uphill, Order: p.order(set.N(), r)}
	u := mat.NewDense(p.M, set.D(), nil)
	switch p.Versus {
	case "zero":
	case "last":
		if u, err = pass.Run(net, set.X, set.Y); err != nil {
			return a, err
		}
	case "gaussian":
		u = nets.Gaussian(p.M, set.D(), r)
		u.Scale(p.eta()*float64(p.T)*norm(net.A)/norm(u.RawMatrix().Data), u)
	default:
		return a, fmt.Errorf("versus %q: use zero, last or gaussian", p.Versus)
	}
	a.start = square(u) / (2 * p.eta())
	pass.Observe = func(v pseudo.Visit) {
		x, y := set.X.RawRowView(v.Sample), set.Y[v.Sample]
		other := net.Pseudo(x, u)
		a.regret += pseudo.Root(v.Output, y) - pseudo.Root(other, y)
		x2 := rowSquare(set.X, v.Sample)
		g2 := v.SquaredGradient(x2)
		a.gradients += p.eta() / 2 * g2
		a.size += math.Abs(v.Output) + math.Abs(other) + math.Abs(y)
		if x2 > 0 && norm(net.A) > 0 {
			a.steepest = math.Max(a.steepest, math.Sqrt(g2/x2)/norm(net.A))
		}
		if !frozen {
			a.flips += math.Abs(crossed(net, x, v.Rows, u))
		}
		a.steps, a.so = append(a.steps, float64(v.Step+1)), append(a.so, a.regret)
		a.allowed = append(a.allowed, a.start+a.gradients+a.flips)
	}
	last, err := pass.Run(net, set.X, set.Y)
	if err != nil {
		return a, err
	}
	gap := mat.NewDense(p.M, set.D(), nil)
	gap.Sub(last, u)
	a.end = square(gap) / (2 * p.eta())
	a.size += a.start + a.end + a.gradients + a.flips
	return a, nil
}

// crossed is sum_i a_i (D - D_0)_i (z_i + <u_i, x>) for the slopes a_i D_i.
func crossed(net *pseudo.Learner, x, rows []float64, u *mat.Dense) float64 {
	still, sum := net.Slopes(x, u, true), 0.0
	for i, z := range net.Start(x) {
		if change := rows[i] - still[i]; change != 0 {
			for k, v := range x {
				z += u.At(i, k) * v
			}
			sum += change * z
		}
	}
	return sum
}

// parts holds the regret to its bound, once for each term.
func (a account) parts(start, end, gradients, flips float64) []checks.Measurement {
	whole := checks.Measurement{
		Observed: a.regret, Tolerance: 1e-12 * a.size,
		Predicted: start*a.start - end*a.end + gradients*a.gradients + flips*a.flips,
	}
	parts := []checks.Measurement{}
	for _, t := range []struct {
		name string
		term float64
	}{{"start", a.start}, {"end", -a.end}, {"gradients", a.gradients}, {"flips", a.flips}} {
		if t.term != 0 {
			m := whole
			m.Part, m.Term = t.name, t.term
			parts = append(parts, m)
		}
	}
	if len(parts) == 0 {
		whole.Part = "start"
		parts = append(parts, whole)
	}
	axes := curve.Axes{X: "step", Y: "regret"}
	parts[0].Series = axes.Against("SGD", a.steps, a.so, a.allowed)
	return parts
}

func contests() *rapid.Generator[contest] {
	return rapid.Custom(func(t *rapid.T) contest {
		return contest{training: trainings(10).Draw(t, "training"), Versus: rapid.SampledFrom([]string{"zero", "last", "gaussian"}).Draw(t, "versus")}
	})
}

// contestGrid are far samples, where the loss is linear and the bound an equality, and others.
func contestGrid() []contest {
	sphere := data.Spec{Kind: data.Sphere, N: 6, D: 4, Seed: 1, LabelScale: 1e4}
	near := sphere
	near.LabelScale = 1
	drawn := start{M: 60, Output: 0.3}
	return []contest{
		{training: training{Data: sphere, start: drawn, Eta: 1, T: 12}, Versus: "gaussian"},
		{training: training{Data: far(1e4), start: start{M: 10, Output: 1, Planted: true, Gate: 1, Sign: 1}, Eta: 1, T: 8}, Versus: "zero"},
		{training: training{Data: near, start: drawn, Eta: 0.5, T: 40}, Versus: "last"},
		{training: training{Data: images.Easy(data.MNIST, 20, 49), start: drawn, Eta: 0.5, T: 30}, Versus: "last"},
	}
}

func contestOnData(f checks.DataFile) []contest {
	return []contest{{training: training{Data: userfile.Signed(f, 20), start: start{M: 60, Output: 0.3}, Eta: 0.5, T: 40}, Versus: "last"}}
}

func (p contest) cost() checks.Cost {
	c := p.training.cost()
	c.Trial *= 3
	return c
}

// pseudoRegret is Lemma B.4 for the pseudo-network, whose losses are convex in its weights.
//
// Setting: the pseudo-network of any learner, any samples with any labels, T steps of SGD from W' = 0 with step eta on a convex
// 1-Lipschitz loss; G_t the gradient of step t; any weights U.
//
// Hypotheses: none.
//
// Conclusion: sum_t [L_t(W_t) - L_t(U)] <= (|U|^2 - |W_T-U|^2)/(2 eta) + (eta/2) sum_t |G_t|^2, and |G_t| <= |a| |x_t|. Each of the three terms
// is a part.
//
// Constants: 1, derived: expand |W_{t+1} - U|^2, sum, and use L_t(W_t) - L_t(U) <= <G_t, W_t - U>. The paper bounds the average over steps
// and samples by the same argument, up to constants that it hides. Equality where all labels are far away, which makes the loss linear;
// rounding 1e-12 of the terms.
//
// Convention: the loss of one sample a step.
//
// Reference: Allen-Zhu, Li, Liang (2019), proof of Lemma B.4; derived here.
//
// Control: each term 0.8 times (the last distance 1.25 times, being subtracted); the gradient 0.8 times; steps the wrong way.
func pseudoRegret() checks.Checkable {
	setup := func(start, end, gradients, steepest float64) func(contest) (checks.Instance, error) {
		return func(p contest) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				a, err := p.run(p.draw(set.D(), r), set, true, r)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.All(append(a.parts(start, end, gradients, 0), checks.Measurement{Part: "steepest", Observed: a.steepest, Predicted: steepest, Tolerance: 1e-12})...)
			}}, nil
		}
	}
	grid := contestGrid()
	wrong := grid[1]
	wrong.Uphill = true
	return checks.Claim[contest]{
		ID: "allenzhu2019beyond/pseudo-regret", Title: "the regret of SGD on the pseudo-network", Reference: "proof of Lemma B.4; derived here",
		Formula:    `\sum_t \big[L_t(W_t)-L_t(U)\big] \le \tfrac{\|U\|_F^2-\|W_T-U\|_F^2}{2\eta} + \tfrac{\eta}{2}\sum_t\|G_t\|_F^2,\quad \|G_t\|_F \le \|a\|\,\|x_t\|`,
		Convention: convention + lossOf, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: contests(), Grid: grid, OnData: contestOnData, Cost: contest.cost, Setup: setup(1, 1, 1, 1),
		Controls: []checks.Control[contest]{
			{Name: "start", Why: "an equality with far labels", At: grid[:1], Setup: setup(0.8, 1, 1, 1)},
			{Name: "end", Why: "an equality with far labels", At: grid[:1], Setup: setup(1, 1.25, 1, 1)},
			{Name: "gradients", Why: "an equality with far labels", At: grid[:2], Setup: setup(1, 1, 0.8, 1)},
			{Name: "steepest", Why: "all neurons are active on a far sample", At: grid[1:2], Setup: setup(1, 1, 1, 0.8)},
			{Name: "uphill", Why: "steps the wrong way raise the loss", At: []contest{wrong}, Setup: setup(1, 1, 1, 1)},
		},
	}
}

// realRegret is the same for the network itself: flips are all that is added.
//
// Setting: any learner, any samples with any labels, T steps of SGD from W' = 0 with step eta on a convex 1-Lipschitz loss of the network f; any
// weights U of the pseudo-network g; D_t and D_0 the patterns at x_t after t steps and at the start.
//
// Hypotheses: none.
//
// Conclusion: sum_t [L(f(x_t; W_t)) - L(g(x_t; U))] <= (|U|^2 - |W_T-U|^2)/(2 eta) + (eta/2) sum_t |G_t|^2 +
// sum_t |sum_i a_i (D_t - D_0)_i (z_i + <u_i, x_t>)|. Each term is a part.
//
// Constants: 1, derived: f(W_t) - g(U) = <grad f(W_t), W_t - U> + sum_i a_i (D_t - D_0)_i (z_i + <u_i, x_t>), times the slope of the loss.
// The sum is over flipped neurons alone, of which there are few by movable-share. The paper couples the gradients instead, at O~(eps_a k
// tau m^{3/2} + eps_a^2 k^2 tau^2 m^{5/2}). Equality on a far sample that puts its neurons out; rounding 1e-12 of the terms.
//
// Convention: the loss of one sample a step; U is compared in g, with the start's part.
//
// Reference: derived here, after Allen-Zhu, Li, Liang (2019), Lemmas B.3(c) and B.4.
//
// Control: each term 0.8 times (the last distance 1.25 times).
func realRegret() checks.Checkable {
	setup := func(start, end, gradients, flips float64) func(contest) (checks.Instance, error) {
		return func(p contest) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				a, err := p.run(p.draw(set.D(), r), set, false, r)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.All(a.parts(start, end, gradients, flips)...)
			}}, nil
		}
	}
	out := contest{training: training{Data: far(1e4), start: start{M: 10, Output: 1, Planted: true, Gate: 0.25, Sign: -1}, Eta: 1, T: 8}, Versus: "last"}
	grid := append([]contest{out}, contestGrid()...)
	still := grid[2:3]
	return checks.Claim[contest]{
		ID: "allenzhu2019beyond/real-regret", Title: "the regret of SGD on the network", Reference: "derived here, after Lemmas B.3(c) and B.4",
		Formula:    `\sum_t \big[L(f(x_t;W_t))-L(g(x_t;U))\big] \le \tfrac{\|U\|_F^2-\|W_T-U\|_F^2}{2\eta} + \tfrac{\eta}{2}\sum_t\|G_t\|_F^2 + \sum_t\Big|\sum_i a_i(D_t-D_0)_i\,(z_i+\langle u_i,x_t\rangle)\Big|`,
		Convention: convention + lossOf, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: contests(), Grid: grid, OnData: contestOnData, Cost: contest.cost, Setup: setup(1, 1, 1, 1),
		Controls: []checks.Control[contest]{
			{Name: "start", Why: "an equality where the neurons go out", At: grid[:1], Setup: setup(0.8, 1, 1, 1)},
			{Name: "end", Why: "an equality where none goes out", At: still, Setup: setup(1, 1.25, 1, 1)},
			{Name: "gradients", Why: "an equality where the neurons go out", At: grid[:1], Setup: setup(1, 1, 0.8, 1)},
			{Name: "flips", Why: "an equality where the neurons go out", At: grid[:1], Setup: setup(1, 1, 1, 0.8)},
		},
	}
}

// sgdRisk is Theorem 1 for the pseudo-network, with its constants.
//
// Setting: the pseudo-network of any learner; a population of n equally likely samples; T steps of SGD from W' = 0 with step eta, each on a
// fresh sample, on a convex 1-Lipschitz loss; any fixed weights U. The mean over SGD is over all n^T orders, one by one.
//
// Hypotheses: |x| <= 1.
//
// Conclusion: E (1/T) sum_{t<T} L_D(W_t) <= L_D(U) + |U|^2/(2 eta T) + eta |a|^2/2, with L_D the risk; hence at most L_D(U) + |U| |a|/sqrt
// T at the best step. T does not depend on the width: with the W* of Lemma B.1, |U| |a| is of the order of sqrt(E h^2). Each of the two
// terms is a part.
//
// Constants: 1, derived: pseudo-regret, and W_t is independent of the sample of step t. The theorem has OPT + eps after T of order C_s^2
// k^3 p^2/eps^2 steps, the same order. Equality for one far sample on which every neuron is active, with U = W_T; rounding 1e-12 of the
// terms.
//
// Convention: risk over the n samples; one output.
//
// Reference: derived here, after Allen-Zhu, Li, Liang (2019), Theorem 1.
//
// Control: each term 0.8 times; steps the wrong way.
func sgdRisk() checks.Checkable {
	setup := func(distance, gradients float64) func(contest) (checks.Instance, error) {
		return func(p contest) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			runs := math.Pow(float64(set.N()), float64(p.T))
			if runs > 300 {
				return checks.Instance{}, fmt.Errorf("%d samples and %d steps have %.3g orders; take at most 300", set.N(), p.T, runs)
			}
			longest := 0.0
			for i := range set.N() {
				longest = math.Max(longest, rowSquare(set.X, i))
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("longest input", longest, checks.AtMost, 1+1e-12)},
				Trial: func(r *rand.Rand) checks.Measurement {
					net := p.draw(set.D(), r)
					u, err := p.rival(net, set)
					if err != nil {
						return checks.Failed(err)
					}
					seen, err := p.risk(net, set, int(runs))
					if err != nil {
						return checks.Failed(err)
					}
					best := riskAt(net, set, u)
					far, steep := square(u)/(2*p.eta()*float64(p.T)), p.eta()/2*norm(net.A)*norm(net.A)
					allowed := bounds.RegretAllowance(distance*square(u), p.eta(), gradients*float64(p.T)*norm(net.A)*norm(net.A), p.T)
					m := checks.Measurement{Part: "gradients", Observed: seen, Predicted: best + allowed, Term: gradients * steep, Tolerance: 1e-12 * (seen + best + far + steep)}
					if far == 0 {
						return m
					}
					other := m
					other.Part, other.Term = "distance", distance*far
					return checks.All(m, other)
				},
			}, nil
		}
	}
	tight := contest{training: training{Data: far(1e3), start: start{M: 5, Output: 1, Planted: true, Gate: 1, Sign: 1}, Eta: 1, T: 6}, Versus: "last"}
	wrong := tight
	wrong.Uphill, wrong.Versus = true, "zero"
	return checks.Claim[contest]{
		ID: "allenzhu2019beyond/sgd-risk", Title: "the risk of SGD on the pseudo-network, with constants", Reference: "derived here, after Theorem 1",
		Formula:    `\mathbb{E}\,\tfrac1T\sum_{t<T} L_{\mathcal D}(W_t) \le L_{\mathcal D}(U) + \frac{\|U\|_F^2}{2\eta T} + \frac{\eta\|a\|^2}{2}`,
		Convention: convention + lossOf, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []contest{
			tight,
			{training: training{Data: data.Spec{Kind: data.Sphere, N: 2, D: 3, Seed: 1}, start: start{M: 30, Output: 0.3}, Eta: 0.5, T: 6}, Versus: "last"},
			{training: training{Data: images.Easy(data.MNIST, 3, 49), start: start{M: 20, Output: 0.3}, Eta: 0.5, T: 4}, Versus: "last"},
		},
		Cost: func(p contest) checks.Cost {
			c, n := p.training.cost(), float64(max(p.Data.N, 1))
			return checks.Cost{Trial: c.Trial * n * math.Pow(n, float64(p.T))}
		},
		Setup: setup(1, 1),
		Controls: []checks.Control[contest]{
			{Name: "distance", Why: "an equality on one far sample", At: []contest{tight}, Setup: setup(0.8, 1)},
			{Name: "gradients", Why: "a step counts a sixth of the distance", At: []contest{tight}, Setup: setup(1, 0.8)},
			{Name: "uphill", Why: "steps the wrong way raise the risk", At: []contest{wrong}, Setup: setup(1, 1)},
		},
	}
}

// rival is U: zero, or where the samples lead in turn.
func (p contest) rival(net *pseudo.Learner, set *data.Set) (*mat.Dense, error) {
	switch p.Versus {
	case "zero":
		return mat.NewDense(p.M, set.D(), nil), nil
	case "last":
		order := make([]int, p.T)
		for t := range order {
			order[t] = t % set.N()
		}
		return pseudo.Pass{Step: p.eta(), Frozen: true, Order: order}.Run(net, set.X, set.Y)
	}
	return nil, fmt.Errorf("versus %q: use zero or last", p.Versus)
}

// risk averages the risk of the pseudo-network over the steps of all orders.
func (p contest) risk(net *pseudo.Learner, set *data.Set, orders int) (float64, error) {
	sum, order := 0.0, make([]int, p.T)
	for k := range orders {
		for t := range order {
			order[t] = k % set.N()
			k /= set.N()
		}
		_, err := pseudo.Pass{Step: p.eta(), Frozen: true, Uphill: p.Uphill, Order: order, Observe: func(v pseudo.Visit) {
			sum += riskAt(net, set, v.Move)
		}}.Run(net, set.X, set.Y)
		if err != nil {
			return 0, err
		}
	}
	return sum / float64(orders*p.T), nil
}

func riskAt(net *pseudo.Learner, set *data.Set, move *mat.Dense) float64 {
	sum := 0.0
	for i, y := range set.Y {
		sum += pseudo.Root(net.Pseudo(set.X.RawRowView(i), move), y)
	}
	return sum / float64(len(set.Y))
}
