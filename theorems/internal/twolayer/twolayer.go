// Package twolayer is the setting that the papers on two-layer ReLU networks share: n inputs x_i, the rows of X, in R^d; a
// network f(x) = m^{-1/2} sum_r a_r relu(w_r.x) with w_r ~ N(0, kappa^2 I) and a_r = +-1, of which w is trained; and the
// limit H^inf of its Gram matrix, H^inf_ij = x_i.x_j (pi - angle_ij)/(2 pi), with smallest eigenvalue lambda_0.
package twolayer

import (
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/nets"
	"convergo/nets/data"
)

// Inputs are a data set with what the limit of a network on it is made of.
type Inputs struct {
	Set   *data.Set
	Span  *mat.Dense    // n x min(n, d): the rows in coordinates of their span, in which a network has the same law and costs less
	Limit *mat.SymDense // H^inf
}

// Build builds the data and their limit.
func Build(spec data.Spec) (*Inputs, error) {
	set, err := spec.Build()
	if err != nil {
		return nil, err
	}
	limit, err := kernel.ReLU().Gram(set.X)
	if err != nil {
		return nil, err
	}
	span, _ := nets.InSpan(set.X)
	return &Inputs{Set: set, Span: span, Limit: limit}, nil
}

// Size are the samples and the columns that a description announces, for costs: without building it, and with as many
// columns as samples where only the data would tell, since training costs no more than the dimension of their span.
func Size(spec data.Spec) (n, d float64) {
	rows, columns := spec.Size()
	if columns == 0 {
		columns = rows
	}
	return float64(rows), float64(columns)
}
