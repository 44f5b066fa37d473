package checks

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Relation is the relation that a claim asserts of observation to prediction.
type Relation string

const (
	AtMost  Relation = "<="
	AtLeast Relation = ">="
	Equal   Relation = "="
)

// orDefault reads the zero value as AtMost, the commonest relation.
func (r Relation) orDefault() Relation {
	if r == "" {
		return AtMost
	}
	return r
}

// excess returns by how much the observation breaks the relation; it is
// negative or zero when the relation holds.
func (r Relation) excess(observed, predicted float64) float64 {
	if observed == predicted { // also equal infinities, whose difference is NaN
		return 0
	}
	switch r.orDefault() {
	case AtLeast:
		return predicted - observed
	case Equal:
		return math.Abs(observed - predicted)
	default:
		return observed - predicted
	}
}

// A Measurement is one trial: what the run gave beside what theory gives.
type Measurement struct {
	Observed  float64
	Predicted float64
	Relation  Relation // zero means AtMost
	// Term is the signed summand of Predicted that the claim's constant
	// multiplies; 0 means all of Predicted. A bound 1-c has the term -c, a bound
	// λ-D the term -D. It says what "the constant made stronger by a factor"
	// means, see [Detect], and changes no verdict.
	Term float64
	// Tolerance is the absolute rounding allowance of the comparison. Sharp
	// bounds are attained, so it is needed; a reader must be able to see that it
	// is far below what the claim asserts.
	Tolerance float64
	// Error is a rigorous bound on how far Observed and Predicted may be from
	// their true values, such as the certificate of an eigenvalue. Inside it a
	// trial is unresolved, neither held nor violated.
	Error float64
	// Hypotheses are preconditions on this draw; a draw that fails one is
	// skipped and counted.
	Hypotheses []Hypothesis
	Part       string   // which of several conclusions this is; see All
	Ladder     []Rung   // Scaling, Bounded, Threshold: one pass over the sizes
	Series     []Series // curves for figures, kept for the first trial
	Err        error    // the trial could not be carried out

	fixed bool          // nothing was drawn from the stream: every trial is the same
	parts []Measurement // what All joined, without their series and hypotheses
}

// A Rung is one size of a ladder with what was observed there. For [Threshold],
// Value is 1 for success and 0 for failure.
type Rung struct {
	Size  float64
	Value float64
}

// A Series is a curve recorded by a trial, such as loss against step.
type Series struct {
	Name  string  `json:"name"`
	Style string  `json:"style,omitempty"` // "measured", "bound" or "fit"
	X     []Float `json:"x"`
	Y     []Float `json:"y"`
	XName string  `json:"x_name,omitempty"`
	YName string  `json:"y_name,omitempty"`
	LogX  bool    `json:"log_x,omitempty"`
	LogY  bool    `json:"log_y,omitempty"`
}

// NewSeries makes a series from plain numbers.
func NewSeries(name, style string, x, y []float64) Series {
	return Series{Name: name, Style: style, X: floats(x), Y: floats(y)}
}

// Failed is the measurement of a trial that could not be carried out.
func Failed(err error) Measurement {
	if err == nil {
		err = errors.New("a trial failed without saying why: give Failed an error")
	}
	return Measurement{Err: err}
}

// All joins several conclusions of one trial into the one that is least in
// their favour: a failure first, then a violation, an unresolved comparison,
// and the least slack. The parts keep their names, and are recorded one by one.
func All(parts ...Measurement) Measurement {
	if len(parts) == 0 {
		return Failed(fmt.Errorf("a trial measured nothing"))
	}
	worst := parts[0]
	for _, m := range parts[1:] {
		if m.worseThan(worst) {
			keep := worst
			worst = m
			worst.Series = append(keep.Series[:len(keep.Series):len(keep.Series)], m.Series...)
			worst.Hypotheses = append(keep.Hypotheses[:len(keep.Hypotheses):len(keep.Hypotheses)], m.Hypotheses...)
		} else {
			worst.Series = append(worst.Series[:len(worst.Series):len(worst.Series)], m.Series...)
			worst.Hypotheses = append(worst.Hypotheses[:len(worst.Hypotheses):len(worst.Hypotheses)], m.Hypotheses...)
		}
	}
	worst.parts = nil
	seen := map[string]bool{}
	for _, m := range parts {
		for _, p := range m.conclusions() {
			if seen[p.Part] {
				return Failed(fmt.Errorf("two parts of a trial are named %q: give each conclusion a Part of its own, or join comparisons of one by checks.Worst or checks.Each", p.Part))
			}
			seen[p.Part] = true
			worst.parts = append(worst.parts, p)
		}
	}
	return worst
}

// Worst joins comparisons of one conclusion in one trial, such as that at every
// step or for every input, into the one that is least in its favour: a failure
// first, then a violation, an unresolved comparison, and the smallest error that
// would have been found. They must have one Part.
func Worst(ms ...Measurement) Measurement {
	if len(ms) == 0 {
		return Failed(errors.New("a trial measured nothing"))
	}
	worst := ms[0]
	for _, m := range ms[1:] {
		if m.Part != worst.Part {
			return Failed(fmt.Errorf("parts %q and %q are joined as one conclusion: use checks.All for several", worst.Part, m.Part))
		}
		keep := worst
		if m.weakerThan(worst) {
			worst, keep = m, worst
		} else {
			keep = m
		}
		worst.Series = append(worst.Series[:len(worst.Series):len(worst.Series)], keep.Series...)
		worst.Hypotheses = append(worst.Hypotheses[:len(worst.Hypotheses):len(worst.Hypotheses)], keep.Hypotheses...)
	}
	return worst
}

// weakerThan orders comparisons of one conclusion, which may be with different
// numbers: what the constant could be made stronger by says which is nearer to
// breaking.
func (m Measurement) weakerThan(o Measurement) bool {
	if a, b := m.comparison(), o.comparison(); a != b {
		return a.rank() > b.rank()
	}
	a, b := critical(judged{m.Observed, m.Observed}, m), critical(judged{o.Observed, o.Observed}, o)
	if a != b && !(math.IsNaN(a) && math.IsNaN(b)) {
		return a < b || math.IsNaN(b)
	}
	return m.Slack() < o.Slack()
}

// Each is All for comparisons of which several may be of one conclusion: those
// of one Part are joined by Worst.
func Each(ms ...Measurement) Measurement {
	var names []string
	byName := map[string][]Measurement{}
	for _, m := range ms {
		if byName[m.Part] == nil {
			names = append(names, m.Part)
		}
		byName[m.Part] = append(byName[m.Part], m)
	}
	var parts []Measurement
	for _, name := range names {
		parts = append(parts, Worst(byName[name]...))
	}
	return All(parts...)
}

// conclusions are the parts that All joined, or the measurement itself.
func (m Measurement) conclusions() []Measurement {
	if len(m.parts) > 0 {
		return m.parts
	}
	return []Measurement{{
		Observed: m.Observed, Predicted: m.Predicted, Relation: m.Relation, Term: m.Term,
		Tolerance: m.Tolerance, Error: m.Error, Part: m.Part, Err: m.Err,
	}}
}

func (m Measurement) worseThan(o Measurement) bool {
	a, b := m.comparison(), o.comparison()
	if a != b {
		return a.rank() > b.rank()
	}
	return m.Slack() < o.Slack()
}

// Status is the outcome of one trial.
type Status byte

const (
	Held       Status = 'h'
	Violated   Status = 'v'
	Unresolved Status = 'u' // the numeric error is larger than the margin
	Skipped    Status = 's' // the draw failed a hypothesis
	Broken     Status = 'e' // the trial could not be carried out
)

// heard reports that the trial says something about the claim.
func (s Status) heard() bool { return s != Skipped && s != Broken }

func (s Status) rank() int {
	switch s {
	case Broken:
		return 4
	case Violated:
		return 3
	case Unresolved:
		return 2
	case Held:
		return 1
	}
	return 0
}

// Status judges the measurement by itself. An infinite observation or prediction
// that would break the claim is no counterexample but an overflow, and Broken.
func (m Measurement) Status() Status {
	if m.Err == nil && !met(m.Hypotheses) {
		return Skipped
	}
	if s := m.comparison(); s != Violated || !math.IsInf(m.Observed, 0) && !math.IsInf(m.Predicted, 0) {
		return s
	}
	return Broken
}

func (m Measurement) comparison() Status {
	switch {
	case m.Err != nil:
		return Broken
	case len(m.Ladder) > 0:
		return Held // judged over all trials by the form
	case math.IsNaN(m.Observed) || math.IsNaN(m.Predicted):
		return Broken
	}
	excess := m.Relation.excess(m.Observed, m.Predicted)
	switch {
	case m.Error > 0 && math.Abs(excess) <= m.Error && m.Relation.orDefault() != Equal:
		return Unresolved
	case excess > m.Tolerance+m.Error:
		return Violated
	}
	return Held
}

// senseless explains what no rule of comparison can make sense of, in the
// measurement or one of its parts; nil when there is nothing.
func (m Measurement) senseless() error {
	for _, p := range m.conclusions() {
		switch r := p.Relation.orDefault(); {
		case r != AtMost && r != AtLeast && r != Equal:
			return fmt.Errorf("relation %q of part %q is unknown: use checks.AtMost, checks.AtLeast or checks.Equal", r, p.Part)
		case !(p.Tolerance >= 0) || math.IsInf(p.Tolerance, 0):
			return fmt.Errorf("tolerance %v of part %q: give the rounding of the comparison, a number of at least 0", p.Tolerance, p.Part)
		case !(p.Error >= 0) || math.IsInf(p.Error, 0):
			return fmt.Errorf("error %v of part %q: give a bound on the numeric error, a number of at least 0, or return Failed", p.Error, p.Part)
		case math.IsNaN(p.Term) || math.IsInf(p.Term, 0):
			return fmt.Errorf("term %v of part %q: give the summand of Predicted that the constant multiplies, or 0 for all of it", p.Term, p.Part)
		}
	}
	return nil
}

// err explains a Broken measurement.
func (m Measurement) err() error {
	if m.Err != nil {
		return m.Err
	}
	if math.IsInf(m.Observed, 0) {
		return fmt.Errorf("observed %v where %s %v is claimed: an overflow is no counterexample; scale the data, or measure something finite", m.Observed, m.Relation.orDefault(), m.Predicted)
	}
	if math.IsInf(m.Predicted, 0) {
		return fmt.Errorf("observed %v where %s %v is claimed: a prediction that overflows refutes nothing; compute it in logarithms, or make the instance Trivial", m.Observed, m.Relation.orDefault(), m.Predicted)
	}
	return fmt.Errorf("not a number: observed %v, predicted %v", m.Observed, m.Predicted)
}

// Slack is prediction over observation, oriented so that at least 1 means that
// the claim held; 1 is tight. An observation on the far side of zero has
// infinite slack. For an identity it is 1 when it held.
func (m Measurement) Slack() float64 {
	held := m.comparison() != Violated
	ratio := m.Relation.ratio(m.Observed, m.Predicted)
	switch {
	case m.Relation.orDefault() == Equal && held:
		return 1
	case math.IsNaN(ratio) && held:
		return 1
	case math.IsNaN(ratio):
		return 0
	case held:
		return math.Max(ratio, 1) // within the tolerance is tight, not violated
	}
	return math.Min(ratio, 1)
}

// ratio is prediction over observation, oriented so that at least 1 means that
// the relation holds; for Equal it is at most 1.
func (r Relation) ratio(observed, predicted float64) float64 {
	switch r.orDefault() {
	case AtLeast:
		if predicted <= 0 {
			return math.Inf(1)
		}
		return math.Max(observed, 0) / predicted
	case Equal:
		if observed == predicted {
			return 1
		}
		return math.Max(0, math.Min(observed/predicted, predicted/observed))
	}
	if observed <= 0 {
		return math.Inf(1)
	}
	return math.Max(predicted, 0) / observed
}

// A Hypothesis is a named precondition with its margin.
type Hypothesis struct {
	Name     string   `json:"name"`
	Have     Float    `json:"have"`
	Relation Relation `json:"relation"`
	Need     Float    `json:"need"`
}

// Require states the hypothesis "have relation need".
func Require(name string, have float64, relation Relation, need float64) Hypothesis {
	return Hypothesis{Name: name, Have: Float(have), Relation: relation.orDefault(), Need: Float(need)}
}

// RequireThat states a hypothesis that is simply true or false.
func RequireThat(name string, holds bool) Hypothesis {
	have := 0.0
	if holds {
		have = 1
	}
	return Require(name, have, AtLeast, 1)
}

// Met reports whether the hypothesis holds; with NaN it does not.
func (h Hypothesis) Met() bool {
	return h.Relation.excess(float64(h.Have), float64(h.Need)) <= 0
}

// Margin is the ratio by which the hypothesis is met (at least 1) or missed
// (below 1): 0.5 means half of what is needed.
func (h Hypothesis) Margin() float64 {
	have, need := float64(h.Have), float64(h.Need)
	if h.Relation == AtLeast {
		have, need = need, have
	}
	switch {
	case have == need:
		return 1
	case have <= 0:
		return math.Inf(1)
	}
	return math.Max(0, need/have)
}

func met(hs []Hypothesis) bool {
	for _, h := range hs {
		if !h.Met() {
			return false
		}
	}
	return true
}

// Float is a float64 that survives JSON when it is infinite or not a number.
type Float float64

// MarshalJSON writes the shortest decimal that reads back exactly, or a quoted
// "Inf", "-Inf" or "NaN".
func (f Float) MarshalJSON() ([]byte, error) {
	v := float64(f)
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return []byte(`"` + strconv.FormatFloat(v, 'g', -1, 64) + `"`), nil
	}
	return json.Marshal(v)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Float) UnmarshalJSON(b []byte) error {
	if len(b) > 1 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("not a number: %s", b)
	}
	*f = Float(v)
	return nil
}

func floats(xs []float64) []Float {
	out := make([]Float, len(xs))
	for i, x := range xs {
		out[i] = Float(x)
	}
	return out
}
