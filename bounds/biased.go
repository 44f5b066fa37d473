package bounds

import (
	"fmt"
	"math"

	"convergo/bounds/kernel"
)

// Notation of this file: f(x) = m^{-1/2} sum_r a_r relu(w_r . x - b_r) on n unit inputs, all biases b at the start; Q(b) is
// the upper tail of N(0, 1) and z_ri = w_r . x_i - b_r. Lifted inputs (x_i, -1) have the Gram matrix K~ = XX^T + 11^T.

// StripProbability is P(|g - b| <= r) for g ~ N(0, 1), the share of the neurons with |z_ri(0)| <= r.
func StripProbability(b, r float64) float64 {
	b = math.Abs(b)
	return when(r >= 0, (math.Erfc((b-r)/math.Sqrt2)-math.Erfc((b+r)/math.Sqrt2))/2)
}

// StripBound is (2r/sqrt(2 pi)) exp(-((b-r)_+)^2/2), at least [StripProbability] for b >= 0: the strip has length 2r
// and the density is largest where it is nearest to 0. To first order in r it is exact.
func StripBound(b, r float64) float64 {
	near := math.Max(b-r, 0)
	return when(b >= 0 && r >= 0, r*math.Sqrt(2/math.Pi)*math.Exp(-near*near/2))
}

// StripHyperbolic is sqrt(2/pi) e^{-b^2/2} sinh(b r)/b, at least [StripProbability] for b > 0 (derived: the density at
// b + t is that at b times e^{-bt - t^2/2}, and the integral of e^{-bt} over [-r, r] is 2 sinh(br)/b). At b = 0 it is the
// limit r sqrt(2/pi).
func StripHyperbolic(b, r float64) float64 {
	x := b * r
	ratio := 1.0 // sinh(x)/(x e^x), which does not overflow
	if x > 0 {
		ratio = -math.Expm1(-2*x) / (2 * x)
	}
	return when(b >= 0 && r >= 0, math.Sqrt(2/math.Pi)*math.Exp(x-b*b/2)*r*ratio)
}

// StripConstant is sinh(2)/sqrt(2 pi) = 1.4469, the smallest c for which P(|g - b| <= r) <= c r e^{-b^2/2} whenever
// r <= 2 min(1, 1/b) (derived: [StripHyperbolic] with sinh(br)/(br) <= sinh(2)/2; as b grows at r = 2/b it is
// attained).
const StripConstant = 3.62686040784701876766821398 / 2.50662827463100050241576528

// TruncatedMoments returns E relu(g - b)^2 and E relu(g - b)^4 for g ~ N(0, 1) (derived, by parts):
//
//	(1 + b^2) Q(b) - b density(b),   (b^4 + 6 b^2 + 3) Q(b) - (b^3 + 5 b) density(b).
//
// The first is the variance of one output of the network at its start, at every width. Both terms cancel for large b:
// the relative error grows like b^4 and b^8 roundings.
func TruncatedMoments(b float64) (second, fourth float64) {
	q, density := kernel.UpperTail(b), math.Exp(-b*b/2)/math.Sqrt(2*math.Pi)
	s := b * b
	return (1+s)*q - b*density, (s*s+6*s+3)*q - b*(s+5)*density
}

// A BiasCertificate is a deterministic theorem about gradient descent on weights and biases from one start of any kind.
// Let s be the largest share, over the inputs, of neurons with |z_ri(0)| <= Radius. If
//
//	Spend(s) <= lambda_min(H(0)) - Floor   and   0 < eta <= LargestStep(s),
//
// then for all t: ||e(t)|| <= (1 - eta Floor)^t ||e(0)||, and no preactivation moves by more than Radius.
//
// Proof, by induction over the steps so far. A neuron moves by (eta/sqrt m) ||sum_i e_i 1_ri x~_i|| <= (eta/sqrt m) sqrt(Lambda) ||e||
// a step, its preactivations by sqrt 2 as much, and the geometric sum is Radius. Only neurons with |z_ri(0)| <= Radius have
// changed their pattern, so that the rows of H(t) - H(0) have absolute sums of at most s (2 RowSum - 2), the diagonal
// counting once. A pattern that changes in a step costs an output |Delta z| at most: together s sqrt 2 eta sqrt(Lambda) ||e||
// an output, eta sqrt(2 n Lambda) s ||e|| in norm. With 0 <= H(t) <= Lambda,
//
//	||e(t+1)|| <= (max(1 - eta lambda_min(H(t)), eta Lambda - 1) + eta sqrt(2 n Lambda) s) ||e(t)|| <= (1 - eta Floor) ||e(t)||.
type BiasCertificate struct {
	N, Width int
	Lambda   float64 // Lambda = lambda_max(K~), at most 2n
	RowSum   float64 // max_i sum_j K~_ij, at most 2n
	Floor    float64 // the eigenvalue that is to remain, positive
	Residual float64 // ||e(0)||
}

// Radius is sqrt(2 Lambda) ||e(0)||/(Floor sqrt m).
func (c BiasCertificate) Radius() float64 {
	return when(c.Floor > 0 && c.Width >= 1, math.Sqrt(2*c.Lambda/float64(c.Width))*c.Residual/c.Floor)
}

// Spend is what a share s of neurons near a boundary costs: (2 RowSum - 2 + sqrt(2 n Lambda)) s, at most 6 n s.
func (c BiasCertificate) Spend(s float64) float64 {
	return when(s >= 0, (2*c.RowSum-2+c.residual())*s)
}

// LargestStep is 2/(Lambda + Floor + sqrt(2 n Lambda) s), at least 1/Lambda where Spend(s) fits under Lambda - Floor.
func (c BiasCertificate) LargestStep(s float64) float64 {
	return when(s >= 0, 2/(c.Lambda+c.Floor+c.residual()*s))
}

func (c BiasCertificate) residual() float64 { return math.Sqrt(2 * float64(c.N) * c.Lambda) }

// A BiasProblem is what [BiasProblem.Width] depends on: n unit inputs, a start in pairs of neurons with zero output, and
// labels of norm Residual.
type BiasProblem struct {
	N              int
	Bias           float64
	Lambda, RowSum float64 // of K~
	Limit          float64 // lambda(b), the smallest eigenvalue of the limit kernel
	Residual       float64
	Spare          float64 // theta in (0, 1): the floor is (1-theta) lambda(b)
	Delta          float64
}

// Certificate returns the certificate at a width.
func (p BiasProblem) Certificate(m int) BiasCertificate {
	return BiasCertificate{N: p.N, Width: m, Lambda: p.Lambda, RowSum: p.RowSum, Floor: (1 - p.Spare) * p.Limit, Residual: p.Residual}
}

// Width returns the smallest even width, within 2 %, at which the hypothesis of the certificate holds with probability at
// least 1 - delta (derived). At a width m, m/2 pairs, lambda_min(H(0)) is at least (1-eps) lambda(b) but for a share
// delta/2 of the draws, with eps from [ChernoffRate], and no input has more neurons near a boundary than [BinomialFlips]
// with [StripProbability] says, but for delta/2. What is left of theta pays for those. The radius falls with the width.
func (p BiasProblem) Width() (int, error) {
	if p.N < 1 || !(p.Limit > 0) || !(p.Spare > 0 && p.Spare < 1) || !isProbability(p.Delta) || !(p.Residual >= 0) || !(p.Lambda >= p.Limit) {
		return 0, fmt.Errorf("bounds: %+v is no problem with biases: lambda(b) must be positive, theta and delta lie in (0, 1)", p)
	}
	const most = min(1<<40, math.MaxInt/4)
	pairs := math.Ceil(ChernoffWidth(p.N, p.Spare, p.Limit, math.Sqrt(p.Lambda), p.Delta/2))
	for ; pairs < most; pairs = math.Ceil(1.02 * pairs) {
		c := p.Certificate(2 * int(pairs))
		s := BinomialFlips(StripProbability(p.Bias, c.Radius()), p.N, int(pairs), p.Delta/2)
		eps := ChernoffLoss(p.N, int(pairs), p.Limit, math.Sqrt(p.Lambda), p.Delta/2)
		if c.Spend(s) <= (p.Spare-eps)*p.Limit {
			return 2 * int(pairs), nil
		}
	}
	return 0, fmt.Errorf("bounds: a width above %d would be needed; take smaller labels or better separated inputs", most)
}

// ChernoffLoss is the smallest eps at which [ChernoffFailure] is at most delta: the share of lambda_0 that lambda_min(H(0)) may
// lose at width m. It is 1 where the width is too small for any.
func ChernoffLoss(n, m int, lambda0, s, delta float64) float64 {
	return inverseRate(ChernoffRate, 1, s*s*math.Log(float64(n)/delta)/(float64(m)*lambda0))
}

// ChernoffGain is the smallest eps at which [ChernoffUpperFailure] is at most delta.
func ChernoffGain(n, m int, lambdaMax, s, delta float64) float64 {
	return inverseRate(ChernoffUpperRate, 1e9, s*s*math.Log(float64(n)/delta)/(float64(m)*lambdaMax))
}

// inverseRate finds the least eps in [0, most] with rate(eps) >= want, or most.
func inverseRate(rate func(float64) float64, most, want float64) float64 {
	if math.IsNaN(want) {
		return math.NaN()
	}
	lo, hi := 0.0, most
	for range 200 {
		if mid := lo + (hi-lo)/2; rate(mid) >= want {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// BiasOrderWidth is n^4 e^{-b^2}/lambda^4, the width of Yang et al., Theorem 1, with its hidden constant and logarithms set
// to 1; lambda = lambda(b).
func BiasOrderWidth(n int, lambda, b float64) float64 {
	return when(n >= 1 && lambda > 0, math.Pow(float64(n)/lambda, 4)*math.Exp(-b*b))
}

// RegionFloor is the lambda' of Yang et al., Theorem 13, a lower bound on a^T H a for the unit vectors a of its region, n >= 2
// unit inputs of which no two are closer to each other, or to each other's antipode, than delta in (0, sqrt 2]:
//
//	max{ 1/2 - b/sqrt(2 pi), (1/b - 1/b^3) e^{-b^2/2}/sqrt(2 pi) }
//	  - e^{-b^2/(2 - delta^2/2)} (pi - arctan(delta sqrt(1-delta^2/4)/(1-delta^2/2)))/(2 pi).
//
// The first is a lower bound on Q(b), the second an upper bound on the joint tail of the closest pair.
func RegionFloor(b, delta float64) float64 {
	tail := 0.5 - b/math.Sqrt(2*math.Pi)
	if b > 0 {
		tail = math.Max(tail, (1/b-1/(b*b*b))*math.Exp(-b*b/2)/math.Sqrt(2*math.Pi))
	}
	angle := math.Atan2(delta*math.Sqrt(1-delta*delta/4), 1-delta*delta/2)
	return when(b >= 0 && delta > 0 && delta <= math.Sqrt2*(1+1e-15),
		tail-math.Exp(-b*b/(2-delta*delta/2))*(math.Pi-angle)/(2*math.Pi))
}

// ThresholdFloor is a lower bound on the smallest eigenvalue of the kernel x . x' P(w . x >= b, w . x' >= b), b >= 0, of
// n >= 1 unit inputs with sin(angle) >= sine between any two (derived): the largest over tau of
//
//	A C/(A+C) (1 - (n-1) 4 tau/(sqrt(2 pi) sine)),   A = Q(b) - Q(b+tau), C = Q(b-tau) - Q(b).
//
// For one input it is Q(b) (1 - Q(b)). As C >= A, A C/(A+C) is at least A/2.
//
// Proof: for a unit a let f(w) = sum_i a_i 1{w.x_i >= b} x_i. Call w near i when |w.x_i - b| <= tau and |w.x_j - b| > tau for
// all other j: disjoint events. Given the part v of w orthogonal to x_i, t = w.x_i is normal, and unless some
// |r_ij b + v.x_j - b| <= 2 tau, of probability 4 tau/(sqrt(2 pi) sine) each at most, f jumps by a_i x_i at t = b and
// is constant on both sides, for tau at least; and C |f|^2 + A |f + a_i x_i|^2 >= a_i^2 A C/(A+C) for every f.
func ThresholdFloor(n int, sine, b float64) float64 {
	if n < 1 || !(b >= 0) || n > 1 && !(sine >= 0 && sine <= 1) {
		return math.NaN()
	}
	if n == 1 {
		return kernel.UpperTail(b) * kernel.UpperTail(-b)
	}
	limit, best := sine*math.Sqrt(2*math.Pi)/(4*float64(n-1)), 0.0
	for i := 1; i < 40; i++ {
		share := float64(i) / 40
		half := share * limit / 2
		above, below := StripProbability(b+half, half), StripProbability(b-half, half)
		if above > 0 {
			best = math.Max(best, (1-share)*above*below/(above+below))
		}
	}
	return best
}
