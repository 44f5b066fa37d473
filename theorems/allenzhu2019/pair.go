package allenzhu2019

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/theorems/internal/curve"
)

// A closePair is two inputs at an angle, in the limit of infinite width.
type closePair struct {
	Angle float64 `json:"angle"`
	L     int     `json:"l"`
	Eps   float64 `json:"eps"`
}

// pairSteps is the time of Theorem 1 in delta.
//
// Setting: two unit inputs at angle theta, delta = 2 sin(theta/2) apart; the limit kernel K of W_1..W_L as m grows; gradient descent at 1/lambda_max(K) on the
// linear model with this kernel, from a residual along the eigenvector of lambda_min, the slowest.
//
// Hypotheses: 0 < theta <= pi/2.
//
// Conclusion: F has fallen by eps after T steps with T - 1 <= ln(1/eps)/mean_l (1 - exp(-S_l)), S_l = sum_{k=l..L} t_k/pi and 1/t_k = 1/theta + 0.1654 k. As theta falls the
// bound is 2 pi ln(1/eps)/((L+1) theta), and attained: T is of order 1/delta, and falls with the depth, where the theorem has L^2/delta^2.
//
// Constants: derived. W_l sees features at an angle of at least t_l (angle-map), and the gates of layers l..L all agree with probability prod (1 - t_k'/pi) for the
// true angles t_k' >= t_k. So lambda_min/lambda_max >= (1 - mean_l exp(-S_l))/2, and -ln(1 - x) >= x. The 0.1654 rests on the grid of angle-map.
//
// Convention: as the source, m to infinity.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 1, its time; derived here.
//
// Control: 0.9 of the bound; a kernel with one trained layer less.
func pairSteps() checks.Claim[closePair] {
	setup := func(scale float64, fewer int) func(closePair) (checks.Instance, error) {
		return func(p closePair) (checks.Instance, error) { return p.instance(scale, fewer) }
	}
	return checks.Claim[closePair]{
		ID: "allenzhu2019/pair-steps", Title: "steps for a close pair", Reference: "Theorem 1; derived here",
		Formula:    `T_\epsilon \le 1 + \frac{\ln(1/\epsilon)}{\frac{1}{L}\sum_l (1 - e^{-S_l})} \approx \frac{2\pi \ln(1/\epsilon)}{(L+1)\,\theta}`,
		Convention: convention,
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) closePair {
			return closePair{Angle: math.Pi / 2 * math.Pow(10, -rapid.Float64Range(0, 3).Draw(t, "digits")), L: rapid.IntRange(1, 12).Draw(t, "L"), Eps: rapid.SampledFrom([]float64{0.9, 0.1, 1e-3}).Draw(t, "eps")}
		}),
		Grid: []closePair{{1, 1, 1e-3}, {0.05, 4, 1e-3}, {0.002, 1, 1e-3}, {0.002, 3, 1e-3}}, // tight for small angles
		Cost: func(p closePair) checks.Cost {
			return checks.Cost{Setup: 1e5, Trial: 60 * bounds.PairSteps(p.L, p.Angle, p.Eps)}
		},
		Setup: setup(1, 0),
		Controls: []checks.Control[closePair]{
			{Name: "faster", Why: "0.9 of the bound", At: []closePair{{0.002, 1, 1e-3}, {0.002, 3, 1e-3}}, Setup: setup(0.9, 0)},
			{Name: "layer-less", Why: "W_1 does not move: the others see fewer gates that differ", At: []closePair{{0.002, 3, 1e-3}}, Setup: setup(1, 1)},
		},
	}
}

// limitKernel is the limit kernel of W_{1+fewer}..W_L, over m/2.
func limitKernel(layers, fewer int) kernel.Kernel {
	weights := make([]float64, layers+2)
	for l := 1 + fewer; l <= layers; l++ {
		weights[l] = 1
	}
	return kernel.NTKWeighted(weights)
}

func (p closePair) instance(scale float64, fewer int) (checks.Instance, error) {
	bound := scale * bounds.PairSteps(p.L, p.Angle, p.Eps)
	inst := checks.Instance{Hypotheses: []checks.Hypothesis{
		checks.RequireThat("the angle is positive", p.Angle > 0), checks.Require("angle", p.Angle, checks.AtMost, math.Pi/2),
	}}
	x := mat.NewDense(2, 2, []float64{1, 0, math.Cos(p.Angle), math.Sin(p.Angle)})
	k, err := limitKernel(p.L, fewer).Gram(x)
	if err != nil {
		return inst, err
	}
	top, err := eig.Max(k)
	if err != nil {
		return inst, err
	}
	inst.Facts = []checks.Fact{checks.NewFact("steps (bound)", bound), checks.NewFact("L^2/delta^2 ln(1/eps)", math.Pow(float64(p.L)/(2*math.Sin(p.Angle/2)), 2)*math.Log(1/p.Eps))}
	inst.Trial = func(*rand.Rand) checks.Measurement {
		// The residual (1, -1) keeps its direction, since both inputs have the same K_ii.
		e, steps := [2]float64{1, -1}, 0
		var at, got, want []float64
		for e[0]*e[0]+e[1]*e[1] > 2*p.Eps && steps < 1e7 {
			if steps%max(1, int(bound)/40) == 0 {
				at, got = append(at, float64(steps)), append(got, (e[0]*e[0]+e[1]*e[1])/2)
				want = append(want, math.Pow(p.Eps, float64(steps)/bound))
			}
			a := k.At(0, 0)*e[0] + k.At(0, 1)*e[1]
			b := k.At(1, 0)*e[0] + k.At(1, 1)*e[1]
			e[0], e[1] = e[0]-a/top.Value, e[1]-b/top.Value
			steps++
		}
		m := checks.Measurement{Observed: float64(steps - 1), Predicted: bound}
		m.Series = curve.Axes{X: "step", Y: "loss over loss at the start", LogY: true}.Against("limit kernel", at, got, want)
		return m
	}
	return inst, nil
}
