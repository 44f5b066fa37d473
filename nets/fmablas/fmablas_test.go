package fmablas

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"pgregory.net/rapid"
)

// A problem is a product of random numbers, in matrices with some room between their rows.
type problem struct {
	tA, tB        blas.Transpose
	m, n, k       int
	alpha, beta   float64
	lda, ldb, ldc int
	a, b, c       []float64
}

func drawProblem(t *rapid.T, most int) problem {
	transposes := rapid.SampledFrom([]blas.Transpose{blas.NoTrans, blas.Trans, blas.ConjTrans})
	size := rapid.OneOf(rapid.IntRange(1, 30), rapid.IntRange(1, most))
	factor := rapid.SampledFrom([]float64{0, 1, -1, 0.3})
	p := problem{
		tA: transposes.Draw(t, "tA"), tB: transposes.Draw(t, "tB"),
		m: size.Draw(t, "m"), n: size.Draw(t, "n"), k: rapid.OneOf(size, rapid.IntRange(250, 600)).Draw(t, "k"),
		alpha: factor.Draw(t, "alpha"), beta: factor.Draw(t, "beta"),
	}
	room := rapid.IntRange(0, 5)
	p.lda, p.ldb, p.ldc = p.k, p.n, p.n
	rowsA, rowsB := p.m, p.k
	if p.tA != blas.NoTrans {
		p.lda, rowsA = p.m, p.k
	}
	if p.tB != blas.NoTrans {
		p.ldb, rowsB = p.k, p.n
	}
	p.lda, p.ldb, p.ldc = p.lda+room.Draw(t, "room of A"), p.ldb+room.Draw(t, "room of B"), p.ldc+room.Draw(t, "room of C")
	p.a, p.b, p.c = normals(rowsA*p.lda), normals(rowsB*p.ldb), normals(p.m*p.ldc)
	return p
}

func (p problem) with(i blas.Float64) []float64 {
	c := slices.Clone(p.c)
	i.Dgemm(p.tA, p.tB, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, c, p.ldc)
	return c
}

// rule is the product as the package comment states it.
func (p problem) rule() []float64 {
	c := slices.Clone(p.c)
	a, b := viewOf(p.a, p.lda, p.tA), viewOf(p.b, p.ldb, p.tB)
	for i := range p.m {
		for j := range p.n {
			v := p.beta * p.c[i*p.ldc+j]
			if p.beta == 0 {
				v = 0
			}
			for k := 0; k < p.k && p.alpha != 0; k += 256 {
				var sum float64
				for t := k; t < min(k+256, p.k); t++ {
					sum = math.FMA(a.data[i*a.row+t*a.col], b.data[t*b.row+j*b.col], sum)
				}
				v = math.FMA(p.alpha, sum, v)
			}
			c[i*p.ldc+j] = v
		}
	}
	return c
}

// The rule decides each bit: for all loops, sizes, strides and numbers of workers.
func TestGemmIsTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t, 130)
		want := p.rule()
		for _, l := range available() {
			for _, workers := range []int{0, 3} {
				if at := differ(p.with(Implementation{loops: l, Workers: workers}), want); at >= 0 {
					t.Fatalf("%s, %d workers: number %d of C differs", l.name, workers, at)
				}
			}
		}
	})
}

// Wide, deep and tall: more than one block in each direction, in parallel and not.
func TestGemmBlocks(t *testing.T) {
	for _, s := range []struct{ m, n, k int }{{9, 1600, 700}, {210, 50, 300}, {1, 3000, 20}, {130, 131, 132}} {
		p := problem{tA: blas.NoTrans, tB: blas.NoTrans, m: s.m, n: s.n, k: s.k, alpha: 1.5, lda: s.k, ldb: s.n, ldc: s.n,
			a: normals(s.m * s.k), b: normals(s.k * s.n), c: normals(s.m * s.n)}
		want := p.rule()
		for _, l := range available() {
			for _, workers := range []int{1, 2, 7} {
				if at := differ(p.with(Implementation{loops: l, Workers: workers}), want); at >= 0 {
					t.Errorf("%v, %s, %d workers: number %d of C differs", s, l.name, workers, at)
				}
			}
		}
	}
}

// The triangle is that of the product, to the bit, and the rest of C is not touched.
func TestSyrkIsTheTriangleOfGemm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t, 150)
		p.m, p.tB, p.b, p.ldb = p.n, other(p.tA), p.a, p.lda
		rows := p.n
		if p.tA != blas.NoTrans {
			rows = p.k
		}
		p.lda = max(p.n, p.k)
		p.ldb, p.a, p.c = p.lda, normals(rows*p.lda), normals(p.n*p.ldc)
		p.b = p.a
		ul := rapid.SampledFrom([]blas.Uplo{blas.Upper, blas.Lower}).Draw(t, "triangle")
		want := p.rule()
		for i := range p.n {
			for j := range p.ldc {
				if j >= p.n || (ul == blas.Upper && j < i) || (ul == blas.Lower && j > i) {
					want[i*p.ldc+j] = p.c[i*p.ldc+j]
				}
			}
		}
		for _, l := range available() {
			for _, workers := range []int{0, 3} {
				c := slices.Clone(p.c)
				Implementation{loops: l, Workers: workers}.Dsyrk(ul, p.tA, p.n, p.k, p.alpha, p.a, p.lda, p.beta, c, p.ldc)
				if at := differ(c, want); at >= 0 {
					t.Fatalf("%s, %d workers: number %d of C differs", l.name, workers, at)
				}
			}
		}
	})
}

// A large triangle, cut for many workers and for one.
func TestSyrkBlocks(t *testing.T) {
	const n, k = 230, 300
	a := normals(n * k)
	want := make([]float64, n*n)
	Implementation{loops: &portable}.Dgemm(blas.NoTrans, blas.Trans, n, n, k, 1, a, k, a, k, 0, want, n)
	each(t, func(t *testing.T, impl Implementation) {
		for _, ul := range []blas.Uplo{blas.Upper, blas.Lower} {
			for _, impl.Workers = range []int{1, 2, 7} {
				c := slices.Repeat([]float64{7}, n*n)
				impl.Dsyrk(ul, blas.NoTrans, n, k, 1, a, k, 0, c, n)
				for i := range n {
					for j := range n {
						expected := want[i*n+j]
						if ul == blas.Upper && j < i || ul == blas.Lower && j > i {
							expected = 7
						}
						if c[i*n+j] != expected {
							t.Fatalf("%c, %d workers: (%d, %d) is %g, not %g", ul, impl.Workers, i, j, c[i*n+j], expected)
						}
					}
				}
			}
		}
	})
}

// A solution has a small residual, and the same bytes from all loops.
func TestTrsm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom([]blas.Side{blas.Left, blas.Right}).Draw(t, "side")
		ul := rapid.SampledFrom([]blas.Uplo{blas.Upper, blas.Lower}).Draw(t, "triangle")
		tA := rapid.SampledFrom([]blas.Transpose{blas.NoTrans, blas.Trans}).Draw(t, "transpose")
		d := rapid.SampledFrom([]blas.Diag{blas.NonUnit, blas.Unit}).Draw(t, "diagonal")
		m, n := rapid.IntRange(1, 90).Draw(t, "m"), rapid.IntRange(1, 90).Draw(t, "n")
		order := n
		if s == blas.Left {
			order = m
		}
		a, b := wellConditioned(order), normals(m*n)
		var first []float64
		for _, l := range available() {
			x := slices.Clone(b)
			Implementation{loops: l}.Dtrsm(s, ul, tA, d, m, n, 2, a, order, x, n)
			if first == nil {
				first = slices.Clone(x)
				gonum.Implementation{}.Dtrmm(s, ul, tA, d, m, n, 0.5, a, order, x, n)
				for i := range x {
					if !(math.Abs(x[i]-b[i]) <= 1e-12) {
						t.Fatalf("residual %g at %d", x[i]-b[i], i)
					}
				}
				continue
			}
			if at := differ(x, first); at >= 0 {
				t.Fatalf("%s: number %d of X differs", l.name, at)
			}
		}
	})
}

// The vectors' rules, with increments.
func TestVectorsAreTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, n := rapid.IntRange(1, 140).Draw(t, "m"), rapid.IntRange(1, 140).Draw(t, "n")
		incX := rapid.SampledFrom([]int{1, 2, -1, -3}).Draw(t, "incX")
		incY := rapid.SampledFrom([]int{1, 2, -1, -3}).Draw(t, "incY")
		tA := rapid.SampledFrom([]blas.Transpose{blas.NoTrans, blas.Trans}).Draw(t, "transpose")
		alpha := rapid.SampledFrom([]float64{1, 0.7}).Draw(t, "alpha")
		a := normals(m * n)
		lenX, lenY := n, m
		if tA == blas.Trans {
			lenX, lenY = m, n
		}
		x, y := normals(lenX*3), normals(lenY*3+1)
		want := gemvRule(tA, m, n, alpha, a, gather(make([]float64, lenX), x, incX), 0.3, gather(make([]float64, lenY), y, incY))
		for _, l := range available() {
			i, out, in := Implementation{loops: l}, slices.Clone(y), slices.Clone(x)
			i.Dgemv(tA, m, n, alpha, a, n, in, incX, 0.3, out, incY)
			if at := differ(gather(make([]float64, lenY), out, incY), want); at >= 0 {
				t.Fatalf("%s: number %d of y differs", l.name, at)
			}
			if differ(in, x) >= 0 {
				t.Fatalf("%s: x has changed", l.name)
			}
		}
	})
}

func gemvRule(tA blas.Transpose, m, n int, alpha float64, a, x []float64, beta float64, y []float64) []float64 {
	for j := range y {
		y[j] *= beta
	}
	for i := range m {
		if tA == blas.NoTrans {
			y[i] = math.FMA(alpha, dotRule(a[i*n:(i+1)*n], x), y[i])
			continue
		}
		for j := range n {
			y[j] = math.FMA(alpha*x[i], a[i*n+j], y[j])
		}
	}
	return y
}

func dotRule(x, y []float64) float64 {
	s := make([]float64, 32)
	for i := range x {
		s[i%32] = math.FMA(x[i], y[i], s[i%32])
	}
	for ; len(s) > 1; s = s[:len(s)/2] {
		for l := range s[:len(s)/2] {
			s[l] += s[l+len(s)/2]
		}
	}
	return s[0]
}

// Where beta is 0, C is not read; where alpha is 0, A and B are not; else every NaN counts.
func TestNaN(t *testing.T) {
	nan := math.NaN()
	each(t, func(t *testing.T, i Implementation) {
		for _, n := range []int{5, 40} {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				zeros, nans := make([]float64, n*n), slices.Repeat([]float64{nan}, n*n)
				c := slices.Clone(nans)
				i.Dgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, zeros, n, zeros, n, 0, c, n)
				if at := differ(c, zeros); at >= 0 {
					t.Error("beta = 0 reads C")
				}
				i.Dgemm(blas.NoTrans, blas.NoTrans, n, n, n, 0, nans, n, nans, n, 1, c, n)
				if at := differ(c, zeros); at >= 0 {
					t.Error("alpha = 0 reads A or B")
				}
				i.Dgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, zeros, n, nans, n, 0, c, n)
				if slices.IndexFunc(c, func(v float64) bool { return v == v }) >= 0 {
					t.Error("NaN in B is lost")
				}
			})
		}
	})
}

// Without fused multiply-adds the methods are gonum's.
func TestFallback(t *testing.T) {
	kept := fastest
	fastest = nil
	defer func() { fastest = kept }()
	n := 20
	p := problem{tA: blas.NoTrans, tB: blas.Trans, m: n, n: n, k: n, alpha: 1, lda: n, ldb: n, ldc: n, a: normals(n * n), b: normals(n * n), c: make([]float64, n*n)}
	if differ(p.with(Implementation{}), p.with(gonum.Implementation{})) >= 0 || Loops() != "gonum" {
		t.Error("Dgemm is not gonum's")
	}
}

// differ is the first place where the bits differ, or -1.
func differ(x, y []float64) int {
	for i := range x {
		if math.Float64bits(x[i]) != math.Float64bits(y[i]) {
			return i
		}
	}
	return -1
}
