package checks

import (
	"fmt"
	"math"

	"convergo/checks/stats"
)

// Scaling is the form of "the observation behaves like size^exponent": the
// log-log slope over a geometric ladder of sizes. A trial is one pass over the
// whole ladder with a slope of its own, and what is claimed is the median of the
// slopes over passes, that of a typical pass; its interval supposes no more than
// that passes are independent (see [stats.FitSlope]). It reads Terms.Exponent, Terms.Relation (Equal, AtMost or
// AtLeast; the zero value is Equal here), Terms.Resolution, Terms.Response and
// Terms.Trials.
//
// An exponent is a statement about the limit, a ladder is finite: the
// resolution says how far the finite slope may be from the exponent. HOLDS
// means that the whole interval is within it, REFUTED that none of it is.
type Scaling struct{}

// Name returns "scaling".
func (Scaling) Name() string { return "scaling" }

func (Scaling) pooled() bool { return true }

func (Scaling) trials(t Terms, b Budget, alpha float64) (most, least int) {
	return slopeTrials(t, b, alpha)
}

func (Scaling) judge(t Terms, alpha float64) judge {
	return &scalingJudge{ladderTally{tally: newTally()}, t, alpha}
}

type scalingJudge struct {
	ladderTally
	terms Terms
	alpha float64
}

func (j *scalingJudge) done() bool { return j.slopeDone() }

func (j *scalingJudge) result() Result {
	r, ok := j.ready()
	if !ok {
		return r
	}
	cfg, err := j.slopeConfig(j.terms, j.alpha)
	if err == nil {
		var s stats.Slope
		if s, err = stats.FitSlope(j.sizes, j.matrix(), cfg); err == nil {
			j.conclude(&r, s)
			return r
		}
	}
	r.Reason = err.Error()
	return r
}

func (j *scalingJudge) conclude(r *Result, s stats.Slope) {
	want, res := float64(j.terms.Exponent), float64(j.terms.Resolution)
	relation := j.terms.Relation
	if relation == "" {
		relation = Equal
	}
	r.Relation = relation
	r.Estimate, r.Target, r.Predicted = Float(s.Exponent), Float(want), Float(want)
	r.ObservedWorst, r.ObservedMedian = Float(s.Exponent), Float(s.Exponent)
	r.Interval = [2]Float{Float(s.Lo), Float(s.Hi)}
	r.IntervalKind = fmt.Sprintf("median slope of %d trials, exact at α=%.2g", s.Trials, j.alpha)
	// The slack of an exponent is how much of the resolution is left, as a
	// ratio: its numbers may have either sign.
	slack := func(x float64) Float {
		off := math.Abs(x - want)
		if relation == AtMost && x < want || relation == AtLeast && x > want {
			off = 0
		}
		return Float(res / off)
	}
	r.SlackWorst, r.SlackMedian = slack(s.Exponent), slack(s.Exponent)
	a, b := slack(s.Lo), slack(s.Hi)
	r.SlackInterval = [2]Float{min(a, b), max(a, b)}
	if s.Lo <= want && want <= s.Hi {
		r.SlackInterval[1] = Float(math.Inf(1)) // attained inside the interval, not at its ends
	}
	low, high := s.Lo < want-res, s.Hi > want+res // some of the interval is out
	outLow, outHigh := s.Hi < want-res, s.Lo > want+res
	switch relation {
	case AtMost:
		low, outLow = false, false
	case AtLeast:
		high, outHigh = false, false
	}
	switch {
	case outLow || outHigh:
		r.Verdict, r.Caught, r.PRefute = Refuted, true, Float(j.alpha)
		r.Reason = fmt.Sprintf("slope in [%.3f, %.3f], claimed %s %.3f to within %.2g", s.Lo, s.Hi, relation, want, res)
	case !low && !high:
		r.Verdict, r.PHold = Holds, Float(j.alpha)
	default:
		r.Reason = fmt.Sprintf("slope in [%.3f, %.3f]: too wide for a resolution of %.2g around %.3f", s.Lo, s.Hi, res, want)
		r.Needed = max(0, stats.MedianTrials(j.alpha)-s.Trials)
	}
	r.Fit = slopeSeries(j.sizes, s)
}
