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
	lines := []string{`\usepackage{amsmath,amssymb}`, `\usepackage{booktabs}`}
	if opts.Siunitx {
		lines = append(lines, `\usepackage{siunitx}`)
	}
	if opts.Long || opts.Page != nil {
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
	if err := l.layout(); err != nil {
		return err
	}
	var b strings.Builder
	if len(t.LeftOut) > 0 {
		fmt.Fprintf(&b, "%% Left out, so that the table fits: %s\n", oneLine(strings.Join(t.LeftOut, ", ")))
	}
	if err := l.print(&b); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// print writes the table as the float, the longtable or the frames that its
// layout asks for.
func (l *latex) print(b *strings.Builder) error {
	switch {
	case l.frames:
		return l.printFrames(b)
	case l.opts.Long:
		return l.printLong(b)
	}
	env := "table"
	if l.opts.Wide {
		env = "table*"
	}
	// Classes made for captions below leave no room under one above.
	fmt.Fprintf(b, "\\begin{%s}[t]\n\\centering\n\\setlength{\\belowcaptionskip}{6pt}\n%s%s", env, l.settings(), l.caption("\n"))
	b.WriteString(l.size()) // the caption keeps its own
	if err := l.body(b); err != nil {
		return err
	}
	fmt.Fprintf(b, "\\end{%s}\n", env)
	return l.err
}

// latex prints the parts of one table, and keeps the first error.
type latex struct {
	table *Table
	opts  Options
	err   error

	// Of the layout on a page: the width of each column, and of those that are
	// wrapped (0 for others), the width of the table, and whether it is cut into
	// frames.
	sizes, widths []float64
	total         float64
	frames        bool
	tiny          bool             // a size smaller than \footnotesize
	setting                        // how closely the columns stand
	heads, groups map[int][]string // lines of the headings that are stacked, by their (first) column
	powers        map[int]bool     // see power
}

// grid prints headings and cells.
func (l *latex) grid() (head []string, body [][]string, err error) {
	for j, c := range l.table.Columns {
		align := l.table.align(j)
		if l.aligned(j) {
			align = Center
		}
		head = append(head, stackedHead(l.inline(c.Head), l.heads[j], align))
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
			fmt.Fprintf(&b, "S[table-format=%s]", siunitxFormat(l.numerals(j)))
		case l.widths != nil && l.widths[j] > 0:
			fmt.Fprintf(&b, "p{%.1fpt}", l.widths[j])
		case l.wrapped(j):
			fmt.Fprintf(&b, "p{%.3g\\linewidth}", c.Wrap)
		default:
			b.WriteString(letterOf(l.table.align(j)))
		}
	}
	if l.widths != nil {
		return "@{}" + b.String() + "@{}"
	}
	return b.String()
}

// wrapped reports whether column j is set in paragraphs: by the layout of the
// page, or by its own wish.
func (l *latex) wrapped(j int) bool {
	if l.widths != nil {
		return l.widths[j] > 0
	}
	return l.opts.Page == nil && l.table.Columns[j].Wrap > 0
}

// column prints a cell as it stands in column j.
func (l *latex) column(c Cell, j int) string {
	if l.aligned(j) {
		if n, ok := siunitxNumeral(bare(c)); ok {
			if l.power(j) {
				n = n.scientific()
			}
			s := siunitx(n)
			if marks := noteMarks(c); marks != "" {
				s += ` {\textsuperscript{` + latexText(marks) + "}}"
			}
			return s
		}
		return "{" + l.cell(c) + "}"
	}
	s := l.cell(c)
	if l.wrapped(j) {
		s = `\raggedright ` + s
		if l.widths != nil {
			s = breakable(s)
		}
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
	case Code:
		return codeText(c.plain())
	case Cite:
		return `\cite{` + citeKey(string(c)) + "}"
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
		if l.opts.Page != nil {
			lines[i] = breakable(lines[i])
		}
	}
	width := `\wd0` // of the table; see boxed
	switch p := l.opts.Page; {
	case p != nil && !l.opts.Long && l.total > p.Width/2:
		width = fmt.Sprintf("%.1fpt", l.total)
	case p != nil || l.opts.Long:
		width = `\linewidth`
	}
	return "\\par\\smallskip\\noindent\n\\begin{minipage}{" + width + "}\n\\footnotesize\\raggedright\n" +
		strings.Join(lines, "\\par\n") + "\n\\end{minipage}\n"
}

// boxed reports whether the tabular is put in a box first, so that the notes can
// be set as wide as it is.
func (l *latex) boxed() bool { return len(l.table.Notes) > 0 && !l.opts.Long && l.opts.Page == nil }

// rowEnd returns the end of a row: \\, unless ragged paragraphs give that
// another meaning.
func (l *latex) rowEnd() string {
	for j := range l.table.Columns {
		if l.wrapped(j) {
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
		head := stackedHead(l.inline(s.head), l.groups[s.from], Center)
		cells = append(cells, fmt.Sprintf(`\multicolumn{%d}{c}{%s}`, s.to-s.from, head))
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
	case l.wrapped(j):
		return `\raggedright ` + s
	}
	return s
}

var _ tw.Renderer = (*booktabs)(nil)
