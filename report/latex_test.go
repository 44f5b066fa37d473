package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report"
	"convergo/report/figure"
	"convergo/report/internal/synthetic"
	"convergo/report/table"
	"convergo/report/venue"
)

// A paper is a kind of page that the tests compile.
type paper struct {
	venue  venue.Venue
	column bool
}

func (p paper) String() string {
	if p.column {
		return p.venue.Name + "-column"
	}
	return p.venue.Name
}

// preamble is a document with the page of the venue. The classes of most are in
// no small TeX, so that the page is set by hand in the article class.
func (p paper) preamble() string {
	if p.venue.Frames {
		return "\\documentclass{beamer}\n"
	}
	options := "10pt"
	if p.venue.Body > 10.5 {
		options = "11pt"
	}
	if p.venue.TwoColumns() {
		options += ",twocolumn"
	}
	s := fmt.Sprintf("\\documentclass[%s]{article}\n\\usepackage[textwidth=%gpt,textheight=%gpt]{geometry}\n", options, float64(p.venue.Text), float64(p.venue.Height))
	if p.venue.TwoColumns() {
		s += fmt.Sprintf("\\setlength{\\columnsep}{%gpt}\n", float64(p.venue.Text-2*p.venue.Column))
	}
	return s
}

// options are how a table is printed on the paper.
func (p paper) options(siunitx bool) table.Options {
	page := report.Page(p.venue, p.column)
	return table.Options{Siunitx: siunitx, Small: true, Page: &page, Wide: p.venue.TwoColumns() && !p.column}
}

// papers lists every kind of page; the narrowest unless CONVERGO_LATEX asks for all.
func papers() []paper {
	var all []paper
	for _, v := range venue.All() {
		all = append(all, paper{v, false})
		if v.TwoColumns() {
			all = append(all, paper{v, true})
		}
	}
	if os.Getenv("CONVERGO_LATEX") == "all" {
		return all
	}
	return slices.DeleteFunc(all, func(p paper) bool { return p.String() != "icml-column" })
}

var overfull = regexp.MustCompile(`(?m)^Overfull \\hbox.*$`)

// TestLaTeX compiles every kind of table for the pages of venues, and looks for
// what is too wide. With CONVERGO_LATEX=all it does so for all venues.
func TestLaTeX(t *testing.T) {
	needLaTeX(t)
	for _, p := range papers() {
		t.Run(p.String(), func(t *testing.T) {
			log := compile(t, p.String(), p.document(t))
			for _, line := range overfull.FindAllString(log, -1) {
				t.Errorf("%s", line)
			}
		})
	}
}

// TestLaTeXOfARun does the same with the tables of a run folder that
// CONVERGO_RUN names.
func TestLaTeXOfARun(t *testing.T) {
	dir := os.Getenv("CONVERGO_RUN")
	if dir == "" {
		t.Skip("CONVERGO_RUN names no run folder")
	}
	needLaTeX(t)
	rec, err := checks.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := checks.Summarize(rec)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONVERGO_LATEX", "all")
	for _, p := range papers() {
		t.Run(p.String(), func(t *testing.T) {
			var b bytes.Buffer
			b.WriteString(p.preamble() + table.Preamble(p.options(true)) + "\\begin{document}\n")
			for i, siunitx := range []bool{false, true} {
				o := p.options(siunitx)
				for _, tab := range tablesOfRun(t, s, report.View{LaTeX: &o, Cite: siunitx}) {
					tab.Label += fmt.Sprint(i)
					p.render(t, &b, tab, o)
				}
			}
			b.WriteString("\\end{document}\n")
			for _, line := range overfull.FindAllString(compile(t, p.String()+"-run", b.Bytes()), -1) {
				t.Errorf("%s", line)
			}
		})
	}
}

// tablesOfRun are the tables over all claims, and those of single claims: of
// every thirtieth, so that all forms have one.
func tablesOfRun(t *testing.T, s *checks.Summary, v report.View) []*table.Table {
	t.Helper()
	var tables []*table.Table
	for _, kind := range []string{"overview", "sources", "errata", "masked", "labels"} {
		of := v
		of.Cite = v.Cite && (kind == "overview" || kind == "sources" || kind == "errata" && v.LaTeX.Page.Width > 320) // their longest formula and a key fill a frame
		tab, err := report.Table(s, kind, "", of)
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, tab)
	}
	for _, k := range report.SourceKinds(s.Manifest.Sources) {
		tab, err := report.Table(s, k.Name, "", report.View{LaTeX: v.LaTeX})
		if err != nil {
			t.Fatal(err)
		}
		if len(tab.LeftOut) > 0 {
			t.Logf("%s leaves out %s", k.Name, strings.Join(tab.LeftOut, ", "))
		}
		tables = append(tables, tab)
	}
	v.Cite = false
	for i := 0; i < len(s.Claims); i += 30 {
		tab, err := report.Table(s, "claim", s.Claims[i].Info.ID, v)
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, tab)
	}
	return tables
}

func needLaTeX(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("pdflatex"); err != nil {
		t.Skip("pdflatex is not installed")
	}
	for _, style := range []string{"siunitx.sty", "pgfplots.sty", "booktabs.sty", "longtable.sty", "beamer.cls"} {
		if err := exec.Command("kpsewhich", style).Run(); err != nil {
			t.Skipf("%s is not installed", style)
		}
	}
}

// compile runs LaTeX and returns its log. CONVERGO_KEEP_PDF names a folder that
// keeps the pages.
func compile(t *testing.T, name string, document []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "doc.tex"), document, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("pdflatex", "-halt-on-error", "-interaction=nonstopmode", "doc.tex")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "max_print_line=1000")
	out, err := cmd.CombinedOutput()
	if keep := os.Getenv("CONVERGO_KEEP_PDF"); keep != "" {
		for _, suffix := range []string{".pdf", ".tex", ".log"} {
			b, err := os.ReadFile(filepath.Join(dir, "doc"+suffix))
			if err = errors.Join(err, os.WriteFile(filepath.Join(keep, name+suffix), b, 0o666)); err != nil {
				t.Log(err)
			}
		}
	}
	if err != nil {
		t.Fatalf("pdflatex: %v\n%s", err, out[max(0, len(out)-2000):])
	}
	return string(out)
}

// document is a paper with everything that a report prints as LaTeX.
func (p paper) document(t *testing.T) []byte {
	t.Helper()
	s := synthetic.Small()
	var b, body bytes.Buffer
	b.WriteString(p.preamble() + table.Preamble(p.options(true)) + figure.Preamble())
	if err := report.Macros(&b, s, true); err != nil {
		t.Fatal(err)
	}
	b.WriteString("\\begin{document}\n")
	for _, siunitx := range []bool{false, true} {
		for _, tab := range p.tables(t, s, p.options(siunitx)) {
			tab.Label += fmt.Sprint(siunitx)
			p.render(t, &body, tab, p.options(siunitx))
		}
	}
	c, err := report.Outcome(s, "arora2019/slope")
	if err != nil {
		t.Fatal(err)
	}
	macros := "\\noindent\\cvDuTwoZeroOneNineGramVerdict{} with slack \\cvDuTwoZeroOneNineGramSlack{} in $\\cvDuTwoZeroOneNineGramTrials$ trials; " +
		"required \\cvDuTwoZeroOneNineConvergenceRequiredWidth.\n\n"
	var figures bytes.Buffer
	for _, d := range report.Drawings(nil, c) {
		d.Figure.Width = figure.Inch(p.venue.Column.Inches())
		if err := figure.Render(&figures, d.Figure, figure.TeX, figure.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if p.venue.Frames {
		macros, figures = "\\begin{frame}"+macros+"\\end{frame}\n", *bytes.NewBufferString("\\begin{frame}" + figures.String() + "\\end{frame}\n")
	} else {
		figures.WriteString("\\clearpage\n")
	}
	b.WriteString(macros)
	b.Write(body.Bytes())
	b.WriteString("\\clearpage\n")
	b.Write(figures.Bytes())
	b.WriteString("\\end{document}\n")
	return b.Bytes()
}

// render writes a table, in a frame unless it makes its own.
func (p paper) render(t *testing.T, w io.Writer, tab *table.Table, o table.Options) {
	t.Helper()
	var b bytes.Buffer
	if err := table.Render(&b, tab, table.LaTeX, o); err != nil {
		t.Error(err)
		return
	}
	if p.venue.Frames && !strings.Contains(b.String(), "\\begin{frame}") {
		fmt.Fprintf(w, "\\begin{frame}\n%s\\end{frame}\n", b.String())
		return
	}
	fmt.Fprintf(w, "%s\\clearpage\n", b.String())
}

// tables are one of every kind, and some whose columns are named.
func (p paper) tables(t *testing.T, s *checks.Summary, o table.Options) []*table.Table {
	t.Helper()
	var tables []*table.Table
	for _, k := range []struct {
		run         *checks.Summary
		name, claim string
		columns     []string
	}{
		{s, "overview", "", nil},
		{s, "overview", "", []string{"claim", "title", "ratio"}},
		{manyClaims(s), "overview", "", nil},
		{s, "sources", "", nil},
		{s, "claim", "du2019/gram", nil},
		{s, "claim", "du2019/convergence", []string{"instance", "width", "reason"}},
		{s, "claim", "arora2019/slope", nil},
		{s, "claim", "arora2019/open", nil},
		{errata(), "errata", "", nil},
		{maskedSummary(), "masked", "", nil},
		{labelSummary(), "labels", "", nil},
	} {
		tab, err := report.Table(k.run, k.name, k.claim, report.View{Columns: k.columns, LaTeX: &o})
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, tab)
	}
	for _, tab := range append(widthTables(t), report.Checklist(s, "runs/x_1", nil)) {
		if err := (report.View{LaTeX: &o}).Apply(tab); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, tab)
	}
	return tables
}

// manyClaims is a run whose overview is longer than a page.
func manyClaims(s *checks.Summary) *checks.Summary {
	many := *s
	many.Claims = nil
	for k := range 30 {
		for _, c := range s.Claims {
			c.Info.ID += strings.Repeat("-again", k%4)
			many.Claims = append(many.Claims, c)
		}
	}
	return &many
}
