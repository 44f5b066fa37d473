package theorems

import (
	"bytes"
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
	if code != 0 {
		t.Fatalf("exit status %d:\n%s", code, first)
	}
	for _, want := range []string{"measured, all instances", "derived/descent", "du2019/descent", "sphere"} {
		if !strings.Contains(first, want) {
			t.Errorf("the study lacks %q:\n%s", want, first)
		}
	}
	if again, code := output(t, args...); code != 0 || again != first {
		t.Errorf("a finished study prints something else when run again (status %d):\n%s", code, again)
	}
}

// TestWidthOfAFile studies rows of a user's file, and leaves out sizes that nobody can wait for.
func TestWidthOfAFile(t *testing.T) {
	run := func(args ...string) (out, said string, code int) {
		var o, e bytes.Buffer
		code = Suite().Run(t.Context(), append([]string{"width", "--data"}, args...), &o, &e)
		return o.String(), e.String(), code
	}
	out, said, code := run(cases+"five-rows.csv", "--label", "last", "--sizes", "4,5,9", "--trials", "40", "--out", t.TempDir(), "--format", "csv")
	for _, want := range []string{"label=last", "derived/descent"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d, want %q in\n%s\n%s", code, want, out, said)
		}
	}
	if !strings.Contains(said, "n = 5: lambda_0 = 0.302, 188 steps") || strings.Contains(said, "n = 9") {
		t.Errorf("said %s", said)
	}
	_, said, code = run(real+"iris.csv", "--dry")
	if code != 0 || !strings.Contains(said, "n = 4: lambda_0") || !strings.Contains(said, "Left out, since lambda_0 is so small: n = ") || !strings.Contains(said, "n = 64;") {
		t.Errorf("status %d, %s", code, said)
	}
	_, said, code = run(real+"iris.csv", "--dry", "--sizes", "64")
	if code != 0 || strings.Contains(said, "Left out") || !strings.Contains(said, "1 instances") {
		t.Errorf("sizes by name: status %d, %s", code, said)
	}
	if _, said, code = run(cases+"five-rows.csv", "--sizes", "9"); code != 2 || !strings.Contains(said, "5 rows to use") {
		t.Errorf("too many rows: status %d, %s", code, said)
	}
}

// output runs the command and returns what it prints.
func output(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := Suite().Run(t.Context(), args, &out, &errs)
	if code != 0 {
		out.Write(errs.Bytes())
	}
	return out.String(), code
}

// TestCommandOverAllSources shows that the suite has what the commands of our
// sources need.
func TestCommandOverAllSources(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"show", "du2019/gram-concentration"}, 0, []string{"Hypotheses:", "Conclusion:", "Control:", "@inproceedings{du2019", "theorems/du2019/gram.go"}},
		{[]string{"show", "du2018/gram-concentration"}, 2, []string{"did you mean du2019/gram-concentration"}},
		{[]string{"width", "--delta", "1"}, 2, []string{"delta"}},
		{[]string{"figures", "--help"}, 0, []string{"convergo figures runs/x"}},
	} {
		out, code := output(t, tt.args...)
		for _, want := range tt.want {
			if code != tt.code || !strings.Contains(out, want) {
				t.Errorf("%q: status %d, want %d, and %q in\n%s", tt.args, code, tt.code, want, out)
			}
		}
	}
}
