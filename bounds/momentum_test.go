package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
)

// spectrumRadius is the largest companion radius over a fine spectrum.
func spectrumRadius(block func(eta, beta, lambda float64) (a, b float64), m bounds.Momentum, lmin, lmax float64) float64 {
	const points = 4000
	worst := 0.0
	for i := range points + 1 {
		a, b := block(m.Step, m.Beta, lmin+(lmax-lmin)*float64(i)/points)
		worst = max(worst, bounds.CompanionRadius(a, b))
	}
	return worst
}

func TestMomentumRadii(t *testing.T) {
	for _, kappa := range []float64{1, 2, 10, 100, 1e4} {
		lmin, lmax := 0.3, 0.3*kappa
		for what, test := range map[string]struct {
			m     bounds.Momentum
			block func(eta, beta, lambda float64) (a, b float64)
		}{
			"heavy ball": {bounds.HeavyBall(lmin, lmax), bounds.HeavyBallBlock},
			"standard":   {bounds.Nesterov(lmin, lmax), bounds.NesterovBlock},
			"tuned":      {bounds.NesterovTuned(lmin, lmax), bounds.NesterovBlock},
			"half":       {bounds.NesterovHalf(lmin, lmax), bounds.NesterovBlock},
		} {
			// A double root turns rounding into its square root, 1e-8.
			if got := spectrumRadius(test.block, test.m, lmin, lmax); !(math.Abs(got-test.m.Radius) <= 1e-6) {
				t.Errorf("%s, kappa=%g: radius %v over the spectrum, claimed %v", what, kappa, got, test.m.Radius)
			}
		}
		s := math.Sqrt(kappa)
		if r := bounds.NesterovHalf(lmin, lmax).Radius; r > 1-2/(3*s)+1e-15 {
			t.Errorf("kappa=%g: half-step radius %v over 1 - 2/(3s)", kappa, r)
		}
	}
	within(t, "heavy ball, kappa=100", bounds.HeavyBall(1, 100).Radius, 9.0/11, 1e-15)
	within(t, "tuned, kappa=100", bounds.NesterovTuned(1, 100).Radius, 0.884722, 1e-6)
}

func power(a, b float64, k int) float64 {
	m := mat.NewDense(2, 2, []float64{a, -b, 1, 0})
	var p mat.Dense
	p.Pow(m, k)
	var svd mat.SVD
	svd.Factorize(&p, mat.SVDNone)
	return svd.Values(nil)[0]
}

func TestHeavyBallThresholdAndTransient(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 200 {
		lmin := rng.Float64() + 1e-3
		lmax := lmin * (1 + 50*rng.Float64())
		eta := (0.1 + 1.8*rng.Float64()) / lmax
		threshold := bounds.HeavyBallThreshold(eta, lmin, lmax)
		beta := threshold + (1-threshold)*(0.05+0.9*rng.Float64())
		m := bounds.Momentum{Step: eta, Beta: beta}
		within(t, "radius", spectrumRadius(bounds.HeavyBallBlock, m, lmin, lmax), math.Sqrt(beta), 1e-12)
		m.Beta = 0.9 * threshold // the control of the base facts
		if threshold > 1e-6 && spectrumRadius(bounds.HeavyBallBlock, m, lmin, lmax) <= math.Sqrt(m.Beta)*(1+1e-9) {
			t.Errorf("eta=%g, threshold %g: radius still sqrt(beta) below the threshold", eta, threshold)
		}
		c := bounds.HeavyBallTransient(eta, beta, lmin, lmax)
		for _, l := range []float64{lmin, (lmin + lmax) / 2, lmax} {
			a, b := bounds.HeavyBallBlock(eta, beta, l)
			for k := 1; k < 40; k += 3 {
				if p := power(a, b, k); p > c*math.Pow(beta, float64(k)/2)*(1+1e-9) {
					t.Fatalf("||B^%d|| = %g over the transient bound", k, p)
				}
			}
		}
	}
}

func TestPowerBound(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for range 300 {
		a, b := 4*rng.Float64()-2, 1.5*rng.Float64()
		rho := bounds.CompanionRadius(a, b)
		for k := range 25 {
			want := 1.0
			if k > 0 {
				want = power(a, b, k)
			}
			if bound := bounds.PowerBound(rho, b, k); want > bound*(1+1e-6) {
				t.Fatalf("a=%g, b=%g: ||B^%d|| = %g over %g", a, b, k, want, bound)
			}
		}
	}
	// At the optimal heavy-ball tuning the factor k is needed: ||B^k||/rho^k grows past any constant.
	m := bounds.HeavyBall(1, 100)
	a, b := bounds.HeavyBallBlock(m.Step, m.Beta, 1)
	for k, want := range map[int]float64{100: 204, 200: 408} {
		within(t, "growth", power(a, b, k)/math.Pow(m.Radius, float64(k)), want, 0.01)
	}
}

func TestNesterovStability(t *testing.T) {
	for _, beta := range []float64{0, 0.3, 0.9, 1} {
		limit := bounds.NesterovStability(beta)
		for factor, diverges := range map[float64]bool{1.05: true, 1.001: true, 0.999: false} {
			a, b := bounds.NesterovBlock(limit*factor, beta, 1)
			if r := bounds.CompanionRadius(a, b); (r > 1) != diverges {
				t.Errorf("beta=%g at %g of the limit: radius %v", beta, factor, r)
			}
		}
	}
	isNaN(t, map[string]float64{
		"heavy ball": bounds.HeavyBall(0, 1).Radius, "nesterov": bounds.Nesterov(2, 1).Radius, "tuned": bounds.NesterovTuned(0, 1).Radius,
		"half": bounds.NesterovHalf(0, 1).Radius, "threshold": bounds.HeavyBallThreshold(-1, 1, 2), "transient": bounds.HeavyBallTransient(1, 0, 1, 2),
		"power": bounds.PowerBound(1, -1, 2), "stability": bounds.NesterovStability(2),
	})
}

func ExampleHeavyBall() {
	m := bounds.HeavyBall(1, 100)
	fmt.Printf("eta = %.4f, beta = %.4f, radius %.6f\n", m.Step, m.Beta, m.Radius)
	// Output: eta = 0.0331, beta = 0.6694, radius 0.818182
}
