package bounds

import "math"

// CircleMargin is the tangent-kernel margin gamma of n points at equal angles on the unit circle with
// alternating labels (derived):
//
//	gamma = 1/(n cos(pi/n))  for n = 4, 8, 12, ...,    gamma = 0  for n = 6, 10, 14, ...
//
// The rotations that map the labelled set to itself or to its negative act transitively on it, so that
// uniform weights are optimal in the dual of [PlanarMargin]; every direction sees n/2 consecutive points,
// and |sum_{k<n/2} (-1)^k exp(2 pi i k/n)| = |1 + (-1)^{n/2}|/(2 cos(pi/n)). NaN for other n.
func CircleMargin(n int) float64 {
	switch {
	case n >= 4 && n%4 == 0:
		return 1 / (float64(n) * math.Cos(math.Pi/float64(n)))
	case n >= 6 && n%4 == 2:
		return 0
	}
	return math.NaN()
}

// FiniteMarginWidth is 16 gamma^{-2} ln(n/delta), the width of a coupled network from which on the
// separator v that attains gamma separates all n samples with margin gamma/2 at initialisation, with
// probability at least 1 - delta (derived): m/2 independent pairs give terms in [-1, 1] with
// mean at least gamma, so that a sample fails with probability at most exp(-m gamma^2/16) (Hoeffding).
func FiniteMarginWidth(n int, margin, delta float64) float64 {
	return when(n >= 1 && margin > 0 && isProbability(delta), 16*math.Log(float64(n)/delta)/(margin*margin))
}

// LogisticBound is eps/2 + 2 ln^2(2/eps)/(gamma^2 eta t), which bounds the mean logistic loss of a coupled
// network after t >= 1 steps of size eta <= 4 (derived). At [CoupledMarginSteps] it is at most
// eps. Proof: gradient descent on a convex function of smoothness 1/4 has
// R(W_t) <= R(V) + |V - W_0|^2/(2 eta t); take V - W_0 = (2 ln(2/eps)/gamma) U with U of [FiniteMarginWidth],
// whose margins are at least ln(2/eps), so that R(V) <= ln(1 + eps/2) <= eps/2.
func LogisticBound(margin, eta, eps float64, t int) float64 {
	l := math.Log(2 / eps)
	return when(margin > 0 && eta > 0 && eta <= 4 && isProbability(eps) && t >= 1,
		eps/2+2*l*l/(margin*margin*eta*float64(t)))
}

// LogisticMovement is rho = T eta/sqrt(m), which no neuron exceeds in T steps of size eta on the mean
// logistic loss of unit samples: a gradient has at most 1/sqrt(m) per neuron.
func LogisticMovement(eta float64, steps, m int) float64 {
	return when(eta > 0 && steps >= 0 && m >= 1, eta*float64(steps)/math.Sqrt(float64(m)))
}

// LogisticCircleTime is the number of steps of a small size eta that bring the mean logistic loss on
// alternating points on the circle from ln 2 to eps, at infinite width (derived):
//
//	(z + e^z - 1)/(eta gamma^2),   z = -ln(e^eps - 1).
//
// The labels are an eigenvector of H^inf there, with eigenvalue n gamma^2 (the kernel bound on the margin with equality), so that
// all margins are one number z with dz/dt = gamma^2/(1 + e^z). As eps -> 0 it is 1/(eps eta gamma^2).
func LogisticCircleTime(margin, eta, eps float64) float64 {
	z := -math.Log(math.Expm1(eps))
	return when(margin > 0 && eta > 0 && eps > 0 && eps <= math.Ln2, (z+math.Expm1(z))/(eta*margin*margin))
}

// ClassifierWidth is the least width with which any two-layer ReLU network without biases, whatever its
// weights, could classify n alternating points on the circle, n even and at least 4 (derived):
// n/2, because each of the n sign intervals is shorter than pi and so holds one of the 2m kinks; and 4 for
// n = 4, where opposite points of equal label need two neurons of that sign. For n = 6, 10, ... no width is
// enough, and it is +Inf.
func ClassifierWidth(n int) float64 {
	switch {
	case n >= 4 && n%4 == 0:
		return math.Max(4, float64(n)/2)
	case n >= 6 && n%4 == 2:
		return math.Inf(1)
	}
	return math.NaN()
}

// ArcPairs is n ln(n/delta), the number of random pairs that hit each of the n activation arcs of n points
// at equal angles on the circle, n even, with probability at least 1 - delta (derived: coupon collector).
func ArcPairs(n int, delta float64) float64 {
	return when(n >= 1 && isProbability(delta), float64(n)*math.Log(float64(n)/delta))
}

// MissedArc bounds the probability that one of n equally likely arcs is missed by all of the pairs, by
// n (1 - 1/n)^pairs (at most 1).
func MissedArc(n, pairs int) float64 {
	return when(n >= 1 && pairs >= 0, math.Min(1, float64(n)*math.Pow(1-1/float64(n), float64(pairs))))
}

// NoEmptyNeighbours is the probability that balls thrown independently into equally likely boxes on a circle, at least 3,
// leave no two neighbouring boxes empty (derived):
//
//	sum_e P[e boxes are empty] C(b-e, e) b/(b-e) / C(b, e),
//
// the last factor being the share of the sets of e boxes of b that hold no neighbours: all sets of e are equally likely
// to be the empty one.
func NoEmptyNeighbours(boxes, balls int) float64 {
	if boxes < 3 || balls < 0 {
		return math.NaN()
	}
	filled := make([]float64, boxes+1) // the law of the number of boxes that are not empty
	filled[0] = 1
	for range balls {
		for k := boxes; k > 0; k-- {
			filled[k] = filled[k]*float64(k)/float64(boxes) + filled[k-1]*float64(boxes-k+1)/float64(boxes)
		}
		filled[0] = 0
	}
	sum, b := 0.0, float64(boxes)
	for empty := 0; 2*empty <= boxes; empty++ {
		share := b / (b - float64(empty))
		for k := range empty {
			share *= (b - float64(empty+k)) / (b - float64(k))
		}
		sum += filled[boxes-empty] * share
	}
	return sum
}

// ArcMargin is gamma sqrt(2n/m): with a pair in every arc, weights of norm 1 on one pair an arc separate
// the n alternating points with this margin, exactly (derived). n = 4, 8, 12, ...
func ArcMargin(n, m int) float64 {
	return when(n%4 == 0 && m >= 1, CircleMargin(n)*math.Sqrt(2*float64(n)/float64(m)))
}

// EvenWidth rounds a width up to an even number of neurons, at least 2. It panics unless the width is below 2^53.
func EvenWidth(width float64) int {
	if !(width < 1<<53) {
		panic("bounds: width out of range")
	}
	return 2 * max(1, int(math.Ceil(width/2)))
}
