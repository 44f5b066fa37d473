package allenzhu2019

import (
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/checks"
)

// Numbers of one step of descent, as shares of what the template allows.
type numbers struct {
	Mu   float64 `json:"mu"`
	C    float64 `json:"c"`
	Loss float64 `json:"loss"`
	A    float64 `json:"a"`    // of sqrt(2 mu)/4
	Eta  float64 `json:"eta"`  // of 1/(4C)
	Size float64 `json:"size"` // |grad F|^2 over 2 mu F
}

// descentTemplate turns Theorems 3 and 4 into Theorem 1.
//
// Setting: a step W' = -eta grad F from where |grad F|^2 >= 2 mu F (Theorem 3) and F(W+W') <= F + <grad F, W'> + A sqrt F |W'| + C |W'|^2 (Theorem 4).
//
// Hypotheses: A <= sqrt(2 mu)/4 and eta <= 1/(4C).
//
// Conclusion: F(W+W') <= F - (eta/2) |grad F|^2 <= (1 - eta mu) F.
//
// Constants: derived: A sqrt F eta |grad F| <= eta |grad F|^2/4, since sqrt(2 mu F) <= |grad F|, and C eta^2 |grad F|^2 <= eta |grad F|^2/4. Both are attained. What is compared
// is the right side of the second inequality of the setting, the largest loss that it allows, with the two conclusions.
//
// Convention: none; the numbers are free.
//
// Reference: Allen-Zhu, Li, Song (2019), the proof of Theorem 1 from Theorems 3 and 4; constants derived here.
//
// Control: 1.1 times A, and 1.1 times eta.
func descentTemplate() checks.Claim[numbers] {
	edge := numbers{Mu: 0.3, C: 2, Loss: 1, A: 1, Eta: 1, Size: 1}
	moved := func(a, eta float64) func(numbers) (checks.Instance, error) {
		return func(p numbers) (checks.Instance, error) {
			p.A, p.Eta = p.A*a, p.Eta*eta
			inst := p.instance()
			inst.Hypotheses = nil
			return inst, nil
		}
	}
	factors := []float64{1.02, 1.05, 1.1, 1.25}
	return checks.Claim[numbers]{
		ID: "allenzhu2019/descent-template", Title: "from the gradient and semi-smoothness to descent", Reference: "Theorems 1, 3 and 4; derived here",
		Formula: `A \le \frac{\sqrt{2\mu}}{4},\ \eta \le \frac{1}{4C} \ \Rightarrow\ F(W+W') \le F(W) - \frac{\eta}{2}\|\nabla F\|^2 \le (1 - \eta\mu) F(W)`, Convention: "free numbers",
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) numbers {
			positive := func(name string) float64 { return math.Pow(10, rapid.Float64Range(-6, 6).Draw(t, name)) }
			return numbers{
				Mu: positive("mu"), C: positive("C"), Loss: positive("F"),
				A: rapid.Float64Range(0, 1).Draw(t, "A"), Eta: rapid.Float64Range(0.01, 1).Draw(t, "eta"), Size: 1 + positive("size"),
			}
		}),
		Grid:  []numbers{edge, {Mu: 5, C: 0.1, Loss: 40, A: 0.5, Eta: 0.5, Size: 2}},
		Setup: func(p numbers) (checks.Instance, error) { return p.instance(), nil },
		Controls: []checks.Control[numbers]{
			{Name: "first-order", Why: "1.1 times the A that is allowed", At: []numbers{edge}, Setup: moved(1.1, 1)},
			{Name: "step", Why: "1.1 times the step that is allowed", At: []numbers{edge}, Setup: moved(1, 1.1)},
		},
		Constants: []checks.Constant[numbers]{
			{Name: "first-order-size", Why: "A beyond sqrt(2 mu)/4", At: []numbers{edge}, Factors: factors, Scaled: func(p numbers, f float64) (checks.Instance, error) { return moved(f, 1)(p) }},
			{Name: "step-size", Why: "eta beyond 1/(4C)", At: []numbers{edge}, Factors: factors, Scaled: func(p numbers, f float64) (checks.Instance, error) { return moved(1, f)(p) }},
		},
	}
}

func (p numbers) instance() checks.Instance {
	a, eta := p.A*math.Sqrt(2*p.Mu)/4, p.Eta/(4*p.C)
	g := math.Sqrt(p.Size * 2 * p.Mu * p.Loss)
	fall := eta*g*g - a*math.Sqrt(p.Loss)*eta*g - p.C*eta*eta*g*g // of the loss, at least
	tol := 1e-13 * eta * g * g
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{
			checks.Require("A over sqrt(2 mu)/4", p.A, checks.AtMost, 1), checks.Require("4 C eta", p.Eta, checks.AtMost, 1), checks.Require("|grad F|^2 over 2 mu F", p.Size, checks.AtLeast, 1),
		},
		Trial: func(*rand.Rand) checks.Measurement {
			return checks.All(
				checks.Measurement{Part: "decrease", Observed: fall, Predicted: eta * g * g / 2, Relation: checks.AtLeast, Tolerance: tol},
				checks.Measurement{Part: "rate", Observed: fall, Predicted: eta * p.Mu * p.Loss, Relation: checks.AtLeast, Tolerance: tol},
			)
		},
	}
}
