package page

import (
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/mathml"
	"convergo/report/outfile"
	"convergo/report/table"

	_ "embed"
)

//go:embed page.css
var css string

//go:embed page.js
var js string

// The page of 200 claims with 20 instances each is to stay below 2 MB. What is
// left below the budget goes to figures; above leanFrom, the columns of facts
// are left out too.
const (
	budget   = 1_900_000
	leanFrom = 1_500_000
	// mostFigures bounds the figures of one claim: more are a matter for
	// files.
	mostFigures = 4
)

// Write renders the page into index.html of the folder, which is made when
// missing. The old page stays when writing fails.
func Write(dir string, rec *checks.Records, s *checks.Summary) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("folder of the page: %w", err)
	}
	return outfile.Write(filepath.Join(dir, "index.html"), func(w io.Writer) error { return Render(w, rec, s) })
}

// Render writes the page of a run. The records give the histograms of slack and
// may be nil.
func Render(w io.Writer, rec *checks.Records, s *checks.Summary) error {
	p := &page{rec: rec, summary: s, facts: true}
	if err := p.build(); err != nil {
		return err
	}
	if p.size() > leanFrom {
		p.facts = false
		if err := p.build(); err != nil {
			return err
		}
	}
	p.draw()
	for _, part := range p.parts() {
		if _, err := io.WriteString(w, part); err != nil {
			return err
		}
	}
	return nil
}

type page struct {
	rec      *checks.Records
	summary  *checks.Summary
	facts    bool
	head     string
	runFig   string
	sections []section
	tail     string
}

// A section is one claim. Its figures stand between its table and the rest.
type section struct {
	before, figures, after string
}

func (p *page) build() error {
	var b strings.Builder
	if err := p.top(&b); err != nil {
		return err
	}
	p.head = b.String()
	p.sections = p.sections[:0]
	for _, c := range p.summary.Claims {
		s, err := p.claim(c)
		if err != nil {
			return fmt.Errorf("claim %s: %w", c.Info.ID, err)
		}
		p.sections = append(p.sections, s)
	}
	p.tail = p.bottom()
	return nil
}

func (p *page) parts() []string {
	out := []string{p.head, p.runFig, "</section>\n"}
	for _, s := range p.sections {
		out = append(out, s.before, s.figures, s.after)
	}
	return append(out, p.tail)
}

func (p *page) size() int {
	n := 0
	for _, part := range p.parts() {
		n += len(part)
	}
	return n
}

// draw spends what is left of the budget on figures: the first of every claim,
// then the second, and so on.
func (p *page) draw() {
	left := budget - p.size()
	if d := report.SlackDrawing(p.summary); d != nil {
		p.runFig = figureHTML(*d)
		left -= len(p.runFig)
	}
	drawings := make([][]report.Drawing, len(p.summary.Claims))
	for i, c := range p.summary.Claims {
		drawings[i] = chosen(report.Drawings(p.rec, c))
	}
	for k := range mostFigures {
		for i, ds := range drawings {
			if k >= len(ds) || left <= 0 {
				continue
			}
			if svg := figureHTML(ds[k]); len(svg) <= left {
				left -= len(svg)
				p.sections[i].figures += svg
			}
		}
	}
	for i := range p.sections {
		if f := p.sections[i].figures; f != "" {
			p.sections[i].figures = "<div class=figures>" + f + "</div>\n"
		}
	}
}

// chosen puts the figures that join several instances, and the last instances,
// which are the largest, before the others.
func chosen(ds []report.Drawing) []report.Drawing {
	var out []report.Drawing
	for i := len(ds) - 1; i >= 0 && len(out) < mostFigures; i-- {
		out = append(out, ds[i])
	}
	return out
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

func (p *page) top(b *strings.Builder) error {
	s := p.summary
	fmt.Fprintf(b, `<!doctype html>
<html lang=en>
<head>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<meta name=color-scheme content="light dark">
<meta http-equiv=Content-Security-Policy content="%s">
<link rel=icon href="data:,">
<title>Convergo: verdicts on %d claims</title>
<style>
%s</style>
</head>
<body>
<a class=skip href="#overview">Skip to the overview</a>
<header>
<h1>Verdicts on %d claims</h1>
`, policy, len(s.Claims), css, len(s.Claims))
	b.WriteString(tally(s))
	fmt.Fprintf(b, "<p>%s\n", settings(s))
	if !s.Finished {
		fmt.Fprint(b, "<p class=warn>The run is not finished: verdicts may change.\n")
	}
	b.WriteString(legend)
	b.WriteString("</header>\n<main>\n<section id=overview>\n<h2>Overview</h2>\n")
	b.WriteString(controls(s))
	return p.overview(b)
}

// legend explains the words once for all tables of the page.
const legend = `<details class=legend><summary>How to read the tables</summary>
<dl>
<dt>observed, predicted<dd>what the run gave beside what the theory gives, of the instance, or the trial, with the least slack; brackets hold an interval at the instance's share of α
<dt>slack<dd>prediction over observation, turned so that at least 1 means that the claim held; 1 is tight
<dt>inside<dd>instances run within all hypotheses, of all; only they count towards a verdict
<dt>margin<dd>the factor by which the tightest hypothesis is met (at least 1) or missed
<dt>violations<dd>trials that broke the claim, of all inside; with the upper end of the 95 % confidence sequence where the claim holds with a stated probability
<dt>caught<dd>controls, that is sabotaged variants, which the check refuted, of all: a check that cannot fail is no check
<dt>HOLDS<dd>at confidence 1 − α for the whole run
<dt>REFUTED<dd>with a witness that one command replays
<dt>UNDECIDED<dd>the budget is spent, or the numeric error is larger than the margin, or a fitted ratio drifts
<dt>VACUOUS<dd>no instance met the hypotheses, or the bound is trivial
</dl></details>
`

func tally(s *checks.Summary) string {
	counts, broken := map[checks.Verdict]int{}, 0
	for _, c := range s.Claims {
		counts[c.Verdict]++
		if len(c.Faults()) > 0 {
			broken++
		}
	}
	var b strings.Builder
	b.WriteString("<ul class=tally>")
	for _, v := range []checks.Verdict{checks.Holds, checks.Refuted, checks.Undecided, checks.Vacuous} {
		fmt.Fprintf(&b, "<li><b class=%s>%d</b> %s", markClass(report.VerdictMark(v).Class), counts[v], v)
	}
	if broken > 0 {
		fmt.Fprintf(&b, "<li><b class=bad>%d</b> unfit as checks", broken)
	}
	b.WriteString("</ul>\n")
	return b.String()
}

func settings(s *checks.Summary) string {
	m := s.Manifest
	text := fmt.Sprintf("α = %g for the whole run, profile %s, seed %d, record version %s, %s", float64(m.Alpha), m.Profile.Name, m.Seed, m.Version, m.Arch)
	if m.Code != "" {
		text += ", code of the claims " + m.Code
	}
	if m.Shard != nil {
		text += ", only " + m.Shard.String()
	}
	for _, d := range m.Data {
		text += fmt.Sprintf(", data %s (SHA-256 %.12s…)", d.Path, d.SHA256)
	}
	return esc(text) + "."
}

// controls is the form that filters the overview; the script shows it.
func controls(s *checks.Summary) string {
	var forms []string
	seen := map[string]bool{}
	for _, c := range s.Claims {
		if f := c.Info.Form; !seen[f] {
			seen[f] = true
			forms = append(forms, f)
		}
	}
	var b strings.Builder
	b.WriteString(`<form id=filter hidden role=search aria-label="Filter the claims"><label>Find <input id=q type=search autocomplete=off placeholder="claim, title, reference"></label> <label>Verdict <select id=v><option value="">all`)
	for _, v := range []checks.Verdict{checks.Holds, checks.Refuted, checks.Undecided, checks.Vacuous} {
		fmt.Fprintf(&b, "<option>%s", v)
	}
	b.WriteString(`</select></label> <label>Form <select id=f><option value="">all`)
	for _, f := range forms {
		fmt.Fprintf(&b, "<option>%s", esc(f))
	}
	b.WriteString("</select></label> <button type=reset>Show all</button> <output id=n aria-live=polite></output></form>\n")
	return b.String()
}

func (p *page) overview(b *strings.Builder) error {
	keys := []string{"claim", "verdict", "slack", "observed", "relation", "predicted"}
	full, err := report.Table(p.summary, "overview", "", report.View{})
	if err != nil {
		return err
	}
	for _, c := range full.Columns { // widths are shown when there are any
		if c.Key == "required" || c.Key == "run" {
			keys = append(keys, c.Key)
		}
	}
	keys = append(keys, "violations", "inside", "trials", "controls", "form", "reference")
	t, err := report.Table(p.summary, "overview", "", report.View{Columns: keys})
	if err != nil {
		return err
	}
	b.WriteString("<div class=scroll tabindex=0 role=region aria-label=\"Overview\"><table id=claims>\n<thead><tr>")
	writeHead(b, t)
	b.WriteString("</thead>\n<tbody>\n")
	for i, row := range t.Rows {
		info := p.summary.Claims[i].Info
		fmt.Fprintf(b, "<tr data-id=\"%s\" data-v=%s data-f=%s>", esc(info.ID), p.summary.Claims[i].Verdict, esc(info.Form))
		for j, c := range row {
			switch {
			case j == 0:
				fmt.Fprintf(b, "<th scope=row><a href=\"#%s\">%s</a><br>%s", esc(info.ID), breakable(info.ID), esc(info.Title))
			default:
				fmt.Fprintf(b, "<td%s%s>%s", cellClass(c), sortValue(c), cellHTML(c))
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("</tbody></table></div>\n")
	b.WriteString(notesHTML(t))
	return nil
}

// breakable lets a claim's ID wrap after its source.
func breakable(id string) string { return strings.Replace(esc(id), "/", "/<wbr>", 1) }

// writeHead writes the headings, aligned as their columns are.
func writeHead(b *strings.Builder, t *table.Table) {
	for j, c := range t.Columns {
		class := " class=l"
		for _, row := range t.Rows {
			if j > 0 && cellClass(row[j]) == "" {
				class = ""
			}
		}
		if c.Key == "relation" {
			class = " data-still"
		}
		fmt.Fprintf(b, "<th scope=col%s>%s", class, headText(c))
	}
}

func headText(c table.Column) string {
	head := c.Head
	if c.Group != "" {
		head = c.Group + ", " + head
	}
	if c.Key == "relation" {
		return `<span class=sr>relation</span>`
	}
	return table.InHTML(head)
}

func esc(s string) string { return html.EscapeString(s) }

// formula sets a formula as MathML, or as its source when it is not understood.
func formula(tex string) string {
	m, err := mathml.ToMathML(tex, true)
	if err != nil {
		return "<code>" + esc(tex) + "</code>"
	}
	return m
}
