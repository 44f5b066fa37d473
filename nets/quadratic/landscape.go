package quadratic

import (
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// Network is the network with hidden weights w, a neuron a row, and output weights v. It shares both.
func Network(w *mat.Dense, v []float64) *nets.Network {
	return &nets.Network{W: w, A: v, Act: nets.Quadratic(), Scale: 1}
}

// Form returns the matrix M = W^T diag(v) W of the quadratic form that the network computes.
func Form(net *nets.Network) *mat.SymDense {
	m := mat.NewSymDense(net.Dim(), nil)
	for l, v := range net.A {
		m.SymRankOne(m, net.Scale*v, net.W.RowView(l))
	}
	return m
}

// A Landscape is the loss (1/2n) sum_i (f(x_i) - y_i)^2 over the weights of networks of one width on fixed data. Its methods
// share buffers: one goroutine at a time.
type Landscape struct {
	batch    *nets.Batch
	y        []float64
	residual []float64
}

// NewLandscape is the landscape of networks of the given width on inputs x (n x d) with labels y.
func NewLandscape(x *mat.Dense, y []float64, width int) (*Landscape, error) {
	n, _ := x.Dims()
	if len(y) != n {
		return nil, fmt.Errorf("quadratic: %d labels for %d samples; give one a sample", len(y), n)
	}
	if width < 1 {
		return nil, fmt.Errorf("quadratic: %d neurons; give one at least", width)
	}
	return &Landscape{batch: nets.NewBatch(x, width), y: y, residual: make([]float64, n)}, nil
}

// Loss is the loss of the network; the derivatives are taken where it was evaluated last.
func (l *Landscape) Loss(net *nets.Network) float64 {
	l.batch.Forward(net)
	floats.SubTo(l.residual, l.batch.U, l.y)
	return nets.Square{Mean: true}.Value(l.batch.U, l.y)
}

// Gradient evaluates the network and returns its gradient in the named layers: W row by row, then v.
func (l *Landscape) Gradient(net *nets.Network, layers nets.Layers) []float64 {
	l.Loss(net)
	k, d := net.W.Dims()
	e := make([]float64, len(l.y))
	floats.ScaleTo(e, 1/float64(len(l.y)), l.residual)
	dw, da := mat.NewDense(k, d, nil), make([]float64, k)
	l.batch.Gradient(dw, da, net, e)
	var g []float64
	if layers&nets.FirstLayer != 0 {
		g = append(g, dw.RawMatrix().Data...)
	}
	if layers&nets.SecondLayer != 0 {
		g = append(g, da...)
	}
	return g
}

// Hessian evaluates the network and returns its Hessian in the named layers, in the order of Gradient.
func (l *Landscape) Hessian(net *nets.Network, layers nets.Layers) *mat.SymDense {
	l.Loss(net)
	n, d := l.batch.X.Dims()
	j := l.batch.Jacobian(net, layers)
	_, size := j.Dims()
	h := mat.NewSymDense(size, nil)
	h.SymOuterK(1/float64(n), j.T())
	if layers&nets.FirstLayer == 0 {
		return h // the outputs are linear in v
	}
	s := mat.NewSymDense(d, nil)
	for i, r := range l.residual {
		s.SymRankOne(s, r, l.batch.X.RowView(i))
	}
	k, c := net.Width(), 2*net.Scale/float64(n)
	sw := mat.NewVecDense(d, nil)
	for r := range k {
		sw.MulVec(s, net.W.RowView(r))
		for a := range d {
			for b := a; b < d; b++ {
				h.SetSym(r*d+a, r*d+b, h.At(r*d+a, r*d+b)+c*net.A[r]*s.At(a, b))
			}
			if layers&nets.SecondLayer != 0 {
				h.SetSym(r*d+a, k*d+r, h.At(r*d+a, k*d+r)+c*sw.AtVec(a))
			}
		}
	}
	return h
}

// Moved returns the network with step added to the weights of the named layers, in the order of Gradient.
func Moved(net *nets.Network, layers nets.Layers, step []float64) *nets.Network {
	moved := net.Clone()
	if layers&nets.FirstLayer != 0 {
		w := moved.W.RawMatrix().Data
		floats.Add(w, step[:len(w)])
		step = step[len(w):]
	}
	if layers&nets.SecondLayer != 0 {
		floats.Add(moved.A, step)
	}
	return moved
}
