package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestMedianIntervalRanks(t *testing.T) {
	// Six values: P(Bin(6,1/2) = 0) = 1/64, so 2/64 = 0.03125 is the least alpha
	// for which the extremes bound the median.
	x := []float64{3, 1, 2, 6, 5, 4}
	if lo, hi := MedianInterval(x, 0.032); lo != 1 || hi != 6 {
		t.Errorf("alpha 0.032: [%v, %v], want [1, 6]", lo, hi)
	}
	if lo, hi := MedianInterval(x, 0.031); !math.IsInf(lo, -1) || !math.IsInf(hi, 1) {
		t.Errorf("alpha 0.031: [%v, %v], want the whole line", lo, hi)
	}
	if lo, hi := MedianInterval(x, 0.22); lo != 2 || hi != 5 {
		t.Errorf("alpha 0.22: [%v, %v], want [2, 5]", lo, hi)
	}
}

func TestMedianIntervalCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const runs, alpha = 4000, 0.1
	misses := 0
	for range runs {
		x := make([]float64, 15)
		for i := range x {
			x[i] = r.ExpFloat64()
		}
		if lo, hi := MedianInterval(x, alpha); lo > math.Ln2 || hi < math.Ln2 {
			misses++
		}
	}
	if limit := alpha*runs + 4*math.Sqrt(runs*alpha*(1-alpha)); float64(misses) > limit {
		t.Errorf("%d of %d intervals miss the median, at most %.0f may", misses, runs, limit)
	}
	if misses < runs/50 {
		t.Errorf("only %d of %d intervals miss: they are far too wide", misses, runs)
	}
}
