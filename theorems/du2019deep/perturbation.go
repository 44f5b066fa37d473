package du2019deep

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
	"convergo/nets/residual"
	"convergo/theorems/internal/images"
)

// perturbed is a network whose weights all move by Radius c_w sqrt m in Frobenius norm.
type perturbed struct {
	drawn
	Radius float64 `json:"radius"`
	How    string  `json:"how"` // random, or aligned with the features of the first input
}

// moved returns the network with its hidden layers from..H moved by r sqrt m.
func (p perturbed) moved(net *residual.Network, pass *residual.Pass, from int, r float64, rng *rand.Rand) *residual.Network {
	out := net.Clone()
	for h := from; h <= p.Layers; h++ {
		w := out.Weight(h)
		rows, cols := w.Dims()
		delta := nets.Gaussian(rows, cols, rng)
		if p.How == "aligned" {
			below := pass.Patches(h).RawRowView(0)
			left := mat.NewVecDense(rows, nil)
			left.MulVec(net.Weight(h), mat.NewVecDense(cols, below))
			if mat.Norm(left, 2) == 0 {
				left.CopyVec(mat.NewVecDense(rows, ones(rows)))
			}
			if floats.Norm(below, 2) > 0 {
				delta.Outer(1, left, mat.NewVecDense(cols, below))
			}
		}
		delta.Scale(r*math.Sqrt(float64(p.Width))/mat.Norm(delta, 2), delta)
		w.Add(w, delta)
	}
	return out
}

func ones(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

// perturbationSpace draws networks with one or more positions.
func perturbationSpace(cRes ...float64) *rapid.Generator[perturbed] {
	return rapid.Custom(func(t *rapid.T) perturbed {
		p := perturbed{drawn: drawn{model: model{
			Data:       gen.Specs(gen.Range{MinN: 1, MaxN: 3, MinD: 1, MaxD: 4}).Draw(t, "data"),
			Activation: rapid.SampledFrom([]string{"identity", "softplus", "erf", "tanh", "nearly"}).Draw(t, "activation"),
			Layers:     rapid.IntRange(2, 6).Draw(t, "layers"), Width: rapid.SampledFrom([]int{1, 3, 16}).Draw(t, "m"),
			CRes: rapid.SampledFrom(cRes).Draw(t, "cres"),
		}}}
		if _, d := p.Data.Size(); d > 1 && rapid.Bool().Draw(t, "positions") {
			p.Positions, p.Patch = d, 3
		}
		p.Radius = rapid.SampledFrom([]float64{1e-3, 0.1, 1}).Draw(t, "radius")
		p.How = rapid.SampledFrom([]string{"aligned", "random"}).Draw(t, "how")
		return p
	})
}

// perturbation makes the setup of the two claims, with the bound multiplied by a factor.
func perturbation(factor float64, radius bool) func(perturbed) (checks.Instance, error) {
	return func(p perturbed) (checks.Instance, error) {
		g, err := p.ground()
		if err != nil {
			return checks.Instance{}, err
		}
		inst := checks.Instance{Trial: func(rng *rand.Rand) checks.Measurement {
			net, err := p.network(g, rng)
			if err != nil {
				return checks.Failed(err)
			}
			pass, err := net.NewPass(g.x)
			if err != nil {
				return checks.Failed(err)
			}
			weights := weightNorm(net, 2)
			l, r := g.layered(weights, featureNorm(pass, g.n, p.Layers)), p.Radius*weights
			after, err := p.moved(net, pass, 1, r, rng).NewPass(g.x)
			if err != nil {
				return checks.Failed(err)
			}
			var ms []checks.Measurement
			for i := range g.n {
				for h := 1; h <= p.Layers; h++ {
					bound := l.Perturbation(h, r, pass.Norm(0, i))
					ms = append(ms, checks.Measurement{Observed: after.Apart(pass, h, i), Predicted: factor * bound, Tolerance: 1e-10 * bound})
				}
			}
			return checks.Worst(ms...)
		}}
		if radius {
			inst.Hypotheses = []checks.Hypothesis{checks.Require("R/c_w", p.Radius, checks.AtMost, 1)}
		}
		return inst, nil
	}
}

func perturbationCost(p perturbed) checks.Cost {
	c := p.cost(4)
	m := float64(p.Width)
	c.Trial += float64(p.Layers) * 60 * m * m * m * float64(max(p.Patch, 1))
	return c
}

// How far the features of a fully connected network move when its weights do.
//
// Setting: unit inputs, also of several positions with patches of q; a fully connected network with any weights W_h;
// c_w >= ||W_h||_2/sqrt m for h = 2..H, c_x >= ||x^(h)|| for h = 0..H; other weights with ||W_h' - W_h||_F <= R sqrt
// m for all h.
//
// Hypotheses: R <= c_w.
//
// Conclusion: ||x^(h)' - x^(h)|| <= sqrt(c_sigma q) L c_x R (1 + g + ... + g^{h-1}), g = 2 sqrt(c_sigma q) L c_w, h = 1..H.
//
// Constants: stated, for q = 1; the patches of several positions bring sqrt q. The bound is exponential in H and
// attained for every H: by the linear network with W_h = sqrt m u u^T moved along itself by R = c_w, where both sides
// are 2^h - 1. Allowance: 1e-10 of the bound.
//
// Convention: as in the paper; c_w and c_x are those of the instance.
//
// Reference: Lemma B.3.
//
// Control: the bound smaller by a fiftieth; and R = 1.2 c_w.
func plainPerturbation() checks.Checkable {
	attained := perturbed{drawn: drawn{model: model{Data: orthonormal(1), Activation: "identity", Layers: 6, Width: 16}, Plant: "rising"}, Radius: 1, How: "aligned"}
	far := attained
	far.Radius = 1.2
	return checks.Claim[perturbed]{
		ID: "du2019deep/plain-perturbation", Title: "fully connected features move", Reference: "Lemma B.3",
		Formula:    `\|x^{(h)}{}' - x^{(h)}\| \le \sqrt{c_\sigma} L c_x R \sum_{i<h} (2 \sqrt{c_\sigma} L c_w)^i`,
		Convention: convention, Basis: checks.Stated, Form: checks.Always{}, Version: 1,
		Space: perturbationSpace(0),
		Grid: []perturbed{
			attained,
			{drawn: drawn{model: model{Data: data.Spec{Kind: data.Sphere, N: 3, D: 5, Seed: 1}, Activation: "erf", Layers: 4, Width: 48}}, Radius: 0.1, How: "random"},
			{drawn: drawn{model: model{Data: images.Hard(data.MNIST, 2, 49), Activation: "softplus", Layers: 3, Width: 32, Positions: 7, Patch: 3}}, Radius: 1, How: "aligned"},
		},
		Cost: perturbationCost, Setup: perturbation(1, true),
		Controls: []checks.Control[perturbed]{
			{Name: "smaller-bound", Why: "attained at every layer", At: []perturbed{attained}, Setup: perturbation(0.98, true)},
			{Name: "larger-radius", Why: "weights of norm c_w + R > 2 c_w stretch by more than g", At: []perturbed{far}, Setup: perturbation(1, false)},
		},
	}
}

// How far the features of a residual network move when its weights do, whatever its depth.
//
// Setting: unit inputs, also of several positions with patches of q; a residual network with any weights; c_w, c_x
// and R as in plain-perturbation.
//
// Hypotheses: R <= c_w.
//
// Conclusion: ||x^(h)' - x^(h)|| <= g^{h-1} sqrt(c_sigma q) L R + (g^{h-1} - 1) R c_x/(2 c_w), g = 1 + 2 c_res c_w L
// sqrt q/H, h = 1..H. As g^{H-1} <= e^{2 c_res c_w L sqrt q}, this is independent of depth, and for q = 1 at most the
// bound of Lemma C.3, (sqrt(c_sigma) L + c_x/c_w) e^{2 c_res c_w L} R.
//
// Constants: derived: delta_h <= delta_{h-1} + (c_res/H) L ((c_w + R) delta_{h-1} + R c_x), solved exactly. Attained,
// as c_res tends to 0, by the linear network of plain-perturbation; what Lemma C.3 prints is twice as large there.
// Allowance: 1e-10 of the bound.
//
// Convention: as in the paper; c_w and c_x are those of the instance.
//
// Reference: Lemma C.3, sharper here.
//
// Control: the bound smaller by a fiftieth; and R = 3 c_w on a network with long branches.
func residualPerturbation() checks.Checkable {
	plant := func(cRes, radius float64) perturbed {
		return perturbed{drawn: drawn{model: model{Data: orthonormal(1), Activation: "identity", Layers: 8, Width: 8, CRes: cRes}, Plant: "rising"}, Radius: radius, How: "aligned"}
	}
	return checks.Claim[perturbed]{
		ID: "du2019deep/residual-perturbation", Title: "residual features move", Reference: "Lemma C.3, sharper here",
		Formula:    `\|x^{(h)}{}' - x^{(h)}\| \le g^{h-1} \sqrt{c_\sigma} L R + (g^{h-1} - 1) \frac{R c_x}{2 c_w}, \quad g = 1 + \frac{2 c_{res} c_w L}{H}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: perturbationSpace(0.01, 0.5, 0.99),
		Grid: []perturbed{
			plant(0.01, 1), plant(0.3, 1),
			{drawn: drawn{model: model{Data: data.Spec{Kind: data.Sphere, N: 3, D: 5, Seed: 1}, Activation: "softplus", Layers: 6, Width: 48, CRes: 0.5}}, Radius: 0.1, How: "random"},
			{drawn: drawn{model: model{Data: images.Hard(data.Fashion, 2, 49), Activation: "softplus", Layers: 3, Width: 32, CRes: 0.5, Positions: 7, Patch: 3}}, Radius: 1, How: "aligned"},
		},
		Cost: perturbationCost, Setup: perturbation(1, true),
		Controls: []checks.Control[perturbed]{
			{Name: "smaller-bound", Why: "short branches nearly attain it", At: []perturbed{plant(0.01, 1)}, Setup: perturbation(0.98, true)},
			{Name: "larger-radius", Why: "a branch of norm c_w + R adds up over the layers", At: []perturbed{plant(0.99, 3)}, Setup: perturbation(1, false)},
		},
	}
}
