package conv

import (
	"math"
	"testing"
)

// TestPolynomials holds the interpolations to their stated errors, in D q^2 and K q^2/(s s'), against their series.
func TestPolynomials(t *testing.T) {
	for n, limit := range map[int]float64{terms: 1e-15, terms32: 1e-8} {
		c := interpolated(n)
		var worst, negative float64
		for _, v := range c {
			negative -= min(v, 0)
		}
		if negative > 2e-3 {
			t.Errorf("%d terms: the negative coefficients sum to -%g; Horner's rule would cancel", n, negative)
		}
		for k := 1; k <= 60; k++ {
			d := float64(k) / 60
			p, h := number(0), number(0)
			for i := len(c) - 2; i >= 0; i -= 2 {
				p.Mul(p, number(d)).Add(p, number(c[i]))
				h.Mul(h, number(d)).Add(h, number(c[i+1]))
			}
			dp, _ := p.Sub(p, angleSeries(number(d))).Float64()
			dh, _ := h.Sub(h, kernelSeries(number(d))).Float64()
			worst = max(worst, math.Abs(dp)*math.Sqrt(d)/math.Pi, math.Abs(dh)*d*math.Sqrt(d)/math.Pi)
		}
		if worst > limit || worst < limit/20 {
			t.Errorf("%d terms: error %g, stated below %g", n, worst, limit)
		}
	}
}

// TestSeries compares the series with the arccosine itself.
func TestSeries(t *testing.T) {
	for _, d := range []float64{1e-3, 0.1, 0.5, 1} {
		angle := math.Acos(1 - d)
		p, _ := angleSeries(number(d)).Float64()
		h, _ := kernelSeries(number(d)).Float64()
		if got := math.Sqrt(d) * p; !(math.Abs(got-angle) <= 1e-13) {
			t.Errorf("angle at %g: %.16g, want %.16g", d, got, angle)
		}
		if got, want := d*math.Sqrt(d)*h, math.Sin(angle)-angle*math.Cos(angle); !(math.Abs(got-want) <= 1e-14) {
			t.Errorf("kernel at %g: %.16g, want %.16g", d, got, want)
		}
	}
}

// TestParallelSnap: rounding leaves exactly parallel patches below the snap, with all the paddings of the package.
func TestParallelSnap(t *testing.T) {
	shape := Shape{Channels: 1, Height: 6, Width: 5}
	x, z := make([]float64, shape.Size()), make([]float64, shape.Size())
	for k := range x {
		x[k], z[k] = 0.1, 1.0/3
	}
	net, err := Net{Depth: 40, Padding: Circular, Head: GAP}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEngine[float64](net, shape, "go")
	if err != nil {
		t.Fatal(err)
	}
	a, b := newTables[float64](net, e.layout, x), newTables[float64](net, e.layout, z)
	got := e.scratch().plane(a, b, 2, 3)
	// Every entry has correlation one: K is s s', and Theta gains it once a layer.
	want := float64(shape.Size()) * math.Ldexp(0.1/3, -a.exponent-b.exponent)
	if !(math.Abs(got.nngp-want) <= 1e-13*want) || !(math.Abs(got.ntk-41*want) <= 41e-13*want) {
		t.Errorf("constant images: %v, want %g and %g", got, want, 41*want)
	}
}
