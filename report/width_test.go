package report

import (
	"math"
	"testing"

	"convergo/checks"
)

// powerPoints obey m* = 3 n^p λ^-q exactly, each in a bracket of factor f.
func powerPoints(p, q, f float64) []widthPoint {
	var ps []widthPoint
	for _, n := range []float64{4, 8, 16, 32} {
		for _, lambda := range []float64{0.3, 0.1, 0.02} {
			m := 3 * math.Pow(n, p) * math.Pow(lambda, -q)
			ps = append(ps, widthPoint{n: n, lambda: lambda, m: m, lo: m / f, hi: m * f})
		}
	}
	return ps
}

func TestFitWidthsRecoversExponents(t *testing.T) {
	for _, want := range [][2]float64{{0, 0}, {1, 0.5}, {6, 4}} {
		es, err := fitWidths(powerPoints(want[0], want[1], 1.2))
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range es {
			if !(math.Abs(e.value-want[i]) <= 1e-9) {
				t.Errorf("exponent %d is %v, want %v", i, e.value, want[i])
			}
			if e.lo >= e.value || e.hi <= e.value || e.hi-e.lo > 0.5 {
				t.Errorf("exponent %d in [%v, %v]", i, e.lo, e.hi)
			}
		}
	}
}

// TestFitWidthsIntervalIsAttained moves every width to the end of its bracket
// that the interval claims is worst.
func TestFitWidthsIntervalIsAttained(t *testing.T) {
	ps := powerPoints(1, 1, 1.3)
	es, err := fitWidths(ps)
	if err != nil {
		t.Fatal(err)
	}
	moved := append([]widthPoint(nil), ps...)
	logMean := 0.0
	for _, p := range ps {
		logMean += math.Log(p.n) / float64(len(ps))
	}
	for i := range moved {
		// The design is balanced, so the weight of a point in the exponent of n
		// has the sign of log n against its mean.
		if math.Log(moved[i].n) > logMean {
			moved[i].m = moved[i].hi
		} else {
			moved[i].m = moved[i].lo
		}
	}
	worst, err := fitWidths(moved)
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(worst[0].value-es[0].hi) <= 1e-9) {
		t.Errorf("the largest exponent of n is %v, the interval ends at %v", worst[0].value, es[0].hi)
	}
}

func TestFitWidthsNeedsVariation(t *testing.T) {
	ps := powerPoints(1, 1, 1.2)
	for i := range ps {
		ps[i].n = 8
	}
	if _, err := fitWidths(ps); err == nil {
		t.Error("an exponent of n came out of a study at one n")
	}
	if _, err := Width(&checks.Summary{}, WidthFacts{}, "", ""); err == nil {
		t.Error("a table came out of a run without a width study")
	}
}
