package bounds

import (
	"math"

	"convergo/bounds/kernel"
)

// JointTangent is the mean and variance of what one ReLU neuron adds to the tangent kernel of its weights, its bias and its output
// weight a, Y = a^2 (1+u) 1{z > 0} 1{z' > 0} + max(z, 0) max(z', 0), with w, b standard normal, E a^2 = 1 and E a^4 = fourth, at two
// unit inputs of inner product u. z and z' have variance 2 and correlation v = (1+u)/2, so that
//
//	E Y = v kappa_0(v) + kappa_1(v),   E (zz')^2 1{z, z' > 0} = (2/pi) (3 sin cos + (pi - t)(1 + 2 cos^2)),   cos t = v.
func JointTangent(u, fourth float64) (mean, variance float64) {
	v := (1 + u) / 2
	t := math.Acos(v)
	both, product := kernel.StepFeature().At(v), 2*kernel.ReLUFeature().At(v)
	square := 2 / math.Pi * (3*math.Sin(t)*v + (math.Pi-t)*(1+2*v*v))
	mean = (1+u)*both + product
	return mean, fourth*(1+u)*(1+u)*both + 2*(1+u)*product + square - mean*mean
}

// PairsTail is the t with 2 sum over the n(n+1)/2 pairs of exp(-2 m t^2/2) = delta, doubled: sqrt(4 log(n(n+1)/delta)/m). No entry of
// a tangent kernel of the neurons of a doubled ReLU network of width m on n unit inputs is farther from its mean, but with probability delta: it is
// (1+u) <= 2 times a share of m/2 independent neurons, for which Hoeffding's inequality holds.
func PairsTail(n, m int, delta float64) float64 {
	x := float64(n)
	return 2 * math.Sqrt(math.Log(x*(x+1)/delta)/float64(m))
}

// OperatorTail is kappa^2 (sqrt((1 - t/kappa^4)/n) + sqrt(log(1/delta)/n)), which the Hilbert-Schmidt distance of T_n = (1/n) sum K_{x_i} (x) K_{x_i} from
// T exceeds with probability at most delta: kappa^2 = sup K(x, x), t = ||T||_HS^2. The mean of the square is at most
// (kappa^4 - t)/n, and by <K_x (x) K_x, K_y (x) K_y> = K(x, y)^2 >= 0 another sample changes the distance by at most sqrt 2 kappa^2/n (McDiarmid).
func OperatorTail(kappa2, t float64, n int, delta float64) float64 {
	x := float64(n)
	return kappa2 * (math.Sqrt(math.Max(0, 1-t/(kappa2*kappa2))/x) + math.Sqrt(math.Log(1/delta)/x))
}
