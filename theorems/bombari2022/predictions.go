package bombari2022

import (
	"convergo/bounds"
	"convergo/bounds/predict"
)

const key = "bombari2022"

// Predictions are what the paper says about a data set: as many weights between the last two hidden layers as samples, up
// to logarithms, are enough to fit any labels.
func Predictions(d *predict.Data) []predict.Prediction {
	spectrum := d.Required(key, "Theorem 3.1", "bombari2022/spectrum-order", "bombari2022/spectrum", predict.Start)
	spectrum.Says = "two last hidden layers of this width: smallest eigenvalue of the order of the squared width"
	memory := predict.New(key, "memorisation, from Theorem 3.1", "bombari2022/memorise-error", predict.Memorisation, bounds.Order,
		"two last hidden layers of this width fit any labels")
	memory.Width = bounds.PyramidWidth(d.Problem)
	memory.Hypotheses = []predict.Hypothesis{d.Separation()}
	for _, p := range []*predict.Prediction{&spectrum, &memory} {
		p.Supposes = []string{"random samples of that many dimensions"}
	}
	return []predict.Prediction{spectrum, memory}
}
