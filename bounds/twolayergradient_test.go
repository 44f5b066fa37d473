package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
)

// Differences of the loss in every weight.
func TestTwoLayerGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, d, m, p = 3, 2, 4, 2
	x, w, v, y := gaussian(n, d, rng), gaussian(m, d, rng), gaussian(m, p, rng), gaussian(n, p, rng)
	residual := func() *mat.Dense {
		var z, out mat.Dense
		z.Mul(x, w.T())
		z.Apply(func(_, _ int, z float64) float64 { return math.Tanh(z) }, &z)
		out.Mul(&z, v)
		out.Sub(&out, y)
		return &out
	}
	loss := func() float64 { return math.Pow(mat.Norm(residual(), 2), 2) / 2 }
	squares := func(weights *mat.Dense) float64 {
		const h = 1e-5
		sum := 0.0
		for i, old := range weights.RawMatrix().Data {
			weights.RawMatrix().Data[i] = old + h
			up := loss()
			weights.RawMatrix().Data[i] = old - h
			sum += math.Pow((up-loss())/(2*h), 2)
			weights.RawMatrix().Data[i] = old
		}
		return sum
	}
	second, first := bounds.TwoLayerGradient(math.Tanh, func(z float64) float64 { return 1 - math.Pow(math.Tanh(z), 2) }, x, w, v, residual())
	within(t, "output weights", second, squares(v), 1e-7)
	within(t, "hidden weights", first, squares(w), 1e-7)
}
