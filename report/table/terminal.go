package table

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

const (
	gutter    = 2  // spaces between columns
	narrowest = 12 // a wrapped column is never made narrower than this
)

// renderTerminal prints t for people: headings, rows and notes, wrapped to
// opts.Width.
func renderTerminal(w io.Writer, t *Table, opts Options) error {
	head, body := terminalGrid(t)
	widths, fits := fitColumns(t, head, body, opts.Width)
	var b strings.Builder
	if title := t.Title.plain(); title != "" {
		b.WriteString(wrap(title, opts.Width) + "\n\n")
	}
	if fits {
		if err := writeGrid(&b, t, head, body, widths, opts.Color); err != nil {
			return err
		}
	} else {
		writeList(&b, t, body, opts)
	}
	if caption := t.Caption.plain(); caption != "" {
		b.WriteString("\n" + wrap(caption, opts.Width) + "\n")
	}
	for i, n := range t.Notes {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(wrap(noteText(n), opts.Width) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func noteText(n Note) string {
	if n.Mark == "" {
		return n.Body.plain()
	}
	return "(" + oneLine(n.Mark) + ") " + n.Body.plain()
}

// terminalGrid returns the headings, the two levels on two lines, and the cells.
func terminalGrid(t *Table) (head []string, body [][]string) {
	for _, c := range t.Columns {
		h := visible(c.Head.plain())
		if t.grouped() {
			g := visible(c.Group.plain())
			h = g + "\n" + h
		}
		head = append(head, h)
	}
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for j, c := range row {
			cells[j] = visible(c.plain())
		}
		body = append(body, cells)
	}
	return head, body
}

// visible replaces an empty string, whose line or column tablewriter would
// drop, by a space that does not break.
func visible(s string) string {
	if strings.TrimSpace(s) == "" {
		return "\u00A0"
	}
	return s
}

// fitColumns returns the width of each column so that the table fits in width.
// Columns of numbers and formulas keep their natural width; the widest of the
// others gives way first. It reports whether that was enough.
func fitColumns(t *Table, head []string, body [][]string, width int) ([]int, bool) {
	widths := make([]int, len(head))
	total := -gutter
	for j := range head {
		widths[j] = textWidth(head[j])
		for _, row := range body {
			widths[j] = max(widths[j], textWidth(row[j]))
		}
		total += widths[j] + gutter
	}
	for ; width > 0 && total > width; total-- {
		widest := -1
		for j := range widths {
			if widths[j] > least(t, head, body, j) && (widest < 0 || widths[j] > widths[widest]) {
				widest = j
			}
		}
		if widest < 0 {
			return nil, false
		}
		widths[widest]--
	}
	return widths, true
}

// least is the smallest width of column j: that of its longest cell that must
// stay whole, or the longest word, or the width below which nobody can read.
func least(t *Table, head []string, body [][]string, j int) int {
	w := longestWord(head[j])
	for i, row := range body {
		switch bare(t.Rows[i][j]).(type) {
		case Text, Inline:
			w = max(w, min(textWidth(row[j]), max(narrowest, longestWord(row[j]))))
		default:
			w = max(w, textWidth(row[j]))
		}
	}
	return w
}

func longestWord(s string) int {
	w := 0
	for _, word := range strings.Fields(s) {
		w = max(w, runewidth.StringWidth(word))
	}
	return w
}

// textWidth is the width of the longest line of s in a terminal.
func textWidth(s string) int {
	w := 0
	for _, line := range strings.Split(s, "\n") {
		w = max(w, runewidth.StringWidth(line))
	}
	return w
}

// wrap breaks s at spaces into lines of at most width; 0 is unlimited. A longer
// word stays whole.
func wrap(s string, width int) string {
	if width <= 0 {
		return s
	}
	var b strings.Builder
	n := 0
	for i, word := range strings.Split(s, " ") {
		k := runewidth.StringWidth(word)
		switch {
		case i == 0:
		case n+1+k > width:
			b.WriteByte('\n')
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(word)
		n += k
	}
	return b.String()
}

// wrapLines wraps each line of s on its own.
func wrapLines(s string, width int) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = wrap(l, width)
	}
	return strings.Join(lines, "\n")
}

// writeGrid prints the table proper through tablewriter.
func writeGrid(b *strings.Builder, t *Table, head []string, body [][]string, widths []int, color bool) error {
	aligns := make([]tw.Align, len(widths))
	for j := range aligns {
		aligns[j] = map[Align]tw.Align{Left: tw.AlignLeft, Center: tw.AlignCenter, Right: tw.AlignRight}[t.align(j)]
		head[j] = wrapLines(head[j], widths[j])
	}
	bottomAlign(head)
	var grid strings.Builder
	table := newGrid(&grid, renderer.NewBlueprint(tw.Rendition{
		Borders: tw.BorderNone,
		Symbols: tw.NewSymbols(tw.StyleLight),
		Settings: tw.Settings{
			Separators: tw.Separators{ShowHeader: tw.On, BetweenColumns: tw.Off, BetweenRows: tw.Off},
			Lines:      tw.Lines{ShowHeaderLine: tw.On},
		},
	}), aligns)
	table.Header(head)
	for i, row := range body {
		for j := range row {
			row[j] = wrap(row[j], widths[j])
			if m, ok := bare(t.Rows[i][j]).(Mark); ok && color {
				row[j] = paint(row[j], m.Class)
			}
		}
		if err := table.Append(row); err != nil {
			return fmt.Errorf("printing table %q: %w", t.Label, err)
		}
	}
	if err := table.Render(); err != nil {
		return fmt.Errorf("printing table %q: %w", t.Label, err)
	}
	total := -gutter
	for _, n := range widths {
		total += n + gutter
	}
	for line := range strings.Lines(grid.String()) {
		b.WriteString(trimLine(line, total) + "\n")
	}
	return nil
}

// trimLine takes away the white space at the end of a line, also where
// tablewriter ends it by a second reset of the colour, and what of a rule goes
// beyond the last column.
func trimLine(line string, width int) string {
	const reset = "\x1b[0m"
	line = strings.ReplaceAll(line, "\u00A0", " ") // see visible
	line = strings.TrimRight(line, " \n")
	if inner, ok := strings.CutSuffix(line, " "+reset); ok {
		line = strings.TrimRight(inner, " ")
	}
	if n := utf8.RuneCountInString(line); n > width && strings.Trim(line, "─") == "" {
		line = strings.Repeat("─", width)
	}
	return line
}

// newGrid returns a tablewriter that leaves the cells as they are.
func newGrid(w io.Writer, r tw.Renderer, aligns []tw.Align) *tablewriter.Table {
	section := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Alignment:  tw.CellAlignment{PerColumn: aligns},
		Padding:    tw.CellPadding{Global: tw.Padding{Left: "", Right: strings.Repeat(" ", gutter), Overwrite: true}},
	}
	return tablewriter.NewTable(w,
		tablewriter.WithRenderer(r),
		tablewriter.WithConfig(tablewriter.Config{
			Header:   section,
			Row:      section,
			Behavior: tw.Behavior{AutoHide: tw.Off, TrimSpace: tw.Off, TrimLine: tw.Off},
		}),
	)
}

// bottomAlign gives all headings the same number of lines, the text at the
// bottom.
func bottomAlign(head []string) {
	lines := 0
	for _, h := range head {
		lines = max(lines, strings.Count(h, "\n"))
	}
	for j, h := range head {
		head[j] = strings.Repeat("\u00A0\n", lines-strings.Count(h, "\n")) + h
	}
}

// paint colours the lines of s by the ANSI sequences of c.
func paint(s string, c Class) string {
	code, ok := map[Class]string{Good: "32", Bad: "31", Unsure: "33", Muted: "2"}[c]
	if !ok {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = "\x1b[" + code + "m" + l + "\x1b[0m"
	}
	return strings.Join(lines, "\n")
}

// writeList prints each row as lines of heading and cell, for a terminal in
// which the columns have no room side by side.
func writeList(b *strings.Builder, t *Table, body [][]string, opts Options) {
	names := make([]string, len(t.Columns))
	indent := 0
	for j, c := range t.Columns {
		names[j] = flatHead(c, Inline.plain)
		indent = max(indent, runewidth.StringWidth(names[j])+gutter)
	}
	indent = min(indent, opts.Width/2)
	for i, row := range body {
		if i > 0 {
			b.WriteString("\n")
		}
		for j, cell := range row {
			room := max(opts.Width-indent, narrowest)
			text := wrap(cell, room)
			if m, ok := bare(t.Rows[i][j]).(Mark); ok && opts.Color {
				text = paint(text, m.Class)
			}
			name := names[j]
			if pad := indent - runewidth.StringWidth(name); pad > 0 {
				name += strings.Repeat(" ", pad)
			} else {
				name += "\n" + strings.Repeat(" ", indent)
			}
			text = strings.ReplaceAll(text, "\u00A0", " ")
			text = name + strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", indent))
			b.WriteString(strings.TrimRight(text, " ") + "\n")
		}
	}
}
