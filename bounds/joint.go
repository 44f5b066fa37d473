package bounds

import (
	"fmt"
	"math"
)

// A JointCertificate is a convergence theorem for gradient flow on both layers of one two-layer ReLU network, with |a_r(0)| = 1.
// If Loss(phat(RadiusW)) is at most Allowed, then for all t: lambda_min(H(t)) >= LambdaMin, ||e(t)|| <= exp(-LambdaMin t) e0,
// max_r ||w_r(t) - w_r(0)|| <= RadiusW and max_r |a_r(t) - a_r(0)| <= RadiusA.
type JointCertificate struct {
	RadiusW, RadiusA float64
	LambdaMin        float64 // (1-theta)^2 s0
	Allowed          float64 // theta sqrt(s0), what the smallest singular value of the Jacobian in W may lose
	s                float64
}

// CertifyJoint makes the certificate at theta in (0, 1); largest is max_r ||relu(X w_r(0))||. Its step size is not used.
//
// Derivation: while lambda_min(H) >= lambda = (1-theta)^2 s0, d/dt ||e||^2 = -2 e^T(H + G)e makes ||e|| decay like exp(-lambda t), so that its
// integral over sqrt m is at most T = e0/(sqrt m lambda). From ||dw_r/dt|| <= |a_r| S ||e||/sqrt m and |da_r/dt| <= ||relu(X w_r)|| ||e||/sqrt m follow
// R_w = (1 + R_a) S T and R_a = (largest + S R_w) T. The Jacobian in W has the blocks a_r P_ri x_i/sqrt m; it changes by at most
// (1 + R_a) S sqrt(phat) through flips and R_a S through a, as in [JacobianShift]. Weyl's inequality and continuity in t close the argument.
func CertifyJoint(in Instance, largest, theta float64) (JointCertificate, error) {
	in.Step = 1
	if err := in.check(); err != nil {
		return JointCertificate{}, err
	}
	lambda := (1 - theta) * (1 - theta) * in.LambdaMin0
	reach := in.Residual0 / (math.Sqrt(float64(in.Width)) * lambda)
	st := in.S * reach
	switch {
	case !(theta > 0 && theta < 1):
		return JointCertificate{}, fmt.Errorf("bounds: theta = %v; it lies in (0, 1)", theta)
	case !(largest >= 0):
		return JointCertificate{}, fmt.Errorf("bounds: largest feature %v; it must not be negative", largest)
	case !(st < 1):
		return JointCertificate{}, fmt.Errorf("bounds: the layers would feed each other, S e0/(sqrt m lambda) = %g; it must be below 1: widen the network or shrink the labels", st)
	}
	a := (largest*reach + st*st) / (1 - st*st)
	return JointCertificate{RadiusW: (1 + a) * st, RadiusA: a, LambdaMin: lambda, Allowed: theta * math.Sqrt(in.LambdaMin0), s: in.S}, nil
}

// Loss is what the smallest singular value of the Jacobian loses at most when the share phat of the neurons is fragile.
func (c JointCertificate) Loss(phat float64) float64 {
	return when(phat >= 0, (1+c.RadiusA)*JacobianShift(c.s, phat)+c.RadiusA*c.s)
}
