package conv

import "math"

// engine evaluates planes of one network on images of one shape.
type engine[T float] struct {
	net       Net
	layout    layout
	channels  int
	loops     loops[T]
	constants []T
	pieces    *pieceTable // nil where the loops are assembly
}

func newEngine[T float](net Net, shape Shape, instructions string) (*engine[T], error) {
	l, err := loopsNamed[T](instructions)
	if err != nil {
		return nil, err
	}
	e := &engine[T]{net: net, layout: newLayout[T](shape, net.Head), channels: shape.Channels, loops: l, constants: constants[T](net.Filter)}
	if l.name == portableName {
		e.pieces = newPieceTable(net.Filter)
	}
	return e, nil
}

// scratch is the memory of one goroutine: the planes of Sigma and Theta and what it takes to update them.
type scratch[T float] struct {
	*engine[T]
	sigma, theta, spare, work []T
	startSigma, startTheta    []T // at the start of a block
	left, right               []T
	column                    int // the offset dj that left and right are made for

	// The arguments of the loops, here because they would escape.
	forMultiply multiplyArgs[T]
	forBox      boxArgs[T]
	forRelu     reluArgs[T]
}

func (e *engine[T]) scratch() *scratch[T] {
	plane := func() []T { // with room for the neighbours of its first and last entry, and for two rows
		guard := lanes[T]()
		return make([]T, max(e.layout.rows, 2)*e.layout.width+2*guard)[guard:]
	}
	s := &scratch[T]{engine: e, column: -1,
		sigma: plane(), theta: plane(), spare: plane(), work: plane(),
		left: make([]T, e.layout.width), right: make([]T, e.layout.width)}
	if e.net.Block > 0 {
		s.startSigma, s.startTheta = plane(), plane()
	}
	return s
}

// sums are the sums of the last layer over one plane or several.
type sums struct{ nngp, ntk float64 }

func (s *sums) add(t sums) { s.nngp += t.nngp; s.ntk += t.ntk }

// scaled undoes the powers of two that were taken out of the images.
func (s sums) scaled(exponent int) sums {
	return sums{math.Ldexp(s.nngp, exponent), math.Ldexp(s.ntk, exponent)}
}

// plane takes the entries that pair pixel (i,j) of x with (i+di, j+dj) of y, modulo the image, through all layers.
func (s *scratch[T]) plane(x, y *tables[T], di, dj int) sums {
	s.cut(dj)
	rows, columns := segments(s.layout.rows, di, s.net.Padding), segments(s.layout.cols, dj, s.net.Padding)
	s.products(x, y, di, dj)
	s.patch(&s.sigma, rows, columns)
	if s.net.FixFirst {
		clear(s.theta[:s.layout.rows*s.layout.width])
	} else {
		copy(s.theta, s.sigma[:s.layout.rows*s.layout.width])
	}
	for h := 1; ; h++ {
		if s.net.closes(h) {
			join(s.sigma, s.startSigma, s.net.Branch)
			join(s.theta, s.startTheta, s.net.Branch)
		}
		if s.net.opens(h) {
			copy(s.startSigma, s.sigma)
			copy(s.startTheta, s.theta)
		}
		s.activate(x, y, h, di, dj)
		if h == s.net.Depth {
			return s.sum()
		}
		s.patch(&s.sigma, rows, columns)
		s.patch(&s.theta, rows, columns)
	}
}

// cut marks the neighbours that a patch may use along a row.
func (s *scratch[T]) cut(dj int) {
	if s.column == dj || s.loops.box == nil {
		return
	}
	s.column = dj
	clear(s.left)
	clear(s.right)
	for _, c := range segments(s.layout.cols, dj, Zero) {
		for j := c.from + 1; j < c.to; j++ {
			s.left[j], s.right[j-1] = 1, 1
		}
	}
}

// products sets sigma to the inner products over the channels.
func (s *scratch[T]) products(x, y *tables[T], di, dj int) {
	l := s.layout
	for _, r := range segments(l.rows, di, Zero) {
		s.forMultiply = multiplyArgs[T]{
			dst: s.sigma[r.from*l.width:], x: x.image[r.from*l.stride:], y: y.image[s.partner(r, di)*l.stride+dj:],
			rows: r.to - r.from, width: l.width, stride: l.stride, channel: l.table(), channels: s.channels,
		}
		s.loops.multiply(&s.forMultiply)
	}
}

// partner is the row of the second image that belongs to the first row of r.
func (s *scratch[T]) partner(r segment, di int) int { return (r.from + di) % s.layout.rows }

// patch replaces a plane by its patch sums.
func (s *scratch[T]) patch(plane *[]T, rows, columns []segment) {
	switch {
	case s.net.Filter != 3 || s.net.Padding != Zero:
		patch(s.spare, *plane, s.work, s.layout.width, rows, columns, s.net.Filter/2, s.net.Padding)
	case s.loops.box == nil:
		box(s.spare, *plane, s.work, s.layout.width, rows, columns)
	default:
		for _, r := range rows {
			at := r.from * s.layout.width
			s.forBox = boxArgs[T]{s.spare[at:], (*plane)[at:], s.left, s.right, r.to - r.from, s.layout.width}
			s.loops.box(&s.forBox)
		}
	}
	*plane, s.spare = s.spare, *plane
}

// activate applies the ReLU of layer h.
func (s *scratch[T]) activate(x, y *tables[T], h, di, dj int) {
	l, loop := s.layout, s.loops.relu
	if s.net.signed(h) {
		loop = s.loops.signed
	}
	for _, r := range segments(l.rows, di, Zero) {
		at, a := r.from*l.width, (h-1)*l.table()+r.from*l.stride
		b := (h-1)*l.table() + s.partner(r, di)*l.stride + dj
		s.forRelu = reluArgs[T]{
			sigma: s.sigma[at:], theta: s.theta[at:], s: x.s[a:], r: x.r[a:], s2: y.s[b:], r2: y.r[b:],
			constants: s.constants, rows: r.to - r.from, width: l.width, stride: l.stride,
			pieces: s.pieces,
		}
		loop(&s.forRelu)
	}
}

// join ends a block: plane = branch^2 plane + start.
func join[T float](plane, start []T, branch float64) {
	factor := T(branch * branch)
	start = start[:len(plane)]
	for k, v := range plane {
		plane[k] = T(factor*v) + start[k]
	}
}

// sum adds the last layer in float64, in four interleaved runs.
func (s *scratch[T]) sum() sums {
	var k, t [4]float64
	for i := range s.layout.rows {
		sigma, theta := s.sigma[i*s.layout.width:][:s.layout.cols], s.theta[i*s.layout.width:][:s.layout.cols]
		j := 0
		for ; j+4 <= len(sigma); j += 4 {
			k[0] += float64(sigma[j])
			k[1] += float64(sigma[j+1])
			k[2] += float64(sigma[j+2])
			k[3] += float64(sigma[j+3])
			t[0] += float64(theta[j])
			t[1] += float64(theta[j+1])
			t[2] += float64(theta[j+2])
			t[3] += float64(theta[j+3])
		}
		for ; j < len(sigma); j++ {
			k[0] += float64(sigma[j])
			t[0] += float64(theta[j])
		}
	}
	out := sums{(k[0] + k[1]) + (k[2] + k[3]), (t[0] + t[1]) + (t[2] + t[3])}
	if s.net.FixLast {
		out.ntk -= out.nngp
	}
	return out
}
