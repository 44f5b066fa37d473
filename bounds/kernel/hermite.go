package kernel

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// HermiteCoefficients returns c_0, ..., c_{count-1} with phi(z) = sum_k c_k h_k(z), h_k the Hermite
// polynomials normalised to E[h_j(z) h_k(z)] = 1{j = k} for z ~ N(0,1). On unit inputs the feature
// kernel of phi is sum_k c_k^2 r^k (Mehler), which serves activations without
// a closed form, such as tanh.
//
// It uses 150-node Gauss-Hermite quadrature: accurate to rounding for smooth phi of moderate growth
// and not for phi with kinks, whose coefficients [Kernel.Coefficient] gives exactly. It panics unless
// 1 <= count <= 60.
func HermiteCoefficients(phi func(z float64) float64, count int) []float64 {
	const nodes, most = 150, 60
	if count < 1 || count > most {
		panic(fmt.Sprintf("kernel: asked for %d Hermite coefficients; the quadrature resolves 1 to %d", count, most))
	}
	x, w := make([]float64, nodes), make([]float64, nodes)
	quad.Hermite{}.FixedLocations(x, w, math.Inf(-1), math.Inf(1))
	c := make([]float64, count)
	for i := range x {
		z := math.Sqrt2 * x[i]
		f := phi(z) * w[i] / math.SqrtPi
		before, h := 0.0, 1.0
		for k := range c {
			c[k] += f * h
			before, h = h, (z*h-math.Sqrt(float64(k))*before)/math.Sqrt(float64(k+1))
		}
	}
	return c
}
