package bowman2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
)

// A degrees is a sphere S^{d-1} with the largest degree of harmonics that is looked at.
type degrees struct {
	D int `json:"d"`
	K int `json:"k"`
}

func (p degrees) valid() error {
	if p.D < 2 || p.K < 0 {
		return fmt.Errorf("degree %d on S^%d: give d >= 2 and a degree of at least 0", p.K, p.D-1)
	}
	return nil
}

const quadrature = 1e-13 // error of an eigenvalue by quadrature; the largest is below 3

// gates and features are the kernels of one neuron without bias, and gradients what its weights add to the tangent kernel.
var (
	gates     = kernel.StepFeature()
	gradients = kernel.ReLU()
	features  = kernel.ReLUFeature()
)

// sphereEigenvalues are the closed forms of the eigenvalues.
//
// Setting: kernels of x.y for uniform x on S^{d-1}: gates E[1{w.x > 0} 1{w.y > 0}], gradients x.y times that, features
// E[relu(w.x) relu(w.y)], w ~ N(0, I); mu_k their eigenvalue on harmonics of degree k. With a bias that starts at zero the gradient
// kernel is (x.y + 1) times the gates.
//
// Hypotheses: d >= 2, k >= 0.
//
// Conclusion: gates mu_k = s_k^2 with s_0 = 1/2, s_1 = Gamma(d/2)/(sqrt(pi) Gamma((d-1)/2) (d-1)), s_{k+2} = -s_k k/(k+d) for odd k
// and s_k = 0 for even k >= 2; gradients mu_k = (k s_{k-1}^2 + (k+d-2) s_{k+1}^2)/(2k+d-2); features mu_k = d q_k^2 with
// q_k = (k s_{k-1} + (k+d-2) s_{k+1})/(2k+d-2). So without biases gradients and features have mu_k = 0 at odd k >= 3, and a bias
// that is trained from zero adds s_k^2 there.
//
// Constants: derived. s_k is the Funk-Hecke integral of the step; the expectation over w is the square of that operator; the
// factor u shifts degrees by the three-term recurrence of the Legendre polynomials, k = 0 giving the neighbour 1 alone.
// Tolerance: 1e-13, quadrature with 150 + 2k nodes against twice as many.
//
// Convention: uniform x on S^{d-1}; eigenvalues of the integral operator; kernels are means over one neuron
//
// Reference: derived here; the abstract has the spherical harmonics, the circle's values are Basri et al. (2019).
//
// Control: the weight sin^{d-1} for sin^{d-2}; one part in a million on the last degree, and on the first; d+1 for d in
// the ratio of the recurrence; features without the factor d.
func sphereEigenvalues() checks.Claim[degrees] {
	at := []degrees{{2, 7}, {5, 9}}
	setup := func(q eigenvaluePlan) func(degrees) (checks.Instance, error) { return q.setup }
	exact := eigenvaluePlan{1, 1, 1, 0, 0}
	spoil := func(f func(q *eigenvaluePlan)) func(degrees) (checks.Instance, error) {
		q := exact
		f(&q)
		return setup(q)
	}
	return checks.Claim[degrees]{
		ID: "bowman2022/sphere-eigenvalues", Title: "eigenvalues on the sphere", Reference: "abstract (eigenfunctions); values derived here",
		Formula:    `\mu_k = s_k^2, \quad \frac{k s_{k-1}^2 + (k+d-2) s_{k+1}^2}{2k+d-2}, \quad d\,q_k^2; \qquad s_{k+2} = -\frac{k}{k+d}\,s_k`,
		Convention: spherical, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) degrees {
			return degrees{rapid.IntRange(2, 20).Draw(t, "d"), rapid.IntRange(0, 50).Draw(t, "k")}
		}),
		Grid:  []degrees{{2, 0}, {2, 50}, {3, 50}, {5, 30}, {10, 20}, {20, 20}},
		Cost:  func(p degrees) checks.Cost { return checks.Cost{Trial: 4 * float64(150+2*p.K) * float64(10*p.K+200)} },
		Setup: setup(exact),
		Controls: []checks.Control[degrees]{{
			Name: "another-weight", Why: "sin^{d-1} is the density of S^d", At: at, Setup: spoil(func(q *eigenvaluePlan) { q.weight = 1 }),
		}, {
			Name: "last-degree", Why: "one part in a million of the eigenvalue of the last odd degree, which a bias makes", At: at, Setup: spoil(func(q *eigenvaluePlan) { q.last = 1 + 1e-6 }),
		}, {
			Name: "constant-mode", Why: "one part in 1e11 of the eigenvalue of degree 0", At: at, Setup: spoil(func(q *eigenvaluePlan) { q.first = 1 + 1e-11 }),
		}, {
			Name: "shifted-recurrence", Why: "s_{k+2} of the sphere of one dimension more", At: at, Setup: spoil(func(q *eigenvaluePlan) { q.shift = 1 }),
		}, {
			Name: "features-of-unit-weights", Why: "|w|^2 has the mean d, not d + 1", At: at, Setup: spoil(func(q *eigenvaluePlan) { q.norm = 6.0 / 5 }),
		}},
	}
}

// An eigenvaluePlan says how a control is off: factors on the eigenvalue of degree 0, of the last one and on the features, a power of sin
// in the density, and dimensions in the recurrence.
type eigenvaluePlan struct {
	first, last, norm float64
	weight, shift     int
}

func (q eigenvaluePlan) setup(p degrees) (checks.Instance, error) {
	if err := p.valid(); err != nil {
		return checks.Instance{}, err
	}
	d := p.D + q.shift
	biased := func(d, k int) float64 { return bounds.SphereReLU(d, k) + bounds.SphereStep(d, k) }
	closed := []struct {
		part string
		of   func(kernel.Pair) float64
		mu   func(d, k int) float64
		by   float64
	}{
		{"gates", gates.Of, bounds.SphereStep, 1},
		{"gradients", gradients.Of, bounds.SphereReLU, 1},
		{"features", features.Of, bounds.SphereReLUFeature, q.norm},
		{"gradients with a bias from zero", func(p kernel.Pair) float64 { return (p.Cos + 1) * gates.Of(p) }, biased, 1},
	}
	return checks.Instance{Terms: checks.Terms{Trials: 1}, Trial: func(*rand.Rand) checks.Measurement {
		var parts []checks.Measurement
		for _, c := range closed {
			mu, err := bounds.SphereSpectrum(func(p kernel.Pair) float64 { return c.of(p) * math.Pow(p.Sin, float64(q.weight)) }, p.D, p.K+1, 150+2*p.K)
			if err != nil {
				return checks.Failed(err)
			}
			for k, v := range mu {
				want := c.by * c.mu(d, k)
				if k == 0 {
					want *= q.first
				}
				if k == p.K {
					want *= q.last
				}
				parts = append(parts, checks.Measurement{Part: c.part, Observed: v, Predicted: want, Relation: checks.Equal, Tolerance: quadrature})
			}
		}
		return checks.Each(parts...)
	}}, nil
}

// A decay is a sphere with the degree j from which a ladder to 3 j begins.
type decay struct {
	D int `json:"d"`
	J int `json:"j"`
}

// eigenvalueDecay is the exponent with which the eigenvalues fall.
//
// Setting: as in sphere-eigenvalues; j odd; E the exponent -log(mu_{3j}/mu_j)/log 3 of the gates and -log(mu_{3j+1}/mu_{j+1})/log 3 of
// gradients and features.
//
// Hypotheses: j >= 3 odd.
//
// Conclusion: with L(D) = D log((3j + D/2)/(j + D/2))/log 3 and U(D) = D log((3j-1)/(j-1))/log 3, L(d) <= E <= U(d) for the gates and
// L(d+2) <= E <= U(d+2) for the features, so that mu_k falls as k^{-d} and k^{-(d+2)}; and L(d) <= E + c <= U(d) for the gradients with
// c = log(R_{3j+1}/R_{j+1})/log 3, R_k = (k + (k+d-2)((k-1)/(k+d-1))^2)/(2k+d-2), which tends to 0.
//
// Constants: derived: mu_{j+2}/mu_j is (j/(j+d))^2 for the gates and (j/(j+d+2))^2 for the features at j+1, see bounds.ExponentRange;
// R_k is the gradients' mu_k over the gates' mu_{k-1}. The exponents need j far above d: at d = 20, j = 9 L is 10.6.
// Tolerance: the quadrature's 1e-13 on both eigenvalues.
//
// Convention: uniform x on S^{d-1}; eigenvalues of the integral operator; kernels are means over one neuron
//
// Reference: derived here; orders as in Basri et al. (2019).
//
// Control: the exponent 0.97 and 1.03 of each: d for the gates, d for the gradients and d+2 for the features; the gates'
// range for the features.
func eigenvalueDecay() checks.Claim[decay] {
	sharp := []decay{{2, 45}}
	spoil := func(gates, gradients, features float64) func(decay) (checks.Instance, error) {
		return func(p decay) (checks.Instance, error) { return decaySetup(p, [3]float64{gates, gradients, features}) }
	}
	return checks.Claim[decay]{
		ID: "bowman2022/eigenvalue-decay", Title: "decay of the eigenvalues", Reference: "derived here",
		Formula:    `\mu_k \sim k^{-d}, \quad k^{-(d+2)}`,
		Convention: spherical, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) decay {
			return decay{rapid.IntRange(2, 6).Draw(t, "d"), 3 + 2*rapid.IntRange(0, 5).Draw(t, "(j-3)/2")}
		}),
		Grid:  []decay{{2, 3}, {2, 45}, {3, 21}, {5, 5}},
		Cost:  func(p decay) checks.Cost { return checks.Cost{Trial: 3 * float64(150+6*p.J) * float64(30*p.J+200)} },
		Setup: spoil(1, 1, 1),
		Controls: []checks.Control[decay]{
			{Name: "slower-gates", Why: "0.97 d", At: sharp, Setup: spoil(0.97, 1, 1)},
			{Name: "faster-gates", Why: "1.03 d", At: sharp, Setup: spoil(1.03, 1, 1)},
			{Name: "slower-gradients", Why: "0.97 d", At: sharp, Setup: spoil(1, 0.97, 1)},
			{Name: "faster-gradients", Why: "1.03 d", At: sharp, Setup: spoil(1, 1.03, 1)},
			{Name: "slower-features", Why: "0.97 (d+2)", At: sharp, Setup: spoil(1, 1, 0.97)},
			{Name: "faster-features", Why: "1.03 (d+2)", At: sharp, Setup: spoil(1, 1, 1.03)},
			{Name: "features-like-gates", Why: "d for d+2", At: []decay{{2, 15}, {3, 21}}, Setup: func(p decay) (checks.Instance, error) {
				return decaySetup(p, [3]float64{1, 1, float64(p.D) / float64(p.D+2)})
			}},
		},
	}
}

func decaySetup(p decay, off [3]float64) (checks.Instance, error) {
	if p.D < 2 || p.J < 3 || p.J%2 == 0 {
		return checks.Instance{}, fmt.Errorf("j = %d on S^%d: give d >= 2 and an odd j of at least 3", p.J, p.D-1)
	}
	d, log3 := float64(p.D), math.Log(3)
	ratio := func(k int) float64 { // of the gradients' eigenvalue to the gates' before
		x := float64(k)
		return (x + (x+d-2)*math.Pow((x-1)/(x+d-1), 2)) / (2*x + d - 2)
	}
	plans := []struct {
		part     string
		of       kernel.Kernel
		k        int
		d, shift float64
	}{
		{"gates", gates, 0, d * off[0], 0},
		{"gradients", gradients, 1, d * off[1], math.Log(ratio(3*p.J+1)/ratio(p.J+1)) / log3},
		{"features", features, 1, (d + 2) * off[2], 0},
	}
	return checks.Instance{Terms: checks.Terms{Trials: 1}, Trial: func(*rand.Rand) checks.Measurement {
		var parts []checks.Measurement
		for _, c := range plans {
			mu, err := bounds.SphereSpectrum(c.of.Of, p.D, 3*p.J+2, 150+6*p.J)
			if err != nil {
				return checks.Failed(err)
			}
			first, last := mu[p.J+c.k], mu[3*p.J+c.k]
			fall := math.Log(first/last)/log3 + c.shift
			low, high := bounds.ExponentRange(c.d, p.J)
			tol := 2 * quadrature / last / log3
			if math.IsNaN(fall) {
				return checks.Failed(fmt.Errorf("%s: eigenvalues %v and %v are lost in rounding; take a smaller j", c.part, first, last))
			}
			parts = append(parts,
				checks.Measurement{Part: c.part + ", at least", Observed: fall, Predicted: -high, Relation: checks.AtLeast, Tolerance: tol},
				checks.Measurement{Part: c.part + ", at most", Observed: fall, Predicted: -low, Tolerance: tol})
		}
		return checks.All(parts...)
	}}, nil
}

// biasedSpectrum encloses the eigenvalues of the whole limit kernel with Gaussian biases.
//
// Setting: K^inf(u) = kappa_1(v) + v kappa_0(v) + 1, v = (1+u)/2, u = x.y, the limit of the tangent kernel of all parameters of a ReLU network with
// w, b, a of unit variance, on unit inputs; sigma_k its eigenvalue on harmonics of degree k on S^{d-1};
// K^inf(u) - 1 = sum_p c_p v^p with c_p >= 0.
//
// Hypotheses: none.
//
// Conclusion: for every number P of terms, S_P <= sigma_k - 1{k = 0} <= S_P + C_P l_P with S_P = sum_{p<P} c_p l_p, C_P the sum of the
// other c_p, and l_p = Gamma(d/2) 2^{d-2} p! Gamma(p+h)/(sqrt(pi) (p-k)! Gamma(p+k+2h)), h = (d-1)/2, the eigenvalue of v^p
// (the upper bound once P h >= (k-1)(k+2h) + h). So every sigma_k is positive: with biases no frequency is left out. On
// the circle sigma_0, ..., sigma_3 = 2.034132, 0.400770, 0.0498382, 0.0104049.
//
// Constants: derived, see bounds.ShiftedSeries; c_p are twice the Taylor coefficients of the gradient and feature kernels.
// Tolerance: the quadrature's 1e-13 and 1e-12 for the sums of coefficients.
//
// Convention: uniform x on S^{d-1}; eigenvalues of the integral operator; kernels are means over one neuron
//
// Reference: derived here.
//
// Control: 1.001 of the series; 0.99 of what is left; the kernel with u for v, whose odd degrees vanish; without the bias of the output.
func biasedSpectrum() checks.Claim[degrees] {
	at := []degrees{{2, 6}, {3, 5}}
	spoil := func(series, rest, output float64, unbiased bool) func(degrees) (checks.Instance, error) {
		return func(p degrees) (checks.Instance, error) { return biasedSetup(p, series, rest, output, unbiased) }
	}
	return checks.Claim[degrees]{
		ID: "bowman2022/biased-spectrum", Title: "spectrum of the limit kernel with biases", Reference: "derived here",
		Formula:    `S_P \le \sigma_k - 1_{k=0} \le S_P + C_P\,\ell_P, \quad \sigma_k > 0`,
		Convention: spherical, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) degrees {
			return degrees{rapid.IntRange(2, 10).Draw(t, "d"), rapid.IntRange(0, 10).Draw(t, "k")}
		}),
		Grid:  []degrees{{2, 0}, {2, 12}, {3, 8}, {10, 8}},
		Cost:  func(p degrees) checks.Cost { return checks.Cost{Trial: 2e5 + 2e5*float64(p.K+1)} },
		Setup: spoil(1, 1, 1, false),
		Controls: []checks.Control[degrees]{
			{Name: "larger-series", Why: "1.001 of the partial sum, which is within 1e-4", At: at, Setup: spoil(1.001, 1, 1, false)},
			{Name: "smaller-rest", Why: "half of what is left", At: []degrees{{2, 2}}, Setup: spoil(1, 0.5, 1, false)},
			{Name: "no-output-bias", Why: "b_0 is the 1 at degree 0", At: at, Setup: spoil(1, 1, 0.999, false)},
			{Name: "no-biases", Why: "without them odd degrees from 3 on vanish", At: at, Setup: spoil(1, 1, 1, true)},
		},
	}
}

func biasedSetup(p degrees, series, rest, output float64, unbiased bool) (checks.Instance, error) {
	if err := p.valid(); err != nil {
		return checks.Instance{}, err
	}
	const terms = 2000
	coefficient := make([]float64, terms)
	for i := range coefficient {
		coefficient[i] = 2 * (kernel.ReLU().Coefficient(i) + kernel.ReLUFeature().Coefficient(i))
	}
	c := func(i int) float64 { return coefficient[i] }
	of := limitKernel
	if unbiased {
		of = func(p kernel.Pair) float64 { return 2*kernel.ReLU().Of(p) + 2*kernel.ReLUFeature().Of(p) + 1 }
	}
	return checks.Instance{Terms: checks.Terms{Trials: 1}, Trial: func(*rand.Rand) checks.Measurement {
		sigma, err := bounds.SphereSpectrum(of, p.D, p.K+1, 150+2*p.K)
		if err != nil {
			return checks.Failed(err)
		}
		var parts []checks.Measurement
		for k, v := range sigma {
			low, high := bounds.ShiftedSeries(c, 2, p.D, k, terms)
			if k == 0 {
				v -= output
			}
			low, high = series*low, low+rest*(high-low)
			parts = append(parts, checks.Measurement{Part: "at least the partial sum", Observed: v, Predicted: low, Relation: checks.AtLeast, Tolerance: 1e-12})
			if !math.IsInf(high, 1) {
				parts = append(parts, checks.Measurement{Part: "at most the sum with its rest", Observed: v, Predicted: high, Tolerance: 1e-12})
			}
		}
		return checks.Each(parts...)
	}}, nil
}

// multiplicities are the dimensions of the eigenspaces, seen in two traces.
//
// Setting: as in sphere-eigenvalues; N(d, k) the number of harmonics of degree k.
//
// Hypotheses: d >= 2.
//
// Conclusion: sum_k N(d, k) mu_k^2 = E K(x, y)^2 for independent uniform x, y, for gates and features, and sum_k N(d, k) mu_k = K(x, x) = 1/2 for the
// features, with N(d, 0) = 1, N(d, k) = (2k+d-2)/k C(k+d-3, d-2).
//
// Constants: derived: traces of T_K^2 and T_K (Mercer). Sums to k = 1500. Tolerance: 1e-11, and 1e-8 for the slower trace: N mu_k
// falls as k^{-4} for the features and N mu_k^2 of the gates as k^{-(d+2)}.
//
// Convention: uniform x on S^{d-1}; eigenvalues of the integral operator; kernels are means over one neuron
//
// Reference: derived here; Mercer's theorem.
//
// Control: the multiplicities of S^d; degree 6, and degree 7, counted once less.
func multiplicities() checks.Claim[degrees] {
	at := []degrees{{2, 1500}, {4, 1500}}
	spoil := func(n func(d, k int) float64) func(degrees) (checks.Instance, error) {
		return func(p degrees) (checks.Instance, error) { return tracesSetup(p, n) }
	}
	return checks.Claim[degrees]{
		ID: "bowman2022/multiplicities", Title: "multiplicities of the eigenvalues", Reference: "derived here",
		Formula:    `\sum_k N(d,k)\,\mu_k^2 = \mathbb E K(x,y)^2, \quad \sum_k N(d,k)\,\mu_k = K(x,x)`,
		Convention: spherical, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid:  []degrees{{2, 1500}, {3, 1500}, {7, 1500}, {20, 1500}},
		Cost:  func(p degrees) checks.Cost { return checks.Cost{Trial: 4 * float64(p.K) * float64(p.K)} },
		Setup: spoil(bounds.HarmonicDimension),
		Controls: []checks.Control[degrees]{
			{Name: "another-sphere", Why: "N(d+1, k) for N(d, k)", At: at, Setup: spoil(func(d, k int) float64 { return bounds.HarmonicDimension(d+1, k) })},
			{Name: "even-degree", Why: "degree 6 counted once less: features of eigenvalue 1.7e-4 at d = 2", At: at, Setup: spoil(lessAt(6))},
			{Name: "odd-degree", Why: "degree 7 counted once less: gates of eigenvalue 2e-3 at d = 2", At: at, Setup: spoil(lessAt(7))},
		},
	}
}

// lessAt are the multiplicities with that of one degree too small by one.
func lessAt(degree int) func(d, k int) float64 {
	return func(d, k int) float64 {
		if k == degree {
			return bounds.HarmonicDimension(d, k) - 1
		}
		return bounds.HarmonicDimension(d, k)
	}
}

func tracesSetup(p degrees, n func(d, k int) float64) (checks.Instance, error) {
	if err := p.valid(); err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Terms: checks.Terms{Trials: 1}, Trial: func(*rand.Rand) checks.Measurement {
		var parts []checks.Measurement
		for _, c := range []struct {
			part string
			of   kernel.Kernel
			mu   func(d, k int) float64
		}{{"gates", gates, bounds.SphereStep}, {"features", features, bounds.SphereReLUFeature}} {
			square, err := bounds.SphereSpectrum(func(p kernel.Pair) float64 { return math.Pow(c.of.Of(p), 2) }, p.D, 1, 200)
			if err != nil {
				return checks.Failed(err)
			}
			trace, squares := 0.0, 0.0
			for k := p.K; k >= 0; k-- {
				mu := c.mu(p.D, k)
				trace += n(p.D, k) * mu
				squares += n(p.D, k) * mu * mu
			}
			parts = append(parts, checks.Measurement{Part: c.part + ", squares", Observed: square[0], Predicted: squares, Relation: checks.Equal, Tolerance: 1e-11})
			if c.part == "features" {
				parts = append(parts, checks.Measurement{Part: "features, trace", Observed: c.of.At(1), Predicted: trace, Relation: checks.Equal, Tolerance: 1e-8})
			}
		}
		return checks.All(parts...)
	}}, nil
}
