package checks

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"convergo/checks/stats"
)

// A Detect says how small an error in one constant of a claim its run would
// have found: the smallest factor by which the constant could have been made
// stronger so that the same trials had refuted the claim. It is what the
// verdict HOLDS is worth. For an exponent it is a shift instead of a factor.
//
// Where the constant is in the prediction, the recorded trials tell it, see
// [Measurement.Term]; a constant that acts before the trial is rerun, see
// [Constant].
type Detect struct {
	Name   string          `json:"name,omitempty"` // the part or constant; empty for the only conclusion
	Kind   DetectKind      `json:"kind"`
	Size   Float           `json:"size"` // factor of at least 1, or shift of at least 0; +Inf when no error would have been found
	From   string          `json:"from"` // "trials", "search" or "rerun"
	Params json.RawMessage `json:"params,omitempty"`
	// Identity reports that it is the constant of an equality on every draw.
	Identity bool `json:"identity,omitempty"`
	// Allowed is the size that the claim declares; beyond it the check is unfit.
	Allowed Float `json:"allowed"`
}

// DetectKind tells factors from shifts.
type DetectKind string

const (
	Factor DetectKind = "factor" // of a constant
	Shift  DetectKind = "shift"  // of an exponent
)

// String writes "x1.03" for a factor and "±0.05" for a shift.
func (d Detect) String() string {
	v := float64(d.Size)
	switch {
	case math.IsNaN(v):
		return "-"
	case math.IsInf(v, 1):
		return "nothing"
	case d.Kind == Shift:
		return "±" + strconv.FormatFloat(v, 'g', 2, 64)
	}
	return "x" + formatFactor(v)
}

// formatFactor shows how far a factor is from 1, rounded up.
func formatFactor(v float64) string {
	const digits = 2
	off := math.Max(v-1, 1e-9)
	if off >= 0.1 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	places := digits - 1 - int(math.Floor(math.Log10(off)))
	unit := math.Pow(10, float64(-places))
	return strings.TrimRight(strconv.FormatFloat(1+math.Ceil(off/unit-1e-6)*unit, 'f', places, 64), "0")
}

// within reports that the detected size is as small as declared.
func (d Detect) within() bool { return float64(d.Size) <= float64(d.Allowed)*(1+1e-9) }

// sharper orders detected sizes of one constant; NaN, which says that the
// constant cannot be scaled, loses to all.
func (d Detect) sharper(o Detect) bool {
	return d.Size < o.Size || math.IsNaN(float64(o.Size)) && !math.IsNaN(float64(d.Size))
}

// Defaults for what a claim must detect.
const (
	defaultFactor   = 1.25 // of a bound
	defaultIdentity = 1.01 // of an identity on every draw
	defaultShift    = 0.1  // of an exponent
	defaultLadder   = 2.0  // of a constant that is rerun
)

// judged is what a form says of one conclusion at the end of its trials: the
// observation, or the interval that stands for it.
type judged struct{ lo, hi float64 }

// critical returns the smallest factor s >= 1 on the term of a prediction at
// which the relation would be broken beyond the tolerance. An identity is broken
// by making its constant larger or smaller; the worse of the two counts. It is
// NaN when the prediction is 0: nothing can be scaled.
func critical(o judged, m Measurement) float64 {
	up, down := criticalPair(o, m)
	return math.Max(up, down)
}

// criticalPair returns the factors of both directions; for an inequality both
// are its own.
func criticalPair(o judged, m Measurement) (up, down float64) {
	term := m.Term
	if term == 0 {
		term = m.Predicted
	}
	if term == 0 || math.IsNaN(m.Predicted) || math.IsNaN(o.lo) || math.IsNaN(o.hi) {
		return math.NaN(), math.NaN()
	}
	if math.IsInf(m.Predicted, 0) {
		return math.Inf(1), math.Inf(1) // no factor brings it down
	}
	rest, tol := m.Predicted-term, m.Tolerance+m.Error
	switch m.Relation.orDefault() {
	case AtMost: // broken when rest + term' < lo - tol
		s := lowered(o.lo-tol-rest, term)
		return s, s
	case AtLeast: // broken when rest + term' > hi + tol
		s := raised(o.hi+tol-rest, term)
		return s, s
	}
	up, down = raised(o.hi+tol-rest, term), lowered(o.lo-tol-rest, term)
	if term < 0 { // raising a negative term makes its constant smaller
		up, down = down, up
	}
	return up, down
}

// lowered returns the factor at which the term falls to level: it is divided
// when positive, multiplied when negative.
func lowered(level, term float64) float64 {
	if term > 0 {
		if level <= 0 {
			return math.Inf(1)
		}
		return math.Max(1, term/level)
	}
	return math.Max(1, level/term)
}

// raised is lowered for a term that rises to level.
func raised(level, term float64) float64 { return lowered(-level, -term) }

// detectUnit finds, for each conclusion of an instance, the smallest error that
// its trials would have found at the instance's level.
func detectUnit(form Form, u *Unit, r Result) []Detect {
	if r.Broken > 0 || len(u.Trials) == 0 {
		return nil
	}
	switch form.(type) {
	case Always, Probably:
		return detectParts(form, u)
	case Mean:
		heard, _ := heardTrials(u)
		if len(heard) == 0 {
			return nil
		}
		m := heard[0]
		return []Detect{{Name: m.Part, Kind: Factor, Size: Float(critical(judged{float64(r.Interval[0]), float64(r.Interval[1])}, m))}}
	}
	return []Detect{{Kind: ladderKind(form), Size: Float(detectLadder(form, u.Terms, r))}}
}

func ladderKind(form Form) DetectKind {
	if _, ok := form.(Threshold); ok {
		return Factor
	}
	return Shift
}

// detectLadder reads the size from the interval that the form has put around
// the slope, the drift or the crossing.
func detectLadder(form Form, t Terms, r Result) float64 {
	lo, hi, res := float64(r.Interval[0]), float64(r.Interval[1]), float64(t.Resolution)
	least := func(floor float64, vs ...float64) float64 {
		worst := floor
		for _, v := range vs {
			if math.IsNaN(v) {
				return v
			}
			worst = math.Max(worst, v)
		}
		return worst
	}
	switch form.(type) {
	case Scaling:
		want := float64(t.Exponent)
		stronger, weaker := want+res-lo, hi-want+res // how far the exponent must fall, or rise
		switch t.Relation {
		case AtMost:
			return least(0, stronger)
		case AtLeast:
			return least(0, weaker)
		}
		return least(0, stronger, weaker)
	case Bounded: // the formula divided by another power of the size
		return least(0, float64(r.Target)-lo)
	case Threshold:
		at, f := float64(t.Location), 1+res
		earlier, later := at*f/lo, hi*f/at
		switch t.Relation {
		case AtMost:
			return least(1, earlier)
		case AtLeast:
			return least(1, later)
		}
		return least(1, earlier, later)
	}
	return math.NaN()
}

// detectParts treats the forms that judge trial by trial.
func detectParts(form Form, u *Unit) []Detect {
	heard, bad := heardTrials(u)
	crits := map[partKey]*criticals{}
	for t, m := range heard {
		conclusions := keyed(m.conclusions())
		broken := 0
		for _, p := range conclusions {
			if p.comparison() == Violated {
				broken++
			}
		}
		for k, p := range conclusions {
			c := crits[k]
			if c == nil {
				c = newCriticals(bad)
				crits[k] = c
			}
			c.bad[t] = broken > 1 || broken == 1 && p.comparison() != Violated
			c.up[t], c.down[t] = criticalPair(judged{p.Observed, p.Observed}, p)
			c.identity = c.identity || p.Relation == Equal
			c.scales = c.scales || !math.IsNaN(c.up[t])
		}
	}
	best := map[string]Detect{} // of several comparisons of one name, the sharpest speaks for them
	for k, c := range crits {
		size := math.Max(refutingFactor(form, u, c.up, c.bad), refutingFactor(form, u, c.down, c.bad))
		if !c.scales {
			size = math.NaN()
		}
		_, always := form.(Always)
		d := Detect{Name: k.name, Kind: Factor, Size: Float(size), Identity: always && c.identity}
		if old, ok := best[k.name]; !ok || d.sharper(old) {
			best[k.name] = d
		}
	}
	var out []Detect
	for _, name := range sortedKeys(best) {
		out = append(out, best[name])
	}
	return out
}

// criticals are the critical factors of one conclusion, trial by trial, for its
// constant made larger and smaller. A trial without the conclusion breaks at
// none. Those that another conclusion breaks are bad whatever the factor; what
// this one breaks has its own factor, and an identity broken from one side is
// mended first when its constant moves to that side.
type criticals struct {
	up, down []float64
	bad      []bool
	identity bool
	scales   bool // in some trial there is something to scale
}

func newCriticals(bad []bool) *criticals {
	n := len(bad)
	c := &criticals{up: make([]float64, n), down: make([]float64, n), bad: slices.Clone(bad)}
	for i := range n {
		c.up[i], c.down[i] = math.Inf(1), math.Inf(1)
	}
	return c
}

// heardTrials are those that say something, and whether each breaks the claim.
func heardTrials(u *Unit) (heard []Measurement, bad []bool) {
	for i, m := range u.Trials {
		if s := u.Status[i]; s.heard() {
			heard, bad = append(heard, m), append(bad, s == Violated)
		}
	}
	return heard, bad
}

// refutingFactor returns the smallest factor at which the trials, each of which
// breaks from its own critical factor on, refute the claim.
func refutingFactor(form Form, u *Unit, crit []float64, bad []bool) float64 {
	var candidates []float64
	for _, c := range crit {
		if !math.IsNaN(c) && !math.IsInf(c, 1) {
			candidates = append(candidates, c)
		}
	}
	if len(candidates) == 0 {
		return math.Inf(1)
	}
	sort.Float64s(candidates)
	if _, ok := form.(Always); ok {
		return candidates[0]
	}
	refutes := func(s float64) bool {
		b, err := stats.NewBinomial(float64(u.Terms.Delta), float64(u.Alpha))
		if err != nil {
			return false
		}
		for i, c := range crit {
			b.Add(bad[i] || c <= s)
			if b.Decision() == stats.Refuted {
				return true
			}
		}
		return false
	}
	i := sort.Search(len(candidates), func(i int) bool { return refutes(candidates[i]) })
	if i == len(candidates) {
		return math.Inf(1)
	}
	return candidates[i]
}

// detects gathers what the run of a claim would have found, constant by
// constant: of several instances, the one that finds the smallest error.
func (c *ClaimOutcome) detects() []Detect {
	best := map[string]Detect{}
	take := func(d Detect) {
		if old, ok := best[d.Name]; !ok || d.sharper(old) {
			best[d.Name] = d
		}
	}
	for _, o := range c.Instances {
		if !o.Inside || o.Result.Verdict == Vacuous {
			continue
		}
		for _, d := range o.Detects {
			d.From, d.Params = "trials", o.Params
			take(d)
		}
	}
	if c.Search != nil {
		for _, d := range c.Search.Tightest {
			d.From = "search"
			take(d)
		}
	}
	for _, k := range c.Constants {
		take(k.detect())
	}
	var out []Detect
	for _, name := range sortedKeys(best) {
		d := best[name]
		d.Allowed = c.Info.mustDetect(d)
		out = append(out, d)
	}
	return out
}

// mustDetect returns the size that the claim declares for a constant, or the
// default for its kind.
func (i Info) mustDetect(d Detect) Float {
	if v, ok := i.Detects[d.Name]; ok {
		return v
	}
	switch {
	case d.Kind == Shift:
		return defaultShift
	case d.From == "rerun" || d.From == "not run":
		return defaultLadder
	case d.Identity:
		return defaultIdentity
	}
	return defaultFactor
}

// WorstDetect returns the constant whose error is found last: what one column of
// a table can show. Sizes are measured against what every claim should detect,
// not against what this one declares, so that a size declared loose still shows.
// It is nil when nothing was detected, since nothing was run inside.
func (c *ClaimOutcome) WorstDetect() *Detect { return Bluntest(c.Detects) }

// Bluntest is the worst of some errors that were detected, as in WorstDetect; nil when
// there is none.
func Bluntest(ds []Detect) *Detect {
	var worst *Detect
	excess := func(d Detect) float64 {
		if d.Kind == Shift {
			return float64(d.Size) / defaultShift
		}
		return math.Log(float64(d.Size)) / math.Log(defaultFactor)
	}
	for i, d := range ds {
		if math.IsNaN(float64(d.Size)) {
			continue
		}
		if worst == nil || excess(d) > excess(*worst) {
			worst = &ds[i]
		}
	}
	return worst
}

// weak explains which constants could be wrong by more than the claim declares.
func (c *ClaimOutcome) weak() []string {
	if c.Verdict != Holds {
		return nil
	}
	var out []string
	for _, d := range c.Detects {
		switch {
		case d.From == "not run":
		case math.IsNaN(float64(d.Size)):
			if !c.violatedByControl(d.Name) {
				out = append(out, fmt.Sprintf("%s: its prediction is 0, so that no constant can be scaled, and no control violates it: give Measurement.Term or a control", partName(d.Name)))
			}
		case !d.within():
			out = append(out, fmt.Sprintf("%s detects only %v where %v is declared: sharpen it, or declare more in Claim.Detects with the reason under \"Loose:\"%s",
				partName(d.Name), d, Detect{Kind: d.Kind, Size: d.Allowed}, c.rerunFailed(d)))
		}
	}
	return out
}

func partName(name string) string {
	if name == "" {
		return "the prediction"
	}
	return strconv.Quote(name)
}

// violatedByControl reports whether some trial of a control breaks the part.
func (c *ClaimOutcome) violatedByControl(part string) bool {
	for _, k := range c.Controls {
		for _, o := range k.Instances {
			for _, p := range o.Violated {
				if p == part {
					return true
				}
			}
		}
	}
	return false
}

// violatedParts names the conclusions that some trial breaks.
func violatedParts(u *Unit) []string {
	found := map[string]bool{}
	heard, _ := heardTrials(u)
	for _, m := range heard {
		for _, p := range m.conclusions() {
			if p.comparison() == Violated {
				found[p.Part] = true
			}
		}
	}
	return sortedKeys(found)
}

// looseness is the paragraph of a statement that says why an error must be
// large to be found.
func looseness(statement string) string {
	for _, p := range strings.Split(statement, "\n\n") {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(p), "Loose:"); ok {
			return strings.Join(strings.Fields(rest), " ")
		}
	}
	return ""
}
