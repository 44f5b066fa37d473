package page

import (
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/outfile"

	_ "embed"
)

//go:embed page.css
var css string

//go:embed page.js
var js string

const (
	// The page of all sources is to stay below 1.5 MB. A page above lazyFrom,
	// figures and facts included, packs formulas, figures and caught controls, and leaves out the
	// columns of facts, but for claims that do not hold. Of the packed figures
	// as many are kept as have room below the budget.
	budget   = 1_495_000
	lazyFrom = 1_000_000
	// mostFigures bounds the figures of one claim: more are a matter for
	// files.
	mostFigures = 4
)

// Write renders the page into the file, or into index.html of a folder where
// the path does not end in .html. Folders are made when missing. The old page
// stays when writing fails.
func Write(path string, rec *checks.Records, s *checks.Summary) error {
	return into(path, func(w io.Writer) error { return Render(w, rec, s) })
}

// into renders a page where Write says.
func into(path string, render func(io.Writer) error) error {
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".html" && ext != ".htm" {
		path = filepath.Join(path, "index.html")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("folder of the page: %w", err)
	}
	return outfile.Write(path, render)
}

// Render writes the page of a run. The records give the histograms of slack and
// may be nil.
func Render(w io.Writer, rec *checks.Records, s *checks.Summary) error {
	p := &page{rec: rec, summary: s}
	if err := p.build(); err != nil {
		return err
	}
	p.set(p.figures())
	if p.size() > lazyFrom {
		if err := p.shrink(); err != nil {
			return err
		}
	}
	for _, part := range p.parts() {
		if _, err := io.WriteString(w, part); err != nil {
			return err
		}
	}
	return nil
}

type page struct {
	rec     *checks.Records
	summary *checks.Summary
	large   bool // too large to hold everything
	head    string
	sources []*sourceSection
	packed  string // the lazy parts of a large page
}

// shrink builds the page again without what a large page has no room for, and
// with as many figures as the budget has room for: the first of every claim,
// then the second, and so on.
func (p *page) shrink() error {
	p.large = true
	if err := p.build(); err != nil {
		return err
	}
	drawn := p.figures()
	var fault error
	tooMany := sort.Search(len(drawn)+1, func(n int) bool {
		if err := p.pack(drawn[:n]); err != nil {
			fault = err
		}
		return p.size() > budget
	})
	if fault != nil {
		return fault
	}
	return p.pack(drawn[:max(0, tooMany-1)])
}

// A drawn is a figure of a claim, ready to be set.
type drawn struct {
	claim int
	html  string
}

// figures draws those that the claims may have.
func (p *page) figures() []drawn {
	claims := p.claims()
	var rounds [mostFigures][]drawn
	for i, c := range claims {
		for k, d := range chosen(report.Drawings(p.rec, c.outcome)) {
			if svg := Figure(d.Figure); svg != "" {
				rounds[k] = append(rounds[k], drawn{i, svg})
			}
		}
	}
	return slices.Concat(rounds[:]...)
}

// set gives the claims their figures.
func (p *page) set(figures []drawn) {
	claims := p.claims()
	for _, c := range claims {
		c.figures = ""
	}
	for _, f := range figures {
		claims[f.claim].figures += f.html
	}
}

// pack makes the lazy parts of the page, with these figures.
func (p *page) pack(figures []drawn) (err error) {
	p.set(figures)
	var parts []lazy
	for _, c := range p.claims() {
		parts = append(parts, lazy{c.formula, c.figures, c.rest})
	}
	p.packed, err = pack(parts)
	return err
}

// A sourceSection is a row of the overview with what it unfolds into.
type sourceSection struct {
	before string
	claims []*claimSection
	after  string
}

// A claimSection is one claim: up to its formula, from there to its figures,
// and the rest.
type claimSection struct {
	outcome                checks.ClaimOutcome
	before, formula, text  string // the formula as MathML and as text
	middle, figures, after string
	rest                   string // what a large page packs of after
}

func (p *page) build() error {
	outcomes := report.SourceOutcomes(p.summary)
	lines, err := claimLines(p.summary)
	if err != nil {
		return err
	}
	p.head = p.opening(outcomes)
	p.sources = nil
	for i, o := range outcomes {
		s := &sourceSection{before: sourceRow(o), after: "</details>\n"}
		if base := o.Source.Year == 0; base && i > 0 && outcomes[i-1].Source.Year != 0 {
			s.before = "<h2 class=base>Base facts</h2>\n" + s.before
		}
		usual := usualConvention(o)
		s.before += sourceBody(o, usual)
		for _, c := range o.Claims {
			cs, err := p.claim(c, lines[c.Info.ID], usual)
			if err != nil {
				return fmt.Errorf("claim %s: %w", c.Info.ID, err)
			}
			s.claims = append(s.claims, cs)
		}
		p.sources = append(p.sources, s)
	}
	return nil
}

func (p *page) claims() []*claimSection {
	var all []*claimSection
	for _, s := range p.sources {
		all = append(all, s.claims...)
	}
	return all
}

func (p *page) parts() []string {
	out := []string{p.head}
	for _, s := range p.sources {
		out = append(out, s.before)
		for _, c := range s.claims {
			formula, figures := c.formula, c.figures
			if p.large {
				formula, figures = c.text, ""
			}
			if formula != "" {
				formula = "<div class=formula>" + formula + "</div>\n"
			}
			if figures != "" {
				figures = "<div class=figures>" + figures + "</div>\n"
			}
			out = append(out, c.before, formula, c.middle, figures, c.after)
		}
		out = append(out, s.after)
	}
	out = append(out, "</section>\n</main>\n")
	if p.large {
		out = append(out, "<script type=application/gzip id=lazy>", p.packed, "</script>\n")
	}
	return append(out, "<script>\n", js, "</script>\n</body>\n</html>\n")
}

func (p *page) size() int {
	n := 0
	for _, part := range p.parts() {
		n += len(part)
	}
	return n
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

// esc makes text safe in an attribute between quotation marks.
func esc(s string) string { return html.EscapeString(s) }

var escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;")

// text makes text safe between tags, in fewer bytes than esc.
func text(s string) string { return escapeText.Replace(s) }
