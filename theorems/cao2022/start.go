package cao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/signalnoise"
)

// An event is a statement on the filters at the start.
const (
	signalUpper = "signal, upper"
	signalLower = "signal, lower"
	noiseUpper  = "noise, upper"
	noiseLower  = "noise, lower"
)

// startup are 2m filters at the start before n orthogonal noise patches of one norm.
type startup struct {
	Event string  `json:"event"`
	N     int     `json:"n"`
	M     int     `json:"m"`
	Norm2 float64 `json:"norm2"` // |xi_i|^2/(sigma_p^2 d)
	Delta float64 `json:"delta"`
}

// sample has |mu| = 1 and sigma_p sqrt d = 1.
func (p startup) sample() *signalnoise.Sample {
	norms, y := make([]float64, p.N), make([]float64, p.N)
	for i := range norms {
		norms[i], y[i] = math.Sqrt(p.Norm2), 1
	}
	return orthogonal(1, norms, y)
}

// products draws filters with sigma_0 = 1 and returns their largest |<w, mu>| and |<w, xi_i>|, and the least over signs (and
// samples) of the largest j <w, mu> and j <w, xi_i>.
func (p startup) products(s *signalnoise.Sample, r *rand.Rand) map[string]float64 {
	net := signalnoise.Config{Filters: p.M, Sigma0: 1}.Draw(len(s.Mu), r)
	out := map[string]float64{signalLower: math.Inf(1), noiseLower: math.Inf(1)}
	look := func(v []float64, upper, lower string) {
		best := [2]float64{math.Inf(-1), math.Inf(-1)}
		for k := range 2 * p.M {
			z, j := floats.Dot(net.W.RawRowView(k), v), sign(k, 2*p.M)
			out[upper] = math.Max(out[upper], math.Abs(z))
			side := 0
			if j < 0 {
				side = 1
			}
			best[side] = math.Max(best[side], j*z)
		}
		out[lower] = math.Min(out[lower], math.Min(best[0], best[1]))
	}
	look(s.Mu, signalUpper, signalLower)
	for i := range p.N {
		look(s.Xi.RawRowView(i), noiseUpper, noiseLower)
	}
	return out
}

// bound is what the lemma says of the event, and the width that it needs.
func (p startup) bound() (value, width float64, relation checks.Relation, err error) {
	m, n := float64(p.M), float64(p.N)
	switch p.Event {
	case signalUpper:
		return math.Sqrt(2 * math.Log(8*m/p.Delta)), 1, checks.AtMost, nil
	case noiseUpper:
		return 2 * math.Sqrt(math.Log(8*m*n/p.Delta)), 1, checks.AtMost, nil
	case signalLower:
		return 0.5, bounds.SignalStartWidth(p.Delta), checks.AtLeast, nil
	case noiseLower:
		return 0.25, bounds.NoiseStartWidth(p.N, p.Delta), checks.AtLeast, nil
	}
	return 0, 0, "", fmt.Errorf("event %q is unknown", p.Event)
}

func (p startup) cost() checks.Cost {
	return checks.Cost{Trial: float64(2*p.M*(p.N+1)) * float64(15+5*p.N)}
}

// startProducts is the lemma on the start, each of its events by itself.
//
// Setting: 2m filters N(0, sigma_0^2 I); any noise patches with sigma_p^2 d/2 <= |xi_i|^2 <= 3 sigma_p^2 d/2.
//
// Hypotheses: for the lower bounds m >= ln(4/delta)/ln(1/Phi(1/2)) (signal) and m >= ln(4n/delta)/ln(1/Phi(1/(2 sqrt 2))) (noise).
//
// Conclusion: with probability at least 1 - delta/2 each
//
//	|<w_{j,r}, mu>| <= sqrt(2 log(8m/delta)) sigma_0 |mu| for all j, r,
//	|<w_{j,r}, xi_i>| <= 2 sqrt(log(8mn/delta)) sigma_0 sigma_p sqrt d for all j, r, i,
//	max_r j <w_{j,r}, mu> >= sigma_0 |mu|/2 for both j,
//	max_r j <w_{j,r}, xi_i> >= sigma_0 sigma_p sqrt d/4 for both j and all i.
//
// As recalled, all hold jointly with probability at least 1-delta; proved is 1 - 2 delta for the four.
//
// Constants: those of the events are recalled, the widths derived: one sign and one vector fail with probability Phi(c)^m. Patches of the
// least and the largest norm, orthogonal, are the worst; for the signal the law is exact, see start-laws.
//
// Convention: sigma_0 = |mu| = sigma_p sqrt d = 1.
//
// Reference: lemma on the initialisation (recalled), widths derived here.
//
// Control: half the width (lower bounds); 0.6 of the upper bounds.
//
// Loose: the upper bounds rest on exp(-t^2/2) in place of the Gaussian tail, and the constant 1/2 acts on few filters only.
func startProducts() checks.Claim[startup] {
	setup := func(share float64, free bool) func(startup) (checks.Instance, error) {
		return func(p startup) (checks.Instance, error) {
			bound, width, relation, err := p.bound()
			if err != nil {
				return checks.Instance{}, err
			}
			s := p.sample()
			inst := checks.Instance{
				Terms: checks.Terms{Delta: checks.Float(p.Delta / 2)},
				Trial: func(r *rand.Rand) checks.Measurement {
					return checks.Measurement{Part: p.Event, Observed: p.products(s, r)[p.Event], Predicted: share * bound, Relation: relation}
				},
			}
			if !free {
				inst.Hypotheses = []checks.Hypothesis{
					checks.Require("width", float64(p.M), checks.AtLeast, width),
					checks.Require("least norm", p.Norm2, checks.AtLeast, 0.5), checks.Require("largest norm", p.Norm2, checks.AtMost, 1.5),
				}
			}
			return inst, nil
		}
	}
	grid := []startup{
		{Event: signalLower, N: 1, M: 11, Norm2: 1, Delta: 0.2},
		{Event: signalUpper, N: 1, M: 300, Norm2: 1, Delta: 0.2},
		{Event: noiseUpper, N: 20, M: 20, Norm2: 1.5, Delta: 0.2},
		{Event: noiseLower, N: 20, M: 14, Norm2: 0.5, Delta: 0.3},
	}
	return checks.Claim[startup]{
		ID: "cao2022/start-products", Title: "products of the filters at the start", Reference: "lemma on the initialisation (recalled), widths derived here",
		Formula:    `\tfrac12\sigma_0\|\mu\| \le \max_r j\langle w_{j,r},\mu\rangle, \quad |\langle w_{j,r},\mu\rangle| \le \sqrt{2\log(8m/\delta)}\,\sigma_0\|\mu\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Detects: map[string]float64{signalLower: 2, signalUpper: 1.35, noiseUpper: 1.55, noiseLower: 1.7},
		Grid:    grid, Cost: startup.cost, Setup: setup(1, false),
		Controls: []checks.Control[startup]{
			{Name: "half-width", Why: "with half the filters a sign or a sample is missed too often", At: []startup{
				{Event: signalLower, N: 1, M: 5, Norm2: 1, Delta: 0.2}, {Event: noiseLower, N: 20, M: 7, Norm2: 0.5, Delta: 0.3},
			}, Setup: setup(1, true)},
			{Name: "smaller-bound", Why: "0.6 of the largest product", At: []startup{grid[1], grid[2]}, Setup: setup(0.6, false)},
			{Name: "short-patches", Why: "patches shorter than the norm event allows", At: []startup{{Event: noiseLower, N: 20, M: 14, Norm2: 0.15, Delta: 0.3}}, Setup: setup(1, true)},
		},
	}
}

// level is a level of the products with the signal.
type level struct {
	Event string  `json:"event"`
	M     int     `json:"m"`
	C     float64 `json:"c"`
}

// startLaws is the exact law behind start-products.
//
// Setting: 2m filters N(0, sigma_0^2 I).
//
// Hypotheses: none.
//
// Conclusion: max_r j <w_{j,r}, mu> < c sigma_0 |mu| for some j with probability exactly 1 - (1 - Phi(c)^m)^2 (lower), and
// |<w_{j,r}, mu>| > c sigma_0 |mu| for some j, r with probability exactly 1 - (2 Phi(c) - 1)^{2m} (upper). A trial is the share of 50 draws.
//
// Constants: derived; the 2m products are independent. At c = 1/2 and m = ln(4/delta)/ln 1.45 the first is delta/2 up to a share of delta/8.
//
// Convention: sigma_0 = |mu| = 1.
//
// Reference: derived here, after the lemma on the initialisation.
//
// Control: c raised by a tenth; one filter more.
func startLaws() checks.Claim[level] {
	const draws = 50
	setup := func(c float64, more int) func(level) (checks.Instance, error) {
		return func(p level) (checks.Instance, error) {
			var chance float64
			switch p.Event {
			case signalLower:
				chance = 1 - bounds.StartMaxima(c*p.C, p.M+more)
			case signalUpper:
				chance = 1 - bounds.StartRange(c*p.C, p.M+more)
			default:
				return checks.Instance{}, fmt.Errorf("event %q: use %q or %q", p.Event, signalLower, signalUpper)
			}
			start := startup{N: 1, M: p.M, Norm2: 1}
			s := start.sample()
			return checks.Instance{
				Terms: checks.Terms{Range: &[2]checks.Float{0, 1}, Resolution: 0.1},
				Trial: func(r *rand.Rand) checks.Measurement {
					failed := 0.0
					for range draws {
						if z := start.products(s, r)[p.Event]; p.Event == signalLower && z < p.C || p.Event == signalUpper && z > p.C {
							failed++
						}
					}
					return checks.Measurement{Observed: failed / draws, Predicted: chance, Relation: checks.Equal}
				},
			}, nil
		}
	}
	grid := []level{{Event: signalLower, M: 5, C: 0.5}, {Event: signalLower, M: 12, C: 1}, {Event: signalUpper, M: 6, C: 1.8}}
	return checks.Claim[level]{
		ID: "cao2022/start-laws", Title: "chance of the extreme products with the signal", Reference: "derived here",
		Formula:    `\mathbb{P}\bigl[\min_j \max_r j\langle w_{j,r},\mu\rangle < c\,\sigma_0\|\mu\|\bigr] = 1 - (1 - \Phi(c)^m)^2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid,
		Cost: func(p level) checks.Cost {
			return checks.Cost{Trial: draws * startup{N: 1, M: p.M}.cost().Trial}
		},
		Setup: setup(1, 0),
		Controls: []checks.Control[level]{
			{Name: "level", Why: "a level that is a tenth higher", At: grid, Setup: setup(1.1, 0)},
			{Name: "one-filter-more", Why: "one filter more or less changes the chance", At: []level{grid[0], grid[2]}, Setup: setup(1, 1)},
		},
	}
}
