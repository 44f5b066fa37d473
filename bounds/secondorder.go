package bounds

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// SecondOrder returns, for the network W_L phi(W_{L-1} ... phi(W_1 x)) on every row of x, the output with its
// first and second derivative along a direction V of the weights, at s = 0 of W + s V. Taylor coefficients are
// carried forward through the layers; no gradient is formed.
func SecondOrder(phi Smooth, x mat.Matrix, weights, direction []*mat.Dense) (value, first, second []float64, err error) {
	if len(weights) == 0 || len(weights) != len(direction) {
		return nil, nil, nil, fmt.Errorf("bounds: %d weight matrices and %d directions; give one direction a matrix", len(weights), len(direction))
	}
	if err := checkChain(x, weights); err != nil {
		return nil, nil, nil, err
	}
	for l, w := range weights {
		rows, cols := w.Dims()
		if r, c := direction[l].Dims(); r != rows || c != cols {
			return nil, nil, nil, fmt.Errorf("bounds: direction %d is %d x %d, its weights %d x %d; give them one shape", l+1, r, c, rows, cols)
		}
	}
	n, _ := x.Dims()
	f, d, dd := mat.DenseCopyOf(x), (*mat.Dense)(nil), (*mat.Dense)(nil)
	for l, w := range weights {
		out, _ := w.Dims()
		z, dz, ddz, part := mat.NewDense(n, out, nil), mat.NewDense(n, out, nil), mat.NewDense(n, out, nil), mat.NewDense(n, out, nil)
		z.Mul(f, w.T())
		dz.Mul(f, direction[l].T())
		if d != nil {
			part.Mul(d, w.T())
			dz.Add(dz, part)
			ddz.Mul(d, direction[l].T())
			ddz.Scale(2, ddz)
			part.Mul(dd, w.T())
			ddz.Add(ddz, part)
		}
		f, d, dd = z, dz, ddz
		if l == len(weights)-1 {
			break
		}
		for i := range n {
			v, dv, ddv := f.RawRowView(i), d.RawRowView(i), dd.RawRowView(i)
			for j, at := range v {
				slope := phi.Slope.At(at)
				ddv[j] = phi.Curvature(at)*dv[j]*dv[j] + slope*ddv[j]
				dv[j] *= slope
				v[j] = phi.Value.At(at)
			}
		}
	}
	return mat.Col(nil, 0, f), mat.Col(nil, 0, d), mat.Col(nil, 0, dd), nil
}

// checkChain says whether the weight matrices W_1, ..., W_L fit the rows of x and each other, with one output.
func checkChain(x mat.Matrix, weights []*mat.Dense) error {
	n, before := x.Dims()
	if n == 0 || before == 0 {
		return fmt.Errorf("bounds: the data matrix is %d x %d; it needs a row per sample and a column per coordinate", n, before)
	}
	for l, w := range weights {
		rows, cols := w.Dims()
		if rows == 0 || cols != before {
			return fmt.Errorf("bounds: weight matrix %d is %d x %d; it needs a row per neuron and %d columns for its inputs", l+1, rows, cols, before)
		}
		before = rows
	}
	if before != 1 {
		return fmt.Errorf("bounds: the last weight matrix has %d rows; give it one, for one output", before)
	}
	return nil
}
