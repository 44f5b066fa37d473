package report_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report"
	"convergo/report/figure"
	"convergo/report/internal/synthetic"
	"convergo/report/table"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; after a wanted change run go test ./report -update and read the difference. Got:\n%s", path, got)
	}
}

var suffixes = map[table.Format]string{table.Terminal: "txt", table.Markdown: "md", table.CSV: "csv", table.JSON: "json", table.HTML: "html", table.LaTeX: "tex"}

func TestGolden(t *testing.T) {
	s := synthetic.Small()
	c, err := report.Outcome(s, "du2019/gram")
	if err != nil {
		t.Fatal(err)
	}
	full, err := report.Table(s, "overview", "", report.View{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tab := range map[string]*table.Table{
		"overview": full, "short": report.Overview(s), "claim": report.Grid(s, c), "checklist": report.Checklist(s, "runs/x", nil),
	} {
		for format, suffix := range suffixes {
			if name == "overview" && format == table.Terminal || name == "short" && format != table.Terminal {
				continue // a terminal gets the short form, all else the full one
			}
			var b bytes.Buffer
			if err := table.Render(&b, tab, format, table.Options{Width: 120}); err != nil {
				t.Fatalf("%s as %v: %v", name, format, err)
			}
			golden(t, name+"."+suffix, b.Bytes())
		}
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"macros.tex":     func(b *bytes.Buffer) error { return report.Macros(b, s, true) },
		"references.bib": func(b *bytes.Buffer) error { return report.BibTeX(b, s) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
}

func TestOverviewFitsATerminal(t *testing.T) {
	var b bytes.Buffer
	if err := table.Render(&b, report.Overview(synthetic.Small()), table.Terminal, table.Options{Width: 120}); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(b.String(), "\n\n5 claims")
	if strings.Count(head, "\n") > 14 {
		t.Errorf("five claims take more than a line each:\n%s", head)
	}
	for line := range strings.Lines(b.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 120 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}

// Notes follow the cells that are left.
func TestViewRenumbersNotes(t *testing.T) {
	tab, err := report.Table(synthetic.Small(), "overview", "", report.View{Columns: []string{"claim", "verdict"}, Where: []string{"verdict=UNDECIDED"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(tab.Notes) != 1 || tab.Notes[0].Mark != "1" || !strings.Contains(string(tab.Notes[0].Body), "wider than the resolution") {
		t.Errorf("notes %+v", tab.Notes)
	}
	if got := table.PlainText(tab.Rows[0][1]); got != "UNDECIDED (1)" {
		t.Errorf("verdict cell %q", got)
	}
}

// A vacuous bound must look vacuous: what is required stands beside what ran.
func TestVacuousShowsTheWidths(t *testing.T) {
	tab := report.Overview(synthetic.Small())
	var line string
	for _, row := range tab.Rows {
		for _, c := range row {
			if strings.HasPrefix(table.PlainText(row[0]), "du2019/convergence") {
				line += " " + table.PlainText(c)
			}
		}
	}
	for _, want := range []string{"1.06e+17", "2048", "VACUOUS"} {
		if !strings.Contains(line, want) {
			t.Errorf("the row lacks %s: %s", want, line)
		}
	}
}

func TestMacroNames(t *testing.T) {
	s := &checks.Summary{}
	for _, id := range []string{"a/b-c", "a-b/c", "du2019/x", "basics/weyl"} {
		s.Claims = append(s.Claims, checks.ClaimOutcome{Info: checks.Info{ID: id}})
	}
	names := report.MacroNames(s)
	letters := regexp.MustCompile(`^[A-Za-z]+$`)
	seen := map[string]bool{}
	for id, name := range names {
		if !letters.MatchString(name) || seen[name] {
			t.Errorf("%s is called %s", id, name)
		}
		seen[name] = true
	}
	if names["du2019/x"] != "cvDuTwoZeroOneNineX" || names["basics/weyl"] != "cvBasicsWeyl" {
		t.Errorf("names %v", names)
	}
}

func TestMacrosAreDefinedOnce(t *testing.T) {
	var b bytes.Buffer
	if err := report.Macros(&b, synthetic.Small(), true); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\\newcommand\{(\\[^}]*)\}`).FindAllStringSubmatch(b.String(), -1) {
		if seen[m[1]] || !regexp.MustCompile(`^\\[A-Za-z]+$`).MatchString(m[1]) {
			t.Errorf("macro %s", m[1])
		}
		seen[m[1]] = true
	}
	if len(seen) < 80 {
		t.Errorf("%d macros only", len(seen))
	}
}

// A name means the same when instances and claims come and go.
func TestMacroNamesDoNotShift(t *testing.T) {
	define := regexp.MustCompile(`(?m)^\\newcommand\{\\(cv[A-Za-z]+)\}\{(.*)\}$`)
	macros := func(s *checks.Summary, instances bool) map[string]string {
		var b bytes.Buffer
		if err := report.Macros(&b, s, instances); err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, m := range define.FindAllStringSubmatch(b.String(), -1) {
			out[m[1]] = m[2]
		}
		return out
	}
	s, err := report.Choose(synthetic.Small(), []string{"du2019/gram"})
	if err != nil {
		t.Fatal(err)
	}
	before := macros(s, true)
	c := s.Claims[0]
	first := c.Instances[0]
	first.Params = []byte(`{"new":1}`)
	c.Instances = append([]checks.InstanceOutcome{first}, c.Instances...)
	s.Claims = []checks.ClaimOutcome{c}
	after, shifted, at := macros(s, true), 0, 0
	for name, value := range before {
		if !strings.Contains(name, "At") {
			continue
		}
		if at++; after[name] != value {
			shifted++
		}
	}
	if at == 0 || shifted > 0 {
		t.Errorf("%d of %d macros of instances changed when another instance came first", shifted, at)
	}
	if brief := macros(s, false); len(brief) >= len(after) || brief["cvDuTwoZeroOneNineGramVerdict"] != "HOLDS" {
		t.Errorf("%d macros without instances, %d with them", len(brief), len(after))
	}
}

func TestBibTeXOfUsedSources(t *testing.T) {
	var b bytes.Buffer
	if err := report.BibTeX(&b, synthetic.Small()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "unused2000") || strings.Count(b.String(), "@inproceedings") != 2 {
		t.Errorf("references:\n%s", b.String())
	}
}

// A key that two sources cite is printed once.
func TestBibTeXHasEachKeyOnce(t *testing.T) {
	s := synthetic.Small()
	s.Manifest.Sources = append([]checks.SourceInfo(nil), s.Manifest.Sources...)
	for i := range s.Manifest.Sources {
		s.Manifest.Sources[i].BibTeX += "\n@book{shared,\n  title = {A}\n}\n"
	}
	var b bytes.Buffer
	if err := report.BibTeX(&b, s); err != nil {
		t.Fatal(err)
	}
	if strings.Count(b.String(), "@book{shared,") != 1 || strings.Count(b.String(), "@inproceedings") != 2 {
		t.Errorf("references:\n%s", b.String())
	}
}

func TestDrawings(t *testing.T) {
	s := synthetic.Small()
	c, err := report.Outcome(s, "arora2019/slope")
	if err != nil {
		t.Fatal(err)
	}
	ds := report.Drawings(nil, c)
	if len(ds) != 1 || ds[0].Name != "arora2019-slope-0" {
		t.Fatalf("drawings %+v", ds)
	}
	lines := ds[0].Figure.Lines
	if len(lines) != 4 || lines[0].Style != figure.Band || lines[3].Style != figure.Bound {
		t.Fatalf("the predicted slope or the interval is missing: %+v", lines)
	}
	slope := math.Log(lines[3].Y[4]/lines[3].Y[0]) / math.Log(lines[3].X[4]/lines[3].X[0])
	if !(math.Abs(slope+0.5) <= 1e-12) {
		t.Errorf("the predicted line has slope %v, want -0.5", slope)
	}
}

// Instances that differ in their labels alone share a figure; a curve that a
// logarithmic axis cannot show gets none.
func TestLabelDrawings(t *testing.T) {
	c := checks.ClaimOutcome{Info: checks.Info{ID: "a/labels", Title: "labels", Form: "always"}}
	for i, label := range []string{"class", "random-class", "class"} {
		loss := checks.NewSeries("loss", "measured", []float64{0, 1, 2}, []float64{1, 0.5, float64(i + 1)})
		dead := checks.NewSeries("nothing", "measured", []float64{0, 1, 2}, []float64{0, 0, 0})
		loss.YName, dead.YName, dead.LogY = "loss", "zero", true
		c.Instances = append(c.Instances, checks.InstanceOutcome{Key: checks.UnitKey{Claim: "a/labels", Index: i},
			Params: []byte(`{"data":{"n":3,"labels":"` + label + `"}}`), Series: []checks.Series{loss, dead}})
	}
	var names []string
	for _, d := range report.Drawings(nil, c) {
		names = append(names, d.Name)
		if d.Name == "a-labels-labels-loss" && len(d.Figure.Lines) != 2 {
			t.Errorf("%d curves of two kinds of labels", len(d.Figure.Lines))
		}
	}
	if got := strings.Join(names, " "); got != "a-labels-0-loss a-labels-1-loss a-labels-2-loss a-labels-labels-loss" {
		t.Errorf("drawings %s", got)
	}
}

// BenchmarkOverview measures the report of 200 claims with 20 instances each,
// from records to the printed table.
func BenchmarkOverview(b *testing.B) {
	dir := b.TempDir()
	if _, err := synthetic.Large(context.Background(), dir, 200, 20); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		rec, err := checks.Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		s, err := checks.Summarize(rec)
		if err != nil {
			b.Fatal(err)
		}
		if err := table.Render(io.Discard, report.Overview(s), table.Terminal, table.Options{Width: 120}); err != nil {
			b.Fatal(err)
		}
	}
}

// widthTables are the tables of a width study in which the sufficient width is
// 3 n^2/lambda.
func widthTables(t *testing.T) []*table.Table {
	t.Helper()
	names := report.WidthFacts{Samples: "n", Lambda0: "lambda_0", Spectral: "S", Requirement: "requires ", SuffixN: " (exponent of n)", SuffixLambda0: " (exponent of lambda_0)", SuffixDelta: " (exponent of delta)"}
	c := checks.ClaimOutcome{Info: checks.Info{ID: "width/sphere", Form: "threshold"}}
	for i, n := range []float64{4, 8, 16, 32} {
		lambda := 1 / n / (1 + float64(i%2))
		m := checks.Float(3 * n * n / lambda)
		c.Instances = append(c.Instances, checks.InstanceOutcome{
			Key: checks.UnitKey{Claim: c.Info.ID, Index: i}, Params: []byte(fmt.Sprintf(`{"data":{"kind":"sphere","n":%g}}`, n)), Inside: true,
			Terms: checks.Terms{Level: 0.9}, Result: checks.Result{Verdict: checks.Holds, Trials: 20, Estimate: m, Interval: [2]checks.Float{m / 1.2, m * 1.2}},
			Facts: []checks.Fact{{Name: "n", Value: checks.Float(n)}, {Name: "lambda_0", Value: checks.Float(lambda)}, {Name: "S", Value: 1},
				{Name: "requires derived", Value: m * 1e3}, {Name: "requires literal", Value: m * 1e14}},
		})
	}
	s := &checks.Summary{Claims: []checks.ClaimOutcome{c}, Manifest: checks.Manifest{Alpha: 0.05, Seed: 1}}
	width, err := report.Width(s, names, "derived", "literal")
	if err != nil {
		t.Fatal(err)
	}
	exponents, err := report.Exponents(s, names)
	if err != nil {
		t.Fatal(err)
	}
	if d := report.WidthDrawing(s, names, "derived"); d == nil || len(d.Figure.Lines) != 2 || len(d.Figure.Lines[0].Lo) != 4 || d.Figure.Lines[1].Style != figure.Bound {
		t.Errorf("the figure of the study is %+v", d)
	}
	if _, err := report.Width(synthetic.Small(), names, "derived", "literal"); err == nil || report.WidthDrawing(synthetic.Small(), names, "derived") != nil {
		t.Error("a run of claims passes for a width study")
	}
	return []*table.Table{width, exponents}
}
