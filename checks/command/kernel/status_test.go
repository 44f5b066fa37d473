package kernel_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"convergo/checks/command"
	"convergo/checks/command/kernel"
)

// TestStatus: 2 for wrong use, 3 where the work could not be finished, 130 after Ctrl-C, as for all commands.
func TestStatus(t *testing.T) {
	dir := t.TempDir()
	out, folder := filepath.Join(dir, "k.npy"), filepath.Join(dir, "k.npy.tiles")
	suite := command.Suite{Name: "test", Commands: func(*command.Session) []*cobra.Command {
		return []*cobra.Command{kernel.Command(kernel.Config{Read: patterns})}
	}}
	status := func(ctx context.Context, args ...string) (int, string) {
		var text bytes.Buffer
		code := suite.Run(ctx, append([]string{"kernel", "--depth", "3", "--data", "6-1", "--out", out}, args...), &text, &text)
		return code, text.String()
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		want int
		word string
		args []string
	}{
		{stopped, 130, "canceled", nil},
		{context.Background(), 0, "6 x 6", nil},
		{context.Background(), 3, "another matrix", []string{"--kind", "nngp"}},
		{context.Background(), 2, "no folder", []string{"--out", filepath.Join(dir, "missing", "k.npy"), "--folder", filepath.Join(dir, "f")}},
		{context.Background(), 2, "name a file", []string{"--out", dir, "--folder", filepath.Join(dir, "f")}},
	} {
		if code, text := status(c.ctx, c.args...); code != c.want || !strings.Contains(text, c.word) {
			t.Errorf("%v: status %d, want %d and %q\n%s", c.args, code, c.want, c.word, text)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "f")); err == nil {
		t.Error("work began for a file that cannot be written")
	}
	// A disk that is full looks like a tile that cannot be put in place.
	if err := os.Remove(filepath.Join(folder, "tile-000000")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "tile-000000", "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	if code, text := status(context.Background()); code != 3 || !strings.Contains(text, "tile-000000") {
		t.Errorf("a tile that is a folder: status %d\n%s", code, text)
	}
}
