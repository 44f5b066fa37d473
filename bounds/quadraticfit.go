package bounds

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// QuadraticRank is the rank of the matrices x_i x_i^T of n inputs in general position: min(n, d(d+1)/2).
func QuadraticRank(n, d int) int { return min(n, d*(d+1)/2) }

// QuadraticWidth is 2d for the least dimension d with d(d+1)/2 >= n: the hidden neurons, half of each sign, with which a
// network with quadratic activation has no bad stationary points and, for inputs in general position, loss zero at all others.
func QuadraticWidth(n int) float64 {
	if n < 1 {
		return math.NaN()
	}
	d := 1
	for d*(d+1)/2 < n {
		d++
	}
	return float64(2 * d)
}

// QuadraticFeatures returns x_i x_i^T as rows of length d(d+1)/2, in coordinates in which inner products are those of matrices.
func QuadraticFeatures(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	a := mat.NewDense(n, d*(d+1)/2, nil)
	for i := range n {
		row, xi, k := a.RawRowView(i), x.RawRowView(i), 0
		for p := range d {
			for q := p; q < d; q++ {
				row[k] = coordinateWeight(p, q) * xi[p] * xi[q]
				k++
			}
		}
	}
	return a
}

func coordinateWeight(p, q int) float64 {
	if p == q {
		return 1
	}
	return math.Sqrt2
}

// A QuadraticFit is least squares of labels by quadratic forms x^T M x.
type QuadraticFit struct {
	Rank   int           // of the matrices x_i x_i^T
	Form   *mat.SymDense // the minimiser of least Frobenius norm
	Loss   float64       // the minimum of (1/2n) sum_i (x_i^T M x_i - y_i)^2
	Misses []float64     // x_i^T M x_i - y_i at it
}

// quadraticCut is the share of the largest singular value below which one counts as zero.
const quadraticCut = 1e-10

// FitQuadratic fits labels y by quadratic forms on the rows of x.
func FitQuadratic(x *mat.Dense, y []float64) (QuadraticFit, error) {
	n, d := x.Dims()
	if len(y) != n {
		return QuadraticFit{}, fmt.Errorf("bounds: %d labels for %d inputs; give one an input", len(y), n)
	}
	var svd mat.SVD
	if !svd.Factorize(QuadraticFeatures(x), mat.SVDThin) {
		return QuadraticFit{}, errors.New("bounds: the singular values of the squared inputs did not converge")
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	values := svd.Values(nil)
	fit := QuadraticFit{Form: mat.NewSymDense(d, nil), Misses: make([]float64, n)}
	floats.ScaleTo(fit.Misses, -1, y)
	m := mat.NewVecDense(d*(d+1)/2, nil)
	for k, s := range values {
		if !(s > quadraticCut*values[0]) {
			break
		}
		fit.Rank++
		c := mat.Dot(u.ColView(k), mat.NewVecDense(n, y))
		m.AddScaledVec(m, c/s, v.ColView(k))
		floats.AddScaled(fit.Misses, c, mat.Col(nil, k, &u))
	}
	fit.Loss = floats.Dot(fit.Misses, fit.Misses) / (2 * float64(n))
	k := 0
	for p := range d {
		for q := p; q < d; q++ {
			fit.Form.SetSym(p, q, m.AtVec(k)/coordinateWeight(p, q))
			k++
		}
	}
	return fit, nil
}

// QuadraticResiduals returns S = sum_i (x_i^T M x_i - y_i) x_i x_i^T, which is n times the gradient of the loss in M.
func QuadraticResiduals(x *mat.Dense, y []float64, m mat.Symmetric) *mat.SymDense {
	n, d := x.Dims()
	var xm, weighted, s mat.Dense
	xm.Mul(x, m)
	weighted.CloneFrom(x)
	for i := range n {
		floats.Scale(floats.Dot(xm.RawRowView(i), x.RawRowView(i))-y[i], weighted.RawRowView(i))
	}
	s.Mul(x.T(), &weighted)
	out := mat.NewSymDense(d, nil)
	for p := range d {
		for q := p; q < d; q++ {
			out.SetSym(p, q, s.At(p, q))
		}
	}
	return out
}

// QuadraticGap is <S, M - M*>/(2n), by which the loss at M exceeds that at a minimiser M* of least squares (derived): the loss is
// quadratic in M, its gradient S/n at M and 0 at M*.
func QuadraticGap(n int, s, m, minimiser mat.Symmetric) float64 {
	sum, d := 0.0, s.SymmetricDim()
	for p := range d {
		for q := range d {
			sum += s.At(p, q) * (m.At(p, q) - minimiser.At(p, q))
		}
	}
	return sum / (2 * float64(n))
}

// QuadraticDuality is ||S||_2 ||M - M*||_nuc/(2n), which [QuadraticGap] is at most.
func QuadraticDuality(n int, spectral, nuclear float64) float64 {
	return spectral * nuclear / (2 * float64(n))
}

// SquaredGramUpper is d(d-1), which E lambda_min((X X^T) o (X X^T)) is at most for n >= 2 inputs uniform on the sphere of radius sqrt d, with
// equality for n = 2 (derived): it is at most the mean over the directions orthogonal to (1, ..., 1), (tr K - 1^T K 1/n)/(n-1), and E <x_i, x_j>^2 = d.
func SquaredGramUpper(d int) float64 { return float64(d) * float64(d-1) }

// SquaredGramLower is d(d-1) - d sqrt(2 n(n-1)(d-1)/(d+2)), which the same mean is at least (derived): K is d 1 1^T and the Gram matrix of the x_i x_i^T - I,
// whose diagonal is d(d-1), and the mean square of an entry off it 3 d^3/(d+2) - d^2.
func SquaredGramLower(n, d int) float64 {
	dim := float64(d)
	return dim*(dim-1) - dim*math.Sqrt(2*float64(n)*float64(n-1)*(dim-1)/(dim+2))
}

// SymmetricEigenvalues are the eigenvalues of a symmetric matrix, ascending.
func SymmetricEigenvalues(a mat.Symmetric) ([]float64, error) {
	var es mat.EigenSym
	if !es.Factorize(a, false) {
		return nil, errors.New("bounds: the eigenvalues of a symmetric matrix did not converge")
	}
	return es.Values(nil), nil
}

// QuadraticNetwork returns hidden weights W with W^T diag(v) W = M, for output weights v of which at least as many are positive (negative) as M
// has positive (negative) eigenvalues: the p-th positive eigenvalue mu with eigenvector q gives sqrt(mu/v_l) q to the p-th
// neuron with v_l > 0, and likewise below zero. Neurons that are not needed are zero. An eigenvalue counts as zero below 1e-14 of the largest.
// Where the neurons of a sign are too few, the eigenvalues that are left over are missing from M, the closest to zero.
func QuadraticNetwork(m mat.Symmetric, v []float64) (*mat.Dense, error) {
	var es mat.EigenSym
	if !es.Factorize(m, true) {
		return nil, errors.New("bounds: the eigenvalues of a quadratic form did not converge")
	}
	var vectors mat.Dense
	es.VectorsTo(&vectors)
	values := es.Values(nil)
	d := len(values)
	w := mat.NewDense(len(v), d, nil)
	floor := 1e-14 * math.Max(math.Abs(values[0]), math.Abs(values[d-1]))
	low, high := 0, d-1
	for l, out := range v {
		switch {
		case out > 0 && high >= 0 && values[high] > floor:
			setNeuron(w.RawRowView(l), math.Sqrt(values[high]/out), &vectors, high)
			high--
		case out < 0 && low < d && values[low] < -floor:
			setNeuron(w.RawRowView(l), math.Sqrt(values[low]/out), &vectors, low)
			low++
		}
	}
	return w, nil
}

func setNeuron(row []float64, scale float64, vectors *mat.Dense, k int) {
	mat.Col(row, k, vectors)
	floats.Scale(scale, row)
}
