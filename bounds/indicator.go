package bounds

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// hermite is He_k(x)/sqrt(k!), a probabilists' Hermite polynomial scaled to unit variance.
func hermite(k int, x float64) float64 {
	before, h := 0.0, 1.0
	for j := 1; j <= k; j++ {
		before, h = h, (x*h-math.Sqrt(float64(j-1))*before)/math.Sqrt(float64(j))
	}
	return h
}

func gaussianDensity(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }

func gaussianBelow(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// HermiteIndicator is E[He_k(u) 1{u x + v sqrt(1-x^2) + b >= 0}]/sqrt(k!) for independent standard normals u and v and x in
// [-1, 1]: x^k He_{k-1}(-b) pdf(b)/sqrt(k!), and Phi(b) for k = 0. By Mehler's formula, with the indicator of one normal, and
// (He_{k-1} pdf)' = -He_k pdf.
func HermiteIndicator(k int, x, b float64) float64 {
	if k < 0 || !(math.Abs(x) <= 1) {
		return math.NaN()
	}
	if k == 0 {
		return gaussianBelow(b)
	}
	return math.Pow(x, float64(k)) * hermite(k-1, -b) * gaussianDensity(b) / math.Sqrt(float64(k))
}

// mostIndicatorDegree bounds the degrees whose zeros the scan of IndicatorNorm tells apart with ease.
const mostIndicatorDegree = 80

// IndicatorNorm is sqrt(k!)/nu_k with nu_0 = 1/2 and nu_k the integral of |He_{k-1}| pdf^2: the root of the mean square of the
// function of [Indicator] that stands for x^k. It is 2, 3.545, 8.886, 11.46, ... and grows like 5.4 k^{3/4}.
func IndicatorNorm(k int) float64 {
	if k < 0 || k > mostIndicatorDegree {
		return math.NaN()
	}
	if k == 0 {
		return 2
	}
	value := func(b float64) float64 { return hermite(k-1, b) }
	const end, nodes = 7.5, 10
	panels := 40 + 4*k // a fifth of the distance of the zeros, for large k
	at, weight := make([]float64, nodes), make([]float64, nodes)
	quad.Legendre{}.FixedLocations(at, weight, -1, 1)
	integral := func(lo, hi float64) (sum float64) {
		for i, u := range at {
			b := (lo + hi + u*(hi-lo)) / 2
			d := gaussianDensity(b)
			sum += weight[i] * (hi - lo) / 2 * value(b) * d * d
		}
		return math.Abs(sum)
	}
	sum, left := 0.0, -end
	for i := 1; i <= panels; i++ {
		right := -end + 2*end*float64(i)/float64(panels)
		if (value(left) > 0) != (value(right) > 0) {
			zero := zeroBetween(value, left, right)
			sum += integral(left, zero)
			left = zero
		}
		sum += integral(left, right)
		left = right
	}
	return math.Sqrt(float64(k)) / sum
}

// zeroBetween bisects a change of sign.
func zeroBetween(f func(float64) float64, lo, hi float64) float64 {
	positive := f(lo) > 0
	for range 40 {
		if mid := (lo + hi) / 2; (f(mid) > 0) == positive {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// An Indicator writes a polynomial phi(x) = sum_k c_k x^k as E[h(u, b) 1{u x + v sqrt(1-x^2) + b >= 0}] for independent
// standard normals u, v, b:
//
//	h(u, b) = 2 c_0 + sum_{k>=1} (c_k/nu_k) He_k(u) sgn He_{k-1}(-b).
type Indicator struct {
	c, norm []float64 // norm_k is sqrt(k!)/nu_k, where c_k is not 0
}

// NewIndicator takes c_0, c_1, ...
func NewIndicator(c []float64) (Indicator, error) {
	if len(c) == 0 || len(c) > mostIndicatorDegree+1 {
		return Indicator{}, fmt.Errorf("bounds: %d coefficients; give 1 to %d", len(c), mostIndicatorDegree+1)
	}
	in := Indicator{c: c, norm: make([]float64, len(c))}
	for k, v := range c {
		if v != 0 {
			in.norm[k] = IndicatorNorm(k)
		}
	}
	return in, nil
}

// At is h(u, b).
func (in Indicator) At(u, b float64) float64 {
	var before, signBefore float64
	h, sign := u, 1.0 // He_k(u) and He_{k-1}(-b), over the roots of the factorials
	sum := in.norm[0] * in.c[0]
	before = 1
	for k := 1; k < len(in.c); k++ {
		sum += in.c[k] * in.norm[k] * h * math.Copysign(1, sign)
		root, last := math.Sqrt(float64(k)), math.Sqrt(float64(k-1))
		before, h = h, (u*h-root*before)/math.Sqrt(float64(k+1))
		signBefore, sign = sign, (-b*sign-last*signBefore)/root
	}
	return sum
}

// Value is phi(x).
func (in Indicator) Value(x float64) float64 {
	sum := 0.0
	for k := len(in.c) - 1; k >= 0; k-- {
		sum = sum*x + in.c[k]
	}
	return sum
}

// Square is E h^2 = sum_k c_k^2 k!/nu_k^2: the terms are orthogonal in u.
func (in Indicator) Square() float64 {
	sum := 0.0
	for k, c := range in.c {
		sum += c * c * in.norm[k] * in.norm[k]
	}
	return sum
}

// ActiveSquare is E[h^2 1{...}] = E h^2/2 + 4 c_0 (phi(x) - c_0): without its constant h is odd under a change of all signs.
func (in Indicator) ActiveSquare(x float64) float64 {
	return in.Square()/2 + 4*in.c[0]*(in.Value(x)-in.c[0])
}

// ActiveMoments are E[h^j 1{...}] for j = 1..4 by sums that are right to one part in a hundred, for |x| <= 0.99 and a degree of at most 6.
func (in Indicator) ActiveMoments(x float64) ([4]float64, error) {
	if !(math.Abs(x) <= 0.99) || len(in.c) > 7 {
		return [4]float64{}, fmt.Errorf("bounds: active moments at x = %v and degree %d; give |x| <= 0.99 and a degree of at most 6", x, len(in.c)-1)
	}
	side := math.Sqrt(1 - x*x)
	return in.moments(func(u, b float64) float64 { return gaussianBelow((u*x + b) / side) }), nil
}

// SquareDeviation is the standard deviation of h^2, as near as ActiveMoments are.
func (in Indicator) SquareDeviation() float64 {
	square := in.Square()
	return math.Sqrt(in.moments(func(_, _ float64) float64 { return 1 })[3] - square*square)
}

// moments are E[h^j weight] for j = 1..4.
func (in Indicator) moments(weight func(u, b float64) float64) (moments [4]float64) {
	const step, end = 1.0 / 8, 8.0
	for b := -end + step/2; b < end; b += step {
		for u := -end + step/2; u < end; u += step {
			w := step * step * gaussianDensity(u) * gaussianDensity(b) * weight(u, b)
			h, power := in.At(u, b), 1.0
			for j := range moments {
				power *= h
				moments[j] += w * power
			}
		}
	}
	return moments
}

// A PseudoError is the law of g(x) - f(x) for f(x) = phi(<w1, x>) <w2, x> and the pseudo-network of m neurons whose weights
// move by a_i h(<w1, G_i>, beta_i) w2/(s^2 m), with a_i ~ N(0, s^2): mean 0, the mean of its square, and the standard
// deviation of its square.
type PseudoError struct{ Square, SquareDeviation float64 }

// PseudoError takes u = <w1, x> and v = <w2, x>. The summands are v (a/s)^2 h 1{...}, with E(a/s)^{2j} = 1, 3, 15, 105.
func (in Indicator) PseudoError(m int, u, v float64) (PseudoError, error) {
	h, err := in.ActiveMoments(u)
	if err != nil {
		return PseudoError{}, err
	}
	mean := in.Value(u)
	variance := 3*in.ActiveSquare(u) - mean*mean
	fourth := 105*h[3] - 4*15*h[2]*mean + 6*3*h[1]*mean*mean - 3*mean*mean*mean*mean
	n := float64(m)
	square := v * v * variance / n
	of4 := v * v * v * v * (3*(n-1)*variance*variance + fourth) / (n * n * n)
	return PseudoError{square, math.Sqrt(of4 - square*square)}, nil
}

// SampleComplexity is C_s(phi, r) = constant sum_k (k+1)^power r^k |c_k|, of the coefficients of phi. The paper that defines it
// has power 1.75 and a constant such as 1e4.
func SampleComplexity(c []float64, r, constant, power float64) float64 {
	sum, scale := 0.0, 1.0
	for k, v := range c {
		sum += math.Pow(float64(k+1), power) * scale * math.Abs(v)
		scale *= r
	}
	return constant * sum
}

// LogWidthComplexity is the natural logarithm of C_eps(phi, r) = sum_k ((C r)^k + (C r sqrt(log(1/eps)/k))^k) |c_k|, of the
// logarithms of the |c_k| (-Inf for none). The second term counts for k >= 1 alone.
func LogWidthComplexity(logs []float64, r, constant, eps float64) float64 {
	total := math.Inf(-1)
	add := func(v float64) {
		if hi, lo := math.Max(total, v), math.Min(total, v); !math.IsInf(hi, -1) {
			total = hi + math.Log1p(math.Exp(lo-hi))
		}
	}
	for k, v := range logs {
		add(float64(k)*math.Log(constant*r) + v)
		if k > 0 {
			add(float64(k)*math.Log(constant*r*math.Sqrt(math.Log(1/eps)/float64(k))) + v)
		}
	}
	return total
}
