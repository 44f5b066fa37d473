package train

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// A Linear is the linearised dynamics of a fixed kernel H (n x n): residuals
// that follow e_{k+1} = (I - eta H) e_k or de/dt = -H e exactly, in the
// eigenbasis of H.
type Linear struct {
	Values  []float64  // eigenvalues, ascending
	Vectors *mat.Dense // n x n, eigenvectors in columns
}

// NewLinear factorises the kernel.
func NewLinear(h *mat.SymDense) (*Linear, error) {
	n := h.SymmetricDim()
	for i := range n {
		for j := i; j < n; j++ {
			if v := h.At(i, j); math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("train: kernel entry (%d,%d) is %v; it must be finite", i, j, v)
			}
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(h, true) {
		return nil, errors.New("train: the eigenvalue solver did not converge on the kernel")
	}
	l := &Linear{Values: eig.Values(nil), Vectors: new(mat.Dense)}
	eig.VectorsTo(l.Vectors)
	return l, nil
}

// Apply returns g(H) e0 for a function g of the eigenvalues.
func (l *Linear) Apply(e0 []float64, g func(lambda float64) float64) []float64 {
	n := len(l.Values)
	if len(e0) != n {
		panic(fmt.Sprintf("train: residual of %d entries for a kernel of %d", len(e0), n))
	}
	var c, e mat.VecDense
	c.MulVec(l.Vectors.T(), mat.NewVecDense(n, e0))
	for i, lambda := range l.Values {
		c.SetVec(i, g(lambda)*c.AtVec(i))
	}
	e.MulVec(l.Vectors, &c)
	return e.RawVector().Data
}

// Descent returns (I - eta H)^k e0: the residual after k steps.
func (l *Linear) Descent(e0 []float64, eta float64, k int) []float64 {
	return l.Apply(e0, func(lambda float64) float64 { return math.Pow(1-eta*lambda, float64(k)) })
}

// Flow returns exp(-t H) e0: the residual of gradient flow at time t.
func (l *Linear) Flow(e0 []float64, t float64) []float64 {
	return l.Apply(e0, func(lambda float64) float64 { return math.Exp(-t * lambda) })
}

// LinearStep subtracts eta H g from u: one gradient step in function space of
// the linear model with kernel H, on a loss with derivative g at the outputs u.
// With g = u - y it is e <- (I - eta H) e. It allocates nothing; g must not
// share memory with u.
func LinearStep(u []float64, h *mat.SymDense, eta float64, g []float64) {
	blas64.Symv(-eta, h.RawSymmetric(),
		blas64.Vector{N: len(g), Inc: 1, Data: g}, 1,
		blas64.Vector{N: len(u), Inc: 1, Data: u})
}

// Linearised returns the residuals e_0, ..., e_steps of the recursion
// e_{k+1} = (I - eta H) e_k, step by step.
func Linearised(h *mat.SymDense, e0 []float64, eta float64, steps int) [][]float64 {
	path := make([][]float64, steps+1)
	path[0] = append([]float64(nil), e0...)
	for k := range steps {
		path[k+1] = append([]float64(nil), path[k]...)
		LinearStep(path[k+1], h, eta, path[k])
	}
	return path
}
