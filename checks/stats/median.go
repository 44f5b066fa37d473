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
	s := append([]float64(nil), x...)
	sort.Float64s(s)
	n := len(s)
	b := distuv.Binomial{N: float64(n), P: 0.5}
	// The largest k with P(Bin(n,1/2) < k) <= alpha/2: fewer than k values below
	// the median is that improbable, so the k-th smallest is a lower bound.
	k := sort.Search(n+1, func(k int) bool { return b.CDF(float64(k)) > alpha/2 })
	if n == 0 || k < 1 {
		return math.Inf(-1), math.Inf(1)
	}
	return s[k-1], s[n-k]
}
