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
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// descent is a start with a step size: the largest that the certificate at h allows.
type descent struct {
	start
	H     float64 `json:"h"`
	Steps int     `json:"steps"`
}

// descentSabotage changes constants of the certificate; 1 leaves one as it is.
type descentSabotage struct {
	b, step, rate, path, moved, hypothesis float64
}

var soundDescent = descentSabotage{1, 1, 1, 1, 1, 1}

// descentCertificate is gradient descent on both layers with the last hidden layer in charge.
//
// Setting: as in flow-certificate, with gradient descent on both layers at the same step eta; 0 < h < 1.
//
// Hypotheses: |phi'| <= B1, phi' has the Lipschitz constant B2; s_0 > 0 (here as far as float64 can tell, as in flow-certificate); kappa =
// B ||r_0||/((1-h) s_0^2) < 1; eta <= 2h/M with M = (||J_0|| + Lambda rho)^2 + Lambda ||r_0||, rho = 2 ||r_0||/((1-h)(s_0 + s)), s = s_0 sqrt(1 -
// kappa), and Lambda that of isometry at vmax = max_r |v_r(0)| + rho. The grid takes eta = 2h/M.
//
// Conclusion: for all t, ||r_{t+1}||^2 <= (1 - 2 (1-h) eta s^2) ||r_t||^2; sigma_min(Phi_t) >= s; the steps of W are together at most rho/2 long and
// those of (V, W) at most rho. With r = ||r_t|| the same holds of the first t steps for (||r_0|| - r)/(1-h) in place of ||r_0||/(1-h), and so it is
// checked.
//
// Constants: derived, bounds.CertifyLastLayer has the proof: a step lowers the loss by eta (1-h) ||grad||^2, from which the argument of
// flow-certificate goes on. The certificate with s_0^2 >= 8 B1 ||X|| ||r_0||, eta <= 1/(2 M') and the rate 1 - eta s_0^2/4 is a special case; its
// further condition eta <= 1/(2 Lambda ||r_0||) follows from the other one. Theorem 2 of the paper has hidden constants throughout: h(w_0) =
// O(alpha_f mu^6/(beta^2 nu^2)), eta = O(mu^2/(beta ||grad f|| + beta mu^2 + beta_f nu^2)), h(w_i) <= (1 - C eta alpha_f mu^2)^i h(w_0); its rate is this
// one. The rate and the step are attained for every h by one sample at V_0 = 0 as the residual falls to 0, where 1 - 2 (1-h) eta s^2 = (1-2h)^2; the
// spectrum and the lengths as h falls to 0, as in flow-certificate. Rounding: 16 (m + d) ulp of ||J_0|| ||(V_0, W_0)|| + ||y|| a
// step, over ||r_t||.
//
// Convention: no output factor, loss = (1/2) sum of squares, both layers at one rate.
//
// Reference: Song et al. (2021), Theorem 2, made explicit and sharpened here.
//
// Control: B ten per cent too small with w = -v; 1.25 times the step at h = 1/2, 0.3 and 0.8; 1.05 times the rate; the lengths divided by 1.05; the
// hypothesis widened to kappa < 1.25, where a linear neuron stops at a saddle.
func descentCertificate() checks.Checkable {
	sharp := func(h float64) descent {
		return descent{start: start{Data: point1, Act: "sin", Width: 3, Kappa: 1e-4}, H: h, Steps: 5}
	}
	line := descent{start: start{Data: point1, Act: "identity", Width: 1, Fixed: []float64{1, -1}, Kappa: 0.75, Along: "minus"}, H: 0.01, Steps: 1500}
	rest := descent{start: start{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Act: "tanh", Width: 12, Kappa: 1e-3, Along: "weak"}, H: 0.01, Steps: 100}
	saddle := line
	saddle.Kappa, saddle.H = 1.08, 0.1
	return checks.Claim[descent]{
		ID: "song2021/descent-certificate", Title: "gradient descent converges while the last layer fits", Reference: "Theorem 2, sharpened here",
		Formula:    `\eta \le \frac{2h}{M}, \quad \kappa = \frac{B_1\|X\|\|r_0\|}{(1-h)\sigma_{\min}(\Phi_0)^2} < 1 \;\Rightarrow\; \|r_{t+1}\|^2 \le \left(1 - 2(1-h)(1-\kappa)\,\eta\,\sigma_{\min}(\Phi_0)^2\right)\|r_t\|^2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) descent {
			p := descent{
				start: flowSpace([]float64{1e-3, 0.1, 0.5, 0.9}).Draw(t, "start"),
				H:     rapid.SampledFrom([]float64{0.02, 0.3, 0.5, 0.9}).Draw(t, "h"), Steps: rapid.SampledFrom([]int{1, 20, 150}).Draw(t, "steps"),
			}
			p.Kappa *= 1 - p.H // draws outside the hypothesis say nothing
			return p
		}),
		Grid: []descent{
			sharp(0.5), sharp(0.3), sharp(0.8), line, rest, // equality
			{start: start{Data: data.Spec{Kind: data.Sphere, N: 3, D: 2, Seed: 2}, Act: "gelu", Width: 8, Output: 1, Kappa: 0.4}, H: 0.5, Steps: 200},
			{start: start{Data: data.Spec{Kind: data.Orthonormal, N: 5, D: 5, Seed: 1, Labels: data.Sign}, Act: "tanh", Width: 600, Output: 0.04}, H: 0.4, Steps: 40},
			{start: start{Data: images.Hard(data.MNIST, 4, 49), Act: "erf", Width: 40, Output: 0.1, Kappa: 0.4, Along: "weak"}, H: 0.5, Steps: 100},
			{start: start{Data: images.Classes(data.Fashion, 4, 49, 0, 9), Act: "sin", Width: 60, Output: 0.05, Kappa: 0.3, Along: "strong"}, H: 0.5, Steps: 100},
		},
		OnData: func(f checks.DataFile) []descent {
			return []descent{{start: start{Data: userfile.Signed(f, 6), Act: "sin", Width: 60, Output: 0.1, Kappa: 0.4, Along: "weak"}, H: 0.5, Steps: 100}}
		},
		Cost: func(p descent) checks.Cost {
			c := flowCost(p.start)
			c.Trial *= float64(p.Steps) / (2 * flowSteps)
			return c
		},
		Setup: descentSetup(soundDescent),
		Constants: []checks.Constant[descent]{{
			Name: "step", Why: "the step over 2h/M: one sample contracts by (1 - eta s_0^2)^2, which is more than claimed beyond 2h",
			At: []descent{sharp(0.5), sharp(0.3)}, Factors: []float64{1.02, 1.1, 1.5},
			Scaled: func(p descent, f float64) (checks.Instance, error) {
				s := soundDescent
				s.step = f
				return descentSetup(s)(p)
			},
		}},
		Controls: []checks.Control[descent]{
			{
				Name: "longer-steps", Why: "one sample contracts by (1 - eta s_0^2)^2, which is less than claimed beyond eta = 2h/M", At: []descent{sharp(0.5), sharp(0.3), sharp(0.8)},
				Setup: descentSetup(descentSabotage{1, 1.25, 1, 1, 1, 1}),
			},
			{
				Name: "smaller-lipschitz", Why: "with w = -v sigma_min falls to the bound, which B sets", At: []descent{line},
				Setup: descentSetup(descentSabotage{0.9, 1, 1, 1, 1, 1}),
			},
			{
				Name: "larger-residual", Why: "at kappa > 1 the linear neuron stops at a saddle, and the last steps do not contract", At: []descent{saddle},
				Setup: descentSetup(descentSabotage{1, 1, 1, 1, 1, 1.25}),
			},
			{
				Name: "five-per-cent-faster", Why: "one sample contracts exactly so", At: []descent{sharp(0.5), sharp(0.3)},
				Setup: descentSetup(descentSabotage{1, 1, 1.05, 1, 1, 1}),
			},
			{
				Name: "less-movement", Why: "with w = -v and short steps the hidden layer moves as far as its bound", At: []descent{line},
				Setup: descentSetup(descentSabotage{1, 1, 1, 1, 1 / 1.05, 1}),
			},
			{
				Name: "shorter-path", Why: "short steps follow the flow, whose path is that long", At: []descent{rest},
				Setup: descentSetup(descentSabotage{1, 1, 1, 1 / 1.05, 1, 1}),
			},
		},
	}
}

func descentSetup(s descentSabotage) func(descent) (checks.Instance, error) {
	return func(p descent) (checks.Instance, error) {
		common, err := p.setting()
		if err != nil {
			return checks.Instance{}, err
		}
		if p.Steps < 1 || !(p.H > 0 && p.H < 1) {
			return checks.Instance{}, fmt.Errorf("%d steps at h = %v: take at least one, and h between 0 and 1", p.Steps, p.H)
		}
		inst := checks.Instance{Hypotheses: []checks.Hypothesis{checks.Require("neurons", float64(p.Width), checks.AtLeast, float64(common.set.N()))}}
		inst.Trial = func(r *rand.Rand) checks.Measurement {
			d, err := p.draw(common, r)
			if err != nil {
				return checks.Failed(err)
			}
			d.cert.B *= s.b
			certificate := d
			certificate.cert.R0 /= s.hypothesis
			hypotheses := certificate.hypotheses(p.H)
			for _, h := range hypotheses {
				if !h.Met() {
					return checks.Measurement{Hypotheses: hypotheses}
				}
			}
			m, err := d.descend(certificate.cert, p, s)
			if err != nil {
				return checks.Failed(err)
			}
			m.Hypotheses = hypotheses
			return m
		}
		return inst, nil
	}
}

// descend takes the steps and holds each against the certificate for a residual of the size that c has.
func (d drawn) descend(c bounds.LastLayer, p descent, s descentSabotage) (checks.Measurement, error) {
	cert, err := bounds.CertifyLastLayer(c, d.feature, math.Sqrt(d.tangent.Upper()), largest(d.net.A), p.H)
	if err != nil {
		return checks.Measurement{}, err
	}
	eta := s.step * cert.Step
	run, err := train.NewDescent(d.net, d.x, d.y, train.Options{Step: eta, Steps: p.Steps, Layers: nets.BothLayers})
	if err != nil {
		return checks.Measurement{}, err
	}
	state := run.State()
	before, beforeV := mat.DenseCopyOf(d.net.W), append([]float64(nil), d.net.A...)
	scale := d.rounding(1)
	claimed := s.rate * cert.Contraction * eta
	lost, path := cert.LastLayer, 0.0
	var ms []checks.Measurement
	var steps, norms, limits []float64
	for k := 1; k <= p.Steps; k++ {
		old := state.Norm
		run.Step()
		ratio := state.Norm / old
		ms = append(ms, checks.Measurement{
			Part: "contraction", Observed: 1 - ratio*ratio, Predicted: claimed, Relation: checks.AtLeast, Tolerance: 4 * scale / old * (1 + ratio),
		})
		_, dw := nets.Movement(d.net.W, before)
		path += math.Hypot(dw, floats.Distance(d.net.A, beforeV, 2))
		before.Copy(d.net.W)
		copy(beforeV, d.net.A)
		steps, norms = append(steps, float64(k)), append(norms, state.Norm)
		limits = append(limits, d.cert.R0*math.Exp(float64(k)/2*math.Log1p(math.Max(-claimed, 1e-9-1))))
		last := k == p.Steps || state.Norm < 1e-5*d.cert.R0
		if k%max(1, p.Steps/10) != 0 && !last {
			continue
		}
		lost.R0 = math.Max(0, d.cert.R0-state.Norm) / (1 - p.H)
		if lost.Kappa() <= 1 {
			low, tol, err := featureMin(state.Batch, d.net)
			if err != nil {
				return checks.Measurement{}, err
			}
			_, moved := state.Movement()
			ms = append(ms,
				checks.Measurement{
					Part: "feature spectrum", Observed: low, Predicted: lost.SigmaMin(), Term: lost.SigmaMin() - lost.S0, Relation: checks.AtLeast,
					Tolerance: tol + d.s0.Err/d.cert.S0 + 1e-10*d.cert.S0,
				},
				checks.Measurement{Part: "movement of W", Observed: moved, Predicted: s.moved * lost.MovementW(), Tolerance: scale / lost.S0},
				checks.Measurement{Part: "path", Observed: path, Predicted: s.path * lost.Path(), Tolerance: float64(k) * scale / lost.S0},
			)
		}
		if last {
			break
		}
	}
	m := checks.Each(ms...)
	m.Series = curve.Axes{X: "step", Y: "norm of the residual", LogY: true}.Against("descent", steps, norms, limits)
	return m, nil
}
