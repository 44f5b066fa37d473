package munteanu2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds/kernel"
	"convergo/checks"

	"gonum.org/v1/gonum/mat"
)

type shrinking struct {
	Angles []float64 `json:"angles"`
	Passes int       `json:"passes"`
}

// gramPairs is the exponent of the width in 1/lambda.
//
// Setting: four points of R^4 in two orthogonal planes, each pair at an angle s, so that
// lambda = lambda_min(H^inf) shrinks with s. P pairs of a coupled network, H_P(0) their Gram matrix.
//
// Hypotheses: none.
//
// Conclusion: the number of pairs from which on lambda_min(H_P(0)) >= lambda/2 grows like 1/lambda: exponent 1, not
// the 2 of lambda^{-2} n^2 or the 4 of lambda^{-4} n^4.
//
// Constants: derived. Matrix Chernoff gives exponent 1 as sufficient (bounds.CoupledWidth); it is necessary because
// H_P(0) is singular until some g separates the two points of each plane, an event of probability s/pi, while
// lambda is about s/(2 pi). A pass adds pairs one by one up to 12/lambda and takes the last P that fails.
// Resolution 0.3: the passes scatter, and lambda/s itself falls by a fifth along the ladder.
//
// Convention: H of the first layer, unit norms.
//
// Reference: lambda^{-2} recalled (scaling test).
//
// Control: the exponent 2.
//
// Loose: the exponent of a last failure is told from its large scatter.
func gramPairs() checks.Claim[shrinking] {
	setup := func(exponent float64) func(shrinking) (checks.Instance, error) {
		return func(p shrinking) (checks.Instance, error) {
			lambdas := make([]float64, len(p.Angles))
			for k, s := range p.Angles {
				sin, cos := math.Sincos(s)
				l, err := kernel.ReLU().Lambda0(mat.NewDense(2, 2, []float64{1, 0, cos, sin}))
				if err != nil {
					return checks.Instance{}, err
				}
				if !l.OK {
					return checks.Instance{}, fmt.Errorf("lambda_0 at angle %v is %v; give a larger angle", s, l)
				}
				lambdas[k] = l.Value
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: p.Passes, Exponent: checks.Float(exponent), Resolution: 0.3},
				Trial: func(r *rand.Rand) checks.Measurement {
					ladder := make([]checks.Rung, len(lambdas))
					for k, l := range lambdas {
						ladder[k] = checks.Rung{Size: 1 / l, Value: float64(lastFailure(p.Angles[k], l, r))}
					}
					return checks.Measurement{Ladder: ladder}
				},
			}, nil
		}
	}
	grid := []shrinking{{[]float64{0.2, 0.1, 0.05, 0.025, 0.0125}, 600}}
	return checks.Claim[shrinking]{
		ID: "munteanu2022/gram-pairs", Title: "pairs for half the smallest eigenvalue", Reference: "derived here",
		Formula: `P(\lambda_{\min}(H(0)) \ge \lambda/2) \propto \lambda^{-1}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Version: 2, Detects: map[string]float64{"": 0.7},
		Grid: grid,
		Cost: func(p shrinking) checks.Cost {
			work := 0.0
			for _, s := range p.Angles {
				work += 12 * 60 * 2 * math.Pi / s
			}
			return checks.Cost{Trial: work}
		},
		Setup: setup(1),
		Controls: []checks.Control[shrinking]{{
			Name: "exponent-two", Why: "the published exponent is not necessary", At: grid, Setup: setup(2),
		}},
	}
}

// lastFailure is 1 + the last number of pairs, up to 12/lambda, at which the smallest eigenvalue of
// either plane is below lambda/2.
func lastFailure(angle, lambda float64, r *rand.Rand) int {
	sin, cos := math.Sincos(angle)
	var first, second, both [2]float64
	last := 0
	for p := 1; float64(p) <= 12/lambda; p++ {
		for k := range 2 {
			g, h := r.NormFloat64(), r.NormFloat64()
			a, b := g >= 0, g*cos+h*sin >= 0
			if a {
				first[k]++
			}
			if b {
				second[k]++
			}
			if a && b {
				both[k]++
			}
			least := (first[k] + second[k] - math.Hypot(first[k]-second[k], 2*cos*both[k])) / 2
			if least < float64(p)*lambda/2 {
				last = p
			}
		}
	}
	return last + 1
}
