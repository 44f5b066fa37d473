package kernel

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"convergo/report/figure"
	"convergo/report/outfile"
	"convergo/report/table"
)

// drawStudy draws the points of one set of images: against n for every depth, and against the depth for every n.
func drawStudy(folder string, points []point) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	byDepth := func(p point) (string, float64) { return fmt.Sprintf("%s-depth%d", p.images, p.depth), float64(p.n) }
	bySize := func(p point) (string, float64) { return fmt.Sprintf("%s-n%d", p.images, p.n), float64(p.depth) }
	for axis, split := range map[table.Inline]func(point) (string, float64){"training images $n$": byDepth, "depth": bySize} {
		var names []string
		figures := map[string]*figure.Figure{}
		for _, p := range points {
			name, x := split(p)
			f := figures[name]
			if f == nil {
				f = &figure.Figure{Title: table.Literal(name), XLabel: axis, YLabel: "test accuracy in %"}
				for _, a := range architectures {
					f.Lines = append(f.Lines, figure.Line{Name: table.Literal(a), Style: figure.Measured})
				}
				figures[name], names = f, append(names, name)
			}
			for k, v := range p.accuracy {
				l := &f.Lines[k]
				l.X, l.Y, l.Lo, l.Hi = append(l.X, x), append(l.Y, v.value), append(l.Lo, v.lo), append(l.Hi, v.hi)
			}
		}
		for _, name := range slices.Compact(names) {
			for format, ending := range map[figure.Format]string{figure.SVG: ".svg", figure.TeX: ".tex"} {
				err := outfile.Write(filepath.Join(folder, name+ending), func(w io.Writer) error {
					return figure.Render(w, figures[name], format, figure.Options{})
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}
