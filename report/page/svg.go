package page

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"convergo/report/figure"
	"convergo/report/table"
)

// The figures of the page are small: some 1 kB each, coloured by the page's
// style sheet so that they follow light and dark. Figures for papers are the
// business of the package figure. Units are half pixels, so that whole numbers
// are fine enough.
const (
	figWidth, figHeight = 640.0, 380.0
	left, right         = 92.0, 28.0
	above, below        = 16.0, 60.0
)

// colours is how many of them tell lines apart.
const colours = 5

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

// Figure returns a figure in the style of the page, with its legend under it,
// or nothing when it would be empty.
func Figure(f *figure.Figure) string {
	x, y := scales(f)
	if !x.any || !y.any {
		return ""
	}
	x.widen()
	y.widen()
	var b strings.Builder
	fmt.Fprintf(&b, `<figure><svg viewBox="0 0 %g %g" role=img aria-label="%s against %s">`, figWidth, figHeight, esc(orWord(f.YLabel.Plain(), "values")), esc(orWord(f.XLabel.Plain(), "values")))
	drawAxes(&b, f, &x, &y)
	names := drawData(&b, f, &x, &y)
	fmt.Fprintf(&b, "</svg><figcaption>%s<br>%s</figcaption></figure>\n", text(f.Title.Plain()), strings.Join(names, " · "))
	return b.String()
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

// scales fits the axes to all that is drawn.
func scales(f *figure.Figure) (x, y axisScale) {
	x = axisScale{log: f.LogX, from: left, to: figWidth - right}
	y = axisScale{log: f.LogY, from: figHeight - below, to: above}
	for _, l := range f.Lines {
		for i := range min(len(l.X), len(l.Y)) {
			if x.shows(l.X[i]) && y.shows(l.Y[i]) {
				x.add(l.X[i])
				y.add(l.Y[i])
			}
		}
	}
	for _, l := range f.Lines {
		for i := range min(len(l.X), len(l.Lo), len(l.Hi)) {
			x.add(l.X[i])
			y.add(l.Lo[i])
			y.add(l.Hi[i])
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
	return x, y
}

func drawAxes(b *strings.Builder, f *figure.Figure, x, y *axisScale) {
	const mostX, mostY = 4, 4
	var lines, xs, ys strings.Builder
	for _, t := range x.ticks(mostX) {
		at := x.at(t)
		fmt.Fprintf(&lines, "M%.0f %.0fV%.0f", at, y.to, y.from)
		fmt.Fprintf(&xs, `<text x=%.0f y=%.0f>%s</text>`, at, y.from+22, tickText(t))
	}
	for _, t := range y.ticks(mostY) {
		at := y.at(t)
		fmt.Fprintf(&lines, "M%.0f %.0fH%.0f", x.from, at, x.to)
		fmt.Fprintf(&ys, `<text x=%.0f y=%.0f>%s</text>`, x.from-8, at+6, tickText(t))
	}
	fmt.Fprintf(b, `<path class=g d="%s"/>`, lines.String())
	fmt.Fprintf(b, `<path class=a d="M%.0f %.0fV%.0fH%.0f"/>`, x.from, y.to, y.from, x.to)
	fmt.Fprintf(b, `<g class=y>%s</g><g class=x>%s<text x=%.0f y=%.0f>%s</text>`, ys.String(), xs.String(), (x.from+x.to)/2, figHeight-8, text(f.XLabel.Plain()))
	if l := f.YLabel.Plain(); l != "" {
		fmt.Fprintf(b, `<text transform="translate(18 %.0f)rotate(-90)">%s</text>`, (y.from+y.to)/2, text(l))
	}
	b.WriteString("</g>")
}

// drawData draws lines, bars and rules, and returns their legend.
func drawData(b *strings.Builder, f *figure.Figure, x, y *axisScale) []string {
	var names []string
	for _, h := range f.Histograms {
		fmt.Fprintf(b, `<path class=h d="M%.0f %.0f`, x.at(h.Edges[0]), y.from)
		for i, c := range h.Counts {
			fmt.Fprintf(b, "V%.0fH%.0f", y.at(c), x.at(h.Edges[i+1]))
		}
		fmt.Fprintf(b, `V%.0f"/>`, y.from)
		names = append(names, legendName("k1", "▇", h.Name))
	}
	for i, l := range f.Lines {
		class, swatch := fmt.Sprintf("k%d", i%colours), "━"
		dash := ""
		switch l.Style {
		case figure.Bound:
			if dash, swatch = " d", "╌"; i >= 2*colours {
				dash, swatch = " e", "┉"
			}
		case figure.Fit:
			dash, swatch = " t", "┈"
		case figure.Band:
			fmt.Fprintf(b, `<path class=b d="%s"/>`, bandPath(l, x, y))
			names = append(names, legendName("k4", "▇", l.Name))
			continue
		}
		fmt.Fprintf(b, `<path class="k %s%s" d="%s"/>`, class, dash, linePath(l, x, y))
		names = append(names, legendName(class, swatch, l.Name))
	}
	for _, r := range f.Rules {
		if r.Vertical {
			fmt.Fprintf(b, `<path class="a r" d="M%.0f %.0fV%.0f"/>`, x.at(r.At), y.from, y.to)
		} else {
			fmt.Fprintf(b, `<path class="a r" d="M%.0f %.0fH%.0f"/>`, x.from, y.at(r.At), x.to)
		}
		names = append(names, legendName("k4", "┆", r.Name))
	}
	return names
}

func legendName(class, swatch string, name table.Inline) string {
	return fmt.Sprintf("<i class=%s>%s</i>\u00A0%s", class, swatch, text(name.Plain()))
}

// A dot is a point of a line in the units of the picture.
type dot struct{ x, y float64 }

// bandPath runs along the upper ends of a band and back along the lower ones.
func bandPath(l figure.Line, x, y *axisScale) string {
	var upper, lower []dot
	for k := range min(len(l.X), len(l.Lo), len(l.Hi)) {
		if x.shows(l.X[k]) && y.shows(l.Lo[k]) && y.shows(l.Hi[k]) {
			at := math.Round(x.at(l.X[k]))
			upper, lower = append(upper, dot{at, math.Round(y.at(l.Hi[k]))}), append(lower, dot{at, math.Round(y.at(l.Lo[k]))})
		}
	}
	slices.Reverse(lower)
	var b strings.Builder
	for i, d := range append(thin(upper), thin(lower)...) {
		step := "L"
		if i == 0 {
			step = "M"
		}
		fmt.Fprintf(&b, "%s%.0f %.0f", step, d.x, d.y)
	}
	return b.String() + "z"
}

// linePath is the path of a line without the points that one cannot see to be
// missing, in steps from each to the next.
func linePath(l figure.Line, x, y *axisScale) string {
	var dots []dot
	for k := range min(len(l.X), len(l.Y)) {
		if x.shows(l.X[k]) && y.shows(l.Y[k]) {
			dots = append(dots, dot{math.Round(x.at(l.X[k])), math.Round(y.at(l.Y[k]))})
		}
	}
	if len(dots) == 0 {
		return ""
	}
	dots = thin(dots)
	var b strings.Builder
	fmt.Fprintf(&b, "M%.0f %.0fl", dots[0].x, dots[0].y)
	if len(dots) == 1 {
		b.WriteString("0 0") // round ends make it a point
	}
	for i, d := range dots[1:] {
		dx, dy := d.x-dots[i].x, d.y-dots[i].y
		if i > 0 && dx >= 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%.0f", dx)
		if dy >= 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%.0f", dy)
	}
	return b.String()
}

// thin leaves out the points within a unit of the line through those that stay
// (Ramer, Douglas and Peucker).
func thin(dots []dot) []dot {
	if len(dots) < 3 {
		return dots
	}
	first, last := dots[0], dots[len(dots)-1]
	farthest, distance := 0, 1.0
	for i, d := range dots[1 : len(dots)-1] {
		if far := d.from(first, last); far > distance {
			farthest, distance = i+1, far
		}
	}
	if farthest == 0 {
		return []dot{first, last}
	}
	head := thin(dots[:farthest+1])
	return append(head[:len(head)-1:len(head)-1], thin(dots[farthest:])...)
}

// from is the distance of d from the line segment between a and b.
func (d dot) from(a, b dot) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	length := dx*dx + dy*dy
	t := 0.0
	if length > 0 {
		t = math.Max(0, math.Min(1, ((d.x-a.x)*dx+(d.y-a.y)*dy)/length))
	}
	return math.Hypot(d.x-a.x-t*dx, d.y-a.y-t*dy)
}
