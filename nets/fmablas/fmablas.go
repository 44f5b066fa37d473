// Package fmablas is a BLAS for float64 whose products are blocked for the cache and run in assembly (AVX2 with FMA,
// AVX-512), chosen at run time, or in plain Go. It is an implementation for gonum: [Implementation] has all methods
// of gonum's own and replaces those in which its users spend their time (Dgemm, Dsyrk, Dtrsm, Dgemv, Ddot), and
//
//	blas64.Use(fmablas.Implementation{})
//
// puts it under gonum's mat and lapack. Gemm and Syrk here call it without that switch, which holds for a whole
// program and is therefore the program's to turn, not a library's.
//
// # Which bytes
//
// An entry of a product is computed by one rule, whatever computes it:
//
//   - Dgemm and Dsyrk: c is rounded to beta c (to 0 if beta is 0). Then for each block of 256 terms, s = 0, s becomes
//     fma(a_k, b_k, s) for the terms in their order, and c becomes fma(alpha, s, c).
//   - Ddot: 32 partial sums, the l-th over the terms l, l+32, ... by fma in their order, then added pairwise: l to l+16,
//     l to l+8, and so on.
//   - Dgemv: without transpose y = fma(alpha, dot(row, x), beta y), transposed a chain fma(alpha x_k, a_k, y) over the rows.
//   - Dtrsm: the same products and chains, cut by the sizes alone.
//
// So the versions for AVX2, for AVX-512 and in Go give the same bytes, as do any number of workers, any strides, a
// product and the part of it that is asked for, and a product and the transposed product of the transposes. It holds
// on every machine that has fused multiply-adds, of any architecture, and is tested. A processor without them (amd64
// before 2013, 386, 32-bit ARM, MIPS, WebAssembly) would need fifty times as long and gets gonum's own methods:
// other last bits. Methods that are gonum's own have the bytes of gonum.
//
// NaN and infinities: where alpha is 0, A and B are not read; where beta is 0, C is not. Else every term counts,
// also those with a factor 0, which gonum's Dgemm leaves out: 0 times NaN is NaN here.
//
// # Speed
//
//	go test ./nets/fmablas -run '^$' -bench .
//
// prints GF/s, the share of what one core can do (a loop of multiply-adds on registers, timed beside it), and
// gonum's.
package fmablas

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
)

// An Implementation is a BLAS for blas64.Use. Its zero value works on the goroutine of the caller, which is right where
// many calls run side by side.
type Implementation struct {
	gonum.Implementation

	// Workers is the number of goroutines that share a large product, if it is above 1. The result does not depend on it.
	Workers int

	loops *loops // nil: the fastest
}

var _ blas.Float64 = Implementation{}

// Loops names what the inner loops are on this machine: "avx512", "avx2", "go", or "gonum" where it has no fused
// multiply-adds.
func Loops() string {
	if fastest == nil {
		return "gonum"
	}
	return fastest.name
}

// Gemm sets C (m x n) to alpha op(A) op(B) + beta C, as blas64.Gemm does, on the goroutine of the caller.
func Gemm(tA, tB blas.Transpose, alpha float64, a, b blas64.General, beta float64, c blas64.General) {
	inner := a.Cols
	if tA != blas.NoTrans {
		inner = a.Rows
	}
	Implementation{}.Dgemm(tA, tB, c.Rows, c.Cols, inner, alpha, a.Data, a.Stride, b.Data, b.Stride, beta, c.Data, c.Stride)
}

// Syrk sets the triangle of C (n x n) that c names to alpha A A^T + beta C, or to alpha A^T A + beta C if t is
// blas.Trans, as blas64.Syrk does, on the goroutine of the caller.
func Syrk(t blas.Transpose, alpha float64, a blas64.General, beta float64, c blas64.Symmetric) {
	inner := a.Cols
	if t != blas.NoTrans {
		inner = a.Rows
	}
	Implementation{}.Dsyrk(c.Uplo, t, c.N, inner, alpha, a.Data, a.Stride, beta, c.Data, c.Stride)
}

// fastest are the loops of this machine, nil if it has no fused multiply-adds.
var fastest = best(available())

// available lists the loops that this machine can run, the fastest first.
func available() []*loops {
	if !hasFMA {
		return nil
	}
	return append(assembly(), &portable)
}

func best(l []*loops) *loops {
	if len(l) == 0 {
		return nil
	}
	return l[0]
}

// own returns the loops, or nil if gonum's own methods are to be called.
func (i Implementation) own() *loops {
	if i.loops != nil {
		return i.loops
	}
	return fastest
}
