package figure_test

import (
	"fmt"
	"os"

	"convergo/report/figure"
)

func ExampleRender() {
	h, _, err := figure.Bins("slack of 8 instances", []float64{1.1, 1.4, 1.6, 1.9, 2.2, 2.3, 2.9, 3.0}, 4, false)
	if err != nil {
		fmt.Println(err)
	}
	f := &figure.Figure{XLabel: "slack", Histograms: []figure.Histogram{h}}
	if err := figure.Render(os.Stdout, f, figure.Terminal, figure.Options{Columns: 40}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// slack of 8 instances
	//  [1.1, 1.58) │████████████████ 2
	// [1.58, 2.05) │████████████████ 2
	// [2.05, 2.52) │████████████████ 2
	//    [2.52, 3] │████████████████ 2
}

func ExampleParseFormat() {
	f, err := figure.ParseFormat("pgfplots")
	fmt.Println(f, err)
	// Output: tex <nil>
}

func ExampleFigure_Notes() {
	f := &figure.Figure{LogY: true, Lines: []figure.Line{{Name: "loss", X: []float64{1, 2, 3}, Y: []float64{1, 0.1, 0}}}}
	fmt.Println(f.Notes()[0])
	// Output: loss: 1 point left out (not finite or not above 0 on a logarithmic axis)
}

func ExampleBins() {
	h, dropped, err := figure.Bins("slack", []float64{1, 2, 5, 10, 50, 100, 0}, 2, true)
	fmt.Println(h.Edges, h.Counts, dropped, err)
	// Output: [1 10 100] [3 3] 1 <nil>
}

func ExamplePreamble() {
	fmt.Print(figure.Preamble())
	// Output:
	// \usepackage{pgfplots}
	// \pgfplotsset{compat=1.16}
}
