package bounds

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
)

// DeepNTK bounds the smallest eigenvalue of the limit tangent kernel kernel.NTK(Hidden) of a ReLU
// network, with explicit constants. On unit inputs the kernel is a power series
// sum_r c_r r^k with c_r >= 0 and sum_r c_r = Hidden+1, so that on data X = D Xh, D = diag ||x_i||,
// Xh with unit rows and R = Xh Xh^T,
//
//	K = D (sum_r c_r R^{o r}) D.
//
// All results are rigorous: what eigenvalues and powers lose to rounding is subtracted.
//
// Source: the bounds make the proof of Nguyen, Mondelli, Montufar (2021), Theorem 3.2, explicit.
type DeepNTK struct {
	// Hidden is the number of hidden layers, one less than the L of Nguyen et al. (2021).
	Hidden int
	// Terms is the number T of powers that get an eigenvalue of their own; the rest of the series is
	// bounded by the last of them, because lambda_min(R^{o r}) does not decrease in r (Schur). 0 means
	// 40, and 400 in Sphere, where powers are free.
	Terms int
}

// Upper returns (Hidden+1) min_i ||x_i||^2 = min_i K_ii >= lambda_min(K).
func (b DeepNTK) Upper(X mat.Matrix) (float64, error) {
	norms, err := kernel.Norms(X)
	if err != nil {
		return 0, fmt.Errorf("bounds: %w", err)
	}
	low := smallest(norms)
	_, d := X.Dims()
	return float64(b.Hidden+1) * low * low * (1 + float64(3*d+40)*unit), nil
}

// Lower returns sum_r c_r lambda_min(D R^{o r} D) <= lambda_min(K), the sharpest bound of the family: Weyl's inequality for sums of positive semidefinite matrices. The constant term
// has rank one and counts only for a single sample.
func (b DeepNTK) Lower(X mat.Matrix) (float64, error) {
	R, norms, err := kernel.DeepCosines(X)
	if err != nil {
		return 0, fmt.Errorf("bounds: %w", err)
	}
	return b.sum(len(norms), norms[0]*norms[0], func(r int) (float64, error) {
		return powerEigenvalue(X, R, norms, r, 1)
	})
}

// LowerByNorm returns min_i ||x_i||^2 sum_r c_r lambda_min(R^{o r}), which never exceeds Lower and
// separates the norms from the directions.
func (b DeepNTK) LowerByNorm(X mat.Matrix) (float64, error) {
	R, norms, err := kernel.DeepCosines(X)
	if err != nil {
		return 0, fmt.Errorf("bounds: %w", err)
	}
	low := smallest(norms) * smallest(norms)
	sum, err := b.sum(len(norms), 1, func(r int) (float64, error) {
		return powerEigenvalue(X, R, nil, r, 1)
	})
	_, d := X.Dims()
	return low * sum * (1 - float64(3*d+40)*unit), err
}

// LowerByGershgorin replaces each lambda_min(R^{o r}) in LowerByNorm by Gershgorin's bound
// 1 - max_i sum_{j != i} |R_ij|^r, when that is positive. It needs no eigenvalues.
func (b DeepNTK) LowerByGershgorin(X mat.Matrix) (float64, error) {
	R, norms, err := kernel.DeepCosines(X)
	if err != nil {
		return 0, fmt.Errorf("bounds: %w", err)
	}
	n, d := X.Dims()
	low := smallest(norms) * smallest(norms)
	rows := make([]float64, n)
	power := mat.NewSymDense(n, nil)
	power.CopySym(R)
	sum, err := b.sum(n, 1, func(r int) (float64, error) {
		if r > 1 {
			multiply(power, R)
		}
		offDiagonalSums(rows, power)
		return 1 - largest(rows) - float64(n*r)*entryError(d), nil
	})
	return low * sum * (1 - float64(3*d+40)*unit), err
}

// multiply multiplies a by b, entry by entry.
func multiply(a, b *mat.SymDense) {
	for i := range a.SymmetricDim() {
		floats.Mul(upperRow(a, i), upperRow(b, i))
	}
}

// offDiagonalSums sets rows[i] to sum_{j != i} |a_ij|.
func offDiagonalSums(rows []float64, a *mat.SymDense) {
	clear(rows)
	for i := range rows {
		for k, v := range upperRow(a, i)[1:] {
			v = math.Abs(v)
			rows[i] += v
			rows[i+1+k] += v
		}
	}
}

// upperRow is the part of row i from the diagonal on.
func upperRow(a *mat.SymDense, i int) []float64 {
	raw := a.RawSymmetric()
	return raw.Data[i*raw.Stride+i : i*raw.Stride+raw.N]
}

// LowerByHermite returns 2 mu_r^2 lambda_min(D R^{o r} D), the single-power bound of the paper's proof, for Hidden >= 1 and r >= 1. It keeps one term of the last feature kernel only.
func (b DeepNTK) LowerByHermite(X mat.Matrix, r int) (float64, error) {
	if b.Hidden < 1 || r < 1 {
		return 0, fmt.Errorf("bounds: the single-power bound needs a hidden layer and a power of at least 1, not %d and %d", b.Hidden, r)
	}
	R, norms, err := kernel.DeepCosines(X)
	if err != nil {
		return 0, fmt.Errorf("bounds: %w", err)
	}
	low, err := powerEigenvalue(X, R, norms, r, 1)
	mu := kernel.HermiteReLU(r)
	return 2 * mu * mu * max(0, low) * (1 - 64*unit), err
}

// Sphere returns a number that lambda_min(K) exceeds with probability at least 1-delta over n
// independent points uniform on the sphere of radius sqrt(d) in R^d:
//
//	d sum_{r>=1} c_r [1 - (n-1) t^{r/2}]_+,   t = 2 log(n^2/delta)/d.
//
// |<xh_i, xh_j>| >= s has probability at most 2 e^{-d s^2/2} (spherical cap), so that by the union
// bound over the pairs all squared cosines are below t; then LowerByGershgorin. The bound is zero
// unless d > 2 log(n^2/delta).
func (b DeepNTK) Sphere(n, d int, delta float64) (float64, error) {
	if n < 1 || d < 1 || !(delta > 0 && delta < 1) {
		return 0, fmt.Errorf("bounds: %d points in dimension %d at delta = %v; sizes must be positive and delta in (0, 1)", n, d, delta)
	}
	if b.Terms == 0 {
		b.Terms = 400
	}
	t := 2 * math.Log(float64(n)*float64(n)/delta) / float64(d)
	sum, err := b.sum(n, 1, func(r int) (float64, error) {
		return 1 - float64(n-1)*math.Pow(t, float64(r)/2), nil
	})
	return float64(d) * sum, err
}

// sum adds c_r times term(r), or zero where the term is negative, for r = 1..T, and the rest of the
// series times the last term. A single sample (n = 1) has single as its term of degree zero.
func (b DeepNTK) sum(n int, single float64, term func(r int) (float64, error)) (float64, error) {
	if b.Hidden < 0 || b.Terms < 0 {
		return 0, fmt.Errorf("bounds: %d hidden layers and %d terms; neither may be negative", b.Hidden, b.Terms)
	}
	terms := b.Terms
	if terms == 0 {
		terms = 40
	}
	c := kernel.NTK(b.Hidden).Coefficients(terms + 1)
	total, rest, last := 0.0, float64(b.Hidden+1)-c[0], 0.0
	if n == 1 {
		total = c[0] * single
	}
	for r := 1; r <= terms; r++ {
		value, err := term(r)
		if err != nil {
			return 0, fmt.Errorf("bounds: power %d: %w", r, err)
		}
		last = max(last, value) // terms do not decrease in r, whatever rounding says
		total += c[r] * last
		rest -= c[r]
	}
	slack := seriesError * float64(b.Hidden+1)
	return max(0, total*(1-slack)+max(0, rest-slack)*last), nil
}

// powerEigenvalue returns a rigorous lower bound on lambda_min(D^p R^{o r} D^p), D = diag(norms), or
// on lambda_min(R^{o r}) when norms is nil.
func powerEigenvalue(X mat.Matrix, R *mat.SymDense, norms []float64, r, p int) (float64, error) {
	n, d := X.Dims()
	m := mat.NewSymDense(n, nil)
	scale := func(int) float64 { return 1 }
	top := 1.0
	if norms != nil {
		top = math.Pow(largest(norms), float64(2*p))
		scale = func(i int) float64 { return math.Pow(norms[i], float64(p)) }
	}
	for i := range n {
		for j := i; j < n; j++ {
			m.SetSym(i, j, scale(i)*scale(j)*math.Pow(R.At(i, j), float64(r)))
		}
	}
	low, err := eig.Min(m)
	if err != nil {
		return 0, err
	}
	return low.Widen(float64(n) * float64(r+2*p+2) * entryError(d) * top).Lower(), nil
}

// FeatureKernelLower returns beta^2 mu_r^2 lambda_min((F F^T)^{o r}) / max_i ||F_i||^{2(r-1)}, a lower
// bound on lambda_min(E[sigma(F w) sigma(F w)^T]) over w ~ N(0, beta^2 I) for any F with nonzero rows
// and r >= 1 (Nguyen et al. 2021, Lemma 5.3). The other side is beta^2 times
// kernel.ReLUFeature().Lambda0(F).
func FeatureKernelLower(F mat.Matrix, beta float64, r int) (float64, error) {
	if r < 1 {
		return 0, fmt.Errorf("bounds: power %d; it must be at least 1", r)
	}
	R, norms, err := kernel.DeepCosines(F)
	if err != nil {
		return 0, fmt.Errorf("bounds: %w", err)
	}
	top := largest(norms)
	for i := range norms {
		norms[i] /= top
	}
	low, err := powerEigenvalue(F, R, norms, r, r)
	mu := kernel.HermiteReLU(r)
	_, d := F.Dims()
	return beta * beta * mu * mu * top * top * max(0, low) * (1 - float64(3*d+100)*unit), err
}

// DeepNTKMeanDiagonal returns E K(x,x), exact at every width, of the tangent kernel of a ReLU network
// in the standard convention with hidden widths n_l and weight variances beta_l^2:
//
//	||x||^2 prod_l (n_l/2) sum_k prod_{l != k} beta_l^2.
//
// Since lambda_min(K) <= min_i K_ii, the mean of lambda_min is at most this at the shortest sample. A
// nil beta means all ones.
func DeepNTKMeanDiagonal(squaredNorm float64, widths []int, beta []float64) (float64, error) {
	factors, err := kernel.NTKFactors(widths, beta)
	if err != nil {
		return 0, fmt.Errorf("bounds: %w", err)
	}
	sum := 0.0
	for _, f := range factors {
		sum += f
	}
	return squaredNorm * sum, nil
}

// chernoffHalf is (1 - ln 2)/2 = 0.1534: a sum of independent positive semidefinite N x N matrices of
// norm at most B, whose mean has smallest eigenvalue at least a, keeps half of it except with
// probability N exp(-chernoffHalf a/B) (Tropp's matrix Chernoff inequality).
const chernoffHalf = (1 - math.Ln2) / 2

// FeatureWidth returns a width that is enough for the features of one layer to inherit half the
// spectrum of their kernel: if n_k >= FeatureWidth, then with probability at least 1-delta over W_k
//
//	sigma_min(F_k)^2 >= n_k lambda/4
//
// (Nguyen et al. 2021, Lemma 5.2 with explicit constants). F = F_{k-1} is n x n_{k-1} with
// Frobenius norm frobenius and operator norm operator, and lambda = lambda_min(E[sigma(F w) sigma(F
// w)^T]) over w ~ N(0, I); for weights of variance beta^2 pass the lambda of that law divided by
// beta^2. It is +Inf when lambda is zero.
//
// Proof. ||F w|| <= t = frobenius + s operator except with probability e^{-s^2/2}. Restricting the sum
// over neurons to that event costs at most featureLoss(s) of lambda; for the smallest s that costs
// half, the summands are bounded by t^2 and matrix Chernoff at one half asks for
// n_k >= 2 t^2 log(n/delta)/(0.1534 lambda).
func FeatureWidth(frobenius, operator, lambda float64, n int, delta float64) (float64, error) {
	if !(frobenius > 0) || !(operator > 0) || operator > frobenius*(1+1e-9) || !(lambda >= 0) || math.IsInf(frobenius, 0) {
		return 0, fmt.Errorf("bounds: Frobenius norm %v, operator norm %v, lambda %v; need 0 < operator <= Frobenius and lambda >= 0", frobenius, operator, lambda)
	}
	if n < 1 || !(delta > 0 && delta < 1) {
		return 0, fmt.Errorf("bounds: %d samples at delta = %v; need at least one and delta in (0, 1)", n, delta)
	}
	if lambda == 0 {
		return math.Inf(1), nil
	}
	lo, hi := 0.0, 1.0
	for featureLoss(frobenius, operator, hi) > lambda/2 {
		lo, hi = hi, 2*hi
	}
	for range 60 {
		mid := (lo + hi) / 2
		if featureLoss(frobenius, operator, mid) > lambda/2 {
			lo = mid
		} else {
			hi = mid
		}
	}
	t := frobenius + hi*operator
	width := 2 * t * t / (chernoffHalf * lambda) * math.Log(float64(n)/delta)
	return math.Max(float64(n), math.Ceil(width)), nil
}

// featureLoss bounds E[||F w||^2; ||F w|| > t] for w ~ N(0, I) and t = a + s b, with a and b the
// Frobenius and operator norm of F:
//
//	t^2 e^{-s^2/2} + 2 a b sqrt(pi/2) erfc(s/sqrt 2) + 2 b^2 e^{-s^2/2},
//
// from Gaussian concentration of the b-Lipschitz function ||F w|| of mean at most a.
func featureLoss(a, b, s float64) float64 {
	t, tail := a+s*b, math.Exp(-s*s/2)
	return t*t*tail + 2*a*b*math.Sqrt(math.Pi/2)*math.Erfc(s/math.Sqrt2) + 2*b*b*tail
}

// TwoLayerLipschitz returns a bound on the Lipschitz constant of the preactivations of the second
// layer, x -> W_2 relu(W_1 x) with W_1 (n1 x d) and W_2 (n2 x n1) of N(0,1) entries, that holds with
// probability at least 1-delta:
//
//	(sqrt n1 + sqrt d + sqrt(2 log(2/delta))) (sqrt n2 + sqrt d + sqrt(2 log R + 2 log(2/delta))).
//
// R = 2 sum_{i<d} C(n1-1, i) counts the regions of n1 central hyperplanes of R^d, that is the
// activation patterns; given W_1 and a pattern S, W_2 S W_1 has norm at most ||W_1|| times that of an
// n2 x d Gaussian matrix. For weights of variance beta_l^2 multiply by beta_1 beta_2.
func TwoLayerLipschitz(d, n1, n2 int, delta float64) (float64, error) {
	if d < 1 || n1 < 1 || n2 < 1 || !(delta > 0 && delta < 1) {
		return 0, fmt.Errorf("bounds: d = %d, widths %d and %d, delta = %v; sizes must be positive and delta in (0, 1)", d, n1, n2, delta)
	}
	tail := 2 * math.Log(2/delta)
	root := func(k int) float64 { return math.Sqrt(float64(k)) }
	first := root(n1) + root(d) + math.Sqrt(tail)
	second := root(n2) + root(d) + math.Sqrt(2*LogRegions(n1, d)+tail)
	return first * second, nil
}

// LogRegions is the logarithm of 2 sum_{i<d} C(n-1, i), the largest number of regions into which n >=
// 1 central hyperplanes cut R^d, d >= 1 (Cover 1965).
func LogRegions(n, d int) float64 {
	if n < 1 || d < 1 {
		panic(fmt.Sprintf("bounds: regions of %d hyperplanes in dimension %d", n, d))
	}
	choose := func(i int) float64 {
		a, _ := math.Lgamma(float64(n))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i))
		return a - b - c
	}
	last := min(d, n) - 1
	top := choose(min(last, (n-1)/2)) // the largest summand
	sum := 0.0
	for i := 0; i <= last; i++ {
		sum += math.Exp(choose(i) - top)
	}
	return math.Ln2 + top + math.Log(sum)
}

// entryError bounds the rounding of a cosine between rows of length d, (d+10)u as [kernel.Kernel.EntryError] derives it,
// and of one more factor of it, a power good to 2 ulp and its share of a sum included.
func entryError(d int) float64 { return float64(d+15) * unit }

// seriesError is a generous bound on the relative error of a coefficient of kernel.NTK per layer. The
// recursion behind them adds positive numbers only; against 200-bit arithmetic it is off by 5e-14 at
// most with 400 terms and 8 hidden layers.
const seriesError = 1e-12

// unit is the unit roundoff of float64.
const unit = 1.0 / (1 << 53)

func smallest(v []float64) float64 {
	low := math.Inf(1)
	for _, x := range v {
		low = min(low, x)
	}
	return low
}

func largest(v []float64) float64 {
	top := 0.0
	for _, x := range v {
		top = max(top, x)
	}
	return top
}
