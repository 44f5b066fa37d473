package allenzhu2019

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// A stochastic trains a network with one trained layer by mini-batches, near a solution.
type stochastic struct {
	Data     data.Spec      `json:"data"`
	M        int            `json:"m"`
	Batch    int            `json:"batch"`
	Law      train.Sampling `json:"law"`
	Eta      float64        `json:"eta"` // times n max_i G_ii
	Steps    int            `json:"steps"`
	Residual float64        `json:"residual"`
	Along    string         `json:"along"`
	Even     bool           `json:"even,omitempty"` // planted: orthogonal features and open gates, so that G is a multiple of the identity
}

func (p stochastic) cost() checks.Cost {
	n, d := p.Data.Size()
	m := float64(p.M)
	return checks.Cost{Setup: 3e4, Trial: netCost(n, d, p.M, 1) + float64(p.Steps*(p.Batch+n))*8*m*m, Bytes: 40 * m * m}
}

// A near is a network with one trained layer and labels near its outputs, and the distance of its weights to those that fit them.
type near struct {
	net    *deep.Network
	x      *mat.Dense
	y      []float64
	chol   mat.Cholesky
	least  float64 // lambda_min(G)
	eta    float64
	square float64 // |W - W*|^2 at the start
	room   float64 // least preactivation over what it can move
	noise  float64 // rounding of the residual, as a distance, over that of the start
}

// start draws the network and plants the labels.
func (p stochastic) start(x *mat.Dense, r *rand.Rand) (*near, error) {
	n, d := x.Dims()
	net, err := deep.New(config(d, p.M, 1), r)
	if err != nil {
		return nil, err
	}
	if p.Even {
		evenly(net)
	}
	pass, err := net.NewPass(x)
	if err != nil {
		return nil, err
	}
	g := hiddenGram(pass, 1)
	low, err := eig.Min(g)
	if err != nil {
		return nil, err
	}
	e, err := direction(g, p.Along, r)
	if err != nil {
		return nil, err
	}
	s := &near{net: net, x: x, y: make([]float64, n), least: math.Max(0, low.Lower()), room: math.Inf(1)}
	top := 0.0
	for i := range s.y {
		s.y[i] = pass.Output()[i] - p.Residual*e[i]
		top = math.Max(top, g.At(i, i))
	}
	s.eta = p.Eta / (float64(n) * top)
	if !low.OK || !s.chol.Factorize(g) {
		s.least, s.room = 0, 0
		return s, nil
	}
	for i := range e {
		e[i] *= p.Residual
	}
	s.square = s.distance(e)
	s.noise = s.rounding(pass)
	for i := range s.y {
		shift := 2 * math.Sqrt(s.square*square(pass.Feature(1).RawRowView(i)))
		for _, z := range pass.Preactivation(2).RawRowView(i) {
			s.room = math.Min(s.room, math.Abs(z)/shift)
		}
	}
	return s, nil
}

// distance is |W - W*|^2 = e^T G^{-1} e for the residual e.
func (s *near) distance(e []float64) float64 {
	v := mat.NewVecDense(len(e), e)
	var u mat.VecDense
	if err := s.chol.SolveVecTo(&u, v); err != nil {
		return math.NaN()
	}
	return mat.Dot(v, &u)
}

// rounding is what the rounding of the outputs, of weights and features of these norms, adds to |W - W*| over its start.
func (s *near) rounding(pass *deep.Pass) float64 {
	features := math.Sqrt(square(pass.Feature(1).RawMatrix().Data)) + math.Sqrt(square(pass.Feature(2).RawMatrix().Data))
	return 8 * unit * math.Sqrt(square(s.net.Weight(3).RawRowView(0))) * features / math.Sqrt(s.least*s.square)
}

// evenly plants A and W_1: neuron k of h_0 sees coordinate k mod d0 alone, and all gates of W_1 are open.
func evenly(net *deep.Network) {
	a := net.Weight(1)
	_, d := a.Dims()
	a.Apply(func(k, j int, _ float64) float64 {
		if k%d == j {
			return 1
		}
		return 0
	}, a)
	w := net.Weight(2)
	w.Apply(func(_, _ int, v float64) float64 { return math.Abs(v) }, w)
}

// run trains and returns |W - W*|^2 over its start, at every step where seen is set and at the end.
func (p stochastic) run(s *near, r *rand.Rand, factor float64) ([]float64, error) {
	var path []float64
	run := deep.Stochastic{
		Step: factor * s.eta, Steps: p.Steps, Frozen: frozen(1), Batch: train.MiniBatch{Size: p.Batch, Law: p.Law, Rand: r},
		Observe: func(state *deep.State) bool {
			path = append(path, s.distance(append([]float64(nil), state.Residual...))/s.square)
			return true
		},
	}
	_, err := run.Run(s.net, s.x, s.y)
	return path, err
}

// hypotheses of the claims of Theorem 2 on a draw.
func (s *near) hypotheses() []checks.Hypothesis {
	return []checks.Hypothesis{
		checks.RequireThat("lambda_min is positive", s.least > 0),
		checks.Require("preactivations over what they can move", s.room, checks.AtLeast, 1),
		checks.Require("rounding over the distance at the start", s.noise, checks.AtMost, 1e-5),
	}
}

// stochasticDescent is why mini-batches leave no floor in Theorem 2.
//
// Setting: L = 1, any A, W_1, B and labels; G the tangent kernel of W_1, e the residual, W* the nearest weights that fit the labels if no gate flips: |W(0) - W*|^2 = e^T G^{-1} e.
// Mini-batches of b samples, drawn in any way, steps along n/b times their gradient.
//
// Hypotheses: lambda_min(G) > 0; eta <= 2/(n max_i G_ii); and |z| > 2 |h_{i,0}| |W(0) - W*| for all preactivations: no gate flips within the distance that is claimed.
//
// Conclusion: no step takes W farther from W*: |W(t+1) - W*| <= |W(t) - W*| at every t, whatever samples are drawn, once or repeatedly. A noise that is proportional
// to the residual, as interpolation has it, does not accumulate, and the step need not fall.
//
// Constants: derived. |W - W*|^2 changes by -(2 eta n/b) |e_S|^2 + (eta n/b)^2 |J_S^T e_S|^2, and |J_S|^2 <= b max_i G_ii, also with repetitions. n = 1 attains the 2.
// As the weights never leave the ball of radius |W(0) - W*| around W*, they stay within twice that of the start.
//
// Convention: as the source, d = 1, L = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 2; derived here.
//
// Control: 1.1 times the step at n = 1.
func stochasticDescent() checks.Claim[stochastic] {
	scaled := func(p stochastic, factor float64, asked bool) (checks.Instance, error) {
		set, err := p.Data.Build()
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.Require("eta n max G_ii", p.Eta, checks.AtMost, 2)},
			Terms:      checks.Terms{Trials: 2},
			Trial: func(r *rand.Rand) checks.Measurement {
				s, err := p.start(set.X, r)
				if err != nil {
					return checks.Failed(err)
				}
				m := checks.Measurement{Predicted: 1, Tolerance: 1e-4} // at least that of the rounding of two distances, below
				if asked {
					if m.Hypotheses = s.hypotheses(); s.least == 0 {
						return m
					}
				}
				path, err := p.run(s, r, factor)
				if err != nil {
					return checks.Failed(err)
				}
				for t := 1; t < len(path) && 5*s.noise <= m.Tolerance*math.Sqrt(path[t-1]); t++ {
					m.Observed = math.Max(m.Observed, path[t]/path[t-1])
				}
				return m
			},
		}, nil
	}
	one := stochastic{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 24, Batch: 1, Eta: 1.99, Steps: 4, Residual: 1e-6, Along: least}
	sphere := data.Spec{Kind: data.Sphere, N: 4, D: 4}
	return checks.Claim[stochastic]{
		ID: "allenzhu2019/stochastic-descent", Title: "mini-batches never lead away", Reference: "Theorem 2; derived here",
		Formula: `\eta \le \frac{2}{n \max_i G_{ii}} \ \Rightarrow\ \|W^{(t+1)} - W^*\|_F \le \|W^{(t)} - W^*\|_F`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) stochastic {
			p := stochastic{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 3}).Draw(t, "data"), M: rapid.IntRange(4, 24).Draw(t, "m"),
				Law: rapid.SampledFrom([]train.Sampling{train.Replacing, train.Distinct, train.Passes}).Draw(t, "law"), Eta: rapid.SampledFrom([]float64{0.5, 1, 2}).Draw(t, "eta"),
				Steps: 8, Residual: 1e-7, Along: rapid.SampledFrom([]string{least, most, anywhere}).Draw(t, "along"),
			}
			n, _ := p.Data.Size()
			p.Batch = rapid.IntRange(1, max(1, n)).Draw(t, "batch")
			return p
		}),
		Grid: []stochastic{
			one, // attains the 2
			{Data: sphere, M: 48, Batch: 1, Law: train.Replacing, Eta: 2, Steps: 30, Residual: 1e-6, Along: anywhere},
			{Data: sphere, M: 48, Batch: 2, Law: train.Distinct, Eta: 2, Steps: 30, Residual: 1e-6, Along: anywhere},
			{Data: images.Easy(data.MNIST, 4, 49), M: 48, Batch: 3, Law: train.Passes, Eta: 1, Steps: 30, Residual: 1e-7, Along: anywhere},
		},
		OnData: func(f checks.DataFile) []stochastic {
			return []stochastic{{Data: userfile.Rows(f, 4), M: 48, Batch: 2, Law: train.Passes, Eta: 1, Steps: 30, Residual: 1e-7, Along: anywhere}}
		},
		Cost: stochastic.cost, Setup: func(p stochastic) (checks.Instance, error) { return scaled(p, 1, true) },
		Controls: []checks.Control[stochastic]{{Name: "step", Why: "a step of 2.19/G_11", At: []stochastic{one}, Setup: func(p stochastic) (checks.Instance, error) { return scaled(p, 1.1, false) }}},
		Constants: []checks.Constant[stochastic]{{
			Name: "step-size", Why: "a step beyond 2/(n max G_ii)", At: []stochastic{one}, Factors: []float64{1.02, 1.05, 1.1, 1.3},
			Scaled: func(p stochastic, f float64) (checks.Instance, error) { return scaled(p, f, false) },
		}},
	}
}

// stochasticSteps is the rate of Theorem 2, with its constants.
//
// Setting: as in stochastic-descent, samples drawn uniformly, with replacement or as a set without.
//
// Hypotheses: those of stochastic-descent.
//
// Conclusion: E|W(T) - W*|^2 <= (1 - eta lambda_min(G) (2 - eta n g))^T |W(0) - W*|^2 with g = max_i G_ii, for every batch size b: geometric decay at a
// constant step, to zero and not to a floor. With eta = 1/(n g) that is 1 - lambda_min/(n g) a step, whatever b: a larger batch pays only with a larger step.
//
// Constants: derived. By stochastic-descent a step lowers |W - W*|^2 by eta (2 - eta n g) (n/b) |e_S|^2 at least, of which the expectation is |e|^2 >= lambda_min |W - W*|^2. It is
// attained where G is a multiple of the identity and b = 1: features planted orthogonal, all gates open. The ratio lies in [0, 1], which
// makes the interval of its mean exact.
//
// Convention: as the source, d = 1, L = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 2; derived here.
//
// Control: 1.25 times the decay on the planted network.
func stochasticSteps() checks.Claim[stochastic] {
	setup := func(stronger float64) func(stochastic) (checks.Instance, error) {
		return func(p stochastic) (checks.Instance, error) { return p.decay(stronger) }
	}
	even := stochastic{Data: data.Spec{Kind: data.Basis, N: 3, D: 3}, M: 12, Batch: 1, Eta: 1, Steps: 3, Residual: 1e-6, Along: equally, Even: true}
	pairs := even
	pairs.Law, pairs.Eta = train.Distinct, 0.5
	return checks.Claim[stochastic]{
		ID: "allenzhu2019/stochastic-steps", Title: "decay by mini-batches", Reference: "Theorem 2; derived here",
		Formula: `\mathbb{E}\|W^{(T)} - W^*\|_F^2 \le \left(1 - \eta\lambda_{\min}(G)(2 - \eta n g)\right)^T \|W^{(0)} - W^*\|_F^2`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []stochastic{even, pairs}, Cost: stochastic.cost, Setup: setup(1),
		Controls: []checks.Control[stochastic]{{Name: "faster", Why: "1.25 times the decay", At: []stochastic{even}, Setup: setup(1.25)}},
	}
}

func (p stochastic) decay(stronger float64) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	n := float64(set.N())
	// One network for all trials: a mean is predicted once per instance.
	first, err := p.start(set.X, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		return checks.Instance{}, err
	}
	rate := first.eta * first.least * (2 - p.Eta)
	want := math.Pow(1-stronger*rate, float64(p.Steps))
	inst := checks.Instance{
		Hypotheses: append(first.hypotheses(), checks.Require("eta n max G_ii", p.Eta, checks.AtMost, 2),
			checks.RequireThat("batches are drawn uniformly", p.Law != train.Passes || n == 1)),
		Facts: []checks.Fact{checks.NewFact("decay a step", rate), checks.NewFact("lambda_min", first.least)},
		// Rounding may lift a ratio of 1 by no more than this.
		Terms: checks.Terms{Range: &[2]checks.Float{0, 1.0001}, Resolution: 0.15},
	}
	inst.Trial = func(r *rand.Rand) checks.Measurement {
		s := *first
		s.net = first.net.Clone()
		path, err := p.run(&s, r, 1)
		if err != nil {
			return checks.Failed(err)
		}
		steps, bound := make([]float64, len(path)), make([]float64, len(path))
		for t := range path {
			steps[t], bound[t] = float64(t), math.Pow(1-stronger*rate, float64(t))
		}
		axes := curve.Axes{X: "step", Y: "squared distance to a solution over that at the start", LogY: true}
		return checks.Measurement{Observed: math.Max(0, path[len(path)-1]), Predicted: want, Series: axes.Against("one run", steps, path, bound)}
	}
	return inst, nil
}
