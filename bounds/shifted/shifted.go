// Package shifted holds what theory says of networks with a shifted ReLU, an activation that is zero below a threshold
// b > 0 and so leaves most neurons silent: moments, sparsity, the recursion of norms over depth, the limit kernel, and the
// cost of a training step that touches active neurons alone.
//
// Preactivations are standard normal times the norm of the input; a network with N(0, 2/m) weights has its threshold at
// sqrt(2/m) b, which is the same thing.
package shifted

import (
	"fmt"
	"math"
)

// Kind is the shape of a shifted ReLU at its threshold b.
type Kind string

const (
	Hard Kind = "hard" // z 1{z > b}, which jumps to b
	Soft Kind = "soft" // max(z - b, 0), which is continuous
)

// UnmarshalText reads a kind, and reports an unknown one.
func (k *Kind) UnmarshalText(text []byte) error {
	if *k = Kind(text); *k != Hard && *k != Soft {
		return fmt.Errorf("shifted: activation %q; use %q or %q", text, Hard, Soft)
	}
	return nil
}

// Density is the standard normal density.
func Density(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }

// Tail is Q(b) = P(g > b) of a standard normal g: the share of active neurons on an input of unit norm.
func Tail(b float64) float64 { return math.Erfc(b/math.Sqrt2) / 2 }

// Strip is P(|g - b| <= r), the share of neurons that a change of their preactivation by r may switch.
func Strip(b, r float64) float64 {
	if r < 1e-4 { // the tails cancel: the density with its second derivative is exact to 1e-17
		return Density(b) * (2*r + (b*b-1)*r*r*r/3)
	}
	return Tail(b-r) - Tail(b+r)
}

// StripBound bounds it by 2 r times the largest density on [b-r, b+r], that at max(b-r, 0) for b >= 0.
func StripBound(b, r float64) float64 { return 2 * r * Density(math.Max(0, b-r)) }

// TruncatedMoment is E[g^k 1{g > b}], by M_k = b^{k-1} density(b) + (k-1) M_{k-2}.
func TruncatedMoment(k int, b float64) float64 {
	switch k {
	case 0:
		return Tail(b)
	case 1:
		return Density(b)
	}
	return math.Pow(b, float64(k-1))*Density(b) + float64(k-1)*TruncatedMoment(k-2, b)
}

// Moment is E[phi(g)^k] of the activation without its gain: the truncated moment, or for the soft threshold
// E[(g-b)^k 1{g > b}], which obeys N_k = -b N_{k-1} + (k-1) N_{k-2}.
func (k Kind) Moment(power int, b float64) float64 {
	if k == Hard {
		return TruncatedMoment(power, b)
	}
	older, old := Tail(b), Density(b)-b*Tail(b)
	if power == 0 {
		return older
	}
	for p := 2; p <= power; p++ {
		older, old = old, float64(p-1)*older-b*old
	}
	return old
}

// Gain is the factor c_b = 1/(2 E phi(g)^2) that keeps norms: with weights N(0, 2/m) and the activation
// sqrt(c_b) phi, E||h_1||^2 = ||x||^2. It is 1 at b = 0.
func (k Kind) Gain(b float64) float64 { return 1 / (2 * k.Moment(2, b)) }

// SquaredNormVariance is Var ||h_1||^2 at width m on a unit input: (E phi^4/(E phi^2)^2 - 1)/m.
func (k Kind) SquaredNormVariance(b float64, m int) float64 {
	return k.NextSquaredNormVariance(b, 1, m)
}

// SquaredNormKurtosis is E(||h_1||^2 - 1)^4 likewise. With Y = phi^2/(m E phi^2) and its central moments mu_2 and mu_4,
// m such summands have m mu_4 + 3 m (m-1) mu_2^2.
func (k Kind) SquaredNormKurtosis(b float64, m int) float64 {
	size, second := float64(m), k.Moment(2, b)
	scaled := func(power int) float64 { return k.Moment(2*power, b) / math.Pow(second, float64(power)) }
	mu2 := scaled(2) - 1
	mu4 := scaled(4) - 4*scaled(3) + 6*scaled(2) - 3
	return (mu4/size + 3*(1-1/size)*mu2*mu2) / (size * size)
}

// NextSquaredNorm is E||h_l||^2 given ||h_{l-1}|| = q: q^2 E phi_{b/q}(g)^2/E phi_b(g)^2, for q > 0. Both thresholds are
// at b whatever the norm, so that it is 1 at q = 1, and not a multiple of q^2 for b > 0.
func (k Kind) NextSquaredNorm(b, q float64) float64 {
	return q * q * k.Moment(2, b/q) / k.Moment(2, b)
}

// NextSquaredNormVariance is Var ||h_l||^2 given ||h_{l-1}|| = q, at width m.
func (k Kind) NextSquaredNormVariance(b, q float64, m int) float64 {
	next, second := k.NextSquaredNorm(b, q), k.Moment(2, b)
	return (q*q*q*q*k.Moment(4, b/q)/(second*second) - next*next) / float64(m)
}

// Amplification is d ln||h_l||/d ln||h_{l-1}|| at norm 1, of the root mean square:
//
//	hard: 1 + b^3 density(b)/(2 (Q(b) + b density(b)))
//	soft: Q(b)/((1 + b^2) Q(b) - b density(b))
//
// Above 1, which it is for every b > 0, a norm that is off at one layer is further off at the next.
func (k Kind) Amplification(b float64) float64 {
	if k == Hard {
		return 1 + b*b*b*Density(b)/(2*k.Moment(2, b))
	}
	return Tail(b) / k.Moment(2, b)
}

// Threshold is b = sqrt(c ln m), the shift that leaves about m^{1-c/2} of m neurons active.
func Threshold(c float64, m int) float64 { return math.Sqrt(c * math.Log(float64(m))) }
