package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
)

// The worst case of the proof, integrated numerically: dR = -2 s^2 R dt, ds = -B s R dt, where the gradient in W is as large as s ||R||.
func TestLastLayerWorstCase(t *testing.T) {
	for _, c := range []bounds.LastLayer{{S0: 1, B: 1, R0: 0.3}, {S0: 2, B: 0.7, R0: 3}, {S0: 0.5, B: 3, R0: 0.04}} {
		s, r, omega, path := c.S0, c.R0, 0.0, 0.0
		h := 1e-4 / (c.S0 * c.S0)
		for range 400000 {
			mid := r - h*s*s*r // of R, half a step on
			sm := s - h/2*c.B*s*r
			r -= 2 * h * sm * sm * mid
			s -= h * c.B * sm * mid
			omega += h * sm * mid
			path += h * math.Sqrt2 * sm * mid
		}
		within(t, "sigma_min", c.SigmaMin(), s, 1e-6)
		within(t, "movement of W", c.MovementW(), omega, 1e-6)
		if got := c.Path(); got < path || got > 1.5*path {
			t.Errorf("path %v, in the worst case of W it is %v", got, path)
		}
		within(t, "sigma_min half way", c.SigmaMinAt(c.R0/2), math.Sqrt(c.S0*c.S0-c.B*c.R0/2), 1e-12)
	}
}

// Decay and Path are the solutions of -dR/dt = s^2 R and -dR/dP = s at s^2 = s0^2 - B (R0 - R).
func TestLastLayerDecay(t *testing.T) {
	c := bounds.LastLayer{S0: 1.3, B: 0.9, R0: 1.1}
	r, clock := c.R0, 0.0
	const h = 1e-5
	s2 := func(r float64) float64 { return c.S0*c.S0 - c.B*(c.R0-r) }
	for i := range 300000 {
		mid := r - h/2*s2(r)*r
		r -= h * s2(mid) * mid
		clock += h
		if i%100000 == 99999 {
			within(t, "decay", c.Decay(clock), math.Log(c.R0/r), 1e-7)
		}
	}
	sum := 0.0
	const pieces = 100000
	for i := range pieces {
		sum += c.R0 / pieces / math.Sqrt(s2(c.R0*(float64(i)+0.5)/pieces))
	}
	within(t, "path", c.Path(), sum, 1e-7)
	within(t, "kappa", c.Kappa(), 0.9*1.1/1.69, 1e-12)
}

// SmallOutput is the end of ds/drho = -B^2 u/s^2, du/drho = 1/s.
func TestSmallOutput(t *testing.T) {
	for _, test := range []struct{ s0, b, r0, v float64 }{{1, 1, 0.4, 0}, {1, 2, 0.1, 0.2}, {3, 0.5, 6, 1}} {
		s, u := test.s0, test.v
		const steps = 200000
		h := test.r0 / steps
		for range steps {
			sm, um := s-h/2*test.b*test.b*u/(s*s), u+h/2/s
			s, u = s-h*test.b*test.b*um/(sm*sm), u+h/sm
		}
		within(t, "sigma_min", bounds.LastLayer{S0: test.s0, B: test.b, R0: test.r0}.SmallOutput(test.v), s, 1e-7)
	}
	c := bounds.LastLayer{S0: 1, B: 1, R0: 0.25*math.Pi + 1e-6}
	if !math.IsNaN(c.SmallOutput(0)) {
		t.Error("a residual beyond pi s0^2/(4B) has a bound")
	}
	c.R0 -= 2e-6
	if v := c.SmallOutput(0); !(v > 0 && v < 0.05) {
		t.Errorf("just below pi s0^2/(4B) the bound is %v, want a little above 0", v)
	}
	within(t, "no movement", bounds.LastLayer{S0: 2, R0: 9}.SmallOutput(3), 2, 1e-15)
}

func TestJacobianLipschitz(t *testing.T) {
	f := bounds.FeatureMap{X: 1.7, Row: 1.2, B1: 0.8, B2: 1.5}
	for _, v := range []float64{0, 0.3, 4} {
		block := mat.NewDense(2, 2, []float64{f.B1, 0, f.B2 * v * f.Row, f.B1})
		block.Scale(f.X, block)
		var svd mat.SVD
		if !svd.Factorize(block, mat.SVDNone) {
			t.Fatal("no singular values")
		}
		within(t, "lipschitz", f.JacobianLipschitz(v), svd.Values(nil)[0], 1e-13)
	}
	within(t, "printed", f.PrintedJacobianLipschitz(2), math.Sqrt(2)*1.7*(0.8+3), 1e-14)
}

// A quadratic f = a w with phi the identity, one sample, v = 0 and a small residual: the certificate is that of a quadratic with curvature w^2.
func TestCertifyLastLayer(t *testing.T) {
	c := bounds.LastLayer{S0: 2, B: 1, R0: 1e-9}
	f := bounds.FeatureMap{X: 1, Row: 1, B1: 1}
	for _, h := range []float64{0.1, 0.5, 0.9} {
		d, err := bounds.CertifyLastLayer(c, f, 2, 0, h)
		if err != nil {
			t.Fatal(err)
		}
		within(t, "step", d.Step, 2*h/4, 1e-7)
		within(t, "contraction", d.Contraction*d.Step, 1-math.Pow(1-2*h, 2), 1e-6)
		within(t, "smoothness", d.Smoothness, 4, 1e-7)
		within(t, "path", d.Path(), 1e-9/((1-h)*2), 1e-6)
	}
	big := bounds.LastLayer{S0: 2, B: 1, R0: 1}
	d, err := bounds.CertifyLastLayer(big, bounds.FeatureMap{X: 3, Row: 1, B1: 1, B2: 0.5}, 4, 0.1, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	path := 2 * 2 / (2 + 2*math.Sqrt(0.5)) // R0/(1-h) = 2, kappa = 1/2
	within(t, "path", d.Path(), path, 1e-12)
	lip := 3 * (0.5*(0.1+path) + math.Sqrt(math.Pow(0.5*(0.1+path), 2)+4)) / 2
	within(t, "smoothness", d.Smoothness, math.Pow(4+lip*path, 2)+lip, 1e-12)
	within(t, "contraction", d.Contraction, 2*0.5*2, 1e-12)
	for _, h := range []float64{0, 1, math.NaN(), 0.75} { // at 3/4 the residual is too large
		if _, err := bounds.CertifyLastLayer(big, f, 4, 0, h); err == nil {
			t.Errorf("h = %v is accepted", h)
		}
	}
	isNaN(t, map[string]float64{"kappa": bounds.LastLayer{B: 1, R0: 1}.Kappa(), "sigma": bounds.LastLayer{S0: 1, B: 1, R0: 1.1}.SigmaMin()})
}

// On random networks the change of the Jacobian, by finite weights, stays below the constant.
func TestJacobianLipschitzOnNetworks(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	f := bounds.FeatureMap{B1: 1, B2: 1}
	for range 200 {
		n, m, d := 1+rng.IntN(4), 1+rng.IntN(4), 1+rng.IntN(3)
		x, w, w2 := gaussian(n, d, rng), gaussian(m, d, rng), gaussian(m, d, rng)
		v, v2 := gaussian(1, m, rng), gaussian(1, m, rng)
		var svd mat.SVD
		svd.Factorize(x, mat.SVDNone)
		f.X, f.Row = svd.Values(nil)[0], 0
		for i := range n {
			f.Row = math.Max(f.Row, mat.Norm(x.RowView(i), 2))
		}
		j, j2 := sineJacobian(x, w, v), sineJacobian(x, w2, v2)
		j.Sub(j, j2)
		svd.Factorize(j, mat.SVDNone)
		w.Sub(w, w2)
		dist := 0.0
		longest := 0.0
		for r := range m {
			dist += math.Pow(v.At(0, r)-v2.At(0, r), 2)
			longest = math.Max(longest, math.Max(math.Abs(v.At(0, r)), math.Abs(v2.At(0, r))))
		}
		dist = math.Sqrt(dist + math.Pow(mat.Norm(w, 2), 2))
		if got, most := svd.Values(nil)[0], f.JacobianLipschitz(longest)*dist; got > most*(1+1e-12) {
			t.Fatalf("the Jacobian changes by %v, more than %v", got, most)
		}
	}
}

func sineJacobian(x, w, v *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	m, _ := w.Dims()
	j := mat.NewDense(n, m*(d+1), nil)
	for i := range n {
		for r := range m {
			z := mat.Dot(x.RowView(i), w.RowView(r))
			j.Set(i, m*d+r, math.Sin(z))
			for k := range d {
				j.Set(i, r*d+k, v.At(0, r)*math.Cos(z)*x.At(i, k))
			}
		}
	}
	return j
}
