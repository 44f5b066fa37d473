package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"convergo/bounds"
	"convergo/bounds/kernel"
)

func TestChernoffRates(t *testing.T) {
	within(t, "c(1/4)", bounds.ChernoffRate(0.25), 0.0342384, 2e-6)
	within(t, "c(1/2)", bounds.ChernoffRate(0.5), 0.1534264, 1e-6)
	within(t, "1/c(1/4)", 1/bounds.ChernoffRate(0.25), 29.21, 2e-4)
	within(t, "1/c(1/2)", 1/bounds.ChernoffRate(0.5), 6.518, 2e-4)
	if bounds.ChernoffRate(1) != 1 || bounds.ChernoffRate(0) != 0 {
		t.Error("c(0) or c(1) is wrong")
	}
	for e := 0.0; e <= 1; e += 1.0 / 1024 {
		if bounds.ChernoffRate(e) < e*e/2 || bounds.ChernoffUpperRate(e) < e*e/3 {
			t.Errorf("rates at %g below the simple forms", e)
		}
	}
	// Both branches meet, to the accuracy the direct formula has there.
	for _, f := range []func(float64) float64{bounds.ChernoffRate, bounds.ChernoffUpperRate} {
		within(t, "branch", f(math.Nextafter(1e-3, 0)), f(1e-3), 1e-9)
	}
	isNaN(t, map[string]float64{
		"c": bounds.ChernoffRate(1.1), "c+": bounds.ChernoffUpperRate(-1),
		"failure": bounds.ChernoffFailure(0, 1, 0.5, 1, 1), "width": bounds.ChernoffWidth(2, 0.5, 0.1, 1, 1),
		"upper": bounds.ChernoffUpperFailure(1, 1, 0.5, 1, 0), "hoeffding": bounds.HoeffdingEntry(1, 0, 0.5),
		"hoeffding width": bounds.HoeffdingWidth(1, 1, 0, 0.5), "printed": bounds.PrintedGramWidth(1, 0.1, 2),
	})
}

// Widths invert the failure bounds they come from.
func TestGramWidths(t *testing.T) {
	const n, lambda0, s, delta = 10, 0.2, 1.5, 0.05
	m := bounds.ChernoffWidth(n, 0.25, lambda0, s, delta)
	up := int(math.Ceil(m))
	if f := bounds.ChernoffFailure(n, up, 0.25, lambda0, s); f > delta || f < 0.95*delta {
		t.Errorf("failure probability %v at the Chernoff width %v", f, m)
	}
	h := bounds.HoeffdingWidth(n, 7, lambda0, delta)
	within(t, "Hoeffding deviation at its width", bounds.HoeffdingDeviation(n, int(math.Round(h)), 7, delta), lambda0/4, 1e-4)
	within(t, "printed width", bounds.PrintedGramWidth(n, lambda0, delta), 256*100*math.Log(200)/0.04, 1e-14)
	within(t, "upper failure at eps = 1", bounds.ChernoffUpperFailure(n, 300, 1, lambda0, s), n*math.Exp(-300*(2*math.Ln2-1)*lambda0/(s*s)), 1e-12)
	// Orthonormal rows: H(0) is diagonal with Binomial(m, 1/2)/m on it, S = 1, lambda_0 = 1/2, so
	// both tails are known exactly.
	for _, m := range []int{20, 60, 200} {
		b := distuv.Binomial{N: float64(m), P: 0.5}
		for _, eps := range []float64{0.25, 0.5, 0.75} {
			lower := 1 - math.Pow(1-b.CDF((1-eps)*float64(m)/2), 4)
			upper := 1 - math.Pow(b.CDF(math.Ceil((1+eps)*float64(m)/2)-1), 4)
			if bound := bounds.ChernoffFailure(4, m, eps, 0.5, 1); lower > bound {
				t.Errorf("m=%d, eps=%g: lower tail %v over the bound %v", m, eps, lower, bound)
			}
			if bound := bounds.ChernoffUpperFailure(4, m, eps, 0.5, 1); upper > bound {
				t.Errorf("m=%d, eps=%g: upper tail %v over the bound %v", m, eps, upper, bound)
			}
		}
	}
}

func TestGramSecondMoment(t *testing.T) {
	const m, trials = 50, 1500
	rng := rand.New(rand.NewPCG(3, 1))
	x := sphere(6, 4, rng)
	want, err := bounds.GramSecondMoment(x, m)
	if err != nil {
		t.Fatal(err)
	}
	limit, err := kernel.ReLU().Gram(x)
	if err != nil {
		t.Fatal(err)
	}
	g := gram(x)
	frobenius := mat.Norm(g, 2)
	var sum, square float64
	failures := 0
	for range trials {
		var diff mat.Dense
		diff.Sub(finiteGram(x, gaussian(m, 4, rng)), limit)
		f := mat.Norm(&diff, 2)
		sum += f * f
		square += f * f * f * f
		if f > bounds.HoeffdingDeviation(6, m, frobenius, 0.5) {
			failures++
		}
	}
	mean := sum / trials
	sd := math.Sqrt((square/trials - mean*mean) / trials)
	if z := (mean - want) / sd; !(math.Abs(z) <= 4) {
		t.Errorf("E||H(0)-H||_F^2: measured %v, formula %v, z = %.1f", mean, want, z)
	}
	if z := (mean - 2*want) / sd; math.Abs(z) < 10 {
		t.Error("the control, twice the formula, is not told apart")
	}
	if failures > trials/2 {
		t.Errorf("the Hoeffding bound failed %d times of %d at delta = 1/2", failures, trials)
	}
	if _, err := bounds.GramSecondMoment(x, 0); err == nil {
		t.Error("width 0 gave no error")
	}
	if _, err := bounds.GramSecondMoment(mat.NewDense(1, 1, nil), 1); err == nil {
		t.Error("a zero row gave no error")
	}
}

func ExampleChernoffWidth() {
	// Ten orthonormal inputs: lambda_0 = 1/2, S = 1.
	fmt.Printf("m >= %.0f\n", math.Ceil(bounds.ChernoffWidth(10, 0.25, 0.5, 1, 0.05)))
	// Output: m >= 310
}
