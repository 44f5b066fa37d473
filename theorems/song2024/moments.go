package song2024

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/integrate/quad"
	"pgregory.net/rapid"

	"convergo/bounds/shifted"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/subquadratic"
	"convergo/theorems/internal/images"
)

// wide is an activation at a width.
type wide struct {
	activation
	M int `json:"m"`
}

// shiftedMoments is what the gain c_b rests on.
//
// Setting: the activation at width m on a preactivation z ~ N(0, 2/m), that of a unit input; either kind, b in [0, 3].
//
// Hypotheses: none.
//
// Conclusion: m E sigma_b(z)^2 = 1 with c_b = 1/(2 (Q(b) + b pdf(b))); a sum of m independent sigma_b(z)^2 has variance
// (M_4/M_2^2 - 1)/m with M_2 = Q + b pdf and M_4 = 3 Q + (b^3 + 3 b) pdf, and its fourth central moment follows likewise. For the soft
// threshold M_2 = (1 + b^2) Q - b pdf and M_4 = (b^4 + 6 b^2 + 3) Q - (b^3 + 5 b) pdf.
//
// Constants: derived, by parts. The observation integrates the activation itself by Gauss-Legendre quadrature, in 200 nodes on
// 12 standard deviations above the threshold; the tolerance 1e-9 is what the cancelling soft moments leave at b = 3.
//
// Convention: N(0, 2/m) weights, threshold at sqrt(2/m) b.
//
// Reference: definition of the shifted ReLU (recalled); derived here.
//
// Control: the gain of a threshold a hundredth lower, and no gain at all.
func shiftedMoments() checks.Claim[wide] {
	setup := func(lower func(b float64) float64) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			act := p.at(p.M)
			act.Gain = math.Sqrt(p.Kind.Gain(lower(p.B)))
			return checks.Instance{Trial: func(*rand.Rand) checks.Measurement {
				size, sd := float64(p.M), math.Sqrt(2/float64(p.M))
				mean := func(of func(v float64) float64) float64 {
					return quad.Fixed(func(g float64) float64 { return of(act.Value(sd*g)) * shifted.Density(g) }, p.B, p.B+12, 200, quad.Legendre{}, 0)
				}
				power := func(k float64) float64 { return mean(func(v float64) float64 { return math.Pow(size*v*v, k) }) }
				second, third, fourth := power(2), power(3), power(4)
				mu2 := second - 1
				mu4 := fourth - 4*third + 6*second - 3
				exact := func(part string, observed, predicted float64) checks.Measurement {
					return checks.Measurement{Part: part, Observed: observed, Predicted: predicted, Relation: checks.Equal, Tolerance: 1e-9 * predicted}
				}
				return checks.All(
					exact("norm", power(1), 1),
					exact("variance", mu2/size, p.Kind.SquaredNormVariance(p.B, p.M)),
					exact("fourth moment", (mu4/size+3*(1-1/size)*mu2*mu2)/(size*size), p.Kind.SquaredNormKurtosis(p.B, p.M)),
				)
			}}, nil
		}
	}
	at := []wide{{activation{shifted.Hard, 1}, 100}, {activation{shifted.Soft, 1}, 100}}
	return checks.Claim[wide]{
		ID: "song2024/shifted-moments", Title: "moments of the shifted ReLU", Reference: "definition of the shifted ReLU (recalled); derived here",
		Formula: `m\,\mathbb{E}\,\sigma_b(z)^2 = 1,\quad c_b = \frac{1}{2\left(Q(b)+b\,\varphi(b)\right)}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) wide { return wide{drawActivation(t, 3), rapid.IntRange(1, 10000).Draw(t, "m")} }),
		Grid: []wide{
			{activation{shifted.Hard, 0}, 1}, {activation{shifted.Hard, 1.665}, 1024}, {activation{shifted.Hard, 3}, 4096},
			{activation{shifted.Soft, 0}, 7}, {activation{shifted.Soft, 1.665}, 1024}, {activation{shifted.Soft, 3}, 4096},
		},
		Cost:  func(wide) checks.Cost { return checks.Cost{Trial: 2e5} },
		Setup: setup(func(b float64) float64 { return b }),
		Controls: []checks.Control[wide]{
			{Name: "gain-of-lower-threshold", Why: "the gain changes with b", At: at, Setup: setup(func(b float64) float64 { return 0.99 * b })},
			{Name: "no-gain", Why: "without c_b the shift loses norm", At: at, Setup: setup(func(float64) float64 { return 0 })},
		},
	}
}

// layered is a first layer on one unit input.
type layered struct {
	activation
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Batch int       `json:"batch,omitempty"` // layers a trial, 0 is 1
	Gain  float64   `json:"gain,omitempty"`  // times c_b: a control; 0 is 1
}

func (p layered) batch() int { return max(p.Batch, 1) }

func (p layered) cost() checks.Cost {
	_, d := p.Data.Size()
	return checks.Cost{Trial: float64(p.batch()*p.M) * float64(12*d+4)}
}

// instance measures a function of ||h_1||^2, averaged over the batch, against its mean and deviation.
func (p layered) instance(of func(square float64) float64, mean, deviation float64) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	act := p.at(p.M)
	if p.Gain != 0 {
		act.Gain *= math.Sqrt(p.Gain)
	}
	return checks.Instance{
		Terms: checks.Terms{Deviation: checks.Float(deviation / math.Sqrt(float64(p.batch()))), Resolution: 0.07},
		Trial: func(r *rand.Rand) checks.Measurement {
			var sum float64
			for range p.batch() {
				net, err := subquadratic.New(p.M, set.D(), 1, act, -1, r)
				if err != nil {
					return checks.Failed(err)
				}
				norm := net.Forward(set.X.RawRowView(0)).Hidden[0].Norm()
				sum += of(norm * norm)
			}
			return checks.Measurement{Observed: sum / float64(p.batch()), Predicted: mean, Relation: checks.Equal}
		},
	}, nil
}

func sphere(d int) data.Spec { return data.Spec{Kind: data.Sphere, N: 1, D: d, Seed: 1} }

// normMean is that a layer of any width keeps the norm.
//
// Setting: one input of unit norm, a first layer of width m.
//
// Hypotheses: none.
//
// Conclusion: E||h_1||^2 = ||x||^2.
//
// Constants: derived, see shifted-moments. The standard deviation that the interval rests on is exact: Var ||h_1||^2 =
// (M_4/M_2^2 - 1)/m.
//
// Convention: N(0, 2/m) weights.
//
// Reference: shifted ReLU and initialisation (recalled); derived here.
//
// Control: c_b = 1, and a gain a tenth too large.
func normMean() checks.Claim[layered] {
	hard, soft := activation{shifted.Hard, 1.665}, activation{shifted.Soft, 1}
	return checks.Claim[layered]{
		ID: "song2024/norm-mean", Title: "the shifted ReLU keeps norms in mean", Reference: "initialisation (recalled); derived here",
		Formula: `\mathbb{E}\,\|h_1\|^2 = \|x\|^2`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []layered{
			{hard, sphere(2), 512, 16, 0}, {activation{shifted.Hard, 0}, sphere(2), 1, 1600, 0}, {soft, sphere(2), 256, 24, 0},
			{activation{shifted.Hard, 2.5}, sphere(1), 2048, 12, 0}, {activation{shifted.Hard, 0.5}, images.All(data.MNIST, 1, 49), 128, 12, 0},
		},
		Cost: layered.cost,
		Setup: func(p layered) (checks.Instance, error) {
			return p.instance(func(square float64) float64 { return square }, 1, math.Sqrt(p.Kind.SquaredNormVariance(p.B, p.M)))
		},
		Controls: []checks.Control[layered]{
			{Name: "no-gain", Why: "c_b = 1 leaves 1/c_b of the square", At: []layered{{hard, sphere(2), 512, 16, 1 / hard.Kind.Gain(hard.B)}, {soft, sphere(2), 256, 24, 1 / soft.Kind.Gain(soft.B)}}},
			{Name: "larger-gain", Why: "a gain of 1.1 c_b shows in the mean", At: []layered{{hard, sphere(2), 512, 16, 1.1}, {soft, sphere(2), 256, 24, 1.1}}},
		},
	}
}

// normVariance is how far a layer is off it.
//
// Setting: one input of unit norm, a first layer of width m.
//
// Hypotheses: none.
//
// Conclusion: E(||h_1||^2 - 1)^2 = (M_4/M_2^2 - 1)/m, so that ||h_1|| is off by (1/2) sqrt((M_4/M_2^2 - 1)/m) for large m.
//
// Constants: derived, see shifted-moments. The deviation of (||h_1||^2 - 1)^2 comes from moments up to the eighth.
//
// Convention: N(0, 2/m) weights.
//
// Reference: derived here.
//
// Control: the variances of b = 0, 5/m, and of 0.9 b.
func normVariance() checks.Claim[layered] {
	setup := func(shift float64) func(layered) (checks.Instance, error) {
		return func(p layered) (checks.Instance, error) {
			variance, fourth := p.Kind.SquaredNormVariance(shift*p.B, p.M), p.Kind.SquaredNormKurtosis(p.B, p.M)
			exact := p.Kind.SquaredNormVariance(p.B, p.M)
			return p.instance(func(square float64) float64 { return (square - 1) * (square - 1) }, variance, math.Sqrt(fourth-exact*exact))
		}
	}
	hard := layered{activation{shifted.Hard, 1.665}, sphere(2), 64, 80, 0}
	return checks.Claim[layered]{
		ID: "song2024/norm-variance", Title: "how far a layer is off the norm", Reference: "derived here",
		Formula: `\mathbb{E}\left(\|h_1\|^2-1\right)^2 = \frac{1}{m}\left(\frac{M_4}{M_2^2}-1\right)`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []layered{hard, {activation{shifted.Soft, 0.5}, sphere(2), 32, 120, 0}},
		Cost: layered.cost, Setup: setup(1),
		Controls: []checks.Control[layered]{
			{Name: "variance-of-relu", Why: "the shift makes the norm vary more: 5/m at b = 0", At: []layered{hard}, Setup: setup(0)},
			{Name: "smaller-shift", Why: "at 0.9 b the variance is smaller", At: []layered{hard}, Setup: setup(0.9)},
		},
	}
}
