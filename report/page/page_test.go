package page

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report/internal/synthetic"
)

func render(t testing.TB, rec *checks.Records, s *checks.Summary) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, rec, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageHasEverything(t *testing.T) {
	html := render(t, nil, synthetic.Small())
	for what, want := range map[string]string{
		"the overview":         `<table id=claims>`,
		"a row of it":          `<a href="#du2019/gram">du2019/<wbr>gram</a>`,
		"a section":            `<section class=claim id="du2019/gram">`,
		"real mathematics":     `<mfrac>`,
		"a statement":          `<h3>Setting</h3><p>n points.`,
		"code in a statement":  "<pre>\tlambda_0 = min",
		"a hypothesis":         `2048 ≥ 512`,
		"a missed hypothesis":  `missed: 2048 ≥ 1.06e+17`,
		"a caught control":     `Control <i>half</i> <b class=good>caught</b>`,
		"one that was not":     `<b class=bad>NOT CAUGHT</b>`,
		"a witness":            `convergo replay &#39;{&#34;claim&#34;:&#34;arora2019/false&#34;`,
		"a reference":          `@inproceedings{du2019,`,
		"a figure":             `<svg viewBox=`,
		"the predicted slope":  `predicted, slope = -0.5`,
		"what decided the run": `α = 0.01 for the whole run, profile quick, seed 7`,
		"a policy":             `default-src 'none'`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s: %s", what, want)
		}
	}
	if strings.Contains(html, "unused2000") {
		t.Error("the page lists a source without claims")
	}
}

// Words of claims must not become markup, and nothing may point off the page.
func TestPageIsSafe(t *testing.T) {
	s := synthetic.Small()
	hostile := `<script>alert(1)</script>" onload="x'`
	c := &s.Claims[0]
	c.Info.Title, c.Info.Reference, c.Info.Statement, c.Info.Convention, c.Info.Formula = hostile, hostile, hostile, hostile, hostile
	c.Reason, c.Problems = hostile, []string{hostile}
	s.Claims[3].Witness.Part = hostile
	s.Manifest.Sources[0].BibTeX, s.Manifest.Sources[0].Title = hostile, hostile
	html := render(t, nil, s)
	if n := strings.Count(html, "<script"); n != 1 {
		t.Errorf("%d scripts, want 1", n)
	}
	if strings.Contains(html, `" onload="`) {
		t.Error("a quotation mark is not escaped")
	}
	for _, m := range regexp.MustCompile(`(?:href|src|action)="?([^" >]*)`).FindAllStringSubmatch(html, -1) {
		if !strings.HasPrefix(m[1], "#") && m[1] != "data:," {
			t.Errorf("the page points to %s", m[1])
		}
	}
	if strings.Contains(css, "url(") || strings.Contains(css, "@import") {
		t.Error("the style sheet loads something")
	}
}

// Every link leads somewhere, and no two elements share an ID.
func TestPageIsConnected(t *testing.T) {
	html := render(t, nil, synthetic.Small())
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`\sid="?([^" >]+)`).FindAllStringSubmatch(html, -1) {
		if ids[m[1]] {
			t.Errorf("two elements have the ID %s", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(html, -1) {
		if !ids[m[1]] {
			t.Errorf("no element has the ID %s", m[1])
		}
	}
}

func TestWriteKeepsTheOldPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := Write(dir, nil, synthetic.Small()); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "index.html" {
		t.Errorf("folder holds %v, %v", entries, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(file, nil, synthetic.Small()); err == nil {
		t.Error("a file was taken for a folder")
	}
}

// TestLarge holds the page of 200 claims with 20 instances each to 2 MB, with
// every table of the report in it. BenchmarkRender measures its time.
func TestLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 4200 instances")
	}
	dir := t.TempDir()
	if _, err := synthetic.Large(context.Background(), dir, 200, 20); err != nil {
		t.Fatal(err)
	}
	html := large(t, dir)
	if len(html) > 2_000_000 {
		t.Errorf("the page has %d bytes", len(html))
	}
	if n := strings.Count(html, "<svg"); n < 200 {
		t.Errorf("%d figures for 200 claims", n)
	}
	if n := strings.Count(html, "<th scope=row>"); n != 200+200*20+200 {
		t.Errorf("%d rows, want one a claim, an instance and a control", n)
	}
	if large(t, dir) != html {
		t.Error("the same records gave another page")
	}
}

func large(t testing.TB, dir string) string {
	rec, err := checks.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := checks.Summarize(rec)
	if err != nil {
		t.Fatal(err)
	}
	return render(t, rec, s)
}

func TestTicks(t *testing.T) {
	for _, tc := range []struct {
		a    axisScale
		want string
	}{
		{axisScale{lo: 0, hi: 50}, "0 20 40"},
		{axisScale{lo: 0.8, hi: 1.2}, "0.8 0.9 1 1.1 1.2"},
		{axisScale{lo: 1e-9, hi: 1, log: true}, "1e−9 1e−6 0.001 1"},
		{axisScale{lo: 2, hi: 7, log: true}, "2 7"},
		{axisScale{lo: -3e6, hi: 3e6}, "−2e6 0 2e6"},
	} {
		var got []string
		for _, v := range tc.a.ticks(4) {
			got = append(got, tickText(v))
		}
		if s := strings.Join(got, " "); s != tc.want {
			t.Errorf("ticks from %g to %g: %s, want %s", tc.a.lo, tc.a.hi, s, tc.want)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	dir := b.TempDir()
	rec, err := synthetic.Large(context.Background(), dir, 200, 20)
	if err != nil {
		b.Fatal(err)
	}
	s, err := checks.Summarize(rec)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.ReportMetric(float64(len(render(b, rec, s))), "bytes")
	}
}

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "page")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	fmt.Println(Write(dir, nil, synthetic.Small()))
	// Output: <nil>
}
