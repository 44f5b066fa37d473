package gate

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"
)

// Table returns the comparison as a table: a row a claim, old and new slack
// with their intervals, the change, and both verdicts. With onlyChanges, claims
// that stayed the same are counted in a note instead.
func Table(c *checks.Comparison, onlyChanges bool) *table.Table {
	t := table.New(
		table.Column{Key: "claim", Head: "claim"},
		table.Column{Key: "old_slack", Head: "old", Group: "slack"},
		table.Column{Key: "new_slack", Head: "new", Group: "slack"},
		table.Column{Key: "change", Head: "change", Align: table.Right},
		table.Column{Key: "old_verdict", Head: "old", Group: "verdict"},
		table.Column{Key: "new_verdict", Head: "new", Group: "verdict"},
		table.Column{Key: "controls", Head: "controls", Align: table.Right},
		table.Column{Key: "result", Head: "result"},
	)
	t.Title, t.Label = "Against the baseline", "tab:regress"
	same := 0
	for _, ch := range c.Changes {
		if ch.Kind == checks.Same && onlyChanges {
			same++
			continue
		}
		result := table.Cell(kindMark(ch.Kind))
		if len(ch.Reasons) > 0 {
			mark := fmt.Sprint(len(t.Notes) + 1)
			t.Note(mark, table.Literal(ch.Claim+": "+strings.Join(ch.Reasons, "; ")))
			result = table.Noted{Cell: result, Mark: mark}
		}
		t.Add(table.Text(ch.Claim), slack(ch.Old), slack(ch.New), change(ch),
			verdict(ch.Old.Verdict), verdict(ch.New.Verdict), controls(ch), result)
	}
	if same > 0 {
		t.Note("", table.Literal(fmt.Sprintf("%d further claims are the same as in the baseline.", same)))
	}
	for _, n := range c.Notes {
		t.Note("", table.Literal(n))
	}
	return t
}

func slack(l checks.BaselineLine) table.Cell {
	switch {
	case l.Claim == "" || math.IsNaN(l.Slack):
		return table.Empty{}
	case math.IsInf(l.Slack, 0):
		return table.Math{TeX: `\infty`, Plain: "∞"}
	case math.IsInf(l.Lo, 0) || math.IsInf(l.Hi, 0) || l.Lo == l.Hi || l.Lo > l.Slack || l.Hi < l.Slack:
		return table.Number(l.Slack).Digits(4)
	}
	return table.Interval(l.Slack, l.Lo, l.Hi)
}

// change is the relative change of the slack, or "~" where the intervals
// overlap, as benchstat writes it.
func change(ch checks.Change) table.Cell {
	o, n := ch.Old, ch.New
	if o.Claim == "" || n.Claim == "" || math.IsNaN(o.Slack) || math.IsNaN(n.Slack) || math.IsInf(o.Slack, 0) || math.IsInf(n.Slack, 0) {
		return table.Empty{}
	}
	if n.Lo <= o.Hi && o.Lo <= n.Hi {
		return table.Text("~")
	}
	return table.Text(fmt.Sprintf("%+.1f%%", 100*(n.Slack/o.Slack-1)))
}

func verdict(v checks.Verdict) table.Cell {
	if v == "" {
		return table.Empty{}
	}
	return table.Text(string(v))
}

func controls(ch checks.Change) table.Cell {
	if ch.New.Claim == "" {
		return table.Empty{}
	}
	return table.Text(fmt.Sprintf("%d/%d", ch.New.Caught, ch.New.Controls))
}

func kindMark(k checks.ChangeKind) table.Mark {
	class := map[checks.ChangeKind]table.Class{
		checks.Regressed: table.Bad, checks.Removed: table.Bad, checks.Improved: table.Good, checks.Incomparable: table.Unsure,
	}
	return table.Mark{Text: string(k), Class: class[k]}
}

// Line sums a comparison up in one line.
func Line(c *checks.Comparison) string {
	counts := map[checks.ChangeKind]int{}
	for _, ch := range c.Changes {
		counts[ch.Kind]++
	}
	text := fmt.Sprintf("%d claims: %d same, %d regressed, %d removed, %d improved, %d added, %d not comparable", len(c.Changes),
		counts[checks.Same], counts[checks.Regressed], counts[checks.Removed], counts[checks.Improved], counts[checks.Added], counts[checks.Incomparable])
	if counts[checks.Improved]+counts[checks.Added] > 0 {
		text += fmt.Sprintf("; accept with '%s baseline write'", report.Program(c.Manifest))
	}
	return text
}

// SummaryLimit is the size that CI services accept as a step summary.
const SummaryLimit = 1 << 20

// Summary writes a Markdown step summary below SummaryLimit bytes: what closes
// the gate first, then the other changes, cut with a word about it if need be.
func Summary(w io.Writer, c *checks.Comparison) error {
	var b bytes.Buffer
	state := "open"
	if len(c.Regressions()) > 0 {
		state = "CLOSED"
	}
	fmt.Fprintf(&b, "## Gate of %s: %s\n\n%s\n\n", report.Program(c.Manifest), state, Line(c))
	ordered := *c
	ordered.Changes = nil
	for _, closing := range []bool{true, false} {
		for _, ch := range c.Changes {
			if closes(ch) == closing {
				ordered.Changes = append(ordered.Changes, ch)
			}
		}
	}
	const cutNote = "\n\nThe table is cut: the whole of it is in the terminal output.\n"
	for n := len(ordered.Changes); ; n /= 2 {
		part := ordered
		part.Changes = ordered.Changes[:n]
		var t bytes.Buffer
		if err := table.Render(&t, Table(&part, true), table.Markdown, table.Options{}); err != nil {
			return err
		}
		if b.Len()+t.Len()+len(cutNote) < SummaryLimit {
			b.Write(t.Bytes())
			if n < len(ordered.Changes) {
				b.WriteString(cutNote)
			}
			break
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
