package du2019

import (
	"math"
	"math/rand/v2"

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

// certified are the parameters of the instance certificate.
type certified struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Theta float64   `json:"theta"`
	Step  float64   `json:"step"` // eta as a share of the largest step size that the certificate allows
	// Fill sizes the labels: they are scaled so that the certificate is expected to need the share Fill of
	// the width. 0 leaves them alone.
	Fill  float64 `json:"fill,omitempty"`
	Steps int     `json:"steps"`
	// Slow puts labels of that size along the eigenvector of the smallest eigenvalue of H(0).
	Slow bool `json:"slow,omitempty"`
	// Active neurons of a planted start on orthonormal inputs, of them Fragile ones; 0 is an antisymmetric Gaussian start.
	Active  int `json:"active,omitempty"`
	Fragile int `json:"fragile,omitempty"`
}

func (p certified) cost() checks.Cost {
	n, d := dims(p.Data)
	c := gramCost(p.Data, p.M)
	k := min(n, d)
	c.Trial += float64(p.Steps) * (float64(p.M)*(4*n*k+4*n+60) + 12*n*n*n)
	return c
}

func certifiedGrid(fill float64) []certified {
	grid := []certified{
		{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 500, Theta: bounds.BestTheta, Step: 0.5, Fill: fill, Steps: 40},
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 2000, Theta: bounds.BestTheta, Step: 0.1, Fill: fill, Steps: 60, Slow: true},
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 2}, M: 2000, Theta: 0.2, Step: 0.9, Fill: fill, Steps: 60},
		// Labels of a fixed size; the wide ones belong to the larger profiles.
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1, LabelScale: 0.003}, M: 2000, Theta: bounds.BestTheta, Step: 0.2, Steps: 60},
		{Data: data.Spec{Kind: data.Basis, N: 4, D: 4, LabelScale: 0.1}, M: 40000, Theta: bounds.BestTheta, Step: 0.2, Steps: 100},
		{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1, LabelScale: 0.01}, M: 20000, Theta: bounds.BestTheta, Step: 0.2, Steps: 100},
	}
	for _, s := range pictures(6, 49) {
		grid = append(grid, certified{Data: s, M: 2000, Theta: bounds.BestTheta, Step: 0.5, Fill: fill, Steps: 60})
	}
	return grid
}

func certifiedSpace(fill float64) *rapid.Generator[certified] {
	return rapid.Custom(func(t *rapid.T) certified {
		return certified{
			Data:  gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 6}).Draw(t, "data"),
			M:     2 * rapid.IntRange(250, 1000).Draw(t, "pairs"),
			Theta: rapid.Float64Range(0.15, 0.45).Draw(t, "theta"),
			Step:  rapid.Float64Range(0.05, 0.95).Draw(t, "step"),
			Fill:  rapid.Float64Range(0.05, fill).Draw(t, "fill"),
			Steps: 30,
		}
	})
}

// A spoiled certificate is run with another step, or with the labels or the fragile neurons of a broken hypothesis, which is then not asked.
type spoiled struct {
	stride   float64 // multiplies the step of the run alone
	budget   float64 // multiplies the number of fragile neurons
	unstable float64 // sets the step of the run to so much over lambda_max(H(0))
	speed    float64 // multiplies the rate
	still    float64 // divides the movement
	unasked  bool    // leaves the hypothesis on the fragile neurons out
	trials   int
}

// A certifier makes the certificate of a network.
type certifier func(in bounds.Instance) (bounds.Certificate, error)

// run sets up runs of gradient descent under a certificate, with labels of a norm and a step size.
func (p certified) run(q *problem, norm, eta float64, cert certifier, start func(eig.Certified) checks.Hypothesis, s spoiled) checks.Instance {
	if p.Active > 0 {
		s.trials = 1 // nothing is drawn
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{q.distinct()},
		Facts:      q.facts(checks.NewFact("label norm", norm), checks.NewFact("width run", float64(p.M))),
		Terms:      checks.Terms{Trials: s.trials},
		Trial: func(r *rand.Rand) checks.Measurement {
			net := q.antisymmetric(p.M).Draw(r)
			if p.Active > 0 {
				net = q.planted(p.M, p.Active, int(float64(p.Fragile)*max(1, s.budget)), 1, 1e-9)
			}
			b := nets.NewBatch(q.x, p.M)
			b.Forward(net)
			h := mat.NewSymDense(q.n, nil)
			b.Gram(h, net, nets.FirstLayer)
			least, err := eig.Min(h)
			if err != nil {
				return checks.Failed(err)
			}
			y := q.labels(norm)
			if p.Slow {
				y = slowest(h)
				for i := range y {
					y[i] *= norm
				}
			}
			var residual float64
			for i, u := range b.U {
				residual += (u - y[i]) * (u - y[i])
			}
			c, err := cert(bounds.Instance{Width: p.M, S: q.s, LambdaMin0: least.Lower(), Residual0: math.Sqrt(residual), Step: eta})
			begin := start(least)
			switch {
			case err != nil && begin.Met():
				return checks.Failed(err)
			case err != nil: // the theorem is silent on this draw
				return checks.Measurement{Predicted: 1, Hypotheses: []checks.Hypothesis{begin}}
			}
			step := eta * max(1, s.stride)
			if s.unstable > 0 {
				step = s.unstable / largestEigenvalue(h)
			}
			m := q.certified(net, b, y, step, p.Steps, c, s)
			if !s.unasked {
				m.Hypotheses = append(m.Hypotheses, begin)
			}
			return m
		},
	}
}

// certified runs gradient descent on a network and compares it with a certificate.
func (q *problem) certified(net *nets.Network, b *nets.Batch, y []float64, eta float64, steps int, cert bounds.Certificate, s spoiled) checks.Measurement {
	m := net.Width()
	fragile := make([]int, q.n)
	b.Fragile(fragile, net, inflate(cert.Radius))
	load := cert.Load(phat(fragile, m), touchedShare(b, inflate(cert.Radius)))
	claimed := 1 - math.Pow(cert.Rate, max(1, s.speed))
	radius := cert.Radius / max(1, s.still)
	rate := checks.Measurement{Observed: math.Inf(1), Predicted: claimed, Relation: checks.AtLeast, Part: "rate"}
	move := checks.Measurement{Predicted: radius, Tolerance: 1e-10 * radius, Part: "movement"}
	least := checks.Measurement{Observed: math.Inf(1), Predicted: cert.LambdaMin, Relation: checks.AtLeast, Tolerance: 1e-13 * float64(q.n), Part: "eigenvalue"}
	var e0, before float64
	var at, loss, bound []float64
	err := q.descend(net, y, eta, steps, func(s *train.State) bool {
		if s.Step == 0 {
			e0 = s.Norm
		} else {
			// Outputs are sums of m terms of size at most |w|/sqrt m and their rounding does not shrink with the residual.
			noise := 4e-15 * float64(m) / before
			if lost := 1 - (s.Norm/before)*(s.Norm/before); lost+noise < rate.Observed {
				rate.Observed, rate.Tolerance = lost, noise
			}
		}
		before = s.Norm
		largest, _ := s.Movement()
		move.Observed = max(move.Observed, largest)
		if s.Step == 1 || s.Step%5 == 0 || s.Step == steps {
			least.Observed = min(least.Observed, s.MinEig())
		}
		if s.Step%max(1, steps/50) == 0 {
			at, loss = append(at, float64(s.Step)), append(loss, s.Norm*s.Norm)
			bound = append(bound, e0*e0*math.Pow(cert.Rate, float64(s.Step)))
		}
		return s.Norm > 1e-3*e0 // below, rounding is all there is to see
	})
	if err != nil {
		return checks.Failed(err)
	}
	result := checks.All(rate, move, least)
	if !s.unasked {
		result.Hypotheses = []checks.Hypothesis{checks.Require("fragile neurons over their budget", load, checks.AtMost, 1)}
	}
	result.Series = lossSeries("step", at, loss, bound)
	return result
}

// certificate is a deterministic convergence theorem for one network.
//
// Setting: gradient descent with step size eta on a network at any W(0), here antisymmetric (u(0) = 0), the labels small, or planted; s0 =
// lambda_min(H(0)), e0 = ||u(0) - y||, S = ||X||_2, theta in (0, 1/2), beta = 2(1-2 theta)/(1-theta) - eta S^2 > 0,
// c = (1-theta)^2 beta, R' = 2 S e0/(sqrt m c s0).
//
// Hypotheses: on the draw, s0 > 0, and S^2 phat(R') <= theta^2 s0, phat the largest share over the inputs of neurons with |w_r(0).x_i| <= R', or
// S^2 q(R') <= theta (2 - theta) s0, q the share with |w_r(0).x_i| <= R' for some input, and eta S^2 <= (2 - 3 theta)/(2 - 2 theta). Draws that
// miss both are skipped and counted.
//
// Conclusion: for all k, ||e_{k+1}||^2 <= (1 - eta c s0) ||e_k||^2, max_r ||w_r(k) - w_r(0)|| <= R' and lambda_min(H(k)) >= (1-theta)^2 s0. No
// probability, no hidden constant. Measured for the rate is what a step loses at least, 1 - ||e_{k+1}||^2/||e_k||^2, against eta c s0.
//
// Constants: derived; proof in bounds.Certify. It needs about m >= 1001 S^6 e0^2/s0^4 at theta = 0.3048 and small steps. As theta and the step
// tend to 0, the rate and the movement are attained with labels along the eigenvector of s0, by orthonormal inputs. The budget of q is attained by
// one input whose fragile neurons are all active; it is the larger one for a few inputs, that of phat for many, as q may be n phat.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: derived here; the argument of Du et al. (2019), Theorem 4.1, without its union bounds.
//
// Control: labels +-20 at width 100 (the smallest eigenvalue falls below its floor), a step of 2.5/lambda_max (the residual grows), 1.5 times the rate,
// two thirds of the movement, and a tenth more fragile neurons than q allows.
func certificate() checks.Claim[certified] {
	large := certified{Data: data.Spec{Kind: data.Sphere, N: 5, D: 3, Seed: 1, LabelScale: 20}, M: 100, Theta: bounds.BestTheta, Step: 0.16, Steps: 200}
	small := certified{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1, LabelScale: 0.003}, M: 2000, Theta: bounds.BestTheta, Step: 0.5, Steps: 20}
	// The smaller theta, the sharper: labels along the slowest direction.
	slow := certified{Data: data.Spec{Kind: data.Orthonormal, N: 4, D: 8, Seed: 1}, M: 1000, Theta: 0.05, Step: 0.03, Fill: 0.1, Steps: 140, Slow: true}
	ten := certified{Data: data.Spec{Kind: data.Sphere, N: 10, D: 40, Seed: 1}, M: 2000, Theta: 0.1, Step: 0.05, Fill: 0.1, Steps: 40, Slow: true}
	// All neurons active, lambda_max(H) = S^2, so that steps beyond 2/S^2 diverge; as many of them near to flipping as theta allows.
	planted := certified{Data: one(-1e-6), M: 400, Theta: 0.45, Step: 0.5, Steps: 20, Active: 400, Fragile: 278}
	steep := certified{Data: one(-1e-6), M: 400, Theta: 0.05, Step: 0.95, Steps: 5, Active: 400}
	setup := func(s spoiled) func(certified) (checks.Instance, error) {
		return func(p certified) (checks.Instance, error) { return setupCertificate(p, s) }
	}
	return checks.Claim[certified]{
		ID: "du2019/certificate", Title: "convergence certificate for one network", Reference: "Theorem 4.1, made deterministic here",
		Formula:    `\|X\|_2^2 \hat p(R') \le \theta^2 s_0 \text{ or } \|X\|_2^2 q(R') \le \theta(2-\theta) s_0 \Rightarrow \|e_{k+1}\|^2 \le (1-\eta c s_0)\|e_k\|^2,\ \lambda_{\min}(H(k)) \ge (1-\theta)^2 s_0`,
		Convention: convention + "; antisymmetric start", Basis: checks.Derived, Form: checks.Always{}, Version: 3,
		Space: certifiedSpace(0.6), Grid: append([]certified{slow, ten, planted, steep}, certifiedGrid(0.4)...),
		OnData: func(f checks.DataFile) []certified {
			return []certified{{Data: file(f, 6), M: 2000, Theta: bounds.BestTheta, Step: 0.5, Fill: 0.4, Steps: 60}}
		},
		Cost:  func(p certified) checks.Cost { return p.cost() },
		Setup: setup(spoiled{}),
		Controls: []checks.Control[certified]{
			{
				Name: "large-labels", Why: "a narrow network that has far to go leaves the ball and its Gram matrix degenerates",
				At: []certified{large}, Setup: setup(spoiled{unasked: true, trials: 24}),
			},
			{
				Name: "step-beyond-two-over-lambda-max", Why: "a step of 2.5/lambda_max(H(0)) amplifies the leading mode",
				At: []certified{small}, Setup: setup(spoiled{unstable: 2.5, unasked: true, trials: 4}),
			},
			{
				Name: "faster-rate", Why: "along the slowest direction a step loses 2 eta s0 at most, hardly more than eta c s0",
				At: []certified{slow}, Setup: setup(spoiled{speed: 1.5}),
			},
			{
				Name: "smaller-movement", Why: "a neuron that is active on all inputs moves nearly as far as allowed",
				At: []certified{slow}, Setup: setup(spoiled{still: 1.5}),
			},
			{
				Name: "more-fragile-neurons", Why: "an active neuron that goes takes its share of the eigenvalue with it",
				At: []certified{planted}, Setup: setup(spoiled{budget: 1.1, unasked: true}),
			},
		},
		Constants: []checks.Constant[certified]{
			{
				Name: "step", Why: "the step of the run alone: beyond 2/lambda_max(H(0)) the residual grows", At: []certified{steep}, Factors: []float64{1.1, 1.4, 2},
				Scaled: func(p certified, f float64) (checks.Instance, error) {
					return setupCertificate(p, spoiled{stride: f, unasked: true})
				},
			},
			{
				Name: "flip-budget", Why: "so many active neurons go that the eigenvalue falls below its floor", At: []certified{planted}, Factors: []float64{1.03, 1.1, 1.3},
				Scaled: func(p certified, f float64) (checks.Instance, error) {
					return setupCertificate(p, spoiled{budget: f, unasked: true})
				},
			},
		},
	}
}

func setupCertificate(p certified, s spoiled) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	largest := 2 * (1 - 2*p.Theta) / (1 - p.Theta) / (q.s * q.s)
	eta := p.Step * largest
	c := (1 - p.Theta) * (1 - p.Theta) * (1 - p.Step) * largest * q.s * q.s
	norm := q.labelNorm
	if p.Fill > 0 { // bounds.CertificateWidth at small steps, solved for e0 at the width at hand
		norm = math.Sqrt(p.Fill*float64(p.M)*math.Pi/8) * c * p.Theta * p.Theta * math.Pow(q.lambda0.Value, 2) / (q.s * q.s * q.s)
	}
	inst := p.run(q, norm, eta,
		func(in bounds.Instance) (bounds.Certificate, error) { return bounds.Certify(in, p.Theta) },
		func(least eig.Certified) checks.Hypothesis {
			return checks.Require("lambda_min(H(0)) proved positive", least.Lower(), checks.AtLeast, math.SmallestNonzeroFloat64)
		}, s)
	inst.Facts = append(inst.Facts, checks.NewFact("expected width", bounds.CertificateWidth(q.s, norm, q.lambda0.Value, p.Theta)))
	return inst, nil
}

// certificatePaper is the certificate at the rate of the paper.
//
// Setting: as in certificate.
//
// Hypotheses: on the draw, lambda_min(H(0)) >= (3/4) lambda_0, and phat(R) <= 0.025255 lambda_0/S^2 or q(R) <= lambda_0/(4 S^2) at
// R = 4 S e0/(sqrt m lambda_0); eta <= 0.55/S^2. Draws that miss one are skipped and counted.
//
// Conclusion: ||e_{k+1}||^2 <= (1 - eta lambda_0/2) ||e_k||^2 for all k, no neuron moves farther than 4 S e0/(sqrt m lambda_0), and
// lambda_min(H(k)) >= lambda_0/2; measured as in certificate.
//
// Constants: derived; proof in bounds.CertifyPaper.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: derived here; the rate of Du et al. (2019), Theorem 4.1.
//
// Control: labels +-20 at width 100, a step of 2.5/lambda_max, three times the rate, a third of the movement, and a tenth more fragile neurons than q allows.
//
// Loose: on purpose, to have the rate and the movement of the paper. At the least eigenvalue that the hypotheses allow, lambda_0/2, a step loses
// 2 eta lambda_0/2 less the square of it, 1.9 times what is claimed at eta = 0.55/S^2 for one input, and the movement is half of the bound. With
// lambda_max(H) = S^2 the step may be 3.5 times as long before it loses less than claimed. certificate is sharp.
func certificatePaper() checks.Claim[certified] {
	setup := func(p certified, s spoiled) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		eta := p.Step * 0.55 * (1 - 1e-12) / (q.s * q.s)
		norm := q.labelNorm
		if p.Fill > 0 { // the expected share of fragile neurons, R sqrt(2/pi) at R = 4 S e0/(sqrt m lambda_0), is Fill of the allowed one
			allowed := bounds.FlipBudget(q.lambda0.Lower(), q.s)
			norm = p.Fill * allowed * math.Sqrt(math.Pi/2) * math.Sqrt(float64(p.M)) * q.lambda0.Value / (4 * q.s)
		}
		return p.run(q, norm, eta,
			func(in bounds.Instance) (bounds.Certificate, error) {
				return bounds.CertifyPaper(in, q.lambda0.Lower())
			},
			func(least eig.Certified) checks.Hypothesis {
				return checks.Require("lambda_min(H(0))", least.Lower(), checks.AtLeast, 0.75*q.lambda0.Upper())
			}, s), nil
	}
	spoil := func(s spoiled) func(certified) (checks.Instance, error) {
		return func(p certified) (checks.Instance, error) { return setup(p, s) }
	}
	wide := certified{Data: data.Spec{Kind: data.Sphere, N: 5, D: 3, Seed: 1, LabelScale: 20}, M: 100, Step: 0.5, Steps: 200}
	small := certified{Data: data.Spec{Kind: data.Sphere, N: 4, D: 30, Seed: 1, LabelScale: 0.003}, M: 4000, Step: 0.5, Steps: 20}
	// 1501 of 4000 neurons active: just above (3/4) lambda_0, and a third of them the budget.
	planted := certified{Data: one(-1e-6), M: 4000, Step: 1, Steps: 40, Active: 1501, Fragile: 499}
	full, four := planted, planted
	full.Active, full.Fragile, full.Steps = 4000, 0, 5 // lambda_max(H) = S^2
	four.Data, four.Fragile, four.Slow = data.Spec{Kind: data.Basis, N: 4, D: 4, LabelScale: 1e-6}, 0, true
	grid := []certified{
		planted, full, four,
		{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 2000, Step: 1, Fill: 0.4, Steps: 60},
		{Data: data.Spec{Kind: data.Orthonormal, N: 4, D: 8, Seed: 1}, M: 4000, Step: 1, Fill: 0.4, Steps: 60, Slow: true},
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 30, Seed: 1}, M: 6000, Step: 0.8, Fill: 0.4, Steps: 60},
	}
	for _, s := range pictures(3, 49) {
		grid = append(grid, certified{Data: s, M: 10000, Step: 1, Fill: 0.2, Steps: 40})
	}
	return checks.Claim[certified]{
		ID: "du2019/certificate-paper-rate", Title: "certificate at the rate of the paper", Reference: "Theorem 4.1, made deterministic here",
		Formula:    `\hat p\left(\frac{4\|X\|_2 e_0}{\sqrt m\,\lambda_0}\right) \le \frac{0.025255\lambda_0}{\|X\|_2^2} \text{ or } q(\cdot) \le \frac{\lambda_0}{4\|X\|_2^2} \Rightarrow \|e_k\|^2 \le (1-\tfrac{\eta\lambda_0}{2})^k e_0^2`,
		Convention: convention + "; antisymmetric start", Basis: checks.Derived, Form: checks.Always{}, Version: 3,
		Space: rapid.Custom(func(t *rapid.T) certified {
			n := rapid.IntRange(1, 3).Draw(t, "n")
			return certified{
				Data: data.Spec{Kind: data.Orthonormal, N: n, D: rapid.IntRange(n, 6).Draw(t, "d"), Seed: rapid.Uint64Range(0, 1<<16).Draw(t, "seed"),
					Labels: rapid.SampledFrom([]string{data.Alternate, data.Normal}).Draw(t, "labels")},
				M: 2 * rapid.IntRange(800, 2000).Draw(t, "pairs"), Step: rapid.Float64Range(0.1, 1).Draw(t, "step"),
				Fill: rapid.Float64Range(0.05, 0.6).Draw(t, "fill"), Steps: 20,
			}
		}),
		Grid: grid,
		OnData: func(f checks.DataFile) []certified {
			return []certified{{Data: file(f, 3), M: 10000, Step: 1, Fill: 0.2, Steps: 40}}
		},
		Cost: func(p certified) checks.Cost { return p.cost() }, Setup: spoil(spoiled{}),
		Controls: []checks.Control[certified]{
			{
				Name: "large-labels", Why: "a narrow network that has far to go leaves the ball of the certificate",
				At: []certified{wide}, Setup: spoil(spoiled{unasked: true, trials: 24}),
			},
			{
				Name: "step-beyond-two-over-lambda-max", Why: "a step of 2.5/lambda_max(H(0)) amplifies the leading mode",
				At: []certified{small}, Setup: spoil(spoiled{unstable: 2.5, unasked: true, trials: 4}),
			},
			{
				Name: "faster-rate", Why: "a step loses 1.9 times what is claimed", At: []certified{planted}, Setup: spoil(spoiled{speed: 3}),
			},
			{
				Name: "smaller-movement", Why: "neurons move half of the bound", At: []certified{planted}, Setup: spoil(spoiled{still: 3}),
			},
			{
				Name: "more-fragile-neurons", Why: "less than lambda_0/2 is left",
				At: []certified{planted}, Setup: spoil(spoiled{budget: 1.1, unasked: true}),
			},
		},
		Constants: []checks.Constant[certified]{
			{
				Name: "flip-budget", Why: "so many active neurons may go that less than lambda_0/2 is left", At: []certified{planted}, Factors: []float64{1.02, 1.1, 1.3},
				Scaled: func(p certified, f float64) (checks.Instance, error) {
					return setup(p, spoiled{budget: f, unasked: true})
				},
			},
			{
				Name: "step", Why: "the step of the run alone: beyond 2/lambda_max(H(0)) the residual grows", At: []certified{full}, Factors: []float64{2.5, 3.6, 5},
				Scaled: func(p certified, f float64) (checks.Instance, error) {
					return setup(p, spoiled{stride: f, unasked: true})
				},
			},
		},
		Detects: map[string]float64{"rate": 1.95, "movement": 2.2, "step": 3.6},
	}
}
