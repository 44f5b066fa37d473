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
// Conclusion: ||(I - eta H^inf)^k y|| <= (1 - eta lambda_0)^k ||y|| for all y and k, with equality for the eigenvector of lambda_0.
//
// Constants: derived: the eigenvalues of I - eta H^inf lie in [0, 1 - eta lambda_0].
//
// Convention: kernel limit of gradient descent on a summed loss.
//
// Reference: section 4 (discussion of Figure 1). Tolerance: rounding of k steps; the certificate of
// lambda_0 enters both parts through its k-fold effect.
//
// Control: the rate of the second smallest eigenvalue.
func worstLabel() checks.Claim[recursionP] {
	sphere := recursionP{data.Spec{Kind: data.Sphere, N: 10, D: 5, Seed: 1}, 1, 60}
	return checks.Claim[recursionP]{
		ID: "arora2019fine/worst-labels", Title: "the slowest labels", Reference: "Section 4, Figure 1",
		Formula:    `\lVert (I-\eta H^\infty)^k y \rVert \le (1-\eta\lambda_0)^k \lVert y \rVert`,
		Convention: "kernel of the first layer, loss a sum", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) recursionP {
			return recursionP{gen.Specs(gen.Range{MinN: 1, MaxN: 10, MinD: 1, MaxD: 6}).Draw(t, "data"), rapid.Float64Range(0.01, 1).Draw(t, "step"), rapid.IntRange(1, 60).Draw(t, "k")}
		}),
		Grid: []recursionP{
			sphere, {images.Easy(data.MNIST, 60, 49), 1, 100}, {images.Easy(data.Fashion, 60, 784), 1, 100},
		},
		OnData: func(f checks.DataFile) []recursionP { return []recursionP{{userfile.Rows(f, 60), 1, 100}} },
		Cost: func(p recursionP) checks.Cost {
			n, _ := size(p.Data)
			return checks.Cost{Setup: setupWork(p.Data) + 20*n*n*n, Trial: 4 * float64(p.K) * n * n, Size: fmt.Sprintf("n=%.0f", n)}
		},
		Setup: func(p recursionP) (checks.Instance, error) { return recursionSetup(p, 0) },
		Controls: []checks.Control[recursionP]{{
			Name: "second-eigenvalue", Why: "the eigenvector of lambda_0 decays more slowly than that", At: []recursionP{sphere},
			Setup: func(p recursionP) (checks.Instance, error) { return recursionSetup(p, 1) },
		}},
	}
}

type recursionP struct {
	Data data.Spec `json:"data"`
	Step float64   `json:"step"`
	K    int       `json:"k"`
}

func recursionSetup(p recursionP, which int) (checks.Instance, error) {
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
	rate := bounds.WorstLabelRate(eta, f.floor(), p.K)
	if which > 0 {
		rate = bounds.WorstLabelRate(eta, lin.Values[which], p.K)
	}
	worst := mat.Col(nil, 0, lin.Vectors)
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
			return checks.All(
				checks.Measurement{Part: "random labels", Observed: after(y), Predicted: rate, Tolerance: tol},
				checks.Measurement{Part: "worst labels", Observed: after(worst), Predicted: rate, Relation: checks.Equal, Tolerance: tol},
			)
		},
	}, nil
}
