package fmablas

// Up to smallWork multiply-adds, packing costs more than it saves.
const smallWork = 16 * 16 * 16

// thin is the number of columns below which the rows of C are too short for vectors.
const thin = 4

// small adds the product row by row of C.
func (p *product) small() {
	if p.n < thin && p.m > p.n && p.part == whole {
		p.flipped()
		return
	}
	var buf *buffer
	if p.b.col != 1 {
		buf = buffers.Get().(*buffer)
		defer buffers.Put(buf)
	}
	for k := 0; k < p.k; k += blockTerms {
		terms := min(blockTerms, p.k-k)
		b := p.b.at(k, 0)
		if b.col != 1 {
			buf.b = sized(buf.b, terms*p.n)
			p.transpose(buf.b, b.data, p.n, terms, p.n, b.col)
			b = view{buf.b, p.n, 1}
		}
		for i := range p.m {
			if from, to := p.span(i); from < to {
				p.row(p.c[i*p.ldc+from:i*p.ldc+to], b.data[from:], p.a.at(i, k).data, terms, b.row, p.a.col, p.alpha)
			}
		}
	}
}

// flipped adds the transposed product to the transpose of C, which has long rows.
func (p *product) flipped() {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	q := product{loops: p.loops, alpha: p.alpha, m: p.n, n: p.m, k: p.k, a: p.b.transposed(), b: p.a.transposed(), c: p.c, ldc: p.m}
	if p.n == 1 && p.ldc == 1 {
		q.small()
		return
	}
	buf.tile = sized(buf.tile, p.n*p.m)
	q.c = buf.tile
	for i := range p.m {
		for j, v := range p.c[i*p.ldc:][:p.n] {
			q.c[j*p.m+i] = v
		}
	}
	q.small()
	for i := range p.m {
		for j := range p.n {
			p.c[i*p.ldc+j] = q.c[j*p.m+i]
		}
	}
}
