package bombari2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// descent is a run of gradient descent on half the squared error from an antisymmetric start.
type descent struct {
	network
	Gamma float64 `json:"gamma"`
	Along string  `json:"along,omitempty"` // labels along the least or the most eigenvector of K_0; empty: those of the data
	Norm  float64 `json:"norm,omitempty"`  // of the labels; 0 leaves those of the data
	Step  float64 `json:"step,omitempty"`  // over 2/(lambda_max + lambda_min); 0 means 1/2
	Steps int     `json:"steps"`
	Theta float64 `json:"theta,omitempty"` // allowed drift over lambda_min
}

// stage is one step of a run.
type stage struct {
	before, after []float64  // residuals F - Y
	mean          *mat.Dense // mean Jacobian of the step times J_t^T
	tangent       *mat.Dense // K_t
	drift         float64    // ||mean - K_0|| in the spectral norm
}

// run is a run with what it started from.
type run struct {
	p        descent
	lmin     eig.Certified
	lmax     eig.Certified
	eta      float64
	start    *mat.SymDense // K_0
	stages   []stage
	rounding float64 // of a residual, in norm
}

// follow trains a network and keeps every step.
func (p descent) follow(set *data.Set, r *rand.Rand) (run, error) {
	out := run{p: p}
	net, err := deep.Antisymmetric(p.config(set.D()), p.Gamma, r)
	if err != nil {
		return out, err
	}
	if out.start, err = net.Gram(set.X); err != nil {
		return out, err
	}
	if out.lmin, err = eig.Min(out.start); err != nil {
		return out, err
	}
	if out.lmax, err = eig.Max(out.start); err != nil {
		return out, err
	}
	y, err := p.labels(set, out.start)
	if err != nil {
		return out, err
	}
	step := p.Step
	if step == 0 {
		step = 0.5
	}
	out.eta = step * 2 / (out.lmax.Value + out.lmin.Value)
	n, last := float64(len(y)), net.LayerParams(net.Params(), net.Depth())
	out.rounding = 4 * float64(len(last)+20) * unit * math.Sqrt(n) * (floats.Norm(last, 1) + floats.Norm(y, 2))
	var before *deep.Network
	var residual []float64
	var failed error
	_, err = deep.Descent{Step: out.eta, Steps: p.Steps, Observe: func(s *deep.State) bool {
		now := append([]float64(nil), s.Residual...)
		if before != nil {
			failed = out.add(set.X, before, s.Net, residual, now)
		}
		before, residual = s.Net.Clone(), now
		return failed == nil
	}}.Run(net, set.X, y)
	if err == nil {
		err = failed
	}
	return out, err
}

// labels are what the parameters ask for.
func (p descent) labels(set *data.Set, k *mat.SymDense) (y []float64, err error) {
	y = append(y, set.Y...)
	switch p.Along {
	case "":
	case "least":
		y, err = decomposed(k, 0)
	case "most":
		y, err = decomposed(k, -1)
	default:
		err = fmt.Errorf("labels along %q: use least, most or none", p.Along)
	}
	if norm := floats.Norm(y, 2); err == nil && p.Norm > 0 && norm > 0 {
		floats.Scale(p.Norm/norm, y)
	}
	return y, err
}

// nodes of the quadrature of the mean Jacobian: its error is far below that of the outputs at these steps.
const nodes = 12

// add keeps the step from one network to the next.
func (u *run) add(x *mat.Dense, from, to *deep.Network, before, after []float64) error {
	average, err := from.MeanJacobian(x, to, nodes)
	if err != nil {
		return err
	}
	pass, err := from.NewPass(x)
	if err != nil {
		return err
	}
	jac := pass.Jacobian()
	n := len(before)
	s := stage{before: before, after: after, mean: mat.NewDense(n, n, nil), tangent: mat.NewDense(n, n, nil)}
	s.mean.Mul(average, jac.T())
	s.tangent.Mul(jac, jac.T())
	var moved mat.Dense
	moved.Sub(s.mean, u.start)
	norm, err := eig.SpectralNorm(&moved)
	s.drift = norm.Value
	u.stages = append(u.stages, s)
	return err
}

// recursion is (I - factor eta M) r_t for a stage, M its mean or its tangent kernel.
func (u *run) recursion(s stage, m *mat.Dense, factor float64) []float64 {
	moved := mat.NewVecDense(len(s.before), nil)
	moved.MulVec(m, mat.NewVecDense(len(s.before), s.before))
	out := append([]float64(nil), s.before...)
	floats.AddScaled(out, -factor*u.eta, moved.RawVector().Data)
	return out
}

// accurate requires that the quadrature of the mean Jacobian has resolved every step: a step that throws the weights far, as an
// eta = 1/lambda does where lambda is tiny, would need more nodes.
func (u *run) accurate() checks.Hypothesis {
	worst := 0.0
	for _, s := range u.stages {
		defect := floats.Distance(s.after, u.recursion(s, s.mean, 1), 2)
		worst = max(worst, (defect-u.rounding)/floats.Norm(s.before, 2))
	}
	return checks.Require("defect of the recursion, relative", worst, checks.AtMost, 1e-10)
}

// instance is what the claims on descent share.
func (p descent) instance(measure func(run) checks.Measurement) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		u, err := p.follow(set, r)
		if err != nil {
			return checks.Failed(err)
		}
		if len(u.stages) == 0 {
			return checks.Failed(fmt.Errorf("%d steps: take at least one", p.Steps))
		}
		return measure(u)
	}}, nil
}

func (p descent) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	weights := 0.0
	for l, in := 0, d; l < len(p.Hidden); l++ {
		weights += float64(in * p.Hidden[l])
		in = p.Hidden[l]
	}
	step := (nodes+3)*(netCost(n, d, p.Hidden)+4*float64(n)*weights) + 4*float64(n*n)*weights + 40*math.Pow(float64(n), 3)
	return checks.Cost{Trial: float64(p.Steps)*step + 2*costs.Eigenvalue(n), Size: fmt.Sprintf("%d steps", p.Steps)}
}

// lazy4 and lazy8 are instances of 4 and 8 samples on which the drift is small at a large gamma.
func lazy4(gamma float64, steps int) descent {
	return descent{network: network{Data: sphere(4, 4, 1), Hidden: []int{10, 10}}, Gamma: gamma, Norm: 1, Steps: steps}
}

func lazy8(gamma float64, steps int) descent {
	return descent{network: network{Data: sphere(8, 8, 1), Hidden: []int{16, 24}}, Gamma: gamma, Norm: 1, Steps: steps}
}

// single is one sample far from the lazy regime: its kernel falls at every step.
func single(steps int) descent {
	return descent{network: network{Data: sphere(1, 4, 1), Hidden: []int{3, 4}}, Gamma: 1, Norm: 3, Steps: steps}
}

// stepIdentity is the exact recursion of the residual.
//
// Setting: any inputs and labels; a smooth network from an antisymmetric start of scale gamma, all layers trained by gradient descent on
// (1/2)||F(theta) - Y||^2 with any step size eta; r_t the residuals F(theta_t) - Y.
//
// Hypotheses: none.
//
// Conclusion: r_{t+1} = (I - eta Jbar_t J_t^T) r_t with the mean Jacobian Jbar_t = int_0^1 J(theta_t + s (theta_{t+1} - theta_t)) ds,
// in norm and in distance.
//
// Constants: ours: the fundamental theorem of calculus along the step. The integral is taken with twelve Gauss nodes; the tolerance, 1e-9 of
// ||r_t|| and the rounding of the outputs, holds it where a step moves the weights little: gamma >= 1 and labels of norm 1 here.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights gamma times N(0, 1); sum loss.
//
// Reference: derived here, for the descent theorem of Bombari, Amani, Mondelli (2022); its number was not found.
//
// Control: J_t in place of the mean Jacobian, at gamma = 1, and 1.01 times the step size.
func stepIdentity() checks.Checkable {
	setup := func(tangent bool, factor float64) func(descent) (checks.Instance, error) {
		return func(p descent) (checks.Instance, error) {
			return p.instance(func(u run) checks.Measurement {
				var steps []checks.Measurement
				for _, s := range u.stages {
					k := s.mean
					if tangent {
						k = s.tangent
					}
					want := u.recursion(s, k, factor)
					tolerance := 1e-9*floats.Norm(s.before, 2) + u.rounding
					steps = append(steps,
						checks.Measurement{Part: "norm", Observed: floats.Norm(s.after, 2), Predicted: floats.Norm(want, 2), Relation: checks.Equal, Tolerance: tolerance},
						checks.Measurement{Part: "distance", Observed: floats.Distance(s.after, want, 2), Tolerance: tolerance})
				}
				return checks.Each(steps...)
			})
		}
	}
	return checks.Claim[descent]{
		ID: "bombari2022/step-identity", Title: "recursion of the residual", Reference: "derived here, for the descent theorem",
		Formula:    `r_{t+1} = \big(I - \eta\,\bar J_t J_t^{\top}\big) r_t`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []descent{
			lazy4(1, 12), lazy8(16, 8),
			{network: network{Data: pictures(images.Hard(data.MNIST, 8, 49)), Hidden: []int{10, 8, 12}, Sigmoid: true}, Gamma: 4, Norm: 1, Steps: 6},
		},
		OnData: func(f checks.DataFile) []descent {
			return []descent{{network: network{Data: userfile.Labelled(f, 10), Hidden: []int{10, 12}}, Gamma: 8, Norm: 1, Steps: 6}}
		},
		Cost: descent.cost, Setup: setup(false, 1),
		Controls: []checks.Control[descent]{
			{Name: "tangent-jacobian", Why: "the step follows the mean Jacobian, not that at its start", At: []descent{lazy4(1, 12)}, Setup: setup(true, 1)},
			{Name: "step-size", Why: "one per cent of the step size shows in the residual", At: []descent{lazy8(16, 8)}, Setup: setup(false, 1.01)},
		},
	}
}

// descentStep is the contraction of one step.
//
// Setting: as in step-identity; D_t = ||Jbar_t J_t^T - K_0|| in the spectral norm.
//
// Hypotheses: 0 < eta <= 2/(lambda_max(K_0) + lambda_min(K_0)); on the draw, for the measurement alone, the quadrature of Jbar_t
// resolves every step.
//
// Conclusion: ||r_{t+1}|| <= (1 - eta lambda_min(K_0) + eta D_t) ||r_t|| at every step.
//
// Constants: ours: (I - eta K_0) has this norm under the hypothesis, which is sharp, and not only for eta <= 1/lambda_max. It is attained
// by labels along the eigenvector of lambda_min, gamma large; and by one sample whose kernel falls, drift included, which tells the two
// terms apart (parts rate and drift of one comparison). ||K_t - K_0|| would not do for D_t: the step takes the mean
// Jacobian. Tolerance: 2e-10 of ||r_t|| for the drift's own error, and the rounding of the outputs.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights gamma times N(0, 1); sum loss.
//
// Reference: derived here, for the descent theorem of Bombari, Amani, Mondelli (2022); its number was not found.
//
// Control: 1.2 times lambda_min for those labels; 0.8 times the drift, at one sample and gamma = 1; and 1.05 times the largest step, labels along the
// eigenvector of lambda_max.
func descentStep() checks.Checkable {
	setup := func(rate, drift, step float64) func(descent) (checks.Instance, error) {
		return func(p descent) (checks.Instance, error) {
			allowed := p.Step
			if p.Step == 0 {
				p.Step, allowed = 0.5, 0.5
			}
			p.Step *= step
			inst, err := p.instance(func(u run) checks.Measurement {
				var steps []checks.Measurement
				for _, s := range u.stages {
					norm := floats.Norm(s.before, 2)
					gain, moved := rate*u.eta*u.lmin.Value*norm, drift*u.eta*s.drift*norm
					m := checks.Measurement{
						Observed: floats.Norm(s.after, 2), Predicted: norm - gain + moved,
						Tolerance: 2e-10*norm + u.eta*u.lmin.Err*norm + u.rounding,
					}
					m.Part, m.Term = "rate", -gain
					steps = append(steps, m)
					m.Part, m.Term = "drift", moved
					steps = append(steps, m)
				}
				m := checks.Each(steps...)
				m.Hypotheses = []checks.Hypothesis{u.accurate()}
				return m
			})
			inst.Hypotheses = []checks.Hypothesis{checks.Require("eta (lambda_max + lambda_min)/2", allowed, checks.AtMost, 1)}
			return inst, err
		}
	}
	sharp := lazy4(256, 10)
	sharp.Along = "least"
	edge := lazy4(256, 2)
	edge.Along, edge.Step, edge.Norm = "most", 1, 1e-2
	wild := lazy4(1, 10)
	wild.Along, wild.Norm = "least", 3
	return checks.Claim[descent]{
		ID: "bombari2022/descent-step", Title: "contraction of one step", Reference: "derived here, for the descent theorem",
		Formula:    `\|r_{t+1}\| \le \big(1 - \eta\lambda_{\min}(K_0) + \eta\,\|\bar J_tJ_t^{\top} - K_0\|\big)\,\|r_t\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []descent{
			sharp, edge, single(3), wild,
			{network: network{Data: pictures(images.Easy(data.Fashion, 6, 49)), Hidden: []int{10, 12}}, Gamma: 64, Norm: 1, Steps: 6},
		},
		OnData: func(f checks.DataFile) []descent {
			return []descent{{network: network{Data: userfile.Labelled(f, 10), Hidden: []int{10, 12}}, Gamma: 64, Norm: 1, Steps: 6}}
		},
		Cost: descent.cost, Setup: setup(1, 1, 1),
		Constants: []checks.Constant[descent]{{
			Name: "largest-step", Why: "a larger step overshoots along the eigenvector of lambda_max", At: []descent{edge},
			Factors: []float64{1.005, 1.02, 1.05, 1.1},
			Scaled:  func(p descent, f float64) (checks.Instance, error) { return setup(1, 1, f)(p) },
		}},
		Controls: []checks.Control[descent]{
			{Name: "faster", Why: "labels along the least eigenvector contract at this rate alone", At: []descent{sharp}, Setup: setup(1.2, 1, 1)},
			{Name: "less-drift", Why: "at one sample the kernel falls by the whole of the drift", At: []descent{single(3)}, Setup: setup(1, 0.8, 1)},
			{Name: "larger-step", Why: "beyond 2/(lambda_max + lambda_min) the largest eigenvalue overshoots", At: []descent{edge}, Setup: setup(1, 1, 1.05)},
		},
	}
}
