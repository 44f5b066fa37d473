package song2021

import (
	"math"

	"convergo/checks"
	"convergo/nets/data"
	"convergo/theorems/internal/images"
)

// smallOutput is the certificate for small output weights, in which they delay the hidden layer.
//
// Setting: as in flow-certificate; v_0 = ||V_0||.
//
// Hypotheses: those of flow-certificate, and, which is more than kappa < 1, the bound of the conclusion exists: with E^2 = s_0^2 + B^2 v_0^2 and
// tan a_0 = B v_0/s_0, (E^2/(2B)) [pi/2 - a_0 - sin a_0 cos a_0] > ||r_0||.
//
// Conclusion: for all t, with r = ||r_t||, sigma_min(Phi_t) >= E cos a, where (E^2/(2B)) [a + sin a cos a - a_0 - sin a_0 cos a_0] = ||r_0|| - r; and
// with s the value of E cos a at r = 0, ||r_t|| <= ||r_0|| e^{-s^2 t}.
//
// Constants: derived, bounds.LastLayer.SmallOutput has the proof: ||dL/dW|| <= B ||V|| ||r||, so that a small V moves W only as fast as it grows
// itself. The condition s_0^3 >= 8 B^2 ||r_0|| (v_0 + 2 ||r_0||/s_0), which gives s_0/2 by cruder steps and is of the order n^{3/2} in the width for
// output weights of order one, implies the one here. Attained in the limit ||r_0|| -> 0, v_0 -> 0 with ||r_0|| far below s_0 v_0, by one linear
// neuron. For v_0 = 0 the spectrum falls by s_0 kappa^2/2 where flow-certificate allows s_0 kappa/2. Integration and tolerance as there.
//
// Convention: no output factor, loss = (1/2) sum of squares, both layers at one rate.
//
// Reference: Song et al. (2021), Theorem 1, sharpened here for small output weights.
//
// Control: the norm of V_0 taken to be 0.9 of what it is; B ten per cent too small; 1.05 times the rate; and v_0 forgotten altogether.
func smallOutput() checks.Checkable {
	slow := start{Data: point1, Act: "identity", Width: 1, Fixed: []float64{1, -0.05}, Kappa: 1e-4, Along: "minus"}
	rest := start{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Act: "tanh", Width: 12, Kappa: 0.01, Along: "weak"}
	return checks.Claim[start]{
		ID: "song2021/flow-small-output", Title: "gradient flow from small output weights", Reference: "Theorem 1, sharpened here",
		Formula:    `\sigma_{\min}(\Phi_t) \ge E\cos\alpha, \quad \tfrac{E^2}{2B}\left[\alpha + \sin\alpha\cos\alpha\right]_{\alpha_0}^{\alpha} = \|r_0\| - \|r_t\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: flowSpace([]float64{1e-3, 0.1, 0.5, 0.75}),
		Grid: []start{
			slow, rest, // equality in the limit; V = 0
			{Data: data.Spec{Kind: data.Sphere, N: 2, D: 3, Seed: 2}, Act: "gelu", Width: 12, Output: 0.02, Kappa: 0.5, Along: "strong"},
			{Data: images.Hard(data.MNIST, 4, 49), Act: "erf", Width: 40, Output: 0.01, Kappa: 0.3, Along: "weak"},
		},
		Cost:  flowCost,
		Setup: flowSetup(flowSabotage{b: 1, rate: 1, path: 1, v: 1}, smallParts),
		Controls: []checks.Control[start]{
			{
				Name: "smaller-output", Why: "W moves in proportion to V", At: []start{slow},
				Setup: flowSetup(flowSabotage{b: 1, rate: 1, path: 1, v: 0.9}, smallParts),
			},
			{
				Name: "output-forgotten", Why: "from V = 0 the spectrum would fall only in second order", At: []start{slow},
				Setup: flowSetup(flowSabotage{b: 1, rate: 1, path: 1, v: 0}, smallParts),
			},
			{
				Name: "smaller-lipschitz", Why: "W moves Phi at the rate B", At: []start{slow},
				Setup: flowSetup(flowSabotage{b: 0.9, rate: 1, path: 1, v: 1}, smallParts),
			},
			{
				Name: "five-per-cent-faster", Why: "along the last singular vector nothing is faster than s_0^2", At: []start{rest},
				Setup: flowSetup(flowSabotage{b: 1, rate: 1.05, path: 1, v: 1}, smallParts),
			},
		},
	}
}

// smallParts are the conclusions of the certificate.
func smallParts(f flowState) []checks.Measurement {
	low, final := after(f.cert, f.r).SmallOutput(f.sabotage.v*f.v0), f.cert.SmallOutput(f.sabotage.v*f.v0)
	hypothesis := []checks.Hypothesis{checks.RequireThat("the bound exists", !math.IsNaN(final))}
	if math.IsNaN(final) {
		return []checks.Measurement{{Part: "feature spectrum", Hypotheses: hypothesis}, {Part: "rate", Hypotheses: hypothesis}}
	}
	rate := f.sabotage.rate * final * final
	return []checks.Measurement{
		{
			Part: "feature spectrum", Observed: f.s, Predicted: low, Term: low - f.cert.S0, Relation: checks.AtLeast,
			// The spectrum falls by as little as a part in 10^6 here; the flow is smooth, and the steps resolve that to six digits too.
			Tolerance: flowDigits*(f.cert.S0-low) + 1e-10*f.cert.S0 + f.sTol,
		},
		{Part: "rate", Observed: math.Log(f.cert.R0/f.r) / f.t, Predicted: rate, Relation: checks.AtLeast, Tolerance: flowDigits*rate + f.rounding(f.r)/f.t},
	}
}
