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
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// limit is a data set with a depth.
type limit struct {
	Data  data.Spec `json:"data"`
	L     int       `json:"l"`
	Scale float64   `json:"scale,omitempty"` // factor on the first row; 0 means 1
	Curve string    `json:"curve,omitempty"` // l, n or d: record the bounds along it
}

// build returns the data with its first row scaled.
func (p limit) build() (*mat.Dense, error) { return rows(p.Data, p.Scale) }

func limitGrid(curves bool) []limit {
	grid := []limit{
		{Data: data.Spec{Kind: data.Basis, N: 6, D: 6}, L: 3}, // all bounds are attained
		{Data: data.Spec{Kind: data.Sphere, N: 20, D: 40, Seed: 1}, L: 3, Curve: "l"},
		{Data: data.Spec{Kind: data.Sphere, N: 16, D: 16, Seed: 2}, L: 3, Curve: "d"},
		{Data: data.Spec{Kind: data.Gaussian, N: 24, D: 12, Seed: 3, Raw: true}, L: 3, Curve: "n"},
		{Data: data.Spec{Kind: data.Antipodal, N: 16, D: 12, Seed: 4, Sep: 0.2}, L: 3},
		{Data: data.Spec{Kind: data.Cluster, N: 12, D: 6, Seed: 5, Spread: 0.1}, L: 4},
		{Data: images.Hard(data.MNIST, 24, 49), L: 3},
		{Data: images.Hard(data.Fashion, 20, 196), L: 3},
		{Data: data.Spec{Kind: data.MNIST, N: 24, D: 784, Raw: true}, L: 2},
		{Data: data.Spec{Kind: data.Sphere, N: 60, D: 120, Seed: 6}, L: 2},
		{Data: data.Spec{Kind: data.Sphere, N: 60, D: 120, Seed: 6}, L: 5},
		{Data: data.Spec{Kind: data.Sphere, N: 100, D: 20, Seed: 7}, L: 3},
	}
	for i := range grid {
		if !curves {
			grid[i].Curve = ""
		}
	}
	return grid
}

func limitSpace() *rapid.Generator[limit] {
	return rapid.Custom(func(t *rapid.T) limit {
		return limit{Data: spec(t, 9, 6), L: rapid.IntRange(2, 5).Draw(t, "l"), Scale: scale(t)}
	})
}

func limitOnData(f checks.DataFile) []limit {
	spec := userfile.Rows(f, 100)
	return []limit{{Data: spec, L: 2}, {Data: spec, L: 3}, {Data: spec, L: 5}}
}

// limitLower is the explicit lower bound behind Theorem 3.2.
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
// Reference: the proof of Nguyen, Mondelli, Montufar (2021), Theorem 3.2, made explicit,
// (b'), (d).
//
// Control: all coefficients 1.05 times too large on orthonormal inputs, where the three bounds are equalities, and 1.3 times on
// random ones; and the largest norm in place of the smallest, on data with one short row.
func limitLower() checks.Checkable {
	setup := func(factor float64, largest bool) func(limit) (checks.Instance, error) {
		return func(p limit) (checks.Instance, error) { return lower(p, factor, largest) }
	}
	return checks.Claim[limit]{
		ID: "nguyen2021/limit-lower", Title: "explicit lower bound on the limit kernel", Reference: "proof of Theorem 3.2",
		Formula: `\lambda_{\min}(K^{(L)}) \ge \sum_{r\ge 1} c_r\, \lambda_{\min}(D R^{\circ r} D)`, Convention: limitConvention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: limitSpace(), Grid: limitGrid(true), OnData: limitOnData,
		Cost: func(p limit) checks.Cost {
			n, d := costs.Size(p.Data)
			one := 90*costs.Eigenvalue(n) + limitCost(n, d, p.L)
			c := checks.Cost{Setup: one, Size: fmt.Sprintf("N=%d", n)}
			if p.Curve != "" {
				c.Trial = 6 * one
			}
			return c
		},
		Setup: setup(1, false),
		Controls: []checks.Control[limit]{
			{
				Name: "five-percent-more", Why: "on orthonormal inputs every power is the identity and the bounds are attained",
				At:    []limit{{Data: data.Spec{Kind: data.Basis, N: 6, D: 6}, L: 2}, {Data: data.Spec{Kind: data.Basis, N: 6, D: 6}, L: 5}},
				Setup: setup(1.05, false),
			},
			{
				Name: "larger-coefficients", Why: "the coefficients are sharp: 1.3 times them is more than lambda_min",
				At: []limit{
					{Data: data.Spec{Kind: data.Sphere, N: 20, D: 100, Seed: 1}, L: 2},
					{Data: data.Spec{Kind: data.Sphere, N: 20, D: 100, Seed: 1}, L: 5},
				},
				Setup: setup(1.3, false),
			},
			{
				Name: "largest-norm", Why: "the smallest norm counts: with one row a tenth as long the largest claims too much",
				At:    []limit{{Data: data.Spec{Kind: data.Sphere, N: 20, D: 60, Seed: 1}, L: 2, Scale: 0.1}},
				Setup: setup(1, true),
			},
		},
	}
}

func lower(p limit, factor float64, largest bool) (checks.Instance, error) {
	x, err := p.build()
	if err != nil {
		return checks.Instance{}, err
	}
	b, err := boundsOf(x, p.L)
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
		m := checks.Each(parts...)
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

// kernelBounds is lambda_min(K^(L)) between its bounds.
type kernelBounds struct {
	lambda                           eig.Certified
	upper, lower, byNorm, gershgorin float64
	shortest                         float64 // min ||x_i||^2
}

func boundsOf(x *mat.Dense, l int) (b kernelBounds, err error) {
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

func (b kernelBounds) facts() []checks.Fact {
	return []checks.Fact{
		checks.NewFact("lambda_min", b.lambda.Value),
		checks.NewFact("min norm squared", b.shortest),
		checks.NewFact("lower bound", b.lower),
		checks.NewFact("lower bound by norm", b.byNorm),
		checks.NewFact("Gershgorin bound", b.gershgorin),
		checks.NewFact("upper bound", b.upper),
		checks.NewFact("lambda_min over lower bound", b.lambda.Value/b.lower),
		checks.NewFact("upper bound over lambda_min", b.upper/b.lambda.Value),
	}
}

// curves follows lambda_min and its bounds, over the least squared norm, along the
// depth, the number of rows (the first ones of the data) or the dimension (drawn again).
func (p limit) curves() ([]checks.Series, error) {
	x, err := p.build()
	if err != nil {
		return nil, err
	}
	n, columns := x.Dims()
	var sizes, lambda, lower, gershgorin, upper []float64
	add := func(size int, x *mat.Dense, l int) error {
		b, err := boundsOf(x, l)
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
	axes := curve.Axes{X: name, Y: "over the least squared norm", LogX: p.Curve != "l"}
	return []checks.Series{
		axes.Bound("upper bound L", sizes, upper),
		axes.Measured("smallest eigenvalue", sizes, lambda),
		axes.Bound("lower bound", sizes, lower),
		axes.Bound("lower bound by Gershgorin", sizes, gershgorin),
	}, nil
}

// limitUpper is the explicit upper bound of Theorem 3.2.
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
// this is a part of the claim, to 8(d + 8L) ulp.
//
// Convention: as in limit-linear.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 3.2, upper part with its constant.
//
// Control: L-1 in place of L: on orthonormal inputs lambda_min = 2 - 1/pi at L = 2, which exceeds 1. 0.98 of the bound for one
// input, where it is attained.
func limitUpper() checks.Checkable {
	setup := func(missing int, factor float64) func(p limit) (checks.Instance, error) {
		return func(p limit) (checks.Instance, error) { return upper(p, missing, factor) }
	}
	return checks.Claim[limit]{
		ID: "nguyen2021/limit-upper", Title: "explicit upper bound on the limit kernel", Reference: "Theorem 3.2",
		Formula: `\lambda_{\min}(K^{(L)}) \le L \min_i \|x_i\|^2`, Convention: limitConvention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 3,
		Space: limitSpace(), Grid: append([]limit{{Data: data.Spec{Kind: data.Basis, N: 1, D: 3, RowNorm: 2}, L: 4}}, limitGrid(false)...), OnData: limitOnData,
		Cost: func(p limit) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Setup: 2 * limitCost(n, d, p.L), Size: fmt.Sprintf("N=%d", n)}
		},
		Setup: setup(0, 1),
		Controls: []checks.Control[limit]{
			{
				Name: "one-layer-less", Why: "every layer adds ||x||^2 to the diagonal",
				At: []limit{
					{Data: data.Spec{Kind: data.Basis, N: 6, D: 6}, L: 2},
					{Data: data.Spec{Kind: data.Sphere, N: 12, D: 600, Seed: 1}, L: 2},
				},
				Setup: setup(1, 1),
			},
			{
				Name: "two-percent-less", Why: "for one input the bound is the kernel itself",
				At:    []limit{{Data: data.Spec{Kind: data.Basis, N: 1, D: 3, RowNorm: 2}, L: 4}},
				Setup: setup(0, 0.98),
			},
		},
	}
}

func upper(p limit, missing int, factor float64) (checks.Instance, error) {
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
	upper *= factor
	gram, err := kernel.NTK(p.L - 1).Gram(x)
	if err != nil {
		return checks.Instance{}, err
	}
	diagonal, mean := 1.0, 0.0 // K_ii/(L ||x_i||^2) where it is farthest from 1; tr(K)/N
	for i, norm := range data.RowNorms(x) {
		want := float64(p.L-missing) * norm * norm
		if q := gram.At(i, i) / want; math.Abs(q-1) > math.Abs(diagonal-1) {
			diagonal = q
		}
		mean += (want - mean) / float64(i+1)
	}
	_, columns := x.Dims()
	return checks.Instance{
		Facts: []checks.Fact{
			checks.NewFact("lambda_min", lambda.Value),
			checks.NewFact("upper bound", upper),
			checks.NewFact("trace over N", mean),
			checks.NewFact("upper bound over lambda_min", upper/lambda.Value),
		},
		Trial: func(*rand.Rand) checks.Measurement {
			return checks.All(
				checks.Measurement{Part: "smallest eigenvalue", Observed: lambda.Value, Predicted: upper, Tolerance: lambda.Err},
				checks.Measurement{Part: "diagonal", Observed: diagonal, Predicted: 1, Relation: checks.Equal, Tolerance: 8 * float64(columns+8*p.L) * unit},
			)
		},
	}, nil
}
