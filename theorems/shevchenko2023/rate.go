package shevchenko2023

import (
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/theorems/internal/curve"
)

// bits is a code whose risk is held against its number of bits.
type bits struct {
	code
	Curve bool `json:"curve,omitempty"` // draw the risk at other rates too
}

// shannon compares the limit with what any code of as many bits could do.
//
// Setting: x ~ N(0, I_d), n sign units, the best decoder; the risk is of the law of x, not of samples that the decoder has seen.
//
// Hypotheses: sigma = sign.
//
// Conclusion: R >= 2^{-2r} ("bits"), which is true of any map of x to n bits with any decoder; and R >= (1-2/pi)^r = 2^{-1.4605 r}
// ("signs"), attained at r = 1. So n sign units do the work of at most 0.7303 n bits, and the limit is above Shannon's
// at every rate, not equal to it.
//
// Constants: the first is Shannon's rate-distortion function. The second is derived from lower-bound: (1-2/pi)^r is convex and agrees
// with the line 1 - 2r/pi at r = 0 and 1; beyond, log(1 + r/c) <= r log(1 + 1/c) for c = pi/2 - 1, as the logarithm is
// concave. The first is close at small rates only, where one unit in d dimensions gains 2/pi, against 2 log 2. Tolerance: the
// rounding of the sum over pairs.
//
// Convention: risk per coordinate; one sign is one bit.
//
// Reference: derived here; the rate-distortion theorem (Shannon, 1959) for Gaussian sources.
//
// Control: real numbers in place of bits; the exponent 1.45 in place of 1.4605; 0.9 in place of 2 for one unit in 64
// dimensions.
func shannon() checks.Checkable {
	thin := bits{code: code{N: 1, D: 64, Rows: "haar"}}
	setup := func(bit, exponent float64) func(bits) (checks.Instance, error) {
		return func(p bits) (checks.Instance, error) {
			if err := p.validate(); err != nil {
				return checks.Instance{}, err
			}
			d := float64(p.D)
			shannon, signs := bounds.ShannonDistortion(p.N, p.D), bounds.SignDistortion(p.N, p.D)
			if bit != 0 {
				shannon = math.Exp2(-bit * float64(p.N) / d)
			}
			if exponent != 0 {
				signs = math.Exp2(-exponent * float64(p.N) / d)
			}
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("limit of two-layer networks", bounds.SignCode().Limit(p.N, p.D))},
				Trial: func(r *rand.Rand) checks.Measurement {
					net, err := encoded{code: p.code}.fitted(r)
					if err != nil {
						return checks.Failed(err)
					}
					risk, err := net.PopulationRisk(nil)
					if err != nil {
						return checks.Failed(err)
					}
					tol := rounding(net, d) / d
					m := checks.All(
						checks.Measurement{Part: "bits", Observed: risk / d, Predicted: shannon, Relation: checks.AtLeast, Tolerance: tol},
						checks.Measurement{Part: "signs", Observed: risk / d, Predicted: signs, Relation: checks.AtLeast, Tolerance: tol},
					)
					if p.Curve {
						m.Series, m.Err = p.curves(r)
					}
					return m
				},
			}, nil
		}
	}
	linear := bits{code: code{Act: "cubic", N: 5, D: 8, Rows: "haar"}}
	return checks.Claim[bits]{
		ID: "shevchenko2023/shannon", Title: "sign units against bits", Reference: "rate-distortion theorem; derived here",
		Formula:    `R \ge (1 - 2/\pi)^r \ge 2^{-2r}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) bits {
			d := rapid.IntRange(2, 10).Draw(t, "d")
			return bits{code: code{N: rapid.IntRange(1, 2*d).Draw(t, "n"), D: d, Rows: rapid.SampledFrom([]string{"haar", "uniform"}).Draw(t, "rows")}}
		}),
		Grid: []bits{
			{code: code{N: 6, D: 6, Rows: "haar"}, Curve: true}, // attains the second
			thin, {code: code{N: 3, D: 12, Rows: "haar"}}, {code: code{N: 28, D: 7, Rows: "equiangular"}},
		},
		Cost: func(p bits) checks.Cost {
			c := p.cost()
			if p.Curve {
				c.Trial += 24 * code{N: 3 * p.D, D: p.D}.pairCost()
			}
			return c
		},
		Setup: setup(0, 0),
		Controls: []checks.Control[bits]{
			{Name: "real-numbers", Why: "five orthonormal linear units in R^8 have the risk 3/8, below 2^{-5/4}", At: []bits{linear}, Setup: setup(0, 0)},
			{Name: "smaller-exponent", Why: "at r = 1 the risk is 1 - 2/pi, below 2^{-1.45}", At: []bits{{code: code{N: 6, D: 6, Rows: "haar"}}}, Setup: setup(0, 1.45)},
			{Name: "less-than-a-bit", Why: "a sign tells 2/pi of a coordinate, as much as 0.923 log 2 nats twice: more than an exponent of 0.9", At: []bits{thin}, Setup: setup(0.9, 0)},
		},
	}
}

// curves are the risk against the rate: rotations and independent rows with the best decoder, the limits, and bits.
func (p bits) curves(r *rand.Rand) ([]checks.Series, error) {
	var rates, rotations, independent, limit, tied, shannon []float64
	d := float64(p.D)
	for n := 1; n <= 3*p.D; n += 1 + n/p.D {
		for rows, values := range []*[]float64{&rotations, &independent} {
			net, err := encoded{code: code{N: n, D: p.D, Rows: []string{"haar", "uniform"}[rows]}}.fitted(r)
			if err != nil {
				return nil, err
			}
			risk, err := net.PopulationRisk(nil)
			if err != nil {
				return nil, err
			}
			*values = append(*values, risk/d)
		}
		sign := bounds.SignCode()
		rates = append(rates, float64(n)/d)
		limit = append(limit, sign.Limit(n, p.D))
		tied = append(tied, sign.TiedLimit(n, p.D))
		shannon = append(shannon, bounds.ShannonDistortion(n, p.D))
	}
	axes := curve.Axes{X: "rate r = n/d", Y: "risk per coordinate"}
	return []checks.Series{
		axes.Measured("rows of a rotation", rates, rotations), axes.Measured("independent rows", rates, independent),
		axes.Bound("limit", rates, limit), axes.Bound("limit of tied networks", rates, tied), axes.Bound("any code of n bits", rates, shannon),
	}, nil
}
