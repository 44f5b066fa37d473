package eig_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
)

func gaussian(n, d int, rng *rand.Rand) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	return x
}

func wishart(n, d int, rng *rand.Rand) *mat.SymDense {
	var g mat.SymDense
	g.SymOuterK(1/float64(d), gaussian(n, d, rng))
	return &g
}

// tridiagonal is the matrix 2 on the diagonal, -1 beside it: lambda_k = 2 - 2 cos(k pi/(n+1)).
func tridiagonal(n int) *mat.SymDense {
	a := mat.NewSymDense(n, nil)
	for i := range n {
		a.SetSym(i, i, 2)
		if i > 0 {
			a.SetSym(i, i-1, -1)
		}
	}
	return a
}

func hilbert(n int) *mat.SymDense {
	a := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range n {
			a.SetSym(i, j, 1/float64(i+j+1))
		}
	}
	return a
}

func ones(n int) *mat.SymDense {
	a := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range n {
			a.SetSym(i, j, 1)
		}
	}
	return a
}

func scaled(c float64, a mat.Symmetric) *mat.SymDense {
	var b mat.SymDense
	b.ScaleSym(c, a)
	return &b
}

func TestKnownSpectra(t *testing.T) {
	tri := func(n, k int) float64 { s := math.Sin(float64(k) * math.Pi / float64(2*(n+1))); return 4 * s * s }
	tests := []struct {
		name     string
		a        mat.Matrix
		min, max float64
		ok       bool // the smallest eigenvalue is certified away from 0
	}{
		{"one", mat.NewSymDense(1, []float64{-3}), -3, -3, true},
		{"swap", mat.NewSymDense(2, []float64{0, 1, 1, 0}), -1, 1, true},
		{"identity", mat.NewDiagDense(3, []float64{1, 1, 1}), 1, 1, true},
		{"zero", mat.NewSymDense(4, nil), 0, 0, false},
		{"huge", scaled(1e300, tridiagonal(5)), 1e300 * tri(5, 1), 1e300 * tri(5, 5), true},
		{"tiny", scaled(1e-290, tridiagonal(5)), 1e-290 * tri(5, 1), 1e-290 * tri(5, 5), true},
		{"all ones", ones(30), 0, 30, false},
		// mpmath at 60 digits: e = sorted(eigsy(matrix(n, n) of 1/(i+j+1), eigvals_only=True)).
		{"hilbert 3", hilbert(3), 0.002687340355773529, 1.408318927123654, true},
		{"hilbert 5", hilbert(5), 3.2879287721718629e-6, 1.567050691098231, true},
		{"hilbert 18", hilbert(18), 8.487413229542450e-26, 1.88521577260189020, false},
		{"tridiagonal 50", tridiagonal(50), tri(50, 1), tri(50, 50), true},
		{"tridiagonal 150", tridiagonal(150), tri(150, 1), tri(150, 150), true},
		{"tridiagonal 250", tridiagonal(250), tri(250, 1), tri(250, 250), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lo, err := eig.Min(test.a)
			if err != nil {
				t.Fatal(err)
			}
			hi, err := eig.Max(test.a)
			if err != nil {
				t.Fatal(err)
			}
			norm, err := eig.Norm(test.a)
			if err != nil {
				t.Fatal(err)
			}
			// The Cholesky bound is n (n+4) u ||A|| at most, the estimate two of them away from it.
			n, _ := test.a.Dims()
			width := 4 * float64(n*(n+4)) * 0x1p-53 * max(test.max, -test.min)
			if test.max == 0 {
				width = 1e-299 // the allowance for underflow
			}
			check := func(what string, c eig.Certified, want float64) {
				rounding := 4e-16 * math.Abs(want) // of the reference itself
				if !(math.Abs(c.Value-want) <= c.Err+rounding) || !(c.Err <= width) {
					t.Errorf("%s = %v (error bound %g), want %v within %g", what, c.Value, c.Err, want, width)
				}
			}
			check("Min", lo, test.min)
			check("Max", hi, test.max)
			check("Norm", norm, max(test.max, -test.min))
			if lo.OK != test.ok {
				t.Errorf("Min is %v, OK = %v, want %v", lo, lo.OK, test.ok)
			}
		})
	}
}

// A matrix with a spectrum chosen exactly: a Householder reflection I - 2vv^T of a diagonal, with v a
// unit vector of dyadic entries, so that nothing is rounded.
func reflected(spectrum []float64) *mat.SymDense {
	n := len(spectrum)
	a := mat.NewSymDense(n, nil)
	// v = (1,1,1,1,0,...)/2: Q = I - 2vv^T is exact.
	q := func(i, j int) float64 {
		x := 0.0
		if i == j {
			x = 1
		}
		if i < 4 && j < 4 {
			x -= 0.5
		}
		return x
	}
	for i := range n {
		for j := i; j < n; j++ {
			s := 0.0
			for k := range n {
				s += q(i, k) * spectrum[k] * q(k, j)
			}
			a.SetSym(i, j, s)
		}
	}
	return a
}

func TestExactSpectrumProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Integers over a power of two keep every product and sum exact.
		k := rapid.SliceOfN(rapid.IntRange(-1<<20, 1<<20), 4, 12).Draw(t, "numerators")
		e := rapid.IntRange(-60, 60).Draw(t, "exponent")
		spectrum := make([]float64, len(k))
		lo, hi := math.Inf(1), math.Inf(-1)
		for i, x := range k {
			spectrum[i] = math.Ldexp(float64(x), e)
			lo, hi = min(lo, spectrum[i]), max(hi, spectrum[i])
		}
		a := reflected(spectrum)
		cmin, err := eig.Min(a)
		if err != nil {
			t.Fatal(err)
		}
		cmax, err := eig.Max(a)
		if err != nil {
			t.Fatal(err)
		}
		if lo < cmin.Lower() || lo > cmin.Upper() || hi < cmax.Lower() || hi > cmax.Upper() {
			t.Fatalf("spectrum in [%v, %v], certified %v and %v", lo, hi, cmin, cmax)
		}
		if cmin.OK && (cmin.Value > 0) != (lo > 0) {
			t.Fatalf("certified the sign of %v as that of %v", lo, cmin)
		}
		if size := max(math.Abs(lo), math.Abs(hi)); cmin.Err > 1e-12*size {
			t.Fatalf("error bound %g for a matrix of norm %g", cmin.Err, size)
		}
		sp, err := eig.All(a)
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(sp.Values[0]-lo) <= sp.Err) || !(math.Abs(sp.Values[len(k)-1]-hi) <= sp.Err) {
			t.Fatalf("All gives %v +- %g for extremes %v, %v", sp.Values, sp.Err, lo, hi)
		}
	})
}

// Both estimators are exercised against the dense spectrum, on either side of the size limit.
func TestAgainstDense(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct{ n, d int }{{5, 9}, {40, 45}, {200, 300}, {201, 300}, {260, 300}} {
		a := wishart(test.n, test.d, rng)
		var es mat.EigenSym
		if !es.Factorize(a, false) {
			t.Fatal("dense eigenvalues did not converge")
		}
		v := es.Values(nil)
		lo, _ := eig.Min(a)
		hi, _ := eig.Max(a)
		if !(math.Abs(lo.Value-v[0]) <= 1e-13*v[test.n-1]) || !(math.Abs(hi.Value-v[test.n-1]) <= 1e-13*v[test.n-1]) {
			t.Errorf("n=%d: estimates %v, %v, dense %v, %v", test.n, lo, hi, v[0], v[test.n-1])
		}
		if !lo.OK || lo.Err > 1e-15*float64(test.n*test.n)*v[test.n-1] {
			t.Errorf("n=%d: smallest eigenvalue %v has error bound %g", test.n, lo.Value, lo.Err)
		}
	}
}

func TestSingularIsNotCertified(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{3, 60, 220} {
		low := wishart(n, n/2, rng) // rank n/2
		c, err := eig.Min(low)
		if err != nil {
			t.Fatal(err)
		}
		if c.OK || c.Lower() > 0 || c.Upper() < -1e-15*float64(n) || c.Err > 1e-10 {
			t.Errorf("n=%d, rank %d: got %v with error %g; want an interval around zero", n, n/2, c, c.Err)
		}
	}
}

func TestWiden(t *testing.T) {
	c, err := eig.Min(mat.NewDiagDense(2, []float64{0.5, 1}))
	if err != nil {
		t.Fatal(err)
	}
	if w := c.Widen(0.25); !w.OK || w.Lower() > 0.25 || w.Lower() < 0.2499 {
		t.Errorf("widened by 0.25: %v", w)
	}
	if w := c.Widen(0.6); w.OK || !strings.Contains(w.String(), "not certified") {
		t.Errorf("widened by 0.6: %v, want not certified", w)
	}
	defer func() {
		if recover() == nil {
			t.Error("Widen(NaN) did not panic")
		}
	}()
	c.Widen(math.NaN())
}

// Weyl: a perturbation of known spectral norm moves the certified interval by no more than that.
func TestWeyl(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		n := 2 + rng.IntN(20)
		a := wishart(n, n+3, rng)
		delta := rng.Float64()
		b := mat.NewSymDense(n, nil)
		b.CopySym(a)
		for i := range n {
			b.SetSym(i, i, a.At(i, i)-delta)
		}
		ca, _ := eig.Min(a)
		cb, _ := eig.Min(b)
		if cb.Upper() < ca.Widen(delta).Lower() || !(math.Abs(cb.Value-(ca.Value-delta)) <= ca.Err+cb.Err+1e-15) {
			t.Errorf("shift by %v moved %v to %v", delta, ca, cb)
		}
	}
}

func TestSpectralNorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, test := range []struct{ n, d int }{{1, 1}, {1, 7}, {7, 1}, {5, 8}, {8, 5}, {30, 30}} {
		x := gaussian(test.n, test.d, rng)
		c, err := eig.SpectralNorm(x)
		if err != nil {
			t.Fatal(err)
		}
		want := mat.Norm(x, 2) // Frobenius: equal to ||X||_2 for a single row or column
		if test.n > 1 && test.d > 1 {
			var svd mat.SVD
			svd.Factorize(x, mat.SVDNone)
			want = svd.Values(nil)[0]
		}
		if !(math.Abs(c.Value-want) <= c.Err+1e-14*want) || c.Err > 1e-12*want {
			t.Errorf("%d x %d: %v with error %g, want %v", test.n, test.d, c, c.Err, want)
		}
	}
	if c, err := eig.SpectralNorm(mat.NewDense(2, 3, nil)); err != nil || c.Value != 0 || c.OK {
		t.Errorf("zero matrix: %v, %v", c, err)
	}
}

func TestAllErrors(t *testing.T) {
	for _, n := range []int{6, 60, 230} {
		sp, err := eig.All(tridiagonal(n))
		if err != nil {
			t.Fatal(err)
		}
		if sp.Rigorous != (n <= 200) || sp.Err > 16*float64(n*n)*0x1p-53*4 {
			t.Errorf("n=%d: rigorous %v, error %g", n, sp.Rigorous, sp.Err)
		}
		for k, v := range sp.Values {
			s := math.Sin(float64(k+1) * math.Pi / float64(2*(n+1)))
			if !(math.Abs(v-4*s*s) <= sp.Err) {
				t.Errorf("n=%d: eigenvalue %d is %v, want %v +- %g", n, k, v, 4*s*s, sp.Err)
			}
		}
	}
}

func TestBadInput(t *testing.T) {
	nan := mat.NewSymDense(2, []float64{1, math.NaN(), math.NaN(), 1})
	inf := mat.NewSymDense(2, []float64{1, 0, 0, math.Inf(1)})
	tests := []struct {
		name string
		a    mat.Matrix
		want string
	}{
		{"NaN", nan, "entry (0,1) is NaN"},
		{"Inf", inf, "entry (1,1) is +Inf"},
		{"not square", mat.NewDense(2, 3, nil), "2 x 3"},
		{"not symmetric", mat.NewDense(2, 2, []float64{1, 2, 3, 4}), "not symmetric"},
		{"empty", &mat.SymDense{}, "empty"},
	}
	for _, test := range tests {
		for what, f := range map[string]func(mat.Matrix) error{
			"Min":  func(a mat.Matrix) error { _, err := eig.Min(a); return err },
			"Max":  func(a mat.Matrix) error { _, err := eig.Max(a); return err },
			"Norm": func(a mat.Matrix) error { _, err := eig.Norm(a); return err },
			"All":  func(a mat.Matrix) error { _, err := eig.All(a); return err },
		} {
			if err := f(test.a); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s of %s: error %v, want one that says %q", what, test.name, err, test.want)
			}
		}
	}
	if _, err := eig.SpectralNorm(nan); err == nil {
		t.Error("SpectralNorm accepted NaN")
	}
	if _, err := eig.SpectralNorm(&mat.Dense{}); err == nil {
		t.Error("SpectralNorm accepted an empty matrix")
	}
}

func ExampleMin() {
	h := mat.NewSymDense(2, []float64{0.5, 1.0 / 6, 1.0 / 6, 0.5}) // H^inf of two points at 60 degrees
	c, err := eig.Min(h)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.6f, proved positive: %v\n", c.Value, c.OK)

	twice := mat.NewSymDense(2, []float64{0.5, 0.5, 0.5, 0.5}) // the same point twice
	c, _ = eig.Min(twice)
	fmt.Println("proved positive:", c.OK)
	// Output:
	// 0.333333, proved positive: true
	// proved positive: false
}

func ExampleMax() {
	c, _ := eig.Max(mat.NewSymDense(2, []float64{2, 1, 1, 2}))
	fmt.Printf("%.3f\n", c.Value)
	// Output: 3.000
}

func ExampleNorm() {
	c, _ := eig.Norm(mat.NewSymDense(2, []float64{1, 0, 0, -4}))
	fmt.Printf("%.3f\n", c.Value)
	// Output: 4.000
}

func ExampleSpectralNorm() {
	c, _ := eig.SpectralNorm(mat.NewDense(2, 3, []float64{3, 0, 0, 0, 0, 4}))
	fmt.Printf("%.3f\n", c.Value)
	// Output: 4.000
}

func ExampleAll() {
	s, _ := eig.All(mat.NewSymDense(2, []float64{2, 1, 1, 2}))
	fmt.Printf("%.3f\n", s.Values)
	// Output: [1.000 3.000]
}

// The Lanczos paths on exactly known spectra: isolated, repeated, tiny, zero and negative lowest
// eigenvalues.
func TestExactSpectrumLarge(t *testing.T) {
	const n = 230
	for _, low := range [][]float64{{0.25}, {0x1p-20}, {0x1p-30, 0x1p-30}, {0, 0.5}, {-0.125, 0}, {0.75, 0.75, 0.75}} {
		spectrum := make([]float64, n)
		for i := range spectrum {
			spectrum[i] = 1 + float64(i)/256
		}
		copy(spectrum[1:], low)
		a := reflected(spectrum)
		c, err := eig.Min(a)
		if err != nil {
			t.Fatal(err)
		}
		if low[0] < c.Lower() || low[0] > c.Upper() || c.Err > 1e-10 {
			t.Errorf("lowest %g: certified %v with error %g", low[0], c, c.Err)
		}
		if resolved := !(math.Abs(low[0]) <= 1e-10); c.OK != resolved {
			t.Errorf("lowest %g: OK = %v", low[0], c.OK)
		}
		top, err := eig.Max(a)
		if want := spectrum[n-1]; err != nil || want < top.Lower() || want > top.Upper() || top.Err > 1e-9 {
			t.Errorf("largest %g: certified %v with error %g (%v)", want, top, top.Err, err)
		}
	}
}
