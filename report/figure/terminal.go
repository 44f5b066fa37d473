package figure

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/guptarohit/asciigraph"
	"github.com/mattn/go-runewidth"
)

// inks tell lines apart without colour; the first is the box drawing.
var inks = []string{"", "*", "o", "+", "x", "#", "%", "@"}

var inkColors = []asciigraph.AnsiColor{
	asciigraph.Default, asciigraph.Blue, asciigraph.Red, asciigraph.Green, asciigraph.Magenta, asciigraph.Cyan,
}

// renderTerminal draws the lines as a chart, and histograms as bars.
func renderTerminal(w io.Writer, p *prepared, opts Options) error {
	if opts.Columns <= 0 {
		opts.Columns = 72
	}
	if opts.Rows <= 0 {
		opts.Rows = 16
	}
	var b strings.Builder
	if title := p.Title.Plain(); title != "" {
		b.WriteString(title + "\n\n")
	}
	p.chart(&b, opts)
	for _, h := range p.Histograms {
		p.bars(&b, h, opts)
	}
	for _, n := range p.notes {
		b.WriteString(n + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// chart draws the lines, and the edges of bands.
func (p *prepared) chart(b *strings.Builder, opts Options) {
	const margin = 12 // for the labels of the vertical axis
	width := max(opts.Columns-margin, 16)
	var data [][]float64
	var names []string
	add := func(name string, points []point) {
		data = append(data, p.resample(points, width))
		names = append(names, name)
	}
	for _, s := range p.series {
		switch {
		case s.solid:
		case len(s.points) > 0:
			add(s.name.Plain(), s.points)
		default:
			half := len(s.area) / 2
			lower := make([]point, half)
			for i := range lower {
				lower[i] = s.area[len(s.area)-1-i]
			}
			add(s.name.Plain()+" (upper)", s.area[:half])
			add(s.name.Plain()+" (lower)", lower)
		}
	}
	if len(data) == 0 {
		return
	}
	for _, r := range p.Rules {
		if !r.Vertical {
			add(r.Name.Plain(), p.ends(r))
		}
	}
	to, _ := scale(p.LogY)
	_, fromX := scale(p.LogX)
	_, fromY := scale(p.LogY)
	toX, _ := scale(p.LogX)
	chars, colors := make([]asciigraph.CharSet, len(data)), make([]asciigraph.AnsiColor, len(data))
	for i := range data {
		chars[i] = asciigraph.DefaultCharSet
		if k := i % len(inks); k > 0 {
			chars[i] = asciigraph.CreateCharSet(inks[k])
		}
		if opts.Color {
			colors[i] = inkColors[i%len(inkColors)]
		}
	}
	// Later lines hide earlier ones; the first line of the figure matters most.
	slices.Reverse(data)
	slices.Reverse(chars)
	slices.Reverse(colors)
	graph := asciigraph.PlotMany(data,
		asciigraph.Width(width), asciigraph.Height(opts.Rows),
		asciigraph.LowerBound(to(p.ymin)), asciigraph.UpperBound(to(p.ymax)),
		asciigraph.SeriesChars(chars...), asciigraph.SeriesColors(colors...),
		asciigraph.YAxisValueFormatter(func(v float64) string { return short(fromY(v)) }),
		asciigraph.XAxisRange(toX(p.xmin), toX(p.xmax)),
		asciigraph.XAxisTickCount(max(2, width/14)),
		asciigraph.XAxisValueFormatter(func(v float64) string { return short(fromX(v)) }),
	)
	if y := p.YLabel.Plain(); y != "" {
		b.WriteString(y + "\n")
	}
	for line := range strings.Lines(graph) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	if x := p.XLabel.Plain(); x != "" {
		pad := max(0, opts.Columns-runewidth.StringWidth(x))
		b.WriteString(strings.Repeat(" ", pad) + x + "\n")
	}
	for i, name := range names {
		if name == "" {
			continue
		}
		ink := inks[i%len(inks)]
		if ink == "" {
			ink = "─"
		}
		ink = strings.Repeat(ink, 3)
		if opts.Color {
			ink = colors[len(colors)-1-i].String() + ink + asciigraph.Default.String()
		}
		fmt.Fprintf(b, "  %s %s\n", ink, name)
	}
}

// resample returns the ordinates of a line at n places evenly over the axis, on
// the scale of the vertical axis; NaN outside the line.
func (p *prepared) resample(points []point, n int) []float64 {
	toX, _ := scale(p.LogX)
	toY, _ := scale(p.LogY)
	lo, hi := toX(p.xmin), toX(p.xmax)
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
		x := lo + (hi-lo)*float64(i)/float64(n-1)
		for k := 0; k+1 < len(points); k++ {
			a, b := toX(points[k].x), toX(points[k+1].x)
			if x < min(a, b) || x > max(a, b) || a == b {
				continue
			}
			t := (x - a) / (b - a)
			out[i] = (1-t)*toY(p.clampY(points[k].y)) + t*toY(p.clampY(points[k+1].y))
			break
		}
	}
	for _, q := range points { // points that fall between two places
		i := int(math.Round((toX(q.x) - lo) / (hi - lo) * float64(n-1)))
		if i >= 0 && i < n && math.IsNaN(out[i]) {
			out[i] = toY(p.clampY(q.y))
		}
	}
	return out
}

// bars prints a histogram, one line a bin, with the vertical rules named at the
// bins where they fall.
func (p *prepared) bars(b *strings.Builder, h Histogram, opts Options) {
	if name := h.Name.Plain(); name != "" {
		b.WriteString(name + "\n")
	}
	most, label := 0.0, 0
	for i, c := range h.Counts {
		if finite(c) {
			most = max(most, c)
		}
		label = max(label, len(binLabel(h, i)))
	}
	room := max(opts.Columns-label-12, 8)
	for i, c := range h.Counts {
		n := 0
		if finite(c) && most > 0 {
			n = int(math.Round(c / most * float64(room)))
			if c > 0 {
				n = max(n, 1)
			}
		}
		note := ""
		for _, r := range p.Rules {
			if r.Vertical && r.At >= h.Edges[i] && (r.At < h.Edges[i+1] || i == len(h.Counts)-1 && r.At == h.Edges[i+1]) {
				note += " < " + r.Name.Plain()
			}
		}
		line := fmt.Sprintf("%*s │%s %s%s", label, binLabel(h, i), strings.Repeat("█", n), short(c), note)
		b.WriteString(line + "\n")
	}
	for _, r := range p.Rules {
		switch {
		case !r.Vertical:
		case r.At < h.Edges[0]:
			fmt.Fprintf(b, "%s (%s) is below all bins\n", r.Name.Plain(), short(r.At))
		case r.At > h.Edges[len(h.Edges)-1]:
			fmt.Fprintf(b, "%s (%s) is above all bins\n", r.Name.Plain(), short(r.At))
		}
	}
}

func binLabel(h Histogram, i int) string {
	end := ")"
	if i == len(h.Counts)-1 {
		end = "]"
	}
	return "[" + short(h.Edges[i]) + ", " + short(h.Edges[i+1]) + end
}

// short prints x to three digits, with a power of ten only when it is far from 1.
func short(x float64) string {
	mantissa, e, ok := strings.Cut(strconv.FormatFloat(x, 'e', 2, 64), "e")
	exp, err := strconv.Atoi(e)
	if !ok || err != nil { // NaN
		return mantissa
	}
	if exp >= 6 || exp < -4 {
		if strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		return mantissa + "e" + strconv.Itoa(exp)
	}
	s := strconv.FormatFloat(x, 'f', max(0, 2-exp), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
