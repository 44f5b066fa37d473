package bounds

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Analytic is a function that is real on the real line and analytic for |Im z| <= Strip, where its modulus is at
// most Bound.
type Analytic struct {
	At           func(x float64) float64
	Strip, Bound float64
}

// Power returns f^k, k >= 1.
func (f Analytic) Power(k int) Analytic {
	at := f.At
	f.At = func(x float64) float64 { return math.Pow(at(x), float64(k)) }
	f.Bound = math.Pow(f.Bound, float64(k))
	return f
}

// Smooth is a smooth activation with its derivatives.
type Smooth struct {
	Name         string
	Value, Slope Analytic
	Curvature    func(x float64) float64 // second derivative
	Lipschitz    float64                 // sup of |phi'| on the real line
}

// SmoothTanh is tanh. On |Im z| <= pi/4 it is at most 1 in modulus, for |tanh(x+iy)|^2 =
// (sinh^2 x + sin^2 y)/(sinh^2 x + cos^2 y), and its derivative at most 1/cos^2 y <= 2.
func SmoothTanh() Smooth {
	slope := func(x float64) float64 { c := 1 / math.Cosh(x); return c * c }
	return Smooth{
		Name: "tanh", Lipschitz: 1,
		Value:     Analytic{At: math.Tanh, Strip: math.Pi / 4, Bound: 1},
		Slope:     Analytic{At: slope, Strip: math.Pi / 4, Bound: 2},
		Curvature: func(x float64) float64 { return -2 * math.Tanh(x) * slope(x) },
	}
}

// SmoothSigmoid is 1/(1+e^-x) = (1 + tanh(x/2))/2, so that its strip is twice that of tanh.
func SmoothSigmoid() Smooth {
	tanh := SmoothTanh()
	return Smooth{
		Name: "sigmoid", Lipschitz: 0.25,
		Value:     Analytic{At: logistic, Strip: math.Pi / 2, Bound: 1},
		Slope:     Analytic{At: func(x float64) float64 { return tanh.Slope.At(x/2) / 4 }, Strip: math.Pi / 2, Bound: 0.5},
		Curvature: func(x float64) float64 { return tanh.Curvature(x/2) / 8 },
	}
}

// logistic is 1/(1+e^-x), without cancellation on either side.
func logistic(x float64) float64 {
	e := math.Exp(-math.Abs(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

const (
	gaussTail = 8.5        // the Gaussian has 2e-17 of its mass beyond
	gaussGain = 36         // e^-36 = 2e-16
	maxNodes  = 10_000_000 // beyond, the scale of the Gaussian is absurd
)

// trapezoid is the rule for E f(z), z ~ N(0,1), of functions that are analytic and at most bound on a strip:
// its nodes k h and an error bound per unit of the bound.
type trapezoid struct {
	step, err float64
	nodes     int // on either side of zero
}

// newTrapezoid takes the rule that makes the error about 1e-15. For F analytic in |Im z| < a with
// int |F(x+ib)| dx <= M for all |b| < a the error of the infinite sum is at most 2M/(e^{2 pi a/h} - 1)
// (Trefethen and Weideman 2014, Theorem 5.1), here with M = e^{a^2/2}; the tails and the rounding are added.
func newTrapezoid(strip float64) (trapezoid, error) {
	a := math.Min(strip, math.Sqrt(2*gaussGain))
	h := 2 * math.Pi * a / (gaussGain + a*a/2)
	count := math.Ceil(gaussTail/h) + 1
	if !(count < maxNodes) {
		return trapezoid{}, fmt.Errorf("bounds: a Gaussian %.3g times wider than the strip of analyticity; scale the inputs down", 1/strip)
	}
	discrete := 2 * math.Exp(a*a/2) / math.Expm1(2*math.Pi*a/h)
	tails := 2 * math.Exp(-gaussTail*gaussTail/2) / (gaussTail * math.Sqrt(2*math.Pi))
	return trapezoid{step: h, nodes: int(count), err: discrete + tails + (2*count+30)*unit}, nil
}

// mean sums the rule.
func (t trapezoid) mean(f func(z float64) float64) float64 {
	sum := 0.0
	for k := -t.nodes; k <= t.nodes; k++ {
		z := float64(k) * t.step
		sum += math.Exp(-z*z/2) * f(z)
	}
	return sum * t.step / math.Sqrt(2*math.Pi)
}

// GaussianMean returns E f(s z) for z ~ N(0,1) and s >= 0, with a bound on its error. The trapezoidal rule takes
// the place of Gauss-Hermite quadrature because its error has a bound with nothing unknown in it.
func GaussianMean(f Analytic, s float64) (value, err float64, e error) {
	if !(s >= 0) || math.IsInf(s, 0) {
		return 0, 0, fmt.Errorf("bounds: standard deviation %v; it must be finite and not negative", s)
	}
	if s == 0 {
		return f.At(0), 8 * unit * f.Bound, nil
	}
	t, e := newTrapezoid(f.Strip / s)
	if e != nil {
		return 0, 0, e
	}
	return t.mean(func(z float64) float64 { return f.At(s * z) }), t.err * f.Bound, nil
}

// GaussianPairMean returns E f(u) g(v) for centred jointly Gaussian u, v of variances a, b and covariance c, with
// a bound on its error: u = sqrt(a) z and v = (c/sqrt a) z + sqrt(b - c^2/a) w. For complex z the inner mean is at
// most the bound of g as long as c/sqrt a times the imaginary part stays in its strip, so that the outer rule
// has the bound of the product. The rounding of b - c^2/a moves the mean by its size times |g″|/2, at most
// Bound/Strip^2 (Cauchy).
func GaussianPairMean(f, g Analytic, a, b, c float64) (value, err float64, e error) {
	if !(a >= 0) || !(b >= 0) || math.IsInf(a+b, 0) || !(c*c <= a*b*(1+1e-9)) {
		return 0, 0, fmt.Errorf("bounds: variances %v, %v and covariance %v belong to no Gaussian", a, b, c)
	}
	if a == 0 || c == 0 {
		u, uErr, e := GaussianMean(f, math.Sqrt(a))
		if e != nil {
			return 0, 0, e
		}
		v, vErr, e := GaussianMean(g, math.Sqrt(b))
		return u * v, uErr*g.Bound + vErr*f.Bound, e
	}
	root := math.Sqrt(a)
	slope, rest := c/root, math.Sqrt(math.Max(0, b-c*c/a))
	outer, e := newTrapezoid(math.Min(f.Strip/root, g.Strip/math.Abs(slope)))
	if e != nil {
		return 0, 0, e
	}
	inner := trapezoid{step: math.Sqrt(2 * math.Pi)} // one node: the value itself
	if rest > 0 {
		if inner, e = newTrapezoid(g.Strip / rest); e != nil {
			return 0, 0, e
		}
	}
	value = outer.mean(func(z float64) float64 {
		return f.At(root*z) * inner.mean(func(w float64) float64 { return g.At(slope*z + rest*w) })
	})
	return value, (outer.err+inner.err+8*unit)*f.Bound*g.Bound + 8*unit*b*f.Bound*g.Bound/(g.Strip*g.Strip), nil
}

// GaussianKernel returns the matrix of E f(g_i) f(g_j) for a centred Gaussian vector g of the given covariance,
// with a bound on the error of each entry.
func GaussianKernel(f Analytic, covariance mat.Symmetric) (*mat.SymDense, float64, error) {
	n := covariance.SymmetricDim()
	out, worst := mat.NewSymDense(n, nil), 0.0
	square := f.Power(2)
	for i := range n {
		v, err, e := GaussianMean(square, math.Sqrt(covariance.At(i, i)))
		if e != nil {
			return nil, 0, e
		}
		out.SetSym(i, i, v)
		worst = math.Max(worst, err)
		for j := range i {
			v, err, e := GaussianPairMean(f, f, covariance.At(i, i), covariance.At(j, j), covariance.At(i, j))
			if e != nil {
				return nil, 0, e
			}
			out.SetSym(i, j, v)
			worst = math.Max(worst, err)
		}
	}
	return out, worst, nil
}
