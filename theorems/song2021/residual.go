package song2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// residual is a random start with labels; Output is sqrt(m) omega_2.
type residual struct {
	Data   data.Spec `json:"data"`
	Act    string    `json:"act"`
	Width  int       `json:"width"`
	Output float64   `json:"output"`
	Runs   int       `json:"runs"`   // starts that a trial averages over
	Within float64   `json:"within"` // relative resolution of the mean
}

// initialResidual is the mean loss at the start.
//
// Setting: n samples of any norm, labels y; w_r ~ N(0, I), v_r ~ N(0, omega^2/m), all independent, any width m; r_0 = u - y; Sigma = E[phi(X w) phi(X w)^T].
// A trial is the average of ||r_0||^2 over some independent starts.
//
// Hypotheses: |phi| <= B0; not both omega and y are zero.
//
// Conclusion: E ||r_0||^2 = ||y||^2 + omega^2 tr Sigma, at every width. The standard start has omega = 1; the paper asks omega_1 omega_2 of the order
// 1/sqrt(d_0 d_1) at most, which is omega = 1/sqrt d for omega_1 = 1.
//
// Constants: derived: given W the outputs are centred with covariance A = (omega^2/m) Phi Phi^T, and E A = omega^2 Sigma. Standard deviation: given W the
// variance of ||u - y||^2 is 2 tr A^2 + 4 y^T A y and the mean tr A + ||y||^2, where with s_r = ||phi(X w_r)||^2 <= n B0^2, E tr A^2 <= omega^4
// (E s^2/m + ||Sigma||_F^2) and Var tr A <= omega^4 E s^2/m, E s^2 <= n B0^2 tr Sigma: the variance is at most omega^4 (3 n B0^2 tr Sigma/m + 2
// ||Sigma||_F^2) + 4 omega^2 y^T Sigma y. HOLDS means to within the share that the instance
// names, three per cent for a single sample.
//
// Convention: no output factor, so that the variance of the output weights is omega^2/m.
//
// Reference: Song et al. (2021), the initial loss behind Theorem 3; derived here.
//
// Control: E phi^2 taken to be 1; omega^2 with a factor of 1.1 or 1/1.1; the labels left out.
func initialResidual() checks.Checkable {
	type sabotage struct {
		trace, labels float64
		flat          bool // E phi^2 = 1
	}
	setup := func(s sabotage) func(residual) (checks.Instance, error) {
		return func(p residual) (checks.Instance, error) {
			l, err := p.law()
			if err != nil {
				return checks.Instance{}, err
			}
			trace := p.Output * p.Output * l.trace
			if s.flat {
				trace = p.Output * p.Output * float64(len(l.y))
			}
			mean := s.labels*l.labels + s.trace*trace
			inst := checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("labels or output weights are not zero", l.labels+trace > 0)},
				Facts:      []checks.Fact{checks.NewFact("|y|^2", l.labels), checks.NewFact("tr Sigma", l.trace), checks.NewFact("standard deviation of a start, at most", l.deviation)},
				Terms:      checks.Terms{Deviation: checks.Float(l.deviation / math.Sqrt(float64(p.Runs))), Resolution: checks.Float(p.Within)},
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				return checks.Measurement{Observed: p.average(l, r), Predicted: mean, Term: s.trace * trace, Relation: checks.Equal, Tolerance: 1e-12 * mean}
			}
			return inst, nil
		}
	}
	plain := residual{Data: data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const, LabelScale: 1e-3}, Act: "tanh", Width: 10, Output: 1, Runs: 400, Within: 0.03}
	labelled := residual{Data: data.Spec{Kind: data.Sphere, N: 5, D: 3, Seed: 1, Labels: data.Sign}, Act: "erf", Width: 20, Output: 1, Runs: 8, Within: 0.12}
	return checks.Claim[residual]{
		ID: "song2021/initial-residual", Title: "mean loss at the start", Reference: "Theorem 3, derived here",
		Formula:    `\mathbb{E}\|r_0\|^2 = \|y\|^2 + \omega^2 \operatorname{tr}\Sigma`,
		Convention: "h = sum_r v_r phi(w_r.x), w ~ N(0, I), v ~ N(0, omega^2/m)", Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) residual {
			return residual{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 4, MinD: 1, MaxD: 4}).Draw(t, "data"),
				Act:  rapid.SampledFrom([]string{"tanh", "sin", "erf"}).Draw(t, "act"), Width: rapid.IntRange(1, 30).Draw(t, "width"),
				Output: rapid.SampledFrom([]float64{1, 0.1, 0.5, 10}).Draw(t, "output"), Runs: 8, Within: 0.2,
			}
		}),
		Grid: []residual{
			plain, labelled,
			{Data: data.Spec{Kind: data.Sphere, N: 6, D: 4, Seed: 1, Labels: data.Const}, Act: "sin", Width: 1, Output: 0.5, Runs: 8, Within: 0.12},
			{Data: images.Hard(data.MNIST, 10, 49), Act: "erf", Width: 40, Output: 1, Runs: 8, Within: 0.12},
			{Data: images.Hard(data.Fashion, 10, 49), Act: "tanh", Width: 40, Output: 0.3, Runs: 8, Within: 0.12},
		},
		OnData: func(f checks.DataFile) []residual {
			return []residual{{Data: userfile.Labelled(f, 10), Act: "erf", Width: 40, Output: 1, Runs: 8, Within: 0.12}}
		},
		Cost: func(p residual) checks.Cost {
			n, d := p.Data.Size()
			m, n1 := float64(p.Width*p.Runs), float64(max(n, 4))
			return checks.Cost{Setup: 3e5 * n1 * n1, Trial: m * n1 * (2*float64(max(d, 4)) + 60), Size: fmt.Sprintf("m=%d", p.Width)}
		},
		Setup: setup(sabotage{trace: 1, labels: 1}),
		Controls: []checks.Control[residual]{
			{Name: "features-of-size-one", Why: "E tanh^2 = 0.39 on unit inputs", At: []residual{plain, labelled}, Setup: setup(sabotage{trace: 1, labels: 1, flat: true})},
			{Name: "tenth-more", Why: "the outputs contribute omega^2 tr Sigma", At: []residual{plain}, Setup: setup(sabotage{trace: 1.1, labels: 1})},
			{Name: "tenth-less", Why: "the outputs contribute omega^2 tr Sigma", At: []residual{plain}, Setup: setup(sabotage{trace: 1 / 1.1, labels: 1})},
			{Name: "labels-left-out", Why: "labels of size one are more than half of the loss", At: []residual{labelled}, Setup: setup(sabotage{trace: 1, labels: 0})},
		},
	}
}

// rowSpace is a data set whose spectral norm is looked at.
type rowSpace struct {
	Data data.Spec `json:"data"`
}

// dataNorm is the size of the data matrix on which the orders of the widths rest.
//
// Setting: n unit rows in R^d.
//
// Hypotheses: unit rows.
//
// Conclusion: max(1, n/d) <= ||X||^2 <= n.
//
// Constants: derived: the trace of X X^T is n, and at most min(n, d) of its eigenvalues are not zero. The upper bound is attained by equal rows, the
// lower one by orthonormal rows and by tight frames, such as n >= 3 points at equal angles. The order (1 + sqrt(n/d))^2 for random rows, which the
// paper's order n/d_0 stands for, is a limit and 6 to 26 per cent too large at n = 10 to 400; it is no bound and not claimed.
//
// Convention: unit rows.
//
// Reference: Song et al. (2021), Section 5.3, sigma_max(X); derived here.
//
// Control: n - 0.1 for n, n/(d - 0.1) for n/d, and 1.05 for 1.
func dataNorm() checks.Checkable {
	setup := func(less, fewer, least float64) func(rowSpace) (checks.Instance, error) {
		return func(p rowSpace) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			n, d := float64(set.N()), float64(set.D())
			s2 := math.Pow(data.SpectralNorm(set.X), 2)
			tolerance := 64 * (n + d) * unit * s2
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("distance of the norms from 1", offUnit(set.X), checks.AtMost, 1e-12)},
				Terms:      checks.Terms{Trials: 1}, // nothing is random
				Trial: func(*rand.Rand) checks.Measurement {
					return checks.All(
						checks.Measurement{Part: "upper", Observed: s2, Predicted: n - less, Tolerance: tolerance},
						checks.Measurement{Part: "lower", Observed: s2, Predicted: math.Max(least, n/(d-fewer)), Relation: checks.AtLeast, Tolerance: tolerance},
					)
				},
			}, nil
		}
	}
	equal := rowSpace{data.Spec{Kind: data.Explicit, Rows: [][]float64{{0.6, 0.8}, {0.6, 0.8}, {0.6, 0.8}}}}
	frame := rowSpace{data.Spec{Kind: data.Circle, N: 7, D: 2}}
	orthonormal := rowSpace{data.Spec{Kind: data.Orthonormal, N: 4, D: 6, Seed: 1}}
	return checks.Claim[rowSpace]{
		ID: "song2021/data-norm", Title: "spectral norm of unit rows", Reference: "Section 5.3, derived here",
		Formula: `\max\left(1, \tfrac{n}{d}\right) \le \|X\|^2 \le n`, Convention: "unit rows", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) rowSpace {
			return rowSpace{gen.Specs(gen.Range{MinN: 1, MaxN: 12, MinD: 1, MaxD: 6}).Draw(t, "data")}
		}),
		Grid: []rowSpace{
			equal, frame, orthonormal, // equality
			{data.Spec{Kind: data.Sphere, N: 40, D: 10, Seed: 1}}, {images.All(data.MNIST, 50, 196)},
		},
		OnData: func(f checks.DataFile) []rowSpace { return []rowSpace{{userfile.Rows(f, 100)}} },
		Setup:  setup(0, 0, 1),
		Controls: []checks.Control[rowSpace]{
			{Name: "less-than-n", Why: "equal rows attain n", At: []rowSpace{equal}, Setup: setup(0.1, 0, 1)},
			{Name: "fewer-dimensions", Why: "points at equal angles are a tight frame", At: []rowSpace{frame}, Setup: setup(0, 0.1, 1)},
			{Name: "more-than-one", Why: "orthonormal rows attain 1", At: []rowSpace{orthonormal}, Setup: setup(0, 0, 1.05)},
		},
	}
}

// startLaw is what the starts of a data set share.
type startLaw struct {
	x             *mat.Dense // in coordinates of the span
	y             []float64
	act           nets.Activation
	labels, trace float64 // ||y||^2, tr Sigma
	deviation     float64
}

func (p residual) law() (startLaw, error) {
	act, err := smoothNamed(p.Act)
	if err != nil {
		return startLaw{}, err
	}
	if math.IsInf(act.b0, 1) || p.Width < 1 || p.Runs < 1 {
		return startLaw{}, fmt.Errorf("activation %s, width %d, %d runs: take tanh, sin or erf, and both at least 1", p.Act, p.Width, p.Runs)
	}
	set, err := p.Data.Build()
	if err != nil {
		return startLaw{}, err
	}
	sigma, err := limitGram(p.Act, act.Activation, set.X)
	if err != nil {
		return startLaw{}, err
	}
	span, _ := nets.InSpan(set.X)
	l := startLaw{x: span, y: set.Y, act: act.Activation, labels: floats.Dot(set.Y, set.Y), trace: mat.Trace(sigma)}
	y := mat.NewVecDense(len(l.y), l.y)
	l.deviation = bounds.InitialLossDeviation(l.trace, math.Pow(mat.Norm(sigma, 2), 2), mat.Inner(y, sigma, y), float64(len(l.y))*act.b0*act.b0, p.Output, p.Width)
	return l, nil
}

// average is ||r_0||^2 averaged over the runs of a trial.
func (p residual) average(l startLaw, r *rand.Rand) float64 {
	_, d := l.x.Dims()
	law := nets.Init{Width: p.Width, Dim: d, Act: l.act, Kappa: 1, Output: nets.GaussianOutput, Scale: p.Output / math.Sqrt(float64(p.Width))}
	batch, e := nets.NewBatch(l.x, p.Width), make([]float64, len(l.y))
	net := law.Draw(r)
	sum := 0.0
	for k := range p.Runs {
		if k > 0 {
			law.Redraw(net, r)
		}
		batch.Forward(net)
		norm := nets.Residual(e, batch.U, l.y)
		sum += norm * norm / float64(p.Runs)
	}
	return sum
}
