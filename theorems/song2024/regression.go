package song2024

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/bounds/shifted"
	"convergo/checks"
	"convergo/nets/subquadratic"
)

// preconditioner is what a sketch is good for.
//
// Setting: n independent rows u_i (x) h_i, the columns of A, with Gram matrix G = A^T A; any sketch S A = Q R, here a tensor sketch.
//
// Hypotheses: on the draw, (1 - eps) G <= (SA)^T (SA) <= (1 + eps) G for an eps < 1.
//
// Conclusion: cond(A R^{-1}) <= sqrt((1 + eps)/(1 - eps)), at most sqrt 3 for eps = 1/2.
//
// Constants: derived: ||A R^{-1} x||^2 = y^T G y with y = R^{-1} x, and y^T (SA)^T (SA) y = ||x||^2. eps is measured, as the largest
// |eigenvalue - 1| of L^{-1} (SA)^T (SA) L^{-T} with the Cholesky factor of G; the condition number is that of R^{-T} G R^{-1}. Attained where the
// extreme eigenvalues are 1 + eps and 1 - eps, as when e_3 of (e_1, (e_2 + e_3)/sqrt 2) collides with e_1. The tolerance is 1e-9.
//
// Convention: condition numbers are ratios of singular values.
//
// Reference: preconditioning by a sketch (abstract of version 1); derived here.
//
// Control: the bound at four fifths of eps, and no preconditioner.
func preconditioner() checks.Claim[rowSketch] {
	setup := func(share float64, plain bool) func(rowSketch) (checks.Instance, error) {
		return func(p rowSketch) (checks.Instance, error) {
			u, h, err := p.build()
			if err != nil {
				return checks.Instance{}, err
			}
			g := gramOf(u, h)
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				sa := sketched(u, h, p.S, r)
				values, err := distortion(g, selfGram(sa))
				if err != nil {
					return checks.Failed(err)
				}
				n := len(values)
				eps := math.Max(values[n-1]-1, 1-values[0])
				hypothesis := []checks.Hypothesis{checks.Require("eps", eps, checks.AtMost, 1-1e-6)}
				if !hypothesis[0].Met() {
					return checks.Measurement{Hypotheses: hypothesis}
				}
				if plain {
					sa = mat.NewDense(n, n, nil)
					for i := range n {
						sa.Set(i, i, 1)
					}
				}
				kappa, err := preconditioned(g, sa)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{Observed: kappa, Predicted: shifted.PreconditionedCondition(share * eps), Tolerance: 1e-9 * kappa, Hypotheses: hypothesis}
			}}, nil
		}
	}
	near, network := rowSketch{Rows: "mixed", N: 2, S: 3}, rowSketch{Rows: "network", N: 8, S: 2000}
	return checks.Claim[rowSketch]{
		ID: "song2024/preconditioner", Title: "a sketch preconditions", Reference: "preconditioning by a sketch (abstract of version 1); derived here",
		Formula: `\mathrm{cond}\left(A R^{-1}\right) \le \sqrt{\frac{1+\varepsilon}{1-\varepsilon}}`, Convention: "singular values; SA = QR",
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) rowSketch {
			return rowSketch{Rows: rapid.SampledFrom([]string{"mixed", "network", "pair"}).Draw(t, "rows"), N: rapid.IntRange(2, 4).Draw(t, "n"), S: rapid.IntRange(4, 128).Draw(t, "s")}
		}),
		Grid: []rowSketch{near, {Rows: "network", N: 4, S: 200}, network},
		Cost: rowSketch.cost, Setup: setup(1, false),
		Controls: []checks.Control[rowSketch]{
			{Name: "smaller-eps", Why: "the bound is attained when one entry of a pair collides", At: []rowSketch{near}, Setup: setup(0.8, false)},
			{Name: "no-preconditioner", Why: "A itself is worse conditioned than A R^{-1}", At: []rowSketch{network}, Setup: setup(1, true)},
		},
	}
}

// preconditioned is cond(A R^{-1}) for SA = Q R: of R^{-T} G R^{-1}.
func preconditioned(g *mat.SymDense, sa *mat.Dense) (float64, error) {
	var qr mat.QR
	var full mat.Dense
	qr.Factorize(sa)
	qr.RTo(&full)
	n := g.SymmetricDim()
	r := mat.DenseCopyOf(full.Slice(0, n, 0, n))
	var half, whole mat.Dense
	if err := half.Solve(r.T(), g); err != nil {
		return 0, err
	}
	if err := whole.Solve(r.T(), half.T()); err != nil {
		return 0, err
	}
	sym := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			sym.SetSym(i, j, (whole.At(i, j)+whole.At(j, i))/2)
		}
	}
	s, err := eig.All(sym)
	if err != nil {
		return 0, err
	}
	return math.Sqrt(s.Values[n-1] / s.Values[0]), nil
}

// system is a linear system of a matrix with singular values between 1 and Kappa: at the nodes of the Chebyshev polynomial (the worst for
// conjugate gradients), or even.
type system struct {
	N        int     `json:"n"`
	Kappa    float64 `json:"kappa"`
	Accuracy float64 `json:"accuracy"`
	Even     bool    `json:"even,omitempty"`
	Real     float64 `json:"real,omitempty"` // condition number of the matrix where it is another: a control
}

// conjugateSteps is what preconditioned systems cost.
//
// Setting: a matrix B of condition number kappa, such as A R^{-1} of preconditioner; conjugate gradients for B^T B v = c from v = 0.
//
// Hypotheses: cond(B) <= kappa; accuracy at most 1.
//
// Conclusion: after ceil(kappa ln(2/accuracy)/2) steps, ||B (v - v*)|| <= accuracy ||B v*||: the energy norm. With kappa = sqrt 3 each step
// contracts by 0.27.
//
// Constants: derived: 2 ((kappa - 1)/(kappa + 1))^k, the Chebyshev bound for B^T B of condition kappa^2, and ln((kappa + 1)/(kappa - 1)) >=
// 2/kappa. The observation is the number of steps taken; exact arithmetic ends after n steps, so that n is large. The original residual ||G g - r||
// costs another ln cond(R).
//
// Convention: energy norm of the preconditioned system.
//
// Reference: preconditioned regression (abstract of version 1); derived here.
//
// Control: nine tenths of the steps, and a matrix of condition number 1.2 kappa.
func conjugateSteps() checks.Claim[system] {
	setup := func(share float64) func(system) (checks.Instance, error) {
		return func(p system) (checks.Instance, error) {
			steps := math.Max(1, math.Floor(share*shifted.ConjugateSteps(p.Kappa, p.Accuracy)))
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("accuracy", p.Accuracy, checks.AtMost, 1), checks.Require("cond(B)", math.Max(p.Real, p.Kappa), checks.AtMost, p.Kappa)},
				Trial: func(r *rand.Rand) checks.Measurement {
					return checks.Measurement{Observed: float64(p.steps(r)), Predicted: steps}
				},
			}, nil
		}
	}
	near := system{N: 120, Kappa: 5, Accuracy: 1e-8}
	worse := near
	worse.Real = 6
	return checks.Claim[system]{
		ID: "song2024/conjugate-steps", Title: "steps for a preconditioned system", Reference: "preconditioned regression (abstract of version 1); derived here",
		Formula: `\|B(v_k-v^*)\| \le \varepsilon_0\,\|Bv^*\| \quad\text{for } k \ge \tfrac{\kappa}{2}\ln\tfrac{2}{\varepsilon_0}`, Convention: "energy norm of the preconditioned system",
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) system {
			return system{N: rapid.IntRange(1, 30).Draw(t, "n"), Kappa: rapid.Float64Range(1, 20).Draw(t, "kappa"), Accuracy: math.Pow(10, -rapid.Float64Range(0, 8).Draw(t, "-log10 accuracy")), Even: rapid.Bool().Draw(t, "even")}
		}),
		Grid: []system{{N: 60, Kappa: math.Sqrt(3), Accuracy: 1e-8}, {N: 40, Kappa: 3, Accuracy: 0.01, Even: true}, near},
		Cost: func(p system) checks.Cost {
			return checks.Cost{Trial: 6 * float64(p.N*p.N) * (shifted.ConjugateSteps(p.Kappa, p.Accuracy) + 4)}
		},
		Setup: setup(1),
		Controls: []checks.Control[system]{
			{Name: "fewer-steps", Why: "singular values at Chebyshev nodes need all but a few per cent of the steps", At: []system{near}, Setup: setup(0.9)},
			{Name: "larger-condition", Why: "a matrix of condition 1.2 kappa needs more", At: []system{worse}},
		},
	}
}

// steps runs conjugate gradients on a random rotation of the system until the accuracy is reached.
func (p system) steps(r *rand.Rand) int {
	kappa := math.Max(p.Kappa, p.Real)
	values := make([]float64, p.N)
	for i := range values {
		x := (float64(i) + 0.5) / float64(p.N)
		if p.Even {
			values[i] = 1 + (kappa-1)*x
			continue
		}
		values[i] = math.Sqrt((kappa*kappa+1)/2 + (kappa*kappa-1)/2*math.Cos(math.Pi*x))
	}
	w := unitVector(p.N, r) // B = D (I - 2 w w^T)
	b := mat.NewDense(p.N, p.N, nil)
	for i, v := range values {
		for j := range values {
			b.Set(i, j, -2*v*w[i]*w[j])
		}
		b.Set(i, i, b.At(i, i)+v)
	}
	target := flat(p.N) // B v*: every singular direction counts alike
	var c mat.VecDense
	c.MulVec(b.T(), mat.NewVecDense(p.N, target))
	taken := 0
	subquadratic.Conjugate(b, c.RawVector().Data, func(step int, v []float64) bool {
		taken = step
		var bv mat.VecDense
		bv.MulVec(b, mat.NewVecDense(p.N, v))
		return floats.Distance(bv.RawVector().Data, target, 2) > p.Accuracy && step < 100*p.N+1000
	})
	return taken
}
