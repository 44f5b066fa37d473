package elkabetz2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/theorems/internal/curve"
)

// track is a path with descent beside it.
type track struct {
	path
	Offset float64 `json:"offset,omitempty"` // distance of the starts, over eps, in the most unstable direction
	Cells  int     `json:"cells,omitempty"`  // of the bound on the curvature
	Eta    float64 `json:"eta,omitempty"`    // step; 0: a thousandth below the one that the theorem allows
}

// longest is how many steps of descent an instance may take.
const longest = 60_000

// allowed is the step that the theorem allows; curvature scales m where it is positive.
func (p track) allowed(o objective, curvature, offset float64) (float64, error) {
	h := p.Time / float64(p.Cells)
	var beta, gamma float64
	m := make([]float64, p.Cells)
	for i := range m {
		c, err := o.tube(float64(i)*h, float64(i+1)*h, p.Eps)
		if err != nil {
			return 0, err
		}
		beta, gamma, m[i] = max(beta, c.Smoothness), max(gamma, c.Gradient), c.Curvature
		if m[i] > 0 {
			m[i] *= curvature
		}
	}
	return bounds.TrackingStep(p.Eps, offset, beta, gamma, h, m), nil
}

// tracking is the main theorem: an explicit step with which descent follows flow.
//
// Setting: f twice differentiable in the tube of width eps around its flow theta(t), 0 <= t <= T; descent with step eta from theta_0.
//
// Hypotheses: beta >= ||Hess f|| and gamma >= ||grad f|| in the tube; m(t) >= -lambda_min(Hess f) within eps of theta(t);
// ||theta_0 - theta(0)|| < eps; eta below
//
//	inf_{0<t<=T} (eps - e^{int_0^t m} ||theta_0 - theta(0)||)/(beta gamma int_0^t e^{int_s^t m} ds).
//
// Conclusion: ||theta_k - theta(k eta)|| <= eps for all k <= T/eta.
//
// Constants: derived here; their form is that of the theorem as we recall it. The polygon through the iterates moves at the speed
// of a gradient that is out of date by at most beta gamma eta; the distance to the flow grows at rate m at most, since the
// logarithmic norm of -Hess f is at most m in the tube; Gronwall's inequality, and continuity keeps the polygon inside while
// the bound is strictly below eps. m is bounded on cells. For the circular ridge -(r-1)^2/2 + phi and for networks beta, gamma and m
// are bounds over the tube (bounds.DeepTube), not suprema. The step run is a thousandth below the bound.
//
// Convention: none.
//
// Reference: main approximation theorem, derived here; Theorem 1 of the authors' summary is its simplified form.
//
// Control: the offset without its growth e^{int m}; m set to zero, and m at 0.4 of its value, on the circular ridge; on a
// parabola, an offset of 1.02 eps in place of less than eps.
//
// Loose: in the step a factor of two is lost for all functions, as a step is on the average half as out of date as at its end;
// tracking-cells has no such loss.
func tracking() checks.Claim[track] {
	type sabotage struct {
		step, curvature float64
		still           bool // the offset does not grow
		blind           bool // the hypothesis on the offset is not asked, and the step is the one given
	}
	setup := func(s sabotage) func(track) (checks.Instance, error) {
		return func(p track) (checks.Instance, error) {
			o, err := p.objective()
			if err != nil {
				return checks.Instance{}, err
			}
			offset, seen := p.Offset*p.Eps, p.Offset*p.Eps
			if s.still {
				seen = 0
			}
			step, err := p.allowed(o, s.curvature, seen)
			if err != nil {
				return checks.Instance{}, err
			}
			if s.still {
				step *= 1 - p.Offset
			}
			inst := checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("the grown offset stays below eps", step > 0)},
				Facts:      []checks.Fact{checks.NewFact("step that is allowed", step)},
			}
			eta := 0.999 * step * s.step
			if s.blind {
				inst.Hypotheses, eta = nil, p.Eta
			}
			if eta <= 0 {
				return inst, nil
			}
			eta = min(eta, p.Time)
			steps := int(p.Time / eta * (1 + 1e-12))
			if steps > longest {
				inst.Trivial = fmt.Sprintf("%.3g steps: too many to run", p.Time/eta)
				return inst, nil
			}
			inst.Facts = append(inst.Facts, checks.NewFact("steps", float64(steps)))
			inst.Trial = func(*rand.Rand) checks.Measurement {
				worst := 0.0
				o, err := p.objective() // its flow is followed once
				if err != nil {
					return checks.Failed(err)
				}
				err = o.descend(eta, offset, steps, func(_ int, d float64) { worst = max(worst, d) })
				return checks.Measurement{Observed: worst, Predicted: p.Eps, Tolerance: 1e-9 * p.Eps, Err: err}
			}
			return inst, nil
		}
	}
	hill := func(time, eps, offset float64) track {
		return track{path: path{Kind: "quadratic", Eigen: []float64{-1}, Start: []float64{1}, Time: time, Eps: eps}, Offset: offset, Cells: 20}
	}
	bowl := hill(0.05, 2.5e-5, 0)
	bowl.Eigen = []float64{1}
	ring := func(time, eps float64) track {
		return track{path: path{Kind: "circle", Time: time, Eps: eps}, Cells: 1}
	}
	offset := hill(1, 0.01, 0.36)
	offset.Start = []float64{-1} // descent lags to the side of the offset
	beyond := hill(1, 0.01, 1.02)
	beyond.Eta = 0.01
	return checks.Claim[track]{
		ID: "elkabetz2021/tracking", Title: "descent follows flow at an explicit step", Reference: "main approximation theorem, derived here",
		Formula:    `\eta < \inf_{0<t\le T} \frac{\epsilon - e^{\int_0^t m}\|\theta_0-\theta(0)\|}{\beta\gamma \int_0^t e^{\int_s^t m}\,ds} \ \Rightarrow\ \|\theta_k - \theta(k\eta)\| \le \epsilon`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1, Detects: map[string]float64{"step": 2.2},
		Space: rapid.Custom(func(t *rapid.T) track {
			p := drawPath(t)
			return track{path: p, Offset: rapid.SampledFrom([]float64{0, 0.01, 0.2, 0.7}).Draw(t, "offset"), Cells: 20}
		}),
		Grid: []track{
			bowl, offset, hill(3, 0.05, 0),
			{path: path{Kind: "quadratic", Eigen: []float64{1, -0.5, 0.2}, Start: []float64{1, 0.01, 1}, Time: 6, Eps: 0.05}, Cells: 60},
			ring(2, 0.1), ring(3, 0.1),
		},
		Cost: func(p track) checks.Cost {
			return checks.Cost{Setup: 2e4, Trial: 1e7, Size: fmt.Sprintf("T=%g", p.Time)}
		},
		Setup: setup(sabotage{step: 1, curvature: 1}),
		Constants: []checks.Constant[track]{{
			Name: "step", Why: "the step itself: on a parabola over a short time descent is half of eps away", At: []track{bowl}, Factors: []float64{1.5, 2, 2.2, 2.5},
			Scaled: func(p track, f float64) (checks.Instance, error) { return setup(sabotage{step: f, curvature: 1})(p) },
		}, {
			Name: "negative-curvature", Why: "m made smaller: an offset on a hill grows at the rate m", At: []track{offset}, Factors: []float64{1.02, 1.05, 1.1, 1.3},
			Scaled: func(p track, f float64) (checks.Instance, error) {
				return setup(sabotage{step: 1, curvature: 1 / f})(p)
			},
		}},
		Controls: []checks.Control[track]{
			{Name: "offset-at-rest", Why: "on a hill an offset grows: half of eps is 1.36 eps at the time 1", At: []track{hill(1, 0.01, 0.5)}, Setup: setup(sabotage{step: 1, curvature: 1, still: true})},
			{Name: "no-curvature", Why: "along the circular ridge descent leaves the tube of width 0.1 sixfold before the time 4", At: []track{ring(4, 0.1)}, Setup: setup(sabotage{step: 1})},
			{Name: "less-curvature", Why: "0.4 m is not enough on the circular ridge at the time 6: descent is 2.8 eps away", At: []track{ring(6, 0.05)}, Setup: setup(sabotage{step: 1, curvature: 0.4})},
			{Name: "far-start", Why: "a start 1.02 eps away is outside from the beginning", At: []track{beyond}, Setup: setup(sabotage{step: 1, curvature: 1, blind: true})},
		},
	}
}

// drawPath draws a quadratic with a start and a tube.
func drawPath(t *rapid.T) path {
	p := path{Kind: "quadratic", Time: rapid.SampledFrom([]float64{0.05, 0.3, 1, 3}).Draw(t, "time"), Eps: rapid.SampledFrom([]float64{0.02, 0.1, 1}).Draw(t, "eps")}
	for range rapid.IntRange(1, 4).Draw(t, "dimension") {
		p.Eigen = append(p.Eigen, rapid.SampledFrom([]float64{-1.5, -0.5, -0.01, 0, 0.3, 2}).Draw(t, "eigenvalue"))
		p.Start = append(p.Start, rapid.SampledFrom([]float64{-1, 0, 0.01, 0.5, 3}).Draw(t, "start"))
	}
	return p
}

// trackingCells is the theorem with the bounds of the tube taken step by step and no factor lost.
//
// Setting: as in tracking.
//
// Hypotheses: for each step, while t in [k eta, (k+1) eta], within eps of theta(t): beta_k >= ||Hess f||, gamma_k >= ||grad f||,
// m_k >= -lambda_min(Hess f); all E_k below eps, where E_0 = ||theta_0 - theta(0)|| and
//
//	E_{k+1} = e^{m_k eta} E_k + beta_k gamma_k (e^{m_k eta} - 1 - m_k eta)/m_k^2.
//
// Conclusion: ||theta_k - theta(k eta)|| <= E_k for all k.
//
// Constants: derived here, as in tracking, but at the time s after an iterate the gradient is out of date by beta_k gamma_k s, not
// beta_k gamma_k eta, and the tube is bounded step by step. Within a step the bound is convex in time for m_k < 0 and rises for
// m_k >= 0, so that it is below eps between the iterates too. It is attained by one-dimensional parabolas of either sign as eta and eps go
// to zero, at any time, and by an offset beside a straight path.
//
// Convention: none.
//
// Reference: sharp form of the main approximation theorem, derived here.
//
// Control: 0.98 of the forcing; m set to zero; m at 0.95 on a hill; a start 1.05 eps beside a ledge that is flat within eps, which
// leaves the tube at once.
func trackingCells() checks.Claim[track] {
	type sabotage struct {
		forcing, curvature float64
		blind              bool
	}
	setup := func(s sabotage) func(track) (checks.Instance, error) {
		return func(p track) (checks.Instance, error) {
			o, err := p.objective()
			if err != nil {
				return checks.Instance{}, err
			}
			steps := int(math.Round(p.Time / p.Eta))
			cells := make([]bounds.TubeCell, steps)
			growth := 0.0
			for k := range cells {
				c, err := o.tube(float64(k)*p.Eta, float64(k+1)*p.Eta, p.Eps)
				if err != nil {
					return checks.Instance{}, err
				}
				growth += max(c.Curvature, 0) * p.Eta
				c.Gradient *= s.forcing
				if c.Curvature > 0 {
					c.Curvature *= s.curvature
				}
				cells[k] = c
			}
			offset := p.Offset * p.Eps
			bound := bounds.TrackingBound(p.Eta, offset, cells)
			most := 0.0
			for _, e := range bound {
				most = max(most, e)
			}
			inst := checks.Instance{Facts: []checks.Fact{checks.NewFact("accumulated curvature", growth)}}
			if !s.blind {
				below := checks.Require("largest bound over eps", most/p.Eps, checks.AtMost, 1-1e-9)
				inst.Hypotheses = []checks.Hypothesis{below}
			}
			inst.Trial = func(*rand.Rand) checks.Measurement {
				o, err := p.objective()
				if err != nil {
					return checks.Failed(err)
				}
				worst := checks.Measurement{Observed: 0, Predicted: 1}
				var times, distances, limits []float64
				err = o.descend(p.Eta, offset, steps, func(k int, d float64) {
					if d*worst.Predicted > worst.Observed*bound[k] {
						worst.Observed, worst.Predicted = d, bound[k]
					}
					if k > 0 && k%max(1, steps/100) == 0 {
						times, distances, limits = append(times, float64(k)*p.Eta), append(distances, d), append(limits, bound[k])
					}
				})
				worst.Err = err
				worst.Tolerance = (o.inexact + float64(16*steps)*unit) * math.Exp(growth)
				worst.Series = curve.Axes{X: "time", Y: "distance of descent and flow", LogY: true}.Against("descent", times, distances, limits)
				return worst
			}
			return inst, nil
		}
	}
	line := func(curvature, time, eta, eps, offset float64) track {
		return track{path: path{Kind: "quadratic", Eigen: []float64{-curvature}, Start: []float64{1}, Time: time, Eps: eps}, Eta: eta, Offset: offset}
	}
	bowl, hill := line(-1, 1, 0.001, 0.003, 0), line(1, 1, 0.001, 0.003, 0)
	grown := line(1, 3, 5e-4, 1, 0.045) // beside the top of the hill, where the flow rests
	grown.Start = []float64{0}
	edge := track{path: path{Kind: "ledge", Time: 1, Eps: 0.1}, Eta: 0.05, Offset: 0.95}
	over := edge
	over.Offset = 1.05
	ring := track{path: path{Kind: "circle", Time: 2, Eps: 0.05}, Eta: 2e-4}
	deep := track{path: path{Kind: "deep", Sizes: []int{3, 2, 2, 2}, Scale: 0.5, Time: 2, Eps: 0.05}, Eta: 2e-4}
	return checks.Claim[track]{
		ID: "elkabetz2021/tracking-cells", Title: "distance of descent and flow, step by step", Reference: "sharp form of the main approximation theorem, derived here",
		Formula:    `\|\theta_k-\theta(k\eta)\| \le E_k, \quad E_{k+1} = e^{m_k\eta} E_k + \beta_k\gamma_k \frac{e^{m_k\eta}-1-m_k\eta}{m_k^2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) track {
			p := drawPath(t)
			return track{path: p, Offset: rapid.SampledFrom([]float64{0, 0.01, 0.2, 0.7}).Draw(t, "offset"), Eta: p.Time / rapid.SampledFrom([]float64{1, 7, 300}).Draw(t, "steps")}
		}),
		Grid: []track{bowl, hill, grown, edge, ring, deep},
		Cost: func(p track) checks.Cost {
			return checks.Cost{Trial: 100 * p.Time / p.Eta, Size: fmt.Sprintf("T=%g", p.Time)}
		},
		Setup: setup(sabotage{forcing: 1, curvature: 1}),
		Constants: []checks.Constant[track]{{
			Name: "negative-curvature", Why: "m made smaller: an offset on a hill grows at the rate m", At: []track{grown}, Factors: []float64{1.001, 1.01, 1.05, 1.2},
			Scaled: func(p track, f float64) (checks.Instance, error) {
				return setup(sabotage{forcing: 1, curvature: 1 / f})(p)
			},
		}},
		Controls: []checks.Control[track]{
			{Name: "less-forcing", Why: "on a parabola descent is within half a per cent of the bound", At: []track{bowl, hill}, Setup: setup(sabotage{forcing: 0.98, curvature: 1})},
			{Name: "no-curvature", Why: "an offset on a hill grows twentyfold by the time 3", At: []track{grown}, Setup: setup(sabotage{forcing: 1})},
			{Name: "less-curvature", Why: "at 0.95 m the bound is 0.86 of what it must be by the time 3", At: []track{grown}, Setup: setup(sabotage{forcing: 1, curvature: 0.95})},
			{Name: "beside-the-tube", Why: "beyond eps the ledge falls off", At: []track{over}, Setup: setup(sabotage{forcing: 1, curvature: 1, blind: true})},
		},
	}
}
