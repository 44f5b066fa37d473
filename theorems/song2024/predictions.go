package song2024

import (
	"math"

	"convergo/bounds/predict"
)

const key = "song2024"

// Predictions are what the paper says about a data set: Gauss-Newton, whose systems are solved up to a tenth, leaves a third
// of the residual at each step.
func Predictions(d *predict.Data) []predict.Prediction {
	newton := d.Required(key, "convergence theorem, constants derived", "song2024/newton-width", "derived/gauss-newton", predict.Training)
	newton.Method = "Gauss-Newton"
	newton.Says = newton.Method + " on systems solved up to 1/10, antisymmetric start"
	return []predict.Prediction{newton.Linear(d, math.NaN(), 1-third*third)}
}
