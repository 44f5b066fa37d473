package kernel_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
)

func softplus(z float64) float64 { return math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) }
func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
func erfSlope(z float64) float64 { return 2 / math.SqrtPi * math.Exp(-z*z) }

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

var halfCosine = mat.NewDense(2, 2, []float64{1, 0, 0.5, math.Sqrt(0.75)})

// Moments against values computed with 30 digits by another quadrature.
func TestSmoothMoments(t *testing.T) {
	s := kernel.NewSmooth(softplus, logistic)
	near(t, "softplus c_sigma", s.Normaliser(), 1.0854865029883, 1e-12)
	near(t, "softplus mean", s.Mean(1), 0.8060591833474, 1e-12)
	near(t, "softplus square", s.Square(1), 0.9212459088593, 1e-12)
	near(t, "softplus slope", s.SlopeSquare(1), 0.2933790358581, 1e-12)
	e := kernel.NewSmooth(math.Erf, erfSlope)
	for _, v := range []float64{0.5, 1, 1.7} {
		near(t, "erf square", e.Square(v), 2/math.Pi*math.Asin(2*v/(1+2*v)), 1e-13)
		near(t, "erf slope", e.SlopeSquare(v), 4/math.Pi/math.Sqrt(1+4*v), 1e-13)
		near(t, "erf fourth power of the slope", e.SlopeFourth(v), 16/(math.Pi*math.Pi)/math.Sqrt(1+8*v), 1e-11)
		near(t, "erf mean", e.Mean(v), 0, 1e-15)
	}
	sum := 0.0
	for _, c := range s.Coefficients() {
		sum += c * c
	}
	near(t, "sum of squared coefficients", sum, s.Square(1), 1e-12)
	near(t, "first coefficient (Stein)", s.Coefficients()[1], 0.5, 1e-12) // E sigma'(z) of the logistic function
}

// Pairs of erf have a closed form; those of softplus are a double integral.
func TestSmoothPairs(t *testing.T) {
	cov := mat.NewSymDense(3, []float64{1, 0.4, -0.9, 0.4, 1.6, 0.1, -0.9, 0.1, 0.9})
	e := kernel.NewSmooth(math.Erf, erfSlope)
	values, slopes := e.Pairs(cov), e.SlopePairs(cov)
	s := kernel.NewSmooth(softplus, logistic)
	soft, softSlopes := s.Pairs(cov), s.SlopePairs(cov)
	const nodes = 80
	x, w := make([]float64, nodes), make([]float64, nodes)
	quad.Hermite{}.FixedLocations(x, w, math.Inf(-1), math.Inf(1))
	for i := range 3 {
		for j := range 3 {
			a, b, c := cov.At(i, i), cov.At(j, j), cov.At(i, j)
			near(t, "erf pair", values.At(i, j), 2/math.Pi*math.Asin(2*c/math.Sqrt((1+2*a)*(1+2*b))), 1e-12)
			near(t, "erf slope pair", slopes.At(i, j), 4/math.Pi/math.Sqrt((1+2*a)*(1+2*b)-4*c*c), 1e-9)
			double := func(phi func(float64) float64) float64 {
				l11, l21 := math.Sqrt(a), c/math.Sqrt(a)
				l22, sum := math.Sqrt(math.Max(0, b-l21*l21)), 0.0
				for p := range x {
					for q := range x {
						u, v := math.Sqrt2*x[p], math.Sqrt2*x[q]
						sum += w[p] * w[q] / math.Pi * phi(l11*u) * phi(l21*u+l22*v)
					}
				}
				return sum
			}
			near(t, "softplus pair", soft.At(i, j), double(softplus), 1e-10)
			near(t, "softplus slope pair", softSlopes.At(i, j), double(logistic), 1e-10)
		}
	}
}

// Limits of two inputs at 60 degrees against values computed with two-dimensional quadrature of 60 x 60 nodes.
func TestSmoothLimits(t *testing.T) {
	soft, erf := kernel.NewSmooth(softplus, logistic), kernel.NewSmooth(math.Erf, erfSlope)
	plain := func(s *kernel.Smooth, depth int) *kernel.SmoothLimit {
		l, err := s.Plain(halfCosine, depth)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	residual := func(s *kernel.Smooth, depth int) *kernel.SmoothLimit {
		l, err := s.Residual(halfCosine, depth, 0.5/float64(depth))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for _, c := range []struct {
		name           string
		k              *mat.SymDense
		diag, off, tol float64
	}{
		{"softplus plain K^(1)", plain(soft, 2).Hidden[1], 1, 0.84676432, 1e-8},
		{"softplus plain K^(2)", plain(soft, 2).Last, 0.31845898, 0.26339223, 1e-8},
		{"softplus plain K^(3)", plain(soft, 3).Last, 0.31845898, 0.30087088, 1e-8},
		{"softplus residual K^(2)", residual(soft, 2).Last, 0.01833619, 0.01516556, 1e-8},
		{"softplus residual K^(3), H=4", residual(soft, 4).Hidden[3], 1.39326588, 1.23862508, 1e-8},
		{"softplus residual K^(4)", residual(soft, 4).Last, 0.00662977, 0.0057717, 1e-7},
		{"erf plain K^(2)", plain(erf, 2).Last, 1.2257, 0.44757665, 1e-6},
		{"erf plain K^(3)", plain(erf, 3).Last, 1.2257, 0.41276292, 1e-6},
		{"erf residual K^(3), H=4", residual(erf, 4).Hidden[3], 1.01453891, 0.47199029, 1e-8},
		{"erf residual K^(4)", residual(erf, 4).Last, 0.00897434, 0.0032624, 1e-8},
	} {
		near(t, c.name+" diagonal", c.k.At(1, 1), c.diag, c.tol)
		near(t, c.name+" off the diagonal", c.k.At(0, 1), c.off, c.tol)
	}
	near(t, "b^(1)", residual(soft, 4).Means[1][0], 0.83980633, 1e-8)
	near(t, "b^(3)", residual(soft, 4).Means[3][1], 1.04366058, 1e-8)
	for _, l := range []*kernel.SmoothLimit{plain(soft, 3), residual(soft, 4), residual(erf, 4)} {
		if !(l.Error < 1e-10) {
			t.Errorf("error %v of a resolved activation", l.Error)
		}
	}
	steep := kernel.NewSmooth(func(z float64) float64 { return softplus(50*z) / 50 }, func(z float64) float64 { return logistic(50 * z) })
	if l := plain(steep, 2); !(l.Error > 1e-6) {
		t.Errorf("error %v of an activation that the quadrature does not resolve", l.Error)
	}
}

// Inputs of different norms: the recursion against the mean of a wide layer drawn at random.
func TestResidualLimitOfUnequalNorms(t *testing.T) {
	s := kernel.NewSmooth(softplus, logistic)
	x := mat.NewDense(2, 2, []float64{1.5, 0, 0.3, 0.4})
	const branch, m = 0.6, 400000
	l, err := s.Residual(x, 3, branch)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 5))
	features, root := make([][2]float64, m), math.Sqrt(s.Normaliser())
	for r := range features {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		features[r] = [2]float64{root * softplus(1.5*a), root * softplus(0.3*a+0.4*b)}
	}
	k1 := l.Hidden[1]
	l11 := math.Sqrt(k1.At(0, 0))
	l21 := k1.At(0, 1) / l11
	l22 := math.Sqrt(k1.At(1, 1) - l21*l21)
	var got [3]float64
	for r := range features {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		u, v := features[r][0]+branch*softplus(l11*a), features[r][1]+branch*softplus(l21*a+l22*b)
		got[0], got[1], got[2] = got[0]+u*u/m, got[1]+u*v/m, got[2]+v*v/m
	}
	for i, want := range []float64{l.Hidden[2].At(0, 0), l.Hidden[2].At(0, 1), l.Hidden[2].At(1, 1)} {
		near(t, "entry of K^(2)", got[i], want, 0.02*want)
	}
}

func TestSmoothErrors(t *testing.T) {
	s := kernel.NewSmooth(math.Erf, erfSlope)
	if _, err := s.Plain(mat.NewDense(2, 1, []float64{1, 0}), 2); err == nil {
		t.Error("a zero row: no error")
	}
	if _, err := s.Plain(halfCosine, 0); err == nil {
		t.Error("no layers: no error")
	}
	if _, err := s.Residual(halfCosine, 1, 0.5); err == nil {
		t.Error("one residual layer: no error")
	}
}

// Of z + e h_120(z) the series cuts off e^2 and of its derivative 120 e^2, exactly, at the variance 1.
func TestSmoothLimitError(t *testing.T) {
	const e, degree, branch = 0.1, 120, 0.5
	hermite := func(k int, z float64) float64 {
		before, h := 0.0, 1.0
		for j := range k {
			before, h = h, (z*h-math.Sqrt(float64(j))*before)/math.Sqrt(float64(j+1))
		}
		return h
	}
	s := kernel.NewSmooth(func(z float64) float64 { return z + e*hermite(degree, z) },
		func(z float64) float64 { return 1 + e*math.Sqrt(degree)*hermite(degree-1, z) })
	const all, value, slope = 1 + e*e, e * e, degree * e * e
	near(t, "E sigma^2", s.Square(1), all, 1e-12)
	for depth, want := range map[int]float64{1: slope / all, 2: (value + slope) / all, 3: (2*value + slope) / all} {
		l, err := s.Plain(halfCosine, depth)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "error of the plain limit", l.Error, want, 1e-10)
	}
	l, err := s.Residual(halfCosine, 2, branch)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "error of the residual limit", l.Error, value/all+branch*branch*slope, 1e-10)
}
