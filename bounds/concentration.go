package bounds

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
)

// ChernoffRate is c(eps) = eps + (1-eps) ln(1-eps) for eps in [0, 1], the exponent of the lower tail
// of the matrix Chernoff bound (Tropp 2012, Theorem 1.1). c(eps) >= eps^2/2; c(1/4) = 0.0342384,
// c(1/2) = 0.1534264, c(1) = 1.
func ChernoffRate(eps float64) float64 {
	switch {
	case !(eps >= 0 && eps <= 1):
		return math.NaN()
	case eps == 1:
		return 1
	case eps < 1e-3:
		return eps * eps * (1.0/2 + eps*(1.0/6+eps*(1.0/12+eps/20))) // the two terms cancel
	}
	return eps + (1-eps)*math.Log1p(-eps)
}

// ChernoffUpperRate is (1+eps) ln(1+eps) - eps for eps >= 0, the exponent of the upper tail; it is at
// least eps^2/3 for eps <= 1.
func ChernoffUpperRate(eps float64) float64 {
	switch {
	case !(eps >= 0):
		return math.NaN()
	case eps < 1e-3:
		return eps * eps * (1.0/2 - eps*(1.0/6-eps*(1.0/12-eps/20)))
	}
	return (1+eps)*math.Log1p(eps) - eps
}

// ChernoffFailure bounds P( lambda_min(H(0)) <= (1-eps) lambda_0 ) by n exp(-m c(eps) lambda_0/S^2)
// (derived). H(0) is the mean over m neurons of D_r X X^T D_r, positive
// semidefinite with norm at most S^2. For an activation with |phi'| <= B1 use B1 S in place of S.
func ChernoffFailure(n, m int, eps, lambda0, s float64) float64 {
	return when(n >= 1 && m >= 0 && lambda0 >= 0 && s > 0,
		math.Min(1, float64(n)*math.Exp(-float64(m)*ChernoffRate(eps)*lambda0/(s*s))))
}

// ChernoffWidth is the width S^2 ln(n/delta) / (c(eps) lambda_0) from which on
// lambda_min(H(0)) >= (1-eps) lambda_0 with probability at least 1 - delta (derived). At
// eps = 1/4 it is 29.21 S^2 ln(n/delta)/lambda_0; the simpler eps^2/2 gives 32.
func ChernoffWidth(n int, eps, lambda0, s, delta float64) float64 {
	return when(n >= 1 && lambda0 > 0 && s > 0 && isProbability(delta),
		s*s*math.Log(float64(n)/delta)/(ChernoffRate(eps)*lambda0))
}

// ChernoffUpperFailure bounds P( lambda_max(H(0)) >= (1+eps) lambda_max(H^inf) ) by
// n exp(-m c_+(eps) lambda_max/S^2), c_+ = [ChernoffUpperRate] (often stated with eps^2/3).
func ChernoffUpperFailure(n, m int, eps, lambdaMax, s float64) float64 {
	return when(n >= 1 && m >= 0 && lambdaMax >= 0 && s > 0,
		math.Min(1, float64(n)*math.Exp(-float64(m)*ChernoffUpperRate(eps)*lambdaMax/(s*s))))
}

// HoeffdingEntry is the factor sqrt( ln(n(n+1)/delta) / (2m) ): with probability at least 1 - delta
// every |H_ij(0) - H^inf_ij| is at most |x_i . x_j| times it (derived: Hoeffding on n(n+1)/2 averages of m variables with range |x_i . x_j|, two-sided).
func HoeffdingEntry(n, m int, delta float64) float64 {
	return when(n >= 1 && m >= 1 && isProbability(delta),
		math.Sqrt(math.Log(float64(n)*float64(n+1)/delta)/(2*float64(m))))
}

// HoeffdingDeviation bounds ||H(0) - H^inf||_F, with probability at least 1 - delta, by
// ||X X^T||_F times [HoeffdingEntry]; gramFrobenius is ||X X^T||_F, at most n for unit inputs.
func HoeffdingDeviation(n, m int, gramFrobenius, delta float64) float64 {
	return gramFrobenius * HoeffdingEntry(n, m, delta)
}

// HoeffdingWidth is 8 ||X X^T||_F^2 ln(n(n+1)/delta)/lambda_0^2, the width from which on
// ||H(0) - H^inf||_2 <= lambda_0/4 with probability at least 1 - delta (derived).
func HoeffdingWidth(n int, gramFrobenius, lambda0, delta float64) float64 {
	return when(n >= 1 && lambda0 > 0 && isProbability(delta),
		8*gramFrobenius*gramFrobenius*math.Log(float64(n)*float64(n+1)/delta)/(lambda0*lambda0))
}

// PrintedGramWidth is 256 n^2 ln(n/delta)/lambda_0^2, what the printed proof of Lemma 3.1 of Du et al.
// (2019) gives: its entry bound 4 sqrt(ln(n/delta)/m), times n, at most lambda_0/4 (literal).
func PrintedGramWidth(n int, lambda0, delta float64) float64 {
	return when(n >= 1 && lambda0 > 0 && isProbability(delta),
		256*float64(n)*float64(n)*math.Log(float64(n)/delta)/(lambda0*lambda0))
}

// GramSecondMoment is E ||H(0) - H^inf||_F^2 = (1/m) sum_ij (x_i . x_j)^2 q_ij (1 - q_ij) exactly, with
// q_ij = (pi - angle_ij)/(2 pi), for m independent ReLU neurons on the rows of X (n x d, any norms;
// derived: each entry is x_i . x_j times a mean of Bernoulli(q_ij) variables).
func GramSecondMoment(X mat.Matrix, m int) (float64, error) {
	if m < 1 {
		return 0, fmt.Errorf("bounds: width %d; a network has at least one neuron", m)
	}
	pair, err := kernel.Pairs(X)
	if err != nil {
		return 0, err
	}
	n, _ := X.Dims()
	var sum float64
	for i := range n {
		for j := range n {
			p := pair(i, j)
			q := (math.Pi - p.Angle) / (2 * math.Pi)
			sum += p.Dot() * p.Dot() * q * (1 - q)
		}
	}
	return sum / float64(m), nil
}
