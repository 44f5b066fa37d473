package tabular_test

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"

	"convergo/nets/data/tabular"
)

func TestErrors(t *testing.T) {
	npy := func(shape string) []byte {
		return npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': "+shape+", }", bigFloat64(1, 2))
	}
	type options = tabular.Options
	tests := []struct {
		name    string
		content []byte
		opts    options
		want    error
		text    string
	}{
		{"ragged.csv", []byte("1,2\n3,4\n\n5\n"), options{}, tabular.ErrRagged, "line 4"},
		{"ragged-header.csv", []byte("a,b,c,d\n1,2\n3,4\n"), options{}, tabular.ErrRagged, "header has 4 fields"},
		{"word.csv", []byte("1,2\n3,four\n"), options{}, tabular.ErrNotNumber, "line 2 (row 2), column 2: not a number"},
		{"name.csv", []byte("a,kind\n1,dog\n"), options{}, tabular.ErrNotNumber, `give label "kind"`},
		{"header.csv", []byte("a,b\n1,2\n"), options{Header: tabular.HeaderNo}, tabular.ErrNotNumber, "line 1 (row 1), column 1"},
		{"nan.csv", []byte("a\n1\nNaN\n"), options{}, tabular.ErrMissing, `line 3 (row 2), column 1 ("a")`},
		{"empty-field.csv", []byte("1,2\n3,\n4,5\n"), options{}, tabular.ErrMissing, "line 2 (row 2), column 2"},
		{"inf.csv", []byte("1,-inf\n"), options{}, tabular.ErrNotFinite, "line 1 (row 1), column 2"},
		{"overflow.csv", []byte("1e999\n"), options{}, tabular.ErrNotFinite, "1e999"},
		{"only-header.csv", []byte("a,b\n"), options{}, tabular.ErrEmpty, "no line"},
		{"comments.csv", []byte("# a\n\n# b"), options{}, tabular.ErrEmpty, "no line"},
		{"quote.csv", []byte("1,\"2\n3,4\n"), options{}, tabular.ErrFormat, "quotes"},
		{"latin1.csv", []byte("gr\xfc\xdfe,b\n1,2\n"), options{}, tabular.ErrFormat, "UTF-8"},
		{"utf16.csv", []byte{0xff, 0xfe, 0x31, 0}, options{}, tabular.ErrFormat, "UTF-16"},
		{"one-column.csv", []byte("1\n2\n"), options{Label: "last"}, tabular.ErrLabels, "one column"},
		{"label.csv", []byte("a,b\n1,2\n"), options{Label: "middle"}, tabular.ErrOption, `the columns are ["a" "b"]`},
		{"label.csv", []byte("1,2\n"), options{Label: "3"}, tabular.ErrOption, "number from 1 to 2"},
		{"label.csv", []byte("a,a,b\n1,2,3\n"), options{Label: "a"}, tabular.ErrOption, "two columns"},
		{"label.csv", []byte("a,b\n1,2\n"), options{Label: "b", Drop: []string{"b"}}, tabular.ErrOption, "left out too"},
		{"drop.csv", []byte("a,b\n1,2\n"), options{Drop: []string{"c"}}, tabular.ErrOption, `"c"`},
		{"drop-all.csv", []byte("a,b\n1,2\n"), options{Drop: []string{"a", "2"}}, tabular.ErrEmpty, "0 columns"},
		{"option.csv", []byte("1\n"), options{Header: "perhaps"}, tabular.ErrOption, "perhaps"},
		{"option.csv", []byte("1\n"), options{Missing: "fill"}, tabular.ErrOption, "fill"},
		{"option.csv", []byte("1\n"), options{Separator: "|"}, tabular.ErrOption, "semicolon"},
		{"bomb.csv.gz", pack(t, make([]byte, 1<<20)), options{MaxBytes: 1 << 16}, tabular.ErrTooLarge, "max_bytes"},
		{"cut.csv.gz", pack(t, []byte("1,2\n3,4\n"))[:20], options{}, tabular.ErrTruncated, "copy"},
		{"bad.csv.bz2", []byte("BZh9nothing"), options{}, tabular.ErrFormat, "bzip2"},
		{"unknown.xyz", []byte{1, 2, 3, 0xff}, options{}, tabular.ErrFormat, "libsvm"},
		{"hello.xyz", []byte("hello"), options{}, tabular.ErrEmpty, "no line"},
		{"empty.csv", nil, options{}, tabular.ErrEmpty, "empty"},
		{"a.json", []byte("{\"a\": [1]}"), options{}, tabular.ErrFormat, "JSON"},
		{"a.arff", []byte("@relation iris\n"), options{}, tabular.ErrFormat, "ARFF"},
		{"a.csv", []byte("<!DOCTYPE html>"), options{}, tabular.ErrFormat, "page"},
		{"a.tar", append(make([]byte, 257), "ustar\x0000"...), options{}, tabular.ErrFormat, "tar archive"},
		{"a.h5", []byte("\x89HDF\r\n"), options{}, tabular.ErrFormat, "HDF5"},
		{"a.feather", []byte("ARROW1\x00\x00"), options{}, tabular.ErrFormat, "to_csv"},
		{"a.parquet", []byte("PAR1\x00\x00"), options{}, tabular.ErrFormat, "to_csv"},
		{"a.xlsx", zipped(t, "xl/workbook.xml", []byte("<x/>")), options{}, tabular.ErrEmpty, "Excel"},

		{"magic.npy", []byte("numpy"), options{}, tabular.ErrFormat, "numpy.save"},
		{"short.npy", []byte("\x93NUMPY\x01\x00"), options{}, tabular.ErrTruncated, "header"},
		{"version.npy", []byte("\x93NUMPY\x04\x00\x01\x00\x00\x00{"), options{}, tabular.ErrFormat, "version 4.0"},
		{"long-header.npy", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{}"), options{}, tabular.ErrTruncated, "4294967295"},
		{"no-descr.npy", npyFile("{}", nil), options{}, tabular.ErrFormat, "descr"},
		{"no-shape.npy", npyFile("{'descr': '<f8'}", nil), options{}, tabular.ErrFormat, "shape"},
		{"no-order.npy", npyFile("{'descr': '<f8', 'shape': (1,)}", nil), options{}, tabular.ErrFormat, "fortran_order"},
		{"cut.npy", npy("(2, 2)"), options{}, tabular.ErrTruncated, "shape [2 2]"},
		{"longer.npy", npy("(1,)"), options{}, tabular.ErrFormat, "8 bytes follow"},
		{"huge.npy", npy("(1000000, 1000000)"), options{}, tabular.ErrTruncated, "only 16 bytes"},
		{"overflow.npy", npy("(4294967296, 4294967296, 2)"), options{}, tabular.ErrTruncated, "only 16 bytes"},
		{"digits.npy", npy("(99999999999999999999999,)"), options{}, tabular.ErrTooLarge, "9999"},
		{"empty-text.npy", npyFile("{'descr': '<U0', 'fortran_order': False, 'shape': (1,)}", nil), options{}, tabular.ErrDType, "<U0"},
		{"record.npy", testFile(t, "record.npy"), options{}, tabular.ErrDType, "structured_to_unstructured"},
		{"complex.npy", testFile(t, "complex.npy"), options{}, tabular.ErrDType, "<c16"},
		{"text-labels.npy", testFile(t, "text-labels.npy"), options{}, tabular.ErrDType, "text"},
		{"scalar.npy", testFile(t, "scalar.npy"), options{}, tabular.ErrFormat, "axes"},
		{"empty.npy", testFile(t, "empty.npy"), options{}, tabular.ErrEmpty, "[0 2]"},

		{"magic.idx", []byte("IDX1"), options{}, tabular.ErrFormat, "00 00"},
		{"short.idx", []byte{0, 0}, options{}, tabular.ErrTruncated, "2 bytes"},
		{"type.idx", []byte{0, 0, 7, 1, 0, 0, 0, 1, 5}, options{}, tabular.ErrDType, "0x07"},
		{"axes.idx", []byte{0, 0, 8, 0}, options{}, tabular.ErrFormat, "0 axes"},
		{"header.idx", []byte{0, 0, 8, 3, 0, 0, 0, 1}, options{}, tabular.ErrTruncated, "3 sizes"},
		{"cut.idx", idx(8, []byte{1, 2, 3}, 2, 2), options{}, tabular.ErrTruncated, "only 3 bytes"},
		{"huge.idx", idx(0x0E, []byte{1}, 1<<30, 1<<30, 1<<30), options{}, tabular.ErrTruncated, "only 1 byte"},
		{"negative.idx", idx(8, []byte{1}, 1<<31), options{}, tabular.ErrTooLarge, "axis 1"},
		{"empty.idx", idx(8, nil, 0, 5), options{}, tabular.ErrEmpty, "[0 5]"},
		{"nan.idx", idx(0x0D, bigFloat32(1, float32(math.NaN())), 2, 1), options{}, tabular.ErrMissing, "row 2, column 1"},

		{"images-idx3-ubyte", idx(8, []byte{1, 2, 3, 4}, 1, 2, 2), options{Label: "last"}, tabular.ErrOption, "file or an array of their own"},

		{"cut.bin", make([]byte, 3000), options{}, tabular.ErrTruncated, "3073"},
		{"label.bin", slices.Repeat([]byte{77}, 3073), options{}, tabular.ErrFormat, "record 1"},
		{"label.bin", make([]byte, 3073), options{Label: "last"}, tabular.ErrOption, "leave label"},

		{"not.npz", []byte("PK\x03\x04 no"), options{}, tabular.ErrFormat, "savez"},
		{"empty.npz", zipped(t, "readme.txt", []byte("x")), options{}, tabular.ErrEmpty, "no array"},
		{"names.npz", zipped(t, "u.npy", npy("(2, 1)"), "v.npy", npy("(2, 1)")), options{}, tabular.ErrFormat, `"u" "v"`},
		{"packed.npz", testFile(t, "packed.npz"), options{ArrayX: "note"}, tabular.ErrDType, "text"},
		{"absent.npz", zipped(t, "X.npy", npy("(2, 1)")), options{ArrayY: "z"}, tabular.ErrFormat, `"z"`},
		{"bad.npz", zipped(t, "X.npy", npy("(2, 2)")), options{}, tabular.ErrTruncated, `array "X"`},
		{"bomb.npz", zipped(t, "X.npy", make([]byte, 1<<20)), options{MaxBytes: 1 << 16}, tabular.ErrTooLarge, `array "X"`},
		{"labels.npz", zipped(t, "X.npy", npy("(2, 1)"), "y.npy", npy("(1, 2)")), options{}, tabular.ErrLabels, "1 labels for 2 rows"},
		{"count.npz", zipped(t, "X.npy", npy("(1, 2)"), "y.npy", npy("(2,)")), options{}, tabular.ErrLabels, "2 labels for 1 rows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantError(t, tt.name, tt.content, tt.opts, tt.want, tt.text) })
	}
}

// A header that promises 10^12 elements must not make room for them.
func TestHeadersDoNotAllocate(t *testing.T) {
	files := map[string][]byte{
		"a.npy": npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }", []byte{1, 2, 3, 4}),
		"b.npy": []byte("\x93NUMPY\x02\x00\xff\xff\xff\xf0{}"),
		"a.idx": idx(0x0E, []byte{1}, 1<<20, 1<<20),
	}
	for name, b := range files {
		if used := allocated(func() {
			if _, err := read(name, b, tabular.Options{}); err == nil {
				t.Errorf("%s: accepted", name)
			}
		}); used > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, used)
		}
	}
}

// A gzip of zeros is refused after 64 MiB, and by its announced size alone when that is larger.
func TestBombs(t *testing.T) {
	for _, tt := range []struct {
		size int
		most uint64
	}{{100 << 20, 1 << 20}, {65 << 20, 1 << 20}} {
		bomb := pack(t, make([]byte, tt.size))
		if used := allocated(func() {
			_, _, err := tabular.Unpack(t0, bomb, 0)
			if !errors.Is(err, tabular.ErrTooLarge) {
				t.Errorf("%d bytes: %v", tt.size, err)
			}
		}); used > tt.most {
			t.Errorf("%d bytes: %d allocated", tt.size, used)
		}
	}
	lying := pack(t, make([]byte, 70<<20))
	copy(lying[len(lying)-4:], []byte{1, 0, 0, 0})
	if _, _, err := tabular.Unpack(t0, lying, 0); !errors.Is(err, tabular.ErrTooLarge) {
		t.Errorf("a false size: %v", err)
	}
	if b, name, err := tabular.Unpack(t0, pack(t, make([]byte, 65<<20)), 1<<30); err != nil || len(b) != 65<<20 || name != "gzip" {
		t.Errorf("within a limit that was given: %d bytes, %v", len(b), err)
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
