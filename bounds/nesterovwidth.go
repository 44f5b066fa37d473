package bounds

import "math"

// NesterovProof is a convergence theorem for Nesterov's method on the first layer of a two-layer ReLU network, with all its
// constants: n unit inputs, S = ||X||_2, start W(-1) = W(0), eta and beta as in [NesterovHalf] for a spectrum
// [lmin, lmax] that contains that of H(0).
//
// Hypothesis: at most a share Budget of the neurons have |w_r(0).x_i| <= R = Movement ||e(0)||/sqrt m, for every i.
//
// Conclusion, for all t: ||z_t|| <= Factor Rate^t ||z_0||, z_t = (e(t), e(t-1)), and no neuron moves farther than R.
//
// Proof (derived). Let E = sqrt 2 Factor ||e(0)|| and suppose ||e(u)|| <= E Rate^u for u <= t. Then no neuron has moved
// farther than R by step t+1 ([MomentumMovement]), so that at most a share s = Budget of the signs on any input has changed,
// and by [MomentumFlipDefect], with v = max_r ||w_r(u) - w_r(u-1)|| <= (eta S E/sqrt m) Rate^{u-1} (1 + beta Rate/(Rate - beta)),
// every defect is ||phi_u|| <= s G E Rate^u,
//
//	G = eta (2n-1) (1 + beta + beta/Rate) + eta beta sqrt n S (1 + beta Rate/(Rate-beta))/Rate.
//
// As ||M^k|| <= Factor r^k with r the exact radius, z_{t+1} = M^{t+1} z_0 + sum_u M^{t-u} phi_u has norm at most
// E (r^{t+1} + x (Rate^{t+1} - r^{t+1})), x = Factor s G/(Rate - r), and x <= 1 is the budget.
type NesterovProof struct {
	Step, Beta float64 // eta and beta
	Root       float64 // s = sqrt kappa
	Radius     float64 // r
	Rate       float64 // 1 - share/s
	Factor     float64 // C(kappa), see NesterovHalfFactor
	Budget     float64 // (Rate - r)/(Factor G)
	Movement   float64 // R sqrt m/||e(0)||
}

// ProveNesterov returns the proof with Rate = 1 - share/s. The share must lie below (1-r) s, which is at least 2/3, and
// leave the rate above beta; outside this the budget is NaN. The rate 1 - 1/(2s) of the theorem is the share 1/2.
func ProveNesterov(n int, s, lmin, lmax, share float64) NesterovProof {
	t := NesterovHalf(lmin, lmax)
	p := NesterovProof{Step: t.Step, Beta: t.Beta, Root: math.Sqrt(lmax / lmin), Radius: t.Radius}
	p.Rate = 1 - share/p.Root
	p.Factor = NesterovHalfFactor(lmax / lmin)
	q, beta, samples := p.Rate, p.Beta, float64(n)
	g := t.Step*(2*samples-1)*(1+beta+beta/q) + t.Step*beta*math.Sqrt(samples)*s*(1+beta*q/(q-beta))/q
	p.Budget = when(n >= 1 && s > 0 && q > p.Radius && q > beta && q < 1, (q-p.Radius)/(p.Factor*g))
	p.Movement = MomentumMovement(t.Step, beta, s, math.Sqrt2*p.Factor, q, 1)
	return p
}

// NesterovWidth is a width from which on, with probability at least 1 - delta over independent w_r(0) ~ N(0, I) and any signs,
// Nesterov's method with the parameters of [NesterovHalf] for lmin = (3/4) lambda_0 and lmax = S^2/2 + lambda_0/4 has
// ||z_t|| <= C(kappa) (1 - 1/(2s))^t ||z_0|| for all t (derived, after Liu, Pan and Tao 2022, whose width hides its constant).
//
// Four events share delta: lambda_min(H(0)) >= (3/4) lambda_0 and lambda_max(H(0)) <= lmax (matrix Chernoff; lambda_max(H^inf)
// <= S^2/2), ||e(0)|| <= ResidualBound, and a share of at most 2p <= Budget of fragile neurons, p >= p_R.
func NesterovWidth(p Problem) float64 {
	return p.nesterovWidth(p.S*p.S/2, 0.5, 4, 1, ResidualBound(p.LabelNorm, p.N, p.Delta/4))
}

// AntisymmetricNesterovWidth is [NesterovWidth] for an antisymmetric start, where e(0) = -y, for the spectrum up to
// top + lambda_0/4 with top >= lambda_max(H^inf), and for the rate 1 - share/s. Three events share delta, and every mean is
// one over m/2 pairs.
func AntisymmetricNesterovWidth(p Problem, top, share float64) float64 {
	return p.nesterovWidth(top, share, 3, 2, p.LabelNorm)
}

// nesterovWidth splits delta over the events; copies is the number of neurons that share one draw. The lower end of the
// spectrum asks for nothing of its own: its ChernoffWidth is 29.21 copies S^2 l/lambda_0, while Budget < 0.121 lambda_0/(2n-1) (as
// Rate - r < 0.684/s, Factor > 8.48 s, G > (2n-1) eta) makes flips more than 49 copies (2n-1) l/lambda_0.
func (p Problem) nesterovWidth(top, share, events, copies, residual float64) float64 {
	if p.Check() != nil || !(top > 0) {
		return math.NaN()
	}
	// Proved for the spectrum [(3/4) lambda_0, top + lambda_0/4], with top = lambda_max(H^inf) or a bound on it.
	proof := ProveNesterov(p.N, p.S, 0.75*p.Lambda0, top+p.Lambda0/4, share)
	delta := p.Delta / events
	l := math.Log(p.n() / delta)
	upper := copies * p.S * p.S * l / (ChernoffUpperRate(p.Lambda0/(4*top)) * top)
	flips := copies * 6 * l / proof.Budget // DoubleFlipsFailure <= delta at p = Budget/2
	small := 2 * FlipProbabilityBound(proof.Movement*residual) / proof.Budget
	return math.Max(upper, math.Max(flips, small*small))
}

// PrintedNesterovWidth is n^4 kappa^2 ln^3(n/delta)/lambda^2, lambda = (3/4) lambda_0, the order of the width of Wang, Lin and
// Abernethy (2021) for heavy ball and, as far as is known, of Liu, Pan and Tao (2022) for Nesterov's method, its hidden constant
// set to 1 (recalled). top bounds lambda_max(H^inf).
func PrintedNesterovWidth(p Problem, top float64) float64 {
	lambda := 0.75 * p.Lambda0
	kappa := (top + p.Lambda0/4) / lambda
	return when(p.Check() == nil && top > 0, math.Pow(p.n(), 4)*kappa*kappa*math.Pow(math.Log(p.n()/p.Delta), 3)/(lambda*lambda))
}
