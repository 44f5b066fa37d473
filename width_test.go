package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"convergo/bounds"
)

func TestWidthTablesNameRealRequirements(t *testing.T) {
	known := map[string]bool{}
	for _, r := range bounds.Requirements() {
		known[r.Name] = true
	}
	for _, name := range []string{derivedRequirement, literalRequirement} {
		if !known[name] {
			t.Errorf("no requirement is named %q", name)
		}
	}
}

// TestWidthStudyEndToEnd runs a small study as a user would, resumes it, and
// reads its tables.
func TestWidthStudyEndToEnd(t *testing.T) {
	dir := t.TempDir()
	args := []string{"width", "--sizes", "2,4", "--images", "0", "--seps", "1,0.5", "--seeds", "2", "--trials", "40", "--out", dir, "--format", "csv"}
	first, code := output(t, args...)
	if code != exitOK {
		t.Fatalf("exit status %d:\n%s", code, first)
	}
	for _, want := range []string{"measured, all instances", "derived/descent", "du2019/descent", "sphere"} {
		if !strings.Contains(first, want) {
			t.Errorf("the study lacks %q:\n%s", want, first)
		}
	}
	if again, code := output(t, args...); code != exitOK || again != first {
		t.Errorf("a finished study prints something else when run again (status %d):\n%s", code, again)
	}
}

// output runs the command and returns what it prints on standard output.
func output(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := rootCommand()
	var out, errs bytes.Buffer
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	err := cmd.ExecuteContext(t.Context())
	var s status
	switch {
	case err == nil:
		return out.String(), exitOK
	case errors.As(err, &s):
		return out.String() + s.Error(), s.code
	}
	return out.String() + err.Error(), exitUsage
}
