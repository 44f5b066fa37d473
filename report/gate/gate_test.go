package gate

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report/table"
)

func comparison() *checks.Comparison {
	line := func(id string, slack float64) checks.BaselineLine {
		return checks.BaselineLine{Claim: id, Version: 1, Verdict: checks.Holds, Caught: 1, Controls: 1, Trials: 9,
			Slack: slack, Lo: slack * 0.9, Hi: slack * 1.1, FailLo: math.NaN(), FailHi: math.NaN()}
	}
	info := checks.Info{ID: "du2019/gram", File: "theorems/du2019.go", Line: 42}
	return &checks.Comparison{Baseline: &checks.Baseline{}, Notes: []string{"seed 2 against 1"}, Changes: []checks.Change{
		{Claim: "a/same", Kind: checks.Same, Old: line("a/same", 2), New: line("a/same", 2)},
		{Claim: "du2019/gram", Kind: checks.Regressed, Old: line("du2019/gram", 3), New: line("du2019/gram", 1.5), Info: info, Reasons: []string{"slack 1.5 < 3 & \"worse\"\x01"}},
		{Claim: "x/gone", Kind: checks.Removed, Old: line("x/gone", 1), Reasons: []string{"in the baseline, but not in this run"}},
		{Claim: "y/better", Kind: checks.Improved, Old: line("y/better", 1), New: line("y/better", 4), Reasons: []string{"slack 4, was 1"}},
	}}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := table.Render(&b, Table(comparison(), true), table.Terminal, table.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"du2019/gram", "-50.0%", "+300.0%", "regressed", "removed", "1 further claims", "seed 2 against 1"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "a/same") {
		t.Error("an unchanged claim has a row")
	}
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := JUnit(&b, comparison()); err != nil {
		t.Fatal(err)
	}
	var got junitSuite
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	if s := got; s.Tests != 4 || s.Failures != 2 || s.Cases[0].Failure != nil || !strings.HasPrefix(s.Cases[1].Failure.Text, "theorems/du2019.go:42\n") {
		t.Errorf("suite %+v", s)
	}
}

// TestPlaces: a claim that is there is told where it is written, one that is
// gone at its line of the baseline.
func TestPlaces(t *testing.T) {
	t.Chdir(t.TempDir())
	c := comparison()
	c.Baseline.Name = "testdata/baseline.txt"
	c.Changes[2].Old.Row = 7
	c.Changes[1].Reasons = []string{"100% worse,\nmuch"}
	var b bytes.Buffer
	if err := GitHub(&b, c); err != nil {
		t.Fatal(err)
	}
	want := "::error file=theorems/du2019.go,line=42,title=regressed du2019/gram::du2019/gram: 100%25 worse,%0Amuch\n" +
		"::error file=testdata/baseline.txt,line=7,title=removed x/gone::x/gone: in the baseline, but not in this run\n" +
		"::notice file=testdata/baseline.txt,line=1,title=improved y/better::y/better: slack 4, was 1\n"
	if b.String() != want {
		t.Errorf("annotations\n%swant\n%s", b.String(), want)
	}
	b.Reset()
	if err := CodeQuality(&b, c); err != nil {
		t.Fatal(err)
	}
	var issues []struct {
		Description, Check_name, Fingerprint, Severity string
		Location                                       struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	if err := json.Unmarshal(b.Bytes(), &issues); err != nil {
		t.Fatal(err)
	}
	if len(issues) != 3 || issues[1].Check_name != "x/gone" || issues[1].Location.Path != "testdata/baseline.txt" || issues[1].Location.Lines.Begin != 7 ||
		issues[0].Severity != "major" || issues[2].Severity != "info" || issues[0].Fingerprint == issues[1].Fingerprint || issues[0].Description == "" {
		t.Errorf("issues %+v", issues)
	}
}

func TestSARIFPointsAtTheClaim(t *testing.T) {
	var b bytes.Buffer
	if err := SARIF(&b, comparison()); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || len(run.Results) != 3 {
		t.Fatalf("log %+v", log)
	}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("result %s has the index of rule %s", r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
		}
	}
	p := run.Results[0].Locations[0].PhysicalLocation
	if p.ArtifactLocation.URI != "theorems/du2019.go" || p.Region.StartLine != 42 || run.Results[0].Level != "error" || run.Results[2].Level != "note" {
		t.Errorf("results %+v", run.Results)
	}
}

func TestSummaryStaysBelowTheLimit(t *testing.T) {
	c := comparison()
	var b bytes.Buffer
	if err := Summary(&b, c); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "Gate of convergo: CLOSED") || strings.Index(b.String(), "du2019/gram") > strings.Index(b.String(), "y/better") {
		t.Errorf("regressions come first:\n%s", b.String())
	}
	for i := range 3000 {
		ch := c.Changes[1]
		ch.Claim = fmt.Sprintf("z/%d", i)
		ch.Reasons = []string{strings.Repeat("because ", 100)}
		c.Changes = append(c.Changes, ch)
	}
	b.Reset()
	if err := Summary(&b, c); err != nil {
		t.Fatal(err)
	}
	if b.Len() >= SummaryLimit || !strings.Contains(b.String(), "The table is cut") || b.Len() < SummaryLimit/10 {
		t.Errorf("%d bytes", b.Len())
	}
}
