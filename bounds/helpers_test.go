package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// within fails unless got is want up to a relative error.
func within(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Max(math.Abs(want), 1e-300)) {
		t.Errorf("%s = %.12g, want %.12g within %g", what, got, want, relative)
	}
}

func sphere(n, d int, rng *rand.Rand) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	for i := range n {
		v := mat.NewVecDense(d, nil)
		for j := range d {
			v.SetVec(j, rng.NormFloat64())
		}
		v.ScaleVec(1/mat.Norm(v, 2), v)
		x.SetRow(i, v.RawVector().Data)
	}
	return x
}

func gram(x *mat.Dense) *mat.SymDense {
	var g mat.SymDense
	g.SymOuterK(1, x)
	return &g
}

// gaussian returns m x d independent standard normals.
func gaussian(m, d int, rng *rand.Rand) *mat.Dense {
	w := mat.NewDense(m, d, nil)
	for r := range m {
		for j := range d {
			w.Set(r, j, rng.NormFloat64())
		}
	}
	return w
}

// finiteGram is H(W) = (1/m) (P^T P) o (X X^T).
func finiteGram(x, w *mat.Dense) *mat.SymDense {
	m, _ := w.Dims()
	var z mat.Dense
	z.Mul(x, w.T()) // n x m
	z.Apply(func(_, _ int, v float64) float64 {
		if v >= 0 {
			return 1
		}
		return 0
	}, &z)
	p, g := gram(&z), gram(x)
	n := g.SymmetricDim()
	for i := range n {
		for j := i; j < n; j++ {
			g.SetSym(i, j, g.At(i, j)*p.At(i, j)/float64(m))
		}
	}
	return g
}

// extremes returns the smallest and largest eigenvalue.
func extremes(a mat.Symmetric) (lo, hi float64) {
	var es mat.EigenSym
	if !es.Factorize(a, false) {
		panic("eigenvalues did not converge")
	}
	v := es.Values(nil)
	return v[0], v[len(v)-1]
}

func isNaN(t *testing.T, values map[string]float64) {
	t.Helper()
	for what, v := range values {
		if !math.IsNaN(v) {
			t.Errorf("%s = %v outside its domain, want NaN", what, v)
		}
	}
}
