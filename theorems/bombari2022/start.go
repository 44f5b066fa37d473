package bombari2022

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// antisymmetricStart is the start from which gradient descent is analysed.
//
// Setting: any inputs; a network of any widths with tanh or the sigmoid; the last hidden layer doubled, W_{L-1} = [A; A],
// W_L = gamma (w, -w), the rest from the law of the paper.
//
// Hypotheses: none.
//
// Conclusion: F(theta_0) = 0; the derivatives in W_1, ..., W_{L-2} vanish; and
// K_0 = 2 gamma^2 (F F^T) o sum_k w_k^2 phi'(g_k) phi'(g_k)^T + 2 phi(g) phi(g)^T with F = F_{L-2} and g = F A^T, entry by entry.
//
// Constants: ours: a neuron and its twin have equal features and opposite output weights. So their outputs cancel, and their
// backward signals in F_{L-2}; the squares in their own weights add. Tolerance: rounding of sums of that many products.
// That the paper starts so is recalled and not read; its gamma was not found.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights gamma times N(0, 1).
//
// Reference: derived here, for the descent theorem of Bombari, Amani, Mondelli (2022); its number was not found.
//
// Control: two halves drawn independently; and the formula with gamma in the second term too.
func antisymmetricStart() checks.Checkable {
	setup := func(both bool) func(blocks) (checks.Instance, error) {
		return func(p blocks) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if err := deepEnough(p.Hidden); err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.cancels(set.X, both, r) }}, nil
		}
	}
	small := blocks{network: network{Data: sphere(6, 6, 1), Hidden: []int{8, 10}}, Gamma: 1.2}
	random := small
	random.Gamma = 0
	return checks.Claim[blocks]{
		ID: "bombari2022/antisymmetric-start", Title: "zero output and kernel of the antisymmetric start", Reference: "derived here, for the descent theorem",
		Formula:    `F_L(\theta_0) = 0,\quad K_0 = 2\gamma^2\, FF^{\top} \circ \sum_k w_k^2\, \phi'(g_k)\phi'(g_k)^{\top} + 2\,\phi(g)\phi(g)^{\top}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) blocks {
			p := blocks{network: anyNetwork(t), Gamma: rapid.SampledFrom([]float64{1e-3, 1, 7, 1e5}).Draw(t, "gamma")}
			p.Hidden[len(p.Hidden)-1] *= 2
			return p
		}),
		Grid: []blocks{
			small,
			{network: network{Data: pictures(images.Hard(data.MNIST, 10, 49)), Hidden: []int{9, 7, 12}, Sigmoid: true}, Gamma: 64},
		},
		OnData: func(f checks.DataFile) []blocks {
			return []blocks{{network: network{Data: userfile.Rows(f, 20), Hidden: []int{12, 16}}, Gamma: 10}}
		},
		Cost:  func(p blocks) checks.Cost { return p.cost(6, 0) },
		Setup: setup(false),
		Controls: []checks.Control[blocks]{
			{Name: "independent-halves", Why: "without twins nothing cancels", At: []blocks{random}},
			{Name: "gamma-everywhere", Why: "the block of the output weights does not grow with gamma", At: []blocks{small}, Setup: setup(true)},
		},
	}
}

// cancels measures the three conclusions. With both, the formula has gamma in both terms.
func (p blocks) cancels(x *mat.Dense, both bool, r *rand.Rand) checks.Measurement {
	_, d := x.Dims()
	net, err := p.start(d, r)
	if err != nil {
		return checks.Failed(err)
	}
	pass, err := net.NewPass(x)
	if err != nil {
		return checks.Failed(err)
	}
	depth := net.Depth()
	half := net.Width(depth-1) / 2
	gamma := p.Gamma
	if gamma == 0 {
		gamma = 1
	}
	w := append([]float64(nil), net.Weight(depth).RawRowView(0)[:half]...)
	floats.Scale(1/gamma, w)
	a := net.Weight(depth-1).Slice(0, half, 0, net.Width(depth-2))
	claimed, scale := p.smooth(), gamma
	if both { // phi(g) phi(g)^T times gamma^2: all of it scales
		scale = 1
	}
	want, err := bounds.AntisymmetricKernel(claimed, pass.Feature(depth-2), a, w, scale)
	if err != nil {
		return checks.Failed(err)
	}
	if both {
		want.ScaleSym(gamma*gamma, want)
	}
	k := pass.Gram(nil)
	sum := 0.0
	for _, v := range net.Weight(depth).RawRowView(0) {
		sum += math.Abs(v)
	}
	terms := float64(2*half + 30)
	below := mat.NewSymDense(k.SymmetricDim(), nil)
	for l := 1; l <= depth-2; l++ {
		below.AddSym(below, pass.GramTerm(nil, l))
	}
	rounding := gramRounding(k, d, p.Hidden)
	return checks.All(
		checks.Measurement{Part: "output", Observed: floats.Norm(pass.Output(), math.Inf(1)), Tolerance: terms * unit * sum},
		checks.Measurement{Part: "blocks-below", Observed: largestDiagonal(below), Tolerance: p.cancelled(net, x)},
		withPart("kernel", entries(k, want, rounding)),
	)
}

// cancelled bounds the rounding of blocks that cancel: the squared error of a backward signal that is a sum of twins, times
// the squared norm of the features.
func (p blocks) cancelled(net *deep.Network, x *mat.Dense) float64 {
	depth := net.Depth()
	n, _ := x.Dims()
	signal := floats.Norm(net.Weight(depth).RawRowView(0), 2) * unit * float64(2*net.Width(depth-1)+30)
	total := 0.0
	for l := depth - 1; l >= 1; l-- { // backward through W_l
		signal *= mat.Norm(net.Weight(l), 2)
		if l == 1 {
			break
		}
		largest := float64(net.Width(l - 2)) // features of at most 1, or the inputs
		if l == 2 {
			for i := range n {
				largest = max(largest, floats.Dot(x.RawRowView(i), x.RawRowView(i)))
			}
		}
		total += signal * signal * largest
	}
	return total
}

func withPart(name string, m checks.Measurement) checks.Measurement {
	m.Part = name
	return m
}
