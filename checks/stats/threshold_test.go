package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mathext"
)

var rungsX = []float64{8, 16, 32, 64, 128, 256}

// curve is a success probability that crosses one half at location 50.
type curve struct {
	name string
	p    func(x float64) float64
}

var curves = []curve{
	{"logistic 2", func(x float64) float64 { return logistic(2 * math.Log(x/50)).p }},
	{"logistic 6", func(x float64) float64 { return logistic(6 * math.Log(x/50)).p }},
	{"probit", func(x float64) float64 { return 0.5 * math.Erfc(-1.5*math.Log(x/50)/math.Sqrt2) }},
	{"step", func(x float64) float64 { return indicator(x > 50) }},
	{"flat", func(x float64) float64 { return 0.5 + 0.01*math.Tanh(math.Log(x/50)) }},
	{"skew", func(x float64) float64 { return 1 - math.Exp2(-math.Pow(x/50, 2)) }},
}

func drawRungs(n int, p func(float64) float64, rng *rand.Rand) []Rung {
	rungs := make([]Rung, len(rungsX))
	for i, x := range rungsX {
		rungs[i] = Rung{X: x, Trials: n}
		for range n {
			if rng.Float64() < p(x) {
				rungs[i].Successes++
			}
		}
	}
	return rungs
}

func TestThresholdCoverage(t *testing.T) {
	const runs = 1500
	alphas := []float64{0.05, 0.01}
	for _, n := range []int{5, 30} {
		for _, c := range curves {
			missed, bracketed := make([]int, len(alphas)), make([]int, len(alphas))
			rng := rand.New(rand.NewPCG(61, uint64(n)))
			for range runs {
				f, err := newThresholdFit(drawRungs(n, c.p, rng), ThresholdConfig{Alpha: 0.05})
				if err != nil {
					t.Fatal(err)
				}
				d := f.deviance(math.Log(50))
				for i, alpha := range alphas {
					if z := -mathext.NormalQuantile(alpha / 2); d > z*z {
						missed[i]++
					}
					f.alpha = alpha
					if lo, hi := f.bracket(); lo > 50 || hi < 50 {
						bracketed[i]++
					}
				}
			}
			for i, alpha := range alphas {
				what := fmt.Sprintf("%s, %d trials a rung, alpha=%g", c.name, n, alpha)
				atMost4Sigma(t, what+", bracket", bracketed[i], runs, alpha)
				if c.name != "skew" { // no logistic curve: the profile interval is not for it
					atMost4Sigma(t, what+", profile", missed[i], runs, 1.7*alpha)
				}
			}
		}
	}
}

// TestBracketCoversAtTheRungs puts the crossing a hair beside a rung, where the
// bracket has its largest error.
func TestBracketCoversAtTheRungs(t *testing.T) {
	const runs, alpha, n = 4000, 0.1, 40
	rng := rand.New(rand.NewPCG(62, 62))
	missed := 0
	for range runs {
		f, err := newThresholdFit(drawRungs(n, func(x float64) float64 { return logistic(8 * math.Log(x/32)).p }, rng), ThresholdConfig{Alpha: alpha})
		if err != nil {
			t.Fatal(err)
		}
		// At the rung 32 the probability is one half: a claim on either side of
		// it is false for a crossing just beyond.
		if lo, hi := f.bracket(); lo >= 32 || hi <= 32 {
			missed++
		}
	}
	atMost4Sigma(t, "bracket at a rung", missed, runs, alpha)
	if missed == 0 {
		t.Error("never missed: the test of the bracket tests nothing")
	}
}

func TestThresholdIntervalIsWhereTheDevianceIsAccepted(t *testing.T) {
	rng := rand.New(rand.NewPCG(64, 64))
	const alpha = 0.05
	z := -mathext.NormalQuantile(alpha / 2)
	for i := range 200 {
		c := curves[i%len(curves)]
		rungs := drawRungs(4+i%20, c.p, rng)
		f, err := newThresholdFit(rungs, ThresholdConfig{Alpha: alpha})
		if err != nil {
			t.Fatal(err)
		}
		fit, _ := FitThreshold(rungs, ThresholdConfig{Alpha: alpha})
		if !(fit.Lo <= fit.Location && fit.Location <= fit.Hi) {
			t.Fatalf("%s: %+v of %v", c.name, fit, rungs)
		}
		for x := 2.0; x < 1200; x *= 1.173 {
			if inside := x >= fit.Lo && x <= fit.Hi; inside != (f.deviance(math.Log(x)) <= z*z) {
				t.Errorf("%s: x=%v inside %v, deviance %v, %+v", c.name, x, inside, f.deviance(math.Log(x)), fit)
			}
		}
		if !fit.Separated && fit.Slope > 0 && !(math.Abs(f.deviance(math.Log(fit.Location))) <= 1e-6) {
			t.Errorf("%s: deviance %v at the best crossing", c.name, f.deviance(math.Log(fit.Location)))
		}
	}
}

func TestThresholdAtSeparation(t *testing.T) {
	pure := []Rung{{1, 0, 20}, {2, 0, 20}, {4, 20, 20}, {8, 20, 20}}
	fit, err := FitThreshold(pure, ThresholdConfig{Alpha: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	if !fit.Separated || !math.IsInf(fit.Slope, 1) || !(math.Abs(fit.Location-math.Sqrt(8)) <= 1e-12) ||
		fit.Lo > 2 || fit.Hi < 4 || fit.Lo < 1 || fit.Hi > 8 || fit.BracketLo != 2 || fit.BracketHi != 4 {
		t.Errorf("pure rungs: %+v", fit)
	}
	mixed := []Rung{{1, 0, 20}, {2, 6, 20}, {4, 20, 20}}
	fit, err = FitThreshold(mixed, ThresholdConfig{Alpha: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	if !fit.Separated || fit.Location != 2 || !(fit.Lo > 1 && fit.Lo <= 2 && fit.Hi > 2 && fit.Hi < 4) || fit.BracketLo != 1 || fit.BracketHi != 4 {
		t.Errorf("one mixed rung: %+v", fit)
	}
	few := []Rung{{1, 0, 2}, {2, 2, 2}}
	if fit, _ = FitThreshold(few, ThresholdConfig{Alpha: 0.01}); fit.Lo != 0 || !math.IsInf(fit.Hi, 1) {
		t.Errorf("two trials a rung: %+v", fit)
	}
}

func TestThresholdWithoutCrossing(t *testing.T) {
	none, _ := FitThreshold([]Rung{{1, 0, 30}, {2, 0, 30}}, ThresholdConfig{Alpha: 0.01})
	if !math.IsInf(none.Location, 1) || !math.IsInf(none.Hi, 1) || !(none.Lo > 1) || none.BracketLo != 2 {
		t.Errorf("failures only: %+v", none)
	}
	all, _ := FitThreshold([]Rung{{1, 30, 30}, {2, 30, 30}}, ThresholdConfig{Alpha: 0.01})
	if all.Location != 0 || all.Lo != 0 || !(all.Hi < 2) || all.BracketHi != 1 {
		t.Errorf("successes only: %+v", all)
	}
}

func TestThresholdMirror(t *testing.T) {
	up := []Rung{{1, 1, 20}, {2, 4, 20}, {4, 9, 20}, {8, 18, 20}}
	down := make([]Rung, len(up))
	for i, r := range up {
		down[i] = Rung{X: r.X, Successes: r.Trials - r.Successes, Trials: r.Trials}
	}
	a, _ := FitThreshold(up, ThresholdConfig{Alpha: 0.05, Level: 0.3})
	b, _ := FitThreshold(down, ThresholdConfig{Alpha: 0.05, Level: 0.7, Decreasing: true})
	if !(math.Abs(a.Location/b.Location-1) <= 1e-9) || !(math.Abs(a.Lo/b.Lo-1) <= 1e-9) || !(math.Abs(a.Hi/b.Hi-1) <= 1e-9) || a.BracketLo != b.BracketLo {
		t.Errorf("%+v against mirrored %+v", a, b)
	}
}

func TestModelPSeesASkewCurve(t *testing.T) {
	rng := rand.New(rand.NewPCG(65, 65))
	skew, _ := FitThreshold(drawRungs(3000, curves[5].p, rng), ThresholdConfig{Alpha: 0.05})
	logit, _ := FitThreshold(drawRungs(3000, curves[0].p, rng), ThresholdConfig{Alpha: 0.05})
	if skew.ModelP > 1e-6 || logit.ModelP < 1e-3 {
		t.Errorf("p-values %v for a skew curve and %v for a logistic one", skew.ModelP, logit.ModelP)
	}
}

func TestThresholdRefusesBadInput(t *testing.T) {
	good := []Rung{{1, 0, 5}, {2, 5, 5}}
	for name, c := range map[string]struct {
		rungs []Rung
		cfg   ThresholdConfig
	}{
		"one rung":    {good[:1], ThresholdConfig{Alpha: 0.1}},
		"descending":  {[]Rung{{2, 0, 5}, {1, 5, 5}}, ThresholdConfig{Alpha: 0.1}},
		"zero x":      {[]Rung{{0, 0, 5}, {1, 5, 5}}, ThresholdConfig{Alpha: 0.1}},
		"no trials":   {[]Rung{{1, 0, 0}, {2, 5, 5}}, ThresholdConfig{Alpha: 0.1}},
		"too many":    {[]Rung{{1, 6, 5}, {2, 5, 5}}, ThresholdConfig{Alpha: 0.1}},
		"no alpha":    {good, ThresholdConfig{}},
		"wrong level": {good, ThresholdConfig{Alpha: 0.1, Level: 1}},
	} {
		if _, err := FitThreshold(c.rungs, c.cfg); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
}

func ExampleFitThreshold() {
	rungs := []Rung{{16, 0, 40}, {32, 6, 40}, {64, 35, 40}, {128, 40, 40}}
	fit, _ := FitThreshold(rungs, ThresholdConfig{Alpha: 0.01})
	fmt.Printf("%.0f in [%.0f, %.0f], between %.0f and %.0f if monotone\n", fit.Location, fit.Lo, fit.Hi, fit.BracketLo, fit.BracketHi)
	// Output: 44 in [38, 52], between 32 and 64 if monotone
}
