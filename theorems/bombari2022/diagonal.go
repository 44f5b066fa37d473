package bombari2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/ladder"
)

// lambdaUpper is the upper bound on the smallest eigenvalue, in mean.
//
// Setting: as in kernel-mean: any inputs and widths, F_{L-2} given.
//
// Hypotheses: none.
//
// Conclusion: E[lambda_min(K_mid) | F_{L-2}] <= n_{L-1} lambda_min( (F F^T) o E[phi'(g) phi'(g)^T] ), which is at most
// n_{L-1} min_i ||f_{L-2}(x_i)||^2 E phi'(g_i)^2, and of order n_{L-2} n_{L-1}: the bound of Theorem 3.1 is tight for this block.
//
// Constants: ours: lambda_min is concave, and the mean is that of kernel-mean. It is attained at one input, and for n_{L-1} to
// infinity. The interval rests on a proved standard deviation: by Efron and Stein the variance of lambda_min is at most
// the sum over neurons of E (u^T Z_k u)^2 <= 3 R lambda_max(mean).
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: derived here: the upper bound beside Bombari, Amani, Mondelli (2022), Theorem 3.1.
//
// Control: four fifths of the bound.
func lambdaUpper() checks.Checkable {
	setup := func(factor float64) func(conditional) (checks.Instance, error) {
		return func(p conditional) (checks.Instance, error) {
			l, err := p.build()
			if err != nil {
				return checks.Instance{}, err
			}
			top, err := eig.Max(l.block.Mean)
			if err != nil {
				return checks.Instance{}, err
			}
			width := float64(l.width())
			diagonal := math.Inf(1)
			for i := range l.block.Mean.SymmetricDim() {
				diagonal = min(diagonal, l.block.Mean.At(i, i))
			}
			deviation := l.block.LambdaDeviation(top.Upper()+l.block.Err, l.width()) / width
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("least diagonal entry over lambda_min of the mean", diagonal/l.mu.Value)},
				Terms: checks.Terms{Deviation: checks.Float(deviation), Resolution: 0.15, Trials: 160},
				Trial: func(r *rand.Rand) checks.Measurement {
					k, err := l.draw(r)
					if err != nil {
						return checks.Failed(err)
					}
					lambda, err := eig.Min(k)
					return checks.Measurement{Observed: lambda.Value / width, Predicted: factor * l.mu.Value, Error: l.mu.Err + lambda.Err/width, Err: err}
				},
			}, nil
		}
	}
	one := conditional{network: network{Data: sphere(1, 6, 1), Hidden: []int{6, 500}, Seed: 1}}
	return checks.Claim[conditional]{
		ID: "bombari2022/lambda-upper", Title: "upper bound on the smallest eigenvalue", Reference: "derived here, for Theorem 3.1",
		Formula:    `\mathbb{E}[\lambda_{\min}(K_{L-1}) \mid F_{L-2}] \le n_{L-1}\,\lambda_{\min}\big((F_{L-2}F_{L-2}^{\top}) \circ \mathbb{E}[\phi'(g)\phi'(g)^{\top}]\big)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []conditional{
			one, // attained
			{network: network{Data: data.Spec{Kind: data.Basis, N: 3, D: 3, RowNorm: math.Sqrt(3)}, Hidden: []int{12, 600}, Seed: 1}},
			{network: network{Data: pictures(images.Easy(data.Fashion, 2, 49)), Hidden: []int{10, 1500}, Seed: 1}},
		},
		Cost:  func(p conditional) checks.Cost { return p.cost(1) },
		Setup: setup(1),
		Controls: []checks.Control[conditional]{
			{Name: "smaller-bound", Why: "at one input the eigenvalue has this mean", At: []conditional{one}, Setup: setup(0.8)},
		},
	}
}

// pyramids is a ladder of networks whose widths keep their ratios.
type pyramids struct {
	Shape []float64 `json:"shape"`           // d, n_1, n_2 over the size
	Sizes []int     `json:"sizes"`           //
	N     int       `json:"n"`               // samples
	Power float64   `json:"power,omitempty"` // output weights of std size^Power
}

// diagonalOrder is the order of the diagonal of the whole kernel.
//
// Setting: Gaussian inputs of norm about sqrt d; a tanh network of two hidden layers; d, n_1 and n_2 grow in proportion.
//
// Hypotheses: the number of layers is fixed.
//
// Conclusion: there is C with lambda_min(K) <= tr(K)/N <= C n_{L-1} (n_0 + ... + n_{L-2}): the last ratio does not
// drift upward; an exponent up to 0.08 counts as none. For widths of one order it is of order n_{L-1} d, so that the lower bound
// n_{L-2} n_{L-1} of Theorem 3.1 is tight where n_{L-2} is of order d.
//
// Constants: hidden, so that nothing is refuted here. (The term of W_L alone is of order n_{L-1}.)
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: derived here: the upper bound beside Bombari, Amani, Mondelli (2022), Theorem 3.1.
//
// Control: output weights of standard deviation n^{0.15}, which raise the exponent by 0.3.
//
// Loose: the diagonal of one network scatters by half, and a drift is told from none by 0.08.
func diagonalOrder() checks.Checkable {
	return checks.Claim[pyramids]{
		ID: "bombari2022/diagonal-order", Title: "order of the diagonal", Reference: "derived here, for Theorem 3.1",
		Formula:    `\exists C\colon\; \lambda_{\min}(K) \le \tfrac{1}{N}\operatorname{tr} K \le C\, n_{L-1} \sum_{l=0}^{L-2} n_l`,
		Convention: convention, Basis: checks.Derived, Form: checks.Bounded{}, Along: "common factor of the widths", Version: 1, Detects: map[string]float64{"": 0.15},
		Grid: []pyramids{
			{Shape: []float64{1, 1, 1}, N: 4, Sizes: []int{12, 48}},
			{Shape: []float64{3, 1, 2}, N: 4, Sizes: []int{12, 48}},
		},
		Cost: func(p pyramids) checks.Cost {
			c := checks.Cost{}
			for _, size := range p.Sizes {
				w := p.widths(size)
				c.Trial += float64(p.draws(size)) * netCost(p.N, w[0], w[1:])
			}
			return c
		},
		Setup: func(p pyramids) (checks.Instance, error) {
			if len(p.Shape) != 3 {
				return checks.Instance{}, fmt.Errorf("%d widths: give d, n_1 and n_2", len(p.Shape))
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.08, Trials: 32},
				Trial: func(r *rand.Rand) checks.Measurement {
					return ladder.Pass(len(p.Sizes), func(i int) (float64, float64, error) {
						v, err := p.ratio(p.Sizes[i], r)
						return float64(p.Sizes[i]), v, err
					})
				},
			}, nil
		},
		Controls: []checks.Control[pyramids]{{
			Name: "growing-output", Why: "output weights that grow put their square on the diagonal",
			At: []pyramids{{Shape: []float64{1, 1, 1}, N: 4, Sizes: []int{12, 48}, Power: 0.15}},
		}},
	}
}

func (p pyramids) widths(size int) (w []int) {
	for _, s := range p.Shape {
		w = append(w, int(s*float64(size)))
	}
	return w
}

// draws is how many networks are averaged, more where they are small and scatter.
func (p pyramids) draws(size int) int { return 32 * p.Sizes[len(p.Sizes)-1] / size }

// ratio is the mean diagonal over n_2 (d + n_1).
func (p pyramids) ratio(size int, r *rand.Rand) (float64, error) {
	w := p.widths(size)
	config := network{Hidden: w[1:]}.config(w[0])
	config.Std[2] = math.Pow(float64(size), p.Power)
	sum, draws := 0.0, p.draws(size)
	for range draws {
		net, err := deep.New(config, r)
		if err != nil {
			return 0, err
		}
		k, err := net.Gram(nets.Gaussian(p.N, w[0], r))
		if err != nil {
			return 0, err
		}
		sum += mat.Trace(k) / float64(p.N)
	}
	return sum / float64(draws) / float64(w[2]*(w[0]+w[1])), nil
}
