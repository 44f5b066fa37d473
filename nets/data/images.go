package data

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data/tabular"
	"convergo/testdata"
)

const imageSide = 28

// Images returns the built-in images of a kind (MNIST or Fashion): X is
// 1000 x 784 with pixels in [0,1], Y the class 0..9, 100 images a class,
// interleaved by class. They are decompressed on every call (about 10 ms).
func Images(kind string) (*Set, error) {
	var images, labels []byte
	switch kind {
	case MNIST:
		images, labels = testdata.MNIST()
	case Fashion:
		images, labels = testdata.Fashion()
	default:
		return nil, specErr("no images called %q; there are %s and %s", kind, MNIST, Fashion)
	}
	x, err := decodeIDXGzip(images)
	if err != nil {
		return nil, fmt.Errorf("data: %s images: %w", kind, err)
	}
	y, err := decodeIDXGzip(labels)
	if err != nil {
		return nil, fmt.Errorf("data: %s labels: %w", kind, err)
	}
	pixels := x.Floats()
	for i := range pixels {
		pixels[i] /= 255
	}
	return &Set{Name: kind, X: mat.NewDense(x.Len(), x.Width(), pixels), Y: y.Floats()}, nil
}

func decodeIDXGzip(b []byte) (*tabular.Array, error) {
	raw, _, err := tabular.Unpack(context.Background(), b, 0)
	if err != nil {
		return nil, err
	}
	return tabular.DecodeIDX(raw)
}

// images selects by class, keeps the first N and pools to dimension D.
func (s Spec) images() (*mat.Dense, []float64, error) {
	factor, ok := map[int]int{0: 1, 784: 1, 196: 2, 49: 4}[s.D]
	if !ok {
		return nil, nil, specErr("%s with d=%d; give d = 784, 196 or 49", s.Kind, s.D)
	}
	if err := s.checkClasses(); err != nil {
		return nil, nil, err
	}
	all, err := Images(s.Kind)
	if err != nil {
		return nil, nil, err
	}
	if s.Classes == [2]int{} {
		for i, c := range all.Y {
			all.Y[i] = 1 - 2*math.Mod(c, 2)
		}
	} else {
		all = all.pick(s.Classes)
	}
	if s.N < 0 || s.N > all.N() {
		return nil, nil, specErr("%s with n=%d; there are %d such images", s.Kind, s.N, all.N())
	}
	all = all.head(s.N)
	return pool(all.X, factor), all.Y, nil
}

func (s Spec) checkClasses() error {
	if s.Classes == [2]int{} {
		return nil
	}
	a, b := s.Classes[0], s.Classes[1]
	if a == b || min(a, b) < 0 || max(a, b) > 9 {
		return specErr("classes %d and %d; give two different classes from 0 to 9", a, b)
	}
	return nil
}

// pick keeps the rows of two classes, labelled +1 and -1.
func (s *Set) pick(classes [2]int) *Set {
	var rows []int
	var y []float64
	for i, c := range s.Y {
		switch c {
		case float64(classes[0]):
			rows, y = append(rows, i), append(y, 1)
		case float64(classes[1]):
			rows, y = append(rows, i), append(y, -1)
		}
	}
	if len(rows) == 0 {
		return &Set{Name: s.Name, X: &mat.Dense{}}
	}
	x := mat.NewDense(len(rows), s.D(), nil)
	for i, r := range rows {
		x.SetRow(i, s.X.RawRowView(r))
	}
	return &Set{Name: s.Name, X: x, Y: y}
}

// head keeps the first n rows, all of them for n = 0.
func (s *Set) head(n int) *Set {
	if n == 0 || n >= s.N() {
		return s
	}
	h := &Set{Name: s.Name, X: mat.DenseCopyOf(s.X.Slice(0, n, 0, s.D()))}
	if s.Y != nil {
		h.Y = s.Y[:n:n]
	}
	return h
}

// pool averages blocks of factor x factor pixels.
func pool(x *mat.Dense, factor int) *mat.Dense {
	if factor == 1 {
		return x
	}
	n, _ := x.Dims()
	side := imageSide / factor
	pooled := mat.NewDense(n, side*side, nil)
	area := float64(factor * factor)
	for i := range n {
		in, out := x.RawRowView(i), pooled.RawRowView(i)
		for p, v := range in {
			out[p/imageSide/factor*side+p%imageSide/factor] += v / area
		}
	}
	return pooled
}
