package autoencoder

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Decoding says how A follows B in training.
type Decoding int

// Decodings.
const (
	Optimal   Decoding = iota // the best A for B
	Tied                      // beta B^T at the best beta
	FixedTied                 // beta B^T at the beta that is given
)

// A Descent takes gradient steps on the rows of B for the population risk per coordinate on N(0, I), with the decoder
// always at its law; rows keep the length one.
type Descent struct {
	Net      *Network
	Step     float64
	Decoding Decoding
	Beta     float64 // of FixedTied
	// Riemannian steps follow a great circle for the length of the step; projected ones leave along the tangent, and rows
	// are scaled back to length one.
	Riemannian bool

	gradient *mat.Dense
}

// Decode sets the decoder by its law.
func (s *Descent) Decode() error {
	switch s.Decoding {
	case Optimal:
		return s.Net.FitDecoder()
	case Tied:
		n, _ := s.Net.B.Dims()
		s.Net.TieDecoder(s.Net.Act.Linear * float64(n) / s.quadratic())
	default:
		s.Net.TieDecoder(s.Beta)
	}
	return nil
}

// quadratic is E|B^T sigma(Bx)|^2.
func (s *Descent) quadratic() float64 {
	b, sum := s.Net.B, 0.0
	n, _ := b.Dims()
	for i := range n {
		u := b.RawRowView(i)
		sum += floats.Dot(u, u) * s.Net.Act.Pair(0)
		for j := range i {
			v := b.RawRowView(j)
			sum += 2 * floats.Dot(u, v) * s.Net.Act.Pair(Angle(u, v))
		}
	}
	return sum
}

// steepest is the slope of the correlation of two codes beyond which their rows count as parallel.
const steepest = 1e8

// Gradient returns the gradient of the risk per coordinate by B, A following its law, on the product of spheres: every row
// of it is orthogonal to that of B. Where A is optimal, in all entries or in beta, it may be held fixed.
func (s *Descent) Gradient() (*mat.Dense, error) {
	if err := s.Decode(); err != nil {
		return nil, err
	}
	b, act := s.Net.B, s.Net.Act
	n, d := b.Dims()
	if s.gradient == nil {
		s.gradient = mat.NewDense(n, d, nil)
	}
	g := s.gradient
	column := mat.DenseCopyOf(s.Net.A.T())
	g.Scale(-2*act.Linear, column)
	tied, beta2 := s.Decoding != Optimal, 0.0
	if tied { // A moves with B: its products are those of the rows
		beta := floats.Norm(column.RawRowView(0), 2)
		beta2 = beta * beta
	}
	for i := range n {
		for j := range i {
			u, v := b.RawRowView(i), b.RawRowView(j)
			angle := Angle(u, v)
			weight := 2 * floats.Dot(column.RawRowView(i), column.RawRowView(j)) * act.Slope(angle)
			if tied {
				weight += 2 * beta2 * act.Pair(angle)
			}
			if !(math.Abs(act.Slope(angle)) < steepest) {
				return nil, errors.New("two rows are parallel or opposite: the risk has no gradient there")
			}
			floats.AddScaled(g.RawRowView(i), weight, v)
			floats.AddScaled(g.RawRowView(j), weight, u)
		}
	}
	g.Scale(1/float64(d), g)
	for i := range n {
		row := b.RawRowView(i)
		floats.AddScaled(g.RawRowView(i), -floats.Dot(g.RawRowView(i), row), row)
	}
	return g, nil
}

// Next takes one step. The decoder follows at the next call of Gradient, Decode or Risk.
func (s *Descent) Next() error {
	g, err := s.Gradient()
	if err != nil {
		return err
	}
	b := s.Net.B
	n, _ := b.Dims()
	for i := range n {
		row, grad := b.RawRowView(i), g.RawRowView(i)
		if length := s.Step * floats.Norm(grad, 2); s.Riemannian && length > 0 {
			sin, cos := math.Sincos(length)
			floats.Scale(cos, row)
			floats.AddScaled(row, -s.Step*sin/length, grad)
		} else {
			floats.AddScaled(row, -s.Step, grad)
		}
		norm := floats.Norm(row, 2)
		if !(norm > 0) || math.IsInf(norm, 0) {
			return errors.New("a row is zero or infinite after the step: take a smaller one")
		}
		floats.Scale(1/norm, row)
	}
	return nil
}

// Risk is the population risk per coordinate, the decoder at its law.
func (s *Descent) Risk() (float64, error) {
	if err := s.Decode(); err != nil {
		return 0, err
	}
	_, d := s.Net.B.Dims()
	risk, err := s.Net.PopulationRisk(nil)
	return risk / float64(d), err
}
