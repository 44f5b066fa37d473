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
	Active float64   `json:"active,omitempty"` // share of active neurons of the sharp start; 0 is a Gaussian start
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
	net := nets.NTK(p.M, q.k).Draw(r)
	if p.Active == 0 {
		return net, q.set.Y
	}
	// The first share of the neurons is active on the one sample, the rest is not; the output is 0 because the
	// signs alternate.
	active := int(math.Round(p.Active * float64(p.M)))
	for i := range p.M {
		side := 1.0
		if i >= active {
			side = -1
		}
		for c, v := range q.x.RawRowView(0) {
			net.W.Set(i, c, side*v)
		}
		net.A[i] = float64(1 - 2*(i%2))
	}
	return net, []float64{-0.1}
}

// terms ask for a single trial of the sharp start, which draws nothing.
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
// Reference: card 00.5, derived; inside Lemma 3.3 and Corollary 4.1 of Du et al. (2019).
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
				var parts []checks.Measurement
				err := q.descend(net, y, p.Step/(q.s*q.s), p.Steps, func(state *train.State) bool {
					state.Batch.Gradient(gradient, nil, net, state.Residual)
					largest, _ := nets.Movement(gradient, zero)
					bound := bounds.GradientNorm(s, state.Norm, p.M)
					parts = append(parts, checks.Measurement{Observed: largest, Predicted: bound, Tolerance: 1e-13 * float64(q.n) * bound})
					return true
				})
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Each(parts...)
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
		ID: "du2019/gradient-norm", Title: "gradient of one neuron", Reference: "Lemma 3.3, Corollary 4.1 (card 00.5)",
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
// Setting: gradient flow on W, followed by Euler steps; e(t) = u(t) - y, S = ||X||_2.
//
// Hypotheses: lambda_min(H(s)) >= lambda_0/2 for all s <= t, checked at every step; the conclusion is asked up to the first
// time at which it fails. A draw that fails it at the start is skipped.
//
// Conclusion: ||e(t)||^2 <= exp(-lambda_0 t) ||e(0)||^2 and max_r ||w_r(t) - w_r(0)|| <= 2 S ||e(0)||/(sqrt m lambda_0).
//
// Constants: derived. The constant printed in Lemma 3.3, sqrt(n) ||e(0)||/(sqrt m lambda_0), loses a factor 2: the norm of the residual
// decays like exp(-lambda_0 s/2), whose integral is 2/lambda_0. Equality: one input, a quarter of the neurons active on it, no
// flips; there the movement is the bound and twice the printed one. The lemma takes du/dt = -H(u-y) for granted. Where the flow slides along a
// kink of the ReLU that is not so, and Euler steps that flip a pattern to and fro do decay more slowly. The tolerance is what Euler steps can
// lose at most: each flip adds at most h S ||e||/m to the residual, and none is lost without flips.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Lemma 3.3 (constant corrected) and Lemma 3.4; card 00.5.
//
// Control: the printed constant, at the instance where equality holds.
func flowMovement() checks.Claim[descentRun] {
	sharp := descentRun{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 400, Step: 0.2, Steps: 300, Active: 0.25}
	grid := []descentRun{sharp, {Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 300, Step: 0.1, Steps: 150}}
	for _, s := range pictures(4, 49) {
		grid = append(grid, descentRun{Data: s, M: 300, Step: 0.1, Steps: 150})
	}
	return checks.Claim[descentRun]{
		ID: "du2019/flow-movement", Title: "rate and movement of gradient flow", Reference: "Lemma 3.3, constant corrected (card 00.5)",
		Formula:    `\lambda_{\min}(H(s)) \ge \tfrac{\lambda_0}{2}\ (s \le t) \Rightarrow \|w_r(t)-w_r(0)\| \le \frac{2\|X\|_2\|u(0)-y\|}{\sqrt m\,\lambda_0}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: stepsSpace(0.2, 60), Grid: grid,
		OnData: func(f checks.DataFile) []descentRun {
			return []descentRun{{Data: file(f, 4), M: 300, Step: 0.1, Steps: 150}}
		},
		Cost:  func(p descentRun) checks.Cost { return p.cost() },
		Setup: func(p descentRun) (checks.Instance, error) { return setupFlow(p, bounds.FlowMovement) },
		Controls: []checks.Control[descentRun]{{
			Name: "printed-constant", Why: "Lemma 3.3 prints half of the movement that this instance makes",
			At: []descentRun{sharp},
			Setup: func(p descentRun) (checks.Instance, error) {
				return setupFlow(p, func(s, e0, lambda0 float64, m int) float64 {
					return bounds.PrintedFlowMovement(int(math.Round(s*s)), e0, lambda0, m) // n = S^2 = 1
				})
			},
		}},
	}
}

func setupFlow(p descentRun, movement func(s, e0, lambda0 float64, m int) float64) (checks.Instance, error) {
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
			root := math.Sqrt(float64(p.M))
			var e0, euler, reach, least0 float64 // euler: what Euler steps keep below while the premise holds; reach: and move
			rate := checks.Measurement{Predicted: 1, Part: "rate"}
			move := checks.Measurement{Part: "movement"}
			now, before := nets.NewPatterns(q.n, p.M), nets.NewPatterns(q.n, p.M)
			flips := make([]int, q.n)
			var norm float64 // of the residual one step before
			var time, loss, bound []float64
			err := q.descend(net, y, h, p.Steps, func(s *train.State) bool {
				least := s.MinEig()
				now, before = before, now
				s.Batch.Patterns(now)
				t := float64(s.Step) * h
				if s.Step == 0 {
					least0, e0, euler = least, s.Norm, s.Norm
				} else {
					reach += h * q.s * euler / root
					euler = euler*(1-h*lambda0/2) + float64(now.Flips(flips, before))*h*q.s*norm/float64(p.M)
				}
				if least < lambda0/2*(1-1e-12) {
					return false
				}
				if s.Step > 0 {
					allowed := e0 * math.Exp(-lambda0*t/2)
					at := checks.Measurement{Observed: s.Norm / allowed, Predicted: 1, Tolerance: max(0, euler/allowed-1) + 1e-10, Part: "rate"}
					if s.Step == 1 || at.Status() != checks.Held || rate.Status() == checks.Held && at.Observed > rate.Observed {
						rate = at
					}
				}
				moved, _ := s.Movement()
				move.Observed = max(move.Observed, moved)
				move.Predicted = movement(q.s, e0, lambda0, p.M)
				move.Tolerance = max(0, reach-bounds.FlowMovement(q.s, e0, lambda0, p.M)) + 1e-10*move.Predicted
				if s.Step%max(1, p.Steps/50) == 0 {
					time, loss, bound = append(time, t), append(loss, s.Norm*s.Norm), append(bound, e0*e0*math.Exp(-lambda0*t))
				}
				norm = s.Norm
				return s.Norm > 1e-9*e0 // below, rounding is all there is to see
			})
			if err != nil {
				return checks.Failed(err)
			}
			m := checks.All(rate, move)
			m.Hypotheses = []checks.Hypothesis{checks.Require("lambda_min(H(0))", least0, checks.AtLeast, lambda0/2*(1-1e-12))}
			m.Series = lossSeries("t", time, loss, bound)
			return m
		},
	}, nil
}

// descentMovement is Corollary 4.1.
//
// Setting: gradient descent with step size eta on W; e_k = u(k) - y, S = ||X||_2.
//
// Hypotheses: 0 < eta lambda_0 <= 2 and ||e_j||^2 <= (1 - eta lambda_0/2)^j ||e_0||^2 for all j <= k, checked along the run; the conclusion is
// asked up to the first step at which it fails.
//
// Conclusion: max_r ||w_r(k+1) - w_r(0)|| <= 4 S ||e_0||/(sqrt m lambda_0), which implies the printed bound with sqrt n for S.
//
// Constants: stated (4, correct as printed, because 1 - sqrt(1-x) >= x/2); S for sqrt n is ours. 4 is attained as eta -> 0: one
// input, a share of active neurons just above 1/8.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Corollary 4.1; card 00.5.
//
// Control: 3.9 in place of 4, at that instance.
func descentMovement() checks.Claim[descentRun] {
	// A share f = 0.12625 contracts by (1 - f eta)^2 <= 1 - eta/4 for eta <= 0.15.
	sharp := descentRun{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 800, Step: 0.05, Steps: 1500, Active: 0.12625}
	grid := []descentRun{sharp, {Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 300, Step: 0.5, Steps: 100}}
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
		ID: "du2019/descent-movement", Title: "movement of gradient descent", Reference: "Corollary 4.1 (card 00.5)",
		Formula:    `\|u(j)-y\|^2 \le (1-\tfrac{\eta\lambda_0}{2})^j \|u(0)-y\|^2\ (j \le k) \Rightarrow \|w_r(k+1)-w_r(0)\| \le \frac{4\|X\|_2\|u(0)-y\|}{\sqrt m\,\lambda_0}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
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
		}},
	}
}
