package report

import (
	"math"
	"testing"

	"convergo/checks"
	"convergo/report/internal/synthetic"
)

func TestSourceOutcomes(t *testing.T) {
	s := synthetic.Small()
	s.Manifest.Sources[0].Year = 0 // a source without a year goes last
	out := SourceOutcomes(s)
	if len(out) != 2 || out[0].Source.Key != "arora2019" || out[1].Source.Key != "du2019" {
		t.Fatalf("sources %+v", out)
	}
	arora, du := out[0], out[1]
	if arora.Verdicts() != "1 HOLDS, 1 REFUTED, 1 UNDECIDED" || arora.Unfit != 2 || !math.IsNaN(arora.Detects) {
		t.Errorf("arora2019: %s, %d unfit, detects %g", arora.Verdicts(), arora.Unfit, arora.Detects)
	}
	if du.Verdicts() != "1 HOLDS, 1 VACUOUS" || du.Detects != 4 || du.Least != du.Most || !(math.Abs(du.Least-1.0827) <= 1e-4) {
		t.Errorf("du2019: %s, detects %g, slack %g to %g", du.Verdicts(), du.Detects, du.Least, du.Most)
	}
	if arora.Least != 0.4 || arora.Most != 50 {
		t.Errorf("arora2019: slack %g to %g, want 0.4 to 50", arora.Least, arora.Most)
	}
	if du.Name() != "Gradient Descent Provably Optimizes" || arora.Name() != "Sanjeev Arora, Simon Du: Fine-Grained Analysis (2019)" {
		t.Errorf("names %q and %q", du.Name(), arora.Name())
	}
}

func TestMedianFactor(t *testing.T) {
	factor := func(sizes ...float64) (ds []checks.Detect) {
		for _, v := range sizes {
			ds = append(ds, checks.Detect{Kind: checks.Factor, Size: checks.Float(v)})
		}
		return append(ds, checks.Detect{Kind: checks.Shift, Size: 0.01}, checks.Detect{Kind: checks.Factor, Size: checks.Float(math.NaN())})
	}
	for _, tc := range []struct {
		ds   []checks.Detect
		want string
	}{
		{factor(), "–"},
		{factor(1.0000003), "≤ ×1.0001"},
		{factor(1.00042), "×1.00042"},
		{factor(2, 1.04, 90), "×2"},
		{factor(1.04, 1.2, 2, 90), "×1.2"},
		{factor(math.Inf(1)), "nothing"},
	} {
		if got := FactorText(MedianFactor(tc.ds)); got != tc.want {
			t.Errorf("the median of %v prints as %s, want %s", tc.ds, got, tc.want)
		}
	}
}

// The least positive number is how a claim says that something must be
// positive.
func TestRequirement(t *testing.T) {
	for _, tc := range []struct {
		h    checks.Hypothesis
		want string
	}{
		{checks.Require("a", 0.5, checks.AtLeast, math.SmallestNonzeroFloat64), "> 0"},
		{checks.Require("a", -0.5, checks.AtMost, -math.SmallestNonzeroFloat64), "< 0"},
		{checks.Require("a", 0.5, checks.AtLeast, 0.25), "≥ 0.25"},
		{checks.Require("a", 3, checks.Equal, 3), "= 3"},
	} {
		if got := requirement(tc.h); got != tc.want {
			t.Errorf("requirement of %+v is %q, want %q", tc.h, got, tc.want)
		}
	}
}
