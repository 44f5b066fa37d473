package residual

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// Config describes a network and its law at initialisation.
type Config struct {
	Channels   int // d_0, the entries of an input at one position
	Positions  int // p; 0 means 1
	Patch      int // q, odd; 0 means 1
	Width      int // m
	Layers     int // H, without the output layer
	Input      float64
	Branch     float64 // of a residual layer; c_res/H in the paper. Input is s, sqrt(c_sigma) in the paper
	Plain      bool    // every layer is like the first: no skip connections, and Branch is not used
	Activation nets.Activation
}

func (c Config) check() error {
	switch {
	case c.Channels < 1 || c.Width < 1 || c.Layers < 1 || c.Positions < 1:
		return fmt.Errorf("residual: %d channels, %d positions, width %d, %d layers; each must be at least 1", c.Channels, c.Positions, c.Width, c.Layers)
	case c.Patch < 1 || c.Patch%2 == 0:
		return fmt.Errorf("residual: patches of %d positions; give an odd number", c.Patch)
	case !finite(c.Input) || !finite(c.Branch):
		return fmt.Errorf("residual: factors %v and %v of the layers; they must be finite", c.Input, c.Branch)
	case c.Activation.Value == nil || c.Activation.Deriv == nil:
		return fmt.Errorf("residual: no activation; take one of nets, such as nets.Softplus()")
	}
	return nil
}

// scale is the factor of the activations of layer h.
func (c Config) scale(h int) float64 {
	if h == 1 || c.Plain {
		return c.Input / math.Sqrt(float64(c.Width))
	}
	return c.Branch / math.Sqrt(float64(c.Width))
}

func (c Config) skips(h int) bool { return h > 1 && !c.Plain }

// Network is a network with its weights, which may be written to between passes.
type Network struct {
	Config Config
	W      []*mat.Dense // W[h-1] belongs to layer h: Width x Patch*(channels of the layer below)
	A      *mat.Dense   // Positions x Width
}

// New draws a network, layer by layer in row-major order and the output layer last.
func New(config Config, rng *rand.Rand) (*Network, error) {
	net, err := Zero(config)
	if err != nil {
		return nil, err
	}
	for h := 1; h <= net.Config.Layers+1; h++ {
		w := net.Weight(h).RawMatrix().Data
		for i := range w {
			w[i] = rng.NormFloat64()
		}
	}
	return net, nil
}

// Zero is a network with all weights zero, to be filled in.
func Zero(config Config) (*Network, error) {
	config.Positions, config.Patch = max(config.Positions, 1), max(config.Patch, 1)
	if err := config.check(); err != nil {
		return nil, err
	}
	net := &Network{Config: config, A: mat.NewDense(config.Positions, config.Width, nil)}
	for h, in := 1, config.Channels; h <= config.Layers; h, in = h+1, config.Width {
		net.W = append(net.W, mat.NewDense(config.Width, config.Patch*in, nil))
	}
	return net, nil
}

// Weight is the weight matrix of layer h = 1..H+1.
func (net *Network) Weight(h int) *mat.Dense {
	if h == net.Config.Layers+1 {
		return net.A
	}
	return net.W[h-1]
}

// Clone returns a copy that shares nothing with the network.
func (net *Network) Clone() *Network {
	c := &Network{Config: net.Config, A: mat.DenseCopyOf(net.A), W: slices.Clone(net.W)}
	for i, w := range c.W {
		c.W[i] = mat.DenseCopyOf(w)
	}
	return c
}

// Moved is ||W_h - W_h(other)||_F for layer h = 1..H+1.
func (net *Network) Moved(other *Network, h int) float64 {
	v, w := net.Weight(h).RawMatrix().Data, other.Weight(h).RawMatrix().Data
	sum := 0.0
	for i := range v {
		d := v[i] - w[i]
		sum += d * d
	}
	return math.Sqrt(sum)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
