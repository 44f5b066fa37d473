// Package neuron has the products of one hidden neuron with the samples, which are nearly all that a step of gradient
// descent on a shallow network costs: in Go, and in assembly for AVX2 with FMA and AVX-512.
//
// Each component of a product is one chain of fused multiply-adds in the order of its terms, so that all versions
// give the same bytes.
package neuron

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Samples are the rows of X (n x d), with a copy of its transpose.
type Samples struct {
	x, xt            []float64
	n, d             int
	strideX, strideT int
	loops            loops
}

// loops are the two loops over a run of memory, for one instruction set.
type loops struct {
	name string
	// combine sets dst_i = sum_k c_k rows[k*stride+i], or adds that to dst_i.
	combine func(dst, rows, c []float64, stride int, add bool)
	weigh   func(coef, e, z []float64, scale float64)
	add     func(u, z []float64, weight float64)
	step    func(s *Samples, w, z []float64, t *Step)
}

// fastest are the loops of this machine.
var fastest = available()[0]

var portable = loops{"go", combine, weigh, add, step}

// New holds the rows of x, which it shares; Set follows their changes.
func New(x *mat.Dense) *Samples { return newSamples(x, fastest) }

// available lists the loops that this machine can run, the fastest first.
func available() []loops { return append(assembly(), portable) }

func newSamples(x *mat.Dense, l loops) *Samples {
	const lanes = 8 // rows of the transpose start on a vector
	raw := x.RawMatrix()
	s := &Samples{x: raw.Data, n: raw.Rows, d: raw.Cols, strideX: raw.Stride, strideT: (raw.Rows + lanes - 1) / lanes * lanes, loops: l}
	s.xt = make([]float64, s.d*s.strideT)
	for i := range s.n {
		s.Set(i, raw.Data[i*raw.Stride:i*raw.Stride+s.d])
	}
	return s
}

// Set takes x (d), which now is row i of X, into the transpose.
func (s *Samples) Set(i int, x []float64) {
	for k, v := range x {
		s.xt[k*s.strideT+i] = v
	}
}

// Preactivate sets z (n) to X w.
func (s *Samples) Preactivate(z, w []float64) {
	s.loops.combine(z[:s.n], s.xt, w[:s.d], s.strideT, false)
}

// Pull sets w (d) to X^T c.
func (s *Samples) Pull(w, c []float64) { s.loops.combine(w[:s.d], s.x, c[:s.n], s.strideX, false) }

// Move adds X^T c to w (d).
func (s *Samples) Move(w, c []float64) { s.loops.combine(w[:s.d], s.x, c[:s.n], s.strideX, true) }

// A Step is a step of gradient descent on one ReLU neuron: with the derivatives E of the loss in the outputs,
//
//	coef_i = Scale E_i 1{z_i >= 0},  w += X^T coef,  z = X w,  U_i += Weight max(z_i, 0).
type Step struct {
	E, U, Coef    []float64 // n each
	Scale, Weight float64
}

// Step takes the step of the neuron with weights w (d) and preactivations z (n).
func (s *Samples) Step(w, z []float64, t *Step) {
	s.loops.step(s, w[:s.d], z[:s.n], t)
}

// Weigh sets coef_i to scale e_i 1{z_i >= 0}, for all of z.
func Weigh(coef, e, z []float64, scale float64) { fastest.weigh(coef[:len(z)], e[:len(z)], z, scale) }

// Add adds weight max(z_i, 0) to u_i, for all of z.
func Add(u, z []float64, weight float64) { fastest.add(u[:len(z)], z, weight) }

func combine(dst, rows, c []float64, stride int, add bool) {
	if !add {
		clear(dst)
	}
	for k, f := range c {
		for i, v := range rows[k*stride : k*stride+len(dst)] {
			dst[i] = math.FMA(f, v, dst[i])
		}
	}
}

func weigh(coef, e, z []float64, scale float64) {
	for i, v := range z {
		coef[i] = unless(Inactive(v), scale*e[i])
	}
}

func add(u, z []float64, weight float64) {
	for i, v := range z {
		u[i] += float64(weight * ReLU(v)) // rounded before it is added: coupled partners cancel
	}
}

func step(s *Samples, w, z []float64, t *Step) {
	coef := t.Coef[:s.n]
	weigh(coef, t.E, z, t.Scale)
	combine(w, s.x, coef, s.strideX, true)
	combine(z, s.xt, w, s.strideT, false)
	add(t.U, z, t.Weight)
}

// ReLU and Inactive work on the sign bit: patterns are coin flips at random
// weights, and a mispredicted branch costs more than the rest of the loop.
func ReLU(z float64) float64 { return unless(math.Float64bits(z)>>63, z) }

// Inactive is 1 if z < 0 and 0 if z >= 0. Adding +0 turns -0 into +0, which is
// active.
func Inactive(z float64) uint64 { return math.Float64bits(z+0) >> 63 }

// unless is v if off is 0, and 0 if it is 1.
func unless(off uint64, v float64) float64 {
	return math.Float64frombits(math.Float64bits(v) &^ -off)
}
