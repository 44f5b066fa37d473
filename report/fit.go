package report

import (
	"slices"

	"convergo/report/table"
	"convergo/report/venue"
)

// Spare lists the keys of the columns that a table gives up, the first first,
// until the others have room; observed and violations become briefer before they
// go. Columns that stand in none of the tables of package report are never given
// up, and neither are those that a view names; a source gives way to its
// citation alone.
func Spare() []string {
	return []string{
		"median", "dear", "trials", "reference", "observed", "violations", "run", "required", "inside", "margin", DerivedWidth, "relation", "estimate",
		"loose", "unfit", "title", "alignment", "k", "s2", "delta", "least", "ratio_least", "lambda0", "derived_ratio", "literal_ratio", "tau", "p", "theta",
		"violated", "worst", "predicted", "controls", "detects", "undecided", "vacuous", "n", "kernel_loss", "floor_predicted", "rate_predicted", "network_loss", "steps", "xi", "floor_measured", WidthRun, "factor", "claims", "slack", "source",
	}
}

// briefer are the columns that say the same in less room.
var briefer = map[string]string{"observed": "worst", "violations": "violated"}

// without gives up the spare column, or replaces it by its brief form; it reports
// whether it was there.
func without(t *table.Table, keys []string, spare string) ([]string, bool) {
	i := slices.Index(keys, spare)
	if i < 0 {
		return keys, false
	}
	brief := briefer[spare]
	if brief != "" && slices.ContainsFunc(t.Columns, func(c table.Column) bool { return c.Key == brief }) {
		keys = slices.Clone(keys)
		keys[i] = brief
		return keys, true
	}
	return slices.Delete(slices.Clone(keys), i, i+1), true
}

// withoutSpare gives up the columns that the table itself can spare.
func withoutSpare(t *table.Table, keys []string) ([]string, bool) {
	left := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		return slices.ContainsFunc(t.Columns, func(c table.Column) bool { return c.Spare && c.Key == key })
	})
	return left, len(left) < len(keys)
}

// shorten gives up columns until the rest have room side by side.
func shorten(t *table.Table, keys []string, room int) []string {
	for _, spare := range Spare()[:slices.Index(Spare(), "loose")] {
		if width(t, keys) <= room {
			break
		}
		keys, _ = without(t, keys, spare)
	}
	return keys
}

// fitPage gives up columns until the rest fit the page.
func fitPage(t *table.Table, keys []string, o table.Options) ([]string, error) {
	spares := Spare()
	if !slices.Contains(keys, "cite") { // without it, nothing else names the source
		spares = slices.DeleteFunc(spares, func(key string) bool { return key == "source" })
	}
	for declared := true; ; declared = false {
		some := *t
		some.Rows = slices.Clone(t.Rows)
		if err := choose(&some, keys); err != nil {
			return nil, err
		}
		renumber(&some)
		excess, err := o.Page.Excess(&some, o)
		if err != nil || excess <= 0 {
			return keys, err
		}
		found := false
		if declared {
			keys, found = withoutSpare(t, keys)
		}
		for !found {
			if len(spares) == 0 {
				return keys, nil // Render wraps further, or says what is too wide
			}
			keys, found = without(t, keys, spares[0])
			spares = spares[1:]
		}
	}
}

// Page is the room of a table in a venue: as wide as the text, or one of its
// columns.
func Page(v venue.Venue, column bool) table.Page {
	p := table.Page{
		Width: float64(v.Text), Text: float64(v.Text), Height: float64(v.Height), Size: float64(v.Small), Lead: float64(v.Lead),
		Columns: v.TwoColumns(), Frames: v.Frames,
	}
	if column {
		p.Width = float64(v.Column)
	}
	return p
}
