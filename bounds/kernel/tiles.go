package kernel

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"

	"convergo/nets/fmablas"
)

// tileRows is the number of rows whose inner products are held at a time.
const tileRows = 64

// each calls do for every pair of rows i of ps and j of qs, with j >= i alone if upper is set, once for each and on several
// goroutines if there are many rows. What it passes does not depend on their number.
func (ps points) each(qs points, upper bool, do func(i, j int, p Pair)) {
	n := len(ps.dirs)
	tiles := (n + tileRows - 1) / tileRows
	var taken atomic.Int64
	work := func() {
		products := make([]float64, min(n, tileRows)*len(qs.dirs))
		for {
			tile := int(taken.Add(1)) - 1
			if tile >= tiles {
				return
			}
			from := tile * tileRows
			ps.tile(from, min(from+tileRows, n), qs, upper, products, do)
		}
	}
	workers := min(tiles, runtime.GOMAXPROCS(0))
	if workers == 1 {
		work()
		return
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(work)
	}
	wg.Wait()
}

// tile does the rows from <= i < to.
func (ps points) tile(from, to int, qs points, upper bool, products []float64, do func(i, j int, p Pair)) {
	first := 0
	if upper {
		first = from
	}
	d, columns := len(ps.dirs[0]), len(qs.dirs)-first
	fmablas.Gemm(blas.NoTrans, blas.Trans, 1,
		blas64.General{Rows: to - from, Cols: d, Stride: d, Data: ps.all[from*d:]},
		blas64.General{Rows: columns, Cols: d, Stride: d, Data: qs.all[first*d:]},
		0, blas64.General{Rows: to - from, Cols: columns, Stride: columns, Data: products})
	for i := from; i < to; i++ {
		row := products[(i-from)*columns:][:columns]
		j := first
		if upper {
			j = i
		}
		for ; j < len(qs.dirs); j++ {
			cos := row[j-first]
			if cos <= moderate && cos >= -moderate {
				do(i, j, Pair{
					NormX: ps.norms[i], NormY: qs.norms[j],
					Cos: cos, Sin: math.Sqrt((1 - cos) * (1 + cos)), Angle: arccos(cos),
				})
			} else {
				do(i, j, ps.pair(i, qs, j))
			}
		}
	}
}
