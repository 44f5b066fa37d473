package bounds

import "math"

// Momentum is a method with two parameters on a quadratic with spectrum in [lmin, lmax], and the
// spectral radius of its iteration there.
type Momentum struct {
	Step   float64 // eta
	Beta   float64 // momentum
	Radius float64 // largest spectral radius over the spectrum
}

// HeavyBallBlock is the 2 x 2 iteration matrix of heavy ball on the eigenvalue lambda in companion form
// [[a, -b], [1, 0]]: a = 1 + beta - eta lambda, b = beta.
func HeavyBallBlock(eta, beta, lambda float64) (a, b float64) { return 1 + beta - eta*lambda, beta }

// NesterovBlock is that of Nesterov's method: a = (1+beta) mu, b = beta mu, mu = 1 - eta lambda.
func NesterovBlock(eta, beta, lambda float64) (a, b float64) {
	mu := 1 - eta*lambda
	return (1 + beta) * mu, beta * mu
}

// CompanionRadius is the spectral radius of [[a, -b], [1, 0]]: the roots of z^2 - a z + b.
func CompanionRadius(a, b float64) float64 {
	disc := a*a - 4*b
	if disc < 0 {
		return math.Sqrt(b)
	}
	return (math.Abs(a) + math.Sqrt(disc)) / 2
}

// PowerBound is rho^k + k rho^{k-1} (1 + b), an upper bound on ||B^k||_2 for every companion matrix
// B = [[a, -b], [1, 0]] with b = det B >= 0 and spectral radius rho. The factor k cannot be
// dropped at a double root. (Schur form: B = Q (D + N) Q^T with |D| <= rho and |N| <= 1 + b.)
func PowerBound(rho, b float64, k int) float64 {
	switch {
	case !(rho >= 0 && b >= 0) || k < 0:
		return math.NaN()
	case k == 0:
		return 1
	}
	return math.Pow(rho, float64(k)) + float64(k)*math.Pow(rho, float64(k-1))*(1+b)
}

// HeavyBall returns the optimal tuning eta = 4/(sqrt lmax + sqrt lmin)^2, beta = ((s-1)/(s+1))^2 with
// s = sqrt(lmax/lmin), whose radius is (s-1)/(s+1).
func HeavyBall(lmin, lmax float64) Momentum {
	if !(lmin > 0 && lmax >= lmin) {
		return Momentum{math.NaN(), math.NaN(), math.NaN()}
	}
	p, q := math.Sqrt(lmax), math.Sqrt(lmin)
	radius := (p - q) / (p + q)
	return Momentum{Step: 4 / ((p + q) * (p + q)), Beta: radius * radius, Radius: radius}
}

// HeavyBallThreshold is max_i (1 - sqrt(eta lambda_i))^2: for beta between it and 1 all roots are complex
// or double and the radius is exactly sqrt(beta); below it the radius is larger.
func HeavyBallThreshold(eta, lmin, lmax float64) float64 {
	if !(eta >= 0 && lmin >= 0 && lmax >= lmin) {
		return math.NaN()
	}
	p, q := 1-math.Sqrt(eta*lmin), 1-math.Sqrt(eta*lmax)
	return math.Max(p*p, q*q)
}

// HeavyBallTransient is the constant C of ||z_k|| <= C beta^{k/2} ||z_0||, z_k = (e_k, e_{k-1}):
// C = 2 (1+beta)/sqrt(h), h = min_i 4 beta - (1 + beta - eta lambda_i)^2. h is concave in
// lambda, so the ends of the spectrum decide. NaN when h <= 0: at the threshold no constant exists.
func HeavyBallTransient(eta, beta, lmin, lmax float64) float64 {
	h := math.Inf(1)
	for _, l := range []float64{lmin, lmax} {
		a, b := HeavyBallBlock(eta, beta, l)
		h = math.Min(h, 4*b-a*a)
	}
	return when(h > 0 && beta <= 1, 2*(1+beta)/math.Sqrt(h))
}

// Nesterov returns the standard tuning eta = 1/lmax, beta = (s-1)/(s+1), s = sqrt(lmax/lmin), whose radius
// is exactly 1 - 1/s, from a double root at lmin.
func Nesterov(lmin, lmax float64) Momentum {
	if !(lmin > 0 && lmax >= lmin) {
		return Momentum{math.NaN(), math.NaN(), math.NaN()}
	}
	s := math.Sqrt(lmax / lmin)
	return Momentum{Step: 1 / lmax, Beta: (s - 1) / (s + 1), Radius: 1 - 1/s}
}

// NesterovTuned returns the best tuning on quadratics (Lessard, Recht and Packard 2016; recalled and
// verified): eta = 4/(3 lmax + lmin), beta = (t-2)/(t+2), t = sqrt(3 kappa + 1), with radius 1 - 2/t.
func NesterovTuned(lmin, lmax float64) Momentum {
	if !(lmin > 0 && lmax >= lmin) {
		return Momentum{math.NaN(), math.NaN(), math.NaN()}
	}
	t := math.Sqrt(3*lmax/lmin + 1)
	return Momentum{Step: 4 / (3*lmax + lmin), Beta: (t - 2) / (t + 2), Radius: 1 - 2/t}
}

// NesterovHalf returns eta = 1/(2 lmax), beta = (3s-2)/(3s+2), s = sqrt(lmax/lmin), whose radius is
// sqrt(beta (1 - lmin/(2 lmax))) <= 1 - 2/(3s); also ||M^t|| <= 11 s (1 - 2/(3s))^t (basics/nesterov-radius
// and basics/nesterov-transient).
func NesterovHalf(lmin, lmax float64) Momentum {
	if !(lmin > 0 && lmax >= lmin) {
		return Momentum{math.NaN(), math.NaN(), math.NaN()}
	}
	s := math.Sqrt(lmax / lmin)
	beta := (3*s - 2) / (3*s + 2)
	return Momentum{Step: 1 / (2 * lmax), Beta: beta, Radius: math.Sqrt(beta * (1 - lmin/(2*lmax)))}
}

// NesterovStability is (2+2 beta)/(1+2 beta), the value of eta lmax from which on Nesterov's method with
// momentum beta diverges on a quadratic (the root -1 of its characteristic polynomial).
func NesterovStability(beta float64) float64 {
	return when(beta >= 0 && beta <= 1, (2+2*beta)/(1+2*beta))
}
