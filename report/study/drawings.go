package study

import (
	"fmt"
	"slices"

	"convergo/report"
	"convergo/report/figure"
	"convergo/report/table"
)

// An axis is what a figure is drawn against: the points of one figure share all that split keeps.
type axis struct {
	label table.Inline
	log   bool
	split func(p Point) (figure string, x int)
	line  func(p Point) table.Inline
	keep  func(p Point) bool
}

func (s *Study) axes() []axis {
	widths := s.widths()
	widest := widths[len(widths)-1]
	all := func(p Point) bool { return p.Width == 0 || p.Width == widest }
	named := func(p Point) table.Inline {
		if p.Width == 0 {
			return table.Literal(p.Kernel)
		}
		return table.Literal(p.Kernel) + ", " + widthName(p.Width)
	}
	return []axis{
		{"training images $n$", false, func(p Point) (string, int) { return fmt.Sprintf("%s-depth%d", p.Images, p.Depth), p.N }, named, all},
		{"depth", false, func(p Point) (string, int) { return fmt.Sprintf("%s-n%d", p.Images, p.N), p.Depth }, named, all},
		{"width $m$", true, func(p Point) (string, int) {
			return fmt.Sprintf("%s-depth%d-n%d-widths", p.Images, p.Depth, p.N), p.Width
		},
			func(p Point) table.Inline { return table.Literal(p.Kernel) }, func(p Point) bool { return p.Width > 0 }},
	}
}

// Drawings are the accuracies against n for every depth, against the depth for every n, and against the width for each of
// both, where there are two values or more to draw against. Exact kernels have their intervals; networks of finite width, of
// the largest width but in the last kind, are dashed, and stand beside the exact kernel's accuracy there.
func (s *Study) Drawings() []report.Drawing {
	var ds []report.Drawing
	for _, a := range s.axes() {
		for _, d := range s.drawings(a) {
			if !drawable(d.Figure) {
				continue
			}
			if a.log {
				s.addExact(d, a)
			}
			ds = append(ds, d)
		}
	}
	return ds
}

func drawable(f *figure.Figure) bool {
	return slices.ContainsFunc(f.Lines, func(l figure.Line) bool { return len(l.X) > 1 })
}

func (s *Study) drawings(a axis) []report.Drawing {
	var ds []report.Drawing
	for _, p := range s.Points {
		if !a.keep(p) {
			continue
		}
		name, x := a.split(p)
		i := slices.IndexFunc(ds, func(d report.Drawing) bool { return d.Name == name })
		if i < 0 {
			i = len(ds)
			ds = append(ds, report.Drawing{Name: name, Figure: &figure.Figure{Title: table.Literal(name), XLabel: a.label, YLabel: "test accuracy in %", LogX: a.log}})
		}
		add(ds[i].Figure, a, p, float64(x))
	}
	return ds
}

func add(f *figure.Figure, a axis, p Point, x float64) {
	name := a.line(p)
	i := slices.IndexFunc(f.Lines, func(l figure.Line) bool { return l.Name == name })
	if i < 0 {
		i = len(f.Lines)
		f.Lines = append(f.Lines, figure.Line{Name: name})
	}
	l := &f.Lines[i]
	value, lo, hi := p.Accuracy()
	l.X, l.Y = append(l.X, x), append(l.Y, value)
	if p.Width > 0 && !a.log {
		l.Style = figure.Bound // its interval would hide the others
		return
	}
	l.Lo, l.Hi = append(l.Lo, lo), append(l.Hi, hi)
}

// addExact draws the accuracy of the exact kernels across a figure against the width.
func (s *Study) addExact(d report.Drawing, a axis) {
	var xs []float64
	for _, l := range d.Figure.Lines {
		xs = append(xs, l.X...)
	}
	from, to := slices.Min(xs), slices.Max(xs)
	for _, p := range s.Points {
		if name, _ := a.split(p); p.Width != 0 || name != d.Name {
			continue
		}
		value, _, _ := p.Accuracy()
		d.Figure.Lines = append(d.Figure.Lines, figure.Line{Name: table.Literal(p.Kernel) + `, $m = \infty$`, X: []float64{from, to}, Y: []float64{value, value}, Style: figure.Bound})
	}
}
