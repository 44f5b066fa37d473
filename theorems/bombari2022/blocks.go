package bombari2022

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// anyNetwork draws small data and any widths.
func anyNetwork(t *rapid.T) network {
	return network{
		Data:    gen.Specs(gen.Range{MinN: 1, MaxN: 6, MinD: 1, MaxD: 6}).Draw(t, "data"),
		Hidden:  anyWidths(t, 3, 8),
		Sigmoid: rapid.Bool().Draw(t, "sigmoid"),
	}
}

// khatriRao is the product structure of each block.
//
// Setting: any inputs and widths; a network with tanh or the sigmoid; K_l the part of the tangent kernel that belongs to W_l.
//
// Hypotheses: none.
//
// Conclusion: K_l = (F_{l-1} F_{l-1}^T) o (B_l B_l^T) is the Gram matrix of the vectors b_i (x) f_i of R^{n_{l-1} n_l}, entry by
// entry, so that rank and smallest eigenvalue are those of N vectors in as many dimensions as W_l has weights.
//
// Constants: ours: <b_i (x) f_i, b_j (x) f_j> = <b_i, b_j> <f_i, f_j>. The vectors are formed one by one. Tolerance: the
// rounding of features and backward signals, carried through the layers by the norms of the weights: the signals may cancel.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: derived here: the structure that Bombari, Amani, Mondelli (2022) bound, in the proof of Theorem 3.1.
//
// Control: the block of the layer before it.
func khatriRao() checks.Checkable {
	setup := func(shift int) func(network) (checks.Instance, error) {
		return func(p network) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				net, pass, err := p.draw(set.X, r)
				if err != nil {
					return checks.Failed(err)
				}
				var layers []checks.Measurement
				for l := 1 + shift; l <= net.Depth(); l++ {
					want, err := bounds.KhatriRaoGram(p.smooth(), set.X, matrices(net, net.Params()), l-shift)
					if err != nil {
						return checks.Failed(err)
					}
					layers = append(layers, entries(pass.GramTerm(nil, l), want, blockRounding(net, pass, l)))
				}
				return checks.Worst(layers...)
			}}, nil
		}
	}
	return checks.Claim[network]{
		ID: "bombari2022/khatri-rao", Title: "blocks are Gram matrices of Khatri-Rao products", Reference: "derived here, for the proof of Theorem 3.1",
		Formula:    `K_l = (F_{l-1}F_{l-1}^{\top}) \circ (B_l B_l^{\top}) = (B_l * F_{l-1})(B_l * F_{l-1})^{\top}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(anyNetwork),
		Grid: []network{
			{Data: sphere(6, 5, 1), Hidden: []int{7, 6}},
			{Data: sphere(6, 5, 1), Hidden: []int{4, 1, 5}, Sigmoid: true},
			{Data: pictures(images.Hard(data.MNIST, 8, 49)), Hidden: []int{9, 8}},
		},
		OnData: func(f checks.DataFile) []network { return []network{{Data: userfile.Rows(f, 12), Hidden: []int{9, 8}}} },
		Cost:   func(p network) checks.Cost { return p.cost(12, 0) },
		Setup:  setup(0),
		Controls: []checks.Control[network]{{
			Name: "layer-before", Why: "another layer has other features and another backward signal", At: []network{{Data: sphere(6, 5, 1), Hidden: []int{7, 6}}}, Setup: setup(1),
		}},
	}
}

// blockRounding bounds how far two computations of the block of W_l may be apart, entry by entry: the errors of the features and of
// the backward signals, in units of rounding, pass through a layer with the norm of its weights (slopes and curvatures are at most 1).
func blockRounding(net *deep.Network, pass *deep.Pass, l int) float64 {
	depth, largest := net.Depth(), make([]float64, net.Depth())
	for k := range depth {
		n, _ := pass.Feature(k).Dims()
		for i := range n {
			largest[k] = max(largest[k], mat.Norm(pass.Feature(k).RowView(i), 2))
		}
	}
	feature := make([]float64, depth) // error of f_k
	for k := 1; k < depth; k++ {
		feature[k] = mat.Norm(net.Weight(k), 2)*(feature[k-1]+float64(net.Width(k-1)+10)*largest[k-1]) + 10*largest[k]
	}
	signal, err := 1.0, 0.0 // size and error of b_k
	for k := depth - 1; k >= l; k-- {
		w := mat.Norm(net.Weight(k+1), 2)
		err = w * (err + signal*(float64(net.Width(k+1)+10)+feature[k]))
		signal *= w
	}
	f := largest[l-1]
	terms := float64(net.Width(l-1)*net.Width(l) + 10)
	return 2 * unit * (2*f*signal*(f*err+signal*feature[l-1]) + terms*f*f*signal*signal)
}

// entries compares two symmetric matrices at the entry where they differ most.
func entries(got, want *mat.SymDense, tolerance float64) checks.Measurement {
	m := checks.Measurement{Relation: checks.Equal, Observed: got.At(0, 0), Predicted: want.At(0, 0), Tolerance: tolerance}
	for i := range got.SymmetricDim() {
		for j := range i + 1 {
			if math.Abs(got.At(i, j)-want.At(i, j)) > math.Abs(m.Observed-m.Predicted) {
				m.Observed, m.Predicted = got.At(i, j), want.At(i, j)
			}
		}
	}
	return m
}

// blocks is a network at a random or an antisymmetric start.
type blocks struct {
	network
	Gamma float64 `json:"gamma,omitempty"` // of an antisymmetric start; 0: a random one
}

// blockChain is the step from the whole kernel to its blocks.
//
// Setting: any inputs and widths; a network with tanh or the sigmoid at a random start, or an antisymmetric one of scale gamma.
//
// Hypotheses: none.
//
// Conclusion: lambda_min(K) >= sum_l lambda_min(K_l), and so at least lambda_min(K_mid).
//
// Constants: ours and sharp: K is the sum of its blocks (Weyl). The first is an equality for one input. The second is one but for gamma^{-2}
// at an antisymmetric start, where the blocks below W_{L-1} vanish and that of W_L does not grow with gamma. The tolerance is the
// proved error of the eigenvalues.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: derived here: the first step in the proof of Bombari, Amani, Mondelli (2022), Theorem 3.1.
//
// Control: 1.1 times the sum at one input, and 1.1 times the block at an antisymmetric start of scale 100.
func blockChain() checks.Checkable {
	setup := func(sum, middle float64) func(blocks) (checks.Instance, error) {
		return func(p blocks) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if err := deepEnough(p.Hidden); err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.chain(set.X, sum, middle, r) }}, nil
		}
	}
	one := blocks{network: network{Data: sphere(1, 5, 1), Hidden: []int{6, 8}}}
	large := blocks{network: network{Data: sphere(8, 8, 1), Hidden: []int{10, 12}}, Gamma: 100}
	return checks.Claim[blocks]{
		ID: "bombari2022/block-chain", Title: "smallest eigenvalues of the blocks add", Reference: "derived here, for the proof of Theorem 3.1",
		Formula:    `\lambda_{\min}(K) \ge \sum_{l=1}^{L} \lambda_{\min}(K_l) \ge \lambda_{\min}(K_{L-1})`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) blocks {
			p := blocks{network: anyNetwork(t)}
			if last := len(p.Hidden) - 1; rapid.Bool().Draw(t, "antisymmetric") {
				p.Gamma, p.Hidden[last] = rapid.SampledFrom([]float64{1, 10, 1e4}).Draw(t, "gamma"), 2*p.Hidden[last]
			}
			return p
		}),
		Grid: []blocks{
			one, large,
			{network: network{Data: pictures(images.Easy(data.Fashion, 12, 49)), Hidden: []int{10, 10}}},
		},
		OnData: func(f checks.DataFile) []blocks {
			return []blocks{{network: network{Data: userfile.Rows(f, 20), Hidden: []int{12, 10}}}}
		},
		Cost:  func(p blocks) checks.Cost { return p.cost(2, 4) },
		Setup: setup(1, 1),
		Controls: []checks.Control[blocks]{
			{Name: "larger-sum", Why: "at one input the blocks add exactly", At: []blocks{one}, Setup: setup(1.1, 1)},
			{Name: "larger-block", Why: "at a large antisymmetric start the block is all of the kernel", At: []blocks{large}, Setup: setup(1, 1.1)},
		},
	}
}

func (p blocks) chain(x *mat.Dense, sum, mid float64, r *rand.Rand) checks.Measurement {
	_, d := x.Dims()
	net, err := p.start(d, r)
	if err != nil {
		return checks.Failed(err)
	}
	pass, err := net.NewPass(x)
	if err != nil {
		return checks.Failed(err)
	}
	k := pass.Gram(nil)
	all, err := eig.Min(k)
	if err != nil {
		return checks.Failed(err)
	}
	rounding := 2 * gramRounding(k, d, p.Hidden)
	var total, block eig.Certified
	for l := 1; l <= net.Depth(); l++ {
		c, err := eig.Min(pass.GramTerm(nil, l))
		if err != nil {
			return checks.Failed(err)
		}
		total.Value, total.Err = total.Value+c.Value, total.Err+c.Err
		if l == net.Depth()-1 {
			block = c
		}
	}
	return checks.All(
		checks.Measurement{Part: "sum", Observed: all.Value, Predicted: sum * total.Value, Relation: checks.AtLeast, Tolerance: all.Err + total.Err + rounding},
		checks.Measurement{Part: "middle", Observed: all.Value, Predicted: mid * block.Value, Relation: checks.AtLeast, Tolerance: all.Err + block.Err + rounding},
	)
}

// start draws the network of the parameters.
func (p blocks) start(d int, r *rand.Rand) (*deep.Network, error) {
	if p.Gamma > 0 {
		return deep.Antisymmetric(p.config(d), p.Gamma, r)
	}
	return deep.New(p.config(d), r)
}
