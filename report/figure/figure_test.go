package figure

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font/sfnt"
	"gonum.org/v1/plot"

	"convergo/report/table"
)

var update = flag.Bool("update", false, "write the golden files anew")

// widths is a log-log figure with error bars, a bound, a fit and a band, and
// with values that the axes cannot show.
func widths() *Figure {
	f := &Figure{
		Title:  "Kernel error against width",
		XLabel: "width $m$", YLabel: `$\|H(0)-H^\infty\|_2$`,
		LogX: true, LogY: true,
	}
	var m, e, lo, hi, bound, fit, blo, bhi []float64
	for i, w := range []float64{64, 128, 256, 512, 1024, 2048, 4096, 8192} {
		wobble := 1 + 0.1*math.Sin(float64(3*i))
		v := 3 * wobble / math.Sqrt(w)
		m, e = append(m, w), append(e, v)
		lo, hi = append(lo, v*0.8), append(hi, v*1.3)
		bound = append(bound, 40/math.Sqrt(w))
		fit = append(fit, 3/math.Sqrt(w))
		blo, bhi = append(blo, 1/math.Sqrt(w)), append(bhi, 7/math.Sqrt(w))
	}
	lo[7] = -0.01
	f.Lines = []Line{
		{Name: "measured, median of 20", X: append(m, 16384), Y: append(e, 0), Lo: append(lo, 0), Hi: append(hi, 0)},
		{Name: `bound 3.1 & 50% of $\delta$`, X: m, Y: bound, Style: Bound},
		{Name: "fit $m^{-1/2}$", X: m, Y: fit, Style: Fit},
		{Name: "5% to 95%", X: m, Lo: blo, Hi: bhi, Style: Band},
	}
	return f
}

// slacks is a histogram with a rule.
func slacks(t *testing.T) *Figure {
	t.Helper()
	var a, b []float64
	for i := range 400 {
		a = append(a, math.Exp(1.2+0.5*math.Sin(float64(i*i))+0.3*math.Cos(float64(7*i))))
		b = append(b, math.Exp(0.5+0.4*math.Cos(float64(i*i))))
	}
	f := &Figure{XLabel: "slack", YLabel: "instances", LogX: true, Rules: []Rule{{Name: "tight", At: 1, Vertical: true}}}
	for _, v := range []struct {
		name   table.Inline
		values []float64
	}{{"stated", a}, {"derived", b}} {
		h, dropped, err := Bins(v.name, v.values, 12, true)
		if err != nil || dropped != 0 {
			t.Fatal(dropped, err)
		}
		f.Histograms = append(f.Histograms, h)
	}
	return f
}

// loss is a figure on one logarithmic axis with long series.
func loss() *Figure {
	f := &Figure{XLabel: "step $k$", YLabel: "loss", LogY: true, Width: NeurIPS, Height: 2.6}
	for j, rate := range []float64{0.02, 0.035, 0.05, 0.08} {
		l := Line{Name: table.Inline(fmt.Sprintf("$m = %d$", 128<<j))}
		for k := range 200 {
			l.X = append(l.X, float64(k))
			l.Y = append(l.Y, math.Exp(-rate*float64(k))*(1+0.2*math.Sin(float64(k)/7)))
		}
		f.Lines = append(f.Lines, l)
	}
	bound := Line{Name: `$(1-\eta\lambda_0/2)^k$`, Style: Bound}
	for k := range 200 {
		bound.X, bound.Y = append(bound.X, float64(k)), append(bound.Y, 2*math.Pow(0.99, float64(k)))
	}
	f.Lines = append(f.Lines, bound)
	f.Rules = []Rule{{Name: "rounding", At: 1e-7}}
	return f
}

func render(t *testing.T, f *Figure, format Format, opts Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, f, format, opts); err != nil {
		t.Fatalf("Render(%v): %v", format, err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for _, c := range []struct {
		file   string
		figure *Figure
		format Format
		opts   Options
	}{
		{"widths.svg", widths(), SVG, Options{}},
		{"widths.tex", widths(), TeX, Options{}},
		{"widths.txt", widths(), Terminal, Options{}},
		{"slacks.svg", slacks(t), SVG, Options{}},
		{"slacks.tex", slacks(t), TeX, Options{}},
		{"slacks.txt", slacks(t), Terminal, Options{Columns: 60}},
		{"loss.txt", loss(), Terminal, Options{Columns: 100, Rows: 20}},
	} {
		t.Run(c.file, func(t *testing.T) {
			if runtime.GOARCH != "amd64" {
				t.Skip("the last digits of the input differ with fused multiply-add")
			}
			got := render(t, c.figure, c.format, c.opts)
			path := filepath.Join("testdata", c.file)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs (run with -update to accept):\n%.3000s", path, got)
			}
		})
	}
}

func TestSameBytesEachRun(t *testing.T) {
	for _, format := range []Format{SVG, PDF, PNG, TeX, Terminal} {
		first := render(t, widths(), format, Options{})
		for range 3 {
			if !bytes.Equal(first, render(t, widths(), format, Options{})) {
				t.Errorf("%v differs from run to run", format)
			}
		}
	}
	pdf := render(t, widths(), PDF, Options{})
	if n := bytes.Count(pdf, []byte("(D:20000101000000")); n != bytes.Count(pdf, []byte("(D:")) || n == 0 {
		t.Errorf("%d of %d dates in the PDF are fixed", n, bytes.Count(pdf, []byte("(D:")))
	}
	if n := bytes.Count(pdf, []byte("/FontFile2")); n < 1 || len(pdf) > 400<<10 {
		t.Errorf("PDF of %d bytes with %d fonts embedded", len(pdf), n)
	}
}

func TestPNGSize(t *testing.T) {
	img, err := png.Decode(bytes.NewReader(render(t, widths(), PNG, Options{})))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := img.Bounds().Dx(), 975; got != want { // 3.25 in at 300 dpi
		t.Errorf("%d pixels wide, want %d", got, want)
	}
}

func TestNotes(t *testing.T) {
	want := []string{
		"measured, median of 20: 1 point left out (not finite or not above 0 on a logarithmic axis)",
		"measured, median of 20: 1 lower end cut at the axis (not finite or not above 0 on a logarithmic axis)",
	}
	if got := widths().Notes(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	f := &Figure{Lines: []Line{{Name: "x", X: []float64{1, 2, 3}, Y: []float64{0, math.NaN(), -1}}}}
	if got := f.Notes(); !slices.Equal(got, []string{"x: 1 point left out (not finite)"}) {
		t.Errorf("got %q", got)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		f    Figure
		want string
	}{
		{Figure{Title: "none"}, `figure "none" shows nothing`},
		{Figure{LogY: true, Lines: []Line{{X: []float64{1}, Y: []float64{-1}}}}, `shows nothing`},
		{Figure{Lines: []Line{{Name: "a", X: []float64{1}, Y: []float64{1, 2}}}}, `line "a": 1 values of X, 2 of Y`},
		{Figure{Lines: []Line{{Name: "a", X: []float64{1}, Y: []float64{1}, Lo: []float64{1}}}}, `1 of Lo, 0 of Hi`},
		{Figure{Lines: []Line{{Name: "a", X: []float64{1}, Style: Band}}}, `a band needs Lo and Hi`},
		{Figure{LogY: true, Lines: []Line{{X: []float64{1}, Y: []float64{1}}}, Rules: []Rule{{Name: "r", At: 0}}}, `rule "r" at 0 is not on its axis`},
		{Figure{Histograms: []Histogram{{Name: "h", Edges: []float64{1}, Counts: []float64{1}}}}, `histogram "h": 1 edges for 1 counts`},
	} {
		for _, format := range []Format{SVG, TeX, Terminal} {
			if err := Render(io.Discard, &c.f, format, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v: got %v, want %q", format, err, c.want)
			}
		}
	}
	unsafe := widths()
	unsafe.XLabel = `$\frac{1$`
	if err := Render(io.Discard, unsafe, TeX, Options{}); err == nil || !strings.Contains(err.Error(), "unmatched {") {
		t.Errorf("an unsafe label: %v", err)
	}
	if _, err := ParseFormat("gif"); err == nil || !strings.Contains(err.Error(), "svg, pdf, png, tex, terminal") {
		t.Errorf("ParseFormat(gif): %v", err)
	}
	for name, want := range map[string]Format{"PDF": PDF, "pgfplots": TeX, "text": Terminal, "svg": SVG, "png": PNG} {
		if got, err := ParseFormat(name); got != want || err != nil {
			t.Errorf("ParseFormat(%s) = %v, %v", name, got, err)
		}
	}
}

func TestBins(t *testing.T) {
	h, dropped, err := Bins("h", []float64{1, 10, 100, 1000, 0, -1, math.NaN(), math.Inf(1)}, 3, true)
	if err != nil || dropped != 4 || !slices.Equal(h.Counts, []float64{1, 1, 2}) {
		t.Errorf("got %+v, %d dropped, %v", h, dropped, err)
	}
	h, _, err = Bins("h", []float64{2, 2, 2}, 2, false)
	if err != nil || h.Counts[0]+h.Counts[1] != 3 {
		t.Errorf("equal values: got %+v, %v", h, err)
	}
	if _, _, err = Bins("h", []float64{-1}, 2, true); err == nil {
		t.Error("no value left, but no error")
	}
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		labels string
	}{
		{0.9, 110, "1 10 100"},
		{1e-9, 2, "1e-8 1e-6 1e-4 1e-2 1e0"},
		{1e-300, 1e300, "1e-242 1e-121 1e0 1e121 1e242"},
		{0.03, 0.4, "0.05 0.1 0.2"},
		{1.2, 6, "2 5"},
	} {
		var labels []string
		for _, tick := range (logTicks{5}).Ticks(c.lo, c.hi) {
			if tick.Value < c.lo*(1-1e-8) || tick.Value > c.hi*(1+1e-8) {
				t.Errorf("[%g, %g]: a tick at %g", c.lo, c.hi, tick.Value)
			}
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		if got := strings.Join(labels, " "); got != c.labels {
			t.Errorf("[%g, %g]: labels %s, want %s", c.lo, c.hi, got, c.labels)
		}
	}
	// gonum panics on ticks at or below zero of a logarithmic axis.
	for _, tick := range (logTicks{5}).Ticks(0.98, 1.02) {
		if tick.Value <= 0 {
			t.Errorf("a tick at %g", tick.Value)
		}
	}
}

// Whatever the numbers, drawing neither panics nor leaves TeX with a number it
// cannot read.
func FuzzRender(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, true, true)
	f.Add(0.0, -1.0, 1e300, true, false)
	f.Add(5e-324, 1.7e308, -1.7e308, false, true)
	f.Add(math.Inf(1), math.NaN(), 1.0, true, true)
	f.Add(1.0, 1.0, 1.0, false, false)
	f.Fuzz(func(t *testing.T, a, b, c float64, logX, logY bool) {
		fig := &Figure{LogX: logX, LogY: logY, XLabel: "x", Lines: []Line{
			{Name: "m", X: []float64{a, b, c}, Y: []float64{b, c, a}, Lo: []float64{c, a, b}, Hi: []float64{a, a, a}},
			{Name: "b", X: []float64{a, b}, Lo: []float64{a, c}, Hi: []float64{b, c}, Style: Band},
		}}
		for _, format := range []Format{SVG, TeX, Terminal} {
			var out bytes.Buffer
			if err := Render(&out, fig, format, Options{}); err != nil {
				if !strings.Contains(err.Error(), "shows nothing") {
					t.Errorf("%v: %v", format, err)
				}
				continue
			}
			if s := out.String(); format == TeX && (strings.Contains(s, "NaN") || strings.Contains(s, "Inf")) {
				t.Errorf("a number TeX cannot read:\n%s", s)
			}
		}
	})
}

// Every sign that mathml prints must be drawable: the font of gonum lacks many.
func TestLabelsAreDrawable(t *testing.T) {
	sty := textStyle(plot.New(), fontSize)
	face := sty.Handler.Cache().Lookup(sty.Font, fontSize)
	in := table.Inline(`$\langle w, x\rangle^\top \in \mathbb{R}^d \ll \lfloor \nabla f\rfloor \odot X \propto \sqrt{\lambda_{\min}} \Rightarrow \|x\|_\infty \le \hat\eta \cdot \sum_i \sigma \succeq 0$`)
	var buf sfnt.Buffer
	for _, r := range label(in) {
		if g, err := face.Face.GlyphIndex(&buf, r); g == 0 || err != nil {
			t.Errorf("no glyph for %c (%U): %v", r, r, err)
		}
	}
}

// A name longer than the figure is wide is set smaller, not cut off.
func TestLongNamesFit(t *testing.T) {
	sty := textStyle(plot.New(), fontSize)
	name := strings.Repeat("long ", 14)
	sty.Font.Size = shrunk(fontSize, sty.Width(name), 200)
	if w := sty.Width(name); w > 200.01 || sty.Font.Size < 4 {
		t.Errorf("width %v at size %v", w, sty.Font.Size)
	}
}

func TestPDFLaTeX(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	if _, err := exec.LookPath("pdflatex"); err != nil {
		t.Skip("no pdflatex in PATH")
	}
	dir := t.TempDir()
	doc := "\\documentclass{article}\n\\usepackage{amsmath}\n\\usepackage[margin=1cm]{geometry}\n" + Preamble() + "\\begin{document}\n\\noindent\n"
	for _, f := range []*Figure{widths(), slacks(t), loss()} {
		doc += string(render(t, f, TeX, Options{})) + "\n\n\\bigskip\\noindent\n"
	}
	doc += "\\end{document}\n"
	if err := os.WriteFile(filepath.Join(dir, "f.tex"), []byte(doc), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("pdflatex", "-halt-on-error", "-interaction=nonstopmode", "f.tex")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pdflatex: %v\n%s", err, out)
	}
	if keep := os.Getenv("FIGURE_OUT"); keep != "" { // to look at
		b, err := os.ReadFile(filepath.Join(dir, "f.pdf"))
		if err == nil {
			err = os.WriteFile(filepath.Join(keep, "tex.pdf"), b, 0o644)
		}
		for name, f := range map[string]*Figure{"widths": widths(), "slacks": slacks(t), "loss": loss()} {
			for _, format := range []Format{PNG, PDF, SVG} {
				if err == nil {
					err = os.WriteFile(filepath.Join(keep, name+"."+format.String()), render(t, f, format, Options{}), 0o644)
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
