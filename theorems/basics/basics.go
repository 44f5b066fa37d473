// Package basics checks the facts that every convergence proof rests on, derived here with explicit constants: descent,
// flow and momentum on quadratics, functions with gradient dominance, eigenvalues of matrices and of limit kernels, the
// Gram matrix of a network at its start and under movement. Most are tight, so that they test the library as much as the
// mathematics.
//
// Setting: a quadratic has a symmetric positive semidefinite matrix with eigenvalues lmin, ..., lmax; data are n unit
// vectors x_i in R^d; a network is f(x) = m^{-1/2} sum_r a_r phi(w_r.x) with w_r ~ N(0, I).
//
//	in the statements       here
//	H, lambda_i, kappa      spectrum (its largest eigenvalue is 1)
//	eta, q                  descent.eta, descent.q
//	beta                    heavyBall, nesterov
//	f, mu, L                smooth
//	X, H^inf, lambda_0      gramProblem, limit
//	rho, delta              Separation of bounds/kernel
//	R, S_i                  R of fragile: the neurons with |w_r(0).x_i| <= R
//
// Files: descent, heavyball, nesterov and gronwall (quadratics), functions, gradient and gaussnewton (gradient dominance
// and least squares), linear and flow (the linearised network; flow against descent), matrices and products, kernels and
// series (limit kernels), lambda and spectra (lambda_0 of data), gram and chernoff (the start), flips (movement), steps
// (identities of one step).
//
// Classical references behind the derivations: Horn and Johnson, Matrix Analysis (Weyl, Hoffman-Wielandt, Gershgorin,
// Schur, Oppenheim, Cauchy); Polyak 1963 and 1964 (gradient dominance, heavy ball); Karimi, Nutini and Schmidt 2016 (PL
// inequality); Lessard, Recht and Packard 2016 (Nesterov on quadratics); Cho and Saul 2009, Williams 1997 (kernels); Tropp
// 2012 (matrix Chernoff); Hoeffding 1963.
package basics

import (
	"embed"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/theorems/internal/images"
)

//go:embed *.go
var files embed.FS

// Source are the base facts.
func Source() checks.Source {
	return checks.Source{
		Key:     "basics",
		Title:   "Base facts used by every convergence proof",
		Authors: "textbooks, and derivations in the statements",
		BibTeX:  bibliography,
		Files:   files, Tables: paperTables(),
		Claims: []checks.Checkable{
			// descent on quadratics
			quadraticContraction(), quadraticBestStep(), quadraticDivergence(),
			// heavy ball
			heavyBallRadius(), heavyBallTransient(), companionPower(),
			// Nesterov's method
			nesterovRadius(), nesterovTransient(), nesterovStability(),
			// perturbed recursions
			gronwall(),
			// gradient dominance
			plConstant(), descentLemma(), plRate(), plFlow(), plPath(),
			// least squares
			gaussNewton(),
			// the linearised network
			linearDescent(), linearFlow(), flowGap(),
			// eigenvalues of matrices
			weyl(), gershgorin(), schurProduct(), oppenheim(), interlacing(),
			khatriRao(), matrixNorms(),
			// limit kernels
			kernelForms(), kernelMean(),
			// series of limit kernels
			powerSeries(), hadamardLower(), gershgorinLower(),
			// lambda_0 from the separation
			separationLower(), pairUpper(), halfCircle(), halfCircleScaling(),
			// spectra in closed form
			equicorrelated(), circle(), orthogonal(),
			// the Gram matrix at the start
			gramVariance(), gramHoeffding(), gramChernoff(), gramChernoffMax(),
			gramChernoffSmooth(), gramScaling(),
			// flips and movement
			antiConcentration(), flipInclusion(), flipMean(), flipCount(), gramStability(),
			// identities of one step
			euler(), balanceDrift(), flipCorrection(),
			// flow bounds for descent
			flowInherited(), flowThreshold(),
		},
	}
}

// unit is the unit roundoff of float64.
const unit = 1.0 / (1 << 53)

// underflow is a size below which nothing has relative accuracy.
const underflow = 1e-290

// vector draws a standard normal vector.
func vector(r *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	return v
}

// rotation draws an orthogonal matrix.
func rotation(r *rand.Rand, n int) *mat.Dense {
	var qr mat.QR
	qr.Factorize(nets.Gaussian(n, n, r))
	q := new(mat.Dense)
	qr.QTo(q)
	return q
}

// rotated is Q diag(values) Q^T, exactly symmetric.
func rotated(q *mat.Dense, values []float64) *mat.SymDense {
	n := len(values)
	var ql, h mat.Dense
	ql.Apply(func(_, j int, v float64) float64 { return v * values[j] }, q)
	h.Mul(&ql, q.T())
	return symmetric(&h, n)
}

func symmetric(a mat.Matrix, n int) *mat.SymDense {
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (a.At(i, j)+a.At(j, i))/2)
		}
	}
	return s
}

func scaled(c float64, v []float64) []float64 {
	return floats.ScaleTo(make([]float64, len(v)), c, v)
}

// size returns the rows and columns of a data set before it is built, for
// cost estimates; a user's file counts as rows of 784 columns.
func size(s data.Spec) (n, d float64) {
	rows, columns := s.Size()
	if s.Kind == data.File || columns == 0 {
		columns = 784
	}
	return float64(rows), float64(columns)
}

// pictures are small sets of built-in images: two classes of each kind.
func pictures(n, d int) []data.Spec {
	return []data.Spec{images.Hard(data.MNIST, n, d), images.Hard(data.Fashion, n, d)}
}

// A spectrum describes the spectrum of a quadratic with largest
// eigenvalue 1; the scale is a choice of unit.
type spectrum struct {
	N     int     `json:"n"`
	Kappa float64 `json:"kappa"` // condition number, ignored for n = 1
	Shape string  `json:"shape"` // geometric, linear, top (one small), bottom (one large)
}

func shapes() []string { return []string{"geometric", "linear", "top", "bottom"} }

// values returns the eigenvalues, ascending.
func (s spectrum) values() ([]float64, error) {
	if s.N < 1 || !(s.Kappa >= 1) {
		return nil, fmt.Errorf("spectrum with n=%d, kappa=%v: give n >= 1 and kappa >= 1", s.N, s.Kappa)
	}
	v := make([]float64, s.N)
	for i := range v {
		u := 1.0 // position from the bottom, 0..1
		if s.N > 1 {
			u = float64(i) / float64(s.N-1)
		}
		switch s.Shape {
		case "geometric":
			v[i] = math.Pow(s.Kappa, u-1)
		case "linear":
			v[i] = 1/s.Kappa + u*(1-1/s.Kappa)
		case "top":
			v[i] = 1
		case "bottom":
			v[i] = 1 / s.Kappa
		default:
			return nil, fmt.Errorf("unknown shape %q: use one of %v", s.Shape, shapes())
		}
	}
	if s.N > 1 {
		v[0] = 1 / s.Kappa
	}
	v[s.N-1] = 1
	return v, nil
}

// spectra draws spectra with n up to maxN and kappa up to 1e6.
func spectra(maxN int) *rapid.Generator[spectrum] {
	return rapid.Custom(func(t *rapid.T) spectrum {
		return spectrum{
			N:     rapid.IntRange(1, maxN).Draw(t, "n"),
			Kappa: math.Pow(10, rapid.Float64Range(0, 6).Draw(t, "log10 kappa")),
			Shape: rapid.SampledFrom(shapes()).Draw(t, "shape"),
		}
	})
}
