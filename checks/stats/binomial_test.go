package stats

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigMixture sums the positive series of int_0^p u^x (1-u)^y du / (p p^x (1-p)^y)
// = (1-p)/(x+1) * sum_k (x+y+2)_k/(x+2)_k p^k in 400-bit arithmetic; no formula
// is shared with logMixture.
func bigMixture(x, y int, p float64) float64 {
	const prec = 400
	f := func(v float64) *big.Float { return new(big.Float).SetPrec(prec).SetFloat64(v) }
	term, sum, bp := f(1), f(1), f(p)
	for k := 0; k < 50_000_000; k++ {
		term.Mul(term, f(float64(x+y+2+k)))
		term.Quo(term, f(float64(x+2+k)))
		term.Mul(term, bp)
		sum.Add(sum, term)
		if term.MantExp(nil) < sum.MantExp(nil)-80 {
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
		{1000, 1, 0.999}, {999, 1, 0.999}, {0, 5, 0.999999}, {5, 0, 0.999999},
		{100_000, 0, 0.01}, {1_000_000, 10, 0.5}, {1_000_000, 30, 0.001}, {60_000, 60_100, 0.5}, {59_000, 61_000, 0.5},
	} {
		want := bigMixture(c.x, c.y, c.p)
		got := LogEFor(c.x, c.x+c.y, c.p)
		if math.Abs(got-want) > 1e-10*math.Max(1, math.Abs(want)) {
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

var _ = rand.New
