package checks

import "fmt"

// Always is the form of an inequality or identity that holds on every instance
// and every draw. One violation beyond the numeric error refutes it; no number
// of trials proves it, so HOLDS means that no trial and no searched instance
// broke it. It reads Terms.Trials.
type Always struct{}

// Name returns "always".
func (Always) Name() string { return "always" }

func (Always) pooled() bool { return false }

func (Always) trials(t Terms, b Budget, _ float64) (most, least int) {
	if t.Trials > 0 {
		return min(t.Trials, b.Trials), 1
	}
	return b.AlwaysTrials, 1
}

func (Always) judge(Terms, float64) judge { return &alwaysJudge{tally: newTally()} }

type alwaysJudge struct{ tally }

// done also ends after one trial without randomness: a second would repeat it.
func (j *alwaysJudge) done() bool {
	return j.n > 0 && j.fixed || j.counts[Violated] > 0 || j.counts[Broken] > 0
}

func (j *alwaysJudge) result() Result {
	r := j.tally.result()
	switch {
	case r.Violated > 0:
		r.Verdict, r.Caught, r.PRefute = Refuted, true, 0
		r.Reason = fmt.Sprintf("trial %d violates it", r.FirstViolation)
	case j.settled():
	case r.Unresolved > 0:
		r.Reason = fmt.Sprintf("in %d of %d trials the numeric error is larger than the margin", r.Unresolved, r.Trials)
	default:
		r.Verdict, r.PHold = Holds, 0
	}
	return r
}
