package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"convergo/bounds"
)

// The counterexample of Du et al. (2019): one input, a quarter of the neurons active and no flips, so that
// u moves with the constant kernel 1/4 = lambda_0/2. Gradient flow moves an active neuron by exactly
// e0/(sqrt m * 1/4), which is the corrected radius and twice the printed one.
func TestFlowMovementIsAttained(t *testing.T) {
	const m, e0, lambda0 = 64, 0.1, 0.5
	moved := e0 / (math.Sqrt(m) * 0.25)
	within(t, "corrected", bounds.FlowMovement(1, e0, lambda0, m), moved, 1e-15)
	within(t, "printed, defective", bounds.PrintedFlowMovement(1, e0, lambda0, m), moved/2, 1e-15)
}

// Gradient descent with one input and a fraction 1/8 active: (1 - eta/8)^2 <= 1 - eta/4 + eta^2/64, so
// the premise holds as eta -> 0 and the movement tends to the constant 4.
func TestGDMovementIsAttained(t *testing.T) {
	const m, e0, lambda0, active = 64, 0.1, 0.5, 0.1251
	const eta = 1e-3
	if contraction := (1 - eta*active) * (1 - eta*active); contraction > 1-eta*lambda0/2 {
		t.Fatalf("the premise fails: %v > %v", contraction, 1-eta*lambda0/2)
	}
	moved, e := 0.0, e0
	for range 200000 {
		moved += eta * bounds.GradientNorm(1, e, m)
		e *= 1 - eta*active
	}
	bound := bounds.GDMovement(1, e0, lambda0, m)
	if moved > bound || moved < 0.99*bound {
		t.Errorf("movement %v, bound %v, want 99 to 100 %%", moved, bound)
	}
	within(t, "printed", bounds.PrintedGDMovement(9, e0, lambda0, m), 3*bound, 1e-15)
}

func TestBothLayers(t *testing.T) {
	r := bounds.BothLayers(4, 2, 0.25, 0.1, 100)
	within(t, "R_w", r.AllowedW, math.Sqrt(2*math.Pi)*0.25*0.1/(32*16), 1e-14)
	within(t, "R_a", r.AllowedA, 0.25/256, 1e-14)
	within(t, "R_w'", r.ReachedW, 4*2*2/(10*0.25), 1e-14)
	within(t, "R_a'", r.ReachedA, 8*2*2*math.Sqrt(math.Log(4000))/(10*0.25), 1e-14)
	isNaN(t, map[string]float64{
		"gradient": bounds.GradientNorm(1, 1, 0), "flow": bounds.FlowMovement(1, 1, 0, 1), "GD": bounds.GDMovement(1, 1, -1, 1),
		"printed flow": bounds.PrintedFlowMovement(0, 1, 1, 1), "printed GD": bounds.PrintedGDMovement(0, 1, 1, 1),
		"both": bounds.BothLayers(4, 2, 0.25, 1, 100).ReachedA,
	})
}

// Outputs at initialisation against the law, at widths 1 and 20.
func TestInitialResidual(t *testing.T) {
	const n, d, trials, kappa = 4, 3, 4000, 1.7
	rng := rand.New(rand.NewPCG(4, 4))
	x := sphere(n, d, rng)
	y := []float64{1, -2, 0.5, 0}
	labelNorm := math.Sqrt(1 + 4 + 0.25)
	for _, m := range []int{1, 20} {
		var sum, square float64
		tail, norms := 0, 0
		for range trials {
			var z mat.Dense
			z.Mul(gaussian(m, d, rng), x.T())
			var loss, norm2 float64
			u := make([]float64, n)
			for r := range m {
				sign := float64(1 - 2*rng.IntN(2))
				for i := range n {
					u[i] += sign * max(0, z.At(r, i)) / math.Sqrt(float64(m))
				}
			}
			for i := range n {
				loss += (kappa*u[i] - y[i]) * (kappa*u[i] - y[i])
				norm2 += u[i] * u[i]
			}
			sum += loss
			square += loss * loss
			if math.Abs(u[0]) >= 1.5 {
				tail++
			}
			if math.Sqrt(norm2) > bounds.OutputNorm(n, 0.9) {
				norms++
			}
		}
		mean := sum / trials
		sd := math.Sqrt((square/trials - mean*mean) / trials)
		want := bounds.InitialLossMean(labelNorm, n, kappa)
		if z := (mean - want) / sd; !(math.Abs(z) <= 4.5) {
			t.Errorf("m=%d: E||u-y||^2 measured %v, formula %v, z=%.1f", m, mean, want, z)
		}
		if float64(tail)/trials > bounds.OutputTail(1.5) || float64(norms)/trials > 0.9 {
			t.Errorf("m=%d: tails %d, %d of %d exceed their bounds", m, tail, norms, trials)
		}
	}
	within(t, "tail", bounds.OutputTail(2), 2*math.Exp(-2), 1e-15)
	if bounds.OutputTail(0) != 1 {
		t.Error("a probability bound above 1 was not capped")
	}
	within(t, "norm", bounds.OutputNorm(5, 0.1), math.Sqrt(10*math.Log(100)), 1e-15)
	within(t, "B", bounds.ResidualBound(2, 5, 0.1), 2+math.Sqrt(10*math.Log(100)), 1e-15)
	within(t, "Markov", bounds.MarkovResidual(2, 6, 0.25), math.Sqrt(7/0.25), 1e-15)
	// For one neuron the tail is that of relu(z): within the bound at every t.
	for x := 0.0; x < 6; x += 0.25 {
		if exact := 1 - distuv.UnitNormal.CDF(x); exact > bounds.OutputTail(x) {
			t.Errorf("P(|u| >= %g) = %v over %v", x, exact, bounds.OutputTail(x))
		}
	}
	isNaN(t, map[string]float64{
		"mean": bounds.InitialLossMean(-1, 1, 1), "tail": bounds.OutputTail(-1), "norm": bounds.OutputNorm(0, 0.1),
		"B": bounds.ResidualBound(-1, 1, 0.1), "Markov": bounds.MarkovResidual(1, 1, 0),
	})
}

func ExampleFlowMovement() {
	fmt.Printf("corrected %.3f, as printed %.3f\n",
		bounds.FlowMovement(1, 0.1, 0.5, 100), bounds.PrintedFlowMovement(1, 0.1, 0.5, 100))
	// Output: corrected 0.040, as printed 0.020
}
