package bounds

import "math"

// The movements of this file bound max_r ||w_r - w_r(0)|| for a two-layer ReLU network of width m with
// initial residual norm e0 = ||u(0) - y||, while the Gram matrix stays above lambda_0/2. They rest on
// ||dL/dw_r|| <= S ||e||/sqrt m and S <= sqrt n.

// GradientNorm bounds max_r ||dL/dw_r|| by S ||e||/sqrt m, always (derived).
func GradientNorm(s, e float64, m int) float64 {
	return when(s >= 0 && e >= 0 && m >= 1, s*e/math.Sqrt(float64(m)))
}

// FlowMovement is 2 S e0/(sqrt m lambda_0) for gradient flow (Du et al. (2019), derived and attained): the
// norm of the residual decays like exp(-lambda_0 t/2), whose integral is 2/lambda_0. It replaces
// the defective [PrintedFlowMovement].
func FlowMovement(s, e0, lambda0 float64, m int) float64 {
	return when(lambda0 > 0, 2*GradientNorm(s, e0, m)/lambda0)
}

// PrintedFlowMovement is R' = sqrt(n) e0/(sqrt m lambda_0) as printed in Lemma 3.3 of Du et al. (2019).
//
// The printed constant is defective: it loses a factor 2, and with one input and a quarter of the neurons active
// the movement is exactly twice the printed R'. It is here to be refuted.
func PrintedFlowMovement(n int, e0, lambda0 float64, m int) float64 {
	return when(n >= 1 && lambda0 > 0, GradientNorm(math.Sqrt(float64(n)), e0, m)/lambda0)
}

// GDMovement is 4 S e0/(sqrt m lambda_0) for gradient descent with 0 < eta lambda_0 <= 2 whose loss
// contracts by 1 - eta lambda_0/2 a step: sum_j eta (1 - eta lambda_0/2)^{j/2} <= 4/lambda_0
// because 1 - sqrt(1-x) >= x/2. The constant is attained as eta -> 0.
func GDMovement(s, e0, lambda0 float64, m int) float64 {
	return when(lambda0 > 0, 4*GradientNorm(s, e0, m)/lambda0)
}

// PrintedGDMovement is 4 sqrt(n) e0/(sqrt m lambda_0), Corollary 4.1 of Du et al. (2019), correct as
// printed.
func PrintedGDMovement(n int, e0, lambda0 float64, m int) float64 {
	return when(n >= 1, GDMovement(math.Sqrt(float64(n)), e0, lambda0, m))
}

// BothLayersRadii are the radii printed for training both layers in Du et al. (2019), Appendix A.1:
// the allowed ones R_w = sqrt(2 pi) lambda_0 delta/(32 n^2) and R_a = lambda_0/(16 n^2), and the
// reached ones R_w' = 4 sqrt(n) e0/(sqrt m lambda_0) and
// R_a' = 8 sqrt(n) e0 sqrt(log(mn/delta))/(sqrt m lambda_0). The proof closes when Reached < Allowed.
type BothLayersRadii struct {
	AllowedW, AllowedA float64
	ReachedW, ReachedA float64
}

// BothLayers evaluates [BothLayersRadii].
func BothLayers(n int, e0, lambda0, delta float64, m int) BothLayersRadii {
	n2 := float64(n) * float64(n)
	reached := PrintedGDMovement(n, e0, lambda0, m)
	return BothLayersRadii{
		AllowedW: PrintedRadius(n, lambda0, delta) / 2,
		AllowedA: when(n >= 1 && lambda0 >= 0, lambda0/(16*n2)),
		ReachedW: reached,
		ReachedA: when(isProbability(delta), 2*reached*math.Sqrt(math.Log(float64(m)*float64(n)/delta))),
	}
}
