package page

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report/figure"
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
		"the counts":           `<li data-v=REFUTED><b class=bad>1</b> REFUTED`,
		"what does not hold":   `<li><b class=bad>REFUTED</b> <a href="#arora2019/false">arora2019/false</a> a claim that fails<br>trial 2 violates it`,
		"why it is vacuous":    `nearest is width: 2048 where ≥ 1.06 × 10<sup>17</sup> is needed`,
		"a source":             `<details class=source id="source-du2019" data-s=1.083 data-l=1.083 data-d=4><summary><h3>Du et al. (2019) <small>Gradient Descent Provably Optimizes</small></h3><span><b>2</b> claims</span><span><b class=good>1</b> HOLDS, <b class=muted>1</b> VACUOUS</span>`,
		"a claim":              `<details class=claim id="du2019/gram"`,
		"real mathematics":     `<mfrac>`,
		"a statement":          `<p><b>Setting</b> n points.`,
		"code in a statement":  "<pre>\tlambda_0 = min",
		"a hypothesis":         `2048 ≥ 512`,
		"a missed hypothesis":  `missed: 2048 ≥ 1.06 × 10<sup>17</sup>`,
		"a caught control":     `Controls, caught 1 of 1:<ul><li><i>half</i>: half of the bound`,
		"one that was not":     `<b class=bad>NOT CAUGHT</b>`,
		"a witness":            `convergo replay '{"claim":"arora2019/false"`,
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
	if tag := regexp.MustCompile(`<[a-z][^<>]*" onload=`).FindString(html); tag != "" {
		t.Errorf("a quotation mark is not escaped in %s", tag)
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
	named := filepath.Join(t.TempDir(), "new", "run.html")
	if err := Write(named, nil, synthetic.Small()); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(named); err != nil || !info.Mode().IsRegular() {
		t.Errorf("no page in the file that was named: %v", err)
	}
}

// TestLarge holds the page of 475 claims with 3 instances each to 1.5 MB, with
// all statements and tables in it. BenchmarkRender measures its time.
func TestLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 1900 instances")
	}
	dir := t.TempDir()
	if _, err := synthetic.Large(context.Background(), dir, 475, 3); err != nil {
		t.Fatal(err)
	}
	html := large(t, dir)
	if len(html) > 1_500_000 {
		t.Errorf("the page has %d bytes", len(html))
	}
	if n := strings.Count(html, "<div class=statement>"); n != 475 {
		t.Errorf("%d statements for 475 claims", n)
	}
	if n := strings.Count(html, "<tr><th>"); n < 475*3 {
		t.Errorf("%d rows, want one an instance", n)
	}
	parts := unpack(t, html)
	if len(parts) != 475 {
		t.Fatalf("%d packed parts for 475 claims", len(parts))
	}
	for i, part := range parts {
		if !strings.HasPrefix(part.Formula, "<math") || !strings.Contains(part.Figures, "<svg") || !strings.Contains(part.Rest, "<p>Controls, caught") {
			t.Fatalf("claim %d has the packed parts %.200v", i, part)
		}
	}
	if large(t, dir) != html {
		t.Error("the same records gave another page")
	}
}

// unpack reads the lazy parts of a page back.
func unpack(t *testing.T, html string) []lazy {
	t.Helper()
	_, rest, ok := strings.Cut(html, "<script type=application/gzip id=lazy>")
	if !ok {
		t.Fatal("the page has no packed parts")
	}
	text, _, _ := strings.Cut(rest, "<")
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	var parts []lazy
	if err := json.NewDecoder(z).Decode(&parts); err != nil {
		t.Fatal(err)
	}
	return parts
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

func TestProse(t *testing.T) {
	for in, want := range map[string]string{
		"a <= b and c >= 1e-07":  "a ≤ b and c ≥ 10<sup>−7</sup>",
		"needs 2.51e+12 of <b>":  "needs 2.51 × 10<sup>12</sup> of &lt;b>",
		"a = +-1, e-folding, &c": "a = ±1, e-folding, &amp;c",
		"code 12e45, x1e+2y":     "code 12e45, x1e+2y",
	} {
		if got := prose(in); got != want {
			t.Errorf("prose(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestThin(t *testing.T) {
	for _, tc := range []struct{ in, want []dot }{
		{[]dot{{0, 0}}, []dot{{0, 0}}},
		{[]dot{{0, 0}, {5, 1}, {10, 0}}, []dot{{0, 0}, {10, 0}}},
		{[]dot{{0, 0}, {5, 3}, {7, 1}, {10, 0}}, []dot{{0, 0}, {5, 3}, {10, 0}}},
		{[]dot{{3, 3}, {9, 9}, {3, 3}}, []dot{{3, 3}, {9, 9}, {3, 3}}},
	} {
		if got := thin(slices.Clone(tc.in)); !slices.Equal(got, tc.want) {
			t.Errorf("thin(%v) = %v, want %v", tc.in, got, tc.want)
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

func ExamplePlain() {
	var b strings.Builder
	fmt.Println(Plain(&b, "a note", "<h1>A note</h1>\n"))
	fmt.Println(strings.Contains(b.String(), "<title>Convergo: a note</title>"))
	// Output:
	// <nil>
	// true
}

// A figure without anything to show is no figure; its words are no markup.
func TestFigure(t *testing.T) {
	if html := Figure(&figure.Figure{Lines: []figure.Line{{X: []float64{1}, Y: []float64{math.NaN()}}}}); html != "" {
		t.Errorf("a figure of nothing: %s", html)
	}
	html := Figure(&figure.Figure{Title: "a < b", XLabel: `"x"`, LogY: true, Lines: []figure.Line{
		{Name: "measured", X: []float64{0, 1, 2, 3}, Y: []float64{1, 10, 100, 0}},
		{Name: "bound", X: []float64{0, 3}, Y: []float64{1, 1000}, Style: figure.Bound},
	}})
	for _, want := range []string{`aria-label="values against &#34;x&#34;"`, "<figcaption>a &lt; b<br>", `<path class="k k0" d="M92 320l347-203"/>`, `<path class="k k1 d" d="M92 320l520-304"/>`} {
		if !strings.Contains(html, want) {
			t.Errorf("the figure lacks %s:\n%s", want, html)
		}
	}
}
