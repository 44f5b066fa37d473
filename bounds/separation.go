package bounds

import "math"

// SeriesLowerBound is Du et al. (2019), derived: for n unit inputs with rho = max_{i != j} |x_i . x_j|,
//
//	lambda_0 >= (1/4) lambda_min(X X^T)^+ + sum_{j=2,4,6,...} alpha_j max(0, 1 - (n-1) rho^j),
//
// alpha_{2k+2} = binom(2k,k) / (2 pi 4^k (2k+1)). Proof: H^inf = sum_j alpha_j (X X^T)^{o j} with
// alpha_j >= 0; each Hadamard power is positive semidefinite (Schur) and has
// lambda_min >= 1 - (n-1) rho^j (Gershgorin). lambdaMinXXT may be 0 when it is not known. The series
// is cut at a degree J and its tail 1/2 - sum_{j<=J} alpha_j multiplied by the smallest factor it has,
// which keeps it a lower bound.
func SeriesLowerBound(n int, rho, lambdaMinXXT float64) float64 {
	if n < 1 || !(rho >= 0 && rho <= 1) {
		return math.NaN()
	}
	const degrees = 4000
	bound := max(0, lambdaMinXXT) / 4
	alpha, tail := 1/(2*math.Pi), 1.0/4
	for j := 2; j <= degrees; j += 2 {
		bound += alpha * gershgorinFactor(n, rho, j)
		tail -= alpha
		alpha *= float64(j-1) * float64(j-1) / (float64(j) * float64(j+1))
	}
	return bound + max(0, tail)*gershgorinFactor(n, rho, degrees+2)
}

// gershgorinFactor is (1 - (n-1) rho^k)_+.
func gershgorinFactor(n int, rho float64, k int) float64 {
	if n == 1 {
		return 1
	}
	return max(0, 1-float64(n-1)*math.Pow(rho, float64(k)))
}

// ClosedLowerBound is Du et al. (2019), derived: for n >= 2 unit inputs with separation
// s = min_{i != j} min(||x_i - x_j||, ||x_i + x_j||) in [0, sqrt 2] and rho = 1 - s^2/2,
//
//	lambda_0 >= (n-1)/(2 pi rho) sqrt(2 ln(1/rho)) erfc( sqrt(ln((n-1)/rho)) ),
//
// whose limit at rho = 0 is 1/(sqrt 2 pi^{3/2}). Proof: it is below [SeriesLowerBound]. With L = ln(1/rho) and
// J = ln(n-1)/L, 1 - (n-1) rho^j = int_J^j (n-1) L e^{-Lx} dx for j >= J, so that the sum of the series is
// int_J^inf (n-1) L e^{-Lx} T(x) dx, T(x) the sum of the alpha_j with even j > x. As
// binom(2k,k)/4^k >= 1/sqrt(pi (k+1/2)), an integral gives sum_{j>=2K} alpha_j >= 1/(2 pi^{3/2} sqrt(K-1/2)), so that
// T(x) >= 1/(2 pi^{3/2} sqrt((x+1)/2)); the integral of that is the bound.
//
// For two inputs it is s/(2 pi) as s -> 0, and so is lambda_0; for many s/(2 pi^{3/2} sqrt(ln n)). It takes the
// separation, not rho, whose rounding near 1 would count.
func ClosedLowerBound(n int, separation float64) float64 {
	if n < 2 || !(separation >= 0 && separation <= 1.4142135623730952) {
		return math.NaN()
	}
	half := separation * separation / 2
	if half >= 1 {
		return 1 / (math.Sqrt2 * math.Pow(math.Pi, 1.5))
	}
	l, others := -math.Log1p(-half), float64(n-1)
	return others / (2 * math.Pi * (1 - half)) * math.Sqrt(2*l) * math.Erfc(math.Sqrt(math.Log(others)+l))
}

// SeparationLowerBound is the sharper form of the base facts, derived: for n >= 2 unit inputs with
// separation delta_s = min_{i != j} min(||x_i - x_j||, ||x_i + x_j||) in [0, sqrt 2],
//
//	lambda_0 >= exp(-g^2/2) delta_s / (16 n (n-1)),  g = delta_s sqrt(pi/2) / (2 (n-1)).
//
// Proof: for a unit vector v take i with v_i^2 >= 1/n and write w = t x_i + w'. With probability at
// least 1/2 over w' every |w' . x_j| exceeds g |x_i . x_j| (a Gaussian of variance 1 - r^2, and
// |r|/sqrt(1-r^2) <= 1/delta_s); with probability >= sqrt(2/pi) g exp(-g^2/2) also |t| <= g. Then only
// the sign of w . x_i depends on that of t, which contributes v_i^2/4.
func SeparationLowerBound(n int, separation float64) float64 {
	if n < 2 || !(separation >= 0 && separation <= 1.4142135623730952) {
		return math.NaN()
	}
	g := separation * math.Sqrt(math.Pi/2) / (2 * float64(n-1))
	return math.Exp(-g*g/2) * separation / (16 * float64(n) * float64(n-1))
}

// SimpleSeparationLowerBound is delta_s/(16 n^2), implied by [SeparationLowerBound]
// because n/(n-1) exp(-g^2/2) > 1 on its domain. The form quoted in the literature
// (Oymak and Soltanolkotabi, Zou et al.; recalled) has 100 in place of 16.
func SimpleSeparationLowerBound(n int, separation float64) float64 {
	return when(n >= 2 && separation >= 0 && separation <= 1.4142135623730952, separation/(16*float64(n*n)))
}

// PairUpperBound is the upper bound lambda_0 <= 1/2 - |H^inf_ij| from one pair of unit inputs at the
// given angle (Cauchy interlacing with the 2 x 2 principal minor). For a close pair it is
// angle/(2 pi) + O(angle^2). It is written without the cancellation of that difference.
func PairUpperBound(angle float64) float64 {
	if !(angle >= 0 && angle <= math.Pi) {
		return math.NaN()
	}
	if angle <= math.Pi/2 {
		s := math.Sin(angle / 2)
		return s*s + angle*math.Cos(angle)/(2*math.Pi)
	}
	return 0.5 + math.Cos(angle)*(math.Pi-angle)/(2*math.Pi)
}

// RhoOf is rho = 1 - delta_s^2/2, the largest |x_i . x_j| of unit inputs with separation delta_s.
func RhoOf(separation float64) float64 {
	return when(separation >= 0 && separation <= math.Sqrt2, 1-separation*separation/2)
}

// PowerSeriesLowerBound is the base facts, derived: a kernel sum_k a_k r^k with a_k >= 0 on n unit inputs
// has lambda_min >= sum_k a_k (1 - (n-1) rho^k)_+, and the same for any subset of the terms. a[k] is
// a_k; terms beyond len(a) are dropped.
func PowerSeriesLowerBound(a []float64, n int, rho float64) float64 {
	if n < 1 || !(rho >= 0 && rho <= 1) {
		return math.NaN()
	}
	var sum float64
	for k, c := range a {
		if !(c >= 0) {
			return math.NaN()
		}
		sum += c * gershgorinFactor(n, rho, k)
	}
	return sum
}
