package soltanolkotabi2019

import (
	"errors"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/theorems/internal/costs"
)

// product are inputs of which the least eigenvalue of the squared Gram matrix is wanted.
type product struct {
	N     int `json:"n"`
	D     int `json:"d"`
	Batch int `json:"batch"` // sets averaged in a trial
}

func (p product) cost() checks.Cost {
	return checks.Cost{Trial: float64(max(1, p.Batch)) * (costs.Eigenvalue(p.N) + float64(p.N*p.N*p.D))}
}

// least draws the inputs, in the first spanned coordinates, and returns lambda_min((X X^T) o (X X^T)).
func (p product) least(spanned int, r *rand.Rand) (float64, error) {
	x := nets.Gaussian(p.N, spanned, r)
	for i := range p.N {
		row := x.RawRowView(i)
		floats.Scale(math.Sqrt(float64(p.D))/floats.Norm(row, 2), row)
	}
	c, err := squaredGram(x)
	return max(c.Value, 0), err
}

// mean averages the least eigenvalue over a batch and holds it against a bound.
func (p product) mean(relation checks.Relation, bound float64, spanned int) (checks.Instance, error) {
	if p.N < 1 || p.D < 1 || p.Batch < 1 {
		return checks.Instance{}, errors.New("n, d and the batch must be positive")
	}
	most := float64(p.D*p.D) * (1 + 1e-9) // the diagonal
	terms := checks.Terms{Range: &[2]checks.Float{0, checks.Float(most)}, Resolution: 0.03, Trials: 400}
	if p.N == 2 { // d^2 - <x_1, x_2>^2, whose variance is known
		k := float64(spanned)
		terms.Range, terms.Deviation = nil, checks.Float(1.0001*float64(p.D*p.D)*math.Sqrt((3/(k*(k+2))-1/(k*k))/float64(p.Batch)))
	}
	return checks.Instance{
		Terms: terms,
		Trial: func(r *rand.Rand) checks.Measurement {
			sum := 0.0
			for range p.Batch {
				v, err := p.least(spanned, r)
				if err != nil {
					return checks.Failed(err)
				}
				sum += min(v, most) / float64(p.Batch)
			}
			return checks.Measurement{Observed: sum, Predicted: bound, Relation: relation}
		},
	}, nil
}

// khatriRaoMean is an upper bound on the squared singular value of Corollary 7.5, of its order.
//
// Setting: n >= 2 inputs, independent and uniform on the sphere of radius sqrt d; K = (X X^T) o (X X^T), whose eigenvalues are the
// squared singular values of the matrix with the columns x_i (x) x_i.
//
// Hypotheses: none.
//
// Conclusion: E lambda_min(K) <= d(d-1), with equality for n = 2.
//
// Constants: ours. lambda_min is at most the mean of u^T K u over the n - 1 directions orthogonal to (1, ..., 1), which is
// (tr K - 1^T K 1/n)/(n-1); the diagonal is d^2 and E <x_i, x_j>^2 = d. The least eigenvalue lies in [0, d^2], and for n = 2 has the variance
// 3 d^3/(d+2) - d^2; each trial averages over many sets, and the mean is judged to 3 %.
//
// Convention: inputs of norm sqrt d.
//
// Reference: derived here, the other side of Corollary 7.5 of Soltanolkotabi, Javanmard, Lee (2019), which bounds the singular value below
// by c d for n <= c_1 d^2.
//
// Control: four fifths of it, and inputs of the same norm in four times the dimensions, both for n = 2.
func khatriRaoMean() checks.Checkable {
	setup := func(factor float64, spanned func(d int) int) func(product) (checks.Instance, error) {
		return func(p product) (checks.Instance, error) {
			if p.N < 2 {
				return checks.Instance{}, errors.New("the bound is for two inputs or more")
			}
			return p.mean(checks.AtMost, factor*bounds.SquaredGramUpper(p.D), spanned(p.D))
		}
	}
	all := func(d int) int { return d }
	pair := product{N: 2, D: 4, Batch: 40}
	return checks.Claim[product]{
		ID: "soltanolkotabi2019/khatri-rao-mean", Title: "upper bound on the squared Gram matrix", Reference: "derived here, beside Corollary 7.5",
		Formula:    `\mathbb{E}\,\lambda_{\min}\left((XX^{\top}) \circ (XX^{\top})\right) \le d(d-1)`,
		Convention: "inputs of norm sqrt d", Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []product{pair, {N: 2, D: 10, Batch: 20}, {N: 4, D: 4, Batch: 10}},
		Cost: product.cost, Setup: setup(1, all),
		Controls: []checks.Control[product]{
			{Name: "smaller-constant", Why: "four fifths of the mean of two inputs", At: []product{pair}, Setup: setup(0.8, all)},
			{Name: "more-dimensions", Why: "inputs of the same norm in four times the dimensions have products off the diagonal of a quarter of the mean square", At: []product{pair}, Setup: setup(1, func(d int) int { return 4 * d })},
		},
	}
}

// khatriRaoLower is the lower bound that stands for Corollary 7.5.
//
// Setting: as in khatri-rao-mean, n >= 1.
//
// Hypotheses: none; the bound is positive, and of order d^2, for n up to about d/sqrt 2.
//
// Conclusion: E lambda_min(K) >= d(d-1) - d sqrt(2 n(n-1)(d-1)/(d+2)).
//
// Constants: ours. On the sphere K = d 1 1^T + G with the Gram matrix G of x_i x_i^T - I, so that lambda_min(K) >= d(d-1) - ||E||_F for the
// part E of G off its diagonal, and E ||E||_F^2 = n(n-1) (3 d^3/(d+2) - d^2). Corollary 7.5 has normal inputs and sigma_min >= c d up to n = c_1 d^2,
// with hidden constants and probability at least 1 - n exp(-b_1 sqrt n) - 1/n - 2 n exp(-b_2 d): below d = 24 the least eigenvalue for n in proportion to d^2
// still grows more slowly than d^2, so that sizes at hand say nothing of the exponent. The largest n with a positive
// eigenvalue is that of rank-threshold. Judged as khatri-rao-mean is.
//
// Convention: inputs of norm sqrt d.
//
// Reference: derived here, in the place of Corollary 7.5 of Soltanolkotabi, Javanmard, Lee (2019).
//
// Control: 1.25 times it at two inputs in forty dimensions; and inputs of the same norm in a third of the dimensions.
func khatriRaoLower() checks.Checkable {
	setup := func(factor float64, spanned func(d int) int) func(product) (checks.Instance, error) {
		return func(p product) (checks.Instance, error) {
			return p.mean(checks.AtLeast, factor*bounds.SquaredGramLower(p.N, p.D), spanned(p.D))
		}
	}
	all := func(d int) int { return d }
	pair := product{N: 2, D: 40, Batch: 4}
	return checks.Claim[product]{
		ID: "soltanolkotabi2019/khatri-rao-lower", Title: "lower bound on the squared Gram matrix", Reference: "derived here, for Corollary 7.5",
		Formula:    `\mathbb{E}\,\lambda_{\min}\left((XX^{\top}) \circ (XX^{\top})\right) \ge d(d-1) - d\sqrt{\tfrac{2n(n-1)(d-1)}{d+2}}`,
		Convention: "inputs of norm sqrt d", Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []product{pair, {N: 3, D: 12, Batch: 8}, {N: 6, D: 10, Batch: 6}},
		Cost: product.cost, Setup: setup(1, all),
		Controls: []checks.Control[product]{
			{Name: "larger-constant", Why: "1.25 times the bound is above the mean d(d-1) of two inputs", At: []product{pair}, Setup: setup(1.25, all)},
			{Name: "subspace", Why: "inputs of the same norm in a third of the dimensions have three times the squared products off the diagonal", At: []product{{N: 6, D: 20, Batch: 6}}, Setup: setup(1, func(d int) int { return d / 3 })},
		},
	}
}
