package song2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// wide is a problem with what its width may give away.
type wide struct {
	Data   data.Spec `json:"data"`
	Act    string    `json:"act"`
	Output float64   `json:"output"` // sqrt(m) omega_2
	Eps    float64   `json:"eps"`
	H      float64   `json:"h"`
	Share  float64   `json:"share"`
	Delta  float64   `json:"delta"`
}

// wideSabotage changes the theorem; 1 leaves a number as it is.
type wideSabotage struct {
	width, rate, share float64
	unlabelled         bool    // the labels left out of the bound on the residual
	lambda, need       float64 // in place of what the data gives, if positive
}

var soundWide = wideSabotage{width: 1, rate: 1, share: 1}

const wideSteps = 2

// descentWidth is the convergence theorem with an explicit width.
//
// Setting: n samples, labels y; w_r ~ N(0, I), v_r ~ N(0, omega^2/m), independent; gradient descent on both layers. 0 < eps, h, q < 1.
//
// Hypotheses: |phi| <= B0, |phi'| <= B1, phi' has the Lipschitz constant B2; lambda = lambda_min(E phi(X w) phi(X w)^T) > 0, here at least 0.002; with mu =
// lambda/(n B0^2) and rbar = ||y|| + B0 sqrt(n) omega (1 + sqrt(2 ln(10/delta))),
// m >= max( ln(n/(0.9 delta))/D((1-eps) mu || mu), B1 ||X|| rbar/((1-h) q (1-eps) lambda) ); eta is the step 2h/M of descent-certificate, which is
// known once the weights are drawn. The paper's proof leaves out odd phi, though its Section 5.1 lists
// tanh, and asks phi(0) = 0; neither matters here.
//
// Conclusion: with probability at least 1 - delta, B1 ||X|| ||r_0||/((1-h) sigma_min(Phi_0)^2) <= q, and for all t ||r_{t+1}||^2 <= (1 - 2 (1-h) (1-q)
// (1-eps) eta m lambda) ||r_t||^2. Checked for the first two steps; what comes later is in descent-certificate, whose hypothesis is the first part.
//
// Constants: derived (bounds.LastLayerProblem): bounded-features at 0.9 delta, the residual at the start at 0.1 delta, descent-certificate. The printed
// width is of the order xi sigma_max(X)^2 sqrt(n)/sigma_min(X^{*t})^3 with hidden factors and a hidden probability, n^{3/2} in all when sigma_max(X)^2 is
// of order n; the fact beside the run is that order with its factors set to 1 and lambda for sigma_min(X^{*t})^2. It is an upper bound on the width,
// so no slope can be claimed from it, and neither from this one, which grows like n ln n/lambda or ||X|| ||y||/lambda: for labels of size one
// linearly in n up to the logarithm and lambda. The order n^{3/2} of the number d_0 d_1 of
// parameters follows, up to the same factors, where d_0 is at most of order sqrt n.
// The parts are nearly attained: the first by one sample with small output weights, the rate by one sample with small eps, h and q, the width by the
// gate of bounded-features.
//
// Convention: no output factor, loss = (1/2) sum of squares, both layers at one rate.
//
// Reference: Song et al. (2021), Theorem 3 and Section 5.3; constants derived here.
//
// Control: 0.4 of the width for the gate; the labels left out of rbar; q divided by 1.3; 1.35 times the rate; equal samples with opposite labels.
func descentWidth() checks.Checkable {
	rate := wide{Data: oneLabel(0.1), Act: "tanh", Output: 0.01, Eps: 0.1, H: 0.03, Share: 0.03, Delta: 0.1}
	share := wide{Data: oneLabel(100), Act: "sin", Output: 0.02, Eps: 0.15, H: 0.2, Share: 0.5, Delta: 0.1}
	gate := wide{Data: oneLabel(1e-4), Act: "gate", Output: 1e-6, Eps: 0.95, H: 0.5, Share: 0.5, Delta: 0.2}
	half := func(spec data.Spec, act string, delta float64) wide {
		return wide{Data: spec, Act: act, Output: 0.5, Eps: 0.5, H: 0.5, Share: 0.5, Delta: delta}
	}
	with := func(change func(*wideSabotage)) func(wide) (checks.Instance, error) {
		s := soundWide
		change(&s)
		return wideSetup(s)
	}
	return checks.Claim[wide]{
		ID: "song2021/descent-width", Title: "gradient descent converges at an explicit width", Reference: "Theorem 3, constants derived here",
		Formula:    `m \ge \max\left(\frac{\ln(n/0.9\delta)}{D((1-\varepsilon)\mu \,\|\, \mu)},\; \frac{B_1\|X\|\bar r}{(1-h)q(1-\varepsilon)\lambda}\right) \;\Rightarrow\; \|r_{t+1}\|^2 \le \left(1 - 2(1-h)(1-q)(1-\varepsilon)\,\eta m\lambda\right)\|r_t\|^2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) wide {
			return wide{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 2, MinD: 2, MaxD: 3}).Draw(t, "data"),
				Act:  rapid.SampledFrom([]string{"tanh", "sin", "erf"}).Draw(t, "act"), Output: rapid.SampledFrom([]float64{0.1, 1}).Draw(t, "output"),
				Eps: rapid.SampledFrom([]float64{0.5, 0.9}).Draw(t, "eps"), H: rapid.SampledFrom([]float64{0.3, 0.5}).Draw(t, "h"),
				Share: rapid.SampledFrom([]float64{0.5, 0.9}).Draw(t, "share"), Delta: rapid.SampledFrom([]float64{0.9, 0.4}).Draw(t, "delta"),
			}
		}),
		Grid: []wide{
			rate, share, gate, // nearly attained
			half(data.Spec{Kind: data.Orthonormal, N: 4, D: 4, Seed: 1, Labels: data.Sign}, "tanh", 0.2),
			half(data.Spec{Kind: data.Sphere, N: 3, D: 5, Seed: 1, Labels: data.Normal}, "sin", 0.2),
			half(images.Hard(data.MNIST, 3, 784), "erf", 0.3),
			half(images.Hard(data.Fashion, 4, 784), "sin", 0.3),
		},
		OnData: func(f checks.DataFile) []wide { return []wide{half(userfile.Signed(f, 3), "erf", 0.3)} },
		Cost: func(p wide) checks.Cost {
			w, err := p.plan(soundWide)
			if err != nil || math.IsInf(w.need, 1) {
				return checks.Cost{}
			}
			n, m := float64(len(w.y)), math.Ceil(w.need)
			return checks.Cost{Setup: 1e5 * n * n, Trial: m*n*(60+6*n+wideSteps*(60+8*n)) + 100*n*n*n, Bytes: 8 * m * 6 * n, Size: fmt.Sprintf("m=%.0f", m)}
		},
		Setup: wideSetup(soundWide),
		Constants: []checks.Constant[wide]{{
			Name: "width", Why: "the width divided by the factor: no gate opens more often than with probability delta", At: []wide{gate}, Factors: []float64{1.2, 1.9},
			Scaled: func(p wide, f float64) (checks.Instance, error) {
				s := soundWide
				s.width = 1 / f
				return wideSetup(s)(p)
			},
		}},
		Controls: []checks.Control[wide]{
			{
				Name: "narrow", Why: "no gate opens in a third of the draws, and nothing is learned", At: []wide{gate},
				Setup: with(func(s *wideSabotage) { s.width = 0.4 }),
			},
			{
				Name: "labels-forgotten", Why: "large labels move the hidden weights far", At: []wide{share},
				Setup: with(func(s *wideSabotage) { s.unlabelled = true }),
			},
			{
				Name: "smaller-share", Why: "labels far above the outputs leave nothing of the residual bound unused", At: []wide{share},
				Setup: with(func(s *wideSabotage) { s.share = 1 / 1.3 }),
			},
			{
				Name: "third-faster", Why: "one sample contracts by 2 eta m lambda to first order", At: []wide{rate},
				Setup: with(func(s *wideSabotage) { s.rate = 1.35 }),
			},
			{
				Name: "equal-samples", Why: "equal samples with opposite labels cannot be learned", At: []wide{half(data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 0}, {1, 0}}, Labels: data.Alternate}, "tanh", 0.2)},
				Setup: with(func(s *wideSabotage) { s.lambda, s.need = 0.1, 300 }),
			},
		},
	}
}

// oneLabel is one sample x = 1 with a label.
func oneLabel(y float64) data.Spec {
	spec := point1
	spec.LabelScale = y
	return spec
}

// widePlan is what the draws share.
type widePlan struct {
	smooth
	x       *mat.Dense // in coordinates of the span
	y       []float64
	problem bounds.LastLayerProblem
	feature bounds.FeatureMap
	need    float64
}

func (p wide) plan(s wideSabotage) (widePlan, error) {
	act, err := smoothNamed(p.Act)
	if err != nil {
		return widePlan{}, err
	}
	if math.IsInf(act.b0, 1) {
		return widePlan{}, fmt.Errorf("activation %s is not bounded: take tanh, sin, erf or gate", p.Act)
	}
	set, err := p.Data.Build()
	if err != nil {
		return widePlan{}, err
	}
	if err := nets.CheckData(set.X, set.Y); err != nil {
		return widePlan{}, err
	}
	lambda, err := boundedLimit(p.Act, act.Activation, set.X)
	if err != nil {
		return widePlan{}, err
	}
	norm, err := eig.SpectralNorm(set.X)
	if err != nil {
		return widePlan{}, err
	}
	span, _ := nets.InSpan(set.X)
	w := widePlan{
		smooth: act, x: span, y: set.Y, need: math.Inf(1),
		feature: bounds.FeatureMap{X: norm.Upper(), Row: floats.Max(data.RowNorms(set.X)), B1: act.b1, B2: act.b2},
		problem: bounds.LastLayerProblem{
			N: set.N(), Lambda: lambda.Lower(), S: norm.Upper(), B0: act.b0, B1: act.b1, Output: p.Output, LabelNorm: floats.Norm(set.Y, 2),
			Delta: p.Delta, Eps: p.Eps, H: p.H, Share: p.Share,
		},
	}
	if s.lambda > 0 {
		w.problem.Lambda, w.need = s.lambda, s.need
	} else if w.problem.Lambda >= leastFeature {
		asked := w.problem
		if s.unlabelled {
			asked.LabelNorm = 0
		}
		w.need = asked.Width()
	}
	return w, nil
}

func wideSetup(s wideSabotage) func(wide) (checks.Instance, error) {
	return func(p wide) (checks.Instance, error) {
		w, err := p.plan(s)
		if err != nil {
			return checks.Instance{}, err
		}
		inst := checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.Require("lambda", w.problem.Lambda, checks.AtLeast, leastFeature)},
			Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
		}
		if math.IsInf(w.need, 1) {
			return inst, nil
		}
		m := int(math.Ceil(w.need * s.width))
		inst.Facts = []checks.Fact{
			checks.NewFact("lambda", w.problem.Lambda), checks.NewFact("required width", w.need), checks.NewFact("width run", float64(m)),
			checks.NewFact("order of the printed width", bounds.PrintedSubquadraticWidth(w.problem.N, w.problem.S, w.problem.Lambda)),
		}
		inst.Trial = func(r *rand.Rand) checks.Measurement {
			measured, err := w.run(m, s, r)
			if err != nil {
				return checks.Failed(err)
			}
			return measured
		}
		return inst, nil
	}
}

// run draws a network of width m and takes the first steps.
func (w widePlan) run(m int, s wideSabotage, r *rand.Rand) (checks.Measurement, error) {
	n, d := w.x.Dims()
	net := nets.Init{Width: m, Dim: d, Act: w.Activation, Kappa: 1, Output: nets.GaussianOutput, Scale: 1}.Draw(r)
	floats.Scale(w.problem.Output/math.Sqrt(float64(m)), net.A)
	batch, g := nets.NewBatch(w.x, m), mat.NewSymDense(n, nil)
	batch.Forward(net)
	batch.Gram(g, net, nets.SecondLayer)
	low, err := eig.Min(g)
	if err != nil {
		return checks.Measurement{}, err
	}
	first := mat.NewSymDense(n, nil)
	batch.Gram(first, net, nets.FirstLayer)
	g.AddSym(g, first)
	top, err := eig.Max(g)
	if err != nil {
		return checks.Measurement{}, err
	}
	e, h := make([]float64, n), w.problem.H
	// Features that are all lost to rounding, as those of closed gates are, leave a kappa that is huge and not an undefined one.
	c := bounds.LastLayer{S0: math.Sqrt(math.Max(low.Value, math.Max(unit*top.Value, 1e-290))), B: w.b1 * w.feature.X, R0: nets.Residual(e, batch.U, w.y)}
	certificate := checks.Measurement{Part: "certificate", Observed: c.Kappa() / (1 - h), Predicted: s.share * w.problem.Share}
	rate := checks.Measurement{Part: "rate", Predicted: s.rate * w.problem.Rate(m), Relation: checks.AtLeast}
	cert, err := bounds.CertifyLastLayer(c, w.feature, math.Sqrt(top.Upper()), largest(net.A), h)
	if err != nil { // no step is certified, and no rate
		return checks.All(certificate, rate), nil
	}
	run, err := train.NewDescent(net, w.x, w.y, train.Options{Step: cert.Step, Steps: wideSteps, Layers: nets.BothLayers})
	if err != nil {
		return checks.Measurement{}, err
	}
	state := run.State()
	scale := 16 * float64(m+d) * unit * (floats.Norm(state.U, 2) + floats.Norm(w.y, 2))
	var rates []checks.Measurement
	for range wideSteps {
		old := state.Norm
		if old <= 1e-6*c.R0 {
			break
		}
		run.Step()
		step := rate
		step.Observed = (1 - math.Pow(state.Norm/old, 2)) / cert.Step
		step.Tolerance = 8 * scale / old / cert.Step
		rates = append(rates, step)
	}
	if len(rates) == 0 { // the start fits the labels
		rates = []checks.Measurement{{Part: "rate", Observed: rate.Predicted, Predicted: rate.Predicted, Relation: checks.AtLeast}}
	}
	return checks.All(certificate, checks.Worst(rates...)), nil
}
