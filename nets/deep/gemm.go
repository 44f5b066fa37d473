package deep

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// Tiles keep the working set in cache and stay under the number of blocks at
// which gonum's Gemm starts goroutines (four blocks of 64 x 64), so that each
// product runs on the calling goroutine. The summation order depends on the
// tiles alone.
const (
	tileShort = 64
	tileLong  = 192
	tileInner = 256
)

// product sets c to op(a) op(b).
func product(tA, tB blas.Transpose, a, b, c blas64.General) {
	rows, cols := tileShort, tileLong // NoTrans b: long axpys over a row of c
	if tB == blas.Trans {
		rows, cols = tileLong, tileShort // dot products: keep few rows of b in cache
	}
	inner := a.Cols
	if tA == blas.Trans {
		inner = a.Rows
	}
	for i := 0; i < c.Rows; i += rows {
		for j := 0; j < c.Cols; j += cols {
			tile := block(c, i, j, rows, cols)
			beta := 0.0
			for k := 0; k < inner; k += tileInner {
				at, bt := block(a, i, k, rows, tileInner), block(b, k, j, tileInner, cols)
				if tA == blas.Trans {
					at = block(a, k, i, tileInner, rows)
				}
				if tB == blas.Trans {
					bt = block(b, j, k, cols, tileInner)
				}
				blas64.Gemm(tA, tB, 1, at, bt, beta, tile)
				beta = 1
			}
		}
	}
}

// block views the rows x cols block of g at (i, j), cut off at the edges of g.
// A block that starts outside g is empty and never used.
func block(g blas64.General, i, j, rows, cols int) blas64.General {
	if i >= g.Rows || j >= g.Cols {
		return blas64.General{Stride: g.Stride}
	}
	rows, cols = min(rows, g.Rows-i), min(cols, g.Cols-j)
	return blas64.General{
		Rows: rows, Cols: cols, Stride: g.Stride,
		Data: g.Data[i*g.Stride+j : (i+rows-1)*g.Stride+j+cols],
	}
}

// outerGram sets the upper triangle of c to a a^T.
func outerGram(a blas64.General, c blas64.Symmetric) {
	beta := 0.0
	for k := 0; k < a.Cols; k += tileInner {
		blas64.Syrk(blas.NoTrans, 1, block(a, 0, k, a.Rows, tileInner), beta, c)
		beta = 1
	}
}

// transpose writes a^T into the storage dst and returns it as a matrix.
func transpose(dst []float64, a *mat.Dense) blas64.General {
	g := a.RawMatrix()
	t := blas64.General{Rows: g.Cols, Cols: g.Rows, Stride: g.Rows, Data: dst[:g.Rows*g.Cols]}
	const edge = 16 // both matrices are read and written by whole cache lines
	for i0 := 0; i0 < g.Rows; i0 += edge {
		for j0 := 0; j0 < g.Cols; j0 += edge {
			for i := i0; i < min(i0+edge, g.Rows); i++ {
				for j := j0; j < min(j0+edge, g.Cols); j++ {
					t.Data[j*t.Stride+i] = g.Data[i*g.Stride+j]
				}
			}
		}
	}
	return t
}
