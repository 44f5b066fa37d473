package shevchenko2023

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/autoencoder"
)

// encoded is a code with a decoder: the best one, the best tied one, or one beside the best by Noise.
type encoded struct {
	code
	Tied  bool    `json:"tied,omitempty"`
	Noise float64 `json:"noise,omitempty"`
}

// draw returns the network of a trial with its decoder.
func (p encoded) draw(r *rand.Rand) (*autoencoder.Network, error) {
	u, err := p.rows(r)
	if err != nil {
		return nil, err
	}
	_, theory, _ := p.act()
	net := p.network(u)
	if p.Tied {
		beta, _ := theory.TiedRisk(u)
		net.TieDecoder(beta)
		return net, nil
	}
	if net.A, _, err = theory.Decoder(u, p.Scales); err != nil {
		return nil, err
	}
	if p.Noise != 0 {
		e := nets.Gaussian(p.D, p.N, r)
		e.Scale(p.Noise, e)
		net.A.Add(net.A, e)
	}
	return net, nil
}

// rounding bounds the error of a population risk: every one of its terms is at most this many rounding errors off.
func rounding(net *autoencoder.Network, second float64) float64 {
	n, d := net.B.Dims()
	size := mat.Norm(net.A, 2)
	return 4 * float64(n+d+8) * unit * (second + 2*size*math.Sqrt(float64(n)*second) + float64(n)*size*size)
}

// lowerBound is the fundamental limit: no autoencoder with n units is better.
//
// Setting: x ~ N(0, I_d); any n and d, any n unit rows, any decoder A, tied or not; any odd sigma with c_1 = E g sigma(g) != 0
// and f(1) = E sigma^2/c_1^2 finite.
//
// Hypotheses: x is Gaussian; sigma is odd; unit rows.
//
// Conclusion: R >= 1 - (1/d)/[1/min(n,d) + (f(1)-1)/n]. For the sign this is 1 - 2r/pi at r <= 1 ("n <= d") and 1 - r/(r +
// pi/2 - 1) beyond ("n > d").
//
// Constants: derived, for all A and B and at every n and d; the paper has the limit at a fixed rate. Write tau = Tr(BA),
// M = A^T A. Then d R = d - 2 c_1 tau + c_1^2 sum_l alpha_l sum_ij M_ij Q_ij^{2l+1}, alpha_l >= 0, and the inner sum is
// ||sum_i (a_i x b_i^l)(b_i^{l+1})^T||_F^2 >= tau^2/k by Cauchy-Schwarz against the projector on the span of the b_i^{l+1}, of
// rank k <= n, and <= d at l = 0. So d R >= d - 2 c_1 tau + c_1^2 tau^2 [1/min(n,d) + (f(1)-1)/n], least over tau. The
// bound is attained by orthonormal rows at n <= d; beyond, unless sigma is linear, it is only approached as d
// grows: the simplex in R^10 has a risk 2e-4 above it, two bases in R^16 one of a hundredth. The rank n at l >= 1 is too much in few
// dimensions: on the line R >= 1 - 2/pi at every n. Tolerance: the rounding of the sum over pairs.
//
// Convention: risk per coordinate; any activation with the series f above.
//
// Reference: Shevchenko, Kögler, Hassani, Mondelli (2023), main result on the limit (recalled: rate below one, and
// weight-tied above one); derived here for every A.
//
// Control: coordinates +-1 with B = I, which the sign copies; a thousandth more than f(1), on either side of n = d; a fiftieth
// of a dimension fewer in min(n, d); an activation with an even part, two orthogonal ReLUs; rows of length 0.9 before a cubic.
func lowerBound() checks.Checkable {
	corners := encoded{code: code{N: 11, D: 10, Rows: "simplex"}}
	frame := encoded{code: code{N: 5, D: 8, Rows: "haar"}}
	cubic := encoded{code: code{Act: "cubic", Cubic: 0.4, N: 4, D: 6, Rows: "haar"}}
	setup := func(f1, rank float64) func(encoded) (checks.Instance, error) {
		return func(p encoded) (checks.Instance, error) { return p.beaten(f1, rank) }
	}
	return checks.Claim[encoded]{
		ID: "shevchenko2023/lower-bound", Title: "no autoencoder is better", Reference: "main result on the limit; derived here",
		Formula:    `R \ge 1 - \frac1d \Bigl[\frac{1}{\min(n,d)} + \frac{f(1)-1}{n}\Bigr]^{-1}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) encoded {
			d := rapid.IntRange(1, 8).Draw(t, "d")
			p := encoded{code: code{N: rapid.IntRange(1, 12).Draw(t, "n"), D: d, Rows: rapid.SampledFrom([]string{"uniform", "haar"}).Draw(t, "rows")}}
			if rapid.Bool().Draw(t, "cubic") {
				p.Act, p.Cubic = "cubic", rapid.SampledFrom([]float64{0, 0.3, 1, 5}).Draw(t, "share")
			}
			// Parallel rows, as many in one dimension, have no single best decoder.
			if p.Tied = p.N > d*d || p.Act != "" || rapid.Bool().Draw(t, "tied"); !p.Tied {
				p.Noise = rapid.SampledFrom([]float64{0, 0.01, 1}).Draw(t, "noise")
			}
			return p
		}),
		Grid: []encoded{
			{code: code{N: 1, D: 1, Rows: "axes"}}, frame, {code: code{N: 6, D: 6, Rows: "haar"}}, // attain it
			cubic,
			corners, {code: code{N: 28, D: 7, Rows: "equiangular"}}, {code: code{N: 32, D: 16, Rows: "bases"}},
			{code: code{N: 24, D: 12, Rows: "haar"}}, {code: code{N: 12, D: 12, Rows: "uniform"}}, {code: code{N: 7, D: 1, Rows: "axes"}, Tied: true},
		},
		Cost:  func(p encoded) checks.Cost { return p.cost() },
		Setup: setup(1, 0),
		Controls: []checks.Control[encoded]{
			{
				Name: "signs", Why: "coordinates +-1 are copied by their signs, at a risk of zero",
				At: []encoded{{code: code{N: 4, D: 4, Rows: "axes"}}}, Setup: copied,
			},
			{
				Name: "larger-code", Why: "the simplex in R^10 is within 2e-4 of the bound, which f(1) 1.001 times as large moves by 2e-3",
				At: []encoded{corners}, Setup: setup(1.001, 0),
			},
			{
				Name: "larger-code-below", Why: "orthonormal rows attain the bound: f(1) cannot be larger",
				At: []encoded{frame}, Setup: setup(1.001, 0),
			},
			{
				Name: "lower-rank", Why: "the simplex spans all ten dimensions: a fiftieth of one fewer is too few",
				At: []encoded{corners}, Setup: setup(1, -0.02),
			},
			{
				Name: "short-rows", Why: "rows of length 0.9 turn z + 0.4 h_3(z) into 0.816 z + 0.292 h_3(z), nearer to linear: the risk is 0.409, not 0.425",
				At: []encoded{cubic}, Setup: shortened,
			},
			{
				Name: "even-part", Why: "the even part of two orthogonal ReLUs cancels in the best decoder: the risk in the plane is 0.444, where the formula with f(1) = 2 says 1/2",
				At: []encoded{{code: code{Act: "relu", N: 2, D: 2, Rows: "haar"}}}, Setup: uneven,
			},
		},
	}
}

// beaten holds a network against the limit, f(1) scaled and the rank shifted.
func (p encoded) beaten(f1, rank float64) (checks.Instance, error) {
	if err := p.validate(); err != nil {
		return checks.Instance{}, err
	}
	_, theory, _ := p.act()
	limit := theory.Limit(p.N, p.D)
	if f1 != 1 || rank != 0 {
		n, d := float64(p.N), float64(p.D)
		limit = 1 - 1/(d*(1/(min(n, d)+rank)+(f1*theory.F(1)-1)/n))
	}
	part := "n <= d"
	if p.N > p.D {
		part = "n > d"
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.RequireThat("odd activation", theory.Odd)},
		Facts:      []checks.Fact{checks.NewFact("limit", limit)},
		Trial: func(r *rand.Rand) checks.Measurement {
			net, err := p.draw(r)
			if err != nil {
				return checks.Failed(err)
			}
			risk, err := net.PopulationRisk(nil)
			if err != nil {
				return checks.Failed(err)
			}
			d := float64(p.D)
			return checks.Measurement{Part: part, Observed: risk / d, Predicted: limit, Relation: checks.AtLeast, Tolerance: rounding(net, d) / d}
		},
	}, nil
}

// copied is the sign of coordinates +-1 on the axes.
func copied(p encoded) (checks.Instance, error) {
	_, theory, _ := p.act()
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		x := nets.Gaussian(50, p.D, r)
		x.Apply(func(_, _ int, v float64) float64 { return math.Copysign(1, v) }, x)
		u, err := p.rows(r)
		if err != nil {
			return checks.Failed(err)
		}
		net := p.network(u)
		net.TieDecoder(1)
		return checks.Measurement{Part: "n <= d", Observed: net.Risk(x) / float64(p.D), Predicted: theory.Limit(p.N, p.D), Relation: checks.AtLeast}
	}}, nil
}

// shortened is the best network of units sigma(z) on rows of length 0.9, the same as of units sigma(0.9 z) on unit rows, against the
// formula for sigma: 0.9 z + a (0.9^3 z^3 - 3 0.9 z)/sqrt 6 has the coefficients 0.9 + a (3 0.9^3 - 3 0.9)/sqrt 6 and 0.9^3 a.
func shortened(p encoded) (checks.Instance, error) {
	const length = 0.9
	limit := bounds.CubicCode(p.Cubic).Limit(p.N, p.D)
	p.Cubic *= length * length * length / (length + 3*p.Cubic*length*(length*length-1)/math.Sqrt(6))
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		net, err := p.draw(r)
		if err != nil {
			return checks.Failed(err)
		}
		risk, err := net.PopulationRisk(nil)
		if err != nil {
			return checks.Failed(err)
		}
		return checks.Measurement{Part: "n <= d", Observed: risk / float64(p.D), Predicted: limit, Relation: checks.AtLeast}
	}}, nil
}

// uneven is the best network of ReLUs against the formula for odd activations.
func uneven(p encoded) (checks.Instance, error) {
	relu := bounds.ReLUCode()
	relu.Odd = true // which it is not
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		net, err := p.draw(r)
		if err != nil {
			return checks.Failed(err)
		}
		risk, err := net.PopulationRisk(nil)
		if err != nil {
			return checks.Failed(err)
		}
		return checks.Measurement{Part: "n <= d", Observed: risk / float64(p.D), Predicted: relu.Limit(p.N, p.D), Relation: checks.AtLeast}
	}}, nil
}

// covarianceBound is the limit for data with unequal variances.
//
// Setting: x ~ N(0, D^2), D diagonal with D_1 >= ... >= D_d > 0; any n rows with |D b_i| = 1 (any rows for the sign), any
// decoder A; sigma odd as in lower-bound.
//
// Hypotheses: those of lower-bound.
//
// Conclusion: E|x - A sigma(Bx)|^2 >= Tr D^2 - 1/[1/S + (f(1)-1)/(n D_1^2)], S = D_1^2 + ... + D_min(n,d)^2.
//
// Constants: derived, as in lower-bound with the rows u_i = D b_i: Tr(A U D) is at most ||sum_i a_i u_i^T||_F times the root
// of S at l = 0 (the best n directions of D), and of n D_1^2 for l >= 1. Attained by orthonormal rows along equal largest axes. With
// unequal ones it is not: the true gain, of one unit an axis, is 1.17 times smaller at D = (2, 1.5, 1, .5, .5), n = 3. The paper
// has a formula for the limit that could not be read.
//
// Convention: risk a sum over coordinates.
//
// Reference: Shevchenko, Kögler, Hassani, Mondelli (2023), general covariance; the bound is derived here.
//
// Control: D_1 a hundredth smaller; S a hundredth smaller.
func covarianceBound() checks.Checkable {
	top := encoded{code: code{N: 3, D: 5, Rows: "axes", Scales: []float64{2, 2, 2, 1, 1}}}
	pair := encoded{code: code{N: 2, D: 5, Rows: "axes", Scales: []float64{2, 2, 2, 1, 1}}}
	setup := func(largest, axes float64) func(encoded) (checks.Instance, error) {
		return func(p encoded) (checks.Instance, error) {
			if err := p.validate(); err != nil {
				return checks.Instance{}, err
			}
			_, theory, _ := p.act()
			limit := theory.LimitScaled(p.N, p.Scales)
			total := p.variance()
			if largest != 1 || axes != 1 {
				top := 0.0
				for _, s := range p.Scales[:min(p.N, p.D)] {
					top += axes * s * s
				}
				first := largest * p.Scales[0]
				limit = total - 1/(1/top+theory.Excess()/(float64(p.N)*first*first))
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				net, err := p.draw(r)
				if err != nil {
					return checks.Failed(err)
				}
				risk, err := net.PopulationRisk(p.Scales)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{
					Observed: total - risk, Predicted: total - limit, Tolerance: rounding(net, total),
				}
			}}, nil
		}
	}
	return checks.Claim[encoded]{
		ID: "shevchenko2023/covariance-bound", Title: "unequal variances", Reference: "general covariance; derived here",
		Formula:    `\mathbb{E}\,|x - A\sigma(Bx)|^2 \ge \mathrm{Tr}\,D^2 - \Bigl[\frac1S + \frac{f(1)-1}{n D_1^2}\Bigr]^{-1}, \quad S = \sum_{i \le \min(n,d)} D_i^2`,
		Convention: scaled, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) encoded {
			d := rapid.IntRange(2, 6).Draw(t, "d")
			p := encoded{code: code{N: rapid.IntRange(1, 8).Draw(t, "n"), D: d, Rows: rapid.SampledFrom([]string{"uniform", "haar"}).Draw(t, "rows")}}
			ratio := rapid.SampledFrom([]float64{1, 0.9, 0.3, 0.01}).Draw(t, "ratio")
			equal := rapid.IntRange(1, d).Draw(t, "equal")
			for k := range d {
				p.Scales = append(p.Scales, 3*math.Pow(ratio, float64(max(0, k+1-equal))))
			}
			p.Noise = rapid.SampledFrom([]float64{0, 0.1}).Draw(t, "noise")
			return p
		}),
		Grid: []encoded{
			pair, top, {code: code{N: 1, D: 3, Rows: "axes", Scales: []float64{5, 1, 0.01}}}, // attain it
			{code: code{N: 3, D: 5, Rows: "axes", Scales: []float64{2, 1.5, 1, 0.5, 0.5}}},
			{code: code{N: 3, D: 5, Rows: "haar", Scales: []float64{2, 1.5, 1, 0.5, 0.5}}},
			{code: code{Act: "cubic", Cubic: 0.5, N: 6, D: 4, Rows: "uniform", Scales: []float64{1.1, 1, 1, 1}}},
		},
		Cost:  func(p encoded) checks.Cost { return p.cost() },
		Setup: setup(1, 1),
		Controls: []checks.Control[encoded]{
			{
				Name: "smaller-scale", Why: "the part of the code that is not linear is as large as the largest axis: a hundredth less is violated along it",
				At: []encoded{pair, top}, Setup: setup(0.99, 1),
			},
			{
				Name: "smaller-sum", Why: "n units see all of n axes: a hundredth less is violated along them",
				At: []encoded{pair, top}, Setup: setup(1, 0.99),
			},
		},
	}
}
