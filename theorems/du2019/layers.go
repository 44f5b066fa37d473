package du2019

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
)

// jointGram orders the Gram matrices of one and of both layers.
//
// Setting: both layers trained: du/dt = -(H + G)(u - y), H_ij = (x_i.x_j/m) sum_r a_r^2 P_ri P_rj, G_ij = (1/m) sum_r relu(w_r.x_i) relu(w_r.x_j).
//
// Hypotheses: none; Gaussian output weights as well as signs.
//
// Conclusion: lambda_min(H + G) >= lambda_min(H) + lambda_min(G) >= lambda_min(H).
//
// Constants: none; G is positive semidefinite.
//
// Convention: NTK scaling.
//
// Reference: Du et al. (2019), Section 3.3; card 00.9.
//
// Control: the trace of G over n in place of its smallest eigenvalue.
func jointGram() checks.Claim[draws] {
	setup := func(p draws, trace bool) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		in := nets.NTK(p.M, q.k)
		in.Output = nets.GaussianOutput
		return checks.Instance{
			Facts: q.facts(checks.NewFact("width run", float64(p.M))),
			Trial: func(r *rand.Rand) checks.Measurement {
				net, b := q.draw(r, in)
				h, g, sum := mat.NewSymDense(q.n, nil), mat.NewSymDense(q.n, nil), mat.NewSymDense(q.n, nil)
				b.Gram(h, net, nets.FirstLayer)
				b.Gram(g, net, nets.SecondLayer)
				b.Gram(sum, net, nets.BothLayers)
				extra := smallestEigenvalue(g)
				if trace {
					extra = mat.Trace(g) / float64(q.n)
				}
				rounding := 1e-13 * float64(q.n) * (1 + mat.Norm(sum, 2))
				return checks.All(
					checks.Measurement{Observed: smallestEigenvalue(sum), Predicted: smallestEigenvalue(h) + extra, Relation: checks.AtLeast, Tolerance: rounding, Part: "sum"},
					checks.Measurement{Observed: extra, Predicted: 0, Relation: checks.AtLeast, Tolerance: rounding, Part: "features"},
				)
			},
		}, nil
	}
	grid := []draws{{Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, M: 300}, {Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, M: 50}}
	for _, s := range pictures(10, 49) {
		grid = append(grid, draws{Data: s, M: 300})
	}
	return checks.Claim[draws]{
		ID: "du2019/joint-gram", Title: "training both layers only helps the Gram matrix", Reference: "Section 3.3 (card 00.9)",
		Formula:    `\lambda_{\min}(H+G) \ge \lambda_{\min}(H) + \lambda_{\min}(G) \ge \lambda_{\min}(H)`,
		Convention: "NTK scaling, both layers trained", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: drawsSpace(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 6}, 200), Grid: grid,
		OnData: func(f checks.DataFile) []draws { return []draws{{Data: file(f, 20), M: 300}} },
		Cost: func(p draws) checks.Cost {
			c, n := drawsCost(p), 0.0
			n, _ = dims(p.Data)
			c.Trial += 6*float64(p.M)*n*n + 200*n*n*n
			return c
		},
		Setup: func(p draws) (checks.Instance, error) { return setup(p, false) },
		Controls: []checks.Control[draws]{{
			Name: "mean-eigenvalue-of-g", Why: "the smallest eigenvalue of a sum does not gain the mean eigenvalue of the second",
			At:    []draws{{Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, M: 300}},
			Setup: func(p draws) (checks.Instance, error) { return setup(p, true) },
		}},
	}
}

// jointKernel is the limit kernel of training both layers.
//
// Setting: H(0) + G(0) of two unit inputs, w_r ~ N(0, I), a_r = +-1.
//
// Hypotheses: none: every width.
//
// Conclusion: E(H + G)_12 = t(pi - arccos t)/(2 pi) + (sqrt(1-t^2) + t(pi - arccos t))/(2 pi), t = x.x', checked to 8 percent.
//
// Constants: derived; H^inf plus the arc-cosine kernel of degree 1.
//
// Convention: NTK scaling, both layers trained.
//
// Reference: Du et al. (2019), Section 3.3; card 00.9.
//
// Control: weights of variance 1.7^2, which leave H alone and nearly triple G.
func jointKernel() checks.Claim[angle] {
	setup := func(p angle) (checks.Instance, error) {
		q, err := p.build()
		if err != nil {
			return checks.Instance{}, err
		}
		t := math.Cos(p.Degrees * math.Pi / 180)
		want := kernel.ReLU().At(t) + kernel.ReLUFeature().At(t)
		in := nets.NTK(p.M, q.k)
		in.Kappa = p.Kappa
		return checks.Instance{
			Terms: checks.Terms{Resolution: 0.08},
			Trial: func(r *rand.Rand) checks.Measurement {
				net, b := q.draw(r, in)
				h := mat.NewSymDense(2, nil)
				b.Gram(h, net, nets.BothLayers)
				return checks.Measurement{Observed: h.At(0, 1), Predicted: want, Relation: checks.Equal}
			},
		}, nil
	}
	return checks.Claim[angle]{
		ID: "du2019/joint-kernel", Title: "limit kernel of both layers", Reference: "Section 3.3 (card 00.9)",
		Formula:    `\operatorname{E}(H+G)_{ij} = \frac{2t(\pi-\arccos t) + \sqrt{1-t^2}}{2\pi},\quad t = x_i \cdot x_j`,
		Convention: "NTK scaling, both layers trained", Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []angle{{Degrees: 60, M: 100, Kappa: 1}, {Degrees: 90, M: 100, Kappa: 1}, {Degrees: 20, M: 30, Kappa: 1}},
		Cost: func(p angle) checks.Cost { return checks.Cost{Trial: 150 * float64(p.M)} }, Setup: setup,
		Controls: []checks.Control[angle]{{
			Name: "larger-weights", Why: "the features scale with the weights, the patterns do not",
			At: []angle{{Degrees: 60, M: 100, Kappa: 1.7}},
		}},
	}
}

// jointFlow is the rate of training both layers, given the Gram matrix.
//
// Setting: gradient flow on (W, a), followed by Euler steps of size h at most 0.05 over the largest eigenvalue of the limit of H + G.
//
// Hypotheses: lambda_min(H(s) + G(s)) >= lambda_0/2 for all s <= t (and h tr(H(s) + G(s)) <= 1), checked at every step; the conclusion is asked up to
// the first time at which it fails. A draw that fails it at the start is skipped.
//
// Conclusion: ||u(t) - y||^2 <= exp(-lambda_0 t) ||u(0) - y||^2.
//
// Constants: derived: d/dt ||e||^2 = -2 e^T (H + G) e. The tolerance is what Euler steps can lose at most: h S max_r a_r^2 ||e||/m for a flip and
// h^2 S ||dL/dW|| ||dL/da||/sqrt m for the product of the two layers.
//
// Convention: NTK scaling, sum loss, both layers trained.
//
// Reference: inside Du et al. (2019), Theorem 3.3; card 00.9.
//
// Control: eight times the rate, beyond what the linear theory gives.
func jointFlow() checks.Claim[descentRun] {
	sphere := descentRun{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 300, Step: 0.04, Steps: 150}
	orthonormal := descentRun{Data: data.Spec{Kind: data.Basis, N: 3, D: 3, Labels: data.Alternate}, M: 400, Step: 0.05, Steps: 150}
	grid := []descentRun{sphere, orthonormal}
	for _, s := range pictures(4, 49) {
		grid = append(grid, descentRun{Data: s, M: 300, Step: 0.04, Steps: 150})
	}
	return checks.Claim[descentRun]{
		ID: "du2019/joint-flow", Title: "rate of training both layers", Reference: "inside Theorem 3.3 (card 00.9)",
		Formula:    `\lambda_{\min}(H(s)+G(s)) \ge \tfrac{\lambda_0}{2}\ (s \le t) \Rightarrow \|u(t)-y\|^2 \le e^{-\lambda_0 t}\|u(0)-y\|^2`,
		Convention: "NTK scaling, both layers trained, sum loss", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: stepsSpace(0.05, 40), Grid: grid,
		OnData: func(f checks.DataFile) []descentRun {
			return []descentRun{{Data: file(f, 4), M: 300, Step: 0.04, Steps: 150}}
		},
		Cost:  jointCost,
		Setup: func(p descentRun) (checks.Instance, error) { return setupJoint(p, 1) },
		Controls: []checks.Control[descentRun]{{
			Name: "eight-times-the-rate", Why: "orthonormal inputs decay at the rate 2 lambda_min(H + G), below eight lambda_0",
			At:    []descentRun{orthonormal},
			Setup: func(p descentRun) (checks.Instance, error) { return setupJoint(p, 8) },
		}},
	}
}

func jointCost(p descentRun) checks.Cost {
	n, _ := dims(p.Data)
	c := p.cost()
	c.Trial = 2*c.Trial + float64(p.Steps)*float64(p.M)*n*n
	return c
}

func setupJoint(p descentRun, speed float64) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	both, err := kernel.ReLUFeature().Gram(q.set.X)
	if err != nil {
		return checks.Instance{}, err
	}
	both.AddSym(both, q.limit)
	lambda0 := q.lambda0.Lower()
	top := largestEigenvalue(both)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{q.distinct()},
		Facts:      q.facts(checks.NewFact("width run", float64(p.M)), checks.NewFact("rate of the theorem", lambda0), checks.NewFact("rate of the linear theory", 2*smallestEigenvalue(both))),
		Trial: func(r *rand.Rand) checks.Measurement {
			net, _ := p.start(q, r)
			h, root := p.Step/top, math.Sqrt(float64(p.M))
			var e0, euler, least0, loses float64 // euler: what Euler steps keep below; loses: by the step to come, apart from flips
			var flipLoss float64                 // by each flip of the step to come
			rate := checks.Measurement{Predicted: 1}
			now, before := nets.NewPatterns(q.n, p.M), nets.NewPatterns(q.n, p.M)
			flips := make([]int, q.n)
			dw, da := mat.NewDense(p.M, q.k, nil), make([]float64, p.M)
			var time, loss, bound []float64
			err := q.descendWith(net, q.set.Y, train.Options{Step: h, Layers: nets.BothLayers}, p.Steps, func(s *train.State) bool {
				gram := s.Gram()
				least, trace := smallestEigenvalue(gram), mat.Trace(gram)
				now, before = before, now
				s.Batch.Patterns(now)
				t := float64(s.Step) * h
				if s.Step == 0 {
					least0, e0, euler = least, s.Norm, s.Norm
				} else {
					euler = euler*(1-h*lambda0/2) + float64(now.Flips(flips, before))*flipLoss + loses
				}
				if least < lambda0/2*(1-1e-12) || h*trace > 1 {
					return false
				}
				if s.Step > 0 {
					allowed := e0 * math.Exp(-speed*lambda0*t/2)
					at := checks.Measurement{Observed: s.Norm / allowed, Predicted: 1, Tolerance: max(0, euler/(e0*math.Exp(-lambda0*t/2))-1) + 1e-10}
					if s.Step == 1 || at.Status() != checks.Held || rate.Status() == checks.Held && at.Observed > rate.Observed {
						rate = at
					}
				}
				if s.Step%max(1, p.Steps/50) == 0 {
					time, loss, bound = append(time, t), append(loss, s.Norm*s.Norm), append(bound, e0*e0*math.Exp(-speed*lambda0*t))
				}
				s.Batch.Gradient(dw, da, net, s.Residual)
				loses = h * h * q.s / root * mat.Norm(dw, 2) * floats.Norm(da, 2)
				var largest float64
				for _, a := range net.A {
					largest = max(largest, a*a)
				}
				flipLoss = h * q.s * largest * s.Norm / float64(p.M)
				return true
			})
			if err != nil {
				return checks.Failed(err)
			}
			rate.Hypotheses = []checks.Hypothesis{checks.Require("lambda_min(H(0)+G(0))", least0, checks.AtLeast, lambda0/2*(1-1e-12))}
			rate.Series = lossSeries("t", time, loss, bound)
			return rate
		},
	}, nil
}

// jointTheorem is Theorem 3.3.
//
// Setting: gradient flow on (W, a), followed by Euler steps; w_r ~ N(0, I), a_r(0) = +-1.
//
// Hypotheses: m = Omega(n^6 log(m/delta)/(lambda_0^4 delta^3)). The constant is hidden; asked for is what the auxiliary radii printed in Section 3.3 need to close:
// R_w' < R_w and R_a' < R_a with the residual of the start at delta/3. No width that can be run meets them.
//
// Conclusion: with probability at least 1 - delta, ||u(t) - y||^2 <= exp(-lambda_0 t) ||u(0) - y||^2 for all t. It is measured outside the hypotheses.
//
// Constants: the radii are printed; they are not verified here, so a violation inside them would refute nothing.
//
// Convention: NTK scaling, sum loss, both layers trained.
//
// Reference: Du et al. (2019), Theorem 3.3; card 00.9.
//
// Control: a step far beyond 2/lambda_max, which is no flow.
func jointTheorem() checks.Claim[theorem] {
	cost := func(p theorem) checks.Cost {
		return descentRun{Data: p.Data, M: p.M, Steps: p.Steps}.cost()
	}
	setup := func(p theorem) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		b := q.bounds(p.Delta)
		lambda0 := q.lambda0.Lower()
		radii := bounds.BothLayers(q.n, bounds.MarkovResidual(q.labelNorm, q.n, p.Delta/3), lambda0, p.Delta/3, p.M)
		step := 0.05
		if p.Step > 0 {
			step = p.Step
		}
		h := step / (2 * q.s * q.s)
		order := math.NaN()
		for _, r := range bounds.Requirements() {
			if r.Name == "du2019/both-layers" {
				order = r.Width(b)
			}
		}
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{q.distinct(),
				checks.Require("R_w'", radii.ReachedW, checks.AtMost, radii.AllowedW), checks.Require("R_a'", radii.ReachedA, checks.AtMost, radii.AllowedA)},
			Facts: q.facts(checks.NewFact("required width (published, constant set to 1)", order),
				checks.NewFact("required width (published, R_w)", float64(p.M)*math.Pow(radii.ReachedW/radii.AllowedW, 2)), checks.NewFact("width run", float64(p.M))),
			Terms: checks.Terms{Delta: checks.Float(p.Delta)},
			Trial: func(r *rand.Rand) checks.Measurement {
				net := nets.NTK(p.M, q.k).Draw(r)
				var e0, rate float64
				var at, loss, bound []float64
				err := q.descendWith(net, q.set.Y, train.Options{Step: h, Layers: nets.BothLayers}, p.Steps, func(s *train.State) bool {
					if s.Step == 0 {
						e0 = s.Norm
					}
					t := float64(s.Step) * h
					if s.Step > 0 {
						rate = max(rate, s.Norm*s.Norm/(e0*e0)*math.Exp(lambda0*t))
					}
					at, loss, bound = append(at, t), append(loss, s.Norm*s.Norm), append(bound, e0*e0*math.Exp(-lambda0*t))
					return true
				})
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{Observed: rate, Predicted: 1, Tolerance: 1e-9, Series: lossSeries("t", at, loss, bound)}
			},
		}, nil
	}
	return checks.Claim[theorem]{
		ID: "du2019/joint-theorem", Title: "flow on both layers converges linearly", Reference: "Theorem 3.3 (card 00.9)",
		Formula:    `m = \Omega\left(\frac{n^6\log(m/\delta)}{\lambda_0^4\delta^3}\right) \Rightarrow \Pr[\|u(t)-y\|^2 \le e^{-\lambda_0 t}\|u(0)-y\|^2\ \forall t] \ge 1-\delta`,
		Convention: "NTK scaling, both layers trained, sum loss", Basis: checks.Recalled, Form: checks.Probably{}, Version: 1, Outside: true,
		Grid: []theorem{
			{Data: data.Spec{Kind: data.Sphere, N: 4, D: 8, Seed: 1}, Delta: 0.3, M: 200, Steps: 50},
			{Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, Delta: 0.3, M: 1024, Steps: 60},
		},
		Cost: cost, Setup: setup,
		Controls: []checks.Control[theorem]{{
			Name: "step-beyond-two-over-lambda-max", Why: "a step that long amplifies the residual at once",
			At: []theorem{{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, Delta: 0.3, M: 200, Steps: 3, Step: 6}},
		}},
	}
}

// jointBalance is the conservation law of training both layers.
//
// Setting: gradient descent with step size eta on (W, a); g_r = dL/dw_r and gamma_r = dL/da_r at step k.
//
// Hypotheses: none; relu is homogeneous, relu(z) = z relu'(z).
//
// Conclusion: ||w_r(K)||^2 - a_r(K)^2 = ||w_r(0)||^2 - a_r(0)^2 + eta^2 sum_{k<K} (||g_r(k)||^2 - gamma_r(k)^2) for every neuron; so the flow (eta -> 0) conserves
// ||w_r||^2 - a_r^2, and Euler steps drift by O(eta).
//
// Constants: exact; w_r.g_r = a_r gamma_r by homogeneity, so the terms linear in eta cancel. The tolerance is rounding, a few hundred units.
//
// Convention: NTK scaling, sum loss, both layers trained.
//
// Reference: Du et al. (2019), proof of Theorem 3.3 (balancedness); card 00.9.
//
// Control: softplus, which is not homogeneous.
func jointBalance() checks.Claim[descentRun] {
	setup := func(p descentRun, act nets.Activation) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Facts: q.facts(checks.NewFact("width run", float64(p.M))),
			Trial: func(r *rand.Rand) checks.Measurement {
				in := nets.NTK(p.M, q.k)
				in.Act = act
				net := in.Draw(r)
				eta := p.Step / (2 * q.s * q.s)
				dw, da := mat.NewDense(p.M, q.k, nil), make([]float64, p.M)
				want, scale := balance(net), make([]float64, p.M) // scale: of the squares that were added up
				err := q.descendWith(net, q.set.Y, train.Options{Step: eta, Layers: nets.BothLayers}, p.Steps, func(s *train.State) bool {
					if s.Step == p.Steps || s.Norm > 1e6 { // the identity holds in divergence too, until numbers overflow
						return false
					}
					s.Batch.Gradient(dw, da, net, s.Residual)
					for i, g := range da {
						row, w := dw.RawRowView(i), net.W.RawRowView(i)
						square := eta * eta * floats.Dot(row, row)
						want[i] += square - eta*eta*g*g
						scale[i] = max(scale[i], 1+floats.Dot(w, w)+net.A[i]*net.A[i]+square+eta*eta*g*g)
					}
					return true
				})
				if err != nil {
					return checks.Failed(err)
				}
				worst := checks.Measurement{Relation: checks.Equal}
				for i, have := range balance(net) {
					w := net.W.RawRowView(i)
					size := max(scale[i], 1+floats.Dot(w, w)+net.A[i]*net.A[i])
					m := checks.Measurement{Observed: have, Predicted: want[i], Relation: checks.Equal, Tolerance: 1e-14 * float64(p.Steps+1) * size}
					if i == 0 || math.Abs(m.Observed-m.Predicted)/m.Tolerance > math.Abs(worst.Observed-worst.Predicted)/worst.Tolerance {
						worst = m
					}
				}
				return worst
			},
		}, nil
	}
	grid := []descentRun{{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 100, Step: 0.5, Steps: 60}}
	for _, s := range pictures(6, 49) {
		grid = append(grid, descentRun{Data: s, M: 100, Step: 0.3, Steps: 60})
	}
	return checks.Claim[descentRun]{
		ID: "du2019/joint-balance", Title: "balance of the two layers", Reference: "proof of Theorem 3.3 (card 00.9)",
		Formula:    `\|w_r\|^2 - a_r^2 \big|_0^K = \eta^2 \sum_{k<K} (\|\partial_{w_r} L\|^2 - (\partial_{a_r} L)^2)`,
		Convention: "NTK scaling, both layers trained, sum loss", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: stepsSpace(0.5, 20), Grid: grid,
		OnData: func(f checks.DataFile) []descentRun {
			return []descentRun{{Data: file(f, 6), M: 100, Step: 0.3, Steps: 60}}
		},
		Cost:  jointCost,
		Setup: func(p descentRun) (checks.Instance, error) { return setup(p, nets.ReLU()) },
		Controls: []checks.Control[descentRun]{{
			Name: "softplus", Why: "without homogeneity the terms linear in the step size remain",
			At:    []descentRun{{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 100, Step: 0.1, Steps: 20}},
			Setup: func(p descentRun) (checks.Instance, error) { return setup(p, nets.Softplus()) },
		}},
	}
}

// balance returns ||w_r||^2 - a_r^2.
func balance(net *nets.Network) []float64 {
	out := make([]float64, net.Width())
	for r := range out {
		row := net.W.RawRowView(r)
		out[r] = floats.Dot(row, row) - net.A[r]*net.A[r]
	}
	return out
}
