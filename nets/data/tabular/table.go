package tabular

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Values of Options.Label, beside the name of a column and its number from 1.
const (
	LabelAuto  = ""      // the labels that the format itself names, if any
	LabelNone  = "none"  // no labels; every column is a feature
	LabelFirst = "first" // the first column
	LabelLast  = "last"  // the last column
)

// Values of Options.Header and Options.Missing.
const (
	HeaderAuto = ""    // decided by the first lines
	HeaderYes  = "yes" // the first line is a header
	HeaderNo   = "no"  // there is no header

	MissingRefuse = ""     // a missing value is an error
	MissingDrop   = "drop" // rows with a missing value are left out
)

// Options says how to read a file. The zero value decides by the content.
type Options struct {
	Label     string   // label column: first, last, a name, a number from 1, or none
	Header    string   // CSV: yes or no
	Separator string   // CSV: "comma", "semicolon", "tab", "space"
	Missing   string   // drop
	Drop      []string // columns to leave out, by name or number from 1
	ArrayX    string   // NPZ: the array of the samples
	ArrayY    string   // NPZ: the array of the labels
	MaxBytes  int64    // bound on the size, packed and unpacked; 0: DefaultMaxBytes
}

func (o Options) check() error {
	switch {
	case !slices.Contains([]string{HeaderAuto, HeaderYes, HeaderNo}, o.Header):
		return fmt.Errorf("%w: header %q; give yes, no or nothing", ErrOption, o.Header)
	case !slices.Contains([]string{MissingRefuse, MissingDrop}, o.Missing):
		return fmt.Errorf("%w: missing %q; give drop or nothing", ErrOption, o.Missing)
	case o.Separator != "" && separatorByName(o.Separator) == 0:
		return fmt.Errorf("%w: separator %q; give comma, semicolon, tab or space", ErrOption, o.Separator)
	case o.MaxBytes < 0:
		return fmt.Errorf("%w: max_bytes %d; it cannot be negative", ErrOption, o.MaxBytes)
	}
	return nil
}

// A Table is a file that was opened: its sizes and columns are known, its rows
// are decoded on demand. It is safe for concurrent use after Scan;
// the rows of its Clones are held once.
type Table struct {
	Format  string   // such as "CSV"
	Shape   []int    // axes of the array, samples first; nil for tables of columns
	Names   []string // of the feature columns, nil if they have none
	Label   string   // name of the labels, "" if there are none
	Notes   []string // what was decided without being told
	Dropped []string // columns that were left out

	rows    rows
	classes []string // names of the labels 0, 1, ... given by the file
	kept    []int32  // rows that Scan left in, nil if all
}

// rows is what a format provides.
type rows interface {
	// dims returns the number of samples and of features.
	dims() (n, d int)
	// row decodes sample i into x, with NaN for a missing value. It must be safe for
	// concurrent use.
	row(i int, x []float64) (cell, error)
	// place says where sample i stands in the file, such as "line 3".
	place(i int) string
}

// A cell is a label: text, or a number where the format has numbers.
type cell struct {
	text  string
	value float64
}

// maxColumns bounds a row, which is decoded whole.
const maxColumns = 1 << 22

func (t *Table) check() error {
	n, d := t.rows.dims()
	switch {
	case n == 0 || d == 0:
		return fmt.Errorf("%w: %d rows, %d columns of features", ErrEmpty, n, d)
	case d > maxColumns:
		return fmt.Errorf("%w: %d columns; at most %d are read", ErrTooLarge, d, maxColumns)
	case n > math.MaxInt32:
		return fmt.Errorf("%w: %d rows; at most %d are read", ErrTooLarge, n, math.MaxInt32)
	}
	return nil
}

// Clone returns a table of the same rows, all of them again, that can be scanned on its own.
func (t *Table) Clone() *Table {
	c := *t
	c.kept = nil
	return &c
}

// Dims returns the number of rows, without those that Scan dropped, and of
// feature columns.
func (t *Table) Dims() (n, d int) {
	n, d = t.rows.dims()
	if t.kept != nil {
		n = len(t.kept)
	}
	return n, d
}

// FileRow returns the number in the file, from 0, of row i of the table.
func (t *Table) FileRow(i int) int {
	if t.kept != nil {
		return int(t.kept[i])
	}
	return i
}

// Row decodes row i into x, which has room for all columns.
func (t *Table) Row(i int, x []float64) error {
	_, err := t.rows.row(t.FileRow(i), x)
	return err
}

// Place says where row i stands in the file, such as "line 3".
func (t *Table) Place(i int) string { return t.rows.place(t.FileRow(i)) }

// Column names feature column k (from 0): `column 2 ("age")`, or "column 2".
func (t *Table) Column(k int) string {
	c := k
	if f, ok := t.rows.(interface{ fileColumn(k int) int }); ok {
		c = f.fileColumn(k)
	}
	if t.Names != nil {
		return fmt.Sprintf("column %d (%q)", c+1, t.Names[k])
	}
	return fmt.Sprintf("column %d", c+1)
}

// Labels are the labels of the rows that Scan left in: numbers, or classes whose
// number counts the sorted Classes from 0.
type Labels struct {
	Values  []float64
	Classes []string // nil for numbers
}

// Scan decodes every row once. It refuses an infinity and, unless told to drop
// the rows, a missing value, with row and column; visit sees the other rows in
// order and must not keep x. The labels are nil where the table has none.
func (t *Table) Scan(ctx context.Context, missing string, visit func(i int, x []float64) error) (*Labels, error) {
	n, d := t.rows.dims()
	x, labels := make([]float64, d), newLabels(t.Label != "")
	t.kept = nil
	for i := range n {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		label, err := t.rows.row(i, x)
		if err != nil {
			return nil, err
		}
		whole, err := t.whole(i, x, label, missing == MissingDrop)
		if err != nil {
			return nil, err
		}
		at := i
		switch {
		case !whole && t.kept == nil:
			t.kept = firstRows(i)
			fallthrough
		case !whole:
			continue
		case t.kept != nil:
			at, t.kept = len(t.kept), append(t.kept, int32(i))
		}
		labels.add(label)
		if err := visit(at, x); err != nil {
			return nil, err
		}
	}
	if t.kept != nil && len(t.kept) == 0 {
		return nil, fmt.Errorf("%w: every one of the %d rows has a missing value; drop the columns that are empty", ErrEmpty, n)
	}
	return labels.done(t.classes), nil
}

func firstRows(n int) []int32 {
	kept := make([]int32, n)
	for i := range kept {
		kept[i] = int32(i)
	}
	return kept
}

// whole tells whether row i of the file has all its values.
func (t *Table) whole(i int, x []float64, label cell, drop bool) (bool, error) {
	for k, v := range x {
		if v-v == 0 {
			continue
		}
		if math.IsInf(v, 0) {
			return false, fmt.Errorf("%s, %s: %w: found %v; drop the row or replace the value", t.rows.place(i), t.Column(k), ErrNotFinite, v)
		}
		if drop {
			return false, nil
		}
		return false, fmt.Errorf("%s, %s: %w; fill it in, leave out the column (drop), or leave out such rows (missing drop)", t.rows.place(i), t.Column(k), ErrMissing)
	}
	if t.Label == "" || label.text != "" || label.value-label.value == 0 {
		return true, nil
	}
	if math.IsInf(label.value, 0) {
		return false, fmt.Errorf("%s: label %q: %w: found %v; drop the row or replace the label", t.rows.place(i), t.Label, ErrNotFinite, label.value)
	}
	if drop {
		return false, nil
	}
	return false, fmt.Errorf("%s: label %q: %w; fill it in, or leave out such rows (missing drop)", t.rows.place(i), t.Label, ErrMissing)
}

// labelsOf collects labels, each distinct text once.
type labelsOf struct {
	wanted bool
	values []float64
	texts  []string
	seen   map[string]int
}

func newLabels(wanted bool) *labelsOf { return &labelsOf{wanted: wanted, seen: map[string]int{}} }

func (l *labelsOf) add(c cell) {
	if !l.wanted {
		return
	}
	v := c.value
	if c.text != "" {
		at, ok := l.seen[c.text]
		if !ok {
			own := strings.Clone(c.text) // not a part of the file
			at = len(l.texts)
			l.texts = append(l.texts, own)
			l.seen[own] = at
		}
		v = float64(at)
	}
	l.values = append(l.values, v)
}

// done turns texts into numbers where all of them are some, else into classes.
func (l *labelsOf) done(names []string) *Labels {
	if !l.wanted {
		return nil
	}
	if l.texts == nil {
		return nameClasses(&Labels{Values: l.values}, names)
	}
	numbers := make([]float64, len(l.texts))
	for i, text := range l.texts {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || v-v != 0 {
			return l.asClasses()
		}
		numbers[i] = v
	}
	for i, at := range l.values {
		l.values[i] = numbers[int(at)]
	}
	return nameClasses(&Labels{Values: l.values}, names)
}

func (l *labelsOf) asClasses() *Labels {
	sorted := slices.Sorted(slices.Values(l.texts))
	number := make([]float64, len(l.texts))
	for i, text := range l.texts {
		at, _ := slices.BinarySearch(sorted, text)
		number[i] = float64(at)
	}
	for i, at := range l.values {
		l.values[i] = number[int(at)]
	}
	return &Labels{Values: l.values, Classes: sorted}
}

// nameClasses takes the names that the file gives to the labels 0, 1, ... if
// they are such.
func nameClasses(l *Labels, names []string) *Labels {
	if names == nil {
		return l
	}
	for _, v := range l.Values {
		if v != math.Trunc(v) || v < 0 || v >= float64(len(names)) {
			return l
		}
	}
	l.Classes = names
	return l
}
