package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// keep returns the rows of t that meet the filter.
func (f Filter) keep(t *table.Table) ([][]table.Cell, error) {
	at := map[string]int{}
	for _, c := range f.comparisons() {
		j, err := column(t, c.key)
		if err != nil {
			return nil, err
		}
		at[c.key] = j
	}
	var kept [][]table.Cell
	for _, row := range t.Rows {
		if holds(f.root, func(key string) table.Cell { return row[at[key]] }) {
			kept = append(kept, row)
		}
	}
	return kept, nil
}

func holds(n node, cell func(key string) table.Cell) bool {
	switch n := n.(type) {
	case either:
		return holds(n.a, cell) || holds(n.b, cell)
	case both:
		return holds(n.a, cell) && holds(n.b, cell)
	case negated:
		return !holds(n.a, cell)
	case comparison:
		return n.holds(cell(n.key))
	}
	return false
}

func (c comparison) holds(cell table.Cell) bool {
	text, value := cellText(cell), cellNumber(cell)
	number, _ := strconv.ParseFloat(c.values[0], 64)
	switch c.op {
	case "=", "in":
		return slices.ContainsFunc(c.values, func(want string) bool { return equalCell(text, value, want) })
	case "!=":
		return !equalCell(text, value, c.values[0])
	case "<":
		return value < number
	case "<=":
		return value <= number
	case ">":
		return value > number
	case ">=":
		return value >= number
	}
	return strings.Contains(strings.ToLower(text), strings.ToLower(c.values[0])) || c.pattern != nil && c.pattern.MatchString(text)
}

func equalCell(text string, value float64, want string) bool {
	if number, err := strconv.ParseFloat(want, 64); err == nil && !math.IsNaN(value) {
		return value == number
	}
	return strings.EqualFold(text, want)
}

// offers says what the columns of the filter hold, so that one can choose.
func (f Filter) offers(t *table.Table) string {
	var out []string
	for _, c := range f.comparisons() {
		if j, err := column(t, c.key); err == nil {
			out = append(out, c.offers(t, j))
		}
	}
	return strings.Join(out, "; ")
}

// offers says what column j holds: its nearest or most frequent words, or the
// range of its numbers.
func (c comparison) offers(t *table.Table, j int) string {
	lo, hi := math.Inf(1), math.Inf(-1)
	counts := map[string]int{}
	var words []string
	for _, row := range t.Rows {
		if v := cellNumber(row[j]); !math.IsNaN(v) {
			lo, hi = min(lo, v), max(hi, v)
			continue
		}
		text := cellText(row[j])
		if kindOf(row[j]) == 2 {
			text = "empty cells"
		}
		if counts[text]++; counts[text] == 1 {
			words = append(words, text)
		}
	}
	var has []string
	if lo <= hi {
		has = append(has, fmt.Sprintf("numbers from %.3g to %.3g", lo, hi))
	}
	const few = 5
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	if near := checks.Nearest(c.values[0], words, few); len(near) > 0 && len(words) > few {
		words = append(near, slices.DeleteFunc(words, func(w string) bool { return slices.Contains(near, w) })...)
	}
	for _, w := range words[:min(few, len(words))] {
		has = append(has, w)
		if counts[w] > 1 {
			has[len(has)-1] += fmt.Sprintf(" (%d times)", counts[w])
		}
	}
	if more := len(words) - few; more > 0 {
		has = append(has, fmt.Sprintf("%d more", more))
	}
	return c.key + " has " + strings.Join(has, ", ")
}
