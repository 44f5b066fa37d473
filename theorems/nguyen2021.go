package theorems

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

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
)

// Nguyen2021 bounds the smallest eigenvalue of the tangent kernel of deep ReLU
// networks, of infinite width and with a single wide layer: card 04. Its L counts
// weight layers.
func (sources) Nguyen2021() checks.Source {
	return checks.Source{
		Key:     "nguyen2021",
		Title:   "Tight Bounds on the Smallest Eigenvalue of the Neural Tangent Kernel for Deep ReLU Networks",
		Authors: "Quynh Nguyen, Marco Mondelli, Guido Montufar",
		Year:    2021,
		BibTeX: `@inproceedings{nguyen2021,
  author    = {Nguyen, Quynh and Mondelli, Marco and Mont{\'u}far, Guido},
  title     = {Tight Bounds on the Smallest Eigenvalue of the Neural Tangent Kernel for Deep {ReLU} Networks},
  booktitle = {Proceedings of the 38th International Conference on Machine Learning},
  series    = {Proceedings of Machine Learning Research},
  volume    = {139},
  year      = {2021},
  note      = {arXiv:2012.11654; the statements follow version 5}
}`,
		Claims: []checks.Checkable{
			nguyenLimitLinear(), nguyenLimitOrder(),
			nguyenLimitLower(), nguyenLimitUpper(), nguyenLimitChain(),
			nguyenLimitSphere(),
			nguyenOneWideLayer(), nguyenHomogeneity(), nguyenFiniteLinear(),
			nguyenDiagonalMean(), nguyenFiniteUpper(),
			nguyenFeatureSpectrum(), nguyenFeatureChernoff(), nguyenFeatureWidth(), nguyenGateChernoff(),
			nguyenHermiteBound(), nguyenCentring(), nguyenCentredPower(),
			nguyenLipschitzJacobian(), nguyenLipschitzTwo(), nguyenLipschitzOrder(),
			nguyenMemoriseLinear(), nguyenMemoriseNorm(),
		},
	}
}

const (
	nguyenLimitConvention = "limit kernel at weight variance 1, divided by prod_l n_l/2; L weight layers, all trained; no biases"
	nguyenConvention      = "standard: N(0, beta_l^2) weights, no width factors, no biases; L weight layers, all trained"
	nguyenUnit            = 1.0 / (1 << 53) // unit roundoff
)

// ---- 04.1: the limit kernel is of order d ----

// nguyenGrowth is a ladder of sizes for random data.
type nguyenGrowth struct {
	Law  string `json:"law"` // sphere, gaussian or cube
	L    int    `json:"l"`
	N    []int  `json:"n"`              // one for all rungs, or one a rung
	D    []int  `json:"d"`              // likewise
	Unit bool   `json:"unit,omitempty"` // divide the rows by sqrt d: breaks Assumption 2.1
}

func (p nguyenGrowth) rungs() int { return max(len(p.N), len(p.D)) }

func (p nguyenGrowth) size(i int) (n, d int) {
	return p.N[min(i, len(p.N)-1)], p.D[min(i, len(p.D)-1)]
}

func (p nguyenGrowth) cost() checks.Cost {
	c := checks.Cost{Size: fmt.Sprintf("N=%d", p.N[len(p.N)-1])}
	for i := range p.rungs() {
		n, d := p.size(i)
		c.Trial += nguyenLimitCost(n, d, p.L) + 20*float64(n*d)
	}
	return c
}

// room is the hypothesis that d is of larger order than N^{2/(r-0.5)} log N, at r = 4
// and with 4 for the hidden constant.
func (p nguyenGrowth) room() checks.Hypothesis {
	least := math.Inf(1)
	for i := range p.rungs() {
		n, d := p.size(i)
		least = min(least, float64(d)/nguyenRoom(n))
	}
	return checks.Require("d over 4 N^{2/(r-0.5)} log N at r = 4", least, checks.AtLeast, 1)
}

func nguyenRoom(n int) float64 { return 4 * math.Pow(float64(n), 2/3.5) * math.Log(float64(n)) }

// lambdaMin draws the data of rung i and returns lambda_min(K^(L)).
func (p nguyenGrowth) lambdaMin(i int, r *rand.Rand) (float64, error) {
	n, d := p.size(i)
	x, err := nguyenInputs(p.Law, n, d, r)
	if err != nil {
		return 0, err
	}
	if p.Unit {
		x.Scale(1/math.Sqrt(float64(d)), x)
	}
	return nguyenPositive(kernel.NTK(p.L - 1).Lambda0(x))
}

// nguyenLimitLinear is the order of magnitude of Theorem 3.2 as a power law.
//
// Setting: N inputs drawn independently from a centred law with squared norm d in
// mean (uniform on the sphere of radius sqrt d, N(0, I_d), or uniform on the cube
// {-1,1}^d); the limit tangent kernel K^(L) of a ReLU network with L weight layers.
//
// Hypotheses: Assumptions 2.1 and 2.2, which the three laws satisfy, and d of larger
// order than N^{2/(r-0.5)} log N for an even r; here d >= 4 N^{2/3.5} log N at r = 4,
// where 4 stands for the hidden constant.
//
// Conclusion: lambda_min(K^(L)) is of order d: at fixed N its log-log slope in d is 1.
// It is checked to within 0.1 on d = 20N .. 160N, because lambda_min/d still rises there,
// by about sqrt(N/d).
//
// Constants: the exponent is stated, the resolution is ours. The constants of the two
// sides are hidden in the paper and explicit in limit-lower and limit-upper.
//
// Convention: K^(L) is the limit of the tangent kernel divided by prod_l n_l/2 at
// weight variance one.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 3.2; card 04.1.
//
// Control: rows of norm one instead of sqrt d, against Assumption 2.1: the slope is then
// near 0.
func nguyenLimitLinear() checks.Checkable {
	ladder := []int{240, 480, 960, 1920}
	return checks.Claim[nguyenGrowth]{
		ID: "nguyen2021/limit-linear", Title: "limit kernel linear in d", Reference: "Theorem 3.2; card 04.1",
		Formula: `\lambda_{\min}(K^{(L)}) = \Theta(d)`, Convention: nguyenLimitConvention,
		Basis: checks.Stated, Form: checks.Scaling{}, Version: 1,
		Grid: []nguyenGrowth{
			{Law: "sphere", L: 2, N: []int{12}, D: ladder},
			{Law: "sphere", L: 5, N: []int{12}, D: ladder},
			{Law: "gaussian", L: 3, N: []int{12}, D: ladder},
			{Law: "cube", L: 3, N: []int{12}, D: ladder},
			{Law: "sphere", L: 3, N: []int{100}, D: []int{2000, 4000, 8000, 16000}},
		},
		Cost: nguyenGrowth.cost,
		Setup: func(p nguyenGrowth) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{p.room()},
				Terms:      checks.Terms{Exponent: 1, Relation: checks.Equal, Resolution: 0.1, Trials: 20},
				Trial: func(r *rand.Rand) checks.Measurement {
					return nguyenLadder(p.rungs(), func(i int) (size, value float64, err error) {
						_, d := p.size(i)
						lambda, err := p.lambdaMin(i, r)
						return float64(d), lambda, err
					})
				},
			}, nil
		},
		Controls: []checks.Control[nguyenGrowth]{{
			Name: "unit-rows", Why: "without E||x||^2 of order d the kernel does not grow with d",
			At: []nguyenGrowth{{Law: "sphere", L: 2, N: []int{12}, D: ladder, Unit: true}},
		}},
	}
}

// nguyenLimitOrder is the lower side of Theorem 3.2 while N grows too.
//
// Setting: as in limit-linear, along a ladder of N with d = 4 N^{2/3.5} log N.
//
// Hypotheses: Assumptions 2.1 and 2.2; d of order N^{2/(r-0.5)} log N at least, r = 4.
//
// Conclusion: there is a constant C, independent of N, d and L, with
// d <= C lambda_min(K^(L)). The ratio of the two sides is fitted on the small N and tested on the
// large ones; a drift exponent up to 0.2 counts as none: N/d still rises along the ladder, and
// with it goes the linear term of the kernel, which is gone at N = d while the others stay.
//
// Constants: hidden in the paper, so that nothing is refuted here; limit-sphere has them all.
//
// Convention: as in limit-linear.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 3.2; card 04.1. (In the printed
// proof the event should read max |<x_i,x_j>|^r <= (d N^{-1/(r-0.5)})^r, whence Gershgorin gives
// order d^r, and a factor 2 of G = 2E[...] is dropped; the statement stands.)
//
// Control: d = 2 while N grows: points of a plane crowd, and lambda_min/d falls.
func nguyenLimitOrder() checks.Checkable {
	rung := func(law string, l int, n ...int) nguyenGrowth {
		p := nguyenGrowth{Law: law, L: l, N: n}
		for _, v := range n {
			p.D = append(p.D, int(math.Ceil(nguyenRoom(v))))
		}
		return p
	}
	return checks.Claim[nguyenGrowth]{
		ID: "nguyen2021/limit-order", Title: "limit kernel of order d as N grows", Reference: "Theorem 3.2; card 04.1",
		Formula: `\exists C\colon\; d \le C\,\lambda_{\min}(K^{(L)})`, Convention: nguyenLimitConvention,
		Basis: checks.Stated, Form: checks.Bounded{}, Version: 1,
		Grid: []nguyenGrowth{
			rung("sphere", 2, 12, 24, 48, 96), rung("gaussian", 4, 12, 24, 48, 96), rung("cube", 3, 12, 24, 48, 96),
			rung("sphere", 3, 50, 100, 200, 400),
		},
		Cost: nguyenGrowth.cost,
		Setup: func(p nguyenGrowth) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{p.room()},
				Terms:      checks.Terms{Resolution: 0.2, Trials: 10},
				Trial: func(r *rand.Rand) checks.Measurement {
					return nguyenLadder(p.rungs(), func(i int) (size, value float64, err error) {
						n, d := p.size(i)
						lambda, err := p.lambdaMin(i, r)
						return float64(n), float64(d) / lambda, err
					})
				},
			}, nil
		},
		Controls: []checks.Control[nguyenGrowth]{{
			Name: "plane", Why: "with d = 2 fixed the hypothesis on d fails and lambda_min/d tends to 0",
			At: []nguyenGrowth{{Law: "sphere", L: 2, N: []int{6, 12, 24, 48}, D: []int{2}}},
		}},
	}
}

// ---- 04.2: explicit two-sided bounds for the limit kernel ----

// nguyenLimit is a data set with a depth.
type nguyenLimit struct {
	Data  data.Spec `json:"data"`
	L     int       `json:"l"`
	Scale float64   `json:"scale,omitempty"` // factor on the first row; 0 means 1
	Curve string    `json:"curve,omitempty"` // l, n or d: record the bounds along it
}

// build returns the data with its first row scaled.
func (p nguyenLimit) build() (*mat.Dense, error) { return nguyenRows(p.Data, p.Scale) }

func nguyenLimitGrid(curves bool) []nguyenLimit {
	grid := []nguyenLimit{
		{Data: data.Spec{Kind: data.Sphere, N: 20, D: 40, Seed: 1}, L: 3, Curve: "l"},
		{Data: data.Spec{Kind: data.Sphere, N: 24, D: 24, Seed: 2}, L: 3, Curve: "d"},
		{Data: data.Spec{Kind: data.Gaussian, N: 32, D: 12, Seed: 3, Raw: true}, L: 3, Curve: "n"},
		{Data: data.Spec{Kind: data.Antipodal, N: 16, D: 12, Seed: 4, Sep: 0.2}, L: 3},
		{Data: data.Spec{Kind: data.Cluster, N: 12, D: 6, Seed: 5, Spread: 0.1}, L: 4},
		{Data: nguyenImages(data.MNIST, 24, 49), L: 3, Curve: "n"},
		{Data: nguyenImages(data.Fashion, 20, 196), L: 3, Curve: "l"},
		{Data: data.Spec{Kind: data.MNIST, N: 24, D: 784, Raw: true}, L: 2},
		{Data: data.Spec{Kind: data.Sphere, N: 60, D: 120, Seed: 6}, L: 2},
		{Data: data.Spec{Kind: data.Sphere, N: 60, D: 120, Seed: 6}, L: 5},
		{Data: data.Spec{Kind: data.Sphere, N: 200, D: 30, Seed: 7}, L: 3},
	}
	for i := range grid {
		if !curves {
			grid[i].Curve = ""
		}
	}
	return grid
}

func nguyenLimitSpace() *rapid.Generator[nguyenLimit] {
	return rapid.Custom(func(t *rapid.T) nguyenLimit {
		return nguyenLimit{Data: nguyenSpec(t, 9, 6), L: rapid.IntRange(2, 5).Draw(t, "l"), Scale: nguyenScale(t)}
	})
}

func nguyenLimitOnData(f checks.DataFile) []nguyenLimit {
	spec := nguyenFile(f, 100)
	return []nguyenLimit{{Data: spec, L: 2}, {Data: spec, L: 3}, {Data: spec, L: 5}}
}

// nguyenLimitLower is the explicit lower bound behind Theorem 3.2.
//
// Setting: any N inputs x_i with nonzero rows; D = diag ||x_i||, R the matrix of cosines;
// K^(L) the limit tangent kernel.
//
// Hypotheses: none beyond nonzero rows.
//
// Conclusion: with c_r >= 0 the Taylor coefficients of the kernel on unit inputs, sum_r c_r = L,
//
//	lambda_min(K^(L)) >= sum_{r>=1} c_r lambda_min(D R^{o r} D)                          (b')
//	                  >= min_i ||x_i||^2 sum_{r>=1} c_r lambda_min(R^{o r})               (b)
//	                  >= min_i ||x_i||^2 sum_{r>=1} c_r [1 - max_i sum_{j!=i} |R_ij|^r]_+   (d)
//
// with forty powers, and the remaining coefficients at the last of them, which Schur's theorem
// allows since lambda_min(R^{o r}) does not decrease in r. For a single input c_0 counts too.
//
// Constants: ours. K^(L) = D (sum_r c_r R^{o r}) D, Weyl's inequality for sums of semidefinite
// matrices, lambda_min(D M D) >= min D_i^2 lambda_min(M), Gershgorin. What eigenvalues lose to
// rounding is subtracted from the bounds, and lambda_min carries its certificate: the comparison
// has no tolerance. Curves follow the bounds along depth, N or d, over min_i ||x_i||^2.
//
// Convention: as in limit-linear; the bound scales with ||x||^2.
//
// Reference: the proof of Nguyen, Mondelli, Montufar (2021), Theorem 3.2, made explicit; card 04.2 (b),
// (b'), (d).
//
// Control: all coefficients 1.3 times too large; and the largest norm in place of the smallest, on
// data with one short row.
func nguyenLimitLower() checks.Checkable {
	setup := func(factor float64, largest bool) func(nguyenLimit) (checks.Instance, error) {
		return func(p nguyenLimit) (checks.Instance, error) { return nguyenLower(p, factor, largest) }
	}
	return checks.Claim[nguyenLimit]{
		ID: "nguyen2021/limit-lower", Title: "explicit lower bound on the limit kernel", Reference: "proof of Theorem 3.2; card 04.2",
		Formula: `\lambda_{\min}(K^{(L)}) \ge \sum_{r\ge 1} c_r\, \lambda_{\min}(D R^{\circ r} D)`, Convention: nguyenLimitConvention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: nguyenLimitSpace(), Grid: nguyenLimitGrid(true), OnData: nguyenLimitOnData,
		Cost: func(p nguyenLimit) checks.Cost {
			n, d := nguyenSize(p.Data)
			one := 90*nguyenEigCost(n) + nguyenLimitCost(n, d, p.L)
			c := checks.Cost{Setup: one, Size: fmt.Sprintf("N=%d", n)}
			if p.Curve != "" {
				c.Trial = 6 * one
			}
			return c
		},
		Setup: setup(1, false),
		Controls: []checks.Control[nguyenLimit]{
			{
				Name: "larger-coefficients", Why: "the coefficients are sharp: 1.3 times them is more than lambda_min",
				At: []nguyenLimit{
					{Data: data.Spec{Kind: data.Sphere, N: 20, D: 100, Seed: 1}, L: 2},
					{Data: data.Spec{Kind: data.Sphere, N: 20, D: 100, Seed: 1}, L: 5},
				},
				Setup: setup(1.3, false),
			},
			{
				Name: "largest-norm", Why: "the smallest norm counts: with one row a tenth as long the largest claims too much",
				At:    []nguyenLimit{{Data: data.Spec{Kind: data.Sphere, N: 20, D: 60, Seed: 1}, L: 2, Scale: 0.1}},
				Setup: setup(1, true),
			},
		},
	}
}

func nguyenLower(p nguyenLimit, factor float64, largest bool) (checks.Instance, error) {
	x, err := p.build()
	if err != nil {
		return checks.Instance{}, err
	}
	b, err := nguyenBoundsOf(x, p.L)
	if err != nil {
		return checks.Instance{}, err
	}
	if largest {
		norms := data.RowNorms(x)
		b.byNorm *= math.Pow(floats.Max(norms)/floats.Min(norms), 2)
	}
	inst := checks.Instance{Facts: b.facts()}
	if b.lower <= 0 {
		inst.Trivial = "the lower bound is zero: two rows are parallel or nearly so"
	}
	inst.Trial = func(*rand.Rand) checks.Measurement {
		var parts []checks.Measurement
		for _, part := range []struct {
			name  string
			bound float64
		}{{"lambda_min(D R^r D)", b.lower}, {"least norm", b.byNorm}, {"Gershgorin", b.gershgorin}} {
			if part.bound > 0 {
				parts = append(parts, checks.Measurement{
					Part: part.name, Observed: b.lambda.Value, Predicted: factor * part.bound, Relation: checks.AtLeast, Error: b.lambda.Err,
				})
			}
		}
		m := checks.All(parts...)
		if p.Curve != "" {
			series, err := p.curves()
			if err != nil {
				return checks.Failed(err)
			}
			m.Series = series
		}
		return m
	}
	return inst, nil
}

// nguyenBounds is lambda_min(K^(L)) between its bounds.
type nguyenBounds struct {
	lambda                           eig.Certified
	upper, lower, byNorm, gershgorin float64
	shortest                         float64 // min ||x_i||^2
}

func nguyenBoundsOf(x *mat.Dense, l int) (b nguyenBounds, err error) {
	bound := bounds.DeepNTK{Hidden: l - 1}
	if b.lambda, err = kernel.NTK(l - 1).Lambda0(x); err != nil {
		return b, err
	}
	for _, f := range []struct {
		to *float64
		of func(mat.Matrix) (float64, error)
	}{{&b.upper, bound.Upper}, {&b.lower, bound.Lower}, {&b.byNorm, bound.LowerByNorm}, {&b.gershgorin, bound.LowerByGershgorin}} {
		if *f.to, err = f.of(x); err != nil {
			return b, err
		}
	}
	low := floats.Min(data.RowNorms(x))
	b.shortest = low * low
	return b, nil
}

func (b nguyenBounds) facts() []checks.Fact {
	return nguyenFacts("lambda_min", b.lambda.Value, "min norm squared", b.shortest,
		"lower bound", b.lower, "lower bound by norm", b.byNorm, "Gershgorin bound", b.gershgorin, "upper bound", b.upper,
		"lambda_min over lower bound", b.lambda.Value/b.lower, "upper bound over lambda_min", b.upper/b.lambda.Value)
}

// curves follows lambda_min and its bounds, over the least squared norm, along the
// depth, the number of rows (the first ones of the data) or the dimension (drawn again).
func (p nguyenLimit) curves() ([]checks.Series, error) {
	x, err := p.build()
	if err != nil {
		return nil, err
	}
	n, columns := x.Dims()
	var sizes, lambda, lower, gershgorin, upper []float64
	add := func(size int, x *mat.Dense, l int) error {
		b, err := nguyenBoundsOf(x, l)
		if err != nil {
			return err
		}
		sizes = append(sizes, float64(size))
		lambda, lower = append(lambda, b.lambda.Value/b.shortest), append(lower, b.lower/b.shortest)
		gershgorin, upper = append(gershgorin, b.gershgorin/b.shortest), append(upper, b.upper/b.shortest)
		return nil
	}
	name := "number N of inputs"
	switch p.Curve {
	case "l":
		name = "number L of weight layers"
		for l := 2; l <= 7 && err == nil; l++ {
			err = add(l, x, l)
		}
	case "n":
		for k := 2; k <= n && err == nil; k = max(k+1, k*7/5) {
			err = add(k, mat.DenseCopyOf(x.Slice(0, k, 0, columns)), p.L)
		}
	case "d":
		name = "dimension d"
		for d := 4; d <= 8*n && err == nil; d *= 2 {
			q := p
			q.Data.D = d
			if x, err = q.build(); err == nil {
				err = add(d, x, p.L)
			}
		}
	default:
		err = fmt.Errorf("no curve along %q: use l, n or d", p.Curve)
	}
	if err != nil {
		return nil, err
	}
	series := []checks.Series{
		checks.NewSeries("upper bound L", "bound", sizes, upper),
		checks.NewSeries("smallest eigenvalue", "measured", sizes, lambda),
		checks.NewSeries("lower bound", "bound", sizes, lower),
		checks.NewSeries("lower bound by Gershgorin", "bound", sizes, gershgorin),
	}
	for i := range series {
		series[i].XName, series[i].YName, series[i].LogX = name, "over the least squared norm", p.Curve != "l"
	}
	return series, nil
}

// nguyenLimitUpper is the explicit upper bound of Theorem 3.2.
//
// Setting: any N inputs with nonzero rows; the limit tangent kernel K^(L).
//
// Hypotheses: none beyond nonzero rows.
//
// Conclusion: lambda_min(K^(L)) <= min_i K_ii = L min_i ||x_i||^2, hence at most
// tr(K^(L))/N = L mean ||x_i||^2 too.
//
// Constants: ours. K^(L)_ii = L ||x_i||^2, because the cosine of an input with itself is 1 in
// every layer; Rayleigh quotients at unit vectors bound lambda_min. That the diagonal of the kernel is
// this is a hypothesis on the instance, to 8(d + 8L) ulp.
//
// Convention: as in limit-linear.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 3.2, upper part with its constant; card 04.2 (a).
//
// Control: L-1 in place of L: on orthonormal inputs lambda_min = 2 - 1/pi at L = 2, which exceeds 1.
func nguyenLimitUpper() checks.Checkable {
	setup := func(missing int) func(p nguyenLimit) (checks.Instance, error) {
		return func(p nguyenLimit) (checks.Instance, error) { return nguyenUpper(p, missing) }
	}
	return checks.Claim[nguyenLimit]{
		ID: "nguyen2021/limit-upper", Title: "explicit upper bound on the limit kernel", Reference: "Theorem 3.2; card 04.2",
		Formula: `\lambda_{\min}(K^{(L)}) \le L \min_i \|x_i\|^2`, Convention: nguyenLimitConvention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: nguyenLimitSpace(), Grid: nguyenLimitGrid(false), OnData: nguyenLimitOnData,
		Cost: func(p nguyenLimit) checks.Cost {
			n, d := nguyenSize(p.Data)
			return checks.Cost{Setup: 2 * nguyenLimitCost(n, d, p.L), Size: fmt.Sprintf("N=%d", n)}
		},
		Setup: setup(0),
		Controls: []checks.Control[nguyenLimit]{{
			Name: "one-layer-less", Why: "every layer adds ||x||^2 to the diagonal",
			At: []nguyenLimit{
				{Data: data.Spec{Kind: data.Basis, N: 6, D: 6}, L: 2},
				{Data: data.Spec{Kind: data.Sphere, N: 12, D: 600, Seed: 1}, L: 2},
			},
			Setup: setup(1),
		}},
	}
}

func nguyenUpper(p nguyenLimit, missing int) (checks.Instance, error) {
	x, err := p.build()
	if err != nil {
		return checks.Instance{}, err
	}
	lambda, err := kernel.NTK(p.L - 1).Lambda0(x)
	if err != nil {
		return checks.Instance{}, err
	}
	upper, err := bounds.DeepNTK{Hidden: p.L - 1 - missing}.Upper(x)
	if err != nil {
		return checks.Instance{}, err
	}
	gram, err := kernel.NTK(p.L - 1).Gram(x)
	if err != nil {
		return checks.Instance{}, err
	}
	_, d := x.Dims()
	off, mean := 0.0, 0.0 // largest relative error of the diagonal; tr(K)/N
	for i, norm := range data.RowNorms(x) {
		want := float64(p.L) * norm * norm
		off = max(off, math.Abs(gram.At(i, i)/want-1))
		mean += (want - mean) / float64(i+1)
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.Require("relative error of the diagonal", off, checks.AtMost, 8*float64(d+8*p.L)*nguyenUnit)},
		Facts:      nguyenFacts("lambda_min", lambda.Value, "upper bound", upper, "trace over N", mean, "upper bound over lambda_min", upper/lambda.Value),
		Trial: func(*rand.Rand) checks.Measurement {
			return checks.Measurement{Observed: lambda.Value, Predicted: upper, Error: lambda.Err}
		},
	}, nil
}

// nguyenLimitChain is the lower bound with the ingredients of the printed proof.
//
// Setting: any N inputs with nonzero rows; G^(l) the limit feature kernels, G^(1) = X X^T; mu_r the
// Hermite coefficients of the ReLU, mu_1^2 = 1/4, mu_2^2 = 1/(4 pi), mu_4^2 = 1/(48 pi).
//
// Hypotheses: none beyond nonzero rows; L >= 2.
//
// Conclusion: lambda_min(K^(L)) >= sum_{l=1}^{L} lambda_min(G^(l)), and for r = 1..8
//
//	lambda_min(G^(2)) >= 2 mu_r^2 lambda_min(D R^{o r} D)
//	                  >= 2 mu_r^2 lambda_min((X^{*r})(X^{*r})^T) / max_i ||x_i||^{2(r-1)}.
//
// Constants: ours, from the steps of the proof. K^(L) = sum_l G^(l) o Gdot^(l+1) o ... o Gdot^(L), where
// the Gdot have unit diagonal, so that Schur's lambda_min(A o B) >= lambda_min(A) min_i B_ii applies;
// G^(2) = D (sum_r 2 mu_r^2 R^{o r}) D. The printed proof drops the factor 2. The published divisor
// comes from lambda_min(D^{1-r} M D^{1-r}) >= lambda_min(M) / max_i D_i^{2(r-1)} and is never better than the
// form without it.
//
// Convention: as in limit-linear.
//
// Reference: the proof of Nguyen, Mondelli, Montufar (2021), Theorem 3.2; card 04.2 (c).
//
// Control: 1.05 times the sum over layers: on orthonormal inputs the first inequality is an equality at
// L = 2 (2 - 1/pi on both sides).
func nguyenLimitChain() checks.Checkable {
	setup := func(factor float64) func(nguyenLimit) (checks.Instance, error) {
		return func(p nguyenLimit) (checks.Instance, error) { return nguyenChain(p, factor) }
	}
	return checks.Claim[nguyenLimit]{
		ID: "nguyen2021/limit-chain", Title: "lower bound layer by layer", Reference: "proof of Theorem 3.2; card 04.2 (c)",
		Formula:    `\lambda_{\min}(K^{(L)}) \ge \sum_{l=1}^{L} \lambda_{\min}(G^{(l)}) \ge 2\mu_r^2\, \lambda_{\min}(D R^{\circ r} D)`,
		Convention: nguyenLimitConvention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: nguyenLimitSpace(), Grid: nguyenLimitGrid(false), OnData: nguyenLimitOnData,
		Cost: func(p nguyenLimit) checks.Cost {
			n, d := nguyenSize(p.Data)
			return checks.Cost{Setup: float64(p.L+1)*nguyenLimitCost(n, d, p.L) + 20*nguyenEigCost(n), Size: fmt.Sprintf("N=%d", n)}
		},
		Setup: setup(1),
		Controls: []checks.Control[nguyenLimit]{{
			Name: "five-percent-more", Why: "at L = 2 the sum over layers is attained on orthonormal inputs",
			At: []nguyenLimit{{Data: data.Spec{Kind: data.Basis, N: 8, D: 8}, L: 2}}, Setup: setup(1.05),
		}},
	}
}

func nguyenChain(p nguyenLimit, factor float64) (checks.Instance, error) {
	x, err := p.build()
	if err != nil {
		return checks.Instance{}, err
	}
	lambda, err := kernel.NTK(p.L - 1).Lambda0(x)
	if err != nil {
		return checks.Instance{}, err
	}
	var second eig.Certified // of G^(2)
	sum, doubt := 0.0, lambda.Err
	for l := range p.L {
		g, err := kernel.NNGP(l).Lambda0(x)
		if err != nil {
			return checks.Instance{}, err
		}
		if l == 1 {
			second = g
		}
		sum, doubt = sum+g.Value, doubt+g.Err
	}
	best, paper, power := 0.0, 0.0, 0
	for r := 1; r <= 8; r++ {
		b, err := bounds.DeepNTK{Hidden: p.L - 1}.LowerByHermite(x, r)
		if err != nil {
			return checks.Instance{}, err
		}
		if b > best {
			best, power = b, r
		}
		c, err := bounds.FeatureKernelLower(x, 1, r)
		if err != nil {
			return checks.Instance{}, err
		}
		paper = max(paper, 2*c)
	}
	inst := checks.Instance{Facts: nguyenFacts("lambda_min", lambda.Value, "sum of lambda_min(G^(l))", sum, "lambda_min(G^(2))", second.Value,
		"best single power", best, "best r", float64(power), "best single power (published divisor)", paper)}
	if sum <= doubt {
		inst.Trivial = "the feature kernels are singular to rounding"
	}
	inst.Trial = func(*rand.Rand) checks.Measurement {
		parts := []checks.Measurement{{Part: "sum over layers", Observed: lambda.Value, Predicted: factor * sum, Relation: checks.AtLeast, Error: doubt}}
		if best > 0 {
			parts = append(parts, checks.Measurement{Part: "single power", Observed: second.Value, Predicted: best, Relation: checks.AtLeast, Error: second.Err})
		}
		if paper > 0 {
			parts = append(parts, checks.Measurement{Part: "published divisor", Observed: second.Value, Predicted: paper, Relation: checks.AtLeast, Error: second.Err})
		}
		return checks.All(parts...)
	}
	return inst, nil
}

// ---- 04.3: sphere data ----

type nguyenCap struct {
	N     int     `json:"n"`
	D     int     `json:"d"`
	L     int     `json:"l"`
	Delta float64 `json:"delta"`
}

// nguyenLimitSphere is Theorem 3.2 with every constant explicit, for sphere data.
//
// Setting: x_1..x_N independent and uniform on the sphere of radius sqrt d; the limit kernel K^(L).
//
// Hypotheses: d > 2 log(N^2/delta), or else the bound is zero.
//
// Conclusion: with probability at least 1-delta over the data
//
//	lambda_min(K^(L)) >= d sum_{r>=1} c_r [1 - (N-1) t^{r/2}]_+,   t = 2 log(N^2/delta)/d,
//
// with c_r the Taylor coefficients of K^(L) on unit inputs (odd r included, tail as in
// limit-lower). At N = 20, d = 100, L = 2 and delta = 0.05 this is 0.160 d.
//
// Constants: ours. P(|<x_i,x_j>| >= s d) <= 2 exp(-d s^2/2) (spherical cap), the union over the
// N(N-1)/2 pairs, then Gershgorin for each power.
//
// Convention: as in limit-linear.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 3.2, derived; card 04.3.
//
// Control: points of a random plane with d declared large.
func nguyenLimitSphere() checks.Checkable {
	setup := func(law string) func(nguyenCap) (checks.Instance, error) {
		return func(p nguyenCap) (checks.Instance, error) {
			bound, err := bounds.DeepNTK{Hidden: p.L - 1}.Sphere(p.N, p.D, p.Delta)
			if err != nil {
				return checks.Instance{}, err
			}
			d := float64(p.D)
			inst := checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("d over 2 log(N^2/delta)", d, checks.AtLeast, 2*math.Log(float64(p.N*p.N)/p.Delta))},
				Facts:      nguyenFacts("lower bound over d", bound/d, "upper bound over d", float64(p.L)),
				Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
			}
			if bound <= 0 {
				inst.Trivial = "the bound is zero"
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				x, err := nguyenInputs(law, p.N, p.D, r)
				if err != nil {
					return checks.Failed(err)
				}
				lambda, err := kernel.NTK(p.L - 1).Lambda0(x)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast, Error: lambda.Err}
			}
			return inst, nil
		}
	}
	return checks.Claim[nguyenCap]{
		ID: "nguyen2021/limit-sphere", Title: "limit kernel on sphere data", Reference: "Theorem 3.2, explicit; card 04.3",
		Formula:    `\lambda_{\min}(K^{(L)}) \ge d \sum_{r\ge 1} c_r \left[1-(N-1)\left(\frac{2}{d}\log\frac{N^2}{\delta}\right)^{r/2}\right]_+`,
		Convention: nguyenLimitConvention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) nguyenCap {
			return nguyenCap{
				N: rapid.IntRange(2, 6).Draw(t, "n"), D: rapid.IntRange(1, 80).Draw(t, "d"), L: rapid.IntRange(2, 5).Draw(t, "l"),
				Delta: rapid.SampledFrom([]float64{0.2, 0.5, 0.9}).Draw(t, "delta"),
			}
		}),
		Grid: []nguyenCap{
			{N: 3, D: 14, L: 2, Delta: 0.5}, {N: 8, D: 60, L: 2, Delta: 0.2}, {N: 20, D: 100, L: 2, Delta: 0.1}, {N: 20, D: 100, L: 3, Delta: 0.1},
			{N: 20, D: 400, L: 5, Delta: 0.2}, {N: 50, D: 300, L: 2, Delta: 0.2},
		},
		Cost: func(p nguyenCap) checks.Cost {
			return checks.Cost{Setup: 1e5, Trial: nguyenLimitCost(p.N, p.D, p.L) + 20*float64(p.N*p.D), Size: fmt.Sprintf("N=%d", p.N)}
		},
		Setup: setup("sphere"),
		Controls: []checks.Control[nguyenCap]{{
			Name: "plane", Why: "points of a plane are not spread over R^d: lambda_min/d <= 0.012 where 0.16 is claimed",
			At: []nguyenCap{{N: 20, D: 100, L: 2, Delta: 0.1}}, Setup: setup("plane"),
		}},
	}
}

// ---- 04.4: finite width, one wide layer ----

// nguyenPyramid is a ladder of networks with one wide hidden layer.
type nguyenPyramid struct {
	L     int     `json:"l"`
	Wide  int     `json:"wide"`            // which hidden layer, 1..L-1
	Times float64 `json:"times"`           // its width over N, or over N log^2 N
	Log   bool    `json:"log,omitempty"`   // the latter
	Root  float64 `json:"root,omitempty"`  // the other widths and d over sqrt N
	Fixed int     `json:"fixed,omitempty"` // or their value, whatever N
	N     []int   `json:"n"`
}

// widths returns d and the hidden widths at N samples.
func (p nguyenPyramid) widths(n int) (d int, hidden []int) {
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

func (p nguyenPyramid) cost() checks.Cost {
	c := checks.Cost{}
	for _, n := range p.N {
		d, hidden := p.widths(n)
		c.Trial += nguyenNetCost(n, d, hidden) + nguyenEigCost(n)
		c.Size = fmt.Sprintf("n_%d=%d", p.Wide, hidden[p.Wide-1])
	}
	return c
}

func (p nguyenPyramid) facts() []checks.Fact {
	last := p.N[len(p.N)-1]
	d, hidden := p.widths(last)
	size, wide := float64(last), float64(hidden[p.Wide-1])
	return nguyenFacts("largest N", size, "d there", float64(d), "wide layer there", wide,
		"wide layer over N log^2 N there", wide/(size*math.Log(size)*math.Log(size)))
}

// ratio draws data and network and returns formula over lambda_min.
func (p nguyenPyramid) ratio(n int, r *rand.Rand) (float64, error) {
	d, hidden := p.widths(n)
	std := deep.HeStd(d, hidden)
	factors, err := kernel.NTKFactors(hidden, std)
	if err != nil {
		return 0, err
	}
	lambda, err := nguyenDrawLambda("sphere", n, deep.Config{Inputs: d, Hidden: hidden, Std: std}, r)
	return float64(d) * factors[p.Wide] / lambda, err
}

// nguyenOneWideLayer is the lower bound of Theorem 4.1.
//
// Setting: N inputs on the sphere of radius sqrt d; a ReLU network of L weight layers with He's
// initialisation beta_l^2 = 2/n_{l-1}; hidden layer w has width 4N or N log^2 N, wherever it stands, and d
// and the other widths are 3 to 6 sqrt N. Kbar is the tangent kernel at this width.
//
// Hypotheses: n_w of order N log N log(N/delta) with a hidden constant, and the narrow layers
// of larger order than N^{2/(r/2-0.1)} times logarithms, which sqrt N is for r >= 10.
//
// Conclusion: there is C with d prod_l (n_l/2) prod_{l != w+1} beta_l^2 <= C lambda_min(Kbar): the ratio of
// formula to observation (1/rho_N on the card), in geometric mean, does not drift upward as N grows. A drift
// exponent up to 0.6 counts as none. At N <= 64 the ratio still rises, by about N^{0.25} when the wide
// layer is last: while N passes d the linear term of the kernel is lost, and a few neurons
// fluctuate. With the hypothesis broken it rises by N^{1.4} or more. Only the block of the wide layer is
// in the formula.
//
// Constants: hidden (they may depend on L), so that nothing is refuted here. The card measured
// rho = .150, .152, .227, .179, .164 for the wide layer first and .056, .051, .041, .034, .031 for the
// wide layer last, at N = 50 .. 800 with narrow layers of 3 sqrt N.
//
// Convention: standard parametrisation; L counts weight layers.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 4.1, lower bound; card 04.4.
//
// Control: d and the narrow widths fixed while N grows, against the hypothesis on min n_l.
func nguyenOneWideLayer() checks.Checkable {
	small := []int{16, 32, 48, 64}
	large := []int{50, 100, 200, 300}
	setup := func(trials int, response string) func(nguyenPyramid) (checks.Instance, error) {
		return func(p nguyenPyramid) (checks.Instance, error) {
			return checks.Instance{
				Facts: p.facts(),
				Terms: checks.Terms{Resolution: 0.6, FitRungs: len(p.N) - 1, Trials: trials, Response: response},
				Trial: func(r *rand.Rand) checks.Measurement {
					return nguyenLadder(len(p.N), func(i int) (size, value float64, err error) {
						ratio, err := p.ratio(p.N[i], r)
						return float64(p.N[i]), ratio, err
					})
				},
			}, nil
		}
	}
	return checks.Claim[nguyenPyramid]{
		ID: "nguyen2021/one-wide-layer", Title: "one wide layer is enough", Reference: "Theorem 4.1; card 04.4",
		Formula:    `\exists C\colon\; d \prod_{l=1}^{L-1} \frac{n_l}{2} \prod_{l\ne w+1} \beta_l^2 \le C\,\lambda_{\min}(\bar K^{(L)})`,
		Convention: nguyenConvention, Basis: checks.Stated, Form: checks.Bounded{}, Version: 1,
		Grid: []nguyenPyramid{
			{L: 3, Wide: 1, Times: 4, Root: 5, N: small},
			{L: 3, Wide: 2, Times: 4, Root: 4, N: small},
			{L: 3, Wide: 1, Times: 1, Log: true, Root: 4, N: []int{40, 80, 120, 160}},
			{L: 3, Wide: 1, Times: 4, Root: 4, N: large},
			{L: 3, Wide: 2, Times: 4, Root: 3, N: large},
			{L: 4, Wide: 2, Times: 4, Root: 6, N: large},
		},
		Cost:  nguyenPyramid.cost,
		Setup: setup(80, "geometric"),
		Controls: []checks.Control[nguyenPyramid]{{
			Name: "narrow-layers-fixed", Why: "with d and the narrow widths fixed the hypothesis on min n_l fails and lambda_min falls behind",
			At: []nguyenPyramid{
				{L: 3, Wide: 1, Times: 4, Fixed: 8, N: []int{16, 32, 64}},
				{L: 3, Wide: 2, Times: 4, Fixed: 8, N: []int{16, 32, 64}},
			},
			Setup: setup(30, "median"), // some draws are singular; few are enough
		}},
	}
}

type nguyenScales struct {
	Data   data.Spec `json:"data"`
	Hidden []int     `json:"hidden"`
	Scales []float64 `json:"scales"` // s_1..s_L
}

// nguyenHomogeneity is the dependence of the tangent kernel on the weight variances.
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
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 4.1 (its factors beta); card 04.4.
//
// Control: s_k^2 kept in the k-th term.
func nguyenHomogeneity() checks.Checkable {
	setup := func(keep bool) func(nguyenScales) (checks.Instance, error) {
		return func(p nguyenScales) (checks.Instance, error) {
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
	return checks.Claim[nguyenScales]{
		ID: "nguyen2021/layer-homogeneity", Title: "weight scales factor out of the kernel", Reference: "Theorem 4.1; card 04.4",
		Formula:    `\bar K(s_1W_1,\dots,s_LW_L) = \sum_{k=1}^{L} \left(\prod_{l\ne k} s_l^2\right) \bar K_k(W)`,
		Convention: nguyenConvention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) nguyenScales {
			p := nguyenScales{Data: nguyenSpec(t, 6, 6), Hidden: rapid.SliceOfN(rapid.IntRange(1, 8), 1, 4).Draw(t, "hidden")}
			for range len(p.Hidden) + 1 {
				p.Scales = append(p.Scales, rapid.SampledFrom([]float64{1, 2, 0.1, 0.7, 30}).Draw(t, "scale"))
			}
			return p
		}),
		Grid: []nguyenScales{
			{Data: data.Spec{Kind: data.Sphere, N: 12, D: 6, Seed: 1}, Hidden: []int{20}, Scales: []float64{0.3, 7}},
			{Data: data.Spec{Kind: data.Sphere, N: 12, D: 6, Seed: 1}, Hidden: []int{7, 30, 9}, Scales: []float64{0.3, 7, 0.01, 2}},
			{Data: nguyenImages(data.MNIST, 20, 49), Hidden: []int{40, 15}, Scales: []float64{5, 0.2, 3}},
		},
		Cost: func(p nguyenScales) checks.Cost {
			n, d := nguyenSize(p.Data)
			return checks.Cost{Trial: 4 * nguyenNetCost(n, d, p.Hidden)}
		},
		Setup: setup(false),
		Controls: []checks.Control[nguyenScales]{{
			Name: "own-scale-kept", Why: "the gradient with respect to W_k does not contain W_k",
			At:    []nguyenScales{{Data: data.Spec{Kind: data.Sphere, N: 8, D: 6, Seed: 1}, Hidden: []int{16, 16}, Scales: []float64{0.5, 2, 3}}},
			Setup: setup(true),
		}},
	}
}

// compare returns the entry of the kernel that is farthest from its prediction; with keep,
// the prediction has the scale of layer k in its own term.
func (p nguyenScales) compare(x *mat.Dense, keep bool, r *rand.Rand) checks.Measurement {
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
		Tolerance: 16 * float64(terms) * nguyenUnit * mat.Max(majorant),
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

// nguyenLine is a ladder in one size of a network of three weight layers.
type nguyenLine struct {
	Vary string `json:"vary"` // d, n1 or n2, which doubles from rung to rung
	N    int    `json:"n"`
	D    int    `json:"d"` // on the first rung, as n1 and n2
	N1   int    `json:"n1"`
	N2   int    `json:"n2"`
	Unit bool   `json:"unit,omitempty"` // divide the rows by sqrt d
	NTK  bool   `json:"ntk,omitempty"`  // factors sqrt(2/n_l) after each hidden layer
}

const nguyenLineRungs = 4

// at returns the size that varies, and the network, on rung i.
func (p nguyenLine) at(i int) (size int, config deep.Config, err error) {
	grow := map[string]*int{"d": &p.D, "n1": &p.N1, "n2": &p.N2}[p.Vary]
	if grow == nil {
		return 0, config, fmt.Errorf("cannot vary %q: use d, n1 or n2", p.Vary)
	}
	*grow <<= i
	config = deep.Config{Inputs: p.D, Hidden: []int{p.N1, p.N2}}
	if p.NTK {
		config.Convention = deep.NTK
	}
	return *grow, config, nil
}

// nguyenFiniteLinear is the power law of Theorem 4.1 in each size.
//
// Setting: N inputs on the sphere of radius sqrt d; a ReLU network of three weight layers with N(0,1)
// weights; one of d, n_1, n_2 doubles three times while the others stay.
//
// Hypotheses: those of Theorem 4.1, N log^2 N neurons in a layer with a hidden constant, and d of
// larger order than N; here n_1, n_2 >= 9N and d >= 20N throughout.
//
// Conclusion: lambda_min(Kbar) is linear in each of d, n_1 and n_2: log-log slope 1, to within
// 0.25. The left plot of the paper's Figure 2 shows (4/(n_1 n_2)) lambda_min(Kbar) against d.
//
// Constants: the exponents are stated, the resolution is ours: the fluctuations of finite width
// still shrink at these sizes, which adds to the slope.
//
// Convention: standard parametrisation with beta_l = 1. The parameters of the paper's figure are not
// in its text.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 4.1 and Figure 2 (left); card 04.4.
//
// Control: rows of norm one while d grows, and the factors sqrt(2/n_l) of the NTK parametrisation while
// n_1 grows: the slope is then near 0.
func nguyenFiniteLinear() checks.Checkable {
	return checks.Claim[nguyenLine]{
		ID: "nguyen2021/finite-linear", Title: "finite kernel linear in d and in the widths", Reference: "Theorem 4.1, Figure 2; card 04.4",
		Formula: `\lambda_{\min}(\bar K^{(3)}) = \Theta(d\, n_1 n_2)`, Convention: nguyenConvention,
		Basis: checks.Stated, Form: checks.Scaling{}, Version: 1,
		Grid: []nguyenLine{
			{Vary: "d", N: 5, D: 100, N1: 48, N2: 48},
			{Vary: "n1", N: 5, D: 100, N1: 64, N2: 64},
			{Vary: "n2", N: 5, D: 100, N1: 64, N2: 64},
			{Vary: "d", N: 30, D: 600, N1: 600, N2: 600},
		},
		Cost: func(p nguyenLine) checks.Cost {
			c := checks.Cost{Size: fmt.Sprintf("n_1=%d", p.N1)}
			for i := range nguyenLineRungs {
				if _, config, err := p.at(i); err == nil {
					c.Trial += nguyenNetCost(p.N, config.Inputs, config.Hidden) + nguyenEigCost(p.N)
				}
			}
			return c
		},
		Setup: func(p nguyenLine) (checks.Instance, error) {
			if _, _, err := p.at(0); err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Exponent: 1, Relation: checks.Equal, Resolution: 0.25, Trials: 40},
				Trial: func(r *rand.Rand) checks.Measurement {
					return nguyenLadder(nguyenLineRungs, func(i int) (x, value float64, err error) {
						size, config, err := p.at(i)
						if err != nil {
							return 0, 0, err
						}
						lambda, err := nguyenDrawLambda("sphere", p.N, config, r)
						if p.Unit {
							lambda /= float64(config.Inputs) // the kernel is quadratic in the inputs
						}
						return float64(size), lambda, err
					})
				},
			}, nil
		},
		Controls: []checks.Control[nguyenLine]{
			{
				Name: "unit-rows", Why: "the kernel is quadratic in the inputs: unless their norms grow with d it does not",
				At: []nguyenLine{{Vary: "d", N: 5, D: 100, N1: 48, N2: 48, Unit: true}},
			},
			{
				Name: "ntk-factors", Why: "the factors sqrt(2/n_l) take the growth with the width away",
				At: []nguyenLine{{Vary: "n1", N: 5, D: 100, N1: 64, N2: 64, NTK: true}},
			},
		},
	}
}

// ---- 04.5: finite width, upper bound ----

// nguyenNet is a network law on a data set.
type nguyenNet struct {
	Data   data.Spec `json:"data"`
	Hidden []int     `json:"hidden"`
	Beta   []float64 `json:"beta,omitempty"`  // standard deviations beta_1..beta_L; none: 1
	Batch  int       `json:"batch,omitempty"` // networks a trial; 0 means 1
	Leak   float64   `json:"leak,omitempty"`  // slope of the activation below zero
}

func (p nguyenNet) cost() checks.Cost {
	n, d := nguyenSize(p.Data)
	return checks.Cost{Trial: float64(max(p.Batch, 1)) * (nguyenNetCost(n, d, p.Hidden) + nguyenEigCost(n))}
}

// average returns the mean over the batch of a function of the tangent kernel on x.
func (p nguyenNet) average(x *mat.Dense, of func(*mat.SymDense) (float64, error), r *rand.Rand) (float64, error) {
	_, d := x.Dims()
	config := deep.Config{Inputs: d, Hidden: p.Hidden, Std: p.Beta}
	if p.Leak != 0 {
		config.Activation = deep.LeakyReLU(p.Leak)
	}
	batch, sum := max(p.Batch, 1), 0.0
	for range batch {
		net, err := deep.New(config, r)
		if err != nil {
			return 0, err
		}
		k, err := net.Gram(x)
		if err != nil {
			return 0, err
		}
		v, err := of(k)
		if err != nil {
			return 0, err
		}
		sum += v
	}
	return sum / float64(batch), nil
}

// nguyenDiagonalMean is the exact mean of the diagonal of the tangent kernel.
//
// Setting: one fixed input x; a ReLU network of any widths, down to layers of one neuron, with
// N(0, beta_l^2) weights.
//
// Hypotheses: none.
//
// Conclusion: E Kbar(x,x) = ||x||^2 prod_{l=1}^{L-1} (n_l/2) sum_{k=1}^{L} prod_{l != k} beta_l^2.
//
// Constants: ours. E||f_l||^2 = (n_l beta_l^2/2) E||f_{l-1}||^2; and for fixed S and f != 0, w -> -w shows
// E[||S w||^2 1{<f,w> > 0}] = beta^2 ||S||^2/2, which carries the backward product through every layer
// (a dead layer, f = 0, closes its own gates too); a fresh gate is open with probability 1/2. Each
// trial averages over many networks; the mean is judged to 10 %.
//
// Convention: standard parametrisation.
//
// Reference: sharp form of Nguyen, Mondelli, Montufar (2021), Theorem 4.1, upper bound; card 04.5.
//
// Control: leaky ReLU of slope 0.3 with three hidden layers: the mean is 1.09^3 = 1.30 times as large.
func nguyenDiagonalMean() checks.Checkable {
	x := data.Spec{Kind: data.Sphere, N: 1, D: 4, Seed: 1, RowNorm: 2}
	return checks.Claim[nguyenNet]{
		ID: "nguyen2021/diagonal-mean", Title: "mean diagonal at every width", Reference: "Theorem 4.1, upper bound; card 04.5",
		Formula:    `\mathbb{E}\,\bar K(x,x) = \|x\|^2 \prod_{l=1}^{L-1} \frac{n_l}{2} \sum_{k=1}^{L} \prod_{l\ne k} \beta_l^2`,
		Convention: nguyenConvention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []nguyenNet{
			{Data: x, Hidden: []int{7, 3, 9}, Batch: 100},
			{Data: x, Hidden: []int{3, 1}, Beta: []float64{1, 2, 0.5}, Batch: 100},
			{Data: x, Hidden: []int{40, 20}, Beta: []float64{0.7, 0.2, 0.3}, Batch: 10},
			{Data: data.Spec{Kind: data.Fashion, N: 1, D: 196, Classes: [2]int{3, 8}, Raw: true}, Hidden: []int{20, 20}, Batch: 10},
		},
		Cost: nguyenNet.cost,
		Setup: func(p nguyenNet) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if set.N() != 1 {
				return checks.Instance{}, fmt.Errorf("%d inputs: the claim is about one", set.N())
			}
			norm := data.RowNorms(set.X)[0]
			mean, err := bounds.DeepNTKMeanDiagonal(norm*norm, p.Hidden, p.Beta)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.1},
				Trial: func(r *rand.Rand) checks.Measurement {
					k, err := p.average(set.X, func(k *mat.SymDense) (float64, error) { return k.At(0, 0), nil }, r)
					return checks.Measurement{Observed: k, Predicted: mean, Relation: checks.Equal, Err: err}
				},
			}, nil
		},
		Controls: []checks.Control[nguyenNet]{{
			Name: "leaky", Why: "a leaky ReLU passes (1+0.09)/2 of the square, not one half: 1.30 times the mean at three hidden layers",
			At: []nguyenNet{{Data: x, Hidden: []int{7, 3, 9}, Batch: 100, Leak: 0.3}},
		}},
	}
}

// nguyenFiniteUpper is the upper bound of Theorem 4.1 with its exact constant, in mean.
//
// Setting: any inputs; a ReLU network of any widths with N(0, beta_l^2) weights.
//
// Hypotheses: none.
//
// Conclusion: E lambda_min(Kbar) <= min_i ||x_i||^2 prod_{l=1}^{L-1} (n_l/2) sum_{k=1}^{L} prod_{l != k} beta_l^2.
//
// Constants: ours: lambda_min(Kbar) <= min_i Kbar_ii, whose mean is at most the least of the means in
// diagonal-mean. The paper has this order with a hidden constant, with high probability. The errors of
// the eigenvalues, about 1e-14 of the bound, are far below the resolution of 10 %.
//
// Convention: standard parametrisation.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 4.1, upper bound; card 04.5.
//
// Control: seven tenths of the constant at a single input, where the bound is an equality.
func nguyenFiniteUpper() checks.Checkable {
	setup := func(factor float64) func(nguyenNet) (checks.Instance, error) {
		return func(p nguyenNet) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			low := floats.Min(data.RowNorms(set.X))
			bound, err := bounds.DeepNTKMeanDiagonal(low*low, p.Hidden, p.Beta)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.1},
				Trial: func(r *rand.Rand) checks.Measurement {
					lambda, err := p.average(set.X, func(k *mat.SymDense) (float64, error) {
						low, err := eig.Min(k)
						return low.Value, err
					}, r)
					return checks.Measurement{Observed: lambda, Predicted: factor * bound, Err: err}
				},
			}, nil
		}
	}
	sphere := data.Spec{Kind: data.Sphere, N: 8, D: 20, Seed: 1}
	return checks.Claim[nguyenNet]{
		ID: "nguyen2021/finite-upper", Title: "upper bound at every width", Reference: "Theorem 4.1, upper bound; card 04.5",
		Formula:    `\mathbb{E}\,\lambda_{\min}(\bar K) \le \min_i \|x_i\|^2 \prod_{l=1}^{L-1} \frac{n_l}{2} \sum_{k=1}^{L} \prod_{l\ne k} \beta_l^2`,
		Convention: nguyenConvention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []nguyenNet{
			{Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, Hidden: []int{30, 30}, Batch: 4},
			{Data: sphere, Hidden: []int{64}},
			{Data: sphere, Hidden: []int{64, 10, 10}, Beta: []float64{0.3, 0.2, 0.5, 0.5}},
			{Data: nguyenImages(data.MNIST, 8, 49), Hidden: []int{32, 32}},
			{Data: data.Spec{Kind: data.Fashion, N: 8, D: 49, Classes: [2]int{0, 6}, Raw: true}, Hidden: []int{32, 32}},
		},
		OnData: func(f checks.DataFile) []nguyenNet {
			return []nguyenNet{{Data: nguyenFile(f, 40), Hidden: []int{64, 32}}}
		},
		Cost: nguyenNet.cost, Setup: setup(1),
		Controls: []checks.Control[nguyenNet]{{
			Name: "smaller-constant", Why: "for one input lambda_min is the kernel itself, and the bound its mean",
			At: []nguyenNet{{Data: data.Spec{Kind: data.Sphere, N: 1, D: 4, Seed: 1}, Hidden: []int{30, 30}, Batch: 4}}, Setup: setup(0.7),
		}},
	}
}

// ---- 04.6: feature matrices ----

// nguyenTower is a ladder of feature matrices F_k below and in one wide layer.
type nguyenTower struct {
	K     int     `json:"k"`                // the layer of F_k; the layers below have d neurons
	Side  string  `json:"side"`             // lower or upper
	Times float64 `json:"times"`            // n_k over N
	Root  float64 `json:"root"`             // d over sqrt N
	Drop  bool    `json:"drop_d,omitempty"` // leave d out of the formula
	N     []int   `json:"n"`
}

// sizes returns d, the widths below layer k and n_k.
func (p nguyenTower) sizes(n int) (d, wide int) {
	return int(math.Ceil(p.Root * math.Sqrt(float64(n)))), int(math.Ceil(p.Times * float64(n)))
}

// ratio draws F_k and returns formula over sigma_min(F_k)^2, or the reverse for the upper side.
func (p nguyenTower) ratio(n int, r *rand.Rand) (float64, error) {
	d, wide := p.sizes(n)
	f, err := nguyenInputs("sphere", n, d, r)
	if err != nil {
		return 0, err
	}
	formula := float64(d)
	if p.Drop {
		formula = 1
	}
	for l := 1; l <= p.K; l++ {
		width := d
		if l == p.K {
			width = wide
		}
		f = nguyenLayer(f, nguyenGaussian(width, f.RawMatrix().Cols, r))
		formula *= float64(width)
	}
	var gram mat.SymDense
	gram.SymOuterK(1, f)
	low, err := nguyenPositive(eig.Min(&gram))
	if p.Side == "upper" {
		return low / formula, err
	}
	return formula / low, err
}

// nguyenFeatureSpectrum is Theorem 5.1.
//
// Setting: N inputs on the sphere of radius sqrt d; F_k the features of layer k of a ReLU network with
// N(0,1) weights; n_k = 4N or 8N, and d and the widths below are 3 or 4 sqrt N.
//
// Hypotheses: n_k of order N log N log(N/delta) with a hidden constant; the layers below of larger
// order than N^{2/(r/2-0.1)} times logarithms, as in one-wide-layer.
//
// Conclusion: sigma_min(F_k)^2 is of order d prod_{l<=k} n_l on both sides: the median ratio of formula to
// observation, and on the upper side its reverse, does not drift upward as N grows. A drift exponent up to
// 0.4 counts as none on the lower side (about 0.2 is seen while N passes d, as in one-wide-layer), up to 0.3 on
// the upper (where it falls).
//
// Constants: hidden, so that nothing is refuted here. The upper side has the constant 2^{-k} in mean, as
// E||f_k(x)||^2 = ||x||^2 prod n_l/2.
//
// Convention: standard parametrisation with beta_l = 1.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 5.1; card 04.6.
//
// Control: n_k = N on the lower side (a square random matrix has sigma_min^2 of order 1/N), and on the
// upper side the factor d left out.
func nguyenFeatureSpectrum() checks.Checkable {
	small := []int{16, 32, 64}
	return checks.Claim[nguyenTower]{
		ID: "nguyen2021/feature-spectrum", Title: "singular values of feature matrices", Reference: "Theorem 5.1; card 04.6",
		Formula: `\sigma_{\min}(F_k)^2 = \Theta\left(d \prod_{l=1}^{k} n_l \beta_l^2\right)`, Convention: nguyenConvention,
		Basis: checks.Stated, Form: checks.Bounded{}, Version: 1,
		Grid: []nguyenTower{
			{K: 1, Side: "lower", Times: 8, Root: 3, N: small}, {K: 1, Side: "upper", Times: 8, Root: 3, N: small},
			{K: 2, Side: "lower", Times: 4, Root: 4, N: small}, {K: 2, Side: "upper", Times: 4, Root: 4, N: small},
			{K: 2, Side: "lower", Times: 4, Root: 4, N: []int{60, 120, 240, 480}},
		},
		Cost: func(p nguyenTower) checks.Cost {
			c := checks.Cost{}
			for _, n := range p.N {
				d, wide := p.sizes(n)
				c.Trial += 2*float64(n*d)*float64((p.K-1)*d+wide) + 25*float64(d)*float64((p.K-1)*d+wide) + float64(n*n)*float64(wide) + nguyenEigCost(n)
				c.Size = fmt.Sprintf("n_k=%d", wide)
			}
			return c
		},
		Setup: func(p nguyenTower) (checks.Instance, error) {
			if p.Side != "lower" && p.Side != "upper" {
				return checks.Instance{}, fmt.Errorf("side %q: use lower or upper", p.Side)
			}
			drift := 0.4
			if p.Side == "upper" {
				drift = 0.3
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: checks.Float(drift), Trials: 60, Response: "median"},
				Trial: func(r *rand.Rand) checks.Measurement {
					return nguyenLadder(len(p.N), func(i int) (size, value float64, err error) {
						ratio, err := p.ratio(p.N[i], r)
						return float64(p.N[i]), ratio, err
					})
				},
			}, nil
		},
		Controls: []checks.Control[nguyenTower]{
			{
				Name: "square", Why: "with n_k = N the features are a square matrix, whose least singular value collapses",
				At: []nguyenTower{{K: 1, Side: "lower", Times: 1, Root: 3, N: small}},
			},
			{
				Name: "no-dimension", Why: "without d in the formula the ratio grows like sqrt N",
				At: []nguyenTower{{K: 1, Side: "upper", Times: 16, Root: 20, Drop: true, N: []int{4, 8, 16, 32}}},
			},
		},
	}
}

// nguyenNeurons is a feature matrix F_{k-1}, here the data, in front of a random layer.
type nguyenNeurons struct {
	Data  data.Spec `json:"data"`
	Delta float64   `json:"delta"`
}

// nguyenFront is what the two Chernoff lemmas need to know of F_{k-1}.
type nguyenFront struct {
	n                   int
	factor              *mat.Dense // A with A A^T = F F^T, at most n columns: A g has the law of F w
	rows                *mat.Dense // F itself
	frobenius, operator float64
	features, gates     eig.Certified // lambda_min of the two kernels
}

func (p nguyenNeurons) front() (f nguyenFront, err error) {
	set, err := p.Data.Build()
	if err != nil {
		return f, err
	}
	f.n, f.rows, f.factor = set.N(), set.X, set.X
	if set.N() < set.D() {
		var gram mat.SymDense
		gram.SymOuterK(1, set.X)
		var chol mat.Cholesky
		if chol.Factorize(&gram) {
			var lower mat.TriDense
			chol.LTo(&lower)
			f.factor = mat.DenseCopyOf(&lower)
		}
	}
	if f.features, err = kernel.ReLUFeature().Lambda0(set.X); err != nil {
		return f, err
	}
	if f.gates, err = kernel.ReLU().Lambda0(set.X); err != nil {
		return f, err
	}
	operator, err := eig.SpectralNorm(set.X)
	f.operator, f.frobenius = operator.Upper(), mat.Norm(set.X, 2)
	return f, err
}

// featureWidth is the derived requirement on n_k; +Inf where lambda is not certified positive.
func (p nguyenNeurons) featureWidth(f nguyenFront) (float64, error) {
	return bounds.FeatureWidth(f.frobenius, f.operator, max(0, f.features.Lower()), f.n, p.Delta)
}

func (p nguyenNeurons) gateWidth(f nguyenFront) (float64, error) {
	return bounds.GateWidth(f.operator, max(0, f.gates.Lower()), f.n, p.Delta)
}

// cost prices a layer of the width that the lemma asks for.
func (p nguyenNeurons) cost(width func(nguyenFront) (float64, error)) checks.Cost {
	f, err := p.front()
	if err != nil {
		return checks.Cost{} // Setup reports it
	}
	m, err := width(f)
	if err != nil {
		return checks.Cost{}
	}
	n, q := f.factor.Dims()
	return checks.Cost{Trial: m * float64(2*n*q+n*n+25*q), Size: fmt.Sprintf("n_k=%.3g", m)}
}

// draw adds the outer products of the images under act of width neurons.
func (f nguyenFront) draw(width int, act func(z float64) float64, sum *mat.SymDense, r *rand.Rand) {
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

func nguyenReLU(z float64) float64 { return max(z, 0) }

func nguyenGate(z float64) float64 {
	if z > 0 {
		return 1
	}
	return 0
}

// nguyenFeatureChernoff is Lemma 5.2 with explicit constants.
//
// Setting: any F = F_{k-1} (N rows), here the data; W_k with n_k independent columns w ~ N(0, I);
// F_k = relu(F W_k); lambda = lambda_min(E[relu(F w) relu(F w)^T]), computed exactly; a = ||F||_F, b = ||F||_2.
//
// Hypotheses: lambda > 0 and n_k >= max(N, 2 t^2 log(N/delta)/(0.1534 lambda)) with t = a + s b and s the least
// with t^2 e^{-s^2/2} + 2ab sqrt(pi/2) erfc(s/sqrt 2) + 2b^2 e^{-s^2/2} <= lambda/2. The layer is given exactly that
// width.
//
// Conclusion: with probability at least 1-delta over W_k, sigma_min(F_k)^2 >= n_k lambda/4.
//
// Constants: ours; the lemma has n_k >= max(N, c Q max(1, log 4Q) log(N/delta)), Q = a^2/lambda, with a hidden c.
// ||F w|| is b-Lipschitz in w with mean at most a, so it passes t with probability at most e^{-s^2/2}, and
// the neurons beyond t carry at most half of lambda; the others have summands of norm at most t^2, for
// which the matrix Chernoff bound at one half has the rate (1 - ln 2)/2 = 0.1534. For weights of variance
// beta^2 both sides scale by beta^2.
//
// Convention: standard parametrisation with beta_k = 1. F w is drawn as A g with A A^T = F F^T, which has the same law.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 5.2; card 04.6.
//
// Control: n_k = N - 1 neurons: the rank of F_k is then below N.
func nguyenFeatureChernoff() checks.Checkable {
	setup := func(starve bool) func(nguyenNeurons) (checks.Instance, error) {
		return func(p nguyenNeurons) (checks.Instance, error) {
			f, err := p.front()
			if err != nil {
				return checks.Instance{}, err
			}
			need, err := p.featureWidth(f)
			if err != nil {
				return checks.Instance{}, err
			}
			q := f.frobenius * f.frobenius / f.features.Value
			inst := checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("lambda > 0", !math.IsInf(need, 1))},
				Facts: nguyenFacts("lambda", f.features.Value, "Q", q, "required width (derived)", need,
					"required width (published, c = 1)", math.Max(float64(f.n), q*math.Max(1, math.Log(4*q))*math.Log(float64(f.n)/p.Delta))),
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
			}
			width := need
			if starve {
				width = float64(f.n - 1)
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				sum := mat.NewSymDense(f.n, nil)
				f.draw(int(width), nguyenReLU, sum, r)
				low, err := eig.Min(sum)
				if err != nil {
					return checks.Failed(err)
				}
				low = low.Widen(width * nguyenUnit * mat.Trace(sum)) // rounding of the sum over neurons
				return checks.Measurement{Observed: low.Value, Predicted: width * f.features.Value / 4, Relation: checks.AtLeast, Error: low.Err}
			}
			return inst, nil
		}
	}
	return checks.Claim[nguyenNeurons]{
		ID: "nguyen2021/feature-chernoff", Title: "width that keeps the feature spectrum", Reference: "Lemma 5.2; card 04.6",
		Formula:    `n_k \ge \frac{2t^2}{0.1534\,\lambda}\log\frac{N}{\delta} \;\Rightarrow\; \sigma_{\min}(F_k)^2 \ge \frac{n_k \lambda}{4}`,
		Convention: nguyenConvention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) nguyenNeurons {
			return nguyenNeurons{
				Data:  gen.Separated(gen.Range{MinN: 1, MaxN: 2, MinD: 2, MaxD: 4}).Draw(t, "data"),
				Delta: rapid.SampledFrom([]float64{0.6, 0.9}).Draw(t, "delta"),
			}
		}),
		Grid: []nguyenNeurons{
			{Data: data.Spec{Kind: data.HalfCircle, N: 2, D: 2}, Delta: 0.1},
			{Data: data.Spec{Kind: data.Sphere, N: 2, D: 3, Seed: 1}, Delta: 0.1},
			{Data: data.Spec{Kind: data.Orthonormal, N: 5, D: 5, Seed: 1}, Delta: 0.2},
			{Data: data.Spec{Kind: data.Sphere, N: 5, D: 20, Seed: 3}, Delta: 0.2},
			{Data: nguyenImages(data.MNIST, 3, 49), Delta: 0.2},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 3}, Delta: 0.1},
		},
		OnData: func(f checks.DataFile) []nguyenNeurons {
			return []nguyenNeurons{{Data: nguyenFile(f, 4), Delta: 0.2}}
		},
		Cost:  func(p nguyenNeurons) checks.Cost { return p.cost(p.featureWidth) },
		Setup: setup(false),
		Controls: []checks.Control[nguyenNeurons]{{
			Name: "too-few-neurons", Why: "fewer neurons than samples cannot give full rank",
			At: []nguyenNeurons{{Data: data.Spec{Kind: data.Sphere, N: 5, D: 20, Seed: 3}, Delta: 0.2}}, Setup: setup(true),
		}},
	}
}

// nguyenFeatureWidth asks how many neurons Lemma 5.2 really needs.
//
// Setting: as in feature-chernoff, with n_k = N/2, N, 2N, ..., 64N.
//
// Hypotheses: lambda > 0.
//
// Conclusion: the width at which sigma_min(F_k)^2 >= n_k lambda/4 starts to hold with
// probability 1-delta is at most the requirement of feature-chernoff. The slack of
// this claim is by what factor the requirement is too large: hundreds.
//
// Constants: ours, as in feature-chernoff. That success gets likelier with the width is
// supposed (it is what the crossing means); the success probability is 0 below N.
//
// Convention: as in feature-chernoff.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 5.2; card 04.6, whose failure frequencies at
// delta = 0.1 are 1, 0.54, 0 at N, 2N, 4N for N = 10, d = 20.
//
// Control: N/2 declared to be enough, where the rank is too small.
func nguyenFeatureWidth() checks.Checkable {
	setup := func(half bool) func(nguyenNeurons) (checks.Instance, error) {
		return func(p nguyenNeurons) (checks.Instance, error) {
			f, err := p.front()
			if err != nil {
				return checks.Instance{}, err
			}
			need, err := p.featureWidth(f)
			if err != nil {
				return checks.Instance{}, err
			}
			location := need
			if half {
				location = float64(f.n) / 2
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("lambda > 0", !math.IsInf(need, 1))},
				Facts:      nguyenFacts("lambda", f.features.Value, "required width (derived)", need, "N", float64(f.n)),
				Terms:      checks.Terms{Location: checks.Float(location), Relation: checks.AtMost, Level: checks.Float(1 - p.Delta), Trials: 160},
				Trial: func(r *rand.Rand) checks.Measurement {
					sum, drawn := mat.NewSymDense(f.n, nil), 0
					return nguyenLadder(8, func(i int) (size, value float64, err error) {
						width := (f.n << i) / 2
						f.draw(width-drawn, nguyenReLU, sum, r)
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
	return checks.Claim[nguyenNeurons]{
		ID: "nguyen2021/feature-width", Title: "width that was really needed", Reference: "Lemma 5.2; card 04.6",
		Formula:    `\min\left\{n_k\colon P\left(\sigma_{\min}(F_k)^2 \ge \frac{n_k\lambda}{4}\right) \ge 1-\delta\right\} \le \frac{2t^2}{0.1534\,\lambda}\log\frac{N}{\delta}`,
		Convention: nguyenConvention, Basis: checks.Derived, Form: checks.Threshold{}, Version: 1,
		Grid: []nguyenNeurons{
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 3}, Delta: 0.1},
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 40, Seed: 3}, Delta: 0.1},
			{Data: nguyenImages(data.MNIST, 10, 49), Delta: 0.1},
			{Data: nguyenImages(data.Fashion, 10, 196), Delta: 0.1},
		},
		OnData: func(f checks.DataFile) []nguyenNeurons {
			return []nguyenNeurons{{Data: nguyenFile(f, 20), Delta: 0.1}}
		},
		Cost: func(p nguyenNeurons) checks.Cost {
			n, d := nguyenSize(p.Data)
			q := min(n, d)
			return checks.Cost{Trial: 64*float64(n)*float64(2*n*q+n*n+25*q) + 8*nguyenEigCost(n), Size: fmt.Sprintf("n_k=%d", 64*n)}
		},
		Setup: setup(false),
		Controls: []checks.Control[nguyenNeurons]{{
			Name: "half-the-samples", Why: "fewer neurons than samples cannot give full rank",
			At: []nguyenNeurons{{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 3}, Delta: 0.1}}, Setup: setup(true),
		}},
	}
}

// nguyenGateChernoff is the analogue of Lemma 5.2 for the first block of the tangent kernel.
//
// Setting: any inputs X (N rows); m independent neurons w ~ N(0, I); H = (1/m) sum_r D_r X X^T D_r with the
// gates D_r = diag(1{X w_r > 0}); H_inf = E H.
//
// Hypotheses: lambda = lambda_min(H_inf) > 0 and m >= ||X||_2^2 log(N/delta)/(0.1534 lambda); the layer has exactly
// that width.
//
// Conclusion: with probability at least 1-delta, lambda_min(H) >= lambda/2.
//
// Constants: ours: the summands are semidefinite of norm at most ||X||_2^2, and the matrix Chernoff bound at
// one half has the rate (1 - ln 2)/2 = 0.1534. The facts compare the widths of entrywise concentration:
// 8 ||X X^T||_F^2 log(N(N+1)/delta)/lambda^2 by Hoeffding, for 3/4 of lambda, and the n^2/lambda^2 of Du et al.
//
// Convention: rows as given; nothing else to scale.
//
// Reference: after Nguyen, Mondelli, Montufar (2021), Lemma 5.2; card 04.6, bounded analogue.
//
// Control: three neurons: some of thirty inputs then have all gates closed.
func nguyenGateChernoff() checks.Checkable {
	setup := func(neurons float64) func(nguyenNeurons) (checks.Instance, error) {
		return func(p nguyenNeurons) (checks.Instance, error) {
			f, err := p.front()
			if err != nil {
				return checks.Instance{}, err
			}
			need, err := p.gateWidth(f)
			if err != nil {
				return checks.Instance{}, err
			}
			var xx mat.SymDense
			xx.SymOuterK(1, f.rows)
			width := need
			if neurons > 0 {
				width = neurons
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("lambda > 0", !math.IsInf(need, 1))},
				Facts: nguyenFacts("lambda", f.gates.Value, "required width (derived)", need,
					"required width (entrywise Hoeffding)", bounds.HoeffdingWidth(f.n, mat.Norm(&xx, 2), f.gates.Value, p.Delta),
					"required width (Du et al., published)", bounds.PrintedGramWidth(f.n, f.gates.Value, p.Delta)),
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					h := mat.NewSymDense(f.n, nil)
					f.draw(int(width), nguyenGate, h, r) // counts, exact
					for i := range f.n {
						for j := i; j < f.n; j++ {
							h.SetSym(i, j, h.At(i, j)/width*xx.At(i, j))
						}
					}
					low, err := eig.Min(h)
					if err != nil {
						return checks.Failed(err)
					}
					_, d := f.rows.Dims()
					low = low.Widen(float64(d+4) * nguyenUnit * mat.Trace(&xx)) // rounding of X X^T
					return checks.Measurement{Observed: low.Value, Predicted: f.gates.Value / 2, Relation: checks.AtLeast, Error: low.Err}
				},
			}, nil
		}
	}
	return checks.Claim[nguyenNeurons]{
		ID: "nguyen2021/gate-chernoff", Title: "width that keeps the first-layer kernel", Reference: "after Lemma 5.2; card 04.6",
		Formula:    `m \ge \frac{\|X\|^2}{0.1534\,\lambda}\log\frac{N}{\delta} \;\Rightarrow\; \lambda_{\min}(\hat H) \ge \frac{\lambda}{2}`,
		Convention: "H = (1/m) sum_r D_r X X^T D_r: gates of one layer, no output weights", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) nguyenNeurons {
			return nguyenNeurons{
				Data:  gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 4}).Draw(t, "data"),
				Delta: rapid.SampledFrom([]float64{0.3, 0.6}).Draw(t, "delta"),
			}
		}),
		Grid: []nguyenNeurons{
			{Data: data.Spec{Kind: data.HalfCircle, N: 3, D: 2}, Delta: 0.1},
			{Data: data.Spec{Kind: data.Sphere, N: 12, D: 10, Seed: 1}, Delta: 0.1},
			{Data: data.Spec{Kind: data.Sphere, N: 30, D: 15, Seed: 1}, Delta: 0.2},
			{Data: nguyenImages(data.MNIST, 8, 49), Delta: 0.2},
			{Data: nguyenImages(data.Fashion, 8, 196), Delta: 0.2},
		},
		OnData: func(f checks.DataFile) []nguyenNeurons {
			return []nguyenNeurons{{Data: nguyenFile(f, 10), Delta: 0.2}}
		},
		Cost:  func(p nguyenNeurons) checks.Cost { return p.cost(p.gateWidth) },
		Setup: setup(0),
		Controls: []checks.Control[nguyenNeurons]{{
			Name: "three-neurons", Why: "with three neurons about thirty eighths of thirty inputs have no open gate",
			At: []nguyenNeurons{{Data: data.Spec{Kind: data.Sphere, N: 30, D: 15, Seed: 1}, Delta: 0.2}}, Setup: setup(3),
		}},
	}
}

// ---- 04.7: Hermite lower bound and centring ----

// nguyenPower is a feature matrix F with a power.
type nguyenPower struct {
	Data  data.Spec `json:"data"`
	Scale float64   `json:"scale,omitempty"` // factor on the first row; 0 means 1
	R     int       `json:"r"`
	Mean  bool      `json:"mean,omitempty"` // centring: mu is the mean row; else it is drawn
}

// nguyenHermiteBound is Lemma 5.3.
//
// Setting: any F with nonzero rows F_i; w ~ N(0, beta^2 I), beta = 1 here; mu_r the coefficients of the ReLU on
// the orthonormal Hermite polynomials; an integer r >= 1.
//
// Hypotheses: none beyond nonzero rows.
//
// Conclusion: lambda_min(E[relu(F w) relu(F w)^T]) >= beta^2 mu_r^2 lambda_min((F F^T)^{o r}) / max_i ||F_i||^{2(r-1)}.
//
// Constants: as stated, and derived again: for unit rows at cosine rho Mehler's formula gives
// E[relu(u) relu(v)] = sum_s mu_s^2 rho^s, and the ReLU is homogeneous, so that the matrix is beta^2 D (sum_s
// mu_s^2 R^{o s}) D >= beta^2 mu_r^2 D R^{o r} D = beta^2 mu_r^2 D^{1-r} (F F^T)^{o r} D^{1-r}, D = diag ||F_i||;
// and v' D^{1-r} M D^{1-r} v >= lambda_min(M) ||D^{1-r} v||^2 with M >= 0. The left side is computed in closed form, and what the
// right side loses to rounding is subtracted.
//
// Convention: orthonormal Hermite polynomials: mu_0^2 = 1/(2 pi), mu_1^2 = 1/4, mu_2^2 = 1/(4 pi), mu_4^2 = 1/(48 pi), 0 for
// odd r >= 3.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 5.3; card 04.7.
//
// Control: mu_r in place of mu_r^2 on orthonormal rows (0.5 where lambda = 0.34), and no divisor on rows of norm 3.
func nguyenHermiteBound() checks.Checkable {
	setup := func(sabotage func(p nguyenPower, top float64) float64) func(nguyenPower) (checks.Instance, error) {
		return func(p nguyenPower) (checks.Instance, error) {
			x, err := nguyenRows(p.Data, p.Scale)
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := kernel.ReLUFeature().Lambda0(x)
			if err != nil {
				return checks.Instance{}, err
			}
			bound, err := bounds.FeatureKernelLower(x, 1, p.R)
			if err != nil {
				return checks.Instance{}, err
			}
			bound *= sabotage(p, floats.Max(data.RowNorms(x)))
			inst := checks.Instance{Facts: nguyenFacts("lambda_min", lambda.Value, "lower bound", bound, "mu_r^2", math.Pow(kernel.HermiteReLU(p.R), 2))}
			if bound <= 0 {
				inst.Trivial = "the bound is zero: (F F^T)^{o r} is singular to rounding, or mu_r = 0"
			}
			inst.Trial = func(*rand.Rand) checks.Measurement {
				return checks.Measurement{Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast, Error: lambda.Err}
			}
			return inst, nil
		}
	}
	faithful := func(nguyenPower, float64) float64 { return 1 }
	return checks.Claim[nguyenPower]{
		ID: "nguyen2021/hermite-bound", Title: "Khatri-Rao power below the feature kernel", Reference: "Lemma 5.3; card 04.7",
		Formula:    `\lambda_{\min}\left(\mathbb{E}\,\sigma(Fw)\sigma(Fw)^{\top}\right) \ge \beta^2 \mu_r^2\, \frac{\lambda_{\min}\left((FF^{\top})^{\circ r}\right)}{\max_i \|F_i\|^{2(r-1)}}`,
		Convention: "w ~ N(0, beta^2 I); orthonormal Hermite polynomials", Basis: checks.Stated, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) nguyenPower {
			return nguyenPower{Data: nguyenSpec(t, 9, 6), Scale: nguyenScale(t), R: rapid.SampledFrom([]int{1, 2, 4, 6, 8}).Draw(t, "r")}
		}),
		Grid: []nguyenPower{
			{Data: data.Spec{Kind: data.Orthonormal, N: 6, D: 8, Seed: 1}, R: 1},
			{Data: data.Spec{Kind: data.Sphere, N: 30, D: 60, Seed: 1}, R: 1},
			{Data: data.Spec{Kind: data.Sphere, N: 30, D: 60, Seed: 1}, R: 2},
			{Data: data.Spec{Kind: data.Sphere, N: 30, D: 12, Seed: 1}, R: 2},
			{Data: data.Spec{Kind: data.Sphere, N: 30, D: 12, Seed: 1}, R: 4},
			{Data: data.Spec{Kind: data.Gaussian, N: 20, D: 15, Seed: 2, Raw: true}, R: 2},
			{Data: nguyenImages(data.MNIST, 20, 49), R: 1},
			{Data: nguyenImages(data.MNIST, 20, 49), R: 4},
			{Data: data.Spec{Kind: data.Fashion, N: 20, D: 196, Raw: true}, R: 2},
		},
		OnData: func(f checks.DataFile) []nguyenPower {
			spec := nguyenFile(f, 150)
			return []nguyenPower{{Data: spec, R: 1}, {Data: spec, R: 2}, {Data: spec, R: 4}}
		},
		Cost: func(p nguyenPower) checks.Cost {
			n, d := nguyenSize(p.Data)
			return checks.Cost{Setup: nguyenLimitCost(n, d, 1) + 2*nguyenEigCost(n), Size: fmt.Sprintf("N=%d", n)}
		},
		Setup: setup(faithful),
		Controls: []checks.Control[nguyenPower]{
			{
				Name: "coefficient-not-squared", Why: "mu_1 = 0.5 is more than lambda = 1/2 - 1/(2 pi) of orthonormal rows",
				At:    []nguyenPower{{Data: data.Spec{Kind: data.Orthonormal, N: 6, D: 8, Seed: 1}, R: 1}},
				Setup: setup(func(p nguyenPower, _ float64) float64 { return 1 / math.Abs(kernel.HermiteReLU(p.R)) }),
			},
			{
				Name: "no-divisor", Why: "the left side grows like the square of the norms, the power like their 2r-th power",
				At:    []nguyenPower{{Data: data.Spec{Kind: data.Orthonormal, N: 6, D: 8, Seed: 1, RowNorm: 3}, R: 2}},
				Setup: setup(func(p nguyenPower, top float64) float64 { return math.Pow(top, 2*float64(p.R-1)) }),
			},
		},
	}
}

// nguyenCentring is Lemma 5.4 in the corrected form of version 5.
//
// Setting: any F (N x p) and any mu != 0 in R^p; Ft = F - 1 mu^T, Lambda = diag(F mu - ||mu||^2 1), r >= 1 an
// integer.
//
// Hypotheses: mu != 0. In the lemma mu is the mean of the features over the data; only algebra is used.
//
// Conclusion: with B = Ft Ft^T - Lambda 1 1^T Lambda/||mu||^2, both B >= 0 and (F F^T)^{o r} >= B^{o r} in the order of
// semidefinite matrices; so lambda_min((F F^T)^{o r}) >= lambda_min(B^{o r}).
//
// Constants: as stated, and derived again: B = F (I - P) F^T with P = mu mu^T/||mu||^2, because (I - P) removes 1 mu^T,
// and F F^T - B = (F mu)(F mu)^T/||mu||^2; A >= B >= 0 gives A^{o r} >= B^{o r} by Schur's product theorem. The
// differences are singular (of rank one at r = 1), so their least eigenvalue is compared with zero up to rounding:
// N r (8p + 40) ulp of (max ||F_i|| + ||mu||)^{2r}, and the error of the eigenvalue.
//
// Convention: none; the lemma is pure algebra.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 5.4 of version 5 (the published one is false); card 04.7.
//
// Control: the inequality without the correction, (F F^T)^{o r} >= (Ft Ft^T)^{o r}: at r = 1 the difference
// has a negative eigenvalue unless F mu is a multiple of 1.
func nguyenCentring() checks.Checkable {
	setup := func(corrected bool) func(nguyenPower) (checks.Instance, error) {
		return func(p nguyenPower) (checks.Instance, error) {
			f, err := nguyenRows(p.Data, p.Scale)
			if err != nil {
				return checks.Instance{}, err
			}
			n, d := f.Dims()
			mean := mat.NewVecDense(d, nil)
			for i := range n {
				mean.AddScaledVec(mean, 1/float64(n), f.RowView(i))
			}
			inst := checks.Instance{}
			if p.Mean {
				inst.Hypotheses = []checks.Hypothesis{checks.Require("||mu|| over max ||F_i||", mat.Norm(mean, 2)/floats.Max(data.RowNorms(f)), checks.AtLeast, 1e-6)}
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				mu := mean
				if !p.Mean {
					mu = nguyenGaussian(d, 1, r).ColView(0).(*mat.VecDense)
				}
				return nguyenCentred(f, mu, p.R, corrected)
			}
			return inst, nil
		}
	}
	return checks.Claim[nguyenPower]{
		ID: "nguyen2021/centring", Title: "centring the features", Reference: "Lemma 5.4; card 04.7",
		Formula:    `(FF^{\top})^{\circ r} \succeq \left(\tilde F\tilde F^{\top} - \frac{\Lambda 1 1^{\top}\Lambda}{\|\mu\|^2}\right)^{\circ r} \succeq 0`,
		Convention: "none: pure algebra", Basis: checks.Stated, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) nguyenPower {
			return nguyenPower{
				Data: nguyenSpec(t, 8, 6), Scale: nguyenScale(t),
				R: rapid.IntRange(1, 6).Draw(t, "r"), Mean: rapid.Bool().Draw(t, "mean"),
			}
		}),
		Grid: []nguyenPower{
			{Data: data.Spec{Kind: data.Sphere, N: 12, D: 30, Seed: 1}, R: 1, Mean: true},
			{Data: data.Spec{Kind: data.Gaussian, N: 20, D: 8, Seed: 2, Raw: true}, R: 2, Mean: true},
			{Data: data.Spec{Kind: data.Gaussian, N: 20, D: 8, Seed: 2, Raw: true}, R: 3},
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 30, Seed: 1}, R: 4},
			{Data: nguyenImages(data.MNIST, 20, 49), R: 2, Mean: true},
			{Data: nguyenImages(data.Fashion, 20, 196), R: 4, Mean: true},
		},
		OnData: func(f checks.DataFile) []nguyenPower {
			spec := nguyenFile(f, 100)
			return []nguyenPower{{Data: spec, R: 1, Mean: true}, {Data: spec, R: 2, Mean: true}, {Data: spec, R: 4}}
		},
		Cost: func(p nguyenPower) checks.Cost {
			n, d := nguyenSize(p.Data)
			return checks.Cost{Trial: 4*nguyenEigCost(n) + 4*float64(n*n*d), Size: fmt.Sprintf("N=%d", n)}
		},
		Setup: setup(true),
		Controls: []checks.Control[nguyenPower]{{
			Name: "no-correction", Why: "without the correction the difference is indefinite: the mistake of the published version",
			At: []nguyenPower{
				{Data: data.Spec{Kind: data.Gaussian, N: 10, D: 5, Seed: 3, Raw: true}, R: 1, Mean: true},
				{Data: data.Spec{Kind: data.Sphere, N: 10, D: 5, Seed: 3}, R: 1},
			},
			Setup: setup(false),
		}},
	}
}

// nguyenCentred compares (F F^T)^{o r} with B^{o r}; without the correction B is Ft Ft^T.
func nguyenCentred(f *mat.Dense, mu *mat.VecDense, r int, corrected bool) checks.Measurement {
	n, d := f.Dims()
	square, length := mat.Dot(mu, mu), mat.Norm(mu, 2)
	centred := mat.DenseCopyOf(f)
	for i := range n {
		floats.Sub(centred.RawRowView(i), mu.RawVector().Data)
	}
	var shift mat.VecDense // Lambda 1
	shift.MulVec(f, mu)
	for i := range n {
		shift.SetVec(i, shift.AtVec(i)-square)
	}
	var a, b mat.SymDense
	a.SymOuterK(1, f)
	b.SymOuterK(1, centred)
	if corrected {
		b.SymRankOne(&b, -1/square, &shift)
	}
	power, centredPower, gap := mat.NewSymDense(n, nil), mat.NewSymDense(n, nil), mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			u, v := math.Pow(a.At(i, j), float64(r)), math.Pow(b.At(i, j), float64(r))
			power.SetSym(i, j, u)
			centredPower.SetSym(i, j, v)
			gap.SetSym(i, j, u-v)
		}
	}
	scale := math.Pow(floats.Max(data.RowNorms(f))+length, 2)
	rounding := float64(n*r*(8*d+40)) * nguyenUnit * math.Pow(scale, float64(r))
	low := make([]eig.Certified, 4)
	for i, m := range []mat.Symmetric{gap, &b, power, centredPower} {
		var err error
		if low[i], err = eig.Min(m); err != nil {
			return checks.Failed(err)
		}
	}
	parts := []checks.Measurement{
		{Part: "difference", Observed: low[0].Value, Predicted: 0, Relation: checks.AtLeast, Tolerance: rounding + low[0].Err},
		{Part: "bracket", Observed: low[1].Value, Predicted: 0, Relation: checks.AtLeast, Tolerance: float64(n*(8*d+40))*nguyenUnit*scale + low[1].Err},
	}
	if doubt := rounding + low[2].Err + low[3].Err; low[3].Value > doubt {
		parts = append(parts, checks.Measurement{Part: "least eigenvalues", Observed: low[2].Value, Predicted: low[3].Value, Relation: checks.AtLeast, Tolerance: doubt})
	}
	return checks.All(parts...)
}

// nguyenHadamard is a ladder for the centred features of the first layer.
type nguyenHadamard struct {
	R     int    `json:"r"`
	Side  string `json:"side"`            // lower or upper
	Times int    `json:"times,omitempty"` // d and n_1 over N
	Fixed int    `json:"fixed,omitempty"` // or their value, whatever N
	N     []int  `json:"n"`
}

func (p nguyenHadamard) width(n int) int {
	if p.Fixed > 0 {
		return p.Fixed
	}
	return p.Times * n
}

// ratio draws inputs and a layer, d = n_1, and compares (lambda_min)^{1/r} with d n_1.
func (p nguyenHadamard) ratio(n int, r *rand.Rand) (float64, error) {
	d := p.width(n)
	x, err := nguyenInputs("sphere", n, d, r)
	if err != nil {
		return 0, err
	}
	w := nguyenGaussian(d, d, r)
	f := nguyenLayer(x, w)
	mu := mat.NewVecDense(d, data.RowNorms(w))
	mu.ScaleVec(math.Sqrt(float64(d))*nguyenHalfMean(d), mu)
	var projected mat.VecDense
	projected.MulVec(f, mu)
	var b mat.SymDense
	b.SymOuterK(1, f)
	b.SymRankOne(&b, -1/mat.Dot(mu, mu), &projected)
	formula := float64(d) * float64(d)
	for i := range n {
		for j := i; j < n; j++ {
			b.SetSym(i, j, math.Pow(b.At(i, j)/formula, float64(p.R)))
		}
	}
	low, err := nguyenPositive(eig.Min(&b))
	root := math.Pow(low, 1/float64(p.R))
	if p.Side == "upper" {
		return root, err
	}
	return 1 / root, err
}

// nguyenHalfMean is E max(u_1, 0) for u uniform on the unit sphere of R^d.
func nguyenHalfMean(d int) float64 {
	a, _ := math.Lgamma(float64(d) / 2)
	b, _ := math.Lgamma(float64(d+1) / 2)
	return math.Exp(a-b) / (2 * math.SqrtPi)
}

// nguyenCentredPower is Lemma 5.5 for the first layer.
//
// Setting: inputs uniform on the sphere of radius sqrt d; F_1 = relu(X W_1^T) with n_1 = d and N(0,1)
// weights; mu = E_x f_1(x), whose j-th entry is exactly ||w_j|| sqrt d E max(u_1, 0), u uniform on the unit
// sphere; B as in centring; d = n_1 = 2N or 4N.
//
// Hypotheses: the lemma needs min(d, n_1) of larger order than N^{2/(r/2-0.1)} for an even r; r = 6 here, so that
// N^{0.69} is the threshold.
//
// Conclusion: lambda_min(B^{o r}) is of order (d n_1)^r. The median over draws of the r-th root of the ratio of formula
// to observation, and on the upper side of its reverse, does not drift upward as N grows; a drift exponent up to
// 0.2 counts as none, up to 0.4 on the upper side, which still rises to its limit by about N^{0.2}.
//
// Constants: hidden, so that nothing is refuted here.
//
// Convention: standard parametrisation with beta_l = 1.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 5.5 of version 5; card 04.7.
//
// Control: d = n_1 = 6 while N grows, against the hypothesis: B^{o 2} has rank 15 at most.
func nguyenCentredPower() checks.Checkable {
	small := []int{16, 32, 64}
	return checks.Claim[nguyenHadamard]{
		ID: "nguyen2021/centred-power", Title: "Hadamard powers of centred features", Reference: "Lemma 5.5; card 04.7",
		Formula:    `\lambda_{\min}\left(\left(\tilde F_k\tilde F_k^{\top} - \frac{\Lambda 1 1^{\top}\Lambda}{\|\mu\|^2}\right)^{\circ r}\right) = \Theta\left(\left(d \prod_{l=1}^{k} n_l \beta_l^2\right)^{r}\right)`,
		Convention: nguyenConvention, Basis: checks.Stated, Form: checks.Bounded{}, Version: 1,
		Grid: []nguyenHadamard{
			{R: 6, Side: "lower", Times: 2, N: small}, {R: 6, Side: "upper", Times: 4, N: small},
			{R: 6, Side: "lower", Times: 1, N: []int{50, 100, 200, 400}},
		},
		Cost: func(p nguyenHadamard) checks.Cost {
			c := checks.Cost{}
			for _, n := range p.N {
				d := float64(p.width(n))
				c.Trial += float64(n)*d*d*2 + 25*d*d + float64(n*n)*(d+100) + nguyenEigCost(n)
				c.Size = fmt.Sprintf("N=%d", n)
			}
			return c
		},
		Setup: func(p nguyenHadamard) (checks.Instance, error) {
			drift := 0.2
			if p.Side == "upper" {
				drift = 0.4
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: checks.Float(drift), Trials: 30, Response: "median"},
				Trial: func(r *rand.Rand) checks.Measurement {
					return nguyenLadder(len(p.N), func(i int) (size, value float64, err error) {
						ratio, err := p.ratio(p.N[i], r)
						return float64(p.N[i]), ratio, err
					})
				},
			}, nil
		},
		Controls: []checks.Control[nguyenHadamard]{{
			Name: "dimension-fixed", Why: "in six dimensions inputs crowd, and the least eigenvalue falls with N",
			At: []nguyenHadamard{{R: 2, Side: "lower", Fixed: 6, N: []int{4, 8, 16, 32}}},
		}},
	}
}

// ---- 04.8: Lipschitz constants of random feature maps ----

// nguyenMaps is the preactivation map g_2(x) = W_2 relu(W_1 x).
type nguyenMaps struct {
	D       int     `json:"d"`
	N1      int     `json:"n1"`
	N2      int     `json:"n2"`
	Delta   float64 `json:"delta,omitempty"`
	Aligned bool    `json:"aligned,omitempty"` // all weights 1: rank one, aligned
}

// weights draws W_1 (n1 x d) and W_2 (n2 x n1).
func (p nguyenMaps) weights(r *rand.Rand) []*mat.Dense {
	return nguyenWeights([]int{p.D, p.N1, p.N2}, p.Aligned, r)
}

func nguyenWeights(sizes []int, aligned bool, r *rand.Rand) []*mat.Dense {
	var ws []*mat.Dense
	for l, in := range sizes[:len(sizes)-1] {
		w := nguyenGaussian(sizes[l+1], in, r)
		if aligned {
			w.Apply(func(_, _ int, _ float64) float64 { return 1 }, w)
		}
		ws = append(ws, w)
	}
	return ws
}

// nguyenPeak is where the Jacobian of a map of the plane has its largest norm.
type nguyenPeak struct {
	norm float64
	z, v [2]float64 // an input inside the region, and the top right singular vector
	room float64    // half the angle of the region
}

// nguyenPlanePeak goes through all regions of the hyperplanes of W_1 (n1 x 2), and returns the one where the
// Jacobian W_2 S W_1 is largest: its norm is the Lipschitz constant. First is the norm at z = (1, 0).
func nguyenPlanePeak(w1, w2 *mat.Dense) (peak nguyenPeak, first float64) {
	n1, _ := w1.Dims()
	var cuts []float64
	for j := range n1 {
		a := math.Atan2(w1.At(j, 1), w1.At(j, 0))
		for _, c := range []float64{a + math.Pi/2, a - math.Pi/2} {
			cuts = append(cuts, math.Mod(c+4*math.Pi, 2*math.Pi))
		}
	}
	slices.Sort(cuts)
	cuts = append(cuts, cuts[0]+2*math.Pi)
	first, _ = nguyenPlaneNorm(w1, w2, [2]float64{1, 0})
	for i, c := range cuts[:len(cuts)-1] {
		room := (cuts[i+1] - c) / 2
		if room < 1e-12 {
			continue // the cut is double to rounding; its region is too small to stand in
		}
		z := [2]float64{math.Cos(c + room), math.Sin(c + room)}
		if norm, v := nguyenPlaneNorm(w1, w2, z); norm > peak.norm {
			peak = nguyenPeak{norm, z, v, room}
		}
	}
	return peak, first
}

// nguyenPlaneNorm returns the norm of the Jacobian at z and its top right singular vector.
func nguyenPlaneNorm(w1, w2 *mat.Dense, z [2]float64) (norm float64, v [2]float64) {
	n2, n1 := w2.Dims()
	var aa, ab, bb float64
	jac := make([]float64, 2*n2)
	for j := range n1 {
		p, q := w1.At(j, 0), w1.At(j, 1)
		if p*z[0]+q*z[1] <= 0 {
			continue
		}
		for i := range n2 {
			w := w2.At(i, j)
			jac[2*i] += w * p
			jac[2*i+1] += w * q
		}
	}
	for i := range n2 {
		aa, ab, bb = aa+jac[2*i]*jac[2*i], ab+jac[2*i]*jac[2*i+1], bb+jac[2*i+1]*jac[2*i+1]
	}
	angle := math.Atan2(2*ab, aa-bb) / 2
	return math.Sqrt((aa+bb)/2 + math.Hypot((aa-bb)/2, ab)), [2]float64{math.Cos(angle), math.Sin(angle)}
}

// nguyenLipschitzJacobian is Lemma 6.1 where it can be checked exactly.
//
// Setting: g_2(x) = W_2 relu(W_1 x) on the plane, W_1 (n_1 x 2) and W_2 (n_2 x n_1) with N(0,1) entries; the 2 n_1
// regions of the hyperplanes of W_1 are listed, each with its Jacobian W_2 S W_1.
//
// Hypotheses: none.
//
// Conclusion: the Lipschitz constant of g_2 is M, the largest norm of the Jacobian over the inputs without zero
// preactivations: |g_2(x) - g_2(y)| <= M |x - y| on all pairs drawn, and a pair in the region of the maximum
// attains it.
//
// Constants: none. The tolerance is the rounding of a difference quotient: 4(n_1 + 8) ulp of ||W_1||_F ||W_2||_F (|x| + |y|)/|x - y|.
//
// Convention: standard parametrisation with beta_l = 1.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 6.1; card 04.8.
//
// Control: the Jacobian at a single input in place of the maximum.
func nguyenLipschitzJacobian() checks.Checkable {
	setup := func(single bool) func(nguyenMaps) (checks.Instance, error) {
		return func(p nguyenMaps) (checks.Instance, error) {
			if p.D != 2 {
				return checks.Instance{}, fmt.Errorf("d = %d: the regions are listed in the plane only", p.D)
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: 5},
				Trial: func(r *rand.Rand) checks.Measurement { return p.quotients(single, r) },
			}, nil
		}
	}
	return checks.Claim[nguyenMaps]{
		ID: "nguyen2021/lipschitz-jacobian", Title: "Lipschitz constant by Jacobians", Reference: "Lemma 6.1; card 04.8",
		Formula:    `\mathrm{Lip}(g_k) = \max_{z} \left\|W_k \Sigma_{k-1}(z) W_{k-1} \cdots \Sigma_1(z) W_1\right\|`,
		Convention: nguyenConvention, Basis: checks.Stated, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) nguyenMaps {
			return nguyenMaps{D: 2, N1: rapid.IntRange(1, 12).Draw(t, "n1"), N2: rapid.IntRange(1, 8).Draw(t, "n2")}
		}),
		Grid: []nguyenMaps{{D: 2, N1: 3, N2: 2}, {D: 2, N1: 20, N2: 20}, {D: 2, N1: 60, N2: 10}},
		Cost: func(p nguyenMaps) checks.Cost {
			return checks.Cost{Trial: 8*float64(p.N1*p.N1*p.N2) + 400*float64(p.N1*(p.N2+2))}
		},
		Setup: setup(false),
		Controls: []checks.Control[nguyenMaps]{{
			Name: "one-input", Why: "the Jacobian differs from region to region; one of them is not the maximum",
			At: []nguyenMaps{{D: 2, N1: 40, N2: 10}}, Setup: setup(true),
		}},
	}
}

// quotients compares difference quotients of g_2 with the largest norm of its Jacobian, or with the norm at one input.
func (p nguyenMaps) quotients(single bool, r *rand.Rand) checks.Measurement {
	ws := p.weights(r)
	peak, first := nguyenPlanePeak(ws[0], ws[1])
	bound := peak.norm
	if single {
		bound = first
	}
	rounding := 4 * float64(p.N1+8) * nguyenUnit * mat.Norm(ws[0], 2) * mat.Norm(ws[1], 2)
	quotient := func(x, y [2]float64) (value, tolerance float64) {
		gx, gy := nguyenPreactivation(ws, x[:]), nguyenPreactivation(ws, y[:])
		gap := math.Hypot(x[0]-y[0], x[1]-y[1])
		return floats.Distance(gx, gy, 2) / gap, rounding * (math.Hypot(x[0], x[1]) + math.Hypot(y[0], y[1])) / gap
	}
	step := math.Sin(min(peak.room, 1)) / 2 // stays in the region
	inside := [2]float64{peak.z[0] + step*peak.v[0], peak.z[1] + step*peak.v[1]}
	attained, tolerance := quotient(inside, peak.z)
	parts := []checks.Measurement{{Part: "attained", Observed: attained, Predicted: bound, Relation: checks.Equal, Tolerance: tolerance}}
	for range 50 {
		x := [2]float64{r.NormFloat64(), r.NormFloat64()}
		y := [2]float64{x[0] + 0.1*r.NormFloat64(), x[1] + 0.1*r.NormFloat64()}
		value, tolerance := quotient(x, y)
		parts = append(parts, checks.Measurement{Part: "random pair", Observed: value, Predicted: bound, Tolerance: tolerance})
	}
	return checks.All(parts...)
}

// nguyenPreactivation returns W_k relu(W_{k-1} ... relu(W_1 x)).
func nguyenPreactivation(ws []*mat.Dense, x []float64) []float64 {
	for l, w := range ws {
		rows, _ := w.Dims()
		z := make([]float64, rows)
		for i := range z {
			z[i] = floats.Dot(w.RawRowView(i), x)
			if l+1 < len(ws) {
				z[i] = max(z[i], 0)
			}
		}
		x = z
	}
	return x
}

// nguyenJacobianNorm returns a lower estimate of the norm of the Jacobian of the preactivation map at x, by power
// iteration.
func nguyenJacobianNorm(ws []*mat.Dense, x []float64, r *rand.Rand) float64 {
	const rounds = 8
	var open [][]bool
	for _, w := range ws[:len(ws)-1] {
		rows, _ := w.Dims()
		z, o := make([]float64, rows), make([]bool, rows)
		for i := range z {
			z[i] = floats.Dot(w.RawRowView(i), x)
			o[i] = z[i] > 0
			z[i] = max(z[i], 0)
		}
		x, open = z, append(open, o)
	}
	_, d := ws[0].Dims()
	v := mat.NewVecDense(d, nil)
	for i := range d {
		v.SetVec(i, r.NormFloat64())
	}
	norm := 0.0
	for range rounds {
		length := mat.Norm(v, 2)
		if length == 0 {
			return norm
		}
		v.ScaleVec(1/length, v)
		u := v
		for l, w := range ws {
			next := new(mat.VecDense)
			next.MulVec(w, u)
			if l < len(open) {
				nguyenClose(next, open[l])
			}
			u = next
		}
		norm = max(norm, mat.Norm(u, 2))
		for l := len(ws) - 1; l >= 0; l-- {
			if l < len(open) {
				nguyenClose(u, open[l])
			}
			next := new(mat.VecDense)
			next.MulVec(ws[l].T(), u)
			u = next
		}
		v = u
	}
	return norm
}

func nguyenClose(v *mat.VecDense, open []bool) {
	for i, o := range open {
		if !o {
			v.SetVec(i, 0)
		}
	}
}

// nguyenSteepest looks for a large Jacobian: random inputs, then random steps from the best of them. The result is at most
// the Lipschitz constant.
func nguyenSteepest(ws []*mat.Dense, tries, steps int, r *rand.Rand) float64 {
	_, d := ws[0].Dims()
	best, norm := make([]float64, d), 0.0
	for k := range tries + steps {
		x := make([]float64, d)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		if k >= tries {
			floats.AddScaledTo(x, best, 0.3, x)
		}
		if v := nguyenJacobianNorm(ws, x, r); v > norm {
			best, norm = x, v
		}
	}
	return norm
}

// nguyenLipschitzTwo is Theorem 6.2 at k = 2 with explicit constants.
//
// Setting: g_2(x) = W_2 relu(W_1 x), W_1 (n_1 x d) and W_2 (n_2 x n_1) with independent N(0,1) entries.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1-delta
//
//	Lip(g_2) <= (sqrt n_1 + sqrt d + sqrt(2 log(2/delta))) (sqrt n_2 + sqrt d + sqrt(2 log R + 2 log(2/delta))),
//
// R = 2 sum_{i<d} C(n_1 - 1, i) the number of regions of n_1 central hyperplanes of R^d.
//
// Constants: ours. ||W_1|| <= sqrt n_1 + sqrt d + u except with probability e^{-u^2/2} (Gaussian concentration; Gordon); given W_1
// and an activation pattern S, W_2 S W_1 has at most ||W_1|| times the norm of an n_2 x d Gaussian matrix; union over R
// patterns. In the plane the observation is the Lipschitz constant itself (all regions are listed); for
// d > 2 it is the largest Jacobian found, which can refute the bound but not show how tight it is.
//
// Convention: standard parametrisation with beta_l = 1; for others multiply by beta_1 beta_2.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 6.2, derived at k = 2; card 04.8.
//
// Control: aligned weights of rank one with entries of the same size: 5.8 times the bound at d = 30, n = 50.
func nguyenLipschitzTwo() checks.Checkable {
	const tries, steps = 12, 12
	return checks.Claim[nguyenMaps]{
		ID: "nguyen2021/lipschitz-two", Title: "Lipschitz constant of two random layers", Reference: "Theorem 6.2, explicit; card 04.8",
		Formula:    `\mathrm{Lip}(g_2) \le \left(\sqrt{n_1}+\sqrt d+\sqrt{2\log\frac{2}{\delta}}\right)\left(\sqrt{n_2}+\sqrt d+\sqrt{2\log R+2\log\frac{2}{\delta}}\right)`,
		Convention: nguyenConvention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) nguyenMaps {
			return nguyenMaps{
				D: rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "d"), N1: rapid.IntRange(1, 10).Draw(t, "n1"), N2: rapid.IntRange(1, 8).Draw(t, "n2"),
				Delta: rapid.SampledFrom([]float64{0.3, 0.6, 0.9}).Draw(t, "delta"),
			}
		}),
		Grid: []nguyenMaps{
			{D: 2, N1: 1, N2: 1, Delta: 0.3}, {D: 2, N1: 30, N2: 10, Delta: 0.2}, {D: 10, N1: 40, N2: 10, Delta: 0.3},
			{D: 30, N1: 400, N2: 20, Delta: 0.1}, {D: 30, N1: 100, N2: 100, Delta: 0.1},
		},
		Cost: func(p nguyenMaps) checks.Cost {
			c := checks.Cost{Trial: 8 * float64(p.N1*p.N1*p.N2)}
			if p.D != 2 {
				c.Trial = (tries + steps) * 40 * float64(p.N1*(p.D+p.N2)+1000)
			}
			c.Trial += 25 * float64(p.N1*(p.D+p.N2))
			return c
		},
		Setup: func(p nguyenMaps) (checks.Instance, error) {
			bound, err := bounds.TwoLayerLipschitz(p.D, p.N1, p.N2, p.Delta)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Facts: nguyenFacts("bound", bound, "log R", bounds.LogRegions(p.N1, p.D)),
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					ws := p.weights(r)
					m := checks.Measurement{Predicted: bound, Tolerance: 1e-12 * bound} // norms are good to far fewer ulp
					if p.D == 2 {
						peak, _ := nguyenPlanePeak(ws[0], ws[1])
						m.Observed = peak.norm
					} else {
						m.Observed = nguyenSteepest(ws, tries, steps, r)
					}
					return m
				},
			}, nil
		},
		Controls: []checks.Control[nguyenMaps]{{
			Name: "aligned", Why: "rank-one weights whose singular vectors meet are not Gaussian: the norms multiply",
			At: []nguyenMaps{{D: 30, N1: 50, N2: 50, Delta: 0.3, Aligned: true}},
		}},
	}
}

// nguyenStack is a ladder of networks whose hidden layers 1..k all have n neurons.
type nguyenStack struct {
	K       int   `json:"k"`
	D       int   `json:"d"`
	N       []int `json:"n"`
	Aligned bool  `json:"aligned,omitempty"`
}

// nguyenLipschitzOrder is Theorem 6.2.
//
// Setting: the preactivation map g_k of layer k of a ReLU network with N(0,1) weights on R^d; layers 1..k have n neurons each.
//
// Hypotheses: none beyond Gaussian weights.
//
// Conclusion: there is C with Lip(g_k)^2 <= C (prod_{l=0}^{k} n_l / min_l n_l) prod_{l=1}^{k-1} log n_l. The ratio of the two sides does
// not drift upward as n grows.
//
// Constants: hidden, so that nothing is refuted here. At d = 2 and k = 2 the Lipschitz constant is exact, as in
// lipschitz-jacobian; otherwise it is replaced by the largest Jacobian found at 16 inputs, a lower estimate, so that a ratio that stays
// bounded is weaker evidence than a drift would be against the claim.
//
// Convention: standard parametrisation with beta_l = 1.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 6.2; card 04.8.
//
// Control: aligned weights of rank one, all entries 1: the ratio grows like n^{k-1} over logarithms.
func nguyenLipschitzOrder() checks.Checkable {
	const tries, steps = 8, 8
	small := []int{8, 16, 32, 64}
	return checks.Claim[nguyenStack]{
		ID: "nguyen2021/lipschitz-order", Title: "Lipschitz constant of random feature maps", Reference: "Theorem 6.2; card 04.8",
		Formula:    `\exists C\colon\; \mathrm{Lip}(g_k)^2 \le C\, \frac{\prod_{l=0}^{k} n_l}{\min_{0\le l\le k} n_l} \prod_{l=1}^{k-1} \log n_l \prod_{l=1}^{k} \beta_l^2`,
		Convention: nguyenConvention, Basis: checks.Stated, Form: checks.Bounded{}, Version: 1,
		Grid: []nguyenStack{
			{K: 2, D: 2, N: small}, {K: 2, D: 10, N: small}, {K: 3, D: 10, N: small},
			{K: 3, D: 30, N: []int{100, 200, 400, 800}},
		},
		Cost: func(p nguyenStack) checks.Cost {
			c := checks.Cost{}
			for _, n := range p.N {
				weights := float64(n*p.D + (p.K-1)*n*n)
				c.Trial += 25*weights + (tries+steps)*40*weights
				if p.D == 2 && p.K == 2 {
					c.Trial += 8 * float64(n*n*n)
				}
				c.Size = fmt.Sprintf("n=%d", n)
			}
			return c
		},
		Setup: func(p nguyenStack) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Trials: 24, Resolution: 0.1},
				Trial: func(r *rand.Rand) checks.Measurement {
					return nguyenLadder(len(p.N), func(i int) (size, value float64, err error) {
						n := p.N[i]
						sizes, form := []int{p.D}, float64(p.D)/float64(min(p.D, n))
						for l := 1; l <= p.K; l++ {
							sizes = append(sizes, n)
							form *= float64(n)
							if l < p.K {
								form *= math.Log(float64(n))
							}
						}
						ws := nguyenWeights(sizes, p.Aligned, r)
						if p.D == 2 && p.K == 2 {
							peak, _ := nguyenPlanePeak(ws[0], ws[1])
							value = peak.norm
						} else {
							value = nguyenSteepest(ws, tries, steps, r)
						}
						return float64(n), value * value / form, nil
					})
				},
			}, nil
		},
		Controls: []checks.Control[nguyenStack]{{
			Name: "aligned", Why: "rank-one weights whose singular vectors meet are not Gaussian: the norms multiply",
			At: []nguyenStack{{K: 2, D: 10, N: small, Aligned: true}, {K: 3, D: 10, N: small, Aligned: true}},
		}},
	}
}

// ---- 04.9: memorisation by differentiation ----

// nguyenMemory is labelled data with a network.
type nguyenMemory struct {
	Data   data.Spec `json:"data"`
	Hidden []int     `json:"hidden"`
	Tanh   bool      `json:"tanh,omitempty"`
}

func (p nguyenMemory) cost() checks.Cost {
	n, d := nguyenSize(p.Data)
	return checks.Cost{Trial: 12*nguyenNetCost(n, d, p.Hidden) + 4*nguyenEigCost(n) + 25*math.Pow(float64(n), 3), Size: fmt.Sprintf("N=%d", n)}
}

// nguyenMemo is one network with the direction v along which its outputs move towards the labels.
type nguyenMemo struct {
	y, start     []float64
	v            []float64
	lambda       eig.Certified
	pass, moved  *deep.Pass
	net, shifted *deep.Network
	relu         bool
}

// draw draws a network and solves J v = Y in least squares with the least norm.
func (p nguyenMemory) draw(set *data.Set, r *rand.Rand) (m nguyenMemo, err error) {
	config := deep.Config{Inputs: set.D(), Hidden: p.Hidden, Std: deep.HeStd(set.D(), p.Hidden)}
	if p.Tanh {
		config.Activation = deep.Tanh()
	}
	m.y, m.relu = set.Y, !p.Tanh
	if m.net, err = deep.New(config, r); err != nil {
		return m, err
	}
	if m.pass, err = m.net.NewPass(set.X); err != nil {
		return m, err
	}
	m.shifted = m.net.Clone()
	if m.moved, err = m.shifted.NewPass(set.X); err != nil {
		return m, err
	}
	m.start = m.pass.Output()
	k := m.pass.Gram(nil)
	if m.lambda, err = eig.Min(k); err != nil {
		return m, err
	}
	var es mat.EigenSym
	if !es.Factorize(k, true) {
		return m, fmt.Errorf("the eigenvalues of the tangent kernel did not converge")
	}
	var u mat.Dense
	es.VectorsTo(&u)
	values := es.Values(nil)
	n := len(values)
	coefficient := mat.NewVecDense(n, nil)
	coefficient.MulVec(u.T(), mat.NewVecDense(n, m.y))
	for i, lambda := range values {
		c := 0.0
		if lambda > 1e-12*values[n-1] {
			c = coefficient.AtVec(i) / lambda
		}
		coefficient.SetVec(i, c)
	}
	coefficient.MulVec(&u, mat.VecDenseCopyOf(coefficient))
	m.v = m.pass.JTMul(nil, coefficient.RawVector().Data)
	return m, nil
}

// quotient returns ||h_e - Y|| / ||Y|| for the difference quotient h_e of the outputs along v, and whether a gate flipped.
func (m nguyenMemo) quotient(e float64) (missing float64, flipped bool) {
	floats.AddScaledTo(m.shifted.Params(), m.net.Params(), e, m.v)
	m.moved.Forward()
	for i, f := range m.moved.Output() {
		missing = math.Hypot(missing, (f-m.start[i])/e-m.y[i])
	}
	return missing / floats.Norm(m.y, 2), m.relu && m.pass.Flips(m.moved) > 0
}

// reach returns a step without gate flips, found by halving.
func (m nguyenMemo) reach() float64 {
	e := 0.1 / max(1, floats.Norm(m.v, 2))
	for range 40 {
		if _, flipped := m.quotient(e); !flipped {
			break
		}
		e /= 2
	}
	return e
}

func nguyenMemoryHypotheses(m nguyenMemo) []checks.Hypothesis {
	return []checks.Hypothesis{checks.RequireThat("lambda_min(J J^T) > 0", m.lambda.Lower() > 0)}
}

// nguyenMemoriseLinear is the construction behind Corollary 4.2.
//
// Setting: N labelled inputs; a ReLU (or tanh) network with He's initialisation; J the Jacobian of its outputs
// at theta_0, v = J^T (J J^T)^{-1} Y; h_e(x) = [f(theta_0 + e v, x) - f(theta_0, x)]/e, which is a network of the same depth with
// twice the neurons in each hidden layer.
//
// Hypotheses: on the draw, lambda_min(J J^T) > 0, and no gate flips between theta_0 and the steps used (for ReLU).
//
// Conclusion: ||h_e - Y|| is of order e: log-log slope 1 along e = e*, e*/2, ..., e*/16, with e* a step found without flips.
//
// Constants: none; the resolution is 0.1. Between flips f is a polynomial in e with derivative J v = Y at e = 0, and its
// second-order term sets the error until rounding of order 1e-16/e takes over.
//
// Convention: standard parametrisation, He's initialisation, all layers moved.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Corollary 4.2, its constructive proof; card 04.9.
//
// Control: two equal inputs with different labels, and fewer weights than samples: no v exists, and the error stays.
func nguyenMemoriseLinear() checks.Checkable {
	return checks.Claim[nguyenMemory]{
		ID: "nguyen2021/memorise-linear", Title: "memorisation by a difference of networks", Reference: "Corollary 4.2; card 04.9",
		Formula:    `\left\|\tfrac{1}{\epsilon}\left(f(\theta_0+\epsilon v) - f(\theta_0)\right) - Y\right\| = \Theta(\epsilon),\quad Jv = Y`,
		Convention: nguyenConvention, Basis: checks.Stated, Form: checks.Scaling{}, Version: 1,
		Grid: []nguyenMemory{
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3}, Hidden: []int{20, 20}},
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3}, Hidden: []int{20, 20}, Tanh: true},
			{Data: nguyenImages(data.MNIST, 16, 49), Hidden: []int{30, 20}},
			{Data: data.Spec{Kind: data.Sphere, N: 60, D: 10, Seed: 1, RowNorm: 3}, Hidden: []int{40, 40}},
		},
		Cost: nguyenMemory.cost,
		Setup: func(p nguyenMemory) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Exponent: 1, Relation: checks.Equal, Resolution: 0.1, Trials: 24},
				Trial: func(r *rand.Rand) checks.Measurement {
					memo, err := p.draw(set, r)
					if err != nil {
						return checks.Failed(err)
					}
					e, smooth := memo.reach(), true
					m := nguyenLadder(5, func(i int) (size, value float64, err error) {
						size = math.Ldexp(1, i-4)
						missing, flipped := memo.quotient(e * size)
						smooth = smooth && !flipped
						return size, missing, nil
					})
					m.Hypotheses = append(nguyenMemoryHypotheses(memo), checks.RequireThat("no gate flips", smooth))
					return m
				},
			}, nil
		},
		Controls: []checks.Control[nguyenMemory]{
			{
				Name: "contradiction", Why: "equal inputs with different labels cannot be memorised",
				At: []nguyenMemory{{Data: data.Spec{Kind: data.Duplicate, N: 10, D: 8, Seed: 1, RowNorm: 3, Labels: data.Alternate}, Hidden: []int{20, 20}}},
			},
			{
				Name: "too-few-weights", Why: "seven weights cannot fit thirty labels to first order",
				At: []nguyenMemory{{Data: data.Spec{Kind: data.Sphere, N: 30, D: 2, Seed: 1, RowNorm: 3}, Hidden: []int{1, 4}}},
			},
		},
	}
}

// nguyenMemoriseNorm is how far the weights must move, and how well the labels are met.
//
// Setting: as in memorise-linear.
//
// Hypotheses: on the draw, lambda_min(J J^T) > 0 (certified).
//
// Conclusion: ||v||^2 = Y^T (J J^T)^{-1} Y <= ||Y||^2 / lambda_min(J J^T), and the best of the steps e = 0.1, 0.01, ..., 1e-9
// has ||h_e - Y|| <= 1e-3 ||Y||.
//
// Constants: the first is exact. The second stands for "for every eps > 0": rounding leaves about 1e-16 ||f||/e, and the curvature
// C e, so that the best error in double precision is about sqrt(1e-16 C ||f||); the card measured 1.7e-7 .. 5.9e-7. The error of ||v||^2
// is that of the eigenvalue and 1e-9 of it, for the solution of a system of condition up to 1e6.
//
// Convention: as in memorise-linear.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Corollary 4.2; card 04.9.
//
// Control: two equal inputs with different labels, and fewer weights than samples: the labels are not met.
func nguyenMemoriseNorm() checks.Checkable {
	return checks.Claim[nguyenMemory]{
		ID: "nguyen2021/memorise-norm", Title: "distance to memorising weights", Reference: "Corollary 4.2; card 04.9",
		Formula:    `\|v\|^2 = Y^{\top}(JJ^{\top})^{-1}Y \le \frac{\|Y\|^2}{\lambda_{\min}(JJ^{\top})}`,
		Convention: nguyenConvention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []nguyenMemory{
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3}, Hidden: []int{20, 20}},
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10, Seed: 1, RowNorm: 3, Labels: data.Normal}, Hidden: []int{20, 20}, Tanh: true},
			{Data: nguyenImages(data.MNIST, 30, 49), Hidden: []int{30, 20}},
			{Data: nguyenImages(data.Fashion, 30, 49), Hidden: []int{60}},
		},
		OnData: func(f checks.DataFile) []nguyenMemory {
			if f.Label == "" {
				return nil // nothing to memorise
			}
			return []nguyenMemory{{Data: nguyenFile(f, 40), Hidden: []int{60, 40}}}
		},
		Cost: nguyenMemory.cost,
		Setup: func(p nguyenMemory) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.memorise(set, r) }}, nil
		},
		Controls: []checks.Control[nguyenMemory]{
			{
				Name: "contradiction", Why: "equal inputs with different labels cannot be memorised",
				At: []nguyenMemory{{Data: data.Spec{Kind: data.Duplicate, N: 10, D: 8, Seed: 1, RowNorm: 3, Labels: data.Alternate}, Hidden: []int{20, 20}}},
			},
			{
				Name: "too-few-weights", Why: "seven weights cannot fit thirty labels to first order",
				At: []nguyenMemory{{Data: data.Spec{Kind: data.Sphere, N: 30, D: 2, Seed: 1, RowNorm: 3}, Hidden: []int{1, 4}}},
			},
		},
	}
}

func (p nguyenMemory) memorise(set *data.Set, r *rand.Rand) checks.Measurement {
	memo, err := p.draw(set, r)
	if err != nil {
		return checks.Failed(err)
	}
	best := math.Inf(1)
	var steps, errors []float64
	for k := 9; k >= 1; k-- {
		e := math.Pow(10, -float64(k))
		missing, _ := memo.quotient(e)
		best = min(best, missing)
		steps, errors = append(steps, e), append(errors, missing)
	}
	parts := []checks.Measurement{{Part: "error", Observed: best, Predicted: 1e-3}}
	if low := memo.lambda.Lower(); low > 0 {
		square := floats.Dot(memo.v, memo.v)
		labels := floats.Dot(memo.y, memo.y)
		parts = append(parts, checks.Measurement{
			Part: "norm", Observed: square, Predicted: labels / memo.lambda.Value, Error: labels/low - labels/memo.lambda.Value + 1e-9*square,
		})
	}
	m := checks.All(parts...)
	m.Hypotheses = nguyenMemoryHypotheses(memo)
	series := checks.NewSeries("relative error of the difference quotient", "measured", steps, errors)
	series.XName, series.YName, series.LogX, series.LogY = "step e", "error over ||Y||", true, true
	m.Series = []checks.Series{series}
	return m
}

// ---- shared by the claims ----

// nguyenLadder is one pass over the rungs of a ladder.
func nguyenLadder(rungs int, at func(i int) (size, value float64, err error)) checks.Measurement {
	var m checks.Measurement
	for i := range rungs {
		size, value, err := at(i)
		if err != nil {
			return checks.Failed(err)
		}
		m.Ladder = append(m.Ladder, checks.Rung{Size: size, Value: value})
	}
	return m
}

// nguyenPositive returns an eigenvalue for a logarithmic ladder. One that cannot be told from zero counts as its
// error bound, some 1e10 times less than its scale: a failure still, and one that a logarithm can take.
func nguyenPositive(c eig.Certified, err error) (float64, error) {
	return max(c.Value, c.Err), err
}

// nguyenDrawLambda draws inputs and a network and returns lambda_min(Kbar).
func nguyenDrawLambda(law string, n int, config deep.Config, r *rand.Rand) (float64, error) {
	x, err := nguyenInputs(law, n, config.Inputs, r)
	if err != nil {
		return 0, err
	}
	net, err := deep.New(config, r)
	if err != nil {
		return 0, err
	}
	k, err := net.Gram(x)
	if err != nil {
		return 0, err
	}
	return nguyenPositive(eig.Min(k))
}

// nguyenInputs draws n independent rows of squared norm d, in mean: gaussian N(0, I_d); sphere, uniform on
// the sphere of radius sqrt d; cube, uniform on {-1,1}^d; plane, uniform on the circle of radius sqrt d in a random plane.
func nguyenInputs(law string, n, d int, r *rand.Rand) (*mat.Dense, error) {
	x := nguyenGaussian(n, d, r)
	switch law {
	case "gaussian":
		return x, nil
	case "sphere":
	case "cube":
		x.Apply(func(_, _ int, v float64) float64 { return math.Copysign(1, v) }, x)
		return x, nil
	case "plane":
		// A centred Gaussian direction of the plane spanned by two Gaussian vectors made orthonormal.
		u, v := x.RawRowView(0), make([]float64, d)
		for k := range v {
			v[k] = r.NormFloat64()
		}
		u = slices.Clone(u)
		floats.Scale(1/floats.Norm(u, 2), u)
		floats.AddScaled(v, -floats.Dot(u, v), u)
		floats.Scale(1/floats.Norm(v, 2), v)
		for i := range n {
			row, a, b := x.RawRowView(i), r.NormFloat64(), r.NormFloat64()
			for k := range row {
				row[k] = a*u[k] + b*v[k]
			}
		}
	default:
		return nil, fmt.Errorf("law %q: use gaussian, sphere, cube or plane", law)
	}
	for i := range n {
		row := x.RawRowView(i)
		floats.Scale(math.Sqrt(float64(d))/floats.Norm(row, 2), row)
	}
	return x, nil
}

func nguyenGaussian(rows, cols int, r *rand.Rand) *mat.Dense {
	w := mat.NewDense(rows, cols, nil)
	for i := range w.RawMatrix().Data {
		w.RawMatrix().Data[i] = r.NormFloat64()
	}
	return w
}

// nguyenLayer returns relu(F W^T).
func nguyenLayer(f, w *mat.Dense) *mat.Dense {
	n, _ := f.Dims()
	m, _ := w.Dims()
	out := mat.NewDense(n, m, nil)
	for i := range n {
		row := out.RawRowView(i)
		for j := range row {
			row[j] = max(0, floats.Dot(f.RawRowView(i), w.RawRowView(j)))
		}
	}
	return out
}

// nguyenRows builds the data with its first row scaled; scale 0 means 1.
func nguyenRows(spec data.Spec, scale float64) (*mat.Dense, error) {
	set, err := spec.Build()
	if err != nil {
		return nil, err
	}
	if scale != 0 {
		floats.Scale(scale, set.X.RawRowView(0))
	}
	return set.X, nil
}

// nguyenSpec draws data of any kind, lattice points also with their own norms.
func nguyenSpec(t *rapid.T, n, d int) data.Spec {
	spec := gen.Specs(gen.Range{MinN: 1, MaxN: n, MinD: 1, MaxD: d}).Draw(t, "data")
	spec.Raw = spec.Kind == data.Lattice && rapid.Bool().Draw(t, "raw")
	return spec
}

// nguyenScale draws the factor on the first row, over four decades.
func nguyenScale(t *rapid.T) float64 {
	return rapid.SampledFrom([]float64{0, 0.01, 0.1, 3, 100}).Draw(t, "scale")
}

// nguyenImages are images of two classes that are hard to tell apart.
func nguyenImages(kind string, n, d int) data.Spec {
	classes := [2]int{3, 8}
	if kind == data.Fashion {
		classes = [2]int{0, 6}
	}
	return data.Spec{Kind: kind, N: n, D: d, Classes: classes}
}

// nguyenFile is a user's data set, cut to its first rows when there are more than most.
func nguyenFile(f checks.DataFile, most int) data.Spec {
	return data.Spec{Kind: data.File, Path: f.Path, SHA256: f.SHA256, Load: data.Options{Label: f.Label, Rows: most}}
}

// nguyenSize returns the sizes of a data set, zero when it cannot be built.
func nguyenSize(spec data.Spec) (n, d int) {
	if spec.N > 0 && spec.D > 0 {
		return spec.N, spec.D
	}
	set, err := spec.Build()
	if err != nil {
		return 0, 0 // the setup reports it
	}
	return set.N(), set.D()
}

// nguyenFacts pairs names with values.
func nguyenFacts(pairs ...any) []checks.Fact {
	var facts []checks.Fact
	for i := 0; i+1 < len(pairs); i += 2 {
		facts = append(facts, checks.Fact{Name: pairs[i].(string), Value: checks.Float(pairs[i+1].(float64))})
	}
	return facts
}

// Operation counts, fitted to measured times: a certified eigenvalue, a limit kernel with its eigenvalue, and a network
// with its tangent kernel.
func nguyenEigCost(n int) float64 {
	size := float64(n)
	return 8*size*size*size + 100*size*size + 5000
}

func nguyenLimitCost(n, d, l int) float64 {
	return nguyenEigCost(n) + float64(n*n)*float64(2*d+100*l)
}

func nguyenNetCost(n, d int, hidden []int) float64 {
	weights, neurons, in := 0.0, d, d
	for _, width := range hidden {
		weights += float64(in * width)
		neurons += 2 * width
		in = width
	}
	return (4*float64(n)+25)*weights + float64(n)*float64(n*neurons) + 4000
}
