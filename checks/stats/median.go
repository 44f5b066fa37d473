package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// MedianInterval returns the distribution-free interval of the median from n
// independent values: order statistics whose ranks are exact binomial quantiles,
// so that it covers with probability at least 1-alpha for any law. An end that
// so few values cannot bound is infinite.
func MedianInterval(x []float64, alpha float64) (lo, hi float64) {
	return QuantileInterval(x, 0.5, alpha)
}

// QuantileInterval is [MedianInterval] for the p-quantile, 0 < p < 1.
func QuantileInterval(x []float64, p, alpha float64) (lo, hi float64) {
	s := append([]float64(nil), x...)
	sort.Float64s(s)
	n := len(s)
	lo, hi = math.Inf(-1), math.Inf(1)
	if n == 0 {
		return lo, hi
	}
	// Fewer than k values at or below the p-quantile have probability at most
	// P(Bin(n,p) < k): with the largest k for which that is alpha/2 or less, the
	// k-th smallest is a lower bound; the upper one is its mirror image.
	rank := func(p float64) int {
		b := distuv.Binomial{N: float64(n), P: p}
		return sort.Search(n+1, func(k int) bool { return b.CDF(float64(k)) > alpha/2 })
	}
	if k := rank(p); k >= 1 {
		lo = s[k-1]
	}
	if k := rank(1 - p); k >= 1 {
		hi = s[n-k]
	}
	return lo, hi
}

// MedianTrials returns the number of values from which MedianInterval is bounded:
// fewer than n fair coins all show heads too often.
func MedianTrials(alpha float64) int {
	return int(math.Ceil(math.Log2(2 / alpha)))
}
