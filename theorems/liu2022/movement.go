package liu2022

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// A trained is a run of a method on a drawn network, tuned for the spectrum of its H_0.
type trained struct {
	Data   data.Spec `json:"data"`
	Width  int       `json:"m"`
	Method string    `json:"method"`
	Steps  int       `json:"steps"`
	Below  float64   `json:"below,omitempty"` // labels so far below the outputs of the start; 0 takes those of the data
}

// start draws the network with its run.
func (p trained) start(g *ground, r *rand.Rand) (*train.Descent, bounds.Momentum, []checks.Hypothesis, error) {
	net := g.draw(p.Width, nets.Independent, r)
	_, low, high, err := g.gram(net)
	if err != nil {
		return nil, bounds.Momentum{}, nil, err
	}
	ok := []checks.Hypothesis{checks.Require("lambda_min(H_0)/lambda_max(H_0)", low.Lower()/high.Upper(), checks.AtLeast, 1e-8)}
	if !ok[0].Met() {
		return nil, bounds.Momentum{}, ok, nil
	}
	t, err := tune(p.Method, low.Value, high.Value)
	if err != nil {
		return nil, t, ok, err
	}
	y := g.y
	if p.Below > 0 {
		y = net.Output(g.x)
		for i := range y {
			y[i] -= p.Below
		}
	}
	d, err := train.NewDescent(net, g.x, y, options(p.Method, t))
	return d, t, ok, err
}

func (p trained) cost() checks.Cost { return runCost(p.Data, p.Width, p.Steps) }

func trainedSpace() *rapid.Generator[trained] {
	return rapid.Custom(func(t *rapid.T) trained {
		spec := gen.Separated(gen.Range{MinN: 1, MaxN: 5, MinD: 2, MaxD: 5}).Draw(t, "data")
		spec.LabelScale = rapid.SampledFrom([]float64{1, 0, 1e-4, 30}).Draw(t, "label scale")
		return trained{spec, rapid.IntRange(1, 200).Draw(t, "m"), rapid.SampledFrom([]string{descent, heavyBall, nesterov}).Draw(t, "method"), rapid.IntRange(1, 60).Draw(t, "steps"), 0}
	})
}

// nearlyParallel are n points within about an angle of 0.02 of each other.
func nearlyParallel(n int) data.Spec {
	return data.Spec{Kind: data.Cluster, N: n, D: n + 2, Spread: 0.01, Seed: 1}
}

// movement bounds how far a neuron moves.
//
// Setting: descent (beta = 0), heavy ball or Nesterov's method, tuned for the spectrum of H_0, on a drawn network; S = ||X||_2.
//
// Hypotheses: lambda_min(H_0) >= 1e-8 lambda_max(H_0), so that the method is defined.
//
// Conclusion: at every step t, max_r ||w_r(t) - w_r(0)|| <= eta S/((1-beta) sqrt m) sum_{u<t} ||e(u)||; and if ||e(u)|| <= B q^u for
// u < t with q < 1, then it is at most eta S B/((1-beta) sqrt m (1-q)).
//
// Constants: derived: the gradient of a neuron is at most S ||e||/sqrt m. W(t) - W(0) = -eta sum_u c_{t-u} grad(u), where c adds up the weights
// beta^j of heavy ball, or 1+beta, beta^2, beta^3, ... of Nesterov's method, so that c < 1/(1-beta) in both. With sqrt n for S it is
// the bound that follows from ||x_i|| = 1 alone. On one input descent attains it, heavy ball but for 7 % and Nesterov's method but
// for 12 %, since their residuals change sign; on nearly parallel inputs descent does. The second part takes the pair B, q with
// the least B/(1-q), at the end of the run.
//
// Convention: 1/sqrt(m) scaling; W(-1) = W(0).
//
// Reference: derived here. Tolerance: rounding of the weights, a unit a step.
//
// Control: 0.85 of the bound, on one input and on nearly parallel ones; and the bound without 1/(1-beta), with momentum.
func movement() checks.Claim[trained] {
	at := func(method string, below float64, steps int) trained {
		return trained{nearlyParallel(4), 400, method, steps, below}
	}
	one := func(method string) trained {
		return trained{data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}, 100, method, 25, 0.01}
	}
	setup := func(share float64, inertia bool) func(trained) (checks.Instance, error) {
		return func(p trained) (checks.Instance, error) { return movementSetup(p, share, inertia) }
	}
	sharp := []trained{at(descent, 0.01, 3), one(heavyBall), one(nesterov)}
	return checks.Claim[trained]{
		ID: "liu2022/movement", Title: "movement of the neurons", Reference: "derived here",
		Formula:    `\max_r \|w_r(t)-w_r(0)\| \le \frac{\eta \|X\|}{(1-\beta)\sqrt m} \sum_{u<t} \|\xi_u\| \le \frac{\eta \|X\| B}{(1-\beta)\sqrt m (1-q)}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: trainedSpace(),
		Grid: append(sharp, one(descent), at(heavyBall, 0.01, 6), at(nesterov, 0.01, 6),
			trained{data.Spec{Kind: data.Sphere, N: 6, D: 8, Seed: 1}, 400, nesterov, 100, 0},
			trained{images.Hard(data.MNIST, 8, 49), 400, nesterov, 100, 0}, trained{images.Hard(data.Fashion, 8, 49), 400, nesterov, 100, 0}),
		OnData: func(f checks.DataFile) []trained { return []trained{{userfile.Signed(f, 8), 400, nesterov, 100, 0}} },
		Cost:   trained.cost,
		Setup:  setup(1, true),
		Controls: []checks.Control[trained]{
			{Name: "smaller", Why: "one input, or nearly parallel ones, attain it but for an eighth", At: sharp, Setup: setup(0.85, true)},
			{Name: "without-inertia", Why: "momentum adds a gradient 1/(1-beta) times in all", At: sharp[1:], Setup: setup(1, false)},
		},
	}
}

func movementSetup(p trained, share float64, inertia bool) (checks.Instance, error) {
	g, err := groundOn(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		d, t, ok, err := p.start(g, r)
		if err != nil {
			return checks.Failed(err)
		}
		if d == nil {
			return checks.Measurement{Hypotheses: ok}
		}
		beta := t.Beta
		if !inertia {
			beta = 0
		}
		s := d.State()
		scale := 1 + mat.Max(s.W0) - mat.Min(s.W0)
		var norms, ts, seen, told []float64
		var sum float64
		var parts []checks.Measurement
		for k := 1; k <= p.Steps; k++ {
			norms, sum = append(norms, s.Norm), sum+s.Norm
			d.Step()
			far, _ := s.Movement()
			tol := 8 * unit * float64(k*g.dim()) * (scale + far)
			bound := share * bounds.MomentumMovement(t.Step, beta, g.s, sum, 0, p.Width)
			parts = append(parts, checks.Measurement{Part: p.Method, Observed: far, Predicted: bound, Tolerance: tol})
			if k == p.Steps {
				b, q := envelope(norms)
				parts = append(parts, checks.Measurement{Part: "rate", Observed: far, Predicted: share * bounds.MomentumMovement(t.Step, beta, g.s, b, q, p.Width), Tolerance: tol})
			}
			ts, seen, told = append(ts, float64(k)), append(seen, far), append(told, bound)
		}
		m := checks.Each(parts...)
		m.Hypotheses = ok
		m.Series = curve.Axes{X: "step t", Y: "largest movement of a neuron"}.Against(p.Method, ts, seen, told)
		return m
	}}, nil
}

// envelope returns B and q with x_u <= B q^u and the least B/(1-q), over a ladder of q.
func envelope(x []float64) (b, q float64) {
	least := math.Inf(1)
	for k := range 120 {
		try := 1 - math.Pow(10, -4*float64(k)/120)
		most := 0.0
		for u, v := range x {
			if v > 0 {
				most = math.Max(most, math.Exp(math.Log(v)-float64(u)*math.Log(math.Max(try, 1e-300))))
			}
			if u == 0 && try == 0 && len(x) > 1 {
				most = math.Inf(1) // q = 0 leaves nothing after the first step
			}
		}
		if most/(1-try) < least {
			least, b, q = most/(1-try), most, try
		}
	}
	return b, q
}

// A shaken is a run in which patterns change.
type shaken struct {
	trained
	// Planted starts n points near e_1 with n neurons of which the i-th is about to leave the i-th point alone.
	Planted bool `json:"planted,omitempty"`
	// Lone starts one neuron on one point, one step of which ends just beyond the boundary.
	Lone bool `json:"lone,omitempty"`
}

// plant builds the planted start: unit points along e_1 + e_i/10, neurons at 1e-9 before the boundary of their own point and
// far from those of the others, labels below the outputs.
func plant(n int) (x *mat.Dense, net *nets.Network, y []float64) {
	const tilt, edge = 0.1, 1e-9
	x, w := mat.NewDense(n, n+1, nil), mat.NewDense(n, n+1, nil)
	size := math.Sqrt(1 + tilt*tilt)
	a := make([]float64, n)
	for i := range n {
		x.Set(i, 0, 1/size)
		x.Set(i, 1+i, tilt/size)
		w.Set(i, 0, 1)
		w.Set(i, 1+i, -(1-edge)/tilt)
		a[i] = 1
	}
	net = &nets.Network{W: w, A: a, Act: nets.ReLU(), Scale: nets.NTKScale(n)}
	y = net.Output(x)
	for i := range y {
		y[i] -= 0.01
	}
	return x, net, y
}

// gramDrift bounds how far the Gram matrix moves.
//
// Setting: any of the methods on a drawn network, or on a planted one; S_i(t) the neurons with another sign on x_i at step t than
// at the start, |S_i| their number, s = max_i |S_i(t)|/m.
//
// Hypotheses: as for movement.
//
// Conclusion: at every step |H_t - H_0|_ij <= |x_i.x_j| |S_i u S_j|/m, and ||H_t - H_0||_F <= 2 n s.
//
// Constants: derived: an entry changes at the neurons that flip on one of its inputs, by |x_i.x_j|/m at most. The first is attained in
// every entry, and the second to 5 %, when the i-th of n neurons leaves the i-th of n nearly parallel points alone. It
// sharpens basics/gram-stability, which is about all weights in a ball. Here they are those of a run.
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: derived here.
//
// Control: 0.995 of the first, nearer than the 0.99 of |x_i.x_j| on the planted points, and 0.9 of the second, on the planted start.
func gramDrift() checks.Claim[shaken] {
	planted := shaken{trained{data.Spec{Kind: data.Basis, N: 10, D: 10, Labels: data.Const}, 10, nesterov, 2, 0}, true, false}
	setup := func(entry, norm float64) func(shaken) (checks.Instance, error) {
		return func(p shaken) (checks.Instance, error) { return driftSetup(p, entry, norm) }
	}
	random := func(spec data.Spec) shaken { return shaken{trained{spec, 400, nesterov, 60, 0}, false, false} }
	return checks.Claim[shaken]{
		ID: "liu2022/gram-drift", Title: "drift of the Gram matrix along a run", Reference: "derived here",
		Formula:    `|H_t-H_0|_{ij} \le \frac{|x_i^T x_j|\,|S_i \cup S_j|}{m}, \qquad \|H_t-H_0\|_F \le 2n \max_i \frac{|S_i|}{m}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) shaken { return shaken{trainedSpace().Draw(t, "run"), false, false} }),
		Grid: []shaken{
			planted, random(data.Spec{Kind: data.Sphere, N: 6, D: 8, Seed: 1, LabelScale: 10}),
			random(images.Hard(data.MNIST, 8, 49)), random(images.Hard(data.Fashion, 8, 49)),
		},
		OnData: func(f checks.DataFile) []shaken { return []shaken{random(userfile.Signed(f, 8))} },
		Cost: func(p shaken) checks.Cost {
			c := p.cost()
			n, _ := p.Data.Size()
			c.Trial += float64(p.Steps*n*n*p.Width) / 8
			return c
		},
		Setup: setup(1, 1),
		Controls: []checks.Control[shaken]{
			{Name: "smaller-entries", Why: "two of ten neurons change each entry off the diagonal", At: []shaken{planted}, Setup: setup(0.995, 1)},
			{Name: "smaller-norm", Why: "the planted start attains 0.95 of it", At: []shaken{planted}, Setup: setup(1, 0.9)},
		},
	}
}

func driftSetup(p shaken, entry, norm float64) (checks.Instance, error) {
	return p.along(func(_ *ground, d *train.Descent, _ bounds.Momentum, _ *rand.Rand) ([]checks.Measurement, error) {
		s := d.State()
		n, m := s.Patterns.Dims()
		h0, now := mat.NewSymDense(n, nil), nets.NewPatterns(n, m)
		h0.CopySym(s.Gram())
		var parts []checks.Measurement
		for range p.Steps {
			d.Step()
			h := s.Gram()
			s.Batch.Patterns(now)
			most, square := 0, 0.0
			for i := range n {
				own := 0
				for j := range n {
					union := 0
					for k := range m {
						if now.Active(i, k) != s.Patterns.Active(i, k) || now.Active(j, k) != s.Patterns.Active(j, k) {
							union++
						}
					}
					if i == j {
						own = union
					}
					change := math.Abs(h.At(i, j) - h0.At(i, j))
					square += change * change
					if union > 0 {
						bound := math.Abs(s.Batch.K.At(i, j)) * float64(union) / float64(m)
						parts = append(parts, checks.Measurement{Part: "entry", Observed: change, Predicted: entry * bound, Tolerance: 4 * unit})
					}
				}
				most = max(most, own)
			}
			parts = append(parts, checks.Measurement{Part: "norm", Observed: math.Sqrt(square), Predicted: norm * bounds.GramShift(n, float64(most)/float64(m)), Tolerance: 4 * unit * float64(n)})
		}
		return parts, nil
	})
}

// along is a run of which each trial collects what body measures, every one of which must hold.
func (p shaken) along(body func(*ground, *train.Descent, bounds.Momentum, *rand.Rand) ([]checks.Measurement, error)) (checks.Instance, error) {
	g, err := groundOn(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		d, t, ok, err := p.run(g, r)
		if err != nil {
			return checks.Failed(err)
		}
		if d == nil {
			return checks.Measurement{Hypotheses: ok}
		}
		parts, err := body(g, d, t, r)
		if err != nil {
			return checks.Failed(err)
		}
		out := checks.Each(parts...)
		out.Hypotheses = ok
		return out
	}}, nil
}

// run starts the run, planted or drawn.
func (p shaken) run(g *ground, r *rand.Rand) (*train.Descent, bounds.Momentum, []checks.Hypothesis, error) {
	if !p.Planted && !p.Lone {
		return p.start(g, r)
	}
	if p.Lone {
		d, t, err := p.lone()
		return d, t, nil, err
	}
	x, net, y := plant(g.n)
	// H_0 of the planted start is singular but for rounding: tuned as if kappa were 1, with lambda_max.
	top, err := spectralNorm(x, net)
	if err != nil {
		return nil, bounds.Momentum{}, nil, err
	}
	t, err := tune(p.Method, top, top)
	if err != nil {
		return nil, t, nil, err
	}
	d, err := train.NewDescent(net, x, y, options(p.Method, t))
	return d, t, nil, err
}

// lone starts one neuron at w = 1 on x = 1, which its last step but two takes to -1e-9: it dies at full speed. Nesterov's method is
// tuned for a spectrum of 1e4, with which most of its step is inertia.
func (p shaken) lone() (*train.Descent, bounds.Momentum, error) {
	lmin, lmax := 1.0, 1.0
	if p.Method == nesterov {
		lmin, lmax = 0.01, 100
	}
	t, err := tune(p.Method, lmin, lmax)
	if err != nil {
		return nil, t, err
	}
	a, b := block(p.Method, t, 1)
	mode := bounds.CompanionMode(a, b, max(1, p.Steps-3)) // w(t) = y + (1-y) x_t as long as it is positive
	net := &nets.Network{W: mat.NewDense(1, 1, []float64{1}), A: []float64{1}, Act: nets.ReLU(), Scale: 1}
	d, err := train.NewDescent(net, mat.NewDense(1, 1, []float64{1}), []float64{-(mode + 1e-9) / (1 - mode)}, options(p.Method, t))
	return d, t, err
}

// spectralNorm is lambda_max(H) of a network.
func spectralNorm(x *mat.Dense, net *nets.Network) (float64, error) {
	n, _ := x.Dims()
	_, _, high, err := (&ground{x: x, n: n}).gram(net)
	return high.Value, err
}

// A fragility is the share of fragile neurons at every radius.
type fragility struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`
	Delta float64   `json:"delta"`
}

// fragileShare bounds the share of fragile neurons at all radii at once.
//
// Setting: m independent neurons w_r(0) ~ N(0, I), n unit inputs; S_i(R) = #{r : |w_r(0).x_i| <= R}.
//
// Hypotheses: delta <= n/2.
//
// Conclusion: with probability at least 1 - delta, for all inputs and all R >= 0 at once, S_i(R)/m <= erf(R/sqrt 2) + sqrt(ln(n/delta)/(2m)).
//
// Constants: derived: the one-sided inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant, which needs delta/n <= 1/2,
// and a union over the inputs. As it holds at every R, it may be used at the radius that a run has had, which depends on the start;
// basics/flip-count is for a radius fixed before. erf(R/sqrt 2) is at most R sqrt(2/pi). For one input the probability of a violation tends to delta as m grows.
//
// Convention: weights of unit variance.
//
// Reference: derived here; Massart (1990) for the inequality.
//
// Control: 0.8 of the root, on one input; 0.8 of the mean.
func fragileShare() checks.Claim[fragility] {
	one := fragility{data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}, 200, 0.2}
	setup := func(share, mean float64) func(fragility) (checks.Instance, error) {
		return func(p fragility) (checks.Instance, error) { return fragilitySetup(p, share, mean) }
	}
	return checks.Claim[fragility]{
		ID: "liu2022/fragile-share", Title: "fragile neurons at every radius", Reference: "derived here, after Massart (1990)",
		Formula:    `\frac{S_i(R)}{m} \le \operatorname{erf}\frac{R}{\sqrt2} + \sqrt{\frac{\ln(n/\delta)}{2m}} \quad \text{for all } i, R`,
		Convention: "w_r(0) ~ N(0, I), unit inputs", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: []fragility{
			{one.Data, 2, 0.3}, {one.Data, 3, 0.5}, {data.Spec{Kind: data.Sphere, N: 6, D: 8, Seed: 1}, 100, 0.4},
			{images.All(data.MNIST, 10, 49), 100, 0.4}, {images.All(data.Fashion, 10, 49), 100, 0.4},
		},
		OnData: func(f checks.DataFile) []fragility { return []fragility{{userfile.Rows(f, 10), 100, 0.4}} },
		Cost: func(p fragility) checks.Cost {
			n, d := p.Data.Size()
			return checks.Cost{Trial: float64(p.Width) * float64(n*min(n, d)*2+n*120+min(n, d)*40), Size: fmt.Sprintf("m=%d", p.Width)}
		},
		Setup: setup(1, 1),
		Controls: []checks.Control[fragility]{
			{Name: "smaller-root", Why: "of one input 0.8 of the root is exceeded with probability 0.36, where 0.2 is allowed", At: []fragility{one}, Setup: setup(0.8, 1)},
			{Name: "smaller-mean", Why: "erf(R/sqrt 2) is the mean, and a fifth of it more than the root", At: []fragility{one}, Setup: setup(1, 0.8)},
		},
	}
}

func fragilitySetup(p fragility, share, mean float64) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	n := set.N()
	x, _ := nets.InSpan(set.X)
	_, dim := x.Dims()
	// The bound of Hoeffding's form at mean 0 is the root alone.
	root := bounds.HoeffdingFlips(0, n, p.Width, p.Delta)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.Require("delta/n", p.Delta/float64(n), checks.AtMost, 0.5)},
		Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			b := nets.NewBatch(x, p.Width)
			b.Forward(nets.NTK(p.Width, dim).Draw(r))
			most, z := 0.0, make([]float64, p.Width)
			for i := range n {
				for k := range z {
					z[k] = math.Abs(b.Z.At(k, i))
				}
				sort.Float64s(z)
				for k, radius := range z { // the share jumps at these radii, and lags behind its mean between them
					most = math.Max(most, float64(k+1)/float64(p.Width)-mean*bounds.FlipProbability(radius))
				}
			}
			return checks.Measurement{Observed: most, Predicted: share * root, Tolerance: 1e-12}
		},
	}, nil
}
