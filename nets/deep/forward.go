package deep

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// A Forward draws the features of a ReLU network at its start layer by layer without its weights: given the features of
// one layer, the preactivations of the next on n inputs are m independent Gaussian vectors whose covariance is the Gram
// matrix of these features times the variance of a weight. The law is exactly that of the network, at a cost of O(n^2 m)
// a layer in place of O(n m^2).
type Forward struct {
	variance float64
	gram     *mat.SymDense // of the current features
	root     *mat.TriDense // lower triangular, root root^T = gram
	z, f     *mat.Dense    // n x m
}

// NewForward starts at the inputs x (n x d), which are the features of layer 0, for layers of m neurons whose weights have the
// variance.
func NewForward(x *mat.Dense, m int, variance float64) *Forward {
	n, _ := x.Dims()
	w := &Forward{
		variance: variance, gram: mat.NewSymDense(n, nil), root: mat.NewTriDense(n, mat.Lower, nil),
		z: mat.NewDense(n, m, nil), f: mat.NewDense(n, m, nil),
	}
	outerGram(x.RawMatrix(), w.gram.RawSymmetric())
	return w
}

// Next draws the next layer.
func (w *Forward) Next(rng *rand.Rand) {
	semidefiniteRoot(w.root, w.gram)
	n, _ := w.z.Dims()
	std := math.Sqrt(w.variance)
	for i := range n {
		row := w.f.RawRowView(i) // holds the independent variables until their row is done
		for k := range row {
			row[k] = std * rng.NormFloat64()
		}
	}
	for i := n - 1; i >= 0; i-- {
		z := w.z.RawRowView(i)
		clear(z)
		for j := 0; j <= i; j++ {
			floats.AddScaled(z, w.root.At(i, j), w.f.RawRowView(j))
		}
	}
	for i := range n {
		z, f := w.z.RawRowView(i), w.f.RawRowView(i)
		for k, v := range z {
			f[k] = math.Max(v, 0)
		}
	}
	for i := range n {
		for j := range i + 1 {
			w.gram.SetSym(i, j, floats.Dot(w.f.RawRowView(i), w.f.RawRowView(j)))
		}
	}
}

// Gram is the Gram matrix of the current features (n x n), a live view.
func (w *Forward) Gram() *mat.SymDense { return w.gram }

// Preactivation is Z of the current layer (n x m), a live view.
func (w *Forward) Preactivation() *mat.Dense { return w.z }

// Feature is relu(Z) of the current layer (n x m), a live view.
func (w *Forward) Feature() *mat.Dense { return w.f }

// semidefiniteRoot is the Cholesky factorisation of a semidefinite matrix. A pivot that is zero to rounding, where a row
// depends on those above, is zero, with its column: equal inputs then have preactivations that are equal to rounding.
func semidefiniteRoot(root *mat.TriDense, a *mat.SymDense) {
	n := a.SymmetricDim()
	for j := range n {
		pivot := a.At(j, j)
		for k := range j {
			pivot -= root.At(j, k) * root.At(j, k)
		}
		if pivot <= 8*float64(n)*0x1p-53*a.At(j, j) {
			pivot = 0
		}
		root.SetTri(j, j, math.Sqrt(pivot))
		for i := j + 1; i < n; i++ {
			if pivot == 0 {
				root.SetTri(i, j, 0)
				continue
			}
			v := a.At(i, j)
			for k := range j {
				v -= root.At(i, k) * root.At(j, k)
			}
			root.SetTri(i, j, v/root.At(j, j))
		}
	}
}
