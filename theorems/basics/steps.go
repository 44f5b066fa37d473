package basics

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/userfile"
)

// A step is one gradient step of a small network.
type step struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`
	Eta   float64   `json:"eta"`
	Act   string    `json:"act"` // relu, leaky, identity; tanh for controls
	Loss  string    `json:"loss,omitempty"`
}

func (p step) parts() (*data.Set, nets.Activation, nets.Loss, error) {
	set, err := p.Data.Build()
	if err != nil {
		return nil, nets.Activation{}, nil, err
	}
	act := nets.LeakyReLU(0.3)
	if p.Act != "leaky" {
		if act, err = nets.ActivationNamed(p.Act); err != nil {
			return nil, act, nil, err
		}
	}
	var loss nets.Loss = nets.Square{}
	if p.Loss == "logistic" {
		loss = nets.Logistic{}
		for i, y := range set.Y { // labels -1 and +1
			set.Y[i] = math.Copysign(1, y)
		}
	}
	return set, act, loss, nil
}

func stepSpace(acts ...string) *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		s := gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 6}).Draw(t, "data")
		s.RowNorm = rapid.SampledFrom([]float64{1, 0.3, 3}).Draw(t, "row norm")
		return step{
			Data:  s,
			Width: rapid.IntRange(1, 60).Draw(t, "m"),
			Eta:   math.Pow(10, rapid.Float64Range(-3, 0.5).Draw(t, "log10 eta")),
			Act:   rapid.SampledFrom(acts).Draw(t, "act"),
			Loss:  rapid.SampledFrom([]string{"", "logistic"}).Draw(t, "loss"),
		}
	})
}

func stepCost(p step) checks.Cost {
	n, d := size(p.Data)
	return checks.Cost{Trial: float64(p.Width)*(20*d+16*n*d+60*n) + 1e4}
}

func stepGrid() []step {
	sphere := data.Spec{Kind: data.Sphere, N: 6, D: 4}
	grid := []step{
		{data.Spec{Kind: data.Basis, N: 1, D: 1}, 1, 0.5, "relu", ""}, {sphere, 50, 0.3, "relu", ""}, {sphere, 50, 1, "relu", "logistic"},
		{sphere, 20, 0.3, "leaky", ""}, {sphere, 20, 0.3, "identity", ""}, {data.Spec{Kind: data.Gaussian, N: 8, D: 5, Raw: true}, 30, 0.1, "relu", ""},
	}
	for _, s := range pictures(20, 49) {
		grid = append(grid, step{s, 100, 0.1, "relu", ""})
	}
	return grid
}

func stepOnData(f checks.DataFile) []step {
	return []step{{userfile.Signed(f, 10), 100, 0.1, "relu", ""}}
}

// A gradients is a network with the gradients of its loss.
type gradients struct {
	net   *nets.Network
	batch *nets.Batch
	e     []float64  // derivative of the loss in the outputs
	dw    *mat.Dense // m x d
	da    []float64
}

func gradientsAt(set *data.Set, m int, act nets.Activation, loss nets.Loss, r *rand.Rand) *gradients {
	g := &gradients{
		net:   nets.Init{Width: m, Dim: set.D(), Act: act, Kappa: 1, Output: nets.GaussianOutput}.Draw(r),
		batch: nets.NewBatch(set.X, m), e: make([]float64, set.N()), dw: mat.NewDense(m, set.D(), nil), da: make([]float64, m),
	}
	g.batch.Forward(g.net)
	loss.Gradient(g.e, g.batch.U, set.Y)
	g.batch.Gradient(g.dw, g.da, g.net, g.e)
	return g
}

// size bounds the terms of <w_r, grad F>: |a_r| ||w_r|| s sum_i |e_i| ||x_i||.
func (g *gradients) size(r int) float64 {
	var sum float64
	for i, norm := range data.RowNorms(g.batch.X) {
		sum += math.Abs(g.e[i]) * norm
	}
	return math.Abs(g.net.A[r]) * floats.Norm(g.net.W.RawRowView(r), 2) * g.net.Scale * sum
}

// euler is Euler's identity for homogeneous activations.
//
// Setting: f(x) = s sum_r a_r phi(w_r.x) with phi positively homogeneous (ReLU,
// leaky ReLU, identity) and any differentiable loss F of the outputs.
//
// Hypotheses: none; any inputs and labels.
//
// Conclusion: <w_r, grad_{w_r} F> = a_r dF/da_r for every neuron, so that a_r^2 -
// ||w_r||^2 is constant along gradient flow.
//
// Constants: identity: phi'(z) z = phi(z). The tolerance is the rounding of the
// sums.
//
// Convention: any output scale s, Gaussian output weights.
//
// Reference: derived here.
//
// Control: tanh is not homogeneous.
func euler() checks.Claim[step] {
	return checks.Claim[step]{
		ID: "basics/euler", Title: "Euler's identity for homogeneous activations",
		Reference:  "derived here",
		Formula:    `\langle w_r, \nabla_{w_r} F \rangle = a_r \frac{\partial F}{\partial a_r}`,
		Convention: "phi(cz) = c phi(z) for c >= 0",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  stepSpace("relu", "leaky", "identity"),
		Grid:   stepGrid(),
		OnData: stepOnData,
		Cost:   stepCost,
		Setup: func(p step) (checks.Instance, error) {
			set, act, loss, err := p.parts()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				g := gradientsAt(set, p.Width, act, loss, r)
				var parts []checks.Measurement
				for k := range p.Width {
					parts = append(parts, checks.Measurement{
						Observed: floats.Dot(g.net.W.RawRowView(k), g.dw.RawRowView(k)), Predicted: g.net.A[k] * g.da[k], Relation: checks.Equal,
						Tolerance: 8 * float64(set.D()+set.N()+4) * unit * g.size(k),
					})
				}
				return farthest(parts)
			}}, nil
		},
		Controls: []checks.Control[step]{{
			Name: "tanh", Why: "tanh'(z) z is not tanh(z)",
			At: []step{{data.Spec{Kind: data.Sphere, N: 6, D: 4}, 50, 0.3, "tanh", ""}},
		}},
	}
}

// farthest joins identities: the one that is farthest off its tolerance.
func farthest(parts []checks.Measurement) checks.Measurement {
	off := func(m checks.Measurement) float64 {
		return math.Abs(m.Observed-m.Predicted) / (m.Tolerance + 1e-300)
	}
	worst := parts[0]
	for _, m := range parts[1:] {
		if off(m) > off(worst) || math.IsNaN(m.Observed) {
			worst = m
		}
	}
	return worst
}

// balanceDrift is the exact drift of the balance of a neuron in a step.
//
// Setting: as in basics/euler; one gradient step with step size eta on both
// layers.
//
// Hypotheses: none.
//
// Conclusion: a_r^2 - ||w_r||^2 changes by exactly eta^2 ((dF/da_r)^2 -
// ||grad_{w_r} F||^2).
//
// Constants: identity; Euler's identity cancels the terms of first order.
//
// Convention: any output scale, Gaussian output weights.
//
// Reference: derived here.
//
// Control: tanh.
func balanceDrift() checks.Claim[step] {
	return checks.Claim[step]{
		ID: "basics/balance-drift", Title: "drift of a_r² - ||w_r||² in a gradient step",
		Reference:  "derived here",
		Formula:    `\Delta\left(a_r^2 - \|w_r\|^2\right) = \eta^2 \left((\partial F/\partial a_r)^2 - \|\nabla_{w_r} F\|^2\right)`,
		Convention: "phi(cz) = c phi(z) for c >= 0; both layers trained",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  stepSpace("relu", "leaky", "identity"),
		Grid:   stepGrid(),
		OnData: stepOnData,
		Cost:   stepCost,
		Setup: func(p step) (checks.Instance, error) {
			set, act, loss, err := p.parts()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				g := gradientsAt(set, p.Width, act, loss, r)
				before := g.net.Clone()
				g.batch.Update(g.net, p.Eta, g.e, nets.BothLayers)
				var parts []checks.Measurement
				for k := range p.Width {
					// Differences of squares, factored: (b-c)(b+c) keeps their accuracy.
					w, v := before.W.RawRowView(k), g.net.W.RawRowView(k)
					drift := (g.net.A[k] - before.A[k]) * (g.net.A[k] + before.A[k])
					scale := g.net.A[k]*g.net.A[k] + before.A[k]*before.A[k]
					for i := range w {
						drift -= (v[i] - w[i]) * (v[i] + w[i])
						scale += v[i]*v[i] + w[i]*w[i]
					}
					parts = append(parts, checks.Measurement{
						Observed: drift, Predicted: p.Eta * p.Eta * (g.da[k]*g.da[k] - floats.Dot(g.dw.RawRowView(k), g.dw.RawRowView(k))), Relation: checks.Equal,
						Tolerance: 8 * float64(set.D()+set.N()+4) * unit * (scale + p.Eta*g.size(k)),
					})
				}
				return farthest(parts)
			}}, nil
		},
		Controls: []checks.Control[step]{{
			Name: "tanh", Why: "terms of first order in eta remain",
			At: []step{{data.Spec{Kind: data.Sphere, N: 6, D: 4}, 50, 0.3, "tanh", ""}},
		}},
	}
}

// flipCorrection is the exact change of the residual in a step.
//
// Setting: a two-layer ReLU network, first layer trained on the squared loss, one
// gradient step of size eta; xi the residual, H its Gram matrix.
//
// Hypotheses: none; any inputs, output weights and step.
//
// Conclusion: xi_i(t+1) = xi_i(t) - eta (H xi)_i + s sum_r a_r |w_r(t+1).x_i| over
// the neurons that flip on x_i in the step, with s the output scale. There is no
// remainder.
//
// Constants: identity: phi(z') - 1{z >= 0} z' is 0 for a neuron that keeps its
// pattern and |z'| for one that flips, either way.
//
// Convention: s = 1/sqrt(m); H_ij = s^2 x_i.x_j sum_r a_r^2 1{...}1{...}.
//
// Reference: derived here.
//
// Control: without the correction, on a step large enough to flip.
func flipCorrection() checks.Claim[step] {
	setup := func(correct bool) func(step) (checks.Instance, error) {
		return func(p step) (checks.Instance, error) {
			set, act, _, err := p.parts()
			if err != nil {
				return checks.Instance{}, err
			}
			n := set.N()
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("ReLU", p.Act == "relu")},
				Trial: func(r *rand.Rand) checks.Measurement {
					g := gradientsAt(set, p.Width, act, nets.Square{}, r)
					h, before, after := mat.NewSymDense(n, nil), nets.NewPatterns(n, p.Width), nets.NewPatterns(n, p.Width)
					g.batch.Gram(h, g.net, nets.FirstLayer)
					g.batch.Patterns(before)
					change := mat.NewVecDense(n, nil)
					change.MulVec(h, mat.NewVecDense(n, g.e))
					g.batch.Update(g.net, p.Eta, g.e, nets.FirstLayer)
					g.batch.Patterns(after)
					var parts []checks.Measurement
					for i := range n {
						predicted := g.e[i] - p.Eta*change.AtVec(i)
						scale := math.Abs(g.e[i]) + math.Abs(set.Y[i]) + p.Eta*floats.Norm(g.e, 2)*math.Abs(mat.Trace(h))
						for k := range p.Width {
							term := g.net.Scale * g.net.A[k] * math.Abs(g.batch.Z.At(k, i))
							scale += math.Abs(term)
							if correct && before.Active(i, k) != after.Active(i, k) {
								predicted += term
							}
						}
						parts = append(parts, checks.Measurement{Observed: g.batch.U[i] - set.Y[i], Predicted: predicted, Relation: checks.Equal,
							Tolerance: 8 * float64(set.D()+n+p.Width) * unit * scale})
					}
					return farthest(parts)
				},
			}, nil
		}
	}
	var grid []step
	for _, p := range stepGrid() {
		if p.Act == "relu" && p.Loss == "" {
			grid = append(grid, p)
		}
	}
	return checks.Claim[step]{
		ID: "basics/flip-correction", Title: "the residual after a step, exactly",
		Reference:  "derived here",
		Formula:    `\xi_i^+ = \xi_i - \eta (H\xi)_i + \frac{1}{\sqrt m} \sum_{r \text{ flipped on } x_i} a_r |w_r^{+T} x_i|`,
		Convention: "1/sqrt(m) scaling, loss ||xi||^2/2, first layer trained",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  stepSpace("relu"),
		Grid:   grid,
		OnData: stepOnData,
		Cost:   stepCost,
		Setup:  setup(true),
		Controls: []checks.Control[step]{{
			Name: "without-correction", Why: "a large step flips activations",
			At: []step{{data.Spec{Kind: data.Sphere, N: 6, D: 4, LabelScale: 5}, 50, 1, "relu", ""}}, Setup: setup(false),
		}},
	}
}
