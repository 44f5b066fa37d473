package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const npyMagic = "\x93NUMPY"

// The header is a Python dict literal that NumPy always prints in this form;
// the three entries may come in any order.
var (
	npyDescr   = regexp.MustCompile(`'descr'\s*:\s*(?:'([^']*)'|(\[[^]]*\]))`)
	npyFortran = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	npyShape   = regexp.MustCompile(`'shape'\s*:\s*\(([0-9,\sL]*)\)`)
)

// DecodeNPY reads a NumPy .npy file, format version 1.0 or 2.0, of
// little-endian float32 or float64 in C order. Errors wrap ErrFormat, ErrDType,
// ErrFortranOrder, ErrTruncated, ErrTooLarge or ErrEmpty and name the NumPy call
// that mends the file.
func DecodeNPY(b []byte) (*Array, error) {
	header, body, err := splitNPY(b)
	if err != nil {
		return nil, err
	}
	size, err := npyElementSize(header)
	if err != nil {
		return nil, err
	}
	shape, err := npyArrayShape(header)
	if err != nil {
		return nil, err
	}
	if err := npyOrder(header, len(shape)); err != nil {
		return nil, err
	}
	count, err := elements(shape, size, len(body))
	if err != nil {
		return nil, fmt.Errorf("NPY: %w", err)
	}
	a := &Array{Shape: shape, Data: make([]float64, count)}
	for i := range a.Data {
		if size == 4 {
			a.Data[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:])))
		} else {
			a.Data[i] = math.Float64frombits(binary.LittleEndian.Uint64(body[8*i:]))
		}
	}
	return a, nil
}

func splitNPY(b []byte) (header string, body []byte, err error) {
	if !bytes.HasPrefix(b, []byte(npyMagic)) {
		return "", nil, fmt.Errorf("%w: NPY: the file does not start with \\x93NUMPY; write it with numpy.save", ErrFormat)
	}
	if len(b) < 12 {
		return "", nil, fmt.Errorf("%w: NPY: %d bytes are too few for a header; copy the file again", ErrTruncated, len(b))
	}
	var length uint64
	switch major, minor := b[6], b[7]; {
	case major == 1 && minor == 0:
		length, body = uint64(binary.LittleEndian.Uint16(b[8:])), b[10:]
	case major == 2 && minor == 0:
		length, body = uint64(binary.LittleEndian.Uint32(b[8:])), b[12:]
	default:
		return "", nil, fmt.Errorf("%w: NPY: format version %d.%d; write 1.0 or 2.0, as numpy.save does for plain float arrays", ErrFormat, major, minor)
	}
	if length > uint64(len(body)) {
		return "", nil, fmt.Errorf("%w: NPY: the header promises %d bytes, but only %d follow; copy or write the file again", ErrTruncated, length, len(body))
	}
	return string(body[:length]), body[length:], nil
}

func npyElementSize(header string) (int, error) {
	m := npyDescr.FindStringSubmatch(header)
	if m == nil {
		return 0, fmt.Errorf("%w: NPY: the header has no 'descr'; write it with numpy.save", ErrFormat)
	}
	switch descr := m[1] + m[2]; descr {
	case "<f4":
		return 4, nil
	case "<f8":
		return 8, nil
	default:
		return 0, fmt.Errorf("%w: NPY: dtype %q; write a.astype('<f8') or '<f4'", ErrDType, descr)
	}
}

func npyArrayShape(header string) ([]int, error) {
	m := npyShape.FindStringSubmatch(header)
	if m == nil {
		return nil, fmt.Errorf("%w: NPY: the header has no 'shape'; write it with numpy.save", ErrFormat)
	}
	var shape []int
	for f := range strings.SplitSeq(m[1], ",") {
		if f = strings.TrimSuffix(strings.TrimSpace(f), "L"); f == "" {
			continue
		}
		v, err := strconv.ParseInt(f, 10, 63)
		if err != nil || v > math.MaxInt {
			return nil, fmt.Errorf("%w: NPY: shape (%s)", ErrTooLarge, m[1])
		}
		shape = append(shape, int(v))
	}
	if len(shape) == 0 || len(shape) > maxAxes {
		return nil, fmt.Errorf("%w: NPY: shape (%s); save an array with 1 to %d axes", ErrFormat, m[1], maxAxes)
	}
	return shape, nil
}

// npyOrder refuses column order; for a vector the two orders are the same.
func npyOrder(header string, axes int) error {
	m := npyFortran.FindStringSubmatch(header)
	if m == nil {
		return fmt.Errorf("%w: NPY: the header has no 'fortran_order'; write it with numpy.save", ErrFormat)
	}
	if m[1] == "True" && axes > 1 {
		return fmt.Errorf("%w: NPY: the array is stored by columns; write numpy.ascontiguousarray(a)", ErrFortranOrder)
	}
	return nil
}

// DecodeNPZ reads a NumPy .npz archive into its arrays by name (without the
// suffix .npy). Only the named arrays are read, all of them if none is named, so
// that arrays of other types may lie beside them. No array may unpack to
// more than maxBytes.
func DecodeNPZ(b []byte, maxBytes int64, names ...string) (map[string]*Array, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("%w: NPZ: %v; write it with numpy.savez", ErrFormat, err)
	}
	arrays := map[string]*Array{}
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok || (len(names) > 0 && !slices.Contains(names, name)) {
			continue
		}
		a, err := npzArray(f, maxBytes)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
		arrays[name] = a
	}
	return arrays, nil
}

func npzArray(f *zip.File, maxBytes int64) (*Array, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: NPZ: %v", ErrFormat, err)
	}
	defer r.Close()
	raw, err := readLimited(r, maxBytes)
	if err != nil {
		return nil, err
	}
	return DecodeNPY(raw)
}

func npzNames(b []byte) []string {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil
	}
	var names []string
	for _, f := range z.File {
		if name, ok := strings.CutSuffix(f.Name, ".npy"); ok {
			names = append(names, name)
		}
	}
	return names
}

// readLimited reads all of r, or fails when it is longer than limit.
func readLimited(r io.Reader, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%w: %v; copy the file again", ErrTruncated, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w; copy the file again", ErrFormat, err)
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes; raise Options.MaxBytes or keep fewer rows", ErrTooLarge, limit)
	}
	return raw, nil
}
