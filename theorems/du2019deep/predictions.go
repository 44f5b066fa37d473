package du2019deep

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/bounds/predict"
	"convergo/nets"
)

const key = "du2019deep"

// Predictions are what the paper says about a data set, for two hidden layers of softplus, its hidden constants set to 1.
func Predictions(d *predict.Data) []predict.Prediction {
	const layers = 2
	softplus := nets.Softplus()
	limits := kernel.NewSmooth(softplus.Value, softplus.Deriv)
	row := func(theorem, claim, name string, last func() (eig.Certified, error), width func(n, depth int, lambda, delta float64) float64) predict.Prediction {
		p := predict.New(key, theorem, claim, predict.Training, bounds.Order, fmt.Sprintf("%s, %d hidden layers of softplus, eta = lambda/n^2", name, layers))
		lambda, err := last()
		if err != nil {
			p.Vacuous = err.Error()
			return p
		}
		p.Hypotheses = []predict.Hypothesis{predict.Positive("lambda of K^(H)", lambda)}
		if !p.Met() {
			return p
		}
		p.Width = width(d.Problem.N, layers, lambda.Lower(), d.Delta)
		n := float64(d.Problem.N)
		return p.Linear(d, lambda.Lower()/(n*n), lambda.Lower()*lambda.Lower()/(2*n*n))
	}
	plain := func() (eig.Certified, error) { return smallest(limits.Plain(d.X, layers)) }
	residual := func() (eig.Certified, error) { return smallest(limits.Residual(d.X, layers, 0.5/layers)) }
	return []predict.Prediction{
		row("Theorem 5.1", "du2019deep/theorem-plain", "fully connected", plain, bounds.PrintedPlainWidth),
		row("Theorem 6.1", "du2019deep/theorem-residual", "residual", residual, bounds.PrintedResidualWidth),
	}
}

// smallest is the smallest eigenvalue of K^(H), with what its series cut off.
func smallest(l *kernel.SmoothLimit, err error) (eig.Certified, error) {
	if err != nil {
		return eig.Certified{}, err
	}
	c, err := eig.Min(l.Last)
	return c.Widen(l.Error * mat.Trace(l.Last)), err
}
