package bounds

import "math"

// AntisymmetricFlowWidth is [AntisymmetricWidth] for gradient flow: m even, neurons in pairs with equal hidden and
// opposite output weights, so that u(0) = 0 and ||e(0)|| = ||y||. If
//
//	m >= max( 475.2 S^2 ln(2n/delta)/lambda_0, 15970 S^6 ||y||^2/lambda_0^4 )
//
// then with probability at least 1 - delta, for all t, ||e(t)||^2 <= exp(-lambda_0 t) ||y||^2.
//
// Derivation: with probability 1 - delta/2 each, lambda_min(H(0)) >= (3/4) lambda_0 (matrix Chernoff over m/2 pairs,
// dominated) and phat(R) <= [FlipBudget] at R = [FlowMovement]: twice p >= p_R, [DoubleFlipsFailure] over m/2 pairs. Then
// lambda_min(H) >= lambda_0/2 in the whole ball, and while it is, the flow stays strictly inside the ball. The radius of the
// flow is half that of descent, which divides the second requirement by 4.
func AntisymmetricFlowWidth(p Problem) float64 {
	if !isProbability(p.Delta) || !(p.Lambda0 > 0) {
		return math.NaN()
	}
	k2 := KappaStar * KappaStar
	s2 := p.S * p.S
	flips := 12 / k2 * s2 * math.Log(2*p.n()/p.Delta) / p.Lambda0
	radius := 32 / (math.Pi * k2 * k2) * s2 * s2 * s2 * p.LabelNorm * p.LabelNorm / math.Pow(p.Lambda0, 4)
	gram := 2 * ChernoffWidth(p.N, 0.25, p.Lambda0, p.S, p.Delta/2)
	return math.Max(math.Max(flips, radius), gram)
}

// GramFrobeniusShift bounds ||H(W) - H(0)||_F by phat sqrt(n (4n - 3)) for unit inputs and every W in the ball: an entry off
// the diagonal changes by at most 2 phat ([GramEntryShift]), one on it by phat, because one pattern decides it. It improves on
// [GramShift] and is attained by one input.
func GramFrobeniusShift(n int, phat float64) float64 {
	return when(n >= 1 && phat >= 0, phat*math.Sqrt(float64(n)*float64(4*n-3)))
}

// LambdaMinAfterLoss is s0 - S^2 q, a lower bound on lambda_min(H(W)) for every W in the ball, with s0 = lambda_min(H(0)) and q
// the share of neurons that are fragile for at least one input. H is the mean over neurons of D_r XX^T D_r, each positive
// semidefinite of norm at most S^2; those of the other neurons stay. For one input with none but fragile active neurons it is
// attained, where [LambdaMinAfterFlips] is not.
func LambdaMinAfterLoss(s0, s, share float64) float64 {
	return when(s0 >= 0 && s >= 0 && share >= 0, s0-s*s*share)
}

// OutputTailExact is P(|u_i(0)| >= t) of one output on a unit input at the start, exactly, for w_r ~ N(0, I), a_r = +-1 and the
// output scale m^{-1/2}. Given the number K of active neurons, which is binomial(m, 1/2), the summands a_r relu(z_r) of the
// active ones are independent N(0, 1), so that u is N(0, K/m).
func OutputTailExact(m int, t float64) float64 {
	if m < 1 || !(t >= 0) {
		return math.NaN()
	}
	var sum float64
	for k := 1; k <= m; k++ {
		lm, _ := math.Lgamma(float64(m + 1))
		lk, _ := math.Lgamma(float64(k + 1))
		lr, _ := math.Lgamma(float64(m - k + 1))
		sum += math.Exp(lm-lk-lr-float64(m)*math.Ln2) * math.Erfc(t*math.Sqrt(float64(m)/(2*float64(k))))
	}
	if t == 0 {
		return 1
	}
	return sum
}
