package deep

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Network is a fully connected network with one output. Layers are numbered
// l = 1..L as in the papers; layer L is the output layer.
//
// A Network may be read by several goroutines at once, but not while one of
// them changes its weights.
type Network struct {
	config  Config
	params  []float64
	weights []*mat.Dense // weights[l-1] views the parameters of layer l
	offsets []int        // offsets[l-1] is where layer l starts in params
}

// New draws a network from the law that config describes, all entries
// independent, layer by layer in row-major order. It returns an error when the
// configuration makes no sense.
func New(config Config, rng *rand.Rand) (*Network, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	net := build(config)
	for l, w := range net.weights {
		std := config.Std[l]
		for i := range w.RawMatrix().Data {
			net.params[net.offsets[l]+i] = std * rng.NormFloat64()
		}
	}
	return net, nil
}

// build makes a network with all weights zero from a complete configuration.
func build(config Config) *Network {
	net := &Network{config: config}
	in, total := config.Inputs, 0
	var shapes [][2]int
	for _, out := range append(append([]int(nil), config.Hidden...), 1) {
		shapes = append(shapes, [2]int{out, in})
		net.offsets = append(net.offsets, total)
		total += out * in
		in = out
	}
	net.params = make([]float64, total)
	for l, s := range shapes {
		start := net.offsets[l]
		end := start + s[0]*s[1]
		net.weights = append(net.weights, mat.NewDense(s[0], s[1], net.params[start:end:end]))
	}
	return net
}

// Depth returns the number L of weight layers.
func (net *Network) Depth() int { return len(net.weights) }

// Width returns n_l for l = 0..L: the input dimension, the hidden widths, 1.
func (net *Network) Width(l int) int {
	switch {
	case l == 0:
		return net.config.Inputs
	case l == net.Depth():
		return 1
	}
	return net.config.Hidden[l-1]
}

// Weight returns the weights of layer l = 1..L, n_l x n_{l-1}, as a live view:
// writing to it changes the network.
func (net *Network) Weight(l int) *mat.Dense {
	net.checkLayer(l, 1)
	return net.weights[l-1]
}

// NumParams returns the number P of weights.
func (net *Network) NumParams() int { return len(net.params) }

// Params returns all weights, layer by layer in row-major order, as a live view
// of length P.
func (net *Network) Params() []float64 { return net.params }

// LayerParams returns the part of a vector of length P that belongs to layer
// l = 1..L, as a view.
func (net *Network) LayerParams(v []float64, l int) []float64 {
	net.checkLayer(l, 1)
	if len(v) != len(net.params) {
		panic(fmt.Sprintf("deep: vector of length %d for %d parameters", len(v), len(net.params)))
	}
	start, end := net.offsets[l-1], len(v)
	if l < net.Depth() {
		end = net.offsets[l]
	}
	return v[start:end:end]
}

// Clone returns a copy that shares nothing with the network.
func (net *Network) Clone() *Network {
	clone := build(net.config)
	copy(clone.params, net.params)
	return clone
}

// Output returns f(x_i) for every row of x (n x d). It returns an error when x
// has the wrong number of columns or an entry that is not finite.
func (net *Network) Output(x *mat.Dense) ([]float64, error) {
	p, err := net.NewPass(x)
	if err != nil {
		return nil, err
	}
	return p.Output(), nil
}

// Gram returns the tangent kernel K = J J^T (n x n) on the rows of x (n x d).
// It returns an error when x has the wrong number of columns or an entry that
// is not finite.
func (net *Network) Gram(x *mat.Dense) (*mat.SymDense, error) {
	p, err := net.NewPass(x)
	if err != nil {
		return nil, err
	}
	return p.Gram(nil), nil
}

func (net *Network) checkLayer(l, first int) {
	if l < first || l > net.Depth() {
		panic(fmt.Sprintf("deep: layer %d of a network with layers %d..%d", l, first, net.Depth()))
	}
}

// checkBatch reports what is wrong with a batch of inputs.
func (net *Network) checkBatch(x *mat.Dense) error {
	if x == nil || x.IsEmpty() {
		return fmt.Errorf("deep: the batch is empty; give at least one sample")
	}
	n, d := x.Dims()
	if d != net.config.Inputs {
		return fmt.Errorf("deep: samples have %d entries but the network has %d inputs; one sample a row", d, net.config.Inputs)
	}
	for i := range n {
		for j, v := range x.RawRowView(i) {
			if !finite(v) {
				return fmt.Errorf("deep: entry %d of sample %d is %v; remove or repair the sample", j, i, v)
			}
		}
	}
	return nil
}
