package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"

	"convergo/nets/fmablas"
)

// tileRows is the number of rows whose inner products are held at a time.
const tileRows = 64

// row is one input beside several: its norm, theirs, and the angles between.
type row struct {
	normX float64
	norms []float64
	turns
}

func (r row) pair(j int) Pair {
	return Pair{NormX: r.normX, NormY: r.norms[j], Cos: r.cos[j], Sin: r.sin[j], Angle: r.angle[j]}
}

// fill sets dst to the kernel on the pairs of a row, whose turns it may overwrite.
func (k Kernel) fill(dst []float64, r row) {
	if k.rows != nil {
		k.rows(dst, r)
		return
	}
	for j := range dst {
		dst[j] = k.of(r.pair(j))
	}
}

// each calls do for every row i of ps with the rows j >= from of qs, where from is i if upper is set and else 0: once for each i, and on
// several goroutines if there are many. What it passes does not depend on their number.
func (ps points) each(qs points, upper bool, do func(i, from int, r row)) {
	n := len(ps.dirs)
	tiles := (n + tileRows - 1) / tileRows
	var taken atomic.Int64
	work := func() {
		products, t := make([]float64, min(n, tileRows)*len(qs.dirs)), newTurns(len(qs.dirs))
		for {
			tile := int(taken.Add(1)) - 1
			if tile >= tiles {
				return
			}
			from := tile * tileRows
			ps.tile(from, min(from+tileRows, n), qs, upper, products, t, do)
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
func (ps points) tile(from, to int, qs points, upper bool, products []float64, t turns, do func(i, from int, r row)) {
	first := 0
	if upper {
		first = from
	}
	d, m := len(ps.dirs[0]), len(qs.dirs)
	columns := m - first
	fmablas.Gemm(blas.NoTrans, blas.Trans, 1,
		blas64.General{Rows: to - from, Cols: d, Stride: d, Data: ps.all[from*d:]},
		blas64.General{Rows: columns, Cols: d, Stride: d, Data: qs.all[first*d:]},
		0, blas64.General{Rows: to - from, Cols: columns, Stride: columns, Data: products})
	for i := from; i < to; i++ {
		if upper {
			first = i
		}
		r := row{ps.norms[i], qs.norms[first:], t.slice(first, m)}
		copy(r.cos, products[(i-from+1)*columns-len(r.cos):])
		ps.angles(i, qs, first, r.turns)
		do(i, first, r)
	}
}

// angles completes the turns between row i and the rows j >= first of qs, of which the cosines are known.
func (ps points) angles(i int, qs points, first int, t turns) {
	t.moderate()
	for j, cos := range t.cos {
		if !(cos <= moderate && cos >= -moderate) {
			p := ps.pair(i, qs, first+j)
			t.set(j, turn{p.Cos, p.Sin, p.Angle})
		}
	}
}
