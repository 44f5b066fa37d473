package bounds

import (
	"fmt"
	"math"
)

// Certificate is the instance certificate of Du et al. (2019) (derived): a deterministic theorem about gradient
// descent on one concrete two-layer ReLU network, with no probability and no hidden constant.
//
// Let s0 = lambda_min(H(0)) > 0, e0 = ||u(0) - y||, S = ||X||_2, a threshold theta in (0, 1/2) and a step
// size eta with beta = 2(1-2 theta)/(1-theta) - eta S^2 > 0; c = (1-theta)^2 beta and
// R' = 2 S e0/(sqrt m c s0).
//
// Hypothesis: S^2 phat(R') <= theta^2 s0, where phat(R') is the largest fraction, over the samples, of
// neurons with |w_r(0) . x_i| <= R'.
//
// Conclusion, for all k >= 0: ||e_{k+1}||^2 <= (1 - eta c s0) ||e_k||^2; every neuron stays within R' of
// its start; lambda_min(H(k)) >= (1-theta)^2 s0; at most m phat(R') activations flip on any sample.
//
// Proof. u_{k+1} - u_k = -eta Jbar v, v = J_k^T e_k, with Jbar the mean Jacobian on the segment. In the
// ball ||Jbar - J_k|| <= S sqrt(phat) <= theta sqrt(s0) and sigma_min(J_k) >= (1-theta) sqrt(s0), so
// e^T Jbar v >= ||v||^2 (1-2 theta)/(1-theta), and ||Jbar|| <= S; hence
// ||e_{k+1}||^2 <= ||e_k||^2 - eta beta ||v||^2 and ||v||^2 >= (1-theta)^2 s0 ||e_k||^2. The movement is at
// most sum_j (eta S/sqrt m)(1 - eta c s0)^{j/2} e0 <= R', which closes the induction.
//
// The conclusion but for the flips a sample also follows from q(R'), the share of neurons fragile for at least one sample, if
// S^2 q(R') <= theta (2 - theta) s0 and eta S^2 <= (2 - 3 theta)/(2 (1 - theta)): see [Certificate.Load]. Proof. Let h and g be
// the parts of ||v||^2 of the other neurons and of these. The others keep their patterns, so that
// lambda_min(H) >= s0 - S^2 q >= (1-theta)^2 s0 in the ball, h >= (1-theta)^2 s0 ||e_k||^2, and their parts of Jbar^T e and v agree.
// Those of a fragile one differ by S ||e||/sqrt m at most, so that e^T Jbar v >= h + g - sqrt(g q) S ||e||. With x = eta S^2 < 2 the step
// takes eta ((2-x)(h+g) - 2 sqrt(g q) S ||e||) >= eta ((2-x) h - q S^2 ||e||^2/(2-x)) off ||e||^2. At the largest q that is
// eta s0 ||e||^2 ((2-x)(1-theta)^2 - theta (2-theta)/(2-x)), which is eta c s0 ||e||^2 at least exactly for such x.
type Certificate struct {
	Theta, Beta, C float64
	// Radius is R', the ball in which the hypothesis counts fragile neurons.
	Radius float64
	// FlipBudget is theta^2 s0/S^2: the hypothesis is phat(Radius) <= FlipBudget.
	FlipBudget float64
	// NeuronBudget is theta (2-theta) s0/S^2, what q(Radius) may be instead, or 0 for steps that are too long for it.
	NeuronBudget float64
	// Rate is 1 - eta c s0, the factor on the squared residual norm per step.
	Rate float64
	// LambdaMin is (1-theta)^2 s0, the floor of the smallest eigenvalue during training.
	LambdaMin float64
}

// BestTheta is (9 - sqrt 17)/16 = 0.3048, which maximises c theta^2 as eta -> 0 (its value there is
// 0.050429) and so needs the smallest width: the root below 1/2 of 8 theta^2 - 9 theta + 2 = 0.
const BestTheta = (9 - 4.12310562561766054982140985597408) / 16

// Instance is what a certificate needs to know of a network and its training.
type Instance struct {
	Width      int     // m
	S          float64 // ||X||_2
	LambdaMin0 float64 // s0 = lambda_min(H(0)), or a lower bound on it
	Residual0  float64 // e0 = ||u(0) - y||
	Step       float64 // eta
}

// Certify returns the certificate of an instance at the threshold theta. It fails when the theorem does
// not apply: theta outside (0, 1/2), s0 <= 0, or a step size too large for beta > 0. Whether
// the hypothesis holds is then a question of counting: see [Certificate.Holds].
func Certify(in Instance, theta float64) (Certificate, error) {
	if err := in.check(); err != nil {
		return Certificate{}, err
	}
	if !(theta > 0 && theta < 0.5) {
		return Certificate{}, fmt.Errorf("bounds: threshold theta = %v; choose one in (0, 1/2), such as BestTheta", theta)
	}
	slope := 2 * (1 - 2*theta) / (1 - theta)
	beta := slope - in.Step*in.S*in.S
	if !(beta > 0) {
		return Certificate{}, fmt.Errorf("bounds: step size %g gives beta = %.3g <= 0; take less than %g", in.Step, beta, slope/(in.S*in.S))
	}
	c := (1 - theta) * (1 - theta) * beta
	neurons := 0.0
	if in.Step*in.S*in.S <= (2-3*theta)/(2*(1-theta)) {
		neurons = theta * (2 - theta) * in.LambdaMin0 / (in.S * in.S)
	}
	return Certificate{
		Theta: theta, Beta: beta, C: c,
		Radius:     2 * in.S * in.Residual0 / (math.Sqrt(float64(in.Width)) * c * in.LambdaMin0),
		FlipBudget: theta * theta * in.LambdaMin0 / (in.S * in.S), NeuronBudget: neurons,
		Rate:      1 - in.Step*c*in.LambdaMin0,
		LambdaMin: (1 - theta) * (1 - theta) * in.LambdaMin0,
	}, nil
}

// CertifyPaper is the variant of Du et al. (2019) with the rate of Du et al. (2019), derived: if
// lambda_min(H(0)) >= (3/4) lambda_0, eta <= 0.55/S^2 and phat(Radius) <= FlipBudget, with
// Radius = 4 S e0/(sqrt m lambda_0) and FlipBudget = kappa_*^2 lambda_0/S^2, then
// ||e_k||^2 <= (1 - eta lambda_0/2)^k e0^2 for all k and lambda_min(H(k)) >= lambda_0/2.
// (With ||Jbar - J_k|| <= kappa_* sqrt(lambda_0) and sigma_min(J_k) >= sqrt(lambda_0/2), the beta of the
// proof is 2(1 - sqrt2 kappa_*) - eta S^2 = 1.5505 - eta S^2 >= 1.) NeuronBudget = lambda_0/(4 S^2) serves as well: then
// lambda_min(H) >= lambda_0/2 and, with x = eta S^2 <= 0.55, a step takes eta lambda_0 ((2-x)/2 - 1/(4 (2-x))) >= 0.552 eta lambda_0
// off, see [Certificate].
//
// Theta, Beta and C hold the corresponding kappa_*, beta and 1/2.
func CertifyPaper(in Instance, lambda0 float64) (Certificate, error) {
	if err := in.check(); err != nil {
		return Certificate{}, err
	}
	if !(lambda0 > 0) || in.LambdaMin0 < 0.75*lambda0 {
		return Certificate{}, fmt.Errorf("bounds: lambda_min(H(0)) = %g is below (3/4) lambda_0 = %g; widen the network or use Certify", in.LambdaMin0, 0.75*lambda0)
	}
	if s2 := in.S * in.S; !(in.Step*s2 <= 0.55) {
		return Certificate{}, fmt.Errorf("bounds: step size %g exceeds 0.55/S^2 = %g", in.Step, 0.55/s2)
	}
	return Certificate{
		Theta: KappaStar, Beta: 2*(1-math.Sqrt2*KappaStar) - in.Step*in.S*in.S, C: 0.5,
		Radius:     GDMovement(in.S, in.Residual0, lambda0, in.Width),
		FlipBudget: FlipBudget(lambda0, in.S), NeuronBudget: NeuronBudget(lambda0, in.S),
		Rate:      1 - in.Step*lambda0/2,
		LambdaMin: lambda0 / 2,
	}, nil
}

func (in Instance) check() error {
	switch {
	case in.Width < 1:
		return fmt.Errorf("bounds: width %d; a network has at least one neuron", in.Width)
	case !(in.S > 0) || math.IsInf(in.S, 0):
		return fmt.Errorf("bounds: S = ||X||_2 = %v; it must be positive and finite", in.S)
	case !(in.LambdaMin0 > 0):
		return fmt.Errorf("bounds: lambda_min(H(0)) = %v; the certificate needs a positive definite Gram matrix (distinct inputs, more neurons)", in.LambdaMin0)
	case !(in.Residual0 >= 0) || math.IsInf(in.Residual0, 0):
		return fmt.Errorf("bounds: residual norm %v; it must be finite and not negative", in.Residual0)
	case !(in.Step > 0) || math.IsInf(in.Step, 0):
		return fmt.Errorf("bounds: step size %v; it must be positive and finite", in.Step)
	}
	return nil
}

// Holds checks the hypothesis for the measured fraction phat(Radius) and returns its margin
// FlipBudget/phat, which is at least 1 when it holds (+Inf when no neuron is fragile).
func (c Certificate) Holds(phat float64) (bool, float64) {
	if !(phat >= 0) {
		return false, math.NaN()
	}
	return phat <= c.FlipBudget, c.FlipBudget / phat
}

// Load is the part of its budget that a network spends, whose share phat(Radius) of neurons is fragile for one sample at most and
// q(Radius) for at least one: of the budget that it spends less of. The certificate applies when it is at most 1.
func (c Certificate) Load(phat, q float64) float64 {
	if !(phat >= 0 && q >= 0) {
		return math.NaN()
	}
	load := phat / c.FlipBudget
	if c.NeuronBudget > 0 {
		load = min(load, q/c.NeuronBudget)
	}
	return load
}

// CertificateWidth estimates the width (8/pi) S^6 e0^2/(c^2 theta^4 s0^4) from which on the certificate
// at threshold theta and small step size can be expected to apply: there S^2 R' sqrt(2/pi) = theta^2 s0,
// with phat replaced by its mean. At [BestTheta] it is 1001 S^6 e0^2/s0^4. Fluctuations
// of phat ask for a little more.
func CertificateWidth(s, e0, s0, theta float64) float64 {
	c := 2 * (1 - theta) * (1 - 2*theta)
	t2 := theta * theta
	return when(theta > 0 && theta < 0.5 && s0 > 0, 8/math.Pi*math.Pow(s, 6)*e0*e0/(c*c*t2*t2*math.Pow(s0, 4)))
}
