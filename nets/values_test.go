package nets

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// Derivatives against central differences, away from the kinks; values of the smooth activations against
// 40 digits.
func TestActivationsDiffer(t *testing.T) {
	const h = 1e-5
	for _, act := range activations() {
		for k := range 200 {
			z := (float64(k) - 99.5) / 12
			want := (act.Value(z+h) - act.Value(z-h)) / (2 * h)
			if got := act.Deriv(z); !close64(got, want, 1e-9*(1+z*z)) {
				t.Errorf("%s'(%v) = %v, difference quotient %v", act.Name, z, got, want)
			}
		}
	}
	// mpmath at 40 digits: erf(z), tanh(z), log(1 + exp(z)), sin(z).
	for _, c := range []struct {
		act     Activation
		z, want float64
	}{
		{Erf(), -1.25, -0.92290012825645823014}, {Erf(), 0.03, 0.033841222341735432051},
		{Tanh(), -1.25, -0.84828363995751289761}, {Tanh(), 0.03, 0.029991003238820143477},
		{Softplus(), -1.25, 0.25192908134537288895}, {Softplus(), 2, 2.1269280110429724964},
		{Sine(), -1.25, -0.94898461935558621435}, {Sine(), 2, 0.90929742682568169540},
	} {
		if got := c.act.Value(c.z); !(math.Abs(got-c.want) <= 4e-16) {
			t.Errorf("%s(%v) = %v, want %v", c.act.Name, c.z, got, c.want)
		}
	}
}

// The loops that the batch runs over an activation are its definition.
func TestActivationLoops(t *testing.T) {
	rng := newRand(3)
	for _, act := range activations() {
		z, e, u, dst := normals(rng, 40), normals(rng, 40), normals(rng, 40), make([]float64, 40)
		before := append([]float64(nil), u...)
		act.accumulate(u, -1.5, z)
		act.weigh(dst, -1.5, e, z)
		var sum float64
		for i := range z {
			if want := before[i] - 1.5*act.Value(z[i]); !close64(u[i], want, 1e-15) {
				t.Errorf("%s: accumulated %v, want %v", act.Name, u[i], want)
			}
			if want := -1.5 * e[i] * act.Deriv(z[i]); !close64(dst[i], want, 1e-15) {
				t.Errorf("%s: weighed %v, want %v", act.Name, dst[i], want)
			}
			sum += e[i] * act.Value(z[i])
		}
		if got := act.inner(e, z); !close64(got, sum, 1e-14) {
			t.Errorf("%s: inner product %v, want %v", act.Name, got, sum)
		}
	}
}

// Losses: the value against its formula in other words, the gradient against differences, at labels that
// are no signs too.
func TestLossesDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := newRand(rapid.Uint64().Draw(t, "seed"))
		n := rapid.IntRange(1, 9).Draw(t, "n")
		u, y, g := normals(rng, n), normals(rng, n), make([]float64, n)
		var squares, logs, cross float64
		for i := range u {
			squares += u[i]*u[i]/2 - u[i]*y[i] + y[i]*y[i]/2
			logs += math.Log(math.Exp(y[i]*u[i])+1) - y[i]*u[i]
			cross += math.Log(math.Exp(u[i])+1) - y[i]*u[i]
		}
		for _, c := range []struct {
			loss Loss
			want float64
		}{
			{Square{}, squares}, {Square{Mean: true}, squares / float64(n)},
			{Logistic{Sum: true}, logs}, {Logistic{}, logs / float64(n)},
			{CrossEntropy{Sum: true}, cross}, {CrossEntropy{}, cross / float64(n)},
		} {
			if got := c.loss.Value(u, y); !close64(got, c.want, 1e-14) {
				t.Fatalf("%s is %v, want %v", c.loss.Name(), got, c.want)
			}
			c.loss.Gradient(g, u, y)
			for i := range u {
				const h = 1e-5
				v := u[i]
				u[i] = v + h
				up := c.loss.Value(u, y)
				u[i] = v - h
				down := c.loss.Value(u, y)
				u[i] = v
				if want := (up - down) / (2 * h); !close64(g[i], want, 1e-9) {
					t.Fatalf("%s: derivative %v, difference quotient %v", c.loss.Name(), g[i], want)
				}
			}
		}
	})
}

func TestCrossEntropy(t *testing.T) {
	// mpmath at 60 digits: s(u) = 1/(1 + exp(-u)), -(y*log(s(u)) + (1 - y)*log(1 - s(u))), s(u) - y.
	for _, c := range []struct{ u, y, want, gradient float64 }{
		{0, 0.25, 0.69314718055994530942, 0.25},
		{1.5, 1, 0.2014132779827524095, -0.18242552380635634039},
		{-2, 0.75, 1.6269280110429724964, -0.63079707797788244406},
		{40, 1, 4.2483542552915889863e-18, -4.2483542552915889773e-18},
		{-40, 1, 40.000000000000000004, -0.99999999999999999575},
		{40, 0.5, 20.000000000000000004, 0.49999999999999999575},
	} {
		g := []float64{0}
		for _, n := range []int{1, 2} { // alone, and as the mean of two that are equal
			u, y := []float64{c.u, c.u}[:n], []float64{c.y, c.y}[:n]
			if got := (CrossEntropy{}).Value(u, y); !(math.Abs(got-c.want) <= 4e-16*c.want) {
				t.Errorf("cross-entropy at u = %v, y = %v is %v, want %v", c.u, c.y, got, c.want)
			}
			if got := (CrossEntropy{Sum: true}).Value(u, y); !(math.Abs(got-float64(n)*c.want) <= 1e-15*got) {
				t.Errorf("the sum at u = %v, y = %v is %v, want %v times %v", c.u, c.y, got, n, c.want)
			}
		}
		CrossEntropy{}.Gradient(g, []float64{c.u}, []float64{c.y})
		if !(math.Abs(g[0]-c.gradient) <= 4e-16*math.Abs(c.gradient)) {
			t.Errorf("derivative at u = %v, y = %v is %v, want %v", c.u, c.y, g[0], c.gradient)
		}
	}
	checkError(t, CrossEntropy{}.Check([]float64{0, 0.5, 1}), "")
	checkError(t, CrossEntropy{}.Check([]float64{0, -1}), "label 1 is -1")
	checkError(t, CrossEntropy{}.Check([]float64{math.NaN()}), "label 0 is NaN")
}

// Norms by hand: 3-4-5 and 2-3-6-7, at sizes whose squares float64 cannot hold too.
func TestNorms(t *testing.T) {
	for _, s := range []float64{1, 1e200, 1e-200, math.SmallestNonzeroFloat64} {
		dst := make([]float64, 2)
		norm := Residual(dst, []float64{4 * s, 5 * s}, []float64{s, s})
		if dst[0] != 3*s || dst[1] != 4*s || !(math.Abs(norm-5*s) <= 1e-15*norm) {
			t.Errorf("residual %v of norm %v, want (3, 4) of norm 5 times %v", dst, norm, s)
		}
		w := mat.NewDense(3, 2, []float64{4 * s, 5 * s, s, s, 2 * s, s})
		v := mat.NewDense(3, 2, []float64{s, s, s, s, s, s})
		largest, frobenius := Movement(w, v)
		if want := math.Sqrt(26) * s; !(math.Abs(largest-5*s) <= 1e-15*largest) || !(math.Abs(frobenius-want) <= 1e-15*want+s*1e-16) {
			t.Errorf("movement %v, %v, want 5 and sqrt(26) times %v", largest, frobenius, s)
		}
	}
	if norm := Residual(make([]float64, 2), []float64{1, 2}, []float64{1, 2}); norm != 0 {
		t.Errorf("no residual has the norm %v", norm)
	}
	w := mat.NewDense(2, 3, []float64{1, 1, 1, 3, 4, 7})
	v := mat.NewDense(2, 3, []float64{1, 1, 1, 1, 1, 1})
	if largest, frobenius := Movement(w, v); largest != 7 || frobenius != 7 {
		t.Errorf("movement %v and %v, want 7", largest, frobenius)
	}
}

func TestScales(t *testing.T) {
	if NTKScale(16) != 0.25 || MeanFieldScale(16) != 0.0625 {
		t.Errorf("scales %v and %v of width 16", NTKScale(16), MeanFieldScale(16))
	}
	if a := Accuracy([]float64{2, -1, 0.5, 3}, []float64{1, 1, -1, 2}, 5); a != 0.25 {
		t.Errorf("accuracy at margin 5 is %v, want 1/4", a)
	}
}

// A sub-network is the whole one without the others' terms, at the same scale.
func TestMaskedShares(t *testing.T) {
	net := NTK(4, 2).Draw(newRand(5))
	x := mat.NewDense(1, 2, []float64{1, 2})
	sub := net.Masked([]bool{true, false, false, true})
	var want float64
	for _, r := range []int{0, 3} {
		want += net.A[r] / 2 * math.Max(0, net.W.At(r, 0)+2*net.W.At(r, 1))
	}
	if u := sub.Output(x)[0]; !(math.Abs(u-want) <= 1e-15) {
		t.Errorf("output %v of the sub-network, want %v", u, want)
	}
	net.W.Set(0, 0, 100)
	if sub.W.At(0, 0) != 100 {
		t.Error("the sub-network has weights of its own")
	}
}
