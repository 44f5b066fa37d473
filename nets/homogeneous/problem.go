package homogeneous

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// A Loss is ell(h, y) of the outputs for one sample.
type Loss int

const (
	Squared      Loss = iota // (1/2)||h - y||^2
	CrossEntropy             // -sum_k y_k log p_k with p = softmax(h); y is a probability
)

// A Problem is a network with the data that it is trained on.
type Problem struct {
	Sizes       []int   // d_0, ..., d_n
	Plus, Minus float64 // slopes of the activation; both 0 stands for a linear network
	X, Y        *mat.Dense
	Loss        Loss
	Mean        bool // divide by the number of samples
}

// Whitened is the deep linear network with loss (1/2)||W_n ... W_1 - Lambda||_F^2.
func Whitened(sizes []int, lambda *mat.Dense) Problem {
	_, d := lambda.Dims()
	x := mat.NewDense(d, d, nil)
	for i := range d {
		x.Set(i, i, 1)
	}
	return Problem{Sizes: sizes, X: x, Y: mat.DenseCopyOf(lambda.T())}
}

func (p Problem) validate() error {
	if len(p.Sizes) < 2 {
		return fmt.Errorf("homogeneous: sizes %v: give inputs, hidden layers and outputs", p.Sizes)
	}
	for _, d := range p.Sizes {
		if d < 1 {
			return fmt.Errorf("homogeneous: sizes %v: every layer needs a neuron", p.Sizes)
		}
	}
	if err := nets.CheckData(p.X, nil); err != nil {
		return err
	}
	n, d := p.X.Dims()
	m, k := p.Y.Dims()
	if d != p.Sizes[0] || m != n || k != p.Sizes[len(p.Sizes)-1] {
		return fmt.Errorf("homogeneous: sizes %v do not fit inputs of %d x %d and targets of %d x %d", p.Sizes, n, d, m, k)
	}
	return nil
}

// An Objective is the loss of a problem as a function of the weights. It owns buffers: one goroutine at a time.
type Objective struct {
	Problem Problem

	offsets []int   // of each layer in the weights, and their number
	scale   float64 // of a sample in the loss
	act     []layer // of one sample, by layer from the inputs on
	target  []float64
}

// A layer holds a sample on its way: values after the activation, slopes, the backward vector, and a tangent of each.
type layer struct{ a, slope, b, da, db []float64 }

// New prepares the loss of a problem.
func New(p Problem) (*Objective, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	if p.Plus == 0 && p.Minus == 0 {
		p.Plus, p.Minus = 1, 1
	}
	o := &Objective{Problem: p, offsets: []int{0}, scale: 1}
	for j, d := range p.Sizes {
		o.act = append(o.act, layer{make([]float64, d), make([]float64, d), make([]float64, d), make([]float64, d), make([]float64, d)})
		if j > 0 {
			o.offsets = append(o.offsets, o.offsets[j-1]+d*p.Sizes[j-1])
		}
	}
	if p.Mean {
		o.scale = 1 / float64(p.X.RawMatrix().Rows)
	}
	return o, nil
}

// Depth is the number n of weight layers.
func (o *Objective) Depth() int { return len(o.Problem.Sizes) - 1 }

// Dim is the number of weights.
func (o *Objective) Dim() int { return o.offsets[o.Depth()] }

// Layer is W_j, j = 1..n, in weights or anything of their shape, with which it shares its memory.
func (o *Objective) Layer(theta []float64, j int) *mat.Dense {
	return mat.NewDense(o.Problem.Sizes[j], o.Problem.Sizes[j-1], theta[o.offsets[j-1]:o.offsets[j]])
}

// Product is W_high ... W_low; the identity where low exceeds high.
func (o *Objective) Product(theta []float64, high, low int) *mat.Dense {
	d := o.Problem.Sizes[low-1]
	w := mat.NewDense(d, d, nil)
	for i := range d {
		w.Set(i, i, 1)
	}
	for j := low; j <= high; j++ {
		next := new(mat.Dense)
		next.Mul(o.Layer(theta, j), w)
		w = next
	}
	return w
}

// Gaussian draws independent N(0, std^2) weights.
func Gaussian(sizes []int, std float64, r *rand.Rand) []float64 {
	n := 0
	for j := 1; j < len(sizes); j++ {
		n += sizes[j] * sizes[j-1]
	}
	theta := make([]float64, n)
	for i := range theta {
		theta[i] = std * r.NormFloat64()
	}
	return theta
}

// Balanced draws weights of a network with one output that multiply to w: W_j = s^{1/n} u_j u_{j-1}^T with s = ||w||,
// u_0 = w/s, u_n = 1 and uniform unit vectors u_1, ..., u_{n-1}. They satisfy W_{j+1}^T W_{j+1} = W_j W_j^T.
func Balanced(hidden []int, w []float64, r *rand.Rand) []float64 {
	norm := floats.Norm(w, 2)
	root := math.Pow(norm, 1/float64(len(hidden)+1))
	before := make([]float64, len(w))
	floats.ScaleTo(before, 1/norm, w)
	var theta []float64
	for j := 0; j <= len(hidden); j++ {
		after := []float64{1}
		if j < len(hidden) {
			after = unit(hidden[j], r)
		}
		for _, a := range after {
			for _, b := range before {
				theta = append(theta, root*a*b)
			}
		}
		before = after
	}
	return theta
}

// unit draws a uniform direction.
func unit(d int, r *rand.Rand) []float64 {
	u := make([]float64, d)
	for {
		for i := range u {
			u[i] = r.NormFloat64()
		}
		if norm := floats.Norm(u, 2); norm > 0 {
			floats.Scale(1/norm, u)
			return u
		}
	}
}
