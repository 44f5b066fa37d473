package residual

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Simulate draws the features x^(h), h = 1..layers, of a fresh network of one position on inputs with the given Gram
// matrix, one row an input, and calls each with every one of them and its Gram matrix, which the next overwrite.
// Given the features below, the preactivations of a layer are independent over its neurons and Gaussian with the Gram
// matrix of those features as covariance: the law is that of a drawn network, at a cost of m n^2 a layer instead of
// m^2 n.
func Simulate(config Config, gram mat.Symmetric, layers int, rng *rand.Rand, each func(h int, x *mat.Dense, gram *mat.SymDense)) error {
	config.Positions, config.Patch, config.Channels = 1, 1, 1
	if err := config.check(); err != nil {
		return err
	}
	n, m := gram.SymmetricDim(), config.Width
	cov, x, g := mat.NewSymDense(n, nil), mat.NewDense(n, m, nil), make([]float64, n)
	cov.CopySym(gram)
	for h := 1; h <= layers; h++ {
		root, err := squareRoot(cov)
		if err != nil {
			return err
		}
		scale := config.scale(h)
		if !config.skips(h) {
			x.Zero()
		}
		value := config.Activation.Value
		for r := range m {
			for k := range g {
				g[k] = rng.NormFloat64()
			}
			for i := range n {
				x.RawRowView(i)[r] += scale * value(floats.Dot(root.RawRowView(i), g))
			}
		}
		for i := range n {
			for j := i; j < n; j++ {
				cov.SetSym(i, j, floats.Dot(x.RawRowView(i), x.RawRowView(j)))
			}
		}
		each(h, x, cov)
	}
	return nil
}

// squareRoot returns R with R R^T = A, of a matrix that may be singular.
func squareRoot(a *mat.SymDense) (*mat.Dense, error) {
	var es mat.EigenSym
	if !es.Factorize(a, true) {
		return nil, fmt.Errorf("residual: the eigenvalues of a covariance matrix did not converge")
	}
	n := a.SymmetricDim()
	root := mat.NewDense(n, n, nil)
	es.VectorsTo(root)
	for k, v := range es.Values(nil) {
		s := math.Sqrt(math.Max(v, 0))
		for i := range n {
			root.Set(i, k, s*root.At(i, k))
		}
	}
	return root, nil
}
