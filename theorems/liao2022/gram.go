package liao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/twolayer"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// gramP are the parameters of the claims on masked Gram matrices.
type gramP struct {
	Data   data.Spec `json:"data"`
	Xi     float64   `json:"xi"`
	P      int       `json:"p"`
	Rounds int       `json:"rounds"`
	Law    string    `json:"law"`
	Delta  float64   `json:"delta,omitempty"`
	M      int       `json:"m,omitempty"` // 0 is the width that the claim asks for
}

func (p gramP) width(g *ground, xi float64) float64 {
	return math.Ceil(bounds.MaskedWidth(g.n, p.Rounds, p.P, xi, g.s, g.lambda0.Lower(), p.Delta))
}

func (p gramP) cost() checks.Cost {
	g, err := groundOn(p.Data)
	if err != nil {
		return checks.Cost{}
	}
	m := float64(p.M)
	if p.M == 0 {
		m = p.width(g, p.Xi)
	}
	n, masks := float64(g.n), float64(p.P*p.Rounds)
	return checks.Cost{
		Setup: 100 * n * n * n, Trial: m*float64(g.dim())*(2*n+20) + masks*(m*(15+8*n)+100*n*n*n),
		Size: fmt.Sprintf("m=%.0f", m),
	}
}

// smallest returns the least eigenvalue of the masked Gram matrices of the
// given number of rounds on one draw of the weights.
func (g *ground) smallest(m, rounds int, law train.MaskLaw, masks [][]bool, rng *rand.Rand) (eig.Certified, error) {
	net := nets.NTK(m, g.dim()).Draw(rng)
	batch := nets.NewBatch(g.x, m)
	batch.Forward(net)
	gram, worst := mat.NewSymDense(g.n, nil), mat.NewSymDense(g.n, nil)
	least := math.Inf(1)
	var es mat.EigenSym
	for range rounds {
		law.Draw(rng, masks)
		for _, mask := range masks {
			batch.Gram(gram, net.Masked(mask), nets.FirstLayer)
			if !es.Factorize(gram, false) {
				return eig.Certified{}, fmt.Errorf("the eigenvalues of a masked Gram matrix did not converge")
			}
			if v := es.Values(nil)[0]; v < least {
				least = v
				worst.CopySym(gram)
			}
		}
	}
	return eig.Min(worst)
}

// Masked Gram matrices have the mean xi H^inf.
//
// Setting: unit inputs, width m, w_r ~ N(0, I), one mask M whose entries are
// independent Bernoulli(xi) and independent of the weights (one sub-network of a
// partition into 1/xi parts is such a mask). H_M = (1/m) sum_r M_r D_r X X^T D_r,
// D_r the activation pattern of neuron r on the samples.
//
// Hypotheses: none.
//
// Conclusion: E[v^T H_M(0) v] = xi lambda_0 for the unit eigenvector v of H^inf
// that belongs to lambda_0.
//
// Constants: derived: E[M_r 1{w_r.x_i >= 0} 1{w_r.x_j >= 0}] is xi times the same
// without M_r.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here; the setting of Theorem 2 (arXiv v1).
//
// Control: the prediction lambda_0, without xi; and larger by a fifth.
func gramMean() checks.Claim[gramP] {
	setup := func(p gramP, factor float64) (checks.Instance, error) {
		g, err := groundOn(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		law, err := maskLaw(p.Law, p.Xi)
		if err != nil {
			return checks.Instance{}, err
		}
		v := g.limit.Vectors.ColView(0)
		return checks.Instance{
			Facts: []checks.Fact{checks.NewFact("lambda_0", g.lambda0.Value), checks.NewFact("width run", float64(p.M))},
			// A mean of m independent terms in [0, S^2] of mean xi lambda_0, whose squares are at most S^2 times them.
			Terms: checks.Terms{
				Trials: 400, Resolution: 0.08,
				Deviation: checks.Float(1.0001 * g.s * math.Sqrt(p.Xi*g.lambda0.Value/float64(p.M))),
			},
			Trial: func(rng *rand.Rand) checks.Measurement {
				net := nets.NTK(p.M, g.dim()).Draw(rng)
				batch, gram := nets.NewBatch(g.x, p.M), mat.NewSymDense(g.n, nil)
				batch.Forward(net)
				masks := maskBuffers(p.P, p.M)
				law.Draw(rng, masks)
				batch.Gram(gram, net.Masked(masks[0]), nets.FirstLayer)
				return checks.Measurement{
					Observed: mat.Inner(v, gram, v), Predicted: factor * g.lambda0.Value, Relation: checks.Equal,
					Error: g.lambda0.Err, Tolerance: 1e-12,
				}
			},
		}, nil
	}
	return checks.Claim[gramP]{
		ID: "liao2022/masked-gram-mean", Title: "mean of a masked Gram matrix", Reference: "derived here; setting of Theorem 2 (arXiv v1)",
		Formula:    `\mathbb{E}[v^\top H_M(0) v] = \xi \lambda_0`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 2,
		Grid: []gramP{
			{Data: data.Spec{Kind: data.Orthonormal, N: 3, D: 3, Seed: 1}, Xi: 0.3, P: 1, Rounds: 1, Law: "bernoulli", M: 400},
			{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, Xi: 0.5, P: 1, Rounds: 1, Law: "bernoulli", M: 400},
			{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 2}, Xi: 0.25, P: 4, Rounds: 1, Law: "partition", M: 600},
		},
		Cost:  gramP.cost,
		Setup: func(p gramP) (checks.Instance, error) { return setup(p, p.Xi) },
		Controls: []checks.Control[gramP]{{
			Name: "no-xi", Why: "the mean of the whole network's Gram matrix is larger by 1/xi",
			At:    []gramP{{Data: data.Spec{Kind: data.Orthonormal, N: 3, D: 3, Seed: 1}, Xi: 0.5, P: 1, Rounds: 1, Law: "bernoulli", M: 400}},
			Setup: func(p gramP) (checks.Instance, error) { return setup(p, 1) },
		}, {
			Name: "a-fifth-more", Why: "the mean is known better than to a tenth",
			At:    []gramP{{Data: data.Spec{Kind: data.Orthonormal, N: 3, D: 3, Seed: 1}, Xi: 0.3, P: 1, Rounds: 1, Law: "bernoulli", M: 400}},
			Setup: func(p gramP) (checks.Instance, error) { return setup(p, 1.2*p.Xi) },
		}},
	}
}

// All masked Gram matrices of K rounds stay well conditioned at the start.
//
// Setting: unit inputs, w_r ~ N(0, I), in each of K rounds p masks that keep a
// neuron with probability xi: independent, or the parts of a partition with xi =
// 1/p. The weights are those of the start in all K rounds.
//
// Hypotheses: m >= S^2 ln(n K p/delta)/(c(1/2) xi lambda_0) = 6.518 S^2 ln(n K
// p/delta)/(xi lambda_0), S = ||X||_2.
//
// Conclusion: with probability at least 1-delta over weights and masks,
// lambda_min(H_M(0)) >= xi lambda_0/2 for all K p masks.
//
// Constants: derived: matrix Chernoff for the sum of the independent positive
// semidefinite M_r D_r X X^T D_r/m, of norm at most S^2/m and mean xi H^inf/m,
// and a union bound over the masks, which need not be independent of each
// other. Theorem 2 of the first arXiv version asks for m of the order n^2 log(K p n/delta)/(xi lambda^2) with
// lambda = xi lambda_0 (its H^inf carries the factor xi), shown as a fact with constant 1, and concludes the same.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here, for the conclusion of Theorem 2 (arXiv v1) at the start.
//
// Control: the bound for twice the xi of the masks; and so few
// neurons that those kept have fewer weights than there are samples. The width is a Constant: masks that keep few neurons
// make their failures nearly independent, where a union bound loses little.
//
// Loose: on one input lambda_min(H_M) is a binomial count over m. The Chernoff bound of the probability that it falls to half of its mean
// mu = m xi lambda_0 lacks a factor of order 1/sqrt(mu) of the exact tail, and a run must see clearly more failures than delta to refute: together about a factor
// of 10 in the probability, which is ln 10 of an exponent c(1/2) mu = ln(n K p/delta) of 6, and so nearly a factor of 2 in the width.
func gramConcentration() checks.Claim[gramP] {
	setup := func(p gramP, claimed, narrower float64) (checks.Instance, error) {
		g, err := groundOn(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		law, err := maskLaw(p.Law, p.Xi)
		if err != nil {
			return checks.Instance{}, err
		}
		need := p.width(g, claimed)
		m := p.M
		if m == 0 {
			m = int(math.Ceil(need / narrower))
		}
		l0, nkp := g.lambda0.Value, float64(g.n*p.P*p.Rounds)
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{
				checks.RequireThat("lambda_0 > 0", g.lambda0.OK && g.lambda0.Value > 0),
				checks.Require("width", float64(m), checks.AtLeast, need),
			},
			Facts: []checks.Fact{
				checks.NewFact("lambda_0", l0),
				checks.NewFact("width run", float64(m)),
				checks.NewFact("required width (derived)", need),
				checks.NewFact("bound on the probability of failure", bounds.MaskedChernoffFailure(g.n, m, p.P*p.Rounds, 0.5, claimed, l0, g.s)),
				checks.NewFact("required width (published, constant 1)", float64(g.n*g.n)*math.Log(nkp/p.Delta)/(claimed*claimed*claimed*l0*l0)),
			},
			Terms: checks.Terms{Delta: checks.Float(p.Delta)},
			Trial: func(rng *rand.Rand) checks.Measurement {
				least, err := g.smallest(m, p.Rounds, law, maskBuffers(p.P, m), rng)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{
					Observed: least.Value, Predicted: claimed * l0 / 2, Relation: checks.AtLeast,
					Error: least.Err + claimed*g.lambda0.Err/2,
				}
			},
		}, nil
	}
	own := func(p gramP) (checks.Instance, error) { return setup(p, p.Xi, 1) }
	one := gramP{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, Xi: 0.05, P: 10, Rounds: 4, Law: "bernoulli", Delta: 0.1}
	return checks.Claim[gramP]{
		ID: "liao2022/masked-gram-concentration", Title: "masked Gram matrices stay well conditioned", Reference: "derived here, for Theorem 2 (arXiv v1)",
		Formula:    `\mathbb{P}\left(\min_{k \le K,\, l \le p} \lambda_{\min}(H_{M^l_k}(0)) < \frac{\xi\lambda_0}{2}\right) \le \delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) gramP {
			p := gramP{
				Data: gen.Separated(gen.Range{MinN: 2, MaxN: 4, MinD: 2, MaxD: 5}).Draw(t, "data"),
				P:    rapid.IntRange(1, 4).Draw(t, "p"), Rounds: rapid.IntRange(1, 3).Draw(t, "rounds"),
				Law: rapid.SampledFrom([]string{"bernoulli", "partition"}).Draw(t, "law"), Delta: 0.5,
			}
			p.Xi = 1 / float64(p.P)
			if p.Law == "bernoulli" {
				p.Xi = rapid.Float64Range(0.1, 1).Draw(t, "xi")
			}
			return p
		}),
		Grid: []gramP{
			one, // the tightest: one input, and masks so thin that their failures are nearly independent
			{Data: data.Spec{Kind: data.Orthonormal, N: 4, D: 4, Seed: 1}, Xi: 0.25, P: 2, Rounds: 5, Law: "bernoulli", Delta: 0.2},
			{Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, Xi: 0.1, P: 1, Rounds: 4, Law: "bernoulli", Delta: 0.3},
			{Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, Xi: 0.25, P: 4, Rounds: 2, Law: "partition", Delta: 0.2},
			{Data: images.Hard(data.MNIST, 4, 49), Xi: 0.5, P: 2, Rounds: 2, Law: "partition", Delta: 0.3},
			{Data: images.Classes(data.Fashion, 4, 49, 0, 9), Xi: 0.5, P: 2, Rounds: 2, Law: "bernoulli", Delta: 0.3},
		},
		OnData: func(f checks.DataFile) []gramP {
			return []gramP{{
				Data: file(f, 8, 1),
				Xi:   0.5, P: 2, Rounds: 2, Law: "bernoulli", Delta: 0.3,
			}}
		},
		Cost:    gramP.cost,
		Setup:   own,
		Detects: map[string]float64{"": 1.35},
		Constants: []checks.Constant[gramP]{{
			Name: "width", Why: "the width of matrix Chernoff, divided by the factor", At: []gramP{one},
			Factors: []float64{1.25, 1.75, 2},
			Scaled:  func(p gramP, factor float64) (checks.Instance, error) { return setup(p, p.Xi, factor) },
		}},
		Controls: []checks.Control[gramP]{
			{
				Name: "masks-of-a-half", Why: "masks with xi = 0.1 under the bound for twice as much: lambda_min is near 0.1 lambda_0, not above it",
				At:    []gramP{{Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, Xi: 0.1, P: 1, Rounds: 4, Law: "bernoulli", Delta: 0.3}},
				Setup: func(p gramP) (checks.Instance, error) { return setup(p, 2*p.Xi, 1) },
			},
			{
				Name: "too-few-kept", Why: "with fewer kept weights than samples the Gram matrix is singular",
				At: []gramP{{Data: data.Spec{Kind: data.HalfCircle, N: 8, D: 2}, Xi: 0.2, P: 1, Rounds: 1, Law: "bernoulli", Delta: 0.2, M: 12}},
			},
		},
	}
}

// moveP are the parameters of the movement claim.
type moveP struct {
	Data   data.Spec `json:"data"`
	M      int       `json:"m"`
	Xi     float64   `json:"xi"`
	Radius float64   `json:"radius"`
	Attack string    `json:"attack"` // random, nearest, off, active or planted
}

// start draws weights and a mask. For the attack "active" the mask keeps the neurons that are active on sample 0, so that
// none of the fragile ones is idle; for "planted" see [plantedPatterns].
func (p moveP) start(g *ground, rng *rand.Rand) (*nets.Network, error) {
	net, masks := nets.NTK(p.M, g.dim()).Draw(rng), maskBuffers(1, p.M)
	train.Bernoulli{Keep: p.Xi}.Draw(rng, masks)
	switch p.Attack {
	case "active":
		for r := range masks[0] {
			masks[0][r] = mat.Dot(net.W.RowView(r), g.x.RowView(0)) >= 0
		}
	case "planted":
		z := mat.NewDense(p.M, g.n, nil)
		for r := range p.M {
			pattern := plantedPatterns[r%len(plantedPatterns)]
			for i := range g.n {
				z.Set(r, i, -1)
				switch {
				case pattern[i] && pattern[i^1]: // a pattern that is switched off
					z.Set(r, i, p.Radius/2)
				case pattern[i]:
					z.Set(r, i, 1)
				}
			}
		}
		if err := preactivate(net, g.x, z); err != nil {
			return nil, err
		}
	}
	return net.Masked(masks[0]), nil
}

// plantedPatterns are the samples, of four that are nearly equal, on which a neuron is active. H_M has nearly the
// eigenvector v = (1, 1, -1, -1)/2 of its smallest eigenvalue 1/3, which the neurons of the first two patterns make alone. To
// switch them off takes a sixth of the neurons on each sample, each on two samples at once, and leaves nearly nothing: without
// the factor ||X|| = 2 the bound would be false.
var plantedPatterns = [][4]bool{
	{true, true, false, false}, {false, false, true, true},
	{true, false, true, false}, {true, false, false, true}, {false, true, true, false}, {false, true, false, true},
}

// moveBy moves neurons by the radius: all of them in a random direction ("random"), towards the hyperplane of the sample that
// is nearest to it ("nearest"), or against the mean of the samples ("planted"), or those that are active on sample 0 towards
// its hyperplane ("off", "active").
func (p moveP) moveBy(g *ground, net *nets.Network, z *mat.Dense, rng *rand.Rand) {
	d := g.dim()
	for r := range p.M {
		dir := make([]float64, d)
		switch p.Attack {
		case "random":
			for k := range dir {
				dir[k] = rng.NormFloat64()
			}
		case "planted":
			for i := range g.n {
				for k, v := range g.x.RawRowView(i) {
					dir[k] -= v
				}
			}
		default:
			i := 0
			for j := range g.n {
				if p.Attack == "nearest" && math.Abs(z.At(r, j)) < math.Abs(z.At(r, i)) {
					i = j
				}
			}
			copy(dir, g.x.RawRowView(i))
			active := z.At(r, i) >= 0
			if p.Attack != "nearest" && !active {
				continue
			}
			if active {
				for k := range dir {
					dir[k] = -dir[k]
				}
			}
		}
		v := mat.NewVecDense(d, dir)
		v.ScaleVec(p.Radius/mat.Norm(v, 2), v)
		w := net.W.RawRowView(r)
		for k := range w {
			w[k] += dir[k]
		}
	}
}

// A masked Gram matrix survives any small movement of the weights.
//
// Setting: unit inputs, any weights W(0), any mask M, any W with ||w_r - w_r(0)||
// <= R for all r. phat_M(R) = max_i #{r : M_r = 1, |w_r(0).x_i| <= R}/m.
//
// Hypotheses: none.
//
// Conclusion: lambda_min(H_M(W)) >= ( sqrt(lambda_min(H_M(0))) - S sqrt(phat_M(R)) )_+^2,
// S = ||X||_2. phat_M(R) is at most the phat(R) of the whole network.
//
// Constants: derived, attained: the Jacobian of the kept neurons changes by a
// Khatri-Rao product of a 0/+-1 matrix with at most m phat_M nonzero entries a
// sample and X, whose norm is at most S sqrt(phat_M). On one sample, with a mask that keeps
// active neurons alone, the bound is attained when all of them are switched off; on four nearly equal samples
// with planted patterns 2 phat_M of the 4 phat_M in S^2 phat_M are. What an error of the constant scales is the fall of the
// eigenvalue where the bound is positive. The tolerance is the certified error of both eigenvalues plus 1e-12.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here, for the conclusion of Theorem 2 (arXiv v1) during training.
//
// Control: nine tenths of the fragile neurons in place of all, on one sample all of whose neurons are switched off; 1 in place of ||X||.
func gramMovement() checks.Claim[moveP] {
	setup := func(p moveP, share, norm float64) (checks.Instance, error) {
		g, err := groundOn(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Trial: func(rng *rand.Rand) checks.Measurement {
				sub, err := p.start(g, rng)
				if err != nil {
					return checks.Failed(err)
				}
				batch, gram := nets.NewBatch(g.x, p.M), mat.NewSymDense(g.n, nil)
				batch.Forward(sub)
				batch.Gram(gram, sub, nets.FirstLayer)
				before, err := eig.Min(gram)
				if err != nil {
					return checks.Failed(err)
				}
				phat := float64(batch.Fragile(make([]int, g.n), sub, p.Radius*(1+1e-12))) / float64(p.M)
				p.moveBy(g, sub, batch.Z, rng)
				batch.Forward(sub)
				batch.Gram(gram, sub, nets.FirstLayer)
				after, err := eig.Min(gram)
				if err != nil {
					return checks.Failed(err)
				}
				least := bounds.LambdaMinAfterFlips(math.Max(before.Value, 0), norm*g.s, share*phat)
				fall := least - before.Value
				if least == 0 || !(fall < 0) {
					fall = -math.SmallestNonzeroFloat64 // no constant can be seen where nothing flips, or where the bound is 0
				}
				return checks.Measurement{
					Observed: after.Value, Predicted: least, Term: fall,
					Relation: checks.AtLeast, Tolerance: before.Err + after.Err + 1e-12,
				}
			},
		}, nil
	}
	one := data.Spec{Kind: data.Sphere, N: 1, D: 3, Seed: 1}
	attained := moveP{Data: one, M: 200, Xi: 0.5, Radius: 2.5, Attack: "active"}
	all := attained
	all.Radius = 6
	planted := moveP{Data: data.Spec{Kind: data.Equicorrelated, N: 4, D: 4, Rho: 0.99999}, M: 600, Xi: 1, Radius: 0.01, Attack: "planted"}
	own := func(p moveP) (checks.Instance, error) { return setup(p, 1, 1) }
	return checks.Claim[moveP]{
		ID: "liao2022/masked-gram-movement", Title: "masked Gram matrix after a movement", Reference: "derived here, for Theorem 2 (arXiv v1)",
		Formula:    `\sqrt{\lambda_{\min}(H_M(W))} \ge \sqrt{\lambda_{\min}(H_M(0))} - \|X\| \sqrt{\hat p_M(R)}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) moveP {
			return moveP{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 5, MinD: 2, MaxD: 5}).Draw(t, "data"),
				M:    rapid.IntRange(1, 300).Draw(t, "m"), Xi: rapid.Float64Range(0.1, 1).Draw(t, "xi"),
				Radius: math.Pow(10, rapid.Float64Range(-3, 0.5).Draw(t, "log radius")),
				Attack: rapid.SampledFrom([]string{"random", "off", "active", "nearest"}).Draw(t, "attack"),
			}
		}),
		Grid: []moveP{
			attained, planted,
			{Data: one, M: 200, Xi: 0.5, Radius: 0.3, Attack: "off"},
			{Data: data.Spec{Kind: data.Sphere, N: 5, D: 10, Seed: 1}, M: 2000, Xi: 0.5, Radius: 0.01, Attack: "nearest"},
			{Data: images.All(data.MNIST, 6, 49), M: 2000, Xi: 0.25, Radius: 0.002, Attack: "nearest"},
		},
		OnData: func(f checks.DataFile) []moveP {
			return []moveP{{
				Data: file(f, 10, 1),
				M:    2000, Xi: 0.5, Radius: 0.002, Attack: "nearest",
			}}
		},
		Cost: func(p moveP) checks.Cost {
			n, _ := twolayer.Size(p.Data)
			return checks.Cost{Trial: float64(p.M)*(6*n*n+60*n) + 60*n*n*n, Size: fmt.Sprintf("m=%d", p.M)}
		},
		Setup: own,
		Constants: []checks.Constant[moveP]{
			{
				Name: "fragile-neurons", Why: "so many times fewer neurons that may flip", At: []moveP{all}, Factors: []float64{1.02, 1.05},
				Scaled: func(p moveP, factor float64) (checks.Instance, error) { return setup(p, 1/factor, 1) },
			},
			{
				Name: "norm", Why: "a smaller ||X||; at a factor of sqrt 2 the bound on these samples leaves 0", At: []moveP{planted}, Factors: []float64{1.3, 1.45},
				Scaled: func(p moveP, factor float64) (checks.Instance, error) { return setup(p, 1, 1/factor) },
			},
		},
		Controls: []checks.Control[moveP]{{
			Name: "nine-tenths-of-the-flips", Why: "with R = 6 every kept neuron is switched off, so that lambda_min falls to 0",
			At:    []moveP{all},
			Setup: func(p moveP) (checks.Instance, error) { return setup(p, 0.9, 1) },
		}, {
			Name: "norm-one", Why: "a sixth of the neurons is switched off, each on two samples at once, which takes all of lambda_min = 1/3",
			At:    []moveP{planted},
			Setup: func(p moveP) (checks.Instance, error) { return setup(p, 1, 0.5) },
		}},
	}
}
