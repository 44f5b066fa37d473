package soltanolkotabi2019

import (
	"math/rand/v2"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/quadratic"
)

// joint is a scene in which both layers move.
type joint struct {
	scene
	HiddenFirst bool `json:"hidden_first,omitempty"` // the hidden weights come down first, with v fixed
}

func (p joint) cost() checks.Cost {
	c := p.scene.cost()
	c.Trial *= 60
	return c
}

// jointLandscape is the landscape of both layers.
//
// Setting: as in benign-landscape, but W and v move together.
//
// Hypotheses: on the draw, (v, W) is a second-order stationary point of the joint loss, to the precision that benign-landscape states, and v has d
// positive and d negative entries there, wherever it started.
//
// Conclusion: L(v, W) = min over symmetric M of (1/2n) sum_i (x_i^T M x_i - y_i)^2.
//
// Constants: none. The block of the Hessian in W is positive semidefinite and grad_W = 0, so that benign-landscape applies with v
// frozen where it is. The signs are needed: (v, W) = (0, 0) is stationary with Hessian zero on any data.
//
// Convention: mean loss, both layers moved.
//
// Reference: derived here, after Theorem 2.1 of Soltanolkotabi, Javanmard, Lee (2019), where v is fixed; the text that was read has no
// theorem on the joint landscape of quadratic networks.
//
// Control: the end of a way down with one negative neuron short, from which the output weights do not help; and the origin.
func jointLandscape() checks.Checkable {
	return checks.Claim[joint]{
		ID: "soltanolkotabi2019/joint-landscape", Title: "second-order points of both layers", Reference: "derived here, after Theorem 2.1",
		Formula:    `\nabla L(v,W) = 0,\ \nabla^2 L(v,W) \succeq 0 \ \Rightarrow\ L(v,W) = \min_{M = M^{\top}} \tfrac{1}{2n}\sum_i (x_i^{\top} M x_i - y_i)^2`,
		Convention: "standard: f(x) = v^T (W x)^2, no width factors, no biases; mean loss (1/2n) sum (f - y)^2; v and W moved", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []joint{
			{scene: scene{Data: gaussian(6, 2), V: signs(3, 3, 0), Scale: 1}},
			{scene: scene{Data: gaussian(2, 1), V: signs(2, 1, 0), Scale: 1}},
			{scene: scene{Data: gaussian(9, 3), V: signs(4, 4, 0.5), Scale: 0.5}},
		},
		Cost:  joint.cost,
		Setup: joint.landscape,
		Controls: []checks.Control[joint]{
			{
				Name: "one-negative-short", Why: "at a local minimum in W with d - 1 negative neurons the gradient in v vanishes too, and the gap stays",
				At: []joint{{HiddenFirst: true, scene: scene{Data: data.Spec{Kind: data.Sphere, N: 9, D: 3, Seed: 1, Labels: data.Const, LabelScale: -1}, V: signs(3, 2, 0), Scale: 1}}},
			},
			{
				Name: "origin", Why: "at (0, 0) gradient and Hessian vanish: without the signs nothing follows",
				At: []joint{{scene: scene{Data: gaussian(6, 2), V: []float64{0, 0, 0, 0}}}},
			},
		},
	}
}

func (p joint) landscape() (checks.Instance, error) {
	s, err := newSetting(p.Data, p.V)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{
		Trial: func(r *rand.Rand) checks.Measurement {
			net := s.draw(p.Scale, r)
			net.A = append([]float64(nil), p.V...)
			if p.HiddenFirst {
				at, _, _, err := s.goDown(net, quadratic.Options{})
				if err != nil {
					return checks.Failed(err)
				}
				net = at.Net
			}
			at, gap, tolerance, err := s.goDown(net, quadratic.Options{Layers: nets.BothLayers})
			if err != nil {
				return checks.Failed(err)
			}
			return checks.Measurement{
				Observed: at.Loss, Predicted: s.fit.Loss, Relation: checks.Equal, Tolerance: tolerance,
				Hypotheses: append(enough(at.Net.A, s.d), secondOrder(gap, tolerance)),
			}
		},
	}, nil
}
