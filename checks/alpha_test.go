package checks

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"convergo/checks/stats"

	"pgregory.net/rapid"
)

// The tests of this file hold the engine to its promise where it is kept: in
// the shares of alpha, in what tolerance and error allow, in the levels of
// intervals, in what a witness names.

// TestSharesOfAlphaAddUp: whatever may raise a false alarm has a share, and the
// shares add up to alpha.
func TestSharesOfAlphaAddUp(t *testing.T) {
	const alpha = 0.03
	searched := func(id string) Claim[synthetic] {
		c := syntheticClaim(id, synthetic{Q: 0.01, Delta: 0.2}, synthetic{Q: 0.02, Delta: 0.2, K: 1})
		c.Space = rapid.Custom(func(t *rapid.T) synthetic {
			return synthetic{Q: rapid.Float64Range(0, 0.01).Draw(t, "q"), Delta: 0.3}
		})
		return c
	}
	p := testProfile(100)
	p.SearchChecks, p.Search = 20, Budget{Work: 1e9, Trials: 20}
	dir := filepath.Join(t.TempDir(), "run")
	mustRun(t, source(searched("promise/a"), searched("promise/b"), syntheticClaim("promise/c", synthetic{Delta: 0.2})), Options{Seed: 1, Alpha: alpha, Profile: p, Dir: dir})
	rec, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, u := range rec.Units {
		total += float64(u.Alpha)
	}
	for _, s := range rec.Searches {
		total += float64(s.Alpha) * float64(s.Planned)
	}
	if len(rec.Units) != 8 || len(rec.Searches) != 2 || !(math.Abs(total-alpha) <= 1e-12) {
		t.Errorf("%d instances and %d searches share %v of alpha = %v", len(rec.Units), len(rec.Searches), total, alpha)
	}
}

func TestToleranceAndErrorCountOnceEach(t *testing.T) {
	for _, tt := range []struct {
		m    Measurement
		want Status
	}{
		{Measurement{Observed: 1.09, Predicted: 1, Tolerance: 0.1}, Held},
		{Measurement{Observed: 1.11, Predicted: 1, Tolerance: 0.1}, Violated},
		{Measurement{Observed: 1.09, Predicted: 1, Error: 0.1}, Unresolved},
		{Measurement{Observed: 1.11, Predicted: 1, Error: 0.1}, Violated},
		{Measurement{Observed: 1.19, Predicted: 1, Tolerance: 0.1, Error: 0.1}, Held},
		{Measurement{Observed: 1.21, Predicted: 1, Tolerance: 0.1, Error: 0.1}, Violated},
		{Measurement{Observed: 0.91, Predicted: 1, Error: 0.1}, Unresolved},
		{Measurement{Observed: 0.89, Predicted: 1, Error: 0.1}, Held},
		{Measurement{Observed: 0.91, Predicted: 1, Relation: AtLeast, Tolerance: 0.1}, Held},
		{Measurement{Observed: 0.89, Predicted: 1, Relation: AtLeast, Tolerance: 0.1}, Violated},
		{Measurement{Observed: 0.91, Predicted: 1, Relation: Equal, Tolerance: 0.1}, Held},
		{Measurement{Observed: 1.11, Predicted: 1, Relation: Equal, Tolerance: 0.1}, Violated},
		{Measurement{Observed: -1, Predicted: 1, Relation: Equal, Tolerance: 0.1}, Violated},
		{Measurement{Observed: -1, Predicted: -1, Relation: Equal, Tolerance: 0.1}, Held},
	} {
		if got := tt.m.comparison(); got != tt.want {
			t.Errorf("%+v: %c, want %c", tt.m, got, tt.want)
		}
	}
}

func TestWitnessNamesTheViolatingTrial(t *testing.T) {
	c := constant(Measurement{})
	c.Setup = func(int) (Instance, error) {
		return Instance{Terms: Terms{Trials: 200}, Trial: func(r *rand.Rand) Measurement { return Measurement{Observed: r.Float64(), Predicted: 0.97} }}, nil
	}
	p := testProfile(200)
	o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: p}).Claims[0]
	if o.Verdict != Refuted || o.Witness.Trial == 0 {
		t.Fatalf("%s, witness %v: want one behind trial 0", o.Verdict, o.Witness)
	}
	for i := range o.Witness.Trial + 1 {
		observed := Stream(1, c.ID, []byte("1"), i).Float64()
		if violates := observed > 0.97; violates != (i == o.Witness.Trial) {
			t.Errorf("trial %d observes %v, the witness names trial %d", i, observed, o.Witness.Trial)
		}
	}
}

// TestHolmGrantsMore: of two instances one is refuted beyond doubt, so that the
// other is judged at the whole of the instances' half.
func TestHolmGrantsMore(t *testing.T) {
	const trials = 6
	p := math.Exp(-stats.LogEAgainst(trials, trials, 0.5))
	for _, tt := range []struct {
		share float64 // p as a share of what Holm grants
		want  Verdict
	}{{0.7, Refuted}, {1.2, Undecided}} {
		half := p / tt.share // the instances' half of alpha; control and instances share it, one drops out
		certain := syntheticClaim("promise/certain", synthetic{Q: 1, Delta: 0.01})
		short := syntheticClaim("promise/short", synthetic{Q: 1, Delta: 0.5})
		for _, c := range []*Claim[synthetic]{&certain, &short} {
			c.Controls[0].At = []synthetic{{Q: 1, Delta: 0.02}}
		}
		short.Setup = func(q synthetic) (Instance, error) {
			inst, err := syntheticSetup(q)
			if q.Delta == 0.5 {
				inst.Terms.Trials = trials
			}
			return inst, err
		}
		o := mustRun(t, source(certain, short), Options{Seed: 1, Alpha: 2 * half, Profile: testProfile(400)}).Claims[1]
		if o.Verdict != tt.want {
			t.Errorf("p-value %v at a granted level of %v: %s (%s), want %s", p, half, o.Verdict, o.Reason, tt.want)
		}
	}
}

func TestIntervalsKeepTheirLevel(t *testing.T) {
	o := mustRun(t, source(syntheticClaim("promise/interval", synthetic{Q: 0, Delta: 0.1})), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(400)}).Claims[0]
	r := o.Instances[0].Result
	n := float64(r.Trials)
	want := 1 - math.Pow(0.05/(n+1), 1/n) // where (n+1) (1-p)^n = 5 %, Robbins' mixture for no violation
	if !(math.Abs(float64(r.Interval[1])-want) <= 1e-9) {
		t.Errorf("no violation in %d trials: upper end %v, want %v", r.Trials, r.Interval[1], want)
	}
}

// TestGateKeepsItsLevel computes the interval of a baseline by itself.
func TestGateKeepsItsLevel(t *testing.T) {
	const alpha = 0.02
	rec := gateRecords(t, gateSources(2, 1), 1)
	b := mustBaseline(t, rec, alpha)
	lo, hi := math.Inf(1), math.Inf(1)
	for i := range 2 {
		u := rec.Units[UnitKey{Claim: "gate/c00", Index: i}]
		var slacks []float64
		for _, m := range u.Trials {
			slacks = append(slacks, 1/m.Observed)
		}
		l, h := stats.MedianInterval(slacks, alpha/2/2/2) // two runs, two claims, two instances
		lo, hi = min(lo, l), min(hi, h)
	}
	if got := b.Lines[0]; got.Lo != lo || got.Hi != hi {
		t.Errorf("interval [%v, %v], want [%v, %v]", got.Lo, got.Hi, lo, hi)
	}
}

// TestMeanHoldsWithinItsResolution: an interval of a width between one and two
// resolutions decides nothing.
func TestMeanHoldsWithinItsResolution(t *testing.T) {
	at := func(resolution float64) Verdict {
		c := syntheticClaim("promise/mean", synthetic{Delta: 0.1})
		c.Form = Mean{}
		c.Setup = func(synthetic) (Instance, error) {
			return Instance{Terms: Terms{Range: &[2]Float{0, 1}, Resolution: Float(resolution), Trials: 300}, Trial: func(r *rand.Rand) Measurement {
				return Measurement{Observed: r.Float64(), Predicted: 0.5, Relation: Equal}
			}}, nil
		}
		o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(300)}).Claims[0]
		return o.Instances[0].Result.Verdict
	}
	lo, hi := 0.01, 1.0 // undecided at lo, holds at hi
	for range 30 {
		if mid := math.Sqrt(lo * hi); at(mid) == Holds {
			hi = mid
		} else {
			lo = mid
		}
	}
	c := syntheticClaim("promise/mean", synthetic{Delta: 0.1})
	c.Form = Mean{}
	c.Setup = func(synthetic) (Instance, error) {
		return Instance{Terms: Terms{Range: &[2]Float{0, 1}, Resolution: Float(lo), Trials: 300}, Trial: func(r *rand.Rand) Measurement {
			return Measurement{Observed: r.Float64(), Predicted: 0.5, Relation: Equal}
		}}, nil
	}
	r := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(300)}).Claims[0].Instances[0].Result
	need := math.Max(0.5-float64(r.Interval[0]), float64(r.Interval[1])-0.5) / 0.5
	if need < 0.9*lo || need > 1.3*lo { // an earlier look may have decided
		t.Errorf("HOLDS from a resolution of %v on, its interval %v needs %v", lo, r.Interval, need)
	}
}

func TestFailingGeneratorIsAProblem(t *testing.T) {
	c := syntheticClaim("promise/generator", synthetic{Q: 0.01, Delta: 0.2})
	c.Space = rapid.Custom(func(t *rapid.T) synthetic { panic("no parameters today") })
	p := testProfile(100)
	p.SearchChecks, p.Search = 10, Budget{Work: 1e9, Trials: 20}
	o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: p}).Claims[0]
	if !o.Bad() || !strings.Contains(strings.Join(o.Problems, " "), "no parameters today") {
		t.Errorf("%s, problems %q", o.Verdict, o.Problems)
	}
}
