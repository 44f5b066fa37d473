package checks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// A meanLaw has a known mean and, where it has one, a standard deviation.
type meanLaw struct {
	name     string
	mean, sd float64
	draw     func(*rand.Rand) float64
}

func meanLaws() []meanLaw {
	lognormal := func(s float64) meanLaw {
		return meanLaw{fmt.Sprintf("log-normal %v", s), math.Exp(s * s / 2), math.Sqrt(math.Expm1(s*s)) * math.Exp(s*s/2),
			func(r *rand.Rand) float64 { return math.Exp(s * r.NormFloat64()) }}
	}
	pareto := func(a float64) meanLaw {
		return meanLaw{fmt.Sprintf("Pareto %v", a), a / (a - 1), math.Sqrt(a/(a-2)) / (a - 1),
			func(r *rand.Rand) float64 { return math.Pow(1-r.Float64(), -1/a) }}
	}
	return []meanLaw{
		{"normal", 1, 1, func(r *rand.Rand) float64 { return 1 + r.NormFloat64() }},
		{"exponential", 1, 1, func(r *rand.Rand) float64 { return r.ExpFloat64() }},
		lognormal(1), lognormal(1.5), lognormal(2), pareto(2.2), pareto(3),
		{"t3", 1, math.Sqrt(3), func(r *rand.Rand) float64 {
			z := r.NormFloat64()
			return 1 + r.NormFloat64()/math.Sqrt((r.ExpFloat64()+z*z/2)/1.5)
		}},
	}
}

// judgeMean runs one judgement of "the mean is p".
func judgeMean(terms Terms, alpha, p float64, trials int, l meanLaw, r *rand.Rand) Result {
	j := Mean{}.judge(terms, alpha)
	for i := 0; i < trials && !j.done(); i++ {
		j.add(Measurement{Observed: l.draw(r), Predicted: p, Relation: Equal}, Held)
	}
	return j.result()
}

// atMost fails when more of the runs went wrong than a probability of level
// explains at four standard deviations.
func atMost(t *testing.T, what string, wrong, runs int, level float64) {
	t.Helper()
	n := float64(runs)
	if limit := n*level + 4*math.Sqrt(n*level) + 1; float64(wrong) > limit {
		t.Errorf("%s: %d of %d runs, where %.3g may", what, wrong, runs, limit)
	}
}

// TestMeanKeepsItsLevel: whatever the law, a true mean is refuted with
// probability at most alpha, and so is one held that is off by more than the
// resolution.
func TestMeanKeepsItsLevel(t *testing.T) {
	runs := 1500
	if testing.Short() {
		runs = 500
	}
	const resolution = 0.2
	for _, alpha := range []float64{0.05, 0.0025} {
		for k, l := range meanLaws() {
			r := rand.New(rand.NewPCG(71, uint64(k)))
			refuted, held := 0, 0
			for range runs {
				if judgeMean(Terms{Resolution: resolution}, alpha, l.mean, 200, l, r).Verdict == Refuted {
					refuted++
				}
				if judgeMean(Terms{Resolution: resolution}, alpha, l.mean*1.01/(1-resolution), 200, l, r).Verdict == Holds {
					held++
				}
			}
			atMost(t, fmt.Sprintf("%s at %v, refuted", l.name, alpha), refuted, runs, alpha)
			atMost(t, fmt.Sprintf("%s at %v, held", l.name, alpha), held, runs, alpha)
		}
	}
}

// TestMeanOfKnownDeviationKeepsItsLevel has rare jumps too, which no sample of
// this size need show: the bound on the deviation covers them.
func TestMeanOfKnownDeviationKeepsItsLevel(t *testing.T) {
	jumps := meanLaw{"rare jumps", 1, 3.3, func(r *rand.Rand) float64 {
		v := r.NormFloat64()
		if r.Float64() < 0.01 {
			v += 100 * 0.31622776601683794
		}
		return v + 1 - 0.31622776601683794
	}}
	const alpha, runs = 0.05, 150
	for k, l := range append(meanLaws(), jumps) {
		r := rand.New(rand.NewPCG(73, uint64(k)))
		wrong, decided := 0, 0
		terms := Terms{Resolution: 0.8, Deviation: Float(l.sd), Trials: 150}
		for range runs {
			if judgeMean(terms, alpha, l.mean, 150, l, r).Verdict == Refuted {
				wrong++
			}
			if judgeMean(terms, alpha, l.mean+1.2*l.sd, 150, l, r).Verdict == Refuted {
				decided++
			}
		}
		atMost(t, l.name, wrong, runs, alpha)
		if decided < runs*9/10 {
			t.Errorf("%s: a mean off by 1.2 deviations is refuted in %d of %d runs", l.name, decided, runs)
		}
	}
}

func TestSkewedMeanSaysWhatIsMissing(t *testing.T) {
	l := meanLaws()[4]
	res := judgeMean(Terms{Resolution: 0.2}, 0.01, l.mean, 200, l, rand.New(rand.NewPCG(1, 2)))
	if res.Verdict != Undecided || !strings.Contains(res.Reason, "Terms.Deviation") {
		t.Errorf("%s: %s", res.Verdict, res.Reason)
	}
}

// TestMeanOfFewValuesIsUndecided: near-normal trials do not agree, so that a
// rare value cannot hide behind a common one.
func TestMeanOfFewValuesIsUndecided(t *testing.T) {
	few := meanLaw{"few values", 1, 1, func(r *rand.Rand) float64 { return float64(2 * r.IntN(2)) }}
	for _, tt := range []struct {
		law   meanLaw
		terms Terms
		want  string
	}{
		{few, Terms{Resolution: 0.2}, "the same value"},
		{few, Terms{Resolution: 0.05, Deviation: 0.5}, "correct Terms.Deviation"},
	} {
		res := judgeMean(tt.terms, 0.01, 1, 400, tt.law, rand.New(rand.NewPCG(1, 2)))
		if res.Verdict != Undecided || !strings.Contains(res.Reason, tt.want) {
			t.Errorf("%s with %+v: %s %s, want UNDECIDED with %q", tt.law.name, tt.terms, res.Verdict, res.Reason, tt.want)
		}
	}
	for _, terms := range []Terms{{Resolution: 0.2, Deviation: 1}, {Resolution: 0.2, Range: &[2]Float{0, 2}}} {
		if res := judgeMean(terms, 0.01, 1, 1000, few, rand.New(rand.NewPCG(1, 2))); res.Verdict != Holds {
			t.Errorf("%s with %+v: %s %s", few.name, terms, res.Verdict, res.Reason)
		}
	}
}
