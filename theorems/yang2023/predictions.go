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
	rows := []predict.Prediction{printed}
	for _, bias := range []float64{0, 1} {
		rows = append(rows, trained(d, bias))
	}
	return rows
}

// trained is the theorem with its constants, at half of the limit eigenvalue.
func trained(d *predict.Data, bias float64) predict.Prediction {
	const spare = 0.5
	p := predict.New(key, "Theorem 1", "yang2023/convergence", predict.Training, bounds.Derived,
		fmt.Sprintf("weights and biases from b = %g, eta = 1/Lambda, antisymmetric start", bias))
	limit, err := kernel.BiasedReLU(bias).Lambda0(d.X)
	if err != nil {
		p.Vacuous = err.Error()
		return p
	}
	p.Hypotheses = []predict.Hypothesis{{Name: "lambda(B)", Have: math.Max(0, limit.Lower()), Above: true}}
	if !(limit.Lower() > 0) {
		return p
	}
	gram := mat.NewSymDense(d.Problem.N, nil)
	gram.SymOuterK(1, biased.Lift(d.X))
	top, err := eig.Max(gram)
	if err != nil {
		p.Vacuous = err.Error()
		return p
	}
	width, err := bounds.BiasProblem{
		N: d.Problem.N, Bias: bias, Lambda: top.Upper(), RowSum: largestRowSum(gram), Limit: limit.Lower(), Residual: d.Problem.LabelNorm, Spare: spare, Delta: d.Delta / 2,
	}.Width()
	if p.Width = float64(width); err != nil {
		p.Width = math.Inf(1)
	}
	left := 1 - (1-spare)*limit.Lower()/top.Upper()
	return p.Linear(d, 1/top.Upper(), 1-left*left)
}
