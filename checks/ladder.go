package checks

import (
	"fmt"
	"math"

	"convergo/checks/stats"
	"gonum.org/v1/gonum/mat"
)

// ladderTally collects whole passes over a ladder of sizes, which the forms
// scaling, bounded and threshold judge together. The number of passes is fixed
// beforehand: their intervals hold at one number of trials only.
type ladderTally struct {
	tally
	sizes []float64
	rows  [][]float64
	err   error
}

func (l *ladderTally) add(m Measurement, s Status) {
	l.tally.add(m, s)
	if !s.heard() || l.err != nil {
		return
	}
	if len(m.Ladder) < 2 {
		l.err = fmt.Errorf("trial %d has %d rungs: a ladder needs two sizes or more", l.n-1, len(m.Ladder))
		return
	}
	if l.sizes == nil {
		for _, r := range m.Ladder {
			l.sizes = append(l.sizes, r.Size)
		}
	}
	if len(m.Ladder) != len(l.sizes) {
		l.err = fmt.Errorf("trial %d has %d rungs, the first one %d", l.n-1, len(m.Ladder), len(l.sizes))
		return
	}
	row := make([]float64, len(l.sizes))
	for i, r := range m.Ladder {
		if r.Size != l.sizes[i] {
			l.err = fmt.Errorf("trial %d climbs to size %v where the first one has %v", l.n-1, r.Size, l.sizes[i])
			return
		}
		row[i] = r.Value
	}
	l.rows = append(l.rows, row)
}

// climbs reports whether the form reads ladders.
func climbs(f Form) bool {
	switch f.(type) {
	case Scaling, Bounded, Threshold:
		return true
	}
	return false
}

// growing reports whether the form claims how something grows along a ladder.
func growing(f Form) bool {
	switch f.(type) {
	case Scaling, Bounded:
		return true
	}
	return false
}

func (l *ladderTally) done() bool { return l.err != nil || l.counts[Broken] > 0 }

// ready fills in what needs no fit and reports whether one can be made.
func (l *ladderTally) ready() (Result, bool) {
	r := l.tally.result()
	r.Held, r.Violated, r.FirstViolation = l.heard(), 0, -1
	switch {
	case l.err != nil:
		r.Reason = l.err.Error()
		return r, false
	case l.settled():
		return r, false
	case len(l.rows) < 2:
		r.Reason = "one pass over the ladder gives no interval: allow two trials or more"
		return r, false
	}
	return r, true
}

func (l *ladderTally) matrix() *mat.Dense {
	y := mat.NewDense(len(l.rows), len(l.sizes), nil)
	for i, row := range l.rows {
		y.SetRow(i, row)
	}
	return y
}

func (l *ladderTally) slopeConfig(t Terms, alpha float64) (stats.SlopeConfig, error) {
	cfg := stats.SlopeConfig{Alpha: alpha, Fixed: l.fixed}
	switch t.Response {
	case "", "geometric":
		cfg.Response = stats.GeometricResponse
	case "mean":
		cfg.Response = stats.MeanResponse
	case "median":
		cfg.Response = stats.MedianResponse
	default:
		return cfg, fmt.Errorf("response %q: use geometric, mean or median", t.Response)
	}
	return cfg, nil
}

// usualPasses are those of profile quick, for which claims say how many they need.
const usualPasses = 16

// ladderTrials are the passes over a ladder. Of a claim that says how many, a larger profile makes as many times
// more as of one that does not.
func ladderTrials(t Terms, b Budget) (most, least int) {
	most = b.LadderTrials
	if t.Trials > 0 {
		most = min(t.Trials*max(b.LadderTrials, usualPasses)/usualPasses, b.Trials)
	}
	// Half the wanted passes still give an interval of use; a budget that allows
	// fewer is better told apart as too dear.
	return most, max(2, (most+1)/2)
}

// slopeTrials are the passes of a form that asks for an interval of the median
// slope: not fewer than bound it.
func slopeTrials(t Terms, b Budget, alpha float64) (most, least int) {
	most, _ = ladderTrials(t, b)
	least = min(stats.MedianTrials(alpha), b.Trials)
	return max(most, least), least
}

// slopeDone also ends after two passes without randomness: a third would repeat
// them.
func (l *ladderTally) slopeDone() bool { return l.done() || l.n > 1 && l.fixed }

// slopeSeries records the fit beside the responses, for a figure.
func slopeSeries(sizes []float64, s stats.Slope) []Series {
	fit := make([]float64, len(sizes))
	for i, x := range sizes {
		fit[i] = math.Exp(s.Intercept + s.Exponent*math.Log(x))
	}
	out := []Series{NewSeries("observed", "measured", sizes, s.Responses),
		NewSeries(fmt.Sprintf("fit, slope %.3f", s.Exponent), "fit", sizes, fit)}
	for i := range out {
		out[i].XName, out[i].LogX, out[i].LogY = "size", true, true
	}
	return out
}
