package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"
)

func erratum(name, printed string, v checks.Verdict, observed, predicted float64) (checks.ControlInfo, checks.ControlOutcome) {
	result := checks.Result{Verdict: v, Trials: 1, FirstViolation: 0, ObservedWorst: checks.Float(observed), Predicted: checks.Float(predicted), Relation: checks.AtMost}
	return checks.ControlInfo{Name: name, Why: "twice as large", Printed: printed},
		checks.ControlOutcome{Name: name, Instances: []checks.InstanceOutcome{{
			Key: checks.UnitKey{Claim: "a2020/moved", Control: name}, Params: json.RawMessage(`{"n":3}`), Result: result,
		}}}
}

// errata is a run with a printed statement that it breaks, and one that it does
// not.
func errata() *checks.Summary {
	shown, shownOutcome := erratum("printed", `Lemma 1: $\|w\| \le c$`, checks.Refuted, 2, 0.5)
	quiet, quietOutcome := erratum("printed-too", "Lemma 2: all is well", checks.Undecided, 1, 1)
	ours, oursOutcome := erratum("tenth", "", checks.Refuted, 1, 0.1)
	return &checks.Summary{Manifest: checks.Manifest{Seed: 7}, Claims: []checks.ClaimOutcome{{
		Info:     checks.Info{ID: "a2020/moved", Source: "a2020", Controls: []checks.ControlInfo{shown, ours, quiet}},
		Verdict:  checks.Holds,
		Controls: []checks.ControlOutcome{shownOutcome, oursOutcome, quietOutcome},
	}}}
}

func TestErrata(t *testing.T) {
	tab, err := report.Table(errata(), "errata", "", report.View{Columns: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(tab.Rows) != 2 {
		t.Fatalf("%d rows, want those of the printed statements: 2", len(tab.Rows))
	}
	cell := func(row int, key string) string {
		for j, c := range tab.Columns {
			if c.Key == key {
				return table.PlainText(tab.Rows[row][j])
			}
		}
		t.Fatalf("no column %s", key)
		return ""
	}
	for key, want := range map[string]string{"source": "a2020", "claim": "a2020/moved", "factor": "4.00", "observed": "2.00", "predicted": "0.500", "verdict": "HOLDS", "instance": "n=3"} {
		if got := cell(0, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	w, err := checks.ParseWitness([]byte(cell(0, "witness")))
	if err != nil || w.Control != "printed" || w.Seed != 7 || w.Observed != 2 {
		t.Errorf("the witness is %+v (%v)", w, err)
	}
	if got := cell(1, "factor"); got != "not shown by this run" {
		t.Errorf("a printed statement that the run does not break is shown as %q", got)
	}
	if _, err := report.Errata(&checks.Summary{}); err == nil || !strings.Contains(err.Error(), "run more claims") {
		t.Errorf("a run without printed statements: %v", err)
	}
}
