package soltanolkotabi2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// local is gradient descent from a small residual.
type local struct {
	Data  data.Spec `json:"data"`
	Act   string    `json:"act"`
	Width int       `json:"width"`
	Keep  float64   `json:"keep"`           // s
	Share float64   `json:"share"`          // e
	Fill  float64   `json:"fill,omitempty"` // the first residual over the largest that is allowed; 0: labels of planted weights
	Near  float64   `json:"near,omitempty"` // then: the distance of the first weights from the planted ones
	Aim   string    `json:"aim,omitempty"`  // of the residual: "", random; first, raising the first output; weakest, along the least eigenvector
	Axes  bool      `json:"axes,omitempty"` // W(0) = I
	Steps int       `json:"steps"`
}

func (p local) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	gram := float64(n*n*(p.Width+d)) + costs.Eigenvalue(n)
	return checks.Cost{Trial: float64(p.Steps)*float64(6*n*p.Width*d) + 12*gram + 1e5}
}

// A course is a run with what was predicted at its start.
type course struct {
	local         bounds.LocalJacobian
	residual      float64 // at the start
	step          float64
	run           *train.Descent
	norms         []float64 // of the residuals
	path, gap     float64   // length of the way; least singular value on it
	gapError      float64
	rounding      float64 // of a residual
	leastPositive bool
}

// localDescent is linear convergence from near a solution, by a certificate that is computed at the start.
//
// Setting: n inputs, f(x) = sum_l v_l phi(<w_l, x>) with v fixed, |phi”| <= B; gradient descent W <- W - eta J^T r on ||r||^2/2 in W, with r = f - y and J
// the Jacobian of the outputs. alpha_0 and beta_0 are its extreme singular values at the start, Lambda = max|v_l| B max||x_i|| ||X||_2;
// 0 < s < 1, 0 < e < 2, c = 2 - e, alpha = (1-s) alpha_0, beta = beta_0 + s alpha_0.
//
// Hypotheses: alpha_0 > 0; ||r(0)|| <= (c/2) s(1-s) alpha_0^2/Lambda; eta = e/(beta^2 + Lambda ||r(0)||).
//
// Conclusion: for all t, ||r(t+1)||^2 <= (1 - eta c alpha^2) ||r(t)||^2 ("rate"); sum_t ||W(t+1) - W(t)||_F <= 2||r(0)||/(c alpha) ("path");
// sigma_min(J(W(t))) >= alpha ("singular").
//
// Constants: ours; the proof is in the documentation of bounds.LocalJacobian. It stands in the place of Theorem 2.5, which has normal inputs, planted
// labels, both layers trained, k >= d, d <= n <= c_0 d^2 and a start within C_0 d^2.5/(n^1.5 k) of the planted weights, up to powers of their singular
// values, and concludes L(t) <= (1 - c alpha d/n)^t L(0) with hidden c_0, C_0 and c: such a statement nothing can refute. Its setting is among the
// instances, with the hidden layer trained. All parts are nearly attained for z^2 on orthonormal inputs with W(0) = I and
// the first output above its label. Rounding: 1e-13 of the outputs over the residual, and what the eigenvalues are certified to.
//
// Convention: standard, no width factors; sum loss; v fixed at 1.
//
// Reference: derived here, in the place of Theorem 2.5 of Soltanolkotabi, Javanmard, Lee (2019).
//
// Control: 1.25 times the first residual and 1.5 times the step, each near where it breaks; 1.25 times the decrease, four fifths of the path and
// 1.05 times the singular value; and alpha_0 = 0.
func localDescent() checks.Checkable {
	hard := local{Data: data.Spec{Kind: data.Basis, N: 3, D: 3}, Act: "square", Width: 3, Keep: 0.02, Share: 0.02, Fill: 0.9999, Aim: "first", Axes: true, Steps: 300}
	quick := hard
	quick.Keep, quick.Share, quick.Steps = 0.004, 0.1, 5
	with := func(s localSabotage) func(local) (checks.Instance, error) {
		return func(p local) (checks.Instance, error) { return p.certificate(s) }
	}
	plain := localSabotage{rate: 1, path: 1, singular: 1, radius: 1, step: 1}
	change := func(set func(*localSabotage)) func(local) (checks.Instance, error) {
		s := plain
		set(&s)
		return with(s)
	}
	radius := func(p local, f float64) (checks.Instance, error) {
		return change(func(s *localSabotage) { s.radius = f })(p)
	}
	step := func(p local, f float64) (checks.Instance, error) {
		return change(func(s *localSabotage) { s.step = f })(p)
	}
	return checks.Claim[local]{
		ID: "soltanolkotabi2019/local-descent", Title: "descent from near a solution", Reference: "derived here, for Theorem 2.5",
		Formula:    `\|r(0)\| \le \tfrac{c}{2}\,s(1-s)\,\tfrac{\alpha_0^2}{\Lambda} \ \Rightarrow\ \|r(t+1)\|^2 \le (1 - \eta c \alpha^2)\,\|r(t)\|^2`,
		Convention: "standard: f(x) = v^T phi(W x), no width factors, no biases; sum loss (1/2) sum (f - y)^2; v fixed", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []local{
			hard, quick,
			{Data: data.Spec{Kind: data.Gaussian, N: 6, D: 6, Seed: 1, Raw: true}, Act: "square", Width: 8, Keep: 0.5, Share: 1, Near: 0.02, Steps: 60}, // planted
			{Data: data.Spec{Kind: data.Gaussian, N: 6, D: 5, Seed: 1, Raw: true}, Act: "tanh", Width: 6, Keep: 0.5, Share: 1, Fill: 0.999, Aim: "weakest", Steps: 40},
			{Data: data.Spec{Kind: data.Sphere, N: 1, D: 1, Seed: 1}, Act: "softplus", Width: 1, Keep: 0.3, Share: 0.5, Fill: 0.999, Steps: 40},
			{Data: data.Spec{Kind: data.Sphere, N: 5, D: 4, Seed: 1}, Act: "erf", Width: 4, Keep: 0.1, Share: 1.9, Fill: 0.999, Steps: 40},
			{Data: images.Hard(data.MNIST, 6, 49), Act: "sin", Width: 6, Keep: 0.5, Share: 1, Fill: 0.999, Steps: 30},
			{Data: images.Hard(data.Fashion, 6, 49), Act: "square", Width: 6, Keep: 0.5, Share: 1, Fill: 0.999, Steps: 30},
		},
		Space: rapid.Custom(func(t *rapid.T) local {
			return local{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 5, MinD: 1, MaxD: 4}).Draw(t, "data"),
				Act:  rapid.SampledFrom([]string{"square", "tanh", "softplus", "sin", "erf"}).Draw(t, "activation"), Width: rapid.IntRange(1, 5).Draw(t, "width"),
				Keep: rapid.SampledFrom([]float64{0.02, 0.5, 0.9}).Draw(t, "s"), Share: rapid.SampledFrom([]float64{0.02, 1, 1.9}).Draw(t, "e"),
				Fill: 0.999, Aim: rapid.SampledFrom([]string{"", "first", "weakest"}).Draw(t, "aim"), Steps: 30,
			}
		}),
		OnData: func(f checks.DataFile) []local {
			return []local{{Data: userfile.Rows(f, 12), Act: "tanh", Width: 16, Keep: 0.5, Share: 1, Fill: 0.999, Steps: 30}}
		},
		Cost: local.cost, Setup: with(plain),
		Constants: []checks.Constant[local]{
			{Name: "residual", Why: "a larger first residual, which the singular value does not survive", At: []local{hard}, Factors: []float64{1.1, 1.3, 1.6}, Scaled: radius},
			{Name: "step", Why: "a larger step, whose second-order term costs more than e allows", At: []local{quick}, Factors: []float64{1.1, 1.25, 1.5}, Scaled: step},
		},
		Controls: []checks.Control[local]{
			{Name: "larger-residual", Why: "1.25 times the residual takes the singular value below alpha", At: []local{hard}, Setup: change(func(s *localSabotage) { s.radius = 1.25 })},
			{Name: "larger-step", Why: "1.5 times the step, and the rate it would promise", At: []local{quick}, Setup: change(func(s *localSabotage) { s.step = 1.5 })},
			{
				Name: "repeated-input", Why: "two equal inputs with different labels make alpha_0 zero, and the difference stays, whatever the second singular value is",
				At:    []local{{Data: data.Spec{Kind: data.Duplicate, N: 4, D: 4, Seed: 1}, Act: "tanh", Width: 4, Keep: 0.5, Share: 1, Fill: 0.999, Aim: "weakest", Steps: 5}},
				Setup: change(func(s *localSabotage) { s.second = true }),
			},
			{Name: "rate", Why: "1.25 times the decrease", At: []local{hard}, Setup: change(func(s *localSabotage) { s.rate = 1.25 })},
			{Name: "path", Why: "four fifths of the path", At: []local{hard}, Setup: change(func(s *localSabotage) { s.path = 0.8 })},
			{Name: "singular", Why: "1.05 times alpha", At: []local{hard}, Setup: change(func(s *localSabotage) { s.singular = 1.05 })},
		},
	}
}

// localSabotage multiplies the constants of the certificate.
type localSabotage struct {
	rate, path, singular, radius, step float64
	second                             bool // takes the second singular value for the least
}

func (p local) certificate(sabotage localSabotage) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	act, err := nets.ActivationNamed(p.Act)
	if err != nil {
		return checks.Instance{}, err
	}
	if !(p.Keep > 0 && p.Keep < 1 && p.Share > 0 && p.Share < 2) {
		return checks.Instance{}, fmt.Errorf("s = %v and e = %v: take s in (0, 1) and e in (0, 2)", p.Keep, p.Share)
	}
	if p.Axes && (set.D() != p.Width || set.D() != set.N()) {
		return checks.Instance{}, fmt.Errorf("%d neurons: the start at the axes needs as many as inputs (%d) and coordinates (%d)", p.Width, set.N(), set.D())
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		c, err := p.course(set.X, act, sabotage, r)
		if err != nil {
			return checks.Failed(err)
		}
		decrease := sabotage.rate * c.local.Decrease(c.step)
		var ms []checks.Measurement
		for t := 1; t < len(c.norms); t++ {
			ratio := c.norms[t] / c.norms[t-1]
			ms = append(ms, checks.Measurement{Part: "rate", Observed: ratio * ratio, Predicted: 1 - decrease, Term: -decrease, Tolerance: 4 * c.rounding / c.norms[t-1]})
		}
		ms = append(ms,
			checks.Measurement{Part: "path", Observed: c.path, Predicted: sabotage.path * c.local.Path(c.residual), Tolerance: 1e-12 * c.path},
			checks.Measurement{Part: "singular", Observed: c.gap, Predicted: sabotage.singular * c.local.Singular(), Relation: checks.AtLeast, Tolerance: c.gapError},
		)
		m := checks.Each(ms...)
		m.Hypotheses = []checks.Hypothesis{
			checks.RequireThat("alpha_0 > 0", c.leastPositive),
			checks.Require("||r(0)||", c.residual, checks.AtMost, c.local.Radius()),
		}
		m.Series = c.curves(decrease)
		return m
	}}, nil
}

// curves are the residual and its bound.
func (c *course) curves(decrease float64) []checks.Series {
	steps, bound := make([]float64, len(c.norms)), make([]float64, len(c.norms))
	for t := range steps {
		steps[t], bound[t] = float64(t), c.residual*math.Pow(1-decrease, float64(t)/2)
	}
	return curve.Axes{X: "step", Y: "norm of the residual", LogY: true}.Against("descent", steps, c.norms, bound)
}

// course draws the start and runs gradient descent.
func (p local) course(x *mat.Dense, act nets.Activation, sabotage localSabotage, r *rand.Rand) (*course, error) {
	n, d := x.Dims()
	net := &nets.Network{W: nets.Gaussian(p.Width, d, r), A: signs(p.Width, 0, 0), Act: act, Scale: 1}
	if p.Axes {
		net.W.Zero()
		for i := range d {
			net.W.Set(i, i, 1)
		}
	}
	planted := net.Output(x)
	if p.Fill == 0 {
		away := nets.Gaussian(p.Width, d, r)
		away.Scale(p.Near/math.Sqrt(float64(p.Width*d)), away)
		net.W.Add(net.W, away)
	}
	batch, gram := nets.NewBatch(x, p.Width), mat.NewSymDense(n, nil)
	batch.Forward(net)
	batch.Gram(gram, net, nets.FirstLayer)
	c, err := newCourse(p, x, gram)
	if err != nil {
		return nil, err
	}
	if sabotage.second {
		values, err := bounds.SymmetricEigenvalues(gram)
		if err != nil {
			return nil, err
		}
		c.local.Least = math.Sqrt(values[1])
	}
	y := append([]float64(nil), planted...)
	if p.Fill != 0 {
		toward, err := p.aim(gram, r)
		if err != nil {
			return nil, err
		}
		floats.AddScaledTo(y, batch.U, -sabotage.radius*p.Fill*c.local.Radius(), toward)
	}
	c.residual = floats.Distance(batch.U, y, 2)
	c.step = sabotage.step * c.local.Step(c.residual)
	c.rounding = 1e-14 * (floats.Norm(batch.U, 2) + floats.Norm(y, 2))
	if c.run, err = train.NewDescent(net, x, y, train.Options{Step: c.step}); err != nil {
		return nil, err
	}
	return c, c.follow(p.Steps)
}

// newCourse takes what the certificate needs of the start.
func newCourse(p local, x *mat.Dense, gram *mat.SymDense) (*course, error) {
	low, err := eig.Min(gram)
	if err != nil {
		return nil, err
	}
	high, err := eig.Max(gram)
	if err != nil {
		return nil, err
	}
	spectral, err := eig.SpectralNorm(x)
	if err != nil {
		return nil, err
	}
	return &course{
		leastPositive: low.Lower() > 0,
		local: bounds.LocalJacobian{
			Least: math.Sqrt(max(0, low.Lower())), Most: math.Sqrt(high.Upper()), Keep: p.Keep, Share: p.Share,
			Lipschitz: bounds.TwoLayerJacobianLipschitz(1, bounds.LargestCurvature(p.Act), floats.Max(data.RowNorms(x)), spectral.Upper()),
		},
	}, nil
}

// aim is the unit vector along which the outputs exceed the labels.
func (p local) aim(gram *mat.SymDense, r *rand.Rand) ([]float64, error) {
	n := gram.SymmetricDim()
	toward := make([]float64, n)
	switch p.Aim {
	case "":
		for i := range toward {
			toward[i] = r.NormFloat64()
		}
	case "first":
		toward[0] = 1
	case "weakest":
		var es mat.EigenSym
		if !es.Factorize(gram, true) {
			return nil, fmt.Errorf("the eigenvalues of the Gram matrix did not converge")
		}
		var vectors mat.Dense
		es.VectorsTo(&vectors)
		mat.Col(toward, 0, &vectors)
	default:
		return nil, fmt.Errorf("aim %q: use first, weakest or none", p.Aim)
	}
	floats.Scale(1/floats.Norm(toward, 2), toward)
	return toward, nil
}

// follow takes the steps, as long as the residual is above its rounding, and looks at the Jacobian ten times.
func (c *course) follow(steps int) error {
	state := c.run.State()
	c.norms, c.gap = []float64{state.Norm}, math.Inf(1)
	last := mat.DenseCopyOf(state.Net.W)
	for t := 1; ; t++ {
		if (t-1)%max(1, steps/10) == 0 || t > steps {
			low, err := eig.Min(state.Gram())
			if err != nil {
				return err
			}
			if v := math.Sqrt(max(0, low.Value)); v < c.gap {
				c.gap, c.gapError = v, low.Err/max(v, math.Sqrt(low.Err))
			}
		}
		if t > steps || state.Norm < 1e4*c.rounding {
			return nil
		}
		c.run.Step()
		_, moved := nets.Movement(state.Net.W, last)
		last.Copy(state.Net.W)
		c.path += moved
		c.norms = append(c.norms, state.Norm)
	}
}
