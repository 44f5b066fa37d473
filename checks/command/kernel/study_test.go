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

// TestStudyFile takes the images of a file: those of stripes, which the kernels tell apart.
func TestStudyFile(t *testing.T) {
	dir := t.TempDir()
	out, err := run(t, "study", "--data", "150-1", "--sizes", "60", "--depths", "3", "--test", "80", "--side", "6", "--out", dir, "--format", "csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[1], "150-1,3,60,") {
		t.Fatalf("not a row of the file:\n%s", out)
	}
	header, row := strings.Split(lines[0], ","), strings.Split(lines[1], ",")
	for k, h := range header {
		if h == "cntk" || h == "cntk-gap" {
			if v, err := strconv.ParseFloat(row[k], 64); err != nil || v < 80 {
				t.Errorf("%s: accuracy %v on stripes (%v)", h, v, err)
			}
		}
	}
	for want, args := range map[string][]string{
		"one of them":   {"--data", "150-1", "--images", "mnist"},
		"has 40 images": {"--data", "40-1"},
		"--side 4":      {"--data", "600-1", "--side", "4"},
		"for --data":    {"--shape", "1x6x6"},
		"no such file":  {"--data", "missing"},
	} {
		if _, err := run(t, append([]string{"study", "--out", dir}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", args, err, want)
		}
	}
}
