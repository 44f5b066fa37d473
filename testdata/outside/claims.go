package main

import (
	"embed"
	"math"
	"math/rand/v2"
	"os"

	"convergo/checks"

	"pgregory.net/rapid"
)

//go:embed claims.go
var files embed.FS

func source() checks.Source {
	return checks.Source{
		Key: "hoeffding1963", Title: "Probability Inequalities for Sums of Bounded Random Variables", Authors: "Wassily Hoeffding", Year: 1963,
		BibTeX: `@article{hoeffding1963,
  title   = {Probability Inequalities for Sums of Bounded Random Variables},
  author  = {Hoeffding, Wassily},
  journal = {Journal of the American Statistical Association},
  volume  = {58},
  number  = {301},
  pages   = {13--30},
  year    = {1963}
}`,
		Files: files, Claims: []checks.Checkable{mean(), variance()}, Tables: []checks.SourceTable{{
			Name: "coins", Title: "Means of fair coins", Caption: `Distance of the mean of $n$ fair coins from $\frac12$, the $\delta$-quantile, beside the bound.`,
			Claims: []string{"mean"},
			Columns: []checks.TableColumn{
				{Value: "n", Head: "$n$"}, {Value: "delta", Head: `$\delta$`},
				{Value: "observed", Head: "measured", Group: "distance"}, {Value: "predicted", Head: "bound", Group: "distance"},
			},
		}},
	}
}

// sabotage scales the bound of every claim: the tests of this module set it to
// see a false claim refuted.
func sabotage() float64 {
	if os.Getenv("OUTSIDE_SABOTAGE") != "" {
		return 0.25
	}
	return 1
}

// A sample are n fair coins; Delta is the allowed failure probability.
type sample struct {
	N     int     `json:"n"`
	Delta float64 `json:"delta"`
}

func (p sample) bound() float64 {
	return math.Sqrt(math.Log(2/p.Delta) / (2 * float64(p.N)))
}

func (p sample) setup(share float64) (checks.Instance, error) {
	return checks.Instance{
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			heads := 0
			for range p.N {
				heads += r.IntN(2)
			}
			off := math.Abs(float64(heads)/float64(p.N) - 0.5)
			return checks.Measurement{Observed: off, Predicted: share * p.bound(), Tolerance: 1e-15}
		},
	}, nil
}

// mean is Hoeffding's inequality for fair coins.
//
// Setting: n fair coins.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta the mean is within sqrt(ln(2/delta)/(2n)) of 1/2.
//
// Constants: as in the inequality.
//
// Reference: Hoeffding (1963), Theorem 1.
//
// Control: a third of the bound.
//
// Loose: the inequality holds for every law on [0, 1], and for few trials an alarm needs many violations.
func mean() checks.Claim[sample] {
	return checks.Claim[sample]{
		ID: "hoeffding1963/mean", Title: "mean of n fair coins", Reference: "Theorem 1", Basis: checks.Stated, Form: checks.Probably{}, Version: 1,
		Formula: `\Pr[|\bar x - \tfrac12| \le \sqrt{\ln(2/\delta)/(2n)}] \ge 1-\delta`,
		Space: rapid.Custom(func(t *rapid.T) sample {
			return sample{N: rapid.IntRange(1, 500).Draw(t, "n"), Delta: rapid.SampledFrom([]float64{0.05, 0.2}).Draw(t, "delta")}
		}),
		Grid:    []sample{{10, 0.1}, {1000, 0.1}},
		Detects: map[string]float64{"": 4},
		Setup:   func(p sample) (checks.Instance, error) { return p.setup(sabotage()) },
		Controls: []checks.Control[sample]{{
			Name: "third-of-the-bound", Why: "a third of the bound is broken far more often than delta", At: []sample{{100, 0.1}},
			Setup: func(p sample) (checks.Instance, error) { return p.setup(1.0 / 3) },
		}},
	}
}

// variance is the bound on the variance of a variable between two numbers.
//
// Setting: a variable that takes the value a with probability 1 - p and b with probability p.
//
// Hypotheses: none.
//
// Conclusion: its variance is at most (b - a)^2/4.
//
// Constants: 1/4, attained at p = 1/2.
//
// Reference: Popoviciu's inequality; derived here, as p(1 - p) <= 1/4.
//
// Control: a fifth.
func variance() checks.Claim[[3]float64] {
	setup := func(constant float64) func([3]float64) (checks.Instance, error) {
		return func(v [3]float64) (checks.Instance, error) {
			a, b, p := v[0], v[1], v[2]
			return checks.Instance{Trial: func(*rand.Rand) checks.Measurement {
				mean := (1-p)*a + p*b
				second := (1-p)*a*a + p*b*b
				return checks.Measurement{
					Observed: second - mean*mean, Predicted: constant * (b - a) * (b - a), Tolerance: 1e-14 * (a*a + b*b),
				}
			}}, nil
		}
	}
	return checks.Claim[[3]float64]{
		ID: "hoeffding1963/variance", Title: "variance of a bounded variable", Reference: "Popoviciu's inequality", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) [3]float64 {
			return [3]float64{rapid.Float64Range(-9, 9).Draw(t, "a"), rapid.Float64Range(-9, 9).Draw(t, "b"), rapid.Float64Range(0, 1).Draw(t, "p")}
		}),
		Grid: [][3]float64{{0, 1, 0.5}, {-2, 3, 0.1}}, Setup: setup(sabotage() / 4),
		Controls: []checks.Control[[3]float64]{{Name: "fifth", Why: "a fifth is less than the variance of a fair coin", At: [][3]float64{{0, 1, 0.5}}, Setup: setup(0.2)}},
	}
}
