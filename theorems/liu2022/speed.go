package liu2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/train"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// A conditionNumber is the quadratic (1/2)(x_1^2/kappa + x_2^2).
type conditionNumber struct {
	Kappa float64 `json:"kappa"`
}

// quadratic is the network a w.x with one linear neuron on the inputs (lambda_i^{1/2}) e_i and zero labels, whose
// Gram matrix is diag(lambda). Its residuals fall to the smallest numbers without a rounding floor.
func quadratic(lambda, start []float64, opt train.Options) (*train.Descent, error) {
	n := len(lambda)
	x, w := mat.NewDense(n, n, nil), mat.NewDense(1, n, nil)
	for i, l := range lambda {
		x.Set(i, i, math.Sqrt(l))
		w.Set(0, i, start[i]/math.Sqrt(l))
	}
	net := &nets.Network{W: w, A: []float64{1}, Act: nets.Identity(), Scale: 1}
	return train.NewDescent(net, x, make([]float64, n), opt)
}

// rates compares how fast the methods contract.
//
// Setting: a spectrum with the ends 1/kappa and 1, s = sqrt kappa; descent with eta = 1, heavy ball with eta = 1 and
// beta = (1 - 1/(2s))^2, Nesterov's method with eta = 1/2 and beta = (3s-2)/(3s+2); rho the factor by which a residual shrinks per
// step in the end.
//
// Hypotheses: none.
//
// Conclusion: 1 - rho is 1/kappa for descent, 1/(2s) for heavy ball and 1 - sqrt(beta (1 - 1/(2 kappa))) for Nesterov's method. So
// heavy ball is s/2 times as fast as descent, and Nesterov's method at least 4/3 times as fast as heavy ball and 2s/3 times as descent.
//
// Constants: derived; the last two follow from 1 - rho >= 2/(3s), where equality is approached as kappa grows. The rho of momentum
// is the larger root of z^2 - a z + b, of which a and b are measured from four successive residuals of the slowest mode. Tolerance: 1e-9 of rho,
// beside 1 - rho >= 1e-4.
//
// Convention: 1 - rho is compared, and not rho, of which all methods have nearly the same.
//
// Reference: derived here.
//
// Control: heavy ball and descent with 1.03 of their speeds; Nesterov's method claimed to be 1.4 times as fast as heavy ball and
// 0.7 s times as fast as descent; descent at kappa = 2, of which momentum is claimed to be the faster one.
func rates() checks.Claim[conditionNumber] {
	setup := func(own, overHeavy, overDescent float64) func(conditionNumber) (checks.Instance, error) {
		return func(p conditionNumber) (checks.Instance, error) { return ratesSetup(p, own, overHeavy, overDescent) }
	}
	grid := []conditionNumber{{1.1}, {2}, {4}, {10}, {100}, {1000}, {1e4}}
	return checks.Claim[conditionNumber]{
		ID: "liu2022/rates", Title: "descent, heavy ball and Nesterov's method", Reference: "derived here",
		Formula:    `1-\rho_{\mathrm{GD}} = \frac1\kappa, \quad 1-\rho_{\mathrm{HB}} = \frac{1}{2\sqrt\kappa}, \quad 1-\rho_{\mathrm{NAG}} \ge \tfrac43 (1-\rho_{\mathrm{HB}})`,
		Convention: "lambda_max = 1", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) conditionNumber {
			return conditionNumber{math.Pow(10, rapid.Float64Range(0.01, 4).Draw(t, "log10 kappa"))}
		}),
		Grid:  grid,
		Cost:  func(conditionNumber) checks.Cost { return checks.Cost{Trial: 3e4} },
		Setup: setup(1, 1, 1),
		Controls: []checks.Control[conditionNumber]{{
			Name: "faster-alone", Why: "the rates are exact", At: grid[2:4], Setup: setup(1.03, 1, 1),
		}, {
			Name: "faster-than-heavy-ball", Why: "the ratio tends to 4/3", At: grid[4:], Setup: setup(1, 1.05, 1),
		}, {
			Name: "faster-than-descent", Why: "the ratio tends to 2s/3", At: grid[4:], Setup: setup(1, 1, 1.05),
		}, {
			Name: "momentum-at-kappa-two", Why: "below kappa = 2.164 descent is the faster one", At: []conditionNumber{{2}, {1.1}}, Setup: func(p conditionNumber) (checks.Instance, error) {
				return ratesSetup(p, 1, 1, 3/(2*math.Sqrt(p.Kappa)))
			},
		}},
	}
}

func ratesSetup(p conditionNumber, own, overHeavy, overDescent float64) (checks.Instance, error) {
	if !(p.Kappa >= 1) {
		return checks.Instance{}, fmt.Errorf("kappa = %v: give at least 1", p.Kappa)
	}
	s := math.Sqrt(p.Kappa)
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("sqrt kappa", s)},
		Trial: func(r *rand.Rand) checks.Measurement {
			start := []float64{r.NormFloat64(), r.NormFloat64()}
			speed := map[string]float64{}
			var parts []checks.Measurement
			for _, method := range []string{descent, heavyBall, nesterov} {
				t, err := tune(method, 1/p.Kappa, 1)
				if err != nil {
					return checks.Failed(err)
				}
				rho, err := slowest(method, t, p.Kappa, start)
				if err != nil {
					return checks.Failed(err)
				}
				speed[method] = 1 - rho
				parts = append(parts, checks.Measurement{Part: method, Observed: 1 - rho, Predicted: own * (1 - t.Radius), Relation: checks.Equal, Tolerance: 1e-9})
			}
			const tol = 1e-6
			parts = append(parts,
				checks.Measurement{Part: "heavy ball over descent", Observed: speed[heavyBall] / speed[descent], Predicted: own * s / 2, Relation: checks.Equal, Tolerance: tol * (1 + s)},
				checks.Measurement{Part: "Nesterov over heavy ball", Observed: speed[nesterov] / speed[heavyBall], Predicted: overHeavy * 4 / 3, Relation: checks.AtLeast, Tolerance: tol},
				checks.Measurement{Part: "Nesterov over descent", Observed: speed[nesterov] / speed[descent], Predicted: overDescent * 2 * s / 3, Relation: checks.AtLeast, Tolerance: tol * (1 + s)})
			return checks.All(parts...)
		},
	}, nil
}

// slowest measures the factor per step on the mode of the smallest eigenvalue, from its first steps: the recursion
// x_{t+1} = a x_t - b x_{t-1} that they obey, and its larger root.
func slowest(method string, t bounds.Momentum, kappa float64, start []float64) (float64, error) {
	d, err := quadratic([]float64{1 / kappa, 1}, start, options(method, t))
	if err != nil {
		return 0, err
	}
	var x [4]float64
	for k := range x {
		x[k] = d.State().U[0]
		d.Step()
	}
	if t.Beta == 0 {
		return x[1] / x[0], nil
	}
	det := x[1]*x[1] - x[0]*x[2]
	a, b := (x[1]*x[2]-x[0]*x[3])/det, (x[2]*x[2]-x[1]*x[3])/det
	if disc := a*a/4 - b; disc > 0 { // real roots: the slower one
		return math.Abs(a)/2 + math.Sqrt(disc), nil
	}
	return math.Sqrt(b), nil
}

// A race runs a method against descent on quadratics of rising condition number.
type race struct {
	Method string `json:"method"`
}

// crossing locates the condition number from which momentum pays.
//
// Setting: as for rates; Gaussian starts.
//
// Hypotheses: none.
//
// Conclusion: Nesterov's method is faster than descent iff kappa > 2.16411, heavy ball iff kappa > 4. The ladder is in units of that
// number; Nesterov's method wins when its stacked residual is the smaller one after 700 steps, heavy ball after 2200.
//
// Constants: derived, see bounds.NesterovCrossing: sqrt(beta (1 - 1/(2 kappa))) = 1 - 1/kappa, and 1/(2s) = 1/kappa. For well-conditioned
// data, orthonormal inputs among them, momentum with these parameters is the slower method.
//
// Convention: lambda_max = 1; eta = 1/lmax for descent.
//
// Reference: derived here.
//
// Control: the crossing claimed at 0.92 and at 1.09 of the number, about twice what the ladder resolves.
func crossing() checks.Claim[race] {
	rungs := []float64{0.8, 0.94, 0.98, 1.02, 1.06, 1.25}
	// As many steps as the residuals stay above the smallest numbers for.
	steps := map[string]int{nesterov: 700, heavyBall: 2200}
	setup := func(location float64) func(race) (checks.Instance, error) {
		return func(p race) (checks.Instance, error) {
			at := map[string]float64{nesterov: bounds.NesterovCrossing, heavyBall: 4}[p.Method]
			if at == 0 {
				return checks.Instance{}, fmt.Errorf("method %q: use %q or %q", p.Method, nesterov, heavyBall)
			}
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("kappa of the crossing", at)},
				Terms: checks.Terms{Location: checks.Float(location), Resolution: 0.025, Trials: 40},
				Trial: func(r *rand.Rand) checks.Measurement {
					start := []float64{r.NormFloat64(), r.NormFloat64()}
					var ladder []checks.Rung
					for _, u := range rungs {
						var end [2]float64
						for i, method := range []string{descent, p.Method} {
							var err error
							if end[i], err = decay(method, u*at, start, steps[p.Method]); err != nil {
								return checks.Failed(err)
							}
						}
						rung := checks.Rung{Size: u}
						if end[1] < end[0] {
							rung.Value = 1
						}
						ladder = append(ladder, rung)
					}
					return checks.Measurement{Ladder: ladder}
				},
			}, nil
		}
	}
	return checks.Claim[race]{
		ID: "liu2022/crossing", Title: "the condition number from which momentum pays", Reference: "derived here",
		Formula:    `\rho_{\mathrm{NAG}} < \rho_{\mathrm{GD}} \iff \kappa > 2.164, \qquad \rho_{\mathrm{HB}} < \rho_{\mathrm{GD}} \iff \kappa > 4`,
		Convention: "lambda_max = 1", Basis: checks.Derived, Form: checks.Threshold{}, Version: 1,
		Grid:  []race{{nesterov}, {heavyBall}},
		Cost:  func(p race) checks.Cost { return checks.Cost{Trial: float64(len(rungs)*2*steps[p.Method]) * 100} },
		Setup: setup(1),
		Controls: []checks.Control[race]{
			{Name: "earlier", Why: "descent still wins at 0.98 of the number", At: []race{{nesterov}, {heavyBall}}, Setup: setup(0.92)},
			{Name: "later", Why: "momentum already wins at 1.02 of the number", At: []race{{nesterov}, {heavyBall}}, Setup: setup(1.09)},
		},
	}
}

// decay is the norm of (e(T), e(T-1)).
func decay(method string, kappa float64, start []float64, steps int) (float64, error) {
	t, err := tune(method, 1/kappa, 1)
	if err != nil {
		return 0, err
	}
	d, err := quadratic([]float64{1 / kappa, 1}, start, options(method, t))
	if err != nil {
		return 0, err
	}
	before := 0.0
	for range steps {
		before = d.State().Norm
		d.Step()
	}
	return math.Hypot(before, d.State().Norm), nil
}
