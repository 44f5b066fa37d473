package tabular

import "fmt"

// A CIFAR-10 record is one label byte and 3 planes of 32 x 32 bytes.
const (
	cifarPixels = 3 * 32 * 32
	cifarRecord = 1 + cifarPixels
)

// cifarRows are the records of a batch.
type cifarRows []byte

// openCIFAR10 opens a batch of CIFAR-10's binary version: records of 3073 bytes, a
// label from 0 to 9 and the red, green and blue planes, row by row. Pixels are
// divided by 255. Errors wrap ErrEmpty, ErrTruncated, ErrFormat or ErrOption.
func openCIFAR10(b []byte, opts Options) (*Table, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: CIFAR-10: the file is empty", ErrEmpty)
	}
	if opts.Label != LabelAuto && opts.Label != LabelNone || opts.Drop != nil {
		return nil, fmt.Errorf("%w: CIFAR-10: the labels are in the records and the columns are pixels; leave label and drop out", ErrOption)
	}
	if extra := len(b) % cifarRecord; extra != 0 {
		return nil, fmt.Errorf("%w: CIFAR-10: %d bytes after the last whole record of %d; use the binary version (data_batch_1.bin), or copy it again",
			ErrTruncated, extra, cifarRecord)
	}
	for i := 0; i < len(b); i += cifarRecord {
		if b[i] > 9 {
			return nil, fmt.Errorf("%w: CIFAR-10: record %d has label %d, not 0 to 9; is it the binary version of CIFAR-10?", ErrFormat, i/cifarRecord+1, b[i])
		}
	}
	t := &Table{
		Format: "CIFAR-10", Shape: []int{len(b) / cifarRecord, 3, 32, 32}, Label: "class", rows: cifarRows(b),
		classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
		Notes:   []string{"shape [3 32 32] flattened to 3072 columns", "pixels divided by 255"},
	}
	if opts.Label == LabelNone {
		t.Label = ""
	}
	return t, nil
}

func (r cifarRows) dims() (n, d int) { return len(r) / cifarRecord, cifarPixels }

func (r cifarRows) place(i int) string { return fmt.Sprintf("record %d", i+1) }

func (r cifarRows) row(i int, x []float64) (cell, error) {
	record := r[i*cifarRecord : (i+1)*cifarRecord]
	for k, v := range record[1:] {
		x[k] = float64(v) / 255
	}
	return cell{value: float64(record[0])}, nil
}
