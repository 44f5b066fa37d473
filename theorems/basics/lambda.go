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
	"convergo/nets/data/gen"
)

// A dataset is a data set alone.
type dataset struct {
	Data data.Spec `json:"data"`
}

func datasetCost(p dataset) checks.Cost {
	return kernelSetCost(kernelSet{Data: p.Data})
}

func datasets(minN, maxN int) *rapid.Generator[dataset] {
	return rapid.Custom(func(t *rapid.T) dataset {
		return dataset{gen.Specs(gen.Range{MinN: minN, MaxN: maxN, MinD: 1, MaxD: 8}).Draw(t, "data")}
	})
}

func fewData(f checks.DataFile) []dataset { return []dataset{{file(f, 100)}} }

// nearAntipodes are three pairs of almost antipodal points in the plane,
// far apart otherwise.
func nearAntipodes() data.Spec {
	const off = 1e-5
	return data.Spec{Kind: data.Angles, Angles: []float64{0, math.Pi + off, math.Pi / 3, 4*math.Pi/3 - off, 2 * math.Pi / 3, 5*math.Pi/3 + off/2}}
}

// separationLower bounds lambda_0 by the separation, with a constant.
//
// Setting: n >= 2 unit inputs, delta_s = min_{i != j} min(||x_i - x_j||, ||x_i +
// x_j||), ReLU H^inf.
//
// Hypotheses: none; for parallel inputs the bound is 0 and says nothing.
//
// Conclusion: lambda_0 >= e^{-g^2/2} delta_s/(16 n (n-1)), g = delta_s
// sqrt(pi/2)/(2(n-1)), and hence lambda_0 >= delta_s/(16 n^2).
//
// Constants: derived. For a unit vector v take i with v_i^2 >= 1/n and write w =
// t x_i + w'. With probability at least 1/2 every |w'.x_j| exceeds g |x_i.x_j|;
// with probability at least sqrt(2/pi) g e^{-g^2/2} also |t| <= g. Then the sign
// of t alone decides 1{w.x_i >= 0}, which contributes v_i^2/4. The literature
// quotes delta/(100 n^2) (recalled). Observed ratios lambda_0 n^2/delta_s are at
// least 2/pi, attained by two points that meet, where the bound has 1/16.
//
// Convention: ReLU derivative kernel, unit inputs.
//
// Reference: Oymak and Soltanolkotabi 2019 for the form; card 90.11.
//
// Control: the constant 1 in place of 1/16 fails for two close points; the chord
// min ||x_i - x_j|| in place of delta_s fails for d+1 pairs of near antipodes.
func separationLower() checks.Claim[dataset] {
	type bound func(n int, s kernel.Separation) (sharp, simple float64)
	setup := func(claimed bound) func(dataset) (checks.Instance, error) {
		return func(p dataset) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := kernel.ReLU().Lambda0(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			sep, err := kernel.Separate(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			n := float64(set.N())
			sharp, simple := claimed(set.N(), sep)
			inst := checks.Instance{
				Terms: checks.Terms{Trials: 1}, // nothing is random
				Facts: []checks.Fact{
					fact("lambda_0", lambda.Value), fact("lambda_0, error bound", lambda.Err), fact("separation", sep.Both),
					fact("lambda_0 n^2/separation", lambda.Value*n*n/sep.Both), fact("bound from the largest cosine", bounds.SeriesLowerBound(set.N(), sep.Rho, 0)),
				},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.All(
						checks.Measurement{Part: "sharp", Observed: lambda.Value, Predicted: sharp, Relation: checks.AtLeast, Error: lambda.Err},
						checks.Measurement{Part: "1/16", Observed: lambda.Value, Predicted: simple, Relation: checks.AtLeast, Error: lambda.Err},
					)
				},
			}
			if sep.Both == 0 {
				inst.Trivial = "two inputs are parallel: the bound is 0"
			}
			return inst, nil
		}
	}
	pair := func(angle float64) dataset {
		return dataset{data.Spec{Kind: data.Angles, Angles: []float64{0, angle}}}
	}
	grid := []dataset{
		pair(0.01), pair(0.1), pair(1.5),
		{data.Spec{Kind: data.Sphere, N: 10, D: 5}}, {data.Spec{Kind: data.Sphere, N: 20, D: 10}}, {data.Spec{Kind: data.Sphere, N: 50, D: 20}},
		{data.Spec{Kind: data.Cluster, N: 10, D: 5, Spread: 0.05}}, {data.Spec{Kind: data.HalfCircle, N: 50}}, {nearAntipodes()},
	}
	for _, s := range append(images(60, 196), images(60, 784)...) {
		grid = append(grid, dataset{s})
	}
	return checks.Claim[dataset]{
		ID: "basics/separation-lower", Title: "λ₀ from the separation, with a constant",
		Reference:  "card 90.11",
		Formula:    `\lambda_0 \ge e^{-g^2/2} \frac{\delta_s}{16 n(n-1)} \ge \frac{\delta_s}{16 n^2}`,
		Convention: "ReLU derivative kernel, unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  datasets(2, 12),
		Grid:   grid,
		OnData: fewData,
		Cost:   datasetCost,
		Setup: setup(func(n int, s kernel.Separation) (float64, float64) {
			return bounds.SeparationLowerBound(n, s.Both), bounds.SimpleSeparationLowerBound(n, s.Both)
		}),
		Controls: []checks.Control[dataset]{{
			Name: "constant-one", Why: "two points at distance 0.1 have ratio 0.73",
			At: []dataset{pair(0.1), pair(0.01)},
			Setup: setup(func(n int, s kernel.Separation) (float64, float64) {
				return bounds.SeparationLowerBound(n, s.Both), 16 * bounds.SimpleSeparationLowerBound(n, s.Both)
			}),
		}, {
			Name: "chord-alone", Why: "three pairs of near antipodes in the plane are nearly dependent although no two points are close",
			At: []dataset{{nearAntipodes()}},
			Setup: setup(func(n int, s kernel.Separation) (float64, float64) {
				return bounds.SeparationLowerBound(n, s.Chord), bounds.SimpleSeparationLowerBound(n, s.Chord)
			}),
		}},
	}
}

// pairUpper bounds lambda_0 by the closest pair.
//
// Setting: n >= 2 unit inputs, ReLU H^inf.
//
// Hypotheses: none.
//
// Conclusion: lambda_0 <= min_{i != j} (1/2 - |H^inf_ij|); for a close pair at
// angle t this is t/(2 pi) + O(t^2).
//
// Constants: sharp: Cauchy interlacing with the 2 x 2 minors, equality for two
// inputs. With basics/separation-lower this puts lambda_0 between 0.0625
// delta_s/n^2 and about delta_s/(2 pi) when the closest pair is a near
// duplicate. One pair of near antipodes does not make lambda_0 small.
//
// Convention: ReLU derivative kernel, unit inputs.
//
// Reference: card 90.11.
//
// Control: half of the bound fails for two inputs.
func pairUpper() checks.Claim[dataset] {
	setup := func(share float64) func(dataset) (checks.Instance, error) {
		return func(p dataset) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := kernel.ReLU().Lambda0(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			pairs, err := kernel.Pairs(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			least, angle := math.Inf(1), 0.0
			for i := range set.N() {
				for j := range i {
					if b := bounds.PairUpperBound(pairs(i, j).Angle); b < least {
						least, angle = b, pairs(i, j).Angle
					}
				}
			}
			return checks.Instance{
				Terms:      checks.Terms{Trials: 1}, // nothing is random
				Hypotheses: []checks.Hypothesis{checks.Require("inputs", float64(set.N()), checks.AtLeast, 2)},
				Facts:      []checks.Fact{fact("lambda_0", lambda.Value), fact("angle of the decisive pair", angle)},
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.Measurement{Observed: lambda.Value, Predicted: share * least, Tolerance: lambda.Err}
				},
			}, nil
		}
	}
	pair := func(angle float64) dataset {
		return dataset{data.Spec{Kind: data.Angles, Angles: []float64{0, angle}}}
	}
	grid := []dataset{
		pair(0.01), pair(0.1), pair(1), pair(3.09), pair(math.Pi),
		{data.Spec{Kind: data.Duplicate, N: 8, D: 5, Sep: 0.01}}, {data.Spec{Kind: data.Sphere, N: 20, D: 10}}, {data.Spec{Kind: data.Basis, N: 4, D: 4}},
	}
	for _, s := range append(images(60, 49), images(60, 784)...) {
		grid = append(grid, dataset{s})
	}
	return checks.Claim[dataset]{
		ID: "basics/pair-upper", Title: "λ₀ is at most what the closest pair allows",
		Reference:  "card 90.11",
		Formula:    `\lambda_0 \le \min_{i \ne j} \left(\frac12 - |H^\infty_{ij}|\right)`,
		Convention: "ReLU derivative kernel, unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  datasets(2, 12),
		Grid:   grid,
		OnData: fewData,
		Cost:   datasetCost,
		Setup:  setup(1),
		Controls: []checks.Control[dataset]{{
			Name: "half-the-bound", Why: "two inputs attain the bound",
			At: []dataset{pair(0.1), pair(1)}, Setup: setup(0.5),
		}},
	}
}

// A polygon is n points at equal angles.
type polygon struct {
	N      int    `json:"n"`
	Kernel string `json:"kernel,omitempty"`
}

// halfCircleCore is the spectrum, ascending, of the circulant part of
// H^inf on n points at the angles pi k/n: h(t) = cos(t)/4 + g(t) with g(t) =
// cos(t) (pi/2 - t)/(2 pi), and g(pi - t) = g(t).
func halfCircleCore(n int) []float64 {
	row := make([]float64, n)
	for j := range row {
		t := math.Pi * float64(min(j, n-j)) / float64(n)
		row[j] = math.Cos(t) * (math.Pi/2 - t) / (2 * math.Pi)
	}
	return bounds.Circulant(row)
}

// halfCircle encloses lambda_0 of the points that are farthest from
// parallel in the plane.
//
// Setting: n unit inputs at the angles pi k/n, ReLU H^inf.
//
// Hypotheses: n >= 3.
//
// Conclusion: mu_1 <= lambda_0 <= mu_3, with mu_i the ascending eigenvalues of
// the circulant matrix of g(t) = cos(t)(pi/2 - t)/(2 pi); both are delta_s/(4 pi)
// in the limit, delta_s = 2 sin(pi/(2n)).
//
// Constants: derived. H^inf is the circulant plus cos(t_i - t_j)/4, which is
// positive semidefinite of rank 2 (Weyl). The kink of g at 0 gives its Fourier
// coefficients 1/(4 pi^2 k^2), which alias to 1/(4n) at the highest frequency.
// So the n^{-2} of basics/separation-lower is not attained here.
//
// Convention: ReLU derivative kernel.
//
// Reference: card 90.11 (the limit was observed there; here it is derived).
//
// Control: 1.1 mu_1 fails.
func halfCircle() checks.Claim[polygon] {
	setup := func(factor float64) func(polygon) (checks.Instance, error) {
		return func(p polygon) (checks.Instance, error) {
			set, err := data.Spec{Kind: data.HalfCircle, N: p.N}.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := kernel.ReLU().Lambda0(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			core := halfCircleCore(p.N)
			separation := 2 * math.Sin(math.Pi/(2*float64(p.N)))
			return checks.Instance{
				Terms:      checks.Terms{Trials: 1}, // nothing is random
				Hypotheses: []checks.Hypothesis{checks.Require("n", float64(p.N), checks.AtLeast, 3)},
				Facts: []checks.Fact{
					fact("lambda_0", lambda.Value), fact("lambda_0/separation", lambda.Value/separation),
					fact("limit 1/(4 pi)", 1/(4*math.Pi)), fact("separation bound", bounds.SeparationLowerBound(p.N, separation)),
				},
				Trial: func(*rand.Rand) checks.Measurement {
					tol := lambda.Err + float64(p.N)*4*unit // points and transform are rounded too
					return checks.All(
						checks.Measurement{Part: "below", Observed: lambda.Value, Predicted: factor * core[0], Relation: checks.AtLeast, Tolerance: tol},
						checks.Measurement{Part: "above", Observed: lambda.Value, Predicted: core[2], Tolerance: tol},
					)
				},
			}, nil
		}
	}
	return checks.Claim[polygon]{
		ID: "basics/half-circle", Title: "λ₀ of equally spaced lines of the plane",
		Reference:  "card 90.11",
		Formula:    `\mu_1 \le \lambda_0 \le \mu_3,\quad \frac{\lambda_0}{\delta_s} \to \frac{1}{4\pi}`,
		Convention: "ReLU derivative kernel",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) polygon { return polygon{N: rapid.IntRange(3, 60).Draw(t, "n")} }),
		Grid:  []polygon{{N: 3}, {N: 10}, {N: 20}, {N: 50}, {N: 100}},
		Cost: func(p polygon) checks.Cost {
			n := float64(p.N)
			return checks.Cost{Setup: 40*n*n*n + 100*n*n, Trial: 1}
		},
		Setup: setup(1),
		Controls: []checks.Control[polygon]{{
			Name: "ten-percent-more", Why: "lambda_0 and mu_1 agree to a few percent",
			At: []polygon{{N: 20}, {N: 50}}, Setup: setup(1.1),
		}},
	}
}

// A ladder is a geometric ladder of sizes.
type ladder struct {
	From  int `json:"from"`
	Rungs int `json:"rungs"`
}

// halfCircleScaling finds the exponent of lambda_0 in the separation.
//
// Setting: as in basics/half-circle, n doubled from rung to rung.
//
// Hypotheses: none.
//
// Conclusion: lambda_0 is proportional to delta_s: slope 1 in the log-log plane.
//
// Constants: the limit 1/(4 pi) of basics/half-circle; from n = 20 on the slope
// is within 0.02 of 1.
//
// Convention: ReLU derivative kernel.
//
// Reference: card 90.11.
//
// Control: the slope 3 of delta_s/n^2, as delta_s = pi/n, is refuted.
func halfCircleScaling() checks.Claim[ladder] {
	setup := func(exponent float64) func(ladder) (checks.Instance, error) {
		return func(p ladder) (checks.Instance, error) {
			var ladder []checks.Rung
			for k := p.Rungs - 1; k >= 0; k-- { // the separation ascends
				n := p.From << k
				set, err := data.Spec{Kind: data.HalfCircle, N: n}.Build()
				if err != nil {
					return checks.Instance{}, err
				}
				lambda, err := kernel.ReLU().Lambda0(set.X)
				if err != nil {
					return checks.Instance{}, err
				}
				ladder = append(ladder, checks.Rung{Size: 2 * math.Sin(math.Pi/(2*float64(n))), Value: lambda.Value})
			}
			return checks.Instance{
				Terms: checks.Terms{Exponent: checks.Float(exponent), Resolution: 0.02, Trials: 2},
				Trial: func(*rand.Rand) checks.Measurement { return checks.Measurement{Ladder: ladder} },
			}, nil
		}
	}
	return checks.Claim[ladder]{
		ID: "basics/half-circle-scaling", Title: "λ₀ is proportional to the separation on the half circle",
		Reference:  "card 90.11",
		Formula:    `\lambda_0 \propto \delta_s`,
		Convention: "ReLU derivative kernel",
		Basis:      checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: []ladder{{20, 4}},
		Cost: func(p ladder) checks.Cost {
			n := float64(p.From << max(0, p.Rungs-1))
			return checks.Cost{Setup: 14 * n * n * n, Trial: 1}
		},
		Setup: setup(1),
		Controls: []checks.Control[ladder]{{
			Name: "slope-of-the-lower-bound", Why: "delta_s/n^2 falls like delta_s^3, lambda_0 like delta_s",
			At: []ladder{{20, 4}}, Setup: setup(3),
		}},
	}
}

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
// Reference: card 90.12.
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
				Facts: []checks.Fact{fact("n-1 times", bulk), fact("once", top)},
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
		Reference:  "card 90.12",
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
// Reference: cards 90.12 and 00.1.
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
				Facts: []checks.Fact{fact("lambda_0", got.Values[0])},
				Trial: func(*rand.Rand) checks.Measurement {
					m := match(got, want, tol)
					if p.Kernel == kernel.ReLU().Name() && p.N%2 == 0 && p.N >= 6 {
						m = checks.All(m, checks.Measurement{Part: "singular", Observed: got.Values[0], Predicted: 0, Relation: checks.Equal, Tolerance: tol + got.Err})
					}
					return m
				},
			}, nil
		}
	}
	relu := kernel.ReLU().Name()
	return checks.Claim[polygon]{
		ID: "basics/circle", Title: "spectrum of equally spaced points of the circle",
		Reference:  "card 90.12",
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
// Reference: card 90.12.
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
					copy(row, scaled(norm, row))
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
		Reference:  "card 90.12",
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
