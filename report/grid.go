package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// Grid returns the table of one claim: a row an instance, with its hypotheses'
// least margin, its facts in the notes and the judgement.
func Grid(c checks.ClaimOutcome) *table.Table {
	t := table.New(
		table.Column{Key: "instance", Head: "instance"},
		table.Column{Key: "margin", Head: "least margin"},
		table.Column{Key: "trials", Head: "trials"},
		table.Column{Key: "predicted", Head: "predicted"},
		table.Column{Key: "worst", Head: "worst", Group: "observed"},
		table.Column{Key: "median", Head: "median", Group: "observed"},
		table.Column{Key: "slack", Head: "slack"},
		table.Column{Key: "estimate", Head: "estimate"},
		table.Column{Key: "verdict", Head: "verdict"},
	)
	t.Title = table.Literal(c.Info.ID)
	t.Label = "tab:" + strings.ReplaceAll(c.Info.ID, "/", "-")
	t.Caption = table.Literal(fmt.Sprintf("%s (%s; form %s, constants %s). ", c.Info.Title, c.Info.Reference, c.Info.Form, c.Info.Basis)) +
		"Least margin: by what factor the tightest hypothesis is met (at least 1) or missed. " +
		"Estimate: violation probability, mean, slope, drift or crossing, whatever the form estimates, with its interval."
	n := &notes{table: t}
	for _, o := range c.Instances {
		t.Add(gridRow(o, "", n)...)
	}
	for _, k := range c.Controls {
		for _, o := range k.Instances {
			t.Add(gridRow(o, k.Name, n)...)
		}
	}
	return t
}

func gridRow(o checks.InstanceOutcome, control string, n *notes) []table.Cell {
	r := o.Result
	name := Compact(o.Params)
	if control != "" {
		name = "control " + control + ": " + name
	}
	instance := table.Cell(table.Text(name))
	if remark := remarks(o); remark != "" {
		instance = table.Noted{Cell: instance, Mark: n.mark(remark)}
	}
	var verdict table.Cell = VerdictMark(r.Verdict)
	switch {
	case control != "" && r.Caught:
		verdict = table.Mark{Text: "caught", Class: table.Good}
	case control != "":
		verdict = table.Mark{Text: "NOT CAUGHT", Class: table.Bad}
	case !o.Inside && r.Trials > 0:
		verdict = table.Mark{Text: "outside: " + string(r.Verdict), Class: table.Muted}
	}
	if r.Reason != "" {
		verdict = table.Noted{Cell: verdict, Mark: n.mark(r.Reason)}
	}
	return []table.Cell{
		instance, number(checks.Float(leastMargin(o.Hypotheses))), table.Count(r.Trials),
		number(r.Predicted), number(r.ObservedWorst), number(r.ObservedMedian), slackCell(r.SlackWorst), estimate(r), verdict,
	}
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

// remarks tells the facts of an instance, and the hypotheses with their margins.
func remarks(o checks.InstanceOutcome) string {
	var parts []string
	for _, h := range o.Hypotheses {
		verb := "met"
		if !h.Met() {
			verb = "MISSED"
		}
		parts = append(parts, fmt.Sprintf("%s: %.4g %s %.4g %s", h.Name, float64(h.Have), h.Relation, float64(h.Need), verb))
	}
	for _, f := range o.Facts {
		parts = append(parts, fmt.Sprintf("%s = %.4g", f.Name, float64(f.Value)))
	}
	if o.Size != "" {
		parts = append(parts, o.Size)
	}
	if o.Detail != "" {
		parts = append(parts, o.Detail)
	}
	return strings.Join(parts, "; ")
}

// Compact writes parameters as "n=10 d=20": JSON without its punctuation, with
// nested objects flattened and long lists cut.
func Compact(params json.RawMessage) string {
	dec := json.NewDecoder(strings.NewReader(string(params)))
	dec.UseNumber()
	var b strings.Builder
	if err := compact(dec, &b, ""); err != nil {
		return string(params)
	}
	return strings.TrimSpace(b.String())
}

// compact walks the tokens, since a map would lose the order of the fields.
func compact(dec *json.Decoder, b *strings.Builder, key string) error {
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	switch v := tok.(type) {
	case json.Delim:
		if v == '[' {
			return compactList(dec, b, key)
		}
		for dec.More() {
			k, err := dec.Token()
			if err != nil {
				return err
			}
			if err := compact(dec, b, strings.ToLower(fmt.Sprint(k))); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	case string:
		if len(v) > 24 {
			v = v[:21] + "..."
		}
		fmt.Fprintf(b, "%s=%s ", key, v)
	default:
		fmt.Fprintf(b, "%s=%v ", key, v)
	}
	return nil
}

func compactList(dec *json.Decoder, b *strings.Builder, key string) error {
	var items []json.RawMessage
	for dec.More() {
		var item json.RawMessage
		if err := dec.Decode(&item); err != nil {
			return err
		}
		items = append(items, item)
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	const shown = 6
	var texts []string
	for i, item := range items {
		if i == shown {
			texts = append(texts, fmt.Sprintf("… %d in all", len(items)))
			break
		}
		texts = append(texts, string(item))
	}
	fmt.Fprintf(b, "%s=[%s] ", key, strings.Join(texts, ","))
	return nil
}
