package table

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// renderCSV prints the rows for programs: numbers in full precision, and after a
// column with intervals one column more for each end, named "<key> lo" and
// "<key> hi". Title, caption and notes are left out.
func renderCSV(w io.Writer, t *Table) error {
	keys := t.keys()
	spread := make([]bool, len(keys))
	var head []string
	for j, key := range keys {
		head = append(head, key)
		for _, row := range t.Rows {
			if x, ok := bare(row[j]).(Num); ok && x.spread != alone {
				spread[j] = true
			}
		}
		if spread[j] {
			head = append(head, key+" lo", key+" hi")
		}
	}
	out := csv.NewWriter(w)
	if err := out.Write(head); err != nil {
		return err
	}
	for _, row := range t.Rows {
		var line []string
		for j, c := range row {
			c = bare(c)
			line = append(line, csvCell(c))
			if !spread[j] {
				continue
			}
			if x, ok := c.(Num); ok && x.spread != alone {
				line = append(line, full(x.lo), full(x.hi))
			} else {
				line = append(line, "", "")
			}
		}
		if len(line) == 1 && line[0] == "" {
			// encoding/csv would write, and its reader skip, an empty line.
			if err := csvBlankLine(out, w); err != nil {
				return err
			}
			continue
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func csvBlankLine(out *csv.Writer, w io.Writer) error {
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\"\"\n")
	return err
}

func csvCell(c Cell) string {
	switch c := c.(type) {
	case Num:
		return full(c.value)
	case Empty:
		return ""
	}
	return c.plain()
}

// full prints x with the digits needed to read it back exactly.
func full(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// The JSON form of a table; fields in a fixed order.
type (
	jsonTable struct {
		Title   string       `json:"title,omitempty"`
		Caption string       `json:"caption,omitempty"`
		Label   string       `json:"label,omitempty"`
		Columns []jsonColumn `json:"columns"`
		Rows    [][]jsonCell `json:"rows"`
		Notes   []jsonNote   `json:"notes,omitempty"`
	}
	jsonColumn struct {
		Key   string `json:"key"`
		Head  string `json:"head"`
		Group string `json:"group,omitempty"`
	}
	jsonCell struct {
		Kind  string   `json:"kind"` // text, math, num, count, mark, empty
		Text  string   `json:"text,omitempty"`
		TeX   string   `json:"tex,omitempty"`
		Value any      `json:"value,omitempty"` // float or integer; "+Inf", "-Inf", "NaN" as strings
		Lo    any      `json:"lo,omitempty"`
		Hi    any      `json:"hi,omitempty"`
		Class string   `json:"class,omitempty"`
		Notes []string `json:"notes,omitempty"`
	}
	jsonNote struct {
		Mark string `json:"mark,omitempty"`
		Text string `json:"text"`
	}
)

// renderJSON prints one object. Each cell has its kind, its text as in a
// terminal, and its value in full precision. Title, caption, headings and notes
// keep their dollar signs.
func renderJSON(w io.Writer, t *Table) error {
	doc := jsonTable{Title: string(t.Title), Caption: string(t.Caption), Label: t.Label, Rows: [][]jsonCell{}}
	for j, key := range t.keys() {
		doc.Columns = append(doc.Columns, jsonColumn{key, string(t.Columns[j].Head), string(t.Columns[j].Group)})
	}
	for _, row := range t.Rows {
		cells := make([]jsonCell, len(row))
		for j, c := range row {
			cells[j] = toJSON(c)
		}
		doc.Rows = append(doc.Rows, cells)
	}
	for _, n := range t.Notes {
		doc.Notes = append(doc.Notes, jsonNote{n.Mark, string(n.Body)})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("table %q as JSON: %w", t.Label, err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func toJSON(c Cell) jsonCell {
	switch c := c.(type) {
	case Noted:
		out := toJSON(orEmpty(c.Cell))
		out.Notes = append([]string{c.Mark}, out.Notes...)
		return out
	case Text:
		return jsonCell{Kind: "text", Text: string(c)}
	case Inline:
		return jsonCell{Kind: "text", Text: c.plain(), TeX: string(c)}
	case Math:
		return jsonCell{Kind: "math", Text: c.plain(), TeX: c.TeX}
	case Num:
		out := jsonCell{Kind: "num", Text: c.plain(), Value: jsonFloat(c.value)}
		if c.spread != alone {
			out.Lo, out.Hi = jsonFloat(c.lo), jsonFloat(c.hi)
		}
		return out
	case Count:
		return jsonCell{Kind: "count", Text: c.plain(), Value: int64(c)}
	case Code:
		return jsonCell{Kind: "text", Text: string(c)}
	case Cite:
		return jsonCell{Kind: "text", Text: string(c)}
	case Mark:
		return jsonCell{Kind: "mark", Text: c.Text, Class: c.Class.String()}
	}
	return jsonCell{Kind: "empty"}
}

func orEmpty(c Cell) Cell {
	if c == nil {
		return Empty{}
	}
	return c
}

// jsonFloat returns x, or its name where JSON has no number.
func jsonFloat(x float64) any {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "+Inf"
	case math.IsInf(x, -1):
		return "-Inf"
	}
	return x
}
