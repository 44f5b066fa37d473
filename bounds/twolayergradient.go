package bounds

import "gonum.org/v1/gonum/mat"

// TwoLayerGradient returns the squared Frobenius norms of the gradients of (1/2) ||phi(X W^T) V - Y||_F^2 in V (m x p) and in W (m x d) at the
// residual R (n x p), from Gram matrices alone:
//
//	||dL/dV||^2 = <R R^T, Phi Phi^T>,   ||dL/dW||^2 = <X X^T, D D^T>,   D = (R V^T) o phi'(X W^T),
//
// with Phi = phi(X W^T), n x m. With p = 1 their sum is r^T [Phi Phi^T + (X X^T) o (A A^T)] r, A = phi'(X W^T) diag(v).
func TwoLayerGradient(phi, deriv func(z float64) float64, x, w, v, r mat.Matrix) (second, first float64) {
	var z, feature, d, outer, gram mat.Dense
	z.Mul(x, w.T())
	feature.Apply(func(_, _ int, z float64) float64 { return phi(z) }, &z)
	z.Apply(func(_, _ int, z float64) float64 { return deriv(z) }, &z)
	d.Mul(r, v.T())
	d.MulElem(&d, &z)
	inner := func(a, b mat.Matrix) float64 {
		outer.Reset()
		gram.Reset()
		outer.Mul(a, a.T())
		gram.Mul(b, b.T())
		outer.MulElem(&outer, &gram)
		return mat.Sum(&outer)
	}
	return inner(r, &feature), inner(x, &d)
}
