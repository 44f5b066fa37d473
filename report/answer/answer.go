// Package answer prints what theorems say about a data set: its facts in words, a table of predictions for each kind
// of them, and what trained networks do beside them; for a terminal, in Markdown, LaTeX and JSON, and as a page.
package answer

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"convergo/bounds/dataset"
	"convergo/bounds/predict"
	"convergo/report/page"
	"convergo/report/table"
)

// An Answer is what theorems say about a data set.
type Answer struct {
	Read        string // what was read, in a line
	Facts       *dataset.Facts
	Data        *predict.Data
	Predictions []predict.Prediction
	Trained     *Training // nil without training
}

// heads are the titles of the tables.
var heads = map[predict.Kind]table.Inline{
	predict.Training:       "How fast training succeeds, and at which width",
	predict.Start:          "Width at which the kernel of the start is near its limit",
	predict.Generalisation: "Error on new samples",
	predict.Memorisation:   "What fits any labels",
	predict.Eigenvalue:     "Bounds on the smallest eigenvalue of limit kernels",
}

// Tables returns a table for each kind that has a prediction, and one of trained networks, if there are any.
func (a *Answer) Tables() []*table.Table {
	var tables []*table.Table
	for _, kind := range predict.Kinds() {
		if t := a.table(kind); len(t.Rows) > 0 {
			tables = append(tables, t)
		}
	}
	if a.Trained != nil {
		tables = append(tables, a.Trained.table())
	}
	return tables
}

func (a *Answer) table(kind predict.Kind) *table.Table {
	columns := []table.Column{{Key: "theorem", Head: "theorem"}, {Key: "says", Head: "says", Wrap: 0.24}, {Key: "constants", Head: "constants"}}
	numbers := a.numbers(kind)
	for _, n := range numbers {
		columns = append(columns, n.column)
	}
	t := table.New(append(columns, table.Column{Key: "here", Head: "here", Wrap: 0.2})...)
	t.Title, t.Label = heads[kind], "tab:ask-"+string(kind)
	t.Caption = a.caption(kind)
	for _, p := range a.Predictions {
		if p.Kind != kind {
			continue
		}
		cells := []table.Cell{table.Text(p.Source + ", " + p.Theorem), table.Text(says(p)), table.Text(constants(p))}
		for _, n := range numbers {
			cells = append(cells, n.cell(p))
		}
		t.Add(append(cells, here(p))...)
	}
	return t
}

func (a *Answer) caption(kind predict.Kind) table.Inline {
	text := map[predict.Kind]string{
		predict.Training: fmt.Sprintf("Width: neurons that suffice with probability at least %g. Steps (for a flow: time) at that step size until the squared error is %g of its start.",
			1-a.Data.Delta, a.Data.Share),
		predict.Start:          fmt.Sprintf("Width: neurons that suffice with probability at least %g.", 1-a.Data.Delta),
		predict.Generalisation: fmt.Sprintf("Bound on the mean loss on new samples, for a loss in [0, 1], with probability at least %g.", 1-a.Data.Delta),
		predict.Memorisation:   "Width: neurons, up to constants and logarithms.",
		predict.Eigenvalue:     "Looseness: the larger of bound and eigenvalue over the smaller, 1 is sharp.",
	}[kind]
	if kind != predict.Eigenvalue {
		text += " Constants: of the printed proof, derived here, or (order) hidden in the source and set to 1: then only the order of growth means anything."
	}
	return table.Literal(text)
}

// A number is a column of numbers.
type number struct {
	column table.Column
	cell   func(predict.Prediction) table.Cell
}

func (a *Answer) numbers(kind predict.Kind) []number {
	of := func(key string, head table.Inline, get func(predict.Prediction) float64) number {
		return number{table.Column{Key: key, Head: head}, func(p predict.Prediction) table.Cell { return cell(get(p)) }}
	}
	width := of("width", "width", func(p predict.Prediction) float64 { return p.Width })
	switch kind {
	case predict.Training:
		return []number{
			width,
			of("step", "step size", func(p predict.Prediction) float64 { return p.Step }),
			of("steps", "steps", func(p predict.Prediction) float64 { return p.Steps }),
		}
	case predict.Generalisation:
		return []number{of("bound", "bound", func(p predict.Prediction) float64 { return p.Value })}
	case predict.Eigenvalue:
		return []number{
			of("bound", "bound", func(p predict.Prediction) float64 { return p.Value }),
			of("eigenvalue", "eigenvalue", func(p predict.Prediction) float64 { return p.Truth }),
			of("looseness", "looseness", predict.Prediction.Looseness),
		}
	}
	return []number{width}
}

// cell is a number, and empty where there is none.
func cell(v float64) table.Cell {
	if math.IsNaN(v) {
		return table.Empty{}
	}
	return table.Number(v)
}

func says(p predict.Prediction) string {
	text := p.Says
	if p.Flow {
		text += " (time)"
	}
	if len(p.Supposes) > 0 {
		text += "; supposes " + strings.Join(p.Supposes, ", ")
	}
	return text
}

func constants(p predict.Prediction) string {
	if p.Constants == "literal" {
		return "printed proof"
	}
	return string(p.Constants)
}

// here says whether the theorem speaks of these data.
func here(p predict.Prediction) table.Cell {
	for _, h := range p.Hypotheses {
		if !h.Met() {
			return table.Mark{Text: fmt.Sprintf("outside: %s is %.3g, %s %.3g is needed", h.Name, h.Have, relation(h), h.Need), Class: table.Bad}
		}
	}
	if p.Vacuous != "" {
		return table.Mark{Text: "vacuous: " + p.Vacuous, Class: table.Unsure}
	}
	if len(p.Hypotheses) == 0 {
		return table.Mark{Text: "inside", Class: table.Good}
	}
	var have []string
	for _, h := range p.Hypotheses {
		have = append(have, fmt.Sprintf("%s = %.3g %s %.3g", h.Name, h.Have, relation(h), h.Need))
	}
	return table.Mark{Text: "inside: " + strings.Join(have, ", "), Class: table.Good}
}

func relation(h predict.Hypothesis) string {
	if h.Above {
		return ">"
	}
	return "<="
}

// Write prints the answer.
func (a *Answer) Write(w io.Writer, f table.Format, o table.Options) error {
	switch f {
	case table.JSON:
		return a.writeJSON(w)
	case table.HTML:
		return a.page(w)
	}
	if err := a.words(w, f); err != nil {
		return err
	}
	for _, t := range a.Tables() {
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
		if err := table.Render(w, t, f, o); err != nil {
			return err
		}
	}
	return nil
}

// words prints what was read and the facts, as comments in LaTeX.
func (a *Answer) words(w io.Writer, f table.Format) error {
	lines := a.sentences()
	lead, end := "", "\n"
	switch f {
	case table.LaTeX:
		lead = "% "
	case table.CSV:
		lead = "# "
	case table.Markdown:
		lead = "- "
		for i, l := range lines {
			lines[i] = markdownEscape.Replace(l)
		}
	}
	for _, l := range lines {
		if _, err := io.WriteString(w, lead+l+end); err != nil {
			return err
		}
	}
	return nil
}

var markdownEscape = strings.NewReplacer("_", `\_`, "*", `\*`, "|", `\|`, "<", `\<`)

// sentences are what was read and the facts, a sentence or a few each.
func (a *Answer) sentences() []string {
	var lines []string
	if a.Read != "" {
		lines = append(lines, "Read "+a.Read+".")
	}
	return append(lines, strings.Split(strings.TrimSpace(a.Facts.String()), "\n")...)
}

// page writes a page of its own.
func (a *Answer) page(w io.Writer) error {
	var b strings.Builder
	b.WriteString("<style>td,thead th{text-align:left;white-space:normal}th,td{min-width:6rem}figure{width:50rem}svg text{font-size:14px}</style>\n<h1>What theorems say about these data</h1>\n<ul>\n")
	for _, l := range a.sentences() {
		fmt.Fprintf(&b, "<li>%s</li>\n", html.EscapeString(l))
	}
	b.WriteString("</ul>\n")
	if a.Trained != nil {
		b.WriteString(page.Figure(a.Trained.Figure()))
	}
	for _, t := range a.Tables() {
		fmt.Fprintf(&b, "<div class=scroll tabindex=0 role=group aria-label=\"%s\">\n", html.EscapeString(t.Title.Plain()))
		if err := table.Render(&b, t, table.HTML, table.Options{}); err != nil {
			return err
		}
		b.WriteString("</div>\n")
	}
	return page.Plain(w, "What theorems say about these data", b.String())
}
