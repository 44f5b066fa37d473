package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// BoundedConfig says how "there is a constant C with observed <= C formula" is
// examined.
type BoundedConfig struct {
	SlopeConfig
	// FitRungs is the number of small rungs that fit C; the others are held out.
	// 0 means half of them, rounded up.
	FitRungs int
	// Margin is the factor by which a held-out response may exceed the fitted C,
	// for the noise of both; 0 means 1.25.
	Margin float64
	// Drift is the exponent up to which a drift counts as none, for ratios that
	// approach their limit from below; 0 means 0.05.
	Drift float64
}

// Trend is what the ratio does along the ladder.
type Trend int

const (
	// Unclear: the drift's interval neither stays below nor lies above the
	// tolerance.
	Unclear Trend = iota
	// Stays: the held-out ratios are within the margin of C, and the drift is
	// below the tolerance with confidence.
	Stays
	// Drifts: the drift is above the tolerance with confidence, or a held-out
	// rung exceeds C by more than the margin.
	Drifts
)

func (t Trend) String() string {
	switch t {
	case Stays:
		return "ok"
	case Drifts:
		return "drifts"
	}
	return "unclear"
}

// Bounded is the outcome of FitBounded.
type Bounded struct {
	// C is the largest response of the ratio on the small rungs.
	C float64
	// HeldOut is the largest response on the held-out rungs.
	HeldOut  float64
	FitRungs int
	// Drift is the exponent of the ratio in the size, over the whole ladder.
	Drift Slope
	Trend Trend
}

// FitBounded takes the ratio observed/formula of each trial (row) at each rung
// (column), fits the constant on the small rungs, tests it on the large ones and
// measures the drift of a typical trial, as FitSlope does. Only Drift.Lo and
// Drift.Hi carry the confidence 1-Alpha, whatever the noise; comparing HeldOut
// with C is a plain comparison of responses with a margin.
//
// No finite ladder proves a ratio bounded: Stays says that over these sizes it
// grows less than the tolerance allows.
func FitBounded(sizes []float64, ratio mat.Matrix, cfg BoundedConfig) (Bounded, error) {
	if cfg.FitRungs == 0 {
		cfg.FitRungs = (len(sizes) + 1) / 2
	}
	if cfg.Margin == 0 {
		cfg.Margin = 1.25
	}
	if cfg.Drift == 0 {
		cfg.Drift = 0.05
	}
	if cfg.FitRungs < 1 || cfg.FitRungs >= len(sizes) {
		return Bounded{}, fmt.Errorf("stats: %d of %d rungs to fit the constant leave none to test it, give a longer ladder", cfg.FitRungs, len(sizes))
	}
	if !(cfg.Margin >= 1) || !(cfg.Drift > 0) {
		return Bounded{}, fmt.Errorf("stats: margin %v must be at least 1 and drift tolerance %v positive", cfg.Margin, cfg.Drift)
	}
	drift, err := FitSlope(sizes, ratio, cfg.SlopeConfig)
	if err != nil {
		return Bounded{}, err
	}
	b := Bounded{Drift: drift, FitRungs: cfg.FitRungs}
	for l, r := range drift.Responses {
		if l < cfg.FitRungs {
			b.C = math.Max(b.C, r)
		} else {
			b.HeldOut = math.Max(b.HeldOut, r)
		}
	}
	switch {
	case drift.Lo > cfg.Drift || b.HeldOut > cfg.Margin*b.C:
		b.Trend = Drifts
	case drift.Hi <= cfg.Drift:
		b.Trend = Stays
	}
	return b, nil
}
