package theorems

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets/data"
)

// Basics are the base facts that every convergence proof of the catalogue
// rests on. Most are tight, so that they test the library as much as the
// mathematics; they come before every paper.
//
// Classical references behind the derivations: Horn and Johnson, Matrix
// Analysis (Weyl, Hoffman-Wielandt, Gershgorin, Schur, Oppenheim, Cauchy);
// Polyak 1963 and 1964 (gradient dominance, heavy ball); Karimi, Nutini and
// Schmidt 2016 (PL inequality); Lessard, Recht and Packard 2016 (Nesterov on
// quadratics); Cho and Saul 2009, Williams 1997 (kernels); Tropp 2012 (matrix
// Chernoff); Hoeffding 1963.
func (sources) Basics() checks.Source {
	return checks.Source{
		Key:     "basics",
		Title:   "Base facts used by every convergence proof",
		Authors: "Convergo",
		BibTeX: `@misc{basics,
  title = {Base facts used by every convergence proof, derived with explicit constants},
  author = {{Convergo}},
  note = {Derivations in the statements of the claims basics/...}
}`,
		Claims: []checks.Checkable{
			// 90.1
			basicsQuadraticContraction(), basicsQuadraticBestStep(), basicsQuadraticDivergence(),
			// 90.2
			basicsHeavyBallRadius(), basicsHeavyBallTransient(), basicsCompanionPower(),
			// 90.3
			basicsNesterovRadius(), basicsNesterovTransient(), basicsNesterovStability(),
			// 90.4
			basicsGronwall(),
			// 90.5
			basicsPLConstant(), basicsDescentLemma(), basicsPLRate(), basicsPLFlow(), basicsPLPath(),
			// 90.6
			basicsGaussNewton(),
			// 90.7
			basicsLinearDescent(), basicsLinearFlow(), basicsFlowGap(),
			// 90.8
			basicsWeyl(), basicsGershgorin(), basicsSchurProduct(), basicsOppenheim(), basicsInterlacing(),
			basicsKhatriRao(), basicsMatrixNorms(),
			// 90.9
			basicsKernelForms(), basicsKernelMean(),
			// 90.10
			basicsPowerSeries(), basicsHadamardLower(), basicsGershgorinLower(),
			// 90.11
			basicsSeparationLower(), basicsPairUpper(), basicsHalfCircle(), basicsHalfCircleScaling(),
			// 90.12
			basicsEquicorrelated(), basicsCircle(), basicsOrthogonal(),
			// 90.13
			basicsGramVariance(), basicsGramHoeffding(), basicsGramChernoff(), basicsGramChernoffMax(),
			basicsGramChernoffSmooth(), basicsGramScaling(),
			// 90.14
			basicsAntiConcentration(), basicsFlipInclusion(), basicsFlipMean(), basicsFlipCount(), basicsGramStability(),
			// 90.15
			basicsEuler(), basicsBalanceDrift(), basicsFlipCorrection(),
			// 90.16
			basicsFlowInherited(), basicsFlowThreshold(),
		},
	}
}

// basicsUnit is the unit roundoff of float64.
const basicsUnit = 1.0 / (1 << 53)

// basicsUnderflow is a size below which nothing has relative accuracy.
const basicsUnderflow = 1e-290

// basicsGaussian fills a rows x cols matrix with standard normals.
func basicsGaussian(r *rand.Rand, rows, cols int) *mat.Dense {
	a := mat.NewDense(rows, cols, nil)
	for i := range rows {
		row := a.RawRowView(i)
		for j := range row {
			row[j] = r.NormFloat64()
		}
	}
	return a
}

// basicsVector draws a standard normal vector.
func basicsVector(r *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	return v
}

// basicsRotation draws an orthogonal matrix.
func basicsRotation(r *rand.Rand, n int) *mat.Dense {
	var qr mat.QR
	qr.Factorize(basicsGaussian(r, n, n))
	q := new(mat.Dense)
	qr.QTo(q)
	return q
}

// basicsRotated is Q diag(values) Q^T, exactly symmetric.
func basicsRotated(q *mat.Dense, values []float64) *mat.SymDense {
	n := len(values)
	var ql, h mat.Dense
	ql.Apply(func(_, j int, v float64) float64 { return v * values[j] }, q)
	h.Mul(&ql, q.T())
	return basicsSymmetric(&h, n)
}

func basicsSymmetric(a mat.Matrix, n int) *mat.SymDense {
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (a.At(i, j)+a.At(j, i))/2)
		}
	}
	return s
}

func basicsScaled(c float64, v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = c * x
	}
	return out
}

// basicsColumn copies column j.
func basicsColumn(a *mat.Dense, j int) []float64 { return mat.Col(nil, j, a) }

// basicsFact names a number for the report.
func basicsFact(name string, v float64) checks.Fact {
	return checks.Fact{Name: name, Value: checks.Float(v)}
}

// basicsCurve is a series with its axes named.
func basicsCurve(name, style, xName, yName string, logX, logY bool, x, y []float64) checks.Series {
	s := checks.NewSeries(name, style, x, y)
	s.XName, s.YName, s.LogX, s.LogY = xName, yName, logX, logY
	return s
}

// basicsSize returns the rows and columns of a data set before it is built, for
// cost estimates; a user's file counts as rows of 784 columns.
func basicsSize(s data.Spec) (n, d float64) {
	n, d = float64(max(s.N, s.Load.Rows)), float64(s.D)
	switch {
	case len(s.Points) > 0:
		n, d = float64(len(s.Points)), float64(len(s.Points[0]))
	case len(s.Rows) > 0:
		n, d = float64(len(s.Rows)), float64(len(s.Rows[0]))
	case len(s.Angles) > 0:
		n, d = float64(len(s.Angles)), math.Max(2, d)
	case s.Kind == data.File || d == 0 && s.Kind != data.Circle && s.Kind != data.HalfCircle:
		d = 784
	case d == 0:
		d = 2
	}
	return n, d
}

// basicsImages are small sets of built-in images: two classes of each kind.
func basicsImages(n, d int) []data.Spec {
	return []data.Spec{
		{Kind: data.MNIST, N: n, D: d, Classes: [2]int{3, 8}},
		{Kind: data.Fashion, N: n, D: d, Classes: [2]int{0, 6}},
	}
}

// basicsFile is the first n rows of a user's file, or all if it has fewer, scaled
// to unit norm, with random signs for labels: the user's own may be classes of
// any scale, and no base fact depends on them.
func basicsFile(f checks.DataFile, n int) data.Spec {
	return data.Spec{Kind: data.File, Path: f.Path, SHA256: f.SHA256, Labels: data.Sign, Load: data.Options{Label: f.Label, Rows: n}}
}

// A basicsSpectrum describes the spectrum of a quadratic with largest
// eigenvalue 1; the scale is a choice of unit.
type basicsSpectrum struct {
	N     int     `json:"n"`
	Kappa float64 `json:"kappa"` // condition number, ignored for n = 1
	Shape string  `json:"shape"` // geometric, linear, top (one small), bottom (one large)
}

func basicsShapes() []string { return []string{"geometric", "linear", "top", "bottom"} }

// values returns the eigenvalues, ascending.
func (s basicsSpectrum) values() ([]float64, error) {
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
			return nil, fmt.Errorf("unknown shape %q: use one of %v", s.Shape, basicsShapes())
		}
	}
	if s.N > 1 {
		v[0] = 1 / s.Kappa
	}
	v[s.N-1] = 1
	return v, nil
}

// basicsSpectra draws spectra with n up to maxN and kappa up to 1e6.
func basicsSpectra(maxN int) *rapid.Generator[basicsSpectrum] {
	return rapid.Custom(func(t *rapid.T) basicsSpectrum {
		return basicsSpectrum{
			N:     rapid.IntRange(1, maxN).Draw(t, "n"),
			Kappa: math.Pow(10, rapid.Float64Range(0, 6).Draw(t, "log10 kappa")),
			Shape: rapid.SampledFrom(basicsShapes()).Draw(t, "shape"),
		}
	})
}
