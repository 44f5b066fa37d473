package arora2019fine

import (
	"fmt"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// worstLabel says which labels the kernel limit learns most slowly.
//
// Setting: any unit inputs, the recursion e(k+1) = (I - eta H^inf) e(k) from labels y.
//
// Hypotheses: 0 < eta <= 1/lambda_max.
//
// Conclusion: ||(I - eta H^inf)^k y|| <= (1 - eta lambda_0)^k ||y|| for all y and k, with equality for the eigenvector of lambda_0; and, where lambda_0 is certified positive, y^T (H^inf)^{-1} y <= ||y||^2/lambda_0
// with equality for the same.
//
// Constants: derived: the eigenvalues of I - eta H^inf lie in [0, 1 - eta lambda_0], those of the inverse below 1/lambda_0.
//
// Convention: kernel limit of gradient descent on a summed loss.
//
// Reference: derived here, after Section 4 (Figure 1). Tolerance: rounding of k steps; the certificate of lambda_0 enters the
// first two parts through its k-fold effect; of the quadratic form its certificate, and for the computed eigenvector v
// ||H v - lambda v||/lambda_0^2, by which v^T H^{-1} v may differ from 1/lambda.
//
// Control: the rate, and the quadratic form, of the second smallest eigenvalue; and nine tenths of the
// rate on one input, which any label attains. Constant: the step, which may grow to 2/(lambda_0 + lambda_max) before the rate of the
// largest eigenvalue takes over.
func worstLabel() checks.Claim[recursionP] {
	sphere := recursionP{data.Spec{Kind: data.Sphere, N: 10, D: 5, Seed: 1}, 1, 60}
	one := recursionP{data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}, 0.5, 3}
	pair := recursionP{data.Spec{Kind: data.Sphere, N: 2, D: 12, Seed: 1}, 1, 3}
	return checks.Claim[recursionP]{
		ID: "arora2019fine/worst-labels", Title: "the slowest labels", Reference: "derived here, after Section 4",
		Formula:    `\lVert (I-\eta H^\infty)^k y \rVert \le (1-\eta\lambda_0)^k \lVert y \rVert`,
		Convention: "kernel of the first layer, loss a sum", Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) recursionP {
			return recursionP{gen.Specs(gen.Range{MinN: 1, MaxN: 10, MinD: 1, MaxD: 6}).Draw(t, "data"), rapid.Float64Range(0.01, 1).Draw(t, "step"), rapid.IntRange(1, 60).Draw(t, "k")}
		}),
		Grid: []recursionP{
			one, pair, sphere, {images.Easy(data.MNIST, 60, 49), 1, 100}, {images.Easy(data.Fashion, 60, 784), 1, 100},
		},
		OnData: func(f checks.DataFile) []recursionP { return []recursionP{{userfile.Rows(f, 60), 1, 100}} },
		Cost: func(p recursionP) checks.Cost {
			n, _ := size(p.Data)
			return checks.Cost{Setup: setupWork(p.Data) + 20*n*n*n, Trial: 4 * float64(p.K) * n * n, Size: fmt.Sprintf("n=%.0f", n)}
		},
		Setup: func(p recursionP) (checks.Instance, error) { return recursionSetup(p, 0, 1) },
		Controls: []checks.Control[recursionP]{{
			Name: "second-eigenvalue", Why: "the eigenvector of lambda_0 decays more slowly, and costs more, than that", At: []recursionP{sphere},
			Setup: func(p recursionP) (checks.Instance, error) { return recursionSetup(p, 1, 1) },
		}, {
			Name: "nine-tenths", Why: "one label attains the rate", At: []recursionP{one},
			Setup: func(p recursionP) (checks.Instance, error) { return recursionSetup(p, 0, 0.9) },
		}},
		Constants: []checks.Constant[recursionP]{{
			Name: "step", Why: "beyond 2/(lambda_0 + lambda_max) the largest eigenvalue decays most slowly", At: []recursionP{pair},
			Factors: []float64{1.05, 1.1, 1.15},
			Scaled: func(p recursionP, factor float64) (checks.Instance, error) {
				p.Step *= factor
				return recursionSetup(p, 0, 1)
			},
		}},
	}
}

type recursionP struct {
	Data data.Spec `json:"data"`
	Step float64   `json:"step"`
	K    int       `json:"k"`
}

// recursionSetup takes the eigenvalue of place which for lambda_0, and a share of the rate, in controls.
func recursionSetup(p recursionP, which int, share float64) (checks.Instance, error) {
	f, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	lin, err := train.NewLinear(f.h)
	if err != nil {
		return checks.Instance{}, err
	}
	eta, n := f.step(p.Step), f.n()
	// The stored matrix is iterated: its lambda_0 is within Err of the certified one, and a k-fold product of factors
	// in [0, 1] changes by at most k eta Err.
	tol := float64(p.K)*eta*2*f.low.Err + float64(p.K*(n+10))*0x1p-52
	lambda := f.floor()
	if which > 0 {
		lambda = lin.Values[which]
	}
	rate := share * bounds.WorstLabelRate(eta, lambda, p.K)
	worst := mat.Col(nil, 0, lin.Vectors)
	residual := eigenResidual(f.h, worst, lin.Values[0])
	after := func(y []float64) float64 {
		path := train.Linearised(f.h, y, eta, p.K)
		return floats.Norm(path[p.K], 2) / floats.Norm(y, 2)
	}
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("lambda_max", f.high.Value)},
		Trial: func(r *rand.Rand) checks.Measurement {
			y := make([]float64, n)
			for i := range y {
				y[i] = r.NormFloat64()
			}
			parts := []checks.Measurement{
				{Part: "random labels", Observed: after(y), Predicted: rate, Tolerance: tol},
				{Part: "worst labels", Observed: after(worst), Predicted: rate, Relation: checks.Equal, Tolerance: tol},
			}
			floats.Scale(1/floats.Norm(y, 2), y)
			random, most := f.inv.Form(y), f.inv.Form(worst)
			if random.OK && most.OK && lambda > 0 {
				spread := 1/f.low.Lower() - 1/f.low.Upper()
				parts = append(parts,
					checks.Measurement{Part: "measure of random labels", Observed: random.Value, Predicted: share / lambda, Tolerance: random.Err + spread},
					checks.Measurement{Part: "measure of worst labels", Observed: most.Value, Predicted: share / lambda, Relation: checks.Equal,
						Tolerance: most.Err + spread + residual/(lambda*lambda)})
			}
			return checks.All(parts...)
		},
	}, nil
}

// eigenResidual is ||H v - lambda v|| and what computing it rounds.
func eigenResidual(h *mat.SymDense, v []float64, lambda float64) float64 {
	n := h.SymmetricDim()
	var out mat.VecDense
	out.MulVec(h, mat.NewVecDense(n, v))
	out.AddScaledVec(&out, -lambda, mat.NewVecDense(n, v))
	return mat.Norm(&out, 2) + float64(n*n)*0x1p-52
}
