package allenzhu2019

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/deep"
	"convergo/theorems/internal/curve"
)

// gradientCloseness is the exponent of Theorem 5, the change of the gradient near the start.
//
// Setting: L = 1 and one input of unit norm: grad f = (B D_1)^T h_0^T; the adversary of most-flips perturbs W_1.
//
// Hypotheses: omega < 1 with m omega^{2/3} large; here omega from 0.003 to 0.1 at m = 5,000.
//
// Conclusion: sup |grad f(W) - grad f(W(0))|_F/|grad f(W(0))|_F over |W - W(0)|_2 <= omega is at least (24/pi)^{1/6} omega^{1/3} (1 + o(1)), which the
// adversary attains whatever the signs of B: the exponent 1/3 of Theorem 5, O(sqrt(log m) omega^{1/3} L^3), cannot be improved.
//
// Constants: the exponent as later papers quote the theorem; the prefactor is derived: a share (3 omega^2/pi)^{1/3} of the gates flips, of which
// half were open, and the ratio is the square root of twice that share. The resolution of 0.04 is ours.
//
// Convention: as the source, d = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 5 of the arXiv version, as quoted in later papers; sharpness derived here.
//
// Control: a random perturbation of the same size, with exponent 1/2.
func gradientCloseness() checks.Claim[omegas] {
	return checks.Claim[omegas]{
		ID: "allenzhu2019/gradient-closeness", Title: "order of the change of the gradient", Reference: "Theorem 5 (arXiv), quoted elsewhere; derived here",
		Formula: `\sup_{\|W - W^{(0)}\|_2 \le \omega} \frac{\|\nabla f(W) - \nabla f(W^{(0)})\|_F}{\|\nabla f(W^{(0)})\|_F} \ge (24/\pi)^{1/6}\, \omega^{1/3} (1 + o(1))`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Along: `size $\omega$ of the move`, Version: 1,
		Grid: adversary, Cost: omegas.cost,
		Setup: func(p omegas) (checks.Instance, error) {
			return p.instance(1./3, func(r *rand.Rand) checks.Measurement {
				z, b := p.start(r)
				_, other := p.start(r)
				order := bySize(z)
				before := 0.0
				for k, v := range z {
					if v > 0 {
						before += b[k] * b[k]
					}
				}
				limit := func(o float64) float64 { return math.Pow(24/math.Pi, 1./6) * math.Cbrt(o) }
				return p.climb("relative change of the gradient", limit, func(omega float64) float64 {
					change := 0.0
					if !p.Random {
						for _, k := range order[:bounds.MostFlips(z, omega)] {
							change += b[k] * b[k]
						}
						return math.Sqrt(change / before)
					}
					for k, v := range z {
						if v*(v+omega*other[k]*math.Sqrt(2/float64(p.M))) < 0 {
							change += b[k] * b[k]
						}
					}
					return math.Sqrt(math.Max(change, 0.5) / before)
				})
			})
		},
		Controls: []checks.Control[omegas]{{Name: "random", Why: "a random perturbation flips a share of order omega, and the gradient changes by its root", At: atRandom}},
	}
}

// bySize orders the gates by |z|.
func bySize(z []float64) []int {
	order, squares := make([]int, len(z)), make([]float64, len(z))
	for k, v := range z {
		squares[k] = v * v
	}
	floats.Argsort(squares, order)
	return order
}

// A lazy ladder trains networks of one trained layer at several widths.
type lazy struct {
	Widths []int `json:"widths"`
	Draws  []int `json:"draws"`          // networks of each width
	Mean   bool  `json:"mean,omitempty"` // output weights over sqrt m (controls)
}

// linearisation is how far training is from the linear model of the start, to which the arXiv abstract says it is equivalent.
//
// Setting: L = 1, one input of unit norm with a label at distance 1 from the output, and one step of gradient descent of size 1/G, which the linear model
// fits the label with.
//
// Hypotheses: m large; here from 64 to 2048.
//
// Conclusion: E[f(W) - f(W(0)) - J (W - W(0))] has size (sqrt 2/pi) m^{-1/2} (1 + o(1)). Theorem 5 gives a change of the gradient of order omega^{1/3} with omega of
// order m^{-1/2}, hence m^{-1/6}, which only an adversary attains (gradient-closeness).
//
// Constants: derived. A step moves the preactivation of an open gate by -2 B_k e/m. Of the m/4 open gates that it moves down, those within that distance of their
// kink close, and each leaves B_k |z'_k|: (m/4) E[|B| (2|B|/m)^2/2] (m/pi)^{1/2} = (sqrt 2/pi) m^{-1/2}. The resolution of 0.12 is ours.
//
// Convention: as the source, d = 1. Only the part of W_1 along h_0 moves, which is what is trained here.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 5 of the arXiv version, for the quantity; derived here.
//
// Control: output weights over sqrt m, with which training is not lazy.
//
// Loose: some sqrt m/4 gates close, so that their sum is noisy.
func linearisation() checks.Claim[lazy] {
	at := lazy{Widths: []int{64, 512, 2048}, Draws: []int{60, 24, 8}} // the wider, the less noise
	feature := at
	feature.Mean = true
	return checks.Claim[lazy]{
		ID: "allenzhu2019/linearisation", Title: "distance from the linear model", Reference: "Theorem 5 (arXiv); derived here",
		Formula: `\mathbb{E}|f(W) - f(W^{(0)}) - J(W - W^{(0)})| \sim \frac{\sqrt2}{\pi}\, m^{-1/2}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Along: "width $m$", Version: 1, Detects: map[string]float64{"": 0.26},
		Grid: []lazy{at},
		Cost: func(p lazy) checks.Cost {
			sum := 0
			for k, m := range p.Widths {
				sum += m * p.Draws[k]
			}
			return checks.Cost{Trial: float64(sum) * 120}
		},
		Setup: func(p lazy) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Exponent: -0.5, Relation: checks.Equal, Resolution: 0.12, Trials: 40},
				Trial: p.trial,
			}, nil
		},
		Controls: []checks.Control[lazy]{{Name: "mean-field", Why: "output weights over sqrt m: the gates that flip do not get fewer", At: []lazy{feature}}},
	}
}

func (p lazy) trial(r *rand.Rand) checks.Measurement {
	var m checks.Measurement
	var sizes, got, want []float64
	for k, width := range p.Widths {
		v, err := mean(p.Draws[k], r, func(r *rand.Rand) (float64, error) { return p.distance(width, r) })
		if err != nil {
			return checks.Failed(err)
		}
		m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: math.Max(v, 1e-6)})
		sizes, got, want = append(sizes, float64(width)), append(got, v), append(want, math.Sqrt2/math.Pi/math.Sqrt(float64(width)))
	}
	axes := curve.Axes{X: "width", Y: "distance from the linear model", LogX: true, LogY: true}
	m.Series = []checks.Series{axes.Measured("network", sizes, got), axes.Bound("limit", sizes, want)}
	return m
}

// distance trains one network for a step; W_1 has one coordinate that matters, that along h_0.
func (p lazy) distance(width int, r *rand.Rand) (float64, error) {
	walk := deep.NewForward(unitVector(1), width, 2/float64(width))
	walk.Next(r)
	w := nets.Gaussian(width, 1, r)
	w.Scale(math.Sqrt(2/float64(width)), w)
	net := &nets.Network{W: w, A: make([]float64, width), Act: nets.ReLU(), Scale: 1}
	if p.Mean {
		net.Scale = 1 / math.Sqrt(float64(width))
	}
	for k := range net.A {
		net.A[k] = r.NormFloat64()
	}
	batch := nets.NewBatch(mat.NewDense(1, 1, []float64{math.Sqrt(walk.Gram().At(0, 0))}), width)
	batch.Forward(net)
	g := mat.NewSymDense(1, nil)
	batch.Gram(g, net, nets.FirstLayer)
	first := batch.U[0]
	// From the residual 1, the linear model moves by -1.
	batch.Update(net, 1/g.At(0, 0), []float64{1}, nets.FirstLayer)
	return batch.U[0] - first + 1, nil
}
