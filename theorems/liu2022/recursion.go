package liu2022

import (
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// A linearised is a run of a method on the linearisation of a drawn network, and on the network itself.
type linearised struct {
	Data   data.Spec `json:"data"`
	Width  int       `json:"m"`
	Method string    `json:"method"`
	Steps  int       `json:"steps"`
	// Near draws labels at that distance from the outputs of the start, so that no pattern changes: the network itself is run
	// beside its linearisation. 0 takes the labels of the data.
	Near float64 `json:"near,omitempty"`
}

// A detuning is what a control does to a run alone.
type detuning struct {
	step, beta float64 // factors
	jump       bool
	anyFlips   bool // runs the network also where patterns change
}

// linearRecursion is the exact dynamics of the linearised network.
//
// Setting: a network drawn on the data, or its linearisation f(W(0)) + J vec(W - W(0)) with the Jacobian J of the start;
// descent, heavy ball or Nesterov's method from W(-1) = W(0), tuned for the spectrum of H_0 = J J^T, on all m d weights.
//
// Hypotheses: lambda_min(H_0) >= 1e-5 lambda_max(H_0); for the network itself, that no pattern changes along its run.
//
// Conclusion: e(t) = sum_i q_i q_i^T e(0) x_t(lambda_i) for every t, q_i the eigenvectors of H_0, and x_t(lambda) the solution of
// x_{t+1} = a x_t - b x_{t-1}, x_0 = x_{-1} = 1, with the block of the method: (a, b) = (1 - eta lambda, 0),
// (1 + beta - eta lambda, beta) or ((1+beta) mu, beta mu), mu = 1 - eta lambda. This is z_{t+1} = M z_t, z_t = (e(t), e(t-1)).
//
// Constants: none. Observed is the run in the m d weights, predicted x_t in closed form, see bounds.CompanionMode. Tolerance: 1e-12
// of ||e(0)|| and of the outputs at the start. It is not relative to ||e(t)||, which falls below rounding.
//
// Convention: W(-1) = W(0). With V(0) = W(0), as in some libraries, the first step is 1 + beta times as long and the recursion
// holds from t = 1 on only.
//
// Reference: derived here.
//
// Control: a step size, and a momentum, off by a relative 1e-8; the start V(0) = W(0); and the network itself where patterns change.
func linearRecursion() checks.Claim[linearised] {
	sphere := data.Spec{Kind: data.Sphere, N: 6, D: 8, Seed: 1}
	at := func(spec data.Spec, method string, near float64) linearised {
		return linearised{spec, 60, method, 60, near}
	}
	setup := func(d detuning) func(linearised) (checks.Instance, error) {
		return func(p linearised) (checks.Instance, error) { return recursionSetup(p, d) }
	}
	exact := detuning{1, 1, false, false}
	return checks.Claim[linearised]{
		ID: "liu2022/linear-recursion", Title: "residuals of the linearised network", Reference: "derived here",
		Formula:    `\xi_t = \sum_i q_i q_i^T \xi_0\, x_t(\lambda_i), \quad x_{t+1} = (1+\beta)(1-\eta\lambda) x_t - \beta(1-\eta\lambda) x_{t-1}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) linearised {
			spec := gen.Separated(gen.Range{MinN: 1, MaxN: 6, MinD: 2, MaxD: 5}).Draw(t, "data")
			spec.LabelScale = rapid.SampledFrom([]float64{1, 0, 1e-6, 1e6}).Draw(t, "label scale")
			return linearised{spec, rapid.IntRange(1, 60).Draw(t, "m"), rapid.SampledFrom([]string{descent, heavyBall, nesterov}).Draw(t, "method"),
				rapid.IntRange(1, 60).Draw(t, "steps"), rapid.SampledFrom([]float64{0, 1e-6}).Draw(t, "near")}
		}),
		Grid: []linearised{
			at(data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}, nesterov, 0),
			at(sphere, nesterov, 0), at(sphere, heavyBall, 0), at(sphere, descent, 0), at(sphere, nesterov, 1e-4), at(sphere, heavyBall, 1e-4),
			{images.Hard(data.MNIST, 8, 49), 60, nesterov, 200, 0}, {images.Hard(data.Fashion, 8, 49), 60, nesterov, 200, 0},
		},
		OnData: func(f checks.DataFile) []linearised {
			return []linearised{{userfile.Signed(f, 10), 60, nesterov, 100, 0}}
		},
		Cost: func(p linearised) checks.Cost {
			c := runCost(p.Data, p.Width, 2*p.Steps)
			n, _ := p.Data.Size()
			c.Trial += float64(p.Steps) * (float64(n*n)*4 + 200*float64(n))
			return c
		},
		Setup: setup(exact),
		Controls: []checks.Control[linearised]{{
			Name: "step-size", Why: "a relative 1e-8 moves the residual by some 1e-9", At: []linearised{at(sphere, nesterov, 0), at(sphere, heavyBall, 0), at(sphere, descent, 0)}, Setup: setup(detuning{1 + 1e-8, 1, false, false}),
		}, {
			Name: "momentum", Why: "a relative 1e-8 moves the residual by some 1e-9", At: []linearised{at(sphere, nesterov, 0), at(sphere, heavyBall, 0)}, Setup: setup(detuning{1, 1 + 1e-8, false, false}),
		}, {
			Name: "jump-at-the-start", Why: "with V(0) = W(0) the first step is 1 + beta times as long", At: []linearised{at(sphere, nesterov, 0)}, Setup: setup(detuning{1, 1, true, false}),
		}, {
			Name: "network-that-flips", Why: "labels at a distance of 3 change patterns, and with them the Jacobian", At: []linearised{at(sphere, nesterov, 3)}, Setup: setup(detuning{1, 1, false, true}),
		}},
	}
}

func recursionSetup(p linearised, d detuning) (checks.Instance, error) {
	g, err := groundOn(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		net := g.draw(p.Width, nets.Independent, r)
		h, low, high, err := g.gram(net)
		if err != nil {
			return checks.Failed(err)
		}
		ok := []checks.Hypothesis{checks.Require("lambda_min(H_0)/lambda_max(H_0)", low.Lower()/high.Upper(), checks.AtLeast, 1e-5)}
		if !ok[0].Met() {
			return checks.Measurement{Hypotheses: ok}
		}
		m, err := p.compare(g, net, h, [2]float64{low.Value, high.Value}, d, r)
		if err != nil {
			return checks.Failed(err)
		}
		m.Hypotheses = append(ok, m.Hypotheses...)
		return m
	}}, nil
}

// compare runs the linearisation, and the network where its labels are near, beside the closed form.
func (p linearised) compare(g *ground, net *nets.Network, h *mat.SymDense, ends [2]float64, d detuning, r *rand.Rand) (checks.Measurement, error) {
	t, err := tune(p.Method, ends[0], ends[1])
	if err != nil {
		return checks.Measurement{}, err
	}
	limit, err := train.NewLinear(h)
	if err != nil {
		return checks.Measurement{}, err
	}
	y := g.y
	if p.Near > 0 {
		y = near(net.Output(g.x), p.Near, r)
	}
	spoiled := t
	spoiled.Step, spoiled.Beta = t.Step*d.step, t.Beta*d.beta
	opt := options(p.Method, spoiled)
	opt.Momentum.Jump = d.jump
	tangent, err := train.NewTangent(net, g.x, y, opt)
	if err != nil {
		return checks.Measurement{}, err
	}
	run, err := train.NewDescent(net.Clone(), g.x, y, opt)
	if err != nil {
		return checks.Measurement{}, err
	}
	e0 := append([]float64(nil), tangent.Residual...)
	scale := tangent.Norm + floats.Norm(tangent.U, 2)
	tol := 1e-12 * scale * (1 + math.Abs(math.Log(ends[0]/ends[1])))
	flips := 0
	var parts []checks.Measurement
	var ts, seen, told []float64
	for k := 1; k <= p.Steps; k++ {
		want := limit.Apply(e0, func(lambda float64) float64 {
			a, b := block(p.Method, t, lambda)
			return bounds.CompanionMode(a, b, k)
		})
		tangent.Step()
		for i, v := range want {
			parts = append(parts, checks.Measurement{Part: "linearised network", Observed: tangent.Residual[i], Predicted: v, Relation: checks.Equal, Tolerance: tol})
		}
		if p.Near > 0 {
			run.Step()
			for i, v := range want {
				parts = append(parts, checks.Measurement{Part: "network", Observed: run.State().Residual[i], Predicted: v, Relation: checks.Equal, Tolerance: tol})
			}
			_, now := run.State().Flips()
			flips = max(flips, now)
		}
		ts, seen, told = append(ts, float64(k)), append(seen, tangent.Norm), append(told, floats.Norm(want, 2))
	}
	m := checks.Each(parts...)
	if p.Near > 0 && !d.anyFlips {
		m.Hypotheses = []checks.Hypothesis{checks.Require("changed patterns", float64(flips), checks.AtMost, 0)}
	}
	axes := curve.Axes{X: "step t", Y: "norm of the residual", LogY: true}
	m.Series = []checks.Series{axes.Measured(p.Method, ts, seen), axes.Bound("closed form", ts, told)}
	return m, nil
}
