package bounds

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// The norm of a ReLU layer at the start. For weights N(0, 2/m) and a unit input the squared norm of the m features is
//
//	X = (2/m) sum_k relu(g_k)^2,   g_k ~ N(0, 1),
//
// a chi-square of K degrees of freedom times 2/m, K ~ Bin(m, 1/2): a gate is open with probability 1/2 whatever |g_k| is.
// Layers multiply: ||h_l||^2 is a product of l+1 independent X.

// ReLUNormMoment is E[X^p] for p >= 0 (derived): sum_K P(K) (2/m)^p 2^p Gamma(K/2+p)/Gamma(K/2). It is 1 at p = 1 and
// 1 + 5/m at p = 2.
func ReLUNormMoment(m int, p float64) float64 {
	if m < 1 || !(p >= 0) {
		return math.NaN()
	}
	if p == 0 {
		return 1
	}
	return reluNormMoment(m, p, 1)
}

// reluNormMoment is E[X^p 1{K >= least}], for p > -least/2 and least >= 1.
func reluNormMoment(m int, p float64, least int) float64 {
	sum := 0.0
	for k := least; k <= m; k++ {
		half := float64(k) / 2
		sum += math.Exp(logBinomialHalf(m, k) + logGamma(half+p) - logGamma(half) + p*math.Log(4/float64(m)))
	}
	return sum
}

// logBinomialHalf is the logarithm of P(Bin(m, 1/2) = k).
func logBinomialHalf(m, k int) float64 {
	n := float64(m)
	return logGamma(n+1) - logGamma(float64(k)+1) - logGamma(n-float64(k)+1) - n*math.Ln2
}

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// ReLUNormTail is the exact law of X: P(X >= x) and P(X <= x), as the mixture of chi-squares over the number of open gates.
func ReLUNormTail(m int, x float64) (above, below float64) {
	if m < 1 || !(x >= 0) {
		return math.NaN(), math.NaN()
	}
	for k := 0; k <= m; k++ {
		p := math.Exp(logBinomialHalf(m, k))
		switch {
		case p == 0:
		case k == 0:
			below += p
			if x == 0 {
				above += p
			}
		default:
			half, at := float64(k)/2, float64(m)*x/4
			below += p * mathext.GammaIncReg(half, at)
			above += p * mathext.GammaIncRegComp(half, at)
		}
	}
	return above, below
}

// ReLUNormUpper is the exponent b of P(X >= 1+eps) <= exp(-b) (derived): X-1 is sub-gamma with variance factor 5/m and
// scale c = 4/m, so that the Chernoff bound is the conjugate of s^2 (5/m)/(2 (1 - c s)),
//
//	b = (5m/16) (1 + 0.8 eps - sqrt(1 + 1.6 eps)) >= m eps^2/(10 + 8 eps).
//
// With t = 2s/m and u = (1-2t)^{-1/2} >= 1 that is log((1+u)/2) <= (1-u^{-2})/4 + (5/32)(u-1/u)^2. The difference vanishes at
// u = 1 with its first two derivatives; the second, 5/16 - (9/16) u^{-4} + (1+u)^{-2}, rises and then falls to 5/16.
func ReLUNormUpper(m int, eps float64) float64 {
	if m < 1 || !(eps >= 0) {
		return math.NaN()
	}
	root := math.Sqrt(1 + 1.6*eps)
	// 1 + 0.8 eps - root = (root - 1)^2/2, without cancellation.
	gap := 1.6 * eps / (root + 1)
	return 5 * float64(m) / 32 * gap * gap
}

// ReLUNormLower is the exponent m eps^2/10 of P(X <= 1-eps) <= exp(-m eps^2/10), 0 <= eps <= 1 (derived): with
// v = (1+2t)^{1/2} >= 1 one term needs log((1+1/v)/2) + (v^2-1)/4 <= (5/32)(v^2-1)^2, and the difference vanishes at v = 1
// with its first two derivatives while its third, 15v/4 + 2/v^3 - 2/(1+v)^3, is positive.
func ReLUNormLower(m int, eps float64) float64 {
	return when(m >= 1 && eps >= 0 && eps <= 1, float64(m)*eps*eps/10)
}

// ForwardNormHigh is an upper bound on ||h_0||^2, ..., ||h_{layers-1}||^2 of one unit input with probability at least
// 1-delta (derived): M_l^p/E[X^p]^{l+1} is a martingale for p >= 1, and Ville's inequality gives max_l M_l <=
// (E[X^p]^layers/delta)^{1/p}. The power is optimised on a grid.
func ForwardNormHigh(m, layers int, delta float64) float64 {
	if m < 1 || layers < 1 || !isProbability(delta) {
		return math.NaN()
	}
	power := func(p float64) float64 { return reluNormMoment(m, math.Max(p, 1), 1) }
	return math.Exp(leastRate(power, math.Max(4, rangeStart(m, layers, delta)), layers, -math.Log(delta)))
}

// ForwardNormLow is a lower bound likewise (derived): on the event that every layer has K >= m/4 open gates, with X^-q in
// place of X^p. The complement has probability layers P(K < m/4), which is taken from delta; it is NaN where m is too
// small for a quarter of delta to pay for that.
func ForwardNormLow(m, layers int, delta float64) float64 {
	if m < 1 || layers < 1 || !isProbability(delta) {
		return math.NaN()
	}
	least, few := (m+3)/4, 0.0
	for k := range least {
		few += math.Exp(logBinomialHalf(m, k))
	}
	if few *= float64(layers); few > delta/4 {
		return math.NaN()
	}
	power := func(q float64) float64 {
		if q > float64(least)/4 { // well inside q < least/2, where the moment is finite
			return math.Inf(1)
		}
		return reluNormMoment(m, -q, least)
	}
	return math.Exp(-leastRate(power, rangeStart(m, layers, delta), layers, -math.Log(delta-few)))
}

// rangeStart is the best power where X is nearly normal.
func rangeStart(m, layers int, delta float64) float64 {
	return math.Sqrt(2 * math.Log(1/delta) * float64(m) / (5 * float64(layers)))
}

// leastRate is the least (layers log E[X^p] + log)/p over powers around start; a moment below 1 counts as 1, since the
// layers before the last have fewer factors.
func leastRate(power func(p float64) float64, start float64, layers int, log float64) float64 {
	least := math.Inf(1)
	for i := range 25 {
		p := start * math.Pow(2, float64(i-12)/6)
		least = math.Min(least, (float64(layers)*math.Max(0, math.Log(power(p)))+log)/p)
	}
	return least
}

// AdversarialFlips is the share of gates that a perturbation of spectral norm omega can flip at most in one layer of m
// neurons with weights N(0, 2/m), on one unit input, with probability at least 1-delta, delta <= 1/2 (derived):
//
//	(3 omega^2/pi)^{1/3} + sqrt(ln(1/delta)/(2m)).
//
// To flip a set of gates costs the sum of their squared preactivations. With the one-sided inequality of Dvoretzky, Kiefer,
// Wolfowitz and Massart the k-th smallest |g| is at least sqrt(pi/2) (k/m - e)_+, e the second term; the s smallest cost
// at least (2/m)(pi/2) m (s/m - e)^3/3.
func AdversarialFlips(m int, omega, delta float64) float64 {
	return when(m >= 1 && omega >= 0 && delta > 0 && delta <= 0.5, math.Min(1, math.Cbrt(3*omega*omega/math.Pi)+math.Sqrt(math.Log(1/delta)/(2*float64(m)))))
}

// CrossTermOrder is c in c omega^{1/3} sqrt(m F), the order of the first-order term that semi-smoothness must allow for one
// trained layer, one unit input and N(0, 1) output weights, as m grows and omega falls (derived): of the m/2 neurons whose
// output weight agrees with the residual, a share q with the smallest preactivations can be brought to their kinks at a
// cost of pi q^3/6 = omega^2; a step of norm omega along these s = qm/2 neurons then gains omega sqrt(s) sqrt(2F).
func CrossTermOrder() float64 { return math.Sqrt(math.Cbrt(6 / math.Pi)) }

// MostFlips is the largest number of preactivations that a perturbation of norm radius can bring to the other side of
// zero: the most of them whose squares sum to at most radius^2, the smallest first.
func MostFlips(z []float64, radius float64) int {
	squares := make([]float64, len(z))
	for k, v := range z {
		squares[k] = v * v
	}
	slices.Sort(squares)
	sum, left := 0.0, radius*radius
	for k, v := range squares {
		if sum += v; sum > left {
			return k
		}
	}
	return len(z)
}
