package conv

import (
	"math"
	"slices"
)

// layout is how planes and tables lie in memory, in values.
type layout struct {
	rows, cols int // of the image
	width      int // of a row of a plane, padded
	stride     int // of a row of a table: two periods of the image, so that column j+dj needs no modulo, if dj is not 0
}

func newLayout[T float](s Shape, h Head) layout {
	l := layout{rows: s.Height, cols: s.Width, width: roundUp(s.Width, lanes[T]())}
	l.stride = l.width
	if h == GAP {
		l.stride = roundUp(l.width+s.Width, lanes[T]())
	}
	return l
}

// table is the number of values of a table of one channel.
func (l layout) table() int { return l.rows * l.stride }

// tables is what the pairs of an image share. Columns repeat with the period of the image over the whole row.
type tables[T float] struct {
	image    []T // a table a channel, the image times 2^-exponent
	s, r     []T // a table a layer: the roots of the diagonal of Sigma, and their reciprocals or 0
	exponent int
	vanishes int // the first layer whose largest variance is too small for T, 0 where there is none
}

// least is the smallest variance of a layer that leaves T room for the digits of smaller ones.
func least[T float]() float64 {
	if lanes[T]() == 16 {
		return 0x1p-102
	}
	return 0x1p-969
}

// newTables runs the recursion on the diagonal, where all correlations are one: K = s^2/q^2.
//
// The kernel is homogeneous of degree one in each image, so that a power of two can be taken out first: no
// square overflows.
func newTables[T float](net Net, l layout, pixels []float64) *tables[T] {
	size := l.rows * l.cols
	channels := len(pixels) / size
	t := &tables[T]{
		image: make([]T, channels*l.table()),
		s:     make([]T, net.Depth*l.table()),
		r:     make([]T, net.Depth*l.table()),
	}
	var top float64
	for _, v := range pixels {
		if v := math.Abs(v); v > top { // all are finite
			top = v
		}
	}
	_, t.exponent = math.Frexp(top)
	square, next, work := make([]float64, size), make([]float64, size), make([]float64, size)
	for c := range channels {
		for i := range l.rows {
			row := t.image[c*l.table()+i*l.stride:][:l.stride]
			for j := range l.cols {
				row[j] = T(math.Ldexp(pixels[c*size+i*l.cols+j], -t.exponent))
				square[i*l.cols+j] += float64(float64(row[j]) * float64(row[j])) // never fused: the bits are those of all machines
			}
			repeat(row, l.cols)
		}
	}
	rows, columns := segments(l.rows, 0, net.Padding), segments(l.cols, 0, net.Padding)
	share := 1 / float64(net.Filter*net.Filter)
	start := make([]float64, size)
	for h := 1; h <= net.Depth; h++ {
		if h > 1 {
			for k := range square {
				square[k] *= share
			}
		}
		patch(next, square, work, l.cols, rows, columns, net.Filter/2, net.Padding)
		square, next = next, square
		if net.closes(h) {
			for k := range square {
				square[k] = math.FMA(net.Branch*net.Branch, square[k], start[k])
			}
		}
		if net.opens(h) {
			copy(start, square)
		}
		t.root(h, l, square)
		if t.vanishes == 0 && top > 0 && !slices.ContainsFunc(square, func(v float64) bool { return v >= least[T]() }) {
			t.vanishes = h
		}
	}
	return t
}

// root fills the tables of layer h from the diagonal.
func (t *tables[T]) root(h int, l layout, square []float64) {
	s, r := t.s[(h-1)*l.table():][:l.table()], t.r[(h-1)*l.table():][:l.table()]
	for i := range l.rows {
		s, r := s[i*l.stride:][:l.stride], r[i*l.stride:][:l.stride]
		for j, v := range square[i*l.cols:][:min(l.cols, len(s), len(r))] {
			s[j], r[j] = roots[T](v)
		}
		repeat(s, l.cols)
		repeat(r, l.cols)
	}
}

// roots returns the root of a diagonal entry and its reciprocal, 0 and 0 where one of them does not exist in T:
// a patch of zeros has no direction, and its kernel with any other is 0.
func roots[T float](square float64) (root, reciprocal T) {
	v := math.Sqrt(square)
	root, reciprocal = T(v), T(1/v)
	if root == 0 || reciprocal-reciprocal != 0 {
		return 0, 0
	}
	return root, reciprocal
}

// repeat continues a row of n values with their period.
func repeat[T float](row []T, n int) {
	for n < len(row) {
		n += copy(row[n:], row[:n])
	}
}
