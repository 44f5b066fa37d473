package yang2023

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
)

// plan is a problem for which the width of convergence is computed.
type plan struct {
	Data  data.Spec `json:"data"`
	Bias  float64   `json:"bias"`
	Along string    `json:"along,omitempty"` // labels along an eigenvector of the limit kernel, of norm Scale
	Scale float64   `json:"scale,omitempty"`
	Spare float64   `json:"spare"` // theta
	Delta float64   `json:"delta"`
}

// planned is what a plan comes to.
type planned struct {
	in      *inputs
	y       []float64
	problem bounds.BiasProblem
	m       int
}

// widest is the largest network that is trained.
const widest = 60000

func (p plan) build() (planned, error) {
	in, err := load(p.Data, p.Bias)
	if err != nil {
		return planned{}, err
	}
	out := planned{in: in, y: in.set.Y}
	if p.Along != own {
		if out.y, err = eigenvector(in.limit, p.Along); err != nil {
			return planned{}, err
		}
		floats.Scale(p.Scale, out.y)
	}
	out.problem = bounds.BiasProblem{
		N: in.n(), Bias: p.Bias, Lambda: in.top, RowSum: in.rowSum, Limit: in.lambda.Lower(), Residual: floats.Norm(out.y, 2), Spare: p.Spare, Delta: p.Delta / 2,
	}
	if !in.positive().Met() {
		return out, nil
	}
	out.m, err = out.problem.Width()
	return out, err
}

func (p plan) cost() checks.Cost {
	b, err := p.build()
	if err != nil {
		return checks.Cost{} // the setup reports it
	}
	return run{Data: p.Data, M: b.m}.cost()
}

// convergence is linear convergence at a width that is enough.
//
// Setting: n unit inputs; a start in m/2 pairs of equal neurons with opposite signs, so that the output is zero; all biases
// B >= 0; any labels; gradient descent on weights and biases with eta = 1/Lambda.
//
// Hypotheses: lambda(B) > 0; theta, delta in (0, 1); an even m, here the width of bounds.BiasProblem, for which, with eps such that
// n exp(-(m/2) c(eps) lambda(B)/Lambda) = delta/4, R = sqrt(2 Lambda/m) ||y||/((1-theta) lambda(B)) and s the
// delta/(4n)-quantile of Binomial(m/2, Phi(B+R) - Phi(B-R)) over m/2,
// (2 kappa - 2 + sqrt(2 n Lambda)) s <= (theta - eps) lambda(B).
//
// Conclusion: with probability at least 1-delta over the start, the hypothesis of certificate holds with the floor
// mu = (1-theta) lambda(B); so for all t ||e(t)|| <= (1 - eta mu)^t ||y|| and no preactivation moves by more than R; and for
// all t and i at most 2k neurons are active on x_i, k the delta/(2n)-quantile of Binomial(m/2, Q(B-R)).
//
// Constants: derived: delta/4 for matrix Chernoff, delta/4 for the neurons near a boundary, delta/2 for the active ones. For
// theta = 1/2 the conclusion implies L(t) <= (1 - eta lambda(B)/4)^t L(0). As Phi(B+R) - Phi(B-R) is at most
// (2R/sqrt(2 pi)) exp(-((B-R)_+)^2/2), the width grows like n^4 exp(-B^2)/lambda(B)^4 when ||y||^2 is of order n: the exponents
// of Theorem 1, whose constant is hidden; the facts give it with the constant 1. Theorem 1 lets the signs be
// independent, and then has ||e(0)|| for ||y||.
//
// Convention: 1/sqrt(m) scaling; loss = (1/2) sum of squares.
//
// Reference: Yang et al., Theorem 1 and Lemma 6; derived here.
//
// Control: near inputs with opposite labels and a declared eigenvalue; 1.5 times the rate; a sixteenth of the width; 0.7 R;
// 0.9 of the active neurons.
//
// Loose: the floor keeps 1 - theta of lambda(B), and the share of neurons near a boundary, which may reach its
// quantile on each of n inputs at once, is counted with both signs, so that half of the width is enough.
func convergence() checks.Checkable {
	setup := func(s sabotage, less float64) func(plan) (checks.Instance, error) {
		return func(p plan) (checks.Instance, error) {
			b, err := p.build()
			if err != nil {
				return checks.Instance{}, err
			}
			return p.instance(b, s, less), nil
		}
	}
	tiny := plan{Data: orthonormal(1), Along: bottom, Scale: 1e-3, Spare: 0.12, Delta: 0.5}
	one := plan{Data: orthonormal(1), Along: bottom, Scale: 1, Spare: 0.5, Delta: 0.5}
	twice := data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 0}, {1, 1e-3}}, Labels: data.Alternate, LabelScale: 0.1}
	return checks.Claim[plan]{
		ID: "yang2023/convergence", Title: "linear convergence and sparsity at a sufficient width", Reference: "Theorem 1 and Lemma 6, explicit; derived here",
		Formula:    `\mathbb{P}\left[\forall t:\ \|e(t)\| \le (1-\eta(1-\theta)\lambda(B))^t \|y\|,\ |S_{\mathrm{on}}(i,t)| \le 2k\right] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) plan {
			return plan{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 2, MinD: 2, MaxD: 3}).Draw(t, "data"), Bias: rapid.Float64Range(0, 1.5).Draw(t, "bias"), Along: bottom,
				Scale: rapid.SampledFrom([]float64{1e-3, 0.01}).Draw(t, "scale"), Spare: rapid.SampledFrom([]float64{0.5, 0.9}).Draw(t, "theta"), Delta: 0.8,
			}
		}),
		Grid: []plan{
			tiny, one, {Data: orthonormal(2), Bias: 1, Along: bottom, Scale: 0.02, Spare: 0.6, Delta: 0.5},
			{Data: data.Spec{Kind: data.Sphere, N: 4, D: 8, Seed: 1, LabelScale: 0.005}, Bias: 0.5, Spare: 0.9, Delta: 0.5},
			{Data: withLabels(images.Hard(data.Fashion, 2, 49), 0.003), Bias: 0.5, Spare: 0.9, Delta: 0.5},
			{Data: withLabels(images.Hard(data.MNIST, 2, 49), 0.005), Bias: 1, Spare: 0.9, Delta: 0.5},
		},
		Cost: plan.cost, Setup: setup(sabotage{}, 1),
		Detects: map[string]float64{"width": 2.5},
		Controls: []checks.Control[plan]{
			{Name: "near-duplicates", Why: "inputs at distance 0.001 with opposite labels are not fitted at a rate of 0.1", At: []plan{{Data: twice, Bias: 1, Spare: 0.5, Delta: 0.2}}, Setup: func(p plan) (checks.Instance, error) {
				b, err := planAt(p, 0.1, 1000)
				if err != nil {
					return checks.Instance{}, err
				}
				return p.instance(b, sabotage{blind: true}, 1), nil
			}},
			{Name: "faster", Why: "along the smallest eigenvector nothing is faster than lambda(B), of which 0.88 are claimed", At: []plan{tiny}, Setup: setup(sabotage{rate: 1.5}, 1)},
			{Name: "narrow", Why: "at a sixteenth of the width too many neurons are near a boundary", At: []plan{one}, Setup: setup(sabotage{}, 16)},
			{Name: "fewer-active", Why: "nine tenths of the quantile are exceeded in nearly every draw", At: []plan{tiny}, Setup: setup(sabotage{active: 0.9}, 1)},
			{Name: "shorter-reach", Why: "one input moves its active neurons by 0.88 R", At: []plan{tiny}, Setup: setup(sabotage{reach: 0.7}, 1)},
		},
		Constants: []checks.Constant[plan]{{
			Name: "width", Why: "the width divided by the factor: the neurons near a boundary cost more than theta lambda(B)", At: []plan{one}, Factors: []float64{2.5, 3},
			Scaled: func(p plan, f float64) (checks.Instance, error) { return setup(sabotage{}, f)(p) },
		}},
	}
}

// planAt is a plan whose eigenvalue and width are declared rather than computed, for controls.
func planAt(p plan, lambda float64, m int) (planned, error) {
	in, err := load(p.Data, p.Bias)
	if err != nil {
		return planned{}, err
	}
	in.lambda = eig.Certified{Value: lambda, OK: true}
	return planned{in: in, y: in.set.Y, m: m, problem: bounds.BiasProblem{
		N: in.n(), Bias: p.Bias, Lambda: in.top, RowSum: in.rowSum, Limit: lambda, Residual: floats.Norm(in.set.Y, 2), Spare: p.Spare, Delta: p.Delta / 2,
	}}, nil
}

func (p plan) instance(b planned, s sabotage, less float64) checks.Instance {
	m := max(2, 2*int(math.Ceil(float64(b.m)/less/2)))
	inst := checks.Instance{
		Hypotheses: []checks.Hypothesis{b.in.positive(), checks.Require("neurons needed", float64(b.m), checks.AtMost, widest)},
		Facts: []checks.Fact{
			checks.NewFact("lambda(B)", b.in.lambda.Value), checks.NewFact("Lambda", b.in.top), checks.NewFact("width run", float64(m)),
			checks.NewFact("width of Theorem 1 with constant 1", bounds.BiasOrderWidth(b.in.n(), b.in.lambda.Lower(), p.Bias)),
		},
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
	}
	if b.m == 0 || b.m > widest {
		return inst
	}
	if b.problem.Residual == 0 {
		inst.Trivial = "all labels are zero"
		return inst
	}
	cert := b.problem.Certificate(m)
	radius := cert.Radius()
	if less != 1 { // the reach that the full width promises
		radius = b.problem.Certificate(b.m).Radius()
	}
	active := factor(s.active) * bounds.BinomialFlips(kernel.UpperTail(p.Bias-radius), b.in.n(), m/2, p.Delta/2)
	inst.Facts = append(inst.Facts, checks.NewFact("R", radius), checks.NewFact("Q(B)", kernel.UpperTail(p.Bias)))
	inst.Trial = func(r *rand.Rand) checks.Measurement {
		n, net := b.in.n(), b.in.law(m, nets.Antisymmetric).Draw(r)
		batch, h := nets.NewBatch(b.in.x, m), mat.NewSymDense(n, nil)
		batch.Forward(net)
		batch.Gram(h, net, nets.FirstLayer)
		low, err := eig.Min(h)
		if err != nil {
			return checks.Failed(err)
		}
		share := float64(batch.Fragile(make([]int, n), net, cert.Radius()*(1+1e-12))) / float64(m)
		f, err := follow(b.in, net, b.y, 1/b.in.top, factor(s.rate)*cert.Floor)
		if err != nil {
			return checks.Failed(err)
		}
		steps := f.shares.X
		level := make([]float64, len(steps))
		for i := range level {
			level[i] = active
		}
		bound := f.shares
		bound.Name, bound.Style, bound.Y = "bound", "bound", checks.NewSeries("", "", level, level).Y
		f.slowest.Series = append(f.slowest.Series, f.shares, bound)
		return checks.All(
			f.slowest,
			checks.Measurement{Part: "eigenvalue left", Observed: low.Value - cert.Spend(share), Predicted: cert.Floor, Relation: checks.AtLeast, Error: low.Err},
			checks.Measurement{Part: "movement", Observed: f.reach, Predicted: factor(s.reach) * radius, Tolerance: 64 * unit * f.largest},
			checks.Measurement{Part: "active", Observed: float64(f.active) / float64(m), Predicted: active, Tolerance: 1e-12},
		)
	}
	return inst
}
