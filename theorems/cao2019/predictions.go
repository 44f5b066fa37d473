package cao2019

import (
	"convergo/bounds"
	"convergo/bounds/predict"
)

const key = "cao2019"

// Predictions are what the paper says about a data set.
func Predictions(d *predict.Data) []predict.Prediction {
	n := float64(d.Problem.N)
	printed := predict.New(key, "Theorem 3.3", "", predict.Training, bounds.Order, "one pass of SGD, deep network, loss near that of the best random features")
	printed.Width = bounds.NTRFWidth(d.Problem.N, d.Delta)
	rows := []predict.Prediction{printed}
	if l := d.Facts.Labels; l != nil && l.Margin != nil && l.Margin.Lower > 0 {
		// H has 1/2 on its diagonal, and the complexity is the inverse squared margin.
		loo := predict.New(key, "Corollary 3.10", "cao2019/leave-one-out", predict.Generalisation, bounds.Derived, "leave-one-out errors of the machine of largest margin in the kernel H, a share")
		loo.Value = 1 / (2 * n * l.Margin.Lower * l.Margin.Lower)
		loo.Hypotheses = []predict.Hypothesis{d.Lambda0()}
		rows = append(rows, loo)
	}
	return rows
}
