package page

import (
	"fmt"
	"strings"

	"convergo/report/table"
)

// instances sets the first rows of a claim's table, those of its instances, in
// as few columns and bytes as it can: what all rows share goes to the caption,
// the one relation to the head of the prediction, and end tags of cells and
// rows are left out, as HTML allows. The style sheet numbers the rows.
func instances(t *table.Table, rows int) string {
	if rows == 0 {
		return ""
	}
	g := grid{t: t, rows: t.Rows[:rows], relation: -1}
	g.choose()
	var b strings.Builder
	class := ""
	switch n := len(g.columns); {
	case n > mostColumns:
		class = ` class="many most"`
	case n > manyColumns:
		class = " class=many"
	}
	b.WriteString("<div class=scroll><table" + class + "><caption>" + g.caption() + "</caption><thead><tr>")
	for _, j := range g.columns {
		class := ""
		if g.words(j) && g.t.Columns[j].Key != "instance" {
			class = " class=l"
		}
		fmt.Fprintf(&b, "<th%s>%s", class, g.head(j))
	}
	b.WriteString("<tbody>\n")
	for _, row := range g.rows {
		b.WriteString("<tr>")
		for k, j := range g.columns {
			if k == 0 {
				b.WriteString("<th>" + strings.TrimPrefix(cellHTML(row[j]), "kind="))
				continue
			}
			b.WriteString(tdHTML(row[j]))
		}
		b.WriteString("\n")
	}
	b.WriteString("</table></div>\n")
	b.WriteString(g.notes())
	return b.String()
}

// As many columns fit a printed page in its usual type, and in small type
// without breaking words.
const manyColumns, mostColumns = 11, 16

type grid struct {
	t        *table.Table
	rows     [][]table.Cell
	columns  []int    // shown, in order
	shared   []string // what the caption says of all rows
	relation int      // column of the relation when all rows share it, or -1
}

// choose picks the columns: the instance, then the verdict, where a narrow
// screen still shows it, then the others that differ from row to row.
func (g *grid) choose() {
	var rest []int
	for j, c := range g.t.Columns {
		switch {
		case c.Key == "verdict" && len(g.rows) > 1 && g.same(j):
			g.shared = append(g.shared, table.PlainText(g.rows[0][j]))
		case c.Key == "instance" || c.Key == "verdict":
			g.columns = append(g.columns, j)
		case g.empty(j):
		case c.Key == "relation" && g.same(j):
			g.relation = j
		case len(g.rows) > 1 && c.Key != "slack" && c.Key != "worst" && c.Key != "predicted" && g.same(j):
			g.shared = append(g.shared, fmt.Sprintf("%s %s", headText(c), cellHTML(g.rows[0][j])))
		default:
			rest = append(rest, j)
		}
	}
	g.columns = append(g.columns, rest...)
}

func (g *grid) empty(j int) bool {
	for _, row := range g.rows {
		if _, ok := row[j].(table.Empty); !ok {
			return false
		}
	}
	return true
}

// same reports whether all rows show the same, but for those that show nothing
// in the case of the relation.
func (g *grid) same(j int) bool {
	first := ""
	for _, row := range g.rows {
		if _, empty := row[j].(table.Empty); empty && g.t.Columns[j].Key == "relation" {
			continue
		}
		cell := cellHTML(row[j])
		if first == "" {
			first = cell
		}
		if cell != first {
			return false
		}
	}
	return true
}

// words reports whether the column holds words, which are set flush left.
func (g *grid) words(j int) bool {
	for _, row := range g.rows {
		if cellClass(row[j]) == "" {
			return false
		}
	}
	return true
}

func (g *grid) head(j int) string {
	c := g.t.Columns[j]
	if c.Key == "predicted" && g.relation >= 0 {
		for _, row := range g.rows {
			if sign := cellHTML(row[g.relation]); sign != "" {
				return sign + "\u00A0" + headText(c)
			}
		}
	}
	return headText(c)
}

func headText(c table.Column) string {
	head := c.Head
	if c.Group != "" {
		head = c.Group + ", " + head
	}
	if c.Key == "relation" {
		return `<span class=sr>relation</span>`
	}
	return table.InHTML(head)
}

// caption keeps of a table's caption what the page does not say elsewhere: what
// all instances share, and what the brackets are.
func (g *grid) caption() string {
	kept := "Instances."
	for _, part := range strings.SplitAfter(string(g.t.Caption), ". ") {
		if strings.HasPrefix(part, "All instances:") || strings.HasPrefix(part, "Brackets:") {
			kept += " " + table.InHTML(table.Inline(strings.TrimSpace(part)))
		}
	}
	if len(g.shared) > 0 {
		kept += " All: " + strings.Join(g.shared, ", ") + "."
	}
	return kept
}

// notes prints those that a row refers to, and those on the whole table.
func (g *grid) notes() string {
	used := map[string]bool{"": true}
	for _, row := range g.rows {
		for _, c := range row {
			if n, ok := c.(table.Noted); ok {
				used[n.Mark] = true
			}
		}
	}
	var b strings.Builder
	for _, n := range g.t.Notes {
		if !used[n.Mark] {
			continue
		}
		b.WriteString("<p class=note>")
		if n.Mark != "" {
			fmt.Fprintf(&b, "<sup>%s</sup> ", text(n.Mark))
		}
		b.WriteString(prose(n.Body.Plain()) + "\n")
	}
	return b.String()
}

// tdHTML sets a cell; a mark gives its class to the cell.
func tdHTML(c table.Cell) string {
	if m, ok := bare(c).(table.Mark); ok {
		return fmt.Sprintf("<td class=%s>%s%s", markClass(m.Class), prose(m.Text), noteMark(c))
	}
	return fmt.Sprintf("<td%s>%s", cellClass(c), cellHTML(c))
}

func noteMark(c table.Cell) string {
	if n, ok := c.(table.Noted); ok {
		return "<sup>" + text(n.Mark) + "</sup>"
	}
	return ""
}

// cellHTML sets the content of a cell; the style sheet puts a dash where there
// is none.
func cellHTML(c table.Cell) string {
	switch c := c.(type) {
	case nil, table.Empty:
		return ""
	case table.Noted:
		return cellHTML(c.Cell) + noteMark(c)
	case table.Mark:
		return fmt.Sprintf("<b class=%s>%s</b>", markClass(c.Class), text(c.Text))
	case table.Math: // signs and infinities: MathML would be ten times as long
		return text(table.PlainText(c))
	case table.Text:
		return prose(string(c))
	}
	return table.InHTML(c)
}

func markClass(c table.Class) string {
	return map[table.Class]string{table.Good: "good", table.Bad: "bad", table.Unsure: "unsure", table.Muted: "muted"}[c]
}

// cellClass sets words flush left; all else, being the rule, is set right.
func cellClass(c table.Cell) string {
	switch c := bare(c).(type) {
	case table.Text:
		if c != "" && c[0] >= '0' && c[0] <= '9' { // a share, such as 3/5
			return ""
		}
		return " class=l"
	case table.Mark, table.Inline:
		return " class=l"
	}
	return ""
}

// bare strips references to notes.
func bare(c table.Cell) table.Cell {
	for {
		n, ok := c.(table.Noted)
		if !ok {
			return c
		}
		c = n.Cell
	}
}
