package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"convergo/report"
	"convergo/report/figure"
	"convergo/report/table"
)

// The figures of the page are small: some 1.5 kB each, coloured by the page's
// style sheet so that they follow light and dark. Figures for papers are the
// business of the package figure.
const (
	figWidth, figHeight = 320.0, 190.0
	left, right         = 46.0, 8.0
	top, bottomRoom     = 8.0, 30.0
)

// axisScale maps values of one axis to the picture.
type axisScale struct {
	lo, hi   float64
	log, any bool
	from, to float64
}

func (a *axisScale) add(v float64) {
	if !a.shows(v) {
		return
	}
	if !a.any {
		a.lo, a.hi, a.any = v, v, true
		return
	}
	a.lo, a.hi = math.Min(a.lo, v), math.Max(a.hi, v)
}

func (a *axisScale) shows(v float64) bool { return math.Abs(v) < 1e300 && (v > 0 || !a.log) }

func (a *axisScale) unit(v float64) float64 {
	lo, hi := a.lo, a.hi
	if a.log {
		lo, hi, v = math.Log(lo), math.Log(hi), math.Log(v)
	}
	return (v - lo) / (hi - lo)
}

func (a *axisScale) at(v float64) float64 { return a.from + a.unit(v)*(a.to-a.from) }

// widen leaves no axis without length.
func (a *axisScale) widen() {
	switch {
	case a.log && a.hi/a.lo < 1.01:
		a.lo, a.hi = a.lo/2, a.hi*2
	case !a.log && a.hi-a.lo <= math.Abs(a.hi)*1e-9:
		d := math.Max(math.Abs(a.hi)*0.1, 1e-9)
		a.lo, a.hi = a.lo-d, a.hi+d
	}
}

// ticks returns at most about most+1 round values on the axis.
func (a *axisScale) ticks(most int) []float64 {
	var ts []float64
	if a.log {
		first, last := math.Ceil(math.Log10(a.lo)-1e-9), math.Floor(math.Log10(a.hi)+1e-9)
		if last-first >= 1 {
			step := math.Max(1, math.Ceil((last-first)/float64(most)))
			for e := first; e <= last; e += step {
				ts = append(ts, math.Pow(10, e))
			}
			return ts
		}
		return []float64{a.lo, a.hi}
	}
	raw := (a.hi - a.lo) / float64(most)
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 5, 10} {
		if step*f >= raw {
			step *= f
			break
		}
	}
	for k := math.Ceil(a.lo/step - 1e-9); k*step <= a.hi+step*1e-9; k++ {
		ts = append(ts, k*step)
	}
	return ts
}

func tickText(v float64) string {
	if v == 0 { // also minus zero
		return "0"
	}
	text := strconv.FormatFloat(v, 'g', 3, 64)
	if m := math.Abs(v); m >= 1e5 || m < 1e-3 {
		text = strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strings.NewReplacer("e+0", "e", "e-0", "e−", "e+", "e", "-", "−").Replace(text)
}

// figureHTML returns a figure of the page, or nothing when it would be empty.
func figureHTML(d report.Drawing) string {
	f := d.Figure
	x := axisScale{log: f.LogX, from: left, to: figWidth - right}
	y := axisScale{log: f.LogY, from: figHeight - bottomRoom, to: top}
	for _, l := range f.Lines {
		for i := range min(len(l.X), len(l.Y)) {
			if x.shows(l.X[i]) && y.shows(l.Y[i]) {
				x.add(l.X[i])
				y.add(l.Y[i])
			}
		}
	}
	for _, h := range f.Histograms {
		for i, c := range h.Counts {
			x.add(h.Edges[i])
			x.add(h.Edges[i+1])
			y.add(c)
		}
		y.add(0)
	}
	for _, r := range f.Rules {
		if r.Vertical {
			x.add(r.At)
		} else {
			y.add(r.At)
		}
	}
	if !x.any || !y.any {
		return ""
	}
	x.widen()
	y.widen()
	var b strings.Builder
	title := d.Figure.Title.Plain()
	fmt.Fprintf(&b, `<figure><svg viewBox="0 0 %g %g" role=img aria-label="%s">`, figWidth, figHeight, esc(title))
	drawAxes(&b, f, &x, &y)
	names := drawData(&b, f, &x, &y)
	fmt.Fprintf(&b, "</svg><figcaption>%s<br>%s</figcaption></figure>\n", esc(title), strings.Join(names, " · "))
	return b.String()
}

func drawAxes(b *strings.Builder, f *figure.Figure, x, y *axisScale) {
	const mostX, mostY = 4, 4
	var grid strings.Builder
	for _, t := range x.ticks(mostX) {
		at := num(x.at(t))
		fmt.Fprintf(&grid, "M%s %sV%s", at, num(y.to), num(y.from))
		fmt.Fprintf(b, `<text x=%s y=%s text-anchor=middle>%s</text>`, at, num(y.from+11), tickText(t))
	}
	for _, t := range y.ticks(mostY) {
		at := y.at(t)
		fmt.Fprintf(&grid, "M%s %sH%s", num(x.from), num(at), num(x.to))
		fmt.Fprintf(b, `<text x=%s y=%s text-anchor=end>%s</text>`, num(x.from-4), num(at+3), tickText(t))
	}
	fmt.Fprintf(b, `<path class=g d="%s"/>`, grid.String())
	fmt.Fprintf(b, `<path class=a d="M%s %sV%sH%s"/>`, num(x.from), num(y.to), num(y.from), num(x.to))
	fmt.Fprintf(b, `<text x=%s y=%s text-anchor=middle>%s</text>`, num((x.from+x.to)/2), num(figHeight-4), esc(f.XLabel.Plain()))
	if l := f.YLabel.Plain(); l != "" {
		fmt.Fprintf(b, `<text transform="translate(9 %s)rotate(-90)" text-anchor=middle>%s</text>`, num((y.from+y.to)/2), esc(l))
	}
}

// drawData draws lines, bars and rules, and returns their legend.
func drawData(b *strings.Builder, f *figure.Figure, x, y *axisScale) []string {
	var names []string
	for _, h := range f.Histograms {
		fmt.Fprintf(b, `<path class=h d="M%s %s`, num(x.at(h.Edges[0])), num(y.from))
		for i, c := range h.Counts {
			fmt.Fprintf(b, "V%sH%s", num(y.at(c)), num(x.at(h.Edges[i+1])))
		}
		fmt.Fprintf(b, `V%s"/>`, num(y.from))
		names = append(names, legendName("k1", "▇", h.Name))
	}
	for i, l := range f.Lines {
		class, swatch := fmt.Sprintf("k%d", i%5), "━"
		dash := ""
		switch l.Style {
		case figure.Bound:
			dash, swatch = " d", "╌"
		case figure.Fit:
			dash, swatch = " t", "┈"
		}
		fmt.Fprintf(b, `<polyline class="k %s%s" points="`, class, dash)
		space := ""
		for k := range min(len(l.X), len(l.Y)) {
			if x.shows(l.X[k]) && y.shows(l.Y[k]) {
				fmt.Fprintf(b, "%s%s,%s", space, num(x.at(l.X[k])), num(y.at(l.Y[k])))
				space = " "
			}
		}
		b.WriteString(`"/>`)
		names = append(names, legendName(class, swatch, l.Name))
	}
	for _, r := range f.Rules {
		if r.Vertical {
			fmt.Fprintf(b, `<path class="a r" d="M%s %sV%s"/>`, num(x.at(r.At)), num(y.from), num(y.to))
		} else {
			fmt.Fprintf(b, `<path class="a r" d="M%s %sH%s"/>`, num(x.from), num(y.at(r.At)), num(x.to))
		}
		names = append(names, legendName("k4", "┆", r.Name))
	}
	return names
}

func legendName(class, swatch string, name table.Inline) string {
	return fmt.Sprintf("<i class=%s>%s</i> %s", class, swatch, esc(name.Plain()))
}

// num prints a coordinate to a tenth of a pixel.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}
