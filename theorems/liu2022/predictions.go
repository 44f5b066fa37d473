package liu2022

import (
	"convergo/bounds"
	"convergo/bounds/predict"
)

const key = "liu2022"

// Predictions are what the paper says about a data set: Nesterov's method with eta = 1/(2 lmax) on the first layer.
func Predictions(d *predict.Data) []predict.Prediction {
	const (
		half   = 0.5
		method = "Nesterov's method"
	)
	p := d.Problem
	recalled := d.Required(key, "main theorem, width in the form recalled", "liu2022/main-theorem", "liu2022/nesterov", predict.Training)
	recalled.Says = method + " at eta = 1/(2 lmax), independent neurons"
	derived := d.Required(key, "main theorem", "", "derived/nesterov", predict.Training)
	derived.Says = recalled.Says
	pairs := predict.New(key, "main theorem", "liu2022/theorem", predict.Training, bounds.Derived, method+" at eta = 1/(2 lmax), antisymmetric start")
	pairs.Width, pairs.Hypotheses = bounds.AntisymmetricNesterovWidth(p, d.Top(), half), []predict.Hypothesis{d.Lambda0()}
	rows := []predict.Prediction{recalled, derived, pairs}
	for i, top := range []float64{p.S * p.S / 2, p.S * p.S / 2, d.Top()} {
		// Errors of two steps in a row are followed together: both are e(0) at the start, so that the bound on ||e(t)||^2 starts at twice C^2.
		proof := bounds.ProveNesterov(p.N, p.S, 0.75*p.Lambda0, top+p.Lambda0/4, half)
		rows[i].Method = method
		rows[i] = rows[i].Transient(d, proof.Step, 1-proof.Rate*proof.Rate, 2*proof.Factor*proof.Factor)
	}
	return rows
}
