package data

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Array is a numeric array in row-major (C) order, as the array formats hold it.
type Array struct {
	Shape []int
	Data  []float64
}

// matrix flattens all but the first axis: an n x 28 x 28 array becomes
// n x 784. The array is not empty.
func (a *Array) matrix() *mat.Dense {
	n := a.Shape[0]
	return mat.NewDense(n, len(a.Data)/n, a.Data)
}

// elements returns the number of elements of a shape whose content takes
// exactly size bytes a piece out of have bytes. It is decided before anything is
// allocated, so that a header cannot ask for more memory than the file has.
func elements(shape []int, size, have int) (int, error) {
	count := 1
	for _, s := range shape {
		if s <= 0 {
			return 0, fmt.Errorf("%w: shape %v", ErrEmpty, shape)
		}
		if count > have/size/s {
			return 0, fmt.Errorf("%w: the header promises shape %v with %d bytes an element, but only %d bytes follow; copy or write the file again",
				ErrTruncated, shape, size, have)
		}
		count *= s
	}
	if extra := have - count*size; extra != 0 {
		return 0, fmt.Errorf("%w: %d bytes follow the array of shape %v; copy or write the file again", ErrFormat, extra, shape)
	}
	return count, nil
}
