package deep

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets/train"
)

// Stochastic runs stochastic gradient descent on half the sum of squared errors: a step follows n/b times the gradient of
// the terms of the b samples of a mini-batch, which is the full gradient in expectation.
type Stochastic struct {
	Step   float64         // step size, positive
	Steps  int             // number of updates
	Batch  train.MiniBatch // what a step sees; the zero value is all samples
	Frozen []int           // layers (1..L) that keep their weights
	// Observe, if set, is called before each update and once at the end, with the loss on all samples. The run ends when it
	// returns false. Without it only the last loss is computed.
	Observe func(*State) bool
}

// Run trains net on the rows of x (n x d) with targets y (length n), changing its weights. Divergence is an outcome, not an
// error.
func (g Stochastic) Run(net *Network, x *mat.Dense, y []float64) (Outcome, error) {
	if err := (Descent{Step: g.Step, Steps: g.Steps, Frozen: g.Frozen}).check(net, y); err != nil {
		return Outcome{}, err
	}
	n, d := x.Dims()
	if len(y) != n {
		return Outcome{}, fmt.Errorf("deep: %d targets for %d samples; give one a sample", len(y), n)
	}
	next, err := g.Batch.Indices(n)
	if err != nil {
		return Outcome{}, err
	}
	all, err := net.NewPass(x)
	if err != nil {
		return Outcome{}, err
	}
	passes := map[int]*Pass{} // by batch size: the last batch of a pass over the data may be smaller
	inputs := map[int]*mat.Dense{}
	gradient := make([]float64, net.NumParams())
	s := &State{Residual: make([]float64, n), Net: net, Pass: all}
	for {
		last := s.Step == g.Steps
		if last || g.Observe != nil {
			all.Forward()
			floats.SubTo(s.Residual, all.out, y)
			norm := floats.Norm(s.Residual, 2)
			s.Loss = norm * norm / 2
			proceed := g.Observe == nil || g.Observe(s)
			if last || !proceed || !finite(s.Loss) {
				return Outcome{Steps: s.Step, Loss: s.Loss, Diverged: !finite(s.Loss)}, nil
			}
		}
		drawn := next()
		b := len(drawn)
		if inputs[b] == nil {
			inputs[b] = mat.NewDense(b, d, nil)
		}
		for k, i := range drawn {
			inputs[b].SetRow(k, x.RawRowView(i))
		}
		if passes[b] == nil {
			if passes[b], err = net.NewPass(inputs[b]); err != nil {
				return Outcome{}, err
			}
		} else {
			passes[b].Forward()
		}
		residual := make([]float64, b)
		for k, i := range drawn {
			residual[k] = float64(n) / float64(b) * (passes[b].out[k] - y[i])
		}
		for l := 1; l <= net.Depth(); l++ {
			if !slices.Contains(g.Frozen, l) {
				passes[b].layerJTMul(net.LayerParams(gradient, l), residual, l)
			}
		}
		floats.AddScaled(net.params, -g.Step, gradient)
		s.Step++
	}
}
