package bounds

import (
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
)

// Equicorrelated returns the spectrum of the Gram matrix of a kernel on n unit inputs with all inner
// products r: bulk = k(1) - k(r) with multiplicity n-1 and top = k(1) + (n-1) k(r), the eigenvalue of the
// constant vector, which for k(r) < 0 is the smaller one. For n = 1 both are k(1).
// Orthonormal inputs are r = 0. Such data exist iff r >= -1/(n-1), which the regular simplex attains.
func Equicorrelated(k kernel.Kernel, n int, r float64) (bulk, top float64) {
	if n < 1 || !(r <= 1) || (n > 1 && !(r >= -1/float64(n-1)-1e-15)) {
		return math.NaN(), math.NaN()
	}
	one := k.At(1)
	if n == 1 {
		return one, one
	}
	return one - k.At(r), one + float64(n-1)*k.At(r)
}

// Circulant returns the eigenvalues, ascending, of the symmetric circulant matrix with the given first row
// (row[j] = row[n-j]): its discrete Fourier transform. Points at equal angles on a circle have
// such Gram matrices.
func Circulant(row []float64) []float64 {
	n := len(row)
	if n == 0 {
		return nil
	}
	c := make([]complex128, n)
	for i, v := range row {
		c[i] = complex(v, 0)
	}
	c = fourier.NewCmplxFFT(n).Coefficients(nil, c)
	values := make([]float64, n)
	for i, v := range c {
		values[i] = real(v)
		if math.Abs(imag(v)) > 1e-9*(1+cmplx.Abs(v)) {
			values[i] = math.NaN() // not symmetric
		}
	}
	slices.Sort(values)
	return values
}

// CircleSpectrum returns the eigenvalues, ascending, of the Gram matrix of a kernel on n points at equal
// angles on the unit circle. For the ReLU H^inf it is singular for even n >= 6: n/2 > 2 antipodal pairs
// in the plane.
func CircleSpectrum(k kernel.Kernel, n int) []float64 {
	row := make([]float64, n)
	for j := range row {
		angle := 2 * math.Pi * float64(min(j, n-j)) / float64(n)
		p := kernel.Pair{NormX: 1, NormY: 1, Cos: math.Cos(angle), Sin: math.Sin(angle), Angle: angle}
		row[j] = k.Of(p)
	}
	return Circulant(row)
}

// Gershgorin returns min_i (a_ii - sum_{j != i} |a_ij|) <= lambda_min(A) and
// max_i (a_ii + sum_{j != i} |a_ij|) >= lambda_max(A).
func Gershgorin(a mat.Symmetric) (lower, upper float64) {
	lower, upper = math.Inf(1), math.Inf(-1)
	n := a.SymmetricDim()
	for i := range n {
		var off float64
		for j := range n {
			if j != i {
				off += math.Abs(a.At(i, j))
			}
		}
		lower, upper = math.Min(lower, a.At(i, i)-off), math.Max(upper, a.At(i, i)+off)
	}
	return lower, upper
}

// Weyl is lambda - norm, the lower bound on an eigenvalue after a symmetric perturbation with that spectral
// (or Frobenius) norm); equality for the perturbation -norm I.
func Weyl(lambda, norm float64) float64 { return when(norm >= 0, lambda-norm) }

// SchurBounds bounds the spectrum of A o B for positive semidefinite A and B:
// lambda_min >= min_i b_ii lambda_min(A) and lambda_max <= max_i b_ii lambda_max(A) (equality for B = 11^T). diag is the diagonal of B.
func SchurBounds(lminA, lmaxA float64, diag []float64) (lower, upper float64) {
	if len(diag) == 0 || !(lminA >= 0 && lmaxA >= lminA) || !(slices.Min(diag) >= 0) {
		return math.NaN(), math.NaN()
	}
	return slices.Min(diag) * lminA, slices.Max(diag) * lmaxA
}
