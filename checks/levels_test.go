package checks

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/checks/stats"
)

// The level of an instance reaches the method of every form as it is: its interval is that of the method at this level, or of the
// binomial law where that says it.

// judgeAll judges measurements that all say something.
func judgeAll(form Form, t Terms, alpha float64, ms []Measurement) Result {
	j := form.judge(t, alpha)
	for _, m := range ms {
		j.add(m, Held)
	}
	return j.result()
}

// powers are passes over sizes 1, 2, 4 and 8 with the slopes i/100.
func powers(n int) []Measurement {
	ms := make([]Measurement, n)
	for i := range ms {
		for _, x := range []float64{1, 2, 4, 8} {
			ms[i].Ladder = append(ms[i].Ladder, Rung{x, math.Pow(x, float64(i)/100)})
		}
	}
	return ms
}

// Of 23 fair coins at most 6 show heads with probability 0.0173, at most 7 with 0.0466: at level 0.05 the seventh smallest and the
// seventh largest slope enclose the median, at 0.1 the eighth would.
func TestLevelOfSlopes(t *testing.T) {
	for _, form := range []Form{Scaling{}, Bounded{}} {
		r := judgeAll(form, Terms{Resolution: 0.05}, 0.05, powers(23))
		if !(math.Abs(float64(r.Interval[0])-0.06) <= 1e-12) || !(math.Abs(float64(r.Interval[1])-0.16) <= 1e-12) {
			t.Errorf("%s: slopes in %v, want [0.06, 0.16]", form.Name(), r.Interval)
		}
	}
}

// The same ranks enclose the median of 23 slacks at 95 %, and their quantile at a delta of one half; the slack that is shown there is
// the twelfth.
func TestLevelOfSlacks(t *testing.T) {
	ms := make([]Measurement, 23)
	for i := range ms {
		ms[i] = Measurement{Observed: 1, Predicted: 1 + float64(i)/100}
	}
	r := judgeAll(Probably{}, Terms{Delta: 0.5}, 0.001, ms)
	for i, want := range []float64{1.06, 1.16} {
		if !(math.Abs(float64(r.SlackInterval[i])-want) <= 1e-12) || !(math.Abs(float64(r.SlackShown[i])-want) <= 1e-12) {
			t.Errorf("end %d of the median slack is %v and of its quantile %v, want %v", i, r.SlackInterval[i], r.SlackShown[i], want)
		}
	}
	if !(math.Abs(float64(r.SlackWorst)-1.11) <= 1e-12) {
		t.Errorf("slack %v is shown, want 1.11", r.SlackWorst)
	}
	lo, hi := stats.BinomialCS(0, 23, 0.05)
	if float64(r.Interval[0]) != lo || float64(r.Interval[1]) != hi {
		t.Errorf("share in %v, want [%v, %v]", r.Interval, lo, hi)
	}
}

// The constant is fitted on two rungs and held out on two, so that one of four pairs attains both: at 0.2 its slope has the level
// 0.05, and the ratio over a factor of 4 in size is that of the slopes 0.06 and 0.16.
func TestLevelOfPairsOfRungs(t *testing.T) {
	r := judgeAll(Bounded{}, Terms{Resolution: 0.05}, 0.2, powers(23))
	for i, slope := range []float64{0.16, 0.06} {
		if want := math.Pow(4, -slope); !(math.Abs(float64(r.SlackInterval[i])-want) <= 1e-12) {
			t.Errorf("end %d of the slack is %v, want %v", i, r.SlackInterval[i], want)
		}
	}
}

// Rungs that fit the constant are as many as the terms say, and the resolution is what counts as no drift.
func TestTermsOfBounded(t *testing.T) {
	flat := make([]Measurement, 12)
	for i := range flat {
		flat[i].Ladder = []Rung{{1, 1}, {2, 1}, {4, 1.2}, {8, 1.2}}
	}
	for rungs, want := range map[int]float64{1: 1, 2: 1, 3: 1.2} {
		if r := judgeAll(Bounded{}, Terms{Resolution: 1, FitRungs: rungs}, 0.05, flat); !(math.Abs(float64(r.Predicted)-want) <= 1e-12) {
			t.Errorf("on %d rungs C = %v, want %v", rungs, r.Predicted, want)
		}
	}
	for resolution, want := range map[Float]Verdict{0.17: Holds, 0.1: Undecided} {
		if r := judgeAll(Bounded{}, Terms{Resolution: resolution}, 0.05, powers(23)); r.Verdict != want {
			t.Errorf("a drift in [0.06, 0.16] where %v counts as none: %s, want %s", resolution, r.Verdict, want)
		}
	}
}

func TestLevelOfMeans(t *testing.T) {
	const alpha, trials = 0.01, 200
	rng := rand.New(rand.NewPCG(1, 5))
	ms := make([]Measurement, trials)
	for i := range ms {
		ms[i] = Measurement{Observed: 0.2 + 0.6*rng.Float64(), Predicted: 0.5, Relation: Equal}
	}
	span := [2]Float{0, 1}
	for name, tt := range map[string]struct {
		terms Terms
		make  func() (meanSequence, error)
	}{
		"range": {Terms{Trials: trials, Range: &span}, func() (meanSequence, error) {
			return stats.NewMeanCS(stats.MeanConfig{Alpha: alpha, Planned: trials, Range: &[2]float64{0, 1}})
		}},
		"deviation": {Terms{Trials: trials, Deviation: 0.2}, func() (meanSequence, error) { return stats.NewCatoniCS(alpha, 0.2, trials) }},
		"neither":   {Terms{Trials: trials}, func() (meanSequence, error) { return stats.NewMeanCS(stats.MeanConfig{Alpha: alpha, Planned: trials}) }},
	} {
		cs, err := tt.make()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			if err := cs.Add(m.Observed); err != nil {
				t.Fatal(err)
			}
		}
		lo, hi := cs.Interval()
		r := judgeAll(Mean{}, tt.terms, alpha, ms)
		if float64(r.Interval[0]) != lo || float64(r.Interval[1]) != hi {
			t.Errorf("%s: mean in %v, want [%v, %v]", name, r.Interval, lo, hi)
		}
	}
}

// A mean 0.3 above its prediction, to a sequence of 0.1 on either side, is refuted from a tolerance below 0.2 on; one that is
// closer than the resolution holds.
func TestToleranceAndResolutionOfMeans(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 5))
	span := [2]Float{0, 2}
	ms := func(tolerance, predicted float64) []Measurement {
		all := make([]Measurement, 400)
		for i := range all {
			all[i] = Measurement{Observed: 0.9 + 0.2*rng.Float64(), Predicted: predicted, Relation: Equal, Tolerance: tolerance}
		}
		return all
	}
	r := judgeAll(Mean{}, Terms{Trials: 400, Range: &span}, 0.01, ms(0, 1))
	half := float64(r.Interval[1]-r.Interval[0]) / 2
	if !(half > 0 && half < 0.2) {
		t.Fatalf("mean in %v", r.Interval)
	}
	centre := float64(r.Interval[1]+r.Interval[0]) / 2
	for _, tt := range []struct {
		tolerance, resolution float64
		want                  Verdict
	}{
		{0, 0, Refuted}, {0.15, 0, Refuted}, {0.28, 0, Undecided}, {0.6, 0, Undecided}, {0.6, (0.3 + 1.5*half) / (centre - 0.3), Holds}, {0.6, (0.3 + half/2) / (centre - 0.3), Undecided},
		{0.6, (0.15 + 0.75*half) / (centre - 0.3), Undecided},
	} {
		rng = rand.New(rand.NewPCG(2, 5)) // the same trials
		r := judgeAll(Mean{}, Terms{Trials: 400, Range: &span, Resolution: Float(tt.resolution)}, 0.01, ms(tt.tolerance, centre-0.3))
		if r.Verdict != tt.want {
			t.Errorf("tolerance %v, resolution %v: %s, want %s (%s)", tt.tolerance, tt.resolution, r.Verdict, tt.want, r.Reason)
		}
	}
}

func TestLevelOfCrossings(t *testing.T) {
	const alpha, trials = 0.01, 60
	rng := rand.New(rand.NewPCG(3, 5))
	ms := make([]Measurement, trials)
	for i := range ms {
		for k, chance := range []float64{0.05, 0.35, 0.75, 0.98} {
			success := 0.0
			if rng.Float64() < chance {
				success = 1
			}
			ms[i].Ladder = append(ms[i].Ladder, Rung{math.Exp2(float64(k)), success})
		}
	}
	differ := false // somewhere another level gives another bracket
	for shown, level := range map[Float]float64{0: 0.5, 0.3: 0.3} {
		for n := 20; n <= trials; n++ {
			counts := []stats.Rung{{X: 1}, {X: 2}, {X: 4}, {X: 8}}
			for _, m := range ms[:n] {
				for k, rung := range m.Ladder {
					counts[k].Trials++
					counts[k].Successes += int(rung.Value)
				}
			}
			fit := func(alpha float64) stats.Threshold {
				f, err := stats.FitThreshold(counts, stats.ThresholdConfig{Level: level, Alpha: alpha})
				if err != nil {
					t.Fatal(err)
				}
				return f
			}
			want, twice := fit(alpha), fit(2*alpha)
			differ = differ || want.BracketLo != twice.BracketLo || want.BracketHi != twice.BracketHi
			r := judgeAll(Threshold{}, Terms{Location: 3, Resolution: 1, Level: shown}, alpha, ms[:n])
			if float64(r.Interval[0]) != want.BracketLo || float64(r.Interval[1]) != want.BracketHi || float64(r.Estimate) != want.Location {
				t.Errorf("level %v, %d trials: crossing at %v in %v, want %v in [%v, %v]", level, n, r.Estimate, r.Interval, want.Location, want.BracketLo, want.BracketHi)
			}
			// A location that the bracket meets at a factor of 1.5 is not refuted at a resolution of 0.5, and is at less.
			for resolution, refuted := range map[float64]bool{0.49: true, 0.3: true, 0.51: false} {
				far := judgeAll(Threshold{}, Terms{Location: Float(1.5 * want.BracketHi), Resolution: Float(resolution), Level: shown}, alpha, ms[:n])
				if !math.IsInf(want.BracketHi, 1) && (far.Verdict == Refuted) != refuted {
					t.Errorf("level %v, resolution %v: %s of a location 1.5 times beyond the bracket", level, resolution, far.Verdict)
				}
			}
		}
	}
	if !differ {
		t.Error("no number of trials tells the level from twice the level")
	}
}

// Instances that are not recorded yet have p-values of 1 in Holm's procedure, and both kinds of evidence have a family of their own.
func TestHolmOfAnUnfinishedRun(t *testing.T) {
	summary := func(units int, instances ...Result) *Summary {
		s := &Summary{Manifest: Manifest{Alpha: 0.1, Units: units}, Claims: []ClaimOutcome{{}}}
		for _, r := range instances {
			s.Claims[0].Instances = append(s.Claims[0].Instances, InstanceOutcome{Result: r})
		}
		s.holm()
		return s
	}
	against, speaks := Result{Verdict: Undecided, PRefute: 0.02, PHold: 1}, Result{Verdict: Undecided, PRefute: 1, PHold: 0.02}
	for _, tt := range []struct {
		units int
		r     Result
		want  Verdict
	}{{1, against, Refuted}, {2, against, Refuted}, {3, against, Undecided}, {1, speaks, Holds}, {2, speaks, Holds}, {3, speaks, Undecided}} {
		if got := summary(tt.units, tt.r).Claims[0].Instances[0].Result.Verdict; got != tt.want {
			t.Errorf("one of %d instances with p-values %v and %v: %s, want %s", tt.units, tt.r.PRefute, tt.r.PHold, got, tt.want)
		}
	}
	// A step down: the second of two needs half of what it would need as one of two equal ones.
	decided := Result{Verdict: Holds, PRefute: 1, PHold: 0.001}
	late := Result{Verdict: Undecided, PRefute: 1, PHold: 0.04}
	if got := summary(2, decided, late).Claims[0].Instances[1].Result.Verdict; got != Holds {
		t.Errorf("the second of two, with 0.04 where 0.05 is left: %s", got)
	}
}

// Trials that the numeric error leaves unresolved decide nothing, however many; with clean ones they are violations for HOLDS, and
// with violations clean ones for REFUTED.
func TestUnresolvedTrialsDecideNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		every Status // each third trial is unresolved, the others are this
		want  Verdict
	}{{"unresolved", Unresolved, Undecided}, {"held", Held, Undecided}, {"violated", Violated, Refuted}} {
		j := Probably{}.judge(Terms{Delta: 0.3}, 0.01)
		for i := range 600 {
			s := tt.every
			if i%3 == 0 {
				s = Unresolved
			}
			j.add(Measurement{Observed: 1, Predicted: 1}, s)
		}
		if got := j.result().Verdict; got != tt.want {
			t.Errorf("a third unresolved, the others %s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// The matrix of passes has a row a pass.
func TestMatrixOfPasses(t *testing.T) {
	l := ladderTally{tally: newTally()}
	for _, m := range powers(2) {
		l.add(m, Held)
	}
	if want := mat.NewDense(2, 4, []float64{1, 1, 1, 1, 1, math.Pow(2, 0.01), math.Pow(4, 0.01), math.Pow(8, 0.01)}); !mat.Equal(l.matrix(), want) {
		t.Errorf("passes %v", mat.Formatted(l.matrix()))
	}
}
