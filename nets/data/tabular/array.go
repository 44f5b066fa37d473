package tabular

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// maxAxes bounds the number of axes of an array, as NumPy did for long.
const maxAxes = 32

// An Array is an array as a file holds it: elements are decoded on demand.
type Array struct {
	Shape []int

	body    []byte
	size    int // bytes an element
	at      func(b []byte) float64
	text    func(b []byte) string // for arrays of text; at is then nil
	fortran bool                  // column-major
}

// newArray makes sure that the body holds exactly the elements of the shape.
func newArray(shape []int, size int, body []byte) (*Array, error) {
	count := 1
	for _, s := range shape {
		if s <= 0 {
			return nil, fmt.Errorf("%w: shape %v", ErrEmpty, shape)
		}
		if count > len(body)/size/s {
			return nil, fmt.Errorf("%w: the header promises shape %v with %d bytes an element, but only %d bytes follow; copy or write the file again",
				ErrTruncated, shape, size, len(body))
		}
		count *= s
	}
	if extra := len(body) - count*size; extra != 0 {
		return nil, fmt.Errorf("%w: %d bytes follow the array of shape %v; copy or write the file again", ErrFormat, extra, shape)
	}
	return &Array{Shape: shape, size: size, body: body}, nil
}

// Len returns the number of samples, the length of the first axis.
func (a *Array) Len() int { return a.Shape[0] }

// Width returns the number of elements of a sample.
func (a *Array) Width() int {
	width := 1
	for _, s := range a.Shape[1:] {
		width *= s
	}
	return width
}

// element returns the bytes of element k, in row-major order, of sample i.
func (a *Array) element(i, k int) []byte {
	at := i*a.Width() + k
	if a.fortran {
		at = a.fortranIndex(i, k)
	}
	return a.body[at*a.size : (at+1)*a.size]
}

// fortranIndex is the place of element k (row-major) of sample i in an array
// whose first index runs fastest.
func (a *Array) fortranIndex(i, k int) int {
	stride := len(a.body) / a.size
	at := i
	for axis := len(a.Shape) - 1; axis >= 1; axis-- {
		s := a.Shape[axis]
		stride /= s
		at += k % s * stride
		k /= s
	}
	return at
}

// Row decodes sample i, in row-major order, into x.
func (a *Array) Row(i int, x []float64) {
	if a.fortran {
		for k := range x {
			x[k] = a.at(a.element(i, k))
		}
		return
	}
	b := a.body[i*len(x)*a.size:]
	for k := range x {
		x[k] = a.at(b[k*a.size:])
	}
}

// Floats decodes the whole array in row-major order, which takes 8 bytes an element.
func (a *Array) Floats() []float64 {
	width := a.Width()
	all := make([]float64, a.Len()*width)
	for i := range a.Len() {
		a.Row(i, all[i*width:(i+1)*width])
	}
	return all
}

func (a *Array) isText() bool { return a.at == nil }

// arrayRows are the rows of an array, with an array of labels or a column of them.
type arrayRows struct {
	x      *Array
	y      *Array // nil: no array of labels
	cols   columns
	whole  bool // every column is a feature
	unit   string
	pixels float64 // the elements are divided by it; 0: they are not
}

func (r *arrayRows) dims() (n, d int) { return r.x.Len(), len(r.cols.features) }

func (r *arrayRows) fileColumn(k int) int { return r.cols.features[k] }

func (r *arrayRows) place(i int) string { return fmt.Sprintf("%s %d", r.unit, i+1) }

func (r *arrayRows) row(i int, x []float64) (c cell, err error) {
	if r.whole {
		r.x.Row(i, x)
	} else {
		for k, f := range r.cols.features {
			x[k] = r.x.at(r.x.element(i, f))
		}
		if r.cols.label >= 0 {
			c.value = r.x.at(r.x.element(i, r.cols.label))
		}
	}
	if r.pixels != 0 {
		for k := range x {
			x[k] /= r.pixels
		}
	}
	if r.y != nil {
		c = r.y.label(i)
	}
	return c, nil
}

// label is the label of sample i: the element of a vector, or the place of the
// largest of several, from 0 (one-hot).
func (a *Array) label(i int) cell {
	width := a.Width()
	if width == 1 {
		b := a.element(i, 0)
		if a.isText() {
			text := a.text(b)
			return cell{text: text, value: math.NaN()}
		}
		return cell{value: a.at(b)}
	}
	best, at := math.Inf(-1), 0
	for k := range width {
		v := a.at(a.element(i, k))
		if math.IsNaN(v) {
			return cell{value: v}
		}
		if v > best {
			best, at = v, k
		}
	}
	return cell{value: float64(at)}
}

// oneHot tells whether every row of a has a single one among zeros.
func (a *Array) oneHot() bool {
	if a.isText() || len(a.Shape) != 2 || a.Shape[1] < 2 {
		return false
	}
	x := make([]float64, a.Shape[1])
	for i := range a.Len() {
		a.Row(i, x)
		ones := 0
		for _, v := range x {
			if v != 0 && v != 1 {
				return false
			}
			ones += int(v)
		}
		if ones != 1 {
			return false
		}
	}
	return true
}

// fromArray makes the table of an array of samples and, if y is not nil, one of labels.
func fromArray(format string, x, y *Array, nameY string, opts Options) (*Table, error) {
	if x.isText() {
		return nil, fmt.Errorf("%w: the samples are text; encode them as numbers", ErrDType)
	}
	width := x.Width()
	if width > maxColumns {
		return nil, fmt.Errorf("%w: shape %v has %d columns; at most %d are read", ErrTooLarge, x.Shape, width, maxColumns)
	}
	if len(x.Shape) > 2 && (opts.Label != LabelAuto && opts.Label != LabelNone || opts.Drop != nil) {
		return nil, fmt.Errorf("%w: samples of shape %v have no columns to be a label or to leave out; give the labels by a file or an array of their own", ErrOption, x.Shape[1:])
	}
	cols, err := resolve(opts, nil, width, nil)
	if err != nil {
		return nil, err
	}
	t := &Table{Format: format, Shape: slices.Clone(x.Shape)}
	cols.fill(t, width)
	if len(x.Shape) > 2 {
		t.Notes = append(t.Notes, fmt.Sprintf("shape %v flattened to %d columns", x.Shape[1:], width))
	}
	r := &arrayRows{x: x, cols: cols, whole: len(cols.features) == width, unit: "row"}
	t.rows = r
	if y != nil {
		if err := t.addLabels(r, y, nameY); err != nil {
			return nil, err
		}
	}
	return t, t.check()
}

// addLabels adds an array of labels to the samples of r.
func (t *Table) addLabels(r *arrayRows, y *Array, name string) error {
	switch {
	case t.Label != "":
		return fmt.Errorf("%w: labels are in %s and in %s; give one of them, or label none", ErrOption, t.Label, name)
	case y.Len() != r.x.Len():
		return fmt.Errorf("%w: %s has %d labels for %d rows; give one label a row", ErrLabels, name, y.Len(), r.x.Len())
	case y.oneHot():
		t.Notes = append(t.Notes, fmt.Sprintf("%s is one-hot: its columns are the classes 0 to %d", name, y.Shape[1]-1))
	case y.Width() != 1:
		return fmt.Errorf("%w: %s has shape %v; give a vector of labels, or one-hot rows", ErrLabels, name, y.Shape)
	}
	r.y, t.Label = y, name
	return nil
}

// AddLabels gives the table the labels of a second file: a NumPy or IDX vector,
// or text with one label a line. A header line is skipped where the file has one
// line more than the table rows. The error wraps ErrLabels, ErrOption or those of
// the decoders.
func (t *Table) AddLabels(b []byte) error {
	n, _ := t.rows.dims()
	if t.Label != "" {
		return fmt.Errorf("%w: labels are in %s and in a file of labels; give one of them, or label none", ErrOption, t.Label)
	}
	y, err := labelFile(b, n)
	if err != nil {
		return err
	}
	if y.n != n {
		return fmt.Errorf("%w: %d labels for %d rows; give one label a row", ErrLabels, y.n, n)
	}
	t.rows, t.Label = &labelledRows{rows: t.rows, y: y}, "file of labels"
	return nil
}

// labelledRows are rows whose labels come from another file.
type labelledRows struct {
	rows
	y labelVector
}

// A labelVector is one label a sample.
type labelVector struct {
	n  int
	at func(i int) cell
}

func (r *labelledRows) row(i int, x []float64) (cell, error) {
	if _, err := r.rows.row(i, x); err != nil {
		return cell{}, err
	}
	return r.y.at(i), nil
}

func (r *labelledRows) fileColumn(k int) int {
	if f, ok := r.rows.(interface{ fileColumn(k int) int }); ok {
		return f.fileColumn(k)
	}
	return k
}

func labelFile(b []byte, n int) (labelVector, error) {
	a, err := DecodeNPY(b)
	if errors.Is(err, errMagic) {
		if a, err = DecodeIDX(b); errors.Is(err, errMagic) {
			return labelLines(b, n)
		}
	}
	if err != nil {
		return labelVector{}, err
	}
	if a.Width() != 1 && !a.oneHot() {
		return labelVector{}, fmt.Errorf("%w: shape %v; give a vector of labels, or one-hot rows", ErrLabels, a.Shape)
	}
	return labelVector{a.Len(), a.label}, nil
}

// errMagic: content that does not start as the format does.
var errMagic = fmt.Errorf("%w: it starts otherwise", ErrFormat)

// An element is how one number is stored.
type element struct {
	size int
	at   func(b []byte) float64
}

// number returns the element of a kind (f, i, u or b) and size in bytes, or false.
func number(kind byte, size int, order binary.ByteOrder) (element, bool) {
	at, ok := map[string]func(b []byte) float64{
		"b1": func(b []byte) float64 { return truth(b[0]) },
		"i1": func(b []byte) float64 { return float64(int8(b[0])) },
		"u1": func(b []byte) float64 { return float64(b[0]) },
		"i2": func(b []byte) float64 { return float64(int16(order.Uint16(b))) },
		"u2": func(b []byte) float64 { return float64(order.Uint16(b)) },
		"i4": func(b []byte) float64 { return float64(int32(order.Uint32(b))) },
		"u4": func(b []byte) float64 { return float64(order.Uint32(b)) },
		"i8": func(b []byte) float64 { return float64(int64(order.Uint64(b))) },
		"u8": func(b []byte) float64 { return float64(order.Uint64(b)) },
		"f2": func(b []byte) float64 { return half(order.Uint16(b)) },
		"f4": func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) },
		"f8": func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) },
	}[fmt.Sprintf("%c%d", kind, size)]
	return element{size, at}, ok
}

func truth(b byte) float64 {
	if b != 0 {
		return 1
	}
	return 0
}

// half is the value of an IEEE 754 binary16: 1 sign bit, 5 bits of exponent, 10 of
// fraction.
func half(h uint16) float64 {
	exponent, fraction := int(h>>10&31), float64(h&1023)
	v := math.Ldexp(1+fraction/1024, exponent-15)
	switch {
	case exponent == 0:
		v = math.Ldexp(fraction, -24)
	case exponent == 31 && fraction == 0:
		v = math.Inf(1)
	case exponent == 31:
		v = math.NaN()
	}
	if h>>15 == 1 {
		return -v
	}
	return v
}
