package eig

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Inverse solves with a positive definite matrix that is known to a spectral distance delta, and says
// how far each answer can be off. It is safe for concurrent use.
type Inverse struct {
	lambda Certified // of H
	ok     bool

	// What follows is of the matrix 2^-scale H. An even scale, and that of the right-hand side, change no
	// digit of a result; they keep products of extreme entries in range.
	scale  int
	a      *mat.SymDense
	delta  float64
	least  float64 // lower bound on the smallest eigenvalue
	factor mat.Cholesky
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
	big, err := largestEntry(a)
	if err != nil {
		return nil, err
	}
	v := &Inverse{lambda: lambda.Widen(delta), a: mat.NewSymDense(n, nil)}
	_, e := math.Frexp(big)
	v.scale = e + e&1
	for i := range n {
		for j := i; j < n; j++ {
			v.a.SetSym(i, j, math.Ldexp(a.At(i, j), -v.scale))
		}
	}
	v.delta = ldexpUp(delta, -v.scale)
	v.least = math.Ldexp(v.lambda.Lower(), -v.scale)
	v.ok = v.least > 0 && v.factor.Factorize(v.a)
	return v, nil
}

// Min is the smallest eigenvalue of H. Unless it is certified positive there is no inverse to speak
// of, and [Inverse.Form] and [Inverse.Solve] say so.
func (v *Inverse) Min() Certified { return v.lambda }

// Form returns y^T H^{-1} y for finite y. OK reports that H is proved positive definite and that float64
// can hold the form; when it is false the value is NaN and the error infinite, because a singular H leaves
// every non-negative number open.
//
// For any x, with the residual rho = y - H x,
//
//	y^T H^{-1} y = y^T x + x^T rho + rho^T H^{-1} rho,   0 <= rho^T H^{-1} rho <= ||rho||^2/lambda_min(H),
//
// so an x from a Cholesky factorisation (here refined once), its residual with a bound on the rounding
// and the certified lambda_min enclose the form whatever the factorisation lost. What remains for
// delta > 0 is delta ||x||^2, to first order the sensitivity of the form itself.
func (v *Inverse) Form(y []float64) Certified {
	unknown := Certified{Value: math.NaN(), Err: math.Inf(1)}
	s, ok := v.solve(y)
	if !ok {
		return unknown
	}
	n := len(y)
	var value, size, open float64
	for i, x := range s.x {
		value += x * (s.y[i] + s.r[i])
		size += math.Abs(x) * (math.Abs(s.y[i]) + math.Abs(s.r[i]))
		open += math.Abs(x) * s.round[i]
	}
	first := roundUp((open + v.delta*s.norm*s.norm + gamma(n+4)*size) * (1 + gamma(n+8)))
	second := roundUp(s.rho * s.rho / v.least)
	c := Certified{Value: value + second/2, Err: roundUp(first + second/2 + 2*unit*(math.Abs(value)+second))}
	c, err := c.rescale(2*s.scale - v.scale)
	if err != nil {
		return unknown
	}
	c.OK = true
	return c
}

// Solve stores an estimate of H^{-1} y in dst, of the length of y, and returns a bound on its distance
// from the exact one, ||rho||/lambda_min(H): infinite when H is not proved positive definite or the
// solution overflows, and dst is then NaN.
func (v *Inverse) Solve(dst, y []float64) float64 {
	s, ok := v.solve(y)
	bound := math.Inf(1)
	if ok {
		bound = ldexpUp(roundUp(s.rho/v.least), s.scale-v.scale)
	}
	for i, x := range s.x {
		c, err := Certified{Value: x}.rescale(s.scale - v.scale)
		ok = ok && err == nil
		dst[i], bound = c.Value, bound+c.Err
	}
	if !ok || math.IsInf(bound, 1) {
		for i := range dst {
			dst[i] = math.NaN()
		}
		return math.Inf(1)
	}
	return bound
}

// solution is x for the right-hand side y, which is 2^-scale times the one asked for, with the computed
// residual r, entrywise bounds on the rounding of r, the norm of x and a bound on the norm of the exact
// residual y - H x.
type solution struct {
	scale          int
	y, x, r, round []float64
	norm, rho      float64
}

func (v *Inverse) solve(y []float64) (solution, bool) {
	n := v.a.SymmetricDim()
	if len(y) != n {
		panic(fmt.Sprintf("eig: a vector of %d entries for a matrix of %d", len(y), n))
	}
	_, scale := math.Frexp(floats.Norm(y, math.Inf(1)))
	s := solution{scale: scale, y: make([]float64, n), x: make([]float64, n), round: make([]float64, n)}
	for i := range y {
		s.y[i] = math.Ldexp(y[i], -scale)
	}
	if !v.ok || floats.HasNaN(s.y) {
		return solution{}, false
	}
	s.r = append([]float64(nil), s.y...)
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
		v.residual(&s)
	}
	s.norm = roundUp(blas64.Nrm2(vector(s.x)) * (1 + gamma(n+4)))
	s.rho = roundUp((blas64.Nrm2(vector(s.r))+blas64.Nrm2(vector(s.round)))*(1+gamma(n+4)) + v.delta*s.norm)
	return s, !math.IsNaN(s.rho) && !math.IsInf(s.rho, 0)
}

// residual sets r = y - A x; each entry is a sum of n+1 terms, whatever their order. The products that
// underflow are far below their rounding: the largest |y_i| and |a_ij| are at least 1/4.
func (v *Inverse) residual(s *solution) {
	n := len(s.y)
	for i, y := range s.y {
		r, size := y, math.Abs(y)
		for j, x := range s.x {
			p := v.a.At(i, j) * x
			r -= p
			size += math.Abs(p)
		}
		s.r[i], s.round[i] = r, roundUp(gamma(n+2)*size*(1+gamma(n+2)))
	}
}
