package bounds

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
)

// On orthonormal inputs the power r of the cosines is the identity, so that the bound is 2 mu_r^2, and on orthogonal
// ones of norm 3 nine times that; mu_2^2 = 1/(4 pi), mu_4^2 = 1/(48 pi).
func TestLowerByHermiteOfOrthogonalInputs(t *testing.T) {
	x := mat.NewDense(2, 3, []float64{3, 0, 0, 0, 0, 3})
	for r, want := range map[int]float64{2: 9 / (2 * math.Pi), 4: 9 / (24 * math.Pi)} {
		got, err := DeepNTK{Hidden: 1}.LowerByHermite(x, r)
		if err != nil || !(got <= want && got > want*(1-1e-11)) {
			t.Errorf("power %d: %v, %v; want %v", r, got, err, want)
		}
	}
}

// E[Z^2; Z > t] is at most t^2 P(Z > t) and the integral of 2 z P(Z > z) beyond t, with the Gaussian tail for P.
func TestFeatureLossByQuadrature(t *testing.T) {
	for _, c := range []struct{ a, b, s float64 }{{2, 1, 0.5}, {1, 1, 2}, {5, 0.3, 3}} {
		cut := c.a + c.s*c.b
		want := cut*cut*math.Exp(-c.s*c.s/2) + quad.Fixed(func(u float64) float64 {
			return 2 * (c.a + u*c.b) * c.b * math.Exp(-u*u/2)
		}, c.s, c.s+12, 80, quad.Legendre{}, 1)
		if got := featureLoss(c.a, c.b, c.s); !(math.Abs(got/want-1) <= 1e-10) {
			t.Errorf("%+v: %v, want %v", c, got, want)
		}
	}
}

// In one dimension the regions are two half-lines; in the plane n lines through 0 make 2n sectors.
func TestTwoLayerLipschitzByHand(t *testing.T) {
	const delta = 0.1
	tail := 2 * math.Log(20)
	for _, c := range []struct {
		d, n1, n2 int
		regions   float64
	}{{1, 9, 16, 2}, {2, 25, 4, 50}} {
		d := math.Sqrt(float64(c.d))
		want := (math.Sqrt(float64(c.n1)) + d + math.Sqrt(tail)) * (math.Sqrt(float64(c.n2)) + d + math.Sqrt(2*math.Log(c.regions)+tail))
		got, err := TwoLayerLipschitz(c.d, c.n1, c.n2, delta)
		if err != nil || !(math.Abs(got/want-1) <= 1e-12) {
			t.Errorf("d = %d: %v, %v; want %v", c.d, got, err, want)
		}
	}
}

// The margin is above the d + 11 roundings of a cosine and a product, and half of it is below them.
func TestEntryErrorOfCosines(t *testing.T) {
	for _, d := range []int{1, 10, 1000} {
		if ratio := entryError(d) / (float64(d+11) * 0x1p-53); !(ratio >= 1 && ratio < 1.34) {
			t.Errorf("d = %d: %v times the roundings", d, ratio)
		}
	}
}
