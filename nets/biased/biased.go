// Package biased holds two-layer ReLU networks with a bias in every neuron,
//
//	f(x) = m^{-1/2} sum_r a_r relu(w_r . x - b_r),    r = 1..m,
//
// that start with all biases equal. A bias is a weight on a constant input: the network is the one of
// package nets, without biases, with weights (w_r, b_r) on the lifted samples (x, -1). So gradients, Gram
// matrices, movements and training of both weights and biases are those of nets and nets/train on lifted samples.
package biased

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// Lift returns the samples (x_i, -1), n x (d+1).
func Lift(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	lifted := mat.NewDense(n, d+1, nil)
	for i := range n {
		row := lifted.RawRowView(i)
		copy(row, x.RawRowView(i))
		row[d] = -1
	}
	return lifted
}

// An Init is the law of an initial network: w_r ~ N(0, I_d), random signs a_r, all biases Bias. With
// Symmetry, neurons come in pairs of opposite output weight and the output is zero.
type Init struct {
	Width, Dim int // m and d, without the bias
	Bias       float64
	Symmetry   nets.Symmetry
}

// Validate reports sizes that define no law.
func (in Init) Validate() error {
	if math.IsNaN(in.Bias) || math.IsInf(in.Bias, 0) {
		return fmt.Errorf("biased: initial bias %v; it must be finite", in.Bias)
	}
	if in.Dim < 1 {
		return fmt.Errorf("biased: dimension %d; samples have at least one coordinate", in.Dim)
	}
	return in.law().Validate()
}

func (in Init) law() nets.Init {
	return nets.Init{Width: in.Width, Dim: in.Dim + 1, Act: nets.ReLU(), Kappa: 1, Symmetry: in.Symmetry}
}

// Draw returns a network on lifted samples, weights (w_r, b_r). It panics if Validate fails.
func (in Init) Draw(rng *rand.Rand) *nets.Network {
	if err := in.Validate(); err != nil {
		panic(err)
	}
	net := in.law().Draw(rng)
	for r := range in.Width {
		net.W.Set(r, in.Dim, in.Bias)
	}
	return net
}

// Active stores in dst (n) the number of neurons that are active on each sample, and returns the largest.
func Active(dst []int, b *nets.Batch) int {
	m, n := b.Z.Dims()
	patterns := nets.NewPatterns(n, m)
	b.Patterns(patterns)
	most := 0
	for i := range n {
		dst[i] = patterns.CoActive(i, i)
		most = max(most, dst[i])
	}
	return most
}

// Reach is the largest movement |z_ri - z_ri(0)| of a preactivation.
func Reach(z, start *mat.Dense) float64 {
	m, n := z.Dims()
	reach := 0.0
	for r := range m {
		now, then := z.RawRowView(r), start.RawRowView(r)
		for i := range n {
			reach = math.Max(reach, math.Abs(now[i]-then[i]))
		}
	}
	return reach
}
