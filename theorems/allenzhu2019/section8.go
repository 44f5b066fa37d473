package allenzhu2019

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
	"convergo/nets/deep"
	"convergo/theorems/internal/curve"
)

// A perturbation moves one trained layer of a network.
type perturbation struct {
	M     int     `json:"m"`
	L     int     `json:"l"`
	Layer int     `json:"layer"`
	Omega float64 `json:"omega"`          // spectral norm
	Over  float64 `json:"over,omitempty"` // how much more the perturbation really has (controls)
	Near  float64 `json:"near,omitempty"` // what is counted of |z' - z| (controls)
}

// mostFlips is the adversary of Lemma 8.2 in one layer, exactly.
//
// Setting: one input of unit norm; W_l is perturbed by any W' with |W'|_2 <= omega, the other layers stay; z = W_l h_{l-1}.
//
// Hypotheses: none: every network, layer and omega, no z_k being 0.
//
// Conclusion: at most s gates of layer l flip, s the largest number whose smallest z_k^2 sum to at most omega^2 |h_{l-1}|^2, and
// W' = -sum_{k in K} z_k e_k h_{l-1}^T/|h_{l-1}|^2 over these K flips all of them (times 1 + 1e-9, past the kink). In every later
// layer at most as many gates flip as have the smallest squares of z summing to |z' - z|^2.
//
// Constants: derived. A gate flips only if |z'_k - z_k| >= |z_k|, and |z' - z| <= omega |h_{l-1}|. The layer is run with the
// best W', one of rank one along all of z and a random one, each of norm omega; the most flips are compared with s.
//
// Convention: weights N(0, 2/m), though it holds for all.
//
// Reference: Allen-Zhu, Li, Song (2019), Lemma 8.2, for the quantity; derived here.
//
// Control: W' of 1.05 times the norm flips more than s gates; 0.95 of |z' - z|.
func mostFlips() checks.Claim[perturbation] {
	return checks.Claim[perturbation]{
		ID: "allenzhu2019/most-flips", Title: "most gates a perturbation flips", Reference: "Lemma 8.2; derived here",
		Formula:    `\max_{\|W'\|_2 \le \omega} \|D_{i,l} - D^{(0)}_{i,l}\|_0 = \max\Big\{s : \sum_{k \le s} z_{(k)}^2 \le \omega^2 \|h_{i,l-1}\|^2\Big\}`,
		Convention: convention,
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) perturbation {
			p := perturbation{M: rapid.IntRange(1, 60).Draw(t, "m"), L: rapid.IntRange(1, 3).Draw(t, "L"), Omega: rapid.SampledFrom([]float64{0.01, 0.1, 1, 3}).Draw(t, "omega")}
			p.Layer = rapid.IntRange(1, p.L).Draw(t, "layer")
			return p
		}),
		Grid: []perturbation{{M: 30, L: 2, Layer: 1, Omega: 0.3}, {M: 100, L: 3, Layer: 2, Omega: 0.5}, {M: 600, L: 1, Layer: 1, Omega: 0.3}},
		Cost: func(p perturbation) checks.Cost {
			m := float64(p.M)
			return checks.Cost{Trial: m * m * (25*float64(p.L) + 80), Size: fmt.Sprintf("m=%d", p.M)}
		},
		Setup: func(p perturbation) (checks.Instance, error) {
			return checks.Instance{Trial: p.trial, Terms: checks.Terms{Trials: 2}}, nil
		},
		Controls: []checks.Control[perturbation]{
			{Name: "norm", Why: "1.05 times the norm that is allowed", At: []perturbation{{M: 600, L: 1, Layer: 1, Omega: 0.3, Over: 1.05}}},
			{Name: "movement", Why: "0.95 of how far the preactivations move", At: []perturbation{{M: 600, L: 1, Layer: 1, Omega: 0.3, Near: 0.95}}},
		},
	}
}

func (p perturbation) trial(r *rand.Rand) checks.Measurement {
	net, err := deep.New(config(2, p.M, p.L), r)
	if err != nil {
		return checks.Failed(err)
	}
	x := unitVector(2)
	before, err := net.NewPass(x)
	if err != nil {
		return checks.Failed(err)
	}
	at := p.Layer + 1
	h, z := before.Feature(at-1).RawRowView(0), before.Preactivation(at).RawRowView(0)
	norm := floats.Norm(h, 2)
	if norm == 0 { // a dead layer below: no perturbation reaches the gates
		return checks.Measurement{Part: "perturbed-layer", Observed: 0, Predicted: 0, Relation: checks.Equal}
	}
	most := bounds.MostFlips(z, p.Omega*norm)
	size := p.Omega
	if p.Over > 0 {
		size *= p.Over
	}
	near := 1 + 1e-9
	if p.Near > 0 {
		near = p.Near
	}
	flips, later := 0, []checks.Measurement{}
	for _, w := range p.adversaries(z, h, size, r) {
		moved := net.Clone()
		moved.Weight(at).Add(moved.Weight(at), w)
		after, err := moved.NewPass(x)
		if err != nil {
			return checks.Failed(err)
		}
		flips = max(flips, layerFlips(before, after, at))
		for l := at; l <= p.L+1; l++ {
			u, v := before.Preactivation(l).RawRowView(0), after.Preactivation(l).RawRowView(0)
			later = append(later, checks.Measurement{
				Part: "later-layers", Observed: float64(layerFlips(before, after, l)),
				Predicted: float64(bounds.MostFlips(u, floats.Distance(u, v, 2)*near)),
			})
		}
	}
	return checks.All(
		checks.Measurement{Part: "perturbed-layer", Observed: float64(flips), Predicted: float64(most), Relation: checks.Equal},
		checks.Worst(later...),
	)
}

// adversaries are perturbations of spectral norm size: of rank one on the cheapest gates, on all of them, and random.
func (p perturbation) adversaries(z, h []float64, size float64, r *rand.Rand) []*mat.Dense {
	norm := floats.Norm(h, 2)
	most := bounds.MostFlips(z, size*norm)
	order := bySize(z)
	cheapest, all := make([]float64, len(z)), make([]float64, len(z))
	for _, k := range order[:most] {
		cheapest[k] = -z[k] * (1 + 1e-9) / (norm * norm)
	}
	for k, v := range z {
		all[k] = -v * size / (floats.Norm(z, 2) * norm)
	}
	rank := func(u []float64) *mat.Dense {
		w := mat.NewDense(len(z), len(h), nil)
		w.Outer(1, mat.NewVecDense(len(u), u), mat.NewVecDense(len(h), h))
		return w
	}
	random := nets.Gaussian(len(z), len(h), r)
	ws := []*mat.Dense{rank(cheapest), rank(all), random}
	for _, w := range ws {
		// The Frobenius norm is at least the spectral norm, and equal to it at rank one.
		if norm := mat.Norm(w, 2); norm > size*(1+1e-8) {
			w.Scale(size/norm, w)
		}
	}
	return ws
}

// layerFlips counts the gates of a layer that differ on the first input.
func layerFlips(p, q *deep.Pass, l int) int {
	flips := 0
	for k, d := range p.Slope(l).RawRowView(0) {
		if d != q.Slope(l).At(0, k) {
			flips++
		}
	}
	return flips
}

// A share asks for the share of gates that can be flipped, at the start.
type share struct {
	M     int     `json:"m"`
	L     int     `json:"l"`
	Omega float64 `json:"omega"`
	Delta float64 `json:"delta"`
}

// flipShare is Lemma 8.2 for one layer with its constant.
//
// Setting: one input of unit norm and the network at its start; the adversary of most-flips in layer L.
//
// Hypotheses: 0 < delta <= 1/2.
//
// Conclusion: with probability at least 1 - delta, every W' with |W'|_2 <= omega flips at most
// m ((3 omega^2/pi)^{1/3} + sqrt(ln(1/delta)/(2m))) gates of the layer: 0.985 m omega^{2/3} where the lemma has O(m omega^{2/3} L). For l > 0,
// omega counts relative to |h_{l-1}|, which forward-norm has near 1.
//
// Constants: derived. By the inequality of Dvoretzky, Kiefer, Wolfowitz and Massart the k-th smallest |z| is at least that of the
// uniform law with the density of |N(0, 2/m)| at 0, but for the second term. As m grows and omega falls it is attained.
//
// Convention: weights N(0, 2/m).
//
// Reference: Allen-Zhu, Li, Song (2019), Lemma 8.2, for the order; derived here.
//
// Control: weights of 0.8 times the standard deviation; a constant 2.4/pi in place of 3/pi.
func flipShare() checks.Claim[share] {
	setup := func(std, factor float64) func(share) (checks.Instance, error) {
		return func(p share) (checks.Instance, error) {
			bound := bounds.AdversarialFlips(p.M, p.Omega*factor, p.Delta)
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("delta", p.Delta, checks.AtMost, 0.5)},
				Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					walk := deep.NewForward(unitVector(1), p.M, std*std*2/float64(p.M))
					for range p.L {
						walk.Next(r)
					}
					norm := math.Sqrt(walk.Gram().At(0, 0))
					if norm == 0 { // a dead layer below: no perturbation reaches the gates
						return checks.Measurement{Observed: 0, Predicted: bound}
					}
					walk.Next(r)
					flips := bounds.MostFlips(walk.Preactivation().RawRowView(0), p.Omega*norm)
					return checks.Measurement{Observed: float64(flips) / float64(p.M), Predicted: bound}
				},
			}, nil
		}
	}
	return checks.Claim[share]{
		ID: "allenzhu2019/flip-share", Title: "share of gates that can be flipped", Reference: "Lemma 8.2; derived here",
		Formula: `\|D_{i,l} - D^{(0)}_{i,l}\|_0 \le m\left(\frac{3\omega^2}{\pi}\right)^{1/3} + \sqrt{\frac{m}{2}\ln\frac{1}{\delta}}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) share {
			return share{
				M: rapid.IntRange(1, 100).Draw(t, "m"), L: rapid.IntRange(0, 2).Draw(t, "L"),
				Omega: rapid.Float64Range(0, 1).Draw(t, "omega"), Delta: 0.5,
			}
		}),
		Grid: []share{{M: 1, Omega: 0.5, Delta: 0.5}, {M: 100, L: 2, Omega: 0.1, Delta: 0.2}, {M: 4000, Omega: 0.1, Delta: 0.2}, {M: 4000, Omega: 0.3, Delta: 0.5}},
		Cost: func(p share) checks.Cost { return checks.Cost{Trial: 150 * float64(p.M) * float64(p.L+1)} },
		Setup: func(p share) (checks.Instance, error) {
			return setup(1, 1)(p)
		},
		Controls: []checks.Control[share]{
			{Name: "smaller-weights", Why: "preactivations of 0.8 times the size are flipped at 0.8 times the cost", At: []share{{M: 4000, Omega: 0.1, Delta: 0.2}}, Setup: setup(0.8, 1)},
			{Name: "constant", Why: "2.4/pi in place of 3/pi", At: []share{{M: 4000, Omega: 0.3, Delta: 0.2}}, Setup: setup(1, math.Sqrt(0.8))},
		},
	}
}

// A ladder of perturbation sizes.
type omegas struct {
	M      int       `json:"m"`
	Omegas []float64 `json:"omegas"`
	Random bool      `json:"random,omitempty"` // a random perturbation in place of the adversary's (controls)
}

// start draws the preactivations of one layer at a unit input, and the output weights.
func (p omegas) start(r *rand.Rand) (z, b []float64) {
	walk := deep.NewForward(unitVector(1), p.M, 2/float64(p.M))
	walk.Next(r)
	z, b = walk.Preactivation().RawRowView(0), make([]float64, p.M)
	for k := range b {
		b[k] = r.NormFloat64()
	}
	return z, b
}

// climb measures at every size; predicted is drawn beside it.
func (p omegas) climb(name string, predicted func(float64) float64, at func(omega float64) float64) checks.Measurement {
	var m checks.Measurement
	var got, want []float64
	for _, omega := range p.Omegas {
		v := at(omega)
		m.Ladder = append(m.Ladder, checks.Rung{Size: omega, Value: v})
		got, want = append(got, v), append(want, predicted(omega))
	}
	axes := curve.Axes{X: "perturbation omega", Y: name, LogX: true, LogY: true}
	m.Series = []checks.Series{axes.Measured("network", p.Omegas, got), axes.Bound("limit", p.Omegas, want)}
	return m
}

// claim is a scaling law in omega.
func (p omegas) instance(exponent float64, trial checks.Trial) (checks.Instance, error) {
	return checks.Instance{Terms: checks.Terms{Exponent: checks.Float(exponent), Relation: checks.Equal, Resolution: 0.04, Trials: 48}, Trial: trial}, nil
}

func (p omegas) cost() checks.Cost {
	return checks.Cost{Trial: float64(p.M) * (60 + 60*float64(len(p.Omegas)))}
}

var (
	smallOmegas = []float64{0.003, 0.01, 0.03, 0.1}
	adversary   = []omegas{{M: 5000, Omegas: smallOmegas}}
	atRandom    = []omegas{{M: 5000, Omegas: smallOmegas, Random: true}}
)

// flipOrder is the exponent of Lemma 8.2.
//
// Setting: as in flip-share, with one layer.
//
// Hypotheses: omega < 1 with m omega^{2/3} large; here omega from 0.003 to 0.1 at m = 5,000.
//
// Conclusion: the adversary of most-flips flips a share of (3/pi)^{1/3} omega^{2/3} (1 + o(1)) of the gates: the exponent of the lemma
// cannot be improved. A random perturbation of the same size flips a share of order omega only (random-flips).
//
// Constants: the exponent is the lemma's; the prefactor is derived in flip-share. The resolution of 0.04 is ours: the law is 0.5 per
// cent low at omega = 0.1.
//
// Convention: weights N(0, 2/m).
//
// Reference: Allen-Zhu, Li, Song (2019), Lemma 8.2, for the exponent; sharpness derived here.
//
// Control: a random perturbation, with exponent 1.
func flipOrder() checks.Claim[omegas] {
	return checks.Claim[omegas]{
		ID: "allenzhu2019/flip-order", Title: "order of the flips", Reference: "Lemma 8.2; derived here",
		Formula: `\max_{\|W'\|_2 \le \omega} \|D - D^{(0)}\|_0 \sim (3/\pi)^{1/3}\, m\, \omega^{2/3}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Along: `size $\omega$ of the move`, Version: 1,
		Grid: adversary, Cost: omegas.cost,
		Setup: func(p omegas) (checks.Instance, error) {
			return p.instance(2./3, func(r *rand.Rand) checks.Measurement {
				z, other := p.start(r)
				return p.climb("share of flipped gates", func(o float64) float64 { return math.Cbrt(3 * o * o / math.Pi) }, func(omega float64) float64 {
					if !p.Random {
						return float64(bounds.MostFlips(z, omega)) / float64(p.M)
					}
					flips := 0.5 // of order omega m; a logarithm needs one
					for k, v := range z {
						if v*(v+omega*other[k]*math.Sqrt(2/float64(p.M))) < 0 {
							flips++
						}
					}
					return flips / float64(p.M)
				})
			})
		},
		Controls: []checks.Control[omegas]{{Name: "random", Why: "the share that a random perturbation flips is of order omega", At: atRandom}},
	}
}

// A noise is a random perturbation of one layer.
type noise struct {
	M     int     `json:"m"`
	Omega float64 `json:"omega"`
}

// randomFlips is the mean effect of a random perturbation.
//
// Setting: one input of unit norm; W has entries N(0, 2/m) and W' entries N(0, 2 omega^2/m), independent and both drawn anew.
//
// Hypotheses: omega > 0.
//
// Conclusion: the expected share of gates that flip is arctan(omega)/pi, where the adversary of the same size flips about omega^{2/3}.
//
// Constants: derived: a preactivation and its perturbed value are jointly normal at an angle arctan(omega), and two normal
// variables differ in sign with probability angle/pi. The standard deviation of the share is that of m independent gates.
//
// Convention: weights N(0, 2/m).
//
// Reference: Allen-Zhu, Li, Song (2019), beside Lemma 8.2; derived here.
//
// Control: omega/pi in place of its arctangent; a perturbation of 0.8 times the size.
func randomFlips() checks.Claim[noise] {
	arctan := func(o float64) float64 { return math.Atan(o) / math.Pi }
	setup := func(want func(float64) float64, size float64) func(noise) (checks.Instance, error) {
		return func(p noise) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("omega is positive", p.Omega > 0)},
				Terms: checks.Terms{
					// Of a share of m independent gates, each of which flips with a probability p.
					Deviation:  checks.Float(math.Sqrt(arctan(p.Omega) * (1 - arctan(p.Omega)) / float64(p.M))),
					Resolution: 0.09,
				},
				Trial: func(r *rand.Rand) checks.Measurement {
					w, v := nets.Gaussian(p.M, 2, r), nets.Gaussian(p.M, 2, r)
					flips := 0
					for k := range p.M {
						// The input (0.6, 0.8); the scale sqrt(2/m) cancels.
						before := 0.6*w.At(k, 0) + 0.8*w.At(k, 1)
						after := before + size*p.Omega*(0.6*v.At(k, 0)+0.8*v.At(k, 1))
						if (before >= 0) != (after >= 0) {
							flips++
						}
					}
					return checks.Measurement{Observed: float64(flips) / float64(p.M), Predicted: want(p.Omega), Relation: checks.Equal}
				},
			}, nil
		}
	}
	return checks.Claim[noise]{
		ID: "allenzhu2019/random-flips", Title: "gates that a random perturbation flips", Reference: "derived here, beside Lemma 8.2",
		Formula: `\mathbb{E}\,\|D - D^{(0)}\|_0 = \frac{m}{\pi}\arctan\omega`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid:  []noise{{M: 500, Omega: 0.1}, {M: 200, Omega: 1}, {M: 200, Omega: 10}},
		Cost:  func(p noise) checks.Cost { return checks.Cost{Trial: 100 * float64(p.M)} },
		Setup: setup(arctan, 1),
		Controls: []checks.Control[noise]{
			{Name: "linear", Why: "omega/pi is 1.27 times too much at omega = 1", At: []noise{{M: 200, Omega: 1}}, Setup: setup(func(o float64) float64 { return o / math.Pi }, 1)},
			{Name: "smaller", Why: "a perturbation of 0.8 times the size", At: []noise{{M: 500, Omega: 0.1}}, Setup: setup(arctan, 0.8)},
		},
	}
}
