package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/checks/command/internal/toys"

	"github.com/spf13/cobra"
)

// small is a claim that runs in a moment and has several instances.
const small = "toys/product"

func TestWrongUseIsToldAndEndsWithTwo(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"show", "toys/produkt"}, "did you mean toys/product"},
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
		{[]string{"merge", "x"}, "--out"},
		{[]string{"nosuch"}, "unknown command"},
		{[]string{"baseline", "wrte", "x"}, "did you mean write"},
		{[]string{"emit", "sge"}, "unknown command"},
		{[]string{"verify", "toy"}, "did you mean toys"},
	} {
		out, code := output(t, tt.args...)
		if code != exitUsage || !strings.Contains(out, tt.want) {
			t.Errorf("convergo %s: status %d, %q; want status %d and %q", strings.Join(tt.args, " "), code, out, exitUsage, tt.want)
		}
	}
}

func TestNilClaimIsToldByEveryCommand(t *testing.T) {
	suite := Suite{Name: "mine", Sources: func() ([]checks.Source, error) {
		return []checks.Source{{Key: "mine", Claims: []checks.Checkable{nil}}}, nil
	}}
	for _, args := range [][]string{{"list"}, {"show", "mine/x"}, {"verify"}} {
		var out bytes.Buffer
		if code := suite.Run(t.Context(), args, &out, &out); code == exitOK || !strings.Contains(out.String(), "claim 1 of the source mine is nil") {
			t.Errorf("%s: status %d, %s", args, code, out.String())
		}
	}
}

func TestDataMustFitTheClaims(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(file, []byte("1,0\n0,1\n1,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := output(t, "verify", small, "--data", file); code != exitUsage || !strings.Contains(out, "data of your own") {
		t.Errorf("status %d, %q", code, out)
	}
}

func TestListingsAsJSON(t *testing.T) {
	out, code := output(t, "list", "toys", "--json")
	var infos []checks.Info
	if err := json.Unmarshal([]byte(out), &infos); err != nil || code != exitOK || len(infos) != 2 {
		t.Fatalf("status %d, %d claims, %v", code, len(infos), err)
	}
	for _, i := range infos {
		if i.Source != "toys" || i.Form == "" || i.Basis == "" || i.Statement == "" || i.Line == 0 || len(i.Controls) == 0 {
			t.Errorf("incomplete: %+v", i)
		}
	}
}

func TestShowPrintsTheWholeClaim(t *testing.T) {
	out, code := output(t, "show", "toys/coins")
	for _, want := range []string{"Hypotheses:", "Conclusion:", "Constants:", "Control:", "@misc{toys", "internal/toys/toys.go"} {
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
	for _, want := range []string{small, "HOLDS", "inside", "detects", "slack", "verdict", "source", dir, "convergo report"} {
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
			if out, code := output(t, "report", dir, "--format", format, "--table", table, "--claim", small); code != exitOK || !strings.Contains(out, "0.5") && !strings.Contains(out, small) {
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
	for format, want := range map[string]string{"--junit": "<testsuite", "--sarif": "sarif"} {
		if out, code := output(t, "regress", dir, "--baseline", baseline, format, "-"); code != exitOK || !strings.Contains(out, want) {
			t.Errorf("regress %s -: status %d\n%s", format, code, out)
		}
	}
	linked := t.TempDir()
	old, index := filepath.Join(linked, "old.html"), filepath.Join(linked, "index.html")
	if err := errors.Join(os.WriteFile(old, nil, 0o666), os.Symlink(old, index)); err != nil {
		t.Skip(err)
	}
	if out, code := output(t, "report", dir, "--html", linked); code != exitOK {
		t.Errorf("report --html: status %d\n%s", code, out)
	}
	if to, err := os.Readlink(index); err != nil || to != old {
		t.Errorf("the page replaced the link: %q, %v", to, err)
	}
	replayControl(t, dir)
}

// TestVerifyHoldsTheGate runs claims and holds them against a baseline at once.
func TestVerifyHoldsTheGate(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if _, code := output(t, "verify", "toys", "--out", path("all")); code != exitOK {
		t.Fatalf("status %d", code)
	}
	if out, code := output(t, "baseline", "write", path("all"), "--file", path("baseline.txt")); code != exitOK {
		t.Fatalf("status %d: %s", code, out)
	}
	reports := []string{"--junit", path("gate.xml"), "--sarif", path("gate.sarif"), "--code-quality", path("quality.json"), "--summary", path("summary.md"), "--annotations", "github"}
	gated := func(run string, args ...string) (string, int) {
		return output(t, append(append([]string{"verify", "--gate", path("baseline.txt"), "--out", path(run)}, reports...), args...)...)
	}
	if out, code := gated("one", small); code != exitOK || !strings.Contains(out, "1 same, 0 regressed, 0 removed") {
		t.Errorf("one claim of the baseline: status %d\n%s", code, out)
	}
	b, err := os.ReadFile(path("baseline.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path("baseline.txt"), append(b, "toys/zero v1 HOLDS 1/1 1/1 1 1 [1,1] [NaN,NaN] -\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := gated("two", "toys")
	if code != exitRefuted || !strings.Contains(out, "::error file="+path("baseline.txt")) {
		t.Errorf("a claim is gone: status %d\n%s", code, out)
	}
	for _, name := range []string{"gate.xml", "gate.sarif", "quality.json", "summary.md"} {
		if b, err := os.ReadFile(path(name)); err != nil || !strings.Contains(string(b), "toys/zero") && !strings.Contains(string(b), `name="zero"`) {
			t.Errorf("%s: %v\n%s", name, err, b)
		}
	}
	for _, args := range [][]string{{"--junit", "x"}, {"--gate", "none.txt"}, {"--gate", path("baseline.txt"), "--json"}, {"--gate", path("baseline.txt"), "--annotations", "jenkins"}} {
		if out, code := output(t, append([]string{"verify", "toys"}, args...)...); code == exitOK {
			t.Errorf("%v: status 0\n%s", args, out)
		}
	}
}

// TestGitLabFindsItsReport: GitLab shows what is in a file, beside the code, and
// nothing of what a job prints.
func TestGitLabFindsItsReport(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if _, code := output(t, "verify", small, "--out", "run"); code != exitOK {
		t.Fatalf("status %d", code)
	}
	if out, code := output(t, "baseline", "write", "run", "--file", "baseline.txt"); code != exitOK {
		t.Fatalf("status %d: %s", code, out)
	}
	for _, tt := range []struct {
		args []string
		file string
	}{
		{nil, "gl-code-quality-report.json"},
		{[]string{"--code-quality", "mine.json"}, "mine.json"},
	} {
		out, code := output(t, append([]string{"verify", small, "--out", "run", "--gate", "baseline.txt", "--annotations", "gitlab"}, tt.args...)...)
		if b, err := os.ReadFile(tt.file); code != exitOK || err != nil || string(b) != "[]\n" || strings.Contains(out, "::") {
			t.Errorf("%v: status %d, %s holds %q, %v\n%s", tt.args, code, tt.file, b, err, out)
		}
	}
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
	visit(toyApp().rootCommand())
}

func toySuite() Suite { return Suite{Name: "convergo", Sources: toys.Sources} }

func toyApp() *app { return newApp(toySuite()) }

// output runs the command over the toys and returns what it prints.
func output(t *testing.T, args ...string) (string, int) {
	t.Helper()
	return outputOf(t, toySuite(), args...)
}

func outputOf(t *testing.T, s Suite, args ...string) (string, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := s.Run(t.Context(), args, &out, &errs)
	if code != exitOK {
		out.Write(errs.Bytes())
	}
	return out.String(), code
}

func TestOutsidersSeeTheirOwnNames(t *testing.T) {
	s := toySuite()
	s.Name, s.Version = "mine", "1.2.3"
	for _, args := range [][]string{{"help"}, {"verify", "--help"}, {"show", "--help"}, {"report", "--help"}, {"figures", "--help"}, {"regress", "--help"}, {"emit", "slurm", "--help"}, {"emit", "kubernetes", "--help"}, {"baseline", "write", "--help"}} {
		out, code := outputOf(t, s, args...)
		if code != exitOK || strings.Contains(out, "convergo") || strings.Contains(out, "du2019") || !strings.Contains(out, "mine") {
			t.Errorf("%q: status %d, not in the user's own names:\n%s", args, code, out)
		}
	}
	if out, code := outputOf(t, s, "--version"); code != exitOK || !strings.Contains(out, "1.2.3") {
		t.Errorf("--version: status %d, %q", code, out)
	}
}

func TestRunFoldersNeverCollide(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "runs")
	seen := map[string]bool{}
	for range 5 {
		dir, err := newRunFolder(parent, "now")
		if err != nil || seen[dir] {
			t.Fatalf("%q: %v", dir, err)
		}
		seen[dir] = true
	}
}

// TestChecklistSaysHowToRunAgain runs the line that the checklist prints.
func TestChecklistSaysHowToRunAgain(t *testing.T) {
	dir, again := filepath.Join(t.TempDir(), "it's a run"), filepath.Join(t.TempDir(), "again")
	if out, code := output(t, "verify", small, "toys/co*", "--seed", "3", "--alpha", "1e-5", "--workers", "1", "--out", dir); code != exitOK {
		t.Fatalf("status %d\n%s", code, out)
	}
	out, code := output(t, "report", dir, "--checklist", "--format", "csv")
	_, line, found := strings.Cut(out, "How to rerun,")
	line, _, whole := strings.Cut(line, "\n")
	if code != exitOK || !found || !whole || !strings.Contains(out, " s of wall time") || !strings.Contains(out, " in use") {
		t.Fatalf("status %d\n%s", code, out)
	}
	want := "convergo verify toys/product 'toys/co*' --profile quick --seed 3 --alpha 1e-05"
	if line != want {
		t.Errorf("the checklist says %q, want %q", line, want)
	}
	args := strings.Fields(strings.ReplaceAll(line, "'", ""))[1:]
	if out, code := output(t, append(args, "--out", again)...); code != exitOK {
		t.Fatalf("status %d\n%s", code, out)
	}
	var records [2]string
	for i, d := range []string{dir, again} {
		b, err := os.ReadFile(filepath.Join(d, "records.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		records[i] = string(b)
	}
	first, err1 := checks.Open(dir)
	second, err2 := checks.Open(again)
	if err1 != nil || err2 != nil || first.Manifest.Plan != second.Manifest.Plan || len(first.Sessions) != 1 {
		t.Errorf("the line of the checklist makes another plan: %v, %v", err1, err2)
	}
	if records[0] != records[1] {
		t.Error("the line of the checklist makes other records")
	}
}
