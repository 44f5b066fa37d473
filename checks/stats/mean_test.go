package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var laws = map[string]struct {
	mean, sd float64
	draw     func(*rand.Rand) float64
}{
	"normal":      {0, 1, func(r *rand.Rand) float64 { return r.NormFloat64() }},
	"uniform":     {0.5, math.Sqrt(1.0 / 12), func(r *rand.Rand) float64 { return r.Float64() }},
	"exponential": {1, 1, func(r *rand.Rand) float64 { return r.ExpFloat64() }},
	"lognormal":   {math.Exp(0.125), math.Sqrt(math.Expm1(0.25)) * math.Exp(0.125), func(r *rand.Rand) float64 { return math.Exp(0.5 * r.NormFloat64()) }},
	"rare":        {0.02, 0.14, func(r *rand.Rand) float64 { return indicator(r.Float64() < 0.02) }},
	"fair coin":   {0.5, 0.5, func(r *rand.Rand) float64 { return indicator(r.Float64() < 0.5) }},
	"skew beta":   {1.0 / 3, math.Sqrt(4.0 / 45), func(r *rand.Rand) float64 { u := r.Float64(); return u * u }},
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// excludes reports whether a candidate mean lies outside the interval, by the
// capitals themselves where there are some: faster than searching for its ends.
func excludes(m *MeanCS, mean float64) bool {
	if m.Kind() != Betting {
		lo, hi := m.Interval()
		return mean < lo || mean > hi
	}
	r, level := *m.cfg.Range, math.Log(2/m.cfg.Alpha)
	c := (mean - r[0]) / (r[1] - r[0])
	return c > 0 && m.capitalAbove(c) >= level || c < 1 && m.capitalBelow(c) >= level
}

// everMissed reports whether the sequence misses the mean at any look.
func everMissed(t *testing.T, cfg MeanConfig, law string, maxN int, rng *rand.Rand) bool {
	m, err := NewMeanCS(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l := laws[law]
	for range maxN {
		if err := m.Add(l.draw(rng)); err != nil {
			t.Fatal(err)
		}
		if excludes(m, l.mean) {
			return true
		}
	}
	return false
}

func TestMeanCSCoversAtAllTimes(t *testing.T) {
	unit := &[2]float64{0, 1}
	for _, c := range []struct {
		law    string
		alpha  float64
		rng    *[2]float64
		runs   int
		factor float64 // allowed on alpha: 1 where the guarantee is exact
	}{
		{"uniform", 0.1, unit, 250, 1},
		{"rare", 0.1, unit, 250, 1},
		{"fair coin", 0.1, unit, 250, 1},
		{"skew beta", 0.1, unit, 250, 1},
		{"normal", 0.1, nil, 3000, 1},
		{"normal", 0.001, nil, 3000, 1},
		{"uniform", 0.01, nil, 3000, 1},
		{"exponential", 0.1, nil, 3000, 1},
		{"exponential", 0.01, nil, 3000, 1.5},
		{"lognormal", 0.01, nil, 3000, 1.5},
		{"rare", 0.1, nil, 3000, 1},
	} {
		rng := rand.New(rand.NewPCG(11, 12))
		missed := 0
		for range c.runs {
			if everMissed(t, MeanConfig{Alpha: c.alpha, Range: c.rng}, c.law, 200, rng) {
				missed++
			}
		}
		atMost4Sigma(t, fmt.Sprintf("%s alpha=%g bounded=%v", c.law, c.alpha, c.rng != nil), missed, c.runs, c.factor*c.alpha)
	}
}

func TestTMixtureIsAMartingale(t *testing.T) {
	// For normal data the factor exp(log E) behind the half width has mean one at
	// any n; E = 1/alpha exactly at the end of the interval.
	const rho2, alpha = 0.05, 0.01
	for _, n := range []int{30, 100, 1000} {
		g := float64(n) * rho2
		w := tMixtureHalfWidth(n, rho2, alpha)
		u := w * w * float64(n) / float64(n-1)
		logE := -0.5*math.Log1p(g) + float64(n)/2*math.Log((1+u)/(1+u/(1+g)))
		if !(math.Abs(logE+math.Log(alpha)) <= 1e-9) {
			t.Errorf("n=%d: log E at the end is %v, want %v", n, logE, -math.Log(alpha))
		}
	}
	var sum float64
	const runs, n = 40_000, 5
	rng := rand.New(rand.NewPCG(13, 14))
	x := make([]float64, n)
	for range runs {
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		mean, sd := meanSD(x)
		g, u := n*rho2, mean*mean*n/(sd*sd*(n-1))
		sum += math.Pow((1+u)/(1+u/(1+g)), n/2.0) / math.Sqrt(1+g)
	}
	if !(math.Abs(sum/runs-1) <= 0.01) {
		t.Errorf("mean of E is %v, want 1", sum/runs)
	}
}

func TestBettingEnds(t *testing.T) {
	m, _ := NewMeanCS(MeanConfig{Alpha: 0.05, Range: &[2]float64{-1, 3}})
	if lo, hi := m.Interval(); lo != -1 || hi != 3 {
		t.Errorf("without data [%v,%v]", lo, hi)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		if err := m.Add(-1 + 4*rng.Float64()); err != nil {
			t.Fatal(err)
		}
	}
	lo, hi := m.Interval()
	if !(lo < m.Mean() && m.Mean() < hi && hi-lo < 1) {
		t.Errorf("[%v,%v] around %v", lo, hi, m.Mean())
	}
	const eps = 1e-9
	if !excludes(m, lo-eps) || excludes(m, lo+eps) || excludes(m, hi-eps) || !excludes(m, hi+eps) {
		t.Error("the capitals and their interval disagree")
	}
	for range 200 {
		_ = m.Add(3)
	}
	if _, hi := m.Interval(); hi > 3 {
		t.Errorf("upper end %v outside the range", hi)
	}
}

func TestMeanRefusesBadInput(t *testing.T) {
	for _, cfg := range []MeanConfig{{}, {Alpha: 2}, {Alpha: 0.1, Range: &[2]float64{1, 0}},
		{Alpha: 0.1, Range: &[2]float64{0, math.Inf(1)}}, {Alpha: 0.1, Planned: -1}} {
		if _, err := NewMeanCS(cfg); err == nil {
			t.Errorf("%+v accepted", cfg)
		}
	}
	m, _ := NewMeanCS(MeanConfig{Alpha: 0.1, Range: &[2]float64{0, 1}})
	for _, x := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		if m.Add(x) == nil || m.N() != 0 {
			t.Errorf("value %v accepted", x)
		}
	}
}

func TestConstantUnboundedDataDecideNothing(t *testing.T) {
	m, _ := NewMeanCS(MeanConfig{Alpha: 0.1})
	for range 100 {
		_ = m.Add(0)
	}
	if lo, hi := m.Interval(); !math.IsInf(lo, -1) || !math.IsInf(hi, 1) {
		t.Errorf("zeros only: [%v, %v], but a rare large value may be to come", lo, hi)
	}
}

func TestMomentsMatchTwoPasses(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	m, _ := NewMeanCS(MeanConfig{Alpha: 0.1})
	x := make([]float64, 500)
	for i := range x {
		x[i] = 1e3 + rng.ExpFloat64()
		_ = m.Add(x[i])
	}
	mean, sd := meanSD(x)
	var m3 float64
	for _, v := range x {
		m3 += (v - mean) * (v - mean) * (v - mean)
	}
	if !(math.Abs(m.Mean()-mean) <= 1e-10) || !(math.Abs(m.SD()-sd) <= 1e-9) || !(math.Abs(m.m3/m3-1) <= 1e-7) {
		t.Errorf("moments %v %v %v, two passes give %v %v %v", m.Mean(), m.SD(), m.m3, mean, sd, m3)
	}
}

func ExampleMeanCS() {
	m, _ := NewMeanCS(MeanConfig{Alpha: 0.01, Range: &[2]float64{0, 1}})
	for i := range 400 {
		_ = m.Add(float64(i%4) / 4) // 0, 1/4, 1/2, 3/4, ...: mean 3/8
	}
	lo, hi := m.Interval()
	fmt.Printf("%s: mean in [%.3f, %.3f]\n", m.Kind(), lo, hi)
	// Output: betting: mean in [0.318, 0.425]
}

// TestMeanCSFindsWhatIsWrong: after so many trials at most a tenth of the
// sequences still hold a mean at the given distance.
func TestMeanCSFindsWhatIsWrong(t *testing.T) {
	const runs = 300
	for _, c := range []struct {
		law      string
		cfg      MeanConfig
		distance float64
		trials   int
	}{
		{"normal", MeanConfig{Alpha: 0.01}, 0.4, 160},
		{"exponential", MeanConfig{Alpha: 1e-3}, 0.3, 340},
		{"uniform", MeanConfig{Alpha: 0.01, Range: &[2]float64{0, 1}}, 0.1, 260},
		{"fair coin", MeanConfig{Alpha: 1e-3, Range: &[2]float64{0, 1}}, 0.2, 290},
		{"skew beta", MeanConfig{Alpha: 0.01, Range: &[2]float64{0, 1}}, 0.1, 260},
	} {
		l, rng, missed := laws[c.law], rand.New(rand.NewPCG(21, 22)), 0
		for range runs {
			m, _ := NewMeanCS(c.cfg)
			for range c.trials {
				_ = m.Add(l.draw(rng))
			}
			if !excludes(m, l.mean-c.distance) {
				missed++
			}
		}
		t.Logf("%s: %d of %d", c.law, missed, runs)
		if missed > runs/10 {
			t.Errorf("%s: after %d trials %d of %d sequences hold a mean off by %v", c.law, c.trials, missed, runs, c.distance)
		}
	}
}
