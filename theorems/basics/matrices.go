package basics

import (
	"errors"
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
	"convergo/theorems/internal/userfile"
)

// A pairOf names two families of n x n matrices; each trial draws a member
// of both.
type pairOf struct {
	N int    `json:"n"`
	A string `json:"a"`
	B string `json:"b"`
}

// Families of symmetric matrices. All are positive semidefinite but the last.
const (
	identityFamily   = "identity"
	onesFamily       = "ones"
	laplacianFamily  = "laplacian" // (n+1) I - 11^T: Gershgorin's bound is attained
	wishartFamily    = "wishart"
	lowRankFamily    = "low-rank"
	hilbertFamily    = "hilbert"
	kernelFamily     = "kernel" // ReLU kernel of points on the sphere in R^3
	unevenFamily     = "uneven" // Wishart with diagonal entries from 1e-4 to 1e4
	indefiniteFamily = "indefinite"
)

func semidefiniteFamilies() []string {
	return []string{identityFamily, onesFamily, laplacianFamily, wishartFamily, lowRankFamily, hilbertFamily, kernelFamily, unevenFamily}
}

func family(kind string, n int, r *rand.Rand) (*mat.SymDense, error) {
	s := mat.NewSymDense(n, nil)
	fill := func(f func(i, j int) float64) *mat.SymDense {
		for i := range n {
			for j := i; j < n; j++ {
				s.SetSym(i, j, f(i, j))
			}
		}
		return s
	}
	gram := func(g *mat.Dense) *mat.SymDense {
		s.SymOuterK(1/float64(n), g)
		return s
	}
	same := func(i, j int) float64 {
		if i == j {
			return 1
		}
		return 0
	}
	switch kind {
	case identityFamily:
		return fill(same), nil
	case onesFamily:
		return fill(func(int, int) float64 { return 1 }), nil
	case laplacianFamily:
		return fill(func(i, j int) float64 { return float64(n+1)*same(i, j) - 1 }), nil
	case wishartFamily:
		return gram(nets.Gaussian(n, n+2, r)), nil
	case lowRankFamily:
		return gram(nets.Gaussian(n, (n+1)/2, r)), nil
	case hilbertFamily:
		return fill(func(i, j int) float64 { return 1 / float64(i+j+1) }), nil
	case kernelFamily:
		return kernel.ReLU().Gram(nets.Gaussian(n, 3, r))
	case unevenFamily:
		g := nets.Gaussian(n, n+2, r)
		for i := range n {
			row := g.RawRowView(i)
			floats.Scale(math.Pow(10, 4*r.Float64()-2), row)
		}
		return gram(g), nil
	case indefiniteFamily:
		g := nets.Gaussian(n, n, r)
		return symmetric(g, n), nil
	}
	return nil, fmt.Errorf("unknown family of matrices %q: use one of %v or %s", kind, semidefiniteFamilies(), indefiniteFamily)
}

// trial draws both matrices of a pair and measures them.
func (p pairOf) trial(measure func(a, b *mat.SymDense, r *rand.Rand) (checks.Measurement, error)) checks.Trial {
	return func(r *rand.Rand) checks.Measurement {
		if p.N < 1 {
			return checks.Failed(fmt.Errorf("n = %d: give at least 1", p.N))
		}
		a, err := family(p.A, p.N, r)
		if err != nil {
			return checks.Failed(err)
		}
		b, err := family(p.B, p.N, r)
		if err != nil {
			return checks.Failed(err)
		}
		m, err := measure(a, b, r)
		if err != nil {
			return checks.Failed(err)
		}
		return m
	}
}

func matrixCost(p pairOf) checks.Cost {
	n := float64(p.N)
	return checks.Cost{Trial: 100*n*n*n + 1e4, Size: fmt.Sprintf("n=%d", p.N)}
}

func pairs(a, b []string, minN, maxN int) *rapid.Generator[pairOf] {
	return rapid.Custom(func(t *rapid.T) pairOf {
		return pairOf{
			N: rapid.IntRange(minN, maxN).Draw(t, "n"),
			A: rapid.SampledFrom(a).Draw(t, "a"),
			B: rapid.SampledFrom(b).Draw(t, "b"),
		}
	})
}

func hadamard(a, b *mat.SymDense) *mat.SymDense {
	n := a.SymmetricDim()
	c := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			c.SetSym(i, j, a.At(i, j)*b.At(i, j))
		}
	}
	return c
}

func diagonal(a *mat.SymDense) []float64 {
	d := make([]float64, a.SymmetricDim())
	for i := range d {
		d[i] = a.At(i, i)
	}
	return d
}

// eigenvalues are the spectra of several matrices: values ascending, errors
// proved.
func eigenvalues(as ...*mat.SymDense) ([]eig.Spectrum, error) {
	out := make([]eig.Spectrum, len(as))
	for i, a := range as {
		var err error
		if out[i], err = eig.All(a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// weyl bounds how far eigenvalues move under a perturbation.
//
// Setting: symmetric n x n matrices A and E, eigenvalues in ascending order.
//
// Hypotheses: none; both may be indefinite.
//
// Conclusion: |lambda_i(A+E) - lambda_i(A)| <= ||E||_2 for every i (Weyl), and
// sum_i (lambda_i(A+E) - lambda_i(A))^2 <= ||E||_F^2 (Hoffman and Wielandt).
//
// Constants: sharp: both are equalities for E = I. The tolerance is the proved
// error of the eigenvalues.
//
// Convention: spectral and Frobenius norm.
//
// Reference: Horn and Johnson (2013), Theorems 4.3.1 and 6.3.5.
//
// Control: half of the perturbation is refuted by E = I.
func weyl() checks.Claim[pairOf] {
	setup := func(share float64) func(pairOf) (checks.Instance, error) {
		return func(p pairOf) (checks.Instance, error) {
			return checks.Instance{Trial: p.trial(func(a, e *mat.SymDense, r *rand.Rand) (checks.Measurement, error) {
				if p.B != identityFamily { // perturbations of all sizes
					e.ScaleSym(math.Pow(10, 4*r.Float64()-3), e)
				}
				sum := mat.NewSymDense(p.N, nil)
				sum.AddSym(a, e)
				s, err := eigenvalues(a, sum, e)
				if err != nil {
					return checks.Measurement{}, err
				}
				var largest float64
				move := make([]float64, p.N)
				for i := range move {
					move[i] = s[1].Values[i] - s[0].Values[i]
					largest = math.Max(largest, math.Abs(move[i]))
				}
				norm := math.Max(math.Abs(s[2].Values[0]), math.Abs(s[2].Values[p.N-1]))
				rounding := unit * mat.Norm(sum, 2) // of the sum's entries
				tol := s[0].Err + s[1].Err + s[2].Err + rounding
				return checks.All(
					checks.Measurement{Part: "Weyl", Observed: largest, Predicted: share * norm, Tolerance: tol},
					checks.Measurement{Part: "Hoffman-Wielandt", Observed: floats.Norm(move, 2), Predicted: share * mat.Norm(e, 2), Tolerance: math.Sqrt(float64(p.N)) * tol},
				), nil
			})}, nil
		}
	}
	all := append(semidefiniteFamilies(), indefiniteFamily)
	return checks.Claim[pairOf]{
		ID: "basics/weyl", Title: "eigenvalues under a perturbation",
		Reference:  "Horn and Johnson (2013), Theorems 4.3.1 and 6.3.5",
		Formula:    `|\lambda_i(A+E) - \lambda_i(A)| \le \|E\|_2,\quad \sum_i (\lambda_i(A+E)-\lambda_i(A))^2 \le \|E\|_F^2`,
		Convention: "eigenvalues in order",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: pairs(all, all, 1, 14),
		Grid: []pairOf{
			{1, wishartFamily, indefiniteFamily}, {6, wishartFamily, identityFamily}, {6, indefiniteFamily, identityFamily},
			{14, hilbertFamily, indefiniteFamily}, {30, unevenFamily, wishartFamily}, {30, kernelFamily, lowRankFamily},
		},
		Cost:  matrixCost,
		Setup: setup(1),
		Controls: []checks.Control[pairOf]{{
			Name: "half-the-perturbation", Why: "E = I moves every eigenvalue by exactly ||E||_2",
			At: []pairOf{{6, wishartFamily, identityFamily}}, Setup: setup(0.5),
		}},
	}
}

// gershgorin bounds eigenvalues by the rows.
//
// Setting: a symmetric n x n matrix A.
//
// Hypotheses: none.
//
// Conclusion: lambda_min >= min_i (a_ii - sum_{j != i} |a_ij|) and lambda_max <=
// max_i (a_ii + sum_{j != i} |a_ij|).
//
// Constants: sharp: equality in the first for (n+1) I - 11^T (lambda_min = 1) and
// in the second for 11^T. The tolerance is the proved error of the eigenvalues
// and the rounding of the sums.
//
// Convention: none.
//
// Reference: Horn and Johnson (2013), Theorem 6.1.1.
//
// Control: sums that miss one term claim lambda_min >= 1 for 11^T at n = 2 and
// more than 1 for (n+1) I - 11^T.
func gershgorin() checks.Claim[pairOf] {
	setup := func(drop bool) func(pairOf) (checks.Instance, error) {
		return func(p pairOf) (checks.Instance, error) {
			return checks.Instance{Trial: p.trial(func(a, _ *mat.SymDense, _ *rand.Rand) (checks.Measurement, error) {
				s, err := eigenvalues(a)
				if err != nil {
					return checks.Measurement{}, err
				}
				lower, upper := bounds.Gershgorin(a)
				if drop {
					lower = math.Inf(1)
					for i := range p.N {
						off := 0.0
						for j := range p.N {
							if j != i && j != (i+1)%p.N {
								off += math.Abs(a.At(i, j))
							}
						}
						lower = math.Min(lower, a.At(i, i)-off)
					}
				}
				tol := s[0].Err + float64(p.N)*unit*mat.Norm(a, math.Inf(1))
				return checks.All(
					checks.Measurement{Part: "smallest", Observed: s[0].Values[0], Predicted: lower, Relation: checks.AtLeast, Tolerance: tol},
					checks.Measurement{Part: "largest", Observed: s[0].Values[p.N-1], Predicted: upper, Tolerance: tol},
				), nil
			})}, nil
		}
	}
	all := append(semidefiniteFamilies(), indefiniteFamily)
	return checks.Claim[pairOf]{
		ID: "basics/gershgorin", Title: "eigenvalues from the rows",
		Reference:  "Horn and Johnson (2013), Theorem 6.1.1",
		Formula:    `\lambda_{\min}(A) \ge \min_i \left(a_{ii} - \sum_{j \ne i} |a_{ij}|\right)`,
		Convention: "none",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: pairs(all, []string{identityFamily}, 1, 14),
		Grid: []pairOf{
			{2, onesFamily, identityFamily}, {10, laplacianFamily, identityFamily}, {30, laplacianFamily, identityFamily},
			{10, onesFamily, identityFamily}, {20, kernelFamily, identityFamily}, {20, indefiniteFamily, identityFamily},
		},
		Cost:  matrixCost,
		Setup: setup(false),
		Controls: []checks.Control[pairOf]{{
			Name: "one-term-short", Why: "without one term of the sum the bound exceeds an eigenvalue that it attains",
			At: []pairOf{{2, onesFamily, identityFamily}, {10, laplacianFamily, identityFamily}}, Setup: setup(true),
		}},
	}
}

// A drop removes points from a data set.
type drop struct {
	Data data.Spec `json:"data"`
	Drop int       `json:"drop"` // how many of its rows are removed, drawn by the trial
}

func dropCost(p drop) checks.Cost {
	n, d := size(p.Data)
	return checks.Cost{Setup: n*n*(4*d+60) + 40*n*n*n, Trial: 40*n*n*n + 1e4, Size: fmt.Sprintf("n=%v", n)}
}

// interlacing relates the spectrum of a subset of the data to that of all.
//
// Setting: H^inf of n inputs and its principal submatrix B of p of them.
//
// Hypotheses: none.
//
// Conclusion: lambda_i(A) <= lambda_i(B) <= lambda_{i+n-p}(A), ascending: in
// particular lambda_0 does not decrease when inputs are removed, nor increase
// when they are added.
//
// Constants: sharp: equality for orthonormal inputs. The tolerance is the
// proved error of the eigenvalues.
//
// Convention: ReLU derivative kernel.
//
// Reference: Horn and Johnson (2013), Theorem 4.3.28.
//
// Control: with the index shifted by one, lambda_{i+1}(A) <= lambda_i(B) fails.
func interlacing() checks.Claim[drop] {
	setup := func(shift int) func(drop) (checks.Instance, error) {
		return func(p drop) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			n := set.N()
			if p.Drop < 1 {
				return checks.Instance{}, fmt.Errorf("drop = %d: remove at least one row", p.Drop)
			}
			h, err := kernel.ReLU().Gram(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			whole, err := eig.All(h)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("rows left", float64(n-p.Drop), checks.AtLeast, 1)},
				Facts:      []checks.Fact{checks.NewFact("lambda_0", whole.Values[0])},
				Trial: func(r *rand.Rand) checks.Measurement {
					keep := r.Perm(n)[:n-p.Drop]
					sub := mat.NewSymDense(len(keep), nil)
					for i, a := range keep {
						for j := i; j < len(keep); j++ {
							sub.SetSym(i, j, h.At(a, keep[j]))
						}
					}
					part, err := eig.All(sub)
					if err != nil {
						return checks.Failed(err)
					}
					tol := whole.Err + part.Err
					parts := []checks.Measurement{{Part: "lambda_0", Observed: part.Values[0], Predicted: whole.Values[shift], Relation: checks.AtLeast, Tolerance: tol}}
					for i, v := range part.Values {
						parts = append(parts,
							checks.Measurement{Part: "above", Observed: v, Predicted: math.Max(0, whole.Values[i]), Relation: checks.AtLeast, Tolerance: tol},
							checks.Measurement{Part: "below", Observed: v, Predicted: whole.Values[i+p.Drop], Tolerance: tol})
					}
					return checks.Each(parts...)
				},
			}, nil
		}
	}
	grid := []drop{
		{data.Spec{Kind: data.Orthonormal, N: 6, D: 8}, 2}, {data.Spec{Kind: data.Sphere, N: 12, D: 4}, 3},
		{data.Spec{Kind: data.Cluster, N: 10, D: 5, Spread: 0.1}, 1}, {data.Spec{Kind: data.HalfCircle, N: 20, D: 2}, 10},
	}
	for _, s := range pictures(40, 196) {
		grid = append(grid, drop{s, 10})
	}
	return checks.Claim[drop]{
		ID: "basics/interlacing", Title: "λ₀ does not increase when inputs are added",
		Reference:  "Horn and Johnson (2013), Theorem 4.3.28",
		Formula:    `\lambda_i(A) \le \lambda_i(B) \le \lambda_{i+n-p}(A)`,
		Convention: "ReLU derivative kernel; ascending order",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) drop {
			s := gen.Specs(gen.Range{MinN: 2, MaxN: 14, MinD: 1, MaxD: 8}).Draw(t, "data")
			n, _ := size(s)
			return drop{s, rapid.IntRange(1, int(n)-1).Draw(t, "drop")}
		}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []drop { return []drop{{userfile.Signed(f, 60), 10}} },
		Cost:   dropCost,
		Setup:  setup(0),
		Controls: []checks.Control[drop]{{
			Name: "index-off-by-one", Why: "removing one row leaves lambda_1(B) strictly below lambda_2(A)",
			At: []drop{{data.Spec{Kind: data.Sphere, N: 12, D: 4}, 1}}, Setup: setup(1),
		}},
	}
}

// matrixNorms compares the norms in which deviations are stated.
//
// Setting: symmetric n x n matrices A and E.
//
// Hypotheses: none.
//
// Conclusion: ||A||_2 <= ||A||_F <= sqrt(n) ||A||_2, and lambda_min(A + E) >=
// lambda_min(A) - ||E||_F, the form in which a Gram deviation enters a proof.
//
// Constants: sharp: the first for rank one (11^T), the second for I, the third
// for E = -t v v^T with v the lowest eigenvector.
//
// Convention: spectral and Frobenius norm.
//
// Reference: derived here.
//
// Control: ||A||_F <= ||A||_2 fails for I.
func matrixNorms() checks.Claim[pairOf] {
	setup := func(root func(n float64) float64) func(pairOf) (checks.Instance, error) {
		return func(p pairOf) (checks.Instance, error) {
			return checks.Instance{Trial: p.trial(func(a, e *mat.SymDense, r *rand.Rand) (checks.Measurement, error) {
				var es mat.EigenSym
				if !es.Factorize(a, true) {
					return checks.Measurement{}, errors.New("the eigenvalue iteration did not converge")
				}
				if p.B == onesFamily { // stands for the worst case -t v v^T
					var v mat.Dense
					es.VectorsTo(&v)
					e.SymRankOne(mat.NewSymDense(p.N, nil), -r.Float64(), v.ColView(0))
				}
				sum := mat.NewSymDense(p.N, nil)
				sum.AddSym(a, e)
				s, err := eigenvalues(a, sum)
				if err != nil {
					return checks.Measurement{}, err
				}
				spectral := math.Max(math.Abs(s[0].Values[0]), math.Abs(s[0].Values[p.N-1]))
				frobenius := mat.Norm(a, 2)
				rounding := float64(p.N) * unit * (frobenius + mat.Norm(e, 2))
				tol := s[0].Err + s[1].Err + rounding
				return checks.All(
					checks.Measurement{Part: "spectral at most Frobenius", Observed: spectral, Predicted: frobenius, Tolerance: tol},
					checks.Measurement{Part: "Frobenius at most sqrt n spectral", Observed: frobenius, Predicted: root(float64(p.N)) * spectral, Tolerance: math.Sqrt(float64(p.N)) * tol},
					checks.Measurement{Part: "lambda_min", Observed: s[1].Values[0], Predicted: bounds.Weyl(s[0].Values[0], mat.Norm(e, 2)), Relation: checks.AtLeast, Tolerance: tol},
				), nil
			})}, nil
		}
	}
	all := append(semidefiniteFamilies(), indefiniteFamily)
	return checks.Claim[pairOf]{
		ID: "basics/matrix-norms", Title: "spectral and Frobenius norm",
		Reference:  "derived here",
		Formula:    `\|A\|_2 \le \|A\|_F \le \sqrt n \|A\|_2,\quad \lambda_{\min}(A+E) \ge \lambda_{\min}(A) - \|E\|_F`,
		Convention: "none",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: pairs(all, all, 1, 14),
		Grid: []pairOf{
			{5, identityFamily, wishartFamily}, {5, onesFamily, identityFamily}, {10, laplacianFamily, onesFamily},
			{20, kernelFamily, indefiniteFamily}, {30, unevenFamily, lowRankFamily},
		},
		Cost:  matrixCost,
		Setup: setup(math.Sqrt),
		Controls: []checks.Control[pairOf]{{
			Name: "without-the-root", Why: "||I||_F = sqrt n",
			At: []pairOf{{5, identityFamily, wishartFamily}}, Setup: setup(func(float64) float64 { return 1 }),
		}},
	}
}
