package report_test

import (
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report"
	"convergo/report/internal/synthetic"
	"convergo/report/table"
)

func TestView(t *testing.T) {
	for _, tc := range []struct {
		view report.View
		want string
	}{
		{report.View{Where: []string{"verdict=holds"}}, "du2019/gram arora2019/slope"},
		{report.View{Where: []string{"source = arora2019", "form!=always"}}, "arora2019/slope arora2019/open"},
		{report.View{Where: []string{"slack < 1.05"}}, "arora2019/false arora2019/open"},
		{report.View{Where: []string{"slack>=1"}, Sort: "slack,desc"}, "arora2019/slope du2019/convergence du2019/gram arora2019/open"},
		{report.View{Where: []string{"title~GRAM"}}, "du2019/gram"},
		{report.View{Where: []string{"claim ~ ^du.*m$"}}, "du2019/gram"},
		{report.View{Where: []string{"claim !~ du"}}, "arora2019/slope arora2019/false arora2019/open"},
		{report.View{Where: []string{"verdict = VACUOUS or slack<1.05 and verdict=REFUTED"}}, "du2019/convergence arora2019/false"},
		{report.View{Where: []string{"(verdict = VACUOUS or slack<1.05) and verdict=REFUTED"}}, "arora2019/false"},
		{report.View{Where: []string{"verdict in (REFUTED, 'undecided')"}}, "arora2019/false arora2019/open"},
		{report.View{Where: []string{"verdict not in (REFUTED, UNDECIDED) and not source=du2019"}}, "arora2019/slope"},
		{report.View{Where: []string{"inside < 1"}}, "du2019/convergence"},
		{report.View{Where: []string{"required>1e9"}}, "du2019/convergence"},
		{report.View{Sort: "claim"}, "arora2019/false arora2019/open arora2019/slope du2019/convergence du2019/gram"},
		{report.View{Sort: "required"}, "du2019/convergence du2019/gram arora2019/slope arora2019/false arora2019/open"},
		{report.View{Sort: "required,desc"}, "du2019/convergence du2019/gram arora2019/slope arora2019/false arora2019/open"},
	} {
		tc.view.Columns = []string{"claim", "slack"}
		tab, err := report.Table(synthetic.Small(), "overview", "", tc.view)
		if err != nil {
			t.Fatalf("%+v: %v", tc.view, err)
		}
		var claims []string
		for _, row := range tab.Rows {
			claims = append(claims, table.PlainText(row[0]))
		}
		if got := strings.Join(claims, " "); got != tc.want {
			t.Errorf("%+v shows %s, want %s", tc.view, got, tc.want)
		}
		if len(tab.Columns) != 2 {
			t.Errorf("%+v shows %d columns", tc.view, len(tab.Columns))
		}
	}
}

func TestFilterRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"":                          "key is missing",
		"verdict":                   "write key op value",
		"slack<much":                "no number",
		"slack<":                    "value is missing",
		"= 3":                       "key is missing",
		"(slack<1":                  ") is missing",
		"slack<1)":                  "too much",
		"a in b":                    "stands in parentheses",
		"a in (b":                   ") is missing",
		"a in ()":                   "value is missing",
		"a=b and":                   "key is missing",
		"a = 'b' c":                 "too much",
		"a not = b":                 "is missing after",
		strings.Repeat("(", 1<<10):  "within each other",
		strings.Repeat("not ", 200): "within each other",
	} {
		if _, err := report.ParseFilter(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: error %v, want %q", s, err, want)
		}
	}
}

// A choice of nothing says what there is.
func TestEmptyChoices(t *testing.T) {
	s := synthetic.Small()
	for _, tc := range []struct {
		kind, claim, where, want string
	}{
		{"overview", "", "verdict=HOLD", "verdict has HOLDS (2 times)"},
		{"overview", "", "slack > 1e9 and source=du2019", "slack has numbers from 0.4"},
		{"overview", "", "source=du2091", "source has arora2019 (3 times), du2019 (2 times)"},
		{"claim", "du2019/gram", "verdict=REFUTED", "verdict has HOLDS"},
		{"sources", "", "refuted > 7", "refuted has"},
		{"sources", "", "refuted ~ [", "refuted has"},
	} {
		_, err := report.Table(s, tc.kind, tc.claim, report.View{Where: []string{tc.where}})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s where %s: error %v, want %q", tc.kind, tc.where, err, tc.want)
		}
	}
	if _, err := report.Choose(s, []string{"nothing/*"}); err == nil || !strings.Contains(err.Error(), "5 claims of du2019, arora2019") {
		t.Errorf("error %v", err)
	}
}

// Captions count what is shown.
func TestCaptionsCountWhatIsShown(t *testing.T) {
	s := synthetic.Small()
	one, err := report.Outcome(s, "arora2019/slope")
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := report.Choose(s, []string{"du2019", "arora2019/slope"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		run                      *checks.Summary
		kind, claim, where, want string
	}{
		{s, "overview", "", "claim=arora2019/slope", "1 claim"},
		{chosen, "overview", "", "slack>0", "3 claims"},
		{s, "claim", "arora2019/slope", "trials>0", "trials;"},
	} {
		tab, err := report.Table(tc.run, tc.kind, tc.claim, report.View{Where: []string{tc.where}, Columns: []string{"verdict"}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(tab.Caption), tc.want) {
			t.Errorf("%s where %s: caption %q lacks %q", tc.kind, tc.where, tab.Caption, tc.want)
		}
	}
	if len(one.Instances) == 0 {
		t.Error("the synthetic claim has no instances")
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{"verdict=HOLDS", "slack >= 2", "a~b", "x<", "=1", "<=>", "eta lambda_max<1", "a in (b, 'c d') or not (x='' and y!~[)",
		"width (published) > 1e6", "a = b (c and d) or e = f", "'it''s' = \"q\"\"\"", "not a not in (b)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		filter, err := report.ParseFilter(s)
		if err != nil {
			return
		}
		again, err := report.ParseFilter(filter.String())
		if err != nil || again.String() != filter.String() {
			t.Errorf("%q reads as %s, and that as %s, %v", s, filter, again, err)
		}
	})
}
