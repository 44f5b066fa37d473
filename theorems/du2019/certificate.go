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
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 2000, Theta: bounds.BestTheta, Step: 0.1, Fill: fill, Steps: 60},
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 2}, M: 2000, Theta: 0.2, Step: 0.9, Fill: fill, Steps: 60},
		// The labelled instances of card 00.6; the wide ones belong to the larger profiles.
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

// certificate is a deterministic convergence theorem for one network.
//
// Setting: gradient descent with step size eta on a network at any W(0), here antisymmetric (u(0) = 0), the labels small; s0 =
// lambda_min(H(0)), e0 = ||u(0) - y||, S = ||X||_2, theta in (0, 1/2), beta = 2(1-2 theta)/(1-theta) - eta S^2 > 0,
// c = (1-theta)^2 beta, R' = 2 S e0/(sqrt m c s0).
//
// Hypotheses: on the draw, s0 > 0 and S^2 phat(R') <= theta^2 s0, phat the largest share of neurons with |w_r(0).x_i| <= R'. Draws that
// miss it are skipped and counted.
//
// Conclusion: for all k, ||e_{k+1}||^2 <= (1 - eta c s0) ||e_k||^2, max_r ||w_r(k) - w_r(0)|| <= R', lambda_min(H(k)) >= (1-theta)^2 s0, and at
// most N_i(R') patterns flip on sample i. No probability, no hidden constant.
//
// Constants: derived; proof in bounds.Certificate. It needs about m >= 1001 S^6 e0^2/s0^4 at theta = 0.3048 and small steps.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: card 00.6, derived; the argument of Du et al. (2019), Theorem 4.1, without its union bounds.
//
// Control: labels +-20 at width 100 (the smallest eigenvalue falls below its floor), and a step of 2.5/lambda_max (the residual grows).
func certificate() checks.Claim[certified] {
	large := certified{Data: data.Spec{Kind: data.Sphere, N: 5, D: 3, Seed: 1, LabelScale: 20}, M: 100, Theta: bounds.BestTheta, Step: 0.16, Steps: 200}
	small := certified{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1, LabelScale: 0.003}, M: 2000, Theta: bounds.BestTheta, Step: 0.5, Steps: 20}
	return checks.Claim[certified]{
		ID: "du2019/certificate", Title: "convergence certificate for one network", Reference: "Theorem 4.1 made deterministic (card 00.6)",
		Formula:    `\|X\|_2^2 \hat p(R') \le \theta^2 s_0 \Rightarrow \|e_{k+1}\|^2 \le (1-\eta c s_0)\|e_k\|^2,\ \lambda_{\min}(H(k)) \ge (1-\theta)^2 s_0`,
		Convention: convention + "; antisymmetric start", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: certifiedSpace(0.6), Grid: certifiedGrid(0.4),
		OnData: func(f checks.DataFile) []certified {
			return []certified{{Data: file(f, 6), M: 2000, Theta: bounds.BestTheta, Step: 0.5, Fill: 0.4, Steps: 60}}
		},
		Cost:  func(p certified) checks.Cost { return p.cost() },
		Setup: func(p certified) (checks.Instance, error) { return setupCertificate(p, 0, 0) },
		Controls: []checks.Control[certified]{
			{
				Name: "large-labels", Why: "a narrow network that has far to go leaves the ball and its Gram matrix degenerates",
				At:    []certified{large},
				Setup: func(p certified) (checks.Instance, error) { return setupCertificate(p, 0, 24) },
			},
			{
				Name: "step-beyond-two-over-lambda-max", Why: "a step of 2.5/lambda_max(H(0)) amplifies the leading mode",
				At:    []certified{small},
				Setup: func(p certified) (checks.Instance, error) { return setupCertificate(p, 2.5, 4) },
			},
		},
	}
}

// setup of the certificate. A positive unstable sets the step to so much over lambda_max(H(0)) and leaves the
// certificate at its own step; a positive trials overrules the profile.
func setupCertificate(p certified, unstable float64, trials int) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	largest := 2 * (1 - 2*p.Theta) / (1 - p.Theta) / (q.s * q.s)
	eta := p.Step * largest
	c := (1 - p.Theta) * (1 - p.Theta) * (1 - p.Step) * largest * q.s * q.s
	s2 := q.s * q.s
	// bounds.CertificateWidth at small steps, solved for e0 at the width at hand.
	y := q.labels(math.Sqrt(p.Fill*float64(p.M)*math.Pi/8) * c * p.Theta * p.Theta * math.Pow(q.lambda0.Value, 2) / (s2 * q.s))
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{q.distinct()},
		Facts: q.facts(checks.NewFact("label norm", mat.Norm(mat.NewVecDense(q.n, y), 2)), checks.NewFact("width run", float64(p.M)),
			checks.NewFact("required width (expected)", bounds.CertificateWidth(q.s, mat.Norm(mat.NewVecDense(q.n, y), 2), q.lambda0.Value, p.Theta))),
		Terms: checks.Terms{Trials: trials},
		Trial: func(r *rand.Rand) checks.Measurement {
			net, b := q.draw(r, q.antisymmetric(p.M))
			h := mat.NewSymDense(q.n, nil)
			b.Gram(h, net, nets.FirstLayer)
			least, err := eig.Min(h)
			if err != nil {
				return checks.Failed(err)
			}
			e0 := mat.Norm(mat.NewVecDense(q.n, y), 2)
			cert, err := bounds.Certify(bounds.Instance{Width: p.M, S: q.s, LambdaMin0: least.Lower(), Residual0: e0, Step: eta}, p.Theta)
			if err != nil { // s0 is not positive: the theorem is silent
				start := checks.Require("lambda_min(H(0)) proved positive", least.Lower(), checks.AtLeast, math.SmallestNonzeroFloat64)
				if start.Met() {
					return checks.Failed(err)
				}
				return checks.Measurement{Predicted: 1, Hypotheses: []checks.Hypothesis{start}}
			}
			step := eta
			if unstable > 0 {
				step = unstable / largestEigenvalue(h)
			}
			return q.certified(net, b, y, step, p.Steps, cert)
		},
	}, nil
}

// certified runs gradient descent on a network with u(0) = 0 and compares it with a certificate.
func (q *problem) certified(net *nets.Network, b *nets.Batch, y []float64, eta float64, steps int, cert bounds.Certificate) checks.Measurement {
	m := net.Width()
	fragile := make([]int, q.n)
	b.Fragile(fragile, net, inflate(cert.Radius))
	phat := phat(fragile, m)
	rate := checks.Measurement{Predicted: cert.Rate, Part: "rate"}
	move := checks.Measurement{Predicted: cert.Radius, Tolerance: 1e-10 * cert.Radius, Part: "movement"}
	flips := checks.Measurement{Predicted: 0, Part: "flips"}
	least := checks.Measurement{Observed: math.Inf(1), Predicted: cert.LambdaMin, Relation: checks.AtLeast, Tolerance: 1e-13 * float64(q.n), Part: "eigenvalue"}
	var e0, before float64
	var at, loss, bound []float64
	err := q.descend(net, y, eta, steps, func(s *train.State) bool {
		if s.Step == 0 {
			e0 = s.Norm
		} else {
			// Outputs are sums of m terms of size at most |w|/sqrt m and their rounding does not shrink with the residual.
			noise := 1e-15 * float64(m) / before
			if ratio := (s.Norm / before) * (s.Norm / before); ratio-4*noise > rate.Observed {
				rate.Observed, rate.Tolerance = ratio, 4*noise
			}
		}
		before = s.Norm
		largest, _ := s.Movement()
		move.Observed = max(move.Observed, largest)
		if s.Step%5 == 0 || s.Step == steps {
			least.Observed = min(least.Observed, s.MinEig())
			per, _ := s.Flips()
			for i, f := range per {
				if part := (checks.Measurement{Observed: float64(f), Predicted: float64(fragile[i]), Part: "flips"}); part.Slack() < flips.Slack() {
					flips = part
				}
			}
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
	result := checks.All(rate, move, least, flips)
	result.Hypotheses = []checks.Hypothesis{checks.Require("share of fragile neurons", phat, checks.AtMost, cert.FlipBudget)}
	result.Series = lossSeries("step", at, loss, bound)
	return result
}

// certificatePaper is the certificate at the rate of the paper.
//
// Setting: as in certificate.
//
// Hypotheses: on the draw, lambda_min(H(0)) >= (3/4) lambda_0 and phat(4 S e0/(sqrt m lambda_0)) <= 0.025255 lambda_0/S^2; eta <= 0.55/S^2. Draws
// that miss one are skipped and counted.
//
// Conclusion: ||e_{k+1}||^2 <= (1 - eta lambda_0/2) ||e_k||^2 for all k, no neuron moves farther than 4 S e0/(sqrt m lambda_0), and
// lambda_min(H(k)) >= lambda_0/2.
//
// Constants: derived; proof in bounds.CertifyPaper.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: card 00.6, variant, derived; the rate of Du et al. (2019), Theorem 4.1.
//
// Control: labels +-20 at width 100, and a step of 2.5/lambda_max.
func certificatePaper() checks.Claim[certified] {
	setup := func(p certified, unstable float64, trials int) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		eta := p.Step * 0.55 * (1 - 1e-12) / (q.s * q.s)
		// The expected share of fragile neurons, R sqrt(2/pi) at R = 4 S e0/(sqrt m lambda_0), is Fill of the allowed one.
		allowed := bounds.FlipBudget(q.lambda0.Lower(), q.s)
		y := q.labels(p.Fill * allowed * math.Sqrt(math.Pi/2) * math.Sqrt(float64(p.M)) * q.lambda0.Value / (4 * q.s))
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{q.distinct()},
			Facts:      q.facts(checks.NewFact("label norm", mat.Norm(mat.NewVecDense(q.n, y), 2)), checks.NewFact("width run", float64(p.M))),
			Terms:      checks.Terms{Trials: trials},
			Trial: func(r *rand.Rand) checks.Measurement {
				net, b := q.draw(r, q.antisymmetric(p.M))
				h := mat.NewSymDense(q.n, nil)
				b.Gram(h, net, nets.FirstLayer)
				least, err := eig.Min(h)
				if err != nil {
					return checks.Failed(err)
				}
				e0 := mat.Norm(mat.NewVecDense(q.n, y), 2)
				cert, err := bounds.CertifyPaper(bounds.Instance{Width: p.M, S: q.s, LambdaMin0: least.Lower(), Residual0: e0, Step: eta}, q.lambda0.Lower())
				start := checks.Require("lambda_min(H(0))", least.Lower(), checks.AtLeast, 0.75*q.lambda0.Upper())
				switch {
				case err != nil && start.Met():
					return checks.Failed(err)
				case err != nil: // the theorem is silent on this draw
					return checks.Measurement{Predicted: 1, Hypotheses: []checks.Hypothesis{start}}
				}
				step := eta
				if unstable > 0 {
					step = unstable / largestEigenvalue(h)
				}
				m := q.certified(net, b, y, step, p.Steps, cert)
				m.Hypotheses = append(m.Hypotheses, start)
				return m
			},
		}, nil
	}
	wide := certified{Data: data.Spec{Kind: data.Sphere, N: 5, D: 3, Seed: 1, LabelScale: 20}, M: 100, Step: 0.5, Steps: 200}
	small := certified{Data: data.Spec{Kind: data.Sphere, N: 4, D: 30, Seed: 1, LabelScale: 0.003}, M: 4000, Step: 0.5, Steps: 20}
	grid := []certified{
		{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 2000, Step: 1, Fill: 0.4, Steps: 60},
		{Data: data.Spec{Kind: data.Orthonormal, N: 4, D: 8, Seed: 1}, M: 4000, Step: 1, Fill: 0.4, Steps: 60},
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 30, Seed: 1}, M: 6000, Step: 0.8, Fill: 0.4, Steps: 60},
	}
	for _, s := range pictures(3, 49) {
		grid = append(grid, certified{Data: s, M: 10000, Step: 1, Fill: 0.2, Steps: 40})
	}
	return checks.Claim[certified]{
		ID: "du2019/certificate-paper-rate", Title: "certificate at the rate of the paper", Reference: "Theorem 4.1 made deterministic (card 00.6, variant)",
		Formula:    `\hat p\left(\frac{4\|X\|_2 e_0}{\sqrt m\,\lambda_0}\right) \le \frac{0.025255\lambda_0}{\|X\|_2^2} \Rightarrow \|e_k\|^2 \le (1-\tfrac{\eta\lambda_0}{2})^k e_0^2`,
		Convention: convention + "; antisymmetric start", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
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
		Cost:  func(p certified) checks.Cost { return p.cost() },
		Setup: func(p certified) (checks.Instance, error) { return setup(p, 0, 0) },
		Controls: []checks.Control[certified]{
			{
				Name: "large-labels", Why: "a narrow network that has far to go leaves the ball of the certificate",
				At:    []certified{wide},
				Setup: func(p certified) (checks.Instance, error) { return setup(p, 0, 24) },
			},
			{
				Name: "step-beyond-two-over-lambda-max", Why: "a step of 2.5/lambda_max(H(0)) amplifies the leading mode",
				At:    []certified{small},
				Setup: func(p certified) (checks.Instance, error) { return setup(p, 2.5, 4) },
			},
		},
	}
}
