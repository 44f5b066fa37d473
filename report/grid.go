package report

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"convergo/checks"
	"convergo/report/table"
)

// Grid returns the table of one claim of a run: a row an instance with the
// least margin of its hypotheses, what was observed beside what was predicted,
// and the judgement; then the rows of its controls.
func Grid(s *checks.Summary, c checks.ClaimOutcome) *table.Table {
	t, err := Table(s, "claim", c.Info.ID, View{})
	if err != nil {
		panic(err) // the claim and the default columns are ours
	}
	return t
}

// gridColumns names the columns that most readers want: those that say
// something of this claim; with facts, those of all hypotheses and facts too.
func gridColumns(t *table.Table, c checks.ClaimOutcome, facts bool) []string {
	keys := []string{"instance", "margin", "trials", "worst", "relation", "predicted", "slack", "estimate", RequiredWidth, DerivedWidth, WidthRun, "verdict"}
	if facts {
		keys = slices.Insert(keys, len(keys)-1, factKeys(t)...)
	}
	switch c.Info.Form {
	case "mean", "scaling", "threshold":
		keys = slices.DeleteFunc(keys, func(k string) bool { return k == "estimate" }) // it is what is observed
	case "always":
		if c.Verdict != checks.Refuted {
			keys = slices.DeleteFunc(keys, func(k string) bool { return k == "estimate" })
		}
	}
	return slices.DeleteFunc(keys, func(k string) bool {
		j, err := column(t, k)
		return err != nil || emptyColumn(t, j)
	})
}

// factKeys lists the columns of hypotheses and facts that are not shown anyway.
func factKeys(t *table.Table) []string {
	return slices.DeleteFunc(columnKeys(t)[len(gridKeys):], func(k string) bool {
		return k == RequiredWidth || k == DerivedWidth || k == WidthRun
	})
}

// grid returns the table with all columns that a view may choose from: after
// the fixed ones a column for each hypothesis and each fact. Words say that
// instances are named in words and formulas.
func grid(s *checks.Summary, c checks.ClaimOutcome, words bool) *table.Table {
	columns := fixedColumns(c.Info.Form)
	for _, name := range allNames(c) {
		columns = append(columns, factColumn(name))
	}
	t := table.New(columns...)
	t.Title = table.Literal(c.Info.ID)
	t.Label = "tab:" + strings.ReplaceAll(c.Info.ID, "/", "-")
	common := commonParams(c.Instances)
	n := &notes{table: t, words: words}
	for _, o := range c.Instances {
		t.Add(gridRow(c, o, "", common, n)...)
	}
	for _, k := range c.Controls {
		for _, o := range k.Instances {
			t.Add(gridRow(c, o, "control "+k.Name, common, n)...)
		}
	}
	constantRows(t, c, common, n)
	wrapInstances(t)
	return t
}

// wrapInstances sets the first column in paragraphs when its parameters would
// take the room of the numbers on paper.
func wrapInstances(t *table.Table) {
	const share = 0.3
	for _, row := range t.Rows {
		if utf8.RuneCountInString(table.PlainText(row[0])) > share*Paper {
			t.Columns[0].Wrap = share
			return
		}
	}
}

func fixedColumns(form string) []table.Column {
	return []table.Column{
		{Key: "instance", Head: "instance"},
		{Key: "control", Head: "control"},
		{Key: "margin", Head: "margin", Yield: 3},
		{Key: "tightest", Head: "tightest hypothesis"},
		{Key: "trials", Head: "trials", Yield: 2},
		{Key: "worst", Head: "observed", Yield: 7},
		{Key: "relation", Head: "", Align: table.Center, Yield: 5},
		{Key: "predicted", Head: "predicted", Yield: 8},
		{Key: "median", Head: "median observed", Yield: 1},
		{Key: "part", Head: "tightest part"},
		{Key: "slack", Head: "slack", Yield: 10},
		{Key: "slack_median", Head: "median slack"},
		{Key: "violations", Head: "violations"},
		{Key: "estimate", Head: estimateHead(form), Yield: 6},
		{Key: "target", Head: "target"},
		{Key: "alpha", Head: `share of $\alpha$`},
		{Key: "size", Head: "size"},
		{Key: "verdict", Head: "verdict"},
		{Key: "reason", Head: "reason"},
	}
}

// gridKeys are the keys of the fixed columns.
var gridKeys = columnKeys(&table.Table{Columns: fixedColumns("")})

// estimateHead names what the form estimates.
func estimateHead(form string) table.Inline {
	head := map[string]table.Inline{
		"always": "violating share", "probably": "violating share", "mean": "mean", "scaling": "slope", "bounded": "drift exponent", "threshold": "crossing",
	}[form]
	if head == "" {
		return "estimate"
	}
	return head
}

// allNames lists the hypotheses and facts of a claim's instances in the order
// of first mention.
func allNames(c checks.ClaimOutcome) []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, o := range c.Instances {
		for _, h := range o.Hypotheses {
			add(h.Name)
		}
	}
	for _, o := range c.Instances {
		for _, f := range o.Facts {
			add(f.Name)
		}
	}
	return names
}

func factColumn(name string) table.Column {
	switch name {
	case RequiredWidth:
		return table.Column{Key: name, Head: "required", Group: "width"}
	case DerivedWidth:
		return table.Column{Key: name, Head: "derived", Group: "width", Yield: 4}
	case WidthRun:
		return table.Column{Key: name, Head: "run", Group: "width", Yield: 9}
	}
	return table.Column{Key: ownKey(name), Head: table.Literal(name)}
}

// gridCaption says what the rows that are left show.
func gridCaption(s *checks.Summary, c checks.ClaimOutcome, rows *table.Table) table.Inline {
	i, common := c.Info, commonParams(c.Instances)
	text := fmt.Sprintf("%s (%s). %s, with constants %s. ", mathematics(sentence(i.Title)), table.Literal(i.Reference), claimed(i.Form), table.Literal(constants(string(i.Basis))))
	if i.Convention != "" && i.Convention != "none" {
		text += fmt.Sprintf("Convention: %s. ", mathematics(i.Convention))
	}
	if len(common) > 0 {
		text += fmt.Sprintf("All instances: %s. ", inWords(common))
	}
	text += fmt.Sprintf("%d trials; %s. ", shownTrials(rows), runSettings(s))
	if hasHypotheses(c) {
		text += "Margin: the factor by which the tightest hypothesis is met (at least 1) or missed. "
	}
	text += "Slack: prediction over observation, turned so that at least 1 means that the claim held."
	if kinds := intervalKinds(c); kinds != "" {
		text += fmt.Sprintf(" Brackets: %s.", table.Literal(kinds))
	}
	return table.Inline(text)
}

// shownTrials counts the trials of the claim's own instances in a grid with all
// its columns: controls are other statements.
func shownTrials(rows *table.Table) int {
	trials := 0
	at, _ := column(rows, "trials")
	control, _ := column(rows, "control")
	for _, row := range rows.Rows {
		if v := cellNumber(row[at]); kindOf(row[control]) == 2 && !math.IsNaN(v) {
			trials += int(v)
		}
	}
	return trials
}

// sentence begins a title with a capital.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if next, _ := utf8.DecodeRuneInString(s[n:]); r == utf8.RuneError || !unicode.IsLetter(next) && next != ' ' {
		return s // a formula
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

func hasHypotheses(c checks.ClaimOutcome) bool {
	return slices.ContainsFunc(c.Instances, func(o checks.InstanceOutcome) bool { return len(o.Hypotheses) > 0 })
}

// intervalKinds says what the intervals of a claim's table are.
func intervalKinds(c checks.ClaimOutcome) string {
	var kinds []string
	for _, o := range c.Instances {
		if k := o.Result.IntervalKind; k != "" && !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	const few = 2
	if len(kinds) > few {
		kinds = append(kinds[:few:few], "and the like")
	}
	return strings.Join(kinds, "; ")
}

func gridRow(c checks.ClaimOutcome, o checks.InstanceOutcome, control string, common []param, n *notes) []table.Cell {
	r, form := o.Result, c.Info.Form
	name := instanceCell(o.Params, common, control, n.words)
	cells := map[string]table.Cell{
		"instance": name, "control": text(strings.TrimPrefix(control, "control ")), "margin": number(checks.Float(leastMargin(o.Hypotheses))),
		"trials": table.Count(r.Trials), "worst": observed(form, r), "relation": relationCell(form, r.Relation),
		"predicted": number(r.Predicted), "median": number(r.ObservedMedian), "part": text(r.Part),
		"slack": slackCell(r.SlackWorst), "slack_median": medianSlack(r), "estimate": estimate(r), "target": number(r.Target),
		"alpha": number(o.Alpha), "size": text(o.Size), "reason": text(r.Reason), "verdict": gridVerdict(o, control, n),
	}
	if h, ok := tightestHypothesis(o.Hypotheses); ok {
		cells["tightest"] = table.Text(h.Name)
	}
	if heard := r.Held + r.Violated + r.Unresolved; heard > 0 && !pooled(form) {
		cells["violations"] = table.Text(fmt.Sprintf("%d/%d", r.Violated, heard))
	}
	if r.Trials == 0 { // what was not run was not observed
		for _, key := range []string{"worst", "relation", "predicted", "median", "slack", "slack_median", "estimate", "target"} {
			delete(cells, key)
		}
	}
	for _, h := range o.Hypotheses {
		cells[ownKey(h.Name)] = hypothesisCell(h)
	}
	for _, f := range o.Facts {
		if cells[ownKey(f.Name)] == nil { // a hypothesis of the same name says more
			cells[ownKey(f.Name)] = whole(float64(f.Value))
		}
	}
	row := make([]table.Cell, len(n.table.Columns))
	for j, col := range n.table.Columns {
		row[j] = cells[col.Key]
	}
	return row
}

// instanceCell names an instance by the parameters that are not common: as they
// are written, or in words and formulas.
func instanceCell(params json.RawMessage, common []param, control string, words bool) table.Cell {
	ps := paramsWithout(params, common)
	if len(ps) == 0 {
		ps = paramsWithout(params, nil)
	}
	if control != "" {
		control += ": "
	}
	if words {
		return table.Literal(control) + inWords(ps)
	}
	return table.Text(control + joinParams(ps))
}

// ownKey is the key of the column of a hypothesis or fact, apart from those of
// the fixed columns.
func ownKey(name string) string {
	if slices.Contains(gridKeys, name) {
		return name + " (fact)"
	}
	return name
}

// hypothesisCell shows a hypothesis on an instance.
func hypothesisCell(h checks.Hypothesis) table.Cell {
	s := fmt.Sprintf("%.4g %s", float64(h.Have), requirement(h))
	if h.Relation == checks.AtLeast && h.Need == 1 && (h.Have == 0 || h.Have == 1) { // see checks.RequireThat
		s = map[bool]string{true: "true", false: "false"}[h.Met()]
	}
	if !h.Met() {
		return table.Mark{Text: "missed: " + s, Class: table.Bad}
	}
	return table.Text(s)
}

func medianSlack(r checks.Result) table.Cell {
	lo, hi := float64(r.SlackInterval[0]), float64(r.SlackInterval[1])
	if v := float64(r.SlackMedian); lo < hi && lo <= v && v <= hi && !math.IsInf(hi, 0) {
		return table.Interval(v, lo, hi)
	}
	return number(r.SlackMedian)
}

// gridVerdict is the judgement of one instance, with its reason where it needs
// one.
func gridVerdict(o checks.InstanceOutcome, control string, n *notes) table.Cell {
	r := o.Result
	switch {
	case control != "" && r.Caught:
		return table.Mark{Text: "caught", Class: table.Good}
	case control != "":
		return n.on(table.Mark{Text: "NOT CAUGHT", Class: table.Bad}, r.Reason)
	case o.Skip == "cost":
		return n.on(table.Mark{Text: "too dear", Class: table.Muted}, o.Detail)
	case o.Skip == "hypotheses":
		return n.on(table.Mark{Text: "outside", Class: table.Muted}, r.Reason)
	case o.Skip == "trivial":
		return n.on(table.Mark{Text: "trivial", Class: table.Muted}, o.Detail)
	case o.Skip != "":
		return n.on(table.Mark{Text: o.Skip, Class: table.Bad}, o.Detail)
	case !o.Inside && r.Trials > 0:
		return n.on(table.Mark{Text: "outside: " + outsideWord(r.Verdict), Class: table.Muted}, missed(o))
	case r.Verdict == checks.Holds || r.Reason == "":
		return VerdictMark(r.Verdict)
	}
	return n.on(VerdictMark(r.Verdict), r.Reason)
}

// outsideWord says what was seen outside the hypotheses, where nothing is
// claimed and so nothing can hold or be refuted.
func outsideWord(v checks.Verdict) string {
	switch v {
	case checks.Holds:
		return "true"
	case checks.Refuted:
		return "false"
	}
	return strings.ToLower(string(v))
}

func missed(o checks.InstanceOutcome) string {
	h, ok := tightestHypothesis(o.Hypotheses)
	if !ok || h.Met() { // what is missed is a condition on the draws
		return o.Result.Reason
	}
	return fmt.Sprintf("the theorem asks for %s %s, here it is %.4g: no evidence for or against the claim", h.Name, requirement(h), float64(h.Have))
}

func leastMargin(hs []checks.Hypothesis) float64 {
	least := math.NaN()
	for _, h := range hs {
		if m := h.Margin(); math.IsNaN(least) || m < least {
			least = m
		}
	}
	return least
}

// estimate prints what the form estimates, with its interval.
func estimate(r checks.Result) table.Cell {
	v, lo, hi := float64(r.Estimate), float64(r.Interval[0]), float64(r.Interval[1])
	switch {
	case math.IsNaN(v) || math.IsNaN(lo):
		return table.Empty{}
	case math.IsInf(v, 0) || lo > v || v > hi:
		return number(r.Estimate)
	}
	return table.Interval(v, lo, hi)
}
