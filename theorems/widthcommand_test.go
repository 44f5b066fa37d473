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
