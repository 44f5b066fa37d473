package bounds

import (
	"fmt"
	"math"
)

// A LastLayer is what the convergence of gradient flow on both layers of h(X) = V phi(W X) hangs on when the last hidden layer does the
// fitting (Song et al. 2021, sharpened here). The loss is ||R||_F^2/2 with R = V Phi - Y, Phi = phi(W X), columns of X the samples.
//
// Derivation of all that follows. Let s(t) = sigma_min(Phi_t) in the sense ||R Phi^T||_F >= s ||R||_F, omega the length of the path of W and
// B = B1 ||X||. Entry by entry ||Phi_t - Phi_0||_F <= B omega, so s >= s0 - B omega (Weyl). With g = ||dL/dW||_F,
//
//	-d||R||/dt = ||grad L||^2/||R|| >= (s^2 ||R||^2 + g^2)/||R|| >= 2 s g >= 2 (s0 - B omega) d omega/dt,
//
// whose integral is R0 - ||R_t|| >= 2 s0 omega - B omega^2. If B R0 < s0^2 then omega never reaches s0/B, and
//
//	s_t^2 >= (s0 - B omega)^2 >= s0^2 - B (R0 - ||R_t||).
//
// The residual obeys -d||R||/dt >= s^2 ||R||, a logistic equation with this s, and the length P of the whole path -d||R||/dP >= s.
type LastLayer struct {
	S0 float64 // sigma_min(Phi_0)
	B  float64 // B1 ||X||, B1 a Lipschitz constant of phi
	R0 float64 // ||R_0||_F
}

// Kappa is B R0/s0^2; the theorem needs it below 1.
func (c LastLayer) Kappa() float64 {
	return when(c.S0 > 0 && c.B >= 0 && c.R0 >= 0, c.B*c.R0/(c.S0*c.S0))
}

// SigmaMin is s0 sqrt(1 - kappa), which sigma_min(Phi_t) never falls below. It is attained in the limit by f = v w x with w = -v.
func (c LastLayer) SigmaMin() float64 {
	k := c.Kappa()
	return when(k <= 1, c.S0*math.Sqrt(1-k))
}

// SigmaMinAt is the bound at a time when the residual has the norm r <= R0.
func (c LastLayer) SigmaMinAt(r float64) float64 {
	return when(c.Kappa() <= 1 && r >= 0 && r <= c.R0, math.Sqrt(math.Max(0, c.S0*c.S0-c.B*(c.R0-r))))
}

// Decay is a lower bound on ln(R0/||R_t||): with a = s0^2 (1 - kappa) it is a t + ln((1 - kappa e^{-a t})/(1 - kappa)), the logistic
// solution. It is s0^2 t to first order at 0.
func (c LastLayer) Decay(t float64) float64 {
	k := c.Kappa()
	a := c.S0 * c.S0 * (1 - k)
	return when(k < 1 && t >= 0, a*t+math.Log1p(-k*math.Exp(-a*t))-math.Log1p(-k))
}

// MovementW is R0/(s0 + s_inf), s_inf = SigmaMin: the length of the path of W, from 2 s0 omega - B omega^2 <= R0.
func (c LastLayer) MovementW() float64 { return c.R0 / (c.S0 + c.SigmaMin()) }

// Path is 2 R0/(s0 + s_inf), the length of the whole path: the integral of dR/sqrt(s0^2 - B (R0 - R)) over [0, R0].
func (c LastLayer) Path() float64 { return 2 * c.MovementW() }

// SmallOutput is what sigma_min(Phi_t) never falls below when ||V_0|| = v is small; NaN where its hypothesis fails.
//
// Here g <= B ||V|| ||R||, and the part of the gradient in V is at least s ||R||, so that along rho = R0 - ||R|| a lower bound s and an upper
// bound u of ||V|| obey ds/drho = -B^2 u/s^2 and du/drho = 1/s. They keep s^2 + B^2 u^2 = E^2, and with B u = E sin a, s = E cos a the second
// one is R0 = (E^2/(2B)) [a + sin a cos a] from a_0 to a. The hypothesis is that a stays below pi/2.
func (c LastLayer) SmallOutput(v float64) float64 {
	if !(c.Kappa() >= 0 && v >= 0) {
		return math.NaN()
	}
	if c.B == 0 {
		return c.S0
	}
	e := math.Hypot(c.S0, c.B*v)
	start := math.Atan2(c.B*v, c.S0)
	area := func(a float64) float64 { return e * e / (2 * c.B) * (a - start + math.Sin(a-start)*math.Cos(a+start)) }
	lo, hi := start, math.Pi/2
	if !(area(hi) >= c.R0) {
		return math.NaN()
	}
	for range 200 {
		if mid := lo + (hi-lo)/2; area(mid) < c.R0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return e * math.Cos(hi)
}

// FeatureMap holds the constants of a two-layer network with a smooth activation on which the size of its second derivative depends.
type FeatureMap struct {
	X      float64 // ||X||, the spectral norm of the data
	Row    float64 // max_i ||x_i||
	B1, B2 float64 // |phi'| <= B1, and B2 is a Lipschitz constant of phi'
}

// JacobianLipschitz is the constant of ||J(V,W) - J(V',W')|| <= Lambda ||(V,W) - (V',W')||_F while no column of V, the output weights of one
// neuron, is longer than v:
//
//	Lambda = ||X|| (c + sqrt(c^2 + 4 B1^2))/2,  c = B2 v max_i ||x_i||.
//
// Derived: applied to R, the block in V changes by at most B1 ||X|| ||dW|| ||R||, that in W by ||X|| (B1 ||dV|| + c ||dW||) ||R||, and Lambda
// is the largest singular value of ||X|| (B1, 0; c, B1). Song et al. (2021), Lemma 3, has sqrt 2 ||X|| (B1 + B2 v), which is larger.
func (f FeatureMap) JacobianLipschitz(v float64) float64 {
	c := f.B2 * v * f.Row
	return when(f.X >= 0 && f.B1 >= 0 && c >= 0, f.X*(c+math.Sqrt(c*c+4*f.B1*f.B1))/2)
}

// PrintedJacobianLipschitz is beta of Lemma 3 of Song et al. (2021), sqrt 2 sigma_max(X) (phi'_max + phi″_max chi) (stated), for unit inputs.
func (f FeatureMap) PrintedJacobianLipschitz(chi float64) float64 {
	return when(f.X >= 0 && chi >= 0, math.Sqrt2*f.X*(f.B1+f.B2*chi))
}

// A LastLayerDescent is a convergence theorem for gradient descent on both layers of one network: at every step size up to Step and
// for every t,
//
//	||r_{t+1}||^2 <= (1 - Contraction eta) ||r_t||^2,  sigma_min(Phi_t) >= SigmaMin,  path of W <= MovementW,  whole path <= Path.
type LastLayerDescent struct {
	LastLayer           // with R0 divided by 1 - h
	Contraction float64 // 2 (1-h) s_inf^2
	Step        float64 // 2 h/M
	Smoothness  float64 // M, which bounds the Hessian of the loss where the steps go
}

// CertifyLastLayer makes the certificate at h in (0, 1); jacobian is ||J_0|| of both layers and v the longest column of V_0.
//
// Derivation: where the Hessian J^T J + sum r_i (Hessian of f_i) is at most M, a step of size eta <= 2h/M gives L_+ <= L - eta (1-h) ||g||^2, so
// ||r|| - ||r_+|| >= eta (1-h) ||g||^2/||r|| >= 2 (1-h) s (movement of W in this step). The sum over the steps of s_k times the movement is at
// least the integral of s0 - B omega, since s falls along it. So all that holds for the flow holds with R0/(1-h) in place of R0. M is
// (||J_0|| + Lambda P)^2 + Lambda R0 in the ball of radius P, the path, where Lambda is [FeatureMap.JacobianLipschitz] at v + P; that a segment
// does not leave the ball follows by letting the step grow from 0 to eta.
func CertifyLastLayer(c LastLayer, f FeatureMap, jacobian, v, h float64) (LastLayerDescent, error) {
	if !(h > 0 && h < 1) {
		return LastLayerDescent{}, fmt.Errorf("bounds: h = %v; it lies in (0, 1)", h)
	}
	d := LastLayerDescent{LastLayer: LastLayer{S0: c.S0, B: c.B, R0: c.R0 / (1 - h)}}
	if k := d.Kappa(); !(k < 1) {
		return d, fmt.Errorf("bounds: B ||r_0||/((1-h) s0^2) = %g; it must be below 1: widen the network or shrink the residual", k)
	}
	lip := f.JacobianLipschitz(v + d.Path())
	d.Smoothness = math.Pow(jacobian+lip*d.Path(), 2) + lip*c.R0
	d.Step = 2 * h / d.Smoothness
	d.Contraction = 2 * (1 - h) * d.SigmaMin() * d.SigmaMin()
	return d, nil
}
