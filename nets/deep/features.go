package deep

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// FeatureSingularValues returns the n singular values of F_l (n x n_l),
// l = 0..L-1, in decreasing order. When n_l < n the last n - n_l are zero: the
// smallest one is always sqrt(lambda_min(F_l F_l^T)). Each value is off by at
// most a modest multiple of the machine epsilon times the largest. It returns
// an error when the features are not finite.
func (p *Pass) FeatureSingularValues(l int) ([]float64, error) {
	f := p.Feature(l)
	for i := range p.n {
		for _, v := range f.RawRowView(i) {
			if !finite(v) {
				return nil, fmt.Errorf("deep: F_%d of sample %d has the entry %v; initialise with smaller weights", l, i, v)
			}
		}
	}
	var svd mat.SVD
	if !svd.Factorize(f, mat.SVDNone) {
		return nil, fmt.Errorf("deep: singular values of layer %d did not converge", l)
	}
	return append(svd.Values(nil), make([]float64, max(0, p.n-p.net.Width(l)))...), nil
}
