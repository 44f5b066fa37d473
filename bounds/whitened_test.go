package bounds_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"convergo/bounds"
)

// Diagonal matrices with independent entries 0 and 2: m times an entry over 2 is binomial. The levels hold, and the exact
// quantiles are within a few per cent.
func TestWhitenedBinomial(t *testing.T) {
	const n, m, delta = 500, 400, 0.1
	law := distuv.Binomial{N: m, P: 0.5}
	low, high := bounds.WhitenedLow(n, m, 2, delta), bounds.WhitenedHigh(n, m, 2, delta)
	within(t, "symmetric", 1-low, high-1, 1e-9)
	if fails := 1 - math.Pow(1-law.CDF(math.Floor(low*m/2)), n); fails > delta {
		t.Errorf("low %v fails with probability %v", low, fails)
	}
	sharper := 1 - (1-low)/1.2
	if fails := 1 - math.Pow(1-law.CDF(math.Floor(sharper*m/2)), n); fails <= delta {
		t.Errorf("low %v, sharpened by 1.2, fails with probability %v", sharper, fails)
	}
	within(t, "inverse", n*math.Exp(-m*bounds.BernoulliDivergence(low/2, 0.5)), delta, 1e-9)
	if got := bounds.WhitenedLow(n, 12, 2, delta); got != 0 {
		t.Errorf("12 neurons leave %v of 500 inputs", got)
	}
	if got := bounds.WhitenedHigh(n, 12, 2, delta); got != 2 {
		t.Errorf("12 neurons: high %v", got)
	}
	within(t, "radius 1", bounds.WhitenedLow(3, 1, 1, 0.5), 1, 1e-12)
	isNaN(t, map[string]float64{
		"radius": bounds.WhitenedLow(3, 1, 0.5, 0.5), "delta": bounds.WhitenedHigh(3, 1, 2, 0), "n": bounds.InvertibleWidth(0, 2, 0.5),
	})
}

func TestWhitenedAsymmetric(t *testing.T) {
	low, high := bounds.WhitenedLow(7, 900, 10, 0.05), bounds.WhitenedHigh(7, 900, 10, 0.05)
	level := math.Log(7/0.05) / 900
	within(t, "low", bounds.BernoulliDivergence(low/10, 0.1), level, 1e-9)
	within(t, "high", bounds.BernoulliDivergence(high/10, 0.1), level, 1e-9)
	if !(low < 1 && high > 1) {
		t.Errorf("levels %v and %v", low, high)
	}
}

func TestInvertibleWidth(t *testing.T) {
	within(t, "gates", bounds.InvertibleWidth(64, 2, 0.25), 8, 1e-12) // 64/2^8 = 1/4
	w := bounds.InvertibleWidth(5, 30, 0.1)
	within(t, "general", 5*math.Pow(1-1.0/30, w), 0.1, 1e-10)
	within(t, "radius 1", bounds.InvertibleWidth(5, 1, 0.1), 1, 0)
}
