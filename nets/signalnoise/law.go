package signalnoise

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"convergo/nets"
)

// A Sample is a training set: sample i has the patches Y[i] Mu and row i of Xi. The rows may be any vectors.
type Sample struct {
	Mu []float64
	Xi *mat.Dense
	Y  []float64
}

// N returns the number of samples.
func (s *Sample) N() int { return len(s.Y) }

// Check reports shapes that do not fit and labels that are no signs.
func (s *Sample) Check() error {
	if s.Xi == nil || len(s.Y) == 0 {
		return fmt.Errorf("signalnoise: no samples; at least one is needed")
	}
	if n, d := s.Xi.Dims(); n != len(s.Y) || d != len(s.Mu) {
		return fmt.Errorf("signalnoise: %d x %d noise patches for %d labels and a signal of %d entries", n, d, len(s.Y), len(s.Mu))
	}
	for i, y := range s.Y {
		if y != 1 && y != -1 {
			return fmt.Errorf("signalnoise: label %d is %v; labels must be +1 or -1", i, y)
		}
	}
	return nil
}

// Vectors are the n+1 vectors that the gradients are made of, one a row: mu and then the noise patches.
func (s *Sample) Vectors() *mat.Dense {
	n, d := s.Xi.Dims()
	v := mat.NewDense(n+1, d, nil)
	v.SetRow(0, s.Mu)
	v.Slice(1, n+1, 0, d).(*mat.Dense).Copy(s.Xi)
	return v
}

// A Law is the distribution of the samples.
type Law struct {
	D      int     // dimension of a patch
	Mu     float64 // |mu|
	SigmaP float64 // standard deviation of the noise
}

// Check reports a value outside its range.
func (l Law) Check() error {
	switch {
	case l.D < 1:
		return fmt.Errorf("signalnoise: patches of dimension %d; it must be at least 1", l.D)
	case !(l.Mu >= 0) || !(l.SigmaP >= 0) || math.IsInf(l.Mu+l.SigmaP, 0):
		return fmt.Errorf("signalnoise: |mu| = %v and sigma_p = %v; they must be finite and not negative", l.Mu, l.SigmaP)
	}
	return nil
}

// Draw draws n samples in R^D, with mu along the first coordinate and the noise in the others.
func (l Law) Draw(n int, r *rand.Rand) *Sample {
	s := &Sample{Mu: make([]float64, l.D), Xi: mat.NewDense(n, l.D, nil), Y: signs(n, r)}
	s.Mu[0] = l.Mu
	for i := range n {
		noise(s.Xi.RawRowView(i), l.SigmaP, r)
	}
	return s
}

// noise fills all entries but the first.
func noise(row []float64, sigma float64, r *rand.Rand) {
	row[0] = 0
	for k := 1; k < len(row); k++ {
		row[k] = sigma * r.NormFloat64()
	}
}

func signs(n int, r *rand.Rand) []float64 {
	y := make([]float64, n)
	for i := range y {
		y[i] = float64(2*r.IntN(2) - 1)
	}
	return y
}

// Start draws n samples and a network in coordinates of their span. All inner products have the joint law that they have
// in R^D: the rows of a Gaussian matrix are those of L Q with orthonormal rows of Q and L lower triangular, its entries
// independent, N(0,1) below the diagonal and chi with D-1-k degrees of freedom at place k of it. Where the dimension is
// not larger than the span, the draw is the plain one.
func (l Law) Start(n int, c Config, r *rand.Rand) (*Sample, *Network) {
	vectors := n + 2*c.Filters
	if l.D-1 <= vectors {
		s := l.Draw(n, r)
		return s, c.Draw(l.D, r)
	}
	s := &Sample{Mu: make([]float64, vectors+1), Xi: mat.NewDense(n, vectors+1, nil), Y: signs(n, r)}
	s.Mu[0] = l.Mu
	net := c.zero(vectors + 1)
	for k := range vectors {
		row, scale := net.W.RawRowView(max(k-n, 0)), c.Sigma0
		if k < n {
			row, scale = s.Xi.RawRowView(k), l.SigmaP
		} else {
			row[0] = scale * r.NormFloat64()
		}
		for j := 1; j <= k; j++ {
			row[j] = scale * r.NormFloat64()
		}
		row[k+1] = scale * math.Sqrt(distuv.ChiSquared{K: float64(l.D - 1 - k), Src: r}.Rand())
	}
	return s, net
}

// Config describes the network and its law at the start.
type Config struct {
	Filters    int             // m, for each sign
	Sigma0     float64         // standard deviation of the weights
	Activation nets.Activation // usually [Power]
}

// Draw draws a network on patches of dimension d.
func (c Config) Draw(d int, r *rand.Rand) *Network {
	net := c.zero(d)
	w := net.W.RawMatrix().Data
	for i := range w {
		w[i] = c.Sigma0 * r.NormFloat64()
	}
	return net
}

func (c Config) zero(d int) *Network {
	return &Network{Activation: c.Activation, W: mat.NewDense(2*c.Filters, d, nil)}
}

// Power is max(0, z)^q with its derivative, 0 at 0; q >= 1.
func Power(q float64) nets.Activation {
	return nets.Activation{
		Name:  fmt.Sprintf("relu^%g", q),
		Value: func(z float64) float64 { return power(z, q) },
		Deriv: func(z float64) float64 { return q * power(z, q-1) },
	}
}

// power is max(0, z)^p, fast for the usual exponents; max(0, z)^0 is 1{z > 0}.
func power(z, p float64) float64 {
	switch {
	case z <= 0:
		return 0
	case p == 0:
		return 1
	case p == 1:
		return z
	case p == 2:
		return z * z
	case p == 3:
		return z * z * z
	}
	return math.Pow(z, p)
}

// dot is the inner product.
func dot(a, b []float64) float64 { return floats.Dot(a, b) }
