package deep

import (
	"math"
	"runtime/debug"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// TestDescentFollowsLinearModel: at a step so small that no gate flips, one
// update moves the outputs by -Step K r up to O(Step^2).
func TestDescentFollowsLinearModel(t *testing.T) {
	rng := stream(21)
	x := gaussian(5, 6, rng)
	y := []float64{1, -1, 0.5, 0, 2}
	net := mustNew(t, Config{Inputs: 6, Hidden: []int{40, 30}, Convention: NTK}, rng)
	p := mustPass(t, net, x)
	before := append([]float64(nil), p.Output()...)
	move := mat.NewVecDense(5, nil)
	residual := make([]float64, 5)
	floats.SubTo(residual, before, y)
	move.MulVec(p.Gram(nil), mat.NewVecDense(5, residual))
	var defect [2]float64
	for k, step := range []float64{1e-5, 5e-6} {
		trained := net.Clone()
		if _, err := (Descent{Step: step, Steps: 1}).Run(trained, x, y); err != nil {
			t.Fatal(err)
		}
		q := mustPass(t, trained, x)
		if q.Flips(p) != 0 {
			t.Fatal("a gate flipped; choose a smaller step")
		}
		for i, f := range q.Output() {
			defect[k] = math.Max(defect[k], math.Abs(f-before[i]+step*move.AtVec(i)))
		}
	}
	if ratio := defect[0] / defect[1]; !(math.Abs(ratio-4) <= 0.05) {
		t.Errorf("halving the step divides the defect by %v, want 4", ratio)
	}
}

func TestDescentConvergesAndReports(t *testing.T) {
	rng := stream(22)
	x := gaussian(5, 6, rng)
	y := []float64{1, -1, 0.5, 0, 2}
	net := mustNew(t, Config{Inputs: 6, Hidden: []int{60, 60}, Convention: NTK}, rng)
	frozen := mat.DenseCopyOf(net.Weight(2))
	loss, steps := math.Inf(1), 0
	out, err := Descent{Step: 0.02, Steps: 2000, Tolerance: 1e-6, Frozen: []int{2}, Observe: func(s *State) bool {
		if s.Step != steps || s.Loss >= loss {
			t.Fatalf("step %d: loss %v after %v", s.Step, s.Loss, loss)
		}
		loss, steps = s.Loss, steps+1
		return true
	}}.Run(net, x, y)
	if err != nil {
		t.Fatal(err)
	}
	if !out.Converged || out.Diverged || out.Steps != steps-1 || out.Loss > 0.5e-12 {
		t.Errorf("outcome %+v after %d calls", out, steps)
	}
	if !mat.Equal(frozen, net.Weight(2)) {
		t.Error("a frozen layer moved")
	}
	// A linear model: a ReLU network would jump to where all gates are closed.
	out, err = Descent{Step: 1e9, Steps: 100}.Run(mustNew(t, Config{Inputs: 6}, rng), x, y)
	if err != nil || !out.Diverged {
		t.Errorf("huge step: outcome %+v, error %v; want divergence", out, err)
	}
}

func TestDescentDoesNotAllocatePerStep(t *testing.T) {
	// A collection between two steps would empty the pool of buffers of a product.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	rng := stream(23)
	x := gaussian(20, 10, rng)
	net := mustNew(t, Config{Inputs: 10, Hidden: []int{70, 70}, Convention: NTK}, rng)
	allocs := func(steps int) float64 {
		return testing.AllocsPerRun(3, func() {
			if _, err := (Descent{Step: 1e-6, Steps: steps}).Run(net, x, make([]float64, 20)); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocs(2), allocs(30); many > few {
		t.Errorf("%v allocations in 2 steps, %v in 30", few, many)
	}
}

func BenchmarkDescentStep(b *testing.B) {
	rng := stream(9)
	net := mustNew(b, Config{Inputs: 100, Hidden: []int{512, 512}, Convention: NTK}, rng)
	x := gaussian(64, 100, rng)
	if _, err := (Descent{Step: 1e-6, Steps: b.N}).Run(net, x, make([]float64, 64)); err != nil {
		b.Fatal(err)
	}
}

// The residual of a linear model with weights 0 is (-3, -4): norm 5 and loss 12.5, where the sum of the
// entries' sizes is 7 and the largest is 4.
func TestDescentByHand(t *testing.T) {
	x := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	y := []float64{3, 4}
	for _, c := range []struct {
		tolerance float64
		steps     int
		want      Outcome
	}{
		{5, 9, Outcome{Steps: 0, Loss: 12.5, Converged: true}},
		{4.999, 9, Outcome{Steps: 1, Loss: 12.5 / 4, Converged: true}}, // half of the residual remains
		{2.499, 9, Outcome{Steps: 2, Loss: 12.5 / 16, Converged: true}},
		{1, 2, Outcome{Steps: 2, Loss: 12.5 / 16}},
	} {
		net := mustNew(t, Config{Inputs: 2, Std: []float64{0}}, stream(1))
		var residuals [][]float64
		got, err := Descent{Step: 0.5, Steps: c.steps, Tolerance: c.tolerance, Observe: func(s *State) bool {
			residuals = append(residuals, append([]float64{s.Loss}, s.Residual...))
			return true
		}}.Run(net, x, y)
		if err != nil || got != c.want {
			t.Errorf("tolerance %v: outcome %+v, error %v; want %+v", c.tolerance, got, err, c.want)
		}
		for k, s := range residuals {
			share := math.Pow(0.5, float64(k))
			if s[0] != 12.5*share*share || s[1] != -3*share || s[2] != -4*share {
				t.Errorf("step %d: loss and residual %v", k, s)
			}
		}
	}
}

// A step is theta - Step J^T (f - y), with the Jacobian in full, on the layers that are not frozen.
func TestDescentStepIsJacobian(t *testing.T) {
	rng := stream(24)
	for _, act := range everyActivation() {
		net := mustNew(t, Config{Inputs: 3, Hidden: []int{6, 4}, Convention: NTK, Multiplier: 0.5, Activation: act}, rng)
		x, y := gaussian(5, 3, rng), []float64{1, -1, 2, 0, 0.5}
		want := net.Clone()
		for range 3 {
			p := mustPass(t, want, x)
			residual := make([]float64, 5)
			floats.SubTo(residual, p.Output(), y)
			var gradient mat.VecDense
			gradient.MulVec(p.Jacobian().T(), mat.NewVecDense(5, residual))
			clear(want.LayerParams(gradient.RawVector().Data, 2))
			floats.AddScaled(want.Params(), -0.3, gradient.RawVector().Data)
		}
		if _, err := (Descent{Step: 0.3, Steps: 3, Frozen: []int{2}}).Run(net, x, y); err != nil {
			t.Fatal(err)
		}
		if e := floats.Distance(net.Params(), want.Params(), math.Inf(1)); e > 1e-13 {
			t.Errorf("%v: weights after three steps are off by %v", act, e)
		}
	}
}
