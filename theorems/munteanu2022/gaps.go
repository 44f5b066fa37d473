package munteanu2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"

	"gonum.org/v1/gonum/mat"
)

// gapped are n alternating points and a number of random pairs.
type gapped struct {
	N     int `json:"n"`
	Pairs int `json:"pairs"`
}

// separabilityChance is how likely weights that follow the draw are to separate.
//
// Setting: n alternating points on the circle, 4 | n and n >= 8, P random pairs of a coupled network, the linear model
// x -> <grad f(W(0),x), U> with any U.
//
// Hypotheses: none.
//
// Conclusion: some U separates the points with probability at most p(n, P), the probability that P balls thrown into
// n/2 boxes on a circle leave no two neighbouring boxes empty. It is small until P reaches (n/4) ln n, so that n ln n
// pairs (arc-separator) are needed but for a factor of 4. A trial is the share of 20 draws.
//
// Constants: derived (bounds.NoEmptyNeighbours). The two kinks of a pair lie in opposite gaps between the points; if two
// neighbouring gaps hold none, the model is one sinusoid on three consecutive points x_1, x_2, x_3 of signs +, -, + or the
// reverse, with x_1 + x_3 = 2 cos(2 pi/n) x_2. Nearly attained: what else prevents a separator is rare, 1 in 100 draws at n = 16. Each draw is
// decided by a certificate: by those weights 1, 2 cos(2 pi/n), 1, with which the three feature vectors cancel, or by the U of
// largest margin (bounds.FeatureMargin).
//
// Convention: coupled pairs share their pattern, so that U has two free numbers a pair.
//
// Reference: an O~(1/gamma) width for d = 2 is recalled; this bound on it is derived here.
//
// Control: the probability for n/2 + 1 boxes, and that of one pair less.
func separabilityChance() checks.Claim[gapped] {
	setup := func(chance func(n, pairs int) float64) func(gapped) (checks.Instance, error) {
		return func(p gapped) (checks.Instance, error) {
			a, err := newArcs(p.N)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("gamma", a.gamma)},
				Terms: checks.Terms{Range: &[2]checks.Float{0, 1}, Resolution: 0.045},
				Trial: func(r *rand.Rand) checks.Measurement {
					const sets = 20
					separable := 0
					for range sets {
						ok, err := a.separates(a.distinct(p.Pairs, r))
						if err != nil {
							return checks.Failed(err)
						}
						if ok {
							separable++
						}
					}
					return checks.Measurement{Observed: float64(separable) / sets, Predicted: chance(p.N, p.Pairs)}
				},
			}, nil
		}
	}
	boxes := func(extra, fewer int) func(n, pairs int) float64 {
		return func(n, pairs int) float64 { return bounds.NoEmptyNeighbours(n/2+extra, pairs-fewer) }
	}
	grid := []gapped{{8, 5}, {12, 7}, {16, 10}}
	return checks.Claim[gapped]{
		ID: "munteanu2022/separability-chance", Title: "chance of a separator that follows the draw", Reference: "derived here",
		Formula: `\mathbb{P}\bigl[\exists U: \min_i y_i \langle \nabla f(W(0),x_i), U\rangle > 0\bigr] \le p(n, P)`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid,
		Cost: func(p gapped) checks.Cost {
			return checks.Cost{Trial: 20 * 30 * math.Pow(float64(p.N), 3), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: setup(boxes(0, 0)),
		Controls: []checks.Control[gapped]{
			{Name: "another-gap", Why: "opposite gaps are hit together: there are n/2 of them", At: []gapped{{12, 5}, {16, 7}}, Setup: setup(boxes(1, 0))},
			{Name: "a-pair-less", Why: "every pair counts", At: []gapped{{12, 5}, {16, 7}}, Setup: setup(boxes(0, 1))},
		},
	}
}

// distinct are the arcs that some random pairs fall into.
func (a *arcSet) distinct(pairs int, r *rand.Rand) []int {
	var arcs []int
	seen := make([]bool, a.n)
	for range pairs {
		if arc := r.IntN(a.n); !seen[arc] {
			seen[arc], arcs = true, append(arcs, arc)
		}
	}
	return arcs
}

// separates reports whether some U on pairs in the given arcs separates the points. Two certificates spare the search: a combination of the features of three consecutive
// points that vanishes, and the U of a ridge regression on the labels, if it separates.
func (a *arcSet) separates(arcs []int) (bool, error) {
	features := a.features(arcs)
	mid := 2 * math.Cos(2*math.Pi/float64(a.n))
	for i := range a.n {
		first, second, third := features.RawRowView(i), features.RawRowView((i+1)%a.n), features.RawRowView((i+2)%a.n)
		left := 0.0 // the labels are y, -y, y
		for k, v := range first {
			left = math.Max(left, math.Abs(v-mid*second[k]+third[k]))
		}
		if left < 1e-12 {
			return false, nil
		}
	}
	gram, dual := mat.NewSymDense(a.n, nil), mat.NewVecDense(a.n, nil)
	gram.SymOuterK(1, features)
	for i := range a.n {
		gram.SetSym(i, i, gram.At(i, i)+1e-6)
	}
	var chol mat.Cholesky
	if chol.Factorize(gram) && chol.SolveVecTo(dual, mat.NewVecDense(a.n, a.y)) == nil {
		v := mat.NewVecDense(2*len(arcs), nil)
		v.MulVec(features.T(), dual)
		least := math.Inf(1)
		for i, y := range a.y {
			least = math.Min(least, y*mat.Dot(features.RowView(i), v))
		}
		if least > separableMargin*mat.Norm(v, 2) {
			return true, nil
		}
	}
	m, _, err := bounds.FeatureMargin(features, a.y)
	return m.Lower > separableMargin, err
}
