package bounds

import "math"

// Damped is sum_s (1 - eta lambda)^{T-1-s} drift_s over s = 0, ..., T-1: what drifts of the residual add up to in a direction of eigenvalue lambda.
func Damped(eta, lambda float64, drift []float64) float64 {
	sum := 0.0
	for _, v := range drift {
		sum = (1-eta*lambda)*sum + v
	}
	return sum
}

// DampedSteps is (1 - (1 - eta lambda)^T)/lambda, the same sum for a drift of eta at each step: T eta at lambda = 0.
func DampedSteps(eta, lambda float64, steps int) float64 {
	switch x := eta * lambda; {
	case x == 0:
		return eta * float64(steps)
	case x >= 1:
		return (1 - math.Pow(1-x, float64(steps))) / lambda
	default:
		return -math.Expm1(float64(steps)*math.Log1p(-x)) / lambda
	}
}
