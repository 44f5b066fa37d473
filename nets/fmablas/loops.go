package fmablas

import "math"

// loops are the inner loops for one instruction set.
type loops struct {
	name string

	// tile adds alpha sum_k a_k b_k^T to the tile (rows x columns) of C at c, or sets it to that if it is fresh, with
	// column a_k at a[k*stepA] and row b_k at b[k*stepB].
	rows, columns int
	tile          func(a, b, c []float64, k, stepA, stepB, stride int, alpha float64, fresh bool)

	// combine adds c_k rows[k*stride+i] to dst_i for each k in order.
	combine func(dst, rows, c []float64, stride int)

	// row adds alpha sum_k c[k*step] rows[k*stride+i] over k < terms to dst_i.
	row func(dst, rows, c []float64, terms, stride, step int, alpha float64)

	// dots adds alpha sum_i a[r*stride+i] x_i to out_r; inner is the sum of x_i y_i.
	dots  func(out, a, x []float64, stride int, alpha float64)
	inner func(x, y []float64) float64

	// panel copies terms runs of width numbers, a step apart, one after another; width is rows or columns.
	// fourRows sets dst[k*width+i] to src[i*stride+k], for i < 4 and k < terms.
	panel    func(dst, src []float64, terms, step, width int)
	fourRows func(dst, src []float64, terms, stride, width int)
}

// lanes is the number of partial sums of a dot product.
const lanes = 32

var portable = loops{name: "go", rows: 2, columns: 4, tile: tile, combine: combine, row: row, dots: dots, inner: inner, panel: panel, fourRows: fourRows}

func tile(a, b, c []float64, k, stepA, stepB, stride int, alpha float64, fresh bool) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float64
	for t := range k {
		x, y := a[t*stepA:t*stepA+2], b[t*stepB:t*stepB+4]
		s00, s01, s02, s03 = math.FMA(x[0], y[0], s00), math.FMA(x[0], y[1], s01), math.FMA(x[0], y[2], s02), math.FMA(x[0], y[3], s03)
		s10, s11, s12, s13 = math.FMA(x[1], y[0], s10), math.FMA(x[1], y[1], s11), math.FMA(x[1], y[2], s12), math.FMA(x[1], y[3], s13)
	}
	if fresh {
		clear(c[:4])
		clear(c[stride : stride+4])
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

func row(dst, rows, c []float64, terms, stride, step int, alpha float64) {
	for i := range dst {
		var sum float64
		for k := range terms {
			sum = math.FMA(c[k*step], rows[k*stride+i], sum)
		}
		dst[i] = math.FMA(alpha, sum, dst[i])
	}
}

func dots(out, a, x []float64, stride int, alpha float64) {
	for r := range out {
		out[r] = math.FMA(alpha, inner(a[r*stride:r*stride+len(x)], x), out[r])
	}
}

func inner(x, y []float64) float64 {
	var sums [lanes]float64
	for ; len(x) > lanes; x, y = x[lanes:], y[lanes:] {
		for l := range sums {
			sums[l] = math.FMA(x[l], y[l], sums[l])
		}
	}
	for l, v := range x {
		sums[l] = math.FMA(v, y[l], sums[l])
	}
	for h := lanes / 2; h > 0; h /= 2 {
		for l := range h {
			sums[l] += sums[l+h]
		}
	}
	return sums[0] + 0 // never -0
}

func panel(dst, src []float64, terms, step, width int) {
	for k := range terms {
		copy(dst[k*width:(k+1)*width], src[k*step:])
	}
}

func fourRows(dst, src []float64, terms, stride, width int) {
	r0, r1, r2, r3 := src[:terms], src[stride:][:terms], src[2*stride:][:terms], src[3*stride:][:terms]
	at := 0
	for k := range r0 {
		d := dst[at : at+4 : at+4]
		d[0], d[1], d[2], d[3] = r0[k], r1[k], r2[k], r3[k]
		at += width
	}
}
