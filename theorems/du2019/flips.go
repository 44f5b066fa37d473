package du2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
)

func fragileCost(p ball) checks.Cost {
	n, d := dims(p.Data)
	k := min(n, d)
	return checks.Cost{Setup: 60 * n * n * (n + d), Trial: float64(p.M) * (12*k + 2*n*k + 2*n + 40), Size: fmt.Sprintf("m=%d", p.M)}
}

func fragileSpace() *rapid.Generator[ball] {
	return rapid.Custom(func(t *rapid.T) ball {
		return ball{
			Data:   gen.Specs(gen.Range{MinN: 1, MaxN: 6, MinD: 1, MaxD: 6}).Draw(t, "data"),
			M:      rapid.IntRange(1, 200).Draw(t, "m"),
			Radius: math.Pow(10, rapid.Float64Range(-2, 0).Draw(t, "log radius")),
			Delta:  rapid.SampledFrom([]float64{0.2, 0.5}).Draw(t, "delta"),
		}
	})
}

func fragileGrid() []ball {
	grid := []ball{
		{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, M: 1000, Radius: 0.02, Delta: 0.1},
		{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 200, Radius: 0.1, Delta: 0.1},
	}
	for _, s := range pictures(10, 49) {
		grid = append(grid, ball{Data: s, M: 1000, Radius: 0.02, Delta: 0.2})
	}
	return grid
}

func fragileOnData(f checks.DataFile) []ball {
	return []ball{{Data: file(f, 20), M: 1000, Radius: 0.02, Delta: 0.2}}
}

// setupFragile measures the counts N_i(R) alone.
func setupFragile(p ball, observe func(counts []int) float64, bound func(q *problem) float64) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	limit := bound(q)
	inst := checks.Instance{
		Facts: q.facts(checks.NewFact("p_R", bounds.FlipProbability(p.Radius)), checks.NewFact("bound", limit), checks.NewFact("width run", float64(p.M))),
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			net, b := q.draw(r, nets.NTK(p.M, q.k))
			counts := make([]int, q.n)
			b.Fragile(counts, net, p.Radius)
			// Counts are integers: the tolerance only covers the rounding of the bound.
			return checks.Measurement{Observed: observe(counts), Predicted: limit, Tolerance: 1e-12 * limit}
		},
	}
	return inst, nil
}

// flipBernstein bounds the share of fragile neurons with a logarithm in place of 1/delta.
//
// Setting: w_r(0) ~ N(0, I) independent, N_i(R) = #{r : |w_r(0).x_i| <= R}, phat(R) = max_i N_i(R)/m, unit inputs.
//
// Hypotheses: none: any width, radius and delta.
//
// Conclusion: with probability at least 1 - delta, phat(R) <= p_R + sqrt(2 p_R l/m) + 2 l/(3m), p_R = erf(R/sqrt 2), l = ln(n/delta).
//
// Constants: derived; N_i is binomial(m, p_R); Bernstein's inequality and a union bound.
//
// Convention: w_r ~ N(0, I).
//
// Reference: derived here; replaces the 1/delta of Lemma 4.1 of Du et al. (2019).
//
// Control: p_R without the deviation terms.
func flipBernstein() checks.Claim[ball] {
	setup := func(p ball, bound func(q *problem) float64) (checks.Instance, error) {
		return setupFragile(p, func(c []int) float64 { return phat(c, p.M) }, bound)
	}
	return checks.Claim[ball]{
		ID: "du2019/flip-bernstein", Title: "share of fragile neurons, Bernstein", Reference: "Lemma 4.1, improved here",
		Formula:    `\Pr\left[\hat p(R) \le p_R + \sqrt{\frac{2 p_R \ell}{m}} + \frac{2\ell}{3m}\right] \ge 1-\delta,\quad p_R = \operatorname{erf}(R/\sqrt2),\ \ell = \ln(n/\delta)`,
		Convention: "w_r ~ N(0, I), unit inputs", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: fragileSpace(), Grid: fragileGrid(), OnData: fragileOnData, Cost: fragileCost,
		Setup: func(p ball) (checks.Instance, error) {
			return setup(p, func(q *problem) float64 {
				return bounds.BernsteinFlips(bounds.FlipProbability(p.Radius), q.n, p.M, p.Delta)
			})
		},
		Controls: []checks.Control[ball]{{
			Name: "no-deviation", Why: "the largest of ten shares exceeds their mean nearly always",
			At: []ball{{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, M: 1000, Radius: 0.02, Delta: 0.1}},
			Setup: func(p ball) (checks.Instance, error) {
				return setup(p, func(*problem) float64 { return bounds.FlipProbability(p.Radius) })
			},
		}},
	}
}

// flipDoubling bounds the share of fragile neurons by twice its mean.
//
// Setting: as in flip-bernstein.
//
// Hypotheses: n exp(-m D) <= delta with D = 2p ln 2 + (1-2p) ln((1-2p)/(1-p)), p = p_R; m >= 3 ln(n/delta)/p_R is enough.
//
// Conclusion: with probability at least 1 - delta, phat(R) < 2 p_R.
//
// Constants: derived; the Chernoff bound of the binomial law and a union bound. D is p/3 at least, which is what descent-derived spends its width on. At
// p = 1/2 it is attained: all m neurons are fragile with probability 2^{-m}, and the union bound is nearly sharp for many orthonormal inputs,
// whose counts are independent.
//
// Convention: w_r ~ N(0, I).
//
// Reference: derived here.
//
// Control: p_R itself in place of its double; half of the width.
func flipDoubling() checks.Claim[ball] {
	setup := func(p ball, factor float64) (checks.Instance, error) {
		inst, err := setupFragile(p, func(c []int) float64 { return phat(c, p.M) },
			func(*problem) float64 { return factor * bounds.FlipProbability(p.Radius) })
		if err != nil {
			return inst, err
		}
		q, err := build(p.Data)
		if err != nil {
			return inst, err
		}
		failure := bounds.DoubleFlipsChernoff(bounds.FlipProbability(p.Radius), q.n, p.M)
		inst.Hypotheses = []checks.Hypothesis{checks.Require("failure probability at this width", failure, checks.AtMost, p.Delta)}
		return inst, nil
	}
	sphere := ball{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, M: 900, Radius: 0.02, Delta: 0.1}
	// p_R just below 1/2, and as wide as needed but for one neuron.
	many := ball{Data: data.Spec{Kind: data.Basis, N: 64, D: 64}, M: 11, Radius: 0.674489, Delta: 0.1}
	narrow := func(p ball, f float64) (checks.Instance, error) {
		p.M = int(float64(p.M) / f)
		inst, err := setup(p, 2)
		inst.Hypotheses = nil
		return inst, err
	}
	grid := []ball{many, sphere, {Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 120, Radius: 0.12, Delta: 0.1}}
	for _, s := range pictures(10, 49) {
		grid = append(grid, ball{Data: s, M: 800, Radius: 0.02, Delta: 0.2})
	}
	return checks.Claim[ball]{
		ID: "du2019/flip-doubling", Title: "share of fragile neurons at most doubles", Reference: "derived here",
		Formula:    `\Pr[\hat p(R) \ge 2p] \le n e^{-mD},\quad D = 2p\ln 2 + (1-2p)\ln\tfrac{1-2p}{1-p},\ p = p_R`,
		Convention: "w_r ~ N(0, I), unit inputs", Basis: checks.Derived, Form: checks.Probably{}, Version: 3,
		Space: rapid.Custom(func(t *rapid.T) ball {
			n := rapid.IntRange(1, 6).Draw(t, "n")
			p := ball{
				Data:   data.Spec{Kind: data.Sphere, N: n, D: rapid.IntRange(1, 6).Draw(t, "d"), Seed: rapid.Uint64Range(0, 1<<16).Draw(t, "seed")},
				Radius: rapid.Float64Range(0.05, 1).Draw(t, "radius"), Delta: rapid.SampledFrom([]float64{0.2, 0.5}).Draw(t, "delta"),
			}
			p.M = ceil(3 * math.Log(float64(n)/p.Delta) / bounds.FlipProbability(p.Radius))
			return p
		}),
		Grid: grid, OnData: func(f checks.DataFile) []ball {
			return []ball{{Data: file(f, 10), M: 800, Radius: 0.02, Delta: 0.2}}
		},
		Cost: fragileCost, Setup: func(p ball) (checks.Instance, error) { return setup(p, 2) },
		Controls: []checks.Control[ball]{{
			Name: "not-doubled", Why: "the largest of ten shares exceeds their mean nearly always",
			At:    []ball{sphere},
			Setup: func(p ball) (checks.Instance, error) { return setup(p, 1) },
		}, {
			Name: "half-of-the-width", Why: "of five neurons all are fragile for one of 64 independent inputs", At: []ball{many},
			Setup: func(p ball) (checks.Instance, error) { return narrow(p, 2) },
		}},
		Constants: []checks.Constant[ball]{{
			Name: "width", Why: "all of so few neurons are fragile for one of 64 independent inputs", At: []ball{many}, Factors: []float64{1.35, 1.6, 2}, Scaled: narrow,
		}},
	}
}

// flipTotal is Lemma 4.1.
//
// Setting: S_i^perp is the set of neurons that sample i can flip within the radius R, of size N_i(R); w_r(0) ~ N(0, I).
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta, sum_i |S_i^perp| <= C m n R/delta with C = 2/sqrt(2 pi) = 0.7979.
//
// Constants: the lemma hides C; its proof (E N_i <= 2 R m/sqrt(2 pi) and Markov's inequality) gives this one.
//
// Convention: w_r ~ N(0, I).
//
// Reference: Du et al. (2019), Lemma 4.1; the constant is derived here.
//
// Control: half of the mean, that is the bound times delta/2.
//
// Loose: Markov's inequality: the total of many neurons is close to its mean, delta times the bound, so that 1/delta is lost; twice at delta = 1/2. flip-bernstein has a
// logarithm for it.
func flipTotal() checks.Claim[ball] {
	setup := func(p ball, share float64) (checks.Instance, error) {
		return setupFragile(p, func(counts []int) float64 {
			total := 0
			for _, c := range counts {
				total += c
			}
			return float64(total)
		}, func(q *problem) float64 { return share * bounds.MarkovFlips(q.n, p.M, p.Radius, p.Delta) })
	}
	even := ball{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 4000, Radius: 0.05, Delta: 0.5}
	return checks.Claim[ball]{
		ID: "du2019/flip-total", Title: "total of fragile neurons", Reference: "Lemma 4.1",
		Formula:    `\Pr\left[\sum_i |S_i^\perp| \le \frac{2}{\sqrt{2\pi}} \frac{mnR}{\delta}\right] \ge 1-\delta`,
		Convention: "w_r ~ N(0, I), unit inputs", Basis: checks.Derived, Form: checks.Probably{}, Version: 2,
		Space: fragileSpace(), Grid: append([]ball{even}, fragileGrid()...), OnData: fragileOnData, Cost: fragileCost,
		Setup: func(p ball) (checks.Instance, error) { return setup(p, 1) }, Detects: map[string]float64{"": 2.4},
		Controls: []checks.Control[ball]{{
			Name: "half-the-mean", Why: "the total is close to its mean, not below half of it",
			At:    []ball{even},
			Setup: func(p ball) (checks.Instance, error) { return setup(p, p.Delta/2) },
		}},
	}
}
