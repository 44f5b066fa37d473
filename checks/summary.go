package checks

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strings"

	"convergo/checks/stats"
)

// A Summary is a judged run.
type Summary struct {
	Manifest Manifest       `json:"manifest"`
	Claims   []ClaimOutcome `json:"claims"`
	Gaps     []string       `json:"gaps,omitempty"` // what the records lack
	Finished bool           `json:"finished"`
	Sessions []Session      `json:"-"` // who made the records: no result hangs on it
}

// A ClaimOutcome is the verdict on a claim with all that led to it.
type ClaimOutcome struct {
	Info      Info              `json:"info"`
	Verdict   Verdict           `json:"verdict"`
	Reason    string            `json:"reason,omitempty"`
	Instances []InstanceOutcome `json:"instances"`
	Controls  []ControlOutcome  `json:"controls"`
	Constants []ConstantOutcome `json:"constants,omitempty"`
	// Detects says, constant by constant, how small an error would have been found.
	Detects []Detect      `json:"detects,omitempty"`
	Search  *SearchRecord `json:"search,omitempty"`
	Witness *Witness      `json:"witness,omitempty"`
	// Problems are what makes the check itself unfit: a control that was not
	// caught, a setup or trial that failed.
	Problems []string `json:"problems,omitempty"`
	// Weak names the constants that could be wrong by more than the claim
	// declares without the run noticing.
	Weak []string `json:"weak,omitempty"`
}

// An InstanceOutcome is one instance with its judgement.
type InstanceOutcome struct {
	Key        UnitKey         `json:"key"`
	Params     json.RawMessage `json:"params"`
	Result     Result          `json:"result"`
	Terms      Terms           `json:"terms"`
	Hypotheses []Hypothesis    `json:"hypotheses,omitempty"`
	Facts      []Fact          `json:"facts,omitempty"`
	Skip       string          `json:"skip,omitempty"`
	Detail     string          `json:"detail,omitempty"`
	Size       string          `json:"size,omitempty"`
	Work       Float           `json:"work,omitempty"`
	Alpha      Float           `json:"alpha"`
	File       string          `json:"file,omitempty"` // digest of the user's file, for an instance on one
	// Inside reports that the instance met all its hypotheses and was run: only
	// such instances count towards the verdict.
	Inside bool `json:"inside"`
	// Detects is what the trials of this instance would have found, see [Detect].
	Detects []Detect `json:"detects,omitempty"`
	// Violated names the conclusions that some trial breaks.
	Violated []string `json:"violated,omitempty"`
	Series   []Series `json:"series,omitempty"`
}

// A ControlOutcome tells whether a control was caught, at all its parameters.
type ControlOutcome struct {
	Name      string            `json:"name"`
	Why       string            `json:"why"`
	Caught    bool              `json:"caught"`
	Instances []InstanceOutcome `json:"instances"`
}

// Bad reports whether the claim fails a gate: refuted, or unfit as a check
// because something in it failed. A claim that is weak, which would find larger
// errors only than it declares, says so but fails only a strict gate.
func (c ClaimOutcome) Bad() bool { return c.Verdict == Refuted || len(c.Problems) > 0 }

// Faults are what makes the claim unfit as a check: its problems, and the
// constants that could be wrong without its noticing.
func (c ClaimOutcome) Faults() []string {
	return append(c.Problems[:len(c.Problems):len(c.Problems)], c.Weak...)
}

// Verdict returns the worst verdict of the run's claims.
func (s *Summary) Verdict() Verdict {
	v := Vacuous
	for _, c := range s.Claims {
		v = worst(v, c.Verdict)
	}
	return v
}

// Bad returns the claims that fail a gate.
func (s *Summary) Bad() []ClaimOutcome {
	var bad []ClaimOutcome
	for _, c := range s.Claims {
		if c.Bad() {
			bad = append(bad, c)
		}
	}
	return bad
}

// Summarize judges the records of a run. It runs nothing: the verdicts follow
// from the recorded trials alone, whoever recorded them.
func Summarize(rec *Records) (*Summary, error) {
	s := &Summary{Manifest: rec.Manifest, Finished: rec.Finished, Sessions: rec.Sessions}
	byClaim := map[string][]*Unit{}
	for _, u := range rec.Units {
		byClaim[u.Claim] = append(byClaim[u.Claim], u)
	}
	for _, info := range rec.Manifest.Claims {
		us := byClaim[info.ID]
		sort.Slice(us, func(i, j int) bool { return us[i].Index < us[j].Index })
		c, err := outcome(info, us)
		if err != nil {
			return nil, err
		}
		c.Search = rec.Searches[info.ID]
		s.Claims = append(s.Claims, c)
		s.Gaps = append(s.Gaps, gaps(info, us, c.Search, rec.Manifest.Profile)...)
	}
	if n := len(rec.Units); n < rec.Manifest.Units {
		s.Gaps = append(s.Gaps, fmt.Sprintf("%d of %d instances were never started", rec.Manifest.Units-n, rec.Manifest.Units))
	}
	s.holm()
	for i := range s.Claims {
		s.Claims[i].conclude(rec.Manifest.Seed)
	}
	return s, nil
}

func gaps(info Info, us []*Unit, search *SearchRecord, p Profile) []string {
	var out []string
	for _, u := range us {
		if !u.Ended {
			out = append(out, fmt.Sprintf("%v stops after trial %d", u.UnitKey, len(u.Trials)))
		}
	}
	if info.Searched && search == nil && p.SearchChecks > 0 {
		out = append(out, fmt.Sprintf("the search of %s is missing", info.ID))
	}
	return out
}

func outcome(info Info, us []*Unit) (ClaimOutcome, error) {
	form, err := formByName(info.Form)
	if err != nil {
		return ClaimOutcome{}, fmt.Errorf("claim %s: %w", info.ID, err)
	}
	c := ClaimOutcome{Info: info}
	for _, k := range info.Controls {
		c.Controls = append(c.Controls, ControlOutcome{Name: k.Name, Why: k.Why})
	}
	for _, k := range info.Constants {
		c.Constants = append(c.Constants, ConstantOutcome{ConstantInfo: k})
	}
	for _, u := range us {
		o := judgeUnit(form, u)
		if u.Control == "" {
			c.Instances = append(c.Instances, o)
			continue
		}
		for i := range c.Controls {
			if c.Controls[i].Name == u.Control {
				c.Controls[i].Instances = append(c.Controls[i].Instances, o)
			}
		}
		for i := range c.Constants {
			if constantMark+c.Constants[i].Name == u.Control {
				c.Constants[i].place(o)
			}
		}
	}
	return c, nil
}

func judgeUnit(form Form, u *Unit) InstanceOutcome {
	o := InstanceOutcome{
		Key: u.UnitKey, Params: u.Params, Terms: u.Terms, Hypotheses: u.Hypotheses, Facts: u.Facts,
		Skip: u.Skip, Detail: u.Detail, Size: u.Size, Work: u.Work, Alpha: u.Alpha, File: u.File,
		Series: u.Series,
	}
	j := form.judge(u.Terms, float64(u.Alpha))
	for i, m := range u.Trials {
		j.add(m, u.Status[i])
	}
	o.Result = j.result()
	r := o.Result
	o.Inside = u.Skip == "" && met(u.Hypotheses) && (len(u.Trials) == 0 || r.Trials > r.Skipped)
	o.Detects, o.Violated = detectUnit(form, u, o.Result), violatedParts(u)
	if len(u.Trials) == 0 {
		o.Result.Verdict = Vacuous
		o.Result.Reason = skipReason(u)
	}
	o.Series = append(o.Series[:len(o.Series):len(o.Series)], o.Result.Fit...)
	o.Result.Fit = nil
	return o
}

func skipReason(u *Unit) string {
	switch u.Skip {
	case "":
		return "no trial recorded yet"
	case "hypotheses":
		for _, h := range u.Hypotheses {
			if !h.Met() {
				return fmt.Sprintf("hypothesis %q not met: %.3g where %s %.3g is needed", h.Name, float64(h.Have), h.Relation, float64(h.Need))
			}
		}
	}
	return u.Skip + ": " + u.Detail
}

// holm hands out what the equal shares of alpha left over: an instance that
// stayed undecided at its own share may be decided at the larger share that
// Holm's procedure grants once others are decided. Refutations and
// confirmations are two families, each at half the run's alpha.
func (s *Summary) holm() {
	var open []*InstanceOutcome
	var refute, hold []float64
	visit := func(o *InstanceOutcome) {
		open = append(open, o)
		refute = append(refute, p01(o.Result.PRefute))
		hold = append(hold, p01(o.Result.PHold))
	}
	for i := range s.Claims {
		for k := range s.Claims[i].Instances {
			visit(&s.Claims[i].Instances[k])
		}
		for k := range s.Claims[i].Controls {
			for n := range s.Claims[i].Controls[k].Instances {
				visit(&s.Claims[i].Controls[k].Instances[n])
			}
		}
	}
	// Instances not recorded (yet) keep their share: they count as p-values of 1.
	for len(refute) < s.Manifest.Units {
		refute, hold = append(refute, 1), append(hold, 1)
	}
	alpha := float64(s.Manifest.Alpha) / 2
	rejected, confirmed := stats.Holm(refute, alpha), stats.Holm(hold, alpha)
	for i, o := range open {
		r := &o.Result
		if r.Verdict != Undecided || r.Broken > 0 {
			continue
		}
		switch {
		case rejected[i]:
			r.Verdict, r.Caught = Refuted, true
			r.Reason = "refuted at the level that Holm's procedure grants"
		case confirmed[i] && !rejected[i]:
			r.Verdict = Holds
			r.Reason = "holds at the level that Holm's procedure grants"
		}
	}
}

// refutedAt is the level at which the instance was refuted: its own, or that
// which Holm's procedure granted. A p-value is the exponential of the evidence,
// so that the evidence meets it but for the last digits.
func (o *InstanceOutcome) refutedAt() Float {
	return max(o.Alpha, Float(p01(o.Result.PRefute*(1+1e-9))))
}

func p01(p Float) float64 {
	if math.IsNaN(float64(p)) {
		return 1
	}
	return math.Min(1, math.Max(0, float64(p)))
}

// conclude derives the claim's verdict from its instances, search and controls.
func (c *ClaimOutcome) conclude(seed uint64) {
	c.Verdict = Vacuous
	for i := range c.Instances {
		o := &c.Instances[i]
		if o.Skip == "error" {
			c.Problems = append(c.Problems, fmt.Sprintf("instance %d: setup failed: %s", o.Key.Index, o.Detail))
		}
		if o.Result.Broken > 0 && o.unfit() {
			o.Inside, o.Skip, o.Detail = false, "data", o.Result.Reason
			o.Result.Verdict = Vacuous
			continue
		}
		if o.Result.Broken > 0 {
			c.Problems = append(c.Problems, fmt.Sprintf("instance %d: %s", o.Key.Index, o.Result.Reason))
		}
		if o.Result.Verdict == Refuted && !c.Info.Basis.refutable() {
			o.Result.Verdict = Undecided
			o.Result.Reason = fmt.Sprintf("violated, but its constant is %s: that refutes nothing (%s)", c.Info.Basis, o.Result.Reason)
		}
		if !o.Inside {
			continue
		}
		if o.Result.Verdict.badness() > c.Verdict.badness() {
			c.Reason = o.Result.Reason
		}
		c.Verdict = worst(c.Verdict, o.Result.Verdict)
		if o.Result.Verdict == Refuted && c.Witness == nil {
			c.Witness = newWitness(c.Info.ID, o.Params, seed, o.refutedAt(), o.Result)
		}
	}
	c.concludeSearch()
	if c.Verdict == Vacuous && c.Reason == "" {
		c.Reason = c.whyVacuous()
	}
	c.Problems = append(c.Problems, c.sharedNames()...)
	c.Detects = c.detects()
	c.Weak = c.weak()
	for i := range c.Controls {
		k := &c.Controls[i]
		k.Caught = len(k.Instances) > 0
		for _, o := range k.Instances {
			if !o.Result.Caught {
				k.Caught = false
				c.Problems = append(c.Problems, fmt.Sprintf("control %s was not refuted at %s: %s", k.Name, o.Params, o.Result.Reason))
			}
		}
	}
}

// unfit reports that the instance is on data of the user that the claim cannot measure anything on, and not that
// the program failed.
func (o *InstanceOutcome) unfit() bool {
	return o.File != "" && !strings.Contains(o.Result.Reason, errPanic.Error())
}

func (c *ClaimOutcome) concludeSearch() {
	s := c.Search
	switch {
	case s == nil:
	case s.Witness != nil:
		c.Verdict, c.Reason, c.Witness = Refuted, "the search found a counterexample: "+s.Witness.Reason, s.Witness
	case s.Error != "":
		c.Problems = append(c.Problems, "search: "+s.Error)
	case s.Drawn < s.Planned:
		if c.Verdict == Holds {
			c.Verdict = Undecided
			c.Reason = fmt.Sprintf("the search ended after %d of %d checks", s.Drawn, s.Planned)
		}
	case s.Met > 0 && len(c.Instances) == 0 && c.Info.Form == (Always{}).Name():
		c.Verdict = worst(c.Verdict, Holds)
	case s.Met > 0 && len(c.Instances) == 0:
		c.Verdict = worst(c.Verdict, Undecided)
		c.Reason = "the search found no counterexample, which shows nothing of a claim that chance decides: give it a Grid"
	}
}

func (c *ClaimOutcome) whyVacuous() string {
	counts := map[string]int{}
	for _, o := range c.Instances {
		counts[o.Skip]++
		if o.Skip == "" && !o.Inside {
			counts["hypotheses"]++
		}
	}
	return fmt.Sprintf("of %d instances %d miss their hypotheses, %d cost too much, %d are trivial",
		len(c.Instances), counts["hypotheses"], counts["cost"], counts["trivial"])
}
