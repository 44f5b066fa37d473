package allenzhu2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
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

// A descent trains a network.
type descent struct {
	Data     data.Spec `json:"data"`
	M        int       `json:"m"`
	L        int       `json:"l"`
	Along    string    `json:"along,omitempty"`    // direction of the residual
	Residual float64   `json:"residual,omitempty"` // its norm; the labels follow the network
	Eta      float64   `json:"eta"`                // times lambda_max of the kernel at the start
	Steps    int       `json:"steps"`
	Batch    int       `json:"batch,omitempty"`
}

func (p descent) cost() checks.Cost {
	n, d := p.Data.Size()
	m := float64(p.M)
	steps := float64(p.Steps) * float64(10*n) * m * m * float64(p.L)
	return checks.Cost{Setup: 4e4, Trial: netCost(n, d, p.M, p.L) + steps + 4*m*m*m*float64(p.L), Bytes: 40 * m * m * float64(p.L), Size: fmt.Sprintf("m=%d", p.M)}
}

// descentTheorem is Theorem 1 as it is restated.
//
// Setting: n inputs of unit norm at distances of at least delta, labels of order one, the network at its start.
//
// Hypotheses: m >= n^24 L^12 log^5(m) d/delta^8, with 1 for the hidden constant: no data set of two points or more meets it with a network that
// fits a computer.
//
// Conclusion: with eta = d delta/(n^4 L^2 m), F(W(t)) <= (1 - eta delta m/(d n^2))^t F(W(0)), with 1 for both hidden constants; it is seen to hold
// outside the hypothesis. The theorem's time is then (n^6 L^2/delta^2) log(1/eps); see local-descent for what holds with explicit
// constants, and pair-steps for the true exponent of delta.
//
// Constants: recalled from restatements in later papers; the text of the theorem hides them in polynomials.
//
// Convention: as the source, d = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 1, as restated in later papers.
//
// Control: a step of 20/lambda_max, at which the loss does not follow this rate.
func descentTheorem() checks.Claim[descent] {
	setup := func(eta float64, asked bool) func(descent) (checks.Instance, error) {
		return func(p descent) (checks.Instance, error) { return p.published(eta, asked) }
	}
	grid := []descent{
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 5}, M: 64, L: 2, Eta: 1, Steps: 20},
		{Data: images.Easy(data.MNIST, 4, 49), M: 64, L: 1, Eta: 1, Steps: 20},
	}
	return checks.Claim[descent]{
		ID: "allenzhu2019/descent-theorem", Title: "descent at the published width", Reference: "Theorem 1, as restated",
		Formula:    `m \ge \frac{n^{24} L^{12} \log^5 m\; d}{\delta^8},\ \eta = \frac{d\,\delta}{n^4 L^2 m} \ \Rightarrow\ F(W^{(t)}) \le \left(1 - \frac{\eta\,\delta\, m}{d\, n^2}\right)^t F(W^{(0)})`,
		Convention: convention,
		Basis:      checks.Recalled, Form: checks.Always{}, Version: 1, Outside: true,
		Grid: grid, Cost: descent.cost, Setup: setup(0, true),
		Controls: []checks.Control[descent]{{Name: "step", Why: "a step of 20/lambda_max is no descent", At: grid[:1], Setup: setup(20, false)}},
	}
}

func (p descent) published(eta float64, asked bool) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	delta, n, m, l := data.Separation(set.X), float64(set.N()), float64(p.M), float64(p.L)
	need := bounds.AllenZhuWidth(set.N(), p.L, delta, 1)
	inst := checks.Instance{Facts: []checks.Fact{
		checks.NewFact("delta", delta), checks.NewFact("required width (published, constant 1)", need),
		checks.NewFact("steps to 1e-3 (published, constant 1)", math.Pow(n, 6)*l*l/(delta*delta)*math.Log(1e3)),
	}}
	if asked {
		inst.Hypotheses = []checks.Hypothesis{checks.Require("width m", m, checks.AtLeast, need)}
	}
	step := delta / (n * n * n * n * l * l * m)
	inst.Trial = func(r *rand.Rand) checks.Measurement {
		net, err := deep.New(config(set.D(), p.M, p.L), r)
		if err != nil {
			return checks.Failed(err)
		}
		eta := eta
		if eta > 0 {
			pass, err := net.NewPass(set.X)
			if err != nil {
				return checks.Failed(err)
			}
			top, err := eig.Max(hiddenGram(pass, p.L))
			if err != nil {
				return checks.Failed(err)
			}
			eta /= top.Value
		} else {
			eta = step
		}
		first := 0.0
		run := deep.Descent{Step: eta, Steps: p.Steps, Frozen: frozen(p.L), Observe: func(s *deep.State) bool {
			if s.Step == 0 {
				first = s.Loss
			}
			return true
		}}
		out, err := run.Run(net, set.X, set.Y)
		if err != nil {
			return checks.Failed(err)
		}
		rate := math.Max(0, 1-eta*delta*m/(n*n))
		return checks.Measurement{Observed: math.Min(out.Loss/first, 1e300), Predicted: math.Pow(rate, float64(out.Steps)), Tolerance: 1e-13}
	}
	return inst, nil
}

// A local is the start of a network with labels that leave a small residual.
type local struct {
	net  *deep.Network
	pass *deep.Pass
	gram *mat.SymDense
	y    []float64
	eta  float64
	bounds.LocalDescent
}

// start draws the network and plants the labels: they are the outputs minus a residual along an eigenvector of the kernel, where the constants of
// the rate are attained.
func (p descent) start(x *mat.Dense, r *rand.Rand) (*local, error) {
	n, d := x.Dims()
	net, err := deep.New(config(d, p.M, p.L), r)
	if err != nil {
		return nil, err
	}
	pass, err := net.NewPass(x)
	if err != nil {
		return nil, err
	}
	s := &local{net: net, pass: pass, gram: hiddenGram(pass, p.L), y: make([]float64, n)}
	low, err := eig.Min(s.gram)
	if err != nil {
		return nil, err
	}
	high, err := eig.Max(s.gram)
	if err != nil {
		return nil, err
	}
	s.Least, s.Most, s.eta = math.Max(0, low.Lower()), high.Upper(), p.Eta/high.Value
	e, err := direction(s.gram, p.Along, r)
	if err != nil {
		return nil, err
	}
	for i := range s.y {
		s.y[i] = pass.Output()[i] - p.Residual*e[i]
		s.Inputs = append(s.Inputs, math.Sqrt(square(pass.Feature(1).RawRowView(i))))
	}
	for l := 1; l <= p.L; l++ {
		norm, err := eig.SpectralNorm(net.Weight(l + 1))
		if err != nil {
			return nil, err
		}
		s.Norms = append(s.Norms, norm.Upper())
	}
	s.Output = math.Sqrt(square(net.Weight(p.L + 2).RawRowView(0)))
	return s, nil
}

// room is the least ratio of a preactivation to how far it can move.
func (s *local) room(omega float64) float64 {
	least := math.Inf(1)
	for l := 1; l <= len(s.Norms); l++ {
		for i := range s.y {
			shift := s.GateShift(omega, i, l)
			for _, z := range s.pass.Preactivation(l + 1).RawRowView(i) {
				least = math.Min(least, math.Abs(z)/shift)
			}
		}
	}
	return least
}

// hypotheses of local-descent on a draw.
func (s *local) hypotheses(q, omega float64) []checks.Hypothesis {
	room := 0.0
	if !math.IsNaN(q) {
		room = s.room(omega)
	}
	return []checks.Hypothesis{
		checks.RequireThat("lambda_min is positive", s.Least > 0),
		checks.RequireThat("the rate is below 1", q < 1),
		checks.Require("preactivations over what they can move", room, checks.AtLeast, 1),
	}
}

// localDescent is Theorem 1 near a solution, with explicit constants and hypotheses that are met.
//
// Setting: any network of the source and any labels; G the tangent kernel of W_1..W_L at the start, r = |f(X) - y| there.
//
// Hypotheses: lambda_min(G) > 0, and eta and r are so small that q < 1 below exists and no preactivation is nearer to 0 than its shift
// |h_{i,0}| (prod_{k <= l} (|W_k|_2 + omega) - prod_{k <= l} |W_k|_2). They are checked on each draw; for eta < 2/lambda_max(G) they hold once r is small.
//
// Conclusion: |f(t) - y| <= q^t r for all t, where q = max |1 - eta s^2| + 2 eta D (sqrt(lambda_max) + D) over sqrt(lambda_min) - D <= s <= sqrt(lambda_max) + D,
// D = |B| |h_0|_F (sum_l (prod_{k != l} (|W_k|_2 + omega) - prod_{k != l} |W_k|_2)^2)^{1/2}, omega = eta (sqrt(lambda_max) + D) r/(1 - q); D = 0 for L = 1, and D is of
// order r. So the rate of the loss is (1 - eta lambda_min(G))^2, and labels of order one need lambda_min over the whole path in its place.
//
// Constants: derived. No gate flips within omega, so f is linear in every W_l there; a step multiplies the residual by I - eta J' J^T with J' within 2D
// of J, and the steps sum to omega. The labels are planted: r along the eigenvector of lambda_min, where 1 - eta lambda_min is attained, or
// of lambda_max with eta = 1.9/lambda_max. After t steps the t-th root of |e(t)|/r is compared with q.
//
// Convention: as the source, d = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 1, near its end; derived here.
//
// Control: lambda_min of all layers, A and B included, in the rate; labels of order one at the rate of the start.
func localDescent() checks.Claim[descent] {
	sphere := data.Spec{Kind: data.Sphere, N: 4, D: 5}
	setup := func(f func(*local), asked bool) func(descent) (checks.Instance, error) {
		return func(p descent) (checks.Instance, error) { return p.localInstance(f, asked) }
	}
	return checks.Claim[descent]{
		ID: "allenzhu2019/local-descent", Title: "linear rate near a solution", Reference: "Theorem 1; derived here",
		Formula:    `\|f(W^{(t)}) - y\| \le \Big(\max_{s} |1 - \eta s^2| + 2\eta D(\sqrt{\lambda_{\max}} + D)\Big)^t\, \|f(W^{(0)}) - y\|`,
		Convention: convention,
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) descent {
			return descent{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 3, MinD: 2, MaxD: 3}).Draw(t, "data"), M: rapid.IntRange(4, 24).Draw(t, "m"), L: rapid.IntRange(1, 3).Draw(t, "L"),
				Along: rapid.SampledFrom([]string{least, most, anywhere}).Draw(t, "along"), Residual: 1e-7,
				Eta: rapid.SampledFrom([]float64{0.3, 1, 1.8}).Draw(t, "eta"), Steps: 8,
			}
		}),
		Grid: []descent{
			{Data: sphere, M: 64, L: 1, Along: least, Residual: 1e-5, Eta: 1, Steps: 20}, {Data: sphere, M: 64, L: 2, Along: least, Residual: 1e-7, Eta: 1, Steps: 20},
			{Data: sphere, M: 48, L: 3, Along: least, Residual: 1e-8, Eta: 1, Steps: 20},
			{Data: sphere, M: 64, L: 2, Along: most, Residual: 1e-7, Eta: 1.9, Steps: 20},
			{Data: images.Easy(data.MNIST, 4, 49), M: 64, L: 1, Along: least, Residual: 1e-6, Eta: 1, Steps: 20},
			{Data: images.Easy(data.Fashion, 4, 49), M: 64, L: 1, Along: least, Residual: 1e-6, Eta: 1, Steps: 20},
		},
		OnData: func(f checks.DataFile) []descent {
			return []descent{{Data: userfile.Rows(f, 4), M: 128, L: 1, Along: least, Residual: 1e-7, Eta: 1, Steps: 20}}
		},
		Cost: descent.cost, Setup: setup(nil, true),
		Controls: []checks.Control[descent]{
			{Name: "all-layers", Why: "lambda_min of the kernel of all layers is too large, since A and B do not move",
				At: []descent{{Data: sphere, M: 64, L: 2, Along: least, Residual: 1e-7, Eta: 1, Steps: 20}},
				Setup: setup(func(s *local) {
					if low, err := eig.Min(s.pass.Gram(nil)); err == nil {
						s.Least = low.Lower()
					}
				}, false)},
			{Name: "large-residual", Why: "a residual of 3 takes the network to where the kernel is another",
				At: []descent{{Data: sphere, M: 64, L: 2, Along: least, Residual: 3, Eta: 1, Steps: 20}}, Setup: setup(func(s *local) {
					s.Norms, s.Output = []float64{0}, 0 // as if D were 0
				}, false)},
		},
	}
}

// localInstance runs descent from the planted start; change spoils what the rate is computed from (controls), whose hypotheses are not asked.
func (p descent) localInstance(change func(*local), asked bool) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Terms: checks.Terms{Trials: 2}, Trial: func(r *rand.Rand) checks.Measurement {
		s, err := p.start(set.X, r)
		if err != nil {
			return checks.Failed(err)
		}
		var hypotheses []checks.Hypothesis
		q, omega := 0.0, 0.0
		if asked {
			q, omega = s.Rate(s.eta, p.Residual)
			hypotheses = s.hypotheses(q, omega)
			for _, h := range hypotheses {
				if !h.Met() {
					return checks.Measurement{Observed: 1, Predicted: 1, Hypotheses: hypotheses}
				}
			}
		} else {
			change(s)
			q = math.Max(math.Abs(1-s.eta*s.Least), math.Abs(1-s.eta*s.Most))
		}
		var at, got, want []float64
		run := deep.Descent{Step: s.eta, Steps: p.Steps, Frozen: frozen(p.L), Observe: func(state *deep.State) bool {
			at, got = append(at, float64(state.Step)), append(got, 2*state.Loss/(p.Residual*p.Residual))
			want = append(want, math.Pow(q, 2*float64(state.Step)))
			return true
		}}
		out, err := run.Run(s.net, set.X, s.y)
		if err != nil {
			return checks.Failed(err)
		}
		norm := math.Sqrt(2*out.Loss) / p.Residual
		rate := math.Pow(norm, 1/float64(p.Steps))
		axes := curve.Axes{X: "step", Y: "loss over loss at the start", LogY: true}
		// Rounding of the outputs, of order one, over the residual that is left.
		noise := 1e-14 * (1 + math.Abs(s.pass.Output()[0])) * math.Sqrt(float64(p.M)) / (p.Residual * math.Max(norm, 1e-300))
		if asked && noise > 0.1 {
			return checks.Measurement{Observed: 1, Predicted: 1, Hypotheses: []checks.Hypothesis{checks.Require("rounding over the residual that is left", noise, checks.AtMost, 0.1)}}
		}
		return checks.Measurement{
			Observed: math.Min(rate, 1e300), Predicted: q, Term: q - 1, Tolerance: math.Max(1e-12, noise*rate/float64(p.Steps)), Hypotheses: hypotheses,
			Series: axes.Against("network", at, got, want),
		}
	}}, nil
}

// stepLimit is how large the step of Theorem 1 can be.
//
// Setting: as in local-descent, the residual along the eigenvector of lambda_max(G).
//
// Hypotheses: those of local-descent, and eta < 2/lambda_max(G).
//
// Conclusion: the loss does not rise: F(W(1)) <= F(W(0)). The factor 2 is sharp: the first step multiplies the residual by 1 - eta lambda_max but for
// D. The theorem's step is n^4 L^2/(d delta) times smaller than 1/m; with labels of order one even 10/lambda_max makes the loss spike and
// then usually converge, so that only small residuals tell.
//
// Constants: derived, see local-descent.
//
// Convention: as the source, d = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 1, its step size; derived here.
//
// Control: eta = 2.1/lambda_max.
func stepLimit() checks.Claim[descent] {
	grid := []descent{
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 5}, M: 64, L: 2, Along: most, Residual: 1e-7, Eta: 1.99, Steps: 1},
		{Data: images.Easy(data.MNIST, 4, 49), M: 64, L: 1, Along: most, Residual: 1e-7, Eta: 1.99, Steps: 1},
	}
	scaled := func(p descent, f float64, asked bool) (checks.Instance, error) {
		set, err := p.Data.Build()
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{Terms: checks.Terms{Trials: 2}, Trial: func(r *rand.Rand) checks.Measurement {
			s, err := p.start(set.X, r)
			if err != nil {
				return checks.Failed(err)
			}
			m := checks.Measurement{Predicted: 1, Tolerance: 1e-6} // rounding of the outputs over the residual
			if asked {
				m.Hypotheses = s.hypotheses(s.Rate(s.eta, p.Residual))
			}
			out, err := (deep.Descent{Step: f * s.eta, Steps: p.Steps, Frozen: frozen(p.L)}).Run(s.net, set.X, s.y)
			if err != nil {
				return checks.Failed(err)
			}
			m.Observed = 2 * out.Loss / (p.Residual * p.Residual)
			return m
		}}, nil
	}
	return checks.Claim[descent]{
		ID: "allenzhu2019/step-limit", Title: "largest step", Reference: "Theorem 1; derived here",
		Formula: `\eta < \frac{2}{\lambda_{\max}(G)} \ \Rightarrow\ F(W^{(1)}) \le F(W^{(0)})`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: grid, Cost: descent.cost,
		Setup:    func(p descent) (checks.Instance, error) { return scaled(p, 1, true) },
		Controls: []checks.Control[descent]{{Name: "step", Why: "2.1/lambda_max", At: grid, Setup: func(p descent) (checks.Instance, error) { return scaled(p, 2.1/1.99, false) }}},
		Constants: []checks.Constant[descent]{{
			Name: "step-size", Why: "a step beyond 2/lambda_max", At: grid[:1], Factors: []float64{1.02, 1.05, 1.1, 1.3},
			Scaled: func(p descent, f float64) (checks.Instance, error) { return scaled(p, f, false) },
		}},
	}
}

// equalInputs is why delta must be positive.
//
// Setting: two of the inputs are the same, with labels y_1 and y_2; any network, here trained by gradient descent or by mini-batches.
//
// Hypotheses: delta = 0.
//
// Conclusion: F >= (y_1 - y_2)^2/4 at every step, whatever the width: the floor that Theorems 1 and 2 rule out for delta > 0. Full
// descent reaches it.
//
// Constants: derived: both terms have one output f, and (f - y_1)^2/2 + (f - y_2)^2/2 is least at their mean.
//
// Convention: as the source, d = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorems 1 and 2, the hypothesis delta > 0; derived here.
//
// Control: the two inputs 0.5 apart, when the loss falls below; 1.2 times the floor.
func equalInputs() checks.Claim[descent] {
	setup := func(scale float64) func(descent) (checks.Instance, error) {
		return func(p descent) (checks.Instance, error) { return p.floor(scale) }
	}
	at := func(n int, sep float64, l, batch int) descent {
		return descent{Data: data.Spec{Kind: data.Duplicate, N: n, D: 3, Sep: sep, Labels: data.Alternate}, M: 40, L: l, Eta: 1, Steps: 100, Batch: batch}
	}
	return checks.Claim[descent]{
		ID: "allenzhu2019/equal-inputs", Title: "floor of the loss for equal inputs", Reference: "Theorems 1 and 2; derived here",
		Formula: `x_1 = x_2 \ \Rightarrow\ F(W) \ge \frac{(y_1 - y_2)^2}{4}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []descent{at(2, 0, 1, 0), at(2, 0, 2, 1), at(4, 0, 1, 0)},
		Cost: descent.cost, Setup: setup(1),
		Controls: []checks.Control[descent]{
			{Name: "apart", Why: "inputs at distance 0.5 can be fitted", At: []descent{at(2, 0.5, 1, 0)}},
			{Name: "floor", Why: "1.2 times the floor", At: []descent{at(2, 0, 1, 0)}, Setup: setup(1.2)},
		},
	}
}

func (p descent) floor(scale float64) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	n := set.N()
	gap := set.Y[0] - set.Y[n-1]
	return checks.Instance{Terms: checks.Terms{Trials: 2}, Trial: func(r *rand.Rand) checks.Measurement {
		net, err := deep.New(config(set.D(), p.M, p.L), r)
		if err != nil {
			return checks.Failed(err)
		}
		pass, err := net.NewPass(set.X)
		if err != nil {
			return checks.Failed(err)
		}
		top, err := eig.Max(hiddenGram(pass, p.L))
		if err != nil {
			return checks.Failed(err)
		}
		lowest := math.Inf(1)
		run := deep.Stochastic{
			Step: p.Eta / math.Max(top.Value, 1e-300), Steps: p.Steps, Frozen: frozen(p.L), Batch: train.MiniBatch{Size: p.Batch, Rand: r},
			Observe: func(s *deep.State) bool { lowest = math.Min(lowest, s.Loss); return true },
		}
		if p.Batch > 0 {
			run.Step *= float64(p.Batch) / float64(n)
		}
		if _, err := run.Run(net, set.X, set.Y); err != nil {
			return checks.Failed(err)
		}
		return checks.Measurement{Observed: lowest, Predicted: scale * gap * gap / 4, Relation: checks.AtLeast, Tolerance: 1e-12 * gap * gap}
	}}, nil
}
