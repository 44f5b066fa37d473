package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convergo/checks"

	"github.com/spf13/cobra"
)

// small is a claim that runs in a moment and has several instances.
const small = "basics/gershgorin"

func TestWrongUseIsToldAndEndsWithTwo(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"show", "basics/gershgorim"}, "did you mean basics/gershgorin"},
		{[]string{"verify", "nosuch/*"}, "no claim matches"},
		{[]string{"verify", small, "--profile", "fast"}, "quick, standard"},
		{[]string{"verify", small, "--profile", "test"}, "go test"},
		{[]string{"verify", small, "--alpha", "2"}, "between 0 and 1"},
		{[]string{"verify", small, "--shard", "2/2"}, "i/k"},
		{[]string{"verify", small, "--data", "none.csv"}, "none.csv"},
		{[]string{"list", "--form", "ever"}, "forms are"},
		{[]string{"report", "none"}, "none"},
		{[]string{"report", ".", "--format", "word"}, "word"},
		{[]string{"replay", "{}"}, "not a witness"},
		{[]string{"width", "--delta", "1"}, "delta"},
		{[]string{"merge", "x"}, "--out"},
		{[]string{"nosuch"}, "unknown command"},
	} {
		out, code := output(t, tt.args...)
		if code != exitUsage || !strings.Contains(out, tt.want) {
			t.Errorf("convergo %s: status %d, %q; want status %d and %q", strings.Join(tt.args, " "), code, out, exitUsage, tt.want)
		}
	}
}

func TestDataMustFitTheClaims(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(file, []byte("1,0\n0,1\n1,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := output(t, "verify", "basics/quadratic-contraction", "--data", file); code != exitUsage || !strings.Contains(out, "data of your own") {
		t.Errorf("status %d, %q", code, out)
	}
}

func TestListingsAsJSON(t *testing.T) {
	out, code := output(t, "list", "du2019", "--json")
	var infos []checks.Info
	if err := json.Unmarshal([]byte(out), &infos); err != nil || code != exitOK || len(infos) < 10 {
		t.Fatalf("status %d, %d claims, %v", code, len(infos), err)
	}
	for _, i := range infos {
		if i.Source != "du2019" || i.Form == "" || i.Basis == "" || i.Statement == "" || i.Line == 0 || len(i.Controls) == 0 {
			t.Errorf("incomplete: %+v", i)
		}
	}
}

func TestShowPrintsTheWholeClaim(t *testing.T) {
	out, code := output(t, "show", "du2019/gram-chernoff")
	for _, want := range []string{"Hypotheses:", "Conclusion:", "Constants:", "Control:", "@inproceedings{du2019", "theorems/du2019"} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("status %d, no %q in\n%s", code, want, out)
		}
	}
}

// TestVerifyReportReplay goes the way of a user: a run, the same run again,
// its tables, the baseline and the gate, and a witness.
func TestVerifyReportReplay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	out, code := output(t, "verify", small, "--out", dir)
	for _, want := range []string{small, "HOLDS", "where stated", "median", "controls", dir, "convergo report"} {
		if want == "controls" {
			want = "1/1"
		}
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("status %d, no %q in\n%s", code, want, out)
		}
	}
	if again, code := output(t, "verify", small, "--out", dir); code != exitOK || !strings.Contains(again, "HOLDS") {
		t.Errorf("the finished run again: status %d\n%s", code, again)
	}
	if out, code := output(t, "verify", small, "--out", dir, "--seed", "2"); code != exitFailed || !strings.Contains(out, "another run") {
		t.Errorf("another seed into the same folder: status %d\n%s", code, out)
	}
	for _, format := range []string{"terminal", "markdown", "csv", "json", "html", "latex"} {
		for _, table := range []string{"overview", "claim"} {
			if out, code := output(t, "report", dir, "--format", format, "--table", table, "--claim", small); code != exitOK || !strings.Contains(out, "1.00") {
				t.Errorf("%s as %s: status %d\n%s", table, format, code, out)
			}
		}
	}
	baseline := filepath.Join(t.TempDir(), "baseline.txt")
	if out, code := output(t, "baseline", "write", dir, "--file", baseline); code != exitOK {
		t.Errorf("baseline: status %d\n%s", code, out)
	}
	if out, code := output(t, "regress", dir, "--baseline", baseline); code != exitOK || !strings.Contains(out, "1 same") {
		t.Errorf("regress: status %d\n%s", code, out)
	}
	replayControl(t, dir)
}

// replayControl replays a control of the run, which violates its claim by
// design, as its witness.
func replayControl(t *testing.T, dir string) {
	t.Helper()
	rec, err := checks.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for key, u := range rec.Units {
		if key.Control == "" {
			continue
		}
		w := &checks.Witness{Claim: key.Claim, Control: key.Control, Params: u.Params, Seed: rec.Manifest.Seed, Version: checks.Version}
		out, code := output(t, "replay", w.String())
		if code != exitRefuted || !strings.Contains(out, "The violation is reproduced") {
			t.Errorf("%v: status %d\n%s", key, code, out)
		}
		return
	}
	t.Error("the run has no control")
}

// TestEveryCommandHasAnExample holds the help to its promise.
func TestEveryCommandHasAnExample(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Runnable() && c.Name() != "help" && c.Parent() != nil && c.Parent().Name() != "completion" && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(rootCommand())
}
