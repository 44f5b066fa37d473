package checks

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// constant is a claim whose one trial measures m.
func constant(m Measurement) Claim[int] {
	return Claim[int]{
		ID: "promise/constant", Basis: Derived, Form: Always{}, Grid: []int{1},
		Setup: func(int) (Instance, error) {
			return Instance{Trial: func(*rand.Rand) Measurement { return m }}, nil
		},
		Controls: []Control[int]{{Name: "two", Why: "2 <= 1", At: []int{1}, Setup: func(int) (Instance, error) {
			return Instance{Trial: func(*rand.Rand) Measurement { return Measurement{Observed: 2, Predicted: 1} }}, nil
		}}},
	}
}

func TestNonsenseIsToldNotJudged(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for name, tt := range map[string]struct {
		m    Measurement
		want string
	}{
		"relation >":           {Measurement{Observed: 1, Predicted: 5, Relation: ">"}, `relation ">"`},
		"relation ==":          {Measurement{Observed: 1, Predicted: 5, Relation: "=="}, `relation "=="`},
		"NaN tolerance":        {Measurement{Observed: 5, Predicted: 1, Tolerance: nan}, "tolerance NaN"},
		"infinite tolerance":   {Measurement{Observed: 5, Predicted: 1, Tolerance: inf}, "tolerance +Inf"},
		"negative tolerance":   {Measurement{Observed: 1, Predicted: 1, Tolerance: -1}, "tolerance -1"},
		"NaN error":            {Measurement{Observed: 5, Predicted: 1, Error: nan}, "error NaN"},
		"infinite error":       {Measurement{Observed: 5, Predicted: 1, Error: inf}, "error +Inf"},
		"infinite term":        {Measurement{Observed: 1, Predicted: 1, Term: inf}, "term +Inf"},
		"overflow":             {Measurement{Observed: inf, Predicted: 1}, "overflow"},
		"not a number":         {Measurement{Observed: nan, Predicted: 1}, "not a number"},
		"failed for no reason": {Failed(nil), "without saying why"},
		"two parts of a name": {All(Measurement{Observed: 0, Predicted: 1, Part: "a"}, Measurement{Observed: 0, Predicted: 1, Part: "a"}),
			`two parts of a trial are named "a"`},
		"nonsense in a part": {All(Measurement{Observed: 0, Predicted: 1, Part: "a"}, Measurement{Observed: 9, Predicted: 1, Part: "b", Relation: "<"}), `relation "<" of part "b"`},
	} {
		t.Run(name, func(t *testing.T) {
			o := mustRun(t, source(constant(tt.m)), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(10)}).Claims[0]
			if o.Verdict == Holds || o.Verdict == Refuted || !strings.Contains(strings.Join(o.Problems, " "), tt.want) {
				t.Errorf("%s, problems %q; want neither HOLDS nor REFUTED, and %q", o.Verdict, o.Problems, tt.want)
			}
		})
	}
}

type private struct{ n int }

type lossy struct {
	N int `json:"-"`
}

func TestParametersMustSurviveJSON(t *testing.T) {
	for name, err := range map[string]error{
		"unexported": claimOn(private{3}).Validate(), "left out": claimOn(lossy{3}).Validate(),
		"function": claimOn(func() {}).Validate(), "infinite": claimOn(math.Inf(1)).Validate(),
	} {
		if err == nil || !strings.Contains(err.Error(), "promise/params") || !strings.Contains(err.Error(), "JSON") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"plain": claimOn(synthetic{Q: 1}).Validate(), "list": claimOn([]float64{}).Validate(), "pointer": claimOn(&synthetic{}).Validate(),
		"any": claimOn(json.RawMessage(`{"a":1}`)).Validate(),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func claimOn[P any](p P) Claim[P] {
	setup := func(P) (Instance, error) { return Instance{}, nil }
	return Claim[P]{ID: "promise/params", Basis: Derived, Form: Always{}, Grid: []P{p}, Setup: setup,
		Controls: []Control[P]{{Name: "none", Why: "none", At: []P{p}, Setup: setup}}}
}

func TestControlMustDifferFromItsClaim(t *testing.T) {
	c := constant(Measurement{Observed: 0, Predicted: 1})
	c.Controls = []Control[int]{{Name: "same", Why: "nothing", At: []int{1}}}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "equals the claim") {
		t.Errorf("error %v", err)
	}
}

func TestTermsMustMakeSense(t *testing.T) {
	for _, tt := range []struct {
		form  Form
		terms Terms
		want  string
	}{
		{Probably{}, Terms{Delta: 2}, "the Delta in Terms is 2"},
		{Probably{}, Terms{Delta: -1}, "the Delta in Terms is -1"},
		{Probably{}, Terms{Delta: Float(math.NaN())}, "the Delta in Terms is NaN"},
		{Probably{}, Terms{}, "the Delta in Terms is 0"},
		{Mean{}, Terms{Range: &[2]Float{1, 0}}, "the Range in Terms"},
		{Scaling{}, Terms{Exponent: Float(math.NaN())}, "the Exponent in Terms"},
		{Scaling{}, Terms{Relation: "=="}, "the Relation in Terms"},
		{Threshold{}, Terms{}, "the Location in Terms"},
		{Always{}, Terms{Trials: -1}, "the Trials in Terms"},
	} {
		c := constant(Measurement{Observed: 0, Predicted: 1})
		trial := c.Setup
		c.Form, c.Along = tt.form, "$m$"
		c.Setup = func(p int) (Instance, error) {
			inst, err := trial(p)
			inst.Terms = tt.terms
			return inst, err
		}
		o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(10)}).Claims[0]
		if got := strings.Join(o.Problems, " "); !strings.Contains(got, tt.want) || o.Instances[0].Result.Trials > 0 {
			t.Errorf("%s with %+v: problems %q after %d trials, want %q before any", tt.form.Name(), tt.terms, got, o.Instances[0].Result.Trials, tt.want)
		}
	}
}

// TestEveryWitnessReplays refutes a claim of each form and replays its witness
// from its line alone.
func TestEveryWitnessReplays(t *testing.T) {
	for _, c := range scalableCases() {
		t.Run(c.name, func(t *testing.T) {
			// Far enough for REFUTED at the level of the run, too little for one a
			// thousand times stricter where the form has such a range.
			false1 := scalable{F: 1.6, E: 0.25}
			switch c.name {
			case "rate":
				false1.F = 1.8
			case "threshold":
				false1.F = 8
			case "bounded":
				t.Skip("a fitted constant refutes nothing and has no witness")
			}
			claim := c.claim(false1)
			o := mustRun(t, source(claim), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(400)}).Claims[0]
			if o.Verdict != Refuted || o.Witness == nil {
				t.Fatalf("%s (%s), witness %v", o.Verdict, o.Reason, o.Witness)
			}
			w, err := ParseWitness([]byte(o.Witness.String()))
			if err != nil {
				t.Fatal(err)
			}
			re, err := Replay(claim, w)
			if err != nil || !re.Reproduced || re.Result.Verdict != Refuted {
				t.Errorf("replay: %v, reproduced %v, %s (%s)", err, re.Reproduced, re.Result.Verdict, re.Result.Reason)
			}
			w.Seed++
			other, err := Replay(c.claim(scalable{F: 1}), &Witness{Claim: w.Claim, Params: json.RawMessage(`{"F":1,"E":0}`), Seed: 1, Trial: w.Trial, Trials: w.Trials, Level: w.Level, Version: Version})
			if err != nil || other.Reproduced {
				t.Errorf("a true claim is said to be violated: %v, %s", err, other.Result.Reason)
			}
		})
	}
}

// TestSearchAloneShowsNothingOfChance: false claims with a Space and no Grid.
func TestSearchAloneShowsNothingOfChance(t *testing.T) {
	p := testProfile(400)
	p.SearchChecks, p.Search = 30, Budget{Work: 1e9, Trials: 100}
	for name, form := range map[string]Form{"probably": Probably{}, "mean": Mean{}} {
		c := Claim[float64]{
			ID: "promise/" + name, Basis: Derived, Form: form, Along: "$m$", Space: rapid.Float64Range(0.12, 0.14),
			Setup: func(q float64) (Instance, error) {
				return Instance{Terms: Terms{Delta: 0.1, Range: &[2]Float{0, 2}, Resolution: 0.1}, Trial: func(r *rand.Rand) Measurement {
					m := Measurement{Observed: 0.9, Predicted: 1}
					if r.Float64() < q {
						m.Observed = 2
					}
					return m
				}}, nil
			},
			Controls: []Control[float64]{{Name: "always", Why: "always violated", At: []float64{1}}},
		}
		for seed := range uint64(5) {
			o := mustRun(t, source(c), Options{Seed: seed, Alpha: 0.01, Profile: p}).Claims[0]
			if o.Verdict == Holds || o.Verdict == Undecided && !strings.Contains(o.Reason, "Grid") {
				t.Errorf("%s, seed %d: %s (%s)", name, seed, o.Verdict, o.Reason)
			}
		}
	}
}

func TestIgnoredStreamDecidesNothing(t *testing.T) {
	own := rand.New(rand.NewPCG(1, 2)) // not the stream
	for name, form := range map[string]Form{"probably": Probably{}, "mean": Mean{}} {
		for _, observed := range []func() float64{func() float64 { return 0.9 }, own.Float64} {
			c := syntheticClaim("promise/"+name, synthetic{Delta: 0.1})
			c.Form, c.Along = form, "$m$"
			c.Setup = func(p synthetic) (Instance, error) {
				return Instance{Terms: Terms{Delta: Float(p.Delta), Range: &[2]Float{0, 1}, Resolution: 0.5}, Trial: func(*rand.Rand) Measurement {
					return Measurement{Observed: observed(), Predicted: 1}
				}}, nil
			}
			o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(400), Workers: 1}).Claims[0]
			if o.Verdict != Undecided || !strings.Contains(o.Reason, "no trial drew from its stream") {
				t.Errorf("%s: %s (%s)", name, o.Verdict, o.Reason)
			}
		}
	}
}

// TestReasonCountsWhatWasSeen holds the number in a reason to its word.
func TestReasonCountsWhatWasSeen(t *testing.T) {
	const delta, alpha = 0.1, 1e-4
	j := Probably{}.judge(Terms{Delta: delta}, alpha)
	feed := func(n int, violated bool) {
		for range n {
			m := Measurement{Observed: 0.5, Predicted: 1}
			if violated {
				m.Observed = 2
			}
			j.add(m, m.comparison())
		}
	}
	feed(60, false)
	feed(4, true)
	r := j.result()
	if r.Verdict != Undecided || !strings.Contains(r.Reason, fmt.Sprintf("%d more trials would", r.Needed)) {
		t.Fatalf("%s: %s", r.Verdict, r.Reason)
	}
	feed(r.Needed-1, false)
	if j.result().Verdict != Undecided {
		t.Errorf("%d clean trials decide already", r.Needed-1)
	}
	feed(1, false)
	if j.result().Verdict != Holds {
		t.Errorf("%d clean trials do not decide", r.Needed)
	}
}

// TestProbablyShowsTheQuantile: what is shown must not drift with the number of
// trials as the worst of them does.
func TestProbablyShowsTheQuantile(t *testing.T) {
	show := func(n int) Result {
		j := Probably{}.judge(Terms{Delta: 0.1}, 1e-300)
		r := rand.New(rand.NewPCG(3, 4))
		for range n {
			m := Measurement{Observed: 0.95 / r.Float64(), Predicted: 10}
			j.add(m, m.comparison())
		}
		return j.result()
	}
	const want = 10 / 9.5 // observed exceeds 9.5 with probability 0.1
	var worst float64
	for _, n := range []int{200, 2000, 20000} {
		r := show(n)
		lo, hi := float64(r.SlackShown[0]), float64(r.SlackShown[1])
		if !(lo <= want && want <= hi) || !(lo <= float64(r.SlackWorst) && float64(r.SlackWorst) <= hi) {
			t.Errorf("%d trials: slack %v in [%v, %v], the quantile is %v", n, r.SlackWorst, lo, hi, want)
		}
		if got := float64(r.Predicted / r.ObservedWorst); got != float64(r.SlackWorst) && math.Max(got, 1) != float64(r.SlackWorst) {
			t.Errorf("%d trials: %v against %v is no slack of %v", n, r.ObservedWorst, r.Predicted, r.SlackWorst)
		}
		if n == 20000 && hi-lo > 0.1 {
			t.Errorf("interval [%v, %v] of 20000 trials", lo, hi)
		}
		worst = float64(r.SlackWorst)
	}
	if worst < 0.9 {
		t.Errorf("the quantile of 20000 trials is %v: it drifts like the worst", worst)
	}
}

func TestInsideNeedsATrialInside(t *testing.T) {
	c := syntheticClaim("promise/inside", synthetic{Q: 0.01, Delta: 0.2}, synthetic{Q: 0.01, Delta: 0.2, K: 1})
	c.Setup = func(p synthetic) (Instance, error) {
		inst, err := syntheticSetup(p)
		draw := inst.Trial
		inst.Trial = func(r *rand.Rand) Measurement {
			m := draw(r)
			m.Hypotheses = []Hypothesis{RequireThat("never", p.K == 0)}
			return m
		}
		return inst, err
	}
	c.Controls[0].Setup = syntheticSetup
	o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(400)}).Claims[0]
	if !o.Instances[0].Inside || o.Instances[1].Inside {
		t.Errorf("inside %v, %v: want the first alone", o.Instances[0].Inside, o.Instances[1].Inside)
	}
}

// TestWorstKeepsTheNearestToBreaking joins comparisons of one conclusion.
func TestWorstKeepsTheNearestToBreaking(t *testing.T) {
	loose, near := Measurement{Observed: 1, Predicted: 4, Part: "a"}, Measurement{Observed: 0.99, Predicted: 1, Term: -0.5, Part: "a"}
	broken := Measurement{Observed: 3, Predicted: 2, Part: "a"}
	other := Measurement{Observed: 1, Predicted: 3, Part: "b"}
	if got := Worst(loose, near, loose); got.Observed != near.Observed {
		t.Errorf("kept %+v, want the comparison that a factor of 1.02 breaks", got)
	}
	if got := Worst(loose, broken, near); got.comparison() != Violated {
		t.Errorf("kept %+v, want the violation", got)
	}
	if got := Worst(loose, other); got.comparison() != Broken {
		t.Error("two conclusions pass for one")
	}
	got := Each(loose, other, near, other)
	if len(got.parts) != 2 || got.parts[0].Observed != near.Observed || got.parts[1].Part != "b" || got.comparison() != Held {
		t.Errorf("each: %+v", got)
	}
}
