package allenzhu2019beyond

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/integrate/quad"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/theorems/internal/curve"
)

// gate is a power, an input and a bias.
type gate struct {
	K int     `json:"k"`
	X float64 `json:"x"`
	B float64 `json:"b"`
}

// hermiteAt is He_k(u)/sqrt(k!) by its sum of powers.
func hermiteAt(k int, u float64) float64 {
	sum, term := 0.0, 1/math.Sqrt(math.Gamma(float64(k)+1))
	for j := 0; 2*j <= k; j++ {
		sum += term * math.Pow(u, float64(k-2*j))
		term *= -float64((k-2*j)*(k-2*j-1)) / float64(2*(j+1))
	}
	return sum
}

func density(u float64) float64 { return math.Exp(-u*u/2) / math.Sqrt(2*math.Pi) }

func below(u float64) float64 { return math.Erfc(-u/math.Sqrt2) / 2 }

// active is P(u x + v sqrt(1-x^2) + b >= 0) over the second normal v.
func active(u, x, b float64) float64 { return below((u*x + b) / math.Sqrt(1-x*x)) }

// overNormal integrates a smooth function against the density of a standard normal, by sums that converge exponentially. What
// changes within a width of side asks for as fine a step.
func overNormal(side float64, f func(u float64) float64) float64 {
	step, end := math.Min(0.25, 0.6*side), 12.0
	n := math.Ceil(end / step)
	sum := 0.0
	for i := -n; i <= n; i++ {
		u := i * step
		sum += density(u) * f(u)
	}
	return sum * step
}

// indicatorIdentity is Lemma A.6 in closed form.
//
// Setting: u and v independent standard normals, x in (-1, 1), b any bias, k >= 0, He_k the probabilists' Hermite polynomials.
//
// Hypotheses: |x| <= 0.999, where the integral over v is smooth enough for the sums that are compared.
//
// Conclusion: E[He_k(u) 1{u x + v sqrt(1-x^2) + b >= 0}] = x^k He_{k-1}(-b) pdf(b) for k >= 1, and Phi(b) for k = 0.
//
// Constants: exact. As printed the lemma has a coefficient p_i times x^i, given as a sum, for i >= 1 and x in [0, 1], with -b for
// b; it equals He_{i-1}(b) pdf(b). Proof here: u x + v sqrt(1-x^2) is one standard normal g, E[He_k(u) | g] = x^k He_k(g) by Mehler's
// formula, and (He_{k-1} pdf)' = -He_k pdf. At b = 0 the even powers vanish: without biases they
// cannot be represented. Both sides are divided by sqrt(k!); the tolerance 1e-12 is the rounding of some hundred terms.
//
// Convention: the first coordinate of the weights is u; the bias has the same variance as a weight.
//
// Reference: Allen-Zhu, Li, Liang (2019), Lemma A.6; the closed form and negative x derived here.
//
// Control: the bias with the other sign (even powers change theirs), a factor 1.02, and no indicator.
func indicatorIdentity() checks.Checkable {
	setup := func(predict func(p gate) float64) func(gate) (checks.Instance, error) {
		return func(p gate) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("|x|", math.Abs(p.X), checks.AtMost, 0.999)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.Measurement{
						Observed:  overNormal(math.Sqrt(1-p.X*p.X), func(u float64) float64 { return hermiteAt(p.K, u) * active(u, p.X, p.B) }),
						Predicted: predict(p), Relation: checks.Equal, Tolerance: 1e-12,
					}
				},
			}, nil
		}
	}
	exact := func(p gate) float64 { return bounds.HermiteIndicator(p.K, p.X, p.B) }
	at := []gate{{2, 0.8, 0.7}, {4, -0.9, -0.5}}
	return checks.Claim[gate]{
		ID: "allenzhu2019beyond/indicator-identity", Title: "a Hermite polynomial behind an indicator", Reference: "Lemma A.6; closed form derived here",
		Formula:    `\mathbb{E}\big[He_k(u)\,1\{ux+v\sqrt{1-x^2}+b\ge 0\}\big] = x^k\,He_{k-1}(-b)\,\varphi(b)`,
		Convention: "u, v standard normal", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) gate {
			return gate{rapid.IntRange(0, 8).Draw(t, "k"), rapid.Float64Range(-0.999, 0.999).Draw(t, "x"), rapid.Float64Range(-6, 6).Draw(t, "b")}
		}),
		Grid:  []gate{{0, 0.3, -0.5}, {1, 0.3, 0.7}, {2, -0.8, 0}, at[0], {3, 0.99, -1.5}, at[1], {8, 0.999, 2}, {5, 0, 1}},
		Cost:  func(gate) checks.Cost { return checks.Cost{Trial: 2e5} },
		Setup: setup(exact),
		Controls: []checks.Control[gate]{
			{Name: "bias-sign", Why: "He_{k-1} is odd for even k", At: at, Setup: setup(func(p gate) float64 { return bounds.HermiteIndicator(p.K, p.X, -p.B) })},
			{Name: "constant", Why: "an identity has no room", At: at, Setup: setup(func(p gate) float64 { return 1.02 * exact(p) })},
			{Name: "no-indicator", Why: "without the indicator every mean is 0", At: at, Setup: setup(func(gate) float64 { return 0 })},
		},
	}
}

// polynomial is an activation phi, by its coefficients, at an input.
type polynomial struct {
	C []float64 `json:"c"`
	X float64   `json:"x"`
}

// hermiteZeros are the zeros of He_0, ..., He_4, between which the signs in h do not change.
var hermiteZeros = []float64{-2.334414218338977, -1.7320508075688772, -1, -0.7419637843027259, 0, 0.7419637843027259, 1, 1.7320508075688772, 2.334414218338977}

// overBoth averages three functions of (u, b) over two standard normals, with sums over u and Gauss's rule between the zeros
// over b.
func overBoth(side float64, f func(u, b float64) [3]float64) (mean [3]float64) {
	const nodes = 16
	at, weight := make([]float64, nodes), make([]float64, nodes)
	edges := append(append([]float64{-9, -5}, hermiteZeros...), 5, 9)
	for i := 1; i < len(edges); i++ {
		quad.Legendre{}.FixedLocations(at, weight, edges[i-1], edges[i])
		for j, b := range at {
			step, end := math.Min(0.25, 0.6*side), 10.0
			for u := -math.Ceil(end/step) * step; u < end+step; u += step {
				for k, v := range f(u, b) {
					mean[k] += weight[j] * step * density(u) * density(b) * v
				}
			}
		}
	}
	return mean
}

// indicatorFunction is the function behind the indicator, Lemma 6.3.
//
// Setting: phi(x) = sum_k c_k x^k of degree at most 5; u, v, b independent standard normals; nu_k the integral of |He_{k-1}| pdf^2.
//
// Hypotheses: |x| <= 0.95, for the sums that are compared.
//
// Conclusion: h(u, b) = 2 c_0 + sum_{k>=1} (c_k/nu_k) He_k(u) sgn He_{k-1}(-b) has E[h 1{u x + v sqrt(1-x^2) + b >= 0}] = phi(x)
// exactly, E h^2 = 4 c_0^2 + sum_k c_k^2 k!/nu_k^2, and E[h^2 1{...}] = E h^2/2 + 4 c_0 (phi(x) - c_0).
//
// Constants: exact, derived: indicator-identity, orthogonality in u, and h - 2 c_0 is odd under a change of all signs. The paper cuts
// biases and Hermite polynomials off so that |h| <= C_eps(phi, 1), with an error eps; this h is unbounded and has no error.
// The tolerance is 1e-8 of the terms' sizes, where the sums agree to 1e-10.
//
// Convention: the bias is drawn with the variance of a weight.
//
// Reference: Allen-Zhu, Li, Liang (2019), Lemma 6.3 (indicator to function); this h derived here.
//
// Control: biases replaced by 0 in the indicator alone; each of the three constants times 1.02; E h^2 by the norm of the Hermite
// polynomials as Definition A.5 has it, sqrt(2 pi) k! for k!.
func indicatorFunction() checks.Checkable {
	setup := func(scale [3]float64, bias float64) func(polynomial) (checks.Instance, error) {
		return func(p polynomial) (checks.Instance, error) {
			in, err := bounds.NewIndicator(p.C)
			if err != nil {
				return checks.Instance{}, err
			}
			size := 1e-300 + in.Square()
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("|x|", math.Abs(p.X), checks.AtMost, 0.95), checks.Require("coefficients", float64(len(p.C)), checks.AtMost, 6)},
				Facts:      []checks.Fact{checks.NewFact("E h^2", in.Square())},
				Trial: func(*rand.Rand) checks.Measurement {
					seen := overBoth(math.Sqrt(1-p.X*p.X), func(u, b float64) [3]float64 {
						h, on := in.At(u, b), active(u, p.X, bias*b)
						return [3]float64{h * on, h * h, h * h * on}
					})
					sizes := [3]float64{math.Sqrt(size), size, size}
					var parts []checks.Measurement
					for i, predicted := range [3]float64{in.Value(p.X), in.Square(), in.ActiveSquare(p.X)} {
						name := [3]string{"value", "square", "active square"}[i]
						parts = append(parts, checks.Measurement{Part: name, Relation: checks.Equal, Observed: seen[i], Predicted: scale[i] * predicted, Tolerance: 1e-8 * sizes[i]})
					}
					return checks.All(parts...)
				},
			}, nil
		}
	}
	at := []polynomial{{[]float64{0.2, 0.5, -0.7, 0.3}, 0.6}}
	return checks.Claim[polynomial]{
		ID: "allenzhu2019beyond/indicator-function", Title: "every polynomial is a mean over active neurons", Reference: "Lemma 6.3; this function derived here",
		Formula:    `\mathbb{E}\big[h(u,b)\,1\{ux+v\sqrt{1-x^2}+b\ge 0\}\big] = \phi(x),\quad \mathbb{E}h^2 = 4c_0^2+\sum_{k\ge 1} \frac{c_k^2\,k!}{\nu_k^2}`,
		Convention: "u, v, b standard normal", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid:  []polynomial{at[0], {[]float64{1}, 0.5}, {[]float64{0, 1}, -0.95}, {[]float64{0.1, 0, 0, 0, 0, 1}, 0.9}, {[]float64{0, 0, 1, 0, -0.5}, 0}},
		Cost:  func(polynomial) checks.Cost { return checks.Cost{Trial: 1.2e7} },
		Setup: setup([3]float64{1, 1, 1}, 1),
		Controls: []checks.Control[polynomial]{
			{Name: "no-bias", Why: "even powers vanish without biases", At: at, Setup: setup([3]float64{1, 1, 1}, 0)},
			{Name: "value", Why: "an identity has no room", At: at, Setup: setup([3]float64{1.02, 1, 1}, 1)},
			{Name: "square", Why: "an identity has no room", At: at, Setup: setup([3]float64{1, 1.02, 1}, 1)},
			{
				Name: "printed-norm", Printed: `Definition A.5: $\mathbb{E}_{x\sim N(0,1)}[h_i(x)h_j(x)] = \sqrt{2\pi}\,j!\,\delta_{ij}$`,
				Why: "a mean over a normal has no sqrt(2 pi), which is the weight exp(-x^2/2)'s own mass", At: at, Setup: setup([3]float64{1, math.Sqrt(2 * math.Pi), 1}, 1),
			},
			{Name: "active-square", Why: "an identity has no room", At: at, Setup: setup([3]float64{1, 1, 1.02}, 1)},
		},
	}
}

// powers are the coefficients of an activation.
type powers struct {
	C []float64 `json:"c"`
}

// only is the activation z^k.
func only(k int) powers {
	c := make([]float64, k+1)
	c[k] = 1
	return powers{c}
}

// sampleComplexity is E h^2 <= C_s(phi, 1)^2 of Lemma 6.3, with its least constant.
//
// Setting: phi of degree at most 60 with coefficients c_k, and the function h of indicator-function.
//
// Hypotheses: the degree.
//
// Conclusion: sqrt(E h^2) <= 2 sum_k (k+1)^{1.75} |c_k|, which is C_s(phi, 1) with the constant C* = 2; and sqrt(E h^2) <= 5.32 sum_k
// (k+1)^{3/4} |c_k|, so that this h asks for a lower power.
//
// Constants: derived: sqrt(E h^2) <= sum_k |c_k| sqrt(k!)/nu_k by the triangle inequality, with 2 for k = 0; the quotient by (k+1)^{1.75}
// is at most 1.3 for k >= 1, and that by (k+1)^{3/4} rises to 5.318 at k = 60 (its limit is 5.398); both were computed for every k up to
// 60. As printed C* is large enough, 10^4 for instance. The first is attained by constants, the second nearly by z^60.
//
// Convention: radius R = 1.
//
// Reference: Allen-Zhu, Li, Liang (2019), Section 2 and Lemma 6.3; constants derived here.
//
// Control: each constant 0.8 times.
func sampleComplexity() checks.Checkable {
	setup := func(first, second float64) func(powers) (checks.Instance, error) {
		return func(p powers) (checks.Instance, error) {
			in, err := bounds.NewIndicator(p.C)
			if err != nil {
				return checks.Instance{}, err
			}
			root := math.Sqrt(in.Square())
			degrees, costs, bound := growth()
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("degree", float64(len(p.C)-1), checks.AtMost, 60)},
				Facts:      []checks.Fact{checks.NewFact("C_s(phi, 1) with C* = 1e4", bounds.SampleComplexity(p.C, 1, 1e4, 1.75))},
				Trial: func(*rand.Rand) checks.Measurement {
					m := checks.All(
						checks.Measurement{Part: "power 1.75", Observed: root, Predicted: first * bounds.SampleComplexity(p.C, 1, 2, 1.75), Tolerance: 1e-12 * root},
						checks.Measurement{Part: "power 0.75", Observed: root, Predicted: second * bounds.SampleComplexity(p.C, 1, 5.32, 0.75), Tolerance: 1e-12 * root},
					)
					axes := curve.Axes{X: "degree", Y: "root mean square of h for a power", LogX: true, LogY: true}
					m.Series = []checks.Series{axes.Measured("h", degrees, costs), axes.Bound("C_s with C* = 2", degrees, bound)}
					return m
				},
			}, nil
		}
	}
	grid := []powers{only(0), {[]float64{0.2, 0.5, -0.7, 0.3}}, only(60)}
	return checks.Claim[powers]{
		ID: "allenzhu2019beyond/sample-complexity", Title: "the size of h and the complexity C_s", Reference: "Lemma 6.3; constants derived here",
		Formula:    `\sqrt{\mathbb{E}h^2} \le 2\sum_k (k+1)^{1.75}|c_k|,\quad \sqrt{\mathbb{E}h^2} \le 5.32\sum_k (k+1)^{3/4}|c_k|`,
		Convention: "R = 1", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) powers {
			return powers{rapid.SliceOfN(rapid.Float64Range(-2, 2), 1, 12).Draw(t, "c")}
		}),
		Grid: grid, Cost: func(p powers) checks.Cost { return checks.Cost{Setup: 2e4 * float64(len(p.C)*len(p.C)+64)} },
		Setup: setup(1, 1),
		Controls: []checks.Control[powers]{
			{Name: "power-175", Why: "a constant attains it", At: grid[:1], Setup: setup(0.8, 1)},
			{Name: "power-075", Why: "z^60 nearly attains it", At: grid[2:], Setup: setup(1, 0.8)},
		},
	}
}

// growth is the root mean square of h for powers, beside C_s with the constant 2.
func growth() (degrees, costs, bound []float64) {
	for k := 1; k <= 8; k++ {
		degrees = append(degrees, float64(k))
		costs = append(costs, bounds.IndicatorNorm(k))
		bound = append(bound, bounds.SampleComplexity(only(k).C, 1, 2, 1.75))
	}
	return degrees, costs, bound
}
