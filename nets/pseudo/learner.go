// Package pseudo holds two-layer ReLU networks with biases of which only the hidden weights move, each beside its
// pseudo-network, whose activation patterns stay those of the start:
//
//	f(x; W') = sum_i a_i relu(z_i + w'_i.x),        z_i = w_i.x + b_i at the start,
//	g(x; W') = sum_i a_i 1{z_i >= 0} (z_i + w'_i.x),
//
// and the bilinear part of a pseudo-network of three layers.
package pseudo

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// A Law draws learners: weights and biases are N(0, 1/Width), output weights N(0, Output^2).
type Law struct {
	Width  int     `json:"m"`
	Dim    int     `json:"d"`
	Output float64 `json:"output"`
}

// Validate reports sizes that define no law.
func (l Law) Validate() error {
	if l.Width < 1 || l.Dim < 1 || !(l.Output > 0) || math.IsInf(l.Output, 0) {
		return fmt.Errorf("pseudo: width %d, dimension %d, output weights of size %v; all must be positive", l.Width, l.Dim, l.Output)
	}
	return nil
}

// Draw returns a learner at its start. It panics if Validate fails.
func (l Law) Draw(r *rand.Rand) *Learner {
	if err := l.Validate(); err != nil {
		panic(err)
	}
	net := &Learner{W: mat.NewDense(l.Width, l.Dim, nil), B: make([]float64, l.Width), A: make([]float64, l.Width)}
	scale := 1 / math.Sqrt(float64(l.Width))
	for i := range l.Width {
		row := net.W.RawRowView(i)
		for j := range row {
			row[j] = scale * r.NormFloat64()
		}
		net.B[i] = scale * r.NormFloat64()
		net.A[i] = l.Output * r.NormFloat64()
	}
	return net
}

// A Learner is a network at its start: m x d weights, m biases and m output weights. What training adds to the
// weights, W', is kept apart, since the start is needed throughout.
type Learner struct {
	W    *mat.Dense
	B, A []float64
}

// Start returns the preactivations z of the start at x.
func (l *Learner) Start(x []float64) []float64 {
	z := make([]float64, len(l.B))
	for i, b := range l.B {
		z[i] = floats.Dot(l.W.RawRowView(i), x) + b
	}
	return z
}

// Output is f(x; W').
func (l *Learner) Output(x []float64, move *mat.Dense) float64 {
	sum := 0.0
	for i, z := range l.Start(x) {
		sum += l.A[i] * math.Max(0, z+floats.Dot(move.RawRowView(i), x))
	}
	return sum
}

// Pseudo is g(x; W').
func (l *Learner) Pseudo(x []float64, move *mat.Dense) float64 {
	sum := 0.0
	for i, z := range l.Start(x) {
		if z >= 0 {
			sum += l.A[i] * (z + floats.Dot(move.RawRowView(i), x))
		}
	}
	return sum
}

// Moved is the part of g that the movement makes, sum_i a_i 1{z_i >= 0} w'_i.x.
func (l *Learner) Moved(x []float64, move *mat.Dense) float64 {
	sum := 0.0
	for i, z := range l.Start(x) {
		if z >= 0 {
			sum += l.A[i] * floats.Dot(move.RawRowView(i), x)
		}
	}
	return sum
}

// Slopes are a_i times the patterns of the network at x after the movement: the gradient of its output in W' has the
// rows Slopes_i x. Frozen takes the patterns of the start, as g does.
func (l *Learner) Slopes(x []float64, move *mat.Dense, frozen bool) []float64 {
	rows, now := make([]float64, len(l.A)), mat.DenseCopyOf(l.W)
	now.Add(now, move)
	l.evaluate(rows, x, now, frozen)
	return rows
}

// evaluate returns the output of the network or the pseudo-network with weights now, and stores its slopes.
func (l *Learner) evaluate(rows, x []float64, now *mat.Dense, frozen bool) (output float64) {
	d := len(x)
	start, weights := l.W.RawMatrix(), now.RawMatrix()
	for i, b := range l.B {
		z := b
		for k, w := range weights.Data[i*weights.Stride : i*weights.Stride+d] {
			z += w * x[k]
		}
		gate := z
		if frozen {
			gate = b
			for k, w := range start.Data[i*start.Stride : i*start.Stride+d] {
				gate += w * x[k]
			}
		}
		rows[i] = 0
		if gate >= 0 {
			rows[i] = l.A[i]
			output += l.A[i] * z
		}
	}
	return output
}

// Flips counts the patterns at x that the movement changes.
func (l *Learner) Flips(x []float64, move *mat.Dense) int {
	flips := 0
	for i, z := range l.Start(x) {
		if (z >= 0) != (z+floats.Dot(move.RawRowView(i), x) >= 0) {
			flips++
		}
	}
	return flips
}
