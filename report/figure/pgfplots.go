package figure

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"convergo/report/table"
)

// Preamble returns the lines that a LaTeX document needs before it inputs a
// figure in format TeX.
func Preamble() string {
	return "\\usepackage{pgfplots}\n\\pgfplotsset{compat=1.16}\n"
}

// renderTeX writes a tikzpicture with the data in it.
func renderTeX(w io.Writer, p *prepared) error {
	t := &tex{p: p}
	t.begin()
	for _, s := range p.series {
		t.area(s)
	}
	for _, s := range p.series {
		t.series(s)
	}
	for _, r := range p.Rules {
		t.printf("\\addplot[black!75, line width=0.7pt, %s%s] coordinates {%s};\n", dashPattern(ruleDash), unnamed(r.Name), t.coordinates(p.ends(r)))
		t.legend(r.Name)
	}
	t.printf("\\end{axis}\n\\end{tikzpicture}\n")
	if t.err != nil {
		return fmt.Errorf("figure %q: %w", p.Title, t.err)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type tex struct {
	p   *prepared
	b   strings.Builder
	err error
}

func (t *tex) printf(format string, args ...any) { fmt.Fprintf(&t.b, format, args...) }

// text returns s safe within braces, and keeps the first error.
func (t *tex) text(s table.Inline) string {
	out, err := s.LaTeX()
	if err != nil && t.err == nil {
		t.err = err
	}
	return out
}

func (t *tex) begin() {
	p := t.p
	for _, n := range p.notes {
		// A comment ends at the end of the line, which a note has none of.
		t.printf("%% %s\n", n)
	}
	width, height := p.size()
	t.printf("\\begin{tikzpicture}\n")
	for i, c := range palette {
		t.printf("\\definecolor{series%d}{RGB}{%d,%d,%d}\n", i, c.R, c.G, c.B)
	}
	t.printf("\\begin{axis}[\n")
	const spare = 0.14 // pgfplots takes the labels of the axes to be a little smaller than they are
	t.printf("  width=%sin, height=%sin, font=\\footnotesize,\n", num(float64(width)-spare), num(float64(height)))
	if p.LogX {
		t.printf("  xmode=log,\n")
	}
	if p.LogY {
		t.printf("  ymode=log,\n")
	}
	t.printf("  xmin=%s, xmax=%s, ymin=%s, ymax=%s,\n", num(p.xmin), num(p.xmax), num(p.ymin), num(p.ymax))
	t.ticks("x", p.LogX, p.xmin, p.xmax)
	t.ticks("y", p.LogY, p.ymin, p.ymax)
	t.printf("  xlabel={%s}, ylabel={%s},\n", t.text(p.XLabel), t.text(p.YLabel))
	t.printf("  grid=major, grid style={black!12}, axis line style={line width=0.5pt}, mark size=1.6pt,\n")
	t.printf("  legend style={at={(0.5,1.03)}, anchor=south, draw=none, fill=none, /tikz/every even column/.append style={column sep=6pt}},\n")
	t.printf("  legend columns=%d, legend cell align=left,\n", t.legendColumns())
	t.printf("]\n")
}

// ticks labels a logarithmic axis of less than a decade by 1, 2 and 5, where
// pgfplots would write powers such as 10^{0.2}.
func (t *tex) ticks(axis string, log bool, lo, hi float64) {
	if !log || hi/lo > 100 {
		return
	}
	var at, labels []string
	for _, tick := range (logTicks{5}).Ticks(lo, hi) {
		if tick.Label != "" {
			at, labels = append(at, num(tick.Value)), append(labels, tick.Label)
		}
	}
	t.printf("  %[1]stick={%[2]s}, %[1]sticklabels={%[3]s},\n", axis, strings.Join(at, ","), strings.Join(labels, ","))
}

// legendColumns lets the legend fill the width of the axes, at about 14
// characters an inch.
func (t *tex) legendColumns() int {
	widest, n := 1, 0
	count := func(name table.Inline) {
		if name != "" {
			n++
			widest = max(widest, len([]rune(name.Plain()))+6)
		}
	}
	for _, s := range t.p.series {
		count(s.name)
	}
	for _, r := range t.p.Rules {
		count(r.Name)
	}
	width, _ := t.p.size()
	return max(1, min(n, int(float64(width)*14)/widest))
}

// area draws a band or histogram. Its legend entry comes later, in the order of
// the figure.
func (t *tex) area(s series) {
	if len(s.area) > 0 {
		t.printf("\\addplot[%s, forget plot] coordinates {%s} -- cycle;\n", areaStyle(s), t.coordinates(s.area))
	}
}

func areaStyle(s series) string {
	hue := fmt.Sprintf("series%d", s.index%len(palette))
	style := "draw=none"
	if s.solid {
		style = "draw=" + hue + ", line width=0.8pt"
		if s.index > 0 {
			d := dashes[Bound]
			style += ", " + dashPattern(d[(s.index-1)%len(d)])
		}
	}
	return style + ", fill=" + hue + ", fill opacity=0.2"
}

// series draws the line of s, and names it.
func (t *tex) series(s series) {
	hue := fmt.Sprintf("series%d", s.index%len(palette))
	if len(s.points) == 0 {
		if s.name != "" {
			t.printf("\\addlegendimage{legend image code/.code={\\path[%s] (0cm,-0.09cm) rectangle (0.6cm,0.09cm);}}\n", areaStyle(s))
		}
		t.legend(s.name)
		return
	}
	style := []string{hue, "line width=1pt"}
	switch s.style {
	case Measured:
		style = append(style, "mark="+marks[s.rank%len(marks)].tex, "mark options={solid}")
		if k := markEvery(len(s.points)); k > 1 {
			style = append(style, fmt.Sprintf("mark repeat=%d", k))
		}
	case Band:
		style[1] = "line width=0.6pt"
		style = append(style, "no marks")
	default:
		d := dashes[s.style]
		style = append(style, "no marks", dashPattern(d[s.rank%len(d)]))
	}
	if s.name == "" {
		style = append(style, "forget plot")
	}
	if s.lo != nil {
		t.printf("\\addplot[%s, error bars/.cd, y dir=both, y explicit, error bar style={solid, line width=0.6pt}] coordinates {%s};\n",
			strings.Join(style, ", "), t.withBars(s))
	} else {
		t.printf("\\addplot[%s] coordinates {%s};\n", strings.Join(style, ", "), t.coordinates(s.points))
	}
	t.legend(s.name)
}

// legend names the last plot.
func (t *tex) legend(name table.Inline) {
	if name != "" {
		t.printf("\\addlegendentry{%s}\n", t.text(name))
	}
}

// unnamed keeps a plot without a name out of the legend, where it would take
// the next name.
func unnamed(name table.Inline) string {
	if name == "" {
		return ", forget plot"
	}
	return ""
}

func (t *tex) coordinates(points []point) string {
	var b strings.Builder
	for _, q := range points {
		fmt.Fprintf(&b, "\n  (%s,%s)", num(q.x), num(t.p.clampY(q.y)))
	}
	return b.String() + "\n"
}

func (t *tex) withBars(s series) string {
	var b strings.Builder
	for i, q := range s.points {
		lo, hi := t.p.barEnds(s, i)
		fmt.Fprintf(&b, "\n  (%s,%s) += (0,%s) -= (0,%s)", num(q.x), num(q.y), num(hi-q.y), num(q.y-lo))
	}
	return b.String() + "\n"
}

// dashPattern returns d, lengths on and off in points, as TikZ writes it.
func dashPattern(d []float64) string {
	parts := make([]string, len(d))
	for i, x := range d {
		parts[i] = [2]string{"on", "off"}[i%2] + " " + num(x) + "pt"
	}
	return "dash pattern=" + strings.Join(parts, " ")
}

// num prints x for TeX, to nine digits: more than a plot can show.
func num(x float64) string { return strconv.FormatFloat(x, 'g', 9, 64) }
