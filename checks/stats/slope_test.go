package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

var ladder = []float64{32, 64, 128, 256, 512, 1024}

// noise is a positive factor that multiplies a power law.
type noise struct {
	name string
	draw func(*rand.Rand) float64
}

var noises = []noise{
	{"log-normal 0.3", func(r *rand.Rand) float64 { return math.Exp(0.3 * r.NormFloat64()) }},
	{"log-normal 1", func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) }},
	{"exponential", func(r *rand.Rand) float64 { return r.ExpFloat64() + 1e-12 }},
	{"chi-squared 4", func(r *rand.Rand) float64 { return r.ExpFloat64() + r.ExpFloat64() }},
	{"abs normal", func(r *rand.Rand) float64 { return math.Abs(r.NormFloat64()) + 1e-12 }},
}

// powerLaw draws trials of the ladder with the given slope, with a common factor
// within each trial that makes its rungs dependent.
func powerLaw(trials int, slope float64, draw func(*rand.Rand) float64, rng *rand.Rand) *mat.Dense {
	y := mat.NewDense(trials, len(ladder), nil)
	for t := range trials {
		common := math.Exp(0.3 * rng.NormFloat64())
		for l, size := range ladder {
			y.Set(t, l, common*math.Pow(size, slope)*draw(rng))
		}
	}
	return y
}

func (s Slope) misses(exponent float64) bool { return s.Lo > exponent || s.Hi < exponent }

// TestSlopeCoverage guards the coverage that the comment of FitSlope reports from
// longer runs. At alpha = 0.001 its 2,000 runs see only gross failures.
func TestSlopeCoverage(t *testing.T) {
	for _, c := range []struct {
		response Response
		alpha    float64
		runs     int
		factor   float64 // allowed on alpha for what is not exact
	}{
		{GeometricResponse, 0.05, 1000, 1.1},
		{GeometricResponse, 1e-3, 2000, 1.2},
		{MeanResponse, 0.05, 1000, 1.2},
		{MeanResponse, 1e-3, 2000, 1.4},
		{MedianResponse, 0.05, 100, 1},
	} {
		for _, trials := range []int{8, 30} {
			for _, n := range noises {
				rng := rand.New(rand.NewPCG(31, uint64(trials)))
				missed := 0
				for range c.runs {
					s, err := FitSlope(ladder, powerLaw(trials, -0.5, n.draw, rng),
						SlopeConfig{Response: c.response, Alpha: c.alpha, Rand: rng, Resamples: 60})
					if err != nil {
						t.Fatal(err)
					}
					if s.misses(-0.5) {
						missed++
					}
				}
				atMost4Sigma(t, fmt.Sprintf("%v of %d, %s, alpha=%g", c.response, trials, n.name, c.alpha), missed, c.runs, c.factor*c.alpha)
			}
		}
	}
}

// TestSlopeTrialsForDetects: an exponent off by 0.1 is found out at the number of
// trials that SlopeTrialsFor says, with the power promised, and not with much
// more.
func TestSlopeTrialsForDetects(t *testing.T) {
	const off, alpha, runs, sigma = 0.1, 1e-3, 800, 0.3
	sd, err := SlopeNoise(ladder, sigma)
	if err != nil {
		t.Fatal(err)
	}
	for _, power := range []float64{0.5, 0.9} {
		n, err := SlopeTrialsFor(off, sd, alpha, power, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(41, uint64(n)))
		found := 0
		for range runs {
			s, err := FitSlope(ladder, powerLaw(n, -0.5, noises[0].draw, rng), SlopeConfig{Response: GeometricResponse, Alpha: alpha})
			if err != nil {
				t.Fatal(err)
			}
			if s.AtMost(-0.5-off) == Refuted {
				found++
			}
		}
		within4Sigma(t, fmt.Sprintf("found out of %d trials", n), found, runs, studentPower(n, off/sd, alpha))
		if p := studentPower(n, off/sd, alpha); p < power || studentPower(n-1, off/sd, alpha) >= power {
			t.Errorf("%d trials have power %v, want the first of %v", n, p, power)
		}
		if d := SlopeDetectable(n, sd, alpha, power); d > off || d < 0.8*off {
			t.Errorf("%d trials detect %v, want a little less than %v", n, d, off)
		}
	}
}

func TestStudentPowerAtZeroIsHalfAlpha(t *testing.T) {
	for _, n := range []int{2, 3, 8, 100, 2000} {
		for _, alpha := range []float64{0.1, 1e-2, 1e-5} {
			if p := studentPower(n, 0, alpha); math.Abs(p/(alpha/2)-1) > 1e-6 {
				t.Errorf("n=%d alpha=%g: power %v at no effect, want %v", n, alpha, p, alpha/2)
			}
		}
	}
}

func TestExactPowerLaw(t *testing.T) {
	y := mat.NewDense(3, len(ladder), nil)
	for i := range 3 {
		for l, size := range ladder {
			y.Set(i, l, 7*math.Pow(size, -1.5))
		}
	}
	for _, r := range []Response{MeanResponse, MedianResponse, GeometricResponse} {
		s, err := FitSlope(ladder, y, SlopeConfig{Response: r, Alpha: 0.01, Rand: rand.New(rand.NewPCG(1, 1))})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(s.Exponent+1.5) > 1e-12 || s.Hi-s.Lo > 1e-10 || math.Abs(math.Exp(s.Intercept)-7) > 1e-10 || s.MaxResidual > 1e-12 {
			t.Errorf("%v: %+v", r, s)
		}
		if s.Equals(-1.5, 1e-6) != Holds || s.AtMost(-1.4) != Holds || s.AtMost(-1.6) != Refuted || s.Equals(-1, 0.1) != Refuted {
			t.Errorf("%v: wrong decisions for %+v", r, s)
		}
	}
}

func TestBentLadderShowsInResiduals(t *testing.T) {
	y := mat.NewDense(2, len(ladder), nil)
	for i := range 2 {
		for l, size := range ladder {
			y.Set(i, l, math.Exp(size/300))
		}
	}
	s, err := FitSlope(ladder, y, SlopeConfig{Response: GeometricResponse, Alpha: 0.01})
	if err != nil || s.MaxResidual < 0.3 {
		t.Errorf("residual %v of an exponential, %v", s.MaxResidual, err)
	}
}

func TestSlopeRefusesBadInput(t *testing.T) {
	good := mat.NewDense(2, 2, []float64{1, 2, 3, 4})
	for name, f := range map[string]func() error{
		"descending sizes": func() error { _, e := FitSlope([]float64{2, 1}, good, SlopeConfig{Alpha: 0.1}); return e },
		"one size":         func() error { _, e := FitSlope([]float64{2}, good, SlopeConfig{Alpha: 0.1}); return e },
		"negative size":    func() error { _, e := FitSlope([]float64{-2, 1}, good, SlopeConfig{Alpha: 0.1}); return e },
		"rungs":            func() error { _, e := FitSlope([]float64{1, 2, 3}, good, SlopeConfig{Alpha: 0.1}); return e },
		"one trial":        func() error { _, e := TrialSlopes([]float64{1, 2}, good.Slice(0, 1, 0, 2)); return e },
		"zero": func() error {
			_, e := FitSlope([]float64{1, 2}, mat.NewDense(2, 2, []float64{1, 2, 0, 4}), SlopeConfig{Alpha: 0.1})
			return e
		},
		"not a number": func() error {
			_, e := TrialSlopes([]float64{1, 2}, mat.NewDense(2, 2, []float64{1, 2, math.NaN(), 4}))
			return e
		},
		"no alpha": func() error { _, e := FitSlope([]float64{1, 2}, good, SlopeConfig{}); return e },
		"no stream": func() error {
			_, e := FitSlope([]float64{1, 2}, good, SlopeConfig{Alpha: 0.1, Response: MedianResponse})
			return e
		},
		"response": func() error { _, e := FitSlope([]float64{1, 2}, good, SlopeConfig{Alpha: 0.1, Response: 9}); return e },
		"distance": func() error { _, e := SlopeTrialsFor(0, 1, 0.1, 0.9, 100); return e },
		"too few":  func() error { _, e := SlopeTrialsFor(0.001, 1, 0.1, 0.9, 100); return e },
	} {
		if f() == nil {
			t.Errorf("%s accepted", name)
		}
	}
}

func TestBounded(t *testing.T) {
	draw := noises[0].draw
	cfg := BoundedConfig{SlopeConfig: SlopeConfig{Response: GeometricResponse, Alpha: 0.01}}
	const runs = 400
	sd, err := SlopeNoise(ladder, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	trials, err := SlopeTrialsFor(0.05, sd, 0.01, 0.97, 1000) // 0.05 is the default tolerance
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		drift float64
		want  Trend
	}{{0, Stays}, {-0.3, Stays}, {0.2, Drifts}} {
		rng := rand.New(rand.NewPCG(51, 52))
		got := 0
		for range runs {
			b, err := FitBounded(ladder, powerLaw(trials, c.drift, draw, rng), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if b.Trend == c.want {
				got++
			}
		}
		if got < runs*95/100 {
			t.Errorf("drift %v: %v in %d of %d runs", c.drift, c.want, got, runs)
		}
	}
	if _, err := FitBounded(ladder, powerLaw(5, 0, draw, rand.New(rand.NewPCG(1, 1))),
		BoundedConfig{SlopeConfig: cfg.SlopeConfig, FitRungs: len(ladder)}); err == nil {
		t.Error("no rung held out")
	}
}

func TestBoundedSeesAHeldOutJump(t *testing.T) {
	y := mat.NewDense(2, 4, []float64{1, 2, 1, 3, 1, 2, 1, 3})
	b, err := FitBounded([]float64{1, 2, 4, 8}, y, BoundedConfig{SlopeConfig: SlopeConfig{Response: GeometricResponse, Alpha: 0.01}, Drift: 10})
	if err != nil || math.Abs(b.C-2) > 1e-12 || math.Abs(b.HeldOut-3) > 1e-12 || b.FitRungs != 2 || b.Trend != Drifts {
		t.Errorf("%+v, %v", b, err)
	}
}

func ExampleFitSlope() {
	sizes := []float64{64, 128, 256, 512}
	y := mat.NewDense(2, 4, []float64{
		8, 4.1, 2, 1,
		8, 3.9, 2, 1,
	})
	s, _ := FitSlope(sizes, y, SlopeConfig{Response: GeometricResponse, Alpha: 0.05})
	fmt.Printf("%.2f, at most -1/2: %v\n", s.Exponent, s.AtMost(-0.5))
	// Output: -1.00, at most -1/2: HOLDS
}

func ExampleFitBounded() {
	ratio := mat.NewDense(3, 4, []float64{
		1.0, 1.1, 1.0, 1.0,
		1.1, 1.0, 1.0, 1.0,
		1.0, 1.0, 1.1, 1.0,
	})
	b, _ := FitBounded([]float64{10, 100, 1000, 10000}, ratio, BoundedConfig{SlopeConfig: SlopeConfig{Alpha: 0.05}})
	fmt.Printf("C = %.2f, held out %.2f, %v\n", b.C, b.HeldOut, b.Trend)
	// Output: C = 1.03, held out 1.03, ok
}
