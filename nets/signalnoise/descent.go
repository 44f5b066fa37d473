package signalnoise

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Descent is gradient descent in inner products. A filter is its start plus a combination of mu and the noise patches, so
// that its products with these n+1 vectors follow from one another through their Gram matrix.
type Descent struct {
	Eta   float64
	Decay float64 // weight decay: every step multiplies the weights by 1 - Decay first

	start    *Network
	sample   *Sample
	vectors  *mat.Dense // mu, xi_1, ..., xi_n
	gram     *mat.Dense
	products *mat.Dense // of filter k with vector i
	coefs    *mat.Dense // of vector i in filter k
	kept     float64    // what decay has left of the start
	outputs  []float64
	slopes   []float64 // -l'(y_i f(x_i)) >= 0
	step     []float64
}

// NewDescent starts descent of step size eta at the network, which it leaves as it is.
func NewDescent(net *Network, s *Sample, eta float64) (*Descent, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	n := s.N()
	d := &Descent{
		Eta: eta, start: net.Clone(), sample: s, vectors: s.Vectors(), kept: 1,
		gram: mat.NewDense(n+1, n+1, nil), products: mat.NewDense(2*net.Filters(), n+1, nil), coefs: mat.NewDense(2*net.Filters(), n+1, nil),
		outputs: make([]float64, n), slopes: make([]float64, n), step: make([]float64, n+1),
	}
	d.gram.Mul(d.vectors, d.vectors.T())
	d.products.Mul(net.W, d.vectors.T())
	d.forward()
	return d, nil
}

// forward brings outputs and slopes up to date with the products.
func (d *Descent) forward() {
	clear(d.outputs)
	phi := d.start.Activation.Value
	for k := range 2 * d.start.Filters() {
		p, c := d.products.RawRowView(k), d.start.sign(k)/float64(d.start.Filters())
		plus, minus := phi(p[0]), phi(-p[0])
		for i, y := range d.sample.Y {
			v := phi(p[i+1])
			if y > 0 {
				v += plus
			} else {
				v += minus
			}
			d.outputs[i] += c * v
		}
	}
	for i, y := range d.sample.Y {
		d.slopes[i] = 1 / (1 + math.Exp(y*d.outputs[i]))
	}
}

// Step takes one step.
func (d *Descent) Step() {
	var pull [2]float64 // of the samples of label +1, and -1
	for i, y := range d.sample.Y {
		if y > 0 {
			pull[0] += d.slopes[i]
		} else {
			pull[1] += d.slopes[i]
		}
	}
	n, m := d.sample.N(), d.start.Filters()
	keep := 1 - d.Decay
	d.kept *= keep
	deriv := d.start.Activation.Deriv
	for k := range 2 * m {
		p, c := d.products.RawRowView(k), d.coefs.RawRowView(k)
		rate := d.Eta * d.start.sign(k) / float64(n*m)
		d.step[0] = rate * (pull[0]*deriv(p[0]) + pull[1]*deriv(-p[0]))
		for i, y := range d.sample.Y {
			d.step[i+1] = rate * y * d.slopes[i] * deriv(p[i+1])
		}
		if d.Decay != 0 {
			floats.Scale(keep, p)
			floats.Scale(keep, c)
		}
		for i, v := range d.step {
			if v == 0 {
				continue
			}
			c[i] += v
			for l, g := range d.gram.RawRowView(i) {
				p[l] += v * g
			}
		}
	}
	d.forward()
}

// Run takes steps until the training loss is at most loss, and returns their number, or most + 1 when it is not reached.
func (d *Descent) Run(loss float64, most int) int {
	for t := range most + 1 {
		if d.Loss() <= loss {
			return t
		}
		d.Step()
	}
	return most + 1
}

// Loss is the training loss.
func (d *Descent) Loss() float64 {
	sum := 0.0
	for i, y := range d.sample.Y {
		sum += softplus(-y * d.outputs[i])
	}
	return sum / float64(d.sample.N())
}

// Outputs are f(x_i); they change with the next step.
func (d *Descent) Outputs() []float64 { return d.outputs }

// Signal is the inner product of filter k with mu.
func (d *Descent) Signal(k int) float64 { return d.products.At(k, 0) }

// Noise is the inner product of filter k with noise patch i.
func (d *Descent) Noise(k, i int) float64 { return d.products.At(k, i+1) }

// Coefficient is the coefficient of vector i of [Sample.Vectors] in filter k.
func (d *Descent) Coefficient(k, i int) float64 { return d.coefs.At(k, i) }

// Network is the network where descent has come to.
func (d *Descent) Network() *Network {
	net := d.start.Clone()
	net.W.Scale(d.kept, net.W)
	var moved mat.Dense
	moved.Mul(d.coefs, d.vectors)
	net.W.Add(net.W, &moved)
	return net
}
