package tabular

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const npyMagic = "\x93NUMPY"

// The header is a Python dict literal that NumPy always prints in this form;
// the three entries may come in any order.
var (
	npyDescr   = regexp.MustCompile(`'descr'\s*:\s*(?:'([^']*)'|(\[[^]]*\]))`)
	npyFortran = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	npyShape   = regexp.MustCompile(`'shape'\s*:\s*\(([0-9,\sL]*)\)`)
	npyType    = regexp.MustCompile(`^([<>|=])([fiubUS])([0-9]{1,6})$`)
)

// maxHeader bounds the header of a NumPy file, which has a few hundred bytes.
const maxHeader = 1 << 16

// DecodeNPY reads the header of a NumPy .npy file, format version 1 to 3: floats
// of 16, 32 or 64 bits, all integers, booleans and text, in either byte order, by
// rows or by columns. Errors wrap ErrFormat, ErrDType, ErrTruncated, ErrTooLarge
// or ErrEmpty and name the NumPy call that mends the file.
func DecodeNPY(b []byte) (*Array, error) {
	header, body, err := splitNPY(b)
	if err != nil {
		return nil, err
	}
	e, text, err := npyElement(header)
	if err != nil {
		return nil, err
	}
	shape, err := npyArrayShape(header)
	if err != nil {
		return nil, err
	}
	order := npyFortran.FindStringSubmatch(header)
	if order == nil {
		return nil, fmt.Errorf("%w: NPY: the header has no 'fortran_order'; write it with numpy.save", ErrFormat)
	}
	a, err := newArray(shape, e.size, body)
	if err != nil {
		return nil, fmt.Errorf("NPY: %w", err)
	}
	a.at, a.text, a.fortran = e.at, text, order[1] == "True" && len(shape) > 1
	return a, nil
}

func splitNPY(b []byte) (header string, body []byte, err error) {
	if !bytes.HasPrefix(b, []byte(npyMagic)) {
		return "", nil, fmt.Errorf("NPY: %w: not with \\x93NUMPY; write it with numpy.save", errMagic)
	}
	if len(b) < 12 {
		return "", nil, fmt.Errorf("%w: NPY: %d bytes are too few for a header; copy the file again", ErrTruncated, len(b))
	}
	var length uint64
	switch major, minor := b[6], b[7]; {
	case major == 1 && minor == 0:
		length, body = uint64(binary.LittleEndian.Uint16(b[8:])), b[10:]
	case (major == 2 || major == 3) && minor == 0:
		length, body = uint64(binary.LittleEndian.Uint32(b[8:])), b[12:]
	default:
		return "", nil, fmt.Errorf("%w: NPY: format version %d.%d; write it with numpy.save", ErrFormat, major, minor)
	}
	if length > uint64(len(body)) {
		return "", nil, fmt.Errorf("%w: NPY: the header promises %d bytes, but only %d follow; copy or write the file again", ErrTruncated, length, len(body))
	}
	if length > maxHeader {
		return "", nil, fmt.Errorf("%w: NPY: a header of %d bytes; write a plain array with numpy.save", ErrFormat, length)
	}
	return string(body[:length]), body[length:], nil
}

func npyElement(header string) (e element, text func([]byte) string, err error) {
	m := npyDescr.FindStringSubmatch(header)
	if m == nil {
		return e, nil, fmt.Errorf("%w: NPY: the header has no 'descr'; write it with numpy.save", ErrFormat)
	}
	descr := m[1] + m[2]
	unread := fmt.Errorf("%w: NPY: dtype %q; write a.astype('<f8')", ErrDType, descr)
	if m[2] != "" {
		unread = fmt.Errorf("%w: NPY: a record of named fields %s; write numpy.lib.recfunctions.structured_to_unstructured(a)", ErrDType, descr)
	}
	t := npyType.FindStringSubmatch(descr)
	if t == nil {
		return e, nil, unread
	}
	var order binary.ByteOrder = binary.LittleEndian
	if t[1] == ">" {
		order = binary.BigEndian
	}
	size, _ := strconv.Atoi(t[3]) // at most six digits
	switch kind := t[2][0]; kind {
	case 'U':
		return element{size: 4 * size}, func(b []byte) string { return ucs4(b, order) }, notNothing(size, unread)
	case 'S':
		return element{size: size}, func(b []byte) string { return strings.TrimRight(string(b), "\x00") }, notNothing(size, unread)
	default:
		e, ok := number(kind, size, order)
		if !ok {
			return e, nil, unread
		}
		return e, nil, nil
	}
}

func notNothing(size int, err error) error {
	if size == 0 {
		return err
	}
	return nil
}

// ucs4 is text of four bytes a character, padded with zeros.
func ucs4(b []byte, order binary.ByteOrder) string {
	var text strings.Builder
	for ; len(b) >= 4; b = b[4:] {
		r := rune(utf8.RuneError)
		if v := order.Uint32(b); v <= utf8.MaxRune {
			r = rune(v)
		}
		if r != 0 {
			text.WriteRune(r)
		}
	}
	return text.String()
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
