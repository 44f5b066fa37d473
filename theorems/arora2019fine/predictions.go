package arora2019fine

import (
	"math"

	"convergo/bounds"
	"convergo/bounds/predict"
)

const key = "arora2019fine"

// Predictions are what the paper says about a data set.
func Predictions(d *predict.Data) []predict.Prediction {
	rows := []predict.Prediction{printedRate(d), worstCase(d)}
	if d.Labels {
		rows = append(rows, printedTrajectory(d))
		rows = append(rows, generalisation(d)...)
	}
	return rows
}

// printedRate is Theorem 3.1 at kappa = 1, its hidden constants set to 1.
func printedRate(d *predict.Data) predict.Prediction {
	p := d.Required(key, "Theorem 3.1", "arora2019fine/linear-convergence", "arora2019/descent", predict.Training)
	p.Says = "descent at eta = lambda_0/n^2, kappa = 1"
	n, l := float64(d.Problem.N), d.Problem.Lambda0
	return p.Linear(d, l/(n*n), l*l/(2*n*n))
}

// printedTrajectory is Theorem 4.1: the residual is that of the limit kernel up to eps, here half of what is left.
func printedTrajectory(d *predict.Data) predict.Prediction {
	p := predict.New(key, "Theorem 4.1", "arora2019fine/trajectory", predict.Training, bounds.Order,
		"descent at eta = lambda_0/n^2, these labels, to half of the final residual")
	n := float64(d.Problem.N)
	eps := math.Sqrt(d.Share) * d.Problem.LabelNorm / 2
	p.Width = bounds.PrintedTrajectoryWidth(d.Problem.N, d.Problem.Lambda0, bounds.PrintedTrajectoryScale(d.Problem.N, d.Delta, eps), d.Delta, eps)
	p.Step = d.Problem.Lambda0 / (n * n)
	p.Steps = d.StepsOfModes(p.Step)
	p.Hypotheses = []predict.Hypothesis{d.Lambda0()}
	return p
}

// worstCase is how long the labels take that are slowest under the limit kernel.
func worstCase(d *predict.Data) predict.Prediction {
	p := predict.New(key, "Section 4", "arora2019fine/worst-labels", predict.Training, bounds.Derived, "gradient descent, the worst labels")
	p.Hypotheses, p.Supposes = []predict.Hypothesis{d.Lambda0()}, []string{"infinite width"}
	decay := d.Problem.Lambda0 / d.Top()
	return p.Linear(d, 1/d.Top(), decay*(2-decay))
}

// generalisation bounds the error on new samples of the law that the samples are independent draws of.
func generalisation(d *predict.Data) []predict.Prediction {
	form, n := d.Facts.Labels.Form, d.Problem.N
	bound := func(theorem, claim string, basis bounds.Basis, says string, value float64) predict.Prediction {
		p := predict.New(key, theorem, claim, predict.Generalisation, basis, says)
		p.Value, p.Hypotheses, p.Supposes = value, []predict.Hypothesis{d.Lambda0()}, []string{"independent samples"}
		return p
	}
	printed := bound("Theorem 5.1", "arora2019fine/label-noise", bounds.Order, "loss of the trained network <= sqrt(2 y'H^{-1}y/n) + sqrt(log(n/(lambda_0 delta))/n)",
		d.Facts.Labels.Measure+math.Sqrt(math.Log(float64(n)/(d.Problem.Lambda0*d.Delta))/float64(n)))
	derived := bound("Theorem 5.1", "arora2019fine/generalisation-kernel", bounds.Derived, "loss of the kernel interpolant",
		bounds.KernelGeneralisation(math.Sqrt(form.Upper()), n, d.Delta))
	return []predict.Prediction{printed, derived}
}
