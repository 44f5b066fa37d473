package basics

import (
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/userfile"
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

func fewData(f checks.DataFile) []dataset { return []dataset{{userfile.Signed(f, 100)}} }

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
// Conclusion: lambda_0 >= (1 - g^2/12) delta_s/(16 (n-1)), g = delta_s
// sqrt(pi/2)/(2(n-1)), and hence lambda_0 >= delta_s/(16 n).
//
// Constants: derived. Write w = t x_i + w', and let E_i be the event that every
// |w'.x_j| exceeds (1 + |x_i.x_j|) |t|. In it w.x_i is the product of least size, so that the
// n events are disjoint, and the sign of t decides 1{w.x_i >= 0} and no other, so that a unit vector v gains
// v_i^2/4. Hence lambda_0 >= min_i P(E_i)/4, and P(E_i | t) >= 1 - |t|/g. The literature
// quotes delta/(100 n^2) (recalled); one event, of the largest entry of v, in place of the sum gives 1/n^2. Observed ratios
// lambda_0 n/delta_s are at least 1/pi, attained by two points that meet, where the bound has 1/16.
//
// Convention: ReLU derivative kernel, unit inputs.
//
// Reference: Oymak and Soltanolkotabi (2020) for the form; derived here.
//
// Control: the constant 3/8 in place of 1/16 fails for two close points; the chord
// min ||x_i - x_j|| in place of delta_s fails for d+1 pairs of near antipodes.
//
// Loose: what the other inputs contribute beside the one whose sign changes is taken at its worst, a factor 2 for two points that
// meet, and the chance that another lies nearer is bounded by its density at 0, a factor 4/pi. Two points
// that meet have 1/(2 pi) = 2.55/16, and delta_s/(16 n) has half of it.
func separationLower() checks.Claim[dataset] {
	type bound func(n int, s kernel.Separation) (sharp, simple float64)
	setup := func(claimed bound) func(dataset) (checks.Instance, error) {
		return func(p dataset) (checks.Instance, error) {
			set, lambda, err := spectrumOn(p.Data, kernel.ReLU())
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
					checks.NewFact("lambda_0", lambda.Value), checks.NewFact("lambda_0, error bound", lambda.Err), checks.NewFact("separation", sep.Both),
					checks.NewFact("lambda_0 n/separation", lambda.Value*n/sep.Both), checks.NewFact("bound from the largest cosine", bounds.SeriesLowerBound(set.N(), sep.Rho, 0)),
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
	for _, s := range append(pictures(60, 196), pictures(60, 784)...) {
		grid = append(grid, dataset{s})
	}
	return checks.Claim[dataset]{
		ID: "basics/separation-lower", Title: "λ₀ from the separation, with a constant",
		Reference:  "Oymak and Soltanolkotabi (2020) for the form; derived here",
		Formula:    `\lambda_0 \ge \left(1-\frac{g^2}{12}\right) \frac{\delta_s}{16 (n-1)} \ge \frac{\delta_s}{16 n}`,
		Convention: "ReLU derivative kernel, unit inputs",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 2,
		Space:   datasets(2, 12),
		Grid:    grid,
		OnData:  fewData,
		Cost:    datasetCost,
		Detects: map[string]float64{"sharp": 2.6, "1/16": 5.2},
		Setup: setup(func(n int, s kernel.Separation) (float64, float64) {
			return bounds.SeparationLowerBound(n, s.Both), bounds.SimpleSeparationLowerBound(n, s.Both)
		}),
		Controls: []checks.Control[dataset]{{
			Name: "six-times-the-constant", Why: "two points that meet have 5.1 times the bound delta_s/(16 n)",
			At: []dataset{pair(0.1), pair(0.01)},
			Setup: setup(func(n int, s kernel.Separation) (float64, float64) {
				return bounds.SeparationLowerBound(n, s.Both), 6 * bounds.SimpleSeparationLowerBound(n, s.Both)
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
// delta_s/n and about delta_s/(2 pi) when the closest pair is a near
// duplicate. One pair of near antipodes does not make lambda_0 small.
//
// Convention: ReLU derivative kernel, unit inputs.
//
// Reference: derived here.
//
// Control: half of the bound fails for two inputs.
func pairUpper() checks.Claim[dataset] {
	setup := func(share float64) func(dataset) (checks.Instance, error) {
		return func(p dataset) (checks.Instance, error) {
			set, lambda, err := spectrumOn(p.Data, kernel.ReLU())
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
				Facts:      []checks.Fact{checks.NewFact("lambda_0", lambda.Value), checks.NewFact("angle of the decisive pair", angle)},
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
	for _, s := range append(pictures(60, 49), pictures(60, 784)...) {
		grid = append(grid, dataset{s})
	}
	return checks.Claim[dataset]{
		ID: "basics/pair-upper", Title: "λ₀ is at most what the closest pair allows",
		Reference:  "derived here",
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
// So the 1/n of basics/separation-lower is not attained here.
//
// Convention: ReLU derivative kernel.
//
// Reference: derived here.
//
// Control: 1.1 mu_1 fails.
func halfCircle() checks.Claim[polygon] {
	setup := func(factor float64) func(polygon) (checks.Instance, error) {
		return func(p polygon) (checks.Instance, error) {
			_, lambda, err := spectrumOn(data.Spec{Kind: data.HalfCircle, N: p.N}, kernel.ReLU())
			if err != nil {
				return checks.Instance{}, err
			}
			core := halfCircleCore(p.N)
			separation := 2 * math.Sin(math.Pi/(2*float64(p.N)))
			return checks.Instance{
				Terms:      checks.Terms{Trials: 1}, // nothing is random
				Hypotheses: []checks.Hypothesis{checks.Require("n", float64(p.N), checks.AtLeast, 3)},
				Facts: []checks.Fact{
					checks.NewFact("lambda_0", lambda.Value), checks.NewFact("lambda_0/separation", lambda.Value/separation),
					checks.NewFact("limit 1/(4 pi)", 1/(4*math.Pi)), checks.NewFact("separation bound", bounds.SeparationLowerBound(p.N, separation)),
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
		Reference:  "derived here",
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
// Reference: derived here.
//
// Control: the slope 2 of delta_s/n, as delta_s = pi/n, is refuted.
func halfCircleScaling() checks.Claim[ladder] {
	setup := func(exponent float64) func(ladder) (checks.Instance, error) {
		return func(p ladder) (checks.Instance, error) {
			var ladder []checks.Rung
			for k := p.Rungs - 1; k >= 0; k-- { // the separation ascends
				n := p.From << k
				_, lambda, err := spectrumOn(data.Spec{Kind: data.HalfCircle, N: n}, kernel.ReLU())
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
		Reference:  "derived here",
		Formula:    `\lambda_0 \propto \delta_s`,
		Convention: "ReLU derivative kernel",
		Basis:      checks.Derived, Form: checks.Scaling{}, Along: `separation $\delta_s$`, Version: 1,
		Grid: []ladder{{20, 4}},
		Cost: func(p ladder) checks.Cost {
			n := float64(p.From << max(0, p.Rungs-1))
			return checks.Cost{Setup: 14 * n * n * n, Trial: 1}
		},
		Setup: setup(1),
		Controls: []checks.Control[ladder]{{
			Name: "slope-of-the-lower-bound", Why: "delta_s/n falls like delta_s^2, lambda_0 like delta_s",
			At: []ladder{{20, 4}}, Setup: setup(2),
		}},
	}
}
