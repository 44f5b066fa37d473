package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
)

func ExampleMaskScheme() {
	dropout := bounds.MaskScheme{Keep: 0.5, Models: 1, LocalSteps: 1}
	subnets := bounds.MaskScheme{Keep: 0.25, Models: 4, LocalSteps: 1, Partition: true}
	fmt.Printf("%.3f %.3f\n", dropout.Factor(2, 0.5), subnets.Factor(2, 0.5))
	// Output: 0.750 0.750
}

func ExampleMaskedLimit() {
	x := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	h, _ := kernel.ReLU().Gram(x)
	c1, _ := kernel.ReLUFeature().Gram(x)
	limit, err := bounds.NewMaskedLimit(h, c1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range []int{1, 4} {
		fmt.Printf("%.4f\n", limit.Floor(bounds.MaskScheme{Keep: 0.5, Models: p, LocalSteps: 1}, 2, 1))
	}
	// Output:
	// 0.0357
	// 0.0191
}

// The table of Liao and Kyrillidis (2022).
func TestSchemesOfTheCard(t *testing.T) {
	const eta, h, q = 0.7, 0.4, 0.3
	for _, c := range []struct {
		name          string
		scheme        bounds.MaskScheme
		theta, factor float64
	}{
		{"gradient descent", bounds.MaskScheme{Keep: 1, Models: 1, LocalSteps: 1}, 1, 1 - eta*h},
		{"gradient descent, two models", bounds.MaskScheme{Keep: 1, Models: 2, LocalSteps: 3}, 1, math.Pow(1-eta*h, 3)},
		{"dropout", bounds.MaskScheme{Keep: 1 - q, Models: 1, LocalSteps: 1}, 1 - q, 1 - eta*(1-q)*(1-q)*h},
		{"multi-sample dropout", bounds.MaskScheme{Keep: 1 - q, Models: 5, LocalSteps: 1},
			1 - math.Pow(q, 5), 1 - eta*(1-q)*(1-math.Pow(q, 5))*h},
		{"Bernoulli sub-networks", bounds.MaskScheme{Keep: 0.2, Models: 3, LocalSteps: 4},
			1 - math.Pow(0.8, 3), 1 - (1-math.Pow(0.8, 3))*(1-math.Pow(1-eta*0.2*h, 4))},
		{"partition", bounds.MaskScheme{Keep: 0.25, Models: 4, LocalSteps: 6, Partition: true}, 1, math.Pow(1-eta*h/4, 6)},
		{"inverted dropout", bounds.MaskScheme{Keep: 1 - q, Models: 1, LocalSteps: 1, Inverted: true}, 1 - q, 1 - eta*h},
		{"inverted, two models", bounds.MaskScheme{Keep: 0.5, Models: 2, LocalSteps: 1, Inverted: true}, 0.75, 1 - eta*0.75/0.5*h},
	} {
		if err := c.scheme.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		within(t, c.name+": theta", c.scheme.Theta(), c.theta, 1e-14)
		within(t, c.name+": factor", c.scheme.Factor(eta, h), c.factor, 1e-14)
	}
	fast := bounds.MaskScheme{Keep: 1, Models: 1, LocalSteps: 1}
	within(t, "factor of too long a step", fast.SlowestFactor(4.5, []float64{0.1, 0.4}), 0.8, 1e-14)
	within(t, "slowest factor", fast.SlowestFactor(2, []float64{0.1, 0.4}), 0.8, 1e-14)
	within(t, "progress beyond 1", bounds.MaskScheme{Keep: 1, Models: 1, LocalSteps: 3}.LocalProgress(4, 0.4), 1+math.Pow(0.6, 3), 1e-13)
}

func TestBadSchemes(t *testing.T) {
	for _, s := range []bounds.MaskScheme{
		{Keep: 0, Models: 1, LocalSteps: 1}, {Keep: 1.1, Models: 1, LocalSteps: 1}, {Keep: math.NaN(), Models: 1, LocalSteps: 1},
		{Keep: 0.5, LocalSteps: 1}, {Keep: 0.5, Models: 1}, {Keep: 0.5, Models: 3, LocalSteps: 1, Partition: true},
	} {
		if s.Validate() == nil {
			t.Errorf("%+v passes", s)
		}
	}
	if _, err := bounds.NewMaskedLimit(mat.NewSymDense(2, nil), mat.NewSymDense(3, nil)); err == nil {
		t.Error("kernels of two sizes pass")
	}
}

func maskedLimit(t *testing.T, x *mat.Dense) (l *bounds.MaskedLimit, h, c1 *mat.SymDense) {
	t.Helper()
	h, err := kernel.ReLU().Gram(x)
	if err != nil {
		t.Fatal(err)
	}
	if c1, err = kernel.ReLUFeature().Gram(x); err != nil {
		t.Fatal(err)
	}
	if l, err = bounds.NewMaskedLimit(h, c1); err != nil {
		t.Fatal(err)
	}
	return l, h, c1
}

// lyapunov iterates Sigma <- A Sigma A + theta^2 B C B with dense matrices and returns the traces.
func lyapunov(s bounds.MaskScheme, eta float64, h, c *mat.SymDense, sigma *mat.Dense, rounds int) []float64 {
	n := h.SymmetricDim()
	gain := eta * s.Keep
	if s.Inverted {
		gain = eta / s.Keep
	}
	step := mat.NewDense(n, n, nil)
	step.Scale(-gain, h)
	eye := mat.NewDense(n, n, nil)
	for i := range n {
		step.Set(i, i, 1+step.At(i, i))
		eye.Set(i, i, 1)
	}
	var b, a, noise mat.Dense
	b.Pow(step, s.LocalSteps)
	b.Sub(eye, &b)
	b.Scale(s.Theta(), &b)
	a.Sub(eye, &b)
	noise.Product(&b, c, &b)
	traces := make([]float64, rounds+1)
	for k := range traces {
		traces[k] = mat.Trace(sigma)
		var next mat.Dense
		next.Product(&a, sigma, &a)
		next.Add(&next, &noise)
		sigma = &next
	}
	return traces
}

func TestFloorIsTheFixedPoint(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		n := 1 + rng.IntN(4)
		l, h, c1 := maskedLimit(t, sphere(n, 5, rng))
		_, top := extremes(h)
		s := bounds.MaskScheme{Keep: 0.2 + 0.7*rng.Float64(), Models: 1 + rng.IntN(4), LocalSteps: 1 + rng.IntN(4), Inverted: rng.IntN(4) == 0}
		eta, kappa := (0.5+0.5*rng.Float64())/(s.Keep*top), 0.5+rng.Float64()
		variance := s.Keep * (1 - s.Keep) * kappa * kappa / float64(s.Models)
		if s.Inverted {
			eta = s.Keep / top
			variance /= s.Keep * s.Keep
		}
		c := mat.NewSymDense(n, nil)
		c.ScaleSym(variance, c1)
		e0 := make([]float64, n)
		for i := range e0 {
			e0[i] = rng.NormFloat64()
		}
		v := mat.NewVecDense(n, e0)
		var start mat.Dense
		start.Outer(1, v, v)
		want := lyapunov(s, eta, h, c, &start, 3000)
		got := l.SquaredError(s, eta, kappa, e0, 3000)
		for _, k := range []int{0, 1, 7, 3000} {
			within(t, fmt.Sprintf("squared error after %d rounds", k), got[k], want[k], 1e-11)
		}
		if math.Pow(s.SlowestFactor(eta, l.Values), 6000) < 1e-13 {
			within(t, "floor", l.Floor(s, eta, kappa), want[3000], 1e-11)
		}
	}
}

func TestFloorLimits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	l, h, c1 := maskedLimit(t, sphere(3, 4, rng))
	top := l.Values[2]
	for _, s := range []bounds.MaskScheme{
		{Keep: 0.5, Models: 1, LocalSteps: 1}, {Keep: 0.3, Models: 4, LocalSteps: 3}, {Keep: 0.7, Models: 2, LocalSteps: 2, Inverted: true},
	} {
		// To first order in eta the floor is eta tau theta xi^2 (1-xi) kappa^2 tr(H C1)/(2p).
		step, noise := s.Keep, s.Keep*(1-s.Keep)/float64(s.Models)
		if s.Inverted {
			step, noise = 1/s.Keep, noise/(s.Keep*s.Keep)
		}
		var hc mat.Dense
		hc.Mul(h, c1)
		small := 1e-7 * step * float64(s.LocalSteps) * s.Theta() * noise * 4 * mat.Trace(&hc) / 2
		within(t, "floor at a small step", l.Floor(s, 1e-7, 2), small, 1e-6)
		long := s
		long.LocalSteps = 1 << 20
		within(t, "floor of long rounds", l.Floor(long, 0.3/top, 2), bounds.LongRoundFloor(s, 3, 2), 1e-9)
		within(t, "floor in kappa", l.Floor(s, 0.1/top, 4), 4*l.Floor(s, 0.1/top, 2), 1e-14)
	}
	for _, s := range []bounds.MaskScheme{{Keep: 1, Models: 3, LocalSteps: 2}, {Keep: 0.5, Models: 2, LocalSteps: 2, Partition: true}} {
		if f := l.Floor(s, 1, 1); f != 0 {
			t.Errorf("floor of %+v is %v, want 0", s, f)
		}
	}
	if f := l.Floor(bounds.MaskScheme{Keep: 0.9, Models: 4, LocalSteps: 1}, 3/top, 1); !math.IsInf(f, 1) {
		t.Errorf("floor of a diverging recursion is %v, want +Inf", f)
	}
}

func TestMaskedWidths(t *testing.T) {
	for _, masks := range []int{1, 60} {
		m := bounds.MaskedWidth(8, masks, 1, 0.3, 1.6, 0.1, 0.05)
		fail := bounds.MaskedChernoffFailure(8, int(math.Ceil(m)), masks, 0.5, 0.3, 0.1, 1.6)
		if !(fail <= 0.05 && fail > 0.0495) {
			t.Errorf("failure %v at the width for 0.05", fail)
		}
	}
	within(t, "xi = 1", bounds.MaskedChernoffFailure(5, 300, 1, 0.5, 1, 0.2, 1.2), bounds.ChernoffFailure(5, 300, 0.5, 0.2, 1.2), 1e-14)
	within(t, "certificate", bounds.MaskedCertificateWidth(1, 0.1, 0.5, bounds.BestTheta, 0.5), 4*bounds.CertificateWidth(1, 0.1, 0.5, bounds.BestTheta), 1e-14)
	within(t, "partition floor by hand", bounds.PartitionFloor(2, 100, 3, 2, 1), 4*1*3/(4*16*100*0.75), 1e-14)
	within(t, "ridge", bounds.DropoutRidge(0.3, 4, 2), 0.3*0.7*8, 1e-14)
	isNaN(t, map[string]float64{
		"failure without mask": bounds.MaskedChernoffFailure(1, 1, 0, 0.5, 0.5, 1, 1),
		"certificate at xi=0":  bounds.MaskedCertificateWidth(1, 1, 1, 0.3, 0),
		"partition, no models": bounds.PartitionFloor(0, 1, 1, 1, 1),
		"ridge at xi=2":        bounds.DropoutRidge(2, 1, 1),
		"long rounds, n=0":     bounds.LongRoundFloor(bounds.MaskScheme{Keep: 0.5, Models: 1, LocalSteps: 1}, 0, 1),
	})
}
