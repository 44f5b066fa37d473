package basics

import (
	"errors"
	"math"
	"math/cmplx"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/theorems/internal/curve"
)

// A heavyBall is heavy ball on a quadratic with largest eigenvalue 1.
type heavyBall struct {
	spectrum
	Step  float64 `json:"step"`  // eta lambda_max, in (0, 4)
	Above float64 `json:"above"` // momentum: threshold + Above (1 - threshold)
}

func (p heavyBall) beta(lmin float64) float64 {
	t := bounds.HeavyBallThreshold(p.Step, lmin, 1)
	return t + p.Above*(1-t)
}

func heavyBalls(above float64) *rapid.Generator[heavyBall] {
	return rapid.Custom(func(t *rapid.T) heavyBall {
		return heavyBall{
			spectrum: spectra(20).Draw(t, "spectrum"),
			Step:     rapid.Float64Range(0.01, 3.9).Draw(t, "step"),
			Above:    rapid.Float64Range(above, 1).Draw(t, "above"),
		}
	})
}

// block is the companion matrix [[a, -b], [1, 0]].
func block(a, b float64) *mat.Dense { return mat.NewDense(2, 2, []float64{a, -b, 1, 0}) }

// companionRadius is the spectral radius of a companion block by a general
// eigenvalue solver, and a bound on its error: Elsner's, which is a square root
// of rounding at a double root, or that of two simple eigenvalues.
func companionRadius(a, b float64) (radius, tolerance float64, err error) {
	block := block(a, b)
	var e mat.Eigen
	if !e.Factorize(block, mat.EigenNone) {
		return 0, 0, errors.New("the eigenvalues of a 2 x 2 block did not converge")
	}
	z := e.Values(nil)
	norm := mat.Norm(block, 2)
	backward := 16 * unit * norm
	simple := backward * (1 + (1+math.Abs(b))/cmplx.Abs(z[0]-z[1]))
	return math.Max(cmplx.Abs(z[0]), cmplx.Abs(z[1])), math.Min(math.Sqrt(2*norm*backward), simple), nil
}

// radiusOver is the largest radius over the eigenvalues, with the
// tolerance of the block that attains it.
func radiusOver(values []float64, block func(lambda float64) (a, b float64)) (radius, tolerance float64, err error) {
	radius = -1
	for _, l := range values {
		rho, tol, err := companionRadius(block(l))
		if err != nil {
			return 0, 0, err
		}
		radius, tolerance = math.Max(radius, rho), math.Max(tolerance, tol)
	}
	return radius, tolerance, nil
}

// companionTimes multiplies the 2 x 2 matrix p by the companion block from the left.
func companionTimes(a, b float64, p [4]float64) [4]float64 {
	return [4]float64{a*p[0] - b*p[2], a*p[1] - b*p[3], p[0], p[1]}
}

// norm2 is the spectral norm of a 2 x 2 matrix.
func norm2(p [4]float64) float64 {
	scale := math.Max(math.Max(math.Abs(p[0]), math.Abs(p[1])), math.Max(math.Abs(p[2]), math.Abs(p[3])))
	if scale == 0 {
		return 0
	}
	for i := range p {
		p[i] /= scale
	}
	// The singular values are half of |z1| +- |z2| with z1, z2 the rotation and
	// reflection parts.
	return scale * (math.Hypot(p[0]+p[3], p[2]-p[1]) + math.Hypot(p[0]-p[3], p[2]+p[1])) / 2
}

// heavyBallRadius is the spectral radius of heavy ball.
//
// Setting: heavy ball e_{k+1} = (1 + beta - eta H) e_k - beta e_{k-1} on a
// quadratic; per eigenvalue the block [[1 + beta - eta lambda, -beta], [1, 0]].
//
// Hypotheses: max_i (1 - sqrt(eta lambda_i))^2 <= beta <= 1.
//
// Conclusion: the spectral radius is exactly sqrt(beta). At eta = 4/(sqrt lmax +
// sqrt lmin)^2 and beta = ((s-1)/(s+1))^2, s = sqrt kappa, it is (s-1)/(s+1).
//
// Constants: sharp. Under the hypothesis the roots of z^2 - (1 + beta - eta
// lambda) z + beta are complex or double, so their modulus is the root of their
// product. The eigenvalues come from a general solver, whose error at a double
// root is a square root of rounding (Elsner's bound).
//
// Convention: lmax = 1.
//
// Reference: Polyak (1964); derived here.
//
// Control: with beta at 0.9 of the threshold an end of the spectrum has two real
// roots, of which one is larger than sqrt(beta).
func heavyBallRadius() checks.Claim[heavyBall] {
	setup := func(beta func(p heavyBall, lmin float64) float64) func(heavyBall) (checks.Instance, error) {
		return func(p heavyBall) (checks.Instance, error) {
			values, err := p.values()
			if err != nil {
				return checks.Instance{}, err
			}
			b := beta(p, values[0])
			best := bounds.HeavyBall(values[0], 1)
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{checks.NewFact("beta", b), checks.NewFact("threshold", bounds.HeavyBallThreshold(p.Step, values[0], 1)), checks.NewFact("best radius", best.Radius)},
				Trial: func(*rand.Rand) checks.Measurement {
					radius, tol, err := radiusOver(values, func(l float64) (float64, float64) { return bounds.HeavyBallBlock(p.Step, b, l) })
					if err != nil {
						return checks.Failed(err)
					}
					tuned, tunedTol, err := radiusOver(values, func(l float64) (float64, float64) { return bounds.HeavyBallBlock(best.Step, best.Beta, l) })
					if err != nil {
						return checks.Failed(err)
					}
					return checks.All(
						checks.Measurement{Part: "radius", Observed: radius, Predicted: math.Sqrt(b), Relation: checks.Equal, Tolerance: tol},
						checks.Measurement{Part: "best tuning", Observed: tuned, Predicted: best.Radius, Relation: checks.Equal, Tolerance: tunedTol},
					)
				},
			}, nil
		}
	}
	at := func(kappa, step, above float64) heavyBall {
		return heavyBall{spectrum{40, kappa, "geometric"}, step, above}
	}
	return checks.Claim[heavyBall]{
		ID: "basics/heavy-ball-radius", Title: "heavy ball has spectral radius √β",
		Reference:  "Polyak (1964); derived here",
		Formula:    `\rho(B) = \sqrt\beta \quad \text{if } \max_i (1-\sqrt{\eta\lambda_i})^2 \le \beta \le 1`,
		Convention: "lambda_max = 1",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: heavyBalls(0),
		Grid:  []heavyBall{at(10, 1, 0), at(100, 1, 0.5), at(100, 4/(1.1*1.1), 0), at(1e3, 3.5, 0.2), at(1e4, 1, 1)},
		Cost:  func(p heavyBall) checks.Cost { return checks.Cost{Trial: 1e4 * float64(p.N)} },
		Setup: setup(heavyBall.beta),
		Controls: []checks.Control[heavyBall]{{
			Name: "below-threshold", Why: "0.9 of the threshold leaves a real root above sqrt(beta)",
			At:    []heavyBall{at(10, 1, 0), at(100, 1, 0), at(1e3, 2, 0)},
			Setup: setup(func(p heavyBall, lmin float64) float64 { return 0.9 * p.beta(lmin) }),
		}},
	}
}

// heavyBallTransient bounds heavy ball at every step.
//
// Setting: heavy ball on a quadratic, z_k = (e_k, e_{k-1}), any start z_0.
//
// Hypotheses: h = min_i 4 beta - (1 + beta - eta lambda_i)^2 > 0 and beta <= 1.
//
// Conclusion: ||z_k|| <= 2(1+beta)/sqrt(h) beta^{k/2} ||z_0|| for every k.
//
// Constants: with roots r e^{+-i theta}, r = sqrt beta, the k-th power of a block
// is r^k/sin(theta) [[sin (k+1)theta, -r sin k theta], [sin(k theta)/r, -sin
// (k-1)theta]], whose norm is at most r^k (r + 1/r)/sin(theta), and
// sqrt(h) = 2 r sin(theta). h is concave in lambda: the ends of the spectrum
// decide. Measured is the norm of the powers, the worst case over z_0, and a
// run from a Gaussian z_0.
//
// Convention: lmax = 1.
//
// Reference: derived here.
//
// Control: without the factor in front the bound fails, since the blocks are not
// normal.
func heavyBallTransient() checks.Claim[heavyBall] {
	const steps = 200
	setup := func(constant func(c float64) float64) func(heavyBall) (checks.Instance, error) {
		return func(p heavyBall) (checks.Instance, error) {
			values, err := p.values()
			if err != nil {
				return checks.Instance{}, err
			}
			beta := p.beta(values[0])
			c := bounds.HeavyBallTransient(p.Step, beta, values[0], 1)
			bound := func(k int) float64 { return constant(c) * math.Pow(beta, float64(k)/2) }
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("all roots complex (h > 0)", !math.IsNaN(c))},
				Facts:      []checks.Fact{checks.NewFact("beta", beta), checks.NewFact("factor", c)},
				Trial: func(r *rand.Rand) checks.Measurement {
					var parts []checks.Measurement
					state := make([][2]float64, len(values))
					var z0 float64
					powers := make([][4]float64, len(values))
					for i := range state {
						state[i] = [2]float64{r.NormFloat64(), r.NormFloat64()}
						z0 = math.Hypot(z0, math.Hypot(state[i][0], state[i][1]))
						powers[i] = [4]float64{1, 0, 0, 1}
					}
					for k := 1; k <= steps; k++ {
						var z, worst float64
						for i, l := range values {
							a, b := bounds.HeavyBallBlock(p.Step, beta, l)
							powers[i] = companionTimes(a, b, powers[i])
							state[i] = [2]float64{a*state[i][0] - b*state[i][1], state[i][0]}
							z = math.Hypot(z, math.Hypot(state[i][0], state[i][1]))
							worst = math.Max(worst, norm2(powers[i]))
						}
						tol := 8*unit*float64(k+len(values))*bound(k) + underflow
						parts = append(parts,
							checks.Measurement{Part: "worst start", Observed: worst, Predicted: bound(k), Tolerance: tol},
							checks.Measurement{Part: "run", Observed: z / z0, Predicted: bound(k), Tolerance: tol})
					}
					return checks.Each(parts...)
				},
			}, nil
		}
	}
	at := func(kappa, step, above float64) heavyBall {
		return heavyBall{spectrum{10, kappa, "geometric"}, step, above}
	}
	return checks.Claim[heavyBall]{
		ID: "basics/heavy-ball-transient", Title: "heavy ball at every step, with its factor",
		Reference:  "derived here",
		Formula:    `\|z_k\| \le \frac{2(1+\beta)}{\sqrt h} \beta^{k/2} \|z_0\|`,
		Convention: "lambda_max = 1; z_k = (e_k, e_{k-1})",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: heavyBalls(1e-3),
		Grid:  []heavyBall{at(10, 1, 0.1), at(100, 1, 0.01), at(100, 1, 0.9), at(1e4, 3, 0.5)},
		Cost:  func(p heavyBall) checks.Cost { return checks.Cost{Trial: 200 * steps * float64(p.N)} },
		Setup: setup(func(c float64) float64 { return c }),
		Controls: []checks.Control[heavyBall]{{
			Name: "no-factor", Why: "the blocks are not normal: their powers first grow",
			At: []heavyBall{at(100, 1, 0.1)}, Setup: setup(func(float64) float64 { return 1 }),
		}},
	}
}

// A companion is the matrix [[a, -b], [1, 0]] and a number of powers.
type companion struct {
	A     float64 `json:"a"`
	B     float64 `json:"b"`
	Steps int     `json:"steps"`
}

// companionPower bounds the powers of every companion block.
//
// Setting: B = [[a, -b], [1, 0]] with spectral radius rho.
//
// Hypotheses: b >= 0.
//
// Conclusion: ||B^k||_2 <= rho^k + k rho^{k-1} (1 + b) for every k >= 1.
//
// Constants: Schur form B = Q (D + N) Q^* with |D| = rho and |N|^2 = ||B||_F^2 -
// |z_1|^2 - |z_2|^2 <= (1 + b)^2, with equality for real roots; D + N is
// triangular. The factor k is unavoidable at a double root, as at the best
// tuning of heavy ball: there the bound is attained to 0.5 % at kappa = 100.
//
// Convention: spectral norm.
//
// Reference: derived here.
//
// Control: without the factor k the bound fails at a double root.
func companionPower() checks.Claim[companion] {
	setup := func(bound func(rho, b float64, k int) float64) func(companion) (checks.Instance, error) {
		return func(p companion) (checks.Instance, error) {
			rho := bounds.CompanionRadius(p.A, p.B)
			return checks.Instance{
				Terms:      checks.Terms{Trials: 1}, // nothing is random
				Hypotheses: []checks.Hypothesis{checks.Require("b", p.B, checks.AtLeast, 0)},
				Facts:      []checks.Fact{checks.NewFact("spectral radius", rho)},
				Trial: func(*rand.Rand) checks.Measurement {
					power := [4]float64{1, 0, 0, 1}
					var parts []checks.Measurement
					var ks, norms, caps []float64
					for k := 1; k <= p.Steps; k++ {
						power = companionTimes(p.A, p.B, power)
						norm, most := norm2(power), bound(rho, p.B, k)
						// A double root moves by the square root of rounding; below the
						// smallest normal number there is no relative accuracy.
						parts = append(parts, checks.Measurement{Observed: norm, Predicted: most, Tolerance: float64(k)*1e-13*most + underflow})
						if every := p.Steps/50 + 1; k%every == 0 {
							ks, norms, caps = append(ks, float64(k)), append(norms, norm), append(caps, most)
						}
					}
					m := checks.Each(parts...)
					m.Series = []checks.Series{
						curve.Axes{X: "k", Y: "norm", LogY: true}.Measured("norm of the power", ks, norms),
						curve.Axes{X: "k", Y: "norm", LogY: true}.Bound("bound", ks, caps),
					}
					return m
				},
			}, nil
		}
	}
	heavy := func(kappa float64, steps int) companion {
		t := bounds.HeavyBall(1/kappa, 1)
		a, b := bounds.HeavyBallBlock(t.Step, t.Beta, 1)
		return companion{a, b, steps}
	}
	return checks.Claim[companion]{
		ID: "basics/companion-power", Title: "powers of a momentum block",
		Reference:  "derived here",
		Formula:    `\|B^k\| \le \rho^k + k \rho^{k-1} (1 + \det B)`,
		Convention: "B = [[a, -b], [1, 0]], spectral norm",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) companion {
			return companion{
				A:     rapid.Float64Range(-2.5, 2.5).Draw(t, "a"),
				B:     rapid.Float64Range(0, 1.5).Draw(t, "b"),
				Steps: rapid.IntRange(1, 150).Draw(t, "steps"),
			}
		}),
		Grid:  []companion{heavy(100, 400), heavy(1e4, 400), {2, 1, 200}, {0, 0, 5}, {1.5, 0.2, 100}, {-1.2, 0.9, 100}},
		Cost:  func(p companion) checks.Cost { return checks.Cost{Trial: 100 * float64(p.Steps)} },
		Setup: setup(bounds.PowerBound),
		Controls: []checks.Control[companion]{{
			Name: "without-the-factor-k", Why: "at a double root ||B^k||/rho^k grows like k",
			At: []companion{heavy(100, 400)},
			Setup: setup(func(rho, b float64, k int) float64 {
				return math.Pow(rho, float64(k)) + math.Pow(rho, float64(k-1))*(1+b)
			}),
		}},
	}
}
