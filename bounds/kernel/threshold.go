package kernel

import (
	"fmt"
	"math"
)

// UpperTail is Q(b) = P(g >= b) for g ~ N(0, 1).
func UpperTail(b float64) float64 { return math.Erfc(b/math.Sqrt2) / 2 }

// JointTail is P(g >= b, g' >= b) for standard normal g, g' that are correlated like the projections
// of a Gaussian vector on two unit vectors at the given angle in [0, pi]:
//
//	p = (Q(b) - Q(-b))_+ + (1/pi) int_0^{(pi-angle)/2} exp(-b^2/(2 sin^2 phi)) dphi.
//
// Derivation: dp/dr is the bivariate normal density at (b, b), r = cos(angle), and at r = -1 the event is
// b <= g <= -b. With r = -cos(2 phi) its exponent is b^2/(1+r) = b^2/(2 sin^2 phi). The integrand is positive, so
// that nothing cancels however small p is. At angle 0 it is Craig's form of Q.
//
// For b = 0 it is (pi-angle)/(2 pi). For b > 0 the integrand is largest at the upper end, hence
// p <= exp(-b^2/(1+r)) (pi-angle)/(2 pi), see [JointTailBound].
func JointTail(b, angle float64) float64 {
	if !(angle >= 0 && angle <= math.Pi) || math.IsNaN(b) {
		return math.NaN()
	}
	if math.Abs(b) < 1e-300 { // it changes the tail by at most |b|, and 4/b would overflow
		return orthant(angle)
	}
	p := craig(math.Abs(b), (math.Pi-angle)/2)
	if b < 0 {
		p += math.Erf(-b / math.Sqrt2)
	}
	return p
}

// JointTailBound is exp(-b^2/(1+cos angle)) (pi-angle)/(2 pi), for b >= 0 not below [JointTail] and
// equal to it for b = 0: the measure of a cone with its apex at the distance b sqrt(2/(1+cos angle)) from 0.
func JointTailBound(b, angle float64) float64 {
	if !(b >= 0) {
		return math.NaN()
	}
	s := math.Cos(angle / 2) // 1 + cos angle = 2 s^2
	if b > 0 && s*s < 1e-300 {
		return 0
	}
	decay := 1.0
	if b > 0 {
		decay = math.Exp(-b * b / (2 * s * s))
	}
	return decay * orthant(angle)
}

// craig is (1/pi) int_0^top exp(-b^2/(2 sin^2 phi)) dphi for b > 0 and top in [0, pi/2], to a relative error
// of about 1e-14, beside what the rounding of top does. With t = cot phi it is
//
//	(1/pi) exp(-b^2/2) int_{cot top}^inf exp(-b^2 t^2/2)/(1+t^2) dt.
//
// Panels go up from cot top, where the integrand falls. On each of them the exponent changes by at most 8, and it is no
// longer than 3/2 of max(1, t), so that the poles at +-i stay outside an ellipse of 3.3 times its half length: the Gauss rule loses 3.3^-32.
func craig(b, top float64) float64 {
	if top <= 0 {
		return 0
	}
	start := math.Cos(top) / math.Sin(top)
	// In t - start, so that the exponent beyond that at the start does not cancel.
	exponent := func(u float64) float64 { return b * u * (b * (2*start + u)) / 2 }
	value := func(u float64) float64 { return math.Exp(-exponent(u)) / (1 + (start+u)*(start+u)) }
	var sum float64
	for lo, more := 0.0, true; more; {
		t := start + lo
		hi := lo + math.Min(1.5*math.Max(1, t), 4/b*(4/b/(t+math.Hypot(t, 4/b))))
		half, mid := (hi-lo)/2, (hi+lo)/2
		var panel float64
		for i, x := range gaussNodes {
			panel += gaussWeights[i] * (value(mid-half*x) + value(mid+half*x))
		}
		sum += half * panel
		// What is left is at most exp(-exponent(hi)) times the integrals of 1/(1+t^2) and of exp(-b^2 t (u-hi))/t^2.
		t = start + hi
		more = math.Exp(-exponent(hi))*math.Min(1, 1/(b*t*(b*t)))/t > sum*unit/4
		lo = hi
	}
	s := b / math.Sin(top)
	return sum * math.Exp(-s*s/2) / math.Pi
}

// The positive nodes and the weights of the 16-point Gauss-Legendre rule on [-1, 1].
var (
	gaussNodes = [...]float64{
		0.0950125098376374401853193354249581, 0.281603550779258913230460501460496, 0.458016777657227386342419442983578, 0.617876244402643748446671764048791,
		0.755404408355003033895101194847442, 0.865631202387831743880467897712393, 0.944575023073232576077988415534608, 0.989400934991649932596154173450333,
	}
	gaussWeights = [...]float64{
		0.189450610455068496285396723208283, 0.182603415044923588866763667969220, 0.169156519395002538189312079030360, 0.149595988816576732081501730547479,
		0.124628971255533872052476282192016, 0.0951585116824927848099251076022462, 0.0622535239386478928628438369943777, 0.0271524594117540948517805724560182,
	}
)

// Threshold is the kernel P(w . x >= b, w . x' >= b) of the activation patterns of neurons with a
// threshold b on unit inputs. Inputs of another norm give NaN.
func Threshold(b float64) Kernel {
	mustBeFinite("threshold", b)
	return Kernel{
		name: fmt.Sprintf("threshold(%g)", b),
		of:   func(p Pair) float64 { return onUnit(p, JointTail(b, p.Angle)) },
		coef: func(k int) float64 { return thresholdCoefficient(b, k) },
		amp:  func(float64) float64 { return thresholdError },
	}
}

// ThresholdReLU is the derivative kernel of phi(z) = max(z - b, 0) with a fixed threshold b on unit
// inputs, x . x' P(w . x >= b, w . x' >= b). b = 0 is [ReLU] on the sphere.
func ThresholdReLU(b float64) Kernel {
	mustBeFinite("threshold", b)
	return Kernel{
		name: fmt.Sprintf("threshold-relu(%g)", b),
		of:   func(p Pair) float64 { return onUnit(p, p.Cos*JointTail(b, p.Angle)) },
		coef: func(k int) float64 {
			if k == 0 {
				return 0
			}
			return thresholdCoefficient(b, k-1)
		},
		amp: func(float64) float64 { return thresholdError },
	}
}

// BiasedReLU is the tangent kernel of f(x) = m^{-1/2} sum_r a_r max(w_r . x - b_r, 0) in weights and
// biases, all biases being b: (x . x' + 1) P(w . x >= b, w . x' >= b) on unit inputs.
func BiasedReLU(b float64) Kernel {
	mustBeFinite("bias", b)
	return Kernel{
		name: fmt.Sprintf("biased-relu(%g)", b),
		of: func(p Pair) float64 {
			s := math.Cos(p.Angle / 2)
			return onUnit(p, 2*s*s*JointTail(b, p.Angle))
		},
		coef: func(k int) float64 {
			c := thresholdCoefficient(b, k)
			if k > 0 {
				c += thresholdCoefficient(b, k-1)
			}
			return c
		},
		amp: func(float64) float64 { return 2 * thresholdError },
	}
}

// onUnit lets the value stand for unit inputs alone.
func onUnit(p Pair, v float64) float64 {
	const slack = 1e-9
	if math.Abs(p.NormX-1) > slack || math.Abs(p.NormY-1) > slack {
		return math.NaN()
	}
	return v
}

// thresholdError is the amplification for P(g >= b, g' >= b), p, and for r p; that for (r+1) p is twice it. An angle
// moves p by 1/(2 pi) of its own error at most and a cosine r p by p <= 1, which with a quarter of p is 0.6; the quadrature of a relative
// error of 1e-14, 90 roundings of at most 1/2, is 1.05 of the 43 roundings at d = 1.
const thresholdError = 1.65

// thresholdCoefficient is the square of the k-th normalised Hermite coefficient of 1{z >= b}: Q(b)^2, and
// (density(b) He_{k-1}(b))^2/k! for k >= 1.
func thresholdCoefficient(b float64, k int) float64 {
	if k == 0 {
		q := UpperTail(b)
		return q * q
	}
	// h is He_{k-1}(b)/sqrt((k-1)!), by the recurrence of the normalised polynomials.
	below, h := 0.0, 1.0
	for j := 1; j < k; j++ {
		below, h = h, (b*h-math.Sqrt(float64(j-1))*below)/math.Sqrt(float64(j))
	}
	c := math.Exp(-b*b/2) / math.Sqrt(2*math.Pi) * h
	return c * c / float64(k)
}
