package fmablas

import "math"

// loops are the inner loops for one instruction set.
type loops struct {
	name string

	// tile adds alpha sum_k a_k b_k^T to the tile (rows x columns) of C at c, with column a_k at a[k*stepA] and row b_k at b[k*stepB].
	rows, columns int
	tile          func(a, b, c []float64, k, stepA, stepB, stride int, alpha float64)

	// combine adds c_k rows[k*stride+i] to dst_i for each k in order.
	combine func(dst, rows, c []float64, stride int)

	// dot sets sums_l to the sum of x_i y_i over i = l mod 32. The length of x is a multiple of 32.
	dot func(x, y []float64, sums *[lanes]float64)
}

// lanes is the number of partial sums of a dot product.
const lanes = 32

var portable = loops{name: "go", rows: 2, columns: 4, tile: tile, combine: combine, dot: dot}

func tile(a, b, c []float64, k, stepA, stepB, stride int, alpha float64) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float64
	for t := range k {
		x, y := a[t*stepA:t*stepA+2], b[t*stepB:t*stepB+4]
		s00, s01, s02, s03 = math.FMA(x[0], y[0], s00), math.FMA(x[0], y[1], s01), math.FMA(x[0], y[2], s02), math.FMA(x[0], y[3], s03)
		s10, s11, s12, s13 = math.FMA(x[1], y[0], s10), math.FMA(x[1], y[1], s11), math.FMA(x[1], y[2], s12), math.FMA(x[1], y[3], s13)
	}
	for j, s := range [4]float64{s00, s01, s02, s03} {
		c[j] = math.FMA(alpha, s, c[j])
	}
	for j, s := range [4]float64{s10, s11, s12, s13} {
		c[stride+j] = math.FMA(alpha, s, c[stride+j])
	}
}

func combine(dst, rows, c []float64, stride int) {
	for k, f := range c {
		for i, v := range rows[k*stride : k*stride+len(dst)] {
			dst[i] = math.FMA(f, v, dst[i])
		}
	}
}

func dot(x, y []float64, sums *[lanes]float64) {
	clear(sums[:])
	for ; len(x) >= lanes; x, y = x[lanes:], y[lanes:] {
		for l := range sums {
			sums[l] = math.FMA(x[l], y[l], sums[l])
		}
	}
}
