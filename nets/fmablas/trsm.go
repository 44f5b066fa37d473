package fmablas

import "gonum.org/v1/gonum/blas"

// Dtrsm sets B (m x n) to the X with op(A) X = alpha B, or X op(A) = alpha B if s is blas.Right, for a triangular A. It
// panics on arguments on which gonum's does, and like it multiplies by the reciprocals of the diagonal.
func (i Implementation) Dtrsm(s blas.Side, ul blas.Uplo, t blas.Transpose, d blas.Diag, m, n int, alpha float64, a []float64, lda int, b []float64, ldb int) {
	l := i.own()
	if l == nil {
		i.Implementation.Dtrsm(s, ul, t, d, m, n, alpha, a, lda, b, ldb)
		return
	}
	i.checkTrsm(s, ul, t, d, m, n, a, lda, b, ldb)
	if m == 0 || n == 0 {
		return
	}
	for r := range m {
		scaleBy(b[r*ldb:r*ldb+n], alpha)
	}
	if alpha == 0 {
		return
	}
	x := solver{loops: l, a: viewOf(a, lda, t), unit: d == blas.Unit, workers: i.Workers, b: b, ldb: ldb}
	isLower := (ul == blas.Lower) == (t == blas.NoTrans) // of op(A)
	if s == blas.Left {
		x.left(isLower, 0, m, n)
	} else {
		x.right(isLower, 0, n, m)
	}
}

// checkTrsm panics on what gonum's Dtrsm and Dgemm do not take.
func (i Implementation) checkTrsm(s blas.Side, ul blas.Uplo, t blas.Transpose, d blas.Diag, m, n int, a []float64, lda int, b []float64, ldb int) {
	i.Implementation.Dtrsm(s, ul, t, d, min(m, 0), min(n, 0), 0, a, lda, b, ldb)
	order, columns := n, n
	if s == blas.Left {
		order, columns = m, m
	}
	if m == 0 || n == 0 {
		columns = 0 // lengths do not matter
	}
	i.Implementation.Dgemm(blas.NoTrans, blas.NoTrans, order, columns, order, 0, a, lda, a, lda, 1, a, lda)
	i.Implementation.Dgemm(blas.NoTrans, blas.NoTrans, m, n, 0, 0, b, ldb, b, ldb, 1, b, ldb)
}

// scaleBy is scale, without work if beta is 1.
func scaleBy(x []float64, beta float64) {
	if beta != 1 {
		scale(x, beta)
	}
}

// A solver solves with the triangular op(A), of which a is the view, in place on the rows of B.
type solver struct {
	*loops
	a       view
	unit    bool
	workers int
	b       []float64
	ldb     int
}

// triangle is the order up to which a system is solved term by term; larger ones are cut in two.
const triangle = 16

// cut is where an order is cut: near its half, in whole triangles.
func cut(order int) int { return (order/2 + triangle - 1) / triangle * triangle }

// left solves for rows from to from+order of B, each of n numbers.
func (s *solver) left(lower bool, from, order, n int) {
	if order <= triangle {
		s.substitute(lower, s.a.at(from, from), s.b[from*s.ldb:], s.ldb, order, n)
		return
	}
	h := cut(order)
	first, second, rest := from, from+h, order-h
	if lower {
		s.left(lower, first, h, n)
		s.subtract(s.a.at(second, first), s.rows(first), second, 0, rest, n, h)
		s.left(lower, second, rest, n)
		return
	}
	s.left(lower, second, rest, n)
	s.subtract(s.a.at(first, second), s.rows(second), first, 0, h, n, rest)
	s.left(lower, first, h, n)
}

// right solves for columns from to from+order of the m rows of B.
func (s *solver) right(lower bool, from, order, m int) {
	if order <= triangle {
		s.substituteRight(lower, from, order, m)
		return
	}
	h := cut(order)
	first, second, rest := from, from+h, order-h
	if lower {
		s.right(lower, second, rest, m)
		s.subtract(view{s.b[second:], s.ldb, 1}, s.a.at(second, first), 0, first, m, h, rest)
		s.right(lower, first, h, m)
		return
	}
	s.right(lower, first, h, m)
	s.subtract(view{s.b[first:], s.ldb, 1}, s.a.at(first, second), 0, second, m, rest, h)
	s.right(lower, second, rest, m)
}

// rows is B from a row on.
func (s *solver) rows(from int) view { return view{s.b[from*s.ldb:], s.ldb, 1} }

// subtract takes x y, a sum of k terms, from the m x n of B at (i, j).
func (s *solver) subtract(x, y view, i, j, m, n, k int) {
	p := product{loops: s.loops, alpha: -1, m: m, n: n, k: k, a: x, b: y, c: s.b[i*s.ldb+j:], ldc: s.ldb}
	p.run(1, s.workers)
}

// substituteRight solves for a few columns: the transposed system, on transposed copies.
func (s *solver) substituteRight(lower bool, from, order, m int) {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	buf.b = sized(buf.b, order*m)
	x := buf.b
	s.transpose(x, s.b[from:], m, order, m, s.ldb)
	s.substitute(!lower, s.a.at(from, from).transposed(), x, m, order, m)
	s.transpose(s.b[from:], x, order, m, s.ldb, m)
}

// substitute solves a x = x for the rows of x, one after another.
func (s *solver) substitute(lower bool, a view, x []float64, stride, order, n int) {
	var factors [triangle]float64
	for t := range order {
		i, from, to := t, 0, t // rows that are solved
		if !lower {
			i = order - 1 - t
			from, to = i+1, order
		}
		row := x[i*stride : i*stride+n]
		for k := from; k < to; k++ {
			factors[k] = -a.data[i*a.row+k*a.col]
		}
		if from < to {
			s.combine(row, x[from*stride:], factors[from:to], stride)
		}
		if !s.unit {
			multiply(row, 1/a.data[i*(a.row+a.col)])
		}
	}
}
