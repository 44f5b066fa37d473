package checks

// A Verdict is what the engine concludes at the stated confidence.
type Verdict string

const (
	Holds     Verdict = "HOLDS"     // at confidence 1-α
	Refuted   Verdict = "REFUTED"   // with a witness
	Undecided Verdict = "UNDECIDED" // budget spent, numeric error above the margin, or a drifting fit
	Vacuous   Verdict = "VACUOUS"   // no instance met the hypotheses, or the bound is trivial
)

func (v Verdict) badness() int {
	switch v {
	case Refuted:
		return 3
	case Undecided:
		return 2
	case Holds:
		return 1
	}
	return 0
}

// worst returns the worse of two verdicts. Vacuous loses to all: one instance
// that says nothing does not spoil those that do.
func worst(a, b Verdict) Verdict {
	if b.badness() > a.badness() {
		return b
	}
	return a
}

// A Result is the judgement of one instance.
type Result struct {
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason,omitempty"`
	// Caught reports that the check raised the alarm it exists for: a
	// refutation, or for a fitted form its drift. Controls must be caught.
	Caught bool `json:"caught,omitempty"`
	// PRefute and PHold are p-values against "the claim holds" and against "the
	// claim fails"; 1 when the form has none.
	PRefute Float `json:"p_refute"`
	PHold   Float `json:"p_hold"`

	Trials     int `json:"trials"`
	Held       int `json:"held"`
	Violated   int `json:"violated"`
	Unresolved int `json:"unresolved,omitempty"`
	Skipped    int `json:"skipped,omitempty"`
	Broken     int `json:"broken,omitempty"`

	// Estimate is what the form estimates: the violation probability, the mean,
	// the slope, the fitted constant or the crossing; Interval encloses it.
	Estimate     Float    `json:"estimate"`
	Interval     [2]Float `json:"interval"`
	IntervalKind string   `json:"interval_kind,omitempty"`
	Target       Float    `json:"target"`           // what Estimate is held against
	Needed       int      `json:"needed,omitempty"` // trials that a decision would have taken

	// Predicted, ObservedWorst and SlackWorst are those of one trial: of the one
	// with the least slack, or, for a claim that a share of δ may break, of the
	// one at the δ-quantile of the slack, which SlackShown encloses at 95 %.
	Predicted      Float    `json:"predicted"`
	ObservedWorst  Float    `json:"observed_worst"`
	ObservedMedian Float    `json:"observed_median"`
	SlackWorst     Float    `json:"slack_worst"`
	SlackShown     [2]Float `json:"slack_shown"`
	SlackMedian    Float    `json:"slack_median"`
	SlackInterval  [2]Float `json:"slack_interval"` // of the median, distribution-free, 95 %
	WorstTrial     int      `json:"worst_trial"`
	FirstViolation int      `json:"first_violation"` // index of a trial, or -1
	Part           string   `json:"part,omitempty"`  // the conclusion that was tightest
	Relation       Relation `json:"relation,omitempty"`
	Fit            []Series `json:"fit,omitempty"` // for a figure: the fitted curve beside what it is fitted to

	violation *Measurement // of trial FirstViolation
}
