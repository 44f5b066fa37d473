package basics

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

// A limit is a limit kernel with the function whose expected products it
// is: phi for a feature kernel, phi' for a derivative kernel.
type limit struct {
	kernel.Kernel
	f          func(z float64) float64
	derivative bool // times x . x'
	degree     int  // of homogeneity, for an f with a kink or jump; -1 if f is smooth
}

func limits() []limit {
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
	return []limit{
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

func limitNames() []string {
	var names []string
	for _, k := range limits() {
		names = append(names, k.Name())
	}
	return names
}

func limitNamed(name string) (limit, error) {
	for _, k := range limits() {
		if k.Name() == name {
			return k, nil
		}
	}
	return limit{}, fmt.Errorf("unknown kernel %q: use one of %v", name, limitNames())
}

// A point is a kernel at two inputs.
type point struct {
	Kernel string  `json:"kernel"`
	R      float64 `json:"r"`  // cosine of the angle
	NormX  float64 `json:"nx"` // 0 means 1
	NormY  float64 `json:"ny"`
}

func (p point) pair() (kernel.Pair, error) {
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
func (k limit) quadrature(p kernel.Pair) float64 {
	e := k.smooth(p)
	if k.degree >= 0 {
		e = k.polar(p)
	}
	if k.derivative {
		e *= p.Dot()
	}
	return e
}

// smooth uses Gauss-Legendre rules on 32 panels of [-10, 10] in both directions.
func (k limit) smooth(p kernel.Pair) float64 {
	const panels, order, end = 32, 12, 10.0
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
func (k limit) polar(p kernel.Pair) float64 {
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

// kernelForms holds the closed forms of the limit kernels to quadrature.
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
func kernelForms() checks.Claim[point] {
	setup := func(factor float64) func(point) (checks.Instance, error) {
		return func(p point) (checks.Instance, error) {
			k, err := limitNamed(p.Kernel)
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
	var grid []point
	for _, name := range limitNames() {
		for _, r := range []float64{-0.9, 0.3, 1} {
			grid = append(grid, point{Kernel: name, R: r})
		}
		grid = append(grid, point{name, 0.5, 1.5, 0.7})
	}
	return checks.Claim[point]{
		ID: "basics/kernel-forms", Title: "closed forms of the limit kernels",
		Reference:  "card 90.9",
		Formula:    `\mathbb{E}[\phi'(w^T x)\phi'(w^T x')]\, x^T x' = \frac{r(\pi - \arccos r)}{2\pi} \text{ (ReLU)}, \ldots`,
		Convention: "w ~ N(0, I)",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) point {
			return point{
				Kernel: rapid.SampledFrom(limitNames()).Draw(t, "kernel"),
				R:      rapid.Float64Range(-1, 1).Draw(t, "r"),
				NormX:  rapid.Float64Range(0.1, 2).Draw(t, "nx"),
				NormY:  rapid.Float64Range(0.1, 2).Draw(t, "ny"),
			}
		}),
		Grid:  grid,
		Cost:  func(point) checks.Cost { return checks.Cost{Trial: 2e6} },
		Setup: setup(1),
		Controls: []checks.Control[point]{{
			Name: "without-2-pi", Why: "the angle over pi in place of 2 pi doubles the ReLU kernels, without it they grow by 6.28",
			At:    []point{{Kernel: kernel.ReLU().Name(), R: 0.3}, {Kernel: kernel.ReLUFeature().Name(), R: -0.9}},
			Setup: setup(2 * math.Pi),
		}},
	}
}

// A entry is a Gram entry of a random network on two unit inputs.
type entry struct {
	Act   string  `json:"act"`
	Layer int     `json:"layer"` // trained layer: 1 or 2
	R     float64 `json:"r"`
	Width int     `json:"m"`
}

// kernelMean holds the limit kernels to random networks.
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
func kernelMean() checks.Claim[entry] {
	setup := func(kappa, factor float64) func(entry) (checks.Instance, error) {
		return func(p entry) (checks.Instance, error) {
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
			k, err := limitNamed(name)
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
				Facts: []checks.Fact{fact("kernel", k.At(p.R))},
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
	return checks.Claim[entry]{
		ID: "basics/kernel-mean", Title: "limit kernels are the mean Gram entries at every width",
		Reference:  "card 90.9",
		Formula:    `\mathbb{E}\, H_{ij}(0) = H^\infty_{ij}`,
		Convention: "1/sqrt(m) scaling, w ~ N(0, I)",
		Basis:      checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []entry{
			{"relu", 1, 0.5, 1000}, {"relu", 1, -0.8, 1000}, {"relu", 2, 0.5, 1000}, {"erf", 1, 0.7, 1000},
			{"erf", 2, 0.7, 1000}, {"square", 2, 0.5, 2000}, {"sin", 1, 0.5, 1000}, {"identity", 2, 0.8, 1000},
		},
		Cost:  func(p entry) checks.Cost { return checks.Cost{Trial: 120 * float64(p.Width)} },
		Setup: setup(1, 1),
		Controls: []checks.Control[entry]{{
			Name: "variance-one-over-d", Why: "erf is not homogeneous: smaller weights see its linear part",
			At: []entry{{"erf", 2, 0.7, 1000}}, Setup: setup(1/math.Sqrt(3), 1),
		}, {
			Name: "without-2-pi", Why: "the prediction is 6.28 times too large",
			At: []entry{{"relu", 1, 0.5, 1000}}, Setup: setup(1, 2*math.Pi),
		}},
	}
}

// A series is a truncated power series of a kernel at one cosine.
type series struct {
	Kernel string  `json:"kernel"`
	R      float64 `json:"r"`
	Terms  int     `json:"terms"`
}

// powerSeries sums the power series of the limit kernels.
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
func powerSeries() checks.Claim[series] {
	setup := func(spoil func(a []float64)) func(series) (checks.Instance, error) {
		return func(p series) (checks.Instance, error) {
			k, err := limitNamed(p.Kernel)
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
				Facts: []checks.Fact{fact("sum of the coefficients", sum), fact("h(1)", k.At(1)), fact("tail bound", tail)},
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
	var grid []series
	for _, name := range limitNames() {
		grid = append(grid, series{name, 0.75, 60}, series{name, -0.9, 200})
	}
	return checks.Claim[series]{
		ID: "basics/power-series", Title: "power series of the limit kernels",
		Reference:  "card 90.10",
		Formula:    `h(r) = \sum_{k \ge 0} a_k r^k,\quad a_k \ge 0`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) series {
			return series{
				Kernel: rapid.SampledFrom(limitNames()).Draw(t, "kernel"),
				R:      rapid.Float64Range(-1, 1).Draw(t, "r"),
				Terms:  rapid.IntRange(1, 100).Draw(t, "terms"),
			}
		}),
		Grid:  grid,
		Setup: setup(keep),
		Controls: []checks.Control[series]{{
			Name: "double-second-coefficient", Why: "the series gains a_2 r^2",
			At:    []series{{kernel.ReLU().Name(), 0.5, 60}, {kernel.ReLUFeature().Name(), 0.5, 60}},
			Setup: setup(func(a []float64) { a[2] *= 2 }),
		}},
	}
}

// A hadamardSet is a kernel on a data set with the powers to be used.
type hadamardSet struct {
	Data    data.Spec `json:"data"`
	Kernel  string    `json:"kernel"`
	Degrees []int     `json:"degrees,omitempty"`
	Last    int       `json:"last,omitempty"` // in place of Degrees: all from 1 to Last
}

func (p hadamardSet) degrees() []int {
	out := p.Degrees
	for k := 1; k <= p.Last; k++ {
		out = append(out, k)
	}
	return out
}

// hadamardLower bounds lambda_0 by entrywise powers of the Gram matrix.
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
func hadamardLower() checks.Claim[hadamardSet] {
	setup := func(extra float64) func(hadamardSet) (checks.Instance, error) {
		return func(p hadamardSet) (checks.Instance, error) {
			k, err := limitNamed(p.Kernel)
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
			bound, tol, err := hadamardSum(k, set.X, p.degrees(), extra)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{fact("lambda_0", lambda.Value), fact("lower bound", bound)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.Measurement{Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast, Tolerance: lambda.Err + tol}
				},
			}, nil
		}
	}
	relu, erf, feature := kernel.ReLU().Name(), kernel.ErfFeature().Name(), kernel.ReLUFeature().Name()
	frame := data.Spec{Kind: data.Orthonormal, N: 6, D: 8}
	grid := []hadamardSet{
		{Data: frame, Kernel: erf, Last: 40}, {frame, kernel.HalfSquare().Name(), []int{2}, 0}, {Data: frame, Kernel: relu, Last: 60},
		{data.Spec{Kind: data.Sphere, N: 8, D: 10}, relu, []int{1, 2}, 0}, {data.Spec{Kind: data.Sphere, N: 20, D: 10}, relu, []int{1, 2}, 0},
		{data.Spec{Kind: data.Sphere, N: 20, D: 10}, feature, []int{0, 1, 2, 4, 6, 8, 10}, 0},
		{data.Spec{Kind: data.HalfCircle, N: 8}, erf, []int{1, 3, 5, 7, 9}, 0},
	}
	for _, s := range images(40, 196) {
		grid = append(grid, hadamardSet{s, relu, []int{1, 2, 4, 8, 16}, 0})
	}
	return checks.Claim[hadamardSet]{
		ID: "basics/hadamard-lower", Title: "λ₀ from entrywise powers of the Gram matrix",
		Reference:  "card 90.10",
		Formula:    `\lambda_{\min}(K) \ge \sum_{k \in S} a_k \lambda_{\min}(G^{\odot k})`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) hadamardSet {
			return hadamardSet{
				Data:    gen.Specs(gen.Range{MinN: 1, MaxN: 12, MinD: 1, MaxD: 8}).Draw(t, "data"),
				Kernel:  rapid.SampledFrom(limitNames()).Draw(t, "kernel"),
				Degrees: rapid.SliceOfNDistinct(rapid.IntRange(0, 12), 1, 5, rapid.ID[int]).Draw(t, "degrees"),
			}
		}),
		Grid: grid,
		OnData: func(f checks.DataFile) []hadamardSet {
			return []hadamardSet{{file(f, 60), relu, []int{1, 2, 4, 8, 16}, 0}}
		},
		Cost: func(p hadamardSet) checks.Cost {
			n, d := size(p.Data)
			return checks.Cost{Setup: n*n*(4*d+60) + float64(len(p.Degrees)+p.Last+2)*40*n*n*n, Trial: 1, Size: fmt.Sprintf("n=%v", n)}
		},
		Setup: setup(0),
		Controls: []checks.Control[hadamardSet]{{
			Name: "second-coefficient-too-large", Why: "on orthonormal inputs the bound is attained, so any larger a_2 breaks it",
			At:    []hadamardSet{{Data: frame, Kernel: relu, Last: 60}, {Data: frame, Kernel: erf, Last: 40}},
			Setup: setup(0.1),
		}},
	}
}

// hadamardSum is sum_{k in S} (a_k + extra [k = 2]) lambda_min(G^{o k}) and
// a bound on its rounding.
func hadamardSum(k limit, x *mat.Dense, degrees []int, extra float64) (bound, tolerance float64, err error) {
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

// gershgorinLower bounds lambda_0 by the largest cosine.
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
func gershgorinLower() checks.Claim[kernelSet] {
	setup := func(share float64) func(kernelSet) (checks.Instance, error) {
		return func(p kernelSet) (checks.Instance, error) {
			k, err := limitNamed(p.Kernel)
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
				Facts: []checks.Fact{fact("lambda_0", lambda.Value), fact("lower bound", bound), fact("rho", sep.Rho)},
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
	grid := []kernelSet{
		{frame, erf}, {frame, relu}, {frame, kernel.Square().Name()}, {data.Spec{Kind: data.Sphere, N: 10, D: 20}, relu},
		{data.Spec{Kind: data.Sphere, N: 20, D: 10}, relu}, {data.Spec{Kind: data.Sphere, N: 20, D: 10}, feature}, {cluster, relu},
	}
	for _, s := range images(40, 196) {
		grid = append(grid, kernelSet{s, relu})
	}
	return checks.Claim[kernelSet]{
		ID: "basics/gershgorin-lower", Title: "λ₀ from the largest cosine",
		Reference:  "card 90.10",
		Formula:    `\lambda_{\min}(K) \ge \sum_k a_k \left(1 - (n-1)\rho^k\right)_+`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) kernelSet {
			return kernelSet{
				Data:   gen.Separated(gen.Range{MinN: 2, MaxN: 14, MinD: 2, MaxD: 10}).Draw(t, "data"),
				Kernel: rapid.SampledFrom(limitNames()).Draw(t, "kernel"),
			}
		}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []kernelSet { return []kernelSet{{file(f, 100), relu}} },
		Cost:   kernelSetCost,
		Setup:  setup(1),
		Controls: []checks.Control[kernelSet]{{
			Name: "half-of-rho", Why: "a tight cluster has rho near 1; half of it promises far too much",
			At: []kernelSet{{cluster, relu}}, Setup: setup(0.5),
		}},
	}
}

// A kernelSet is a kernel on a data set.
type kernelSet struct {
	Data   data.Spec `json:"data"`
	Kernel string    `json:"kernel"`
}

func kernelSetCost(p kernelSet) checks.Cost {
	n, d := size(p.Data)
	return checks.Cost{Setup: 2*n*n*(4*d+60) + 40*n*n*n, Trial: 1, Size: fmt.Sprintf("n=%v", n)}
}
