package report

import (
	"fmt"
	"math"
	"strings"

	"convergo/checks"
	"convergo/checks/stats"
	"convergo/report/table"
)

// Overview returns the table of a run: a row a claim, with the verdict and what
// it rests on.
func Overview(s *checks.Summary) *table.Table {
	t := table.New(
		table.Column{Key: "claim", Head: "claim"},
		table.Column{Key: "reference", Head: "where stated"},
		table.Column{Key: "instances", Head: "instances", Align: table.Right},
		table.Column{Key: "trials", Head: "trials"},
		table.Column{Key: "predicted", Head: "predicted"},
		table.Column{Key: "worst", Head: "worst", Group: "observed"},
		table.Column{Key: "median", Head: "median", Group: "observed"},
		table.Column{Key: "slack", Head: "slack"},
		table.Column{Key: "failures", Head: "failures", Align: table.Right},
		table.Column{Key: "verdict", Head: "verdict"},
		table.Column{Key: "control", Head: "control"},
	)
	t.Title = "Verdicts"
	t.Label = "tab:overview"
	t.Caption = caption(s)
	notes := &notes{table: t}
	for _, c := range s.Claims {
		t.Add(overviewRow(c, notes)...)
	}
	return t
}

// caption states what a reader needs to judge the numbers.
func caption(s *checks.Summary) table.Inline {
	m := s.Manifest
	return table.Inline(fmt.Sprintf("Verdicts on %d claims at $\\alpha = %g$ for the whole run (profile %s, seed %d). "+
		"Instances: inside the hypotheses and run, of all. Predicted and observed belong to the instance with the least slack; "+
		"slack is prediction over observation, oriented so that at least 1 means that the claim held. "+
		"Failures: violating trials of all, with the exact 95\\%% interval of the worst instance where the claim is probabilistic.",
		len(s.Claims), float64(m.Alpha), table.Literal(m.Profile.Name), m.Seed))
}

func overviewRow(c checks.ClaimOutcome, n *notes) []table.Cell {
	cells := []table.Cell{table.Text(c.Info.ID), table.Text(c.Info.Reference), table.Text(instanceCount(c))}
	tight, trials := Tightest(c), 0
	for _, o := range c.Instances {
		trials += o.Result.Trials
	}
	cells = append(cells, table.Count(trials))
	if tight == nil {
		cells = append(cells, table.Empty{}, table.Empty{}, table.Empty{}, table.Empty{}, table.Empty{})
	} else {
		r := tight.Result
		cells = append(cells, number(r.Predicted), number(r.ObservedWorst), number(r.ObservedMedian), slackCell(r.SlackWorst), failures(c))
	}
	verdict := table.Cell(VerdictMark(c.Verdict))
	if c.Verdict != checks.Holds && c.Reason != "" {
		verdict = table.Noted{Cell: verdict, Mark: n.mark(c.Info.ID + ": " + c.Reason)}
	}
	return append(cells, verdict, controlMark(c, n))
}

// Tightest returns the run instance that says most about the claim: inside its
// hypotheses before outside, then the worst verdict, then the least slack. It
// is nil when none was run.
func Tightest(c checks.ClaimOutcome) *checks.InstanceOutcome {
	var best *checks.InstanceOutcome
	rank := map[checks.Verdict]int{checks.Refuted: 0, checks.Undecided: 1, checks.Holds: 2, checks.Vacuous: 3}
	better := func(a, b *checks.InstanceOutcome) bool {
		if a.Inside != b.Inside {
			return a.Inside
		}
		if ra, rb := rank[a.Result.Verdict], rank[b.Result.Verdict]; ra != rb {
			return ra < rb
		}
		return float64(a.Result.SlackWorst) < float64(b.Result.SlackWorst) || math.IsNaN(float64(b.Result.SlackWorst))
	}
	for i := range c.Instances {
		o := &c.Instances[i]
		if o.Result.Trials > 0 && (best == nil || better(o, best)) {
			best = o
		}
	}
	return best
}

// instanceCount reads "inside/all", with what was too dear or outside named.
func instanceCount(c checks.ClaimOutcome) string {
	inside, dear, outside := 0, 0, 0
	for _, o := range c.Instances {
		switch {
		case o.Inside:
			inside++
		case o.Skip == "cost":
			dear++
		default:
			outside++
		}
	}
	s := fmt.Sprintf("%d/%d", inside, len(c.Instances))
	var why []string
	if dear > 0 {
		why = append(why, fmt.Sprintf("%d too dear", dear))
	}
	if outside > 0 {
		why = append(why, fmt.Sprintf("%d outside", outside))
	}
	if len(why) > 0 {
		s += " (" + strings.Join(why, ", ") + ")"
	}
	return s
}

// failures counts violating trials inside the hypotheses, or outside them when
// there are none inside.
func failures(c checks.ClaimOutcome) table.Cell {
	if pooled(c.Info.Form) {
		return table.Empty{}
	}
	inside := false
	for _, o := range c.Instances {
		inside = inside || o.Inside
	}
	bad, all, upper := 0, 0, 0.0
	for _, o := range c.Instances {
		r := o.Result
		if o.Inside != inside || r.Trials == 0 {
			continue
		}
		heard := r.Held + r.Violated + r.Unresolved
		bad, all = bad+r.Violated, all+heard
		if _, hi := stats.ClopperPearson(r.Violated, heard, 0.05); heard > 0 {
			upper = math.Max(upper, hi)
		}
	}
	if c.Info.Form == "probably" && all > 0 {
		return table.Text(fmt.Sprintf("%d/%d (≤ %.2g)", bad, all, upper))
	}
	return table.Text(fmt.Sprintf("%d/%d", bad, all))
}

// pooled reports whether single trials of the form cannot fail.
func pooled(form string) bool { return form != "always" && form != "probably" }

// VerdictMark is a verdict as a cell.
func VerdictMark(v checks.Verdict) table.Mark {
	class := map[checks.Verdict]table.Class{
		checks.Holds: table.Good, checks.Refuted: table.Bad, checks.Undecided: table.Unsure, checks.Vacuous: table.Muted,
	}
	return table.Mark{Text: string(v), Class: class[v]}
}

func controlMark(c checks.ClaimOutcome, n *notes) table.Cell {
	caught := 0
	for _, k := range c.Controls {
		if k.Caught {
			caught++
		}
	}
	m := table.Mark{Text: fmt.Sprintf("%d/%d caught", caught, len(c.Controls)), Class: table.Good}
	if caught < len(c.Controls) {
		m.Class = table.Bad
	}
	if len(c.Problems) == 0 {
		return m
	}
	m.Class = table.Bad
	return table.Noted{Cell: m, Mark: n.mark(c.Info.ID + ": " + strings.Join(c.Problems, "; "))}
}

// notes numbers the remarks of a table.
type notes struct {
	table *table.Table
	count int
}

func (n *notes) mark(text string) string {
	n.count++
	mark := fmt.Sprint(n.count)
	n.table.Note(mark, table.Literal(text))
	return mark
}

// number prints a measured quantity; NaN is no number and prints as a dash.
func number(f checks.Float) table.Cell {
	v := float64(f)
	switch {
	case math.IsNaN(v):
		return table.Empty{}
	case math.IsInf(v, 0):
		return infinity(v)
	}
	return table.Number(v)
}

func infinity(v float64) table.Cell {
	if v < 0 {
		return table.Math{TeX: `-\infty`, Plain: "-∞"}
	}
	return table.Math{TeX: `\infty`, Plain: "∞"}
}

// slackCell prints a slack; whatever is far above 1 needs no digits.
func slackCell(f checks.Float) table.Cell {
	if float64(f) > 1e6 && !math.IsInf(float64(f), 0) {
		return table.Number(float64(f)).Digits(1)
	}
	return number(f)
}
