package bowman2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/theorems/internal/curve"
)

// A ring is n points at equal angles on the circle, with the terms of a sum over aliases.
type ring struct {
	N     int `json:"n"`
	Terms int `json:"terms"`
}

// aliasing is the spectrum of a Gram matrix on points at equal angles.
//
// Setting: n points at equal angles on the unit circle; H_ij = x_i.x_j (pi - angle)/(2 pi), the gradient kernel of a ReLU neuron without bias;
// lambda_k the eigenvalue of H/n on cos(k t), |k| <= n/2; mu_j = 1/8 at j = +-1, (j^2+1)/(pi^2 (j^2-1)^2) at even j, 0 else.
//
// Hypotheses: L >= 1 terms.
//
// Conclusion: lambda_k = sum_l mu_{k+ln} over all integers l; what is left after |l| <= L lies between A and B, with sums over the two
// progressions j, j+s, ... of even frequencies that are left: A = sum (1/(s j) + 1/(2 j^2))/pi^2, B = sum 1/(pi^2 s (j - 1 - s/2)).
// For even n and even k both are about 2/(pi^2 n^2 L); for even n and odd k >= 3 lambda_k = 0, while for odd n no eigenvalue vanishes.
//
// Constants: derived: 1/j^2 <= pi^2 mu_j <= 1/(j-1)^2 for even j >= 2, and the sums by convexity, see bounds.CircleReLUTail.
// Tolerance: 1e-15, a sum of n cosines over n.
//
// Convention: Gram matrix over n; points at angles 2 pi i/n
//
// Reference: derived here.
//
// Control: 0.99 of B and 1.01 of A; mu_k alone for the sum; L + 1 terms whose tail is that of L; points at random angles.
func aliasing() checks.Claim[ring] {
	at := []ring{{64, 200}, {31, 200}}
	setup := func(q ringPlan) func(ring) (checks.Instance, error) { return q.setup }
	return checks.Claim[ring]{
		ID: "bowman2022/aliasing", Title: "Gram spectrum on equal angles", Reference: "derived here",
		Formula:    `\lambda_k = \sum_{l\in\mathbb Z} \mu_{|k+ln|}, \quad A \le \lambda_k - \sum_{|l|\le L} \mu_{|k+ln|} \le B`,
		Convention: "Gram matrix over n; points at angles 2 pi i/n", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) ring {
			return ring{rapid.IntRange(1, 64).Draw(t, "n"), rapid.IntRange(1, 100).Draw(t, "terms")}
		}),
		Grid: []ring{{1, 200}, {2, 200}, {5, 200}, {31, 200}, {64, 200}, {256, 40}},
		Cost: func(p ring) checks.Cost {
			return checks.Cost{Trial: float64(p.N) * (30*float64(p.N) + 20*float64(p.Terms))}
		},
		Setup: setup(ringPlan{1, 1, 0, false, false}),
		Controls: []checks.Control[ring]{
			{Name: "smaller-tail", Why: "0.99 of B", At: at, Setup: setup(ringPlan{1, 0.99, 0, false, false})},
			{Name: "larger-tail", Why: "1.01 of A", At: at, Setup: setup(ringPlan{1.01, 1, 0, false, false})},
			{Name: "one-term-more", Why: "two terms more than the tail knows of, one per cent of it", At: at, Setup: setup(ringPlan{1, 1, 2, false, false})},
			{Name: "no-aliases", Why: "mu_k is below lambda_k by hundreds of tails", At: at, Setup: setup(ringPlan{1, 1, 0, true, false})},
			{Name: "random-angles", Why: "other points have other eigenvalues", At: at, Setup: setup(ringPlan{1, 1, 0, false, true})},
		},
	}
}

// A ringPlan says how a control is off: factors on the two bounds, terms beyond those that the tail supposes, no aliases, random angles.
type ringPlan struct {
	low, high     float64
	more          int
	alone, random bool
}

func (q ringPlan) setup(p ring) (checks.Instance, error) {
	if p.N < 1 || p.Terms < 1 {
		return checks.Instance{}, fmt.Errorf("n = %d, %d terms: give at least one of each", p.N, p.Terms)
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		x := equalAngles(p.N)
		if q.random {
			x = circlePoints(p.N, func(int) float64 { return 2 * math.Pi * r.Float64() })
		}
		h, err := kernel.ReLU().Gram(x)
		if err != nil {
			return checks.Failed(err)
		}
		var parts []checks.Measurement
		var frequency, measured, predicted []float64
		for k := 0; 2*k <= p.N; k++ {
			lambda := rayleigh(h, k)
			sum := bounds.Aliased(bounds.CircleReLU, p.N, k, p.Terms+q.more)
			if q.alone {
				sum = bounds.CircleReLU(k)
			}
			low, high := bounds.CircleReLUTail(p.N, k, p.Terms)
			m := checks.Measurement{Observed: lambda - sum, Tolerance: 1e-15}
			if high == 0 {
				m.Part, m.Relation = "no tail", checks.Equal
				parts = append(parts, m)
			} else {
				m.Part, m.Predicted = "tail from above", q.high*high
				parts = append(parts, m)
				m.Part, m.Predicted, m.Relation = "tail from below", q.low*low, checks.AtLeast
				parts = append(parts, m)
			}
			if lambda > 1e-14 && k > 0 {
				frequency, measured, predicted = append(frequency, float64(k)), append(measured, lambda), append(predicted, sum)
			}
		}
		m := checks.Each(parts...)
		if len(frequency) > 1 {
			m.Series = curve.Axes{X: "frequency k", Y: "eigenvalue", LogX: true, LogY: true}.Against("Gram matrix", frequency, measured, predicted)
		}
		return m
	}}, nil
}

// rayleigh is the quotient of H/n at the vector cos(2 pi k i/n): row 0 is enough on equal angles, all rows are taken.
func rayleigh(h *mat.SymDense, k int) float64 {
	n := h.SymmetricDim()
	v := make([]float64, n)
	for i := range v {
		v[i] = math.Cos(2 * math.Pi * float64(i*k%n) / float64(n))
	}
	vec := mat.NewVecDense(n, v)
	return mat.Inner(vec, h, vec) / mat.Dot(vec, vec) / float64(n)
}
