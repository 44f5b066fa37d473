package train

import (
	"convergo/nets"

	"gonum.org/v1/gonum/mat"
)

// A Tangent is the linearisation of a network at its start, trained in the place of the network:
//
//	f(W) = f(W(0)) + J vec(W - W(0)),   J the Jacobian of the first layer at W(0),
//
// by steps on all m d parameters, with momentum or without, for the loss (1/2) sum of squared residuals. On a ReLU network
// it is what training does as long as no pattern changes. J is kept whole, n x m d, so that it is for small networks.
type Tangent struct {
	U        []float64 // outputs
	Residual []float64 // U - Y
	Norm     float64   // Euclidean norm of Residual

	j       *mat.Dense
	u0, y   []float64
	move    []float64 // vec(W - W(0))
	grad    []float64
	memory  []float64
	step    float64
	inertia inertia
}

// NewTangent linearises the network on x (n x d) with labels y and stands at step 0; of the options it reads Step and
// Momentum. The network is not changed.
func NewTangent(net *nets.Network, x *mat.Dense, y []float64, opt Options) (*Tangent, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := checkProblem(net, x, y, opt.Loss); err != nil {
		return nil, err
	}
	batch := nets.NewBatch(x, net.Width())
	batch.Forward(net)
	t := &Tangent{j: batch.Jacobian(net, nets.FirstLayer), u0: batch.U, y: y, step: opt.Step}
	n, params := t.j.Dims()
	t.U, t.Residual = make([]float64, n), make([]float64, n)
	t.move, t.grad, t.memory = make([]float64, params), make([]float64, params), make([]float64, params)
	t.inertia = inertia{Momentum: opt.Momentum, first: true}
	t.evaluate()
	return t, nil
}

func (t *Tangent) evaluate() {
	u := mat.NewVecDense(len(t.U), t.U)
	u.MulVec(t.j, mat.NewVecDense(len(t.move), t.move))
	for i, v := range t.u0 {
		t.U[i] += v
	}
	t.Norm = nets.Residual(t.Residual, t.U, t.y)
}

// Step takes one step.
func (t *Tangent) Step() {
	g := mat.NewVecDense(len(t.grad), t.grad)
	g.MulVec(t.j.T(), mat.NewVecDense(len(t.Residual), t.Residual))
	t.inertia.move(t.move, t.grad, t.memory, t.step)
	t.inertia.first = false
	t.evaluate()
}
