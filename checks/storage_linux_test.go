package checks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Full disks and read-only ones are real here: each test runs itself again as a
// child with a limit on the size of files, or with a small file system of its own.
const diskChild = "CONVERGO_DISK_CHILD"

// inChild runs the named test as a child in the folder given and returns what
// it printed.
func inChild(t *testing.T, attr *syscall.SysProcAttr, dir string) ([]byte, error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), diskChild+"="+dir)
	cmd.SysProcAttr = attr
	return cmd.CombinedOutput()
}

func smallOptions(dir string) Options {
	return Options{Seed: 3, Alpha: 0.01, Profile: testProfile(500), Dir: dir, Workers: 2}
}

// fileLimit lets the manifest through, and about half of the records.
const fileLimit = 5000

// TestFileSizeLimit runs into EFBIG in the middle of the records.
func TestFileSizeLimit(t *testing.T) {
	if dir := os.Getenv(diskChild); dir != "" {
		limit := syscall.Rlimit{Cur: fileLimit, Max: fileLimit}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
		_, err := Run(context.Background(), mixedSources(), smallOptions(dir))
		if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), "finished records are safe") {
			t.Errorf("%v, want EFBIG and a word on the records", err)
		}
		return
	}
	undisturbed := t.TempDir()
	mustRun(t, mixedSources(), smallOptions(undisturbed))
	dir := filepath.Join(t.TempDir(), "run")
	if out, err := inChild(t, nil, dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b := mustRead(t, filepath.Join(dir, recordsFile))
	if len(b) == 0 || len(b) > fileLimit || b[len(b)-1] != '\n' {
		t.Errorf("%d bytes of records are left, ending in %q", len(b), b[max(0, len(b)-10):])
	}
	if notes := notesOf(t, smallOptions(dir)); notes != "" {
		t.Errorf("told %q: the failed line was to be cut off at once", notes)
	}
	if readFolder(t, dir) != readFolder(t, undisturbed) {
		t.Error("the resumed run differs from an undisturbed one")
	}
}

// TestFullDisk runs on a file system of one page, resumes when another page is
// added, and so on: the disk is full at the manifest, in parts of the records,
// while they are sorted, and at the mark of the end. Then it is made read-only.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(diskChild); dir != "" {
		fillDisk(t, dir)
		return
	}
	attr := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		attr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
	}
	out, err := inChild(t, attr, t.TempDir())
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		t.Skipf("this system grants no file system of one's own: %v", err)
	case bytes.Contains(out, []byte("--- SKIP")):
		t.Skipf("this system grants no file system of one's own: %s", out)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func fillDisk(t *testing.T, disk string) {
	undisturbed := t.TempDir()
	mustRun(t, mixedSources(), smallOptions(undisturbed))
	want := readFolder(t, undisturbed)
	mount := func(flags uintptr, options string) {
		t.Helper()
		if err := syscall.Mount("tmpfs", disk, "tmpfs", flags, options); errors.Is(err, syscall.EPERM) && flags == 0 {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	const page = 4096
	mount(0, fmt.Sprintf("size=%d", page))
	o := smallOptions(filepath.Join(disk, "run"))
	filler := filepath.Join(disk, "filler")
	mustWrite(t, filler, make([]byte, page))
	_, err := Run(context.Background(), mixedSources(), o)
	if !errors.Is(err, syscall.ENOSPC) || stage(err) != "manifest" || !strings.Contains(err.Error(), "a folder with space") {
		t.Errorf("no space for the manifest: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	failures := map[string]int{}
	size := 1
	for ; ; size++ {
		before := recordsIn(t, o.Dir)
		_, err := Run(context.Background(), mixedSources(), o)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("at %d pages: %v, want ENOSPC", size, err)
		}
		failures[stage(err)]++
		after := recordsIn(t, o.Dir)
		if !strings.Contains(err.Error(), o.Dir) || !holdsLines(after, before) || len(after) > 0 && after[len(after)-1] != '\n' {
			t.Fatalf("at %d pages: %v; %d bytes of records became %d", size, err, len(before), len(after))
		}
		mount(syscall.MS_REMOUNT, fmt.Sprintf("size=%d", (size+1)*page))
	}
	if got := readFolder(t, o.Dir); got != want {
		t.Error("the run on a disk that filled up differs from an undisturbed one")
	}
	fmt.Printf("the disk was full %v times, the run ended with %d pages for %d bytes\n", failures, size, len(want))
	for _, s := range []string{"append", "sort"} {
		if failures[s] == 0 {
			t.Errorf("the disk was never full at: %s", s)
		}
	}
	mount(syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	if rec, err := Open(o.Dir); err != nil || !rec.Finished {
		t.Errorf("reading from a read-only disk: %v", err)
	}
	for _, dir := range []string{o.Dir, filepath.Join(disk, "new")} {
		o.Dir = dir
		_, err := Run(context.Background(), mixedSources(), o)
		if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "can be written") {
			t.Errorf("%s: %v, want EROFS, the folder and a remedy", dir, err)
		}
	}
	if _, err := Merge(filepath.Join(disk, "merged"), []string{undisturbed}); !errors.Is(err, syscall.EROFS) {
		t.Errorf("merging to a read-only disk: %v", err)
	}
}

// holdsLines reports whether no line was lost, in whatever order they are now.
func holdsLines(b, lines []byte) bool {
	for l := range bytes.Lines(lines) {
		if !bytes.Contains(b, l) {
			return false
		}
	}
	return true
}

func recordsIn(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, recordsFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return b
}

// stage says where a run ran out of space.
func stage(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "writing") && strings.Contains(text, manifestFile):
		return "manifest"
	case strings.Contains(text, "writing") && strings.Contains(text, recordsFile):
		return "sort"
	case strings.Contains(text, "writing") && strings.Contains(text, doneFile):
		return "done"
	}
	return "append"
}
