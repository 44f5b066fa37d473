package basics

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
)

// A perturbed is a linear recursion with relative perturbations.
type perturbed struct {
	N      int     `json:"n"`
	Eps    float64 `json:"eps"`
	Steps  int     `json:"steps"`
	Attack string  `json:"attack"` // state: along z_t; power: along the input that a power of M amplifies most
}

// gronwall bounds a perturbed linear recursion.
//
// Setting: z_{t+1} = M z_t + p_t with ||M^t|| <= C rho^t and ||p_t|| <= eps
// ||z_t||.
//
// Hypotheses: rho > 0, C >= 1, both bounds for all t up to the horizon.
//
// Conclusion: ||z_t|| <= C (rho + C eps)^t ||z_0||.
//
// Constants: discrete Gronwall: u_t = ||z_t||/rho^t satisfies u_t <= C u_0 +
// (C eps/rho) sum_{j<t} u_j. Tight for C = 1 (M = rho, p_t = eps z_t). For n > 1
// M is a Gaussian matrix, rho is 1.02 times its spectral radius and C the
// largest ||M^t||/rho^t.
//
// Convention: Euclidean norms.
//
// Reference: derived here.
//
// Control: a perturbation of three times the size breaks the scalar bound. (With
// matrices and C far above 1 it usually does not, so they make no control.)
func gronwall() checks.Claim[perturbed] {
	setup := func(size float64) func(perturbed) (checks.Instance, error) {
		return func(p perturbed) (checks.Instance, error) {
			if p.N < 1 || p.Steps < 1 || !(p.Eps >= 0) {
				return checks.Instance{}, fmt.Errorf("n=%d steps=%d eps=%v: give n, steps >= 1 and eps >= 0", p.N, p.Steps, p.Eps)
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				m, err := growth(r, p.N, p.Steps)
				if err != nil {
					return checks.Failed(err)
				}
				z := mat.NewVecDense(p.N, vector(r, p.N))
				if p.Attack == "power" {
					z.CopyVec(m.inputs[p.Steps-1])
				}
				z.ScaleVec(1/mat.Norm(z, 2), z)
				var parts []checks.Measurement
				for t := 1; t <= p.Steps; t++ {
					push := mat.VecDenseCopyOf(z)
					if p.Attack == "power" {
						push = mat.VecDenseCopyOf(m.inputs[p.Steps-t])
						if mat.Dot(push, z) < 0 {
							push.ScaleVec(-1, push)
						}
					}
					push.ScaleVec(size*p.Eps*mat.Norm(z, 2)/mat.Norm(push, 2), push)
					var next mat.VecDense
					next.MulVec(m.matrix, z)
					z.AddVec(&next, push)
					bound := bounds.Gronwall(m.c, m.rho, p.Eps, t)
					parts = append(parts, checks.Measurement{Observed: mat.Norm(z, 2), Predicted: bound,
						Tolerance: bound * float64(t*(p.N+4)) * 4 * unit})
				}
				return checks.Each(parts...)
			}}, nil
		}
	}
	return checks.Claim[perturbed]{
		ID: "basics/gronwall", Title: "a linear recursion with relative perturbations",
		Reference:  "derived here",
		Formula:    `\|z_t\| \le C(\rho + C\epsilon)^t \|z_0\|`,
		Convention: "Euclidean norms",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) perturbed {
			return perturbed{
				N:      rapid.IntRange(1, 6).Draw(t, "n"),
				Eps:    rapid.Float64Range(0, 0.5).Draw(t, "eps"),
				Steps:  rapid.IntRange(1, 40).Draw(t, "steps"),
				Attack: rapid.SampledFrom([]string{"state", "power"}).Draw(t, "attack"),
			}
		}),
		Grid: []perturbed{{1, 0.05, 50, "state"}, {1, 0.5, 80, "power"}, {3, 0.05, 60, "state"}, {5, 0.01, 80, "power"}},
		Cost: func(p perturbed) checks.Cost {
			return checks.Cost{Trial: float64(p.Steps) * (100*math.Pow(float64(p.N), 3) + 2000)}
		},
		Setup: setup(1),
		Controls: []checks.Control[perturbed]{{
			Name: "three-times-the-perturbation", Why: "(0.9 + 0.15)^50 is 149 times (0.9 + 0.05)^50",
			At: []perturbed{{1, 0.05, 50, "state"}}, Setup: setup(3),
		}},
	}
}

// A grower is a matrix with the constants of its powers: ||M^t|| <= c rho^t
// up to the horizon, and the unit input that each power amplifies most.
type grower struct {
	matrix *mat.Dense
	c, rho float64
	inputs []*mat.VecDense // inputs[j] belongs to M^j
}

func growth(r *rand.Rand, n, steps int) (*grower, error) {
	if n == 1 {
		inputs := make([]*mat.VecDense, steps)
		for j := range inputs {
			inputs[j] = mat.NewVecDense(1, []float64{1})
		}
		return &grower{mat.NewDense(1, 1, []float64{0.9}), 1, 0.9, inputs}, nil
	}
	g := &grower{matrix: nets.Gaussian(n, n, r), c: 1}
	var e mat.Eigen
	if !e.Factorize(g.matrix, mat.EigenNone) {
		return nil, errors.New("the eigenvalues of the iteration matrix did not converge")
	}
	var radius float64
	for _, z := range e.Values(nil) {
		radius = math.Max(radius, cmplx.Abs(z))
	}
	g.matrix.Scale(1/radius, g.matrix)
	g.rho = 1.02
	power := mat.NewDense(n, n, nil)
	for i := range n {
		power.Set(i, i, 1)
	}
	for t := 0; t <= steps; t++ {
		var svd mat.SVD
		if !svd.Factorize(power, mat.SVDThin) {
			return nil, errors.New("the singular values of a power did not converge")
		}
		g.c = math.Max(g.c, svd.Values(nil)[0]/math.Pow(g.rho, float64(t)))
		var v mat.Dense
		svd.VTo(&v)
		g.inputs = append(g.inputs, mat.NewVecDense(n, mat.Col(nil, 0, &v)))
		var next mat.Dense
		next.Mul(g.matrix, power)
		power.Copy(&next)
	}
	return g, nil
}
