package munteanu2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// hits are n alternating points and a failure probability; Share multiplies the number of pairs (controls).
type hits struct {
	N     int     `json:"n"`
	Delta float64 `json:"delta"`
	Share float64 `json:"share,omitempty"`
}

func (p hits) pairs() int {
	pairs := bounds.ArcPairs(p.N, p.Delta)
	if p.Share > 0 {
		pairs *= p.Share
	}
	return int(math.Ceil(pairs))
}

// arcSeparator is the separator that depends on the draw.
//
// Setting: n alternating points on the circle, 4 | n, a coupled network of P = m/2 pairs.
//
// Hypotheses: P >= n ln(n/delta).
//
// Conclusion: with probability at least 1 - delta each of the n activation arcs holds a pair, and then U with rows
// u_s = a_s v(g_s)/sqrt(2n) on the first pair in each arc and zero elsewhere has |U|_F = 1 and
// y_i <grad f(W(0),x_i), U> >= gamma sqrt(2n/m) for all i (with equality).
//
// Constants: derived: coupon collector, n (1 - 1/n)^P <= delta; the sum over arcs of y_i <v,x_i> 1 is n gamma.
// Tolerance: 8 n units of rounding.
//
// Convention: coupled pairs, NTK scaling.
//
// Reference: an O~(1/gamma) width for d = 2 is recalled (derived).
//
// Control: a third of the pairs, which miss an arc in most draws.
func arcSeparator() checks.Claim[hits] {
	setup := func(p hits) (checks.Instance, error) {
		a, err := newArcs(p.N)
		if err != nil {
			return checks.Instance{}, err
		}
		m := 2 * p.pairs()
		law := net(m, 2, 1)
		want := bounds.ArcMargin(p.N, m)
		return checks.Instance{
			Facts: []checks.Fact{
				checks.NewFact("gamma", a.gamma), checks.NewFact("width run", float64(m)),
				checks.NewFact("width for the fixed separator (derived)", bounds.FiniteMarginWidth(p.N, a.gamma, p.Delta)),
				checks.NewFact("bound on a missed arc", bounds.MissedArc(p.N, m/2)),
			},
			Terms: checks.Terms{Delta: checks.Float(p.Delta)},
			Trial: func(r *rand.Rand) checks.Measurement {
				net, batch := law.Draw(r), nets.NewBatch(a.x, m)
				batch.Forward(net)
				first := firstInArc(net, p.N)
				v := make([]float64, 2)
				least, norm := tangentMargin(net, batch, a.x, a.y, func(s int) []float64 {
					if !first[s/2] {
						return nil
					}
					a.optima.at(v, net.W.RawRowView(s))
					return v
				}, math.Sqrt(2*float64(p.N)))
				tol := float64(8*p.N) * unit
				return checks.Measurement{Observed: least / math.Max(norm, 1), Predicted: want, Relation: checks.AtLeast, Tolerance: tol}
			},
		}, nil
	}
	return checks.Claim[hits]{
		ID: "munteanu2022/arc-separator", Title: "a separator that follows the draw", Reference: "derived here",
		Formula: `\frac{m}{2} \ge n \ln\frac{n}{\delta} \ \Rightarrow\ \min_i y_i \langle \nabla f(W(0),x_i), U\rangle \ge \gamma \sqrt{\frac{2n}{m}}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) hits {
			return hits{N: 4 * rapid.IntRange(1, 8).Draw(t, "n/4"), Delta: rapid.SampledFrom([]float64{0.5, 0.9}).Draw(t, "delta")}
		}),
		Grid: []hits{{N: 4, Delta: 0.3}, {N: 8, Delta: 0.5}, {N: 16, Delta: 0.5}, {N: 32, Delta: 0.5}},
		Cost: func(p hits) checks.Cost {
			return checks.Cost{Trial: float64(p.pairs()*p.N) * 12, Size: fmt.Sprintf("m=%d", 2*p.pairs())}
		},
		Setup: setup,
		Controls: []checks.Control[hits]{{
			Name: "a-third-of-the-pairs", Why: "some arc is then missed more often than not", At: []hits{{8, 0.2, 1. / 3}, {16, 0.2, 1. / 3}},
		}},
	}
}

// firstInArc marks the first pair in each of the n arcs [2 pi k/n, 2 pi (k+1)/n) of directions, between
// which the patterns of n points at equal angles, 4 | n, do not change.
func firstInArc(net *nets.Network, n int) []bool {
	first, seen := make([]bool, net.Width()/2), make([]bool, n)
	for p := range first {
		g := net.W.RawRowView(2 * p)
		angle := math.Mod(math.Atan2(g[1], g[0])+2*math.Pi, 2*math.Pi)
		arc := min(int(angle*float64(n)/(2*math.Pi)), n-1)
		first[p], seen[arc] = !seen[arc], true
	}
	return first
}

// quarterPairs is the limit of any argument at the initial patterns.
//
// Setting: n alternating points on the circle, n >= 4 even; P pairs with any directions g (drawn at random or
// spread, or placed by the search on a lattice of angles); the linear model x -> <grad f(W(0),x), U> with any U.
//
// Hypotheses: n >= 4 is even, P < n/4.
//
// Conclusion: no U separates the points: min_i y_i <grad f(W(0),x_i), U> <= 0.
//
// Constants: derived. The 2P < n/2 kinks cut the circle into arcs on one of which lie three consecutive points, of
// signs +, -, + or the reverse, within an angle of 4 pi/n <= pi; the model is one sinusoid there and cannot have
// these signs. U is the one of largest margin (bounds.FeatureMargin); tolerance 4(2P+2) units of rounding
// times sqrt(2P), for |U| = 1.
//
// Convention: coupled pairs share their pattern, so that U has two free numbers a pair.
//
// Reference: derived here.
//
// Control: n pairs, which separate in most draws.
func quarterPairs() checks.Claim[narrow] {
	setup := func(p narrow) (checks.Instance, error) {
		set, err := circle(p.N).Build()
		if err != nil {
			return checks.Instance{}, err
		}
		if len(p.Turns) > 0 && len(p.Turns) != p.M {
			return checks.Instance{}, fmt.Errorf("%d directions for %d pairs; give one a pair", len(p.Turns), p.M)
		}
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{
				checks.RequireThat("n >= 4 is even", p.N >= 4 && p.N%2 == 0), checks.RequireThat("P < n/4", 4*p.M < p.N),
			},
			Terms: checks.Terms{Trials: p.Tries},
			Trial: func(r *rand.Rand) checks.Measurement {
				g := p.directions(r)
				features := mat.NewDense(p.N, 2*p.M, nil)
				for i := range p.N {
					x := set.X.RawRowView(i)
					for s := range p.M {
						if floats.Dot(g.RawRowView(s), x) >= 0 {
							features.Set(i, 2*s, x[0])
							features.Set(i, 2*s+1, x[1])
						}
					}
				}
				_, u, err := bounds.FeatureMargin(features, set.Y)
				if err != nil {
					return checks.Failed(err)
				}
				least := math.Inf(1)
				for i, y := range set.Y {
					least = math.Min(least, y*floats.Dot(u, features.RawRowView(i)))
				}
				return checks.Measurement{Observed: least, Predicted: 0, Tolerance: 4 * float64(2*p.M+2) * unit * math.Sqrt(2*float64(p.M))}
			},
		}, nil
	}
	tries := func(n, pairs, k int) narrow { return narrow{N: n, M: pairs, Tries: k} }
	return checks.Claim[narrow]{
		ID: "munteanu2022/quarter-pairs", Title: "pairs that any linear model needs on the circle", Reference: "derived here",
		Formula: `P < \frac{n}{4} \ \Rightarrow\ \min_i y_i \langle \nabla f(W(0),x_i), U\rangle \le 0 \ \text{for all } U`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) narrow {
			n := 2 * rapid.IntRange(3, 12).Draw(t, "n/2")
			p := narrow{N: n, M: rapid.IntRange(1, (n-1)/4).Draw(t, "pairs"), Tries: 1}
			p.Turns = rapid.SliceOfN(rapid.IntRange(0, 8*n-1), p.M, p.M).Draw(t, "turns")
			return p
		}),
		Grid: []narrow{tries(8, 1, 50), tries(12, 2, 100), tries(16, 3, 100), tries(32, 7, 20)},
		Cost: func(p narrow) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Trial: 60 * n * n * (n + 20), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: setup,
		Controls: []checks.Control[narrow]{{
			Name: "n-pairs", Why: "n random pairs separate in most draws", At: []narrow{tries(8, 8, 20), tries(16, 16, 20)},
		}},
	}
}
