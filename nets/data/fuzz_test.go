package data_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data"
)

// Every error of a decoder wraps one of these.
var sentinels = []error{
	data.ErrSpec, data.ErrEmpty, data.ErrNotFinite, data.ErrRagged, data.ErrNotNumber, data.ErrFormat,
	data.ErrTruncated, data.ErrTooLarge, data.ErrFortranOrder, data.ErrDType, data.ErrLabels,
}

func checkFuzzError(t *testing.T, err error) {
	t.Helper()
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return
		}
	}
	t.Errorf("error without a sentinel: %v", err)
}

func checkArray(t *testing.T, a *data.Array) {
	t.Helper()
	count := 1
	for _, s := range a.Shape {
		count *= s
	}
	if count != len(a.Data) || count == 0 {
		t.Fatalf("shape %v with %d elements", a.Shape, len(a.Data))
	}
}

func addFiles(f *testing.F, pattern string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		f.Fatalf("%s: no seeds (%v)", pattern, err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// FuzzDecodeNPY writes what was read and reads it again.
func FuzzDecodeNPY(f *testing.F) {
	addFiles(f, "*.npy")
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{}"))
	f.Add(npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }", nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := data.DecodeNPY(b)
		if err != nil {
			checkFuzzError(t, err)
			return
		}
		checkArray(t, a)
		var body []byte
		for _, v := range a.Data {
			body = binary.LittleEndian.AppendUint64(body, math.Float64bits(v))
		}
		shape := strings.ReplaceAll(strings.Trim(fmt.Sprint(a.Shape), "[]"), " ", ", ")
		again, err := data.DecodeNPY(npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': ("+shape+",), }", body))
		if err != nil {
			t.Fatal(err)
		}
		sameArray(t, a, again)
	})
}

func FuzzDecodeIDX(f *testing.F) {
	f.Add(idx(8, []byte{1, 2, 3, 4}, 2, 2))
	f.Add(idx(0x0D, bigFloat32(1, -2), 2))
	f.Add(idx(0x0E, []byte{1}, 1<<30, 1<<30, 1<<30))
	f.Add([]byte{0, 0, 8, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := data.DecodeIDX(b)
		if err != nil {
			checkFuzzError(t, err)
			return
		}
		checkArray(t, a)
		shape := make([]uint32, len(a.Shape))
		for i, s := range a.Shape {
			shape[i] = uint32(s)
		}
		again, err := data.DecodeIDX(idx(0x0E, bigFloat64(a.Data...), shape...))
		if err != nil {
			t.Fatal(err)
		}
		sameArray(t, a, again)
	})
}

func sameArray(t *testing.T, a, b *data.Array) {
	t.Helper()
	if fmt.Sprint(a.Shape) != fmt.Sprint(b.Shape) {
		t.Fatalf("shape %v became %v", a.Shape, b.Shape)
	}
	for i, v := range a.Data {
		if math.Float64bits(v) != math.Float64bits(b.Data[i]) && !math.IsNaN(v) {
			t.Fatalf("element %d: %v became %v", i, v, b.Data[i])
		}
	}
}

func FuzzDecodeNPZ(f *testing.F) {
	addFiles(f, "*.npz")
	f.Add(zipped(f, "X.npy", make([]byte, 1<<12)))
	f.Fuzz(func(t *testing.T, b []byte) {
		arrays, err := data.DecodeNPZ(b, 1<<16)
		if err != nil {
			checkFuzzError(t, err)
			return
		}
		for _, a := range arrays {
			checkArray(t, a)
		}
	})
}

// FuzzDecodeCSV writes the numbers that were read and reads them again.
func FuzzDecodeCSV(f *testing.F) {
	for _, text := range []string{"1,2\n3,4\n", "a,b\n1,2", "1,\"2\n", "1;2", "nan", "1e999", "\ufeff1\r\n\r\n2\r\n", "1,2\n3", "", ",", "\"\n\",1"} {
		f.Add([]byte(text), "", "")
		f.Add([]byte(text), data.LabelLast, data.HeaderNo)
	}
	f.Fuzz(func(t *testing.T, b []byte, label, header string) {
		set, err := data.DecodeCSV(b, data.Options{Label: label, Header: header})
		if err != nil {
			checkFuzzError(t, err)
			return
		}
		var text strings.Builder
		for i := range set.N() {
			row := set.X.RawRowView(i)
			if label == data.LabelFirst {
				row = append([]float64{set.Y[i]}, row...)
			} else if label == data.LabelLast {
				row = append(append([]float64{}, row...), set.Y[i])
			}
			text.WriteString(strings.ReplaceAll(strings.Trim(fmt.Sprint(row), "[]"), " ", ",") + "\n")
		}
		again, err := data.DecodeCSV([]byte(text.String()), data.Options{Label: label, Header: data.HeaderNo})
		if err != nil {
			t.Fatal(err)
		}
		if !mat.Equal(set.X, again.X) || !slices.Equal(set.Y, again.Y) {
			t.Fatalf("%v, %v became %v, %v", set.X, set.Y, again.X, again.Y)
		}
	})
}

func FuzzDecodeCIFAR10(f *testing.F) {
	f.Add(make([]byte, 3073))
	f.Add(make([]byte, 100))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := data.DecodeCIFAR10(b)
		if err != nil {
			checkFuzzError(t, err)
			return
		}
		if set.N()*3073 != len(b) || set.D() != 3072 || len(set.Y) != set.N() {
			t.Fatalf("%d bytes gave %d x %d", len(b), set.N(), set.D())
		}
	})
}
