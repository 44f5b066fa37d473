package arora2019fine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/images"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// neuronMovement bounds how far any neuron travels, from the measured rate.
//
// Setting: any unit inputs, labels and initial network; gradient descent with any eta > 0.
//
// Hypotheses: on the draw: lambda > 0 is the largest number with ||e(j)|| <= (1 - eta lambda/2)^j ||e(0)|| for all
// j < T. The rate is on the norm, not on the loss.
//
// Conclusion: ||w_r(k) - w_r(0)|| <= 2 ||X|| ||e(0)||/(sqrt m lambda) for every neuron r and k <= T.
//
// Constants: derived: a step moves a neuron by eta ||X|| ||e||/sqrt m at most, and the rates sum to 2/(eta lambda). The
// source states 4 sqrt n in place of 2 ||X||, under the width of Theorem 3.1. Attained by one input.
//
// Convention: 1/sqrt(m) scaling, loss a sum, any kappa.
//
// Reference: derived here, after Lemma C.1. Tolerance: rounding of the weights, T units.
//
// Control: nine tenths of the bound, on one input.
func neuronMovement() checks.Claim[run] {
	// As many steps as leave a residual above rounding, which would slow the measured rate.
	one := run{data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}, 1000, 1, 0.5, 20}
	return checks.Claim[run]{
		ID: "arora2019fine/neuron-movement", Title: "movement of each neuron", Reference: "derived here, after Lemma C.1",
		Formula:    `\lVert w_r(k)-w_r(0) \rVert \le \frac{2 \lVert X \rVert \lVert e(0) \rVert}{\sqrt{m} \, \lambda}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 3,
		Space: runs(gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 6}), 80, 30),
		Grid: []run{
			one, {data.Spec{Kind: data.Sphere, N: 8, D: 8, Seed: 1}, 500, 1, 1, 100},
			{images.Easy(data.MNIST, 20, 49), 300, 1, 1, 100},
			{images.Classes(data.Fashion, 20, 196, 2, 4), 300, 1, 1, 100},
		},
		OnData: func(f checks.DataFile) []run { return fileRun(f, 20, 300, 1, 1, 100) },
		Cost:   run.measuredCost,
		Setup:  func(p run) (checks.Instance, error) { return neuronSetup(p, 1) },
		Controls: []checks.Control[run]{{
			Name: "nine-tenths", Why: "one input attains the bound", At: []run{one},
			Setup: func(p run) (checks.Instance, error) { return neuronSetup(p, 0.9) },
		}},
	}
}

func neuronSetup(p run, share float64) (checks.Instance, error) {
	f, err := withLabels(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	eta := f.step(p.Step)
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("||X||", f.s)},
		Trial: func(r *rand.Rand) checks.Measurement {
			d, err := f.descent(f.network(p.M, p.Kappa, nets.Independent, r), eta)
			if err != nil {
				return checks.Failed(err)
			}
			s := d.State()
			e0, lambda, most := s.Norm, 2/eta, 0.0
			for k := 1; k <= p.T; k++ {
				if k > 1 { // the rate is asked of the residuals before the last step
					lambda = math.Min(lambda, 2/eta*(1-math.Pow(s.Norm/e0, 1/float64(k-1))))
				}
				d.Step()
				largest, _ := s.Movement()
				most = math.Max(most, largest)
			}
			lambda *= 1 - 1e-12
			return checks.Measurement{
				Observed: most, Predicted: share * bounds.RateMovement(f.s, e0, lambda, p.M),
				Tolerance:  1e-15 * float64(p.T) * (1 + p.Kappa) * 8,
				Hypotheses: []checks.Hypothesis{checks.RequireThat("the residual shrinks", e0 > 0 && lambda > 1e-9/eta)},
			}
		},
	}, nil
}

// movementIdentity says how far the weights are from their start when no neuron flips.
//
// Setting: any unit inputs and labels, antisymmetric start of a large scale kappa, gradient descent with
// 0 < eta <= 1/||X||^2, and so eta <= 1/lambda_max(H(0)).
//
// Hypotheses: on the draw: no activation changes in the T steps.
//
// Conclusion: ||W(k) - W(0)||_F^2 = sum_i (v_i . e(0))^2 (1 - (1 - eta lambda_i)^k)^2/lambda_i for the eigenpairs of H(0),
// which increases to e(0)^T H(0)^{-1} e(0), and is at most that wherever H(0) is certified positive definite.
//
// Constants: derived: W(k) - W(0) = Z(0) H(0)^{-1} (e(0) - e(k)). Finite k needs no invertible H(0), where the limit does.
//
// Convention: 1/sqrt(m) scaling, loss a sum, neurons in antisymmetric pairs.
//
// Reference: derived here; the identity of the linearised network in Section 5.2, at finite k. Tolerance: 1e-9 relative, and the rounding of the
// eigenvalues of H(0) and of W(k) - W(0), a small difference of weights of size kappa.
//
// Control: kappa = 0.01: most activations flip, and the identity fails.
func movementIdentity() checks.Claim[run] {
	sphere := data.Spec{Kind: data.Sphere, N: 5, D: 6, Seed: 1}
	return checks.Claim[run]{
		ID: "arora2019fine/movement-identity", Title: "distance travelled without flips", Reference: "derived here, after Section 5.2",
		Formula:    `\lVert W(k)-W(0) \rVert_F^2 = \sum_i (v_i^\top e(0))^2 \frac{(1-(1-\eta\lambda_i)^k)^2}{\lambda_i} \le e(0)^\top H(0)^{-1} e(0)`,
		Convention: convention + ", antisymmetric pairs", Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) run {
			return run{gen.Specs(gen.Range{MinN: 1, MaxN: 6, MinD: 1, MaxD: 6}).Draw(t, "data"), 2 * rapid.IntRange(1, 30).Draw(t, "half the width"),
				rapid.SampledFrom([]float64{1e3, 30, 1e4}).Draw(t, "kappa"), rapid.Float64Range(0.05, 1).Draw(t, "step"), rapid.IntRange(1, 30).Draw(t, "steps")}
		}),
		Grid: []run{
			{sphere, 64, 1e3, 1, 100},
			{images.Easy(data.MNIST, 12, 49), 200, 1e4, 1, 200},
			{images.Easy(data.Fashion, 12, 49), 200, 1e4, 1, 200},
		},
		OnData: func(f checks.DataFile) []run { return fileRun(f, 12, 200, 1e4, 1, 200) },
		Cost:   run.cost,
		Setup:  identitySetup,
		Controls: []checks.Control[run]{{
			Name: "flips", Why: "kappa = 0.01 lets activations change", At: []run{{sphere, 64, 0.01, 1, 100}},
		}},
	}
}

func identitySetup(p run) (checks.Instance, error) {
	f, err := withLabels(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	eta := p.Step / (f.s * f.s)
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("||X||", f.s)},
		Trial: func(r *rand.Rand) checks.Measurement {
			d, err := f.descent(f.network(p.M, p.Kappa, nets.Antisymmetric, r), eta)
			if err != nil {
				return checks.Failed(err)
			}
			s := d.State()
			h := mat.NewSymDense(f.n(), nil)
			h.CopySym(s.Gram())
			e0 := append([]float64(nil), s.Residual...)
			modes, err := bounds.NewModes(h, e0)
			if err != nil {
				return checks.Failed(err)
			}
			flipped := 0
			for range p.T {
				d.Step()
				_, total := s.Flips()
				flipped += total
			}
			_, moved := s.Movement()
			// Every step rounds each of the m d weights, of size kappa at most a few times over. An eigenvalue off by
			// n u ||X||^2 changes its term by (eta T)^2 times that: squares are compared, since near 0 their roots lose half the digits.
			_, cols := f.span.Dims()
			rounding := 1e-15 * p.Kappa * float64(p.T) * math.Sqrt(float64(p.M*cols))
			reach := eta * float64(p.T) * f.s * floats.Norm(e0, 2)
			tol := 1e-9*moved*moved + 2*moved*rounding + rounding*rounding + 8*float64(f.n())*0x1p-52*reach*reach
			limit := modes.GDDisplacement(eta, p.T)
			parts := []checks.Measurement{{Part: "identity", Observed: moved * moved, Predicted: limit * limit, Relation: checks.Equal, Tolerance: tol}}
			inv, err := eig.NewInverse(h, 1e-14*float64(f.n()))
			if err != nil {
				return checks.Failed(err)
			}
			if q := inv.Form(e0); q.OK {
				parts = append(parts, checks.Measurement{Part: "limit", Observed: moved * moved, Predicted: q.Upper(), Tolerance: tol})
			}
			m := checks.Each(parts...)
			m.Hypotheses = []checks.Hypothesis{checks.Require("flips", float64(flipped), checks.AtMost, 0)}
			return m
		},
	}, nil
}

// movementRate is the distance travelled as the width grows.
//
// Setting: n unit inputs, labels y, antisymmetric start of scale kappa, gradient descent with eta <= 1/lambda_max.
//
// Hypotheses: lambda_0 certified positive; data, eta and the number of steps fixed as m grows.
//
// Conclusion: ||W(T) - W(0)||_F - P, as a root mean square over draws, behaves like m^{-1/2}, where P is the distance in the
// limit kernel after T steps, which is sqrt(y^T (H^inf)^{-1} y) for T to infinity.
//
// Constants: derived: to first order the deviation is linear in H(0) - H^inf, a mean of m/2 independent matrices, see
// trajectory-rate. Lemma 5.3 has the upper bound with the remainders poly(n, 1/lambda_0, 1/delta)/(m^{1/4} kappa^{1/2}),
// which is larger, and O(n kappa/(lambda_0 delta)), which comes from u(0) and is 0 here.
//
// The deviation is a random variable of mean near 0, whose size takes thousands of networks to tell; at kappa = 100 few
// neurons flip, so that widths from 16 on show the limit. movement-identity has the distance exactly, at any one width.
//
// Convention: 1/sqrt(m) scaling, loss a sum, neurons in antisymmetric pairs.
//
// Reference: derived here, after Lemma 5.3.
//
// Control: the labels' projections paired with the eigenvalues in reverse, for labels along the large ones: a limit that is
// too long by a factor, which no width makes good.
func movementRate() checks.Claim[ladder] {
	grid := ladder{Data: data.Spec{Kind: data.Sphere, N: 3, D: 3, Seed: 3, Labels: data.Planted}, Widths: []int{16, 80, 400}, Kappa: 100, Step: 1, T: 4, Trials: 360, Group: 10, Resolution: 0.05}
	control := ladder{Data: data.Spec{Kind: data.Sphere, N: 6, D: 4, Seed: 2, Labels: data.Planted}, Widths: []int{64, 256, 1024}, Kappa: 1, Step: 1, T: 20, Trials: 24, Resolution: 0.1}
	images := ladder{Data: images.Easy(data.MNIST, 5, 49), Widths: []int{32, 128, 512}, Kappa: 100, Step: 1, T: 12, Trials: 150, Group: 5, Resolution: 0.2}
	return checks.Claim[ladder]{
		ID: "arora2019fine/movement-rate", Title: "distance travelled tends to its limit", Reference: "derived here, after Lemma 5.3",
		Formula:    `\left| \lVert W(T)-W(0) \rVert_F - \sqrt{y^\top (H^\infty)^{-1} y} \right| \sim m^{-1/2}`,
		Convention: convention + ", antisymmetric pairs", Basis: checks.Derived, Form: checks.Scaling{}, Along: "width $m$", Version: 3,
		Grid:  []ladder{grid, images},
		Cost:  ladder.cost,
		Setup: func(p ladder) (checks.Instance, error) { return movementLadder(p, false) },
		Controls: []checks.Control[ladder]{{
			Name: "reversed-spectrum", Why: "the distance depends on which eigenvectors the labels lie along", At: []ladder{control},
			Setup: func(p ladder) (checks.Instance, error) { return movementLadder(p, true) },
		}},
	}
}

func movementLadder(p ladder, reverse bool) (checks.Instance, error) {
	f, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	modes, err := bounds.NewModes(f.h, f.y)
	if err != nil {
		return checks.Instance{}, err
	}
	if reverse {
		slices.Reverse(modes.Coef)
	}
	limit := modes.GDDisplacement(f.step(p.Step), p.T)
	q := f.inv.Form(f.y)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{f.certified()},
		Facts: []checks.Fact{checks.NewFact("lambda_0", f.low.Value), checks.NewFact("sqrt(y'H^-1 y)", math.Sqrt(q.Value)),
			checks.NewFact(fmt.Sprintf("limit after %d steps", p.T), limit)},
		Terms: checks.Terms{Trials: p.Trials, Exponent: -0.5, Relation: checks.Equal, Resolution: checks.Float(p.Resolution)},
		Trial: p.climb(f, nets.Antisymmetric, func(d *train.Descent, _ int) float64 {
			for range p.T {
				d.Step()
			}
			_, moved := d.State().Movement()
			return math.Abs(moved/limit - 1)
		}),
	}, nil
}
