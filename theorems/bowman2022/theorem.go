package bowman2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/joint"
	"convergo/theorems/internal/curve"
)

// A learning is a network that learns a harmonic of the circle from a sample.
type learning struct {
	Act    string  `json:"act"`
	Width  int     `json:"m"`
	N      int     `json:"n"`
	Degree int     `json:"degree"` // of the target cos(k t)
	Top    int     `json:"top"`    // degrees that are looked at: 0, ..., Top
	Steps  int     `json:"steps"`
	Step   float64 `json:"step"` // eta, as a share of 1/sigma_0
}

const grid = 32 // points at equal angles that stand for the circle: they integrate products of degree below 32 exactly

// eigenvalues are sigma_0, ..., sigma_top of K^inf on the circle.
func eigenvalues(top int) ([]float64, error) {
	return bounds.SphereSpectrum(limitKernel, 2, top+1, 100+2*top)
}

// A harmonic is an eigenfunction of the circle on its grid.
type harmonic struct {
	degree int
	values []float64
}

// harmonics are those of degree 0, ..., top, orthonormal on n equal angles with top < n/2.
func harmonics(n, top int) []harmonic {
	hs := []harmonic{{0, make([]float64, n)}}
	for i := range n {
		hs[0].values[i] = 1
	}
	for k := 1; k <= top; k++ {
		c, s := harmonic{k, make([]float64, n)}, harmonic{k, make([]float64, n)}
		for i := range n {
			sin, cos := math.Sincos(2 * math.Pi * float64(i*k%n) / float64(n))
			c.values[i], s.values[i] = math.Sqrt2*cos, math.Sqrt2*sin
		}
		hs = append(hs, c, s)
	}
	return hs
}

// coefficients of a function on the grid.
func coefficients(hs []harmonic, f []float64) []float64 {
	c := make([]float64, len(hs))
	for j, h := range hs {
		c[j] = floats.Dot(h.values, f) / float64(len(f))
	}
	return c
}

// populationBound is the main theorem with its terms measured: the residual on the whole circle, off the sample.
//
// Setting: n independent uniform points of the circle, y = cos(k t); a doubled network; r_s = f - y on the circle, r^_s on the sample, T_s^n g = (1/n) sum_i
// K_s(., x_i) g(x_i); sigma_j the eigenvalues of K^inf for ReLU, T its operator, P the projection on harmonics of degree at most J.
// The circle is 32 equal angles.
//
// Hypotheses: 0 <= eta sigma_0 <= 1, J < 16. The network may have fewer parameters than samples, and does in half of the grid.
//
// Conclusion: with D_s = eta ||P (T r_s - T_s^n r^_s)|| + ||P xi_s||, xi_s = r_{s+1} - r_s + eta T_s^n r^_s,
//
//	||P (r_T - (I - eta T)^T r_0)|| <= sum_{s<T} (1 - eta sigma)^{T-1-s} D_s <= sup_s (D_s/eta) (1 - (1 - eta sigma)^T)/sigma
//
// in L^2, with sigma the smallest of sigma_0, ..., sigma_J.
//
// Constants: derived, as for direction-bound: T and P commute. The paper bounds the supremum by S(1 + tS)(sqrt(d/m) + sqrt(p/n)) times logarithms, S = ||f*||_inf, with
// probability 1 - delta, powers and constants recalled only and hidden: no width can be computed from them. The sum is attained to
// 1 % for J = 0, where the drift keeps its sign. Tolerance: 1e-13 of the largest
// residual and sum over the neurons, for each step.
//
// Convention: f = (1/sqrt m) sum a_r phi(w_r.x + b_r) + b_0, all parameters trained; loss (1/(2n)) sum of squares; doubled start, f = 0
//
// Reference: the main theorem, recalled; derived here for descent and measured terms.
//
// Control: 0.95 of the sum and 0.9 of its bound; half of the drift; a step of 1.9/sigma_0; a step less.
func populationBound() checks.Claim[learning] {
	under := learning{"relu", 8, 64, 4, 0, 4, 0.3}
	setup := func(q populationPlan) func(learning) (checks.Instance, error) { return q.setup }
	exact := populationPlan{1, 1, 1, 0, true}
	return checks.Claim[learning]{
		ID: "bowman2022/population-bound", Title: "main theorem with measured terms", Reference: "main theorem, recalled; derived here for descent",
		Formula:    `\|P(r_T-(I-\eta T)^T r_0)\| \le \sup_s\left[\|P(T-T_s^n)r_s\|+\tfrac1\eta\|P\xi_s\|\right]\frac{1-(1-\eta\sigma_k)^T}{\sigma_k}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) learning {
			return learning{
				rapid.SampledFrom([]string{"tanh", "softplus", "relu"}).Draw(t, "act"), 2 * rapid.IntRange(1, 20).Draw(t, "m/2"), rapid.IntRange(1, 40).Draw(t, "n"),
				rapid.IntRange(0, 8).Draw(t, "degree"), rapid.IntRange(0, 6).Draw(t, "top"), rapid.IntRange(1, 8).Draw(t, "steps"), rapid.Float64Range(0.01, 1).Draw(t, "step"),
			}
		}),
		Grid: []learning{under, {"tanh", 8, 64, 1, 0, 2, 0.1}, {"relu", 20, 100, 2, 4, 10, 0.5}, {"relu", 160, 60, 1, 3, 24, 0.5}},
		Cost: func(p learning) checks.Cost {
			points := float64(grid + p.N)
			return checks.Cost{Trial: float64(p.Steps+1) * float64(p.Width) * (60*points + 2*grid*float64(p.N)), Bytes: 40 * float64(p.Width) * points, Size: fmt.Sprintf("m=%d, T=%d", p.Width, p.Steps)}
		},
		Setup: setup(exact),
		Controls: []checks.Control[learning]{
			{Name: "smaller-sum", Why: "the drift of one mode keeps its sign", At: []learning{under}, Setup: setup(populationPlan{0.9, 1, 1, 0, true})},
			{Name: "smaller-bound", Why: "and its size, the target being slow", At: []learning{under}, Setup: setup(populationPlan{1, 0.8, 1, 0, true})},
			{Name: "smaller-drift", Why: "0.8 of the drift of kernel and sample", At: []learning{under}, Setup: setup(populationPlan{1, 1, 0.8, 0, true})},
			{Name: "one-step-less", Why: "T - 1 for T", At: []learning{under}, Setup: setup(populationPlan{1, 1, 1, 1, true})},
		},
	}
}

// A populationPlan says how a control is off: factors on the sum, on its bound and on the drift; steps less; no step limit.
type populationPlan struct {
	sum, whole, drift float64
	fewer             int
	limited           bool
}

func (q populationPlan) setup(p learning) (checks.Instance, error) {
	act, _, err := activation(p.Act)
	if err != nil {
		return checks.Instance{}, err
	}
	law := joint.Law{Width: p.Width, Dim: 2, Act: act, Output: nets.GaussianOutput, Doubled: true}
	if p.N < 1 || p.Steps < 1 || p.Top < 0 || 2*p.Top >= grid || p.Degree < 0 {
		return checks.Instance{}, fmt.Errorf("n = %d, %d steps, degree %d, degrees to %d: give at least one sample and step, and degrees below %d", p.N, p.Steps, p.Degree, p.Top, grid/2)
	}
	if err := law.Validate(); err != nil {
		return checks.Instance{}, err
	}
	sigma, err := eigenvalues(max(p.Top, p.Degree))
	if err != nil {
		return checks.Instance{}, err
	}
	in := checks.Instance{
		Facts: []checks.Fact{checks.NewFact("parameters", float64(4*p.Width+1)), checks.NewFact("samples", float64(p.N)), checks.NewFact("sigma of the target", sigma[p.Degree])},
		Trial: func(r *rand.Rand) checks.Measurement { return q.learn(p, law, sigma, r) },
	}
	if q.limited {
		in.Hypotheses = []checks.Hypothesis{checks.Require("eta sigma_0", p.Step, checks.AtMost, 1)}
	}
	return in, nil
}

func (q populationPlan) learn(p learning, law joint.Law, sigma []float64, r *rand.Rand) checks.Measurement {
	net := law.Draw(r)
	angle := func(int) float64 { return 2 * math.Pi * r.Float64() }
	x, circle := circlePoints(p.N, angle), equalAngles(grid)
	target := func(x *mat.Dense) []float64 {
		n, _ := x.Dims()
		y := make([]float64, n)
		for i := range y {
			y[i] = math.Cos(float64(p.Degree) * math.Atan2(x.At(i, 1), x.At(i, 0)))
		}
		return y
	}
	y, truth := target(x), target(circle)
	eta, hs := p.Step/sigma[0], harmonics(grid, p.Top)
	on, off := net.At(x), net.At(circle)
	sample, now := residual(on, y), residual(off, truth)
	start := coefficients(hs, now)
	mode, first := harmonic{p.Degree, truth}, floats.Dot(truth, truth)
	var drift, times, measured, predicted []float64
	var sup float64
	largest := floats.Norm(now, math.Inf(1)) + off.Magnitude()
	for s := range p.Steps {
		pull := apply(off.Kernel(on), sample)
		floats.Scale(1/float64(p.N), pull)
		before, force := coefficients(hs, now), coefficients(hs, pull)
		net.Move(eta, meanGradient(on, sample))
		on, off = net.At(x), net.At(circle)
		sample, now = residual(on, y), residual(off, truth)
		largest = math.Max(largest, floats.Norm(now, math.Inf(1))+off.Magnitude())
		after := coefficients(hs, now)
		d, xi := make([]float64, len(hs)), make([]float64, len(hs))
		for j, h := range hs {
			d[j] = eta * (sigma[h.degree]*before[j] - force[j])
			xi[j] = after[j] - before[j] + eta*force[j]
		}
		size := q.drift*floats.Norm(d, 2) + floats.Norm(xi, 2)
		drift = append(drift, size)
		sup = math.Max(sup, size)
		times = append(times, eta*float64(s+1))
		measured = append(measured, -floats.Dot(mode.values, now)/first)
		predicted = append(predicted, math.Pow(1-eta*sigma[p.Degree], float64(s+1)))
	}
	left := coefficients(hs, now)
	for j, h := range hs {
		left[j] -= math.Pow(1-eta*sigma[h.degree], float64(p.Steps)) * start[j]
	}
	slowest := floats.Min(sigma[:p.Top+1])
	distance, tol := floats.Norm(left, 2), 1e-13*largest*float64(p.Steps)
	m := checks.All(
		checks.Measurement{Part: "sum", Observed: distance, Predicted: q.sum * bounds.Damped(eta, slowest, drift), Tolerance: tol},
		checks.Measurement{Part: "supremum", Observed: distance, Predicted: q.whole * sup / eta * bounds.DampedSteps(eta, slowest, p.Steps-q.fewer), Tolerance: tol})
	axes := curve.Axes{X: "time eta s", Y: "part of the target not yet learned"}
	m.Series = []checks.Series{
		axes.Measured(fmt.Sprintf("network, degree %d", p.Degree), times, measured),
		axes.Bound(fmt.Sprintf("limit, degree %d", p.Degree), times, predicted),
	}
	return m
}

// A ladder of widths or sample sizes for a target on the circle.
type ladder struct {
	Sizes  []int   `json:"sizes"`
	Steps  int     `json:"steps"`
	Step   float64 `json:"step"` // eta, as a share of 1/sigma_0
	Repeat int     `json:"repeat"`
}

// draws is how many draws a pass averages at a size: more at the small ones, where they are cheap.
func (p ladder) draws(size int) int { return p.Repeat * min(16, p.Sizes[len(p.Sizes)-1]/size) }

// share of the target that each harmonic has: cos t + cos(2t)/2.
var shares = []float64{0, 1, 0.5}

func (p ladder) valid() error {
	if len(p.Sizes) < 2 || p.Steps < 1 || p.Repeat < 1 || !(p.Step > 0) {
		return fmt.Errorf("sizes %v, %d steps of %v, %d repeats: give at least two sizes and one of the others", p.Sizes, p.Steps, p.Step, p.Repeat)
	}
	return nil
}

// slopeTerms is the exponent -1/2 with the resolution of the slopes.
func slopeTerms(exponent float64) checks.Terms {
	return checks.Terms{Exponent: checks.Float(exponent), Relation: checks.Equal, Resolution: 0.2, Trials: 40}
}

// sampleSlope is the term of the sample in the main theorem, in the limit of infinite width.
//
// Setting: gradient descent of the kernel K^inf itself on n independent uniform points of the circle, y = cos t + cos(2t)/2; c_k(s) the coefficients of
// the residual on the whole circle on 1, cos t, sin t, cos 2t, sin 2t: c_k(s+1) = c_k(s) - eta sigma_k (1/n) sum_i phi_k(x_i) r_s(x_i).
//
// Hypotheses: none.
//
// Conclusion: the largest |c_k(s) - (1 - eta sigma_k)^s c_k(0)| over these and s <= T, in root mean square over samples, falls as n^{-1/2}.
//
// Constants: the exponent is recalled; derived for s = 1, where the deviation is a mean of n independent variables.
//
// Loose: a slope of two sample sizes, by passes of a few samples each, spreads by 0.15; the resolution of 0.2 takes the interval of their median.
//
// Convention: descent in function space, mean loss; infinite width
//
// Reference: main theorem, recalled.
//
// Control: sigma_1 and sigma_2 exchanged; points of three quarters of the circle; the exponent -1/10.
func sampleSlope() checks.Claim[ladder] {
	p, short := ladder{[]int{4, 64}, 4, 0.5, 6}, ladder{[]int{16, 64}, 16, 0.5, 2}
	spoil := func(exponent, arc float64, exchanged bool) func(ladder) (checks.Instance, error) {
		return func(p ladder) (checks.Instance, error) { return sampleSetup(p, exponent, arc, exchanged) }
	}
	return checks.Claim[ladder]{
		ID: "bowman2022/sample-slope", Title: "deviation from the population against the sample", Reference: "main theorem, recalled",
		Formula:    `\sup_{k,s}\left|c_k(s)-(1-\eta\sigma_k)^s c_k(0)\right| \sim n^{-1/2}`,
		Convention: "descent in function space, mean loss; infinite width", Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Detects: map[string]float64{"": 0.4},
		Grid:    []ladder{p},
		Cost: func(p ladder) checks.Cost {
			c := checks.Cost{Setup: 1e5}
			for _, n := range p.Sizes {
				c.Trial += float64(p.draws(n)*n*n) * float64(120+p.Steps)
			}
			return c
		},
		Setup: spoil(-0.5, 1, false),
		Controls: []checks.Control[ladder]{
			{Name: "modes-exchanged", Why: "cos t at the rate of cos 2t leaves a deviation that no sample mends", At: []ladder{short}, Setup: spoil(-0.5, 1, true)},
			{Name: "arc", Why: "points of three quarters of the circle are another population", At: []ladder{short}, Setup: spoil(-0.5, 0.75, false)},
			{Name: "tenth-root", Why: "n^{-1/10}", At: []ladder{short}, Setup: spoil(-0.1, 1, false)},
		},
	}
}

func sampleSetup(p ladder, exponent, arc float64, exchanged bool) (checks.Instance, error) {
	if err := p.valid(); err != nil {
		return checks.Instance{}, err
	}
	sigma, err := eigenvalues(2)
	if err != nil {
		return checks.Instance{}, err
	}
	claimed := append([]float64(nil), sigma...)
	if exchanged {
		claimed[1], claimed[2] = claimed[2], claimed[1]
	}
	return checks.Instance{Terms: slopeTerms(exponent), Trial: func(r *rand.Rand) checks.Measurement {
		var m checks.Measurement
		for _, n := range p.Sizes {
			total := 0.0
			for range p.draws(n) {
				worst := sampleDeviation(n, p.Steps, p.Step/sigma[0], sigma, claimed, arc, r)
				total += worst * worst
			}
			m.Ladder = append(m.Ladder, checks.Rung{Size: float64(n), Value: math.Sqrt(total / float64(p.draws(n)))})
		}
		return m
	}}, nil
}

func sampleDeviation(n, steps int, eta float64, sigma, claimed []float64, arc float64, r *rand.Rand) float64 {
	angles := make([]float64, n)
	for i := range angles {
		angles[i] = 2 * math.Pi * arc * r.Float64()
	}
	g := mat.NewSymDense(n, nil)
	for i, a := range angles {
		for j, b := range angles[:i+1] {
			t := math.Acos(math.Cos(a - b))
			sin, cos := math.Sincos(t)
			g.SetSym(i, j, limitKernel(kernel.Pair{NormX: 1, NormY: 1, Cos: cos, Sin: sin, Angle: t})/float64(n))
		}
	}
	res := make([]float64, n)
	for i, t := range angles {
		res[i] = -math.Cos(t) - math.Cos(2*t)/2
	}
	type mode struct {
		sigma, claimed, start, now float64
		of                         func(t float64) float64
	}
	modes := []mode{{sigma[0], claimed[0], 0, 0, func(float64) float64 { return 1 }}}
	for k := 1; k <= 2; k++ {
		start := -shares[k] / math.Sqrt2
		modes = append(modes,
			mode{sigma[k], claimed[k], start, start, func(t float64) float64 { return math.Sqrt2 * math.Cos(float64(k)*t) }},
			mode{sigma[k], claimed[k], 0, 0, func(t float64) float64 { return math.Sqrt2 * math.Sin(float64(k)*t) }})
	}
	worst := 0.0
	for s := 1; s <= steps; s++ {
		for j := range modes {
			v := &modes[j]
			sum := 0.0
			for i, t := range angles {
				sum += v.of(t) * res[i]
			}
			v.now -= eta * v.sigma * sum / float64(n)
			worst = math.Max(worst, math.Abs(v.now-math.Pow(1-eta*v.claimed, float64(s))*v.start))
		}
		floats.AddScaled(res, -eta, apply(g, res))
	}
	return worst
}
