package nets

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// OutputLaw is the law of the output weights a_r at initialisation.
type OutputLaw uint8

const (
	Signs          OutputLaw = iota // uniform on {-1, +1}: the law of the theorems
	GaussianOutput                  // standard normal
	Ones                            // all +1: a control, whose output grows like sqrt(m)
)

// Symmetry ties pairs of neurons at initialisation, with equal hidden weights
// and opposite output weights, so that the output is exactly zero.
type Symmetry uint8

const (
	Independent   Symmetry = iota // no ties
	Antisymmetric                 // r and r+m/2 are a pair
	Coupled                       // 2i and 2i+1 are a pair (Munteanu et al. 2022, who have a_2i = +1: Ones)
)

// An Init is a law of initial networks: hidden weights w_r ~ N(0, Kappa^2 I_d),
// independent but for Symmetry.
type Init struct {
	Width, Dim int // m and d
	Act        Activation
	Kappa      float64 // standard deviation of each hidden weight
	Output     OutputLaw
	Symmetry   Symmetry
	Scale      float64 // output scale; 0 is NTKScale(Width)
}

// NTK is the initialisation of Du et al. 2019: ReLU, w_r ~ N(0, I_d), random signs,
// output scale 1/sqrt(m).
func NTK(m, d int) Init { return Init{Width: m, Dim: d, Act: ReLU(), Kappa: 1} }

// Validate reports sizes and scales that define no law.
func (in Init) Validate() error {
	switch {
	case in.Width < 1 || in.Dim < 1:
		return fmt.Errorf("nets: width %d and dimension %d; both must be at least 1", in.Width, in.Dim)
	case in.Symmetry != Independent && in.Width%2 != 0:
		return fmt.Errorf("nets: width %d is odd; neurons in pairs need an even width", in.Width)
	case !(in.Kappa > 0) || !finite(in.Kappa):
		return fmt.Errorf("nets: initial scale kappa = %v; it must be positive and finite", in.Kappa)
	case in.Scale < 0 || !finite(in.Scale):
		return fmt.Errorf("nets: output scale %v; it must be positive, or 0 for 1/sqrt(m)", in.Scale)
	case in.Act.Value == nil || in.Act.Deriv == nil:
		return fmt.Errorf("nets: the initialisation has no activation; take nets.ReLU()")
	case in.Output > Ones || in.Symmetry > Coupled:
		return fmt.Errorf("nets: unknown output law %d or symmetry %d", in.Output, in.Symmetry)
	}
	return nil
}

// Draw returns a network drawn from the law. It panics if Validate fails.
func (in Init) Draw(rng *rand.Rand) *Network {
	if err := in.Validate(); err != nil {
		panic(err)
	}
	net := &Network{
		W:     mat.NewDense(in.Width, in.Dim, nil),
		A:     make([]float64, in.Width),
		Act:   in.Act,
		Scale: in.Scale,
		Pairs: in.Symmetry,
	}
	if in.Scale == 0 {
		net.Scale = NTKScale(in.Width)
	}
	in.Redraw(net, rng)
	return net
}

// Redraw draws the weights of net anew, in place. The mask is left alone.
func (in Init) Redraw(net *Network, rng *rand.Rand) {
	if m, d := net.W.Dims(); m != in.Width || d != in.Dim {
		panic(fmt.Sprintf("nets: redraw of a %d x %d network by a law of %d x %d", m, d, in.Width, in.Dim))
	}
	free := in.Width
	if in.Symmetry != Independent {
		free /= 2
	}
	for i := range free {
		r, _ := in.pair(i)
		row := net.W.RawRowView(r)
		for k := range row {
			row[k] = in.Kappa * rng.NormFloat64()
		}
		net.A[r] = in.Output.Draw(rng)
	}
	if in.Symmetry == Independent {
		return
	}
	for i := range free {
		r, s := in.pair(i)
		copy(net.W.RawRowView(s), net.W.RawRowView(r))
		net.A[s] = -net.A[r]
	}
}

// pair returns the positions of the i-th free neuron and of its partner.
func (in Init) pair(i int) (r, s int) {
	switch in.Symmetry {
	case Antisymmetric:
		return i, i + in.Width/2
	case Coupled:
		return 2 * i, 2*i + 1
	}
	return i, i
}

// Draw returns one output weight.
func (law OutputLaw) Draw(rng *rand.Rand) float64 {
	switch law {
	case GaussianOutput:
		return rng.NormFloat64()
	case Ones:
		return 1
	}
	return float64(2*rng.IntN(2) - 1)
}
