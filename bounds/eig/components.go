package eig

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	lapack "gonum.org/v1/gonum/lapack/gonum"
	"gonum.org/v1/gonum/mat"
)

// Components returns the eigenvalues, ascending, of a symmetric n x n matrix A = Q diag(values) Q^T and c = Q^T y, which
// is determined up to signs where the eigenvalues are simple. Both are estimates, of backward error about n u ||A||. The
// eigenvectors are not formed, which are most of the work of a decomposition: the rotations of implicit QL act on
// one vector. Its errors are those of [Min], and a wrong length or a non-finite entry of y.
//
// References: Golub, Welsch, Calculation of Gauss Quadrature Rules, Math. Comp. 23 (1969).
func Components(a mat.Matrix, y []float64) (values, c []float64, err error) {
	s, scale, err := load(a)
	if err != nil {
		return nil, nil, err
	}
	n := s.SymmetricDim()
	if len(y) != n {
		return nil, nil, fmt.Errorf("eig: a vector of %d entries for a matrix of %d; the sizes must agree", len(y), n)
	}
	for i, v := range y {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, nil, fmt.Errorf("eig: entry %d of the vector is %v; it must be finite", i, v)
		}
	}
	d, e, c := tridiagonal(s, y)
	if !implicitQL(d, e, c) {
		return nil, nil, fmt.Errorf("eig: the eigenvalue iteration did not converge on this %d x %d matrix", n, n)
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(d[i], d[j]) })
	values, sorted := make([]float64, n), make([]float64, n)
	for k, i := range order {
		values[k], sorted[k] = math.Ldexp(d[i], scale), c[i]
	}
	return values, sorted, nil
}

// tridiagonal overwrites A = Q T Q^T and returns the diagonals of T and z = Q^T y.
func tridiagonal(a *mat.SymDense, y []float64) (d, e, z []float64) {
	n := a.SymmetricDim()
	raw := a.RawSymmetric()
	d, e, z = make([]float64, n), make([]float64, n), slices.Clone(y)
	tau, work := make([]float64, n-1), []float64{0}
	var impl lapack.Implementation
	impl.Dsytrd(blas.Upper, n, raw.Data, raw.Stride, d, e[:n-1], tau, work, -1)
	work = make([]float64, int(work[0]))
	impl.Dsytrd(blas.Upper, n, raw.Data, raw.Stride, d, e[:n-1], tau, work, len(work))
	// Q = H_{n-2} ... H_0, H_i = I - tau_i v v^T with v_i = 1 and the entries above it in column i+1.
	for i := n - 2; i >= 0; i-- {
		sum := z[i]
		for k := range i {
			sum += raw.Data[k*raw.Stride+i+1] * z[k]
		}
		sum *= tau[i]
		z[i] -= sum
		for k := range i {
			z[k] -= sum * raw.Data[k*raw.Stride+i+1]
		}
	}
	return d, e, z
}

// implicitQL overwrites the diagonal d by the eigenvalues of a tridiagonal matrix with the entries e[:n-1] beside it, and z by
// its components in their eigenvectors. It reports whether the iteration converged.
func implicitQL(d, e, z []float64) bool {
	for low := range d {
		for round := 0; ; round++ {
			high := low
			for high+1 < len(d) && math.Abs(e[high]) > unit*(math.Abs(d[high])+math.Abs(d[high+1])) && math.Abs(e[high]) > negligible {
				high++
			}
			if high == low {
				break
			}
			if round == 60 {
				return false
			}
			sweep(d, e, z, low, high)
		}
	}
	return true
}

// sweep is one step of QL with Wilkinson's shift on the rows low to high.
func sweep(d, e, z []float64, low, high int) {
	g := (d[low+1] - d[low]) / (2 * e[low])
	g = d[high] - d[low] + e[low]/(g+math.Copysign(math.Hypot(g, 1), g))
	s, c, p := 1.0, 1.0, 0.0
	for i := high - 1; i >= low; i-- {
		f, b := s*e[i], c*e[i]
		r := math.Hypot(f, g)
		e[i+1] = r
		if r == 0 { // the matrix falls apart here
			d[i+1] -= p
			e[high] = 0
			return
		}
		s, c = f/r, g/r
		g = d[i+1] - p
		r = (d[i]-g)*s + 2*c*b
		p = s * r
		d[i+1] = g + p
		g = c*r - b
		z[i], z[i+1] = c*z[i]-s*z[i+1], s*z[i]+c*z[i+1]
	}
	d[low] -= p
	e[low], e[high] = g, 0
}
