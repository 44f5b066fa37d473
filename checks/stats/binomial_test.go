package stats

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigMixture sums the positive series of int_0^p u^x (1-u)^y du / (p p^x (1-p)^y)
// = (1-p)/(x+1) * sum_k (x+y+2)_k/(x+2)_k p^k in 200-bit arithmetic; no formula
// is shared with logMixture.
func bigMixture(x, y int, p float64) float64 {
	const prec = 200
	f := func(v float64) *big.Float { return new(big.Float).SetPrec(prec).SetFloat64(v) }
	term, sum, bp := f(1), f(1), f(p)
	for k := 0; k < 5_000_000; k++ {
		term.Mul(term, f(float64(x+y+2+k)))
		term.Quo(term, f(float64(x+2+k)))
		term.Mul(term, bp)
		sum.Add(sum, term)
		if term.MantExp(nil) < sum.MantExp(nil)-70 {
			break
		}
	}
	sum.Mul(sum, new(big.Float).SetPrec(prec).Sub(f(1), bp))
	sum.Quo(sum, f(float64(x+1)))
	exp := sum.MantExp(nil)
	m, _ := new(big.Float).SetMantExp(sum, -exp).Float64()
	return math.Log(m) + float64(exp)*math.Ln2
}

func TestLogMixtureAgainstBig(t *testing.T) {
	for _, c := range []struct {
		x, y int
		p    float64
	}{
		{0, 0, 0.5}, {0, 228, 0.05}, {1, 0, 0.05}, {3, 50, 0.05}, {50, 3, 0.05}, {5, 95, 0.05},
		{0, 1000, 1e-9}, {1, 0, 1e-9}, {1, 1_000_000, 1e-9}, {20, 100, 1e-9},
		{0, 10_000, 0.3}, {3000, 7000, 0.3}, {2900, 7100, 0.3}, {2500, 7500, 0.3}, {10_000, 0, 0.3},
		{1000, 1, 0.999}, {999, 1, 0.999}, {0, 5, 0.9999}, {5, 0, 0.9999},
		{100_000, 0, 0.01}, {1_000_000, 10, 0.5}, {1_000_000, 30, 0.001}, {60_000, 60_100, 0.5}, {59_000, 61_000, 0.5}, {1_000_000, 1_002_000, 0.5}, {1_000_000, 998_000, 0.5},
	} {
		want := bigMixture(c.x, c.y, c.p)
		got := LogEFor(c.x, c.x+c.y, c.p)
		if !(math.Abs(got-want) <= 1e-10*math.Max(1, math.Abs(want))) {
			t.Errorf("LogEFor(%d of %d, %g) = %.15g, series gives %.15g", c.x, c.x+c.y, c.p, got, want)
		}
	}
}

func Test228CleanTrials(t *testing.T) {
	b, err := NewBinomial(0.05, 1e-4)
	if err != nil {
		t.Fatal(err)
	}
	for b.Decision() == Undecided && b.Trials() < 1000 {
		b.Add(false)
	}
	if b.Decision() != Holds || b.DecidedAt() != 228 {
		t.Errorf("%v after %d clean trials, want HOLDS after 228", b.Decision(), b.DecidedAt())
	}
}

func ExampleBinomial() {
	b, _ := NewBinomial(0.05, 1e-4)
	for b.Decision() == Undecided {
		b.Add(false)
	}
	fmt.Println(b.Decision(), "after", b.Trials(), "clean trials")
	// Output: HOLDS after 228 clean trials
}

// TestFalseDecisionsExact walks the law of the stopped test, trial by trial: no
// simulation noise, a look after each of thousands of trials.
func TestFalseDecisionsExact(t *testing.T) {
	for _, c := range []struct{ delta, alpha float64 }{
		{0.05, 1e-4}, {0.05, 0.05}, {0.3, 0.01}, {0.5, 0.1}, {0.01, 1e-3}, {0.95, 0.01}, {1e-9, 0.05},
	} {
		for _, f := range []float64{0, 0.5, 0.9, 1, 1.1, 2, 10} {
			q := math.Min(1, f*c.delta)
			holds, refuted := binomialDecides(3000, c.delta, c.alpha, q)
			if q <= c.delta && refuted > c.alpha {
				t.Errorf("delta=%g alpha=%g q=%g: refuted with probability %g", c.delta, c.alpha, q, refuted)
			}
			if q >= c.delta && holds > c.alpha {
				t.Errorf("delta=%g alpha=%g q=%g: holds with probability %g", c.delta, c.alpha, q, holds)
			}
		}
	}
}

// TestFalseDecisionsSimulated runs Binomial itself and compares it with the
// exact law, at alpha and in the way the engine uses it.
func TestFalseDecisionsSimulated(t *testing.T) {
	const delta, alpha, runs, maxN = 0.2, 0.1, 2000, 200
	for _, q := range []float64{0.1, 0.2, 0.3} {
		rng := rand.New(rand.NewPCG(7, uint64(1000*q)))
		var holds, refuted int
		for range runs {
			b, _ := NewBinomial(delta, alpha)
			for b.Decision() == Undecided && b.Trials() < maxN {
				b.Add(rng.Float64() < q)
			}
			switch b.Decision() {
			case Holds:
				holds++
			case Refuted:
				refuted++
			}
		}
		wantH, wantR := binomialDecides(maxN, delta, alpha, q)
		within4Sigma(t, fmt.Sprintf("q=%g holds", q), holds, runs, wantH)
		within4Sigma(t, fmt.Sprintf("q=%g refuted", q), refuted, runs, wantR)
	}
}

func within4Sigma(t *testing.T, what string, count, runs int, p float64) {
	t.Helper()
	got := float64(count) / float64(runs)
	if !(math.Abs(got-p) <= 4*math.Sqrt(p*(1-p)/float64(runs))+1e-12) {
		t.Errorf("%s: frequency %.4f, expected %.4f", what, got, p)
	}
}

// atMost4Sigma fails when a frequency is above p by more than four deviations.
func atMost4Sigma(t *testing.T, what string, count, runs int, p float64) {
	t.Helper()
	got := float64(count) / float64(runs)
	if got > p+4*math.Sqrt(p*(1-p)/float64(runs)) {
		t.Errorf("%s: frequency %.4f, at most %.4f expected", what, got, p)
	}
}

func TestEProcessesAverageToOne(t *testing.T) {
	// Under q = delta both are martingales: the exact mean over x is one.
	for _, delta := range []float64{0.01, 0.3, 0.8} {
		for _, n := range []int{1, 7, 100} {
			var sumFor, sumAgainst float64
			for x := 0; x <= n; x++ {
				p := math.Exp(logBinomialPMF(x, n, prob(delta)))
				sumFor += p * math.Exp(LogEFor(x, n, delta))
				sumAgainst += p * math.Exp(LogEAgainst(x, n, delta))
			}
			if !(math.Abs(sumFor-1) <= 1e-11) || !(math.Abs(sumAgainst-1) <= 1e-11) {
				t.Errorf("delta=%g n=%d: means %v and %v, want 1", delta, n, sumFor, sumAgainst)
			}
		}
	}
}

func TestBinomialEdges(t *testing.T) {
	never, _ := NewBinomial(0, 1e-6)
	if d := never.AddCounts(1_000_000, 0); d != Undecided {
		t.Errorf("delta=0 after clean trials: %v", d)
	}
	if d := never.Add(true); d != Refuted || never.PAgainst() != 0 {
		t.Errorf("delta=0 after a violation: %v, p=%v", d, never.PAgainst())
	}
	if d := never.AddCounts(100_000, 0); d != Refuted {
		t.Errorf("decision not kept: %v", d)
	}
	always, _ := NewBinomial(1, 1e-6)
	if d := always.AddCounts(1000, 1000); d != Undecided {
		t.Errorf("delta=1 after violations only: %v", d)
	}
	if d := always.Add(false); d != Holds {
		t.Errorf("delta=1 after a clean trial: %v", d)
	}
	for _, bad := range []struct{ delta, alpha float64 }{{-1, 0.1}, {math.NaN(), 0.1}, {0.1, 0}, {0.1, 1}, {0.1, math.NaN()}} {
		if _, err := NewBinomial(bad.delta, bad.alpha); err == nil {
			t.Errorf("NewBinomial(%v, %v) accepted", bad.delta, bad.alpha)
		}
	}
	// Continuity at the edge: delta -> 0 tends to the limit used at 0.
	if got, want := LogEFor(3, 10, 1e-12), LogEFor(3, 10, 0); !(math.Abs(got-want) <= 1e-9) {
		t.Errorf("LogEFor at delta=1e-12 is %v, limit %v", got, want)
	}
}

func TestExtremeCountsStayFinite(t *testing.T) {
	for _, delta := range []float64{1e-9, 1e-4, 0.5, 1 - 1e-9} {
		for _, n := range []int{1, 1_000_000} {
			for _, x := range []int{0, 1, n / 2, n - 1, n} {
				f, a := LogEFor(x, n, delta), LogEAgainst(x, n, delta)
				if math.IsNaN(f) || math.IsNaN(a) || math.IsInf(f, 0) || math.IsInf(a, 0) {
					t.Errorf("delta=%g %d of %d: log e %v, %v", delta, x, n, f, a)
				}
			}
		}
	}
}

func TestBinomialCSCoversAtAllTimes(t *testing.T) {
	const alpha, runs, maxN = 0.1, 2000, 400
	for _, q := range []float64{0.02, 0.5} {
		rng := rand.New(rand.NewPCG(9, uint64(100*q)))
		missed := 0
		for range runs {
			x := 0
			for n := 1; n <= maxN; n++ {
				if rng.Float64() < q {
					x++
				}
				// q is outside exactly when its mixture ratio reaches 1/alpha.
				if logBinomialPMF(x, n, prob(q))+math.Log(float64(n)+1) <= math.Log(alpha) {
					missed++
					break
				}
			}
		}
		atMost4Sigma(t, fmt.Sprintf("q=%g", q), missed, runs, alpha)
	}
	for _, c := range [][2]int{{0, 0}, {0, 50}, {7, 50}, {50, 50}} {
		lo, hi := BinomialCS(c[0], c[1], alpha)
		level := math.Log(alpha) - math.Log(float64(c[1])+1)
		if lo > 0 && !(math.Abs(logBinomialPMF(c[0], c[1], prob(lo))-level) <= 1e-8) {
			t.Errorf("%v: lower end %v", c, lo)
		}
		if hi < 1 && !(math.Abs(logBinomialPMF(c[0], c[1], prob(hi))-level) <= 1e-8) {
			t.Errorf("%v: upper end %v", c, hi)
		}
	}
}

func TestPValuesAreRunningSuprema(t *testing.T) {
	b, _ := NewBinomial(0.1, 1e-3)
	for range 60 {
		b.Add(false)
	}
	p := b.PFor()
	for range 40 {
		b.Add(true)
	}
	if b.PFor() != p {
		t.Errorf("PFor rose from %v to %v", p, b.PFor())
	}
	if !(math.Abs(math.Log(p)+LogEFor(0, 60, 0.1)) <= 1e-12) || b.PAgainst() >= 1e-3 || b.Decision() != Refuted {
		t.Errorf("p=%v, against=%v, %v", p, b.PAgainst(), b.Decision())
	}
}

func ExampleBinomialCS() {
	lo, hi := BinomialCS(5, 10, 0.05)
	fmt.Printf("[%.4f, %.4f]\n", lo, hi)
	// Output: [0.1292, 0.8708]
}
