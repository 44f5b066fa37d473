package allenzhu2019

import (
	"convergo/bounds"
	"convergo/bounds/predict"
)

const key = "allenzhu2019"

// Predictions are what the paper says about a data set, for one hidden layer and its hidden constants set to 1.
func Predictions(d *predict.Data) []predict.Prediction {
	p := predict.New(key, "Theorem 1, as restated", "allenzhu2019/descent-theorem", predict.Training, bounds.Order, "descent on a ReLU network of one hidden layer, by the distance of the closest pair")
	p.Hypotheses = []predict.Hypothesis{d.Separation()}
	if p.Met() && d.Facts.N > 1 {
		p.Width = bounds.AllenZhuWidth(d.Problem.N, 1, d.Facts.Geometry.Separation, 1)
	}
	return []predict.Prediction{p}
}
