package fmablas

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
	lapack "gonum.org/v1/gonum/lapack/gonum"
)

// The shapes: cubes, the Gram matrix of few samples with many parameters, and the passes of a wide layer.
var shapes = []struct {
	tA, tB  blas.Transpose
	m, n, k int
}{
	{blas.NoTrans, blas.NoTrans, 8, 8, 8},
	{blas.NoTrans, blas.NoTrans, 16, 16, 16},
	{blas.NoTrans, blas.NoTrans, 32, 32, 32},
	{blas.NoTrans, blas.Trans, 32, 32, 32},
	{blas.NoTrans, blas.NoTrans, 64, 64, 64},
	{blas.NoTrans, blas.NoTrans, 128, 128, 128},
	{blas.NoTrans, blas.NoTrans, 256, 256, 256},
	{blas.NoTrans, blas.NoTrans, 512, 512, 512},
	{blas.NoTrans, blas.Trans, 512, 512, 512},
	{blas.Trans, blas.NoTrans, 512, 512, 512},
	{blas.NoTrans, blas.NoTrans, 1024, 1024, 1024},
	{blas.NoTrans, blas.Trans, 64, 64, 4096},
	{blas.NoTrans, blas.NoTrans, 64, 16384, 16},
	{blas.NoTrans, blas.Trans, 64, 16384, 16},
	{blas.Trans, blas.NoTrans, 16, 16384, 64},
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range shapes {
		x, y, c := normals(s.m*s.k), normals(s.k*s.n), make([]float64, s.m*s.n)
		lda, ldb := s.k, s.n
		if s.tA == blas.Trans {
			lda = s.m
		}
		if s.tB == blas.Trans {
			ldb = s.k
		}
		compare(b, fmt.Sprintf("%c%c-%dx%dx%d", s.tA, s.tB, s.m, s.n, s.k), 2*float64(s.m)*float64(s.n)*float64(s.k), func(i blas.Float64) {
			i.Dgemm(s.tA, s.tB, s.m, s.n, s.k, 1, x, lda, y, ldb, 0, c, s.n)
		})
	}
}

func BenchmarkSyrk(b *testing.B) {
	for _, s := range []struct {
		t    blas.Transpose
		n, k int
	}{{blas.NoTrans, 64, 4096}, {blas.Trans, 64, 4096}, {blas.NoTrans, 256, 4096}, {blas.NoTrans, 512, 512}} {
		x, c := normals(s.n*s.k), make([]float64, s.n*s.n)
		lda := s.k
		if s.t == blas.Trans {
			lda = s.n
		}
		compare(b, fmt.Sprintf("%c-%dx%d", s.t, s.n, s.k), float64(s.n)*float64(s.n+1)*float64(s.k), func(i blas.Float64) {
			i.Dsyrk(blas.Upper, s.t, s.n, s.k, 1, x, lda, 0, c, s.n)
		})
	}
}

func BenchmarkTrsm(b *testing.B) {
	const n = 512
	a, x := wellConditioned(n), make([]float64, n*n)
	start := normals(n * n)
	for _, s := range []blas.Side{blas.Left, blas.Right} {
		compare(b, fmt.Sprintf("%c-%d", s, n), n*n*n, func(i blas.Float64) {
			copy(x, start)
			i.Dtrsm(s, blas.Lower, blas.NoTrans, blas.NonUnit, n, n, 1, a, n, x, n)
		})
	}
}

// gonum's Cholesky factorisation over each BLAS.
func BenchmarkCholesky(b *testing.B) {
	defer blas64.Use(gonum.Implementation{})
	for _, n := range []int{256, 1024} {
		start, a := make([]float64, n*n), make([]float64, n*n)
		x := normals(n * n)
		gonum.Implementation{}.Dsyrk(blas.Upper, blas.NoTrans, n, n, 1, x, n, 0, start, n)
		for i := range n {
			start[i*n+i] += float64(n)
		}
		compare(b, fmt.Sprint(n), float64(n)*float64(n)*float64(n)/3, func(i blas.Float64) {
			blas64.Use(i)
			copy(a, start)
			lapack.Implementation{}.Dpotrf(blas.Upper, n, a, n)
		})
	}
}

func BenchmarkGemv(b *testing.B) {
	for _, n := range []int{16, 64, 256, 1024} {
		a, x, y := normals(n*n), normals(n), make([]float64, n)
		for _, t := range []blas.Transpose{blas.NoTrans, blas.Trans} {
			compare(b, fmt.Sprintf("%c-%d", t, n), 2*float64(n)*float64(n), func(i blas.Float64) {
				i.Dgemv(t, n, n, 1, a, n, x, 1, 0, y, 1)
			})
		}
	}
}

func BenchmarkDot(b *testing.B) {
	for _, n := range []int{8, 32, 100, 1024, 65536} {
		x, y := normals(n), normals(n)
		compare(b, fmt.Sprint(n), 2*float64(n), func(i blas.Float64) { i.Ddot(n, x, 1, y, 1) })
	}
}

// compare times an operation of so many additions and multiplications with each version: GF/s, and their share of what the
// core did just before and after on registers alone, with the same instructions (gonum: the best). Both are medians over rounds, in time of the processor where the system
// tells it: the machine may be busy, and two threads of a core share its multipliers.
func compare(b *testing.B, name string, flops float64, f func(blas.Float64)) {
	versions := map[string]blas.Float64{"gonum": gonum.Implementation{}}
	order := []string{"gonum"}
	for _, l := range available() {
		versions[l.name] = Implementation{loops: l}
		order = append(order, l.name)
	}
	for _, v := range order {
		b.Run(name+"/"+v, func(b *testing.B) {
			rates, shares := measure(b, flops, v, func() { f(versions[v]) })
			b.ReportMetric(median(rates)/1e9, "GF/s")
			if len(shares) > 0 {
				b.ReportMetric(100*median(shares), "%peak")
			}
		})
	}
}

// measure returns the rates of f in rounds of about half a millisecond, and their shares of the peak, if there is a loop that measures it.
func measure(b *testing.B, flops float64, version string, f func()) (rates, shares []float64) {
	f()
	calls := max(1, int(5e-4/timed(f)))
	before := peak(version)
	for b.Loop() {
		rate := flops * float64(calls) / timed(func() {
			for range calls {
				f()
			}
		})
		after := peak(version)
		rates = append(rates, rate)
		if most := (before + after) / 2; most > 0 {
			shares = append(shares, rate/most)
		}
		before = after
	}
	return rates, shares
}

// peak is the rate of one core now, in operations per second, 0 if there is no loop that measures it.
func peak(version string) float64 {
	f, flops := registerLoop(version)
	if f == nil {
		return 0
	}
	const rounds = 10000
	return flops * rounds / timed(func() { f(rounds) })
}

// timed is the time that f takes, in seconds.
func timed(f func()) float64 {
	start := clock()
	f()
	return (clock() - start).Seconds()
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

func normals(n int) []float64 {
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return x
}

// wellConditioned is a triangular matrix (n x n), and random numbers in the other triangle.
func wellConditioned(n int) []float64 {
	a := normals(n * n)
	for i := range a {
		a[i] /= float64(n)
	}
	for i := range n {
		a[i*n+i] = 1 + float64(i%7)/7
	}
	return a
}
