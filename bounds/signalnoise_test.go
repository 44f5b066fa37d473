package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"convergo/bounds"
)

func TestSignalNoiseByHand(t *testing.T) {
	within(t, "SNR", bounds.SignalNoiseRatio(3, 0.5, 16), 1.5, 1e-15)
	within(t, "dimension, q = 3", bounds.BenignDimension(20, 10, 3), 1.6e9, 1e-12)
	within(t, "dimension, q = 5", bounds.BenignDimension(2, 3, 5), 144, 1e-12)
	least, most := bounds.BenignScale(20, 10, 1600000000, 3, 2)
	within(t, "least scale", least, 2.5e-4, 1e-12)
	within(t, "most scale", most, 2.5e-4, 1e-12)
	within(t, "overlap", bounds.PrintedOverlap(2, 25, 16*math.Exp(-4)), 20, 1e-12)
	within(t, "signal width", bounds.SignalStartWidth(0.05), 11.876, 1e-4)
	within(t, "noise width", bounds.NoiseStartWidth(20, 0.05), 16.43, 2e-3)
	within(t, "paired loss", bounds.PairedLoss(1, 3), math.Log(1+math.Exp(-2)), 1e-14)
	within(t, "level", bounds.PowerLevel(3, 0.5, 2), 0.5, 1e-15)
	if bounds.NoiseNormDimension(20, 0.05) != 77 || bounds.NoiseNormDimensionByTail(20, 0.05) != 168 {
		t.Errorf("dimensions %d and %d, want 77 and 168", bounds.NoiseNormDimension(20, 0.05), bounds.NoiseNormDimensionByTail(20, 0.05))
	}
}

func TestNoiseNormFailure(t *testing.T) {
	for _, c := range []struct{ n, d int }{{1, 5}, {20, 40}, {3, 2}} {
		chi := distuv.ChiSquared{K: float64(c.d - 1)}
		one := chi.CDF(float64(c.d)/2) + chi.Survival(1.5*float64(c.d))
		within(t, "failure", bounds.NoiseNormFailure(c.n, c.d), 1-math.Pow(1-one, float64(c.n)), 1e-10)
	}
	within(t, "no noise", bounds.NoiseNormFailure(2, 1), 1, 0)
}

func TestStartChances(t *testing.T) {
	normal := distuv.UnitNormal
	within(t, "tail", bounds.NormalTail(1.3), normal.Survival(1.3), 1e-12)
	within(t, "maxima", bounds.StartMaxima(0.5, 7), math.Pow(1-math.Pow(normal.CDF(0.5), 7), 2), 1e-12)
	within(t, "range", bounds.StartRange(1.8, 6), math.Pow(2*normal.CDF(1.8)-1, 12), 1e-12)
	within(t, "pairs", 190*2*normal.Survival(bounds.OverlapLevel(20, 0.3)), 0.3, 1e-8)
}

// The flow from one value to another, by small Euler steps, and descent between its bounds.
func TestGrowth(t *testing.T) {
	for _, q := range []float64{2, 2.5, 3, 4} {
		z, steps := 0.1, 0
		for z < 0.6 {
			z += 1e-5 * 2 * math.Pow(z, q-1)
			steps++
		}
		within(t, "time", bounds.GrowthTime(q, 2, 0.1, 0.6), 1e-5*float64(steps), 1e-3)
	}
	r := rand.New(rand.NewPCG(1, 7))
	for range 200 {
		low := math.Exp(-4 * r.Float64())
		high, from, to, q := low*(1+r.Float64()), 0.01+0.2*r.Float64(), 0.3+r.Float64(), 2.2+2*r.Float64()
		least, most := bounds.GrowthSteps(q, low, high, from, to)
		z, k := from, 0
		for ; z < to; k++ {
			z += (low + (high-low)*r.Float64()) * math.Pow(z, q-1)
		}
		if float64(k) < least || float64(k) > most {
			t.Errorf("q = %v: %d steps, want between %v and %v", q, k, least, most)
		}
	}
	least, most := bounds.GrowthSteps(3, 0.001, 0.001, 0.02, 0.2)
	z, k := 0.02, 0
	for ; z < 0.2; k++ {
		z += 0.001 * z * z
	}
	within(t, "least", least, float64(k), 2e-3)
	within(t, "most", most, float64(k), 2e-3)
	slow, fast := bounds.SlopeRange(math.Log(3))
	within(t, "slow", slow, 0.25, 1e-12)
	within(t, "fast", fast, 0.75, 1e-12)
}

func TestRaceRatio(t *testing.T) {
	norms, noise := []float64{1, 2}, []float64{0.5, 0.25}
	within(t, "ratio", bounds.RaceRatio(3, 2, 0.1, norms, noise), (10.0/4)/(2+4.0/4), 1e-14)
	mu := bounds.RaceSignal(3, 0.7, 0.1, norms, noise)
	within(t, "signal", bounds.RaceRatio(3, mu, 0.1*mu, norms, noise), 0.7, 1e-12)
	if !math.IsInf(bounds.PowerLevel(3, -0.1, 1), 1) {
		t.Error("a negative product must have an infinite level")
	}
	xi := mat.NewDense(3, 2, []float64{2, 0, 1, 1, -3, 0})
	within(t, "cross pull", bounds.CrossPull(xi, 0), 2, 1e-14)
}

// One step of the coefficients, by hand: two filters, one sample, q = 3, in one dimension each.
func TestDecompositionByHand(t *testing.T) {
	mu, xi, w := []float64{2, 0}, mat.NewDense(1, 2, []float64{0, 3}), mat.NewDense(2, 2, []float64{0.1, 0.2, 0.3, 0.05})
	c := bounds.NewDecomposition(3, 0.5, mu, xi, []float64{-1}, w)
	f := (0 + math.Pow(0.6, 3)) - (0 + math.Pow(0.15, 3)) // filter +: products 0.2 and 0.6; filter -: 0.6 and 0.15; the signal patch is -mu
	slope := 1 / (1 + math.Exp(-f))
	c.Step()
	within(t, "gamma +", c.Gamma[0], 0, 0)
	within(t, "gamma -", c.Gamma[1], 0, 0)
	within(t, "rho +", c.Rho[0][0], -0.5*slope*3*0.36*9, 1e-14)
	within(t, "rho -", c.Rho[1][0], 0.5*slope*3*0.0225*9, 1e-14)
	within(t, "moved", c.Moved().At(0, 1), c.Rho[0][0]/3, 1e-14)
	within(t, "product", c.Product(1, 1), 0.15+c.Rho[1][0], 1e-14)

	c = bounds.NewDecomposition(3, 0.5, mu, xi, []float64{1}, w)
	f = (0.008 + 0.216) - (0.216 + 0.003375)
	slope = 1 / (1 + math.Exp(f))
	c.Step()
	within(t, "gamma +", c.Gamma[0], 0.5*slope*3*0.04*4, 1e-14)
	within(t, "gamma -", c.Gamma[1], 0.5*slope*3*0.36*4, 1e-14)
	within(t, "moved -", c.Moved().At(1, 0), -c.Gamma[1]/2, 1e-14)
}

func TestSignalNoiseDomain(t *testing.T) {
	isNaN(t, map[string]float64{
		"q = 2": bounds.BenignDimension(3, 3, 2), "delta": bounds.SignalStartWidth(1), "one sample": bounds.OverlapLevel(1, 0.5),
		"backwards": bounds.GrowthTime(3, 1, 0.5, 0.2), "no noise": bounds.SignalNoiseRatio(1, 0, 3), "no filter": bounds.StartMaxima(1, 0),
	})
}
