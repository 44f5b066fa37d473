package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// A Kind is a kind of table that a run can be shown in.
type Kind struct {
	Name  string
	About string // what it shows, in a few words
	build func(s *checks.Summary, claim string, v *View) (built, error)
}

// built is a table with all its columns.
type built struct {
	table   *table.Table
	columns []string // that are shown when none are named
	// caption says what is shown: of the rows that are left, with all their
	// columns, and in the columns that are left.
	caption func(rows, shown *table.Table) table.Inline
}

// Kinds lists the kinds of tables.
func Kinds() []Kind {
	return []Kind{
		{"overview", "a row a claim, with its verdict", buildOverview},
		{"sources", "a row a source: its verdicts, and how small the errors are that it finds", buildSources},
		{"claim", "one claim over its instances; needs a claim", buildGrid},
		{"errata", "what was read in a source and found false, with what holds in its place", entire(Errata, errataColumns()...)},
		{"masked", "training through masked sub-networks: rates and floors (liao2022)", entire(Masked)},
		{"data", "the instances on data of the user: inside or not, by what margin", buildOwn},
		{"labels", "true, random and worst-case labels on one data set (arora2019fine)", entire(Labels)},
	}
}

// buildOverview makes the conditions choose claims before anything is counted.
func buildOverview(s *checks.Summary, _ string, v *View) (built, error) {
	s, err := Where(s, v.Where)
	if err != nil {
		return built{}, err
	}
	v.Where = nil
	t := overview(s)
	return built{t, overviewColumns(t), func(_, shown *table.Table) table.Inline { return overviewCaption(s, shown) }}, nil
}

// buildGrid names instances as --where and readers of other formats know them,
// but in a paper.
func buildGrid(s *checks.Summary, id string, v *View) (built, error) {
	c, err := Outcome(s, id)
	if err != nil {
		return built{}, err
	}
	t := grid(s, c, v.LaTeX != nil)
	return built{t, gridColumns(t, c, v.Facts), func(rows, _ *table.Table) table.Inline { return gridCaption(s, c, rows) }}, nil
}

func buildSources(s *checks.Summary, _ string, _ *View) (built, error) {
	t, err := Sources(s)
	if err != nil {
		return built{}, err
	}
	return built{t, sourcesColumns(), func(_, shown *table.Table) table.Inline {
		return sourcesCaption(shown) + ofRun(s)
	}}, nil
}

func buildOwn(s *checks.Summary, _ string, _ *View) (built, error) {
	t, err := OwnData(s)
	if err != nil {
		return built{}, err
	}
	keys := slices.DeleteFunc(columnKeys(t), func(key string) bool {
		return key == "file" && len(s.Manifest.Data) == 1
	})
	return built{t, keys, func(rows, _ *table.Table) table.Inline {
		return ownCaption(rows) + ofRun(s)
	}}, nil
}

// Table returns a table of the run: its kind by name, or "source/name" for one
// that a source declares, for the kind "claim" the
// claim's ID, and what of it to show.
func Table(s *checks.Summary, kind, claim string, v View) (*table.Table, error) {
	var names []string
	for _, k := range append(Kinds(), SourceKinds(s.Manifest.Sources)...) {
		if k.Name == kind {
			b, err := k.build(s, claim, &v)
			if err != nil {
				return nil, err
			}
			return b.show(v)
		}
		names = append(names, k.Name)
	}
	const few = 3
	hint := ""
	if near := checks.Nearest(kind, names, few); len(near) > 0 {
		hint = fmt.Sprintf(" (did you mean %s?)", strings.Join(near, " or "))
	}
	return nil, fmt.Errorf("no table %q%s: choose one of %s", kind, hint, strings.Join(names, ", "))
}

// show cuts the table down to the view and says in the caption what is left.
func (b built) show(v View) (*table.Table, error) {
	t := b.table
	if err := v.filter(t); err != nil {
		return nil, err
	}
	rows := *t
	rows.Rows = slices.Clone(t.Rows)
	v.Where = nil
	if err := v.apply(t, b.columns); err != nil {
		return nil, err
	}
	t.Caption = b.caption(&rows, t)
	return t, nil
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
func entire(build func(*checks.Summary) (*table.Table, error), columns ...string) func(*checks.Summary, string, *View) (built, error) {
	return func(s *checks.Summary, _ string, _ *View) (built, error) {
		t, err := build(s)
		if err != nil {
			return built{}, err
		}
		keys := columns
		if len(keys) == 0 {
			keys = uncited(columnKeys(t))
		}
		return built{t, keys, func(rows, _ *table.Table) table.Inline {
			return counted(t.Caption, len(rows.Rows)) + ofRun(s)
		}}, nil
	}
}

// rowCount stands in a caption for the number of rows that are shown.
const rowCount = "<rows>"

// ofRun ends a caption with what decided the numbers of the run.
func ofRun(s *checks.Summary) table.Inline { return table.Inline(" Run: " + runSettings(s) + ".") }

func counted(caption table.Inline, rows int) table.Inline {
	return table.Inline(strings.ReplaceAll(string(caption), rowCount, strconv.Itoa(rows)))
}
