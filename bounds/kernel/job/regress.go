package job

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Regression is the kernel regression of class labels: f(z) = K(z, X) (K + ridge I)^-1 Y, a column of Y for each class,
// with 1 - 1/c where a sample is of the class and -1/c where not (c classes; Arora et al. 2019, section 6).
type Regression struct {
	classes []float64  // the labels, in the order of the columns
	weights *mat.Dense // (K + ridge I)^-1 Y, n x c
}

// Regress fits labels of n samples to their n x n kernel matrix. ridge is relative: ridge mean(diag K) is added to the
// diagonal. It fails on fewer than two classes and on a matrix that is not positive definite in float64.
func Regress(k mat.Symmetric, labels []float64, ridge float64) (*Regression, error) {
	n := k.SymmetricDim()
	if len(labels) != n {
		return nil, fmt.Errorf("job: %d labels for a kernel matrix of %d samples", len(labels), n)
	}
	if !(ridge >= 0) {
		return nil, fmt.Errorf("job: ridge %v; it must not be negative", ridge)
	}
	r := &Regression{}
	column := map[float64]int{}
	for _, l := range labels {
		if _, ok := column[l]; !ok {
			column[l] = len(r.classes)
			r.classes = append(r.classes, l)
		}
	}
	c := len(r.classes)
	if c < 2 {
		return nil, fmt.Errorf("job: the labels have %d class; regression of classes needs two", c)
	}
	y := mat.NewDense(n, c, nil)
	for i, l := range labels {
		for j := range c {
			y.Set(i, j, -1/float64(c))
		}
		y.Set(i, column[l], 1-1/float64(c))
	}
	shifted := mat.NewSymDense(n, nil)
	shifted.CopySym(k)
	shift := ridge * mat.Trace(k) / float64(n)
	for i := range n {
		shifted.SetSym(i, i, k.At(i, i)+shift)
	}
	var chol mat.Cholesky
	if !chol.Factorize(shifted) {
		return nil, fmt.Errorf("job: the kernel matrix with ridge %g is not positive definite; are samples repeated? Give a larger ridge", ridge)
	}
	r.weights = mat.NewDense(n, c, nil)
	if err := chol.SolveTo(r.weights, y); err != nil {
		return nil, fmt.Errorf("job: the kernel matrix with ridge %g is too badly conditioned (%w); give a larger ridge", ridge, err)
	}
	return r, nil
}

// Predict returns the class of each of m samples from their kernel with the n training samples, n x m. Of equal values the
// class that came first in the training labels wins.
func (r *Regression) Predict(cross mat.Matrix) ([]float64, error) {
	n, c := r.weights.Dims()
	if rows, _ := cross.Dims(); rows != n {
		return nil, fmt.Errorf("job: a kernel with %d training samples for a regression on %d", rows, n)
	}
	_, m := cross.Dims()
	var f mat.Dense
	f.Mul(cross.T(), r.weights)
	labels := make([]float64, m)
	for i := range labels {
		best := 0
		for j := 1; j < c; j++ {
			if f.At(i, j) > f.At(i, best) {
				best = j
			}
		}
		labels[i] = r.classes[best]
	}
	return labels, nil
}

// Accuracy is the share of equal labels. It panics when the lengths differ.
func Accuracy(predicted, labels []float64) float64 {
	if len(predicted) != len(labels) {
		panic(fmt.Sprintf("job: %d predictions for %d labels", len(predicted), len(labels)))
	}
	right := 0
	for i, l := range labels {
		if predicted[i] == l {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}
