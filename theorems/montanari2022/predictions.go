package montanari2022

import (
	"math"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/bounds/predict"
)

// Predictions are what the paper says about a data set: the neurons that are enough, and that are needed, for the linearised network to fit
// any labels, and how small the smallest eigenvalue of the limit kernel must be.
func Predictions(d *predict.Data) []predict.Prediction {
	n, dim := d.X.Dims()
	enough := d.Required(key, "derived for the interpolation theorem", "montanari2022/kernel-width", "derived/gram-invertible", predict.Memorisation)
	enough.Says = "any labels are fitted by the linearised network with so many neurons"
	order := predict.New(key, "interpolation theorem", "montanari2022/interpolation", predict.Memorisation, bounds.Order, "any labels are fitted from n log n/d neurons on")
	order.Width = max(1, float64(n)*max(1, math.Log(float64(n)))/float64(dim))
	order.Supposes = []string{"isotropic inputs, d^l << n << d^{l+1} for some l"}
	rows := []predict.Prediction{enough, order}
	if n > dim {
		limit := kernel.ReLU()
		upper := predict.New(key, "derived for the interpolation theorem", "montanari2022/limit-series", predict.Eigenvalue, bounds.Derived, "lambda_min <= n/(4(n-d)), first layer trained")
		upper.Value, upper.Upper = bounds.NullSpaceUpper(limit.At(1)-limit.Coefficient(1), n, dim), true
		upper.Truth = d.Problem.Lambda0
		rows = append(rows, upper)
	}
	return rows
}
