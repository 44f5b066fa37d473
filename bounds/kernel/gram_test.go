package kernel_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/kernel"
)

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

// Kernels that are singular in theory come out singular to rounding.
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
		if low := es.Values(nil)[0]; !(math.Abs(low) <= 1e-15) {
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
		if !(math.Abs(p.Angle-theta) <= 1e-15*theta+3e-17) {
			t.Errorf("angle %v, want %v", p.Angle, theta)
		}
	}
	// Lambda_0/delta = 0.18343 at delta = 0.1, 0.16165 at 0.01.
	for delta, want := range map[float64]float64{0.1: 0.18343, 0.01: 0.16165} {
		theta := 2 * math.Asin(delta/2)
		c, err := kernel.ReLU().Lambda0(rows([]float64{1, 0}, []float64{math.Cos(theta), math.Sin(theta)}))
		if err != nil || !c.OK || !(math.Abs(c.Value/delta-want) <= 6e-6) {
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
			if bound := test.k.EntryError(d, top); !(math.Abs(diff) <= bound) {
				t.Fatalf("%s: error %g over the bound %g", test.k.Name(), diff, bound)
			}
		}
		if d == 2 {
			a := math.Abs(math.Atan2(x.At(0, 1), x.At(0, 0)) - math.Atan2(x.At(1, 1), x.At(1, 0)))
			a = min(a, 2*math.Pi-a)
			g, _ := kernel.ReLU().Gram(x)
			want := float64(c) * (math.Pi - a) / (2 * math.Pi)
			if bound := kernel.ReLU().EntryError(d, top) + 1e-15*math.Abs(float64(c)); !(math.Abs(g.At(0, 1)-want) <= bound) {
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
					if !(math.Abs(g9.At(i, j)-9*g.At(i, j)) <= 1e-13) {
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
	if !(math.Abs(s.Both-2*math.Sin(theta/2)) <= 1e-18) || !(math.Abs(s.Rho-math.Cos(theta)) <= 1e-15) ||
		!(math.Abs(s.Chord-2*math.Sin((math.Pi/2-theta)/2)) <= 1e-15) {
		t.Errorf("separation %+v", s)
	}
	if !(math.Abs(s.Rho-(1-s.Both*s.Both/2)) <= 1e-15) {
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
