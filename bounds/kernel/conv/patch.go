package conv

// segment is a run [from, to) of rows or columns of a plane across which no patch reaches.
type segment struct{ from, to int }

// segments cuts n cyclic positions where those of the other image, offset further on, begin again.
func segments(n, offset int, padding Padding) []segment {
	if padding == Circular || offset == 0 {
		return []segment{{0, n}}
	}
	return []segment{{0, n - offset}, {n - offset, n}}
}

// patch sums src over the patches of radius radius into dst, both of rows of the given width, by rows into work
// and then by columns. Each sum takes the centre, then the neighbours outwards, the smaller index first.
func patch[T float](dst, src, work []T, width int, rows, columns []segment, radius int, padding Padding) {
	for _, r := range rows {
		for i := r.from; i < r.to; i++ {
			for _, c := range columns {
				along(work[i*width+c.from:][:c.to-c.from], src[i*width+c.from:][:c.to-c.from], radius, padding)
			}
		}
	}
	last := columns[len(columns)-1].to
	for _, r := range rows {
		for i := r.from; i < r.to; i++ {
			out := dst[i*width:][:last]
			if radius == 1 && i > r.from && i+1 < r.to {
				three(out, work[i*width:], work[(i-1)*width:], work[(i+1)*width:])
				continue
			}
			copy(out, work[i*width:])
			for b := 1; b <= radius; b++ {
				for _, k := range [2]int{i - b, i + b} {
					if padding == Circular {
						k = wrap(k, r.to)
					} else if k < r.from || k >= r.to {
						continue
					}
					add(out, work[k*width:][:last])
				}
			}
		}
	}
}

// box is patch for radius 1 and zero padding in one pass, two rows at a time: sums down the columns first, which slide
// along the row. It takes two rows of work.
func box[T float](dst, src, work []T, width int, rows, columns []segment) {
	none, unused := work[:width], work[width:2*width]
	clear(none)
	row := func(i int, r segment) []T {
		if i < r.from || i >= r.to {
			return none
		}
		return src[i*width:][:width]
	}
	for _, r := range rows {
		for i := r.from; i < r.to; i += 2 {
			upper, lower := dst[i*width:][:width], unused
			if i+1 < r.to {
				lower = dst[(i+1)*width:][:width]
			}
			a, b, c, d := row(i-1, r), row(i, r), row(i+1, r), row(i+2, r)
			for _, s := range columns {
				boxRows(upper[s.from:s.to], lower[s.from:s.to], a[s.from:s.to], b[s.from:s.to], c[s.from:s.to], d[s.from:s.to])
			}
		}
	}
}

// boxRows sums the rows a, b, c over patches into upper and b, c, d into lower.
func boxRows[T float](upper, lower, a, b, c, d []T) {
	n := len(upper)
	lower, a, b, c, d = lower[:n], a[:n], b[:n], c[:n], d[:n]
	middle := b[0] + c[0]
	var left0, left1 T
	here0, here1 := a[0]+middle, middle+d[0]
	for j := 1; j < n; j++ {
		middle := b[j] + c[j]
		right0, right1 := a[j]+middle, middle+d[j]
		upper[j-1], lower[j-1] = left0+here0+right0, left1+here1+right1
		left0, here0, left1, here1 = here0, right0, here1, right1
	}
	upper[n-1], lower[n-1] = left0+here0, left1+here1
}

// along sums src over windows of radius radius into dst.
func along[T float](dst, src []T, radius int, padding Padding) {
	n := len(src)
	if radius == 1 && padding == Zero && n > 1 {
		dst[0], dst[n-1] = src[0]+src[1], src[n-1]+src[n-2]
		three(dst[1:n-1], src[1:], src, src[2:])
		return
	}
	copy(dst, src)
	for b := 1; b <= radius; b++ {
		if padding == Circular {
			for j := range dst {
				dst[j] += src[wrap(j-b, n)]
				dst[j] += src[wrap(j+b, n)]
			}
			continue
		}
		if b < n {
			add(dst[b:], src[:n-b])
			add(dst[:n-b], src[b:])
		}
	}
}

func add[T float](dst, src []T) {
	src = src[:len(dst)]
	for j := range dst {
		dst[j] += src[j]
	}
}

// three sets dst = (a + b) + c.
func three[T float](dst, a, b, c []T) {
	a, b, c = a[:len(dst)], b[:len(dst)], c[:len(dst)]
	for j := range dst {
		dst[j] = a[j] + b[j] + c[j]
	}
}

func wrap(i, n int) int { return ((i % n) + n) % n }
