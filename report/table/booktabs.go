package table

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/ll"
	"github.com/olekukonko/tablewriter/tw"
)

// booktabs is the tablewriter renderer for LaTeX: it writes a tabular or a
// longtable with booktabs rules. The upper header level comes from the table,
// since tablewriter has only one.
type booktabs struct {
	latex *latex
	w     io.Writer
	err   error
}

func (b *booktabs) Start(w io.Writer) error {
	b.w = w
	return nil
}

// Header takes the headings; tablewriter calls it once a line of the header, of
// which there is one.
func (b *booktabs) Header(_ [][]string, ctx tw.Formatting) {
	cells := b.cells(ctx)
	for j := range cells {
		cells[j] = b.latex.headCell(cells[j], j)
	}
	head := ""
	if b.latex.table.grouped() {
		head = b.latex.groupLine()
	}
	head += strings.Join(cells, " & ") + b.latex.rowEnd()
	if !b.latex.opts.Long {
		if b.latex.boxed() {
			b.printf("\\sbox0{")
		}
		b.printf("\\begin{tabular}{%s}\n\\toprule\n%s\\midrule\n", b.latex.spec(), head)
		return
	}
	b.printf("\\begin{longtable}{%s}\n", b.latex.spec())
	if c := b.latex.caption(""); c != "" {
		b.printf("%s \\\\\n", c)
	}
	n := len(b.latex.table.Columns)
	b.printf("\\toprule\n%s\\midrule\n\\endfirsthead\n", head)
	b.printf("\\multicolumn{%d}{l}{\\footnotesize (continued)} \\\\\n\\toprule\n%s\\midrule\n\\endhead\n", n, head)
	b.printf("\\midrule\n\\multicolumn{%d}{r}{\\footnotesize (continued on next page)} \\\\\n\\endfoot\n", n)
	b.printf("\\bottomrule\n\\endlastfoot\n")
}

// Row writes one row. A table without rows has one of empty cells, which prints
// nothing.
func (b *booktabs) Row(_ []string, ctx tw.Formatting) {
	if len(b.latex.table.Rows) > 0 {
		b.printf("%s%s", strings.Join(b.cells(ctx), " & "), b.latex.rowEnd())
	}
}

func (b *booktabs) Footer([][]string, tw.Formatting) {}
func (b *booktabs) Line(tw.Formatting)               {}
func (b *booktabs) Logger(*ll.Logger)                {}

// Config asks tablewriter for no decoration of its own.
func (b *booktabs) Config() tw.Rendition {
	return tw.Rendition{
		Borders:  tw.BorderNone,
		Symbols:  tw.NewSymbols(tw.StyleNone),
		Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
	}
}

func (b *booktabs) Close() error {
	switch {
	case b.latex.opts.Long:
		b.printf("\\end{longtable}\n")
	case b.latex.boxed():
		b.printf("\\bottomrule\n\\end{tabular}}\n\\usebox0\n")
	default:
		b.printf("\\bottomrule\n\\end{tabular}\n")
	}
	return b.err
}

func (b *booktabs) cells(ctx tw.Formatting) []string {
	cells := make([]string, len(b.latex.table.Columns))
	for j := range cells {
		cells[j] = unshield(ctx.Row.Current[j].Data)
	}
	return cells
}

func (b *booktabs) printf(format string, args ...any) {
	if b.err == nil {
		_, b.err = fmt.Fprintf(b.w, format, args...)
	}
}
