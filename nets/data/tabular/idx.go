package tabular

import (
	"encoding/binary"
	"fmt"
	"math"
)

// DecodeIDX reads the header of an IDX array, the format of the MNIST files: two
// zero bytes, the element type, the number of axes, their sizes as big-endian
// uint32, then the elements, big-endian. All six element types are read.
// Errors wrap ErrFormat, ErrDType, ErrTruncated, ErrTooLarge or ErrEmpty.
func DecodeIDX(b []byte) (*Array, error) {
	if len(b) >= 2 && (b[0] != 0 || b[1] != 0) {
		return nil, fmt.Errorf("IDX: %w: with % x, not with 00 00; is it an IDX file?", errMagic, b[:2])
	}
	if len(b) < 4 {
		return nil, fmt.Errorf("%w: IDX: %d bytes are too few for a header; copy the file again", ErrTruncated, len(b))
	}
	e, ok := idxElement(b[2])
	if !ok {
		return nil, fmt.Errorf("%w: IDX: element type 0x%02x; the types are 08, 09, 0B, 0C, 0D and 0E", ErrDType, b[2])
	}
	axes := int(b[3])
	if axes == 0 || axes > maxAxes {
		return nil, fmt.Errorf("%w: IDX: %d axes; an array has 1 to %d", ErrFormat, axes, maxAxes)
	}
	body := b[4:]
	if len(body) < 4*axes {
		return nil, fmt.Errorf("%w: IDX: the header ends before its %d sizes; copy the file again", ErrTruncated, axes)
	}
	shape := make([]int, axes)
	for i := range shape {
		v := binary.BigEndian.Uint32(body[4*i:])
		if v > math.MaxInt32 {
			return nil, fmt.Errorf("%w: IDX: axis %d has %d entries; the format is read up to %d", ErrTooLarge, i+1, v, math.MaxInt32)
		}
		shape[i] = int(v)
	}
	a, err := newArray(shape, e.size, body[4*axes:])
	if err != nil {
		return nil, fmt.Errorf("IDX: %w", err)
	}
	a.at = e.at
	return a, nil
}

func idxElement(code byte) (element, bool) {
	name, ok := map[byte]struct {
		kind byte
		size int
	}{0x08: {'u', 1}, 0x09: {'i', 1}, 0x0B: {'i', 2}, 0x0C: {'i', 4}, 0x0D: {'f', 4}, 0x0E: {'f', 8}}[code]
	if !ok {
		return element{}, false
	}
	return number(name.kind, name.size, binary.BigEndian)
}
