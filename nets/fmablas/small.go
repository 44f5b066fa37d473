package fmablas

// Up to smallWork multiply-adds, packing costs more than it saves.
const smallWork = 16 * 16 * 16

// small adds the product row by row of C.
func (p *product) small() {
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
