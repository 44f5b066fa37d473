package cao2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
)

// pair is two inputs at an angle, and a two-layer network.
type pair struct {
	Angle float64 `json:"angle"`
	M     int     `json:"m"`
	Nets  int     `json:"nets"` // averaged in a trial
}

// gradientGram is Lemma 3.8 for two layers at every width.
//
// Setting: L = 2; two unit inputs at an angle t, r = cos t; the initialisation.
//
// Hypotheses: none.
//
// Conclusion: E m^{-1} <grad f(x), grad f(x')> = Theta^(2)(x, x') = r (pi - t)/(2 pi) + (sin t + (pi - t) r)/pi at every width, not in the limit only.
//
// Constants: exact, derived: the entry is an average of m independent terms. Its standard deviation is known
// (bounds.TwoLayerTangentVariance), so that the mean is judged whatever its law, to 3 %. Theta^(L) = (Th^(L) + Sigma^(L))/2 is the paper's
// definition; the closed form agrees with its Remark 3.11.
//
// Convention: the Gram matrix is divided by m; hidden variance 2/m, last 1/m, so that the last layer counts twice.
//
// Reference: Cao, Gu (2019), Lemma 3.8 and Remark 3.11; at finite width derived here.
//
// Control: 1.06 times Theta, and the first layer counted as much as the last, as with variance 2/m in the last layer.
func gradientGram() checks.Checkable {
	setup := func(theta func(r float64) float64) func(pair) (checks.Instance, error) {
		return func(p pair) (checks.Instance, error) {
			sin, cos := math.Sincos(p.Angle)
			x := mat.NewDense(2, 2, []float64{1, 0, cos, sin})
			want := theta(cos)
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.03, Deviation: checks.Float(math.Sqrt(bounds.TwoLayerTangentVariance(p.Angle, p.M) / float64(p.Nets)))},
				Trial: func(r *rand.Rand) checks.Measurement {
					mean := 0.0
					for range p.Nets {
						k, err := tangent(x, 2, p.M, r)
						if err != nil {
							return checks.Failed(err)
						}
						mean += k.At(0, 1) / float64(p.Nets)
					}
					return checks.Measurement{Observed: mean, Predicted: want, Relation: checks.Equal, Tolerance: 1e-12}
				},
			}, nil
		}
	}
	at := []pair{{Angle: 0.5, M: 2000, Nets: 1}}
	return checks.Claim[pair]{
		ID: "cao2019/gradient-gram", Title: "the Gram matrix of the gradients is Theta in mean", Reference: "Lemma 3.8, two layers",
		Formula:    `\mathbb E\, m^{-1}\langle\nabla f(x),\nabla f(x')\rangle = \frac{r(\pi-t)}{2\pi} + \frac{\sin t + (\pi-t)\,r}{\pi}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []pair{{Angle: 0.01, M: 1000, Nets: 1}, at[0], {Angle: math.Pi / 2, M: 2000, Nets: 1}, {Angle: 1.2, M: 5, Nets: 400}},
		Cost: func(p pair) checks.Cost {
			return checks.Cost{Trial: float64(p.Nets) * netCost(2, 2, 2, p.M), Size: fmt.Sprintf("m=%d", p.M)}
		},
		Setup: setup(bounds.HalfLastTheta(2).At),
		Controls: []checks.Control[pair]{
			{Name: "six-per-cent", Why: "the mean is known to three per cent", At: at, Setup: setup(func(r float64) float64 { return 1.06 * bounds.HalfLastTheta(2).At(r) })},
			{Name: "equal-layers", Why: "Th counts the first layer twice", At: at, Setup: setup(kernel.NTK(1).At)},
		},
	}
}

// tangent draws a network and returns J J^T/m.
func tangent(x *mat.Dense, layers, m int, r *rand.Rand) (*mat.SymDense, error) {
	_, d := x.Dims()
	net, err := deep.New(network(d, layers, m), r)
	if err != nil {
		return nil, err
	}
	k, err := net.Gram(x)
	if err != nil {
		return nil, err
	}
	k.ScaleSym(1/float64(m), k)
	return k, nil
}

// widening is a ladder of widths at fixed data.
type widening struct {
	Data data.Spec `json:"data"`
	L    int       `json:"l"`
	M    []int     `json:"m"`
	Nets []int     `json:"nets"` // averaged at each width
	Fine float64   `json:"fine"` // resolution of the slope
}

func (p widening) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	c := checks.Cost{Size: fmt.Sprintf("m=%d", p.M[len(p.M)-1])}
	for i, m := range p.M {
		c.Trial += float64(p.Nets[i]) * netCost(n, d, p.L, m)
	}
	return c
}

// gradientGramRate is the rate at which Lemma 3.8 converges.
//
// Setting: n fixed unit inputs, a network with L layers at the initialisation, of widths that grow geometrically.
//
// Hypotheses: d and L are fixed while m grows, from m = 8 for L = 2 and 16 for L = 3.
//
// Conclusion: the root mean square over the entries of m^{-1} J J^T - Theta^(L), over a number of networks, falls like m^{-1/2}: log-log slope -1/2, to
// within 0.05 for L = 2, where it is exact in mean at every width (0.15 for inputs so much alike that the entries move together), and 0.25 for L = 3, where the
// entries have a bias of order 1/m.
//
// Constants: the exponent is derived; Lemma 3.8 states convergence in probability, without a rate.
//
// Convention: as in gradient-gram.
//
// Reference: rate derived here, after Cao, Gu (2019), Lemma 3.8.
//
// Control: the distance to 1.05 Theta, and to Th, which do not fall to zero.
func gradientGramRate() checks.Checkable {
	setup := func(limit func(layers int) (kernel.Kernel, float64)) func(widening) (checks.Instance, error) {
		return func(p widening) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			of, factor := limit(p.L)
			theta, err := of.Gram(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			theta.ScaleSym(factor, theta)
			return checks.Instance{
				Terms: checks.Terms{Exponent: -0.5, Relation: checks.Equal, Resolution: checks.Float(p.Fine), Trials: 16},
				Trial: func(r *rand.Rand) checks.Measurement { return p.trial(set.X, theta, r) },
			}, nil
		}
	}
	theta := func(factor float64) func(layers int) (kernel.Kernel, float64) {
		return func(layers int) (kernel.Kernel, float64) { return bounds.HalfLastTheta(layers), factor }
	}
	two := widening{Data: data.Spec{Kind: data.Sphere, N: 6, D: 8, Seed: 1}, L: 2, M: []int{8, 64, 512}, Nets: []int{240, 120, 60}, Fine: 0.05}
	three := widening{Data: two.Data, L: 3, M: []int{16, 48, 144}, Nets: []int{100, 40, 24}, Fine: 0.25}
	pictures := two
	pictures.Data = images.Easy(data.MNIST, 6, 49)
	pictures.Nets, pictures.Fine = []int{60, 30, 15}, 0.15
	few := two
	few.Nets = []int{10, 10, 10}
	wider := two
	wider.M, wider.Nets = []int{128, 1024, 8192}, []int{12, 6, 3}
	return checks.Claim[widening]{
		ID: "cao2019/gradient-gram-rate", Title: "the Gram matrix reaches Theta like m^(-1/2)", Reference: "rate derived here, after Lemma 3.8",
		Formula:    `\left\|m^{-1} J J^{\top} - \Theta^{(L)}\right\|_F \sim m^{-1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Along: "width $m$", Version: 1,
		Grid:  []widening{two, pictures, three},
		Cost:  widening.cost,
		Setup: setup(theta(1)),
		Controls: []checks.Control[widening]{
			{Name: "five-per-cent", Why: "a distance of five per cent stays", At: []widening{wider}, Setup: setup(theta(1.05))},
			{Name: "equal-layers", Why: "Th is another kernel", At: []widening{few}, Setup: setup(func(layers int) (kernel.Kernel, float64) { return kernel.NTK(layers - 1), 1 })},
		},
	}
}

func (p widening) trial(x *mat.Dense, theta *mat.SymDense, r *rand.Rand) checks.Measurement {
	var m checks.Measurement
	var widths, errors, root []float64
	n := theta.SymmetricDim()
	for at, width := range p.M {
		square := 0.0
		for range p.Nets[at] {
			k, err := tangent(x, p.L, width, r)
			if err != nil {
				return checks.Failed(err)
			}
			for i := range n {
				for j := i; j < n; j++ {
					square += math.Pow(k.At(i, j)-theta.At(i, j), 2)
				}
			}
		}
		e := math.Sqrt(square / float64(p.Nets[at]*n*(n+1)/2))
		m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: e})
		widths, errors = append(widths, float64(width)), append(errors, e)
		root = append(root, errors[0]*math.Sqrt(widths[0]/float64(width)))
	}
	axes := curve.Axes{X: "width m", Y: "rms distance to Theta", LogX: true, LogY: true}
	m.Series = []checks.Series{axes.Measured("networks", widths, errors), axes.Bound("slope -1/2", widths, root)}
	return m
}
