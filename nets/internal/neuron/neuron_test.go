package neuron

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func normals(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

// TestAllLoopsAgree holds the assembly against the portable loops, byte by byte, for all lengths of remainder, rows
// within a larger matrix, and values at which signs and roundings are delicate; nothing beyond the results is touched.
func TestAllLoopsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	odd := []float64{0, math.Copysign(0, -1), math.Inf(1), math.NaN(), 5e-324, -1e308}
	for _, l := range assembly() {
		for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 67} {
			for _, d := range []int{1, 2, 3, 4, 6, 8, 11, 16, 19, 35} {
				x := mat.NewDense(n+1, d+3, normals(rng, (n+1)*(d+3))).Slice(1, n+1, 2, d+2).(*mat.Dense)
				e, w, z, u := normals(rng, n), normals(rng, d+1), normals(rng, n+1), normals(rng, n+1)
				z[rng.IntN(n)], z[rng.IntN(n)] = odd[rng.IntN(len(odd))], odd[rng.IntN(2)]
				run := func(l loops) []float64 {
					s := newSamples(x, l)
					w, z, u, coef := append([]float64(nil), w...), append([]float64(nil), z...), append([]float64(nil), u...), make([]float64, n+1)
					s.Step(w, z, &Step{E: e, U: u, Coef: coef, Scale: -0.3, Weight: 0.7})
					pre, pull, move := make([]float64, n+1), make([]float64, d+1), append([]float64(nil), w...)
					s.Preactivate(pre, w)
					s.Pull(pull, coef)
					s.Move(move, coef)
					weighed, sums := make([]float64, n+1), append([]float64(nil), u...)
					l.weigh(weighed, e, z[:n], 1.7)
					l.add(sums, z[:n], -0.9)
					return slices.Concat(w, z, u, coef, pre, pull, move, weighed, sums)
				}
				got, want := run(l), run(portable)
				for i := range want {
					if math.Float64bits(got[i]) != math.Float64bits(want[i]) && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
						t.Fatalf("%s, n = %d, d = %d: value %d is %v, in Go %v", l.name, n, d, i, got[i], want[i])
					}
				}
			}
		}
	}
}

// TestStep holds a step against its formulas in plain arithmetic.
func TestStep(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, d = 11, 7
	x := mat.NewDense(n, d, normals(rng, n*d))
	e, w, z, u := normals(rng, n), normals(rng, d), normals(rng, n), make([]float64, n)
	wantW, wantZ := append([]float64(nil), w...), make([]float64, n)
	for i := range n {
		for k := range d {
			if z[i] >= 0 {
				wantW[k] += -0.3 * e[i] * x.At(i, k)
			}
		}
	}
	New(x).Step(w, z, &Step{E: e, U: u, Coef: make([]float64, n), Scale: -0.3, Weight: 0.7})
	for i := range n {
		for k := range d {
			wantZ[i] += x.At(i, k) * wantW[k]
		}
		if !(math.Abs(z[i]-wantZ[i]) <= 1e-14) || !(math.Abs(u[i]-0.7*max(wantZ[i], 0)) <= 1e-14) {
			t.Errorf("sample %d: preactivation %v, want %v; output %v", i, z[i], wantZ[i], u[i])
		}
	}
	for k := range d {
		if !(math.Abs(w[k]-wantW[k]) <= 1e-14) {
			t.Errorf("weight %d is %v, want %v", k, w[k], wantW[k])
		}
	}
}

func BenchmarkStep(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, size := range []int{4, 10, 20, 64} {
		x := mat.NewDense(size, size, normals(rng, size*size))
		e, w, z, u, coef := normals(rng, size), normals(rng, size), normals(rng, size), make([]float64, size), make([]float64, size)
		for _, l := range available() {
			b.Run(fmt.Sprintf("%d/%s", size, l.name), func(b *testing.B) {
				s, t := newSamples(x, l), &Step{E: e, U: u, Coef: coef, Scale: 1e-9, Weight: 1e-9}
				for b.Loop() {
					s.Step(w, z, t)
				}
			})
		}
	}
}
