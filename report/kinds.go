package report

import (
	"fmt"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// A Kind is a kind of table that a run can be shown in.
type Kind struct {
	Name  string
	About string // what it shows, in a few words
	build func(s *checks.Summary, claim string, v View) (full *table.Table, columns []string, err error)
}

// Kinds lists the kinds of tables.
func Kinds() []Kind {
	return []Kind{
		{"overview", "a row a claim, with its verdict", func(s *checks.Summary, _ string, _ View) (*table.Table, []string, error) {
			t := overview(s)
			return t, overviewColumns(t), nil
		}},
		{"sources", "a row a source: its verdicts, and how small the errors are that it finds", entire(Sources, sourcesColumns()...)},
		{"claim", "one claim over its instances; needs a claim", func(s *checks.Summary, id string, v View) (*table.Table, []string, error) {
			c, err := Outcome(s, id)
			if err != nil {
				return nil, nil, err
			}
			t := grid(s, c)
			return t, gridColumns(t, c, v.Facts), nil
		}},
		{"errata", "what was read in a source and found false, with what holds in its place", entire(Errata, errataColumns()...)},
		{"masked", "training through masked sub-networks: rates and floors (liao2022)", entire(Masked)},
		{"data", "the instances on data of the user: inside or not, by what margin", entire(OwnData)},
		{"labels", "true, random and worst-case labels on one data set (arora2019fine)", entire(Labels)},
	}
}

// Table returns a table of the run: its kind by name, for the kind "claim" the
// claim's ID, and what of it to show.
func Table(s *checks.Summary, kind, claim string, v View) (*table.Table, error) {
	var names []string
	for _, k := range Kinds() {
		if k.Name == kind {
			t, columns, err := k.build(s, claim, v)
			if err != nil {
				return nil, err
			}
			if err := v.apply(t, columns); err != nil {
				return nil, err
			}
			if t.Caption == "" { // it explains the columns that are left
				t.Caption = overviewCaption(s, t)
			}
			return t, nil
		}
		names = append(names, k.Name)
	}
	return nil, fmt.Errorf("no table %q: choose one of %s", kind, strings.Join(names, ", "))
}

// Outcome finds the outcome of a claim in a run.
func Outcome(s *checks.Summary, id string) (checks.ClaimOutcome, error) {
	for _, c := range s.Claims {
		if c.Info.ID == id {
			return c, nil
		}
	}
	if id == "" {
		return checks.ClaimOutcome{}, fmt.Errorf("name a claim: the table shows one claim over its instances")
	}
	return checks.ClaimOutcome{}, fmt.Errorf("the run has no claim %s: its overview lists those it has", id)
}

// entire adapts a table that shows the named columns, or all, and says in its
// caption what decided the numbers of the run.
func entire(build func(*checks.Summary) (*table.Table, error), columns ...string) func(*checks.Summary, string, View) (*table.Table, []string, error) {
	return func(s *checks.Summary, _ string, _ View) (*table.Table, []string, error) {
		t, err := build(s)
		if err != nil {
			return nil, nil, err
		}
		t.Caption += table.Inline(" Run: " + runSettings(s) + ".")
		if len(columns) == 0 {
			return t, columnKeys(t), nil
		}
		return t, columns, nil
	}
}
