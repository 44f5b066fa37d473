package bounds

import (
	"math"
	"sort"
)

// A TangentLayer is what the linearisation of a deep ReLU network at one input has to know of weight layer k, whose
// features are h_k = relu(z_k), z_k = W_k h_{k-1}; the last layer gives the output and has no z and no c.
type TangentLayer struct {
	Move  float64   // by how much W_k moves at most, in spectral or Frobenius norm
	Norm  float64   // |W_k|_2
	Input float64   // |h_{k-1}|
	Back  float64   // |b_k|, b_k the gradient of the output in z_k; of the last layer the factor of the output
	Z, C  []float64 // z_k, and the gradient of the output in h_k
}

// LinearisationError bounds how far the output of a deep ReLU network is from its linearisation in the weights, as the sum of two parts:
//
//	products  = sum_k |b_k| Move_k R_{k-1},   R_k = |W_k| R_{k-1} + Move_k (|h_{k-1}| + R_{k-1}),   R_0 = 0,
//	crossings = sum_{k<L} Crossings(z_k, c_k, R_k).
//
// With D_k the move, dz_k and dh_k the changes of z_k and h_k, and g_k = dh_k - relu'(z_k) dz_k, which lies in [0, (|dz_k| - |z_k|)_+] entry by
// entry, the error is sum_k b_k^T D_k dh_{k-1} + sum_{k<L} c_k^T g_k exactly: put dz_k = W_k dh_{k-1} + D_k h_{k-1} + D_k dh_{k-1} in from the last layer down.
// And |dh_k| <= |dz_k| <= R_k.
func LinearisationError(layers []TangentLayer) (products, crossings float64) {
	reach := 0.0
	for _, l := range layers {
		products += l.Back * l.Move * reach
		reach = l.Norm*reach + l.Move*(l.Input+reach)
		crossings += Crossings(l.Z, l.C, reach)
	}
	return products, crossings
}

// Crossings bounds |sum_r w_r g_r| for 0 <= g_r <= (|s_r| - |z_r|)_+ and |s| <= move: the larger, over the two
// signs of w, of
//
//	min_{u>0} sum_r |w_r| (|w_r| u/2 - |z_r|)_+ + move^2/(2u),
//
// the sum being over the neurons of that sign. For every u, by maximising over s,
// |w| (|s| - |z|)_+ <= s^2/(2u) + |w| (|w| u/2 - |z|)_+. It is attained in the limit of many
// neurons by s_r = |w_r| u where that is larger than 2 |z_r|.
func Crossings(z, w []float64, move float64) float64 {
	return math.Max(oneSign(z, w, 1, move), oneSign(z, w, -1, move))
}

// oneSign minimises over u. The derivative of the sum is (1/2) sum_{active} w_r^2, where neuron r is active from
// u = 2 |z_r|/|w_r| on, so that u^2 sum_{active} w_r^2 = move^2 at the minimum.
func oneSign(z, w []float64, sign, move float64) float64 {
	type neuron struct{ from, z, w float64 }
	var ns []neuron
	for r, v := range w {
		if v *= sign; v > 0 {
			ns = append(ns, neuron{2 * math.Abs(z[r]) / v, math.Abs(z[r]), v})
		}
	}
	if len(ns) == 0 || move == 0 {
		return 0
	}
	sort.Slice(ns, func(i, j int) bool { return ns[i].from < ns[j].from })
	squares, products := 0.0, 0.0 // sums of w^2 and of w|z| over the active
	u := 0.0
	for k, n := range ns {
		squares, products = squares+n.w*n.w, products+n.w*n.z
		u = math.Max(n.from, move/math.Sqrt(squares))
		if k+1 == len(ns) || u <= ns[k+1].from {
			break
		}
	}
	return squares*u/2 - products + move*move/(2*u)
}

// CrossingsLimit is the limit of sqrt(m) Crossings at the initialisation z_r ~ N(0, 2/m), w_r ~ N(0, 1/m), for a
// move of radius/sqrt(m), in the leading order of m:
//
//	(3/4) (radius^4/(sqrt 2 pi))^{1/3} m^{-1/6} = 0.4562 radius^{4/3} m^{-1/6}.
//
// The density of |z_r| at 0 is sqrt(m/pi) and E|w_r|^3 = sqrt(8/pi) m^{-3/2}, so that the sum over one sign is
// (sqrt 2/(8 pi)) u^2, and the minimum over u of that and radius^2/(2 m u) is taken in closed form.
func CrossingsLimit(radius float64, m int) float64 {
	return 0.75 * math.Pow(math.Pow(radius, 4)/(math.Sqrt2*math.Pi), 1./3) * math.Pow(float64(m), -1./6)
}
