package elkabetz2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/flow"
	"convergo/nets/homogeneous"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// balance is a network on data whose balance is followed.
type balance struct {
	Sizes    []int      `json:"sizes"`
	Std      float64    `json:"std"`
	Slopes   [2]float64 `json:"slopes,omitzero"` // none: linear
	Data     *data.Spec `json:"data,omitempty"`
	Samples  int        `json:"samples,omitempty"` // Gaussian; without samples or data: whitened, Lambda Gaussian
	Softmax  bool       `json:"softmax,omitempty"`
	Column   bool       `json:"column,omitempty"` // W_1 with orthonormal columns, W_2 = 0, one output
	Time     float64    `json:"time,omitempty"`   // of the flow
	Eta      float64    `json:"eta,omitempty"`
	Steps    int        `json:"steps,omitempty"`
	Decay    float64    `json:"decay,omitempty"`    // control
	Momentum float64    `json:"momentum,omitempty"` // control
	Whole    bool       `json:"whole,omitempty"`    // control: the matrices of a network that is not linear
	Cut      bool       `json:"cut,omitempty"`      // control: leave the last input out of the balance
}

func (p balance) point() point {
	return point{Sizes: p.Sizes, Start: "gaussian", Scale: p.Std, Slopes: p.Slopes, Data: p.Data, Samples: p.Samples, Softmax: p.Softmax}
}

func (p balance) cost() checks.Cost {
	n := float64(max(p.Samples, p.Sizes[0]))
	if p.Data != nil {
		n = float64(p.Data.N)
	}
	return checks.Cost{Trial: 12 * n * float64(p.point().weights()) * (float64(p.Steps) + 1000*p.Time + 5), Size: fmt.Sprintf("%d weights", p.point().weights())}
}

func (p balance) draw(set *data.Set, r *rand.Rand) (*homogeneous.Objective, []float64, error) {
	net, err := homogeneous.New(p.point().problem(set, r))
	if err != nil {
		return nil, nil, err
	}
	theta, err := p.point().theta(r)
	if err == nil && p.Column {
		net.Layer(theta, 2).Zero()
		var qr mat.QR
		qr.Factorize(nets.Gaussian(p.Sizes[1], p.Sizes[0], r))
		q := new(mat.Dense)
		qr.QTo(q)
		net.Layer(theta, 1).Copy(q.Slice(0, p.Sizes[1], 0, p.Sizes[0]))
	}
	return net, theta, err
}

// linear reports whether whole matrices are balanced, not neurons alone.
func (p balance) linear() bool { return p.Slopes == [2]float64{} || p.Whole }

// of returns all W_{j+1}^T W_{j+1} - W_j W_j^T, their diagonals alone for networks that are not linear.
func (p balance) of(net *homogeneous.Objective, theta []float64) []float64 {
	var out []float64
	for j := 1; j < net.Depth(); j++ {
		below := net.Layer(theta, j)
		if rows, cols := below.Dims(); p.Cut && j == 1 {
			below = below.Slice(0, rows, 0, cols-1).(*mat.Dense)
		}
		var a, b mat.Dense
		a.Mul(net.Layer(theta, j+1).T(), net.Layer(theta, j+1))
		b.Mul(below, below.T())
		a.Sub(&a, &b)
		d, _ := a.Dims()
		for i := range d {
			for k := range d {
				if i == k || p.linear() {
					out = append(out, a.At(i, k))
				}
			}
		}
	}
	return out
}

// equal holds two balances against each other entry by entry.
func equal(part string, observed, predicted []float64, tolerance float64) checks.Measurement {
	var ms []checks.Measurement
	for i, v := range observed {
		ms = append(ms, checks.Measurement{Part: part, Observed: v, Predicted: predicted[i], Relation: checks.Equal, Tolerance: tolerance})
	}
	return checks.Worst(ms...)
}

// gradient adds the decay to the gradient.
func (p balance) gradient(net *homogeneous.Objective) func(dst, theta []float64) {
	return func(dst, theta []float64) {
		net.Gradient(dst, theta)
		floats.AddScaled(dst, p.Decay, theta)
	}
}

// run makes an instance of a trial.
func (p balance) run(trial func(set *data.Set, r *rand.Rand) (checks.Measurement, error)) (checks.Instance, error) {
	set, err := p.point().build()
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		m, err := trial(set, r)
		if err != nil {
			return checks.Failed(err)
		}
		return m
	}}, nil
}

// balanceFlow is the conservation of the balance by gradient flow.
//
// Setting: a deep linear network with any loss of its outputs, any data, any start; gradient flow.
//
// Hypotheses: none.
//
// Conclusion: every entry of W_{j+1}^T W_{j+1} - W_j W_j^T, j = 1..n-1, is the same at all times.
//
// Constants: none: with G_j = df/dW_j, W_{j+1}^T G_{j+1} = G_j W_j^T, so that the derivative vanishes. The flow is followed to 1e-12 a step; the
// tolerance of 1e-9 (1 + ||theta||^2) is for what adds up of it.
//
// Convention: whitened squares, or means on data.
//
// Reference: balancedness under gradient flow, classical (Arora, Cohen, Hazan 2018; Du, Hu, Lee 2018), derived here.
//
// Control: weight decay of 1e-7; leaky ReLU, of which the diagonals alone are conserved; the balance without the weights of one input.
func balanceFlow() checks.Claim[balance] {
	setup := func(p balance) (checks.Instance, error) {
		return p.run(func(set *data.Set, r *rand.Rand) (checks.Measurement, error) {
			net, theta, err := p.draw(set, r)
			if err != nil {
				return checks.Measurement{}, err
			}
			in, err := flow.New(flow.Descending(p.gradient(net)), theta, 1e-12, 1e-14)
			if err != nil {
				return checks.Measurement{}, err
			}
			if err := in.To(p.Time); err != nil {
				return checks.Measurement{}, err
			}
			return equal("", p.of(net, in.Y), p.of(net, theta), 1e-9*(1+floats.Dot(in.Y, in.Y))), nil
		})
	}
	mnist := images.Easy(data.MNIST, 10, 49)
	deep := balance{Sizes: []int{3, 4, 2, 2}, Std: 0.7, Time: 2}
	with := func(change func(*balance)) []balance {
		p := deep
		change(&p)
		return []balance{p}
	}
	return checks.Claim[balance]{
		ID: "elkabetz2021/balance-flow", Title: "flow keeps the balance of the layers", Reference: "balancedness, classical, derived here",
		Formula:    `\frac{d}{dt}\left(W_{j+1}^\top W_{j+1} - W_j W_j^\top\right) = 0`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []balance{
			deep, {Sizes: []int{2, 1, 3}, Std: 1, Time: 2}, {Sizes: []int{3, 3, 3}, Std: 0.5, Samples: 5, Softmax: true, Time: 5},
			{Sizes: []int{49, 2, 1}, Std: 0.3, Data: &mnist, Time: 5},
		},
		Cost: balance.cost, Setup: setup,
		Controls: []checks.Control[balance]{
			{Name: "decay", Why: "weight decay lets the balance decay, by 4e-7 of it in this time", At: with(func(p *balance) { p.Decay = 1e-7 })},
			{Name: "off-diagonal", Why: "two neurons of a leaky ReLU are open on different samples", At: with(func(p *balance) { p.Slopes, p.Whole = [2]float64{1, 0.9}, true })},
			{Name: "input-left-out", Why: "the weights of every input count, those of a constant one too", At: with(func(p *balance) { p.Cut = true })},
		},
	}
}

// balanceStep is the exact drift of the balance in a step of descent.
//
// Setting: a network of any depth with a homogeneous activation, any loss of its outputs, any data; one step of descent of any size.
//
// Hypotheses: none; at a kink s'(0) may be anything, since s(0) = 0.
//
// Conclusion: with G_j = df/dW_j, W_{j+1}^T W_{j+1} - W_j W_j^T changes by eta^2 (G_{j+1}^T G_{j+1} - G_j G_j^T), in every entry for linear
// networks, and in the diagonal, ||col_i(W_{j+1})||^2 - ||row_i(W_j)||^2 for every hidden neuron, for all others.
//
// Constants: derived here: the terms of order eta are W_{j+1}^T G_{j+1} - G_j W_j^T and its transpose, which vanish, or whose diagonal does by
// Euler's relation.
//
// Convention: any.
//
// Reference: balancedness under descent, derived here.
//
// Control: weight decay of 1e-3; the second step with momentum 0.1; the off-diagonal entries of leaky ReLU; 0.99 eta^2.
func balanceStep() checks.Claim[balance] {
	setup := func(factor float64) func(balance) (checks.Instance, error) {
		return func(p balance) (checks.Instance, error) {
			return p.run(func(set *data.Set, r *rand.Rand) (checks.Measurement, error) {
				net, theta, err := p.draw(set, r)
				if err != nil {
					return checks.Measurement{}, err
				}
				g := make([]float64, len(theta))
				if p.Momentum > 0 { // an earlier step whose velocity goes on
					flow.Step(theta, g, p.Eta, p.gradient(net))
				}
				velocity := append([]float64(nil), g...)
				before := p.of(net, theta)
				size := floats.Norm(theta, 2)
				flow.Step(theta, g, p.Eta, p.gradient(net))
				floats.AddScaled(theta, -p.Momentum*p.Eta, velocity)
				change := p.of(net, theta)
				floats.Sub(change, before)
				want := p.of(net, g)
				floats.Scale(factor*p.Eta*p.Eta, want)
				reach := size + p.Eta*floats.Norm(g, 2)
				return equal("", change, want, 64*float64(net.Dim())*unit*reach*reach), nil
			})
		}
	}
	mnist := images.Hard(data.MNIST, 12, 49)
	leaky := balance{Sizes: []int{3, 4, 3, 2}, Std: 0.7, Slopes: [2]float64{1, 0.2}, Samples: 6, Eta: 0.3}
	with := func(change func(*balance)) []balance {
		p := leaky
		change(&p)
		return []balance{p}
	}
	return checks.Claim[balance]{
		ID: "elkabetz2021/balance-step", Title: "drift of the balance in a step", Reference: "balancedness under descent, derived here",
		Formula:    `\Delta_j(k+1) - \Delta_j(k) = \eta^2 \left(G_{j+1}^\top G_{j+1} - G_j G_j^\top\right), \quad \Delta_j = W_{j+1}^\top W_{j+1} - W_j W_j^\top`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) balance {
			p := balance{Std: rapid.SampledFrom([]float64{0.01, 0.7, 3}).Draw(t, "std"), Eta: rapid.SampledFrom([]float64{1e-3, 0.1, 1}).Draw(t, "eta")}
			for range rapid.IntRange(3, 5).Draw(t, "sizes") {
				p.Sizes = append(p.Sizes, rapid.IntRange(1, 4).Draw(t, "size"))
			}
			p.Slopes = rapid.SampledFrom([][2]float64{{}, {1, 0}, {1, -1}, {0.3, 2}}).Draw(t, "slopes")
			p.Samples = rapid.IntRange(1, 5).Draw(t, "samples")
			p.Softmax = rapid.Bool().Draw(t, "softmax")
			return p
		}),
		Grid: []balance{
			leaky, {Sizes: []int{3, 2, 4, 2}, Std: 0.7, Eta: 0.3}, {Sizes: []int{3, 4, 3}, Std: 0.5, Samples: 5, Softmax: true, Slopes: [2]float64{1, 0}, Eta: 1},
			{Sizes: []int{49, 3, 1}, Std: 0.3, Data: &mnist, Slopes: [2]float64{1, 0}, Eta: 1},
		},
		OnData: func(f checks.DataFile) []balance {
			rows := userfile.Labelled(f, 60)
			return []balance{{Sizes: []int{rows.D, 3, 1}, Std: 0.3, Data: &rows, Slopes: [2]float64{1, 0}, Eta: 1}}
		},
		Cost: balance.cost, Setup: setup(1),
		Controls: []checks.Control[balance]{
			{Name: "decay", Why: "weight decay shrinks the balance in first order", At: with(func(p *balance) { p.Decay = 1e-3 })},
			{Name: "momentum", Why: "a velocity is no gradient at the present weights", At: with(func(p *balance) { p.Momentum = 0.1 })},
			{Name: "off-diagonal", Why: "Euler's relation is about each neuron alone", At: with(func(p *balance) { p.Whole = true })},
			{Name: "near-constant", Why: "the identity is exact to rounding", At: with(func(*balance) {}), Setup: setup(0.99)},
		},
	}
}

// balanceDrift bounds the drift of the balance over many steps.
//
// Setting: as in balance-step, K steps of size eta.
//
// Hypotheses: for the second bound, every step decreases the loss by (eta/2) ||grad f||^2 at least, as it does where eta times the
// curvature on the way is at most 1.
//
// Conclusion: for each j, with Delta_j the balance of balance-step (the vector of its diagonal where that alone is followed),
// ||Delta_j(K) - Delta_j(0)||_F <= eta^2 sum_k (||G_{j+1}(k)||_F^2 + ||G_j(k)||_F^2) (part gradients), and all together,
// sum_k eta^2 ||grad f||^2 <= 2 eta (f(theta_0) - f(theta_K)) (part loss), at most 2 eta f(theta_0) for a loss that is not negative.
//
// Constants: derived here from balance-step by the triangle inequality. Both are attained, the second as eta -> 1, by one step from W_2 = 0 and
// W_1 with orthonormal columns at one output: the drift is eta^2 ||Lambda||^2.
//
// Convention: whitened squares.
//
// Reference: balancedness under descent, derived here.
//
// Control: 0.98 of either constant; a step of 1.2, too long for the decrease.
func balanceDrift() checks.Claim[balance] {
	type sabotage struct {
		constant float64
		blind    bool
	}
	setup := func(s sabotage) func(balance) (checks.Instance, error) {
		return func(p balance) (checks.Instance, error) {
			return p.run(func(set *data.Set, r *rand.Rand) (checks.Measurement, error) {
				return p.drift(set, s.constant, s.blind, r)
			})
		}
	}
	column := balance{Sizes: []int{3, 5, 1}, Std: 1, Column: true, Eta: 0.995, Steps: 1}
	long := column
	long.Eta = 1.2
	return checks.Claim[balance]{
		ID: "elkabetz2021/balance-drift", Title: "drift of the balance over many steps", Reference: "balancedness under descent, derived here",
		Formula:    `\|\Delta_j(K)-\Delta_j(0)\|_F \le \eta^2 \sum_{k<K} \left(\|G_{j+1}\|_F^2+\|G_j\|_F^2\right) \le 2\eta\,(f(\theta_0)-f(\theta_K))`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) balance {
			p := balance{
				Std: rapid.SampledFrom([]float64{0.01, 0.5, 1}).Draw(t, "std"), Eta: rapid.SampledFrom([]float64{1e-3, 0.02, 0.2}).Draw(t, "eta"),
				Steps: rapid.IntRange(1, 40).Draw(t, "steps"),
			}
			for range rapid.IntRange(3, 5).Draw(t, "sizes") {
				p.Sizes = append(p.Sizes, rapid.IntRange(1, 4).Draw(t, "size"))
			}
			p.Slopes = rapid.SampledFrom([][2]float64{{}, {1, 0}, {1, -1}}).Draw(t, "slopes")
			return p
		}),
		Grid: []balance{
			column, // attains both
			{Sizes: []int{3, 4, 2}, Std: 0.5, Eta: 0.05, Steps: 60}, {Sizes: []int{2, 3, 3, 1}, Std: 0.4, Eta: 0.02, Steps: 100, Slopes: [2]float64{1, 0.2}},
		},
		Cost: balance.cost, Setup: setup(sabotage{constant: 1}),
		Controls: []checks.Control[balance]{
			{Name: "smaller-constant", Why: "one step of 0.995 from these weights is within half a per cent of both bounds", At: []balance{column}, Setup: setup(sabotage{constant: 0.98})},
			{Name: "long-step", Why: "a step of 1.2 decreases the loss by 0.48 of the squared gradient where 0.6 is asked", At: []balance{long}, Setup: setup(sabotage{1, true})},
		},
	}
}

func (p balance) drift(set *data.Set, constant float64, blind bool, r *rand.Rand) (checks.Measurement, error) {
	net, theta, err := p.draw(set, r)
	if err != nil {
		return checks.Measurement{}, err
	}
	start, g := append([]float64(nil), theta...), make([]float64, len(theta))
	squares := make([]float64, net.Depth()+1) // eta^2 times the sum of ||G_j||^2, by layer
	first := net.Value(theta)
	loss, worst, total := first, math.Inf(1), 0.0
	for range p.Steps {
		flow.Step(theta, g, p.Eta, p.gradient(net))
		for j := 1; j <= net.Depth(); j++ {
			norm := mat.Norm(net.Layer(g, j), 2)
			squares[j] += p.Eta * p.Eta * norm * norm
		}
		next, square := net.Value(theta), floats.Dot(g, g)
		total += p.Eta * p.Eta * square
		if square > 0 {
			worst = min(worst, (loss-next)/(p.Eta*square))
		}
		if loss = next; !blind && worst < 0.5 {
			break // outside the hypothesis, perhaps on the way to infinity
		}
	}
	decrease := checks.Require("decrease over eta ||grad f||^2", worst, checks.AtLeast, 0.5)
	if !blind && !decrease.Met() {
		return checks.Measurement{Predicted: 1, Hypotheses: []checks.Hypothesis{decrease}}, nil
	}
	reach := floats.Norm(start, 2) + floats.Norm(theta, 2)
	tolerance := 64 * float64(net.Dim()+p.Steps) * unit * (reach*reach + first)
	var parts []checks.Measurement
	for j := 1; j < net.Depth(); j++ {
		two := balance{Slopes: p.Slopes}
		drift := two.of(net, theta)
		floats.Sub(drift, two.of(net, start))
		at := 0 // entries of the layers before
		for l := 1; l < j; l++ {
			at += two.entries(p.Sizes[l])
		}
		norm := floats.Norm(drift[at:at+two.entries(p.Sizes[j])], 2)
		parts = append(parts, checks.Measurement{Part: "gradients", Observed: norm, Predicted: constant * (squares[j] + squares[j+1]), Tolerance: tolerance})
	}
	parts = append(parts, checks.Measurement{Part: "loss", Observed: total, Predicted: constant * 2 * p.Eta * (first - loss), Tolerance: tolerance})
	m := checks.Each(parts...)
	if !blind {
		m.Hypotheses = []checks.Hypothesis{decrease}
	}
	return m, nil
}

// entries is how many numbers a balance of a layer of d neurons has.
func (p balance) entries(d int) int {
	if p.linear() {
		return d * d
	}
	return d
}
