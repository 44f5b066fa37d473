package shevchenko2023

import (
	"math"

	"convergo/bounds"
	"convergo/bounds/predict"
)

// Predictions are what the paper says about a data set: how well a bit for each coordinate reconstructs samples of unit norm, whatever
// their law, when the bits are those of a random rotation.
func Predictions(d *predict.Data) []predict.Prediction {
	dim := d.Facts.D
	bit := predict.New("shevchenko2023", "derived here", "shevchenko2023/rotation", predict.Generalisation, bounds.Derived,
		"autoencoder of d sign units, rows of a random rotation: mean squared error of any sample")
	bit.Width = float64(dim)
	bit.Value = bounds.RotatedRisk(dim, dim, 1, math.Sqrt(float64(dim)), float64(dim)) // of unit norm, scaled to sqrt d and back
	bit.Upper = true
	return []predict.Prediction{bit}
}
