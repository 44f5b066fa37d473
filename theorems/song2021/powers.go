package song2021

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/checks"
)

// generic are n random rows in d dimensions with a power.
type generic struct {
	N int `json:"n"`
	D int `json:"d"`
	R int `json:"r"`
}

// khatriRaoRank is how many points a power of the Gram matrix can tell apart.
//
// Setting: n rows of d independent integers, uniform on {0, ..., p-1} with the prime p = 2^61 - 1; r >= 1; the r-th Khatri-Rao power X^{*r} has
// the rows x_i (x) ... (x) x_i.
//
// Hypotheses: none. The conclusion fails with probability at most n r/p, below 10^-16 here, and never for rows from a law with a density.
//
// Conclusion: rank X^{*r} = rank (X X^T)^{o r} = min(n, binom(d+r-1, r)). So sigma_min(X^{*r}) > 0 for generic data exactly if n <= binom(d+r-1, r).
//
// Constants: derived: the rows of X^{*r} lie in the symmetric tensors, of dimension binom(d+r-1, r), and their
// entries are all monomials of degree r. These are linearly independent modulo p > r, so that some minor of that size is a polynomial of degree at
// most n r that is not zero modulo p, and a random point is a zero of it with probability at most n r/p (Schwartz and Zippel). The rank is counted by elimination modulo p, exactly: it is at most the rank over the
// rationals, and that is at most the binomial. The paper asks n of the order d_0^t.
//
// Convention: none; scaling a row changes no rank.
//
// Reference: Song et al. (2021), Section 5.3; derived here.
//
// Control: binom(d+r, r) for binom(d+r-1, r), the dimension of all polynomials of degree up to r; d^r, that of all tensors; and one less.
func khatriRaoRank() checks.Checkable {
	symmetric := func(p generic) float64 { return binomial(p.D+p.R-1, p.R) }
	setup := func(dimension func(generic) float64) func(generic) (checks.Instance, error) {
		return func(p generic) (checks.Instance, error) {
			if p.N < 1 || p.D < 1 || p.R < 1 {
				return checks.Instance{}, fmt.Errorf("n = %d, d = %d, r = %d: all must be positive", p.N, p.D, p.R)
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				return checks.Measurement{Observed: float64(p.rank(r)), Predicted: math.Min(float64(p.N), dimension(p)), Relation: checks.Equal}
			}}, nil
		}
	}
	tight := []generic{{4, 2, 2}, {7, 3, 2}, {12, 3, 3}}
	return checks.Claim[generic]{
		ID: "song2021/khatri-rao-rank", Title: "points that a power of the Gram matrix tells apart", Reference: "Section 5.3, derived here",
		Formula:    `\operatorname{rank} (XX^{\top})^{\circ r} = \min\left(n, \binom{d+r-1}{r}\right)`,
		Convention: "rows of any norm", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) generic {
			return generic{N: rapid.IntRange(1, 24).Draw(t, "n"), D: rapid.IntRange(1, 4).Draw(t, "d"), R: rapid.IntRange(1, 3).Draw(t, "r")}
		}),
		Grid: []generic{{3, 2, 2}, {4, 2, 2}, {6, 3, 2}, {7, 3, 2}, {10, 3, 3}, {12, 3, 3}, {9, 8, 1}, {4, 1, 5}, {36, 4, 4}},
		Cost: func(p generic) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Trial: 10 * n * n * math.Pow(float64(p.D), float64(p.R)), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: setup(symmetric),
		Controls: []checks.Control[generic]{
			{
				Name: "polynomials-up-to-r", Why: "on the rows alone only the powers of degree r count", At: tight,
				Setup: setup(func(p generic) float64 { return binomial(p.D+p.R, p.R) }),
			},
			{
				Name: "all-tensors", Why: "x (x) x is symmetric", At: tight,
				Setup: setup(func(p generic) float64 { return math.Pow(float64(p.D), float64(p.R)) }),
			},
			{
				Name: "one-less", Why: "the powers span all symmetric tensors", At: tight,
				Setup: setup(func(p generic) float64 { return symmetric(p) - 1 }),
			},
		},
	}
}

const prime = 1<<61 - 1

// rank draws the rows and returns the rank of their power modulo the prime.
func (p generic) rank(r *rand.Rand) int {
	rows := make([][]uint64, p.N)
	for i := range rows {
		x := make([]uint64, p.D)
		for k := range x {
			x[k] = r.Uint64N(prime)
		}
		rows[i] = []uint64{1}
		for range p.R {
			var next []uint64
			for _, a := range rows[i] {
				for _, b := range x {
					next = append(next, times(a, b))
				}
			}
			rows[i] = next
		}
	}
	return eliminate(rows)
}

// eliminate returns the rank of the rows modulo the prime; it changes them.
func eliminate(rows [][]uint64) (rank int) {
	for column := range rows[0] {
		pivot := rank
		for pivot < len(rows) && rows[pivot][column] == 0 {
			pivot++
		}
		if pivot == len(rows) {
			continue
		}
		rows[rank], rows[pivot] = rows[pivot], rows[rank]
		inverse := power(rows[rank][column], prime-2)
		for _, row := range rows[rank+1:] {
			f := times(row[column], inverse)
			for k := column; k < len(row); k++ {
				row[k] = (row[k] + prime - times(f, rows[rank][k])) % prime
			}
		}
		if rank++; rank == len(rows) {
			break
		}
	}
	return rank
}

// times multiplies modulo the prime.
func times(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return (lo&prime + (hi<<3 | lo>>61)) % prime
}

func power(a, exponent uint64) uint64 {
	v := uint64(1)
	for ; exponent > 0; exponent >>= 1 {
		if exponent&1 == 1 {
			v = times(v, a)
		}
		a = times(a, a)
	}
	return v
}

func binomial(n, k int) float64 {
	v := 1.0
	for i := 1; i <= k; i++ {
		v = v * float64(n-k+i) / float64(i)
	}
	return v
}
