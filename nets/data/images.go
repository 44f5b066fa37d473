package data

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data/tabular"
	"convergo/testdata"
)

const imageSide = 28

// Images returns the built-in images of a kind (MNIST or Fashion): X is
// 1000 x 784 with pixels in [0,1], Y the class 0..9, 100 images a class,
// interleaved by class. The set is the caller's own.
func Images(kind string) (*Set, error) {
	a, err := archiveOf(kind)
	if err != nil {
		return nil, err
	}
	rows := make([]int, a.pixels.Len())
	for i := range rows {
		rows[i] = i
	}
	return &Set{Name: kind, X: a.images(rows), Y: slices.Clone(a.classes)}, nil
}

// An archive is a built-in set as it is stored, a byte a pixel, read only.
type archive struct {
	pixels  *tabular.Array
	classes []float64
}

// The archives are unpacked once, when first asked for.
var (
	mnist   = sync.OnceValues(func() (archive, error) { return unpackArchive(testdata.MNIST()) })
	fashion = sync.OnceValues(func() (archive, error) { return unpackArchive(testdata.Fashion()) })
)

func archiveOf(kind string) (archive, error) {
	open, ok := map[string]func() (archive, error){MNIST: mnist, Fashion: fashion}[kind]
	if !ok {
		return archive{}, specErr("no images called %q; there are %s and %s", kind, MNIST, Fashion)
	}
	a, err := open()
	if err != nil {
		return archive{}, fmt.Errorf("data: %s: %w", kind, err)
	}
	return a, nil
}

func unpackArchive(images, labels []byte) (archive, error) {
	x, err := decodeIDXGzip(images)
	if err != nil {
		return archive{}, err
	}
	y, err := decodeIDXGzip(labels)
	if err != nil {
		return archive{}, err
	}
	return archive{pixels: x, classes: y.Floats()}, nil
}

// images are the given rows with their pixels in [0,1].
func (a archive) images(rows []int) *mat.Dense {
	x := mat.NewDense(len(rows), a.pixels.Width(), nil)
	for i, r := range rows {
		row := x.RawRowView(i)
		a.pixels.Row(r, row)
		for p := range row {
			row[p] /= 255
		}
	}
	return x
}

// choose lists the images of two classes, labelled +1 and -1, or with no
// classes named all of them, labelled by the parity of theirs.
func (a archive) choose(classes [2]int) (rows []int, labels []float64) {
	for i, c := range a.classes {
		switch {
		case classes == [2]int{}:
			rows, labels = append(rows, i), append(labels, 1-2*math.Mod(c, 2))
		case c == float64(classes[0]):
			rows, labels = append(rows, i), append(labels, 1)
		case c == float64(classes[1]):
			rows, labels = append(rows, i), append(labels, -1)
		}
	}
	return rows, labels
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
	archive, err := archiveOf(s.Kind)
	if err != nil {
		return nil, nil, err
	}
	rows, labels := archive.choose(s.Classes)
	if s.N < 0 || s.N > len(rows) {
		return nil, nil, specErr("%s with n=%d; there are %d such images", s.Kind, s.N, len(rows))
	}
	if s.N > 0 {
		rows, labels = rows[:s.N], labels[:s.N]
	}
	return pool(archive.images(rows), factor), labels, nil
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
