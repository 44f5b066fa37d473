package kernel

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Pair is what a rotation-invariant kernel sees of two inputs x and x': their norms and their angle.
type Pair struct {
	NormX, NormY float64 // ||x|| and ||x'||, positive
	Cos, Sin     float64 // cosine and sine of the angle between x and x'
	Angle        float64 // the angle in [0, pi]; exactly 0 for x = x', exactly math.Pi for x = -x'
}

// Dot is the inner product x . x'.
func (p Pair) Dot() float64 { return p.NormX * p.NormY * p.Cos }

// Chord is ||x/||x|| - x'/||x'||||, the distance of the two directions, in [0, 2].
func (p Pair) Chord() float64 {
	if p.Angle > math.Pi/2 {
		return 2 * math.Sin(p.Angle/2)
	}
	return p.Sin / math.Cos(p.Angle/2) // relative accuracy as good as that of Sin
}

// Antichord is the distance of the direction of x to that of -x', in [0, 2]; 0 for antipodes.
func (p Pair) Antichord() float64 {
	if p.Angle > math.Pi/2 {
		return p.Sin / math.Sin(p.Angle/2)
	}
	return 2 * math.Cos(p.Angle/2)
}

// NewPair returns the pair of two inputs of equal length. It panics when the lengths differ and fails
// on a zero or non-finite vector, which has no direction.
func NewPair(x, y []float64) (Pair, error) {
	if len(x) != len(y) {
		panic(fmt.Sprintf("kernel: inputs of different dimension %d and %d", len(x), len(y)))
	}
	u, v := make([]float64, len(x)), make([]float64, len(y))
	nx, err := normalise(u, x)
	if err != nil {
		return Pair{}, fmt.Errorf("kernel: first input %w", err)
	}
	ny, err := normalise(v, y)
	if err != nil {
		return Pair{}, fmt.Errorf("kernel: second input %w", err)
	}
	return pairOf(u, v, nx, ny), nil
}

// UnitPair returns the pair of two unit inputs with inner product r. For r outside [-1, 1] the angle
// is NaN, as for math.Acos. Use [NewPair] when the inputs are at hand: an inner product near +-1 has
// already lost half the digits of the angle.
func UnitPair(r float64) Pair {
	p, q := 1+r, 1-r // squared chords to -x' and to x', halved
	return Pair{
		NormX: 1, NormY: 1,
		Cos: r, Sin: math.Sqrt(p * q),
		Angle: 2 * math.Atan2(math.Sqrt(q), math.Sqrt(p)),
	}
}

// Angle returns the angle in [0, pi] between two non-zero vectors; see [NewPair] for its errors.
func Angle(x, y []float64) (float64, error) {
	p, err := NewPair(x, y)
	return p.Angle, err
}

// pairOf builds the pair of inputs with unit directions u, v and norms nx, ny.
//
// With q = ||u-v||^2 and p = ||u+v||^2 (p + q = 4), tan(angle/2) = sqrt(q/p), cos = (p-q)/(p+q) and
// sin = 2 sqrt(pq)/(p+q). Every one of them is a smooth function of p/q, so rounding never turns
// into a square root of rounding, and q = 0 and p = 0 give the exact angles.
func pairOf(u, v []float64, nx, ny float64) Pair {
	var p, q float64
	for k, a := range u {
		b := v[k]
		p += (a + b) * (a + b)
		q += (a - b) * (a - b)
	}
	sp, sq := math.Sqrt(p), math.Sqrt(q)
	return Pair{
		NormX: nx, NormY: ny,
		Cos: (p - q) / (p + q), Sin: 2 * sp * sq / (p + q),
		Angle: 2 * math.Atan2(sq, sp),
	}
}

// normalise writes x/||x|| to dst and returns ||x||. It scales by a power of two first, so that no
// norm overflows or underflows on the way.
func normalise(dst, x []float64) (float64, error) {
	var big float64
	for k, a := range x {
		if math.IsNaN(a) || math.IsInf(a, 0) {
			return 0, fmt.Errorf("has the entry %v in column %d; remove or repair it", a, k)
		}
		big = max(big, math.Abs(a))
	}
	if big == 0 {
		return 0, fmt.Errorf("is zero and has no direction; drop it or append a constant coordinate")
	}
	_, e := math.Frexp(big)
	for k, a := range x {
		dst[k] = math.Ldexp(a, -e)
	}
	norm := length(dst)
	for k := range dst {
		dst[k] /= norm
	}
	return math.Ldexp(norm, e), nil
}

// length is ||x|| for entries at most 1 in magnitude, to within two roundings whatever the dimension: squares and sums are
// carried with their errors.
func length(x []float64) float64 {
	var sum, low float64
	for _, a := range x {
		square := a * a
		next := sum + square
		part := next - sum
		low += math.FMA(a, a, -square) + ((sum - (next - part)) + (square - part))
		sum = next
	}
	return math.Sqrt(sum + low)
}

// points is a data set split into directions (n rows of length d, one behind the other) and norms.
type points struct {
	all   []float64
	dirs  [][]float64 // the rows of all
	norms []float64
}

func newPoints(X mat.Matrix) (points, error) {
	n, d := X.Dims()
	if n == 0 || d == 0 {
		return points{}, fmt.Errorf("kernel: the data matrix is %d x %d; it needs a row per sample and a column per coordinate", n, d)
	}
	ps := points{make([]float64, n*d), make([][]float64, n), make([]float64, n)}
	row := make([]float64, d)
	for i := range n {
		mat.Row(row, i, X)
		u := ps.all[i*d:][:d:d]
		norm, err := normalise(u, row)
		if err != nil {
			return points{}, fmt.Errorf("kernel: data row %d %w", i, err)
		}
		ps.dirs[i], ps.norms[i] = u, norm
	}
	return ps, nil
}

// inRange refuses rows of which a kernel, of the degree 6 in the norm at most, would overflow or underflow.
func (ps points) inRange() error {
	for i, norm := range ps.norms {
		if !(norm >= 1e-50 && norm <= 1e50) {
			return fmt.Errorf("kernel: data row %d has the norm %.3g; outside 1e-50 to 1e50 kernels overflow or underflow: rescale the data, such as to norms near 1", i, norm)
		}
	}
	return nil
}

func (ps points) pair(i int, qs points, j int) Pair {
	return pairOf(ps.dirs[i], qs.dirs[j], ps.norms[i], qs.norms[j])
}

// Separation describes how far the directions of a data set keep from each other.
type Separation struct {
	// Chord is min_{i != j} ||x_i - x_j||, over unit directions.
	Chord float64
	// Both is delta_s = min_{i != j} min(||x_i - x_j||, ||x_i + x_j||), which also counts antipodes.
	Both float64
	// Rho is max_{i != j} |x_i . x_j| = 1 - Both^2/2.
	Rho float64
}

// Separate measures the separation of the directions of the rows of X (n x d, n >= 2). The
// constants of Du et al. (2019) are functions of it. Norms are divided out.
func Separate(X mat.Matrix) (Separation, error) {
	ps, err := newPoints(X)
	if err != nil {
		return Separation{}, err
	}
	if len(ps.dirs) < 2 {
		return Separation{}, fmt.Errorf("kernel: the separation of %d point is not defined; give at least two", len(ps.dirs))
	}
	s := Separation{Chord: math.Inf(1), Both: math.Inf(1)}
	for i := range ps.dirs {
		for j := range i {
			p := ps.pair(i, ps, j)
			s.Chord = min(s.Chord, p.Chord())
			s.Both = min(s.Both, p.Chord(), p.Antichord())
			s.Rho = max(s.Rho, math.Abs(p.Cos))
		}
	}
	return s, nil
}

// Pairs returns the pair of rows i and j of X (n x d) as a function, for formulas of the angles other
// than a kernel. Its errors are those of [Kernel.Gram], but norms of any size will do.
func Pairs(X mat.Matrix) (func(i, j int) Pair, error) {
	ps, err := newPoints(X)
	if err != nil {
		return nil, err
	}
	return func(i, j int) Pair { return ps.pair(i, ps, j) }, nil
}
