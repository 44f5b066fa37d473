package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds"
)

// powers returns the largest ||B^t||_2/rate^t over t <= steps, by repeated multiplication.
func powers(a, b, rate float64, steps int) float64 {
	p, largest := [4]float64{1, 0, 0, 1}, 1.0
	for range steps {
		p = [4]float64{(a*p[0] - b*p[2]) / rate, (a*p[1] - b*p[3]) / rate, p[0] / rate, p[1] / rate}
		norm := (math.Hypot(p[0]+p[3], p[2]-p[1]) + math.Hypot(p[0]-p[3], p[2]+p[1])) / 2
		largest = math.Max(largest, norm)
	}
	return largest
}

func TestCompanionFactorAgainstPowers(t *testing.T) {
	for _, c := range [][2]float64{{1.2, 0.5}, {0.1, 0.9}, {-1.5, 0.8}, {1.9, 0.95}} {
		bound := bounds.CompanionFactor(c[0], c[1])
		got := powers(c[0], c[1], math.Sqrt(c[1]), 4000)
		if !(got <= bound*(1+1e-9) && got >= 0.999*bound) {
			t.Errorf("a, b = %v: powers reach %v of %v", c, got, bound)
		}
	}
	isNaN(t, map[string]float64{"real roots": bounds.CompanionFactor(2, 0.5)})
}

func TestNesterovHalfFactor(t *testing.T) {
	within(t, "C(1)", bounds.NesterovHalfFactor(1), 5.5+math.Sqrt(117)/2, 1e-12)
	within(t, "C/s at 1e10", bounds.NesterovHalfFactor(1e10)/1e5, 6*math.Sqrt2, 1e-4)
	for _, kappa := range []float64{1, 1.2, 2, 5, 50, 1000, 1e6} {
		s := math.Sqrt(kappa)
		if c := bounds.NesterovHalfFactor(kappa); !(c <= (5.5+math.Sqrt(117)/2)*s*(1+1e-12) && c >= 0.9999*6*math.Sqrt2*s) {
			t.Errorf("C(%v) = %v", kappa, c)
		}
	}
	// At kappa = 1000 the powers come within 1 %.
	m := bounds.NesterovHalf(1e-3, 1)
	largest := 0.0
	for k := range 60 {
		a, b := bounds.NesterovBlock(m.Step, m.Beta, 1e-3*math.Pow(1000, float64(k)/59))
		largest = math.Max(largest, powers(a, b, m.Radius, 1500))
	}
	if c := bounds.NesterovHalfFactor(1000); !(largest <= c && largest > 0.98*c) {
		t.Errorf("powers reach %v, C(1000) = %v", largest, c)
	}
	isNaN(t, map[string]float64{"kappa < 1": bounds.NesterovHalfFactor(0.5), "heavy ball": bounds.WangHeavyBallFactor(0.5)})
}

func TestWangHeavyBallFactor(t *testing.T) {
	for _, kappa := range []float64{1, 3, 30, 1000} {
		m, largest := bounds.WangHeavyBall(1/kappa, 1), 0.0
		for k := range 40 {
			a, b := bounds.HeavyBallBlock(m.Step, m.Beta, math.Pow(kappa, -float64(k)/39))
			largest = math.Max(largest, powers(a, b, m.Radius, 1500))
		}
		if c := bounds.WangHeavyBallFactor(kappa); !(largest <= c*(1+1e-9) && largest > 0.99*c && c <= 4/math.Sqrt(3)*math.Sqrt(kappa)) {
			t.Errorf("kappa = %v: powers reach %v of %v", kappa, largest, c)
		}
	}
}

func TestCompanionModeAgainstTheRecursion(t *testing.T) {
	for _, c := range [][2]float64{{1.2, 0.5}, {0.1, 0.9}, {-1.5, 0.8}, {2, 0.5}, {-1.4, 0.2}, {0.6, 0}, {1, 0.25}, {0, 0}, {0, 0.3}} {
		a, b := c[0], c[1]
		x, before := 1.0, 1.0
		kick, rest := 1.0, 0.0
		for k := range 40 {
			if got := bounds.CompanionImpulse(a, b, k); !(math.Abs(got-kick) <= 1e-11*(1+math.Abs(kick))) {
				t.Fatalf("a, b = %v: impulse after %d steps %v, by the recursion %v", c, k, got, kick)
			}
			kick, rest = a*kick-b*rest, kick
			if got := bounds.CompanionMode(a, b, k); !(math.Abs(got-x) <= 1e-11*(1+math.Abs(x))) {
				t.Fatalf("a, b = %v: x_%d = %v, by the recursion %v", c, k, got, x)
			}
			x, before = a*x-b*before, x
		}
	}
	isNaN(t, map[string]float64{"b < 0": bounds.CompanionMode(1, -1, 3), "t < 0": bounds.CompanionMode(1, 1, -1), "impulse": bounds.CompanionImpulse(1, -1, 0)})
}

func TestWangHeavyBall(t *testing.T) {
	m := bounds.WangHeavyBall(0.02, 2)
	within(t, "step", m.Step, 0.5, 1e-15)
	within(t, "beta", m.Beta, 0.95*0.95, 1e-14)
	for _, l := range []float64{0.02, 0.3, 2} {
		a, b := bounds.HeavyBallBlock(m.Step, m.Beta, l)
		within(t, "radius", bounds.CompanionRadius(a, b), m.Radius, 1e-14)
	}
}

func TestNesterovCrossing(t *testing.T) {
	for factor, faster := range map[float64]bool{1 - 1e-9: false, 1 + 1e-9: true} {
		kappa := bounds.NesterovCrossing * factor
		if got := bounds.NesterovHalf(1/kappa, 1).Radius < 1-1/kappa; got != faster {
			t.Errorf("at kappa = %v Nesterov's method is faster: %v, want %v", kappa, got, faster)
		}
	}
}

// TestFlipDefectFromItsMatrix takes the largest matrix that the proof allows: s on the diagonal, 2s off it.
func TestFlipDefectFromItsMatrix(t *testing.T) {
	const n, eta, s = 5, 0.3, 0.1
	v, w := make([]float64, n), make([]float64, n)
	for i := range v {
		v[i] = 1 / math.Sqrt(n)
	}
	var norm float64
	for i := range w {
		for j := range v {
			entry := 2 * s
			if i == j {
				entry = s
			}
			w[i] += eta * entry * v[j]
		}
		norm = math.Hypot(norm, w[i])
	}
	within(t, "defect", bounds.FlipDefect(n, eta, s), norm, 1e-14)
	// Heavy ball: one more term of n equal outputs, each of m s/sqrt m neurons that move by v.
	const m, beta, speed = 40, 0.8, 0.07
	outputs := 0.0
	for range n {
		outputs = math.Hypot(outputs, beta*(m*s)*speed/math.Sqrt(m))
	}
	within(t, "heavy ball", bounds.MomentumFlipDefect(n, m, eta, beta, s, 2, 5, speed, false), 2*norm+outputs, 1e-13)
	within(t, "Nesterov", bounds.MomentumFlipDefect(n, m, eta, beta, s, 2, 5, speed, true), 1.8*2*norm+0.8*5*norm+outputs, 1e-13)
}

// TestMomentumMovement adds up the steps of one neuron with gradients of the largest size.
func TestMomentumMovement(t *testing.T) {
	const eta, s, b, q, m = 0.1, 1.7, 3.0, 0.8, 25
	for _, beta := range []float64{0, 0.6} {
		var position, velocity float64
		grad := s * b / math.Sqrt(m)
		for range 2000 { // heavy ball
			velocity = beta*velocity - eta*grad
			position += velocity
			grad *= q
		}
		within(t, "movement", bounds.MomentumMovement(eta, beta, s, b, q, m), -position, 1e-12)
	}
	isNaN(t, map[string]float64{"q = 1": bounds.MomentumMovement(1, 0, 1, 1, 1, 1)})
}

// TestProveNesterov runs the recursion of the proof with the largest defects that the budget allows, in norms.
func TestProveNesterov(t *testing.T) {
	const n, s, lmin, lmax = 3, 1.4, 0.2, 0.9
	for _, share := range []float64{0.3, 0.5, 0.6} {
		p := bounds.ProveNesterov(n, s, lmin, lmax, share)
		within(t, "kappa", p.Root*p.Root, lmax/lmin, 1e-14)
		within(t, "rate", p.Rate, 1-share/math.Sqrt(lmax/lmin), 1e-14)
		const m = 10000
		e0 := 2.0
		// Steps of a neuron under gradients of the largest size, in Nesterov's method: velocity, then position.
		bound := func(u int) float64 { return math.Sqrt2 * p.Factor * e0 * math.Pow(p.Rate, float64(u)) }
		grad := func(u int) float64 { return s / math.Sqrt(m) * bound(u) }
		var position, velocity float64
		var defects []float64
		for u := range 60 {
			defect := 0.0
			if u > 0 {
				defect = bounds.MomentumFlipDefect(n, m, p.Step, p.Beta, p.Budget, bound(u), bound(u-1), velocity, true)
				velocity = p.Beta*velocity + p.Step*((1+p.Beta)*grad(u)-p.Beta*grad(u-1))
			} else {
				velocity = p.Step * (1 + p.Beta) * grad(0)
			}
			position += math.Abs(velocity)
			defects = append(defects, defect)
			z := p.Factor * math.Pow(p.Radius, float64(u+1)) * math.Sqrt2 * e0
			for k, d := range defects {
				z += p.Factor * math.Pow(p.Radius, float64(u-k)) * d
			}
			if !(z <= bound(u+1)*(1+1e-12)) {
				t.Fatalf("share %v: step %d allows %v beyond %v", share, u+1, z, bound(u+1))
			}
		}
		if r := p.Movement * e0 / math.Sqrt(m); !(position <= r) {
			t.Errorf("share %v: a neuron moves by %v beyond %v", share, position, r)
		}
		var total float64 // of all gradients, each 1/(1-beta) times
		for u := range 500 {
			total += p.Step * grad(u) / (1 - p.Beta)
		}
		within(t, "movement", p.Movement*e0/math.Sqrt(m), total, 1e-12)
		within(t, "budget", p.Budget*slope(p, n, s)*p.Factor, p.Rate-p.Radius, 1e-12)
		// The budget cannot be much larger: with twice of it the recursion of the proof breaks its bound.
		z, broken := 0.0, false
		for u := 1; u < 60; u++ {
			z = p.Radius*z + 2*p.Factor*p.Budget*slope(p, n, s)*bound(u-1)
			broken = broken || z+p.Factor*math.Sqrt2*e0*math.Pow(p.Radius, float64(u)) > bound(u)
		}
		if !broken {
			t.Errorf("share %v: twice the budget keeps the bound", share)
		}
	}
	isNaN(t, map[string]float64{"too fast": bounds.ProveNesterov(1, 1, 1, 1, 0.69).Budget, "radius": bounds.ProveNesterov(1, 1, 1, 1, 1).Budget})
}

// slope is G of the proof, from the geometric series behind it.
func slope(p bounds.NesterovProof, n int, s float64) float64 {
	series := 1 + p.Beta // of the weights that a gradient has in the last step, over Rate^u
	for k, w := 1, p.Beta*p.Beta; k < 400; k, w = k+1, w*p.Beta {
		series += w / math.Pow(p.Rate, float64(k))
	}
	return p.Step*float64(2*n-1)*(1+p.Beta+p.Beta/p.Rate) + p.Beta*math.Sqrt(float64(n))*p.Step*s*series/p.Rate
}

// The width is where the last of the events, each by itself, reaches its share of delta.
func TestNesterovWidth(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	decides := map[string]int{}
	for range 200 {
		n := 1 + rng.IntN(4)
		p := bounds.Problem{N: n, Lambda0: math.Pow(10, -4*rng.Float64()) / 2, S: 1 + rng.Float64()*(math.Sqrt(float64(n))-1), Delta: 0.01 + 0.9*rng.Float64(), LabelNorm: math.Pow(10, 12*rng.Float64()-16)}
		top := 0.5 * p.S * p.S
		for _, anti := range []bool{false, true} {
			events, copies, residual, share, width := 4.0, 1.0, bounds.ResidualBound(p.LabelNorm, n, p.Delta/4), 0.5, bounds.NesterovWidth(p)
			if anti {
				events, copies, residual, share = 3, 2, p.LabelNorm, 0.3
				width = bounds.AntisymmetricNesterovWidth(p, top, share)
			}
			proof := bounds.ProveNesterov(n, p.S, 0.75*p.Lambda0, top+p.Lambda0/4, share)
			needs := map[string]func(m float64) bool{
				"lambda_min": func(m float64) bool {
					return float64(n)*math.Exp(-m/copies*bounds.ChernoffRate(0.25)*p.Lambda0/(p.S*p.S)) <= p.Delta/events
				},
				"lambda_max": func(m float64) bool {
					return float64(n)*math.Exp(-m/copies*bounds.ChernoffUpperRate(p.Lambda0/(4*top))*top/(p.S*p.S)) <= p.Delta/events
				},
				"radius": func(m float64) bool {
					return 2*proof.Movement*residual/math.Sqrt(m)*math.Sqrt(2/math.Pi) <= proof.Budget
				},
				"count": func(m float64) bool { // n exp(-(m/copies) p/3) at p = Budget/2
					return float64(n)*math.Exp(-m/copies*proof.Budget/6) <= p.Delta/events
				},
			}
			least, by := 0.0, ""
			for what, enough := range needs {
				lo, hi := 1.0, 1e40
				for range 200 {
					if mid := math.Sqrt(lo * hi); enough(mid) {
						hi = mid
					} else {
						lo = mid
					}
				}
				if hi > least {
					least, by = hi, what
				}
			}
			decides[by]++
			within(t, "width of "+by, width, least, 1e-9)
		}
	}
	if decides["lambda_min"] > 0 || decides["lambda_max"] == 0 || decides["radius"] == 0 || decides["count"] == 0 {
		t.Errorf("the width is decided by %v; every event but lambda_min should decide some", decides)
	}
	p := bounds.Problem{N: 2, Lambda0: 0.4, S: 1, Delta: 0.1}
	kappa := (0.5 + 0.1) / 0.3
	within(t, "printed", bounds.PrintedNesterovWidth(p, 0.5), 16*kappa*kappa/0.09*math.Pow(math.Log(20), 3), 1e-13)
	isNaN(t, map[string]float64{"bad": bounds.NesterovWidth(bounds.Problem{N: 1}), "top": bounds.AntisymmetricNesterovWidth(p, 0, 0.5)})
}
