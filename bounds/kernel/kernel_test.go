package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
)

// entry is a kernel with the function whose Gaussian second moment it is.
type entry struct {
	k      kernel.Kernel
	f      func(z float64) float64 // phi, or phi' for a derivative kernel
	deriv  bool                    // K = (x.x') E[f f] rather than E[f f]
	degree int                     // f is positively homogeneous of this degree; -1 if smooth
}

func step(z float64) float64 {
	if z >= 0 {
		return 1
	}
	return 0
}

func catalogue() []entry {
	leaky := func(c float64) (phi, dphi func(float64) float64) {
		return func(z float64) float64 { return max(z, 0) + c*min(z, 0) },
			func(z float64) float64 { return c + (1-c)*step(z) }
	}
	relu, drelu := leaky(0)
	l1, dl1 := leaky(0.1)
	l2, dl2 := leaky(-1)
	return []entry{
		{kernel.ReLU(), drelu, true, 0},
		{kernel.ReLUFeature(), relu, false, 1},
		{kernel.LeakyReLU(0.1), dl1, true, 0},
		{kernel.LeakyReLUFeature(0.1), l1, false, 1},
		{kernel.LeakyReLU(-1), dl2, true, 0},
		{kernel.LeakyReLUFeature(-1), l2, false, 1},
		{kernel.StepFeature(), step, false, 0},
		{kernel.Identity(), func(z float64) float64 { return z }, false, -1},
		{kernel.Identity(), func(float64) float64 { return 1 }, true, -1},
		{kernel.Square(), func(z float64) float64 { return 2 * z }, true, -1},
		{kernel.SquareFeature(), func(z float64) float64 { return z * z }, false, -1},
		{kernel.HalfSquare(), func(z float64) float64 { return z }, true, -1},
		{kernel.Cubic(), func(z float64) float64 { return 3 * z * z }, true, -1},
		{kernel.CubicFeature(), func(z float64) float64 { return z * z * z }, false, -1},
		{kernel.Erf(), func(z float64) float64 { return 2 / math.SqrtPi * math.Exp(-z*z) }, true, -1},
		{kernel.ErfFeature(), math.Erf, false, -1},
		{kernel.Sine(), math.Cos, true, -1},
		{kernel.SineFeature(), math.Sin, false, -1},
		{kernel.Cosine(), func(z float64) float64 { return -math.Sin(z) }, true, -1},
		{kernel.CosineFeature(), math.Cos, false, -1},
	}
}

// moment is E[f(a z1) f(b (r z1 + s z2))] by quadrature.
func moment(e entry, a, b, r float64) float64 {
	if e.degree >= 0 {
		return polar(e, a, b, r)
	}
	const nodes = 100
	x, w := make([]float64, nodes), make([]float64, nodes)
	quad.Hermite{}.FixedLocations(x, w, math.Inf(-1), math.Inf(1))
	s := math.Sqrt(1 - r*r)
	var sum float64
	for i := range x {
		for j := range x {
			z1, z2 := math.Sqrt2*x[i], math.Sqrt2*x[j]
			sum += w[i] * w[j] * e.f(a*z1) * e.f(b*(r*z1+s*z2))
		}
	}
	return sum / math.Pi
}

// polar integrates a homogeneous f over the angle of w, between its kinks, and multiplies by
// E[rho^{2 degree}] = 2^degree degree! for the radius.
func polar(e entry, a, b, r float64) float64 {
	theta := math.Acos(r)
	kinks := []float64{-math.Pi / 2, theta - math.Pi/2, math.Pi / 2, theta + math.Pi/2, 3 * math.Pi / 2}
	var sum float64
	for i := range len(kinks) - 1 {
		if kinks[i+1] > kinks[i] {
			sum += quad.Fixed(func(phi float64) float64 {
				return e.f(a*math.Cos(phi)) * e.f(b*math.Cos(phi-theta))
			}, kinks[i], kinks[i+1], 30, quad.Legendre{}, 1)
		}
	}
	return sum / (2 * math.Pi) * []float64{1, 2}[e.degree]
}

func TestQuadrature(t *testing.T) {
	norms := []struct{ a, b float64 }{{1, 1}, {0.5, 1.25}, {0.1, 0.9}}
	for _, e := range catalogue() {
		for _, n := range norms {
			for _, r := range []float64{-1, -0.9, -0.5, -0.1, 0, 0.3, 0.7, 0.99, 1} {
				want := moment(e, n.a, n.b, r)
				if e.deriv {
					want *= n.a * n.b * r
				}
				p := kernel.UnitPair(r)
				p.NormX, p.NormY = n.a, n.b
				got := e.k.Of(p)
				if !(math.Abs(got-want) <= 1e-10*max(1, math.Abs(want))) {
					t.Errorf("%s at norms %g, %g, r=%g: %.15g, quadrature %.15g", e.k.Name(), n.a, n.b, r, got, want)
				}
				if n.a == 1 && n.b == 1 && got != e.k.At(r) {
					t.Errorf("%s: At(%g) = %v, Of = %v", e.k.Name(), r, e.k.At(r), got)
				}
			}
		}
	}
}

// At large norms Gauss-Hermite fails for erf; condition on the first coordinate instead:
// E erf(l z + s g) = erf(l z/sqrt(1 + 2 s^2)) for g ~ N(0,1).
func TestErfLargeNorms(t *testing.T) {
	for _, n := range []struct{ a, b, r float64 }{{3, 3, 0.5}, {2, 5, -0.8}, {10, 0.3, 0.9}, {3, 4, 0}} {
		l, s := n.b*n.r, n.b*math.Sqrt(1-n.r*n.r)
		// The integrand is smooth on the scale 1/a, hence the panels.
		var want float64
		for i := -40; i < 40; i++ {
			want += quad.Fixed(func(z float64) float64 {
				return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) * math.Erf(n.a*z) * math.Erf(l*z/math.Sqrt(1+2*s*s))
			}, float64(i)/4, float64(i+1)/4, 20, quad.Legendre{}, 1)
		}
		p := kernel.UnitPair(n.r)
		p.NormX, p.NormY = n.a, n.b
		if got := kernel.ErfFeature().Of(p); !(math.Abs(got-want) <= 1e-12) {
			t.Errorf("erf feature at %+v: %v, integral %v", n, got, want)
		}
	}
}

// The law itself: mean over Gaussian w against the closed form, as a z-score.
func TestMonteCarlo(t *testing.T) {
	const draws = 20000
	x, y := []float64{0.6, -0.3, 0.2}, []float64{0.1, -0.7, -0.9}
	p, err := kernel.NewPair(x, y)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range catalogue() {
		rng := rand.New(rand.NewPCG(11, uint64(i)))
		var sum, square float64
		for range draws {
			var u, v float64
			for k := range x {
				g := rng.NormFloat64()
				u += g * x[k]
				v += g * y[k]
			}
			s := e.f(u) * e.f(v)
			if e.deriv {
				s *= p.Dot()
			}
			sum += s
			square += s * s
		}
		mean := sum / draws
		sd := math.Sqrt((square/draws - mean*mean) / draws)
		if z := (mean - e.k.Of(p)) / (sd + 1e-15); !(math.Abs(z) <= 5) {
			t.Errorf("%s: mean %v, closed form %v, z = %.1f", e.k.Name(), mean, e.k.Of(p), z)
		}
	}
}

func TestReferenceValues(t *testing.T) {
	tests := []struct {
		k       kernel.Kernel
		r, want float64
	}{
		{kernel.ReLU(), 1, 0.5}, {kernel.ReLU(), 0, 0}, {kernel.ReLU(), -1, 0},
		{kernel.ReLU(), 0.5, 1.0 / 6}, {kernel.ReLU(), -0.5, -1.0 / 12},
		{kernel.ReLUFeature(), 1, 0.5}, {kernel.ReLUFeature(), 0, 1 / (2 * math.Pi)}, {kernel.ReLUFeature(), 0.5, 0.304499},
		// 1/2 - h(-1/2) = .58333, (2/pi) asin(2/3) = .464559.
		{kernel.ErfFeature(), 1, 0.464559}, {kernel.SquareFeature(), 1, 3}, {kernel.Square(), 1, 4},
		{kernel.StepFeature(), 1, 0.5}, {kernel.StepFeature(), -1, 0}, {kernel.CubicFeature(), 1, 15},
		{kernel.Cubic(), 1, 27}, {kernel.Erf(), 1, 4 / (math.Pi * math.Sqrt(5))},
		{kernel.SineFeature(), 1, math.Sinh(1) / math.E}, {kernel.CosineFeature(), 0, 1 / math.E},
		{kernel.LeakyReLU(1), 0.3, 0.3}, {kernel.LeakyReLUFeature(1), -0.3, -0.3},
	}
	for _, test := range tests {
		if got := test.k.At(test.r); !(math.Abs(got-test.want) <= 5e-7) {
			t.Errorf("%s(%g) = %v, want %v", test.k.Name(), test.r, got, test.want)
		}
	}
	if got := kernel.ReLU().At(0.5); !(math.Abs(got-1.0/6) <= 1e-16) {
		t.Errorf("h(1/2) - 1/6 = %g", got-1.0/6)
	}
	if !math.IsNaN(kernel.ReLU().At(1.1)) {
		t.Error("At(1.1) is not NaN")
	}
}

func TestSeries(t *testing.T) {
	for _, k := range kernel.All() {
		a := k.Coefficients(400)
		for _, r := range []float64{-0.9, -0.4, 0, 0.2, 0.75, 0.9} {
			var sum float64
			for i := len(a) - 1; i >= 0; i-- {
				sum = sum*r + a[i]
			}
			if !(math.Abs(sum-k.At(r)) <= 1e-14*max(1, k.At(1))) {
				t.Errorf("%s: series %v, closed form %v at r=%g", k.Name(), sum, k.At(r), r)
			}
		}
		for i, c := range a {
			if !(c >= 0) {
				t.Errorf("%s: coefficient %d is %v", k.Name(), i, c)
			}
		}
	}
	// Alpha_2, alpha_4, alpha_6.
	for i, want := range map[int]float64{1: 0.25, 2: 1 / (2 * math.Pi), 4: 1 / (12 * math.Pi), 6: 3 / (80 * math.Pi), 3: 0} {
		if got := kernel.ReLU().Coefficient(i); !(math.Abs(got-want) <= 1e-16) {
			t.Errorf("alpha_%d = %v, want %v", i, got, want)
		}
	}
}

// The coefficients are squared Hermite coefficients of phi (or of phi', one degree lower).
func TestHermite(t *testing.T) {
	for _, e := range catalogue() {
		if e.degree >= 0 {
			continue // kinks: quadrature does not converge
		}
		c := kernel.HermiteCoefficients(e.f, 12)
		for k := range c {
			want := e.k.Coefficient(k)
			if e.deriv {
				want = e.k.Coefficient(k + 1)
			}
			if !(math.Abs(c[k]*c[k]-want) <= 1e-12*max(1, want)) {
				t.Errorf("%s: c_%d^2 = %v, coefficient %v", e.k.Name(), k, c[k]*c[k], want)
			}
		}
	}
	//
	c := kernel.HermiteCoefficients(math.Tanh, 10)
	for k, want := range map[int]float64{1: .36688, 3: .02203, 5: .00391, 7: .00099, 9: .00030} {
		if !(math.Abs(c[k]*c[k]-want) <= 6e-6) {
			t.Errorf("tanh c_%d^2 = %.6f, want %.5f", k, c[k]*c[k], want)
		}
	}
}

func ExampleKernel_Gram() {
	x := mat.NewDense(3, 2, []float64{1, 0, 0, 1, 0.6, 0.8})
	h, err := kernel.ReLU().Gram(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", mat.Formatted(h))
	// Output:
	// ⎡0.5000  0.0000  0.2114⎤
	// ⎢0.0000  0.5000  0.3181⎥
	// ⎣0.2114  0.3181  0.5000⎦
}

func ExampleKernel_Lambda0() {
	x := mat.NewDense(2, 2, []float64{1, 0, 0.6, 0.8})
	c, err := kernel.ReLU().Lambda0(x)
	fmt.Printf("%.4f %v %v\n", c.Value, c.OK, err)
	// Output: 0.2886 true <nil>
}

func ExampleSeparate() {
	s, _ := kernel.Separate(mat.NewDense(2, 2, []float64{1, 0, 0.6, 0.8}))
	fmt.Printf("delta = %.4f, rho = %.2f\n", s.Both, s.Rho)
	// Output: delta = 0.8944, rho = 0.60
}
