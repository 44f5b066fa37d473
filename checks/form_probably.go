package checks

import (
	"fmt"
	"math"
	"sort"

	"convergo/checks/stats"
)

// Probably is the form of "with probability at least 1-δ". Each trial holds or
// violates; two e-processes at the boundary δ weigh the violations after every
// trial, and the verdict falls when one of them passes 1/α (see
// [stats.Binomial]), so that looking at any time is valid. A
// confidence sequence of the share ([stats.BinomialCS]) is reported beside it. It reads Terms.Delta and
// Terms.Trials.
//
// A trial that the numeric error leaves unresolved counts as a violation for
// HOLDS and as none for REFUTED. Trials that draw nothing from their stream are
// all the same and decide nothing.
//
// What is shown of the trials is the δ-quantile of their slack, with the trial
// that attains it: the claim allows a share of δ to be worse, and the worst of
// all drifts with their number.
type Probably struct{}

// Name returns "probably".
func (Probably) Name() string { return "probably" }

func (Probably) pooled() bool { return false }

func (Probably) trials(t Terms, b Budget, alpha float64) (most, least int) {
	most = b.Trials
	if t.Trials > 0 {
		most = min(most, t.Trials)
	}
	return most, min(most, cleanTrials(float64(t.Delta), alpha))
}

// cleanTrials returns how many trials without a violation decide HOLDS.
func cleanTrials(delta, alpha float64) int {
	if !(delta > 0) {
		return mostTrials
	}
	return moreCleanTrials(0, 0, delta, alpha)
}

func (Probably) judge(t Terms, alpha float64) judge {
	j := &probablyJudge{tally: newTally(), delta: float64(t.Delta), alpha: alpha}
	j.strict, j.err = stats.NewBinomial(j.delta, alpha)
	if j.err == nil {
		j.lenient, j.err = stats.NewBinomial(j.delta, alpha)
	}
	return j
}

type probablyJudge struct {
	tally
	shown           []Measurement // those with a slack, without their parts and series
	delta, alpha    float64
	strict, lenient *stats.Binomial // unresolved trials as violations; as none
	err             error
}

func (j *probablyJudge) add(m Measurement, s Status) {
	j.tally.add(m, s)
	if j.err != nil || !s.heard() {
		return
	}
	j.shown = append(j.shown, Measurement{Observed: m.Observed, Predicted: m.Predicted, Relation: m.Relation, Tolerance: m.Tolerance, Error: m.Error, Part: m.Part})
	j.strict.Add(s != Held)
	j.lenient.Add(s == Violated)
}

func (j *probablyJudge) done() bool {
	if j.n > 1 && j.fixed && j.heard() > 0 {
		return true // a third trial would repeat them
	}
	return j.err != nil || j.counts[Broken] > 0 ||
		j.strict.Decision() == stats.Holds || j.lenient.Decision() == stats.Refuted
}

func (j *probablyJudge) result() Result {
	r := j.tally.result()
	if j.err != nil {
		r.Reason = j.err.Error()
		return r
	}
	r.Target = Float(j.delta)
	if j.settled() {
		return r
	}
	j.showQuantile(&r)
	if j.fixed {
		r.Reason = "no trial drew from its stream, so that chance decides nothing: draw from the *rand.Rand that Trial is given, or use the form always"
		return r
	}
	const level = 0.05
	lo, hi := stats.BinomialCS(r.Violated, j.heard(), level)
	r.Estimate = Float(float64(r.Violated) / float64(j.heard()))
	r.Interval, r.IntervalKind = [2]Float{Float(lo), Float(hi)}, "95% confidence sequence"
	r.PRefute, r.PHold = Float(j.lenient.PAgainst()), Float(j.strict.PFor())
	switch {
	case j.lenient.Decision() == stats.Refuted:
		r.Verdict, r.Caught = Refuted, true
		r.Reason = fmt.Sprintf("%d of %d trials violate it where a share of %.3g is allowed", r.Violated, j.heard(), j.delta)
	case j.strict.Decision() == stats.Holds:
		r.Verdict = Holds
	default:
		r.Needed = moreCleanTrials(r.Violated+r.Unresolved, j.heard(), j.delta, j.alpha)
		r.Reason = fmt.Sprintf("%d violations in %d trials decide nothing yet; with no further one, %d more trials would", r.Violated+r.Unresolved, j.heard(), r.Needed)
	}
	return r
}

// mostTrials stands for more trials than anyone runs.
const mostTrials = 1 << 30

// moreCleanTrials returns how many trials without a violation, after those
// seen, decide HOLDS.
func moreCleanTrials(bad, heard int, delta, alpha float64) int {
	return sort.Search(mostTrials, func(n int) bool { return stats.LogEFor(bad, heard+n, delta) >= -math.Log(alpha) })
}

// showQuantile shows the trial whose slack is the δ-quantile: the largest that
// at most a share of δ of the trials falls short of.
func (j *probablyJudge) showQuantile(r *Result) {
	order := make([]int, len(j.slacks))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return j.slacks[order[a]] < j.slacks[order[b]] })
	m := j.shown[order[int(j.delta*float64(len(order)))]]
	r.Predicted, r.ObservedWorst, r.Part, r.Relation = Float(m.Predicted), Float(m.Observed), m.Part, m.Relation.orDefault()
	r.SlackWorst = Float(m.Slack())
	const level = 0.05
	lo, hi := stats.QuantileInterval(j.slacks, j.delta, level)
	r.SlackShown = [2]Float{Float(math.Max(lo, 0)), Float(hi)}
}
