package page

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"
)

// claim renders the section of one claim.
func (p *page) claim(c checks.ClaimOutcome) (section, error) {
	t, err := report.Table(p.summary, "claim", c.Info.ID, report.View{Facts: p.facts})
	if err != nil {
		return section{}, err
	}
	if err := verdictFirst(t); err != nil {
		return section{}, err
	}
	var b strings.Builder
	i := c.Info
	fmt.Fprintf(&b, "<section class=claim id=\"%s\"><h2>%s <b class=%s>%s</b></h2>\n", esc(i.ID), esc(i.Title), markClass(report.VerdictMark(c.Verdict).Class), c.Verdict)
	fmt.Fprintf(&b, "<p class=meta><code>%s</code> · %s · <a href=\"#source-%s\">%s</a> · %s, constants %s", breakable(i.ID), esc(i.Reference), esc(i.Source), esc(p.cite(i.Source)), esc(i.Form), esc(string(i.Basis)))
	if i.Convention != "" {
		fmt.Fprintf(&b, " · %s", esc(i.Convention))
	}
	b.WriteString("\n")
	if i.Formula != "" {
		fmt.Fprintf(&b, "<div class=formula tabindex=0 role=region aria-label=\"Formula\">%s</div>\n", formula(i.Formula))
	}
	if c.Verdict != checks.Holds && c.Reason != "" {
		fmt.Fprintf(&b, "<p class=reason>%s\n", esc(c.Reason))
	}
	for _, problem := range c.Faults() {
		fmt.Fprintf(&b, "<p class=warn>%s\n", esc(problem))
	}
	if i.Statement != "" {
		fmt.Fprintf(&b, "<details><summary>Statement</summary>%s</details>\n", statement(i.Statement))
	}
	b.WriteString(gridHTML(t))
	var a strings.Builder
	writeDetects(&a, c)
	writeSearch(&a, c.Search)
	writeControls(&a, c)
	writeWitness(&a, c.Witness, report.Program(p.summary.Manifest))
	a.WriteString("<p class=up><a href=\"#overview\">Overview</a></section>\n")
	return section{before: b.String(), after: a.String()}, nil
}

// verdictFirst moves the verdict beside the instance, where a narrow screen
// still shows it.
func verdictFirst(t *table.Table) error {
	keys := []string{"instance", "verdict"}
	for _, c := range t.Columns {
		if c.Key != "instance" && c.Key != "verdict" {
			keys = append(keys, c.Key)
		}
	}
	return report.View{Columns: keys}.Apply(t)
}

// cite names a source in a few words.
func (p *page) cite(key string) string {
	for _, i := range p.summary.Manifest.Sources {
		if i.Key == key {
			return report.Cite(checks.Source{Key: i.Key, Title: i.Title, Authors: i.Authors, Year: i.Year})
		}
	}
	return key
}

var heading = regexp.MustCompile(`^([A-Z][A-Za-z ]{2,20}):\s+`)

// statement sets a doc comment: paragraphs, of which some open with a heading,
// and indented blocks as they stand.
func statement(text string) string {
	var b strings.Builder
	for _, para := range strings.Split(strings.TrimSpace(text), "\n\n") {
		switch m := heading.FindStringSubmatch(para); {
		case strings.HasPrefix(para, "\t") || strings.HasPrefix(para, " "):
			fmt.Fprintf(&b, "<pre>%s</pre>", esc(para))
		case m != nil:
			fmt.Fprintf(&b, "<h3>%s</h3><p>%s", esc(m[1]), esc(para[len(m[0]):]))
		default:
			fmt.Fprintf(&b, "<p>%s", esc(para))
		}
	}
	return b.String()
}

// gridHTML sets a table with as few bytes as HTML allows: end tags of cells and
// rows are optional.
func gridHTML(t *table.Table) string {
	if len(t.Rows) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<div class=scroll tabindex=0 role=region aria-label=\"Instances\"><table>")
	if c := caption(t); c != "" {
		fmt.Fprintf(&b, "<caption>%s</caption>", c)
	}
	b.WriteString("<thead><tr>")
	writeHead(&b, t)
	b.WriteString("</thead><tbody>\n")
	for _, row := range t.Rows {
		b.WriteString("<tr>")
		for j, c := range row {
			if j == 0 {
				fmt.Fprintf(&b, "<th scope=row>%s", cellHTML(c))
				continue
			}
			fmt.Fprintf(&b, "<td%s>%s", cellClass(c), cellHTML(c))
		}
		b.WriteString("\n")
	}
	b.WriteString("</tbody></table></div>\n")
	b.WriteString(notesHTML(t))
	return b.String()
}

// caption keeps of a table's caption what the page does not say elsewhere: what
// all instances share, and what the brackets are.
func caption(t *table.Table) string {
	var kept []string
	for _, part := range strings.SplitAfter(string(t.Caption), ". ") {
		if strings.HasPrefix(part, "All instances:") || strings.HasPrefix(part, "Brackets:") {
			kept = append(kept, table.InHTML(table.Inline(strings.TrimSpace(part))))
		}
	}
	return strings.Join(kept, " ")
}

func notesHTML(t *table.Table) string {
	var b strings.Builder
	for _, n := range t.Notes {
		b.WriteString("<p class=note>")
		if n.Mark != "" {
			fmt.Fprintf(&b, "<sup>%s</sup> ", esc(n.Mark))
		}
		b.WriteString(table.InHTML(n.Body) + "\n")
	}
	return b.String()
}

func cellHTML(c table.Cell) string {
	switch c := c.(type) {
	case table.Noted:
		return cellHTML(c.Cell) + "<sup>" + esc(c.Mark) + "</sup>"
	case table.Mark:
		return fmt.Sprintf("<b class=%s>%s</b>", markClass(c.Class), esc(c.Text))
	case table.Empty:
		return "–"
	case table.Math: // signs and infinities: MathML would be ten times as long
		return esc(table.PlainText(c))
	}
	return table.InHTML(c)
}

func markClass(c table.Class) string {
	return map[table.Class]string{table.Good: "good", table.Bad: "bad", table.Unsure: "unsure", table.Muted: "muted"}[c]
}

// cellClass sets words flush left; all else, being the rule, is set right.
func cellClass(c table.Cell) string {
	switch c := c.(type) {
	case table.Noted:
		return cellClass(c.Cell)
	case table.Text:
		if c != "" && c[0] >= '0' && c[0] <= '9' { // a share, such as 3/5
			return ""
		}
		return " class=l"
	case table.Mark, table.Inline:
		return " class=l"
	}
	return ""
}

// sortValue gives the script the number behind a cell.
func sortValue(c table.Cell) string {
	for {
		n, ok := c.(table.Noted)
		if !ok {
			break
		}
		c = n.Cell
	}
	switch c := c.(type) {
	case table.Num:
		return " data-n=" + strconv.FormatFloat(c.Value(), 'g', 4, 64)
	case table.Count:
		return fmt.Sprintf(" data-n=%d", int64(c))
	case table.Math:
		if c.TeX == `\infty` {
			return " data-n=1e999"
		}
	}
	return ""
}

func writeSearch(b *strings.Builder, s *checks.SearchRecord) {
	if s == nil {
		return
	}
	fmt.Fprintf(b, "<p>Search over all parameters: %d of %d drawn, %d inside the hypotheses", s.Drawn, s.Planned, s.Met)
	if s.TooDear > 0 {
		fmt.Fprintf(b, ", %d too dear", s.TooDear)
	}
	if s.Witness == nil && s.Error == "" {
		b.WriteString(", no counterexample")
	}
	if s.Error != "" {
		fmt.Fprintf(b, "; %s", esc(s.Error))
	}
	b.WriteString(".\n")
}

func writeDetects(b *strings.Builder, c checks.ClaimOutcome) {
	lines := report.DetectLines(c)
	if len(lines) == 0 {
		return
	}
	b.WriteString("<ul class=detects>")
	for _, line := range lines {
		fmt.Fprintf(b, "<li>%s", esc(line))
	}
	b.WriteString("</ul>\n")
}

func writeControls(b *strings.Builder, c checks.ClaimOutcome) {
	if len(c.Controls) == 0 {
		return
	}
	b.WriteString("<ul class=controls>")
	for _, k := range c.Controls {
		mark, class := "caught", "good"
		if !k.Caught {
			mark, class = "NOT CAUGHT", "bad"
		}
		fmt.Fprintf(b, "<li>Control <i>%s</i> <b class=%s>%s</b>: %s", esc(k.Name), class, mark, esc(k.Why))
	}
	b.WriteString("</ul>\n")
}

func writeWitness(b *strings.Builder, w *checks.Witness, program string) {
	if w == nil {
		return
	}
	fmt.Fprintf(b, "<h3>Witness</h3><p>%s: observed %.6g, claimed %s %.6g. Replay it:<pre class=command>%s replay %s</pre>\n",
		esc(report.Compact(w.Params)), float64(w.Observed), esc(string(w.Relation)), float64(w.Predicted), esc(program), esc(report.ShellQuote(w.String())))
}

// bottom lists the sources, and closes the page with its script.
func (p *page) bottom() string {
	has := map[string]bool{}
	for _, c := range p.summary.Claims {
		has[c.Info.Source] = true
	}
	var b strings.Builder
	b.WriteString("<section id=sources><h2>Sources</h2>\n")
	for _, i := range p.summary.Manifest.Sources {
		if !has[i.Key] {
			continue
		}
		fmt.Fprintf(&b, "<article id=\"source-%s\"><h3>%s</h3><p>%s", esc(i.Key), esc(i.Title), esc(i.Authors))
		if i.Year != 0 {
			fmt.Fprintf(&b, ", %d", i.Year)
		}
		if bib := strings.TrimSpace(i.BibTeX); bib != "" {
			fmt.Fprintf(&b, "<details><summary>BibTeX</summary><pre>%s</pre></details>", esc(bib))
		}
		b.WriteString("</article>\n")
	}
	fmt.Fprintf(&b, "</section>\n</main>\n<script>\n%s</script>\n</body>\n</html>\n", js)
	return b.String()
}
