package train

import "gonum.org/v1/gonum/mat"

// Indices draws the mini-batches of n samples one by one, for updates of other networks than those of this package. The slice
// it returns is used again by the next call. Without a Size every batch has all samples, in order.
func (m MiniBatch) Indices(n int) (next func() []int, err error) {
	if err := m.validate(n); err != nil {
		return nil, err
	}
	if m.Size == 0 {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		return func() []int { return all }, nil
	}
	s := newSampler(m, mat.NewDense(n, 1, nil), 1)
	return func() []int {
		s.draw()
		return s.drawn
	}, nil
}
