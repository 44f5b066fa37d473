package tabular_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"convergo/nets/data/tabular"
)

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	content := slices.Repeat([]byte("0123456789"), 300_000)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if b, err := tabular.ReadFile(t0, path, 0); err != nil || !slices.Equal(b, content) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err == nil {
		if b, err := tabular.ReadFile(t0, link, 0); err != nil || len(b) != len(content) {
			t.Errorf("through a link: %d bytes, %v", len(b), err)
		}
	}
	cancelled, cancel := context.WithCancel(t0)
	cancel()
	for _, tt := range []struct {
		ctx   context.Context
		path  string
		limit int64
		want  error
		text  string
	}{
		{t0, path, 1000, tabular.ErrTooLarge, "max_bytes"},
		{t0, dir, 0, tabular.ErrNotRegular, "directory"},
		{t0, os.DevNull, 0, tabular.ErrNotRegular, "device"},
		{t0, filepath.Join(dir, "none"), 0, fs.ErrNotExist, "none"},
		{cancelled, path, 0, context.Canceled, "canceled"},
	} {
		if _, err := tabular.ReadFile(tt.ctx, tt.path, tt.limit); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: got %v, want %v, saying %q", tt.path, err, tt.want, tt.text)
		}
	}
}

// A stream that never ends is cut at the limit, one that never speaks by the context.
func TestReadStream(t *testing.T) {
	if b, err := tabular.ReadStream(t0, strings.NewReader("1,2\n"), 0); err != nil || string(b) != "1,2\n" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := tabular.ReadStream(t0, zeros{}, 1<<20); !errors.Is(err, tabular.ErrTooLarge) {
		t.Errorf("endless: %v", err)
	}
	silent, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithTimeout(t0, 10*time.Millisecond)
	defer cancel()
	if _, err := tabular.ReadStream(ctx, silent, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("silent: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestCancelledScan(t *testing.T) {
	table, err := tabular.Open(t0, "a.csv", []byte("1,2\n3,4\n"), tabular.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t0)
	cancel()
	if _, err := table.Scan(ctx, "", func(int, []float64) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
