package eig

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// What the estimates pass on to each other: unit vectors that are eigenvectors, the factor of the shifted
// matrix, the scale.

// known is the matrix 2 on the diagonal, -1 beside it, with its lowest eigenvalue and unit eigenvector.
func known(n int) (a *mat.SymDense, low float64, v []float64) {
	a, v = mat.NewSymDense(n, nil), make([]float64, n)
	angle := math.Pi / float64(n+1)
	for i := range n {
		a.SetSym(i, i, 2)
		if i > 0 {
			a.SetSym(i, i-1, -1)
		}
		v[i] = math.Sqrt(2/float64(n+1)) * math.Sin(float64(i+1)*angle)
	}
	return a, 2 - 2*math.Cos(angle), v
}

// parallel fails unless v is w or -w.
func parallel(t *testing.T, what string, v, w []float64, tol float64) {
	t.Helper()
	sign := math.Copysign(1, dot(v, w))
	for i := range w {
		if !(math.Abs(v[i]-sign*w[i]) <= tol) {
			t.Errorf("%s has the entry %v, want %v", what, v[i], sign*w[i])
			return
		}
	}
}

func TestLowestVectors(t *testing.T) {
	a, low, v := known(30)
	theta, w := inverseLanczos(a)
	within2(t, "inverse Lanczos", theta, low, 1e-12)
	parallel(t, "its vector", w, v, 1e-9)
	theta, w = lanczos(30, func(dst, x []float64) { symv(a, dst, x) }, false)
	within2(t, "Lanczos", theta, low, 1e-12)
	parallel(t, "its vector", w, v, 1e-9)

	lower, factor := certifyBelow(a, low)
	parallel(t, "inverse iteration", inverseIteration(factor), v, 1e-9)
	within2(t, "the certified bound", low-lower, margin(a, low), 1e-2)

	// U^T U = A - sI, with s a few units below.
	u := mat.NewTriDense(30, mat.Upper, nil)
	for i := range 30 {
		for j := i; j < 30; j++ {
			u.SetTri(i, j, factor.Data[i*factor.Stride+j])
		}
	}
	var product mat.Dense
	product.Mul(u.T(), u)
	for i := range 30 {
		product.Set(i, i, product.At(i, i)+low)
	}
	if !mat.EqualApprox(&product, a, 1e-12) {
		t.Error("the factor is not that of the shifted matrix")
	}
}

func TestRitz(t *testing.T) {
	// (2 -1; -1 2): 1 with (1, 1)/sqrt 2 and 3 with (1, -1)/sqrt 2.
	for _, largest := range []bool{false, true} {
		value, s := ritz([]float64{2, 2}, []float64{-1}, largest)
		want, v := 1.0, []float64{math.Sqrt2 / 2, math.Sqrt2 / 2}
		if largest {
			want, v[1] = 3, -v[1]
		}
		within2(t, "the Ritz value", value, want, 1e-15)
		parallel(t, "the Ritz vector", s, v, 1e-15)
	}
	if v := combine([][]float64{{1, 0, 2}, {0, 1, 1}}, []float64{3, -1}); v[0] != 3 || v[1] != -1 || v[2] != 5 {
		t.Errorf("combination %v, want [3 -1 5]", v)
	}
}

func TestLargestEntry(t *testing.T) {
	if x, err := largestEntry(mat.NewDense(2, 3, []float64{1, 2, -7, 0, 5, 3})); x != 7 || err != nil {
		t.Errorf("largest entry %v (%v), want 7", x, err)
	}
}
