package bounds_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
)

// cosine is cos, at most cosh 1 in modulus for |Im z| <= 1: its Gaussian means are elementary.
func cosine() bounds.Analytic {
	return bounds.Analytic{At: math.Cos, Strip: 1, Bound: math.Cosh(1)}
}

func TestGaussianMean(t *testing.T) {
	check := func(what string, f bounds.Analytic, s, want, loose float64) {
		t.Helper()
		got, err, e := bounds.GaussianMean(f, s)
		if e != nil || !(math.Abs(got-want) <= err+loose) || err > 1e-9*f.Bound {
			t.Errorf("%s at %v = %v, want %v within %v (%v)", what, s, got, want, err, e)
		}
	}
	for _, s := range []float64{0, 1e-9, 0.3, 1, 4, 60} {
		check("E cos", cosine(), s, math.Exp(-s*s/2), 0)
		check("E sigmoid", bounds.SmoothSigmoid().Value, s, 0.5, 0)
		check("E tanh", bounds.SmoothTanh().Value, s, 0, 0)
	}
	// E tanh^2 as in the moments of package deep, and sech^2 = 1 - tanh^2; at 40, E sech^2 is near 2/(40 sqrt(2 pi)).
	const square = 0.394294490397841174
	check("E tanh^2", bounds.SmoothTanh().Value.Power(2), 1, square, 0)
	check("E sech^2", bounds.SmoothTanh().Slope, 1, 1-square, 0)
	check("E sech^2", bounds.SmoothTanh().Slope, 40, 2/(40*math.Sqrt(2*math.Pi)), 1e-5)
	if _, _, e := bounds.GaussianMean(cosine(), math.NaN()); e == nil {
		t.Error("a deviation of NaN is taken")
	}
	if _, _, e := bounds.GaussianMean(cosine(), 1e9); e == nil {
		t.Error("a deviation beyond all nodes is taken")
	}
}

// With a wide strip the step is 2 pi/sqrt 72, and the bound has 2 e^{-36} for it, the tails beyond 8.5 and the rounding of 27 terms.
func TestGaussianMeanErrorTerms(t *testing.T) {
	f := bounds.Analytic{At: math.Cos, Strip: 100, Bound: 1}
	_, err, e := bounds.GaussianMean(f, 1)
	if e != nil {
		t.Fatal(e)
	}
	want := 2*math.Exp(-36) + 2*math.Exp(-36.125)/(8.5*math.Sqrt(2*math.Pi)) + 56*0x1p-53
	within(t, "error", err, want, 1e-3)
	_, pair, e := bounds.GaussianPairMean(f, f, 1, 1, 0.5)
	if e != nil {
		t.Fatal(e)
	}
	within(t, "error of a pair", pair, 2*want+8*0x1p-53*(1+1e-4), 1e-3)
	_, product, e := bounds.GaussianPairMean(f, f, 1, 1, 0)
	if e != nil {
		t.Fatal(e)
	}
	within(t, "error of a product", product, 2*want, 1e-3)
	_, entry, e := bounds.GaussianKernel(f, mat.NewSymDense(2, []float64{1, 0.5, 0.5, 1}))
	if e != nil {
		t.Fatal(e)
	}
	within(t, "error of a kernel", entry, pair, 1e-9)
}

// The bound on the error is what the theorem on the trapezoidal rule gives: the mean of a function that oscillates at the
// frequency of the nodes is off by nearly as much, relative to its own bound.
func TestGaussianMeanError(t *testing.T) {
	for _, frequency := range []float64{1, 5, 20, 60, 200} {
		f := bounds.Analytic{
			At:    func(x float64) float64 { return math.Cos(frequency * x) },
			Strip: 1, Bound: math.Cosh(frequency),
		}
		got, err, e := bounds.GaussianMean(f, 1)
		if want := math.Exp(-frequency * frequency / 2); e != nil || !(math.Abs(got-want) <= err) {
			t.Errorf("frequency %v: %v, want %v within %v (%v)", frequency, got, want, err, e)
		}
	}
}

func TestGaussianPairMean(t *testing.T) {
	c := cosine()
	for _, s := range [][3]float64{{1, 1, 0.5}, {2, 0.3, -0.7}, {1, 1, 1}, {1, 1, -1}, {4, 1e-8, 1e-5}, {0, 2, 0}, {3, 1, 0}, {9, 9, 8.9999}} {
		a, b, cov := s[0], s[1], s[2]
		got, err, e := bounds.GaussianPairMean(c, c, a, b, cov)
		if want := math.Exp(-(a+b)/2) * math.Cosh(cov); e != nil || !(math.Abs(got-want) <= err) || err > 1e-11 {
			t.Errorf("E cos cos at %v = %v, want %v within %v (%v)", s, got, want, err, e)
		}
	}
	// Mehler: E phi(u) phi(v) = sum_k c_k^2 r^k.
	for _, phi := range []bounds.Smooth{bounds.SmoothTanh(), bounds.SmoothSigmoid()} {
		for _, f := range []bounds.Analytic{phi.Value, phi.Slope} {
			coefficients := kernel.HermiteCoefficients(f.At, 40)
			for _, r := range []float64{0.5, -0.4, 0.1} {
				want := 0.0
				for k, ck := range coefficients {
					want += ck * ck * math.Pow(r, float64(k))
				}
				if got, _, e := bounds.GaussianPairMean(f, f, 1, 1, r); e != nil || !(math.Abs(got-want) <= 1e-11) {
					t.Errorf("%s at %v: %v, want %v (%v)", phi.Name, r, got, want, e)
				}
			}
		}
	}
	if _, _, e := bounds.GaussianPairMean(c, c, 1, 1, 2); e == nil {
		t.Error("a covariance above the variances is taken")
	}
}

func TestGaussianKernel(t *testing.T) {
	covariance := mat.NewSymDense(3, []float64{1, 0.5, -0.2, 0.5, 2, 0.1, -0.2, 0.1, 0.5})
	k, err, e := bounds.GaussianKernel(cosine(), covariance)
	if e != nil {
		t.Fatal(e)
	}
	for i := range 3 {
		for j := range 3 {
			a, b, c := covariance.At(i, i), covariance.At(j, j), covariance.At(i, j)
			if want := math.Exp(-(a+b)/2) * math.Cosh(c); !(math.Abs(k.At(i, j)-want) <= err) || err > 1e-11 {
				t.Errorf("entry %d, %d: %v, want %v within %v", i, j, k.At(i, j), want, err)
			}
		}
	}
}

// The stated derivatives and bounds are those of the functions.
func TestSmooth(t *testing.T) {
	for _, phi := range []bounds.Smooth{bounds.SmoothTanh(), bounds.SmoothSigmoid()} {
		steepest := 0.0
		for k := -60; k <= 60; k++ {
			x, h := float64(k)/10, 1e-5
			slope := (phi.Value.At(x+h) - phi.Value.At(x-h)) / (2 * h)
			curvature := (phi.Slope.At(x+h) - phi.Slope.At(x-h)) / (2 * h)
			if !(math.Abs(slope-phi.Slope.At(x)) <= 1e-9) || !(math.Abs(curvature-phi.Curvature(x)) <= 1e-9) {
				t.Errorf("%s at %v: slope %v and curvature %v, differences give %v and %v", phi.Name, x, phi.Slope.At(x), phi.Curvature(x), slope, curvature)
			}
			steepest = math.Max(steepest, phi.Slope.At(x))
		}
		within(t, phi.Name+": largest slope", phi.Lipschitz, steepest, 1e-15)
		within(t, phi.Name+": square", phi.Value.Power(2).At(0.7), phi.Value.At(0.7)*phi.Value.At(0.7), 1e-15)
		within(t, phi.Name+": bound of the cube", phi.Slope.Power(3).Bound, math.Pow(phi.Slope.Bound, 3), 1e-15)
	}
	// |sech^2| on the edge of the strip of tanh: 1/(sinh^2 x + 1/2), at most 2, attained at x = 0.
	within(t, "bound of sech^2", bounds.SmoothTanh().Slope.Bound, 1/math.Pow(math.Cos(math.Pi/4), 2), 1e-15)
	within(t, "bound of the sigmoid's slope", bounds.SmoothSigmoid().Slope.Bound, 2.0/4, 1e-15)
}
