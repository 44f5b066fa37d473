package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds"
)

// byLevels is the larger of the two minima over u, by golden sections of the definition.
func byLevels(z, w []float64, move float64) float64 {
	worst := 0.0
	for _, sign := range []float64{1, -1} {
		at := func(logu float64) float64 {
			u := math.Exp(logu)
			sum := move * move / (2 * u)
			for r, v := range w {
				if v*sign > 0 {
					sum += math.Abs(v) * math.Max(0, math.Abs(v)*u/2-math.Abs(z[r]))
				}
			}
			return sum
		}
		lo, hi := -40.0, 40.0
		for range 300 {
			a, b := lo+0.382*(hi-lo), lo+0.618*(hi-lo)
			if at(a) < at(b) {
				hi = b
			} else {
				lo = a
			}
		}
		worst = math.Max(worst, at((lo+hi)/2))
	}
	return worst
}

func TestCrossingsIsTheMinimum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for k := range 400 {
		m := 1 + r.IntN(12)
		z, w := make([]float64, m), make([]float64, m)
		for i := range z {
			z[i], w[i] = r.NormFloat64()*math.Exp(2*r.NormFloat64()), r.NormFloat64()
			if r.IntN(5) == 0 {
				z[i] = 0
			}
		}
		move := math.Exp(2 * r.NormFloat64())
		if got, want := bounds.Crossings(z, w, move), byLevels(z, w, move); math.Abs(got-want) > 1e-7*(1e-9+want) {
			t.Fatalf("%d: %v, want %v at z = %v, w = %v, move %v", k, got, want, z, w, move)
		}
	}
	// One neuron: |w| (move - |z|) from move >= 2 |z| on, and the line to that point from 0 below.
	within(t, "one", bounds.Crossings([]float64{0.5}, []float64{-3}, 2), 3*1.5, 1e-14)
	within(t, "one, short of it", bounds.Crossings([]float64{2}, []float64{3}, 1), 3.*1/(4*2), 1e-14)
	within(t, "with factors", bounds.LinearisationError(2, []float64{0.5}, []float64{3}, 2, 5, 0.5), 2*(5+3*0.5), 1e-14)
	if bounds.Crossings([]float64{1}, []float64{0}, 1) != 0 || bounds.Crossings([]float64{1}, []float64{1}, 0) != 0 {
		t.Error("without weights or without a move nothing crosses")
	}
}

// 2^18 neurons from the law are within their fluctuation of the limit, which a factor of 1.05 is not.
func TestCrossingsLimit(t *testing.T) {
	const m = 1 << 18
	r := rand.New(rand.NewPCG(2, 1))
	z, w := make([]float64, m), make([]float64, m)
	for i := range z {
		z[i], w[i] = r.NormFloat64()*math.Sqrt(2./m), r.NormFloat64()*math.Sqrt(1./m)
	}
	for radius, tol := range map[float64]float64{1: 0.04, 10: 0.02} { // the larger of two signs is a little above
		got := math.Sqrt(m) * bounds.Crossings(z, w, radius/math.Sqrt(m))
		within(t, "limit", got, bounds.CrossingsLimit(radius, m), tol)
	}
	within(t, "constant", bounds.CrossingsLimit(1, 1), 0.4562, 1e-4)
	within(t, "width", bounds.CrossingsLimit(2, 64)/bounds.CrossingsLimit(1, 1), math.Cbrt(16)/2, 1e-13)
}
