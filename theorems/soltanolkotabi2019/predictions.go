package soltanolkotabi2019

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/predict"
)

const (
	key = "soltanolkotabi2019"
	// mostSamples is up to how many samples the rank of their squares is certified.
	mostSamples = 1000
)

// Predictions are what the paper says about a data set: whether networks with quadratic activation and d neurons of each sign fit
// all labels, at every point where training with second-order stationarity can end.
func Predictions(d *predict.Data) []predict.Prediction {
	n, dim := d.X.Dims()
	p := predict.New(key, "Theorem 2.1", "soltanolkotabi2019/minimum-attained", predict.Memorisation, bounds.Derived,
		fmt.Sprintf("quadratic activation, %d neurons of each sign: any labels are fitted, and at every second-order point", dim))
	p.Width = float64(2 * dim)
	products := bounds.QuadraticRank(n, dim)
	switch {
	case products < n:
		p.Vacuous = fmt.Sprintf("%d samples have at most %d independent squares: the loss of almost any labels stays positive", n, products)
		return []predict.Prediction{p}
	case n > mostSamples:
		p.Vacuous = fmt.Sprintf("the rank of the squares is looked at for %d samples at most", mostSamples)
		return []predict.Prediction{p}
	}
	least := 0.0
	if c, err := squaredGram(d.X); err == nil {
		least = c.Lower()
	}
	p.Hypotheses = []predict.Hypothesis{{Name: "lambda_min of (X X^T) o (X X^T)", Have: least, Above: true}}
	return []predict.Prediction{p}
}

// squaredGram is the least eigenvalue of the Gram matrix with squared entries, which is positive when the x_i x_i^T are independent.
func squaredGram(x *mat.Dense) (eig.Certified, error) {
	n, _ := x.Dims()
	k := mat.NewSymDense(n, nil)
	k.SymOuterK(1, x)
	for i := range n {
		for j := i; j < n; j++ {
			k.SetSym(i, j, k.At(i, j)*k.At(i, j))
		}
	}
	c, err := eig.Min(k)
	if err != nil {
		return c, err
	}
	// Rounding of the entries: 2(d+2) units of their size, which is at most that of the diagonal.
	_, d := x.Dims()
	largest := 0.0
	for i := range n {
		largest = max(largest, k.At(i, i))
	}
	return c.Widen(float64(n) * 2 * float64(d+2) * 0x1p-52 * largest), nil
}
