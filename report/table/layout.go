package table

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// A Page is the room that a LaTeX table has. Lengths are in points of TeX.
type Page struct {
	Width  float64 // of the table
	Text   float64 // of the text over all columns, for a table that is longer than a page
	Height float64 // of the text; a longer table breaks over pages. 0 is no limit
	Size   float64 // of the type of tables
	Lead   float64 // from line to line
	// Columns tells that Text has two columns: a table wider than one spans both,
	// and a long one is set between \onecolumn and \twocolumn.
	Columns bool
	Frames  bool // the page is a frame of a talk: a longer table is cut into frames
}

// room is the least width that a column of words is wrapped to for the sake of
// others, in units of the type size: in less, few people read.
const room = 9

// tinier is how much narrower \scriptsize runs than \footnotesize: less than its
// size says, since small letters are cut wider.
const tinier = 0.95

const shareTop = .9 // of a page, at most, for a float

// A setting is how closely a table is set.
type setting struct {
	gap   float64 // between columns: twice \tabcolsep
	stack bool    // headings that are wider than their columns take several lines
}

// settings are those that are tried in turn, before any column is given up.
var settings = []setting{{8, false}, {8, true}, {5, true}}

// Excess returns by how many points t is too wide for the page when columns of
// words are wrapped as far as reads well and headings stand in several lines: at
// most 0 when it fits. See [Options].
func (p Page) Excess(t *Table, opts Options) (float64, error) {
	l := &latex{table: t, opts: opts}
	l.opts.Page = &p
	l.set(settings[len(settings)-1])
	columns, err := l.columns()
	if err != nil {
		return 0, err
	}
	width := p.Width
	if l.tall(nil) {
		width = p.Text
	}
	_, excess := fit(columns, width, l.gap, true)
	return excess, nil
}

// A columnSize is what a column needs, in points.
type columnSize struct {
	natural float64 // on a line of its own
	least   float64 // wrapped: the longest piece that is not broken; natural for numbers
	comfort float64 // wrapped so that it reads well
}

// columns measures the columns as they would be printed.
func (l *latex) columns() ([]columnSize, error) {
	sizes := make([]columnSize, len(l.table.Columns))
	em := l.opts.Page.Size
	for j, c := range l.table.Columns {
		head := l.inline(c.Head)
		natural, least := 0.0, 0.0
		aligned, words := l.aligned(j), l.wraps(j)
		numbers := 0.0
		if aligned {
			numbers = l.alignedWidth(j)
		}
		if words {
			least = longestPiece(head)
		}
		for _, row := range l.table.Rows {
			if aligned {
				if _, ok := siunitxNumeral(bare(row[j])); ok {
					natural = max(natural, numbers+script*texWidth(latexText(noteMarks(row[j]))))
					continue
				}
			}
			s := l.cell(row[j])
			natural = max(natural, texWidth(s))
			if words {
				least = max(least, longestPiece(breakable(s)))
			}
		}
		if l.stack && !words {
			l.heads[j] = stacked(head, natural)
			head = widest(l.heads[j])
		}
		natural = max(natural, texWidth(head))
		sizes[j] = columnSize{natural: natural * em, least: natural * em, comfort: natural * em}
		if words {
			sizes[j].least = min(natural, least+0.3) * em
			sizes[j].comfort = min(natural, max(least+0.3, room)) * em
		}
	}
	l.groupColumns(sizes)
	return sizes, l.err
}

// groupColumns widens the last column under a heading that is wider than its
// columns, as LaTeX does. A heading of several lines is less wide.
func (l *latex) groupColumns(sizes []columnSize) {
	for _, s := range l.table.spans() {
		if s.head == "" {
			continue
		}
		have := l.gap * float64(s.to-s.from-1)
		for _, c := range sizes[s.from:s.to] {
			have += c.natural
		}
		head := l.inline(s.head)
		if l.stack {
			l.groups[s.from] = stacked(head, have/l.opts.Page.Size)
			head = widest(l.groups[s.from])
		}
		if more := texWidth(head)*l.opts.Page.Size - have; more > 0 {
			last := &sizes[s.to-1]
			last.natural, last.least, last.comfort = last.natural+more, last.least+more, last.comfort+more
		}
	}
}

// wraps reports whether column j may be set in paragraphs: it holds words.
func (l *latex) wraps(j int) bool {
	for _, row := range l.table.Rows {
		switch bare(row[j]).(type) {
		case Text, Inline, Code:
		case Empty, Mark:
		default:
			return false
		}
	}
	return l.table.Columns[j].Group == ""
}

// fit returns the width of each column in a line of the given width, with gaps
// between them, and by how much even wrapping is too wide. The widest column of
// words gives way first.
func fit(columns []columnSize, width, gap float64, comfort bool) (widths []float64, excess float64) {
	have := width - gap*float64(len(columns)-1)
	total, least := 0.0, 0.0
	floor := func(c columnSize) float64 {
		if comfort {
			return c.comfort
		}
		return c.least
	}
	for _, c := range columns {
		total += c.natural
		least += floor(c)
	}
	widths = make([]float64, len(columns))
	limit := math.Inf(1)
	if total > have { // the cap at which all fits, by bisection
		lo, hi := 0.0, total
		for range 60 {
			limit = (lo + hi) / 2
			sum := 0.0
			for _, c := range columns {
				sum += min(c.natural, max(floor(c), limit))
			}
			if sum > have {
				hi = limit
			} else {
				lo = limit
			}
		}
		limit = lo
	}
	for j, c := range columns {
		widths[j] = min(c.natural, max(floor(c), limit))
	}
	return widths, least - have
}

// layout chooses the width of the columns on the page, 0 for that of their
// content, and whether the table is longer than a page.
func (l *latex) layout() error {
	if l.opts.Page == nil {
		return nil
	}
	p := *l.opts.Page
	columns, err := l.closest(p.Width)
	if err != nil {
		return err
	}
	widths, excess := l.fitted(columns, p.Width)
	if l.opts.Small && excess > slackOfLine { // one size smaller, if that is enough
		l.tiny = true
		for j, c := range columns {
			columns[j] = columnSize{tinier * c.natural, tinier * c.least, tinier * c.comfort}
		}
		widths, excess = l.fitted(columns, p.Width)
	}
	if !l.opts.Long && l.tall(widths) {
		l.opts.Long = !p.Frames
		l.frames = p.Frames
	}
	if l.opts.Long {
		widths, excess = l.fitted(columns, p.Text)
	}
	if excess > slackOfLine {
		return fmt.Errorf("table %q: its columns need %.0f pt more than the %.0f pt of the line: leave out some of %s, or choose a wider page",
			l.table.Label, excess, p.Width, strings.Join(l.table.keys(), ", "))
	}
	l.sizes, l.widths = widths, make([]float64, len(widths))
	for j, c := range columns {
		l.total += widths[j]
		if widths[j] < c.natural-0.01 {
			l.widths[j] = widths[j]
		}
	}
	l.total += l.gap * float64(len(columns)-1)
	return nil
}

// slackOfLine is by how many points a line may seem too long: estimates are from
// above.
const slackOfLine = 0.5

// closest measures the columns as widely set as the line allows.
func (l *latex) closest(width float64) ([]columnSize, error) {
	var columns []columnSize
	for _, s := range settings {
		l.set(s)
		var err error
		if columns, err = l.columns(); err != nil {
			return nil, err
		}
		if _, excess := fit(columns, width, l.gap, true); excess <= 0 {
			break
		}
	}
	return columns, nil
}

// set chooses how closely the table is set.
func (l *latex) set(s setting) {
	l.setting, l.heads, l.groups = s, map[int][]string{}, map[int][]string{}
}

// fitted lets columns of words be narrower than reads well only where nothing
// else helps.
func (l *latex) fitted(columns []columnSize, width float64) ([]float64, float64) {
	widths, excess := fit(columns, width, l.gap, true)
	if excess > 0 {
		return fit(columns, width, l.gap, false)
	}
	return widths, excess
}

// tall reports whether the table, with its columns so wide, is more than a page.
// Without widths every row counts as one line.
func (l *latex) tall(widths []float64) bool {
	p := l.opts.Page
	return p.Height > 0 && l.height(widths, l.table.Rows, l.table.Notes) > shareTop*p.Height
}

// height estimates how high a table of these rows is.
func (l *latex) height(widths []float64, rows [][]Cell, notes []Note) float64 {
	p := l.opts.Page
	lines := 3.0 + l.headLines()
	for _, row := range rows {
		most := 1.0
		for j := range widths {
			most = max(most, linesOf(texWidth(l.cell(row[j]))*p.Size, widths[j]))
		}
		lines += most
	}
	const textSize = 1.25 // of a caption, to that of tables
	lines += textSize * linesOf(texWidth(l.inline(l.table.Caption))*textSize*p.Size, p.Width)
	for _, n := range notes {
		lines += linesOf(texWidth(l.inline(n.Body))*p.Size, p.Width)
	}
	return lines * p.Lead
}

// linesOf estimates the lines of a ragged paragraph.
func linesOf(natural, width float64) float64 {
	const ragged = 1.12
	if natural <= width+0.01 {
		return 1
	}
	return math.Ceil(ragged * natural / width)
}

// breakable lets a line be broken within names such as du2019/gram and lists of
// parameters such as n=10,d=20.
func breakable(tex string) string {
	var b strings.Builder
	math := false
	for i, r := range tex {
		b.WriteRune(r)
		if r == '$' {
			math = !math
		}
		next, _ := utf8.DecodeRuneInString(tex[i+utf8.RuneLen(r):])
		if !math && strings.ContainsRune("/=,;", r) && next != ' ' && next != utf8.RuneError {
			b.WriteString(`\allowbreak{}`)
		}
	}
	return b.String()
}
