package nguyen2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"

	"convergo/theorems/internal/userfile"
)

// power is a feature matrix F with a power.
type power struct {
	Data  data.Spec `json:"data"`
	Scale float64   `json:"scale,omitempty"` // factor on the first row; 0 means 1
	R     int       `json:"r"`
	Mean  bool      `json:"mean,omitempty"` // centring: mu is the mean row; else it is drawn
}

// hermiteBound is Lemma 5.3.
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
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 5.3.
//
// Control: 1.3 times the bound on four corners of a face of the cube, where it is within 1.16; mu_r in place of mu_r^2 on
// orthonormal rows (0.5 where lambda = 0.34); a divisor with the power 2(r-2) on rows of norm 1.3.
func hermiteBound() checks.Checkable {
	setup := func(sabotage func(p power, norms []float64) float64) func(power) (checks.Instance, error) {
		return func(p power) (checks.Instance, error) {
			x, err := rows(p.Data, p.Scale)
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
			bound *= sabotage(p, data.RowNorms(x))
			inst := checks.Instance{Facts: []checks.Fact{
				checks.NewFact("lambda_min", lambda.Value),
				checks.NewFact("lower bound", bound),
				checks.NewFact("mu_r^2", math.Pow(kernel.HermiteReLU(p.R), 2)),
			}}
			if bound <= 0 {
				inst.Trivial = "the bound is zero: (F F^T)^{o r} is singular to rounding, or mu_r = 0"
			}
			inst.Trial = func(*rand.Rand) checks.Measurement {
				return checks.Measurement{Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast, Error: lambda.Err}
			}
			return inst, nil
		}
	}
	longFace := face
	longFace.RowNorm = 1.3
	faithful := func(power, []float64) float64 { return 1 }
	return checks.Claim[power]{
		ID: "nguyen2021/hermite-bound", Title: "Khatri-Rao power below the feature kernel", Reference: "Lemma 5.3",
		Formula:    `\lambda_{\min}\left(\mathbb{E}\,\sigma(Fw)\sigma(Fw)^{\top}\right) \ge \beta^2 \mu_r^2\, \frac{\lambda_{\min}\left((FF^{\top})^{\circ r}\right)}{\max_i \|F_i\|^{2(r-1)}}`,
		Convention: "w ~ N(0, beta^2 I); orthonormal Hermite polynomials", Basis: checks.Stated, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) power {
			return power{Data: spec(t, 9, 6), Scale: scale(t), R: rapid.SampledFrom([]int{1, 2, 4, 6, 8}).Draw(t, "r")}
		}),
		Grid: []power{
			{Data: face, R: 2}, // the first power and the constant vanish on alternating signs: within 1.16
			{Data: data.Spec{Kind: data.Orthonormal, N: 6, D: 8, Seed: 1}, R: 1},
			{Data: data.Spec{Kind: data.Sphere, N: 30, D: 60, Seed: 1}, R: 1},
			{Data: data.Spec{Kind: data.Sphere, N: 30, D: 60, Seed: 1}, R: 2},
			{Data: data.Spec{Kind: data.Sphere, N: 30, D: 12, Seed: 1}, R: 2},
			{Data: data.Spec{Kind: data.Sphere, N: 30, D: 12, Seed: 1}, R: 4},
			{Data: data.Spec{Kind: data.Gaussian, N: 20, D: 15, Seed: 2, Raw: true}, R: 2},
			{Data: images.Hard(data.MNIST, 20, 49), R: 1},
			{Data: images.Hard(data.MNIST, 20, 49), R: 4},
			{Data: data.Spec{Kind: data.Fashion, N: 20, D: 196, Raw: true}, R: 2},
		},
		OnData: func(f checks.DataFile) []power {
			spec := userfile.Rows(f, 150)
			return []power{{Data: spec, R: 1}, {Data: spec, R: 2}, {Data: spec, R: 4}}
		},
		Cost: func(p power) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Setup: limitCost(n, d, 1) + 2*costs.Eigenvalue(n), Size: fmt.Sprintf("N=%d", n)}
		},
		Setup: setup(faithful),
		Controls: []checks.Control[power]{
			{
				Name: "coefficient-not-squared", Why: "mu_1 = 0.5 is more than lambda = 1/2 - 1/(2 pi) of orthonormal rows",
				At:    []power{{Data: data.Spec{Kind: data.Orthonormal, N: 6, D: 8, Seed: 1}, R: 1}},
				Setup: setup(func(p power, _ []float64) float64 { return 1 / math.Abs(kernel.HermiteReLU(p.R)) }),
			},
			{
				Name: "larger-bound", Why: "on corners of a face the second power alone is 0.86 of lambda_min", At: []power{{Data: face, R: 2}},
				Setup: setup(func(power, []float64) float64 { return 1.3 }),
			},
			{
				Name: "smaller-divisor", Why: "the left side grows like the square of the norms, the power like their 2r-th power",
				At:    []power{{Data: longFace, R: 2}},
				Setup: setup(func(_ power, norms []float64) float64 { return math.Pow(floats.Max(norms), 2) }),
			},
		},
	}
}

// centring is Lemma 5.4 in the corrected form of version 5.
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
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 5.4 of version 5, which corrects the published one.
//
// Control: the inequality without the correction, (F F^T)^{o r} >= (Ft Ft^T)^{o r}: at r = 1 the difference
// has a negative eigenvalue unless F mu is a multiple of 1.
func centring() checks.Checkable {
	setup := func(corrected bool) func(power) (checks.Instance, error) {
		return func(p power) (checks.Instance, error) {
			f, err := rows(p.Data, p.Scale)
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
					mu = nets.Gaussian(d, 1, r).ColView(0).(*mat.VecDense)
				}
				return centred(f, mu, p.R, corrected)
			}
			return inst, nil
		}
	}
	return checks.Claim[power]{
		ID: "nguyen2021/centring", Title: "centring the features", Reference: "Lemma 5.4",
		Formula:    `(FF^{\top})^{\circ r} \succeq \left(\tilde F\tilde F^{\top} - \frac{\Lambda 1 1^{\top}\Lambda}{\|\mu\|^2}\right)^{\circ r} \succeq 0`,
		Convention: "none: pure algebra", Basis: checks.Stated, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) power {
			return power{
				Data: spec(t, 8, 6), Scale: scale(t),
				R: rapid.IntRange(1, 6).Draw(t, "r"), Mean: rapid.Bool().Draw(t, "mean"),
			}
		}),
		Grid: []power{
			{Data: data.Spec{Kind: data.Sphere, N: 12, D: 30, Seed: 1}, R: 1, Mean: true},
			{Data: data.Spec{Kind: data.Gaussian, N: 20, D: 8, Seed: 2, Raw: true}, R: 2, Mean: true},
			{Data: data.Spec{Kind: data.Gaussian, N: 20, D: 8, Seed: 2, Raw: true}, R: 3},
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 30, Seed: 1}, R: 4},
			{Data: images.Hard(data.MNIST, 20, 49), R: 2, Mean: true},
			{Data: images.Hard(data.Fashion, 20, 196), R: 4, Mean: true},
		},
		OnData: func(f checks.DataFile) []power {
			spec := userfile.Rows(f, 100)
			return []power{{Data: spec, R: 1, Mean: true}, {Data: spec, R: 2, Mean: true}, {Data: spec, R: 4}}
		},
		Cost: func(p power) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Trial: 4*costs.Eigenvalue(n) + 4*float64(n*n*d), Size: fmt.Sprintf("N=%d", n)}
		},
		Setup: setup(true),
		Controls: []checks.Control[power]{{
			Name: "no-correction", Why: "without the correction the difference is indefinite",
			At: []power{
				{Data: data.Spec{Kind: data.Gaussian, N: 10, D: 5, Seed: 3, Raw: true}, R: 1, Mean: true},
				{Data: data.Spec{Kind: data.Sphere, N: 10, D: 5, Seed: 3}, R: 1},
			},
			Setup: setup(false),
		}},
	}
}

// centred compares (F F^T)^{o r} with B^{o r}; without the correction B is Ft Ft^T.
func centred(f *mat.Dense, mu *mat.VecDense, r int, corrected bool) checks.Measurement {
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
	rounding := float64(n*r*(8*d+40)) * unit * math.Pow(scale, float64(r))
	low := make([]eig.Certified, 4)
	for i, m := range []mat.Symmetric{gap, &b, power, centredPower} {
		var err error
		if low[i], err = eig.Min(m); err != nil {
			return checks.Failed(err)
		}
	}
	parts := []checks.Measurement{
		{Part: "difference", Observed: low[0].Value, Predicted: 0, Term: math.Pow(scale, float64(r)), Relation: checks.AtLeast, Tolerance: rounding + low[0].Err},
		{Part: "bracket", Observed: low[1].Value, Predicted: 0, Term: scale, Relation: checks.AtLeast, Tolerance: float64(n*(8*d+40))*unit*scale + low[1].Err},
	}
	if doubt := rounding + low[2].Err + low[3].Err; low[3].Value > doubt {
		parts = append(parts, checks.Measurement{Part: "least eigenvalues", Observed: low[2].Value, Predicted: low[3].Value, Relation: checks.AtLeast, Tolerance: doubt})
	}
	return checks.Each(parts...)
}

// hadamard is a ladder for the centred features of the first layer.
type hadamard struct {
	R     int    `json:"r"`
	Side  string `json:"side"`            // lower or upper
	Times int    `json:"times,omitempty"` // d and n_1 over N
	Fixed int    `json:"fixed,omitempty"` // or their value, whatever N
	N     []int  `json:"n"`
}

func (p hadamard) width(n int) int {
	if p.Fixed > 0 {
		return p.Fixed
	}
	return p.Times * n
}

// ratio draws inputs and a layer, d = n_1, and compares (lambda_min)^{1/r} with d n_1.
func (p hadamard) ratio(n int, r *rand.Rand) (float64, error) {
	b, limit, err := bracket(n, p.width(n), r)
	if err != nil {
		return 0, err
	}
	for i := range n {
		for j := i; j < n; j++ {
			b.SetSym(i, j, math.Pow(b.At(i, j), float64(p.R)))
			limit.SetSym(i, j, math.Pow(limit.At(i, j), float64(p.R)))
		}
	}
	low, err := positive(eig.Min(b))
	if err != nil {
		return 0, err
	}
	formula, err := positive(eig.Min(limit))
	root := math.Pow(low/formula, 1/float64(p.R))
	if p.Side == "upper" {
		return root, err
	}
	return 1 / root, err
}

// bracket draws n inputs and d neurons on them, and returns B/(d n_1) with its limit.
func bracket(n, d int, r *rand.Rand) (b, limit *mat.SymDense, err error) {
	x, err := inputs("sphere", n, d, r)
	if err != nil {
		return nil, nil, err
	}
	// In the span of the inputs; the rest of a weight vector counts by its length alone.
	span := compact(x)
	_, rank := span.Dims()
	w := nets.Gaussian(d, rank, r)
	f := layer(span, w)
	mu := mat.NewVecDense(d, data.RowNorms(w))
	if rank < d {
		rest := distuv.ChiSquared{K: float64(d - rank), Src: r}
		for j := range d {
			mu.SetVec(j, math.Sqrt(math.Pow(mu.AtVec(j), 2)+rest.Rand()))
		}
	}
	mu.ScaleVec(math.Sqrt(float64(d))*halfMean(d), mu)
	var projected mat.VecDense
	projected.MulVec(f, mu)
	b = mat.NewSymDense(n, nil)
	b.SymOuterK(1, f)
	b.SymRankOne(b, -1/mat.Dot(mu, mu), &projected)
	if limit, err = kernel.NNGP(1).Gram(x); err != nil {
		return nil, nil, err
	}
	// E relu(w.x)||w|| = sqrt d d E max(u_1, 0), and E||w||^2 = d.
	centre := math.Pow(float64(d)*halfMean(d), 2)
	for i := range n {
		for j := i; j < n; j++ {
			b.SetSym(i, j, b.At(i, j)/float64(d*d))
			limit.SetSym(i, j, (limit.At(i, j)/2-centre)/float64(d))
		}
	}
	return b, limit, nil
}

// halfMean is E max(u_1, 0) for u uniform on the unit sphere of R^d.
func halfMean(d int) float64 {
	a, _ := math.Lgamma(float64(d) / 2)
	b, _ := math.Lgamma(float64(d+1) / 2)
	return math.Exp(a-b) / (2 * math.SqrtPi)
}

// centredPower is Lemma 5.5 for the first layer.
//
// Setting: inputs uniform on the sphere of radius sqrt d; F_1 = relu(X W_1^T) with n_1 = d and N(0,1)
// weights; mu = E_x f_1(x), whose j-th entry is exactly ||w_j|| sqrt d E max(u_1, 0), u uniform on the unit
// sphere; B as in centring; d = n_1 = 2N, 32N or 64N.
//
// Hypotheses: the lemma needs min(d, n_1) of larger order than N^{2/(r/2-0.1)} for an even r; r = 6 here, so that
// N^{0.69} is the threshold.
//
// Conclusion: lambda_min(B^{o r}) is of order n_1^r lambda_min(Binf^{o r}), Binf the limit of B/n_1 on the same inputs,
// with entries E relu(w.x_i) relu(w.x_j) - d^2 (E max(u_1, 0))^2: the r-th root of the ratio of formula to observation of
// a typical draw, and on the upper side of its reverse, does not drift upward as N grows; a drift exponent up to 0.08
// counts as none. The lemma has (d n_1)^r, which is of that order for such inputs, but is reached slowly.
//
// Constants: hidden, so that nothing is refuted here.
//
// Convention: standard parametrisation with beta_l = 1. Weights are drawn in the span of the inputs, with the length of the rest; a
// rung of N below the top is the median of several draws.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 5.5 of version 5.
//
// Control: d = n_1 = 6 while N grows, against the hypothesis: in six dimensions inputs crowd.
func centredPower() checks.Checkable {
	small := []int{6, 12, 24}
	return checks.Claim[hadamard]{
		ID: "nguyen2021/centred-power", Title: "Hadamard powers of centred features", Reference: "Lemma 5.5",
		Formula:    `\lambda_{\min}\left(\left(\tilde F_k\tilde F_k^{\top} - \frac{\Lambda 1 1^{\top}\Lambda}{\|\mu\|^2}\right)^{\circ r}\right) = \Theta\left(\left(d \prod_{l=1}^{k} n_l \beta_l^2\right)^{r}\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Bounded{}, Along: "samples $N$", Version: 3,
		Grid: []hadamard{
			{R: 6, Side: "lower", Times: 32, N: small}, {R: 6, Side: "upper", Times: 64, N: small},
			{R: 6, Side: "lower", Times: 2, N: small},
			{R: 6, Side: "lower", Times: 1, N: []int{50, 100, 200, 400}},
		},
		Cost: func(p hadamard) checks.Cost {
			c := checks.Cost{}
			for _, n := range p.N {
				d := float64(p.width(n))
				c.Trial += float64(draws(p.N, n)) * (20*float64(n)*d + d*float64(n)*(25+4*float64(n)) + 120*float64(n*n) + 60*d + 3*costs.Eigenvalue(n))
				c.Size = fmt.Sprintf("N=%d", n)
			}
			return c
		},
		Setup: func(p hadamard) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.08, Trials: 48, Response: "median"},
				Trial: func(r *rand.Rand) checks.Measurement { return typical(p.N, p.ratio, r) },
			}, nil
		},
		Controls: []checks.Control[hadamard]{{
			Name: "dimension-fixed", Why: "in six dimensions inputs crowd, and the least eigenvalue falls with N",
			At: []hadamard{{R: 2, Side: "lower", Fixed: 6, N: []int{4, 8, 16, 32}}},
		}},
	}
}
