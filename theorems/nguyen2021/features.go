package nguyen2021

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
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/ladder"
	"convergo/theorems/internal/userfile"
)

// tower is a ladder of feature matrices F_k below and in one wide layer.
type tower struct {
	K     int     `json:"k"`                // the layer of F_k; the layers below have d neurons
	Side  string  `json:"side"`             // lower or upper
	Times float64 `json:"times"`            // n_k over N
	Root  float64 `json:"root"`             // d over sqrt N
	Drop  bool    `json:"drop_d,omitempty"` // leave d out of the formula
	N     []int   `json:"n"`
}

// sizes returns d, the widths below layer k and n_k.
func (p tower) sizes(n int) (d, wide int) {
	return int(math.Ceil(p.Root * math.Sqrt(float64(n)))), int(math.Ceil(p.Times * float64(n)))
}

// ratio draws F_k and returns formula over sigma_min(F_k)^2, or the reverse for the upper side.
func (p tower) ratio(n int, r *rand.Rand) (float64, error) {
	d, wide := p.sizes(n)
	x, err := inputs("sphere", n, d, r)
	if err != nil {
		return 0, err
	}
	formula, err := positive(kernel.NNGP(p.K).Lambda0(x))
	if err != nil {
		return 0, err
	}
	if p.Drop {
		formula /= float64(d)
	}
	var gram *mat.SymDense
	for l := 1; l <= p.K; l++ {
		width := d
		if l == p.K {
			width = wide
		}
		walk := deep.NewForward(x, width, 1)
		walk.Next(r)
		x, gram = walk.Feature(), walk.Gram()
		formula *= float64(width) / 2
	}
	low, err := positive(eig.Min(gram))
	if p.Side == "upper" {
		return low / formula, err
	}
	return formula / low, err
}

// featureSpectrum is Theorem 5.1.
//
// Setting: N inputs on the sphere of radius sqrt d; F_k the features of layer k of a ReLU network with
// N(0,1) weights; n_k = 40N and d = 8 sqrt N for k = 1, n_k = 4N to 16N and d and the width below 4 to 24 sqrt N for k = 2.
//
// Hypotheses: n_k of order N log N log(N/delta) with a hidden constant; the layers below of larger
// order than N^{2/(r/2-0.1)} times logarithms, as in one-wide-layer.
//
// Conclusion: sigma_min(F_k)^2 is of order lambda_min(G^(k)) prod_{l<=k} n_l/2 on both sides, G^(k) the limit
// feature kernel of layer k on the same inputs: the ratio of formula to observation of a typical draw, and on the upper
// side its reverse, does not drift upward as N grows. A drift exponent up to 0.06 counts as none for k = 1, and up to 0.2 for
// k = 2, where the narrow layer below keeps its own fluctuations. The theorem has d in
// place of lambda_min(G^(k)), which is of that order for such inputs, but still falls against it while N passes d.
//
// Constants: hidden, so that nothing is refuted here.
//
// Convention: standard parametrisation with beta_l = 1. The features are drawn without the weights, which has exactly their law
// (deep.Forward); a rung of N below the top is the median of several draws.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 5.1.
//
// Control: n_k = N on the lower side (a square random matrix has sigma_min^2 of order 1/N), and on the
// upper side a factor d left out.
func featureSpectrum() checks.Checkable {
	small := []int{8, 16, 32}
	return checks.Claim[tower]{
		ID: "nguyen2021/feature-spectrum", Title: "singular values of feature matrices", Reference: "Theorem 5.1",
		Formula: `\sigma_{\min}(F_k)^2 = \Theta\left(\lambda_{\min}(G^{(k)}) \prod_{l=1}^{k} n_l \beta_l^2\right)`, Convention: convention,
		Basis: checks.Derived, Form: checks.Bounded{}, Along: "samples $N$", Version: 3,
		Grid: []tower{
			{K: 1, Side: "lower", Times: 40, Root: 8, N: small}, {K: 1, Side: "upper", Times: 40, Root: 8, N: small},
			{K: 2, Side: "lower", Times: 8, Root: 24, N: small}, {K: 2, Side: "upper", Times: 16, Root: 8, N: small},
			{K: 2, Side: "lower", Times: 4, Root: 4, N: []int{60, 120, 240, 480}},
		},
		Cost: func(p tower) checks.Cost {
			c := checks.Cost{}
			for _, n := range p.N {
				d, wide := p.sizes(n)
				c.Trial += float64(draws(p.N, n)) * (20*float64(n*d) + float64(n)*float64((p.K-1)*d+wide)*(25+3*float64(n)) + 2*costs.Eigenvalue(n))
				c.Size = fmt.Sprintf("n_k=%d", wide)
			}
			return c
		},
		Setup: func(p tower) (checks.Instance, error) {
			if p.Side != "lower" && p.Side != "upper" {
				return checks.Instance{}, fmt.Errorf("side %q: use lower or upper", p.Side)
			}
			passes, resolution := 60, 0.06
			if p.K > 1 {
				passes, resolution = 80, drift
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: checks.Float(resolution), Trials: passes, Response: "median"},
				Trial: func(r *rand.Rand) checks.Measurement { return typical(p.N, p.ratio, r) },
			}, nil
		},
		Controls: []checks.Control[tower]{
			{
				Name: "square", Why: "with n_k = N the features are a square matrix, whose least singular value collapses",
				At: []tower{{K: 1, Side: "lower", Times: 1, Root: 3, N: small}},
			},
			{
				Name: "no-dimension", Why: "without d in the formula the ratio grows like sqrt N",
				At: []tower{{K: 1, Side: "upper", Times: 16, Root: 20, Drop: true, N: []int{4, 8, 16, 32}}},
			},
		},
	}
}

// randomLayer is a feature matrix F_{k-1}, here the data, in front of a random layer.
type randomLayer struct {
	Data  data.Spec `json:"data"`
	Delta float64   `json:"delta"`
}

// front is what the two Chernoff lemmas need to know of F_{k-1}.
type front struct {
	n                   int
	factor              *mat.Dense // A with A A^T = F F^T, at most n columns: A g has the law of F w
	frobenius, operator float64
	features            eig.Certified // lambda_min of the kernel of the layer
}

func (p randomLayer) front() (f front, err error) {
	set, err := p.Data.Build()
	if err != nil {
		return f, err
	}
	f.n, f.factor = set.N(), compact(set.X)
	if f.features, err = kernel.ReLUFeature().Lambda0(set.X); err != nil {
		return f, err
	}
	operator, err := eig.SpectralNorm(set.X)
	f.operator, f.frobenius = operator.Upper(), mat.Norm(set.X, 2)
	return f, err
}

// featureWidth is the derived requirement on n_k, and that by truncation alone; +Inf where lambda is not certified positive.
func (p randomLayer) featureWidth(f front) (need, truncated float64, err error) {
	low := f.features.Lower()
	if low <= 0 {
		return math.Inf(1), math.Inf(1), nil
	}
	_, rank := f.factor.Dims()
	need = math.Ceil(bounds.HomogeneousFeatureWidth(f.n, rank, 0.75, low, f.operator, p.Delta))
	truncated, err = bounds.FeatureWidth(f.frobenius, f.operator, low, f.n, p.Delta)
	return min(need, truncated), truncated, err
}

// cost prices a layer of the width that the lemma asks for.
func (p randomLayer) cost() checks.Cost {
	f, err := p.front()
	if err != nil {
		return checks.Cost{} // Setup reports it
	}
	m, _, err := p.featureWidth(f)
	if err != nil || math.IsInf(m, 1) {
		return checks.Cost{}
	}
	n, q := f.factor.Dims()
	return checks.Cost{Trial: m * float64(2*n*q+n*n+25*q), Size: fmt.Sprintf("n_k=%.3g", m)}
}

// draw adds the outer products of the images under act of width neurons.
func (f front) draw(width int, act func(z float64) float64, sum *mat.SymDense, r *rand.Rand) {
	n, q := f.factor.Dims()
	g, v, s := make([]float64, q), make([]float64, n), sum.RawSymmetric()
	for range width {
		for k := range g {
			g[k] = r.NormFloat64()
		}
		for i := range v {
			v[i] = act(floats.Dot(f.factor.RawRowView(i), g))
		}
		for i, vi := range v {
			if vi != 0 {
				floats.AddScaled(s.Data[i*s.Stride+i:i*s.Stride+n], vi, v[i:])
			}
		}
	}
}

func reLU(z float64) float64 { return max(z, 0) }

// featureChernoff is Lemma 5.2 with explicit constants.
//
// Setting: any F = F_{k-1} (N rows), here the data; W_k with n_k independent columns w ~ N(0, I);
// F_k = relu(F W_k); lambda = lambda_min(E[relu(F w) relu(F w)^T]), computed exactly; a = ||F||_F, b = ||F||_2.
//
// Hypotheses: lambda > 0 and n_k >= (32/9) (q + 2) b^2 log(N/delta)/lambda, q = min(N, columns of F); or n_k >= max(N, 2 t^2
// log(N/delta)/(0.1534 lambda)) with t = a + s b and s the least with t^2 e^{-s^2/2} + 2ab sqrt(pi/2) erfc(s/sqrt 2) + 2b^2 e^{-s^2/2} <=
// lambda/2. The layer is given exactly the smaller of these widths.
//
// Conclusion: with probability at least 1-delta over W_k, sigma_min(F_k)^2 >= n_k lambda/4.
//
// Constants: ours; the lemma has n_k >= max(N, c Q max(1, log 4Q) log(N/delta)), Q = a^2/lambda, with a hidden c.
// The outer products A of the features of one neuron have E A^2 <= (q + 2) b^2 E A, by the polar coordinates of w in the row space
// of F, and a lower tail of semidefinite matrices needs no more: it falls short of a share 1 - eps of its mean n_k lambda with probability at most
// N exp(-n_k eps^2 lambda/(2 (q + 2) b^2)) (bounds.HomogeneousFeatureFailure), here at eps = 3/4. The proof of the lemma truncates instead
// (bounds.FeatureWidth), which is less for many similar inputs and ten times more for few: ||F w|| is b-Lipschitz in w with mean at most a, so
// it passes t with probability at most e^{-s^2/2}, and the neurons beyond t carry at most half of lambda; the others have summands of norm at
// most t^2, for which the matrix Chernoff bound at one half has the rate (1 - ln 2)/2 = 0.1534. For weights of variance beta^2 both sides
// scale by beta^2.
//
// Convention: standard parametrisation with beta_k = 1. F w is drawn as A g with A A^T = F F^T, which has the same law.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 5.2.
//
// Control: n_k = N - 1 neurons: the rank of F_k is then below N. 4.4 times the bound: the least eigenvalue of the mean is 4 times it.
//
// Loose: the lemma says a quarter of the mean, and nearly all of it is found; see feature-width for the width that was needed, and
// song2021/homogeneous-features for a share near 1.
func featureChernoff() checks.Checkable {
	setup := func(factor float64, starve bool) func(randomLayer) (checks.Instance, error) {
		return func(p randomLayer) (checks.Instance, error) {
			f, err := p.front()
			if err != nil {
				return checks.Instance{}, err
			}
			need, truncated, err := p.featureWidth(f)
			if err != nil {
				return checks.Instance{}, err
			}
			q := f.frobenius * f.frobenius / f.features.Value
			inst := checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("lambda > 0", !math.IsInf(need, 1))},
				Facts: []checks.Fact{
					checks.NewFact("lambda", f.features.Value),
					checks.NewFact("Q", q),
					checks.NewFact("required width (derived)", need),
					checks.NewFact("required width by truncation", truncated),
					checks.NewFact("required width (published, c = 1)", math.Max(float64(f.n), q*math.Max(1, math.Log(4*q))*math.Log(float64(f.n)/p.Delta))),
				},
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
			}
			width := need
			if starve {
				width = float64(f.n - 1)
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				sum := mat.NewSymDense(f.n, nil)
				f.draw(int(width), reLU, sum, r)
				low, err := eig.Min(sum)
				if err != nil {
					return checks.Failed(err)
				}
				low = low.Widen(width * unit * mat.Trace(sum)) // rounding of the sum over neurons
				return checks.Measurement{Observed: low.Value, Predicted: factor * width * f.features.Value / 4, Relation: checks.AtLeast, Error: low.Err}
			}
			return inst, nil
		}
	}
	return checks.Claim[randomLayer]{
		ID: "nguyen2021/feature-chernoff", Title: "width that keeps the feature spectrum", Reference: "Lemma 5.2",
		Formula:    `n_k \ge \frac{32(q+2)\|F\|^2}{9\lambda}\log\frac{N}{\delta} \;\Rightarrow\; \sigma_{\min}(F_k)^2 \ge \frac{n_k \lambda}{4}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2, Detects: map[string]float64{"": 4},
		Space: rapid.Custom(func(t *rapid.T) randomLayer {
			return randomLayer{
				Data:  gen.Separated(gen.Range{MinN: 1, MaxN: 2, MinD: 2, MaxD: 4}).Draw(t, "data"),
				Delta: rapid.SampledFrom([]float64{0.6, 0.9}).Draw(t, "delta"),
			}
		}),
		Grid: []randomLayer{
			{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, Delta: 0.1},
			{Data: data.Spec{Kind: data.HalfCircle, N: 2, D: 2}, Delta: 0.1},
			{Data: data.Spec{Kind: data.Sphere, N: 2, D: 3, Seed: 1}, Delta: 0.1},
			{Data: data.Spec{Kind: data.Orthonormal, N: 5, D: 5, Seed: 1}, Delta: 0.2},
			{Data: data.Spec{Kind: data.Sphere, N: 5, D: 20, Seed: 3}, Delta: 0.2},
			{Data: images.Hard(data.MNIST, 3, 49), Delta: 0.2},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 3}, Delta: 0.1},
		},
		OnData: func(f checks.DataFile) []randomLayer {
			return []randomLayer{{Data: userfile.Rows(f, 4), Delta: 0.2}}
		},
		Cost:  randomLayer.cost,
		Setup: setup(1, false),
		Controls: []checks.Control[randomLayer]{
			{
				Name: "too-few-neurons", Why: "fewer neurons than samples cannot give full rank",
				At: []randomLayer{{Data: data.Spec{Kind: data.Sphere, N: 5, D: 20, Seed: 3}, Delta: 0.2}}, Setup: setup(1, true),
			},
			{
				Name: "more-than-the-mean", Why: "the least eigenvalue is at most about that of the mean, 4 times the bound",
				At: []randomLayer{{Data: data.Spec{Kind: data.Orthonormal, N: 5, D: 5, Seed: 1}, Delta: 0.2}}, Setup: setup(4.4, false),
			},
		},
	}
}

// featureWidth asks how many neurons Lemma 5.2 really needs.
//
// Setting: as in feature-chernoff, with n_k = N/2, N, 2N, ..., 32N.
//
// Hypotheses: lambda > 0.
//
// Conclusion: the width at which sigma_min(F_k)^2 >= n_k lambda/4 starts to hold with
// probability 1-delta is at most the requirement of feature-chernoff. The slack of
// this claim is by what factor the requirement is too large: ten to a hundred, and thousands on images.
//
// Constants: ours, as in feature-chernoff. That success gets likelier with the width is
// supposed (it is what the crossing means); the success probability is 0 below N.
//
// Convention: as in feature-chernoff.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 5.2.
//
// Control: N/2 declared to be enough, where the rank is too small.
//
// Loose: the factor by which the width of the lemma exceeds the one that was enough is what this claim measures.
func featureWidth() checks.Checkable {
	setup := func(half bool) func(randomLayer) (checks.Instance, error) {
		return func(p randomLayer) (checks.Instance, error) {
			f, err := p.front()
			if err != nil {
				return checks.Instance{}, err
			}
			need, _, err := p.featureWidth(f)
			if err != nil {
				return checks.Instance{}, err
			}
			location := need
			if half {
				location = float64(f.n) / 2
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("lambda > 0", !math.IsInf(need, 1))},
				Facts: []checks.Fact{
					checks.NewFact("lambda", f.features.Value),
					checks.NewFact("required width (derived)", need),
					checks.NewFact("N", float64(f.n)),
				},
				Terms: checks.Terms{Location: checks.Float(location), Relation: checks.AtMost, Level: checks.Float(1 - p.Delta), Trials: 160},
				Trial: func(r *rand.Rand) checks.Measurement {
					sum, drawn := mat.NewSymDense(f.n, nil), 0
					return ladder.Pass(7, func(i int) (size, value float64, err error) {
						width := (f.n << i) / 2
						f.draw(width-drawn, reLU, sum, r)
						drawn = width
						low, err := eig.Min(sum)
						if low.Value >= float64(width)*f.features.Value/4 {
							value = 1
						}
						return float64(width), value, err
					})
				},
			}, nil
		}
	}
	return checks.Claim[randomLayer]{
		ID: "nguyen2021/feature-width", Title: "width that was really needed", Reference: "Lemma 5.2",
		Formula:    `\min\left\{n_k\colon P\left(\sigma_{\min}(F_k)^2 \ge \frac{n_k\lambda}{4}\right) \ge 1-\delta\right\} \le \frac{32(q+2)\|F\|^2}{9\lambda}\log\frac{N}{\delta}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Threshold{}, Version: 2, Detects: map[string]float64{"": 60},
		Grid: []randomLayer{
			{Data: data.Spec{Kind: data.HalfCircle, N: 2, D: 2}, Delta: 0.1},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 3}, Delta: 0.1},
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 40, Seed: 3}, Delta: 0.1},
			{Data: images.Hard(data.MNIST, 10, 49), Delta: 0.1},
			{Data: images.Hard(data.Fashion, 10, 196), Delta: 0.1},
		},
		OnData: func(f checks.DataFile) []randomLayer {
			return []randomLayer{{Data: userfile.Rows(f, 20), Delta: 0.1}}
		},
		Cost: func(p randomLayer) checks.Cost {
			n, d := costs.Size(p.Data)
			q := min(n, d)
			return checks.Cost{Trial: 32*float64(n)*float64(2*n*q+n*n+25*q) + 7*costs.Eigenvalue(n), Size: fmt.Sprintf("n_k=%d", 32*n)}
		},
		Setup: setup(false),
		Controls: []checks.Control[randomLayer]{{
			Name: "half-the-samples", Why: "fewer neurons than samples cannot give full rank",
			At: []randomLayer{{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 3}, Delta: 0.1}}, Setup: setup(true),
		}},
	}
}
