package outfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func say(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

var errHalfway = errors.New("halfway")

func stumble(w io.Writer) error { return errors.Join(say("half")(w), errHalfway) }

func expect(t *testing.T, name, want string) {
	t.Helper()
	if b, err := os.ReadFile(name); err != nil || string(b) != want {
		t.Errorf("%s holds %q, %v; want %q", name, b, err, want)
	}
}

func TestFilesAreReplacedButNothingElseIs(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	hello := func(w io.Writer) error { _, err := io.WriteString(w, "hello"); return err }
	if err := os.WriteFile(file, []byte("old and longer"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{link, file, os.DevNull} {
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := Write(path, hello); err != nil {
			t.Fatal(err)
		}
		after, err := os.Lstat(path)
		if err != nil || after.Mode() != before.Mode() {
			t.Errorf("%s: mode %v became %v, %v", path, before.Mode(), after.Mode(), err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "hello" {
		t.Errorf("the file holds %q, %v", b, err)
	}
	broken := errors.New("no more")
	if err := Write(file, func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "hello" {
		t.Errorf("a failed write left %q, %v", b, err)
	}
}

func TestAFailedWriteBehindALinkKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{link, target} {
		if err := Write(path, stumble); !errors.Is(err, errHalfway) {
			t.Errorf("a failed write gave %v", err)
		}
		expect(t, target, "old")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

// TestWriteTakesNoOtherFileForItsOwn lets a link stand where the new file would
// be made first.
func TestWriteTakesNoOtherFileForItsOwn(t *testing.T) {
	dir := t.TempDir()
	name, other := filepath.Join(dir, "out"), filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, trap := range []string{name + ".tmp", fmt.Sprintf("%s.%d.tmp", name, os.Getpid())} {
		if err := os.Symlink(other, trap); err != nil {
			t.Skip(err)
		}
	}
	if err := Write(name, say("new")); err != nil {
		t.Fatal(err)
	}
	expect(t, name, "new")
	expect(t, other, "mine")
}

func TestWriteNamesTheFile(t *testing.T) {
	err := Write(filepath.Join(t.TempDir(), "no", "folder"), say("x"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing folder gave %v", err)
	}
}

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "outfile")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "table.txt")
	fmt.Println(Write(name, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, "claim  verdict")
		return err
	}))
	b, err := os.ReadFile(name)
	fmt.Print(string(b), err)
	// Output:
	// <nil>
	// claim  verdict
	// <nil>
}
