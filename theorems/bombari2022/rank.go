package bombari2022

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/ladder"
	"convergo/theorems/internal/userfile"
)

// counted is a network whose kernel has its rank counted.
type counted struct {
	network
	Doubled bool `json:"doubled,omitempty"` // antisymmetric start, the last hidden layer doubled
}

// visible counts the eigenvalues that are proved positive, rounding of the kernel included: never more than the rank.
func visible(k *mat.SymDense, rounding float64) (int, error) {
	spectrum, err := eig.All(k)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, v := range spectrum.Values {
		if v > spectrum.Err+rounding {
			count++
		}
	}
	return count, nil
}

// ranks are what bounds the ranks of K_mid and K: their numbers of weights. Doubled neurons have equal gradients up to
// sign in W_{L-1}, and of the layers below there are none.
func (p counted) ranks(d int) (middle, all int) {
	in := d
	for l, width := range p.Hidden {
		if l == len(p.Hidden)-1 {
			middle = in * width
		}
		all += in * width
		in = width
	}
	all += in
	if p.Doubled {
		return middle / 2, middle/2 + in/2
	}
	return middle, all
}

// rankBound is the least number of weights.
//
// Setting: any inputs; a network of any widths with tanh or the sigmoid, at a random start or at an antisymmetric one with the
// last hidden layer doubled, W_{L-1} = [A; A], W_L = (w, -w).
//
// Hypotheses: none.
//
// Conclusion: rank(K_mid) <= n_{L-2} n_{L-1} and rank(K) <= p, the number of all weights, so that lambda_min(K_mid) = 0 for
// n_{L-2} n_{L-1} < N and lambda_min(K) = 0 for p < N. At the antisymmetric start rank(K_mid) <= n_{L-2} n_{L-1}/2 and rank(K) <=
// n_{L-2} n_{L-1}/2 + n_{L-1}/2.
//
// Constants: ours and sharp: K is a Gram matrix of vectors of that many entries, in which a doubled neuron repeats the gradient of
// its twin but for the sign. An eigenvalue counts when it exceeds the proved error of its computation and the rounding of
// the kernel, so that no more than the rank are ever counted.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: derived here; it says that the number of weights in Bombari, Amani, Mondelli (2022), Theorem 3.1, is the least possible.
//
// Control: one less of each, which are attained, at a random start and at an antisymmetric one.
func rankBound() checks.Checkable {
	setup := func(lessMiddle, lessAll int) func(counted) (checks.Instance, error) {
		return func(p counted) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if err := deepEnough(p.Hidden); err != nil {
				return checks.Instance{}, err
			}
			mid, all := p.ranks(set.D())
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("n_{L-2} n_{L-1}", float64(mid)), checks.NewFact("weights", float64(all))},
				Trial: func(r *rand.Rand) checks.Measurement { return p.count(set.X, mid-lessMiddle, all-lessAll, r) },
			}, nil
		}
	}
	points := func(n, d int) data.Spec { return data.Spec{Kind: data.Gaussian, N: n, D: d, Seed: 1, Raw: true} }
	middle := counted{network: network{Data: points(12, 3), Hidden: []int{3, 3}}}                 // 9 weights of 21
	all := counted{network: network{Data: points(14, 2), Hidden: []int{2, 2}}}                    // 4 of 10
	doubled := counted{network: network{Data: points(14, 3), Hidden: []int{3, 6}}, Doubled: true} // 9 and 12
	return checks.Claim[counted]{
		ID: "bombari2022/rank-bound", Title: "as many weights as samples", Reference: "derived here, for Theorem 3.1",
		Formula:    `\operatorname{rank}(K_{L-1}) \le n_{L-2}\, n_{L-1},\quad \operatorname{rank}(K) \le p`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) counted {
			p := counted{network: network{
				Data:    gen.Specs(gen.Range{MinN: 1, MaxN: 16, MinD: 1, MaxD: 4}).Draw(t, "data"),
				Hidden:  anyWidths(t, 3, 4),
				Sigmoid: rapid.Bool().Draw(t, "sigmoid"),
			}}
			if last := len(p.Hidden) - 1; rapid.Bool().Draw(t, "doubled") {
				p.Doubled, p.Hidden[last] = true, 2*p.Hidden[last]
			}
			return p
		}),
		Grid: []counted{
			middle, all, doubled,
			{network: network{Data: pictures(images.Hard(data.Fashion, 30, 49)), Hidden: []int{5, 5}}},
		},
		OnData: func(f checks.DataFile) []counted {
			return []counted{{network: network{Data: userfile.Rows(f, 40), Hidden: []int{5, 5}}}}
		},
		Cost:  func(p counted) checks.Cost { return p.cost(2, 6) },
		Setup: setup(0, 0),
		Controls: []checks.Control[counted]{
			{Name: "one-weight-less", Why: "the rank is attained: one less is too small", At: []counted{middle}, Setup: setup(1, 0)},
			{Name: "one-weight-less-in-all", Why: "the rank of the whole kernel is attained too", At: []counted{all}, Setup: setup(0, 1)},
			{Name: "one-less-of-the-doubled", Why: "twins repeat a gradient, and nothing else is repeated", At: []counted{doubled}, Setup: setup(1, 0)},
			{Name: "one-less-of-all-doubled", Why: "the output weights of twins have equal gradients, and nothing else is repeated", At: []counted{doubled}, Setup: setup(0, 1)},
		},
	}
}

// count counts both ranks on one draw.
func (p counted) count(x *mat.Dense, mid, all int, r *rand.Rand) checks.Measurement {
	_, d := x.Dims()
	var net *deep.Network
	var err error
	if p.Doubled {
		net, err = deep.Antisymmetric(p.config(d), 1, r)
	} else {
		net, err = deep.New(p.config(d), r)
	}
	if err != nil {
		return checks.Failed(err)
	}
	pass, err := net.NewPass(x)
	if err != nil {
		return checks.Failed(err)
	}
	part := func(name string, k *mat.SymDense, bound int) checks.Measurement {
		rank, err := visible(k, gramRounding(k, d, p.Hidden))
		return checks.Measurement{Part: name, Observed: float64(rank), Predicted: float64(bound), Err: err}
	}
	return checks.All(part("middle", middle(net, pass), mid), part("all", pass.Gram(nil), all))
}

// phase is a ladder in the number of samples around the number of weights of W_{L-1}.
type phase struct {
	Hidden []int `json:"hidden"` // d = n_1 = Hidden[0]
	N      []int `json:"n"`      // falling, so that n_1 n_2/N rises
	Linear bool  `json:"linear,omitempty"`
}

// regular is the smallest eigenvalue over the largest diagonal entry that counts as positive: what is zero in exact
// arithmetic comes out below 1e-15, what is not above 1e-11 at these sizes.
const regular = 1e-13

// rankThreshold is the transition at as many weights as samples.
//
// Setting: N Gaussian inputs; a tanh network of two hidden layers, d = n_1 = n_2.
//
// Hypotheses: tanh is analytic and no polynomial; the shape is one where a positive determinant has been seen.
//
// Conclusion: for almost every draw lambda_min(K_mid) is zero for n_1 n_2 < N and positive for n_1 n_2 >= N: the probability that
// it exceeds 1e-13 of the largest diagonal entry jumps from 0 to 1 between one sample more and as many as n_1 n_2.
//
// Constants: ours. Below, the rank is at most n_1 n_2. Above, det(K_mid) is an analytic function of inputs and weights,
// so that it vanishes nowhere but on a null set as soon as it is positive once; a single certified eigenvalue of a shape
// proves it for that shape. That every shape has one is believed, and not claimed. With a layer of one or two neurons the eigenvalue
// is positive and invisible in double precision.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: derived here; the transition in the first figure of Bombari, Amani, Mondelli (2022).
//
// Control: a linear network, whose kernel has the rank d and stays singular.
func rankThreshold() checks.Checkable {
	return checks.Claim[phase]{
		ID: "bombari2022/rank-threshold", Title: "transition at as many weights as samples", Reference: "derived here, for Theorem 3.1",
		Formula:    `\lambda_{\min}(K_{L-1}) > 0 \iff n_{L-2}\, n_{L-1} \ge N \quad\text{almost surely}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Threshold{}, Version: 1,
		Grid: []phase{
			{Hidden: []int{4, 4}, N: []int{24, 20, 17, 16, 14, 10}},
			{Hidden: []int{5, 5}, N: []int{32, 28, 26, 25, 23, 20}},
		},
		Cost: func(p phase) checks.Cost {
			c := checks.Cost{}
			for _, n := range p.N {
				c.Trial += netCost(n, p.Hidden[0], p.Hidden) + costs.Eigenvalue(n)
			}
			return c
		},
		Setup: func(p phase) (checks.Instance, error) {
			if len(p.Hidden) != 2 {
				return checks.Instance{}, fmt.Errorf("%d hidden widths: give two", len(p.Hidden))
			}
			return checks.Instance{
				Terms: checks.Terms{Location: 1, Resolution: 0.07, Trials: 40},
				Trial: func(r *rand.Rand) checks.Measurement { return p.pass(r) },
			}, nil
		},
		Controls: []checks.Control[phase]{{
			Name: "linear", Why: "constant slopes leave a kernel of rank d, singular for fewer samples too",
			At: []phase{{Hidden: []int{4, 4}, N: []int{24, 17, 10, 8, 6}, Linear: true}},
		}},
	}
}

// pass draws inputs and network anew on every rung.
func (p phase) pass(r *rand.Rand) checks.Measurement {
	weights := float64(p.Hidden[0] * p.Hidden[1])
	config := network{Hidden: p.Hidden, Linear: p.Linear}.config(p.Hidden[0])
	var ratios, sizes []float64
	m := ladder.Pass(len(p.N), func(i int) (float64, float64, error) {
		net, err := deep.New(config, r)
		if err != nil {
			return 0, 0, err
		}
		pass, err := net.NewPass(nets.Gaussian(p.N[i], p.Hidden[0], r))
		if err != nil {
			return 0, 0, err
		}
		k := middle(net, pass)
		low, err := eig.Min(k)
		if err != nil {
			return 0, 0, err
		}
		ratio, success := low.Value/largestDiagonal(k), 0.0
		if ratio > regular {
			success = 1
		}
		sizes, ratios = append(sizes, weights/float64(p.N[i])), append(ratios, max(ratio, 1e-18))
		return weights / float64(p.N[i]), success, nil
	})
	axes := curve.Axes{X: "weights over samples", Y: "smallest eigenvalue over largest entry", LogX: true, LogY: true}
	m.Series = []checks.Series{axes.Measured("measured", sizes, ratios)}
	return m
}
