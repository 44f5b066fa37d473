package allenzhu2019beyond

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/pseudo"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// training is T steps of SGD on samples drawn at random from a data set.
type training struct {
	Data data.Spec `json:"data"`
	start
	Eta float64 `json:"eta"` // times 1/(eps_a^2 m)
	T   int     `json:"steps"`
}

func (p training) eta() float64 { return p.Eta / (p.Output * p.Output * float64(p.M)) }

func (p training) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	return checks.Cost{Trial: float64(p.M) * (20*float64(d+2) + float64((p.T+n+2)*(8*d+12))), Size: fmt.Sprintf("m=%d", p.M)}
}

// order draws the samples of the steps.
func (p training) order(n int, r *rand.Rand) []int {
	order := make([]int, p.T)
	for t := range order {
		order[t] = r.IntN(n)
	}
	return order
}

func trainings(mostSteps int) *rapid.Generator[training] {
	return rapid.Custom(func(t *rapid.T) training {
		s := gen.Specs(gen.Range{MinN: 1, MaxN: 5, MinD: 1, MaxD: 4}).Draw(t, "data")
		s.LabelScale = rapid.SampledFrom([]float64{1, 0, 1e-3, 1e4}).Draw(t, "label scale")
		return training{
			Data: s, start: start{
				M: rapid.IntRange(1, 30).Draw(t, "m"), Output: rapid.SampledFrom([]float64{1, 0.05, 10}).Draw(t, "output"),
				Planted: rapid.Bool().Draw(t, "planted"), Gate: rapid.SampledFrom([]float64{0, 0.1, 1}).Draw(t, "gate"), Sign: rapid.SampledFrom([]float64{1, -1}).Draw(t, "sign"),
			},
			Eta: rapid.SampledFrom([]float64{0.01, 1, 10}).Draw(t, "eta"), T: rapid.IntRange(1, mostSteps).Draw(t, "T"),
		}
	})
}

// far is one input whose label is so far away that the loss is linear.
func far(label float64) data.Spec {
	return data.Spec{Kind: data.Basis, N: 1, D: 2, Labels: data.Const, LabelScale: label}
}

// rowMovement is how far SGD moves each neuron.
//
// Setting: any network of this form, any samples with any labels, T steps of SGD with step eta on a 1-Lipschitz loss.
//
// Hypotheses: |x| <= 1.
//
// Conclusion: after t steps row i has moved by at most eta t |a_i|, all rows by at most eta t |a|, and a pattern at any input x of the data
// has changed only where |z_i| <= eta t |a_i|.
//
// Constants: 1, derived: a step moves row i by eta |L'| |a_i| |x| where it is active. As printed rows move by sqrt(k) B tau, with tau =
// eps_a eta t and B of order sqrt(log m) to bound every |a_i|/eps_a. All three are attained by one far sample; the reach is taken 1e-11
// longer for rounding.
//
// Convention: one output.
//
// Reference: Allen-Zhu, Li, Liang (2019), Lemma B.3 and its proof; constants derived here.
//
// Control: the bounds on rows, on all rows and on patterns, each with 0.8 times the reach.
func rowMovement() checks.Checkable {
	setup := func(row, all, reach float64) func(training) (checks.Instance, error) {
		return func(p training) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			eta, longest := p.eta(), slices.Max(data.RowNorms(set.X))
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("longest input", longest, checks.AtMost, 1+1e-12)},
				Trial: func(r *rand.Rand) checks.Measurement {
					net := p.draw(set.D(), r)
					var steps, moved, bound []float64
					move, err := pseudo.Pass{Step: eta, Order: p.order(set.N(), r), Observe: func(v pseudo.Visit) {
						steps, moved = append(steps, float64(v.Step)), append(moved, norm(v.Move.RawMatrix().Data))
						bound = append(bound, eta*float64(v.Step)*norm(net.A))
					}}.Run(net, set.X, set.Y)
					if err != nil {
						return checks.Failed(err)
					}
					time := eta * float64(p.T) * (1 + 1e-11)
					most, farthest := 0.0, 0.0
					for i, a := range net.A {
						if a != 0 {
							most = math.Max(most, norm(move.RawRowView(i))/math.Abs(a))
						}
					}
					for i := range set.N() {
						farthest = math.Max(farthest, farthestFlip(net, set.X.RawRowView(i), move))
					}
					m := checks.All(
						checks.Measurement{Part: "row", Observed: most, Predicted: row * time},
						checks.Measurement{Part: "all rows", Observed: norm(move.RawMatrix().Data), Predicted: all * time * norm(net.A)},
						checks.Measurement{Part: "patterns", Observed: farthest, Predicted: reach * time},
					)
					m.Series = curve.Axes{X: "step", Y: "Frobenius norm of the movement"}.Against("SGD", steps, moved, bound)
					return m
				},
			}, nil
		}
	}
	at := training{Data: far(1e6), start: start{M: 20, Output: 1, Planted: true, Gate: 0.399, Sign: -1}, Eta: 0.8, T: 10}
	up := training{Data: far(1e6), start: start{M: 20, Output: 1, Planted: true, Gate: 1, Sign: 1}, Eta: 0.8, T: 10}
	return checks.Claim[training]{
		ID: "allenzhu2019beyond/row-movement", Title: "how far SGD moves a neuron, and which patterns it changes", Reference: "Lemma B.3; constants derived here",
		Formula:    `\|w_i^{(t)}-w_i\| \le \eta t|a_i|,\qquad 1\{z_i^{(t)}\ge 0\}\ne 1\{z_i\ge 0\} \Rightarrow |z_i| \le \eta t|a_i|`,
		Convention: convention + lossOf, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: trainings(12),
		Grid: []training{
			up, at,
			{Data: data.Spec{Kind: data.Sphere, N: 12, D: 4, Seed: 1}, start: start{M: 200, Output: 0.3}, Eta: 0.5, T: 40},
			{Data: images.Easy(data.MNIST, 12, 49), start: start{M: 100, Output: 0.3}, Eta: 0.5, T: 30},
		},
		OnData: func(f checks.DataFile) []training {
			return []training{{Data: userfile.Signed(f, 20), start: start{M: 100, Output: 0.3}, Eta: 0.5, T: 40}}
		},
		Cost: training.cost, Setup: setup(1, 1, 1),
		Controls: []checks.Control[training]{
			{Name: "row", Why: "one far sample attains it", At: []training{up}, Setup: setup(0.8, 1, 1)},
			{Name: "all-rows", Why: "one far sample attains it", At: []training{up}, Setup: setup(1, 0.8, 1)},
			{Name: "patterns", Why: "preactivations of 0.9975 times the reach change", At: []training{at}, Setup: setup(1, 1, 0.8)},
		},
	}
}

// farthestFlip is the largest |z_i|/|a_i| of the neurons whose pattern at x the movement changes.
func farthestFlip(net *pseudo.Learner, x []float64, move *mat.Dense) float64 {
	farthest := 0.0
	for i, z := range net.Start(x) {
		if (z >= 0) != (z+floats.Dot(move.RawRowView(i), x) >= 0) {
			farthest = math.Max(farthest, math.Abs(z)/math.Abs(net.A[i]))
		}
	}
	return farthest
}

// wide is a learner of width m with time t = eta T of training.
type wide struct {
	D      int     `json:"d"`
	M      int     `json:"m"`
	Output float64 `json:"output"`
	Tau    float64 `json:"tau"` // eps_a eta T sqrt(m)
	T      int     `json:"steps"`
}

func (p wide) time() float64 { return p.Tau / (p.Output * math.Sqrt(float64(p.M))) }

func (p wide) cost() checks.Cost {
	return checks.Cost{Trial: float64(p.M) * (18*float64(p.D+2) + float64(p.T*(8*p.D+12))), Size: fmt.Sprintf("m=%d", p.M)}
}

// share is the instance that holds the mean of a share of m independent neurons to a probability.
func (p wide) share(chance, scale float64, observe func(net *pseudo.Learner) (int, error)) checks.Instance {
	return checks.Instance{
		Terms: checks.Terms{Deviation: checks.Float(1.0001 * math.Sqrt(chance*(1-chance)/float64(p.M))), Resolution: 0.1, Trials: 150},
		Trial: func(r *rand.Rand) checks.Measurement {
			count, err := observe(pseudo.Law{Width: p.M, Dim: p.D, Output: p.Output}.Draw(r))
			return checks.Measurement{Observed: float64(count) / float64(p.M), Predicted: scale * chance, Relation: checks.Equal, Err: err}
		},
	}
}

// movableShare is Lemma B.3(a): few patterns can change.
//
// Setting: a learner at its start, an input x of unit norm, tau = eps_a eta t.
//
// Hypotheses: none.
//
// Conclusion: the share of neurons with |z_i| <= eta t |a_i|, which by row-movement are all that SGD can flip in t steps, has the mean
// (2/pi) arctan(tau sqrt(m/2)), at most (sqrt 2/pi) tau sqrt m.
//
// Constants: exact, derived: z_i/a_i is a Cauchy variable of scale sqrt(2/m)/eps_a. As printed the share is of order tau sqrt(k m) up to
// logarithms, with high probability; the count is Binomial, so that it deviates by sqrt(log(1/delta)/(2m)) with probability at most delta.
// With a step of order 1/(eps_a m) the share falls like m^{-1/2}. The deviation of a trial is that of the binomial.
//
// Convention: one output.
//
// Reference: Allen-Zhu, Li, Liang (2019), Lemma B.3(a); constant derived here.
//
// Control: 0.87 and 1.15 times; the share for output weights of one size, erf(tau sqrt(m)/2); biases left out, which leave z ~ N(0, 1/m).
func movableShare() checks.Checkable {
	setup := func(scale float64, chance func(p wide) float64) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			x := make([]float64, p.D)
			x[0] = 1
			inst := p.share(bounds.MovableShare(p.M, p.Output, p.time()), scale, func(net *pseudo.Learner) (int, error) {
				count := 0
				for i, z := range net.Start(x) {
					if math.Abs(z) <= p.time()*math.Abs(net.A[i]) {
						count++
					}
				}
				return count, nil
			})
			if chance != nil {
				trial := inst.Trial
				inst.Trial = func(r *rand.Rand) checks.Measurement {
					m := trial(r)
					m.Predicted = chance(p)
					return m
				}
			}
			return inst, nil
		}
	}
	grid := []wide{{D: 2, M: 1000, Output: 0.3, Tau: 0.3}, {D: 3, M: 400, Output: 1, Tau: 1}, {D: 1, M: 100, Output: 0.1, Tau: 20}}
	one := []wide{{D: 3, M: 1000, Output: 1, Tau: 2}}
	return checks.Claim[wide]{
		ID: "allenzhu2019beyond/movable-share", Title: "the share of patterns that SGD can change", Reference: "Lemma B.3(a); constant derived here",
		Formula:    `\mathbb{P}\big[|z_i| \le \eta t|a_i|\big] = \tfrac{2}{\pi}\arctan\big(\tau\sqrt{m/2}\big),\quad \tau = \varepsilon_a\eta t`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid, Cost: wide.cost, Setup: setup(1, nil),
		Controls: []checks.Control[wide]{
			{Name: "smaller", Why: "the share is exact", At: grid[:2], Setup: setup(0.87, nil)},
			{Name: "larger", Why: "the share is exact", At: grid[:2], Setup: setup(1.15, nil)},
			{Name: "equal-outputs", Why: "at tau sqrt m = 2 it would be 0.84, and is 0.61", At: one, Setup: setup(1, func(p wide) float64 { return math.Erf(p.Tau / 2) })},
			{Name: "no-bias", Why: "without biases it would be 0.70", At: one, Setup: setup(1, func(p wide) float64 { return 2 / math.Pi * math.Atan(p.Tau) })},
		},
	}
}

// trainedFlips is the share of patterns that SGD does change on one far sample.
//
// Setting: a learner at its start, T steps of SGD with step eta on one sample of unit norm whose label is so far away that the slope of the
// loss is -1 to rounding.
//
// Hypotheses: none.
//
// Conclusion: the share of patterns that have changed has the mean arctan(tau sqrt(m/2))/(2 pi), tau = eps_a eta T: a quarter of movable-share.
//
// Constants: exact, derived: what is inactive does not move, and what is active moves toward the label, so that the neurons with a_i < 0 and
// 0 <= z_i < eta T |a_i| change, once. The deviation of a trial is that of the binomial.
//
// Convention: one output.
//
// Reference: derived here, after Allen-Zhu, Li, Liang (2019), Lemma B.3(a).
//
// Control: 0.87 and 1.15 times; the whole of movable-share.
func trainedFlips() checks.Checkable {
	setup := func(scale float64) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			set, err := (data.Spec{Kind: data.Basis, N: 1, D: p.D, Labels: data.Const, LabelScale: 1e10}).Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return p.share(bounds.MovableShare(p.M, p.Output, p.time())/4, scale, func(net *pseudo.Learner) (int, error) {
				move, err := pseudo.Pass{Step: p.time() / float64(p.T), Order: make([]int, p.T)}.Run(net, set.X, set.Y)
				if err != nil {
					return 0, err
				}
				return net.Flips(set.X.RawRowView(0), move), nil
			}), nil
		}
	}
	grid := []wide{{D: 1, M: 1000, Output: 0.3, Tau: 1, T: 3}, {D: 3, M: 500, Output: 1, Tau: 4, T: 1}}
	return checks.Claim[wide]{
		ID: "allenzhu2019beyond/trained-flips", Title: "the share of patterns that SGD changes on one far sample", Reference: "derived here, after Lemma B.3(a)",
		Formula:    `\mathbb{E}\,\tfrac{1}{m}\#\{\text{flips}\} = \tfrac{1}{2\pi}\arctan\big(\tau\sqrt{m/2}\big),\quad \tau = \varepsilon_a\eta T`,
		Convention: convention + lossOf, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid, Cost: wide.cost, Setup: setup(1),
		Controls: []checks.Control[wide]{
			{Name: "smaller", Why: "the share is exact", At: grid, Setup: setup(0.87)},
			{Name: "larger", Why: "the share is exact", At: grid, Setup: setup(1.15)},
			{Name: "all-movable", Why: "three quarters of what can flip does not", At: grid, Setup: setup(4)},
		},
	}
}
