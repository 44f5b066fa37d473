package basics

import (
	"errors"
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
	"convergo/theorems/internal/userfile"
)

// A linearModel is a network linearised at its initialisation.
type linearModel struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`
	Step  float64   `json:"step"` // eta lambda_max(H)
	Steps int       `json:"steps"`
}

func (p linearModel) cost() checks.Cost {
	n, d := size(p.Data)
	np := n * float64(p.Width) * d
	return checks.Cost{Setup: n * d * 10, Trial: 10*np + 4*np*float64(p.Steps) + 30*n*n*n, Size: fmt.Sprintf("m=%d", p.Width)}
}

func linearModels() *rapid.Generator[linearModel] {
	return rapid.Custom(func(t *rapid.T) linearModel {
		return linearModel{
			Data:  gen.Separated(gen.Range{MinN: 1, MaxN: 8, MinD: 2, MaxD: 8}).Draw(t, "data"),
			Width: rapid.IntRange(1, 100).Draw(t, "m"),
			Step:  rapid.Float64Range(0.01, 1).Draw(t, "step"),
			Steps: rapid.IntRange(1, 60).Draw(t, "steps"),
		}
	})
}

// A tangent is the linear model at one drawn initialisation.
type tangent struct {
	jacobian *mat.Dense // n x p
	r0       []float64
	modes    bounds.Modes
	eta      float64
	net      *nets.Network
	delta    float64 // rounding of one step, in units of ||r_0||
}

func (p linearModel) tangent(set *data.Set, r *rand.Rand) (*tangent, error) {
	net := nets.NTK(p.Width, set.D()).Draw(r)
	batch := nets.NewBatch(set.X, p.Width)
	batch.Forward(net)
	t := &tangent{jacobian: batch.Jacobian(net, nets.FirstLayer), r0: make([]float64, set.N()), net: net}
	floats.SubTo(t.r0, batch.U, set.Y)
	h := mat.NewSymDense(set.N(), nil)
	batch.Gram(h, net, nets.FirstLayer)
	var err error
	if t.modes, err = bounds.NewModes(h, t.r0); err != nil {
		return nil, err
	}
	n, size := t.jacobian.Dims()
	top := t.modes.Lambda[n-1]
	if top > 0 { // else no neuron is active and nothing moves
		t.eta = p.Step / top
	}
	t.delta = 16 * (float64(n) + math.Sqrt(float64(size))) * unit
	return t, nil
}

func (t *tangent) residual(dst, v *mat.VecDense) {
	dst.MulVec(t.jacobian, v)
	dst.AddVec(dst, mat.NewVecDense(len(t.r0), t.r0))
}

// condition is lmax/lmin of H, infinite when H is singular to rounding.
func (t *tangent) condition() float64 {
	l := t.modes.Lambda
	return l[len(l)-1] / math.Max(l[0], 0)
}

// nonsingular is the hypothesis on the draw that H can be inverted.
func (t *tangent) nonsingular() checks.Hypothesis {
	return checks.Require("condition number of H", t.condition(), checks.AtMost, 1e6)
}

// linearDescent is the exact solution of descent on the linearised
// network.
//
// Setting: f(theta) = f_0 + J (theta - theta_0) with J (n x md) the Jacobian of
// a two-layer ReLU network at a Gaussian initialisation, H = J J^T; descent on
// ||f - y||^2/2 in the parameters theta.
//
// Hypotheses: H nonsingular (condition number at most 1e6), on the draw.
//
// Conclusion: r_k = (I - eta H)^k r_0; ||theta_k - theta_0||^2 = sum_i
// <q_i, r_0>^2 (1 - (1 - eta lambda_i)^k)^2/lambda_i; for eta lmax <= 1 it grows
// to r_0^T H^{-1} r_0, the squared norm of the smallest interpolating
// displacement.
//
// Constants: identities. theta_k - theta_0 = -J^T H^{-1} (r_0 - r_k) lies in
// the range of J^T. The rounding allowance is k 16 (n + sqrt p) u ||r_0||, for
// displacements times the condition number over sqrt(lmin).
//
// Convention: 1/sqrt(m) scaling, first layer trained, sum of squares over two.
//
// Reference: derived here.
//
// Control: the network itself, of small width, does not follow its
// linearisation.
func linearDescent() checks.Claim[linearModel] {
	setup := func(run func(p linearModel, set *data.Set, t *tangent) ([]float64, float64, error)) func(linearModel) (checks.Instance, error) {
		return func(p linearModel) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				t, err := p.tangent(set, r)
				if err != nil {
					return checks.Failed(err)
				}
				res, moved, err := run(p, set, t)
				if err != nil {
					return checks.Failed(err)
				}
				return t.compare(p, res, moved)
			}}, nil
		}
	}
	return checks.Claim[linearModel]{
		ID: "basics/linear-descent", Title: "descent on the linearised network, in closed form",
		Reference:  "derived here",
		Formula:    `r_k = (I-\eta H)^k r_0,\quad \|\theta_k-\theta_0\|^2 = \sum_i \frac{(1-(1-\eta\lambda_i)^k)^2}{\lambda_i} \langle q_i, r_0\rangle^2`,
		Convention: "1/sqrt(m) scaling; loss ||r||^2/2",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: linearModels(),
		Grid: append([]linearModel{
			{data.Spec{Kind: data.Basis, N: 1, D: 1}, 8, 0.5, 20},
			{data.Spec{Kind: data.Orthonormal, N: 6, D: 12}, 60, 0.9, 200},
			{data.Spec{Kind: data.Sphere, N: 10, D: 20}, 100, 1, 100},
			{data.Spec{Kind: data.Sphere, N: 50, D: 50}, 100, 1, 50},
		}, linearImages(20, 49, 40)...),
		OnData: func(f checks.DataFile) []linearModel {
			return []linearModel{{Data: userfile.Signed(f, 10), Width: 20, Step: 1, Steps: 50}}
		},
		Cost: linearModel.cost,
		Setup: setup(func(p linearModel, _ *data.Set, t *tangent) ([]float64, float64, error) {
			res, moved := t.descend(p.Steps)
			return res, moved, nil
		}),
		Controls: []checks.Control[linearModel]{{
			Name: "the-network-itself", Why: "at width 20 and labels of size 5 its activations flip",
			At: []linearModel{{data.Spec{Kind: data.Sphere, N: 5, D: 5, LabelScale: 5}, 20, 0.5, 100}},
			Setup: setup(func(p linearModel, set *data.Set, t *tangent) ([]float64, float64, error) {
				run, err := train.NewDescent(t.net, set.X, set.Y, train.Options{Step: t.eta, Steps: p.Steps})
				if err != nil {
					return nil, 0, err
				}
				for range p.Steps {
					run.Step()
				}
				_, moved := run.State().Movement()
				return append([]float64(nil), run.State().Residual...), moved, nil
			}),
		}},
	}
}

func linearImages(n, d, m int) []linearModel {
	var ps []linearModel
	for _, s := range pictures(n, d) {
		ps = append(ps, linearModel{Data: s, Width: m, Step: 1, Steps: 100})
	}
	return ps
}

// descend takes steps in parameter space and returns the residual and the
// distance from the start.
func (t *tangent) descend(steps int) (residual []float64, moved float64) {
	n, size := t.jacobian.Dims()
	v, g, res := mat.NewVecDense(size, nil), mat.NewVecDense(size, nil), mat.NewVecDense(n, nil)
	for range steps {
		t.residual(res, v)
		g.MulVec(t.jacobian.T(), res)
		v.AddScaledVec(v, -t.eta, g)
	}
	t.residual(res, v)
	return res.RawVector().Data, mat.Norm(v, 2)
}

func (t *tangent) compare(p linearModel, residual []float64, moved float64) checks.Measurement {
	r0 := floats.Norm(t.r0, 2)
	tol := float64(p.Steps+1) * t.delta * r0
	hyp := []checks.Hypothesis{t.nonsingular()}
	if !hyp[0].Met() {
		return checks.Measurement{Hypotheses: hyp}
	}
	moveTol := tol * t.condition() / math.Sqrt(t.modes.Lambda[0])
	diff := make([]float64, len(residual))
	floats.SubTo(diff, residual, t.modes.GD(t.eta, p.Steps))
	shortest, err := t.interpolant()
	if err != nil {
		return checks.Failed(err)
	}
	limit := t.modes.Displacement(math.Inf(1))
	m := checks.All(
		checks.Measurement{Part: "distance from the predicted residual", Observed: floats.Norm(diff, 2), Predicted: 0, Relation: checks.Equal, Tolerance: tol},
		checks.Measurement{Part: "displacement", Observed: moved, Predicted: t.modes.GDDisplacement(t.eta, p.Steps), Relation: checks.Equal, Tolerance: moveTol},
		checks.Measurement{Part: "least interpolating displacement", Observed: mat.Norm(shortest, 2), Predicted: limit, Relation: checks.Equal, Tolerance: moveTol},
		checks.Measurement{Part: "displacement below its limit", Observed: moved, Predicted: limit, Tolerance: moveTol},
	)
	m.Hypotheses = hyp
	return m
}

// interpolant is the least-norm solution of J v = -r_0: v = J^T w with
// J J^T w = -r_0.
func (t *tangent) interpolant() (*mat.VecDense, error) {
	n, size := t.jacobian.Dims()
	h := mat.NewSymDense(n, nil)
	h.SymOuterK(1, t.jacobian)
	var c mat.Cholesky
	w, v := mat.NewVecDense(n, nil), mat.NewVecDense(size, nil)
	if !c.Factorize(h) {
		return nil, errors.New("the Gram matrix of the Jacobian is not positive definite to rounding")
	}
	if err := c.SolveVecTo(w, mat.NewVecDense(n, scaled(-1, t.r0))); err != nil {
		return nil, fmt.Errorf("the interpolating displacement: %w", err)
	}
	v.MulVec(t.jacobian.T(), w)
	return v, nil
}

// linearFlow is the exact solution of gradient flow on the linearised
// network.
//
// Setting: as in basics/linear-descent, with gradient flow
// d theta/dt = -J^T r in place of descent, over the time Steps*eta.
//
// Hypotheses: H nonsingular (condition number at most 1e6), on the draw.
//
// Conclusion: r(t) = exp(-H t) r_0 and ||theta(t) - theta_0||^2 = sum_i
// <q_i, r_0>^2 (1 - exp(-lambda_i t))^2/lambda_i.
//
// Constants: identities. Flow is integrated in parameter space by classical
// Runge-Kutta steps with x = h lmax <= 0.02; on a linear problem its error per
// step and mode is at most x^5/120, which makes a rigorous error bound.
//
// Convention: 1/sqrt(m) scaling, first layer trained, sum of squares over two.
//
// Reference: derived here.
//
// Control: the prediction with H/2 in place of H (the loss ||r||^2 taken for
// ||r||^2/2, backwards) must be refuted.
func linearFlow() checks.Claim[linearModel] {
	const x = 0.02
	setup := func(clock float64) func(linearModel) (checks.Instance, error) {
		return func(p linearModel) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			steps := max(1, int(math.Ceil(p.Step*float64(p.Steps)/x)))
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				t, err := p.tangent(set, r)
				if err != nil {
					return checks.Failed(err)
				}
				hyp := []checks.Hypothesis{t.nonsingular()}
				if !hyp[0].Met() {
					return checks.Measurement{Hypotheses: hyp}
				}
				time := t.eta * float64(p.Steps)
				residual, moved := t.flow(time, steps)
				diff := make([]float64, len(residual))
				floats.SubTo(diff, residual, t.modes.Flow(time*clock))
				r0, lmin := floats.Norm(t.r0, 2), t.modes.Lambda[0]
				h := time / float64(steps) * t.modes.Lambda[len(diff)-1]
				truncation := float64(steps) * math.Pow(h, 5) / 120 * r0
				rounding := float64(4*steps) * t.delta * r0
				m := checks.All(
					checks.Measurement{Part: "distance from the predicted residual", Observed: floats.Norm(diff, 2), Predicted: 0, Relation: checks.Equal, Tolerance: rounding, Error: truncation},
					checks.Measurement{Part: "displacement", Observed: moved, Predicted: t.modes.Displacement(time * clock), Relation: checks.Equal,
						Tolerance: rounding * t.condition() / math.Sqrt(lmin), Error: truncation / math.Sqrt(lmin)},
				)
				m.Hypotheses = hyp
				return m
			}}, nil
		}
	}
	return checks.Claim[linearModel]{
		ID: "basics/linear-flow", Title: "gradient flow on the linearised network, in closed form",
		Reference:  "derived here",
		Formula:    `r(t) = e^{-Ht} r_0,\quad \|\theta(t)-\theta_0\|^2 = \sum_i \frac{(1-e^{-\lambda_i t})^2}{\lambda_i} \langle q_i, r_0\rangle^2`,
		Convention: "1/sqrt(m) scaling; loss ||r||^2/2",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: linearModels(),
		Grid: []linearModel{
			{data.Spec{Kind: data.Basis, N: 1, D: 1}, 8, 0.5, 10},
			{data.Spec{Kind: data.Orthonormal, N: 6, D: 12}, 40, 0.9, 20},
			{data.Spec{Kind: data.Sphere, N: 10, D: 20}, 60, 1, 5},
		},
		Cost: func(p linearModel) checks.Cost {
			c := p.cost()
			n, d := size(p.Data)
			c.Trial = 30*n*n*n + 18*n*d*float64(p.Width)*(float64(p.Steps)*p.Step/x+1)
			return c
		},
		Setup: setup(1),
		Controls: []checks.Control[linearModel]{{
			Name: "half-the-kernel", Why: "a prediction at half the rate is far off after a few time units",
			At: []linearModel{{data.Spec{Kind: data.Sphere, N: 5, D: 10}, 40, 1, 4}}, Setup: setup(0.5),
		}},
	}
}

// flow integrates d theta/dt = -J^T r by Runge-Kutta steps.
func (t *tangent) flow(time float64, steps int) (residual []float64, moved float64) {
	n, size := t.jacobian.Dims()
	h := time / float64(steps)
	v, at, res := mat.NewVecDense(size, nil), mat.NewVecDense(size, nil), mat.NewVecDense(n, nil)
	var k [4]*mat.VecDense
	for i := range k {
		k[i] = mat.NewVecDense(size, nil)
	}
	slope := func(dst, v *mat.VecDense) {
		t.residual(res, v)
		dst.MulVec(t.jacobian.T(), res)
		dst.ScaleVec(-1, dst)
	}
	for range steps {
		slope(k[0], v)
		at.AddScaledVec(v, h/2, k[0])
		slope(k[1], at)
		at.AddScaledVec(v, h/2, k[1])
		slope(k[2], at)
		at.AddScaledVec(v, h, k[2])
		slope(k[3], at)
		for i, w := range []float64{h / 6, h / 3, h / 3, h / 6} {
			v.AddScaledVec(v, w, k[i])
		}
	}
	t.residual(res, v)
	return res.RawVector().Data, mat.Norm(v, 2)
}
