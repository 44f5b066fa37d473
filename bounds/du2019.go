package bounds

import "math"

// AntisymmetricWidth is the derived theorem of Du et al. (2019) for an antisymmetric start: m even, neurons in
// pairs with equal hidden and opposite output weights, so that u(0) = 0 and ||e(0)|| = ||y||. If
//
//	m >= max( 475.2 S^2 ln(2n/delta)/lambda_0, 63880 S^6 ||y||^2/lambda_0^4 )
//
// and eta <= 0.55/S^2, then with probability at least 1 - delta, for all k,
// ||e(k)||^2 <= (1 - eta lambda_0/2)^k ||y||^2.
//
// Derivation: as for [ImprovedWidth], with two changes. The residual is not random, so that two events
// share delta. Gram matrix and flip counts are means over the m/2 independent pairs, which doubles the
// width that their tails ask for; the radius at which flips are counted still has the sqrt of the whole
// m. Small labels meet the second requirement, which is where this start helps.
func AntisymmetricWidth(p Problem) float64 {
	if !isProbability(p.Delta) || !(p.Lambda0 > 0) {
		return math.NaN()
	}
	k2 := KappaStar * KappaStar
	s2 := p.S * p.S
	flips := 2 * 6 / k2 * s2 * math.Log(2*p.n()/p.Delta) / p.Lambda0
	radius := 128 / (math.Pi * k2 * k2) * s2 * s2 * s2 * p.LabelNorm * p.LabelNorm / math.Pow(p.Lambda0, 4)
	gram := 2 * ChernoffWidth(p.N, 0.25, p.Lambda0, p.S, p.Delta/2)
	return math.Max(math.Max(flips, radius), gram)
}

// OutputFourthMoment is E u^4 = (3/4)(1 + 1/m) kappa^4 of one output on a unit input at the start, exact at
// every width (derived): u = m^{-1/2} sum_r a_r relu(z_r) has independent symmetric summands, so
// E u^4 = ( m E relu(z)^4 + 3 m (m-1) (E relu(z)^2)^2 )/m^2 with E relu(z)^4 = 3/2 and E relu(z)^2 = 1/2.
// A Gaussian of the same variance has 3/4, so the excess 3/(4m) is how far the output is from its Gaussian
// limit.
func OutputFourthMoment(m int, kappa float64) float64 {
	return when(m >= 1, 0.75*(1+1/float64(m))*math.Pow(kappa, 4))
}
