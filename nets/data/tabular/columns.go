package tabular

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// columns says what each of the columns of a file is for.
type columns struct {
	names    []string // of all columns of the file, nil without a header
	label    int      // -1 for none
	features []int    // in order
}

// column finds a column by its name or its number from 1.
func column(spec string, names []string, count int) (int, error) {
	if at := slices.Index(names, spec); at >= 0 {
		if slices.Contains(names[at+1:], spec) {
			return 0, fmt.Errorf("two columns are called %q; give a number from 1 to %d", spec, count)
		}
		return at, nil
	}
	folded := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, spec) })
	if folded >= 0 {
		return folded, nil
	}
	if v, err := strconv.Atoi(spec); err == nil && v >= 1 && v <= count {
		return v - 1, nil
	}
	if names == nil {
		return 0, fmt.Errorf("no column %q; give a number from 1 to %d, first or last (the columns have no names)", spec, count)
	}
	return 0, fmt.Errorf("no column %q; the columns are %s; give one of them, a number from 1 to %d, first or last", spec, quoteSome(names), count)
}

func quoteSome(names []string) string {
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%q and %d more", names[:most], len(names)-most)
	}
	return fmt.Sprintf("%q", names)
}

// resolve applies the options to count columns; out are those that the format
// leaves out by itself (an index).
func resolve(opts Options, names []string, count int, out []int) (columns, error) {
	c := columns{names: names, label: -1}
	gone := make([]bool, count)
	for _, k := range out {
		gone[k] = true
	}
	for _, spec := range opts.Drop {
		k, err := column(spec, names, count)
		if err != nil {
			return c, fmt.Errorf("%w: drop: %v", ErrOption, err)
		}
		gone[k] = true
	}
	for k := range count {
		if !gone[k] {
			c.features = append(c.features, k)
		}
	}
	return c, c.takeLabel(opts.Label, count, gone)
}

func (c *columns) takeLabel(label string, count int, gone []bool) error {
	at := -1
	switch label {
	case LabelAuto, LabelNone:
		return nil
	case LabelFirst, LabelLast:
		if len(c.features) > 0 {
			at = c.features[0]
			if label == LabelLast {
				at = c.features[len(c.features)-1]
			}
		}
	default:
		k, err := column(label, c.names, count)
		if err != nil {
			return fmt.Errorf("%w: label: %v", ErrOption, err)
		}
		if gone[k] {
			return fmt.Errorf("%w: column %q is the label and left out too; give one of them", ErrOption, label)
		}
		at = k
	}
	if len(c.features) < 2 {
		return fmt.Errorf("%w: one column cannot hold both samples and labels; give label none", ErrLabels)
	}
	c.label = at
	c.features = slices.DeleteFunc(c.features, func(k int) bool { return k == at })
	return nil
}

// fill sets the fields of t that follow from the columns.
func (c columns) fill(t *Table, count int) {
	left := make([]bool, count)
	for k := range left {
		left[k] = k != c.label
	}
	for _, k := range c.features {
		left[k] = false
		if c.names != nil {
			t.Names = append(t.Names, c.names[k])
		}
	}
	for k, out := range left {
		if out {
			t.Dropped = append(t.Dropped, c.name(k))
		}
	}
	if c.label >= 0 {
		t.Label = c.name(c.label)
	}
}

// name is the name of a column of the file, or its number from 1 without one.
func (c columns) name(k int) string {
	if c.names != nil && c.names[k] != "" {
		return c.names[k]
	}
	return fmt.Sprintf("column %d", k+1)
}
