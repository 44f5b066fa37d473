package du2019

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
)

// descentRun are the parameters of a claim about a run of gradient descent.
type descentRun struct {
	Data   data.Spec `json:"data"`
	M      int       `json:"m"`
	Step   float64   `json:"step"` // eta S^2
	Steps  int       `json:"steps"`
	Active float64   `json:"active,omitempty"` // share of active neurons of the planted start; 0 is a Gaussian start
	Size   float64   `json:"size,omitempty"`   // of the preactivations of the planted start; 0 is 1
}

func (p descentRun) cost() checks.Cost {
	n, d := dims(p.Data)
	c := gramCost(p.Data, p.M)
	k := min(n, d)
	c.Trial += float64(p.Steps) * (float64(p.M)*(4*n*k+10*n+60) + 60*n*n*n)
	return c
}

// start draws the network of a run and its labels.
func (p descentRun) start(q *problem, r *rand.Rand) (*nets.Network, []float64) {
	if p.Active == 0 {
		return nets.NTK(p.M, q.k).Draw(r), q.set.Y
	}
	size := p.Size
	if size == 0 {
		size = 1
	}
	net := q.planted(p.M, int(math.Round(p.Active*float64(p.M))), 0, size, 0)
	// Small labels of equal size: no neuron moves far enough to flip.
	y := make([]float64, q.n)
	for i := range y {
		y[i] = -0.1 * size / math.Sqrt(float64(q.n))
	}
	return net, y
}

// planted is a start at which the Gram matrix of orthonormal inputs is a multiple of the identity: the first active neurons are
// active on every sample, with preactivations of the given size, the others on none. Of the active ones the last few are
// fragile: their preactivations are near. The signs alternate, but those of the fragile ones are +1.
func (q *problem) planted(m, active, fragile int, size, near float64) *nets.Network {
	net := nets.NTK(m, q.k).Draw(rand.New(rand.NewPCG(0, 0)))
	for r := range m {
		z := size
		net.A[r] = float64(1 - 2*(r%2))
		switch {
		case r >= active:
			z = -size
		case r >= active-fragile:
			z, net.A[r] = near, 1
		}
		w := net.W.RawRowView(r)
		clear(w)
		for i := range q.n {
			for c, v := range q.x.RawRowView(i) {
				w[c] += z * v
			}
		}
	}
	return net
}

// terms ask for a single trial of the planted start, which draws nothing.
func (p descentRun) terms() checks.Terms {
	if p.Active > 0 {
		return checks.Terms{Trials: 1}
	}
	return checks.Terms{}
}

func stepsSpace(maxStep float64, steps int) *rapid.Generator[descentRun] {
	return rapid.Custom(func(t *rapid.T) descentRun {
		p := descentRun{
			Data:  gen.Separated(gen.Range{MinN: 1, MaxN: 5, MinD: 2, MaxD: 6}).Draw(t, "data"),
			M:     rapid.IntRange(1, 200).Draw(t, "m"),
			Step:  rapid.Float64Range(0.01, maxStep).Draw(t, "step"),
			Steps: steps,
		}
		p.Data.LabelScale = rapid.SampledFrom([]float64{1, 0.1, 10}).Draw(t, "label scale")
		return p
	})
}

// gradientNorm is the per-step bound behind all bounds on the movement.
//
// Setting: any network of the class on unit inputs, e = u - y, S = ||X||_2; measured along a run of gradient descent.
//
// Hypotheses: none.
//
// Conclusion: max_r ||dL/dw_r|| <= S ||e||/sqrt m.
//
// Constants: derived; dL/dw_r = (a_r/sqrt m) X^T (e * 1{w_r.x_i >= 0}). Attained by one input; the paper has sqrt n for S.
//
// Convention: NTK scaling, |a_r| = 1, sum loss.
//
// Reference: derived here; inside Lemma 3.3 and Corollary 4.1 of Du et al. (2019), with sqrt n.
//
// Control: without S, on a tight cluster with equal labels.
func gradientNorm() checks.Claim[descentRun] {
	setup := func(p descentRun, useS bool) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		s := 1.0
		if useS {
			s = q.s
		}
		return checks.Instance{
			Facts: q.facts(checks.NewFact("width run", float64(p.M))),
			Trial: func(r *rand.Rand) checks.Measurement {
				net, y := p.start(q, r)
				gradient := mat.NewDense(p.M, q.k, nil)
				zero := mat.NewDense(p.M, q.k, nil)
				var least worst
				err := q.descend(net, y, p.Step/(q.s*q.s), p.Steps, func(state *train.State) bool {
					state.Batch.Gradient(gradient, nil, net, state.Residual)
					largest, _ := nets.Movement(gradient, zero)
					bound := bounds.GradientNorm(s, state.Norm, p.M)
					least.add(checks.Measurement{Observed: largest, Predicted: bound, Tolerance: 1e-13 * float64(q.n) * bound})
					return true
				})
				if err != nil {
					return checks.Failed(err)
				}
				return checks.All(least...)
			},
		}, nil
	}
	grid := []descentRun{
		{Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, M: 200, Step: 0.5, Steps: 10},
		{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 10, Step: 0.5, Steps: 5},
	}
	for _, s := range pictures(10, 49) {
		grid = append(grid, descentRun{Data: s, M: 200, Step: 0.5, Steps: 10})
	}
	return checks.Claim[descentRun]{
		ID: "du2019/gradient-norm", Title: "gradient of one neuron", Reference: "Lemma 3.3, Corollary 4.1",
		Formula:    `\max_r \left\|\frac{\partial L}{\partial w_r}\right\| \le \frac{\|X\|_2 \|u-y\|}{\sqrt m}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: stepsSpace(1, 5), Grid: grid,
		OnData: func(f checks.DataFile) []descentRun {
			return []descentRun{{Data: file(f, 20), M: 200, Step: 0.5, Steps: 10}}
		},
		Cost:  func(p descentRun) checks.Cost { return p.cost() },
		Setup: func(p descentRun) (checks.Instance, error) { return setup(p, true) },
		Controls: []checks.Control[descentRun]{{
			Name: "without-the-data-norm", Why: "a neuron that is active on a whole cluster hears all its residuals",
			At:    []descentRun{{Data: data.Spec{Kind: data.Cluster, N: 8, D: 10, Spread: 0.01, Seed: 1, Labels: data.Const, LabelScale: 5}, M: 50, Step: 0.5, Steps: 2}},
			Setup: func(p descentRun) (checks.Instance, error) { return setup(p, false) },
		}},
	}
}

// flowMovement is Lemma 3.3 with its constant mended.
//
// Setting: gradient flow on W, followed exactly from flip to flip; e(t) = u(t) - y, S = ||X||_2.
//
// Hypotheses: lambda_min(H(s)) >= lambda_0/2 for all s <= t; the conclusion is asked up to the first time at which it fails. A draw that fails it at
// the start is skipped. The lemma takes du/dt = -H(u-y) for granted; where the flow slides along a kink of the ReLU it is a differential inclusion, as a
// footnote of the paper says, and the run ends.
//
// Conclusion: ||e(t)||^2 <= exp(-lambda_0 t) ||e(0)||^2, measured as -log(||e(t)||^2/||e(0)||^2) >= lambda_0 t, and
// max_r ||w_r(t) - w_r(0)|| <= 2 S ||e(0)||/(sqrt m lambda_0).
//
// Constants: derived. The constant printed in Lemma 3.3, sqrt(n) ||e(0)||/(sqrt m lambda_0), loses a factor 2: the norm of the residual
// decays like exp(-lambda_0 s/2), as Lemma A.4 has it, whose integral is 2/lambda_0. Equality of both: orthonormal inputs, a quarter of the neurons active on
// all of them, no flips; there the movement is the bound and, for one input, twice the printed one.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Lemma 3.3 (constant corrected) and Lemma 3.4.
//
// Control: the printed constant, 0.98 of the movement and 1.02 times the rate where equality holds; and the hypothesis left out where 0.24 of the
// neurons is active.
func flowMovement() checks.Claim[descentRun] {
	sharp := descentRun{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 400, Step: 0.5, Steps: 120, Active: 0.25}
	four := sharp
	four.Data = data.Spec{Kind: data.Basis, N: 4, D: 4}
	fewer := four
	fewer.Active = 0.24
	grid := []descentRun{sharp, four, {Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 300, Step: 0.2, Steps: 75}}
	for _, s := range pictures(4, 49) {
		grid = append(grid, descentRun{Data: s, M: 300, Step: 0.2, Steps: 75})
	}
	setup := func(m flowConstants) func(descentRun) (checks.Instance, error) {
		return func(p descentRun) (checks.Instance, error) { return setupFlow(p, m) }
	}
	return checks.Claim[descentRun]{
		ID: "du2019/flow-movement", Title: "rate and movement of gradient flow", Reference: "Lemma 3.3, constant corrected",
		Formula:    `\lambda_{\min}(H(s)) \ge \tfrac{\lambda_0}{2}\ (s \le t) \Rightarrow \|w_r(t)-w_r(0)\| \le \frac{2\|X\|_2\|u(0)-y\|}{\sqrt m\,\lambda_0}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: stepsSpace(0.4, 30), Grid: grid,
		OnData: func(f checks.DataFile) []descentRun {
			return []descentRun{{Data: file(f, 4), M: 300, Step: 0.2, Steps: 75}}
		},
		Cost:  func(p descentRun) checks.Cost { return p.cost() },
		Setup: setup(flowConstants{1, 1, true}),
		Controls: []checks.Control[descentRun]{
			{
				Name: "printed-constant", Why: "the movement is twice as large",
				Printed: `Lemma 3.3: $\|w_r(t)-w_r(0)\| \le \sqrt n\,\|y-u(0)\|/(\sqrt m\,\lambda_0)$`,
				At:      []descentRun{sharp}, Setup: setup(flowConstants{1, 0, true}),
			},
			{
				Name: "smaller-movement", Why: "the movement is attained, by four inputs too",
				At: []descentRun{sharp, four}, Setup: setup(flowConstants{1, 0.98, true}),
			},
			{
				Name: "faster-rate", Why: "the rate is attained",
				At: []descentRun{sharp, four}, Setup: setup(flowConstants{1.02, 1, true}),
			},
			{
				Name: "without-the-hypothesis", Why: "0.24 of the neurons gives an eigenvalue of 0.48 lambda_0",
				At: []descentRun{fewer}, Setup: setup(flowConstants{1, 1, false}),
			},
		},
	}
}

// flowConstants multiply the rate and the movement of Lemma 3.3, or take the movement as printed (0), and say whether its hypothesis is asked.
type flowConstants struct {
	rate, movement float64
	asked          bool
}

func setupFlow(p descentRun, c flowConstants) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	lambda0 := q.lambda0.Lower()
	h := p.Step / (q.s * q.s)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{q.distinct()},
		Facts:      q.facts(checks.NewFact("width run", float64(p.M))),
		Terms:      p.terms(),
		Trial: func(r *rand.Rand) checks.Measurement {
			net, y := p.start(q, r)
			f := newFlow(q, net, y)
			e0, least0 := f.norm(), f.lowest
			bound := c.movement * bounds.FlowMovement(q.s, e0, lambda0, p.M)
			if c.movement == 0 {
				bound = bounds.PrintedFlowMovement(q.n, e0, lambda0, p.M)
			}
			rate := newDecay(c.rate * lambda0 / 2)
			move := checks.Measurement{Predicted: bound, Tolerance: 1e-9 * bound, Part: "movement"}
			for k := 0; k <= p.Steps && !f.slides && f.norm() > 1e-6*e0; k++ {
				if c.asked && f.lowest < lambda0/2*(1-1e-12) {
					break
				}
				rate.see(f.time, e0, f.norm(), 1)
				move.Observed = max(move.Observed, f.moved())
				f.advance(h)
			}
			m := checks.All(rate.measurement(), move)
			if c.asked {
				m.Hypotheses = []checks.Hypothesis{checks.Require("lambda_min(H(0))", least0, checks.AtLeast, lambda0/2*(1-1e-12))}
			}
			return m
		},
	}, nil
}

// descentMovement is Corollary 4.1.
//
// Setting: gradient descent with step size eta on W; e_k = u(k) - y, S = ||X||_2.
//
// Hypotheses: 0 < eta lambda_0 <= 2 (the corollary prints no condition on the step, but needs one) and ||e_j||^2 <= (1 - eta lambda_0/2)^j ||e_0||^2 for all j <= k, checked along the run; the conclusion is
// asked up to the first step at which it fails.
//
// Conclusion: max_r ||w_r(k+1) - w_r(0)|| <= 4 S ||e_0||/(sqrt m lambda_0), which implies the printed bound with sqrt n for S.
//
// Constants: stated (4, correct as printed, because 1 - sqrt(1-x) >= x/2); S for sqrt n is ours. 4 is attained as eta -> 0: one
// input, a share of active neurons just above 1/8.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Corollary 4.1, with the step size that it needs.
//
// Control: 3.9 in place of 4, at that instance; and a step of 8.5 on one input with every neuron active, whose first step is too long.
func descentMovement() checks.Claim[descentRun] {
	// A share f = 0.12625 contracts by (1 - f eta)^2 <= 1 - eta/4 for eta <= 0.15.
	sharp := descentRun{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 800, Step: 0.05, Steps: 1500, Active: 0.12625}
	four := sharp
	four.Data = data.Spec{Kind: data.Basis, N: 4, D: 4}
	long := descentRun{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 40, Step: 8.5, Steps: 1, Active: 1}
	grid := []descentRun{sharp, four, {Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 300, Step: 0.5, Steps: 100}}
	for _, s := range pictures(6, 49) {
		grid = append(grid, descentRun{Data: s, M: 300, Step: 0.5, Steps: 100})
	}
	setup := func(p descentRun, share float64) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		lambda0 := q.lambda0.Lower()
		eta := p.Step / (q.s * q.s)
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{q.distinct(), checks.Require("eta lambda_0", eta*lambda0, checks.AtMost, 2)},
			Facts:      q.facts(checks.NewFact("width run", float64(p.M))),
			Terms:      p.terms(),
			Trial: func(r *rand.Rand) checks.Measurement {
				net, y := p.start(q, r)
				var e0, most float64
				var step, moved []float64
				err := q.descend(net, y, eta, p.Steps, func(s *train.State) bool {
					if s.Step == 0 {
						e0 = s.Norm
					}
					largest, _ := s.Movement() // follows from the premise at the steps before
					most = max(most, largest)
					if s.Step%max(1, p.Steps/50) == 0 {
						step, moved = append(step, float64(s.Step)), append(moved, largest)
					}
					return s.Norm*s.Norm <= math.Pow(1-eta*lambda0/2, float64(s.Step))*e0*e0*(1+1e-12)
				})
				if err != nil {
					return checks.Failed(err)
				}
				bound := share * bounds.GDMovement(q.s, e0, lambda0, p.M)
				m := checks.Measurement{Observed: most, Predicted: bound, Tolerance: 1e-10 * bound}
				level := make([]float64, len(step))
				for i := range level {
					level[i] = bound
				}
				m.Series = curve.Axes{X: "step", Y: "largest movement of a neuron"}.Against("movement", step, moved, level)
				return m
			},
		}, nil
	}
	return checks.Claim[descentRun]{
		ID: "du2019/descent-movement", Title: "movement of gradient descent", Reference: "Corollary 4.1",
		Formula:    `\|u(j)-y\|^2 \le (1-\tfrac{\eta\lambda_0}{2})^j \|u(0)-y\|^2\ (j \le k) \Rightarrow \|w_r(k+1)-w_r(0)\| \le \frac{4\|X\|_2\|u(0)-y\|}{\sqrt m\,\lambda_0}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: stepsSpace(2, 40), Grid: grid,
		OnData: func(f checks.DataFile) []descentRun {
			return []descentRun{{Data: file(f, 6), M: 300, Step: 0.5, Steps: 100}}
		},
		Cost:  func(p descentRun) checks.Cost { return p.cost() },
		Setup: func(p descentRun) (checks.Instance, error) { return setup(p, 1) },
		Controls: []checks.Control[descentRun]{{
			Name: "constant-3-9", Why: "the constant 4 is attained as the step size and the excess of active neurons over 1/8 go to 0",
			At:    []descentRun{sharp},
			Setup: func(p descentRun) (checks.Instance, error) { return setup(p, 3.9/4) },
		}, {
			Name: "any-step", Why: "without a condition on the step the first one may be longer than the bound", At: []descentRun{long},
			Setup: func(p descentRun) (checks.Instance, error) {
				inst, err := setup(p, 1)
				inst.Hypotheses = nil
				return inst, err
			},
		}},
	}
}
