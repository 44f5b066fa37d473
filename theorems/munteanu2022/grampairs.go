package munteanu2022

import (
	"fmt"
	"math"
	"math/bits"
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
// lambda is about s/(2 pi). A pass adds pairs one by one up to 6/lambda and takes the last P that fails; what it
// records is the geometric mean of four. As s -> 0 lambda P has a fixed law, that of the last time at which a Poisson
// process of rate 2 is below a line of slope 1: the exponent is 1 along the whole ladder, whose angles fall by a factor
// of 625. Resolution 0.05.
//
// Convention: H of the first layer, unit norms.
//
// Reference: lambda^{-2} recalled (scaling test).
//
// Control: the exponents 0.85 and 1.15.
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
				Terms: checks.Terms{Trials: p.Passes, Exponent: checks.Float(exponent), Resolution: 0.05},
				Trial: func(r *rand.Rand) checks.Measurement {
					ladder := make([]checks.Rung, len(lambdas))
					for k, l := range lambdas {
						const copies = 4 // whose geometric mean scatters half as much
						logs := 0.0
						for range copies {
							logs += math.Log(float64(lastFailure(p.Angles[k], l, r)))
						}
						ladder[k] = checks.Rung{Size: 1 / l, Value: math.Exp(logs / copies)}
					}
					return checks.Measurement{Ladder: ladder}
				},
			}, nil
		}
	}
	angles := []float64{0.032, 0.0064, 0.00128, 0.000256, 0.0000512}
	grid, few := []shrinking{{angles, 800}}, []shrinking{{angles, 200}}
	return checks.Claim[shrinking]{
		ID: "munteanu2022/gram-pairs", Title: "pairs for half the smallest eigenvalue", Reference: "derived here",
		Formula: `P(\lambda_{\min}(H(0)) \ge \lambda/2) \propto \lambda^{-1}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Along: `$1/\lambda$`, Version: 3,
		Grid: grid,
		Cost: func(p shrinking) checks.Cost {
			work := 0.0
			for _, s := range p.Angles {
				work += 4 * (2000 + 6*2*2*math.Pi/s/16)
			}
			return checks.Cost{Trial: work}
		},
		Setup: setup(1),
		Controls: []checks.Control[shrinking]{
			{Name: "larger-exponent", Why: "fewer pairs are enough than lambda^{-1.15}, let alone the published lambda^{-2}", At: few, Setup: setup(1.15)},
			{Name: "smaller-exponent", Why: "the Gram matrix is singular until some g separates the points of each plane", At: few, Setup: setup(0.85)},
		},
	}
}

// lastFailure is 1 + the last number of pairs, up to 6/lambda, at which the smallest eigenvalue of
// either plane is below lambda/2.
func lastFailure(angle, lambda float64, r *rand.Rand) int {
	most := int(6 / lambda)
	return 1 + max(lastFailureOfPlane(angle, lambda, most, r), lastFailureOfPlane(angle, lambda, most, r))
}

// lastFailureOfPlane adds pairs to one plane. Pair by pair, g is active on both points or on neither, each with
// probability (1 - s/pi)/2, or on one alone: the second kind is rare, and what happens between two of that kind is
// drawn at once where that is exact.
func lastFailureOfPlane(angle, lambda float64, most int, r *rand.Rand) int {
	cos, chance := math.Cos(angle), angle/math.Pi
	first, second, both := 0, 0, 0 // pairs active on one point alone, and on both
	fails := func(p int) bool {
		least := (float64(first+second+2*both) - math.Hypot(float64(first-second), 2*cos*float64(both))) / 2
		return least < float64(p)*lambda/2
	}
	last := 0
	for p := 0; p < most; {
		gap := most - p // until the next pair that is active on one point alone
		if g := math.Log(1-r.Float64()) / math.Log1p(-chance); g < float64(gap) {
			gap = int(g)
		}
		for k := 0; k < gap; {
			// A pair active on both points raises the eigenvalue by at most rise, from here on in this gap. Where that is
			// less than lambda/2 a failure in the gap is one at its end.
			tilt := float64(first-second) / (2 * cos * float64(both))
			rise := 1 - cos + tilt*tilt/2
			step := 1
			if rise < lambda/2 { // not with both = 0
				step = gap - k
			}
			both += coins(step, r)
			k += step
			if fails(p + k) {
				last = p + k
			}
		}
		if p += gap + 1; p > most {
			break
		}
		if r.IntN(2) == 0 {
			first++
		} else {
			second++
		}
		if fails(p) {
			last = p
		}
	}
	return last
}

// coins is how many of n fair coins fall on heads.
func coins(n int, r *rand.Rand) int {
	heads := 0
	for ; n >= 64; n -= 64 {
		heads += bits.OnesCount64(r.Uint64())
	}
	return heads + bits.OnesCount64(r.Uint64()>>(64-n))
}
