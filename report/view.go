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
	Where   []string // conditions "key op value" that a row must meet, see [ParseCondition]
	Sort    string   // key of a column, or "key,desc"
	Room    int      // characters that the default columns may take side by side; 0 is unlimited
	Facts   bool     // show every hypothesis and fact of a claim's instances too
}

// Apply cuts a table down to the view.
func (v View) Apply(t *table.Table) error { return v.apply(t, columnKeys(t)) }

// apply cuts a table with all its columns down to the view. The defaults are
// shown when the view names no columns.
func (v View) apply(t *table.Table, defaults []string) error {
	for _, w := range v.Where {
		c, err := ParseCondition(w)
		if err != nil {
			return err
		}
		j, err := column(t, c.Key)
		if err != nil {
			return err
		}
		t.Rows = slices.DeleteFunc(t.Rows, func(row []table.Cell) bool { return !c.holds(row[j]) })
	}
	if err := v.sort(t); err != nil {
		return err
	}
	keys := v.Columns
	if len(keys) == 0 {
		keys = defaults
		if v.Room > 0 {
			keys = shorten(t, keys, v.Room)
		}
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

// shorten replaces columns by briefer ones and gives up the least important
// until the rest have room side by side.
func shorten(t *table.Table, keys []string, room int) []string {
	keys = slices.Clone(keys)
	brief := map[string]string{"observed": "worst", "violations": "violated"}
	for _, spare := range []string{"median", "dear", "trials", "reference", "observed", "violations", "run", "required", "inside", "margin", DerivedWidth, "relation", "estimate"} {
		if width(t, keys) <= room {
			break
		}
		i := slices.Index(keys, spare)
		switch {
		case i < 0:
		case brief[spare] != "" && slices.ContainsFunc(t.Columns, func(c table.Column) bool { return c.Key == brief[spare] }):
			keys[i] = brief[spare]
		default:
			keys = slices.Delete(keys, i, i+1)
		}
	}
	return keys
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

// A Condition is a filter on one column.
type Condition struct {
	Key, Op, Value string
}

var condition = regexp.MustCompile(`^\s*([^=!<>~]*[^=!<>~\s])\s*(<=|>=|!=|=|<|>|~)\s*(.*?)\s*$`)

// ParseCondition reads "key op value". The operators are = and != (of numbers
// or of words, whatever their case), <, <=, > and >= (of numbers) and ~ (the
// cell contains the value). A cell without a number meets no comparison.
func ParseCondition(s string) (Condition, error) {
	m := condition.FindStringSubmatch(s)
	if m == nil {
		return Condition{}, fmt.Errorf("condition %q: write key op value, such as verdict=HOLDS, slack<2 or claim~gram", s)
	}
	c := Condition{Key: m[1], Op: m[2], Value: m[3]}
	if strings.ContainsAny(c.Op, "<>") {
		if _, err := strconv.ParseFloat(c.Value, 64); err != nil {
			return Condition{}, fmt.Errorf("condition %q: %q is no number to compare with", s, c.Value)
		}
	}
	return c, nil
}

func (c Condition) holds(cell table.Cell) bool {
	text, value := strings.ToLower(cellText(cell)), cellNumber(cell)
	want, err := strconv.ParseFloat(c.Value, 64)
	equal := text == strings.ToLower(c.Value)
	if err == nil && !math.IsNaN(value) {
		equal = value == want
	}
	switch c.Op {
	case "=":
		return equal
	case "!=":
		return !equal
	case "<":
		return value < want
	case "<=":
		return value <= want
	case ">":
		return value > want
	case ">=":
		return value >= want
	}
	return strings.Contains(text, strings.ToLower(c.Value))
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
	return math.NaN()
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
