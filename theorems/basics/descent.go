package basics

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
)

// A quadratic is gradient descent on a quadratic e^T H e/2 with largest
// eigenvalue 1.
type quadratic struct {
	spectrum
	Step  float64 `json:"step"`  // eta lambda_max; 0 is the best step 2/(lmin+lmax)
	Start string  `json:"start"` // random, worst (slowest eigenvector), ends (both ends of the spectrum), top
}

const steps = 50

// A descent is a quadratic, ready to run.
type descent struct {
	quadratic
	values []float64 // ascending
	eta, q float64
}

func (p quadratic) open() (descent, error) {
	values, err := p.values()
	if err != nil {
		return descent{}, err
	}
	d := descent{quadratic: p, values: values, eta: p.Step}
	if p.Step == 0 {
		d.eta = bounds.BestStep(values[0], 1)
	}
	d.q = bounds.Contraction(d.eta, values[0], 1)
	return d, nil
}

// delta is the rounding of one step in units of the residual: a product with an
// n x n matrix, and the rounding of the matrix and of its eigenvectors.
func (d descent) delta() float64 {
	return 16 * float64(d.N) * unit * (1 + d.eta)
}

// tolerance bounds what k such steps add to q^k: (q+delta)^k - q^k, and what
// underflow takes away.
func (d descent) tolerance(k int) float64 {
	return math.Pow(d.q+d.delta(), float64(k)) - math.Pow(d.q, float64(k)) + underflow
}

// draw returns an eigenbasis Q, H = Q diag(values) Q^T and a unit start.
func (d descent) draw(r *rand.Rand) (q *mat.Dense, h *mat.SymDense, e0 []float64, err error) {
	q = rotation(r, d.N)
	h = rotated(q, d.values)
	low, high := mat.Col(nil, 0, q), mat.Col(nil, d.N-1, q)
	switch d.Start {
	case "random":
		e0 = vector(r, d.N)
	case "top":
		e0 = high
	case "ends":
		e0 = low
		if d.N > 1 {
			floats.Add(e0, high)
		}
	case "worst":
		e0 = high
		if math.Abs(1-d.eta*d.values[0]) > math.Abs(1-d.eta) {
			e0 = low
		}
	default:
		return nil, nil, nil, fmt.Errorf("unknown start %q: use random, worst, ends or top", d.Start)
	}
	return q, h, scaled(1/floats.Norm(e0, 2), e0), nil
}

func quadraticCost(p quadratic) checks.Cost {
	n := float64(p.N)
	return checks.Cost{Trial: 8*n*n*n + 4*n*n*steps, Size: fmt.Sprintf("n=%d", p.N)}
}

// quadratics draws quadratics with step eta lambda_max in (0, maxStep].
func quadratics(maxN int, maxStep float64) *rapid.Generator[quadratic] {
	return rapid.Custom(func(t *rapid.T) quadratic {
		return quadratic{
			spectrum: spectra(maxN).Draw(t, "spectrum"),
			Step:     rapid.Float64Range(1e-3, maxStep).Draw(t, "step"),
			Start:    rapid.SampledFrom([]string{"random", "worst", "ends"}).Draw(t, "start"),
		}
	})
}

// quadraticContraction is the exact contraction of gradient descent on a
// quadratic.
//
// Setting: f(e) = e^T H e/2, H symmetric with eigenvalues in [lmin, lmax],
// lmin > 0; gradient descent e_{k+1} = (I - eta H) e_k. For least squares e is
// the residual and H = J J^T.
//
// Hypotheses: none; eta may be any positive number.
//
// Conclusion: with q = max(|1 - eta lmin|, |1 - eta lmax|), for all k:
// ||e_k|| <= q^k ||e_0||, with equality from the eigenvector that attains q;
// f_k - f* <= q^{2k} (f_0 - f*); and ||e_k||^2 = sum_i (1 - eta lambda_i)^{2k}
// <q_i, e_0>^2 exactly.
//
// Constants: sharp. I - eta H is symmetric with eigenvalues 1 - eta lambda_i,
// so everything follows in its eigenbasis. The tolerance (q+d)^k - q^k comes
// from the rounding d = 16 n u (1 + eta lmax) of a step.
//
// Convention: lmax = 1 (a choice of unit), f half a sum of squares.
//
// Reference: Nesterov (2018), Section 2.1, for the form; derived here.
//
// Control: beyond the step 2/lmax the residual grows, so that the bound with q
// capped at 1 must fail; with q replaced by |1 - eta lmax| the claim predicts
// convergence in one step at eta = 1/lmax.
func quadraticContraction() checks.Claim[quadratic] {
	setup := func(rate func(descent) float64) func(quadratic) (checks.Instance, error) {
		return func(p quadratic) (checks.Instance, error) {
			d, err := p.open()
			if err != nil {
				return checks.Instance{}, err
			}
			q := rate(d)
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("q", d.q), checks.NewFact("eta lambda_max", d.eta)},
				Trial: func(r *rand.Rand) checks.Measurement { return d.contraction(r, q) },
			}, nil
		}
	}
	spectrum := func(n int, kappa float64, shape string) spectrum { return spectrum{n, kappa, shape} }
	return checks.Claim[quadratic]{
		ID: "basics/quadratic-contraction", Title: "gradient descent on a quadratic contracts at max|1-ηλ|",
		Reference:  "Nesterov (2018), Section 2.1, for the form; derived here",
		Formula:    `\|e_k\| \le q^k \|e_0\|,\quad q = \max_i |1-\eta\lambda_i|`,
		Convention: "lambda_max = 1; f = e'He/2",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: quadratics(30, 2.5),
		Grid: []quadratic{
			{spectrum(1, 1, "geometric"), 0.5, "worst"},
			{spectrum(10, 10, "linear"), 0, "ends"},
			{spectrum(20, 100, "geometric"), 1, "worst"},
			{spectrum(20, 1e6, "top"), 1.9, "random"},
			{spectrum(20, 1e4, "bottom"), 2.5, "worst"},
			{spectrum(100, 1e6, "geometric"), 1, "random"},
			{spectrum(200, 1e6, "geometric"), 0, "random"},
		},
		Cost:  quadraticCost,
		Setup: setup(func(d descent) float64 { return d.q }),
		Controls: []checks.Control[quadratic]{{
			Name: "step-above-limit", Why: "at eta = 2.01/lmax the top mode grows by 1.01 a step, but the bound says it does not",
			At:    []quadratic{{spectrum(10, 10, "linear"), 2.01, "worst"}},
			Setup: setup(func(d descent) float64 { return math.Min(1, d.q) }),
		}, {
			Name: "top-mode-only", Why: "q = |1 - eta lmax| is 0 at eta = 1/lmax: it forgets the slow modes",
			At:    []quadratic{{spectrum(10, 10, "linear"), 1, "random"}},
			Setup: setup(func(d descent) float64 { return math.Abs(1 - d.eta) }),
		}},
	}
}

// contraction runs the steps and compares with the rate q.
func (d descent) contraction(r *rand.Rand, q float64) checks.Measurement {
	basis, h, e0, err := d.draw(r)
	if err != nil {
		return checks.Failed(err)
	}
	var c mat.VecDense
	c.MulVec(basis.T(), mat.NewVecDense(d.N, e0))
	gap := func(e []float64) float64 {
		v := mat.NewVecDense(d.N, e)
		return mat.Inner(v, h, v) / 2
	}
	gap0 := gap(e0)
	path := train.Linearised(h, e0, d.eta, steps)
	var parts []checks.Measurement
	var at, observed, bound []float64
	for k := 1; k <= steps; k++ {
		norm, tol := floats.Norm(path[k], 2), d.tolerance(k)
		qk := math.Pow(q, float64(k))
		exact := 0.0
		for i, l := range d.values {
			exact = math.Hypot(exact, math.Pow(1-d.eta*l, float64(k))*c.AtVec(i))
		}
		parts = append(parts,
			checks.Measurement{Part: "norm", Observed: norm, Predicted: qk, Tolerance: tol},
			checks.Measurement{Part: "function gap", Observed: gap(path[k]), Predicted: qk * qk * gap0, Tolerance: tol*math.Pow(d.q, float64(k)) + tol*tol},
			checks.Measurement{Part: "spectral formula", Observed: norm, Predicted: exact, Relation: checks.Equal, Tolerance: tol})
		at, observed, bound = append(at, float64(k)), append(observed, norm), append(bound, qk)
	}
	m := checks.Each(parts...)
	m.Series = []checks.Series{
		curve.Axes{X: "step", Y: "norm", LogY: true}.Measured("residual norm", at, observed),
		curve.Axes{X: "step", Y: "norm", LogY: true}.Bound("q^k", at, bound),
	}
	return m
}

// quadraticBestStep is the best constant step on a quadratic.
//
// Setting: gradient descent with step eta on a quadratic with extreme
// eigenvalues lmin and lmax, kappa = lmax/lmin.
//
// Hypotheses: none; eta may be any positive number.
//
// Conclusion: the worst contraction per step is at least (kappa-1)/(kappa+1),
// with equality at eta = 2/(lmin+lmax); at eta = 1/lmax it is 1 - 1/kappa.
//
// Constants: sharp. q(eta) = max(|1 - eta lmin|, |1 - eta lmax|) is smallest
// where 1 - eta lmin = eta lmax - 1. Measured is the contraction over 30 steps
// from the two extreme eigenvectors.
//
// Convention: lmax = 1.
//
// Reference: Nesterov (2018), Section 2.1, for the form; derived here.
//
// Control: that 1 - 1/kappa, the rate of eta = 1/lmax, cannot be beaten is
// refuted at the best step.
func quadraticBestStep() checks.Claim[quadratic] {
	const steps = 30
	best := func(kappa float64) float64 { return (kappa - 1) / (kappa + 1) }
	setup := func(least func(kappa float64) float64) func(quadratic) (checks.Instance, error) {
		return func(p quadratic) (checks.Instance, error) {
			d, err := p.open()
			if err != nil {
				return checks.Instance{}, err
			}
			kappa := 1 / d.values[0]
			trial := func(r *rand.Rand) checks.Measurement {
				basis := rotation(r, d.N)
				h := rotated(basis, d.values)
				var factor float64
				for _, j := range []int{0, d.N - 1} {
					path := train.Linearised(h, mat.Col(nil, j, basis), d.eta, steps)
					factor = math.Max(factor, math.Pow(floats.Norm(path[steps], 2), 1.0/steps))
				}
				parts := []checks.Measurement{{Part: "no step is better", Observed: factor, Predicted: least(kappa), Relation: checks.AtLeast, Tolerance: d.delta()}}
				if p.Step == 1 {
					parts = append(parts, checks.Measurement{Part: "eta = 1/lmax", Observed: factor, Predicted: 1 - 1/kappa, Relation: checks.Equal, Tolerance: d.delta()})
				}
				return checks.Each(parts...)
			}
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("kappa", kappa), checks.NewFact("rate of the best step", best(kappa)), checks.NewFact("rate of 1/lmax", 1-1/kappa)},
				Trial: trial,
			}, nil
		}
	}
	at := func(kappa, step float64) quadratic {
		return quadratic{spectrum{10, kappa, "geometric"}, step, "ends"}
	}
	return checks.Claim[quadratic]{
		ID: "basics/quadratic-best-step", Title: "no constant step contracts more than (κ-1)/(κ+1)",
		Reference:  "Nesterov (2018), Section 2.1, for the form; derived here",
		Formula:    `\max_i |1-\eta\lambda_i| \ge \frac{\kappa-1}{\kappa+1}`,
		Convention: "lambda_max = 1",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: quadratics(20, 2.5),
		Grid: []quadratic{
			at(10, 0), at(100, 0), at(1e3, 0), at(1e4, 0), at(10, 1), at(100, 1), at(1e4, 1), at(10, 0.3), at(10, 1.95),
		},
		Cost:  quadraticCost,
		Setup: setup(best),
		Controls: []checks.Control[quadratic]{{
			Name: "one-over-lmax-is-best", Why: "the best step beats the rate 1 - 1/kappa of eta = 1/lmax",
			At:    []quadratic{at(10, 0), at(100, 0)},
			Setup: setup(func(kappa float64) float64 { return 1 - 1/kappa }),
		}},
	}
}

// quadraticDivergence locates the step from which descent diverges.
//
// Setting: gradient descent with step eta on a quadratic with largest
// eigenvalue lmax, from a Gaussian start.
//
// Hypotheses: lmin > 0.
//
// Conclusion: ||e_k|| grows without bound for almost every start if
// eta lmax > 2, and decreases if eta lmax < 2: the crossing lies at
// eta lmax = 2. A run counts as divergent when it ends with a larger residual
// than it began with.
//
// Constants: sharp. The modes are multiplied by 1 - eta lambda_i; 600 steps
// multiply the top one by 1.02^600 = 1e5 at eta lmax = 2.02.
//
// Convention: lmax = 1. The statement is about the linear recursion: a ReLU
// network past 2/lmax often still converges.
//
// Reference: Nesterov (2018), Section 2.1, for the form; derived here.
//
// Control: a crossing claimed at eta lmax = 1 must be refuted.
func quadraticDivergence() checks.Claim[spectrum] {
	const steps = 600
	rungs := []float64{0.5, 1.5, 1.9, 1.98, 2.02, 2.1, 2.5}
	setup := func(location float64) func(spectrum) (checks.Instance, error) {
		return func(p spectrum) (checks.Instance, error) {
			values, err := p.values()
			if err != nil {
				return checks.Instance{}, err
			}
			trial := func(r *rand.Rand) checks.Measurement {
				h := rotated(rotation(r, p.N), values)
				e0 := vector(r, p.N)
				var ladder []checks.Rung
				for _, step := range rungs {
					u, g := append([]float64(nil), e0...), make([]float64, p.N)
					for range steps {
						copy(g, u)
						train.LinearStep(u, h, step, g)
						if floats.Norm(u, 2) > 1e100*floats.Norm(e0, 2) {
							break // it has diverged; go no further than float64 can
						}
					}
					diverged := 0.0
					if floats.Norm(u, 2) > floats.Norm(e0, 2) {
						diverged = 1
					}
					ladder = append(ladder, checks.Rung{Size: step, Value: diverged})
				}
				return checks.Measurement{Ladder: ladder}
			}
			return checks.Instance{
				Terms: checks.Terms{Location: checks.Float(location), Resolution: 0.02, Trials: 30},
				Trial: trial,
			}, nil
		}
	}
	return checks.Claim[spectrum]{
		ID: "basics/quadratic-divergence", Title: "gradient descent diverges from ηλ_max = 2",
		Reference:  "Nesterov (2018), Section 2.1, for the form; derived here",
		Formula:    `\|e_k\| \to \infty \iff \eta\lambda_{\max} > 2`,
		Convention: "lambda_max = 1",
		Basis:      checks.Derived, Form: checks.Threshold{}, Version: 1,
		Grid:  []spectrum{{1, 1, "linear"}, {4, 10, "geometric"}, {8, 1000, "linear"}},
		Cost:  func(p spectrum) checks.Cost { return checks.Cost{Trial: 7 * steps * float64(3*p.N*p.N+40)} },
		Setup: setup(2),
		Controls: []checks.Control[spectrum]{{
			Name: "crossing-at-one", Why: "between 1/lmax and 2/lmax descent still contracts",
			At: []spectrum{{4, 10, "geometric"}}, Setup: setup(1),
		}},
	}
}
