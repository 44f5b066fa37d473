package nets

import (
	"convergo/nets/internal/neuron"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Layers says which weights are trained, or differentiated.
type Layers uint8

// The first layer is W, the second a. Most theorems train the first only.
const (
	FirstLayer Layers = 1 << iota
	SecondLayer
	BothLayers = FirstLayer | SecondLayer
)

// A Network is f(x) = Scale * sum_r M_r A_r Act(w_r . x).
type Network struct {
	W     *mat.Dense // m x d, one neuron a row
	A     []float64  // m output weights
	Act   Activation
	Scale float64 // 1/sqrt(m) or 1/m of the full width m, masked or not
	Mask  []bool  // neurons that are kept; nil keeps all

	// Pairs says how neurons were tied at the start. It changes no output but
	// by rounding: the sum over neurons goes so that tied pairs cancel exactly.
	Pairs Symmetry
}

// NTKScale is the output scale 1/sqrt(m).
func NTKScale(m int) float64 { return 1 / math.Sqrt(float64(m)) }

// MeanFieldScale is the output scale 1/m.
func MeanFieldScale(m int) float64 { return 1 / float64(m) }

// Width is the number m of hidden neurons, masked ones included.
func (net *Network) Width() int { return len(net.A) }

// Dim is the input dimension d.
func (net *Network) Dim() int { _, d := net.W.Dims(); return d }

// Keeps says whether neuron r takes part.
func (net *Network) Keeps(r int) bool { return net.Mask == nil || net.Mask[r] }

// Masked returns the sub-network of the neurons with mask true. It shares the
// weights of net, and its scale: the masked network of Liao and Kyrillidis 2022 is not rescaled.
func (net *Network) Masked(mask []bool) *Network {
	if len(mask) != net.Width() {
		panic(fmt.Sprintf("nets: mask of %d entries for a network of width %d", len(mask), net.Width()))
	}
	sub := *net
	sub.Mask = mask
	return &sub
}

// Clone returns a copy that shares nothing with net.
func (net *Network) Clone() *Network {
	c := *net
	c.W = mat.DenseCopyOf(net.W)
	c.A = append([]float64(nil), net.A...)
	c.Mask = append([]bool(nil), net.Mask...)
	return &c
}

// Validate reports inconsistent shapes and weights that are not finite.
func (net *Network) Validate() error {
	m, d := net.W.Dims()
	switch {
	case len(net.A) != m:
		return fmt.Errorf("nets: %d output weights for %d neurons; give one a neuron", len(net.A), m)
	case net.Mask != nil && len(net.Mask) != m:
		return fmt.Errorf("nets: mask of %d entries for %d neurons; give one a neuron, or nil", len(net.Mask), m)
	case net.Act.Value == nil || net.Act.Deriv == nil:
		return fmt.Errorf("nets: the activation has no value or no derivative; take nets.ReLU() or fill both in")
	case !(net.Scale > 0) || math.IsInf(net.Scale, 0):
		return fmt.Errorf("nets: output scale %v; take nets.NTKScale(%d)", net.Scale, m)
	}
	for r := range m {
		for k, v := range net.W.RawRowView(r)[:d] {
			if !finite(v) {
				return fmt.Errorf("nets: weight %d of neuron %d is %v; weights must be finite", k, r, v)
			}
		}
		if !finite(net.A[r]) {
			return fmt.Errorf("nets: output weight %d is %v; weights must be finite", r, net.A[r])
		}
	}
	return nil
}

// CheckData reports inputs that no claim can mean: shapes that do not fit,
// values that are not finite, zero rows, and rows of which float64 cannot hold
// the squared norm. A nil y is not looked at.
func CheckData(x *mat.Dense, y []float64) error {
	n, d := x.Dims()
	if y != nil && len(y) != n {
		return fmt.Errorf("nets: %d labels for %d samples; give one a sample", len(y), n)
	}
	for i := range n {
		square, zero := 0.0, true
		for k, v := range x.RawRowView(i)[:d] {
			if !finite(v) {
				return fmt.Errorf("nets: feature %d of sample %d is %v; drop or mend the sample", k, i, v)
			}
			zero = zero && v == 0
			square += v * v
		}
		if zero {
			return fmt.Errorf("nets: sample %d is zero; drop it, no network without biases can fit it", i)
		}
		if !holds(square) {
			return fmt.Errorf("nets: sample %d has entries of size %g, whose squares float64 cannot hold; scale the samples to norms near 1", i, floats.Norm(x.RawRowView(i), math.Inf(1)))
		}
		if y != nil && !finite(y[i]) {
			return fmt.Errorf("nets: label %d is %v; drop or mend the sample", i, y[i])
		}
	}
	return nil
}

// Output returns f(x_i) for every row of x (n x d). It needs memory for one
// neuron and a copy of x; a Batch is for repeated evaluation on the same samples.
func (net *Network) Output(x *mat.Dense) []float64 {
	n, _ := x.Dims()
	z, acc, rows := make([]float64, n), newAccumulator(n), neuron.New(x)
	acc.reset(net)
	for r := range net.Width() {
		if net.Keeps(r) {
			rows.Preactivate(z, net.W.RawRowView(r))
			acc.add(net, r, z)
		}
	}
	u := make([]float64, n)
	acc.sum(u)
	return u
}

// An accumulator sums the output over neurons. The partners of an antisymmetric
// network lie m/2 apart: its two halves are summed apart, with the same
// rounding, so that they cancel to the last bit. Coupled partners follow each
// other and cancel as they come.
type accumulator struct {
	lo, hi []float64
	half   int
}

func newAccumulator(n int) accumulator {
	return accumulator{lo: make([]float64, n), hi: make([]float64, n)}
}

func (acc *accumulator) reset(net *Network) {
	clear(acc.lo)
	clear(acc.hi)
	acc.half = net.Width()
	if net.Pairs == Antisymmetric {
		acc.half /= 2
	}
}

// of is the sum that neuron r goes into.
func (acc *accumulator) of(r int) []float64 {
	if r >= acc.half {
		return acc.hi
	}
	return acc.lo
}

func (acc *accumulator) add(net *Network, r int, z []float64) {
	net.Act.accumulate(acc.of(r), net.Scale*net.A[r], z)
}

func (acc *accumulator) sum(u []float64) {
	for i := range u {
		u[i] = acc.lo[i] + acc.hi[i]
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
