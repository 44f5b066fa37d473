package report

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"convergo/report/table"
)

// A View chooses what of a table is shown. The zero value shows the columns
// that suit most readers, all rows, in their order.
type View struct {
	Columns []string // keys of columns, in order; "all" for every column
	Where   []string // conditions that a row must meet, all of them; see [ParseFilter]
	Sort    string   // key of a column, or "key,desc"
	Room    int      // characters that the default columns may take side by side; 0 is unlimited
	Cite    bool     // show the keys of citations beside the first column
	Facts   bool     // show every hypothesis and fact of a claim's instances too
	// LaTeX is how the table will be printed, when its default columns are to fit
	// the page that it names. Columns of words wrap, headings take several lines,
	// then columns are given up in the order of their [table.Column.Yield].
	LaTeX *table.Options
}

// Apply cuts a table down to the view.
func (v View) Apply(t *table.Table) error { return v.apply(t, columnKeys(t)) }

// apply cuts a table with all its columns down to the view. The defaults are
// shown when the view names no columns.
func (v View) apply(t *table.Table, defaults []string) error {
	if err := v.filter(t); err != nil {
		return err
	}
	if err := v.sort(t); err != nil {
		return err
	}
	keys := v.Columns
	if v.Cite {
		var err error
		if defaults, err = cited(t, defaults); err == nil && len(keys) > 0 && keys[0] != "all" {
			keys, err = cited(t, keys)
		}
		if err != nil {
			return fmt.Errorf("citations: %w", err)
		}
	}
	if len(keys) == 0 {
		keys = defaults
		switch {
		case v.LaTeX != nil && v.LaTeX.Page != nil:
			var err error
			if keys, err = fitPage(t, keys, *v.LaTeX); err != nil {
				return err
			}
		case v.Room > 0:
			keys = shorten(t, keys, v.Room)
		}
		t.LeftOut = leftOut(t, defaults, keys)
	}
	if len(keys) == 1 && keys[0] == "all" {
		keys = columnKeys(t)
	}
	if err := choose(t, keys); err != nil {
		return err
	}
	renumber(t)
	return nil
}

// filter keeps the rows that meet all conditions. None left is an error, which
// says what there is to choose from.
func (v View) filter(t *table.Table) error {
	for _, w := range v.Where {
		f, err := ParseFilter(w)
		if err != nil {
			return err
		}
		kept, err := f.keep(t)
		if err != nil {
			return err
		}
		if len(kept) == 0 && len(t.Rows) > 0 {
			return fmt.Errorf("no row meets %q: %s", w, f.offers(t))
		}
		t.Rows = kept
	}
	return nil
}

// width is what the columns take side by side in a terminal.
func width(t *table.Table, keys []string) int {
	const gutter = 2
	total := -gutter
	for _, key := range keys {
		j, err := column(t, key)
		if err != nil {
			continue // choose reports it
		}
		widest := utf8.RuneCountInString(t.Columns[j].Head.Plain())
		for _, row := range t.Rows {
			widest = max(widest, utf8.RuneCountInString(table.PlainText(row[j])))
		}
		if wrap := t.Columns[j].Wrap; wrap > 0 {
			widest = min(widest, int(wrap*Paper))
		}
		total += widest + gutter
	}
	return total
}

func (v View) sort(t *table.Table) error {
	if v.Sort == "" {
		return nil
	}
	key, order, _ := strings.Cut(v.Sort, ",")
	if order != "" && order != "asc" && order != "desc" {
		return fmt.Errorf("sort %q: write key, or key,desc", v.Sort)
	}
	j, err := column(t, key)
	if err != nil {
		return err
	}
	slices.SortStableFunc(t.Rows, func(a, b []table.Cell) int {
		c, rankA, rankB := compareCells(a[j], b[j]), kindOf(a[j]), kindOf(b[j])
		if order == "desc" && rankA == rankB {
			return -c
		}
		return c
	})
	return nil
}

// columnKeys lists the keys of all columns.
func columnKeys(t *table.Table) []string {
	keys := make([]string, len(t.Columns))
	for j, c := range t.Columns {
		keys[j] = c.Key
	}
	return keys
}

// column finds a column by its key.
func column(t *table.Table, key string) (int, error) {
	for j, c := range t.Columns {
		if c.Key == strings.TrimSpace(key) {
			return j, nil
		}
	}
	return 0, fmt.Errorf("no column %q: the table has %s", key, strings.Join(columnKeys(t), ", "))
}

// choose keeps the columns with the keys, in their order.
func choose(t *table.Table, keys []string) error {
	var at []int
	for _, key := range keys {
		j, err := column(t, key)
		if err != nil {
			return err
		}
		at = append(at, j)
	}
	pick := func(row []table.Cell) []table.Cell {
		out := make([]table.Cell, len(at))
		for i, j := range at {
			out[i] = row[j]
		}
		return out
	}
	columns := t.Columns
	t.Columns = nil
	for _, j := range at {
		t.Columns = append(t.Columns, columns[j])
	}
	for i, row := range t.Rows {
		t.Rows[i] = pick(row)
	}
	return nil
}

// renumber drops the notes that no cell refers to any more and counts the
// others from 1 in the order of reading. Notes with equal text become one.
func renumber(t *table.Table) {
	body, general := map[string]table.Inline{}, []table.Note(nil)
	for _, n := range t.Notes {
		if n.Mark == "" {
			general = append(general, n)
		}
		body[n.Mark] = n.Body
	}
	marks, kept := map[table.Inline]string{}, []table.Note(nil)
	for _, row := range t.Rows {
		for j, c := range row {
			n, ok := c.(table.Noted)
			if !ok {
				continue
			}
			text := body[n.Mark]
			if marks[text] == "" {
				marks[text] = strconv.Itoa(len(kept) + 1)
				kept = append(kept, table.Note{Mark: marks[text], Body: text})
			}
			row[j] = table.Noted{Cell: n.Cell, Mark: marks[text]}
		}
	}
	t.Notes = append(kept, general...)
}

// bareCell strips references to notes.
func bareCell(c table.Cell) table.Cell {
	for {
		n, ok := c.(table.Noted)
		if !ok {
			return c
		}
		c = n.Cell
	}
}

func cellText(c table.Cell) string { return table.PlainText(bareCell(c)) }

// cellNumber returns the number in a cell, or NaN.
func cellNumber(c table.Cell) float64 {
	switch c := bareCell(c).(type) {
	case table.Num:
		return c.Value()
	case table.Count:
		return float64(c)
	case table.Math: // infinities are set as formulas
		switch c.TeX {
		case plusInfinity.TeX:
			return math.Inf(1)
		case minusInfinity.TeX:
			return math.Inf(-1)
		}
	}
	return leadingNumber(cellText(c))
}

var worded = regexp.MustCompile(`^[×±]?([-+]?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)(?:/[0-9]+)?(?: .*)?$`)

// leadingNumber is that of a cell in words, such as "×1.02 (loose)", "±0.25" or
// "3/16", by which it is compared and sorted; NaN in prose.
func leadingNumber(text string) float64 {
	m := worded.FindStringSubmatch(text)
	if m == nil {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// kindOf ranks numbers before words before empty cells.
func kindOf(c table.Cell) int {
	switch bareCell(c).(type) {
	case nil, table.Empty:
		return 2
	}
	if math.IsNaN(cellNumber(c)) {
		return 1
	}
	return 0
}

func compareCells(a, b table.Cell) int {
	ka, kb := kindOf(a), kindOf(b)
	switch {
	case ka != kb:
		return cmp.Compare(ka, kb)
	case ka == 0:
		return cmp.Compare(cellNumber(a), cellNumber(b))
	}
	return cmp.Compare(cellText(a), cellText(b))
}
