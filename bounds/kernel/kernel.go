package kernel

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
)

// Kernel is a limit kernel: a closed form in the norms and the angle of two inputs.
type Kernel struct {
	name string
	of   func(Pair) float64
	rows func(dst []float64, r row) // of, on all pairs of a row; nil: pair by pair
	coef func(k int) float64
	amp  func(s float64) float64
}

// Name is a short identifier such as "relu" or "relu-feature".
func (k Kernel) Name() string { return k.name }

// Of evaluates the kernel on a pair of inputs of any norm.
func (k Kernel) Of(p Pair) float64 { return k.of(p) }

// At is the scalar form h(r): the kernel on two unit inputs with inner product r in [-1, 1].
func (k Kernel) At(r float64) float64 { return k.of(UnitPair(r)) }

// Coefficient is a_k >= 0 in the power series h(r) = sum_k a_k r^k on unit inputs.
// It is the square of the k-th normalised Hermite coefficient of phi for a feature kernel, and of the
// (k-1)-th one of phi' for a derivative kernel.
func (k Kernel) Coefficient(degree int) float64 {
	if degree < 0 {
		panic(fmt.Sprintf("kernel: negative degree %d", degree))
	}
	return k.coef(degree)
}

// Coefficients returns a_0, ..., a_{count-1}.
func (k Kernel) Coefficients(count int) []float64 {
	a := make([]float64, count)
	for i := range a {
		a[i] = k.Coefficient(i)
	}
	return a
}

// Gram returns the n x n Gram matrix K_ij = k(x_i, x_j) of the rows of X (n x d). It fails on an
// empty matrix, a zero row, a non-finite entry or a norm outside 1e-50 to 1e50, and names the row.
func (k Kernel) Gram(X mat.Matrix) (*mat.SymDense, error) {
	ps, err := newPoints(X)
	if err != nil {
		return nil, err
	}
	if err := ps.inRange(); err != nil {
		return nil, err
	}
	n := len(ps.dirs)
	g := mat.NewSymDense(n, nil)
	raw := g.RawSymmetric()
	ps.each(ps, true, func(i, from int, r row) { k.fill(raw.Data[i*raw.Stride+from:(i+1)*raw.Stride], r) })
	return g, nil
}

// Cross returns the matrix k(x_i, z_j) of the rows of X (n x d) against those of Z (p x d), as a
// kernel predictor on new points needs it.
func (k Kernel) Cross(X, Z mat.Matrix) (*mat.Dense, error) {
	_, dx := X.Dims()
	if _, dz := Z.Dims(); dx != dz {
		return nil, fmt.Errorf("kernel: inputs of %d and of %d coordinates; both sets need the same columns", dx, dz)
	}
	xs, err := newPoints(X)
	if err != nil {
		return nil, err
	}
	zs, err := newPoints(Z)
	if err != nil {
		return nil, fmt.Errorf("second set: %w", err)
	}
	if err := xs.inRange(); err != nil {
		return nil, err
	}
	if err := zs.inRange(); err != nil {
		return nil, fmt.Errorf("second set: %w", err)
	}
	c := mat.NewDense(len(xs.dirs), len(zs.dirs), nil)
	raw := c.RawMatrix()
	xs.each(zs, false, func(i, _ int, r row) { k.fill(raw.Data[i*raw.Stride:(i+1)*raw.Stride], r) })
	return c, nil
}

// unit is the unit roundoff of float64.
const unit = 1.0 / (1 << 53)

// EntryError bounds |computed - exact| for every entry of [Kernel.Gram] on inputs of dimension d and
// norm at most maxNorm, the data being taken as exact.
//
// With u = 2^-53, a norm carries a relative error of at most 2u and an entry of a direction one of 3u more
// than that. An inner product of two directions has d roundings, which makes (d+7)u for a cosine, and for an
// angle whose sine is 3/5 at least (5d+35)u/3 and the 4.5u of the arccosine. From chords, a cosine carries (d+10)u. So it is
// (d/2+3)u for a norm, (d+10)u for a cosine and (2d+16)u for a sine or an angle at most, a sixth, a third and two thirds of
// (3d+40)u. The amplification of the kernel is what a sixth of the relative change of each norm, a third of a change of
// the cosine and two thirds of one of the sine and of the angle add up to at the worst pair, and a quarter of the value
// there: 10 u at least, for two elementary functions good to 2 ulp each and a few products. Kernels with an exponential
// have a thirtieth of maxNorm^2 more, for the rounding of its argument.
func (k Kernel) EntryError(d int, maxNorm float64) float64 {
	return float64(3*d+40) * unit * k.amp(maxNorm*maxNorm)
}

// Lambda0 returns the smallest eigenvalue of the Gram matrix of the rows of X with a rigorous error
// bound: that of the eigenvalue computation plus n times [Kernel.EntryError] (||E||_2 <= n max|E_ij|).
func (k Kernel) Lambda0(X mat.Matrix) (eig.Certified, error) {
	g, err := k.Gram(X)
	if err != nil {
		return eig.Certified{}, err
	}
	c, err := eig.Min(g)
	if err != nil {
		return eig.Certified{}, err
	}
	n, d := X.Dims()
	var top float64
	row := make([]float64, d)
	for i := range n {
		mat.Row(row, i, X)
		top = max(top, mat.Norm(mat.NewVecDense(d, row), 2))
	}
	return c.Widen(float64(n) * k.EntryError(d, top)), nil
}
