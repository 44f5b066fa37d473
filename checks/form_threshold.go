package checks

import (
	"fmt"
	"math"

	"convergo/checks/stats"
)

// Threshold is the form of "the success probability crosses from one regime to
// the other at a predicted value of a control quantity". A trial says at each
// rung whether it succeeded (1 or 0); the crossing of Terms.Level (1/2 when
// zero) is fitted with an interval (see [stats.FitThreshold]) and held against
// Terms.Location, known to a factor of 1+Terms.Resolution either way.
// Terms.Relation AtMost claims only that the crossing is no later than the
// location, as a sufficient width does; AtLeast that it is no earlier, as a
// necessary one does; the zero value is Equal. It also reads Terms.Decreasing and
// Terms.Trials.
//
// A verdict supposes no more than that success is monotone in the control
// quantity: it uses the bracket of the crossing, not the logistic fit that the
// estimate comes from.
type Threshold struct{}

// Name returns "threshold".
func (Threshold) Name() string { return "threshold" }

func (Threshold) pooled() bool { return true }

func (Threshold) trials(t Terms, b Budget, _ float64) (most, least int) { return ladderTrials(t, b) }

func (Threshold) judge(t Terms, alpha float64) judge {
	return &thresholdJudge{ladderTally{tally: newTally()}, t, alpha}
}

type thresholdJudge struct {
	ladderTally
	terms Terms
	alpha float64
}

// rungs counts the successes at each size.
func (j *thresholdJudge) rungs() ([]stats.Rung, error) {
	out := make([]stats.Rung, len(j.sizes))
	for i, x := range j.sizes {
		out[i] = stats.Rung{X: x, Trials: len(j.rows)}
		for t, row := range j.rows {
			switch row[i] {
			case 1:
				out[i].Successes++
			case 0:
			default:
				return nil, fmt.Errorf("trial %d has %v at size %v: a threshold counts 1 (success) or 0", t, row[i], x)
			}
		}
	}
	return out, nil
}

func (j *thresholdJudge) result() Result {
	r, ok := j.ready()
	if !ok {
		return r
	}
	rungs, err := j.rungs()
	if err != nil {
		r.Reason = err.Error()
		return r
	}
	level := float64(j.terms.Level)
	if level == 0 {
		level = 0.5
	}
	fit, err := stats.FitThreshold(rungs, stats.ThresholdConfig{Level: level, Alpha: j.alpha, Decreasing: j.terms.Decreasing})
	if err != nil {
		r.Reason = err.Error()
		return r
	}
	relation := j.terms.Relation
	if relation == "" {
		relation = Equal
	}
	want, factor := float64(j.terms.Location), 1+float64(j.terms.Resolution)
	lo, hi := fit.BracketLo, fit.BracketHi
	r.Relation = relation
	r.Estimate, r.Target, r.Predicted = Float(fit.Location), Float(want), Float(want)
	r.ObservedWorst, r.ObservedMedian = Float(fit.Location), Float(fit.Location)
	r.Interval = [2]Float{Float(lo), Float(hi)}
	r.IntervalKind = fmt.Sprintf("crossing of %.3g, exact bracket over %d trials at α=%.2g", level, len(j.rows), j.alpha)
	r.SlackWorst = Float(relation.ratio(fit.Location, want))
	r.SlackMedian = r.SlackWorst
	a, b := Float(relation.ratio(lo, want)), Float(relation.ratio(hi, want))
	r.SlackInterval = [2]Float{min(a, b), max(a, b)}
	if relation == Equal && lo <= want && want <= hi {
		r.SlackInterval[1] = 1 // attained inside the bracket, not at its ends
	}
	r.Fit = j.curve(rungs)
	outLow, outHigh := hi < want/factor, lo > want*factor
	inLow, inHigh := lo >= want/factor, hi <= want*factor
	switch relation {
	case AtMost:
		outLow, inLow = false, true
	case AtLeast:
		outHigh, inHigh = false, true
	}
	switch {
	case outLow || outHigh:
		r.Verdict, r.Caught, r.PRefute = Refuted, true, Float(j.alpha)
		r.Reason = fmt.Sprintf("crossing in [%.3g, %.3g], claimed %s %.3g to a factor of %.2g", lo, hi, relation, want, factor)
	case inLow && inHigh:
		r.Verdict, r.PHold = Holds, Float(j.alpha)
	default:
		r.Reason = fmt.Sprintf("crossing in [%.3g, %.3g]: too wide to place it %s %.3g to a factor of %.2g", lo, hi, relation, want, factor)
	}
	return r
}

func (j *thresholdJudge) curve(rungs []stats.Rung) []Series {
	share := make([]float64, len(rungs))
	for i, r := range rungs {
		share[i] = float64(r.Successes) / math.Max(1, float64(r.Trials))
	}
	s := NewSeries("success probability", "measured", j.sizes, share)
	s.XName, s.YName, s.LogX = "control quantity", "success probability", true
	return []Series{s}
}
