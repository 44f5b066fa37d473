package bounds

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// KhatriRaoGram returns the Gram matrix of the vectors b_i (x) f_i, i = 1..N, that the gradients in W_l of the network
// W_L phi(W_{L-1} ... phi(W_1 x)) consist of: f_i = f_{l-1}(x_i) is the input of layer l and
// b_i = D_l W_{l+1}^T D_{l+1} ... W_L^T. Each vector, of n_{l-1} n_l entries, is formed.
func KhatriRaoGram(phi Smooth, x mat.Matrix, weights []*mat.Dense, l int) (*mat.SymDense, error) {
	if l < 1 || l > len(weights) {
		return nil, fmt.Errorf("bounds: layer %d of a network with layers 1..%d", l, len(weights))
	}
	if err := checkChain(x, weights); err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	var rows []*mat.VecDense
	for i := range n {
		f, b := layerInput(phi, mat.Row(nil, i, x), weights, l)
		row := mat.NewVecDense(b.Len()*f.Len(), nil)
		for j := range b.Len() {
			for k := range f.Len() {
				row.SetVec(j*f.Len()+k, b.AtVec(j)*f.AtVec(k))
			}
		}
		rows = append(rows, row)
	}
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			out.SetSym(i, j, mat.Dot(rows[i], rows[j]))
		}
	}
	return out, nil
}

// layerInput returns the input of layer l at one sample and the derivative of the output in its preactivations.
func layerInput(phi Smooth, x []float64, weights []*mat.Dense, l int) (f, b *mat.VecDense) {
	h := mat.NewVecDense(len(x), x)
	var slopes []*mat.VecDense // of layers 1..L-1
	for k, w := range weights {
		if k == l-1 {
			f = h
		}
		z := mat.NewVecDense(w.RawMatrix().Rows, nil)
		z.MulVec(w, h)
		if k == len(weights)-1 {
			break
		}
		d := mat.NewVecDense(z.Len(), nil)
		for j := range z.Len() {
			d.SetVec(j, phi.Slope.At(z.AtVec(j)))
			z.SetVec(j, phi.Value.At(z.AtVec(j)))
		}
		h, slopes = z, append(slopes, d)
	}
	b = mat.NewVecDense(1, []float64{1})
	for k := len(weights) - 1; k >= l; k-- {
		next := mat.NewVecDense(weights[k].RawMatrix().Cols, nil)
		next.MulVec(weights[k].T(), b)
		next.MulElemVec(next, slopes[k-1])
		b = next
	}
	return f, b
}
