package eig

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// Inverse solves with a positive definite matrix that is known to a spectral distance delta, and says
// how far each answer can be off. It is safe for concurrent use.
type Inverse struct {
	a      *mat.SymDense
	delta  float64
	lambda Certified
	factor mat.Cholesky
	ok     bool
}

// NewInverse factorises the symmetric matrix a, n x n. Every result holds for all symmetric H with
// ||H - a||_2 <= delta: the stored matrix itself for 0, the exact Gram matrix behind a rounded one
// for n times a bound on its entries' errors. Its errors are those of [Min].
func NewInverse(a mat.Matrix, delta float64) (*Inverse, error) {
	if !(delta >= 0) {
		return nil, fmt.Errorf("eig: a matrix known to within %v; the distance must be a non-negative number", delta)
	}
	lambda, err := Min(a)
	if err != nil {
		return nil, err
	}
	n, _ := a.Dims()
	v := &Inverse{a: mat.NewSymDense(n, nil), delta: delta, lambda: lambda.Widen(delta)}
	for i := range n {
		for j := i; j < n; j++ {
			v.a.SetSym(i, j, a.At(i, j))
		}
	}
	v.ok = v.lambda.Lower() > 0 && v.factor.Factorize(v.a)
	return v, nil
}

// Min is the smallest eigenvalue of H. Unless it is certified positive there is no inverse to speak
// of, and [Inverse.Form] and [Inverse.Solve] say so.
func (v *Inverse) Min() Certified { return v.lambda }

// Form returns y^T H^{-1} y. OK reports that H is proved positive definite; when it is false the
// value is NaN and the error infinite, because a singular H leaves every non-negative number open.
//
// For any x, with the residual rho = y - H x,
//
//	y^T H^{-1} y = y^T x + x^T rho + rho^T H^{-1} rho,   0 <= rho^T H^{-1} rho <= ||rho||^2/lambda_min(H),
//
// so an x from a Cholesky factorisation (here refined once), its residual with a bound on the rounding
// and the certified lambda_min enclose the form whatever the factorisation lost. What remains for
// delta > 0 is delta ||x||^2, to first order the sensitivity of the form itself.
func (v *Inverse) Form(y []float64) Certified {
	s, ok := v.solve(y)
	if !ok {
		return Certified{Value: math.NaN(), Err: math.Inf(1)}
	}
	n := len(y)
	var value, size, open float64
	for i, x := range s.x {
		value += x * (y[i] + s.r[i])
		size += math.Abs(x) * (math.Abs(y[i]) + math.Abs(s.r[i]))
		open += math.Abs(x) * s.round[i]
	}
	first := roundUp((open + v.delta*s.norm*s.norm + gamma(n+4)*size) * (1 + gamma(n+8)))
	second := roundUp(s.rho * s.rho / v.lambda.Lower())
	return Certified{Value: value + second/2, Err: roundUp(first + second/2 + 2*unit*(math.Abs(value)+second)), OK: true}
}

// Solve stores an estimate of H^{-1} y in dst, of the length of y, and returns a bound on its distance
// from the exact one, ||rho||/lambda_min(H): infinite when H is not proved positive definite, and dst is
// then NaN.
func (v *Inverse) Solve(dst, y []float64) float64 {
	s, ok := v.solve(y)
	if !ok {
		for i := range dst {
			dst[i] = math.NaN()
		}
		return math.Inf(1)
	}
	copy(dst, s.x)
	return roundUp(s.rho / v.lambda.Lower())
}

// solution is x with the computed residual r, entrywise bounds on the rounding of r, the norm of x and
// a bound on the norm of the exact residual y - H x.
type solution struct {
	x, r, round []float64
	norm, rho   float64
}

func (v *Inverse) solve(y []float64) (solution, bool) {
	n := v.a.SymmetricDim()
	if len(y) != n {
		panic(fmt.Sprintf("eig: a vector of %d entries for a matrix of %d", len(y), n))
	}
	if !v.ok {
		return solution{}, false
	}
	s := solution{x: make([]float64, n), r: append([]float64(nil), y...), round: make([]float64, n)}
	var step mat.VecDense
	for range 2 {
		if err := v.factor.SolveVecTo(&step, mat.NewVecDense(n, s.r)); err != nil {
			if _, conditioned := err.(mat.Condition); !conditioned { // a warning: the residual decides
				return solution{}, false
			}
		}
		for i := range s.x {
			s.x[i] += step.AtVec(i)
		}
		v.residual(&s, y)
	}
	vector := func(a []float64) blas64.Vector { return blas64.Vector{N: n, Inc: 1, Data: a} }
	s.norm = roundUp(blas64.Nrm2(vector(s.x)) * (1 + gamma(n+4)))
	s.rho = roundUp((blas64.Nrm2(vector(s.r))+blas64.Nrm2(vector(s.round)))*(1+gamma(n+4)) + v.delta*s.norm)
	return s, !math.IsNaN(s.rho) && !math.IsInf(s.rho, 0)
}

// residual sets r = y - A x; each entry is a sum of n+1 terms, whatever their order.
func (v *Inverse) residual(s *solution, y []float64) {
	n := len(y)
	for i := range y {
		r, size := y[i], math.Abs(y[i])
		for j, x := range s.x {
			p := v.a.At(i, j) * x
			r -= p
			size += math.Abs(p)
		}
		s.r[i], s.round[i] = r, roundUp(gamma(n+2)*size*(1+gamma(n+2)))
	}
}
