package cao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/signalnoise"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/ladder"
)

// mostSteps ends the runs of the first stage.
const mostSteps = 30000

// growth is a setting with the level to be reached and a bound on the outputs until then.
type growth struct {
	setting
	To     float64 `json:"to"`
	Output float64 `json:"output"`
}

// A leader is a filter and a patch vector (0 for mu, i for xi_i) whose product grows.
type leader struct{ filter, vector int }

// leaders are the filter that knows most of the signal of the first sample's class, and of all filters and samples of its
// sign the two with the largest product.
func leaders(d *signalnoise.Descent, s *signalnoise.Sample, m int) (signal, noise leader) {
	best := [2]float64{math.Inf(-1), math.Inf(-1)}
	for k := range 2 * m {
		j := sign(k, 2*m)
		if z := j * d.Signal(k); j == s.Y[0] && z > best[0] {
			best[0], signal = z, leader{k, 0}
		}
		for i, y := range s.Y {
			if z := d.Noise(k, i); y == j && z > best[1] {
				best[1], noise = z, leader{k, i + 1}
			}
		}
	}
	return signal, noise
}

// product is the product of the leader, positive in the direction in which it grows.
func (l leader) product(d *signalnoise.Descent, m int) float64 {
	if l.vector == 0 {
		return sign(l.filter, 2*m) * d.Signal(l.filter)
	}
	return d.Noise(l.filter, l.vector-1)
}

// leads reports whether no other noise patch has a larger product with the leader's filter.
func (l leader) leads(d *signalnoise.Descent, n int) bool {
	if l.vector == 0 {
		return true
	}
	for i := range n {
		if d.Noise(l.filter, i) > d.Noise(l.filter, l.vector-1) {
			return false
		}
	}
	return true
}

// rates are the bounds on a in z <- z + a z^{q-1} for the leader, with outputs up to the bound.
func (p growth) rates(s *signalnoise.Sample, l leader, overlaps bool) (low, high float64) {
	slow, fast := bounds.SlopeRange(p.Output)
	unit := p.eta() * p.Q / float64(p.N*p.M)
	if l.vector == 0 {
		class := 0.0
		for _, y := range s.Y {
			if y == s.Y[0] {
				class++
			}
		}
		unit *= class * mat.Norm(mat.NewVecDense(len(s.Mu), s.Mu), 2) * mat.Norm(mat.NewVecDense(len(s.Mu), s.Mu), 2)
		return unit * slow, unit * fast
	}
	xi := s.Xi.RowView(l.vector - 1)
	unit *= mat.Dot(xi, xi)
	cross := 0.0
	if overlaps {
		cross = bounds.CrossPull(s.Xi, l.vector-1)
	}
	return unit * (slow - fast*cross), unit * fast * (1 + cross)
}

// growthTime is the law of the first stage, from both sides.
//
// Setting: data and start as in the paper; c > z_0 > 0 a level.
//
// Hypotheses: on the draw, until the level is reached: |f(x_i)| <= b on the samples; for the noise, xi_i has the largest product of the
// noise patches with the filter.
//
// Conclusion: let j = y_1, z = max_r j <w_{j,r}, mu>, n_j samples with y_i = j, s = 1/(1 + e^b) and S = 1/(1 + e^{-b}). The
// number k of steps until z >= c satisfies
//
//	T(A S, z_0) <= k <= 1 + (1 + A s c^{q-2})^{q-1} T(A s, z_0),  T(A, z_0) = (z_0^{-(q-2)} - c^{-(q-2)})/(A (q-2)),
//
// with A = eta q |mu|^2 n_j/(nm). The same holds for the largest u = <w_{y_i,r}, xi_i> over r and i with A = eta q |xi_i|^2/(nm), and
// S (1+kappa), s - kappa S in place of S, s, kappa = sum_{k != i} |<xi_k, xi_i>|/|xi_i|^2.
//
// Constants: ours. z <- z + a z^{q-1} with a in [A s, A S] exactly, since -l' lies in [s, S]; other patches of the filter pull by
// at most kappa S; then bounds.GrowthSteps. Recalled are the orders: T_gamma ~ m/(eta |mu|^q sigma_0^{q-2}) and
// T_rho ~ nm/(eta |xi|^q sigma_0^{q-2}).
//
// Convention: sigma_p sqrt d = 1.
//
// Reference: first stage of the proof (recalled), derived here.
//
// Control: a rate 1.05 times as large and as small; the rate of all samples for the signal; patches that overlap, with kappa left out.
func growthTime() checks.Claim[growth] {
	setup := func(factor float64, overlaps bool, count func(low, high float64, l leader, n int) (float64, float64)) func(growth) (checks.Instance, error) {
		return func(p growth) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Trials: 16},
				Trial: func(r *rand.Rand) checks.Measurement { return p.climb(factor, overlaps, count, r) },
			}, nil
		}
	}
	base := growth{setting{N: 3, M: 3, D: 1000000, Q: 3, C: 3, Scale: 0.05, Step: 0.1}, 0.2, 0.02}
	sharp := growth{setting{N: 4, M: 2, D: 100000000, Q: 2.5, C: 4, Scale: 0.02, Step: 0.03}, 0.1, 0.02}
	single := growth{setting{N: 1, M: 1, D: 50, Q: 4, C: 1, Scale: 0.2, Step: 0.1}, 0.4, 0.04}
	return checks.Claim[growth]{
		ID: "cao2022/growth-time", Title: "time to learn the signal, and the noise", Reference: "first stage of the proof (recalled), derived here",
		Formula:    `T(AS) \le k \le 1 + (1 + A s c^{q-2})^{q-1}\, T(As), \quad T(A) = \frac{z_0^{-(q-2)} - c^{-(q-2)}}{A(q-2)}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []growth{single, base, sharp},
		Cost: func(p growth) checks.Cost {
			return checks.Cost{Trial: p.setting.cost(2000), Size: fmt.Sprintf("n=%d m=%d", p.N, p.M)}
		},
		Setup: setup(1, true, nil),
		Controls: []checks.Control[growth]{
			{Name: "faster", Why: "at a rate 1.05 times as large it should be earlier", At: []growth{base}, Setup: setup(1.05, true, nil)},
			{Name: "slower", Why: "at a rate 1.05 times as small it should be later", At: []growth{base}, Setup: setup(1/1.05, true, nil)},
			{Name: "all-samples", Why: "samples of the other class do not pull at a filter", At: []growth{base},
				Setup: setup(1, true, func(low, high float64, l leader, n int) (float64, float64) {
					if l.vector == 0 {
						return 1.5 * low, 1.5 * high // two of three samples are of one class, or all are
					}
					return low, high
				})},
			{Name: "overlapping-patches", Why: "without kappa the bounds are those of orthogonal patches",
				At: []growth{{setting{N: 5, M: 3, D: 1000000, Q: 3, C: 2, Scale: 0.05, Step: 0.1}, 0.2, 0.05}}, Setup: setup(1, false, nil)},
		},
	}
}

// climb runs descent until both leaders have reached the level.
func (p growth) climb(factor float64, overlaps bool, count func(low, high float64, l leader, n int) (float64, float64), r *rand.Rand) checks.Measurement {
	s, net, err := p.start(r)
	if err != nil {
		return checks.Failed(err)
	}
	d, err := signalnoise.NewDescent(net, s, p.eta())
	if err != nil {
		return checks.Failed(err)
	}
	if !overlaps {
		if d, err = p.overlap(net, s); err != nil {
			return checks.Failed(err)
		}
	}
	signal, noise := leaders(d, s, p.M)
	var parts []checks.Measurement
	var series []checks.Series
	runs := []*climber{newClimber("signal", signal, d, p), newClimber("noise", noise, d, p)}
	for t := 0; t <= mostSteps && !(runs[0].done() && runs[1].done()); t++ {
		for _, c := range runs {
			c.look(t, d, p)
		}
		d.Step()
	}
	for _, c := range runs {
		if !c.told() {
			continue
		}
		low, high := p.rates(s, c.leader, overlaps)
		if count != nil {
			low, high = count(low, high, c.leader, p.N)
		}
		if low <= 0 {
			continue
		}
		least, most := bounds.GrowthSteps(p.Q, factor*low, factor*high, c.from, p.To)
		k := float64(c.hit)
		parts = append(parts,
			checks.Measurement{Part: c.name + ", no sooner", Observed: k, Predicted: least, Relation: checks.AtLeast, Tolerance: 1e-6},
			checks.Measurement{Part: c.name + ", no later", Observed: k, Predicted: most, Tolerance: 1e-6})
		series = append(series, c.curves(low+high, p.Q)...)
	}
	met := checks.RequireThat("some leader starts below the level, leads, and outputs are small until it is there", len(parts) > 0)
	m := checks.Measurement{}
	if len(parts) > 0 {
		m = checks.All(parts...)
	}
	m.Hypotheses, m.Series = []checks.Hypothesis{met}, series
	return m
}

// overlap lets all noise patches share half of the first one, and its label.
func (p growth) overlap(net *signalnoise.Network, s *signalnoise.Sample) (*signalnoise.Descent, error) {
	for i := range s.N() {
		s.Y[i] = 1
		if i > 0 {
			floats.AddScaled(s.Xi.RawRowView(i), 0.5, s.Xi.RawRowView(0))
		}
	}
	return signalnoise.NewDescent(net, s, p.eta())
}

// A climber follows a leader to a level.
type climber struct {
	name   string
	leader leader
	from   float64
	hit    int // -1 before
	broken bool
	steps  []float64
	values []float64
}

func newClimber(name string, l leader, d *signalnoise.Descent, p growth) *climber {
	c := &climber{name: name, leader: l, from: l.product(d, p.M), hit: -1}
	c.broken = !(c.from > 0 && c.from < p.To)
	return c
}

func (c *climber) done() bool { return c.broken || c.hit >= 0 }

func (c *climber) told() bool { return !c.broken && c.hit >= 0 }

// look records the leader after t steps.
func (c *climber) look(t int, d *signalnoise.Descent, p growth) {
	if c.done() {
		return
	}
	z := c.leader.product(d, p.M)
	if t%20 == 0 {
		c.steps, c.values = append(c.steps, float64(t)), append(c.values, z)
	}
	if z >= p.To {
		c.hit = t
		return
	}
	for _, f := range d.Outputs() {
		c.broken = c.broken || math.Abs(f) > p.Output
	}
	c.broken = c.broken || !c.leader.leads(d, p.N)
}

// curves are the product beside the flow of half the sum of the rates.
func (c *climber) curves(sum, q float64) []checks.Series {
	axes := curve.Axes{X: "step", Y: "largest product with mu or a noise patch", LogY: true}
	flow := make([]float64, len(c.steps))
	for i, t := range c.steps {
		flow[i] = math.Pow(math.Max(1e-9, math.Pow(c.from, 2-q)-(q-2)*sum/2*t), -1/(q-2))
	}
	return []checks.Series{axes.Measured(c.name, c.steps, c.values), axes.Bound(c.name+", z' = A z^{q-1}", c.steps, flow)}
}

// exponent is a ladder of one size.
type exponent struct {
	Vary  string    `json:"vary"` // sigma_0, mu or n
	Q     float64   `json:"q"`
	Sizes []float64 `json:"sizes"`
	Scale float64   `json:"scale"` // sigma_0 where it does not vary
	Eta   float64   `json:"eta"`
	To    float64   `json:"to"`
}

// predicted is the exponent of the time.
func (p exponent) predicted() float64 {
	switch p.Vary {
	case "sigma_0":
		return 2 - p.Q
	case "mu":
		return -p.Q
	}
	return 1
}

// along names what varies.
func (p exponent) along() string {
	switch p.Vary {
	case "sigma_0":
		return `$\sigma_0$`
	case "mu":
		return `$\|\mu\|$`
	}
	return "$n$"
}

// rung is the time to the level at one size, with the same standard normal filters at all sizes.
func (p exponent) rung(size float64, normal *signalnoise.Network) (float64, error) {
	n, mu, scale := 1, 1.0, p.Scale
	switch p.Vary {
	case "sigma_0":
		scale = size
	case "mu":
		mu = size
	case "n":
		n = int(size)
	default:
		return 0, fmt.Errorf("vary %q: use sigma_0, mu or n", p.Vary)
	}
	norms, y := make([]float64, n), make([]float64, n)
	for i := range norms {
		norms[i], y[i] = 1, 1
	}
	if p.Vary == "n" {
		mu = 1e-3
	} else {
		norms[0] = 1e-3 // the noise must not win
	}
	s := orthogonal(mu, norms, y)
	net := normal.Clone()
	net.W = mat.DenseCopyOf(net.W.Slice(0, 2*net.Filters(), 0, n+1))
	net.W.Scale(scale, net.W)
	d, err := signalnoise.NewDescent(net, s, p.Eta)
	if err != nil {
		return 0, err
	}
	l := leader{0, 0}
	if p.Vary == "n" {
		l.vector = 1
	}
	for t := 1; t <= 40*mostSteps; t++ {
		before := l.product(d, 1)
		d.Step()
		if z := l.product(d, 1); z >= p.To {
			return float64(t-1) + (p.To-before)/(z-before), nil
		}
	}
	return 0, fmt.Errorf("the level %v is not reached in %d steps", p.To, 40*mostSteps)
}

// growthExponent is the growth time as power laws.
//
// Setting: orthogonal patches, one filter of each sign; the start is sigma_0 times standard normal weights, the same along a ladder of sigma_0,
// |mu| or n, but for the product with the patch that grows, whose size is moved into [0.3, 3] sigma_0 and whose sign is the one that grows; all samples of one class.
//
// Hypotheses: the level c is at least 20 times the start.
//
// Conclusion: the time to the level has log-log slope -(q-2) in sigma_0, -q in |mu| (signal), and 1 in n (noise).
//
// Constants: the exponents are recalled and follow from growth-time; the term c^{-(q-2)} shifts the slope of a finite ladder by a few per cent of it, whence
// the resolution of 0.06.
//
// Convention: |xi_i| = 1; the step size is the same along a ladder.
//
// Reference: first stage of the proof (recalled), derived here.
//
// Control: q = 2, where the time is logarithmic in sigma_0; q = 2.75 where q = 3 is claimed.
func growthExponent() checks.Claim[exponent] {
	setup := func(off float64) func(exponent) (checks.Instance, error) {
		return func(p exponent) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Exponent: checks.Float(exponent{Vary: p.Vary, Q: p.Q + off}.predicted()), Relation: checks.Equal, Resolution: 0.06, Along: p.along()},
				Trial: func(r *rand.Rand) checks.Measurement { return p.pass(r) },
			}, nil
		}
	}
	scales := []float64{0.0005, 0.001, 0.002, 0.004}
	return checks.Claim[exponent]{
		ID: "cao2022/growth-exponent", Title: "exponents of the time to learn", Reference: "first stage of the proof (recalled), derived here",
		Formula:    `T_\gamma \propto \sigma_0^{-(q-2)}\|\mu\|^{-q}, \quad T_\rho \propto n`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Along: `the one of $\sigma_0$, $\|\mu\|$, $n$ that varies`, Version: 1,
		Grid: []exponent{
			{Vary: "sigma_0", Q: 3, Sizes: scales, Eta: 0.3, To: 0.3},
			{Vary: "mu", Q: 3, Sizes: []float64{1, 1.5, 2, 3}, Scale: 0.002, Eta: 0.05, To: 0.4},
			{Vary: "n", Q: 3, Sizes: []float64{1, 2, 4, 8}, Scale: 0.004, Eta: 0.3, To: 0.3},
		},
		Cost: func(p exponent) checks.Cost {
			return checks.Cost{Trial: 2e6, Size: fmt.Sprintf("sizes=%v", p.Sizes)}
		},
		Setup: setup(0),
		Controls: []checks.Control[exponent]{
			{Name: "square", Why: "at q = 2 the growth is exponential and the time logarithmic", At: []exponent{{Vary: "sigma_0", Q: 2, Sizes: scales, Eta: 0.3, To: 0.3}}, Setup: setup(1)},
			{Name: "another-power", Why: "at q = 2.75 the exponents are another quarter", At: []exponent{
				{Vary: "sigma_0", Q: 2.75, Sizes: scales, Eta: 0.3, To: 0.3}, {Vary: "mu", Q: 2.75, Sizes: []float64{1, 1.5, 2, 3}, Scale: 0.002, Eta: 0.05, To: 0.4},
			}, Setup: setup(0.25)},
			{Name: "noise-as-signal", Why: "the time of the noise does not fall with n as that of a signal in all samples", At: []exponent{{Vary: "n", Q: 3, Sizes: []float64{1, 2, 4}, Scale: 0.004, Eta: 0.3, To: 0.3}},
				Setup: func(p exponent) (checks.Instance, error) {
					inst, err := setup(0)(p)
					inst.Terms.Exponent = 0
					return inst, err
				}},
		},
	}
}

// pass climbs the ladder once.
func (p exponent) pass(r *rand.Rand) checks.Measurement {
	normal := signalnoise.Config{Filters: 1, Sigma0: 1, Activation: signalnoise.Power(p.Q)}.Draw(10, r)
	at := 0
	if p.Vary == "n" {
		at = 1
	}
	normal.W.Set(0, at, math.Min(math.Max(math.Abs(normal.W.At(0, at)), 0.3), 3))
	return ladder.Pass(len(p.Sizes), func(i int) (size, value float64, err error) {
		value, err = p.rung(p.Sizes[i], normal)
		return p.Sizes[i], value, err
	})
}
