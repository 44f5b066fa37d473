package checks

import (
	"fmt"

	"convergo/checks/stats"
)

// A Change is how one claim stands against a baseline.
type Change struct {
	Claim    string       `json:"claim"`
	Kind     ChangeKind   `json:"kind"`
	Reasons  []string     `json:"reasons,omitempty"` // why it is a regression, an improvement, or not comparable
	Old, New BaselineLine `json:"-"`
	Info     Info         `json:"-"`
}

// ChangeKind sorts changes.
type ChangeKind string

const (
	Same         ChangeKind = "same"
	Regressed    ChangeKind = "regressed"
	Improved     ChangeKind = "improved"     // never accepted silently: write a new baseline
	Incomparable ChangeKind = "incomparable" // another version of the claim, or noise could explain it
	Added        ChangeKind = "added"
	Removed      ChangeKind = "removed"
)

// A Comparison holds a run against a baseline.
type Comparison struct {
	Baseline *Baseline
	Manifest Manifest
	Notes    []string // what differs between the two runs, and what that allows
	Changes  []Change // sorted by claim
}

// Regressions returns the changes that close a gate. A claim that vanished is
// one: a gate must not open because its claim is gone.
func (c *Comparison) Regressions() []Change {
	var out []Change
	for _, ch := range c.Changes {
		if ch.Kind == Regressed || ch.Kind == Removed {
			out = append(out, ch)
		}
	}
	return out
}

// Compare holds a finished run against a baseline. It calls a claim regressed
// when
//
//   - it is refuted and was not,
//   - a control that was caught no longer is, or the check itself broke,
//   - it became vacuous, or fewer of its instances are inside their hypotheses,
//   - a control or an instance of it is gone,
//   - a part or constant is no longer detected, or only a larger error of it is,
//     as after a bound was made looser,
//   - it lost HOLDS without chance being able to explain it, or
//   - the interval of its slack, or of its violation probability, is disjoint
//     from the baseline's and worse; at the same seed, where the draws are the
//     same, any loss of slack beyond half a per cent.
//
// A claim is improved when its verdict is, or when a smaller error is found and
// nothing got worse: more slack alone improves nothing.
//
// The intervals of both runs together miss with probability at most alpha over
// all claims, and false refutations have the run's own alpha; so on unchanged
// claims the chance of any false regression is at most the sum of the two,
// whatever the seeds. Streams depend on the seed and the claim, so an unchanged
// claim at the same seed reproduces its numbers exactly.
func Compare(b *Baseline, rec *Records) (*Comparison, error) {
	s, err := Summarize(rec)
	if err != nil {
		return nil, err
	}
	now, err := newBaseline(rec, s, b.Alpha)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Baseline: b, Manifest: rec.Manifest, Notes: settingNotes(b, now)}
	outcomes := map[string]ClaimOutcome{}
	for _, o := range s.Claims {
		outcomes[o.Info.ID] = o
	}
	i, k := 0, 0
	for i < len(b.Lines) || k < len(now.Lines) {
		switch {
		case k == len(now.Lines) || i < len(b.Lines) && b.Lines[i].Claim < now.Lines[k].Claim:
			c.Changes = append(c.Changes, Change{Claim: b.Lines[i].Claim, Kind: Removed, Old: b.Lines[i],
				Reasons: []string{"in the baseline, but not in this run"}})
			i++
		case i == len(b.Lines) || b.Lines[i].Claim > now.Lines[k].Claim:
			o := outcomes[now.Lines[k].Claim]
			ch := Change{Claim: o.Info.ID, Kind: Added, New: now.Lines[k], Info: o.Info, Reasons: []string{"not in the baseline"}}
			if o.Bad() {
				ch.Kind, ch.Reasons = Regressed, append(ch.Reasons, badReasons(o)...)
			}
			c.Changes = append(c.Changes, ch)
			k++
		default:
			c.Changes = append(c.Changes, c.change(b.Lines[i], now.Lines[k], outcomes[now.Lines[k].Claim], now))
			i, k = i+1, k+1
		}
	}
	return c, nil
}

func settingNotes(old, now *Baseline) []string {
	var notes []string
	if old.Engine != now.Engine {
		notes = append(notes, fmt.Sprintf("engine version %s against %s: streams differ, so numbers are compared within their intervals only", now.Engine, old.Engine))
	}
	if old.Seed != now.Seed {
		notes = append(notes, fmt.Sprintf("seed %d against %d: other random draws, compared within the intervals", now.Seed, old.Seed))
	}
	if old.Profile != now.Profile {
		notes = append(notes, fmt.Sprintf("profile %s against %s: other instances are run, so slack is not comparable; verdicts and controls are", now.Profile, old.Profile))
	}
	return notes
}

func badReasons(o ClaimOutcome) []string {
	var rs []string
	if o.Verdict == Refuted {
		rs = append(rs, "refuted: "+o.Reason)
	}
	return append(rs, o.Problems...)
}

// change compares two states of a claim.
func (c *Comparison) change(old, now BaselineLine, o ClaimOutcome, run *Baseline) Change {
	ch := Change{Claim: now.Claim, Kind: Same, Old: old, New: now, Info: o.Info}
	sameProfile := c.Baseline.Profile == run.Profile
	// Other claims beside it change the level, and with it how many trials are
	// drawn. At one level another number comes of a change that is to be seen.
	sameDraws := sameProfile && c.Baseline.Seed == run.Seed && c.Baseline.Engine == run.Engine &&
		(old.Trials == now.Trials || c.Baseline.Share == run.Share)
	worse := func(format string, args ...any) {
		ch.Kind = Regressed
		ch.Reasons = append(ch.Reasons, fmt.Sprintf(format, args...))
	}
	if now.Verdict == Refuted && old.Verdict != Refuted {
		worse("refuted, was %s: %s", old.Verdict, o.Reason)
	}
	if now.Verdict == Vacuous && old.Verdict != Vacuous {
		worse("vacuous, was %s: %s", old.Verdict, o.Reason)
	}
	compareControls(old, now, o, worse)
	if sameProfile {
		if now.Inside < old.Inside {
			worse("%d of %d instances inside the hypotheses, were %d of %d", now.Inside, now.Instances, old.Inside, old.Instances)
		}
		compareDetects(&ch, sameDraws, worse)
	}
	if old.Version != now.Version {
		if ch.Kind == Same {
			ch.Kind = Incomparable
		}
		ch.Reasons = append(ch.Reasons, fmt.Sprintf("claim version %d against %d: its slack is not comparable", now.Version, old.Version))
		return ch
	}
	if sameProfile {
		compareNumbers(&ch, sameDraws, worse)
	}
	if ch.Kind == Same && now.Verdict == Undecided && old.Verdict == Holds {
		if o.Info.Form == (Always{}).Name() {
			worse("undecided, was HOLDS: %s", o.Reason)
		} else {
			ch.Kind = Incomparable
			ch.Reasons = append(ch.Reasons, "undecided, was HOLDS, and chance could explain it: "+o.Reason)
		}
	}
	if ch.Kind == Same {
		improve(&ch, sameProfile, sameDraws)
	}
	return ch
}

func improve(ch *Change, sameProfile, sameDraws bool) {
	switch {
	case ch.New.Verdict == Holds && ch.Old.Verdict != Holds:
		ch.Reasons = append(ch.Reasons, fmt.Sprintf("HOLDS, was %s", ch.Old.Verdict))
	case sameProfile && sharpened(ch.Old.Detects, ch.New.Detects, sameDraws):
		ch.Reasons = append(ch.Reasons, fmt.Sprintf("detects %s, was %s", formatDetects(ch.New.Detects), formatDetects(ch.Old.Detects)))
	default:
		return
	}
	ch.Kind = Improved
}

func compareControls(old, now BaselineLine, o ClaimOutcome, worse func(string, ...any)) {
	if now.Controls < old.Controls {
		worse("%d controls, were %d: a control or an instance of it is gone", now.Controls, old.Controls)
	}
	if now.Controls-now.Caught > old.Controls-old.Caught {
		worse("%d of %d controls caught, were %d of %d", now.Caught, now.Controls, old.Caught, old.Controls)
	}
	if broken := brokenInstances(o); broken != "" {
		worse("%s", broken)
	}
}

// rounding is the relative change that the last digits of a baseline allow.
const rounding = 2e-5

func compareNumbers(ch *Change, sameDraws bool, worse func(string, ...any)) {
	old, now := ch.Old, ch.New
	switch {
	case now.Hi < old.Lo*(1-rounding):
		worse("slack %.4g in [%.4g, %.4g], was %.4g in [%.4g, %.4g]", now.Slack, now.Lo, now.Hi, old.Slack, old.Lo, old.Hi)
	case sameDraws && now.Slack < old.Slack*0.995:
		worse("slack %.4g, was %.4g at the same seed", now.Slack, old.Slack)
	}
	if now.FailLo > old.FailHi*(1+rounding) {
		worse("violation probability in [%.3g, %.3g], was in [%.3g, %.3g]", now.FailLo, now.FailHi, old.FailLo, old.FailHi)
	}
}

func brokenInstances(o ClaimOutcome) string {
	for _, i := range o.Instances {
		if i.Skip == "error" || i.Result.Broken > 0 {
			return fmt.Sprintf("instance %d cannot be carried out: %s%s", i.Key.Index, i.Detail, i.Result.Reason)
		}
	}
	if o.Search != nil && o.Search.Error != "" {
		return "the search cannot be carried out: " + o.Search.Error
	}
	return ""
}

// failureInterval is valid at the random time at which a sequential test
// stopped, as one for a fixed number of trials is not.
func failureInterval(r Result, alpha float64) (lo, hi float64) {
	return stats.BinomialCS(r.Violated, r.Held+r.Violated+r.Unresolved, alpha)
}
