package table

import (
	"fmt"
	"html"
	"io"
	"strings"

	"convergo/report/mathml"
)

// renderHTML prints t as a <table> element of class "results", to be set in a
// page. Formulas are MathML. There is neither script nor style in it; numbers
// have the class num, marks the class mark-good and so on.
func renderHTML(w io.Writer, t *Table) error {
	b := &strings.Builder{}
	fmt.Fprint(b, `<table class="results"`)
	if t.Label != "" {
		fmt.Fprintf(b, ` id="%s"`, html.EscapeString(strings.Join(strings.Fields(t.Label), "-")))
	}
	fmt.Fprint(b, ">\n")
	htmlCaption(b, t)
	for _, s := range t.spans() {
		fmt.Fprint(b, "<colgroup>")
		for j := s.from; j < s.to; j++ {
			fmt.Fprintf(b, `<col class="%s">`, columnClass(t, j))
		}
		fmt.Fprint(b, "</colgroup>\n")
	}
	htmlHead(b, t)
	htmlBody(b, t)
	htmlNotes(b, t)
	fmt.Fprint(b, "</table>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func columnClass(t *Table, j int) string {
	class := map[Align]string{Left: "left", Center: "center", Right: "right"}[t.align(j)]
	if t.numeric(j) {
		class += " num"
	}
	return class
}

func htmlCaption(b *strings.Builder, t *Table) {
	if t.Title == "" && t.Caption == "" {
		return
	}
	fmt.Fprint(b, "<caption>")
	if t.Title != "" {
		fmt.Fprintf(b, "<strong>%s</strong>", htmlInline(t.Title))
	}
	if t.Title != "" && t.Caption != "" {
		fmt.Fprint(b, " ")
	}
	fmt.Fprintf(b, "%s</caption>\n", htmlInline(t.Caption))
}

func htmlHead(b *strings.Builder, t *Table) {
	fmt.Fprint(b, "<thead>\n<tr>")
	for _, s := range t.spans() {
		switch {
		case s.head != "":
			fmt.Fprintf(b, `<th scope="colgroup" colspan="%d" class="group">%s</th>`, s.to-s.from, htmlInline(s.head))
		case t.grouped():
			fmt.Fprintf(b, `<th scope="col" rowspan="2" class="%s">%s</th>`, columnClass(t, s.from), htmlInline(t.Columns[s.from].Head))
		default:
			fmt.Fprintf(b, `<th scope="col" class="%s">%s</th>`, columnClass(t, s.from), htmlInline(t.Columns[s.from].Head))
		}
	}
	fmt.Fprint(b, "</tr>\n")
	if t.grouped() {
		fmt.Fprint(b, "<tr>")
		for j, c := range t.Columns {
			if c.Group != "" {
				fmt.Fprintf(b, `<th scope="col" class="%s">%s</th>`, columnClass(t, j), htmlInline(c.Head))
			}
		}
		fmt.Fprint(b, "</tr>\n")
	}
	fmt.Fprint(b, "</thead>\n")
}

func htmlBody(b *strings.Builder, t *Table) {
	fmt.Fprint(b, "<tbody>\n")
	for _, row := range t.Rows {
		fmt.Fprint(b, "<tr>")
		for j, c := range row {
			if j == 0 && len(row) > 1 {
				fmt.Fprintf(b, `<th scope="row" class="%s">%s</th>`, columnClass(t, j), htmlCell(c))
				continue
			}
			fmt.Fprintf(b, `<td class="%s">%s</td>`, columnClass(t, j), htmlCell(c))
		}
		fmt.Fprint(b, "</tr>\n")
	}
	fmt.Fprint(b, "</tbody>\n")
}

func htmlNotes(b *strings.Builder, t *Table) {
	if len(t.Notes) == 0 {
		return
	}
	fmt.Fprintf(b, "<tfoot>\n<tr><td colspan=\"%d\" class=\"notes\">", len(t.Columns))
	for i, n := range t.Notes {
		if i > 0 {
			fmt.Fprint(b, "<br>")
		}
		if n.Mark != "" {
			fmt.Fprintf(b, "<sup>%s</sup> ", htmlText(n.Mark))
		}
		fmt.Fprint(b, htmlInline(n.Body))
	}
	fmt.Fprint(b, "</td></tr>\n</tfoot>\n")
}

func htmlText(s string) string { return html.EscapeString(oneLine(s)) }

func htmlInline(s Inline) string {
	var b strings.Builder
	for _, p := range s.parts() {
		b.WriteString(htmlCell(p))
	}
	return b.String()
}

func htmlCell(c Cell) string {
	switch c := c.(type) {
	case Math:
		out, err := mathml.ToMathML(c.TeX, false)
		if err != nil { // the reader still gets the formula, as source
			return `<code class="tex">` + htmlText(c.TeX) + "</code>"
		}
		return out
	case Inline:
		return htmlInline(c)
	case Num:
		return htmlNum(c.numeral())
	case Count:
		return htmlSign(c.plain())
	case Code:
		return "<code>" + htmlText(string(c)) + "</code>"
	case Mark:
		return fmt.Sprintf(`<span class="mark mark-%s">%s</span>`, c.Class, htmlText(c.Text))
	case Noted:
		return htmlCell(orEmpty(c.Cell)) + "<sup>" + htmlText(c.Mark) + "</sup>"
	case Empty:
		return `<span class="empty">–</span>`
	}
	return htmlText(c.plain())
}

func htmlNum(n numeral) string {
	value := n.value
	switch n.spread {
	case interval:
		value = fmt.Sprintf("%s [%s, %s]", n.value, n.lo, n.hi)
	case plusMinus:
		value = fmt.Sprintf("%s ± %s", n.value, n.err)
	}
	if !n.sci {
		return htmlSign(value)
	}
	if n.spread != alone {
		value = "(" + value + ")"
	}
	return htmlSign(fmt.Sprintf("%s × 10<sup>%d</sup>", value, n.exp))
}

// htmlSign sets hyphens of a number as minus signs, and the word inf as the
// sign, but leaves an exponent such as e-07 alone.
func htmlSign(s string) string {
	return strings.NewReplacer("e-", "e-", "-", "−", "inf", "∞").Replace(s)
}
