package figure

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"regexp"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"

	"convergo/report/table"
)

const (
	fontSize = 8
	dpi      = 300 // of PNG
)

// palette is that of Okabe and Ito, in an order whose neighbours differ in grey.
var palette = []color.RGBA{
	{0, 0, 0, 255}, {0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {110, 110, 110, 255},
}

// mark is a marker in both worlds.
type mark struct {
	glyph draw.GlyphDrawer
	tex   string
}

var marks = []mark{
	{draw.CircleGlyph{}, "*"}, {draw.BoxGlyph{}, "square*"}, {draw.PyramidGlyph{}, "triangle*"},
	{draw.RingGlyph{}, "o"}, {draw.SquareGlyph{}, "square"}, {draw.CrossGlyph{}, "x"}, {draw.PlusGlyph{}, "+"},
}

// dashes of bounds and fits, in points: on, off, ...
var dashes = map[Style][][]float64{
	Bound: {{5, 2.5}, {8, 2, 1.5, 2}, {2.5, 1.5}, {10, 3}},
	Fit:   {{1, 1.5}, {1, 1.5, 1, 4}, {1, 3.5}},
}

// ruleDash is the dash of rules.
var ruleDash = []float64{3, 1.5, 0.8, 1.5}

// markEvery is the step between markers, so that those of a long series do not
// run together.
func markEvery(n int) int { return max(1, (n+19)/20) }

func renderVector(w io.Writer, p *prepared, format Format) error {
	width, height := p.size()
	vw, vh := vg.Length(width)*vg.Inch, vg.Length(height)*vg.Inch
	switch format {
	case SVG:
		c := vgsvg.New(vw, vh)
		if err := p.draw(draw.NewCanvas(c, vw, vh)); err != nil {
			return err
		}
		var b bytes.Buffer
		if _, err := c.WriteTo(&b); err != nil {
			return err
		}
		_, err := w.Write(svgFonts(b.Bytes()))
		return err
	case PNG:
		c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(vw, vh), vgimg.UseDPI(dpi))}
		if err := p.draw(draw.NewCanvas(c, vw, vh)); err != nil {
			return err
		}
		_, err := c.WriteTo(w)
		return err
	}
	c := vgpdf.New(vw, vh)
	if err := p.draw(draw.NewCanvas(outlined{c}, vw, vh)); err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return err
	}
	_, err := w.Write(undated(b.Bytes()))
	return err
}

// svgFonts names fonts of the same widths for readers without Liberation. The
// quotation mark cannot be part of a label, where it is escaped.
func svgFonts(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte(`"font-family:Liberation Serif;`), []byte(`"font-family:'Liberation Serif','Times New Roman',Times,serif;`))
}

var pdfDate = regexp.MustCompile(`/(CreationDate|ModDate) \(D:\d{14}`)

// undated sets the dates of a PDF to a fixed one of the same length, which
// leaves its table of offsets right.
func undated(pdf []byte) []byte {
	return pdfDate.ReplaceAll(pdf, []byte("/$1 (D:20000101000000"))
}

// draw paints the whole figure: title, legend, axes, data.
func (p *prepared) draw(c draw.Canvas) error {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, 2, -4, 2, -2)
	pl := p.axes()
	if title := label(p.Title); title != "" {
		sty := textStyle(pl, fontSize+1)
		sty.Font.Size = shrunk(sty.Font.Size, sty.Width(title), c.Size().X)
		sty.XAlign, sty.YAlign = text.XCenter, text.YTop
		c.FillText(sty, vg.Point{X: c.Center().X, Y: c.Max.Y}, title)
		c.Max.Y -= sty.Height(title) + 3
	}
	entries := make([]entry, len(p.series))
	for _, add := range []adder{p.addArea, p.addLine} { // lines lie over all areas
		for i, s := range p.series {
			thumbs, err := add(pl, s)
			if err != nil {
				return fmt.Errorf("drawing %q: %w", s.name, err)
			}
			entries[i] = entry{label(s.name), append(entries[i].thumbs, thumbs...)}
		}
	}
	for _, r := range p.Rules {
		l, err := p.rule(pl, r)
		if err != nil {
			return fmt.Errorf("drawing %q: %w", r.Name, err)
		}
		entries = append(entries, entry{label(r.Name), []plot.Thumbnailer{l}})
	}
	c.Max.Y -= drawLegend(c, pl, entries)
	// Adding the plotters has widened the axes to their own liking.
	pl.X.Min, pl.X.Max, pl.Y.Min, pl.Y.Max = p.xmin, p.xmax, p.ymin, p.ymax
	pl.Draw(p.drawLabels(c, pl))
	return nil
}

// drawLabels draws the labels of the axes and returns the room left. gonum
// misplaces the box of a label on a logarithmic axis, and pads the plot for it.
func (p *prepared) drawLabels(c draw.Canvas, pl *plot.Plot) draw.Canvas {
	sty := textStyle(pl, fontSize)
	sty.XAlign = text.XCenter
	x, y := label(p.XLabel), label(p.YLabel)
	inner := c
	if x != "" {
		inner.Min.Y += sty.Height(x) + 2
	}
	if y != "" {
		inner.Min.X += sty.Height(y) + 2
	}
	data := pl.DataCanvas(inner)
	center := data.Center()
	sty.YAlign = text.YBottom
	c.FillText(sty, vg.Point{X: center.X, Y: c.Min.Y}, x)
	sty.Rotation, sty.YAlign = math.Pi/2, text.YTop
	c.FillText(sty, vg.Point{X: c.Min.X, Y: center.Y}, y)
	return inner
}

func textStyle(pl *plot.Plot, size vg.Length) draw.TextStyle {
	sty := pl.Legend.TextStyle
	sty.Font.Size = size
	return sty
}

// shrunk returns the font size at which a text of the given width fits in room,
// but none too small to read.
func shrunk(size, width, room vg.Length) vg.Length {
	if width <= room {
		return size
	}
	return max(size*room/width, 4)
}

// substitutes stand in for signs that the font lacks.
var substitutes = strings.NewReplacer(
	"⊤", "T", "⊥", "perp", "∇", "grad ", "∅", "{}", "∀", "for all ", "∃", "exists ", "∠", "angle ",
	"≪", "<<", "≫", ">>", "≲", "<~", "≳", ">~", "≃", "≈", "≅", "≈", "≍", "≈", "∝", "~", "∈", "in", "∉", "not in", "∋", "contains",
	"⊂", "subset of", "⊆", "subset of", "⊃", "contains", "⊇", "contains", "≺", "<", "⪯", "≤", "≻", ">", "⪰", "≥", "∥", "||",
	"↦", "→", "⇒", "=>", "⇐", "<=", "∓", "-/+", "⊙", "o", "⊗", "x", "⊕", "+", "∘", "o", "⋆", "*", "∪", "or", "∧", "and", "∨", "or",
	"⟨", "<", "⟩", ">", "⌊", "floor[", "⌋", "]", "⌈", "ceil[", "⌉", "]",
	"ℝ", "R", "ℕ", "N", "ℤ", "Z", "ℂ", "C", "ℚ", "Q", "ℙ", "P", "ℍ", "H",
)

// label returns s in letters that the font has.
func label(s table.Inline) string { return substitutes.Replace(s.Plain()) }

// axes returns an empty plot with the axes of p.
func (p *prepared) axes() *plot.Plot {
	pl := plot.New()
	pl.BackgroundColor = nil
	width, height := p.size()
	for _, a := range []struct {
		axis *plot.Axis
		log  bool
		most int
	}{{&pl.X, p.LogX, int(width * 2)}, {&pl.Y, p.LogY, int(height * 2.5)}} {
		a.axis.Tick.Label.Font.Size = fontSize - 1
		a.axis.Tick.Length = 4
		a.axis.Padding = 2
		a.axis.LineStyle.Width, a.axis.Tick.LineStyle.Width = 0.5, 0.5
		if a.log {
			a.axis.Scale = plot.LogScale{}
			a.axis.Tick.Marker = logTicks{max(a.most, 2)}
		}
	}
	grid := plotter.NewGrid()
	grid.Horizontal = draw.LineStyle{Color: color.Gray{225}, Width: 0.4}
	grid.Vertical = grid.Horizontal
	pl.Add(grid)
	return pl
}

// An adder draws a part of a series and returns what stands for it in the
// legend.
type adder func(*plot.Plot, series) ([]plot.Thumbnailer, error)

func (p *prepared) addArea(pl *plot.Plot, s series) ([]plot.Thumbnailer, error) {
	if len(s.area) == 0 {
		return nil, nil
	}
	area, err := plotter.NewPolygon(p.xys(s.area))
	if err != nil {
		return nil, err
	}
	hue := palette[s.index%len(palette)]
	area.Color = color.NRGBA{hue.R, hue.G, hue.B, 50}
	area.LineStyle = draw.LineStyle{Width: 0}
	if s.solid {
		area.LineStyle = draw.LineStyle{Color: hue, Width: 0.8, Dashes: histogramDash(s.index)}
	}
	pl.Add(area)
	return []plot.Thumbnailer{area}, nil
}

func (p *prepared) addLine(pl *plot.Plot, s series) ([]plot.Thumbnailer, error) {
	if len(s.points) == 0 {
		return nil, nil
	}
	hue := palette[s.index%len(palette)]
	line, err := plotter.NewLine(p.xys(s.points))
	if err != nil {
		return nil, err
	}
	line.LineStyle = draw.LineStyle{Color: hue, Width: 1}
	if d := dashes[s.style]; d != nil {
		line.Dashes = lengths(d[s.rank%len(d)])
	}
	if s.style == Band {
		line.Width = 0.6
	}
	pl.Add(line)
	thumbs := []plot.Thumbnailer{line}
	if s.lo != nil {
		pl.Add(p.errorBars(s, hue))
	}
	if s.style != Measured {
		return thumbs, nil
	}
	var marked []point
	for i := 0; i < len(s.points); i += markEvery(len(s.points)) {
		marked = append(marked, s.points[i])
	}
	dots, err := plotter.NewScatter(p.xys(marked))
	if err != nil {
		return nil, err
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: hue, Radius: 1.9, Shape: marks[s.rank%len(marks)].glyph}
	pl.Add(dots)
	return append(thumbs, dots), nil
}

func lengths(d []float64) []vg.Length {
	out := make([]vg.Length, len(d))
	for i, x := range d {
		out[i] = vg.Length(x)
	}
	return out
}

// histogramDash tells overlapping histograms apart in grey.
func histogramDash(index int) []vg.Length {
	if index == 0 {
		return nil
	}
	d := dashes[Bound]
	return lengths(d[(index-1)%len(d)])
}

func (p *prepared) xys(points []point) plotter.XYs {
	out := make(plotter.XYs, len(points))
	for i, q := range points {
		out[i] = plotter.XY{X: q.x, Y: p.clampY(q.y)}
	}
	return out
}

// errorBars draws vertical bars between given ends. Those of gonum are given by
// differences, whose rounding can reach zero on a logarithmic axis.
type errorBars struct {
	x, lo, hi []float64
	style     draw.LineStyle
}

func (p *prepared) errorBars(s series, hue color.Color) errorBars {
	bars := errorBars{style: draw.LineStyle{Color: hue, Width: 0.6}}
	for i, q := range s.points {
		lo, hi := p.barEnds(s, i)
		bars.x, bars.lo, bars.hi = append(bars.x, q.x), append(bars.lo, lo), append(bars.hi, hi)
	}
	return bars
}

// Plot draws the bars with short caps.
func (b errorBars) Plot(c draw.Canvas, pl *plot.Plot) {
	const half = 1.5
	toX, toY := pl.Transforms(&c)
	for i := range b.x {
		x, lo, hi := toX(b.x[i]), toY(b.lo[i]), toY(b.hi[i])
		c.StrokeLine2(b.style, x, lo, x, hi)
		c.StrokeLine2(b.style, x-half, lo, x+half, lo)
		c.StrokeLine2(b.style, x-half, hi, x+half, hi)
	}
}

// barEnds returns the ends of the error bar of point i within the axes; an end
// that is not a number is the point itself.
func (p *prepared) barEnds(s series, i int) (lo, hi float64) {
	lo, hi = s.lo[i], s.hi[i]
	if math.IsNaN(lo) {
		lo = s.points[i].y
	}
	if math.IsNaN(hi) {
		hi = s.points[i].y
	}
	return p.clampY(lo), p.clampY(hi)
}

// ends returns the two ends of a rule.
func (p *prepared) ends(r Rule) []point {
	if r.Vertical {
		return []point{{r.At, p.ymin}, {r.At, p.ymax}}
	}
	return []point{{p.xmin, r.At}, {p.xmax, r.At}}
}

func (p *prepared) rule(pl *plot.Plot, r Rule) (*plotter.Line, error) {
	l, err := plotter.NewLine(p.xys(p.ends(r)))
	if err != nil {
		return nil, err
	}
	l.LineStyle = draw.LineStyle{Color: color.Gray{60}, Width: 0.7, Dashes: lengths(ruleDash)}
	pl.Add(l)
	return l, nil
}

// entry is one line of a legend.
type entry struct {
	name   string
	thumbs []plot.Thumbnailer
}

// drawLegend draws the named entries in columns at the top of c, and returns
// the height used.
func drawLegend(c draw.Canvas, pl *plot.Plot, entries []entry) vg.Length {
	sty := textStyle(pl, fontSize)
	sty.XAlign, sty.YAlign = text.XLeft, text.YCenter
	const thumb, gap = 20, 8
	row := sty.Font.Size * 1.35
	var named []entry
	var longest vg.Length
	for _, e := range entries {
		if e.name != "" {
			named = append(named, e)
			longest = max(longest, sty.Width(e.name))
		}
	}
	if len(named) == 0 {
		return 0
	}
	room := c.Size().X - thumb - 4
	sty.Font.Size = shrunk(sty.Font.Size, longest, room)
	widest := thumb + 4 + min(longest, room)
	columns := min(max(1, int((c.Size().X+gap)/(widest+gap))), len(named))
	rows := (len(named) + columns - 1) / columns
	columns = (len(named) + rows - 1) / rows // no empty column at the right
	left := c.Min.X + (c.Size().X-vg.Length(columns)*(widest+gap)+gap)/2
	for i, e := range named {
		x := left + vg.Length(i%columns)*(widest+gap)
		y := c.Max.Y - vg.Length(i/columns)*row - row/2
		icon := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: x, Y: y - row*0.3}, Max: vg.Point{X: x + thumb, Y: y + row*0.3},
		}}
		for _, t := range e.thumbs {
			t.Thumbnail(&icon)
		}
		c.FillText(sty, vg.Point{X: x + thumb + 4, Y: y}, e.name)
	}
	return vg.Length(rows)*row + 3
}
