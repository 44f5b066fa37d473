package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"convergo/checks"
	"convergo/report/table"
)

// OwnData returns the table of the instances on data of the user: whether the data are inside the hypotheses, by what
// margin, and why an instance was not run.
func OwnData(s *checks.Summary) (*table.Table, error) {
	names := map[string]string{}
	for _, f := range s.Manifest.Data {
		names[f.SHA256] = filepath.Base(f.Path)
	}
	if len(names) == 0 {
		return nil, errors.New("the run has no data of the user: give files by 'verify --data'")
	}
	t := table.New(
		table.Column{Key: "claim", Head: "claim"}, table.Column{Key: "file", Head: "file", Yield: 3},
		table.Column{Key: "rows", Head: "rows", Yield: 4}, table.Column{Key: "inside", Head: "inside", Yield: 1},
		table.Column{Key: "margin", Head: "margin", Yield: 6}, table.Column{Key: "of", Head: "of", Yield: 5},
		table.Column{Key: "slack", Head: "slack", Yield: 2}, table.Column{Key: "verdict", Head: "verdict"},
		table.Column{Key: "why", Head: "why", Wrap: 0.22},
	)
	t.Title, t.Label = "On your data", "tab:data"
	for _, c := range s.Claims {
		for _, o := range c.Instances {
			if o.File == "" {
				continue
			}
			t.Add(ownRow(c, o, names[o.File])...)
		}
	}
	t.Caption = ownCaption(t)
	return t, nil
}

// ownCaption counts the rows that are shown.
func ownCaption(rows *table.Table) table.Inline {
	run := 0
	at, _ := column(rows, "inside")
	for _, row := range rows.Rows {
		if cellText(row[at]) == "yes" {
			run++
		}
	}
	return table.Literal(fmt.Sprintf("%s on your data: %d inside the hypotheses and run, %d not. "+
		"Margin: the factor by which the hypothesis that is tightest is met (at least 1) or missed.", Plural(len(rows.Rows), "instance"), run, len(rows.Rows)-run))
}

func ownRow(c checks.ClaimOutcome, o checks.InstanceOutcome, file string) []table.Cell {
	margin, of := nearestHypothesis(o.Hypotheses)
	cells := []table.Cell{
		table.Text(c.Info.ID), table.Text(file), rowsOf(o), table.Text(map[bool]string{true: "yes", false: "no"}[o.Inside]),
		margin, of, table.Empty{}, table.Mark{Text: notRun(o), Class: table.Muted}, table.Empty{},
	}
	if o.Inside {
		cells[6], cells[7] = slackCell(o.Result.SlackWorst), verdictMark(o.Result.Verdict)
	}
	if !o.Inside || o.Result.Verdict != checks.Holds {
		cells[8] = table.Text(o.Result.Reason)
	}
	return cells
}

// notRun says in a word why an instance does not count.
func notRun(o checks.InstanceOutcome) string {
	switch o.Skip {
	case "cost":
		return "too dear"
	case "hypotheses", "":
		return "outside"
	case "data":
		return "unfit data"
	case "error":
		return "failed"
	}
	return o.Skip
}

func verdictMark(v checks.Verdict) table.Cell {
	class := map[checks.Verdict]table.Class{checks.Holds: table.Good, checks.Refuted: table.Bad, checks.Undecided: table.Unsure, checks.Vacuous: table.Muted}[v]
	return table.Mark{Text: string(v), Class: class}
}

// nearestHypothesis is the least margin and its hypothesis.
func nearestHypothesis(hs []checks.Hypothesis) (margin, of table.Cell) {
	least, name := math.Inf(1), ""
	for _, h := range hs {
		if m := h.Margin(); name == "" || m < least || !h.Met() && m <= least {
			least, name = m, h.Name
		}
	}
	if name == "" {
		return table.Empty{}, table.Empty{}
	}
	return number(checks.Float(least)), table.Text(name)
}

// rowsOf is how many rows of the file an instance has.
func rowsOf(o checks.InstanceOutcome) table.Cell {
	if n := findRows(o.Params); n > 0 {
		return table.Count(n)
	}
	return table.Empty{}
}

// findRows finds the description of a file in the parameters of an instance.
func findRows(params json.RawMessage) int {
	var spec struct {
		Kind string `json:"kind"`
		N    int    `json:"n"`
	}
	if json.Unmarshal(params, &spec) == nil && spec.Kind == "file" {
		return spec.N
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(params, &fields) != nil {
		return 0
	}
	for _, f := range fields {
		if n := findRows(f); n > 0 {
			return n
		}
	}
	return 0
}
