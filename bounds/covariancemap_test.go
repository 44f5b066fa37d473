package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds"
	"convergo/bounds/kernel"
)

// covariances draws one with entries within e of a unit-diagonal one, both semidefinite, at or near the worst of each kind.
func covariances(rng *rand.Rand) (r, e, a, b, c float64) {
	for {
		r, e = 2*rng.Float64()-1, 1e-5+(1-1e-5)*math.Pow(rng.Float64(), 3)
		if rng.IntN(3) == 0 {
			r = math.Copysign(1-math.Pow(10, -8*rng.Float64()), r)
		}
		shift := func() float64 {
			if rng.IntN(2) == 0 {
				return e * (2*rng.Float64() - 1)
			}
			return math.Copysign(e, rng.NormFloat64())
		}
		a, b, c = 1+shift(), 1+shift(), r+shift()
		if rng.IntN(3) == 0 {
			c = math.Copysign(math.Sqrt(a*b), c)
			if !(math.Abs(c-r) <= e) {
				continue
			}
		}
		if a > 0 && b > 0 && c*c <= a*b {
			return r, e, a, b, c
		}
	}
}

func TestCovarianceBounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	step, overlap := 0.0, 0.0
	for range 40000 {
		r, e, a, b, c := covariances(rng)
		cos := math.Max(-1, math.Min(1, c/math.Sqrt(a*b)))
		moved, _ := kernel.NNGPStep(math.Acos(cos))
		fixed, _ := kernel.NNGPStep(math.Acos(r))
		step = math.Max(step, math.Max(math.Abs(math.Sqrt(a*b)*moved-fixed), math.Max(math.Abs(a-1), math.Abs(b-1)))/bounds.CovarianceStep(e))
		overlap = math.Max(overlap, math.Abs(math.Acos(cos)-math.Acos(r))/math.Pi/bounds.OverlapModulus(e))
	}
	if step > 1+1e-9 || step < 0.99 {
		t.Errorf("step of the covariance: worst ratio %v, want 1", step)
	}
	if overlap > 1+1e-6 || overlap < 0.95 {
		t.Errorf("modulus of the overlap: worst ratio %v, want 1", overlap)
	}
	// (1-e) ones against 1-2e.
	within(t, "attained", math.Acos(1-2*0.3)/math.Pi, bounds.OverlapModulus(0.3), 1e-12)
	within(t, "step", bounds.CovarianceStep(1), 1+(math.Pi/2-1)/math.Pi, 1e-14)
}

func TestForwardCovariance(t *testing.T) {
	within(t, "deviation", bounds.CovarianceDeviation(3, 100), 0.6+0.12, 1e-14)
	e := bounds.ForwardCovariance(1, []int{1000, 1000, 10}, 0.06)
	s := math.Sqrt(12*math.Log(100)/1000) + 4*math.Log(100)/1000
	within(t, "first layer", e[0], s, 1e-14)
	within(t, "second layer", e[1], s+(math.Asin(s)-s)/math.Pi+(1+s)*s, 1e-14)
	if !math.IsInf(e[2], 1) {
		t.Errorf("a narrow layer is bounded by %v", e[2])
	}
}

func TestPairTangentGap(t *testing.T) {
	for _, layers := range []int{1, 2, 3, 5, 9} {
		for _, angle := range []float64{1e-6, 1e-3, 0.05, 0.3, 1, math.Pi / 2} {
			lower, upper := bounds.PairTangentGap(layers, angle)
			gap := float64(layers+1) - kernel.NTK(layers).Of(kernel.Pair{NormX: 1, NormY: 1, Cos: math.Cos(angle), Sin: math.Sin(angle), Angle: angle})
			if gap < lower-1e-14 || gap > upper+1e-14 {
				t.Errorf("L=%d, angle %v: %v is not in [%v, %v]", layers, angle, gap, lower, upper)
			}
			if l := float64(layers); angle == 1e-3 && (upper > 1.02*gap || lower < 0.98*gap || !(math.Abs(gap/angle-l*(l+1)/(2*math.Pi)) <= 0.02*gap/angle)) {
				t.Errorf("L=%d: [%v, %v] is not close to %v", layers, lower, upper, gap)
			}
		}
	}
}
