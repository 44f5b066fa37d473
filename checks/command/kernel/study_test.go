package kernel_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"convergo/checks/command/kernel"
)

// TestStudy learns digits better than chance, says the same again from its folder, and computes what is missing there.
func TestStudy(t *testing.T) {
	dir := t.TempDir()
	study := func(args ...string) (string, error) {
		var out bytes.Buffer
		c := kernel.Command(kernel.Config{})
		c.SetArgs(append([]string{"study", "--images", "mnist", "--sizes", "20,60", "--depths", "3", "--test", "100", "--out", dir, "--format", "csv"}, args...))
		c.SetOut(&out)
		c.SetErr(&bytes.Buffer{})
		c.SilenceUsage = true
		err := c.ExecuteContext(context.Background())
		return out.String(), err
	}
	first, err := study("--figures", filepath.Join(dir, "figures"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(first), "\n")
	if len(lines) != 3 {
		t.Fatalf("not two rows:\n%s", first)
	}
	header := strings.Split(lines[0], ",")
	for _, arch := range []string{"fc", "cntk", "cntk-gap"} {
		at := -1
		for k, h := range header {
			if h == arch {
				at = k
			}
		}
		if at < 0 {
			t.Fatalf("no column %s in %s", arch, lines[0])
		}
		v, err := strconv.ParseFloat(strings.Split(lines[2], ",")[at], 64)
		if err != nil || v < 30 || v > 100 {
			t.Errorf("%s: accuracy %v from 60 digits (%v)", arch, v, err)
		}
	}
	for _, name := range []string{"mnist-depth3", "mnist-n20", "mnist-n60"} {
		for _, ending := range []string{".svg", ".tex"} {
			if text := read(t, filepath.Join(dir, "figures", name+ending)); !strings.Contains(text, "cntk-gap") {
				t.Errorf("%s%s does not name its lines", name, ending)
			}
		}
	}
	if err := os.Remove(filepath.Join(dir, "mnist-cntk-gap-depth3-side7-n60-test100", "tile-000000")); err != nil {
		t.Fatal(err)
	}
	if again, err := study(); err != nil || again != first {
		t.Errorf("another table from the folder (%v):\n%s%s", err, first, again)
	}
	for _, args := range [][]string{{"--side", "9"}, {"--sizes", "950"}, {"--sizes", "1"}, {"--images", "cats"}, {"--format", "gif"}, {"--depths", "1"}, {"--test", "0"}} {
		if _, err := study(args...); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
