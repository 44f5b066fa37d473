package table

import (
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// renderMarkdown prints t as a GitHub-flavoured Markdown table. Markdown has one
// header level, so the two are joined. Formulas go between dollar signs.
func renderMarkdown(w io.Writer, t *Table) error {
	grid := make([][]string, 1, len(t.Rows)+1)
	for _, c := range t.Columns {
		grid[0] = append(grid[0], flatHead(c, markdownInline))
	}
	for _, row := range t.Rows {
		line := make([]string, len(row))
		for j, c := range row {
			line[j] = markdownCell(c)
		}
		grid = append(grid, line)
	}
	widths := make([]int, len(t.Columns))
	for j := range widths {
		widths[j] = 3 // the rule under the heading needs three characters
		for _, line := range grid {
			widths[j] = max(widths[j], runewidth.StringWidth(line[j]))
		}
	}
	var b strings.Builder
	if t.Title != "" {
		fmt.Fprintf(&b, "**%s**\n\n", markdownInline(t.Title))
	}
	for i, line := range grid {
		markdownLine(&b, t, line, widths)
		if i == 0 {
			markdownRule(&b, t, widths)
		}
	}
	if t.Caption != "" {
		fmt.Fprintf(&b, "\n%s\n", markdownBlock(markdownInline(t.Caption)))
	}
	for _, n := range t.Notes {
		text := markdownInline(n.Body)
		if n.Mark != "" {
			text = "(" + markdownText(n.Mark) + ") " + text
		}
		fmt.Fprintf(&b, "\n%s\n", markdownBlock(text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownLine(b *strings.Builder, t *Table, line []string, widths []int) {
	for j, cell := range line {
		pad := widths[j] - runewidth.StringWidth(cell)
		left := 0
		switch t.align(j) {
		case Right:
			left = pad
		case Center:
			left = pad / 2
		}
		fmt.Fprintf(b, "| %s%s%s ", strings.Repeat(" ", left), cell, strings.Repeat(" ", pad-left))
	}
	b.WriteString("|\n")
}

func markdownRule(b *strings.Builder, t *Table, widths []int) {
	for j, n := range widths {
		rule := []byte(strings.Repeat("-", n))
		switch t.align(j) {
		case Right:
			rule[n-1] = ':'
		case Center:
			rule[0], rule[n-1] = ':', ':'
		}
		fmt.Fprintf(b, "| %s ", rule)
	}
	b.WriteString("|\n")
}

func markdownCell(c Cell) string {
	switch c := c.(type) {
	case Math:
		return markdownMath(c)
	case Inline:
		return markdownInline(c)
	case Code:
		if text := c.plain(); text != "" && !strings.ContainsAny(text, "`|") {
			return "`" + text + "`"
		}
	case Mark:
		if c.Class == Bad {
			return "**" + markdownText(c.Text) + "**"
		}
		return markdownText(c.Text)
	case Noted:
		return markdownCell(bare(c)) + " (" + markdownText(noteMarks(c)) + ")"
	case Num:
		// The brackets of an interval make no link without a target behind.
		return c.plain()
	case Count, Empty:
		return c.plain()
	}
	return markdownText(c.plain())
}

func markdownInline(s Inline) string {
	var b strings.Builder
	for _, p := range s.parts() {
		b.WriteString(markdownCell(p))
	}
	return b.String()
}

// markdownMath prints a formula. A bar would end the cell, escaped or not, and
// other signs have a meaning in Markdown, so they become the commands for them.
func markdownMath(m Math) string {
	tex := strings.NewReplacer(`\|`, `\Vert `, `|`, `\vert `, `\\`, `\\`, `\$`, `\$`, `$`, `\$`,
		`<`, `\lt `, `>`, `\gt `, `*`, `\ast `).Replace(oneLine(m.TeX))
	tex = strings.TrimSpace(tex)
	if tex == "" || strings.HasSuffix(tex, `\`) || strings.Contains(tex, "`") {
		return markdownText(m.plain())
	}
	return "$" + tex + "$"
}

var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `<`, `&lt;`, `>`, `&gt;`,
	`|`, `\|`, `~`, `\~`, `$`, `\$`, `&`, `&amp;`)

func markdownText(s string) string { return markdownEscapes.Replace(oneLine(s)) }

// markdownBlock keeps a paragraph from being read as a heading, list or rule.
func markdownBlock(s string) string {
	s = strings.TrimLeft(s, " ")
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	switch {
	case s == "":
	case strings.IndexByte("#+-=", s[0]) >= 0:
		return `\` + s
	case digits > 0 && digits < len(s) && (s[digits] == '.' || s[digits] == ')'):
		return s[:digits] + `\` + s[digits:]
	}
	return s
}

// noteMarks joins the marks of nested references.
func noteMarks(c Cell) string {
	var marks []string
	for {
		n, ok := c.(Noted)
		if !ok {
			return strings.Join(marks, ",")
		}
		marks = append(marks, oneLine(n.Mark))
		c = n.Cell
	}
}
