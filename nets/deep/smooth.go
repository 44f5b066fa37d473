package deep

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
)

// Sigmoid is 1/(1 + e^-z).
func Sigmoid() Activation {
	return Activation{name: "sigmoid", moment: sigmoidMoment, eval: func(value, slope, z []float64) {
		for i, zi := range z {
			e := math.Exp(-math.Abs(zi))
			value[i] = 1 / (1 + e)
			if zi < 0 {
				value[i] = e / (1 + e)
			}
			slope[i] = e / ((1 + e) * (1 + e))
		}
	}}
}

// Identity is z: the network is linear in its inputs.
func Identity() Activation {
	return Activation{name: "identity", moment: 1, eval: func(value, slope, z []float64) {
		copy(value, z)
		for i := range slope {
			slope[i] = 1
		}
	}}
}

// sigmoidMoment is E[sigmoid(z)^2], checked by quadrature in the tests.
const sigmoidMoment = 0.293379035858093

// LeCunStd returns the standard deviations 1/sqrt(n_{l-1}), l = 1..L-1, of the
// hidden layers, and 1 for the output layer: preactivations are of order one,
// and the output is of order sqrt(n_{L-1}).
func LeCunStd(inputs int, hidden []int) []float64 {
	std, in := []float64{}, inputs
	for _, width := range hidden {
		std = append(std, 1/math.Sqrt(float64(in)))
		in = width
	}
	return append(std, 1)
}

// Antisymmetric draws a network of which the last hidden layer is doubled,
//
//	W_{L-1} = [A; A],  W_L = gamma (w, -w),
//
// with everything else, A and w from the law that config describes. Its output
// is zero on every input, and so are the derivatives in W_1, ..., W_{L-2}. The
// last hidden width must be even. The law of W_L is multiplied by gamma.
func Antisymmetric(config Config, gamma float64, rng *rand.Rand) (*Network, error) {
	layers := len(config.Hidden)
	if layers == 0 || config.Hidden[layers-1]%2 != 0 {
		return nil, fmt.Errorf("deep: hidden widths %v; the last one must be even, to be doubled", config.Hidden)
	}
	if !finite(gamma) {
		return nil, fmt.Errorf("deep: output factor is %v; it must be finite", gamma)
	}
	net, err := New(config, rng)
	if err != nil {
		return nil, err
	}
	half := config.Hidden[layers-1] / 2
	hidden, out := net.Weight(layers), net.Weight(layers+1)
	for k := range half {
		hidden.SetRow(half+k, hidden.RawRowView(k))
		out.Set(0, k, gamma*out.At(0, k))
		out.Set(0, half+k, -out.At(0, k))
	}
	return net, nil
}

// MeanJacobian returns the average of the Jacobian on the rows of x over the
// segment from the weights of net to those of end,
//
//	int_0^1 J(theta + s (theta' - theta)) ds   (n x P),
//
// by Gauss-Legendre quadrature with the given number of nodes. Its product with
// theta' - theta is the change of the outputs.
func (net *Network) MeanJacobian(x *mat.Dense, end *Network, nodes int) (*mat.Dense, error) {
	if nodes < 1 || net.NumParams() != end.NumParams() {
		return nil, fmt.Errorf("deep: %d nodes between networks of %d and %d weights; give one node or more and two networks of one shape", nodes, net.NumParams(), end.NumParams())
	}
	at, weights := make([]float64, nodes), make([]float64, nodes)
	quad.Legendre{}.FixedLocations(at, weights, 0, 1)
	between := net.Clone()
	pass, err := between.NewPass(x)
	if err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	mean := mat.NewDense(n, net.NumParams(), nil)
	for k, s := range at {
		for i, w := range net.params {
			between.params[i] = w + s*(end.params[i]-w)
		}
		pass.Forward()
		jac := pass.Jacobian()
		jac.Scale(weights[k], jac)
		mean.Add(mean, jac)
	}
	return mean, nil
}
