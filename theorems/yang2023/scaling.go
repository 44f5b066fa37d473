package yang2023

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// condition is why training that is sparse is not slower.
//
// Setting: n unit inputs, B >= 0, r = max_i sum_{j != i} (1+rho_ij) p_ij/(2Q(B)).
//
// Hypotheses: r < 1 for the condition number.
//
// Conclusion: lambda_max(H^inf(B))/lambda(B) <= (1+r)/(1-r); and p_ij/Q(B) <= Q(B sqrt(2/(1+rho_ij)))/Q(B) for every pair. So for
// inputs without repeats r -> 0 as B -> inf: H^inf(B)/(2Q(B)) -> I, lambda(B) ~ 2Q(B) ~ sqrt(2/pi) e^{-B^2/2}/B, and descent
// with eta = 1/lambda_max takes a number of steps that tends to that of a multiple of the identity.
//
// Constants: derived: Gershgorin's discs of H/(2Q), whose diagonal is 1; g + g' >= 2B where both are at least B. Two inputs attain
// the first, near inputs the second. That lambda(B) = lambda_0 e^{-B^2/2} with lambda_0 independent of B, as the paper assumes, is
// impossible in this limit by the factor 1/B.
//
// Convention: H^inf_ij = (x_i.x_j + 1) p_ij.
//
// Reference: derived here, on the assumption of Yang et al., Theorem 1, on lambda(B).
//
// Control: nine tenths of r; the pair bound at 1.05 B.
func condition() checks.Checkable {
	setup := func(share, bias float64) func(site) (checks.Instance, error) {
		return func(p site) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			pair, err := kernel.Pairs(in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			joint, err := kernel.Threshold(p.Bias).Gram(in.set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			q := kernel.UpperTail(p.Bias)
			r := rowShare(in, q)
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("r", r, checks.AtMost, 0.999)},
				Facts:      []checks.Fact{checks.NewFact("r", r), checks.NewFact("lambda(B)/(2Q)", in.lambda.Value/(2*q))},
				Trial: func(*rand.Rand) checks.Measurement {
					high, err := eig.Max(in.limit)
					if err != nil {
						return checks.Failed(err)
					}
					ratio, bound := high.Value/in.lambda.Value, (1+share*r)/(1-share*r)
					slip := ratio * (high.Err/high.Value + in.lambda.Err/in.lambda.Value + 1e-13/(q*(1-r)))
					ms := []checks.Measurement{{Part: "condition number", Observed: ratio, Predicted: bound, Tolerance: 4 * slip}}
					for i := range in.n() {
						for j := range i {
							c := math.Cos(pair(i, j).Angle / 2) // sqrt((1+rho)/2)
							ms = append(ms, checks.Measurement{
								Part: "pair", Observed: joint.At(i, j), Predicted: kernel.UpperTail(bias * p.Bias / math.Max(c, 1e-150)), Tolerance: 1e-14,
							})
						}
					}
					m := checks.Each(ms...)
					if p.Curve {
						m.Series = p.curves()
					}
					return m
				},
			}, nil
		}
	}
	grid := []site{
		{Data: data.Spec{Kind: data.Sphere, N: 2, D: 3, Seed: 1}, Bias: 1, Curve: true}, {Data: data.Spec{Kind: data.Angles, N: 2, D: 2, Angles: []float64{0, 0.3}}, Bias: 1},
		{Data: data.Spec{Kind: data.Sphere, N: 6, D: 10, Seed: 1}, Bias: 2, Curve: true}, {Data: orthonormal(8), Bias: 1},
		{Data: images.All(data.MNIST, 4, 49), Bias: 3, Curve: true},
	}
	return checks.Claim[site]{
		ID: "yang2023/condition", Title: "condition number of the kernel at large bias", Reference: "assumption of Theorem 1; derived here",
		Formula:    `\frac{\lambda_{\max}(H^{\infty}(B))}{\lambda(B)} \le \frac{1+r}{1-r},\quad r = \max_i \sum_{j\ne i} \frac{(1+\rho_{ij})p_{ij}}{2Q(B)}`,
		Convention: "H^inf_ij = (x_i.x_j + 1) p_ij; |x_i| = 1", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space:  sites(gen.Range{MinN: 2, MaxN: 6, MinD: 2, MaxD: 6}),
		Grid:   grid,
		OnData: func(f checks.DataFile) []site { return []site{{Data: userfile.Signed(f, 4), Bias: 3}} },
		Cost:   site.cost,
		Setup:  setup(1, 1),
		Controls: []checks.Control[site]{
			{Name: "smaller-share", Why: "two inputs attain the condition number", At: grid[:1], Setup: setup(0.9, 1)},
			{Name: "larger-bias", Why: "near inputs attain the pair bound within 5 %", At: []site{{Data: data.Spec{Kind: data.Angles, N: 2, D: 2, Angles: []float64{0, 0.02}}, Bias: 1}}, Setup: setup(1, 1.05)},
		},
	}
}

// rowShare is r, the largest absolute row sum of H/(2Q) off the diagonal.
func rowShare(in *inputs, q float64) float64 {
	share := 0.0
	for i := range in.n() {
		sum := 0.0
		for j := range in.n() {
			if j != i {
				sum += in.limit.At(i, j)
			}
		}
		share = math.Max(share, sum/(2*q))
	}
	return share
}

// curves are the condition number and its bound against the bias.
func (p site) curves() []checks.Series {
	var biases, ratios, limits []float64
	for b := 0.0; b <= 4; b += 0.5 {
		at, err := load(p.Data, b)
		if err != nil || !at.positive().Met() {
			return nil
		}
		high, err := eig.Max(at.limit)
		if err != nil {
			return nil
		}
		if r := rowShare(at, kernel.UpperTail(b)); r < 0.95 {
			biases, ratios, limits = append(biases, b), append(ratios, high.Value/at.lambda.Value), append(limits, (1+r)/(1-r))
		}
	}
	return curve.Axes{X: "bias B", Y: "condition number", LogY: true}.Against("kernel", biases, ratios, limits)
}

// ladder is a law of random data with biases.
type ladder struct {
	Data   data.Spec `json:"data"` // the seed is drawn
	Biases []float64 `json:"biases"`
}

// biasScaling is the assumption lambda(B) = lambda_0 e^{-B^2/2} where it was looked at.
//
// Setting: 20 inputs drawn uniformly from the unit sphere of R^10, B = 0.5, 1.25, 2, 2.75.
//
// Hypotheses: this law of the data and this range of biases: the assumption is no theorem. Orthonormal inputs have
// lambda(B) = 2Q - Q^2, which falls by e^{-B^2/2}/B for large B.
//
// Conclusion: lambda(B) scales like the power -1 of e^{B^2/2}, to within 0.05 in the exponent, in the median draw of the data.
//
// Constants: the exponent of the paper's assumption. The fitted slope is that over a range, not a limit: it tends to -1 from
// below as B grows.
//
// Convention: H^inf_ij = (x_i.x_j + 1) p_ij.
//
// Reference: Yang et al., Theorem 1 (assumption on lambda(B)).
//
// Control: exponents -0.9 and -1.1; orthonormal inputs.
func biasScaling() checks.Checkable {
	setup := func(exponent float64) func(ladder) (checks.Instance, error) {
		return func(p ladder) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Exponent: checks.Float(exponent), Resolution: 0.05},
				Trial: func(r *rand.Rand) checks.Measurement {
					spec := p.Data
					spec.Seed = r.Uint64() >> 1
					set, err := spec.Build()
					if err != nil {
						return checks.Failed(err)
					}
					var m checks.Measurement
					for _, b := range p.Biases {
						lambda, err := kernel.BiasedReLU(b).Lambda0(set.X)
						if err != nil {
							return checks.Failed(err)
						}
						m.Ladder = append(m.Ladder, checks.Rung{Size: math.Exp(b * b / 2), Value: math.Max(lambda.Value, lambda.Err)})
					}
					return m
				},
			}, nil
		}
	}
	biases := []float64{0.5, 1.25, 2, 2.75}
	sphere := ladder{Data: data.Spec{Kind: data.Sphere, N: 20, D: 10}, Biases: biases}
	return checks.Claim[ladder]{
		ID: "yang2023/bias-scaling", Title: "decay of lambda(B) with the bias", Reference: "assumption of Theorem 1",
		Formula:    `\lambda(B) = \lambda_0\, e^{-B^2/2}`,
		Convention: "H^inf_ij = (x_i.x_j + 1) p_ij; |x_i| = 1", Basis: checks.Stated, Form: checks.Scaling{}, Along: "$e^{B^2/2}$", Version: 1,
		Grid: []ladder{sphere},
		Cost: func(p ladder) checks.Cost {
			return checks.Cost{Trial: float64(len(p.Biases)) * limitCost(p.Data), Size: fmt.Sprintf("n=%d", p.Data.N)}
		},
		Setup: setup(-1),
		Controls: []checks.Control[ladder]{
			{Name: "slower", Why: "the slope is near -1", At: []ladder{sphere}, Setup: setup(-0.9)},
			{Name: "faster", Why: "the slope is near -1", At: []ladder{sphere}, Setup: setup(-1.1)},
			{Name: "orthonormal", Why: "lambda(B) = 2Q - Q^2 has the slope -1.2 on this range", At: []ladder{{Data: data.Spec{Kind: data.Orthonormal, N: 10, D: 10}, Biases: biases}}},
		},
	}
}
