package bounds

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Decomposition holds the coefficients of the signal-noise decomposition of Cao et al. (2022) of every filter of a
// two-layer convolutional network, activation max(0,z)^q, under gradient descent on the mean logistic loss:
//
//	w_{j,r}(t) = w_{j,r}(0) + j Gamma mu/|mu|^2 + sum_i Rho_i xi_i/|xi_i|^2.
//
// It runs the recursion of the coefficients alone; no weight enters but by its products at the start. Filters are those of j = +1, then
// as many of j = -1.
type Decomposition struct {
	Gamma []float64
	Rho   [][]float64 // a row a filter, an entry a sample

	q, eta  float64
	y       []float64
	gram    *mat.SymDense // of mu, xi_1, ..., xi_n
	start   *mat.Dense    // products of the filters at the start with them
	vectors *mat.Dense
}

// NewDecomposition starts at weights w, 2m filters a row, with the noise patches as rows of xi.
func NewDecomposition(q, eta float64, mu []float64, xi mat.Matrix, y []float64, w mat.Matrix) *Decomposition {
	n, d := xi.Dims()
	filters, _ := w.Dims()
	all := mat.NewDense(n+1, d, nil)
	all.SetRow(0, mu)
	all.Slice(1, n+1, 0, d).(*mat.Dense).Copy(xi)
	c := &Decomposition{Gamma: make([]float64, filters), q: q, eta: eta, y: y, gram: mat.NewSymDense(n+1, nil), vectors: all, start: new(mat.Dense)}
	c.gram.SymOuterK(1, all)
	c.start.Mul(w, all.T())
	for range filters {
		c.Rho = append(c.Rho, make([]float64, n))
	}
	return c
}

func (c *Decomposition) sign(k int) float64 { return 1 - 2*float64(2*k/len(c.Gamma)) }

// weight is the coefficient of vector i itself in filter k: a coefficient over the squared norm, or 0 for a zero vector.
func (c *Decomposition) weight(k, i int) float64 {
	square := c.gram.At(i, i)
	switch {
	case square == 0:
		return 0
	case i == 0:
		return c.sign(k) * c.Gamma[k] / square
	}
	return c.Rho[k][i-1] / square
}

// Product is the inner product of filter k with mu (i = 0) or xi_i (i = 1..n) now.
func (c *Decomposition) Product(k, i int) float64 {
	z := c.start.At(k, i)
	for l := range len(c.y) + 1 {
		z += c.weight(k, l) * c.gram.At(l, i)
	}
	return z
}

func (c *Decomposition) deriv(z float64) float64 {
	if z <= 0 {
		return 0
	}
	return c.q * math.Pow(z, c.q-1)
}

func (c *Decomposition) value(z float64) float64 { return math.Pow(math.Max(z, 0), c.q) }

// Step takes one step of descent.
func (c *Decomposition) Step() {
	filters, n := len(c.Gamma), len(c.y)
	m := float64(filters / 2)
	z := mat.NewDense(filters, n+1, nil)
	f := make([]float64, n)
	for k := range filters {
		for i := range n + 1 {
			z.Set(k, i, c.Product(k, i))
		}
		for i, y := range c.y {
			f[i] += c.sign(k) / m * (c.value(y*z.At(k, 0)) + c.value(z.At(k, i+1)))
		}
	}
	for k := range filters {
		j := c.sign(k)
		for i, y := range c.y {
			slope := -1 / (1 + math.Exp(y*f[i])) // l'
			rate := -c.eta / (float64(n) * m) * slope
			c.Gamma[k] += rate * c.deriv(y*z.At(k, 0)) * c.gram.At(0, 0)
			c.Rho[k][i] += rate * c.deriv(z.At(k, i+1)) * c.gram.At(i+1, i+1) * j * y
		}
	}
}

// Moved is how far the coefficients say that the filters have moved from their start, a filter a row.
func (c *Decomposition) Moved() *mat.Dense {
	coefficients := mat.NewDense(len(c.Gamma), len(c.y)+1, nil)
	for k := range len(c.Gamma) {
		for i := range len(c.y) + 1 {
			coefficients.Set(k, i, c.weight(k, i))
		}
	}
	var moved mat.Dense
	moved.Mul(coefficients, c.vectors)
	return &moved
}

// CrossPull bounds by how much the other samples of a filter whose product with patch vector i is its largest change that product's
// growth, relative to its own: sum_{k != i} |<xi_k, xi_i>|/|xi_i|^2.
func CrossPull(xi *mat.Dense, i int) float64 {
	n, _ := xi.Dims()
	own, sum := mat.Dot(xi.RowView(i), xi.RowView(i)), 0.0
	for k := range n {
		if k != i {
			sum += math.Abs(mat.Dot(xi.RowView(k), xi.RowView(i)))
		}
	}
	return sum / own
}
