package basics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
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

// spectrumOn builds a data set and certifies the smallest eigenvalue of a kernel
// on it.
func spectrumOn(spec data.Spec, k kernel.Kernel) (*data.Set, eig.Certified, error) {
	set, err := spec.Build()
	if err != nil {
		return nil, eig.Certified{}, err
	}
	lambda, err := k.Lambda0(set.X)
	return set, lambda, err
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
// Reference: Cho and Saul (2009), Williams (1997); the others are derived here.
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
		Reference:  "Cho and Saul (2009), Williams (1997); the others are derived here",
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

// deviation bounds the standard deviation of what one neuron adds to the entry, at weights of variance 1:
// exact for the ReLU, whose pattern gives r with the probability k/r, and for powers; half the range of the product for
// bounded ones. The mean is k.
func (p entry) deviation(k float64) float64 {
	r2, theta := p.R*p.R, math.Acos(p.R)
	arc2 := (3*math.Sin(theta)*p.R + (math.Pi-theta)*(1+2*r2)) / (2 * math.Pi) // E relu(z)^2 relu(z')^2 (Cho and Saul 2009)
	bound := map[string]float64{
		"relu 1": math.Sqrt(k * (p.R - k)), "erf 1": 2 * math.Abs(p.R) / math.Pi, "sin 1": math.Abs(p.R),
		"relu 2": math.Sqrt(arc2 - k*k), "erf 2": 1, "square 2": math.Sqrt(9 + 72*r2 + 24*r2*r2 - k*k), "identity 2": math.Sqrt(1 + r2),
	}
	return 1.0001 * bound[fmt.Sprintf("%s %d", p.Act, p.Layer)]
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
// Reference: derived here.
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
				Terms: checks.Terms{Resolution: 0.03, Deviation: checks.Float(p.deviation(k.At(p.R)) / math.Sqrt(float64(p.Width)))},
				Facts: []checks.Fact{checks.NewFact("kernel", k.At(p.R))},
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
		Reference:  "derived here",
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
