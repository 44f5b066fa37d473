package bounds

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Notation of this file: p_R = P(|w . x| <= R) for w ~ N(0, I) and a unit x; N_i(R) is the number of
// the m neurons with |w_r(0) . x_i| <= R, and phat(R) = max_i N_i(R)/m.

// FlipProbability is p_R = erf(R/sqrt 2) exactly.
func FlipProbability(r float64) float64 { return when(r >= 0, math.Erf(r/math.Sqrt2)) }

// FlipProbabilityBound is R sqrt(2/pi) >= p_R, the 2R/sqrt(2 pi) of Du et al. (2019), Lemma 3.2.
func FlipProbabilityBound(r float64) float64 { return when(r >= 0, r*math.Sqrt(2/math.Pi)) }

// BernsteinFlips bounds phat(R), with probability at least 1 - delta over n samples, by
// p + sqrt(2 p l/m) + 2 l/(3m), l = ln(n/delta), for any p >= p_R (derived).
func BernsteinFlips(p float64, n, m int, delta float64) float64 {
	l := math.Log(float64(n) / delta)
	return when(p >= 0 && n >= 1 && m >= 1 && isProbability(delta),
		p+math.Sqrt(2*p*l/float64(m))+2*l/(3*float64(m)))
}

// HoeffdingFlips bounds phat(R) likewise by p + sqrt(ln(n/delta)/(2m)) (derived).
func HoeffdingFlips(p float64, n, m int, delta float64) float64 {
	return when(p >= 0 && n >= 1 && m >= 1 && isProbability(delta),
		p+math.Sqrt(math.Log(float64(n)/delta)/(2*float64(m))))
}

// BinomialFlips bounds phat(R) likewise by k/m, with k the smallest number for which
// P(Binomial(m, p) > k) <= delta/n: the exact quantile, and so the best of these bounds for p = p_R.
func BinomialFlips(p float64, n, m int, delta float64) float64 {
	if !(p >= 0 && p <= 1) || n < 1 || m < 1 || !isProbability(delta) {
		return math.NaN()
	}
	lo, hi := -1, m // P(> lo) > delta/n >= P(> hi)
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		if binomialTail(p, m, mid) <= delta/float64(n) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return float64(hi) / float64(m)
}

// binomialTail is P(Binomial(m, p) > k) for 0 <= k < m.
func binomialTail(p float64, m, k int) float64 {
	return mathext.RegIncBeta(float64(k+1), float64(m-k), p)
}

// DoubleFlipsFailure bounds P( phat(R) >= 2p ) by n exp(-m p/3) for any p >= p_R (derived: multiplicative Chernoff).
func DoubleFlipsFailure(p float64, n, m int) float64 {
	return when(p >= 0 && n >= 1 && m >= 0, math.Min(1, float64(n)*math.Exp(-float64(m)*p/3)))
}

// DoubleFlipsChernoff bounds P( phat(R) >= 2 p ), p = p_R, by n exp(-m D), D = 2p ln 2 + (1-2p) ln((1-2p)/(1-p)), the Chernoff bound of
// the binomial law (derived); it is 0 beyond p = 1/2, where all m neurons are not twice the mean. D is at least p (2 ln 2 - 1) > p/3, so that
// it improves on [DoubleFlipsFailure]. At p = 1/2 it is attained by one input: all m neurons are fragile with probability 2^{-m}.
func DoubleFlipsChernoff(p float64, n, m int) float64 {
	switch {
	case !(p >= 0 && p <= 1) || n < 1 || m < 0:
		return math.NaN()
	case p > 0.5:
		return 0
	}
	d := 2 * p * math.Ln2
	if p < 0.5 {
		d += (1 - 2*p) * math.Log1p(-p/(1-p))
	}
	return math.Min(1, float64(n)*math.Exp(-float64(m)*d))
}

// MarkovFlips is the bound of Lemma 4.1 of Du et al. (2019): sum_i N_i(R) <= C m n R/delta with
// probability at least 1 - delta. The source hides C; its proof gives C = 2/sqrt(2 pi) = 0.7979
// (E sum_i N_i = m n p_R and Markov).
func MarkovFlips(n, m int, r, delta float64) float64 {
	return when(n >= 1 && m >= 1 && isProbability(delta), float64(m)*float64(n)*FlipProbabilityBound(r)/delta)
}

// GramEntryShift bounds |H_ij(W) - H_ij(0)| by |x_i . x_j| (N_i + N_j)/m for every W whose neurons are
// within R of their start; flips_i is N_i(R). Deterministic (derived).
func GramEntryShift(dot float64, flipsI, flipsJ, m int) float64 {
	return when(flipsI >= 0 && flipsJ >= 0 && m >= 1, math.Abs(dot)*float64(flipsI+flipsJ)/float64(m))
}

// GramShift bounds ||H(W) - H(0)||_F by 2 n phat(R). Deterministic (derived).
func GramShift(n int, phat float64) float64 { return when(n >= 1 && phat >= 0, 2*float64(n)*phat) }

// JacobianShift bounds ||J(W) - J(0)||_2 by S sqrt(phat(R)), between any two points of the ball, so
// that sqrt(lambda_min(H(W))) >= sqrt(lambda_min(H(0))) - S sqrt(phat). Deterministic (
// derived: the difference is a Khatri-Rao product of a 0/+-1 matrix with rows of at most N_i non-zeros
// and X, and ||A o B|| <= max_i A_ii ||B|| for positive semidefinite A, B).
func JacobianShift(s, phat float64) float64 { return when(s >= 0 && phat >= 0, s*math.Sqrt(phat)) }

// LambdaMinAfterFlips is the lower bound ( sqrt(s0) - S sqrt(phat) )_+^2 on lambda_min(H(W)) for every
// W in the ball, with s0 = lambda_min(H(0)) (derived).
func LambdaMinAfterFlips(s0, s, phat float64) float64 {
	if !(s0 >= 0) {
		return math.NaN()
	}
	root := max(0, math.Sqrt(s0)-JacobianShift(s, phat))
	return root * root
}

// KappaStar is kappa_* = (sqrt 3 - sqrt 2)/2 = sqrt(3/4) - sqrt(1/2) = 0.1589186.
const KappaStar = (1.73205080756887729352744634150587 - math.Sqrt2) / 2

// FlipBudget is kappa_*^2 lambda_0/S^2 = 0.025255 lambda_0/S^2: if lambda_min(H(0)) >= (3/4) lambda_0
// and phat(R) is at most this, then lambda_min(H(W)) >= lambda_0/2 in the whole ball.
func FlipBudget(lambda0, s float64) float64 {
	return when(lambda0 >= 0 && s > 0, KappaStar*KappaStar*lambda0/(s*s))
}

// NeuronBudget is lambda_0/(4 S^2): if lambda_min(H(0)) >= (3/4) lambda_0 and the share of neurons that are fragile for at least one
// sample is at most this, then lambda_min(H(W)) >= lambda_0/2 in the whole ball ([LambdaMinAfterLoss]; attained by one input).
func NeuronBudget(lambda0, s float64) float64 {
	return when(lambda0 >= 0 && s > 0, lambda0/(4*s*s))
}

// PrintedRadius is R = (sqrt(2 pi)/16) delta lambda_0/n^2, the radius c delta lambda_0/n^2 of Lemma 3.2
// of Du et al. (2019) with the constant its proof gives: at it 4 n^2 R/(sqrt(2 pi) delta), the printed bound on the
// change of the Gram matrix, is lambda_0/4.
func PrintedRadius(n int, lambda0, delta float64) float64 {
	return when(n >= 1 && lambda0 >= 0 && isProbability(delta),
		math.Sqrt(2*math.Pi)/16*delta*lambda0/(float64(n)*float64(n)))
}

// NoFlipScale is the initialisation scale beta = 2 n m rho/(sqrt(2 pi) delta) (derived):
// with m/2 independent pairs of weights N(0, beta^2 I), with probability at least 1 - delta/2 no
// |w_s(0) . x_i| is within rho, so weights that move at most rho never change an activation. (A union
// bound over n m/2 Gaussians of density at most 1/(sqrt(2 pi) beta).)
func NoFlipScale(n, m int, rho, delta float64) float64 {
	return when(n >= 1 && m >= 1 && rho >= 0 && isProbability(delta),
		2*float64(n)*float64(m)*rho/(math.Sqrt(2*math.Pi)*delta))
}
