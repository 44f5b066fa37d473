package tabular_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"convergo/nets/data/tabular"
)

// A table written in any dialect is read back as it was, without being told the dialect.
func TestAnyDialectIsRecognised(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(2, 12).Draw(t, "rows"), rapid.IntRange(2, 6).Draw(t, "columns")
		rows := make([][]float64, n)
		for i := range rows {
			// Integers in all places could be a header of numbers or an index.
			rows[i] = rapid.SliceOfN(rapid.Float64Range(-1e3, 1e3), d, d).Draw(t, "row")
			rows[i][0] += 0.5
			if rows[i][0] == float64(int(rows[i][0])) {
				rows[i][0] += 0.25
			}
		}
		w := writer{
			sep:     rapid.SampledFrom([]string{",", ";", "\t", " "}).Draw(t, "separator"),
			end:     rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end of line"),
			header:  rapid.Bool().Draw(t, "header"),
			index:   rapid.Bool().Draw(t, "index"),
			quotes:  rapid.Bool().Draw(t, "quotes"),
			mark:    rapid.Bool().Draw(t, "byte order mark"),
			comment: rapid.Bool().Draw(t, "comment"),
		}
		w.comma = w.sep == ";" && rapid.Bool().Draw(t, "decimal comma")
		w.index = w.index && w.header && w.sep != " "
		text := w.write(rows)
		c, err := read("a.csv", []byte(text), tabular.Options{})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !equalRows(c.rows, rows) {
			t.Fatalf("%q: got %v, want %v\n%q", text, c.rows, rows, c.table.Notes)
		}
		if name := map[string]string{",": "comma", ";": "semicolon", "\t": "tab", " ": "space"}[w.sep]; !slices.Contains(c.table.Notes, "separator "+name) {
			t.Fatalf("%q: %q", text, c.table.Notes)
		}
	})
}

// A writer writes tables in a dialect.
type writer struct {
	sep, end                                    string
	header, index, quotes, mark, comment, comma bool
}

func (w writer) write(rows [][]float64) string {
	var b strings.Builder
	if w.mark {
		b.WriteString("\ufeff")
	}
	if w.comment {
		b.WriteString("# measured by hand" + w.end)
	}
	line := func(fields []string) { b.WriteString(strings.Join(fields, w.sep) + w.end) }
	if w.header {
		names := []string{}
		if w.index {
			names = append(names, "")
		}
		for k := range rows[0] {
			names = append(names, w.quote("f"+strconv.Itoa(k)))
		}
		line(names)
	}
	for i, r := range rows {
		fields := []string{}
		if w.index {
			fields = append(fields, strconv.Itoa(i))
		}
		for _, v := range r {
			f := strconv.FormatFloat(v, 'g', -1, 64)
			if w.comma {
				f = strings.Replace(f, ".", ",", 1)
			}
			fields = append(fields, w.quote(f))
		}
		line(fields)
	}
	return b.String()
}

func (w writer) quote(f string) string {
	if w.quotes {
		return `"` + f + `"`
	}
	return f
}
