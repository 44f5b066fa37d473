package job_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/bounds/kernel/conv"
	"convergo/bounds/kernel/job"
)

func images(n int, seed uint64) conv.Images {
	draw := rand.New(rand.NewPCG(seed, 2))
	im := conv.Images{Shape: conv.Shape{Channels: 1, Height: 3, Width: 4}, Data: make([]float64, 12*n)}
	for k := range im.Data {
		im.Data[k] = draw.NormFloat64()
	}
	return im
}

func convolutional(t *testing.T, x, z conv.Images) (job.Matrix, *conv.Kernel) {
	t.Helper()
	k, err := conv.New(conv.Net{Depth: 2, Head: conv.GAP}, x.Shape, conv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return job.Convolutional(k, x, z), k
}

func create(t *testing.T, path string, m job.Matrix, side int) *job.Folder {
	t.Helper()
	f, err := job.Create(path, m, side)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// npy runs the rest of a job and returns its file.
func npy(t *testing.T, f *job.Folder) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "k.npy")
	if err := errors.Join(f.Run(context.Background(), job.Shard{}, nil), f.WriteNPY(name, false)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestValues compares the entries of a job with the matrices of the kernels themselves.
func TestValues(t *testing.T) {
	ctx := context.Background()
	x, z := images(11, 1), images(4, 2)
	square, k := convolutional(t, x, conv.Images{})
	gram, err1 := k.Gram(ctx, x)
	tall, _ := convolutional(t, x, z)
	cross, err2 := k.Cross(ctx, x, z)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	xs, zs := mat.NewDense(11, 12, x.Data), mat.NewDense(4, 12, z.Data)
	fc := kernel.NTK(3)
	fcGram, err1 := fc.Gram(xs)
	fcCross, err2 := fc.Cross(xs, zs)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		m    job.Matrix
		want mat.Matrix
	}{
		"gram": {square, gram}, "cross": {tall, cross},
		"connected gram": {job.Connected(fc, xs, nil), fcGram}, "connected cross": {job.Connected(fc, xs, zs), fcCross},
	} {
		f := create(t, filepath.Join(t.TempDir(), "run"), c.m, 3)
		if err := f.Run(ctx, job.Shard{}, nil); err != nil {
			t.Fatal(err)
		}
		got := mat.NewDense(c.m.Rows, c.m.Cols, nil)
		if err := f.Each(got.Set); err != nil || !mat.Equal(got, c.want) {
			t.Errorf("%s: the job differs from the kernel (%v)", name, err)
		}
	}
}

// TestResume stops a job twice and finds the same bytes as undisturbed; tiles of one size or another make no difference.
func TestResume(t *testing.T) {
	m, _ := convolutional(t, images(9, 3), conv.Images{})
	want := npy(t, create(t, filepath.Join(t.TempDir(), "a"), m, 2))
	if other := npy(t, create(t, filepath.Join(t.TempDir(), "b"), m, 100)); !bytes.Equal(want, other) {
		t.Error("another side of tiles gives other bytes")
	}
	path := filepath.Join(t.TempDir(), "c")
	for stop := range 2 {
		ctx, cancel := context.WithCancel(context.Background())
		first, last := -1, 0
		err := create(t, path, m, 2).Run(ctx, job.Shard{}, func(p job.Progress) {
			if first < 0 {
				first = p.Done
			}
			last = p.Done
			if p.Done == first+4 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || first != 4*stop || last != first+4 {
			t.Fatalf("run %d: from %d to %d tiles, %v", stop, first, last, err)
		}
	}
	if got := npy(t, create(t, path, m, 5)); !bytes.Equal(got, want) { // the side of the folder stays 2
		t.Error("the resumed matrix differs")
	}
}

// TestKill kills a process in the middle of a tile.
func TestKill(t *testing.T) {
	const variable = "CONVERGO_JOB_TEST"
	m, _ := convolutional(t, images(5, 4), conv.Images{})
	if path := os.Getenv(variable); path != "" {
		block, tiles := m.Block, 0
		m.Block = func(ctx context.Context, rows, cols job.Span, put func(i, j int, v float64)) error {
			if tiles++; tiles > 2 {
				time.Sleep(time.Minute)
			}
			return block(ctx, rows, cols, put)
		}
		t.Fatal(create(t, path, m, 2).Run(context.Background(), job.Shard{}, nil))
	}
	path := filepath.Join(t.TempDir(), "run")
	child := exec.Command(os.Args[0], "-test.run=^TestKill$")
	child.Env = append(os.Environ(), variable+"="+path)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(path, "tile-000001")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(second); err == nil || time.Now().After(deadline) {
			break
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	f := create(t, path, m, 2)
	if missing, err := f.Missing(); err != nil || missing != 4 {
		t.Errorf("%d of 6 tiles missing after the kill (%v)", missing, err)
	}
	if got, want := npy(t, f), npy(t, create(t, filepath.Join(t.TempDir(), "b"), m, 2)); !bytes.Equal(got, want) {
		t.Error("the matrix differs after the kill")
	}
}

// TestShards merges the folders of shards, in any order and twice, into the bytes of one run.
func TestShards(t *testing.T) {
	m, _ := convolutional(t, images(10, 5), conv.Images{})
	var paths []string
	for i := range 3 {
		paths = append(paths, filepath.Join(t.TempDir(), "shard"))
		if err := create(t, paths[i], m, 3).Run(context.Background(), job.Shard{Index: i, Count: 3}, nil); err != nil {
			t.Fatal(err)
		}
	}
	f := create(t, filepath.Join(t.TempDir(), "all"), m, 3)
	if err := f.Merge(paths[2], paths[0]); err != nil {
		t.Fatal(err)
	}
	if err := f.WriteNPY(filepath.Join(t.TempDir(), "k.npy"), false); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a matrix with a gap was written: %v", err)
	}
	if err := f.Merge(paths[1], paths[2]); err != nil {
		t.Fatal(err)
	}
	if missing, err := f.Missing(); missing != 0 || err != nil {
		t.Fatalf("%d tiles missing (%v)", missing, err)
	}
	if got, want := npy(t, f), npy(t, create(t, filepath.Join(t.TempDir(), "one"), m, 3)); !bytes.Equal(got, want) {
		t.Error("the merged matrix differs from that of one run")
	}
}

func TestRefusals(t *testing.T) {
	m, _ := convolutional(t, images(6, 6), conv.Images{})
	other, _ := convolutional(t, images(6, 7), conv.Images{})
	path := filepath.Join(t.TempDir(), "run")
	f := create(t, path, m, 3)
	if err := f.Run(context.Background(), job.Shard{}, nil); err != nil {
		t.Fatal(err)
	}
	contains := func(err error, word string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("error %v, want %q", err, word)
		}
	}
	_, err := job.Create(path, other, 3)
	contains(err, "another matrix")
	_, err = job.Create(path, m, 0)
	contains(err, "tiles of 0")
	contains(f.Run(context.Background(), job.Shard{Index: 3, Count: 3}, nil), "shard 3 of 3")
	contains(create(t, filepath.Join(t.TempDir(), "other"), other, 3).Merge(path), "another matrix")

	// A tile whose values were changed, with a checksum that fits.
	forged := filepath.Join(t.TempDir(), "forged")
	wrong := m
	wrong.Block = func(ctx context.Context, rows, cols job.Span, put func(i, j int, v float64)) error {
		return m.Block(ctx, rows, cols, func(i, j int, v float64) { put(i, j, 2*v) })
	}
	if err := create(t, forged, wrong, 3).Run(context.Background(), job.Shard{}, nil); err != nil {
		t.Fatal(err)
	}
	contains(f.Merge(forged), "differ in tile 0")

	// A tile in the place of another of its size, with the checksum of neither damaged.
	diagonal, err := os.ReadFile(filepath.Join(path, "tile-000000"))
	if err != nil {
		t.Fatal(err)
	}
	last := filepath.Join(path, "tile-000002")
	whole, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(last, diagonal, 0o666); err != nil {
		t.Fatal(err)
	}
	contains(f.Run(context.Background(), job.Shard{}, nil), "a tile of another")
	if err := os.WriteFile(last, whole, 0o666); err != nil {
		t.Fatal(err)
	}

	name := filepath.Join(path, "tile-000001")
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for want, damaged := range map[string][]byte{"bytes": content[:50], "checksum": append(bytes.Clone(content[:len(content)-1]), content[len(content)-1]^1)} {
		if err := os.WriteFile(name, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		err := f.Run(context.Background(), job.Shard{}, nil)
		contains(err, want)
		contains(err, name)
	}
	if err := os.WriteFile(filepath.Join(path, "matrix.json"), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = job.Create(path, m, 3)
	contains(err, "matrix.json")
}

// TestNames: kernels that the user cannot tell apart by name are different matrices.
func TestNames(t *testing.T) {
	x := mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 7})
	names := map[string]bool{}
	for _, k := range []kernel.Kernel{kernel.NTK(2), kernel.NNGP(2), kernel.NTKWeighted([]float64{0, 1, 0}), kernel.NTKWeighted([]float64{0, 1, 1})} {
		names[job.Connected(k, x, nil).Name] = true
		names[job.Connected(k, x, x).Name] = true
	}
	if len(names) != 8 {
		t.Errorf("%d names of 8 matrices: %v", len(names), names)
	}
}

func TestEstimate(t *testing.T) {
	const each = 2 * time.Millisecond
	m := job.Matrix{Name: "slow", Rows: 100, Cols: 100, Symmetric: true,
		Block: func(_ context.Context, rows, cols job.Span, put func(i, j int, v float64)) error {
			for i := rows.From; i < rows.To; i++ {
				for j := cols.From; j < cols.To; j++ {
					time.Sleep(each)
					put(i, j, 0)
				}
			}
			return nil
		}}
	got, err := job.Estimate(context.Background(), m, 20*time.Millisecond)
	if want := 5050 * each; err != nil || got < want || got > 100*want {
		t.Errorf("estimate %v for at least %v (%v)", got, want, err)
	}
}
