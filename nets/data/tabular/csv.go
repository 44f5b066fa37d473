package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// textRows are the records of a text file, parsed when asked for.
type textRows struct {
	text         string
	starts       []int // of the samples, and the end of the last one
	sep          rune
	decimalComma bool
	cols         columns
	fields       sync.Pool // of *[]string: room for the fields of a record
}

// openCSV opens a table of text. Separator, header and index column are found
// by its first records unless the options say otherwise.
func openCSV(b []byte, opts Options) (*Table, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return nil, fmt.Errorf("%w: CSV: not UTF-8 text; if it is a table of text, save it as UTF-8", ErrFormat)
	}
	t, err := readCSV(b, opts)
	if err != nil {
		return nil, fmt.Errorf("CSV: %w", err)
	}
	return t, nil
}

func readCSV(b []byte, opts Options) (*Table, error) {
	r := &textRows{text: text(b), sep: separatorByName(opts.Separator)}
	r.fields.New = func() any { return new([]string) }
	if r.sep == 0 {
		r.sep = sniffSeparator(r.text)
	}
	first := head(r.text, r.sep, sniffed)
	h := findHeader(first, opts.Header)
	width, err := r.index(h)
	if err != nil {
		return nil, err
	}
	if width.fields == 0 || len(r.starts) < 2 {
		return nil, fmt.Errorf("%w: there is no line of numbers", ErrEmpty)
	}
	if h.kind == scikitHeader && opts.Label == LabelAuto {
		opts.Label = LabelLast
	}
	t := &Table{Format: "CSV", rows: r, classes: h.classes}
	t.Notes = r.notes(h, width)
	if r.cols, err = resolve(opts, h.names, width.fields, h.out(width)); err != nil {
		return nil, err
	}
	r.cols.fill(t, width.fields)
	if name := looksLikeLabel(t.Names); name != "" && opts.Label == LabelAuto {
		t.Notes = append(t.Notes, fmt.Sprintf("column %s is a feature (give label %s if it is the label)", name, name))
	}
	r.decimalComma = decimalComma(r.sep, first)
	if r.decimalComma {
		t.Notes = append(t.Notes, "decimal commas")
	}
	return t, t.check()
}

// widths is what a walk over all records finds about their fields.
type widths struct {
	fields   int  // in each record
	trailing bool // the last field of each is empty: a separator ends the lines
	counting bool // the first field counts the rows, from 0 or 1
}

// index finds the samples and makes sure that they have equally many fields.
func (r *textRows) index(h header) (widths, error) {
	w := widths{trailing: true, counting: true}
	skip, n, from, end := h.kind != noHeader, 0, 0, 0
	err := eachRecord(r.text, r.sep, nil, func(rec record) error {
		if skip {
			skip = false
			return nil
		}
		if n == 0 {
			w.fields = len(rec.fields)
			from, _ = strconv.Atoi(rec.fields[0])
		}
		if len(rec.fields) != w.fields {
			return fmt.Errorf("line %d: %w: %d fields where the lines before have %d; give every line the same number of fields (the separator is taken to be %s)",
				rec.line, ErrRagged, len(rec.fields), w.fields, separatorName(r.sep))
		}
		w.trailing = w.trailing && rec.fields[w.fields-1] == ""
		if w.counting {
			v, err := strconv.Atoi(rec.fields[0])
			w.counting = err == nil && v == from+n && from <= 1 && from >= 0
		}
		r.starts = append(r.starts, rec.start)
		end = rec.end
		n++
		return nil
	})
	if err != nil {
		return w, err
	}
	r.starts = append(r.starts, end)
	w.trailing = w.trailing && n > 0 && w.fields > 1
	w.counting = w.counting && n >= 5
	return w, h.fits(w, n)
}

func (r *textRows) notes(h header, w widths) []string {
	notes := []string{"separator " + separatorName(r.sep)}
	if h.note != "" {
		notes = append(notes, h.note)
	}
	if n := len(r.starts) - 1; h.kind == scikitHeader && h.rows != n {
		notes = append(notes, fmt.Sprintf("but there are %d rows", n))
	}
	switch out := h.out(w); {
	case slices.Contains(out, 0):
		notes = append(notes, "unnamed first column left out as an index")
	case w.counting:
		notes = append(notes, "column 1 counts the rows and is kept (leave it out by drop 1)")
	}
	if w.trailing {
		notes = append(notes, "empty last column left out")
	}
	return notes
}

func (r *textRows) dims() (n, d int) { return len(r.starts) - 1, len(r.cols.features) }

func (r *textRows) fileColumn(k int) int { return r.cols.features[k] }

func (r *textRows) place(i int) string {
	return fmt.Sprintf("line %d (row %d)", lineOf(r.text, r.starts[i]), i+1)
}

func (r *textRows) row(i int, x []float64) (c cell, err error) {
	var failed error
	buf := r.fields.Get().(*[]string)
	defer r.fields.Put(buf)
	if *buf == nil {
		*buf = make([]string, 0, len(x)+1)
	}
	err = eachRecord(r.text[r.starts[i]:r.starts[i+1]], r.sep, *buf, func(rec record) error {
		c, failed = r.parse(i, rec.fields, x)
		return errEnough
	})
	if err != nil && !errors.Is(err, errEnough) {
		return c, err
	}
	return c, failed
}

func (r *textRows) parse(i int, fields []string, x []float64) (c cell, err error) {
	for k, f := range r.cols.features {
		if x[k], err = parseNumber(fields[f], r.decimalComma); err != nil {
			if errors.Is(err, ErrNotNumber) {
				err = fmt.Errorf("%w; if it is the label, give label %s, else encode it as a number or leave the column out (drop)", err, r.cols.spec(f))
			}
			return c, fmt.Errorf("%s, column %d%s: %w", r.place(i), f+1, r.cols.quoted(f), err)
		}
	}
	if r.cols.label >= 0 {
		c = textCell(fields[r.cols.label], r.decimalComma)
	}
	return c, nil
}

// looksLikeLabel returns the first name that labels usually have, or "".
func looksLikeLabel(names []string) string {
	for _, name := range names {
		switch strings.ToLower(name) {
		case "y", "label", "labels", "target", "targets", "class", "outcome", "response":
			return name
		}
	}
	return ""
}

// spec is what a user writes for column k of the file.
func (c columns) spec(k int) string {
	if c.names != nil && c.names[k] != "" {
		return strconv.Quote(c.names[k])
	}
	return strconv.Itoa(k + 1)
}

func (c columns) quoted(k int) string {
	if c.names != nil && c.names[k] != "" {
		return fmt.Sprintf(" (%q)", c.names[k])
	}
	return ""
}

// textCell is the label that a field holds.
func textCell(f string, comma bool) cell {
	f = strings.TrimSpace(f)
	if isMissing(f) {
		v, _ := parseNumber("", false)
		return cell{value: v}
	}
	if comma {
		if _, err := parseNumber(f, true); err == nil {
			f = strings.Replace(f, ",", ".", 1)
		}
	}
	return cell{text: f}
}

// decimalComma tells whether numbers are written as 1,5: only where the comma is
// not the separator.
func decimalComma(sep rune, first [][]string) bool {
	commas := false
	for _, r := range first {
		for _, f := range r {
			if !isNumber(f) {
				continue
			}
			if strings.Contains(f, ".") {
				return false
			}
			commas = commas || strings.Contains(f, ",")
		}
	}
	return commas && sep != ','
}

// labelLines reads one label a line, for n samples.
func labelLines(b []byte, n int) (labelVector, error) {
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return labelVector{}, fmt.Errorf("%w: labels: neither NPY, IDX nor text with one label a line", ErrFormat)
	}
	var cells []cell
	err := eachLine(text(bytes.TrimPrefix(b, []byte("\ufeff"))), func(_, _, _ int, line string) error {
		cells = append(cells, textCell(unquote(strings.TrimSpace(line)), false))
		return nil
	})
	if err == nil && len(cells) == n+1 {
		cells = cells[1:] // a header
	}
	return labelVector{len(cells), func(i int) cell { return cells[i] }}, err
}
