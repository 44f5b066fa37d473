package bounds

import "math"

// The two-layer network of these has preactivations z_i ~ N(0, 2/m) at an input of unit norm, with bias, and output weights
// a_i ~ N(0, s^2).

// MovableShare is P(|z_i| <= t |a_i|) = (2/pi) arctan(t s sqrt(m/2)), the mean share of the patterns that movements of at most
// t |a_i| can change: a ratio of two normals is Cauchy.
func MovableShare(m int, s, t float64) float64 {
	return 2 / math.Pi * math.Atan(t*s*math.Sqrt(float64(m)/2))
}

// CouplingSupremum is the most by which the network and its pseudo-network differ, at an input of unit norm, when neuron i moves
// by at most radius[i]: the larger of the sums over the neurons of either sign of a of |a_i| (radius_i - |z_i|)_+.
func CouplingSupremum(z, a, radius []float64) float64 {
	var up, down float64
	for i, v := range z {
		gap := math.Max(0, radius[i]-math.Abs(v))
		if a[i] > 0 {
			up += a[i] * gap
		} else {
			down -= a[i] * gap
		}
	}
	return math.Max(up, down)
}

// CouplingCore bounds CouplingSupremum by sum |a_i| radius_i over the neurons with |z_i| <= radius_i.
func CouplingCore(z, a, radius []float64) float64 {
	sum := 0.0
	for i, v := range z {
		if math.Abs(v) <= radius[i] {
			sum += math.Abs(a[i]) * radius[i]
		}
	}
	return sum
}

// CouplingMoments are the mean and the standard deviation of sum a_i (tau - |z_i|)_+ over a_i > 0, which is the difference that movements
// of length tau can make in one direction: with c = tau sqrt(m)/2 the mean is (m s/sqrt(2 pi)) (tau erf(c) - (2/sqrt(pi m))(1 - e^{-c^2})).
func CouplingMoments(m int, s, tau float64) (mean, deviation float64) {
	n := float64(m)
	c := tau * math.Sqrt(n) / 2
	near := math.Erf(c)
	first := tau*near + 2/math.Sqrt(math.Pi*n)*math.Expm1(-c*c)
	// E z^2 1{|z| <= tau} = (2/m)(erf(c) - (2/sqrt pi) c e^{-c^2}), and E |z| 1 = (2/sqrt(pi m))(1 - e^{-c^2}).
	square := tau*tau*near + 4*tau/math.Sqrt(math.Pi*n)*math.Expm1(-c*c) + 2/n*(near-2/math.Sqrt(math.Pi)*c*math.Exp(-c*c))
	mean = s / math.Sqrt(2*math.Pi) * first // of one neuron
	return n * mean, math.Sqrt(n * (s*s/2*square - mean*mean))
}

// RegretAllowance is (1/T) times (|U|^2/(2 eta) + (eta/2) sum |G_t|^2), the most by which T steps of online descent from 0
// exceed the comparator U on losses that are linear, or convex, in the weights.
func RegretAllowance(u2, eta, gradients2 float64, steps int) float64 {
	return (u2/(2*eta) + eta/2*gradients2) / float64(steps)
}

// RowBallRademacher is |a|_1 tau r/sqrt(n) with r the root mean square norm of the n inputs: the Rademacher complexity of two-layer
// ReLU networks whose rows move by at most tau does not exceed it.
func RowBallRademacher(a []float64, tau float64, squares []float64) float64 {
	var l1, total float64
	for _, v := range a {
		l1 += math.Abs(v)
	}
	for _, v := range squares {
		total += v
	}
	return l1 * tau * math.Sqrt(total) / float64(len(squares))
}
