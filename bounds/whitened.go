package bounds

import (
	"math"
)

// WhitenedLow is the level l in [0, 1) with P( lambda_min(A) <= l ) <= delta, A the mean of m independent positive semidefinite n x n
// matrices of mean I and norm at most radius: n exp(-m D(l/radius || 1/radius)) = delta (derived; Tropp 2012, Theorem 5.1, the form with the
// relative entropy). It is 0, which says nothing, while m is below [InvertibleWidth]. For a tangent kernel whitened by its limit K,
// radius is sup|phi'|^2 ||X||^2/lambda_min(K).
func WhitenedLow(n, m int, radius, delta float64) float64 {
	if !whitened(n, m, radius, delta) {
		return math.NaN()
	}
	level := math.Log(float64(n)/delta) / float64(m)
	if BernoulliDivergence(0, 1/radius) < level {
		return 0
	}
	// The divergence falls as l rises to 1; the last l at which it is still enough is the bound.
	return bisect(0, 1, func(l float64) bool { return BernoulliDivergence(l/radius, 1/radius) < level })
}

// WhitenedHigh is the level u in (1, radius] with P( lambda_max(A) >= u ) <= delta, likewise: n exp(-m D(u/radius || 1/radius)) = delta. It is
// radius, which A never exceeds, where no smaller level can be had.
func WhitenedHigh(n, m int, radius, delta float64) float64 {
	if !whitened(n, m, radius, delta) {
		return math.NaN()
	}
	level := math.Log(float64(n)/delta) / float64(m)
	if math.Log(radius) < level { // D(1 || 1/radius)
		return radius
	}
	return bisect(radius, 1, func(u float64) bool { return BernoulliDivergence(u/radius, 1/radius) < level })
}

// InvertibleWidth is ln(n/delta)/-ln(1 - 1/radius), the number of matrices from which on A is invertible with probability at least 1 - delta
// (derived: [WhitenedLow] at l = 0). It is at most radius ln(n/delta), and attained up to the sum over n where A is diagonal with
// independent entries in {0, radius}: ReLU gates on orthogonal inputs, radius 2, miss an input with probability 2^-m.
func InvertibleWidth(n int, radius, delta float64) float64 {
	return when(whitened(n, 1, radius, delta), math.Max(1, math.Log(float64(n)/delta)/-math.Log1p(-1/radius)))
}

func whitened(n, m int, radius, delta float64) bool {
	return n >= 1 && m >= 1 && radius >= 1 && isProbability(delta)
}

// bisect returns the last point on the way from a, where beyond is false, to b, where it is true.
func bisect(a, b float64, beyond func(x float64) bool) float64 {
	const steps = 1 << 50 // more than an int holds on some machines
	at := func(i int64) float64 { return a + (b-a)*float64(i)/steps }
	low, high := int64(0), int64(steps)
	for low < high {
		if middle := (low + high) / 2; beyond(at(middle)) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return at(max(0, low-1))
}
