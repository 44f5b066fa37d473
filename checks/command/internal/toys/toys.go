// Package toys has a source of two claims that run in a moment, for tests of the
// command line.
package toys

import (
	"embed"
	"math"
	"math/rand/v2"

	"convergo/checks"

	"pgregory.net/rapid"
)

//go:embed toys.go
var files embed.FS

// Sources returns the one source, documented.
func Sources() ([]checks.Source, error) {
	s, err := checks.Document(checks.Source{
		Key: "toys", Title: "Toys", Year: 2026, BibTeX: "@misc{toys,\n  title = {Toys},\n  year = {2026}\n}",
		Files: files, Claims: []checks.Checkable{product(), coins()},
		Tables: []checks.SourceTable{{
			Name: "squares", Title: "Products and squares", Caption: "A product beside half the sum of squares.", Claims: []string{"product"},
			Columns: []checks.TableColumn{{Value: "observed", Head: "$ab$"}, {Value: "predicted", Head: "$(a^2+b^2)/2$"}},
		}},
	}, "checks/command/internal/toys")
	return []checks.Source{s}, err
}

// product claims that the product of two numbers is at most half the sum of
// their squares.
//
// Setting: two real numbers a and b.
//
// Hypotheses: none.
//
// Conclusion: a b <= (a^2 + b^2)/2.
//
// Constants: 1/2, attained at a = b.
//
// Control: a quarter.
func product() checks.Claim[[2]float64] {
	setup := func(share float64) func([2]float64) (checks.Instance, error) {
		return func(p [2]float64) (checks.Instance, error) {
			return checks.Instance{Trial: func(*rand.Rand) checks.Measurement {
				sum := p[0]*p[0] + p[1]*p[1]
				return checks.Measurement{Observed: p[0] * p[1], Predicted: share * sum, Tolerance: 1e-15 * sum}
			}}, nil
		}
	}
	return checks.Claim[[2]float64]{
		ID: "toys/product", Title: "product and squares", Reference: "folklore", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) [2]float64 {
			return [2]float64{rapid.Float64Range(-9, 9).Draw(t, "a"), rapid.Float64Range(-9, 9).Draw(t, "b")}
		}),
		Grid: [][2]float64{{1, 1}, {2, 3}}, Setup: setup(0.5),
		Controls: []checks.Control[[2]float64]{{Name: "quarter", Why: "a quarter is too little", At: [][2]float64{{1, 1}}, Setup: setup(0.25)}},
	}
}

// coins is Hoeffding's inequality for the mean of n fair coins.
//
// Setting: n fair coins.
//
// Hypotheses: none.
//
// Conclusion: off by sqrt(ln(2/delta)/(2n)) with probability at most delta.
//
// Constants: Hoeffding's.
//
// Control: a third of the bound.
//
// Loose: the normal law would give a bound smaller by a third.
func coins() checks.Claim[int] {
	setup := func(share float64) func(int) (checks.Instance, error) {
		return func(n int) (checks.Instance, error) {
			const delta = 0.1
			bound := share * math.Sqrt(math.Log(2/delta)/(2*float64(n)))
			return checks.Instance{Terms: checks.Terms{Delta: delta}, Trial: func(r *rand.Rand) checks.Measurement {
				heads := 0
				for range n {
					heads += r.IntN(2)
				}
				return checks.Measurement{Observed: math.Abs(float64(heads)/float64(n) - 0.5), Predicted: bound, Tolerance: 1e-15}
			}}, nil
		}
	}
	return checks.Claim[int]{
		ID: "toys/coins", Title: "mean of coins", Reference: "Hoeffding (1963), Theorem 1", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: []int{100}, Setup: setup(1), Detects: map[string]float64{"": 3},
		Controls: []checks.Control[int]{{Name: "third", Why: "a third of the bound", At: []int{100}, Setup: setup(1.0 / 3)}},
	}
}
