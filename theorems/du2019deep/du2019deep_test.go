package du2019deep

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
)

// TestClaims checks every claim; run one with -run 'TestClaims/du2019deep/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// The constants of the activations are the largest slope and curvature, attained.
func TestActivationConstants(t *testing.T) {
	for _, name := range []string{"softplus", "erf", "tanh", "sigmoid", "identity", "nearly"} {
		a, err := activationNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		slope, bend := 0.0, 0.0
		const h = 1e-4
		for i := range 200001 {
			z := float64(i-100000) * 5e-4 // to 50, where softplus has its full slope
			slope = max(slope, math.Abs(a.Value(z+h)-a.Value(z-h))/(2*h))
			bend = max(bend, math.Abs(a.Deriv(z+h)-a.Deriv(z-h))/(2*h))
		}
		if !(math.Abs(slope-a.lipschitz) <= 1e-6*a.lipschitz) || !(math.Abs(bend-a.smooth) <= 1e-6*(a.smooth+1e-3)) || math.Abs(a.Value(0)) != a.atZero {
			t.Errorf("%s: slope %v, curvature %v, sigma(0) = %v; the constants are %v, %v, %v", name, slope, bend, a.Value(0), a.lipschitz, a.smooth, a.atZero)
		}
	}
	if _, err := activationNamed("relu"); err == nil {
		t.Error("relu is not smooth, and there is no error")
	}
}

// The moments of one neuron: the mean is the limit kernel, and the second one of a linear neuron is 3 f^4.
func TestSecondMoment(t *testing.T) {
	g, err := model{Data: data.Spec{Kind: data.Sphere, N: 3, D: 4, Seed: 2}, Activation: "erf", Layers: 3, CRes: 0.7, Width: 1}.ground()
	if err != nil {
		t.Fatal(err)
	}
	limit, err := g.limit(3)
	if err != nil {
		t.Fatal(err)
	}
	mean, v, err := g.second(limit.Hidden[2])
	if err != nil || !mat.EqualApprox(mean, limit.Last, 1e-12) {
		t.Errorf("mean\n%v, want\n%v (%v)", mat.Formatted(mean), mat.Formatted(limit.Last), err)
	}
	if top, err := eig.Max(mean); err != nil || v < 3*top.Value*top.Value {
		t.Errorf("second moment %v below three times the square of the mean %v (%v)", v, top.Value, err)
	}
	g, err = model{Data: orthonormal(1), Activation: "identity", Layers: 1, Width: 1}.ground()
	if err != nil {
		t.Fatal(err)
	}
	if _, v, err = g.second(mat.NewSymDense(1, []float64{2})); err != nil || !(math.Abs(v-12) <= 1e-9) {
		t.Errorf("second moment %v of a linear neuron on an input of squared norm 2, want 12 (%v)", v, err)
	}
}

// The map of erf is f(r) = arcsin(2r/3)/arcsin(2/3).
func TestCorrelationMap(t *testing.T) {
	g, err := model{Data: orthonormal(2), Activation: "erf", Layers: 2, Width: 1}.ground()
	if err != nil {
		t.Fatal(err)
	}
	norm, a := math.Asin(2.0/3), 2.0/3
	w := 1 - a*a
	want := correlation{
		a / math.Sqrt(w) / norm, a * a * a / math.Pow(w, 1.5) / norm, (a*a*a/math.Pow(w, 1.5) + 3*math.Pow(a, 5)/math.Pow(w, 2.5)) / norm,
		(9*math.Pow(a, 5)/math.Pow(w, 2.5) + 15*math.Pow(a, 7)/math.Pow(w, 3.5)) / norm,
	}
	got := g.correlation()
	for name, pair := range map[string][2]float64{
		"first": {got.first, want.first}, "second": {got.second, want.second}, "third": {got.third, want.third}, "fourth": {got.fourth, want.fourth},
	} {
		if !(math.Abs(pair[0]-pair[1]) <= 1e-8*pair[1]) {
			t.Errorf("%s derivative %v, want %v", name, pair[0], pair[1])
		}
	}
}

// The bounds hold, and to third order in d are equalities, for maps of which f and g are known: f = (r + r^2)/2 (chi >
// 1), f = (4 + r^3 + r^4)/6 (chi > 1), f = (7 + r + r^3 + r^4)/10 (chi < 1).
func TestCollapseBounds(t *testing.T) {
	for _, c := range [][5]float64{{0, 0.5, 0.5, 0, 0}, {4. / 6, 0, 0, 1. / 6, 1. / 6}, {0.7, 0.1, 0, 0.1, 0.1}, {0.9, 0, 0, 0, 0.1}} {
		var f correlation
		for i, v := range c {
			k := float64(i)
			f.first, f.second = f.first+k*v, f.second+k*(k-1)*v
			f.third, f.fourth = f.third+k*(k-1)*(k-2)*v, f.fourth+k*(k-1)*(k-2)*(k-3)*v
		}
		value := func(r float64) float64 { return c[0] + r*(c[1]+r*(c[2]+r*(c[3]+r*c[4]))) }
		off := func(r float64) float64 { return r * (c[1] + r*(2*c[2]+r*(3*c[3]+r*4*c[4]))) }
		for _, d := range []float64{1e-3, 1e-2, 0.1, 0.3, 0.6, 1, 1.3, 2} {
			rate, rounding := (1-value(1-d))/d, 1e-15/d
			if lower, upper := f.rate(d); rate < lower-rounding || rate > upper+rounding || d < 0.2 && upper-lower > f.third*d*d/6+rounding {
				t.Errorf("%v: rate %v at d = %v, not in [%v, %v]", c, rate, d, lower, upper)
			}
			lower, upper, ok := f.ratio(d, 1)
			if ratio := (off(1) - off(value(1-d))) / (off(1) - off(1-d)); ok && (ratio < lower-4*rounding || ratio > upper+4*rounding) {
				t.Errorf("%v: ratio %v at d = %v, not in [%v, %v]", c, ratio, d, lower, upper)
			}
			if d <= 1e-2 && (!ok || upper-lower > 40*d*d) {
				t.Errorf("%v: bounds %v and %v at d = %v differ by more than the third order", c, lower, upper, d)
			}
			if d > 1 && ok {
				t.Error("a bound for a negative cosine")
			}
		}
	}
}

func TestExcess(t *testing.T) {
	c := mat.NewSymDense(2, []float64{2, 1, 1, 3})
	var a mat.SymDense
	a.ScaleSym(1.5, c)
	a.SetSym(0, 0, a.At(0, 0)+4)
	if s, err := excess(&a, c); err != nil || !(math.Abs(s-1.5) <= 1e-12) {
		t.Errorf("excess %v, want 1.5 (%v)", s, err)
	}
	if s, err := excess(&a, mat.NewSymDense(2, []float64{1, 1, 1, 1})); err != nil || s != 0 {
		t.Errorf("excess over a singular matrix %v, want 0 (%v)", s, err)
	}
	k := mat.NewSymDense(3, []float64{1, 0.5, -0.9, 0.5, 1, 0, -0.9, 0, 1})
	if got := leastBlock(k); !(math.Abs(got-0.1) <= 1e-12) {
		t.Errorf("least block %v, want 0.1", got)
	}
}
