package data

import (
	"encoding/binary"
	"fmt"
	"math"
)

// maxAxes bounds the number of axes of an array, as NumPy does.
const maxAxes = 32

// DecodeIDX reads an IDX array, the format of the MNIST files: two zero bytes,
// the element type, the number of axes, their sizes as big-endian uint32, then
// the elements, big-endian. All six element types are read.
// Errors wrap ErrFormat, ErrDType, ErrTruncated or ErrEmpty.
func DecodeIDX(b []byte) (*Array, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("%w: IDX: %d bytes are too few for a header; copy the file again", ErrTruncated, len(b))
	}
	if b[0] != 0 || b[1] != 0 {
		return nil, fmt.Errorf("%w: IDX: the file starts with % x, not with 00 00; is it an IDX file?", ErrFormat, b[:4])
	}
	read, size, err := idxElement(b[2])
	if err != nil {
		return nil, err
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
			return nil, fmt.Errorf("%w: IDX: axis %d has %d entries; the format is read up to %d", ErrTooLarge, i, v, math.MaxInt32)
		}
		shape[i] = int(v)
	}
	body = body[4*axes:]
	count, err := elements(shape, size, len(body))
	if err != nil {
		return nil, fmt.Errorf("IDX: %w", err)
	}
	a := &Array{Shape: shape, Data: make([]float64, count)}
	for i := range a.Data {
		a.Data[i] = read(body[i*size:])
	}
	return a, nil
}

func idxElement(code byte) (read func([]byte) float64, size int, err error) {
	big := binary.BigEndian
	switch code {
	case 0x08:
		return func(b []byte) float64 { return float64(b[0]) }, 1, nil
	case 0x09:
		return func(b []byte) float64 { return float64(int8(b[0])) }, 1, nil
	case 0x0B:
		return func(b []byte) float64 { return float64(int16(big.Uint16(b))) }, 2, nil
	case 0x0C:
		return func(b []byte) float64 { return float64(int32(big.Uint32(b))) }, 4, nil
	case 0x0D:
		return func(b []byte) float64 { return float64(math.Float32frombits(big.Uint32(b))) }, 4, nil
	case 0x0E:
		return func(b []byte) float64 { return math.Float64frombits(big.Uint64(b)) }, 8, nil
	}
	return nil, 0, fmt.Errorf("%w: IDX: element type 0x%02x; the types are 08, 09, 0B, 0C, 0D and 0E", ErrDType, code)
}

func decodeIDXGzip(b []byte) (*Array, error) {
	raw, err := gunzip(b, DefaultMaxBytes)
	if err != nil {
		return nil, err
	}
	return DecodeIDX(raw)
}
