package kernel

import (
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/mat"
)

// The limit kernels of deep ReLU networks, as all hidden widths grow. On two inputs at angle t_0,
// with t_h the angle between their features in hidden layer h,
//
//	cos t_h = k1(t_{h-1}),   k0(t) = (pi - t)/pi,   k1(t) = (sin t + (pi - t) cos t)/pi,
//
// the feature kernel (NNGP) and the tangent kernel (NTK) of H hidden layers are
//
//	Sigma^(h) = ||x|| ||x'|| cos t_h,
//	Theta^(0) = Sigma^(0) = x . x',   Theta^(h) = Theta^(h-1) k0(t_{h-1}) + Sigma^(h).
//
// Conventions. This is the limit of the empirical tangent kernel itself in the NTK convention of
// Arora et al. (2019), N(0,1) weights and a factor sqrt(2/width) after each hidden layer;
// their depth L is H, the number of hidden layers. Nguyen et al. (2021) count weight layers,
// L = H+1, so that their K^(L) is Theta^(L-1), and use no factors: their empirical kernel divided by
// prod_l n_l/2 has this limit when all weights have variance one. [NTKFactors] gives the factors for
// other variances.

// NTK is the limit tangent kernel Theta^(H) of a ReLU network with the given number H >= 0 of hidden
// layers, all layers trained: K^(H+1) of Nguyen et al. (2021). On the diagonal it is (H+1) ||x||^2.
func NTK(hidden int) Kernel {
	ones := make([]float64, mustBeDepth(hidden)+1)
	for i := range ones {
		ones[i] = 1
	}
	k := NTKWeighted(ones)
	k.name = fmt.Sprintf("ntk(%d)", hidden)
	return k
}

// NTKTerm is the part of [NTK] that belongs to weight layer l = 1..H+1,
//
//	Sigma^(l-1) k0(t_{l-1}) ... k0(t_{H-1}),
//
// the limit kernel when only that layer is trained.
func NTKTerm(hidden, layer int) Kernel {
	weights := make([]float64, mustBeDepth(hidden)+1)
	if layer < 1 || layer > hidden+1 {
		panic(fmt.Sprintf("kernel: layer %d of a network with weight layers 1..%d", layer, hidden+1))
	}
	weights[layer-1] = 1
	k := NTKWeighted(weights)
	k.name = fmt.Sprintf("ntk(%d)-layer(%d)", hidden, layer)
	return k
}

// NTKWeighted is sum_l weights[l-1] NTKTerm(H, l) for H+1 nonnegative weights. It panics on an empty
// list and on a weight that is negative or not finite.
func NTKWeighted(weights []float64) Kernel {
	hidden := mustBeDepth(len(weights) - 1)
	w := append([]float64(nil), weights...)
	for l, v := range w {
		if !(v >= 0) || math.IsInf(v, 0) {
			panic(fmt.Sprintf("kernel: weight %v of layer %d must be nonnegative and finite", v, l+1))
		}
	}
	return Kernel{
		name: fmt.Sprintf("ntk(%d)-weighted", hidden),
		of: func(p Pair) float64 {
			theta := w[0] * p.Cos
			t := turnOf(p.Angle)
			for _, v := range w[1:] {
				k0 := (math.Pi - t.angle) * (1 / math.Pi)
				t = t.next()
				theta = theta*k0 + v*t.cos
			}
			return p.NormX * p.NormY * theta
		},
		rows: func(dst []float64, r row) {
			for j, cos := range r.cos {
				dst[j] = w[0] * cos
			}
			for _, v := range w[1:] {
				for j, angle := range r.angle {
					dst[j] *= (math.Pi - angle) * (1 / math.Pi)
				}
				r.next()
				for j, cos := range r.cos {
					dst[j] += v * cos
				}
			}
			for j, norm := range r.norms {
				dst[j] *= r.normX * norm
			}
		},
		coef: memoised(func(terms int) []float64 {
			ntk, _ := deepSeries(w, terms)
			return ntk
		}),
		// k0 is 1/pi-Lipschitz in the angle and the angle map a contraction, so that each of the layers above a
		// term adds at most the part of an angle's error, and four roundings. A layer's own error of an angle is 8 u
		// at most, where the map contracts by 0.85; it is below 5 u, by 0.7, from an angle of 1.2 on.
		amp: func(s float64) float64 {
			sum := 0.1 * w[0]
			for l, v := range w {
				sum += v * (0.85 + 0.306*float64(hidden-l))
			}
			return s * sum
		},
	}
}

// NNGP is the limit feature kernel Sigma^(H) of a ReLU network with H >= 0 hidden layers, the
// covariance of its output at initialisation in the NTK convention; ||x||^2 on the diagonal. NNGP(1)
// is twice [ReLUFeature].
func NNGP(hidden int) Kernel {
	mustBeDepth(hidden)
	return Kernel{
		name: fmt.Sprintf("nngp(%d)", hidden),
		of: func(p Pair) float64 {
			if hidden == 0 {
				return p.Dot()
			}
			t := turnOf(p.Angle)
			for range hidden {
				t = t.next()
			}
			return p.NormX * p.NormY * t.cos
		},
		rows: func(dst []float64, r row) {
			for range hidden {
				r.next()
			}
			for j, norm := range r.norms {
				dst[j] = r.normX * norm * r.cos[j]
			}
		},
		coef: memoised(func(terms int) []float64 {
			_, nngp := deepSeries(make([]float64, hidden+1), terms)
			return nngp
		}),
		amp: func(s float64) float64 {
			if hidden == 0 {
				return 0.95 * s
			}
			return 0.85 * s // the cosine of the inputs does not enter
		},
	}
}

// NTKFactors converts to the standard convention of Nguyen et al. (2021): for hidden widths n_1, ..., n_H and
// weights W_l with entries N(0, beta_l^2), l = 1..H+1, the empirical tangent kernel divided entry by
// entry by
//
//	NTKWeighted(NTKFactors(widths, beta))
//
// tends to 1 as the widths grow. The factor of weight layer l is
//
//	prod_{k=1}^{H} (n_k/2) prod_{k != l} beta_k^2.
//
// These are also exact at every width on the diagonal in mean: E K(x,x) = ||x||^2 sum_l factor_l. A nil beta means all ones. With the He initialisation beta_l^2 = 2/n_{l-1} the factor
// is n_{l-1}/n_0. It returns an error when the lengths do not match or a value makes no sense.
func NTKFactors(widths []int, beta []float64) ([]float64, error) {
	layers := len(widths) + 1
	if beta != nil && len(beta) != layers {
		return nil, fmt.Errorf("kernel: %d standard deviations for %d weight layers; give one a layer, the output layer included", len(beta), layers)
	}
	for l, n := range widths {
		if n < 1 {
			return nil, fmt.Errorf("kernel: width of hidden layer %d is %d; every width must be at least 1", l+1, n)
		}
	}
	for l, b := range beta {
		if !(b >= 0) || math.IsInf(b, 0) {
			return nil, fmt.Errorf("kernel: standard deviation of layer %d is %v; it must be nonnegative and finite", l+1, b)
		}
	}
	factors := make([]float64, layers)
	for l := range factors {
		// Widths and variances alternate, so that no partial product runs far from the result.
		f := 1.0
		for k := range layers {
			if k != l && beta != nil {
				f *= beta[k] * beta[k]
			}
			if k < len(widths) {
				f *= float64(widths[k]) / 2
			}
		}
		factors[l] = f
	}
	return factors, nil
}

// NNGPStep takes the angle between two inputs (or two features) to the cosine and the angle of their
// images under an infinitely wide random ReLU layer: cos' = k1(angle), angle' = arccos cos'. Both keep
// full relative accuracy for nearly parallel inputs, at any depth, because
//
//	1 - cos' = 2 sin^2(angle/2) - s(angle)/pi,   cos' = s(pi - angle)/pi,   s(t) = sin t - t cos t,
//
// and s has a series without cancellation. NNGPStep(0) = 1, 0 and NNGPStep(math.Pi) = 0, pi/2 exactly.
func NNGPStep(angle float64) (cos, next float64) {
	t := turnOf(angle).next()
	return t.cos, t.angle
}

// sineDefect is sin t - t cos t = sum_{k>=1} (-1)^{k+1} 2k t^{2k+1}/(2k+1)!, for t in [0, pi].
func sineDefect(t float64) float64 {
	if t > 1 {
		return math.Sin(t) - t*math.Cos(t)
	}
	sum, power := 0.0, -t // power = (-1)^{k+1} t^{2k+1}/(2k+1)!
	for k := 1; k <= 10; k++ {
		power *= -t * t / float64(2*k*(2*k+1))
		sum += float64(2*k) * power
	}
	return sum
}

// HermiteReLU returns mu_r(sigma) = E[sigma(z) h_r(z)], the coefficient of the ReLU on the orthonormal
// Hermite polynomial h_r:
//
//	mu_0 = 1/sqrt(2 pi),  mu_1 = 1/2,  mu_r = (-1)^{(r-2)/2} (r-3)!!/sqrt(2 pi r!) for even r >= 2,
//
// and zero for odd r >= 3. mu_r^2 = 1/(2 pi), 1/4, 1/(4 pi), 0, 1/(48 pi), 0, 1/(160 pi), ...; they sum
// to 1/2, and 2 mu_r^2 is the coefficient of NNGP(1). It panics on a negative r.
func HermiteReLU(r int) float64 {
	if r < 0 {
		panic(fmt.Sprintf("kernel: negative Hermite degree %d", r))
	}
	mu := math.Sqrt(reluFeatureCoefficient(r))
	if r%4 == 0 && r > 0 {
		return -mu
	}
	return mu
}

// DeepCosines splits a data set into the matrix R_ij of the cosines between its rows and the list of
// their norms, so that X X^T = D R D with D = diag(norms). It fails on an empty matrix, a zero row or
// a non-finite entry, and names the row.
func DeepCosines(X mat.Matrix) (R *mat.SymDense, norms []float64, err error) {
	ps, err := newPoints(X)
	if err != nil {
		return nil, nil, err
	}
	n := len(ps.dirs)
	R = mat.NewSymDense(n, nil)
	raw := R.RawSymmetric()
	ps.each(ps, true, func(i, from int, r row) { copy(raw.Data[i*raw.Stride+from:], r.cos) })
	return R, ps.norms, nil
}

// Norms returns the Euclidean norms of the rows of a data set; its errors are those of [DeepCosines].
func Norms(X mat.Matrix) ([]float64, error) {
	ps, err := newPoints(X)
	if err != nil {
		return nil, err
	}
	return ps.norms, nil
}

// deepSeries returns the first coefficients of the power series in r, on unit inputs, of
// NTKWeighted(w) and of NNGP(len(w)-1).
//
// Composing with the series of k1 would need all of it once the inner constant term is positive.
// Instead, with g the series of cos t_{h-1}, the derivatives dk0 = g'/(pi sqrt(1-g^2)) dr and
// dk1 = k0 g' dr give exact recursions. All coefficients are nonnegative and no step subtracts, so
// they are accurate relatively.
func deepSeries(w []float64, terms int) (ntk, nngp []float64) {
	g := make([]float64, terms)
	if terms > 1 {
		g[1] = 1
	}
	theta := make([]float64, terms)
	for i := range g {
		theta[i] = w[0] * g[i]
	}
	angle := math.Pi / 2 // of orthogonal inputs: gives the constant terms
	for _, v := range w[1:] {
		slope := derivative(g)
		k0 := integral((math.Pi-angle)/math.Pi, times(slope, inverseRoot(g, angle)), 1/math.Pi)
		var cos float64
		cos, angle = NNGPStep(angle)
		g = integral(cos, times(k0, slope), 1)
		theta = times(theta, k0)
		for i := range theta {
			theta[i] += v * g[i]
		}
	}
	return theta, g
}

// inverseRoot returns the series of u = 1/sqrt(q), q = 1 - g^2, where g(0) = cos angle. From
// q u' = -q' u/2 follows n q_0 u_n = -sum_{k=1}^n (n - k/2) q_k u_{n-k}, and q_k <= 0 for k >= 1.
func inverseRoot(g []float64, angle float64) []float64 {
	square := times(g, g) // -q_k for k >= 1
	sin := math.Sin(angle)
	u := make([]float64, len(g))
	for n := range u {
		if n == 0 {
			u[0] = 1 / sin
			continue
		}
		sum := 0.0
		for k := 1; k <= n; k++ {
			sum += (float64(n) - float64(k)/2) * square[k] * u[n-k]
		}
		u[n] = sum / (float64(n) * sin * sin)
	}
	return u
}

// times multiplies two truncated series of equal length.
func times(a, b []float64) []float64 {
	c := make([]float64, len(a))
	for i, ai := range a {
		if ai == 0 {
			continue
		}
		for j, bj := range b[:len(b)-i] {
			c[i+j] += ai * bj
		}
	}
	return c
}

// derivative differentiates a truncated series; its last coefficient, which the truncation hides, is
// set to zero and never reaches the result of an integral of the same length.
func derivative(a []float64) []float64 {
	d := make([]float64, len(a))
	for i := 1; i < len(a); i++ {
		d[i-1] = float64(i) * a[i]
	}
	return d
}

// integral returns constant + factor * int a.
func integral(constant float64, a []float64, factor float64) []float64 {
	s := make([]float64, len(a))
	for i := range s {
		if i == 0 {
			s[0] = constant
			continue
		}
		s[i] = factor * a[i-1] / float64(i)
	}
	return s
}

// memoised turns a function that returns the first coefficients of a series into one that returns the
// k-th, computing ahead by doubling. It is safe for concurrent use.
func memoised(series func(terms int) []float64) func(k int) float64 {
	var mu sync.Mutex
	var known []float64
	return func(k int) float64 {
		mu.Lock()
		defer mu.Unlock()
		if k >= len(known) {
			known = series(max(64, 2*(k+1)))
		}
		return known[k]
	}
}

func mustBeDepth(hidden int) int {
	if hidden < 0 {
		panic(fmt.Sprintf("kernel: %d hidden layers; the number must not be negative", hidden))
	}
	return hidden
}
