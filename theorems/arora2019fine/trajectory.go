package arora2019fine

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
)

// trajectory is the published form of the main theorem on optimisation, whose width is out of reach.
//
// Setting: n unit inputs with |y_i| <= 1, width m, w_r(0) ~ N(0, kappa^2 I), independent signs a_r,
// gradient descent on ||y - u||^2/2. lambda_i, v_i are the eigenpairs of H^inf.
//
// Hypotheses: lambda_0 > 0; kappa = O(eps delta/sqrt n); m = Omega(n^7/(lambda_0^4 kappa^2 delta^4 eps^2));
// eta = O(lambda_0/n^2). The hidden constants are set to 1. No machine holds such a width (1e10 for three points), and steps
// so small show little, so that the conclusion is measured outside both.
//
// Conclusion: with probability at least 1 - delta, for all k,
// | ||y - u(k)|| - sqrt(sum_i (1 - eta lambda_i)^{2k} (v_i . y)^2) | <= eps.
//
// Constants: those of the orders are recalled as 1, since the source hides them. trajectory-certified and
// trajectory-aposteriori are its forms without hidden constants, trajectory-rate its limit.
//
// Convention: 1/sqrt(m) scaling, loss a sum, kappa from the hypothesis.
//
// Reference: Theorem 4.1.
//
// Control: kappa = 3 with independent signs: u(0) is far from 0 and the curve starts elsewhere, which is
// what the hypothesis on kappa forbids.
func trajectory() checks.Claim[trajectoryP] {
	grid := trajectoryP{run{data.Spec{Kind: data.Sphere, N: 3, D: 5, Seed: 1}, 2048, 0, 1, 20}, 0.2, 0.5}
	images := trajectoryP{run{images.Easy(data.MNIST, 20, 49), 1024, 0, 1, 100}, 0.2, 0.5}
	control := grid
	control.Kappa = 3
	return checks.Claim[trajectoryP]{
		ID: "arora2019fine/trajectory", Title: "training curve from eigen-projections", Reference: "Theorem 4.1",
		Formula:    `\left| \lVert y-u(k) \rVert - \sqrt{\sum_i (1-\eta\lambda_i)^{2k} (v_i^\top y)^2} \right| \le \epsilon`,
		Convention: convention, Basis: checks.Recalled, Form: checks.Probably{}, Version: 2,
		Grid: []trajectoryP{grid, images}, Outside: true,
		Cost:  func(p trajectoryP) checks.Cost { return p.cost() },
		Setup: trajectorySetup,
		Controls: []checks.Control[trajectoryP]{{
			Name: "large-start", Why: "kappa = 3: the outputs at the start are not small", At: []trajectoryP{control},
		}},
	}
}

// trajectoryP has Kappa 0 for the scale that the theorem asks for.
type trajectoryP struct {
	run
	Delta float64 `json:"delta"`
	Eps   float64 `json:"eps"`
}

func trajectorySetup(p trajectoryP) (checks.Instance, error) {
	f, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	modes, err := bounds.NewModes(f.h, f.y)
	if err != nil {
		return checks.Instance{}, err
	}
	eta, n := f.step(p.Step), f.n()
	need := bounds.PrintedTrajectoryScale(n, p.Delta, p.Eps)
	kappa := p.Kappa
	if kappa == 0 {
		kappa = need
	}
	width := bounds.PrintedTrajectoryWidth(n, f.low.Lower(), kappa, p.Delta, p.Eps)
	predicted := make([]float64, p.T+1)
	for k := range predicted {
		predicted[k] = modes.GDNorm(eta, k)
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{
			f.certified(),
			checks.Require("kappa (order)", kappa, checks.AtMost, need),
			checks.Require("width (order)", float64(p.M), checks.AtLeast, width),
			checks.Require("step (order)", eta, checks.AtMost, f.low.Lower()/float64(n*n)),
		},
		Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("required width (published)", width), checks.NewFact("width run", float64(p.M))},
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			d, err := f.descent(f.network(p.M, kappa, nets.Independent, r), eta)
			if err != nil {
				return checks.Failed(err)
			}
			curve, off := make([]float64, p.T+1), 0.0
			for k := range curve {
				if k > 0 {
					d.Step()
				}
				curve[k] = d.State().Norm
				off = math.Max(off, math.Abs(curve[k]-predicted[k]))
			}
			return checks.Measurement{Observed: off, Predicted: p.Eps, Tolerance: 1e-9,
				Series: []checks.Series{steps("network", "measured", "residual norm", curve), steps("eigen-projections", "bound", "residual norm", predicted)}}
		},
	}, nil
}

// steps is a curve over the steps 0, 1, ..., thinned to 60 points.
func steps(name, style, yName string, y []float64) checks.Series {
	stride := (len(y) + 59) / 60
	var xs, ys []float64
	for k := 0; k < len(y); k += stride {
		xs, ys = append(xs, float64(k)), append(ys, y[k])
	}
	axes := curve.Axes{X: "step", Y: yName, LogY: true}
	if style == "bound" {
		return axes.Bound(name, xs, ys)
	}
	return axes.Measured(name, xs, ys)
}

// trajectoryRate is the limit of the main theorem, with its rate.
//
// Setting: n unit inputs, labels y, antisymmetric start of scale kappa (so u(0) = 0), gradient descent with
// eta <= 1/lambda_max, widths m in a geometric ladder.
//
// Hypotheses: lambda_0 certified positive; data, eta and kappa fixed as m grows.
//
// Conclusion: max_k ||e(k) - (I - eta H^inf)^k e(0)||/||y|| behaves like m^{-1/2}: the whole residual vector, not
// only its norm, follows the recursion with the limit kernel.
//
// Constants: derived. H(0) - H^inf is a mean of m/2 independent matrices, so by the central limit theorem it is of
// exact order m^{-1/2} for data in general position. Neurons move by O(m^{-1/2}), so a share O(m^{-1/2}) of them
// flips, and H(k) - H(0) is of that order too. The a-posteriori inequality carries both over to the residual. A
// finite ladder shows the slope to a resolution: at kappa = 100 few neurons flip, so that narrow networks show the
// limit. trajectory-certified bounds the same at any one width.
//
// Convention: 1/sqrt(m) scaling, loss a sum, neurons in antisymmetric pairs.
//
// Reference: derived here, after Theorem 4.1.
//
// Control: predictions that do not use the whole spectrum: every direction at rate lambda_0, or the projections
// paired with the eigenvalues in reverse. They are off by a constant that no width removes. And kappa = 1e-3, where
// nearly half of all activations flip at each of these widths and the error does not decrease.
func trajectoryRate() checks.Claim[ladder] {
	grid := ladder{Data: data.Spec{Kind: data.Sphere, N: 5, D: 2, Seed: 3, Labels: data.Sign}, Widths: []int{16, 64, 256, 1024}, Kappa: 100, Step: 1, T: 4, Trials: 600, Resolution: 0.05}
	small := ladder{Data: data.Spec{Kind: data.Sphere, N: 4, D: 8, Seed: 3, Labels: data.Planted}, Widths: []int{32, 128, 512}, Kappa: 1, Step: 1, T: 16, Trials: 24, Resolution: 0.2}
	flips := small
	flips.Kappa = 1e-3
	images := ladder{Data: images.Easy(data.Fashion, 12, 49), Widths: []int{256, 1024, 4096, 16384}, Kappa: 1, Step: 1, T: 42, Trials: 36, Resolution: 0.2}
	with := func(decay decay) func(ladder) (checks.Instance, error) {
		return func(p ladder) (checks.Instance, error) { return trajectoryLadder(p, decay) }
	}
	return checks.Claim[ladder]{
		ID: "arora2019fine/trajectory-rate", Title: "residual vector follows the limit kernel", Reference: "derived here, after Theorem 4.1",
		Formula:    `\max_k \lVert e(k) - (I-\eta H^\infty)^k e(0) \rVert / \lVert y \rVert \sim m^{-1/2}`,
		Convention: convention + ", antisymmetric pairs", Basis: checks.Derived, Form: checks.Scaling{}, Along: "width $m$", Version: 2,
		Grid:  []ladder{grid, images},
		Cost:  ladder.cost,
		Setup: with(func(_ problem, eta, lambda float64, k int) float64 { return math.Pow(1-eta*lambda, float64(k)) }),
		Controls: []checks.Control[ladder]{{
			Name: "one-rate", Why: "every direction decays at the rate of lambda_0", At: []ladder{small},
			Setup: with(func(f problem, eta, _ float64, k int) float64 {
				return math.Pow(1-eta*f.low.Value, float64(k))
			}),
		}, {
			Name: "reversed-spectrum", Why: "projections on large eigenvalues decay at the rates of small ones", At: []ladder{small},
			Setup: with(func(f problem, eta, lambda float64, k int) float64 {
				return math.Pow(1-eta*(f.low.Value+f.high.Value-lambda), float64(k))
			}),
		}, {
			Name: "tiny-start", Why: "kappa = 1e-3: about half of the activations flip at every width", At: []ladder{flips},
		}},
	}
}

// ladder are the parameters of a claim on how something scales with the width.
type ladder struct {
	Data   data.Spec `json:"data"`
	Widths []int     `json:"widths"`
	Kappa  float64   `json:"kappa"`
	Step   float64   `json:"step"`
	T      int       `json:"t"`
	Trials int       `json:"trials"`
	Growth float64   `json:"growth,omitempty"` // labels are multiplied by m^growth
	Group  int       `json:"group,omitempty"`  // networks at each width in one trial, joined by the root of the mean square; 0 means 1
	// Resolution is how far from the exponent the slope of a finite ladder may be.
	Resolution float64 `json:"resolution"`
	Pairs      bool    `json:"pairs,omitempty"` // antisymmetric, in claims that leave the choice
}

func (p ladder) cost() checks.Cost {
	c := checks.Cost{Setup: setupWork(p.Data), Size: fmt.Sprintf("m=%d", p.Widths[len(p.Widths)-1])}
	for _, m := range p.Widths {
		rung := run{Data: p.Data, M: m, T: p.T}.cost()
		c.Trial += float64(max(1, p.Group)) * rung.Trial
		c.Bytes = math.Max(c.Bytes, rung.Bytes)
	}
	return c
}

// climb runs a group of networks a rung and records the root mean square of what value returns of them.
func (p ladder) climb(f problem, pairs nets.Symmetry, value func(d *train.Descent, m int) float64) checks.Trial {
	eta := f.step(p.Step)
	return func(r *rand.Rand) checks.Measurement {
		var m checks.Measurement
		for _, width := range p.Widths {
			scaled := f
			scaled.y = floats.ScaleTo(make([]float64, len(f.y)), math.Pow(float64(width), p.Growth), f.y)
			values := make([]float64, max(1, p.Group))
			for i := range values {
				d, err := scaled.descent(f.network(width, p.Kappa, pairs, r), eta)
				if err != nil {
					return checks.Failed(err)
				}
				values[i] = value(d, width)
			}
			m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: floats.Norm(values, 2) / math.Sqrt(float64(len(values)))})
		}
		return m
	}
}

// decay is the factor on the projection with eigenvalue lambda after k steps.
type decay func(f problem, eta, lambda float64, k int) float64

func trajectoryLadder(p ladder, decay decay) (checks.Instance, error) {
	f, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	lin, err := train.NewLinear(f.h)
	if err != nil {
		return checks.Instance{}, err
	}
	eta, norm := f.step(p.Step), floats.Norm(f.y, 2)
	predicted := make([][]float64, p.T+1) // of u - y, which starts at -y
	for k := range predicted {
		predicted[k] = lin.Apply(floats.ScaleTo(make([]float64, len(f.y)), -1, f.y), func(lambda float64) float64 { return decay(f, eta, lambda, k) })
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{f.certified()},
		Facts:      []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("lambda_max", f.high.Value)},
		Terms:      checks.Terms{Trials: p.Trials, Exponent: -0.5, Relation: checks.Equal, Resolution: checks.Float(p.Resolution)},
		Trial: p.climb(f, nets.Antisymmetric, func(d *train.Descent, _ int) float64 {
			off := 0.0
			for k := 1; k <= p.T; k++ {
				d.Step()
				off = math.Max(off, floats.Distance(d.State().Residual, predicted[k], 2))
			}
			return off / norm
		}),
	}, nil
}

// aPosteriori is what the proof of the main theorem shows without any assumption.
//
// Setting: any unit inputs (repeated and antipodal ones too), any labels, any initial network, gradient descent with
// 0 < eta <= 1/lambda_max(H^inf), e(k) = y - u(k), xi(k) = u(k+1) - u(k) - eta H^inf e(k).
//
// Hypotheses: none.
//
// Conclusion: ||e(k) - (I - eta H^inf)^k e(0)|| <= sum_{j<k} (1 - eta lambda_0)^{k-1-j} ||xi(j)|| for every k, with
// lambda_0 >= 0 the smallest eigenvalue. At k = 1 both sides are ||xi(0)||, so k >= 2 is measured.
//
// Constants: derived: unroll e(k+1) = (I - eta H^inf) e(k) - xi(k); ||I - eta H^inf|| = 1 - eta lambda_0.
//
// Convention: 1/sqrt(m) scaling, loss a sum, any kappa.
//
// Reference: derived here, after the proof of Theorem 4.1. Tolerance: T n units of rounding of ||e(0)|| + ||y|| + eta ||H|| ||e||,
// which is what forming xi and the linear recursion costs.
//
// Control: nine tenths of the bound, on one input: there all xi have one sign and the bound is attained.
// Constant: the step, which may grow to 2/(lambda_0 + lambda_max).
func aPosteriori() checks.Claim[run] {
	sphere := data.Spec{Kind: data.Sphere, N: 8, D: 5, Seed: 2}
	pair := run{data.Spec{Kind: data.Sphere, N: 2, D: 12, Seed: 1}, 200, 1, 1, 6}
	return checks.Claim[run]{
		ID: "arora2019fine/trajectory-aposteriori", Title: "deviation from the limit recursion", Reference: "derived here, after the proof of Theorem 4.1",
		Formula:    `\lVert e(k) - (I-\eta H^\infty)^k e(0) \rVert \le \sum_{j<k} (1-\eta\lambda_0)^{k-1-j} \lVert \xi(j) \rVert`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: runs(gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 6}), 60, 20),
		Grid: []run{
			{sphere, 200, 1, 1, 40}, pair,
			{data.Spec{Kind: data.Antipodal, N: 6, D: 4, Seed: 1}, 50, 0.1, 1, 40},
			{images.Easy(data.MNIST, 20, 49), 500, 1, 1, 60},
			{images.Easy(data.Fashion, 20, 196), 500, 0.1, 1, 60},
		},
		OnData: func(f checks.DataFile) []run { return fileRun(f, 20, 500, 1, 1, 60) },
		Cost:   run.cost,
		Setup:  func(p run) (checks.Instance, error) { return aPosterioriSetup(p, 1) },
		Controls: []checks.Control[run]{{
			Name: "nine-tenths", Why: "one input attains the bound", At: []run{{data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}, 7, 1, 0.5, 20}},
			Setup: func(p run) (checks.Instance, error) { return aPosterioriSetup(p, 0.9) },
		}},
		Constants: []checks.Constant[run]{{
			Name: "step", Why: "beyond 2/(lambda_0 + lambda_max) deviations along the largest eigenvalue last longest", At: []run{pair},
			Factors: []float64{1.05, 1.1, 1.15},
			Scaled: func(p run, factor float64) (checks.Instance, error) {
				p.Step *= factor
				return aPosterioriSetup(p, 1)
			},
		}},
	}
}

func aPosterioriSetup(p run, share float64) (checks.Instance, error) {
	f, err := withLabels(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	eta, n := f.step(p.Step), f.n()
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("lambda_max", f.high.Value)},
		Trial: func(r *rand.Rand) checks.Measurement {
			d, err := f.descent(f.network(p.M, p.Kappa, nets.Independent, r), eta)
			if err != nil {
				return checks.Failed(err)
			}
			s := d.State()
			tol := float64((p.T+10)*(n+10)) * 0x1p-52 * (s.Norm + floats.Norm(f.y, 2))
			xi, off := make([]float64, p.T), make([]float64, p.T+1)
			lin := append([]float64(nil), s.Residual...)
			step := make([]float64, n)
			for k := range p.T {
				copy(step, s.Residual)
				train.LinearStep(step, f.h, eta, append([]float64(nil), s.Residual...))
				train.LinearStep(lin, f.h, eta, append([]float64(nil), lin...))
				d.Step()
				xi[k] = floats.Distance(s.Residual, step, 2)
				off[k+1] = floats.Distance(s.Residual, lin, 2)
			}
			bound := bounds.APosteriori(eta, f.floor(), xi)
			var w worst
			for k := 2; k <= p.T; k++ {
				w.add(checks.Measurement{Observed: off[k], Predicted: share * bound[k], Tolerance: tol})
			}
			m := w.result("")
			m.Series = []checks.Series{steps("deviation", "measured", "deviation of the residual", off[1:]), steps("bound", "bound", "deviation of the residual", bound[1:])}
			return m
		},
	}, nil
}

// stepResidual says where the deviation of one step comes from.
//
// Setting: as for trajectory-aposteriori; H(j) is the Gram matrix of the network at step j and
// r(j) = u(j+1) - u(j) - eta H(j) e(j), so that xi(j) = eta (H(j) - H^inf) e(j) + r(j).
//
// Hypotheses: none.
//
// Conclusion: for every sample i and step j, |r_i(j)| <= (eta/m) ||X|| ||e(j)|| f_i(j), with f_i(j) the number of
// neurons whose activity on x_i changed in the step; in particular r_i(j) = 0 where none did.
//
// Constants: derived. An unflipped neuron contributes its linear term exactly; for a flipped one
// |relu(w'x) - relu(wx) - 1{wx >= 0}(w'x - wx)| <= |w'x - wx| <= eta ||dL/dw_r|| <= eta ||X|| ||e||/sqrt m.
//
// Convention: 1/sqrt(m) scaling, loss a sum, any kappa.
//
// Reference: derived here, after the proof of Theorem 4.1. Tolerance: rounding of an output, a sum over m neurons whose terms
// are up to |w_r . x|/sqrt m.
//
// Control: without the flip term, r = 0: false as soon as one neuron flips, as many do at kappa = 0.01; and four fifths of
// the bound, on one input.
func stepResidual() checks.Claim[run] {
	sphere := data.Spec{Kind: data.Sphere, N: 6, D: 4, Seed: 5}
	one := run{data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}, 400, 0.3, 0.1, 60}
	return checks.Claim[run]{
		ID: "arora2019fine/step-residual", Title: "one step is linear but for flips", Reference: "derived here, after the proof of Theorem 4.1",
		Formula:    `| u_i(j+1) - u_i(j) - \eta (H(j) e(j))_i | \le \frac{\eta}{m} \lVert X \rVert \lVert e(j) \rVert \, f_i(j)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: runs(gen.Specs(gen.Range{MinN: 1, MaxN: 6, MinD: 1, MaxD: 5}), 40, 8),
		Grid: []run{
			one, {sphere, 100, 0.01, 1, 20},
			{sphere, 200, 1, 1, 20},
			{images.Classes(data.MNIST, 15, 49, 3, 5), 200, 0.1, 1, 20},
			{images.Classes(data.Fashion, 15, 49, 2, 4), 200, 0.1, 1, 20},
		},
		OnData: func(f checks.DataFile) []run { return fileRun(f, 15, 200, 0.1, 1, 20) },
		Cost:   run.measuredCost,
		Setup:  func(p run) (checks.Instance, error) { return stepResidualSetup(p, 1) },
		Controls: []checks.Control[run]{{
			Name: "no-flip-term", Why: "flipped neurons are not linear", At: []run{{sphere, 100, 0.01, 1, 20}},
			Setup: func(p run) (checks.Instance, error) { return stepResidualSetup(p, 0) },
		}, {
			Name: "four-fifths", Why: "a neuron that lies near its hyperplane and flips alone attains the bound", At: []run{one},
			Setup: func(p run) (checks.Instance, error) { return stepResidualSetup(p, 0.8) },
		}},
	}
}

// stepResidualSetup takes a share of the bound in controls.
func stepResidualSetup(p run, share float64) (checks.Instance, error) {
	f, err := withLabels(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	eta, n := f.step(p.Step), f.n()
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("||X||", f.s)},
		Trial: func(r *rand.Rand) checks.Measurement {
			d, err := f.descent(f.network(p.M, p.Kappa, nets.Independent, r), eta)
			if err != nil {
				return checks.Failed(err)
			}
			s := d.State()
			before, after := nets.NewPatterns(n, p.M), nets.NewPatterns(n, p.M)
			flips, linear := make([]int, n), make([]float64, n)
			var w worst
			for range p.T {
				norm := s.Norm
				s.Batch.Patterns(before)
				copy(linear, s.U)
				train.LinearStep(linear, s.Gram(), eta, append([]float64(nil), s.Residual...))
				d.Step()
				s.Batch.Patterns(after)
				after.Flips(flips, before)
				tol := 1e-13 * (1 + norm + outputScale(s.Batch))
				for i, u := range s.U {
					bound := share * bounds.StepResidual(eta, f.s, norm, flips[i], p.M)
					w.add(checks.Measurement{Observed: math.Abs(u - linear[i]), Predicted: bound, Tolerance: tol})
				}
			}
			return w.result("")
		},
	}, nil
}

// outputScale is max_i sum_r |w_r . x_i|/sqrt m, the size of the terms that an output sums.
func outputScale(b *nets.Batch) float64 {
	m, n := b.Z.Dims()
	most := 0.0
	for i := range n {
		var sum float64
		for r := range m {
			sum += math.Abs(b.Z.At(r, i))
		}
		most = math.Max(most, sum)
	}
	return most / math.Sqrt(float64(m))
}
