package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
)

// sphereMean integrates f(r) against the law of a coordinate of a random point of the unit sphere in R^d, (1-r^2)^{(d-3)/2}, by
// the midpoint rule in the angle.
func sphereMean(d int, f func(r float64) float64) float64 {
	const steps = 20000
	var sum, weight float64
	for i := range steps {
		angle := math.Pi * (float64(i) + 0.5) / steps
		w := math.Pow(math.Sin(angle), float64(d-2))
		sum, weight = sum+w*f(math.Cos(angle)), weight+w
	}
	return sum / weight
}

func TestIsotropicByQuadrature(t *testing.T) {
	for _, k := range []kernel.Kernel{kernel.ReLU(), kernel.Erf(), kernel.HalfSquare()} {
		for _, d := range []int{3, 7, 40} {
			p, dim := bounds.NewIsotropic(k, d), float64(d)
			constant := sphereMean(d, k.At)
			linear := dim * sphereMean(d, func(r float64) float64 { return k.At(r) * r })
			quadratic := (dim + 2) / 2 * sphereMean(d, func(r float64) float64 { return k.At(r) * (dim*r*r - 1) })
			for _, v := range [][2]float64{
				{p.Constant, constant}, {p.Linear, linear}, {p.Quadratic, quadratic}, {p.Rest, k.At(1) - constant - linear - quadratic},
				{p.Induced(), k.At(1) - constant - linear},
			} {
				if !(math.Abs(v[0]-v[1]) <= 3e-6) {
					t.Errorf("%s, d = %d: %v, by quadrature %v", k.Name(), d, v[0], v[1])
				}
			}
			if linear > 1e-6 {
				within(t, "ridge", p.Ridge(0.3), (0.3+k.At(1)-constant-linear)/linear, 1e-4)
			}
		}
	}
	within(t, "ReLU ridge", bounds.NewIsotropic(kernel.ReLU(), 1e6).Ridge(0.5), 3, 1e-5)
	isNaN(t, map[string]float64{"d = 1": bounds.NewIsotropic(kernel.ReLU(), 1).Linear})
}

// The edge is the mean of the smallest eigenvalue of random kernels: within 2 %.
func TestIsotropicEdge(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	const d, n, draws = 40, 160, 6
	sum := 0.0
	for range draws {
		k, err := kernel.ReLU().Gram(sphere(n, d, rng))
		if err != nil {
			t.Fatal(err)
		}
		low, _ := extremes(k)
		sum += low / draws
	}
	within(t, "edge", bounds.NewIsotropic(kernel.ReLU(), d).Edge(n), sum, 0.02)
	// At d = 6 there are 20 harmonics, and n - d = 5 makes s = 1/2.
	p := bounds.Isotropic{Dim: 6, Quadratic: 2, Rest: 3}
	within(t, "edge by hand", p.Edge(11), 3+2*(0.25+1.2065335745820/2*math.Pow(20, -2.0/3)), 1e-12)
	// At d = 4 there are 9, and n - d = 1 makes s = 1/3.
	p.Dim = 4
	within(t, "edge by hand", p.Edge(5), 3+2*(4.0/9+1.2065335745820*2/3*math.Cbrt(2)*math.Pow(9, -2.0/3)), 1e-12)
	isNaN(t, map[string]float64{
		"n = d":       bounds.NewIsotropic(kernel.ReLU(), d).Edge(d),
		"n beyond D":  bounds.NewIsotropic(kernel.ReLU(), d).Edge(d + 819),
		"no linearly": bounds.LinearRidgeRisk(0, 1, 1, 1),
		"no ridge":    bounds.LinearRidgeRisk(1, 0, 1, 1),
	})
}

// The limit against the law of Marchenko and Pastur by quadrature: S = X^T X/d has the eigenvalues kappa mu, mu of X^T X/n with ratio 1/kappa.
func TestLinearRidgeRisk(t *testing.T) {
	for _, kappa := range []float64{1.5, 2, 8} {
		g := 1 / kappa
		lo, hi := (1-math.Sqrt(g))*(1-math.Sqrt(g)), (1+math.Sqrt(g))*(1+math.Sqrt(g))
		for _, zeta := range []float64{0.05, 1, 3} {
			const steps = 200000
			risk, mass := 0.0, 0.0
			for i := range steps {
				angle := math.Pi * (float64(i) + 0.5) / steps
				mu := (lo+hi)/2 - (hi-lo)/2*math.Cos(angle)
				w := math.Sqrt((hi-mu)*(mu-lo)) / mu * math.Sin(angle)
				e := kappa * mu
				risk, mass = risk+w*(0.7*zeta*zeta+0.3*e)/((e+zeta)*(e+zeta)), mass+w
			}
			within(t, "risk", bounds.LinearRidgeRisk(kappa, zeta, 0.7, 0.3), risk/mass, 1e-6)
		}
	}
	// kappa < 1: the null space of X^T X, of share 1-kappa, keeps all of the signal.
	within(t, "kappa 1/2, no ridge", bounds.LinearRidgeRisk(0.5, 1e-9, 1, 0), 0.5, 1e-6)
	within(t, "kappa 1/2, noise", bounds.LinearRidgeRisk(0.5, 1e-9, 0, 1), 1, 1e-6) // kappa/(1-kappa)
}

func TestSeriesLower(t *testing.T) {
	eye := mat.NewSymDense(3, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1})
	got, err := bounds.SeriesLower(kernel.ReLU(), eye, 6)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "orthonormal", got, 0.5, 1e-12)
	rng := rand.New(rand.NewPCG(2, 7))
	for range 30 {
		x := sphere(6, 4, rng)
		k, err := kernel.ReLU().Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		low, _ := extremes(k)
		got, err := bounds.SeriesLower(kernel.ReLU(), gram(x), 8)
		if err != nil || got > low+1e-12 || got < 0 {
			t.Errorf("bound %v on %v: %v", got, low, err)
		}
	}
	// One cosine r: powers have 1 - |r|^k, the tail likewise.
	pair := mat.NewSymDense(2, []float64{1, -0.6, -0.6, 1})
	got, err = bounds.SeriesLower(kernel.ReLU(), pair, 2)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "pair", got, 0.25*0.4+(1-0.36)/(2*math.Pi)+(0.25-1/(2*math.Pi))*(1-0.216), 1e-12)
}

func TestNullSpaceUpper(t *testing.T) {
	opposite := mat.NewDense(4, 2, []float64{1, 0, -1, 0, 0, 1, 0, -1})
	k, err := kernel.ReLU().Gram(opposite)
	if err != nil {
		t.Fatal(err)
	}
	low, _ := extremes(k)
	within(t, "opposite pairs", bounds.NullSpaceUpper(0.25, 4, 2), low, 1e-12)
	if v := bounds.NullSpaceUpper(0.25, 4, 4); !math.IsInf(v, 1) {
		t.Errorf("full rank: %v", v)
	}
	isNaN(t, map[string]float64{"rank": bounds.NullSpaceUpper(0.25, 4, 5)})
}

// One neuron whose preactivation lies at the maximum of |erf‴| = 4/sqrt pi: the error is the bound to first order.
func TestCentralError(t *testing.T) {
	const e, b, scale = 1e-3, 1.7, 0.4
	exactly := scale * (2/math.SqrtPi*b - (math.Erf(e*b)-math.Erf(-e*b))/(2*e))
	within(t, "error", bounds.CentralError([]float64{b}, e, 4/math.SqrtPi, scale), exactly, 1e-5)
	within(t, "signs add up", bounds.CentralError([]float64{b, -b}, e, 4/math.SqrtPi, scale), 2*exactly, 1e-5)
	isNaN(t, map[string]float64{"scale": bounds.CentralError(nil, 1, 1, -1)})
}
