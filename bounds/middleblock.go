package bounds

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
)

// A MiddleBlock is the law of the tangent kernel of the last hidden weight matrix of a deep network, given the
// features below it:
//
//	K_mid = sum_k w_k^2 D_k F F^T D_k,   D_k = diag phi'(g_k),  g_k ~ N(0, variance F F^T),  w_k ~ N(0, std^2),
//
// a sum over the n_{L-1} neurons of that layer, which are independent.
type MiddleBlock struct {
	Mean   *mat.SymDense // of a neuron with w_k = 1: (F F^T) o E[phi'(g) phi'(g)^T]
	Err    float64       // bounds ||Mean - exact||_2
	Radius float64       // ||F||^2 sup |phi'|^2 in the spectral norm, which no D_k F F^T D_k exceeds
	Std    float64       // of the output weights
}

// NewMiddleBlock returns the block for features F (N x n_{L-2}) whose next weights have the given variance.
func NewMiddleBlock(phi Smooth, features mat.Matrix, variance, std float64) (MiddleBlock, error) {
	n, width := features.Dims()
	if !(variance >= 0) || !(std >= 0) {
		return MiddleBlock{}, fmt.Errorf("bounds: variance %v and deviation %v; neither may be negative", variance, std)
	}
	var gram mat.SymDense
	gram.SymOuterK(1, features)
	var covariance mat.SymDense
	covariance.ScaleSym(variance, &gram)
	slopes, entry, err := GaussianKernel(phi.Slope, &covariance)
	if err != nil {
		return MiddleBlock{}, err
	}
	mean, largest := mat.NewSymDense(n, nil), 0.0
	for i := range n {
		largest = math.Max(largest, gram.At(i, i))
		for j := range i + 1 {
			mean.SetSym(i, j, gram.At(i, j)*slopes.At(i, j))
		}
	}
	slope := phi.Lipschitz * phi.Lipschitz
	norm, err := eig.SpectralNorm(features)
	if err != nil {
		return MiddleBlock{}, err
	}
	// The rounding of the covariance moves E f(u) f(v) by its size times |E f'' f|/2, |E f f''|/2 and |E f' f'| (Cauchy).
	cauchy := phi.Slope.Bound * phi.Slope.Bound / (phi.Slope.Strip * phi.Slope.Strip)
	rounding := float64(width+4) * unit
	return MiddleBlock{
		Mean:   mean,
		Err:    float64(n) * largest * (entry + rounding*(slope+3*cauchy*variance*largest)),
		Radius: slope * norm.Upper() * norm.Upper() * (1 + 1e-12),
		Std:    std,
	}, nil
}

// Lower returns a number below which lambda_min(K_mid) lies with probability at most delta, for a layer of the
// given width, when lambda_min(Mean) >= mu: the largest over s > 0 of
//
//	(2 std^2 R/s) ( - n log[1 - (mu/R)(1 - (1+s)^{-1/2})] - log(N/delta) ).
//
// By the Laplace transform of the sum (Tropp 2012, Theorem 3.6 and its proof) the failure probability is at most
// N e^{t x} ||E e^{-t w^2 A}||^n, A = D F F^T D. Given A the mean over w is (1 + 2 t std^2 A)^{-1/2}, which is convex
// in A and so below the chord 1 - (A/R)(1 - (1+s)^{-1/2}), s = 2 t std^2 R. No bound on w is needed. It is NaN unless
// 0 < delta < 1, width >= 1 and mu <= R.
func (b MiddleBlock) Lower(mu float64, width int, delta float64) float64 {
	n := float64(b.Mean.SymmetricDim())
	if !(delta > 0 && delta < 1) || width < 1 || !(mu <= b.Radius) {
		return math.NaN()
	}
	level := math.Log(n / delta)
	return best(func(s float64) float64 {
		return 2 * b.Std * b.Std * b.Radius / s * (float64(width)*b.gain(mu, s) - level)
	})
}

// Width returns a width at which lambda_min(K_mid) >= (1-eps) width std^2 mu with probability at least 1-delta:
//
//	min over s of log(N/delta) / ( -log[1 - (mu/R)(1 - (1+s)^{-1/2})] - (1-eps) s mu/(2R) ).
func (b MiddleBlock) Width(mu, eps, delta float64) float64 {
	n := float64(b.Mean.SymmetricDim())
	rate := best(func(s float64) float64 { return b.gain(mu, s) - (1-eps)*s*mu/(2*b.Radius) })
	if !(rate > 0) || !(delta > 0 && delta < 1) {
		return math.NaN()
	}
	return math.Log(n/delta) / rate
}

// gain is -log[1 - (mu/R)(1 - (1+s)^{-1/2})].
func (b MiddleBlock) gain(mu, s float64) float64 {
	return -math.Log1p(mu / b.Radius * math.Expm1(-math.Log1p(s)/2))
}

// Deviation bounds the standard deviation of u^T K_mid u for a unit vector u with u^T Mean u = m and a layer of the
// given width: a neuron adds w^2 a, a <= R, E a = m, of the second moment 3 std^4 E a^2 <= 3 std^4 R m.
func (b MiddleBlock) Deviation(m float64, width int) float64 {
	return when(width >= 1 && m >= 0, b.Std*b.Std*math.Sqrt(float64(width)*(3*b.Radius*m-m*m)))
}

// LambdaDeviation bounds the standard deviation of lambda_min(K_mid) for a layer of the given width, when lambda_max(Mean)
// is at most top. By Efron and Stein the variance is at most the sum over the neurons of E (lambda_min - lambda_min
// without it)^2. A neuron Z adds at most u^T Z u, u the eigenvector without it, which is independent of Z; and
// E (u^T Z u)^2 <= 3 std^4 R u^T Mean u.
func (b MiddleBlock) LambdaDeviation(top float64, width int) float64 {
	return b.Std * b.Std * math.Sqrt(float64(width)*3*b.Radius*top)
}

// AntisymmetricKernel returns the tangent kernel at a start with the last hidden layer doubled, W_{L-1} = [A; A] and
// W_L = gamma (w, -w), for the features F (N x n_{L-2}) below: with g = F A^T,
//
//	K_0 = 2 gamma^2 (F F^T) o sum_k w_k^2 phi'(g_k) phi'(g_k)^T + 2 phi(g) phi(g)^T.
//
// The two halves add in these blocks; in those of the layers below they cancel.
func AntisymmetricKernel(phi Smooth, features, a mat.Matrix, w []float64, gamma float64) (*mat.SymDense, error) {
	n, width := features.Dims()
	if _, inputs := a.Dims(); inputs != width || n == 0 {
		return nil, fmt.Errorf("bounds: features %d x %d for weights of %d columns; give at least one row, and a column per feature", n, width, inputs)
	}
	if half, _ := a.Dims(); half != len(w) {
		return nil, fmt.Errorf("bounds: %d neurons with %d output weights; give one a neuron", half, len(w))
	}
	var g mat.Dense
	g.Mul(features, a.T())
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			inner, slopes, values := 0.0, 0.0, 0.0
			for k := range width {
				inner += features.At(i, k) * features.At(j, k)
			}
			for k, wk := range w {
				slopes += wk * wk * phi.Slope.At(g.At(i, k)) * phi.Slope.At(g.At(j, k))
				values += phi.Value.At(g.At(i, k)) * phi.Value.At(g.At(j, k))
			}
			out.SetSym(i, j, 2*(gamma*gamma*inner*slopes+values))
		}
	}
	return out, nil
}

// best maximises a function with one peak over s, from 1e-6 to 1e6, on a logarithmic scale. Any s gives a valid
// bound, so that nothing hangs on finding the peak exactly.
func best(f func(s float64) float64) float64 {
	lo, hi := math.Log(1e-6), math.Log(1e6)
	ratio := (math.Sqrt(5) - 1) / 2
	at := func(x float64) float64 { return f(math.Exp(x)) }
	a, b := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
	fa, fb := at(a), at(b)
	for range 60 {
		if fa < fb {
			lo, a, fa = a, b, fb
			b = lo + ratio*(hi-lo)
			fb = at(b)
		} else {
			hi, b, fb = b, a, fa
			a = hi - ratio*(hi-lo)
			fa = at(a)
		}
	}
	return math.Max(fa, fb)
}
