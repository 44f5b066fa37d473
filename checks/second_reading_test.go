package checks

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// formed is a claim of a form whose trials measure m, each after a draw.
func formed(form Form, terms Terms, m Measurement) Claim[int] {
	c := constant(m)
	c.Form, c.Along = form, "$m$"
	c.Setup = func(int) (Instance, error) {
		return Instance{Terms: terms, Trial: func(r *rand.Rand) Measurement {
			_ = r.Float64()
			return m
		}}, nil
	}
	return c
}

// TestWhatAFormCannotReadIsToldNotJudged: a ladder where none is read, and a
// prediction that overflowed.
func TestWhatAFormCannotReadIsToldNotJudged(t *testing.T) {
	inf := math.Inf(1)
	terms := Terms{Delta: 0.1, Range: &[2]Float{0, 9}, Resolution: 0.5}
	for _, form := range []Form{Always{}, Probably{}, Mean{}} {
		for name, m := range map[string]Measurement{
			"a ladder":   {Ladder: []Rung{{1, 1}, {2, 2}}},
			"overflows":  {Observed: 1, Predicted: inf, Relation: AtLeast},
			"overflows ": {Observed: 1, Predicted: inf, Relation: Equal},
			"overflows.": {Observed: 1, Predicted: -inf},
		} {
			o := mustRun(t, source(formed(form, terms, m)), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(200)}).Claims[0]
			want := strings.TrimRight(name, " .")
			if o.Verdict == Holds || o.Verdict == Refuted || !strings.Contains(strings.Join(o.Problems, " "), want) {
				t.Errorf("%s, %s %v %v: %s, problems %q", form.Name(), name, m.Relation, m.Predicted, o.Verdict, o.Problems)
			}
		}
	}
}

func TestInfiniteBoundDetectsNothing(t *testing.T) {
	for _, m := range []Measurement{{Observed: 1, Predicted: math.Inf(1)}, {Observed: math.Inf(1), Predicted: math.Inf(1), Relation: Equal}} {
		o := mustRun(t, source(formed(Always{}, Terms{}, m)), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(20)}).Claims[0]
		if len(o.Weak) != 1 || !math.IsInf(float64(o.Detects[0].Size), 1) {
			t.Errorf("%+v: detects %v, weak %q", m, o.Detects, o.Weak)
		}
	}
}

func TestTermsWithoutAJudgeAreToldBeforeAnyTrial(t *testing.T) {
	inf := Float(math.Inf(1))
	for want, c := range map[string]Claim[int]{
		"the Range in Terms": formed(Mean{}, Terms{Range: &[2]Float{-inf, inf}, Resolution: 0.5}, Measurement{Observed: 1, Predicted: 1}),
		"the Level in Terms": formed(Threshold{}, Terms{Location: 1, Level: 2}, Measurement{Ladder: []Rung{{1, 0}, {2, 1}}}),
	} {
		o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(20)}).Claims[0]
		if !strings.Contains(strings.Join(o.Problems, " "), want) {
			t.Errorf("problems %q, want %s", o.Problems, want)
		}
	}
}

// TestFewPassesThatAgreeDecideNothing: a typical pass has the claimed slope, and
// most passes miss their hypothesis, so that the few that count may well agree
// on another.
func TestFewPassesThatAgreeDecideNothing(t *testing.T) {
	const runs = 150
	wrong := 0
	for seed := range uint64(runs) {
		c := formed(Scaling{}, Terms{}, Measurement{})
		c.Setup = func(int) (Instance, error) {
			return Instance{Terms: Terms{Exponent: -0.5, Resolution: 0.05, Trials: 20}, Trial: func(r *rand.Rand) Measurement {
				slope := -0.5
				if r.Float64() < 0.4 {
					slope = -0.8
				}
				m := Measurement{Hypotheses: []Hypothesis{RequireThat("rare", r.Float64() < 0.12)}}
				for size := 64.0; size < 2000; size *= 2 {
					m.Ladder = append(m.Ladder, Rung{size, math.Pow(size, slope)})
				}
				return m
			}}, nil
		}
		if mustRun(t, source(c), Options{Seed: seed, Alpha: 0.01, Profile: testProfile(400)}).Claims[0].Verdict == Refuted {
			wrong++
		}
	}
	atMost(t, "true slope, refuted", wrong, runs, 0.01)
}

// nearClaim is searched, and climbs to what near returns.
func nearClaim(setups *int, near func(synthetic) synthetic) Claim[synthetic] {
	c := syntheticClaim("promise/near", synthetic{Q: 0.01, Delta: 0.2})
	c.Space = rapid.Custom(func(t *rapid.T) synthetic {
		return synthetic{Q: rapid.Float64Range(0, 0.05).Draw(t, "q"), Delta: 0.2}
	})
	c.Setup = func(p synthetic) (Instance, error) {
		*setups++
		return syntheticSetup(p)
	}
	c.Near = func(p synthetic, _ *rand.Rand) synthetic { return near(p) }
	return c
}

// TestClimbHasItsShareOfAlpha counts what the search judges.
func TestClimbHasItsShareOfAlpha(t *testing.T) {
	const alpha = 0.03
	p := testProfile(100)
	p.SearchChecks, p.Search = 20, Budget{Work: 1e9, Trials: 60}
	setups, dir := 0, filepath.Join(t.TempDir(), "run")
	mustRun(t, source(nearClaim(&setups, func(p synthetic) synthetic { p.K++; return p })), Options{Seed: 1, Alpha: alpha, Profile: p, Dir: dir, Workers: 1})
	rec, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	judged := float64(setups - 2) // the instance and the control
	if s := rec.Searches["promise/near"]; judged <= 20 || judged*float64(s.Alpha) > alpha/2*(1+1e-9) {
		t.Errorf("%v instances judged at a level of %v each: more than half of %v", judged, s.Alpha, alpha)
	}
}

func TestPanickingNeighbourIsAProblem(t *testing.T) {
	p := testProfile(100)
	p.SearchChecks, p.Search = 20, Budget{Work: 1e9, Trials: 60}
	setups := 0
	o := mustRun(t, source(nearClaim(&setups, func(synthetic) synthetic { panic("nobody lives here") })), Options{Seed: 1, Alpha: 0.01, Profile: p, Workers: 1}).Claims[0]
	if o.Verdict == Refuted || !strings.Contains(strings.Join(o.Problems, " "), "nobody lives here") {
		t.Errorf("%s, problems %q", o.Verdict, o.Problems)
	}
}

func TestPlanNamesWhatIsWrongInASuite(t *testing.T) {
	good := formed(Always{}, Terms{}, Measurement{Observed: 0, Predicted: 1})
	dear := good
	dear.Cost = func(int) Cost { panic("no price today") }
	for want, ss := range map[string][]Source{
		"no price today":           source(dear),
		"nil":                      source(nil),
		`two sources have the key`: append(source(good), source(dear)...),
		`an ID opens with the key`: {{Key: "other", Claims: []Checkable{good}}},
	} {
		if _, err := newPlan(ss, Options{Seed: 1, Alpha: 0.01, Profile: testProfile(10)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestSizeThatSomeTrialsLackIsToldFromNothing: in some trials there is nothing to
// scale, in the others no factor breaks anything.
func TestSizeThatSomeTrialsLackIsToldFromNothing(t *testing.T) {
	c := constant(Measurement{})
	c.Setup = func(int) (Instance, error) {
		return Instance{Terms: Terms{Trials: 40}, Trial: func(r *rand.Rand) Measurement {
			return Measurement{Observed: 0, Predicted: float64(r.IntN(2))}
		}}, nil
	}
	o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(100)}).Claims[0]
	if !math.IsInf(float64(o.Detects[0].Size), 1) || len(o.Weak) == 0 {
		t.Errorf("detects %v, weak %q", o.Detects, o.Weak)
	}
}

func TestConstantTellsWhatIsWrongWithIt(t *testing.T) {
	c := widthClaim(1.2, 2, 4, 8)
	old := c.Setup
	c.Setup = func(m float64) (Instance, error) {
		inst, err := old(m)
		draw := inst.Trial
		inst.Trial = func(r *rand.Rand) Measurement {
			m := draw(r)
			m.Part, m.Observed = "width", m.Observed/100
			return m
		}
		return inst, err
	}
	o := mustRun(t, source(c), Options{Seed: 1, Alpha: 1e-4, Profile: testProfile(400)}).Claims[0]
	if !strings.Contains(strings.Join(o.Problems, " "), "has the name of a part") {
		t.Errorf("problems %q", o.Problems)
	}
	c = widthClaim(1.2, 2, 4, 8)
	c.Constants[0].Scaled = func(m, f float64) (Instance, error) { panic("no room") }
	o = mustRun(t, source(c), Options{Seed: 1, Alpha: 1e-4, Profile: testProfile(400)}).Claims[0]
	if !strings.Contains(strings.Join(o.Weak, " "), "no room") {
		t.Errorf("weak %q", o.Weak)
	}
}

// TestMeanSaysWhatItsIntervalShows: trials that end between two looks.
func TestMeanSaysWhatItsIntervalShows(t *testing.T) {
	between := 0
	for seed := range uint64(120) {
		predicted := 0.2 + 0.001*float64(seed)
		c := formed(Mean{}, Terms{}, Measurement{})
		c.Setup = func(int) (Instance, error) {
			return Instance{Terms: Terms{Range: &[2]Float{0, 1}, Resolution: 0.01, Trials: 59}, Trial: func(r *rand.Rand) Measurement {
				return Measurement{Observed: 0.2 * r.Float64(), Predicted: predicted, Relation: AtLeast}
			}}, nil
		}
		r := mustRun(t, source(c), Options{Seed: seed, Alpha: 0.01, Profile: testProfile(400)}).Claims[0].Instances[0].Result
		if r.Trials == 59 {
			between++
		}
		if out := float64(r.Interval[1]) < predicted; out != (r.Verdict == Refuted) {
			t.Errorf("seed %d, %d trials: %s with a mean in %v, predicted %v", seed, r.Trials, r.Verdict, r.Interval, predicted)
		}
	}
	if between == 0 {
		t.Error("no run ended between two looks: nothing was tested")
	}
}

// TestWitnessReplaysAtTheLevelOfItsEvidence: the level that Holm's procedure
// grants may be the p-value itself.
func TestWitnessReplaysAtTheLevelOfItsEvidence(t *testing.T) {
	tried := 0
	for k := range uint64(2000) {
		r := rand.New(rand.NewPCG(k, 3))
		terms := Terms{Delta: Float(0.02 + 0.5*r.Float64())}
		var ms []Measurement
		for range 5 + r.IntN(60) {
			ms = append(ms, Measurement{Observed: float64(r.Float64()+0.9*float64(terms.Delta)) + 0.1, Predicted: 1})
		}
		judged := func(level Float) Result {
			j := Probably{}.judge(terms, float64(level))
			for _, m := range ms {
				j.add(m, m.comparison())
			}
			return j.result()
		}
		o := InstanceOutcome{Alpha: 1e-12, Result: judged(1e-12)}
		if o.Result.PRefute > 0.05 || o.Result.Verdict != Undecided {
			continue
		}
		tried++
		if got := judged(o.refutedAt()); got.Verdict != Refuted {
			t.Errorf("case %d: %s at the level %v of its own p-value", k, got.Verdict, o.refutedAt())
		}
	}
	if tried < 50 {
		t.Errorf("%d cases of evidence between the levels: nothing was tested", tried)
	}
}
