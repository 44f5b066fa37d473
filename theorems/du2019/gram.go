package du2019

import (
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
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
// Hypotheses: lambda_0 > 0 and m >= 256 n^2 ln(n/delta)/lambda_0^2; delta <= 0.97.
//
// Conclusion: with probability at least 1 - delta, ||H(0) - H^inf||_2 <= lambda_0/4 and lambda_min(H(0)) >= lambda_0 - lambda_0/4.
//
// Constants: the lemma hides the constant of its width; 256 is what the entry bound 4 sqrt(ln(n/delta)/m) of its
// proof gives (n times it is at most lambda_0/4), so the basis is derived. (The proof prints delta' = n^2 delta for delta/n^2.) By
// Hoeffding's inequality for n(n+1)/2 entries of range 1 the failure has probability n(n+1) (delta/n)^32 at most, which is at most delta unless n = 1 and
// delta > 2^{-1/31} = 0.978: there the width may be 3, with which one share is never within 1/8 of 1/2.
//
// Convention: NTK scaling, 1{z >= 0}.
//
// Reference: Du et al. (2019), Lemma 3.1; the constant is derived here.
//
// Control: a twentieth of the bound, and a two hundredth of the width.
//
// Loose: the failure has probability of the order of (delta/n)^32 where delta is allowed: about a thirtieth of the width would do for small delta. basics/gram-hoeffding and basics/gram-chernoff have the
// sharper constants. The parts are 1/4 of lambda_0 against a deviation of about sqrt(ln(1/delta)/(2m)).
func gramConcentration() checks.Claim[width] {
	required := func(q *problem, delta float64) float64 {
		return bounds.PrintedGramWidth(q.n, q.lambda0.Lower(), delta)
	}
	setup := func(p width, share float64) (checks.Instance, error) {
		q, err := build(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		published := required(q, p.Delta)
		m := p.width(published)
		quarter := share * q.lambda0.Value / 4
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{
				q.distinct(), checks.Require("width", float64(m), checks.AtLeast, published), checks.Require("delta", p.Delta, checks.AtMost, 0.97),
			},
			Facts: q.widthFacts(published, bounds.ChernoffWidth(q.n, 0.25, q.lambda0.Value, q.s, p.Delta), m),
			Terms: checks.Terms{Delta: checks.Float(p.Delta)},
			Trial: q.gramTrial(m, func(h *mat.SymDense) checks.Measurement {
				least := q.smallest(h, q.lambda0.Value-quarter)
				least.Term = -quarter
				return checks.All(q.deviation(h, quarter), least)
			}),
		}, nil
	}
	scaled := func(p width, f float64) (checks.Instance, error) {
		p.Share = 1 / f
		return setup(p, 1)
	}
	single := width{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, Delta: 0.1}
	return checks.Claim[width]{
		ID: "du2019/gram-concentration", Title: "the Gram matrix at the start is close to its limit", Reference: "Lemma 3.1",
		Formula:    `m \ge \frac{256 n^2 \ln(n/\delta)}{\lambda_0^2} \Rightarrow \Pr[\|H(0)-H^\infty\| \le \lambda_0/4] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2,
		Grid: append([]width{
			single, {Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, Delta: 0.3}, {Data: data.Spec{Kind: data.Sphere, N: 3, D: 10, Seed: 1}, Delta: 0.3},
		}, widthImages(2, 49, 0.3)...),
		OnData: func(f checks.DataFile) []width { return []width{{Data: file(f, 3), Delta: 0.3}} },
		Cost: func(p width) checks.Cost {
			return p.cost(func(q *problem) float64 { return required(q, p.Delta) })
		},
		Setup: func(p width) (checks.Instance, error) { return setup(p, 1) },
		Controls: []checks.Control[width]{
			{
				Name: "twentieth-of-the-bound", Why: "the deviation exceeds a twentieth of lambda_0/4 on more than a tenth of the draws, to either side", At: []width{single},
				Setup: func(p width) (checks.Instance, error) { return setup(p, 1.0/20) },
			},
			{
				Name: "two-hundredth-of-the-width", Why: "about ten neurons do not resolve the kernel", At: []width{single},
				Setup: func(p width) (checks.Instance, error) { return scaled(p, 200) },
			},
		},
		Constants: []checks.Constant[width]{{
			Name: "width", Why: "so few neurons do not resolve the kernel", At: []width{single}, Factors: []float64{40, 60, 90, 140, 200}, Scaled: scaled,
		}},
		Detects: map[string]float64{"deviation": 11, "eigenvalue": 19, "width": 90},
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
