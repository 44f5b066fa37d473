// Package conv implements convolutional ReLU networks of finite width with one output, and their gradients.
//
// An image has C_0 channels of P x Q pixels, channel by channel, each row by row. Layer h = 1..L convolves with filters of
// q x q weights, q odd, stride 1, and zeros around the image, and takes the ReLU. In the NTK convention all weights are
// N(0,1) and
//
//	u^(1) = W^(1) * x,   v^(h) = sqrt(2/(C_h q^2)) relu(u^(h)),   u^(h+1) = W^(h+1) * v^(h).
//
// The output is f = sum over channels and pixels of w v^(L), with a weight for each of both, or with global average
// pooling f = sum over channels of w times the mean of v^(L) over the pixels. All layers are trained: the gradient is that
// in all weights. The derivative of the ReLU at 0 is 0.
//
// It is the network whose limit package bounds/kernel/conv computes, and shares no code with it.
//
// References:
//
//	[Arora2019] S. Arora, S. Du, W. Hu, Z. Li, R. Salakhutdinov, R. Wang, On Exact Computation with an
//	    Infinitely Wide Neural Net, NeurIPS 2019.
package conv

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// Config describes a network and its law at the start.
type Config struct {
	Channels, Height, Width int   // of an image
	Filter                  int   // q, odd
	Hidden                  []int // channels C_1, ..., C_L, L >= 1
	Pooled                  bool  // global average pooling
}

func (c Config) check() error {
	switch {
	case c.Channels < 1 || c.Height < 1 || c.Width < 1:
		return fmt.Errorf("conv: an image of %d channels of %d x %d pixels; each must be at least 1", c.Channels, c.Height, c.Width)
	case c.Filter < 1 || c.Filter%2 == 0:
		return fmt.Errorf("conv: filters of size %d; it must be odd", c.Filter)
	case len(c.Hidden) == 0:
		return fmt.Errorf("conv: no hidden layer; give the channels of at least one")
	}
	for h, channels := range c.Hidden {
		if channels < 1 {
			return fmt.Errorf("conv: layer %d has %d channels; it needs at least 1", h+1, channels)
		}
	}
	return nil
}

func (c Config) pixels() int { return c.Height * c.Width }

// inputs is the number of channels that layer h = 0..L-1 reads.
func (c Config) inputs(h int) int {
	if h == 0 {
		return c.Channels
	}
	return c.Hidden[h-1]
}

func (c Config) gain(h int) float64 {
	return math.Sqrt(2 / float64(c.Hidden[h]*c.Filter*c.Filter))
}

// Network is a convolutional network. It may be read by several goroutines at once.
type Network struct {
	config Config
	params []float64
	layers [][]float64 // weights of layer h, output channel by output channel, each input channel by input channel, filter row by row
	head   []float64   // by channel, then by pixel unless pooled
	taps   []int       // pixel of tap k at pixel s in taps[s*q*q+k], -1 outside the image
}

// New draws a network.
func New(config Config, rng *rand.Rand) (*Network, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	config.Hidden = append([]int(nil), config.Hidden...)
	net := &Network{config: config, taps: config.taps()}
	square, total := config.Filter*config.Filter, 0
	for h, channels := range config.Hidden {
		total += channels * config.inputs(h) * square
	}
	top := config.Hidden[len(config.Hidden)-1]
	if !config.Pooled {
		top *= config.pixels()
	}
	net.params = make([]float64, total+top)
	for i := range net.params {
		net.params[i] = rng.NormFloat64()
	}
	rest := net.params
	for h, channels := range config.Hidden {
		size := channels * config.inputs(h) * square
		net.layers, rest = append(net.layers, rest[:size]), rest[size:]
	}
	net.head = rest
	return net, nil
}

func (c Config) taps() []int {
	half := c.Filter / 2
	taps := make([]int, 0, c.pixels()*c.Filter*c.Filter)
	for i := range c.Height {
		for j := range c.Width {
			for a := -half; a <= half; a++ {
				for b := -half; b <= half; b++ {
					if i+a < 0 || i+a >= c.Height || j+b < 0 || j+b >= c.Width {
						taps = append(taps, -1)
					} else {
						taps = append(taps, (i+a)*c.Width+j+b)
					}
				}
			}
		}
	}
	return taps
}

// Params returns all weights, layer by layer and the head last, as a live view.
func (net *Network) Params() []float64 { return net.params }

// pass holds what a forward pass computes: of each layer the patches that it reads, pixel by pixel, and its features,
// channel by channel.
type pass struct {
	patches, features [][]float64
	output            float64
}

// checked is forward for an image of a caller, whose size may be wrong.
func (net *Network) checked(x []float64) (*pass, error) {
	if c := net.config; len(x) != c.Channels*c.pixels() {
		return nil, fmt.Errorf("conv: an image of %d values for %d channels of %d x %d pixels", len(x), c.Channels, c.Height, c.Width)
	}
	return net.forward(x), nil
}

func (net *Network) forward(x []float64) *pass {
	c := net.config
	p := &pass{}
	in := x
	for h, weights := range net.layers {
		patches := net.patches(in, c.inputs(h))
		size := c.inputs(h) * c.Filter * c.Filter
		out := make([]float64, c.Hidden[h]*c.pixels())
		gain := c.gain(h)
		for channel := range c.Hidden[h] {
			w := weights[channel*size : (channel+1)*size]
			for s := range c.pixels() {
				if u := floats.Dot(w, patches[s*size:(s+1)*size]); u > 0 {
					out[channel*c.pixels()+s] = gain * u
				}
			}
		}
		p.patches, p.features = append(p.patches, patches), append(p.features, out)
		in = out
	}
	for i, v := range in {
		p.output += v * net.headAt(i)
	}
	return p
}

// headAt is the derivative of the output in entry i of the last features.
func (net *Network) headAt(i int) float64 {
	if net.config.Pooled {
		pixels := net.config.pixels()
		return net.head[i/pixels] / float64(pixels)
	}
	return net.head[i]
}

// patches lists what the filters see at each pixel.
func (net *Network) patches(in []float64, channels int) []float64 {
	c := net.config
	square, pixels := c.Filter*c.Filter, c.pixels()
	out := make([]float64, 0, pixels*channels*square)
	for s := range pixels {
		for a := range channels {
			for _, t := range net.taps[s*square : (s+1)*square] {
				if t < 0 {
					out = append(out, 0)
				} else {
					out = append(out, in[a*pixels+t])
				}
			}
		}
	}
	return out
}

// Output returns f(x).
func (net *Network) Output(x []float64) (float64, error) {
	p, err := net.checked(x)
	if err != nil {
		return 0, err
	}
	return p.output, nil
}

// Gradient returns the derivative of f(x) in all weights, in the order of Params.
func (net *Network) Gradient(x []float64) ([]float64, error) {
	p, err := net.checked(x)
	if err != nil {
		return nil, err
	}
	gradient := make([]float64, len(net.params))
	net.gradient(gradient, p)
	return gradient, nil
}

// gradient adds the derivatives of the output of a pass.
func (net *Network) gradient(gradient []float64, p *pass) {
	c, pixels := net.config, net.config.pixels()
	last := len(net.layers) - 1
	back := make([]float64, len(p.features[last])) // derivative of f in the features of a layer
	head := gradient[len(gradient)-len(net.head):]
	for i, v := range p.features[last] {
		back[i] = net.headAt(i)
		if c.Pooled {
			head[i/pixels] += v / float64(pixels)
		} else {
			head[i] = v
		}
	}
	end := len(gradient) - len(net.head)
	for h := last; h >= 0; h-- {
		gain := c.gain(h)
		for i, v := range p.features[h] {
			if back[i] *= gain; v <= 0 {
				back[i] = 0
			}
		}
		start := end - len(net.layers[h])
		back = net.backward(h, gradient[start:end], back, p.patches[h])
		end = start
	}
}

// backward adds to the gradient of layer h, given the derivative of f in its preactivations, and returns that in the
// features below, nil for the first layer.
func (net *Network) backward(h int, gradient, delta, patches []float64) []float64 {
	c, pixels := net.config, net.config.pixels()
	square, size := c.Filter*c.Filter, c.inputs(h)*c.Filter*c.Filter
	var below []float64
	if h > 0 {
		below = make([]float64, c.inputs(h)*pixels)
	}
	for channel := range c.Hidden[h] {
		w := net.layers[h][channel*size : (channel+1)*size]
		g := gradient[channel*size : (channel+1)*size]
		for s := range pixels {
			d := delta[channel*pixels+s]
			if d == 0 {
				continue
			}
			floats.AddScaled(g, d, patches[s*size:(s+1)*size])
			if h == 0 {
				continue
			}
			for a := range c.inputs(h) {
				for k, t := range net.taps[s*square : (s+1)*square] {
					if t >= 0 {
						below[a*pixels+t] += d * w[a*square+k]
					}
				}
			}
		}
	}
	return below
}

// Tangent returns the tangent kernel <grad f(x), grad f(z)>.
func (net *Network) Tangent(x, z []float64) (float64, error) {
	g, err := net.Gradient(x)
	if err != nil {
		return 0, err
	}
	other, err := net.Gradient(z)
	if err != nil {
		return 0, err
	}
	return floats.Dot(g, other), nil
}
