//go:build unix

package job_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"convergo/bounds/kernel/conv"
	"convergo/bounds/kernel/job"
)

// child runs one test of this file again in a process of its own, which finds the folder in the environment.
func child(t *testing.T, variable, path string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	c.Env = append(os.Environ(), variable+"="+path)
	return c
}

// TestKillAnywhere kills a process with SIGKILL again and again, at random times: while it opens the folder, computes a tile
// or writes it. Whatever is left, the next goes on from it, and the end has the bytes of an undisturbed run.
func TestKillAnywhere(t *testing.T) {
	const variable = "CONVERGO_JOB_KILL"
	m, _ := convolutional(t, images(24, 8), conv.Images{})
	if path := os.Getenv(variable); path != "" {
		block := m.Block
		m.Block = func(ctx context.Context, rows, cols job.Span, put func(i, j int, v float64)) error {
			time.Sleep(time.Millisecond)
			return block(ctx, rows, cols, put)
		}
		if err := create(t, path, m, 2).Run(context.Background(), job.Shard{}, nil); err != nil {
			t.Fatal(err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "run")
	draw, between := rand.New(rand.NewPCG(1, 1)), 0
	for range 12 {
		c := child(t, variable, path)
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(draw.IntN(60_000)) * time.Microsecond)
		if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := c.Wait(); err != nil && (!errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
			t.Fatalf("a process did not go on: %v\n%s", err, out.String())
		}
		if _, err := os.Stat(filepath.Join(path, "matrix.json")); errors.Is(err, fs.ErrNotExist) {
			continue // killed before it began
		}
		missing, err := create(t, path, m, 2).Missing()
		if err != nil {
			t.Fatalf("after a kill: %v", err)
		}
		if missing > 0 && missing < 78 {
			between++
		}
	}
	if got, want := npy(t, create(t, path, m, 2)), npy(t, create(t, filepath.Join(t.TempDir(), "b"), m, 2)); !bytes.Equal(got, want) {
		t.Error("the matrix differs after the kills")
	}
	t.Logf("%d of 12 kills left a part of the matrix", between)
}

// TestFullDisk stands in for a full disk by a limit on the size of files, which lets writes end in the same way: with an
// error in the middle of a file. The tiles that are there stay, no half of one appears, and the job goes on.
func TestFullDisk(t *testing.T) {
	const variable = "CONVERGO_JOB_FULL"
	m, _ := convolutional(t, images(6, 9), conv.Images{})
	if path := os.Getenv(variable); path != "" {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100, Max: 100}); err != nil {
			t.Fatal(err)
		}
		f := create(t, path, m, 3)
		err := f.Run(context.Background(), job.Shard{}, nil)
		if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), filepath.Join(path, "tile-000001")) {
			t.Errorf("a tile that did not fit: %v", err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "run")
	f := create(t, path, m, 3)
	ctx, cancel := context.WithCancel(context.Background())
	err := f.Run(ctx, job.Shard{}, func(p job.Progress) {
		if p.Done == 1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if out, err := child(t, variable, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) != 2 { // matrix.json and the first tile
		t.Errorf("after a full disk the folder holds %v (%v)", entries, err)
	}
	if missing, err := f.Missing(); err != nil || missing != 2 {
		t.Errorf("%d of 3 tiles missing after a full disk (%v)", missing, err)
	}
	if got, want := npy(t, f), npy(t, create(t, filepath.Join(t.TempDir(), "b"), m, 3)); !bytes.Equal(got, want) {
		t.Error("the matrix differs after a full disk")
	}
}

// TestFullDiskNPY: a matrix that does not fit leaves the old file and all tiles.
func TestFullDiskNPY(t *testing.T) {
	const variable = "CONVERGO_JOB_NPY"
	m, _ := convolutional(t, images(8, 9), conv.Images{})
	if path := os.Getenv(variable); path != "" {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 300, Max: 300}); err != nil {
			t.Fatal(err)
		}
		err := create(t, filepath.Join(path, "run"), m, 3).WriteNPY(filepath.Join(path, "k.npy"), false)
		if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), "k.npy") {
			t.Errorf("a matrix that did not fit: %v", err)
		}
		return
	}
	path := t.TempDir()
	old := filepath.Join(path, "k.npy")
	if err := os.WriteFile(old, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	f := create(t, filepath.Join(path, "run"), m, 3)
	if err := f.Run(context.Background(), job.Shard{}, nil); err != nil {
		t.Fatal(err)
	}
	if out, err := child(t, variable, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if b, err := os.ReadFile(old); err != nil || string(b) != "old" {
		t.Errorf("the old file is %q (%v)", b, err)
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 2 {
		t.Errorf("beside the old file and the folder there are %v (%v)", entries, err)
	}
	if missing, err := f.Missing(); err != nil || missing != 0 {
		t.Errorf("%d tiles missing (%v)", missing, err)
	}
}

// TestTwoAtOnce runs a job several times at once in one folder: each finds the others' tiles or replaces them by the same
// bytes, and none sees half a file.
func TestTwoAtOnce(t *testing.T) {
	m, _ := convolutional(t, images(14, 10), conv.Images{})
	path := filepath.Join(t.TempDir(), "run")
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			f, err := job.Create(path, m, 2)
			if err == nil {
				err = f.Run(context.Background(), job.Shard{}, nil)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got, want := npy(t, create(t, path, m, 2)), npy(t, create(t, filepath.Join(t.TempDir(), "b"), m, 2)); !bytes.Equal(got, want) {
		t.Error("the matrix differs after four runs at once")
	}
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) != 1+28 {
		t.Errorf("%d files in the folder (%v), want 28 tiles and a description", len(entries), err)
	}
}

// TestReadOnly: a folder that may not be written can be read, and what needs a tile says which.
func TestReadOnly(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	m, _ := convolutional(t, images(4, 11), conv.Images{})
	path := filepath.Join(t.TempDir(), "run")
	f := create(t, path, m, 2)
	if err := f.Run(context.Background(), job.Shard{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(path, "tile-000002")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o555); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(path, 0o755) }() // for the removal of the folder
	if missing, err := create(t, path, m, 2).Missing(); err != nil || missing != 1 {
		t.Errorf("%d tiles missing (%v)", missing, err)
	}
	if err := f.Run(context.Background(), job.Shard{}, nil); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), path) {
		t.Errorf("a run in a read-only folder: %v", err)
	}
	if _, err := job.Create(filepath.Join(path, "new"), m, 2); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a folder in a read-only one: %v", err)
	}
}
