package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A suite is the compiled tests of one package with its mutants.
type suite struct {
	binary, dir string
	args        []string
	tests       []test
}

// A test is one test, example or fuzz test with its seeds, and the functions that it calls.
type test struct {
	name    string
	took    time.Duration
	reaches map[int]bool // by the id of a function's first mutant
}

// compile builds the tests of every package and runs each once without a mutant. Those that then fail, since they count
// allocations say, are left out and named.
func compile(ctx context.Context, all []source, dir string, out io.Writer) (map[string]suite, error) {
	suites := map[string]suite{}
	for i, s := range all {
		binary := filepath.Join(dir, fmt.Sprintf("%d.test", i))
		if _, err := output(exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay(dir), "-o", binary, s.path)); err != nil {
			return nil, err
		}
		if _, err := os.Stat(binary); err != nil { // no test files
			suites[s.path] = suite{}
			continue
		}
		t := suite{binary: binary, dir: s.dir, args: []string{"-test.failfast"}}
		// A failing property would leave its draws in the package's folder.
		quiet := exec.CommandContext(ctx, binary, "-test.list=^$", "-rapid.nofailfile")
		quiet.Dir = s.dir
		if quiet.Run() == nil {
			t.args = append(t.args, "-rapid.nofailfile")
		}
		failed, err := t.trace(ctx, filepath.Join(dir, fmt.Sprintf("%d.reach", i)))
		if err != nil {
			return nil, fmt.Errorf("the tests of %s: %w", s.path, err)
		}
		for _, name := range failed {
			fmt.Fprintf(out, "left out: %s of %s fails without a mutant\n", name, s.path)
		}
		suites[s.path] = t
	}
	return suites, ctx.Err()
}

// trace runs every test by itself and notes which functions it calls. A mutant then needs the tests alone that call its function.
// It returns the tests that fail.
func (s *suite) trace(ctx context.Context, file string) (failed []string, err error) {
	list := exec.CommandContext(ctx, s.binary, "-test.list=^(Test|Example|Fuzz)")
	list.Dir = s.dir
	names, err := output(list)
	if err != nil {
		return nil, err
	}
	for _, name := range strings.Fields(string(names)) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		t := test{name: name, reaches: map[int]bool{}}
		began := time.Now()
		if s.fails(ctx, []test{t}, append(os.Environ(), "MUTATE=0", "MUTATE_FACTOR=1", "MUTATE_REACH="+file)) {
			failed = append(failed, name)
			continue
		}
		t.took = time.Since(began)
		text, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		for _, field := range strings.Fields(string(text)) {
			id, err := strconv.Atoi(field)
			if err != nil {
				return nil, err
			}
			t.reaches[id] = true
		}
		if err := os.RemoveAll(file); err != nil {
			return nil, err
		}
		s.tests = append(s.tests, t)
	}
	return failed, nil
}

// kills says whether the tests notice the mutant, those first that take no time, and what there is to say where they do not.
func (s suite) kills(ctx context.Context, m mutant, factor float64) (killed bool, why fate) {
	var fast, slow []test
	var took time.Duration
	for _, t := range s.tests {
		if !t.reaches[m.function] {
			continue
		}
		took += t.took
		if t.took < 200*time.Millisecond {
			fast = append(fast, t)
		} else {
			slow = append(slow, t)
		}
	}
	if len(fast)+len(slow) == 0 {
		return false, uncalled
	}
	ctx, cancel := context.WithTimeout(ctx, patience(took))
	defer cancel()
	changes := fmt.Sprintf("%s.%d.%v", s.binary, m.id, factor)
	defer os.Remove(changes)
	env := append(environment(m, factor), "MUTATE_CHANGES="+changes)
	if s.fails(ctx, fast, env) || s.fails(ctx, slow, env) {
		return true, ""
	}
	if _, err := os.Stat(changes); err != nil {
		return false, unchanged
	}
	return false, ""
}

// A fate is what the tests of a mutant's package say of it, where they say nothing against it.
type fate string

const (
	uncalled  fate = "no test of the package calls it"
	unchanged fate = "nothing to scale: zero, infinite, not a number or empty in all its tests"
)

// fails says whether one of the tests does, in one process.
func (s suite) fails(ctx context.Context, tests []test, environment []string) bool {
	if len(tests) == 0 {
		return false
	}
	names := make([]string, len(tests))
	for i, t := range tests {
		names[i] = regexp.QuoteMeta(t.name)
	}
	c := exec.CommandContext(ctx, s.binary, append([]string{"-test.run=^(" + strings.Join(names, "|") + ")$"}, s.args...)...)
	c.Dir, c.Env = s.dir, environment
	return c.Run() != nil
}

// shellKills says whether a command notices the mutant, when the go command builds with the overlay.
func shellKills(ctx context.Context, command, dir string, m mutant, factor float64) bool {
	c := exec.CommandContext(ctx, "sh", "-c", command)
	c.Env = append(environment(m, factor), "GOFLAGS=-overlay="+overlay(dir))
	return c.Run() != nil
}
