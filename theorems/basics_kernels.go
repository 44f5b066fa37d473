package theorems

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
)

// A basicsLimit is a limit kernel with the function whose expected products it
// is: phi for a feature kernel, phi' for a derivative kernel.
type basicsLimit struct {
	kernel.Kernel
	f          func(z float64) float64
	derivative bool // times x . x'
	degree     int  // of homogeneity, for an f with a kink or jump; -1 if f is smooth
}

func basicsLimits() []basicsLimit {
	step := func(z float64) float64 {
		if z >= 0 {
			return 1
		}
		return 0
	}
	relu := func(z float64) float64 { return math.Max(z, 0) }
	leaky := func(z float64) float64 { return math.Max(z, 0) + 0.1*math.Min(z, 0) }
	slope := func(z float64) float64 { return 0.1 + 0.9*step(z) }
	gauss := func(z float64) float64 { return 2 / math.SqrtPi * math.Exp(-z*z) }
	square := func(z float64) float64 { return z * z }
	double := func(z float64) float64 { return 2 * z }
	same := func(z float64) float64 { return z }
	return []basicsLimit{
		{kernel.ReLU(), step, true, 0},
		{kernel.ReLUFeature(), relu, false, 1},
		{kernel.LeakyReLU(0.1), slope, true, 0},
		{kernel.LeakyReLUFeature(0.1), leaky, false, 1},
		{kernel.StepFeature(), step, false, 0},
		{kernel.Identity(), same, false, -1},
		{kernel.Square(), double, true, -1},
		{kernel.SquareFeature(), square, false, -1},
		{kernel.HalfSquare(), same, true, -1},
		{kernel.Cubic(), func(z float64) float64 { return 3 * z * z }, true, -1},
		{kernel.CubicFeature(), func(z float64) float64 { return z * z * z }, false, -1},
		{kernel.Erf(), gauss, true, -1},
		{kernel.ErfFeature(), math.Erf, false, -1},
		{kernel.Sine(), math.Cos, true, -1},
		{kernel.SineFeature(), math.Sin, false, -1},
		{kernel.Cosine(), math.Sin, true, -1},
		{kernel.CosineFeature(), math.Cos, false, -1},
	}
}

func basicsLimitNames() []string {
	var names []string
	for _, k := range basicsLimits() {
		names = append(names, k.Name())
	}
	return names
}

func basicsLimitNamed(name string) (basicsLimit, error) {
	for _, k := range basicsLimits() {
		if k.Name() == name {
			return k, nil
		}
	}
	return basicsLimit{}, fmt.Errorf("unknown kernel %q: use one of %v", name, basicsLimitNames())
}

// A basicsPoint is a kernel at two inputs.
type basicsPoint struct {
	Kernel string  `json:"kernel"`
	R      float64 `json:"r"`  // cosine of the angle
	NormX  float64 `json:"nx"` // 0 means 1
	NormY  float64 `json:"ny"`
}

func (p basicsPoint) pair() (kernel.Pair, error) {
	if !(p.R >= -1 && p.R <= 1) || p.NormX < 0 || p.NormY < 0 {
		return kernel.Pair{}, fmt.Errorf("r=%v nx=%v ny=%v: give -1 <= r <= 1 and norms >= 0", p.R, p.NormX, p.NormY)
	}
	pair := kernel.UnitPair(p.R)
	if p.NormX > 0 {
		pair.NormX = p.NormX
	}
	if p.NormY > 0 {
		pair.NormY = p.NormY
	}
	return pair, nil
}

// quadrature integrates f(w . x) f(w . x') over a plane Gaussian w.
func (k basicsLimit) quadrature(p kernel.Pair) float64 {
	e := k.smooth(p)
	if k.degree >= 0 {
		e = k.polar(p)
	}
	if k.derivative {
		e *= p.Dot()
	}
	return e
}

// smooth uses Gauss-Legendre rules on 24 panels of [-10, 10] in both directions.
func (k basicsLimit) smooth(p kernel.Pair) float64 {
	const panels, order, end = 24, 10, 10.0
	var xs, ws []float64
	x, w := make([]float64, order), make([]float64, order)
	for i := range panels {
		width := 2 * end / panels
		low := -end + width*float64(i)
		quad.Legendre{}.FixedLocations(x, w, low, low+width)
		for j := range x {
			xs = append(xs, x[j])
			ws = append(ws, w[j]*math.Exp(-x[j]*x[j]/2)/math.Sqrt(2*math.Pi))
		}
	}
	var sum float64
	for i, u := range xs {
		var inner float64
		for j, v := range xs {
			inner += ws[j] * k.f(p.NormY*(p.Cos*u+p.Sin*v))
		}
		sum += ws[i] * k.f(p.NormX*u) * inner
	}
	return sum
}

// polar integrates over the direction of w, piece by piece between the lines
// where f is not smooth; E|w|^2 = 2.
func (k basicsLimit) polar(p kernel.Pair) float64 {
	half := math.Pi / 2
	ends := []float64{-math.Pi, math.Pi}
	for _, c := range []float64{half, -half, p.Angle + half, p.Angle - half} {
		ends = append(ends, math.Remainder(c, 2*math.Pi))
	}
	slices.Sort(ends)
	const order = 24
	x, w := make([]float64, order), make([]float64, order)
	var sum float64
	for i := 1; i < len(ends); i++ {
		if ends[i] == ends[i-1] {
			continue
		}
		quad.Legendre{}.FixedLocations(x, w, ends[i-1], ends[i])
		for j, a := range x {
			sum += w[j] * k.f(math.Cos(a)) * k.f(math.Cos(a-p.Angle))
		}
	}
	sum /= 2 * math.Pi
	if k.degree == 1 {
		sum *= 2 * p.NormX * p.NormY
	}
	return sum
}

// basicsKernelForms holds the closed forms of the limit kernels to quadrature.
//
// Setting: inputs x, x' of any norm with cosine r; w ~ N(0, I); an activation
// phi.
//
// Hypotheses: none.
//
// Conclusion: E[phi(w.x) phi(w.x')] and x.x' E[phi'(w.x) phi'(w.x')] equal the
// closed forms of package kernel: ReLU r(pi - arccos r)/(2 pi) and (sqrt(1-r^2) +
// r(pi - arccos r))/(2 pi) at unit norm, erf (2/pi) arcsin(2 x.x'/sqrt((1+2|x|^2)
// (1+2|x'|^2))), and so on for step, leaky ReLU, identity, z^2, z^3, sin and cos.
//
// Constants: identities. Smooth functions are integrated by Gauss-Legendre rules
// on panels in the plane, others over the direction of w between their kinks. The
// tolerance is 1e-12 of the kernel at the longer input.
//
// Convention: no 1/sqrt(d): w has unit variance in every direction.
//
// Reference: Cho and Saul 2009, Williams 1997; card 90.9.
//
// Control: without the 1/(2 pi) of the arc-cosine kernels nothing fits.
func basicsKernelForms() checks.Claim[basicsPoint] {
	setup := func(factor float64) func(basicsPoint) (checks.Instance, error) {
		return func(p basicsPoint) (checks.Instance, error) {
			k, err := basicsLimitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			pair, err := p.pair()
			if err != nil {
				return checks.Instance{}, err
			}
			longer := kernel.UnitPair(1)
			longer.NormX = math.Max(pair.NormX, pair.NormY)
			longer.NormY = longer.NormX
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.Measurement{Observed: k.quadrature(pair), Predicted: factor * k.Of(pair), Relation: checks.Equal, Tolerance: 1e-12 * k.Of(longer)}
				},
			}, nil
		}
	}
	var grid []basicsPoint
	for _, name := range basicsLimitNames() {
		for _, r := range []float64{-0.9, 0.3, 1} {
			grid = append(grid, basicsPoint{Kernel: name, R: r})
		}
		grid = append(grid, basicsPoint{name, 0.5, 1.5, 0.7})
	}
	return checks.Claim[basicsPoint]{
		ID: "basics/kernel-forms", Title: "closed forms of the limit kernels",
		Reference:  "card 90.9",
		Formula:    `\mathbb{E}[\phi'(w^T x)\phi'(w^T x')]\, x^T x' = \frac{r(\pi - \arccos r)}{2\pi} \text{ (ReLU)}, \ldots`,
		Convention: "w ~ N(0, I)",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsPoint {
			return basicsPoint{
				Kernel: rapid.SampledFrom(basicsLimitNames()).Draw(t, "kernel"),
				R:      rapid.Float64Range(-1, 1).Draw(t, "r"),
				NormX:  rapid.Float64Range(0.1, 2).Draw(t, "nx"),
				NormY:  rapid.Float64Range(0.1, 2).Draw(t, "ny"),
			}
		}),
		Grid:  grid,
		Cost:  func(basicsPoint) checks.Cost { return checks.Cost{Trial: 4e5} },
		Setup: setup(1),
		Controls: []checks.Control[basicsPoint]{{
			Name: "without-2-pi", Why: "the angle over pi in place of 2 pi doubles the ReLU kernels, without it they grow by 6.28",
			At:    []basicsPoint{{Kernel: kernel.ReLU().Name(), R: 0.3}, {Kernel: kernel.ReLUFeature().Name(), R: -0.9}},
			Setup: setup(2 * math.Pi),
		}},
	}
}

// A basicsEntry is a Gram entry of a random network on two unit inputs.
type basicsEntry struct {
	Act   string  `json:"act"`
	Layer int     `json:"layer"` // trained layer: 1 or 2
	R     float64 `json:"r"`
	Width int     `json:"m"`
}

// basicsKernelMean holds the limit kernels to random networks.
//
// Setting: a two-layer network with m neurons w_r ~ N(0, I_3), |a_r| = 1, on two
// unit inputs with inner product r.
//
// Hypotheses: none; any width m.
//
// Conclusion: the mean of the Gram entry H_12(0) of the first layer is the
// derivative kernel at r, of the second layer the feature kernel at r, exactly
// at every width.
//
// Constants: identities; the neurons are identically distributed. Judged is the
// mean over initialisations, to a resolution of 3 %.
//
// Convention: 1/sqrt(m) scaling.
//
// Reference: card 90.9.
//
// Control: weights of variance 1/3 (one over the dimension) make another kernel
// for erf; without 1/(2 pi) the ReLU kernel is off by 6.28.
func basicsKernelMean() checks.Claim[basicsEntry] {
	setup := func(kappa, factor float64) func(basicsEntry) (checks.Instance, error) {
		return func(p basicsEntry) (checks.Instance, error) {
			act, err := nets.ActivationNamed(p.Act)
			if err != nil {
				return checks.Instance{}, err
			}
			name, layers := p.Act, nets.FirstLayer
			if p.Layer == 2 {
				layers = nets.SecondLayer
				if p.Act != "identity" {
					name += "-feature"
				}
			}
			k, err := basicsLimitNamed(name)
			if err != nil {
				return checks.Instance{}, err
			}
			law := nets.Init{Width: p.Width, Dim: 3, Act: act, Kappa: kappa}
			if err := law.Validate(); err != nil {
				return checks.Instance{}, err
			}
			x := mat.NewDense(2, 3, []float64{1, 0, 0, p.R, math.Sqrt(1 - p.R*p.R), 0})
			predicted := factor * k.At(p.R)
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.03},
				Facts: []checks.Fact{basicsFact("kernel", k.At(p.R))},
				Trial: func(r *rand.Rand) checks.Measurement {
					batch, net := nets.NewBatch(x, p.Width), law.Draw(r)
					batch.Forward(net)
					h := mat.NewSymDense(2, nil)
					batch.Gram(h, net, layers)
					return checks.Measurement{Observed: h.At(0, 1), Predicted: predicted, Relation: checks.Equal, Tolerance: 1e-13}
				},
			}, nil
		}
	}
	return checks.Claim[basicsEntry]{
		ID: "basics/kernel-mean", Title: "limit kernels are the mean Gram entries at every width",
		Reference:  "card 90.9",
		Formula:    `\mathbb{E}\, H_{ij}(0) = H^\infty_{ij}`,
		Convention: "1/sqrt(m) scaling, w ~ N(0, I)",
		Basis:      checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []basicsEntry{
			{"relu", 1, 0.5, 1000}, {"relu", 1, -0.8, 1000}, {"relu", 2, 0.5, 1000}, {"erf", 1, 0.7, 1000},
			{"erf", 2, 0.7, 1000}, {"square", 2, 0.5, 2000}, {"sin", 1, 0.5, 1000}, {"identity", 2, 0.8, 1000},
		},
		Cost:  func(p basicsEntry) checks.Cost { return checks.Cost{Trial: 120 * float64(p.Width)} },
		Setup: setup(1, 1),
		Controls: []checks.Control[basicsEntry]{{
			Name: "variance-one-over-d", Why: "erf is not homogeneous: smaller weights see its linear part",
			At: []basicsEntry{{"erf", 2, 0.7, 1000}}, Setup: setup(1/math.Sqrt(3), 1),
		}, {
			Name: "without-2-pi", Why: "the prediction is 6.28 times too large",
			At: []basicsEntry{{"relu", 1, 0.5, 1000}}, Setup: setup(1, 2*math.Pi),
		}},
	}
}

// A basicsSeries is a truncated power series of a kernel at one cosine.
type basicsSeries struct {
	Kernel string  `json:"kernel"`
	R      float64 `json:"r"`
	Terms  int     `json:"terms"`
}

// basicsPowerSeries sums the power series of the limit kernels.
//
// Setting: a limit kernel h(r) = sum_k a_k r^k on unit inputs with inner product
// r, a_k >= 0 the squares of Hermite coefficients.
//
// Hypotheses: none.
//
// Conclusion: 0 <= a_k, and |h(r) - sum_{k<K} a_k r^k| <= |r|^K (h(1) - sum_{k<K}
// a_k).
//
// Constants: e.g. ReLU H^inf: a_1 = 1/4, a_{2j+2} = binom(2j,j) 4^{-j}/(2 pi
// (2j+1)); the sum of all a_k is h(1) (Mehler), so that the tail bound is
// rigorous and its size is the numeric error of the comparison. With 60 terms
// it is below 1e-9 at |r| = 0.9, with 200 below rounding.
//
// Convention: unit inputs.
//
// Reference: card 90.10.
//
// Control: a_2 doubled.
func basicsPowerSeries() checks.Claim[basicsSeries] {
	setup := func(spoil func(a []float64)) func(basicsSeries) (checks.Instance, error) {
		return func(p basicsSeries) (checks.Instance, error) {
			k, err := basicsLimitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			if p.Terms < 1 || !(p.R >= -1 && p.R <= 1) {
				return checks.Instance{}, fmt.Errorf("terms=%d r=%v: give terms >= 1 and -1 <= r <= 1", p.Terms, p.R)
			}
			a := k.Coefficients(p.Terms)
			sum, least := 0.0, a[0]
			for _, c := range a {
				sum += c
				least = math.Min(least, c)
			}
			tail := math.Max(0, k.At(1)-sum) * math.Pow(math.Abs(p.R), float64(p.Terms))
			spoil(a)
			series := 0.0
			for i := len(a) - 1; i >= 0; i-- {
				series = series*p.R + a[i]
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{basicsFact("sum of the coefficients", sum), basicsFact("h(1)", k.At(1)), basicsFact("tail bound", tail)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.All(
						checks.Measurement{Part: "series", Observed: series, Predicted: k.At(p.R), Relation: checks.Equal, Tolerance: 1e-14 * k.At(1), Error: tail},
						checks.Measurement{Part: "coefficients not negative", Observed: least, Predicted: 0, Relation: checks.AtLeast},
					)
				},
			}, nil
		}
	}
	keep := func([]float64) {}
	var grid []basicsSeries
	for _, name := range basicsLimitNames() {
		grid = append(grid, basicsSeries{name, 0.75, 60}, basicsSeries{name, -0.9, 200})
	}
	return checks.Claim[basicsSeries]{
		ID: "basics/power-series", Title: "power series of the limit kernels",
		Reference:  "card 90.10",
		Formula:    `h(r) = \sum_{k \ge 0} a_k r^k,\quad a_k \ge 0`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsSeries {
			return basicsSeries{
				Kernel: rapid.SampledFrom(basicsLimitNames()).Draw(t, "kernel"),
				R:      rapid.Float64Range(-1, 1).Draw(t, "r"),
				Terms:  rapid.IntRange(1, 100).Draw(t, "terms"),
			}
		}),
		Grid:  grid,
		Setup: setup(keep),
		Controls: []checks.Control[basicsSeries]{{
			Name: "double-second-coefficient", Why: "the series gains a_2 r^2",
			At:    []basicsSeries{{kernel.ReLU().Name(), 0.5, 60}, {kernel.ReLUFeature().Name(), 0.5, 60}},
			Setup: setup(func(a []float64) { a[2] *= 2 }),
		}},
	}
}

// A basicsHadamardSet is a kernel on a data set with the powers to be used.
type basicsHadamardSet struct {
	Data    data.Spec `json:"data"`
	Kernel  string    `json:"kernel"`
	Degrees []int     `json:"degrees,omitempty"`
	Last    int       `json:"last,omitempty"` // in place of Degrees: all from 1 to Last
}

func (p basicsHadamardSet) degrees() []int {
	out := p.Degrees
	for k := 1; k <= p.Last; k++ {
		out = append(out, k)
	}
	return out
}

// basicsHadamardLower bounds lambda_0 by entrywise powers of the Gram matrix.
//
// Setting: n unit inputs, G = X X^T, a kernel matrix K_ij = sum_k a_k G_ij^k with
// a_k >= 0.
//
// Hypotheses: none.
//
// Conclusion: lambda_min(K) >= sum_{k in S} a_k lambda_min(G^{o k}) for every set
// S of degrees. In particular lambda_0(ReLU H^inf) >= lambda_min(G)/4 +
// lambda_min(G^{o 2})/(2 pi): positive for generic n <= d, and n <= d(d+1)/2.
//
// Constants: Schur: every entrywise power is positive semidefinite, and
// lambda_min is superadditive. Equality for orthonormal inputs once S holds
// every degree. The tolerance is the proved error of the eigenvalues.
//
// Convention: unit inputs.
//
// Reference: card 90.10.
//
// Control: on orthonormal inputs a_2 of the ReLU doubled claims 0.64 > 0.5, and
// an even term 0.1 r^2 for erf 0.565 > 0.465.
func basicsHadamardLower() checks.Claim[basicsHadamardSet] {
	setup := func(extra float64) func(basicsHadamardSet) (checks.Instance, error) {
		return func(p basicsHadamardSet) (checks.Instance, error) {
			k, err := basicsLimitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := k.Lambda0(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			bound, tol, err := basicsHadamardSum(k, set.X, p.degrees(), extra)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{basicsFact("lambda_0", lambda.Value), basicsFact("lower bound", bound)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.Measurement{Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast, Tolerance: lambda.Err + tol}
				},
			}, nil
		}
	}
	relu, erf, feature := kernel.ReLU().Name(), kernel.ErfFeature().Name(), kernel.ReLUFeature().Name()
	frame := data.Spec{Kind: data.Orthonormal, N: 6, D: 8}
	grid := []basicsHadamardSet{
		{Data: frame, Kernel: erf, Last: 40}, {frame, kernel.HalfSquare().Name(), []int{2}, 0}, {Data: frame, Kernel: relu, Last: 60},
		{data.Spec{Kind: data.Sphere, N: 8, D: 10}, relu, []int{1, 2}, 0}, {data.Spec{Kind: data.Sphere, N: 20, D: 10}, relu, []int{1, 2}, 0},
		{data.Spec{Kind: data.Sphere, N: 20, D: 10}, feature, []int{0, 1, 2, 4, 6, 8, 10}, 0},
		{data.Spec{Kind: data.HalfCircle, N: 8}, erf, []int{1, 3, 5, 7, 9}, 0},
	}
	for _, s := range basicsImages(40, 196) {
		grid = append(grid, basicsHadamardSet{s, relu, []int{1, 2, 4, 8, 16}, 0})
	}
	return checks.Claim[basicsHadamardSet]{
		ID: "basics/hadamard-lower", Title: "λ₀ from entrywise powers of the Gram matrix",
		Reference:  "card 90.10",
		Formula:    `\lambda_{\min}(K) \ge \sum_{k \in S} a_k \lambda_{\min}(G^{\odot k})`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsHadamardSet {
			return basicsHadamardSet{
				Data:    gen.Specs(gen.Range{MinN: 1, MaxN: 12, MinD: 1, MaxD: 8}).Draw(t, "data"),
				Kernel:  rapid.SampledFrom(basicsLimitNames()).Draw(t, "kernel"),
				Degrees: rapid.SliceOfNDistinct(rapid.IntRange(0, 12), 1, 5, rapid.ID[int]).Draw(t, "degrees"),
			}
		}),
		Grid: grid,
		OnData: func(f checks.DataFile) []basicsHadamardSet {
			return []basicsHadamardSet{{basicsFile(f, 60), relu, []int{1, 2, 4, 8, 16}, 0}}
		},
		Cost: func(p basicsHadamardSet) checks.Cost {
			n, d := basicsSize(p.Data)
			return checks.Cost{Setup: n*n*(4*d+60) + float64(len(p.Degrees)+p.Last+2)*40*n*n*n, Trial: 1, Size: fmt.Sprintf("n=%v", n)}
		},
		Setup: setup(0),
		Controls: []checks.Control[basicsHadamardSet]{{
			Name: "second-coefficient-too-large", Why: "on orthonormal inputs the bound is attained, so any larger a_2 breaks it",
			At:    []basicsHadamardSet{{Data: frame, Kernel: relu, Last: 60}, {Data: frame, Kernel: erf, Last: 40}},
			Setup: setup(0.1),
		}},
	}
}

// basicsHadamardSum is sum_{k in S} (a_k + extra [k = 2]) lambda_min(G^{o k}) and
// a bound on its rounding.
func basicsHadamardSum(k basicsLimit, x *mat.Dense, degrees []int, extra float64) (bound, tolerance float64, err error) {
	g, err := kernel.Identity().Gram(x)
	if err != nil {
		return 0, 0, err
	}
	n, d := x.Dims()
	entry := kernel.Identity().EntryError(d, 1)
	for _, degree := range degrees {
		if degree < 0 {
			return 0, 0, fmt.Errorf("degree %d: give degrees >= 0", degree)
		}
		power := mat.NewSymDense(n, nil)
		for i := range n {
			for j := i; j < n; j++ {
				power.SetSym(i, j, math.Pow(g.At(i, j), float64(degree)))
			}
		}
		s, err := eig.All(power)
		if err != nil {
			return 0, 0, err
		}
		a := k.Coefficient(degree)
		if degree == 2 {
			a += extra
		}
		bound += a * math.Max(0, s.Values[0])
		tolerance += a * (s.Err + float64(n)*float64(degree+1)*entry)
	}
	return bound, tolerance, nil
}

// basicsGershgorinLower bounds lambda_0 by the largest cosine.
//
// Setting: n >= 2 unit inputs, rho = max_{i != j} |x_i . x_j|, a kernel sum_k
// a_k r^k.
//
// Hypotheses: none.
//
// Conclusion: lambda_min(K) >= sum_k a_k (1 - (n-1) rho^k)_+, here with 200
// terms.
//
// Constants: Gershgorin for every entrywise power, and superadditivity.
// Equality for orthonormal inputs.
//
// Convention: unit inputs.
//
// Reference: cards 90.10 and 00.2.
//
// Control: half of rho in its place, on one tight cluster, is refuted.
func basicsGershgorinLower() checks.Claim[basicsKernelSet] {
	setup := func(share float64) func(basicsKernelSet) (checks.Instance, error) {
		return func(p basicsKernelSet) (checks.Instance, error) {
			k, err := basicsLimitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := k.Lambda0(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			sep, err := kernel.Separate(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			// rho carries the rounding of the inner products; a larger one is weaker.
			rho := math.Min(1, share*sep.Rho+kernel.Identity().EntryError(set.D(), 1))
			bound := bounds.PowerSeriesLowerBound(k.Coefficients(200), set.N(), rho)
			inst := checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{basicsFact("lambda_0", lambda.Value), basicsFact("lower bound", bound), basicsFact("rho", sep.Rho)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.Measurement{Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast, Tolerance: lambda.Err}
				},
			}
			if bound == 0 {
				inst.Trivial = "every Gershgorin factor is negative: the inputs are too close for 200 terms"
			}
			return inst, nil
		}
	}
	relu, erf, feature := kernel.ReLU().Name(), kernel.ErfFeature().Name(), kernel.ReLUFeature().Name()
	frame := data.Spec{Kind: data.Basis, N: 6, D: 6}
	cluster := data.Spec{Kind: data.Cluster, N: 20, D: 5, Spread: 0.1}
	grid := []basicsKernelSet{
		{frame, erf}, {frame, relu}, {frame, kernel.Square().Name()}, {data.Spec{Kind: data.Sphere, N: 10, D: 20}, relu},
		{data.Spec{Kind: data.Sphere, N: 20, D: 10}, relu}, {data.Spec{Kind: data.Sphere, N: 20, D: 10}, feature}, {cluster, relu},
	}
	for _, s := range basicsImages(40, 196) {
		grid = append(grid, basicsKernelSet{s, relu})
	}
	return checks.Claim[basicsKernelSet]{
		ID: "basics/gershgorin-lower", Title: "λ₀ from the largest cosine",
		Reference:  "card 90.10",
		Formula:    `\lambda_{\min}(K) \ge \sum_k a_k \left(1 - (n-1)\rho^k\right)_+`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsKernelSet {
			return basicsKernelSet{
				Data:   gen.Separated(gen.Range{MinN: 2, MaxN: 14, MinD: 2, MaxD: 10}).Draw(t, "data"),
				Kernel: rapid.SampledFrom(basicsLimitNames()).Draw(t, "kernel"),
			}
		}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []basicsKernelSet { return []basicsKernelSet{{basicsFile(f, 100), relu}} },
		Cost:   basicsKernelSetCost,
		Setup:  setup(1),
		Controls: []checks.Control[basicsKernelSet]{{
			Name: "half-of-rho", Why: "a tight cluster has rho near 1; half of it promises far too much",
			At: []basicsKernelSet{{cluster, relu}}, Setup: setup(0.5),
		}},
	}
}

// A basicsKernelSet is a kernel on a data set.
type basicsKernelSet struct {
	Data   data.Spec `json:"data"`
	Kernel string    `json:"kernel"`
}

func basicsKernelSetCost(p basicsKernelSet) checks.Cost {
	n, d := basicsSize(p.Data)
	return checks.Cost{Setup: 2*n*n*(4*d+60) + 40*n*n*n, Trial: 1, Size: fmt.Sprintf("n=%v", n)}
}

// A basicsDataset is a data set alone.
type basicsDataset struct {
	Data data.Spec `json:"data"`
}

func basicsDatasetCost(p basicsDataset) checks.Cost {
	return basicsKernelSetCost(basicsKernelSet{Data: p.Data})
}

func basicsDatasets(minN, maxN int) *rapid.Generator[basicsDataset] {
	return rapid.Custom(func(t *rapid.T) basicsDataset {
		return basicsDataset{gen.Specs(gen.Range{MinN: minN, MaxN: maxN, MinD: 1, MaxD: 8}).Draw(t, "data")}
	})
}

func basicsFewData(f checks.DataFile) []basicsDataset { return []basicsDataset{{basicsFile(f, 100)}} }

// basicsNearAntipodes are three pairs of almost antipodal points in the plane,
// far apart otherwise.
func basicsNearAntipodes() data.Spec {
	const off = 1e-5
	return data.Spec{Kind: data.Angles, Angles: []float64{0, math.Pi + off, math.Pi / 3, 4*math.Pi/3 - off, 2 * math.Pi / 3, 5*math.Pi/3 + off/2}}
}

// basicsSeparationLower bounds lambda_0 by the separation, with a constant.
//
// Setting: n >= 2 unit inputs, delta_s = min_{i != j} min(||x_i - x_j||, ||x_i +
// x_j||), ReLU H^inf.
//
// Hypotheses: none; for parallel inputs the bound is 0 and says nothing.
//
// Conclusion: lambda_0 >= e^{-g^2/2} delta_s/(16 n (n-1)), g = delta_s
// sqrt(pi/2)/(2(n-1)), and hence lambda_0 >= delta_s/(16 n^2).
//
// Constants: derived. For a unit vector v take i with v_i^2 >= 1/n and write w =
// t x_i + w'. With probability at least 1/2 every |w'.x_j| exceeds g |x_i.x_j|;
// with probability at least sqrt(2/pi) g e^{-g^2/2} also |t| <= g. Then the sign
// of t alone decides 1{w.x_i >= 0}, which contributes v_i^2/4. The literature
// quotes delta/(100 n^2) (recalled). Observed ratios lambda_0 n^2/delta_s are at
// least 2/pi, attained by two points that meet, where the bound has 1/16.
//
// Convention: ReLU derivative kernel, unit inputs.
//
// Reference: Oymak and Soltanolkotabi 2019 for the form; card 90.11.
//
// Control: the constant 1 in place of 1/16 fails for two close points; the chord
// min ||x_i - x_j|| in place of delta_s fails for d+1 pairs of near antipodes.
func basicsSeparationLower() checks.Claim[basicsDataset] {
	type bound func(n int, s kernel.Separation) (sharp, simple float64)
	setup := func(claimed bound) func(basicsDataset) (checks.Instance, error) {
		return func(p basicsDataset) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := kernel.ReLU().Lambda0(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			sep, err := kernel.Separate(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			n := float64(set.N())
			sharp, simple := claimed(set.N(), sep)
			inst := checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{
					basicsFact("lambda_0", lambda.Value), basicsFact("lambda_0, error bound", lambda.Err), basicsFact("separation", sep.Both),
					basicsFact("lambda_0 n^2/separation", lambda.Value*n*n/sep.Both), basicsFact("bound from the largest cosine", bounds.SeriesLowerBound(set.N(), sep.Rho, 0)),
				},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.All(
						checks.Measurement{Part: "sharp", Observed: lambda.Value, Predicted: sharp, Relation: checks.AtLeast, Error: lambda.Err},
						checks.Measurement{Part: "1/16", Observed: lambda.Value, Predicted: simple, Relation: checks.AtLeast, Error: lambda.Err},
					)
				},
			}
			if sep.Both == 0 {
				inst.Trivial = "two inputs are parallel: the bound is 0"
			}
			return inst, nil
		}
	}
	pair := func(angle float64) basicsDataset {
		return basicsDataset{data.Spec{Kind: data.Angles, Angles: []float64{0, angle}}}
	}
	grid := []basicsDataset{
		pair(0.01), pair(0.1), pair(1.5),
		{data.Spec{Kind: data.Sphere, N: 10, D: 5}}, {data.Spec{Kind: data.Sphere, N: 20, D: 10}}, {data.Spec{Kind: data.Sphere, N: 50, D: 20}},
		{data.Spec{Kind: data.Cluster, N: 10, D: 5, Spread: 0.05}}, {data.Spec{Kind: data.HalfCircle, N: 50}}, {basicsNearAntipodes()},
	}
	for _, s := range append(basicsImages(60, 196), basicsImages(60, 784)...) {
		grid = append(grid, basicsDataset{s})
	}
	return checks.Claim[basicsDataset]{
		ID: "basics/separation-lower", Title: "λ₀ from the separation, with a constant",
		Reference:  "card 90.11",
		Formula:    `\lambda_0 \ge e^{-g^2/2} \frac{\delta_s}{16 n(n-1)} \ge \frac{\delta_s}{16 n^2}`,
		Convention: "ReLU derivative kernel, unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  basicsDatasets(2, 12),
		Grid:   grid,
		OnData: basicsFewData,
		Cost:   basicsDatasetCost,
		Setup: setup(func(n int, s kernel.Separation) (float64, float64) {
			return bounds.SeparationLowerBound(n, s.Both), bounds.SimpleSeparationLowerBound(n, s.Both)
		}),
		Controls: []checks.Control[basicsDataset]{{
			Name: "constant-one", Why: "two points at distance 0.1 have ratio 0.73",
			At: []basicsDataset{pair(0.1), pair(0.01)},
			Setup: setup(func(n int, s kernel.Separation) (float64, float64) {
				return bounds.SeparationLowerBound(n, s.Both), 16 * bounds.SimpleSeparationLowerBound(n, s.Both)
			}),
		}, {
			Name: "chord-alone", Why: "three pairs of near antipodes in the plane are nearly dependent although no two points are close",
			At: []basicsDataset{{basicsNearAntipodes()}},
			Setup: setup(func(n int, s kernel.Separation) (float64, float64) {
				return bounds.SeparationLowerBound(n, s.Chord), bounds.SimpleSeparationLowerBound(n, s.Chord)
			}),
		}},
	}
}

// basicsPairUpper bounds lambda_0 by the closest pair.
//
// Setting: n >= 2 unit inputs, ReLU H^inf.
//
// Hypotheses: none.
//
// Conclusion: lambda_0 <= min_{i != j} (1/2 - |H^inf_ij|); for a close pair at
// angle t this is t/(2 pi) + O(t^2).
//
// Constants: sharp: Cauchy interlacing with the 2 x 2 minors, equality for two
// inputs. With basics/separation-lower this puts lambda_0 between 0.0625
// delta_s/n^2 and about delta_s/(2 pi) when the closest pair is a near
// duplicate. One pair of near antipodes does not make lambda_0 small.
//
// Convention: ReLU derivative kernel, unit inputs.
//
// Reference: card 90.11.
//
// Control: half of the bound fails for two inputs.
func basicsPairUpper() checks.Claim[basicsDataset] {
	setup := func(share float64) func(basicsDataset) (checks.Instance, error) {
		return func(p basicsDataset) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := kernel.ReLU().Lambda0(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			pairs, err := kernel.Pairs(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			least, angle := math.Inf(1), 0.0
			for i := range set.N() {
				for j := range i {
					if b := bounds.PairUpperBound(pairs(i, j).Angle); b < least {
						least, angle = b, pairs(i, j).Angle
					}
				}
			}
			return checks.Instance{
				Terms:      checks.Terms{Trials: 1}, // nothing is random
				Hypotheses: []checks.Hypothesis{checks.Require("inputs", float64(set.N()), checks.AtLeast, 2)},
				Facts:      []checks.Fact{basicsFact("lambda_0", lambda.Value), basicsFact("angle of the decisive pair", angle)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.Measurement{Observed: lambda.Value, Predicted: share * least, Tolerance: lambda.Err}
				},
			}, nil
		}
	}
	pair := func(angle float64) basicsDataset {
		return basicsDataset{data.Spec{Kind: data.Angles, Angles: []float64{0, angle}}}
	}
	grid := []basicsDataset{
		pair(0.01), pair(0.1), pair(1), pair(3.09), pair(math.Pi),
		{data.Spec{Kind: data.Duplicate, N: 8, D: 5, Sep: 0.01}}, {data.Spec{Kind: data.Sphere, N: 20, D: 10}}, {data.Spec{Kind: data.Basis, N: 4, D: 4}},
	}
	for _, s := range append(basicsImages(60, 49), basicsImages(60, 784)...) {
		grid = append(grid, basicsDataset{s})
	}
	return checks.Claim[basicsDataset]{
		ID: "basics/pair-upper", Title: "λ₀ is at most what the closest pair allows",
		Reference:  "card 90.11",
		Formula:    `\lambda_0 \le \min_{i \ne j} \left(\frac12 - |H^\infty_{ij}|\right)`,
		Convention: "ReLU derivative kernel, unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  basicsDatasets(2, 12),
		Grid:   grid,
		OnData: basicsFewData,
		Cost:   basicsDatasetCost,
		Setup:  setup(1),
		Controls: []checks.Control[basicsDataset]{{
			Name: "half-the-bound", Why: "two inputs attain the bound",
			At: []basicsDataset{pair(0.1), pair(1)}, Setup: setup(0.5),
		}},
	}
}

// A basicsPolygon is n points at equal angles.
type basicsPolygon struct {
	N      int    `json:"n"`
	Kernel string `json:"kernel,omitempty"`
}

// basicsHalfCircleCore is the spectrum, ascending, of the circulant part of
// H^inf on n points at the angles pi k/n: h(t) = cos(t)/4 + g(t) with g(t) =
// cos(t) (pi/2 - t)/(2 pi), and g(pi - t) = g(t).
func basicsHalfCircleCore(n int) []float64 {
	row := make([]float64, n)
	for j := range row {
		t := math.Pi * float64(min(j, n-j)) / float64(n)
		row[j] = math.Cos(t) * (math.Pi/2 - t) / (2 * math.Pi)
	}
	return bounds.Circulant(row)
}

// basicsHalfCircle encloses lambda_0 of the points that are farthest from
// parallel in the plane.
//
// Setting: n unit inputs at the angles pi k/n, ReLU H^inf.
//
// Hypotheses: n >= 3.
//
// Conclusion: mu_1 <= lambda_0 <= mu_3, with mu_i the ascending eigenvalues of
// the circulant matrix of g(t) = cos(t)(pi/2 - t)/(2 pi); both are delta_s/(4 pi)
// in the limit, delta_s = 2 sin(pi/(2n)).
//
// Constants: derived. H^inf is the circulant plus cos(t_i - t_j)/4, which is
// positive semidefinite of rank 2 (Weyl). The kink of g at 0 gives its Fourier
// coefficients 1/(4 pi^2 k^2), which alias to 1/(4n) at the highest frequency.
// So the n^{-2} of basics/separation-lower is not attained here.
//
// Convention: ReLU derivative kernel.
//
// Reference: card 90.11 (the limit was observed there; here it is derived).
//
// Control: 1.1 mu_1 fails.
func basicsHalfCircle() checks.Claim[basicsPolygon] {
	setup := func(factor float64) func(basicsPolygon) (checks.Instance, error) {
		return func(p basicsPolygon) (checks.Instance, error) {
			set, err := data.Spec{Kind: data.HalfCircle, N: p.N}.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := kernel.ReLU().Lambda0(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			core := basicsHalfCircleCore(p.N)
			separation := 2 * math.Sin(math.Pi/(2*float64(p.N)))
			return checks.Instance{
				Terms:      checks.Terms{Trials: 1}, // nothing is random
				Hypotheses: []checks.Hypothesis{checks.Require("n", float64(p.N), checks.AtLeast, 3)},
				Facts: []checks.Fact{
					basicsFact("lambda_0", lambda.Value), basicsFact("lambda_0/separation", lambda.Value/separation),
					basicsFact("limit 1/(4 pi)", 1/(4*math.Pi)), basicsFact("separation bound", bounds.SeparationLowerBound(p.N, separation)),
				},
				Trial: func(*rand.Rand) checks.Measurement {
					tol := lambda.Err + float64(p.N)*4*basicsUnit // points and transform are rounded too
					return checks.All(
						checks.Measurement{Part: "below", Observed: lambda.Value, Predicted: factor * core[0], Relation: checks.AtLeast, Tolerance: tol},
						checks.Measurement{Part: "above", Observed: lambda.Value, Predicted: core[2], Tolerance: tol},
					)
				},
			}, nil
		}
	}
	return checks.Claim[basicsPolygon]{
		ID: "basics/half-circle", Title: "λ₀ of equally spaced lines of the plane",
		Reference:  "card 90.11",
		Formula:    `\mu_1 \le \lambda_0 \le \mu_3,\quad \frac{\lambda_0}{\delta_s} \to \frac{1}{4\pi}`,
		Convention: "ReLU derivative kernel",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsPolygon { return basicsPolygon{N: rapid.IntRange(3, 60).Draw(t, "n")} }),
		Grid:  []basicsPolygon{{N: 3}, {N: 10}, {N: 20}, {N: 50}, {N: 100}},
		Cost: func(p basicsPolygon) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Setup: 40*n*n*n + 100*n*n, Trial: 1}
		},
		Setup: setup(1),
		Controls: []checks.Control[basicsPolygon]{{
			Name: "ten-percent-more", Why: "lambda_0 and mu_1 agree to a few percent",
			At: []basicsPolygon{{N: 20}, {N: 50}}, Setup: setup(1.1),
		}},
	}
}

// A basicsLadder is a geometric ladder of sizes.
type basicsLadder struct {
	From  int `json:"from"`
	Rungs int `json:"rungs"`
}

// basicsHalfCircleScaling finds the exponent of lambda_0 in the separation.
//
// Setting: as in basics/half-circle, n doubled from rung to rung.
//
// Hypotheses: none.
//
// Conclusion: lambda_0 is proportional to delta_s: slope 1 in the log-log plane.
//
// Constants: the limit 1/(4 pi) of basics/half-circle; from n = 20 on the slope
// is within 0.02 of 1.
//
// Convention: ReLU derivative kernel.
//
// Reference: card 90.11.
//
// Control: the slope 3 of delta_s/n^2, as delta_s = pi/n, is refuted.
func basicsHalfCircleScaling() checks.Claim[basicsLadder] {
	setup := func(exponent float64) func(basicsLadder) (checks.Instance, error) {
		return func(p basicsLadder) (checks.Instance, error) {
			var ladder []checks.Rung
			for k := p.Rungs - 1; k >= 0; k-- { // the separation ascends
				n := p.From << k
				set, err := data.Spec{Kind: data.HalfCircle, N: n}.Build()
				if err != nil {
					return checks.Instance{}, err
				}
				lambda, err := kernel.ReLU().Lambda0(set.X)
				if err != nil {
					return checks.Instance{}, err
				}
				ladder = append(ladder, checks.Rung{Size: 2 * math.Sin(math.Pi/(2*float64(n))), Value: lambda.Value})
			}
			return checks.Instance{
				Terms: checks.Terms{Exponent: checks.Float(exponent), Resolution: 0.02, Trials: 2},
				Trial: func(*rand.Rand) checks.Measurement { return checks.Measurement{Ladder: ladder} },
			}, nil
		}
	}
	return checks.Claim[basicsLadder]{
		ID: "basics/half-circle-scaling", Title: "λ₀ is proportional to the separation on the half circle",
		Reference:  "card 90.11",
		Formula:    `\lambda_0 \propto \delta_s`,
		Convention: "ReLU derivative kernel",
		Basis:      checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: []basicsLadder{{20, 4}},
		Cost: func(p basicsLadder) checks.Cost {
			n := float64(p.From << max(0, p.Rungs-1))
			return checks.Cost{Setup: 14 * n * n * n, Trial: 1}
		},
		Setup: setup(1),
		Controls: []checks.Control[basicsLadder]{{
			Name: "slope-of-the-lower-bound", Why: "delta_s/n^2 falls like delta_s^3, lambda_0 like delta_s",
			At: []basicsLadder{{20, 4}}, Setup: setup(3),
		}},
	}
}

// basicsMatch compares a computed spectrum with a predicted one, ascending.
func basicsMatch(got eig.Spectrum, want []float64, tolerance float64) checks.Measurement {
	n := len(want)
	worst := 0
	for i := range want {
		if math.Abs(got.Values[i]-want[i]) > math.Abs(got.Values[worst]-want[worst]) {
			worst = i
		}
	}
	part := func(name string, i int) checks.Measurement {
		return checks.Measurement{Part: name, Observed: got.Values[i], Predicted: want[i], Relation: checks.Equal, Tolerance: tolerance + got.Err}
	}
	return checks.All(part("smallest", 0), part("largest", n-1), part("farthest off", worst))
}

// A basicsCorrelated is a kernel on equicorrelated inputs.
type basicsCorrelated struct {
	N      int     `json:"n"`
	Rho    float64 `json:"rho"` // in [-1/(n-1), 1)
	Kernel string  `json:"kernel"`
}

// basicsEquicorrelated gives the spectrum of equicorrelated inputs.
//
// Setting: n unit inputs with all inner products r: orthonormal (r = 0), the
// regular simplex (r = -1/(n-1)) or between; any limit kernel k.
//
// Hypotheses: -1/(n-1) <= r <= 1.
//
// Conclusion: the eigenvalues of the kernel matrix are k(1) - k(r), n-1 times,
// and k(1) + (n-1) k(r). For orthonormal inputs ReLU H^inf = I/2, and the ReLU
// feature kernel has 1/2 - 1/(2 pi) = 0.340845 and 1/2 + (n-1)/(2 pi); on the
// simplex ReLU H^inf has lambda_0 = 1/2 + (n-1) h(r): 1/3 at n = 3.
//
// Constants: identities: (k(1) - k(r)) I + k(r) 11^T.
//
// Convention: unit inputs.
//
// Reference: card 90.12.
//
// Control: one input rotated by 0.1 towards another moves lambda_0 of
// orthonormal inputs by 0.0265.
func basicsEquicorrelated() checks.Claim[basicsCorrelated] {
	setup := func(turn float64) func(basicsCorrelated) (checks.Instance, error) {
		return func(p basicsCorrelated) (checks.Instance, error) {
			k, err := basicsLimitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			set, err := data.Spec{Kind: data.Equicorrelated, N: p.N, D: p.N, Rho: p.Rho}.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if turn != 0 {
				basicsTurn(set.X, turn)
			}
			got, err := basicsKernelSpectrum(k.Kernel, set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			bulk, top := bounds.Equicorrelated(k.Kernel, p.N, p.Rho)
			want := make([]float64, p.N)
			for i := range want {
				want[i] = bulk
			}
			want[0] = top
			slices.Sort(want)
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{basicsFact("n-1 times", bulk), basicsFact("once", top)},
				Trial: func(*rand.Rand) checks.Measurement {
					// The inputs are rounded: each inner product by about n u, which the
					// kernel amplifies.
					return basicsMatch(got, want, float64(p.N)*(float64(p.N)*8*basicsUnit*k.At(1)+k.EntryError(p.N, 1)))
				},
			}, nil
		}
	}
	relu := kernel.ReLU().Name()
	grid := []basicsCorrelated{
		{5, 0, relu}, {5, 0, kernel.ReLUFeature().Name()}, {5, 0, kernel.ErfFeature().Name()}, {5, 0, kernel.SquareFeature().Name()},
		{5, 0, kernel.Square().Name()}, {5, 0, kernel.Identity().Name()}, {2, -1, relu}, {3, -0.5, relu}, {5, -0.25, relu},
		{10, -1.0 / 9, relu}, {20, 0.3, relu}, {100, 0.3, kernel.ReLUFeature().Name()},
	}
	return checks.Claim[basicsCorrelated]{
		ID: "basics/equicorrelated", Title: "spectrum of equicorrelated inputs",
		Reference:  "card 90.12",
		Formula:    `\lambda = k(1) - k(r) \; (n-1 \text{ times}),\quad k(1) + (n-1) k(r)`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsCorrelated {
			n := rapid.IntRange(2, 20).Draw(t, "n")
			return basicsCorrelated{n, rapid.Float64Range(-1/float64(n-1), 0.95).Draw(t, "rho"), rapid.SampledFrom(basicsLimitNames()).Draw(t, "kernel")}
		}),
		Grid: grid,
		Cost: func(p basicsCorrelated) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Setup: 60*n*n*n + 100*n*n, Trial: 1}
		},
		Setup: setup(0),
		Controls: []checks.Control[basicsCorrelated]{{
			Name: "one-input-rotated", Why: "0.1 radians move lambda_0 by 0.0265",
			At: []basicsCorrelated{{5, 0, relu}, {10, -1.0 / 9, relu}}, Setup: setup(0.1),
		}},
	}
}

// basicsTurn rotates the first row by an angle towards the second.
func basicsTurn(x *mat.Dense, angle float64) {
	a, b := x.RawRowView(0), x.RawRowView(1)
	dot := mat.Dot(mat.NewVecDense(len(a), a), mat.NewVecDense(len(b), b))
	side := make([]float64, len(a))
	for i := range side {
		side[i] = b[i] - dot*a[i]
	}
	norm := basicsNorm(side)
	for i := range a {
		a[i] = math.Cos(angle)*a[i] + math.Sin(angle)*side[i]/norm
	}
}

func basicsKernelSpectrum(k kernel.Kernel, x *mat.Dense) (eig.Spectrum, error) {
	g, err := k.Gram(x)
	if err != nil {
		return eig.Spectrum{}, err
	}
	return eig.All(g)
}

// basicsCircle gives the spectrum of points at equal angles.
//
// Setting: n unit inputs at the angles 2 pi k/n; any limit kernel.
//
// Hypotheses: none.
//
// Conclusion: the eigenvalues of the kernel matrix are the discrete Fourier
// transform of its first row; the ReLU H^inf is singular for even n >= 6 (n/2 >
// 2 antipodal pairs in the plane).
//
// Constants: identities (circulant matrix). Angles come from chords, so that
// the singular matrix is singular to rounding.
//
// Convention: unit inputs.
//
// Reference: cards 90.12 and 00.1.
//
// Control: one input rotated by 0.1 towards the next.
func basicsCircle() checks.Claim[basicsPolygon] {
	setup := func(turn float64) func(basicsPolygon) (checks.Instance, error) {
		return func(p basicsPolygon) (checks.Instance, error) {
			k, err := basicsLimitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			set, err := data.Spec{Kind: data.Circle, N: p.N}.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if turn != 0 {
				basicsTurn(set.X, turn)
			}
			got, err := basicsKernelSpectrum(k.Kernel, set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			want := bounds.CircleSpectrum(k.Kernel, p.N)
			tol := float64(p.N) * (32*basicsUnit*k.At(1) + 2*k.EntryError(2, 1))
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{basicsFact("lambda_0", got.Values[0])},
				Trial: func(*rand.Rand) checks.Measurement {
					m := basicsMatch(got, want, tol)
					if p.Kernel == kernel.ReLU().Name() && p.N%2 == 0 && p.N >= 6 {
						m = checks.All(m, checks.Measurement{Part: "singular", Observed: got.Values[0], Predicted: 0, Relation: checks.Equal, Tolerance: tol + got.Err})
					}
					return m
				},
			}, nil
		}
	}
	relu := kernel.ReLU().Name()
	return checks.Claim[basicsPolygon]{
		ID: "basics/circle", Title: "spectrum of equally spaced points of the circle",
		Reference:  "card 90.12",
		Formula:    `\lambda_j = \sum_k h\left(\cos\frac{2\pi k}{n}\right) \cos\frac{2\pi jk}{n}`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsPolygon {
			return basicsPolygon{rapid.IntRange(2, 40).Draw(t, "n"), rapid.SampledFrom(basicsLimitNames()).Draw(t, "kernel")}
		}),
		Grid: []basicsPolygon{{4, relu}, {6, relu}, {7, relu}, {8, relu}, {51, relu}, {100, relu}, {9, kernel.ErfFeature().Name()}},
		Cost: func(p basicsPolygon) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Setup: 40*n*n*n + 100*n*n, Trial: 1}
		},
		Setup: setup(0),
		Controls: []checks.Control[basicsPolygon]{{
			Name: "one-input-rotated", Why: "the matrix is no longer circulant",
			At: []basicsPolygon{{7, relu}, {8, relu}}, Setup: setup(0.1),
		}},
	}
}

// A basicsOrthogonalSet is a set of orthogonal inputs of different norms.
type basicsOrthogonalSet struct {
	N      int     `json:"n"`
	Spread float64 `json:"spread"` // norms are log-uniform in [1/spread, spread]
}

// basicsOrthogonal gives the ReLU kernel of orthogonal inputs of any norm.
//
// Setting: n orthogonal inputs x_i of any positive norm.
//
// Hypotheses: none.
//
// Conclusion: ReLU H^inf = diag(||x_i||^2)/2.
//
// Constants: identity: h(0) = 0 and H^inf(x, x) = ||x||^2/2.
//
// Convention: ReLU derivative kernel.
//
// Reference: card 90.12.
//
// Control: without the norms (I/2).
func basicsOrthogonal() checks.Claim[basicsOrthogonalSet] {
	setup := func(norms bool) func(basicsOrthogonalSet) (checks.Instance, error) {
		return func(p basicsOrthogonalSet) (checks.Instance, error) {
			if p.N < 1 || !(p.Spread >= 1) {
				return checks.Instance{}, fmt.Errorf("n=%d spread=%v: give at least 1 each", p.N, p.Spread)
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				x := basicsRotation(r, p.N)
				want := make([]float64, p.N)
				for i := range want {
					norm := math.Pow(p.Spread, 2*r.Float64()-1)
					row := x.RawRowView(i)
					copy(row, basicsScaled(norm, row))
					want[i] = 0.5
					if norms {
						want[i] = norm * norm / 2
					}
				}
				slices.Sort(want)
				got, err := basicsKernelSpectrum(kernel.ReLU(), x)
				if err != nil {
					return checks.Failed(err)
				}
				return basicsMatch(got, want, float64(p.N)*(float64(p.N)*16*basicsUnit*p.Spread*p.Spread+kernel.ReLU().EntryError(p.N, p.Spread)))
			}}, nil
		}
	}
	return checks.Claim[basicsOrthogonalSet]{
		ID: "basics/orthogonal", Title: "ReLU kernel of orthogonal inputs of any norm",
		Reference:  "card 90.12",
		Formula:    `H^\infty = \frac12 \operatorname{diag}(\|x_i\|^2)`,
		Convention: "ReLU derivative kernel",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) basicsOrthogonalSet {
			return basicsOrthogonalSet{rapid.IntRange(1, 15).Draw(t, "n"), rapid.Float64Range(1, 10).Draw(t, "spread")}
		}),
		Grid: []basicsOrthogonalSet{{1, 2}, {6, 1}, {20, 3}, {40, 10}},
		Cost: func(p basicsOrthogonalSet) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Trial: 60 * n * n * n}
		},
		Setup: setup(true),
		Controls: []checks.Control[basicsOrthogonalSet]{{
			Name: "norms-forgotten", Why: "norms other than 1 scale their eigenvalue by the square",
			At: []basicsOrthogonalSet{{6, 3}}, Setup: setup(false),
		}},
	}
}
