package report

import (
	"slices"

	"convergo/report/table"
	"convergo/report/venue"
)

// giveUp leaves out the columns of the least Yield, or puts their brief forms in
// their place; it reports whether there were any.
func giveUp(t *table.Table, keys []string) ([]string, bool) {
	first := 0
	for _, c := range t.Columns {
		if c.Yield > 0 && (first == 0 || c.Yield < first) && slices.Contains(keys, c.Key) {
			first = c.Yield
		}
	}
	if first == 0 {
		return keys, false
	}
	keys = slices.Clone(keys)
	for _, c := range t.Columns {
		i := slices.Index(keys, c.Key)
		switch {
		case c.Yield != first || i < 0:
		case c.Brief != "" && !slices.Contains(keys, c.Brief):
			keys[i] = c.Brief
		default:
			keys = slices.Delete(keys, i, i+1)
		}
	}
	return keys, true
}

// shorten gives up columns until the rest have room side by side.
func shorten(t *table.Table, keys []string, room int) []string {
	for more := true; more && width(t, keys) > room; {
		keys, more = giveUp(t, keys)
	}
	return keys
}

// fitPage gives up columns until the rest fit the page. What is too wide still,
// Render wraps further, or names.
func fitPage(t *table.Table, keys []string, o table.Options) ([]string, error) {
	for more := true; ; {
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
		if keys, more = giveUp(t, keys); !more {
			return keys, nil
		}
	}
}

// leftOut lists the columns of all that are not among the keys, nor stand there
// briefly.
func leftOut(t *table.Table, all, keys []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(key string) bool {
		return slices.Contains(keys, key) || slices.ContainsFunc(t.Columns, func(c table.Column) bool {
			return c.Key == key && c.Brief != "" && slices.Contains(keys, c.Brief)
		})
	})
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
