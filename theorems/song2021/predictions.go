package song2021

import (
	"math"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/bounds/predict"
)

const key = "song2021"

// Predictions are what the paper says about a data set: gradient descent on both layers of a smooth network, of erf where
// the constants are explicit.
func Predictions(d *predict.Data) []predict.Prediction {
	printed := d.Required(key, "Theorem 3, hidden factors set to 1", "", "song2021/descent", predict.Training)
	printed.Says = "both layers, smooth activation"
	return []predict.Prediction{printed, explicit(d)}
}

func explicit(d *predict.Data) predict.Prediction {
	const (
		output = 0.5 // the output weights are N(0, output^2/m)
		half   = 0.5
	)
	p := predict.New(key, "Theorem 3", "song2021/descent-width", predict.Training, bounds.Derived, "both layers, erf neurons")
	limit, err := kernel.ErfFeature().Lambda0(d.X)
	if err != nil {
		p.Vacuous = err.Error()
		return p
	}
	p.Hypotheses = []predict.Hypothesis{predict.Positive("lambda of the features", limit)}
	if p.Met() {
		p.Width = bounds.LastLayerProblem{
			N: d.Problem.N, Lambda: limit.Lower(), S: d.Problem.S, B0: 1, B1: 2 / math.Sqrt(math.Pi), Output: output, LabelNorm: d.Problem.LabelNorm,
			Delta: d.Delta, Eps: half, H: half, Share: half,
		}.Width()
	}
	return p
}
