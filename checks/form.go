package checks

import (
	"fmt"
	"math"
	"sort"

	"convergo/checks/stats"
)

// A Form is a kind of statement with the way it is judged. The forms are
// [Always], [Probably], [Mean], [Scaling], [Bounded] and [Threshold]; to add
// one, write its file and name it in [Forms].
type Form interface {
	// Name is the lower-case name used in records and listings.
	Name() string
	// trials returns how many trials the form takes at most under the budget,
	// and the fewest that could decide.
	trials(t Terms, b Budget, alpha float64) (most, least int)
	// pooled reports whether the trials are judged together only, so that a
	// single one can neither hold nor violate.
	pooled() bool
	// judge starts the judgement of one instance at level alpha.
	judge(t Terms, alpha float64) judge
}

// Forms lists the forms.
func Forms() []Form {
	return []Form{Always{}, Probably{}, Mean{}, Scaling{}, Bounded{}, Threshold{}}
}

// formByName finds a form by the name in a record.
func formByName(name string) (Form, error) {
	var names []string
	for _, f := range Forms() {
		if f.Name() == name {
			return f, nil
		}
		names = append(names, f.Name())
	}
	return nil, fmt.Errorf("unknown form %q; known are %v", name, names)
}

// A judge hears the trials of one instance in the order of their indices.
type judge interface {
	add(m Measurement, s Status)
	done() bool // a decision has been reached; further trials would not be heard
	result() Result
}

// tally counts trials and keeps the slack of each: what every form needs.
type tally struct {
	n        int
	counts   map[Status]int
	observed []float64
	slacks   []float64
	least    Measurement
	leastAt  int
	firstBad int
	bad      Measurement // of trial firstBad
	broken   string
	fixed    bool // no trial drew anything
}

func newTally() tally { return tally{counts: map[Status]int{}, leastAt: -1, firstBad: -1, fixed: true} }

func (t *tally) add(m Measurement, s Status) {
	i := t.n
	t.n++
	t.counts[s]++
	t.fixed = t.fixed && m.fixed
	switch s {
	case Skipped:
		return
	case Broken:
		if t.broken == "" {
			t.broken = fmt.Sprintf("trial %d: %v", i, m.err())
		}
		return
	case Violated:
		if t.firstBad < 0 {
			t.firstBad, t.bad = i, m
		}
	}
	if len(m.Ladder) > 0 {
		return
	}
	t.observed = append(t.observed, m.Observed)
	t.slacks = append(t.slacks, m.Slack())
	if t.leastAt < 0 || m.Slack() < t.least.Slack() {
		t.least, t.leastAt = m, i
	}
}

// heard counts the trials that say something about the claim.
func (t *tally) heard() int { return t.counts[Held] + t.counts[Violated] + t.counts[Unresolved] }

// result fills in all that does not depend on the form.
func (t *tally) result() Result {
	r := Result{
		PRefute: 1, PHold: 1, Verdict: Undecided,
		Trials: t.n, Held: t.counts[Held], Violated: t.counts[Violated],
		Unresolved: t.counts[Unresolved], Skipped: t.counts[Skipped], Broken: t.counts[Broken],
		FirstViolation: t.firstBad, WorstTrial: t.leastAt,
		Estimate: Float(math.NaN()), Target: Float(math.NaN()), Interval: nanInterval(), SlackInterval: nanInterval(),
		Predicted: Float(math.NaN()), ObservedWorst: Float(math.NaN()), ObservedMedian: Float(math.NaN()),
		SlackWorst: Float(math.NaN()), SlackMedian: Float(math.NaN()), SlackShown: nanInterval(),
	}
	if t.leastAt >= 0 {
		r.Predicted, r.ObservedWorst = Float(t.least.Predicted), Float(t.least.Observed)
		r.Part, r.Relation = t.least.Part, t.least.Relation.orDefault()
		r.ObservedMedian = Float(median(t.observed))
		r.SlackWorst = Float(t.least.Slack())
		r.SlackMedian = Float(median(t.slacks))
		r.SlackInterval = slackInterval(t.slacks, t.fixed, 0.05)
	}
	if t.firstBad >= 0 {
		r.violation = &t.bad
	}
	switch {
	case t.counts[Broken] > 0:
		r.Reason = t.broken
	case t.n > 0 && t.heard() == 0:
		r.Verdict, r.Reason = Vacuous, "no draw met the hypotheses"
	}
	return r
}

// settled reports that the form has nothing to judge.
func (t *tally) settled() bool { return t.counts[Broken] > 0 || t.heard() == 0 }

func nanInterval() [2]Float { return [2]Float{Float(math.NaN()), Float(math.NaN())} }

// median returns the lower median, which is a value of the sample; NaN for none.
func median(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	s := append([]float64(nil), xs...)
	sort.Float64s(s)
	return s[(len(s)-1)/2]
}

// slackInterval encloses the median slack at confidence 1-alpha, whatever its
// law. Without randomness it is a point.
func slackInterval(slacks []float64, fixed bool, alpha float64) [2]Float {
	switch {
	case len(slacks) == 0:
		return nanInterval()
	case fixed:
		return [2]Float{Float(slacks[0]), Float(slacks[0])}
	}
	lo, hi := stats.MedianInterval(slacks, alpha)
	return [2]Float{Float(math.Max(lo, 0)), Float(hi)}
}
