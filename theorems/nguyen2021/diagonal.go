package nguyen2021

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// net is a network law on a data set.
type net struct {
	Data   data.Spec `json:"data"`
	Hidden []int     `json:"hidden"`
	Beta   []float64 `json:"beta,omitempty"`  // standard deviations beta_1..beta_L; none: 1
	Batch  int       `json:"batch,omitempty"` // networks a trial; 0 means 1
	Leak   float64   `json:"leak,omitempty"`  // slope of the activation below zero
}

func (p net) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	return checks.Cost{Trial: float64(max(p.Batch, 1)) * (netCost(n, d, p.Hidden) + costs.Eigenvalue(n))}
}

// average returns the mean over the batch of a function of the tangent kernel on x.
func (p net) average(x *mat.Dense, of func(*mat.SymDense) (float64, error), r *rand.Rand) (float64, error) {
	n, d := x.Dims()
	config := deep.Config{Inputs: d, Hidden: p.Hidden, Std: p.Beta}
	if p.Leak != 0 {
		config.Activation = deep.LeakyReLU(p.Leak)
	}
	net, err := deep.New(config, r)
	if err != nil {
		return 0, err
	}
	pass, err := net.NewPass(x)
	if err != nil {
		return 0, err
	}
	batch, sum, k := max(p.Batch, 1), 0.0, mat.NewSymDense(n, nil)
	for i := range batch {
		if i > 0 { // a fresh network in the same memory
			p.redraw(net, r)
			pass.Forward()
		}
		v, err := of(pass.Gram(k))
		if err != nil {
			return 0, err
		}
		sum += v
	}
	return sum / float64(batch), nil
}

// redraw draws the weights of the network anew.
func (p net) redraw(net *deep.Network, r *rand.Rand) {
	for l := 1; l <= net.Depth(); l++ {
		beta := 1.0
		if p.Beta != nil {
			beta = p.Beta[l-1]
		}
		weights := net.LayerParams(net.Params(), l)
		for i := range weights {
			weights[i] = beta * r.NormFloat64()
		}
	}
}

// diagonalMean is the exact mean of the diagonal of the tangent kernel.
//
// Setting: one fixed input x; a ReLU network of any widths, down to layers of one neuron, with
// N(0, beta_l^2) weights.
//
// Hypotheses: none.
//
// Conclusion: E Kbar(x,x) = ||x||^2 prod_{l=1}^{L-1} (n_l/2) sum_{k=1}^{L} prod_{l != k} beta_l^2.
//
// Constants: ours. E||f_l||^2 = (n_l beta_l^2/2) E||f_{l-1}||^2; and for fixed S and f != 0, w -> -w shows
// E[||S w||^2 1{<f,w> > 0}] = beta^2 ||S||^2/2, which carries the backward product through every layer
// (a dead layer, f = 0, closes its own gates too); a fresh gate is open with probability 1/2. Each
// trial averages over many networks; the mean is judged to 10 %.
//
// Convention: standard parametrisation.
//
// Reference: sharp form of Nguyen, Mondelli, Montufar (2021), Theorem 4.1, upper bound.
//
// Control: leaky ReLU of slope 0.22 with three hidden layers: the mean is 1.048^3 = 1.15 times as large.
func diagonalMean() checks.Checkable {
	x := data.Spec{Kind: data.Sphere, N: 1, D: 4, Seed: 1, RowNorm: 2}
	return checks.Claim[net]{
		ID: "nguyen2021/diagonal-mean", Title: "mean diagonal at every width", Reference: "Theorem 4.1, upper bound",
		Formula:    `\mathbb{E}\,\bar K(x,x) = \|x\|^2 \prod_{l=1}^{L-1} \frac{n_l}{2} \sum_{k=1}^{L} \prod_{l\ne k} \beta_l^2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 2,
		Grid: []net{
			{Data: x, Hidden: []int{7, 3, 9}, Batch: 800},
			{Data: x, Hidden: []int{6, 1}, Beta: []float64{1, 2, 0.5}, Batch: 1600},
			{Data: x, Hidden: []int{40, 20}, Beta: []float64{0.7, 0.2, 0.3}, Batch: 60},
			{Data: data.Spec{Kind: data.Fashion, N: 1, D: 49, Classes: [2]int{3, 8}, Raw: true}, Hidden: []int{20, 20}, Batch: 60},
		},
		Cost: net.cost,
		Setup: func(p net) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if set.N() != 1 {
				return checks.Instance{}, fmt.Errorf("%d inputs: the claim is about one", set.N())
			}
			norm := data.RowNorms(set.X)[0]
			mean, err := bounds.DeepNTKMeanDiagonal(norm*norm, p.Hidden, p.Beta)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.1},
				Trial: func(r *rand.Rand) checks.Measurement {
					k, err := p.average(set.X, func(k *mat.SymDense) (float64, error) { return k.At(0, 0), nil }, r)
					return checks.Measurement{Observed: k, Predicted: mean, Relation: checks.Equal, Err: err}
				},
			}, nil
		},
		Controls: []checks.Control[net]{{
			Name: "leaky", Why: "a leaky ReLU passes (1+0.048)/2 of the square, not one half: 1.15 times the mean at three hidden layers",
			At: []net{{Data: x, Hidden: []int{7, 3, 9}, Batch: 800, Leak: 0.22}},
		}},
	}
}

// finiteUpper is the upper bound of Theorem 4.1 with its exact constant, in mean.
//
// Setting: any inputs; a ReLU network of any widths with N(0, beta_l^2) weights.
//
// Hypotheses: none.
//
// Conclusion: E lambda_min(Kbar) <= min_i ||x_i||^2 prod_{l=1}^{L-1} (n_l/2) sum_{k=1}^{L} prod_{l != k} beta_l^2.
//
// Constants: ours: lambda_min(Kbar) <= min_i Kbar_ii, whose mean is at most the least of the means in
// diagonal-mean. The paper has this order with a hidden constant, with high probability. The errors of
// the eigenvalues, about 1e-14 of the bound, are far below the resolution of 10 %.
//
// Convention: standard parametrisation.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 4.1, upper bound.
//
// Control: 0.87 of the constant at a single input, where the bound is an equality.
func finiteUpper() checks.Checkable {
	setup := func(factor float64) func(net) (checks.Instance, error) {
		return func(p net) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			low := floats.Min(data.RowNorms(set.X))
			bound, err := bounds.DeepNTKMeanDiagonal(low*low, p.Hidden, p.Beta)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.1},
				Trial: func(r *rand.Rand) checks.Measurement {
					lambda, err := p.average(set.X, func(k *mat.SymDense) (float64, error) {
						low, err := eig.Min(k)
						return low.Value, err
					}, r)
					return checks.Measurement{Observed: lambda, Predicted: factor * bound, Err: err}
				},
			}, nil
		}
	}
	sphere := data.Spec{Kind: data.Sphere, N: 8, D: 20, Seed: 1}
	return checks.Claim[net]{
		ID: "nguyen2021/finite-upper", Title: "upper bound at every width", Reference: "Theorem 4.1, upper bound",
		Formula:    `\mathbb{E}\,\lambda_{\min}(\bar K) \le \min_i \|x_i\|^2 \prod_{l=1}^{L-1} \frac{n_l}{2} \sum_{k=1}^{L} \prod_{l\ne k} \beta_l^2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 3,
		Grid: []net{
			{Data: data.Spec{Kind: data.Sphere, N: 1, D: 6, Seed: 1}, Hidden: []int{30, 30}, Batch: 40}, // attains it
			{Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, Hidden: []int{30, 30}, Batch: 40},
			{Data: sphere, Hidden: []int{64}, Batch: 10},
			{Data: sphere, Hidden: []int{64, 10, 10}, Beta: []float64{0.3, 0.2, 0.5, 0.5}, Batch: 60},
			{Data: images.Hard(data.MNIST, 8, 49), Hidden: []int{32, 32}, Batch: 10},
			{Data: data.Spec{Kind: data.Fashion, N: 8, D: 49, Classes: [2]int{0, 6}, Raw: true}, Hidden: []int{32, 32}, Batch: 10},
		},
		OnData: func(f checks.DataFile) []net {
			return []net{{Data: userfile.Rows(f, 40), Hidden: []int{64, 32}, Batch: 10}}
		},
		Cost: net.cost, Setup: setup(1),
		Controls: []checks.Control[net]{{
			Name: "smaller-constant", Why: "for one input lambda_min is the kernel itself, and the bound its mean",
			At: []net{{Data: data.Spec{Kind: data.Sphere, N: 1, D: 4, Seed: 1}, Hidden: []int{30, 30}, Batch: 40}}, Setup: setup(0.87),
		}},
	}
}
