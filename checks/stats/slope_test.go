package stats

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"sort"
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

// slopeNoises are laws of the deviation of a pass's slope from its median: the
// promise of FitSlope is for any of them.
var slopeNoises = []noise{
	{"normal", func(r *rand.Rand) float64 { return 0.1 * r.NormFloat64() }},
	{"exponential", func(r *rand.Rand) float64 { return 0.1 * (r.ExpFloat64() - math.Ln2) }},
	{"log-normal 1", func(r *rand.Rand) float64 { return 0.1 * (math.Exp(r.NormFloat64()) - 1) }},
	{"log-normal 2", func(r *rand.Rand) float64 { return 0.1 * (math.Exp(2*r.NormFloat64()) - 1) }},
	{"Pareto 2.2", func(r *rand.Rand) float64 { return 0.1 * (math.Pow(1-r.Float64(), -1/2.2) - math.Pow(2, 1/2.2)) }},
	{"t3", func(r *rand.Rand) float64 {
		z := r.NormFloat64()
		return 0.1 * r.NormFloat64() / math.Sqrt((r.ExpFloat64()+z*z/2)/1.5)
	}},
	{"rare jumps", func(r *rand.Rand) float64 {
		v := 0.05 * r.NormFloat64()
		if r.Float64() < 0.05 { // a symmetric law but for one pass in twenty, which is off by far, either way
			v += math.Copysign(1, v)
		}
		return v
	}},
}

// passes draws passes with the slope of -1/2 plus noise, and noise on the rungs
// that the fit's contrast does not see, growing along the ladder.
func passes(trials int, draw func(*rand.Rand) float64, rng *rand.Rand) *mat.Dense {
	y := mat.NewDense(trials, len(ladder), nil)
	for t := range trials {
		slope, common := -0.5+math.Min(draw(rng), 50), math.Exp(0.3*rng.NormFloat64())
		for l, size := range ladder {
			y.Set(t, l, common*math.Pow(size, slope))
		}
	}
	return y
}

// TestSlopeCoverage: the interval misses the median slope with probability at
// most alpha, exactly, whatever the law; and it is bounded from MedianTrials on.
func TestSlopeCoverage(t *testing.T) {
	for _, alpha := range []float64{0.05, 0.0025} {
		least := MedianTrials(alpha)
		for _, trials := range []int{least, 3 * least} {
			for _, n := range slopeNoises {
				rng := rand.New(rand.NewPCG(31, uint64(trials)))
				const runs = 3000
				missed := 0
				for range runs {
					s, err := FitSlope(ladder, passes(trials, n.draw, rng), SlopeConfig{Alpha: alpha})
					if err != nil {
						t.Fatal(err)
					}
					if math.IsInf(s.Hi-s.Lo, 0) {
						t.Fatalf("%d trials do not bound the slope at alpha = %v", trials, alpha)
					}
					if s.misses(-0.5) {
						missed++
					}
				}
				atMost4Sigma(t, fmt.Sprintf("%s, %d trials, alpha=%g", n.name, trials, alpha), missed, runs, alpha)
			}
		}
		if s, err := FitSlope(ladder, passes(least-1, slopeNoises[0].draw, rand.New(rand.NewPCG(1, 1))), SlopeConfig{Alpha: alpha}); err != nil || !math.IsInf(s.Hi, 1) || !math.IsInf(s.Lo, -1) {
			t.Errorf("%d trials bound the slope at alpha = %v: [%v, %v], %v", least-1, alpha, s.Lo, s.Hi, err)
		}
	}
}

// TestSlopeIntervalIsOrderStatistics pins the ends: the ranks that the binomial
// law gives, by a count over all subsets of 12 fair coins.
func TestSlopeIntervalIsOrderStatistics(t *testing.T) {
	const n, alpha = 12, 0.05
	heads := make([]int, n+1)
	for set := range 1 << n {
		heads[bits.OnesCount(uint(set))]++
	}
	rank, below := 0, 0 // rank is the largest k with P(fewer than k heads) <= alpha/2
	for rank < n && float64(below+heads[rank])/(1<<n) <= alpha/2 {
		below += heads[rank]
		rank++
	}
	slopes := []float64{0.3, -1, 0.7, 2, -0.2, 0.1, 5, 0.9, -3, 0.4, 0.6, 1.5}
	y := mat.NewDense(n, len(ladder), nil)
	for i, b := range slopes {
		for l, size := range ladder {
			y.Set(i, l, math.Pow(size, b))
		}
	}
	s, err := FitSlope(ladder, y, SlopeConfig{Alpha: alpha})
	if err != nil {
		t.Fatal(err)
	}
	sort.Float64s(slopes)
	if !(math.Abs(s.Lo-slopes[rank-1]) <= 1e-12) || !(math.Abs(s.Hi-slopes[n-rank]) <= 1e-12) {
		t.Errorf("interval [%v, %v], the order statistics of rank %d are [%v, %v]", s.Lo, s.Hi, rank, slopes[rank-1], slopes[n-rank])
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
		s, err := FitSlope(ladder, y, SlopeConfig{Response: r, Alpha: 0.01, Fixed: true})
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(s.Exponent+1.5) <= 1e-12) || s.Hi-s.Lo > 1e-10 || !(math.Abs(math.Exp(s.Intercept)-7) <= 1e-10) || s.MaxResidual > 1e-12 {
			t.Errorf("%v: %+v", r, s)
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
		"one trial": func() error {
			_, e := FitSlope([]float64{1, 2}, good.Slice(0, 1, 0, 2), SlopeConfig{Alpha: 0.1})
			return e
		},
		"zero": func() error {
			_, e := FitSlope([]float64{1, 2}, mat.NewDense(2, 2, []float64{1, 2, 0, 4}), SlopeConfig{Alpha: 0.1})
			return e
		},
		"not a number": func() error {
			_, e := FitSlope([]float64{1, 2}, mat.NewDense(2, 2, []float64{1, 2, math.NaN(), 4}), SlopeConfig{Alpha: 0.1})
			return e
		},
		"no alpha": func() error { _, e := FitSlope([]float64{1, 2}, good, SlopeConfig{}); return e },
		"response": func() error { _, e := FitSlope([]float64{1, 2}, good, SlopeConfig{Alpha: 0.1, Response: 9}); return e },
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
	const trials = 200
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
	if err != nil || !(math.Abs(b.C-2) <= 1e-12) || !(math.Abs(b.HeldOut-3) <= 1e-12) || b.FitRungs != 2 || b.Trend != Drifts {
		t.Errorf("%+v, %v", b, err)
	}
}

func ExampleFitSlope() {
	sizes := []float64{64, 128, 256, 512}
	y := mat.NewDense(6, 4, nil)
	for t := range 6 {
		y.SetRow(t, []float64{8, 4 + 0.1*float64(t), 2, 1})
	}
	s, _ := FitSlope(sizes, y, SlopeConfig{Response: GeometricResponse, Alpha: 0.05})
	fmt.Printf("%.2f in [%.2f, %.2f]\n", s.Exponent, s.Lo, s.Hi)
	// Output: -1.01 in [-1.02, -1.00]
}

func ExampleFitBounded() {
	ratio := mat.NewDense(6, 4, nil)
	for t := range 6 {
		ratio.SetRow(t, []float64{1, 1, 1, 1})
		ratio.Set(t, t%3, 1.1)
	}
	b, _ := FitBounded([]float64{10, 100, 1000, 10000}, ratio, BoundedConfig{SlopeConfig: SlopeConfig{Alpha: 0.05}})
	fmt.Printf("C = %.2f, held out %.2f, %v\n", b.C, b.HeldOut, b.Trend)
	// Output: C = 1.03, held out 1.03, ok
}

// TestAgreeingTrialsAreNoPoint: two random trials of one slope bound nothing.
func TestAgreeingTrialsAreNoPoint(t *testing.T) {
	y := mat.NewDense(2, len(ladder), nil)
	for i := range 2 {
		for l, size := range ladder {
			y.Set(i, l, math.Pow(size, -1.5))
		}
	}
	if s, err := FitSlope(ladder, y, SlopeConfig{Alpha: 0.01}); err != nil || !math.IsInf(s.Lo, -1) || !math.IsInf(s.Hi, 1) {
		t.Errorf("two trials give [%v, %v], %v", s.Lo, s.Hi, err)
	}
}
