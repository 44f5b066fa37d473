package train

import (
	"fmt"

	"convergo/nets"

	"gonum.org/v1/gonum/mat"
)

// Momentum adds to a gradient step what the last step did. With g the gradient, eta the step size and
// W(-1) = W(0),
//
//	heavy ball   W(t+1) = W(t) + beta (W(t) - W(t-1)) - eta g(W(t))
//	Nesterov     V(t+1) = W(t) - eta g(W(t)),  W(t+1) = V(t+1) + beta (V(t+1) - V(t)),  V(0) = V(1)
//
// V(0) = V(1) makes the first step a plain one, so that on a linear model the residuals follow a recursion
// of two terms from step 0 on. The zero value is gradient descent.
type Momentum struct {
	Beta     float64 // in [0, 1); 0 is gradient descent
	Nesterov bool
	// Jump starts Nesterov's method from V(0) = W(0), as libraries do: the first step is 1 + beta times a
	// gradient step, and the recursion of the residuals holds from step 1 on only.
	Jump bool
}

func (m Momentum) validate() error {
	switch {
	case !(m.Beta >= 0 && m.Beta < 1):
		return fmt.Errorf("train: momentum %v; it must lie in [0, 1)", m.Beta)
	case m.Jump && !m.Nesterov:
		return fmt.Errorf("train: the start of Nesterov's method for heavy ball; leave Momentum.Jump false")
	}
	return nil
}

// inertia holds what momentum remembers: the last step of heavy ball, the last V of Nesterov.
type inertia struct {
	Momentum
	layers nets.Layers
	w, dw  *mat.Dense
	a, da  []float64
	first  bool // no step has been taken
}

func newInertia(m Momentum, net *nets.Network, layers nets.Layers) *inertia {
	width, dim := net.W.Dims()
	k := &inertia{
		Momentum: m, layers: layers, first: true,
		w: mat.NewDense(width, dim, nil), dw: mat.NewDense(width, dim, nil),
		a: make([]float64, width), da: make([]float64, width),
	}
	if m.Jump {
		k.w.Copy(net.W)
		copy(k.a, net.A)
	}
	return k
}

// step moves the network, of which the batch was evaluated last, given the derivative e of the loss in the
// outputs.
func (k *inertia) step(b *nets.Batch, net *nets.Network, eta float64, e []float64) {
	b.Gradient(k.dw, k.da, net, e)
	if k.layers&nets.FirstLayer != 0 {
		for r := range net.Width() {
			k.move(net.W.RawRowView(r), k.dw.RawRowView(r), k.w.RawRowView(r), eta)
		}
	}
	if k.layers&nets.SecondLayer != 0 {
		k.move(net.A, k.da, k.a, eta)
	}
	k.first = false
}

// move takes one step of the weights w with gradient g.
func (k *inertia) move(w, g, memory []float64, eta float64) {
	if !k.Nesterov {
		for i := range w {
			memory[i] = k.Beta*memory[i] - eta*g[i]
			w[i] += memory[i]
		}
		return
	}
	for i := range w {
		v := w[i] - eta*g[i]
		w[i] = v
		if !k.first || k.Jump {
			w[i] += k.Beta * (v - memory[i])
		}
		memory[i] = v
	}
}
