package liao2022

import (
	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/twolayer"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// formulaP are the parameters of the floor formula.
type formulaP struct {
	Data  data.Spec `json:"data"`
	Xi    float64   `json:"xi"`
	P     int       `json:"p"`
	Tau   int       `json:"tau"`
	Eta   float64   `json:"eta"` // eta xi lambda_max(H^inf)
	Kappa float64   `json:"kappa"`
}

// fixedPoint returns the entries of the Sigma whose trace the closed form is, those of A Sigma A + theta^2 B C B,
// and the trace and norm of Sigma, with dense matrices throughout.
func (p formulaP) fixedPoint(g *ground, c1, h mat.Matrix, scale float64) (entries, image []float64, trace, size float64) {
	n, eta := g.n, p.Eta/(p.Xi*g.top())
	s := p.scheme()
	eye := mat.NewDense(n, n, nil)
	for i := range n {
		eye.Set(i, i, 1)
	}
	var step, b, a, noise, sigma, next mat.Dense
	step.Scale(-eta*p.Xi, h)
	step.Add(eye, &step)
	b.Pow(&step, p.Tau)
	b.Sub(eye, &b)
	b.Scale(s.Theta(), &b)
	a.Sub(eye, &b)
	noise.Product(&b, c1, &b)
	noise.Scale(p.Xi*(1-p.Xi)*p.Kappa*p.Kappa/float64(p.P), &noise)
	// In the eigenbasis Sigma_ij = N_ij/(1 - a_i a_j).
	v := g.limit.Vectors
	sigma.Product(v.T(), &noise, v)
	sigma.Apply(func(i, j int, x float64) float64 {
		return x / (1 - s.Factor(eta, g.limit.Values[i])*s.Factor(eta, g.limit.Values[j]))
	}, &sigma)
	sigma.Product(v, &sigma, v.T())
	next.Product(&a, &sigma, &a)
	noise.Scale(scale, &noise)
	next.Add(&next, &noise)
	return sigma.RawMatrix().Data, next.RawMatrix().Data, mat.Trace(&sigma), mat.Norm(&sigma, 2)
}

func (p formulaP) scheme() bounds.MaskScheme {
	return bounds.MaskScheme{Keep: p.Xi, Models: p.P, LocalSteps: p.Tau}
}

// The floor formula solves its equation and is monotone in p and tau.
//
// Setting: any data without parallel rows, independent masks, xi in (0, 1).
//
// Hypotheses: eta xi lambda_max(H^inf) <= 1; lambda_0 large enough that 1 - f^2 is not lost in
// rounding (1e-6).
//
// Conclusion: the closed form of the floor lim_k lim_m E||e_k||^2 (in this order, see liao2022/error-region) is the trace of a solution of Sigma = A Sigma A + theta^2 B C B;
// the floor decreases strictly in the number p of sub-networks and does not decrease in the
// number tau of local steps; it is at most theta/(2-theta) xi(1-xi) kappa^2 n/(2p), its limit as tau grows.
//
// Constants: derived. theta/(p(2 - theta b)) decreases in p for every b in (0, 1]: its
// logarithmic derivative in p increases in b, and at b = 1 it is tanh(p s)/p, s = -ln(1-xi)/2. And
// theta b/(2 - theta b) increases in b, which increases in tau. Tolerance: rounding of products of n x n
// matrices over the gap 1 - f^2.
//
// Convention: as liao2022/error-region.
//
// Reference: derived here; the abstract of the first arXiv version says that the region shrinks with p and grows with tau.
//
// Control: eta xi lambda_max = 1.7, where b oscillates in tau; the closed form and the fixed point of a noise larger by a fiftieth.
func floorFormula() checks.Claim[formulaP] {
	setup := func(p formulaP, noise float64) (checks.Instance, error) {
		g, err := groundOn(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		set, err := p.Data.Build()
		if err != nil {
			return checks.Instance{}, err
		}
		h, err := kernel.ReLU().Gram(set.X)
		if err != nil {
			return checks.Instance{}, err
		}
		c1, err := kernel.ReLUFeature().Gram(set.X)
		if err != nil {
			return checks.Instance{}, err
		}
		s, eta := p.scheme(), p.Eta/(p.Xi*g.top())
		more, longer := s, s
		more.Models++
		longer.LocalSteps++
		f := s.SlowestFactor(eta, g.limit.Values)
		gap := 1 - f*f
		floor := g.limit.Floor(s, eta, p.Kappa)
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{
				checks.Require("eta xi lambda_max", p.Eta, checks.AtMost, 1),
				checks.Require("1 - f^2", gap, checks.AtLeast, 1e-6),
			},
			Facts: []checks.Fact{checks.NewFact("predicted floor", floor)},
			Terms: checks.Terms{Trials: 1},
			Trial: func(*rand.Rand) checks.Measurement {
				sigma, image, trace, size := p.fixedPoint(g, c1, h, noise)
				rounding := 200 * float64(g.n) * epsilon * float64(p.Tau)
				solves := entries("fixed point", sigma, image, rounding*size)
				agrees := checks.Measurement{Part: "closed form", Observed: floor, Predicted: noise * trace, Relation: checks.Equal, Tolerance: rounding * size / gap}
				models := checks.Measurement{Part: "more models", Observed: g.limit.Floor(more, eta, p.Kappa), Predicted: floor}
				steps := checks.Measurement{Part: "more local steps", Observed: floor, Predicted: g.limit.Floor(longer, eta, p.Kappa), Tolerance: 1e-14 * floor}
				long := checks.Measurement{Part: "long rounds", Observed: floor, Predicted: bounds.LongRoundFloor(s, g.n, p.Kappa), Tolerance: rounding * floor}
				return checks.All(solves, agrees, models, steps, long)
			},
		}, nil
	}
	return checks.Claim[formulaP]{
		ID: "liao2022/floor-formula", Title: "the floor formula and its monotonicity", Reference: "derived here; abstract (arXiv v1)",
		Formula:    `\lim_k \lim_m \mathbb{E}\|e_k\|^2 = \mathrm{tr}\,\Sigma = \sum_i \frac{\theta b_i}{2-\theta b_i} v_i^\top C v_i, \quad \Sigma = A\Sigma A + \theta^2 B C B`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) formulaP {
			return formulaP{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 5, MinD: 2, MaxD: 5}).Draw(t, "data"),
				Xi:   rapid.Float64Range(0.02, 0.98).Draw(t, "xi"), P: rapid.IntRange(1, 20).Draw(t, "p"), Tau: rapid.IntRange(1, 20).Draw(t, "tau"),
				Eta: rapid.Float64Range(0.01, 1).Draw(t, "eta"), Kappa: rapid.Float64Range(0.1, 10).Draw(t, "kappa"),
			}
		}),
		Grid: []formulaP{
			{Data: data.Spec{Kind: data.Sphere, N: 6, D: 10, Seed: 1}, Xi: 0.5, P: 1, Tau: 1, Eta: 0.5, Kappa: 1},
			{Data: data.Spec{Kind: data.Sphere, N: 6, D: 10, Seed: 1}, Xi: 0.3, P: 4, Tau: 5, Eta: 1, Kappa: 1},
			{Data: data.Spec{Kind: data.Basis, N: 3, D: 3}, Xi: 0.5, P: 2, Tau: 8, Eta: 0.8, Kappa: 1}, // long rounds
			{Data: images.All(data.MNIST, 8, 49), Xi: 0.5, P: 2, Tau: 3, Eta: 0.9, Kappa: 1},
		},
		OnData: func(f checks.DataFile) []formulaP {
			return []formulaP{{
				Data: file(f, 20, 1),
				Xi:   0.5, P: 4, Tau: 1, Eta: 1, Kappa: 1,
			}}
		},
		Cost: func(p formulaP) checks.Cost {
			n, _ := twolayer.Size(p.Data)
			return checks.Cost{Setup: 500 * n * n * n, Trial: 50 * n * n * n}
		},
		Setup: func(p formulaP) (checks.Instance, error) { return setup(p, 1) },
		Controls: []checks.Control[formulaP]{{
			Name: "more-noise", Why: "the trace and the fixed point are known to rounding",
			At:    []formulaP{{Data: data.Spec{Kind: data.Sphere, N: 6, D: 10, Seed: 1}, Xi: 0.5, P: 1, Tau: 1, Eta: 0.5, Kappa: 1}},
			Setup: func(p formulaP) (checks.Instance, error) { return setup(p, 1.02) },
		}, {
			Name: "long-steps", Why: "with eta xi lambda = 1.7 on orthonormal data b falls from 1.7 to 0.51 as tau goes from 1 to 2",
			At: []formulaP{{Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, Xi: 0.5, P: 1, Tau: 1, Eta: 1.7, Kappa: 1}},
		}},
	}
}
