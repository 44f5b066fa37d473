package kernel

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
)

// Smooth is a smooth activation sigma with its Gaussian moments, for the limits of networks of any depth with it.
//
// Expectations over one Gaussian are Gauss-Hermite sums; those over a pair come from the Hermite series (Mehler): for
// u, v of variances s, t and correlation r,
//
//	E[phi(u) phi(v)] = sum_k c_k(s) c_k(t) r^k,  c_k(s) = E[phi(sqrt s z) h_k(z)],
//
// cut off after the terms that the quadrature resolves, and for one variable twice the sum itself. A matrix of such
// values is positive semidefinite by construction, and what is cut off off the diagonal is at most sqrt(T(s) T(t))
// |r|^terms with T(s) = E[phi(sqrt s z)^2] - sum_k c_k(s)^2. Activations with features much narrower than the scale
// of their argument, such as softplus(50 z), are not resolved: [SmoothLimit.Error] then says so.
type Smooth struct {
	value, deriv func(float64) float64
	x, w         []float64   // nodes and weights of the standard Gaussian
	h            [][]float64 // h[k] are the values of the k-th Hermite polynomial at the nodes, times the weights
}

const (
	smoothNodes = 199
	smoothTerms = 110
)

// NewSmooth makes the moments of an activation from its value and derivative.
func NewSmooth(value, deriv func(float64) float64) *Smooth {
	s := &Smooth{value: value, deriv: deriv, x: make([]float64, smoothNodes), w: make([]float64, smoothNodes), h: make([][]float64, smoothTerms)}
	quad.Hermite{}.FixedLocations(s.x, s.w, math.Inf(-1), math.Inf(1))
	for i := range s.x {
		s.x[i] *= math.Sqrt2
		s.w[i] /= math.SqrtPi
	}
	for k := range s.h {
		s.h[k] = make([]float64, smoothNodes)
	}
	for i, z := range s.x {
		before, h := 0.0, s.w[i]
		for k := range s.h {
			s.h[k][i] = h
			before, h = h, (z*h-math.Sqrt(float64(k))*before)/math.Sqrt(float64(k+1))
		}
	}
	return s
}

// mean is E[phi(z)], z ~ N(0, variance).
func (s *Smooth) mean(phi func(float64) float64, variance float64) float64 {
	root, sum := math.Sqrt(variance), 0.0
	for i, z := range s.x {
		sum += s.w[i] * phi(root*z)
	}
	return sum
}

// Mean is E[sigma(z)], z ~ N(0, variance).
func (s *Smooth) Mean(variance float64) float64 { return s.mean(s.value, variance) }

// Square is E[sigma(z)^2], z ~ N(0, variance).
func (s *Smooth) Square(variance float64) float64 { return s.mean(square(s.value), variance) }

// SlopeSquare is E[sigma'(z)^2], z ~ N(0, variance).
func (s *Smooth) SlopeSquare(variance float64) float64 { return s.mean(square(s.deriv), variance) }

// SlopeFourth is E[sigma'(z)^4], z ~ N(0, variance).
func (s *Smooth) SlopeFourth(variance float64) float64 {
	return s.mean(square(square(s.deriv)), variance)
}

func square(f func(float64) float64) func(float64) float64 {
	return func(z float64) float64 { v := f(z); return v * v }
}

// Normaliser is c_sigma = 1/E[sigma(z)^2], z ~ N(0,1): with it a wide layer keeps the norm of unit inputs.
func (s *Smooth) Normaliser() float64 { return 1 / s.Square(1) }

// Coefficients are the c_k(1) of sigma: on unit inputs E[sigma(u) sigma(v)] is the power series with the c_k^2 for
// coefficients.
func (s *Smooth) Coefficients() []float64 {
	c, _ := s.coefficients(s.value, 1)
	return c
}

// coefficients returns the c_k(variance) of phi and the T(variance) beyond them.
func (s *Smooth) coefficients(phi func(float64) float64, variance float64) (c []float64, rest float64) {
	root := math.Sqrt(variance)
	f := make([]float64, len(s.x))
	for i, z := range s.x {
		f[i] = phi(root * z)
		rest += s.w[i] * f[i] * f[i]
	}
	c = make([]float64, smoothTerms)
	for k, h := range s.h {
		c[k] = floats.Dot(h, f)
		rest -= c[k] * c[k]
	}
	return c, math.Abs(rest) // negative by rounding alone
}

// pairs returns the matrix of E[phi(u_i) phi(u_j)], u ~ N(0, cov), and how much of an entry is cut off at most.
func (s *Smooth) pairs(phi func(float64) float64, cov *mat.SymDense) (*mat.SymDense, float64) {
	n := cov.SymmetricDim()
	c, diagonal, lost := make([][]float64, n), make([]float64, n), 0.0
	for i := range n {
		if i > 0 && cov.At(i, i) == cov.At(i-1, i-1) {
			c[i], diagonal[i] = c[i-1], diagonal[i-1]
			continue
		}
		var rest float64
		c[i], rest = s.coefficients(phi, cov.At(i, i))
		diagonal[i] = s.mean(square(phi), cov.At(i, i))
		lost = max(lost, rest)
	}
	out := mat.NewSymDense(n, nil)
	for i := range n {
		out.SetSym(i, i, diagonal[i])
		for j := i + 1; j < n; j++ {
			r, sum := cov.At(i, j)/math.Sqrt(cov.At(i, i)*cov.At(j, j)), 0.0
			for k := smoothTerms - 1; k >= 0; k-- { // Horner, the least terms first
				sum = sum*r + c[i][k]*c[j][k]
			}
			out.SetSym(i, j, sum)
		}
	}
	return out, lost
}

// Pairs returns the matrix of E[sigma(u_i) sigma(u_j)], u ~ N(0, cov).
func (s *Smooth) Pairs(cov *mat.SymDense) *mat.SymDense {
	k, _ := s.pairs(s.value, cov)
	return k
}

// SlopePairs returns the matrix of E[sigma'(u_i) sigma'(u_j)], u ~ N(0, cov).
func (s *Smooth) SlopePairs(cov *mat.SymDense) *mat.SymDense {
	k, _ := s.pairs(s.deriv, cov)
	return k
}

// SmoothLimit are the limits of the Gram matrices of a network with H hidden layers, as its width grows.
type SmoothLimit struct {
	Hidden []*mat.SymDense // K^(0), ..., K^(H-1): inner products of the inputs and features
	Means  [][]float64     // b^(h), h = 1..H-1, at h: m^{-1/2} times the sum of the features; nil for a plain network beyond h = 1
	Last   *mat.SymDense   // K^(H), of the gradients with respect to W_H
	Error  float64         // bound on what the series cut off, relative to the largest entries, summed over the layers
}

// Plain returns the limits of a network without skip connections, x^(h) = sqrt(c_sigma/m) sigma(W_h x^(h-1)) (Du et
// al. 2019, Definition 5.1): K^(h) = c_sigma E[sigma sigma] under K^(h-1), and K^(H) = c_sigma K^(H-1) o E[sigma'
// sigma'] under K^(H-1).
func (s *Smooth) Plain(x mat.Matrix, depth int) (*SmoothLimit, error) {
	inputs, err := startLimit(x, depth)
	if err != nil {
		return nil, err
	}
	l := &SmoothLimit{Hidden: []*mat.SymDense{inputs}, Means: [][]float64{nil}}
	c := s.Normaliser()
	for range depth - 1 {
		next, lost := s.pairs(s.value, l.top())
		next.ScaleSym(c, next)
		l.Hidden, l.Error = append(l.Hidden, next), l.Error+c*lost
	}
	l.finish(s, c)
	return l, nil
}

// Residual returns the limits of the residual network of Du et al. (2019), Definition 6.1, with branches b = c_res/H,
// H >= 2. The first layer is that of [Smooth.Plain]; then, with b_i^(1) = sqrt(c_sigma) E[sigma(u_i)],
//
//	K_ij^(h) = K_ij^(h-1) + b (b_i^(h-1) E[sigma(u_j)] + b_j^(h-1) E[sigma(u_i)]) + b^2 E[sigma(u_i) sigma(u_j)],
//	b_i^(h)  = b_i^(h-1) + b E[sigma(u_i)],  u ~ N(0, K^(h-1)),
//
// and K^(H) = b^2 K^(H-1) o E[sigma' sigma']. The cross terms are paired as in the appendix, equation (16);
// Definition 6.1 prints b_i with sigma(u_i), which is the same when all inputs have one norm.
func (s *Smooth) Residual(x mat.Matrix, depth int, branch float64) (*SmoothLimit, error) {
	if depth < 2 {
		return nil, fmt.Errorf("kernel: a residual network of %d layers; the first is not residual, so give at least 2", depth)
	}
	inputs, err := startLimit(x, depth)
	if err != nil {
		return nil, err
	}
	l := &SmoothLimit{Hidden: []*mat.SymDense{inputs}, Means: [][]float64{nil}}
	n := l.top().SymmetricDim()
	for h := 1; h < depth; h++ {
		below := l.top()
		next, lost := s.pairs(s.value, below)
		mean, b := make([]float64, n), make([]float64, n)
		for i := range n {
			if i > 0 && below.At(i, i) == below.At(0, 0) {
				mean[i] = mean[0]
			} else {
				mean[i] = s.Mean(below.At(i, i))
			}
		}
		if h == 1 {
			c := s.Normaliser()
			next.ScaleSym(c, next)
			l.Error += c * lost
			for i := range b {
				b[i] = math.Sqrt(c) * mean[i]
			}
		} else {
			l.Error += branch * branch * lost
			old := l.Means[h-1]
			for i := range n {
				b[i] = old[i] + branch*mean[i]
				for j := i; j < n; j++ {
					next.SetSym(i, j, below.At(i, j)+branch*(old[i]*mean[j]+old[j]*mean[i])+branch*branch*next.At(i, j))
				}
			}
		}
		l.Hidden, l.Means = append(l.Hidden, next), append(l.Means, b)
	}
	l.finish(s, branch*branch)
	return l, nil
}

// startLimit returns K^(0).
func startLimit(x mat.Matrix, depth int) (*mat.SymDense, error) {
	if depth < 1 {
		return nil, fmt.Errorf("kernel: a network of %d layers; give at least 1", depth)
	}
	n, _ := x.Dims()
	k := mat.NewSymDense(n, nil)
	k.SymOuterK(1, x)
	for i := range n {
		if v := k.At(i, i); !(v > 0) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("kernel: row %d has squared norm %v; give rows that are finite and not zero", i, v)
		} else if math.Abs(v-1) < 1e-14 {
			k.SetSym(i, i, 1) // unit inputs: one set of coefficients serves all
		}
	}
	return k, nil
}

func (l *SmoothLimit) top() *mat.SymDense { return l.Hidden[len(l.Hidden)-1] }

// finish computes K^(H) from K^(H-1).
func (l *SmoothLimit) finish(s *Smooth, factor float64) {
	last, lost := s.pairs(s.deriv, l.top())
	n := last.SymmetricDim()
	top := 0.0
	for i := range n {
		top = max(top, l.top().At(i, i))
		for j := i; j < n; j++ {
			last.SetSym(i, j, factor*last.At(i, j)*l.top().At(i, j))
		}
	}
	l.Error += factor * lost * top
	l.Last = last
}
