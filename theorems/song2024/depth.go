package song2024

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"convergo/bounds/shifted"
	"convergo/checks"
	"convergo/nets/subquadratic"
)

// nextLayer is a layer given the norm q of the one before.
type nextLayer struct {
	activation
	Q     float64 `json:"q"`
	M     int     `json:"m"`
	Batch int     `json:"batch"` // layers a trial
}

// given draws layers on a vector h of norm q and averages what is observed of them.
func (p nextLayer) given(observe func(subquadratic.Sparse) float64) checks.Trial {
	act := p.at(p.M)
	return func(r *rand.Rand) checks.Measurement {
		h := unitVector(3, r) // any support has the same law
		floats.Scale(p.Q, h)
		var sum float64
		for range p.Batch {
			net, err := subquadratic.New(p.M, len(h), 1, act, -1, r)
			if err != nil {
				return checks.Failed(err)
			}
			sum += observe(net.Forward(h).Hidden[0])
		}
		return checks.Measurement{Observed: sum / float64(p.Batch), Relation: checks.Equal}
	}
}

// mean is the instance that holds an average to its mean, with its exact deviation.
func (p nextLayer) mean(mean, variance float64, observe func(subquadratic.Sparse) float64) (checks.Instance, error) {
	trial := p.given(observe)
	return checks.Instance{
		Terms: checks.Terms{Deviation: checks.Float(math.Sqrt(variance / float64(p.Batch))), Resolution: 0.05},
		Trial: func(r *rand.Rand) checks.Measurement {
			m := trial(r)
			m.Predicted = mean
			return m
		},
	}, nil
}

func (p nextLayer) cost() checks.Cost {
	return checks.Cost{Trial: float64(p.M*p.Batch) * 45}
}

func nextLayers() []nextLayer {
	return []nextLayer{
		{activation{shifted.Hard, 1.665}, 1.05, 256, 32}, {activation{shifted.Hard, 1.665}, 0.9, 256, 40},
		{activation{shifted.Soft, 1}, 1.1, 128, 40}, {activation{shifted.Hard, 0}, 3, 32, 60},
	}
}

// depthCount is the sparsity of a deeper layer.
//
// Setting: a layer of width m whose input h_{l-1} has norm q and any support.
//
// Hypotheses: none.
//
// Conclusion: the number of active neurons given h_{l-1} is Binomial(m, Q(b/q)), so that its mean is m Q(b/q).
//
// Constants: derived: the preactivations are independent N(0, 2 q^2/m). The threshold stays at sqrt(2/m) b whatever the norm.
//
// Convention: N(0, 2/m) weights.
//
// Reference: derived here.
//
// Control: Q(b) in place of Q(b/q).
func depthCount() checks.Claim[nextLayer] {
	setup := func(q func(float64) float64) func(nextLayer) (checks.Instance, error) {
		return func(p nextLayer) (checks.Instance, error) {
			share := shifted.Tail(p.B / q(p.Q))
			return p.mean(float64(p.M)*share, float64(p.M)*share*(1-share), func(h subquadratic.Sparse) float64 { return float64(len(h.Index)) })
		}
	}
	return checks.Claim[nextLayer]{
		ID: "song2024/depth-count", Title: "active neurons of a deeper layer", Reference: "derived here",
		Formula: `\mathbb{E}\left[k_l \mid h_{l-1}\right] = m\,Q\!\left(b/\|h_{l-1}\|\right)`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: nextLayers(), Cost: nextLayer.cost,
		Setup: setup(func(q float64) float64 { return q }),
		Controls: []checks.Control[nextLayer]{{
			Name: "norm-left-out", Why: "a norm of 1.05 makes 1.18 times as many neurons active, one of 0.9 two thirds", At: nextLayers()[:3],
			Setup: setup(func(float64) float64 { return 1 }),
		}},
	}
}

// depthNorm is the norm of a deeper layer.
//
// Setting: a layer of width m whose input h_{l-1} has norm q and any support.
//
// Hypotheses: none.
//
// Conclusion: E[||h_l||^2 | h_{l-1}] = q^2 (Q(b/q) + (b/q) pdf(b/q))/(Q(b) + b pdf(b)) for the hard threshold, and with
// (1 + b^2) Q(b) - b pdf(b) for the soft one.
//
// Constants: derived: moments of the activation with threshold b/q on a standard normal. The deviation is exact.
//
// Convention: N(0, 2/m) weights.
//
// Reference: derived here.
//
// Control: q^2, what a homogeneous activation would give.
func depthNorm() checks.Claim[nextLayer] {
	setup := func(next func(p nextLayer) float64) func(nextLayer) (checks.Instance, error) {
		return func(p nextLayer) (checks.Instance, error) {
			return p.mean(next(p), p.Kind.NextSquaredNormVariance(p.B, p.Q, p.M), func(h subquadratic.Sparse) float64 { return h.Norm() * h.Norm() })
		}
	}
	return checks.Claim[nextLayer]{
		ID: "song2024/depth-norm", Title: "norm of a deeper layer", Reference: "derived here",
		Formula: `\mathbb{E}\left[\|h_l\|^2 \mid \|h_{l-1}\| = q\right] = q^2\,\frac{Q(b/q)+\frac{b}{q}\varphi(b/q)}{Q(b)+b\,\varphi(b)}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: nextLayers(), Cost: nextLayer.cost,
		Setup: setup(func(p nextLayer) float64 { return p.Kind.NextSquaredNorm(p.B, p.Q) }),
		Controls: []checks.Control[nextLayer]{{
			Name: "homogeneous", Why: "a fixed threshold cuts off more of a shorter vector", At: nextLayers()[:3],
			Setup: setup(func(p nextLayer) float64 { return p.Q * p.Q }),
		}},
	}
}

// amplified is a wide layer on inputs of norms near 1.
type amplified struct {
	activation
	M int `json:"m"`
}

// depthAmplification is why a deep network with a shifted ReLU loses its signal.
//
// Setting: a layer of width m with inputs of norm 0.94 to 1.06 in one direction.
//
// Hypotheses: none.
//
// Conclusion: ||h_l|| grows like ||h_{l-1}||^A near norm 1, A = 1 + b^3 pdf(b)/(2 (Q(b) + b pdf(b))) for the hard threshold and
// Q(b)/((1 + b^2) Q(b) - b pdf(b)) for the soft one. So A = 2.08 at b = 1.665: a norm that is off by e at the first layer is off
// by about A^{l-1} e at layer l, and since e is of order m^{-1/2}, a network of a thousand neurons may lose its signal, or let it
// explode, within four layers.
//
// Constants: derived: half the logarithmic derivative of depth-norm at q = 1. Over the ladder of norms the exponent of the mean
// differs from that by less than 0.01.
//
// Convention: N(0, 2/m) weights.
//
// Reference: derived here; the paper does not discuss it in its abstract.
//
// Control: the exponents of b three tenths lower, of the other kind, and 1, that of the ReLU.
func depthAmplification() checks.Claim[amplified] {
	setup := func(exponent func(p amplified) float64) func(amplified) (checks.Instance, error) {
		return func(p amplified) (checks.Instance, error) {
			act := p.at(p.M)
			return checks.Instance{
				Terms: checks.Terms{Exponent: checks.Float(exponent(p)), Resolution: 0.05},
				Trial: func(r *rand.Rand) checks.Measurement {
					net, err := subquadratic.New(p.M, 1, 1, act, -1, r)
					if err != nil {
						return checks.Failed(err)
					}
					var m checks.Measurement
					for _, q := range []float64{0.94, 0.97, 1, 1.03, 1.06} {
						m.Ladder = append(m.Ladder, checks.Rung{Size: q, Value: net.Forward([]float64{q}).Hidden[0].Norm()})
					}
					return m
				},
			}, nil
		}
	}
	hard, soft := amplified{activation{shifted.Hard, 1.2}, 60000}, amplified{activation{shifted.Soft, 0.5}, 20000}
	short := amplified{hard.activation, 15000}
	return checks.Claim[amplified]{
		ID: "song2024/depth-amplification", Title: "depth amplifies errors of the norm", Reference: "derived here",
		Formula: `\frac{d\ln\|h_l\|}{d\ln\|h_{l-1}\|} = 1+\frac{b^3\varphi(b)}{2\left(Q(b)+b\,\varphi(b)\right)}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Along: `norm $\|h_{l-1}\|$`, Version: 1,
		Grid:  []amplified{soft, hard, {activation{shifted.Hard, 0.5}, 10000}, {activation{shifted.Hard, 0}, 100}},
		Cost:  func(p amplified) checks.Cost { return checks.Cost{Trial: 40 * float64(p.M)} },
		Setup: setup(func(p amplified) float64 { return p.Kind.Amplification(p.B) }),
		Controls: []checks.Control[amplified]{
			{Name: "smaller-shift", Why: "A(0.9) is 1.23 where A(1.2) is 1.48", At: []amplified{short}, Setup: setup(func(p amplified) float64 { return p.Kind.Amplification(p.B - 0.3) })},
			{Name: "other-kind", Why: "a soft threshold amplifies more", At: []amplified{soft}, Setup: setup(func(p amplified) float64 { return shifted.Hard.Amplification(p.B) })},
			{Name: "homogeneous", Why: "only at b = 0 is the exponent 1", At: []amplified{short, soft}, Setup: setup(func(amplified) float64 { return 1 })},
		},
	}
}
