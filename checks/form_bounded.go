package checks

import (
	"fmt"

	"convergo/checks/stats"
)

// Bounded is the form of "there is a constant C with observed <= C formula". A
// trial gives the ratio observed over formula at each rung of a ladder; the
// constant is fitted on the small rungs and tested on the held-out large ones,
// and the ratio must not drift upward (see [stats.FitBounded]). It reads
// Terms.FitRungs, Terms.Resolution (the drift exponent that counts as none),
// Terms.Response and Terms.Trials.
//
// A fitted constant is nobody's claim, so the form never refutes: a drifting
// ratio is UNDECIDED, with the exponent of its drift.
type Bounded struct{}

// Name returns "bounded".
func (Bounded) Name() string { return "bounded" }

func (Bounded) pooled() bool { return true }

func (Bounded) trials(t Terms, b Budget, _ float64) (most, least int) { return ladderTrials(t, b) }

func (Bounded) judge(t Terms, alpha float64) judge {
	return &boundedJudge{ladderTally{tally: newTally()}, t, alpha}
}

type boundedJudge struct {
	ladderTally
	terms Terms
	alpha float64
}

func (j *boundedJudge) result() Result {
	r, ok := j.ready()
	if !ok {
		return r
	}
	cfg, err := j.slopeConfig(j.terms, j.alpha)
	if err != nil {
		r.Reason = err.Error()
		return r
	}
	b, err := stats.FitBounded(j.sizes, j.matrix(), stats.BoundedConfig{
		SlopeConfig: cfg, FitRungs: j.terms.FitRungs, Drift: float64(j.terms.Resolution),
	})
	if err != nil {
		r.Reason = err.Error()
		return r
	}
	r.Relation = AtMost
	r.Estimate, r.Target = Float(b.Drift.Exponent), j.terms.Resolution
	r.Interval = [2]Float{Float(b.Drift.Lo), Float(b.Drift.Hi)}
	r.IntervalKind = fmt.Sprintf("drift exponent, Student over %d trials at α=%.2g", b.Drift.Trials, j.alpha)
	r.Predicted, r.ObservedWorst, r.ObservedMedian = Float(b.C), Float(b.HeldOut), Float(b.HeldOut)
	r.SlackWorst = Float(AtMost.ratio(b.HeldOut, b.C))
	r.SlackMedian, r.SlackInterval = r.SlackWorst, [2]Float{r.SlackWorst, r.SlackWorst}
	r.Fit = slopeSeries(j.sizes, b.Drift)
	drift := fmt.Sprintf("drift exponent %.3f in [%.3f, %.3f]; C = %.3g on %d rungs, %.3g on the held-out ones",
		b.Drift.Exponent, b.Drift.Lo, b.Drift.Hi, b.C, b.FitRungs, b.HeldOut)
	switch b.Trend {
	case stats.Stays:
		r.Verdict, r.PHold, r.Reason = Holds, Float(j.alpha), drift
	case stats.Drifts:
		r.Caught, r.Reason = true, "the ratio drifts upward: "+drift
	default:
		r.Reason = "too noisy to tell: " + drift
	}
	return r
}
