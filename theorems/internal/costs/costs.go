// Package costs counts the operations that sources announce for their trials.
package costs

import "convergo/nets/data"

// Size returns the sizes of a data set, built where its description does not tell them; zero when it cannot be built, which the
// setup reports.
func Size(spec data.Spec) (n, d int) {
	if n, d = spec.Size(); n > 0 && d > 0 {
		return n, d
	}
	set, err := spec.Build()
	if err != nil {
		return 0, 0
	}
	return set.N(), set.D()
}

// Eigenvalue is the price of a certified eigenvalue of an n x n matrix, fitted to measured times.
func Eigenvalue(n int) float64 {
	size := float64(n)
	return 8*size*size*size + 100*size*size + 5000
}
