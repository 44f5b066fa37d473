package du2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
)

// initial are the parameters of a claim about the outputs at the start.
type initial struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Kappa float64   `json:"kappa"` // w_r ~ N(0, kappa^2 I)
	Delta float64   `json:"delta,omitempty"`
}

func initialCost(p initial) checks.Cost {
	n, d := dims(p.Data)
	k := min(n, d)
	return checks.Cost{Setup: 60 * n * n * (n + d), Trial: float64(p.M) * (12*k + 2*n*k + 60), Size: fmt.Sprintf("m=%d", p.M)}
}

// initial is the law of the start; onesInit is its sabotage, with a_r = +1.
func (p initial) initial(q *problem, output nets.OutputLaw) nets.Init {
	in := nets.NTK(p.M, q.k)
	in.Kappa, in.Output = p.Kappa, output
	return in
}

const onesWhy = "output weights all +1 do not cancel: the output grows like sqrt m"

// initialResidual is the exact mean of the loss at the start.
//
// Setting: w_r ~ N(0, kappa^2 I), a_r = +-1 independent, unit inputs, any labels.
//
// Hypotheses: none: every width m >= 1.
//
// Conclusion: E||u(0) - y||^2 = ||y||^2 + n kappa^2/2, checked to 8 percent.
//
// Constants: derived; E a_r a_s = 0 for r != s and E relu(kappa z)^2 = kappa^2/2. The paper prints sum_i (y_i^2 + 1), with an equals sign, where an upper
// bound is meant.
//
// Convention: NTK scaling.
//
// Reference: derived here; inside the proof of Du et al. (2019), Theorem 3.2.
//
// Control: a_r = +1; the printed value.
func initialResidual() checks.Claim[initial] {
	setup := func(p initial, output nets.OutputLaw, printed bool) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		want := bounds.InitialLossMean(q.labelNorm, q.n, p.Kappa)
		if printed {
			want = q.labelNorm*q.labelNorm + float64(q.n)
		}
		in := p.initial(q, output)
		const starts = 128 // a trial: the square of an output has heavy tails
		// u is symmetric, so that ||u||^2 and u.y are uncorrelated. The deviations of the u_i^2 at most add up, each of
		// variance E u_i^4 - kappa^4/4; and Var(2 u.y) <= 4 ||y||^2 n kappa^2/2.
		squares, n := math.Pow(p.Kappa, 2), float64(q.n)
		variance := n*n*squares*squares*(0.5+0.75/float64(p.M)) + 2*n*squares*q.labelNorm*q.labelNorm
		return checks.Instance{
			Facts: q.facts(checks.NewFact("width run", float64(p.M)), checks.NewFact("bound of the paper", q.labelNorm*q.labelNorm+float64(q.n))),
			Terms: checks.Terms{Resolution: 0.08, Deviation: checks.Float(1.0001 * math.Sqrt(variance/starts))},
			Trial: func(r *rand.Rand) checks.Measurement {
				var sum float64
				for range starts {
					u := in.Draw(r).Output(q.x)
					for i, v := range u {
						sum += (v - q.set.Y[i]) * (v - q.set.Y[i])
					}
				}
				return checks.Measurement{Observed: sum / starts, Predicted: want, Relation: checks.Equal}
			},
		}, nil
	}
	sphere := data.Spec{Kind: data.Sphere, N: 4, D: 8, Seed: 1}
	grid := []initial{
		{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 1, Kappa: 1.7}, {Data: sphere, M: 2, Kappa: 1.7}, {Data: sphere, M: 5, Kappa: 1.7}, {Data: sphere, M: 50, Kappa: 1},
	}
	for _, s := range pictures(4, 49) {
		grid = append(grid, initial{Data: s, M: 20, Kappa: 1})
	}
	return checks.Claim[initial]{
		ID: "du2019/initial-residual", Title: "mean loss at the start", Reference: "proof of Theorem 3.2, corrected",
		Formula:    `\operatorname{E}\|u(0)-y\|^2 = \|y\|^2 + \frac{n\kappa^2}{2}`,
		Convention: convention + "; w_r ~ N(0, kappa^2 I)", Basis: checks.Derived, Form: checks.Mean{}, Version: 2,
		Grid: grid, OnData: func(f checks.DataFile) []initial {
			return []initial{{Data: file(f, 8), M: 20, Kappa: 1}}
		},
		Cost: func(p initial) checks.Cost {
			c := initialCost(p)
			c.Trial *= 128
			return c
		},
		Setup: func(p initial) (checks.Instance, error) { return setup(p, nets.Signs, false) },
		Controls: []checks.Control[initial]{{
			Name: "ones", Why: onesWhy, At: []initial{{Data: sphere, M: 50, Kappa: 1}},
			Setup: func(p initial) (checks.Instance, error) { return setup(p, nets.Ones, false) },
		}, {
			Name: "printed", Printed: `Proof of Theorem 3.2: $\operatorname{E}\|y-u(0)\|^2 = \sum_i (y_i^2 + 1)$, with an equals sign`, Why: "each output has the mean square 1/2, not 1", At: []initial{{Data: sphere, M: 50, Kappa: 1}},
			Setup: func(p initial) (checks.Instance, error) { return setup(p, nets.Signs, true) },
		}},
	}
}

// tail are the parameters of the tail of one output.
type tail struct {
	M int     `json:"m"`
	T float64 `json:"t"`
}

// outputTail is the tail of one output at the start.
//
// Setting: w_r ~ N(0, I), a_r = +-1 independent, one unit input.
//
// Hypotheses: t > 0, as at t = 0 the output that no neuron reaches counts on the left; any width.
//
// Conclusion: P(|u(0)| >= t) = sum_k binom(m, k) 2^{-m} erfc(t sqrt(m/(2k))), which is at most exp(-t^2/2). The frequency is checked to 10 percent.
//
// Constants: derived; exact. Given the number k of active neurons, their a_r relu(w_r.x) are independent N(0, 1), so that u(0) is N(0, k/m); and
// erfc(t sqrt(m/(2k))) <= exp(-t^2/2) as k <= m. So ||u(0)|| <= sqrt(2 n ln(2n/delta)) with probability at least 1 - delta for n inputs, as
// descent-derived has it. A frequency lies in [0, 1].
//
// Convention: NTK scaling, kappa = 1.
//
// Reference: derived here.
//
// Control: a_r = +1, where u(0) grows like sqrt m; the Gaussian limit erfc(t) at width 1.
func outputTail() checks.Claim[tail] {
	setup := func(p tail, output nets.OutputLaw, law func(m int, t float64) float64) (checks.Instance, error) {
		in := nets.NTK(p.M, 1)
		in.Output = output
		x := mat.NewDense(1, 1, []float64{1})
		want := law(p.M, p.T)
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.RequireThat("t > 0", p.T > 0)},
			Facts:      []checks.Fact{checks.NewFact("width run", float64(p.M)), checks.NewFact("bound exp(-t^2/2)", bounds.OutputTail(p.T)/2)},
			Terms:      checks.Terms{Resolution: 0.1, Range: &[2]checks.Float{0, 1}},
			Trial: func(r *rand.Rand) checks.Measurement {
				hits := 0
				for range starts {
					if math.Abs(in.Draw(r).Output(x)[0]) >= p.T {
						hits++
					}
				}
				return checks.Measurement{Observed: float64(hits) / starts, Predicted: want, Relation: checks.Equal}
			},
		}, nil
	}
	return checks.Claim[tail]{
		ID: "du2019/output-tail", Title: "tail of one output at the start", Reference: "derived here",
		Formula:    `\Pr[|u_i(0)| \ge t] = \sum_{k=1}^m \binom mk 2^{-m} \operatorname{erfc}(t\sqrt{m/(2k)}) \le e^{-t^2/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 2,
		Grid:  []tail{{M: 1, T: 0.5}, {M: 2, T: 0.4}, {M: 5, T: 0.5}, {M: 20, T: 0.5}},
		Cost:  func(p tail) checks.Cost { return checks.Cost{Trial: starts * (100*float64(p.M) + 300)} },
		Setup: func(p tail) (checks.Instance, error) { return setup(p, nets.Signs, bounds.OutputTailExact) },
		Controls: []checks.Control[tail]{
			{
				Name: "ones", Why: onesWhy, At: []tail{{M: 20, T: 0.5}},
				Setup: func(p tail) (checks.Instance, error) { return setup(p, nets.Ones, bounds.OutputTailExact) },
			},
			{
				Name: "gaussian-limit", Why: "one neuron has a tail of 0.159 at 1 where the Gaussian limit has 0.157 at 1, and 0.079 at 1.76 where it has 0.013",
				At: []tail{{M: 1, T: 1.76}},
				Setup: func(p tail) (checks.Instance, error) {
					return setup(p, nets.Signs, func(_ int, t float64) float64 { return math.Erfc(t) })
				},
			},
		},
	}
}

// angle are the parameters of a claim about two inputs at an angle.
type angle struct {
	Degrees float64 `json:"degrees"`
	M       int     `json:"m"`
	Kappa   float64 `json:"kappa"`
}

func (p angle) build() (*problem, error) {
	return build(data.Spec{Kind: data.Angles, Angles: []float64{0, p.Degrees * math.Pi / 180}})
}

const (
	starts       = 400        // networks a trial, where single ones are too noisy for a mean
	fourthStarts = 4 * starts // for fourth powers, which are skewed
)

func angleCost(p angle) checks.Cost {
	return checks.Cost{Trial: starts * (100*float64(p.M) + 300)}
}

// productDeviation is the standard deviation of u(x) u(x') at the start, whose mean is want. With
// J = E relu(z)^2 relu(z')^2, the arc-cosine kernel of degree 2, and k = want/kappa^2, pairing the neurons of the four
// factors gives E u(x)^2 u(x')^2 = kappa^4 (J/m + (1 - 1/m)(1/4 + 2 k^2)).
func (p angle) productDeviation(want float64) float64 {
	sin, cos := math.Sincos(p.Degrees * math.Pi / 180)
	theta, m, squares := p.Degrees*math.Pi/180, float64(p.M), p.Kappa*p.Kappa
	j, k := (3*sin*cos+(math.Pi-theta)*(1+2*cos*cos))/(2*math.Pi), want/squares
	second := squares * squares * (j/m + (1-1/m)*(0.25+2*k*k))
	return 1.0001 * math.Sqrt(second-want*want)
}

// fourthDeviation is the standard deviation of u(x)^4 at the start: E relu(z)^2k = (2k-1)!!/2, and u(x) has the moments
// of N(0, K/m) for K active neurons, binomial(m, 1/2), so that E u^8 = 105 kappa^8 E K^4/m^4.
func fourthDeviation(m int, kappa float64) float64 {
	w := float64(m)
	eighth := 105. / 16 * (1 + 6/w + 3/(w*w) - 2/(w*w*w))
	fourth := bounds.OutputFourthMoment(m, 1)
	return 1.0001 * math.Pow(kappa, 4) * math.Sqrt(eighth-fourth*fourth)
}

// outputCovariance is the covariance of the outputs at the start.
//
// Setting: w_r ~ N(0, kappa^2 I), a_r = +-1 independent, two unit inputs with x.x' = t.
//
// Hypotheses: none: every width.
//
// Conclusion: E u(x) u(x') = kappa^2 (sqrt(1-t^2) + t(pi - arccos t))/(2 pi), checked to 8 percent.
//
// Constants: derived; E relu(w.x) relu(w.x'), the arc-cosine kernel of degree 1.
//
// Convention: NTK scaling.
//
// Reference: derived here.
//
// Control: a_r = +1.
func outputCovariance() checks.Claim[angle] {
	setup := func(p angle, output nets.OutputLaw) (checks.Instance, error) {
		q, err := p.build()
		if err != nil {
			return checks.Instance{}, err
		}
		in := nets.NTK(p.M, q.k)
		in.Kappa, in.Output = p.Kappa, output
		want := p.Kappa * p.Kappa * kernel.ReLUFeature().At(math.Cos(p.Degrees*math.Pi/180))
		return checks.Instance{
			Terms: checks.Terms{Resolution: 0.08, Deviation: checks.Float(p.productDeviation(want) / math.Sqrt(starts))},
			Trial: func(r *rand.Rand) checks.Measurement {
				var sum float64
				for range starts {
					u := in.Draw(r).Output(q.x)
					sum += u[0] * u[1]
				}
				return checks.Measurement{Observed: sum / starts, Predicted: want, Relation: checks.Equal}
			},
		}, nil
	}
	return checks.Claim[angle]{
		ID: "du2019/output-covariance", Title: "covariance of the outputs at the start", Reference: "derived here",
		Formula:    `\operatorname{E} u_i(0)u_j(0) = \kappa^2 \frac{\sqrt{1-t^2} + t(\pi-\arccos t)}{2\pi},\quad t = x_i \cdot x_j`,
		Convention: convention + "; w_r ~ N(0, kappa^2 I)", Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []angle{{Degrees: 60, M: 1, Kappa: 1}, {Degrees: 90, M: 3, Kappa: 1.7}, {Degrees: 45, M: 10, Kappa: 1}},
		Cost: angleCost, Setup: func(p angle) (checks.Instance, error) { return setup(p, nets.Signs) },
		Controls: []checks.Control[angle]{{
			Name: "ones", Why: onesWhy, At: []angle{{Degrees: 60, M: 10, Kappa: 1}},
			Setup: func(p angle) (checks.Instance, error) { return setup(p, nets.Ones) },
		}},
	}
}

// outputFourth is the fourth moment of one output, which says how Gaussian it is.
//
// Setting: w_r ~ N(0, kappa^2 I), a_r = +-1 independent, one unit input.
//
// Hypotheses: none: every width.
//
// Conclusion: E u^4 = (3/4)(1 + 1/m) kappa^4, checked to 10 percent; a Gaussian of the same variance has 3/4 kappa^4.
//
// Constants: derived in bounds.OutputFourthMoment; it says how fast the output becomes Gaussian.
//
// Convention: NTK scaling.
//
// Reference: derived here.
//
// Control: the Gaussian value at m = 1, where the moment is twice that.
func outputFourth() checks.Claim[angle] {
	setup := func(p angle, limit bool) (checks.Instance, error) {
		in := nets.NTK(p.M, 1)
		in.Kappa = p.Kappa
		want := bounds.OutputFourthMoment(p.M, p.Kappa)
		if limit {
			want = 0.75 * math.Pow(p.Kappa, 4)
		}
		x := mat.NewDense(1, 1, []float64{1})
		return checks.Instance{
			Terms: checks.Terms{Resolution: 0.1, Deviation: checks.Float(fourthDeviation(p.M, p.Kappa) / math.Sqrt(fourthStarts))},
			Trial: func(r *rand.Rand) checks.Measurement {
				var sum float64
				for range fourthStarts {
					u := in.Draw(r).Output(x)[0]
					sum += u * u * u * u
				}
				return checks.Measurement{Observed: sum / fourthStarts, Predicted: want, Relation: checks.Equal}
			},
		}, nil
	}
	return checks.Claim[angle]{
		ID: "du2019/output-fourth-moment", Title: "outputs at the start are nearly Gaussian", Reference: "derived here",
		Formula:    `\operatorname{E} u_i(0)^4 = \tfrac34\left(1+\tfrac1m\right)\kappa^4`,
		Convention: convention + "; w_r ~ N(0, kappa^2 I)", Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []angle{{M: 1, Kappa: 1}, {M: 3, Kappa: 1.3}, {M: 20, Kappa: 1}},
		Cost: func(p angle) checks.Cost {
			c := angleCost(p)
			c.Trial *= fourthStarts / starts
			return c
		}, Setup: func(p angle) (checks.Instance, error) { return setup(p, false) },
		Controls: []checks.Control[angle]{{
			Name: "gaussian-at-width-one", Why: "one neuron has twice the fourth moment of its Gaussian limit",
			At:    []angle{{M: 1, Kappa: 1}},
			Setup: func(p angle) (checks.Instance, error) { return setup(p, true) },
		}},
	}
}
