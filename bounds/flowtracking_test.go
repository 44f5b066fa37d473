package bounds

import (
	"math"
	"testing"
)

// TestTrackingBound: on one parabola whose tube has no width the bound is the sum of what its recursion adds, each by quadrature.
func TestTrackingBound(t *testing.T) {
	const eta = 0.3
	cells := []TubeCell{{2, 3, -0.5}, {1, 0.7, 0}, {4, 1, 2}, {1, 2, 1e-9}}
	want := []float64{0.1}
	for k, c := range cells {
		const n = 20000
		sum := 0.0
		for i := range n {
			s := (float64(i) + 0.5) * eta / n
			sum += math.Exp(c.Curvature*(eta-s)) * c.Smoothness * c.Gradient * s * eta / n
		}
		want = append(want, math.Exp(c.Curvature*eta)*want[k]+sum)
	}
	for k, got := range TrackingBound(eta, 0.1, cells) {
		if !(math.Abs(got/want[k]-1) <= 1e-8) {
			t.Errorf("after %d steps: %v, want %v", k, got, want[k])
		}
	}
	for _, z := range []float64{-3, -0.1001, -0.0999, 1e-9, 0.0999, 0.1001, 3} {
		big := (math.Expm1(z) - z) / (z * z)
		if got := secondRemainder(z); !(math.Abs(z) <= 1e-3) && !(math.Abs(got/big-1) <= 1e-12) || math.Abs(z) < 1e-3 && !(math.Abs(got-0.5) <= 1e-9) {
			t.Errorf("second remainder at %v: %v, want %v", z, got, big)
		}
	}
}

// TestTrackingStep against the closed form for constant m, and against a brute force for one that changes its sign.
func TestTrackingStep(t *testing.T) {
	constant := func(m float64, cells int) []float64 {
		v := make([]float64, cells)
		for i := range v {
			v[i] = m
		}
		return v
	}
	const eps, off, beta, gamma, T = 0.1, 0.02, 3, 5, 1.5
	grow := math.Exp(0.8 * T)
	if got, want := TrackingStep(eps, off, beta, gamma, T/30, constant(0.8, 30)), (eps-grow*off)/(15*(grow-1)/0.8); !(math.Abs(got/want-1) <= 1e-12) {
		t.Errorf("step %v, want %v", got, want)
	}
	if got, want := TrackingStep(eps, 0, beta, gamma, T/30, constant(0, 30)), eps/(15*T); !(math.Abs(got/want-1) <= 1e-12) {
		t.Errorf("step without curvature %v, want %v", got, want)
	}
	if got := TrackingStep(eps, 0.05, beta, gamma, T/30, constant(0.8, 30)); got != 0 {
		t.Errorf("an offset that grows beyond eps allows a step of %v", got)
	}
	wave := make([]float64, 3000)
	least, h := math.Inf(1), T/3000.
	for i := range wave {
		wave[i] = 2 * math.Cos(4*h*(float64(i)+0.5))
	}
	for i := 1; i <= 60; i++ { // int_0^t m = sin(4 t)/2
		at := T * float64(i) / 60
		integral := 0.0
		for k := range 4000 {
			s := at * (float64(k) + 0.5) / 4000
			integral += math.Exp((math.Sin(4*at)-math.Sin(4*s))/2) * at / 4000
		}
		least = min(least, (eps-math.Exp(math.Sin(4*at)/2)*off)/(beta*gamma*integral))
	}
	if got := TrackingStep(eps, off, beta, gamma, h, wave); got > least*(1+1e-6) || got < 0.99*least {
		t.Errorf("step %v under a wave, brute force %v", got, least)
	}
}

func TestConvexTracking(t *testing.T) {
	// One step on 3x^2/2 from 1 at a small eta: 1 - 3 eta against e^{-3 eta}.
	const eta = 1e-4
	dev := math.Exp(-3*eta) - (1 - 3*eta)
	if got := ConvexTracking(3, 3, eta, 1); got < dev || got > 1.001*dev {
		t.Errorf("bound %v on %v", got, dev)
	}
	if got, want := ConvexTracking(2, 5, 0.1, 30), 1.5; !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("bound %v, want %v", got, want)
	}
}

// TestRidge by iteration.
func TestRidge(t *testing.T) {
	r := Ridge{Curvature: 2, Start: 0.3, Time: 1.5}
	deviation := func(steps int) float64 {
		x := r.Start
		for range steps {
			x *= 1 + r.Curvature*r.Time/float64(steps)
		}
		return r.Start*math.Exp(r.Curvature*r.Time) - x
	}
	if got, want := r.Deviation(0.5), deviation(3); !(math.Abs(got/want-1) <= 1e-12) {
		t.Errorf("deviation at eta m = 1: %v, want %v", got, want)
	}
	for steps := 3; steps < 200; steps++ {
		eta := r.Time / float64(steps)
		dev := deviation(steps)
		if r.Deviation(eta) > dev*(1+1e-12) || r.NecessaryStep(dev) < eta*(1-1e-12) || r.SufficientStep(dev) > eta {
			t.Errorf("%d steps: deviation %v against %v, step %v between %v and %v", steps, dev, r.Deviation(eta), eta, r.SufficientStep(dev), r.NecessaryStep(dev))
		}
	}
	if got, want := r.SufficientStep(deviation(100000)), 1.5e-5; !(math.Abs(got/want-1) <= 1e-4) {
		t.Errorf("sufficient step %v, want about %v", got, want)
	}
	if got := r.NecessaryStep(deviation(3)); !(math.Abs(got/0.5-1) <= 1e-12) {
		t.Errorf("necessary step %v, want 0.5", got)
	}
	if !math.IsInf(r.NecessaryStep(10), 1) {
		t.Error("a distance that the flow itself does not reach forbids steps")
	}
}

func TestDeepCurvature(t *testing.T) {
	for _, tt := range []struct {
		grad, slope float64
		norms       []float64
		want        float64
	}{
		{3, 1, []float64{5}, 0},
		{3, 1, []float64{5, 7}, -3},
		{2, 1, []float64{5, 7, 3}, -2 * 2 * 7},
		{2, 3, []float64{1, 5, 0.5, 4}, -3 * 27 * 2 * 20},
	} {
		if got := DeepCurvature(tt.grad, tt.slope, tt.norms); !(math.Abs(got-tt.want) <= 1e-12) {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// TestDeepTube against the Hessian of (1/2)(ab - l)^2 for two numbers at the corners of the tube.
func TestDeepTube(t *testing.T) {
	const a, b, l, eps = 0.7, 0.4, 1.0, 0.1
	c, err := DeepTube([]float64{a, b}, l-a*b, eps)
	if err != nil {
		t.Fatal(err)
	}
	// gradient (ab-l)(b, a), Hessian [[b^2, 2ab-l], [2ab-l, a^2]]
	wide := l - a*b + (a+eps)*(b+eps) - a*b
	squares := (a+eps)*(a+eps) + (b+eps)*(b+eps)
	for name, pair := range map[string][2]float64{
		"curvature": {c.Curvature, wide}, "smoothness": {c.Smoothness, squares + wide}, "gradient": {c.Gradient, math.Sqrt(squares) * wide},
	} {
		if !(math.Abs(pair[0]/pair[1]-1) <= 1e-12) {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
	if _, err := DeepTube([]float64{1}, 0, 0.1); err == nil {
		t.Error("one layer is accepted")
	}
	if _, err := DeepTube([]float64{1, 1}, math.NaN(), 0.1); err == nil {
		t.Error("NaN is accepted")
	}
}
