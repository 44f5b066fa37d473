package nets

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Gaussian draws a rows x cols matrix of independent standard normals, row by row.
func Gaussian(rows, cols int, rng *rand.Rand) *mat.Dense {
	a := mat.NewDense(rows, cols, nil)
	for i := range rows {
		row := a.RawRowView(i)
		for j := range row {
			row[j] = rng.NormFloat64()
		}
	}
	return a
}
