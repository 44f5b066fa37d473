package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// An edit is a mutant made by hand: one text of a file in place of another.
type edit struct {
	file, name, before, after string
}

func (e edit) String() string { return e.file + ": " + e.name }

// readEdits reads groups of three lines, "@ file: what is wrong then", "- text" and "+ text that takes its place".
func readEdits(text string) ([]edit, error) {
	var all []edit
	var e edit
	for i, line := range strings.Split(text, "\n") {
		mark, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || mark == "#":
		case mark == "@" && e == edit{}:
			e.file, e.name, _ = strings.Cut(rest, ": ")
		case mark == "-" && e.name != "" && e.before == "":
			e.before = rest
		case mark == "+" && e.before != "":
			e.after = rest
			all = append(all, e)
			e = edit{}
		default:
			return nil, fmt.Errorf("line %d: %q is out of its place; an edit is a line of \"@ file: name\", one of \"- text\" and one of \"+ text\"", i+1, line)
		}
	}
	if e != (edit{}) {
		return nil, fmt.Errorf("the last edit, %s, is not complete", e)
	}
	return all, nil
}

// mutateByHand runs the tests of each edited file's package and prints the edits that they do not notice.
func mutateByHand(ctx context.Context, o options, name string, out io.Writer) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	edits, err := readEdits(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tested, survived := 0, 0
	var wrong error // edits that cannot be made, or do not compile
	for _, e := range edits {
		if ctx.Err() != nil || !o.match.MatchString(e.String()) {
			continue
		}
		killed, err := e.kills(ctx, dir, o.run)
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("%s: %w", e, err))
			continue
		}
		if tested++; !killed {
			survived++
			fmt.Fprintln(out, e)
		}
	}
	fmt.Fprintf(out, "%d of %d edits survive\n", survived, tested)
	return errors.Join(ctx.Err(), wrong)
}

// kills says whether the tests of the edited package fail. An edit that does not compile is an error.
func (e edit) kills(ctx context.Context, dir, run string) (bool, error) {
	text, err := os.ReadFile(e.file)
	if err != nil {
		return false, err
	}
	if n := strings.Count(string(text), e.before); n != 1 {
		return false, fmt.Errorf("%q is there %d times, and should be once", e.before, n)
	}
	file := filepath.Join(dir, "edited.go")
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), e.before, e.after, 1)), 0o600); err != nil {
		return false, err
	}
	original, err := filepath.Abs(e.file)
	if err != nil {
		return false, err
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: file}})
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(overlay(dir), replace, 0o600); err != nil {
		return false, err
	}
	binary := filepath.Join(dir, "edited.test")
	if _, err := output(exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay(dir), "-o", binary, "./"+filepath.Dir(e.file))); err != nil {
		return false, err
	}
	c := exec.CommandContext(ctx, binary, "-test.failfast", "-test.timeout=3m", "-test.run="+run)
	c.Dir = filepath.Dir(e.file)
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		return false, err
	}
	return !c.ProcessState.Success(), nil
}
