package eig

import (
	"math"
	"math/big"
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
	for _, stop := range []struct {
		rule stopping
		tol  float64 // of the vector
	}{{byResidual, 1e-9}, {byGap, 1e-7}} {
		theta, w := inverseLanczos(a, stop.rule)
		within2(t, "inverse Lanczos", theta, low, 1e-12)
		parallel(t, "its vector", w, v, stop.tol)
		theta, w = lanczos(30, func(dst, x []float64) { symv(a, dst, x) }, false, stop.rule)
		within2(t, "Lanczos", theta, low, 1e-12)
		parallel(t, "its vector", w, v, stop.tol)
	}

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
		value, gap, s := ritz([]float64{2, 2}, []float64{-1}, largest)
		within2(t, "the gap", gap, 2, 1e-15)
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

func TestCholeskyErrorIsItsFormula(t *testing.T) {
	a := mat.NewSymDense(3, []float64{1, 0.5, 0, 0.5, 0.75, 0.25, 0, 0.25, 0.5})
	for _, s := range []float64{-1, 0, 0.125, 0.4375} {
		want, _ := rump(a, exact(s)).Float64()
		within2(t, "the error of a factorisation", choleskyError(a, s), want, 1e-14)
	}
	// What lies below the shift counts for nothing: 1 - 0.6 and 0.75 - 0.6 remain.
	want, _ := sum(times(over(higham(7), minus(exact(1), higham(7))), exact(0.55)), exact(0.4*0x1p-52)).Float64()
	within2(t, "the error above a shift", choleskyError(a, 0.6), want, 1e-14)
}

// The quotient of (1, 1, ...) is the mean of the row sums; above it lies the rounding of the form, which
// counts 3n+8 roundings of ||A||_F, and that of the division.
func TestRayleighUpperIsItsFormula(t *testing.T) {
	const n = 50
	a, _, _ := known(n) // all sums are exact
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	q := 2.0 / n
	bound, _ := sum(times(higham(3*n+8), exact(mat.Norm(a, 2))), times(higham(n+4), exact(q))).Float64()
	within2(t, "the margin above a quotient", rayleighUpper(a, ones)-q, bound, 1e-3)
	if x := rayleighUpper(a, make([]float64, n)); !math.IsInf(x, 1) {
		t.Errorf("the vector 0 bounds the smallest eigenvalue by %v", x)
	}
}

func TestGershgorinByHand(t *testing.T) {
	a := mat.NewSymDense(3, []float64{4, -1, 2, -1, 3, 0.5, 2, 0.5, 1})
	// Rows: 4 - 3, 3 - 1.5, 1 - 2.5, lowered by 5 roundings of 3.5.
	g, _ := times(higham(5), exact(3.5)).Float64()
	got := gershgorinBelow(a)
	within2(t, "Gershgorin's bound", got, -1.5, 1e-14)
	within2(t, "what it is lowered by", -1.5-got, g, 0.2) // to the spacing of -1.5, a tenth of it
}

// The bound of All with all its parts, from the same vectors and in 300 bits.
func TestResidualBoundIsItsFormula(t *testing.T) {
	const n = 8
	a := covariance(n)
	var es mat.EigenSym
	if !es.Factorize(a, true) {
		t.Fatal("no eigenvectors")
	}
	var v mat.Dense
	es.VectorsTo(&v)
	values := es.Values(nil)
	norm := func(entry func(i, j int) *big.Float) *big.Float {
		s := exact(0)
		for i := range n {
			for j := range n {
				s.Add(s, times(entry(i, j), entry(i, j)))
			}
		}
		return s.Sqrt(s)
	}
	product := func(x, y func(k int) float64) *big.Float {
		s := exact(0)
		for k := range n {
			s.Add(s, times(exact(x(k)), exact(y(k))))
		}
		return s
	}
	column := func(j int) func(k int) float64 { return func(k int) float64 { return v.At(k, j) } }
	residual := norm(func(i, j int) *big.Float {
		av := product(func(k int) float64 { return a.At(i, k) }, column(j))
		return minus(av, times(exact(values[j]), exact(v.At(i, j))))
	})
	skew := norm(func(i, j int) *big.Float {
		p := product(column(i), column(j))
		if i == j {
			p.Sub(p, exact(1))
		}
		return p
	})
	nv, g := exact(mat.Norm(&v, 2)), higham(n+8)
	size := exact(mat.Norm(a, 2) + values[n-1])
	residual.Add(residual, times(g, times(nv, size)))
	skew.Add(skew, times(g, times(nv, nv)))
	want, _ := sum(residual, times(skew, size)).Float64()
	// The package forms the residual and the skew in float64, with errors of one or two of some twenty units.
	within2(t, "the bound of All", residualBound(a, &es, values), want, 0.01)
}

// The solves over several blocks, with one that is not full.
func TestSolveInBlocks(t *testing.T) {
	for _, n := range []int{1, solveBlock, solveBlock + 1, 3*solveBlock - 5} {
		a, _, _ := known(n)
		factor, ok := choleskyOfShift(a, -1)
		if !ok {
			t.Fatal("no factor")
		}
		want := startVector(n)
		got := make([]float64, n)
		symv(a, got, want)
		for i := range got { // (A + I) want
			got[i] += want[i]
		}
		solve(factor, got)
		for i := range got {
			if !(math.Abs(got[i]-want[i]) <= 1e-14) {
				t.Fatalf("n=%d: entry %d is %v, want %v", n, i, got[i], want[i])
			}
		}
	}
}
