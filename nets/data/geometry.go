package data

import (
	"encoding/binary"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// FromRows copies rows into an n x d matrix. It refuses an empty list
// (ErrEmpty) and rows of different lengths (ErrRagged); the values themselves
// are for Validate to judge.
func FromRows(rows [][]float64) (*mat.Dense, error) {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return nil, fmt.Errorf("data: %w: give at least one row with at least one entry", ErrEmpty)
	}
	d := len(rows[0])
	x := mat.NewDense(len(rows), d, nil)
	for i, r := range rows {
		if len(r) != d {
			return nil, fmt.Errorf("data: %w", &RowError{Row: i, Col: -1, Err: ErrRagged,
				Detail: fmt.Sprintf("%d entries where row 1 has %d; give every row the same length", len(r), d)})
		}
		x.SetRow(i, r)
	}
	return x, nil
}

// Validate reports the first defect that the theorems cannot bear: an entry
// that is not finite (ErrNotFinite), a zero row (ErrZeroRow), or two equal
// rows (ErrDuplicateRow). Parallel rows that are not equal pass: measure them
// with Separation.
func Validate(x mat.Matrix) error {
	if err := validateRows(x); err != nil {
		return err
	}
	return validateDistinct(x)
}

func validateRows(x mat.Matrix) error {
	n, d := x.Dims()
	if n == 0 || d == 0 {
		return fmt.Errorf("data: %w: the matrix is %d x %d", ErrEmpty, n, d)
	}
	for i := range n {
		zero := true
		for j := range d {
			v := x.At(i, j)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("data: %w", &RowError{Row: i, Col: j, Err: ErrNotFinite,
					Detail: fmt.Sprintf("found %v; drop the row or impute the value", v)})
			}
			zero = zero && v == 0
		}
		if zero {
			return fmt.Errorf("data: %w", &RowError{Row: i, Col: -1, Err: ErrZeroRow,
				Detail: "it has no direction and cannot be scaled to unit norm; drop the row"})
		}
	}
	return nil
}

func validateDistinct(x mat.Matrix) error {
	n, d := x.Dims()
	seen := make(map[string]int, n)
	key := make([]byte, 8*d)
	for i := range n {
		for j := range d {
			// Adding +0 turns -0 into +0, which compare equal.
			binary.LittleEndian.PutUint64(key[8*j:], math.Float64bits(x.At(i, j)+0))
		}
		if first, ok := seen[string(key)]; ok {
			return fmt.Errorf("data: %w", &RowError{Row: i, Col: -1, Err: ErrDuplicateRow,
				Detail: fmt.Sprintf("equal to row %d, which makes every limit kernel singular; drop one of them", first+1)})
		}
		seen[string(key)] = i
	}
	return nil
}

// RowNorms returns the Euclidean norms of the n rows of x.
func RowNorms(x *mat.Dense) []float64 {
	n, _ := x.Dims()
	norms := make([]float64, n)
	for i := range norms {
		norms[i] = norm2(x.RawRowView(i))
	}
	return norms
}

// NormalizeRows returns a copy of x with every row scaled to unit Euclidean
// norm, to within d/2+3 units of rounding (2^-53). It fails on a row that is
// zero or not finite.
func NormalizeRows(x *mat.Dense) (*mat.Dense, error) {
	if err := validateRows(x); err != nil {
		return nil, err
	}
	u := mat.DenseCopyOf(x)
	n, _ := u.Dims()
	for i := range n {
		normalize(u.RawRowView(i))
	}
	return u, nil
}

// Separation returns min over i != j of min(|x_i - x_j|, |x_i + x_j|), the
// distance of the closest two rows when a point and its antipode count as one
// (+Inf for a single row). It is formed from differences, never from inner
// products, so that it keeps its relative accuracy (about d units of rounding
// on top of that of the entries) for nearly parallel rows. Cost: n^2 d.
func Separation(x *mat.Dense) float64 {
	sep := math.Inf(1)
	forPairs(x, func(a, b []float64) {
		minus, plus := chords(a, b)
		sep = min(sep, minus, plus)
	})
	return sep
}

// MaxCoherence returns rho = max over i != j of |<x_i, x_j>| / (|x_i| |x_j|)
// (0 for a single row). Like NormalizeRows it needs rows that are neither zero
// nor infinite, else the result is NaN. For unit rows rho = 1 - Separation^2/2,
// and that form is used where rho > 1/2, so the result never exceeds 1.
func MaxCoherence(x *mat.Dense) float64 {
	u, err := NormalizeRows(x)
	if err != nil {
		return math.NaN()
	}
	rho := 0.0
	forPairs(u, func(a, b []float64) { rho = max(rho, coherence(a, b)) })
	return rho
}

func coherence(a, b []float64) float64 {
	var dot float64
	for k, v := range a {
		dot += v * b[k]
	}
	if c := math.Abs(dot); c <= 0.5 {
		return c
	}
	minus, plus := chords(a, b)
	s := min(minus, plus)
	return 1 - s*s/2
}

// SpectralNorm returns S = |X|_2, the largest singular value, by a full
// singular value decomposition (cost min(n,d)^2 max(n,d); relative error of the
// order of (n+d) units of rounding). For unit rows 1 <= S^2 <= n. It panics
// when x holds a NaN, on which the decomposition does not converge.
func SpectralNorm(x mat.Matrix) float64 {
	var svd mat.SVD
	if !svd.Factorize(x, mat.SVDNone) {
		panic("data: SpectralNorm: the singular value decomposition did not converge; check the matrix with Validate")
	}
	return svd.Values(nil)[0]
}

func forPairs(x *mat.Dense, visit func(a, b []float64)) {
	n, _ := x.Dims()
	for i := range n {
		for j := range i {
			visit(x.RawRowView(i), x.RawRowView(j))
		}
	}
}

// chords returns |a-b| and |a+b|.
func chords(a, b []float64) (minus, plus float64) {
	var m, p float64
	for k, v := range a {
		s, t := v-b[k], v+b[k]
		m += s * s
		p += t * t
	}
	if safeSquare(m) && safeSquare(p) {
		return math.Sqrt(m), math.Sqrt(p)
	}
	diff, sum := make([]float64, len(a)), make([]float64, len(a))
	for k, v := range a {
		diff[k], sum[k] = v-b[k], v+b[k]
	}
	return norm2(diff), norm2(sum)
}

// norm2 is the Euclidean norm, scaled when the squares leave the normal range.
func norm2(v []float64) float64 {
	var s, big float64
	for _, e := range v {
		s += e * e
		big = max(big, math.Abs(e))
	}
	if safeSquare(s) || big == 0 || math.IsInf(big, 1) || math.IsNaN(big) {
		return math.Sqrt(s)
	}
	s = 0
	for _, e := range v {
		s += (e / big) * (e / big)
	}
	return big * math.Sqrt(s)
}

// safeSquare tells whether a sum of squares lost nothing to overflow or
// underflow. Zero is not safe: it may be an underflow.
func safeSquare(s float64) bool { return s > 1e-280 && s < 1e300 }

// normalize scales v, which is finite and not zero, to unit norm. Dividing by
// the largest entry first keeps tiny and huge rows accurate.
func normalize(v []float64) {
	var big float64
	for _, e := range v {
		big = max(big, math.Abs(e))
	}
	if big < 1e-140 || big > 1e140 {
		for k := range v {
			v[k] /= big
		}
	}
	r := norm2(v)
	for k := range v {
		v[k] /= r
	}
}
