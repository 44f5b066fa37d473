package table

// PlainText returns a cell as readable text on one line, as a terminal shows
// it.
func PlainText(c Cell) string { return orEmpty(c).plain() }

// InTeX returns a cell as LaTeX that is safe anywhere in a line of text. It
// fails on a formula that would break the line.
func InTeX(c Cell) (string, error) {
	l := &latex{table: &Table{}}
	s := l.cell(orEmpty(c))
	return s, l.err
}

// InHTML returns a cell as HTML: escaped text, MathML for formulas.
func InHTML(c Cell) string { return htmlCell(orEmpty(c)) }
