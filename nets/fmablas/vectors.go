package fmablas

import "gonum.org/v1/gonum/blas"

// Ddot returns the sum of x_i y_i over i < n. It panics on arguments on which gonum's does.
func (i Implementation) Ddot(n int, x []float64, incX int, y []float64, incY int) float64 {
	l := i.own()
	if l == nil || n <= 0 || incX == 0 || incY == 0 {
		return i.Implementation.Ddot(n, x, incX, y, incY)
	}
	i.Implementation.Daxpy(n, 0, x, incX, y, incY) // checks its arguments
	if incX == 1 && incY == 1 {
		return l.inner(x[:n], y[:n])
	}
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	buf.a, buf.b = gather(sized(buf.a, n), x, incX), gather(sized(buf.b, n), y, incY)
	return l.inner(buf.a, buf.b)
}

// Dgemv sets y to alpha op(A) x + beta y, with A (m x n). It panics on arguments on which gonum's does.
func (i Implementation) Dgemv(t blas.Transpose, m, n int, alpha float64, a []float64, lda int, x []float64, incX int, beta float64, y []float64, incY int) {
	l := i.own()
	if l == nil {
		i.Implementation.Dgemv(t, m, n, alpha, a, lda, x, incX, beta, y, incY)
		return
	}
	i.Implementation.Dgemv(t, m, n, 0, a, lda, x, incX, 1, y, incY) // checks its arguments, and changes nothing
	if m == 0 || n == 0 {
		return
	}
	lenX, lenY := n, m
	if t != blas.NoTrans {
		lenX, lenY = m, n
	}
	if incX == 1 && incY == 1 && (t == blas.NoTrans || alpha == 1) {
		l.gemv(t, alpha, a, lda, x[:lenX], beta, y[:lenY])
		return
	}
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	buf.a, buf.b = gather(sized(buf.a, lenX), x, incX), gather(sized(buf.b, lenY), y, incY)
	if t != blas.NoTrans && alpha != 0 {
		multiply(buf.a, alpha)
		alpha = 1
	}
	l.gemv(t, alpha, a, lda, buf.a, beta, buf.b)
	scatter(y, buf.b, incY)
}

// gemv is Dgemv for vectors without increments; transposed, alpha is 0 or 1.
func (l *loops) gemv(t blas.Transpose, alpha float64, a []float64, lda int, x []float64, beta float64, y []float64) {
	scaleBy(y, beta)
	switch {
	case alpha == 0:
	case t == blas.NoTrans:
		l.dots(y, a, x, lda, alpha)
	default:
		l.combineRows(y, a, x, lda)
	}
}

// combineRows is combine, so many rows at a time that they stay in the cache while the columns are passed.
func (l *loops) combineRows(dst, rows, c []float64, stride int) {
	const block = 32
	for k := 0; k < len(c); k += block {
		l.combine(dst, rows[k*stride:], c[k:min(k+block, len(c))], stride)
	}
}

// start is where a vector of n numbers with that increment begins.
func start(n, inc int) int {
	if inc < 0 {
		return (1 - n) * inc
	}
	return 0
}

// gather fills dst with the numbers of x, in their order.
func gather(dst, x []float64, inc int) []float64 {
	at := start(len(dst), inc)
	for i := range dst {
		dst[i] = x[at]
		at += inc
	}
	return dst
}

// scatter puts the numbers of src into y.
func scatter(y, src []float64, inc int) {
	at := start(len(src), inc)
	for _, v := range src {
		y[at] = v
		at += inc
	}
}
