package nguyen2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
)

type capInstance struct {
	N     int     `json:"n"`
	D     int     `json:"d"`
	L     int     `json:"l"`
	Delta float64 `json:"delta"`
}

// limitSphere is Theorem 3.2 with every constant explicit, for sphere data.
//
// Setting: x_1..x_N independent and uniform on the sphere of radius sqrt d; the limit kernel K^(L).
//
// Hypotheses: d > 2 log(N^2/delta), or else the bound is zero.
//
// Conclusion: with probability at least 1-delta over the data
//
//	lambda_min(K^(L)) >= d sum_{r>=1} c_r [1 - (N-1) t^{r/2}]_+,   t = 2 log(N^2/delta)/d,
//
// with c_r the Taylor coefficients of K^(L) on unit inputs (odd r included, tail as in
// limit-lower). At N = 20, d = 100, L = 2 and delta = 0.05 this is 0.160 d.
//
// Constants: ours. P(|<x_i,x_j>| >= s d) <= 2 exp(-d s^2/2) (spherical cap), the union over the
// N(N-1)/2 pairs, then Gershgorin for each power.
//
// Convention: as in limit-linear.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 3.2, derived.
//
// Control: points of a random plane with d declared large; 1.25 times the bound for two points in 600 dimensions.
func limitSphere() checks.Checkable {
	setup := func(law string, factor float64) func(capInstance) (checks.Instance, error) {
		return func(p capInstance) (checks.Instance, error) {
			bound, err := bounds.DeepNTK{Hidden: p.L - 1}.Sphere(p.N, p.D, p.Delta)
			if err != nil {
				return checks.Instance{}, err
			}
			bound *= factor
			d := float64(p.D)
			inst := checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("d over 2 log(N^2/delta)", d, checks.AtLeast, 2*math.Log(float64(p.N*p.N)/p.Delta))},
				Facts:      []checks.Fact{checks.NewFact("lower bound over d", bound/d), checks.NewFact("upper bound over d", float64(p.L))},
				Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
			}
			if bound <= 0 {
				inst.Trivial = "the bound is zero"
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				x, err := inputs(law, p.N, p.D, r)
				if err != nil {
					return checks.Failed(err)
				}
				lambda, err := kernel.NTK(p.L - 1).Lambda0(x)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast, Error: lambda.Err}
			}
			return inst, nil
		}
	}
	few := capInstance{N: 2, D: 600, L: 2, Delta: 0.5}
	return checks.Claim[capInstance]{
		ID: "nguyen2021/limit-sphere", Title: "limit kernel on sphere data", Reference: "Theorem 3.2, explicit",
		Formula:    `\lambda_{\min}(K^{(L)}) \ge d \sum_{r\ge 1} c_r \left[1-(N-1)\left(\frac{2}{d}\log\frac{N^2}{\delta}\right)^{r/2}\right]_+`,
		Convention: limitConvention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) capInstance {
			return capInstance{
				N: rapid.IntRange(2, 6).Draw(t, "n"), D: rapid.IntRange(1, 80).Draw(t, "d"), L: rapid.IntRange(2, 5).Draw(t, "l"),
				Delta: rapid.SampledFrom([]float64{0.2, 0.5, 0.9}).Draw(t, "delta"),
			}
		}),
		Grid: []capInstance{
			few, {N: 3, D: 14, L: 2, Delta: 0.5}, {N: 8, D: 60, L: 2, Delta: 0.2}, {N: 20, D: 100, L: 2, Delta: 0.1}, {N: 20, D: 100, L: 3, Delta: 0.1},
			{N: 20, D: 400, L: 5, Delta: 0.2}, {N: 50, D: 300, L: 2, Delta: 0.2},
		},
		Cost: func(p capInstance) checks.Cost {
			return checks.Cost{Setup: 1e5, Trial: limitCost(p.N, p.D, p.L) + 20*float64(p.N*p.D), Size: fmt.Sprintf("N=%d", p.N)}
		},
		Setup: setup("sphere", 1),
		Controls: []checks.Control[capInstance]{
			{
				Name: "plane", Why: "points of a plane are not spread over R^d: lambda_min/d <= 0.012 where 0.16 is claimed",
				At: []capInstance{{N: 20, D: 100, L: 2, Delta: 0.1}}, Setup: setup("plane", 1),
			},
			{
				Name: "larger-bound", Why: "for two points in high dimension the bound is within some per cent",
				At: []capInstance{few}, Setup: setup("sphere", 1.25),
			},
		},
	}
}
