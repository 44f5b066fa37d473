package table

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter/tw"
)

// Preamble returns the \usepackage lines that a LaTeX table printed with these
// options needs.
func Preamble(opts Options) string {
	lines := []string{`\usepackage{booktabs}`}
	if opts.Siunitx {
		lines = append(lines, `\usepackage{siunitx}`)
	}
	if opts.Long {
		lines = append(lines, `\usepackage{longtable}`)
	}
	return strings.Join(lines, "\n") + "\n"
}

// renderLaTeX prints t as a table environment with booktabs rules, or as a
// longtable.
func renderLaTeX(w io.Writer, t *Table, opts Options) error {
	if opts.Long && opts.Wide {
		return fmt.Errorf("table %q: a longtable cannot be as wide as two columns: choose Long or Wide", t.Label)
	}
	l := &latex{table: t, opts: opts}
	head, body, err := l.grid()
	if err != nil {
		return err
	}
	var b strings.Builder
	env := "table"
	if opts.Wide {
		env = "table*"
	}
	if !opts.Long {
		// Classes made for captions below leave no room under one above.
		fmt.Fprintf(&b, "\\begin{%s}[t]\n\\centering\n\\setlength{\\belowcaptionskip}{6pt}\n%s", env, l.caption("\n"))
	}
	switch { // the caption keeps its own size
	case opts.Small && opts.Long:
		b.WriteString("{\\footnotesize\n")
	case opts.Small:
		b.WriteString("\\footnotesize\n")
	}
	if err := l.tabular(&b, head, body); err != nil {
		return err
	}
	b.WriteString(l.notes())
	if opts.Small && opts.Long {
		b.WriteString("}\n")
	}
	if !opts.Long {
		fmt.Fprintf(&b, "\\end{%s}\n", env)
	}
	if l.err != nil {
		return l.err
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// latex prints the parts of one table, and keeps the first error.
type latex struct {
	table *Table
	opts  Options
	err   error
}

// grid prints headings and cells.
func (l *latex) grid() (head []string, body [][]string, err error) {
	for _, c := range l.table.Columns {
		head = append(head, l.inline(c.Head))
	}
	for i, row := range l.table.Rows {
		line := make([]string, len(row))
		for j, c := range row {
			line[j] = l.column(c, j)
			if l.err != nil {
				return nil, nil, fmt.Errorf("table %q, row %d, column %d: %w", l.table.Label, i, j, l.err)
			}
		}
		body = append(body, line)
	}
	return head, body, l.err
}

func (l *latex) tabular(b *strings.Builder, head []string, body [][]string) error {
	grid := newGrid(b, &booktabs{latex: l}, nil)
	grid.Header(shield(head))
	for _, row := range body {
		if err := grid.Append(shield(row)); err != nil {
			return fmt.Errorf("printing table %q: %w", l.table.Label, err)
		}
	}
	if len(body) == 0 { // a heading alone is not rendered without a row
		if err := grid.Append(shield(make([]string, len(head)))); err != nil {
			return fmt.Errorf("printing table %q: %w", l.table.Label, err)
		}
	}
	if err := grid.Render(); err != nil {
		return fmt.Errorf("printing table %q: %w", l.table.Label, err)
	}
	return nil
}

// shield makes cells that tablewriter can neither trim nor drop: it takes away
// white space at the ends, which is part of a LaTeX escape such as "\ ".
func shield(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = "<" + c + ">"
	}
	return out
}

func unshield(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
}

// spec returns the column specification of tabular.
func (l *latex) spec() string {
	var b strings.Builder
	for j, c := range l.table.Columns {
		switch {
		case l.aligned(j):
			fmt.Fprintf(&b, "S[table-format=%s]", siunitxFormat(l.table, j))
		case c.Wrap > 0:
			fmt.Fprintf(&b, "p{%.3g\\linewidth}", c.Wrap)
		default:
			b.WriteString(map[Align]string{Left: "l", Center: "c", Right: "r"}[l.table.align(j)])
		}
	}
	return b.String()
}

// aligned reports whether column j is a siunitx S column: it has numbers only,
// and no interval, which S columns do not know.
func (l *latex) aligned(j int) bool {
	if !l.opts.Siunitx || !l.table.numeric(j) || l.table.Columns[j].Wrap > 0 {
		return false
	}
	for _, row := range l.table.Rows {
		if x, ok := bare(row[j]).(Num); ok && x.spread == interval {
			return false
		}
	}
	return true
}

// siunitxFormat is the room that the numbers of column j need, such as -1.2e3:
// digits before the point, after it, and of the exponent.
func siunitxFormat(t *Table, j int) string {
	var whole, decimals, exponent, uncertain int
	var minus, expMinus bool
	for _, row := range t.Rows {
		n, ok := siunitxNumeral(bare(row[j]))
		if !ok {
			continue
		}
		value := strings.TrimPrefix(n.value, "-")
		minus = minus || value != n.value
		w, d, _ := strings.Cut(value, ".")
		whole, decimals = max(whole, len(w)), max(decimals, len(d))
		if n.sci {
			exponent = max(exponent, len(fmt.Sprint(abs(n.exp))))
			expMinus = expMinus || n.exp < 0
		}
		uncertain = max(uncertain, len(strings.TrimLeft(strings.ReplaceAll(n.err, ".", ""), "0")))
	}
	format := fmt.Sprintf("%d.%d", max(whole, 1), decimals)
	if minus {
		format = "-" + format
	}
	if uncertain > 0 {
		format += fmt.Sprintf("(%d)", uncertain)
	}
	if exponent > 0 {
		format += "e"
		if expMinus {
			format += "-"
		}
		format += fmt.Sprint(exponent)
	}
	return format
}

// siunitxNumeral returns a cell as siunitx reads it, if it can.
func siunitxNumeral(c Cell) (numeral, bool) {
	switch c := c.(type) {
	case Count:
		return numeral{value: c.plain()}, true
	case Num:
		ok := finite(c.value) && (c.spread == alone || finite(c.err) && c.err > 0)
		return c.numeral(), ok
	}
	return numeral{}, false
}

// column prints a cell as it stands in column j.
func (l *latex) column(c Cell, j int) string {
	if l.aligned(j) {
		if n, ok := siunitxNumeral(bare(c)); ok {
			s := siunitx(n)
			if marks := noteMarks(c); marks != "" {
				s += ` {\textsuperscript{` + latexText(marks) + "}}"
			}
			return s
		}
		return "{" + l.cell(c) + "}"
	}
	s := l.cell(c)
	if l.table.Columns[j].Wrap > 0 {
		s = `\raggedright ` + s
	}
	return s
}

func siunitx(n numeral) string {
	s := n.value
	if n.spread == plusMinus {
		s += " +- " + n.err
	}
	if n.sci {
		s += fmt.Sprintf("e%d", n.exp)
	}
	return s
}

func (l *latex) cell(c Cell) string {
	switch c := c.(type) {
	case Math:
		return l.math(c.TeX)
	case Inline:
		return l.inline(c)
	case Num:
		return latexNum(c.numeral())
	case Count:
		return "$" + thousands(c.plain()) + "$"
	case Mark:
		if c.Class == Bad {
			return `\textbf{` + latexText(c.Text) + "}"
		}
		return latexText(c.Text)
	case Noted:
		return l.cell(orEmpty(c.Cell)) + `\textsuperscript{` + latexText(c.Mark) + "}"
	case Empty:
		return "--"
	}
	return latexText(c.plain())
}

// LaTeX returns c as LaTeX that is safe anywhere in a line of text. It fails on
// a formula with unmatched braces, alignment or comment characters.
func (c Inline) LaTeX() (string, error) {
	l := &latex{}
	s := l.inline(c)
	return s, l.err
}

func (l *latex) inline(s Inline) string {
	var b strings.Builder
	for _, p := range s.parts() {
		b.WriteString(l.cell(p))
	}
	return b.String()
}

// math prints a formula, or records why it cannot stand in a table.
func (l *latex) math(tex string) string {
	tex = strings.TrimSpace(oneLine(tex))
	if err := checkMath(tex); err != nil && l.err == nil {
		l.err = err
	}
	if tex == "" {
		return ""
	}
	return "$" + tex + "$"
}

// latexKnows is the first character after those of European languages, which
// LaTeX reads in UTF-8 by itself.
const latexKnows = 0x180

// notes returns the remarks under the table, in small type.
func (l *latex) notes() string {
	if len(l.table.Notes) == 0 {
		return ""
	}
	lines := make([]string, len(l.table.Notes))
	for i, n := range l.table.Notes {
		if n.Mark != "" {
			lines[i] = `\textsuperscript{` + latexText(n.Mark) + "}"
		}
		lines[i] += l.inline(n.Body)
	}
	width := `\wd0` // of the table; see boxed
	if l.opts.Long {
		width = `\linewidth`
	}
	return "\\par\\smallskip\n\\begin{minipage}{" + width + "}\n\\footnotesize\\raggedright\n" +
		strings.Join(lines, "\\par\n") + "\n\\end{minipage}\n"
}

// boxed reports whether the tabular is put in a box first, so that the notes can
// be set as wide as it is.
func (l *latex) boxed() bool { return len(l.table.Notes) > 0 && !l.opts.Long }

// rowEnd returns the end of a row: \\, unless ragged paragraphs give that
// another meaning.
func (l *latex) rowEnd() string {
	for _, c := range l.table.Columns {
		if c.Wrap > 0 {
			return " \\tabularnewline\n"
		}
	}
	return " \\\\\n"
}

// groupLine returns the upper header level: one \multicolumn a group, and the
// rules under them.
func (l *latex) groupLine() string {
	var cells, rules []string
	for _, s := range l.table.spans() {
		if s.head == "" {
			cells = append(cells, "")
			continue
		}
		cells = append(cells, fmt.Sprintf(`\multicolumn{%d}{c}{%s}`, s.to-s.from, l.inline(s.head)))
		rules = append(rules, fmt.Sprintf(`\cmidrule(lr){%d-%d}`, s.from+1, s.to))
	}
	return strings.Join(cells, " & ") + l.rowEnd() + strings.Join(rules, " ") + "\n"
}

// headCell prints the heading of column j: centred over an S column, which
// would read it as a number.
func (l *latex) headCell(s string, j int) string {
	switch {
	case l.aligned(j):
		return "{" + s + "}"
	case l.table.Columns[j].Wrap > 0:
		return `\raggedright ` + s
	}
	return s
}

var _ tw.Renderer = (*booktabs)(nil)
