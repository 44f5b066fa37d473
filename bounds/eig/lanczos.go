package eig

import (
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// denseMin is the smallest eigenvalue by tridiagonal reduction. The result is an estimate only.
func denseMin(a *mat.SymDense) float64 {
	if values, ok := denseAll(a); ok {
		return values[0]
	}
	return gershgorinBelow(a)
}

// inverseLanczos estimates the smallest eigenvalue and its vector by Lanczos on (A + sI)^{-1}, with
// the smallest shift s >= 0 for which Cholesky succeeds.
func inverseLanczos(a *mat.SymDense, stop stopping) (float64, []float64) {
	shift := 0.0
	for range 60 {
		if t, ok := choleskyOfShift(a, -shift); ok {
			mu, v := lanczos(a.SymmetricDim(), func(dst, x []float64) {
				copy(dst, x)
				solve(t, dst)
			}, true, stop)
			return 1/mu - shift, v
		}
		shift = max(4*shift, choleskyError(a, 0), unit) // the second is next to 0 without positive entries
	}
	return gershgorinBelow(a), nil
}

// stopping bounds the error of a Ritz value from its residual and from its distance to the next one.
type stopping func(residual, gap float64) float64

// byResidual holds for every symmetric matrix: there is an eigenvalue within the residual.
func byResidual(residual, _ float64) float64 { return residual }

// byGap holds where the next Ritz value is as far away as the next eigenvalue, and saves half of the steps.
func byGap(residual, gap float64) float64 {
	if residual < gap {
		return residual / gap * residual
	}
	return residual
}

// lanczos finds the largest (or else smallest) eigenvalue of a symmetric operator and its unit Ritz
// vector, with full reorthogonalisation done twice. It stops when the Ritz value is good to
// rounding, or after 300 steps: the caller certifies what it returns.
func lanczos(n int, apply func(dst, x []float64), largest bool, stop stopping) (float64, []float64) {
	const most = 300
	check := 5 // the next step at which to look at the Ritz pair
	var basis [][]float64
	var alpha, beta []float64
	q := startVector(n)
	w := make([]float64, n)
	for k := 1; ; k++ {
		basis = append(basis, q)
		apply(w, q)
		alpha = append(alpha, dot(w, q))
		for range 2 {
			for _, b := range basis {
				blas64.Axpy(-dot(w, b), vector(b), vector(w))
			}
		}
		b := blas64.Nrm2(vector(w))
		last := k == min(n, most) || !(b > 0x1p-1000)
		if last || k == check {
			check += max(5, k/4)
			value, gap, s := ritz(alpha, beta, largest)
			if last || stop(b*math.Abs(s[k-1]), gap) <= 4*unit*math.Abs(value) {
				return value, combine(basis, s)
			}
		}
		beta = append(beta, b)
		q = append([]float64(nil), w...)
		blas64.Scal(1/b, vector(q))
	}
}

// ritz returns the wanted eigenpair of the tridiagonal matrix, and its distance to the next eigenvalue.
func ritz(alpha, beta []float64, largest bool) (value, gap float64, vector []float64) {
	k := len(alpha)
	t := mat.NewSymDense(k, nil)
	for i, x := range alpha {
		t.SetSym(i, i, x)
		if i+1 < k {
			t.SetSym(i, i+1, beta[i])
		}
	}
	var es mat.EigenSym
	if !es.Factorize(t, true) {
		s := make([]float64, k)
		s[0] = 1
		return alpha[0], 0, s
	}
	var vec mat.Dense
	es.VectorsTo(&vec)
	values := es.Values(nil)
	i, next := 0, min(1, k-1)
	if largest {
		i, next = k-1, max(k-2, 0)
	}
	return values[i], math.Abs(values[i] - values[next]), mat.Col(nil, i, &vec)
}

func combine(basis [][]float64, s []float64) []float64 {
	v := make([]float64, len(basis[0]))
	for i, b := range basis {
		blas64.Axpy(s[i], vector(b), vector(v))
	}
	return v
}

func dot(x, y []float64) float64 { return blas64.Dot(vector(x), vector(y)) }

func vector(x []float64) blas64.Vector { return blas64.Vector{N: len(x), Data: x, Inc: 1} }
