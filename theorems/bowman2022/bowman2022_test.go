package bowman2022

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"

	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/joint"
)

// TestClaims checks every claim; run one with -run 'TestClaims/bowman2022/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// TestLimit compares both forms of K^inf with each other and with one wide network.
func TestLimit(t *testing.T) {
	const n, m = 7, 40000
	angles := []float64{0, 0.1, 0.5, 1, 2, 3, math.Pi}
	x := circlePoints(n, func(i int) float64 { return angles[i] })
	g, err := limitGram(x)
	if err != nil {
		t.Fatal(err)
	}
	law := joint.Law{Width: m, Dim: 2, Act: nets.ReLU(), Output: nets.GaussianOutput}
	at := law.Draw(rand.New(rand.NewPCG(1, 1))).At(x)
	k := at.Kernel(at)
	for i, a := range angles {
		sin, cos := math.Sincos(a)
		want := limitKernel(kernel.Pair{NormX: 1, NormY: 1, Cos: cos, Sin: sin, Angle: a})
		if got := n * g.At(0, i); !(math.Abs(got-want) <= 1e-12) {
			t.Errorf("angle %v: %v of the Gram matrix, %v of the kernel", a, got, want)
		}
		if got := k.At(0, i); !(math.Abs(got-want) <= 0.1) {
			t.Errorf("angle %v: a network has %v, the limit is %v", a, got, want)
		}
	}
}

// TestDeviations compares the standard deviation that each mean is given with that of its trials.
func TestDeviations(t *testing.T) {
	instance := func(in checks.Instance, err error) checks.Instance {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	tests := []struct {
		name  string
		in    checks.Instance
		least float64 // of the deviation
	}{
		{"operator-mean", instance(operatorMeanSetup(sampling{4, 3, 10}, 1, 1)), 0.85},
		{"start-kernel, signs", instance(kernelSetup(pairing{1, 40, true, 4}, 1, 0, false)), 0.6},
		{"start-kernel, normal", instance(kernelSetup(pairing{0, 40, false, 4}, 1, 0, false)), 0.4},
		{"width-defect", instance(comparisonPlan{1, 1, 1, 1}.setup(comparison{data.Spec{Kind: data.Sphere, N: 3, D: 2, Seed: 1}, 40, 4})), 0.3},
		{"sample-defect", instance(defectSetup(defect{6, 2, 0, 4}, 1, 1, 2, 1)), 0.5},
	}
	for i, c := range tests {
		r, values := rand.New(rand.NewPCG(7, uint64(i))), make([]float64, 800)
		for j := range values {
			m := c.in.Trial(r)
			values[j] = m.Observed
		}
		if got := stat.StdDev(values, nil) / float64(c.in.Terms.Deviation); !(c.least <= got && got <= 1.15) {
			t.Errorf("%s: the standard deviation is %.3f of what is allowed for, want %v to 1", c.name, got, c.least)
		}
	}
}

// TestStepLimit draws runs on both sides of the longest step.
func TestStepLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	exact := directionPlan{1, 1, 1, 1, 0, true}
	for step, want := range map[float64]bool{1: true, 1.01: false} {
		in, err := exact.setup(shifted{run{data.Spec{Kind: data.Sphere, N: 3, D: 2, Seed: 1}, "tanh", 10, 2, step}, "", 0.5})
		if err != nil {
			t.Fatal(err)
		}
		if h := in.Trial(r).Hypotheses; len(h) != 1 || h[0].Met() != want {
			t.Errorf("direction-bound at a step of %v: %v", step, h)
		}
		on, err := populationPlan{1, 1, 1, 1, 1, 0, true}.setup(learning{"relu", 4, 3, 1, 1, 0, 2, step})
		if err != nil {
			t.Fatal(err)
		}
		if h := on.Hypotheses; len(h) != 1 || h[0].Met() != want {
			t.Errorf("population-bound at a step of %v: %v", step, h)
		}
	}
}
