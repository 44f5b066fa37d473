package tabular_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"convergo/nets/data/tabular"
)

// Every error of the reader wraps one of these.
var sentinels = []error{
	tabular.ErrOption, tabular.ErrEmpty, tabular.ErrNotFinite, tabular.ErrMissing, tabular.ErrRagged, tabular.ErrNotNumber,
	tabular.ErrFormat, tabular.ErrTruncated, tabular.ErrTooLarge, tabular.ErrDType, tabular.ErrLabels,
}

// fuzzRead reads content of any kind: there is no panic, an error has a sentinel,
// and what is read is finite and consistent.
func fuzzRead(t *testing.T, name string, b []byte, opts tabular.Options) *contents {
	opts.MaxBytes = 1 << 20
	c, err := read(name, b, opts)
	if err != nil {
		if !slices.ContainsFunc(sentinels, func(s error) bool { return errors.Is(err, s) }) {
			t.Fatalf("error without a sentinel: %v", err)
		}
		return nil
	}
	for i, r := range c.rows {
		for _, v := range append([]float64{0}, r...) {
			if v-v != 0 {
				t.Fatalf("row %d holds %v", i, v)
			}
		}
		if c.table.Place(i) == "" {
			t.Fatalf("row %d is nowhere", i)
		}
	}
	for i, v := range c.y {
		if v-v != 0 || c.names != nil && (v != math.Trunc(v) || v < 0 || int(v) >= len(c.names)) {
			t.Fatalf("label %d is %v of %q", i, v, c.names)
		}
	}
	return c
}

func addFiles(f *testing.F, pattern string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		f.Fatalf("%s: no seeds (%v)", pattern, err)
	}
	for _, p := range paths {
		f.Add(testFile(f, filepath.Base(p)))
	}
}

// FuzzNPY writes what was read and reads it again.
func FuzzNPY(f *testing.F) {
	addFiles(f, "*.npy")
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{}"))
	f.Add(npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }", nil))
	f.Add(npyFile("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 1, 3), }", []byte{1, 2, 3, 4, 5, 6}))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := fuzzRead(t, "a.npy", b, tabular.Options{})
		if c == nil || len(b) >= 2 && b[0] == 0x1f {
			return
		}
		var body []byte
		for _, r := range c.rows {
			for _, v := range r {
				body = binary.LittleEndian.AppendUint64(body, math.Float64bits(v))
			}
		}
		header := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }", len(c.rows), len(c.rows[0]))
		again := fuzzRead(t, "b.npy", npyFile(header, body), tabular.Options{})
		if again == nil || !equalRows(c.rows, again.rows) {
			t.Fatalf("%v became %v", c.rows, again)
		}
	})
}

func FuzzIDX(f *testing.F) {
	f.Add(idx(8, []byte{1, 2, 3, 4}, 2, 2))
	f.Add(idx(0x0D, bigFloat32(1, -2), 2))
	f.Add(idx(0x0E, []byte{1}, 1<<30, 1<<30, 1<<30))
	f.Add([]byte{0, 0, 8, 255})
	f.Fuzz(func(t *testing.T, b []byte) { fuzzRead(t, "a.idx", b, tabular.Options{}) })
}

func FuzzNPZ(f *testing.F) {
	addFiles(f, "*.npz")
	f.Add(zipped(f, "X.npy", make([]byte, 1<<12)))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzRead(t, "a.npz", b, tabular.Options{}) })
}

func FuzzCIFAR10(f *testing.F) {
	f.Add(make([]byte, 3073))
	f.Add(make([]byte, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c := fuzzRead(t, "a.bin", b, tabular.Options{}); c != nil && len(b) > 2 && b[0] < 10 && len(c.rows)*3073 != len(b) {
			t.Fatalf("%d bytes gave %d rows", len(b), len(c.rows))
		}
	})
}

func FuzzLIBSVM(f *testing.F) {
	for _, text := range []string{"1 1:2 3:4\n-1 2:1\n", "a 0:1\n", "1 qid:1 1:1 # c", "1 1:2 1:3", "1 4194303:1", "1 4194304:1", "x 1:nan", "0"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 256 || strings.Count(string(b), "\n") > 8 { // rows are dense: a few lines may have 4 million columns each
			return
		}
		table, err := tabular.Open(t0, "a.svm", b, tabular.Options{})
		if err != nil {
			if !slices.ContainsFunc(sentinels, func(s error) bool { return errors.Is(err, s) }) {
				t.Fatalf("error without a sentinel: %v", err)
			}
			return
		}
		if _, d := table.Dims(); d < 1<<16 {
			fuzzRead(t, "a.svm", b, tabular.Options{})
		}
	})
}

func FuzzLabels(f *testing.F) {
	f.Add([]byte("1\n-1\n1\n"))
	f.Add([]byte("a\nb\n\"c\n"))
	f.Add(idx(8, []byte{1, 2, 3}, 3))
	addFiles(f, "*labels.npy")
	table := testFile(f, "f8.npy")
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readWithLabels("f8.npy", table, tabular.Options{}, b)
		if err != nil && !slices.ContainsFunc(sentinels, func(s error) bool { return errors.Is(err, s) }) {
			t.Fatalf("error without a sentinel: %v", err)
		}
		if err == nil && len(c.y) != 3 {
			t.Fatalf("%d labels", len(c.y))
		}
	})
}

// FuzzCSV writes the numbers that were read and reads them again.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"1,2\n3,4\n", "a,b\n1,2", "1,\"2\n", "1;2\n3;4", "nan", "1e999", "\ufeff1\r\n\r\n2\r\n", "1,2\n3", "", ",", "\"\n\",1", "# c\n1 2\n3 4",
		"4,2,no,yes\n1,2,0\n3,4,1\n", ",a,b\n0,1,2\n1,3,4\n", "a b\n1 2 3\n4 5 6\n", "1,5;2,5\n3;4", "1\t\n2\t\n", "0,1,2,3\n4,5,6,7", "1,2,x\n3,4,y",
	} {
		f.Add([]byte(text), "", "")
		f.Add([]byte(text), "last", "no")
	}
	f.Fuzz(func(t *testing.T, b []byte, label, header string) {
		c := fuzzRead(t, "a.csv", b, tabular.Options{Label: label, Header: header})
		if c == nil || c.table.Format != "CSV" {
			return
		}
		var text strings.Builder
		for i, r := range c.rows {
			text.WriteString(strings.ReplaceAll(strings.Trim(fmt.Sprint(append(slices.Clone(r), float64(i%2))), "[]"), " ", ",") + "\n")
		}
		again := fuzzRead(t, "b.csv", []byte(text.String()), tabular.Options{Label: "last", Header: "no", Separator: "comma"})
		if again == nil || !equalRows(c.rows, again.rows) || len(again.y) != len(c.rows) {
			t.Fatalf("%v became %v", c.rows, again)
		}
	})
}
