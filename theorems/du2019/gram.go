package du2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
)

// width are the parameters of a claim about a network of the width that a theorem asks for.
type width struct {
	Data  data.Spec `json:"data"`
	Delta float64   `json:"delta"`
	Share float64   `json:"share,omitempty"` // of the required width that is run; 0 is all of it
}

func (p width) width(required float64) int {
	if p.Share > 0 {
		required *= p.Share
	}
	return ceil(required)
}

func widthSpace(r gen.Range, deltas ...float64) *rapid.Generator[width] {
	return rapid.Custom(func(t *rapid.T) width {
		return width{Data: gen.Separated(r).Draw(t, "data"), Delta: rapid.SampledFrom(deltas).Draw(t, "delta")}
	})
}

// cost is that of drawing networks of the required width and evaluating their Gram matrices.
func (p width) cost(required func(q *problem) float64) checks.Cost {
	q, err := build(p.Data)
	if err != nil || !q.distinct().Met() { // for Setup to report
		return checks.Cost{}
	}
	return gramCost(p.Data, p.width(required(q)))
}

// gramConcentration is Lemma 3.1.
//
// Setting: w_r ~ N(0, I), H(0)_ij = (x_i.x_j/m) #{r : w_r.x_i >= 0, w_r.x_j >= 0}, unit inputs.
//
// Hypotheses: lambda_0 > 0 and m >= 256 n^2 ln(n/delta)/lambda_0^2.
//
// Conclusion: with probability at least 1 - delta, ||H(0) - H^inf||_2 <= lambda_0/4 and lambda_min(H(0)) >= (3/4) lambda_0.
//
// Constants: the lemma hides the constant of its width; 256 is what the entry bound 4 sqrt(ln(n/delta)/m) of its
// proof gives (n times it is at most lambda_0/4), so the basis is derived.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: Du et al. (2019), Lemma 3.1; card 00.3.
//
// Control: a thousandth of that width.
func gramConcentration() checks.Claim[width] {
	required := func(q *problem, delta float64) float64 {
		return bounds.PrintedGramWidth(q.n, q.lambda0.Lower(), delta)
	}
	return checks.Claim[width]{
		ID: "du2019/gram-concentration", Title: "the Gram matrix at the start is close to its limit", Reference: "Lemma 3.1 (card 00.3)",
		Formula:    `m \ge \frac{256 n^2 \ln(n/\delta)}{\lambda_0^2} \Rightarrow \Pr[\|H(0)-H^\infty\| \le \lambda_0/4] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: append([]width{
			{Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, Delta: 0.3}, {Data: data.Spec{Kind: data.Sphere, N: 3, D: 10, Seed: 1}, Delta: 0.3},
		}, widthImages(2, 49, 0.3)...),
		OnData: func(f checks.DataFile) []width { return []width{{Data: file(f, 3), Delta: 0.3}} },
		Cost: func(p width) checks.Cost {
			return p.cost(func(q *problem) float64 { return required(q, p.Delta) })
		},
		Setup: func(p width) (checks.Instance, error) {
			q, err := build(p.Data)
			if err != nil {
				return checks.Instance{}, err
			}
			published := required(q, p.Delta)
			m := p.width(published)
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{q.distinct(), checks.Require("width", float64(m), checks.AtLeast, published)},
				Facts:      q.widthFacts(published, bounds.ChernoffWidth(q.n, 0.25, q.lambda0.Value, q.s, p.Delta), m),
				Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: q.gramTrial(m, func(h *mat.SymDense) checks.Measurement {
					return checks.All(q.deviation(h, q.lambda0.Value/4), q.smallest(h, 0.75*q.lambda0.Value))
				}),
			}, nil
		},
		Controls: []checks.Control[width]{{
			Name: "thousandth-of-the-width", Why: "about ten neurons do not resolve the kernel",
			At: []width{{Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, Delta: 0.3, Share: 0.001}},
		}},
	}
}

// draws are the parameters of a claim about networks of a given width.
type draws struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Delta float64   `json:"delta,omitempty"`
}

func drawsCost(p draws) checks.Cost { return gramCost(p.Data, p.M) }

func drawsSpace(r gen.Range, maxM int, deltas ...float64) *rapid.Generator[draws] {
	return rapid.Custom(func(t *rapid.T) draws {
		p := draws{Data: gen.Specs(r).Draw(t, "data"), M: rapid.IntRange(1, maxM).Draw(t, "m")}
		if len(deltas) > 0 {
			p.Delta = rapid.SampledFrom(deltas).Draw(t, "delta")
		}
		return p
	})
}

// ladder are the parameters of a claim about what happens along a ladder of widths.
type ladder struct {
	Data      data.Spec `json:"data"`
	From      int       `json:"from"`  // smallest width
	Rungs     int       `json:"rungs"` // each twice as wide as the one before
	Trials    int       `json:"trials"`
	Steps     int       `json:"steps,omitempty"`
	Delta     float64   `json:"delta,omitempty"`
	MeanField bool      `json:"mean_field,omitempty"` // output scale 1/m and step size m eta
	Ones      bool      `json:"ones,omitempty"`       // output weights all +1
}

func (p ladder) widths() []int {
	ms := make([]int, p.Rungs)
	for i := range ms {
		ms[i] = p.From << i
	}
	return ms
}

// total is the number of neurons of all rungs.
func (p ladder) total() float64 { return float64(p.From) * (math.Pow(2, float64(p.Rungs)) - 1) }

func (p ladder) cost() checks.Cost {
	n, d := dims(p.Data)
	k := min(n, d)
	return checks.Cost{
		Setup: 60 * n * n * (n + d),
		Trial: p.total()*(12*k+2*n*k+60+float64(p.Steps)*(4*n*k+20*n+60)) + 200*float64(p.Rungs)*n*n*n,
		Size:  fmt.Sprintf("m=%d", p.From<<(p.Rungs-1)),
	}
}

// gramWidth locates the width from which on the Gram matrix at the start is good.
//
// Setting: H(0) of m independent neurons as in gram-concentration, m = 1, 2, 4, ...
//
// Hypotheses: lambda_0 > 0.
//
// Conclusion: the width at which lambda_min(H(0)) >= (3/4) lambda_0 holds with probability 1 - delta is at most
// 29.21 S^2 ln(n/delta)/lambda_0. The estimate is the width that is empirically enough; the published one,
// 256 n^2 ln(n/delta)/lambda_0^2, stands beside it. Success need not be monotone in m for the bound itself, but the fit
// supposes it.
//
// Constants: derived, as in gram-chernoff.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: Du et al. (2019), Lemma 3.1; card 00.3 (c).
//
// Control: the dimension count S^2/lambda_0 as the width, which is too small.
func gramWidth() checks.Claim[ladder] {
	setup := func(p ladder, width func(*problem) float64) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{q.distinct()},
			Facts: q.facts(checks.NewFact("required width (published)", bounds.PrintedGramWidth(q.n, q.lambda0.Value, p.Delta)),
				checks.NewFact("required width (derived)", width(q)), checks.NewFact("width run (largest)", float64(p.From<<(p.Rungs-1)))),
			Terms: checks.Terms{Trials: p.Trials, Level: checks.Float(1 - p.Delta), Location: checks.Float(width(q)), Relation: checks.AtMost},
			Trial: func(r *rand.Rand) checks.Measurement {
				var m checks.Measurement
				h := mat.NewSymDense(q.n, nil)
				for _, width := range p.widths() {
					net, b := q.draw(r, nets.NTK(width, q.k))
					b.Gram(h, net, nets.FirstLayer)
					good := 0.0
					if smallestEigenvalue(h) >= 0.75*q.lambda0.Value {
						good = 1
					}
					m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: good})
				}
				return m
			},
		}, nil
	}
	derived := func(p ladder) func(*problem) float64 {
		return func(q *problem) float64 {
			return bounds.ChernoffWidth(q.n, 0.25, q.lambda0.Value, q.s, p.Delta)
		}
	}
	return checks.Claim[ladder]{
		ID: "du2019/gram-width", Title: "width that the start needs", Reference: "Lemma 3.1 (card 00.3c)",
		Formula:    `m_*(\delta) \le \frac{29.21 S^2 \ln(n/\delta)}{\lambda_0} \ll \frac{256 n^2 \ln(n/\delta)}{\lambda_0^2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Threshold{}, Version: 1,
		Grid: append([]ladder{
			{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, From: 1, Rungs: 10, Trials: 150, Delta: 0.2},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, From: 8, Rungs: 8, Trials: 150, Delta: 0.2},
		}, ladderImages(ladder{From: 32, Rungs: 7, Trials: 150, Delta: 0.2}, 6)...),
		Cost:  func(p ladder) checks.Cost { return p.cost() },
		Setup: func(p ladder) (checks.Instance, error) { return setup(p, derived(p)) },
		Controls: []checks.Control[ladder]{{
			Name: "dimension-count", Why: "S^2/lambda_0 neurons, here two, do not even activate every sample",
			At: []ladder{{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, From: 1, Rungs: 10, Trials: 150, Delta: 0.2}},
			Setup: func(p ladder) (checks.Instance, error) {
				return setup(p, func(q *problem) float64 { return q.s * q.s / q.lambda0.Value })
			},
		}},
	}
}
