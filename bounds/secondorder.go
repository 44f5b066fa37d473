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
