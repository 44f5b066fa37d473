package kernel_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
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
		c.SetArgs(append([]string{"study", "--images", "mnist", "--sizes", "20,60", "--depths", "3", "--test", "100", "--out", dir, "--widths", "8,16", "--format", "csv"}, args...))
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
	if len(lines) != 7 { // two sizes, three kernels
		t.Fatalf("not six rows:\n%s", first)
	}
	for _, column := range []string{"exact", "m8", "m16"} {
		for k, v := range numbers(t, lines, column)[3:] { // from 60 digits
			if least := map[string]float64{"exact": 30, "m8": 20, "m16": 25}[column]; v < least || v > 100 {
				t.Errorf("%s, row %d: accuracy %v", column, k, v)
			}
		}
	}
	for _, name := range []string{"mnist-depth3", "mnist-depth3-n60-widths"} {
		for _, ending := range []string{".svg", ".tex"} {
			if text := read(t, filepath.Join(dir, "figures", name+ending)); !strings.Contains(text, "cntk-gap") {
				t.Errorf("%s%s does not name its lines", name, ending)
			}
		}
	}
	record := read(t, filepath.Join(dir, "study.json"))
	for _, folder := range []string{"mnist-cntk-gap-depth3-side7-n60-test100", "mnist-cntk-gap-depth3-side7-n60-test100-m8-draws1-seed1-test"} {
		if err := os.Remove(filepath.Join(dir, folder, "tile-000000")); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := study("--workers", "3"); err != nil || read(t, filepath.Join(dir, "study.json")) != record {
		t.Errorf("three workers record something else (%v):\n%s", err, again)
	}
	if again, err := study(); err != nil || again != first {
		t.Errorf("another table from the folder (%v):\n%s%s", err, first, again)
	}
	for _, args := range [][]string{{"--side", "9"}, {"--sizes", "950"}, {"--sizes", "1"}, {"--images", "cats"}, {"--format", "gif"}, {"--depths", "1"}, {"--test", "0"}, {"--widths", "-1"}, {"--draws", "0"}, {"--sizes", "20,20"}, {"--ridge", "-1"}} {
		if _, err := study(args...); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

// numbers are the numbers of a column of CSV.
func numbers(t *testing.T, lines []string, key string) (values []float64) {
	t.Helper()
	at := slices.Index(strings.Split(lines[0], ","), key)
	if at < 0 {
		t.Fatalf("no column %s in %s", key, lines[0])
	}
	for _, line := range lines[1:] {
		v, err := strconv.ParseFloat(strings.Split(line, ",")[at], 64)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}

// TestStudyFile takes the images of a file: those of stripes, which the kernels tell apart.
func TestStudyFile(t *testing.T) {
	dir := t.TempDir()
	out, err := run(t, "study", "--data", "150-1", "--sizes", "60", "--depths", "3", "--test", "80", "--side", "6", "--widths", "0", "--out", dir, "--format", "csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[1], "150-1,3,60,fc,") {
		t.Fatalf("not three rows of the file:\n%s", out)
	}
	for k, v := range numbers(t, lines, "exact")[1:] { // of cntk and cntk-gap
		if v < 80 {
			t.Errorf("row %d: accuracy %v on stripes", k, v)
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
