package data_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"convergo/nets/data"
)

// A Spec by digest is built from the opened file whatever became of its path, and its
// JSON holds no path.
func TestFileIsItsContent(t *testing.T) {
	ctx := context.Background()
	path, labels := file(t, "a.csv", "3,4\n0,-2\n1.5,0.25\n"), file(t, "y.txt", "1\n2\n2\n")
	var files data.Loader
	f, err := files.Open(ctx, path, data.Options{LabelsPath: labels, Normalize: true, MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	spec := f.Spec(2)
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), filepath.Dir(path)) || strings.Contains(spec.String(), filepath.Dir(path)) {
		t.Errorf("a path in %s or %q", text, spec)
	}
	var again data.Spec
	if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again, spec) {
		t.Fatalf("%s: %v", text, err)
	}
	want, err := files.Build(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	// The same content elsewhere, in another process.
	moved, elsewhere := file(t, "b.csv", "3,4\n0,-2\n1.5,0.25\n"), file(t, "z.txt", "1\n2\n2\n")
	var others data.Loader
	if _, err := others.Build(ctx, again); !errors.Is(err, data.ErrNotOpen) {
		t.Errorf("before it is opened: %v", err)
	}
	g, err := others.Open(ctx, moved, data.Options{LabelsPath: elsewhere})
	if err != nil || g.Digest() != f.Digest() {
		t.Fatalf("digests %s and %s, %v", f.Digest(), g.Digest(), err)
	}
	got, err := others.Build(ctx, again)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Y, want.Y) || !slices.Equal(got.X.RawMatrix().Data, want.X.RawMatrix().Data) || got.Name != want.Name {
		t.Errorf("%v became %v", want, got)
	}
	// What was opened stays what it was.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Build(ctx, spec); err != nil {
		t.Errorf("after its path is gone: %v", err)
	}
	if set, err := files.Build(ctx, data.Spec{Kind: data.Sphere, N: 3, D: 2}); err != nil || set.N() != 3 {
		t.Errorf("a sphere: %v", err)
	}
}

// Today's parameters hold a path and a digest.
func TestSpecWithPathAndDigest(t *testing.T) {
	ctx := context.Background()
	path := file(t, "a.csv", "3,4,1\n0,-2,2\n1.5,0.25,1\n")
	spec, err := data.Spec{Kind: data.File, Path: path, Load: data.Options{Label: data.LabelLast, Rows: 2}}.Pin()
	if err != nil {
		t.Fatal(err)
	}
	want := build(t, spec)
	var files data.Loader
	if got, err := files.Build(ctx, spec); err != nil || !slices.Equal(got.Y, want.Y) {
		t.Errorf("%v, %v", got, err)
	}
	spec.Path = "moved away"
	if got, err := files.Build(ctx, spec); err != nil || !slices.Equal(got.Y, want.Y) {
		t.Errorf("known by its digest: %v, %v", got, err)
	}
	if _, err := spec.Build(); err == nil || !strings.Contains(err.Error(), "moved away") {
		t.Errorf("without a Loader: %v", err)
	}
}

// A packed archive is unpacked once for claims that read it in different ways.
func TestArchiveIsUnpackedOnce(t *testing.T) {
	ctx := context.Background()
	const n, d = 20000, 100
	header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d), }", n, d)
	npy := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	npy = append(npy, header...)
	state := uint32(1)
	for range n * d {
		state = state*1664525 + 1013904223
		npy = append(npy, byte(state>>24))
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("x.npy")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(npy); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var files data.Loader
	path := file(t, "x.npz", archive.String())
	open := func(duplicates string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := files.Open(ctx, path, data.Options{Duplicates: duplicates}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	first := open(data.DuplicatesDrop)
	if again := open(data.DuplicatesKeep); first < n*d || again > n*d/2+1<<21 {
		t.Errorf("the first opening allocates %d bytes, another one %d", first, again)
	}
}

func TestStandardInput(t *testing.T) {
	ctx := context.Background()
	files := data.Loader{Stdin: strings.NewReader("3,4,1\n0,-2,2\n")}
	for range 2 { // it is read once
		f, err := files.Open(ctx, "-", data.Options{Label: data.LabelLast})
		if err != nil || f.N() != 2 || f.D() != 2 || !f.Labelled() {
			t.Fatalf("%v", err)
		}
	}
}

func TestLoaderHeedsTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var files data.Loader
	if _, err := files.Open(ctx, file(t, "a.csv", "1,2\n"), data.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLoaderIsSafeForConcurrentUse(t *testing.T) {
	ctx := context.Background()
	path := file(t, "a.csv", table("a", "b", "a", "b", "b", "a"))
	var files data.Loader
	want := load(t, path, data.Options{Label: data.LabelLast, Rows: 4}).Y
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			f, err := files.Open(ctx, path, data.Options{Label: data.LabelLast, Normalize: i%2 == 0})
			if err != nil {
				t.Error(err)
				return
			}
			if set, err := f.Set(data.Options{Rows: 4}); err != nil || !slices.Equal(set.Y, want) {
				t.Errorf("%v, %v", set, err)
			}
		})
	}
	wg.Wait()
}

// idxFile writes 60,000 images of 784 pixels and their labels.
func idxFile(t *testing.T) (images, labels string) {
	const n, d = 60000, 784
	b := binary.BigEndian.AppendUint32([]byte{0, 0, 8, 2}, n)
	b = binary.BigEndian.AppendUint32(b, d)
	state := uint32(1)
	for range n * d {
		state = state*1664525 + 1013904223
		b = append(b, byte(state>>24))
	}
	y := binary.BigEndian.AppendUint32([]byte{0, 0, 8, 1}, n)
	for i := range n {
		y = append(y, byte(i/(n/10))) // sorted by class
	}
	return file(t, "train-images-idx3-ubyte", string(b)), file(t, "train-labels-idx1-ubyte", string(y))
}

// A large file is held once, however many claims use it, and costs at most one and a
// half times its size.
func TestLargeFileIsHeldOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 47 MB")
	}
	ctx := context.Background()
	images, labels := idxFile(t)
	info, err := os.Stat(images)
	if err != nil {
		t.Fatal(err)
	}
	var before, opened, used runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var files data.Loader
	f, err := files.Open(ctx, images, data.Options{LabelsPath: labels, Normalize: true})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&opened)
	// All that was ever allocated bounds what was held at any time.
	if ratio := float64(opened.TotalAlloc-before.TotalAlloc) / float64(info.Size()); ratio > 1.5 {
		t.Errorf("opening allocates %.2f times the size of the file", ratio)
	}
	const claims, rows = 20, 100
	for seed := range uint64(claims) {
		s := f.Spec(rows)
		s.Seed = seed
		set, err := files.Build(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range set.Reading.Classes {
			if c.Rows != rows/10 {
				t.Fatalf("class %s has %d of %d rows", c.Name, c.Rows, rows)
			}
		}
		if r := data.RowNorms(set.X)[0]; !(math.Abs(r-1) <= 1e-13) {
			t.Fatalf("norm %v", r)
		}
	}
	runtime.ReadMemStats(&used)
	other, err := files.Open(ctx, images, data.Options{LabelsPath: labels, Normalize: true, Duplicates: data.DuplicatesKeep})
	if err != nil || other.N() != f.N() {
		t.Fatalf("%v", err)
	}
	each := float64(used.TotalAlloc-opened.TotalAlloc) / claims / float64(info.Size())
	if each > 0.1 {
		t.Errorf("each claim allocates %.2f times the size of the file", each)
	}
	t.Logf("opening allocates %.2f times the size, a claim %.3f times", float64(opened.TotalAlloc-before.TotalAlloc)/float64(info.Size()), each)
}
