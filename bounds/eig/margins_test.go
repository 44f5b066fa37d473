package eig

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// The error bounds are evaluated here a second time, from their formulas in the documentation and in
// 300 bits, and the bounds that the package gives must be neither smaller nor larger.

func exact(x float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(x) }

func sum(x ...*big.Float) *big.Float {
	s := exact(0)
	for _, v := range x {
		s.Add(s, v)
	}
	return s
}

func minus(x, y *big.Float) *big.Float { return exact(0).Sub(x, y) }
func times(x, y *big.Float) *big.Float { return exact(0).Mul(x, y) }
func over(x, y *big.Float) *big.Float  { return exact(0).Quo(x, y) }

// higham is k u/(1 - k u) with u = 2^-53.
func higham(k int) *big.Float {
	x := exact(math.Ldexp(float64(k), -53))
	return over(x, minus(exact(1), x))
}

// rump is the distance that a Cholesky factorisation of A - sI leaves open: g/(1-g) tr(A - sI), and the
// rounding of its diagonal.
func rump(a mat.Symmetric, s *big.Float) *big.Float {
	n := a.SymmetricDim()
	trace, top := exact(0), exact(0)
	for i := range n {
		d := minus(exact(a.At(i, i)), s)
		trace.Add(trace, d)
		if d.Cmp(top) > 0 {
			top = d
		}
	}
	g := higham(n + 4)
	return sum(times(over(g, minus(exact(1), g)), trace), times(exact(0x1p-52), top))
}

// margin is the error of a smallest eigenvalue of which the estimate is v: the factorisation succeeds two
// of its errors below the estimate.
func margin(a mat.Symmetric, v float64) float64 {
	step := rump(a, exact(v))
	down := sum(step, step)
	e, _ := sum(down, rump(a, minus(exact(v), down))).Float64()
	return e
}

func within2(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*math.Abs(want)) {
		t.Errorf("%s is %v, want %v within %v of it", what, got, want, tol)
	}
}

func TestGamma(t *testing.T) {
	for _, k := range []int{1, 7, 1000, 1 << 30} {
		want, _ := higham(k).Float64()
		within2(t, "gamma", gamma(k), want, 1e-15)
	}
	if x := roundUp(3); !(x > 3*(1+7*unit)) || x > 3*(1+9*unit) {
		t.Errorf("3 rounded up is %v", x)
	}
}

// covariance has a spectrum like that of a Gram matrix of d samples: between about 0.1 and 3.
func covariance(n int) *mat.SymDense {
	rng := rand.New(rand.NewPCG(17, uint64(n)))
	x := mat.NewDense(n, 2*n, nil)
	for i := range n {
		for j := range 2 * n {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	var g mat.SymDense
	g.SymOuterK(1/float64(2*n), x)
	return &g
}

func TestErrorsAreTheirFormulas(t *testing.T) {
	for _, n := range []int{30, 200, 201, 250} {
		a := covariance(n)
		var neg mat.SymDense
		neg.ScaleSym(-1, a)
		lo, err := Min(a)
		if err != nil {
			t.Fatal(err)
		}
		hi, _ := Max(a)
		top, _ := Norm(a)
		below, _ := Norm(&neg)
		// The ends of an interval are rounded to u of the value: 1/(3 n (n+4)) of the error, about.
		const tol = 2e-3
		within2(t, "the error of Min", lo.Err, margin(a, lo.Value), tol)
		within2(t, "the error of Max", hi.Err, margin(&neg, -hi.Value), tol)
		within2(t, "the error of Norm", top.Err, hi.Err, tol)
		within2(t, "the error of Norm", below.Err, hi.Err, tol)
		within2(t, "Norm", top.Value, hi.Value, 1e-14)
		within2(t, "Norm of a negative definite matrix", below.Value, hi.Value, 1e-14)
	}
}

// 1 and 1 + gap with b between them have eigenvalues within b^2/gap of the diagonal, far below the spacing
// of float64. Of an estimate that is one number off, the error bound is then exactly that number: half of it
// would be too small.
func TestErrorsAreAttained(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var most [2]float64
	for range 400 {
		gap, b := 0x1p-20*(1+rng.Float64()), 0x1p-53*(1+rng.Float64())
		e := 600 - rng.IntN(1200)
		a := mat.NewSymDense(2, []float64{1 + gap, b, b, 1})
		for k, f := range []func(mat.Matrix) (Certified, error){Min, Max} {
			sign := float64(1 - 2*k)
			a.ScaleSym(math.Ldexp(sign, e), a)
			c, err := f(a)
			if err != nil {
				t.Fatal(err)
			}
			off := math.Abs(math.Ldexp(c.Value, -e) - sign) // exact; the eigenvalue itself is sign, but for 1e-24
			ratio := off / math.Ldexp(c.Err, -e)
			if ratio > 1+1e-6 {
				t.Errorf("%v is off by %v, error bound %v", c, off, c.Err)
			}
			most[k] = max(most[k], ratio)
			a.ScaleSym(math.Ldexp(sign, -e), a)
		}
	}
	if most[0] < 0.95 || most[1] < 0.95 {
		t.Errorf("at most %v of the error bounds is used", most)
	}
}

// Squares just under 2^-53 vanish one after another in a sum that begins with 1, which is what the bound
// on the rounding of X^T X allows.
func TestSpectralNormErrorIsAttained(t *testing.T) {
	const n = 2000
	small := math.Sqrt(0x1p-53)
	for small*small > 0x1p-53 {
		small = math.Nextafter(small, 0)
	}
	x := mat.NewDense(n, 1, nil)
	squares := exact(1)
	x.Set(0, 0, 1)
	for i := 1; i < n; i++ {
		x.Set(i, 0, small)
		squares.Add(squares, times(exact(small), exact(small)))
	}
	c, err := SpectralNorm(x)
	if err != nil {
		t.Fatal(err)
	}
	off, _ := minus(exact(0).Sqrt(squares), exact(c.Value)).Float64()
	if !(off <= c.Err) || off < 0.9*c.Err {
		t.Errorf("off by %v, error bound %v: want a bound that is just large enough", off, c.Err)
	}
}

// The error of a wide matrix has the parts of the eigenvalue and of the products, both halved by the root:
// d sqrt(v) = dv/(2 sqrt v).
func TestSpectralNormErrorIsItsFormula(t *testing.T) {
	const n, d = 40, 300
	rng := rand.New(rand.NewPCG(5, 7))
	x := mat.NewDense(n, d, nil)
	square := 0.0
	for i := range n {
		for j := range d {
			v := rng.NormFloat64()
			square += v * v
			x.Set(i, j, v)
		}
	}
	for _, y := range []mat.Matrix{x, x.T()} {
		c, err := SpectralNorm(y)
		if err != nil {
			t.Fatal(err)
		}
		var g, neg mat.SymDense
		g.SymOuterK(1, x)
		neg.ScaleSym(-1, &g)
		products, _ := times(higham(d+4), exact(square)).Float64()
		want := (margin(&neg, -c.Value*c.Value) + products) / (2 * c.Value)
		within2(t, "the error of SpectralNorm", c.Err, want, 2e-3)
	}
}

// With V orthogonal to rounding, what remains of the bound of All is the rounding of A V and of V^T V:
// gamma(n+8) (sqrt(n) + n) (||A||_F + max|lambda|).
func TestAllErrorIsItsFormula(t *testing.T) {
	for _, n := range []int{100, 200, 201} {
		a := covariance(n)
		sp, err := All(a)
		if err != nil {
			t.Fatal(err)
		}
		f := mat.Norm(a, 2)
		if n > rigorousLimit {
			within2(t, "the practical error of All", sp.Err, float64(n)*0x1p-53*f, 1e-12)
			continue
		}
		g, _ := higham(n + 8).Float64()
		want := g * (math.Sqrt(float64(n)) + float64(n)) * (f + sp.Values[n-1])
		if sp.Err < want || sp.Err > 1.15*want {
			t.Errorf("n=%d: error %v of All, its least part is %v", n, sp.Err, want)
		}
	}
}

func TestResidualOfInverse(t *testing.T) {
	const n = 12
	a := covariance(n)
	v, err := NewInverse(a, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 9))
	s := solution{x: make([]float64, n), y: make([]float64, n), r: make([]float64, n), round: make([]float64, n)}
	for i := range n {
		s.x[i], s.y[i] = rng.NormFloat64(), rng.NormFloat64()
	}
	v.residual(&s)
	for i := range n {
		want, size := exact(s.y[i]), exact(math.Abs(s.y[i]))
		for j := range n {
			// A power of two that is even lies between the matrix and the one that is factorised.
			p := times(exact(math.Ldexp(a.At(i, j), -v.scale)), exact(s.x[j]))
			want.Sub(want, p)
			size.Add(size, p.Abs(p))
		}
		off, _ := minus(want, exact(s.r[i])).Float64()
		bound, _ := times(higham(n+2), size).Float64()
		within2(t, "the bound on the rounding", s.round[i], bound, 1e-14)
		if !(math.Abs(off) <= bound) {
			t.Errorf("residual %d is off by %v, bound %v", i, off, bound)
		}
	}
}

func TestSolutionOfInverse(t *testing.T) {
	const n, delta = 12, 0.01
	a := covariance(n)
	v, err := NewInverse(a, delta)
	if err != nil {
		t.Fatal(err)
	}
	y := make([]float64, n)
	for i := range y {
		y[i] = float64(i) - 4.5
	}
	s, ok := v.solve(y)
	if !ok {
		t.Fatal("no solution")
	}
	unscaled := math.Ldexp(1, s.scale-v.scale)
	x, want := mat.VecDenseCopyOf(mat.NewVecDense(n, s.x)), new(mat.VecDense)
	x.ScaleVec(unscaled, x)
	if err := want.SolveVec(a, mat.NewVecDense(n, y)); err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(x, want, 1e-13) {
		t.Errorf("solution %v, want %v", s.x, want.RawVector().Data)
	}
	again := solution{x: s.x, y: s.y, r: make([]float64, n), round: make([]float64, n)}
	v.residual(&again)
	if !floats.Equal(again.r, s.r) || !floats.Equal(again.round, s.round) {
		t.Error("the residual is not that of the solution")
	}
	norm := mat.Norm(want, 2)
	within2(t, "the norm of x", s.norm*unscaled, norm, 1e-13)
	within2(t, "the residual", math.Ldexp(s.rho, s.scale), delta*norm, 1e-10)
	low, err := Min(a)
	if err != nil {
		t.Fatal(err)
	}
	within2(t, "the least eigenvalue", math.Ldexp(v.least, v.scale), low.Value-delta, 1e-12)
	within2(t, "the distance", math.Ldexp(v.delta, v.scale), delta, 0)
}
