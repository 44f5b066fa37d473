package bowman2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/joint"
)

// A doubled network on random unit inputs, its output weights scaled.
type doubled struct {
	N     int     `json:"n"`
	D     int     `json:"d"`
	Width int     `json:"m"`
	Act   string  `json:"act"`
	Scale float64 `json:"scale"` // of the output weights
}

// zeroStart is what doubling the neurons does.
//
// Setting: m even; neurons r and r + m/2 have equal weights and biases and opposite output weights, b_0 = 0; unit inputs.
//
// Hypotheses: none.
//
// Conclusion: f(x) = 0 for every x, and the tangent kernel K_0 is that of the first m/2 neurons as a network of width m/2, entry by entry.
//
// Constants: exact: outputs are odd in a and the kernel is even in it. Tolerance: rounding, 4u of sum |a_r phi|/sqrt m for the output and
// 1e-13 of the largest entry for the kernel.
//
// Convention: f = (1/sqrt m) sum a_r phi(w_r.x + b_r) + b_0, all parameters trained; loss (1/(2n)) sum of squares; doubled start, f = 0
//
// Reference: the antisymmetric start, recalled; derived here.
//
// Control: output weights doubled without their sign, whose output is of order 1 and whose kernel is the same; all output weights of
// the copies off by 5e-14; the kernel of the half network in the scaling 1/m.
func zeroStart() checks.Claim[doubled] {
	at := []doubled{{3, 2, 8, "tanh", 1}, {4, 5, 100, "relu", 1}}
	spoil := func(sign, off, width float64) func(doubled) (checks.Instance, error) {
		return func(p doubled) (checks.Instance, error) { return zeroSetup(p, sign, off, width) }
	}
	return checks.Claim[doubled]{
		ID: "bowman2022/zero-start", Title: "doubled neurons start at zero", Reference: "recalled; derived here",
		Formula:    `f(x;\theta_0) = 0, \quad K_0^{(m)} = K_0^{(m/2)}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) doubled {
			return doubled{
				rapid.IntRange(1, 5).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "d"), 2 * rapid.IntRange(1, 60).Draw(t, "m/2"),
				rapid.SampledFrom([]string{"tanh", "softplus", "relu"}).Draw(t, "act"), rapid.SampledFrom([]float64{1e-6, 1, 1e8}).Draw(t, "scale"),
			}
		}),
		Grid:  []doubled{{1, 1, 2, "tanh", 1}, {3, 2, 8, "softplus", 1e8}, {4, 5, 200, "relu", 1}},
		Cost:  func(p doubled) checks.Cost { return checks.Cost{Trial: 1000 + float64(p.N*p.Width)*float64(60+6*p.D)} },
		Setup: spoil(-1, 0, 1),
		Controls: []checks.Control[doubled]{
			{Name: "equal-signs", Why: "a copy with its sign adds to the output", At: at, Setup: spoil(1, 0, 1)},
			{Name: "nearly-doubled", Why: "output weights of the copies off by a relative 5e-14, which the kernel does not show", At: at, Setup: spoil(-1, 5e-14, 1)},
			{Name: "half-the-scale", Why: "1.0001/(m/2) for the mean over the half network", At: at, Setup: spoil(-1, 0, 1.0001)},
		},
	}
}

func zeroSetup(p doubled, sign, off, scaling float64) (checks.Instance, error) {
	act, _, err := activation(p.Act)
	if err != nil {
		return checks.Instance{}, err
	}
	law := joint.Law{Width: p.Width, Dim: p.D, Act: act, Output: nets.GaussianOutput, Doubled: true}
	if err := law.Validate(); err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		net, x, half := law.Draw(r), nets.UnitRows(p.N, p.D, r), p.Width/2
		for k := range half {
			net.A[k] *= p.Scale
			net.A[k+half] = sign * net.A[k] * (1 + off)
		}
		at := net.At(x)
		first := &joint.Network{W: mat.DenseCopyOf(net.W.Slice(0, half, 0, p.D)), B: net.B[:half], A: net.A[:half], Act: act}
		whole, part := at.Kernel(at), first.At(x).Kernel(first.At(x))
		largest := mat.Max(part)
		var parts []checks.Measurement
		for i, f := range at.Output() {
			size := 0.0
			for k, a := range net.A {
				z := net.B[k]
				for j, v := range x.RawRowView(i) {
					z += net.W.At(k, j) * v
				}
				size += math.Abs(a * act.Value(z))
			}
			parts = append(parts, checks.Measurement{Part: "output", Observed: f, Relation: checks.Equal, Tolerance: 4 * unit * size / math.Sqrt(float64(p.Width))})
			for j := range p.N {
				parts = append(parts, checks.Measurement{Part: "kernel", Observed: whole.At(i, j), Predicted: scaling * part.At(i, j), Relation: checks.Equal, Tolerance: 1e-13 * largest})
			}
		}
		return checks.Each(parts...)
	}}, nil
}

// A pairing is two unit inputs on the circle with the neurons and the output law of a network that is not doubled.
type pairing struct {
	Cos    float64 `json:"cos"` // x.x'
	Width  int     `json:"m"`
	Signs  bool    `json:"signs"` // output weights +-1, else standard normal
	Repeat int     `json:"repeat"`
}

// startKernel is the distance of the tangent kernel from its limit at the start.
//
// Setting: a ReLU network of m independent neurons (2m when doubled, see zero-start), w, b standard normal, E a^2 = 1 and E a^4 = q: 1 for
// signs and 3 for normal output weights; unit inputs x, x' with u = x.x', v = (1+u)/2, t = arccos v.
//
// Hypotheses: none.
//
// Conclusion: E (K_0(x, x') - K^inf(x, x'))^2 = V(u)/m, with K^inf = kappa_1(v) + v kappa_0(v) + 1 and
// V = q (1+u)^2 kappa_0(v)/2 + 2 (1+u) kappa_1(v) + (2/pi)(3 sin t cos t + (pi-t)(1 + 2 cos^2 t)) - (kappa_1(v) + v kappa_0(v))^2; on the diagonal
// V(1) = 6 + 2q: K_0 is at distance sqrt(V/m) whatever the data.
//
// Constants: exact: K_0 - 1 is a mean of m independent variables, see bounds.JointTangent. A trial averages draws; its deviation is at most
// sqrt((M/m^3 + 2 V^2/m^2)/R) for R draws, with M = E Y^4 + 6 (E Y)^2 E Y^2 >= E (Y - E Y)^4 and moments of zz' at most those of z^2.
//
// Convention: no doubling; entries of K, not over n
//
// Reference: derived here; the paper's K_0 is near K^inf with high probability, recalled.
//
// Control: V/m at 1.3 and 0.75 of itself; the limit without biases; signs for normal output weights.
func startKernel() checks.Claim[pairing] {
	diagonal, apart := pairing{1, 80, true, 16}, pairing{0, 80, false, 16}
	spoil := func(factor, fourth float64, unbiased bool) func(pairing) (checks.Instance, error) {
		return func(p pairing) (checks.Instance, error) { return kernelSetup(p, factor, fourth, unbiased) }
	}
	return checks.Claim[pairing]{
		ID: "bowman2022/start-kernel", Title: "kernel of the start", Reference: "derived here",
		Formula:    `\mathbb E\left(K_0(x,x')-K^\infty(x,x')\right)^2 = V(x\cdot x')/m`,
		Convention: "no doubling; entries of K, not over n", Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []pairing{diagonal, apart},
		Cost: func(p pairing) checks.Cost {
			return checks.Cost{Trial: float64(p.Repeat) * (6000 + 60*float64(p.Width))}
		},
		Setup: spoil(1, 0, false),
		Controls: []checks.Control[pairing]{
			{Name: "larger", Why: "1.3 V", At: []pairing{diagonal, apart}, Setup: spoil(1.3, 0, false)},
			{Name: "smaller", Why: "0.75 V", At: []pairing{diagonal, apart}, Setup: spoil(0.75, 0, false)},
			{Name: "no-biases", Why: "(kappa_1(u) + u kappa_0(u)) + 1 is another kernel", At: []pairing{apart}, Setup: spoil(1, 0, true)},
			{Name: "fourth-moment", Why: "E a^4 = 2.3 for 1: V(1) = 6 + 2 q is 10.6 for 8", At: []pairing{diagonal}, Setup: spoil(1, 2.3, false)},
		},
	}
}

func kernelSetup(p pairing, factor, fourth float64, unbiased bool) (checks.Instance, error) {
	if !(math.Abs(p.Cos) <= 1) || p.Repeat < 1 {
		return checks.Instance{}, fmt.Errorf("cosine %v, %d draws in a trial: give a cosine in [-1, 1] and at least one draw", p.Cos, p.Repeat)
	}
	law := joint.Law{Width: p.Width, Dim: 2, Act: nets.ReLU(), Output: nets.Signs}
	q := 1.0
	if !p.Signs {
		law.Output, q = nets.GaussianOutput, 3
	}
	if err := law.Validate(); err != nil {
		return checks.Instance{}, err
	}
	if fourth == 0 {
		fourth = q
	}
	angle := math.Acos(p.Cos)
	x := circlePoints(2, func(i int) float64 { return float64(i) * angle })
	limit, err := limitGram(x)
	if err != nil {
		return checks.Instance{}, err
	}
	want := 2 * limit.At(0, 1)
	if unbiased {
		want = 2*gradients.At(p.Cos) + 2*features.At(p.Cos) + 1
	}
	m := float64(p.Width)
	_, claimed := bounds.JointTangent(p.Cos, fourth)
	spread := squareSpread(p.Cos, q, m) / math.Sqrt(float64(p.Repeat))
	return checks.Instance{
		Terms: checks.Terms{Deviation: checks.Float(spread), Resolution: 0.2},
		Facts: []checks.Fact{checks.NewFact("K^inf", want), checks.NewFact("V", claimed)},
		Trial: func(r *rand.Rand) checks.Measurement {
			sum := 0.0
			for range p.Repeat {
				at := law.Draw(r).At(x)
				sum += math.Pow(at.Kernel(at).At(0, 1)-want, 2)
			}
			return checks.Measurement{Observed: sum / float64(p.Repeat), Predicted: factor * claimed / m, Relation: checks.Equal}
		},
	}, nil
}

// squareSpread bounds the standard deviation of (K_0 - K^inf)^2 of m independent neurons at the cosine u, E a^4 = q being 1 for signs and 3 for normal weights.
func squareSpread(u, q, m float64) float64 {
	weights := []float64{1, 1, 3, 15, 105} // E a^{2k}
	if q == 1 {
		weights = []float64{1, 1, 1, 1, 1}
	}
	products := []float64{gates.At((1 + u) / 2), 1, 6, 60, 840} // E (zz')^k on both gates, for k >= 1 at most E z^{2k}/2
	mean, variance := bounds.JointTangent(u, q)
	fourth := 6 * mean * mean * (variance + mean*mean)
	for k, binomial := range []float64{1, 4, 6, 4, 1} {
		fourth += binomial * math.Pow(1+u, float64(k)) * weights[k] * products[4-k]
	}
	return math.Sqrt(fourth/m+2*variance*variance) / m
}

// A starting network is doubled, with a failure probability, on random points of the circle.
type starting struct {
	N     int     `json:"n"`
	Width int     `json:"m"`
	Delta float64 `json:"delta"`
}

// startTail bounds the whole Gram matrix of the hidden parameters at the start.
//
// Setting: a doubled ReLU network of even width m, a_r = +-1; K the tangent kernel of weights and biases, its limit v kappa_0(v),
// v = (1 + x.x')/2, on n unit inputs.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta every entry has |K_0 - K^inf| <= 2 sqrt(log(n(n+1)/delta)/m), and so ||G_0 - G^inf||_F, which is
// no less than the operator norm, has the same bound, G = K/n.
//
// Constants: derived, see bounds.PairsTail: Hoeffding's inequality for m/2 neurons and the n(n+1)/2 pairs. It grows with n by sqrt(log n) alone.
//
// Loose: Hoeffding's constant at one input is 1.5 of the binomial's quantile at delta = 0.1, and the trials resolve
// a share of 1.5 delta; the start's distance itself is start-kernel, sharply.
//
// Convention: entries of K, the Frobenius norm of G = K/n; doubled start
//
// Reference: derived here.
//
// Control: 0.45 of the bound; the limit without biases; eight times as many equal neurons.
func startTail() checks.Claim[starting] {
	at := []starting{{1, 400, 0.1}}
	spoil := func(factor float64, copies int, unbiased bool) func(starting) (checks.Instance, error) {
		return func(p starting) (checks.Instance, error) { return tailSetup(p, factor, copies, unbiased) }
	}
	return checks.Claim[starting]{
		ID: "bowman2022/start-tail", Title: "Gram matrix of the start, with high probability", Reference: "derived here",
		Formula:    `\max_{ij}|K_0-K^\infty|_{ij} \le 2\sqrt{\tfrac1m\log\tfrac{n(n+1)}{\delta}}`,
		Convention: "entries of K, the Frobenius norm of G = K/n; doubled start", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Detects: map[string]float64{"entries": 2, "Frobenius norm": 2},
		Space: rapid.Custom(func(t *rapid.T) starting {
			return starting{rapid.IntRange(1, 4).Draw(t, "n"), 2 * rapid.IntRange(1, 50).Draw(t, "m/2"), rapid.SampledFrom([]float64{0.1, 0.3, 0.9}).Draw(t, "delta")}
		}),
		Grid: []starting{{1, 400, 0.1}, {1, 2, 0.9}, {6, 100, 0.1}},
		Cost: func(p starting) checks.Cost {
			return checks.Cost{Setup: 1e4, Trial: 5000 + float64(p.N*p.Width)*float64(20+2*p.N)}
		},
		Setup: spoil(1, 1, false),
		Controls: []checks.Control[starting]{
			{Name: "smaller", Why: "0.45 of the bound is exceeded with probability 0.27", At: at, Setup: spoil(0.45, 1, false)},
			{Name: "equal-neurons", Why: "each neuron eight times more: the independent ones are m/16, not m/2", At: at, Setup: spoil(1, 8, false)},
			{Name: "no-biases", Why: "u kappa_0(u)/2 is another kernel", At: at, Setup: spoil(1, 1, true)},
		},
	}
}

func tailSetup(p starting, factor float64, copies int, unbiased bool) (checks.Instance, error) {
	if p.N < 1 || !(p.Delta > 0 && p.Delta < 1) {
		return checks.Instance{}, fmt.Errorf("n = %d, delta = %v: give at least one input and delta in (0, 1)", p.N, p.Delta)
	}
	law := joint.Law{Width: p.Width / copies, Dim: 2, Act: nets.ReLU(), Output: nets.Signs, Doubled: true} // copies have the kernel of one
	if err := law.Validate(); err != nil {
		return checks.Instance{}, err
	}
	bound := bounds.PairsTail(p.N, p.Width, p.Delta)
	return checks.Instance{
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Facts: []checks.Fact{checks.NewFact("bound", bound)},
		Trial: func(r *rand.Rand) checks.Measurement {
			x := nets.UnitRows(p.N, 2, r)
			on := lift(x)
			if unbiased {
				on = x
			}
			h, err := gradients.Gram(on)
			if err != nil {
				return checks.Failed(err)
			}
			at := law.Draw(r).At(x)
			var off mat.Dense
			off.Sub(at.HiddenKernel(at), h)
			entry := math.Max(mat.Max(&off), -mat.Min(&off))
			off.Scale(1/float64(p.N), &off)
			return checks.All(
				checks.Measurement{Part: "entries", Observed: entry, Predicted: factor * bound, Tolerance: 1e-12},
				checks.Measurement{Part: "Frobenius norm", Observed: mat.Norm(&off, 2), Predicted: factor * bound, Tolerance: 1e-12})
		},
	}, nil
}
