package deep

import (
	"convergo/nets/fmablas"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// product sets c to op(a) op(b).
func product(tA, tB blas.Transpose, a, b, c blas64.General) { fmablas.Gemm(tA, tB, 1, a, b, 0, c) }

// outerGram sets the upper triangle of c to a a^T.
func outerGram(a blas64.General, c blas64.Symmetric) { fmablas.Syrk(blas.NoTrans, 1, a, 0, c) }
