package eig_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
)

// graded has blocks of sizes that lie up to 2^span apart, and zeros between some of them.
func graded(n int, span float64, rng *rand.Rand) *mat.SymDense {
	size := make([]float64, n)
	for i := range size {
		size[i] = math.Exp2(-span * rng.Float64())
		if i > n/2 {
			size[i] = math.Exp2(-span)
		}
	}
	a := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			if i == j || rng.IntN(3) > 0 {
				a.SetSym(i, j, rng.NormFloat64()*size[i]*size[j])
			}
		}
	}
	return a
}

func TestGradedMatrices(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for k := range 300 {
		n := 2 + rng.IntN(8)
		if k%100 == 0 {
			n = 201
		}
		a := graded(n, []float64{10, 100, 300, 530}[k%4], rng)
		lo, err := eig.Min(a)
		if err != nil {
			t.Fatal(err)
		}
		hi, _ := eig.Max(a)
		norm, _ := eig.Norm(a)
		singular, err := eig.SpectralNorm(a)
		if err != nil {
			t.Fatal(err)
		}
		sp, err := eig.All(a)
		if err != nil {
			t.Fatal(err)
		}
		// Four ways to the extremes that agree within their errors.
		least, most := sp.Values[0], sp.Values[n-1]
		if !(math.Abs(lo.Value-least) <= lo.Err+sp.Err) || !(math.Abs(hi.Value-most) <= hi.Err+sp.Err) {
			t.Fatalf("n=%d: extremes %v and %v of a matrix with spectrum %v", n, lo, hi, sp.Values)
		}
		for _, c := range []eig.Certified{norm, singular} {
			if want := max(-least, most); !(math.Abs(c.Value-want) <= c.Err+sp.Err) || c.Err > 1e-10*want {
				t.Fatalf("n=%d: norm %v of a matrix with spectrum %v", n, c, sp.Values)
			}
		}
	}
}

// Between two blocks of the sizes 1 and 2^-430 LAPACK's iteration scales the second.
func TestGradedBlocks(t *testing.T) {
	s := 0x1p-430
	for _, n := range []int{4, 230} {
		a := mat.NewSymDense(n, nil)
		for i := range n {
			a.SetSym(i, i, 2*s)
			if i > 2 {
				a.SetSym(i, i-1, s)
			}
		}
		a.SetSym(0, 0, 2)
		a.SetSym(1, 1, 2)
		a.SetSym(0, 1, 1)
		lo, err := eig.Min(a)
		if err != nil {
			t.Fatal(err)
		}
		if lo.OK || lo.Lower() > 0 || lo.Upper() < 0 || lo.Err > 1e-12 {
			t.Errorf("n=%d: smallest eigenvalue %v", n, lo)
		}
		sp, err := eig.All(a)
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range []float64{3, 1, 0} {
			if got := sp.Values[n-1-k]; !(math.Abs(got-want) <= sp.Err) {
				t.Errorf("n=%d: eigenvalue %v +- %v, want %v", n, got, sp.Err, want)
			}
		}
	}
}

// A result that is subnormal carries the rounding that it suffers.
func TestSubnormalResults(t *testing.T) {
	tiny := math.SmallestNonzeroFloat64
	a := mat.NewSymDense(2, []float64{2 * tiny, tiny, tiny, 2 * tiny}) // eigenvalues 1 and 3
	for _, test := range []struct {
		name string
		f    func(mat.Matrix) (eig.Certified, error)
		want float64
	}{
		{"Min", eig.Min, tiny}, {"Max", eig.Max, 3 * tiny}, {"Norm", eig.Norm, 3 * tiny}, {"SpectralNorm", eig.SpectralNorm, 3 * tiny},
	} {
		c, err := test.f(a)
		if err != nil || c.Err < tiny || c.Err > 3*tiny || !(math.Abs(c.Value-test.want) <= c.Err) {
			t.Errorf("%s is %v +- %v, want %v with an error above 0 (%v)", test.name, c.Value, c.Err, test.want, err)
		}
	}
	sp, err := eig.All(a)
	if err != nil || sp.Err < tiny || sp.Err > 3*tiny {
		t.Errorf("spectrum %v +- %v (%v)", sp.Values, sp.Err, err)
	}
	// sqrt(5)/2 of the smallest number.
	c, err := eig.SpectralNorm(mat.NewDense(1, 2, []float64{tiny, 2 * tiny}))
	if err != nil || c.Lower() > 2*tiny || c.Upper() < 3*tiny {
		t.Errorf("norm of (1, 2) is %v +- %v units (%v)", c.Value/tiny, c.Err/tiny, err)
	}
}

func TestOverflow(t *testing.T) {
	big := math.MaxFloat64
	a := mat.NewSymDense(2, []float64{big, big, big, big})
	for what, f := range map[string]func() error{
		"Max":          func() error { _, err := eig.Max(a); return err },
		"Norm":         func() error { _, err := eig.Norm(a); return err },
		"SpectralNorm": func() error { _, err := eig.SpectralNorm(a); return err },
		"All":          func() error { _, err := eig.All(a); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), "cannot hold") {
			t.Errorf("%s of a matrix with eigenvalue 2 MaxFloat64: error %v", what, err)
		}
	}
	c, err := eig.Max(mat.NewSymDense(2, []float64{big, 0, 0, -big}))
	if err != nil || c.Value != big {
		t.Errorf("largest of +-MaxFloat64: %v (%v)", c, err)
	}
}

// Powers of two on the matrix and on the vector move the form and the solution by powers of two, up to the
// limits of float64, and no digit of them.
func TestInverseScales(t *testing.T) {
	h := hilbert(4)
	y := []float64{1, -3, 0.5, 2}
	form := func(matrix, vector int) (eig.Certified, []float64, float64) {
		a := scaled(math.Ldexp(1, matrix), h)
		v, err := eig.NewInverse(a, math.Ldexp(1e-12, matrix))
		if err != nil {
			t.Fatal(err)
		}
		z, x := make([]float64, len(y)), make([]float64, len(y))
		for i := range y {
			z[i] = math.Ldexp(y[i], vector)
		}
		c, bound := v.Form(z), v.Solve(x, z)
		return c, x, bound
	}
	want, x, bound := form(0, 0)
	for _, s := range [][2]int{{0, -500}, {0, 500}, {900, 0}, {-900, 0}, {-900, -900}, {900, 900}, {-900, -850}, {901, 3}} {
		c, z, off := form(s[0], s[1])
		if e := 2*s[1] - s[0]; c.Value != math.Ldexp(want.Value, e) || c.Err != math.Ldexp(want.Err, e) || !c.OK {
			if s[0]%2 == 0 || !(math.Abs(math.Ldexp(c.Value, -e)-want.Value) <= want.Err) {
				t.Errorf("scales 2^%d: form %v +- %v, want 2^%d times %v +- %v", s, c.Value, c.Err, e, want.Value, want.Err)
			}
		}
		if e := s[1] - s[0]; s[0]%2 == 0 && (z[1] != math.Ldexp(x[1], e) || off != math.Ldexp(bound, e)) {
			t.Errorf("scales 2^%d: solution %v within %v, want 2^%d times %v within %v", s, z[1], off, e, x[1], bound)
		}
	}
	// 1e-340 is no number, and its error is not 0; 1e410 is none either.
	if c, _, _ := form(0, -560); !c.OK || c.Value != 0 || !(c.Err > 0) {
		t.Errorf("a form that underflows is %v +- %v, OK %v", c.Value, c.Err, c.OK)
	}
	if c, z, off := form(0, 680); c.OK || !math.IsNaN(c.Value) || !math.IsInf(c.Err, 1) || math.IsNaN(z[0]) || math.IsInf(off, 1) {
		t.Errorf("a form that overflows is %v +- %v, OK %v; the solution %v within %v", c.Value, c.Err, c.OK, z, off)
	}
	if _, z, off := form(-1000, 200); !math.IsNaN(z[0]) || !math.IsInf(off, 1) {
		t.Errorf("a solution that overflows is %v within %v", z, off)
	}
	if _, z, off := form(900, -180); !(off > 0) || off > 1e-322 || !(math.Abs(z[0]-math.Ldexp(x[0], -1080)) <= off) {
		t.Errorf("a solution that underflows is %v within %v", z, off)
	}
	v, err := eig.NewInverse(h, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		if c := v.Form([]float64{1, bad, 0, 0}); c.OK || !math.IsNaN(c.Value) {
			t.Errorf("the form of a vector with %v is %v", bad, c)
		}
	}
}
