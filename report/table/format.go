package table

import (
	"fmt"
	"io"
	"strings"
)

// Format is an output format.
type Format int

// Formats.
const (
	Terminal Format = iota
	Markdown
	CSV
	JSON
	HTML
	LaTeX
)

var formatNames = [...]string{"terminal", "markdown", "csv", "json", "html", "latex"}

// String returns the name of f, as understood by [ParseFormat].
func (f Format) String() string {
	if f < 0 || int(f) >= len(formatNames) {
		return fmt.Sprintf("format(%d)", int(f))
	}
	return formatNames[f]
}

// ParseFormat returns the format with the given name: terminal (or text),
// markdown (md), csv, json, html or latex (tex).
func ParseFormat(name string) (Format, error) {
	switch strings.ToLower(name) {
	case "text":
		return Terminal, nil
	case "md":
		return Markdown, nil
	case "tex":
		return LaTeX, nil
	}
	for f, s := range formatNames {
		if strings.EqualFold(name, s) {
			return Format(f), nil
		}
	}
	return 0, fmt.Errorf("unknown table format %q: use one of %s", name, strings.Join(formatNames[:], ", "))
}

// Options chooses between ways to print a table; the zero value suits most.
type Options struct {
	// Width is the number of columns of the terminal. Long text is wrapped to
	// fit; when even that is not enough, each row is printed as a list. 0 is
	// unlimited.
	Width int
	// Color lets the terminal renderer colour the marks by ANSI sequences.
	Color bool
	// Siunitx aligns columns of numbers at the decimal point with the LaTeX
	// package siunitx.
	Siunitx bool
	// Long makes a LaTeX longtable, which may break over pages.
	Long bool
	// Wide makes a LaTeX table* as wide as both columns of a two-column page.
	Wide bool
	// Page is the room of a LaTeX table. Columns of words are wrapped to fit it,
	// and a table longer than a page becomes a longtable by itself. Without one a
	// table is as wide as its cells.
	Page *Page
	// Small sets a LaTeX table in small type: a float begins in the size of the
	// text, whatever surrounds it.
	Small bool
}

// Render writes t to w in format f. It fails when the table has no columns or
// ragged rows, when a formula would break the format, or when w fails.
func Render(w io.Writer, t *Table, f Format, opts Options) error {
	if err := t.check(); err != nil {
		return err
	}
	switch f {
	case Terminal:
		return renderTerminal(w, t, opts)
	case Markdown:
		return renderMarkdown(w, t)
	case CSV:
		return renderCSV(w, t)
	case JSON:
		return renderJSON(w, t)
	case HTML:
		return renderHTML(w, t)
	case LaTeX:
		return renderLaTeX(w, t, opts)
	}
	return fmt.Errorf("unknown table format %v", f)
}
