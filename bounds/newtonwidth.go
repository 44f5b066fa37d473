package bounds

import "math"

// NewtonShare is the share of neurons near their threshold that Gauss-Newton on n inputs can bear: with at most that share
// within the radius of the whole run, lambda_min of the Gram matrix stays above lambda/2 (see [FlipBudget]) and
// every step, its system solved up to the given accuracy below 1/3, brings the residual down to a third:
//
//	accuracy + (1 + accuracy) S sqrt(n) share/(lambda/2) <= 1/3.
func NewtonShare(n int, s, lambda, accuracy float64) float64 {
	contraction := (1.0/3 - accuracy) * lambda / (2 * (1 + accuracy) * s * math.Sqrt(float64(n)))
	return when(n >= 1 && s > 0 && lambda > 0 && accuracy >= 0 && accuracy < 1.0/3, math.Min(contraction, FlipBudget(lambda, s)))
}

// NewtonRadius is 3 (1 + accuracy) S r0/(lambda sqrt m): how far a neuron moves at most during such a run from a residual of
// norm r0, sum_t S (1 + accuracy) r0 3^{-t}/(sqrt m lambda/2).
func NewtonRadius(m int, s, lambda, r0, accuracy float64) float64 {
	return when(m >= 1 && lambda > 0, 3*(1+accuracy)*s*r0/(lambda*math.Sqrt(float64(m))))
}

// NewtonWidth is a width from which on Gauss-Newton on the first layer of a two-layer network, started antisymmetrically at
// output zero, brings the residual down to a third at every step, with probability at least 1 - delta (derived). With
// B = [NewtonShare] it is the largest of three, for m/2 independent pairs:
//
//	2 [ChernoffWidth] at eps = 1/4 and delta/2:   lambda_min(G(0)) >= (3/4) lambda
//	12 ln(2 n/delta)/B:                           twice a share of B/2 is not exceeded ([DoubleFlipsFailure])
//	8 rho^2 m/(pi B^2):                           2 rho/sqrt(2 pi) <= B/2 at rho = [NewtonRadius]
//
// lambda is the smallest eigenvalue of the limit kernel at the shift b >= 0, which lowers no density bound here. The last
// is of order S^6 r0^2/lambda^4, thus n^4/lambda^4.
func NewtonWidth(n int, s, lambda, r0, accuracy, delta float64) float64 {
	share := NewtonShare(n, s, lambda, accuracy)
	if !isProbability(delta) || math.IsNaN(share) || !(r0 >= 0) {
		return math.NaN()
	}
	rho := NewtonRadius(1, s, lambda, r0, accuracy)
	return math.Max(2*ChernoffWidth(n, 0.25, lambda, s, delta/2),
		math.Max(12*math.Log(2*float64(n)/delta)/share, 8*rho*rho/(math.Pi*share*share)))
}
