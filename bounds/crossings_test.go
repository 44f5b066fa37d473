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
		if got, want := bounds.Crossings(z, w, move), byLevels(z, w, move); !(math.Abs(got-want) <= 1e-7*(1e-9+want)) {
			t.Fatalf("%d: %v, want %v at z = %v, w = %v, move %v", k, got, want, z, w, move)
		}
	}
	// One neuron: |w| (move - |z|) from move >= 2 |z| on, and the line to that point from 0 below.
	within(t, "one", bounds.Crossings([]float64{0.5}, []float64{-3}, 2), 3*1.5, 1e-14)
	within(t, "one, short of it", bounds.Crossings([]float64{2}, []float64{3}, 1), 3.*1/(4*2), 1e-14)
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

// Three layers of one neuron each by hand: R_1 = 0.1 * 2, R_2 = 3 R_1 + 0.2 (1.5 + R_1), and the last layer has a product alone.
func TestLinearisationErrorByHand(t *testing.T) {
	products, crossings := bounds.LinearisationError([]bounds.TangentLayer{
		{Move: 0.1, Norm: 7, Input: 2, Back: 5, Z: []float64{0.05}, C: []float64{-6}},
		{Move: 0.2, Norm: 3, Input: 1.5, Back: 4, Z: []float64{-0.1}, C: []float64{8}},
		{Move: 0.3, Norm: 9, Input: 1, Back: 2},
	})
	const second = 3*0.2 + 0.2*(1.5+0.2)
	within(t, "products", products, 4*0.2*0.2+2*0.3*second, 1e-14)
	within(t, "crossings", crossings, 6*(0.2-0.05)+8*(second-0.1), 1e-14)
}

// No network of four layers with weights of any size breaks it, and some come within a few per cent.
func TestLinearisationErrorHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	nearest := 0.0
	for range 20000 {
		e, products, crossings := chain(r)
		if !(math.Abs(e) <= (products+crossings)*(1+1e-9)+1e-12) {
			t.Fatalf("error %v, products %v and crossings %v", e, products, crossings)
		}
		if bound := products + crossings; bound > 1e-9 {
			nearest = math.Max(nearest, math.Abs(e)/bound)
		}
	}
	if nearest < 0.9 {
		t.Errorf("the nearest of the networks reaches %v of the bound only", nearest)
	}
}

// chain is a network of one neuron a layer at the input 1, whose weights move, with its error and the bound.
func chain(r *rand.Rand) (e, products, crossings float64) {
	const depth = 4
	var w, move [depth]float64
	for k := range w {
		w[k], move[k] = r.NormFloat64(), r.NormFloat64()*float64(r.IntN(3))
	}
	output := func(step float64) float64 {
		h := 1.0
		for k := range w {
			if h *= w[k] + step*move[k]; k < depth-1 {
				h = math.Max(0, h)
			}
		}
		return h
	}
	layers := make([]bounds.TangentLayer, depth)
	h := 1.0
	for k := range w {
		layers[k] = bounds.TangentLayer{Move: math.Abs(move[k]), Norm: math.Abs(w[k]), Input: h}
		if k < depth-1 {
			layers[k].Z = []float64{w[k] * h}
		}
		h = math.Max(0, w[k]*h)
	}
	back := 1.0
	for k := depth - 1; k >= 0; k-- {
		if k < depth-1 {
			layers[k].C = []float64{back}
			if layers[k].Z[0] <= 0 {
				back = 0
			}
		}
		layers[k].Back = math.Abs(back)
		back *= w[k]
	}
	const h0 = 1e-7 // the derivative along the move, by a difference within the linear piece
	linear := (output(h0) - output(0)) / h0
	if second := (output(2*h0) - 2*output(h0) + output(0)) / h0; !(math.Abs(second) <= 1e-4) {
		return 0, 0, 0 // a kink nearby
	}
	products, crossings = bounds.LinearisationError(layers)
	products += 1e-4 * (1 + products) // the difference is not exact
	return output(1) - output(0) - linear, products, crossings
}
