package shevchenko2023

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets/autoencoder"
)

// frames draws sizes and laws of rows.
func frames() *rapid.Generator[code] {
	return rapid.Custom(func(t *rapid.T) code {
		p := code{
			N: rapid.IntRange(1, 12).Draw(t, "n"), D: rapid.IntRange(1, 8).Draw(t, "d"),
			Rows: rapid.SampledFrom([]string{"uniform", "haar", "axes"}).Draw(t, "rows"),
		}
		if rapid.Bool().Draw(t, "cubic") {
			p.Act, p.Cubic = "cubic", rapid.SampledFrom([]float64{0, 0.5, 3}).Draw(t, "share")
		}
		return p
	})
}

// correlationSum is sum_ij q_ij f(q_ij), from the angles between the rows.
func correlationSum(b *mat.Dense, act autoencoder.Activation) float64 {
	n, _ := b.Dims()
	sum := 0.0
	for i := range n {
		u := b.RawRowView(i)
		sum += floats.Dot(u, u) * act.Pair(0)
		for j := range i {
			v := b.RawRowView(j)
			sum += 2 * floats.Dot(u, v) * act.Pair(autoencoder.Angle(u, v))
		}
	}
	return sum / (act.Linear * act.Linear)
}

// welch bounds the correlations of unit vectors, which is all that a tied network is about.
//
// Setting: n unit vectors b_i of R^d, q_ij = b_i.b_j; f a series of odd powers without negative coefficients, with the linear
// coefficient 1, such as arcsin.
//
// Hypotheses: unit vectors.
//
// Conclusion: sum_ij q_ij f(q_ij) >= max(n, n^2/d) + n (f(1)-1) ("welch"), and >= n f(1) + n(n-1) phi(t), phi(t) = sqrt t
// f(sqrt t), t = max(0, n/d-1)/(n-1) ("equiangular"), which is no less.
//
// Constants: derived. Welch: sum_ij q_ij^2 >= n^2/d, from the trace of Q, of rank d; even powers off the diagonal are not
// negative. The second: phi is convex and rising, and the mean of q_ij^2 off the diagonal is at least t; Jensen. Orthonormal
// rows attain both; the second is attained by every equiangular tight frame, such as the simplex, where the first lacks the
// cubic part, 1e-4 of the sum in R^10. The risk of a tied network at its best scale is 1 - (n^2/d) over this sum
// (optimal-decoder), so that at n > d no tied network attains the limit of lower-bound, whatever its rows, unless sigma is
// linear; whether the second bound holds for every decoder is open here. Tolerance: the rounding of n^2 products and angles.
//
// Convention: f(1) = pi/2 for the sign.
//
// Reference: Shevchenko, Kögler, Hassani, Mondelli (2023), weight-tied networks at r > 1 (recalled: the bound is of Welch's
// kind); derived here.
//
// Control: rows of length 0.99; a thousandth more than the right-hand side of either part.
func welch() checks.Checkable {
	corners := code{N: 11, D: 10, Rows: "simplex"}
	frame := code{N: 5, D: 8, Rows: "haar"}
	setup := func(length float64, factors [2]float64) func(code) (checks.Instance, error) {
		return func(p code) (checks.Instance, error) {
			act, theory, err := p.act()
			if err != nil {
				return checks.Instance{}, err
			}
			n := float64(p.N)
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				u, err := p.rows(r)
				if err != nil {
					return checks.Failed(err)
				}
				u.Scale(length, u)
				sum := correlationSum(u, act)
				tol := 4 * n * n * float64(p.D+8) * unit * theory.F(1)
				return checks.All(
					checks.Measurement{Part: "welch", Observed: sum, Predicted: factors[0] * theory.Welch(p.N, p.D), Relation: checks.AtLeast, Tolerance: tol},
					checks.Measurement{Part: "equiangular", Observed: sum, Predicted: factors[1] * theory.Equiangular(p.N, p.D), Relation: checks.AtLeast, Tolerance: tol},
				)
			}}, nil
		}
	}
	return checks.Claim[code]{
		ID: "shevchenko2023/welch", Title: "correlations of unit vectors", Reference: "weight-tied networks; derived here",
		Formula:    `\sum_{ij} q_{ij} f(q_{ij}) \ge n f(1) + n(n-1)\,\phi\Bigl(\frac{n/d-1}{n-1}\Bigr) \ge \max\Bigl(n, \frac{n^2}{d}\Bigr) + n(f(1)-1)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: frames(),
		Grid: []code{
			frame, corners, {N: 28, D: 7, Rows: "equiangular"}, {N: 6, D: 3, Rows: "equiangular"}, // attain the second
			{Act: "cubic", Cubic: 2, N: 5, D: 4, Rows: "simplex"}, {N: 32, D: 16, Rows: "bases"}, {N: 9, D: 1, Rows: "axes"}, {N: 12, D: 6, Rows: "haar"},
		},
		Cost:  code.cost,
		Setup: setup(1, [2]float64{1, 1}),
		Controls: []checks.Control[code]{
			{
				Name: "short-rows", Why: "rows of length 0.99 have a trace 0.98 times as large",
				At: []code{frame}, Setup: setup(0.99, [2]float64{1, 1}),
			},
			{
				Name: "more-than-welch", Why: "the simplex in R^10 is within 1.0001 of it",
				At: []code{corners}, Setup: setup(1, [2]float64{1.001, 1}),
			},
			{
				Name: "more-than-equiangular", Why: "the diagonals of the icosahedron attain it",
				At: []code{{N: 6, D: 3, Rows: "equiangular"}}, Setup: setup(1, [2]float64{1, 1.001}),
			},
		},
	}
}
