package nguyen2021

import (
	"fmt"

	"convergo/bounds"
	"convergo/bounds/dataset"
	"convergo/bounds/predict"
)

const key = "nguyen2021"

// mostEigenvalues is up to how many samples 40 powers are looked at, with an eigenvalue each; beyond, ten and none.
const mostEigenvalues = 150

// Predictions are what the paper says about a data set: bounds on the limit kernel of two to four layers, all
// trained, and the size that memorises.
func Predictions(d *predict.Data) []predict.Prediction {
	var rows []predict.Prediction
	for hidden := 1; hidden <= 3; hidden++ {
		for _, k := range d.Facts.Kernels {
			if k.Name == fmt.Sprintf("NTK %d", hidden) {
				rows = append(rows, limitPredictions(d, hidden, k)...)
			}
		}
	}
	memory := predict.New(key, "Corollary 4.2", "nguyen2021/memorise-norm", predict.Memorisation, bounds.Order, "any labels are fitted with one layer of order n neurons")
	memory.Width = float64(d.Facts.N)
	memory.Hypotheses = []predict.Hypothesis{d.Separation()}
	memory.Supposes = []string{"independent samples whose norm is of order sqrt d and whose Lipschitz functions concentrate"}
	return append(rows, memory)
}

func limitPredictions(d *predict.Data, hidden int, k dataset.KernelFacts) []predict.Prediction {
	bound := func(claim, says string, value float64, err error, upper bool) predict.Prediction {
		p := predict.New(key, "Theorem 3.2", claim, predict.Eigenvalue, bounds.Derived, fmt.Sprintf("%s, %d layers", says, hidden+1))
		p.Value, p.Upper = value, upper
		if p.Truth = k.Lambda0.Upper(); upper {
			p.Truth = k.Lambda0.Lower()
		}
		if err != nil {
			p.Vacuous = err.Error()
		}
		return p
	}
	deep := bounds.DeepNTK{Hidden: hidden}
	if d.Facts.N > mostEigenvalues {
		deep.Terms = 10
	}
	upper, err := deep.Upper(d.X)
	rows := []predict.Prediction{bound("nguyen2021/limit-upper", "lambda_min <= L", upper, err, true)}
	gershgorin, err := deep.LowerByGershgorin(d.X)
	rows = append(rows, bound("nguyen2021/limit-lower", "lambda_min from powers of the cosines, by Gershgorin", gershgorin, err, false))
	if d.Facts.N <= mostEigenvalues {
		lower, err := deep.Lower(d.X)
		rows = append(rows, bound("nguyen2021/limit-lower", "lambda_min from powers of the cosines", lower, err, false))
	}
	return rows
}
