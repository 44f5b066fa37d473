package soltanolkotabi2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/quadratic"
)

func (s *setting) curvatureAt(net *nets.Network) (c curvature, err error) {
	l, err := quadratic.NewLandscape(s.x, s.y, net.Width())
	if err != nil {
		return c, err
	}
	h := l.Hessian(net, nets.FirstLayer)
	least, err := eig.Min(h)
	if err != nil {
		return c, err
	}
	c.form = quadratic.Form(net)
	values, err := bounds.SymmetricEigenvalues(bounds.QuadraticResiduals(s.x, s.y, c.form))
	if err != nil {
		return c, err
	}
	c.loss, c.hessian, c.low, c.high = l.Loss(net), least.Value, values[0], values[s.d-1]
	c.rounding = least.Err + 1e-12*mat.Norm(h, 2) + 1e-13*s.terms(c.form)/float64(s.n)*spread(s.v)
	return c, nil
}

// terms is the size of the terms of S at a form, before they cancel: what its rounding is relative to.
func (s *setting) terms(form *mat.SymDense) (sum float64) {
	for i, y := range s.y {
		row := s.x.RowView(i)
		sum += (math.Abs(mat.Inner(row, form, row)) + math.Abs(y)) * mat.Dot(row, row)
	}
	return sum
}

// saddles compares how far the Hessian curves down with what the top and the bottom of S say of it.
func (s *setting) saddles(c curvature, factor float64) checks.Measurement {
	part := func(name string, low, high float64) checks.Measurement {
		return checks.Measurement{Part: name, Observed: -c.hessian, Predicted: -factor * bounds.QuadraticSaddle(s.n, s.v, low, high), Relation: checks.AtLeast, Tolerance: c.rounding}
	}
	return checks.All(part("top", 0, max(0, c.high)), part("bottom", min(0, c.low), 0))
}

// saddleEverywhere is the explicit modulus of the strict saddle property, at every point.
//
// Setting: any inputs, labels and hidden weights; S = sum_i r_i x_i x_i^T; v+ and v- the least |v_l| among the positive and the
// negative v_l (others may be zero).
//
// Hypotheses: k+ >= d+1 and k- >= d+1. W need not be stationary.
//
// Conclusion: the Hessian of L in W has -lambda_min >= (2/n) v- max(lmax(S), 0) ("top") and -lambda_min >= (2/n) v+ max(-lmin(S), 0) ("bottom"). So
// -lambda_min >= (2/n) vmin ||S||_2, which is positive wherever W is not a global minimum (see exact-gap).
//
// Constants: ours; the paper proves that the eigenvalue is negative. The neurons of a sign are linearly dependent, a^T W_- = 0; the direction
// U = D_v^{-1} a b^T changes no output to first order, and the second-order term is (2/n) (sum_l u_l^2 v_l) b^T S b over ||u||^2, u = D_v^{-1} a, where
// -sum_l u_l^2 v_l/||u||^2 >= v-. Equality at every W where the |v_l| of each sign are equal.
//
// Convention: mean loss, v fixed.
//
// Reference: derived here, the quantitative form of Theorem 2.1(ii) of Soltanolkotabi, Javanmard, Lee (2019).
//
// Control: 1.25 times the modulus; and one neuron of a sign short of d+1, with those there are of full rank.
func saddleEverywhere() checks.Checkable {
	setup := func(factor float64) func(scene) (checks.Instance, error) {
		return func(p scene) (checks.Instance, error) {
			s, err := newSetting(p.Data, p.V)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Hypotheses: enough(p.V, s.d+1),
				Trial: func(r *rand.Rand) checks.Measurement {
					c, err := s.curvatureAt(s.draw(p.Scale, r))
					if err != nil {
						return checks.Failed(err)
					}
					return s.saddles(c, factor)
				},
			}, nil
		}
	}
	saddle := func(s *setting, c curvature) checks.Measurement { return s.saddles(c, 1) }
	uneven := []float64{1, 1, 1, -3, -3, -3} // equal within each sign, which attains the modulus, and tells v- from v+
	low := gaussian(6, 2)
	low.Labels, low.LabelScale = data.Const, 30 // S is negative: the bottom is attained
	high := low
	high.LabelScale = -30
	return checks.Claim[scene]{
		ID: "soltanolkotabi2019/saddle-everywhere", Title: "depth of saddles at every point", Reference: "derived here, after Theorem 2.1",
		Formula:    `-\lambda_{\min}(\nabla^2 L(W)) \ge \tfrac{2}{n}\max\left(v_-\,\lambda_{\max}(S)_+,\ v_+\,\lambda_{\min}(S)_-\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []scene{
			{Data: high, V: uneven, Scale: 0.3}, {Data: low, V: uneven, Scale: 0.3}, // attain top and bottom
			{Data: gaussian(6, 2), V: signs(3, 3, 0), Scale: 1},
			{Data: steep(1, -1), V: signs(2, 2, 0)}, {Data: gaussian(9, 3), V: signs(4, 4, 1), Scale: 1}, {Data: gaussian(3, 2), V: append(signs(3, 4, 9), 0), Scale: 3},
		},
		Space: scenes(7, 2, 1), Cost: scene.cost, Setup: setup(1),
		Controls: []checks.Control[scene]{
			{Name: "deeper-top", Why: "1.25 times the modulus where it is attained by the top of S", At: []scene{{Data: high, V: uneven, Scale: 0.3}}, Setup: setup(1.25)},
			{Name: "deeper-bottom", Why: "1.25 times the modulus where it is attained by the bottom of S", At: []scene{{Data: low, V: uneven, Scale: 0.3}}, Setup: setup(1.25)},
			{Name: "full-rank-negative", Why: fullRankWhy, At: []scene{{Data: gaussian(4, 2), V: signs(3, 2, 0)}, {Data: gaussian(1, 1), V: signs(2, 1, 0)}}, Setup: fullRank(-1, saddle)},
			{Name: "full-rank-positive", Why: "the mirror image", At: []scene{{Data: gaussian(4, 2), V: signs(2, 3, 0)}, {Data: gaussian(1, 1), V: signs(1, 2, 0)}}, Setup: fullRank(1, saddle)},
		},
	}
}

// A stationary is a stationary point with a gap: on inputs a_i e_i with labels y_i, the labels of the coordinates in Fitted are met
// by a neuron each, and all other neurons are zero.
type stationary struct {
	Norms  []float64 `json:"norms"`  // a_i
	Labels []float64 `json:"labels"` // y_i
	Fitted []int     `json:"fitted,omitempty"`
	V      []float64 `json:"v"`
	Turn   float64   `json:"turn,omitempty"` // size of a random motion along the points of equal outputs
	Sub    []float64 `json:"sub,omitempty"`  // output weights of a smaller network whose minimum is padded by zero neurons with V; Fitted is not used
}

func (p stationary) data() (x *mat.Dense, err error) {
	d := len(p.Norms)
	if len(p.Labels) != d {
		return nil, fmt.Errorf("%d labels for %d inputs", len(p.Labels), d)
	}
	x = mat.NewDense(d, d, nil)
	for i, a := range p.Norms {
		x.Set(i, i, a)
	}
	return x, nil
}

// weights gives each fitted label the last unused neuron of its sign, whose |v_l| is largest.
func (p stationary) weights() (*mat.Dense, error) {
	w, used := mat.NewDense(len(p.V), len(p.Norms), nil), make([]bool, len(p.V))
	for _, i := range p.Fitted {
		for l := len(p.V) - 1; ; l-- {
			if l < 0 {
				return nil, fmt.Errorf("no neuron left of the sign of label %v", p.Labels[i])
			}
			if !used[l] && p.V[l]*p.Labels[i] > 0 {
				w.Set(l, i, math.Sqrt(p.Labels[i]/p.V[l])/p.Norms[i])
				used[l] = true
				break
			}
		}
	}
	return w, nil
}

// net draws the stationary point: exact, or the end of the way down of the smaller network.
func (p stationary) net(s *setting, r *rand.Rand) (*nets.Network, error) {
	if len(p.Sub) > 0 {
		small := quadratic.Network(nets.Gaussian(len(p.Sub), s.d, r), p.Sub)
		l, err := quadratic.NewLandscape(s.x, s.y, len(p.Sub))
		if err != nil {
			return nil, err
		}
		at, err := l.Minimise(small, quadratic.Options{Steps: mostSteps, Enough: func(p quadratic.Point) bool { return p.Gradient <= 1e-13*p.Largest }})
		if err != nil {
			return nil, err
		}
		w := mat.NewDense(len(p.Sub)+len(p.V), s.d, nil)
		w.Slice(0, len(p.Sub), 0, s.d).(*mat.Dense).Copy(at.Net.W)
		return quadratic.Network(w, append(append([]float64(nil), p.Sub...), p.V...)), nil
	}
	w, err := p.weights()
	if err != nil {
		return nil, err
	}
	net := quadratic.Network(w, p.V)
	if p.Turn > 0 {
		return turned(net, p.Turn, r)
	}
	return net, nil
}

// stationaryHypothesis is that the gradient vanishes up to rounding.
func stationaryHypothesis(s *setting, net *nets.Network) (checks.Hypothesis, error) {
	l, err := quadratic.NewLandscape(s.x, s.y, net.Width())
	if err != nil {
		return checks.Hypothesis{}, err
	}
	g := mat.Norm(mat.NewVecDense(net.Width()*s.d, l.Gradient(net, nets.FirstLayer)), 2)
	scale := mat.Norm(l.Hessian(net, nets.FirstLayer), 2) * (1 + mat.Norm(net.W, 2))
	return checks.Require("gradient over that of a point at unit distance", g/scale, checks.AtMost, 1e-11), nil
}

// saddleStationary is the modulus at stationary points, where d neurons of each sign are enough.
//
// Setting: stationary points W of L in W: on inputs a_i e_i some labels met by a neuron each and the other neurons zero, also moved along the
// networks of equal outputs; and minima of a smaller network padded by zero neurons. v+, v-, S as in saddle-everywhere.
//
// Hypotheses: k+ >= d and k- >= d; the gradient is zero, up to rounding.
//
// Conclusion: as in saddle-everywhere: the Hessian has -lambda_min >= (2/n) v- max(lmax(S), 0) ("top") and
// -lambda_min >= (2/n) v+ max(-lmin(S), 0) ("bottom").
//
// Constants: ours. The gradient is (2/n) D_v W S: where S != 0, the rank of W is below d, so that d neurons of a sign are linearly dependent, and the
// proof is that of saddle-everywhere. Equality where the |v_l| of each sign are equal.
//
// Convention: mean loss, v fixed.
//
// Reference: Soltanolkotabi, Javanmard, Lee (2019), Theorem 2.1(ii); the modulus derived here.
//
// Control: 1.25 times the modulus; d - 1 negative or positive neurons, which have local minima with S != 0; and a point that is not stationary.
func saddleStationary() checks.Checkable {
	setup := func(factor float64) func(stationary) (checks.Instance, error) {
		return func(p stationary) (checks.Instance, error) { return p.saddle(factor) }
	}
	norms, labels := []float64{1, 2, 0.5}, []float64{3, -2, 1}
	top := stationary{Norms: norms, Labels: labels, Fitted: []int{0}, V: []float64{1, 1, 1, -3, -3, -3}}
	bottom := stationary{Norms: norms, Labels: []float64{3, -20, 1}, Fitted: []int{1}, V: []float64{1, 1, 1, -3, -3, -3}}
	return checks.Claim[stationary]{
		ID: "soltanolkotabi2019/saddle-stationary", Title: "depth of saddles at stationary points", Reference: "Theorem 2.1(ii)",
		Formula:    `\nabla L(W) = 0 \ \Rightarrow\ -\lambda_{\min}(\nabla^2 L(W)) \ge \tfrac{2}{n}\max\left(v_-\,\lambda_{\max}(S)_+,\ v_+\,\lambda_{\min}(S)_-\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []stationary{
			top, bottom,
			{Norms: []float64{2}, Labels: []float64{-1}, V: signs(1, 1, 0)}, // d = 1 at the origin
			{Norms: norms, Labels: labels, V: signs(3, 3, 1)},
			{Norms: norms, Labels: labels, Fitted: []int{0, 1}, V: signs(3, 3, 1), Turn: 0.5},
			{Norms: norms, Labels: labels, Sub: []float64{1}, V: signs(2, 3, 0)},
			{Norms: norms, Labels: labels, Sub: []float64{-2}, V: signs(3, 2, 0)},
		},
		Cost:  func(p stationary) checks.Cost { return checks.Cost{Trial: 3e5} },
		Setup: setup(1),
		Controls: []checks.Control[stationary]{
			{Name: "deeper", Why: "1.25 times the modulus where it is attained", At: []stationary{top, bottom}, Setup: setup(1.25)},
			{Name: "one-negative-short", Why: "where d - 1 negative neurons have come down on labels -1, the Hessian is positive semidefinite and S is not zero", At: []stationary{{Labels: []float64{-1}, V: signs(3, 2, 0)}}, Setup: stationary.tooFew},
			{Name: "one-positive-short", Why: "the mirror image", At: []stationary{{Labels: []float64{1}, V: signs(2, 3, 0)}}, Setup: stationary.tooFew},
			{Name: "moving", Why: fullRankWhy, At: []stationary{{V: signs(2, 2, 0)}}, Setup: func(p stationary) (checks.Instance, error) {
				return fullRank(-1, func(s *setting, c curvature) checks.Measurement { return s.saddles(c, 1) })(scene{Data: gaussian(4, 2), V: p.V})
			}},
		},
	}
}

func (p stationary) saddle(factor float64) (checks.Instance, error) {
	x, err := p.data()
	if err != nil {
		return checks.Instance{}, err
	}
	all := append(append([]float64(nil), p.Sub...), p.V...)
	s, err := labelled(x, p.Labels, all)
	return checks.Instance{
		Hypotheses: enough(all, s.d),
		Trial: func(r *rand.Rand) checks.Measurement {
			net, err := p.net(s, r)
			if err != nil {
				return checks.Failed(err)
			}
			c, err := s.curvatureAt(net)
			if err != nil {
				return checks.Failed(err)
			}
			m := s.saddles(c, factor)
			h, err := stationaryHypothesis(s, net)
			m.Hypotheses = append(m.Hypotheses, h)
			if err != nil {
				return checks.Failed(err)
			}
			return m
		},
	}, err
}

// tooFew is the end of a way down on nine inputs on the sphere in three dimensions, all with the first label.
func (p stationary) tooFew() (checks.Instance, error) {
	s, err := newSetting(data.Spec{Kind: data.Sphere, N: 9, D: 3, Seed: 1, Labels: data.Const, LabelScale: p.Labels[0]}, p.V)
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		at, _, _, err := s.goDown(s.draw(1, r), quadratic.Options{})
		if err != nil {
			return checks.Failed(err)
		}
		c, err := s.curvatureAt(at.Net)
		if err != nil {
			return checks.Failed(err)
		}
		return s.saddles(c, 1)
	}}, err
}
