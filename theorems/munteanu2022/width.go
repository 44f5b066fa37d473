package munteanu2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// narrow is a network of m neurons on n alternating points. Turns gives the directions of its neurons in
// steps of 2 pi/(8n); without it they are drawn.
type narrow struct {
	N     int   `json:"n"`
	M     int   `json:"m"`
	Turns []int `json:"turns,omitempty"`
	Tries int   `json:"tries"`
}

// directions returns unit vectors: the given ones, or half of the time independent uniform ones and half of the
// time one in each of equal arcs, which spreads the kinks over the sign intervals.
func (p narrow) directions(r *rand.Rand) *mat.Dense {
	w := mat.NewDense(p.M, 2, nil)
	spread, turn := r.IntN(2) == 0, 2*math.Pi*r.Float64()
	for s := range p.M {
		angle := 2 * math.Pi * r.Float64()
		switch {
		case len(p.Turns) > 0:
			angle = 2 * math.Pi * float64(p.Turns[s]) / float64(8*p.N)
		case spread: // kinks lie in opposite pairs: half a circle of directions places them all
			angle = turn + math.Pi*(float64(s)+r.Float64())/float64(p.M) + math.Pi*float64(r.IntN(2))
		}
		sin, cos := math.Sincos(angle)
		w.SetRow(s, []float64{cos, sin})
	}
	return w
}

// fitted returns the network on the given directions with the output weights, of norm one, that classify the
// samples with the largest margin, or come closest to it.
func fitted(w, x *mat.Dense, y []float64) (*nets.Network, error) {
	m, _ := w.Dims()
	var features mat.Dense
	features.Mul(x, w.T())
	features.Apply(func(_, _ int, v float64) float64 { return math.Max(v, 0) }, &features)
	_, c, err := bounds.FeatureMargin(&features, y)
	if err != nil {
		return nil, err
	}
	return &nets.Network{W: w, A: c[:m], Act: nets.ReLU(), Scale: 1}, nil
}

// widthLowerBound is the impossibility for all networks.
//
// Setting: n alternating points on the circle, n >= 4 even; any network f(x) = sum_{s <= m} c_s relu(<w_s,x>)
// without biases. For each choice of hidden weights the best output weights are sought: those of largest margin
// (bounds.FeatureMargin, which finds a classifier whenever there is one). Hidden weights are drawn at random,
// spread out, or by the search on a lattice of angles; their norms do not matter.
//
// Hypotheses: n >= 4 is even; m < max(n/2, 4) if 4 divides n, any m otherwise.
//
// Conclusion: min_i y_i f(x_i) <= 0: no such network classifies all points. With 4 | n a classifier therefore has
// m >= n/2 = 1/(2 gamma cos(pi/n)) >= 1/(2 gamma).
//
// Constants: derived, and attained at n = 12, m = 6. On the circle f is piecewise sinusoidal with at most 2m kinks; the n
// sign intervals are disjoint and shorter than 4 pi/n <= pi, while a sign interval without a kink has length exactly pi: so
// n <= 2m. For 4 | n opposite points have equal labels and no neuron is active on both, so that each sign
// needs two neurons: m >= 4, which is more than n/2 for n = 4 alone. For n = 2 mod 4 see circle-cancels. Tolerance: 4(m+2)
// units of rounding times sqrt(m), for output weights of norm one.
//
// Convention: |c| = 1, |w_s| = 1, no 1/sqrt(m).
//
// Reference: a lower bound of order 1/gamma is recalled (derived).
//
// Control: m = n neurons, for which the same search succeeds in most draws.
func widthLowerBound() checks.Claim[narrow] {
	setup := func(p narrow) (checks.Instance, error) {
		set, err := circle(p.N).Build()
		if err != nil {
			return checks.Instance{}, err
		}
		if len(p.Turns) > 0 && len(p.Turns) != p.M {
			return checks.Instance{}, fmt.Errorf("%d directions for %d neurons; give one a neuron", len(p.Turns), p.M)
		}
		least := bounds.ClassifierWidth(p.N)
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{
				checks.RequireThat("n >= 4 is even", p.N >= 4 && p.N%2 == 0), checks.RequireThat("m below the bound", float64(p.M) < least),
			},
			Facts: []checks.Fact{
				checks.NewFact("least width of a classifier", float64(least)), checks.NewFact("gamma", bounds.CircleMargin(p.N)),
			},
			Terms: checks.Terms{Trials: p.Tries},
			Trial: func(r *rand.Rand) checks.Measurement {
				net, err := fitted(p.directions(r), set.X, set.Y)
				if err != nil {
					return checks.Failed(err)
				}
				worst := math.Inf(1)
				for i, u := range net.Output(set.X) {
					worst = math.Min(worst, set.Y[i]*u)
				}
				return checks.Measurement{Observed: worst, Predicted: 0, Tolerance: 4 * float64(p.M+2) * unit * math.Sqrt(float64(p.M))}
			},
		}, nil
	}
	tries := func(n, m, k int) narrow { return narrow{N: n, M: m, Tries: k} }
	return checks.Claim[narrow]{
		ID: "munteanu2022/width-lower-bound", Title: "width that every network needs on the circle", Reference: "derived here",
		Formula: `y_i f(x_i) > 0 \ \text{for all } i \ \Rightarrow\ m \ge \frac{n}{2} \ge \frac{1}{2\gamma}`, Convention: "f = sum_s c_s relu(w_s.x), any weights, no biases",
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) narrow {
			n := 2 * rapid.IntRange(2, 10).Draw(t, "n/2")
			m := n/2 - 1
			if n == 4 {
				m = 3
			}
			p := narrow{N: n, M: rapid.IntRange(1, m).Draw(t, "m"), Tries: 1}
			p.Turns = rapid.SliceOfN(rapid.IntRange(0, 8*n-1), p.M, p.M).Draw(t, "turns")
			return p
		}),
		Grid: []narrow{tries(4, 3, 100), tries(6, 12, 100), tries(8, 3, 100), tries(12, 5, 100), tries(16, 7, 60), tries(32, 15, 20)},
		Cost: func(p narrow) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Trial: 60 * n * n * (n + 20), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: setup,
		Controls: []checks.Control[narrow]{{
			Name: "as-many-neurons-as-points", Why: "with m = n most draws of the hidden weights allow a classifier", At: []narrow{tries(4, 4, 30), tries(8, 8, 20), tries(12, 12, 20)},
		}},
	}
}

// signChanges counts the sign changes behind width-lower-bound.
//
// Setting: any network of m >= 1 neurons without biases on the unit circle. Its hidden weights are drawn, its
// output weights fitted to n alternating points (which drives up the number of sign changes) or drawn.
//
// Hypotheses: none.
//
// Conclusion: f changes its sign at most 2m times around the circle.
//
// Constants: derived: a sign interval whose interior has no kink has length exactly pi; if there are two of them there
// are no others, and otherwise each but one holds one of the at most 2m kinks; the number of changes is even.
// The sign is taken at 4000 angles where |f| exceeds its rounding, which can only lose changes.
//
// Convention: |w_s| = 1; the output scale does not matter.
//
// Reference: derived here.
//
// Control: at most m changes, which a fitted network of 8 neurons exceeds on 12 points.
func signChanges() checks.Claim[narrow] {
	setup := func(perNeuron int) func(narrow) (checks.Instance, error) {
		return func(p narrow) (checks.Instance, error) {
			set, err := circle(p.N).Build()
			if err != nil {
				return checks.Instance{}, err
			}
			const angles = 4000
			around := mat.NewDense(angles, 2, nil)
			for k := range angles {
				sin, cos := math.Sincos(2 * math.Pi * (float64(k) + 0.5) / angles)
				around.SetRow(k, []float64{cos, sin})
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: p.Tries},
				Trial: func(r *rand.Rand) checks.Measurement {
					net, err := fitted(p.directions(r), set.X, set.Y)
					if err != nil {
						return checks.Failed(err)
					}
					if r.IntN(4) == 0 {
						for s := range net.A {
							net.A[s] = r.NormFloat64()
						}
					}
					size := 0.0
					for _, a := range net.A {
						size += math.Abs(a)
					}
					changes := changes(net.Output(around), 4*float64(p.M+2)*unit*size)
					return checks.Measurement{Observed: float64(changes), Predicted: float64(perNeuron * p.M)}
				},
			}, nil
		}
	}
	return checks.Claim[narrow]{
		ID: "munteanu2022/sign-changes", Title: "sign changes of a network around the circle", Reference: "derived here",
		Formula: `\#\{\text{sign changes of } f \text{ on the circle}\} \le 2m`, Convention: "f = sum_s c_s relu(w_s.x), any weights, no biases",
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) narrow {
			return narrow{N: 2 * rapid.IntRange(1, 10).Draw(t, "n/2"), M: rapid.IntRange(1, 10).Draw(t, "m"), Tries: 2}
		}),
		Grid: []narrow{{N: 2, M: 1, Tries: 20}, {N: 4, M: 2, Tries: 50}, {N: 12, M: 6, Tries: 50}, {N: 12, M: 8, Tries: 50}},
		Cost: func(p narrow) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Trial: 60*n*n*(n+20) + 4000*20*float64(p.M)}
		},
		Setup: setup(2),
		Controls: []checks.Control[narrow]{{
			Name: "one-per-neuron", Why: "a neuron has two kinks", At: []narrow{{N: 12, M: 8, Tries: 50}, {N: 8, M: 6, Tries: 50}}, Setup: setup(1),
		}},
	}
}

// changes counts the cyclic sign changes of the values larger than tol.
func changes(f []float64, tol float64) int {
	var signs []bool
	for _, v := range f {
		if math.Abs(v) > tol {
			signs = append(signs, v > 0)
		}
	}
	changes := 0
	for k, s := range signs {
		if s != signs[(k+1)%len(signs)] {
			changes++
		}
	}
	return changes
}
