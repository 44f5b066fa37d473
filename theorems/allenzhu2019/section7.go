package allenzhu2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/deep"
)

// A moment is the first or second moment of a squared norm at the start of a network.
type moment struct {
	M     int     `json:"m"`
	L     int     `json:"l"`
	Layer int     `json:"layer,omitempty"` // l of the gradient
	Order float64 `json:"order"`           // 1 or 2
	Draws int     `json:"draws"`           // networks a trial
	Gain  float64 `json:"gain,omitempty"`  // variance of the weights over 2/m (controls)
	Angle float64 `json:"angle,omitempty"` // between x and z
}

// law is the network of the parameters, on two inputs.
func (p moment) law() deep.Config {
	c := config(2, p.M, p.L)
	if p.Gain > 0 {
		for l := range p.L + 1 {
			c.Std[l] *= math.Sqrt(p.Gain)
		}
	}
	return c
}

func (p moment) cost() checks.Cost {
	m := float64(p.M)
	weights := m * (m*float64(p.L) + 4)
	return checks.Cost{Trial: float64(p.Draws) * (30*weights + 40*m*float64(p.L+1) + 3000), Size: fmt.Sprintf("m=%d", p.M)}
}

// product is the p-th moment of a product of independent layers.
func (p moment) product(layers int, power float64) float64 {
	return math.Pow(bounds.ReLUNormMoment(p.M, power), float64(layers))
}

// chi is E[(chi^2_m)^power] for a whole power.
func (p moment) chi(power float64) float64 {
	v := 1.0
	for k := 0.0; k < power; k++ {
		v *= float64(p.M) + 2*k
	}
	return v
}

// instance compares the mean of the Order-th power of a squared norm with its prediction; power gives the moments.
func (p moment) instance(power func(float64) float64, norm func(net *deep.Network, pass *deep.Pass) float64) (checks.Instance, error) {
	want := power(p.Order)
	x := unitVector(2)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.Require("moment 1 or 2", p.Order*(3-p.Order), checks.Equal, 2)},
		Facts:      []checks.Fact{checks.NewFact("relative standard deviation of one network", math.Sqrt(power(2*p.Order)/(want*want)-1))},
		Terms: checks.Terms{
			// The exact deviation, at the law that is claimed.
			Deviation:  checks.Float(math.Sqrt((power(2*p.Order) - want*want) / float64(p.Draws))),
			Resolution: 0.17,
		},
		Trial: func(r *rand.Rand) checks.Measurement {
			got, err := mean(p.Draws, r, func(r *rand.Rand) (float64, error) {
				net, err := deep.New(p.law(), r)
				if err != nil {
					return 0, err
				}
				pass, err := net.NewPass(x)
				if err != nil {
					return 0, err
				}
				return math.Pow(norm(net, pass), p.Order), nil
			})
			if err != nil {
				return checks.Failed(err)
			}
			return checks.Measurement{Observed: got, Predicted: want, Relation: checks.Equal}
		},
	}, nil
}

// moments is the grid of the norms in mean. They are exact at every width, so that small ones serve best.
func moments(layer int) []moment {
	at := func(m, l int, order float64, draws int) moment {
		return moment{M: m, L: l, Layer: min(layer, l), Order: order, Draws: draws}
	}
	return []moment{at(2, 1, 1, 60), at(8, 2, 1, 60), at(16, 1, 2, 120), at(40, 2, 1, 6)}
}

// strange are controls that change the law of the weights: 2.2/m, and Xavier's 1/m.
func strange(layer int) []moment {
	return []moment{
		{M: 16, L: 1, Layer: layer, Order: 1, Draws: 24, Gain: 1.1},
		{M: 16, L: 1, Layer: layer, Order: 1, Draws: 24, Gain: 0.5},
	}
}

// wrongMoment claims 4.5 for the 5 of the second moment.
func wrongMoment(of func(moment) (func(float64) float64, func(*deep.Network, *deep.Pass) float64), layers func(moment) int) func(moment) (checks.Instance, error) {
	return func(p moment) (checks.Instance, error) {
		power, norm := of(p)
		m := float64(p.M)
		return p.instance(func(q float64) float64 {
			v := power(q)
			if q == 2 {
				v *= math.Pow((1+3/m)/(1+5/m), float64(layers(p)))
			}
			return v
		}, norm)
	}
}

func (p moment) setup(of func(moment) (func(float64) float64, func(*deep.Network, *deep.Pass) float64)) (checks.Instance, error) {
	power, norm := of(p)
	return p.instance(power, norm)
}

func forwardOf(p moment) (func(float64) float64, func(*deep.Network, *deep.Pass) float64) {
	return func(q float64) float64 { return p.product(p.L+1, q) },
		func(_ *deep.Network, pass *deep.Pass) float64 { return square(pass.Feature(p.L + 1).RawRowView(0)) }
}

// forwardNorm is Lemma 7.1 in mean.
//
// Setting: one input of unit norm, and the network at its start.
//
// Hypotheses: none: every width m >= 1 and depth L >= 0.
//
// Conclusion: E|h_L|^2 = 1 and E|h_L|^4 = (1 + 5/m)^{L+1}.
//
// Constants: derived. Given h_{l-1}, the preactivations of layer l are N(0, 2|h_{l-1}|^2/m) and independent, so that
// |h_L|^2 is a product of L+1 independent copies of X = (2/m) sum_k relu(g_k)^2, whose k-th term has mean 1/m and
// second moment 6/m^2. The standard deviation of the mean of |h_L|^{2q}, from E X^{2q}, is exact too, so that the
// interval around the mean holds for this skewed law.
//
// Convention: weights N(0, 2/m).
//
// Reference: Allen-Zhu, Li, Song (2019), Lemma 7.1, for the quantity; the identities are derived here.
//
// Control: weights of variance 2.2/m and 1/m; 3 in place of the 5.
func forwardNorm() checks.Claim[moment] {
	return checks.Claim[moment]{
		ID: "allenzhu2019/forward-norm", Title: "norm of the features in mean", Reference: "Lemma 7.1; derived here",
		Formula: `\mathbb{E}\|h_L\|^2 = 1,\quad \mathbb{E}\|h_L\|^4 = \left(1 + \frac{5}{m}\right)^{L+1}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid:  append([]moment{{M: 1, L: 0, Order: 1, Draws: 200}}, moments(1)...),
		Cost:  moment.cost,
		Setup: func(p moment) (checks.Instance, error) { return p.setup(forwardOf) },
		Controls: []checks.Control[moment]{
			{Name: "variance", Why: "at 2.2/m the norm grows by 1.1 a layer, at 1/m it is halved", At: strange(1)},
			{Name: "second-moment", Why: "1 + 3/m a layer in place of 1 + 5/m", At: []moment{{M: 2, L: 1, Order: 2, Draws: 800}},
				Setup: wrongMoment(forwardOf, func(p moment) int { return p.L + 1 })},
		},
	}
}

// productOf is |D_L W_L ... D_0 A z|^2 for a unit z at an angle to x.
func productOf(p moment) (func(float64) float64, func(*deep.Network, *deep.Pass) float64) {
	z := mat.NewVecDense(2, []float64{math.Cos(p.Angle), math.Sin(p.Angle)})
	return func(q float64) float64 { return p.product(p.L+1, q) },
		func(net *deep.Network, pass *deep.Pass) float64 {
			v := z
			for l := 1; l <= p.L+1; l++ {
				next := mat.NewVecDense(p.M, nil)
				next.MulVec(net.Weight(l), v)
				for k, open := range pass.Slope(l).RawRowView(0) {
					if open == 0 {
						next.SetVec(k, 0)
					}
				}
				v = next
			}
			return square(v.RawVector().Data)
		}
}

// productNorm is Lemma 7.3 in mean, for a fixed vector.
//
// Setting: the network at its start, an input x != 0 and a fixed unit vector z in any direction, z = x included.
//
// Hypotheses: x != 0, and gates 1{g > 0}. With the 1{g >= 0} of the paper all gates open above a dead layer, and the
// identity is false (1.5 in place of 1 at m = 1 and two layers).
//
// Conclusion: E|D_L W_L ... D_1 W_1 D_0 A z|^2 = 1 and the second moment is (1 + 5/m)^{L+1}.
//
// Constants: derived. Of (g_h, g_z), the images of h and z under one row, the sign of g_h is independent of g_z^2, since the
// law is even. So each layer multiplies the squared norm by an independent copy of X of forward-norm, whatever the angle;
// a layer without an open gate is X = 0.
//
// Convention: weights N(0, 2/m).
//
// Reference: Allen-Zhu, Li, Song (2019), Lemma 7.3, for the quantity; the identities are derived here.
//
// Control: weights of variance 2.2/m and 1/m; 3 in place of the 5.
func productNorm() checks.Claim[moment] {
	return checks.Claim[moment]{
		ID: "allenzhu2019/product-norm", Title: "products of gated layers in mean", Reference: "Lemma 7.3; derived here",
		Formula: `\mathbb{E}\|D_L W_L \cdots D_0 A z\|^2 = 1,\quad \mathbb{E}\|\cdot\|^4 = \left(1 + \frac{5}{m}\right)^{L+1}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []moment{
			{M: 1, L: 1, Order: 1, Draws: 200, Angle: 2}, // dead in half of the draws: where 1{g >= 0} would fail
			{M: 16, L: 1, Order: 1, Draws: 24, Angle: 1}, {M: 16, L: 1, Order: 1, Draws: 24, Angle: math.Pi},
			{M: 16, L: 1, Order: 2, Draws: 120, Angle: 1.5}, {M: 40, L: 2, Order: 1, Draws: 6, Angle: 2.5},
		},
		Cost:  moment.cost,
		Setup: func(p moment) (checks.Instance, error) { return p.setup(productOf) },
		Controls: []checks.Control[moment]{
			{Name: "variance", Why: "at 2.2/m the norm grows by 1.1 a layer, at 1/m it is halved", At: strange(1)},
			{Name: "second-moment", Why: "1 + 3/m a layer in place of 1 + 5/m", At: []moment{{M: 8, L: 1, Order: 2, Draws: 400, Angle: 1}},
				Setup: wrongMoment(productOf, func(p moment) int { return p.L + 1 })},
		},
	}
}

// gradientOf is |grad_{W_l} f(x)|^2.
func gradientOf(p moment) (func(float64) float64, func(*deep.Network, *deep.Pass) float64) {
	return func(q float64) float64 { return math.Pow(float64(p.M)/2, q) * p.product(p.L+1, q) },
		func(_ *deep.Network, pass *deep.Pass) float64 {
			return square(pass.Backward(p.Layer+1).RawRowView(0)) * square(pass.Feature(p.Layer).RawRowView(0))
		}
}

// gradientNorm is the size of the gradient of one output in one layer, which Theorem 3 bounds from both sides.
//
// Setting: one input of unit norm and d = 1, and the network at its start; l is any of the trained layers 1..L.
//
// Hypotheses: none: every m >= 1, L >= 1 and l.
//
// Conclusion: E|grad_{W_l} f(x)|_F^2 = m/2 and E|grad_{W_l} f(x)|_F^4 = (m/2)^2 (1 + 5/m)^{L+1}, the same for every layer:
// |grad_{W_l} f(x)|^2 has the law of (m/2)|h_L|^2.
//
// Constants: derived. The gradient is the outer product of the backward vector and h_{l-1}. For Gaussian zeta independent of
// the network, the inner product of zeta and the backward vector B D_L W_L ... W_{l+1} D_l is that of B and D_L W_L ... D_l zeta, so that
// both have the law of a normal variable times the norm of either; by product-norm the second has squared norm (m/2) times
// L-l+1 copies of X, which are independent of the l copies in |h_{l-1}|^2. The law of the factor of a normal variable is determined.
//
// Convention: weights N(0, 2/m), B ~ N(0, 1).
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 3, for the quantity; the identities are derived here.
//
// Control: weights of variance 2.2/m and 1/m; 3 in place of the 5.
func gradientNorm() checks.Claim[moment] {
	grid := append(moments(1), moment{M: 8, L: 3, Layer: 3, Order: 1, Draws: 80})
	return checks.Claim[moment]{
		ID: "allenzhu2019/gradient-norm", Title: "gradient of one output in one layer", Reference: "Theorem 3, derived here",
		Formula: `\mathbb{E}\|\nabla_{W_l} f(x)\|_F^2 = \frac{m}{2},\quad \mathbb{E}\|\cdot\|^4 = \frac{m^2}{4}\left(1 + \frac{5}{m}\right)^{L+1}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid:  grid,
		Cost:  moment.cost,
		Setup: func(p moment) (checks.Instance, error) { return p.setup(gradientOf) },
		Controls: []checks.Control[moment]{
			{Name: "variance", Why: "at 2.2/m the norm grows by 1.1 with every layer but W_l, at 1/m it is halved", At: []moment{
				{M: 16, L: 2, Layer: 1, Order: 1, Draws: 60, Gain: 1.1}, {M: 16, L: 1, Layer: 1, Order: 1, Draws: 24, Gain: 0.5},
			}},
			{Name: "second-moment", Why: "1 + 3/m a layer in place of 1 + 5/m", At: []moment{{M: 2, L: 1, Layer: 1, Order: 2, Draws: 800}},
				Setup: wrongMoment(gradientOf, func(p moment) int { return p.L + 1 })},
		},
	}
}

// backwardOf is |B D_L W_L ... D_l W_l|^2.
func backwardOf(p moment) (func(float64) float64, func(*deep.Network, *deep.Pass) float64) {
	alive := math.Pow(1-math.Pow(2, -float64(p.M)), float64(p.Layer)) // some gate of every layer below is open
	return func(q float64) float64 { return alive * p.chi(q) * p.product(p.L-p.Layer+1, q) },
		func(net *deep.Network, pass *deep.Pass) float64 {
			var v mat.VecDense
			v.MulVec(net.Weight(p.Layer+1).T(), pass.Backward(p.Layer+1).RowView(0))
			return square(v.RawVector().Data)
		}
}

// backwardNorm is Lemma 7.4 in mean: of order m/d, with constant one.
//
// Setting: one input of unit norm and d = 1, and the network at its start; l is any of the trained layers 1..L.
//
// Hypotheses: gates 1{g > 0}, as in product-norm.
//
// Conclusion: E|B D_L W_L ... D_l W_l|^2 = p m and the second moment is p m(m+2) (1 + 5/m)^{L-l+1}, where p = (1 - 2^{-m})^l is the probability that
// h_{l-1} is not 0, which is 1 but for very few neurons. So |v^T B ... W_l| is at most
// sqrt(m/eps) |v| for d = 1 with probability 1 - eps, where the lemma has O(sqrt m) |v|.
//
// Constants: derived, as in gradient-norm with zeta in place of D_l zeta: E|zeta|^4 = m(m+2). The gates depend on the direction of h_{l-1} alone and zeta is
// independent of it. Above a dead layer no gate opens; given a live one, a layer dies with probability 2^{-m}.
//
// Convention: weights N(0, 2/m), B ~ N(0, 1).
//
// Reference: Allen-Zhu, Li, Song (2019), Lemma 7.4, for the quantity; the identities are derived here.
//
// Control: weights of variance 2.2/m and 1/m; 3 in place of the 5.
func backwardNorm() checks.Claim[moment] {
	return checks.Claim[moment]{
		ID: "allenzhu2019/backward-norm", Title: "backward products in mean", Reference: "Lemma 7.4; derived here",
		Formula: `\mathbb{E}\|B D_L W_L \cdots D_l W_l\|^2 = p\,m,\quad \mathbb{E}\|\cdot\|^4 = p\,m(m+2)\left(1 + \frac{5}{m}\right)^{L-l+1},\quad p = (1 - 2^{-m})^l`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []moment{
			{M: 2, L: 1, Layer: 1, Order: 1, Draws: 60}, // a quarter of the layers below are dead
			{M: 16, L: 1, Layer: 1, Order: 1, Draws: 24}, {M: 16, L: 2, Layer: 1, Order: 1, Draws: 40}, {M: 16, L: 2, Layer: 2, Order: 1, Draws: 24},
			{M: 16, L: 1, Layer: 1, Order: 2, Draws: 120}, {M: 40, L: 2, Layer: 1, Order: 1, Draws: 6},
		},
		Cost:  moment.cost,
		Setup: func(p moment) (checks.Instance, error) { return p.setup(backwardOf) },
		Controls: []checks.Control[moment]{
			{Name: "variance", Why: "at 2.2/m the norm grows by 1.1 a layer, at 1/m it is halved", At: []moment{
				{M: 16, L: 2, Layer: 1, Order: 1, Draws: 60, Gain: 1.1}, {M: 16, L: 1, Layer: 1, Order: 1, Draws: 24, Gain: 0.5},
			}},
			{Name: "second-moment", Why: "1 + 3/m a layer in place of 1 + 5/m", At: []moment{{M: 4, L: 1, Layer: 1, Order: 2, Draws: 800}},
				Setup: wrongMoment(backwardOf, func(p moment) int { return p.L - p.Layer + 1 })},
		},
	}
}
