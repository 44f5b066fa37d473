package eig

import "gonum.org/v1/gonum/mat"

// Difference returns A - B.
func Difference(a, b mat.Symmetric) *mat.SymDense {
	d := new(mat.SymDense)
	d.ScaleSym(-1, b)
	d.AddSym(a, d)
	return d
}

// Distance returns ||A - B||_F; see [Norm] for the spectral norm of a difference.
func Distance(a, b mat.Symmetric) float64 { return mat.Norm(Difference(a, b), 2) }
