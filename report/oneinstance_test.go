package report

import (
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report/table"
)

// What a footnote says of a hypothesis and of widths is of one instance.
func TestVacuousFootnoteIsOfOneInstance(t *testing.T) {
	instance := func(have, required, run float64) checks.InstanceOutcome {
		return checks.InstanceOutcome{
			Hypotheses: []checks.Hypothesis{checks.Require("radius", have, checks.AtMost, 1)},
			Facts:      []checks.Fact{{Name: RequiredWidth, Value: checks.Float(required)}, {Name: WidthRun, Value: checks.Float(run)}},
		}
	}
	c := checks.ClaimOutcome{Verdict: checks.Vacuous, Instances: []checks.InstanceOutcome{instance(2, 9000, 10), instance(5, 80, 40)}}
	why := Explain(c)
	for _, want := range []string{"radius: 2 where", "required width 9000 beside 10 run"} {
		if !strings.Contains(why, want) {
			t.Errorf("want %q in %q", want, why)
		}
	}
	required, _, run, _ := widths(c) // of the overview: nearest to what is required, as its caption says
	if cellText(required) != "80.0" || cellText(run) != "40" {
		t.Errorf("%s beside %s", cellText(required), cellText(run))
	}
}

// A predicted floor stands beside the floor that was measured at its width.
func TestFactOfItsOwnInstance(t *testing.T) {
	of := func(v float64) *checks.InstanceOutcome {
		return &checks.InstanceOutcome{Facts: []checks.Fact{{Name: "predicted floor", Value: checks.Float(v)}}}
	}
	if v := factOf("predicted floor", of(1), of(2)); v != 1 {
		t.Errorf("%g", v)
	}
	if v := factOf("predicted floor", nil, &checks.InstanceOutcome{}, of(2)); v != 2 {
		t.Errorf("of the others: %g", v)
	}
}

// On a narrow terminal the table of the user's data keeps claim, verdict and reason.
func TestOwnDataOnATerminal(t *testing.T) {
	s := &checks.Summary{}
	s.Manifest.Data = []checks.DataFile{{Path: "iris.csv", SHA256: "x"}}
	s.Claims = []checks.ClaimOutcome{{Info: checks.Info{ID: "du2019/gram-concentration-of-all"}, Instances: []checks.InstanceOutcome{{
		File: "x", Skip: "hypotheses", Hypotheses: []checks.Hypothesis{checks.Require("a hypothesis with a long name", 5, checks.AtMost, 1)},
		Result: checks.Result{Reason: "the instance misses a hypothesis with a long name, by a factor of five"},
	}}}}
	tab, err := Table(s, "data", "", View{Room: 80})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(columnKeys(tab), " "); got != "claim margin verdict why" {
		t.Errorf("columns %s", got)
	}
	var b strings.Builder
	if err := table.Render(&b, tab, table.Terminal, table.Options{Width: 80}); err != nil || strings.Contains(b.String(), "claim:") {
		t.Errorf("%v\n%s", err, b.String())
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if len([]rune(line)) > 80 {
			t.Errorf("%d wide: %s", len([]rune(line)), line)
		}
	}
}
