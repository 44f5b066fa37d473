package yang2023

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// site is a data set with a bias.
type site struct {
	Data data.Spec `json:"data"`
	Bias float64   `json:"bias"`
	// Curve asks condition for its curves against the bias.
	Curve bool `json:"curve,omitempty"`
}

func (p site) cost() checks.Cost {
	n, _ := size(p.Data)
	return checks.Cost{Setup: 3*limitCost(p.Data) + 100*n*n*n, Trial: 300 * n * n, Size: fmt.Sprintf("n=%.0f", n)}
}

func sites(r gen.Range) *rapid.Generator[site] {
	return rapid.Custom(func(t *rapid.T) site { return site{Data: gen.Specs(r).Draw(t, "data"), Bias: biasOf(t)} })
}

// A cone is the region of Theorem 13: the unit vectors a with a^T M a >= 0, M_ij = p_ij - p_min off the diagonal.
type cone struct {
	in         *inputs
	joint, m   *mat.SymDense // P, M
	q, least   float64       // Q(B), p_min
	candidates [][]float64   // eigenvectors of H, P, and M on the vectors of sum zero
	all        bool          // take every vector, in controls
}

func newCone(p site) (*cone, error) {
	in, err := load(p.Data, p.Bias)
	if err != nil {
		return nil, err
	}
	n := in.n()
	if n < 2 {
		return nil, fmt.Errorf("%d input: the region is made of pairs, give at least two", n)
	}
	c := &cone{in: in, q: kernel.UpperTail(p.Bias), least: math.Inf(1), m: mat.NewSymDense(n, nil)}
	if c.joint, err = kernel.Threshold(p.Bias).Gram(in.set.X); err != nil {
		return nil, err
	}
	for i := range n {
		for j := range i {
			c.least = math.Min(c.least, c.joint.At(i, j))
		}
	}
	for i := range n {
		for j := range i {
			c.m.SetSym(i, j, c.joint.At(i, j)-c.least)
		}
	}
	for _, s := range []*mat.SymDense{in.limit, c.joint, centred(c.m)} {
		var e mat.EigenSym
		if !e.Factorize(s, true) {
			return nil, fmt.Errorf("no eigenvectors at %v", p.Data)
		}
		var vectors mat.Dense
		e.VectorsTo(&vectors)
		for k := range n {
			c.candidates = append(c.candidates, mat.Col(nil, k, &vectors))
		}
	}
	return c, nil
}

// centred is J S J, J the projection on the vectors of sum zero.
func centred(s *mat.SymDense) *mat.SymDense {
	n := s.SymmetricDim()
	rows, total := make([]float64, n), mat.Sum(s)/float64(n*n)
	for i := range n {
		for j := range n {
			rows[i] += s.At(i, j) / float64(n)
		}
	}
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			out.SetSym(i, j, s.At(i, j)-rows[i]-rows[j]+total)
		}
	}
	return out
}

func form(s *mat.SymDense, a []float64) float64 {
	v := mat.NewVecDense(len(a), a)
	return mat.Inner(v, s, v)
}

// vectors returns unit vectors of the region: those candidates and random ones that lie in it, and points of its boundary
// between two that do not both lie in it.
func (c *cone) vectors(r *rand.Rand) [][]float64 {
	n := c.in.n()
	var out [][]float64
	pool := append([][]float64(nil), c.candidates...)
	for range 10 {
		a := make([]float64, n)
		for i := range a {
			a[i] = r.NormFloat64()
		}
		floats.Scale(1/floats.Norm(a, 2), a)
		pool = append(pool, a)
	}
	var inside, outside [][]float64
	for _, a := range pool {
		switch {
		case form(c.m, a) >= 0:
			inside = append(inside, a)
		default:
			outside = append(outside, a)
		}
	}
	out = append(out, inside...)
	if c.all {
		return append(out, outside...)
	}
	for range 20 {
		if len(inside) > 0 && len(outside) > 0 {
			out = append(out, c.boundary(inside[r.IntN(len(inside))], outside[r.IntN(len(outside))]))
		}
	}
	// The last n candidates but one are of sum zero, ascending in a^T M a: on the boundary between them P attains its bound.
	zero := c.candidates[2*n:]
	if u, w := zero[n-1], zero[0]; form(c.m, u) >= 0 && form(c.m, w) < 0 {
		out = append(out, c.boundary(u, w))
	}
	return out
}

// boundary is the last unit vector of the region on the arc from u in it to w outside.
func (c *cone) boundary(u, w []float64) []float64 {
	at := func(angle float64) []float64 {
		a := make([]float64, len(u))
		for i := range a {
			a[i] = math.Cos(angle)*u[i] + math.Sin(angle)*w[i]
		}
		floats.Scale(1/floats.Norm(a, 2), a)
		return a
	}
	lo, hi := 0.0, math.Pi/2
	for range 60 {
		if mid := (lo + hi) / 2; form(c.m, at(mid)) >= 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return at(lo)
}

// rounding of a quadratic form in kernel entries.
func (c *cone) rounding() float64 { return 1e-13 * float64(c.in.n()) }

// regionTheorem is the restricted smallest eigenvalue as printed.
//
// Setting: n >= 2 unit inputs, no two of them closer than delta to each other or to each other's antipode; B >= 0;
// p_min = min_{i != j} p_ij; the region of the a in R^n with sum_{i != j} a_i a_j p_ij >= p_min sum_{i != j} a_i a_j.
//
// Hypotheses: lambda' > 0, or nothing is claimed.
//
// Conclusion: for every unit vector a of the region, a^T H^inf(B) a >= max(0, lambda'),
//
//	lambda' = max{ 1/2 - B/sqrt(2 pi), (1/B - 1/B^3) e^{-B^2/2}/sqrt(2 pi) }
//	          - e^{-B^2/(2-delta^2/2)} (pi - arctan(delta sqrt(1-delta^2/4)/(1-delta^2/2)))/(2 pi).
//
// Constants: as printed; at B = 0 the first term of the maximum alone. It follows from region: the maximum is at most Q(B),
// and p_min is at most the p of the closest pair, which the last term bounds.
//
// Convention: H^inf_ij = (x_i.x_j + 1) p_ij.
//
// Reference: Yang et al., Theorem 13.
//
// Control: 2.25 times lambda' on a near pair; the region dropped on a tight grid of inputs.
//
// Loose: a^T H a is a^T P a plus a form of X X^T o P, which lambda' leaves out and which for near inputs is as large again: a
// factor of 2 on every data set known.
func regionTheorem() checks.Checkable {
	setup := func(factor float64, all bool) func(site) (checks.Instance, error) {
		return func(p site) (checks.Instance, error) {
			c, err := newCone(p)
			if err != nil {
				return checks.Instance{}, err
			}
			c.all = all
			separation := data.Separation(c.in.set.X)
			floor := 0.0
			if separation > 0 {
				floor = bounds.RegionFloor(p.Bias, math.Min(separation, math.Sqrt2))
			}
			inst := checks.Instance{Facts: []checks.Fact{checks.NewFact("lambda'", floor), checks.NewFact("Q - p_min", c.q-c.least), checks.NewFact("delta", separation)}}
			if floor <= 0 {
				inst.Trivial = "lambda' is not positive: the inputs are too close for the bias"
				return inst, nil
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				var ms []checks.Measurement
				for _, a := range c.vectors(r) {
					ms = append(ms, checks.Measurement{Observed: form(c.in.limit, a), Predicted: factor * floor, Relation: checks.AtLeast, Tolerance: c.rounding()})
				}
				return checks.Worst(ms...)
			}
			return inst, nil
		}
	}
	near := site{Data: data.Spec{Kind: data.Angles, D: 2, N: 2, Angles: []float64{0, 0.05}}}
	grid := []site{
		near, {Data: orthonormal(6), Bias: 2}, {Data: data.Spec{Kind: data.Simplex, N: 5, D: 4}, Bias: 1}, {Data: orthonormal(4), Bias: 3},
		{Data: data.Spec{Kind: data.Sphere, N: 8, D: 4, Seed: 1}}, {Data: images.All(data.MNIST, 12, 49)}, {Data: images.All(data.Fashion, 12, 49)},
	}
	var patch [][]int
	for i := -2; i <= 2; i++ {
		for j := -2; j <= 2; j++ {
			patch = append(patch, []int{12, i, j})
		}
	}
	return checks.Claim[site]{
		ID: "yang2023/region-theorem", Title: "restricted smallest eigenvalue by separation", Reference: "Theorem 13",
		Formula:    `a \in \mathcal{R},\ \|a\| = 1 \Rightarrow a^{\top} H^{\infty}(B)\, a \ge \max(0, \lambda')`,
		Convention: "H^inf_ij = (x_i.x_j + 1) p_ij; |x_i| = 1", Basis: checks.Stated, Form: checks.Always{}, Version: 1,
		Space:   sites(gen.Range{MinN: 2, MaxN: 8, MinD: 2, MaxD: 5}),
		Grid:    grid,
		OnData:  func(f checks.DataFile) []site { return []site{{Data: userfile.Signed(f, 20)}} },
		Cost:    site.cost,
		Setup:   setup(1, false),
		Detects: map[string]float64{"": 2.1},
		Controls: []checks.Control[site]{
			{Name: "larger-floor", Why: "on a near pair the eigenvalue is twice lambda'", At: []site{near}, Setup: setup(2.25, false)},
			{Name: "anywhere", Why: "outside the region, inputs on a tight grid have a smaller eigenvalue", At: []site{{Data: data.Spec{Kind: data.Lattice, N: 25, D: 3, Points: patch}}}, Setup: setup(1, true)},
		},
	}
}

// region is the restricted smallest eigenvalue at its sharpest.
//
// Setting: as in region-theorem, any n >= 2 unit inputs, repeated ones too; P = [p_ij].
//
// Hypotheses: none.
//
// Conclusion: for every unit vector a of the region, a^T P a >= Q(B) - p_min and a^T H^inf(B) a >= Q(B) - p_min >= 0. And
// for every pair p_ij <= e^{-B^2/(1+rho_ij)} (pi - angle_ij)/(2 pi).
//
// Constants: derived. H = X X^T o P + P, both positive semidefinite, so that a^T H a >= a^T P a. On the region
// a^T P a = Q + sum_{i != j} a_i a_j p_ij >= Q + p_min ((sum a)^2 - 1). For P there is equality on the boundary of the region
// where the sum of a is zero; for H likewise on a circle of 46 inputs at B = 0, between the third harmonic and higher odd
// ones, on which X X^T o P vanishes.
// The bound on p_ij is an equality at B = 0.
//
// Convention: as in region-theorem.
//
// Reference: derived here, the proof of Yang et al., Theorem 13.
//
// Control: the region dropped on clustered inputs; a form, or a joint tail, five per cent better than attained.
func region() checks.Checkable {
	setup := func(p, h, tail float64, all bool) func(site) (checks.Instance, error) {
		return func(s site) (checks.Instance, error) {
			c, err := newCone(s)
			if err != nil {
				return checks.Instance{}, err
			}
			c.all = all
			pair, err := kernel.Pairs(c.in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			floor := c.q - c.least
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("Q(B)", c.q), checks.NewFact("p_min", c.least), checks.NewFact("lambda(B)", c.in.lambda.Value)},
				Trial: func(r *rand.Rand) checks.Measurement {
					var ms []checks.Measurement
					for _, a := range c.vectors(r) {
						ms = append(ms,
							checks.Measurement{Part: "P", Observed: form(c.joint, a), Predicted: p * floor, Relation: checks.AtLeast, Tolerance: c.rounding()},
							checks.Measurement{Part: "H", Observed: form(c.in.limit, a), Predicted: h * floor, Relation: checks.AtLeast, Tolerance: c.rounding()})
					}
					for i := range c.in.n() {
						for j := range i {
							ms = append(ms, checks.Measurement{Part: "joint tail", Observed: c.joint.At(i, j), Predicted: tail * kernel.JointTailBound(s.Bias, pair(i, j).Angle), Tolerance: 1e-14})
						}
					}
					return checks.Each(ms...)
				},
			}, nil
		}
	}
	clustered := data.Spec{Kind: data.Angles, D: 2, N: 3, Angles: []float64{0, 0.02, 2}}
	circle := data.Spec{Kind: data.Circle, N: 46, D: 2}
	grid := []site{
		{Data: clustered}, {Data: clustered, Bias: 1}, {Data: circle}, {Data: orthonormal(5), Bias: 2}, {Data: data.Spec{Kind: data.Duplicate, N: 6, D: 3, Seed: 1}, Bias: 0.5},
		{Data: images.All(data.MNIST, 12, 49), Bias: 0.5}, {Data: images.All(data.Fashion, 12, 49), Bias: 1},
	}
	return checks.Claim[site]{
		ID: "yang2023/region", Title: "restricted smallest eigenvalue, sharp", Reference: "proof of Theorem 13, derived here",
		Formula:    `a \in \mathcal{R},\ \|a\| = 1 \Rightarrow a^{\top} H^{\infty}(B)\, a \ge a^{\top} P a \ge Q(B) - p_{\min}`,
		Convention: "H^inf_ij = (x_i.x_j + 1) p_ij; |x_i| = 1", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  sites(gen.Range{MinN: 2, MaxN: 8, MinD: 1, MaxD: 5}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []site { return []site{{Data: userfile.Signed(f, 20), Bias: 1}} },
		Cost:   site.cost,
		Setup:  setup(1, 1, 1, false),
		Controls: []checks.Control[site]{
			{Name: "anywhere", Why: "the eigenvector of the smallest eigenvalue of a cluster lies outside the region", At: grid[:2], Setup: setup(1, 1, 1, true)},
			{Name: "larger-form-p", Why: "P attains Q - p_min on the boundary of the region", At: grid[:2], Setup: setup(1.05, 1, 1, false)},
			{Name: "larger-form-h", Why: "on a circle of 46 inputs H attains Q - p_min between odd harmonics", At: grid[2:3], Setup: setup(1, 1.05, 1, false)},
			{Name: "smaller-joint-tail", Why: "at B = 0 the cone bound is an equality", At: grid[:1], Setup: setup(1, 1, 0.95, false)},
		},
	}
}
