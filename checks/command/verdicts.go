package command

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"

	"github.com/mattn/go-runewidth"
)

// printOverview prints a row a claim and a row a source, narrow enough for any
// terminal, and last, where the eye is, each claim that does not hold or whose
// check is unfit, with the reason. All other columns, and more digits, are those
// of report.
func printOverview(w io.Writer, s *checks.Summary, o table.Options) error {
	claims, reasons, err := compact(s, o.Width)
	if err != nil {
		return err
	}
	sources, err := report.Table(s, "sources", "", report.View{
		Columns: []string{"source", "claims", "holds", "refuted", "undecided", "vacuous", "unfit", "loose"}})
	if err != nil {
		return err
	}
	sources.Title, sources.Caption, sources.Notes = "", "", nil
	for _, t := range []*table.Table{claims, sources} {
		if err := table.Render(w, t, table.Terminal, o); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return printReasons(w, reasons, o)
}

// compact is a row a claim for a terminal of so many columns, 0 for any, and the
// reasons that report numbers in its notes.
func compact(s *checks.Summary, width int) (claims *table.Table, reasons []reason, err error) {
	all, err := report.Table(s, "overview", "", report.View{Columns: []string{"claim", "inside", "detects", "slack", "verdict", "controls"}})
	if err != nil {
		return nil, nil, err
	}
	t := table.New(all.Columns[:5]...)
	t.Caption = "Inside: instances run within all hypotheses, of all. Detects: the smallest error of a constant that this run would have refuted. Slack: prediction over observation, 1 is tight."
	for i, row := range all.Rows {
		row[2], row[4] = brief(row[2]), judged(s.Claims[i])
		t.Add(row[:5]...)
	}
	for _, spare := range []string{"inside", "slack", "detects"} {
		if width > 0 && wide(t) > width {
			drop(t, spare)
		}
	}
	return t, reasonsOf(s, all.Notes), nil
}

// brief is what a claim detects, to the digits that a reader compares.
func brief(c table.Cell) table.Cell {
	m, ok := c.(table.Mark)
	if !ok {
		return c
	}
	m.Text, _, _ = strings.Cut(m.Text, " (")
	number, isFactor := strings.CutPrefix(m.Text, "×")
	if v, err := strconv.ParseFloat(number, 64); isFactor && err == nil {
		m.Text = fmt.Sprintf("×%.3g", v)
	}
	return m
}

// judged is the verdict, or what makes it worth nothing.
func judged(c checks.ClaimOutcome) table.Cell {
	switch {
	case len(c.Problems) > 0:
		return table.Mark{Text: "BROKEN", Class: table.Bad}
	case len(c.Weak) > 0 && c.Verdict == checks.Holds:
		return table.Mark{Text: "WEAK", Class: table.Bad}
	}
	return report.VerdictMark(c.Verdict)
}

// wide is what a table takes in a terminal when no cell is broken.
func wide(t *table.Table) int {
	const gutter = 2
	total := -gutter
	for j, col := range t.Columns {
		widest := runewidth.StringWidth(col.Head.Plain())
		for _, row := range t.Rows {
			widest = max(widest, runewidth.StringWidth(table.PlainText(row[j])))
		}
		total += widest + gutter
	}
	return total
}

func drop(t *table.Table, key string) {
	for j, col := range t.Columns {
		if col.Key != key {
			continue
		}
		t.Columns = append(t.Columns[:j:j], t.Columns[j+1:]...)
		for i, row := range t.Rows {
			t.Rows[i] = append(row[:j:j], row[j+1:]...)
		}
		return
	}
}

// A reason says why a claim does not hold, or why its check is unfit.
type reason struct {
	verdict table.Cell
	text    string // begins with the claim
}

// reasonsOf gives each note of the overview, which begins with its claim, the
// verdict of that: the refuted and broken ones last.
func reasonsOf(s *checks.Summary, notes []table.Note) []reason {
	verdicts, bad := map[string]table.Cell{}, map[string]bool{}
	for _, c := range s.Claims {
		verdicts[c.Info.ID], bad[c.Info.ID] = judged(c), c.Bad()
	}
	var mild, grave []reason
	for _, n := range notes {
		text := n.Body.Plain()
		claim, _, _ := strings.Cut(text, ": ")
		switch v, ok := verdicts[claim]; {
		case !ok:
			mild = append(mild, reason{table.Text("NOTE"), text})
		case bad[claim]:
			grave = append(grave, reason{v, text})
		default:
			mild = append(mild, reason{v, text})
		}
	}
	return append(mild, grave...)
}

// printReasons prints them in two columns, the reasons wrapped.
func printReasons(w io.Writer, reasons []reason, o table.Options) error {
	if len(reasons) == 0 {
		return nil
	}
	t := table.New(table.Column{Key: "verdict", Head: "verdict"}, table.Column{Key: "why", Head: "why not HOLDS"})
	for _, r := range reasons {
		t.Add(r.verdict, table.Text(r.text))
	}
	if err := table.Render(w, t, table.Terminal, o); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
