// Package joint holds two-layer networks of which every parameter is trained, biases included:
//
//	f(x) = m^{-1/2} sum_r a_r phi(w_r.x + b_r) + b_0,    theta = (w, b, a, b_0).
//
// An evaluation on samples, a [Point], gives outputs, gradients and tangent kernels of all parameters. The sum over
// neurons goes by pairs r, r+m/2, so that doubled networks start at an output of exactly zero.
package joint

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// A Network is one choice of all parameters. It is its own tangent space: a gradient is a Network too.
type Network struct {
	W   *mat.Dense // m x d, one neuron a row
	B   []float64  // biases of the neurons
	A   []float64  // output weights
	B0  float64    // bias of the output
	Act nets.Activation
}

// A Law draws networks: w_r ~ N(0, I_d), b_r ~ N(0, 1), b_0 = 0.
type Law struct {
	Width, Dim int // m and d
	Act        nets.Activation
	Output     nets.OutputLaw
	// Doubled copies the first m/2 neurons to the rest with their output weights negated: the output is zero.
	Doubled bool
}

// Validate reports sizes that define no law.
func (l Law) Validate() error {
	switch {
	case l.Width < 1 || l.Dim < 1:
		return fmt.Errorf("joint: width %d and dimension %d; both are at least 1", l.Width, l.Dim)
	case l.Doubled && l.Width%2 != 0:
		return fmt.Errorf("joint: width %d; doubled neurons need an even one", l.Width)
	case l.Act.Value == nil || l.Act.Deriv == nil:
		return errors.New("joint: no activation; take one of package nets")
	}
	return nil
}

// Draw returns a network drawn from the law. It panics if Validate fails.
func (l Law) Draw(rng *rand.Rand) *Network {
	if err := l.Validate(); err != nil {
		panic(err)
	}
	net := &Network{W: mat.NewDense(l.Width, l.Dim, nil), B: make([]float64, l.Width), A: make([]float64, l.Width), Act: l.Act}
	free := l.Width
	if l.Doubled {
		free /= 2
	}
	for r := range free {
		row := net.W.RawRowView(r)
		for k := range row {
			row[k] = rng.NormFloat64()
		}
		net.B[r], net.A[r] = rng.NormFloat64(), l.Output.Draw(rng)
	}
	for r := free; r < l.Width; r++ {
		copy(net.W.RawRowView(r), net.W.RawRowView(r-free))
		net.B[r], net.A[r] = net.B[r-free], -net.A[r-free]
	}
	return net
}

// Width is the number m of neurons.
func (net *Network) Width() int { return len(net.A) }

// Clone returns a copy that shares nothing with net.
func (net *Network) Clone() *Network {
	return &Network{W: mat.DenseCopyOf(net.W), B: slices.Clone(net.B), A: slices.Clone(net.A), B0: net.B0, Act: net.Act}
}

// Move subtracts eta times a direction from all parameters.
func (net *Network) Move(eta float64, direction *Network) {
	floats.AddScaled(net.W.RawMatrix().Data, -eta, direction.W.RawMatrix().Data)
	floats.AddScaled(net.B, -eta, direction.B)
	floats.AddScaled(net.A, -eta, direction.A)
	net.B0 -= eta * direction.B0
}

// Distance is the Euclidean distance of all parameters.
func (net *Network) Distance(o *Network) float64 {
	w := floats.Distance(net.W.RawMatrix().Data, o.W.RawMatrix().Data, 2)
	b, a := floats.Distance(net.B, o.B, 2), floats.Distance(net.A, o.A, 2)
	return math.Hypot(math.Hypot(w, b), math.Hypot(a, net.B0-o.B0))
}

// Norm is the Euclidean norm of all parameters.
func (net *Network) Norm() float64 {
	w := floats.Norm(net.W.RawMatrix().Data, 2)
	return math.Hypot(math.Hypot(w, floats.Norm(net.B, 2)), math.Hypot(floats.Norm(net.A, 2), net.B0))
}

// A Point is a network evaluated on samples. It keeps the values of the parameters that it was made with, as long as the
// network is not moved.
type Point struct {
	net   *Network
	x     *mat.Dense // n x d
	value *mat.Dense // n x m, phi(z)
	slope *mat.Dense // n x m, phi'(z)
}

// At evaluates the network on the rows of x (n x d).
func (net *Network) At(x *mat.Dense) *Point {
	n, _ := x.Dims()
	m := net.Width()
	p := &Point{net: net, x: x, value: mat.NewDense(n, m, nil), slope: mat.NewDense(n, m, nil)}
	p.value.Mul(x, net.W.T())
	for i := range n {
		value, slope := p.value.RawRowView(i), p.slope.RawRowView(i)
		for r, z := range value {
			z += net.B[r]
			value[r], slope[r] = net.Act.Value(z), net.Act.Deriv(z)
		}
	}
	return p
}

// Output returns f(x_i).
func (p *Point) Output() []float64 {
	n, m := p.value.Dims()
	scale := nets.NTKScale(m)
	out := make([]float64, n)
	for i := range out {
		value, half, sum := p.value.RawRowView(i), m/2, 0.0
		for r := range half {
			sum += p.net.A[r]*value[r] + p.net.A[r+half]*value[r+half]
		}
		if m%2 == 1 {
			sum += p.net.A[m-1] * value[m-1]
		}
		out[i] = scale*sum + p.net.B0
	}
	return out
}

// Magnitude is the largest sum of absolute values that Output adds up: its rounding is some units of that.
func (p *Point) Magnitude() float64 {
	n, m := p.value.Dims()
	largest := 0.0
	for i := range n {
		sum := 0.0
		for r, v := range p.value.RawRowView(i) {
			sum += math.Abs(p.net.A[r] * v)
		}
		largest = math.Max(largest, nets.NTKScale(m)*sum+math.Abs(p.net.B0))
	}
	return largest
}

// Gradient is sum_i e_i grad f(x_i): the gradient of a loss whose derivative in the outputs is e.
func (p *Point) Gradient(e []float64) *Network {
	n, m := p.value.Dims()
	_, d := p.x.Dims()
	g := &Network{W: mat.NewDense(m, d, nil), B: make([]float64, m), A: make([]float64, m), Act: p.net.Act}
	scale := nets.NTKScale(m)
	weighted := mat.NewDense(n, m, nil)
	for i := range n {
		floats.AddScaled(g.A, scale*e[i], p.value.RawRowView(i))
		row, slope := weighted.RawRowView(i), p.slope.RawRowView(i)
		for r := range row {
			row[r] = scale * e[i] * p.net.A[r] * slope[r]
		}
		floats.Add(g.B, row)
		g.B0 += e[i]
	}
	g.W.Mul(weighted.T(), p.x)
	return g
}

// Kernel is the tangent kernel <grad f(x_i), grad f(y_j)> of all parameters, of the samples of p (rows) and of q, two points
// of one network.
func (p *Point) Kernel(q *Point) *mat.Dense {
	k := p.HiddenKernel(q)
	var features mat.Dense
	features.Mul(p.value, q.value.T())
	m := float64(p.net.Width())
	k.Apply(func(i, j int, v float64) float64 { return v + features.At(i, j)/m + 1 }, k)
	return k
}

// HiddenKernel is the part of the tangent kernel that the weights and biases of the neurons make.
func (p *Point) HiddenKernel(q *Point) *mat.Dense {
	n, m := p.slope.Dims()
	weighted := mat.NewDense(n, m, nil)
	for i := range n {
		row, slope := weighted.RawRowView(i), p.slope.RawRowView(i)
		for r, a := range p.net.A {
			row[r] = a * a * slope[r] / float64(m)
		}
	}
	var gates, inner mat.Dense
	gates.Mul(weighted, q.slope.T())
	inner.Mul(p.x, q.x.T())
	gates.Apply(func(i, j int, v float64) float64 { return v * (inner.At(i, j) + 1) }, &gates)
	return &gates
}

// Gram is the tangent kernel of the samples among themselves, over their number: the G of gradient descent on the mean loss
// (1/(2n)) sum_i (f(x_i) - y_i)^2.
func (p *Point) Gram() *mat.SymDense {
	k := p.Kernel(p)
	n, _ := k.Dims()
	g := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			g.SetSym(i, j, k.At(i, j)/float64(n))
		}
	}
	return g
}
