package deep

import (
	"errors"
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// A Loss is a function of outputs and labels, such as nets.Logistic.
type Loss interface {
	// Value returns the loss.
	Value(u, y []float64) float64
	// Gradient sets dst_i to the derivative of the loss with respect to u_i.
	Gradient(dst, u, y []float64)
}

// OnePass runs stochastic gradient descent that sees each sample once, in the
// order of the rows,
//
//	theta_{i+1} = theta_i - Step * grad loss(f(theta_i, x_i), y_i),   i = 1..n,
//
// which is Algorithm 1 of [Cao2019] with the logistic loss. The loss that is
// handed in is that of one sample: a mean and a sum are the same.
//
//	[Cao2019]   Cao, Gu. Generalization Bounds of Stochastic Gradient Descent for
//	            Wide and Deep Neural Networks. NeurIPS 2019.
type OnePass struct {
	// Step is the step size, positive.
	Step float64
	// Loss is that of one sample.
	Loss Loss
	// Observe, if set, is called with each sample before the weights move. The
	// run ends when it returns false.
	Observe func(*Visit) bool
}

// Visit is what an observer sees: sample i at the weights theta_i, which depend
// on the samples before it alone. It is used again for the next sample: copy
// what you keep.
type Visit struct {
	Sample int     // i, from 0
	Output float64 // f(theta_i, x_i)
	Loss   float64
	Slope  float64 // derivative of the loss with respect to the output
	Net    *Network
	Pass   *Pass // on this sample alone
}

// Run takes net through the rows of x (n x d) with labels y (length n), changing
// its weights, and returns the number of updates made. Outputs that leave the
// floating-point numbers end it with an error.
func (g OnePass) Run(net *Network, x *mat.Dense, y []float64) (updates int, err error) {
	if err := g.check(net, x, y); err != nil {
		return 0, err
	}
	one := mat.NewDense(1, net.Width(0), nil)
	one.SetRow(0, x.RawRowView(0))
	p, err := net.NewPass(one)
	if err != nil {
		return 0, err
	}
	v := &Visit{Net: net, Pass: p}
	slope, gradient := make([]float64, 1), make([]float64, net.NumParams())
	for i, label := range y {
		one.SetRow(0, x.RawRowView(i))
		p.Forward()
		g.Loss.Gradient(slope, p.out, []float64{label})
		v.Sample, v.Output, v.Loss, v.Slope = i, p.out[0], g.Loss.Value(p.out, []float64{label}), slope[0]
		if !finite(v.Output) || !finite(v.Slope) {
			return i, fmt.Errorf("deep: output %v at sample %d; take a smaller step than %v", v.Output, i, g.Step)
		}
		if g.Observe != nil && !g.Observe(v) {
			return i, nil
		}
		p.JTMul(gradient, slope)
		floats.AddScaled(net.params, -g.Step, gradient)
	}
	return len(y), nil
}

func (g OnePass) check(net *Network, x *mat.Dense, y []float64) error {
	if !(g.Step > 0) || !finite(g.Step) {
		return fmt.Errorf("deep: step size is %v; it must be positive and finite", g.Step)
	}
	if g.Loss == nil {
		return errors.New("deep: no loss; set OnePass.Loss, for instance nets.Logistic{}")
	}
	if err := net.checkBatch(x); err != nil {
		return err
	}
	if n, _ := x.Dims(); len(y) != n {
		return fmt.Errorf("deep: %d labels for %d samples; give one a sample", len(y), n)
	}
	for i, v := range y {
		if !finite(v) {
			return fmt.Errorf("deep: label %d is %v; remove or repair the sample", i, v)
		}
	}
	return nil
}
