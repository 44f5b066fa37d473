package nets

import (
	"convergo/nets/fmablas"
	"convergo/nets/internal/neuron"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// A Batch evaluates networks of one width on n fixed samples. It owns the
// buffers, so that nothing is allocated after NewBatch.
//
// Forward and Update keep Z and U in step with the weights; all other methods
// read Z and belong to the network that was evaluated last.
type Batch struct {
	X *mat.Dense    // n x d, shared with the caller and to be changed by SetSample alone
	K *mat.SymDense // n x n, the inner products X X^T of the samples given to NewBatch
	Z *mat.Dense    // m x n preactivations W X^T
	U []float64     // n outputs

	rows     *neuron.Samples
	step     neuron.Step
	acc      accumulator
	coef     []float64     // n
	chunk    []float64     // chunkRows x n
	patterns *Patterns     // scratch of Gram, made when first asked for
	words    []uint64      // n, scratch of Patterns
	layer    *mat.SymDense // scratch of Gram for both layers
}

// chunkRows is the number of neurons in one rank-k update of a Gram matrix.
const chunkRows = 256

// NewBatch returns a Batch for the rows of x (n x d) and networks of width m.
func NewBatch(x *mat.Dense, m int) *Batch {
	n, _ := x.Dims()
	if m < 1 {
		panic(fmt.Sprintf("nets: batch for width %d", m))
	}
	b := &Batch{
		X: x, K: mat.NewSymDense(n, nil), Z: mat.NewDense(m, n, nil), U: make([]float64, n),
		rows: neuron.New(x), acc: newAccumulator(n), coef: make([]float64, n), words: make([]uint64, n),
	}
	fmablas.Syrk(blas.NoTrans, 1, x.RawMatrix(), 0, b.K.RawSymmetric())
	return b
}

// SetSample puts x (d) in the place of sample i, for draws of mini-batches: Forward
// then gives Z and U, and Gradient and Update what follows from them. K stays, and
// with it Gram belongs to the samples of NewBatch.
func (b *Batch) SetSample(i int, x []float64) {
	b.X.SetRow(i, x)
	b.rows.Set(i, x)
}

func (b *Batch) mustFit(net *Network) {
	m, n := b.Z.Dims()
	if _, d := b.X.Dims(); net.Width() != m || net.Dim() != d {
		panic(fmt.Sprintf("nets: network of width %d on %d features, batch for width %d and %d features (%d samples)",
			net.Width(), net.Dim(), m, d, n))
	}
}

// Forward computes Z, for all neurons, and U, over the neurons that are kept.
// Cost: 2 n m d flops.
func (b *Batch) Forward(net *Network) { b.Refresh(net, nil) }

// Refresh is Forward when only the neurons with changed true have moved since;
// nil stands for all. It leaves the others' rows of Z as they are, so that with
// nothing changed it just sums the outputs anew, under another mask say.
func (b *Batch) Refresh(net *Network, changed []bool) {
	b.mustFit(net)
	w, z := net.W.RawMatrix(), b.Z.RawMatrix()
	for r := range net.Width() {
		if changed == nil || changed[r] {
			b.rows.Preactivate(row(z, r), row(w, r))
		}
	}
	b.acc.reset(net)
	for r := range net.Width() {
		if net.Keeps(r) {
			b.acc.add(net, r, row(z, r))
		}
	}
	b.acc.sum(b.U)
}

// Update takes one gradient step on the named layers: it subtracts from them
// eta times the gradient of a loss whose derivative in the outputs is e, and
// brings Z and U up to date. The gradient of both layers is taken at the old
// weights. Masked neurons stay where they are.
//
// One pass over the weights does it all, at 4 n m d flops.
func (b *Batch) Update(net *Network, eta float64, e []float64, layers Layers) {
	b.mustFit(net)
	w, z := net.W.RawMatrix(), b.Z.RawMatrix()
	b.acc.reset(net)
	step := &b.step
	step.E, step.Coef = e, b.coef
	for r := range net.Width() {
		if !net.Keeps(r) {
			continue
		}
		w, z := row(w, r), row(z, r)
		step.Scale = -eta * net.Scale * net.A[r]
		if layers&SecondLayer != 0 {
			net.A[r] -= eta * net.Scale * net.Act.inner(e, z)
		}
		switch {
		case layers&FirstLayer == 0:
			b.acc.add(net, r, z)
		case net.Act.relu:
			step.U, step.Weight = b.acc.of(r), net.Scale*net.A[r]
			b.rows.Step(w, z, step)
		default:
			net.Act.weigh(b.coef, step.Scale, e, z)
			b.rows.Move(w, b.coef)
			b.rows.Preactivate(z, w)
			b.acc.add(net, r, z)
		}
	}
	b.acc.sum(b.U)
}

// Move takes the step of Update on the first layer, with the same rounding, and
// leaves Z and U behind: for a last step whose outputs nobody looks at.
func (b *Batch) Move(net *Network, eta float64, e []float64) {
	b.mustFit(net)
	w, z := net.W.RawMatrix(), b.Z.RawMatrix()
	for r := range net.Width() {
		if net.Keeps(r) {
			net.Act.weigh(b.coef, -eta*net.Scale*net.A[r], e, row(z, r))
			b.rows.Move(row(w, r), b.coef)
		}
	}
}

// row is a.RawRowView without its checks, which cost as much as a short row.
func row(a blas64.General, r int) []float64 {
	return a.Data[r*a.Stride : r*a.Stride+a.Cols]
}

// Gradient stores the gradient of a loss whose derivative in the outputs is e:
// dw (m x d) with respect to W, da (m) with respect to a. Either may be nil. It
// is zero for masked neurons.
func (b *Batch) Gradient(dw *mat.Dense, da []float64, net *Network, e []float64) {
	b.mustFit(net)
	for r := range net.Width() {
		c := net.Scale
		if !net.Keeps(r) {
			c = 0
		}
		z := b.Z.RawRowView(r)
		if da != nil {
			da[r] = c * net.Act.inner(e, z)
		}
		if dw != nil {
			net.Act.weigh(b.coef, c*net.A[r], e, z)
			b.rows.Pull(dw.RawRowView(r), b.coef)
		}
	}
}

// Jacobian returns the derivative of the outputs in the named layers: n rows;
// columns W row by row (m d of them), then a (m). It is meant for small
// networks.
func (b *Batch) Jacobian(net *Network, layers Layers) *mat.Dense {
	b.mustFit(net)
	n, d := b.X.Dims()
	m := net.Width()
	first, cols := 0, 0
	if layers&FirstLayer != 0 {
		first = m * d
		cols += m * d
	}
	if layers&SecondLayer != 0 {
		cols += m
	}
	j := mat.NewDense(n, cols, nil)
	for i := range n {
		row := j.RawRowView(i)
		for r := range m {
			if !net.Keeps(r) {
				continue
			}
			z := b.Z.At(r, i)
			if layers&FirstLayer != 0 {
				c := net.Scale * net.A[r] * net.Act.Deriv(z)
				for k, v := range b.X.RawRowView(i) {
					row[r*d+k] = c * v
				}
			}
			if layers&SecondLayer != 0 {
				row[first+r] = net.Scale * net.Act.Value(z)
			}
		}
	}
	return j
}

// Gram stores in dst (n x n) the Gram matrix J J^T of the named layers. With
// s the output scale,
//
//	H_ij = x_i.x_j s^2 sum_r a_r^2 phi'(z_ri) phi'(z_rj)    (first layer)
//	G_ij = s^2 sum_r phi(z_ri) phi(z_rj)                    (second layer)
//
// and both layers have H + G. For ReLU with |a_r| all the same, H
// is counted from bit patterns and each count is exact.
func (b *Batch) Gram(dst *mat.SymDense, net *Network, layers Layers) {
	b.mustFit(net)
	switch layers {
	case FirstLayer:
		b.firstGram(dst, net)
	case SecondLayer:
		b.secondGram(dst, net)
	case BothLayers:
		if b.layer == nil {
			b.layer = mat.NewSymDense(len(b.U), nil)
		}
		b.firstGram(dst, net)
		b.secondGram(b.layer, net)
		dst.AddSym(dst, b.layer)
	default:
		panic(fmt.Sprintf("nets: Gram matrix of no layer (%d)", layers))
	}
}

func (b *Batch) firstGram(dst *mat.SymDense, net *Network) {
	if c, ok := commonSize(net.A); ok && net.Act.relu {
		b.countedGram(dst, net, net.Scale*net.Scale*c*c)
		return
	}
	b.rankUpdates(dst, net, func(row []float64, r int, z []float64) {
		for i, v := range z {
			row[i] = net.A[r] * net.Act.Deriv(v)
		}
	})
	for i := range b.U {
		for j := i; j < len(b.U); j++ {
			dst.SetSym(i, j, b.K.At(i, j)*dst.At(i, j))
		}
	}
}

func (b *Batch) countedGram(dst *mat.SymDense, net *Network, c float64) {
	if b.patterns == nil {
		b.patterns = NewPatterns(len(b.U), net.Width())
	}
	b.Patterns(b.patterns)
	b.patterns.Keep(net.Mask)
	for i := range b.U {
		for j := i; j < len(b.U); j++ {
			dst.SetSym(i, j, b.K.At(i, j)*(c*float64(b.patterns.CoActive(i, j))))
		}
	}
}

func (b *Batch) secondGram(dst *mat.SymDense, net *Network) {
	b.rankUpdates(dst, net, func(row []float64, _ int, z []float64) {
		for i, v := range z {
			row[i] = net.Act.Value(v)
		}
	})
}

// rankUpdates sets dst = s^2 sum_r v_r v_r^T over the neurons that are kept,
// where fill computes v_r from the preactivations of neuron r.
func (b *Batch) rankUpdates(dst *mat.SymDense, net *Network, fill func(row []float64, r int, z []float64)) {
	n := len(b.U)
	if b.chunk == nil {
		b.chunk = make([]float64, chunkRows*n)
	}
	dst.Zero()
	rows := 0
	flush := func() {
		if rows == 0 {
			return
		}
		v := blas64.General{Rows: rows, Cols: n, Stride: n, Data: b.chunk[:rows*n]}
		fmablas.Syrk(blas.Trans, net.Scale*net.Scale, v, 1, dst.RawSymmetric())
		rows = 0
	}
	for r := range net.Width() {
		if !net.Keeps(r) {
			continue
		}
		fill(b.chunk[rows*n:(rows+1)*n], r, b.Z.RawRowView(r))
		if rows++; rows == chunkRows {
			flush()
		}
	}
	flush()
}

func commonSize(a []float64) (float64, bool) {
	c := math.Abs(a[0])
	for _, v := range a {
		if math.Abs(v) != c {
			return 0, false
		}
	}
	return c, true
}
