package job_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"convergo/bounds/kernel/job"
)

// TestNPY reads the file back by the format's specification.
func TestNPY(t *testing.T) {
	m := job.Matrix{Name: "counting", Rows: 3, Cols: 2,
		Block: func(_ context.Context, rows, cols job.Span, put func(i, j int, v float64)) error {
			for i := rows.From; i < rows.To; i++ {
				for j := cols.From; j < cols.To; j++ {
					put(i, j, float64(10*i+j)+0.5)
				}
			}
			return nil
		}}
	f := create(t, filepath.Join(t.TempDir(), "run"), m, 2)
	name := filepath.Join(t.TempDir(), "k.npy")
	for single, descr := range map[bool]string{false: "<f8", true: "<f4"} {
		if err := errors.Join(f.Run(context.Background(), job.Shard{}, nil), f.WriteNPY(name, single)); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		size := int(binary.LittleEndian.Uint16(b[8:]))
		want := "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (3, 2), }"
		header, values := string(b[10:10+size]), b[10+size:]
		if string(b[:8]) != "\x93NUMPY\x01\x00" || (10+size)%64 != 0 || header[:len(want)] != want || header[size-1] != '\n' {
			t.Fatalf("header %q %q", b[:10], header)
		}
		for k, want := range []float64{0.5, 1.5, 10.5, 11.5, 20.5, 21.5} {
			got := 0.0
			if single {
				got = float64(math.Float32frombits(binary.LittleEndian.Uint32(values[4*k:])))
			} else {
				got = math.Float64frombits(binary.LittleEndian.Uint64(values[8*k:]))
			}
			if got != want {
				t.Errorf("%s: value %d is %g, want %g", descr, k, got, want)
			}
		}
	}
}
