package bounds

import "math"

// BernoulliDivergence is D(a||b) = a ln(a/b) + (1-a) ln((1-a)/(1-b)) for a, b in [0, 1], with 0 ln 0 = 0.
func BernoulliDivergence(a, b float64) float64 {
	if !(a >= 0 && a <= 1 && b >= 0 && b <= 1) {
		return math.NaN()
	}
	term := func(p, q float64) float64 {
		if p == 0 {
			return 0
		}
		return p * math.Log(p/q)
	}
	other := 0.0
	if a < 1 {
		// ln((1-a)/(1-b)) keeps its digits for small a and b.
		other = (1 - a) * math.Log1p((b-a)/(1-b))
	}
	return math.Max(0, term(a, b)+other)
}

// BoundedFeatureFailure bounds P( sigma_min(Phi)^2 <= (1-eps) m lambda ) by n exp(-m D((1-eps) lambda/top || lambda/top)) (derived:
// Phi^T Phi is a sum of m independent copies of phi phi^T, phi = phi(X w) in R^n, positive semidefinite with norm at most top, and
// lambda = lambda_min(E phi phi^T); Tropp 2012, Theorem 5.1, the form with the relative entropy). For |phi| <= B0, top = n B0^2.
// It is exact at eps = 1, n = 1 and phi in {0, B0}: (1 - lambda/top)^m.
func BoundedFeatureFailure(n, m int, eps, lambda, top float64) float64 {
	return when(n >= 1 && m >= 0 && eps >= 0 && eps <= 1 && lambda > 0 && lambda <= top,
		math.Min(1, float64(n)*math.Exp(-float64(m)*BernoulliDivergence((1-eps)*lambda/top, lambda/top))))
}

// BoundedFeatureWidth is the width from which on that failure is at most delta.
func BoundedFeatureWidth(n int, eps, lambda, top, delta float64) float64 {
	return when(n >= 1 && eps > 0 && eps <= 1 && lambda > 0 && lambda <= top && isProbability(delta),
		math.Log(float64(n)/delta)/BernoulliDivergence((1-eps)*lambda/top, lambda/top))
}

// HomogeneousFeatureFailure bounds the same probability for an activation with phi(c z) = c phi(z) for c >= 0 and |phi(z)| <= |z|, such as the
// ReLU, on rows that span rank dimensions with ||X|| = s, by
//
//	n exp(-m eps^2 lambda/(2 (rank+2) s^2)).
//
// Derived, without truncation. For positive semidefinite A, E e^{-theta A} <= exp(-theta E A + theta^2 E A^2/2), and A = phi phi^T has
// A^2 = ||phi||^2 A. In the span w = rho xi with xi uniform on the sphere, rho^2 chi-squared of rank degrees and independent, so that phi = rho
// phi(X xi), ||phi(X xi)|| <= s and E A^2 <= s^2 (E rho^4/E rho^2) E A = tau E A, tau = (rank+2) s^2. The Laplace transform gives
// n exp(m (theta (1-eps) lambda - (theta - theta^2 tau/2) lambda)), least at theta = eps/tau.
func HomogeneousFeatureFailure(n, m, rank int, eps, lambda, s float64) float64 {
	return when(n >= 1 && m >= 0 && rank >= 1 && eps >= 0 && eps <= 1 && lambda > 0 && s > 0,
		math.Min(1, float64(n)*math.Exp(-float64(m)*eps*eps*lambda/(2*float64(rank+2)*s*s))))
}

// HomogeneousFeatureWidth is 2 (rank+2) s^2 ln(n/delta)/(eps^2 lambda), from which on that failure is at most delta.
func HomogeneousFeatureWidth(n, rank int, eps, lambda, s, delta float64) float64 {
	return when(n >= 1 && rank >= 1 && eps > 0 && eps <= 1 && lambda > 0 && s > 0 && isProbability(delta),
		2*float64(rank+2)*s*s*math.Log(float64(n)/delta)/(eps*eps*lambda))
}

// A LastLayerProblem is a two-layer network with a bounded activation and N(0, 1) hidden weights, trained on both layers by steps of
// [CertifyLastLayer] at H.
type LastLayerProblem struct {
	N         int     // samples
	Lambda    float64 // lambda_min(E phi(X w) phi(X w)^T)
	S         float64 // ||X||
	B0, B1    float64 // |phi| <= B0, |phi'| <= B1
	Output    float64 // the output weights are N(0, Output^2/m)
	LabelNorm float64 // ||y||
	Delta     float64
	Eps       float64 // sigma_min(Phi_0)^2 may be a share Eps below its mean
	H         float64 // of the certificate
	Share     float64 // what kappa/(1-H) may be, below 1
}

// ResidualBound is ||y|| + B0 sqrt(n) Output (1 + sqrt(2 ln(10/delta))): it exceeds ||r_0|| with probability at least 1 - delta/10 (derived: given W
// the output is Gaussian with covariance A = Output^2 Phi Phi^T/m, and its norm at most sqrt(tr A) + sqrt(2 ||A|| ln(10/delta)), ||A|| <= tr A).
func (p LastLayerProblem) ResidualBound() float64 {
	return when(p.N >= 1 && isProbability(p.Delta),
		p.LabelNorm+p.B0*math.Sqrt(float64(p.N))*p.Output*(1+math.Sqrt(2*math.Log(10/p.Delta))))
}

// Width is the larger one of [BoundedFeatureWidth] at 0.9 delta and B1 ||X|| rbar/((1-H) Share (1-Eps) lambda), rbar = ResidualBound (derived): with
// probability at least 1 - delta, sigma_min(Phi_0)^2 > (1-Eps) m lambda and ||r_0|| <= rbar, so that B1 ||X|| ||r_0|| < Share (1-H) sigma_min(Phi_0)^2.
// For unit inputs and labels of size one it grows no faster than n ln n/lambda.
func (p LastLayerProblem) Width() float64 {
	if !(p.H > 0 && p.H < 1 && p.Share > 0 && p.Share < 1 && p.Eps > 0 && p.Eps < 1) {
		return math.NaN()
	}
	return math.Max(
		BoundedFeatureWidth(p.N, p.Eps, p.Lambda, float64(p.N)*p.B0*p.B0, 0.9*p.Delta),
		p.B1*p.S*p.ResidualBound()/((1-p.H)*p.Share*(1-p.Eps)*p.Lambda),
	)
}

// Rate is what [CertifyLastLayer] then guarantees, 2 (1-H) (1-Share) (1-Eps) m lambda: ||r_{t+1}||^2 <= (1 - Rate eta) ||r_t||^2.
func (p LastLayerProblem) Rate(m int) float64 {
	return 2 * (1 - p.H) * (1 - p.Share) * (1 - p.Eps) * float64(m) * p.Lambda
}

// PrintedSubquadraticWidth is ||X||^2 sqrt(n)/lambda^{3/2}, the order of the width in Theorem 3 of Song et al. (2021), Omega~(xi sigma_max(X)^2
// sqrt(n)/sigma_min(X^{*t})^3), with the hidden factors set to 1 and lambda for the square of the smallest singular value.
func PrintedSubquadraticWidth(n int, s, lambda float64) float64 {
	return when(n >= 1 && s > 0 && lambda > 0, s*s*math.Sqrt(float64(n))/math.Pow(lambda, 1.5))
}

// InitialLossDeviation bounds the standard deviation of ||u - y||^2 where u = Phi v, v_r ~ N(0, output^2/m) and Phi has m independent columns phi with
// E phi phi^T = Sigma and ||phi||^2 <= top (derived):
//
//	Var <= output^4 (3 top tr Sigma/m + 2 ||Sigma||_F^2) + 4 output^2 y^T Sigma y.
//
// Given Phi it is 2 tr A^2 + 4 y^T A y with A = output^2 Phi Phi^T/m; E tr A^2 <= output^4 (E ||phi||^4/m + ||Sigma||_F^2), and the variance of the
// mean tr A is at most output^4 E ||phi||^4/m.
func InitialLossDeviation(trace, frobenius2, form, top, output float64, m int) float64 {
	o2 := output * output
	return when(m >= 1 && trace >= 0 && top >= 0, math.Sqrt(o2*o2*(3*top*trace/float64(m)+2*frobenius2)+4*o2*form))
}
