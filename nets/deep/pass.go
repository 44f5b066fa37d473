package deep

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// Pass holds everything a network computes on one batch X (n x d): features,
// preactivations, slopes and backward rows, in memory that is used again each
// time Forward is called. It belongs to one goroutine.
//
// The matrices it returns are live views that the next Forward overwrites; they
// must not be written to. Backward rows are computed when first asked for.
type Pass struct {
	net     *Network
	n       int
	z, f, d []*mat.Dense // index l = 1..L-1; f[0] is X
	b       []*mat.Dense // index l = 1..L
	out     []float64
	hasBack bool

	scaled []float64     // weighted backward rows
	gramF  *mat.SymDense // scratch of GramTerm
	gramB  *mat.SymDense
}

// NewPass allocates a pass over the rows of x (n x d) and runs it forward. It
// keeps x and reads it again at each Forward. It returns an error when x has
// the wrong number of columns or an entry that is not finite.
func (net *Network) NewPass(x *mat.Dense) (*Pass, error) {
	if err := net.checkBatch(x); err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	depth := net.Depth()
	p := &Pass{
		net: net, n: n,
		z: make([]*mat.Dense, depth), f: make([]*mat.Dense, depth), d: make([]*mat.Dense, depth),
		b:   make([]*mat.Dense, depth+1),
		out: make([]float64, n),
	}
	p.f[0] = x
	for l := 1; l < depth; l++ {
		width := net.Width(l)
		p.z[l], p.f[l], p.d[l] = mat.NewDense(n, width, nil), mat.NewDense(n, width, nil), mat.NewDense(n, width, nil)
	}
	p.Forward()
	return p, nil
}

// Forward recomputes the pass. Call it after changing the weights or X.
func (p *Pass) Forward() {
	p.hasBack = false
	act := p.net.config.Activation
	depth := p.net.Depth()
	for l := 1; l < depth; l++ {
		p.applyWeight(l, p.z[l].RawMatrix())
		f, d := p.f[l].RawMatrix().Data, p.d[l].RawMatrix().Data
		act.eval(f, d, p.z[l].RawMatrix().Data)
		if s := p.net.config.scale(l); s != 1 {
			for i := range f {
				f[i] *= s
				d[i] *= s
			}
		}
	}
	p.applyWeight(depth, blas64.General{Rows: p.n, Cols: 1, Stride: 1, Data: p.out})
	for i := range p.out {
		p.out[i] *= p.net.config.Multiplier
	}
}

// applyWeight sets dst to F_{l-1} W_l^T.
func (p *Pass) applyWeight(l int, dst blas64.General) {
	product(blas.NoTrans, blas.Trans, p.f[l-1].RawMatrix(), p.net.weights[l-1].RawMatrix(), dst)
}

// backward fills the backward rows B_1..B_L unless they are there.
func (p *Pass) backward() {
	if p.hasBack {
		return
	}
	depth := p.net.Depth()
	if p.b[depth] == nil {
		for l := 1; l <= depth; l++ {
			p.b[l] = mat.NewDense(p.n, p.net.Width(l), nil)
		}
	}
	last := p.b[depth].RawMatrix().Data
	for i := range last {
		last[i] = p.net.config.Multiplier
	}
	for l := depth - 1; l >= 1; l-- {
		b := p.b[l].RawMatrix()
		product(blas.NoTrans, blas.NoTrans, p.b[l+1].RawMatrix(), p.net.weights[l].RawMatrix(), b)
		for i, d := range p.d[l].RawMatrix().Data {
			b.Data[i] *= d
		}
	}
	p.hasBack = true
}

// Output returns f(x_i), i = 1..n.
func (p *Pass) Output() []float64 { return p.out }

// Feature returns F_l (n x n_l) for l = 0..L-1; F_0 is the batch itself.
func (p *Pass) Feature(l int) *mat.Dense {
	if l < 0 || l >= p.net.Depth() {
		panic(fmt.Sprintf("deep: feature layer %d of a network with feature layers 0..%d", l, p.net.Depth()-1))
	}
	return p.f[l]
}

// Preactivation returns Z_l (n x n_l) for hidden layer l = 1..L-1.
func (p *Pass) Preactivation(l int) *mat.Dense {
	p.checkHidden(l)
	return p.z[l]
}

// Slope returns s_l sigma'(Z_l) (n x n_l) for hidden layer l = 1..L-1. In the
// standard convention with ReLU this is the 0/1 activation pattern.
func (p *Pass) Slope(l int) *mat.Dense {
	p.checkHidden(l)
	return p.d[l]
}

// Backward returns the backward rows B_l (n x n_l) for l = 1..L.
func (p *Pass) Backward(l int) *mat.Dense {
	p.net.checkLayer(l, 1)
	p.backward()
	return p.b[l]
}

// Flips returns how many of the n (n_1 + ... + n_{L-1}) gates 1[z > 0] differ
// between two passes of the same shape, such as before and after a step.
func (p *Pass) Flips(q *Pass) int {
	if p.n != q.n || p.net.Depth() != q.net.Depth() {
		panic("deep: comparing the gates of passes of different shape")
	}
	flips := 0
	for l := 1; l < p.net.Depth(); l++ {
		u, v := p.z[l].RawMatrix().Data, q.z[l].RawMatrix().Data
		if len(u) != len(v) {
			panic("deep: comparing the gates of passes of different shape")
		}
		for i := range u {
			if (u[i] > 0) != (v[i] > 0) {
				flips++
			}
		}
	}
	return flips
}

// Margin returns the smallest |z| over all gates, +Inf without hidden layers.
// Zero means that a gate sits on the kink, where the Jacobian is a convention
// (unless the layer below is dead, which makes z = 0 on a whole neighbourhood).
func (p *Pass) Margin() float64 {
	margin := math.Inf(1)
	for l := 1; l < p.net.Depth(); l++ {
		for _, z := range p.z[l].RawMatrix().Data {
			margin = math.Min(margin, math.Abs(z))
		}
	}
	return margin
}

func (p *Pass) checkHidden(l int) {
	if l < 1 || l >= p.net.Depth() {
		panic(fmt.Sprintf("deep: hidden layer %d of a network with hidden layers 1..%d", l, p.net.Depth()-1))
	}
}
