package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A suite is the compiled tests of one package with its mutants.
type suite struct {
	binary, dir string
	args        []string
	limit       time.Duration
}

// compile builds the tests of every package and runs them once without a mutant.
func compile(ctx context.Context, all []source, dir string) (map[string]suite, error) {
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
		began := time.Now()
		if t.fails(ctx, mutant{}, 1) {
			return nil, fmt.Errorf("the tests of %s fail without a mutant", s.path)
		}
		t.limit = patience(time.Since(began))
		suites[s.path] = t
	}
	return suites, ctx.Err()
}

// kills says whether the tests notice the mutant.
func (s suite) kills(ctx context.Context, m mutant, factor float64) bool {
	if s.binary == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	return s.fails(ctx, m, factor)
}

func (s suite) fails(ctx context.Context, m mutant, factor float64) bool {
	c := exec.CommandContext(ctx, s.binary, s.args...)
	c.Dir, c.Env = s.dir, environment(m, factor)
	return c.Run() != nil
}

// shellKills says whether a command notices the mutant, when the go command builds with the overlay.
func shellKills(ctx context.Context, command, dir string, m mutant, factor float64) bool {
	c := exec.CommandContext(ctx, "sh", "-c", command)
	c.Env = append(environment(m, factor), "GOFLAGS=-overlay="+overlay(dir))
	return c.Run() != nil
}
