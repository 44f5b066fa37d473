package du2019deep

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/residual"
	"convergo/theorems/internal/images"
)

// training is a run of gradient descent on all layers.
type training struct {
	drawn
	Eta   float64 `json:"eta"`           // as a share of 1/lambda_max(G(0))
	Gap   float64 `json:"gap,omitempty"` // the labels are so far below the start's outputs, all alike; 0: those of the data
	Steps int     `json:"steps"`
}

// start draws the network with its pass, labels and step size.
func (p training) start(g *ground, rng *rand.Rand) (net *residual.Network, pass *residual.Pass, y []float64, eta float64, err error) {
	if net, err = p.network(g, rng); err != nil {
		return
	}
	if pass, err = net.NewPass(g.x); err != nil {
		return
	}
	top, err := eig.Max(pass.Gram(nil))
	if err != nil {
		return
	}
	y = g.y
	if p.Gap != 0 {
		y = make([]float64, g.n)
		for i, u := range pass.Output() {
			y[i] = u - p.Gap/math.Sqrt(float64(g.n))
		}
	}
	return net, pass, y, p.Eta / top.Value, nil
}

// gradients are bounds on the gradients of one output with respect to the layers 1..H and a, at the present weights,
// largest over the inputs.
func (g *ground) gradients(net *residual.Network, pass *residual.Pass) []float64 {
	l := g.layered(weightNorm(net, 2), 0)
	out := make([]float64, g.Layers+2)
	for h := 1; h <= g.Layers+1; h++ {
		below := 0.0
		for i := range g.n {
			below = max(below, pass.Norm(h-1, i))
		}
		if out[h] = below; h <= g.Layers {
			out[h] = l.Gradient(h, g.Layers, g.Width, mat.Norm(net.A, 2), below)
		}
	}
	return out
}

// A sabotage of the movement claims: factors of the increments of the hidden layers, of a, and of the whole movement.
type share struct{ hidden, output, whole float64 }

// movement makes the setup of the two claims.
func movement(s share, printed bool) func(training) (checks.Instance, error) {
	return func(p training) (checks.Instance, error) {
		g, err := p.ground()
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{Trial: func(rng *rand.Rand) checks.Measurement {
			net, pass, y, eta, err := p.start(g, rng)
			if err != nil {
				return checks.Failed(err)
			}
			return g.follow(net, pass, y, eta, p.Steps, s, printed)
		}}, nil
	}
}

// follow trains the network and compares all movements with their bounds.
func (g *ground) follow(net *residual.Network, pass *residual.Pass, y []float64, eta float64, steps int, s share, printed bool) checks.Measurement {
	first, last := net.Clone(), net.Clone()
	e, root := make([]float64, g.n), math.Sqrt(float64(g.n))
	e0 := pass.Residual(e, y)
	if e0 == 0 {
		return checks.Measurement{Observed: 0, Predicted: 0, Part: "hidden"} // nothing moves
	}
	rounding := func(h int) float64 { return 1e-14 * (1 + mat.Norm(net.Weight(h), 2)) }
	largest := make([]float64, g.Layers+2)
	var ms []checks.Measurement
	q := 0.0 // the largest ||e(s)||/||e(0)|| to the power 1/s
	taken := 0
	for k := range steps {
		norm := pass.Residual(e, y)
		if !(norm < 1e8*(1+e0)) {
			break // the run diverges, and rounding with it
		}
		if taken++; k > 0 {
			q = max(q, math.Pow(norm/e0, 1/float64(k)))
		}
		bounded := g.gradients(net, pass)
		for h, bound := range bounded {
			largest[h] = max(largest[h], bound)
		}
		pass.Descend(eta, e)
		for h := 1; h <= g.Layers+1; h++ {
			part, factor := "hidden", s.hidden
			if h > g.Layers {
				if part, factor = "output", s.output; printed {
					factor *= g.config.Branch
				}
			}
			ms = append(ms, checks.Measurement{Part: part, Observed: net.Moved(last, h), Predicted: factor * eta * root * norm * bounded[h], Tolerance: rounding(h) + 1e-12*eta*root*norm*bounded[h]})
			last.Weight(h).Copy(net.Weight(h))
		}
	}
	for h := 1; h <= g.Layers+1; h++ {
		bound := bounds.GeometricMovement(eta, root*largest[h], e0, q, taken)
		ms = append(ms, checks.Measurement{Part: "whole", Observed: net.Moved(first, h), Predicted: s.whole * bound, Tolerance: float64(taken)*rounding(h) + 1e-12*bound})
	}
	return checks.Each(ms...)
}

func trainingCost(p training) checks.Cost {
	c := p.cost(3 * float64(p.Steps))
	m := float64(p.Width)
	c.Trial += 2 * float64(p.Steps*p.Layers) * 60 * m * m * m
	return c
}

func trainingSpace(cRes ...float64) *rapid.Generator[training] {
	return rapid.Custom(func(t *rapid.T) training {
		return training{
			drawn: drawn{model: model{
				Data:       gen.Specs(gen.Range{MinN: 1, MaxN: 3, MinD: 1, MaxD: 3}).Draw(t, "data"),
				Activation: rapid.SampledFrom([]string{"softplus", "erf", "tanh", "identity"}).Draw(t, "activation"),
				Layers:     rapid.IntRange(2, 4).Draw(t, "layers"), Width: rapid.SampledFrom([]int{1, 4, 12}).Draw(t, "m"),
				CRes: rapid.SampledFrom(cRes).Draw(t, "cres"),
			}},
			Eta: rapid.SampledFrom([]float64{0.1, 1}).Draw(t, "eta"), Steps: rapid.IntRange(1, 6).Draw(t, "steps"),
		}
	})
}

func planted(cRes float64) training {
	return training{
		drawn: drawn{model: model{Data: orthonormal(1), Activation: "identity", Layers: 3, Width: 8, CRes: cRes}, Plant: "rising"},
		Eta:   0.05, Gap: 0.001, Steps: 12,
	}
}

// How far the weights of a fully connected network move in training.
//
// Setting: unit inputs, any labels; gradient descent with any step eta on all layers of a fully connected network;
// e(s) = f(X) - y after s steps; c_w(s) and ||a(s)|| at the present weights, c_w = max ||W_h||_2/sqrt m over h =
// 2..H.
//
// Hypotheses: none. A run is followed until ||e(s)|| is 1e8 times its start.
//
// Conclusion: with g_h(s) = ||a(s)|| (sqrt(c_sigma) L c_w(s))^{H-h} sqrt(c_sigma/m) L max_i ||x_i^(h-1)(s)|| for h =
// 1..H and g_{H+1}(s) = max_i ||x_i^(H)(s)||, (hidden and output) ||W_h(s+1) - W_h(s)||_F <= eta sqrt n ||e(s)||
// g_h(s), W_{H+1} = a; (whole) ||W_h(k) - W_h(0)||_F <= eta sqrt n ||e(0)|| max_s g_h(s) (1 - q^k)/(1 - q) whenever
// ||e(s)|| <= q^s ||e(0)|| for s < k (q is the least such number of the run).
//
// Constants: derived; each is attained by the linear network W_h = sqrt m u u^T on one input with a small residual,
// to the drift of its weights. Lemma B.5 follows: premises c_w(s) <= 2 c_w, ||x|| <= 2 c_x, ||a|| <= 2 a_20 sqrt m
// and q^2 = 1 - eta lambda_0/2, whose sum is at most 4/(eta lambda_0), give R' = 16 c_x a_20 alpha^H sqrt n
// ||e(0)||/(lambda_0 sqrt m), 16 times what is needed. Allowance: the rounding of the differences.
//
// Convention: as in the paper.
//
// Reference: Lemma B.5, with the norms of the run.
//
// Control: each of the three bounds smaller by a twentieth.
func plainMovement() checks.Checkable {
	return checks.Claim[training]{
		ID: "du2019deep/plain-movement", Title: "fully connected weights move", Reference: "Lemma B.5, with the norms of the run",
		Formula:    `\|W^{(h)}(s+1) - W^{(h)}(s)\|_F \le \eta \sqrt{n} \|e(s)\| \|a\| (\sqrt{c_\sigma} L c_w)^{H-h} \sqrt{c_\sigma/m}\, L \|x^{(h-1)}\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: trainingSpace(0),
		Grid: []training{
			planted(0),
			{drawn: drawn{model: model{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Activation: "softplus", Layers: 3, Width: 32}}, Eta: 0.5, Steps: 8},
		},
		Cost: trainingCost, Setup: movement(share{1, 1, 1}, false),
		Controls: movementControls(0),
	}
}

func movementControls(cRes float64) []checks.Control[training] {
	at := []training{planted(cRes)}
	return []checks.Control[training]{
		{Name: "smaller-hidden", Why: "attained by a linear network", At: at, Setup: movement(share{0.95, 1, 1}, false)},
		{Name: "smaller-output", Why: "likewise", At: at, Setup: movement(share{1, 0.95, 1}, false)},
		{Name: "smaller-whole", Why: "a small residual falls at a constant rate", At: at, Setup: movement(share{1, 1, 0.95}, false)},
	}
}

// How far the weights of a residual network move in training.
//
// Setting: as in plain-movement, for a residual network with branches c_res/H, also of several positions.
//
// Hypotheses: none. A run is followed until ||e(s)|| is 1e8 times its start.
//
// Conclusion: as in plain-movement, with g_h(s) = ||a(s)|| (1 + c_res L c_w(s)/H)^{H-h} f_h L max_i
// ||x_i^(h-1)(s)||/sqrt m, f_1 = sqrt(c_sigma) and f_h = c_res/H for h = 2..H, and g_{H+1}(s) = max_i ||x_i^(H)(s)||.
// For inputs of several positions with patches of q, c_w and f_h are larger by sqrt q.
//
// Constants: derived, attained as there for short branches. Lemma C.5 prints c_res/H for all layers. That is false
// for a, whose gradient has no branch in it (c_res = 0.1, H = 16, m = 128: 22 times the printed bound), and for the
// first layer; so the movement of a does not fall with H, and the proof needs a width of n^4 H^4 in place of n^4 H^2.
// Allowance: the rounding of the differences.
//
// Convention: as in the paper.
//
// Reference: Lemma C.5, mended here, with the norms of the run.
//
// Control: each of the three bounds smaller by a twentieth; the printed factor c_res/H for a.
func residualMovement() checks.Checkable {
	soft := training{
		drawn: drawn{model: model{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Activation: "softplus", Layers: 4, Width: 32, CRes: 0.5}},
		Eta:   0.5, Steps: 8,
	}
	alike := soft
	alike.Gap = 0.01
	return checks.Claim[training]{
		ID: "du2019deep/residual-movement", Title: "residual weights move", Reference: "Lemma C.5, mended here",
		Formula:    `\|W^{(h)}(s+1) - W^{(h)}(s)\|_F \le \eta \sqrt{n} \|e(s)\| \|a\| (1 + \tfrac{c_{res} L c_w}{H})^{H-h} \tfrac{c_{res}}{H\sqrt m} L \|x^{(h-1)}\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: trainingSpace(0.01, 0.5, 0.99),
		Grid: []training{
			planted(0.01), soft,
			{drawn: drawn{model: model{Data: images.Hard(data.Fashion, 4, 49), Activation: "softplus", Layers: 3, Width: 32, CRes: 0.5}}, Eta: 0.5, Steps: 6},
			{drawn: drawn{model: model{Data: images.Hard(data.MNIST, 2, 49), Activation: "softplus", Layers: 2, Width: 16, CRes: 0.5, Positions: 7, Patch: 3}}, Eta: 0.5, Steps: 4},
		},
		Cost: trainingCost, Setup: movement(share{1, 1, 1}, false),
		Controls: append(movementControls(0.01), checks.Control[training]{
			Name: "printed-output", Printed: `Lemma C.5: $a$ moves by its bound with a factor $c_{res}/H$, as the layers do`, Why: "the output layer moves by the features, not by the branches", At: []training{alike}, Setup: movement(share{1, 1, 1}, true),
		}),
	}
}
