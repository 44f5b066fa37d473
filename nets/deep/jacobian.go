package deep

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// Gram sets dst to the tangent kernel K = J J^T (n x n), the sum of the terms of
// all layers, and returns it. A nil dst is allocated. The Jacobian is never
// formed: the cost is O(n^2 sum_l n_l) beyond the forward and backward pass.
func (p *Pass) Gram(dst *mat.SymDense) *mat.SymDense {
	dst = p.symmetric(dst)
	dst.Zero()
	for l := 1; l <= p.net.Depth(); l++ {
		p.addTerm(dst, l)
	}
	return dst
}

// GramTerm sets dst to the part of the tangent kernel that belongs to W_l,
// (F_{l-1} F_{l-1}^T) o (B_l B_l^T), l = 1..L, and returns it. A nil dst is
// allocated. Training some layers only has the sum of their terms for kernel.
func (p *Pass) GramTerm(dst *mat.SymDense, l int) *mat.SymDense {
	p.net.checkLayer(l, 1)
	dst = p.symmetric(dst)
	dst.Zero()
	p.addTerm(dst, l)
	return dst
}

func (p *Pass) addTerm(dst *mat.SymDense, l int) {
	p.backward()
	if p.gramF == nil {
		p.gramF, p.gramB = mat.NewSymDense(p.n, nil), mat.NewSymDense(p.n, nil)
	}
	f, b, k := p.gramF.RawSymmetric(), p.gramB.RawSymmetric(), dst.RawSymmetric()
	outerGram(p.f[l-1].RawMatrix(), f)
	outerGram(p.b[l].RawMatrix(), b)
	for i := range p.n {
		for j := i; j < p.n; j++ {
			k.Data[i*k.Stride+j] += float64(f.Data[i*f.Stride+j] * b.Data[i*b.Stride+j])
		}
	}
}

func (p *Pass) symmetric(dst *mat.SymDense) *mat.SymDense {
	if dst == nil {
		return mat.NewSymDense(p.n, nil)
	}
	if dst.SymmetricDim() != p.n {
		panic(fmt.Sprintf("deep: destination of order %d for a kernel of order %d", dst.SymmetricDim(), p.n))
	}
	return dst
}

// JMul sets dst (length n) to J v, the derivative of the outputs along v
// (length P), and returns it. A nil dst is allocated.
func (p *Pass) JMul(dst, v []float64) []float64 {
	dst = vector(dst, p.n)
	if len(v) != p.net.NumParams() {
		panic(fmt.Sprintf("deep: direction of length %d for %d parameters", len(v), p.net.NumParams()))
	}
	p.backward()
	clear(dst)
	for l := 1; l <= p.net.Depth(); l++ {
		rows, cols := p.net.weights[l-1].Dims()
		direction := blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: p.net.LayerParams(v, l)}
		moved := p.scratch(rows)
		product(blas.NoTrans, blas.Trans, p.f[l-1].RawMatrix(), direction, moved)
		b := p.b[l].RawMatrix()
		for i := range dst {
			for j, m := range moved.Data[i*rows : (i+1)*rows] {
				dst[i] += float64(b.Data[i*b.Stride+j] * m)
			}
		}
	}
	return dst
}

// JTMul sets dst (length P) to J^T u for u of length n, and returns it. A nil
// dst is allocated. With u = f - y this is the gradient of half the squared
// error, and with u the i-th unit vector the gradient of f(x_i).
func (p *Pass) JTMul(dst, u []float64) []float64 {
	dst = vector(dst, p.net.NumParams())
	for l := 1; l <= p.net.Depth(); l++ {
		p.layerJTMul(p.net.LayerParams(dst, l), u, l)
	}
	return dst
}

// layerJTMul sets dst to the part of J^T u that belongs to layer l.
func (p *Pass) layerJTMul(dst, u []float64, l int) {
	if len(u) != p.n {
		panic(fmt.Sprintf("deep: %d weights for %d samples", len(u), p.n))
	}
	p.backward()
	rows, cols := p.net.weights[l-1].Dims()
	scaled, b := p.scratch(rows), p.b[l].RawMatrix()
	for i, ui := range u {
		for j, v := range b.Data[i*b.Stride : i*b.Stride+rows] {
			scaled.Data[i*rows+j] = ui * v
		}
	}
	product(blas.Trans, blas.NoTrans, scaled, p.f[l-1].RawMatrix(),
		blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: dst})
}

// Jacobian returns J (n x P) in full. It is meant for small networks and for
// tests; Gram, JMul and JTMul do without it.
func (p *Pass) Jacobian() *mat.Dense {
	jac := mat.NewDense(p.n, p.net.NumParams(), nil)
	p.backward()
	for i := range p.n {
		row := jac.RawRowView(i)
		for l := 1; l <= p.net.Depth(); l++ {
			part, f := p.net.LayerParams(row, l), p.f[l-1].RawRowView(i)
			for j, b := range p.b[l].RawRowView(i) {
				for k, v := range f {
					part[j*len(f)+k] = b * v
				}
			}
		}
	}
	return jac
}

// InputJacobian returns the Jacobian of the preactivations of layer l = 1..L
// with respect to the input, at row i of the batch (n_l x d):
//
//	W_l D_{l-1} W_{l-1} ... D_1 W_1,  D_k = diag(s_k sigma'(z_k)),
//
// times the output multiplier when l = L. Its operator norm bounds the local
// Lipschitz constant of [Nguyen2021], Lemma 6.1, from below.
func (p *Pass) InputJacobian(l, i int) *mat.Dense {
	p.net.checkLayer(l, 1)
	if i < 0 || i >= p.n {
		panic(fmt.Sprintf("deep: sample %d of %d", i, p.n))
	}
	jac := mat.DenseCopyOf(p.net.weights[0])
	for k := 1; k < l; k++ {
		for j, slope := range p.d[k].RawRowView(i) {
			row := jac.RawRowView(j)
			for c := range row {
				row[c] *= slope
			}
		}
		next := mat.NewDense(p.net.Width(k+1), p.net.Width(0), nil)
		product(blas.NoTrans, blas.NoTrans, p.net.weights[k].RawMatrix(), jac.RawMatrix(), next.RawMatrix())
		jac = next
	}
	if l == p.net.Depth() {
		jac.Scale(p.net.config.Multiplier, jac)
	}
	return jac
}

// scratch returns an n x width matrix whose contents are up for grabs.
func (p *Pass) scratch(width int) blas64.General {
	if len(p.scaled) < p.n*width {
		p.scaled = make([]float64, p.n*width)
	}
	return blas64.General{Rows: p.n, Cols: width, Stride: width, Data: p.scaled[:p.n*width]}
}

func vector(dst []float64, size int) []float64 {
	if dst == nil {
		return make([]float64, size)
	}
	if len(dst) != size {
		panic(fmt.Sprintf("deep: destination of length %d, want %d", len(dst), size))
	}
	return dst
}
