package basics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
)

// match compares a computed spectrum with a predicted one, ascending.
func match(got eig.Spectrum, want []float64, tolerance float64) checks.Measurement {
	n := len(want)
	worst := 0
	for i := range want {
		if math.Abs(got.Values[i]-want[i]) > math.Abs(got.Values[worst]-want[worst]) {
			worst = i
		}
	}
	part := func(name string, i int) checks.Measurement {
		return checks.Measurement{Part: name, Observed: got.Values[i], Predicted: want[i], Relation: checks.Equal, Tolerance: tolerance + got.Err}
	}
	return checks.All(part("smallest", 0), part("largest", n-1), part("farthest off", worst))
}

// A correlated is a kernel on equicorrelated inputs.
type correlated struct {
	N      int     `json:"n"`
	Rho    float64 `json:"rho"` // in [-1/(n-1), 1)
	Kernel string  `json:"kernel"`
}

// equicorrelated gives the spectrum of equicorrelated inputs.
//
// Setting: n unit inputs with all inner products r: orthonormal (r = 0), the
// regular simplex (r = -1/(n-1)) or between; any limit kernel k.
//
// Hypotheses: -1/(n-1) <= r <= 1.
//
// Conclusion: the eigenvalues of the kernel matrix are k(1) - k(r), n-1 times,
// and k(1) + (n-1) k(r). For orthonormal inputs ReLU H^inf = I/2, and the ReLU
// feature kernel has 1/2 - 1/(2 pi) = 0.340845 and 1/2 + (n-1)/(2 pi); on the
// simplex ReLU H^inf has lambda_0 = 1/2 + (n-1) h(r): 1/3 at n = 3.
//
// Constants: identities: (k(1) - k(r)) I + k(r) 11^T.
//
// Convention: unit inputs.
//
// Reference: derived here.
//
// Control: one input rotated by 0.1 towards another moves lambda_0 of
// orthonormal inputs by 0.0265.
func equicorrelated() checks.Claim[correlated] {
	setup := func(turn float64) func(correlated) (checks.Instance, error) {
		return func(p correlated) (checks.Instance, error) {
			k, err := limitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			set, err := data.Spec{Kind: data.Equicorrelated, N: p.N, D: p.N, Rho: p.Rho}.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if turn != 0 {
				turnFirst(set.X, turn)
			}
			got, err := kernelSpectrum(k.Kernel, set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			bulk, top := bounds.Equicorrelated(k.Kernel, p.N, p.Rho)
			want := make([]float64, p.N)
			for i := range want {
				want[i] = bulk
			}
			want[0] = top
			slices.Sort(want)
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{checks.NewFact("n-1 times", bulk), checks.NewFact("once", top)},
				Trial: func(*rand.Rand) checks.Measurement {
					// The inputs are rounded: each inner product by about n u, which the
					// kernel amplifies.
					return match(got, want, float64(p.N)*(float64(p.N)*8*unit*k.At(1)+k.EntryError(p.N, 1)))
				},
			}, nil
		}
	}
	relu := kernel.ReLU().Name()
	grid := []correlated{
		{5, 0, relu}, {5, 0, kernel.ReLUFeature().Name()}, {5, 0, kernel.ErfFeature().Name()}, {5, 0, kernel.SquareFeature().Name()},
		{5, 0, kernel.Square().Name()}, {5, 0, kernel.Identity().Name()}, {2, -1, relu}, {3, -0.5, relu}, {5, -0.25, relu},
		{10, -1.0 / 9, relu}, {20, 0.3, relu}, {100, 0.3, kernel.ReLUFeature().Name()},
	}
	return checks.Claim[correlated]{
		ID: "basics/equicorrelated", Title: "spectrum of equicorrelated inputs",
		Reference:  "derived here",
		Formula:    `\lambda = k(1) - k(r) \; (n-1 \text{ times}),\quad k(1) + (n-1) k(r)`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) correlated {
			n := rapid.IntRange(2, 20).Draw(t, "n")
			return correlated{n, rapid.Float64Range(-1/float64(n-1), 0.95).Draw(t, "rho"), rapid.SampledFrom(limitNames()).Draw(t, "kernel")}
		}),
		Grid: grid,
		Cost: func(p correlated) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Setup: 60*n*n*n + 100*n*n, Trial: 1}
		},
		Setup: setup(0),
		Controls: []checks.Control[correlated]{{
			Name: "one-input-rotated", Why: "0.1 radians move lambda_0 by 0.0265",
			At: []correlated{{5, 0, relu}, {10, -1.0 / 9, relu}}, Setup: setup(0.1),
		}},
	}
}

// turnFirst rotates the first row by an angle towards the second.
func turnFirst(x *mat.Dense, angle float64) {
	a, b := x.RawRowView(0), x.RawRowView(1)
	dot := mat.Dot(mat.NewVecDense(len(a), a), mat.NewVecDense(len(b), b))
	side := make([]float64, len(a))
	for i := range side {
		side[i] = b[i] - dot*a[i]
	}
	norm := floats.Norm(side, 2)
	for i := range a {
		a[i] = math.Cos(angle)*a[i] + math.Sin(angle)*side[i]/norm
	}
}

func kernelSpectrum(k kernel.Kernel, x *mat.Dense) (eig.Spectrum, error) {
	g, err := k.Gram(x)
	if err != nil {
		return eig.Spectrum{}, err
	}
	return eig.All(g)
}

// circle gives the spectrum of points at equal angles.
//
// Setting: n unit inputs at the angles 2 pi k/n; any limit kernel.
//
// Hypotheses: none.
//
// Conclusion: the eigenvalues of the kernel matrix are the discrete Fourier
// transform of its first row; the ReLU H^inf is singular for even n >= 6 (n/2 >
// 2 antipodal pairs in the plane).
//
// Constants: identities (circulant matrix). Angles come from chords, so that
// the singular matrix is singular to rounding.
//
// Convention: unit inputs.
//
// Reference: derived here.
//
// Control: one input rotated by 0.1 towards the next.
func circle() checks.Claim[polygon] {
	setup := func(turn float64) func(polygon) (checks.Instance, error) {
		return func(p polygon) (checks.Instance, error) {
			k, err := limitNamed(p.Kernel)
			if err != nil {
				return checks.Instance{}, err
			}
			set, err := data.Spec{Kind: data.Circle, N: p.N}.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if turn != 0 {
				turnFirst(set.X, turn)
			}
			got, err := kernelSpectrum(k.Kernel, set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			want := bounds.CircleSpectrum(k.Kernel, p.N)
			tol := float64(p.N) * (32*unit*k.At(1) + 2*k.EntryError(2, 1))
			return checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{checks.NewFact("lambda_0", got.Values[0])},
				Trial: func(*rand.Rand) checks.Measurement {
					m := match(got, want, tol)
					if p.Kernel == kernel.ReLU().Name() && p.N%2 == 0 && p.N >= 6 {
						m = checks.All(m, checks.Measurement{Part: "singular", Observed: got.Values[0], Predicted: 0, Term: got.Values[p.N-1], Relation: checks.Equal, Tolerance: tol + got.Err})
					}
					return m
				},
			}, nil
		}
	}
	relu := kernel.ReLU().Name()
	return checks.Claim[polygon]{
		ID: "basics/circle", Title: "spectrum of equally spaced points of the circle",
		Reference:  "derived here",
		Formula:    `\lambda_j = \sum_k h\left(\cos\frac{2\pi k}{n}\right) \cos\frac{2\pi jk}{n}`,
		Convention: "unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) polygon {
			return polygon{rapid.IntRange(2, 40).Draw(t, "n"), rapid.SampledFrom(limitNames()).Draw(t, "kernel")}
		}),
		Grid: []polygon{{4, relu}, {6, relu}, {7, relu}, {8, relu}, {51, relu}, {100, relu}, {9, kernel.ErfFeature().Name()}},
		Cost: func(p polygon) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Setup: 40*n*n*n + 100*n*n, Trial: 1}
		},
		Setup: setup(0),
		Controls: []checks.Control[polygon]{{
			Name: "one-input-rotated", Why: "the matrix is no longer circulant",
			At: []polygon{{7, relu}, {8, relu}}, Setup: setup(0.1),
		}},
	}
}

// A orthogonalSet is a set of orthogonal inputs of different norms.
type orthogonalSet struct {
	N      int     `json:"n"`
	Spread float64 `json:"spread"` // norms are log-uniform in [1/spread, spread]
}

// orthogonal gives the ReLU kernel of orthogonal inputs of any norm.
//
// Setting: n orthogonal inputs x_i of any positive norm.
//
// Hypotheses: none.
//
// Conclusion: ReLU H^inf = diag(||x_i||^2)/2.
//
// Constants: identity: h(0) = 0 and H^inf(x, x) = ||x||^2/2.
//
// Convention: ReLU derivative kernel.
//
// Reference: derived here.
//
// Control: without the norms (I/2).
func orthogonal() checks.Claim[orthogonalSet] {
	setup := func(norms bool) func(orthogonalSet) (checks.Instance, error) {
		return func(p orthogonalSet) (checks.Instance, error) {
			if p.N < 1 || !(p.Spread >= 1) {
				return checks.Instance{}, fmt.Errorf("n=%d spread=%v: give at least 1 each", p.N, p.Spread)
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				x := rotation(r, p.N)
				want := make([]float64, p.N)
				for i := range want {
					norm := math.Pow(p.Spread, 2*r.Float64()-1)
					row := x.RawRowView(i)
					floats.Scale(norm, row)
					want[i] = 0.5
					if norms {
						want[i] = norm * norm / 2
					}
				}
				slices.Sort(want)
				got, err := kernelSpectrum(kernel.ReLU(), x)
				if err != nil {
					return checks.Failed(err)
				}
				return match(got, want, float64(p.N)*(float64(p.N)*16*unit*p.Spread*p.Spread+kernel.ReLU().EntryError(p.N, p.Spread)))
			}}, nil
		}
	}
	return checks.Claim[orthogonalSet]{
		ID: "basics/orthogonal", Title: "ReLU kernel of orthogonal inputs of any norm",
		Reference:  "derived here",
		Formula:    `H^\infty = \frac12 \operatorname{diag}(\|x_i\|^2)`,
		Convention: "ReLU derivative kernel",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) orthogonalSet {
			return orthogonalSet{rapid.IntRange(1, 15).Draw(t, "n"), rapid.Float64Range(1, 10).Draw(t, "spread")}
		}),
		Grid: []orthogonalSet{{1, 2}, {6, 1}, {20, 3}, {40, 10}},
		Cost: func(p orthogonalSet) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Trial: 60 * n * n * n}
		},
		Setup: setup(true),
		Controls: []checks.Control[orthogonalSet]{{
			Name: "norms-forgotten", Why: "norms other than 1 scale their eigenvalue by the square",
			At: []orthogonalSet{{6, 3}}, Setup: setup(false),
		}},
	}
}
