package bounds

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// A BalancedFlow is the gradient flow of (1/2)||w - lambda||^2, w^T = W_n ... W_1 a row, from balanced weights whose product has
// norm sigma_0 and cosine c_0 with lambda. The norm and the cosine follow
//
//	sigma' = n sigma^{2-2/n} (L c - sigma),  c' = sigma^{1-2/n} L (1 - c^2),  L = ||lambda||.
//
// With u = artanh c as the time, u' = L sigma^{1-2/n}, the first is a Bernoulli equation, so that for every depth
//
//	1/sigma = [cosh^n(u_0)/sigma_0 + (n/L) int_{u_0}^u cosh^n(s) ds]/cosh^n(u),
//	t = (1/L) int_{u_0}^u sigma(s)^{2/n-1} ds,
//
// and t = (u - u_0)/L at n = 2.
type BalancedFlow struct {
	Depth  int
	Target float64 // L
	Norm   float64 // sigma_0
	Cosine float64 // c_0, strictly between -1 and 1
}

const (
	mostLift  = 600  // of n |u|, beyond which cosh^n overflows
	flowPanel = 0.25 // of u in the quadrature of the time
	flowNodes = 12
)

// Validate reports what is no flow between the saddle and the minimum.
func (f BalancedFlow) Validate() error {
	if f.Depth < 2 || !(f.Target > 0) || !(f.Norm > 0) || !(math.Abs(f.Cosine) < 1) || math.IsInf(f.Target+f.Norm, 0) {
		return fmt.Errorf("balanced flow %+v: give two layers or more, positive norms and a cosine strictly between -1 and 1", f)
	}
	if u := f.start(); float64(f.Depth)*math.Abs(u) > mostLift {
		return fmt.Errorf("balanced flow %+v: the angle is too near to a straight line for this depth", f)
	}
	return nil
}

func (f BalancedFlow) start() float64 { return math.Atanh(f.Cosine) }

// NormAt is the norm of the product when its cosine is tanh u.
func (f BalancedFlow) NormAt(u float64) float64 { return 1 / f.inverseNorm(u) }

func (f BalancedFlow) inverseNorm(u float64) float64 {
	n, u0 := float64(f.Depth), f.start()
	lift := math.Pow(math.Cosh(u), n)
	return math.Pow(math.Cosh(u0), n)/lift/f.Norm + n/f.Target*(coshIntegral(f.Depth, u)-coshIntegral(f.Depth, u0))/lift
}

// coshIntegral is int_0^u cosh^n(s) ds.
func coshIntegral(n int, u float64) float64 {
	sum, factor := 0.0, 1.0
	for ; n > 1; n -= 2 {
		sum += factor * math.Pow(math.Cosh(u), float64(n-1)) * math.Sinh(u) / float64(n)
		factor *= float64(n-1) / float64(n)
	}
	if n == 1 {
		return sum + factor*math.Sinh(u)
	}
	return sum + factor*u
}

// between is the time that the flow takes from artanh c = a to b.
func (f BalancedFlow) between(a, b float64) float64 {
	if f.Depth == 2 {
		return (b - a) / f.Target
	}
	power := 1 - 2/float64(f.Depth)
	return quad.Fixed(func(u float64) float64 { return math.Pow(f.inverseNorm(u), power) }, a, b, flowNodes, quad.Legendre{}, 0) / f.Target
}

// LossAt is (1/2)||w - lambda||^2 when the cosine is tanh u.
func (f BalancedFlow) LossAt(u float64) float64 {
	s, l := f.NormAt(u), f.Target
	return (s-l)*(s-l)/2 + s*l*2/(math.Exp(2*u)+1)
}

// At returns the norm of the product and artanh of its cosine at the time t.
func (f BalancedFlow) At(t float64) (norm, u float64, err error) {
	u, _, err = f.march(func(u, elapsed float64) bool { return elapsed >= t })
	if err != nil {
		return 0, 0, err
	}
	return f.NormAt(u), u, nil
}

// TimeTo is the time at which the loss has fallen to a level.
func (f BalancedFlow) TimeTo(level float64) (float64, error) {
	_, t, err := f.march(func(u, _ float64) bool { return f.LossAt(u) <= level })
	return t, err
}

// march finds the first u, with its time, at which reached turns true, to rounding.
func (f BalancedFlow) march(reached func(u, t float64) bool) (u, t float64, err error) {
	if err := f.Validate(); err != nil {
		return 0, 0, err
	}
	u = f.start()
	if reached(u, 0) {
		return u, 0, nil
	}
	for step := flowPanel; step > 1e-15; {
		next := u + step
		if next == u {
			break
		}
		if float64(f.Depth)*next > mostLift {
			return 0, 0, fmt.Errorf("balanced flow %+v: the time is too long for this depth: the flow is at its minimum by then", f)
		}
		if at := t + f.between(u, next); !reached(next, at) {
			u, t = next, at
			continue
		}
		step /= 2
	}
	return u, t, nil
}

// BalancedSharpness is the largest eigenvalue of the Hessian of (1/2)||w - lambda||^2 at a balanced minimum of n layers:
// n ||lambda||^{2-2/n}.
func BalancedSharpness(n int, target float64) float64 {
	return float64(n) * math.Pow(target, 2-2/float64(n))
}
