package du2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
)

// inputs are the parameters of a claim about the inputs alone.
type inputs struct {
	Data data.Spec `json:"data"`
}

func dataGrid(specs ...data.Spec) []inputs {
	var grid []inputs
	for _, s := range specs {
		grid = append(grid, inputs{s})
	}
	return grid
}

func onData(f checks.DataFile) []inputs { return []inputs{{file(f, 200)}} }

func dataSpace(r gen.Range) *rapid.Generator[inputs] {
	return rapid.Map(gen.Separated(r), func(s data.Spec) inputs { return inputs{s} })
}

func dataCost(p inputs) checks.Cost {
	n, d := dims(p.Data)
	return checks.Cost{Setup: n*n*d*4 + 60*n*n*n, Size: fmt.Sprintf("n=%g", n)}
}

// kernelPositive is Theorem 3.1.
//
// Setting: inputs x_1..x_n of unit norm, the limit kernel H^inf_ij = x_i.x_j (pi - angle_ij)/(2 pi) with
// smallest eigenvalue lambda_0.
//
// Hypotheses: no two inputs are parallel. For the check also that the explicit bound of
// eigenvalue-closed-form exceeds twice the rounding of H^inf and of its eigenvalue, so that a float64 can tell.
//
// Conclusion: lambda_0 > 0. Measured is the computed eigenvalue less its rigorous error bound, which the exact one exceeds. How large
// it is, eigenvalue-closed-form and basics/gershgorin-lower say.
//
// Constants: none. Angles come from chords, never from an arccosine: clamped inner products would give exactly
// singular kernels spurious eigenvalues of 2e-9.
//
// Convention: unit norms; 1{z >= 0} as the derivative of the ReLU.
//
// Reference: Du et al. (2019), Theorem 3.1.
//
// Control: a repeated input, d+1 antipodal pairs and three coplanar antipodal pairs have lambda_0 = 0.
func kernelPositive() checks.Claim[inputs] {
	return checks.Claim[inputs]{
		ID: "du2019/kernel-positive", Title: "the limit kernel is positive definite", Reference: "Theorem 3.1",
		Formula:    `\lambda_0 = \lambda_{\min}(H^\infty) > 0`,
		Convention: "unit inputs, relu'(0) = 1", Basis: checks.Stated, Form: checks.Always{}, Version: 2,
		Space: dataSpace(gen.Range{MinN: 2, MaxN: 30, MinD: 2, MaxD: 8}),
		Grid: dataGrid(append(pictures(100, 49),
			data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, data.Spec{Kind: data.HalfCircle, N: 24},
			data.Spec{Kind: data.Cluster, N: 40, D: 5, Spread: 0.1, Seed: 2}, data.Spec{Kind: data.Sphere, N: 200, D: 10, Seed: 3},
			images.All(data.MNIST, 400, 784), images.All(data.Fashion, 400, 784))...),
		OnData: onData,
		Cost:   dataCost,
		Setup:  setupPositive,
		Controls: []checks.Control[inputs]{{
			Name: "dependent-inputs", Why: "a repeated input, or more antipodal pairs than dimensions, makes the kernel singular",
			At: dataGrid(
				data.Spec{Kind: data.Duplicate, N: 6, D: 4, Seed: 1},
				data.Spec{Kind: data.Antipodal, N: 8, D: 3, Seed: 2},
				data.Spec{Kind: data.Lattice, Points: [][]int{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {1, 2, 0}, {-1, -2, 0}, {1, 1, 3}}},
			),
		}},
	}
}

func setupPositive(p inputs) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	separation := kernel.Separation{Both: math.Sqrt2}
	if q.n > 1 {
		if separation, err = kernel.Separate(q.set.X); err != nil {
			return checks.Instance{}, err
		}
	}
	floor := 0.5
	if q.n > 1 {
		floor = bounds.ClosedLowerBound(q.n, min(separation.Both, math.Sqrt2))
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{
			checks.RequireThat("no two inputs parallel", separation.Both > 0),
			checks.Require("explicit lower bound against rounding", floor, checks.AtLeast, 2*q.lambda0.Err),
		},
		Facts: q.facts(checks.NewFact("separation", separation.Both), checks.NewFact("explicit lower bound", floor)),
		Terms: checks.Terms{Trials: 1},
		Trial: func(*rand.Rand) checks.Measurement {
			return checks.Measurement{Observed: q.lambda0.Lower(), Relation: checks.AtLeast}
		},
	}, nil
}

// lattice are the parameters of a claim about integer inputs, whose repetitions and antipodes are exact.
type lattice struct {
	Points [][]int `json:"points"`
}

// kernelBoundary is the exact boundary of Theorem 3.1.
//
// Setting: the directions of integer vectors, on which repetition, antipodes and linear dependence are decided
// exactly; H^inf and lambda_0 as in kernel-positive.
//
// Hypotheses: none.
//
// Conclusion: the rank of H^inf is the number of different directions, less the number of antipodal pairs {v_s, -v_s} among them, plus the rank of
// the v_s. So lambda_0 > 0 if and only if no input is repeated and the v_s are linearly independent. A single antipodal pair is
// harmless: parallel inputs are allowed where Theorem 3.1 excludes them. Measured is the number of eigenvalues above the rounding.
//
// Constants: none. Proof: as functions of w, x 1{w.x >= 0} - (-x) 1{-w.x >= 0} = x almost everywhere, so each pair
// puts the constant field v_s into the span of the features, and dependent v_s give a null vector. Conversely
// the discontinuities of the features across the hyperplanes w.x_i = 0 make the coefficients of a null vector
// vanish but on antipodal pairs, where they must be opposite and leave sum_s c_s v_s = 0.
//
// Convention: unit norms; 1{z >= 0}.
//
// Reference: derived here; sharpens Du et al. (2019), Theorem 3.1.
//
// Control: the reading "an antipodal pair costs a rank" is refuted by {e_s, -e_s}, where H^inf = I/2, and by three pairs in general position in R^3; the
// reading "pairs cost nothing" by coplanar ones; "repetitions cost nothing" by a repeated input.
func kernelBoundary() checks.Claim[lattice] {
	signed := [][]int{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}}
	skew := [][]int{{1, 0, 0}, {-1, 0, 0}, {1, 1, 0}, {-1, -1, 0}, {1, 1, 1}, {-1, -1, -1}}
	coplanar := [][]int{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {1, 1, 0}, {-1, -1, 0}}
	repeated := [][]int{{1, 2}, {2, 4}, {1, 0}}
	setup := func(rank func([][]int) int) func(lattice) (checks.Instance, error) {
		return func(p lattice) (checks.Instance, error) { return setupBoundary(p, rank(p.Points)) }
	}
	return checks.Claim[lattice]{
		ID: "du2019/kernel-boundary", Title: "exactly when the limit kernel is singular", Reference: "Theorem 3.1, sharpened here",
		Formula:    `\operatorname{rank} H^\infty = \#\{x_i\} - \#\{\pm v_s\} + \operatorname{rank}(v_s)`,
		Convention: "unit inputs, relu'(0) = 1", Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) lattice {
			n, d := rapid.IntRange(1, 8).Draw(t, "n"), rapid.IntRange(1, 4).Draw(t, "d")
			return lattice{gen.Lattice(n, d, rapid.IntRange(1, 2).Draw(t, "bound")).Draw(t, "points")}
		}),
		Grid: []lattice{
			{signed}, {skew}, {append(skew[:6:6], []int{0, 1, 0}, []int{0, -1, 0})}, {repeated}, {coplanar},
			{[][]int{{1}, {-1}}}, {[][]int{{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {2, 1}}},
		},
		Setup: setup(func(p [][]int) int { d, v := directions(p); return d - len(v) + rank(v) }),
		Controls: []checks.Control[lattice]{
			{
				Name: "any-antipodal-pair", Why: "independent antipodal pairs do not make the kernel singular", At: []lattice{{signed}, {skew}},
				Setup: setup(func(p [][]int) int { d, v := directions(p); return d - len(v) }),
			},
			{
				Name: "no-antipodal-pair", Why: "three coplanar pairs do", At: []lattice{{coplanar}},
				Setup: setup(func(p [][]int) int { d, _ := directions(p); return d }),
			},
			{
				Name: "repetitions", Why: "a repeated input does", At: []lattice{{repeated}},
				Setup: setup(func(p [][]int) int { return len(p) }),
			},
		},
	}
}

func setupBoundary(p lattice, rank int) (checks.Instance, error) {
	q, err := build(data.Spec{Kind: data.Lattice, Points: p.Points})
	if err != nil {
		return checks.Instance{}, err
	}
	resolved := 0
	for _, v := range eigenvalues(q.limit) {
		// The entries and the eigenvalues of a matrix of norm at most n/2 err by a few units of rounding each.
		if v > 1e-13*float64(q.n*q.n) {
			resolved++
		}
	}
	return checks.Instance{
		Facts: q.facts(), Terms: checks.Terms{Trials: 1},
		Trial: func(*rand.Rand) checks.Measurement {
			return checks.Measurement{Observed: float64(resolved), Predicted: float64(rank), Relation: checks.Equal}
		},
	}, nil
}

// directions counts the different directions of integer vectors, and lists one vector of each antipodal pair among them.
func directions(points [][]int) (different int, pairs [][]int) {
	seen := map[string]bool{}
	for _, p := range points {
		g := 0
		for _, v := range p {
			for a := max(v, -v); a != 0; {
				g, a = a, g%a
			}
		}
		u, minus := make([]int, len(p)), make([]int, len(p))
		for k, v := range p {
			u[k], minus[k] = v/g, -v/g
		}
		if seen[fmt.Sprint(u)] {
			continue
		}
		if seen[fmt.Sprint(minus)] {
			pairs = append(pairs, u)
		}
		seen[fmt.Sprint(u)] = true
	}
	return len(seen), pairs
}

// rank is the rank of integer rows, by fraction-free elimination. The rows are changed.
func rank(rows [][]int) int {
	if len(rows) == 0 {
		return 0
	}
	rank, previous := 0, 1
	for c := 0; c < len(rows[0]) && rank < len(rows); c++ {
		pivot := rank
		for pivot < len(rows) && rows[pivot][c] == 0 {
			pivot++
		}
		if pivot == len(rows) {
			continue
		}
		rows[rank], rows[pivot] = rows[pivot], rows[rank]
		p := rows[rank]
		for _, row := range rows[rank+1:] {
			f := row[c]
			for k := range row {
				row[k] = (p[c]*row[k] - f*p[k]) / previous
			}
		}
		previous = p[c]
		rank++
	}
	return rank
}

// eigenvalueClosed bounds lambda_0 from below in closed form.
//
// Setting: unit inputs, n >= 2, s = min_{i != j} min(||x_i - x_j||, ||x_i + x_j||), rho = max_{i != j} |x_i.x_j| = 1 - s^2/2.
//
// Hypotheses: rho < 1.
//
// Conclusion: lambda_0 >= (n-1)/(2 pi rho) sqrt(2 ln(1/rho)) erfc(sqrt(ln((n-1)/rho))), which is s/(2 pi) for two close inputs and about
// s/(2 pi^{3/2} sqrt(ln n)) for many: linear in the separation and only sqrt-log in n.
//
// Constants: derived in bounds.ClosedLowerBound: the power series of the kernel with the factors 1 - (n-1) rho^j where they are positive
// (basics/gershgorin-lower), summed by parts with binom(2k,k)/4^k >= 1/sqrt(pi (k+1/2)). Two inputs attain it as they approach.
//
// Convention: unit norms.
//
// Reference: derived here; the paper has no number.
//
// Control: 1.05 times the bound for two close inputs; the value for two inputs on an arc of many; a hundredth of rho for close inputs, which gives
// nearly 0.127, far above their lambda_0.
func eigenvalueClosed() checks.Claim[inputs] {
	close := data.Spec{Kind: data.Duplicate, N: 2, D: 3, Sep: 0.01, Seed: 4}
	return checks.Claim[inputs]{
		ID: "du2019/eigenvalue-closed-form", Title: "lambda_0 from the separation, closed form", Reference: "Theorem 3.1, made explicit here",
		Formula:    `\lambda_0 \ge \frac{n-1}{2\pi\rho} \sqrt{2\ln\tfrac1\rho}\ \operatorname{erfc}\sqrt{\ln\tfrac{n-1}{\rho}},\quad \rho = \max_{i \ne j} |x_i \cdot x_j|`,
		Convention: "unit inputs", Basis: checks.Derived, Form: checks.Always{}, Version: 3,
		Space: dataSpace(gen.Range{MinN: 2, MaxN: 24, MinD: 2, MaxD: 16}),
		Grid: dataGrid(append(pictures(100, 196),
			data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, close, data.Spec{Kind: data.Duplicate, N: 2, D: 3, Sep: 1e-5, Seed: 4},
			data.Spec{Kind: data.Cluster, N: 20, D: 5, Spread: 0.1, Seed: 5}, data.Spec{Kind: data.HalfCircle, N: 50})...),
		OnData: onData, Cost: dataCost,
		Setup: func(p inputs) (checks.Instance, error) { return setupClosed(p, bounds.ClosedLowerBound) },
		Controls: []checks.Control[inputs]{{
			Name: "larger-bound", Why: "lambda_0 of two close inputs is hardly more than the bound", At: dataGrid(close),
			Setup: func(p inputs) (checks.Instance, error) {
				return setupClosed(p, func(n int, s float64) float64 { return 1.05 * bounds.ClosedLowerBound(n, s) })
			},
		}, {
			Name: "as-for-two-inputs", Why: "many inputs on an arc have a smaller lambda_0 than two at the same distance", At: dataGrid(data.Spec{Kind: data.HalfCircle, N: 50}),
			Setup: func(p inputs) (checks.Instance, error) {
				return setupClosed(p, func(_ int, s float64) float64 { return bounds.ClosedLowerBound(2, s) })
			},
		}, {
			Name: "rho-of-orthogonal-inputs", Why: "the bound for nearly orthogonal inputs is above lambda_0 of a tight cluster",
			At: dataGrid(
				data.Spec{Kind: data.Cluster, N: 20, D: 5, Spread: 0.03, Seed: 5}, data.Spec{Kind: data.Duplicate, N: 6, D: 6, Sep: 0.01, Seed: 6}),
			Setup: func(p inputs) (checks.Instance, error) {
				return setupClosed(p, func(n int, s float64) float64 {
					return bounds.ClosedLowerBound(n, math.Sqrt(2-0.02*bounds.RhoOf(s)))
				})
			},
		}},
	}
}

func setupClosed(p inputs, lower func(n int, separation float64) float64) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	if q.n < 2 { // a single input has no separation, and lambda_0 = 1/2
		return checks.Instance{Hypotheses: []checks.Hypothesis{checks.Require("inputs", 1, checks.AtLeast, 2)}}, nil
	}
	separation, err := kernel.Separate(q.set.X)
	if err != nil {
		return checks.Instance{}, err
	}
	s := min(separation.Both, math.Sqrt2)
	bound := lower(q.n, s)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.RequireThat("rho < 1", separation.Both > 0)},
		Facts: q.facts(checks.NewFact("separation", separation.Both), checks.NewFact("bound", bound),
			checks.NewFact("bound separation/(16 n^2)", bounds.SimpleSeparationLowerBound(q.n, s))),
		Terms: checks.Terms{Trials: 1},
		Trial: func(*rand.Rand) checks.Measurement {
			// The chord is known to a few units of rounding of 1, and the bound grows like it over 2 pi.
			return checks.Measurement{Observed: q.lambda0.Value, Predicted: bound, Relation: checks.AtLeast, Error: q.lambda0.Err, Tolerance: 1e-15}
		},
	}, nil
}

// pair are two unit inputs in R^d at a distance.
type pair struct {
	D        int     `json:"d"`
	Distance float64 `json:"distance"`
	Seed     uint64  `json:"seed,omitempty"`
}

// eigenvaluePair is lambda_0 of two inputs, which shows that the bound must be linear in the separation.
//
// Setting: two unit inputs of R^d at distance s in (0, sqrt 2].
//
// Hypotheses: none.
//
// Conclusion: lambda_0 = s^2/4 + theta (1 - s^2/2)/(2 pi) with theta = 2 arcsin(s/2); so lambda_0/s -> 1/(2 pi) as s -> 0.
//
// Constants: exact. The eigenvalues are 1/2 +- h(cos theta), and cos theta = 1 - s^2/2 >= 0.
//
// Convention: unit norms.
//
// Reference: derived here.
//
// Control: the same without the linear term, as a smooth kernel would have it, and with 1.01 times it.
func eigenvaluePair() checks.Claim[pair] {
	setup := func(p pair, linear float64) (checks.Instance, error) {
		q, err := build(data.Spec{Kind: data.Duplicate, N: 2, D: p.D, Sep: p.Distance, Seed: p.Seed})
		if err != nil {
			return checks.Instance{}, err
		}
		s := p.Distance
		want := s*s/4 + linear*math.Asin(s/2)*(1-s*s/2)/math.Pi
		return checks.Instance{
			Facts: q.facts(checks.NewFact("lambda_0/distance", q.lambda0.Value/s), checks.NewFact("limit of it", 1/(2*math.Pi))),
			Terms: checks.Terms{Trials: 1},
			Trial: func(*rand.Rand) checks.Measurement {
				// The points are placed at the distance to a few units of rounding, which moves lambda_0 by as little.
				return checks.Measurement{Observed: q.lambda0.Value, Predicted: want, Relation: checks.Equal, Tolerance: q.lambda0.Err + 1e-14}
			},
		}, nil
	}
	return checks.Claim[pair]{
		ID: "du2019/eigenvalue-of-a-pair", Title: "lambda_0 of two inputs is linear in their distance", Reference: "derived here",
		Formula:    `\lambda_0 = \frac{s^2}{4} + \frac{\theta}{2\pi}\left(1-\frac{s^2}{2}\right),\quad \theta = 2\arcsin\frac{s}{2}`,
		Convention: "unit inputs", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) pair {
			return pair{
				D:        rapid.IntRange(2, 30).Draw(t, "d"),
				Distance: math.Pow(10, rapid.Float64Range(-7, 0.15).Draw(t, "log distance")),
				Seed:     rapid.Uint64Range(0, 1<<16).Draw(t, "seed"),
			}
		}),
		Grid:  []pair{{D: 3, Distance: 0.1}, {D: 3, Distance: 1e-4}, {D: 2, Distance: 1}, {D: 50, Distance: 0.01, Seed: 1}},
		Setup: func(p pair) (checks.Instance, error) { return setup(p, 1) },
		Controls: []checks.Control[pair]{{
			Name: "no-linear-term", Why: "the kink of the ReLU makes the eigenvalue linear, not quadratic, in the distance",
			At:    []pair{{D: 3, Distance: 0.1}},
			Setup: func(p pair) (checks.Instance, error) { return setup(p, 0) },
		}, {
			Name: "larger-linear-term", Why: "the value is exact",
			At:    []pair{{D: 3, Distance: 0.1}},
			Setup: func(p pair) (checks.Instance, error) { return setup(p, 1.01) },
		}},
	}
}
