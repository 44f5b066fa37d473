package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Response says how the trials of a rung become one number, for what is drawn
// and for the constant of [FitBounded]. It does not enter an interval.
type Response int

const (
	// MeanResponse: the mean over trials.
	MeanResponse Response = iota
	// MedianResponse: the median over trials.
	MedianResponse
	// GeometricResponse: the geometric mean.
	GeometricResponse
)

func (r Response) String() string {
	switch r {
	case MeanResponse:
		return "mean"
	case MedianResponse:
		return "median"
	case GeometricResponse:
		return "geometric mean"
	}
	return fmt.Sprintf("Response(%d)", int(r))
}

// SlopeConfig says how a slope is fitted.
type SlopeConfig struct {
	Response Response
	// Alpha is the probability of missing the slope.
	Alpha float64
	// Fixed says that nothing is random, so that every trial repeats the first.
	Fixed bool
}

// Slope is a fitted exponent with its interval.
type Slope struct {
	Exponent, Lo, Hi float64
	// Intercept of the fitted line: log response = Intercept + Exponent log size.
	Intercept float64
	Trials    int
	// Responses by rung, not logarithmic.
	Responses []float64
	// MaxResidual is the largest distance of a log response from the line: a
	// value large against the noise says the ladder is no power law.
	MaxResidual float64
}

// FitSlope fits log observation against log size over a ladder of sizes by least
// squares, for each trial on its own: row t of y (trials x rungs) is one trial of
// the whole ladder. The exponent is the median of the slopes over trials, the
// slope of a typical pass. Rungs may be dependent within a trial; trials must be
// independent, of one law, and their number fixed beforehand. All of y must be
// positive.
//
// The interval is the distribution-free one of a median, see [MedianInterval]:
// it covers the median slope with probability at least 1-Alpha whatever the
// noise is, skewed, growing along the ladder, or rare and enormous. It takes
// [MedianTrials] trials; with fewer it is the whole line. (An interval for the
// mean slope of so few trials needs normal slopes: one pass in twenty that is off
// by e^3 at the last rung leads Student's far astray, and a
// bootstrap sees nothing beyond the extremes of the trials.)
//
// Trials of a Fixed observation, which all have the same slope, give that point.
// Random ones that merely agree do not: two may by chance.
func FitSlope(sizes []float64, y mat.Matrix, cfg SlopeConfig) (Slope, error) {
	if err := checkAlpha(cfg.Alpha); err != nil {
		return Slope{}, err
	}
	slopes, rows, err := trialSlopes(sizes, y)
	if err != nil {
		return Slope{}, err
	}
	if cfg.Response < MeanResponse || cfg.Response > GeometricResponse {
		return Slope{}, fmt.Errorf("stats: unknown response %v", cfg.Response)
	}
	s := Slope{Responses: respond(rows, cfg.Response), Trials: len(rows), Exponent: median(slopes)}
	s.Lo, s.Hi = MedianInterval(slopes, cfg.Alpha)
	if least, most := floats.Min(slopes), floats.Max(slopes); cfg.Fixed && least == most {
		s.Lo, s.Hi = least, most
	}
	s.line(sizes)
	return s, nil
}

func (s *Slope) line(sizes []float64) {
	n := float64(len(sizes))
	for l, r := range s.Responses {
		s.Intercept += (math.Log(r) - s.Exponent*math.Log(sizes[l])) / n
	}
	for l, r := range s.Responses {
		d := math.Abs(math.Log(r) - s.Intercept - s.Exponent*math.Log(sizes[l]))
		s.MaxResidual = math.Max(s.MaxResidual, d)
	}
}

// trialSlopes returns the slope of each trial (row) of y on its own, and the rows.
func trialSlopes(sizes []float64, y mat.Matrix) ([]float64, [][]float64, error) {
	contrast, err := slopeContrast(sizes)
	if err != nil {
		return nil, nil, err
	}
	rows, err := positiveRows(sizes, y)
	if err != nil {
		return nil, nil, err
	}
	slopes := make([]float64, len(rows))
	for t, row := range rows {
		slopes[t] = dotLog(contrast, row)
	}
	return slopes, rows, nil
}

// slopeContrast returns c with sum c_l log y_l the least-squares slope.
func slopeContrast(sizes []float64) ([]float64, error) {
	if len(sizes) < 2 {
		return nil, fmt.Errorf("stats: a ladder of %d sizes has no slope, give 2 rungs or more", len(sizes))
	}
	c := make([]float64, len(sizes))
	for l, size := range sizes {
		if !(size > 0) || math.IsInf(size, 0) || l > 0 && size <= sizes[l-1] {
			return nil, fmt.Errorf("stats: size %d of the ladder is %v, give positive sizes in ascending order", l+1, size)
		}
		c[l] = math.Log(size)
	}
	mean, _ := meanSD(c)
	var ss float64
	for l := range c {
		c[l] -= mean
		ss += float64(c[l] * c[l])
	}
	for l := range c {
		c[l] /= ss
	}
	return c, nil
}

func positiveRows(sizes []float64, y mat.Matrix) ([][]float64, error) {
	t, l := y.Dims()
	if l != len(sizes) {
		return nil, fmt.Errorf("stats: observations have %d rungs, the ladder has %d", l, len(sizes))
	}
	if t < 2 {
		return nil, fmt.Errorf("stats: %d trials of the ladder give no interval, run 2 or more", t)
	}
	rows := make([][]float64, t)
	for i := range rows {
		rows[i] = make([]float64, l)
		for j := range rows[i] {
			v := y.At(i, j)
			if !(v > 0) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("stats: observation of trial %d at size %v is %v, a log-log slope wants positive finite values", i+1, sizes[j], v)
			}
			rows[i][j] = v
		}
	}
	return rows, nil
}

func respond(rows [][]float64, r Response) []float64 {
	out, column := make([]float64, len(rows[0])), make([]float64, len(rows))
	for l := range out {
		for t, row := range rows {
			column[t] = row[l]
		}
		switch r {
		case MedianResponse:
			out[l] = median(column)
		case GeometricResponse:
			for t := range column {
				column[t] = math.Log(column[t])
			}
			mean, _ := meanSD(column)
			out[l] = math.Exp(mean)
		default:
			out[l], _ = meanSD(column)
		}
	}
	return out
}

func dotLog(c, y []float64) float64 {
	var s float64
	for l := range c {
		s += float64(c[l] * math.Log(y[l]))
	}
	return s
}
