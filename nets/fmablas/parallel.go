package fmablas

import (
	"sync"
	"sync/atomic"
)

// From parallelWork multiply-adds on, about 0.1 ms, goroutines are worth their start.
const parallelWork = 1 << 21

// parallel adds the product in pieces, each of whole outputs.
func (p *product) parallel(workers int) {
	pieces := p.pieces(workers)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(workers, len(pieces)) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(pieces)); i = next.Add(1) - 1 {
				pieces[i].blocked()
			}
		})
	}
	group.Wait()
}

// pieces cuts the rows of C, or its columns if it has more and is computed whole.
func (p *product) pieces(workers int) []product {
	var out []product
	if p.part == whole && p.n > p.m {
		width := share(p.n, workers, p.columns)
		for j := 0; j < p.n; j += width {
			q := *p
			q.n, q.b, q.c = min(width, p.n-j), p.b.at(0, j), p.c[j:]
			out = append(out, q)
		}
		return out
	}
	if p.part != whole {
		workers *= 4 // rows of a triangle differ in length
	}
	height := share(p.m, workers, p.rows)
	for i := 0; i < p.m; i += height {
		q := *p
		q.m, q.a, q.c, q.first = min(height, p.m-i), p.a.at(i, 0), p.c[i*p.ldc:], i
		out = append(out, q)
	}
	return out
}

// share is the length of each of so many shares of n, in whole tiles.
func share(n, shares, tile int) int {
	return ((n+shares-1)/shares + tile - 1) / tile * tile
}
