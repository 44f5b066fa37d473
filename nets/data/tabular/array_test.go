package tabular_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"convergo/nets/data/tabular"
)

// sample is the matrix that testdata/make.py writes.
var sample = [][]float64{{3, 4}, {0, -2}, {1.5, 0.25}}

func TestNumPyFiles(t *testing.T) {
	bits := [][]float64{{1, 0, 1}, {0, 1, 1}}
	images := [][]float64{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}}
	tests := []struct {
		file string
		want [][]float64
	}{
		{"f8.npy", sample}, {"f4.npy", sample}, {"f2.npy", sample}, {"f8-v2.npy", sample}, {"fortran.npy", sample},
		{"big-endian.npy", sample}, {"big-endian-fortran.npy", sample},
		{"i1.npy", bits}, {"u1.npy", bits}, {"i2.npy", bits}, {"u2.npy", bits}, {"i4.npy", bits}, {"u4.npy", bits},
		{"i8.npy", bits}, {"u8.npy", bits}, {"bool.npy", bits},
		{"big-endian-i4.npy", [][]float64{{-1, -2, -1}, {-2, -1, -1}}},
		{"images.npy", [][]float64{{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}}},
		{"fortran-images.npy", images},
	}
	for _, tt := range tests {
		c := mustRead(t, tt.file, testFile(t, tt.file), tabular.Options{})
		if !equalRows(c.rows, tt.want) || c.y != nil {
			t.Errorf("%s: got %v, %v", tt.file, c.rows, c.y)
		}
	}
	c := mustRead(t, "images.npy", testFile(t, "images.npy"), tabular.Options{})
	if !slices.Equal(c.table.Notes, []string{"shape [2 2] flattened to 4 columns"}) {
		t.Errorf("notes %q", c.table.Notes)
	}
}

func TestHalfPrecision(t *testing.T) {
	for bits, want := range map[uint16]float64{
		0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 0x1p-14, 0x0001: 0x1p-24, 0x03ff: 0x1p-14 - 0x1p-24,
		0x3555: 0.333251953125, 0x0000: 0,
	} {
		b := npyFile("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", []byte{byte(bits), byte(bits >> 8)})
		if c := mustRead(t, "half.npy", b, tabular.Options{}); c.rows[0][0] != want {
			t.Errorf("%04x: got %v, want %v", bits, c.rows[0][0], want)
		}
	}
	wantError(t, "infinite.npy", npyFile("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", []byte{0, 0xfc}), tabular.Options{}, tabular.ErrNotFinite, "-Inf")
	wantError(t, "nan.npy", npyFile("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", []byte{1, 0x7c}), tabular.Options{}, tabular.ErrMissing, "row 1, column 1")
}

func TestLabelsOfArrays(t *testing.T) {
	y := []float64{1, -1, 1}
	tests := []struct {
		file   string
		opts   tabular.Options
		labels string // a file of labels
		y      []float64
		name   string
	}{
		{"xy.npz", tabular.Options{}, "", y, "y"},
		{"train.npz", tabular.Options{}, "", y, "y_train"},
		{"plain.npz", tabular.Options{}, "", y, "arr_1"},
		{"packed.npz", tabular.Options{ArrayX: "inputs_a", ArrayY: "results"}, "", y, "results"},
		{"packed.npz", tabular.Options{ArrayX: "inputs_a"}, "", nil, ""},
		{"one.npz", tabular.Options{}, "", nil, ""},
		{"xy.npz", tabular.Options{Label: tabular.LabelNone}, "", nil, ""},
		{"f8.npy", tabular.Options{}, "labels.npy", y, "file of labels"},
		{"f8.npy", tabular.Options{}, "column-labels.npy", y, "file of labels"},
		{"f8.npy", tabular.Options{}, "one-hot.npy", []float64{1, 0, 1}, "file of labels"},
		{"f8.npy", tabular.Options{}, "text-labels.npy", []float64{1, 0, 1}, "file of labels"},
	}
	for _, tt := range tests {
		t.Run(tt.file+tt.labels, func(t *testing.T) {
			c := mustReadWith(t, tt.file, testFile(t, tt.file), tt.opts, tt.labels)
			if !equalRows(c.rows, sample) || !slices.Equal(c.y, tt.y) || c.table.Label != tt.name {
				t.Errorf("got %v, labels %q %v", c.rows, c.table.Label, c.y)
			}
		})
	}
	for label, want := range map[string][]float64{"last": {4, -2, 0.25}, "2": {4, -2, 0.25}, "first": {3, 0, 1.5}} {
		if c := mustRead(t, "f8.npy", testFile(t, "f8.npy"), tabular.Options{Label: label}); !slices.Equal(c.y, want) || len(c.rows[0]) != 1 {
			t.Errorf("label %s: %v, %v", label, c.rows, c.y)
		}
	}
	c := mustReadWith(t, "f8.npy", testFile(t, "f8.npy"), tabular.Options{}, "text-labels.npy")
	if !slices.Equal(c.names, []string{"cat", "dog"}) {
		t.Errorf("classes %q", c.names)
	}
	c = mustRead(t, "xy.npz", testFile(t, "xy.npz"), tabular.Options{Label: "last"})
	if !slices.Contains(c.table.Notes, "array y not used") || !slices.Equal(c.y, []float64{4, -2, 0.25}) {
		t.Errorf("a column of X as label: %q, %v", c.table.Notes, c.y)
	}
}

// mustReadWith reads a table together with a file of labels of testdata.
func mustReadWith(t *testing.T, name string, b []byte, opts tabular.Options, labels string) *contents {
	t.Helper()
	if labels == "" {
		return mustRead(t, name, b, opts)
	}
	c, err := readWithLabels(name, b, opts, testFile(t, labels))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readWithLabels(name string, b []byte, opts tabular.Options, labels []byte) (*contents, error) {
	table, err := tabular.Open(t0, name, b, opts)
	if err != nil {
		return nil, err
	}
	if err := table.AddLabels(labels); err != nil {
		return nil, err
	}
	c := &contents{table: table}
	y, err := table.Scan(t0, opts.Missing, func(_ int, x []float64) error {
		c.rows = append(c.rows, slices.Clone(x))
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.y, c.names = y.Values, y.Classes
	return c, nil
}

func TestLabelFiles(t *testing.T) {
	table := testFile(t, "f8.npy")
	for text, want := range map[string][]float64{
		"1\n-1\n1\n": {1, -1, 1}, "target\r\n2\r\n3\r\n4": {2, 3, 4}, "\"b\"\n\n\"a\"\nb\n": {1, 0, 1}, "# three\n1e2\n2\n3": {100, 2, 3},
	} {
		if c, err := readWithLabels("f8.npy", table, tabular.Options{}, []byte(text)); err != nil || !slices.Equal(c.y, want) {
			t.Errorf("%q: %v, %v", text, c, err)
		}
	}
	if c, err := readWithLabels("f8.npy", table, tabular.Options{}, idx(8, []byte{3, 7, 3}, 3)); err != nil || !slices.Equal(c.y, []float64{3, 7, 3}) {
		t.Errorf("IDX: %v, %v", c, err)
	}
	for _, tt := range []struct {
		labels []byte
		opts   tabular.Options
		text   string
	}{
		{[]byte("1\n2\n"), tabular.Options{}, "2 labels for 3 rows"},
		{testFile(t, "images.npy"), tabular.Options{}, "[3 2 2]"},
		{testFile(t, "labels.npy"), tabular.Options{Label: "last"}, "one of them"},
		{[]byte("1\n\xff\n2\n"), tabular.Options{}, "one label a line"},
		{[]byte("1\nNA\n2\n"), tabular.Options{}, "row 2: label"},
		{idx(8, []byte{3, 7}, 3), tabular.Options{}, "3"},
	} {
		if _, err := readWithLabels("f8.npy", table, tt.opts, tt.labels); err == nil || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%q: got %v, want %q", tt.labels, err, tt.text)
		}
	}
}

func TestIDX(t *testing.T) {
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
		for _, name := range []string{"train-images-idx3-ubyte", "a.idx", "a"} {
			for _, content := range [][]byte{b, pack(t, b)} {
				if c := mustRead(t, name, content, tabular.Options{}); !equalRows(c.rows, [][]float64{tt.want[:1], tt.want[1:]}) {
					t.Errorf("%s: got %v", tt.name, c.rows)
				}
			}
		}
	}
}

func TestCIFAR10(t *testing.T) {
	b := make([]byte, 2*3073)
	b[0], b[1], b[3072] = 9, 255, 51
	b[3073], b[3073+1024] = 2, 102
	c := mustRead(t, "data_batch_1.bin", b, tabular.Options{})
	if len(c.rows) != 2 || len(c.rows[0]) != 3072 || !slices.Equal(c.y, []float64{9, 2}) || c.names[9] != "truck" {
		t.Fatalf("%d rows, labels %v, classes %q", len(c.rows), c.y, c.names)
	}
	sum := 0.0
	for _, r := range c.rows {
		for _, v := range r {
			sum += v
		}
	}
	if c.rows[0][0] != 1 || c.rows[0][3071] != 0.2 || c.rows[1][1023] != 0.4 || !(math.Abs(sum-1.6) <= 1e-15) {
		t.Error("pixels are not where they belong")
	}
}
