package stats

import (
	"math"
	"slices"
)

// QuantileSorted returns the p-quantile of the ascending sample s, linear
// between order statistics at positions p(n-1) (type 7 of Hyndman and Fan), so
// that p = 1/2 is the usual median. NaN for an empty sample.
func QuantileSorted(s []float64, p float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	h := math.Min(math.Max(p, 0), 1) * float64(len(s)-1)
	i := int(h)
	if frac := h - float64(i); frac > 0 && s[i] != s[i+1] {
		return float64((1-frac)*s[i]) + float64(frac*s[i+1])
	}
	return s[i]
}

// median returns the median of x, sorting it in place.
func median(x []float64) float64 {
	slices.Sort(x)
	return QuantileSorted(x, 0.5)
}

// meanSD returns the mean and the standard deviation with divisor n-1, by two
// passes; the deviation of fewer than two values is NaN.
func meanSD(x []float64) (mean, sd float64) {
	n := float64(len(x))
	for _, v := range x {
		mean += v / n
	}
	if len(x) == 0 {
		return math.NaN(), math.NaN()
	}
	if len(x) == 1 {
		return mean, math.NaN()
	}
	var ss float64
	for _, v := range x {
		ss += float64((v - mean) * (v - mean))
	}
	return mean, math.Sqrt(ss / (n - 1))
}
