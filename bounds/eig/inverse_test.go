package eig_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
)

// exactForm solves a x = y in rationals and returns y^T x.
func exactForm(a *mat.SymDense, y []float64) float64 {
	n := len(y)
	rows := make([][]*big.Rat, n)
	for i := range rows {
		for j := range n {
			rows[i] = append(rows[i], new(big.Rat).SetFloat64(a.At(i, j)))
		}
		rows[i] = append(rows[i], new(big.Rat).SetFloat64(y[i]))
	}
	for k := range n { // positive definite: no pivoting
		for i := range n {
			if i == k {
				continue
			}
			f := new(big.Rat).Quo(rows[i][k], rows[k][k])
			for j := k; j <= n; j++ {
				rows[i][j] = new(big.Rat).Sub(rows[i][j], new(big.Rat).Mul(f, rows[k][j]))
			}
		}
	}
	sum := new(big.Rat)
	for i := range n {
		x := new(big.Rat).Quo(rows[i][n], rows[i][i])
		sum.Add(sum, x.Mul(x, new(big.Rat).SetFloat64(y[i])))
	}
	v, _ := sum.Float64()
	return v
}

// The exact form of the stored matrix must lie in the interval, up to condition numbers of 1e13.
func TestInverseFormEnclosesExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 9; n++ {
		h := hilbert(n)
		v, err := eig.NewInverse(h, 0)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			y := make([]float64, n)
			for i := range y {
				y[i] = rng.NormFloat64()
			}
			got, want := v.Form(y), exactForm(h, y)
			if !got.OK {
				t.Fatalf("n=%d: positive definiteness not proved: %v", n, v.Min())
			}
			if want < got.Lower() || want > got.Upper() {
				t.Errorf("n=%d: exact %v outside %v +- %v", n, want, got.Value, got.Err)
			}
			if relative := got.Err / want; n <= 6 && relative > 1e-6 {
				t.Errorf("n=%d: relative error bound %v is of no use", n, relative)
			}
		}
	}
}

// With a distance delta the interval must hold the form of every matrix that near.
func TestInverseFormOfNeighbours(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, delta = 6, 1e-3
	a := mat.NewSymDense(n, nil)
	for i := range n {
		a.SetSym(i, i, 0.1+float64(i)/5)
	}
	v, err := eig.NewInverse(a, delta)
	if err != nil {
		t.Fatal(err)
	}
	y := []float64{1, -1, 0.5, 2, 0, 1}
	got := v.Form(y)
	for _, sign := range []float64{-1, 1} {
		near := mat.NewSymDense(n, nil)
		near.CopySym(a)
		for i := range n {
			near.SetSym(i, i, near.At(i, i)+sign*delta)
		}
		if want := exactForm(near, y); want < got.Lower() || want > got.Upper() {
			t.Errorf("shift %v: form %v outside %v +- %v", sign*delta, want, got.Value, got.Err)
		}
	}
	for range 50 {
		u := make([]float64, n)
		for i := range u {
			u[i] = rng.NormFloat64()
		}
		norm := mat.Norm(mat.NewVecDense(n, u), 2)
		near := mat.NewSymDense(n, nil)
		near.SymRankOne(a, delta/(norm*norm), mat.NewVecDense(n, u))
		if want := exactForm(near, y); want < got.Lower() || want > got.Upper() {
			t.Errorf("form %v outside %v +- %v", want, got.Value, got.Err)
		}
	}
}

// The matrices that lie delta from diag(1/10, 1, 3) along its lowest eigenvector e1 have forms of e1 that
// fill the interval to its upper end, 1/(1/10 - delta), and a solution as far from 10 e1 as the bound says.
func TestInverseErrorsAreAttained(t *testing.T) {
	const low, delta = 0.1, 0.05
	v, err := eig.NewInverse(mat.NewDiagDense(3, []float64{low, 1, 3}), delta)
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-12*math.Abs(want)) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	y := []float64{2, 0, 0}
	c, x := v.Form(y), make([]float64, 3)
	bound := v.Solve(x, y)
	near("the upper end of the form", c.Upper(), 4/(low-delta))
	near("the lower end of the form", c.Lower(), 4/low-4*delta/(low*low)) // of 4/(low+delta), to first order
	near("the bound on the solution", bound, 2/(low-delta)-2/low)
	near("the solution", x[0], 20)
	m := v.Min()
	near("the smallest eigenvalue", m.Value, low)
	near("its error", m.Err, delta)
}

// For a matrix and vector that leave no residual, the bounds are the sums of the roundings that could have
// been: 2n+4 of each product in the form and n+2 of each entry of the residual, twice.
func TestInverseErrorsOfRounding(t *testing.T) {
	const u = 0x1p-53
	v, err := eig.NewInverse(mat.NewDiagDense(3, []float64{0.25, 0.5, 2}), 0)
	if err != nil {
		t.Fatal(err)
	}
	y := []float64{3, -1, 2}
	x, solution := []float64{12, -2, 1}, make([]float64, 3)
	c, bound := v.Form(y), v.Solve(solution, y)
	var form, norm float64
	for i := range y {
		form += x[i] * y[i]
		norm += y[i] * y[i]
		if solution[i] != x[i] {
			t.Errorf("solution %v, want %v", solution, x)
		}
	}
	if want := form * (2*5*u + 7*u + 2*u); c.Value != form || !(math.Abs(c.Err-want) <= 1e-12*want) {
		t.Errorf("form %v +- %v, want %v +- %v", c.Value, c.Err, form, want)
	}
	// The smallest eigenvalue is known to 1e-14 or so.
	if want := 2 * 5 * u * math.Sqrt(norm) / 0.25; !(math.Abs(bound-want) <= 1e-12*want) {
		t.Errorf("solution within %v, want %v", bound, want)
	}
}

func TestInverseSolve(t *testing.T) {
	v, err := eig.NewInverse(hilbert(5), 0)
	if err != nil {
		t.Fatal(err)
	}
	// Exact for the Hilbert matrix itself; the stored one is 1e-17 away.
	got, want := make([]float64, 5), []float64{25, -300, 1050, -1400, 630}
	bound := v.Solve(got, []float64{1, 0, 0, 0, 0})
	var off float64
	for i := range want {
		off += (got[i] - want[i]) * (got[i] - want[i])
	}
	if off = math.Sqrt(off); off > 1e-6 || bound > 1e-3 {
		t.Errorf("solution off by %v, bound %v", off, bound)
	}
}

// A matrix that may be singular has no form: NaN and not a plausible number.
func TestInverseRefusesSingular(t *testing.T) {
	ones := mat.NewSymDense(2, []float64{1, 1, 1, 1})
	v, err := eig.NewInverse(ones, 0)
	if err != nil {
		t.Fatal(err)
	}
	if f := v.Form([]float64{1, 1}); f.OK || !math.IsNaN(f.Value) || !math.IsInf(f.Err, 1) {
		t.Errorf("the form of a singular matrix is %v", f)
	}
	x := []float64{0, 0}
	if bound := v.Solve(x, []float64{1, 1}); !math.IsInf(bound, 1) || !math.IsNaN(x[0]) {
		t.Errorf("solved with a singular matrix: %v within %v", x, bound)
	}
	// Positive definite, but not against the uncertainty of its entries.
	v, err = eig.NewInverse(mat.NewSymDense(2, []float64{1, 0, 0, 1e-3}), 2e-3)
	if err != nil {
		t.Fatal(err)
	}
	if f := v.Form([]float64{1, 0}); f.OK {
		t.Errorf("certified %v although the matrix may be singular", f)
	}
	if _, err := eig.NewInverse(ones, -1); err == nil {
		t.Error("a negative distance was accepted")
	}
	if _, err := eig.NewInverse(mat.NewDense(2, 3, nil), 0); err == nil {
		t.Error("a matrix that is not square was accepted")
	}
}

func TestInverseFormOfZero(t *testing.T) {
	v, err := eig.NewInverse(hilbert(3), 1e-12)
	if err != nil {
		t.Fatal(err)
	}
	if f := v.Form([]float64{0, 0, 0}); f.Value != 0 || !f.OK || f.Err > 1e-300 {
		t.Errorf("the form of zero is %v +- %v, ok %v", f.Value, f.Err, f.OK)
	}
}

func ExampleNewInverse() {
	h := mat.NewSymDense(2, []float64{0.5, 0.25, 0.25, 0.5})
	v, err := eig.NewInverse(h, 1e-15)
	if err != nil {
		fmt.Println(err)
		return
	}
	f := v.Form([]float64{1, -1})
	fmt.Printf("%.6f, certified: %v, error below 1e-12: %v\n", f.Value, f.OK, f.Err < 1e-12)
	// Output: 8.000000, certified: true, error below 1e-12: true
}
