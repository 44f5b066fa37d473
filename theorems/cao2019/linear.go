package cao2019

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/deep"
	"convergo/theorems/internal/curve"
)

// moved is a network, an input, and a move of its weights.
type moved struct {
	L      int     `json:"l,omitempty"` // 0 means 2
	M      int     `json:"m"`
	D      int     `json:"d"`
	First  float64 `json:"first"`            // the move of W_{L-1}, over 1/sqrt m
	Second float64 `json:"second,omitempty"` // that of W_L
	Lower  float64 `json:"lower,omitempty"`  // that of each of the layers below
	Way    string  `json:"way"`              // cross, along, gradient, gaussian or planted
	Norm   float64 `json:"norm,omitempty"`   // |x|; 0 means 1
	Output float64 `json:"output"`           // the output weights, over those of the initialisation
}

// A step is one network with its move, and what they say of one input.
type step struct {
	x, z, w       []float64             // what the last hidden layer sees, its preactivations, and the output weights
	layers        []bounds.TangentLayer // from the first that moves
	before, after float64               // outputs
	linear        float64               // <grad f, move>
	terms         float64               // a bound on the sum of magnitudes behind an output
	count         int                   // of the terms of a sum
}

func (p moved) cost() checks.Cost {
	m, hidden := float64(p.M), float64(max(2, p.L)-2)
	c := checks.Cost{Trial: 60*m*float64(p.D+4) + 60*m*m*hidden + 4000, Size: fmt.Sprintf("m=%d", p.M)}
	if p.Lower > 0 {
		c.Trial += 30 * m * m * m * hidden // spectral norms
	}
	return c
}

// draw draws network and input and moves the weights. Sign chooses the neurons that "cross" moves; 0 those
// with output weights of the sign that gives more.
func (p moved) draw(sign func(f float64) float64, r *rand.Rand) (step, error) {
	net, x, err := p.start(r)
	if err != nil {
		return step{}, err
	}
	pass, err := net.NewPass(x)
	if err != nil {
		return step{}, err
	}
	last := net.Depth()
	s := step{
		x: pass.Feature(last - 2).RawRowView(0), z: pass.Preactivation(last - 1).RawRowView(0), w: net.LayerParams(net.Params(), last),
		before: pass.Output()[0], count: p.M + p.D,
	}
	move, err := p.move(net, pass, s, sign, r)
	if err != nil {
		return step{}, err
	}
	s.linear = pass.JMul(nil, move)[0]
	after := net.Clone()
	floats.Add(after.Params(), move)
	out, err := after.Output(x)
	if err != nil {
		return step{}, err
	}
	s.after = out[0]
	if s.layers, err = tangentLayers(net, pass, move); err != nil {
		return step{}, err
	}
	s.terms, err = magnitude(net, move, x)
	return s, err
}

// start draws the network and an input.
func (p moved) start(r *rand.Rand) (*deep.Network, *mat.Dense, error) {
	net, err := deep.New(network(p.D, max(2, p.L), p.M), r)
	if err != nil {
		return nil, nil, err
	}
	x := nets.Gaussian(1, p.D, r)
	norm := p.Norm
	if norm == 0 {
		norm = 1
	}
	x.Scale(norm/mat.Norm(x, 2), x)
	floats.Scale(p.Output, net.LayerParams(net.Params(), net.Depth()))
	if p.Way == "planted" { // a shut neuron of the second layer is near its threshold, and sees the first by weights of one direction
		if p.M != 2 || p.D != 1 || p.L != 3 {
			return nil, nil, fmt.Errorf("m = %d, d = %d, L = %d: the planted network has m = 2, d = 1, L = 3", p.M, p.D, p.L)
		}
		x.Set(0, 0, 1)
		copy(net.Params(), []float64{1, 1, 1, -1.01, 0, 0, 1, 0})
	}
	return net, x, nil
}

// tangentLayers is what the bound has to know, from the first layer that moves.
func tangentLayers(net *deep.Network, pass *deep.Pass, move []float64) ([]bounds.TangentLayer, error) {
	var layers []bounds.TangentLayer
	for k := 1; k <= net.Depth(); k++ {
		l := bounds.TangentLayer{
			Move: floats.Norm(net.LayerParams(move, k), 2), Input: floats.Norm(pass.Feature(k-1).RawRowView(0), 2),
			Back: floats.Norm(pass.Backward(k).RawRowView(0), 2),
		}
		if len(layers) == 0 && l.Move == 0 {
			continue
		}
		if k < net.Depth() {
			c := mat.NewVecDense(net.Width(k), nil)
			c.MulVec(net.Weight(k+1).T(), pass.Backward(k+1).RowView(0))
			l.Z, l.C = pass.Preactivation(k).RawRowView(0), c.RawVector().Data
		}
		if len(layers) > 0 && k < net.Depth() { // what lies below has moved
			norm, err := eig.SpectralNorm(net.Weight(k))
			if err != nil {
				return nil, err
			}
			l.Norm = norm.Upper()
		}
		layers = append(layers, l)
	}
	return layers, nil
}

// magnitude is the output of the network of the magnitudes of all weights and moves, which bounds the partial sums.
func magnitude(net *deep.Network, move []float64, x *mat.Dense) (float64, error) {
	all := net.Clone()
	for i, v := range all.Params() {
		all.Params()[i] = math.Abs(v) + math.Abs(move[i])
	}
	var size mat.Dense
	size.Apply(func(_, _ int, v float64) float64 { return math.Abs(v) }, x)
	out, err := all.Output(&size)
	if err != nil {
		return 0, err
	}
	return out[0], nil
}

// move is the direction of the weights, of length First/sqrt m and Second/sqrt m in the last two layers and Lower/sqrt m in each
// layer below.
func (p moved) move(net *deep.Network, pass *deep.Pass, s step, sign func(float64) float64, r *rand.Rand) ([]float64, error) {
	move := make([]float64, net.NumParams())
	one, two := net.LayerParams(move, net.Depth()-1), net.LayerParams(move, net.Depth())
	root := math.Sqrt(float64(p.M))
	switch p.Way {
	case "cross":
		want := 0.0
		if sign != nil {
			want = sign(s.before)
		}
		outward(one, s.x, crossing(s.z, s.w, want, p.First/root*floats.Norm(s.x, 2)))
	case "along": // every neuron that fires moves up, and its output weight in proportion
		shift := make([]float64, p.M)
		for k, z := range s.z {
			if z > 0 {
				shift[k] = 1 + 0.5*math.Abs(math.Sin(float64(k)))
			}
		}
		outward(one, s.x, shift)
		copy(two, shift)
	case "gradient":
		pass.JTMul(move, []float64{1})
	case "planted":
		copy(move, []float64{1, -1.01})
	case "gaussian":
		for k := range move {
			move[k] = r.NormFloat64()
		}
	default:
		return nil, fmt.Errorf("way %q: use cross, along, gradient, gaussian or planted", p.Way)
	}
	for l := 1; l < net.Depth()-1; l++ {
		resize(net.LayerParams(move, l), p.Lower/root)
	}
	resize(one, p.First/root)
	resize(two, p.Second/root)
	return move, nil
}

// outward sets the rows of a move (m x d) so that the preactivations of x move by shift; a zero x stays.
func outward(one, x, shift []float64) {
	square := floats.Dot(x, x)
	if square == 0 {
		return
	}
	for k, s := range shift {
		floats.AddScaledTo(one[k*len(x):(k+1)*len(x)], one[k*len(x):(k+1)*len(x)], s/square, x)
	}
}

// crossing moves neurons through zero by |w_r| u each, with u such that the move has the given length; a sign of 0
// takes the sign of w that gains more.
func crossing(z, w []float64, sign, length float64) []float64 {
	if sign == 0 {
		up, down := crossing(z, w, 1, length), crossing(z, w, -1, length)
		if gain(z, w, up) > gain(z, w, down) {
			return up
		}
		return down
	}
	var ns []int // of that sign, and by and by those that cross at hi
	norm := 0.0
	for r, v := range w {
		if v*sign > 0 {
			ns, norm = append(ns, r), math.Hypot(norm, v)
		}
	}
	shift := make([]float64, len(z))
	if norm == 0 || length == 0 {
		return shift
	}
	crosses := func(r int, u float64) bool { return math.Abs(w[r])*u > 2*math.Abs(z[r]) }
	reach := func(u float64) (square float64) {
		for _, r := range ns {
			if crosses(r, u) {
				square += w[r] * w[r]
			}
		}
		return u * math.Sqrt(square)
	}
	lo, hi := 0.0, length/norm
	for reach(hi) < length && hi < 1e15 {
		lo, hi = hi, 2*hi
	}
	ns = slices.DeleteFunc(ns, func(r int) bool { return !crosses(r, hi) })
	for range 50 {
		if mid := (lo + hi) / 2; reach(mid) < length {
			lo = mid
		} else {
			hi = mid
		}
	}
	for _, r := range ns {
		if crosses(r, hi) {
			shift[r] = -math.Copysign(math.Abs(w[r])*hi, z[r])
		}
	}
	return shift
}

// gain is sum_r |w_r| (|s_r| - |z_r|)_+.
func gain(z, w, shift []float64) (sum float64) {
	for r, s := range shift {
		sum += math.Abs(w[r]) * math.Max(0, math.Abs(s)-math.Abs(z[r]))
	}
	return sum
}

// resize gives a vector the length; a zero vector stays.
func resize(v []float64, length float64) {
	if norm := floats.Norm(v, 2); norm > 0 {
		floats.Scale(length/norm, v)
	}
}

// nonlinear is f_{W'}(x) - f_W(x) - <grad f_W(x), W'-W>.
func (s step) nonlinear() float64 { return s.after - s.before - s.linear }

// tolerance is the rounding of outputs that are sums of that many terms.
func (s step) tolerance() float64 {
	return 8 * float64(len(s.z)+len(s.x)+8) * unit * (s.terms + math.Abs(s.linear))
}

// nearLinearity is Lemma 4.1 with all constants, at every depth and width.
//
// Setting: any L >= 2; any weights W, such as those of the initialisation, and W' with |W'_k - W_k|_F = omega_k; any input x, with features h_0 = x,
// h_k = relu(z_k), z_k = W_k h_{k-1}; b_k and c_k the gradients of f_W(x) in z_k and h_k, b_L = sqrt m.
//
// Hypotheses: none.
//
// Conclusion: |f_{W'}(x) - f_W(x) - <grad f_W(x), W'-W>| <= sum_k |b_k| omega_k R_{k-1} + sum_{k<L} S_k, with R_0 = 0,
// R_k = |W_k|_2 R_{k-1} + omega_k (|h_{k-1}| + R_{k-1}), and S_k the larger over the two signs of c = c_k of
// min_{u>0} sum_r |c_r| (|c_r| u/2 - |z_r|)_+ + R_k^2/(2u), the sum being over the neurons with that sign, z = z_k. For L = 2:
// sqrt(m) omega_1 omega_2 |x| + S_1, with c = sqrt(m) W_2 and R_1 = omega_1 |x|.
//
// Constants: derived (bounds.LinearisationError and bounds.Crossings have the proof). The paper has, with hidden constants,
// omega^{1/3} L^2 sqrt(m log m) times the sum of the spectral norms of the moves of all layers but the last, for
// omega <= kappa L^{-6} (log m)^{-3/2} and with probability 1 - O(n L^2) exp(-Omega(m omega^{2/3} L)) over W; its proof needs (log m)^{-3} there. Here omega is free.
// The product of the last layer is attained by moves along the firing neurons of a network whose output weights are 0; S_{L-1}, at large m, by moving
// the neurons nearest to zero across it; and |W_2|_2 R_1 in a planted network of three layers. A product of a lower
// layer whose c_k has one sign is at most S_k itself, so that no instance here needs it.
//
// Convention: sqrt(m) before the last layer; the derivative of ReLU at 0 is 0.
//
// Reference: derived here, after Cao, Gu (2019), Lemma 4.1.
//
// Control: each of the two sums times 0.8; both for 0.8 of the moves, as if the ball were that much smaller; and spectral norms times 0.8.
func nearLinearity() checks.Checkable {
	setup := func(product, cross, radius, spectral float64) func(moved) (checks.Instance, error) {
		return func(p moved) (checks.Instance, error) {
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				s, err := p.draw(nil, r)
				if err != nil {
					return checks.Failed(err)
				}
				for k := range s.layers {
					s.layers[k].Move *= radius
					s.layers[k].Norm *= spectral
				}
				products, crossings := bounds.LinearisationError(s.layers)
				products, crossings = product*products, cross*crossings
				m := checks.Measurement{Part: "crossings", Observed: math.Abs(s.nonlinear()), Predicted: products + crossings, Term: crossings, Tolerance: s.tolerance()}
				n := m
				n.Part, n.Term = "products of the moves", products
				return checks.All(m, n)
			}}, nil
		}
	}
	wide := moved{M: 16384, D: 1, First: 1, Way: "cross", Output: 1}
	silent := moved{M: 10, D: 3, First: 1, Second: 2, Way: "along"}
	planted := moved{L: 3, M: 2, D: 1, Lower: 0.5, Way: "planted", Output: 1}
	return checks.Claim[moved]{
		ID: "cao2019/near-linearity", Title: "deep networks are nearly linear in their weights", Reference: "derived here, after Lemma 4.1",
		Formula:    `\left|f_{W'}(x) - f_W(x) - \langle\nabla f_W(x), W'-W\rangle\right| \le \sum_k \|b_k\|\,\omega_k R_{k-1} + \sum_{k<L} S_k`,
		Convention: law + "; any |x|", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) moved {
			return moved{
				L: rapid.IntRange(2, 4).Draw(t, "L"), M: rapid.IntRange(1, 40).Draw(t, "m"), D: rapid.IntRange(1, 4).Draw(t, "d"),
				First: rapid.SampledFrom([]float64{0, 1e-3, 0.3, 1, 10, 1e3}).Draw(t, "first"), Second: rapid.SampledFrom([]float64{0, 0.1, 1, 30}).Draw(t, "second"),
				Lower: rapid.SampledFrom([]float64{0, 0.01, 1, 10}).Draw(t, "lower"),
				Way:   rapid.SampledFrom([]string{"cross", "along", "gradient", "gaussian"}).Draw(t, "way"),
				Norm:  rapid.SampledFrom([]float64{0, 1e-2, 30}).Draw(t, "|x|"), Output: rapid.SampledFrom([]float64{1, 0, 20}).Draw(t, "output"),
			}
		}),
		Grid: []moved{
			{M: 1, D: 1, First: 10, Second: 1, Way: "cross", Output: 1},
			silent, // the product is attained
			{M: 64, D: 5, First: 1, Second: 1, Way: "gradient", Output: 1},
			{M: 256, D: 10, First: 3, Second: 3, Way: "gaussian", Output: 1, Norm: 2},
			planted, // the spectral norm is attained
			{L: 3, M: 100, D: 5, First: 1, Second: 1, Lower: 1, Way: "gradient", Output: 1},
			{L: 4, M: 50, D: 5, First: 0.3, Second: 1, Lower: 0.3, Way: "gaussian", Output: 1},
			{L: 4, M: 300, D: 2, First: 3, Second: 0.1, Way: "cross", Output: 1},
			wide, // the crossings are attained
			{M: 65536, D: 1, First: 10, Way: "cross", Output: 1},
		},
		Cost:  moved.cost,
		Setup: setup(1, 1, 1, 1),
		Controls: []checks.Control[moved]{
			{Name: "crossings", Why: "neurons moved through zero attain S", At: []moved{wide}, Setup: setup(1, 0.8, 1, 1)},
			{Name: "products", Why: "without output weights the error is the product of the moves", At: []moved{silent}, Setup: setup(0.8, 1, 1, 1)},
			{Name: "smaller-ball", Why: "the moves are longer than is assumed", At: []moved{wide, silent, planted}, Setup: setup(1, 1, 0.8, 1)},
			{Name: "spectral-norm", Why: "the planted network moves along the largest singular direction", At: []moved{planted}, Setup: setup(1, 1, 1, 0.8)},
		},
	}
}

// pushing is a ladder of widths with the worst move of the first layer.
type pushing struct {
	Radius float64 `json:"radius"`
	Power  float64 `json:"power"` // the move is Radius m^Power
	M      []int   `json:"m"`
	Nets   []int   `json:"nets"` // averaged at each width
}

// nearLinearityRate is the exponent of the width in Lemma 4.1.
//
// Setting: L = 2, the initialisation; the move of the first layer, omega = R/sqrt m, that raises the output most beyond its linearisation: the
// neurons with positive output weights whose preactivations are nearest to zero are pushed across it.
//
// Hypotheses: R in [1, 10], and m >= 64 R^2 at the lower end of the ladder, so that the neurons that cross are few.
//
// Conclusion: |f_{W'}(x) - f_W(x) - <grad f_W(x), W'-W>| falls like m^{-1/6}, to within 0.05 of the exponent over a ladder
// of 64 in the width, of which a pass averages several networks; its leading term is (3/4) (R^4/(sqrt 2 pi))^{1/3} m^{-1/6} (bounds.CrossingsLimit, drawn beside it).
//
// Constants: the exponent is that of Lemma 4.1, omega^{4/3} sqrt(m) at omega = R/sqrt m, without its logarithm, and is
// derived; the resolution is ours, for sizes at which the limit is not reached.
//
// Convention: all of one pass at one x; the error does not depend on d.
//
// Reference: derived here, after Cao, Gu (2019), Lemma 4.1, which has the exponent as an upper bound.
//
// Control: moves of R m^{-0.4} and R m^{-0.6}, whose errors have the exponents -0.03 and -0.30.
func nearLinearityRate() checks.Checkable {
	ladder := func(power float64, nets ...int) pushing {
		return pushing{Radius: 2, Power: power, M: []int{256, 2048, 16384}, Nets: nets}
	}
	return checks.Claim[pushing]{
		ID: "cao2019/near-linearity-rate", Title: "the linearisation error falls like m^(-1/6)", Reference: "derived here, after Lemma 4.1",
		Formula:    `\left|f_{W'}(x) - f_W(x) - \langle\nabla f_W(x), W'-W\rangle\right| \sim \tfrac34 \left(\tfrac{R^4}{\sqrt2\,\pi}\right)^{1/3} m^{-1/6}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Along: "width $m$", Version: 1,
		Grid:  []pushing{ladder(-0.5, 32, 8, 2), {Radius: 10, Power: -0.5, M: []int{8192, 65536, 524288}, Nets: []int{32, 8, 2}}},
		Cost:  pushing.cost,
		Setup: pushing.setup,
		Controls: []checks.Control[pushing]{
			{Name: "longer-moves", Why: "a ball of radius R m^(-0.4)", At: []pushing{ladder(-0.4, 16, 2, 1)}},
			{Name: "shorter-moves", Why: "a ball of radius R m^(-0.6)", At: []pushing{ladder(-0.6, 16, 2, 1)}},
		},
	}
}

func (p pushing) cost() checks.Cost {
	c := checks.Cost{Size: fmt.Sprintf("m=%d", p.M[len(p.M)-1])}
	for i, m := range p.M {
		c.Trial += 250 * float64(m*p.Nets[i])
	}
	return c
}

func (p pushing) setup() (checks.Instance, error) {
	least := float64(p.M[0])
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{
			checks.Require("R", p.Radius, checks.AtLeast, 1), checks.Require("R", p.Radius, checks.AtMost, 10),
			checks.Require("least width", least, checks.AtLeast, 64*p.Radius*p.Radius),
		},
		Terms: checks.Terms{Exponent: -1. / 6, Relation: checks.Equal, Resolution: 0.05, Trials: 16},
		Trial: p.trial,
	}, nil
}

func (p pushing) trial(r *rand.Rand) checks.Measurement {
	var m checks.Measurement
	var widths, errors, limits []float64
	up := func(float64) float64 { return 1 }
	for i, width := range p.M {
		size, e := float64(width), 0.0
		for range p.Nets[i] {
			s, err := moved{M: width, D: 1, First: p.Radius * math.Pow(size, p.Power+0.5), Way: "cross", Output: 1}.draw(up, r)
			if err != nil {
				return checks.Failed(err)
			}
			e += math.Abs(s.nonlinear()) / float64(p.Nets[i])
		}
		m.Ladder = append(m.Ladder, checks.Rung{Size: size, Value: e})
		widths, errors, limits = append(widths, size), append(errors, e), append(limits, bounds.CrossingsLimit(p.Radius, width))
	}
	axes := curve.Axes{X: "width m", Y: "linearisation error", LogX: true, LogY: true}
	m.Series = []checks.Series{axes.Measured("worst move", widths, errors), axes.Bound("limit", widths, limits)}
	return m
}
