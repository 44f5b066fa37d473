package du2019deep

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/residual"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
)

// starting is a network at its start, and how much of lambda_min may be lost with which probability.
type starting struct {
	model
	Delta float64 `json:"delta"`
	Lost  float64 `json:"lost"` // the share eps
	Fit   bool    `json:"fit,omitempty"`
}

// second is f^4 (3 L^2) ||(F F^T)^2 o E[sigma' sigma'^T]||, at least the norm of the second moment of the matrix of
// one neuron, with the mean f^2 F F^T o E[sigma' sigma'^T] of that matrix.
func (g *ground) second(features *mat.SymDense) (mean *mat.SymDense, v float64, err error) {
	f := g.lastFactor()
	slopes := g.limits.SlopePairs(features)
	mean = mat.NewSymDense(g.n, nil)
	square := mat.NewSymDense(g.n, nil)
	square.SymOuterK(1, features)
	for i := range g.n {
		for j := i; j < g.n; j++ {
			mean.SetSym(i, j, f*f*features.At(i, j)*slopes.At(i, j))
			square.SetSym(i, j, square.At(i, j)*slopes.At(i, j))
		}
	}
	top, err := eig.Max(square)
	return mean, 3 * math.Pow(f, 4) * g.lipschitz * g.lipschitz * top.Upper(), err
}

func (g *ground) lastFactor() float64 {
	if g.config.Plain || g.Layers == 1 {
		return g.config.Input
	}
	return g.config.Branch
}

// The Gram matrix of the last hidden layer is well conditioned at the start, with an explicit width.
//
// Setting: unit inputs; a fully connected or residual network at its random start; F, n x m, the features below the
// last hidden layer; K_F = f^2 F F^T o E[sigma'(u) sigma'(u)^T], u ~ N(0, F F^T), f^2 = c_sigma or (c_res/H)^2, the
// mean of G^(H)(0) given F. As m grows, K_F tends to K^(H).
//
// Hypotheses: on the draw of F, m >= 2 v ln(n/delta)/(eps lambda_min(K_F))^2, v = 3 f^4 L^2 ||(F F^T)^2 o E[sigma'(u)
// sigma'(u)^T]||.
//
// Conclusion: with probability at least 1 - delta, lambda_min(G^(H)(0)) >= (1 - eps) lambda_min(K_F).
//
// Constants: derived: G^(H)(0) is the mean of m independent semidefinite matrices Z_r given F, with E Z_r^2 <= v in
// norm (E a^4 = 3, sigma'^2 <= L^2); their lower tail is that of a Gaussian, without a bound on the largest. With eps
// = 1/4 it is the conclusion of Lemmas B.2 and C.2 for K_F; they ask for m of the order n^2 log(Hn/delta)/lambda_0^2,
// for fully connected networks times 2^{O(H)}. At f = c_res/H the bound has H^4 in numerator and denominator alike:
// the printed last term of the residual width is more than needed by H^4. Allowance: the error of the eigenvalue.
//
// Convention: as in the paper.
//
// Reference: Lemmas B.2, C.2; derived here.
//
// Control: a width of a tenth of that, at a linear neuron with its a. The width is a Constant.
//
// Loose: for one input G is a mean of squares of Gaussians. For small eps their lower tail is that of a Gaussian of
// variance 2, where any bound by second moments has 3; the Gaussian tail at delta = 0.02 is 4.2 in the square, where
// its bound has 2 ln(1/delta) = 7.8. Together that is a factor of 2.8 in the width, and a run must see clearly more
// failures than delta to refute: 6 % at a fifth of the width.
func gramStart() checks.Checkable {
	setup := func(narrower float64) func(starting) (checks.Instance, error) {
		return func(p starting) (checks.Instance, error) {
			g, err := p.ground()
			if err != nil {
				return checks.Instance{}, err
			}
			limit, err := g.limit(p.Layers)
			if err != nil {
				return checks.Instance{}, err
			}
			k, v, err := g.second(limit.Hidden[p.Layers-1])
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := eig.Min(k)
			if err != nil {
				return checks.Instance{}, err
			}
			need := bounds.GramStartWidth(g.n, v, p.Lost, lambda.Value, p.Delta)
			if p.Fit {
				if p.Layers > 1 {
					return checks.Instance{}, fmt.Errorf("the width can be fitted where the inputs of the last layer are fixed, at one layer")
				}
				g.Width = int(math.Ceil(need / narrower))
				g.config.Width = g.Width
			}
			printed := bounds.PrintedPlainWidth
			if !p.plain() {
				printed = bounds.PrintedResidualWidth
			}
			return checks.Instance{
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Facts: []checks.Fact{
					checks.NewFact("required width in the limit", need), checks.NewFact("width run", float64(g.Width)), checks.NewFact("lambda_min(K^(H))", lambda.Value),
					checks.NewFact("width of the theorem with constants 1", printed(g.n, p.Layers, lambda.Value, p.Delta)),
				},
				Trial: func(rng *rand.Rand) checks.Measurement { return p.startAt(g, narrower, rng) },
			}, nil
		}
	}
	one := starting{model: model{Data: orthonormal(1), Activation: "identity", Layers: 1}, Delta: 0.02, Lost: 0.1, Fit: true}
	return checks.Claim[starting]{
		ID: "du2019deep/gram-start", Title: "Gram matrix at the start", Reference: "Lemmas B.2, C.2; derived here",
		Formula:    `m \ge \frac{2 v \ln(n/\delta)}{\epsilon^2 \lambda_{\min}(K_F)^2} \implies \lambda_{\min}(G^{(H)}(0)) \ge (1-\epsilon) \lambda_{\min}(K_F)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: []starting{
			one,
			{model: model{Data: orthonormal(3), Activation: "erf", Layers: 1}, Delta: 0.1, Lost: 0.25, Fit: true},
			{model: model{Data: orthonormal(2), Activation: "erf", Layers: 2, Width: 400}, Delta: 0.4, Lost: 0.4},
			{model: model{Data: orthonormal(2), Activation: "erf", Layers: 3, Width: 250, CRes: 0.5}, Delta: 0.4, Lost: 0.5},
			{model: model{Data: images.Easy(data.MNIST, 2, 49), Activation: "erf", Layers: 1}, Delta: 0.3, Lost: 0.25, Fit: true},
		},
		Cost: func(p starting) checks.Cost {
			if p.Fit {
				p.Width = 2000
			}
			return p.cost(2)
		},
		Setup: setup(1),
		Constants: []checks.Constant[starting]{{
			Name: "width", Why: "fewer neurons: the mean of their squares falls by a tenth more often than it may", At: []starting{one},
			Factors: []float64{3, 5},
			Scaled:  func(p starting, factor float64) (checks.Instance, error) { return setup(factor)(p) },
		}},
		Detects:  map[string]float64{"width": 5, "": 1.6},
		Controls: []checks.Control[starting]{{Name: "few-neurons", Why: "a tenth of the neurons", At: []starting{one}, Setup: setup(10)}},
	}
}

// startAt draws the network and compares its Gram matrix with the mean given the features; the width asked for is
// divided by a factor.
func (p starting) startAt(g *ground, narrower float64, rng *rand.Rand) checks.Measurement {
	net, err := residual.New(g.config, rng)
	if err != nil {
		return checks.Failed(err)
	}
	pass, err := net.NewPass(g.x)
	if err != nil {
		return checks.Failed(err)
	}
	mean, v, err := g.second(pass.FeatureGram(p.Layers - 1))
	if err != nil {
		return checks.Failed(err)
	}
	want, err := eig.Min(mean)
	if err != nil {
		return checks.Failed(err)
	}
	have, err := eig.Min(pass.Gram(nil, p.Layers))
	if err != nil {
		return checks.Failed(err)
	}
	need := bounds.GramStartWidth(g.n, v, p.Lost, want.Value, p.Delta) / narrower
	return checks.Measurement{
		Observed: have.Value, Predicted: (1 - p.Lost) * want.Value, Relation: checks.AtLeast, Error: have.Err + want.Err + 1e-13*want.Value,
		Hypotheses: []checks.Hypothesis{checks.Require("width", float64(g.Width), checks.AtLeast, need*(1-1e-9))},
	}
}

// forward is a ladder of widths or depths for the Gram matrices of the features.
type forward struct {
	N          int     `json:"n"`
	Activation string  `json:"activation"`
	CRes       float64 `json:"cres,omitempty"` // 0 is fully connected
	Widths     []int   `json:"m"`
	Layers     []int   `json:"layers"`
	Batch      int     `json:"batch"`
	Variance   float64 `json:"variance,omitempty"` // of the weights (control); 0 means 1
	Power      float64 `json:"power,omitempty"`    // of 1/H in the branch (control); 0 means 1
}

// rung returns the root mean square, over the batch and all i, j, of <x_i^(H), x_j^(H)> - K^(H)_ij at a width and a
// depth H, where K^(H) continues the recursion of the layers below by one.
func (p forward) rung(act activation, s *kernel.Smooth, x *mat.Dense, width, layers int, rng *rand.Rand) (float64, error) {
	power, variance := p.Power, p.Variance
	if power == 0 {
		power = 1
	}
	if variance == 0 {
		variance = 1
	}
	branch := p.CRes / math.Pow(float64(layers), power)
	limit, err := s.Plain(x, layers+1)
	if p.CRes > 0 {
		limit, err = s.Residual(x, layers+1, branch)
	}
	if err != nil {
		return 0, err
	}
	wide := act.Activation
	wide.Value = func(z float64) float64 { return act.Value(math.Sqrt(variance) * z) }
	config := residual.Config{Width: width, Layers: layers, Input: math.Sqrt(s.Normaliser()), Branch: branch, Plain: p.CRes == 0, Activation: wide}
	var inputs mat.SymDense
	inputs.SymOuterK(1, x)
	sum, batch := 0.0, p.batch(width, layers)
	for range batch {
		err := residual.Simulate(config, &inputs, layers, rng, func(h int, _ *mat.Dense, gram *mat.SymDense) {
			if h == layers {
				sum += math.Pow(eig.Distance(gram, limit.Hidden[h]), 2)
			}
		})
		if err != nil {
			return 0, err
		}
	}
	return math.Sqrt(sum/float64(batch)) / float64(p.N), nil
}

// batch is the number of draws at a width and depth: more where they cost less, since both ends of a ladder weigh alike.
func (p forward) batch(width, layers int) int {
	widest, deepest := p.Widths[len(p.Widths)-1], p.Layers[len(p.Layers)-1]
	return int(float64(p.Batch) * math.Sqrt(float64(widest*deepest)/float64(width*layers)))
}

func (p forward) cost() checks.Cost {
	work := 0.0
	for i := range max(len(p.Widths), len(p.Layers)) {
		m, h := p.at(i)
		work += float64(p.batch(m, h)*m*h)*float64(p.N*(p.N+40)) + 2e5*float64(h)
	}
	return checks.Cost{Setup: 3e6, Trial: work}
}

func (p forward) at(i int) (width, layers int) {
	return p.Widths[min(i, len(p.Widths)-1)], p.Layers[min(i, len(p.Layers)-1)]
}

// ladder is one pass, with the values multiplied by sqrt m if scaled.
func (p forward) ladder(terms checks.Terms, scaled bool) (checks.Instance, error) {
	act, err := activationNamed(p.Activation)
	if err != nil {
		return checks.Instance{}, err
	}
	set, err := data.Spec{Kind: data.Sphere, N: p.N, D: 2 * p.N, Seed: 1}.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	s := act.limits()
	return checks.Instance{Terms: terms, Trial: func(rng *rand.Rand) checks.Measurement {
		var m checks.Measurement
		var sizes, values []float64
		for i := range max(len(p.Widths), len(p.Layers)) {
			width, layers := p.at(i)
			v, err := p.rung(act, s, set.X, width, layers, rng)
			if err != nil {
				return checks.Failed(err)
			}
			size := float64(width)
			if scaled {
				size, v = float64(layers), v*math.Sqrt(float64(width))
			}
			m.Ladder = append(m.Ladder, checks.Rung{Size: size, Value: v})
			sizes, values = append(sizes, size), append(values, v)
		}
		axes := curve.Axes{X: "width m", Y: "error of the Gram matrices", LogX: true, LogY: true}
		if scaled {
			axes.X, axes.Y = "depth H", "error of the Gram matrices times sqrt m"
		}
		m.Series = []checks.Series{axes.Measured("network", sizes, values)}
		return m
	}}, nil
}

// The Gram matrices of the features approach their limits like m^{-1/2}.
//
// Setting: n random inputs on the unit sphere; a fully connected or residual network of fixed depth H.
//
// Hypotheses: none.
//
// Conclusion: the log-log slope in m of the root mean square, over draws of the weights and i, j, of <x_i^(H),
// x_j^(H)> - K^(H)_ij is -1/2, to within 0.06 on m = 32..2048.
//
// Constants: derived. The paper states the rate as an upper bound, E sqrt(log(Hn/delta)/m) with a hidden E (the printed
// logarithm has the largest width of a layer in it too), for the largest of all i, j, which is of the same order; that
// it is attained is the central limit theorem. Features are drawn layer by layer from their exact law given those below.
//
// Convention: as in the paper.
//
// Reference: Theorem E.1; derived here as an equality.
//
// Control: weights of variance 1.2, whose limit is another one.
func forwardRate() checks.Checkable {
	setup := func(p forward) (checks.Instance, error) {
		return p.ladder(checks.Terms{Exponent: -0.5, Relation: checks.Equal, Resolution: 0.06}, false)
	}
	widths := []int{32, 256, 2048}
	skip := forward{N: 3, Activation: "erf", CRes: 0.5, Widths: widths, Layers: []int{2}, Batch: 40}
	wider := skip
	wider.Variance, wider.Batch = 1.2, 4
	return checks.Claim[forward]{
		ID: "du2019deep/forward-rate", Title: "Gram matrices against width", Reference: "Theorem E.1; derived here as an equality",
		Formula:    `(\mathbb{E}\, |\langle x_i^{(H)}, x_j^{(H)}\rangle - K^{(H)}_{ij}|^2)^{1/2} \propto m^{-1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Along: "width $m$", Version: 1,
		Grid: []forward{skip, {N: 3, Activation: "softplus", Widths: widths, Layers: []int{1}, Batch: 40}},
		Cost: forward.cost, Setup: setup,
		Controls: []checks.Control[forward]{{Name: "variance", Why: "the error tends to that of the limits, not to 0", At: []forward{wider}}},
	}
}

// The error of the Gram matrices of a residual network does not grow with its depth.
//
// Setting: as in forward-rate, for a residual network at one width and H = 2..16.
//
// Hypotheses: none.
//
// Conclusion: sqrt m times that error is bounded in H: it drifts by no power of H above 0.08.
//
// Constants: fitted to the small depths and tested on the large ones. Theorem E.1 says E = O(1) for residual networks
// and 2^{O(H)} for fully connected ones. Its product is of 1 + max ||D||, at least 2^{H-2}, where the remark needs D
// alone; and every layer adds an error of its own, which must be summed: given the layers below only the branch
// fluctuates, so that a layer adds O(1/H) and the sum is bounded.
//
// Convention: as in the paper.
//
// Reference: Theorem E.1 and the remark on residual networks after it, mended here.
//
// Control: the fully connected network of erf, whose errors grow (1.5, 3.6, 4.8 at H = 2, 8, 16), and softplus with
// branches c_res/sqrt H.
//
// Loose: the drift is a power of H that tends to 0, seen on four depths whose values scatter by a tenth.
func forwardDepth() checks.Checkable {
	setup := func(p forward) (checks.Instance, error) {
		return p.ladder(checks.Terms{FitRungs: 2, Resolution: 0.08}, true)
	}
	skip := forward{N: 3, Activation: "erf", CRes: 0.5, Widths: []int{128}, Layers: []int{2, 4, 8, 16}, Batch: 28}
	plain, long := skip, skip
	plain.CRes, plain.Batch, long.Batch = 0, 16, 6
	long.Activation, long.Power = "softplus", 0.5
	return checks.Claim[forward]{
		ID: "du2019deep/forward-depth", Title: "Gram matrices against depth", Reference: "Theorem E.1 and the remark after it, mended here",
		Formula:    `\sqrt m\, (\mathbb{E}\, |\langle x_i^{(H)}, x_j^{(H)}\rangle - K^{(H)}_{ij}|^2)^{1/2} = O(1) \text{ in } H`,
		Convention: convention, Basis: checks.Fitted, Form: checks.Bounded{}, Along: "depth $H$", Version: 1,
		Grid: []forward{skip}, Cost: forward.cost, Setup: setup,
		Detects: map[string]float64{"": 0.2},
		Controls: []checks.Control[forward]{
			{Name: "plain", Why: "every layer adds a full error", At: []forward{plain}},
			{Name: "square-root-branch", Why: "c_res/sqrt H lets the features and their errors grow", At: []forward{long}},
		},
	}
}
