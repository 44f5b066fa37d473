package du2019deep

import (
	"errors"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/residual"
	"convergo/theorems/internal/images"
)

// step is one step of gradient descent from a residual of a given size.
type step struct {
	drawn
	Size   float64 `json:"size"`             // ||e||
	Eta    float64 `json:"eta"`              // as a share of 1/lambda_max of the trained layers
	Output bool    `json:"train,omitempty"`  // train the output layer too
	Random bool    `json:"random,omitempty"` // the residual is drawn, and not along the eigenvector of lambda_max
}

func (p step) trained() []int {
	if p.Output {
		return []int{p.Layers, p.Layers + 1}
	}
	return []int{p.Layers}
}

// stepper is a network before its step.
type stepper struct {
	net      *residual.Network
	pass     *residual.Pass
	gram     *mat.SymDense // of the trained layers
	e        []float64
	top      float64 // lambda_max of gram
	bend     float64 // half the second derivative along W, divided by ||dW||^2 ||v||^2
	tilt     float64 // the mixed one, divided by ||da|| ||dW|| ||v||
	inputs   []float64
	hidden   float64 // e^T G^(H) e
	output   float64 // e^T G^(H+1) e, 0 if a is not trained
	rounding float64
}

func (p step) prepare(g *ground, rng *rand.Rand) (*stepper, error) {
	net, err := p.network(g, rng)
	if err != nil {
		return nil, err
	}
	pass, err := net.NewPass(g.x)
	if err != nil {
		return nil, err
	}
	s := &stepper{net: net, pass: pass, gram: pass.Gram(nil, p.trained()...), e: make([]float64, g.n)}
	var es mat.EigenSym
	if !es.Factorize(s.gram, true) {
		return nil, errors.New("the eigenvalues of a Gram matrix did not converge")
	}
	var vectors mat.Dense
	es.VectorsTo(&vectors)
	s.top = es.Values(nil)[g.n-1]
	mat.Col(s.e, g.n-1, &vectors)
	if p.Random {
		for i := range s.e {
			s.e[i] = rng.NormFloat64()
		}
	}
	floats.Scale(p.Size/floats.Norm(s.e, 2), s.e)
	l, e := g.lastLayer(net), mat.NewVecDense(g.n, s.e)
	s.bend, s.tilt = l.Factor*l.Smooth*l.Largest/2, l.Factor*l.Lipschitz
	s.hidden = mat.Inner(e, pass.Gram(nil, p.Layers), e)
	if p.Output {
		s.output = mat.Inner(e, pass.Gram(nil, p.Layers+1), e)
	}
	for i := range g.n {
		s.inputs = append(s.inputs, patchNorm(pass, p.Layers, i, g.config.Positions))
	}
	s.rounding = 1e-13 * (1 + floats.Norm(pass.Output(), 2) + mat.Norm(net.A, 2)*featureNorm(pass, g.n, p.Layers))
	return s, nil
}

// remainder bounds |f_i(after) - f_i - (linear part)| of the step.
func (s *stepper) remainder(i int, eta, bend, tilt float64) float64 {
	v := s.inputs[i]
	return eta * eta * (bend*s.bend*v*v*s.hidden + tilt*s.tilt*v*math.Sqrt(s.hidden*s.output))
}

// take takes the step on a copy of the network and returns u(1) - u(0).
func (p step) take(g *ground, s *stepper, eta float64) ([]float64, error) {
	pass, err := s.net.Clone().NewPass(g.x)
	if err != nil {
		return nil, err
	}
	before := append([]float64(nil), pass.Output()...)
	pass.Descend(eta, s.e, p.trained()...)
	out := make([]float64, g.n)
	floats.SubTo(out, pass.Output(), before)
	return out, nil
}

func stepCost(p step) checks.Cost { return p.cost(12) }

// One step of gradient descent is linear up to a second-order remainder.
//
// Setting: inputs of norm 1, also of several positions with patches of q; any network with branches f = c_res/H or,
// if fully connected, f = sqrt(c_sigma); one step eta of gradient descent on W^(H) alone or with a; e = u(0) - y; G =
// G^(H) or G^(H) + G^(H+1); v_i are the inputs of the last hidden layer.
//
// Hypotheses: none.
//
// Conclusion: for all i, |u_i(1) - u_i(0) + eta (G e)_i| <= eta^2 (f/sqrt m) ( (beta/2) max_r |a_r| ||v_i||^2 e^T
// G^(H) e + L ||v_i|| sqrt(e^T G^(H) e e^T G^(H+1) e) ); the last term only if a is trained.
//
// Constants: derived: Taylor in the preactivations, ||dW||_F^2 = eta^2 e^T G^(H) e and ||da||^2 = eta^2 e^T G^(H+1)
// e. It is the I_2 of Lemmas B.6 and C.6, which bound it by eta lambda_0 ||e||/8 for widths with hidden constants.
// Attained by small steps of softplus neurons from 0 and by a linear network. Allowance: the rounding of the outputs, before and after.
//
// Convention: as in the paper.
//
// Reference: Lemmas B.6, C.6; constants derived here.
//
// Control: each of the two terms smaller by a tenth, where the other vanishes.
func oneStep() checks.Checkable {
	setup := func(bend, tilt float64) func(step) (checks.Instance, error) {
		return func(p step) (checks.Instance, error) {
			g, err := p.ground()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(rng *rand.Rand) checks.Measurement {
				s, err := p.prepare(g, rng)
				if err != nil {
					return checks.Failed(err)
				}
				if s.top == 0 {
					return checks.Measurement{Observed: 0, Predicted: 0}
				}
				eta := p.Eta / s.top
				du, err := p.take(g, s, eta)
				if err != nil {
					return checks.Failed(err)
				}
				var ms []checks.Measurement
				for i := range g.n {
					linear := 0.0
					for j, e := range s.e {
						linear += s.gram.At(i, j) * e
					}
					ms = append(ms, checks.Measurement{Observed: math.Abs(du[i] + eta*linear), Predicted: s.remainder(i, eta, bend, tilt), Tolerance: s.rounding + 1e-13*(eta*math.Abs(linear)+math.Abs(du[i]))})
				}
				return checks.Worst(ms...)
			}}, nil
		}
	}
	line := func(activation, plant string, cRes float64) step {
		p := step{Size: 1e-2, Eta: 1}
		p.model, p.Plant = model{Data: orthonormal(1), Activation: activation, Layers: 2, Width: 16, CRes: cRes}, plant
		return p
	}
	bent := line("softplus", "still", 0.5)
	tilted := line("identity", "rising", 0)
	tilted.Output = true
	random := func(m model, size float64, output bool) step {
		p := step{Size: size, Eta: 1, Output: output, Random: true}
		p.model = m
		return p
	}
	return checks.Claim[step]{
		ID: "du2019deep/one-step", Title: "second-order remainder of a step", Reference: "Lemmas B.6, C.6; constants derived here",
		Formula:    `|u_i(1) - u_i(0) + \eta (G e)_i| \le \frac{\eta^2 f}{\sqrt m} \bigl( \tfrac{\beta}{2} \max_r|a_r| \|v_i\|^2 e^\top G^{(H)} e + L \|v_i\| \sqrt{e^\top G^{(H)} e\, e^\top G^{(H+1)} e} \bigr)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) step {
			m := model{
				Data:       gen.Specs(gen.Range{MinN: 1, MaxN: 3, MinD: 1, MaxD: 4}).Draw(t, "data"),
				Activation: rapid.SampledFrom([]string{"softplus", "erf", "tanh", "identity"}).Draw(t, "activation"),
				Layers:     rapid.IntRange(1, 4).Draw(t, "layers"), Width: rapid.SampledFrom([]int{1, 4, 16}).Draw(t, "m"),
				CRes: rapid.SampledFrom([]float64{0, 0.1, 0.99}).Draw(t, "cres"),
			}
			if _, d := m.Data.Size(); d > 1 && rapid.Bool().Draw(t, "positions") {
				m.Positions, m.Patch = d, 3
			}
			p := random(m, rapid.SampledFrom([]float64{1e-3, 1, 100}).Draw(t, "size"), rapid.Bool().Draw(t, "train"))
			p.Eta = rapid.SampledFrom([]float64{0.1, 1, 3}).Draw(t, "eta")
			return p
		}),
		Grid: []step{
			bent, tilted, random(model{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Activation: "softplus", Layers: 4, Width: 64, CRes: 0.5}, 1, true),
			random(model{Data: images.Hard(data.MNIST, 4, 49), Activation: "erf", Layers: 2, Width: 32, CRes: 0.5, Positions: 7, Patch: 3}, 1, false),
		},
		Cost: stepCost, Setup: setup(1, 1),
		Controls: []checks.Control[step]{
			{Name: "smaller-bend", Why: "attained by softplus at 0", At: []step{bent}, Setup: setup(0.9, 1)},
			{Name: "smaller-tilt", Why: "attained by a linear network", At: []step{tilted}, Setup: setup(1, 0.9)},
		},
	}
}

// The step sizes at which one step contracts, and at which its increment is small.
//
// Setting: as in one-step, with a trained too and a residual e = ||e|| v_max along the eigenvector of lambda_max(G),
// G = G^(H)(0) + G^(H+1)(0), n, H >= 2.
//
// Hypotheses: no two inputs are parallel.
//
// Conclusion: up to the remainder of one-step, (factor) ||e(1)||/||e(0)|| = |1 - eta lambda_max(G)|, which crosses 1
// at eta = 2/lambda_max(G) exactly, as ||e|| -> 0; (increment) ||u(1) - u(0)||^2 <= eta lambda_0 ||e||^2/8 at eta =
// lambda_0/(8 lambda_max(G)^2), lambda_0 = lambda_min(K^(H)), and at no larger eta.
//
// Constants: derived: u(1) - u(0) = -eta G e + I_2. So Lemmas B.7 and C.7, which need (increment) for all residuals,
// hold if and only if eta <= lambda_0/(8 lambda_max(G)^2) in the limit of small residuals. The step of Theorem 6.1,
// eta = c lambda_0 H^2/n^2, is not small enough for C.7 when H is large: the output layer alone makes lambda_max(G)
// of order n, whatever H (softplus, n = 5, c = 0.01: 54 times too much at H = 16). C.7 is mended by eta <= c
// lambda_0/n^2. Allowance: the remainder, and the rounding.
//
// Convention: as in the paper.
//
// Reference: Lemmas B.7, C.7; mended and derived here.
//
// Control: lambda_max larger by a hundredth; the step of (increment) larger by a twentieth; and the printed step at H = 4.
func stepSize() checks.Checkable {
	setup := func(stretch, longer float64, printed bool) func(step) (checks.Instance, error) {
		return func(p step) (checks.Instance, error) {
			g, err := p.ground()
			if err != nil {
				return checks.Instance{}, err
			}
			limit, err := g.limit(p.Layers)
			if err != nil {
				return checks.Instance{}, err
			}
			lambda, err := eig.Min(limit.Last)
			if err != nil {
				return checks.Instance{}, err
			}
			apart := data.Separation(g.x)
			trial := func(rng *rand.Rand) checks.Measurement {
				s, err := p.prepare(g, rng)
				if err != nil {
					return checks.Failed(err)
				}
				norm := floats.Norm(s.e, 2)
				wrong := func(eta float64) float64 { // the remainders of all inputs, relative to ||e||
					sum := 0.0
					for i := range g.n {
						sum = math.Hypot(sum, s.remainder(i, eta, 1, 1))
					}
					return (sum + float64(g.n)*s.rounding) / norm
				}
				eta := p.Eta / s.top
				du, err := p.take(g, s, eta)
				if err != nil {
					return checks.Failed(err)
				}
				after := append([]float64(nil), s.e...)
				floats.Add(after, du)
				small := longer * lambda.Value / (8 * s.top * s.top)
				if printed {
					small = 0.01 * lambda.Value * float64(p.Layers*p.Layers) / float64(g.n*g.n)
				}
				moved, err := p.take(g, s, small)
				if err != nil {
					return checks.Failed(err)
				}
				share, off := floats.Norm(moved, 2)/norm, wrong(small)
				return checks.All(
					checks.Measurement{Part: "factor", Observed: floats.Norm(after, 2) / norm, Predicted: math.Abs(1 - stretch*p.Eta), Relation: checks.Equal, Tolerance: wrong(eta)},
					checks.Measurement{Part: "increment", Observed: share * share, Predicted: small * lambda.Value / 8, Tolerance: off * (2*share + off)},
				)
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("separation", apart, checks.AtLeast, 1e-3)},
				Facts:      []checks.Fact{checks.NewFact("lambda_min(K^(H))", lambda.Value)}, Trial: trial,
			}, nil
		}
	}
	at := func(m model, eta float64) step {
		p := step{Size: 1e-4, Eta: eta, Output: true}
		p.model = m
		return p
	}
	sphere := data.Spec{Kind: data.Sphere, N: 5, D: 8, Seed: 1}
	below := at(model{Data: sphere, Activation: "softplus", Layers: 2, Width: 64}, 1.95)
	above := at(model{Data: sphere, Activation: "softplus", Layers: 4, Width: 64, CRes: 0.5}, 2.05)
	deep := at(model{Data: sphere, Activation: "softplus", Layers: 4, Width: 64, CRes: 0.5}, 1.95)
	return checks.Claim[step]{
		ID: "du2019deep/step-size", Title: "step sizes", Reference: "Lemmas B.7, C.7; mended and derived here",
		Formula:    `\|u(1) - u(0)\|^2 \le \eta \lambda_0 \|e\|^2/8 \iff \eta \le \lambda_0/(8 \lambda_{\max}(G)^2)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []step{
			below, above, at(model{Data: images.Hard(data.Fashion, 4, 49), Activation: "erf", Layers: 3, Width: 64, CRes: 0.9}, 2.05),
			at(model{Data: orthonormal(2), Activation: "tanh", Layers: 2, Width: 32}, 0.5),
		},
		Cost: stepCost, Setup: setup(1, 1, false),
		Controls: []checks.Control[step]{
			{Name: "larger-eigenvalue", Why: "at 1.95 the factor moves by 2 %", At: []step{below, above}, Setup: setup(1.01, 1, false)},
			{Name: "longer-step", Why: "the increment grows with eta^2, its bound with eta", At: []step{below, above}, Setup: setup(1, 1.05, false)},
			{Name: "printed-step", Printed: `Lemma C.7: $\|u(k+1)-u(k)\|^2 \le \eta\lambda_0\|y-u(k)\|^2/8$ at $\eta = c\lambda_0 H^2/n^2$`, Why: "c lambda_0 H^2/n^2 with c = 0.01 at H = 4: three times too much", At: []step{deep}, Setup: setup(1, 1, true)},
		},
	}
}
