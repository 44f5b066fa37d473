package kernel_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

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
		if got := kernel.ErfFeature().Of(p); math.Abs(got-want) > 1e-12 {
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
		if z := (mean - e.k.Of(p)) / (sd + 1e-15); math.Abs(z) > 5 {
			t.Errorf("%s: mean %v, closed form %v, z = %.1f", e.k.Name(), mean, e.k.Of(p), z)
		}
	}
}

func TestReferenceValues(t *testing.T) {
	tests := []struct {
		k       kernel.Kernel
		r, want float64
	}{
		// Card 00, Setting and 00.8.
		{kernel.ReLU(), 1, 0.5}, {kernel.ReLU(), 0, 0}, {kernel.ReLU(), -1, 0},
		{kernel.ReLU(), 0.5, 1.0 / 6}, {kernel.ReLU(), -0.5, -1.0 / 12},
		{kernel.ReLUFeature(), 1, 0.5}, {kernel.ReLUFeature(), 0, 1 / (2 * math.Pi)}, {kernel.ReLUFeature(), 0.5, 0.304499},
		// Card 90.12: 1/2 - h(-1/2) = .58333, (2/pi) asin(2/3) = .464559.
		{kernel.ErfFeature(), 1, 0.464559}, {kernel.SquareFeature(), 1, 3}, {kernel.Square(), 1, 4},
		{kernel.StepFeature(), 1, 0.5}, {kernel.StepFeature(), -1, 0}, {kernel.CubicFeature(), 1, 15},
		{kernel.Cubic(), 1, 27}, {kernel.Erf(), 1, 4 / (math.Pi * math.Sqrt(5))},
		{kernel.SineFeature(), 1, math.Sinh(1) / math.E}, {kernel.CosineFeature(), 0, 1 / math.E},
		{kernel.LeakyReLU(1), 0.3, 0.3}, {kernel.LeakyReLUFeature(1), -0.3, -0.3},
	}
	for _, test := range tests {
		if got := test.k.At(test.r); math.Abs(got-test.want) > 5e-7 {
			t.Errorf("%s(%g) = %v, want %v", test.k.Name(), test.r, got, test.want)
		}
	}
	if got := kernel.ReLU().At(0.5); math.Abs(got-1.0/6) > 1e-16 {
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
			if math.Abs(sum-k.At(r)) > 1e-14*max(1, k.At(1)) {
				t.Errorf("%s: series %v, closed form %v at r=%g", k.Name(), sum, k.At(r), r)
			}
		}
		for i, c := range a {
			if !(c >= 0) {
				t.Errorf("%s: coefficient %d is %v", k.Name(), i, c)
			}
		}
	}
	// Card 00.2: alpha_2, alpha_4, alpha_6.
	for i, want := range map[int]float64{1: 0.25, 2: 1 / (2 * math.Pi), 4: 1 / (12 * math.Pi), 6: 3 / (80 * math.Pi), 3: 0} {
		if got := kernel.ReLU().Coefficient(i); math.Abs(got-want) > 1e-16 {
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
			if math.Abs(c[k]*c[k]-want) > 1e-12*max(1, want) {
				t.Errorf("%s: c_%d^2 = %v, coefficient %v", e.k.Name(), k, c[k]*c[k], want)
			}
		}
	}
	// Card 19.6.
	c := kernel.HermiteCoefficients(math.Tanh, 10)
	for k, want := range map[int]float64{1: .36688, 3: .02203, 5: .00391, 7: .00099, 9: .00030} {
		if math.Abs(c[k]*c[k]-want) > 6e-6 {
			t.Errorf("tanh c_%d^2 = %.6f, want %.5f", k, c[k]*c[k], want)
		}
	}
}

func rows(x ...[]float64) *mat.Dense {
	m := mat.NewDense(len(x), len(x[0]), nil)
	for i, r := range x {
		m.SetRow(i, r)
	}
	return m
}

func circle(n int) *mat.Dense {
	m := mat.NewDense(n, 2, nil)
	for i := range n {
		s, c := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		m.SetRow(i, []float64{c, s})
	}
	return m
}

func randomSphere(n, d int, rng *rand.Rand) *mat.Dense {
	m := mat.NewDense(n, d, nil)
	for i := range n {
		v := mat.NewVecDense(d, nil)
		for j := range d {
			v.SetVec(j, rng.NormFloat64())
		}
		v.ScaleVec(1/mat.Norm(v, 2), v)
		m.SetRow(i, v.RawVector().Data)
	}
	return m
}

// Card 00.1: kernels that are singular in theory come out singular to rounding.
func TestSingularKernels(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	cases := map[string]*mat.Dense{"circle 6": circle(6), "circle 8": circle(8), "circle 20": circle(20)}
	for d := 2; d <= 6; d++ {
		x := randomSphere(d+1, d, rng)
		both := mat.NewDense(2*d+2, d, nil)
		for i := range d + 1 {
			both.SetRow(2*i, x.RawRowView(i))
			both.SetRow(2*i+1, mat.Row(nil, i, x))
			for j := range d {
				both.Set(2*i+1, j, -both.At(2*i+1, j))
			}
		}
		cases[fmt.Sprintf("d+1 antipodal pairs, d=%d", d)] = both
		twice := mat.NewDense(d+2, d, nil)
		twice.Slice(0, d+1, 0, d).(*mat.Dense).Copy(x)
		twice.SetRow(d+1, x.RawRowView(0))
		cases[fmt.Sprintf("duplicate, d=%d", d)] = twice
	}
	for name, x := range cases {
		g, err := kernel.ReLU().Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		var es mat.EigenSym
		es.Factorize(g, false)
		if low := es.Values(nil)[0]; math.Abs(low) > 1e-15 {
			t.Errorf("%s: smallest eigenvalue %g, want 0 to 1e-15", name, low)
		}
		c, err := kernel.ReLU().Lambda0(x)
		if err != nil || c.OK || c.Err > 1e-11 {
			t.Errorf("%s: certified %v (%v), want an interval around 0", name, c, err)
		}
	}
}

// A near-duplicate at distance delta has lambda_0 = 1/2 - h(cos theta), far below the reach of an
// arccosine of the inner product.
func TestClosePair(t *testing.T) {
	for _, delta := range []float64{0.1, 0.01, 1e-5, 1e-9} {
		theta := 2 * math.Asin(delta/2)
		p, err := kernel.NewPair([]float64{1, 0}, []float64{math.Cos(theta), math.Sin(theta)})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(p.Angle-theta) > 1e-15*theta+3e-17 {
			t.Errorf("angle %v, want %v", p.Angle, theta)
		}
	}
	// Card 00.2: lambda_0/delta = 0.18343 at delta = 0.1, 0.16165 at 0.01.
	for delta, want := range map[float64]float64{0.1: 0.18343, 0.01: 0.16165} {
		theta := 2 * math.Asin(delta/2)
		c, err := kernel.ReLU().Lambda0(rows([]float64{1, 0}, []float64{math.Cos(theta), math.Sin(theta)}))
		if err != nil || !c.OK || math.Abs(c.Value/delta-want) > 6e-6 {
			t.Errorf("delta=%g: lambda_0/delta = %v (%v), want %v", delta, c.Value/delta, err, want)
		}
	}
}

func TestExactAngles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64(), 1, 6).Draw(t, "x")
		minus := make([]float64, len(x))
		zero := true
		for i, a := range x {
			minus[i] = -a
			zero = zero && a == 0
		}
		same, err := kernel.Angle(x, x)
		if zero {
			if err == nil {
				t.Fatal("the zero vector has an angle")
			}
			return
		}
		if err != nil || same != 0 {
			t.Fatalf("angle of x to itself: %v, %v", same, err)
		}
		if a, err := kernel.Angle(x, minus); err != nil || a != math.Pi {
			t.Fatalf("angle of x to -x: %v, %v", a, err)
		}
	})
	g, err := kernel.ReLU().Gram(rows([]float64{1, 0}, []float64{-1, 0}, []float64{0, 1}, []float64{0, -1}))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		for j := range 4 {
			want := 0.0
			if i == j {
				want = 0.5
			}
			if g.At(i, j) != want {
				t.Errorf("H(+-e_i)[%d,%d] = %g, want exactly %g", i, j, g.At(i, j), want)
			}
		}
	}
}

// The polynomial kernels are known exactly on integer data; the ReLU's on integer points of the
// plane, up to the rounding of two arctangents.
func TestEntryError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.IntRange(1, 20).Draw(t, "d")
		vec := rapid.SliceOfN(rapid.IntRange(-1000, 1000), d, d).Filter(func(v []int) bool {
			for _, a := range v {
				if a != 0 {
					return true
				}
			}
			return false
		})
		xi, yi := vec.Draw(t, "x"), vec.Draw(t, "y")
		x := mat.NewDense(2, d, nil)
		var nx, ny, c int64
		for k := range d {
			x.Set(0, k, float64(xi[k]))
			x.Set(1, k, float64(yi[k]))
			nx += int64(xi[k]) * int64(xi[k])
			ny += int64(yi[k]) * int64(yi[k])
			c += int64(xi[k]) * int64(yi[k])
		}
		top := math.Sqrt(float64(max(nx, ny)))
		product := func(f ...int64) *big.Float {
			p := big.NewInt(1)
			for _, a := range f {
				p.Mul(p, big.NewInt(a))
			}
			return new(big.Float).SetPrec(300).SetInt(p)
		}
		sum := func(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(300).Add(a, b) }
		for _, test := range []struct {
			k    kernel.Kernel
			want *big.Float
		}{
			{kernel.Identity(), product(c)},
			{kernel.Square(), product(4, c, c)},
			{kernel.HalfSquare(), product(c, c)},
			{kernel.SquareFeature(), sum(product(nx, ny), product(2, c, c))},
			{kernel.Cubic(), sum(product(9, c, nx, ny), product(18, c, c, c))},
			{kernel.CubicFeature(), sum(product(9, nx, ny, c), product(6, c, c, c))},
		} {
			g, err := test.k.Gram(x)
			if err != nil {
				t.Fatal(err)
			}
			diff, _ := new(big.Float).Sub(new(big.Float).SetPrec(300).SetFloat64(g.At(0, 1)), test.want).Float64()
			if bound := test.k.EntryError(d, top); math.Abs(diff) > bound {
				t.Fatalf("%s: error %g over the bound %g", test.k.Name(), diff, bound)
			}
		}
		if d == 2 {
			a := math.Abs(math.Atan2(x.At(0, 1), x.At(0, 0)) - math.Atan2(x.At(1, 1), x.At(1, 0)))
			a = min(a, 2*math.Pi-a)
			g, _ := kernel.ReLU().Gram(x)
			want := float64(c) * (math.Pi - a) / (2 * math.Pi)
			if bound := kernel.ReLU().EntryError(d, top) + 1e-15*math.Abs(float64(c)); math.Abs(g.At(0, 1)-want) > bound {
				t.Fatalf("relu: %v, want %v within %g", g.At(0, 1), want, bound)
			}
		}
	})
}

// Every Gram matrix is positive semidefinite, and norms enter homogeneously where they should.
func TestGramProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(1, 8).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "d")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		x := randomSphere(n, d, rng)
		for _, k := range kernel.All() {
			c, err := k.Lambda0(x)
			if err != nil {
				t.Fatal(err)
			}
			if c.Upper() < 0 {
				t.Fatalf("%s has the negative eigenvalue %v", k.Name(), c)
			}
		}
		var scaled mat.Dense
		scaled.Scale(3, x)
		for _, k := range []kernel.Kernel{kernel.ReLU(), kernel.ReLUFeature(), kernel.LeakyReLU(0.1), kernel.Identity()} {
			g, err := k.Gram(x)
			if err != nil {
				t.Fatal(err)
			}
			g9, err := k.Gram(&scaled)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				for j := range n {
					if math.Abs(g9.At(i, j)-9*g.At(i, j)) > 1e-13 {
						t.Fatalf("%s is not homogeneous: %v and %v", k.Name(), g9.At(i, j), g.At(i, j))
					}
				}
			}
		}
	})
}

func TestCross(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	x := randomSphere(5, 3, rng)
	g, err := kernel.ReLU().Gram(x)
	if err != nil {
		t.Fatal(err)
	}
	c, err := kernel.ReLU().Cross(x, x)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(g, c) {
		t.Error("Cross of a set with itself differs from its Gram matrix")
	}
	if _, err := kernel.ReLU().Cross(x, randomSphere(2, 4, rng)); err == nil || !strings.Contains(err.Error(), "3 and of 4") {
		t.Errorf("different dimensions: %v", err)
	}
}

func TestSeparate(t *testing.T) {
	s, err := kernel.Separate(rows([]float64{2, 0}, []float64{0, 1}, []float64{-1, 1e-3}))
	if err != nil {
		t.Fatal(err)
	}
	theta := math.Atan(1e-3)
	if math.Abs(s.Both-2*math.Sin(theta/2)) > 1e-18 || math.Abs(s.Rho-math.Cos(theta)) > 1e-15 ||
		math.Abs(s.Chord-2*math.Sin((math.Pi/2-theta)/2)) > 1e-15 {
		t.Errorf("separation %+v", s)
	}
	if math.Abs(s.Rho-(1-s.Both*s.Both/2)) > 1e-15 {
		t.Errorf("rho %v is not 1 - delta^2/2 for delta %v", s.Rho, s.Both)
	}
	if _, err := kernel.Separate(rows([]float64{1})); err == nil {
		t.Error("one point has a separation")
	}
}

func TestBadInput(t *testing.T) {
	for name, test := range map[string]struct {
		x    *mat.Dense
		want string
	}{
		"zero row": {rows([]float64{1, 0}, []float64{0, 0}), "data row 1 is zero"},
		"NaN":      {rows([]float64{1, math.NaN()}), "data row 0 has the entry NaN in column 1"},
		"Inf":      {rows([]float64{math.Inf(-1), 0}), "-Inf"},
		"empty":    {&mat.Dense{}, "0 x 0"},
	} {
		if _, err := kernel.ReLU().Gram(test.x); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one that says %q", name, err, test.want)
		}
		if _, err := kernel.ReLU().Lambda0(test.x); err == nil {
			t.Errorf("%s: Lambda0 gave no error", name)
		}
	}
	for name, f := range map[string]func(){
		"lengths":   func() { _, _ = kernel.NewPair([]float64{1}, []float64{1, 2}) },
		"degree":    func() { kernel.ReLU().Coefficient(-1) },
		"slope":     func() { kernel.LeakyReLU(math.NaN()) },
		"expansion": func() { kernel.HermiteCoefficients(math.Sin, 1000) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
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

func BenchmarkLimitKernel(b *testing.B) {
	x := randomSphere(1000, 50, rand.New(rand.NewPCG(1, 1)))
	b.Run("n=1000", func(b *testing.B) {
		for b.Loop() {
			if _, err := kernel.ReLU().Gram(x); err != nil {
				b.Fatal(err)
			}
		}
	})
}
