package fmablas

import "gonum.org/v1/gonum/blas"

// Dgemm sets C (m x n) to alpha op(A) op(B) + beta C; op(A) is m x k and op(B) is k x n. It panics on arguments on which
// gonum's does.
func (i Implementation) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	l := i.own()
	if l == nil {
		i.Implementation.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	i.Implementation.Dgemm(tA, tB, m, n, k, 0, a, lda, b, ldb, 1, c, ldc) // checks its arguments, and adds nothing
	if m == 0 || n == 0 {
		return
	}
	p := product{loops: l, alpha: alpha, m: m, n: n, k: k, a: viewOf(a, lda, tA), b: viewOf(b, ldb, tB), c: c, ldc: ldc}
	p.run(beta, i.Workers)
}

// Dsyrk sets a triangle of C (n x n) to alpha A A^T + beta C, or to alpha A^T A + beta C; the sums have k terms. It panics
// on arguments on which gonum's does.
func (i Implementation) Dsyrk(ul blas.Uplo, t blas.Transpose, n, k int, alpha float64, a []float64, lda int, beta float64, c []float64, ldc int) {
	l := i.own()
	if l == nil {
		i.Implementation.Dsyrk(ul, t, n, k, alpha, a, lda, beta, c, ldc)
		return
	}
	i.Implementation.Dsyrk(ul, t, 0, k, 0, a, lda, 1, c, ldc)                  // checks ul and t
	i.Implementation.Dgemm(t, other(t), n, n, k, 0, a, lda, a, lda, 1, c, ldc) // checks the rest
	if n == 0 {
		return
	}
	v, part := viewOf(a, lda, t), upper
	if ul == blas.Lower {
		part = lower
	}
	p := product{loops: l, alpha: alpha, m: n, n: n, k: k, a: v, b: v.transposed(), c: c, ldc: ldc, part: part}
	p.run(beta, i.Workers)
}

func other(t blas.Transpose) blas.Transpose {
	if t == blas.NoTrans {
		return blas.Trans
	}
	return blas.NoTrans
}

// A view has entry (i, j) of a matrix at data[i*row+j*col]; one of the two steps is 1.
type view struct {
	data     []float64
	row, col int
}

func viewOf(data []float64, stride int, t blas.Transpose) view {
	v := view{data, stride, 1}
	if t != blas.NoTrans {
		return v.transposed()
	}
	return v
}

func (v view) transposed() view { return view{v.data, v.col, v.row} }

// at is the view from (i, j) on.
func (v view) at(i, j int) view { return view{v.data[i*v.row+j*v.col:], v.row, v.col} }

// A part is what of a matrix is computed.
type part int

const (
	whole part = iota
	upper      // j >= i
	lower      // j <= i
)

// span is the range of columns of row i that the part has, of n.
func (p part) span(i, n int) (from, to int) {
	switch p {
	case upper:
		return min(i, n), n
	case lower:
		return 0, min(i+1, n)
	}
	return 0, n
}

// A product adds alpha A B to the part of C, with A (m x k), B (k x n) and C (m x n).
type product struct {
	*loops
	alpha   float64
	m, n, k int
	a, b    view
	c       []float64
	ldc     int
	fresh   bool // C is to be set, not added to
	part    part
	first   int // the row of the whole C that row 0 is
}

// span is the range of columns of row i to compute.
func (p *product) span(i int) (from, to int) { return p.part.span(p.first+i, p.n) }

// run scales C by beta and adds the product.
func (p *product) run(beta float64, workers int) {
	work := p.m * p.n * p.k
	small := work <= smallWork || p.m < 3 || p.n < thin && p.part == whole
	p.fresh = beta == 0 && p.alpha != 0 && p.k > 0 && !small
	if !p.fresh {
		p.scale(beta)
	}
	switch {
	case p.alpha == 0 || p.k == 0:
	case small:
		p.small()
	case workers > 1 && work >= parallelWork:
		p.parallel(workers)
	default:
		p.blocked()
	}
}

func (p *product) scale(beta float64) {
	if beta == 1 {
		return
	}
	for i := range p.m {
		from, to := p.span(i)
		scale(p.c[i*p.ldc+from:i*p.ldc+to], beta)
	}
}

// scale multiplies by beta, or clears what may be NaN if beta is 0.
func scale(x []float64, beta float64) {
	if beta == 0 {
		clear(x)
		return
	}
	multiply(x, beta)
}

func multiply(x []float64, f float64) {
	for j := range x {
		x[j] *= f
	}
}
