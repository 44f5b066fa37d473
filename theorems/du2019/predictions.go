package du2019

import (
	"math"

	"convergo/bounds"
	"convergo/bounds/predict"
)

const key = "du2019"

// Predictions are what the paper says about a data set: the widths and rates of its theorems, with the constants of its
// printed proofs and with those derived here, and explicit lower bounds on lambda_0, which its Theorem 3.1 only
// says to be positive.
func Predictions(d *predict.Data) []predict.Prediction {
	p := d.Problem
	s2, n := p.S*p.S, float64(p.N)
	const (
		slow = "descent at eta = lambda_0/(4 n^2)"
		fast = "descent at eta = 0.55/S^2"
	)
	printed := d.Required(key, "Theorem 4.1", "du2019/descent-theorem", "du2019/descent", predict.Training)
	printed.Says = slow
	derived := d.Required(key, "Theorem 4.1", "du2019/descent-derived", "derived/descent", predict.Training)
	derived.Says = fast
	flow := d.Required(key, "Theorem 3.2", "du2019/flow-theorem", "du2019/flow", predict.Training)
	flow.Says = "gradient flow"
	both := d.Required(key, "Theorem 3.3", "du2019/joint-theorem", "du2019/both-layers", predict.Training)
	both.Says = "gradient flow on both layers"
	pairs := predict.New(key, "Theorem 4.1", "du2019/descent-antisymmetric", predict.Training, bounds.Derived, fast+", antisymmetric start")
	pairs.Width = bounds.AntisymmetricWidth(p)
	pairFlow := predict.New(key, "Theorem 3.2", "du2019/flow-antisymmetric", predict.Training, bounds.Derived, "gradient flow, antisymmetric start")
	pairFlow.Width = bounds.AntisymmetricFlowWidth(p)
	for _, q := range []*predict.Prediction{&pairs, &pairFlow} {
		q.Hypotheses = []predict.Hypothesis{d.Lambda0()}
	}
	rows := []predict.Prediction{
		printed.Linear(d, p.Lambda0/(4*n*n), p.Lambda0*p.Lambda0/(8*n*n)),
		derived.Linear(d, 0.55/s2, 0.55*p.Lambda0/(2*s2)),
		pairs.Linear(d, 0.55/s2, 0.55*p.Lambda0/(2*s2)),
		flow.Exponential(d, p.Lambda0), pairFlow.Exponential(d, p.Lambda0), both.Exponential(d, p.Lambda0),
		d.Required(key, "Lemma 3.1", "du2019/gram-concentration", "du2019/gram-init", predict.Start),
	}
	return append(rows, eigenvaluePredictions(d)...)
}

func eigenvaluePredictions(d *predict.Data) []predict.Prediction {
	n := d.Facts.N
	if n < 2 {
		return nil
	}
	s := math.Min(d.Facts.Geometry.Separation, math.Sqrt2)
	lower := func(says string, value float64) predict.Prediction {
		p := predict.New(key, "Theorem 3.1", "du2019/eigenvalue-closed-form", predict.Eigenvalue, bounds.Derived, says)
		p.Value, p.Truth, p.Hypotheses = value, d.Facts.Kernels[0].Lambda0.Upper(), []predict.Hypothesis{d.Separation()}
		return p
	}
	return []predict.Prediction{
		lower("lambda_0 from the largest |cosine|, closed form", bounds.ClosedLowerBound(n, s)),
		lower("lambda_0 from the largest |cosine|, series", bounds.SeriesLowerBound(n, bounds.RhoOf(s), 0)),
	}
}
