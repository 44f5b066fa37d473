package allenzhu2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// A depth asks for the angle of two inputs after some layers.
type depth struct {
	Angle  float64   `json:"angle,omitempty"` // at the start
	Data   data.Spec `json:"data,omitzero"`   // or that of the closest rows
	Layers int       `json:"layers,omitempty"`
}

// angle is the angle at the start.
func (p depth) angle() (float64, error) {
	if p.Data.Kind == "" {
		return p.Angle, nil
	}
	set, err := p.Data.Build()
	if err != nil {
		return 0, err
	}
	least := math.Pi
	for i := range set.N() {
		for j := range i {
			a, err := kernel.Angle(set.X.RawRowView(i), set.X.RawRowView(j))
			if err != nil {
				return 0, err
			}
			if a > 0 { // repeated rows have no angle
				least = math.Min(least, a)
			}
		}
	}
	return least, nil
}

// deepest is how many layers an angle is followed through: inputs nearer than 6e-5 would need more.
const deepest = 1e5

// angleMap is Lemma 7.5 at infinite width.
//
// Setting: two unit inputs at angle theta_0 in (0, pi], and theta_l that of their features in hidden layer l as m grows.
//
// Hypotheses: none of the theorem; here 6.05/theta_0 <= 1e5 layers, which are all followed.
//
// Conclusion: l/(3 pi) <= 1/theta_l - 1/theta_0 <= c l with c = 1/arccos(1/pi) - 2/pi = 0.1654 if theta_0 <= pi/2, and 1/pi otherwise.
// So theta_l >= theta_0/2 for l <= 1/(c theta_0) = 6.05/theta_0: inputs at distance delta = O(1/L) stay delta/2 apart, and the
// condition on delta is needed, since all angles fall like 3 pi/l.
//
// Constants: derived: 1/psi(t) - 1/t for the angle map psi has these values at 0, pi/2 and pi; that it rises in between
// is verified on a grid of 200,000 points with its expansion at 0, not proved.
//
// Convention: weights N(0, 2/m), m to infinity.
//
// Reference: Allen-Zhu, Li, Song (2019), Lemma 7.5, recalled, for the separation; the law is derived here.
//
// Control: c of the next larger range, and 1.25 times the depth.
func angleMap() checks.Claim[depth] {
	setup := func(fast, deeper float64) func(depth) (checks.Instance, error) {
		return func(p depth) (checks.Instance, error) {
			start, err := p.angle()
			if err != nil || !(start > 0) {
				return checks.Instance{Hypotheses: []checks.Hypothesis{checks.RequireThat("two inputs are not parallel", start > 0)}}, err
			}
			c := fast * bounds.FastestCollapse(start)
			depth := deeper * bounds.HalvingDepth(start)
			window := int(math.Min(depth, deepest))
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("layers to follow", math.Floor(depth), checks.AtMost, deepest)},
				Facts:      []checks.Fact{checks.NewFact("angle at the start", start), checks.NewFact("layers over which half of it is left", float64(window))},
				Trial:      func(*rand.Rand) checks.Measurement { return p.trial(start, c, window) },
			}, nil
		}
	}
	pair := func(angle float64, layers int) depth { return depth{Angle: angle, Layers: layers} }
	return checks.Claim[depth]{
		ID: "allenzhu2019/angle-map", Title: "angles through the layers", Reference: "Lemma 7.5, recalled; derived here",
		Formula: `\frac{l}{3\pi} \le \frac{1}{\theta_l} - \frac{1}{\theta_0} \le c\,l,\quad \theta_l \ge \frac{\theta_0}{2} \text{ for } l \le \frac{1}{c\,\theta_0}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) depth {
			return pair(math.Pow(10, -rapid.Float64Range(0, 3).Draw(t, "digits"))*math.Pi, rapid.IntRange(1, 300).Draw(t, "layers"))
		}),
		Grid: []depth{
			pair(1e-3, 1), pair(math.Pi/2, 1), pair(math.Pi, 1), // where the three constants are attained
			pair(1.445, 1), // the last angle of five layers, and its window is the tightest
			pair(0.05, 200), pair(3, 200),
			{Data: images.All(data.MNIST, 40, 49), Layers: 20}, {Data: images.All(data.Fashion, 40, 49), Layers: 20},
		},
		OnData: func(f checks.DataFile) []depth { return []depth{{Data: userfile.Rows(f, 200), Layers: 20}} },
		Cost: func(p depth) checks.Cost {
			n, d := p.Data.Size()
			return checks.Cost{Setup: 3 * float64(n*n*d), Trial: 200 * float64(p.Layers+7000)}
		},
		Setup: setup(1, 1),
		Controls: []checks.Control[depth]{
			{Name: "slower", Why: "c by 0.95 fails at pi/2 and at pi in the first layer", At: []depth{pair(math.Pi/2, 1), pair(math.Pi, 1)}, Setup: setup(0.95, 1)},
			{Name: "deeper", Why: "1.25 times the depth: at 1.445 the fifth layer has less than half", At: []depth{pair(1.445, 1)}, Setup: setup(1, 1.25)},
		},
		Constants: []checks.Constant[depth]{{
			Name: "window", Why: "the depth over which half of the angle is left", At: []depth{pair(1.445, 1)}, Factors: []float64{1.1, 1.2, 1.3, 1.5},
			Scaled: func(p depth, f float64) (checks.Instance, error) { return setup(1, f)(p) },
		}},
	}
}

func (p depth) trial(start, c float64, window int) checks.Measurement {
	var layers, angles, upper, lower []float64
	theta, half := start, start
	for l := 1; l <= max(p.Layers, window); l++ {
		_, theta = kernel.NNGPStep(theta)
		if l <= p.Layers {
			layers, angles = append(layers, float64(l)), append(angles, theta)
			upper, lower = append(upper, 1/(1/start+float64(l)*bounds.SlowestCollapse)), append(lower, 1/(1/start+float64(l)*c))
		}
		if l <= window {
			half = theta
		}
	}
	n := len(layers)
	gain := 1/angles[n-1] - 1/start
	// The inverse of an angle is good to a few units roundoff of itself a layer.
	tol := 8 * float64(n) * unit / angles[n-1]
	m := checks.All(
		checks.Measurement{Part: "slowest", Observed: gain, Predicted: layers[n-1] * bounds.SlowestCollapse, Relation: checks.AtLeast, Tolerance: tol},
		checks.Measurement{Part: "fastest", Observed: gain, Predicted: layers[n-1] * c, Tolerance: tol},
		checks.Measurement{Part: "half", Observed: half, Predicted: start / 2, Relation: checks.AtLeast},
	)
	axes := curve.Axes{X: "layer", Y: "angle", LogX: true, LogY: true}
	m.Series = []checks.Series{axes.Measured("angle map", layers, angles), axes.Bound("upper bound", layers, upper), axes.Bound("lower bound", layers, lower)}
	return m
}

// A width ladder for the angle of a finite network.
type angles struct {
	Angle  float64 `json:"angle"`
	L      int     `json:"l"`
	Widths []int   `json:"widths"`
	Draws  int     `json:"draws"`
	Other  float64 `json:"other,omitempty"` // the angle at the start of the limit that it is compared with (controls)
}

// angleNetwork is how near finite networks come to that law.
//
// Setting: two unit inputs at an angle, and the network at its start.
//
// Hypotheses: m large; here 32 to 1024 for theta_0 = 0.5 and L = 1.
//
// Conclusion: the root mean square of angle(h_{1,L}, h_{2,L}) - theta_L falls like m^{-1/2}: the separation of Lemma 7.5 holds at
// width of order 1/theta^2 in this respect, where the law of angle-map has it in the limit.
//
// Constants: the exponent is derived (delta method: the Gram matrix of a layer is a mean of m independent terms given the layer below); a
// resolution of 0.08 for the bias of order 1/m at the small widths.
//
// Convention: weights N(0, 2/m).
//
// Reference: Allen-Zhu, Li, Song (2019), Lemma 7.5, recalled; derived here.
//
// Control: the law of an angle 0.1 larger, from which the network's distance does not fall.
//
// Loose: the root mean square of 24 draws a width is noisy.
func angleNetwork() checks.Claim[angles] {
	at := angles{Angle: 0.5, L: 1, Widths: []int{32, 256, 1024}, Draws: 64}
	wrong := at
	wrong.Other = 0.6
	return checks.Claim[angles]{
		ID: "allenzhu2019/angle-network", Title: "angles of finite networks", Reference: "Lemma 7.5, recalled; derived here",
		Formula: `\left(\mathbb{E}|\angle(h_{i,L}, h_{j,L}) - \theta_L|^2\right)^{1/2} \sim m^{-1/2}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Along: "width $m$", Version: 1, Detects: map[string]float64{"": 0.17},
		Grid: []angles{at},
		Cost: func(p angles) checks.Cost {
			sum := 0
			for _, m := range p.Widths {
				sum += m
			}
			return checks.Cost{Trial: 130 * float64(sum*(p.L+1)*p.Draws), Size: fmt.Sprintf("m=%d", p.Widths[len(p.Widths)-1])}
		},
		Setup: func(p angles) (checks.Instance, error) {
			limit := p.Angle
			if p.Other > 0 {
				limit = p.Other
			}
			for range p.L + 1 {
				_, limit = kernel.NNGPStep(limit)
			}
			x := mat.NewDense(2, 2, []float64{1, 0, math.Cos(p.Angle), math.Sin(p.Angle)})
			return checks.Instance{
				Terms: checks.Terms{Exponent: -0.5, Relation: checks.Equal, Resolution: 0.08, Trials: 40},
				Trial: func(r *rand.Rand) checks.Measurement {
					var m checks.Measurement
					var sizes, got []float64
					for _, width := range p.Widths {
						sum := 0.0
						for range p.Draws {
							walk := deep.NewForward(x, width, 2/float64(width))
							for range p.L + 1 {
								walk.Next(r)
							}
							angle, err := kernel.Angle(walk.Feature().RawRowView(0), walk.Feature().RawRowView(1))
							if err != nil {
								return checks.Failed(err)
							}
							sum += (angle - limit) * (angle - limit)
						}
						rms := math.Sqrt(sum / float64(p.Draws))
						m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: rms})
						sizes, got = append(sizes, float64(width)), append(got, rms)
					}
					m.Series = []checks.Series{curve.Axes{X: "width", Y: "distance of the angle from its limit", LogX: true, LogY: true}.Measured("network", sizes, got)}
					return m
				},
			}, nil
		},
		Controls: []checks.Control[angles]{{Name: "other-angle", Why: "compared with the law of an angle of 0.6", At: []angles{wrong}}},
	}
}
