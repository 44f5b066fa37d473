package autoencoder

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// HaarRows draws unit rows from a uniform rotation: n <= d orthonormal rows, or the normalised rows of d orthonormal columns
// of R^n. Columns are made orthonormal by Gram and Schmidt, twice, which keeps the law uniform.
func HaarRows(n, d int, r *rand.Rand) *mat.Dense {
	few, long := min(n, d), max(n, d)
	q := nets.Gaussian(few, long, r)
	for i := range few {
		row := q.RawRowView(i)
		for range 2 {
			for j := range i {
				other := q.RawRowView(j)
				floats.AddScaled(row, -floats.Dot(row, other), other)
			}
		}
		floats.Scale(1/floats.Norm(row, 2), row)
	}
	if n <= d {
		return q
	}
	b := mat.DenseCopyOf(q.T())
	nets.NormaliseRows(b)
	return b
}

// Simplex returns the d+1 corners of the regular simplex in R^d, whose inner products are all -1/d.
func Simplex(d int) *mat.Dense {
	b := mat.NewDense(d+1, d, nil)
	for k := range d {
		// Coordinate k of corner k and of those that follow, given the coordinates before.
		rest := float64(d - k)
		height := math.Sqrt(float64(d+1) * rest / (float64(d) * (rest + 1)))
		b.Set(k, k, height)
		for i := k + 1; i <= d; i++ {
			b.Set(i, k, -height/rest)
		}
	}
	return b
}

// TwoBases returns the 2d rows of the standard basis and of Hadamard's, d a power of two: inner products are 0 within a
// basis and +-1/sqrt d between them.
func TwoBases(d int) (*mat.Dense, error) {
	if d < 1 || d&(d-1) != 0 {
		return nil, fmt.Errorf("dimension %d: Hadamard's matrix is built for powers of two", d)
	}
	b := mat.NewDense(2*d, d, nil)
	for i := range d {
		b.Set(i, i, 1)
		for k := range d {
			sign := 1.0
			if bits.OnesCount(uint(i&k))%2 == 1 {
				sign = -1
			}
			b.Set(d+i, k, sign/math.Sqrt(float64(d)))
		}
	}
	return b, nil
}

// FrameError is |B B^T - I|_F for n <= d rows, and |B^T B - (n/d) I|_F beyond: zero for orthonormal rows and tight frames.
func FrameError(b *mat.Dense) float64 {
	n, d := b.Dims()
	var gram mat.SymDense
	target := 1.0
	if n <= d {
		gram.SymOuterK(1, b)
	} else {
		gram.SymOuterK(1, b.T())
		target = float64(n) / float64(d)
	}
	sum := 0.0
	size := gram.SymmetricDim()
	for i := range size {
		for j := range size {
			v := gram.At(i, j)
			if i == j {
				v -= target
			}
			sum += v * v
		}
	}
	return math.Sqrt(sum)
}

// Equiangular returns one of two classical equiangular tight frames beyond the simplex: the 6 diagonals of the icosahedron in
// R^3, and 28 lines in R^7, the pairs of 8 coordinates that stand out in the hyperplane of sum zero. Their inner products
// are +-1/sqrt 5 and +-1/3.
func Equiangular(n, d int) (*mat.Dense, error) {
	var rows [][]float64
	switch {
	case n == 6 && d == 3:
		golden := (1 + math.Sqrt(5)) / 2
		rows = [][]float64{{0, 1, golden}, {0, 1, -golden}, {1, golden, 0}, {1, -golden, 0}, {golden, 0, 1}, {-golden, 0, 1}}
	case n == 28 && d == 7:
		for i := range 8 {
			for j := range i {
				v := []float64{-1, -1, -1, -1, -1, -1, -1, -1}
				v[i], v[j] = 3, 3
				rows = append(rows, hyperplane(v))
			}
		}
	default:
		return nil, fmt.Errorf("no equiangular frame of %d lines in R^%d is built here: use 6 in R^3, 28 in R^7, or Simplex", n, d)
	}
	b := mat.NewDense(n, d, nil)
	for i, v := range rows {
		b.SetRow(i, v)
	}
	nets.NormaliseRows(b)
	return b, nil
}

// hyperplane returns coordinates of a vector of sum zero in Helmert's orthonormal basis of the hyperplane.
func hyperplane(v []float64) []float64 {
	out, sum := make([]float64, len(v)-1), 0.0
	for k := 1; k < len(v); k++ {
		sum += v[k-1]
		out[k-1] = (sum - float64(k)*v[k]) / math.Sqrt(float64(k*(k+1)))
	}
	return out
}
