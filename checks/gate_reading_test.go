package checks

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// exponential claims that a draw of mean 1 stays below bound, with probability
// 0.9; a control stands at each of the places.
func exponential(bound float64, places ...int) Claim[int] {
	c := constant(Measurement{})
	at := func(shift, bound float64) func(int) (Instance, error) {
		return func(int) (Instance, error) {
			return Instance{Terms: Terms{Delta: 0.1}, Trial: func(r *rand.Rand) Measurement {
				return Measurement{Observed: shift + r.ExpFloat64(), Predicted: bound}
			}}, nil
		}
	}
	c.Form, c.Setup = Probably{}, at(0, bound)
	c.Controls[0].Setup, c.Controls[0].At = at(5, bound), places
	return c
}

func recorded(t *testing.T, seed uint64, cs ...Checkable) *Records {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	mustRun(t, source(cs...), Options{Seed: seed, Alpha: 0.01, Profile: testProfile(400), Dir: dir})
	rec, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestLooserBoundThatStopsEarlierIsSeen: a looser bound is decided after fewer
// trials, which must not make the same draws look like others.
func TestLooserBoundThatStopsEarlierIsSeen(t *testing.T) {
	stopped := 0
	for seed := range uint64(20) {
		b := roundTrip(t, mustBaseline(t, recorded(t, seed, exponential(3.2, 1)), 0.01))
		ch := mustCompare(t, b, recorded(t, seed, exponential(1.02*3.2, 1))).Changes[0]
		if ch.Old.Trials == ch.New.Trials {
			continue
		}
		stopped++
		if ch.Kind != Regressed {
			t.Errorf("seed %d, %d trials instead of %d: %s, detects %s, was %s", seed, ch.New.Trials, ch.Old.Trials, ch.Kind, formatDetects(ch.New.Detects), formatDetects(ch.Old.Detects))
		}
	}
	if stopped == 0 {
		t.Error("no run stopped earlier: nothing was tested")
	}
}

// TestScatteredSizesAreNoRegression: what an unchanged claim detects scatters
// with the seed, without a law that a level could be held to.
func TestScatteredSizesAreNoRegression(t *testing.T) {
	few := constant(Measurement{})
	few.Setup = func(int) (Instance, error) {
		return Instance{Terms: Terms{Trials: 5}, Trial: func(r *rand.Rand) Measurement { return Measurement{Observed: r.Float64(), Predicted: 1} }}, nil
	}
	for _, c := range []Claim[int]{few, exponential(3.2, 1)} {
		const runs = 30
		alarms := 0
		for seed := range uint64(runs) {
			b := mustBaseline(t, recorded(t, 2*seed, c), 0.01)
			alarms += len(mustCompare(t, b, recorded(t, 2*seed+1, c)).Regressions())
		}
		atMost(t, c.Form.Name()+" unchanged at another seed, regressed", alarms, runs, 0.01+0.01)
	}
}

func TestGoneControlInstanceIsSeen(t *testing.T) {
	b := roundTrip(t, mustBaseline(t, recorded(t, 1, exponential(3.2, 1, 2, 3)), 0.01))
	ch := mustCompare(t, b, recorded(t, 1, exponential(3.2, 1))).Changes[0]
	if ch.Kind != Regressed || !strings.Contains(strings.Join(ch.Reasons, " "), "is gone") {
		t.Errorf("%s %q", ch.Kind, ch.Reasons)
	}
}

// TestWitnessHasTheNumbersOfItsTrial: what a table shows of a probable claim is
// another trial.
func TestWitnessHasTheNumbersOfItsTrial(t *testing.T) {
	c := exponential(1, 1)
	o := mustRun(t, source(c), Options{Seed: 3, Alpha: 0.01, Profile: testProfile(400)}).Claims[0]
	if o.Verdict != Refuted {
		t.Fatalf("%s (%s)", o.Verdict, o.Reason)
	}
	re, err := Replay(c, o.Witness)
	if err != nil || !re.Reproduced || re.Result.Verdict != Refuted {
		t.Fatalf("%v, %+v", err, re)
	}
	if w, m := o.Witness, re.Measurement; m.Observed != float64(w.Observed) || m.Predicted != float64(w.Predicted) || !(m.Observed > 1) {
		t.Errorf("the witness observes %v <= %v, its trial %v <= %v", w.Observed, w.Predicted, m.Observed, m.Predicted)
	}
}
