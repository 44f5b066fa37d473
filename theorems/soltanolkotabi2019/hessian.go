package soltanolkotabi2019

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/quadratic"
)

// hessianForm is the second derivative of the loss along a direction, with the coefficient that the paper misprints.
//
// Setting: any inputs, labels, output weights and hidden weights W, and a direction U ~ N(0, 1), k x d.
//
// Hypotheses: none.
//
// Conclusion: the second derivative of t -> L(W + t U) at 0 is
// (4/n) sum_i (x_i^T W^T D_v U x_i)^2 + (2/n) sum_i r_i x_i^T U^T D_v U x_i.
//
// Constants: ours. As printed the first coefficient is 2/n; this is false at every W with x_i^T W^T D_v U x_i != 0, since the first derivative of
// f is 2 x^T W^T D_v U x, whose square is taken. The proof of Theorem 2.1 uses directions for which the term is zero, and is not touched. The
// observation needs losses alone: L(W + t U) is a polynomial of degree four, of which five values give the second derivative
// exactly; the tolerance is 1e-9 of their sum over the squared distance.
//
// Convention: mean loss, v fixed.
//
// Reference: corrected form of Soltanolkotabi, Javanmard, Lee (2019), equation (6.4).
//
// Control: the printed coefficient, and 1.02 times either term.
func hessianForm() checks.Checkable {
	setup := func(first, second float64) func(scene) (checks.Instance, error) {
		return func(p scene) (checks.Instance, error) { return p.secondDerivative(first, second) }
	}
	mixed := scene{Data: gaussian(5, 3), V: signs(2, 2, 1), Scale: 1}
	return checks.Claim[scene]{
		ID: "soltanolkotabi2019/hessian-form", Title: "second derivative of the loss", Reference: "equation (6.4), corrected",
		Formula:    `\tfrac{d^2}{dt^2}L(W + tU)\big|_0 = \tfrac{4}{n}\sum_i (x_i^{\top}W^{\top}D_vUx_i)^2 + \tfrac{2}{n}\sum_i r_i\, x_i^{\top}U^{\top}D_vUx_i`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid:  []scene{mixed, {Data: gaussian(1, 1), V: signs(1, 0, 0), Scale: 1}, {Data: gaussian(5, 2), V: signs(1, 3, 0)}, {Data: gaussian(12, 3), V: signs(0, 2, 5), Scale: 3}},
		Space: scenes(6, 3, 0), Cost: scene.cost, Setup: setup(4, 2),
		Controls: []checks.Control[scene]{
			{Name: "printed", Why: "2/n for 4/n in the first term", At: []scene{mixed}, Setup: setup(2, 2)},
			{Name: "first-term", Why: "a first term of 1.02 times its size", At: []scene{mixed}, Setup: setup(4.08, 2)},
			{Name: "second-term", Why: "a second term of 1.02 times its size, at W = 0", At: []scene{{Data: gaussian(5, 2), V: signs(1, 3, 0)}}, Setup: setup(4, 2.04)},
		},
	}
}

func (p scene) secondDerivative(first, second float64) (checks.Instance, error) {
	s, err := newSetting(p.Data, p.V)
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		net, u := s.draw(p.Scale, r), nets.Gaussian(len(p.V), s.d, r)
		h := 0.3 * (1 + p.Scale)
		along := func(t float64) float64 {
			moved := net.Clone()
			u := mat.DenseCopyOf(u)
			u.Scale(t, u)
			moved.W.Add(moved.W, u)
			return s.loss(moved)
		}
		far, near, here := along(2*h)+along(-2*h), along(h)+along(-h), along(0)
		observed := (16*near - far - 30*here) / (12 * h * h)
		var dv, cross, twice mat.Dense
		dv.Mul(mat.NewDiagDense(len(p.V), p.V), u)
		cross.Mul(net.W.T(), &dv)
		twice.Mul(u.T(), &dv)
		form, sum := quadratic.Form(net), 0.0
		for i, y := range s.y {
			x := s.x.RowView(i)
			slope := mat.Inner(x, &cross, x)
			sum += first*slope*slope + second*(mat.Inner(x, form, x)-y)*mat.Inner(x, &twice, x)
		}
		return checks.Measurement{
			Observed: observed, Predicted: sum / float64(s.n), Relation: checks.Equal,
			Tolerance: 1e-9 * (16*near + far + 30*here) / (12 * h * h),
		}
	}}, err
}

// originSpectrum is the whole spectrum of the Hessian at zero.
//
// Setting: any inputs, labels and output weights; W = 0, where S = -sum_i y_i x_i x_i^T.
//
// Hypotheses: none.
//
// Conclusion: the k d eigenvalues of the Hessian of L in W are (2/n) v_l lambda_j(S), l <= k, j <= d. So zero is a strict saddle as soon as
// v has entries of both signs and S != 0.
//
// Constants: exact: the Hessian is (2/n) D_v (x) S. The eigenvalues are compared in order, up to 1e-12 of the largest and
// 1e-13 of the terms of S.
//
// Convention: mean loss, v fixed.
//
// Reference: derived here, after equation (6.4) of Soltanolkotabi, Javanmard, Lee (2019).
//
// Control: weights of a tenth beside zero, and v_l to the power 1.1.
func originSpectrum() checks.Checkable {
	setup := func(power float64) func(scene) (checks.Instance, error) {
		return func(p scene) (checks.Instance, error) { return p.origin(power) }
	}
	return checks.Claim[scene]{
		ID: "soltanolkotabi2019/origin-spectrum", Title: "Hessian at zero", Reference: "derived here, after equation (6.4)",
		Formula:    `\operatorname{spec}\nabla^2 L(0) = \left\{\tfrac{2}{n}\, v_l\, \lambda_j(S(0))\right\}_{l \le k,\, j \le d}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid:  []scene{{Data: gaussian(5, 3), V: signs(2, 2, 1)}, {Data: gaussian(1, 1), V: signs(1, 0, 0)}, {Data: gaussian(12, 4), V: []float64{1, 0, -3}}, {Data: steep(3, 2), V: signs(1, 1, 0)}},
		Cost:  scene.cost,
		Setup: setup(1),
		Controls: []checks.Control[scene]{
			{Name: "beside", Why: "at weights of 0.1 N(0, 1) the outputs have a first derivative", At: []scene{{Data: gaussian(5, 3), V: signs(2, 2, 1), Scale: 0.1}}},
			{Name: "power", Why: "|v_l|^1.1 for |v_l|, which moves the largest by a fourteenth", At: []scene{{Data: gaussian(5, 3), V: signs(2, 2, 1)}}, Setup: setup(1.1)},
		},
	}
}

func (p scene) origin(power float64) (checks.Instance, error) {
	s, err := newSetting(p.Data, p.V)
	if err != nil {
		return checks.Instance{}, err
	}
	values, err := bounds.SymmetricEigenvalues(bounds.QuadraticResiduals(s.x, s.y, mat.NewSymDense(s.d, nil)))
	if err != nil {
		return checks.Instance{}, err
	}
	var want []float64
	for _, v := range p.V {
		for _, lambda := range values {
			want = append(want, 2/float64(s.n)*math.Copysign(math.Pow(math.Abs(v), power), v)*lambda)
		}
	}
	slices.Sort(want)
	rounding := 1e-12*spread(want) + 1e-13*s.terms(mat.NewSymDense(s.d, nil))/float64(s.n)*spread(p.V)
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		l, err := quadratic.NewLandscape(s.x, s.y, len(p.V))
		if err != nil {
			return checks.Failed(err)
		}
		got, err := bounds.SymmetricEigenvalues(l.Hessian(s.draw(p.Scale, r), nets.FirstLayer))
		if err != nil {
			return checks.Failed(err)
		}
		var ms []checks.Measurement
		for i, lambda := range got {
			ms = append(ms, checks.Measurement{Observed: lambda, Predicted: want[i], Relation: checks.Equal, Tolerance: rounding})
		}
		return checks.Worst(ms...)
	}}, nil
}

// orbit is the symmetry of the loss, which makes every second-order point but zero one of a continuum.
//
// Setting: any inputs, labels and hidden weights; output weights none of which is zero; A = D_v^{-1} K with K antisymmetric, of entries
// N(0, 1) times a size, and Q = (I - A/2)^{-1} (I + A/2).
//
// Hypotheses: I - A/2 is invertible.
//
// Conclusion: Q^T D_v Q = D_v, so that L(Q W) = L(W) ("loss"); and Hess L vec(A W) = -vec(A^T grad L) ("kernel", in a direction N(0, 1)). At a
// stationary point all A W are in the kernel of the Hessian.
//
// Constants: exact. A^T D_v = -K = -D_v A makes Q the Cayley transform of an infinitesimal motion that keeps D_v. The second is the derivative
// of Q^T grad L(Q W) = grad L(W). Tolerances are 1e-10 of the loss before and after, and of the terms
// before they cancel.
//
// Convention: mean loss, v fixed.
//
// Reference: derived here.
//
// Control: A = K where the |v_l| differ.
func orbit() checks.Checkable {
	setup := func(plain bool) func(scene) (checks.Instance, error) {
		return func(p scene) (checks.Instance, error) { return p.motion(plain) }
	}
	uneven := scene{Data: gaussian(5, 3), V: signs(2, 2, 0.25), Scale: 1}
	return checks.Claim[scene]{
		ID: "soltanolkotabi2019/orbit", Title: "networks of equal loss", Reference: "derived here",
		Formula:    `L(QW) = L(W),\quad \nabla^2 L(W)[AW] = -A^{\top}\nabla L(W),\quad A = D_v^{-1}K,\ K^{\top} = -K`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid:  []scene{uneven, {Data: gaussian(3, 1), V: signs(1, 1, 0), Scale: 1}, {Data: gaussian(9, 2), V: signs(3, 0, 4), Scale: 3}},
		Space: scenes(6, 2, 0), Cost: scene.cost, Setup: setup(false),
		Controls: []checks.Control[scene]{{
			Name: "plain-rotation", Why: "K without D_v^{-1} keeps D_v only for equal |v_l| of one sign", At: []scene{uneven, {Data: gaussian(9, 2), V: signs(3, 0, 0.25), Scale: 1}}, Setup: setup(true),
		}},
	}
}

// motion draws A: the infinitesimal motion D_v^{-1} K, or K itself.
func motion(v []float64, size float64, plain bool, r *rand.Rand) *mat.Dense {
	k := len(v)
	a := mat.NewDense(k, k, nil)
	for i := range k {
		for j := range i {
			z := size * r.NormFloat64()
			a.Set(i, j, z)
			a.Set(j, i, -z)
			if !plain {
				a.Set(i, j, z/v[i])
				a.Set(j, i, -z/v[j])
			}
		}
	}
	return a
}

// cayley moves hidden weights by (I - A/2)^{-1} (I + A/2).
func cayley(w, a *mat.Dense) (*mat.Dense, error) {
	k, _ := w.Dims()
	left, right := mat.NewDense(k, k, nil), mat.NewDense(k, k, nil)
	for i := range k {
		for j := range k {
			one := 0.0
			if i == j {
				one = 1
			}
			left.Set(i, j, one-a.At(i, j)/2)
			right.Set(i, j, one+a.At(i, j)/2)
		}
	}
	var moved, out mat.Dense
	moved.Mul(right, w)
	if err := out.Solve(left, &moved); err != nil {
		return nil, fmt.Errorf("the motion has no Cayley transform: %w", err)
	}
	return &out, nil
}

// turned draws a network of the same outputs.
func turned(net *nets.Network, size float64, r *rand.Rand) (*nets.Network, error) {
	w, err := cayley(net.W, motion(net.A, size, false, r))
	if err != nil {
		return nil, err
	}
	return quadratic.Network(w, net.A), nil
}

func (p scene) motion(plain bool) (checks.Instance, error) {
	s, err := newSetting(p.Data, p.V)
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		net := s.draw(p.Scale, r)
		a, u := motion(p.V, 0.3, plain, r), nets.Gaussian(len(p.V), s.d, r)
		w, err := cayley(net.W, a)
		if err != nil {
			return checks.Failed(err)
		}
		l, err := quadratic.NewLandscape(s.x, s.y, len(p.V))
		if err != nil {
			return checks.Failed(err)
		}
		before, after := s.loss(net), s.loss(quadratic.Network(w, p.V))
		var along, back, hu mat.VecDense
		g := mat.NewDense(len(p.V), s.d, l.Gradient(net, nets.FirstLayer))
		var aw, atg mat.Dense
		aw.Mul(a, net.W)
		atg.Mul(a.T(), g)
		flat := mat.NewVecDense(len(p.V)*s.d, u.RawMatrix().Data)
		along.CloneFromVec(mat.NewVecDense(len(p.V)*s.d, aw.RawMatrix().Data))
		back.CloneFromVec(mat.NewVecDense(len(p.V)*s.d, atg.RawMatrix().Data))
		h := l.Hessian(net, nets.FirstLayer)
		hu.MulVec(h, flat)
		terms := mat.Norm(h, 2)*mat.Norm(&along, 2)*mat.Norm(flat, 2) + mat.Norm(&back, 2)*mat.Norm(flat, 2)
		// The terms of S, before they cancel.
		terms += s.terms(quadratic.Form(net)) / float64(s.n) * spread(p.V) * mat.Norm(a, 2) * mat.Norm(net.W, 2) * mat.Norm(flat, 2)
		return checks.All(
			checks.Measurement{Part: "loss", Observed: after, Predicted: before, Relation: checks.Equal, Tolerance: 1e-10 * (before + after + s.energy) * (1 + mat.Norm(w, 2))},
			checks.Measurement{Part: "kernel", Observed: mat.Dot(&hu, &along), Predicted: -mat.Dot(flat, &back), Relation: checks.Equal, Tolerance: 1e-10 * terms},
		)
	}}, err
}
