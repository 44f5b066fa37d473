package kernel_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel/conv"
	"convergo/checks/command/kernel"
	"convergo/nets/data/tabular"
)

// patterns is a reader of two kinds of noisy images of 6 x 6 pixels, stripes up and stripes across; the name of the file
// gives their number and the seed.
func patterns(_ context.Context, r kernel.Request) (*kernel.Samples, error) {
	var n int
	var seed uint64
	if _, err := fmt.Sscanf(r.Path, "%d-%d", &n, &seed); err != nil {
		return nil, fmt.Errorf("%s: no such file", r.Path)
	}
	draw := rand.New(rand.NewPCG(seed, 1))
	x, y := mat.NewDense(n, 36, nil), make([]float64, n)
	for i := range n {
		y[i] = float64(draw.IntN(2))
		phase := draw.IntN(2)
		for p := range 36 {
			stripe := p / 6
			if y[i] == 1 {
				stripe = p % 6
			}
			x.Set(i, p, float64((stripe+phase)%2)+0.5*draw.NormFloat64())
		}
	}
	return &kernel.Samples{X: x, Labels: &tabular.Labels{Values: y}}, nil
}

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := kernel.Command(kernel.Config{Read: patterns})
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&bytes.Buffer{})
	c.SilenceUsage = true
	err := c.ExecuteContext(context.Background())
	return out.String(), err
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCommand computes both matrices, checks a sample and learns the stripes.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	k := filepath.Join(dir, "k.npy")
	for _, arch := range []string{"cntk-gap", "cntk", "fc"} {
		args := []string{"--arch", arch, "--depth", "3", "--data", "40-1", "--test", "30-2", "--out", k, "--folder", filepath.Join(dir, arch), "--regress", "--ridge", "0,0.01"}
		if arch != "fc" {
			args = append(args, "--float32", "--check", "5", "--fix")
		}
		out, err := run(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"k.npy: 40 x 40", "k-test.npy: 40 x 30", "ridge 0.01: accuracy"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in:\n%s", arch, want, out)
			}
		}
		if arch == "fc" {
			continue
		}
		var accuracy float64
		_, line, _ := strings.Cut(out, "ridge 0.01: accuracy ")
		if _, err := fmt.Sscanf(line, "%g%%", &accuracy); err != nil || accuracy < 90 || !strings.Contains(out, "largest deviation of 5 entries") {
			t.Errorf("%s: accuracy %g (%v)\n%s", arch, accuracy, err, out)
		}
	}
}

// TestValues compares an entry of the file with the kernel of the package.
func TestValues(t *testing.T) {
	name := filepath.Join(t.TempDir(), "k.npy")
	if _, err := run(t, "--arch", "cntk-gap", "--depth", "4", "--data", "5-3", "--out", name, "--block", "1", "--branch", "0.5", "--kind", "nngp"); err != nil {
		t.Fatal(err)
	}
	samples, _ := patterns(context.Background(), kernel.Request{Path: "5-3"})
	x := samples.X
	k, err := conv.New(conv.Net{Depth: 3, Head: conv.GAP, Block: 1, Branch: 0.5}, conv.Shape{Channels: 1, Height: 6, Width: 6}, conv.Options{Kind: conv.NNGP})
	if err != nil {
		t.Fatal(err)
	}
	want, err := k.Pair(x.RawRowView(1), x.RawRowView(4))
	if err != nil {
		t.Fatal(err)
	}
	content := read(t, name)
	if got := value(content[len(content)-8*25+8*9:]); got != want {
		t.Errorf("K[1,4] is %v in the file, %v from the package", got, want)
	}
}

// TestShards merges two shards into the file of one run.
func TestShards(t *testing.T) {
	dir := t.TempDir()
	base := []string{"--arch", "cntk-gap", "--depth", "3", "--data", "9-1", "--test", "4-2", "--tile", "2"}
	with := func(args ...string) []string { return append(append([]string(nil), base...), args...) }
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, args := range [][]string{
		with("--out", path("one.npy")),
		with("--out", path("all.npy"), "--folder", path("a"), "--shard", "0/2"),
		with("--out", path("all.npy"), "--folder", path("b"), "--shard", "1/2"),
	} {
		if _, err := run(t, args...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path("all.npy")); err == nil {
		t.Error("a shard wrote the whole matrix")
	}
	untiled := base[:len(base)-2] // the merge takes the side of the shards
	if _, err := run(t, append(slices.Clone(untiled), "--out", path("all.npy"), "--merge", path("a")+","+path("b"))...); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{".npy", "-test.npy"} {
		if read(t, path("one"+suffix)) != read(t, path("all"+suffix)) {
			t.Errorf("%s: the merged matrix differs", suffix)
		}
	}
}

func TestWrongUse(t *testing.T) {
	out := filepath.Join(t.TempDir(), "k.npy")
	for want, args := range map[string][]string{
		"--arch":           {"--arch", "resnet", "--depth", "3", "--data", "3-1"},
		"--depth 1":        {"--depth", "1", "--data", "3-1"},
		"no such file":     {"--depth", "3", "--data", "missing"},
		"--shape":          {"--depth", "3", "--data", "3-1", "--shape", "1x5x5"},
		"--shard":          {"--depth", "3", "--data", "3-1", "--shard", "2/2"},
		"--kind":           {"--depth", "3", "--data", "3-1", "--kind", "gp"},
		"--padding":        {"--depth", "3", "--data", "3-1", "--padding", "mirror"},
		"--device gpu:0":   {"--depth", "3", "--data", "3-1", "--device", "gpu:0"},
		"needs --test":     {"--depth", "3", "--data", "3-1", "--regress"},
		"1x6x6x2":          {"--depth", "3", "--data", "3-1", "--shape", "1x6x6x2"},
		"-1x-6x6":          {"--depth", "3", "--data", "3-1", "--shape", "-1x-6x6"},
		`"0/2 "`:           {"--depth", "3", "--data", "3-1", "--shard", "0/2 "},
		"with --merge":     {"--depth", "3", "--data", "3-1", "--shard", "0/2", "--check", "1"},
		"--check -1":       {"--depth", "3", "--data", "3-1", "--check", "-1"},
		"--filter 0":       {"--depth", "3", "--data", "3-1", "--filter", "0"},
		"--branch 0":       {"--depth", "3", "--data", "3-1", "--block", "1", "--branch", "0"},
		"give --block":     {"--depth", "3", "--data", "3-1", "--branch", "0.5"},
		"nothing to train": {"--arch", "fc", "--depth", "2", "--data", "3-1", "--fix"},
		"filter side 4":    {"--depth", "3", "--data", "3-1", "--filter", "4"},
		"--float32":        {"--arch", "fc", "--depth", "3", "--data", "3-1", "--float32"},
		"required flag(s)": {"--depth", "3"},
	} {
		if _, err := run(t, append(args, "--out", out)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", args, err, want)
		}
	}
}

func value(b string) float64 { return math.Float64frombits(binary.LittleEndian.Uint64([]byte(b))) }

// TestShardsRefused: a share of another input, of other options or in other tiles is not merged, nor is a damaged one.
func TestShardsRefused(t *testing.T) {
	dir := t.TempDir()
	base := []string{"--arch", "cntk-gap", "--depth", "3", "--data", "7-1", "--tile", "2"}
	shard := func(name string, change ...string) string {
		path := filepath.Join(dir, name)
		args := append(append(slices.Clone(base), "--out", filepath.Join(dir, "x.npy"), "--folder", path, "--shard", "0/2"), change...)
		if _, err := run(t, args...); err != nil {
			t.Fatal(err)
		}
		return path
	}
	merge := func(path string) error {
		out := filepath.Join(t.TempDir(), "k.npy")
		_, err := run(t, append(slices.Clone(base), "--out", out, "--merge", path)...)
		if _, statErr := os.Stat(out); err != nil && statErr == nil {
			t.Errorf("%s: a matrix was written all the same", path)
		}
		return err
	}
	for name, change := range map[string][]string{
		"kind": {"--kind", "nngp"}, "data": {"--data", "7-2"}, "number": {"--data", "8-1"}, "depth": {"--depth", "4"}, "arch": {"--arch", "cntk"},
		"connected": {"--arch", "fc"}, "filter": {"--filter", "5"}, "padding": {"--padding", "circular"}, "fix": {"--fix"}, "single": {"--float32"},
		"block": {"--block", "1"}, "shape": {"--shape", "1x4x9"}, "tile": {"--tile", "3"},
	} {
		path := shard(name, change...)
		if err := merge(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "another matrix or other tiles") {
			t.Errorf("%s: %v", name, err)
		}
	}
	same := shard("same")
	if err := merge(same); err != nil {
		t.Errorf("a share of the matrix itself: %v", err)
	}
	tile := filepath.Join(same, "tile-000002")
	if err := os.Truncate(tile, 70); err != nil {
		t.Fatal(err)
	}
	if err := merge(same); err == nil || !strings.Contains(err.Error(), tile) {
		t.Errorf("a truncated tile: %v", err)
	}
}
