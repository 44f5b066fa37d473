package kernel_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
)

// jointByConditioning is P(g >= b, g' >= b) another way: int_b^inf density(t) Q((b - r t)/sqrt(1-r^2)) dt.
func jointByConditioning(b, r float64) float64 {
	s := math.Sqrt((1 - r) * (1 + r))
	sum := 0.0
	for lo := b; lo < math.Max(b, 0)+10; lo += 0.25 {
		sum += quad.Fixed(func(t float64) float64 {
			return math.Exp(-t*t/2) / math.Sqrt(2*math.Pi) * math.Erfc((b-r*t)/s/math.Sqrt2) / 2
		}, lo, lo+0.25, 60, nil, 0)
	}
	return sum
}

func TestJointTail(t *testing.T) {
	for _, b := range []float64{-2, -0.3, 0, 1e-3, 0.1, 0.5, 1, 2, 3, 6} {
		for _, r := range []float64{-0.95, -0.5, -0.1, 0, 0.3, 0.7, 0.95} {
			got, want := kernel.JointTail(b, math.Acos(r)), jointByConditioning(b, r)
			if !(math.Abs(got-want) <= 1e-13+1e-10*want) {
				t.Errorf("b=%v r=%v: %v, want %v", b, r, got, want)
			}
		}
	}
}

// Values by mpmath at 30 digits. The rounding of a small pi-angle is magnified by the exponent, hence 1e-12.
func TestJointTailDigits(t *testing.T) {
	for _, c := range []struct{ b, angle, want float64 }{
		{0.001, 0.001, 0.49944190292257450036},
		{0.001, 0.5, 0.42002362687905982991},
		{0.001, 1.5, 0.26086879141637971059},
		{0.001, 2.5, 0.10171417904375948977},
		{0.001, 3.1, 0.0062283846538060071338},
		{0.03, 0.001, 0.48787444324641379591},
		{0.03, 0.5, 0.40849262166904181337},
		{0.03, 1.5, 0.24943451460918311069},
		{0.03, 2.5, 0.090576868458584210643},
		{0.03, 3.1, 0.00055352623044453616094},
		{0.2, 0.001, 0.42058428709708809481},
		{0.2, 0.5, 0.34277187991283573395},
		{0.2, 1.5, 0.18786281783307138093},
		{0.2, 2.5, 0.041271317993313901155},
		{0.2, 3.1, 5.6844731317351450883e-25},
		{1, 0.001, 0.15855872158284917912},
		{1, 0.5, 0.1108997774827591966},
		{1, 1.5, 0.029459873423740602914},
		{1, 2.5, 0.000054226950597225742642},
		{1, 3.1, 1.9699859273752695475e-508},
		{3, 0.001, 0.0013481299805812617446},
		{3, 0.5, 0.00054393612264741817938},
		{3, 1.5, 3.7349108561510221303e-6},
		{3, 2.5, 2.4980624547580452764e-23},
		{3, 3.1, 1.1128750688934557207e-4526},
		{7, 0.001, 1.2761683251355747387e-12},
		{7, 0.5, 8.7714375716952081305e-14},
		{7, 1.5, 4.7735340492909741718e-23},
		{7, 2.5, 2.0647871728353113841e-111},
		{7, 3.1, 6.905144622885246265e-24614},
		{12, 0.001, 1.7679193312331803563e-33},
		{12, 0.5, 3.6227668132069769183e-36},
		{12, 1.5, 4.90306664624731159e-62},
		{12, 2.5, 2.3564346467427174028e-319},
		{12, 3.1, 1.003477042808050594e-72319},
	} {
		if got := kernel.JointTail(c.b, c.angle); got != c.want && !(math.Abs(got/c.want-1) <= 1e-12) {
			t.Errorf("b=%v angle=%v: %.17g, want %.17g", c.b, c.angle, got, c.want)
		}
	}
}

func TestJointTailEnds(t *testing.T) {
	for _, b := range []float64{-1.5, -0.2, 0, 1e-6, 0.01, 0.7, 3, 8} {
		if got, want := kernel.JointTail(b, 0), kernel.UpperTail(b); !(math.Abs(got/want-1) <= 1e-13) {
			t.Errorf("equal inputs, b=%v: %v, want Q = %v", b, got, want)
		}
		want := math.Max(0, kernel.UpperTail(b)-kernel.UpperTail(-b))
		if got := kernel.JointTail(b, math.Pi); !(math.Abs(got-want) <= 1e-15) {
			t.Errorf("opposite inputs, b=%v: %v, want %v", b, got, want)
		}
		q := kernel.UpperTail(b)
		if got := kernel.JointTail(b, math.Pi/2); !(math.Abs(got/(q*q)-1) <= 1e-13) {
			t.Errorf("orthogonal inputs, b=%v: %v, want Q^2 = %v", b, got, q*q)
		}
	}
	for _, v := range []float64{kernel.JointTail(math.NaN(), 1), kernel.JointTail(1, -1), kernel.JointTail(1, 4), kernel.JointTailBound(-1, 1)} {
		if !math.IsNaN(v) {
			t.Errorf("%v outside the domain", v)
		}
	}
}

// A threshold whose square is lost is next to none.
func TestJointTailOfTinyThresholds(t *testing.T) {
	for _, b := range []float64{5e-324, 1e-310, 3e-154, 1e-100, 1e-20} {
		for _, angle := range []float64{0, 1e-9, 0.3, 1.5, 3} {
			if got, want := kernel.JointTail(b, angle), (math.Pi-angle)/(2*math.Pi); !(math.Abs(got-want) <= 1e-14) {
				t.Errorf("b=%v angle=%v: %v, want %v", b, angle, got, want)
			}
		}
	}
}

func TestJointTailBound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		b, angle := 4*r.Float64(), math.Pi*r.Float64()
		p, bound := kernel.JointTail(b, angle), kernel.JointTailBound(b, angle)
		if p > bound*(1+1e-13) {
			t.Errorf("b=%v angle=%v: %v above its bound %v", b, angle, p, bound)
		}
	}
	for _, c := range []struct{ b, angle, want float64 }{ // exp(-b^2/(1+r)) (pi-angle)/(2 pi) by hand
		{0, 1, (math.Pi - 1) / (2 * math.Pi)}, {1, math.Pi / 2, math.Exp(-1) / 4}, {2, math.Pi / 3, math.Exp(-8.0/3) / 3}, {2, math.Pi, 0},
	} {
		if got := kernel.JointTailBound(c.b, c.angle); !(math.Abs(got-c.want) <= 1e-15) {
			t.Errorf("b=%v angle=%v: %v, want %v", c.b, c.angle, got, c.want)
		}
	}
}

// The power series of the kernels are their values, and at b = 0 they are those of the step and of the ReLU.
func TestThresholdKernels(t *testing.T) {
	for _, b := range []float64{0, 0.4, 1.3, 2.5} {
		p, fixed, biased := kernel.Threshold(b), kernel.ThresholdReLU(b), kernel.BiasedReLU(b)
		for _, r := range []float64{-0.7, -0.2, 0, 0.4, 0.8} {
			for _, k := range []kernel.Kernel{p, fixed, biased} {
				sum := 0.0
				for i, a := range k.Coefficients(160) {
					sum += a * math.Pow(r, float64(i))
				}
				if !(math.Abs(sum-k.At(r)) <= 1e-13) {
					t.Errorf("%s at %v: series %v, value %v", k.Name(), r, sum, k.At(r))
				}
			}
			if want := fixed.At(r) + p.At(r); !(math.Abs(biased.At(r)-want) <= 1e-15) {
				t.Errorf("b=%v r=%v: %v, want %v", b, r, biased.At(r), want)
			}
		}
	}
	for _, r := range []float64{-1, -0.6, 0, 0.5, 1} {
		if got, want := kernel.Threshold(0).At(r), kernel.StepFeature().At(r); !(math.Abs(got-want) <= 1e-15) {
			t.Errorf("threshold 0 at %v: %v, want %v", r, got, want)
		}
		if got, want := kernel.ThresholdReLU(0).At(r), kernel.ReLU().At(r); !(math.Abs(got-want) <= 1e-15) {
			t.Errorf("threshold ReLU 0 at %v: %v, want %v", r, got, want)
		}
	}
}

// Inputs of another norm are refused rather than scaled in silence.
func TestBiasedReLUNeedsUnitInputs(t *testing.T) {
	if _, err := kernel.BiasedReLU(1).Lambda0(mat.NewDense(2, 2, []float64{1, 0, 0, 2})); err == nil {
		t.Error("an input of norm 2 was taken")
	}
}

func TestBiasedLambda0(t *testing.T) {
	for _, b := range []float64{0, 1, 2} {
		l, err := kernel.BiasedReLU(b).Lambda0(mat.NewDense(2, 2, []float64{1, 0, 0, 1}))
		q := kernel.UpperTail(b)
		if want := 2*q - q*q; err != nil || !(math.Abs(l.Value-want) <= l.Err) || l.Err > 1e-12 {
			t.Errorf("orthonormal pair, b=%v: %v, %v; want %v", b, l, err, want)
		}
	}
}
