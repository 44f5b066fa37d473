package bounds

import "math"

// CovarianceStep is e + (arcsin(e) - e)/pi for e in [0, 1]: if the three entries of a 2 x 2 covariance are within e of
// those of one with unit diagonal, their images under 2 E relu(u) relu(v) are within that (derived here).
//
// Along the segment between the two the diagonals lie in [1-s, 1+s] at distance s. The derivatives of
// sqrt(S11 S22) k1(angle) in S12, S11 and S22 add up to
//
//	k0 + sin(angle) (r + 1/r)/(2 pi) <= 1 + (1/sqrt(1-s^2) - 1)/pi,   r = sqrt(S22/S11),
//
// as sin(angle) <= angle and (r + 1/r)/2 <= 1/sqrt(1-s^2); integrate over s. It is attained, up to O(e^3), by (1+e) times
// the matrix of ones.
func CovarianceStep(e float64) float64 {
	return when(e >= 0 && e <= 1, e+(math.Asin(e)-e)/math.Pi)
}

// CovarianceDeviation is sqrt(12 t/m) + 4 t/m: an average of m copies of 2 relu(u) relu(v), u and v of variance at most 1, is
// farther than that above its mean with probability at most e^{-t}, and as far below. E Y^k <= 2^k (2k-1)!!/2 <= (k!/2) 6
// 4^{k-2} in Bernstein's inequality (derived here).
func CovarianceDeviation(t float64, m int) float64 {
	return when(t >= 0 && m >= 1, math.Sqrt(12*t/float64(m))+4*t/float64(m))
}

// ForwardCovariance bounds e_h, how far the Gram matrix of the features of layer h = 1..L of a ReLU network at its start is
// from its limit in any entry, for n unit inputs in the NTK convention, all layers at once with probability at least
// 1 - delta:
//
//	e_h = CovarianceStep(e_{h-1}) + (1 + e_{h-1}) CovarianceDeviation(log(n(n+1)L/delta), d_h),   e_0 = 0.
//
// From the first e_h >= 1 on it is +Inf (derived here).
func ForwardCovariance(n int, widths []int, delta float64) []float64 {
	t := math.Log(float64(n) * float64(n+1) * float64(len(widths)) / delta)
	out, e := make([]float64, len(widths)), 0.0
	for h, d := range widths {
		if e < 1 {
			e = CovarianceStep(e) + (1+e)*CovarianceDeviation(t, d)
		}
		if e >= 1 {
			e = math.Inf(1)
		}
		out[h] = when(n >= 1 && isProbability(delta), e)
	}
	return out
}

// OverlapModulus is (2/pi) arcsin sqrt(e), at most sqrt(e), for e in [0, 1]: how far the share (pi - angle)/pi of neurons
// that are open for both of a pair, twice a probability, can move when the entries of a 2 x 2 covariance move by e from one
// with unit diagonal. It is attained between [1, 1-2e; 1-2e, 1] and (1-e) times the matrix of ones (derived here).
//
// Let the angles differ by h. With tau the tangent (acute) or cotangent (obtuse) of half the new angle, the condition
// on the off-diagonal entry reads e >= (1 - tau^2) sin^2(h/2) + tau sin h or its mirror images, and h cannot leave
// [0, pi]; in each of the four cases that is at least sin^2(h/2).
func OverlapModulus(e float64) float64 {
	return when(e >= 0 && e <= 1, 2/math.Pi*math.Asin(math.Sqrt(e)))
}

// PairTangentGap bounds the smallest eigenvalue L + 1 - Theta^(L) of the limit tangent kernel with L hidden layers of two
// unit inputs at the angle t in (0, pi/2]:
//
//	L(L+1) t/(2 pi) (1 - (4L-1) t/(6 pi)) <= lambda_min <= L(L+1) t/(2 pi) + (L+1)(1 - cos t)
//
// (derived here). Theta^(L) = sum_h cos t_{h-1} prod_{i=h-1}^{L-1} (1 - t_i/pi), where the angle t_i falls with i. Upper
// bound: 1 - prod a <= sum (1 - a). Lower bound: 1 - prod (1 - a) >= s - s^2/2 for s = sum a, and t_{i+1} >= t_i - t_i^2/(2 pi),
// as dt_{i+1}/dt_i = (sin t_i/sin t_{i+1})(1 - t_i/pi) and t_{i+1} <= t_i <= pi/2.
func PairTangentGap(layers int, angle float64) (lower, upper float64) {
	if layers < 1 || !(angle > 0 && angle <= math.Pi/2) {
		return math.NaN(), math.NaN()
	}
	l := float64(layers)
	slope := l * (l + 1) / (2 * math.Pi) * angle
	half := math.Sin(angle / 2)
	return slope * (1 - (4*l-1)*angle/(6*math.Pi)), slope + (l+1)*2*half*half
}
