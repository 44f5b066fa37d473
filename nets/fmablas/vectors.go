package fmablas

import (
	"math"

	"gonum.org/v1/gonum/blas"
)

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

// inner is the dot product of x and y.
func (l *loops) inner(x, y []float64) float64 {
	var sums [lanes]float64
	blocks := len(x) / lanes * lanes
	if blocks > 0 {
		l.dot(x[:blocks], y, &sums)
	}
	y = y[blocks:]
	for i, v := range x[blocks:] {
		sums[i] = math.FMA(v, y[i], sums[i])
	}
	for h := lanes / 2; h > 0; h /= 2 {
		for i := range h {
			sums[i] += sums[i+h]
		}
	}
	return sums[0]
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
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	if incX != 1 || alpha != 1 {
		buf.a = gather(sized(buf.a, lenX), x, incX)
		x = buf.a
	}
	out := y[:min(lenY, len(y))]
	if incY != 1 {
		buf.b = gather(sized(buf.b, lenY), y, incY)
		out = buf.b
	}
	scaleBy(out, beta)
	switch {
	case alpha == 0:
	case t == blas.NoTrans:
		for r := range out {
			out[r] = math.FMA(alpha, l.inner(a[r*lda:r*lda+n], x[:n]), out[r])
		}
	default:
		scaleBy(x[:m], alpha)
		l.combineRows(out, a, x[:m], lda)
	}
	if incY != 1 {
		scatter(y, out, incY)
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
