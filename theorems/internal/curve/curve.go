// Package curve builds the curves that a trial draws, several on one pair of axes.
package curve

import "convergo/checks"

// Axes say what a picture writes along its axes, with units where there are any, and which of them are logarithmic.
type Axes struct {
	X, Y       string
	LogX, LogY bool
}

// Measured is what a run gave at each x.
func (a Axes) Measured(name string, x, y []float64) checks.Series {
	return a.series(name, "measured", x, y)
}

// Bound is what a claim says of it.
func (a Axes) Bound(name string, x, y []float64) checks.Series { return a.series(name, "bound", x, y) }

// Against is what a run gave beside its bound.
func (a Axes) Against(name string, x, measured, bound []float64) []checks.Series {
	return []checks.Series{a.Measured(name, x, measured), a.Bound("bound", x, bound)}
}

func (a Axes) series(name, style string, x, y []float64) checks.Series {
	s := checks.NewSeries(name, style, x, y)
	s.XName, s.YName, s.LogX, s.LogY = a.X, a.Y, a.LogX, a.LogY
	return s
}
