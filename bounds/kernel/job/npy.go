package job

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"
)

// WriteNPY writes the whole matrix to a file in NumPy's format 1.0, float64 or float32, row by row; numpy.load reads it. It
// fails when tiles are missing, and then leaves no file. It holds one row of tiles in memory.
func (f *Folder) WriteNPY(name string, single bool) error {
	missing, err := f.Missing()
	if err != nil {
		return err
	}
	if missing > 0 {
		return fmt.Errorf("job: %d of %d tiles of %s are missing; run the other shards and merge their folders", missing, len(f.tiles), f.path)
	}
	return replace(name, func(file *os.File) error {
		w := bufio.NewWriterSize(file, 1<<20)
		if _, err := w.WriteString(npyHeader(f.spec.Rows, f.spec.Cols, single)); err != nil {
			return err
		}
		for top := 0; top < f.spec.Rows; top += f.spec.Side {
			if err := f.writeBand(w, top, single); err != nil {
				return err
			}
		}
		return w.Flush()
	})
}

// npyHeader is the magic, the version, and the description padded so that the values begin at a multiple of 64 bytes.
func npyHeader(rows, cols int, single bool) string {
	kind := "<f8"
	if single {
		kind = "<f4"
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }", kind, rows, cols)
	text += strings.Repeat(" ", 63-(10+len(text))%64) + "\n"
	return "\x93NUMPY\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(text)))) + text
}

// writeBand writes the rows of the row of tiles that begins at top.
func (f *Folder) writeBand(w *bufio.Writer, top int, single bool) error {
	rows := Span{top, min(top+f.spec.Side, f.spec.Rows)}
	band := make([]float64, rows.Len()*f.spec.Cols)
	for _, t := range f.tiles {
		mirrored := f.spec.Symmetric && t.cols == rows
		if t.rows != rows && !mirrored {
			continue
		}
		values, err := f.read(t)
		if err != nil {
			return err
		}
		for k, v := range values {
			i, j := t.rows.From+k/t.cols.Len(), t.cols.From+k%t.cols.Len()
			if t.rows == rows {
				band[(i-top)*f.spec.Cols+j] = v
			}
			if mirrored {
				band[(j-top)*f.spec.Cols+i] = v
			}
		}
	}
	var b []byte
	for _, v := range band {
		if single {
			b = binary.LittleEndian.AppendUint32(b[:0], math.Float32bits(float32(v)))
		} else {
			b = binary.LittleEndian.AppendUint64(b[:0], math.Float64bits(v))
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// Each calls do for every entry that was computed, tile by tile; of a symmetric matrix both (i, j) and (j, i). Missing tiles
// are an error.
func (f *Folder) Each(do func(i, j int, v float64)) error {
	for _, t := range f.tiles {
		values, err := f.read(t)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("job: tile %d of %s is missing; run the job to its end", t.number, f.path)
		}
		if err != nil {
			return err
		}
		for k, v := range values {
			i, j := t.rows.From+k/t.cols.Len(), t.cols.From+k%t.cols.Len()
			do(i, j, v)
			if f.spec.Symmetric && t.rows != t.cols {
				do(j, i, v)
			}
		}
	}
	return nil
}
