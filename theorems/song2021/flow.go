package song2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// flowCertificate is gradient flow on both layers with the last hidden layer in charge.
//
// Setting: any data, one output, gradient flow on (V, W) for the loss (1/2) ||r||^2; Phi_t = phi(W_t X), s_0 = sigma_min(Phi_0) over the directions of
// the samples, B = B1 ||X||; any labels. Labels may be chosen after the draw, as some instances do: r_0 along the last singular vector, say.
//
// Hypotheses: |phi'| <= B1; s_0 > 0, which needs as many neurons as samples (here s_0^2 >= 1e-6 (||Phi_0||^2 + B^2 ||W_0||^2), and
// ||r_0|| at least 1e-9 of ||J_0|| ||(V_0, W_0)|| + ||y||, so that float64 can tell); and kappa = B ||r_0||/s_0^2 < 1.
//
// Conclusion: for all t, with s(r)^2 = s_0^2 - B (||r_0|| - r) and r = ||r_t||: (i) sigma_min(Phi_t) >= s(r) >= s_0 sqrt(1 - kappa); (ii)
// ||r_t|| <= ||r_0|| (1 - kappa) e^{-a t}/(1 - kappa e^{-a t}) with a = s_0^2 (1 - kappa), so L(t) <= L(0) e^{-2 a t}; (iii) ||W_t - W_0||_F <=
// (||r_0|| - r)/(s_0 + s(r)); (iv) the path of (V, W) is at most twice that long.
//
// Constants: derived, bounds.LastLayer has the proof: from -d||r||/dt = ||grad L||^2/||r|| >= 2 sigma_min(Phi_t) ||dL/dW||. The condition
// s_0^2 >= 4 B1 ||X|| ||r_0|| with the conclusions sigma_min >= s_0/2, L(t) <= L(0) e^{-s_0^2 t/2} and path <= 2 ||r_0||/s_0, the form that
// halving s_0 gives, is the case kappa <= 1/4 and four times too strict. (i) and (iii) are attained for all t by one linear neuron with w = -v, (ii)
// and (iv) as kappa falls to 0, at V_0 = 0 along the last singular vector. Theorem 1 of the paper asks h(w_0) = O(alpha_f mu^6/(beta^2 nu^2)) with
// a hidden constant and states no rate; in this condition no nu occurs. The flow is integrated by Runge-Kutta steps of at most 0.1 over the largest
// eigenvalue of the tangent kernel, up to time 2/s_0^2 or 600 steps; tolerance 1e-6 of s_0, rate and lengths, which halved steps confirm.
//
// Convention: no output factor, loss = (1/2) sum of squares, both layers at one rate.
//
// Reference: Song et al. (2021), Theorem 1, made explicit and sharpened here.
//
// Control: B ten per cent too small with w = -v (sigma_min and the movement of W), among it a start beyond the hypothesis, kappa = 1.1, where the flow
// ends in a saddle; the movement of W divided by 1.05 there; 1.05 times the rate, and the path divided by 1.05, at V_0 = 0; sigma_max for s_0.
func flowCertificate() checks.Checkable {
	line := start{Data: point1, Act: "identity", Width: 1, Fixed: []float64{1, -1}, Kappa: 0.75, Along: "minus"}
	saddle := line
	saddle.Kappa = 1.1
	rest := start{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Act: "tanh", Width: 12, Kappa: 1e-3, Along: "weak"}
	rest1 := start{Data: point1, Act: "sin", Width: 3, Kappa: 1e-3}
	faithful := flowSabotage{b: 1, rate: 1, path: 1, moved: 1}
	return checks.Claim[start]{
		ID: "song2021/flow-certificate", Title: "gradient flow converges while the last layer fits", Reference: "Theorem 1, sharpened here",
		Formula:    `\kappa = \frac{B_1\|X\|\|r_0\|}{\sigma_{\min}(\Phi_0)^2} < 1 \;\Rightarrow\; \sigma_{\min}(\Phi_t)^2 \ge (1-\kappa)\,\sigma_{\min}(\Phi_0)^2, \quad \|r_t\| \le \|r_0\|\, e^{-(1-\kappa)\sigma_{\min}(\Phi_0)^2 t}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: flowSpace([]float64{1e-3, 0.1, 0.5, 0.95}),
		Grid: []start{
			line, rest, rest1, // equality
			{Data: data.Spec{Kind: data.Sphere, N: 3, D: 2, Seed: 2}, Act: "gelu", Width: 8, Output: 1, Kappa: 0.9},
			{Data: data.Spec{Kind: data.Orthonormal, N: 5, D: 5, Seed: 1, Labels: data.Sign}, Act: "tanh", Width: 300, Output: 0.06},
			{Data: images.Hard(data.MNIST, 4, 49), Act: "erf", Width: 40, Output: 0.1, Kappa: 0.5, Along: "weak"},
			{Data: images.Classes(data.Fashion, 4, 49, 0, 9), Act: "sin", Width: 60, Output: 0.05, Kappa: 0.8},
		},
		OnData: func(f checks.DataFile) []start {
			return []start{{Data: userfile.Signed(f, 6), Act: "sin", Width: 60, Output: 0.1, Kappa: 0.5, Along: "weak"}}
		},
		Cost:  flowCost,
		Setup: flowSetup(faithful, flowParts),
		Controls: []checks.Control[start]{
			{
				Name: "smaller-lipschitz", Why: "with w = -v sigma_min falls exactly to the bound, which B sets",
				At: []start{line, saddle}, Setup: flowSetup(flowSabotage{b: 0.9, rate: 1, path: 1, moved: 1, beyond: true}, flowParts),
			},
			{
				Name: "five-per-cent-faster", Why: "at V = 0 and along the last singular vector nothing is faster than s_0^2",
				At: []start{rest, rest1}, Setup: flowSetup(flowSabotage{b: 1, rate: 1.05, path: 1, moved: 1}, flowParts),
			},
			{
				Name: "shorter-path", Why: "the way there is r_0/s_0 long",
				At: []start{rest, rest1}, Setup: flowSetup(flowSabotage{b: 1, rate: 1, path: 1 / 1.05, moved: 1}, flowParts),
			},
			{
				Name: "less-movement", Why: "with w = -v the hidden layer moves as far as its bound",
				At: []start{line}, Setup: flowSetup(flowSabotage{b: 1, rate: 1, path: 1, moved: 1 / 1.05}, flowParts),
			},
			{
				Name: "largest-singular-value", Why: "the weakest direction is slower",
				At: []start{rest}, Setup: flowSetup(flowSabotage{b: 1, rate: 1, path: 1, moved: 1, top: true}, flowParts),
			},
		},
	}
}

// point1 is the sample x = 1.
var point1 = data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}

func flowSpace(kappas []float64) *rapid.Generator[start] {
	return rapid.Custom(func(t *rapid.T) start {
		n := rapid.IntRange(1, 3).Draw(t, "n")
		return start{
			Data:  gen.Specs(gen.Range{MinN: 1, MaxN: n, MinD: 1, MaxD: 4}).Draw(t, "data"),
			Act:   rapid.SampledFrom(smoothNames).Draw(t, "act"),
			Width: rapid.IntRange(n, 8).Draw(t, "width"), Output: rapid.SampledFrom([]float64{0, 0.1, 1, 5}).Draw(t, "output"),
			Kappa: rapid.SampledFrom(kappas).Draw(t, "kappa"),
			Along: rapid.SampledFrom([]string{"", "weak", "strong", "plus", "minus"}).Draw(t, "along"),
		}
	})
}

const (
	flowSteps  = 600
	flowLooks  = 12   // times at which a flow is held against its bounds
	flowStep   = 0.1  // of a Runge-Kutta step, times the largest eigenvalue
	flowTime   = 2    // over s_0^2
	flowDigits = 1e-6 // what the integration leaves of everything measured
)

func flowCost(p start) checks.Cost {
	n, d := p.Data.Size()
	if n == 0 || d == 0 {
		n, d = max(n, 4), max(d, n, 4)
	}
	m := float64(p.Width)
	return checks.Cost{
		Setup: 3000 * float64(n*n), Size: fmt.Sprintf("m=%d", p.Width),
		Trial: 2000*float64(n*n*n) + flowSteps/2*4*m*(float64(n)*(60+4*float64(d))+4*float64(d)),
	}
}

// flowSabotage changes constants of a certificate; 1 leaves one as it is.
type flowSabotage struct {
	b, rate, path, moved, v float64
	beyond                  bool // do not ask the hypotheses
	top                     bool // sigma_max for sigma_min at the start
}

// flowState is a flow at one time.
type flowState struct {
	drawn
	run      *train.RungeKutta
	t        float64
	r        float64 // ||r_t||
	s, sTol  float64 // sigma_min(Phi_t)
	moved    float64 // ||W_t - W_0||_F
	path     float64 // length of the path of (V, W) so far
	v0       float64 // ||V_0||
	sabotage flowSabotage
}

// flowSetup follows a flow and compares it at some times, each of which gives measurements of the same parts.
func flowSetup(s flowSabotage, parts func(flowState) []checks.Measurement) func(start) (checks.Instance, error) {
	return func(p start) (checks.Instance, error) {
		common, err := p.setting()
		if err != nil {
			return checks.Instance{}, err
		}
		inst := checks.Instance{Hypotheses: []checks.Hypothesis{checks.Require("neurons", float64(p.Width), checks.AtLeast, float64(common.set.N()))}}
		inst.Trial = func(r *rand.Rand) checks.Measurement {
			d, err := p.draw(common, r)
			if err != nil {
				return checks.Failed(err)
			}
			hypotheses := d.hypotheses(0)
			d.cert.B *= s.b
			if s.top {
				d.cert.S0 = math.Sqrt(d.top)
			}
			if s.beyond {
				hypotheses = hypotheses[:2]
			}
			for _, h := range hypotheses {
				if !h.Met() {
					return checks.Measurement{Hypotheses: hypotheses}
				}
			}
			m, err := d.follow(s, parts)
			if err != nil {
				return checks.Failed(err)
			}
			m.Hypotheses = append(hypotheses, m.Hypotheses...)
			return m
		}
		return inst, nil
	}
}

// follow integrates the flow.
func (d drawn) follow(s flowSabotage, parts func(flowState) []checks.Measurement) (checks.Measurement, error) {
	run, err := train.NewRungeKutta(d.net, d.x, d.y, nets.BothLayers)
	if err != nil {
		return checks.Measurement{}, err
	}
	w0, v0 := mat.DenseCopyOf(d.net.W), append([]float64(nil), d.net.A...)
	before, beforeV := mat.DenseCopyOf(w0), append([]float64(nil), v0...)
	state := flowState{drawn: d, run: run, v0: floats.Norm(v0, 2), sabotage: s}
	h := d.flowStep()
	steps := int(math.Min(flowSteps, math.Ceil(flowTime/(h*d.s0.Value))))
	var ms []checks.Measurement
	var times, norms, limits []float64
	for k := 1; k <= steps; k++ {
		run.Step(h)
		_, dw := nets.Movement(d.net.W, before)
		state.path += math.Hypot(dw, floats.Distance(d.net.A, beforeV, 2))
		before.Copy(d.net.W)
		copy(beforeV, d.net.A)
		last := k == steps || run.Norm < 1e-5*d.cert.R0
		if k%max(1, steps/flowLooks) != 0 && !last {
			continue
		}
		state.t, state.r = float64(k)*h, math.Min(run.Norm, d.cert.R0)
		if state.s, state.sTol, err = featureMin(run.Batch, d.net); err != nil {
			return checks.Measurement{}, err
		}
		_, state.moved = nets.Movement(d.net.W, w0)
		ms = append(ms, parts(state)...)
		times, norms = append(times, state.t), append(norms, run.Norm)
		limits = append(limits, d.cert.R0*math.Exp(-d.cert.Decay(state.t)))
		if last {
			break
		}
	}
	m := checks.Each(ms...)
	if d.cert.Kappa() < 1 {
		m.Series = curve.Axes{X: "time", Y: "norm of the residual", LogY: true}.Against("flow", times, norms, limits)
	}
	return m, nil
}

// flowStep is the time that a step takes. The tangent kernel may grow by what the outputs still have to move, taken twice to be safe.
func (d drawn) flowStep() float64 {
	return flowStep / (d.tangent.Upper() + 2*d.feature.JacobianLipschitz(floats.Norm(d.net.A, 2))*d.cert.R0)
}

// rounding bounds what rounding leaves of a residual, relative to it.
func (d drawn) rounding(residual float64) float64 {
	return 16 * float64(len(d.net.A)+d.net.Dim()) * unit * d.size / residual
}

// after is the certificate for the part of the run up to a residual of norm r.
func after(c bounds.LastLayer, r float64) bounds.LastLayer {
	c.R0 -= r
	return c
}

// flowParts are the four conclusions of the certificate.
func flowParts(f flowState) []checks.Measurement {
	c := after(f.cert, f.r)
	low := f.cert.SigmaMinAt(f.r)
	if math.IsNaN(low) { // beyond the hypothesis: the certificate with R0 up to here
		low = c.SigmaMin()
	}
	ms := []checks.Measurement{
		{
			Part: "feature spectrum", Observed: f.s, Predicted: low, Term: low - f.cert.S0, Relation: checks.AtLeast,
			Tolerance: flowDigits*f.cert.S0 + f.sTol,
		},
		{Part: "movement of W", Observed: f.moved, Predicted: f.sabotage.moved * c.MovementW(), Tolerance: flowDigits * c.MovementW()},
		{Part: "path", Observed: f.path, Predicted: f.sabotage.path * c.Path(), Tolerance: flowDigits * c.Path()},
	}
	if f.sabotage.beyond {
		return ms
	}
	rate := f.sabotage.rate * f.cert.Decay(f.t) / f.t
	return append(ms, checks.Measurement{
		Part: "rate", Observed: math.Log(f.cert.R0/f.r) / f.t, Predicted: rate, Relation: checks.AtLeast,
		Tolerance: flowDigits*rate + f.rounding(f.r)/f.t,
	})
}
