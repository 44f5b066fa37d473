package table

import (
	"fmt"
	"slices"
)

// Table is a titled grid of typed cells. Build it with [New] and [Table.Add].
type Table struct {
	Title   Inline // short heading; not printed in CSV and LaTeX
	Caption Inline // what the table shows, in a sentence or two
	Label   string // name for cross references, for example "tab:width"
	Columns []Column
	Rows    [][]Cell // each as long as Columns
	Notes   []Note   // printed under the table, in order
	LeftOut []string // keys of columns that were given up for the page; LaTeX names them in a comment
}

// Column describes one column.
type Column struct {
	Key   string // name in CSV and JSON; taken from Head when empty
	Head  Inline // heading
	Group Inline // heading shared with neighbouring columns of the same Group
	Align Align  // Auto aligns numbers right and all else left
	// Wrap, when positive, sets the column of a LaTeX table as ragged
	// paragraphs Wrap times as wide as the line, for long prose. Other formats
	// wrap by themselves.
	Wrap float64
	// Yield is the place of the column in the order in which columns are given up
	// where a page is too narrow: those of 1 first, of equal places together; 0
	// is never given up.
	Yield int
	// Brief, when set, is the key of a column that says the same in less room,
	// and takes the place of this one when that is given up.
	Brief string
}

// Align is the horizontal alignment of a column.
type Align int

// Alignments.
const (
	Auto Align = iota
	Left
	Center
	Right
)

// Note is a remark under the table. A cell refers to it by [Noted] with the
// same Mark; an empty Mark is a remark on the whole table.
type Note struct {
	Mark string // such as "a"
	Body Inline
}

// New returns an empty table with the given columns.
func New(columns ...Column) *Table { return &Table{Columns: columns} }

// Add appends one row. It panics unless there is one cell a column; a nil cell
// counts as [Empty].
func (t *Table) Add(cells ...Cell) {
	if len(cells) != len(t.Columns) {
		panic(fmt.Sprintf("table: row of %d cells in a table of %d columns", len(cells), len(t.Columns)))
	}
	row := slices.Clone(cells)
	for i, c := range row {
		if c == nil {
			row[i] = Empty{}
		}
	}
	t.Rows = append(t.Rows, row)
}

// Note appends a remark; see [Note].
func (t *Table) Note(mark string, body Inline) {
	t.Notes = append(t.Notes, Note{Mark: mark, Body: body})
}

// check reports what makes t unprintable: no columns, or ragged rows in a table
// that was not filled by Add.
func (t *Table) check() error {
	if len(t.Columns) == 0 {
		return fmt.Errorf("table %q has no columns: give them to table.New", t.Label)
	}
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("table %q: row %d has %d cells for %d columns: add rows with Table.Add", t.Label, i, len(row), len(t.Columns))
		}
		if slices.Contains(row, nil) {
			return fmt.Errorf("table %q: row %d has a nil cell: add rows with Table.Add", t.Label, i)
		}
	}
	return nil
}

// span is a run of neighbouring columns [from, to) under one heading; the
// heading is empty over columns that belong to no group.
type span struct {
	head     Inline
	from, to int
}

// spans cuts the columns into groups. Columns without a group stand alone.
func (t *Table) spans() []span {
	var out []span
	for i, c := range t.Columns {
		if k := len(out) - 1; k >= 0 && c.Group != "" && out[k].head == c.Group {
			out[k].to++
			continue
		}
		out = append(out, span{head: c.Group, from: i, to: i + 1})
	}
	return out
}

// grouped reports whether any column has a group heading.
func (t *Table) grouped() bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Group != "" })
}

// align returns the alignment of column j with Auto resolved: right when every
// cell that is not empty is a number, left otherwise.
func (t *Table) align(j int) Align {
	if a := t.Columns[j].Align; a != Auto {
		return a
	}
	if t.numeric(j) {
		return Right
	}
	return Left
}

// numeric reports whether column j holds numbers, and nothing else.
func (t *Table) numeric(j int) bool {
	found := false
	for _, row := range t.Rows {
		switch bare(row[j]).(type) {
		case Num, Count:
			found = true
		case Empty:
		default:
			return false
		}
	}
	return found
}

// keys returns the names of the columns in CSV and JSON. An empty Key is made
// from the headings; repeated names are numbered so that all are distinct.
func (t *Table) keys() []string {
	keys, seen := make([]string, len(t.Columns)), map[string]bool{}
	for j, c := range t.Columns {
		name := c.Key
		if name == "" {
			name = flatHead(c, Inline.plain)
		}
		if name == "" {
			name = "column"
		}
		key := name
		for k := 2; seen[key]; k++ {
			key = fmt.Sprintf("%s %d", name, k)
		}
		seen[key] = true
		keys[j] = key
	}
	return keys
}

// flatHead joins the two header levels of a column, each printed by f.
func flatHead(c Column, f func(Inline) string) string {
	group, head := f(c.Group), f(c.Head)
	switch {
	case group == "":
		return head
	case head == "":
		return group
	}
	return group + ", " + head
}
