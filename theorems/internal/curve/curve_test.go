package curve_test

import (
	"fmt"

	"convergo/theorems/internal/curve"
)

func ExampleAxes_Against() {
	axes := curve.Axes{X: "step", Y: "loss", LogY: true}
	for _, s := range axes.Against("network", []float64{0, 1}, []float64{1, 0.4}, []float64{1, 0.5}) {
		fmt.Println(s.Name, s.Style, s.XName, s.YName, s.LogX, s.LogY, s.X, s.Y)
	}
	// Output:
	// network measured step loss false true [0 1] [1 0.4]
	// bound bound step loss false true [0 1] [1 0.5]
}
