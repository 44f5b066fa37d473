package figure

import (
	"fmt"
	"io"
	"math"
	"sort"
	"strings"

	"convergo/report/table"
)

// Inch is a length on paper.
type Inch float64

// Widths of the text of common venues.
const (
	NeurIPS    Inch = 5.5  // full text width
	ICMLColumn Inch = 3.25 // one of two columns
	ICMLText   Inch = 6.75 // both columns
	JMLR       Inch = 6.0  // full text width
)

// Figure is one pair of axes with what is drawn in it. Titles, labels and names
// may hold formulas between dollar signs; see [table.Inline].
type Figure struct {
	Title          table.Inline // not printed in TeX, where the caption says it
	XLabel, YLabel table.Inline
	LogX, LogY     bool
	Lines          []Line
	Histograms     []Histogram
	Rules          []Rule
	Width          Inch // ICMLColumn when 0
	Height         Inch // of the axes and the legend; chosen when 0
}

// Line is one series.
type Line struct {
	Name   table.Inline
	X, Y   []float64 // equally long; Y may be nil for a Band
	Lo, Hi []float64 // ends of error bars, or of the band; nil for none
	Style  Style
}

// Style says what a line stands for.
type Style int

// Styles.
const (
	Measured Style = iota // markers, joined, with error bars
	Bound                 // dashed
	Fit                   // dotted
	Band                  // shaded from Lo to Hi, with a thin line along Y
)

// Histogram counts values in bins: Counts[i] between Edges[i] and Edges[i+1].
type Histogram struct {
	Name   table.Inline
	Edges  []float64 // increasing, one more than Counts
	Counts []float64
}

// Rule is a straight line across the axes, such as slack = 1.
type Rule struct {
	Name     table.Inline
	At       float64
	Vertical bool
}

// Bins counts values in k bins of equal width, or of equal ratio when log is
// set. Values that are not finite, or not positive when log is set, are left
// out; dropped is their number. It fails when nothing is left or k < 1.
func Bins(name table.Inline, values []float64, k int, log bool) (h Histogram, dropped int, err error) {
	var kept []float64
	for _, v := range values {
		if shown(v, log) {
			kept = append(kept, v)
		}
	}
	dropped = len(values) - len(kept)
	if len(kept) == 0 || k < 1 {
		return Histogram{}, dropped, fmt.Errorf("histogram %q: %d of %d values can be shown in %d bins: give at least one of each", name, len(kept), len(values), k)
	}
	sort.Float64s(kept)
	to, from := scale(log)
	lo, hi := to(kept[0]), to(kept[len(kept)-1])
	if lo == hi {
		lo, hi = lo-0.5, hi+0.5
	}
	h = Histogram{Name: name, Edges: make([]float64, k+1), Counts: make([]float64, k)}
	for i := range h.Edges {
		h.Edges[i] = from(lo + (hi-lo)*float64(i)/float64(k))
	}
	// Rounding must not push the extremes out of their bins.
	h.Edges[0], h.Edges[k] = min(h.Edges[0], kept[0]), max(h.Edges[k], kept[len(kept)-1])
	for _, v := range kept {
		i := sort.Search(k, func(i int) bool { return h.Edges[i+1] > v })
		h.Counts[min(i, k-1)]++
	}
	return h, dropped, nil
}

// scale returns the map of an axis to a linear one, and its inverse.
func scale(log bool) (to, from func(float64) float64) {
	if log {
		return math.Log10, func(x float64) float64 { return math.Pow(10, x) }
	}
	same := func(x float64) float64 { return x }
	return same, same
}

// Format is an output format.
type Format int

// Formats.
const (
	SVG Format = iota
	PDF
	PNG
	TeX
	Terminal
)

var formatNames = [...]string{"svg", "pdf", "png", "tex", "terminal"}

// String returns the name of f, as understood by [ParseFormat].
func (f Format) String() string {
	if f < 0 || int(f) >= len(formatNames) {
		return fmt.Sprintf("format(%d)", int(f))
	}
	return formatNames[f]
}

// ParseFormat returns the format with the given name: svg, pdf, png, tex (or
// latex, pgfplots) or terminal (or text).
func ParseFormat(name string) (Format, error) {
	switch strings.ToLower(name) {
	case "latex", "pgfplots":
		return TeX, nil
	case "text":
		return Terminal, nil
	}
	for f, s := range formatNames {
		if strings.EqualFold(name, s) {
			return Format(f), nil
		}
	}
	return 0, fmt.Errorf("unknown figure format %q: use one of %s", name, strings.Join(formatNames[:], ", "))
}

// Options are the size and colours of a chart in a terminal.
type Options struct {
	Columns, Rows int // 72 by 16 when 0
	Color         bool
}

// Render writes f to w. It fails when slices of a line differ in length, when
// nothing can be shown, when a formula is unsafe in TeX, or when w fails. See
// [Figure.Notes] for what is left out.
func Render(w io.Writer, f *Figure, format Format, opts Options) error {
	p, err := prepare(f)
	if err != nil {
		return err
	}
	switch format {
	case SVG, PDF, PNG:
		return renderVector(w, p, format)
	case TeX:
		return renderTeX(w, p)
	case Terminal:
		return renderTerminal(w, p, opts)
	}
	return fmt.Errorf("unknown figure format %v", format)
}

// Notes says in sentences what of f is not shown and why: values that are not
// finite, and values at or below zero on a logarithmic axis.
func (f *Figure) Notes() []string {
	p, err := prepare(f)
	if err != nil {
		return nil
	}
	return p.notes
}

type point struct{ x, y float64 }

// series is a line or histogram of which every value can be drawn.
type series struct {
	name   table.Inline
	style  Style
	index  int     // among all series: colour
	rank   int     // among those of its style: dash, marker
	points []point // the line, if any
	lo, hi []float64
	area   []point // outline of a band or histogram
	solid  bool    // the outline of a histogram is drawn
}

// prepared is a figure with ranges of the axes, ready to draw.
type prepared struct {
	*Figure
	series                 []series
	xmin, xmax, ymin, ymax float64
	notes                  []string
}

func prepare(f *Figure) (*prepared, error) {
	p := &prepared{Figure: f}
	ranks := map[Style]int{}
	for _, l := range f.Lines {
		s, err := p.line(l)
		if err != nil {
			return nil, err
		}
		if len(s.points)+len(s.area) == 0 {
			continue
		}
		s.index, s.rank = len(p.series), ranks[l.Style]
		ranks[l.Style]++
		p.series = append(p.series, s)
	}
	for _, h := range f.Histograms {
		if len(h.Counts) == 0 || len(h.Edges) != len(h.Counts)+1 {
			return nil, fmt.Errorf("histogram %q: %d edges for %d counts: give one edge more than counts", h.Name, len(h.Edges), len(h.Counts))
		}
	}
	if err := p.ranges(); err != nil {
		return nil, err
	}
	for _, h := range f.Histograms {
		if s := p.histogram(h); len(s.area) > 0 {
			s.index = len(p.series)
			p.series = append(p.series, s)
		}
	}
	if len(p.series) == 0 {
		return nil, fmt.Errorf("figure %q shows nothing: no value is finite and within its axes", f.Title)
	}
	return p, nil
}

// line leaves out what of l cannot be drawn.
func (p *prepared) line(l Line) (series, error) {
	s := series{name: l.Name, style: l.Style}
	n := len(l.X)
	bars := l.Lo != nil || l.Hi != nil
	switch {
	case l.Style == Band && !bars:
		return s, fmt.Errorf("line %q: a band needs Lo and Hi", l.Name)
	case (l.Style != Band || l.Y != nil) && len(l.Y) != n, bars && (len(l.Lo) != n || len(l.Hi) != n):
		return s, fmt.Errorf("line %q: %d values of X, %d of Y, %d of Lo, %d of Hi: give equally many", l.Name, n, len(l.Y), len(l.Lo), len(l.Hi))
	}
	var upper, lower []point
	dropped, cut := 0, 0
	for i, x := range l.X {
		ok := shown(x, p.LogX)
		if l.Style == Band {
			ok = ok && finite(l.Lo[i]) && shown(l.Hi[i], p.LogY)
			if ok {
				if !shown(l.Lo[i], p.LogY) {
					cut++
				}
				upper, lower = append(upper, point{x, l.Hi[i]}), append(lower, point{x, l.Lo[i]})
			}
		}
		if l.Y != nil && ok {
			ok = shown(l.Y[i], p.LogY)
			if ok {
				s.points = append(s.points, point{x, l.Y[i]})
				if bars && l.Style != Band {
					if finite(l.Lo[i]) && !shown(l.Lo[i], p.LogY) {
						cut++
					}
					s.lo, s.hi = append(s.lo, l.Lo[i]), append(s.hi, l.Hi[i])
				}
			}
		}
		if !ok {
			dropped++
		}
	}
	for i := len(lower) - 1; i >= 0; i-- {
		upper = append(upper, lower[i])
	}
	s.area = upper
	p.note(l.Name, dropped, "left out", "points")
	p.note(l.Name, cut, "cut at the axis", "lower ends")
	return s, nil
}

func (p *prepared) note(name table.Inline, n int, what, things string) {
	if n == 0 {
		return
	}
	if n == 1 {
		things = strings.TrimSuffix(things, "s")
	}
	why := "not finite"
	if p.LogX || p.LogY {
		why = "not finite or not above 0 on a logarithmic axis"
	}
	p.notes = append(p.notes, fmt.Sprintf("%s: %d %s %s (%s)", name.Plain(), n, things, what, why))
}

// finite reports whether x can be drawn; beyond 1e300 the width of an axis
// would overflow.
func finite(x float64) bool { return math.Abs(x) <= 1e300 }

// shown reports whether an axis can show x.
func shown(x float64, log bool) bool { return finite(x) && (!log || x > 0) }

// ranges sets the ends of the axes from all that can be shown.
func (p *prepared) ranges() error {
	var x, y span
	x.log, y.log = p.LogX, p.LogY
	for _, s := range p.series {
		for i, q := range s.points {
			x.add(q.x)
			y.add(q.y)
			if s.lo != nil {
				y.add(s.lo[i])
				y.add(s.hi[i])
			}
		}
		for _, q := range s.area {
			x.add(q.x)
			y.add(q.y)
		}
	}
	for _, h := range p.Histograms {
		for i, c := range h.Counts {
			x.add(h.Edges[i])
			x.add(h.Edges[i+1])
			y.add(c)
		}
		if !p.LogY {
			y.add(0)
		}
	}
	for _, r := range p.Rules {
		axis := &y
		if r.Vertical {
			axis = &x
		}
		if !shown(r.At, axis.log) {
			return fmt.Errorf("rule %q at %g is not on its axis: leave it out", r.Name, r.At)
		}
		axis.add(r.At)
	}
	if !x.any || !y.any {
		return fmt.Errorf("figure %q shows nothing: no value is finite and within its axes", p.Title)
	}
	p.xmin, p.xmax = x.padded()
	p.ymin, p.ymax = y.padded()
	if len(p.Histograms) > 0 && !p.LogY && y.min == 0 {
		p.ymin = 0 // bars stand on the axis
	}
	if len(p.Histograms) > 0 && p.LogY {
		p.ymin = y.min / 2 // the smallest bar keeps some height
	}
	return nil
}

// span grows to hold the values that an axis can show.
type span struct {
	min, max float64
	log, any bool
}

func (s *span) add(v float64) {
	switch {
	case !shown(v, s.log):
	case !s.any:
		s.min, s.max, s.any = v, v, true
	default:
		s.min, s.max = min(s.min, v), max(s.max, v)
	}
}

// padded returns the ends with some room around the values.
func (s *span) padded() (lo, hi float64) {
	const room = 0.04
	if s.log {
		ratio := math.Pow(s.max/s.min, room)
		if s.max/s.min < 1.05 || !finite(ratio) {
			ratio = 1.5
		}
		return max(s.min/ratio, math.SmallestNonzeroFloat64), min(s.max*ratio, math.MaxFloat64)
	}
	d := (s.max - s.min) * room
	if d <= math.Abs(s.max)*1e-9 || !finite(d) {
		d = max(math.Abs(s.max)*room, 1e-9)
	}
	return s.min - d, s.max + d
}

// histogram returns the outline of the bars, standing on the axis.
func (p *prepared) histogram(h Histogram) series {
	s := series{name: h.Name, style: Band, solid: true}
	dropped := 0
	for i, c := range h.Counts {
		l, r := h.Edges[i], h.Edges[i+1]
		if !shown(l, p.LogX) || !shown(r, p.LogX) || !finite(c) {
			dropped++
			continue
		}
		c = max(c, p.ymin)
		if len(s.area) == 0 {
			s.area = append(s.area, point{l, p.ymin})
		}
		s.area = append(s.area, point{l, c}, point{r, c})
	}
	if k := len(s.area); k > 0 {
		s.area = append(s.area, point{s.area[k-1].x, p.ymin})
	}
	p.note(h.Name, dropped, "left out", "bins")
	return s
}

// clampY moves a value that a logarithmic axis cannot show to its lower end.
func (p *prepared) clampY(y float64) float64 { return min(max(y, p.ymin), p.ymax) }

// size returns width and height.
func (p *prepared) size() (w, h Inch) {
	w, h = p.Width, p.Height
	if w <= 0 {
		w = ICMLColumn
	}
	if h <= 0 {
		h = min(w*0.68, 3.4)
	}
	return w, h
}
