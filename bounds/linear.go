package bounds

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
)

// Modes is the spectral prediction for a linear model with residual r and kernel H = J J^T (the base facts;
// with H = H^inf it is the infinite-width prediction of Du et al. (2019)). Gradient descent with
// step eta has r_k = (I - eta H)^k r_0 and gradient flow r(t) = exp(-H t) r_0.
type Modes struct {
	SpectralMeasure
	vectors mat.Dense // n x n, eigenvectors in columns
}

// SpectralMeasure is what of [Modes] needs no eigenvectors: norms of the residual and of the movement.
type SpectralMeasure struct {
	// Lambda holds the eigenvalues of H, ascending; eigenvalues are used as computed.
	Lambda []float64
	// Coef holds <q_i, r_0> for the unit eigenvectors q_i.
	Coef []float64
}

// NewSpectralMeasure decomposes r0 (length n) in the eigenbasis of the symmetric n x n matrix h, several times
// faster than [NewModes] for large n.
func NewSpectralMeasure(h mat.Symmetric, r0 []float64) (SpectralMeasure, error) {
	lambda, coef, err := eig.Components(h, r0)
	if err != nil {
		return SpectralMeasure{}, fmt.Errorf("bounds: %w", err)
	}
	return SpectralMeasure{lambda, coef}, nil
}

// NewModes decomposes r0 (length n) in the eigenbasis of the symmetric n x n matrix h.
func NewModes(h mat.Symmetric, r0 []float64) (Modes, error) {
	n := h.SymmetricDim()
	if n == 0 || len(r0) != n {
		return Modes{}, fmt.Errorf("bounds: a %d x %d kernel with a residual of length %d; the sizes must agree and be positive", n, n, len(r0))
	}
	for i := range n {
		for j := i; j < n; j++ {
			if v := h.At(i, j); math.IsNaN(v) || math.IsInf(v, 0) {
				return Modes{}, fmt.Errorf("bounds: kernel entry (%d,%d) is %v", i, j, v)
			}
		}
		if math.IsNaN(r0[i]) || math.IsInf(r0[i], 0) {
			return Modes{}, fmt.Errorf("bounds: residual entry %d is %v", i, r0[i])
		}
	}
	var es mat.EigenSym
	if !es.Factorize(h, true) {
		return Modes{}, fmt.Errorf("bounds: the eigenvalue iteration did not converge on this %d x %d kernel", n, n)
	}
	m := Modes{SpectralMeasure: SpectralMeasure{es.Values(nil), make([]float64, n)}}
	es.VectorsTo(&m.vectors)
	mat.NewVecDense(n, m.Coef).MulVec(m.vectors.T(), mat.NewVecDense(n, r0))
	return m, nil
}

// GD returns the residual after k steps of gradient descent.
func (m Modes) GD(eta float64, k int) []float64 {
	return m.residual(func(lambda float64) float64 { return math.Pow(1-eta*lambda, float64(k)) })
}

// Flow returns the residual of gradient flow at time t.
func (m Modes) Flow(t float64) []float64 {
	return m.residual(func(lambda float64) float64 { return math.Exp(-lambda * t) })
}

// GDNorm is sqrt( sum_i (1 - eta lambda_i)^{2k} <q_i, r_0>^2 ), the norm of [Modes.GD].
func (m SpectralMeasure) GDNorm(eta float64, k int) float64 {
	return m.norm(func(lambda float64) float64 { return math.Pow(1-eta*lambda, float64(k)) })
}

// FlowNorm is the norm of [Modes.Flow].
func (m SpectralMeasure) FlowNorm(t float64) float64 {
	return m.norm(func(lambda float64) float64 { return math.Exp(-lambda * t) })
}

// Displacement is ||theta(t) - theta_0|| of gradient flow: the square is
// sum_i <q_i,r_0>^2 (1 - exp(-lambda_i t))^2/lambda_i. At t = +Inf it is sqrt(r_0^T H^{-1} r_0), the norm of
// the minimum-norm interpolant. Modes with lambda_i <= 0 do not move.
func (m SpectralMeasure) Displacement(t float64) float64 {
	return m.displacement(func(lambda float64) float64 { return -math.Expm1(-lambda * t) })
}

// GDDisplacement is the same after k steps of gradient descent: theta_k - theta_0 = -J^T H^{-1}(r_0 - r_k),
// so 1 - (1 - eta lambda_i)^k stands in place of 1 - exp(-lambda_i t).
func (m SpectralMeasure) GDDisplacement(eta float64, k int) float64 {
	return m.displacement(func(lambda float64) float64 {
		if x := eta * lambda; x < 0.5 { // where 1 - (1 - x)^k would lose the digits of a small x
			return -math.Expm1(float64(k) * math.Log1p(-x))
		}
		return 1 - math.Pow(1-eta*lambda, float64(k))
	})
}

func (m SpectralMeasure) displacement(done func(lambda float64) float64) float64 {
	var sum float64
	for i, l := range m.Lambda {
		if l > 0 {
			d := m.Coef[i] * done(l)
			sum += d * d / l
		}
	}
	return math.Sqrt(sum)
}

func (m SpectralMeasure) norm(factor func(lambda float64) float64) float64 {
	var norm float64
	for i, l := range m.Lambda {
		norm = math.Hypot(norm, factor(l)*m.Coef[i])
	}
	return norm
}

func (m Modes) residual(factor func(lambda float64) float64) []float64 {
	n := len(m.Lambda)
	c := mat.NewVecDense(n, nil)
	for i, l := range m.Lambda {
		c.SetVec(i, factor(l)*m.Coef[i])
	}
	r := make([]float64, n)
	mat.NewVecDense(n, r).MulVec(&m.vectors, c)
	return r
}

// Contraction is q = max_i |1 - eta lambda_i| = max(|1 - eta lmin|, |1 - eta lmax|): gradient descent on a
// quadratic has ||e_k|| <= q^k ||e_0||, attained by an eigenvector, and f_k - f* <= q^{2k} (f_0 - f*). It diverges for almost every start iff eta lmax > 2.
func Contraction(eta, lmin, lmax float64) float64 {
	return when(eta >= 0 && lmin <= lmax, math.Max(math.Abs(1-eta*lmin), math.Abs(1-eta*lmax)))
}

// BestStep is eta = 2/(lmin + lmax), for which [Contraction] is (kappa-1)/(kappa+1), kappa = lmax/lmin: the
// smallest possible.
func BestStep(lmin, lmax float64) float64 {
	return when(lmin >= 0 && lmax >= lmin && lmax > 0, 2/(lmin+lmax))
}

// ModeGap bounds 0 <= exp(-x k) - (1-x)^k <= (x/2) e^{x-1} for every k >= 1 and x = eta lambda in [0, 1]
// (derived: a^k - b^k <= k(a-b)a^{k-1}, e^{-x} - 1 + x <= x^2/2, u e^{-u} <= 1/e).
func ModeGap(x float64) float64 { return when(x >= 0 && x <= 1, x/2*math.Exp(x-1)) }

// FlowGap bounds ||r_k^{GD} - r(k eta)|| uniformly in k by [ModeGap](eta lmax) ||r_0||, for
// eta lmax <= 1 (the base facts states it with the larger eta lmax/2).
func FlowGap(eta, lmax, r0 float64) float64 { return ModeGap(eta*lmax) * r0 }

// DescentDecrease is the guaranteed decrease eta (1 - eta L/2) ||g||^2 of an L-smooth function in one
// gradient step (equality for f = L x^2/2). It may be negative for eta > 2/L.
func DescentDecrease(eta, l, gradNorm float64) float64 {
	return when(eta >= 0 && l >= 0, eta*(1-eta*l/2)*gradNorm*gradNorm)
}

// PLRate is 1 - eta mu (2 - eta L), the factor on f - f* per step for an L-smooth function with
// ||grad f||^2 >= 2 mu (f - f*), 0 < eta <= 2/L; 1 - mu/L at eta = 1/L. Flow has exp(-2 mu t).
func PLRate(eta, mu, l float64) float64 {
	return when(eta >= 0 && mu >= 0 && mu <= l && eta*l <= 2, 1-eta*mu*(2-eta*l))
}

// PLFlowPath bounds the path length of gradient flow by sqrt(2 (f_0 - f*)/mu) under the PL condition.
func PLFlowPath(gap, mu float64) float64 { return when(gap >= 0 && mu > 0, math.Sqrt(2*gap/mu)) }

// PLDescentPath is sqrt(2 (f_0 - f*)/mu)/(1 - eta L/2), the same for gradient descent with eta L < 2, and so at
// most twice that of flow for eta <= 1/L: sqrt f_k - sqrt f_{k+1} >= (f_k - f_{k+1})/(2 sqrt f_k) >=
// (1 - eta L/2) eta ||g_k||^2/(2 sqrt f_k) >= (1 - eta L/2) sqrt(mu/2) eta ||g_k||. Attained as eta L falls.
func PLDescentPath(gap, mu, etaL float64) float64 {
	return when(etaL >= 0 && etaL < 2, PLFlowPath(gap, mu)/(1-etaL/2))
}

// GaussNewton is the certificate of the base facts for a nonlinear least-squares problem: on the ball of radius
// Path around the start, sigma_min(J) >= alpha, ||J|| <= beta and J is lip-Lipschitz. Then for
// eta <= MaxStep, with c = 1 - eta (lip ||r_0|| + beta^2)/2, which is at least 1/2,
// ||r_{t+1}||^2 <= (1 - 2 c eta alpha^2) ||r_t||^2 and the path is at most ||r_0||/(c alpha), which is at most Path.
//
// Proof: with v = J^T r and Jbar the mean Jacobian of the step, ||Jbar - J|| <= lip eta ||v||/2, so
// r^T Jbar v >= (1 - lip eta ||r||/2) ||v||^2 and
// ||r_+||^2 <= ||r||^2 - eta (2 - lip eta ||r|| - eta beta^2) ||v||^2 <= ||r||^2 - 2 c eta ||v||^2; and
// ||r|| - ||r_+|| >= (||r||^2 - ||r_+||^2)/(2 ||r||) >= c eta ||v||^2/||r|| >= c alpha eta ||v||.
type GaussNewton struct {
	MaxStep         float64 // min( 1/(2 beta^2), 1/(2 lip ||r_0||) )
	Path            float64 // 2 ||r_0||/alpha, for every step size up to MaxStep
	alpha, bend, r0 float64 // bend is lip ||r_0|| + beta^2
}

// NewGaussNewton evaluates the certificate for the initial residual norm r0.
func NewGaussNewton(alpha, beta, lip, r0 float64) GaussNewton {
	ok := alpha > 0 && beta >= alpha && lip >= 0 && r0 >= 0
	return GaussNewton{
		MaxStep: when(ok, math.Min(1/(2*beta*beta), 1/(2*lip*r0))),
		Path:    when(ok, 2*r0/alpha),
		alpha:   when(ok, alpha),
		bend:    lip*r0 + beta*beta,
		r0:      r0,
	}
}

// Rate is 1 - 2 c eta alpha^2, NaN for a step size above MaxStep.
func (g GaussNewton) Rate(eta float64) float64 {
	return when(eta >= 0 && eta <= g.MaxStep, 1-2*g.share(eta)*eta*g.alpha*g.alpha)
}

// PathAt is ||r_0||/(c alpha), NaN for a step size above MaxStep.
func (g GaussNewton) PathAt(eta float64) float64 {
	return when(eta >= 0 && eta <= g.MaxStep, g.r0/(g.share(eta)*g.alpha))
}

func (g GaussNewton) share(eta float64) float64 { return 1 - eta*g.bend/2 }

// Gronwall is C (rho + C eps)^t, the factor of the base facts: z_{t+1} = M z_t + p_t with ||M^t|| <= C rho^t and
// ||p_t|| <= eps ||z_t|| for all t has ||z_t|| <= Gronwall ||z_0||. Tight for C = 1.
func Gronwall(c, rho, eps float64, t int) float64 {
	return when(c >= 1 && rho > 0 && eps >= 0 && t >= 0, c*math.Pow(rho+c*eps, float64(t)))
}

// FlowStepLimit is the root u = 1.2784645 of u - 1 = exp(-u). For eta lambda up to it a step of
// gradient descent contracts a mode at least as much as flow over the same time,
// |1 - eta lambda| <= exp(-eta lambda), so that bounds for flow carry over to descent.
func FlowStepLimit() float64 {
	u := 1.0
	for range 60 { // Newton; u - 1 - exp(-u) is increasing and concave
		u -= (u - 1 - math.Exp(-u)) / (1 + math.Exp(-u))
	}
	return u
}
