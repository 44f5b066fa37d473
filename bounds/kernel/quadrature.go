package kernel

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// FeatureGram returns E[phi(w.x_i) phi(w.x_j)], w ~ N(0, I), for any function phi and the rows of X, of any norm. It is the feature kernel where
// no closed form is known, such as that of tanh.
//
// It uses the trapezoidal rule with the given step on [-9, 9] in each of the two Gaussian coordinates, u = w.x_i/||x_i|| and what of w.x_j is
// independent of it. Where phi(||x|| z) is analytic in the strip |Im z| < a the error is of the order of e^{-2 pi a/step}: a step of 1/4
// gives 1e-15 for tanh on unit rows (a = pi/2). Longer rows and steeper functions need a step that much smaller. What lies beyond 9 weighs
// 2e-19. Cost: (18/step)^2 values of phi for each pair.
func FeatureGram(phi func(z float64) float64, X mat.Matrix, step float64) (*mat.SymDense, error) {
	const reach = 9
	if !(step > 0 && step <= 1) {
		return nil, fmt.Errorf("kernel: quadrature step %v; it lies in (0, 1]", step)
	}
	pair, err := Pairs(X)
	if err != nil {
		return nil, err
	}
	half := int(math.Ceil(reach / step))
	at, weight := make([]float64, 2*half+1), make([]float64, 2*half+1)
	for k := range at {
		at[k] = float64(k-half) * step
		weight[k] = step * math.Exp(-at[k]*at[k]/2) / math.Sqrt(2*math.Pi)
	}
	mean := func(f func(z float64) float64) float64 {
		sum := 0.0
		for k, z := range at {
			sum += weight[k] * f(z)
		}
		return sum
	}
	n, _ := X.Dims()
	g := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			p := pair(i, j)
			g.SetSym(i, j, mean(func(u float64) float64 {
				first := phi(p.NormX * u)
				if i == j {
					return first * first
				}
				return first * mean(func(v float64) float64 { return phi(p.NormY * (p.Cos*u + p.Sin*v)) })
			}))
		}
	}
	return g, nil
}
