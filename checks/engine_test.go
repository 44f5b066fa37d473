package checks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRecordsDoNotDependOnWorkers(t *testing.T) {
	var want string
	for _, workers := range []int{1, 2, 7} {
		dir := t.TempDir()
		p := testProfile(500)
		p.SearchChecks, p.Search = 20, Budget{Work: 1e9, Trials: 100}
		mustRun(t, mixedSources(), Options{Seed: 3, Alpha: 0.01, Profile: p, Dir: dir, Workers: workers})
		got := readFolder(t, dir)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("the records of %d workers differ from those of one", workers)
		}
	}
}

func TestInterruptedRunResumesToTheSameBytes(t *testing.T) {
	o := Options{Seed: 3, Alpha: 0.01, Profile: testProfile(500), Workers: 2}
	o.Dir = t.TempDir()
	mustRun(t, mixedSources(), o)
	want := readFolder(t, o.Dir)
	for stop := 1; stop <= 4; stop++ {
		o.Dir = t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		interrupted := o
		interrupted.Progress = func(e Event) {
			if e.Done >= stop {
				cancel()
			}
		}
		if _, err := Run(ctx, mixedSources(), interrupted); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
		mustRun(t, mixedSources(), o)
		if readFolder(t, o.Dir) != want {
			t.Errorf("resumed after %d tasks, the records differ from those of an undisturbed run", stop)
		}
	}
}

// TestFalseAlarms judges thousands of runs of claims that hold just so (q = δ),
// where a refutation is false, and of claims that just fail, where HOLDS is
// false, and holds both family-wise rates to alpha.
func TestFalseAlarms(t *testing.T) {
	const (
		alpha  = 0.2
		runs   = 600
		claims = 4
	)
	// Each family has half of alpha; 4 standard deviations for the simulation.
	limit := alpha/2*runs + 4*math.Sqrt(runs*alpha/2*(1-alpha/2))
	for _, c := range []struct {
		q     float64
		wrong Verdict
	}{{0.2, Refuted}, {0.2 + 1e-9, Holds}} {
		alarms, right := 0, 0
		for seed := range uint64(runs) {
			s := simulate(t, seed, alpha, claims, 80, c.q)
			bad := false
			for _, o := range s.Claims {
				bad = bad || o.Verdict == c.wrong
			}
			if bad {
				alarms++
			}
			if seed%10 == 0 { // and far from the boundary it decides
				want, q := Holds, 0.01
				if c.wrong == Holds {
					want, q = Refuted, 0.6
				}
				if simulate(t, seed, alpha, claims, 80, q).Claims[0].Verdict == want {
					right++
				}
			}
		}
		if float64(alarms) > limit {
			t.Errorf("q=%v: %d of %d runs have a false %s; at most %.0f are within alpha", c.q, alarms, runs, c.wrong, limit)
		}
		if right < runs/10*9/10 {
			t.Errorf("far from the boundary only %d of %d runs decide", right, runs/10)
		}
	}
}

// simulate is a run of equal synthetic claims without a folder.
func simulate(t *testing.T, seed uint64, alpha float64, claims, trials int, q float64) *Summary {
	t.Helper()
	rec := newRecords("", Manifest{Alpha: Float(alpha), Units: claims})
	for k := range claims {
		id := fmt.Sprintf("test/c%d", k)
		rec.Manifest.Claims = append(rec.Manifest.Claims, Info{ID: id, Form: "probably", Basis: Derived})
		u := &Unit{UnitRecord: UnitRecord{UnitKey: UnitKey{Claim: id}, Terms: Terms{Delta: 0.2}, Alpha: Float(alpha / 2 / float64(claims))}, Ended: true}
		inst, err := syntheticSetup(synthetic{Q: q, Delta: 0.2, K: k})
		if err != nil {
			t.Fatal(err)
		}
		j := Probably{}.judge(u.Terms, float64(u.Alpha))
		r := Stream(seed, id, nil, 0)
		for range trials {
			if j.done() {
				break
			}
			m := inst.Trial(r)
			j.add(m, m.Status())
			u.Trials, u.Status = append(u.Trials, m), append(u.Status, m.Status())
		}
		rec.Units[u.UnitKey] = u
	}
	s, err := Summarize(rec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPlannedTrialsDecide holds the engine to its own plan: with the number of
// clean trials it names, a claim that never fails is decided.
func TestPlannedTrialsDecide(t *testing.T) {
	for _, delta := range []float64{0.01, 0.05, 0.3} {
		for _, alpha := range []float64{1e-2, 1e-4} {
			n := cleanTrials(delta, alpha)
			j := Probably{}.judge(Terms{Delta: Float(delta)}, alpha)
			for i := range n {
				if j.done() {
					t.Fatalf("delta=%v alpha=%v: decided after %d trials, planned %d", delta, alpha, i, n)
				}
				j.add(Measurement{Observed: 0, Predicted: 1}, Held)
			}
			if r := j.result(); r.Verdict != Holds {
				t.Errorf("delta=%v alpha=%v: %v after the planned %d clean trials", delta, alpha, r.Verdict, n)
			}
		}
	}
	if n := cleanTrials(0.05, 1e-4); n != 228 {
		t.Errorf("δ=0.05, α=1e-4: %d clean trials decide, by hand it is 228", n)
	}
}

func TestVerdicts(t *testing.T) {
	always := func(m Measurement) func(float64) (Instance, error) {
		return func(float64) (Instance, error) {
			return Instance{Trial: func(*rand.Rand) Measurement { return m }}, nil
		}
	}
	tests := []struct {
		name  string
		setup func(float64) (Instance, error)
		basis Basis
		want  Verdict
	}{
		{"holds", always(Measurement{Observed: 1, Predicted: 1.001}), Derived, Holds},
		{"off by a thousandth", always(Measurement{Observed: 1.001, Predicted: 1, Tolerance: 1e-12}), Derived, Refuted},
		{"identity off by a thousandth", always(Measurement{Observed: 0.999, Predicted: 1, Relation: Equal, Tolerance: 1e-12}), Stated, Refuted},
		{"a recalled constant refutes nothing", always(Measurement{Observed: 2, Predicted: 1}), Recalled, Undecided},
		{"a fitted constant refutes nothing", always(Measurement{Observed: 2, Predicted: 1}), Fitted, Undecided},
		{"inside the numeric error", always(Measurement{Observed: 1.001, Predicted: 1, Error: 0.01}), Derived, Undecided},
		{"held by less than the numeric error", always(Measurement{Observed: 0.999, Predicted: 1, Error: 0.01}), Derived, Undecided},
		{"draws miss their hypothesis", always(Measurement{Observed: 2, Predicted: 1, Hypotheses: []Hypothesis{RequireThat("never", false)}}), Derived, Vacuous},
		{"instance misses its hypothesis", func(float64) (Instance, error) {
			return Instance{Hypotheses: []Hypothesis{Require("width", 10, AtLeast, 1e18)}}, nil
		}, Derived, Vacuous},
		{"trivial", func(float64) (Instance, error) { return Instance{Trivial: "the bound exceeds 1"}, nil }, Derived, Vacuous},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Claim[float64]{ID: "test/always", Basis: tt.basis, Form: Always{}, Grid: []float64{1}, Setup: tt.setup,
				Controls: []Control[float64]{{Name: "false", Why: "2 <= 1", At: []float64{1}, Setup: always(Measurement{Observed: 2, Predicted: 1})}}}
			o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(10)}).Claims[0]
			if o.Verdict != tt.want || len(o.Problems) > 0 {
				t.Errorf("verdict %v (%s), problems %v, want %v and none", o.Verdict, o.Reason, o.Problems, tt.want)
			}
			if (o.Witness != nil) != (tt.want == Refuted) {
				t.Errorf("witness %v with verdict %v", o.Witness, o.Verdict)
			}
		})
	}
}

func TestBrokenChecksAreProblems(t *testing.T) {
	good := func(float64) (Instance, error) {
		return Instance{Trial: func(*rand.Rand) Measurement { return Measurement{Observed: 0, Predicted: 1} }}, nil
	}
	fails := map[string]func(float64) (Instance, error){
		"setup error": func(float64) (Instance, error) { return Instance{}, errors.New("no data") },
		"setup panic": func(float64) (Instance, error) { panic("index out of range") },
		"trial panic": func(float64) (Instance, error) {
			return Instance{Trial: func(*rand.Rand) Measurement { panic("oh") }}, nil
		},
		"not a number": func(float64) (Instance, error) {
			return Instance{Trial: func(*rand.Rand) Measurement { return Measurement{Observed: math.NaN()} }}, nil
		},
		"no trial": func(float64) (Instance, error) { return Instance{}, nil },
		"failing trial": func(float64) (Instance, error) {
			return Instance{Trial: func(*rand.Rand) Measurement { return Failed(errors.New("x")) }}, nil
		},
	}
	bad := func(float64) (Instance, error) {
		return Instance{Trial: func(*rand.Rand) Measurement { return Measurement{Observed: 2, Predicted: 1} }}, nil
	}
	for name, setup := range fails {
		c := Claim[float64]{ID: "test/always", Basis: Derived, Form: Always{}, Grid: []float64{1}, Setup: setup,
			Controls: []Control[float64]{{Name: "false", Why: "2 <= 1", At: []float64{1}, Setup: bad}}}
		o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(10)}).Claims[0]
		if len(o.Problems) != 1 || !o.Bad() || o.Verdict == Holds {
			t.Errorf("%s: verdict %v, problems %q", name, o.Verdict, o.Problems)
		}
	}
	c := Claim[float64]{ID: "test/always", Basis: Derived, Form: Always{}, Grid: []float64{1}, Setup: good,
		Controls: []Control[float64]{{Name: "toothless", Why: "nothing", At: []float64{2}}}}
	o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(10)}).Claims[0]
	if o.Verdict != Holds || !o.Bad() || len(o.Problems) != 1 || !strings.Contains(o.Problems[0], "toothless") {
		t.Errorf("a control that holds: verdict %v, problems %q", o.Verdict, o.Problems)
	}
}

func TestSlopeOffByATenthIsCaught(t *testing.T) {
	right, wrong := 0, 0
	for seed := range uint64(40) {
		s := mustRun(t, source(powerClaim("test/slope", -0.5, 0.05, 12)), Options{Seed: seed, Alpha: 0.01, Profile: testProfile(100)})
		if s.Claims[0].Verdict == Holds {
			right++
		}
		if s.Claims[0].Controls[0].Caught {
			wrong++
		}
	}
	if right < 38 || wrong < 38 {
		t.Errorf("of 40 runs the true slope holds in %d and the slope off by 0.1 is caught in %d", right, wrong)
	}
}

func TestOutsideNeverCounts(t *testing.T) {
	c := syntheticClaim("test/outside", synthetic{Q: 1, Delta: 0.1})
	c.Outside = true
	c.Setup = func(p synthetic) (Instance, error) {
		inst, err := syntheticSetup(p)
		inst.Hypotheses = []Hypothesis{Require("width", 10, AtLeast, 1e18)}
		return inst, err
	}
	o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(100)}).Claims[0]
	if o.Verdict != Vacuous || o.Instances[0].Result.Violated == 0 || o.Instances[0].Inside {
		t.Errorf("verdict %v, instance %+v", o.Verdict, o.Instances[0].Result)
	}
}

// TestSearchNeverRefutesATrueClaim searches a claim that is true with
// probability exactly 0.95: rapid must not be able to choose the seed of a
// violation.
func TestSearchNeverRefutesATrueClaim(t *testing.T) {
	c := syntheticClaim("test/true", synthetic{Q: 0.05, Delta: 0.05})
	c.Space = rapid.Custom(func(t *rapid.T) synthetic {
		return synthetic{Q: 0.05, Delta: 0.05, K: rapid.IntRange(0, 1<<20).Draw(t, "k")}
	})
	p := testProfile(50)
	p.SearchChecks, p.Search = 200, Budget{Work: 1e9, Trials: 200}
	for seed := range uint64(10) {
		o := mustRun(t, source(c), Options{Seed: seed, Alpha: 0.01, Profile: p}).Claims[0]
		if o.Search.Witness != nil || o.Search.Drawn != 200 || o.Search.Met != 200 {
			t.Errorf("seed %d: %+v", seed, o.Search)
		}
	}
}

func TestSearchShrinksToAWitnessThatReplays(t *testing.T) {
	c := syntheticClaim("test/false", synthetic{Q: 0, Delta: 0.1})
	c.Space = rapid.Custom(func(t *rapid.T) synthetic {
		k := rapid.IntRange(0, 1000).Draw(t, "k")
		p := synthetic{Delta: 0.1, K: k}
		if k >= 37 {
			p.Q = 1
		}
		return p
	})
	p := testProfile(50)
	p.SearchChecks, p.Search = 100, Budget{Work: 1e9, Trials: 200}
	o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: p}).Claims[0]
	if o.Verdict != Refuted || o.Witness == nil || !strings.Contains(string(o.Witness.Params), `"K":37`) {
		t.Fatalf("verdict %v, witness %v: want the smallest counterexample K=37", o.Verdict, o.Witness)
	}
	w, err := ParseWitness([]byte(o.Witness.String()))
	if err != nil {
		t.Fatal(err)
	}
	re, err := Replay(c, w)
	if err != nil || !re.Reproduced {
		t.Errorf("replay: %+v, %v", re, err)
	}
}

func TestShortSearchIsUndecided(t *testing.T) {
	c := ClaimOutcome{Verdict: Holds, Search: &SearchRecord{Planned: 100, Drawn: 60, Met: 60}}
	c.concludeSearch()
	if c.Verdict != Undecided {
		t.Errorf("60 of 100 checks: %v", c.Verdict)
	}
}

func TestStreamsAreIndependentOfSplits(t *testing.T) {
	seen := map[uint64]string{}
	for _, s := range []struct {
		claim, params string
		trial         int
	}{{"a", "bc", 0}, {"ab", "c", 0}, {"abc", "", 0}, {"a", "bc", 1}, {"a", "bd", 0}} {
		v := Stream(1, s.claim, []byte(s.params), s.trial).Uint64()
		if old, dup := seen[v]; dup {
			t.Errorf("%+v has the stream of %s", s, old)
		}
		seen[v] = fmt.Sprint(s)
	}
}

func TestDearInstancesAreShownNotDropped(t *testing.T) {
	c := syntheticClaim("test/dear", synthetic{Q: 0, Delta: 0.1}, synthetic{Q: 0, Delta: 0.1, K: 1})
	c.Cost = func(p synthetic) Cost {
		if p.K == 1 {
			return Cost{Trial: 1e13, Size: "m=10^6"}
		}
		return Cost{Trial: 10}
	}
	o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(1000)}).Claims[0]
	dear := o.Instances[1]
	if o.Verdict != Holds || dear.Skip != "cost" || dear.Size != "m=10^6" || dear.Inside {
		t.Errorf("verdict %v, dear instance %+v", o.Verdict, dear)
	}
}

func BenchmarkTrials(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			const trials = 2000
			c := Claim[int]{ID: "bench/small", Basis: Derived, Form: Always{}, Grid: []int{0},
				Cost: func(int) Cost { return Cost{Trial: 1e5} },
				Setup: func(int) (Instance, error) {
					return Instance{Terms: Terms{Trials: trials}, Trial: func(r *rand.Rand) Measurement {
						s := 0.0
						for range 10000 {
							s += r.NormFloat64()
						}
						return Measurement{Observed: s, Predicted: 1e6}
					}}, nil
				},
				Controls: []Control[int]{{Name: "none", Why: "x", At: []int{0}, Setup: func(int) (Instance, error) {
					return Instance{Trial: func(*rand.Rand) Measurement { return Measurement{Observed: 1} }}, nil
				}}},
			}
			p := testProfile(trials)
			for b.Loop() {
				if _, err := Run(context.Background(), source(c), Options{Seed: 1, Alpha: 0.01, Profile: p, Dir: b.TempDir(), Workers: workers}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(trials*float64(b.N)/b.Elapsed().Seconds(), "trials/s")
		})
	}
}

// boundedClaim observes ratio C size^drift with log-normal noise and claims that
// the ratio stays bounded.
func boundedClaim(drift, noise float64) Claim[float64] {
	setup := func(e float64) (Instance, error) {
		return Instance{
			Terms: Terms{Resolution: 0.1, Trials: 12},
			Trial: func(r *rand.Rand) Measurement {
				var m Measurement
				for size := 16.0; size <= 512; size *= 2 {
					m.Ladder = append(m.Ladder, Rung{size, 3 * math.Pow(size, e) * math.Exp(noise*r.NormFloat64())})
				}
				return m
			},
		}, nil
	}
	return Claim[float64]{
		ID: "test/bounded", Basis: Derived, Form: Bounded{}, Along: "$m$", Grid: []float64{drift}, Setup: setup,
		Controls: []Control[float64]{{Name: "drifts", Why: "the ratio grows like the square root", At: []float64{0.5}}},
	}
}

func TestBoundedTellsDriftFromNone(t *testing.T) {
	holds, drifts, covered := 0, 0, 0
	for seed := range uint64(40) {
		o := mustRun(t, source(boundedClaim(0, 0.05)), Options{Seed: seed, Alpha: 0.01, Profile: testProfile(100)}).Claims[0]
		r := o.Instances[0].Result
		if o.Verdict == Holds {
			holds++
		}
		if o.Controls[0].Caught && o.Controls[0].Instances[0].Result.Verdict == Undecided {
			drifts++ // caught, but never called refuted
		}
		if float64(r.SlackInterval[0]) <= 1 && 1 <= float64(r.SlackInterval[1]) && r.SlackInterval[0] < r.SlackInterval[1] {
			covered++
		}
	}
	if holds < 38 || drifts != 40 || covered < 39 {
		t.Errorf("of 40 runs the steady ratio holds in %d, the drift is told in %d, the slack's interval covers 1 in %d", holds, drifts, covered)
	}
}

// thresholdClaim succeeds with a probability that crosses one half at size 100
// and claims a crossing at the location given.
func thresholdClaim(location float64) Claim[float64] {
	return Claim[float64]{
		ID: "test/threshold", Basis: Derived, Form: Threshold{}, Grid: []float64{location},
		Setup: func(location float64) (Instance, error) {
			return Instance{
				Terms: Terms{Location: Float(location), Resolution: 0.5, Trials: 60},
				Trial: func(r *rand.Rand) Measurement {
					var m Measurement
					for size := 25.0; size <= 400; size *= 1.2 {
						rung := Rung{Size: size}
						if r.Float64() < 1/(1+math.Pow(100/size, 6)) {
							rung.Value = 1
						}
						m.Ladder = append(m.Ladder, rung)
					}
					return m
				},
			}, nil
		},
		Controls: []Control[float64]{{Name: "thrice", Why: "the crossing is at a third of the claimed place", At: []float64{300}}},
	}
}

func TestThresholdFindsTheCrossing(t *testing.T) {
	holds, caught, covered := 0, 0, 0
	for seed := range uint64(30) {
		o := mustRun(t, source(thresholdClaim(100)), Options{Seed: seed, Alpha: 0.01, Profile: testProfile(100)}).Claims[0]
		r := o.Instances[0].Result
		if o.Verdict == Holds {
			holds++
		}
		if o.Controls[0].Caught {
			caught++
		}
		if r.Interval[0] <= 100 && 100 <= r.Interval[1] {
			covered++
		}
	}
	if holds < 20 || caught < 29 || covered < 30 {
		t.Errorf("of 30 runs the true crossing holds in %d and is covered in %d, the false one is caught in %d", holds, covered, caught)
	}
}
