package tabular_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"convergo/nets/data/tabular"
)

// contents is all that a table says.
type contents struct {
	table *tabular.Table
	rows  [][]float64
	y     []float64
	names []string // of classes
}

// read opens content and decodes all of it; a row that Row gives must be the one
// that Scan has shown.
func read(name string, b []byte, opts tabular.Options) (*contents, error) {
	ctx := context.Background()
	b, _, err := tabular.Unpack(ctx, b, opts.MaxBytes)
	if err != nil {
		return nil, err
	}
	t, err := tabular.Open(ctx, name, b, opts)
	if err != nil {
		return nil, err
	}
	c := &contents{table: t}
	labels, err := t.Scan(ctx, opts.Missing, func(i int, x []float64) error {
		if i != len(c.rows) {
			return errors.New("rows are not in order")
		}
		c.rows = append(c.rows, slices.Clone(x))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if labels != nil {
		c.y, c.names = labels.Values, labels.Classes
	}
	n, d := t.Dims()
	if n != len(c.rows) || (labels != nil && len(c.y) != n) {
		return nil, errors.New("the sizes do not agree")
	}
	x := make([]float64, d)
	for i := range n {
		if err := t.Row(i, x); err != nil {
			return nil, err
		}
		if !slices.Equal(x, c.rows[i]) {
			return nil, errors.New("Row and Scan do not agree")
		}
	}
	return c, nil
}

func mustRead(t *testing.T, name string, b []byte, opts tabular.Options) *contents {
	t.Helper()
	c, err := read(name, b, opts)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// testFile reads a file of testdata.
func testFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func equalRows(a, b [][]float64) bool {
	return slices.EqualFunc(a, b, func(u, v []float64) bool { return slices.Equal(u, v) })
}

func wantError(t *testing.T, name string, b []byte, opts tabular.Options, want error, text string) {
	t.Helper()
	_, err := read(name, b, opts)
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: got %v\nwant %v, saying %q", name, err, want, text)
	}
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
