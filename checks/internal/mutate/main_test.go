package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A package of which the tests hold some results, and the survivors that follow.
const (
	code = `package toy

type Pair struct {
	A, b float64
	list []float64
}

func held() float64 { return 3 }

func loose(x float64) (_ float64, err error) { return x, nil }

func pair() *Pair { return &Pair{1, 2, []float64{4, 5}} }

func closure() func() (int, float64) { return func() (int, float64) { return 1, 7 } }

// left out.
//
//mutate:ignore on purpose
func skipped() float64 { return 1 }

func text() string { return "" }

func null() float64 { return 0 }

func idle() float64 { return 1 }
`
	tests = `package toy

import (
	"os"
	"testing"
)

func TestToy(t *testing.T) {
	loose(1 + null())
	p := pair()
	if _, v := closure()(); held() != 3 || v > 10 || p.b != 2 || p.list[1] != 5 {
		t.Fatal("changed")
	}
}

func TestOfAllocations(t *testing.T) {
	if text(); os.Getenv("MUTATE") == "0" {
		t.Fatal("instrumented")
	}
}
`
)

func TestSurvivors(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a package")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{"go.mod": "module toy\n\ngo 1.26\n", "toy.go": code, "toy_test.go": tests} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := command(context.Background(), []string{"-factors", "2,0.5", "-j", "1", "."}, &out); err != nil {
		t.Fatal(err)
	}
	want := `left out: TestOfAllocations of toy fails without a mutant
8 results in 1 packages
toy.go:10 loose x2
toy.go:10 loose x0.5
toy.go:12 pair[0.A] x2
toy.go:12 pair[0.A] x0.5
toy.go:14 closure.func1[1] x0.5
toy.go:23 null x2: nothing to scale: zero, infinite, not a number or empty in all its tests
toy.go:23 null x0.5: nothing to scale: zero, infinite, not a number or empty in all its tests
toy.go:25 idle x2: no test of the package calls it
toy.go:25 idle x0.5: no test of the package calls it
ignored: toy.go:19 skipped: on purpose
x2: 4 of 8 survive (50.0 %), 1 with a known reason
x0.5: 5 of 8 survive (62.5 %), 1 with a known reason
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestThen(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a package")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{"go.mod": "module toy\n\ngo 1.26\n", "toy.go": code} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	o := options{factors: []float64{2, 3}, match: regexp.MustCompile("held"), known: survivors{{"toy", "held", "3"}: "odd"}, then: "test $MUTATE_FACTOR != 2", jobs: 1}
	if err := mutate(context.Background(), o, []string{"."}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "x2: 0 of 1 survive") {
		t.Errorf("a command that fails has not killed:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "held x3: odd\n") || !strings.Contains(out.String(), "x3: 1 of 1 survive (100.0 %), 1 with a known reason") {
		t.Errorf("a known survivor without its reason:\n%s", out.String())
	}
}

func TestReadSurvivors(t *testing.T) {
	if _, err := readSurvivors(survivorsText); err != nil {
		t.Error("survivors.txt:", err)
	}
	known, err := readSurvivors("# a comment\n\na/b F[0.X Y] x2 x1.2: scaled later: by one\na/b G: a direction\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		factor float64
		want   string
	}{
		{"F[0.X Y]", 2, "scaled later: by one"}, {"F[0.X Y]", 1.2, "scaled later: by one"}, {"F[0.X Y]", 0.5, ""},
		{"G", 0.5, "a direction"}, {"H", 2, ""},
	} {
		if got := known.reason(mutant{pkg: "a/b", name: tt.name}, tt.factor); got != tt.want {
			t.Errorf("%s x%v: %q, want %q", tt.name, tt.factor, got, tt.want)
		}
	}
	for _, text := range []string{"a/b F", "a/b: reason", "a/b F x2:", "a/b F xtwo: reason", "a/b F: once\na/b F: twice"} {
		if _, err := readSurvivors(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestEdits(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a package")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"go.mod": "module toy\n\ngo 1.26\n", "toy.go": code, "toy_test.go": tests,
		"edits.txt": "# by hand\n@ toy.go: held is lost\n- return 3\n+ return 4\n\n@ toy.go: text is lost\n- return \"\"\n+ return \"a\"\n",
		"twice.txt": "@ toy.go: where\n- return 1\n+ return 2\n", "wrong.txt": "@ toy.go: no code\n- return 3\n+ return x\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := command(context.Background(), []string{"-edits", "edits.txt"}, &out); err != nil {
		t.Fatal(err)
	}
	if want := "toy.go: text is lost\n1 of 2 edits survive\n"; out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	for file, want := range map[string]string{"twice.txt": "is there 3 times", "wrong.txt": "undefined: x"} {
		if err := command(context.Background(), []string{"-edits", file}, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", file, err, want)
		}
	}
	for _, text := range []string{"- a\n", "@ f: n\n+ b\n", "@ f: n\n- a\n", "@ f: n\n@ g: m\n"} {
		if _, err := readEdits(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestModule(t *testing.T) {
	for path, want := range map[string]string{"convergo/bounds/eig": "convergo", "gonum.org/v1/gonum/mat": "gonum.org/v1/gonum", "math": "math"} {
		if got := module(path); got != want {
			t.Errorf("module(%q) = %q, want %q", path, got, want)
		}
	}
}
