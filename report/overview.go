package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"convergo/checks"
	"convergo/checks/stats"
	"convergo/report/table"
)

// Names of the facts in which a claim records the width that its theorem asks
// for beside the one that was run; a claim writes those that apply.
const (
	RequiredWidth = "required width (published)"
	DerivedWidth  = "required width (derived)"
	WidthRun      = "width run"
)

// Rooms for the default columns, in characters: those of a terminal, and those
// of a page in small type.
const (
	Terminal = 120
	Paper    = 110
)

// Overview returns the table of a run for a terminal: a row a claim, with the
// verdict and what it rests on.
func Overview(s *checks.Summary) *table.Table {
	t, err := Table(s, "overview", "", View{Room: Terminal})
	if err != nil {
		panic(err) // the default columns are ours
	}
	return t
}

// overviewColumns names the columns that most readers want: those of widths
// where a width is recorded, and references beside the name.
func overviewColumns(t *table.Table) []string {
	keys := []string{"claim", "reference", "inside", "dear", "trials", "observed", "relation", "predicted", "median", "slack", "detects", "violations"}
	for _, key := range []string{"required", "run"} {
		if j, err := column(t, key); err == nil && !emptyColumn(t, j) {
			keys = append(keys, key)
		}
	}
	return append(keys, "verdict", "controls")
}

func emptyColumn(t *table.Table, j int) bool {
	return !slices.ContainsFunc(t.Rows, func(row []table.Cell) bool { return kindOf(row[j]) < 2 })
}

// overview returns the table with all columns that a view may choose from.
func overview(s *checks.Summary) *table.Table {
	t := table.New(
		table.Column{Key: "claim", Head: "claim"},
		table.Column{Key: "cite", Head: ""},
		table.Column{Key: "title", Head: "title", Yield: 11},
		table.Column{Key: "source", Head: "source"},
		table.Column{Key: "reference", Head: "where stated", Yield: 4},
		table.Column{Key: "form", Head: "form"},
		table.Column{Key: "basis", Head: "constants"},
		table.Column{Key: "convention", Head: "convention"},
		table.Column{Key: "inside", Head: "inside", Align: table.Right, Yield: 9},
		table.Column{Key: "dear", Head: "too dear", Yield: 2},
		table.Column{Key: "trials", Head: "trials", Yield: 3},
		table.Column{Key: "observed", Head: "observed", Yield: 5, Brief: "worst"},
		table.Column{Key: "worst", Head: "observed", Yield: 13},
		table.Column{Key: "relation", Head: "", Align: table.Center, Yield: 10},
		table.Column{Key: "predicted", Head: "predicted", Yield: 14},
		table.Column{Key: "median", Head: "median observed", Yield: 1},
		table.Column{Key: "slack", Head: "slack", Yield: 17},
		table.Column{Key: "detects", Head: "detects", Align: table.Right, Yield: 16},
		table.Column{Key: "violations", Head: "violations", Align: table.Right, Yield: 6, Brief: "violated"},
		table.Column{Key: "violated", Head: "violated", Align: table.Right, Yield: 12},
		table.Column{Key: "upper", Head: "upper end"},
		table.Column{Key: "required", Head: "required", Group: "width", Yield: 8},
		table.Column{Key: "derived", Head: "derived", Group: "width"},
		table.Column{Key: "run", Head: "run", Group: "width", Yield: 7},
		table.Column{Key: "ratio", Head: "ratio", Group: "width"},
		table.Column{Key: "verdict", Head: "verdict"},
		table.Column{Key: "controls", Head: "caught", Align: table.Right, Yield: 15},
		table.Column{Key: "problems", Head: "problems"},
	)
	t.Title = "Verdicts"
	t.Label = "tab:overview"
	n := &notes{table: t}
	for _, c := range s.Claims {
		t.Add(overviewRow(c, citation(s, c.Info.Source), n)...)
	}
	if !s.Finished {
		t.Note("", "The run is not finished: verdicts may change.")
	}
	return t
}

// overviewCaption states what a reader needs to judge the numbers in the
// columns that are shown.
func overviewCaption(s *checks.Summary, t *table.Table) table.Inline {
	trials, probable := 0, ""
	for _, c := range s.Claims {
		trials += claimTrials(c)
		if c.Info.Form == "probably" {
			probable = ", with the upper end of the 95% confidence sequence of the worst instance of a probabilistic claim"
		}
	}
	text := table.Inline(fmt.Sprintf("%s, %d trials; %s.", Plural(len(s.Claims), "claim"), trials, runSettings(s)))
	keys := columnKeys(t)
	for _, say := range []struct {
		key  string
		text table.Inline
	}{
		{"inside", "Inside: instances run within all hypotheses, of all."},
		{"observed", `Observed and predicted are those of the instance with the least slack, brackets the interval at its share of $\alpha$.`},
		{"worst", "Observed and predicted are those of the instance with the least slack."},
		{"slack", "Slack is prediction over observation, turned so that at least 1 means that the claim held."},
		{"detects", "Detects: the smallest factor on a constant of the claim, or shift of an exponent, that this run would have refuted."},
		{"violations", "Violations: trials that broke the claim, of all inside" + table.Inline(probable) + "."},
		{"violated", "Violated: trials that broke the claim, of all inside."},
		{"required", "Width: of the instance that comes nearest to the one that is required."},
		{"controls", "Caught: sabotaged variants that the check refuted, as it must."},
	} {
		if slices.Contains(keys, say.key) {
			text += " " + say.text
		}
	}
	return text + conventions(s)
}

// Plural counts things, one or several.
func Plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// runSettings says what decided the numbers of the run.
func runSettings(s *checks.Summary) string {
	m := s.Manifest
	text := fmt.Sprintf("$\\alpha = %g$ for the whole run, profile %s, seed %d", float64(m.Alpha), table.Literal(m.Profile.Name), m.Seed)
	if m.Shard != nil {
		text += ", only " + m.Shard.String()
	}
	return text
}

// conventions names the normalisation when the claims agree on a few.
func conventions(s *checks.Summary) table.Inline {
	const few = 2
	var seen []string
	for _, c := range s.Claims {
		if v := c.Info.Convention; v != "" && v != "none" && !slices.Contains(seen, v) {
			seen = append(seen, v)
		}
	}
	switch {
	case len(seen) == 0 || len(seen) > few:
		return ""
	case len(seen) == 1:
		return " Convention: " + mathematics(seen[0]) + "."
	}
	return " Conventions: " + mathematics(seen[0]) + "; or " + mathematics(seen[1]) + "."
}

func overviewRow(c checks.ClaimOutcome, cite table.Cell, n *notes) []table.Cell {
	tight := Tightest(c)
	inside, dear := counts(c)
	verdict := table.Cell(VerdictMark(c.Verdict))
	if why := Explain(c); why != "" {
		verdict = n.on(verdict, c.Info.ID+": "+why)
	}
	cells := map[string]table.Cell{
		"claim": table.Text(c.Info.ID), "cite": cite, "title": table.Text(c.Info.Title), "source": table.Text(c.Info.Source),
		"reference": table.Text(c.Info.Reference), "form": table.Text(c.Info.Form), "basis": table.Text(c.Info.Basis),
		"convention": text(c.Info.Convention), "inside": table.Text(fmt.Sprintf("%d/%d", inside, len(c.Instances))),
		"dear": table.Count(dear), "trials": table.Count(claimTrials(c)), "verdict": verdict, "controls": controlMark(c, n),
		"problems": text(strings.Join(c.Faults(), "; ")), "detects": detectsCell(c),
	}
	if tight != nil {
		r := tight.Result
		cells["observed"], cells["worst"] = observed(c.Info.Form, r), number(r.ObservedWorst)
		cells["relation"], cells["predicted"] = relationCell(c.Info.Form, r.Relation), number(r.Predicted)
		cells["median"], cells["slack"] = number(r.ObservedMedian), slackCell(r.SlackWorst)
		cells["violations"], cells["violated"], cells["upper"] = violations(c)
	}
	cells["required"], cells["derived"], cells["run"], cells["ratio"] = widths(c)
	row := make([]table.Cell, len(n.table.Columns))
	for j, col := range n.table.Columns {
		row[j] = cells[col.Key]
	}
	return row
}

func text(s string) table.Cell {
	if s == "" {
		return table.Empty{}
	}
	return table.Text(s)
}

func claimTrials(c checks.ClaimOutcome) int {
	trials := 0
	for _, o := range c.Instances {
		trials += o.Result.Trials
	}
	return trials
}

// counts tells how many instances count towards the verdict, and how many the
// profile could not afford.
func counts(c checks.ClaimOutcome) (inside, dear int) {
	for _, o := range c.Instances {
		switch {
		case o.Inside && o.Result.Trials > 0:
			inside++
		case o.Skip == "cost":
			dear++
		}
	}
	return inside, dear
}

// Explain gives the reason of a verdict that needs one, or nothing. A vacuous
// claim is explained by the hypothesis that its nearest instance misses.
func Explain(c checks.ClaimOutcome) string {
	switch c.Verdict {
	case checks.Holds:
		return ""
	case checks.Vacuous:
		return explainVacuous(c)
	}
	return c.Reason
}

func explainVacuous(c checks.ClaimOutcome) string {
	near, h := nearestMiss(c)
	if near == nil {
		return c.Reason
	}
	why := fmt.Sprintf("nowhere inside its hypotheses; nearest is %s: %.4g where %s is needed", h.Name, float64(h.Have), requirement(h))
	if required, run := number(checks.Float(fact(*near, RequiredWidth))), whole(fact(*near, WidthRun)); kindOf(required) == 0 && kindOf(run) == 0 {
		why += fmt.Sprintf("; required width %s beside %s run", cellText(required), cellText(run))
	}
	if Tightest(c) != nil {
		why += "; the numbers were measured outside and are no evidence"
	}
	return why
}

// nearestMiss returns the instance whose missed hypothesis has the largest
// margin, over the instances by their least margin, and that hypothesis; nil when
// none misses one.
func nearestMiss(c checks.ClaimOutcome) (near *checks.InstanceOutcome, missed checks.Hypothesis) {
	for i := range c.Instances {
		h, ok := tightestHypothesis(c.Instances[i].Hypotheses)
		if ok && !h.Met() && (near == nil || h.Margin() > missed.Margin()) {
			near, missed = &c.Instances[i], h
		}
	}
	return near, missed
}

// tightestHypothesis returns the one with the least margin.
func tightestHypothesis(hs []checks.Hypothesis) (least checks.Hypothesis, ok bool) {
	for i, h := range hs {
		if i == 0 || h.Margin() < least.Margin() || !h.Met() && least.Met() {
			least, ok = h, true
		}
	}
	return least, ok
}

func sign(r checks.Relation) string {
	switch r {
	case checks.AtLeast:
		return "≥"
	case checks.Equal:
		return "="
	}
	return "≤"
}

// relationCell is what the claim says of observation to prediction. Fitted
// numbers can equal a prediction only to within the resolution of the claim.
func relationCell(form string, r checks.Relation) table.Cell {
	switch {
	case r == checks.AtLeast:
		return table.Math{TeX: `\ge`}
	case r == checks.Equal && pooled(form):
		return table.Math{TeX: `\approx`}
	case r == checks.Equal:
		return table.Math{TeX: "="}
	case r == checks.AtMost:
		return table.Math{TeX: `\le`}
	}
	return table.Empty{}
}

// observed is the worst observation; with its interval where the form has
// estimated it from all trials.
func observed(form string, r checks.Result) table.Cell {
	switch form {
	case "mean", "scaling", "threshold":
		if e := estimate(r); kindOf(e) == 0 {
			return e
		}
	}
	return number(r.ObservedWorst)
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
		sa, sb := float64(a.Result.SlackWorst), float64(b.Result.SlackWorst)
		return sa < sb || math.IsNaN(sb) && !math.IsNaN(sa)
	}
	for i := range c.Instances {
		o := &c.Instances[i]
		if o.Result.Trials > 0 && (best == nil || better(o, best)) {
			best = o
		}
	}
	return best
}

// widths reads the required and the run width of the instance that comes
// nearest to what is required.
func widths(c checks.ClaimOutcome) (required, derived, run, ratio table.Cell) {
	required, derived, run, ratio = table.Empty{}, table.Empty{}, table.Empty{}, table.Empty{}
	least := math.Inf(1)
	for _, o := range c.Instances {
		need, have := fact(o, RequiredWidth), fact(o, WidthRun)
		gap := need
		if !math.IsNaN(have) {
			gap = need / have
		}
		if !(gap < least) {
			continue
		}
		least = gap
		required, derived, run = number(checks.Float(need)), number(checks.Float(fact(o, DerivedWidth))), whole(have)
		ratio = number(checks.Float(need / have))
	}
	return required, derived, run, ratio
}

// fact returns a named number of an instance, or NaN.
func fact(o checks.InstanceOutcome, name string) float64 {
	for _, f := range o.Facts {
		if f.Name == name {
			return float64(f.Value)
		}
	}
	return math.NaN()
}

// whole prints a size: an integer in full while that is short.
func whole(v float64) table.Cell {
	if v == math.Trunc(v) && math.Abs(v) < 1e7 {
		return table.Count(int64(v))
	}
	return number(checks.Float(v))
}

// violations counts violating trials inside the hypotheses, or outside them
// when there are none inside, with the upper end of the exact interval of the
// worst instance for a probabilistic claim.
func violations(c checks.ClaimOutcome) (bounded, share, upper table.Cell) {
	if pooled(c.Info.Form) {
		return table.Empty{}, table.Empty{}, table.Empty{}
	}
	inside, _ := counts(c)
	bad, all, end := 0, 0, 0.0
	for _, o := range c.Instances {
		r := o.Result
		heard := r.Held + r.Violated + r.Unresolved
		if o.Inside != (inside > 0) || heard == 0 {
			continue
		}
		bad, all = bad+r.Violated, all+heard
		if _, hi := stats.BinomialCS(r.Violated, heard, 0.05); hi > end {
			end = hi
		}
	}
	if all == 0 {
		return table.Empty{}, table.Empty{}, table.Empty{}
	}
	counts := table.Text(fmt.Sprintf("%d/%d", bad, all))
	if c.Info.Form == "probably" {
		return table.Text(fmt.Sprintf("%s (≤ %.2g)", counts, end)), counts, table.Number(end)
	}
	return counts, counts, table.Empty{}
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
	m := table.Mark{Text: fmt.Sprintf("%d/%d", caught, len(c.Controls)), Class: table.Good}
	if caught < len(c.Controls) {
		m.Class = table.Bad
	}
	if len(c.Faults()) == 0 {
		return m
	}
	m.Class = table.Bad
	return n.on(m, c.Info.ID+": "+strings.Join(c.Faults(), "; "))
}

// notes numbers the remarks of a table.
type notes struct {
	table *table.Table
	count int
	words bool // parameters stand in words and formulas
}

// on attaches a remark to a cell.
func (n *notes) on(c table.Cell, text string) table.Cell { return n.say(c, table.Literal(text)) }

// say attaches a remark with formulas to a cell.
func (n *notes) say(c table.Cell, text table.Inline) table.Cell {
	n.count++
	mark := fmt.Sprint(n.count)
	n.table.Note(mark, text)
	return table.Noted{Cell: c, Mark: mark}
}

var (
	plusInfinity  = table.Math{TeX: `\infty`, Plain: "∞"}
	minusInfinity = table.Math{TeX: `-\infty`, Plain: "-∞"}
)

// number prints a measured quantity; NaN is no number and prints as a dash.
func number(f checks.Float) table.Cell {
	v := float64(f)
	switch {
	case math.IsNaN(v):
		return table.Empty{}
	case v == 0:
		return table.Exact(0)
	case math.IsInf(v, 1):
		return plusInfinity
	case math.IsInf(v, -1):
		return minusInfinity
	}
	return table.Number(v)
}

// SlackCell prints a slack as the tables do.
func SlackCell(v float64) table.Cell { return slackCell(checks.Float(v)) }

// slackCell prints a slack; whatever is far above 1 needs no digits.
func slackCell(f checks.Float) table.Cell {
	if float64(f) > 1e6 && !math.IsInf(float64(f), 0) {
		return table.Number(float64(f)).Digits(1)
	}
	return number(f)
}
