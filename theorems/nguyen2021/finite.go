package nguyen2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/ladder"
)

// pyramid is a ladder of networks with one wide hidden layer.
type pyramid struct {
	L     int     `json:"l"`
	Wide  int     `json:"wide"`            // which hidden layer, 1..L-1
	Times float64 `json:"times"`           // its width over N, or over N log^2 N
	Log   bool    `json:"log,omitempty"`   // the latter
	Root  float64 `json:"root,omitempty"`  // the other widths and d over sqrt N
	Fixed int     `json:"fixed,omitempty"` // or their value, whatever N
	N     []int   `json:"n"`
}

// widths returns d and the hidden widths at N samples.
func (p pyramid) widths(n int) (d int, hidden []int) {
	size := float64(n)
	d, wide := int(math.Ceil(p.Root*math.Sqrt(size))), p.Times*size
	if p.Fixed > 0 {
		d = p.Fixed
	}
	if p.Log {
		wide *= math.Log(size) * math.Log(size)
	}
	for l := 1; l < p.L; l++ {
		hidden = append(hidden, d)
	}
	hidden[p.Wide-1] = int(math.Ceil(wide))
	return d, hidden
}

func (p pyramid) cost() checks.Cost {
	c := checks.Cost{}
	for _, n := range p.N {
		d, hidden := p.widths(n)
		c.Trial += float64(draws(p.N, n)) * (startCost(n, d, hidden) + 2*costs.Eigenvalue(n))
		c.Size = fmt.Sprintf("n_%d=%d", p.Wide, hidden[p.Wide-1])
	}
	return c
}

func (p pyramid) facts() []checks.Fact {
	last := p.N[len(p.N)-1]
	d, hidden := p.widths(last)
	size, wide := float64(last), float64(hidden[p.Wide-1])
	return []checks.Fact{
		checks.NewFact("largest N", size),
		checks.NewFact("d there", float64(d)),
		checks.NewFact("wide layer there", wide),
		checks.NewFact("wide layer over N log^2 N there", wide/(size*math.Log(size)*math.Log(size))),
	}
}

// ratio draws data and network and returns lambda_min of the limit kernel of all
// layers, at the factors of these widths, over lambda_min of the kernel at hand.
func (p pyramid) ratio(n int, r *rand.Rand) (float64, error) {
	d, hidden := p.widths(n)
	std := deep.HeStd(d, hidden)
	factors, err := kernel.NTKFactors(hidden, std)
	if err != nil {
		return 0, err
	}
	x, err := inputs("sphere", n, d, r)
	if err != nil {
		return 0, err
	}
	limit, err := positive(kernel.NTKWeighted(factors).Lambda0(x))
	if err != nil {
		return 0, err
	}
	k, err := deep.StartGram(x, deep.Config{Inputs: d, Hidden: hidden, Std: std}, r)
	if err != nil {
		return 0, err
	}
	lambda, err := positive(eig.Min(k))
	return limit / lambda, err
}

// oneWideLayer is the lower bound of Theorem 4.1.
//
// Setting: N inputs on the sphere of radius sqrt d; a ReLU network of L weight layers with He's
// initialisation beta_l^2 = 2/n_{l-1}; hidden layer w has width 4N, 8N or N log^2 N, wherever it stands, and d
// and the other widths are 3 to 12 sqrt N. Kbar is the tangent kernel at this width.
//
// Hypotheses: n_w of order N log N log(N/delta) with a hidden constant, and the narrow layers
// of larger order than N^{2/(r/2-0.1)} times logarithms, which sqrt N is for r >= 10.
//
// Conclusion: there is C with lambda_min(K) <= C lambda_min(Kbar), K the limit kernel on the same inputs with the
// factors that these widths and variances give its layers: the ratio of the two, that of a typical draw, does not drift
// upward as N grows. A drift exponent up to 0.2 counts as none. With the hypothesis broken it rises by N^{1.4} or more.
// The theorem has d prod_l (n_l/2) prod_{l != w+1} beta_l^2 on the left, which limit-lower puts below a multiple of
// lambda_min(K) for such inputs; against that formula the ratio still rises by N^{0.25} to N^{0.35} at these sizes, as
// the linear term of K is lost while N passes d.
//
// Constants: hidden (they may depend on L), so that nothing is refuted here.
//
// Convention: standard parametrisation; L counts weight layers. Kernels are drawn without the weights of layers wider than N, which
// has exactly their law (deep.StartGram); a rung of N below the top is the median of several draws.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 4.1, lower bound.
//
// Control: d and the narrow widths fixed while N grows, against the hypothesis on min n_l.
//
// Loose: the ratio falls a little as the widths grow with N, and a drift is told from none by 0.2.
func oneWideLayer() checks.Checkable {
	small := []int{6, 12, 24}
	large := []int{50, 100, 200, 300}
	setup := func(trials int, response string) func(pyramid) (checks.Instance, error) {
		return func(p pyramid) (checks.Instance, error) {
			return checks.Instance{
				Facts: p.facts(),
				Terms: checks.Terms{Resolution: drift, Trials: trials, Response: response},
				Trial: func(r *rand.Rand) checks.Measurement { return typical(p.N, p.ratio, r) },
			}, nil
		}
	}
	return checks.Claim[pyramid]{
		ID: "nguyen2021/one-wide-layer", Title: "one wide layer is enough", Reference: "Theorem 4.1",
		Formula:    `\exists C\colon\; \lambda_{\min}(K^{(L)}) \le C\,\lambda_{\min}(\bar K^{(L)})`,
		Convention: convention, Basis: checks.Derived, Form: checks.Bounded{}, Along: "samples $N$", Version: 3, Detects: map[string]float64{"": 0.4},
		Grid: []pyramid{
			{L: 3, Wide: 1, Times: 8, Root: 12, N: small},
			{L: 3, Wide: 2, Times: 8, Root: 12, N: small},
			{L: 3, Wide: 1, Times: 1, Log: true, Root: 4, N: []int{40, 80, 120, 160}},
			{L: 3, Wide: 1, Times: 4, Root: 4, N: large},
			{L: 3, Wide: 2, Times: 4, Root: 3, N: large},
			{L: 4, Wide: 2, Times: 4, Root: 6, N: large},
		},
		Cost:  pyramid.cost,
		Setup: setup(50, "median"),
		Controls: []checks.Control[pyramid]{{
			Name: "narrow-layers-fixed", Why: "with d and the narrow widths fixed the hypothesis on min n_l fails and lambda_min falls behind",
			At: []pyramid{
				{L: 3, Wide: 1, Times: 4, Fixed: 6, N: []int{8, 16, 32}},
				{L: 3, Wide: 2, Times: 4, Fixed: 6, N: []int{8, 16, 32}},
			},
			Setup: setup(30, "median"), // some draws are singular; few are enough
		}},
	}
}

type scales struct {
	Data   data.Spec `json:"data"`
	Hidden []int     `json:"hidden"`
	Scales []float64 `json:"scales"` // s_1..s_L
}

// homogeneity is the dependence of the tangent kernel on the weight variances.
//
// Setting: any inputs; a ReLU network with N(0,1) weights and any widths, its weight matrices
// multiplied by s_1..s_L > 0; Kbar = sum_k Kbar_k, one term a weight layer.
//
// Hypotheses: none.
//
// Conclusion: Kbar(s W) = sum_k (prod_{l != k} s_l^2) Kbar_k(W), entry by entry, so that each term of
// Theorem 4.1 depends on the variances exactly as stated.
//
// Constants: ours: F_{k-1} is homogeneous of degree one in each of W_1..W_{k-1}, B_k in each of
// W_{k+1}..W_L, and no gate changes. Rounding: an entry is a sum of products over d + n_1 + ... + n_L
// terms, and the network with all weights and inputs replaced by their magnitudes bounds the
// partial sums; the tolerance is 16 ulp a term of its largest entry. (A preactivation within rounding
// of zero could flip a gate; for Gaussian weights that has a probability of about 1e-13.)
//
// Convention: standard parametrisation, all layers trained.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 4.1 (its factors beta).
//
// Control: s_k^2 kept in the k-th term.
func homogeneity() checks.Checkable {
	setup := func(keep bool) func(scales) (checks.Instance, error) {
		return func(p scales) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if len(p.Scales) != len(p.Hidden)+1 {
				return checks.Instance{}, fmt.Errorf("%d scales for %d weight layers: give one a layer", len(p.Scales), len(p.Hidden)+1)
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.compare(set.X, keep, r) }}, nil
		}
	}
	return checks.Claim[scales]{
		ID: "nguyen2021/layer-homogeneity", Title: "weight scales factor out of the kernel", Reference: "Theorem 4.1",
		Formula:    `\bar K(s_1W_1,\dots,s_LW_L) = \sum_{k=1}^{L} \left(\prod_{l\ne k} s_l^2\right) \bar K_k(W)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) scales {
			p := scales{Data: spec(t, 6, 6), Hidden: rapid.SliceOfN(rapid.IntRange(1, 8), 1, 4).Draw(t, "hidden")}
			for range len(p.Hidden) + 1 {
				p.Scales = append(p.Scales, rapid.SampledFrom([]float64{1, 2, 0.1, 0.7, 30}).Draw(t, "scale"))
			}
			return p
		}),
		Grid: []scales{
			{Data: data.Spec{Kind: data.Sphere, N: 12, D: 6, Seed: 1}, Hidden: []int{20}, Scales: []float64{0.3, 7}},
			{Data: data.Spec{Kind: data.Sphere, N: 12, D: 6, Seed: 1}, Hidden: []int{7, 30, 9}, Scales: []float64{0.3, 7, 0.01, 2}},
			{Data: images.Hard(data.MNIST, 20, 49), Hidden: []int{40, 15}, Scales: []float64{5, 0.2, 3}},
		},
		Cost: func(p scales) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Trial: 4 * netCost(n, d, p.Hidden)}
		},
		Setup: setup(false),
		Controls: []checks.Control[scales]{{
			Name: "own-scale-kept", Why: "the gradient with respect to W_k does not contain W_k",
			At:    []scales{{Data: data.Spec{Kind: data.Sphere, N: 8, D: 6, Seed: 1}, Hidden: []int{16, 16}, Scales: []float64{0.5, 2, 3}}},
			Setup: setup(true),
		}},
	}
}

// compare returns the entry of the kernel that is farthest from its prediction; with keep,
// the prediction has the scale of layer k in its own term.
func (p scales) compare(x *mat.Dense, keep bool, r *rand.Rand) checks.Measurement {
	n, d := x.Dims()
	net, err := deep.New(deep.Config{Inputs: d, Hidden: p.Hidden}, r)
	if err != nil {
		return checks.Failed(err)
	}
	pass, err := net.NewPass(x)
	if err != nil {
		return checks.Failed(err)
	}
	want, term := mat.NewSymDense(n, nil), mat.NewSymDense(n, nil)
	for k := 1; k <= net.Depth(); k++ {
		factor := 1.0
		for l, s := range p.Scales {
			if l+1 != k || keep {
				factor *= s * s
			}
		}
		pass.GramTerm(term, k)
		term.ScaleSym(factor, term)
		want.AddSym(want, term)
	}
	terms := d
	for l, s := range p.Scales {
		floats.Scale(s, net.LayerParams(net.Params(), l+1))
		terms += net.Width(l + 1)
	}
	got, err := net.Gram(x)
	if err != nil {
		return checks.Failed(err)
	}
	for i, w := range net.Params() {
		net.Params()[i] = math.Abs(w)
	}
	var size mat.Dense
	size.Apply(func(_, _ int, v float64) float64 { return math.Abs(v) }, x)
	majorant, err := net.Gram(&size)
	if err != nil {
		return checks.Failed(err)
	}
	m := checks.Measurement{
		Relation: checks.Equal, Observed: got.At(0, 0), Predicted: want.At(0, 0),
		Tolerance: 16 * float64(terms) * unit * mat.Max(majorant),
	}
	for i := range n {
		for j := i; j < n; j++ {
			if math.Abs(got.At(i, j)-want.At(i, j)) > math.Abs(m.Observed-m.Predicted) {
				m.Observed, m.Predicted = got.At(i, j), want.At(i, j)
			}
		}
	}
	return m
}

// line is a ladder in one size of a network of three weight layers.
type line struct {
	Vary string `json:"vary"` // d, n1 or n2, which doubles from rung to rung
	N    int    `json:"n"`
	D    int    `json:"d"` // on the first rung, as n1 and n2
	N1   int    `json:"n1"`
	N2   int    `json:"n2"`
	// Less divides the rows by d^Less, against Assumption 2.1; NTK puts factors sqrt(2/n_l) after each hidden layer.
	Less float64 `json:"less,omitempty"`
	NTK  bool    `json:"ntk,omitempty"`
}

// along names the size that varies.
func (p line) along() string {
	if p.Vary == "d" {
		return "dimension $d$"
	}
	return "width $n_" + p.Vary[1:] + "$"
}

const lineRungs = 4

// at returns the size that varies, and the network, on rung i.
func (p line) at(i int) (size int, config deep.Config, err error) {
	grow := map[string]*int{"d": &p.D, "n1": &p.N1, "n2": &p.N2}[p.Vary]
	if grow == nil {
		return 0, config, fmt.Errorf("cannot vary %q: use d, n1 or n2", p.Vary)
	}
	*grow <<= i
	config = deep.Config{Inputs: p.D, Hidden: []int{p.N1, p.N2}}
	return *grow, config, nil
}

// finiteLinear is the power law of Theorem 4.1 in each size.
//
// Setting: N inputs on the sphere of radius sqrt d; a ReLU network of three weight layers with N(0,1)
// weights; one of d, n_1, n_2 doubles three times while the others stay.
//
// Hypotheses: those of Theorem 4.1, N log^2 N neurons in a layer with a hidden constant, and d of
// larger order than N; here n_1, n_2 >= 120N and d >= 160N throughout.
//
// Conclusion: lambda_min(Kbar) is linear in each of d, n_1 and n_2: log-log slope 1, to within
// 0.055. The left plot of the paper's Figure 2 shows (4/(n_1 n_2)) lambda_min(Kbar) against d.
//
// Constants: the exponents are the theorem's, the resolution is ours: the fluctuations of finite width
// still shrink at these sizes, which adds a per cent or two to the slope (0.06 at widths of 9N to 70N).
//
// Convention: standard parametrisation with beta_l = 1. The parameters of the paper's figure are not
// in its text. The kernel is drawn without the weights, which has exactly its law (deep.StartGram).
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 4.1 and Figure 2 (left).
//
// Control: rows of norm d^{0.4} while d grows, where the slope is 0.8; the factors sqrt(2/n_l) of the NTK
// parametrisation while n_1 or n_2 grows: the slope is then near 0.
func finiteLinear() checks.Checkable {
	return checks.Claim[line]{
		ID: "nguyen2021/finite-linear", Title: "finite kernel linear in d and in the widths", Reference: "Theorem 4.1, Figure 2",
		Formula: `\lambda_{\min}(\bar K^{(3)}) = \Theta(d\, n_1 n_2)`, Convention: convention,
		Basis: checks.Recalled, Form: checks.Scaling{}, Along: "the one of $d$, $n_1$, $n_2$ that grows", Version: 3,
		Grid: []line{
			{Vary: "d", N: 3, D: 480, N1: 1024, N2: 1024},
			{Vary: "n1", N: 3, D: 480, N1: 384, N2: 1536},
			{Vary: "n2", N: 3, D: 480, N1: 1536, N2: 384},
			{Vary: "d", N: 30, D: 4800, N1: 8000, N2: 8000},
		},
		Cost: func(p line) checks.Cost {
			c := checks.Cost{Size: fmt.Sprintf("n_1=%d", p.N1)}
			for i := range lineRungs {
				if _, config, err := p.at(i); err == nil {
					c.Trial += startCost(p.N, config.Inputs, config.Hidden)
				}
			}
			return c
		},
		Setup: func(p line) (checks.Instance, error) {
			if _, _, err := p.at(0); err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Exponent: 1, Relation: checks.Equal, Resolution: 0.055, Trials: 80, Along: p.along()},
				Trial: func(r *rand.Rand) checks.Measurement {
					return ladder.Pass(lineRungs, func(i int) (x, value float64, err error) {
						size, config, err := p.at(i)
						if err != nil {
							return 0, 0, err
						}
						lambda, err := startLambda("sphere", p.N, config, r)
						// The kernel is quadratic in the inputs, and in the factors.
						lambda /= math.Pow(float64(config.Inputs), 2*p.Less)
						if p.NTK {
							lambda *= 4 / float64(config.Hidden[0]*config.Hidden[1])
						}
						return float64(size), lambda, err
					})
				},
			}, nil
		},
		Controls: []checks.Control[line]{
			{
				Name: "shorter-rows", Why: "the kernel is quadratic in the inputs: unless their norms grow with d it does not",
				At: []line{{Vary: "d", N: 3, D: 480, N1: 1024, N2: 1024, Less: 0.1}},
			},
			{
				Name: "ntk-factors", Why: "the factors sqrt(2/n_l) take the growth with the width away",
				At: []line{{Vary: "n1", N: 3, D: 480, N1: 96, N2: 384, NTK: true}, {Vary: "n2", N: 3, D: 480, N1: 384, N2: 96, NTK: true}},
			},
		},
	}
}
