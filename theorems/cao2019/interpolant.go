package cao2019

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
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
)

// interpolation is targets for a network at the start.
type interpolation struct {
	Data   data.Spec `json:"data"`
	L      int       `json:"l"`
	M      int       `json:"m"`
	Target string    `json:"target"`          // labels, gaussian, or worst: the direction in which J J^T/m falls short of Theta
	Least  float64   `json:"least,omitempty"` // scale the network so that J J^T/m >= Least Theta, with equality in a direction
}

// interpolant is the comparator in the proof of Corollary 3.10.
//
// Setting: n unit inputs, a network at the start or a multiple of it, J its Jacobian, Theta = Theta^(L) on the inputs; any targets h.
//
// Hypotheses: on the draw, m^{-1} J J^T >= Theta/2; Theta positive definite, here lambda_min >= 1e-6.
//
// Conclusion: W* = W^(1) + J^T (J J^T)^{-1} h has <grad f(x_i), W* - W^(1)> = h_i for all i, and is at the distance
// m |W* - W^(1)|_F^2 = h^T (m^{-1} J J^T)^{-1} h <= 2 h^T Theta^{-1} h.
//
// Constants: exact, derived: the least-norm solution, and the order of inverses. It is attained by h along the direction in which m^{-1} J J^T = Theta/2.
// The paper asks for |(m^{-1} J J^T)^{-1} - Theta^{-1}|_2 <= y^T Theta^{-1} y/n in place of the hypothesis, at a width that it does not specify, and takes
// h = (B + B') y with B = log(1/(exp(n^{-1/2}) - 1)) and B' = max_i |f(x_i)|. Rounding: 1e-7 of the
// sizes for the two identities and 1e-9 for the bound.
//
// Convention: the norm of all layers together.
//
// Reference: derived here, after Cao, Gu (2019), proof of Corollary 3.10.
//
// Control: 2 replaced by 1.8; networks with m^{-1} J J^T >= 0.4 Theta only; and fewer weights than samples, with Theta/2 taken for granted.
func interpolant() checks.Checkable {
	setup := func(constant float64, hypotheses bool) func(interpolation) (checks.Instance, error) {
		return func(p interpolation) (checks.Instance, error) { return p.instance(constant, hypotheses) }
	}
	sphere := data.Spec{Kind: data.Sphere, N: 6, D: 5, Seed: 1}
	tight := interpolation{Data: sphere, L: 2, M: 100, Target: "worst", Least: 0.5}
	short := tight
	short.Least = 0.4
	return checks.Claim[interpolation]{
		ID: "cao2019/interpolant", Title: "weights that interpolate are near the start", Reference: "derived here, after the proof of Corollary 3.10",
		Formula:    `m\|W^*-W^{(1)}\|_F^2 = h^{\top}\left(m^{-1}JJ^{\top}\right)^{-1}h \le 2\,h^{\top}\Theta^{-1}h`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) interpolation {
			return interpolation{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 5, MinD: 2, MaxD: 4}).Draw(t, "data"), L: rapid.IntRange(2, 4).Draw(t, "L"),
				M: rapid.IntRange(5, 30).Draw(t, "m"), Target: rapid.SampledFrom([]string{"labels", "gaussian", "worst"}).Draw(t, "target"),
				Least: rapid.SampledFrom([]float64{0, 0.5, 0.8}).Draw(t, "least"),
			}
		}),
		Grid: []interpolation{
			tight, // attained
			{Data: sphere, L: 2, M: 200, Target: "worst"},
			{Data: sphere, L: 3, M: 100, Target: "labels"},
			{Data: images.Easy(data.MNIST, 20, 49), L: 3, M: 100, Target: "labels", Least: 0.5},
		},
		OnData: func(f checks.DataFile) []interpolation {
			return []interpolation{{Data: signs(f, 20), L: 2, M: 200, Target: "labels", Least: 0.5}}
		},
		Cost: func(p interpolation) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Trial: 4*netCost(n, d, p.L, p.M) + 200*math.Pow(float64(n), 3), Size: fmt.Sprintf("m=%d", p.M)}
		},
		Setup: setup(2, true),
		Controls: []checks.Control[interpolation]{
			{Name: "constant", Why: "the worst direction attains 2", At: []interpolation{tight}, Setup: setup(1.8, true)},
			{Name: "less-than-half", Why: "in the worst direction the square is 2.5 times", At: []interpolation{short}, Setup: setup(2, false)},
			{
				Name: "few-weights", Why: "eight weights cannot have any twenty values",
				At: []interpolation{{Data: data.Spec{Kind: data.Sphere, N: 20, D: 3, Seed: 1}, L: 2, M: 2, Target: "gaussian"}}, Setup: setup(2, false),
			},
		},
	}
}

func (p interpolation) instance(constant float64, hypotheses bool) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	of := bounds.HalfLastTheta(p.L)
	lambda, err := of.Lambda0(set.X)
	if err != nil {
		return checks.Instance{}, err
	}
	theta, err := of.Gram(set.X)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.Require("lambda_min(Theta)", lambda.Lower(), checks.AtLeast, 1e-6)},
		Facts:      []checks.Fact{checks.NewFact("lambda_0", lambda.Value)},
		Trial:      func(r *rand.Rand) checks.Measurement { return p.trial(set, theta, constant, hypotheses, r) },
	}, nil
}

func (p interpolation) trial(set *data.Set, theta *mat.SymDense, constant float64, hypotheses bool, r *rand.Rand) checks.Measurement {
	net, err := deep.New(network(set.D(), p.L, p.M), r)
	if err != nil {
		return checks.Failed(err)
	}
	pass, err := net.NewPass(set.X)
	if err != nil {
		return checks.Failed(err)
	}
	least, worst, err := relative(pass.Gram(nil), theta, p.M)
	if err != nil {
		return checks.Failed(err)
	}
	if p.Least > 0 && least > 1e-9 { // the gradients are homogeneous in each layer: L-1 powers in those of the others
		c := math.Pow(p.Least/least*(1+1e-12), 0.5/float64(p.L-1))
		floats.Scale(c, net.Params())
		pass.Forward()
		if least, worst, err = relative(pass.Gram(nil), theta, p.M); err != nil {
			return checks.Failed(err)
		}
	}
	h := set.Y
	switch p.Target {
	case "labels":
	case "gaussian":
		h = make([]float64, set.N())
		for i := range h {
			h[i] = r.NormFloat64()
		}
	case "worst":
		h = worst
	default:
		return checks.Failed(fmt.Errorf("target %q: use labels, gaussian or worst", p.Target))
	}
	m := p.compare(pass, theta, h, constant)
	if hypotheses {
		m.Hypotheses = []checks.Hypothesis{checks.Require("lambda_min(Theta^{-1/2} J J^T Theta^{-1/2})/m", least, checks.AtLeast, 0.5-1e-10)}
	}
	return m
}

// compare builds W* and measures it.
func (p interpolation) compare(pass *deep.Pass, theta *mat.SymDense, h []float64, constant float64) checks.Measurement {
	gram := pass.Gram(nil)
	var es mat.EigenSym
	if !es.Factorize(gram, true) {
		return checks.Failed(fmt.Errorf("the eigenvalues of the Gram matrix did not converge"))
	}
	var u mat.Dense
	es.VectorsTo(&u)
	values := es.Values(nil)
	n := len(values)
	c := mat.NewVecDense(n, nil)
	c.MulVec(u.T(), mat.NewVecDense(n, h))
	for i, v := range values { // the pseudo-inverse, where there are too few weights
		if v > 1e-12*values[n-1] {
			c.SetVec(i, c.AtVec(i)/v)
		} else {
			c.SetVec(i, 0)
		}
	}
	c.MulVec(&u, mat.VecDenseCopyOf(c))
	way := pass.JTMul(nil, c.RawVector().Data)
	reached := pass.JMul(nil, way)
	apart := floats.Distance(reached, h, 2)
	scale := floats.Norm(h, 2)
	square := float64(p.M) * floats.Dot(way, way)
	inverse, err := eig.NewInverse(theta, 0)
	if err != nil {
		return checks.Failed(err)
	}
	limit := inverse.Form(h)
	parts := []checks.Measurement{
		{Part: "interpolates", Observed: apart, Predicted: 0, Term: scale, Tolerance: 1e-7 * scale},
		{Part: "half of Theta", Observed: square, Predicted: constant * limit.Value, Tolerance: constant*limit.Err + 1e-9*square},
	}
	if measured, err := eig.NewInverse(gram, 0); err == nil {
		if form := measured.Form(h); form.OK {
			parts = append(parts, checks.Measurement{
				Part: "distance", Relation: checks.Equal, Observed: square, Predicted: float64(p.M) * form.Value,
				Tolerance: float64(p.M)*form.Err + 1e-7*square,
			})
		}
	}
	return checks.All(parts...)
}

// relative returns the smallest eigenvalue of Theta^{-1/2} K Theta^{-1/2}/m, and h = C v with Theta = C C^T and v its direction, along
// which h^T K^{-1} h m is 1/that times h^T Theta^{-1} h.
func relative(k, theta *mat.SymDense, m int) (least float64, h []float64, err error) {
	n := theta.SymmetricDim()
	var chol mat.Cholesky
	if !chol.Factorize(theta) {
		return 0, nil, fmt.Errorf("the limit kernel is singular to rounding")
	}
	var lower mat.TriDense
	chol.LTo(&lower)
	var half, both mat.Dense
	if err := half.Solve(&lower, k); err != nil {
		return 0, nil, err
	}
	if err := both.Solve(&lower, half.T()); err != nil {
		return 0, nil, err
	}
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (both.At(i, j)+both.At(j, i))/(2*float64(m)))
		}
	}
	var es mat.EigenSym
	if !es.Factorize(s, true) {
		return 0, nil, fmt.Errorf("the eigenvalues of the Gram matrix did not converge")
	}
	var v mat.Dense
	es.VectorsTo(&v)
	out := mat.NewVecDense(n, nil)
	out.MulVec(&lower, v.ColView(0))
	return es.Values(nil)[0], out.RawVector().Data, nil
}
