package eig

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
)

// denseLimit is the size up to which the estimate comes from a dense eigenvalue computation; beyond,
// inverse Lanczos is faster.
const denseLimit = 200

// Min returns the smallest eigenvalue of a symmetric matrix. The matrix need not be semidefinite.
// It fails on an empty, non-square, non-symmetric or non-finite matrix, and when the result overflows.
func Min(a mat.Matrix) (Certified, error) {
	s, scale, err := load(a)
	if err != nil {
		return Certified{}, err
	}
	return smallest(s, false).rescale(scale)
}

// Max returns the largest eigenvalue of a symmetric matrix; see [Min].
func Max(a mat.Matrix) (Certified, error) {
	s, scale, err := load(a)
	if err != nil {
		return Certified{}, err
	}
	return largest(s).rescale(scale)
}

// Norm returns the spectral norm max |lambda_i| of a symmetric matrix; see [Min].
func Norm(a mat.Matrix) (Certified, error) {
	s, scale, err := load(a)
	if err != nil {
		return Certified{}, err
	}
	hi, lo := largest(s), smallest(s, false)
	lower := max(hi.Lower(), -lo.Upper(), 0)
	upper := max(hi.Upper(), -lo.Lower())
	return between(lower, max(hi.Value, -lo.Value), upper).rescale(scale)
}

// SpectralNorm returns the largest singular value ||X||_2 of an n x d matrix.
// It goes through the smaller of X X^T and X^T X, whose rounding is part of the bound.
func SpectralNorm(x mat.Matrix) (Certified, error) {
	n, d := x.Dims()
	if n == 0 || d == 0 {
		return Certified{}, fmt.Errorf("eig: the matrix is %d x %d and has no singular values", n, d)
	}
	big, err := largestEntry(x)
	if err != nil || big == 0 {
		return Certified{}, err
	}
	_, scale := math.Frexp(big)
	var y mat.Dense
	y.Apply(func(_, _ int, v float64) float64 { return math.Ldexp(v, -scale) }, x)
	var g mat.SymDense
	inner := d
	if n <= d {
		g.SymOuterK(1, &y)
	} else {
		g.SymOuterK(1, y.T())
		inner = n
	}
	c := largest(&g)
	// Each entry is an inner product y_i . y_j with error gamma(inner) |y_i| . |y_j|, so the error
	// matrix has Frobenius norm at most gamma(inner) ||Y||_F^2.
	f := mat.Norm(&y, 2)
	c = c.Widen(roundUp(gamma(inner+4) * f * f))
	lo, hi := math.Sqrt(max(0, c.Lower())), math.Sqrt(c.Upper())
	return between(lo*(1-2*unit), math.Sqrt(max(0, c.Value)), hi*(1+2*unit)).rescale(scale)
}

// largest is -lambda_min(-A).
func largest(a *mat.SymDense) Certified {
	var neg mat.SymDense
	neg.ScaleSym(-1, a)
	c := smallest(&neg, true)
	return within(-c.Value, c.Err)
}

// smallest certifies lambda_min of a matrix with entries at most 1 in magnitude. The flag says that
// it is the far end of a semidefinite spectrum, which direct Lanczos finds faster than inverse.
func smallest(a *mat.SymDense, direct bool) Certified {
	n := a.SymmetricDim()
	if n == 1 {
		return within(a.At(0, 0), 0)
	}
	if n <= denseLimit {
		theta := denseMin(a)
		lower, factor := certifyBelow(a, theta)
		var v []float64
		if factor != nil {
			v = inverseIteration(factor)
		}
		return enclose(a, lower, theta, v)
	}
	// An estimate that stopped early and lies too high shows in its certificate, and is taken again.
	theta, v := estimate(a, direct, byGap)
	if lower, _, ok := certifyAt(a, theta-2*choleskyError(a, theta)); ok {
		return enclose(a, lower, theta, v)
	}
	theta, v = estimate(a, direct, byResidual)
	lower, factor := certifyBelow(a, theta)
	if v == nil && factor != nil {
		v = inverseIteration(factor)
	}
	return enclose(a, lower, theta, v)
}

func estimate(a *mat.SymDense, direct bool, stop stopping) (float64, []float64) {
	if direct {
		return lanczos(a.SymmetricDim(), func(dst, x []float64) { symv(a, dst, x) }, false, stop)
	}
	return inverseLanczos(a, stop)
}

// enclose joins a proved lower bound and the estimate theta with the least upper bound at hand; v is an approximate
// eigenvector or nil.
func enclose(a *mat.SymDense, lower, theta float64, v []float64) Certified {
	upper := a.At(0, 0) // a Rayleigh quotient of a unit vector, without rounding
	for i := range a.SymmetricDim() {
		upper = min(upper, a.At(i, i))
	}
	if v != nil {
		upper = min(upper, rayleighUpper(a, v))
	}
	return between(lower, theta, max(lower, upper))
}

// certifyBelow proves a lower bound on lambda_min near the estimate theta, and returns the Cholesky
// factor of A - sI behind it. Gershgorin's bound is the last resort.
func certifyBelow(a *mat.SymDense, theta float64) (float64, *blas64.Triangular) {
	step := choleskyError(a, theta)
	for range 40 {
		if lower, factor, ok := certifyAt(a, theta-2*step); ok {
			return lower, factor
		}
		step *= 4
	}
	return gershgorinBelow(a), nil
}

// certifyAt is the lower bound that a Cholesky factorisation of A - sI proves, if there is one.
func certifyAt(a *mat.SymDense, s float64) (lower float64, factor *blas64.Triangular, ok bool) {
	factor, ok = choleskyOfShift(a, s)
	return s - choleskyError(a, s), factor, ok
}

// choleskyError bounds the distance between a matrix that a floating-point Cholesky of A - sI proves
// semidefinite and A - sI itself: g/(1-g) tr(A - sI) for the factorisation, u |a_ii - s| for forming
// the diagonal. The diagonal of a factorised matrix is positive, so negative terms do not occur;
// they are dropped to keep the bound meaningful as a step size. Underflow adds less than n 2^-1000.
func choleskyError(a *mat.SymDense, s float64) float64 {
	n := a.SymmetricDim()
	var trace, top float64
	for i := range n {
		d := max(0, a.At(i, i)-s)
		trace += d
		top = max(top, d)
	}
	g := gamma(n + 4)
	return roundUp(g/(1-g)*trace*(1+gamma(n+4)) + 2*unit*top + float64(n)*0x1p-1000)
}

func choleskyOfShift(a *mat.SymDense, s float64) (*blas64.Triangular, bool) {
	n := a.SymmetricDim()
	w := mat.NewSymDense(n, nil)
	w.CopySym(a)
	for i := range n {
		w.SetSym(i, i, a.At(i, i)-s)
	}
	t, ok := lapack64.Potrf(w.RawSymmetric())
	return &t, ok
}

// gershgorinBelow is min_i (a_ii - sum_{j != i} |a_ij|), lowered by its rounding.
func gershgorinBelow(a *mat.SymDense) float64 {
	n := a.SymmetricDim()
	low := math.Inf(1)
	for i := range n {
		var off float64
		for j := range n {
			if j != i {
				off += math.Abs(a.At(i, j))
			}
		}
		low = min(low, a.At(i, i)-off-gamma(n+2)*(off+math.Abs(a.At(i, i))))
	}
	return low
}

// rayleighUpper is an upper bound on v^T A v / v^T v >= lambda_min. Evaluating the quadratic form
// rounds at most 2n+2 times on each path, so its error is gamma(2n+2) |v|^T |A| |v| <=
// gamma(2n+2) ||A||_F ||v||^2; the division and v^T v add gamma(n+2) of the quotient.
func rayleighUpper(a *mat.SymDense, v []float64) float64 {
	n := len(v)
	w := make([]float64, n)
	symv(a, w, v)
	x := blas64.Vector{N: n, Data: v, Inc: 1}
	q := blas64.Dot(x, blas64.Vector{N: n, Data: w, Inc: 1}) / blas64.Dot(x, x)
	if math.IsNaN(q) {
		return math.Inf(1)
	}
	return q + roundUp(gamma(3*n+8)*mat.Norm(a, 2)+gamma(n+4)*math.Abs(q))
}

// inverseIteration returns an approximate lowest eigenvector of the factorised matrix. Its shift is
// within rounding of the eigenvalue, so four solves are enough; a poor vector only widens the result.
func inverseIteration(t *blas64.Triangular) []float64 {
	v := startVector(t.N)
	for range 4 {
		solve(t, v)
		if !rescaleVector(v) {
			return nil
		}
	}
	return v
}

// solveBlock is the number of rows that are solved at a time; what joins the blocks is matrix times vector.
const solveBlock = 64

// solve overwrites v by (U^T U)^{-1} v.
func solve(t *blas64.Triangular, v []float64) {
	n := t.N
	general := func(row, col, rows, cols int) blas64.General {
		return blas64.General{Rows: rows, Cols: cols, Stride: t.Stride, Data: t.Data[row*t.Stride+col:]}
	}
	diagonal := func(trans blas.Transpose, from, to int) {
		block := blas64.Triangular{N: to - from, Stride: t.Stride, Data: t.Data[from*t.Stride+from:], Uplo: t.Uplo, Diag: t.Diag}
		blas64.Trsv(trans, block, vector(v[from:to]))
	}
	for from := 0; from < n; from += solveBlock {
		to := min(from+solveBlock, n)
		if from > 0 {
			blas64.Gemv(blas.Trans, -1, general(0, from, from, to-from), vector(v[:from]), 1, vector(v[from:to]))
		}
		diagonal(blas.Trans, from, to)
	}
	for from := (n - 1) / solveBlock * solveBlock; from >= 0; from -= solveBlock {
		to := min(from+solveBlock, n)
		if to < n {
			blas64.Gemv(blas.NoTrans, -1, general(from, to, to-from, n-to), vector(v[to:]), 1, vector(v[from:to]))
		}
		diagonal(blas.NoTrans, from, to)
	}
}

func symv(a *mat.SymDense, dst, x []float64) {
	n := len(x)
	blas64.Symv(1, a.RawSymmetric(), blas64.Vector{N: n, Data: x, Inc: 1}, 0, blas64.Vector{N: n, Data: dst, Inc: 1})
}

// startVector is a fixed direction without symmetry, so that no eigenvector of a structured matrix
// is likely to be orthogonal to it.
func startVector(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		_, frac := math.Modf(float64(i+1) * math.Phi)
		v[i] = frac - 0.5
	}
	rescaleVector(v)
	return v
}

// rescaleVector divides by the Euclidean norm and reports whether that was possible.
func rescaleVector(v []float64) bool {
	x := blas64.Vector{N: len(v), Data: v, Inc: 1}
	norm := blas64.Nrm2(x)
	if !(norm > 0) || math.IsInf(norm, 0) {
		return false
	}
	blas64.Scal(1/norm, x)
	return true
}

// load copies a into symmetric storage, scaled by a power of two to entries of magnitude at most 1,
// and returns the exponent that undoes the scaling.
func load(a mat.Matrix) (*mat.SymDense, int, error) {
	n, c := a.Dims()
	if n != c {
		return nil, 0, fmt.Errorf("eig: the matrix is %d x %d; eigenvalues need a square one (for singular values use SpectralNorm)", n, c)
	}
	if n == 0 {
		return nil, 0, fmt.Errorf("eig: the matrix is empty and has no eigenvalues")
	}
	big, err := largestEntry(a)
	if err != nil {
		return nil, 0, err
	}
	_, e := math.Frexp(big)
	s := mat.NewSymDense(n, nil)
	if raw, ok := a.(mat.RawSymmetricer); ok && raw.RawSymmetric().Uplo == blas.Upper && -e < 1000 {
		factor, from, to := math.Ldexp(1, -e), raw.RawSymmetric(), s.RawSymmetric()
		for i := range n {
			row := to.Data[i*to.Stride : (i+1)*to.Stride]
			for j := i; j < n; j++ {
				row[j] = factor * from.Data[i*from.Stride+j] // exact, or rounded as Ldexp does
			}
		}
		return s, e, nil
	}
	for i := range n {
		for j := i; j < n; j++ {
			v := a.At(i, j)
			if v != a.At(j, i) {
				return nil, 0, fmt.Errorf("eig: the matrix is not symmetric: entries (%d,%d) and (%d,%d) are %v and %v; pass a SymDense or symmetrise it", i, j, j, i, v, a.At(j, i))
			}
			s.SetSym(i, j, math.Ldexp(v, -e))
		}
	}
	return s, e, nil
}

func largestEntry(a mat.Matrix) (float64, error) {
	n, c := a.Dims()
	_, half := a.(mat.RawSymmetricer) // the lower triangle is the upper
	var big float64
	for i := range n {
		from := 0
		if half {
			from = i
		}
		for j := from; j < c; j++ {
			v := math.Abs(a.At(i, j))
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return 0, fmt.Errorf("eig: entry (%d,%d) is %v; find where it came from before asking for eigenvalues", i, j, a.At(i, j))
			}
			big = max(big, v)
		}
	}
	return big, nil
}
