package homogeneous

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// forward sends a sample through the network.
func (o *Objective) forward(theta []float64, i int) {
	copy(o.act[0].a, o.Problem.X.RawRowView(i))
	n := o.Depth()
	for j := 1; j <= n; j++ {
		in, out := &o.act[j-1], &o.act[j]
		w, d := theta[o.offsets[j-1]:o.offsets[j]], len(in.a)
		for r := range out.a {
			z := dot(w[r*d:(r+1)*d], in.a)
			switch {
			case j == n:
				out.slope[r] = 1
			case z >= 0:
				out.slope[r] = o.Problem.Plus
			default:
				out.slope[r] = o.Problem.Minus
			}
			out.a[r] = out.slope[r] * z
		}
	}
	o.target = o.Problem.Y.RawRowView(i)
}

// tangent sends the derivative along v after it.
func (o *Objective) tangent(theta, v []float64) {
	clear(o.act[0].da)
	for j := 1; j <= o.Depth(); j++ {
		in, out := &o.act[j-1], &o.act[j]
		d := len(in.a)
		for r := range out.a {
			row := o.offsets[j-1] + r*d
			out.da[r] = out.slope[r] * (dot(v[row:row+d], in.a) + dot(theta[row:row+d], in.da))
		}
	}
}

// loss stores the gradient of ell in the backward vector of the last layer, and returns ell.
func (o *Objective) loss() float64 {
	last := &o.act[o.Depth()]
	sum := 0.0
	if o.Problem.Loss == Squared {
		for k, h := range last.a {
			last.b[k] = h - o.target[k]
			sum += last.b[k] * last.b[k]
		}
		return sum / 2
	}
	softmax(last.b, last.a)
	for k, y := range o.target {
		if y != 0 {
			sum -= y * math.Log(last.b[k])
		}
		last.b[k] -= y
	}
	return sum
}

// lossTangent stores the derivative of that gradient along the tangent of the outputs.
func (o *Objective) lossTangent() {
	last := &o.act[o.Depth()]
	if o.Problem.Loss == Squared {
		copy(last.db, last.da)
		return
	}
	softmax(last.db, last.a)
	mean := dot(last.db, last.da)
	for k, p := range last.db {
		last.db[k] = p * (last.da[k] - mean)
	}
}

func softmax(dst, h []float64) {
	top := floats.Max(h)
	for k, v := range h {
		dst[k] = math.Exp(v - top)
	}
	floats.Scale(1/floats.Sum(dst), dst)
}

// Value is f.
func (o *Objective) Value(theta []float64) float64 {
	n, _ := o.Problem.X.Dims()
	sum := 0.0
	for i := range n {
		o.forward(theta, i)
		sum += o.loss()
	}
	return o.scale * sum
}

// Gradient stores the gradient of f in dst and returns f.
func (o *Objective) Gradient(dst, theta []float64) float64 {
	clear(dst)
	n, _ := o.Problem.X.Dims()
	sum := 0.0
	for i := range n {
		o.forward(theta, i)
		sum += o.loss()
		for j := o.Depth(); j >= 1; j-- {
			in, out := &o.act[j-1], &o.act[j]
			d := len(in.a)
			clear(in.b)
			for r, b := range out.b {
				row := o.offsets[j-1] + r*d
				add(dst[row:row+d], o.scale*b, in.a)
				add(in.b, b, theta[row:row+d])
			}
			if j > 1 {
				floats.Mul(in.b, in.slope)
			}
		}
	}
	return o.scale * sum
}

// HessianVector stores the product of the Hessian of f with v in dst.
func (o *Objective) HessianVector(dst, theta, v []float64) {
	clear(dst)
	n, _ := o.Problem.X.Dims()
	for i := range n {
		o.forward(theta, i)
		o.tangent(theta, v)
		o.loss()
		o.lossTangent()
		for j := o.Depth(); j >= 1; j-- {
			in, out := &o.act[j-1], &o.act[j]
			d := len(in.a)
			clear(in.b)
			clear(in.db)
			for r, b := range out.b {
				row, db := o.offsets[j-1]+r*d, out.db[r]
				add(dst[row:row+d], o.scale*db, in.a)
				add(dst[row:row+d], o.scale*b, in.da)
				add(in.b, b, theta[row:row+d])
				add(in.db, b, v[row:row+d])
				add(in.db, db, theta[row:row+d])
			}
			if j > 1 {
				floats.Mul(in.b, in.slope)
				floats.Mul(in.db, in.slope)
			}
		}
	}
}

// Hessian is the Hessian of f.
func (o *Objective) Hessian(theta []float64) *mat.SymDense {
	p := o.Dim()
	h, v, column := mat.NewSymDense(p, nil), make([]float64, p), make([]float64, p)
	for i := range p {
		v[i] = 1
		o.HessianVector(column, theta, v)
		v[i] = 0
		for k := i; k < p; k++ {
			h.SetSym(i, k, column[k])
		}
	}
	return h
}

// OutputGradients are the gradients of ell at the outputs, one sample a row, without the mean's factor.
func (o *Objective) OutputGradients(theta []float64) *mat.Dense {
	n, _ := o.Problem.X.Dims()
	g := mat.NewDense(n, o.Problem.Sizes[o.Depth()], nil)
	for i := range n {
		o.forward(theta, i)
		o.loss()
		g.SetRow(i, o.act[o.Depth()].b)
	}
	return g
}

// ProductGradient is the gradient of the loss of a deep linear network in the product of its layers.
func (o *Objective) ProductGradient(theta []float64) *mat.Dense {
	g := new(mat.Dense)
	g.Mul(o.OutputGradients(theta).T(), o.Problem.X)
	g.Scale(o.scale, g)
	return g
}

// Closest is the least absolute preactivation of a hidden neuron on a sample: how near the weights are to a kink.
func (o *Objective) Closest(theta []float64) float64 {
	n, _ := o.Problem.X.Dims()
	least := math.Inf(1)
	for i := range n {
		o.forward(theta, i)
		for j := 1; j < o.Depth(); j++ {
			d := len(o.act[j-1].a)
			for r := range o.act[j].a {
				row := o.offsets[j-1] + r*d
				least = min(least, math.Abs(dot(theta[row:row+d], o.act[j-1].a)))
			}
		}
	}
	return least
}

// dot and add are loops: layers have a few neurons, too few for a call to pay.
func dot(a, b []float64) float64 {
	sum := 0.0
	b = b[:len(a)]
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

func add(dst []float64, s float64, v []float64) {
	v = v[:len(dst)]
	for i := range dst {
		dst[i] += s * v[i]
	}
}
