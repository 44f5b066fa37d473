package bounds

import "math"

// CompanionFactor is c = (F + sqrt(F^2 - 4))/2, F = 2 (1 + b)/sqrt(4b - a^2), for which ||B^t||_2 <= c b^{t/2} for every t
// and every companion matrix B = [[a, -b], [1, 0]] with non-real eigenvalues (derived). NaN where they are real.
//
// Proof: c is the condition number of the eigenvector matrix [[z, z*], [1, 1]], whose singular values have the product
// |z - z*| and the sum of squares 2 (1 + |z|^2), so that c + 1/c = F. Its columns are of one length, so that c is attained
// wherever z^t/|z|^t is imaginary, and approached by the powers of every B whose angle is no rational part of pi.
func CompanionFactor(a, b float64) float64 {
	f := 2 * (1 + b) / math.Sqrt(4*b-a*a)
	return when(4*b-a*a > 0, (f+math.Sqrt(math.Max(0, f*f-4)))/2)
}

// NesterovHalfFactor is C(kappa) of ||M^t|| <= C r^t, r the radius of [NesterovHalf] (derived): the larger [CompanionFactor] of
// the two ends of the spectrum. They decide, because F^2 is a convex square over a concave function of mu = 1 - eta lambda. C/s,
// s = sqrt kappa, is (11 + sqrt 117)/2 = 10.908 at kappa = 1, never more, and tends to 6 sqrt 2.
func NesterovHalfFactor(kappa float64) float64 {
	t := NesterovHalf(1/kappa, 1)
	return factorAtTheEnds(kappa, func(lambda float64) (a, b float64) { return NesterovBlock(t.Step, t.Beta, lambda) })
}

// WangHeavyBallFactor is C(kappa) of ||M^t|| <= C (1 - 1/(2s))^t for [WangHeavyBall] (derived): the larger [CompanionFactor]
// of the two ends of the spectrum, as 4b - a^2 is concave in lambda. C/s is 2.1075 at kappa = 1 and rises to 4/sqrt 3 = 2.3094.
func WangHeavyBallFactor(kappa float64) float64 {
	t := WangHeavyBall(1/kappa, 1)
	return factorAtTheEnds(kappa, func(lambda float64) (a, b float64) { return HeavyBallBlock(t.Step, t.Beta, lambda) })
}

func factorAtTheEnds(kappa float64, block func(lambda float64) (a, b float64)) float64 {
	if !(kappa >= 1) {
		return math.NaN()
	}
	return math.Max(CompanionFactor(block(1)), CompanionFactor(block(1/kappa)))
}

// CompanionImpulse is x_t of the recursion x_{t+1} = a x_t - b x_{t-1} with x_0 = 1, x_{-1} = 0, the upper left entry of
// [[a, -b], [1, 0]]^t, in closed form: with r = sqrt b, cos w = a/(2r) and U_t the Chebyshev polynomials of the second kind,
// x_t = r^t U_t(cos w) = r^t sin((t+1) w)/sin w, and z_1^t + z_1^{t-1} z_2 + ... + z_2^t for real roots. It is what momentum
// makes of a defect on an eigenvector of the Gram matrix t steps later. b >= 0.
func CompanionImpulse(a, b float64, t int) float64 {
	if !(b >= 0) || math.IsNaN(a) || t < 0 {
		return math.NaN()
	}
	disc := a*a/4 - b
	if disc < 0 {
		w := math.Atan2(math.Sqrt(-disc), a/2)
		return math.Pow(math.Sqrt(b), float64(t)) * math.Sin(float64(t+1)*w) / math.Sin(w)
	}
	z1 := a/2 + math.Copysign(math.Sqrt(disc), a)
	z2 := 0.0
	if z1 != 0 {
		z2 = b / z1
	}
	var x float64
	for k := range t + 1 {
		x += math.Pow(z1, float64(k)) * math.Pow(z2, float64(t-k))
	}
	return x
}

// CompanionMode is x_t of the same recursion with x_0 = x_{-1} = 1: what momentum leaves of an eigenvector of the Gram matrix
// after t steps from rest.
func CompanionMode(a, b float64, t int) float64 {
	if t == 0 {
		return CompanionImpulse(a, b, 0)
	}
	return CompanionImpulse(a, b, t) - b*CompanionImpulse(a, b, t-1)
}

// WangHeavyBall returns eta = 1/lmax, beta = (1 - 1/(2s))^2, s = sqrt(lmax/lmin), the tuning of heavy ball of Wang, Lin and
// Abernethy (2021), recalled, with its exact radius 1 - 1/(2s): beta lies above [HeavyBallThreshold] = (1 - 1/s)^2.
func WangHeavyBall(lmin, lmax float64) Momentum {
	if !(lmin > 0 && lmax >= lmin) {
		return Momentum{math.NaN(), math.NaN(), math.NaN()}
	}
	radius := 1 - math.Sqrt(lmin/lmax)/2
	return Momentum{Step: 1 / lmax, Beta: radius * radius, Radius: radius}
}

// NesterovCrossing is the condition number 2.1641... at which [NesterovHalf] and gradient descent with step 1/lmax
// contract a quadratic at the same rate, sqrt(beta (1 - 1/(2 kappa))) = 1 - 1/kappa (derived); Nesterov's method is the
// faster one above it. For [WangHeavyBall] the same crossing is at 4, where 1/(2s) = 1/kappa.
const NesterovCrossing = 2.16411114254161306722685584232

// FlipDefect is (2n-1) eta s with s = max_i |S_i|/m, S_i the neurons that change their sign on x_i (derived): gradient
// descent on the first layer, unit inputs, has ||e(t+1) - (I - eta H(0)) e(t)|| <= (2n-1) eta s ||e(t)||.
//
// Proof: relu(w'.x_i) - relu(w.x_i) = theta (w' - w).x_i with theta in [0, 1], and theta is the pattern of the start
// outside S_i. The gradient puts the pattern of step t on x_j in, so that the entry (i, j) of the step differs from
// that of eta H(0) by at most eta |x_i.x_j| |S_i u S_j|/m: at most eta s on the diagonal, 2 eta s off it. Attained for n = 1.
func FlipDefect(n int, eta, s float64) float64 {
	return when(n >= 1 && eta >= 0 && s >= 0, float64(2*n-1)*eta*s)
}

// MomentumFlipDefect bounds ||phi_t||, phi_t = e(t+1) - (recursion of momentum with H(0)), by
//
//	(2n-1) eta s (c_0 ||e(t)|| + c_1 ||e(t-1)||) + beta s sqrt(n m) v
//
// with v = max_r ||w_r(t) - w_r(t-1)||; c = (1+beta, beta) for Nesterov's method and (1, 0) for heavy ball (derived).
// Proof: W(t+1) - W(t) = beta (W(t) - W(t-1)) - eta (c_0 grad(t) - c_1 grad(t-1)). The gradients are as in [FlipDefect].
// The slopes theta of steps t and t-1 differ on S_i alone, by at most 1, so that momentum adds at most
// (beta/sqrt m) |S_i| v to each output.
func MomentumFlipDefect(n, m int, eta, beta, s, now, before, v float64, nesterov bool) float64 {
	c0, c1 := 1.0, 0.0
	if nesterov {
		c0, c1 = 1+beta, beta
	}
	return FlipDefect(n, eta, s)*(c0*now+c1*before) + when(beta >= 0 && v >= 0, beta*s*math.Sqrt(float64(n)*float64(m))*v)
}

// MomentumMovement is eta S B/((1-beta) sqrt m (1-q)): no neuron moves farther while ||e(t)|| <= B q^t, with descent
// (beta = 0), heavy ball or Nesterov's method (derived). Proof: the gradient of a neuron is at most S ||e||/sqrt m, and
// each enters all later weights with factors that add up to at most 1/(1-beta).
func MomentumMovement(eta, beta, s, b, q float64, m int) float64 {
	return when(eta >= 0 && beta >= 0 && beta < 1 && q < 1 && m >= 1, eta*s*b/((1-beta)*math.Sqrt(float64(m))*(1-q)))
}
