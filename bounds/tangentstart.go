package bounds

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mathext"
)

// TangentDiagonalMoments returns the mean L+1 and the variance of the tangent kernel Theta(x,x) of a ReLU network at its
// start, |x| = 1, in the NTK convention (N(0,1) weights, factors sqrt(2/d_h), all layers trained), for hidden layers of
// any widths d_1, ..., d_L: 12/m for one layer, about 58/m for two.
//
// Theta(x,x) = sum_h A_h, A_h = |g^(h-1)|^2 |b^(h)|^2. The gates along x are as good as independent fair coins C_h,
// independent of all weights (see [GradientMoments]), so that |g^(h)|^2 and |b^(h)|^2 gain a factor (2/d) sum_r c_r z_r^2
// at each layer, of mean 1 and second moment 1 + 5/d. For h < h' the layers h..h'-1 are passed by both: with
// X = C_{h'-1} W^(h'-1) ... W^(h+1) C_h, and p = W^(h) u, q = W^(h')^T v independent of it for unit u, v,
//
//	E |X p|^2 |X^T q|^2 = E ||X||_F^4,
//
// which follows from that of one layer less, S = X X^T: for n open gates above, E of (tr S)^2 and tr S^2 become
// n^2 (tr S)^2 + 2 n tr S^2 and n (tr S)^2 + n (n+1) tr S^2 (derived here).
func TangentDiagonalMoments(widths []int) (mean, variance float64) {
	depth := len(widths)
	mean = float64(depth + 1)
	for _, d := range widths {
		if d < 1 {
			return math.NaN(), math.NaN()
		}
	}
	outer := func(from, to int) float64 { // second moments of the factors of layers from..to-1
		out := 1.0
		for _, d := range widths[from:to] {
			out *= 1 + 5/float64(d)
		}
		return out
	}
	second := float64(depth+1) * outer(0, depth)
	for h := range depth { // layers h..k are passed by both
		for k := h; k < depth; k++ {
			second += 2 * outer(0, h) * sharedLayers(widths[h:k+1]) * outer(k+1, depth)
		}
	}
	return mean, math.Max(0, second-mean*mean)
}

// sharedLayers is E ||X||_F^4 times prod (2/d)^2.
func sharedLayers(widths []int) float64 {
	first, square := gates(widths[0]) // E n, E n^2 of the open gates
	trace, trace2 := square, first    // E (tr S)^2, E tr S^2
	scale := 4 / (float64(widths[0]) * float64(widths[0]))
	for _, d := range widths[1:] {
		first, square = gates(d)
		trace, trace2 = square*trace+2*first*trace2, first*trace+(square+first)*trace2
		scale *= 4 / (float64(d) * float64(d))
	}
	return scale * trace
}

// TangentDiagonalFourth returns the fourth central moment of Theta(x,x) for one or two hidden layers, NaN for more.
//
// For one layer it is an average of neurons, see [NeuronTangentMoments]. For two, with n_1 and n_2 open gates,
//
//	Theta(x,x) = (4/(d_1 d_2)) (q g + f g + f p),
//
// f and g chi-squared of n_1 and n_2 degrees (W^(1) x and the output weights where the gates are open), p and q the squared norms of
// the open part of W^(2) times the unit vectors of the features from below and of the output weights from above:
// chi-squared of n_2 and n_1 degrees, independent but for the entry that both vectors meet in (derived here).
func TangentDiagonalFourth(widths []int) float64 {
	for _, d := range widths {
		if d < 1 {
			return math.NaN()
		}
	}
	switch len(widths) {
	case 1:
		_, variance, fourth := NeuronTangentMoments(0)
		_, fourth = NeuronAverage(variance, fourth, widths[0])
		return fourth
	case 2:
		return twoLayerFourth(widths[0], widths[1])
	}
	return math.NaN()
}

func twoLayerFourth(d1, d2 int) float64 {
	factorial := [5]float64{1, 1, 2, 6, 24}
	scale := 4 / (float64(d1) * float64(d2))
	var raw [5]float64
	for n1 := 1; n1 <= d1; n1++ { // without an open gate all is 0
		for n2 := 1; n2 <= d2; n2++ {
			weight := coins(n1, d1) * coins(n2, d2)
			for k := 1; k <= 4; k++ {
				weight *= scale
				for a := 0; a <= k; a++ { // q g to the a, f g to the b, f p to the c
					for b := 0; a+b <= k; b++ {
						c := k - a - b
						ways := factorial[k] / (factorial[a] * factorial[b] * factorial[c])
						raw[k] += weight * ways * crossed(a, c, n1, n2) * chiSquared(a+b, n2) * chiSquared(b+c, n1)
					}
				}
			}
		}
	}
	m := raw[1]
	return raw[4] - 4*m*raw[3] + 6*m*m*raw[2] - 3*m*m*m*m
}

var pascal = [5][5]float64{{1}, {1, 1}, {1, 2, 1}, {1, 3, 3, 1}, {1, 4, 6, 4, 1}}

// crossed is E q^a p^c for q = z^2 + chi^2_{n1-1}, p = z^2 + chi^2_{n2-1}.
func crossed(a, c, n1, n2 int) float64 {
	sum := 0.0
	for i := 0; i <= a; i++ {
		for j := 0; j <= c; j++ {
			sum += pascal[a][i] * pascal[c][j] * chiSquared(i+j, 1) * chiSquared(a-i, n1-1) * chiSquared(c-j, n2-1)
		}
	}
	return sum
}

// chiSquared is the k-th moment n (n+2) ... (n+2k-2) of a chi-squared variable of n degrees.
func chiSquared(k, n int) float64 {
	out := 1.0
	for i := range k {
		out *= float64(n + 2*i)
	}
	return out
}

// coins is the probability of k heads of d.
func coins(k, d int) float64 {
	all, _ := math.Lgamma(float64(d + 1))
	in, _ := math.Lgamma(float64(k + 1))
	out, _ := math.Lgamma(float64(d - k + 1))
	return math.Exp(all - in - out - float64(d)*math.Ln2)
}

func gates(d int) (mean, square float64) {
	m := float64(d)
	return m / 2, m * (m + 1) / 4
}

// NeuronTangentMoments returns the mean, the variance and the fourth central moment of what one neuron adds to m times
// the tangent kernel of a network with one hidden layer, both layers trained, on unit inputs at the given angle, in
// the NTK convention:
//
//	Z = 2 relu(u) relu(v) + 2 cos(angle) a^2 1{u>0} 1{v>0},   a ~ N(0,1),
//
// so that the kernel of m neurons has the mean k1 + cos k0 = Theta^(1) and the variance Var(Z)/m, 12/m at angle 0:
// Var(Z) = 2 J2/pi + 4 cos k1 + 6 cos^2 k0 - (k1 + cos k0)^2 with the symbols of [TwoLayerTangentVariance].
//
// In polar coordinates u = R cos t, v = R cos(t - angle) both gates are open for t in (angle - pi/2, pi/2), where
// Z = a(t) R^2 + 2 cos(angle) a^2 with a(t) = 2 cos t cos(t - angle), E R^{2k} = 2^k k!, E a^{2k} = (2k-1)!!: a smooth
// integral (derived here).
func NeuronTangentMoments(angle float64) (mean, variance, fourth float64) {
	if !(angle >= 0 && angle <= math.Pi) {
		return math.NaN(), math.NaN(), math.NaN()
	}
	b := 2 * math.Cos(angle)
	radial := [5]float64{1, 2, 8, 48, 384}
	output := [5]float64{1, 1, 3, 15, 105}
	var raw [5]float64
	raw[0] = 1
	for k := 1; k <= 4; k++ {
		raw[k] = quad.Fixed(func(t float64) float64 {
			a, sum := 2*math.Cos(t)*math.Cos(t-angle), 0.0
			for j := 0; j <= k; j++ {
				sum += pascal[k][j] * math.Pow(a, float64(j)) * radial[j] * math.Pow(b, float64(k-j)) * output[k-j]
			}
			return sum
		}, angle-math.Pi/2, math.Pi/2, 40, nil, 0) / (2 * math.Pi)
	}
	mean = raw[1]
	variance = raw[2] - mean*mean
	fourth = raw[4] - 4*mean*raw[3] + 6*mean*mean*raw[2] - 3*mean*mean*mean*mean
	return mean, math.Max(0, variance), math.Max(0, fourth)
}

// NeuronAverage returns the variance and the fourth central moment of an average of m independent copies of a
// variable with the given ones.
func NeuronAverage(variance, fourth float64, m int) (averaged, averagedFourth float64) {
	w := float64(m)
	return variance / w, (3*variance*variance*(w-1) + fourth) / (w * w * w)
}

// ShallowTangentTail is sqrt(32 t/m) + 4t/m: for one hidden layer of m neurons, both layers trained, and inputs of norm
// at most one, the tangent kernel of a pair is farther from its limit with probability at most 2 e^{-t}.
//
// |Z| <= (Z_1 + Z_1')/2, where Z_1 = 2 relu(u)^2 + 2 a^2 1{u>0} is 4 Exp(1) with probability 1/2, else 0; hence
// E |Z|^k <= 4^k k!/2 = (k!/2) 16 4^{k-2}, and Bernstein's inequality for moments holds with v = 16 and c = 4
// (derived here).
func ShallowTangentTail(t float64, m int) float64 {
	return when(t >= 0 && m >= 1, math.Sqrt(32*t/float64(m))+4*t/float64(m))
}

// ShallowDiagonal is P(Theta(x,x) <= q) for the tangent kernel of a network with one hidden layer of m neurons at its
// start, |x| = 1, both layers trained: (4/m) times a Gamma variable of Binomial(m, 1/2) degrees, as each neuron that is
// open along x adds (2/m) (g^2 + a^2), an exponential variable of mean 4/m (derived here).
func ShallowDiagonal(q float64, m int) float64 {
	if q < 0 {
		return 0
	}
	sum, logP := 0.0, -float64(m)*math.Ln2
	for k := 0; k <= m; k++ {
		share := 1.0
		if k > 0 {
			logP += math.Log(float64(m-k+1) / float64(k))
			share = mathext.GammaIncReg(float64(k), q*float64(m)/4)
		}
		sum += math.Exp(logP) * share
	}
	return when(m >= 1, sum)
}

// ShallowTangentWidth is the width from which on, for one hidden layer and inputs of norm at most one, all entries of
// the n x n tangent kernel are within eps of their limits with probability at least 1 - delta: the least m for which
// [ShallowTangentTail] at t = log(n(n+1)/delta) is at most eps, 32 t/eps^2 for small eps (derived here).
func ShallowTangentWidth(n int, eps, delta float64) float64 {
	t := math.Log(float64(n) * float64(n+1) / delta)
	// With z = m^{-1/2}: 4 t z^2 + sqrt(32 t) z = eps.
	z := 2 * eps / (math.Sqrt(32*t) + math.Sqrt(32*t+16*t*eps))
	return when(n >= 1 && eps > 0 && isProbability(delta), 1/(z*z))
}

// PrintedTangentWidth is L^6 eps^{-4} log(L/delta), the least width of Theorem 3.1 of Arora et al. (2019) for
// |Theta_hat - Theta| <= (L+1) eps at one pair of inputs, with its hidden constant set to 1. At L = 1 and delta near 1 the
// logarithm vanishes.
func PrintedTangentWidth(layers int, eps, delta float64) float64 {
	l := float64(layers)
	return when(layers >= 1 && eps > 0 && isProbability(delta), math.Pow(l, 6)*math.Pow(eps, -4)*math.Log(l/delta))
}
