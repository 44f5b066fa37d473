package kernel

import (
	"fmt"
	"math"
)

// ReLU is the derivative kernel of phi(z) = max(z, 0), the H^inf of Du et al. (2019):
//
//	H(x,x') = (x . x') (pi - angle) / (2 pi),   on unit inputs h(r) = r (pi - arccos r) / (2 pi).
//
// h(1) = 1/2, h(0) = h(-1) = 0, h(1/2) = 1/6, h(-1/2) = -1/12.
func ReLU() Kernel {
	return Kernel{
		name: "relu",
		of:   func(p Pair) float64 { return p.Dot() * orthant(p.Angle) },
		rows: func(dst []float64, r row) {
			norms, cos, angle := r.norms[:len(dst)], r.cos[:len(dst)], r.angle[:len(dst)]
			for j := range dst {
				dst[j] = (r.normX * norms[j] * cos[j]) * ((math.Pi - angle[j]) * (1 / (2 * math.Pi)))
			}
		},
		coef: func(k int) float64 {
			switch {
			case k == 1:
				return 1.0 / 4
			case k >= 2 && k%2 == 0:
				return arcsine((k-2)/2) / (2 * math.Pi)
			}
			return 0
		},
		amp: func(s float64) float64 { return 0.565 * s },
	}
}

// ReLUFeature is the feature kernel of the ReLU, the arc-cosine kernel of order one:
//
//	Sigma(x,x') = ||x|| ||x'|| (sin angle + (pi - angle) cos angle) / (2 pi).
//
// It is the covariance Ginf of the initial outputs in Du et al. (2019).
func ReLUFeature() Kernel {
	return Kernel{
		name: "relu-feature",
		of:   func(p Pair) float64 { return p.NormX * p.NormY * arcCosine(p.Sin, p.Cos, p.Angle) },
		coef: reluFeatureCoefficient,
		amp:  func(s float64) float64 { return 0.671 * s },
	}
}

// LeakyReLU is the derivative kernel of phi(z) = max(z, 0) + c min(z, 0):
//
//	h(r) = r [ ((1+c)/2)^2 + ((1-c)^2/(2 pi)) arcsin r ].
//
// c = 0 is the ReLU, c = 1 the identity, c = -1 the absolute value.
func LeakyReLU(c float64) Kernel {
	mustBeFinite("slope", c)
	return Kernel{
		name: fmt.Sprintf("leaky-relu(%g)", c),
		of: func(p Pair) float64 {
			// Same sign with the probability (pi - angle)/pi, and then both slopes 1 or both c.
			return p.Dot() * ((1+c*c)*orthant(p.Angle) + 2*c*p.Angle/(2*math.Pi))
		},
		coef: func(k int) float64 {
			switch {
			case k == 1:
				return (1 + c) * (1 + c) / 4
			case k >= 2 && k%2 == 0:
				return (1 - c) * (1 - c) * arcsine((k-2)/2) / (2 * math.Pi)
			}
			return 0
		},
		amp: func(s float64) float64 { return s * (0.459*(1+c*c) + 0.107*(1-c)*(1-c)) },
	}
}

// LeakyReLUFeature is the feature kernel of phi(z) = max(z, 0) + c min(z, 0). With kappa(angle) the
// ReLU's, Sigma = ||x|| ||x'|| [ (1+c^2) kappa(angle) - 2 c kappa(pi - angle) ]: the four sign
// patterns of (w . x, w . x') contribute 1, c^2 and twice -c. (Derived.)
func LeakyReLUFeature(c float64) Kernel {
	mustBeFinite("slope", c)
	return Kernel{
		name: fmt.Sprintf("leaky-relu-feature(%g)", c),
		of: func(p Pair) float64 {
			same := arcCosine(p.Sin, p.Cos, p.Angle)
			opposite := arcCosine(p.Sin, -p.Cos, math.Pi-p.Angle)
			return p.NormX * p.NormY * ((1+c*c)*same - 2*c*opposite)
		},
		coef: func(k int) float64 {
			if k%2 == 0 {
				return (1 - c) * (1 - c) * reluFeatureCoefficient(k)
			}
			return (1 + c) * (1 + c) * reluFeatureCoefficient(k)
		},
		amp: func(s float64) float64 { return s * (0.459*(1+c*c) + 0.213*(1-c)*(1-c)) },
	}
}

// StepFeature is the feature kernel of phi(z) = 1{z >= 0}: the arc-cosine kernel of order zero
// (pi - angle)/(2 pi) = 1/4 + arcsin(r)/(2 pi). Its derivative kernel does not exist.
func StepFeature() Kernel {
	return Kernel{
		name: "step-feature",
		of:   func(p Pair) float64 { return orthant(p.Angle) },
		coef: func(k int) float64 {
			switch {
			case k == 0:
				return 1.0 / 4
			case k%2 == 1:
				return arcsine((k-1)/2) / (2 * math.Pi)
			}
			return 0
		},
		amp: func(float64) float64 { return 0.232 },
	}
}

// Identity is both kernels of phi(z) = z: K(x,x') = x . x'.
func Identity() Kernel {
	return Kernel{
		name: "identity",
		of:   Pair.Dot,
		coef: monomials(map[int]float64{1: 1}),
		amp:  func(s float64) float64 { return 0.917 * s },
	}
}

// Square is the derivative kernel of phi(z) = z^2: K(x,x') = 4 (x . x')^2.
func Square() Kernel {
	return Kernel{
		name: "square",
		of:   func(p Pair) float64 { c := p.Dot(); return 4 * c * c },
		coef: monomials(map[int]float64{2: 4}),
		amp:  func(s float64) float64 { return 6.34 * s * s },
	}
}

// SquareFeature is the feature kernel of phi(z) = z^2: ||x||^2 ||x'||^2 + 2 (x . x')^2.
func SquareFeature() Kernel {
	return Kernel{
		name: "square-feature",
		of: func(p Pair) float64 {
			c, n := p.Dot(), p.NormX*p.NormY
			return n*n + 2*c*c
		},
		coef: monomials(map[int]float64{0: 1, 2: 2}),
		amp:  func(s float64) float64 { return 4.09 * s * s },
	}
}

// HalfSquare is the derivative kernel of phi(z) = z^2/2: K(x,x') = (x . x')^2.
func HalfSquare() Kernel {
	return Kernel{
		name: "half-square",
		of:   func(p Pair) float64 { c := p.Dot(); return c * c },
		coef: monomials(map[int]float64{2: 1}),
		amp:  func(s float64) float64 { return 1.585 * s * s },
	}
}

// Cubic is the derivative kernel of phi(z) = z^3. With n = ||x|| ||x'|| and c = x . x',
// K = c E[9 (w.x)^2 (w.x')^2] = 9 c (n^2 + 2 c^2); on unit inputs 9 r (1 + 2 r^2).
func Cubic() Kernel {
	return Kernel{
		name: "cubic",
		of: func(p Pair) float64 {
			c, n := p.Dot(), p.NormX*p.NormY
			return 9 * c * (n*n + 2*c*c)
		},
		coef: monomials(map[int]float64{1: 9, 3: 18}),
		amp:  func(s float64) float64 { return 54.8 * s * s * s },
	}
}

// CubicFeature is the feature kernel of phi(z) = z^3: 9 n^2 c + 6 c^3 with n = ||x|| ||x'|| and
// c = x . x'; on unit inputs 9 r + 6 r^3.
func CubicFeature() Kernel {
	return Kernel{
		name: "cubic-feature",
		of: func(p Pair) float64 {
			c, n := p.Dot(), p.NormX*p.NormY
			return 9*n*n*c + 6*c*c*c
		},
		coef: monomials(map[int]float64{1: 9, 3: 6}),
		amp:  func(s float64) float64 { return 27.8 * s * s * s },
	}
}

// Erf is the derivative kernel of phi = erf, for inputs of any norm:
//
//	K(x,x') = (4/pi) c / sqrt( (1+2||x||^2)(1+2||x'||^2) - 4 c^2 ),  c = x . x';
//
// on unit inputs (4 r/pi)/sqrt(9 - 4 r^2).
func Erf() Kernel {
	return Kernel{
		name: "erf",
		of:   func(p Pair) float64 { return 4 / math.Pi * p.Dot() / erfRoot(p) },
		coef: func(k int) float64 {
			if k%2 == 0 {
				return 0
			}
			j := (k - 1) / 2
			return 4 / (3 * math.Pi) * central(j) * math.Pow(2.0/3, float64(2*j))
		},
		amp: func(s float64) float64 { return s * (0.17 + 1.04/math.Sqrt(1+8.2*s)) },
	}
}

// ErfFeature is the feature kernel of phi = erf, for inputs of any norm (Williams 1997):
//
//	Sigma(x,x') = (2/pi) arcsin( 2 x . x' / sqrt((1+2||x||^2)(1+2||x'||^2)) );
//
// on unit inputs (2/pi) arcsin(2 r/3).
func ErfFeature() Kernel {
	return Kernel{
		name: "erf-feature",
		// The arctangent form does not lose digits when the argument of the arcsine nears 1.
		of: func(p Pair) float64 { return 2 / math.Pi * math.Atan2(2*p.Dot(), erfRoot(p)) },
		coef: func(k int) float64 {
			if k%2 == 0 {
				return 0
			}
			return 2 / math.Pi * arcsine((k-1)/2) * math.Pow(2.0/3, float64(k))
		},
		amp: func(s float64) float64 { return 1.18 * s / (1 + 1.75*s) },
	}
}

// erfRoot is sqrt((1+2||x||^2)(1+2||x'||^2) - 4 (x.x')^2), written without the cancellation.
func erfRoot(p Pair) float64 {
	a, b, area := p.NormX, p.NormY, p.NormX*p.NormY*p.Sin
	return math.Sqrt(1 + 2*a*a + 2*b*b + 4*area*area)
}

// Sine is the derivative kernel of phi = sin: c e^{-(||x||^2+||x'||^2)/2} cosh c with c = x . x'; on
// unit inputs r e^{-1} cosh r.
func Sine() Kernel {
	return Kernel{
		name: "sin",
		of:   func(p Pair) float64 { return p.Dot() * dampedCosh(p) },
		coef: func(k int) float64 {
			if k%2 == 0 {
				return 0
			}
			return inverseFactorial(k-1) / math.E
		},
		amp: func(s float64) float64 { return s * (0.47 + 0.2*s + 0.46/(1+4*s)) },
	}
}

// SineFeature is the feature kernel of phi = sin: e^{-(||x||^2+||x'||^2)/2} sinh(x . x'); on unit
// inputs e^{-1} sinh r.
func SineFeature() Kernel {
	return Kernel{
		name: "sin-feature",
		of:   dampedSinh,
		coef: func(k int) float64 {
			if k%2 == 0 {
				return 0
			}
			return inverseFactorial(k) / math.E
		},
		amp: func(s float64) float64 { return 0.2*s + min(0.73*s, 0.2) },
	}
}

// Cosine is the derivative kernel of phi = cos: c e^{-(||x||^2+||x'||^2)/2} sinh c with c = x . x';
// on unit inputs r e^{-1} sinh r.
func Cosine() Kernel {
	return Kernel{
		name: "cos",
		of:   func(p Pair) float64 { return p.Dot() * dampedSinh(p) },
		coef: func(k int) float64 {
			if k%2 == 1 || k == 0 {
				return 0
			}
			return inverseFactorial(k-1) / math.E
		},
		amp: func(s float64) float64 { return s * s * (0.2 + 1.43/(1+1.6*s)) },
	}
}

// CosineFeature is the feature kernel of phi = cos: e^{-(||x||^2+||x'||^2)/2} cosh(x . x'); on unit
// inputs e^{-1} cosh r.
func CosineFeature() Kernel {
	return Kernel{
		name: "cos-feature",
		of:   dampedCosh,
		coef: func(k int) float64 {
			if k%2 == 1 {
				return 0
			}
			return inverseFactorial(k) / math.E
		},
		amp: func(s float64) float64 { return 0.2*s + 0.26 },
	}
}

// All lists every kernel of the package, the leaky ones with slope 0.1.
func All() []Kernel {
	return []Kernel{
		ReLU(), ReLUFeature(), LeakyReLU(0.1), LeakyReLUFeature(0.1), StepFeature(), Identity(),
		Square(), SquareFeature(), HalfSquare(), Cubic(), CubicFeature(), Erf(), ErfFeature(),
		Sine(), SineFeature(), Cosine(), CosineFeature(),
	}
}

// orthant is P(w . x >= 0, w . x' >= 0) for w Gaussian and x, x' at the given angle.
func orthant(angle float64) float64 { return (math.Pi - angle) / (2 * math.Pi) }

func arcCosine(sin, cos, angle float64) float64 {
	return (sin + (math.Pi-angle)*cos) / (2 * math.Pi)
}

// dampedSinh is e^{-(||x||^2+||x'||^2)/2} sinh(x . x') without overflow: for a large product the
// smaller exponential of sinh is below rounding and the larger one joins the Gaussian factor.
func dampedSinh(p Pair) float64 {
	c, s := p.Dot(), (p.NormX*p.NormX+p.NormY*p.NormY)/2
	if math.Abs(c) > 20 {
		return math.Copysign(math.Exp(math.Abs(c)-s)/2, c)
	}
	return math.Exp(-s) * math.Sinh(c)
}

// dampedCosh is e^{-(||x||^2+||x'||^2)/2} cosh(x . x'), likewise.
func dampedCosh(p Pair) float64 {
	c, s := math.Abs(p.Dot()), (p.NormX*p.NormX+p.NormY*p.NormY)/2
	if c > 20 {
		return math.Exp(c-s) / 2
	}
	return math.Exp(-s) * math.Cosh(c)
}

// central is binom(2j,j)/4^j, by its product or, once that is long, by Stirling's series, whose first
// neglected term is below 1e-17 there.
func central(j int) float64 {
	if j < 200 {
		c := 1.0
		for i := 1; i <= j; i++ {
			c *= float64(2*i-1) / float64(2*i)
		}
		return c
	}
	x := 1 / float64(j)
	series := 1 + x*(-1.0/8+x*(1.0/128+x*(5.0/1024+x*(-21.0/32768+x*(-399.0/262144+x*869.0/4194304)))))
	return math.Sqrt(x/math.Pi) * series
}

// arcsine is the coefficient of r^{2j+1} in arcsin r.
func arcsine(j int) float64 { return central(j) / float64(2*j+1) }

func reluFeatureCoefficient(k int) float64 {
	switch {
	case k == 0:
		return 1 / (2 * math.Pi)
	case k == 1:
		return 1.0 / 4
	case k%2 == 0:
		j := (k - 2) / 2
		return arcsine(j) / (2 * math.Pi * float64(2*j+2))
	}
	return 0
}

func inverseFactorial(k int) float64 {
	f := 1.0
	for i := 2; i <= k; i++ {
		f /= float64(i)
	}
	return f
}

func monomials(a map[int]float64) func(int) float64 {
	return func(k int) float64 { return a[k] }
}

func mustBeFinite(what string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		panic(fmt.Sprintf("kernel: %s %v is not finite", what, v))
	}
}
