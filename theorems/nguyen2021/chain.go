package nguyen2021

import (
	"fmt"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/theorems/internal/costs"
)

// limitChain is the lower bound with the ingredients of the printed proof.
//
// Setting: any N inputs with nonzero rows; G^(l) the limit feature kernels, G^(1) = X X^T; mu_r the
// Hermite coefficients of the ReLU, mu_1^2 = 1/4, mu_2^2 = 1/(4 pi), mu_4^2 = 1/(48 pi).
//
// Hypotheses: none beyond nonzero rows; L >= 2.
//
// Conclusion: lambda_min(K^(L)) >= sum_{l=1}^{L} lambda_min(G^(l)), and for r = 1..8
//
//	lambda_min(G^(2)) >= 2 mu_r^2 lambda_min(D R^{o r} D)
//	                  >= 2 mu_r^2 lambda_min((X^{*r})(X^{*r})^T) / max_i ||x_i||^{2(r-1)}.
//
// Constants: ours, from the steps of the proof. K^(L) = sum_l G^(l) o Gdot^(l+1) o ... o Gdot^(L), where
// the Gdot have unit diagonal, so that Schur's lambda_min(A o B) >= lambda_min(A) min_i B_ii applies;
// G^(2) = D (sum_r 2 mu_r^2 R^{o r}) D. The printed proof drops the factor 2. The published divisor
// comes from lambda_min(D^{1-r} M D^{1-r}) >= lambda_min(M) / max_i D_i^{2(r-1)} and is never better than the
// form without it.
//
// Convention: as in limit-linear.
//
// Reference: the proof of Nguyen, Mondelli, Montufar (2021), Theorem 3.2.
//
// Control: 1.05 times the sum over layers: on orthonormal inputs the first inequality is an equality at
// L = 2 (2 - 1/pi on both sides). 1.3 times the other two on four corners of a face of the cube: their alternating
// combination is 0 in R and in the constant term, so that the second power is nearly all of lambda_min(G^(2)), within 1.16.
func limitChain() checks.Checkable {
	setup := func(s chainFactors) func(limit) (checks.Instance, error) {
		return func(p limit) (checks.Instance, error) { return chain(p, s) }
	}
	return checks.Claim[limit]{
		ID: "nguyen2021/limit-chain", Title: "lower bound layer by layer", Reference: "proof of Theorem 3.2",
		Formula:    `\lambda_{\min}(K^{(L)}) \ge \sum_{l=1}^{L} \lambda_{\min}(G^{(l)}) \ge 2\mu_r^2\, \lambda_{\min}(D R^{\circ r} D)`,
		Convention: limitConvention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: limitSpace(), Grid: append([]limit{{Data: face, L: 2}}, limitGrid(false)...), OnData: limitOnData,
		Cost: func(p limit) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Setup: float64(p.L+1)*limitCost(n, d, p.L) + 20*costs.Eigenvalue(n), Size: fmt.Sprintf("N=%d", n)}
		},
		Setup: setup(chainFactors{sum: 1, power: 1, divisor: 1}),
		Controls: []checks.Control[limit]{
			{
				Name: "five-percent-more", Why: "at L = 2 the sum over layers is attained on orthonormal inputs",
				At: []limit{{Data: data.Spec{Kind: data.Basis, N: 8, D: 8}, L: 2}}, Setup: setup(chainFactors{sum: 1.05, power: 1, divisor: 1}),
			},
			{
				Name: "larger-power", Why: "on corners of a face the second power alone is 0.86 of lambda_min(G^(2))",
				At: []limit{{Data: face, L: 2}}, Setup: setup(chainFactors{sum: 1, power: 1.3, divisor: 1}),
			},
			{
				Name: "smaller-divisor", Why: "the same for the published form, which agrees where all norms do",
				At: []limit{{Data: face, L: 2}}, Setup: setup(chainFactors{sum: 1, power: 1, divisor: 1.3}),
			},
		},
	}
}

// face is four corners of a face of the cube, on the unit sphere.
var face = data.Spec{Kind: data.Lattice, Points: [][]int{{1, 1, 1}, {-1, 1, 1}, {-1, -1, 1}, {1, -1, 1}}}

// chainFactors are on the bounds of limit-chain.
type chainFactors struct{ sum, power, divisor float64 }

func chain(p limit, factors chainFactors) (checks.Instance, error) {
	x, err := p.build()
	if err != nil {
		return checks.Instance{}, err
	}
	lambda, err := kernel.NTK(p.L - 1).Lambda0(x)
	if err != nil {
		return checks.Instance{}, err
	}
	var second eig.Certified // of G^(2)
	sum, doubt := 0.0, lambda.Err
	for l := range p.L {
		g, err := kernel.NNGP(l).Lambda0(x)
		if err != nil {
			return checks.Instance{}, err
		}
		if l == 1 {
			second = g
		}
		sum, doubt = sum+g.Value, doubt+g.Err
	}
	best, paper, power := 0.0, 0.0, 0
	for r := 1; r <= 8; r++ {
		b, err := bounds.DeepNTK{Hidden: p.L - 1}.LowerByHermite(x, r)
		if err != nil {
			return checks.Instance{}, err
		}
		if b > best {
			best, power = b, r
		}
		c, err := bounds.FeatureKernelLower(x, 1, r)
		if err != nil {
			return checks.Instance{}, err
		}
		paper = max(paper, 2*c)
	}
	inst := checks.Instance{Facts: []checks.Fact{
		checks.NewFact("lambda_min", lambda.Value),
		checks.NewFact("sum of lambda_min(G^(l))", sum),
		checks.NewFact("lambda_min(G^(2))", second.Value),
		checks.NewFact("best single power", best),
		checks.NewFact("best r", float64(power)),
		checks.NewFact("best single power (published divisor)", paper),
	}}
	if sum <= doubt {
		inst.Trivial = "the feature kernels are singular to rounding"
	}
	inst.Trial = func(*rand.Rand) checks.Measurement {
		parts := []checks.Measurement{{Part: "sum over layers", Observed: lambda.Value, Predicted: factors.sum * sum, Relation: checks.AtLeast, Error: doubt}}
		if best > 0 {
			parts = append(parts, checks.Measurement{Part: "single power", Observed: second.Value, Predicted: factors.power * best, Relation: checks.AtLeast, Error: second.Err})
		}
		if paper > 0 {
			parts = append(parts, checks.Measurement{Part: "published divisor", Observed: second.Value, Predicted: factors.divisor * paper, Relation: checks.AtLeast, Error: second.Err})
		}
		return checks.Each(parts...)
	}
	return inst, nil
}
