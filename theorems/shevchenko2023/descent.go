package shevchenko2023

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/autoencoder"
	"convergo/theorems/internal/curve"
)

// local is a step from rows that are nearly orthonormal.
type local struct {
	N          int     `json:"n"`
	D          int     `json:"d"`
	Act        string  `json:"act,omitempty"`
	Cubic      float64 `json:"cubic,omitempty"`
	Tied       bool    `json:"tied,omitempty"`
	Riemannian bool    `json:"riemannian,omitempty"`
	Step       float64 `json:"step_over_d"`     // eta/d
	Away       float64 `json:"away"`            // |B B^T - I|_F at the start
	Equal      bool    `json:"equal,omitempty"` // all inner products of two rows are the same, instead of random
}

// localDescent is what a gradient step does near the minimisers at n <= d.
//
// Setting: x ~ N(0, I_d), 2 <= n <= d; sigma odd; B close to orthonormal rows, E = B B^T - I; the decoder the best one at each step, or
// tied at the best scale; a projected step B <- normalise(B - eta grad R) along the gradient on the product of
// spheres, or a Riemannian one along great circles.
//
// Hypotheses: |E|_F <= 1e-4; 0 < eta <= 2 d.
//
// Conclusion: R - limit = (kappa/d) |E|_F^2 ("risk"), up to a relative error of 2 |E|_F + f(1) |E|_F^2, and a step turns |E|_F into (|1 - 8 kappa eta/d| +
// delta) |E|_F, |delta| <= 50 |E|_F ("contraction"). kappa = (f(1)-1)/f(1)^3 for the best decoder, 0.1473 for the sign, and 1/f(1)^2 for the
// tied one, 0.405. So orthonormal rows attract for eta < d/(4 kappa), repel beyond, and eta = d/(8 kappa) is the best step.
//
// Constants: derived. f(Q) = f(1) I + E + O(E^3), Tr F^{-1} Q = [n + (1/f(1)^2 - 1/f(1)) |E|^2]/f(1); sum q f(q) = n f(1) + |E|^2. The
// gradient is (4 kappa/d) E B to first order, (B - eta grad)(B - eta grad)^T - I = (1 - 8 kappa eta/d) E, and lengths change to
// second order. The remainders: of the risk, Tr E^3/(f(1) |E|^2) <= |E|_F of it, and f(1) |E|_F^2 for the cubes of E in f(Q). Of a step, with a
// tied decoder, [(4 kappa eta/d)^2 - 8 kappa eta/d] E^2, 48 E^2 at eta = 2 d and f(1) = 1, which is 48 |E|_F |E|_F nearly, if all
// products of rows are equal: 43.4 |E|_F of 16 rows. The rest is stated with room, and the best decoder's part with
// much: in 20000 draws it was at most 1.4 |E|_F, and with a tied decoder and the sign 3.7 |E|_F.
//
// Convention: risk per coordinate; eta is the step on R.
//
// Reference: Shevchenko, Kögler, Hassani, Mondelli (2023), gradient method at r <= 1; the local rate is derived here.
//
// Control: kappa half a per cent larger in either part; a start ten times as far from orthonormal rows; a
// step of 2.5 d; four fifths of the remainder 50 |E|_F.
func localDescent() checks.Checkable {
	usual := local{N: 4, D: 6, Step: 0.5, Away: 2e-5}
	far := usual
	far.Away, far.Equal = 1e-3, true
	close12 := local{N: 12, D: 12, Tied: true, Act: "cubic", Cubic: 0.05, Step: 2, Away: 1e-4, Equal: true}
	long := close12
	long.Step = 2.5
	free := func(p local) (checks.Instance, error) {
		inst, err := p.instance(1, 1, 1)
		inst.Hypotheses = nil
		return inst, err
	}
	setup := func(risk, rate, remainder float64) func(local) (checks.Instance, error) {
		return func(p local) (checks.Instance, error) { return p.instance(risk, rate, remainder) }
	}
	return checks.Claim[local]{
		ID: "shevchenko2023/local-descent", Title: "gradient steps near orthonormal rows", Reference: "gradient method at r <= 1; derived here",
		Formula:    `R - R_\ast \approx \frac{\kappa}{d} \|BB^\top - I\|_F^2, \quad \|B_+B_+^\top - I\|_F \approx \Bigl|1 - \frac{8\kappa\eta}{d}\Bigr|\,\|BB^\top - I\|_F`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) local {
			d := rapid.IntRange(2, 8).Draw(t, "d")
			p := local{
				N: rapid.IntRange(2, d).Draw(t, "n"), D: d, Tied: rapid.Bool().Draw(t, "tied"), Riemannian: rapid.Bool().Draw(t, "riemannian"),
				Step: rapid.SampledFrom([]float64{0.01, 0.1, 1, 2}).Draw(t, "step"), Away: rapid.SampledFrom([]float64{1e-5, 1e-4}).Draw(t, "away"),
				Equal: rapid.Bool().Draw(t, "equal"),
			}
			if rapid.Bool().Draw(t, "cubic") {
				p.Act, p.Cubic = "cubic", rapid.SampledFrom([]float64{0.1, 0.5, 1, 3}).Draw(t, "share")
			}
			return p
		}),
		Grid: []local{
			usual, {N: 2, D: 2, Step: 0.5, Away: 2e-5}, {N: 5, D: 5, Tied: true, Step: 0.2, Away: 2e-5},
			{N: 4, D: 7, Riemannian: true, Step: 1.6, Away: 2e-5}, {N: 4, D: 7, Step: 1.8, Away: 2e-5}, // on either side of 1.6975
			{N: 3, D: 5, Act: "cubic", Cubic: 0.8, Step: 0.5, Away: 2e-5},
			close12, // 41 of the 50 |E|
		},
		Cost:  func(p local) checks.Cost { return checks.Cost{Trial: 4 * code{N: p.N, D: p.D}.pairCost()} },
		Setup: setup(1, 1, 1),
		Controls: []checks.Control[local]{
			{Name: "larger-curvature", Why: "the risk is exact to second order", At: []local{usual}, Setup: setup(1.005, 1, 1)},
			{Name: "larger-rate", Why: "the contraction is exact to first order", At: []local{usual}, Setup: setup(1, 1.005, 1)},
			{Name: "long-step", Why: "at eta = 2.5 d the second order of twelve rows with equal products is 69 |E|", At: []local{long}, Setup: free},
			{Name: "smaller-remainder", Why: "of twelve rows with equal products the second order is 41 |E|, more than four fifths of 50 |E|", At: []local{close12}, Setup: setup(1, 1, 0.8)},
			{
				Name: "far-start", Why: "ten times as far from orthonormal rows the next order is 3.7e-4 of the risk", At: []local{far}, Setup: free,
			},
		},
	}
}

func (p local) instance(risk, rate, remainder float64) (checks.Instance, error) {
	act, theory, err := code{Act: p.Act, Cubic: p.Cubic}.act()
	if err != nil {
		return checks.Instance{}, err
	}
	law, decoding := bounds.BestDecoder, autoencoder.Optimal
	if p.Tied {
		law, decoding = bounds.TiedDecoder, autoencoder.Tied
	}
	eta, d := p.Step*float64(p.D), float64(p.D)
	contraction := theory.RowContraction(law, eta, p.D)
	term := rate * (contraction - 1)
	kappa := risk * theory.Curvature(law)
	limit := theory.Limit(p.N, p.D)
	within := min(p.Away, 1e-4)
	curved, bent := within*(2+theory.F(1)*within), remainder*50*within
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{
			checks.Require("n", float64(p.N), checks.AtLeast, 2), checks.Require("d over n", d/float64(p.N), checks.AtLeast, 1),
			checks.Require("|E|", p.Away, checks.AtMost, 1e-4), checks.Require("eta/d", p.Step, checks.AtMost, 2),
		},
		Facts: []checks.Fact{checks.NewFact("kappa", theory.Curvature(law)), checks.NewFact("largest stable eta/d", 1/(4*theory.Curvature(law)))},
		Trial: func(r *rand.Rand) checks.Measurement {
			b, err := p.start(r)
			if err != nil {
				return checks.Failed(err)
			}
			s := autoencoder.Descent{Net: &autoencoder.Network{B: b, Act: act}, Step: eta, Decoding: decoding, Riemannian: p.Riemannian}
			away := autoencoder.FrameError(b)
			start, err := s.Risk()
			if err != nil {
				return checks.Failed(err)
			}
			if err := s.Next(); err != nil {
				return checks.Failed(err)
			}
			// Signed: beyond the best step E is turned around.
			after := autoencoder.FrameError(b) / away
			if contraction < 0 {
				after = -after
			}
			// The risk is known to some units of rounding of its sum, the quotient to that over |E|^2/d.
			rounding := 64 * float64(p.N) * unit * d / (away * away)
			return checks.All(
				checks.Measurement{Part: "risk", Observed: (start - limit) * d / (away * away), Predicted: kappa, Relation: checks.Equal, Tolerance: curved*kappa + rounding},
				checks.Measurement{Part: "contraction", Observed: after, Predicted: 1 + term, Term: term, Relation: checks.Equal, Tolerance: bent},
			)
		},
	}, nil
}

// start draws unit rows with |B B^T - I|_F near Away: orthonormal ones with small multiples of each other added.
func (p local) start(r *rand.Rand) (*mat.Dense, error) {
	if p.N < 2 || p.N > p.D {
		return nil, fmt.Errorf("%d rows in %d dimensions: give two at least, and no more than dimensions", p.N, p.D)
	}
	b := autoencoder.HaarRows(p.N, p.D, r)
	w := nets.Gaussian(p.N, p.N, r)
	for i := range p.N {
		w.Set(i, i, 0)
		for j := range i {
			if p.Equal {
				w.Set(j, i, 1)
			}
			w.Set(i, j, w.At(j, i))
		}
	}
	w.Scale(p.Away/(2*mat.Norm(w, 2)), w)
	var shift mat.Dense
	shift.Mul(w, b)
	b.Add(b, &shift)
	nets.NormaliseRows(b)
	return b, nil
}

// training is a run from Gaussian rows.
type training struct {
	N     int     `json:"n"`
	D     int     `json:"d"`
	Tied  bool    `json:"tied,omitempty"`
	Step  float64 `json:"step_over_d"` // eta/d
	Steps int     `json:"steps"`
	Lost  bool    `json:"lost,omitempty"`  // the rows start without their last coordinate
	Scale float64 `json:"scale,omitempty"` // of a tied decoder, over the best one at the end
}

// gaussianStart is the gradient method from a random start, at rates on both sides of one.
//
// Setting: x ~ N(0, I_d), n sign units, rows N(0, I_d) scaled to length one; projected gradient steps of size 0.3 d with the best decoder,
// or the best tied one.
//
// Hypotheses: n <= d, where orthonormal rows are best; or (n, d) has an equiangular tight frame: n = d+1, and (6, 3).
//
// Conclusion: with probability at least 0.8 the risk after 100 steps is at most 1.01 times 1 - (n^2/d)/[n f(1) + n(n-1) phi(t)], in the
// notation of welch: the limit of lower-bound for n <= d, and for n > d what the best tied network attains at these sizes.
//
// Constants: the target is derived, the number of steps is fitted here: of 150 runs at each size 96 per cent and more came there,
// most of them to within 1e-3. The paper has a rate and a probability 1 - C e^{-cd} with hidden constants, recalled. Since the number is fitted, a failure counts as undecided.
//
// Convention: risk per coordinate; eta is the step on R.
//
// Reference: Shevchenko, Kögler, Hassani, Mondelli (2023), gradient methods reach the limit; the numbers are found here.
//
// Control: rows that start without the last coordinate, which no step gives back; a step of 1.75 d, at which orthonormal rows repel; a
// tied decoder with a scale fixed a tenth too high, at which rows still become orthonormal; five rows in R^3, which have no equiangular frame.
func gaussianStart() checks.Checkable {
	square := training{N: 4, D: 4, Step: 0.3, Steps: 100}
	corners := training{N: 5, D: 4, Step: 0.3, Steps: 100}
	crowded := training{N: 5, D: 3, Tied: true, Step: 0.3, Steps: 100}
	unstable, lost, high := square, corners, square
	unstable.Step, lost.Lost = 1.75, true
	high.Tied, high.Scale = true, 1.1
	return checks.Claim[training]{
		ID: "shevchenko2023/gaussian-start", Title: "gradient steps from a random start", Reference: "gradient methods; numbers found here",
		Formula:    `R(B_{100}) \le 1.01\,\Bigl(1 - \frac{n^2/d}{n f(1) + n(n-1)\,\phi(t)}\Bigr)`,
		Convention: convention, Basis: checks.Fitted, Form: checks.Probably{}, Version: 1,
		Grid: []training{
			square, {N: 3, D: 8, Step: 0.3, Steps: 100}, {N: 6, D: 6, Tied: true, Step: 0.3, Steps: 100}, corners,
			{N: 6, D: 3, Tied: true, Step: 0.3, Steps: 100}, {N: 8, D: 7, Step: 0.3, Steps: 100},
		},
		Cost: func(p training) checks.Cost {
			return checks.Cost{Trial: float64(p.Steps) * code{N: p.N, D: p.D}.pairCost() * 2, Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: training.instance,
		Controls: []checks.Control[training]{
			{Name: "lost-coordinate", Why: "gradients stay in the span of the rows: one dimension of four stays unseen, and the risk is 0.45", At: []training{lost}},
			{Name: "large-step", Why: "from eta = 1.70 d on orthonormal rows repel: at 1.75 d the risk stays 3.7 per cent above the limit", At: []training{unstable}},
			{Name: "high-scale", Why: "a scale a tenth too high loses a hundredth of the gain, 1.7 per cent of the risk", At: []training{high}},
			{
				Name: "no-frame", Why: "five lines in R^3 cannot be equiangular: the best that tied networks attain is 1.5 per cent above the bound", At: []training{crowded},
				Setup: func(p training) (checks.Instance, error) {
					inst, err := p.instance()
					inst.Hypotheses = nil
					return inst, err
				},
			},
		},
	}
}

func (p training) instance() (checks.Instance, error) {
	target := bounds.SignCode().TiedLimit(p.N, p.D)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.RequireThat("orthonormal rows or an equiangular frame", p.N <= p.D+1 || p.N == 6 && p.D == 3)},
		Facts:      []checks.Fact{checks.NewFact("target", target), checks.NewFact("limit", bounds.SignCode().Limit(p.N, p.D))},
		Terms:      checks.Terms{Delta: 0.2},
		Trial:      func(r *rand.Rand) checks.Measurement { return p.run(target, r) },
	}, nil
}

func (p training) run(target float64, r *rand.Rand) checks.Measurement {
	b := nets.Gaussian(p.N, p.D, r)
	if p.Lost {
		for i := range p.N {
			b.Set(i, p.D-1, 0)
		}
	}
	nets.NormaliseRows(b)
	s := autoencoder.Descent{Net: &autoencoder.Network{B: b, Act: autoencoder.Sign()}, Step: p.Step * float64(p.D)}
	if p.Tied {
		s.Decoding = autoencoder.Tied
	}
	if p.Scale != 0 {
		s.Decoding, s.Beta = autoencoder.FixedTied, p.Scale*math.Sqrt(2/math.Pi)
	}
	var steps, risks, targets []float64
	for t := range p.Steps + 1 {
		if t%5 == 0 || t == p.Steps {
			risk, err := s.Risk()
			if err != nil {
				return checks.Failed(err)
			}
			steps, risks, targets = append(steps, float64(t)), append(risks, risk), append(targets, target)
		}
		if t < p.Steps {
			if err := s.Next(); err != nil {
				return checks.Failed(err)
			}
		}
	}
	axes := curve.Axes{X: "step", Y: "risk per coordinate"}
	return checks.Measurement{Observed: risks[len(risks)-1], Predicted: 1.01 * target, Series: axes.Against("risk", steps, risks, targets)}
}
