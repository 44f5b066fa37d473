package data_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data"
)

// sample is the matrix that testdata/make.py writes.
var sample = mat.NewDense(3, 2, []float64{3, 4, 0, -2, 1.5, 0.25})

func TestLoadReadsNumPyFiles(t *testing.T) {
	y := []float64{1, -1, 1}
	tests := []struct {
		file string
		opts data.Options
		y    []float64
	}{
		{"f8.npy", data.Options{}, nil},
		{"f4.npy", data.Options{}, nil},
		{"f8-v2.npy", data.Options{}, nil},
		{"f8.npy", data.Options{LabelsPath: "testdata/labels.npy"}, y},
		{"xy.npz", data.Options{}, y},
		{"packed.npz", data.Options{ArrayX: "inputs", ArrayY: "targets"}, y},
		{"one.npz", data.Options{}, nil},
	}
	for _, tt := range tests {
		set, err := data.Load(filepath.Join("testdata", tt.file), tt.opts)
		if err != nil {
			t.Errorf("%s: %v", tt.file, err)
			continue
		}
		if !mat.Equal(set.X, sample) || !slices.Equal(set.Y, tt.y) || set.Name != tt.file {
			t.Errorf("%s: got %q %v, %v", tt.file, set.Name, mat.Formatted(set.X), set.Y)
		}
	}
}

func TestLoadFlattensImagesAndSplitsLabels(t *testing.T) {
	images := load(t, "testdata/images.npy", data.Options{Rows: 2})
	if !mat.Equal(images.X, mat.NewDense(2, 4, []float64{1, 2, 3, 4, 5, 6, 7, 8})) {
		t.Errorf("images: %v", mat.Formatted(images.X))
	}
	last := load(t, "testdata/f8.npy", data.Options{Label: data.LabelLast, AllowDuplicates: true, Rows: 1})
	if last.X.At(0, 0) != 3 || !slices.Equal(last.Y, []float64{4}) {
		t.Errorf("label last: %v, %v", last.X, last.Y)
	}
	unit := load(t, "testdata/f8.npy", data.Options{Normalize: true})
	if math.Abs(unit.X.At(0, 1)-0.8) > 1e-16 || unit.X.At(1, 1) != -1 {
		t.Errorf("normalised: %v", mat.Formatted(unit.X))
	}
}

func TestLoadCSV(t *testing.T) {
	tests := []struct {
		name, text string
		opts       data.Options
		x          *mat.Dense
		y          []float64
	}{
		{"plain", "3,4\n0,-2\n1.5,.25\n", data.Options{}, sample, nil},
		{"header", "a,b\n3,4\n0,-2\n1.5,25e-2", data.Options{}, sample, nil},
		{"byte order mark, CRLF, blanks", "\ufeffa,b\r\n3, 4\r\n\r\n0 ,-2\r\n1.5,0.25\r\n", data.Options{}, sample, nil},
		{"quoted", "\"3\",\"4\"\n0,-2\n1.5,0.25\n", data.Options{}, sample, nil},
		{"numeric header", "1,2\n3,4\n0,-2\n1.5,0.25\n", data.Options{Header: data.HeaderYes}, sample, nil},
		{"label last", "x0,x1,y\n3,4,1\n0,-2,-1\n1.5,0.25,1\n", data.Options{Label: data.LabelLast}, sample, []float64{1, -1, 1}},
		{"label first", "1,3,4\n-1,0,-2\n1,1.5,0.25\n", data.Options{Label: data.LabelFirst}, sample, []float64{1, -1, 1}},
		{"first rows only", "3,4\n0,-2\n1.5,0.25\nbroken", data.Options{Rows: 3}, sample, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := load(t, file(t, "a.csv", []byte(tt.text)), tt.opts)
			if !mat.Equal(set.X, tt.x) || !slices.Equal(set.Y, tt.y) {
				t.Errorf("got %v, %v", mat.Formatted(set.X), set.Y)
			}
		})
	}
	labels := data.Options{LabelsPath: "testdata/labels.npy", Rows: 2}
	if set := load(t, file(t, "a.csv", []byte("3,4\n0,-2\n1.5,.25\n")), labels); set.N() != 2 || !slices.Equal(set.Y, []float64{1, -1}) {
		t.Errorf("two rows with labels of their own: %v, %v", mat.Formatted(set.X), set.Y)
	}
	if set := load(t, file(t, "a.csv.gz", pack(t, []byte("3,4\n0,-2\n1.5,.25\n"))), data.Options{}); !mat.Equal(set.X, sample) {
		t.Errorf("gzip: %v", mat.Formatted(set.X))
	}
}

func TestLoadIDX(t *testing.T) {
	tests := []struct {
		name string
		kind byte
		body []byte
		want []float64
	}{
		{"unsigned bytes", 0x08, []byte{1, 255}, []float64{1, 255}},
		{"bytes", 0x09, []byte{1, 255}, []float64{1, -1}},
		{"int16", 0x0B, []byte{1, 0, 0xff, 0xfe}, []float64{256, -2}},
		{"int32", 0x0C, []byte{0, 0, 1, 0, 0xff, 0xff, 0xff, 0xfe}, []float64{256, -2}},
		{"float32", 0x0D, bigFloat32(0.5, -3), []float64{0.5, -3}},
		{"float64", 0x0E, bigFloat64(0.1, -3), []float64{0.1, -3}},
	}
	for _, tt := range tests {
		b := idx(tt.kind, tt.body, 2, 1)
		for _, path := range []string{file(t, "train-images-idx3-ubyte", b), file(t, "a.idx.gz", pack(t, b))} {
			if set := load(t, path, data.Options{}); !slices.Equal(set.X.RawMatrix().Data, tt.want) {
				t.Errorf("%s: got %v", tt.name, set.X.RawMatrix().Data)
			}
		}
	}
	labels := file(t, "labels-idx1-ubyte", idx(8, []byte{3, 7}, 2))
	set := load(t, file(t, "a.idx", idx(8, []byte{1, 2, 3, 4}, 2, 2)), data.Options{LabelsPath: labels})
	if !slices.Equal(set.Y, []float64{3, 7}) {
		t.Errorf("labels %v", set.Y)
	}
}

func TestLoadCIFAR10(t *testing.T) {
	b := make([]byte, 2*3073)
	b[0], b[1], b[3072] = 9, 255, 51
	b[3073], b[3073+1024] = 2, 102
	set := load(t, file(t, "data_batch_1.bin", b), data.Options{})
	if set.N() != 2 || set.D() != 3072 || !slices.Equal(set.Y, []float64{9, 2}) {
		t.Fatalf("%d x %d, labels %v", set.N(), set.D(), set.Y)
	}
	if set.X.At(0, 0) != 1 || set.X.At(0, 3071) != 0.2 || set.X.At(1, 1023) != 0.4 || mat.Sum(set.X) != 1.6 {
		t.Error("pixels are not where they belong")
	}
}

func TestLoadErrors(t *testing.T) {
	npy := func(shape string) []byte {
		return npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': "+shape+", }", bigFloat64(1, 2))
	}
	duplicateCSV := []byte("1,2\n3,4\n1,2\n")
	tests := []struct {
		name    string
		content []byte
		opts    data.Options
		want    error
		text    string
	}{
		{"ragged.csv", []byte("1,2\n3,4\n\n5\n"), data.Options{}, data.ErrRagged, "line 4"},
		{"word.csv", []byte("1,2\n3,four\n"), data.Options{}, data.ErrNotNumber, `line 2, field 2`},
		{"header.csv", []byte("a,b\n1,2\n"), data.Options{Header: data.HeaderNo}, data.ErrNotNumber, "line 1, field 1"},
		{"semicolons.csv", []byte("1;2\n3;4\n"), data.Options{}, data.ErrNotNumber, "commas"},
		{"nan.csv", []byte("a\n1\nNaN\n"), data.Options{}, data.ErrNotFinite, "line 3, field 1"},
		{"inf.csv", []byte("1,-inf\n"), data.Options{}, data.ErrNotFinite, "line 1, field 2"},
		{"overflow.csv", []byte("1e999\n"), data.Options{}, data.ErrNotFinite, "1e999"},
		{"zero.csv", []byte("1,2\n0,0\n"), data.Options{}, data.ErrZeroRow, "row 1"},
		{"duplicate.csv", duplicateCSV, data.Options{}, data.ErrDuplicateRow, "row 2"},
		{"parallel.csv", []byte("1,2\n2,4\n"), data.Options{Normalize: true}, data.ErrDuplicateRow, "row 1"},
		{"empty.csv", nil, data.Options{}, data.ErrEmpty, "no line"},
		{"only-header.csv", []byte("a,b\n"), data.Options{}, data.ErrEmpty, "no line"},
		{"quote.csv", []byte("1,\"2\n3,4\n"), data.Options{}, data.ErrFormat, "quotes"},
		{"binary.csv", []byte{0xff, 0xfe, 0x31}, data.Options{}, data.ErrFormat, "UTF-8"},
		{"one-column.csv", []byte("1\n2\n"), data.Options{Label: data.LabelLast}, data.ErrLabels, "one column"},
		{"option.csv", []byte("1\n"), data.Options{Label: "middle"}, data.ErrSpec, "middle"},
		{"option.csv", []byte("1\n"), data.Options{Header: "perhaps"}, data.ErrSpec, "perhaps"},
		{"option.csv", []byte("1\n"), data.Options{Rows: -1}, data.ErrSpec, "negative"},
		{"big.csv", []byte("1,2\n3,4\n"), data.Options{MaxBytes: 4}, data.ErrTooLarge, "MaxBytes"},
		{"bomb.csv.gz", pack(t, make([]byte, 1<<20)), data.Options{MaxBytes: 1 << 16}, data.ErrTooLarge, "MaxBytes"},
		{"cut.csv.gz", pack(t, []byte("1,2\n3,4\n"))[:20], data.Options{}, data.ErrTruncated, "copy"},
		{"unknown.xyz", []byte("hello"), data.Options{}, data.ErrFormat, ".npz"},

		{"magic.npy", []byte("numpy"), data.Options{}, data.ErrFormat, "numpy.save"},
		{"short.npy", []byte("\x93NUMPY\x01\x00"), data.Options{}, data.ErrTruncated, "header"},
		{"version.npy", []byte("\x93NUMPY\x03\x00\x01\x00\x00\x00{"), data.Options{}, data.ErrFormat, "version 3.0"},
		{"long-header.npy", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{}"), data.Options{}, data.ErrTruncated, "4294967295"},
		{"no-descr.npy", npyFile("{}", nil), data.Options{}, data.ErrFormat, "descr"},
		{"no-shape.npy", npyFile("{'descr': '<f8'}", nil), data.Options{}, data.ErrFormat, "shape"},
		{"no-order.npy", npyFile("{'descr': '<f8', 'shape': (1,)}", nil), data.Options{}, data.ErrFormat, "fortran_order"},
		{"cut.npy", npy("(2, 2)"), data.Options{}, data.ErrTruncated, "shape [2 2]"},
		{"longer.npy", npy("(1,)"), data.Options{}, data.ErrFormat, "8 bytes follow"},
		{"huge.npy", npy("(1000000, 1000000)"), data.Options{}, data.ErrTruncated, "only 16 bytes"},
		{"overflow.npy", npy("(4294967296, 4294967296, 2)"), data.Options{}, data.ErrTruncated, "only 16 bytes"},
		{"digits.npy", npy("(99999999999999999999999,)"), data.Options{}, data.ErrTooLarge, "9999"},

		{"magic.idx", []byte("IDX1"), data.Options{}, data.ErrFormat, "00 00"},
		{"short.idx", []byte{0, 0}, data.Options{}, data.ErrTruncated, "2 bytes"},
		{"type.idx", []byte{0, 0, 7, 1, 0, 0, 0, 1, 5}, data.Options{}, data.ErrDType, "0x07"},
		{"axes.idx", []byte{0, 0, 8, 0}, data.Options{}, data.ErrFormat, "0 axes"},
		{"header.idx", []byte{0, 0, 8, 3, 0, 0, 0, 1}, data.Options{}, data.ErrTruncated, "3 sizes"},
		{"cut.idx", idx(8, []byte{1, 2, 3}, 2, 2), data.Options{}, data.ErrTruncated, "only 3 bytes"},
		{"huge.idx", idx(0x0E, []byte{1}, 1<<30, 1<<30, 1<<30), data.Options{}, data.ErrTruncated, "only 1 byte"},
		{"negative.idx", idx(8, []byte{1}, 1<<31), data.Options{}, data.ErrTooLarge, "axis 0"},
		{"empty.idx", idx(8, nil, 0, 5), data.Options{}, data.ErrEmpty, "[0 5]"},
		{"nan.idx", idx(0x0D, bigFloat32(1, float32(math.NaN())), 2, 1), data.Options{}, data.ErrNotFinite, "row 1"},

		{"empty.bin", nil, data.Options{}, data.ErrEmpty, "empty"},
		{"cut.bin", make([]byte, 3000), data.Options{}, data.ErrTruncated, "3073"},
		{"label.bin", slices.Repeat([]byte{77}, 3073), data.Options{}, data.ErrFormat, "record 0"},

		{"not.npz", []byte("PK\x03\x04 no"), data.Options{}, data.ErrFormat, "savez"},
		{"empty.npz", zipped(t, "readme.txt", []byte("x")), data.Options{}, data.ErrEmpty, "no array"},
		{"names.npz", zipped(t, "x_train.npy", npy("(2, 1)"), "x_test.npy", npy("(2, 1)")), data.Options{}, data.ErrFormat, `"x_train" "x_test"`},
		{"absent.npz", zipped(t, "X.npy", npy("(2, 1)")), data.Options{ArrayY: "z"}, data.ErrFormat, `"z"`},
		{"bad.npz", zipped(t, "X.npy", npy("(2, 2)")), data.Options{}, data.ErrTruncated, `array "X"`},
		{"bomb.npz", zipped(t, "X.npy", make([]byte, 1<<20)), data.Options{MaxBytes: 1 << 16}, data.ErrTooLarge, `array "X"`},
		{"labels.npz", zipped(t, "X.npy", npy("(2, 1)"), "y.npy", npy("(1, 2)")), data.Options{}, data.ErrLabels, "[1 2]"},
		{"count.npz", zipped(t, "X.npy", npy("(1, 2)"), "y.npy", npy("(2,)")), data.Options{}, data.ErrLabels, "2 labels for 1 rows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantError(t, file(t, tt.name, tt.content), tt.opts, tt.want, tt.text) })
	}
	if set := load(t, file(t, "duplicate.csv", duplicateCSV), data.Options{AllowDuplicates: true}); set.N() != 3 {
		t.Errorf("duplicates allowed: %d rows", set.N())
	}
}

func TestLoadErrorsOfNumPyFiles(t *testing.T) {
	for _, tt := range []struct {
		file string
		opts data.Options
		want error
		text string
	}{
		{"fortran.npy", data.Options{}, data.ErrFortranOrder, "ascontiguousarray"},
		{"big-endian.npy", data.Options{}, data.ErrDType, `">f8"`},
		{"int64.npy", data.Options{}, data.ErrDType, "astype"},
		{"record.npy", data.Options{}, data.ErrDType, "('u', '<f8')"},
		{"scalar.npy", data.Options{}, data.ErrFormat, "axes"},
		{"empty.npy", data.Options{}, data.ErrEmpty, "[0 2]"},
		{"packed.npz", data.Options{}, data.ErrFormat, `"inputs" "targets" "note"`},
		{"packed.npz", data.Options{ArrayX: "note"}, data.ErrDType, `array "note"`},
		{"f8.npy", data.Options{LabelsPath: "testdata/images.npy"}, data.ErrLabels, "vector"},
		{"f8.npy", data.Options{LabelsPath: "testdata/labels.npy", Label: data.LabelLast}, data.ErrSpec, "one of them"},
		{"f8.npy", data.Options{LabelsPath: "testdata/none.npy"}, fs.ErrNotExist, "none.npy"},
		{"none.npy", data.Options{}, fs.ErrNotExist, "none.npy"},
		{"", data.Options{}, data.ErrFormat, "directory"},
	} {
		wantError(t, filepath.Join("testdata", tt.file), tt.opts, tt.want, tt.text)
	}
}

// A header that promises 10^12 elements must not make room for them.
func TestHeadersDoNotAllocate(t *testing.T) {
	files := map[string][]byte{
		"NPY":        npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }", []byte{1, 2, 3, 4}),
		"NPY header": []byte("\x93NUMPY\x02\x00\xff\xff\xff\xf0{}"),
		"IDX":        idx(0x0E, []byte{1}, 1<<20, 1<<20),
	}
	for name, b := range files {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, errNPY := data.DecodeNPY(b)
		_, errIDX := data.DecodeIDX(b)
		runtime.ReadMemStats(&after)
		if errNPY == nil || errIDX == nil {
			t.Errorf("%s: accepted", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, used)
		}
	}
}

func TestFileSpec(t *testing.T) {
	path := file(t, "a.csv", []byte("3,4,7\n0,-2,5\n1.5,0.25,7\n1,1,9\n"))
	spec := data.Spec{Kind: data.File, Path: path, Load: data.Options{Label: data.LabelLast}}
	set := build(t, spec)
	if set.N() != 4 || !slices.Equal(set.Y, []float64{7, 5, 7, 9}) || math.Abs(set.X.At(0, 1)-0.8) > 1e-16 {
		t.Errorf("got %v, %v", mat.Formatted(set.X), set.Y)
	}
	raw := spec
	raw.Raw, raw.N, raw.Classes = true, 2, [2]int{7, 5}
	if set := build(t, raw); !slices.Equal(set.Y, []float64{1, -1}) || set.X.At(0, 1) != 4 || set.N() != 2 {
		t.Errorf("two classes: %v, %v", mat.Formatted(set.X), set.Y)
	}
	unlabelled := spec
	unlabelled.Load = data.Options{}
	if set := build(t, unlabelled); set.Y != nil {
		t.Errorf("labels out of nothing: %v", set.Y)
	}
	for _, tt := range []struct {
		change func(*data.Spec)
		want   error
		text   string
	}{
		{func(s *data.Spec) { s.N = 5 }, data.ErrSpec, "n=4 rows"},
		{func(s *data.Spec) { s.N = -1 }, data.ErrSpec, "n=-1"},
		{func(s *data.Spec) { s.D = 3 }, data.ErrSpec, "d=2"},
		{func(s *data.Spec) { s.Classes = [2]int{1, 2} }, data.ErrLabels, "label 1 or 2"},
		{func(s *data.Spec) { s.Load.Label, s.Classes = "", [2]int{1, 2} }, data.ErrLabels, "need labels"},
		{func(s *data.Spec) { s.Load.Label, s.Labels = "", data.Class }, data.ErrLabels, "label column"},
	} {
		bad := spec
		tt.change(&bad)
		if _, err := bad.Build(); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%+v: got %v, want %q", bad, err, tt.text)
		}
	}
}

func TestPinnedFileMustNotChange(t *testing.T) {
	path, labels := file(t, "a.csv", []byte("3,4\n0,-2\n")), file(t, "y.idx", idx(8, []byte{1, 2}, 2))
	spec, err := data.Spec{Kind: data.File, Path: path, Load: data.Options{LabelsPath: labels}}.Pin()
	if err != nil {
		t.Fatal(err)
	}
	build(t, spec)
	for _, changed := range []string{labels, path} {
		old, err := os.ReadFile(changed)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(changed, append(slices.Clone(old), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := spec.Build(); !errors.Is(err, data.ErrChanged) || !strings.Contains(err.Error(), path) {
			t.Errorf("changed %s: %v", changed, err)
		}
		if err := os.WriteFile(changed, old, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if same, err := (data.Spec{Kind: data.Sphere, N: 1, D: 1}).Pin(); err != nil || same.SHA256 != "" {
		t.Errorf("pinned sphere: %+v, %v", same, err)
	}
}

func wantError(t *testing.T, path string, opts data.Options, want error, text string) {
	t.Helper()
	set, err := data.Load(path, opts)
	if set != nil || !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", path, err, want)
		return
	}
	// Errors of the options come before any file is touched.
	named := errors.Is(err, data.ErrSpec) || strings.Contains(err.Error(), filepath.Base(path)) || opts.LabelsPath != ""
	if !named || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: %v\nmust name the file and say %q", path, err, text)
	}
}

func load(t *testing.T, path string, opts data.Options) *data.Set {
	t.Helper()
	set, err := data.Load(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func pack(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zipped takes names and contents in turn.
func zipped(t testing.TB, members ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.Create(members[i].(string))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(members[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func npyFile(header string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	return append(append(b, header...), body...)
}

func idx(kind byte, body []byte, shape ...uint32) []byte {
	b := []byte{0, 0, kind, byte(len(shape))}
	for _, s := range shape {
		b = binary.BigEndian.AppendUint32(b, s)
	}
	return append(b, body...)
}

func bigFloat32(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func bigFloat64(values ...float64) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}
