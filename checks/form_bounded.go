package checks

import (
	"fmt"
	"math"

	"convergo/checks/stats"
	"gonum.org/v1/gonum/mat"
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

func (Bounded) trials(t Terms, b Budget, alpha float64) (most, least int) {
	return slopeTrials(t, b, alpha)
}

func (Bounded) judge(t Terms, alpha float64) judge {
	return &boundedJudge{ladderTally{tally: newTally()}, t, alpha}
}

type boundedJudge struct {
	ladderTally
	terms Terms
	alpha float64
}

// slackInterval encloses C over the largest held-out response. Their ratio is
// the slope of a ladder of the two rungs that attain them; the level is split
// over all pairs of rungs that might have.
func (j *boundedJudge) slackInterval(b stats.Bounded, cfg stats.SlopeConfig) [2]Float {
	largest := func(from, to int) int {
		best := from
		for l := from; l < to; l++ {
			if b.Drift.Responses[l] > b.Drift.Responses[best] {
				best = l
			}
		}
		return best
	}
	rungs := len(j.sizes)
	fit, held := largest(0, b.FitRungs), largest(b.FitRungs, rungs)
	pair := mat.NewDense(len(j.rows), 2, nil)
	for i, row := range j.rows {
		pair.SetRow(i, []float64{row[fit], row[held]})
	}
	cfg.Alpha /= float64(b.FitRungs * (rungs - b.FitRungs))
	s, err := stats.FitSlope([]float64{j.sizes[fit], j.sizes[held]}, pair, cfg)
	if err != nil {
		return nanInterval()
	}
	step := math.Log(j.sizes[held] / j.sizes[fit])
	return [2]Float{Float(math.Exp(-s.Hi * step)), Float(math.Exp(-s.Lo * step))}
}

func (j *boundedJudge) done() bool { return j.slopeDone() }

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
	r.IntervalKind = fmt.Sprintf("median drift exponent of %d trials, exact at α=%.2g", b.Drift.Trials, j.alpha)
	r.Predicted, r.ObservedWorst, r.ObservedMedian = Float(b.C), Float(b.HeldOut), Float(b.HeldOut)
	r.SlackWorst = Float(AtMost.ratio(b.HeldOut, b.C))
	r.SlackMedian, r.SlackInterval = r.SlackWorst, j.slackInterval(b, cfg)
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
