package fmablas

import "sync"

// A block of B (blockTerms x blockColumns) stays in the third cache, one of A (blockRows x blockTerms) in the second,
// and a panel of each in the first. The result depends on blockTerms alone.
const (
	blockTerms   = 256
	blockRows    = 96
	blockColumns = 1536

	transposedTerms = 64
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
			buf.b = p.pack(buf.b, p.b.at(k, j).transposed(), columns, terms, p.columns)
			for i := 0; i < p.m; i += blockRows {
				rows := min(blockRows, p.m-i)
				if p.misses(i, j, rows, columns) {
					continue
				}
				buf.a = p.pack(buf.a, p.a.at(i, k), rows, terms, p.rows)
				p.block(buf, i, j, rows, columns, terms, p.fresh && k == 0)
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

// block adds the product of the packed blocks to the rows x columns of C at (i, j), or sets them.
func (p *product) block(buf *buffer, i, j, rows, columns, terms int, fresh bool) {
	for jp := 0; jp < columns; jp += p.columns {
		b := buf.b[jp*terms:]
		for ip := 0; ip < rows; ip += p.rows {
			r, c := min(p.rows, rows-ip), min(p.columns, columns-jp)
			switch {
			case p.misses(i+ip, j+jp, r, c):
			case r == p.rows && c == p.columns && p.covers(i+ip, j+jp, r, c):
				p.tile(buf.a[ip*terms:], b, p.c[(i+ip)*p.ldc+j+jp:], terms, p.rows, p.columns, p.ldc, p.alpha, fresh)
			default:
				p.edge(buf, buf.a[ip*terms:], b, i+ip, j+jp, r, c, terms, fresh)
			}
		}
	}
}

// edge adds to a tile of which C has r x c, or the part less, by way of a whole one.
func (p *product) edge(buf *buffer, a, b []float64, i, j, r, c, terms int, fresh bool) {
	each := func(f func(in, out []float64)) {
		for t := range r {
			from, to := p.span(i + t)
			if from, to = max(from, j), min(to, j+c); from < to {
				f(buf.tile[t*p.columns+from-j:t*p.columns+to-j], p.c[(i+t)*p.ldc+from:(i+t)*p.ldc+to])
			}
		}
	}
	if !fresh {
		each(func(tile, c []float64) { copy(tile, c) })
	}
	p.tile(a, b, buf.tile, terms, p.rows, p.columns, p.columns, p.alpha, fresh)
	each(func(tile, c []float64) { copy(c, tile) })
}

// pack writes rows x terms of v in panels of width rows, each column by column, with zeros for rows that are not there.
func (l *loops) pack(dst []float64, v view, rows, terms, width int) []float64 {
	panels := (rows + width - 1) / width
	dst = sized(dst, panels*width*terms)
	for p := range panels {
		panel, here := dst[p*width*terms:(p+1)*width*terms], min(width, rows-p*width)
		if here < width {
			clear(panel)
		}
		switch src := v.data[p*width*v.row:]; {
		case v.row != 1:
			l.transpose(panel, src, here, terms, width, v.row)
		case here == width:
			l.panel(panel, src, terms, v.col, width)
		default:
			for k := range terms {
				copy(panel[k*width:k*width+here], src[k*v.col:])
			}
		}
	}
	return dst
}

// transpose sets column k of dst, which has a width, to entry k of the rows of src, which are a stride apart.
func (l *loops) transpose(dst, src []float64, rows, terms, width, stride int) {
	for k := 0; k < terms; k += transposedTerms { // so that what is written stays in the first cache until its lines are full
		l.transposeBlock(dst[k*width:], src[k:], rows, min(transposedTerms, terms-k), width, stride)
	}
}

func (l *loops) transposeBlock(dst, src []float64, rows, terms, width, stride int) {
	i := 0
	for ; i+4 <= rows; i += 4 {
		l.fourRows(dst[i:], src[i*stride:], terms, stride, width)
	}
	for ; i < rows; i++ {
		for k, v := range src[i*stride:][:terms] {
			dst[i+k*width] = v
		}
	}
}
