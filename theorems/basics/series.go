package basics

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/userfile"
)

// A series is a truncated power series of a kernel at one cosine.
type series struct {
	Kernel string  `json:"kernel"`
	R      float64 `json:"r"`
	Terms  int     `json:"terms"`
}

// powerSeries sums the power series of the limit kernels.
//
// Setting: a limit kernel h(r) = sum_k a_k r^k on unit inputs with inner product
// r, a_k >= 0 the squares of Hermite coefficients.
//
// Hypotheses: none.
//
// Conclusion: 0 <= a_k, and |h(r) - sum_{k<K} a_k r^k| <= |r|^K (h(1) - sum_{k<K}
// a_k).
//
// Constants: e.g. ReLU H^inf: a_1 = 1/4, a_{2j+2} = binom(2j,j) 4^{-j}/(2 pi
// (2j+1)); the sum of all a_k is h(1) (Mehler), so that the tail bound is
// rigorous and its size is the numeric error of the comparison. With 60 terms
// it is below 1e-9 at |r| = 0.9, with 200 below rounding.
//
// Convention: unit inputs.
//
// Reference: derived here.
//
// Control: a_2 doubled, and of the wrong sign.
func powerSeries() checks.Claim[series] {
	setup := func(spoil func(a []float64)) func(series) (checks.Instance, error) {
		return func(p series) (checks.Instance, error) {
			k, err := limitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			if p.Terms < 1 || !(p.R >= -1 && p.R <= 1) {
				return checks.Instance{}, fmt.Errorf("terms=%d r=%v: give terms >= 1 and -1 <= r <= 1", p.Terms, p.R)
			}
			a := k.Coefficients(p.Terms)
			sum := floats.Sum(a)
			tail := math.Max(0, k.At(1)-sum) * math.Pow(math.Abs(p.R), float64(p.Terms))
			spoil(a)
			least := floats.Min(a)
			series := 0.0
			for i := len(a) - 1; i >= 0; i-- {
				series = series*p.R + a[i]
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{checks.NewFact("sum of the coefficients", sum), checks.NewFact("h(1)", k.At(1)), checks.NewFact("tail bound", tail)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.All(
						checks.Measurement{Part: "series", Observed: series, Predicted: k.At(p.R), Relation: checks.Equal, Tolerance: 1e-14 * k.At(1), Error: tail},
						checks.Measurement{Part: "coefficients not negative", Observed: least, Predicted: 0, Relation: checks.AtLeast},
					)
				},
			}, nil
		}
	}
	keep := func([]float64) {}
	var grid []series
	for _, name := range limitNames() {
		grid = append(grid, series{name, 0.75, 60}, series{name, -0.9, 200})
	}
	return checks.Claim[series]{
		ID: "basics/power-series", Title: "power series of the limit kernels",
		Reference:  "derived here",
		Formula:    `h(r) = \sum_{k \ge 0} a_k r^k,\quad a_k \ge 0`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) series {
			return series{
				Kernel: rapid.SampledFrom(limitNames()).Draw(t, "kernel"),
				R:      rapid.Float64Range(-1, 1).Draw(t, "r"),
				Terms:  rapid.IntRange(1, 100).Draw(t, "terms"),
			}
		}),
		Grid:  grid,
		Setup: setup(keep),
		Controls: []checks.Control[series]{{
			Name: "negative-second-coefficient", Why: "a coefficient of the wrong sign is negative, and the series loses 2 a_2 r^2",
			At:    []series{{kernel.ReLU().Name(), 0.5, 60}},
			Setup: setup(func(a []float64) { a[2] = -a[2] }),
		}, {
			Name: "double-second-coefficient", Why: "the series gains a_2 r^2",
			At:    []series{{kernel.ReLU().Name(), 0.5, 60}, {kernel.ReLUFeature().Name(), 0.5, 60}},
			Setup: setup(func(a []float64) { a[2] *= 2 }),
		}},
	}
}

// A hadamardSet is a kernel on a data set with the powers to be used.
type hadamardSet struct {
	Data    data.Spec `json:"data"`
	Kernel  string    `json:"kernel"`
	Degrees []int     `json:"degrees,omitempty"`
	Last    int       `json:"last,omitempty"` // in place of Degrees: all from 1 to Last
}

func (p hadamardSet) degrees() []int {
	out := p.Degrees
	for k := 1; k <= p.Last; k++ {
		out = append(out, k)
	}
	return out
}

// hadamardLower bounds lambda_0 by entrywise powers of the Gram matrix.
//
// Setting: n unit inputs, G = X X^T, a kernel matrix K_ij = sum_k a_k G_ij^k with
// a_k >= 0.
//
// Hypotheses: none.
//
// Conclusion: lambda_min(K) >= sum_{k in S} a_k lambda_min(G^{o k}) for every set
// S of degrees. In particular lambda_0(ReLU H^inf) >= lambda_min(G)/4 +
// lambda_min(G^{o 2})/(2 pi): positive for generic n <= d, and n <= d(d+1)/2.
//
// Constants: Schur: every entrywise power is positive semidefinite, and
// lambda_min is superadditive. Equality for equal inner products r >= 0 once S holds
// every degree: orthonormal inputs, and r = 1/2, where lambda_min(G^{o k}) = 1 - r^k. The tolerance is the proved error of the eigenvalues.
//
// Convention: unit inputs.
//
// Reference: derived here.
//
// Control: on orthonormal inputs a_2 of the ReLU doubled claims 0.64 > 0.5, and
// an even term 0.1 r^2 for erf 0.565 > 0.465.
func hadamardLower() checks.Claim[hadamardSet] {
	setup := func(extra float64) func(hadamardSet) (checks.Instance, error) {
		return func(p hadamardSet) (checks.Instance, error) {
			k, err := limitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			set, lambda, err := spectrumOn(p.Data, k.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			bound, tol, err := hadamardSum(k, set.X, p.degrees(), extra)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{checks.NewFact("lambda_0", lambda.Value), checks.NewFact("lower bound", bound)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.Measurement{Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast, Tolerance: lambda.Err + tol}
				},
			}, nil
		}
	}
	relu, erf, feature := kernel.ReLU().Name(), kernel.ErfFeature().Name(), kernel.ReLUFeature().Name()
	frame, half := data.Spec{Kind: data.Orthonormal, N: 6, D: 8}, data.Spec{Kind: data.Equicorrelated, N: 6, D: 6, Rho: 0.5}
	grid := []hadamardSet{
		{Data: frame, Kernel: erf, Last: 40}, {Data: half, Kernel: relu, Last: 60}, {Data: half, Kernel: feature, Last: 60}, {frame, kernel.HalfSquare().Name(), []int{2}, 0}, {Data: frame, Kernel: relu, Last: 60},
		{data.Spec{Kind: data.Sphere, N: 8, D: 10}, relu, []int{1, 2}, 0}, {data.Spec{Kind: data.Sphere, N: 20, D: 10}, relu, []int{1, 2}, 0},
		{data.Spec{Kind: data.Sphere, N: 20, D: 10}, feature, []int{0, 1, 2, 4, 6, 8, 10}, 0},
		{data.Spec{Kind: data.HalfCircle, N: 8}, erf, []int{1, 3, 5, 7, 9}, 0},
	}
	for _, s := range pictures(40, 196) {
		grid = append(grid, hadamardSet{s, relu, []int{1, 2, 4, 8, 16}, 0})
	}
	return checks.Claim[hadamardSet]{
		ID: "basics/hadamard-lower", Title: "λ₀ from entrywise powers of the Gram matrix",
		Reference:  "derived here",
		Formula:    `\lambda_{\min}(K) \ge \sum_{k \in S} a_k \lambda_{\min}(G^{\odot k})`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) hadamardSet {
			return hadamardSet{
				Data:    gen.Specs(gen.Range{MinN: 1, MaxN: 12, MinD: 1, MaxD: 8}).Draw(t, "data"),
				Kernel:  rapid.SampledFrom(limitNames()).Draw(t, "kernel"),
				Degrees: rapid.SliceOfNDistinct(rapid.IntRange(0, 12), 1, 5, rapid.ID[int]).Draw(t, "degrees"),
			}
		}),
		Grid: grid,
		OnData: func(f checks.DataFile) []hadamardSet {
			return []hadamardSet{{userfile.Signed(f, 60), relu, []int{1, 2, 4, 8, 16}, 0}}
		},
		Cost: func(p hadamardSet) checks.Cost {
			n, d := size(p.Data)
			return checks.Cost{Setup: n*n*(4*d+60) + float64(len(p.Degrees)+p.Last+2)*40*n*n*n, Trial: 1, Size: fmt.Sprintf("n=%v", n)}
		},
		Setup: setup(0),
		Controls: []checks.Control[hadamardSet]{{
			Name: "second-coefficient-too-large", Why: "on orthonormal inputs the bound is attained, so any larger a_2 breaks it",
			At:    []hadamardSet{{Data: frame, Kernel: relu, Last: 60}, {Data: frame, Kernel: erf, Last: 40}},
			Setup: setup(0.1),
		}},
	}
}

// hadamardSum is sum_{k in S} (a_k + extra [k = 2]) lambda_min(G^{o k}) and
// a bound on its rounding.
func hadamardSum(k limit, x *mat.Dense, degrees []int, extra float64) (bound, tolerance float64, err error) {
	g, err := kernel.Identity().Gram(x)
	if err != nil {
		return 0, 0, err
	}
	n, d := x.Dims()
	entry := kernel.Identity().EntryError(d, 1)
	for _, degree := range degrees {
		if degree < 0 {
			return 0, 0, fmt.Errorf("degree %d: give degrees >= 0", degree)
		}
		power := mat.NewSymDense(n, nil)
		for i := range n {
			for j := i; j < n; j++ {
				power.SetSym(i, j, math.Pow(g.At(i, j), float64(degree)))
			}
		}
		s, err := eig.All(power)
		if err != nil {
			return 0, 0, err
		}
		a := k.Coefficient(degree)
		if degree == 2 {
			a += extra
		}
		bound += a * math.Max(0, s.Values[0])
		tolerance += a * (s.Err + float64(n)*float64(degree+1)*entry)
	}
	return bound, tolerance, nil
}

// gershgorinLower bounds lambda_0 by the largest cosine.
//
// Setting: n >= 2 unit inputs, rho = max_{i != j} |x_i . x_j|, a kernel sum_k
// a_k r^k.
//
// Hypotheses: none.
//
// Conclusion: lambda_min(K) >= sum_k a_k (1 - (n-1) rho^k)_+, here with 200
// terms.
//
// Constants: Gershgorin for every entrywise power, and superadditivity.
// Equality for orthonormal inputs, for two inputs with r > 0, and for odd kernels on the
// regular simplex, where odd powers have lambda_min(G^{o k}) = 1 - (n-1) rho^k.
//
// Convention: unit inputs.
//
// Reference: derived here.
//
// Control: 0.95 of rho in its place, for two inputs and on the simplex, and half of rho on one tight cluster.
func gershgorinLower() checks.Claim[kernelSet] {
	setup := func(share float64) func(kernelSet) (checks.Instance, error) {
		return func(p kernelSet) (checks.Instance, error) {
			k, err := limitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			set, lambda, err := spectrumOn(p.Data, k.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			sep, err := kernel.Separate(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			// rho carries the rounding of the inner products; a larger one is weaker.
			rho := math.Min(1, share*sep.Rho+kernel.Identity().EntryError(set.D(), 1))
			bound := bounds.PowerSeriesLowerBound(k.Coefficients(200), set.N(), rho)
			inst := checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{checks.NewFact("lambda_0", lambda.Value), checks.NewFact("lower bound", bound), checks.NewFact("rho", sep.Rho)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.Measurement{Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast, Tolerance: lambda.Err}
				},
			}
			if bound == 0 {
				inst.Trivial = "every Gershgorin factor is negative: the inputs are too close for 200 terms"
			}
			return inst, nil
		}
	}
	relu, erf, feature := kernel.ReLU().Name(), kernel.ErfFeature().Name(), kernel.ReLUFeature().Name()
	frame := data.Spec{Kind: data.Basis, N: 6, D: 6}
	cluster := data.Spec{Kind: data.Cluster, N: 20, D: 5, Spread: 0.1}
	two := kernelSet{data.Spec{Kind: data.Equicorrelated, N: 2, D: 2, Rho: 0.6}, relu}
	simplex := kernelSet{data.Spec{Kind: data.Equicorrelated, N: 5, D: 5, Rho: -0.2}, kernel.SineFeature().Name()}
	grid := []kernelSet{
		{frame, erf}, {frame, relu}, {frame, kernel.Square().Name()}, two, simplex, {data.Spec{Kind: data.Sphere, N: 10, D: 20}, relu},
		{data.Spec{Kind: data.Sphere, N: 20, D: 10}, relu}, {data.Spec{Kind: data.Sphere, N: 20, D: 10}, feature}, {cluster, relu},
	}
	for _, s := range pictures(40, 196) {
		grid = append(grid, kernelSet{s, relu})
	}
	return checks.Claim[kernelSet]{
		ID: "basics/gershgorin-lower", Title: "λ₀ from the largest cosine",
		Reference:  "derived here",
		Formula:    `\lambda_{\min}(K) \ge \sum_k a_k \left(1 - (n-1)\rho^k\right)_+`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) kernelSet {
			return kernelSet{
				Data:   gen.Separated(gen.Range{MinN: 2, MaxN: 14, MinD: 2, MaxD: 10}).Draw(t, "data"),
				Kernel: rapid.SampledFrom(limitNames()).Draw(t, "kernel"),
			}
		}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []kernelSet { return []kernelSet{{userfile.Signed(f, 100), relu}} },
		Cost:   kernelSetCost,
		Setup:  setup(1),
		Controls: []checks.Control[kernelSet]{{
			Name: "a-little-less-than-rho", Why: "two inputs and the simplex attain the bound",
			At: []kernelSet{two, simplex}, Setup: setup(0.95),
		}, {
			Name: "half-of-rho", Why: "a tight cluster has rho near 1; half of it promises far too much",
			At: []kernelSet{{cluster, relu}}, Setup: setup(0.5),
		}},
	}
}

// A kernelSet is a kernel on a data set.
type kernelSet struct {
	Data   data.Spec `json:"data"`
	Kernel string    `json:"kernel"`
}

func kernelSetCost(p kernelSet) checks.Cost {
	n, d := size(p.Data)
	return checks.Cost{Setup: 2*n*n*(4*d+60) + 40*n*n*n, Trial: 1, Size: fmt.Sprintf("n=%v", n)}
}
