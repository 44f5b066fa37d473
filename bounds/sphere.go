package bounds

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"

	"convergo/bounds/kernel"
)

// Kernels k(x.y) and uniform points on the sphere S^{d-1}: the integral operator has the spherical harmonics of degree k as
// eigenfunctions, with one eigenvalue for each degree (Funk and Hecke). On the circle, d = 2, they are cos and sin of k t.

// HarmonicDimension is the number N(d, k) of independent harmonics of degree k on S^{d-1}, the multiplicity of an eigenvalue:
// N(d, 0) = 1 and N(d, k) = (2k+d-2)/k C(k+d-3, d-2). It is NaN for d < 2 or k < 0.
func HarmonicDimension(d, k int) float64 {
	switch {
	case d < 2 || k < 0:
		return math.NaN()
	case k == 0:
		return 1
	}
	count := float64(2*k+d-2) / float64(k)
	for j := 1; j <= d-2; j++ { // C(k+d-3, d-2)
		count *= float64(k-1+j) / float64(j)
	}
	return math.Round(count)
}

// SphereSpectrum returns the eigenvalues of degree 0, ..., count-1 of a function of two unit inputs on S^{d-1},
//
//	c int_0^pi f(t) P_k(cos t) sin(t)^{d-2} dt,   c = Gamma(d/2)/(sqrt(pi) Gamma((d-1)/2)),
//
// P_k the Legendre polynomial of dimension d with P_k(1) = 1, by Gauss and Legendre's rule in the angle t. For kernels that are
// analytic in the angle, as those of two-layer networks are, 100 + 2 count nodes give 1e-13 of the largest.
func SphereSpectrum(f func(kernel.Pair) float64, d, count, nodes int) ([]float64, error) {
	if d < 2 || count < 1 || nodes < 1 {
		return nil, fmt.Errorf("bounds: %d eigenvalues on S^%d by %d nodes; give d >= 2 and at least one of each", count, d-1, nodes)
	}
	at, weight := make([]float64, nodes), make([]float64, nodes)
	quad.Legendre{}.FixedLocations(at, weight, 0, math.Pi)
	mu := make([]float64, count)
	for i, t := range at {
		sin, cos := math.Sincos(t)
		w := weight[i] * sphereDensity(d) * math.Pow(sin, float64(d-2)) * f(kernel.Pair{NormX: 1, NormY: 1, Cos: cos, Sin: sin, Angle: t})
		before, now := 0.0, 1.0 // P_{k-1}, P_k
		for k := range mu {
			mu[k] += w * now
			a := float64(2*k + d - 2)
			if k == 0 && d == 2 {
				before, now = now, cos
				continue
			}
			before, now = now, (a*cos*now-float64(k)*before)/float64(k+d-2)
		}
	}
	return mu, nil
}

// sphereDensity is c of SphereSpectrum: the density of x.y in the angle is c sin(t)^{d-2}.
func sphereDensity(d int) float64 {
	up, _ := math.Lgamma(float64(d) / 2)
	down, _ := math.Lgamma(float64(d-1) / 2)
	return math.Exp(up-down) / math.Sqrt(math.Pi)
}

// stepDegree is the eigenvalue s_k of the function 1{u > 0}: s_0 = 1/2, s_1 = c/(d-1), s_{k+2} = -s_k k/(k+d).
func stepDegree(d, k int) float64 {
	switch {
	case k == 0:
		return 0.5
	case k < 0 || k%2 == 0:
		return 0
	}
	s := sphereDensity(d) / float64(d-1)
	for j := 1; j < k; j += 2 {
		s *= -float64(j) / float64(j+d)
	}
	return s
}

// neighbours is the eigenvalue of degree k of u f(u), from those of f: u P_k is a mean of P_{k-1} and P_{k+1}.
func neighbours(d, k int, f func(k int) float64) float64 {
	if k == 0 {
		return f(1)
	}
	return (float64(k)*f(k-1) + float64(k+d-2)*f(k+1)) / float64(2*k+d-2)
}

// SphereStep is the eigenvalue of degree k on S^{d-1} of E[1{w.x > 0} 1{w.y > 0}] (kernel.StepFeature): s_k^2, with s_k that
// of the step itself, since the kernel is its square as an operator. It is 0 for even k >= 2, and falls as k^{-d}.
func SphereStep(d, k int) float64 {
	if d < 2 || k < 0 {
		return math.NaN()
	}
	s := stepDegree(d, k)
	return s * s
}

// SphereReLU is the eigenvalue of degree k on S^{d-1} of x.y E[1{w.x > 0} 1{w.y > 0}] (kernel.ReLU), 0 for odd k >= 3.
func SphereReLU(d, k int) float64 {
	if d < 2 || k < 0 {
		return math.NaN()
	}
	return neighbours(d, k, func(k int) float64 { return SphereStep(d, k) })
}

// SphereReLUFeature is the eigenvalue of degree k on S^{d-1} of E[relu(w.x) relu(w.y)], w ~ N(0, I_d) (kernel.ReLUFeature):
// d q_k^2, with q_k that of the function max(u, 0), and d = E |w|^2. It is 0 for odd k >= 3, and falls as k^{-(d+2)}.
func SphereReLUFeature(d, k int) float64 {
	if d < 2 || k < 0 {
		return math.NaN()
	}
	q := neighbours(d, k, func(k int) float64 { return stepDegree(d, k) })
	return float64(d) * q * q
}

// ShiftedSeries encloses the eigenvalue of degree k on S^{d-1} of sum_p c_p ((1+x.y)/2)^p, c_p >= 0: biases of the law of the
// weights make such kernels. ((1+u)/2)^p has the eigenvalue
//
//	l_p = Gamma(d/2) 2^{d-2} p! Gamma(p+h) / (sqrt(pi) (p-k)! Gamma(p+k+2h)),   h = (d-1)/2, p >= k,
//
// by Rodrigues' formula, which is positive: low sums the first terms. Of the rest, c_p has the sum left, and l_p falls from
// p >= ((k-1)(k+2h)+h)/h on; before that high is infinite.
func ShiftedSeries(c func(p int) float64, sum float64, d, k, terms int) (low, high float64) {
	h := float64(d-1) / 2
	lg := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
	x := float64(k)
	l := math.Exp(lg(float64(d)/2)+float64(d-2)*math.Ln2+lg(x+1)+lg(x+h)-lg(2*x+2*h)) / math.Sqrt(math.Pi)
	left := sum
	for p := range terms {
		left -= c(p)
		if p < k {
			continue
		}
		low += c(p) * l
		q := float64(p)
		l *= (q + 1) * (q + h) / ((q + 1 - x) * (q + x + 2*h))
	}
	if float64(terms)*h < (x-1)*(x+2*h)+h || terms < k {
		return low, math.Inf(1)
	}
	return low, low + max(left, 0)*l
}

// ExponentRange encloses the exponent log(v(3j)/v(j))/log 3 of a sequence with v(j+2)/v(j) = (j/(j+d))^2, j >= 2: it tends
// to -d. With g(x) = log(1 + d/x), the sum of 2 g over j, j+2, ..., 3j-2 is at most the integral of g from j-1 to 3j-1, because
// g is convex, and at most d log((3j-1)/(j-1)), because g(x) <= d/x; it is at least the sum of 2d/(i+d/2), and so at least d log((3j+d/2)/(j+d/2)).
func ExponentRange(d float64, j int) (low, high float64) {
	if j < 2 {
		return math.Inf(-1), 0
	}
	x := float64(j)
	return -d * math.Log((3*x-1)/(x-1)) / math.Log(3), -d * math.Log((3*x+d/2)/(x+d/2)) / math.Log(3)
}

// CircleReLU is SphereReLU on the circle: 1/8 at k = 1, (k^2+1)/(pi^2 (k^2-1)^2) at even k, 0 else. It is even in k.
func CircleReLU(k int) float64 {
	x := float64(k) * float64(k)
	switch {
	case k == 1 || k == -1:
		return 0.125
	case k%2 != 0:
		return 0
	}
	return (x + 1) / (math.Pi * math.Pi * (x - 1) * (x - 1))
}

// Aliased is the part of sum_l mu(|k + l n|) with |l| <= terms, largest last. The whole sum is the eigenvalue of frequency k of the
// matrix k(x_i, x_j)/n on n points at equal angles, on which frequencies that differ by n are one.
func Aliased(mu func(k int) float64, n, k, terms int) float64 {
	sum := 0.0
	for l := terms; l > 0; l-- {
		sum += mu(k+l*n) + mu(k-l*n)
	}
	return sum + mu(k)
}

// CircleReLUTail encloses what Aliased leaves of the eigenvalue of CircleReLU at frequency |k| <= n/2 after at least one term:
// pi^2 mu(j) lies between 1/j^2 and 1/(j-1)^2 for even j >= 2, and the sum of 1/(j + i s)^2 over i >= 0 between
// 1/(s j) + 1/(2 j^2) and 1/(s (j - s/2)), by convexity.
func CircleReLUTail(n, k, terms int) (low, high float64) {
	for _, sign := range []int{1, -1} {
		j, step := sign*k+(terms+1)*n, n
		switch {
		case n%2 == 0 && j%2 != 0:
			continue // all are odd
		case n%2 != 0:
			step = 2 * n
			if j%2 != 0 {
				j += n
			}
		}
		first, s := float64(j), float64(step)
		low += 1/(s*first) + 1/(2*first*first)
		high += 1 / (s * (first - 1 - s/2))
	}
	return low / (math.Pi * math.Pi), high / (math.Pi * math.Pi)
}
