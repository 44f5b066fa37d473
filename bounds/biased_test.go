package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
)

func normalDensity(t float64) float64 { return math.Exp(-t*t/2) / math.Sqrt(2*math.Pi) }

func TestStrip(t *testing.T) {
	for _, c := range []struct{ b, r float64 }{{0, 0.01}, {0, 2}, {1, 0.001}, {1, 0.4}, {2, 3}, {4, 0.5}, {9, 0.1}} {
		want := quad.Fixed(func(s float64) float64 { return normalDensity(c.b + s) }, -c.r, c.r, 80, nil, 0)
		within(t, "strip", bounds.StripProbability(c.b, c.r), want, 1e-11)
		within(t, "mirrored strip", bounds.StripProbability(-c.b, c.r), want, 1e-11)
		for name, bound := range map[string]float64{"density": bounds.StripBound(c.b, c.r), "hyperbolic": bounds.StripHyperbolic(c.b, c.r)} {
			if want > bound*(1+1e-12) {
				t.Errorf("b=%v r=%v: %v above its %s bound %v", c.b, c.r, want, name, bound)
			}
		}
		if r := 2 * math.Min(1, 1/c.b); c.r <= r && want > bounds.StripConstant*c.r*math.Exp(-c.b*c.b/2) {
			t.Errorf("b=%v r=%v: %v above the bound with the constant", c.b, c.r, want)
		}
	}
	within(t, "density bound", bounds.StripBound(1.5, 0.5), math.Exp(-0.5)/math.Sqrt(2*math.Pi), 1e-14)
	within(t, "density bound across 0", bounds.StripBound(0.5, 2), 4/math.Sqrt(2*math.Pi), 1e-14)
	within(t, "hyperbolic bound", bounds.StripHyperbolic(2, 0.5), math.Sqrt(2/math.Pi)*math.Exp(-2)*math.Sinh(1)/2, 1e-14)
	within(t, "hyperbolic bound near 0", bounds.StripHyperbolic(1e-9, 0.5), math.Sqrt(2/math.Pi)/2, 1e-12)
	within(t, "hyperbolic bound far out", bounds.StripHyperbolic(50, 25), 1/(50*math.Sqrt(2*math.Pi)), 1e-12)
	// The constant is attained in the limit: 100 at r = 2/100 is within 2 parts in 10^4.
	within(t, "constant", bounds.StripProbability(30, 2.0/30)/(2.0/30)*math.Exp(450), bounds.StripConstant, 3e-3)
	isNaN(t, map[string]float64{"r": bounds.StripProbability(1, -1), "b": bounds.StripBound(-1, 1), "hyperbolic": bounds.StripHyperbolic(1, -1)})
}

func TestTruncatedMoments(t *testing.T) {
	for _, b := range []float64{-1, 0, 0.3, 1, 2, 4} {
		second, fourth := bounds.TruncatedMoments(b)
		moment := func(k float64) float64 {
			sum := 0.0
			for lo := 0.0; lo < 14; lo += 0.5 {
				sum += quad.Fixed(func(s float64) float64 { return math.Pow(s, k) * normalDensity(b+s) }, lo, lo+0.5, 40, nil, 0)
			}
			return sum
		}
		within(t, "second moment", second, moment(2), 1e-10)
		within(t, "fourth moment", fourth, moment(4), 1e-8)
	}
}

// One neuron, one input: z = 1 and every step by hand. The residual reaches the boundary at Radius = |e(0)| exactly.
func TestBiasCertificateByHand(t *testing.T) {
	c := bounds.BiasCertificate{N: 1, Width: 1, Lambda: 2, RowSum: 2, Floor: 2, Residual: 0.7}
	within(t, "radius", c.Radius(), 0.7, 1e-15)
	within(t, "spend", c.Spend(0.5), 2, 1e-15)
	within(t, "step", c.LargestStep(0), 0.5, 1e-15)
	c = bounds.BiasCertificate{N: 3, Width: 16, Lambda: 4, RowSum: 5, Floor: 0.5, Residual: 2}
	within(t, "radius", c.Radius(), 2*math.Sqrt2, 1e-15) // sqrt(8/16) 2/0.5
	within(t, "spend", c.Spend(0.1), (8+math.Sqrt(24))/10, 1e-15)
	within(t, "step", c.LargestStep(0.1), 2/(4.5+math.Sqrt(24)/10), 1e-15)
	isNaN(t, map[string]float64{"floor": bounds.BiasCertificate{Width: 1}.Radius(), "share": c.Spend(-1), "step": c.LargestStep(math.NaN())})
}

// The width is large enough, and a tenth less is not: both conditions as written, with the binomial tail summed.
func TestBiasWidth(t *testing.T) {
	q := kernel.UpperTail(1)
	for _, p := range []bounds.BiasProblem{
		{N: 2, Bias: 1, Lambda: 3, RowSum: 3, Limit: 2*q - q*q, Residual: 0.1, Spare: 0.5, Delta: 0.2},
		{N: 1, Bias: 0, Lambda: 2, RowSum: 2, Limit: 1, Residual: 1e-6, Spare: 0.3, Delta: 0.1},
	} {
		m, err := p.Width()
		if err != nil || m%2 != 0 {
			t.Fatalf("%+v: width %d, %v", p, m, err)
		}
		enough := func(m int) bool {
			pairs, mu := m/2, (1-p.Spare)*p.Limit
			eps := 0.0 // by small steps
			for float64(p.N)*math.Exp(-float64(pairs)*bounds.ChernoffRate(eps)*p.Limit/p.Lambda) > p.Delta/2 {
				if eps += 1e-4; eps > p.Spare {
					return false
				}
			}
			radius := math.Sqrt(2*p.Lambda) * p.Residual / (mu * math.Sqrt(float64(m)))
			share := (p.Spare - eps + 1e-4) * p.Limit / (2*p.RowSum - 2 + math.Sqrt(2*float64(p.N)*p.Lambda))
			prob := bounds.StripProbability(p.Bias, radius)
			tail, term := 0.0, math.Pow(1-prob, float64(pairs))
			for k := 0; k <= pairs; k++ {
				if float64(k) > share*float64(pairs) {
					tail += term
				}
				term *= float64(pairs-k) / float64(k+1) * prob / (1 - prob)
			}
			return float64(p.N)*tail <= p.Delta/2*(1+1e-9)
		}
		if !enough(m) || enough(9*m/10) {
			t.Errorf("%+v: width %d enough: %v, nine tenths: %v", p, m, enough(m), enough(9*m/10))
		}
	}
	if _, err := (bounds.BiasProblem{N: 1, Spare: 0.5, Delta: 0.1}).Width(); err == nil {
		t.Error("a singular kernel has no width")
	}
	within(t, "order", bounds.BiasOrderWidth(3, 0.5, 2), 1296*math.Exp(-4), 1e-14)
	isNaN(t, map[string]float64{"order": bounds.BiasOrderWidth(3, 0, 1)})
}

// The losses are those at which the failures are delta.
func TestChernoffLoss(t *testing.T) {
	eps := bounds.ChernoffLoss(3, 500, 0.2, 1.5, 0.1)
	within(t, "loss", 3*math.Exp(-500*(eps+(1-eps)*math.Log(1-eps))*0.2/2.25), 0.1, 1e-9)
	eps = bounds.ChernoffGain(3, 500, 0.2, 1.5, 0.1)
	within(t, "gain", 3*math.Exp(-500*((1+eps)*math.Log(1+eps)-eps)*0.2/2.25), 0.1, 1e-9)
	within(t, "too narrow", bounds.ChernoffLoss(3, 1, 0.2, 1.5, 0.1), 1, 0)
	isNaN(t, map[string]float64{"loss": bounds.ChernoffLoss(1, 1, math.NaN(), 1, 0.1)})
}

func TestRegionFloor(t *testing.T) {
	// At b = 0 it is angle/(2 pi), the angle with chord delta; orthogonal inputs by hand.
	within(t, "b = 0", bounds.RegionFloor(0, 2*math.Sin(0.15)), 0.3/(2*math.Pi), 1e-12)
	within(t, "orthogonal", bounds.RegionFloor(0, math.Sqrt2), 0.25, 1e-15)
	within(t, "b = 1", bounds.RegionFloor(1, math.Sqrt2), 0.5-1/math.Sqrt(2*math.Pi)-math.Exp(-1)/4, 1e-13)
	within(t, "b = 3", bounds.RegionFloor(3, 1), (1.0/3-1.0/27)*normalDensity(3)-math.Exp(-6)/3, 1e-12)
	isNaN(t, map[string]float64{"b": bounds.RegionFloor(-1, 1), "delta": bounds.RegionFloor(1, 1.5), "zero": bounds.RegionFloor(1, 0)})
}

// The floor is below the smallest eigenvalue, which for two inputs is Q - |r| p.
func TestThresholdFloor(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		n, d, b := 1+r.IntN(7), 2+r.IntN(5), 5*r.Float64()
		x := sphere(n, d, r)
		sine := 1.0
		for i := range n {
			for j := range i {
				c := mat.Dot(x.RowView(i), x.RowView(j))
				sine = math.Min(sine, math.Sqrt((1-c)*(1+c)))
			}
		}
		lambda, err := kernel.ThresholdReLU(b).Lambda0(x)
		if err != nil {
			t.Fatal(err)
		}
		if floor := bounds.ThresholdFloor(n, sine, b); !(floor <= lambda.Upper()) {
			t.Errorf("n=%d d=%d b=%v: floor %v above %v", n, d, b, floor, lambda)
		}
	}
	// To first order in the sine the best tau is a half of the range: sqrt(2 pi) sine/8, and the floor sine density/... by hand.
	const sine = 1e-4
	within(t, "near pair", bounds.ThresholdFloor(2, sine, 1), sine*math.Sqrt(2*math.Pi)/32*normalDensity(1), 1e-3)
	within(t, "four near inputs", bounds.ThresholdFloor(4, sine, 1), sine*math.Sqrt(2*math.Pi)/96*normalDensity(1), 1e-3)
	within(t, "one", bounds.ThresholdFloor(1, 0, 1), kernel.UpperTail(1)*(1-kernel.UpperTail(1)), 1e-15)
	// Two orthonormal inputs by the formula, at every tau.
	best := 0.0
	for tau := 0.001; tau < math.Sqrt(2*math.Pi)/4; tau += 0.001 {
		a, c := kernel.UpperTail(3)-kernel.UpperTail(3+tau), kernel.UpperTail(3-tau)-kernel.UpperTail(3)
		best = math.Max(best, a*c/(a+c)*(1-4*tau/math.Sqrt(2*math.Pi)))
	}
	within(t, "orthonormal pair", bounds.ThresholdFloor(2, 1, 3), best, 2e-3)
	isNaN(t, map[string]float64{"n": bounds.ThresholdFloor(0, 1, 1), "b": bounds.ThresholdFloor(2, 1, -1), "sine": bounds.ThresholdFloor(2, 2, 1)})
}
