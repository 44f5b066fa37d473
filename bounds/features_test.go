package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"convergo/bounds"
)

func TestBernoulliDivergence(t *testing.T) {
	within(t, "D(0||b)", bounds.BernoulliDivergence(0, 0.3), -math.Log(0.7), 1e-14)
	within(t, "D(1||b)", bounds.BernoulliDivergence(1, 0.3), -math.Log(0.3), 1e-14)
	within(t, "D(1/4||1/2)", bounds.BernoulliDivergence(0.25, 0.5), math.Log(2)+0.25*math.Log(0.25)+0.75*math.Log(0.75), 1e-14)
	within(t, "small", bounds.BernoulliDivergence(5e-9, 1e-8), 1e-8*bounds.ChernoffRate(0.5), 1e-7) // the Poisson limit
	if v := bounds.BernoulliDivergence(0.4, 0.4); v != 0 {
		t.Errorf("D(a||a) = %v", v)
	}
	isNaN(t, map[string]float64{"negative": bounds.BernoulliDivergence(-0.1, 0.5), "above 1": bounds.BernoulliDivergence(0.1, 1.5)})
}

// One gate that is 1 with probability q: the sum is binomial. The bound is exact at eps = 1 and above the truth, by less than a factor of
// ten here, elsewhere.
func TestBoundedFeatureBinomial(t *testing.T) {
	const q = 0.2
	within(t, "no hit", bounds.BoundedFeatureFailure(1, 12, 1, q*9, 9), math.Pow(0.8, 12), 1e-12)
	for _, eps := range []float64{0.3, 0.6, 0.9} {
		const m = 60
		exact := distuv.Binomial{N: m, P: q}.CDF(math.Floor((1 - eps) * q * m))
		bound := bounds.BoundedFeatureFailure(1, m, eps, q, 1)
		if !(bound >= exact && bound < 10*exact) {
			t.Errorf("eps = %v: bound %v, exactly %v", eps, bound, exact)
		}
	}
	w := bounds.BoundedFeatureWidth(5, 0.5, 0.1, 2, 0.01)
	within(t, "inverse", 5*math.Exp(-w*bounds.BernoulliDivergence(0.025, 0.05)), 0.01, 1e-12)
	if f := bounds.BoundedFeatureFailure(3, 0, 0.5, 0.1, 1); f != 1 {
		t.Errorf("without neurons the failure is %v", f)
	}
	isNaN(t, map[string]float64{
		"lambda above top": bounds.BoundedFeatureWidth(1, 0.5, 2, 1, 0.1), "eps": bounds.BoundedFeatureFailure(1, 5, 1.5, 0.1, 1),
	})
}

// One ReLU sample: tau = E relu^4/E relu^2 = 3, and the bound lies above the simulated frequency.
func TestHomogeneousFeature(t *testing.T) {
	within(t, "n = 1", bounds.HomogeneousFeatureFailure(1, 200, 1, 0.5, 0.5, 1), math.Exp(-200*0.25*0.5/6), 1e-12)
	within(t, "general", bounds.HomogeneousFeatureFailure(4, 3000, 3, 0.5, 0.1, 1.5), 4*math.Exp(-3000*0.25*0.1/(2*5*2.25)), 1e-12)
	w := bounds.HomogeneousFeatureWidth(4, 3, 0.5, 0.1, 1.5, 0.02)
	within(t, "inverse", 4*math.Exp(-w*0.25*0.1/(2*5*2.25)), 0.02, 1e-12)
	rng := rand.New(rand.NewPCG(1, 1))
	const m, runs = 40, 20000
	low := 0
	for range runs {
		sum := 0.0
		for range m {
			z := math.Max(0, rng.NormFloat64())
			sum += z * z
		}
		if sum <= 0.5*m*0.5 {
			low++
		}
	}
	bound := bounds.HomogeneousFeatureFailure(1, m, 1, 0.5, 0.5, 1)
	if f := float64(low) / runs; !(f <= bound && f > bound/12) {
		t.Errorf("frequency %v, bound %v", f, bound)
	}
	isNaN(t, map[string]float64{"rank": bounds.HomogeneousFeatureFailure(1, 5, 0, 0.5, 1, 1), "delta": bounds.HomogeneousFeatureWidth(1, 1, 0.5, 1, 1, 1)})
}

func TestLastLayerWidth(t *testing.T) {
	p := bounds.LastLayerProblem{N: 4, Lambda: 0.3, S: 1.5, B0: 1, B1: 2, Output: 0.5, LabelNorm: 3, Delta: 0.1, Eps: 0.5, H: 0.2, Share: 0.25}
	rbar := 3 + 2*0.5*(1+math.Sqrt(2*math.Log(100)))
	within(t, "residual", p.ResidualBound(), rbar, 1e-13)
	within(t, "second term", p.Width(), 2*1.5*rbar/(0.8*0.25*0.5*0.3), 1e-13)
	within(t, "rate", p.Rate(100), 2*0.8*0.75*0.5*100*0.3, 1e-13)
	p.B1 = 1e-3
	mu := 0.3 / 4
	d := mu/2*math.Log(0.5) + (1-mu/2)*math.Log((1-mu/2)/(1-mu))
	within(t, "first term", p.Width(), math.Log(4/0.09)/d, 1e-10)
	p.Share = 1
	within(t, "printed", bounds.PrintedSubquadraticWidth(16, 3, 0.25), 9*4*8, 1e-13)
	isNaN(t, map[string]float64{"printed": bounds.PrintedSubquadraticWidth(0, 1, 1), "share": p.Width()})
}

// The norm of the outputs at the start stays below the bound for all but a tenth of delta of the draws.
func TestLastLayerResidualBound(t *testing.T) {
	p := bounds.LastLayerProblem{N: 1, B0: 1, Output: 1, Delta: 0.5}
	rng := rand.New(rand.NewPCG(9, 9))
	over, runs := 0, 20000
	for range runs {
		if !(math.Abs(rng.NormFloat64()) <= p.ResidualBound()) { // phi = +-1
			over++
		}
	}
	if float64(over)/float64(runs) > 0.05 {
		t.Errorf("%d of %d above the bound", over, runs)
	}
}

// One sample and phi = +-1: A is constant, u is N(0, output^2), and the variance is 2 output^4 + 4 output^2 y^2. The bound has 3/m more.
func TestInitialLossDeviation(t *testing.T) {
	const output, y = 1.5, 0.7
	got := bounds.InitialLossDeviation(1, 1, y*y, 1, output, 1e6)
	within(t, "signs", got*got, 2*math.Pow(output, 4)+4*output*output*y*y, 1e-5)
	within(t, "one neuron", math.Pow(bounds.InitialLossDeviation(2, 3, 5, 7, 2, 1), 2), 16*(42+6)+80, 1e-13)

	// Two samples and phi = (g, h) clipped to [-1, 1]: simulated variance below the bound, by not much.
	rng := rand.New(rand.NewPCG(7, 7))
	const m, runs = 3, 40000
	clip := func() float64 { return math.Max(-1, math.Min(1, 2*rng.NormFloat64())) }
	var sum, squares, second float64
	for range runs {
		var u [2]float64
		for range m {
			v := rng.NormFloat64() / math.Sqrt(m)
			a, b := clip(), clip()
			second += (a*a + b*b) / (2 * m * runs)
			u[0] += v * a
			u[1] += v * b
		}
		loss := math.Pow(u[0]-1, 2) + math.Pow(u[1]+1, 2)
		sum += loss / runs
		squares += loss * loss / runs
	}
	sd := math.Sqrt(squares - sum*sum)
	bound := bounds.InitialLossDeviation(2*second, 2*second*second, 2*second, 2, 1, m)
	if !(sd <= bound && bound < 1.3*sd) {
		t.Errorf("standard deviation %v, bound %v", sd, bound)
	}
}
