package autoencoder

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Whiten returns the coordinates of the rows of x along the k principal axes of their covariance with the largest variance,
// each scaled to mean zero and mean square one over the rows.
func Whiten(x *mat.Dense, k int) (*mat.Dense, error) {
	n, d := x.Dims()
	if k < 1 || k > min(n-1, d) {
		return nil, fmt.Errorf("%d axes of %d rows in %d coordinates: ask for 1 to %d", k, n, d, min(n-1, d))
	}
	centred := mat.DenseCopyOf(x)
	for j := range d {
		mean := 0.0
		for i := range n {
			mean += x.At(i, j) / float64(n)
		}
		for i := range n {
			centred.Set(i, j, x.At(i, j)-mean)
		}
	}
	var covariance mat.SymDense
	covariance.SymOuterK(1/float64(n), centred.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(&covariance, true) {
		return nil, errors.New("the covariance of the rows has no eigenvalues to working accuracy")
	}
	values := eigen.Values(nil) // rising
	if least := values[d-k]; !(least > 1e-10*values[d-1]) {
		return nil, fmt.Errorf("the rows vary along fewer than %d axes: ask for fewer", k)
	}
	var vectors, out mat.Dense
	eigen.VectorsTo(&vectors)
	out.Mul(centred, vectors.Slice(0, d, d-k, d))
	for j := range k {
		factor := 1 / math.Sqrt(values[d-k+j])
		for i := range n {
			out.Set(i, j, out.At(i, j)*factor)
		}
	}
	return &out, nil
}
