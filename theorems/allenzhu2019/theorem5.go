package allenzhu2019

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"convergo/bounds"
	"convergo/checks"
)

// gradientCloseness is the exponent of Theorem 5, the change of the gradient near the start.
//
// Setting: L = 1 and one input of unit norm: grad f = (B D_1)^T h_0^T; the adversary of most-flips perturbs W_1.
//
// Hypotheses: omega < 1 with m omega^{2/3} large; here omega from 0.003 to 0.1 at m = 6,000.
//
// Conclusion: sup |grad f(W) - grad f(W(0))|_F/|grad f(W(0))|_F over |W - W(0)|_2 <= omega is at least (24/pi)^{1/6} omega^{1/3} (1 + o(1)), which the
// adversary attains whatever the signs of B: the exponent 1/3 of Theorem 5, O(sqrt(log m) omega^{1/3} L^3), cannot be improved.
//
// Constants: the exponent as later papers quote the theorem; the prefactor is derived: a share (3 omega^2/pi)^{1/3} of the gates flips, of which
// half were open, and the ratio is the square root of twice that share. The resolution of 0.03 is ours.
//
// Convention: as the source, d = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 5 of the arXiv version, as quoted in later papers; sharpness derived here.
//
// Control: a random perturbation of the same size, with exponent 1/2.
func gradientCloseness() checks.Claim[omegas] {
	return checks.Claim[omegas]{
		ID: "allenzhu2019/gradient-closeness", Title: "order of the change of the gradient", Reference: "Theorem 5 (arXiv), quoted elsewhere; derived here",
		Formula: `\sup_{\|W - W^{(0)}\|_2 \le \omega} \frac{\|\nabla f(W) - \nabla f(W^{(0)})\|_F}{\|\nabla f(W^{(0)})\|_F} \sim (24/\pi)^{1/6}\, \omega^{1/3}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: adversary, Cost: omegas.cost,
		Setup: func(p omegas) (checks.Instance, error) {
			return p.instance(1./3, func(r *rand.Rand) checks.Measurement {
				z, b := p.start(r)
				_, other := p.start(r)
				order := bySize(z)
				before := 0.0
				for k, v := range z {
					if v > 0 {
						before += b[k] * b[k]
					}
				}
				limit := func(o float64) float64 { return math.Pow(24/math.Pi, 1./6) * math.Cbrt(o) }
				return p.climb("relative change of the gradient", limit, func(omega float64) float64 {
					change := 0.0
					if !p.Random {
						for _, k := range order[:bounds.MostFlips(z, omega)] {
							change += b[k] * b[k]
						}
						return math.Sqrt(change / before)
					}
					for k, v := range z {
						if v*(v+omega*other[k]*math.Sqrt(2/float64(p.M))) < 0 {
							change += b[k] * b[k]
						}
					}
					return math.Sqrt(math.Max(change, 0.5) / before)
				})
			})
		},
		Controls: []checks.Control[omegas]{{Name: "random", Why: "a random perturbation flips a share of order omega, and the gradient changes by its root", At: atRandom}},
	}
}

// bySize orders the gates by |z|.
func bySize(z []float64) []int {
	order, squares := make([]int, len(z)), make([]float64, len(z))
	for k, v := range z {
		squares[k] = v * v
	}
	floats.Argsort(squares, order)
	return order
}
