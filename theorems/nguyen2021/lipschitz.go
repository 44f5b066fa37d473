package nguyen2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/theorems/internal/ladder"
)

// maps is the preactivation map g_2(x) = W_2 relu(W_1 x).
type maps struct {
	D       int     `json:"d"`
	N1      int     `json:"n1"`
	N2      int     `json:"n2"`
	Delta   float64 `json:"delta,omitempty"`
	Aligned bool    `json:"aligned,omitempty"` // all weights 1: rank one, aligned
}

// weights draws W_1 (n1 x d) and W_2 (n2 x n1).
func (p maps) weights(r *rand.Rand) []*mat.Dense {
	return weights([]int{p.D, p.N1, p.N2}, p.Aligned, r)
}

func weights(sizes []int, aligned bool, r *rand.Rand) []*mat.Dense {
	var ws []*mat.Dense
	for l, in := range sizes[:len(sizes)-1] {
		w := nets.Gaussian(sizes[l+1], in, r)
		if aligned {
			w.Apply(func(_, _ int, _ float64) float64 { return 1 }, w)
		}
		ws = append(ws, w)
	}
	return ws
}

// lipschitzJacobian is Lemma 6.1 where it can be checked exactly.
//
// Setting: g_2(x) = W_2 relu(W_1 x) on the plane, W_1 (n_1 x 2) and W_2 (n_2 x n_1) with N(0,1) entries; the 2 n_1
// regions of the hyperplanes of W_1 are listed, each with its Jacobian W_2 S W_1.
//
// Hypotheses: none.
//
// Conclusion: the Lipschitz constant of g_2 is M, the largest norm of the Jacobian over the inputs without zero
// preactivations: |g_2(x) - g_2(y)| <= M |x - y| on all pairs drawn, and a pair in the region of the maximum
// attains it.
//
// Constants: none. The tolerance is the rounding of a difference quotient: 4(n_1 + 8) ulp of ||W_1||_F ||W_2||_F (|x| + |y|)/|x - y|.
//
// Convention: standard parametrisation with beta_l = 1.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Lemma 6.1.
//
// Control: the Jacobian at a single input in place of the maximum.
func lipschitzJacobian() checks.Checkable {
	setup := func(single bool) func(maps) (checks.Instance, error) {
		return func(p maps) (checks.Instance, error) {
			if p.D != 2 {
				return checks.Instance{}, fmt.Errorf("d = %d: the regions are listed in the plane only", p.D)
			}
			return checks.Instance{
				Terms: checks.Terms{Trials: 5},
				Trial: func(r *rand.Rand) checks.Measurement { return p.quotients(single, r) },
			}, nil
		}
	}
	return checks.Claim[maps]{
		ID: "nguyen2021/lipschitz-jacobian", Title: "Lipschitz constant by Jacobians", Reference: "Lemma 6.1",
		Formula:    `\mathrm{Lip}(g_k) = \max_{z} \left\|W_k \Sigma_{k-1}(z) W_{k-1} \cdots \Sigma_1(z) W_1\right\|`,
		Convention: convention, Basis: checks.Stated, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) maps {
			return maps{D: 2, N1: rapid.IntRange(1, 12).Draw(t, "n1"), N2: rapid.IntRange(1, 8).Draw(t, "n2")}
		}),
		Grid: []maps{{D: 2, N1: 3, N2: 2}, {D: 2, N1: 20, N2: 20}, {D: 2, N1: 60, N2: 10}},
		Cost: func(p maps) checks.Cost {
			return checks.Cost{Trial: 40*float64(p.N1*p.N2) + 400*float64(p.N1*(p.N2+2))}
		},
		Setup: setup(false),
		Controls: []checks.Control[maps]{{
			Name: "one-input", Why: "the Jacobian differs from region to region; one of them is not the maximum",
			At: []maps{{D: 2, N1: 40, N2: 10}}, Setup: setup(true),
		}},
	}
}

// quotients compares difference quotients of g_2 with the largest norm of its Jacobian, or with the norm at one input.
func (p maps) quotients(single bool, r *rand.Rand) checks.Measurement {
	ws := p.weights(r)
	peak, first, _ := planePeak(ws[0], ws[1])
	bound := peak.norm
	if single {
		bound = first
	}
	rounding := 4 * float64(p.N1+8) * unit * mat.Norm(ws[0], 2) * mat.Norm(ws[1], 2)
	quotient := func(x, y [2]float64) (value, tolerance float64) {
		gx, gy := preactivation(ws, x[:]), preactivation(ws, y[:])
		gap := math.Hypot(x[0]-y[0], x[1]-y[1])
		return floats.Distance(gx, gy, 2) / gap, rounding * (math.Hypot(x[0], x[1]) + math.Hypot(y[0], y[1])) / gap
	}
	step := math.Sin(min(peak.room, 1)) / 2 // stays in the region
	inside := [2]float64{peak.z[0] + step*peak.v[0], peak.z[1] + step*peak.v[1]}
	attained, tolerance := quotient(inside, peak.z)
	parts := []checks.Measurement{{Part: "attained", Observed: attained, Predicted: bound, Relation: checks.Equal, Tolerance: tolerance}}
	for range 50 {
		x := [2]float64{r.NormFloat64(), r.NormFloat64()}
		y := [2]float64{x[0] + 0.1*r.NormFloat64(), x[1] + 0.1*r.NormFloat64()}
		value, tolerance := quotient(x, y)
		parts = append(parts, checks.Measurement{Part: "random pair", Observed: value, Predicted: bound, Tolerance: tolerance})
	}
	return checks.Each(parts...)
}

// preactivation returns W_k relu(W_{k-1} ... relu(W_1 x)).
func preactivation(ws []*mat.Dense, x []float64) []float64 {
	for l, w := range ws {
		rows, _ := w.Dims()
		z := make([]float64, rows)
		for i := range z {
			z[i] = floats.Dot(w.RawRowView(i), x)
			if l+1 < len(ws) {
				z[i] = max(z[i], 0)
			}
		}
		x = z
	}
	return x
}

// jacobianNorm returns a lower estimate of the norm of the Jacobian of the preactivation map at x, by power
// iteration.
func jacobianNorm(ws []*mat.Dense, x []float64, r *rand.Rand) float64 {
	const rounds = 8
	var open [][]bool
	for _, w := range ws[:len(ws)-1] {
		rows, _ := w.Dims()
		z, o := make([]float64, rows), make([]bool, rows)
		for i := range z {
			z[i] = floats.Dot(w.RawRowView(i), x)
			o[i] = z[i] > 0
			z[i] = max(z[i], 0)
		}
		x, open = z, append(open, o)
	}
	_, d := ws[0].Dims()
	v := mat.NewVecDense(d, nil)
	for i := range d {
		v.SetVec(i, r.NormFloat64())
	}
	norm := 0.0
	for range rounds {
		length := mat.Norm(v, 2)
		if length == 0 {
			return norm
		}
		v.ScaleVec(1/length, v)
		u := v
		for l, w := range ws {
			next := new(mat.VecDense)
			next.MulVec(w, u)
			if l < len(open) {
				closeGates(next, open[l])
			}
			u = next
		}
		norm = max(norm, mat.Norm(u, 2))
		for l := len(ws) - 1; l >= 0; l-- {
			if l < len(open) {
				closeGates(u, open[l])
			}
			next := new(mat.VecDense)
			next.MulVec(ws[l].T(), u)
			u = next
		}
		v = u
	}
	return norm
}

func closeGates(v *mat.VecDense, open []bool) {
	for i, o := range open {
		if !o {
			v.SetVec(i, 0)
		}
	}
}

// steepest looks for a large Jacobian: random inputs, then random steps from the best of them. The result is at most
// the Lipschitz constant.
func steepest(ws []*mat.Dense, tries, steps int, r *rand.Rand) float64 {
	_, d := ws[0].Dims()
	best, norm := make([]float64, d), 0.0
	for k := range tries + steps {
		x := make([]float64, d)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		if k >= tries {
			floats.AddScaledTo(x, best, 0.3, x)
		}
		if v := jacobianNorm(ws, x, r); v > norm {
			best, norm = x, v
		}
	}
	return norm
}

// lipschitzTwo is Theorem 6.2 at k = 2 with explicit constants.
//
// Setting: g_2(x) = W_2 relu(W_1 x), W_1 (n_1 x d) and W_2 (n_2 x n_1) with independent N(0,1) entries; M the largest norm of S W_1
// over the activation patterns S of W_1, at most ||W_1||.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1-delta both
//
//	||W_1|| <= sqrt n_1 + sqrt d + sqrt(2 log(2/delta))                                    (first layer)
//	Lip(g_2) <= M (sqrt n_2 + sqrt d + sqrt(2 log R + 2 log(2/delta)))                     (second layer)
//
// hence Lip(g_2) is at most the product of the two brackets (both). R = 2 sum_{i<d} C(n_1 - 1, i) is the number of regions of n_1
// central hyperplanes of R^d.
//
// Constants: ours. ||W_1|| <= sqrt n_1 + sqrt d + u except with probability e^{-u^2/2} (Gaussian concentration; Gordon); given W_1
// and an activation pattern S, W_2 S W_1 has at most ||S W_1|| times the norm of an n_2 x d Gaussian matrix; union over R
// patterns. In the plane M and the Lipschitz constant are exact (all regions are listed); elsewhere M is replaced by ||W_1||, and the
// observation is the largest Jacobian found, which can refute the bounds but not show how tight they are.
//
// Convention: standard parametrisation with beta_l = 1; for others multiply by beta_1 beta_2.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 6.2, derived at k = 2.
//
// Control: aligned weights of rank one with entries of the same size: 5.8 times the bound at d = 30, n = 50. Entries of W_1, or of
// W_2, a quarter larger; and 0.8 of each bracket.
//
// Loose: the product holds of all gates open, where about half of them are, so that it is sqrt 2 too large; each bracket by itself is
// within some per cent.
func lipschitzTwo() checks.Checkable {
	faithful := mapFactors{1, 1, 1, 1}
	wide, tall := maps{D: 2, N1: 1000, N2: 2, Delta: 0.4}, maps{D: 2, N1: 4, N2: 1000, Delta: 0.4}
	return checks.Claim[maps]{
		ID: "nguyen2021/lipschitz-two", Title: "Lipschitz constant of two random layers", Reference: "Theorem 6.2, explicit",
		Formula:    `\mathrm{Lip}(g_2) \le \left(\sqrt{n_1}+\sqrt d+\sqrt{2\log\frac{2}{\delta}}\right)\left(\sqrt{n_2}+\sqrt d+\sqrt{2\log R+2\log\frac{2}{\delta}}\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2, Detects: map[string]float64{"both": 2.6},
		Space: rapid.Custom(func(t *rapid.T) maps {
			return maps{
				D: rapid.SampledFrom([]int{1, 2, 2, 4}).Draw(t, "d"), N1: rapid.IntRange(1, 10).Draw(t, "n1"), N2: rapid.IntRange(1, 8).Draw(t, "n2"),
				Delta: rapid.SampledFrom([]float64{0.3, 0.6, 0.9}).Draw(t, "delta"),
			}
		}),
		Grid: []maps{
			{D: 2, N1: 1, N2: 1, Delta: 0.3}, tall, wide, {D: 2, N1: 300, N2: 300, Delta: 0.4}, {D: 10, N1: 40, N2: 10, Delta: 0.3},
			{D: 20, N1: 150, N2: 20, Delta: 0.3}, {D: 30, N1: 400, N2: 200, Delta: 0.02},
		},
		Cost:  maps.cost,
		Setup: faithful.setup,
		Controls: []checks.Control[maps]{
			{
				Name: "aligned", Why: "rank-one weights whose singular vectors meet are not Gaussian: the norms multiply",
				At: []maps{{D: 30, N1: 50, N2: 50, Delta: 0.3, Aligned: true}},
			},
			{Name: "larger-first", Why: "the first bracket is the norm of W_1 within some per cent", At: []maps{wide}, Setup: mapFactors{1.25, 1, 1, 1}.setup},
			{Name: "larger-second", Why: "the second bracket is the norm of W_2 on a plane within some per cent", At: []maps{tall}, Setup: mapFactors{1, 1.25, 1, 1}.setup},
			{Name: "smaller-first", Why: "0.8 of the bracket is less than the norm of W_1", At: []maps{wide}, Setup: mapFactors{1, 1, 0.8, 1}.setup},
			{Name: "smaller-second", Why: "0.8 of the bracket is less than the norm of W_2 on a plane", At: []maps{tall}, Setup: mapFactors{1, 1, 1, 0.8}.setup},
		},
	}
}

const lipschitzTries, lipschitzSteps = 8, 4

func (p maps) cost() checks.Cost {
	c := checks.Cost{Trial: 40*float64(p.N1*(p.N2+5)) + 25*float64(p.N1*(p.D+p.N2))}
	if p.D != 2 {
		c.Trial += (lipschitzTries + lipschitzSteps) * 40 * float64(p.N1*(p.D+p.N2)+1000)
	}
	return c
}

// mapFactors are on the entries of W_1 and W_2 and on the two brackets of lipschitz-two.
type mapFactors struct{ w1, w2, first, second float64 }

func (f mapFactors) setup(p maps) (checks.Instance, error) {
	if p.Delta <= 0 || p.Delta >= 1 {
		return checks.Instance{}, fmt.Errorf("delta = %v must lie in (0, 1)", p.Delta)
	}
	product, err := bounds.TwoLayerLipschitz(p.D, p.N1, p.N2, p.Delta)
	if err != nil {
		return checks.Instance{}, err
	}
	tail := 2 * math.Log(2/p.Delta)
	first := math.Sqrt(float64(p.N1)) + math.Sqrt(float64(p.D)) + math.Sqrt(tail)
	second := product / first
	first, second, product = f.first*first, f.second*second, f.first*f.second*product
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("bound", product), checks.NewFact("log R", bounds.LogRegions(p.N1, p.D))},
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			ws := p.weights(r)
			ws[0].Scale(f.w1, ws[0])
			ws[1].Scale(f.w2, ws[1])
			norm, err := eig.SpectralNorm(ws[0])
			if err != nil {
				return checks.Failed(err)
			}
			var lipschitz, gates float64
			if p.D == 2 {
				peak, _, open := planePeak(ws[0], ws[1])
				lipschitz, gates = peak.norm, open
			} else {
				lipschitz, gates = steepest(ws, lipschitzTries, lipschitzSteps, r), norm.Upper()
			}
			// Norms are good to far fewer ulp than the tolerance.
			return checks.All(
				checks.Measurement{Part: "first layer", Observed: norm.Value, Predicted: first, Tolerance: 1e-12 * first},
				checks.Measurement{Part: "second layer", Observed: lipschitz, Predicted: gates * second, Tolerance: 1e-12 * gates * second},
				checks.Measurement{Part: "both", Observed: lipschitz, Predicted: product, Tolerance: 1e-12 * product},
			)
		},
	}, nil
}

// stack is a ladder of networks whose hidden layers 1..k all have n neurons.
type stack struct {
	K       int   `json:"k"`
	D       int   `json:"d"`
	N       []int `json:"n"`
	Aligned bool  `json:"aligned,omitempty"`
}

// lipschitzOrder is Theorem 6.2.
//
// Setting: the preactivation map g_k of layer k of a ReLU network with N(0,1) weights on R^d; layers 1..k have n neurons each.
//
// Hypotheses: none beyond Gaussian weights.
//
// Conclusion: there is C with Lip(g_k)^2 <= C (prod_{l=0}^{k} n_l / min_l n_l) prod_{l=1}^{k-1} log n_l. The ratio of the two sides does
// not drift upward as n grows.
//
// Constants: hidden, so that nothing is refuted here. At d = 2 and k = 2 the Lipschitz constant is exact, as in
// lipschitz-jacobian; otherwise it is replaced by the largest Jacobian found at 16 inputs, a lower estimate, so that a ratio that stays
// bounded is weaker evidence than a drift would be against the claim.
//
// Convention: standard parametrisation with beta_l = 1.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 6.2.
//
// Control: aligned weights of rank one, all entries 1: the ratio grows like n^{k-1} over logarithms.
//
// Loose: an upper bound with a hidden constant and a logarithm a layer: at these sizes the ratio falls, and a drift is
// told only from what remains.
func lipschitzOrder() checks.Checkable {
	const tries, steps = 8, 8
	small := []int{8, 16, 32}
	return checks.Claim[stack]{
		ID: "nguyen2021/lipschitz-order", Title: "Lipschitz constant of random feature maps", Reference: "Theorem 6.2",
		Formula:    `\exists C\colon\; \mathrm{Lip}(g_k)^2 \le C\, \frac{\prod_{l=0}^{k} n_l}{\min_{0\le l\le k} n_l} \prod_{l=1}^{k-1} \log n_l \prod_{l=1}^{k} \beta_l^2`,
		Convention: convention, Basis: checks.Stated, Form: checks.Bounded{}, Along: `width $n_1 = \cdots = n_k$`, Version: 2, Detects: map[string]float64{"": 0.9},
		Grid: []stack{
			{K: 2, D: 2, N: []int{32, 64, 128, 256}}, {K: 2, D: 10, N: small}, {K: 3, D: 10, N: small},
			{K: 3, D: 30, N: []int{100, 200, 400, 800}},
		},
		Cost: func(p stack) checks.Cost {
			c := checks.Cost{}
			for _, n := range p.N {
				weights := float64(n*p.D + (p.K-1)*n*n)
				c.Trial += 25*weights + (tries+steps)*40*weights
				if p.D == 2 && p.K == 2 {
					c.Trial += 40*float64(n*n) - (tries+steps)*40*weights
				}
				c.Size = fmt.Sprintf("n=%d", n)
			}
			return c
		},
		Setup: func(p stack) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Trials: 30, Resolution: 0.1},
				Trial: func(r *rand.Rand) checks.Measurement {
					return ladder.Pass(len(p.N), func(i int) (size, value float64, err error) {
						n := p.N[i]
						sizes, form := []int{p.D}, float64(p.D)/float64(min(p.D, n))
						for l := 1; l <= p.K; l++ {
							sizes = append(sizes, n)
							form *= float64(n)
							if l < p.K {
								form *= math.Log(float64(n))
							}
						}
						ws := weights(sizes, p.Aligned, r)
						if p.D == 2 && p.K == 2 {
							peak, _, _ := planePeak(ws[0], ws[1])
							value = peak.norm
						} else {
							value = steepest(ws, tries, steps, r)
						}
						return float64(n), value * value / form, nil
					})
				},
			}, nil
		},
		Controls: []checks.Control[stack]{{
			Name: "aligned", Why: "rank-one weights whose singular vectors meet are not Gaussian: the norms multiply",
			At: []stack{{K: 2, D: 10, N: small, Aligned: true}, {K: 3, D: 10, N: small, Aligned: true}},
		}},
	}
}
