package fmablas

import (
	"sync"
)

// A block of B (blockTerms x blockColumns) stays in the third cache, one of A (blockRows x blockTerms) in the second,
// and a panel of each in the first. The result depends on blockTerms alone.
const (
	blockTerms   = 256
	blockRows    = 96
	blockColumns = 1536
)

// A buffer holds blocks of A and B, packed in panels, and a tile.
type buffer struct{ a, b, tile []float64 }

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// sized is a slice of n numbers, of x if it has room.
func sized(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	return x[:n]
}

// blocked adds the product, block by block.
func (p *product) blocked() {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	buf.tile = sized(buf.tile, p.rows*p.columns)
	for j := 0; j < p.n; j += blockColumns {
		columns := min(blockColumns, p.n-j)
		for k := 0; k < p.k; k += blockTerms {
			terms := min(blockTerms, p.k-k)
			buf.b = pack(buf.b, p.b.at(k, j).transposed(), columns, terms, p.columns)
			for i := 0; i < p.m; i += blockRows {
				rows := min(blockRows, p.m-i)
				if p.misses(i, j, rows, columns) {
					continue
				}
				buf.a = pack(buf.a, p.a.at(i, k), rows, terms, p.rows)
				p.block(buf, i, j, rows, columns, terms)
			}
		}
	}
}

// misses says whether the part of C has nothing in the rows x columns at (i, j).
func (p *product) misses(i, j, rows, columns int) bool {
	switch i += p.first; p.part {
	case upper:
		return j+columns <= i
	case lower:
		return i+rows <= j
	}
	return false
}

// covers says whether the part of C has all of the rows x columns at (i, j).
func (p *product) covers(i, j, rows, columns int) bool {
	switch i += p.first; p.part {
	case upper:
		return i+rows-1 <= j
	case lower:
		return j+columns-1 <= i
	}
	return true
}

// block adds the product of the packed blocks to the rows x columns of C at (i, j).
func (p *product) block(buf *buffer, i, j, rows, columns, terms int) {
	for jp := 0; jp < columns; jp += p.columns {
		b := buf.b[jp*terms:]
		for ip := 0; ip < rows; ip += p.rows {
			r, c := min(p.rows, rows-ip), min(p.columns, columns-jp)
			switch {
			case p.misses(i+ip, j+jp, r, c):
			case r == p.rows && c == p.columns && p.covers(i+ip, j+jp, r, c):
				p.tile(buf.a[ip*terms:], b, p.c[(i+ip)*p.ldc+j+jp:], terms, p.rows, p.columns, p.ldc, p.alpha)
			default:
				p.edge(buf, buf.a[ip*terms:], b, i+ip, j+jp, r, c, terms)
			}
		}
	}
}

// edge adds to a tile of which C has r x c, or the part less, by way of a whole one.
func (p *product) edge(buf *buffer, a, b []float64, i, j, r, c, terms int) {
	each := func(f func(in, out []float64)) {
		for t := range r {
			from, to := p.span(i + t)
			if from, to = max(from, j), min(to, j+c); from < to {
				f(buf.tile[t*p.columns+from-j:t*p.columns+to-j], p.c[(i+t)*p.ldc+from:(i+t)*p.ldc+to])
			}
		}
	}
	clear(buf.tile)
	each(func(tile, c []float64) { copy(tile, c) })
	p.tile(a, b, buf.tile, terms, p.rows, p.columns, p.columns, p.alpha)
	each(func(tile, c []float64) { copy(c, tile) })
}

// pack writes rows x terms of v in panels of width rows, each column by column, with zeros for rows that are not there.
func pack(dst []float64, v view, rows, terms, width int) []float64 {
	panels := (rows + width - 1) / width
	dst = sized(dst, panels*width*terms)
	for p := range panels {
		panel, here := dst[p*width*terms:(p+1)*width*terms], min(width, rows-p*width)
		if here < width {
			clear(panel)
		}
		if v.row == 1 {
			copyColumns(panel, v.data[p*width:], here, terms, width, v.col)
		} else {
			transpose(panel, v.data[p*width*v.row:], here, terms, width, v.row)
		}
	}
	return dst
}

// copyColumns copies terms columns, each of rows numbers, a step apart.
func copyColumns(dst, src []float64, rows, terms, width, step int) {
	for k := range terms {
		copy(dst[k*width:k*width+rows], src[k*step:k*step+rows])
	}
}

// transpose sets column k of dst, with a width, to entry k of the rows of src, which are a stride apart.
func transpose(dst, src []float64, rows, terms, width, stride int) {
	i := 0
	for ; i+4 <= rows; i += 4 {
		r0, r1 := src[i*stride:][:terms], src[(i+1)*stride:][:terms]
		r2, r3 := src[(i+2)*stride:][:terms], src[(i+3)*stride:][:terms]
		at := i
		for k := range r0 {
			d := dst[at : at+4 : at+4]
			d[0], d[1], d[2], d[3] = r0[k], r1[k], r2[k], r3[k]
			at += width
		}
	}
	for ; i < rows; i++ {
		for k, v := range src[i*stride:][:terms] {
			dst[i+k*width] = v
		}
	}
}
