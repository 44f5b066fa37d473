package data

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// A CIFAR-10 record is one label byte and 3 planes of 32 x 32 bytes.
const (
	cifarPixels = 3 * 32 * 32
	cifarRecord = 1 + cifarPixels
)

// DecodeCIFAR10 reads a batch of CIFAR-10's binary version: records of 3073
// bytes, a label from 0 to 9 and the red, green and blue planes, row by row. X
// is n x 3072 with entries in [0,1], Y the labels. Errors wrap ErrEmpty,
// ErrTruncated or ErrFormat.
func DecodeCIFAR10(b []byte) (*Set, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: CIFAR-10: the file is empty", ErrEmpty)
	}
	if extra := len(b) % cifarRecord; extra != 0 {
		return nil, fmt.Errorf("%w: CIFAR-10: %d bytes after the last whole record of %d; use the binary version (data_batch_1.bin), or copy it again",
			ErrTruncated, extra, cifarRecord)
	}
	n := len(b) / cifarRecord
	x, y := mat.NewDense(n, cifarPixels, nil), make([]float64, n)
	for i := range n {
		record := b[i*cifarRecord : (i+1)*cifarRecord]
		if record[0] > 9 {
			return nil, fmt.Errorf("%w: CIFAR-10: record %d (from 0) has label %d, not 0 to 9; is it the binary version of CIFAR-10?", ErrFormat, i, record[0])
		}
		y[i] = float64(record[0])
		row := x.RawRowView(i)
		for k, v := range record[1:] {
			row[k] = float64(v) / 255
		}
	}
	return &Set{X: x, Y: y}, nil
}
