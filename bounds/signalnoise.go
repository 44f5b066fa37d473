package bounds

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// SignalNoiseRatio is SNR = |mu|/(sigma_p sqrt d) of Cao et al. (2022).
func SignalNoiseRatio(mu, sigmaP float64, d int) float64 {
	return when(d >= 1 && mu >= 0 && sigmaP > 0, mu/(sigmaP*math.Sqrt(float64(d))))
}

// BenignDimension is m^max(2, 4/(q-2)) n^max(4, (2q-2)/(q-2)), the dimension that Cao et al. (2022) ask for with activation
// max(0,z)^q, q > 2, as it is recalled: its constant and logarithms are hidden, and are 1 here.
func BenignDimension(n, m int, q float64) float64 {
	return when(n >= 1 && m >= 1 && q > 2, math.Pow(float64(m), math.Max(2, 4/(q-2)))*math.Pow(float64(n), math.Max(4, (2*q-2)/(q-2))))
}

// BenignScale is the range that Cao et al. (2022) allow sigma_0 sigma_p sqrt d, as it is recalled, hidden factors being 1:
// from n d^{-1/2} to m^{-2/(q-2)} n^{-max(1/(q-2), 1)}, both times min(1, 1/SNR).
func BenignScale(n, m, d int, q, snr float64) (least, most float64) {
	ok := n >= 1 && m >= 1 && d >= 1 && q > 2 && snr >= 0
	unit := math.Min(1, 1/snr)
	least = float64(n) / math.Sqrt(float64(d)) * unit
	most = math.Pow(float64(m), -2/(q-2)) * math.Pow(float64(n), -math.Max(1/(q-2), 1)) * unit
	return when(ok, least), when(ok, most)
}

// NoiseNormFailure is the probability that one of n vectors N(0, I - u u^T) of R^d, |u| = 1, has squared norm below d/2 or
// above 3d/2. It is exact: the squared norms are independent and chi^2 with d-1 degrees of freedom.
func NoiseNormFailure(n, d int) float64 {
	if n < 1 || d < 1 {
		return math.NaN()
	}
	if d == 1 {
		return 1 // the vector is zero
	}
	a, x := float64(d-1)/2, float64(d)/4
	one := mathext.GammaIncReg(a, x) + mathext.GammaIncRegComp(a, 3*x)
	return -math.Expm1(float64(n) * math.Log1p(-one))
}

// NoiseNormDimension is the smallest dimension from which on [NoiseNormFailure] is at most delta, found from the one
// that a chi^2 tail proves enough, [NoiseNormDimensionByTail], downward.
func NoiseNormDimension(n int, delta float64) int {
	d := NoiseNormDimensionByTail(n, delta)
	for d > 2 && NoiseNormFailure(n, d-1) <= delta {
		d--
	}
	return d
}

// NoiseNormDimensionByTail is the smallest d at which the tails k - 2 sqrt(k s) <= chi^2_k <= k + 2 sqrt(k s) + 2s, k = d-1, with probability
// at least 1 - 2 exp(-s) (Laurent and Massart 2000), puts all n squared norms into [d/2, 3d/2]: s = log(4n/delta), each
// vector failing with probability at most delta/(2n), and 2 sqrt(k s) + 2s - 1 <= d/2; the lower tail lacks the term 2s. It is 0 outside the domain.
func NoiseNormDimensionByTail(n int, delta float64) int {
	if n < 1 || !isProbability(delta) {
		return 0
	}
	s := math.Log(4 * float64(n) / delta)
	enough := func(d int) bool { return 2*math.Sqrt(float64(d-1)*s)+2*s-1 <= float64(d)/2 }
	high := 2
	for !enough(high) {
		high *= 2
	}
	low := high / 2
	for high-low > 1 {
		if mid := (low + high) / 2; enough(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// NormalTail is P(g > t) for g ~ N(0,1).
func NormalTail(t float64) float64 { return math.Erfc(t/math.Sqrt2) / 2 }

// OverlapLevel is the t with which |<xi_i, xi_k>| <= t sigma_p |xi_k| for all pairs i < k of n noise patches, with probability at
// least 1-delta: given xi_k the left side over sigma_p |xi_k| is |N(0,1)|, and the n(n-1)/2 tails P(|N(0,1)| > t) sum to delta.
func OverlapLevel(n int, delta float64) float64 {
	if n < 2 || !isProbability(delta) {
		return math.NaN()
	}
	return -mathext.NormalQuantile(delta / (float64(n) * float64(n-1)))
}

// PrintedOverlap is 2 sqrt(d log(4n^2/delta)), the bound on |<xi_i, xi_k>|/sigma_p^2 of Cao et al. (2022), as it is recalled.
func PrintedOverlap(n, d int, delta float64) float64 {
	return when(n >= 2 && d >= 1 && isProbability(delta), 2*math.Sqrt(float64(d)*math.Log(4*float64(n)*float64(n)/delta)))
}

// SignalStartWidth is ln(4/delta)/ln(1/Phi(1/2)): with so many filters, max_r j <w_{j,r}, mu> >= sigma_0 |mu|/2 for both signs j
// with probability at least 1 - delta/2, since one sign fails with probability Phi(1/2)^m.
func SignalStartWidth(delta float64) float64 {
	return when(isProbability(delta), math.Log(4/delta)/-math.Log1p(-NormalTail(0.5)))
}

// NoiseStartWidth is ln(4n/delta)/ln(1/Phi(1/(2 sqrt 2))): with so many filters, max_r j <w_{j,r}, xi_i> >= sigma_0 sigma_p sqrt d/4
// for both signs and all i with probability at least 1 - delta/2, where |xi_i|^2 >= sigma_p^2 d/2.
func NoiseStartWidth(n int, delta float64) float64 {
	return when(n >= 1 && isProbability(delta), math.Log(4*float64(n)/delta)/-math.Log1p(-NormalTail(0.5/math.Sqrt2)))
}

// StartMaxima is the probability (1 - Phi(c)^m)^2 that max_r j <w_{j,r}, mu> >= c sigma_0 |mu| for both signs j, of m filters
// N(0, sigma_0^2 I) each.
func StartMaxima(c float64, m int) float64 {
	one := -math.Expm1(float64(m) * math.Log1p(-NormalTail(c)))
	return when(m >= 1, one*one)
}

// StartRange is the probability (1 - 2 P(g > c))^{2m} that |<w_{j,r}, mu>| <= c sigma_0 |mu| for all 2m filters.
func StartRange(c float64, m int) float64 {
	return when(m >= 1 && c > 0, math.Exp(2*float64(m)*math.Log1p(-2*NormalTail(c))))
}

// PairedLoss is log(1 + exp(-(a+b)/2)), a lower bound on the mean of log(1 + exp(-margin)) over the margins a + g and b - g,
// whatever g: the logistic loss is convex. With a and b the margins that the signal alone gives at y = +1 and -1, it bounds the population
// loss of any function of the form s(y mu) + g(xi) with labels independent of xi.
func PairedLoss(a, b float64) float64 {
	z := -(a + b) / 2
	return math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z)))
}
