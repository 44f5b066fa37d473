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
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// layer is a random hidden layer of the width that a bound on its features asks for.
type layer struct {
	Data  data.Spec `json:"data"`
	Act   string    `json:"act"`
	Eps   float64   `json:"eps"`
	Delta float64   `json:"delta"`
}

// layerPlan is what the draws of a layer share.
type layerPlan struct {
	x      *mat.Dense // rows in coordinates of their span
	act    nets.Activation
	n      int
	lambda float64 // lambda_min of the limit, from below
	need   float64 // required width
	facts  []checks.Fact
}

const featureConvention = "Phi = phi(X w_r), w ~ N(0, I), no factors of the width"

// boundedFeatures is how wide a layer of bounded neurons must be to keep its spectrum.
//
// Setting: n samples of any norm, m neurons phi(w_r.x), w_r ~ N(0, I) independent, 0 < eps <= 1.
//
// Hypotheses: |phi| <= B0; lambda = lambda_min(E phi(X w) phi(X w)^T) > 0, here at least 0.002; m >= ln(n/delta)/D((1-eps) mu || mu) with
// mu = lambda/(n B0^2) and D the divergence of two Bernoulli laws.
//
// Conclusion: sigma_min(Phi_0)^2 > (1 - eps) m lambda with probability at least 1 - delta.
//
// Constants: derived: matrix Chernoff bound in the form with the relative entropy (Tropp 2012, Theorem 5.1), Phi Phi^T being a sum of m independent
// phi phi^T of norm at most n B0^2 (bounds.BoundedFeatureWidth). It implies m >= (2 n B0^2/(eps^2 lambda)) ln(n/delta), since D >= eps^2 mu/2. The
// paper states the order c_t sqrt(d_1/t!) sigma_min(X^{*t}). The bound is attained for one sample and a gate phi in {0, 1} as eps tends to 1:
// then delta is the probability (1 - lambda)^m that no gate opens. The gate here is 1/(1 + e^{-200 (z-1)}), which is as good.
//
// Convention: no factors of the width.
//
// Reference: Song et al. (2021), the lower bound on sigma_min(phi(W_0 X)) behind Theorem 3; constants derived here.
//
// Control: half the width for the gate; 1.25 times the bound for one tanh sample; two antipodal samples and an odd activation, for which lambda = 0.
func boundedFeatures() checks.Checkable {
	plan := func(p layer) (layerPlan, error) {
		act, err := smoothNamed(p.Act)
		if err != nil {
			return layerPlan{}, err
		}
		set, err := p.Data.Build()
		if err != nil {
			return layerPlan{}, err
		}
		lambda, err := boundedLimit(p.Act, act.Activation, set.X)
		if err != nil {
			return layerPlan{}, err
		}
		span, _ := nets.InSpan(set.X)
		top := float64(set.N()) * act.b0 * act.b0
		out := layerPlan{x: span, act: act.Activation, n: set.N(), lambda: lambda.Lower(), need: math.Inf(1)}
		if math.IsInf(top, 1) {
			return out, fmt.Errorf("activation %s is not bounded: take tanh, sin, erf or gate", p.Act)
		}
		if out.lambda >= leastFeature {
			out.need = bounds.BoundedFeatureWidth(out.n, p.Eps, out.lambda, top, p.Delta)
			out.facts = []checks.Fact{checks.NewFact("width by eps^2/2", 2*top*math.Log(float64(out.n)/p.Delta)/(p.Eps*p.Eps*out.lambda))}
		}
		return out, nil
	}
	gate := layer{Data: point1, Act: "gate", Eps: 0.95, Delta: 0.2}
	one := layer{Data: point1, Act: "tanh", Eps: 0.1, Delta: 0.05}
	return checks.Claim[layer]{
		ID: "song2021/bounded-features", Title: "width that keeps the features of bounded neurons", Reference: "Theorem 3, derived here",
		Formula:    `m \ge \frac{\ln(n/\delta)}{D\left((1-\varepsilon)\mu \,\|\, \mu\right)},\; \mu = \frac{\lambda}{nB_0^2} \;\Rightarrow\; \sigma_{\min}(\Phi_0)^2 > (1-\varepsilon)\, m\lambda`,
		Convention: featureConvention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: layerSpace([]string{"tanh", "sin", "erf"}, []float64{0.5, 0.9, 1}),
		Grid: []layer{
			gate, one, // nearly equality; and a large width, where both quantiles are near 1
			{Data: data.Spec{Kind: data.Orthonormal, N: 4, D: 4, Seed: 1}, Act: "sin", Eps: 0.5, Delta: 0.1},
			{Data: data.Spec{Kind: data.Sphere, N: 3, D: 5, Seed: 1}, Act: "tanh", Eps: 0.5, Delta: 0.05},
			{Data: images.Hard(data.MNIST, 3, 784), Act: "erf", Eps: 0.5, Delta: 0.1},
			{Data: images.Classes(data.Fashion, 3, 784, 0, 9), Act: "sin", Eps: 0.6, Delta: 0.2},
		},
		OnData: func(f checks.DataFile) []layer {
			return []layer{{Data: userfile.Rows(f, 3), Act: "erf", Eps: 0.5, Delta: 0.2}}
		},
		Cost:      layerCost(plan),
		Setup:     layerSetup(plan, layerSabotage{width: 1, bound: 1}),
		Constants: []checks.Constant[layer]{widthConstant(plan, gate, 1.2, 1.7)},
		Controls: []checks.Control[layer]{
			{
				Name: "half-the-width", Why: "that no gate opens has then the root of the probability that it had", At: []layer{gate},
				Setup: layerSetup(plan, layerSabotage{width: 0.5, bound: 1}),
			},
			{
				Name: "quarter-more", Why: "the mean itself is only 1/0.9 of the bound", At: []layer{one},
				Setup: layerSetup(plan, layerSabotage{width: 1, bound: 1.25}),
			},
			{
				Name: "antipodal", Why: "features of x and -x are opposite for an odd activation: lambda = 0", At: []layer{{Data: data.Spec{Kind: data.Antipodal, N: 2, D: 3, Seed: 1}, Act: "tanh", Eps: 0.5, Delta: 0.1}},
				Setup: layerSetup(plan, layerSabotage{width: 1, bound: 1, lambda: 0.1, need: 100}),
			},
		},
	}
}

// leastFeature is the smallest lambda at which layers are drawn: below it they would be too wide.
const leastFeature = 2e-3

// boundedLimit is lambda_min of the limit of the features.
func boundedLimit(name string, act nets.Activation, x *mat.Dense) (eig.Certified, error) {
	switch name {
	case "sin":
		return kernel.SineFeature().Lambda0(x)
	case "erf":
		return kernel.ErfFeature().Lambda0(x)
	}
	g, err := limitGram(name, act, x)
	if err != nil {
		return eig.Certified{}, err
	}
	c, err := eig.Min(g)
	return c.Widen(1e-12 * float64(g.SymmetricDim())), err
}

const (
	limitStep  = 0.2 // of the quadrature, for unit rows and tanh
	longestRow = 25  // the quadrature would take too long beyond
)

// limitGram is E phi(X w) phi(X w)^T for a bounded activation. The steps of the quadrature follow the longest row: tanh(|x| z) has its poles at a
// distance pi/(2 |x|) from the axis, and the gate at pi/(200 |x|).
func limitGram(name string, act nets.Activation, x *mat.Dense) (*mat.SymDense, error) {
	switch name {
	case "sin":
		return kernel.SineFeature().Gram(x)
	case "erf":
		return kernel.ErfFeature().Gram(x)
	}
	longest := math.Max(1, floats.Max(data.RowNorms(x)))
	if !(longest <= longestRow) {
		return nil, fmt.Errorf("rows of norm %.3g: the limit of %s is at hand up to norm %d; take erf or sin, or shorter rows", longest, name, longestRow)
	}
	step := limitStep / longest
	if name == "gate" {
		if n, _ := x.Dims(); n > 1 {
			return nil, fmt.Errorf("the gate on %d samples: its limit is at hand for one sample only", n)
		}
		step /= 100
	}
	return kernel.FeatureGram(act.Value, x, step)
}

// homogeneousFeatures is the same for neurons that are not bounded, such as the ReLU.
//
// Setting: n samples of any norm that span k dimensions, m neurons phi(w_r.x), w_r ~ N(0, I) independent, 0 < eps <= 1.
//
// Hypotheses: phi(c z) = c phi(z) for c >= 0 and |phi(z)| <= |z|; lambda as in bounded-features, here at least 0.002; m >= 2 (k+2) ||X||^2
// ln(n/delta)/(eps^2 lambda).
//
// Conclusion: sigma_min(Phi_0)^2 > (1 - eps) m lambda with probability at least 1 - delta.
//
// Constants: derived without truncation (bounds.HomogeneousFeatureFailure): a lower tail of positive semidefinite matrices A = phi phi^T needs only
// E A^2 <= tau E A, and tau = (k+2) ||X||^2 from the polar coordinates of w. For one sample of norm one tau = 3 = E relu^4/E relu^2 is exact, so that
// the exponent is short of that of the normal law by Var/E phi^4 = 5/6. With a ball of radius (sqrt n + t)^2 in place of (k+2) ||X||^2, by truncation,
// the width is some hundred times larger.
//
// Convention: no factors of the width.
//
// Reference: derived here, for the ReLU, which the theorems of Song et al. (2021) leave out.
//
// Loose: a Chernoff bound loses the factor before the exponential: at delta = 0.03 and one sample 0.4 of the width still suffices, and an error in it shows
// within a thousand trials from 4.5 on.
//
// Control: a sixth of the width for one sample; 1.25 times the bound; two equal samples, for which lambda = 0.
func homogeneousFeatures() checks.Checkable {
	limits := map[string]kernel.Kernel{"relu": kernel.ReLUFeature(), "abs": kernel.LeakyReLUFeature(-1), "identity": kernel.Identity()}
	acts := map[string]nets.Activation{"relu": nets.ReLU(), "abs": nets.LeakyReLU(-1), "identity": nets.Identity()}
	plan := func(p layer) (layerPlan, error) {
		limit, ok := limits[p.Act]
		if !ok {
			return layerPlan{}, fmt.Errorf("activation %q: take relu, abs or identity", p.Act)
		}
		set, err := p.Data.Build()
		if err != nil {
			return layerPlan{}, err
		}
		lambda, err := limit.Lambda0(set.X)
		if err != nil {
			return layerPlan{}, err
		}
		s, err := eig.SpectralNorm(set.X)
		if err != nil {
			return layerPlan{}, err
		}
		span, _ := nets.InSpan(set.X)
		out := layerPlan{x: span, act: acts[p.Act], n: set.N(), lambda: lambda.Lower(), need: math.Inf(1)}
		if out.lambda >= leastFeature {
			out.need = bounds.HomogeneousFeatureWidth(out.n, min(set.N(), set.D()), p.Eps, out.lambda, s.Upper(), p.Delta)
		}
		return out, nil
	}
	one := layer{Data: point1, Act: "relu", Eps: 0.12, Delta: 0.05}
	rare := layer{Data: point1, Act: "relu", Eps: 0.15, Delta: 0.03}
	return checks.Claim[layer]{
		ID: "song2021/homogeneous-features", Title: "width that keeps the features of ReLU neurons", Reference: "derived here",
		Formula:    `m \ge \frac{2(k+2)\|X\|^2}{\varepsilon^2\lambda} \ln\frac{n}{\delta} \;\Rightarrow\; \sigma_{\min}(\Phi_0)^2 > (1-\varepsilon)\, m\lambda`,
		Convention: featureConvention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1, Detects: map[string]float64{"width": 4.5},
		Space: layerSpace([]string{"relu", "abs", "identity"}, []float64{0.6, 1}),
		Grid: []layer{
			one, rare,
			{Data: data.Spec{Kind: data.Orthonormal, N: 3, D: 3, Seed: 1}, Act: "abs", Eps: 0.5, Delta: 0.1},
			{Data: data.Spec{Kind: data.Orthonormal, N: 4, D: 6, Seed: 1}, Act: "relu", Eps: 0.5, Delta: 0.2},
			{Data: data.Spec{Kind: data.Sphere, N: 3, D: 5, Seed: 1}, Act: "identity", Eps: 0.6, Delta: 0.2},
			{Data: images.Hard(data.MNIST, 2, 784), Act: "relu", Eps: 0.5, Delta: 0.1},
		},
		OnData: func(f checks.DataFile) []layer {
			return []layer{{Data: userfile.Rows(f, 3), Act: "relu", Eps: 0.6, Delta: 0.2}}
		},
		Cost:      layerCost(plan),
		Setup:     layerSetup(plan, layerSabotage{width: 1, bound: 1}),
		Constants: []checks.Constant[layer]{widthConstant(plan, rare, 1.8, 4.5)},
		Controls: []checks.Control[layer]{
			{
				Name: "sixth-of-the-width", Why: "the probability is then that of a normal law at 1.2 standard deviations, not 0.03", At: []layer{rare},
				Setup: layerSetup(plan, layerSabotage{width: 1.0 / 6, bound: 1}),
			},
			{
				Name: "quarter-more", Why: "the mean itself is only 1/0.9 of the bound", At: []layer{one},
				Setup: layerSetup(plan, layerSabotage{width: 1, bound: 1.25}),
			},
			{
				Name: "equal-samples", Why: "equal samples have equal features: lambda = 0", At: []layer{{Data: data.Spec{Kind: data.Duplicate, N: 2, D: 3, Seed: 1}, Act: "relu", Eps: 0.5, Delta: 0.1}},
				Setup: layerSetup(plan, layerSabotage{width: 1, bound: 1, lambda: 0.1, need: 100}),
			},
		},
	}
}

// layerSabotage changes a plan.
type layerSabotage struct {
	width, bound float64 // factors
	lambda, need float64 // in place of what the plan has, if positive
}

// layerSpace draws layers.
func layerSpace(acts []string, eps []float64) *rapid.Generator[layer] {
	return rapid.Custom(func(t *rapid.T) layer {
		return layer{
			Data: gen.Separated(gen.Range{MinN: 1, MaxN: 3, MinD: 2, MaxD: 4}).Draw(t, "data"),
			Act:  rapid.SampledFrom(acts).Draw(t, "act"),
			Eps:  rapid.SampledFrom(eps).Draw(t, "eps"), Delta: rapid.SampledFrom([]float64{0.9, 0.3}).Draw(t, "delta"),
		}
	})
}

func layerCost(plan func(layer) (layerPlan, error)) func(layer) checks.Cost {
	return func(p layer) checks.Cost {
		s, err := plan(p)
		if err != nil || math.IsInf(s.need, 1) {
			return checks.Cost{}
		}
		n, m := float64(s.n), math.Ceil(s.need)
		return checks.Cost{Setup: 1e5 * n * n, Trial: m*n*(50+4*n) + 40*n*n*n, Bytes: 32 * m * n, Size: fmt.Sprintf("m=%.0f", m)}
	}
}

// widthConstant reruns an instance at smaller widths.
func widthConstant(plan func(layer) (layerPlan, error), at layer, factors ...float64) checks.Constant[layer] {
	return checks.Constant[layer]{
		Name: "width", Why: "the width divided by the factor: the spectrum falls below the bound more often than with probability delta",
		At: []layer{at}, Factors: factors,
		Scaled: func(p layer, f float64) (checks.Instance, error) {
			return layerSetup(plan, layerSabotage{width: 1 / f, bound: 1})(p)
		},
	}
}

func layerSetup(plan func(layer) (layerPlan, error), s layerSabotage) func(layer) (checks.Instance, error) {
	return func(p layer) (checks.Instance, error) {
		l, err := plan(p)
		if err != nil {
			return checks.Instance{}, err
		}
		inst := checks.Instance{Hypotheses: []checks.Hypothesis{checks.Require("lambda", l.lambda, checks.AtLeast, leastFeature)}, Terms: checks.Terms{Delta: checks.Float(p.Delta)}}
		if s.need > 0 {
			l.lambda, l.need, inst.Hypotheses = s.lambda, s.need, nil
		}
		if math.IsInf(l.need, 1) {
			return inst, nil
		}
		m := int(math.Ceil(l.need * s.width))
		inst.Facts = append(l.facts, checks.NewFact("lambda", l.lambda), checks.NewFact("required width", l.need), checks.NewFact("width run", float64(m)))
		bound := s.bound * (1 - p.Eps) * float64(m) * l.lambda
		inst.Trial = func(r *rand.Rand) checks.Measurement {
			_, d := l.x.Dims()
			net := nets.Init{Width: m, Dim: d, Act: l.act, Kappa: 1, Scale: 1}.Draw(r)
			batch := nets.NewBatch(l.x, m)
			batch.Forward(net)
			g := mat.NewSymDense(l.n, nil)
			batch.Gram(g, net, nets.SecondLayer)
			low, err := eig.Min(g)
			if err != nil {
				return checks.Failed(err)
			}
			return checks.Measurement{Observed: low.Value, Predicted: bound, Relation: checks.AtLeast, Error: low.Err}
		}
		return inst, nil
	}
}
