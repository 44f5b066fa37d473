package bounds

import (
	"fmt"
	"math"
)

// A TubeCell says what a function f is like within eps of its gradient flow during one step of gradient descent.
type TubeCell struct {
	Smoothness float64 // beta >= ||Hess f|| in the tube
	Gradient   float64 // gamma >= ||grad f|| in the tube
	Curvature  float64 // m >= -lambda_min(Hess f) in the tube
}

// TrackingBound bounds the distance of gradient descent with step eta to the gradient flow at the time k eta, for k = 0, 1, ...,
// len(cells), as long as all bounds stay below eps:
//
//	E_0 = offset,  E_{k+1} = e^{m eta} E_k + beta gamma (e^{m eta} - 1 - m eta)/m^2.
//
// Between two iterates the polygon through them moves at the speed of a gradient that is out of date by at most beta gamma s
// at the time s after the last one, and the logarithmic norm of -Hess f is at most m.
func TrackingBound(eta, offset float64, cells []TubeCell) []float64 {
	e := append(make([]float64, 0, len(cells)+1), offset)
	for k, c := range cells {
		z := c.Curvature * eta
		e = append(e, math.Exp(z)*e[k]+c.Smoothness*c.Gradient*eta*eta*secondRemainder(z))
	}
	return e
}

// secondRemainder is (e^z - 1 - z)/z^2, 1/2 at zero.
func secondRemainder(z float64) float64 {
	if math.Abs(z) > 0.1 {
		return (math.Expm1(z) - z) / (z * z)
	}
	sum, term := 0.0, 0.5
	for k := 3; k < 14; k++ {
		sum += term
		term *= z / float64(k)
	}
	return sum
}

// TrackingStep is the step size below which gradient descent stays within eps of the gradient flow for the time h len(m):
//
//	inf_{0<t<=T} (eps - e^{int_0^t m} offset)/(beta gamma int_0^t e^{int_s^t m} ds)
//
// for a bound m on the negative curvature that is constant on cells of length h. It is 0 where there is none. Within a cell both the
// numerator and the integral are monotone, so the ends bound the infimum from below.
func TrackingStep(eps, offset, beta, gamma, h float64, m []float64) float64 {
	step, growth, integral := math.Inf(1), 1.0, 0.0
	for _, v := range m {
		room := eps - growth*offset
		before := integral
		growth *= math.Exp(v * h)
		if v == 0 {
			integral += h
		} else {
			integral = integral*math.Exp(v*h) + math.Expm1(v*h)/v
		}
		room = min(room, eps-growth*offset)
		step = min(step, max(room, 0)/(beta*gamma*max(before, integral)))
	}
	return step
}

// ConvexTracking bounds the distance of gradient descent to the gradient flow from the same start after steps of size
// eta <= 2/beta, for a convex beta-smooth function with a gradient of norm gamma at the start: (1/2) beta gamma eta (steps eta).
func ConvexTracking(beta, gamma, eta float64, steps int) float64 {
	return beta * gamma * eta * eta * float64(steps) / 2
}

// A Ridge is the function -(m/2) x^2 from the start x > 0, from which gradient flow and descent part exponentially.
type Ridge struct{ Curvature, Start, Time float64 }

// leastLog is the best c with log(1+u) <= u - c u^2 for 0 <= u <= 1, attained at 1.
const leastLog = 1 - math.Ln2

// Deviation is the distance that descent with step eta <= 1/m, which divides the time T, has at least from the flow:
// x e^{mT} (1 - exp(-(1 - log 2) m^2 eta T)).
func (r Ridge) Deviation(eta float64) float64 {
	m := r.Curvature
	return r.Start * math.Exp(m*r.Time) * -math.Expm1(-leastLog*m*m*eta*r.Time)
}

// NecessaryStep is the largest step that Deviation allows at a distance of eps; infinite where it forbids none.
func (r Ridge) NecessaryStep(eps float64) float64 {
	share := eps * math.Exp(-r.Curvature*r.Time) / r.Start
	if share >= 1 {
		return math.Inf(1)
	}
	return -math.Log1p(-share) / (leastLog * r.Curvature * r.Curvature * r.Time)
}

// SufficientStep is a step with which the distance at the time T is at most eps: 2 eps e^{-mT}/(m^2 T x), since
// log(1+u) >= u - u^2/2.
func (r Ridge) SufficientStep(eps float64) float64 {
	return 2 * eps * math.Exp(-r.Curvature*r.Time) / (r.Curvature * r.Curvature * r.Time * r.Start)
}

// DeepCurvature is a lower bound on the smallest eigenvalue of the Hessian of the training loss of a deep network with activations of
// slopes at most slope, layers of the given operator norms and an output loss whose gradient has norm grad:
//
//	-(n-1) slope^{n-1} grad max_{|J|=n-2} prod_{j in J} ||W_j||.
func DeepCurvature(grad, slope float64, norms []float64) float64 {
	n := len(norms)
	if n < 2 {
		return 0
	}
	return -float64(n-1) * math.Pow(slope, float64(n-1)) * grad * product(largestOf(norms, n-2))
}

// largestOf returns the k largest of the numbers.
func largestOf(v []float64, k int) []float64 {
	rest := append([]float64(nil), v...)
	for i := range k {
		for l := i + 1; l < len(rest); l++ {
			if rest[l] > rest[i] {
				rest[i], rest[l] = rest[l], rest[i]
			}
		}
	}
	return rest[:k]
}

func product(v []float64) float64 {
	p := 1.0
	for _, x := range v {
		p *= x
	}
	return p
}

// A DeepTube bounds f = (1/2)||W_n ... W_1 - Lambda||_F^2 within eps of weights whose layers have the given operator norms and whose
// product is at a Frobenius distance of residual from Lambda.
func DeepTube(norms []float64, residual, eps float64) (TubeCell, error) {
	n := len(norms)
	if n < 2 || !(eps >= 0) || !(residual >= 0) {
		return TubeCell{}, fmt.Errorf("a tube of width %v around %d layers at a residual of %v: give two layers or more, and numbers of at least 0", eps, n, residual)
	}
	wide := make([]float64, n)
	for j, v := range norms {
		wide[j] = v + eps
	}
	grad := residual + product(wide) - product(norms)
	squares := 0.0 // of the derivative of the product in each layer
	for j := range wide {
		others := append(append([]float64(nil), wide[:j]...), wide[j+1:]...)
		p := product(others)
		squares += p * p
	}
	m := -DeepCurvature(grad, 1, wide)
	return TubeCell{Smoothness: squares + m, Gradient: math.Sqrt(squares) * grad, Curvature: m}, nil
}
