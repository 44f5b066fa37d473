package report

import (
	"errors"
	"math"

	"convergo/checks"
	"convergo/report/table"
)

// Errata returns the table of what was read in a source and found false: each
// control that is a printed statement, what a run makes of it, and the claim that
// holds in its place. The column "witness", shown with all columns, is what
// replays it.
func Errata(s *checks.Summary) (*table.Table, error) {
	t := table.New(
		table.Column{Key: "source", Head: "source"},
		table.Column{Key: "cite", Head: ""},
		table.Column{Key: "claim", Head: "in its place"},
		table.Column{Key: "printed", Head: "as printed", Wrap: 0.3},
		table.Column{Key: "why", Head: "why it is false", Wrap: 0.2},
		table.Column{Key: "observed", Head: "observed", Align: table.Right, Yield: 1},
		table.Column{Key: "relation", Head: "", Yield: 2},
		table.Column{Key: "predicted", Head: "as printed", Align: table.Right, Yield: 3},
		table.Column{Key: "factor", Head: "off by", Align: table.Right, Yield: 4},
		table.Column{Key: "verdict", Head: "verdict"},
		table.Column{Key: "instance", Head: "at", Wrap: 0.2},
		table.Column{Key: "witness", Head: "witness"},
	)
	t.Title, t.Label = "Errata", "tab:errata"
	rows := 0
	for _, c := range s.Claims {
		for k, info := range c.Info.Controls {
			if info.Printed == "" || k >= len(c.Controls) {
				continue
			}
			addErratum(t, s, c, info, c.Controls[k])
			rows++
		}
	}
	if rows == 0 {
		return nil, errors.New("no claim of this run stands in the place of a printed one that is false: run more claims")
	}
	t.Caption = table.Literal(rowCount + " statements that were read in a source and found false, each at an instance where the run breaks it, and the claim that holds in its place with its own verdict. " +
		"Off by: what was observed over what the printed statement allows, or the other way round for a lower bound.")
	return t, nil
}

// errataColumns are those that fit the text of a page.
func errataColumns() []string { return []string{"printed", "factor", "claim", "verdict"} }

func addErratum(t *table.Table, s *checks.Summary, c checks.ClaimOutcome, info checks.ControlInfo, o checks.ControlOutcome) {
	cells := []table.Cell{
		table.Text(c.Info.Source), citation(s, c.Info.Source), table.Text(c.Info.ID), table.Inline(info.Printed), table.Text(info.Why), table.Empty{}, table.Empty{}, table.Empty{}, table.Empty{},
		verdictMark(c.Verdict), table.Empty{}, table.Empty{},
	}
	for _, i := range o.Instances {
		w := i.Witness(s.Manifest.Seed)
		if w == nil {
			continue
		}
		cells[5], cells[6], cells[7], cells[8] = table.Number(float64(w.Observed)), relationCell(c.Info.Form, w.Relation), table.Number(float64(w.Predicted)), offBy(w)
		cells[10], cells[11] = table.Text(Compact(i.Params)), table.Text(w.String())
		t.Add(cells...)
		return
	}
	cells[8] = table.Mark{Text: "not shown by this run", Class: table.Unsure}
	t.Add(cells...)
}

// offBy is the factor between what was observed and what is allowed, at least 1 where they have one.
func offBy(w *checks.Witness) table.Cell {
	f := float64(w.Observed) / float64(w.Predicted)
	if f < 1 {
		f = 1 / f
	}
	if math.IsNaN(f) || math.IsInf(f, 0) || f <= 0 {
		return table.Empty{}
	}
	return table.Number(f)
}
