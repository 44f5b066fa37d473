package liao2022

import (
	"fmt"
	"math"

	"convergo/bounds"
	"convergo/bounds/predict"
)

const key = "liao2022"

// Predictions are what the paper says about a data set, for four masks of keep probability one half.
func Predictions(d *predict.Data) []predict.Prediction {
	const (
		masks  = 4
		keep   = 0.5
		rounds = 1000
	)
	start := predict.New(key, "derived here", "liao2022/masked-gram-concentration", predict.Start, bounds.Derived,
		fmt.Sprintf("masked Gram matrices keep half of lambda_0 xi for %d rounds of %d masks, xi = %g", rounds, masks, keep))
	start.Width = bounds.MaskedWidth(d.Problem.N, rounds, masks, keep, d.Problem.S, d.Problem.Lambda0, d.Delta)
	start.Hypotheses = []predict.Hypothesis{d.Lambda0()}

	n, theta, lambda := float64(d.Problem.N), 1-math.Pow(1-keep, masks), keep*d.Problem.Lambda0
	eta := lambda / (n * math.Max(n, masks))
	main := predict.New(key, "Theorem 3 (arXiv v1)", "liao2022/main-theorem", predict.Training, bounds.Order,
		fmt.Sprintf("%d masks of xi = %g, to an error region; the width without its term in the size of that region", masks, keep))
	main = main.Linear(d, eta, eta*theta*lambda/4)
	// The width has a third term, of the size of the error region, which depends on the width.
	k := main.Steps
	main.Width = k / d.Delta * math.Max(math.Pow(n, 4)/(keep*theta*math.Pow(lambda, 4)), k*k*masks)
	main.Hypotheses = []predict.Hypothesis{d.Lambda0()}
	return []predict.Prediction{start, main}
}
