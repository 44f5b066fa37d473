package bounds

import (
	"math"
	"math/big"
	"testing"

	"convergo/bounds/kernel"
)

// closedStep is s_k by Gamma functions, after Rodrigues' formula.
func closedStep(d, k int) float64 {
	if k == 0 {
		return 0.5
	}
	if k%2 == 0 {
		return 0
	}
	lg := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
	h, j := float64(d-1)/2, (k-1)/2
	binomial := 1.0 // C(k-1+h, j) with h = (d-1)/2, less 1
	for i := range j {
		binomial *= (float64(k) + h - 1 - float64(i)) / float64(i+1)
	}
	return math.Exp(lg(float64(d)/2)-lg(float64(k)+h)+lg(float64(k))-float64(k)*math.Ln2) / math.Sqrt(math.Pi) * binomial * math.Pow(-1, float64(j))
}

func TestSphereClosedForms(t *testing.T) {
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-13*math.Abs(want)+1e-300) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	for _, d := range []int{2, 3, 4, 7, 20} {
		for k := range 40 {
			s := closedStep(d, k)
			if !(math.Abs(SphereStep(d, k)-s*s) <= 1e-12*s*s) {
				t.Errorf("d=%d, k=%d: %v, want %v", d, k, SphereStep(d, k), s*s)
			}
		}
	}
	// Values of integrals by hand: u kappa_0 and kappa_1 at d = 3, halved.
	for k, want := range []float64{1.0 / 16, 1.0 / 12, 7.0 / 256, 0} {
		near("ReLU, d=3", SphereReLU(3, k), want)
	}
	for k, want := range []float64{3.0 / 16, 1.0 / 12, 3.0 / 256, 0} {
		near("feature, d=3", SphereReLUFeature(3, k), want)
	}
	for k := range 30 {
		x := float64(k * k)
		want := 0.0
		switch {
		case k == 1:
			want = 0.125
		case k%2 == 0:
			want = 2 / (math.Pi * math.Pi * (x - 1) * (x - 1))
		}
		near("feature, circle", SphereReLUFeature(2, k), want)
		near("ReLU, circle", SphereReLU(2, k), CircleReLU(k))
		near("even in k", CircleReLU(-k), CircleReLU(k))
	}
}

func TestSphereSpectrum(t *testing.T) {
	// A polynomial of known expansion: u^2 = 1/d + (1 - 1/d) P_2, and u^3 = (3/(d+2)) u + (1 - 3/(d+2)) P_3; P_k has the eigenvalue 1/N(d, k).
	for _, d := range []int{2, 3, 5, 12} {
		mu, err := SphereSpectrum(func(p kernel.Pair) float64 { return p.Cos*p.Cos + 2*p.Cos*p.Cos*p.Cos }, d, 6, 80)
		if err != nil {
			t.Fatal(err)
		}
		f := float64(d)
		want := []float64{1 / f, 6 / (f + 2) / f, (1 - 1/f) / HarmonicDimension(d, 2), 2 * (1 - 3/(f+2)) / HarmonicDimension(d, 3), 0, 0}
		for k := range want {
			if !(math.Abs(mu[k]-want[k]) <= 1e-14) {
				t.Errorf("d=%d, k=%d: %v, want %v", d, k, mu[k], want[k])
			}
		}
	}
	if _, err := SphereSpectrum(kernel.ReLU().Of, 1, 3, 10); err == nil {
		t.Error("the sphere of dimension 1 has a spectrum")
	}
	if mu, err := SphereSpectrum(kernel.ReLU().Of, 5, 20, 200); err != nil || !(math.Abs(mu[2]-0.021484375/2) <= 1e-13) || !(math.Abs(mu[3]) <= 1e-14) {
		t.Errorf("ReLU at d = 5: %v, %v", mu, err)
	}
}

// TestHarmonicDimension counts homogeneous polynomials: those of degree k less those of degree k-2.
func TestHarmonicDimension(t *testing.T) {
	count := func(d, k int) float64 {
		if k < 0 {
			return 0
		}
		v, _ := new(big.Float).SetInt(new(big.Int).Binomial(int64(k+d-1), int64(d-1))).Float64()
		return v
	}
	for _, d := range []int{2, 3, 4, 9, 20} {
		for k := range 25 {
			if got, want := HarmonicDimension(d, k), count(d, k)-count(d, k-2); got != want {
				t.Errorf("N(%d, %d) = %v, want %v", d, k, got, want)
			}
		}
	}
	for _, v := range []float64{HarmonicDimension(1, 0), HarmonicDimension(2, -1), SphereStep(1, 0), SphereReLU(1, 0), SphereReLUFeature(2, -1)} {
		if !math.IsNaN(v) {
			t.Errorf("impossible sizes give %v", v)
		}
	}
}

func TestExponentRange(t *testing.T) {
	for _, d := range []float64{2, 5, 9} {
		for _, j := range []int{3, 10, 45, 3000} {
			sum := 0.0
			for i := j; i < 3*j; i += 2 {
				sum -= 2 * math.Log1p(d/float64(i))
			}
			sum /= math.Log(3)
			low, high := ExponentRange(d, j)
			if !(low <= sum && sum <= high) {
				t.Errorf("d=%v, j=%d: %v is not in [%v, %v]", d, j, sum, low, high)
			}
			if j == 3000 && high-low > 0.01*d {
				t.Errorf("d=%v: [%v, %v] is wide", d, low, high)
			}
		}
	}
}

func TestAliased(t *testing.T) {
	for _, n := range []int{1, 2, 5, 8, 31, 64} {
		for k := 0; 2*k <= n; k++ {
			exact := 0.0 // the Rayleigh quotient of cos(kt)
			for j := range n {
				a := 2 * math.Pi * float64(min(j, n-j)) / float64(n)
				exact += kernel.ReLU().Of(kernel.Pair{NormX: 1, NormY: 1, Cos: math.Cos(a), Sin: math.Sin(a), Angle: a}) * math.Cos(2*math.Pi*float64(j*k%n)/float64(n)) / float64(n)
			}
			for _, terms := range []int{1, 10, 100} {
				left := exact - Aliased(CircleReLU, n, k, terms)
				low, high := CircleReLUTail(n, k, terms)
				if left < low-1e-14 || left > high+1e-14 {
					t.Errorf("n=%d, k=%d, %d terms: %v is not in [%v, %v]", n, k, terms, left, low, high)
				}
				if terms == 100 && high > 1e-12 && n > 2 && high > 1.02*low {
					t.Errorf("n=%d, k=%d: [%v, %v] is wide", n, k, low, high)
				}
			}
		}
	}
}

func TestShiftedSeries(t *testing.T) {
	for _, d := range []int{2, 3, 6} {
		mu, err := SphereSpectrum(func(p kernel.Pair) float64 { return kernel.ReLUFeature().At((1 + p.Cos) / 2) }, d, 8, 150)
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range mu {
			low, high := ShiftedSeries(kernel.ReLUFeature().Coefficient, 0.5, d, k, 1000)
			if want < low-1e-13 || want > high+1e-13 || high-low > 1e-5 {
				t.Errorf("d=%d, k=%d: %v is not in [%v, %v], or that is wide", d, k, want, low, high)
			}
		}
		if _, high := ShiftedSeries(kernel.ReLUFeature().Coefficient, 0.5, d, 20, 30); !math.IsInf(high, 1) {
			t.Errorf("terms that still grow give the bound %v", high)
		}
	}
	low, high := ShiftedSeries(func(p int) float64 { return []float64{0, 0, 3}[p] }, 3, 2, 1, 3) // 3 ((1+cos t)/2)^2 has cos t / 2 times 3
	if !(math.Abs(low-0.75) <= 1e-14) || !(math.Abs(high-low) <= 1e-14) {
		t.Errorf("a square: [%v, %v]", low, high)
	}
	low, high = ShiftedSeries(func(int) float64 { return 1 }, 5, 2, 1, 3) // the rest is 2, and ((1+cos t)/2)^3 has cos t times 15/32
	if !(math.Abs(high-low-2*15.0/64) <= 1e-14) {
		t.Errorf("the rest is %v", high-low)
	}
}
