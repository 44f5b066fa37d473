package du2019deep

import (
	"errors"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/residual"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// descent is a run of gradient descent from a start whose residual may be planted.
type descent struct {
	model
	Delta float64 `json:"delta,omitempty"`
	Eta   float64 `json:"eta"`           // as a share of 1/lambda_max of the Gram matrix of the trained layers
	Gap   float64 `json:"gap,omitempty"` // ||e(0)||; 0: the labels are those of the data
	Along string  `json:"along,omitempty"`
	Steps int     `json:"steps"`
}

// begin draws a network and its labels: those of the data or, with a gap, outputs moved along the eigenvector of the
// smallest or largest eigenvalue.
func (p descent) begin(g *ground, rng *rand.Rand, layers ...int) (pass *residual.Pass, y, spectrum []float64, err error) {
	net, err := residual.New(g.config, rng)
	if err != nil {
		return nil, nil, nil, err
	}
	if pass, err = net.NewPass(g.x); err != nil {
		return nil, nil, nil, err
	}
	var es mat.EigenSym
	if !es.Factorize(pass.Gram(nil, layers...), true) {
		return nil, nil, nil, errors.New("the eigenvalues of a Gram matrix did not converge")
	}
	spectrum, y = es.Values(nil), g.y
	if p.Gap > 0 {
		var vectors mat.Dense
		es.VectorsTo(&vectors)
		at := 0
		if p.Along == "max" {
			at = g.n - 1
		}
		y = make([]float64, g.n)
		floats.AddScaledTo(y, pass.Output(), -p.Gap, mat.Col(nil, at, &vectors))
	}
	return pass, y, spectrum, nil
}

// A published theorem with its width, all hidden constants set to 1.
type published struct {
	width func(n, depth, positions int, lambda, delta float64) float64
	any   bool // do not ask for the width (controls)
}

// theoremSetup is the conclusion of a convergence theorem at a width that is too small for it.
func theoremSetup(t published) func(descent) (checks.Instance, error) {
	return func(p descent) (checks.Instance, error) {
		g, err := p.ground()
		if err != nil {
			return checks.Instance{}, err
		}
		// The limit of the convolutional network averages over patches; that of one position is an order of magnitude
		// for it.
		limit, err := g.limit(p.Layers)
		if err != nil {
			return checks.Instance{}, err
		}
		lambda, err := eig.Min(limit.Last)
		if err != nil {
			return checks.Instance{}, err
		}
		need := t.width(g.n, p.Layers, g.config.Positions, lambda.Value, p.Delta)
		inst := checks.Instance{
			Terms: checks.Terms{Delta: checks.Float(p.Delta)},
			Facts: []checks.Fact{
				checks.NewFact("lambda_min(K^(H))", lambda.Value), checks.NewFact("required width, constants 1", need), checks.NewFact("width run", float64(p.Width)),
			},
			Trial: func(rng *rand.Rand) checks.Measurement { return p.train(g, lambda.Value, rng) },
		}
		if !t.any {
			inst.Hypotheses = []checks.Hypothesis{checks.Require("width", float64(p.Width), checks.AtLeast, need)}
		}
		return inst, nil
	}
}

// train trains all layers and compares the worst step with the printed rate.
func (p descent) train(g *ground, lambda float64, rng *rand.Rand) checks.Measurement {
	pass, y, spectrum, err := p.begin(g, rng)
	if err != nil {
		return checks.Failed(err)
	}
	eta, e := p.Eta/spectrum[g.n-1], make([]float64, g.n)
	start := pass.Residual(e, y)
	worst := checks.Measurement{Observed: math.Inf(-1)}
	var steps, losses, bound []float64
	for k := 1; k <= p.Steps; k++ {
		pass.Descend(eta, e)
		loss, allowed := math.Pow(pass.Residual(e, y)/start, 2), math.Pow(1-eta*lambda/2, float64(k))
		if math.IsInf(loss, 0) || math.IsNaN(loss) {
			loss = math.MaxFloat64
		}
		steps, losses, bound = append(steps, float64(k)), append(losses, max(loss, 1e-20)), append(bound, allowed)
		if worst.Observed < 0 || loss/allowed > worst.Observed/worst.Predicted {
			worst.Observed, worst.Predicted = loss, allowed
		}
		if loss > 1e6 {
			break
		}
	}
	worst.Tolerance = 1e-20
	worst.Series = curve.Axes{X: "step", Y: "L(k)/L(0)", LogY: true}.Against("loss", steps, losses, bound)
	return worst
}

// theorem makes one of the three convergence theorems; their statements are at the functions that call it.
func theorem(c checks.Claim[descent], t published, outside []descent, plain bool) checks.Claim[descent] {
	c.Convention, c.Basis, c.Form, c.Version = convention, checks.Stated, checks.Probably{}, 1
	c.Grid, c.Outside, c.Setup = outside, true, theoremSetup(t)
	c.Cost = func(p descent) checks.Cost { return p.cost(float64(p.Steps)) }
	t.any = true
	long := outside[0]
	long.Eta, long.Gap, long.Along, long.Steps = 2.05, 1e-4, "max", 5
	c.Controls = []checks.Control[descent]{{
		Name: "longer-step", Why: "at 2.05/lambda_max a residual along its eigenvector grows from the first step", At: []descent{long}, Setup: theoremSetup(t),
	}}
	if plain {
		far := outside[1]
		far.Data.LabelScale = 100
		c.Controls = append(c.Controls, checks.Control[descent]{
			Name: "larger-labels", Why: "labels of 100 are not O(1): the weights move too far", At: []descent{far}, Setup: theoremSetup(t),
		})
	}
	return c
}

func deltas(m model, delta float64) descent {
	return descent{model: m, Delta: delta, Eta: 1, Steps: 15}
}

var five = data.Spec{Kind: data.Sphere, N: 5, D: 8, Seed: 1}

// Gradient descent trains a fully connected network at a linear rate.
//
// Setting: n unit inputs, no two parallel, labels of O(1); all layers of a fully connected network with H hidden
// layers are trained by full-batch gradient descent.
//
// Hypotheses: Conditions 3.1 and 3.2; m = Omega(2^{O(H)} max{n^4/lambda_0^4, n/delta, n^2 log(Hn/delta)/lambda_0^2}),
// lambda_0 = lambda_min(K^(H)), eta = O(lambda_0/(n^2 2^{O(H)})). All hidden constants are set to 1, and 2^{O(H)} to
// 2^H: only the exponents mean anything. No instance of more than a few samples meets it; what happens outside,
// with the longer step eta = 1/lambda_max(G(0)), is shown apart.
//
// Conclusion: with probability at least 1 - delta, L(k) <= (1 - eta lambda_0/2)^k L(0) for all k; the runs
// are of 15 steps.
//
// Constants: hidden; last-layer-descent is a theorem whose hypotheses are met, and step-size says which steps are too long.
//
// Convention: as in the paper.
//
// Reference: Theorem 5.1.
//
// Control: eta = 2.05/lambda_max(G(0)) with a residual along its eigenvector; labels a hundred times as large at H =
// 4, m = 64.
func theoremPlain() checks.Checkable {
	return theorem(checks.Claim[descent]{
		ID: "du2019deep/theorem-plain", Title: "fully connected networks converge", Reference: "Theorem 5.1",
		Formula: `L(k) \le (1 - \eta\lambda_{\min}(K^{(H)})/2)^k L(0)`,
	}, published{width: func(n, depth, _ int, lambda, delta float64) float64 {
		return bounds.PrintedPlainWidth(n, depth, lambda, delta)
	}}, []descent{
		deltas(model{Data: five, Activation: "softplus", Layers: 2, Width: 64}, 0.4), deltas(model{Data: five, Activation: "softplus", Layers: 4, Width: 64}, 0.4),
	}, true)
}

// Gradient descent trains a residual network at a linear rate.
//
// Setting: as in theorem-plain, for a residual network with branches c_res/H, H >= 2.
//
// Hypotheses: m = Omega(max{n^4/(lambda_0^4 H^6), n^2/(lambda_0^2 H^2), n/delta, n^2 log(Hn/delta)/lambda_0^2}), eta
// = O(lambda_0 H^2/n^2); hidden constants set to 1. As lambda_0 is of order kappa/H^2, that is a width of order
// max(n^4 H^2/kappa^4, n^2 H^4 log(Hn/delta)/kappa^2), and n^2 H^2 log(1/eps)/kappa^2 steps, where the paper writes
// n^2 log(1/eps).
//
// Conclusion: as in theorem-plain.
//
// Constants: hidden. The movement of the output layer, see residual-movement, makes the first term of the proof
// n^4/(lambda_0^4 H^4).
//
// Convention: as in the paper.
//
// Reference: Theorem 6.1.
//
// Control: eta = 2.05/lambda_max(G(0)) with a residual along its eigenvector.
func theoremResidual() checks.Checkable {
	return theorem(checks.Claim[descent]{
		ID: "du2019deep/theorem-residual", Title: "residual networks converge", Reference: "Theorem 6.1",
		Formula: `L(k) \le (1 - \eta\lambda_{\min}(K^{(H)})/2)^k L(0)`,
	}, published{width: func(n, depth, _ int, lambda, delta float64) float64 {
		return bounds.PrintedResidualWidth(n, depth, lambda, delta)
	}}, []descent{
		deltas(model{Data: five, Activation: "softplus", Layers: 2, Width: 64, CRes: 0.5}, 0.4), deltas(model{Data: five, Activation: "softplus", Layers: 4, Width: 64, CRes: 0.5}, 0.4),
	}, false)
}

// Gradient descent trains a convolutional residual network at a linear rate.
//
// Setting: as in theorem-residual, for inputs of p positions with ||x||_F = 1 and patches of q positions with zeros
// beyond the edges.
//
// Hypotheses: m = Omega(max{n^4/(lambda_0^4 H^6), n^4/(lambda_0^4 H^2), n/delta, n^2 log(Hn/delta)/lambda_0^2}
// poly(p)), eta = O(lambda_0 H^2/(n^2 poly(p))); hidden constants set to 1, poly(p) to p, and lambda_0 to that of the
// residual network on the same inputs as one position. The second term makes the first one redundant; the appendix
// gives n^2/(lambda_0^2 H^2) for it, as in Theorem 6.1.
//
// Conclusion: as in theorem-plain.
//
// Constants: hidden.
//
// Convention: as in the paper.
//
// Reference: Theorem 7.1.
//
// Control: eta = 2.05/lambda_max(G(0)) with a residual along its eigenvector.
func theoremConvolutional() checks.Checkable {
	return theorem(checks.Claim[descent]{
		ID: "du2019deep/theorem-convolutional", Title: "convolutional residual networks converge", Reference: "Theorem 7.1",
		Formula: `L(k) \le (1 - \eta\lambda_{\min}(K^{(H)})/2)^k L(0)`,
	}, published{width: bounds.PrintedConvolutionalWidth}, []descent{
		deltas(model{Data: images.Hard(data.MNIST, 5, 49), Activation: "softplus", Layers: 2, Width: 24, CRes: 0.5, Positions: 7, Patch: 3}, 0.4),
	}, false)
}

// Training the last hidden layer converges at a linear rate, with hypotheses that can be met.
//
// Setting: unit inputs, also of several positions with patches of q; a fully connected or residual network of any
// depth with N(0,1) weights; gradient descent with step eta on the last hidden layer W^(H). G = G^(H), the Gram
// matrix that K^(H) is the limit of; v_i are the inputs of the layer (patches), V the matrix of all; f =
// sqrt(c_sigma), or c_res/H for residual networks.
//
// Hypotheses: on the draw, with alpha_0^2 = lambda_min(G(0)), beta_0^2 = lambda_max(G(0)), ell = (f/sqrt m) beta
// max|a_r| max_i ||v_i||_2 ||V||_2 and r = ||e(0)||, there is a radius R with ell R < alpha_0 that holds the path: R
// >= r/(c alpha), alpha = alpha_0 - ell R, c = 1 - eta (ell r + (beta_0 + ell R)^2)/2; and eta <= min(1/(2 (beta_0 +
// ell R)^2), 1/(2 ell r)).
//
// Conclusion: L(k) <= (1 - 2 c eta alpha^2)^k L(0) for all k, here those of the run until L(k)/L(0) is 1e-20. Where 2
// c alpha^2 >= lambda_min(K^(H))/2 this is the conclusion of Theorems 5.1, 6.1 and 7.1 when this layer alone is
// trained; their proofs keep of the Gram matrices of all layers only that of this one.
//
// Constants: derived: J is ell-Lipschitz in W^(H), its row for (i, r) being (f/sqrt m) a_r sigma'(w_r . v_i) v_i; the
// rest is the Gauss-Newton certificate of the base facts. The rate is sharp: nearly attained by a small residual
// along the eigenvector of lambda_min(G(0)). The constant in ell is that of one-step, where it is attained.
// Allowance: 1e-12 k in the logarithm, and the rounding of the outputs.
//
// Convention: as in the paper; the labels may be planted.
//
// Reference: Theorems 5.1, 6.1 and 7.1, for the last hidden layer; derived here.
//
// Control: a rate larger by a tenth; a residual of 30 on a narrow network, at the rate of its start; and eta =
// 2.05/lambda_max(G(0)) with the residual along its eigenvector.
func lastLayerDescent() checks.Checkable {
	setup := func(rate float64, asked bool) func(descent) (checks.Instance, error) {
		return func(p descent) (checks.Instance, error) {
			g, err := p.ground()
			if err != nil {
				return checks.Instance{}, err
			}
			inst := checks.Instance{Trial: func(rng *rand.Rand) checks.Measurement { return p.trainLast(g, rate, asked, rng) }}
			if g.config.Positions == 1 {
				limit, err := g.limit(p.Layers)
				if err != nil {
					return checks.Instance{}, err
				}
				lambda, err := eig.Min(limit.Last)
				if err != nil {
					return checks.Instance{}, err
				}
				inst.Facts = []checks.Fact{checks.NewFact("lambda_min(K^(H))", lambda.Value), checks.NewFact("width run", float64(p.Width))}
			}
			return inst, nil
		}
	}
	slow := func(m model) descent { return descent{model: m, Eta: 0.03, Gap: 1e-3, Steps: 40} }
	plain := slow(model{Data: data.Spec{Kind: data.Sphere, N: 4, D: 8, Seed: 1}, Activation: "erf", Layers: 2, Width: 128})
	deep := slow(model{Data: data.Spec{Kind: data.Sphere, N: 3, D: 8, Seed: 1}, Activation: "softplus", Layers: 6, Width: 96, CRes: 0.5})
	labelled := descent{model: model{Data: data.Spec{Kind: data.Orthonormal, N: 4, D: 4, Seed: 1, Labels: data.Sign}, Activation: "erf", Layers: 1, Width: 6000}, Eta: 0.3, Steps: 40}
	far := descent{model: model{Data: orthonormal(3), Activation: "erf", Layers: 2, Width: 16}, Eta: 0.3, Gap: 30, Steps: 40}
	long := plain
	long.Eta, long.Gap, long.Along, long.Steps = 2.05, 1e-4, "max", 5
	return checks.Claim[descent]{
		ID: "du2019deep/last-layer-descent", Title: "last hidden layer converges", Reference: "Theorems 5.1, 6.1, 7.1 for the last hidden layer; derived here",
		Formula:    `L(k) \le (1 - 2 c \eta \alpha^2)^k L(0)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []descent{
			plain, deep, labelled,
			slow(model{Data: images.Hard(data.MNIST, 3, 49), Activation: "softplus", Layers: 2, Width: 32, CRes: 0.9, Positions: 7, Patch: 3}),
			slow(model{Data: images.Hard(data.Fashion, 4, 196), Activation: "softplus", Layers: 3, Width: 96, CRes: 0.5}),
		},
		OnData: func(f checks.DataFile) []descent {
			return []descent{slow(model{Data: userfile.Labelled(f, 4), Activation: "softplus", Layers: 3, Width: 96, CRes: 0.5})}
		},
		Cost: func(p descent) checks.Cost { return p.cost(float64(p.Steps)) }, Setup: setup(1, true),
		Controls: []checks.Control[descent]{
			{Name: "faster-rate", Why: "a residual along the slowest direction", At: []descent{plain}, Setup: setup(1.1, true)},
			{Name: "large-residual", Why: "the weights leave every ball in which the start tells the rate", At: []descent{far}, Setup: setup(1, false)},
			{Name: "longer-step", Why: "the loss grows at the first step", At: []descent{long}, Setup: setup(1, false)},
		},
	}
}

// trainLast trains the last hidden layer and compares its slowest decrease with the certificate. Where the
// certificate is not asked for, it is that of the start alone.
func (p descent) trainLast(g *ground, rate float64, asked bool, rng *rand.Rand) checks.Measurement {
	pass, y, spectrum, err := p.begin(g, rng, p.Layers)
	if err != nil {
		return checks.Failed(err)
	}
	e := make([]float64, g.n)
	start := pass.Residual(e, y)
	if start == 0 || !(spectrum[0] > 0) {
		return checks.Measurement{Observed: 1, Predicted: 1, Relation: checks.AtLeast, Hypotheses: []checks.Hypothesis{checks.RequireThat("alpha_0 > 0 and e(0) != 0", false)}}
	}
	eta := p.Eta / spectrum[g.n-1]
	largest := 0.0
	for i := range g.n {
		rows := pass.Patches(p.Layers).Slice(i*g.config.Positions, (i+1)*g.config.Positions, 0, pass.Patches(p.Layers).RawMatrix().Cols)
		largest = max(largest, data.SpectralNorm(rows))
	}
	net := pass.Network()
	ell := g.lastLayer(net).JacobianLipschitz(largest, data.SpectralNorm(pass.Patches(p.Layers)))
	top := spectrum[g.n-1]
	alpha, beta := math.Sqrt(max(0, spectrum[0]-1e-13*top))*(1-1e-12), math.Sqrt(top)*(1+1e-12) // the rounding of the eigenvalues
	certificate, _, ok := bounds.DescentOnBall(alpha, beta, ell, start, eta)
	factor := certificate.Rate(eta)
	if !asked {
		factor = 1 - 2*math.Min(eta, 0.9/spectrum[g.n-1])*(1-p.Eta/4)*spectrum[0]
	}
	claimed := -rate * math.Log(factor)
	noise := 1e-14 * (1 + floats.Norm(pass.Output(), 2)) / start
	var ms []checks.Measurement
	var steps, losses, bound []float64
	for k := 1; k <= p.Steps; k++ {
		pass.Descend(eta, e, p.Layers)
		loss := pass.Residual(e, y) / start
		if math.IsInf(loss, 0) || math.IsNaN(loss) {
			loss = 1e100
		}
		if loss < 1e-10 || loss < 100*noise {
			break
		}
		n := float64(k)
		ms = append(ms, checks.Measurement{Observed: -2 * math.Log(loss) / n, Predicted: claimed, Relation: checks.AtLeast, Tolerance: 1e-12 + 4*noise/loss/n})
		steps, losses, bound = append(steps, n), append(losses, loss*loss), append(bound, math.Exp(-claimed*n))
	}
	if len(ms) == 0 {
		return checks.Failed(errors.New("the first step ended below rounding: take a smaller step"))
	}
	all := checks.Worst(ms...)
	all.Series = curve.Axes{X: "step", Y: "L(k)/L(0)", LogY: true}.Against("loss", steps, losses, bound)
	if asked {
		all.Hypotheses = []checks.Hypothesis{checks.RequireThat("certificate", ok)}
	}
	return all
}
