package allenzhu2019

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/images"
)

// A step is a move of the weights of a network, with a residual.
type step struct {
	Data     data.Spec `json:"data"`
	M        int       `json:"m"`
	L        int       `json:"l,omitempty"`
	Kind     string    `json:"kind"`
	Size     float64   `json:"size,omitempty"`     // Frobenius norm of the move
	Residual float64   `json:"residual,omitempty"` // norm
}

// Kinds of move.
const (
	anyMove     = "random"
	down        = "gradient"    // along the gradient
	acrossKinks = "kinks"       // planted: every gate that helps flips
	curved      = "curved"      // planted: near-equal inputs, no kink, no residual
	smallest    = "preactivity" // over the kinks of the smallest preactivations
	bilinear    = "bilinear"    // planted: two layers move together, and no gate flips
)

// semiSmooth is Theorem 4 for two layers, with its constants.
//
// Setting: any data, f(x) = m^{-1/2} sum_r a_r relu(w_r.x) with |a_r| = 1, F = |e|^2/2 for the residual e; any weights W and move W'.
//
// Hypotheses: none (gates and flips count 1{z >= 0}).
//
// Conclusion: with p the largest share of the neurons over the inputs whose gate differs between W and W+W', and s = min(sqrt n |W'|_2, |X|_2 |W'|_F) for
// inputs of unit norm, F(W+W') <= F(W) + <grad F(W), W'> + sqrt(2 F(W) p) s + s^2/2.
//
// Constants: derived. f_i(W+W') - f_i(W) = <grad f_i, W'> + err_i with |err_i| <= m^{-1/2} sum |w'_r.x_i| over flipped r, which is at most
// sqrt(p) |W' x_i|, and |f_i(W+W') - f_i(W)| <= |W' x_i|; sum_i |W' x_i|^2 <= s^2. Both terms are attained. In the theorem
// sqrt p is O(omega^{1/3}).
//
// Convention: 1/sqrt(m) scaling, first layer trained.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 4, whose constants are hidden; this version is derived here.
//
// Control: no first-order term, as if the loss were smooth; 0.9 of either term.
func semiSmooth() checks.Claim[step] {
	setup := func(first, second float64) func(step) (checks.Instance, error) {
		return func(p step) (checks.Instance, error) { return p.twoLayers(first, second) }
	}
	one := data.Spec{Kind: data.Basis, N: 1, D: 1}
	kinks := step{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 8, Kind: acrossKinks, Size: 0.001, Residual: 1000}
	bend := step{Data: data.Spec{Kind: data.Cluster, N: 4, D: 3, Spread: 1e-6, Seed: 1}, M: 6, Kind: curved, Size: 1}
	return checks.Claim[step]{
		ID: "allenzhu2019/semi-smooth", Title: "semi-smoothness of two layers", Reference: "Theorem 4; derived here",
		Formula:    `F(W+W') \le F(W) + \langle\nabla F(W), W'\rangle + \sqrt{2F(W)\,p}\;s + \frac{s^2}{2}`,
		Convention: "f = m^{-1/2} sum_r a_r relu(w_r.x), |a_r| = 1; first layer trained, F = half the sum of squares",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) step {
			return step{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 5, MinD: 1, MaxD: 4}).Draw(t, "data"), M: rapid.IntRange(1, 40).Draw(t, "m"),
				Kind: rapid.SampledFrom([]string{anyMove, down, smallest}).Draw(t, "kind"),
				Size: rapid.SampledFrom([]float64{1e-6, 0.01, 1, 100}).Draw(t, "size"), Residual: rapid.SampledFrom([]float64{0, 1e-3, 1, 1e3}).Draw(t, "residual"),
			}
		}),
		Grid: []step{
			kinks, bend, // where the two terms are attained
			{Data: one, M: 1000, Kind: smallest, Size: 1, Residual: 100},
			{Data: images.Easy(data.MNIST, 8, 49), M: 100, Kind: down, Size: 3, Residual: 2},
		},
		Cost: func(p step) checks.Cost {
			n, d := p.Data.Size()
			return checks.Cost{Setup: 5e4, Trial: float64(40*n*d*p.M) + 3e4}
		},
		Setup: setup(1, 1),
		Controls: []checks.Control[step]{
			{Name: "smooth", Why: "without the first-order term kinks break it", At: []step{{Data: one, M: 1000, Kind: smallest, Size: 1, Residual: 100}, kinks}, Setup: setup(0, 1)},
			{Name: "first-order", Why: "0.9 of the first-order term", At: []step{kinks}, Setup: setup(0.9, 1)},
			{Name: "curvature", Why: "0.9 of the second-order term", At: []step{bend}, Setup: setup(1, 0.9)},
		},
	}
}

func (p step) twoLayers(first, second float64) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	norm, err := eig.SpectralNorm(set.X)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		net, residual, move, err := p.plant(set.X, r)
		if err != nil {
			return checks.Failed(err)
		}
		n, d := set.X.Dims()
		before, after := nets.NewBatch(set.X, p.M), nets.NewBatch(set.X, p.M)
		before.Forward(net)
		gradient := mat.NewDense(p.M, d, nil)
		before.Gradient(gradient, nil, net, residual)
		slope := floats.Dot(gradient.RawMatrix().Data, move.RawMatrix().Data)
		old, next := nets.NewPatterns(n, p.M), nets.NewPatterns(n, p.M)
		before.Patterns(old)
		net.W.Add(net.W, move)
		after.Forward(net)
		after.Patterns(next)
		flips := make([]int, n)
		old.Flips(flips, next)
		share := 0.0
		for _, k := range flips {
			share = math.Max(share, float64(k)/float64(p.M))
		}
		spectral, err := eig.SpectralNorm(move)
		if err != nil {
			return checks.Failed(err)
		}
		s := math.Min(math.Sqrt(float64(n))*spectral.Upper(), norm.Upper()*mat.Norm(move, 2))
		// F(W+W') - F(W) without the cancellation of the two: (e + u/2).u, u the change of the outputs.
		rise, f := 0.0, square(residual)/2
		rounding := 1.0
		for i, e := range residual {
			u := after.U[i] - before.U[i]
			rise += (e + u/2) * u
			rounding += math.Abs(e)*(math.Abs(after.U[i])+math.Abs(before.U[i])) + u*u
		}
		bound := first*math.Sqrt(2*f*share)*s + second*s*s/2
		return checks.Measurement{Observed: rise - slope, Predicted: bound, Tolerance: 1e-13 * float64(p.M) * rounding}
	}, Terms: checks.Terms{Trials: 2}}, nil
}

// plant returns a network, a residual and a move of the parameters' kind.
func (p step) plant(x *mat.Dense, r *rand.Rand) (*nets.Network, []float64, *mat.Dense, error) {
	n, d := x.Dims()
	net := nets.NTK(p.M, d).Draw(r)
	residual := nets.Gaussian(1, n, r).RawRowView(0)
	if norm := math.Sqrt(square(residual)); norm > 0 {
		floats.Scale(p.Residual/norm, residual)
	}
	move := nets.Gaussian(p.M, d, r)
	switch p.Kind {
	case anyMove:
	case down:
		batch := nets.NewBatch(x, p.M)
		batch.Forward(net)
		batch.Gradient(move, nil, net, residual)
		move.Scale(-1, move)
	case smallest: // over the kinks of the first input: w.x to -w.x for the tenth of the neurons that are cheapest
		net, move = p.overKinks(net, x.RawRowView(0), residual[0])
		return net, residual, move, nil
	case acrossKinks, curved:
		for k := range net.A {
			net.A[k] = 1
		}
		orthogonal := []int{1, 2, 4, 7} // bits of the columns of a Hadamard matrix, for four coordinates
		sign := -1e-9                   // just below the kinks, which the move crosses
		if p.Kind == curved {
			sign = 1
		}
		for k := range p.M {
			for j := range d {
				h := 1.0
				if p.Kind == acrossKinks && bits.OnesCount(uint(k&orthogonal[j]))%2 == 1 {
					h = -1
				}
				if p.Kind == curved {
					h = x.At(0, j)
				}
				net.W.Set(k, j, sign*h)
				move.Set(k, j, h)
			}
		}
		for i := range residual {
			residual[i] = p.Residual / math.Sqrt(float64(n))
		}
	default:
		return nil, nil, nil, fmt.Errorf("kind %q of a move", p.Kind)
	}
	if norm := mat.Norm(move, 2); norm > 0 {
		move.Scale(p.Size/norm, move)
	}
	return net, residual, move, nil
}

// overKinks moves the tenth of the neurons whose preactivations at x are cheapest, among those whose output weight agrees with the residual, to the
// other side of zero.
func (p step) overKinks(net *nets.Network, x []float64, residual float64) (*nets.Network, *mat.Dense) {
	z := make([]float64, p.M)
	for k := range z {
		z[k] = floats.Dot(net.W.RawRowView(k), x)
	}
	move, left := mat.NewDense(p.M, len(x), nil), max(1, p.M/10)
	for _, k := range bySize(z) {
		if net.A[k]*residual < 0 || left == 0 {
			continue
		}
		left--
		for j, v := range x {
			move.Set(k, j, -2*p.Size*z[k]*v)
		}
	}
	return net, move
}

// deepSemiSmooth is Theorem 4 at any depth, with what its proof measures.
//
// Setting: the network of the source anywhere; any move W' of the trained layers. With z_l, h_l before and z'_l, h'_l after the move, b_l the
// gradient of f(x) in z_l and beta_l that in h_l, both before, and K_l the gates of layer l that flip.
//
// Hypotheses: no preactivation is 0.
//
// Conclusion: F(W+W') <= F(W) + <grad F(W), W'> + sum_i |e_i| sum_l ( |b_{i,l}| |W'_l| |h'_{i,l-1} - h_{i,l-1}| + |beta_{i,l}|_{K_l} |z'_{i,l} - z_{i,l}|_{K_l} )
// + (1/2) |f(W+W') - f(W)|^2, norms with an index K over its gates only.
//
// Constants: derived. With D and D' the gates, h' - h = D (z' - z) + (D' - D) z', where |(D' - D) z'| <= |z' - z| gate by gate on K; and z'_l - z_l =
// W_l (h'_{l-1} - h_{l-1}) + W'_l h'_{l-1}. Telescoping, f' - f - <grad f, W'> = sum_l ( b_l W'_l (h'_{l-1} - h_{l-1}) + beta_l (D'_l - D_l) z'_l ).
// Few gates flip (flip-share), which makes the second sum the theorem's omega^{1/3} term.
//
// Convention: as the source, d = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 4; this version is derived here.
//
// Control: without the gates that flip; with 0.9 of either sum.
func deepSemiSmooth() checks.Claim[step] {
	setup := func(moved, flipped float64) func(step) (checks.Instance, error) {
		return func(p step) (checks.Instance, error) { return p.deep(moved, flipped) }
	}
	one := data.Spec{Kind: data.Basis, N: 1, D: 1}
	kinks := step{Data: one, M: 30, L: 1, Kind: acrossKinks, Size: 1e-3, Residual: 1e3}
	together := step{Data: one, M: 30, L: 2, Kind: bilinear, Size: 1e-2, Residual: 1e3}
	return checks.Claim[step]{
		ID: "allenzhu2019/deep-semi-smooth", Title: "semi-smoothness at any depth", Reference: "Theorem 4; derived here",
		Formula:    `F(W+W') \le F(W) + \langle\nabla F(W), W'\rangle + \sum_i |e_i| \sum_l \left(\|b_l\| \|W'_l\| \|h'_{l-1} - h_{l-1}\| + \|\beta_l\|_{K_l} \|z'_l - z_l\|_{K_l}\right) + \frac12 \|f' - f\|^2`,
		Convention: convention,
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) step {
			return step{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 3, MinD: 1, MaxD: 3}).Draw(t, "data"), M: rapid.IntRange(1, 16).Draw(t, "m"), L: rapid.IntRange(1, 3).Draw(t, "L"),
				Kind: rapid.SampledFrom([]string{anyMove, down}).Draw(t, "kind"),
				Size: rapid.SampledFrom([]float64{1e-6, 0.01, 1, 30}).Draw(t, "size"), Residual: rapid.SampledFrom([]float64{1e-3, 1, 1e3}).Draw(t, "residual"),
			}
		}),
		Grid: []step{
			kinks, together, // where the two sums are attained: all gates that help lie just below their kinks, and W'_2 is aligned with what W'_1 does to h_1
			{Data: data.Spec{Kind: data.Sphere, N: 3, D: 3}, M: 30, L: 3, Kind: down, Size: 0.3, Residual: 1},
			{Data: images.Easy(data.MNIST, 4, 49), M: 30, L: 2, Kind: anyMove, Size: 0.3, Residual: 1},
		},
		Cost: func(p step) checks.Cost {
			n, d := p.Data.Size()
			return checks.Cost{Setup: 3e4, Trial: 3 * netCost(n, d, p.M, p.L)}
		},
		Setup: setup(1, 1),
		Controls: []checks.Control[step]{
			{Name: "no-kinks", Why: "without the gates that flip", At: []step{kinks}, Setup: setup(1, 0)},
			{Name: "fewer-kinks", Why: "0.9 of the gates that flip", At: []step{kinks}, Setup: setup(1, 0.9)},
			{Name: "one-layer", Why: "0.9 of what layers do to one another", At: []step{together}, Setup: setup(0.9, 1)},
		},
	}
}

func (p step) deep(moved, flipped float64) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Terms: checks.Terms{Trials: 2}, Trial: func(r *rand.Rand) checks.Measurement {
		m, err := p.deepTrial(set.X, moved, flipped, r)
		if err != nil {
			return checks.Failed(err)
		}
		return m
	}}, nil
}

func (p step) deepTrial(x *mat.Dense, moved, flipped float64, r *rand.Rand) (checks.Measurement, error) {
	n, d := x.Dims()
	net, err := deep.New(config(d, p.M, p.L), r)
	if err != nil {
		return checks.Measurement{}, err
	}
	residual := nets.Gaussian(1, n, r).RawRowView(0)
	floats.Scale(p.Residual/math.Sqrt(square(residual)), residual)
	if p.Kind == acrossKinks {
		residual[0] = p.Residual
		if err := belowKinks(net, x); err != nil {
			return checks.Measurement{}, err
		}
	}
	if p.Kind == bilinear {
		residual[0] = p.Residual
		for l := 1; l <= p.L+1; l++ { // all gates are open
			w := net.Weight(l)
			w.Apply(func(_, _ int, v float64) float64 { return math.Abs(v) }, w)
		}
	}
	before, err := net.NewPass(x)
	if err != nil {
		return checks.Measurement{}, err
	}
	gradient := before.JTMul(nil, residual)
	move := p.deepMove(net, before, gradient, r)
	next := net.Clone()
	floats.Add(next.Params(), move)
	after, err := next.NewPass(x)
	if err != nil {
		return checks.Measurement{}, err
	}
	slope, spectral := 0.0, make([]float64, p.L+2)
	for l := 2; l <= p.L+1; l++ {
		part := net.LayerParams(move, l)
		slope += floats.Dot(net.LayerParams(gradient, l), part)
		norm, err := eig.SpectralNorm(mat.NewDense(p.M, p.M, part))
		if err != nil {
			return checks.Measurement{}, err
		}
		spectral[l] = norm.Upper()
	}
	rise, change, bound, rounding := 0.0, 0.0, 0.0, 0.0
	for i, e := range residual {
		u := after.Output()[i] - before.Output()[i]
		rise += e * u
		change += u * u / 2
		rounding += math.Abs(e) * (math.Abs(after.Output()[i]) + math.Abs(before.Output()[i]))
		for l := 2; l <= p.L+1; l++ {
			linear, kinked := layerTerms(net, before, after, spectral[l], l, i)
			bound += math.Abs(e) * (moved*linear + flipped*kinked)
		}
	}
	scale := rounding + math.Abs(slope) + bound
	return checks.Measurement{
		Observed: rise - slope + change, Predicted: bound + change, Term: bound, Tolerance: 1e-12*float64(p.M*p.L)*scale + 1e-300,
		Hypotheses: []checks.Hypothesis{checks.RequireThat("no preactivation is zero", before.Margin() > 0 && after.Margin() > 0)},
	}, nil
}

// layerTerms are the two terms of one layer and input.
func layerTerms(net *deep.Network, before, after *deep.Pass, spectral float64, l, i int) (linear, kinked float64) {
	b := before.Backward(l).RawRowView(i)
	linear = floats.Norm(b, 2) * spectral * floats.Distance(after.Feature(l-1).RawRowView(i), before.Feature(l-1).RawRowView(i), 2)
	var beta mat.VecDense
	beta.MulVec(net.Weight(l+1).T(), before.Backward(l+1).RowView(i))
	weight, moved := 0.0, 0.0
	z, next := before.Preactivation(l).RawRowView(i), after.Preactivation(l).RawRowView(i)
	for k := range z {
		if (z[k] > 0) != (next[k] > 0) {
			weight += beta.AtVec(k) * beta.AtVec(k)
			moved += (next[k] - z[k]) * (next[k] - z[k])
		}
	}
	return linear, math.Sqrt(weight * moved)
}

// belowKinks puts the preactivations of W_1 at the first input just below zero.
func belowKinks(net *deep.Network, x *mat.Dense) error {
	pass, err := net.NewPass(x)
	if err != nil {
		return err
	}
	h := pass.Feature(1).RawRowView(0)
	w := net.Weight(2)
	for k := range h {
		for j, v := range h {
			w.Set(k, j, -1e-9*v)
		}
	}
	return nil
}

// deepMove is a move of the trained layers, 0 elsewhere.
func (p step) deepMove(net *deep.Network, pass *deep.Pass, gradient []float64, r *rand.Rand) []float64 {
	move := make([]float64, net.NumParams())
	for l := 2; l <= p.L+1; l++ {
		part := net.LayerParams(move, l)
		switch {
		case p.Kind == down:
			floats.AddScaled(part, -1, net.LayerParams(gradient, l))
		case p.Kind == acrossKinks: // rows of W_1 along h_0, each by its output weight where that is positive
			h, b := pass.Feature(1).RawRowView(0), net.Weight(3).RawRowView(0)
			for k, v := range b {
				floats.AddScaled(part[k*len(h):(k+1)*len(h)], math.Max(v, 0), h)
			}
		case p.Kind == bilinear: // W'_1 = u h_0^T with u = 1, W'_2 = b_2 u^T
			h, b := pass.Feature(1).RawRowView(0), pass.Backward(3).RawRowView(0)
			for k := range part {
				if l == 2 {
					part[k] = h[k%len(h)]
				} else {
					part[k] = b[k/len(h)]
				}
			}
		default:
			for k := range part {
				part[k] = r.NormFloat64()
			}
		}
	}
	if norm := math.Sqrt(square(move)); norm > 0 {
		floats.Scale(p.Size/norm, move)
	}
	return move
}

// crossTerm is the exponent of Theorem 4's first-order term.
//
// Setting: L = 1, one input of unit norm, and the network at its start; |W - W(0)|_2 <= omega and |W'|_2 = omega.
//
// Hypotheses: omega < 1 with m omega^{2/3} large, the residual large against the move; here omega from 0.003 to 0.1 at m = 5,000.
//
// Conclusion: sup (F(W+W') - F(W) - <grad F(W), W'>)/(|W'|_2 sqrt(m F)), the part of order sqrt F, is (6/pi)^{1/6} omega^{1/3} (1 + o(1)) or more: the
// theorem's omega^{1/3} cannot be improved.
//
// Constants: derived. Of the neurons whose output weight agrees with the residual, W puts those with the smallest preactivations just below
// their kinks, and W' moves them up by their output weights.
//
// Convention: as the source, d = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 4, whose exponent it is; sharpness derived here.
//
// Control: W = W(0) and W' on as many neurons of any size, few of which it takes over their kinks.
func crossTerm() checks.Claim[omegas] {
	return checks.Claim[omegas]{
		ID: "allenzhu2019/cross-term", Title: "order of the first-order term", Reference: "Theorem 4; derived here",
		Formula: `\sup \frac{F(W+W') - F(W) - \langle\nabla F(W), W'\rangle}{\|W'\|_2 \sqrt{m F}} \ge (6/\pi)^{1/6}\, \omega^{1/3} (1 + o(1))`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Along: `size $\omega$ of the move`, Version: 1,
		Grid: adversary, Cost: omegas.cost,
		Setup: func(p omegas) (checks.Instance, error) {
			return p.instance(1./3, func(r *rand.Rand) checks.Measurement {
				z, b := p.start(r)
				limit := func(o float64) float64 { return bounds.CrossTermOrder() * math.Cbrt(o) }
				order := bySize(z)
				if p.Random { // as they come: few of them are near their kinks
					slices.Sort(order)
				}
				return p.climb("first-order term over |W'| sqrt(mF)", limit, func(omega float64) float64 { return p.cross(z, b, order, omega) })
			})
		},
		Controls: []checks.Control[omegas]{{Name: "random", Why: "neurons of any size, few of them near their kinks", At: atRandom}},
	}
}

// cross runs the adversary of cross-term: the two networks differ from the start in the preactivations of one layer only.
func (p omegas) cross(z, b []float64, order []int, omega float64) float64 {
	const residual = 1e9
	var agreeing []float64
	for k, v := range z {
		if b[k] > 0 {
			agreeing = append(agreeing, v)
		}
	}
	limit := bounds.MostFlips(agreeing, omega)
	from, weights := append([]float64(nil), z...), 0.0
	var chosen []int
	for _, k := range order {
		if b[k] > 0 && len(chosen) < limit {
			chosen = append(chosen, k)
			weights += b[k] * b[k]
			if !p.Random {
				from[k] = -1e-12
			}
		}
	}
	to := append([]float64(nil), from...)
	for _, k := range chosen {
		to[k] += omega * b[k] / math.Sqrt(weights)
	}
	rise := 0.0 // f(W+W') - f(W) - <grad f(W), W'>
	for k := range z {
		rise += b[k] * (math.Max(to[k], 0) - math.Max(from[k], 0))
		if from[k] > 0 {
			rise -= b[k] * (to[k] - from[k])
		}
	}
	// Times the residual, over omega sqrt(m F) with F = residual^2/2; the square of the rise is of second order.
	return math.Max(residual*rise, 1e-12) / (omega * math.Sqrt(float64(p.M)*residual*residual/2))
}
