package fmablas

// Up to smallWork multiply-adds, packing costs more than it saves.
const smallWork = 16 * 16 * 16

// small adds the product row by row of C.
func (p *product) small() {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	sum := sized(buf.tile, p.n)
	buf.tile = sum
	one := [1]float64{p.alpha}
	for k := 0; k < p.k; k += blockTerms {
		terms := min(blockTerms, p.k-k)
		b := p.b.at(k, 0)
		if b.col != 1 {
			buf.b = sized(buf.b, terms*p.n)
			transpose(buf.b, b.data, p.n, terms, p.n, b.col)
			b = view{buf.b, p.n, 1}
		}
		for i := range p.m {
			from, to := p.span(i)
			if from == to {
				continue
			}
			row := p.a.at(i, k)
			factors := row.data[:min(terms, len(row.data))]
			if row.col != 1 {
				buf.a = sized(buf.a, terms)
				factors = buf.a
				for t := range factors {
					factors[t] = row.data[t*row.col]
				}
			}
			clear(sum[from:to])
			p.combine(sum[from:to], b.data[from:], factors, b.row)
			p.combine(p.c[i*p.ldc+from:i*p.ldc+to], sum[from:to], one[:], 0)
		}
	}
}
