package page

import (
	"fmt"
	"math"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/mathml"
	"convergo/report/table"
)

// A claimLine is what the folded claim shows beside its name.
type claimLine struct{ slack, detects table.Cell }

// claimLines reads the lines of all claims from the overview.
func claimLines(s *checks.Summary) (map[string]claimLine, error) {
	t, err := report.Table(s, "overview", "", report.View{Columns: []string{"slack", "detects"}})
	if err != nil {
		return nil, err
	}
	lines := make(map[string]claimLine, len(s.Claims))
	for i, c := range s.Claims {
		lines[c.Info.ID] = claimLine{t.Rows[i][0], t.Rows[i][1]}
	}
	return lines, nil
}

// claim renders one claim.
func (p *page) claim(c checks.ClaimOutcome, line claimLine, usual string) (*claimSection, error) {
	t, err := report.Table(p.summary, "claim", c.Info.ID, report.View{Facts: !p.large || c.Verdict != checks.Holds})
	if err != nil {
		return nil, err
	}
	cs := &claimSection{outcome: c, before: claimSummary(c, line)}
	if f := c.Info.Formula; f != "" {
		cs.formula, cs.text = formula(f), text(mathml.ToText(f))
	}
	var b strings.Builder
	writeMeta(&b, c.Info, usual)
	for _, why := range reasons(c) {
		fmt.Fprintf(&b, "<p class=reason>%s\n", why)
	}
	if c.Info.Statement != "" {
		fmt.Fprintf(&b, "<div class=statement>%s</div>\n", statement(c.Info.Statement))
	}
	b.WriteString(instances(t, len(c.Instances)))
	cs.middle = b.String()
	var rest strings.Builder
	writeDetects(&rest, c)
	p.writeControls(&rest, c, t)
	writeSearch(&rest, c.Search)
	if p.large && c.Verdict == checks.Holds && len(c.Controls) > 0 && caught(c) == len(c.Controls) {
		cs.rest = rest.String()
		cs.after = fmt.Sprintf("<p class=rest>Controls, caught %d of %d\n</details>\n", caught(c), len(c.Controls))
		return cs, nil
	}
	writeWitness(&rest, c.Witness, report.Program(p.summary.Manifest))
	cs.after = rest.String() + "</details>\n"
	return cs, nil
}

// claimSummary is the line that unfolds.
func claimSummary(c checks.ClaimOutcome, line claimLine) string {
	i := c.Info
	keys := ""
	switch slack := bare(line.slack).(type) {
	case table.Num:
		keys += sortKey("s", slack.Value())
	case table.Math: // the sign of infinity
		keys += sortKey("s", math.Inf(1))
	}
	if d := c.WorstDetect(); d != nil && d.Kind == checks.Factor {
		keys += sortKey("d", float64(d.Size))
	}
	if len(c.Faults()) > 0 {
		keys += " data-unfit"
	}
	detects := line.detects
	if m, ok := detects.(table.Mark); ok && m.Class == table.Good {
		detects = table.Text(m.Text)
	}
	class := "" // the style sheet takes a verdict without a class as HOLDS
	if c.Verdict != checks.Holds {
		class = " class=" + verdictClass(c.Verdict)
	}
	return fmt.Sprintf("<details class=claim id=\"%s\"%s><summary><b%s>%s</b><span>%s <code>%s</code></span><span>slack %s</span><span>detects %s</span></summary>\n",
		esc(i.ID), keys, class, c.Verdict, text(i.Title), text(i.ID), orDash(cellHTML(line.slack)), orDash(cellHTML(detects)))
}

func orDash(html string) string {
	if html == "" {
		return "–"
	}
	return html
}

func writeMeta(b *strings.Builder, i checks.Info, usual string) {
	b.WriteString("<p class=meta>")
	if !strings.Contains(i.Statement, "\nReference: ") { // else it is said there
		b.WriteString(text(i.Reference) + " · ")
	}
	fmt.Fprintf(b, "%s, constants %s", text(i.Form), text(string(i.Basis)))
	if i.Convention != "" && i.Convention != usual {
		fmt.Fprintf(b, " · %s", prose(i.Convention))
	}
	b.WriteString("\n")
}

// formula sets a formula as MathML, or as its source when it is not understood.
func formula(tex string) string {
	m, err := mathml.ToHTML(tex, true)
	if err != nil {
		return "<code>" + text(tex) + "</code>"
	}
	return m
}

func writeSearch(b *strings.Builder, s *checks.SearchRecord) {
	if s == nil {
		return
	}
	fmt.Fprintf(b, "<p>Searched: %d of %d parameters drawn, %d inside", s.Drawn, s.Planned, s.Met)
	if s.TooDear > 0 {
		fmt.Fprintf(b, ", %d too dear", s.TooDear)
	}
	if s.Witness == nil && s.Error == "" {
		b.WriteString(", no counterexample")
	}
	if s.Error != "" {
		fmt.Fprintf(b, "; %s", prose(s.Error))
	}
	b.WriteString(".\n")
}

// writeDetects says how small an error was found. What the statement says
// already of looseness is not said again.
func writeDetects(b *strings.Builder, c checks.ClaimOutcome) {
	var lines []string
	for _, line := range report.DetectLines(c) {
		if strings.HasPrefix(line, "Loose: ") && strings.Contains(c.Info.Statement, "Loose: ") {
			continue
		}
		lines = append(lines, prose(nameInstance(line, c)))
	}
	if len(lines) == 1 {
		lines[0] = strings.TrimPrefix(lines[0], "the prediction: ")
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "<ul><li>%s</ul>\n", strings.Join(lines, "<li>"))
	}
}

// nameInstance puts the number of an instance for its parameters at the end of
// a line.
func nameInstance(line string, c checks.ClaimOutcome) string {
	for i, o := range c.Instances {
		if head, ok := strings.CutSuffix(line, " at "+report.Compact(o.Params)); ok {
			return fmt.Sprintf("%s at instance %d", head, i+1)
		}
	}
	return line
}

// caught counts the controls that were refuted.
func caught(c checks.ClaimOutcome) int {
	n := 0
	for _, k := range c.Controls {
		if k.Caught {
			n++
		}
	}
	return n
}

// writeControls lists the sabotaged variants: why each must be caught, and what
// was seen where it was run. Their rows follow those of the instances in t.
func (p *page) writeControls(b *strings.Builder, c checks.ClaimOutcome, t *table.Table) {
	if len(c.Controls) == 0 {
		return
	}
	fmt.Fprintf(b, "<p>Controls, caught %d of %d:<ul>", caught(c), len(c.Controls))
	row := len(c.Instances)
	for _, k := range c.Controls {
		mark := ""
		if !k.Caught {
			mark = " <b class=bad>NOT CAUGHT</b>"
		}
		fmt.Fprintf(b, "<li><i>%s</i>%s: %s", text(k.Name), mark, prose(k.Why))
		for _, o := range k.Instances {
			fmt.Fprintf(b, "; %s", p.controlRun(o, c, t, t.Rows[row]))
			row++
		}
	}
	b.WriteString("</ul>\n")
}

// controlRun is what a control gave at one of its parameters. A large page
// names these only where they are those of an instance.
func (p *page) controlRun(o checks.InstanceOutcome, c checks.ClaimOutcome, t *table.Table, row []table.Cell) string {
	cells := map[string]table.Cell{}
	for j, col := range t.Columns {
		cells[col.Key] = row[j]
	}
	var seen []string
	if o.Result.Trials > 0 {
		seen = append(seen, cellHTML(cells["worst"]))
		if claimed := cellHTML(cells["predicted"]); claimed != "" {
			seen = append(seen, "claimed "+cellHTML(cells["relation"])+" "+claimed)
		}
	}
	at := " at " + report.Compact(o.Params)
	if where := nameInstance(at, c); where != at || !p.large {
		seen = append(seen, text(strings.TrimPrefix(where, " ")))
	}
	return strings.Join(seen, ", ")
}

func writeWitness(b *strings.Builder, w *checks.Witness, program string) {
	if w == nil {
		return
	}
	fmt.Fprintf(b, "<p>Witness: %s: observed %.6g, claimed %s %.6g. Replay it:<pre class=command>%s replay %s</pre>\n",
		text(report.Compact(w.Params)), float64(w.Observed), text(string(w.Relation)), float64(w.Predicted), text(program), text(report.ShellQuote(w.String())))
}
