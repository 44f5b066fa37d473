package figure

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// logTicks marks decades, each k-th of them labelled so that labels do not
// crowd, and 2 to 9 times a decade when there are few. gonum's own ticker labels
// them all, with superscripts that its fonts lack.
type logTicks struct{ labels int } // the most labels wanted

// Ticks returns the ticks from lo to hi, both positive.
func (t logTicks) Ticks(lo, hi float64) []plot.Tick {
	first, last := math.Ceil(math.Log10(lo)-1e-9), math.Floor(math.Log10(hi)+1e-9)
	if last-first < 1 {
		return t.fewer(lo, hi)
	}
	step := math.Ceil((last - first + 1) / float64(t.labels))
	var ticks []plot.Tick
	for e := first - 1; e <= last; e++ {
		decade := math.Pow(10, e)
		if e >= first {
			label := ""
			if math.Mod(e, step) == 0 {
				label = decadeLabel(int(e), first < -2 || last > 3)
			}
			ticks = append(ticks, plot.Tick{Value: decade, Label: label})
		}
		if step > 1 {
			continue
		}
		for m := 2.0; m <= 9; m++ {
			if v := m * decade; v >= lo && v <= hi {
				ticks = append(ticks, plot.Tick{Value: v})
			}
		}
	}
	return ticks
}

// fewer labels an axis with at most one decade on it: by 1, 2, 5 or, when that
// gives less than two labels, as a linear axis.
func (t logTicks) fewer(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	labels := 0
	for e := math.Floor(math.Log10(lo)); e <= math.Log10(hi); e++ {
		for m := 1; m <= 9; m++ {
			// Parsing gives 0.003, where a product of 3 and 0.001 may be off.
			v, _ := strconv.ParseFloat(strconv.Itoa(m)+"e"+strconv.Itoa(int(e)), 64)
			if v < lo || v > hi {
				continue
			}
			label := ""
			if m == 1 || m == 2 || m == 5 {
				label = strconv.FormatFloat(v, 'g', -1, 64)
				labels++
			}
			ticks = append(ticks, plot.Tick{Value: v, Label: label})
		}
	}
	if labels >= 2 {
		return ticks
	}
	ticks = plot.DefaultTicks{}.Ticks(lo, hi)
	kept := ticks[:0]
	for _, tick := range ticks {
		if tick.Value > 0 {
			kept = append(kept, tick)
		}
	}
	return kept
}

// decadeLabel writes 10^e as 1e-3, or as a decimal when all labels are short.
func decadeLabel(e int, scientific bool) string {
	if scientific {
		return "1e" + strconv.Itoa(e)
	}
	return strconv.FormatFloat(math.Pow(10, float64(e)), 'f', max(0, -e), 64)
}
