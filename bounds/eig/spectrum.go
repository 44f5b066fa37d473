package eig

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// rigorousLimit is the size up to which [All] pays for eigenvectors to prove its error bound.
const rigorousLimit = 200

// Spectrum is the set of all eigenvalues of a symmetric matrix.
type Spectrum struct {
	Values []float64 // ascending
	Err    float64   // |exact - Values[i]| <= Err for every i
	// Rigorous tells a proved Err (n <= 200) from the practical one n u ||A||_F, the bound
	// of the LAPACK Users' Guide, section 4.7, with p(n) = n. In practice p(n) is near 1.
	Rigorous bool
}

// All returns all eigenvalues of a symmetric matrix, ascending; its errors are those of [Min].
//
// Up to n = 200 the bound is proved. Let V, L be the computed eigenvectors and values,
// R = A V - V L and ||V^T V - I|| <= a < 1. With V = U P (polar), ||P - I|| <= a, and
// U^T A U - L = U^T R - (U^T A U (P-I) - (P-I) L), so by Weyl every eigenvalue is within
// ||R|| + a (||A|| + max|L|) of the computed one. Frobenius norms, and the rounding of forming R and
// V^T V, are used throughout.
func All(a mat.Matrix) (Spectrum, error) {
	s, scale, err := load(a)
	if err != nil {
		return Spectrum{}, err
	}
	values, bound, ok := spectrum(s)
	if !ok {
		n := s.SymmetricDim()
		return Spectrum{}, fmt.Errorf("eig: the eigenvalue iteration did not converge on this %d x %d matrix", n, n)
	}
	sp := Spectrum{Values: values, Rigorous: len(values) <= rigorousLimit}
	for i, v := range values {
		c, err := Certified{Value: v, Err: bound}.rescale(scale)
		if err != nil {
			return Spectrum{}, err
		}
		sp.Values[i], sp.Err = c.Value, max(sp.Err, c.Err)
	}
	return sp, nil
}

// spectrum returns the eigenvalues of a matrix with entries at most 1 in magnitude and a bound on their
// errors.
func spectrum(a *mat.SymDense) (values []float64, bound float64, ok bool) {
	n := a.SymmetricDim()
	if n > rigorousLimit {
		values, ok = denseAll(a)
		return values, float64(n) * unit * mat.Norm(a, 2), ok
	}
	var es mat.EigenSym
	if !es.Factorize(a, true) {
		return nil, 0, false
	}
	values = es.Values(nil)
	return values, residualBound(a, &es, values), true
}

func residualBound(a *mat.SymDense, es *mat.EigenSym, values []float64) float64 {
	n := len(values)
	var v, r, vtv mat.Dense
	es.VectorsTo(&v)
	r.Mul(a, &v)
	top := 0.0
	for j, l := range values {
		top = max(top, math.Abs(l))
		for i := range n {
			r.Set(i, j, r.At(i, j)-l*v.At(i, j))
		}
	}
	vtv.Mul(v.T(), &v)
	for i := range n {
		vtv.Set(i, i, vtv.At(i, i)-1)
	}
	g := gamma(n + 8)
	na, nv := mat.Norm(a, 2), mat.Norm(&v, 2)
	residual := mat.Norm(&r, 2) + g*nv*(na+top)
	skew := mat.Norm(&vtv, 2) + g*nv*nv
	return roundUp((residual + skew*(na+top)) * (1 + g))
}
