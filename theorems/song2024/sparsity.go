package song2024

import (
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"convergo/bounds/shifted"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/subquadratic"
	"convergo/theorems/internal/images"
)

// crowd is a first layer on a data set. Narrow, a factor on the threshold, is sabotage.
type crowd struct {
	Data   data.Spec `json:"data"`
	B      float64   `json:"b"`
	M      int       `json:"m"`
	Delta  float64   `json:"delta"`
	Narrow float64   `json:"narrow,omitempty"` // 0 is 1
}

func orthonormal(n int) data.Spec { return data.Spec{Kind: data.Basis, N: n, D: n} }

func crowdCost(spec data.Spec, m int) float64 {
	n, d := spec.Size()
	return float64(m) * (float64(12*d) + 3*float64(n*(d+2)))
}

// activeCount is the sparsity of one layer at the start.
//
// Setting: n inputs of unit norm, a first layer of width m with threshold sqrt(2/m) b; k_i the number of active neurons on
// input i. Deeper layers of unit input norm have the same law given the layers before.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta, lo <= k_i <= hi for all i, where lo and hi solve m KL(k/m || Q(b)) =
// ln(2 n/delta) on either side of m Q(b).
//
// Constants: derived: k_i is Binomial(m, Q(b)), since the m preactivations of one input are independent; Chernoff's bound on
// both sides, and a union over n. As recalled, the paper has O(m^{4/5}) active neurons at b = sqrt(0.4 ln m) with probability
// 1 - n exp(-Omega(m^{4/5})): 2 m^{4/5} is ten times the mean m Q(b) (facts of each instance), and the chance
// exp(-m^{4/5}/3) that Chernoff's bound gives it is below 1e-36 at m = 1024: true, and no run could fail it. What is claimed here is sharp.
//
// Convention: N(0, 2/m) weights.
//
// Reference: sparsity at initialisation (order recalled); derived here.
//
// Control: a threshold a twentieth lower, one a twentieth higher, and bounds at the mean.
func activeCount() checks.Claim[crowd] {
	setup := func(boundDelta func(float64) float64) func(crowd) (checks.Instance, error) {
		return func(p crowd) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			act := activation{shifted.Hard, p.B}.at(p.M)
			if p.Narrow != 0 {
				act.Shift *= p.Narrow
			}
			lo, hi := shifted.CountBounds(shifted.Tail(p.B), p.M, boundDelta(p.Delta)/(2*float64(set.N())))
			power := math.Pow(float64(p.M), 0.8)
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("m Q(b)", float64(p.M)*shifted.Tail(p.B)), checks.NewFact("2 m^{4/5}", 2*power), checks.NewFact("ln of the failure allowed there", math.Log(float64(set.N()))-power/3)},
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					net, err := subquadratic.New(p.M, set.D(), 1, act, -1, r)
					if err != nil {
						return checks.Failed(err)
					}
					fewest, most := p.M, 0
					for i := range set.N() {
						k := len(net.Forward(set.X.RawRowView(i)).Hidden[0].Index)
						fewest, most = min(fewest, k), max(most, k)
					}
					return checks.All(
						checks.Measurement{Part: "most", Observed: float64(most), Predicted: hi},
						checks.Measurement{Part: "fewest", Observed: float64(fewest), Predicted: lo, Relation: checks.AtLeast},
					)
				},
			}, nil
		}
	}
	wideB := shifted.Threshold(0.4, 8192)
	near := crowd{orthonormal(2), wideB, 8192, 0.2, 0}
	lower, higher := near, near
	lower.Narrow, higher.Narrow = 0.95, 1.05
	return checks.Claim[crowd]{
		ID: "song2024/active-count", Title: "active neurons at the start", Reference: "sparsity at initialisation (order recalled); derived here",
		Formula: `m\,\mathrm{KL}\!\left(\tfrac{k_i}{m}\,\middle\|\,Q(b)\right) \le \ln\tfrac{2n}{\delta}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) crowd {
			n := rapid.IntRange(1, 4).Draw(t, "n")
			return crowd{orthonormal(n), rapid.Float64Range(0, 2.5).Draw(t, "b"), rapid.IntRange(1, 400).Draw(t, "m"), rapid.SampledFrom([]float64{0.9, 0.5, 0.2}).Draw(t, "delta"), 0}
		}),
		Grid: []crowd{
			{orthonormal(1), 0, 1000, 0.3, 0}, {orthonormal(8), shifted.Threshold(0.4, 1024), 1024, 0.2, 0}, near,
			{orthonormal(2), 0, 8192, 0.2, 0}, // half of the neurons: the bounds are nearest to the mean
			{images.All(data.MNIST, 8, 49), shifted.Threshold(0.4, 1024), 1024, 0.2, 0},
		},
		Cost: func(p crowd) checks.Cost { return checks.Cost{Trial: crowdCost(p.Data, p.M)} }, Setup: setup(func(d float64) float64 { return d }),
		Controls: []checks.Control[crowd]{
			{Name: "lower-threshold", Why: "0.95 b leaves 1.2 times as many active", At: []crowd{lower}},
			{Name: "higher-threshold", Why: "1.05 b leaves 0.8 times as many", At: []crowd{higher}},
			{Name: "no-allowance", Why: "bounds for delta = 1.98 stand at the mean, where each side fails every other time", At: []crowd{{orthonormal(1), 0, 1000, 0.3, 0}}, Setup: setup(func(float64) float64 { return 1.98 })},
		},
	}
}

// order is a ladder of widths at b = sqrt(c ln m); Bent is the c of the network where it is another.
type order struct {
	C    float64 `json:"c"`
	Bent float64 `json:"bent,omitempty"`
	N    int     `json:"n"`
	Low  int     `json:"low"` // the first width; each of the rungs has twice the width of the last
	Up   int     `json:"rungs"`
}

func (p order) shift(m int) float64 {
	if p.Bent != 0 {
		return shifted.Threshold(p.Bent, m)
	}
	return shifted.Threshold(p.C, m)
}

func (p order) widths() []int {
	var ms []int
	for i := range p.Up {
		ms = append(ms, p.Low<<i)
	}
	return ms
}

// activeOrder is the order of sparsity in the width.
//
// Setting: n orthonormal inputs, a first layer with b = sqrt(c ln m), widths in a geometric ladder; the observation is the mean
// number of active neurons.
//
// Hypotheses: m Q(b) >= 12 at the first width, so that a layer without active neurons does not occur in practice.
//
// Conclusion: the number of active neurons grows with exponent at most 1 - c/2: at most 4/5 for the c = 0.4 of the paper.
//
// Constants: derived: d ln Q(b)/d ln m = -(c/2) pdf(b)/(b Q(b)), and pdf(b) > b Q(b), so that the exponent is below 1 - c/2 at
// every width, and tends to it.
//
// Convention: N(0, 2/m) weights.
//
// Reference: sparsity at initialisation (exponent recalled); derived here.
//
// Control: b = sqrt(0.2 ln m), whose exponent is near 0.86, and b = 0, with 1.
func activeOrder() checks.Claim[order] {
	return checks.Claim[order]{
		ID: "song2024/active-order", Title: "exponent of the active neurons", Reference: "sparsity at initialisation (exponent recalled); derived here",
		Formula: `k = O\!\left(m^{1-c/2}\right),\quad b = \sqrt{c \ln m}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Along: "width $m$", Version: 1,
		Grid: []order{{0.4, 0, 8, 256, 7}, {0.2, 0, 16, 128, 7}},
		Cost: func(p order) checks.Cost {
			var sum float64
			for _, m := range p.widths() {
				sum += crowdCost(orthonormal(p.N), m)
			}
			return checks.Cost{Trial: sum}
		},
		Setup: func(p order) (checks.Instance, error) {
			set, err := orthonormal(p.N).Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("m Q(b)", float64(p.Low)*shifted.Tail(p.shift(p.Low)), checks.AtLeast, 12)},
				Terms:      checks.Terms{Exponent: checks.Float(1 - p.C/2), Relation: checks.AtMost, Resolution: 0.01},
				Trial: func(r *rand.Rand) checks.Measurement {
					var m checks.Measurement
					for _, width := range p.widths() {
						net, err := subquadratic.New(width, set.D(), 1, activation{shifted.Hard, p.shift(width)}.at(width), -1, r)
						if err != nil {
							return checks.Failed(err)
						}
						total := 0
						for i := range set.N() {
							total += len(net.Forward(set.X.RawRowView(i)).Hidden[0].Index)
						}
						m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: float64(total) / float64(p.N)})
					}
					return m
				},
			}, nil
		},
		Controls: []checks.Control[order]{
			{Name: "smaller-shift", Why: "with c = 0.2 in place of 0.4 the exponent is near 0.86", At: []order{{0.4, 0.2, 8, 256, 6}}},
			{Name: "no-shift", Why: "half of all neurons are active", At: []order{{0.4, 1e-9, 8, 256, 4}}},
		},
	}
}

// moved is a layer whose rows move by r sqrt(2/m), half of them straight at the threshold.
type moved struct {
	B     float64 `json:"b"`
	M     int     `json:"m"`
	D     int     `json:"d"`
	R     float64 `json:"r"`
	Delta float64 `json:"delta,omitempty"`
	N     int     `json:"n,omitempty"`
}

// switchedReach is which neurons a movement of the weights can switch.
//
// Setting: a layer of width m with input h, |h| = 1, threshold tau = sqrt(2/m) b; weights w_i at the start and w'_i later.
//
// Hypotheses: |w'_i - w_i| <= R for every row; h is held. (If it moves too, |w'_i| |h' - h| is added to R.)
//
// Conclusion: every neuron that is active before and not after, or after and not before, had |<w_i,h> - tau| <= R.
//
// Constants: derived: |<w'_i - w_i,h>| <= R. Attained by w'_i = w_i +- R h, the movement of every other row here; the
// tolerance is rounding.
//
// Convention: R is r sqrt(2/m), r in standard deviations of a preactivation.
//
// Reference: sparsity while weights move (recalled); derived here.
//
// Control: nine tenths of the radius, and an input of norm 1.1.
func switchedReach() checks.Claim[moved] {
	setup := func(reach, norm float64) func(moved) (checks.Instance, error) {
		return func(p moved) (checks.Instance, error) {
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				h := unitVector(p.D, r)
				for k := range h {
					h[k] *= norm
				}
				sd := math.Sqrt(2 / float64(p.M))
				tau, radius := sd*p.B, sd*p.R
				farthest := 0.0
				w := make([]float64, p.D)
				for i := range p.M {
					var before, after float64
					for k := range w {
						w[k] = sd * r.NormFloat64()
						before += w[k] * h[k]
					}
					step := unitVector(p.D, r)
					if i%2 == 0 {
						for k := range step {
							step[k] = math.Copysign(h[k]/norm, h[k]*(tau-before))
						}
					}
					for k := range w {
						after += (w[k] + radius*step[k]) * h[k]
					}
					if (before > tau) != (after > tau) {
						farthest = math.Max(farthest, math.Abs(before-tau))
					}
				}
				return checks.Measurement{Observed: farthest, Predicted: reach * radius, Tolerance: 8 * unit * float64(p.D) * (tau + radius)}
			}}, nil
		}
	}
	dense := moved{B: 0, M: 4000, D: 3, R: 0.3}
	return checks.Claim[moved]{
		ID: "song2024/switched-reach", Title: "which neurons a movement switches", Reference: "sparsity while weights move (recalled); derived here",
		Formula: `\mathbf{1}\{\langle w'_i,h\rangle > \tau\} \ne \mathbf{1}\{\langle w_i,h\rangle > \tau\} \implies |\langle w_i,h\rangle-\tau| \le R`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) moved {
			return moved{B: rapid.Float64Range(0, 3).Draw(t, "b"), M: rapid.IntRange(1, 300).Draw(t, "m"), D: rapid.IntRange(1, 4).Draw(t, "d"), R: math.Pow(10, rapid.Float64Range(-3, 1).Draw(t, "log10 r"))}
		}),
		Grid:  []moved{{B: 1.665, M: 1024, D: 2, R: 0.1}, dense, {B: 1, M: 2000, D: 1, R: 3}},
		Cost:  func(p moved) checks.Cost { return checks.Cost{Trial: float64(p.M*p.D) * 30} },
		Setup: setup(1, 1),
		Controls: []checks.Control[moved]{
			{Name: "smaller-radius", Why: "a row that moves straight at the threshold crosses it from R away", At: []moved{dense}, Setup: setup(0.9, 1)},
			{Name: "longer-input", Why: "an input of norm 1.1 sees every movement enlarged", At: []moved{dense}, Setup: setup(1, 1.1)},
		},
	}
}

// switchedCount is how many those are.
//
// Setting: n orthonormal inputs h_i held, a layer of width m at the start, and for each input the worst movement of its rows by at
// most R = r sqrt(2/m), every row straight at the threshold; k_i the number of neurons that it switches.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta, k_i <= hi for all i, hi above m p the solution of m KL(k/m || p) = ln(n/delta),
// with p = 2 r pdf(max(b - r, 0)), at most R sqrt(m/pi), in place of P(|g - b| <= r).
//
// Constants: derived: by switched-reach each neuron is switched with probability P(|g - b| <= r), at most 2 r times the largest density
// there; Chernoff's bound and a union over n. At most m R sqrt(m/pi) + sqrt(m ln(n/delta)/2) follows by Pinsker. For one input the union
// is empty: with n inputs, delta is shared out.
//
// Convention: r in standard deviations of a preactivation.
//
// Reference: sparsity while weights move (recalled); derived here.
//
// Control: 0.85 of the density, and half of the radius.
func switchedCount() checks.Claim[moved] {
	setup := func(share func(b, r float64) float64) func(moved) (checks.Instance, error) {
		return func(p moved) (checks.Instance, error) {
			chance := math.Min(1, share(p.B, p.R))
			_, hi := shifted.CountBounds(chance, p.M, p.Delta/float64(p.N))
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("share over bound", shifted.Strip(p.B, p.R)/shifted.StripBound(p.B, p.R))},
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					net, err := subquadratic.New(p.M, p.N, 1, activation{shifted.Hard, p.B}.at(p.M), -1, r)
					if err != nil {
						return checks.Failed(err)
					}
					radius, most := p.R*math.Sqrt(2/float64(p.M)), 0
					for i := range p.N { // orthonormal inputs see one column each
						count := 0
						for k := range p.M {
							z := net.First.At(k, i)
							if net.Act.Active(z) != net.Act.Active(z+math.Copysign(radius, net.Act.Shift-z)) {
								count++
							}
						}
						most = max(most, count)
					}
					return checks.Measurement{Observed: float64(most), Predicted: hi}
				},
			}, nil
		}
	}
	near := moved{B: 0, M: 15000, R: 0.1, Delta: 0.2, N: 1}
	return checks.Claim[moved]{
		ID: "song2024/switched-count", Title: "how many neurons a movement switches", Reference: "sparsity while weights move (recalled); derived here",
		Formula: `k \le m p + O\!\left(\sqrt{m p \ln(n/\delta)}\right),\quad p = 2 r \varphi\!\left((b-r)_+\right) \le R\sqrt{m/\pi}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) moved {
			return moved{B: rapid.Float64Range(0, 3).Draw(t, "b"), M: rapid.IntRange(100, 400).Draw(t, "m"), N: rapid.IntRange(1, 4).Draw(t, "n"), Delta: rapid.SampledFrom([]float64{0.9, 0.5, 0.2}).Draw(t, "delta"), R: math.Pow(10, rapid.Float64Range(-3, -0.5).Draw(t, "log10 r"))}
		}),
		Grid:  []moved{near, {B: 1.665, M: 10000, R: 0.05, Delta: 0.2, N: 2}, {B: 0, M: 4000, R: 0.3, Delta: 0.05, N: 4}},
		Cost:  func(p moved) checks.Cost { return checks.Cost{Trial: float64(p.M*p.N) * 20} },
		Setup: setup(shifted.StripBound),
		Controls: []checks.Control[moved]{
			{Name: "smaller-density", Why: "near the threshold the density is nearly constant", At: []moved{near}, Setup: setup(func(b, r float64) float64 { return 0.85 * shifted.StripBound(b, r) })},
			{Name: "half-radius", Why: "half as many are within half the radius", At: []moved{near}, Setup: setup(func(b, r float64) float64 { return shifted.StripBound(b, r/2) })},
		},
	}
}
