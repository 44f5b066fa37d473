package nets

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
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

// UnitRows draws n independent uniform unit vectors of R^d, as rows.
func UnitRows(n, d int, rng *rand.Rand) *mat.Dense {
	a := Gaussian(n, d, rng)
	NormaliseRows(a)
	return a
}

// NormaliseRows scales every row to length one; a row of zeros stays.
func NormaliseRows(a *mat.Dense) {
	n, _ := a.Dims()
	for i := range n {
		row := a.RawRowView(i)
		if norm := floats.Norm(row, 2); norm > 0 {
			floats.Scale(1/norm, row)
		}
	}
}
