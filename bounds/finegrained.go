package bounds

import (
	"math"

	"convergo/bounds/kernel"
)

// Notation of this file (Arora et al. 2019): weights N(0, kappa^2 I), loss ||y - u||^2/2 (a sum),
// H = H^inf with eigenvalues lambda_0 <= ... <= lambda_max, B^2 = y^T H^{-1} y.

// PrintedTrajectoryScale is kappa = eps delta/sqrt n, the scale of initialisation that Theorem 4.1 of
// Arora et al. (2019) asks for, its hidden constant set to 1 (recalled).
func PrintedTrajectoryScale(n int, delta, eps float64) float64 {
	return when(n >= 1 && isProbability(delta) && eps > 0, eps*delta/math.Sqrt(float64(n)))
}

// PrintedTrajectoryWidth is n^7/(lambda_0^4 kappa^2 delta^4 eps^2), the width of Theorem 4.1 of Arora et
// al. (2019), its hidden constant set to 1 (recalled).
func PrintedTrajectoryWidth(n int, lambda0, kappa, delta, eps float64) float64 {
	return when(n >= 1 && lambda0 > 0 && kappa > 0 && isProbability(delta) && eps > 0,
		math.Pow(float64(n), 7)/(math.Pow(lambda0*delta, 4)*kappa*kappa*eps*eps))
}

// PrintedScaledDescentWidth is n^6/(lambda_0^4 kappa^2 delta^3), the width of Theorem 3.1 of Arora et al.
// (2019), its hidden constant set to 1 (recalled).
func PrintedScaledDescentWidth(n int, lambda0, kappa, delta float64) float64 {
	return when(n >= 1 && lambda0 > 0 && kappa > 0 && isProbability(delta),
		math.Pow(float64(n), 6)/(math.Pow(lambda0, 4)*kappa*kappa*math.Pow(delta, 3)))
}

// APosteriori returns b_0 = 0, ..., b_T with b_k = sum_{j<k} (1 - eta lambda_0)^{k-1-j} ||xi(j)||, given the
// norms of xi(j) = u(j+1) - u(j) - eta H e(j): a bound on ||e(k) - (I - eta H)^k e(0)|| for any sequence
// u, any positive semidefinite H and 0 < eta <= 1/lambda_max (derived: unroll
// e(k+1) = (I - eta H) e(k) - xi(k)). Equality at k = 1, and throughout for n = 1 and xi of one sign.
func APosteriori(eta, lambda0 float64, xi []float64) []float64 {
	b := make([]float64, len(xi)+1)
	for k, x := range xi {
		b[k+1] = when(eta > 0 && lambda0 >= 0 && eta*lambda0 <= 1, (1-eta*lambda0)*b[k]+x)
	}
	return b
}

// StepResidual bounds |r_i| by (eta/m) S ||e|| f, where r = u(j+1) - u(j) - eta H(j) e(j) is what one step
// of gradient descent with the finite-width Gram matrix H(j) leaves, and f the number of neurons whose
// activity on x_i changed in the step (derived).
// A neuron that stays on its side contributes to u exactly linearly; one that does not is off by at most
// its movement, eta ||dL/dw_r|| <= eta S ||e||/sqrt m, times the output weight 1/sqrt m.
func StepResidual(eta, s, e float64, flips, m int) float64 {
	return when(eta > 0 && flips >= 0, eta*GradientNorm(s, e, m)*float64(flips)/math.Sqrt(float64(m)))
}

// RateMovement is 2 S ||e(0)||/(sqrt m lambda), which no neuron's distance from its start exceeds in gradient
// descent with ||e(j)|| <= (1 - eta lambda/2)^j ||e(0)|| for all j, a rate on the norm and not on the loss (derived: sum of eta [GradientNorm]). Attained for n = 1. The source has twice that, with
// sqrt n for S (Lemma C.1).
func RateMovement(s, e0, lambda float64, m int) float64 {
	return when(lambda > 0, 2*GradientNorm(s, e0, m)/lambda)
}

// LabelMeasure is sqrt(2 y^T H^{-1} y/n), the leading term of the generalisation bound of Arora et al.
// (2019), Theorem 5.1 (stated); form is y^T H^{-1} y.
func LabelMeasure(form float64, n int) float64 {
	return when(form >= 0 && n >= 1, math.Sqrt(2*form/float64(n)))
}

// RademacherDetermined is B ||Z(0)||_F/n + R sum_i F_i/(n sqrt m), which bounds the empirical Rademacher
// complexity of the networks with ||W - W(0)||_F <= B and ||w_r - w_r(0)|| <= R for all r (Arora et al. (2019),
// derived). ||Z(0)||_F^2 = (1/m) sum_ir 1{w_r(0) . x_i >= 0}, zF is ||Z(0)||_F, and fragile is the number
// sum_i F_i of pairs with |w_r(0) . x_i| <= R. Deterministic: f_W(x_i) is within R/sqrt m of
// <Z_i, W> for each fragile neuron and equal to it but for those, and E||Z eps|| <= ||Z||_F.
func RademacherDetermined(b, r, zF float64, fragile, n, m int) float64 {
	return when(b >= 0 && r >= 0 && zF >= 0 && fragile >= 0 && n >= 1 && m >= 1,
		b*zF/float64(n)+r*float64(fragile)/(float64(n)*math.Sqrt(float64(m))))
}

// RademacherClass bounds the same complexity before the weights are drawn (derived), with
// probability at least 1 - delta over independent w_r(0) ~ N(0, kappa^2 I), for R fixed and all B at once:
//
//	(B/sqrt(2n)) (1 + sqrt(2 t/m))^{1/2} + R sqrt m p + R sqrt(t/2),   t = log(2/delta), p = erf(R/(kappa sqrt 2)).
//
// Hoeffding for the m averages over the samples of 1{w_r . x_i >= 0} (mean 1/2) and 1{|w_r . x_i| <= R}
// (mean p) in [RademacherDetermined].
func RademacherClass(b, r, kappa float64, n, m int, delta float64) float64 {
	t, root := math.Log(2/delta), math.Sqrt(float64(m))
	return when(b >= 0 && r >= 0 && kappa > 0 && n >= 1 && m >= 1 && isProbability(delta),
		b/math.Sqrt(2*float64(n))*math.Sqrt(1+math.Sqrt(2*t)/root)+r*root*FlipProbability(r/kappa)+r*math.Sqrt(t/2))
}

// PrintedRademacherClass is (B/sqrt(2n)) (1 + (2 log(2/delta)/m)^{1/4}) + 2 R^2 sqrt m/kappa +
// R sqrt(2 log(2/delta)), Lemma 5.4 of Arora et al. (2019) (stated; implied by [RademacherClass]).
func PrintedRademacherClass(b, r, kappa float64, n, m int, delta float64) float64 {
	t := 2 * math.Log(2/delta)
	return when(b >= 0 && r >= 0 && kappa > 0 && n >= 1 && m >= 1 && isProbability(delta),
		b/math.Sqrt(2*float64(n))*(1+math.Pow(t/float64(m), 0.25))+2*r*r*math.Sqrt(float64(m))/kappa+r*math.Sqrt(t))
}

// KernelGeneralisation bounds the population loss of the kernel interpolant of n samples with
// probability at least 1 - delta over them (derived), for a loss in [0, 1] that is
// 1-Lipschitz in the prediction and 0 where it is right, and a kernel with k(x, x) = 1/2:
//
//	sqrt(2 j^2/n) + sqrt(log(j (j+1)/delta)/(2n)),   j = max(1, ceil B),  B = sqrt(y^T H^{-1} y).
//
// Proof: the training loss is 0; the ball of radius j in the kernel's space has empirical Rademacher
// complexity at most j sqrt(tr H)/n = j/sqrt(2n), on any sample and so in expectation, which leaves one deviation, that of
// sup_f L_D(f) - L_S(f), by McDiarmid; the grid over j spends delta/(j(j+1)) on each.
func KernelGeneralisation(b float64, n int, delta float64) float64 {
	j := math.Max(1, math.Ceil(b))
	return when(b >= 0 && n >= 1 && isProbability(delta),
		LabelMeasure(j*j, n)+math.Sqrt(math.Log(j*(j+1)/delta)/(2*float64(n))))
}

// deviation is 3 sqrt(log(v)/(2n)), the last term of the data-dependent Rademacher bound (Theorem B.1 of the source).
func deviation(v float64, n int) float64 { return 3 * math.Sqrt(math.Log(v)/(2*float64(n))) }

// A MovementGrid is the grid of radii that a bound on trained networks is stated over beforehand: B in
// {BUnit, 2 BUnit, ...} for ||W - W(0)||_F and R in {RUnit, 2 RUnit, ...} for max_r ||w_r - w_r(0)||.
type MovementGrid struct{ BUnit, RUnit float64 }

// Cell returns the smallest radii of the grid that hold the given movements, and their places from 1 on.
func (g MovementGrid) Cell(frobenius, largest float64) (b, r float64, i, j int) {
	i, j = max(1, int(math.Ceil(frobenius/g.BUnit))), max(1, int(math.Ceil(largest/g.RUnit)))
	return float64(i) * g.BUnit, float64(j) * g.RUnit, i, j
}

// NetworkGeneralisation bounds L_D - L_S of every network in cell (i, j) of a [MovementGrid], with
// probability at least 1 - delta over n independent samples (derived), for a loss in
// [0, 1] that is 1-Lipschitz in the prediction:
//
//	2 rademacher + 3 sqrt(log(2/delta')/(2n)),   delta' = delta/(i(i+1) j(j+1)).
//
// rademacher is [RademacherDetermined] of the cell's radii on the sample. The initial weights must not
// depend on the sample. Proof: contraction, the data-dependent Rademacher bound with delta' for each cell, and
// sum_ij 1/(i(i+1) j(j+1)) = 1.
func NetworkGeneralisation(rademacher float64, i, j, n int, delta float64) float64 {
	cells := float64(i) * float64(i+1) * float64(j) * float64(j+1)
	return when(rademacher >= 0 && i >= 1 && j >= 1 && n >= 1 && isProbability(delta),
		2*rademacher+deviation(2*cells/delta, n))
}

// A Monomial is the target alpha (beta . x)^p on the unit sphere.
type Monomial struct {
	Alpha float64
	Beta  []float64
	P     int
}

// MonomialCost is c_p^{-1/2}, c_p the coefficient of r^p in H^inf = sum_p c_p (x . x')^p (Arora et al. (2019),
// derived): sqrt(y^T H^{-1} y) <= c_p^{-1/2} |alpha| ||beta||^p for y_i = alpha (beta . x_i)^p. It is 2 for
// p = 1, sqrt(2 pi) for p = 2, and grows like p^{3/4}. Proof: H = Phi^T Phi with the features
// sqrt(c_q) x^{(x) q}, y = Phi^T v with v = alpha beta^{(x) p}/sqrt(c_p) in block p, and
// y^T (Phi^T Phi)^{-1} y is the squared norm of a projection of v. +Inf where c_p = 0: p = 0 and odd p >= 3.
func MonomialCost(p int) float64 {
	if p < 0 {
		return math.NaN()
	}
	return 1 / math.Sqrt(kernel.ReLU().Coefficient(p))
}

// PrintedMonomialCost is 3p for p = 1 and even p >= 2, Theorem 6.1 of Arora et al. (2019) (stated;
// implied by [MonomialCost]: c_p^{-1/2} <= 3p). NaN for other p.
func PrintedMonomialCost(p int) float64 {
	return when(p == 1 || p >= 2 && p%2 == 0, 3*float64(p))
}

// SumCost bounds sqrt(y^T H^{-1} y) for a sum of monomials (derived) by the root of
//
//	sum_p c_p^{-1} sum_{j,k: p_j = p_k = p} alpha_j alpha_k (beta_j . beta_k)^p,
//
// the squared norm of sum_j alpha_j beta_j^{(x) p_j}/sqrt(c_p): blocks of different degree are orthogonal.
func SumCost(terms []Monomial) float64 {
	var sum float64
	for _, s := range terms {
		for _, t := range terms {
			if s.P == t.P {
				c := MonomialCost(s.P)
				sum += c * c * s.Alpha * t.Alpha * math.Pow(dot(s.Beta, t.Beta), float64(s.P))
			}
		}
	}
	return math.Sqrt(math.Max(0, sum)) // a squared norm, but for rounding
}

func dot(a, b []float64) float64 {
	var s float64
	for i, v := range a {
		s += v * b[i]
	}
	return s
}

// CosineCost bounds sqrt(y^T H^{-1} y) for y = cos(beta . x) - 1 with ||beta|| = norm (derived):
// the series sum_l (-1)^l z^{2l}/(2l)! in [SumCost]. It grows like exp(norm), and is +Inf from about norm = 350 on, where its
// square has no float64.
func CosineCost(norm float64) float64 {
	return evenCost(norm, func(l int) float64 { return 1 / float64((2*l-1)*2*l) })
}

// PrintedCosineCost is 3 ||beta|| sinh ||beta||, the same series in Corollary 6.2 of Arora et al. (2019) (derived; Example
// 6.3 states its order alone).
func PrintedCosineCost(norm float64) float64 { return when(norm >= 0, 3*norm*math.Sinh(norm)) }

// ArctanCost is [CosineCost] for y = phi(beta . x), phi(z) = z arctan(z/2) =
// sum_l (-1)^{l-1} 2^{1-2l} z^{2l}/(2l-1), and norm <= 1, well within the radius 2 of convergence.
func ArctanCost(norm float64) float64 {
	return when(norm <= 1, evenCost(norm, func(l int) float64 {
		if l == 1 {
			return 0.5
		}
		return 0.25 * float64(2*l-3) / float64(2*l-1)
	}))
}

// PrintedArctanCost is 3 sum_l 2l 2^{1-2l} ||beta||^{2l}/(2l-1) for ||beta|| <= 1, 3.6480 at ||beta|| = 1: the series in Corollary
// 6.2 (derived; Example 6.4 states the order ||beta||^2 alone).
func PrintedArctanCost(norm float64) float64 {
	var sum float64
	for l := 1; l <= 60; l++ {
		sum += 3 * float64(2*l) * math.Ldexp(1, 1-2*l) * math.Pow(norm, float64(2*l)) / float64(2*l-1)
	}
	return when(norm >= 0 && norm <= 1, sum)
}

// evenCost is the root of sum_{l>=1} (t_l c_{2l}^{-1/2})^2 for the terms t_l = norm^2 ratio(l) t_{l-1}, t_0 = 1, of an even series.
func evenCost(norm float64, ratio func(l int) float64) float64 {
	if !(norm >= 0) {
		return math.NaN()
	}
	sum, term := 0.0, 1.0
	for l := 1; !math.IsInf(sum, 1); l++ {
		term *= norm * norm * ratio(l)
		t := term * MonomialCost(2*l)
		sum += t * t
		if float64(l) > norm && t*t <= 1e-34*sum { // past the largest term, which lies at 2l near norm
			break
		}
	}
	return math.Sqrt(sum)
}

// WorstLabelRate is (1 - eta lambda_0)^k, which ||(I - eta H)^k y||/||y|| does not exceed for any labels when
// 0 < eta <= 1/lambda_max, and which the eigenvector of lambda_0 attains (derived).
func WorstLabelRate(eta, lambda0 float64, k int) float64 {
	return when(eta > 0 && lambda0 >= 0 && eta*lambda0 <= 1 && k >= 0, math.Pow(1-eta*lambda0, float64(k)))
}
