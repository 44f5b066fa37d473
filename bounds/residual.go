package bounds

import "math"

// InitialLossMean is E||u(0) - y||^2 = ||y||^2 + (n/2) kappa^2, exact at every width, for n unit inputs
// and weights N(0, kappa^2 I) with independent random signs (derived). Du et al. (2019)
// print the weaker sum_i (y_i^2 + 1).
func InitialLossMean(labelNorm float64, n int, kappa float64) float64 {
	return when(n >= 1 && labelNorm >= 0, labelNorm*labelNorm+float64(n)/2*kappa*kappa)
}

// OutputTail bounds P(|u_i(0)| >= t) by 2 exp(-t^2/2) at every width, kappa = 1 is (1 + exp(s^2/2))/2 <= exp(s^2/2)).
func OutputTail(t float64) float64 { return when(t >= 0, math.Min(1, 2*math.Exp(-t*t/2))) }

// OutputNorm bounds ||u(0)|| by sqrt(2 n ln(2n/delta)) with probability at least 1 - delta, kappa = 1 (derived: [OutputTail] and a union bound).
func OutputNorm(n int, delta float64) float64 {
	return when(n >= 1 && isProbability(delta), math.Sqrt(2*float64(n)*math.Log(2*float64(n)/delta)))
}

// ResidualBound is ||y|| + sqrt(2 n ln(2n/delta)) >= ||u(0) - y|| with probability at least 1 - delta.
// The B of Du et al. (2019) spends a third of its failure probability on it: ResidualBound(.., delta/3).
func ResidualBound(labelNorm float64, n int, delta float64) float64 {
	return when(labelNorm >= 0, labelNorm+OutputNorm(n, delta))
}

// MarkovResidual is sqrt( (||y||^2 + n/2)/delta ) >= ||u(0) - y|| with probability at least 1 - delta,
// as the printed proof of Theorem 3.2 uses it (with the exact mean of [InitialLossMean]).
func MarkovResidual(labelNorm float64, n int, delta float64) float64 {
	return when(isProbability(delta), math.Sqrt(InitialLossMean(labelNorm, n, 1)/delta))
}
