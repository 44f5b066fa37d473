package yang2023

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/bounds/predict"
	"convergo/nets/biased"
)

const key = "yang2023"

// Predictions are what the paper says about a data set, for weights and biases that are both trained.
func Predictions(d *predict.Data) []predict.Prediction {
	printed := d.Required(key, "Theorem 1", "", "yang2023/descent", predict.Training)
	printed.Says = "weights and biases trained, bias 0"
	gram := mat.NewSymDense(d.Problem.N, nil)
	gram.SymOuterK(1, biased.Lift(d.X))
	top, err := eig.Max(gram)
	rows := []predict.Prediction{printed}
	for _, bias := range []float64{0, 1} {
		p := predict.New(key, "Theorem 1", "yang2023/convergence", predict.Training, bounds.Derived,
			fmt.Sprintf("weights and biases from b = %g, eta = 1/Lambda, antisymmetric start", bias))
		p.Method = "weights and biases trained"
		if err != nil {
			p.Vacuous = err.Error()
		} else {
			p = trained(d, p, bounds.BiasProblem{Bias: bias, Lambda: top.Upper(), RowSum: largestRowSum(gram)})
		}
		rows = append(rows, p)
	}
	return rows
}

// trained is the theorem with its constants, at half of the limit eigenvalue, for a bias and the Gram matrix of the inputs with it.
func trained(d *predict.Data, p predict.Prediction, problem bounds.BiasProblem) predict.Prediction {
	const spare = 0.5
	limit, err := kernel.BiasedReLU(problem.Bias).Lambda0(d.X)
	if err != nil {
		p.Vacuous = err.Error()
		return p
	}
	p.Hypotheses = []predict.Hypothesis{predict.Positive("lambda(B)", limit)}
	if !p.Met() {
		return p
	}
	problem.N, problem.Limit, problem.Residual, problem.Spare, problem.Delta = d.Problem.N, limit.Lower(), d.Problem.LabelNorm, spare, d.Delta/2
	width, err := problem.Width()
	if p.Width = float64(width); err != nil {
		p.Width = math.Inf(1)
	}
	left := 1 - (1-spare)*limit.Lower()/problem.Lambda
	return p.Linear(d, 1/problem.Lambda, 1-left*left)
}
