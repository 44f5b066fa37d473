// Package autoencoder holds two-layer autoencoders x -> A sigma(Bx) with few units: their risk on samples and on Gaussian
// data, frames to start from, and projected or Riemannian gradient steps on rows of unit length.
//
// The population risk is computed unit by unit from angles, chords and quadrature, and not from the power series of the
// theory, so that the two can be held against each other.
package autoencoder

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// An Activation is sigma with the Gaussian means that the risk is made of; both are for standard normal preactivations.
type Activation struct {
	Name  string
	Value func(z float64) float64
	// Linear is E[g sigma(g)].
	Linear float64
	// Pair is E[sigma(u.g) sigma(v.g)] for unit vectors u and v at this angle.
	Pair func(angle float64) float64
	// Slope is the derivative of Pair by the cosine of the angle.
	Slope func(angle float64) float64
}

// Sign is +1 from zero on and -1 below: one bit a unit. Two of them differ with probability angle/pi.
func Sign() Activation {
	return Activation{
		Name:   "sign",
		Value:  func(z float64) float64 { return math.Copysign(1, z) },
		Linear: math.Sqrt(2 / math.Pi),
		Pair:   func(angle float64) float64 { return 1 - 2*angle/math.Pi },
		Slope:  func(angle float64) float64 { return 2 / (math.Pi * math.Sin(angle)) },
	}
}

// ReLU is max(z, 0).
func ReLU() Activation {
	return Activation{
		Name:   "relu",
		Value:  func(z float64) float64 { return max(z, 0) },
		Linear: 0.5,
		Pair: func(angle float64) float64 {
			return (math.Sin(angle) + (math.Pi-angle)*math.Cos(angle)) / (2 * math.Pi)
		},
		Slope: func(angle float64) float64 { return (math.Pi - angle) / (2 * math.Pi) },
	}
}

// Cubic is z + a (z^3 - 3z)/sqrt 6. Its means are by Gauss-Hermite quadrature with four nodes, exact for polynomials of
// this degree.
func Cubic(a float64) Activation {
	value := func(z float64) float64 { return z + a*z*(z*z-3)/math.Sqrt(6) }
	slope := func(z float64) float64 { return 1 + a*(3*z*z-3)/math.Sqrt(6) }
	over := func(f func(z float64) float64) func(angle float64) float64 {
		return func(angle float64) float64 {
			sin, cos := math.Sincos(angle)
			return gauss(func(x float64) float64 {
				return f(x) * gauss(func(y float64) float64 { return f(cos*x + sin*y) })
			})
		}
	}
	return Activation{
		Name: "cubic", Value: value,
		Linear: gauss(func(z float64) float64 { return z * value(z) }),
		Pair:   over(value),
		Slope:  over(slope), // by Price's theorem
	}
}

// gauss is E f(g), exact for polynomials of degree 7.
func gauss(f func(z float64) float64) float64 {
	near, far := math.Sqrt(3-math.Sqrt(6)), math.Sqrt(3+math.Sqrt(6))
	p := (3 + math.Sqrt(6)) / 12
	return p*(f(near)+f(-near)) + (0.5-p)*(f(far)+f(-far))
}

// A Network is x -> A sigma(Bx): B is n x d with a unit a row, A is d x n.
type Network struct {
	A, B *mat.Dense
	Act  Activation
}

// Reconstruct writes A sigma(Bx) to dst; code, of length n, is overwritten.
func (w *Network) Reconstruct(dst, code, x []float64) {
	for j := range code {
		code[j] = w.Act.Value(floats.Dot(w.B.RawRowView(j), x))
	}
	for k := range dst {
		dst[k] = floats.Dot(w.A.RawRowView(k), code)
	}
}

// Risk is the mean of |x - A sigma(Bx)|^2 over the rows of a data matrix, a sum over coordinates.
func (w *Network) Risk(x *mat.Dense) float64 {
	n, d := w.B.Dims()
	rows, _ := x.Dims()
	dst, code, sum := make([]float64, d), make([]float64, n), 0.0
	for i := range rows {
		row := x.RawRowView(i)
		w.Reconstruct(dst, code, row)
		gap := floats.Distance(dst, row, 2)
		sum += gap * gap
	}
	return sum / float64(rows)
}

// SampledGain is the mean of |x|^2 - |x - A sigma(Bx)|^2 over draws of x = D g, g ~ N(0, I); no scales mean D = I.
func (w *Network) SampledGain(draws int, scales []float64, r *rand.Rand) float64 {
	n, d := w.B.Dims()
	x, dst, code, sum := make([]float64, d), make([]float64, d), make([]float64, n), 0.0
	for range draws {
		for k := range x {
			x[k] = r.NormFloat64()
			if scales != nil {
				x[k] *= scales[k]
			}
		}
		w.Reconstruct(dst, code, x)
		for k, v := range dst {
			sum += v * (2*x[k] - v)
		}
	}
	return sum / float64(draws)
}

// PopulationRisk is E|x - A sigma(Bx)|^2 for x = D g, g ~ N(0, I), a sum over coordinates; no scales mean D = I. The rows of
// BD must have length one, whatever it is for the sign; that of other activations is checked.
func (w *Network) PopulationRisk(scales []float64) (float64, error) {
	bd, err := w.whitened(scales)
	if err != nil {
		return 0, err
	}
	n, d := bd.Dims()
	risk := 0.0
	for k := range d {
		s := scale(scales, k)
		risk += s * s
		for j := range n {
			risk -= 2 * w.A.At(k, j) * w.Act.Linear * s * bd.At(j, k)
		}
	}
	column := mat.NewDense(n, d, nil)
	column.Copy(w.A.T())
	for i := range n {
		for j := range i + 1 {
			term := floats.Dot(column.RawRowView(i), column.RawRowView(j)) * w.Act.Pair(Angle(bd.RawRowView(i), bd.RawRowView(j)))
			if j < i {
				term *= 2
			}
			risk += term
		}
	}
	return risk, nil
}

// whitened returns the rows of BD, scaled to length one for the sign.
func (w *Network) whitened(scales []float64) (*mat.Dense, error) {
	n, d := w.B.Dims()
	if scales != nil && len(scales) != d {
		return nil, fmt.Errorf("%d scales for %d coordinates: give one a coordinate, or none", len(scales), d)
	}
	bd := mat.NewDense(n, d, nil)
	for j := range n {
		row := bd.RawRowView(j)
		for k := range row {
			row[k] = w.B.At(j, k) * scale(scales, k)
		}
		norm := floats.Norm(row, 2)
		switch {
		case norm == 0:
			return nil, fmt.Errorf("unit %d sees nothing: its row is zero where the data are not", j+1)
		case w.Act.Name == "sign":
			floats.Scale(1/norm, row)
		case math.Abs(norm-1) > 1e-9:
			return nil, fmt.Errorf("unit %d has the length %v on the data: scale its row to 1", j+1, norm)
		}
	}
	return bd, nil
}

func scale(scales []float64, k int) float64 {
	if scales == nil {
		return 1
	}
	return scales[k]
}

// Angle between two vectors of equal length, from the chords to v and -v: exact at 0 and pi.
func Angle(u, v []float64) float64 {
	minus, plus := 0.0, 0.0
	for k, a := range u {
		minus += (a - v[k]) * (a - v[k])
		plus += (a + v[k]) * (a + v[k])
	}
	return 2 * math.Atan2(math.Sqrt(minus), math.Sqrt(plus))
}

// FitDecoder sets A to the best decoder for N(0, I), by the normal equations A E[s s^T] = E[x s^T], s = sigma(Bx). The rows must
// have length one, as for PopulationRisk.
func (w *Network) FitDecoder() error {
	b, err := w.whitened(nil)
	if err != nil {
		return err
	}
	n, d := b.Dims()
	gram := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			gram.SetSym(i, j, w.Act.Pair(Angle(b.RawRowView(i), b.RawRowView(j))))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(gram) {
		return errors.New("the codes of the units are linearly dependent: some rows are parallel or opposite")
	}
	var x mat.Dense
	if err := chol.SolveTo(&x, b); err != nil {
		return err
	}
	if w.A == nil {
		w.A = mat.NewDense(d, n, nil)
	}
	w.A.Scale(w.Act.Linear, x.T())
	return nil
}

// TieDecoder sets A = beta B^T.
func (w *Network) TieDecoder(beta float64) {
	n, d := w.B.Dims()
	if w.A == nil {
		w.A = mat.NewDense(d, n, nil)
	}
	w.A.Scale(beta, w.B.T())
}
