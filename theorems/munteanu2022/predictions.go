package munteanu2022

import (
	"fmt"
	"math"

	"convergo/bounds"
	"convergo/bounds/predict"
)

const key = "munteanu2022"

// Predictions are what the paper says about a data set, for the coupled start.
func Predictions(d *predict.Data) []predict.Prediction {
	p := d.Problem
	n, s2 := float64(p.N), p.S*p.S
	printed := d.Required(key, "main theorem on squared loss", "munteanu2022/squared-descent", "munteanu2022/squared", predict.Training)
	printed.Says = "coupled start, descent at eta = lambda_0/n^2"
	derived := d.Required(key, "main theorem on squared loss", "munteanu2022/squared-descent", "derived/coupled", predict.Training)
	derived.Says = "coupled start at large scale, descent at eta = 1/S^2"
	half := p.Lambda0 / (2 * s2)
	rows := []predict.Prediction{
		printed.Linear(d, p.Lambda0/(n*n), p.Lambda0*p.Lambda0/(2*n*n)),
		derived.Linear(d, 1/s2, half*(2-half)),
	}
	if p.Margin > 0 {
		rows = append(rows, logisticPrediction(d))
	}
	return rows
}

// logisticPrediction is the theorem on logistic loss, which starts at ln 2; gamma is the certified margin that the kernel
// margin proves.
func logisticPrediction(d *predict.Data) predict.Prediction {
	const eta = 4
	gamma := d.Problem.Margin
	p := d.Required(key, "main theorem on logistic loss", "munteanu2022/logistic-descent", "derived/coupled-margin", predict.Training)
	p.Says = fmt.Sprintf("logistic loss to %.2g of its start, coupled start at large scale", d.Share)
	p.Step, p.Steps = eta, bounds.CoupledMarginSteps(gamma, eta, d.Share*math.Ln2)
	p.Hypotheses = []predict.Hypothesis{{Name: "margin", Have: gamma, Above: true}}
	return p
}
