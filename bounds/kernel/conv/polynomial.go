package conv

import (
	"math"
	"math/big"
	"sync"
)

// The angle t and the arc-cosine kernel as functions of d = 1 - cos t in [0, 1]:
//
//	t = sqrt(d) P(d),   sin t - t cos t = d sqrt(d) H(d).
//
// P(d) = sqrt 2 sum_j a_j (d/2)^j with a_j = binom(2j,j)/(4^j (2j+1)) (arcsin of sqrt(d/2), doubled), and
// H(d) = (sqrt(2-d) - (1-d) P(d))/d. Both are analytic for |d| < 2 with positive coefficients at 0; those of the
// interpolations that are negative are so small that Horner's rule cancels nothing.

// terms is the number of coefficients of each polynomial, odd. The interpolation at Chebyshev points on [0, 1]
// gains a factor 3 + sqrt 8 a degree, the distance to the branch point at 2.
const (
	terms   = 17 // float64: an error below 1e-15 in D q^2 and K q^2/(s s')
	terms32 = 9  // float32: below 1e-8
)

// interpolated returns the interpolations of P and H with n terms.
func interpolated(n int) []float64 {
	p, h := interpolate(angleSeries, n), interpolate(kernelSeries, n)
	both := make([]float64, 0, 2*n)
	for i := range p {
		both = append(both, p[i], h[i])
	}
	return both
}

var (
	coefficients64 = sync.OnceValue(func() []float64 { return interpolated(terms) })
	coefficients32 = sync.OnceValue(func() []float64 { return interpolated(terms32) })
)

const precision = 200 // bits; the monomial form of a Chebyshev interpolation loses some 50

func number(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

// angleSeries is P(d).
func angleSeries(d *big.Float) *big.Float {
	half, term, sum := number(0).Quo(d, number(2)), number(1), number(0)
	for j := range precision {
		odd := number(float64(2*j + 1))
		sum.Add(sum, number(0).Quo(term, odd))
		term.Mul(term, half).Mul(term, odd).Quo(term, number(float64(2*j+2)))
	}
	return sum.Mul(sum, number(0).Sqrt(number(2)))
}

// kernelSeries is H(d), for d > 0.
func kernelSeries(d *big.Float) *big.Float {
	root := number(0).Sqrt(number(0).Sub(number(2), d))
	cos := number(0).Sub(number(1), d)
	return root.Sub(root, cos.Mul(cos, angleSeries(d))).Quo(root, d)
}

// interpolate returns the coefficients, lowest first, of the polynomial with n terms that agrees with f at
// the n Chebyshev points of [0, 1].
func interpolate(f func(*big.Float) *big.Float, n int) []float64 {
	values := make([]float64, n)
	for i, c := range coefficients(f, n) {
		values[i], _ = c.Float64()
	}
	return values
}

// coefficients are those of interpolate before they are rounded, by Newton's divided differences.
func coefficients(f func(*big.Float) *big.Float, n int) []*big.Float {
	x, y := make([]*big.Float, n), make([]*big.Float, n)
	for k := range x {
		x[k] = number((1 + math.Cos(math.Pi*(float64(k)+0.5)/float64(n))) / 2)
		y[k] = f(x[k])
	}
	for step := 1; step < n; step++ {
		for k := n - 1; k >= step; k-- {
			y[k] = number(0).Quo(number(0).Sub(y[k], y[k-1]), number(0).Sub(x[k], x[k-step]))
		}
	}
	c := make([]*big.Float, n)
	for i := range c {
		c[i] = number(0)
	}
	for k := n - 1; k >= 0; k-- { // c(d) <- c(d) (d - x_k) + y_k
		for i := n - 1; i >= 0; i-- {
			c[i] = number(0).Neg(number(0).Mul(c[i], x[k]))
			if i > 0 {
				c[i].Add(c[i], c[i-1])
			}
		}
		c[0].Add(c[0], y[k])
	}
	return c
}
