package bounds

import "math"

// RegretBound is D sqrt(n G): online gradient descent with step [RegretStep] on convex losses of slope at most 1 of
// linear functions with feature norms at most sqrt(m G) loses at most this much over n samples against any
// weights within D/sqrt(m) of its start. From
//
//	sum_i <g_i, W_i - W*> = (|W_1-W*|^2 - |W_{n+1}-W*|^2)/(2 eta) + (eta/2) sum_i |g_i|^2 <= D^2/(2 eta m) + eta n m G/2.
func RegretBound(d, g float64, n int) float64 { return d * math.Sqrt(float64(n)*g) }

// RegretStep is eta = D/(m sqrt(n G)), which makes both terms of [RegretBound] equal.
func RegretStep(d, g float64, n, m int) float64 { return d / (float64(m) * math.Sqrt(float64(n)*g)) }

// OnlineDeviation is sqrt(log(1/delta)/(2n)), by which the mean population error of n online predictors exceeds their
// mistakes per sample with probability at most delta: the differences are martingale increments, each in an
// interval of length 1 (Azuma, Hoeffding).
func OnlineDeviation(n int, delta float64) float64 {
	return when(n >= 1 && isProbability(delta), math.Sqrt(math.Log(1/delta)/(2*float64(n))))
}

// NTRFWidth is n^7 log(1/delta), the order in the number of samples of the width that Theorem 3.3 of Cao and Gu (2019)
// asks of each layer; its polynomial in the depth and the radius, and its constant, are hidden.
func NTRFWidth(n int, delta float64) float64 {
	return when(n >= 1 && isProbability(delta), math.Pow(float64(n), 7)*math.Log(1/delta))
}
