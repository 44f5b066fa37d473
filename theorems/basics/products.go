package basics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
)

// schurProduct bounds the spectrum of an entrywise product.
//
// Setting: positive semidefinite n x n matrices A and B, A o B their entrywise
// product.
//
// Hypotheses: A and B positive semidefinite.
//
// Conclusion: A o B is positive semidefinite, lambda_min(A o B) >= min_i b_ii
// lambda_min(A) and lambda_max(A o B) <= max_i b_ii lambda_max(A).
//
// Constants: sharp: equality for B = 11^T and for A = I. A o B - lambda_min(A)
// diag(b_ii) = (A - lambda_min I) o B is semidefinite by Schur's theorem. The
// tolerance is the proved error of the eigenvalues.
//
// Convention: none.
//
// Reference: Horn and Johnson (2013), Theorem 7.5.3.
//
// Control: with an indefinite A and an uneven diagonal of B the lower bound is
// violated on most draws (with a constant diagonal it stays true).
func schurProduct() checks.Claim[pairOf] {
	setup := func(trials int) func(pairOf) (checks.Instance, error) {
		return func(p pairOf) (checks.Instance, error) {
			return checks.Instance{Terms: checks.Terms{Trials: trials}, Trial: p.trial(func(a, b *mat.SymDense, _ *rand.Rand) (checks.Measurement, error) {
				s, err := eigenvalues(a, hadamard(a, b))
				if err != nil {
					return checks.Measurement{}, err
				}
				diag := diagonal(b)
				low, high := slices.Min(diag)*s[0].Values[0], slices.Max(diag)*s[0].Values[p.N-1]
				if p.A != indefiniteFamily {
					// Eigenvalues of a semidefinite A that rounding made negative.
					low, high = bounds.SchurBounds(math.Max(0, s[0].Values[0]), math.Max(0, s[0].Values[p.N-1]), diag)
				}
				tol := s[1].Err + slices.Max(diag)*s[0].Err + unit*slices.Max(diag)*mat.Norm(a, 2)
				return checks.All(
					checks.Measurement{Part: "smallest", Observed: s[1].Values[0], Predicted: low, Relation: checks.AtLeast, Tolerance: tol},
					checks.Measurement{Part: "largest", Observed: s[1].Values[p.N-1], Predicted: high, Tolerance: tol},
				), nil
			})}, nil
		}
	}
	return checks.Claim[pairOf]{
		ID: "basics/schur-product", Title: "spectrum of an entrywise product",
		Reference:  "Horn and Johnson (2013), Theorem 7.5.3",
		Formula:    `\min_i b_{ii}\,\lambda_{\min}(A) \le \lambda(A \odot B) \le \max_i b_{ii}\,\lambda_{\max}(A)`,
		Convention: "A, B positive semidefinite",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: pairs(semidefiniteFamilies(), semidefiniteFamilies(), 1, 14),
		Grid: []pairOf{
			{6, wishartFamily, onesFamily}, {6, identityFamily, wishartFamily}, {6, kernelFamily, unevenFamily},
			{14, hilbertFamily, wishartFamily}, {30, unevenFamily, lowRankFamily}, {40, wishartFamily, kernelFamily},
		},
		Cost:  matrixCost,
		Setup: setup(0),
		Controls: []checks.Control[pairOf]{{
			Name: "indefinite", Why: "for an indefinite A a large b_ii multiplies the negative part",
			At: []pairOf{{8, indefiniteFamily, unevenFamily}}, Setup: setup(60),
		}},
	}
}

// oppenheim bounds the determinant of an entrywise product.
//
// Setting: positive definite n x n matrices A and B.
//
// Hypotheses: A and B numerically positive definite (Cholesky), on the draw.
//
// Conclusion: det(A o B) >= det(A) prod_i b_ii.
//
// Constants: sharp: equality for B = 11^T and for diagonal A. Compared is (det(A o B)/(det A prod b_ii))^{1/n} with 1; the
// tolerance is 1e-13 n, plus what the condition numbers amplify.
//
// Convention: determinants by Cholesky, in logarithms.
//
// Reference: Horn and Johnson (2013), Theorem 7.8.16.
//
// Control: with a_ii in place of det A, Hadamard's upper bound, the inequality
// turns round.
func oppenheim() checks.Claim[pairOf] {
	logDet := func(a *mat.SymDense) (value, condition float64, ok bool) {
		var c mat.Cholesky
		if !c.Factorize(a) {
			return 0, 0, false
		}
		return c.LogDet(), c.Cond(), true
	}
	setup := func(product bool) func(pairOf) (checks.Instance, error) {
		return func(p pairOf) (checks.Instance, error) {
			return checks.Instance{Trial: p.trial(func(a, b *mat.SymDense, _ *rand.Rand) (checks.Measurement, error) {
				da, ca, okA := logDet(a)
				dc, cc, okC := logDet(hadamard(a, b))
				hyp := []checks.Hypothesis{checks.RequireThat("A and A o B definite to rounding", okA && okC && math.Max(ca, cc) < 1e10)}
				if !hyp[0].Met() {
					return checks.Measurement{Hypotheses: hyp}, nil
				}
				if product {
					da = floats.Sum(logs(diagonal(a)))
				}
				rest := floats.Sum(logs(diagonal(b)))
				tol := (1e-13 + 4*unit*(ca+cc)) * float64(p.N)
				return checks.Measurement{Observed: math.Exp((dc - da - rest) / float64(p.N)), Predicted: 1, Relation: checks.AtLeast, Tolerance: tol, Hypotheses: hyp}, nil
			})}, nil
		}
	}
	definite := []string{identityFamily, laplacianFamily, wishartFamily, kernelFamily, unevenFamily}
	return checks.Claim[pairOf]{
		ID: "basics/oppenheim", Title: "determinant of an entrywise product",
		Reference:  "Horn and Johnson (2013), Theorem 7.8.16",
		Formula:    `\det(A \odot B) \ge \det(A) \prod_i b_{ii}`,
		Convention: "A, B positive definite",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: pairs(definite, definite, 1, 12),
		Grid: []pairOf{
			{6, wishartFamily, onesFamily}, {6, identityFamily, wishartFamily}, {6, kernelFamily, unevenFamily},
			{12, wishartFamily, kernelFamily}, {30, wishartFamily, wishartFamily},
		},
		Cost:  matrixCost,
		Setup: setup(false),
		Controls: []checks.Control[pairOf]{{
			Name: "product-of-diagonals", Why: "det(A o B) < prod a_ii b_ii unless it is diagonal (Hadamard)",
			At: []pairOf{{6, wishartFamily, wishartFamily}}, Setup: setup(true),
		}},
	}
}

func logs(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = math.Log(x)
	}
	return out
}

// A factors is a pair of n-row matrices for a row-wise product.
type factors struct {
	N int    `json:"n"`
	P int    `json:"p"` // columns of A
	Q int    `json:"q"` // columns of B
	B string `json:"b"` // gaussian, unit (rows of norm 1), ones (one constant column)
}

// khatriRao bounds the singular values of a row-wise Khatri-Rao product.
//
// Setting: A (n x p) and B (n x q); A * B (n x pq) has the rows A_i (x) B_i, as
// the Jacobian of a two-layer network.
//
// Hypotheses: none.
//
// Conclusion: (A*B)(A*B)^T = (A A^T) o (B B^T) exactly; sigma_min(A*B) >=
// sigma_min(A) min_i ||B_i||; ||A*B|| <= ||A|| max_i ||B_i||.
//
// Constants: sharp: equality when all rows of B are the same. sigma_min is the
// n-th singular value, the root of lambda_min(A A^T), which is 0 if p < n: the
// inequality is false for the last value that a singular value decomposition of
// a tall A returns.
//
// Convention: spectral norm.
//
// Reference: derived here.
//
// Control: the p-th singular value of a tall A taken for sigma_min.
func khatriRao() checks.Claim[factors] {
	setup := func(tall bool) func(factors) (checks.Instance, error) {
		return func(p factors) (checks.Instance, error) {
			if p.N < 1 || p.P < 1 || p.Q < 1 {
				return checks.Instance{}, fmt.Errorf("n=%d p=%d q=%d: give at least 1 each", p.N, p.P, p.Q)
			}
			terms := checks.Terms{}
			if tall {
				terms.Trials = 60
			}
			return checks.Instance{Terms: terms, Trial: func(r *rand.Rand) checks.Measurement {
				m, err := p.measure(r, tall)
				if err != nil {
					return checks.Failed(err)
				}
				return m
			}}, nil
		}
	}
	return checks.Claim[factors]{
		ID: "basics/khatri-rao", Title: "singular values of a row-wise product",
		Reference:  "derived here",
		Formula:    `(A \ast B)(A \ast B)^T = AA^T \odot BB^T,\quad \sigma_{\min}(A \ast B) \ge \sigma_{\min}(A) \min_i \|B_i\|`,
		Convention: "sigma_min is the n-th singular value",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) factors {
			return factors{
				N: rapid.IntRange(1, 10).Draw(t, "n"), P: rapid.IntRange(1, 14).Draw(t, "p"), Q: rapid.IntRange(1, 8).Draw(t, "q"),
				B: rapid.SampledFrom([]string{"gaussian", "unit", "ones"}).Draw(t, "b"),
			}
		}),
		Grid: []factors{{5, 8, 1, "ones"}, {1, 1, 1, "gaussian"}, {8, 12, 5, "gaussian"}, {12, 5, 6, "unit"}, {20, 40, 10, "unit"}},
		Cost: func(p factors) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Trial: 4*n*n*float64(p.P*p.Q) + 200*n*n*n + 1e4}
		},
		Setup: setup(false),
		Controls: []checks.Control[factors]{{
			Name: "last-singular-value-of-a-tall-matrix", Why: "A has rank p < n, and so may A*B",
			At: []factors{{10, 4, 2, "gaussian"}}, Setup: setup(true),
		}},
	}
}

// entryApart compares two matrices at the entry where they differ most, or at the
// largest entry where they are equal.
func entryApart(got, want mat.Symmetric) checks.Measurement {
	m := checks.Measurement{Relation: checks.Equal}
	apart := -1.0
	for i := range got.SymmetricDim() {
		for j := range i + 1 {
			a, b := got.At(i, j), want.At(i, j)
			if d := math.Abs(a - b); d > apart || d == apart && math.Abs(b) > math.Abs(m.Predicted) {
				apart, m.Observed, m.Predicted = d, a, b
			}
		}
	}
	return m
}

func (p factors) measure(r *rand.Rand, tall bool) (checks.Measurement, error) {
	a, b := nets.Gaussian(p.N, p.P, r), nets.Gaussian(p.N, p.Q, r)
	for i := range p.N {
		row := b.RawRowView(i)
		switch p.B {
		case "unit":
			floats.Scale(1/floats.Norm(row, 2), row)
		case "ones":
			copy(row, b.RawRowView(0))
		case "gaussian":
		default:
			return checks.Measurement{}, fmt.Errorf("unknown rows %q of B: use gaussian, unit or ones", p.B)
		}
	}
	product := mat.NewDense(p.N, p.P*p.Q, nil)
	norms := data.RowNorms(b)
	for i := range p.N {
		for j := range p.P {
			for k := range p.Q {
				product.Set(i, j*p.Q+k, a.At(i, j)*b.At(i, k))
			}
		}
	}
	gram := func(x *mat.Dense) *mat.SymDense {
		s := mat.NewSymDense(p.N, nil)
		s.SymOuterK(1, x)
		return s
	}
	ga, gb, gp := gram(a), gram(b), gram(product)
	s, err := eigenvalues(ga, gp)
	if err != nil {
		return checks.Measurement{}, err
	}
	least := 0.0
	switch {
	case tall:
		least = s[0].Values[max(0, p.N-p.P)]
	case p.P >= p.N:
		least = math.Max(0, s[0].Values[0])
	}
	// Squares are compared: that is where the errors of eigenvalues are bounded.
	top := s[0].Values[p.N-1]
	low, high := slices.Min(norms), slices.Max(norms)
	rounding := float64(p.P*p.Q+4) * unit * math.Sqrt(mat.Trace(ga)*mat.Trace(ga)) * high * high
	tol := s[1].Err + high*high*s[0].Err + rounding
	entry := entryApart(gp, hadamard(ga, gb))
	entry.Part, entry.Tolerance = "Gram identity", rounding
	return checks.All(
		entry,
		checks.Measurement{Part: "smallest, squared", Observed: s[1].Values[0], Predicted: least * low * low, Relation: checks.AtLeast, Tolerance: tol},
		checks.Measurement{Part: "largest, squared", Observed: s[1].Values[p.N-1], Predicted: top * high * high, Tolerance: tol},
	), nil
}
