package eig

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"convergo/nets/fmablas"
)

// mirrored is (I - 2vv^T) D (I - 2vv^T) for a diagonal D and a unit vector v, with a bound on the distance of the stored matrix to
// the one with exactly this spectrum: 8 roundings of at most 4 max |D|, and the length of v.
func mirrored(spectrum, v []float64) (*mat.SymDense, float64) {
	n, top := len(spectrum), 0.0
	var vdv float64
	for k, x := range spectrum {
		vdv += v[k] * v[k] * x
		top = max(top, math.Abs(x))
	}
	a := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			x := 4*vdv*v[i]*v[j] - 2*v[i]*v[j]*(spectrum[i]+spectrum[j])
			if i == j {
				x += spectrum[i]
			}
			a.SetSym(i, j, x)
		}
	}
	return a, float64(8*n) * 4 * top * unit
}

// Spectra that are hard for an iteration that stops early: the enclosure holds, and is no wider than a few margins of the
// factorisation, also where the start vector does not see the lowest eigenvector.
func TestHardSpectra(t *testing.T) {
	const n = 260
	rng := rand.New(rand.NewPCG(11, 12))
	random := make([]float64, n)
	for i := range random {
		random[i] = rng.NormFloat64()
	}
	rescaleVector(random)
	blind := make([]float64, n) // maps e_0 to a vector orthogonal to the start vector
	start := startVector(n)
	blind[0], blind[1] = 1, 0
	u := make([]float64, n)
	u[0], u[1] = start[1], -start[0]
	rescaleVector(u)
	for i := range blind {
		blind[i] -= u[i]
	}
	rescaleVector(blind)

	up := func(low ...float64) []float64 {
		s := make([]float64, n)
		for i := range s {
			s[i] = 1 + float64(i)/n
		}
		copy(s, low)
		return s
	}
	graded := make([]float64, n)
	for i := range graded {
		graded[i] = math.Pow(0.9, float64(n-1-i))
	}
	cluster := up()
	for i := range 40 {
		cluster[i] = 0.25 + float64(i)*0x1p-45
	}
	wide := up()
	for i := range 100 {
		wide[i] = 0.25 + float64(i)*1e-5
	}
	for name, spectrum := range map[string][]float64{
		"graded": graded, "clustered": cluster, "dense at the end": wide, "singular": up(0), "singular twice": up(0, 0),
		"nearly singular": up(1e-13), "pair": up(1e-6, 1e-6+1e-15), "indefinite": up(-1e-9), "one far below": up(-1, 1e-3),
	} {
		for side, v := range map[string][]float64{"random": random, "blind": blind} {
			for blasName, use := range map[string]blas.Float64{"gonum": blas64.Implementation(), "fma": fmablas.Implementation{}} {
				kept := blas64.Implementation()
				blas64.Use(use)
				a, off := mirrored(spectrum, v)
				c, err := Min(a)
				m := choleskyError(a, c.Value)
				blas64.Use(kept)
				if err != nil {
					t.Fatal(err)
				}
				low := spectrum[0]
				if low < c.Lower()-off || low > c.Upper()+off {
					t.Errorf("%s, %s, %s: %v is outside of %v within %g", name, side, blasName, low, c.Value, c.Err)
				}
				if !(c.Err <= 8*m) {
					t.Errorf("%s, %s, %s: the error %g is %.3g margins of the factorisation", name, side, blasName, c.Err, c.Err/m)
				}
				if c.OK && (c.Value > 0) != (low > 0) && !(math.Abs(low) <= off) {
					t.Errorf("%s, %s: certified the sign of %v as that of %v", name, side, low, c.Value)
				}
			}
		}
	}
}

// Rows that nearly repeat: the distance of the closest pair decides lambda_min, down to where nothing is certified.
func TestNearDuplicates(t *testing.T) {
	const n, d = 220, 300
	for _, distance := range []float64{1e-1, 1e-4, 1e-9, 0} {
		rng := rand.New(rand.NewPCG(13, 14))
		x := mat.NewDense(n, d, nil)
		for i := range n {
			for k := range d {
				x.Set(i, k, rng.NormFloat64())
			}
		}
		gap := 0.0
		for k := range d {
			step := distance * rng.NormFloat64()
			x.Set(n-1, k, x.At(0, k)+step)
			gap += step * step
		}
		var g mat.SymDense
		g.SymOuterK(1, x)
		c, err := Min(&g)
		if err != nil {
			t.Fatal(err)
		}
		// (e_0 - e_{n-1})/sqrt 2 has the Rayleigh quotient gap/2; the rest of the spectrum is far above.
		if c.Lower() > gap/2*(1+1e-6)+1e-9 {
			t.Errorf("distance %g: certified %v, but a quotient is %g", distance, c, gap/2)
		}
		if want := distance >= 1e-4; c.OK != want {
			t.Errorf("distance %g: certified %v, want OK = %v", distance, c, want)
		}
	}
}
