//go:build unix

package command

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// targets are what the flag of an output may name that is no regular file.
type target struct {
	name string
	path string
	mode os.FileMode
	read func() string // what was written; nil for a device, which keeps nothing
}

// newTargets makes a link to a file, a FIFO with a reader, and names the null
// device.
func newTargets(t *testing.T) []target {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(os.WriteFile(path("file"), []byte("old"), 0o640), os.Symlink("file", path("link")), syscall.Mkfifo(path("fifo"), 0o600)); err != nil {
		t.Skip(err)
	}
	received := make(chan string, 1)
	go func() {
		b, err := os.ReadFile(path("fifo")) // until its writer closes it
		received <- string(b)
		if err != nil {
			t.Error(err)
		}
	}()
	return []target{
		{"link", path("link"), os.ModeSymlink, func() string { b, _ := os.ReadFile(path("file")); return string(b) }},
		{"FIFO", path("fifo"), os.ModeNamedPipe, func() string {
			select {
			case text := <-received:
				return text
			case <-time.After(10 * time.Second):
				return "nothing came"
			}
		}},
		{"device", os.DevNull, os.ModeDevice, nil},
	}
}

// TestOutputsReplaceNoDeviceFIFOOrLink writes each output of the command line to
// each of them: it must go through, and what stands there must stay.
func TestOutputsReplaceNoDeviceFIFOOrLink(t *testing.T) {
	dir := t.TempDir()
	run, baseline := filepath.Join(dir, "run"), filepath.Join(dir, "baseline.txt")
	if out, code := output(t, "verify", small, "--out", run); code != exitOK {
		t.Fatalf("status %d\n%s", code, out)
	}
	if out, code := output(t, "baseline", "write", run, "--file", baseline); code != exitOK {
		t.Fatalf("status %d\n%s", code, out)
	}
	for _, tt := range []struct {
		words string // the last is the flag
		want  string
	}{
		{"report RUN --out", small},
		{"report RUN --bibtex --out", "@misc"},
		{"baseline write RUN --file", small},
		{"regress RUN --baseline BASELINE --junit", "<testsuite"},
		{"regress RUN --baseline BASELINE --sarif", "2.1.0"},
		{"regress RUN --baseline BASELINE --code-quality", "[]"},
		{"regress RUN --baseline BASELINE --summary", "## Gate"},
		{"verify toys/product --out RUN --gate BASELINE --junit", "<testsuite"},
		{"emit slurm --output", "sbatch"},
		{"emit kubernetes --image i --output", "batch/v1"},
	} {
		words := strings.Fields(strings.NewReplacer("RUN", run, "BASELINE", baseline).Replace(tt.words))
		for _, to := range newTargets(t) {
			out, code := output(t, append(words, to.path)...)
			if code != exitOK {
				t.Errorf("%s to a %s: status %d\n%s", tt.words, to.name, code, out)
			}
			if to.read != nil {
				if got := to.read(); !strings.Contains(got, tt.want) {
					t.Errorf("%s to a %s: it holds %q, not %q", tt.words, to.name, got, tt.want)
				}
			}
			if info, err := os.Lstat(to.path); err != nil || info.Mode()&to.mode == 0 {
				t.Errorf("%s: the %s is gone: %v, %v", tt.words, to.name, info, err)
			}
		}
	}
}

// TestRunFoldersReplaceNothing: a run needs a folder, and what else stands there
// is told and stays.
func TestRunFoldersReplaceNothing(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(os.WriteFile(path("file"), []byte("mine"), 0o640), syscall.Mkfifo(path("fifo"), 0o600),
		os.Symlink("file", path("link")), os.Symlink("nowhere", path("dangling"))); err != nil {
		t.Skip(err)
	}
	for _, to := range []string{path("file"), path("fifo"), path("link"), path("dangling"), os.DevNull} {
		before, err := os.Lstat(to)
		if err != nil {
			t.Fatal(err)
		}
		out, code := output(t, "verify", small, "--out", to)
		after, err := os.Lstat(to)
		if code != exitFailed || !strings.Contains(out, to) || err != nil || after.Mode() != before.Mode() || !os.SameFile(before, after) {
			t.Errorf("--out %s: status %d, %v became %v, %v\n%s", to, code, before.Mode(), after, err, out)
		}
	}
	if b, err := os.ReadFile(path("file")); err != nil || string(b) != "mine" {
		t.Errorf("the file holds %q, %v", b, err)
	}
	// A link to a folder is a place for a run.
	if err := errors.Join(os.Mkdir(path("folder"), 0o777), os.Symlink("folder", path("door"))); err != nil {
		t.Fatal(err)
	}
	if out, code := output(t, "verify", small, "--out", path("door")); code != exitOK {
		t.Errorf("a run behind a link: status %d\n%s", code, out)
	}
	if to, err := os.Readlink(path("door")); err != nil || to != "folder" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}
