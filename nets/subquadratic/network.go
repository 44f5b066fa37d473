package subquadratic

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// A Network is f(x) = <a, h_L> with h_1 = phi(W_1 x) and h_l = phi(W_l h_{l-1}): L hidden layers of width m.
type Network struct {
	Act   Activation
	First *mat.Dense // W_1, m x d
	Deep  []*Lazy    // W_2, ..., W_L, m x m
	Out   []float64  // a
	Ops   Ops
}

// New draws weights N(0, 2/m) and random signs a. With the threshold at sqrt(2/m) b and the gain of b, norms are kept in
// mean. Limit is that of the lazy matrices.
func New(m, d, layers int, act Activation, limit int, r *rand.Rand) (*Network, error) {
	if m < 1 || d < 1 || layers < 1 {
		return nil, fmt.Errorf("subquadratic: width %d, inputs %d, layers %d: each must be at least 1", m, d, layers)
	}
	net := &Network{Act: act, First: weights(m, d, m, r), Out: make([]float64, m)}
	for range layers - 1 {
		net.Deep = append(net.Deep, NewLazy(weights(m, m, m, r), limit, &net.Ops))
	}
	for i := range net.Out {
		net.Out[i] = float64(2*r.IntN(2) - 1)
	}
	return net, nil
}

func weights(rows, cols, m int, r *rand.Rand) *mat.Dense {
	w := nets.Gaussian(rows, cols, r)
	w.Scale(math.Sqrt(2/float64(m)), w)
	return w
}

// A Pass is what one input did to the network: its hidden vectors h_1, ..., h_L with their active neurons, and the output.
type Pass struct {
	Input  []float64
	Hidden []Sparse
	Output float64
}

// Forward runs one input.
func (net *Network) Forward(x []float64) Pass {
	z := make([]float64, len(net.Out))
	for r := range z {
		z[r] = floats.Dot(net.First.RawRowView(r), x)
	}
	p := Pass{Input: x, Hidden: []Sparse{activate(net.Act, z)}}
	for l, w := range net.Deep {
		p.Hidden = append(p.Hidden, activate(net.Act, w.Mul(p.Hidden[l])))
	}
	p.Output = sparseDot(net.Out, p.Hidden[len(net.Deep)])
	return p
}

// Backward returns u_2, ..., u_L: the derivative of the output in the preactivations of each m x m layer, on the neurons
// that the pass found active.
func (net *Network) Backward(p Pass) []Sparse {
	us := make([]Sparse, len(net.Deep))
	v := net.Out
	for l := len(net.Deep) - 1; l >= 0; l-- {
		h := p.Hidden[l+1]
		u := Sparse{Index: h.Index, Value: make([]float64, len(h.Index))}
		for k, i := range h.Index {
			u.Value[k] = net.Act.Gain * v[i]
		}
		us[l] = u
		if l > 0 {
			v = net.Deep[l].MulTrans(u)
		}
	}
	return us
}

// Factors returns the rows u_i and h_i of the Jacobian in the m x m layer with the given number, 0 for W_2: the derivative
// of output i is u_i h_i^T.
func (net *Network) Factors(x *mat.Dense, layer int) (passes []Pass, u, h []Sparse) {
	n, _ := x.Dims()
	for i := range n {
		p := net.Forward(x.RawRowView(i))
		passes = append(passes, p)
		u, h = append(u, net.Backward(p)[layer]), append(h, p.Hidden[layer])
	}
	return passes, u, h
}

// KhatriRao returns the Gram matrix J J^T = (U U^T) o (H H^T) of a Jacobian with rows u_i (x) h_i.
func KhatriRao(u, h []Sparse, ops *Ops) *mat.SymDense {
	g := mat.NewSymDense(len(u), nil)
	for i := range u {
		for j := i; j < len(u); j++ {
			a, first := u[i].Dot(u[j])
			b, second := h[i].Dot(h[j])
			g.SetSym(i, j, a*b)
			ops.Gram += first + second
		}
	}
	return g
}

// Step takes a Gauss-Newton step in one m x m layer towards the labels: W -= sum_i g_i u_i h_i^T with G g = f - y. It returns
// the residual before it, and fails where G is singular.
func (net *Network) Step(x *mat.Dense, y []float64, layer int) (residual []float64, err error) {
	passes, u, h := net.Factors(x, layer)
	residual = make([]float64, len(y))
	for i, p := range passes {
		residual[i] = p.Output - y[i]
	}
	g, err := solve(KhatriRao(u, h, &net.Ops), residual)
	if err != nil {
		return nil, err
	}
	n := len(y)
	net.Ops.Solve += n * n * n
	for i := range u {
		for k := range u[i].Value {
			u[i].Value[k] *= -g[i]
		}
	}
	net.Deep[layer].Update(u, h)
	return residual, nil
}

// solve returns G^{-1} r for a positive definite G.
func solve(g *mat.SymDense, r []float64) ([]float64, error) {
	var c mat.Cholesky
	if !c.Factorize(g) {
		return nil, fmt.Errorf("subquadratic: the Gram matrix is singular; make the network wider, or drop equal inputs")
	}
	var out mat.VecDense
	if err := c.SolveVecTo(&out, mat.NewVecDense(len(r), r)); err != nil {
		return nil, fmt.Errorf("subquadratic: the Gram matrix is singular to rounding: %w", err)
	}
	return out.RawVector().Data, nil
}
