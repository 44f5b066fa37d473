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
// Control: 0.9 of the sum and 0.8 of its bound; 0.8 of the drift; a step less.
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

// A defect is a sample of the circle on which a harmonic is learned for one step.
type defect struct {
	N      int `json:"n"`
	Degree int `json:"degree"` // of the target cos(k t)
	Least  int `json:"least"`  // degrees that are looked at: from Least = 0 or 1 on
	Repeat int `json:"repeat"` // samples that a trial averages
}

// sampleDefect is the term of the sample in the main theorem, at the first step and in the limit of infinite width.
//
// Setting: n independent uniform points of the circle, y = cos(k t), r_0 = -y; the kernel K^inf of ReLU with eigenvalues sigma_j, T its operator,
// T_n g = (1/n) sum_i K^inf(., x_i) g(x_i); P the projection on degrees from J on, J = 0 or 1.
//
// Hypotheses: k >= 1.
//
// Conclusion: E ||P (r_1 - (I - eta T) r_0)||^2 = (eta^2/n) (S - sigma_k^2)/2 with S = sum_{j>=J} N(2, j) sigma_j^2: what a sample adds to one step
// falls as n^{-1/2}, and does not know the number of parameters.
//
// Constants: exact: P K(., x) has the norm sqrt S for every x, and r_0^2 the mean 1/2; the claim is for eta = 1. With Y = P K(., x) r(x) less its mean, V = E ||Y||^2 and
// ||Y||^2 <= 4 S, the second moment is at most (4 S V/n + 3 V^2)/n^2. S is summed to degree 60, the circle is 16 equal angles.
//
// Convention: descent in function space, mean loss; infinite width
//
// Reference: derived here; the order n^{-1/2} is the main theorem's, recalled.
//
// Control: 1.25 and 0.8 of the mean; without -sigma_k^2; 1.3 for the multiplicity 2; points of three quarters of the circle.
func sampleDefect() checks.Claim[defect] {
	flat, steep := defect{4, 4, 0, 30}, defect{4, 1, 1, 30}
	spoil := func(factor, own, times, arc float64) func(defect) (checks.Instance, error) {
		return func(p defect) (checks.Instance, error) { return defectSetup(p, factor, own, times, arc) }
	}
	return checks.Claim[defect]{
		ID: "bowman2022/sample-defect", Title: "what a sample adds to one step", Reference: "derived here; order of the main theorem, recalled",
		Formula:    `\mathbb E\|P(T_n-T)r_0\|^2 = \frac1n\left(\|r_0\|^2\sum_{j\ge J} N_j\sigma_j^2 - \|T r_0\|^2\right)`,
		Convention: "descent in function space, mean loss; infinite width", Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid:  []defect{flat, steep},
		Cost:  func(p defect) checks.Cost { return checks.Cost{Setup: 2e5, Trial: float64(p.Repeat*p.N) * 3000} },
		Setup: spoil(1, 1, 2, 1),
		Controls: []checks.Control[defect]{
			{Name: "larger", Why: "1.25 of the mean", At: []defect{flat, steep}, Setup: spoil(1.25, 1, 2, 1)},
			{Name: "smaller", Why: "0.8 of the mean", At: []defect{flat, steep}, Setup: spoil(0.8, 1, 2, 1)},
			{Name: "without-its-mean", Why: "||T r_0||^2 is half of the sum for degree 1", At: []defect{steep}, Setup: spoil(1, 0, 2, 1)},
			{Name: "fewer-harmonics", Why: "1.3 for the two harmonics of each degree", At: []defect{steep}, Setup: spoil(1, 1, 1.3, 1)},
			{Name: "arc", Why: "points of three quarters of the circle are another population", At: []defect{steep}, Setup: spoil(1, 1, 2, 0.75)},
		},
	}
}

func defectSetup(p defect, factor, own, times, arc float64) (checks.Instance, error) {
	if p.N < 1 || p.Degree < 1 || p.Degree > 6 || p.Repeat < 1 || p.Least < 0 || p.Least > 1 {
		return checks.Instance{}, fmt.Errorf("n = %d, degree %d from %d on, %d samples: give n >= 1, a degree from 1 to 6, from 0 or 1 on", p.N, p.Degree, p.Least, p.Repeat)
	}
	const degrees, points = 60, 16
	sigma, err := eigenvalues(degrees)
	if err != nil {
		return checks.Instance{}, err
	}
	sum, true2 := 0.0, 0.0
	for j := degrees; j >= max(p.Least, 1); j-- {
		sum += times * sigma[j] * sigma[j]
		true2 += 2 * sigma[j] * sigma[j]
	}
	if p.Least == 0 {
		sum += sigma[0] * sigma[0]
		true2 += sigma[0] * sigma[0]
	}
	n, own2 := float64(p.N), sigma[p.Degree]*sigma[p.Degree]
	v := (true2 - own2) / 2
	spread := math.Sqrt((4*true2*v/n+3*v*v)/float64(p.Repeat)) / n
	return checks.Instance{
		Terms: checks.Terms{Deviation: checks.Float(spread), Resolution: 0.15},
		Facts: []checks.Fact{checks.NewFact("S", sum), checks.NewFact("sigma_k", sigma[p.Degree])},
		Trial: func(r *rand.Rand) checks.Measurement {
			mean := 0.0
			for range p.Repeat {
				mean += sampled(p, points, arc, sigma[p.Degree], r) / float64(p.Repeat)
			}
			return checks.Measurement{Observed: mean, Predicted: factor * (sum - own*own2) / 2 / n, Relation: checks.Equal, Tolerance: 1e-9}
		},
	}, nil
}

// sampled is ||P (T_n - T) r_0||^2 of one sample, by the kernel's values.
func sampled(p defect, points int, arc, sigma float64, r *rand.Rand) float64 {
	off := make([]float64, points)
	at := func(i int) float64 { return 2 * math.Pi * float64(i) / float64(points) }
	for i := range off {
		off[i] = sigma * math.Cos(float64(p.Degree)*at(i))
	}
	for range p.N {
		a := 2 * math.Pi * arc * r.Float64()
		res := -math.Cos(float64(p.Degree) * a)
		for i := range off {
			cos := math.Cos(at(i) - a)
			t := math.Acos(cos)
			off[i] += res * limitKernel(kernel.Pair{NormX: 1, NormY: 1, Cos: cos, Sin: math.Sin(t), Angle: t}) / float64(p.N)
		}
	}
	square := floats.Dot(off, off) / float64(points)
	if p.Least == 1 {
		square -= math.Pow(floats.Sum(off)/float64(points), 2)
	}
	return square
}
