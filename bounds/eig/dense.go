package eig

import (
	"math"

	"gonum.org/v1/gonum/blas"
	lapack "gonum.org/v1/gonum/lapack/gonum"
	"gonum.org/v1/gonum/mat"
)

// negligible is what an entry of a tridiagonal matrix of norm about 1 may be to count as zero. It lies
// above 2^-405, below which Dsterf scales a block up and panics (gonum 0.17 passes Dlascl the stride n
// for a column), and so far below the unit roundoff that no result can tell.
const negligible = 0x1p-400

// denseAll returns all eigenvalues, ascending, of a matrix with entries of magnitude about 1. It is
// mat.EigenSym without vectors, bit for bit, but for entries that are negligible after the reduction to
// tridiagonal form. It reports whether the iteration converged.
func denseAll(a *mat.SymDense) ([]float64, bool) {
	n := a.SymmetricDim()
	w := mat.NewSymDense(n, nil)
	w.CopySym(a)
	raw := w.RawSymmetric()
	d, e, tau, work := make([]float64, n), make([]float64, n-1), make([]float64, n-1), []float64{0}
	var impl lapack.Implementation
	impl.Dsytrd(blas.Upper, n, raw.Data, raw.Stride, d, e, tau, work, -1)
	work = make([]float64, int(work[0]))
	impl.Dsytrd(blas.Upper, n, raw.Data, raw.Stride, d, e, tau, work, len(work))
	for _, part := range [][]float64{d, e} {
		for i, v := range part {
			if math.Abs(v) < negligible {
				part[i] = 0
			}
		}
	}
	return d, impl.Dsterf(n, d, e)
}
