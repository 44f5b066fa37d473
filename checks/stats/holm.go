package stats

import (
	"fmt"
	"math"
	"slices"
)

// Holm returns which of the hypotheses with p-values p are rejected by the
// step-down procedure of [Hol79]. The probability of rejecting any true one is
// at most alpha, whatever the dependence. Equal p-values get equal answers; a
// p-value of zero is allowed; a NaN is never rejected but counts in the number
// of hypotheses.
func Holm(p []float64, alpha float64) []bool {
	rejected := make([]bool, len(p))
	for i, adjusted := range HolmAdjust(p) {
		rejected[i] = adjusted <= alpha
	}
	return rejected
}

// HolmAdjust returns the adjusted p-values of [Hol79]: hypothesis i is rejected
// at family level alpha exactly when its adjusted value is at most alpha.
func HolmAdjust(p []float64) []float64 {
	order := make([]int, len(p))
	for i, v := range p {
		if v < 0 || v > 1 {
			panic(fmt.Sprintf("stats: p-value %d is %v, not in [0,1]", i, v))
		}
		order[i] = i
	}
	key := func(i int) float64 {
		if math.IsNaN(p[i]) {
			return 1
		}
		return p[i]
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case key(i) < key(j):
			return -1
		case key(i) > key(j):
			return 1
		}
		return 0
	})
	adjusted, worst := make([]float64, len(p)), 0.0
	for rank, i := range order {
		worst = math.Max(worst, math.Min(1, float64(len(p)-rank)*key(i)))
		adjusted[i] = worst
	}
	for i := range p {
		if math.IsNaN(p[i]) {
			adjusted[i] = math.NaN()
		}
	}
	return adjusted
}
