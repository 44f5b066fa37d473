package arora2019exact

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// flowing is a data set with the shape of a network.
type flowing struct {
	Data   data.Spec `json:"data"`
	Hidden []int     `json:"hidden"`
	Kappa  float64   `json:"kappa"`
}

// sabotage changes the kernel that flow-identity predicts with.
type sabotage struct {
	factor float64 // on the kernel; 0 means 1
	drop   bool    // the layer that matters most
	root   bool    // kappa in place of kappa^2
}

// The outputs move along their own kernel.
//
// Setting: any inputs x_i and labels y_i; any depth, widths and multiplier kappa; u_i = kappa f(theta, x_i); gradient flow on
// (1/2) sum_i (u_i - y_i)^2.
//
// Hypotheses: on the draw: no activation changes its side on the short segment theta + s grad, |s| <= 1e-6/|grad|, on which the
// derivative is taken; the outputs move on it by more than their rounding (a network whose neurons are all shut does not).
//
// Conclusion: du/dt = -kappa^2 H (u - y), H_ij = sum_h <g^(h-1)(x_i), g^(h-1)(x_j)> <b^(h)(x_i), b^(h)(x_j)>.
//
// Constants: none. The derivative is the central difference of the outputs of two networks that took a step of
// descent each way; allowance 1e-6 of the largest entry of kappa^2 H (u - y): rounding of the outputs, 1e-15, over the
// least movement that is let in, 1e-8 of their scale. The identity is that of a point: along a path of the flow it
// fails, since neurons slide along z = 0 at training points for a positive time when there is more than one input.
//
// Convention: the paper's; H is that of f, without kappa.
//
// Reference: Lemma 3.1.
//
// Control: H larger by 1e-4; the layer of H that contributes most left out; kappa for kappa^2.
func flowIdentity() checks.Checkable {
	setup := func(s sabotage) func(flowing) (checks.Instance, error) {
		return func(p flowing) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(rng *rand.Rand) checks.Measurement { return p.differentiate(set, s, rng) }}, nil
		}
	}
	sphere := flowing{Data: data.Spec{Kind: data.Sphere, N: 5, D: 4, Seed: 1}, Hidden: []int{40, 30}, Kappa: 0.5}
	deeper := flowing{Data: data.Spec{Kind: data.Sphere, N: 3, D: 6, Seed: 2}, Hidden: []int{30, 20, 30}, Kappa: 2}
	return checks.Claim[flowing]{
		ID: "arora2019exact/flow-identity", Title: "outputs follow their kernel", Reference: "Lemma 3.1",
		Formula: `\frac{du}{dt} = -\kappa^2 H(t)\,(u(t)-y)`, Convention: convention,
		Basis: checks.Stated, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) flowing {
			p := flowing{Data: gen.Specs(gen.Range{MinN: 1, MaxN: 5, MinD: 1, MaxD: 4}).Draw(t, "data")}
			p.Data.LabelScale = rapid.SampledFrom([]float64{1, 1e-3, 1e3, 1e6}).Draw(t, "labels")
			p.Hidden = rapid.SliceOfN(rapid.IntRange(1, 20), 1, 3).Draw(t, "hidden")
			p.Kappa = rapid.SampledFrom([]float64{1, 0.1, 3}).Draw(t, "kappa")
			return p
		}),
		Grid: []flowing{
			{Data: data.Spec{Kind: data.Sphere, N: 1, D: 1, Seed: 1}, Hidden: []int{3}, Kappa: 1}, sphere, deeper,
			{Data: images.Easy(data.MNIST, 6, 49), Hidden: []int{60}, Kappa: 0.1},
		},
		OnData: func(f checks.DataFile) []flowing {
			return []flowing{{Data: userfile.Labelled(f, 20), Hidden: []int{50, 50}, Kappa: 1}}
		},
		Cost: func(p flowing) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Trial: 6 * netCost(n, d, p.Hidden)}
		},
		Setup: setup(sabotage{}),
		Controls: []checks.Control[flowing]{
			{Name: "larger-kernel", Why: "a kernel larger by 1e-4: a hundred times the allowance", At: []flowing{sphere}, Setup: setup(sabotage{factor: 1 + 1e-4})},
			{Name: "layer-left-out", Why: "the part of H that belongs to one layer is missing", At: []flowing{sphere, deeper}, Setup: setup(sabotage{drop: true})},
			{Name: "kappa-not-squared", Why: "kappa H in place of kappa^2 H, at kappa = 1/2 and 2", At: []flowing{sphere, deeper}, Setup: setup(sabotage{root: true})},
		},
	}
}

// differentiate compares the derivative of the outputs along the gradient with the kernel.
func (p flowing) differentiate(set *data.Set, s sabotage, rng *rand.Rand) checks.Measurement {
	net, err := draw(set.D(), p.Hidden, p.Kappa, rng)
	if err != nil {
		return checks.Failed(err)
	}
	pass, err := net.NewPass(set.X)
	if err != nil {
		return checks.Failed(err)
	}
	u, n := append([]float64(nil), pass.Output()...), set.N()
	residual, reflected := make([]float64, n), make([]float64, n)
	for i := range u {
		residual[i] = u[i] - set.Y[i]
		reflected[i] = 2*u[i] - set.Y[i]
	}
	gradient := pass.JTMul(nil, residual)
	size := floats.Norm(gradient, 2)
	moved := checks.RequireThat("the outputs move", size > 0)
	if size == 0 {
		return checks.Measurement{Hypotheses: []checks.Hypothesis{moved}}
	}
	step := 1e-6 / size
	var ends [2]*deep.Pass
	for k, y := range [][]float64{set.Y, reflected} { // down the gradient, and up: the residual of reflected labels is -r
		moving := net.Clone()
		if _, err := (deep.Descent{Step: step, Steps: 1}).Run(moving, set.X, y); err != nil {
			return checks.Failed(err)
		}
		if ends[k], err = moving.NewPass(set.X); err != nil {
			return checks.Failed(err)
		}
	}
	predicted := s.velocity(pass, net.Depth(), residual, p.Kappa)
	largest, scale := 0.0, 0.0
	for i, v := range predicted {
		largest, scale = math.Max(largest, math.Abs(v)), math.Max(scale, math.Abs(u[i]))
	}
	scale += p.Kappa * (1 + mat.Norm(set.X, 2))
	hypotheses := []checks.Hypothesis{
		checks.Require("activations that change", float64(ends[0].Flips(ends[1])), checks.AtMost, 0),
		checks.Require("movement over rounding", step*largest, checks.AtLeast, 1e-8*scale),
	}
	var parts []checks.Measurement
	for i, v := range predicted {
		parts = append(parts, checks.Measurement{
			Observed: (ends[0].Output()[i] - ends[1].Output()[i]) / (2 * step), Predicted: v, Relation: checks.Equal, Tolerance: 1e-6 * largest,
		})
	}
	m := checks.Worst(parts...)
	m.Hypotheses = hypotheses
	return m
}

// velocity is -kappa^2 H r from the features and backward rows, or what the sabotage makes of it.
func (s sabotage) velocity(pass *deep.Pass, depth int, residual []float64, kappa float64) []float64 {
	n := len(residual)
	var sum, most mat.VecDense
	sum.ReuseAsVec(n)
	most.ReuseAsVec(n)
	r := mat.NewVecDense(n, residual)
	for l := 1; l <= depth; l++ {
		var backward, forward mat.Dense
		backward.Mul(pass.Backward(l), pass.Backward(l).T())
		forward.Mul(pass.Feature(l-1), pass.Feature(l-1).T())
		forward.MulElem(&backward, &forward)
		var part mat.VecDense
		part.MulVec(&forward, r)
		sum.AddVec(&sum, &part)
		if mat.Norm(&part, 2) > mat.Norm(&most, 2) {
			most.CopyVec(&part)
		}
	}
	if s.drop {
		sum.SubVec(&sum, &most)
	}
	factor := -1.0
	if s.factor != 0 {
		factor *= s.factor
	}
	if s.root {
		factor /= kappa
	}
	sum.ScaleVec(factor, &sum)
	return sum.RawVector().Data
}
