package deep

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Descent runs full-batch gradient descent on half the sum of squared errors,
//
//	theta <- theta - Step * J^T (f(X) - y).
//
// For a loss divided by n, divide the step by n.
type Descent struct {
	// Step is the step size, positive.
	Step float64
	// Steps is the largest number of updates.
	Steps int
	// Tolerance ends the run once ||f(X) - y|| is no larger.
	Tolerance float64
	// Frozen lists layers (1..L) that keep their weights.
	Frozen []int
	// Observe, if set, is called before each update and once at the end. The
	// run ends when it returns false.
	Observe func(*State) bool
}

// State is what an observer sees after Step updates. It is used again for the
// next call: copy what you keep. The pass may be asked for kernels and features.
type State struct {
	Step     int
	Loss     float64   // half the sum of squared errors
	Residual []float64 // f(x_i) - y_i
	Net      *Network
	Pass     *Pass
}

// Outcome says how a run ended.
type Outcome struct {
	Steps     int     // updates made
	Loss      float64 // half the sum of squared errors at the end
	Converged bool    // the residual reached the tolerance
	Diverged  bool    // the loss left the floating-point numbers
}

// Run trains net on the rows of x (n x d) with targets y (length n), changing
// its weights. Divergence is an outcome, not an error; an error means that the
// arguments make no sense. Apart from the buffers set up at the start, the loop
// does not allocate.
func (g Descent) Run(net *Network, x *mat.Dense, y []float64) (Outcome, error) {
	if err := g.check(net, y); err != nil {
		return Outcome{}, err
	}
	p, err := net.NewPass(x)
	if err != nil {
		return Outcome{}, err
	}
	if len(y) != p.n {
		return Outcome{}, fmt.Errorf("deep: %d targets for %d samples; give one a sample", len(y), p.n)
	}
	gradient := make([]float64, net.NumParams())
	s := &State{Residual: make([]float64, p.n), Net: net, Pass: p}
	for {
		floats.SubTo(s.Residual, p.out, y)
		norm := floats.Norm(s.Residual, 2)
		s.Loss = norm * norm / 2
		end := Outcome{Steps: s.Step, Loss: s.Loss, Converged: norm <= g.Tolerance, Diverged: !finite(s.Loss)}
		proceed := g.Observe == nil || g.Observe(s)
		if end.Converged || end.Diverged || !proceed || s.Step == g.Steps {
			return end, nil
		}
		g.update(p, s.Residual, gradient)
		p.Forward()
		s.Step++
	}
}

// update takes one step. All gradients are computed before any weight moves.
func (g Descent) update(p *Pass, residual, gradient []float64) {
	for l := 1; l <= p.net.Depth(); l++ {
		if !slices.Contains(g.Frozen, l) {
			p.layerJTMul(p.net.LayerParams(gradient, l), residual, l)
		}
	}
	floats.AddScaled(p.net.params, -g.Step, gradient)
}

func (g Descent) check(net *Network, y []float64) error {
	if !(g.Step > 0) || !finite(g.Step) {
		return fmt.Errorf("deep: step size is %v; it must be positive and finite", g.Step)
	}
	if g.Steps < 0 {
		return fmt.Errorf("deep: number of steps is %d; it must not be negative", g.Steps)
	}
	for _, l := range g.Frozen {
		if l < 1 || l > net.Depth() {
			return fmt.Errorf("deep: frozen layer %d of a network with layers 1..%d", l, net.Depth())
		}
	}
	for i, v := range y {
		if !finite(v) {
			return fmt.Errorf("deep: target %d is %v; remove or repair the sample", i, v)
		}
	}
	return nil
}
