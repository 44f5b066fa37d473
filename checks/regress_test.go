package checks

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// gateSources has n claims of two forms. Factor scales what is observed: above
// 1 the claims get worse.
func gateSources(n int, factor float64) []Source {
	var cs []Checkable
	for k := range n {
		form := Form(Always{})
		if k%2 == 1 {
			form = Probably{}
		}
		setup := func(scale float64) (Instance, error) {
			return Instance{Terms: Terms{Trials: 60, Delta: 0.2}, Trial: func(r *rand.Rand) Measurement {
				return Measurement{Observed: scale * factor * (0.8 + 0.2*r.Float64()), Predicted: 1}
			}}, nil
		}
		cs = append(cs, Claim[float64]{
			ID: fmt.Sprintf("gate/c%02d", k), Basis: Derived, Form: form, Along: "$m$", Version: 1, Grid: []float64{0.5, 0.8}, Setup: setup,
			Statement: "Loose: the observation stays below 0.8.", Detects: map[string]float64{"": 2},
			Controls: []Control[float64]{{Name: "tenfold", Why: "ten times the observation", At: []float64{100}}},
		})
	}
	return []Source{{Key: "gate", Claims: cs}}
}

func gateRecords(t *testing.T, ss []Source, seed uint64) *Records {
	t.Helper()
	rec, err := Run(t.Context(), ss, Options{Seed: seed, Alpha: 0.01, Profile: testProfile(200), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func mustBaseline(t *testing.T, rec *Records, alpha float64) *Baseline {
	t.Helper()
	b, err := NewBaseline(rec, alpha)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// roundTrip sends a baseline through its text form, as a maintainer's does.
func roundTrip(t *testing.T, b *Baseline) *Baseline {
	t.Helper()
	var text bytes.Buffer
	if err := b.Write(&text); err != nil {
		t.Fatal(err)
	}
	back, err := ParseBaseline("baseline.txt", bytes.NewReader(text.Bytes()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text.String())
	}
	var again bytes.Buffer
	if err := back.Write(&again); err != nil {
		t.Fatal(err)
	}
	if again.String() != text.String() {
		t.Errorf("a baseline changes when read and written:\n%s\n%s", text.String(), again.String())
	}
	return back
}

func mustCompare(t *testing.T, b *Baseline, rec *Records) *Comparison {
	t.Helper()
	c, err := Compare(b, rec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSameSeedIsSame(t *testing.T) {
	b := roundTrip(t, mustBaseline(t, gateRecords(t, gateSources(6, 1), 1), 0.05))
	for _, ch := range mustCompare(t, b, gateRecords(t, gateSources(6, 1), 1)).Changes {
		if ch.Kind != Same {
			t.Errorf("%s: %s %v at the same seed", ch.Claim, ch.Kind, ch.Reasons)
		}
	}
}

// TestFalseRegressions measures the family-wise rate of false alarms of the
// gate: unchanged claims, new draws each time.
func TestFalseRegressions(t *testing.T) {
	const (
		alpha = 0.1
		runs  = 100
	)
	b := roundTrip(t, mustBaseline(t, gateRecords(t, gateSources(8, 1), 1), alpha))
	alarms := 0
	for seed := range uint64(runs) {
		if len(mustCompare(t, b, gateRecords(t, gateSources(8, 1), seed+2)).Regressions()) > 0 {
			alarms++
		}
	}
	total := alpha + 0.01 // of the comparison and of the run itself
	if limit := total*runs + 4*math.Sqrt(runs*total*(1-total)); float64(alarms) > limit {
		t.Errorf("%d of %d unchanged runs are called regressed; at most %.0f may be", alarms, runs, limit)
	}
	t.Logf("%d of %d unchanged runs called regressed at alpha = %v", alarms, runs, alpha)
}

func TestRegressionsAreFound(t *testing.T) {
	b := mustBaseline(t, gateRecords(t, gateSources(4, 1), 1), 0.05)
	find := func(c *Comparison, claim string) Change {
		for _, ch := range c.Changes {
			if ch.Claim == claim {
				return ch
			}
		}
		t.Fatalf("no change of %s", claim)
		return Change{}
	}
	t.Run("slack a sixth less", func(t *testing.T) {
		for _, ch := range mustCompare(t, b, gateRecords(t, gateSources(4, 1.2), 9)).Changes {
			if ch.Kind != Regressed {
				t.Errorf("%s: %s %v", ch.Claim, ch.Kind, ch.Reasons)
			}
		}
	})
	t.Run("bound twice as loose", func(t *testing.T) {
		for _, ch := range mustCompare(t, b, gateRecords(t, gateSources(4, 0.5), 9)).Changes {
			if ch.Kind != Regressed || !strings.Contains(strings.Join(ch.Reasons, " "), "detects") {
				t.Errorf("%s: %s %v", ch.Claim, ch.Kind, ch.Reasons)
			}
		}
	})
	t.Run("bound a fiftieth looser, observation a fiftieth larger, same seed", func(t *testing.T) {
		for _, factor := range []float64{0.98, 1.02} {
			for _, ch := range mustCompare(t, b, gateRecords(t, gateSources(4, factor), 1)).Changes {
				if ch.Kind != Regressed {
					t.Errorf("factor %v: %s: %s %v", factor, ch.Claim, ch.Kind, ch.Reasons)
				}
			}
		}
	})
	t.Run("smaller errors found", func(t *testing.T) {
		ss := gateSources(1, 1)
		c := ss[0].Claims[0].(Claim[float64])
		c.Grid = append(c.Grid, 0.99)
		ss[0].Claims[0] = c
		ch := find(mustCompare(t, mustBaseline(t, gateRecords(t, gateSources(1, 1), 1), 0.05), gateRecords(t, ss, 1)), "gate/c00")
		if ch.Kind != Regressed { // the new instance has less slack: that is for a maintainer to accept
			t.Errorf("%s %v", ch.Kind, ch.Reasons)
		}
	})
	for what, change := range map[string]func(*Claim[float64]){
		"an instance is gone": func(c *Claim[float64]) { c.Grid = c.Grid[1:] },
		"a control is gone":   func(c *Claim[float64]) { c.Controls = c.Controls[:1] },
	} {
		t.Run(what, func(t *testing.T) {
			before, after := gateSources(1, 1), gateSources(1, 1)
			for i, ss := range [][]Source{before, after} {
				c := ss[0].Claims[0].(Claim[float64])
				c.Controls = append(c.Controls, Control[float64]{Name: "twentyfold", Why: "twenty times", At: []float64{200}})
				if c.Version = 1 + i; i == 1 { // a new version of the claim excuses neither
					change(&c)
				}
				ss[0].Claims[0] = c
			}
			ch := find(mustCompare(t, mustBaseline(t, gateRecords(t, before, 1), 0.05), gateRecords(t, after, 1)), "gate/c00")
			if ch.Kind != Regressed {
				t.Errorf("%s %v", ch.Kind, ch.Reasons)
			}
		})
	}
	t.Run("refuted runs are marked", func(t *testing.T) {
		if len(b.Bad) > 0 {
			t.Errorf("a good run is bad: %q", b.Bad)
		}
		if bad := mustBaseline(t, gateRecords(t, gateSources(2, 3), 1), 0.05).Bad; len(bad) != 2 || !strings.Contains(bad[0], "gate/c00: refuted") {
			t.Errorf("bad: %q", bad)
		}
	})
	t.Run("claim removed and added", func(t *testing.T) {
		c := mustCompare(t, b, gateRecords(t, gateSources(3, 1), 1))
		if ch := find(c, "gate/c03"); ch.Kind != Removed || len(c.Regressions()) != 1 {
			t.Errorf("removed: %+v", ch)
		}
		c = mustCompare(t, b, gateRecords(t, gateSources(5, 1), 1))
		if ch := find(c, "gate/c04"); ch.Kind != Added || len(c.Regressions()) != 0 {
			t.Errorf("added: %+v", ch)
		}
	})
	t.Run("control no longer caught", func(t *testing.T) {
		ss := gateSources(1, 1)
		c := ss[0].Claims[0].(Claim[float64])
		c.Controls[0].At = []float64{0.1}
		ss[0].Claims[0] = c
		ch := find(mustCompare(t, mustBaseline(t, gateRecords(t, gateSources(1, 1), 1), 0.05), gateRecords(t, ss, 1)), "gate/c00")
		if ch.Kind != Regressed || !strings.Contains(strings.Join(ch.Reasons, " "), "0 of 1 controls") {
			t.Errorf("%+v", ch)
		}
	})
	t.Run("hypotheses no longer met", func(t *testing.T) {
		ss := gateSources(1, 1)
		c := ss[0].Claims[0].(Claim[float64])
		old := c.Setup
		c.Setup = func(p float64) (Instance, error) {
			inst, err := old(p)
			inst.Hypotheses = []Hypothesis{Require("width", p, AtLeast, 2)}
			return inst, err
		}
		ss[0].Claims[0] = c
		ch := find(mustCompare(t, mustBaseline(t, gateRecords(t, gateSources(1, 1), 1), 0.05), gateRecords(t, ss, 1)), "gate/c00")
		if ch.Kind != Regressed {
			t.Errorf("%+v", ch)
		}
	})
	t.Run("another claim version", func(t *testing.T) {
		ss := gateSources(1, 2)
		c := ss[0].Claims[0].(Claim[float64])
		c.Version = 2
		ss[0].Claims[0] = c
		ch := find(mustCompare(t, mustBaseline(t, gateRecords(t, gateSources(1, 1), 1), 0.05), gateRecords(t, ss, 1)), "gate/c00")
		if ch.Kind != Regressed || !strings.Contains(ch.Reasons[0], "refuted") {
			t.Errorf("a refutation counts in any version: %+v", ch)
		}
	})
}

func TestParseBaselineErrors(t *testing.T) {
	head := baselineHeader + "\n# alpha=0.01 seed=1 profile=quick engine=1 code=-\n"
	good := "a/b v1 HOLDS 1/1 2/3 10 1.5 [1,2] [NaN,NaN] :x1.2,a+part:±0.1\n"
	for name, tt := range map[string]struct{ text, want string }{
		"empty":         {"", "no claims"},
		"other file":    {"hello\n", "baseline.txt:1"},
		"no settings":   {baselineHeader + "\n" + good, "baseline.txt:2"},
		"fields":        {head + "a/b v1 HOLDS\n", "3 fields"},
		"verdict":       {head + strings.Replace(good, "HOLDS", "FINE", 1), `"FINE" is no verdict`},
		"interval":      {head + strings.Replace(good, "[1,2]", "[2,1]", 1), "exchanged"},
		"order":         {head + strings.Replace(good, "a/b", "b/b", 1) + good, "sorted"},
		"controls":      {head + strings.Replace(good, "1/1", "2/1", 1), "cannot be"},
		"inside":        {head + strings.Replace(good, "2/3", "4/3", 1), "cannot be"},
		"detects":       {head + strings.Replace(good, "±0.1", "0.1", 1), "part:x1.2"},
		"identifier":    {head + strings.Replace(good, "a/b", "A b", 1), "fields"},
		"alpha outside": {strings.Replace(head, "0.01", "7", 1) + good, "baseline.txt:2"},
	} {
		if _, err := ParseBaseline("baseline.txt", strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
}

func TestSixRoundsOutwards(t *testing.T) {
	for _, v := range []float64{1.23456789, 0.000123456789, 98765.4321, 1} {
		var lo, hi float64
		if _, err := fmt.Sscan(six(v, -1)+" "+six(v, 1), &lo, &hi); err != nil {
			t.Fatal(err)
		}
		if lo > v || hi < v || hi-lo > 1e-4*v {
			t.Errorf("%v prints as [%v, %v]", v, lo, hi)
		}
	}
}
