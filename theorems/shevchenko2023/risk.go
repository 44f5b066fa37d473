package shevchenko2023

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/autoencoder"
)

// sampled is a code with its best decoder, and how many draws of x a trial averages.
type sampled struct {
	code
	Draws int `json:"draws"`
}

// populationRisk is the risk of a network in closed form, against networks that encode and decode draws of x.
//
// Setting: x ~ N(0, D^2); rows with |D b_i| = 1, u_i = D b_i, Q = U U^T; sigma the sign or a ReLU; A the best decoder for the rows,
// where every term counts.
//
// Hypotheses: x is Gaussian; |D b_i| = 1, but for the sign.
//
// Conclusion: E[|x|^2 - |x - A sigma(Bx)|^2] = 2 c_1 Tr(A U D) - c_1^2 Tr(A f(Q) A^T): the gain, the rest of Tr D^2 being
// the risk. c_1 = E g sigma(g), c_1^2 f(rho) = E sigma(g) sigma(h) at correlation rho; for the sign c_1 = sqrt(2/pi) and
// f = arcsin.
//
// Constants: exact. E x sigma(b.x) = c_1 D u by Stein's lemma. A trial averages the gain over many draws. Its deviation is
// at most ||2 x.v - |v|^2||_2 <= 2 ||x.v||_2 + || |v|^2 ||_2 with v = A sigma(Bx): for the sign |v| <= g, the largest length
// over all 2^n codes, and ||x.v||_2 <= g (Tr D^2)^{1/2}; for ReLUs in the plane the gain is |x|^2 times a function of the angle,
// whose mean square over the circle times E|x|^4 = 8 is taken by quadrature, with a tenth to spare.
//
// Convention: sum over coordinates; c_1 and f as above.
//
// Reference: Shevchenko, Kögler, Hassani, Mondelli (2023), the starting point; derived here.
//
// Control: coordinates +-1 instead of Gaussian ones; f(rho) = rho off the diagonal, as if sigma were linear there; ReLUs
// whose rows have the length 0.7; a tenth more than the gain.
func populationRisk() checks.Checkable {
	tri := sampled{code{N: 3, D: 2, Rows: "uniform", Seed: 4}, 1500}
	relu := sampled{code{Act: "relu", N: 3, D: 2, Rows: "uniform", Seed: 5}, 600}
	one := sampled{code{N: 1, D: 1, Rows: "axes"}, 1000}
	return checks.Claim[sampled]{
		ID: "shevchenko2023/population-risk", Title: "risk in closed form", Reference: "derived here",
		Formula:    `\mathbb{E}\,|x - A\sigma(Bx)|^2 = \mathrm{Tr}\,D^2 - 2c_1 \mathrm{Tr}(AUD) + c_1^2 \mathrm{Tr}(A f(UU^\top) A^\top)`,
		Convention: scaled, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []sampled{
			one, tri, relu,
			{code{N: 4, D: 3, Rows: "uniform", Seed: 7, Scales: []float64{2, 1, 0.5}}, 3000},
		},
		Cost: func(p sampled) checks.Cost {
			return checks.Cost{Trial: float64(p.Draws) * float64(p.D*(4*p.N+25)+4*p.N), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: func(p sampled) (checks.Instance, error) { return p.gain(1, sabotage{}) },
		Controls: []checks.Control[sampled]{
			{
				Name: "signs", Why: "coordinates +-1 have the covariance of N(0, I) but another law: the Gaussian decoder of one unit on the line gains 0.96, not 2/pi",
				At:    []sampled{one},
				Setup: func(p sampled) (checks.Instance, error) { return p.gain(1, sabotage{signs: true}) },
			},
			{
				Name: "linear-pairs", Why: "arcsin rho is not rho: with three units in the plane the quadratic part changes by a twentieth of the gain",
				At:    []sampled{tri},
				Setup: func(p sampled) (checks.Instance, error) { return p.gain(1, sabotage{linear: true}) },
			},
			{
				Name: "short-rows", Why: "a ReLU of a row that is 0.7 long is 0.7 times as large: 2 times 0.7 less 0.49 of the gain is left, 0.91",
				At:    []sampled{relu},
				Setup: func(p sampled) (checks.Instance, error) { return p.gain(1, sabotage{length: 0.7}) },
			},
			{
				Name: "larger-gain", Why: "a tenth more than the gain",
				At:    []sampled{tri},
				Setup: func(p sampled) (checks.Instance, error) { return p.gain(1.1, sabotage{}) },
			},
		},
	}
}

// sabotage is what a control of populationRisk changes.
type sabotage struct {
	signs, linear bool
	length        float64
}

func (p sampled) gain(factor float64, s sabotage) (checks.Instance, error) {
	if err := p.validate(); err != nil {
		return checks.Instance{}, err
	}
	_, theory, _ := p.act()
	u, err := p.rows(rand.New(rand.NewPCG(p.Seed, 20)))
	if err != nil {
		return checks.Instance{}, err
	}
	a, _, err := theory.Decoder(u, p.Scales)
	if err != nil {
		return checks.Instance{}, err
	}
	net := p.network(u)
	net.A = a
	if s.linear {
		curved := theory.F
		theory.F = func(rho float64) float64 {
			if rho > 1-1e-12 {
				return curved(1)
			}
			return rho
		}
	}
	risk, err := theory.Risk(a, u, p.Scales)
	if err != nil {
		return checks.Instance{}, err
	}
	deviation, err := p.deviation(net)
	if err != nil {
		return checks.Instance{}, err
	}
	if s.length != 0 {
		net.B.Scale(s.length, net.B)
	}
	total := p.variance()
	mean := factor * (total - risk)
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("risk", risk), checks.NewFact("Tr D^2", total)},
		Terms: checks.Terms{Resolution: 0.04, Deviation: checks.Float(deviation / math.Sqrt(float64(p.Draws)))},
		Trial: func(r *rand.Rand) checks.Measurement {
			gain := 0.0
			if s.signs {
				x := nets.Gaussian(p.Draws, p.D, r)
				x.Apply(func(_, _ int, v float64) float64 { return math.Copysign(1, v) }, x)
				gain = float64(p.D) - net.Risk(x)
			} else {
				gain = net.SampledGain(p.Draws, p.Scales, r)
			}
			return checks.Measurement{Observed: gain, Predicted: mean, Relation: checks.Equal}
		},
	}, nil
}

// variance is E|x|^2 = Tr D^2.
func (p code) variance() float64 {
	if p.Scales == nil {
		return float64(p.D)
	}
	return floats.Dot(p.Scales, p.Scales)
}

// deviation bounds the standard deviation of the gain of one draw.
func (p code) deviation(net *autoencoder.Network) (float64, error) {
	second := p.variance()
	switch {
	case net.Act.Name == "sign" && p.N <= 12:
		g := longest(net.A)
		return 2*g*math.Sqrt(second) + g*g, nil
	case net.Act.Name == "relu" && p.D == 2 && p.Scales == nil:
		const parts = 2000
		sum, out, codes := 0.0, make([]float64, 2), make([]float64, p.N)
		for i := range parts {
			sin, cos := math.Sincos(2 * math.Pi * (float64(i) + 0.5) / parts)
			net.Reconstruct(out, codes, []float64{cos, sin})
			gain := out[0]*(2*cos-out[0]) + out[1]*(2*sin-out[1])
			sum += gain * gain / parts
		}
		return 1.1 * math.Sqrt(8*sum), nil
	}
	return 0, fmt.Errorf("no deviation is known for %d units of %q in %d dimensions: use at most 12 signs, or ReLUs in the plane", p.N, net.Act.Name, p.D)
}

// longest is the largest |A s| over signs s.
func longest(a *mat.Dense) float64 {
	d, n := a.Dims()
	most := 0.0
	for signs := range 1 << n {
		sum := 0.0
		for k := range d {
			v := 0.0
			for j, x := range a.RawRowView(k) {
				if signs>>j&1 == 1 {
					x = -x
				}
				v += x
			}
			sum += v * v
		}
		most = max(most, sum)
	}
	return math.Sqrt(most)
}

// optimalDecoder is the best decoder for given rows, and the best tied one.
//
// Setting: x ~ N(0, D^2); rows with |D b_i| = 1, u_i = D b_i, Q = U U^T, F = f(Q), no two rows parallel or opposite.
//
// Hypotheses: the angle between any two lines of rows is at least 0.01 (nearer ones are a matter of rounding).
//
// Conclusion: the decoder A* = (1/c_1) D U^T F^{-1} has the risk Tr D^2 - Tr(D U^T F^{-1} U D) ("value"), any other one A* + E
// has c_1^2 Tr(E F E^T) more ("increase"), so that A* alone is optimal. For D = I the best scale of B^T gives d - n^2/sum_ij
// q_ij f(q_ij) ("tied").
//
// Constants: exact: the risk is quadratic in A, with the matrix c_1^2 F and the linear part c_1 D U^T. F is positive definite
// for the sign, all of whose odd Hermite coefficients are different from zero. Tolerance: 1e-9 of Tr D^2: fans of 2 to 300 rows in
// the plane at the smallest angle are within 2e-11 of it, ReLUs, whose F is nearer to singular, as signs.
//
// Convention: risk a sum over coordinates.
//
// Reference: Shevchenko, Kögler, Hassani, Mondelli (2023), weight-tied decoders; derived here.
//
// Control: A = B^T without its factor; a twentieth more than the best scale; a hundredth more than the
// increase.
func optimalDecoder() checks.Checkable {
	frame := code{N: 3, D: 4, Rows: "haar"}
	few := code{N: 2, D: 3, Rows: "uniform"}
	return checks.Claim[code]{
		ID: "shevchenko2023/optimal-decoder", Title: "best decoder for given rows", Reference: "derived here",
		Formula:    `A^\ast = c_1^{-1} D U^\top F^{-1}, \quad R(A^\ast + E) = \mathrm{Tr}\,D^2 - \mathrm{Tr}(D U^\top F^{-1} U D) + c_1^2 \mathrm{Tr}(E F E^\top)`,
		Convention: scaled, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) code {
			d := rapid.IntRange(1, 6).Draw(t, "d")
			return code{N: rapid.IntRange(1, min(8, 4*d-3)).Draw(t, "n"), D: d, Rows: rapid.SampledFrom([]string{"uniform", "haar"}).Draw(t, "rows"),
				Act: rapid.SampledFrom([]string{"sign", "relu"}).Draw(t, "act")}
		}),
		Grid: []code{
			{N: 1, D: 1, Rows: "axes"}, frame, few, {N: 28, D: 7, Rows: "equiangular"}, {N: 12, D: 8, Rows: "uniform"},
			{N: 5, D: 4, Rows: "uniform", Scales: []float64{3, 1, 1, 0.1}}, {Act: "cubic", Cubic: 0.5, N: 5, D: 4, Rows: "uniform"},
			{Act: "relu", N: 6, D: 4, Rows: "uniform"},
		},
		Cost:  code.cost,
		Setup: func(p code) (checks.Instance, error) { return p.decoders(1, 1, 1) },
		Controls: []checks.Control[code]{
			{
				Name: "no-factor", Why: "B^T alone has the risk 1 - r (2 c_1 - 1) at orthonormal rows, a twentieth above the best",
				At: []code{frame}, Setup: func(p code) (checks.Instance, error) {
					return p.decoders(1/bounds.SignCode().Linear, 1, 1)
				},
			},
			{
				Name: "larger-scale", Why: "a twentieth more than the best scale of B^T loses a four hundredth of the gain",
				At: []code{frame}, Setup: func(p code) (checks.Instance, error) { return p.decoders(1, 1.05, 1) },
			},
			{
				Name: "larger-increase", Why: "the risk is exactly quadratic: a hundredth more is too much",
				At: []code{few}, Setup: func(p code) (checks.Instance, error) { return p.decoders(1, 1, 1.01) },
			},
		},
	}
}

// decoders measures the decoders of theory, each with its scale, on networks, and the increase with another one.
func (p code) decoders(best, tied, more float64) (checks.Instance, error) {
	if err := p.validate(); err != nil {
		return checks.Instance{}, err
	}
	_, theory, _ := p.act()
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		u, err := p.rows(r)
		if err != nil {
			return checks.Failed(err)
		}
		angle := checks.Require("least angle between two lines of rows", leastAngle(u), checks.AtLeast, 0.01)
		if !angle.Met() {
			return checks.Measurement{Hypotheses: []checks.Hypothesis{angle}, Part: "value"}
		}
		a, least, err := theory.Decoder(u, p.Scales)
		if err != nil {
			return checks.Failed(err)
		}
		net, e := p.network(u), nets.Gaussian(p.D, p.N, r)
		increase := more * p.quadratic(theory, e, u)
		net.A = mat.DenseCopyOf(a)
		net.A.Scale(best, a)
		value, err := net.PopulationRisk(p.Scales)
		if err != nil {
			return checks.Failed(err)
		}
		net.A.Add(a, e)
		moved, err := net.PopulationRisk(p.Scales)
		if err != nil {
			return checks.Failed(err)
		}
		total := p.variance()
		tol := 1e-9 * total
		parts := []checks.Measurement{
			{Part: "value", Observed: value, Predicted: least, Relation: checks.Equal, Tolerance: tol},
			{Part: "increase", Observed: moved - least, Predicted: increase, Relation: checks.Equal, Tolerance: tol + 1e-12*moved},
		}
		if p.Scales == nil {
			beta, risk := theory.TiedRisk(u)
			net.TieDecoder(tied * beta)
			value, err := net.PopulationRisk(nil)
			if err != nil {
				return checks.Failed(err)
			}
			parts = append(parts, checks.Measurement{Part: "tied", Observed: value, Predicted: float64(p.D) * risk, Relation: checks.Equal, Tolerance: tol})
		}
		return checks.All(parts...)
	}}, nil
}

// quadratic is c_1^2 Tr(E F E^T), by the risk of E and of -E, whose linear parts cancel.
func (p code) quadratic(theory bounds.ShallowCode, e, u *mat.Dense) float64 {
	total := p.variance()
	var minus mat.Dense
	minus.Scale(-1, e)
	plus, err := theory.Risk(e, u, p.Scales)
	if err != nil {
		return math.NaN()
	}
	other, err := theory.Risk(&minus, u, p.Scales)
	if err != nil {
		return math.NaN()
	}
	return (plus+other)/2 - total
}
